"""Classic and random kernels: what they do to a constant, to a stripe pattern, to a step and to a photograph.

Every kernel here is applied as a convolutional layer applies it, without turning it (cross-correlation).
"""

import itertools
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.signal import correlate2d

from course_utils.data import photograph

# Blur, sharpen, edge and Sobel as they are often printed; Prewitt: "Object enhancement and extraction", 1970.
# The versions "/ 8" and "/ 4" are the same kernels with the DC gain brought to 1.
_CLASSIC: dict[str, list[list[float]]] = {
    "identity": [[0, 0, 0], [0, 1, 0], [0, 0, 0]],
    "blur": [[0, 1, 0], [1, 4, 1], [0, 1, 0]],
    "blur / 8": [[0, 1 / 8, 0], [1 / 8, 4 / 8, 1 / 8], [0, 1 / 8, 0]],
    "sharpen": [[0, -1, 0], [-1, 8, -1], [0, -1, 0]],
    "sharpen / 4": [[0, -1 / 4, 0], [-1 / 4, 8 / 4, -1 / 4], [0, -1 / 4, 0]],
    "edge": [[0, -1, 0], [-1, 4, -1], [0, -1, 0]],
    "Sobel": [[1, 0, -1], [2, 0, -2], [1, 0, -1]],
    "Prewitt": [[-1, 0, 1], [-1, 0, 1], [-1, 0, 1]],
}
KERNEL_NAMES = tuple(_CLASSIC)
LAWS = ("normal", "uniform", "laplace", "cauchy")

# The worked example of the page: a 3x3 image and a 2x2 kernel.
WORKED_IMAGE = ((0.0, 80.0, 40.0), (20.0, 40.0, 0.0), (0.0, 0.0, 40.0))
WORKED_KERNEL = ((0.0, 0.25), (0.5, 1.0))


def classic_kernel(name: str) -> np.ndarray:
    """Return a classic 3x3 kernel by its name in KERNEL_NAMES, float64; raise ValueError for another name."""
    if name not in _CLASSIC:
        raise ValueError(f"no kernel {name!r}; there are {', '.join(KERNEL_NAMES)}")
    return np.array(_CLASSIC[name], dtype=np.float64)


def _checked(kernel: np.ndarray) -> np.ndarray:
    kernel = np.asarray(kernel, dtype=np.float64)
    if kernel.ndim != 2 or not kernel.size:
        raise ValueError(f"a kernel has two axes and at least one weight, not shape {kernel.shape}")
    if not np.isfinite(kernel).all():
        raise ValueError("every weight of a kernel must be a finite number")
    return kernel


def dc_gain(kernel: np.ndarray) -> float:
    """Return what a (rows, columns) kernel makes of a constant picture of ones: the sum of its weights.

    Raises ValueError where `kernel` is not a matrix of finite numbers.
    """
    return float(_checked(kernel).sum())


def frequency_gain(kernel: np.ndarray, vertical: float, horizontal: float) -> float:
    """Return by how much a kernel multiplies the height of a wave: |sum over p, q of k[p, q] exp(-i(vp + hq))|.

    `vertical` and `horizontal` are in radians per pixel; pi is the finest stripe there is, black, white, black.
    Raises ValueError as `dc_gain` does.
    """
    kernel = _checked(kernel)
    rows, columns = np.indices(kernel.shape)
    return float(abs(np.sum(kernel * np.exp(-1j * (vertical * rows + horizontal * columns)))))


def gain_map(kernel: np.ndarray, points: int = 33) -> np.ndarray:
    """Return `frequency_gain` on a (points, points) grid from -pi to pi, the constant in the middle.

    Raises ValueError as `dc_gain` does, and where `points` is below 3.
    """
    kernel = _checked(kernel)
    if points < 3:
        raise ValueError(f"points is {points}; it must be 3 or more")
    angles = np.linspace(-np.pi, np.pi, points)
    down = np.exp(-1j * np.outer(angles, np.arange(kernel.shape[0])))
    across = np.exp(-1j * np.outer(np.arange(kernel.shape[1]), angles))
    return np.abs(down @ kernel @ across)


@cache
def _grey(name: str, height: int) -> np.ndarray:
    return photograph(name, height)


def photograph_response(name: str, kernel: np.ndarray, height: int = 160) -> np.ndarray:
    """Return what a layer with one kernel and no padding makes of a photograph of `data.photograph`, float64.

    Raises ValueError as `photograph` and `dc_gain` do, and where the kernel is larger than the photograph.
    """
    image, kernel = _grey(name, height), _checked(kernel)
    if any(k > n for k, n in zip(kernel.shape, image.shape, strict=True)):
        raise ValueError(f"a kernel of shape {kernel.shape} does not fit into a photograph of shape {image.shape}")
    return correlate2d(image, kernel, mode="valid")


def random_kernels(count: int, rows: int, columns: int, seed: int = 0, law: str = "normal") -> np.ndarray:
    """Return (count, rows, columns) weights drawn independently from one of LAWS, all symmetric about 0.

    Raises ValueError where a size is below 1, the seed is negative or the law is unknown.
    """
    for name, value, least in (("count", count, 1), ("rows", rows, 1), ("columns", columns, 1), ("seed", seed, 0)):
        if value < least:
            raise ValueError(f"{name} is {value}; it must be {least} or more")
    rng, shape = np.random.default_rng(seed), (count, rows, columns)
    if law == "normal":
        return rng.standard_normal(shape)
    if law == "uniform":
        return rng.uniform(-1.0, 1.0, shape)
    if law == "laplace":
        return rng.laplace(size=shape)
    if law == "cauchy":
        return rng.standard_cauchy(shape)
    raise ValueError(f"no law {law!r}; there are {', '.join(LAWS)}")


def step_profiles(kernels: np.ndarray) -> np.ndarray:
    """Return each kernel's response across a step from 0 (left) to 1 (right): (count, columns + 1).

    The first entry is the dark side (0), the last the bright side (the DC gain), those between are the
    places where the window straddles the step. Raises ValueError where `kernels` has not three axes.
    """
    kernels = np.asarray(kernels, dtype=np.float64)
    if kernels.ndim != 3:
        raise ValueError(f"kernels have axes (count, rows, columns), not shape {kernels.shape}")
    sums = np.cumsum(kernels.sum(axis=1)[:, ::-1], axis=1)
    return np.concatenate([np.zeros((len(kernels), 1)), sums], axis=1)


def overshoots(kernels: np.ndarray) -> np.ndarray:
    """Return for each kernel whether its response to a step leaves the range between the two flat sides (bool).

    Raises ValueError as `step_profiles` does.
    """
    profile = step_profiles(kernels)
    low, high = np.minimum(0.0, profile[:, -1]), np.maximum(0.0, profile[:, -1])
    return (profile.min(axis=1) < low) | (profile.max(axis=1) > high)


def overshoot_share_exact(sizes: list[float]) -> tuple[int, int]:
    """Return in how many of all orders and signs of the column sums `sizes` a step overshoots, and of how many.

    Counts all 2^k k! arrangements, so it raises ValueError for more than 7 sizes, and for a size that is not positive.
    """
    if not 1 <= len(sizes) <= 7 or min(sizes) <= 0:
        raise ValueError(f"give one to seven positive sizes, not {sizes}")
    orders = np.array(list(itertools.permutations(sizes)))
    signs = np.array(list(itertools.product((1, -1), repeat=len(sizes))))
    kernels = (orders[:, None] * signs[None]).reshape(-1, 1, len(sizes))
    return int(overshoots(kernels).sum()), len(kernels)


def edge_strength(image: np.ndarray, ruler: str = "spread") -> float:
    """Return the mean size of the difference between horizontal neighbours, in units of the picture's own contrast.

    `ruler` is that unit: "spread" (standard deviation) or "range" (brightest minus darkest pixel).
    Doubling the contrast changes neither. Raises ValueError for another ruler or a constant picture.
    """
    if ruler not in ("spread", "range"):
        raise ValueError(f"no ruler {ruler!r}; there are 'spread' and 'range'")
    unit = float(np.std(image) if ruler == "spread" else np.ptp(image))
    if unit == 0:
        raise ValueError("a constant picture has no contrast to measure its edges by")
    return float(np.abs(np.diff(image, axis=1)).mean()) / unit


@dataclass(frozen=True)
class WorkedWindow:
    """One window of the worked example: `weights` and `values` are 2x2, `row` and `column` its place in the output."""

    row: int
    column: int
    weights: np.ndarray
    values: np.ndarray

    def running_sums(self) -> list[float]:
        """Return the sum after one, two, three and four products, row by row."""
        return [float(value) for value in np.cumsum(self.weights * self.values)]


def worked_window(window: int, full: bool = False, turn: bool = True) -> WorkedWindow:
    """Return window 1, 2, ... (row by row) of the worked example.

    `full` lays a border of zeros around the image first: 16 windows in place of 4. `turn` rotates the kernel by
    180 degrees, as a convolution does. Raises ValueError where there is no such window.
    """
    image = np.pad(np.array(WORKED_IMAGE), 1) if full else np.array(WORKED_IMAGE)
    side = len(image) - 1
    if not 1 <= window <= side * side:
        raise ValueError(f"there is no window {window}: {side} x {side} windows fit, numbered 1 to {side * side}")
    row, column = divmod(window - 1, side)
    weights = np.array(WORKED_KERNEL)
    return WorkedWindow(
        row, column, weights[::-1, ::-1] if turn else weights, image[row : row + 2, column : column + 2]
    )


def gabor(
    angle: float, frequency: float = 0.2, phase: float = 0.0, width: float = 2.0, aspect: float = 0.6, side: int = 9
) -> np.ndarray:
    """Return a Gabor kernel (side, side), float64: a wave under a bell.

    `angle` and `phase` are in radians (angle 0 gives upright stripes), `frequency` in waves per pixel, `width` is the
    bell's standard deviation in pixels, `aspect` how much shorter it is along the stripes.
    Source: Daugman, Journal of the Optical Society of America A 2, 1985.
    Raises ValueError where a size is not positive.
    """
    if side < 1 or width <= 0 or aspect <= 0:
        raise ValueError(f"side is {side}, width {width} and aspect {aspect}; all must be positive")
    rows, columns = np.mgrid[:side, :side] - (side - 1) / 2
    across = columns * np.cos(angle) + rows * np.sin(angle)
    along = rows * np.cos(angle) - columns * np.sin(angle)
    bell = np.exp(-(across**2 + (aspect * along) ** 2) / (2 * width**2))
    return bell * np.cos(2 * np.pi * frequency * across + phase)


def bar(angle: float, shift: float = 0.0, side: int = 9) -> np.ndarray:
    """Return a bright bar (side, side), float64, turned by `angle` radians and moved sideways by `shift` pixels."""
    rows, columns = np.mgrid[:side, :side] - (side - 1) / 2
    return np.exp(-((columns * np.cos(angle) + rows * np.sin(angle) - shift) ** 2) / 2)
