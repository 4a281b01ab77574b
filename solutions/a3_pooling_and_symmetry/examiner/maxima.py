"""Max pooling: the oracle is torch's max_pool2d with its indices, in float64."""

import numpy as np
import torch
import torch.nn.functional as F
from hypothesis import strategies as st

from course_utils.grading.exercise import Call, Exercise, Facet, same_dtype, same_refusals, untouched

from .inputs import IMAGE, ODD, SMALL, bad_windows, image, int_or_pair, pair, pools, sides, tied
from .judges import follows_cuts, same_argmax, same_y


def _max_pool2d(x, kernel_size, stride=None):
    y, places = F.max_pool2d(torch.as_tensor(x.astype(np.float64)), kernel_size, stride, return_indices=True)
    return y.numpy().astype(x.dtype), places.numpy()


@st.composite
def _cuts(draw):
    """Draw a call with at least two windows along both axes, stride as a pair."""
    kernel_size, strides = (draw(sides), draw(sides)), (draw(sides), draw(sides))
    least = [k + s for k, s in zip(kernel_size, strides, strict=True)]
    shape = (draw(sides), 1, least[0] + draw(sides), least[1] + draw(sides))
    return Call((image(shape, draw(st.integers(0, 9999))), kernel_size, strides))


COLD = ODD - ODD.max() - 1
LEVEL, STEPS = tied((2, 3, 5, 7), 5), tied((1, 2, 3, 4), 1)

max_pool2d = Exercise(
    "max_pool2d",
    _max_pool2d,
    "lecture 06, on pooling",
    {
        "values": Facet(same_y, (
            Call((SMALL, 2)), Call((SMALL, (1, 2))), Call((IMAGE, (2, 3))), Call((IMAGE, (3, 2))), Call((ODD, (2, 3))),
            Call((COLD, 2), note="Every number is negative, so 0 is no maximum."), Call((IMAGE, 1)),
            Call((IMAGE, (5, 7)), note="One window covers the whole image."),
        ), pools(), 30),
        "options": Facet(same_y, (
            Call((SMALL, 2, 1)), Call((IMAGE, 3, 2), note="The windows overlap."), Call((IMAGE, 2, (1, 2))),
            Call((IMAGE, (2, 3), (2, 1))), Call((ODD, (3, 2), (2, 3)), note="The last row does not fit a window."),
            Call((ODD, 1, 2)), Call((IMAGE, 2, 3), note="The windows leave gaps."), Call((COLD, (2, 1), (1, 3))),
        ), pools(strides=int_or_pair), 30),
        "argmax": Facet(same_argmax, (
            Call((SMALL, 2)), Call((IMAGE, (2, 3))), Call((IMAGE, (3, 2), 1)), Call((ODD, (2, 3), (3, 1))),
            Call((IMAGE, 2, 3)), Call((COLD, 2)), Call((ODD, 1, 2)),
        ), pools(strides=int_or_pair), 30),
        "ties": Facet(same_argmax, (
            Call((STEPS, 2, 1)), Call((LEVEL, (2, 3))), Call((LEVEL, 3, 2)), Call((np.zeros((1, 2, 4, 5)), (2, 3), 1)),
            Call((-np.ones((2, 1, 5, 4)), 2)),
        ), pools(tied, int_or_pair), 30),
        "symmetry": Facet(follows_cuts, (
            Call((SMALL, (2, 2), (1, 1))), Call((IMAGE, (2, 3), (1, 1))), Call((IMAGE, (2, 3), (2, 3))),
            Call((COLD, (3, 2), (2, 1))), Call((ODD, (1, 2), (2, 3))),
        ), _cuts(), 20),
        "refusals": Facet(same_refusals, bad_windows(image((2, 3, 3, 4)))),
        "untouched": Facet(untouched, (
            Call((SMALL, 2)), Call((IMAGE, (2, 3), 1)), Call((ODD.astype(np.float32), (3, 2), (2, 1))),
        )),
        "dtype": Facet(same_dtype, (
            Call((SMALL.astype(np.float32), 2)), Call((SMALL, 2)), Call((IMAGE.astype(np.int64), 3, 2)),
            Call((ODD.astype(np.float32), (2, 3), 1)),
        )),
    },
)  # fmt: skip


@max_pool2d.alternative
def max_by_loops(x, kernel_size, stride=None):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    height, width = x.shape[2:]
    if min(kh, kw, sh, sw) < 1 or kh > height or kw > width:
        raise ValueError(f"no windows of {kernel_size} with stride {stride} in {height} by {width}")
    y = np.empty((*x.shape[:2], (height - kh) // sh + 1, (width - kw) // sw + 1), x.dtype)
    argmax = np.empty(y.shape, np.int64)
    for n, c, i, j in np.ndindex(y.shape):
        window = x[n, c, i * sh : i * sh + kh, j * sw : j * sw + kw]
        row, column = np.argwhere(window == window.max())[0]
        y[n, c, i, j] = window[row, column]
        argmax[n, c, i, j] = (i * sh + row) * width + j * sw + column
    return y, argmax


@max_pool2d.alternative
def max_by_comparing_slices(x, kernel_size, stride=None):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    rows, columns = np.arange(x.shape[2]), np.arange(x.shape[3])
    if kh < 1 or kw < 1 or sh < 1 or sw < 1 or kh > len(rows) or kw > len(columns):
        raise ValueError(f"no windows of {kernel_size} with stride {stride} in {x.shape[2]} by {x.shape[3]}")
    places = np.broadcast_to(rows[:, None] * len(columns) + columns, x.shape)
    y = argmax = None
    for i in range(kh):
        for j in range(kw):
            part = slice(i, len(rows) - kh + i + 1, sh), slice(j, len(columns) - kw + j + 1, sw)
            value, place = x[:, :, *part], places[:, :, *part]
            larger = True if y is None else value > y
            y, argmax = np.where(larger, value, y).astype(x.dtype), np.where(larger, place, argmax).astype(np.int64)
    return y, argmax


@max_pool2d.alternative
def max_by_gathering(x, kernel_size, stride=None):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    n, c, height, width = x.shape
    if min(kh, kw, sh, sw) < 1 or kh > height or kw > width:
        raise ValueError(f"no windows of {kernel_size} with stride {stride} in {height} by {width}")
    rows = np.arange(0, height - kh + 1, sh)[:, None] + np.arange(kh)
    columns = np.arange(0, width - kw + 1, sw)[:, None] + np.arange(kw)
    places = (rows[:, None, :, None] * width + columns[:, None]).reshape(len(rows), len(columns), kh * kw)
    windows = x.reshape(n, c, height * width)[:, :, places]
    best = windows.argmax(axis=4)[..., None]
    argmax = np.take_along_axis(np.broadcast_to(places, windows.shape), best, axis=4)
    return np.take_along_axis(windows, best, axis=4)[..., 0], argmax[..., 0]
