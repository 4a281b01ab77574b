"""What students get wrong in transposed convolution."""

import numpy as np

from .inputs import pair
from .transposed import conv_transpose2d


@conv_transpose2d.misconception(
    "Where stamps overlap they must be added (+=), not written over each other.", "examples values options adjoint care"
)
def transposed_assigned(x, w, stride=1, padding=0, output_padding=0):
    (sh, sw), (ph, pw), (mh, mw) = pair(stride), pair(padding), pair(output_padding)
    (n, c, h, wide), (wc, f, kh, kw) = x.shape, w.shape
    oh, ow = (h - 1) * sh - 2 * ph + kh + mh, (wide - 1) * sw - 2 * pw + kw + mw
    fits = min(ph, pw, mh, mw) >= 0 and mh < sh and mw < sw and wc == c
    if not fits or oh < 1 or ow < 1:
        raise ValueError("these do not fit together")
    full = np.zeros((n, f, oh + 2 * ph, ow + 2 * pw), x.dtype)
    for i, j in np.ndindex(h, wide):
        top, left = i * sh, j * sw
        full[:, :, top : top + kh, left : left + kw] = np.tensordot(x[:, :, i, j], w, axes=1)
    return full[:, :, ph : ph + oh, pw : pw + ow]


@conv_transpose2d.misconception(
    "The kernel is turned: each input stamps w as it stands.", "examples values options adjoint care"
)
def transposed_turned(x, w, stride=1, padding=0, output_padding=0):
    (sh, sw), (ph, pw), (mh, mw) = pair(stride), pair(padding), pair(output_padding)
    (n, c, h, wide), (wc, f, kh, kw) = x.shape, w.shape
    oh, ow = (h - 1) * sh - 2 * ph + kh + mh, (wide - 1) * sw - 2 * pw + kw + mw
    fits = min(ph, pw, mh, mw) >= 0 and mh < sh and mw < sw and wc == c
    if not fits or oh < 1 or ow < 1:
        raise ValueError("these do not fit together")
    full = np.zeros((n, f, oh + 2 * ph, ow + 2 * pw), x.dtype)
    for i, j in np.ndindex(h, wide):
        top, left = i * sh, j * sw
        full[:, :, top : top + kh, left : left + kw] += np.tensordot(x[:, :, i, j], w[:, :, ::-1, ::-1], axes=1)
    return full[:, :, ph : ph + oh, pw : pw + ow]


@conv_transpose2d.misconception("Rows and columns of the kernel are exchanged.", "values options adjoint care")
def transposed_sides_of_kernel(x, w, stride=1, padding=0, output_padding=0):
    (sh, sw), (ph, pw), (mh, mw) = pair(stride), pair(padding), pair(output_padding)
    (n, c, h, wide), (wc, f, kh, kw) = x.shape, w.shape
    oh, ow = (h - 1) * sh - 2 * ph + kh + mh, (wide - 1) * sw - 2 * pw + kw + mw
    fits = min(ph, pw, mh, mw) >= 0 and mh < sh and mw < sw and wc == c
    if not fits or oh < 1 or ow < 1:
        raise ValueError("these do not fit together")
    full = np.zeros((n, f, oh + 2 * ph, ow + 2 * pw), x.dtype)
    for i, j in np.ndindex(h, wide):
        top, left = i * sh, j * sw
        full[:, :, top : top + kh, left : left + kw] += (
            np.tensordot(x[:, :, i, j], w, axes=1).swapaxes(2, 3).reshape(n, f, kh, kw)
        )
    return full[:, :, ph : ph + oh, pw : pw + ow]


@conv_transpose2d.misconception(
    "w is read as (out, in, …); in a transposed convolution it comes as (in, out, kernel height, kernel width).",
    "examples values options adjoint care dtype",
)
def transposed_channels_exchanged(x, w, stride=1, padding=0, output_padding=0):
    (sh, sw), (ph, pw), (mh, mw) = pair(stride), pair(padding), pair(output_padding)
    (n, c, h, wide), (wc, f, kh, kw) = x.shape, w.shape
    oh, ow = (h - 1) * sh - 2 * ph + kh + mh, (wide - 1) * sw - 2 * pw + kw + mw
    fits = min(ph, pw, mh, mw) >= 0 and mh < sh and mw < sw and wc == c
    if not fits or oh < 1 or ow < 1:
        raise ValueError("these do not fit together")
    full = np.zeros((n, f, oh + 2 * ph, ow + 2 * pw), x.dtype)
    for i, j in np.ndindex(h, wide):
        top, left = i * sh, j * sw
        full[:, :, top : top + kh, left : left + kw] += np.tensordot(x[:, :, i, j], w.swapaxes(0, 1), axes=1)
    return full[:, :, ph : ph + oh, pw : pw + ow]


@conv_transpose2d.misconception(
    "The stride is left out: input (i, j) stamps at i · stride, j · stride.", "examples options adjoint care"
)
def transposed_without_stride(x, w, stride=1, padding=0, output_padding=0):
    (sh, sw), (ph, pw), (mh, mw) = pair(stride), pair(padding), pair(output_padding)
    (n, c, h, wide), (wc, f, kh, kw) = x.shape, w.shape
    oh, ow = (h - 1) * sh - 2 * ph + kh + mh, (wide - 1) * sw - 2 * pw + kw + mw
    fits = min(ph, pw, mh, mw) >= 0 and mh < sh and mw < sw and wc == c
    if not fits or oh < 1 or ow < 1:
        raise ValueError("these do not fit together")
    full = np.zeros((n, f, oh + 2 * ph, ow + 2 * pw), x.dtype)
    for i, j in np.ndindex(h, wide):
        top, left = i, j
        full[:, :, top : top + kh, left : left + kw] += np.tensordot(x[:, :, i, j], w, axes=1)
    return full[:, :, ph : ph + oh, pw : pw + ow]


@conv_transpose2d.misconception(
    "The inputs are duplicated to make them larger; the stamps should lie stride apart, with nothing stamped in between.",
    "examples options adjoint care",
)
def transposed_duplicated(x, w, stride=1, padding=0, output_padding=0):
    (sh, sw), (ph, pw), (mh, mw) = pair(stride), pair(padding), pair(output_padding)
    (n, c, h, wide), (wc, f, kh, kw) = x.shape, w.shape
    oh, ow = (h - 1) * sh - 2 * ph + kh + mh, (wide - 1) * sw - 2 * pw + kw + mw
    fits = min(ph, pw, mh, mw) >= 0 and mh < sh and mw < sw and wc == c
    if not fits or oh < 1 or ow < 1:
        raise ValueError("these do not fit together")
    full = np.zeros((n, f, oh + 2 * ph, ow + 2 * pw), x.dtype)
    for i, j in np.ndindex(h, wide):
        for a, b in np.ndindex(sh if i + 1 < h else 1, sw if j + 1 < wide else 1):
            top, left = i * sh + a, j * sw + b
            full[:, :, top : top + kh, left : left + kw] += np.tensordot(x[:, :, i, j], w, axes=1)
    return full[:, :, ph : ph + oh, pw : pw + ow]


@conv_transpose2d.misconception(
    "Height and width of stride and padding are exchanged: in a pair the height comes first.",
    "examples options adjoint care refusals",
)
def transposed_sides_exchanged(x, w, stride=1, padding=0, output_padding=0):
    (sh, sw), (ph, pw), (mh, mw) = pair(stride), pair(padding), pair(output_padding)
    (sh, sw), (ph, pw), (mh, mw) = (sw, sh), (pw, ph), (mw, mh)
    (n, c, h, wide), (wc, f, kh, kw) = x.shape, w.shape
    oh, ow = (h - 1) * sh - 2 * ph + kh + mh, (wide - 1) * sw - 2 * pw + kw + mw
    fits = min(ph, pw, mh, mw) >= 0 and mh < sh and mw < sw and wc == c
    if not fits or oh < 1 or ow < 1:
        raise ValueError("these do not fit together")
    full = np.zeros((n, f, oh + 2 * ph, ow + 2 * pw), x.dtype)
    for i, j in np.ndindex(h, wide):
        top, left = i * sh, j * sw
        full[:, :, top : top + kh, left : left + kw] += np.tensordot(x[:, :, i, j], w, axes=1)
    return full[:, :, ph : ph + oh, pw : pw + ow]


@conv_transpose2d.misconception(
    "The padding is cut off with a slice from p to −p, which is empty where the padding is 0.",
    "examples values options adjoint care",
)
def transposed_cropped_to_minus_p(x, w, stride=1, padding=0, output_padding=0):
    (sh, sw), (ph, pw), (mh, mw) = pair(stride), pair(padding), pair(output_padding)
    (n, c, h, wide), (wc, f, kh, kw) = x.shape, w.shape
    oh, ow = (h - 1) * sh - 2 * ph + kh + mh, (wide - 1) * sw - 2 * pw + kw + mw
    fits = min(ph, pw, mh, mw) >= 0 and mh < sh and mw < sw and wc == c
    if not fits or oh < 1 or ow < 1:
        raise ValueError("these do not fit together")
    full = np.zeros((n, f, oh + 2 * ph, ow + 2 * pw), x.dtype)
    for i, j in np.ndindex(h, wide):
        top, left = i * sh, j * sw
        full[:, :, top : top + kh, left : left + kw] += np.tensordot(x[:, :, i, j], w, axes=1)
    return full[:, :, ph:-ph, pw:-pw]


@conv_transpose2d.misconception(
    "Here padding cuts rows and columns off the result; this keeps them.", "examples options adjoint care"
)
def transposed_uncropped(x, w, stride=1, padding=0, output_padding=0):
    (sh, sw), (ph, pw), (mh, mw) = pair(stride), pair(padding), pair(output_padding)
    (n, c, h, wide), (wc, f, kh, kw) = x.shape, w.shape
    oh, ow = (h - 1) * sh - 2 * ph + kh + mh, (wide - 1) * sw - 2 * pw + kw + mw
    fits = min(ph, pw, mh, mw) >= 0 and mh < sh and mw < sw and wc == c
    if not fits or oh < 1 or ow < 1:
        raise ValueError("these do not fit together")
    full = np.zeros((n, f, oh + 2 * ph, ow + 2 * pw), x.dtype)
    for i, j in np.ndindex(h, wide):
        top, left = i * sh, j * sw
        full[:, :, top : top + kh, left : left + kw] += np.tensordot(x[:, :, i, j], w, axes=1)
    return full


@conv_transpose2d.misconception(
    "All of the padding is cut off at the bottom and the right; half of it belongs to the top and the left.",
    "examples options adjoint care",
)
def transposed_cropped_at_the_end(x, w, stride=1, padding=0, output_padding=0):
    (sh, sw), (ph, pw), (mh, mw) = pair(stride), pair(padding), pair(output_padding)
    (n, c, h, wide), (wc, f, kh, kw) = x.shape, w.shape
    oh, ow = (h - 1) * sh - 2 * ph + kh + mh, (wide - 1) * sw - 2 * pw + kw + mw
    fits = min(ph, pw, mh, mw) >= 0 and mh < sh and mw < sw and wc == c
    if not fits or oh < 1 or ow < 1:
        raise ValueError("these do not fit together")
    full = np.zeros((n, f, oh + 2 * ph, ow + 2 * pw), x.dtype)
    for i, j in np.ndindex(h, wide):
        top, left = i * sh, j * sw
        full[:, :, top : top + kh, left : left + kw] += np.tensordot(x[:, :, i, j], w, axes=1)
    return full[:, :, :oh, :ow]


@conv_transpose2d.misconception(
    "output_padding is not looked at: it makes the result larger at the bottom and the right.",
    "examples options adjoint care",
)
def transposed_without_output_padding(x, w, stride=1, padding=0, output_padding=0):
    (sh, sw), (ph, pw), (mh, mw) = pair(stride), pair(padding), pair(output_padding)
    (n, c, h, wide), (wc, f, kh, kw) = x.shape, w.shape
    oh, ow = (h - 1) * sh - 2 * ph + kh + mh, (wide - 1) * sw - 2 * pw + kw + mw
    fits = min(ph, pw, mh, mw) >= 0 and mh < sh and mw < sw and wc == c
    if not fits or oh < 1 or ow < 1:
        raise ValueError("these do not fit together")
    full = np.zeros((n, f, oh + 2 * ph, ow + 2 * pw), x.dtype)
    for i, j in np.ndindex(h, wide):
        top, left = i * sh, j * sw
        full[:, :, top : top + kh, left : left + kw] += np.tensordot(x[:, :, i, j], w, axes=1)
    return full[:, :, ph : ph + oh - mh, pw : pw + ow - mw]


@conv_transpose2d.misconception(
    "The rows and columns of output_padding belong to the bottom and the right, not to the top and the left.",
    "examples options adjoint care",
)
def transposed_output_padding_in_front(x, w, stride=1, padding=0, output_padding=0):
    (sh, sw), (ph, pw), (mh, mw) = pair(stride), pair(padding), pair(output_padding)
    (n, c, h, wide), (wc, f, kh, kw) = x.shape, w.shape
    oh, ow = (h - 1) * sh - 2 * ph + kh + mh, (wide - 1) * sw - 2 * pw + kw + mw
    fits = min(ph, pw, mh, mw) >= 0 and mh < sh and mw < sw and wc == c
    if not fits or oh < 1 or ow < 1:
        raise ValueError("these do not fit together")
    full = np.zeros((n, f, oh + 2 * ph, ow + 2 * pw), x.dtype)
    for i, j in np.ndindex(h, wide):
        top, left = i * sh + mh, j * sw + mw
        full[:, :, top : top + kh, left : left + kw] += np.tensordot(x[:, :, i, j], w, axes=1)
    return full[:, :, ph : ph + oh, pw : pw + ow]


@conv_transpose2d.misconception(
    "output_padding appends zeros; these rows and columns are part of the sum, the padding cuts off so much less there.",
    "examples options adjoint care",
)
def transposed_output_padding_of_zeros(x, w, stride=1, padding=0, output_padding=0):
    (sh, sw), (ph, pw), (mh, mw) = pair(stride), pair(padding), pair(output_padding)
    (n, c, h, wide), (wc, f, kh, kw) = x.shape, w.shape
    oh, ow = (h - 1) * sh - 2 * ph + kh + mh, (wide - 1) * sw - 2 * pw + kw + mw
    fits = min(ph, pw, mh, mw) >= 0 and mh < sh and mw < sw and wc == c
    if not fits or oh < 1 or ow < 1:
        raise ValueError("these do not fit together")
    full = np.zeros((n, f, oh + 2 * ph, ow + 2 * pw), x.dtype)
    for i, j in np.ndindex(h, wide):
        top, left = i * sh, j * sw
        full[:, :, top : top + kh, left : left + kw] += np.tensordot(x[:, :, i, j], w, axes=1)
    full[:, :, ph + oh - mh :] = 0
    full[:, :, :, pw + ow - mw :] = 0
    return full[:, :, ph : ph + oh, pw : pw + ow]


@conv_transpose2d.misconception(
    "Only the first input channel stamps; the stamps of all channels add up.", "values options adjoint care"
)
def transposed_first_channel(x, w, stride=1, padding=0, output_padding=0):
    (sh, sw), (ph, pw), (mh, mw) = pair(stride), pair(padding), pair(output_padding)
    (n, c, h, wide), (wc, f, kh, kw) = x.shape, w.shape
    oh, ow = (h - 1) * sh - 2 * ph + kh + mh, (wide - 1) * sw - 2 * pw + kw + mw
    fits = min(ph, pw, mh, mw) >= 0 and mh < sh and mw < sw and wc == c
    if not fits or oh < 1 or ow < 1:
        raise ValueError("these do not fit together")
    full = np.zeros((n, f, oh + 2 * ph, ow + 2 * pw), x.dtype)
    for i, j in np.ndindex(h, wide):
        top, left = i * sh, j * sw
        full[:, :, top : top + kh, left : left + kw] += np.tensordot(x[:, :1, i, j], w[:1], axes=1)
    return full[:, :, ph : ph + oh, pw : pw + ow]


@conv_transpose2d.misconception("The caller's x is changed.", "care")
def transposed_in_place(x, w, stride=1, padding=0, output_padding=0):
    (sh, sw), (ph, pw), (mh, mw) = pair(stride), pair(padding), pair(output_padding)
    (n, c, h, wide), (wc, f, kh, kw) = x.shape, w.shape
    oh, ow = (h - 1) * sh - 2 * ph + kh + mh, (wide - 1) * sw - 2 * pw + kw + mw
    fits = min(ph, pw, mh, mw) >= 0 and mh < sh and mw < sw and wc == c
    if not fits or oh < 1 or ow < 1:
        raise ValueError("these do not fit together")
    full = np.zeros((n, f, oh + 2 * ph, ow + 2 * pw), x.dtype)
    for i, j in np.ndindex(h, wide):
        top, left = i * sh, j * sw
        full[:, :, top : top + kh, left : left + kw] += np.tensordot(x[:, :, i, j], w, axes=1)
    x *= 2
    return full[:, :, ph : ph + oh, pw : pw + ow]


@conv_transpose2d.misconception(
    "A buffer made without a dtype is float64; the result should have the dtype of x.", "dtype"
)
def transposed_as_double(x, w, stride=1, padding=0, output_padding=0):
    (sh, sw), (ph, pw), (mh, mw) = pair(stride), pair(padding), pair(output_padding)
    (n, c, h, wide), (wc, f, kh, kw) = x.shape, w.shape
    oh, ow = (h - 1) * sh - 2 * ph + kh + mh, (wide - 1) * sw - 2 * pw + kw + mw
    fits = min(ph, pw, mh, mw) >= 0 and mh < sh and mw < sw and wc == c
    if not fits or oh < 1 or ow < 1:
        raise ValueError("these do not fit together")
    full = np.zeros((n, f, oh + 2 * ph, ow + 2 * pw))
    for i, j in np.ndindex(h, wide):
        top, left = i * sh, j * sw
        full[:, :, top : top + kh, left : left + kw] += np.tensordot(x[:, :, i, j], w, axes=1)
    return full[:, :, ph : ph + oh, pw : pw + ow]


@conv_transpose2d.misconception(
    "Options that do not fit together are let through; the statement asks for a ValueError.", "examples refusals"
)
def transposed_unchecked(x, w, stride=1, padding=0, output_padding=0):
    (sh, sw), (ph, pw), (mh, mw) = pair(stride), pair(padding), pair(output_padding)
    (n, c, h, wide), (wc, f, kh, kw) = x.shape, w.shape
    oh, ow = (h - 1) * sh - 2 * ph + kh + mh, (wide - 1) * sw - 2 * pw + kw + mw
    full = np.zeros((n, f, max(h * abs(sh), 1) + 40, max(wide * abs(sw), 1) + 40), x.dtype)
    for i, j in np.ndindex(h, wide):
        top, left = i * abs(sh), j * abs(sw)
        full[:, :, top : top + kh, left : left + kw] += np.tensordot(x[:, :wc, i, j], w[:c], axes=1)
    return full[:, :, max(ph, 0) :, max(pw, 0) :][:, :, : max(oh, 0), : max(ow, 0)]
