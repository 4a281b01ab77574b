"""Padding: the oracle is torch's own constant padding."""

import numpy as np
import torch.nn.functional as F
from hypothesis import strategies as st

from course_utils.grading.exercise import Call, Exercise, Facet, same_dtype, same_refusals, same_values, untouched

from .inputs import int_or_pair, numbers, pair, seeds, small, tensors


def _padded(x, padding):
    down, across = pair(padding)
    [x] = tensors(x)
    return F.pad(x, (across, across, down, down)).numpy()


@st.composite
def _paddings(draw):
    shape = draw(st.tuples(small, small, st.integers(1, 4), st.integers(1, 4)))
    return Call((numbers(draw(seeds), *shape), draw(int_or_pair(0, 3))))


X = numbers(1, 2, 3, 4, 5)
NEGATIVE = "the padding is {}, and each side must be 0 or more"

zero_pad2d = Exercise(
    "zero_pad2d",
    _padded,
    "lecture 03, on the border of zeros",
    {
        "values": Facet(same_values, (
            Call((X, 1)), Call((X, 0), note="Padding 0: beware of slices such as [0:-0], which are empty."),
            Call((X, (2, 1))), Call((X, (0, 3))), Call((X, (3, 0))), Call((X[:1, :1, :1, :1], 2)),
        ), _paddings(), 30),
        "refusals": Facet(same_refusals, (
            *(Call((X, each), note=NEGATIVE.format(each)) for each in (-1, -2, (-1, 2), (2, -1))),
            Call((X[0], 1), note="x has 3 axes, not 4"), Call((X[0, 0], 1), note="x has 2 axes, not 4"),
            Call((X[None], 1), note="x has 5 axes, not 4"),
        )),
        "untouched": Facet(untouched, (Call((X, 1)), Call((X, (2, 3))))),
        "dtype": Facet(same_dtype, (
            Call((X.astype(np.float32), 1)), Call((X.astype(np.int64), (1, 2))), Call((X.astype(np.float32), 0)),
        )),
    },
)  # fmt: skip


@zero_pad2d.alternative
def padded_by_numpy(x, padding):
    above, left = pair(padding)
    return np.pad(x, ((0, 0), (0, 0), (above, above), (left, left)))


@zero_pad2d.alternative
def padded_by_joining(x, padding):
    above, left = pair(padding)
    n, c, _, width = x.shape
    strip = np.zeros((n, c, above, width), x.dtype)
    tall = np.concatenate([strip, x, strip], axis=2)
    side = np.zeros((n, c, tall.shape[2], left), x.dtype)
    return np.concatenate([side, tall, side], axis=3)


@zero_pad2d.alternative
def padded_by_matrices(x, padding):
    above, left = pair(padding)
    if x.ndim != 4 or min(above, left) < 0:
        raise ValueError("x needs four axes, and padding must not be negative")
    height, width = x.shape[2:]
    down = np.eye(height + 2 * above, height, -above, dtype=x.dtype)
    across = np.eye(width, width + 2 * left, left, dtype=x.dtype)
    return down @ x @ across


@zero_pad2d.misconception("Padding goes on both sides: above and below, left and right.",
                          "examples values untouched")  # fmt: skip
def padded_once(x, padding):
    above, left = pair(padding)
    return np.pad(x, ((0, 0), (0, 0), (above, 0), (left, 0)))


@zero_pad2d.misconception("The padding is counted twice: it is what is added on each side, not half of it.",
                          "examples values untouched")  # fmt: skip
def padded_twice(x, padding):
    above, left = pair(padding)
    return np.pad(x, ((0, 0), (0, 0), (2 * above, 2 * above), (2 * left, 2 * left)))


@zero_pad2d.misconception("All four axes are padded: there are more images and channels now. Pad the last two only.",
                          "examples values untouched")  # fmt: skip
def padded_everywhere(x, padding):
    above, left = pair(padding)
    return np.pad(x, ((above, above), (left, left), (above, above), (left, left)))


@zero_pad2d.misconception("The border holds the number `padding`; it should hold zeros.", "examples values untouched")
def padded_with_p(x, padding):
    above, left = pair(padding)
    return np.pad(x, ((0, 0), (0, 0), (above, above), (left, left)), constant_values=max(above, left))


@zero_pad2d.misconception("The pixels at the edge are repeated; the border should hold zeros.",
                          "examples values untouched")  # fmt: skip
def padded_with_edges(x, padding):
    above, left = pair(padding)
    return np.pad(x, ((0, 0), (0, 0), (above, above), (left, left)), mode="edge")


@zero_pad2d.misconception("Height and width are exchanged: a pair means (rows, columns).", "examples values untouched")
def padded_exchanged(x, padding):
    left, above = pair(padding)
    return np.pad(x, ((0, 0), (0, 0), (above, above), (left, left)))


@zero_pad2d.misconception("Axes 1 and 2 are padded, as if the channels came last. Here the order is N C H W.",
                          "examples values untouched")  # fmt: skip
def padded_channels_last(x, padding):
    above, left = pair(padding)
    return np.pad(x, ((0, 0), (above, above), (left, left), (0, 0)))


@zero_pad2d.misconception("The outermost pixels are overwritten by zeros: the picture has to grow instead.",
                          "examples values untouched")  # fmt: skip
def padded_inside(x, padding):
    above, left = pair(padding)
    if x.ndim != 4 or min(above, left) < 0:
        raise ValueError("x needs four axes, and padding must not be negative")
    y = np.zeros_like(x)
    inside = (..., slice(above, x.shape[2] - above), slice(left, x.shape[3] - left))
    y[inside] = x[inside]
    return y


@zero_pad2d.misconception("The result is always float64: `np.zeros` makes that unless it is told x.dtype.", "dtype")
def padded_in_double(x, padding):
    above, left = pair(padding)
    return np.pad(x, ((0, 0), (0, 0), (above, above), (left, left))).astype(np.float64)


@zero_pad2d.misconception("Impossible arguments are let through; the statement asks for a ValueError.",
                          "examples refusals")  # fmt: skip
def padded_unchecked(x, padding):
    above, left = pair(padding)
    x = x.reshape(-1, *x.shape[-3:]) if x.ndim > 2 else x[None, None]
    return np.pad(x, ((0, 0), (0, 0), (max(above, 0),) * 2, (max(left, 0),) * 2))
