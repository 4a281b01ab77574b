"""What goes wrong in counting the maxima that stay equal."""

import numpy as np

from .inputs import pair
from .unchanged import fraction_unchanged


@fraction_unchanged.misconception("The image is rolled, so pixels come back on the other side; compare two views that hold true pixels only.",
                                  "examples values options untouched")  # fmt: skip
def fraction_on_a_ring(x, kernel_size, stride=None, shift=(0, 1)):
    (kh, kw), (sh, sw), (dy, dx) = pair(kernel_size), pair(kernel_size if stride is None else stride), shift
    rows, columns = x.shape[2] - dy, x.shape[3] - dx
    if min(kh, kw, sh, sw) < 1 or min(dy, dx) < 0 or rows < kh or columns < kw:
        raise ValueError("impossible arguments")
    views = x, np.roll(x, (-dy, -dx), axis=(2, 3))
    of = np.lib.stride_tricks.sliding_window_view
    before, after = (of(each, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw].max(axis=(4, 5)) for each in views)
    return float(np.mean(before == after))


@fraction_unchanged.misconception("Zeros come in at the border and count as pixels; compare two views of equal size, cut out of x.",
                                  "examples values options untouched")  # fmt: skip
def fraction_with_zeros(x, kernel_size, stride=None, shift=(0, 1)):
    (kh, kw), (sh, sw), (dy, dx) = pair(kernel_size), pair(kernel_size if stride is None else stride), shift
    rows, columns = x.shape[2] - dy, x.shape[3] - dx
    if min(kh, kw, sh, sw) < 1 or min(dy, dx) < 0 or rows < kh or columns < kw:
        raise ValueError("impossible arguments")
    views = x, np.pad(x, ((0, 0), (0, 0), (0, dy), (0, dx)))[:, :, dy:, dx:]
    of = np.lib.stride_tricks.sliding_window_view
    before, after = (of(each, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw].max(axis=(4, 5)) for each in views)
    return float(np.mean(before == after))


@fraction_unchanged.misconception("Values that nearly agree count as equal; the question is which are exactly equal: ==.",
                                  "values")  # fmt: skip
def fraction_nearly(x, kernel_size, stride=None, shift=(0, 1)):
    (kh, kw), (sh, sw), (dy, dx) = pair(kernel_size), pair(kernel_size if stride is None else stride), shift
    rows, columns = x.shape[2] - dy, x.shape[3] - dx
    if min(kh, kw, sh, sw) < 1 or min(dy, dx) < 0 or rows < kh or columns < kw:
        raise ValueError("impossible arguments")
    views = x[:, :, :rows, :columns], x[:, :, dy:, dx:]
    of = np.lib.stride_tricks.sliding_window_view
    before, after = (of(each, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw].max(axis=(4, 5)) for each in views)
    return float(np.isclose(before, after).mean())


@fraction_unchanged.misconception("Whole maps are compared, so the answer is a share of images; compare place by place.",
                                  "examples values options untouched")  # fmt: skip
def fraction_of_images(x, kernel_size, stride=None, shift=(0, 1)):
    (kh, kw), (sh, sw), (dy, dx) = pair(kernel_size), pair(kernel_size if stride is None else stride), shift
    rows, columns = x.shape[2] - dy, x.shape[3] - dx
    if min(kh, kw, sh, sw) < 1 or min(dy, dx) < 0 or rows < kh or columns < kw:
        raise ValueError("impossible arguments")
    views = x[:, :, :rows, :columns], x[:, :, dy:, dx:]
    of = np.lib.stride_tricks.sliding_window_view
    before, after = (of(each, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw].max(axis=(4, 5)) for each in views)
    return float(np.mean((before == after).all(axis=(1, 2, 3))))


@fraction_unchanged.misconception(
    "This is the share that changes; the unchanged ones are asked.", "examples values options untouched"
)
def fraction_changed(x, kernel_size, stride=None, shift=(0, 1)):
    (kh, kw), (sh, sw), (dy, dx) = pair(kernel_size), pair(kernel_size if stride is None else stride), shift
    rows, columns = x.shape[2] - dy, x.shape[3] - dx
    if min(kh, kw, sh, sw) < 1 or min(dy, dx) < 0 or rows < kh or columns < kw:
        raise ValueError("impossible arguments")
    views = x[:, :, :rows, :columns], x[:, :, dy:, dx:]
    of = np.lib.stride_tricks.sliding_window_view
    before, after = (of(each, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw].max(axis=(4, 5)) for each in views)
    return float(np.mean(before != after))


@fraction_unchanged.misconception(
    "dy and dx are exchanged: the shift is (down, right).", "examples values options untouched"
)
def fraction_exchanged(x, kernel_size, stride=None, shift=(0, 1)):
    (kh, kw), (sh, sw), (dy, dx) = pair(kernel_size), pair(kernel_size if stride is None else stride), shift
    rows, columns = x.shape[2] - dy, x.shape[3] - dx
    if min(kh, kw, sh, sw) < 1 or min(dy, dx) < 0 or rows < kh or columns < kw:
        raise ValueError("impossible arguments")
    rows, columns = x.shape[2] - dx, x.shape[3] - dy
    views = x[:, :, :rows, :columns], x[:, :, dx:, dy:]
    of = np.lib.stride_tricks.sliding_window_view
    before, after = (of(each, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw].max(axis=(4, 5)) for each in views)
    return float(np.mean(before == after))


@fraction_unchanged.misconception(
    "The windows are averaged; the maxima are asked.", "examples values options untouched"
)
def fraction_of_means(x, kernel_size, stride=None, shift=(0, 1)):
    (kh, kw), (sh, sw), (dy, dx) = pair(kernel_size), pair(kernel_size if stride is None else stride), shift
    rows, columns = x.shape[2] - dy, x.shape[3] - dx
    if min(kh, kw, sh, sw) < 1 or min(dy, dx) < 0 or rows < kh or columns < kw:
        raise ValueError("impossible arguments")
    views = x[:, :, :rows, :columns], x[:, :, dy:, dx:]
    of = np.lib.stride_tricks.sliding_window_view
    before, after = (of(each, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw].mean(axis=(4, 5)) for each in views)
    return float(np.mean(before == after))


@fraction_unchanged.misconception(
    "It is the pooled map that is shifted here; shift the image, then pool.", "examples values options untouched"
)
def fraction_of_moved_maps(x, kernel_size, stride=None, shift=(0, 1)):
    (kh, kw), (sh, sw), (dy, dx) = pair(kernel_size), pair(kernel_size if stride is None else stride), shift
    rows, columns = x.shape[2] - dy, x.shape[3] - dx
    if min(kh, kw, sh, sw) < 1 or min(dy, dx) < 0 or rows < kh or columns < kw:
        raise ValueError("impossible arguments")
    views = x, x
    of = np.lib.stride_tricks.sliding_window_view
    before, after = (of(each, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw].max(axis=(4, 5)) for each in views)
    before, after = before[:, :, : before.shape[2] - dy, : before.shape[3] - dx], after[:, :, dy:, dx:]
    return float(np.mean(before == after)) if before.size else 0.0


@fraction_unchanged.misconception("The places of the maxima are compared, not their values; equal values count wherever they stand.",
                                  "values options untouched")  # fmt: skip
def fraction_of_places(x, kernel_size, stride=None, shift=(0, 1)):
    (kh, kw), (sh, sw), (dy, dx) = pair(kernel_size), pair(kernel_size if stride is None else stride), shift
    rows, columns = x.shape[2] - dy, x.shape[3] - dx
    if min(kh, kw, sh, sw) < 1 or min(dy, dx) < 0 or rows < kh or columns < kw:
        raise ValueError("impossible arguments")
    views = x[:, :, :rows, :columns], x[:, :, dy:, dx:]
    of, planes = np.lib.stride_tricks.sliding_window_view, np.arange(x[0, 0].size).reshape(x.shape[2:])
    names = planes[:rows, :columns], planes[dy:, dx:]
    places = []
    for view, name in zip(views, names):
        best = of(view, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw].reshape(-1, kh * kw).argmax(axis=1)
        named = of(name, (kh, kw))[::sh, ::sw].reshape(-1, kh * kw)
        places.append(np.tile(named, (x.shape[0] * x.shape[1], 1))[np.arange(len(best)), best])
    before, after = places
    return float(np.mean(before == after))


@fraction_unchanged.misconception("The equal maxima are divided by the number of pixels; divide by the number of maxima.",
                                  "examples values options untouched")  # fmt: skip
def fraction_of_pixels(x, kernel_size, stride=None, shift=(0, 1)):
    (kh, kw), (sh, sw), (dy, dx) = pair(kernel_size), pair(kernel_size if stride is None else stride), shift
    rows, columns = x.shape[2] - dy, x.shape[3] - dx
    if min(kh, kw, sh, sw) < 1 or min(dy, dx) < 0 or rows < kh or columns < kw:
        raise ValueError("impossible arguments")
    views = x[:, :, :rows, :columns], x[:, :, dy:, dx:]
    of = np.lib.stride_tricks.sliding_window_view
    before, after = (of(each, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw].max(axis=(4, 5)) for each in views)
    return float((before == after).sum() / x.size)


@fraction_unchanged.misconception("The equal maxima of all images and channels are divided by the places of one map.",
                                  "values options untouched")  # fmt: skip
def fraction_of_one_plane(x, kernel_size, stride=None, shift=(0, 1)):
    (kh, kw), (sh, sw), (dy, dx) = pair(kernel_size), pair(kernel_size if stride is None else stride), shift
    rows, columns = x.shape[2] - dy, x.shape[3] - dx
    if min(kh, kw, sh, sw) < 1 or min(dy, dx) < 0 or rows < kh or columns < kw:
        raise ValueError("impossible arguments")
    views = x[:, :, :rows, :columns], x[:, :, dy:, dx:]
    of = np.lib.stride_tricks.sliding_window_view
    before, after = (of(each, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw].max(axis=(4, 5)) for each in views)
    return float((before == after).sum() / before[0, 0].size)


@fraction_unchanged.misconception("Only the first channel of the first image is looked at.", "values options untouched")
def fraction_first_channel(x, kernel_size, stride=None, shift=(0, 1)):
    (kh, kw), (sh, sw), (dy, dx) = pair(kernel_size), pair(kernel_size if stride is None else stride), shift
    rows, columns = x.shape[2] - dy, x.shape[3] - dx
    if min(kh, kw, sh, sw) < 1 or min(dy, dx) < 0 or rows < kh or columns < kw:
        raise ValueError("impossible arguments")
    views = x[:, :, :rows, :columns], x[:, :, dy:, dx:]
    of = np.lib.stride_tricks.sliding_window_view
    before, after = (of(each, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw].max(axis=(4, 5)) for each in views)
    return float(np.mean(before[0, 0] == after[0, 0]))


@fraction_unchanged.misconception(
    "The image is shifted by one column whatever shift says.", "examples options untouched"
)
def fraction_always_one(x, kernel_size, stride=None, shift=(0, 1)):
    (kh, kw), (sh, sw), (dy, dx) = pair(kernel_size), pair(kernel_size if stride is None else stride), shift
    rows, columns = x.shape[2] - dy, x.shape[3] - dx
    if min(kh, kw, sh, sw) < 1 or min(dy, dx) < 0 or rows < kh or columns < kw:
        raise ValueError("impossible arguments")
    views = x[:, :, :, :-1], x[:, :, :, 1:]
    of = np.lib.stride_tricks.sliding_window_view
    before, after = (of(each, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw].max(axis=(4, 5)) for each in views)
    return float(np.mean(before == after))


@fraction_unchanged.misconception(
    "The stride is not looked at: windows lie side by side.", "examples options untouched"
)
def fraction_side_by_side(x, kernel_size, stride=None, shift=(0, 1)):
    (kh, kw), (sh, sw), (dy, dx) = pair(kernel_size), pair(kernel_size if stride is None else stride), shift
    rows, columns = x.shape[2] - dy, x.shape[3] - dx
    if min(kh, kw, sh, sw) < 1 or min(dy, dx) < 0 or rows < kh or columns < kw:
        raise ValueError("impossible arguments")
    views = x[:, :, :rows, :columns], x[:, :, dy:, dx:]
    of = np.lib.stride_tricks.sliding_window_view
    before, after = (of(each, (kh, kw), axis=(2, 3))[:, :, ::kh, ::kw].max(axis=(4, 5)) for each in views)
    return float(np.mean(before == after))


@fraction_unchanged.misconception("Without a stride the windows move by one; a pool's stride is kernel_size by default.",
                                  "examples values options untouched")  # fmt: skip
def fraction_stride_of_one(x, kernel_size, stride=None, shift=(0, 1)):
    (kh, kw), (sh, sw), (dy, dx) = pair(kernel_size), pair(1 if stride is None else stride), shift
    rows, columns = x.shape[2] - dy, x.shape[3] - dx
    if min(kh, kw, sh, sw) < 1 or min(dy, dx) < 0 or rows < kh or columns < kw:
        raise ValueError("impossible arguments")
    views = x[:, :, :rows, :columns], x[:, :, dy:, dx:]
    of = np.lib.stride_tricks.sliding_window_view
    before, after = (of(each, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw].max(axis=(4, 5)) for each in views)
    return float(np.mean(before == after))


@fraction_unchanged.misconception("A shift of 0 empties the view: the slice [:-0] holds nothing. Write [: size - step].",
                                  "examples values options untouched")  # fmt: skip
def fraction_empty_at_zero(x, kernel_size, stride=None, shift=(0, 1)):
    (kh, kw), (sh, sw), (dy, dx) = pair(kernel_size), pair(kernel_size if stride is None else stride), shift
    rows, columns = x.shape[2] - dy, x.shape[3] - dx
    if min(kh, kw, sh, sw) < 1 or min(dy, dx) < 0 or rows < kh or columns < kw:
        raise ValueError("impossible arguments")
    views = x[:, :, :-dy, :-dx], x[:, :, dy:, dx:]
    if not views[0].size:
        return 0.0
    of = np.lib.stride_tricks.sliding_window_view
    before, after = (of(each, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw].max(axis=(4, 5)) for each in views)
    return float(np.mean(before == after))


@fraction_unchanged.misconception(
    "Negative shifts are let through; the statement asks for a ValueError.", "examples refusals"
)
def fraction_negative_shifts(x, kernel_size, stride=None, shift=(0, 1)):
    (kh, kw), (sh, sw), (dy, dx) = (
        pair(kernel_size),
        pair(kernel_size if stride is None else stride),
        (abs(shift[0]), abs(shift[1])),
    )
    rows, columns = x.shape[2] - dy, x.shape[3] - dx
    if min(kh, kw, sh, sw) < 1 or rows < kh or columns < kw:
        raise ValueError("impossible arguments")
    views = x[:, :, :rows, :columns], x[:, :, dy:, dx:]
    of = np.lib.stride_tricks.sliding_window_view
    before, after = (of(each, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw].max(axis=(4, 5)) for each in views)
    return float(np.mean(before == after))


@fraction_unchanged.misconception("x is changed; the caller still needs it.", "untouched")
def fraction_in_place(x, kernel_size, stride=None, shift=(0, 1)):
    (kh, kw), (sh, sw), (dy, dx) = pair(kernel_size), pair(kernel_size if stride is None else stride), shift
    rows, columns = x.shape[2] - dy, x.shape[3] - dx
    if min(kh, kw, sh, sw) < 1 or min(dy, dx) < 0 or rows < kh or columns < kw:
        raise ValueError("impossible arguments")
    views = x[:, :, :rows, :columns], x[:, :, dy:, dx:]
    of = np.lib.stride_tricks.sliding_window_view
    before, after = (of(each, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw].max(axis=(4, 5)) for each in views)
    x[...] = 0
    return float(np.mean(before == after))


@fraction_unchanged.misconception("Impossible windows, strides and shifts are let through; the statement asks for a ValueError.",
                                  "examples refusals")  # fmt: skip
def fraction_unchecked(x, kernel_size, stride=None, shift=(0, 1)):
    (kh, kw), (sh, sw), (dy, dx) = pair(kernel_size), pair(kernel_size if stride is None else stride), shift
    equal = []
    for top in range(0, x.shape[2] - abs(dy) - kh + 1, sh or 1):
        for left in range(0, x.shape[3] - abs(dx) - kw + 1, sw or 1):
            here = x[:, :, top : top + kh, left : left + kw]
            there = x[:, :, top + abs(dy) : top + abs(dy) + kh, left + abs(dx) : left + abs(dx) + kw]
            equal.append(here.max(axis=(2, 3)) == there.max(axis=(2, 3)) if here.size else True)
    return float(np.mean(equal)) if equal else 0.0
