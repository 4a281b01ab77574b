"""The whole layer: the oracle is torch's conv2d."""

import math

import numpy as np
import torch.nn.functional as F
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view

from course_utils.grading.exercise import Call, Exercise, Facet, same_dtype, same_refusals, same_values, untouched

from .inputs import fitting, int_or_pair, numbers, pair, seeds, single, small, spoilt, tensors
from .judges import lawful, quick


def _layer(x, w, b=None, stride=1, padding=0, dilation=1, groups=1):
    x, w, b = tensors(x, w, b)
    if max(len(x), len(w), x.shape[1]) > 10_000:  # torch itself is slow with a million pictures of one pixel
        return F.linear(x.flatten(1), w.flatten(1), b)[:, :, None, None].numpy()
    return F.conv2d(x, w, b, stride, padding, dilation, groups).numpy()


@st.composite
def _layers(draw, most=1, groups=1):
    kernel_size, stride, dilation = (
        draw(st.tuples(small, small)),
        draw(int_or_pair(1, most)),
        draw(int_or_pair(1, most)),
    )
    padding, groups = draw(int_or_pair(0, most - 1)), draw(st.integers(min(groups, 2), groups))
    depth, each = draw(small), draw(small)
    shape = draw(st.integers(1, 2)), groups * depth, *draw(fitting(kernel_size, padding, dilation, 2))
    seed = draw(seeds)
    b = draw(st.sampled_from([None, numbers(seed, groups * each)]))
    kwargs = {"stride": stride, "padding": padding, "dilation": dilation} if most > 1 else {}
    kwargs |= {"groups": groups} if groups > 1 else {}
    return Call((numbers(seed, *shape), numbers(seed + 1, groups * each, depth, *kernel_size), b), kwargs)


@st.composite
def _lawful(draw):
    kernel_size = draw(st.tuples(small, small))
    shape = draw(st.integers(1, 2)), draw(small), *draw(fitting(kernel_size, 0))
    seed, stride = draw(seeds), (draw(st.integers(1, 2)), draw(st.integers(1, 2)))
    w = numbers(seed + 1, draw(small), shape[1], *kernel_size)
    return Call((numbers(seed, *shape), w), {"stride": stride})


_LONG = np.resize(np.float32([3, -1, 2, 0, -2, 1, -4]), 4_000_000)


def many(*shape):
    """Return an array of small numbers in float32, whose sums need no rounding; all are views of one."""
    return _LONG[: math.prod(shape)].reshape(shape)


X, W, B = numbers(1, 2, 3, 6, 8), numbers(2, 4, 3, 3, 2), numbers(3, 4) + 0.5
TALL, ONE = numbers(4, 4, 3, 2, 5), numbers(5, 4, 3, 1, 1)
X6, W2, W3 = numbers(6, 2, 6, 5, 7), numbers(7, 4, 3, 2, 3), numbers(8, 9, 2, 3, 1)
B9, DEPTHWISE = numbers(9, 9) + 0.5, numbers(10, 6, 1, 3, 2)
FITS = "the kernel spans {}, the padded picture is {}"
UNEVEN = "{} {} do not fit {} groups{}"

conv2d = Exercise(
    "conv2d",
    _layer,
    "lecture 05, on a layer as one matrix product, and on grouped layers",
    {
        "values": Facet(same_values, (
            Call((X, W, B)), Call((X, W)), Call((X, TALL, B)), Call((X, ONE, B), note="A kernel of one pixel."),
            Call((X[:1, :1], W[:, :1], B)), Call((X, W[:1], B[:1])), Call((X, numbers(6, 4, 3, 6, 8), B)),
            Call((numbers(7, 3, 1, 7, 4), numbers(8, 5, 1, 3, 3), None)),
            Call((numbers(9, 2, 2, 4, 6), numbers(10, 4, 2, 1, 3), B), note="As many columns in the output as filters."),
        ), _layers(), 25),
        "options": Facet(same_values, (
            Call((X, W, B), {"padding": 1}), Call((X, W, B, 2)), Call((X, W, B), {"padding": (2, 1)}),
            Call((X, W, B), {"stride": (3, 2)}, "The stride leaves a rest: round down."), Call((X, W, None, 3, 2)),
            Call((X, W, B), {"dilation": 2}), Call((X, TALL, B), {"dilation": (3, 1), "padding": (1, 0)}),
            Call((X, W, B), {"stride": (2, 3), "padding": (1, 2), "dilation": (2, 3)}),
            Call((X, ONE, B), {"stride": 3, "padding": 1}), Call((X[..., :1, :1], W, B), {"padding": 2}),
        ), _layers(3), 25),
        "groups": Facet(same_values, (
            Call((X6, W2, B), {"groups": 2}), Call((X6, W3, B9), {"groups": 3}), Call((X6, W3), {"groups": 3}),
            Call((X6, DEPTHWISE), {"groups": 6}), Call((X6, W3, B9), {"groups": 3, "stride": 2, "padding": (1, 0)}),
        ), _layers(2, 3), 25),
        "laws": Facet(lawful, (
            Call((X, W)), Call((X, TALL), {"stride": (2, 1)}), Call((X, ONE), {"stride": (1, 3)}),
        ), _lawful(), 15),
        "refusals": Facet(same_refusals, (
            *spoilt((X, W, B), stride=(1, 0, -1, (0, 1), (1, 0), (-1, 1), (1, -1)), padding=(0, -1, (-1, 1), (1, -1)),
                    dilation=(1, 0, -1, (0, 1), (1, -1)), groups=(1, 0, -1)),
            *spoilt((X, ONE, B), dilation=(1, -1, (1, -1), (-1, 1), (1, 0), (0, 1))),
            Call((X, W[:, :2], B), note=UNEVEN.format(3, "channels and filters of depth 2", 1, "")),
            Call((X[:, :1], W, B), note=UNEVEN.format(1, "channel and filters of depth 3", 1, "")),
            Call((X6, W2, B), note=UNEVEN.format(6, "channels and filters of depth 3", 1, "")),
            Call((X6, W3[:8], B9[:8]), {"groups": 3}, UNEVEN.format(8, "filters", 3, ": 8 / 3 is no whole number")),
            Call((X6[:, :4], W2, B), {"groups": 2}, UNEVEN.format(4, "channels and filters of depth 3", 2, "")),
            Call((X6, W2, B[:2]), {"groups": 2}, "b has shape (2,), and there are 4 filters"),
            Call((X, W, B[None]), note="b has shape (1, 4), and (4,) is wanted"),
            Call((X, W, B[:1]), note="b has shape (1,), and there are 4 filters"),
            Call((X[:, :, :2], W, B), note=FITS.format("3×2", "2×8")),
            Call((X, W, B), {"dilation": 3}, FITS.format("7×4", "6×8")),
            Call((X[..., :1], W, B), note=FITS.format("3×2", "6×1")),
            Call((X[:, :, :1, :1], TALL, B), {"padding": 1}, FITS.format("2×5", "3×3")),
            Call((X[0], W, B), note="x has 3 axes, not 4"), Call((X, W[0], B), note="w has 3 axes, not 4"),
        )),
        "untouched": Facet(untouched, (Call((X, W, B)), Call((X, W, B), {"stride": 2, "padding": 1}),
                                       Call((X6, W2, B), {"groups": 2, "padding": (0, 1)}))),
        "dtype": Facet(same_dtype, (Call(single(X, W, B)), Call(single(X, W, None), {"padding": 1}),
                                    Call(single(X6, W2, B), {"groups": 2}), Call((X, W, B)))),
        "cost": Facet(quick, (
            Call((many(2_000_000, 1, 1, 1), many(2, 1, 1, 1), many(2))),
            Call((many(1, 4_000_000, 1, 1), many(1, 4_000_000, 1, 1)[:, ::-1], many(1))),
            Call((many(1, 1, 1, 1), many(2_000_000, 1, 1, 1), many(2_000_000))),
            Call((many(200, 400, 1, 1), many(400, 400, 1, 1), many(400))),
        )),
    },
)  # fmt: skip


@conv2d.alternative
def layer_by_windows(x, w, b=None, stride=1, padding=0, dilation=1, groups=1):
    (sh, sw), (ph, pw), (dh, dw) = pair(stride), pair(padding), pair(dilation)
    filters, depth, kh, kw = w.shape
    if min(sh, sw, dh, dw, groups) < 1 or x.shape[1] != groups * depth or (b is not None and b.shape != (filters,)):
        raise ValueError("impossible arguments")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    windows = sliding_window_view(padded, (dh * (kh - 1) + 1, dw * (kw - 1) + 1), axis=(2, 3))
    windows = windows[:, :, ::sh, ::sw, ::dh, ::dw]
    windows = windows.reshape(len(x), groups, depth, *windows.shape[2:])
    y = np.einsum("ngcijpq,gocpq->ngoij", windows, w.reshape(groups, filters // groups, depth, kh, kw))
    y = y.reshape(len(x), filters, *y.shape[3:])
    return y if b is None else y + b[:, None, None]


@conv2d.alternative
def layer_by_taps(x, w, b=None, stride=1, padding=0, dilation=1, groups=1):
    (sh, sw), (ph, pw), (dh, dw) = pair(stride), pair(padding), pair(dilation)
    (n, c, height, width), (filters, depth, kh, kw) = x.shape, w.shape
    if min(sh, sw, dh, dw, groups) < 1 or c != groups * depth or (b is not None and b.shape != (filters,)):
        raise ValueError("impossible arguments")
    rows = (height + 2 * ph - dh * (kh - 1) - 1) // sh + 1
    columns = (width + 2 * pw - dw * (kw - 1) - 1) // sw + 1
    if min(rows, columns) < 1:
        raise ValueError("the kernel does not fit")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    kernel = w.reshape(groups, -1, depth, kh, kw)
    y = np.zeros((n, groups, kernel.shape[1], rows * columns), x.dtype)
    for p, q in np.ndindex(kh, kw):
        seen = padded[:, :, dh * p :: sh, dw * q :: sw][:, :, :rows, :columns]
        y += kernel[..., p, q] @ seen.reshape(n, groups, depth, -1)
    y = y.reshape(n, filters, rows, columns)
    return y if b is None else y + b[:, None, None]


@conv2d.alternative
def layer_by_index(x, w, b=None, stride=1, padding=0, dilation=1, groups=1):
    (sh, sw), (ph, pw), (dh, dw) = pair(stride), pair(padding), pair(dilation)
    filters, depth, kh, kw = w.shape
    if min(sh, sw, dh, dw, groups) < 1 or filters % groups or x.shape[1] != groups * depth:
        raise ValueError("impossible arguments")
    bias = np.zeros(filters, x.dtype) if b is None else b
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    first_row = np.arange(0, padded.shape[2] - dh * (kh - 1), sh)
    first_column = np.arange(0, padded.shape[3] - dw * (kw - 1), sw)
    if bias.shape != (filters,) or not first_row.size or not first_column.size:
        raise ValueError("the bias or the kernel does not fit")
    i = first_row[:, None, None, None] + dh * np.arange(kh)[:, None]
    j = first_column[:, None, None] + dw * np.arange(kw)
    parts = zip(np.split(padded, groups, axis=1), np.split(w, groups))
    maps = [np.tensordot(part[:, :, i, j], kernel, axes=((1, 4, 5), (1, 2, 3))) for part, kernel in parts]
    return np.moveaxis(np.concatenate(maps, axis=-1) + bias, -1, 1)


@conv2d.alternative
def layer_by_fourier(x, w, b=None, stride=1, padding=0, dilation=1, groups=1):
    (sh, sw), (ph, pw), (dh, dw) = pair(stride), pair(padding), pair(dilation)
    filters, depth, kh, kw = w.shape
    if min(sh, sw, dh, dw, groups) < 1 or x.shape[1] != groups * depth or (b is not None and b.shape != (filters,)):
        raise ValueError("impossible arguments")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    ring = tall, wide = padded.shape[2:]
    rows, columns = tall - dh * (kh - 1), wide - dw * (kw - 1)
    if min(rows, columns) < 1:
        raise ValueError("the kernel does not fit")
    spread = np.zeros((filters, depth, dh * (kh - 1) + 1, dw * (kw - 1) + 1), w.dtype)
    spread[:, :, ::dh, ::dw] = w
    waves = np.fft.rfft2(padded).reshape(len(x), groups, depth, tall, -1)
    kernel = np.fft.rfft2(spread, ring).conj().reshape(groups, -1, depth, tall, waves.shape[-1])
    y = np.fft.irfft2(np.einsum("ngcuv,gocuv->ngouv", waves, kernel), ring).reshape(len(x), filters, *ring)
    y = y[:, :, :rows:sh, :columns:sw].astype(x.dtype)
    return y if b is None else y + b[:, None, None]
