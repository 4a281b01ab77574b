"""What goes wrong in max pooling: where the maximum stands, ties, dtypes."""

import numpy as np

from .inputs import pair
from .maxima import max_pool2d


@max_pool2d.misconception(
    "argmax counts within its window; it should count in the whole H · W plane.",
    "examples argmax ties symmetry untouched",
)
def max_index_in_window(x, kernel_size, stride=None):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    if min(kh, kw, sh, sw) < 1:
        raise ValueError("impossible arguments")
    windows = np.lib.stride_tricks.sliding_window_view(x, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw]
    return windows.max(axis=(4, 5)), windows.reshape(*windows.shape[:4], -1).argmax(axis=4)


@max_pool2d.misconception(
    "A place in the window is split into row and column by its height; divide by its width.",
    "examples argmax ties symmetry untouched",
)
def max_index_by_height(x, kernel_size, stride=None):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    if min(kh, kw, sh, sw) < 1:
        raise ValueError("impossible arguments")
    windows = np.lib.stride_tricks.sliding_window_view(x, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw]
    inside = windows.reshape(*windows.shape[:4], -1).argmax(axis=4)
    rows, columns = np.arange(windows.shape[2])[:, None] * sh, np.arange(windows.shape[3]) * sw
    return windows.max(axis=(4, 5)), (rows + inside // kh) * x.shape[3] + columns + inside % kh


@max_pool2d.misconception(
    "argmax counts with the output's width; a row of the plane has the input's.",
    "examples argmax ties symmetry untouched",
)
def max_index_by_output(x, kernel_size, stride=None):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    if min(kh, kw, sh, sw) < 1:
        raise ValueError("impossible arguments")
    windows = np.lib.stride_tricks.sliding_window_view(x, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw]
    inside = windows.reshape(*windows.shape[:4], -1).argmax(axis=4)
    rows, columns = np.arange(windows.shape[2])[:, None] * sh, np.arange(windows.shape[3]) * sw
    return windows.max(axis=(4, 5)), (rows + inside // kw) * windows.shape[3] + columns + inside % kw


@max_pool2d.misconception(
    "argmax counts rows by the image's height; a row holds W pixels, so multiply by the width.",
    "argmax ties symmetry untouched",
)
def max_index_times_height(x, kernel_size, stride=None):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    if min(kh, kw, sh, sw) < 1:
        raise ValueError("impossible arguments")
    windows = np.lib.stride_tricks.sliding_window_view(x, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw]
    inside = windows.reshape(*windows.shape[:4], -1).argmax(axis=4)
    rows, columns = np.arange(windows.shape[2])[:, None] * sh, np.arange(windows.shape[3]) * sw
    return windows.max(axis=(4, 5)), (rows + inside // kw) * x.shape[2] + columns + inside % kw


@max_pool2d.misconception(
    "argmax lacks the stride: the window's own row and column have to be multiplied by it.",
    "examples argmax ties symmetry untouched",
)
def max_index_without_stride(x, kernel_size, stride=None):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    if min(kh, kw, sh, sw) < 1:
        raise ValueError("impossible arguments")
    windows = np.lib.stride_tricks.sliding_window_view(x, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw]
    inside = windows.reshape(*windows.shape[:4], -1).argmax(axis=4)
    rows, columns = np.arange(windows.shape[2])[:, None], np.arange(windows.shape[3])
    return windows.max(axis=(4, 5)), (rows + inside // kw) * x.shape[3] + columns + inside % kw


@max_pool2d.misconception(
    "argmax goes on counting from channel to channel; each plane begins at 0 again.",
    "examples argmax ties symmetry untouched",
)
def max_index_over_all(x, kernel_size, stride=None):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    if min(kh, kw, sh, sw) < 1:
        raise ValueError("impossible arguments")
    windows = np.lib.stride_tricks.sliding_window_view(x, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw]
    inside = windows.reshape(*windows.shape[:4], -1).argmax(axis=4)
    rows, columns = np.arange(windows.shape[2])[:, None] * sh, np.arange(windows.shape[3]) * sw
    plane = np.arange(x.shape[0] * x.shape[1]).reshape(*x.shape[:2], 1, 1) * x.shape[2] * x.shape[3]
    return windows.max(axis=(4, 5)), plane + (rows + inside // kw) * x.shape[3] + columns + inside % kw


@max_pool2d.misconception(
    "Of equal maxima the last is taken, as >= does; take the first: > in place of >=.", "examples ties"
)
def max_last_of_ties(x, kernel_size, stride=None):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    if min(kh, kw, sh, sw) < 1:
        raise ValueError("impossible arguments")
    windows = np.lib.stride_tricks.sliding_window_view(x, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw]
    inside = kh * kw - 1 - windows.reshape(*windows.shape[:4], -1)[..., ::-1].argmax(axis=4)
    rows, columns = np.arange(windows.shape[2])[:, None] * sh, np.arange(windows.shape[3]) * sw
    return windows.max(axis=(4, 5)), (rows + inside // kw) * x.shape[3] + columns + inside % kw


@max_pool2d.misconception("Of equal maxima the first is looked for column by column; go row by row.", "ties")
def max_first_by_columns(x, kernel_size, stride=None):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    if min(kh, kw, sh, sw) < 1:
        raise ValueError("impossible arguments")
    windows = np.lib.stride_tricks.sliding_window_view(x, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw]
    inside = windows.swapaxes(4, 5).reshape(*windows.shape[:4], -1).argmax(axis=4)
    rows, columns = np.arange(windows.shape[2])[:, None] * sh, np.arange(windows.shape[3]) * sw
    return windows.max(axis=(4, 5)), (rows + inside % kh) * x.shape[3] + columns + inside // kh


@max_pool2d.misconception("The maximum is looked up in the whole plane, where the same value may stand earlier, outside the window.",
                          "examples ties")  # fmt: skip
def max_looked_up(x, kernel_size, stride=None):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    if min(kh, kw, sh, sw) < 1:
        raise ValueError("impossible arguments")
    y = np.lib.stride_tricks.sliding_window_view(x, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw].max(axis=(4, 5))
    plane = x.reshape(*x.shape[:2], 1, 1, -1)
    return y, (plane == y[..., None]).argmax(axis=4)


@max_pool2d.misconception(
    "Only y comes back; the statement asks for the pair (y, argmax).",
    "examples values options argmax ties symmetry untouched dtype",
)
def max_alone(x, kernel_size, stride=None):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    if min(kh, kw, sh, sw) < 1:
        raise ValueError("impossible arguments")
    return np.lib.stride_tricks.sliding_window_view(x, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw].max(axis=(4, 5))


@max_pool2d.misconception(
    "y is float64 whatever x is: np.zeros and np.empty make float64 unless they are given x.dtype.", "dtype"
)
def max_in_float64(x, kernel_size, stride=None):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    if min(kh, kw, sh, sw) < 1:
        raise ValueError("impossible arguments")
    windows = np.lib.stride_tricks.sliding_window_view(x, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw]
    inside = windows.reshape(*windows.shape[:4], -1).argmax(axis=4)
    rows, columns = np.arange(windows.shape[2])[:, None] * sh, np.arange(windows.shape[3]) * sw
    y = windows.max(axis=(4, 5)).astype(np.float64)
    return y, (rows + inside // kw) * x.shape[3] + columns + inside % kw


@max_pool2d.misconception(
    "argmax comes back as floats; indices are whole numbers: give np.zeros the dtype np.int64.", "dtype"
)
def max_index_as_float(x, kernel_size, stride=None):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    if min(kh, kw, sh, sw) < 1:
        raise ValueError("impossible arguments")
    windows = np.lib.stride_tricks.sliding_window_view(x, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw]
    inside = windows.reshape(*windows.shape[:4], -1).argmax(axis=4)
    rows, columns = np.arange(windows.shape[2])[:, None] * sh, np.arange(windows.shape[3]) * sw
    return windows.max(axis=(4, 5)), ((rows + inside // kw) * x.shape[3] + columns + inside % kw).astype(float)
