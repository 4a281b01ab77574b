"""What goes wrong in max pooling: the windows."""

import numpy as np

from .inputs import pair
from .maxima import max_pool2d


@max_pool2d.misconception("The maximum starts at 0, so windows of negative numbers give 0. Start with the first value.",
                          "examples values options symmetry untouched")  # fmt: skip
def max_from_zero(x, kernel_size, stride=None):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    if min(kh, kw, sh, sw) < 1:
        raise ValueError("impossible arguments")
    windows = np.lib.stride_tricks.sliding_window_view(x, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw]
    inside = windows.reshape(*windows.shape[:4], -1).argmax(axis=4)
    rows, columns = np.arange(windows.shape[2])[:, None] * sh, np.arange(windows.shape[3]) * sw
    return np.maximum(windows.max(axis=(4, 5)), 0), (rows + inside // kw) * x.shape[3] + columns + inside % kw


@max_pool2d.misconception("The windows lie side by side whatever the stride: the stride is left out of their starts.",
                          "examples options argmax ties symmetry untouched")  # fmt: skip
def max_side_by_side(x, kernel_size, stride=None):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    if min(kh, kw, sh, sw) < 1:
        raise ValueError("impossible arguments")
    windows = np.lib.stride_tricks.sliding_window_view(x, (kh, kw), axis=(2, 3))[:, :, ::kh, ::kw]
    inside = windows.reshape(*windows.shape[:4], -1).argmax(axis=4)
    rows, columns = np.arange(windows.shape[2])[:, None] * kh, np.arange(windows.shape[3]) * kw
    return windows.max(axis=(4, 5)), (rows + inside // kw) * x.shape[3] + columns + inside % kw


@max_pool2d.misconception(
    "Without a stride the windows move by one; a pool's stride is kernel_size by default.",
    "examples values argmax ties untouched",
)
def max_stride_of_one(x, kernel_size, stride=None):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(1 if stride is None else stride)
    if min(kh, kw, sh, sw) < 1:
        raise ValueError("impossible arguments")
    windows = np.lib.stride_tricks.sliding_window_view(x, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw]
    inside = windows.reshape(*windows.shape[:4], -1).argmax(axis=4)
    rows, columns = np.arange(windows.shape[2])[:, None] * sh, np.arange(windows.shape[3]) * sw
    return windows.max(axis=(4, 5)), (rows + inside // kw) * x.shape[3] + columns + inside % kw


@max_pool2d.misconception(
    "Height and width of the window are exchanged: a pair is (height, width).",
    "examples values options argmax ties symmetry refusals untouched",
)
def max_exchanged(x, kernel_size, stride=None):
    (kw, kh), (sh, sw) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    if min(kh, kw, sh, sw) < 1:
        raise ValueError("impossible arguments")
    windows = np.lib.stride_tricks.sliding_window_view(x, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw]
    inside = windows.reshape(*windows.shape[:4], -1).argmax(axis=4)
    rows, columns = np.arange(windows.shape[2])[:, None] * sh, np.arange(windows.shape[3]) * sw
    return windows.max(axis=(4, 5)), (rows + inside // kw) * x.shape[3] + columns + inside % kw


@max_pool2d.misconception(
    "The first number of a pair is used for both sides of the window.",
    "examples values options argmax ties symmetry untouched",
)
def max_square_window(x, kernel_size, stride=None):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    if min(kh, kw, sh, sw) < 1 or kw > x.shape[3]:
        raise ValueError("impossible arguments")
    windows = np.lib.stride_tricks.sliding_window_view(x, (kh, kh), axis=(2, 3))[:, :, ::sh, ::sw]
    inside = windows.reshape(*windows.shape[:4], -1).argmax(axis=4)
    rows, columns = np.arange(windows.shape[2])[:, None] * sh, np.arange(windows.shape[3]) * sw
    return windows.max(axis=(4, 5)), (rows + inside // kh) * x.shape[3] + columns + inside % kh


@max_pool2d.misconception(
    "The image is taken for a square: count the windows along each side by its own length.",
    "examples values options argmax ties symmetry untouched",
)
def max_square_image(x, kernel_size, stride=None):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    height, width = x.shape[2:]
    if min(kh, kw, sh, sw) < 1 or kh > height or kw > width:
        raise ValueError("impossible arguments")
    size = (height - kh) // sh + 1
    y, argmax = np.empty((*x.shape[:2], size, size), x.dtype), np.empty((*x.shape[:2], size, size), np.int64)
    for n, c, i, j in np.ndindex(y.shape):
        window = x[n, c, i * sh : i * sh + kh, j * sw : j * sw + kw]
        row, column = np.unravel_index(window.argmax(), window.shape)
        y[n, c, i, j], argmax[n, c, i, j] = window.max(), (i * sh + row) * width + j * sw + column
    return y, argmax


@max_pool2d.misconception("The size is rounded up, so the last windows hang over the edge. Leave out what does not fit.",
                          "examples values options argmax ties symmetry untouched")  # fmt: skip
def max_rounded_up(x, kernel_size, stride=None):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    height, width = x.shape[2:]
    if min(kh, kw, sh, sw) < 1 or kh > height or kw > width:
        raise ValueError("impossible arguments")
    padded = np.pad(x.astype(float), ((0, 0), (0, 0), (0, sh - 1), (0, sw - 1)), constant_values=-np.inf)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw]
    inside = windows.reshape(*windows.shape[:4], -1).argmax(axis=4)
    rows, columns = np.arange(windows.shape[2])[:, None] * sh, np.arange(windows.shape[3]) * sw
    return windows.max(axis=(4, 5)).astype(x.dtype), (rows + inside // kw) * width + columns + inside % kw


@max_pool2d.misconception(
    "The last window of each row and column is skipped: the size formula lacks its + 1.",
    "examples values options argmax ties symmetry untouched",
)
def max_last_skipped(x, kernel_size, stride=None):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    if min(kh, kw, sh, sw) < 1:
        raise ValueError("impossible arguments")
    windows = np.lib.stride_tricks.sliding_window_view(x, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw][:, :, :-1, :-1]
    inside = windows.reshape(*windows.shape[:4], kh * kw).argmax(axis=4)
    rows, columns = np.arange(windows.shape[2])[:, None] * sh, np.arange(windows.shape[3]) * sw
    return windows.max(axis=(4, 5)), (rows + inside // kw) * x.shape[3] + columns + inside % kw


@max_pool2d.misconception(
    "All channels go into one maximum. Each channel is pooled by itself.",
    "values options argmax ties symmetry untouched",
)
def max_over_channels(x, kernel_size, stride=None):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    if min(kh, kw, sh, sw) < 1:
        raise ValueError("impossible arguments")
    x = np.broadcast_to(x.max(axis=1, keepdims=True), x.shape)
    windows = np.lib.stride_tricks.sliding_window_view(x, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw]
    inside = windows.reshape(*windows.shape[:4], -1).argmax(axis=4)
    rows, columns = np.arange(windows.shape[2])[:, None] * sh, np.arange(windows.shape[3]) * sw
    return windows.max(axis=(4, 5)), (rows + inside // kw) * x.shape[3] + columns + inside % kw


@max_pool2d.misconception(
    "A window ends at start + stride here; it ends at start + kernel_size.", "options argmax ties untouched"
)
def max_window_of_a_stride(x, kernel_size, stride=None):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    height, width = x.shape[2:]
    if min(kh, kw, sh, sw) < 1 or kh > height or kw > width:
        raise ValueError("impossible arguments")
    y = np.empty((*x.shape[:2], (height - kh) // sh + 1, (width - kw) // sw + 1), x.dtype)
    argmax = np.empty(y.shape, np.int64)
    for n, c, i, j in np.ndindex(y.shape):
        window = x[n, c, i * sh : (i + 1) * sh, j * sw : (j + 1) * sw]
        row, column = np.unravel_index(window.argmax(), window.shape)
        y[n, c, i, j], argmax[n, c, i, j] = window.max(), (i * sh + row) * width + j * sw + column
    return y, argmax


@max_pool2d.misconception("The input is changed: take the maxima without writing into x.", "untouched")
def max_in_place(x, kernel_size, stride=None):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    if min(kh, kw, sh, sw) < 1:
        raise ValueError("impossible arguments")
    windows = np.lib.stride_tricks.sliding_window_view(x, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw]
    inside = windows.reshape(*windows.shape[:4], -1).argmax(axis=4)
    rows, columns = np.arange(windows.shape[2])[:, None] * sh, np.arange(windows.shape[3]) * sw
    y, argmax = windows.max(axis=(4, 5)), (rows + inside // kw) * x.shape[3] + columns + inside % kw
    x[..., 0, 0] = x.min() - 1
    return y, argmax


@max_pool2d.misconception(
    "Impossible windows are let through; the statement asks for a ValueError.", "examples refusals"
)
def max_unchecked(x, kernel_size, stride=None):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    tops, lefts = range(0, x.shape[2] - kh + 1, sh or 1), range(0, x.shape[3] - kw + 1, sw or 1)
    y, argmax = np.zeros((*x.shape[:2], len(tops), len(lefts)), x.dtype), 0
    argmax = np.zeros(y.shape, np.int64)
    for n, c, i, j in np.ndindex(y.shape):
        window = x[n, c, tops[i] : tops[i] + kh, lefts[j] : lefts[j] + kw]
        if window.size:
            row, column = np.unravel_index(window.argmax(), window.shape)
            y[n, c, i, j], argmax[n, c, i, j] = window.max(), (tops[i] + row) * x.shape[3] + lefts[j] + column
    return y, argmax


@max_pool2d.misconception(
    "A stride of 0 passes for no stride at all: ask `stride is None`, for 0 is false as well.", "refusals"
)
def max_stride_or(x, kernel_size, stride=None):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(stride or kernel_size)
    if min(kh, kw, sh, sw) < 1:
        raise ValueError("impossible arguments")
    windows = np.lib.stride_tricks.sliding_window_view(x, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw]
    inside = windows.reshape(*windows.shape[:4], -1).argmax(axis=4)
    rows, columns = np.arange(windows.shape[2])[:, None] * sh, np.arange(windows.shape[3]) * sw
    return windows.max(axis=(4, 5)), (rows + inside // kw) * x.shape[3] + columns + inside % kw
