"""What goes wrong in average pooling: divisors, windows, padding."""

import numpy as np

from .averages import avg_pool2d
from .inputs import pair


@avg_pool2d.misconception("The sum is divided by height + width of the window, which is right for 2×2 only; divide by height × width.",
                          "examples values options padding linear untouched")  # fmt: skip
def avg_by_sum_of_sides(x, kernel_size, stride=None, padding=0, count_include_pad=True):
    (kh, kw), (sh, sw), (ph, pw) = pair(kernel_size), pair(kernel_size if stride is None else stride), pair(padding)
    if min(kh, kw, sh, sw) < 1 or min(ph, pw) < 0 or 2 * ph > kh or 2 * pw > kw:
        raise ValueError("impossible arguments")
    sides = ((0, 0), (0, 0), (ph, ph), (pw, pw))
    padded, ones = np.pad(x, sides), np.pad(np.ones_like(x), sides)
    of = np.lib.stride_tricks.sliding_window_view
    sums = of(padded, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw].sum(axis=(4, 5))
    counts = of(ones, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw].sum(axis=(4, 5))
    return sums / (kh + kw if count_include_pad else counts)


@avg_pool2d.misconception(
    "The sum is divided by the height squared; a window has height × width pixels.",
    "examples values options padding linear untouched",
)
def avg_by_square(x, kernel_size, stride=None, padding=0, count_include_pad=True):
    (kh, kw), (sh, sw), (ph, pw) = pair(kernel_size), pair(kernel_size if stride is None else stride), pair(padding)
    if min(kh, kw, sh, sw) < 1 or min(ph, pw) < 0 or 2 * ph > kh or 2 * pw > kw:
        raise ValueError("impossible arguments")
    sides = ((0, 0), (0, 0), (ph, ph), (pw, pw))
    padded, ones = np.pad(x, sides), np.pad(np.ones_like(x), sides)
    of = np.lib.stride_tricks.sliding_window_view
    sums = of(padded, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw].sum(axis=(4, 5))
    counts = of(ones, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw].sum(axis=(4, 5))
    return sums / (kh * kh if count_include_pad else counts)


@avg_pool2d.misconception("The sum is divided by the number of outputs; divide by the number of pixels in a window.",
                          "examples values options padding linear untouched")  # fmt: skip
def avg_by_output_size(x, kernel_size, stride=None, padding=0, count_include_pad=True):
    (kh, kw), (sh, sw), (ph, pw) = pair(kernel_size), pair(kernel_size if stride is None else stride), pair(padding)
    if min(kh, kw, sh, sw) < 1 or min(ph, pw) < 0 or 2 * ph > kh or 2 * pw > kw:
        raise ValueError("impossible arguments")
    sides = ((0, 0), (0, 0), (ph, ph), (pw, pw))
    padded, ones = np.pad(x, sides), np.pad(np.ones_like(x), sides)
    of = np.lib.stride_tricks.sliding_window_view
    sums = of(padded, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw].sum(axis=(4, 5))
    counts = of(ones, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw].sum(axis=(4, 5))
    return sums / (sums.shape[2] * sums.shape[3] if count_include_pad else counts)


@avg_pool2d.misconception(
    "The values are added up and never divided.", "examples values options padding linear untouched"
)
def avg_not_divided(x, kernel_size, stride=None, padding=0, count_include_pad=True):
    (kh, kw), (sh, sw), (ph, pw) = pair(kernel_size), pair(kernel_size if stride is None else stride), pair(padding)
    if min(kh, kw, sh, sw) < 1 or min(ph, pw) < 0 or 2 * ph > kh or 2 * pw > kw:
        raise ValueError("impossible arguments")
    sides = ((0, 0), (0, 0), (ph, ph), (pw, pw))
    padded = np.pad(x, sides)
    of = np.lib.stride_tricks.sliding_window_view
    sums = of(padded, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw].sum(axis=(4, 5))
    return sums * 1.0


@avg_pool2d.misconception(
    "The windows lie side by side whatever the stride: start them stride apart.", "options padding linear untouched"
)
def avg_side_by_side(x, kernel_size, stride=None, padding=0, count_include_pad=True):
    (kh, kw), (sh, sw), (ph, pw) = pair(kernel_size), pair(kernel_size if stride is None else stride), pair(padding)
    if min(kh, kw, sh, sw) < 1 or min(ph, pw) < 0 or 2 * ph > kh or 2 * pw > kw:
        raise ValueError("impossible arguments")
    sides = ((0, 0), (0, 0), (ph, ph), (pw, pw))
    padded, ones = np.pad(x, sides), np.pad(np.ones_like(x), sides)
    of = np.lib.stride_tricks.sliding_window_view
    sums = of(padded, (kh, kw), axis=(2, 3))[:, :, ::kh, ::kw].sum(axis=(4, 5))
    counts = of(ones, (kh, kw), axis=(2, 3))[:, :, ::kh, ::kw].sum(axis=(4, 5))
    return sums / (kh * kw if count_include_pad else counts)


@avg_pool2d.misconception(
    "Without a stride the windows move by one; the default of a pool is kernel_size.",
    "examples values padding linear untouched",
)
def avg_stride_of_one(x, kernel_size, stride=None, padding=0, count_include_pad=True):
    (kh, kw), (sh, sw), (ph, pw) = pair(kernel_size), pair(1 if stride is None else stride), pair(padding)
    if min(kh, kw, sh, sw) < 1 or min(ph, pw) < 0 or 2 * ph > kh or 2 * pw > kw:
        raise ValueError("impossible arguments")
    sides = ((0, 0), (0, 0), (ph, ph), (pw, pw))
    padded, ones = np.pad(x, sides), np.pad(np.ones_like(x), sides)
    of = np.lib.stride_tricks.sliding_window_view
    sums = of(padded, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw].sum(axis=(4, 5))
    counts = of(ones, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw].sum(axis=(4, 5))
    return sums / (kh * kw if count_include_pad else counts)


@avg_pool2d.misconception("Height and width are exchanged: a pair is (height, width), for the window as for the padding.",
                          "examples values options padding linear refusals untouched")  # fmt: skip
def avg_exchanged(x, kernel_size, stride=None, padding=0, count_include_pad=True):
    (kw, kh), (sw, sh), (pw, ph) = pair(kernel_size), pair(kernel_size if stride is None else stride), pair(padding)
    if min(kh, kw, sh, sw) < 1 or min(ph, pw) < 0 or 2 * ph > kh or 2 * pw > kw:
        raise ValueError("impossible arguments")
    sides = ((0, 0), (0, 0), (ph, ph), (pw, pw))
    padded, ones = np.pad(x, sides), np.pad(np.ones_like(x), sides)
    of = np.lib.stride_tricks.sliding_window_view
    sums = of(padded, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw].sum(axis=(4, 5))
    counts = of(ones, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw].sum(axis=(4, 5))
    return sums / (kh * kw if count_include_pad else counts)


@avg_pool2d.misconception("Rows are padded by the second number of the pair and columns by the first: (height, width) is the order.",
                          "examples padding")  # fmt: skip
def avg_padding_exchanged(x, kernel_size, stride=None, padding=0, count_include_pad=True):
    (kh, kw), (sh, sw), (ph, pw) = pair(kernel_size), pair(kernel_size if stride is None else stride), pair(padding)
    if min(kh, kw, sh, sw) < 1 or min(ph, pw) < 0 or 2 * ph > kh or 2 * pw > kw:
        raise ValueError("impossible arguments")
    sides = ((0, 0), (0, 0), (pw, pw), (ph, ph))
    padded, ones = np.pad(x, sides), np.pad(np.ones_like(x), sides)
    of = np.lib.stride_tricks.sliding_window_view
    sums = of(padded, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw].sum(axis=(4, 5))
    counts = of(ones, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw].sum(axis=(4, 5))
    return sums / (kh * kw if count_include_pad else counts)


@avg_pool2d.misconception(
    "Both rows of padding are put on one side; half of them belong on each.", "examples padding untouched"
)
def avg_padded_once(x, kernel_size, stride=None, padding=0, count_include_pad=True):
    (kh, kw), (sh, sw), (ph, pw) = pair(kernel_size), pair(kernel_size if stride is None else stride), pair(padding)
    if min(kh, kw, sh, sw) < 1 or min(ph, pw) < 0 or 2 * ph > kh or 2 * pw > kw:
        raise ValueError("impossible arguments")
    sides = ((0, 0), (0, 0), (0, 2 * ph), (0, 2 * pw))
    padded, ones = np.pad(x, sides), np.pad(np.ones_like(x), sides)
    of = np.lib.stride_tricks.sliding_window_view
    sums = of(padded, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw].sum(axis=(4, 5))
    counts = of(ones, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw].sum(axis=(4, 5))
    return sums / (kh * kw if count_include_pad else counts)


@avg_pool2d.misconception("The border is repeated outwards; the padding should be zeros.", "examples padding untouched")
def avg_edge_padding(x, kernel_size, stride=None, padding=0, count_include_pad=True):
    (kh, kw), (sh, sw), (ph, pw) = pair(kernel_size), pair(kernel_size if stride is None else stride), pair(padding)
    if min(kh, kw, sh, sw) < 1 or min(ph, pw) < 0 or 2 * ph > kh or 2 * pw > kw:
        raise ValueError("impossible arguments")
    sides = ((0, 0), (0, 0), (ph, ph), (pw, pw))
    padded, ones = np.pad(x, sides, mode="edge"), np.pad(np.ones_like(x), sides)
    of = np.lib.stride_tricks.sliding_window_view
    sums = of(padded, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw].sum(axis=(4, 5))
    counts = of(ones, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw].sum(axis=(4, 5))
    return sums / (kh * kw if count_include_pad else counts)


@avg_pool2d.misconception("The padded image is made and then not used.", "examples padding untouched")
def avg_unpadded(x, kernel_size, stride=None, padding=0, count_include_pad=True):
    (kh, kw), (sh, sw), (ph, pw) = pair(kernel_size), pair(kernel_size if stride is None else stride), pair(padding)
    if min(kh, kw, sh, sw) < 1 or min(ph, pw) < 0 or 2 * ph > kh or 2 * pw > kw:
        raise ValueError("impossible arguments")
    padded, ones = x, np.ones_like(x)
    of = np.lib.stride_tricks.sliding_window_view
    sums = of(padded, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw].sum(axis=(4, 5))
    counts = of(ones, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw].sum(axis=(4, 5))
    return sums / (kh * kw if count_include_pad else counts)


@avg_pool2d.misconception("count_include_pad is not looked at: with False, only the pixels inside the image count.",
                          "examples padding")  # fmt: skip
def avg_always_counts(x, kernel_size, stride=None, padding=0, count_include_pad=True):
    (kh, kw), (sh, sw), (ph, pw) = pair(kernel_size), pair(kernel_size if stride is None else stride), pair(padding)
    if min(kh, kw, sh, sw) < 1 or min(ph, pw) < 0 or 2 * ph > kh or 2 * pw > kw:
        raise ValueError("impossible arguments")
    sides = ((0, 0), (0, 0), (ph, ph), (pw, pw))
    padded = np.pad(x, sides)
    of = np.lib.stride_tricks.sliding_window_view
    sums = of(padded, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw].sum(axis=(4, 5))
    return sums / (kh * kw)


@avg_pool2d.misconception("The padding is left out of the count by default; torch's default counts it: divide by height × width.",
                          "examples padding untouched")  # fmt: skip
def avg_never_counts(x, kernel_size, stride=None, padding=0, count_include_pad=True):
    (kh, kw), (sh, sw), (ph, pw) = pair(kernel_size), pair(kernel_size if stride is None else stride), pair(padding)
    if min(kh, kw, sh, sw) < 1 or min(ph, pw) < 0 or 2 * ph > kh or 2 * pw > kw:
        raise ValueError("impossible arguments")
    sides = ((0, 0), (0, 0), (ph, ph), (pw, pw))
    padded, ones = np.pad(x, sides), np.pad(np.ones_like(x), sides)
    of = np.lib.stride_tricks.sliding_window_view
    sums = of(padded, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw].sum(axis=(4, 5))
    counts = of(ones, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw].sum(axis=(4, 5))
    return sums / counts


@avg_pool2d.misconception("The last window of each row and column is left out: the number of windows lacks its + 1.",
                          "examples values options padding linear untouched")  # fmt: skip
def avg_last_skipped(x, kernel_size, stride=None, padding=0, count_include_pad=True):
    (kh, kw), (sh, sw), (ph, pw) = pair(kernel_size), pair(kernel_size if stride is None else stride), pair(padding)
    if min(kh, kw, sh, sw) < 1 or min(ph, pw) < 0 or 2 * ph > kh or 2 * pw > kw:
        raise ValueError("impossible arguments")
    sides = ((0, 0), (0, 0), (ph, ph), (pw, pw))
    padded, ones = np.pad(x, sides), np.pad(np.ones_like(x), sides)
    of = np.lib.stride_tricks.sliding_window_view
    sums = of(padded, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw].sum(axis=(4, 5))
    counts = of(ones, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw].sum(axis=(4, 5))
    sums, counts = sums[:, :, :-1, :-1], counts[:, :, :-1, :-1]
    return sums / (kh * kw if count_include_pad else counts)


@avg_pool2d.misconception(
    "The mean goes over the channels as well. Each channel has means of its own.", "values options padding untouched"
)
def avg_over_channels(x, kernel_size, stride=None, padding=0, count_include_pad=True):
    (kh, kw), (sh, sw), (ph, pw) = pair(kernel_size), pair(kernel_size if stride is None else stride), pair(padding)
    if min(kh, kw, sh, sw) < 1 or min(ph, pw) < 0 or 2 * ph > kh or 2 * pw > kw:
        raise ValueError("impossible arguments")
    sides = ((0, 0), (0, 0), (ph, ph), (pw, pw))
    padded, ones = (
        np.pad(np.broadcast_to(x.mean(axis=1, keepdims=True), x.shape), sides),
        np.pad(np.ones_like(x), sides),
    )
    of = np.lib.stride_tricks.sliding_window_view
    sums = of(padded, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw].sum(axis=(4, 5))
    counts = of(ones, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw].sum(axis=(4, 5))
    return sums / (kh * kw if count_include_pad else counts)


@avg_pool2d.misconception("The means are stored in an array of x's dtype, which cuts whole numbers off; of whole numbers the mean is float64.",
                          "dtype")  # fmt: skip
def avg_cut_off(x, kernel_size, stride=None, padding=0, count_include_pad=True):
    (kh, kw), (sh, sw), (ph, pw) = pair(kernel_size), pair(kernel_size if stride is None else stride), pair(padding)
    if min(kh, kw, sh, sw) < 1 or min(ph, pw) < 0 or 2 * ph > kh or 2 * pw > kw:
        raise ValueError("impossible arguments")
    sides = ((0, 0), (0, 0), (ph, ph), (pw, pw))
    padded, ones = np.pad(x, sides), np.pad(np.ones_like(x), sides)
    of = np.lib.stride_tricks.sliding_window_view
    sums = of(padded, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw].sum(axis=(4, 5))
    counts = of(ones, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw].sum(axis=(4, 5))
    return (sums / (kh * kw if count_include_pad else counts)).astype(x.dtype)


@avg_pool2d.misconception("The means are float64 even where x is float32: make the result's array in x's own float type.",
                          "dtype")  # fmt: skip
def avg_in_float64(x, kernel_size, stride=None, padding=0, count_include_pad=True):
    (kh, kw), (sh, sw), (ph, pw) = pair(kernel_size), pair(kernel_size if stride is None else stride), pair(padding)
    if min(kh, kw, sh, sw) < 1 or min(ph, pw) < 0 or 2 * ph > kh or 2 * pw > kw:
        raise ValueError("impossible arguments")
    sides = ((0, 0), (0, 0), (ph, ph), (pw, pw))
    padded, ones = np.pad(x, sides), np.pad(np.ones_like(x), sides)
    of = np.lib.stride_tricks.sliding_window_view
    sums = of(padded, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw].sum(axis=(4, 5))
    counts = of(ones, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw].sum(axis=(4, 5))
    return (sums / (kh * kw if count_include_pad else counts)).astype(np.float64)


@avg_pool2d.misconception("x is changed on the way: sum into an array of your own.", "untouched")
def avg_in_place(x, kernel_size, stride=None, padding=0, count_include_pad=True):
    (kh, kw), (sh, sw), (ph, pw) = pair(kernel_size), pair(kernel_size if stride is None else stride), pair(padding)
    if min(kh, kw, sh, sw) < 1 or min(ph, pw) < 0 or 2 * ph > kh or 2 * pw > kw:
        raise ValueError("impossible arguments")
    sides = ((0, 0), (0, 0), (ph, ph), (pw, pw))
    padded, ones = np.pad(x, sides), np.pad(np.ones_like(x), sides)
    of = np.lib.stride_tricks.sliding_window_view
    sums = of(padded, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw].sum(axis=(4, 5))
    counts = of(ones, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw].sum(axis=(4, 5))
    x -= 1
    return sums / (kh * kw if count_include_pad else counts)


@avg_pool2d.misconception("More padding than half a kernel is let through: there a window could hold no pixel of the image at all.",
                          "examples refusals")  # fmt: skip
def avg_any_padding(x, kernel_size, stride=None, padding=0, count_include_pad=True):
    (kh, kw), (sh, sw), (ph, pw) = pair(kernel_size), pair(kernel_size if stride is None else stride), pair(padding)
    if min(kh, kw, sh, sw) < 1 or min(ph, pw) < 0:
        raise ValueError("impossible arguments")
    sides = ((0, 0), (0, 0), (ph, ph), (pw, pw))
    padded, ones = np.pad(x, sides), np.pad(np.ones_like(x), sides)
    of = np.lib.stride_tricks.sliding_window_view
    sums = of(padded, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw].sum(axis=(4, 5))
    counts = of(ones, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw].sum(axis=(4, 5))
    return sums / (kh * kw if count_include_pad else np.maximum(counts, 1))


@avg_pool2d.misconception(
    "Impossible windows and paddings are let through; the statement asks for a ValueError.", "examples refusals"
)
def avg_unchecked(x, kernel_size, stride=None, padding=0, count_include_pad=True):
    (kh, kw), (sh, sw), (ph, pw) = pair(kernel_size), pair(kernel_size if stride is None else stride), pair(padding)
    (n, c, height, width), y = x.shape, []
    for top in range(-ph, height + ph - kh + 1, sh or 1):
        for left in range(-pw, width + pw - kw + 1, sw or 1):
            window = x[:, :, max(top, 0) : max(top + kh, 0), max(left, 0) : max(left + kw, 0)]
            cells = kh * kw if count_include_pad else window.shape[2] * window.shape[3]
            y.append(window.sum(axis=(2, 3)) / (cells or 1))
    columns = len(range(-pw, width + pw - kw + 1, sw or 1))
    return np.array(y, np.result_type(x, np.float32)).reshape(-1, max(columns, 1), n, c).transpose(2, 3, 0, 1)
