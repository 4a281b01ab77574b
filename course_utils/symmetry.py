"""What a shift or a turn does to layers and pools: commuting squares, windows that step unevenly, discs.

Signals here have one dimension, or come as rows of which each is pooled by itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from scipy.ndimage import gaussian_filter1d
from torch import nn

from course_utils.data import photograph

POOLS = ("max", "mean", "sub-sample")
KINDS = ("convolution", "max pool", "mean pool")
BORDERS = ("circular", "zeros")
ROW_KINDS = ("noise", "blurred noise", "photograph")
RING = 32


def ring_signal() -> np.ndarray:
    """Return the signal that is moved around the ring: float64 (32,), smooth, without any symmetry."""
    noise = np.random.default_rng(6).standard_normal(RING)
    smooth = gaussian_filter1d(noise, 1.2, mode="wrap")
    return 1 + smooth / np.abs(smooth).max()


@cache
def _photograph() -> np.ndarray:
    rows = photograph("flower", 400)
    rows.flags.writeable = False  # one array serves every caller
    return rows


def rows_of(kind: str) -> np.ndarray:
    """Return 400 rows of numbers to pool, float64: ROW_KINDS has independent noise, blurred noise, a photograph.

    Raises ValueError for another kind.
    """
    if kind not in ROW_KINDS:
        raise ValueError(f"no rows of {kind!r}; there are {', '.join(ROW_KINDS)}")
    if kind == "photograph":
        return _photograph()
    noise = np.random.default_rng(0).random((400, 600))
    return noise if kind == "noise" else gaussian_filter1d(noise, 1.0, axis=1)


@dataclass(frozen=True)
class Square:
    """The four corners of a commuting square, and the fifth that should equal one of them.

    `signal` (n,) and `moved` (n,) are inputs, `output` (m,) belongs to the first and `output_of_moved` (m,) to the
    second. `moved_output` (m,) is `output` moved by `output_step` places around the ring.
    """

    signal: np.ndarray
    moved: np.ndarray
    output: np.ndarray
    output_of_moved: np.ndarray
    moved_output: np.ndarray
    output_step: int

    def broken(self, tolerance: float = 1e-9) -> np.ndarray:
        """Return at which places the two ways to the last corner differ: bool (m,)."""
        return np.abs(self.output_of_moved - self.moved_output) > tolerance


def _run(layer: nn.Module, signal: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        return layer(torch.tensor(signal)[None, None])[0, 0].numpy()


def commuting_square(layer: nn.Module, signal: np.ndarray, step: int) -> Square:
    """Return both ways around the square of "move by `step`" and "apply `layer`", places counted around a ring.

    `signal` is float64 (n,), `layer` maps (1, 1, n) to (1, 1, m). A layer with a stride has its output moved
    less than its input; of all moves of the output the one is taken after which the fewest places differ, among equals
    the one with the smallest difference. Raises ValueError where `signal` is no row of two numbers or more.
    """
    if signal.ndim != 1 or len(signal) < 2:
        raise ValueError(f"signal has shape {signal.shape}; it must be one row of two numbers or more")
    moved = np.roll(signal, step)
    output, after = _run(layer, signal), _run(layer, moved)
    tries = np.array([np.roll(output, places) for places in range(len(output))])
    gaps = np.abs(tries - after)
    best = int(np.lexsort((gaps.sum(axis=1).round(9), (gaps > 1e-9).sum(axis=1)))[0])
    return Square(signal, moved, output, after, tries[best], best)


def ring_layer(kind: str, kernel_size: int, stride: int, border: str) -> nn.Sequential:
    """Return a layer from (1, 1, n) to (1, 1, m) in float64, padded so that m is n at stride 1.

    `kind` is one of KINDS: a convolution with random weights that are always the same, or a pool. `border` is one
    of BORDERS: "circular" bends the signal to a ring, "zeros" puts zeros beyond its ends.
    Raises ValueError for other names, and where a size is below 1.
    """
    if kind not in KINDS or border not in BORDERS:
        raise ValueError(f"no layer {kind!r} with border {border!r}; there are {KINDS} and {BORDERS}")
    if kernel_size < 1 or stride < 1:
        raise ValueError(f"kernel_size is {kernel_size} and stride {stride}; both must be 1 or more")
    ends = ((kernel_size - 1) // 2, kernel_size // 2)
    padding = nn.CircularPad1d(ends) if border == "circular" else nn.ZeroPad1d(ends)
    if kind != "convolution":
        pool = nn.MaxPool1d if kind == "max pool" else nn.AvgPool1d
        return nn.Sequential(padding, pool(kernel_size, stride))
    layer = nn.Conv1d(1, 1, kernel_size, stride, bias=False).double()
    weights = np.random.default_rng(kernel_size).uniform(-0.5, 1, kernel_size)
    layer.weight.data[0, 0] = torch.tensor(weights / np.abs(weights).sum())
    return nn.Sequential(padding, layer)


@dataclass(frozen=True)
class Change:
    """How far a pooled row changed: the share of outputs that stayed equal, and the squared change per variance."""

    unchanged: float
    relative: float


def pooled_rows(rows: np.ndarray, kernel_size: int) -> dict[str, np.ndarray]:
    """Return each row cut into windows that do not overlap, and of each window one number, by the three POOLS.

    `rows` is (N, n) of real numbers, each result (N, n // kernel_size): the largest, the mean, the first of a window.
    Raises ValueError where no window fits.
    """
    if rows.ndim != 2 or not 1 <= kernel_size <= rows.shape[1]:
        raise ValueError(f"no window of {kernel_size} fits into rows of shape {rows.shape}")
    outputs = rows.shape[1] // kernel_size
    windows = rows[:, : outputs * kernel_size].reshape(len(rows), outputs, kernel_size)
    return {"max": windows.max(axis=2), "mean": windows.mean(axis=2), "sub-sample": windows[:, :, 0]}


def row_changes(rows: np.ndarray, kernel_size: int, step: int) -> dict[str, Change]:
    """Compare what the three POOLS make of rows (N, n) with what they make of the same rows, seen `step` places on.

    New numbers enter at the end, none wraps around. The squared change is a mean over the outputs, per
    variance of the outputs. Raises ValueError where no window fits, or where the outputs do not vary.
    """
    n = rows.shape[-1] - step
    if step < 0 or n < kernel_size:
        raise ValueError(f"a step of {step} leaves no window of {kernel_size} in rows of {rows.shape[-1]}")
    before, after = pooled_rows(rows[:, :n], kernel_size), pooled_rows(rows[:, step:], kernel_size)
    changes = {}
    for name in POOLS:
        a, b = before[name], after[name]
        if not a.var() > 0:
            raise ValueError("the pooled rows are constant: there is no variance to measure a change by")
        changes[name] = Change(float(np.mean(a == b)), float(np.mean((a - b) ** 2) / a.var()))
    return changes


def fractional_starts(n: int, outputs: int, kernel_size: int, sample: float) -> np.ndarray:
    """Return where the windows of a fractional pool begin: int64 (outputs,), from 0 to n - kernel_size.

    `sample` in 0…1 is the random number that decides which steps are long and which short.
    Source: B. Graham, "Fractional max-pooling", 2014; the rule is that of torch's FractionalMaxPool2d.
    Raises ValueError where the windows do not fit or `sample` is out of range.
    """
    if not 1 <= outputs <= n - kernel_size + 1 or kernel_size < 1:
        raise ValueError(f"{outputs} windows of {kernel_size} with different beginnings do not fit into {n} inputs")
    if not 0 <= sample < 1:
        raise ValueError(f"sample is {sample}; it must lie between 0 and 1, 1 excluded")
    starts = np.full(outputs, n - kernel_size)
    if outputs > 1:
        ratio = (n - kernel_size) / (outputs - 1)
        places = (np.arange(outputs - 1) + sample) * ratio
        starts[:-1] = np.floor(places) - np.floor(sample * ratio)
    return starts


def disc(radius: float) -> np.ndarray:
    """Return which cells of a square lie in a disc around its middle: bool, side 2⌊radius⌋ + 1.

    A cell at (i, j) from the middle belongs to it where i² + j² ≤ radius². Raises ValueError for a negative radius.
    """
    if radius < 0:
        raise ValueError(f"radius is {radius}; it must be 0 or more")
    reach = int(radius)
    rows, columns = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    return rows**2 + columns**2 <= radius**2


def turned_change(cells: np.ndarray, degrees: Sequence[float], wavelength: float = 7.0, seed: int = 0) -> list[float]:
    """Return how much the maximum over a window changes when the picture is turned about the window's middle.

    `cells` is a bool square of odd side. The pictures are 1,000 sums of 40 waves no shorter than `wavelength`
    pixels, known at every point, so that turning them needs no interpolation. The change is mean squared, per
    variance of the maximum, one number for each angle. Raises ValueError where `cells` is no odd square or empty.
    """
    if cells.ndim != 2 or cells.shape[0] != cells.shape[1] or len(cells) % 2 == 0 or not cells.any():
        raise ValueError(f"cells has shape {cells.shape}; it must be a square of odd side with at least one cell")
    rng = np.random.default_rng(seed)
    speed, heading = 2 * np.pi / wavelength * rng.random((1000, 40)), 2 * np.pi * rng.random((1000, 40))
    waves = np.stack([speed * np.cos(heading), speed * np.sin(heading)], axis=-1)
    phases = 2 * np.pi * rng.random((1000, 40, 1))
    places = np.argwhere(cells) - len(cells) // 2

    def top(angle: float) -> np.ndarray:
        c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
        return np.cos(waves @ (np.array([[c, -s], [s, c]]) @ places.T) + phases).sum(axis=1).max(axis=1)

    straight = top(0.0)
    return [float(np.mean((top(angle) - straight) ** 2) / straight.var()) for angle in degrees]
