"""im2col: the oracle is torch's unfold, with its axes in the order that the statement asks for."""

import numpy as np
import torch.nn.functional as F
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view

from course_utils.grading.exercise import Call, Exercise, Facet, same_dtype, same_refusals, same_values, untouched

from .inputs import fitting, int_or_pair, numbers, pair, seeds, small, spoilt, tensors


def _columns(x, kernel_size, stride=1, padding=0, dilation=1):
    [x] = tensors(x)
    found = F.unfold(x, kernel_size, dilation, padding, stride)  # (N, C·kh·kw, places)
    return found.transpose(1, 2).reshape(-1, found.shape[1]).contiguous().numpy()


@st.composite
def _unfoldings(draw, most=1):
    kernel_size, stride, dilation = draw(int_or_pair(1, 3)), draw(int_or_pair(1, most)), draw(int_or_pair(1, most))
    padding = draw(int_or_pair(0, most - 1))
    shape = draw(st.integers(1, 2)), draw(small), *draw(fitting(kernel_size, padding, dilation))
    kwargs = {"stride": stride, "padding": padding, "dilation": dilation} if most > 1 else {}
    return Call((numbers(draw(seeds), *shape), kernel_size), kwargs)


X = numbers(1, 2, 3, 5, 7)
FITS = "the kernel spans {}, the padded picture is {}"

im2col = Exercise(
    "im2col",
    _columns,
    "lecture 05, on a layer as one matrix product",
    {
        "values": Facet(same_values, (
            Call((X, 3)), Call((X, (2, 3))), Call((X, (4, 1))), Call((X, 1)), Call((X, (5, 7))),
            Call((X[:1, :1], (3, 2))), Call((X[:, :1], 2)), Call((X[:1], (1, 4))),
        ), _unfoldings(), 25),
        "options": Facet(same_values, (
            Call((X, 3), {"padding": 1}), Call((X, (3, 2)), {"stride": 2}),
            Call((X, 2), {"stride": (3, 2)}, "5 − 2 and 7 − 2: where the stride leaves a rest, round down."),
            Call((X, (2, 3)), {"padding": (2, 1)}), Call((X, 3), {"dilation": 2}), Call((X, (3, 2)), {"dilation": (1, 3)}),
            Call((X, (2, 3)), {"stride": (2, 3), "padding": (1, 2), "dilation": (3, 2)}),
            Call((X, 1), {"stride": 3, "padding": 1}), Call((X[..., :1], 3), {"padding": 1}),
        ), _unfoldings(3), 25),
        "refusals": Facet(same_refusals, (
            *spoilt((X,), kernel_size=(1, 0, -1, (0, 2), (2, 0))),
            *spoilt((X, 2), stride=(1, 0, -1, (1, 0), (0, 1), (-2, 1), (1, -2)), dilation=(1, 0, -1, (1, 0), (0, 1)),
                    padding=(0, -1, (0, -1), (-1, 1))),
            *spoilt((X, 1), dilation=(1, -1, (1, -1), (-1, 1))),
            Call((X, (6, 1)), note=FITS.format("6×1", "5×7")), Call((X, (1, 8)), note=FITS.format("1×8", "5×7")),
            Call((X, 4), {"dilation": (2, 1)}, FITS.format("7×4", "5×7")),
            Call((X, (1, 4)), {"dilation": 3, "padding": (2, 1)}, FITS.format("1×10", "9×9")),
            Call((X[0], 2), note="x has 3 axes, not 4"), Call((X[None], 2), note="x has 5 axes, not 4"),
        )),
        "untouched": Facet(untouched, (Call((X, (2, 3))), Call((X, 3), {"stride": 2, "padding": (1, 2)}))),
        "dtype": Facet(same_dtype, (Call((X.astype(np.float32), 2)), Call((X.astype(np.float32), 2), {"padding": 1}))),
    },
)  # fmt: skip


@im2col.alternative
def columns_by_loops(x, kernel_size, stride=1, padding=0, dilation=1):
    (kh, kw), (sh, sw), (ph, pw), (dh, dw) = pair(kernel_size), pair(stride), pair(padding), pair(dilation)
    if min(kh, kw, sh, sw, dh, dw) < 1:
        raise ValueError("kernel_size, stride and dilation must be 1 or more")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    tall, wide = dh * (kh - 1) + 1, dw * (kw - 1) + 1
    rows = []
    for image in padded:
        for i in range(0, image.shape[1] - tall + 1, sh):
            for j in range(0, image.shape[2] - wide + 1, sw):
                rows.append(image[:, i : i + tall : dh, j : j + wide : dw].ravel())
    return np.stack(rows)  # without one window there is nothing to stack: a ValueError


@im2col.alternative
def columns_by_index(x, kernel_size, stride=1, padding=0, dilation=1):
    (kh, kw), (sh, sw), (ph, pw), (dh, dw) = pair(kernel_size), pair(stride), pair(padding), pair(dilation)
    if min(kh, kw, sh, sw, dh, dw) < 1:
        raise ValueError("kernel_size, stride and dilation must be 1 or more")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    first_row = np.arange(0, padded.shape[2] - dh * (kh - 1), sh)
    first_column = np.arange(0, padded.shape[3] - dw * (kw - 1), sw)
    if not first_row.size or not first_column.size:
        raise ValueError("the kernel does not fit")
    i = first_row[:, None, None, None] + dh * np.arange(kh)[:, None]
    j = first_column[:, None, None] + dw * np.arange(kw)
    return padded[:, :, i, j].transpose(0, 2, 3, 1, 4, 5).reshape(-1, x.shape[1] * kh * kw)


@im2col.alternative
def columns_by_taps(x, kernel_size, stride=1, padding=0, dilation=1):
    (kh, kw), (sh, sw), (ph, pw), (dh, dw) = pair(kernel_size), pair(stride), pair(padding), pair(dilation)
    n, c, height, width = x.shape
    if min(kh, kw, sh, sw, dh, dw) < 1:
        raise ValueError("kernel_size, stride and dilation must be 1 or more")
    rows = (height + 2 * ph - dh * (kh - 1) - 1) // sh + 1
    columns = (width + 2 * pw - dw * (kw - 1) - 1) // sw + 1
    if min(rows, columns) < 1:
        raise ValueError("the kernel does not fit")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    y = np.empty((n, rows, columns, c, kh, kw), x.dtype)
    for p, q in np.ndindex(kh, kw):
        seen = padded[:, :, dh * p :: sh, dw * q :: sw][:, :, :rows, :columns]
        y[..., p, q] = seen.transpose(0, 2, 3, 1)
    return y.reshape(n * rows * columns, -1)


EVERY = "examples values options untouched"


@im2col.misconception(
    "The axes are not brought into order before the reshape: the shape is right, the numbers are scrambled. "
    "Transpose to (N, H', W', C, kh, kw) first.",
    EVERY,
)
def columns_scrambled(x, kernel_size, stride=1, padding=0, dilation=1):
    (kh, kw), (sh, sw), (ph, pw), (dh, dw) = pair(kernel_size), pair(stride), pair(padding), pair(dilation)
    if min(kh, kw, sh, sw, dh, dw) < 1:
        raise ValueError("impossible arguments")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    windows = sliding_window_view(padded, (dh * (kh - 1) + 1, dw * (kw - 1) + 1), axis=(2, 3))
    return windows[:, :, ::sh, ::sw, ::dh, ::dw].reshape(-1, x.shape[1] * kh * kw)


@im2col.misconception("The matrix is transposed: a row for each window, a column for each channel and tap.", EVERY)
def columns_transposed(x, kernel_size, stride=1, padding=0, dilation=1):
    (kh, kw), (sh, sw), (ph, pw), (dh, dw) = pair(kernel_size), pair(stride), pair(padding), pair(dilation)
    if min(kh, kw, sh, sw, dh, dw) < 1:
        raise ValueError("impossible arguments")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    windows = sliding_window_view(padded, (dh * (kh - 1) + 1, dw * (kw - 1) + 1), axis=(2, 3))
    windows = windows[:, :, ::sh, ::sw, ::dh, ::dw].transpose(1, 4, 5, 0, 2, 3)
    return windows.reshape(x.shape[1] * kh * kw, -1)


@im2col.misconception("The channels come last in each row; they come first, as in the weights (F, C, kh, kw).", EVERY)
def columns_channels_last(x, kernel_size, stride=1, padding=0, dilation=1):
    (kh, kw), (sh, sw), (ph, pw), (dh, dw) = pair(kernel_size), pair(stride), pair(padding), pair(dilation)
    if min(kh, kw, sh, sw, dh, dw) < 1:
        raise ValueError("impossible arguments")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    windows = sliding_window_view(padded, (dh * (kh - 1) + 1, dw * (kw - 1) + 1), axis=(2, 3))
    windows = windows[:, :, ::sh, ::sw, ::dh, ::dw].transpose(0, 2, 3, 4, 5, 1)
    return windows.reshape(-1, x.shape[1] * kh * kw)


@im2col.misconception("Inside the window, columns run before rows: each row of the window stays together.",
                      EVERY)  # fmt: skip
def columns_taps_exchanged(x, kernel_size, stride=1, padding=0, dilation=1):
    (kh, kw), (sh, sw), (ph, pw), (dh, dw) = pair(kernel_size), pair(stride), pair(padding), pair(dilation)
    if min(kh, kw, sh, sw, dh, dw) < 1:
        raise ValueError("impossible arguments")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    windows = sliding_window_view(padded, (dh * (kh - 1) + 1, dw * (kw - 1) + 1), axis=(2, 3))
    windows = windows[:, :, ::sh, ::sw, ::dh, ::dw].transpose(0, 2, 3, 1, 5, 4)
    return windows.reshape(-1, x.shape[1] * kh * kw)


@im2col.misconception("The windows are numbered down the columns first; go along each row of the output.", EVERY)
def columns_places_exchanged(x, kernel_size, stride=1, padding=0, dilation=1):
    (kh, kw), (sh, sw), (ph, pw), (dh, dw) = pair(kernel_size), pair(stride), pair(padding), pair(dilation)
    if min(kh, kw, sh, sw, dh, dw) < 1:
        raise ValueError("impossible arguments")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    windows = sliding_window_view(padded, (dh * (kh - 1) + 1, dw * (kw - 1) + 1), axis=(2, 3))
    windows = windows[:, :, ::sh, ::sw, ::dh, ::dw].transpose(0, 3, 2, 1, 4, 5)
    return windows.reshape(-1, x.shape[1] * kh * kw)


@im2col.misconception("The images alternate: all windows of image 0 come first, then those of image 1.", EVERY)
def columns_images_last(x, kernel_size, stride=1, padding=0, dilation=1):
    (kh, kw), (sh, sw), (ph, pw), (dh, dw) = pair(kernel_size), pair(stride), pair(padding), pair(dilation)
    if min(kh, kw, sh, sw, dh, dw) < 1:
        raise ValueError("impossible arguments")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    windows = sliding_window_view(padded, (dh * (kh - 1) + 1, dw * (kw - 1) + 1), axis=(2, 3))
    windows = windows[:, :, ::sh, ::sw, ::dh, ::dw].transpose(2, 3, 0, 1, 4, 5)
    return windows.reshape(-1, x.shape[1] * kh * kw)


@im2col.misconception("Height and width of the kernel are exchanged: a pair means (rows, columns).",
                      "examples values options refusals untouched")  # fmt: skip
def columns_kernel_exchanged(x, kernel_size, stride=1, padding=0, dilation=1):
    (kw, kh), (sh, sw), (ph, pw), (dh, dw) = pair(kernel_size), pair(stride), pair(padding), pair(dilation)
    if min(kh, kw, sh, sw, dh, dw) < 1:
        raise ValueError("impossible arguments")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    windows = sliding_window_view(padded, (dh * (kh - 1) + 1, dw * (kw - 1) + 1), axis=(2, 3))
    windows = windows[:, :, ::sh, ::sw, ::dh, ::dw].transpose(0, 2, 3, 1, 4, 5)
    return windows.reshape(-1, x.shape[1] * kh * kw)


@im2col.misconception("The pair of strides is exchanged: the first moves the window down, the second to the right.",
                      "options")  # fmt: skip
def columns_strides_exchanged(x, kernel_size, stride=1, padding=0, dilation=1):
    (kh, kw), (sw, sh), (ph, pw), (dh, dw) = pair(kernel_size), pair(stride), pair(padding), pair(dilation)
    if min(kh, kw, sh, sw, dh, dw) < 1:
        raise ValueError("impossible arguments")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    windows = sliding_window_view(padded, (dh * (kh - 1) + 1, dw * (kw - 1) + 1), axis=(2, 3))
    windows = windows[:, :, ::sh, ::sw, ::dh, ::dw].transpose(0, 2, 3, 1, 4, 5)
    return windows.reshape(-1, x.shape[1] * kh * kw)


@im2col.misconception("The stride is not looked at.", "examples options untouched")
def columns_without_stride(x, kernel_size, stride=1, padding=0, dilation=1):
    (kh, kw), (sh, sw), (ph, pw), (dh, dw) = pair(kernel_size), pair(stride), pair(padding), pair(dilation)
    if min(kh, kw, sh, sw, dh, dw) < 1:
        raise ValueError("impossible arguments")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    windows = sliding_window_view(padded, (dh * (kh - 1) + 1, dw * (kw - 1) + 1), axis=(2, 3))
    windows = windows[:, :, :, :, ::dh, ::dw].transpose(0, 2, 3, 1, 4, 5)
    return windows.reshape(-1, x.shape[1] * kh * kw)


@im2col.misconception("Dilation is not looked at: the taps of a window lie dilation pixels apart.", "options refusals")
def columns_undilated(x, kernel_size, stride=1, padding=0, dilation=1):
    (kh, kw), (sh, sw), (ph, pw), (dh, dw) = pair(kernel_size), pair(stride), pair(padding), pair(dilation)
    if min(kh, kw, sh, sw, dh, dw) < 1:
        raise ValueError("impossible arguments")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    windows = sliding_window_view(padded, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw].transpose(0, 2, 3, 1, 4, 5)
    return windows.reshape(-1, x.shape[1] * kh * kw)


@im2col.misconception("The kernel spans dilation · (k − 1) + 1 pixels, not dilation · k: the last windows are missing.",
                      "options")  # fmt: skip
def columns_span_too_wide(x, kernel_size, stride=1, padding=0, dilation=1):
    (kh, kw), (sh, sw), (ph, pw), (dh, dw) = pair(kernel_size), pair(stride), pair(padding), pair(dilation)
    if min(kh, kw, sh, sw, dh, dw) < 1:
        raise ValueError("impossible arguments")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    windows = sliding_window_view(padded, (dh * kh, dw * kw), axis=(2, 3))
    windows = windows[:, :, ::sh, ::sw, ::dh, ::dw].transpose(0, 2, 3, 1, 4, 5)
    return windows.reshape(-1, x.shape[1] * kh * kw)


@im2col.misconception("The result is always float64; here it keeps the dtype of x.", "dtype")
def columns_in_double(x, kernel_size, stride=1, padding=0, dilation=1):
    (kh, kw), (sh, sw), (ph, pw), (dh, dw) = pair(kernel_size), pair(stride), pair(padding), pair(dilation)
    if min(kh, kw, sh, sw, dh, dw) < 1:
        raise ValueError("impossible arguments")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    windows = sliding_window_view(padded, (dh * (kh - 1) + 1, dw * (kw - 1) + 1), axis=(2, 3))
    windows = windows[:, :, ::sh, ::sw, ::dh, ::dw].transpose(0, 2, 3, 1, 4, 5)
    return windows.reshape(-1, x.shape[1] * kh * kw).astype(np.float64)


@im2col.misconception("Impossible arguments are let through; the statement asks for a ValueError.", "examples refusals")
def columns_unchecked(x, kernel_size, stride=1, padding=0, dilation=1):
    (kh, kw), (sh, sw), (dh, dw) = ([max(each, 1) for each in pair(one)] for one in (kernel_size, stride, dilation))
    ph, pw = (max(each, 0) for each in pair(padding))
    x = x.reshape(-1, *x.shape[-3:])
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    span = [min(d * (k - 1) + 1, n) for d, k, n in zip((dh, dw), (kh, kw), padded.shape[2:])]
    windows = sliding_window_view(padded, span, axis=(2, 3))[:, :, ::sh, ::sw, ::dh, ::dw]
    windows = windows.transpose(0, 2, 3, 1, 4, 5)
    return windows.reshape(int(np.prod(windows.shape[:3])), -1)
