"""True convolution of one picture: the oracle is SciPy's convolve2d."""

import numpy as np
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view
from scipy import signal

from course_utils.grading.exercise import Call, Exercise, Facet, same_refusals, same_values, untouched

from .inputs import fitting, numbers, seeds


def _convolve(x, k):
    return signal.convolve2d(np.array(x), np.array(k), mode="valid")


@st.composite
def _pictures(draw):
    kernel_size = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    return Call((numbers(draw(seeds), *draw(fitting(kernel_size, 0, spare=4))), numbers(draw(seeds), *kernel_size)))


X, K = numbers(2, 5, 7), numbers(3, 2, 3)
LARGE = "the kernel is {}, the picture only {}"

convolve2d = Exercise(
    "convolve2d",
    _convolve,
    "lecture 03, on a window that slides over a grid, and lecture 05, on the loops that NumPy can run",
    {
        "values": Facet(same_values, (
            Call((X, K)), Call((X, numbers(4, 4, 1))), Call((X, numbers(5, 1, 4))), Call((X, X[::-1])),
            Call((X, np.array([[3.0]])), note="A kernel of one weight: the picture, three times as bright."),
            Call((X.T.copy(), numbers(6, 3, 3))), Call((X, numbers(7, 5, 2))),
        ), _pictures(), 30),
        "refusals": Facet(same_refusals, (
            Call((X, numbers(4, 6, 2)), note=LARGE.format("6 rows high", "5")),
            Call((X, numbers(4, 2, 8)), note=LARGE.format("8 columns wide", "7")),
            Call((K, X), note=LARGE.format("5×7", "2×3")),
            Call((X[0], K), note="x has 1 axis, not 2"), Call((X, K[0]), note="k has 1 axis, not 2"),
            Call((X[None], K), note="x has 3 axes, not 2"), Call((X, K[None]), note="k has 3 axes, not 2"),
            Call((X, numbers(4, 2, 2, 1)), note="k has 3 axes, not 2"),
        )),
        "untouched": Facet(untouched, (Call((X, K)), Call((X.astype(np.float32), K.astype(np.float32))))),
    },
)  # fmt: skip


@convolve2d.alternative
def convolved_by_windows(x, k):
    # NumPy itself raises ValueError where axes are missing and where the window is too large.
    return np.einsum("ijpq,pq->ij", sliding_window_view(x, k.shape), k[::-1, ::-1])


@convolve2d.alternative
def convolved_by_taps(x, k):
    rows, columns = (n - size + 1 for n, size in zip(x.shape, k.shape, strict=True))
    if x.ndim != 2 or min(rows, columns) < 1:
        raise ValueError("x and k need two axes, and k must fit into x")
    y = np.zeros((rows, columns))
    for p, row in enumerate(k[::-1]):
        for q, weight in enumerate(row[::-1]):
            y += weight * x[p : p + rows, q : q + columns]
    return y


@convolve2d.alternative
def convolved_by_fourier(x, k):
    (height, width), (kh, kw) = x.shape, k.shape
    if kh > height or kw > width:
        raise ValueError("k must not be larger than x")
    ring = np.fft.irfft2(np.fft.rfft2(x) * np.fft.rfft2(k, x.shape), x.shape)
    return ring[kh - 1 :, kw - 1 :]


@convolve2d.misconception(
    "The kernel is not turned: this is cross-correlation, 70, 30, 10, 40 in the example. Turn it by 180 degrees first.",
    "examples values untouched",
)
def convolved_unturned(x, k):
    if x.ndim != 2 or k.ndim != 2:
        raise ValueError("x and k need two axes")
    return np.einsum("ijpq,pq->ij", sliding_window_view(x, k.shape), k)


@convolve2d.misconception("The kernel is turned upside down, but not left to right: reverse both of its axes.",
                          "examples values untouched")  # fmt: skip
def convolved_upside_down(x, k):
    if x.ndim != 2 or k.ndim != 2:
        raise ValueError("x and k need two axes")
    return np.einsum("ijpq,pq->ij", sliding_window_view(x, k.shape), k[::-1])


@convolve2d.misconception("The kernel is transposed; a half turn reverses both axes and exchanges none.",
                          "examples values untouched")  # fmt: skip
def convolved_transposed(x, k):
    (height, width), (kh, kw) = x.shape, k.shape
    if kh > height or kw > width:
        raise ValueError("k must not be larger than x")
    rows, columns = height - kw + 1, width - kh + 1
    return np.array([[np.sum(x[i : i + kw, j : j + kh] * k.T) for j in range(columns)] for i in range(rows)])


@convolve2d.misconception("Picture and kernel are both turned, so the result comes out turned. Turn the kernel only.",
                          "examples values untouched")  # fmt: skip
def convolved_both_turned(x, k):
    if x.ndim != 2 or k.ndim != 2:
        raise ValueError("x and k need two axes")
    return np.einsum("ijpq,pq->ij", sliding_window_view(x[::-1, ::-1], k.shape), k[::-1, ::-1])


@convolve2d.misconception("This is the full convolution, with windows that hang over the edge. Keep the windows inside.",
                          "examples values untouched")  # fmt: skip
def convolved_full(x, k):
    (height, width), (kh, kw) = x.shape, k.shape
    if kh > height or kw > width:
        raise ValueError("k must not be larger than x")
    padded = np.pad(x, ((kh - 1, kh - 1), (kw - 1, kw - 1)))
    return np.einsum("ijpq,pq->ij", sliding_window_view(padded, k.shape), k[::-1, ::-1])


@convolve2d.misconception("The last window of each row and column is skipped: there are n − k + 1 places, not n − k.",
                          "examples values untouched")  # fmt: skip
def convolved_last_skipped(x, k):
    if x.ndim != 2 or k.ndim != 2:
        raise ValueError("x and k need two axes")
    return np.einsum("ijpq,pq->ij", sliding_window_view(x, k.shape), k[::-1, ::-1])[:-1, :-1]


@convolve2d.misconception("The number of rows is used for the columns too: pictures need not be square.",
                          "examples values untouched")  # fmt: skip
def convolved_square(x, k):
    if x.ndim != 2 or k.ndim != 2:
        raise ValueError("x and k need two axes")
    full = np.einsum("ijpq,pq->ij", sliding_window_view(x, k.shape), k[::-1, ::-1])
    return np.pad(full, ((0, 0), (0, len(full))))[:, : len(full)]


@convolve2d.misconception("The products are averaged; convolution adds them up.", "examples values untouched")
def convolved_mean(x, k):
    if x.ndim != 2 or k.ndim != 2:
        raise ValueError("x and k need two axes")
    return (sliding_window_view(x, k.shape) * k[::-1, ::-1]).mean(axis=(2, 3))


@convolve2d.misconception("The kernel is turned in place, so the caller's array is changed. A view does not change it.",
                          "untouched")  # fmt: skip
def convolved_in_place(x, k):
    if x.ndim != 2 or k.ndim != 2:
        raise ValueError("x and k need two axes")
    k[...] = k[::-1, ::-1].copy()
    return np.einsum("ijpq,pq->ij", sliding_window_view(x, k.shape), k)


@convolve2d.misconception("A kernel that is larger than the picture is let through; the statement asks for a ValueError.",
                          "examples refusals")  # fmt: skip
def convolved_unchecked(x, k):
    if x.ndim != 2 or k.ndim != 2:
        raise ValueError("x and k need two axes")
    rows, columns = (max(n - size + 1, 0) for n, size in zip(x.shape, k.shape, strict=True))
    y = np.zeros((rows, columns))
    for p, q in np.ndindex(*k.shape):
        y += k[-1 - p, -1 - q] * x[p : p + rows, q : q + columns]
    return y
