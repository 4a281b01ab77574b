"""What students publish as a convolutional layer by loops; each is wrong in one thing."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from .naive import conv2d_naive

ALL, SHIFTS = "examples values options untouched", "examples options untouched"


@conv2d_naive.misconception("The bias is forgotten: b[f] is added once to every number of filter f's map.", ALL)
def naive_without_bias(x, w, b=None, stride=1, padding=0):
    if stride < 1 or x.shape[1] != w.shape[1] or (b is not None and b.shape != w.shape[:1]):
        raise ValueError("impossible arguments")
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    windows = sliding_window_view(padded, w.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    return np.einsum("ncijpq,ocpq->noij", windows, w)


@conv2d_naive.misconception("The bias is added for every channel; it belongs to the sum over all channels, once.", ALL)
def naive_bias_each_channel(x, w, b=None, stride=1, padding=0):
    bias = np.zeros(len(w)) if b is None else b
    if stride < 1 or x.shape[1] != w.shape[1] or bias.shape != w.shape[:1]:
        raise ValueError("impossible arguments")
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    windows = sliding_window_view(padded, w.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    return np.einsum("ncijpq,ocpq->noij", windows, w) + x.shape[1] * bias[:, None, None]


@conv2d_naive.misconception("The bias is added for every weight of the window; add it once, after the sum.", ALL)
def naive_bias_each_tap(x, w, b=None, stride=1, padding=0):
    bias = np.zeros(len(w)) if b is None else b
    if stride < 1 or x.shape[1] != w.shape[1] or bias.shape != w.shape[:1]:
        raise ValueError("impossible arguments")
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    windows = sliding_window_view(padded, w.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    return np.einsum("ncijpq,ocpq->noij", windows, w) + w[0].size * bias[:, None, None]


@conv2d_naive.misconception(
    "The kernel is flipped. A layer computes a cross-correlation: the kernel as it stands.", ALL
)
def naive_flipped(x, w, b=None, stride=1, padding=0):
    bias = np.zeros(len(w)) if b is None else b
    if stride < 1 or x.shape[1] != w.shape[1] or bias.shape != w.shape[:1]:
        raise ValueError("impossible arguments")
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    windows = sliding_window_view(padded, w.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    return np.einsum("ncijpq,ocpq->noij", windows, w[:, :, ::-1, ::-1]) + bias[:, None, None]


@conv2d_naive.misconception(
    "Only the last channel is left: add the channels up instead of assigning each of them.", ALL
)
def naive_last_channel(x, w, b=None, stride=1, padding=0):
    bias = np.zeros(len(w)) if b is None else b
    if stride < 1 or x.shape[1] != w.shape[1] or bias.shape != w.shape[:1]:
        raise ValueError("impossible arguments")
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    windows = sliding_window_view(padded, w.shape[2:], axis=(2, 3))[:, -1, ::stride, ::stride]
    return np.einsum("nijpq,opq->noij", windows, w[:, -1]) + bias[:, None, None]


@conv2d_naive.misconception("Only the first filter is used, for every output channel: w[f], not w[0].", ALL)
def naive_first_filter(x, w, b=None, stride=1, padding=0):
    bias = np.zeros(len(w)) if b is None else b
    if stride < 1 or x.shape[1] != w.shape[1] or bias.shape != w.shape[:1]:
        raise ValueError("impossible arguments")
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    windows = sliding_window_view(padded, w.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    return np.einsum("ncijpq,cpq->nij", windows, w[0])[:, None] + bias[:, None, None]


@conv2d_naive.misconception("Only the first image of the batch is computed; the others stay zero.", ALL)
def naive_one_image(x, w, b=None, stride=1, padding=0):
    bias = np.zeros(len(w)) if b is None else b
    if stride < 1 or x.shape[1] != w.shape[1] or bias.shape != w.shape[:1]:
        raise ValueError("impossible arguments")
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    windows = sliding_window_view(padded, w.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    y = np.einsum("ncijpq,ocpq->noij", windows, w) + bias[:, None, None]
    y[1:] = 0
    return y


@conv2d_naive.misconception("The output has as many channels as the input; it has one for each filter.", ALL)
def naive_channels_of_input(x, w, b=None, stride=1, padding=0):
    bias = np.zeros(len(w)) if b is None else b
    if stride < 1 or x.shape[1] != w.shape[1] or bias.shape != w.shape[:1]:
        raise ValueError("impossible arguments")
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    windows = sliding_window_view(padded, w.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    y = np.einsum("ncijpq,ocpq->noij", windows, w) + bias[:, None, None]
    return np.concatenate([y, np.zeros_like(y)] * x.shape[1], axis=1)[:, : x.shape[1]]


@conv2d_naive.misconception("The stride is left out of the window's start: window i begins at row i · stride.", SHIFTS)
def naive_start_without_stride(x, w, b=None, stride=1, padding=0):
    bias = np.zeros(len(w)) if b is None else b
    if stride < 1 or x.shape[1] != w.shape[1] or bias.shape != w.shape[:1]:
        raise ValueError("impossible arguments")
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    windows = sliding_window_view(padded, w.shape[2:], axis=(2, 3))
    rows, columns = windows[0, 0, ::stride, ::stride].shape[:2]
    return np.einsum("ncijpq,ocpq->noij", windows[:, :, :rows, :columns], w) + bias[:, None, None]


@conv2d_naive.misconception("The stride is not looked at.", SHIFTS)
def naive_without_stride(x, w, b=None, stride=1, padding=0):
    bias = np.zeros(len(w)) if b is None else b
    if stride < 1 or x.shape[1] != w.shape[1] or bias.shape != w.shape[:1]:
        raise ValueError("impossible arguments")
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    windows = sliding_window_view(padded, w.shape[2:], axis=(2, 3))
    return np.einsum("ncijpq,ocpq->noij", windows, w) + bias[:, None, None]


@conv2d_naive.misconception(
    "The window ends at start + stride; it ends at start + kernel size. The stride only moves its start.",
    "values options examples untouched",
)
def naive_window_of_stride(x, w, b=None, stride=1, padding=0):
    bias = np.zeros(len(w)) if b is None else b
    if stride < 1 or x.shape[1] != w.shape[1] or bias.shape != w.shape[:1]:
        raise ValueError("impossible arguments")
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    windows = sliding_window_view(padded, w.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride, :stride, :stride]
    return np.einsum("ncijpq,ocpq->noij", windows, w[:, :, :stride, :stride]) + bias[:, None, None]


@conv2d_naive.misconception("The padded array is made and then not used.", "examples options refusals untouched")
def naive_unpadded(x, w, b=None, stride=1, padding=0):
    bias = np.zeros(len(w)) if b is None else b
    if stride < 1 or x.shape[1] != w.shape[1] or bias.shape != w.shape[:1]:
        raise ValueError("impossible arguments")
    windows = sliding_window_view(x, w.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    return np.einsum("ncijpq,ocpq->noij", windows, w) + bias[:, None, None]


@conv2d_naive.misconception("The padding is always 1, whatever is asked for.", ALL)
def naive_padding_one(x, w, b=None, stride=1, padding=0):
    (height, width), bias = x.shape[2:], np.zeros(len(w)) if b is None else b
    if stride < 1 or padding < 0 or x.shape[1] != w.shape[1] or bias.shape != w.shape[:1]:
        raise ValueError("impossible arguments")
    if height + 2 * padding < w.shape[2] or width + 2 * padding < w.shape[3]:
        raise ValueError("the kernel does not fit")
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = sliding_window_view(padded, w.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    return np.einsum("ncijpq,ocpq->noij", windows, w) + bias[:, None, None]


@conv2d_naive.misconception("The size is rounded up where the stride leaves a rest: a window that hangs over is left out.",
                            SHIFTS)  # fmt: skip
def naive_rounded_up(x, w, b=None, stride=1, padding=0):
    bias = np.zeros(len(w)) if b is None else b
    if stride < 1 or x.shape[1] != w.shape[1] or bias.shape != w.shape[:1]:
        raise ValueError("impossible arguments")
    if x.shape[2] + 2 * padding < w.shape[2] or x.shape[3] + 2 * padding < w.shape[3]:
        raise ValueError("the kernel does not fit")
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding + stride - 1), (padding, padding + stride - 1)))
    windows = sliding_window_view(padded, w.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    return np.einsum("ncijpq,ocpq->noij", windows, w) + bias[:, None, None]


@conv2d_naive.misconception("The last window of each row and column is skipped: the + 1 of the size is missing.", ALL)
def naive_last_skipped(x, w, b=None, stride=1, padding=0):
    bias = np.zeros(len(w)) if b is None else b
    if stride < 1 or x.shape[1] != w.shape[1] or bias.shape != w.shape[:1]:
        raise ValueError("impossible arguments")
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    windows = sliding_window_view(padded, w.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    return (np.einsum("ncijpq,ocpq->noij", windows, w) + bias[:, None, None])[:, :, :-1, :-1]


@conv2d_naive.misconception(
    "The number of rows is used for the columns too: pictures and kernels need not be square.", ALL
)
def naive_square(x, w, b=None, stride=1, padding=0):
    bias = np.zeros(len(w)) if b is None else b
    if stride < 1 or x.shape[1] != w.shape[1] or bias.shape != w.shape[:1]:
        raise ValueError("impossible arguments")
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    windows = sliding_window_view(padded, w.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    y = np.einsum("ncijpq,ocpq->noij", windows, w) + bias[:, None, None]
    rows = y.shape[2]
    return np.pad(y, ((0, 0), (0, 0), (0, 0), (0, rows)))[..., :rows]


@conv2d_naive.misconception(
    "The width of the output is worked out with the kernel's height: kernels need not be square.",
    "values options untouched",
)
def naive_square_kernel(x, w, b=None, stride=1, padding=0):
    (n, c, height, width), (filters, depth, kh, kw) = x.shape, w.shape
    if stride < 1 or c != depth or (b is not None and b.shape != (filters,)):
        raise ValueError("impossible arguments")
    if height + 2 * padding < kh or width + 2 * padding < kw:
        raise ValueError("the kernel does not fit")
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    y = np.zeros((n, filters, (height + 2 * padding - kh) // stride + 1, (width + 2 * padding - kh) // stride + 1))
    for m, f, i, j in np.ndindex(*y.shape):
        top, left = i * stride, j * stride
        y[m, f, i, j] = (padded[m, :, top : top + kh, left : left + kw] * w[f]).sum()
    return y if b is None else y + b[:, None, None]


@conv2d_naive.misconception(
    "Every call ends in a TypeError. Where it speaks of a float that should be an integer, use // for sizes, not /.",
    ALL,
)
def naive_float_size(x, w, b=None, stride=1, padding=0):
    (n, c, height, width), (filters, depth, kh, kw) = x.shape, w.shape
    if stride < 1 or padding < 0 or c != depth or (b is not None and b.shape != (filters,)):
        raise ValueError("impossible arguments")
    if height + 2 * padding < kh or width + 2 * padding < kw:
        raise ValueError("the kernel does not fit")
    return np.zeros((n, filters, (height + 2 * padding - kh) / stride + 1, (width + 2 * padding - kw) / stride + 1))


@conv2d_naive.misconception("The input is changed: the padding or the products are written into the caller's array.",
                            "untouched")  # fmt: skip
def naive_in_place(x, w, b=None, stride=1, padding=0):
    bias = np.zeros(len(w)) if b is None else b
    if stride < 1 or x.shape[1] != w.shape[1] or bias.shape != w.shape[:1]:
        raise ValueError("impossible arguments")
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    windows = sliding_window_view(padded, w.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    y = np.einsum("ncijpq,ocpq->noij", windows, w) + bias[:, None, None]
    x *= 2
    return y


@conv2d_naive.misconception("The loop runs over the input and i // stride over the output, so later windows overwrite it.",
                            SHIFTS)  # fmt: skip
def naive_overwritten(x, w, b=None, stride=1, padding=0):
    bias = np.zeros(len(w)) if b is None else b
    if stride < 1 or x.shape[1] != w.shape[1] or bias.shape != w.shape[:1]:
        raise ValueError("impossible arguments")
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    windows = sliding_window_view(padded, w.shape[2:], axis=(2, 3))
    rows, columns = windows.shape[2:4]
    last_row = [min(i + stride, rows) - 1 for i in range(0, rows, stride)]
    last_column = [min(j + stride, columns) - 1 for j in range(0, columns, stride)]
    return np.einsum("ncijpq,ocpq->noij", windows[:, :, last_row][:, :, :, last_column], w) + bias[:, None, None]


@conv2d_naive.misconception("The windows stop where the unpadded input would end; they go over the padded one.",
                            SHIFTS)  # fmt: skip
def naive_unpadded_extent(x, w, b=None, stride=1, padding=0):
    bias = np.zeros(len(w)) if b is None else b
    if stride < 1 or x.shape[1] != w.shape[1] or bias.shape != w.shape[:1]:
        raise ValueError("impossible arguments")
    rows, columns = (n - k + 1 for n, k in zip(x.shape[2:], w.shape[2:]))
    if min(rows, columns) < 1:
        raise ValueError("the kernel does not fit")
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    windows = sliding_window_view(padded, w.shape[2:], axis=(2, 3))[:, :, :rows:stride, :columns:stride]
    return np.einsum("ncijpq,ocpq->noij", windows, w) + bias[:, None, None]


@conv2d_naive.misconception("Only the first window is computed: `return` stands inside the loop.", ALL)
def naive_returns_early(x, w, b=None, stride=1, padding=0):
    bias = np.zeros(len(w)) if b is None else b
    if stride < 1 or x.shape[1] != w.shape[1] or bias.shape != w.shape[:1]:
        raise ValueError("impossible arguments")
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    windows = sliding_window_view(padded, w.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    y = np.einsum("ncijpq,ocpq->noij", windows, w) + bias[:, None, None]
    y.reshape(-1)[1:] = 0
    return y


@conv2d_naive.misconception(
    "Impossible arguments are let through; the statement asks for a ValueError.", "examples refusals"
)
def naive_unchecked(x, w, b=None, stride=1, padding=0):
    x, w = (each if each.ndim == 4 else each[None] for each in (x, w))
    depth = min(x.shape[1], w.shape[1])
    bias = np.zeros(len(w)) if b is None else np.resize(b, len(w))
    padding, stride = max(padding, 0), max(stride, 1)
    padded = np.pad(x[:, :depth], ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    kh, kw = (min(k, n) for k, n in zip(w.shape[2:], padded.shape[2:]))
    windows = sliding_window_view(padded, (kh, kw), axis=(2, 3))[:, :, ::stride, ::stride]
    return np.einsum("ncijpq,ocpq->noij", windows, w[:, :depth, :kh, :kw]) + bias[:, None, None]
