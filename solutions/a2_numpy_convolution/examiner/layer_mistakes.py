"""Wrong layers: each is a right one by windows but for one thing."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from .inputs import pair
from .layers import conv2d

ALL = "examples values options groups untouched"


@conv2d.misconception("The kernel is flipped. A layer computes a cross-correlation: the kernel as it stands.", ALL)
def layer_flipped(x, w, b=None, stride=1, padding=0, dilation=1, groups=1):
    (sh, sw), (ph, pw), (dh, dw) = pair(stride), pair(padding), pair(dilation)
    filters, depth, kh, kw = w.shape
    if min(sh, sw, dh, dw, groups) < 1 or x.shape[1] != groups * depth or (b is not None and b.shape != (filters,)):
        raise ValueError("impossible arguments")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    windows = sliding_window_view(padded, (dh * (kh - 1) + 1, dw * (kw - 1) + 1), axis=(2, 3))
    windows = windows[:, :, ::sh, ::sw, ::dh, ::dw]
    windows = windows.reshape(len(x), groups, depth, *windows.shape[2:])
    kernel = w.reshape(groups, filters // groups, depth, kh, kw)
    y = np.einsum("ngcijpq,gocpq->ngoij", windows, kernel[..., ::-1, ::-1])
    y = y.reshape(len(x), filters, *y.shape[3:])
    return y if b is None else y + b[:, None, None]


@conv2d.misconception("The bias is forgotten: b[f] is added to every number of filter f's map.", ALL + " cost")
def layer_without_bias(x, w, b=None, stride=1, padding=0, dilation=1, groups=1):
    (sh, sw), (ph, pw), (dh, dw) = pair(stride), pair(padding), pair(dilation)
    filters, depth, kh, kw = w.shape
    if min(sh, sw, dh, dw, groups) < 1 or x.shape[1] != groups * depth or (b is not None and b.shape != (filters,)):
        raise ValueError("impossible arguments")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    windows = sliding_window_view(padded, (dh * (kh - 1) + 1, dw * (kw - 1) + 1), axis=(2, 3))
    windows = windows[:, :, ::sh, ::sw, ::dh, ::dw]
    windows = windows.reshape(len(x), groups, depth, *windows.shape[2:])
    kernel = w.reshape(groups, filters // groups, depth, kh, kw)
    y = np.einsum("ngcijpq,gocpq->ngoij", windows, kernel)
    return y.reshape(len(x), filters, *y.shape[3:])


@conv2d.misconception(
    "The bias is added along the columns: `y + b` lines b up with the last axis. Reshape it to (F, 1, 1).",
    ALL + " dtype cost",
)
def layer_bias_on_columns(x, w, b=None, stride=1, padding=0, dilation=1, groups=1):
    (sh, sw), (ph, pw), (dh, dw) = pair(stride), pair(padding), pair(dilation)
    filters, depth, kh, kw = w.shape
    if min(sh, sw, dh, dw, groups) < 1 or x.shape[1] != groups * depth or (b is not None and b.shape != (filters,)):
        raise ValueError("impossible arguments")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    windows = sliding_window_view(padded, (dh * (kh - 1) + 1, dw * (kw - 1) + 1), axis=(2, 3))
    windows = windows[:, :, ::sh, ::sw, ::dh, ::dw]
    windows = windows.reshape(len(x), groups, depth, *windows.shape[2:])
    kernel = w.reshape(groups, filters // groups, depth, kh, kw)
    y = np.einsum("ngcijpq,gocpq->ngoij", windows, kernel)
    y = y.reshape(len(x), filters, *y.shape[3:])
    return y if b is None else y + b


@conv2d.misconception("b may be None: then nothing is added.", "examples values options groups laws dtype")
def layer_bias_needed(x, w, b=None, stride=1, padding=0, dilation=1, groups=1):
    (sh, sw), (ph, pw), (dh, dw) = pair(stride), pair(padding), pair(dilation)
    filters, depth, kh, kw = w.shape
    if min(sh, sw, dh, dw, groups) < 1 or x.shape[1] != groups * depth or b.shape != (filters,):
        raise ValueError("impossible arguments")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    windows = sliding_window_view(padded, (dh * (kh - 1) + 1, dw * (kw - 1) + 1), axis=(2, 3))
    windows = windows[:, :, ::sh, ::sw, ::dh, ::dw]
    windows = windows.reshape(len(x), groups, depth, *windows.shape[2:])
    kernel = w.reshape(groups, filters // groups, depth, kh, kw)
    y = np.einsum("ngcijpq,gocpq->ngoij", windows, kernel)
    y = y.reshape(len(x), filters, *y.shape[3:])
    return y + b[:, None, None]


@conv2d.misconception(
    "The product is reshaped to (N, F, H', W') while its axes stand in another order. Reshape first to what it is, (N, H', W', F), then transpose.",
    ALL + " laws",
)
def layer_scrambled(x, w, b=None, stride=1, padding=0, dilation=1, groups=1):
    (sh, sw), (ph, pw), (dh, dw) = pair(stride), pair(padding), pair(dilation)
    filters, depth, kh, kw = w.shape
    if min(sh, sw, dh, dw, groups) < 1 or x.shape[1] != groups * depth or (b is not None and b.shape != (filters,)):
        raise ValueError("impossible arguments")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    windows = sliding_window_view(padded, (dh * (kh - 1) + 1, dw * (kw - 1) + 1), axis=(2, 3))
    windows = windows[:, :, ::sh, ::sw, ::dh, ::dw]
    windows = windows.reshape(len(x), groups, depth, *windows.shape[2:])
    kernel = w.reshape(groups, filters // groups, depth, kh, kw)
    y = np.einsum("ngcijpq,gocpq->nijgo", windows, kernel)
    y = y.reshape(len(x), filters, *y.shape[1:3])
    return y if b is None else y + b[:, None, None]


@conv2d.misconception(
    "An axis of length 1 is lost (`squeeze`): one image is still a batch, (1, F, H', W').",
    "examples values options groups laws cost",
)
def layer_batch_lost(x, w, b=None, stride=1, padding=0, dilation=1, groups=1):
    (sh, sw), (ph, pw), (dh, dw) = pair(stride), pair(padding), pair(dilation)
    filters, depth, kh, kw = w.shape
    if min(sh, sw, dh, dw, groups) < 1 or x.shape[1] != groups * depth or (b is not None and b.shape != (filters,)):
        raise ValueError("impossible arguments")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    windows = sliding_window_view(padded, (dh * (kh - 1) + 1, dw * (kw - 1) + 1), axis=(2, 3))
    windows = windows[:, :, ::sh, ::sw, ::dh, ::dw]
    windows = windows.reshape(len(x), groups, depth, *windows.shape[2:])
    kernel = w.reshape(groups, filters // groups, depth, kh, kw)
    y = np.einsum("ngcijpq,gocpq->ngoij", windows, kernel)
    y = y.reshape(len(x), filters, *y.shape[3:])
    return np.squeeze(y if b is None else y + b[:, None, None])


@conv2d.misconception("Padding is put above and left only; it belongs on both sides.", "options groups untouched")
def layer_padded_once(x, w, b=None, stride=1, padding=0, dilation=1, groups=1):
    (sh, sw), (ph, pw), (dh, dw) = pair(stride), pair(padding), pair(dilation)
    filters, depth, kh, kw = w.shape
    if min(sh, sw, dh, dw, groups) < 1 or x.shape[1] != groups * depth or (b is not None and b.shape != (filters,)):
        raise ValueError("impossible arguments")
    padded = np.pad(x, ((0, 0), (0, 0), (2 * ph, 0), (2 * pw, 0)))
    windows = sliding_window_view(padded, (dh * (kh - 1) + 1, dw * (kw - 1) + 1), axis=(2, 3))
    windows = windows[:, :, ::sh, ::sw, ::dh, ::dw]
    windows = windows.reshape(len(x), groups, depth, *windows.shape[2:])
    kernel = w.reshape(groups, filters // groups, depth, kh, kw)
    y = np.einsum("ngcijpq,gocpq->ngoij", windows, kernel)
    y = y.reshape(len(x), filters, *y.shape[3:])
    return y if b is None else y + b[:, None, None]


@conv2d.misconception(
    "A pair means (rows, columns): here stride, padding or dilation is read the other way round.",
    "examples options groups laws untouched",
)
def layer_pairs_exchanged(x, w, b=None, stride=1, padding=0, dilation=1, groups=1):
    (sw, sh), (pw, ph), (dw, dh) = pair(stride), pair(padding), pair(dilation)
    filters, depth, kh, kw = w.shape
    if min(sh, sw, dh, dw, groups) < 1 or x.shape[1] != groups * depth or (b is not None and b.shape != (filters,)):
        raise ValueError("impossible arguments")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    windows = sliding_window_view(padded, (dh * (kh - 1) + 1, dw * (kw - 1) + 1), axis=(2, 3))
    windows = windows[:, :, ::sh, ::sw, ::dh, ::dw]
    windows = windows.reshape(len(x), groups, depth, *windows.shape[2:])
    kernel = w.reshape(groups, filters // groups, depth, kh, kw)
    y = np.einsum("ngcijpq,gocpq->ngoij", windows, kernel)
    y = y.reshape(len(x), filters, *y.shape[3:])
    return y if b is None else y + b[:, None, None]


@conv2d.misconception(
    "The stride is left out of the window's start: window i begins at row i · stride.",
    "examples options groups laws untouched",
)
def layer_start_without_stride(x, w, b=None, stride=1, padding=0, dilation=1, groups=1):
    (sh, sw), (ph, pw), (dh, dw) = pair(stride), pair(padding), pair(dilation)
    filters, depth, kh, kw = w.shape
    if min(sh, sw, dh, dw, groups) < 1 or x.shape[1] != groups * depth or (b is not None and b.shape != (filters,)):
        raise ValueError("impossible arguments")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    windows = sliding_window_view(padded, (dh * (kh - 1) + 1, dw * (kw - 1) + 1), axis=(2, 3))
    rows, columns = windows[0, 0, ::sh, ::sw].shape[:2]
    windows = windows[:, :, :rows, :columns, ::dh, ::dw]
    windows = windows.reshape(len(x), groups, depth, *windows.shape[2:])
    kernel = w.reshape(groups, filters // groups, depth, kh, kw)
    y = np.einsum("ngcijpq,gocpq->ngoij", windows, kernel)
    y = y.reshape(len(x), filters, *y.shape[3:])
    return y if b is None else y + b[:, None, None]


@conv2d.misconception(
    "The size is rounded up where the stride leaves a rest: a window that hangs over is left out.",
    "options groups laws untouched",
)
def layer_rounded_up(x, w, b=None, stride=1, padding=0, dilation=1, groups=1):
    (sh, sw), (ph, pw), (dh, dw) = pair(stride), pair(padding), pair(dilation)
    filters, depth, kh, kw = w.shape
    if min(sh, sw, dh, dw, groups) < 1 or x.shape[1] != groups * depth or (b is not None and b.shape != (filters,)):
        raise ValueError("impossible arguments")
    if x.shape[2] + 2 * ph <= dh * (kh - 1) or x.shape[3] + 2 * pw <= dw * (kw - 1):
        raise ValueError("the kernel does not fit")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph + sh - 1), (pw, pw + sw - 1)))
    windows = sliding_window_view(padded, (dh * (kh - 1) + 1, dw * (kw - 1) + 1), axis=(2, 3))
    windows = windows[:, :, ::sh, ::sw, ::dh, ::dw]
    windows = windows.reshape(len(x), groups, depth, *windows.shape[2:])
    kernel = w.reshape(groups, filters // groups, depth, kh, kw)
    y = np.einsum("ngcijpq,gocpq->ngoij", windows, kernel)
    y = y.reshape(len(x), filters, *y.shape[3:])
    return y if b is None else y + b[:, None, None]


@conv2d.misconception(
    "Dilation is not looked at: the taps of a window lie dilation pixels apart.", "examples options groups refusals"
)
def layer_undilated(x, w, b=None, stride=1, padding=0, dilation=1, groups=1):
    (sh, sw), (ph, pw), (dh, dw) = pair(stride), pair(padding), pair(dilation)
    filters, depth, kh, kw = w.shape
    if min(sh, sw, dh, dw, groups) < 1 or x.shape[1] != groups * depth or (b is not None and b.shape != (filters,)):
        raise ValueError("impossible arguments")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    windows = sliding_window_view(padded, (kh, kw), axis=(2, 3))
    windows = windows[:, :, ::sh, ::sw]
    windows = windows.reshape(len(x), groups, depth, *windows.shape[2:])
    kernel = w.reshape(groups, filters // groups, depth, kh, kw)
    y = np.einsum("ngcijpq,gocpq->ngoij", windows, kernel)
    y = y.reshape(len(x), filters, *y.shape[3:])
    return y if b is None else y + b[:, None, None]


@conv2d.misconception(
    "The kernel spans dilation · (k − 1) + 1 pixels, not dilation · k: the last windows are missing.",
    "examples options groups",
)
def layer_span_too_wide(x, w, b=None, stride=1, padding=0, dilation=1, groups=1):
    (sh, sw), (ph, pw), (dh, dw) = pair(stride), pair(padding), pair(dilation)
    filters, depth, kh, kw = w.shape
    if min(sh, sw, dh, dw, groups) < 1 or x.shape[1] != groups * depth or (b is not None and b.shape != (filters,)):
        raise ValueError("impossible arguments")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    windows = sliding_window_view(padded, (dh * kh, dw * kw), axis=(2, 3))
    windows = windows[:, :, ::sh, ::sw, ::dh, ::dw]
    windows = windows.reshape(len(x), groups, depth, *windows.shape[2:])
    kernel = w.reshape(groups, filters // groups, depth, kh, kw)
    y = np.einsum("ngcijpq,gocpq->ngoij", windows, kernel)
    y = y.reshape(len(x), filters, *y.shape[3:])
    return y if b is None else y + b[:, None, None]


@conv2d.misconception(
    "Every filter reads the channels of the first group; group g has the channels from g · C / groups on.",
    "examples groups untouched",
)
def layer_first_group_only(x, w, b=None, stride=1, padding=0, dilation=1, groups=1):
    (sh, sw), (ph, pw), (dh, dw) = pair(stride), pair(padding), pair(dilation)
    filters, depth, kh, kw = w.shape
    if min(sh, sw, dh, dw, groups) < 1 or x.shape[1] != groups * depth or (b is not None and b.shape != (filters,)):
        raise ValueError("impossible arguments")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    windows = sliding_window_view(padded, (dh * (kh - 1) + 1, dw * (kw - 1) + 1), axis=(2, 3))
    windows = windows[:, :, ::sh, ::sw, ::dh, ::dw]
    windows = windows.reshape(len(x), groups, depth, *windows.shape[2:])
    kernel = w.reshape(groups, filters // groups, depth, kh, kw)
    y = np.einsum("ncijpq,gocpq->ngoij", windows[:, 0], kernel)
    y = y.reshape(len(x), filters, *y.shape[3:])
    return y if b is None else y + b[:, None, None]


@conv2d.misconception(
    "The channels are dealt out in turn, 0, G, 2G, … to the first group; a group is a block of neighbouring channels.",
    "examples groups untouched",
)
def layer_channels_dealt_out(x, w, b=None, stride=1, padding=0, dilation=1, groups=1):
    (sh, sw), (ph, pw), (dh, dw) = pair(stride), pair(padding), pair(dilation)
    filters, depth, kh, kw = w.shape
    if min(sh, sw, dh, dw, groups) < 1 or x.shape[1] != groups * depth or (b is not None and b.shape != (filters,)):
        raise ValueError("impossible arguments")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    windows = sliding_window_view(padded, (dh * (kh - 1) + 1, dw * (kw - 1) + 1), axis=(2, 3))
    windows = windows[:, :, ::sh, ::sw, ::dh, ::dw]
    windows = windows.reshape(len(x), depth, groups, *windows.shape[2:]).swapaxes(1, 2)
    kernel = w.reshape(groups, filters // groups, depth, kh, kw)
    y = np.einsum("ngcijpq,gocpq->ngoij", windows, kernel)
    y = y.reshape(len(x), filters, *y.shape[3:])
    return y if b is None else y + b[:, None, None]


@conv2d.misconception(
    "The filters are dealt out to the groups in turn; the first F / groups filters belong to the first group.",
    "examples groups untouched",
)
def layer_filters_dealt_out(x, w, b=None, stride=1, padding=0, dilation=1, groups=1):
    (sh, sw), (ph, pw), (dh, dw) = pair(stride), pair(padding), pair(dilation)
    filters, depth, kh, kw = w.shape
    if min(sh, sw, dh, dw, groups) < 1 or x.shape[1] != groups * depth or (b is not None and b.shape != (filters,)):
        raise ValueError("impossible arguments")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    windows = sliding_window_view(padded, (dh * (kh - 1) + 1, dw * (kw - 1) + 1), axis=(2, 3))
    windows = windows[:, :, ::sh, ::sw, ::dh, ::dw]
    windows = windows.reshape(len(x), groups, depth, *windows.shape[2:])
    kernel = w.reshape(filters // groups, groups, depth, kh, kw).swapaxes(0, 1)
    y = np.einsum("ngcijpq,gocpq->ngoij", windows, kernel)
    y = y.reshape(len(x), filters, *y.shape[3:])
    return y if b is None else y + b[:, None, None]


@conv2d.misconception(
    "The maps of the groups alternate in the output; all maps of the first group come first.",
    "examples groups untouched",
)
def layer_maps_in_turn(x, w, b=None, stride=1, padding=0, dilation=1, groups=1):
    (sh, sw), (ph, pw), (dh, dw) = pair(stride), pair(padding), pair(dilation)
    filters, depth, kh, kw = w.shape
    if min(sh, sw, dh, dw, groups) < 1 or x.shape[1] != groups * depth or (b is not None and b.shape != (filters,)):
        raise ValueError("impossible arguments")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    windows = sliding_window_view(padded, (dh * (kh - 1) + 1, dw * (kw - 1) + 1), axis=(2, 3))
    windows = windows[:, :, ::sh, ::sw, ::dh, ::dw]
    windows = windows.reshape(len(x), groups, depth, *windows.shape[2:])
    kernel = w.reshape(groups, filters // groups, depth, kh, kw)
    y = np.einsum("ngcijpq,gocpq->nogij", windows, kernel)
    y = y.reshape(len(x), filters, *y.shape[3:])
    return y if b is None else y + b[:, None, None]


@conv2d.misconception("The result is always float64; from float32 it should be float32.", "dtype")
def layer_in_double(x, w, b=None, stride=1, padding=0, dilation=1, groups=1):
    (sh, sw), (ph, pw), (dh, dw) = pair(stride), pair(padding), pair(dilation)
    filters, depth, kh, kw = w.shape
    if min(sh, sw, dh, dw, groups) < 1 or x.shape[1] != groups * depth or (b is not None and b.shape != (filters,)):
        raise ValueError("impossible arguments")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    windows = sliding_window_view(padded, (dh * (kh - 1) + 1, dw * (kw - 1) + 1), axis=(2, 3))
    windows = windows[:, :, ::sh, ::sw, ::dh, ::dw]
    windows = windows.reshape(len(x), groups, depth, *windows.shape[2:])
    kernel = w.reshape(groups, filters // groups, depth, kh, kw)
    y = np.einsum("ngcijpq,gocpq->ngoij", windows, kernel)
    y = y.reshape(len(x), filters, *y.shape[3:])
    return (y if b is None else y + b[:, None, None]).astype(np.float64)


@conv2d.misconception(
    "The input is changed: the padding or the products are written into the caller's array.", "untouched"
)
def layer_in_place(x, w, b=None, stride=1, padding=0, dilation=1, groups=1):
    (sh, sw), (ph, pw), (dh, dw) = pair(stride), pair(padding), pair(dilation)
    filters, depth, kh, kw = w.shape
    if min(sh, sw, dh, dw, groups) < 1 or x.shape[1] != groups * depth or (b is not None and b.shape != (filters,)):
        raise ValueError("impossible arguments")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    windows = sliding_window_view(padded, (dh * (kh - 1) + 1, dw * (kw - 1) + 1), axis=(2, 3))
    windows = windows[:, :, ::sh, ::sw, ::dh, ::dw]
    windows = windows.reshape(len(x), groups, depth, *windows.shape[2:])
    kernel = w.reshape(groups, filters // groups, depth, kh, kw)
    y = np.einsum("ngcijpq,gocpq->ngoij", windows, kernel)
    y = y.reshape(len(x), filters, *y.shape[3:])
    x *= 0
    return y if b is None else y + b[:, None, None]


@conv2d.misconception("Impossible arguments are let through; the statement asks for a ValueError.", "examples refusals")
def layer_unchecked(x, w, b=None, stride=1, padding=0, dilation=1, groups=1):
    (sh, sw), (dh, dw) = ([max(each, 1) for each in pair(one)] for one in (stride, dilation))
    ph, pw = (max(each, 0) for each in pair(padding))
    x, w = (each if each.ndim == 4 else each[None] for each in (x, w))
    groups = max(groups, 1)
    depth, each = min(x.shape[1] // groups, w.shape[1]), len(w) // groups
    bias = np.zeros(len(w), x.dtype) if b is None else np.resize(b, len(w))
    padded = np.pad(x[:, : groups * depth], ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    dh, dw = (d if d * (k - 1) < n else 1 for d, k, n in zip((dh, dw), w.shape[2:], padded.shape[2:]))
    kh, kw = (min(k, n) for k, n in zip(w.shape[2:], padded.shape[2:]))
    windows = sliding_window_view(padded, (dh * (kh - 1) + 1, dw * (kw - 1) + 1), axis=(2, 3))
    windows = windows[:, :, ::sh, ::sw, ::dh, ::dw]
    windows = windows.reshape(len(x), groups, depth, *windows.shape[2:])
    kernel = w[: groups * each, :depth, :kh, :kw].reshape(groups, each, depth, kh, kw)
    y = np.einsum("ngcijpq,gocpq->ngoij", windows, kernel)
    return y.reshape(len(x), groups * each, *y.shape[3:]) + bias[: groups * each, None, None]
