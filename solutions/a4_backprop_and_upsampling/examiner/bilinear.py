"""Bilinear up-sampling: the oracle is torch's interpolate."""

import numpy as np
import torch
import torch.nn.functional as F
from hypothesis import strategies as st

from course_utils.grading.exercise import Call, Exercise, Facet, same_dtype, same_refusals, same_values, untouched

from .inputs import draw_pair, few, generator, pair, seeds, shortened, single, whole


def _interpolate(x, scale_factor):
    return F.interpolate(torch.tensor(np.array(x)), scale_factor=scale_factor, mode="bilinear").numpy()


def _up(seed, shape, scale_factor):
    return Call((whole(generator(seed), *shape), scale_factor))


@st.composite
def _ups(draw):
    shape = draw(st.integers(1, 2)), draw(st.integers(1, 2)), draw(few), draw(st.integers(1, 4))
    return _up(draw(seeds), shape, shortened(draw_pair(draw, few)))


TWICE, PAIR = _up(1, (2, 3, 2, 3), 2), _up(2, (2, 2, 3, 2), (3, 2))

upsample_bilinear = Exercise(
    "upsample_bilinear",
    _interpolate,
    "lecture 07, on four ways to enlarge a map",
    {
        "values": Facet(same_values, (
            TWICE, PAIR, _up(3, (1, 2, 3, 4), 3), _up(4, (2, 1, 1, 4), 4), _up(5, (1, 1, 4, 1), (1, 3)),
            _up(6, (2, 2, 3, 2), 1), _up(7, (1, 2, 2, 3), (1, 2)), Call((np.full((1, 2, 2, 3), 5.0), 3)),
        ), _ups(), 30),
        "care": Facet(untouched, (TWICE, PAIR, *single(PAIR))),
        "dtype": Facet(same_dtype, (*single(TWICE, PAIR), PAIR)),
        "refusals": Facet(same_refusals, tuple(
            Call((TWICE.args[0], factor), note=f"scale_factor is {factor}, and each side must be 1 or more")
            for factor in (0, -2, (0, 2), (2, 0), (2, -1), (-1, 2), (-1, -2))
        )),
    },
)  # fmt: skip


@upsample_bilinear.alternative
def bilinear_by_matrices(x, scale_factor):
    sides = []
    for n, factor in zip(x.shape[2:], pair(scale_factor)):
        if factor < 1:
            raise ValueError(f"a factor of {factor} is below 1")
        place = np.clip((np.arange(n * factor) + 0.5) / factor - 0.5, 0, n - 1)
        sides.append(np.maximum(0, 1 - np.abs(place[:, None] - np.arange(n))))
    return np.einsum("nchw,ih,jw->ncij", x, *sides).astype(x.dtype)


@upsample_bilinear.alternative
def bilinear_pixel_by_pixel(x, scale_factor):
    (fh, fw), (n, c, h, w) = pair(scale_factor), x.shape
    if min(fh, fw) < 1:
        raise ValueError("both factors must be 1 or more")
    y = np.empty((n, c, h * fh, w * fw), x.dtype)
    for i, j in np.ndindex(y.shape[2:]):
        row = min(max((i + 0.5) / fh - 0.5, 0), h - 1)
        column = min(max((j + 0.5) / fw - 0.5, 0), w - 1)
        top, left = int(row), int(column)
        low, right = min(top + 1, h - 1), min(left + 1, w - 1)
        above = x[:, :, top, left] * (1 - column + left) + x[:, :, top, right] * (column - left)
        below = x[:, :, low, left] * (1 - column + left) + x[:, :, low, right] * (column - left)
        y[:, :, i, j] = above * (1 - row + top) + below * (row - top)
    return y


@upsample_bilinear.alternative
def bilinear_by_interp(x, scale_factor):
    y = x
    for axis, factor in enumerate(pair(scale_factor)):
        if factor <= 0:
            raise ValueError("scale_factor must be 1 or more")
        n = x.shape[2 + axis]
        place = (np.arange(n * factor) + 0.5) / factor - 0.5
        y = np.apply_along_axis(lambda line, place=place: np.interp(place, np.arange(len(line)), line), 2 + axis, y)
    return y.astype(x.dtype)


@upsample_bilinear.misconception(
    "This is align_corners=True, which keeps the first and last values in place; with False, place = (i + ½) / factor − ½.",
    "examples values care",
)
def bilinear_aligned_corners(x, scale_factor):
    if min(pair(scale_factor)) < 1:
        raise ValueError("scale_factor must be 1 or more")
    y = x
    for axis, factor in zip((2, 3), pair(scale_factor)):
        n = y.shape[axis]
        place = np.arange(n * factor) * (n - 1) / max(n * factor - 1, 1)
        place = np.clip(place, 0, n - 1)
        low = np.floor(place).astype(int)
        high = np.minimum(low + 1, n - 1)
        part = (place - low).reshape((-1, 1) if axis == 2 else -1)
        y = y.take(low, axis) * (1 - part) + y.take(high, axis) * part
    return y.astype(x.dtype)


@upsample_bilinear.misconception(
    "The half pixels are missing: output i is read at (i + ½) / factor − ½, not at i / factor.", "examples values care"
)
def bilinear_without_half(x, scale_factor):
    if min(pair(scale_factor)) < 1:
        raise ValueError("scale_factor must be 1 or more")
    y = x
    for axis, factor in zip((2, 3), pair(scale_factor)):
        n = y.shape[axis]
        place = np.arange(n * factor) / factor
        place = np.clip(place, 0, n - 1)
        low = np.floor(place).astype(int)
        high = np.minimum(low + 1, n - 1)
        part = (place - low).reshape((-1, 1) if axis == 2 else -1)
        y = y.take(low, axis) * (1 - part) + y.take(high, axis) * part
    return y.astype(x.dtype)


@upsample_bilinear.misconception(
    "The first half is added, and the second one is not taken off again: (i + ½) / factor − ½.", "examples values care"
)
def bilinear_half_once(x, scale_factor):
    if min(pair(scale_factor)) < 1:
        raise ValueError("scale_factor must be 1 or more")
    y = x
    for axis, factor in zip((2, 3), pair(scale_factor)):
        n = y.shape[axis]
        place = (np.arange(n * factor) + 0.5) / factor
        place = np.clip(place, 0, n - 1)
        low = np.floor(place).astype(int)
        high = np.minimum(low + 1, n - 1)
        part = (place - low).reshape((-1, 1) if axis == 2 else -1)
        y = y.take(low, axis) * (1 - part) + y.take(high, axis) * part
    return y.astype(x.dtype)


@upsample_bilinear.misconception(
    "Each value is copied to its nearest places; between two values bilinear reads along a straight line.",
    "examples values care",
)
def bilinear_nearest(x, scale_factor):
    if min(pair(scale_factor)) < 1:
        raise ValueError("scale_factor must be 1 or more")
    y = x
    for axis, factor in zip((2, 3), pair(scale_factor)):
        n = y.shape[axis]
        place = (np.arange(n * factor) + 0.5) / factor - 0.5
        place = np.clip(np.round(place), 0, n - 1)
        low = np.floor(place).astype(int)
        high = np.minimum(low + 1, n - 1)
        part = (place - low).reshape((-1, 1) if axis == 2 else -1)
        y = y.take(low, axis) * (1 - part) + y.take(high, axis) * part
    return y.astype(x.dtype)


@upsample_bilinear.misconception(
    "Places outside the first and last value are extrapolated; hold them at the border.", "examples values care"
)
def bilinear_beyond_the_border(x, scale_factor):
    if min(pair(scale_factor)) < 1:
        raise ValueError("scale_factor must be 1 or more")
    y = x
    for axis, factor in zip((2, 3), pair(scale_factor)):
        n = y.shape[axis]
        place = (np.arange(n * factor) + 0.5) / factor - 0.5
        low = np.clip(np.floor(place).astype(int), 0, max(n - 2, 0))
        high = np.minimum(low + 1, n - 1)
        part = (place - low).reshape((-1, 1) if axis == 2 else -1)
        y = y.take(low, axis) * (1 - part) + y.take(high, axis) * part
    return y.astype(x.dtype)


@upsample_bilinear.misconception(
    "Places beyond the border read the value at the other end; hold them at the border.", "examples values care"
)
def bilinear_wrapped(x, scale_factor):
    if min(pair(scale_factor)) < 1:
        raise ValueError("scale_factor must be 1 or more")
    y = x
    for axis, factor in zip((2, 3), pair(scale_factor)):
        n = y.shape[axis]
        place = (np.arange(n * factor) + 0.5) / factor - 0.5
        low = np.floor(place).astype(int) % n
        high = (low + 1) % n
        part = (place - np.floor(place)).reshape((-1, 1) if axis == 2 else -1)
        y = y.take(low, axis) * (1 - part) + y.take(high, axis) * part
    return y.astype(x.dtype)


@upsample_bilinear.misconception(
    "Beyond the border zeros are mixed in; hold the place at the first or last value.", "examples values care"
)
def bilinear_into_zeros(x, scale_factor):
    if min(pair(scale_factor)) < 1:
        raise ValueError("scale_factor must be 1 or more")
    y = x
    for axis, factor in zip((2, 3), pair(scale_factor)):
        n = y.shape[axis]
        place = (np.arange(n * factor) + 0.5) / factor - 0.5
        low = np.floor(place).astype(int) + 1
        high = low + 1
        part = (place - np.floor(place)).reshape((-1, 1) if axis == 2 else -1)
        y = np.pad(y, [(1, 1) if each == axis else (0, 0) for each in range(4)])
        y = y.take(low, axis) * (1 - part) + y.take(high, axis) * part
    return y.astype(x.dtype)


@upsample_bilinear.misconception(
    "The two weights are exchanged: the nearer value gets the larger one, 1 minus its distance.", "examples values care"
)
def bilinear_weights_exchanged(x, scale_factor):
    if min(pair(scale_factor)) < 1:
        raise ValueError("scale_factor must be 1 or more")
    y = x
    for axis, factor in zip((2, 3), pair(scale_factor)):
        n = y.shape[axis]
        place = (np.arange(n * factor) + 0.5) / factor - 0.5
        place = np.clip(place, 0, n - 1)
        low = np.floor(place).astype(int)
        high = np.minimum(low + 1, n - 1)
        part = (place - low).reshape((-1, 1) if axis == 2 else -1)
        y = y.take(low, axis) * part + y.take(high, axis) * (1 - part)
    return y.astype(x.dtype)


@upsample_bilinear.misconception(
    "The factors of height and width are exchanged: in a pair the height comes first.", "examples values care"
)
def bilinear_sides_exchanged(x, scale_factor):
    if min(pair(scale_factor)) < 1:
        raise ValueError("scale_factor must be 1 or more")
    y = x
    for axis, factor in zip((3, 2), pair(scale_factor)):
        n = y.shape[axis]
        place = (np.arange(n * factor) + 0.5) / factor - 0.5
        place = np.clip(place, 0, n - 1)
        low = np.floor(place).astype(int)
        high = np.minimum(low + 1, n - 1)
        part = (place - low).reshape((-1, 1) if axis == 2 else -1)
        y = y.take(low, axis) * (1 - part) + y.take(high, axis) * part
    return y.astype(x.dtype)


@upsample_bilinear.misconception("The rows are interpolated and the columns are only copied.", "examples values care")
def bilinear_rows_only(x, scale_factor):
    if min(pair(scale_factor)) < 1:
        raise ValueError("scale_factor must be 1 or more")
    y = x
    for axis, factor in zip((2, 3), pair(scale_factor)):
        n = y.shape[axis]
        place = (np.arange(n * factor) + 0.5) / factor - 0.5
        place = np.clip(place, 0, n - 1)
        low = np.floor(place).astype(int)
        high = np.minimum(low + 1, n - 1)
        part = (place - low if axis == 2 else np.round(place - low)).reshape((-1, 1) if axis == 2 else -1)
        y = y.take(low, axis) * (1 - part) + y.take(high, axis) * part
    return y.astype(x.dtype)


@upsample_bilinear.misconception(
    "The weights make float64 of a float32 picture; the result should have the dtype of x.", "dtype"
)
def bilinear_as_double(x, scale_factor):
    if min(pair(scale_factor)) < 1:
        raise ValueError("scale_factor must be 1 or more")
    y = x
    for axis, factor in zip((2, 3), pair(scale_factor)):
        n = y.shape[axis]
        place = (np.arange(n * factor) + 0.5) / factor - 0.5
        place = np.clip(place, 0, n - 1)
        low = np.floor(place).astype(int)
        high = np.minimum(low + 1, n - 1)
        part = (place - low).reshape((-1, 1) if axis == 2 else -1)
        y = y.take(low, axis) * (1 - part) + y.take(high, axis) * part
    return y.astype(float)


@upsample_bilinear.misconception("The caller's x is changed.", "care")
def bilinear_in_place(x, scale_factor):
    if min(pair(scale_factor)) < 1:
        raise ValueError("scale_factor must be 1 or more")
    y = x
    for axis, factor in zip((2, 3), pair(scale_factor)):
        n = y.shape[axis]
        place = (np.arange(n * factor) + 0.5) / factor - 0.5
        place = np.clip(place, 0, n - 1)
        low = np.floor(place).astype(int)
        high = np.minimum(low + 1, n - 1)
        part = (place - low).reshape((-1, 1) if axis == 2 else -1)
        y = y.take(low, axis) * (1 - part) + y.take(high, axis) * part
    x *= 2
    return y.astype(x.dtype)


@upsample_bilinear.misconception(
    "A factor below 1 is let through, or its sign is dropped; the statement asks for a ValueError.", "examples refusals"
)
def bilinear_unchecked(x, scale_factor):
    y = x
    for axis, factor in zip((2, 3), [max(abs(each), 1) for each in pair(scale_factor)]):
        n = y.shape[axis]
        place = (np.arange(n * factor) + 0.5) / factor - 0.5
        place = np.clip(place, 0, n - 1)
        low = np.floor(place).astype(int)
        high = np.minimum(low + 1, n - 1)
        part = (place - low).reshape((-1, 1) if axis == 2 else -1)
        y = y.take(low, axis) * (1 - part) + y.take(high, axis) * part
    return y.astype(x.dtype)
