"""Wrong depthwise layers: each is a right one by windows but for one thing. The loop is right, and slow."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from .depthwise import depthwise_conv2d
from .inputs import pair
from .judges import LOOPS


@depthwise_conv2d.misconception(
    "The maps stand in the wrong order: the m maps of channel 0 come first, then those of channel 1.",
    "examples multiplier untouched",
)
def depthwise_tiled(x, w, b=None, stride=1, padding=0):
    (sh, sw), (ph, pw) = pair(stride), pair(padding)
    (filters, depth, kh, kw), channels = w.shape, x.shape[1]
    bias = np.zeros(filters) if b is None else b
    if min(sh, sw) < 1 or depth != 1 or filters % channels or bias.shape != (filters,):
        raise ValueError("impossible arguments")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    windows = sliding_window_view(padded, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw]
    y = np.einsum("ncijpq,cmpq->nmcij", windows, w.reshape(channels, -1, kh, kw))
    return y.reshape(len(x), filters, *y.shape[3:]) + bias[:, None, None]


@depthwise_conv2d.misconception(
    "The channels are taken in turn: output map f reads input channel f // m, not f % C. That is `repeat`, not `tile`.",
    "examples multiplier untouched",
)
def depthwise_wrong_channel(x, w, b=None, stride=1, padding=0):
    (sh, sw), (ph, pw) = pair(stride), pair(padding)
    (filters, depth, kh, kw), channels = w.shape, x.shape[1]
    bias = np.zeros(filters) if b is None else b
    if min(sh, sw) < 1 or depth != 1 or filters % channels or bias.shape != (filters,):
        raise ValueError("impossible arguments")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    windows = sliding_window_view(padded, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw]
    y = np.einsum("ncijpq,mcpq->nmcij", windows, w.reshape(-1, channels, kh, kw))
    return y.reshape(len(x), filters, *y.shape[3:]) + bias[:, None, None]


@depthwise_conv2d.misconception(
    "Each channel uses only its first filter, again and again; it has m filters of its own.",
    "examples multiplier untouched",
)
def depthwise_one_filter_each(x, w, b=None, stride=1, padding=0):
    (sh, sw), (ph, pw) = pair(stride), pair(padding)
    (filters, depth, kh, kw), channels = w.shape, x.shape[1]
    bias = np.zeros(filters) if b is None else b
    if min(sh, sw) < 1 or depth != 1 or filters % channels or bias.shape != (filters,):
        raise ValueError("impossible arguments")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    windows = sliding_window_view(padded, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw]
    y = np.einsum("ncijpq,cmpq->ncmij", windows, w.reshape(channels, -1, kh, kw)[:, :1])
    y = y.repeat(filters // channels, axis=2)
    return y.reshape(len(x), filters, *y.shape[3:]) + bias[:, None, None]


@depthwise_conv2d.misconception(
    "The channels are summed up, as in an ordinary layer; here each keeps its own maps.",
    "examples values multiplier untouched cost",
)
def depthwise_summed(x, w, b=None, stride=1, padding=0):
    (sh, sw), (ph, pw) = pair(stride), pair(padding)
    (filters, depth, kh, kw), channels = w.shape, x.shape[1]
    bias = np.zeros(filters) if b is None else b
    if min(sh, sw) < 1 or depth != 1 or filters % channels or bias.shape != (filters,):
        raise ValueError("impossible arguments")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    windows = sliding_window_view(padded, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw]
    y = np.einsum("ncijpq,fpq->nfij", windows, w[:, 0])[:, None]
    return y.reshape(len(x), filters, *y.shape[3:]) + bias[:, None, None]


@depthwise_conv2d.misconception("Every filter reads channel 0.", "examples values multiplier untouched cost")
def depthwise_first_channel(x, w, b=None, stride=1, padding=0):
    (sh, sw), (ph, pw) = pair(stride), pair(padding)
    (filters, depth, kh, kw), channels = w.shape, x.shape[1]
    bias = np.zeros(filters) if b is None else b
    if min(sh, sw) < 1 or depth != 1 or filters % channels or bias.shape != (filters,):
        raise ValueError("impossible arguments")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    windows = sliding_window_view(padded, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw]
    y = np.einsum("ncijpq,cmpq->ncmij", windows[:, :1].repeat(channels, axis=1), w.reshape(channels, -1, kh, kw))
    return y.reshape(len(x), filters, *y.shape[3:]) + bias[:, None, None]


@depthwise_conv2d.misconception(
    "The kernel is flipped. A depthwise layer computes a cross-correlation as well: the kernel as it stands.",
    "examples values multiplier untouched",
)
def depthwise_flipped(x, w, b=None, stride=1, padding=0):
    (sh, sw), (ph, pw) = pair(stride), pair(padding)
    (filters, depth, kh, kw), channels = w.shape, x.shape[1]
    bias = np.zeros(filters) if b is None else b
    if min(sh, sw) < 1 or depth != 1 or filters % channels or bias.shape != (filters,):
        raise ValueError("impossible arguments")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    windows = sliding_window_view(padded, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw]
    y = np.einsum("ncijpq,cmpq->ncmij", windows, w.reshape(channels, -1, kh, kw)[..., ::-1, ::-1])
    return y.reshape(len(x), filters, *y.shape[3:]) + bias[:, None, None]


@depthwise_conv2d.misconception(
    "The bias is forgotten: b[f] is added to every number of map f.", "examples values multiplier untouched cost"
)
def depthwise_without_bias(x, w, b=None, stride=1, padding=0):
    (sh, sw), (ph, pw) = pair(stride), pair(padding)
    (filters, depth, kh, kw), channels = w.shape, x.shape[1]
    bias = np.zeros(filters) if b is None else b
    if min(sh, sw) < 1 or depth != 1 or filters % channels or bias.shape != (filters,):
        raise ValueError("impossible arguments")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    windows = sliding_window_view(padded, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw]
    y = np.einsum("ncijpq,cmpq->ncmij", windows, w.reshape(channels, -1, kh, kw))
    return y.reshape(len(x), filters, *y.shape[3:])


@depthwise_conv2d.misconception(
    "The bias is taken from the input channel; every output channel has its own, b[f].", "multiplier untouched"
)
def depthwise_bias_of_channel(x, w, b=None, stride=1, padding=0):
    (sh, sw), (ph, pw) = pair(stride), pair(padding)
    (filters, depth, kh, kw), channels = w.shape, x.shape[1]
    bias = np.zeros(filters) if b is None else b
    if min(sh, sw) < 1 or depth != 1 or filters % channels or bias.shape != (filters,):
        raise ValueError("impossible arguments")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    windows = sliding_window_view(padded, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw]
    y = np.einsum("ncijpq,cmpq->ncmij", windows, w.reshape(channels, -1, kh, kw))
    return y.reshape(len(x), filters, *y.shape[3:]) + bias[np.arange(filters) // (filters // channels), None, None]


@depthwise_conv2d.misconception("The stride is not looked at.", "examples values multiplier untouched")
def depthwise_without_stride(x, w, b=None, stride=1, padding=0):
    (sh, sw), (ph, pw) = pair(stride), pair(padding)
    (filters, depth, kh, kw), channels = w.shape, x.shape[1]
    bias = np.zeros(filters) if b is None else b
    if min(sh, sw) < 1 or depth != 1 or filters % channels or bias.shape != (filters,):
        raise ValueError("impossible arguments")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    windows = sliding_window_view(padded, (kh, kw), axis=(2, 3))
    y = np.einsum("ncijpq,cmpq->ncmij", windows, w.reshape(channels, -1, kh, kw))
    return y.reshape(len(x), filters, *y.shape[3:]) + bias[:, None, None]


@depthwise_conv2d.misconception(
    "A pair means (rows, columns): here stride or padding is read the other way round.",
    "examples values multiplier untouched",
)
def depthwise_pairs_exchanged(x, w, b=None, stride=1, padding=0):
    (sw, sh), (pw, ph) = pair(stride), pair(padding)
    (filters, depth, kh, kw), channels = w.shape, x.shape[1]
    bias = np.zeros(filters) if b is None else b
    if min(sh, sw) < 1 or depth != 1 or filters % channels or bias.shape != (filters,):
        raise ValueError("impossible arguments")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    windows = sliding_window_view(padded, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw]
    y = np.einsum("ncijpq,cmpq->ncmij", windows, w.reshape(channels, -1, kh, kw))
    return y.reshape(len(x), filters, *y.shape[3:]) + bias[:, None, None]


@depthwise_conv2d.misconception(
    "Padding is put above and left only; it belongs on both sides.", "values multiplier untouched"
)
def depthwise_padded_once(x, w, b=None, stride=1, padding=0):
    (sh, sw), (ph, pw) = pair(stride), pair(padding)
    (filters, depth, kh, kw), channels = w.shape, x.shape[1]
    bias = np.zeros(filters) if b is None else b
    if min(sh, sw) < 1 or depth != 1 or filters % channels or bias.shape != (filters,):
        raise ValueError("impossible arguments")
    padded = np.pad(x, ((0, 0), (0, 0), (2 * ph, 0), (2 * pw, 0)))
    windows = sliding_window_view(padded, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw]
    y = np.einsum("ncijpq,cmpq->ncmij", windows, w.reshape(channels, -1, kh, kw))
    return y.reshape(len(x), filters, *y.shape[3:]) + bias[:, None, None]


@depthwise_conv2d.misconception(
    "The input is changed: the padding or the products are written into the caller's array.", "untouched"
)
def depthwise_in_place(x, w, b=None, stride=1, padding=0):
    (sh, sw), (ph, pw) = pair(stride), pair(padding)
    (filters, depth, kh, kw), channels = w.shape, x.shape[1]
    bias = np.zeros(filters) if b is None else b
    if min(sh, sw) < 1 or depth != 1 or filters % channels or bias.shape != (filters,):
        raise ValueError("impossible arguments")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    windows = sliding_window_view(padded, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw]
    y = np.einsum("ncijpq,cmpq->ncmij", windows, w.reshape(channels, -1, kh, kw))
    x *= 0
    return y.reshape(len(x), filters, *y.shape[3:]) + bias[:, None, None]


@depthwise_conv2d.misconception(LOOPS["channels"], "cost")
def depthwise_channel_by_channel(x, w, b=None, stride=1, padding=0):
    (sh, sw), (ph, pw) = pair(stride), pair(padding)
    (filters, depth, kh, kw), channels = w.shape, x.shape[1]
    bias = np.zeros(filters) if b is None else b
    if min(sh, sw) < 1 or depth != 1 or filters % channels or bias.shape != (filters,):
        raise ValueError("impossible arguments")
    padded, maps = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw))), []
    for c, kernels in enumerate(w.reshape(channels, -1, kh, kw)):
        windows = sliding_window_view(padded[:, c], (kh, kw), axis=(1, 2))[:, ::sh, ::sw]
        maps.append(np.einsum("nijpq,mpq->nmij", windows, kernels))
    return np.concatenate(maps, axis=1) + bias[:, None, None]


@depthwise_conv2d.misconception(
    "Impossible arguments are let through; the statement asks for a ValueError.", "examples refusals"
)
def depthwise_unchecked(x, w, b=None, stride=1, padding=0):
    (sh, sw), (ph, pw) = ([max(each, 1) for each in pair(stride)], [max(each, 0) for each in pair(padding)])
    x, w = (each if each.ndim == 4 else each[None] for each in (x, w))
    channels = x.shape[1]
    w = np.resize(w[:, 0], (-(-len(w) // channels) * channels, *w.shape[2:]))
    bias = np.zeros(len(w)) if b is None else np.resize(b, len(w))
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    kh, kw = (min(k, n) for k, n in zip(w.shape[1:], padded.shape[2:]))
    windows = sliding_window_view(padded, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw]
    y = np.einsum("ncijpq,cmpq->ncmij", windows, w.reshape(channels, -1, *w.shape[1:])[..., :kh, :kw])
    return y.reshape(len(x), len(w), *y.shape[3:]) + bias[:, None, None]
