"""Figures of lecture 06: the commuting square, pools on grids and lines, what a step changes, discs."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.patches import ConnectionPatch, Rectangle
from scipy.ndimage import maximum_filter
from torch.nn import functional as F

from course_utils.plots import OKABE_ITO, Picture, new_figure, picture
from course_utils.symmetry import (
    POOLS,
    RING,
    commuting_square,
    disc,
    fractional_starts,
    ring_layer,
    ring_signal,
    row_changes,
    rows_of,
    turned_change,
)

_LOOK = {"max": ("blue", "o", "-"), "mean": ("vermillion", "s", "--"), "sub-sample": ("green", "^", ":")}


def _plain(axes: Axes, title: str) -> None:
    axes.set_title(title, fontsize=10)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)


def _arrow(start: Axes, end: Axes, words: str, down: bool) -> None:
    begin, finish = ((0.5, -0.06), (0.5, 1.34)) if down else ((1.01, 0.5), (-0.02, 0.5))
    line = ConnectionPatch(
        begin, finish, start.transAxes, end.transAxes, arrowstyle="-|>", lw=1.8, mutation_scale=16, color="black"
    )
    start.figure.add_artist(line)
    where, side = ((0.53, -0.3), "left") if down else ((1.07, 0.58), "center")
    start.text(*where, words, transform=start.transAxes, ha=side, fontsize=9)


def _stems(axes: Axes, values: np.ndarray, broken: np.ndarray | None = None) -> None:
    places = np.arange(len(values))
    wide = 180 / len(values)  # points; one collection of lines draws much faster than so many bars
    axes.vlines(places, 0, values, color=OKABE_ITO["sky"], lw=wide)
    if broken is not None and broken.any():
        axes.vlines(places[broken], 0, values[broken], color=OKABE_ITO["vermillion"], lw=wide)
        axes.plot(places[broken], values[broken], "x", color="black", ms=6, mew=1.5)
    axes.axhline(0, color="0.5", lw=0.6)
    axes.set(xlim=(-0.7, len(values) - 0.3), xticks=[], yticks=[])
    axes.spines[:].set_visible(False)


def draw_square(step: int, stride: int, kernel_size: int, border: str, kind: str = "convolution") -> Picture:
    """Draw both ways around the square of "move by `step`" and "apply a layer" on 32 places.

    Places of the last corner where the two ways differ are crossed. Raises ValueError as `ring_layer` does.
    """
    square = commuting_square(ring_layer(kind, kernel_size, stride, border), ring_signal(), step)
    broken = np.flatnonzero(square.broken())
    figure, (start, moved, output, corner) = new_figure(9.0, 4.6, 2, 2)
    figure.get_layout_engine().set(h_pad=0.12, w_pad=0.35, hspace=0.16)  # type: ignore[union-attr, call-arg]
    _stems(start, square.signal)
    _stems(moved, square.moved)
    _stems(output, square.output)
    _stems(corner, square.output_of_moved, square.broken())
    corner.step(
        np.arange(len(square.moved_output) + 1) - 0.5,
        np.append(square.moved_output, square.moved_output[-1]),
        where="post",
        color="black",
        lw=1.2,
    )
    for axes in (output, corner):
        axes.set_xticks(range(0, len(square.output), 4))
        axes.tick_params(labelsize=8)
    titles = "input", f"input, moved by {step}", f"\noutput, {len(square.output)} places"
    for axes, title in zip((start, moved, output), titles, strict=True):
        axes.set_title(title, fontsize=10)
    verdict = (
        "the two ways agree" if not len(broken) else f"they differ at {len(broken)} of {len(square.output)} places"
    )
    corner.set_title(f"bars: layer after move; line: move after layer\n{verdict}", fontsize=10)
    layer = f"{kind}, {kernel_size} wide,\nstride {stride}"
    _arrow(start, moved, "move", down=False)
    _arrow(output, corner, f"move\nby {square.output_step}", down=False)
    _arrow(start, output, layer, down=True)
    _arrow(moved, corner, layer, down=True)
    places = f"they differ at places {', '.join(map(str, broken))}" if len(broken) else "they agree at every place"
    return picture(
        figure,
        f"A square of four corners, border {border}: a signal on {RING} places, the signal moved by {step}, what a "
        f"{kind} of width {kernel_size} and stride {stride} makes of each. Moving its output by {square.output_step} "
        f"is the other way to the last corner; {places}.",
    )


def _cells(axes: Axes, values: np.ndarray, title: str, block: int = 0) -> None:
    """Draw numbers in cells; lines of `block` cells are thick."""
    axes.imshow(values, cmap="cividis", vmin=0, vmax=max(8, values.max()))
    for (row, column), value in np.ndenumerate(values):
        colour = "white" if value < 4.5 else "black"
        axes.text(column, row, f"{value:g}", ha="center", va="center", color=colour, fontsize=11)
    for height in range(0, values.shape[0], block or 1):
        for column in range(0, values.shape[1], block or 1):
            size = block or 1
            axes.add_patch(
                Rectangle((column - 0.5, height - 0.5), size, size, fill=False, ec="white", lw=4 if block else 1)
            )
    _plain(axes, title)


def draw_pools(values: np.ndarray, kernel_size: int) -> Picture:
    """Draw a small (H, W) grid of numbers cut into windows, and its maximum, mean and sub-sample.

    The pools are torch's. Raises ValueError where the windows do not divide the grid.
    """
    if values.ndim != 2 or values.shape[0] % kernel_size or values.shape[1] % kernel_size:
        raise ValueError(f"windows of {kernel_size} do not divide a grid of shape {values.shape}")
    grid = torch.tensor(values, dtype=torch.float64)[None, None]
    results = {
        "max": F.max_pool2d(grid, kernel_size),
        "mean": F.avg_pool2d(grid, kernel_size),
        "sub-sample": grid[..., ::kernel_size, ::kernel_size],
    }
    figure, panels = new_figure(9.0, 2.9, 1, 4, width_ratios=[1.5, 1, 1, 1])
    _cells(panels[0], values, f"input, windows of {kernel_size}×{kernel_size}", kernel_size)
    said = []
    for axes, (name, result) in zip(panels[1:], results.items(), strict=True):
        _cells(axes, result[0, 0].numpy(), name)
        said.append(f"{name} {result[0, 0].tolist()}")
    return picture(
        figure,
        f"A grid with rows {values.tolist()} and what its {kernel_size} by {kernel_size} windows "
        f"become: {'; '.join(said)}.",
    )


def draw_spot(row: int, column: int, kernel_size: int) -> Picture:
    """Draw a 12×12 picture with one bright pixel, its pools, and whether they equal those of the pixel at (2, 2).

    Raises ValueError where the pixel leaves the picture or the windows do not divide 12.
    """
    if not (0 <= row < 12 and 0 <= column < 12):
        raise ValueError(f"row {row}, column {column} lies outside the picture; rows and columns go from 0 to 11")
    if kernel_size < 1 or 12 % kernel_size:
        raise ValueError(f"windows of {kernel_size} do not divide 12 pixels; take 1, 2, 3, 4, 6 or 12")
    pictures = np.zeros((2, 12, 12))
    pictures[0, 2, 2] = pictures[1, row, column] = 1
    both = torch.tensor(pictures)[:, None]
    pools = {
        "max": F.max_pool2d(both, kernel_size),
        "mean": F.avg_pool2d(both, kernel_size),
        "sub-sample": both[..., ::kernel_size, ::kernel_size],
    }
    figure, panels = new_figure(9.0, 2.7, 1, 4)
    panels[0].imshow(pictures[1], cmap="cividis", vmin=0, vmax=1)
    panels[0].plot(2, 2, "o", mfc="none", mec=OKABE_ITO["orange"], mew=2, ms=13)
    for line in np.arange(kernel_size, 12, kernel_size) - 0.5:
        panels[0].axhline(line, color="white", lw=0.8)
        panels[0].axvline(line, color="white", lw=0.8)
    _plain(panels[0], f"pixel at ({row}, {column}),\nring: at (2, 2) before")
    said = []
    for axes, (name, (before, after)) in zip(panels[1:], pools.items(), strict=True):
        same = "same as before" if torch.equal(before, after) else "different"
        axes.imshow(after[0], cmap="cividis", vmin=0, vmax=1)
        _plain(axes, f"{name}, largest {after.max():.3g}\n{same}")
        said.append(f"{name} {same}, largest value {after.max():.3g}")
    return picture(
        figure,
        f"One bright pixel of 12 by 12 stands at row {row}, column {column} in place of row 2, column 2. Pooled over "
        f"windows of {kernel_size} by {kernel_size}: {'; '.join(said)}.",
    )


def draw_changes(kind: str, step: int) -> Picture:
    """Draw, for windows of 2 to 8, how many pooled values stay equal after a step, and how far they move.

    `kind` is one of ROW_KINDS. Raises ValueError as `rows_of` and `row_changes` do.
    """
    rows, widths = rows_of(kind), np.arange(2, 9)
    found = [row_changes(rows, int(width), step) for width in widths]
    figure, (left, right) = new_figure(9.0, 3.3, 1, 2)
    fine = np.linspace(max(step, 1), 8.3, 100) if step < 8 else np.array([8.0])
    left.plot(fine, np.maximum(0, (fine - step) / (fine + step)), color="0.4", lw=1, label="(k − d)/(k + d)")
    said = []
    for name in POOLS:
        colour, marker, line = _LOOK[name]
        style: dict[str, Any] = {"color": OKABE_ITO[colour], "marker": marker, "ls": line, "label": name, "ms": 6}
        left.plot(widths, [change[name].unchanged for change in found], **style)
        right.plot(widths, [change[name].relative for change in found], **style)
        first = found[0][name]
        said.append(f"{name} {first.unchanged:.2f} equal, squared change {first.relative:.2f}")
    left.set(xlabel="window k", ylabel="share of outputs", ylim=(-0.03, 1.03), title="unchanged")
    right.set(xlabel="window k", ylabel="mean square / variance", ylim=(0, None), title="how far they move")
    left.legend(fontsize=9, frameon=False)
    figure.suptitle(f"{kind}, moved by {step}", fontsize=11)
    return picture(
        figure,
        f"Rows of {kind} moved by {step} and pooled over windows of 2 to 8. At k = 2: {'; '.join(said)}. At k = 8: "
        f"max {found[-1]['max'].unchanged:.2f} equal; squared changes "
        f"{', '.join(f'{name} {found[-1][name].relative:.2f}' for name in POOLS)}.",
    )


def draw_line_windows(windows: Mapping[str, tuple[np.ndarray, int]], n: int) -> Picture:
    """Draw n inputs in a row and, for each entry, its windows: where they begin, and how wide all of them are.

    Raises ValueError where a window leaves the row.
    """
    figure, [axes] = new_figure(9.0, 0.8 + 0.6 * len(windows))
    said = []
    for place in range(n):
        axes.add_patch(Rectangle((place - 0.45, -0.3), 0.9, 0.55, facecolor=OKABE_ITO["sky"], edgecolor="0.4"))
        axes.text(place, -0.025, str(place), ha="center", va="center", fontsize=8)
    for level, (name, (starts, width)) in enumerate(windows.items(), start=1):
        if starts.min() < 0 or starts.max() + width > n:
            raise ValueError(f"{name}: windows of {width} that begin at {starts.tolist()} leave the row of {n}")
        for number, start in enumerate(starts):
            height = -level + (0.38 if number % 2 else 0.1)  # neighbours on two heights: an overlap is seen
            colour = OKABE_ITO["vermillion"] if number % 2 else OKABE_ITO["blue"]
            axes.plot(
                [start - 0.4, start + width - 0.6], [height, height], "-", lw=5, color=colour, solid_capstyle="butt"
            )
        axes.text(n - 0.2, -level + 0.24, f"{name}: {len(starts)} windows", va="center", fontsize=9)
        said.append(f"{name}: {len(starts)} windows of {width}, {', '.join(map(str, np.diff(starts)))} apart")
    axes.set(xlim=(-0.7, 1.42 * n), ylim=(-len(windows) - 0.1, 0.35))
    axes.set_axis_off()
    return picture(figure, f"{n} inputs in a row and the windows of pools under them. {'; '.join(said)}.")


def draw_fractional(n: int, outputs: int, kernel_size: int, sample: float) -> Picture:
    """Draw the windows of a fractional pool; raises ValueError as `fractional_starts` does."""
    starts = fractional_starts(n, outputs, kernel_size, sample)
    return draw_line_windows({f"u = {sample:.2f}, {n} → {outputs}": (starts, kernel_size)}, n)


def draw_disc(radius: float) -> Picture:
    """Draw the cells of a disc, and what the maximum over a square and over the disc make of four bright pixels.

    Raises ValueError where `radius` is negative.
    """
    cells = disc(radius)
    square = np.ones_like(cells)
    dots = np.zeros((26, 26))
    for place in ((6, 6), (6, 16), (16, 10), (18, 20)):
        dots[place] = 1
    turned = {name: turned_change(window, [45])[0] for name, window in (("square", square), ("disc", cells))}
    figure, panels = new_figure(9.0, 2.9, 1, 3)
    panels[0].imshow(cells, cmap="cividis", vmin=0, vmax=1)
    for row, column in np.argwhere(cells):
        panels[0].plot(column, row, ".", color="black", ms=4)
    angle = np.linspace(0, 2 * np.pi, 200)
    middle = len(cells) // 2
    panels[0].plot(
        middle + radius * np.cos(angle), middle + radius * np.sin(angle), color=OKABE_ITO["vermillion"], lw=2
    )
    reach = max(middle + 0.6, radius + 0.1)
    panels[0].set(xlim=(middle - reach, middle + reach), ylim=(middle + reach, middle - reach))
    _plain(panels[0], f"radius {radius:g}:\n{cells.sum()} of {cells.size} cells")
    for axes, (name, window) in zip(panels[1:], (("square", square), ("disc", cells)), strict=True):
        axes.imshow(maximum_filter(dots, footprint=window), cmap="cividis", vmin=0, vmax=1)
        axes.plot(*np.argwhere(dots)[:, ::-1].T, "x", color=OKABE_ITO["vermillion"], mew=1.5, ms=5)
        _plain(axes, f"maximum over the {name},\nchange by a turn of 45°: {turned[name]:.3f}")
    return picture(
        figure,
        f"A disc of radius {radius:g} holds {cells.sum()} of {cells.size} cells. Four bright pixels grow to squares "
        f"under the square's maximum, to discs under the disc's. A turn of 45 degrees changes the square's maximum by "
        f"{turned['square']:.3f} of its variance, the disc's by {turned['disc']:.3f}.",
    )
