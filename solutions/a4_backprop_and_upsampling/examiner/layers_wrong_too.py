"""What students get wrong in the backward pass of a convolutional layer: the sums, the buffers and the checks."""

import numpy as np

from .inputs import pair
from .layers import conv2d_backward


@conv2d_backward.misconception(
    "db is a mean over the positions; the bias is used at each of them, and its uses add up.",
    "examples values options adjoint care",
)
def backward_db_averaged(dout, x, w, stride=1, padding=0):
    (sh, sw), (ph, pw), (n, c, h, wide) = pair(stride), pair(padding), x.shape
    f, wc, kh, kw = w.shape
    fits = min(sh, sw) > 0 and min(ph, pw) >= 0 and wc == c
    if not fits or dout.shape != (n, f, (h + 2 * ph - kh) // sh + 1, (wide + 2 * pw - kw) // sw + 1):
        raise ValueError("these do not fit together")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    dpadded, dw, db = np.zeros_like(padded), np.zeros_like(w), dout.mean(axis=(0, 2, 3))
    for i, j in np.ndindex(dout.shape[2:]):
        top, left = i * sh, j * sw
        dw += np.tensordot(dout[:, :, i, j], padded[:, :, top : top + kh, left : left + kw], axes=(0, 0))
        dpadded[:, :, top : top + kh, left : left + kw] += np.tensordot(dout[:, :, i, j], w, axes=1)
    return dpadded[:, :, ph : ph + h, pw : pw + wide], dw, db


@conv2d_backward.misconception(
    "db keeps the axes it was summed over; it has one number for each filter: shape (F,).",
    "examples values options adjoint care",
)
def backward_db_as_column(dout, x, w, stride=1, padding=0):
    (sh, sw), (ph, pw), (n, c, h, wide) = pair(stride), pair(padding), x.shape
    f, wc, kh, kw = w.shape
    fits = min(sh, sw) > 0 and min(ph, pw) >= 0 and wc == c
    if not fits or dout.shape != (n, f, (h + 2 * ph - kh) // sh + 1, (wide + 2 * pw - kw) // sw + 1):
        raise ValueError("these do not fit together")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    dpadded, dw, db = np.zeros_like(padded), np.zeros_like(w), dout.sum(axis=(0, 2, 3), keepdims=True)
    for i, j in np.ndindex(dout.shape[2:]):
        top, left = i * sh, j * sw
        dw += np.tensordot(dout[:, :, i, j], padded[:, :, top : top + kh, left : left + kw], axes=(0, 0))
        dpadded[:, :, top : top + kh, left : left + kw] += np.tensordot(dout[:, :, i, j], w, axes=1)
    return dpadded[:, :, ph : ph + h, pw : pw + wide], dw, db


@conv2d_backward.misconception(
    "db is not summed over the pictures: it has a row for each of them.", "examples values options adjoint care"
)
def backward_db_of_one_picture(dout, x, w, stride=1, padding=0):
    (sh, sw), (ph, pw), (n, c, h, wide) = pair(stride), pair(padding), x.shape
    f, wc, kh, kw = w.shape
    fits = min(sh, sw) > 0 and min(ph, pw) >= 0 and wc == c
    if not fits or dout.shape != (n, f, (h + 2 * ph - kh) // sh + 1, (wide + 2 * pw - kw) // sw + 1):
        raise ValueError("these do not fit together")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    dpadded, dw, db = np.zeros_like(padded), np.zeros_like(w), dout.sum(axis=(2, 3))
    for i, j in np.ndindex(dout.shape[2:]):
        top, left = i * sh, j * sw
        dw += np.tensordot(dout[:, :, i, j], padded[:, :, top : top + kh, left : left + kw], axes=(0, 0))
        dpadded[:, :, top : top + kh, left : left + kw] += np.tensordot(dout[:, :, i, j], w, axes=1)
    return dpadded[:, :, ph : ph + h, pw : pw + wide], dw, db


@conv2d_backward.misconception(
    "dw adds up the windows themselves; each must be multiplied by the dout of its output.",
    "examples values options adjoint care",
)
def backward_without_upstream(dout, x, w, stride=1, padding=0):
    (sh, sw), (ph, pw), (n, c, h, wide) = pair(stride), pair(padding), x.shape
    f, wc, kh, kw = w.shape
    fits = min(sh, sw) > 0 and min(ph, pw) >= 0 and wc == c
    if not fits or dout.shape != (n, f, (h + 2 * ph - kh) // sh + 1, (wide + 2 * pw - kw) // sw + 1):
        raise ValueError("these do not fit together")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    dpadded, dw, db = np.zeros_like(padded), np.zeros_like(w), dout.sum(axis=(0, 2, 3))
    for i, j in np.ndindex(dout.shape[2:]):
        top, left = i * sh, j * sw
        dw += np.tensordot(np.ones((n, f)), padded[:, :, top : top + kh, left : left + kw], axes=(0, 0))
        dpadded[:, :, top : top + kh, left : left + kw] += np.tensordot(dout[:, :, i, j], w, axes=1)
    return dpadded[:, :, ph : ph + h, pw : pw + wide], dw, db


@conv2d_backward.misconception(
    "Only the first picture is worked through; the gradient of w is a sum over all pictures.",
    "values options adjoint care",
)
def backward_first_picture(dout, x, w, stride=1, padding=0):
    (sh, sw), (ph, pw), (n, c, h, wide) = pair(stride), pair(padding), x.shape
    f, wc, kh, kw = w.shape
    fits = min(sh, sw) > 0 and min(ph, pw) >= 0 and wc == c
    if not fits or dout.shape != (n, f, (h + 2 * ph - kh) // sh + 1, (wide + 2 * pw - kw) // sw + 1):
        raise ValueError("these do not fit together")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    dout, kept = np.zeros_like(dout), dout
    dout[0] = kept[0]
    dpadded, dw, db = np.zeros_like(padded), np.zeros_like(w), dout.sum(axis=(0, 2, 3))
    for i, j in np.ndindex(dout.shape[2:]):
        top, left = i * sh, j * sw
        dw += np.tensordot(dout[:, :, i, j], padded[:, :, top : top + kh, left : left + kw], axes=(0, 0))
        dpadded[:, :, top : top + kh, left : left + kw] += np.tensordot(dout[:, :, i, j], w, axes=1)
    return dpadded[:, :, ph : ph + h, pw : pw + wide], dw, db


@conv2d_backward.misconception("The loops end one window too early.", "examples values options adjoint care")
def backward_last_window_skipped(dout, x, w, stride=1, padding=0):
    (sh, sw), (ph, pw), (n, c, h, wide) = pair(stride), pair(padding), x.shape
    f, wc, kh, kw = w.shape
    fits = min(sh, sw) > 0 and min(ph, pw) >= 0 and wc == c
    if not fits or dout.shape != (n, f, (h + 2 * ph - kh) // sh + 1, (wide + 2 * pw - kw) // sw + 1):
        raise ValueError("these do not fit together")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    dpadded, dw, db = np.zeros_like(padded), np.zeros_like(w), dout.sum(axis=(0, 2, 3))
    for i, j in np.ndindex(dout.shape[2] - 1, dout.shape[3] - 1):
        top, left = i * sh, j * sw
        dw += np.tensordot(dout[:, :, i, j], padded[:, :, top : top + kh, left : left + kw], axes=(0, 0))
        dpadded[:, :, top : top + kh, left : left + kw] += np.tensordot(dout[:, :, i, j], w, axes=1)
    return dpadded[:, :, ph : ph + h, pw : pw + wide], dw, db


@conv2d_backward.misconception("dx is never written: it comes back as zeros.", "examples values options adjoint care")
def backward_dx_forgotten(dout, x, w, stride=1, padding=0):
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
    return dpadded[:, :, ph : ph + h, pw : pw + wide], dw, db


@conv2d_backward.misconception(
    "The gradient is added onto a copy of the padded input; its buffer must start at zero.",
    "examples values options adjoint care",
)
def backward_onto_the_input(dout, x, w, stride=1, padding=0):
    (sh, sw), (ph, pw), (n, c, h, wide) = pair(stride), pair(padding), x.shape
    f, wc, kh, kw = w.shape
    fits = min(sh, sw) > 0 and min(ph, pw) >= 0 and wc == c
    if not fits or dout.shape != (n, f, (h + 2 * ph - kh) // sh + 1, (wide + 2 * pw - kw) // sw + 1):
        raise ValueError("these do not fit together")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    dpadded, dw, db = padded.copy(), np.zeros_like(w), dout.sum(axis=(0, 2, 3))
    for i, j in np.ndindex(dout.shape[2:]):
        top, left = i * sh, j * sw
        dw += np.tensordot(dout[:, :, i, j], padded[:, :, top : top + kh, left : left + kw], axes=(0, 0))
        dpadded[:, :, top : top + kh, left : left + kw] += np.tensordot(dout[:, :, i, j], w, axes=1)
    return dpadded[:, :, ph : ph + h, pw : pw + wide], dw, db


@conv2d_backward.misconception("The caller's x is overwritten: the next layer may still need it.", "care")
def backward_in_place(dout, x, w, stride=1, padding=0):
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
    x[...] = dpadded[:, :, ph : ph + h, pw : pw + wide]
    return x.copy(), dw, db


@conv2d_backward.misconception(
    "Buffers made without a dtype are float64; gradients of float32 arrays should be float32 (np.zeros_like keeps the dtype).",
    "dtype",
)
def backward_as_double(dout, x, w, stride=1, padding=0):
    (sh, sw), (ph, pw), (n, c, h, wide) = pair(stride), pair(padding), x.shape
    f, wc, kh, kw = w.shape
    fits = min(sh, sw) > 0 and min(ph, pw) >= 0 and wc == c
    if not fits or dout.shape != (n, f, (h + 2 * ph - kh) // sh + 1, (wide + 2 * pw - kw) // sw + 1):
        raise ValueError("these do not fit together")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    dpadded, dw, db = np.zeros(padded.shape), np.zeros(w.shape), dout.sum(axis=(0, 2, 3))
    for i, j in np.ndindex(dout.shape[2:]):
        top, left = i * sh, j * sw
        dw += np.tensordot(dout[:, :, i, j], padded[:, :, top : top + kh, left : left + kw], axes=(0, 0))
        dpadded[:, :, top : top + kh, left : left + kw] += np.tensordot(dout[:, :, i, j], w, axes=1)
    return dpadded[:, :, ph : ph + h, pw : pw + wide], dw, db


@conv2d_backward.misconception(
    "Arrays and options that do not fit together are let through; the statement asks for a ValueError.", "refusals"
)
def backward_unchecked(dout, x, w, stride=1, padding=0):
    (sh, sw), (ph, pw), (h, wide), (kh, kw) = pair(stride), pair(padding), x.shape[2:], w.shape[2:]
    padded = np.pad(x, ((0, 0), (0, 0), (max(ph, 0),) * 2, (max(pw, 0),) * 2))
    dpadded, dw, db = np.zeros_like(padded), np.zeros_like(w), dout.sum(axis=(0, 2, 3))
    for i, j in np.ndindex(dout.shape[2:]):
        top, left = i * sh, j * sw
        dw += np.tensordot(dout[:, :, i, j], padded[:, :, top : top + kh, left : left + kw], axes=(0, 0))
        dpadded[:, :, top : top + kh, left : left + kw] += np.tensordot(dout[:, :, i, j], w, axes=1)
    return dpadded[:, :, ph : ph + h, pw : pw + wide], dw, db
