"""Depthwise layers: the oracle is torch's conv2d with as many groups as channels."""

import numpy as np
import torch.nn.functional as F
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view

from course_utils.grading.exercise import Call, Exercise, Facet, same_refusals, same_values, untouched

from .inputs import fitting, int_or_pair, numbers, pair, seeds, single, small, spoilt, tensors
from .judges import quick
from .layers import many


def _depthwise(x, w, b=None, stride=1, padding=0):
    channels = x.shape[1]
    x, w, b = tensors(x, w, b)
    if max(len(x), channels) > 10_000 and len(w) == channels:  # torch itself is slow with a million of one pixel
        return (x * w[None, :, 0] + (0 if b is None else b[:, None, None])).numpy()
    return F.conv2d(x, w, b, stride, padding, groups=channels).numpy()


@st.composite
def _layers(draw, multipliers):
    kernel_size, stride, padding = draw(st.tuples(small, small)), draw(int_or_pair(1, 3)), draw(int_or_pair(0, 2))
    channels, multiplier, seed = draw(small), draw(multipliers), draw(seeds)
    shape = draw(st.integers(1, 2)), channels, *draw(fitting(kernel_size, padding))
    b = draw(st.sampled_from([None, numbers(seed, channels * multiplier)]))
    w = numbers(seed + 1, channels * multiplier, 1, *kernel_size)
    return Call((numbers(seed, *shape), w, b), {"stride": stride, "padding": padding})


X, W, B = numbers(1, 2, 3, 6, 8), numbers(2, 3, 1, 3, 2), numbers(3, 3) + 0.5
W6, B6, ONE = numbers(4, 6, 1, 2, 3), numbers(5, 6) + 0.5, numbers(6, 9, 1, 1, 1)
FITS = "the kernel is {}, the padded picture {}"

depthwise_conv2d = Exercise(
    "depthwise_conv2d",
    _depthwise,
    "lecture 05, on depthwise layers",
    {
        "values": Facet(same_values, (
            Call((X, W, B)), Call((X, W)), Call((X[:1, :1], W[:1], B[:1])), Call((X, W, B), {"padding": 1}),
            Call((X, W, B), {"stride": 2}, "The stride leaves a rest: round down."), Call((X, W, None, (3, 2), (1, 2))),
            Call((X, W, B), {"stride": (2, 3), "padding": (2, 1)}), Call((X[:, :, :1, :1], W, B), {"padding": 1}),
        ), _layers(st.just(1)), 25),
        "multiplier": Facet(same_values, (
            Call((X, W6, B6)), Call((X, W6)), Call((X, ONE)), Call((X[:, :2], W6, B6), {"stride": 2, "padding": (0, 1)}),
            Call((X[:, :1], W6, B6), note="One channel, six filters."),
        ), _layers(st.integers(2, 3)), 25),
        "refusals": Facet(same_refusals, (
            *spoilt((X, W, B), stride=(1, 0, -1, (0, 1), (1, 0), (-1, 1), (1, -1)), padding=(0, -1, (-1, 1), (1, -1))),
            Call((X, numbers(2, 3, 3, 3, 2), B), note="each filter has 3 channels, and 1 is wanted"),
            Call((X, numbers(2, 3, 2, 3, 2), B), note="each filter has 2 channels, and 1 is wanted"),
            Call((X[:, :2], W, B), note="3 filters cannot be shared out evenly among 2 channels"),
            Call((X, W[:2], None), note="2 filters cannot be shared out evenly among 3 channels"),
            Call((X, W6, B), note="b has shape (3,), and there are 6 filters"),
            Call((X, W, B[None]), note="b has shape (1, 3), and (3,) is wanted"),
            Call((X, W, B[:1]), note="b has shape (1,), and there are 3 filters"),
            Call((X[:, :, :2], W, B), note=FITS.format("3×2", "2×8")),
            Call((X[..., :1], W, B), note=FITS.format("3×2", "6×1")),
            Call((X[:, :, :1, :1], W6, B6), {"padding": 0}, FITS.format("2×3", "1×1")),
            Call((X[0], W, B), note="x has 3 axes, not 4"), Call((X, W[:, 0], B), note="w has 3 axes, not 4"),
        )),
        "untouched": Facet(untouched, (Call((X, W6, B6)), Call((*single(X, W, B), 2, (1, 0))))),
        "cost": Facet(quick, (
            Call((many(2_000_000, 1, 1, 1), many(1, 1, 1, 1), many(1))),
            Call((many(1, 2_000_000, 1, 1), many(2_000_000, 1, 1, 1), many(2_000_000))),
        )),
    },
)  # fmt: skip


@depthwise_conv2d.alternative
def depthwise_by_taps(x, w, b=None, stride=1, padding=0):
    (sh, sw), (ph, pw) = pair(stride), pair(padding)
    (n, c, height, width), (filters, depth, kh, kw) = x.shape, w.shape
    if min(sh, sw) < 1 or depth != 1 or filters % c or (b is not None and b.shape != (filters,)):
        raise ValueError("impossible arguments")
    rows, columns = (height + 2 * ph - kh) // sh + 1, (width + 2 * pw - kw) // sw + 1
    if min(rows, columns) < 1:
        raise ValueError("the kernel does not fit")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw))).repeat(filters // c, axis=1)
    y = np.zeros((n, filters, rows, columns)) + (0 if b is None else b[:, None, None])
    for p, q in np.ndindex(kh, kw):
        y += w[:, :, p, q, None] * padded[:, :, p::sh, q::sw][:, :, :rows, :columns]
    return y


@depthwise_conv2d.alternative
def depthwise_by_products(x, w, b=None, stride=1, padding=0):
    (sh, sw), (ph, pw) = pair(stride), pair(padding)
    (filters, depth, kh, kw), channels = w.shape, x.shape[1]
    bias = np.zeros(filters) if b is None else b
    if min(sh, sw) < 1 or depth != 1 or filters % channels or bias.shape != (filters,):
        raise ValueError("impossible arguments")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    windows = sliding_window_view(padded, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw]
    rows, columns = windows.shape[2:4]
    y = w.reshape(channels, -1, kh * kw) @ windows.reshape(len(x), channels, rows * columns, -1).swapaxes(2, 3)
    return y.reshape(len(x), filters, rows, columns) + bias[:, None, None]


@depthwise_conv2d.alternative
def depthwise_by_fourier(x, w, b=None, stride=1, padding=0):
    (sh, sw), (ph, pw) = pair(stride), pair(padding)
    filters, depth, kh, kw = w.shape
    if min(sh, sw) < 1 or depth != 1 or filters % x.shape[1] or (b is not None and b.shape != (filters,)):
        raise ValueError("impossible arguments")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    ring = tall, wide = padded.shape[2:]
    if kh > tall or kw > wide:
        raise ValueError("the kernel does not fit")
    waves = np.fft.rfft2(padded).repeat(filters // x.shape[1], axis=1)
    y = np.fft.irfft2(waves * np.fft.rfft2(w[:, 0], ring).conj(), ring)
    y = y[:, :, : tall - kh + 1 : sh, : wide - kw + 1 : sw]
    return y if b is None else y + b[:, None, None]
