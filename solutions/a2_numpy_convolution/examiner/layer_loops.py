"""Layers that give the right numbers, and loop where they should not."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from .inputs import pair
from .judges import LOOPS
from .layers import conv2d


@conv2d.misconception(LOOPS["images"], "cost")
def layer_image_by_image(x, w, b=None, stride=1, padding=0, dilation=1, groups=1):
    (sh, sw), (ph, pw), (dh, dw) = pair(stride), pair(padding), pair(dilation)
    filters, depth, kh, kw = w.shape
    if min(sh, sw, dh, dw, groups) < 1 or x.shape[1] != groups * depth or (b is not None and b.shape != (filters,)):
        raise ValueError("impossible arguments")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    windows = sliding_window_view(padded, (dh * (kh - 1) + 1, dw * (kw - 1) + 1), axis=(2, 3))
    windows = windows[:, :, ::sh, ::sw, ::dh, ::dw]
    windows = windows.reshape(len(x), groups, depth, *windows.shape[2:])
    kernel = w.reshape(groups, filters // groups, depth, kh, kw)
    y = np.concatenate([np.einsum("ngcijpq,gocpq->ngoij", one[None], kernel) for one in windows])
    y = y.reshape(len(x), filters, *y.shape[3:])
    return y if b is None else y + b[:, None, None]


@conv2d.misconception(LOOPS["channels"], "cost")
def layer_channel_by_channel(x, w, b=None, stride=1, padding=0, dilation=1, groups=1):
    (sh, sw), (ph, pw), (dh, dw) = pair(stride), pair(padding), pair(dilation)
    filters, depth, kh, kw = w.shape
    if min(sh, sw, dh, dw, groups) < 1 or x.shape[1] != groups * depth or (b is not None and b.shape != (filters,)):
        raise ValueError("impossible arguments")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    windows = sliding_window_view(padded, (dh * (kh - 1) + 1, dw * (kw - 1) + 1), axis=(2, 3))
    windows = windows[:, :, ::sh, ::sw, ::dh, ::dw]
    windows = windows.reshape(len(x), groups, depth, *windows.shape[2:])
    kernel = w.reshape(groups, filters // groups, depth, kh, kw)
    y = sum(np.einsum("ngijpq,gopq->ngoij", windows[:, :, c], kernel[:, :, c]) for c in range(depth))
    y = y.reshape(len(x), filters, *y.shape[3:])
    return y if b is None else y + b[:, None, None]


@conv2d.misconception(LOOPS["filters"], "cost")
def layer_filter_by_filter(x, w, b=None, stride=1, padding=0, dilation=1, groups=1):
    (sh, sw), (ph, pw), (dh, dw) = pair(stride), pair(padding), pair(dilation)
    filters, depth, kh, kw = w.shape
    if min(sh, sw, dh, dw, groups) < 1 or x.shape[1] != groups * depth or (b is not None and b.shape != (filters,)):
        raise ValueError("impossible arguments")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    windows = sliding_window_view(padded, (dh * (kh - 1) + 1, dw * (kw - 1) + 1), axis=(2, 3))
    windows = windows[:, :, ::sh, ::sw, ::dh, ::dw]
    windows = windows.reshape(len(x), groups, depth, *windows.shape[2:])
    kernel = w.reshape(groups, filters // groups, depth, kh, kw)
    y = np.stack([np.einsum("ngcijpq,gcpq->ngij", windows, each) for each in kernel.swapaxes(0, 1)], axis=2)
    y = y.reshape(len(x), filters, *y.shape[3:])
    return y if b is None else y + b[:, None, None]
