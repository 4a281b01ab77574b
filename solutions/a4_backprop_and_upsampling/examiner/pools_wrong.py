"""What students get wrong in the backward pass of max pooling."""

import numpy as np

from .inputs import pair
from .pools import max_pool2d_backward


@max_pool2d_backward.misconception(
    "An input can win several windows; their gradients must be added (+=), not written over each other.",
    "examples options ties care",
)
def max_backward_assigned(dout, x, kernel_size, stride=None):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    n, c, h, wide = x.shape
    fits = min(kh, kw, sh, sw) > 0 and kh <= h and kw <= wide
    if not fits or dout.shape != (n, c, (h - kh) // sh + 1, (wide - kw) // sw + 1):
        raise ValueError("these do not fit together")
    dx = np.zeros_like(x)
    for a, b, i, j in np.ndindex(dout.shape):
        top, left = i * sh, j * sw
        window = x[a, b, top : top + kh, left : left + kw]
        row, column = divmod(window.argmax(), window.shape[1])
        dx[a, b, top + row, left + column] = dout[a, b, i, j]
    return dx


@max_pool2d_backward.misconception(
    "The flat argmax is split by the window's height; rows are as long as the window is wide, so divide by its width.",
    "examples values options ties care",
)
def max_backward_split_by_height(dout, x, kernel_size, stride=None):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    n, c, h, wide = x.shape
    fits = min(kh, kw, sh, sw) > 0 and kh <= h and kw <= wide
    if not fits or dout.shape != (n, c, (h - kh) // sh + 1, (wide - kw) // sw + 1):
        raise ValueError("these do not fit together")
    dx = np.zeros_like(x)
    for a, b, i, j in np.ndindex(dout.shape):
        top, left = i * sh, j * sw
        window = x[a, b, top : top + kh, left : left + kw]
        row, column = divmod(window.argmax(), kh)
        dx[a, b, min(top + row, h - 1), min(left + column, wide - 1)] += dout[a, b, i, j]
    return dx


@max_pool2d_backward.misconception(
    "Where maxima tie, every one of them gets the whole gradient; together they may get it once.", "ties"
)
def max_backward_all_winners(dout, x, kernel_size, stride=None):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    n, c, h, wide = x.shape
    fits = min(kh, kw, sh, sw) > 0 and kh <= h and kw <= wide
    if not fits or dout.shape != (n, c, (h - kh) // sh + 1, (wide - kw) // sw + 1):
        raise ValueError("these do not fit together")
    dx = np.zeros_like(x)
    for a, b, i, j in np.ndindex(dout.shape):
        top, left = i * sh, j * sw
        window = x[a, b, top : top + kh, left : left + kw]
        dx[a, b, top : top + kh, left : left + kw] += dout[a, b, i, j] * (window == window.max())
    return dx


@max_pool2d_backward.misconception(
    "The mask holds the maximum itself instead of 1, so the gradient is multiplied by it.",
    "examples values options ties care",
)
def max_backward_mask_of_values(dout, x, kernel_size, stride=None):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    n, c, h, wide = x.shape
    fits = min(kh, kw, sh, sw) > 0 and kh <= h and kw <= wide
    if not fits or dout.shape != (n, c, (h - kh) // sh + 1, (wide - kw) // sw + 1):
        raise ValueError("these do not fit together")
    dx = np.zeros_like(x)
    for a, b, i, j in np.ndindex(dout.shape):
        top, left = i * sh, j * sw
        window = x[a, b, top : top + kh, left : left + kw]
        row, column = divmod(window.argmax(), window.shape[1])
        dx[a, b, top + row, left + column] += dout[a, b, i, j] * window.max()
    return dx


@max_pool2d_backward.misconception(
    "The winners get 1; they should get the gradient of their window, dout.", "examples values options ties care"
)
def max_backward_without_upstream(dout, x, kernel_size, stride=None):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    n, c, h, wide = x.shape
    fits = min(kh, kw, sh, sw) > 0 and kh <= h and kw <= wide
    if not fits or dout.shape != (n, c, (h - kh) // sh + 1, (wide - kw) // sw + 1):
        raise ValueError("these do not fit together")
    dx = np.zeros_like(x)
    for a, b, i, j in np.ndindex(dout.shape):
        top, left = i * sh, j * sw
        window = x[a, b, top : top + kh, left : left + kw]
        row, column = divmod(window.argmax(), window.shape[1])
        dx[a, b, top + row, left + column] += 1
    return dx


@max_pool2d_backward.misconception(
    "Height and width of the window are exchanged: in a pair the height comes first.",
    "examples values options ties care",
)
def max_backward_sides_exchanged(dout, x, kernel_size, stride=None):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    n, c, h, wide = x.shape
    fits = min(kh, kw, sh, sw) > 0 and kh <= h and kw <= wide
    if not fits or dout.shape != (n, c, (h - kh) // sh + 1, (wide - kw) // sw + 1):
        raise ValueError("these do not fit together")
    dx = np.zeros_like(x)
    for a, b, i, j in np.ndindex(dout.shape):
        top, left = i * sh, j * sw
        window = x[a, b, top : top + kw, left : left + kh]
        row, column = divmod(window.argmax(), window.shape[1])
        dx[a, b, top + row, left + column] += dout[a, b, i, j]
    return dx


@max_pool2d_backward.misconception(
    "One stride is used for both axes; a pair has one for the rows and one for the columns.",
    "examples values options ties care",
)
def max_backward_square_stride(dout, x, kernel_size, stride=None):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    n, c, h, wide = x.shape
    fits = min(kh, kw, sh, sw) > 0 and kh <= h and kw <= wide
    if not fits or dout.shape != (n, c, (h - kh) // sh + 1, (wide - kw) // sw + 1):
        raise ValueError("these do not fit together")
    dx = np.zeros_like(x)
    for a, b, i, j in np.ndindex(dout.shape):
        top, left = i * sh, j * sh
        if left >= wide:
            continue
        window = x[a, b, top : top + kh, left : left + kw]
        row, column = divmod(window.argmax(), window.shape[1])
        dx[a, b, top + row, left + column] += dout[a, b, i, j]
    return dx


@max_pool2d_backward.misconception(
    "The stride is left out of the window's start: window (i, j) begins at i · stride, j · stride.",
    "examples values options ties care",
)
def max_backward_stride_left_out(dout, x, kernel_size, stride=None):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    n, c, h, wide = x.shape
    fits = min(kh, kw, sh, sw) > 0 and kh <= h and kw <= wide
    if not fits or dout.shape != (n, c, (h - kh) // sh + 1, (wide - kw) // sw + 1):
        raise ValueError("these do not fit together")
    dx = np.zeros_like(x)
    for a, b, i, j in np.ndindex(dout.shape):
        top, left = i, j
        window = x[a, b, top : top + kh, left : left + kw]
        row, column = divmod(window.argmax(), window.shape[1])
        dx[a, b, top + row, left + column] += dout[a, b, i, j]
    return dx


@max_pool2d_backward.misconception(
    "The windows are taken side by side; with a stride of its own they overlap or leave gaps.",
    "examples options ties care",
)
def max_backward_stride_is_kernel(dout, x, kernel_size, stride=None):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    n, c, h, wide = x.shape
    fits = min(kh, kw, sh, sw) > 0 and kh <= h and kw <= wide
    if not fits or dout.shape != (n, c, (h - kh) // sh + 1, (wide - kw) // sw + 1):
        raise ValueError("these do not fit together")
    dx = np.zeros_like(x)
    for a, b, i, j in np.ndindex(dout.shape):
        top, left = i * kh, j * kw
        if top >= h or left >= wide:
            continue
        window = x[a, b, top : top + kh, left : left + kw]
        row, column = divmod(window.argmax(), window.shape[1])
        dx[a, b, top + row, left + column] += dout[a, b, i, j]
    return dx


@max_pool2d_backward.misconception(
    "The window ends at its start plus the stride; it is kernel_size long.", "examples options ties care"
)
def max_backward_window_as_long_as_stride(dout, x, kernel_size, stride=None):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    n, c, h, wide = x.shape
    fits = min(kh, kw, sh, sw) > 0 and kh <= h and kw <= wide
    if not fits or dout.shape != (n, c, (h - kh) // sh + 1, (wide - kw) // sw + 1):
        raise ValueError("these do not fit together")
    dx = np.zeros_like(x)
    for a, b, i, j in np.ndindex(dout.shape):
        top, left = i * sh, j * sw
        window = x[a, b, top : top + sh, left : left + sw]
        row, column = divmod(window.argmax(), window.shape[1])
        dx[a, b, top + row, left + column] += dout[a, b, i, j]
    return dx


@max_pool2d_backward.misconception(
    "The maximum of the whole map is looked for in place of the window's own.", "examples values options ties care"
)
def max_backward_in_the_whole_map(dout, x, kernel_size, stride=None):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    n, c, h, wide = x.shape
    fits = min(kh, kw, sh, sw) > 0 and kh <= h and kw <= wide
    if not fits or dout.shape != (n, c, (h - kh) // sh + 1, (wide - kw) // sw + 1):
        raise ValueError("these do not fit together")
    dx = np.zeros_like(x)
    for a, b, i, j in np.ndindex(dout.shape):
        row, column = divmod(x[a, b].argmax(), wide)
        dx[a, b, row, column] += dout[a, b, i, j]
    return dx


@max_pool2d_backward.misconception(
    "One maximum is taken over all channels; every channel has its own.", "values options ties care"
)
def max_backward_over_channels(dout, x, kernel_size, stride=None):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    n, c, h, wide = x.shape
    fits = min(kh, kw, sh, sw) > 0 and kh <= h and kw <= wide
    if not fits or dout.shape != (n, c, (h - kh) // sh + 1, (wide - kw) // sw + 1):
        raise ValueError("these do not fit together")
    dx = np.zeros_like(x)
    for a, b, i, j in np.ndindex(dout.shape):
        top, left = i * sh, j * sw
        window = x[a, b, top : top + kh, left : left + kw]
        row, column = divmod(x[a, :, top : top + kh, left : left + kw].max(axis=0).argmax(), window.shape[1])
        dx[a, b, top + row, left + column] += dout[a, b, i, j]
    return dx


@max_pool2d_backward.misconception(
    "The gradient is spread evenly over the window: that is mean pooling.", "examples values options ties care"
)
def max_backward_as_mean(dout, x, kernel_size, stride=None):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    n, c, h, wide = x.shape
    fits = min(kh, kw, sh, sw) > 0 and kh <= h and kw <= wide
    if not fits or dout.shape != (n, c, (h - kh) // sh + 1, (wide - kw) // sw + 1):
        raise ValueError("these do not fit together")
    dx = np.zeros_like(x)
    for a, b, i, j in np.ndindex(dout.shape):
        top, left = i * sh, j * sw
        dx[a, b, top : top + kh, left : left + kw] += dout[a, b, i, j] / (kh * kw)
    return dx


@max_pool2d_backward.misconception("Only the first picture gets a gradient.", "values options ties care")
def max_backward_first_picture(dout, x, kernel_size, stride=None):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    n, c, h, wide = x.shape
    fits = min(kh, kw, sh, sw) > 0 and kh <= h and kw <= wide
    if not fits or dout.shape != (n, c, (h - kh) // sh + 1, (wide - kw) // sw + 1):
        raise ValueError("these do not fit together")
    dx = np.zeros_like(x)
    for a, b, i, j in np.ndindex(1, *dout.shape[1:]):
        top, left = i * sh, j * sw
        window = x[a, b, top : top + kh, left : left + kw]
        row, column = divmod(window.argmax(), window.shape[1])
        dx[a, b, top + row, left + column] += dout[a, b, i, j]
    return dx


@max_pool2d_backward.misconception(
    "The gradient is added onto a copy of the input; its buffer must start at zero.",
    "examples values options ties care",
)
def max_backward_onto_the_input(dout, x, kernel_size, stride=None):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    n, c, h, wide = x.shape
    fits = min(kh, kw, sh, sw) > 0 and kh <= h and kw <= wide
    if not fits or dout.shape != (n, c, (h - kh) // sh + 1, (wide - kw) // sw + 1):
        raise ValueError("these do not fit together")
    dx = x.copy()
    for a, b, i, j in np.ndindex(dout.shape):
        top, left = i * sh, j * sw
        window = x[a, b, top : top + kh, left : left + kw]
        row, column = divmod(window.argmax(), window.shape[1])
        dx[a, b, top + row, left + column] += dout[a, b, i, j]
    return dx


@max_pool2d_backward.misconception(
    "The last window of each row and column is skipped.", "examples values options ties care"
)
def max_backward_last_window_skipped(dout, x, kernel_size, stride=None):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    n, c, h, wide = x.shape
    fits = min(kh, kw, sh, sw) > 0 and kh <= h and kw <= wide
    if not fits or dout.shape != (n, c, (h - kh) // sh + 1, (wide - kw) // sw + 1):
        raise ValueError("these do not fit together")
    dx = np.zeros_like(x)
    for a, b, i, j in np.ndindex(n, c, dout.shape[2] - 1, dout.shape[3] - 1):
        top, left = i * sh, j * sw
        window = x[a, b, top : top + kh, left : left + kw]
        row, column = divmod(window.argmax(), window.shape[1])
        dx[a, b, top + row, left + column] += dout[a, b, i, j]
    return dx


@max_pool2d_backward.misconception("The caller's x is changed: the winner is wiped out in it.", "care")
def max_backward_in_place(dout, x, kernel_size, stride=None):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    n, c, h, wide = x.shape
    fits = min(kh, kw, sh, sw) > 0 and kh <= h and kw <= wide
    if not fits or dout.shape != (n, c, (h - kh) // sh + 1, (wide - kw) // sw + 1):
        raise ValueError("these do not fit together")
    dx = np.zeros_like(x)
    for a, b, i, j in np.ndindex(dout.shape):
        top, left = i * sh, j * sw
        window = x[a, b, top : top + kh, left : left + kw]
        row, column = divmod(window.argmax(), window.shape[1])
        dx[a, b, top + row, left + column] += dout[a, b, i, j]
    x *= 0
    return dx


@max_pool2d_backward.misconception(
    "A buffer made without a dtype is float64; the gradient of a float32 array should be float32.", "dtype"
)
def max_backward_as_double(dout, x, kernel_size, stride=None):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    n, c, h, wide = x.shape
    fits = min(kh, kw, sh, sw) > 0 and kh <= h and kw <= wide
    if not fits or dout.shape != (n, c, (h - kh) // sh + 1, (wide - kw) // sw + 1):
        raise ValueError("these do not fit together")
    dx = np.zeros(x.shape)
    for a, b, i, j in np.ndindex(dout.shape):
        top, left = i * sh, j * sw
        window = x[a, b, top : top + kh, left : left + kw]
        row, column = divmod(window.argmax(), window.shape[1])
        dx[a, b, top + row, left + column] += dout[a, b, i, j]
    return dx


@max_pool2d_backward.misconception(
    "Windows and gradients that do not fit are let through; the statement asks for a ValueError.", "examples refusals"
)
def max_backward_unchecked(dout, x, kernel_size, stride=None):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    dx = np.zeros_like(x)
    for a, b, i, j in np.ndindex(dout.shape):
        top, left = i * sh, j * sw
        window = x[a, b, top : top + kh, left : left + kw]
        row, column = divmod(window.argmax(), window.shape[1])
        dx[a, b, top + row, left + column] += dout[a, b, i, j]
    return dx
