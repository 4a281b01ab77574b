"""Mean pooling backwards: the oracle is torch's autograd."""

import numpy as np
import torch
import torch.nn.functional as F

from course_utils.grading.exercise import Call, Exercise, Facet, same_dtype, same_refusals, same_values, untouched

from .inputs import generator, pair, single, spoilt, whole
from .pools import pool_shapes, sizes_of


def _backward(dout, input_size, kernel_size, stride=None):
    dout = torch.tensor(np.array(dout))
    x = torch.zeros(*dout.shape[:2], *pair(input_size), dtype=dout.dtype, requires_grad=True)
    F.avg_pool2d(x, kernel_size, stride).backward(dout)
    return x.grad.numpy()


def _averaged(seed, shape, kernel_size, stride=None):
    dout = whole(generator(seed), *shape[:2], *sizes_of(shape, kernel_size, stride))
    size = shape[2] if shape[2] == shape[3] else tuple(shape[2:])
    return Call((dout, size, kernel_size), {} if stride is None else {"stride": stride})


PLAIN, OVER = _averaged(1, (2, 3, 4, 6), 2), _averaged(2, (2, 2, 5, 7), 3, 2)
WINDOW, REST = _averaged(3, (2, 2, 4, 7), (2, 3), (1, 2)), _averaged(4, (2, 2, 5, 8), (2, 3))
FITTING, DOUT = _averaged(5, (1, 1, 3, 4), 2, 1), PLAIN.args[0]
NO_DOUT = "dout has shape {}, and the pooled map is (…, 2, 3)"

avg_pool2d_backward = Exercise(
    "avg_pool2d_backward",
    _backward,
    "lecture 07, on the gradient of a mean",
    {
        "values": Facet(same_values, (
            PLAIN, OVER, WINDOW, REST, _averaged(6, (2, 2, 4, 5), (3, 2), 1), _averaged(7, (2, 1, 6, 7), 1, 2),
            _averaged(8, (1, 2, 6, 6), 3), _averaged(9, (1, 2, 7, 8), 2, (3, 4)), _averaged(10, (1, 2, 5, 5), (4, 3), (1, 2)),
        ), pool_shapes().map(lambda drawn: _averaged(*drawn)), 30),
        "care": Facet(untouched, (PLAIN, OVER, WINDOW, *single(OVER))),
        "dtype": Facet(same_dtype, (*single(PLAIN, WINDOW), REST)),
        "refusals": Facet(same_refusals, (
            *spoilt(FITTING, stride=1),
            *(Call((np.ones((1, 1, *sizes_of((3, 4), size, 1))), (3, 4), size), {"stride": 1},
                   f"kernel_size is {size} and must be 1 or more") for size in (0, -1, (2, 0), (0, 2), (-1, 2))),
            Call((DOUT[:, :, :, :2], (4, 6), 2), note=NO_DOUT.format("(2, 3, 2, 2)")),
            Call((DOUT[:, :, :1], (4, 6), 2), note=NO_DOUT.format("(2, 3, 1, 3)")),
            Call((DOUT.swapaxes(2, 3), (4, 6), 2), note=NO_DOUT.format("(2, 3, 3, 2)")),
            Call((np.ones((2, 3, 3, 3)), (4, 6), 2), note=NO_DOUT.format("(2, 3, 3, 3)")),
            Call((np.ones((2, 3, 1, 1)), (4, 6), (5, 2)), {"stride": (1, 5)}, "the window is higher than the input"),
            Call((np.ones((2, 3, 1, 1)), (4, 6), (2, 7)), {"stride": (3, 1)}, "the window is wider than the input"),
        )),
    },
)  # fmt: skip


@avg_pool2d_backward.alternative
def mean_backward_by_taps(dout, input_size, kernel_size, stride=None):
    (h, wide), (kh, kw) = pair(input_size), pair(kernel_size)
    sh, sw = (kh, kw) if stride is None else pair(stride)
    if min(kh, kw, sh, sw) < 1 or kh > h or kw > wide:
        raise ValueError("the window must have sides of 1 or more and fit into the input")
    n, c, oh, ow = dout.shape
    if (oh, ow) != ((h - kh) // sh + 1, (wide - kw) // sw + 1):
        raise ValueError(f"dout has shape {dout.shape}")
    dx = np.zeros((n, c, h, wide), dout.dtype)
    for p, q in np.ndindex(kh, kw):
        dx[:, :, p : p + oh * sh : sh, q : q + ow * sw : sw] += dout
    return dx / (kh * kw)


@avg_pool2d_backward.alternative
def mean_backward_by_matrices(dout, input_size, kernel_size, stride=None):
    size, kernel = pair(input_size), pair(kernel_size)
    step = kernel if stride is None else pair(stride)
    sides = []
    for n, k, s in zip(size, kernel, step):
        if s < 1 or not 1 <= k <= n:
            raise ValueError(f"a window of {k} with stride {s} does not fit into {n}")
        starts = np.arange(0, n - k + 1, s)[:, None]
        sides.append(((np.arange(n) >= starts) & (np.arange(n) < starts + k)) / k)
    if dout.shape[2:] != (len(sides[0]), len(sides[1])):
        raise ValueError("dout has not the shape of the pooled map")
    return np.einsum("ncij,ih,jw->nchw", dout, *sides).astype(dout.dtype)


@avg_pool2d_backward.alternative
def mean_backward_by_adding_at(dout, input_size, kernel_size, stride=None):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    if kh < 1 or kw < 1 or sh < 1 or sw < 1:
        raise ValueError("kernel_size and stride must be 1 or more")
    dx = np.zeros((*dout.shape[:2], *pair(input_size)), dout.dtype)
    if kh > dx.shape[2] or kw > dx.shape[3]:
        raise ValueError("the window is larger than the input")
    place = np.arange(dx[0, 0].size).reshape(dx.shape[2:])
    seen = np.lib.stride_tricks.sliding_window_view(place, (kh, kw))[::sh, ::sw]
    if seen.shape[:2] != dout.shape[2:]:
        raise ValueError(f"dout should have {seen.shape[:2]} positions")
    flat = dx.reshape(*dx.shape[:2], place.size)
    np.add.at(flat, (slice(None), slice(None), seen), dout[..., None, None] / (kh * kw))
    return flat.reshape(dx.shape)


@avg_pool2d_backward.misconception(
    "Windows overlap: the shares of an input must be added (+=), not written over each other.", "examples values care"
)
def mean_backward_assigned(dout, input_size, kernel_size, stride=None):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    (n, c, oh, ow), (h, wide) = dout.shape, pair(input_size)
    fits = min(kh, kw, sh, sw) > 0 and kh <= h and kw <= wide
    if not fits or (oh, ow) != ((h - kh) // sh + 1, (wide - kw) // sw + 1):
        raise ValueError("these do not fit together")
    dx = np.zeros((n, c, h, wide), dout.dtype)
    for i, j in np.ndindex(oh, ow):
        top, left = i * sh, j * sw
        dx[:, :, top : top + kh, left : left + kw] = dout[:, :, i : i + 1, j : j + 1] / (kh * kw)
    return dx


@avg_pool2d_backward.misconception(
    "Each input of the window gets the whole gradient; it is one of kernel height × width inputs of the mean.",
    "examples values care",
)
def mean_backward_undivided(dout, input_size, kernel_size, stride=None):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    (n, c, oh, ow), (h, wide) = dout.shape, pair(input_size)
    fits = min(kh, kw, sh, sw) > 0 and kh <= h and kw <= wide
    if not fits or (oh, ow) != ((h - kh) // sh + 1, (wide - kw) // sw + 1):
        raise ValueError("these do not fit together")
    dx = np.zeros((n, c, h, wide), dout.dtype)
    for i, j in np.ndindex(oh, ow):
        top, left = i * sh, j * sw
        dx[:, :, top : top + kh, left : left + kw] += dout[:, :, i : i + 1, j : j + 1]
    return dx


@avg_pool2d_backward.misconception(
    "The gradient is divided by the sum of the window's sides; that is right for 2 × 2 alone.", "examples values care"
)
def mean_backward_divided_by_sides(dout, input_size, kernel_size, stride=None):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    (n, c, oh, ow), (h, wide) = dout.shape, pair(input_size)
    fits = min(kh, kw, sh, sw) > 0 and kh <= h and kw <= wide
    if not fits or (oh, ow) != ((h - kh) // sh + 1, (wide - kw) // sw + 1):
        raise ValueError("these do not fit together")
    dx = np.zeros((n, c, h, wide), dout.dtype)
    for i, j in np.ndindex(oh, ow):
        top, left = i * sh, j * sw
        dx[:, :, top : top + kh, left : left + kw] += dout[:, :, i : i + 1, j : j + 1] / (kh + kw)
    return dx


@avg_pool2d_backward.misconception(
    "The gradient is divided by the number of outputs; a mean divides by the number of its inputs.",
    "examples values care",
)
def mean_backward_divided_by_outputs(dout, input_size, kernel_size, stride=None):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    (n, c, oh, ow), (h, wide) = dout.shape, pair(input_size)
    fits = min(kh, kw, sh, sw) > 0 and kh <= h and kw <= wide
    if not fits or (oh, ow) != ((h - kh) // sh + 1, (wide - kw) // sw + 1):
        raise ValueError("these do not fit together")
    dx = np.zeros((n, c, h, wide), dout.dtype)
    for i, j in np.ndindex(oh, ow):
        top, left = i * sh, j * sw
        dx[:, :, top : top + kh, left : left + kw] += dout[:, :, i : i + 1, j : j + 1] / (oh * ow)
    return dx


@avg_pool2d_backward.misconception(
    "The window is taken for a square: its height is used for both sides.", "examples values care"
)
def mean_backward_square_window(dout, input_size, kernel_size, stride=None):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    (n, c, oh, ow), (h, wide) = dout.shape, pair(input_size)
    fits = min(kh, kw, sh, sw) > 0 and kh <= h and kw <= wide
    if not fits or (oh, ow) != ((h - kh) // sh + 1, (wide - kw) // sw + 1):
        raise ValueError("these do not fit together")
    dx = np.zeros((n, c, h, wide), dout.dtype)
    for i, j in np.ndindex(oh, ow):
        top, left = i * sh, j * sw
        dx[:, :, top : top + kh, left : left + kh] += dout[:, :, i : i + 1, j : j + 1] / (kh * kh)
    return dx


@avg_pool2d_backward.misconception(
    "The stride is left out of the window's start: window (i, j) begins at i · stride, j · stride.",
    "examples values care",
)
def mean_backward_stride_left_out(dout, input_size, kernel_size, stride=None):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    (n, c, oh, ow), (h, wide) = dout.shape, pair(input_size)
    fits = min(kh, kw, sh, sw) > 0 and kh <= h and kw <= wide
    if not fits or (oh, ow) != ((h - kh) // sh + 1, (wide - kw) // sw + 1):
        raise ValueError("these do not fit together")
    dx = np.zeros((n, c, h, wide), dout.dtype)
    for i, j in np.ndindex(oh, ow):
        top, left = i, j
        dx[:, :, top : top + kh, left : left + kw] += dout[:, :, i : i + 1, j : j + 1] / (kh * kw)
    return dx


@avg_pool2d_backward.misconception(
    "The windows are laid side by side; with a stride of its own they overlap or leave gaps.", "examples values care"
)
def mean_backward_stride_is_kernel(dout, input_size, kernel_size, stride=None):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    (n, c, oh, ow), (h, wide) = dout.shape, pair(input_size)
    fits = min(kh, kw, sh, sw) > 0 and kh <= h and kw <= wide
    if not fits or (oh, ow) != ((h - kh) // sh + 1, (wide - kw) // sw + 1):
        raise ValueError("these do not fit together")
    dx = np.zeros((n, c, h, wide), dout.dtype)
    for i, j in np.ndindex(oh, ow):
        top, left = i * kh, j * kw
        dx[:, :, top : top + kh, left : left + kw] += dout[:, :, i : i + 1, j : j + 1] / (kh * kw)
    return dx


@avg_pool2d_backward.misconception(
    "Height and width of the stride are exchanged: in a pair the height comes first.", "examples values care"
)
def mean_backward_sides_exchanged(dout, input_size, kernel_size, stride=None):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    (n, c, oh, ow), (h, wide) = dout.shape, pair(input_size)
    fits = min(kh, kw, sh, sw) > 0 and kh <= h and kw <= wide
    if not fits or (oh, ow) != ((h - kh) // sh + 1, (wide - kw) // sw + 1):
        raise ValueError("these do not fit together")
    dx = np.zeros((n, c, h, wide), dout.dtype)
    for i, j in np.ndindex(oh, ow):
        top, left = i * sw, j * sh
        dx[:, :, top : top + kh, left : left + kw] += dout[:, :, i : i + 1, j : j + 1] / (kh * kw)
    return dx


@avg_pool2d_backward.misconception(
    "All of the gradient goes to one input of each window; a mean depends on all of them.", "examples values care"
)
def mean_backward_to_one_input(dout, input_size, kernel_size, stride=None):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    (n, c, oh, ow), (h, wide) = dout.shape, pair(input_size)
    fits = min(kh, kw, sh, sw) > 0 and kh <= h and kw <= wide
    if not fits or (oh, ow) != ((h - kh) // sh + 1, (wide - kw) // sw + 1):
        raise ValueError("these do not fit together")
    dx = np.zeros((n, c, h, wide), dout.dtype)
    for i, j in np.ndindex(oh, ow):
        top, left = i * sh, j * sw
        dx[:, :, top, left] += dout[:, :, i, j]
    return dx


@avg_pool2d_backward.misconception(
    "The rows and columns that no window reads are missing: dx has the size of the input, and 0 stands there.",
    "examples values",
)
def mean_backward_rest_lost(dout, input_size, kernel_size, stride=None):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    (n, c, oh, ow), (h, wide) = dout.shape, pair(input_size)
    fits = min(kh, kw, sh, sw) > 0 and kh <= h and kw <= wide
    if not fits or (oh, ow) != ((h - kh) // sh + 1, (wide - kw) // sw + 1):
        raise ValueError("these do not fit together")
    dx = np.zeros((n, c, h, wide), dout.dtype)
    for i, j in np.ndindex(oh, ow):
        top, left = i * sh, j * sw
        dx[:, :, top : top + kh, left : left + kw] += dout[:, :, i : i + 1, j : j + 1] / (kh * kw)
    return dx[:, :, : (oh - 1) * sh + kh, : (ow - 1) * sw + kw]


@avg_pool2d_backward.misconception(
    "Where windows overlap, the sum of the shares is divided once more by their number.", "examples values care"
)
def mean_backward_divided_by_overlap(dout, input_size, kernel_size, stride=None):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    (n, c, oh, ow), (h, wide) = dout.shape, pair(input_size)
    fits = min(kh, kw, sh, sw) > 0 and kh <= h and kw <= wide
    if not fits or (oh, ow) != ((h - kh) // sh + 1, (wide - kw) // sw + 1):
        raise ValueError("these do not fit together")
    dx = np.zeros((n, c, h, wide), dout.dtype)
    for i, j in np.ndindex(oh, ow):
        top, left = i * sh, j * sw
        dx[:, :, top : top + kh, left : left + kw] += dout[:, :, i : i + 1, j : j + 1] / (kh * kw)
    ones = np.zeros((h, wide))
    for i, j in np.ndindex(oh, ow):
        ones[i * sh : i * sh + kh, j * sw : j * sw + kw] += 1
    dx /= np.maximum(ones, 1)
    return dx


@avg_pool2d_backward.misconception("The caller's dout is divided in place.", "care")
def mean_backward_in_place(dout, input_size, kernel_size, stride=None):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    (n, c, oh, ow), (h, wide) = dout.shape, pair(input_size)
    fits = min(kh, kw, sh, sw) > 0 and kh <= h and kw <= wide
    if not fits or (oh, ow) != ((h - kh) // sh + 1, (wide - kw) // sw + 1):
        raise ValueError("these do not fit together")
    dout /= kh * kw
    dx = np.zeros((n, c, h, wide), dout.dtype)
    for i, j in np.ndindex(oh, ow):
        top, left = i * sh, j * sw
        dx[:, :, top : top + kh, left : left + kw] += dout[:, :, i : i + 1, j : j + 1]
    return dx


@avg_pool2d_backward.misconception(
    "A buffer made without a dtype is float64; the gradient should have the dtype of dout.", "dtype"
)
def mean_backward_as_double(dout, input_size, kernel_size, stride=None):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    (n, c, oh, ow), (h, wide) = dout.shape, pair(input_size)
    fits = min(kh, kw, sh, sw) > 0 and kh <= h and kw <= wide
    if not fits or (oh, ow) != ((h - kh) // sh + 1, (wide - kw) // sw + 1):
        raise ValueError("these do not fit together")
    dx = np.zeros((n, c, h, wide))
    for i, j in np.ndindex(oh, ow):
        top, left = i * sh, j * sw
        dx[:, :, top : top + kh, left : left + kw] += dout[:, :, i : i + 1, j : j + 1] / (kh * kw)
    return dx


@avg_pool2d_backward.misconception(
    "Windows and gradients that do not fit are let through; the statement asks for a ValueError.", "examples refusals"
)
def mean_backward_unchecked(dout, input_size, kernel_size, stride=None):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    (n, c, oh, ow), (h, wide) = dout.shape, pair(input_size)
    dx = np.zeros((n, c, h, wide), dout.dtype)
    for i, j in np.ndindex(oh, ow):
        top, left = i * sh, j * sw
        dx[:, :, top : top + kh, left : left + kw] += dout[:, :, i : i + 1, j : j + 1] / max(kh * kw, 1)
    return dx
