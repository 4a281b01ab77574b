"""A layer by loops: the oracle is torch's conv2d."""

import numpy as np
import torch.nn.functional as F
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view

from course_utils.grading.exercise import Call, Exercise, Facet, same_refusals, same_values, untouched

from .inputs import fitting, numbers, seeds, single, small, spoilt, tensors


def _layer(x, w, b=None, stride=1, padding=0):
    return F.conv2d(*tensors(x, w, b), stride=stride, padding=padding).numpy()


@st.composite
def _layers(draw, strides=1, paddings=0):
    kernel_size = draw(st.tuples(small, small))
    stride, padding = draw(st.integers(1, strides)), draw(st.integers(0, paddings))
    n, c, filters = draw(small), draw(small), draw(small)
    shape = n, c, *draw(fitting(kernel_size, padding, spare=4))
    seed = draw(seeds)
    b = draw(st.sampled_from([None, numbers(seed, filters)]))
    kwargs = {"stride": stride, "padding": padding} if strides > 1 else {}
    return Call((numbers(seed, *shape), numbers(seed + 1, filters, c, *kernel_size), b), kwargs)


X, W, B = numbers(1, 2, 3, 6, 8), numbers(2, 4, 3, 3, 2), numbers(3, 4) + 0.5
TALL, ONE = numbers(4, 4, 3, 2, 5), numbers(5, 4, 3, 1, 1)
FITS = "the kernel is {}, the padded picture {}"
NO_FIT = "x has {} channels, and each filter {}"

conv2d_naive = Exercise(
    "conv2d_naive",
    _layer,
    "lecture 03, on many channels, and lecture 05, on the seven letters of a layer",
    {
        "values": Facet(same_values, (
            Call((X, W, B)), Call((X, W)), Call((X, TALL, B)), Call((X, ONE, B), note="A kernel of one pixel."),
            Call((X[:1, :1], W[:, :1], B)), Call((X, W[:1], B[:1])), Call((X, numbers(6, 4, 3, 6, 8), B)),
            Call((numbers(7, 3, 1, 7, 4), numbers(8, 5, 1, 3, 3), None)),
        ), _layers(), 25),
        "options": Facet(same_values, (
            Call((X, W, B), {"padding": 1}), Call((X, W, B, 2)), Call((X, W, None, 3)),
            Call((X, W, B), {"stride": 2, "padding": 1}, "8 + 2 − 2 is not divisible by 2 with 3 rows: round down."),
            Call((X, TALL, B), {"stride": 3, "padding": 2}), Call((X, ONE, B), {"stride": 3}),
            Call((X, ONE, B), {"stride": 2, "padding": 2}), Call((X[:, :, :2, :1], W, B), {"padding": 1}),
        ), _layers(3, 3), 25),
        "refusals": Facet(same_refusals, (
            *spoilt((X, W, B), stride=(1, 0, -1), padding=(0, -1)),
            Call((X, W[:, :2], B), note=NO_FIT.format(3, 2)), Call((X[:, :1], W, B), note=NO_FIT.format(1, 3)),
            Call((X, W, B[:3]), note="b has shape (3,), and there are 4 filters"),
            Call((X, W, B[None]), note="b has shape (1, 4), and (4,) is wanted"),
            Call((X, W, B[:1]), note="b has shape (1,), and there are 4 filters"),
            Call((X[:, :, :2], W, B), note=FITS.format("3×2", "2×8")),
            Call((X[..., :1], W, B), note=FITS.format("3×2", "6×1")),
            Call((X[:, :, :1, :1], TALL, B), {"padding": 1}, FITS.format("2×5", "3×3")),
            Call((X[0], W, B), note="x has 3 axes, not 4"), Call((X, W[0], B), note="w has 3 axes, not 4"),
        )),
        "untouched": Facet(untouched, (Call((X, W, B)), Call((X, W, B), {"stride": 2, "padding": 1}),
                                       Call(single(X, W, B), {"padding": 2}))),
    },
)  # fmt: skip


@conv2d_naive.alternative
def naive_by_places(x, w, b=None, stride=1, padding=0):
    filters, depth, kh, kw = w.shape
    if stride < 1 or x.shape[1] != depth or (b is not None and b.shape != (filters,)):
        raise ValueError("stride, channels or bias cannot be meant")
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    tall, wide = padded.shape[2:]
    rows = [
        [np.tensordot(padded[:, :, i : i + kh, j : j + kw], w, axes=((1, 2, 3), (1, 2, 3)))
         for j in range(0, wide - kw + 1, stride)]
        for i in range(0, tall - kh + 1, stride)
    ]  # fmt: skip
    y = np.transpose(np.array(rows), (2, 3, 0, 1))  # no window leaves an array that has not four axes: a ValueError
    return y if b is None else y + b[:, None, None]


@conv2d_naive.alternative
def naive_by_taps(x, w, b=None, stride=1, padding=0):
    (n, c, height, width), (filters, depth, kh, kw) = x.shape, w.shape
    if stride < 1 or c != depth or (b is not None and b.shape != (filters,)):
        raise ValueError("impossible arguments")
    rows, columns = (height + 2 * padding - kh) // stride + 1, (width + 2 * padding - kw) // stride + 1
    if min(rows, columns) < 1:
        raise ValueError("the kernel does not fit")
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    y = np.zeros((n, filters, rows, columns)) + (0 if b is None else b[:, None, None])
    for p, q in np.ndindex(kh, kw):
        seen = padded[:, :, p:, q:][:, :, ::stride, ::stride][:, :, :rows, :columns]
        y += np.einsum("ncij,oc->noij", seen, w[:, :, p, q])
    return y


@conv2d_naive.alternative
def naive_by_windows(x, w, b=None, stride=1, padding=0):
    bias = np.zeros(len(w)) if b is None else b
    if stride < 1 or x.shape[1] != w.shape[1] or bias.shape != w.shape[:1]:
        raise ValueError("stride, channels or bias cannot be meant")
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    windows = sliding_window_view(padded, w.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    return np.einsum("ncijpq,ocpq->noij", windows, w) + bias[:, None, None]
