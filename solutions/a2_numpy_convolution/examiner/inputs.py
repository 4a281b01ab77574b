"""What the sweeps of A2 draw: arrays of small whole numbers from one seed, and sizes that fit each other."""

import numpy as np
import torch
from hypothesis import strategies as st

from course_utils.grading.exercise import Call

seeds = st.integers(0, 9999)
small = st.integers(1, 3)


def pair(value):
    """Return (value, value) for an int and a pair as it is, as the notebook's set-up cell does."""
    return value if isinstance(value, tuple) else (value, value)


def numbers(seed, *shape):
    """Return an array of whole numbers from -9 to 9, as floats."""
    return np.random.default_rng(seed).integers(-9, 10, shape).astype(float)


def single(*arrays):
    """Return the arrays in float32; None stays None."""
    return tuple(None if each is None else each.astype(np.float32) for each in arrays)


def tensors(*arrays):
    """Return the arrays as torch's tensors, copied, so that any view may come; None stays None."""
    return [None if each is None else torch.tensor(np.array(each)) for each in arrays]


def int_or_pair(least, most):
    """Return a strategy for an int, or a pair of ints."""
    side = st.integers(least, most)
    return st.one_of(side, st.tuples(side, side))


def span(kernel_size, dilation):
    """Return the height and the width that a kernel covers."""
    return tuple(d * (k - 1) + 1 for k, d in zip(pair(kernel_size), pair(dilation), strict=True))


@st.composite
def fitting(draw, kernel_size, padding, dilation=1, spare=3):
    """Draw the sides of a picture into which the kernel fits."""
    covers = zip(span(kernel_size, dilation), pair(padding), strict=True)
    return tuple(max(1, each - 2 * p) + draw(st.integers(0, spare)) for each, p in covers)


def spoilt(args, **wrong):
    """Return calls with `args`, each with one keyword that must be refused: name = (smallest allowed, values…)."""
    return tuple(
        Call(args, {name: value}, f"{name} is {value}, and each side must be {least} or more")
        for name, (least, *values) in wrong.items()
        for value in values
    )
