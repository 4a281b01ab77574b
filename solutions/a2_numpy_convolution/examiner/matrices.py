"""A layer as a matrix: the oracle sends the unit pictures through torch's conv2d."""

import numpy as np
import torch
import torch.nn.functional as F
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view

from course_utils.grading.exercise import Call, Exercise, Facet, same_refusals, same_values, untouched

from .inputs import fitting, int_or_pair, numbers, pair, seeds, small, spoilt, tensors


def _matrix(w, input_size, padding=0):
    [weight] = tensors(w)
    sides = weight.shape[1], *pair(input_size)
    units = torch.eye(int(np.prod(sides)), dtype=weight.dtype).reshape(-1, *sides)
    return F.conv2d(units, weight, padding=padding).flatten(1).T.contiguous().numpy()


@st.composite
def _matrices(draw, most=0):
    kernel_size, padding = draw(st.tuples(small, small)), draw(int_or_pair(0, most))
    height, width = draw(fitting(kernel_size, padding, spare=2))
    w = numbers(draw(seeds), draw(small), draw(st.integers(1, 2)), *kernel_size)
    size = height if height == width and draw(st.booleans()) else (height, width)
    return Call((w, size), {"padding": padding} if most else {})


W, ONE = numbers(1, 3, 2, 2, 3), numbers(2, 2, 3, 1, 1)
FITS = "the kernel is {}, the padded picture {}"

conv_as_matrix = Exercise(
    "conv_as_matrix",
    _matrix,
    "lecture 03, on a convolution as one matrix, and lecture 05, on which of the two matrices it is",
    {
        "values": Facet(same_values, (
            Call((W, (3, 5))), Call((W[:1, :1], (4, 3))), Call((W, (2, 3))), Call((W, 4)), Call((ONE, (3, 2))),
            Call((numbers(3, 1, 2, 3, 1), (3, 4))), Call((numbers(4, 2, 1, 1, 3), (2, 4))),
        ), _matrices(), 20),
        "padding": Facet(same_values, (
            Call((W, (3, 4)), {"padding": 1}), Call((W[:1, :1], 3), {"padding": 1}), Call((W, (2, 3)), {"padding": (0, 2)}),
            Call((W, (2, 3)), {"padding": (2, 1)}), Call((W, (1, 1)), {"padding": 1}), Call((ONE, 2), {"padding": (1, 0)}),
            Call((W, (1, 2)), {"padding": 3}, "The first windows see nothing but zeros: their rows are zero."),
        ), _matrices(2), 20),
        "refusals": Facet(same_refusals, (
            *spoilt((W,), input_size=(1, 0, -3, (0, 4), (4, 0), (-2, 4), (4, -2), (-4, -4))),
            Call((W, 0), {"padding": 2}, "input_size is 0, and each side must be 1 or more"),
            *(Call((W, size), {"padding": 2}, f"input_size is {size}, and each side must be 1 or more")
              for size in ((0, 4), (4, 0))),
            *(Call((W, 4), {"padding": p}, f"padding is {p}, and each side must be 0 or more")
              for p in (-1, (-1, 1), (1, -1))),
            Call((W, (1, 5)), note=FITS.format("2×3", "1×5")), Call((W, (4, 2)), note=FITS.format("2×3", "4×2")),
            Call((W, (1, 1)), {"padding": (1, 0)}, FITS.format("2×3", "3×1")),
            Call((W[0], 4), note="w has 3 axes, not 4"), Call((W[0, 0], 4), note="w has 2 axes, not 4"),
        )),
        "untouched": Facet(untouched, (Call((W, (3, 4))), Call((W, 3, (1, 0))))),
    },
)  # fmt: skip


@conv_as_matrix.alternative
def matrix_by_loops(w, input_size, padding=0):
    (filters, channels, kh, kw), (height, width), (ph, pw) = w.shape, pair(input_size), pair(padding)
    rows, columns = height + 2 * ph - kh + 1, width + 2 * pw - kw + 1
    if min(height, width, rows, columns) < 1 or min(ph, pw) < 0:
        raise ValueError("impossible arguments")
    wide = np.zeros((filters, rows, columns, channels, height + 2 * ph, width + 2 * pw))
    for i, j in np.ndindex(rows, columns):
        wide[:, i, j, :, i : i + kh, j : j + kw] = w
    inside = wide[..., ph : ph + height, pw : pw + width]
    return inside.reshape(filters * rows * columns, -1)


@conv_as_matrix.alternative
def matrix_by_shifts(w, input_size, padding=0):
    (filters, _, kh, kw), (height, width), (ph, pw) = w.shape, pair(input_size), pair(padding)
    rows, columns = height + 2 * ph - kh + 1, width + 2 * pw - kw + 1
    if min(height, width, rows, columns) < 1 or min(ph, pw) < 0:
        raise ValueError("impossible arguments")
    down = np.stack([np.eye(rows, height, p - ph) for p in range(kh)])
    across = np.stack([np.eye(columns, width, q - pw) for q in range(kw)])
    return np.einsum("fcpq,pih,qjw->fijchw", w, down, across).reshape(filters * rows * columns, -1)


@conv_as_matrix.alternative
def matrix_by_windows(w, input_size, padding=0):
    (_, channels, kh, kw), (height, width), (ph, pw) = w.shape, pair(input_size), pair(padding)
    units = np.eye(height * width).reshape(-1, height, width)  # raises ValueError for sides below 1
    windows = sliding_window_view(np.pad(units, ((0, 0), (ph, ph), (pw, pw))), (kh, kw), axis=(1, 2))
    return np.einsum("uijpq,fcpq->fijcu", windows, w).reshape(-1, channels * height * width)


EVERY = "examples values padding untouched"


@conv_as_matrix.misconception(
    "The kernel is flipped: this matrix convolves. A layer computes a cross-correlation.", EVERY
)
def matrix_flipped(w, input_size, padding=0):
    (_, channels, kh, kw), (height, width), (ph, pw) = w.shape, pair(input_size), pair(padding)
    if min(height, width) < 1:
        raise ValueError("a side of the picture is below 1")
    units = np.eye(height * width).reshape(-1, height, width)
    windows = sliding_window_view(np.pad(units, ((0, 0), (ph, ph), (pw, pw))), (kh, kw), axis=(1, 2))
    return np.einsum("uijpq,fcpq->fijcu", windows, w[..., ::-1, ::-1]).reshape(-1, channels * height * width)


@conv_as_matrix.misconception(
    "The matrix is transposed: it has a row for each output and a column for each input.", EVERY
)
def matrix_transposed(w, input_size, padding=0):
    (_, channels, kh, kw), (height, width), (ph, pw) = w.shape, pair(input_size), pair(padding)
    if min(height, width) < 1:
        raise ValueError("a side of the picture is below 1")
    units = np.eye(height * width).reshape(-1, height, width)
    windows = sliding_window_view(np.pad(units, ((0, 0), (ph, ph), (pw, pw))), (kh, kw), axis=(1, 2))
    return np.einsum("uijpq,fcpq->cufij", windows, w).reshape(channels * height * width, -1)


@conv_as_matrix.misconception(
    "The pixels are numbered down the columns of the picture; x.ravel() goes along its rows.", EVERY
)
def matrix_of_columns(w, input_size, padding=0):
    (_, channels, kh, kw), (height, width), (ph, pw) = w.shape, pair(input_size), pair(padding)
    if min(height, width) < 1:
        raise ValueError("a side of the picture is below 1")
    units = np.eye(height * width).reshape(-1, height, width)
    windows = sliding_window_view(np.pad(units, ((0, 0), (ph, ph), (pw, pw))), (kh, kw), axis=(1, 2))
    windows = windows.reshape(height, width, *windows.shape[1:])
    return np.einsum("hwijpq,fcpq->fijcwh", windows, w).reshape(-1, channels * height * width)


@conv_as_matrix.misconception("The columns run through the channels of a pixel first; x.ravel() has all of channel 0 first.",
                              "values padding untouched")  # fmt: skip
def matrix_channels_last(w, input_size, padding=0):
    (_, channels, kh, kw), (height, width), (ph, pw) = w.shape, pair(input_size), pair(padding)
    if min(height, width) < 1:
        raise ValueError("a side of the picture is below 1")
    units = np.eye(height * width).reshape(-1, height, width)
    windows = sliding_window_view(np.pad(units, ((0, 0), (ph, ph), (pw, pw))), (kh, kw), axis=(1, 2))
    return np.einsum("uijpq,fcpq->fijuc", windows, w).reshape(-1, channels * height * width)


@conv_as_matrix.misconception("The rows run through the filters of a place first; all rows of filter 0 come first.",
                              "values padding untouched")  # fmt: skip
def matrix_filters_last(w, input_size, padding=0):
    (_, channels, kh, kw), (height, width), (ph, pw) = w.shape, pair(input_size), pair(padding)
    if min(height, width) < 1:
        raise ValueError("a side of the picture is below 1")
    units = np.eye(height * width).reshape(-1, height, width)
    windows = sliding_window_view(np.pad(units, ((0, 0), (ph, ph), (pw, pw))), (kh, kw), axis=(1, 2))
    return np.einsum("uijpq,fcpq->ijfcu", windows, w).reshape(-1, channels * height * width)


@conv_as_matrix.misconception("The columns of the padding are kept; zeros need no columns, the matrix acts on the picture.",
                              "examples padding untouched")  # fmt: skip
def matrix_with_padding_columns(w, input_size, padding=0):
    (_, channels, kh, kw), (height, width), (ph, pw) = w.shape, pair(input_size), pair(padding)
    if min(height, width) < 1 or min(ph, pw) < 0:
        raise ValueError("impossible arguments")
    height, width = height + 2 * ph, width + 2 * pw
    units = np.eye(height * width).reshape(-1, height, width)
    windows = sliding_window_view(units, (kh, kw), axis=(1, 2))
    return np.einsum("uijpq,fcpq->fijcu", windows, w).reshape(-1, channels * height * width)


@conv_as_matrix.misconception("The padding is not looked at.", "examples padding refusals untouched")
def matrix_unpadded(w, input_size, padding=0):
    (_, channels, kh, kw), (height, width) = w.shape, pair(input_size)
    if min(height, width) < 1:
        raise ValueError("a side of the picture is below 1")
    units = np.eye(height * width).reshape(-1, height, width)
    windows = sliding_window_view(units, (kh, kw), axis=(1, 2))
    return np.einsum("uijpq,fcpq->fijcu", windows, w).reshape(-1, channels * height * width)


@conv_as_matrix.misconception("The rows wrap around the edges; that is circular padding. Outside of the picture are zeros.",
                              "examples padding untouched")  # fmt: skip
def matrix_circular(w, input_size, padding=0):
    (_, channels, kh, kw), (height, width), (ph, pw) = w.shape, pair(input_size), pair(padding)
    if min(height, width) < 1:
        raise ValueError("a side of the picture is below 1")
    units = np.eye(height * width).reshape(-1, height, width)
    padded = np.pad(units, ((0, 0), (ph, ph), (pw, pw)), mode="wrap")
    windows = sliding_window_view(padded, (kh, kw), axis=(1, 2))
    return np.einsum("uijpq,fcpq->fijcu", windows, w).reshape(-1, channels * height * width)


@conv_as_matrix.misconception("Height and width of the picture are exchanged: input_size is (rows, columns).",
                              "examples values padding refusals untouched")  # fmt: skip
def matrix_size_exchanged(w, input_size, padding=0):
    (_, channels, kh, kw), (width, height), (ph, pw) = w.shape, pair(input_size), pair(padding)
    if min(height, width) < 1:
        raise ValueError("a side of the picture is below 1")
    units = np.eye(height * width).reshape(-1, height, width)
    windows = sliding_window_view(np.pad(units, ((0, 0), (ph, ph), (pw, pw))), (kh, kw), axis=(1, 2))
    return np.einsum("uijpq,fcpq->fijcu", windows, w).reshape(-1, channels * height * width)


@conv_as_matrix.misconception(
    "Impossible arguments are let through; the statement asks for a ValueError.", "examples refusals"
)
def matrix_unchecked(w, input_size, padding=0):
    w = w.reshape(-1, *(1, 1, *w.shape)[-3:])
    height, width = (max(each, 0) for each in pair(input_size))
    ph, pw = (max(each, 0) for each in pair(padding))
    filters, channels, kh, kw = w.shape
    rows, columns = (max(each, 0) for each in (height + 2 * ph - kh + 1, width + 2 * pw - kw + 1))
    down = np.stack([np.eye(rows, height, p - ph) for p in range(kh)])
    across = np.stack([np.eye(columns, width, q - pw) for q in range(kw)])
    y = np.einsum("fcpq,pih,qjw->fijchw", w, down, across)
    return y.reshape(filters * rows * columns, channels * height * width)
