"""What the calls and sweeps of A3 are made of: small images, windows that fit into them, and refusals."""

import numpy as np
from hypothesis import strategies as st

from course_utils.grading.exercise import Call

TOO_LARGE = "the window is larger than the image"


def pair(value):
    """Return (value, value) for an int and a pair as it is, as the notebook's set-up cell does."""
    return value if isinstance(value, tuple) else (value, value)


def image(shape, seed=0):
    """Return float64 whole numbers around 0, all different and none 0, in a random order."""
    size = int(np.prod(shape))
    numbers = np.random.default_rng(seed).permutation(size) - size // 2
    return (numbers + (numbers >= 0)).reshape(shape).astype(float)


def tied(shape, seed=0):
    """Return float64 numbers from −1 to 1, so that the same value often stands in one window twice."""
    return np.random.default_rng(seed).integers(-1, 2, shape).astype(float)


SMALL, IMAGE = image((1, 2, 3, 4), 3), image((2, 3, 5, 7), 1)
ODD = image((2, 3, 6, 5), 2)
seeds = st.integers(0, 9999)
sides = st.integers(1, 3)
int_or_pair = st.one_of(sides, st.tuples(sides, sides))


@st.composite
def images(draw, height, width, make=image, channels=3):
    """Draw an image (N, C, H, W) with at least so many rows and columns, and up to three more."""
    n, c = draw(st.integers(1, 2)), draw(st.integers(1, channels))
    shape = (n, c, height + draw(st.integers(0, 3)), width + draw(st.integers(0, 3)))
    return make(shape, draw(seeds))


@st.composite
def pools(draw, make=image, strides=None):
    """Draw a call of a pool: an image, a window that fits, and, where they are given, a stride."""
    kernel_size = draw(int_or_pair)
    x = draw(images(*pair(kernel_size), make, channels=2))
    return Call((x, kernel_size) if strides is None else (x, kernel_size, draw(strides)))


def bad_windows(x):
    """Return calls of a pool with a kernel_size or a stride that no pool can have; `x` is 3 by 4."""
    high, wide = "has a height of {} and must be 1 or more", "has a width of {} and must be 1 or more"
    bad = [(0, "is 0 and must be 1 or more"), (-2, "is −2 and must be 1 or more")]
    bad += [pair for n in (0, -1) for pair in (((n, 2), high.format(n)), ((2, n), wide.format(n)))]
    calls = [Call((x, size, *stride), note=f"kernel_size {why}") for size, why in bad for stride in ((), (1,))]
    calls += [Call((x, 2, size), note=f"stride {why}") for size, why in bad]
    calls += [Call((x, (3, 4), size), note=f"stride {why}, even if there is one window only") for size, why in bad]
    return (*calls, *(Call((x, size), note=TOO_LARGE) for size in ((4, 2), (2, 5), 4, (4, 5))))
