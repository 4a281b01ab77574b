"""What students get wrong in the backward pass of a convolutional layer: the windows and the crop."""

import numpy as np

from .inputs import pair
from .layers import conv2d_backward


@conv2d_backward.misconception(
    "The padding is cut off with a slice from p to −p, which is empty where the padding is 0: slice from p to p + height.",
    "examples values options adjoint care",
)
def backward_cropped_to_minus_p(dout, x, w, stride=1, padding=0):
    (sh, sw), (ph, pw), (n, c, h, wide) = pair(stride), pair(padding), x.shape
    f, wc, kh, kw = w.shape
    fits = min(sh, sw) > 0 and min(ph, pw) >= 0 and wc == c
    if not fits or dout.shape != (n, f, (h + 2 * ph - kh) // sh + 1, (wide + 2 * pw - kw) // sw + 1):
        raise ValueError("these do not fit together")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    dpadded, dw, db = np.zeros_like(padded), np.zeros_like(w), dout.sum(axis=(0, 2, 3))
    for i, j in np.ndindex(dout.shape[2:]):
        top, left = i * sh, j * sw
        dw += np.tensordot(dout[:, :, i, j], padded[:, :, top : top + kh, left : left + kw], axes=(0, 0))
        dpadded[:, :, top : top + kh, left : left + kw] += np.tensordot(dout[:, :, i, j], w, axes=1)
    return dpadded[:, :, ph:-ph, pw:-pw], dw, db


@conv2d_backward.misconception(
    "Windows overlap: what one window sends back must be added to dx (+=), not written over what is there.",
    "examples values options adjoint care",
)
def backward_assigned(dout, x, w, stride=1, padding=0):
    (sh, sw), (ph, pw), (n, c, h, wide) = pair(stride), pair(padding), x.shape
    f, wc, kh, kw = w.shape
    fits = min(sh, sw) > 0 and min(ph, pw) >= 0 and wc == c
    if not fits or dout.shape != (n, f, (h + 2 * ph - kh) // sh + 1, (wide + 2 * pw - kw) // sw + 1):
        raise ValueError("these do not fit together")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    dpadded, dw, db = np.zeros_like(padded), np.zeros_like(w), dout.sum(axis=(0, 2, 3))
    for i, j in np.ndindex(dout.shape[2:]):
        top, left = i * sh, j * sw
        dw += np.tensordot(dout[:, :, i, j], padded[:, :, top : top + kh, left : left + kw], axes=(0, 0))
        dpadded[:, :, top : top + kh, left : left + kw] = np.tensordot(dout[:, :, i, j], w, axes=1)
    return dpadded[:, :, ph : ph + h, pw : pw + wide], dw, db


@conv2d_backward.misconception(
    "The stride is left out of the window's start: window (i, j) begins at i · stride, j · stride.",
    "examples options adjoint care",
)
def backward_without_stride(dout, x, w, stride=1, padding=0):
    (sh, sw), (ph, pw), (n, c, h, wide) = pair(stride), pair(padding), x.shape
    f, wc, kh, kw = w.shape
    fits = min(sh, sw) > 0 and min(ph, pw) >= 0 and wc == c
    if not fits or dout.shape != (n, f, (h + 2 * ph - kh) // sh + 1, (wide + 2 * pw - kw) // sw + 1):
        raise ValueError("these do not fit together")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    dpadded, dw, db = np.zeros_like(padded), np.zeros_like(w), dout.sum(axis=(0, 2, 3))
    for i, j in np.ndindex(dout.shape[2:]):
        top, left = i, j
        dw += np.tensordot(dout[:, :, i, j], padded[:, :, top : top + kh, left : left + kw], axes=(0, 0))
        dpadded[:, :, top : top + kh, left : left + kw] += np.tensordot(dout[:, :, i, j], w, axes=1)
    return dpadded[:, :, ph : ph + h, pw : pw + wide], dw, db


@conv2d_backward.misconception(
    "The stride moves the windows of dw, but not those of dx.", "examples options adjoint care"
)
def backward_stride_in_dw_only(dout, x, w, stride=1, padding=0):
    (sh, sw), (ph, pw), (n, c, h, wide) = pair(stride), pair(padding), x.shape
    f, wc, kh, kw = w.shape
    fits = min(sh, sw) > 0 and min(ph, pw) >= 0 and wc == c
    if not fits or dout.shape != (n, f, (h + 2 * ph - kh) // sh + 1, (wide + 2 * pw - kw) // sw + 1):
        raise ValueError("these do not fit together")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    dpadded, dw, db = np.zeros_like(padded), np.zeros_like(w), dout.sum(axis=(0, 2, 3))
    for i, j in np.ndindex(dout.shape[2:]):
        top, left = i * sh, j * sw
        dw += np.tensordot(dout[:, :, i, j], padded[:, :, top : top + kh, left : left + kw], axes=(0, 0))
        dpadded[:, :, i : i + kh, j : j + kw] += np.tensordot(dout[:, :, i, j], w, axes=1)
    return dpadded[:, :, ph : ph + h, pw : pw + wide], dw, db


@conv2d_backward.misconception(
    "Height and width of stride and padding are exchanged: in a pair the height comes first.",
    "examples options adjoint care dtype",
)
def backward_sides_exchanged(dout, x, w, stride=1, padding=0):
    (sh, sw), (ph, pw), (n, c, h, wide) = pair(stride), pair(padding), x.shape
    f, wc, kh, kw = w.shape
    fits = min(sh, sw) > 0 and min(ph, pw) >= 0 and wc == c
    if not fits or dout.shape != (n, f, (h + 2 * ph - kh) // sh + 1, (wide + 2 * pw - kw) // sw + 1):
        raise ValueError("these do not fit together")
    (sh, sw), (ph, pw) = (sw, sh), (pw, ph)
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    dpadded, dw, db = np.zeros_like(padded), np.zeros_like(w), dout.sum(axis=(0, 2, 3))
    for i, j in np.ndindex(dout.shape[2:]):
        top, left = i * sh, j * sw
        dw += np.tensordot(dout[:, :, i, j], padded[:, :, top : top + kh, left : left + kw], axes=(0, 0))
        dpadded[:, :, top : top + kh, left : left + kw] += np.tensordot(dout[:, :, i, j], w, axes=1)
    return dpadded[:, :, ph : ph + h, pw : pw + wide], dw, db


@conv2d_backward.misconception(
    "A square input is assumed: the height is used for the width as well.", "examples values options adjoint care"
)
def backward_square(dout, x, w, stride=1, padding=0):
    (sh, sw), (ph, pw), (n, c, h, wide) = pair(stride), pair(padding), x.shape
    f, wc, kh, kw = w.shape
    fits = min(sh, sw) > 0 and min(ph, pw) >= 0 and wc == c
    if not fits or dout.shape != (n, f, (h + 2 * ph - kh) // sh + 1, (wide + 2 * pw - kw) // sw + 1):
        raise ValueError("these do not fit together")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    dpadded, dw, db = np.zeros_like(padded), np.zeros_like(w), dout.sum(axis=(0, 2, 3))
    for i, j in np.ndindex(dout.shape[2:]):
        top, left = i * sh, j * sw
        dw += np.tensordot(dout[:, :, i, j], padded[:, :, top : top + kh, left : left + kw], axes=(0, 0))
        dpadded[:, :, top : top + kh, left : left + kw] += np.tensordot(dout[:, :, i, j], w, axes=1)
    return dpadded[:, :, ph : ph + h, pw : pw + h], dw, db


@conv2d_backward.misconception(
    "One row and one column are cut off on each side whatever the padding is; it is right for padding 1 alone.",
    "examples values options adjoint care",
)
def backward_crop_of_one(dout, x, w, stride=1, padding=0):
    (sh, sw), (ph, pw), (n, c, h, wide) = pair(stride), pair(padding), x.shape
    f, wc, kh, kw = w.shape
    fits = min(sh, sw) > 0 and min(ph, pw) >= 0 and wc == c
    if not fits or dout.shape != (n, f, (h + 2 * ph - kh) // sh + 1, (wide + 2 * pw - kw) // sw + 1):
        raise ValueError("these do not fit together")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    dpadded, dw, db = np.zeros_like(padded), np.zeros_like(w), dout.sum(axis=(0, 2, 3))
    for i, j in np.ndindex(dout.shape[2:]):
        top, left = i * sh, j * sw
        dw += np.tensordot(dout[:, :, i, j], padded[:, :, top : top + kh, left : left + kw], axes=(0, 0))
        dpadded[:, :, top : top + kh, left : left + kw] += np.tensordot(dout[:, :, i, j], w, axes=1)
    return dpadded[:, :, 1:-1, 1:-1], dw, db


@conv2d_backward.misconception(
    "The gradient of the padded input comes back; cut the padding off, dx has the shape of x.",
    "examples options adjoint care",
)
def backward_padded_dx(dout, x, w, stride=1, padding=0):
    (sh, sw), (ph, pw), (n, c, h, wide) = pair(stride), pair(padding), x.shape
    f, wc, kh, kw = w.shape
    fits = min(sh, sw) > 0 and min(ph, pw) >= 0 and wc == c
    if not fits or dout.shape != (n, f, (h + 2 * ph - kh) // sh + 1, (wide + 2 * pw - kw) // sw + 1):
        raise ValueError("these do not fit together")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    dpadded, dw, db = np.zeros_like(padded), np.zeros_like(w), dout.sum(axis=(0, 2, 3))
    for i, j in np.ndindex(dout.shape[2:]):
        top, left = i * sh, j * sw
        dw += np.tensordot(dout[:, :, i, j], padded[:, :, top : top + kh, left : left + kw], axes=(0, 0))
        dpadded[:, :, top : top + kh, left : left + kw] += np.tensordot(dout[:, :, i, j], w, axes=1)
    return dpadded, dw, db


@conv2d_backward.misconception(
    "For dx the kernel is turned once too often: adding dout times w, window by window, needs it as it stands (only a full convolution turns it).",
    "examples values options adjoint care",
)
def backward_kernel_turned(dout, x, w, stride=1, padding=0):
    (sh, sw), (ph, pw), (n, c, h, wide) = pair(stride), pair(padding), x.shape
    f, wc, kh, kw = w.shape
    fits = min(sh, sw) > 0 and min(ph, pw) >= 0 and wc == c
    if not fits or dout.shape != (n, f, (h + 2 * ph - kh) // sh + 1, (wide + 2 * pw - kw) // sw + 1):
        raise ValueError("these do not fit together")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    dpadded, dw, db = np.zeros_like(padded), np.zeros_like(w), dout.sum(axis=(0, 2, 3))
    for i, j in np.ndindex(dout.shape[2:]):
        top, left = i * sh, j * sw
        dw += np.tensordot(dout[:, :, i, j], padded[:, :, top : top + kh, left : left + kw], axes=(0, 0))
        dpadded[:, :, top : top + kh, left : left + kw] += np.tensordot(dout[:, :, i, j], w[:, :, ::-1, ::-1], axes=1)
    return dpadded[:, :, ph : ph + h, pw : pw + wide], dw, db


@conv2d_backward.misconception(
    "dw comes out turned by 180 degrees: dout slides over the input without a flip.",
    "examples values options adjoint care",
)
def backward_dw_turned(dout, x, w, stride=1, padding=0):
    (sh, sw), (ph, pw), (n, c, h, wide) = pair(stride), pair(padding), x.shape
    f, wc, kh, kw = w.shape
    fits = min(sh, sw) > 0 and min(ph, pw) >= 0 and wc == c
    if not fits or dout.shape != (n, f, (h + 2 * ph - kh) // sh + 1, (wide + 2 * pw - kw) // sw + 1):
        raise ValueError("these do not fit together")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    dpadded, dw, db = np.zeros_like(padded), np.zeros_like(w), dout.sum(axis=(0, 2, 3))
    for i, j in np.ndindex(dout.shape[2:]):
        top, left = i * sh, j * sw
        dw += np.tensordot(dout[:, :, i, j], padded[:, :, top : top + kh, left : left + kw], axes=(0, 0))
        dpadded[:, :, top : top + kh, left : left + kw] += np.tensordot(dout[:, :, i, j], w, axes=1)
    return dpadded[:, :, ph : ph + h, pw : pw + wide], dw[:, :, ::-1, ::-1], db


@conv2d_backward.misconception(
    "The gradients are divided by the number of pictures: if the loss is a mean, dout has that factor already.",
    "values options adjoint care",
)
def backward_divided_by_batch(dout, x, w, stride=1, padding=0):
    (sh, sw), (ph, pw), (n, c, h, wide) = pair(stride), pair(padding), x.shape
    f, wc, kh, kw = w.shape
    fits = min(sh, sw) > 0 and min(ph, pw) >= 0 and wc == c
    if not fits or dout.shape != (n, f, (h + 2 * ph - kh) // sh + 1, (wide + 2 * pw - kw) // sw + 1):
        raise ValueError("these do not fit together")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    dpadded, dw, db = np.zeros_like(padded), np.zeros_like(w), dout.sum(axis=(0, 2, 3))
    for i, j in np.ndindex(dout.shape[2:]):
        top, left = i * sh, j * sw
        dw += np.tensordot(dout[:, :, i, j], padded[:, :, top : top + kh, left : left + kw], axes=(0, 0))
        dpadded[:, :, top : top + kh, left : left + kw] += np.tensordot(dout[:, :, i, j], w, axes=1)
    return dpadded[:, :, ph : ph + h, pw : pw + wide] / n, dw / n, db / n
