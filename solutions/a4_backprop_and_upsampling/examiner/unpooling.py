"""Max-unpooling: the oracle is torch's."""

import numpy as np
import torch
import torch.nn.functional as F
from hypothesis import strategies as st

from course_utils.grading.exercise import Call, Exercise, Facet, same_dtype, same_refusals, same_values, untouched

from .inputs import distinct, generator, pair, single
from .pools import pool_shapes


def _unpool(y, argmax, output_size):
    places = torch.tensor(np.array(argmax))
    return torch.ops.aten.max_unpool2d(torch.tensor(np.array(y)), places, list(pair(output_size))).numpy()


def _places(seed, shape, kernel_size, stride=None, other=False):
    """Return a call with the maxima of a pool on x of `shape` and their places; `other` replaces the maxima."""
    rng = generator(seed)
    y, places = F.max_pool2d(torch.tensor(distinct(rng, *shape)), kernel_size, stride, return_indices=True)
    values = distinct(rng, *y.shape) + 0.25 if other else y.numpy()
    return Call((values, places.numpy(), shape[2] if shape[2] == shape[3] else tuple(shape[2:])))


@st.composite
def _unpools(draw):
    seed, shape, kernel, stride = draw(pool_shapes())
    return _places(seed, shape, kernel, stride, other=stride is None and draw(st.booleans()))


PLAIN, OVER = _places(1, (2, 3, 4, 6), 2), _places(2, (2, 2, 5, 7), 3, 2)
REST, WIDE = _places(3, (2, 2, 5, 8), (2, 3), None, True), _places(4, (2, 2, 4, 7), (2, 3), (1, 2))
Y, PLACES = PLAIN.args[:2]


def _moved(value):
    places = PLACES.copy()
    places[1, 2, 1, 0] = value
    return places


max_unpool2d = Exercise(
    "max_unpool2d",
    _unpool,
    "lecture 07, on four ways to enlarge a map",
    {
        "values": Facet(same_values, (
            PLAIN, REST, WIDE, Call(OVER.args, note="A value that won several windows is written once, not added up."),
            _places(5, (1, 2, 3, 3), 3), _places(6, (2, 1, 3, 7), (3, 1), other=True), _places(7, (2, 2, 4, 5), (3, 2), 1),
            _places(8, (3, 2, 3, 2), 1),
        ), _unpools(), 30),
        "care": Facet(untouched, (PLAIN, OVER, *single(REST))),
        "dtype": Facet(same_dtype, (*single(PLAIN, OVER), REST)),
        "refusals": Facet(same_refusals, (
            Call((Y, _moved(24), (4, 6)), note="argmax holds 24, and a map of 4 × 6 has the places 0 to 23"),
            Call((Y, _moved(-1), (4, 6)), note="argmax holds −1"),
            Call((Y, _moved(-5), (4, 6)), note="argmax holds −5"),
            Call((Y, _moved(23), (4, 5)), note="argmax holds 23, and a map of 4 × 5 has the places 0 to 19"),
            Call((Y, PLACES[:, :, :, :2], (4, 6)), note="argmax has shape (2, 3, 2, 2) and y (2, 3, 2, 3)"),
            Call((Y, PLACES[:, :1], (4, 6)), note="argmax has shape (2, 1, 2, 3) and y (2, 3, 2, 3)"),
            Call((Y, PLACES.swapaxes(2, 3), (4, 6)), note="argmax has shape (2, 3, 3, 2) and y (2, 3, 2, 3)"),
            Call((Y, PLACES[:1], (4, 6)), note="argmax has shape (1, 3, 2, 3) and y (2, 3, 2, 3)"),
            Call((Y, np.zeros_like(PLACES), (-4, -6)), note="a map has no size of −4 × −6"),
        )),
    },
)  # fmt: skip


@max_unpool2d.alternative
def unpool_by_loops(y, argmax, output_size):
    h, w = pair(output_size)
    if y.shape != argmax.shape or min(h, w) < 1:
        raise ValueError(f"y has shape {y.shape}, argmax {argmax.shape}, and the map is {h} × {w}")
    x = np.zeros((*y.shape[:2], h, w), y.dtype)
    for n, c, i, j in np.ndindex(y.shape):
        place = argmax[n, c, i, j]
        if not 0 <= place < h * w:
            raise ValueError(f"there is no place {place}")
        x[n, c, place // w, place % w] = y[n, c, i, j]
    return x


@max_unpool2d.alternative
def unpool_by_indexing(y, argmax, output_size):
    h, w = pair(output_size)
    if h < 1 or w < 1:
        raise ValueError("height and width must be 1 or more")
    if argmax.shape != y.shape:
        raise ValueError("y and argmax must have one shape")
    if ((argmax < 0) | (argmax > h * w - 1)).any():
        raise ValueError("argmax points outside the map")
    n, c = np.indices(y.shape)[:2]
    x = np.zeros((*y.shape[:2], h, w), dtype=y.dtype)
    x[n, c, argmax // w, argmax % w] = y
    return x


@max_unpool2d.alternative
def unpool_by_equality(y, argmax, output_size):
    h, w = pair(output_size)
    places = np.arange(h * w)
    if argmax.shape != y.shape or h < 1 or not np.isin(argmax, places).all():
        raise ValueError("the places do not fit")
    maps = y.shape[0] * y.shape[1]
    met = argmax.reshape(maps, y.size // maps, 1) == places
    seen = np.where(met, y.reshape(maps, y.size // maps, 1), -np.inf).max(axis=1)
    return np.where(met.any(axis=1), seen, 0).reshape(*y.shape[:2], h, w).astype(y.dtype)


@max_unpool2d.misconception(
    "A maximum that won several windows is added up; it is one value at one place, written once.",
    "examples values care",
)
def unpool_added(y, argmax, output_size):
    h, w = pair(output_size)
    if y.shape != argmax.shape or min(h, w) < 1 or argmax.min() < 0 or argmax.max() >= h * w:
        raise ValueError("these do not fit together")
    x = np.zeros((*y.shape[:2], h, w), y.dtype)
    for n, c, i, j in np.ndindex(y.shape):
        row, column = divmod(argmax[n, c, i, j], w)
        x[n, c, row, column] += y[n, c, i, j]
    return x


@max_unpool2d.misconception(
    "The flat place is split by the map's height; its rows are as long as the map is wide: divide by the width.",
    "examples values care",
)
def unpool_split_by_height(y, argmax, output_size):
    h, w = pair(output_size)
    if y.shape != argmax.shape or min(h, w) < 1 or argmax.min() < 0 or argmax.max() >= h * w:
        raise ValueError("these do not fit together")
    x = np.zeros((*y.shape[:2], h, w), y.dtype)
    for n, c, i, j in np.ndindex(y.shape):
        row, column = divmod(argmax[n, c, i, j], h)
        x[n, c, row % h, column % w] = y[n, c, i, j]
    return x


@max_unpool2d.misconception(
    "The flat place is read column by column; arrays run row by row: row = place // width.", "examples values care"
)
def unpool_column_by_column(y, argmax, output_size):
    h, w = pair(output_size)
    if y.shape != argmax.shape or min(h, w) < 1 or argmax.min() < 0 or argmax.max() >= h * w:
        raise ValueError("these do not fit together")
    x = np.zeros((*y.shape[:2], h, w), y.dtype)
    for n, c, i, j in np.ndindex(y.shape):
        column, row = divmod(argmax[n, c, i, j], h)
        x[n, c, row, column] = y[n, c, i, j]
    return x


@max_unpool2d.misconception(
    "The places of the first channel are used for every channel; each has its own.", "values care"
)
def unpool_places_of_first_channel(y, argmax, output_size):
    h, w = pair(output_size)
    if y.shape != argmax.shape or min(h, w) < 1 or argmax.min() < 0 or argmax.max() >= h * w:
        raise ValueError("these do not fit together")
    x = np.zeros((*y.shape[:2], h, w), y.dtype)
    for n, c, i, j in np.ndindex(y.shape):
        row, column = divmod(argmax[n, 0, i, j], w)
        x[n, c, row, column] = y[n, c, i, j]
    return x


@max_unpool2d.misconception(
    "The places of the first picture are used for every picture; each has its own.", "values care"
)
def unpool_places_of_first_picture(y, argmax, output_size):
    h, w = pair(output_size)
    if y.shape != argmax.shape or min(h, w) < 1 or argmax.min() < 0 or argmax.max() >= h * w:
        raise ValueError("these do not fit together")
    x = np.zeros((*y.shape[:2], h, w), y.dtype)
    for n, c, i, j in np.ndindex(y.shape):
        row, column = divmod(argmax[0, c, i, j], w)
        x[n, c, row, column] = y[n, c, i, j]
    return x


@max_unpool2d.misconception(
    "Everything lands in the first map: a flat place counts within its own map, not within the whole array.",
    "values care",
)
def unpool_into_the_first_map(y, argmax, output_size):
    h, w = pair(output_size)
    if y.shape != argmax.shape or min(h, w) < 1 or argmax.min() < 0 or argmax.max() >= h * w:
        raise ValueError("these do not fit together")
    x = np.zeros((*y.shape[:2], h, w), y.dtype)
    for n, c, i, j in np.ndindex(y.shape):
        x.ravel()[argmax[n, c, i, j]] = y[n, c, i, j]
    return x


@max_unpool2d.misconception(
    "Every place gets the nearest value: that is duplicating. Max-unpooling writes each value at one place and leaves 0 elsewhere.",
    "examples values care",
)
def unpool_duplicated(y, argmax, output_size):
    h, w = pair(output_size)
    if y.shape != argmax.shape or min(h, w) < 1 or argmax.min() < 0 or argmax.max() >= h * w:
        raise ValueError("these do not fit together")
    x = np.zeros((*y.shape[:2], h, w), y.dtype)
    for n, c, i, j in np.ndindex(y.shape):
        oh, ow = y.shape[2:]
        x[n, c, i * h // oh : (i + 1) * h // oh, j * w // ow : (j + 1) * w // ow] = y[n, c, i, j]
    return x


@max_unpool2d.misconception(
    "Each value lands in the corner of its window; argmax says where it belongs.", "examples values care"
)
def unpool_to_the_corner(y, argmax, output_size):
    h, w = pair(output_size)
    if y.shape != argmax.shape or min(h, w) < 1 or argmax.min() < 0 or argmax.max() >= h * w:
        raise ValueError("these do not fit together")
    x = np.zeros((*y.shape[:2], h, w), y.dtype)
    for n, c, i, j in np.ndindex(y.shape):
        row, column = i * (h // y.shape[2]), j * (w // y.shape[3])
        x[n, c, row, column] = y[n, c, i, j]
    return x


@max_unpool2d.misconception("A buffer made without a dtype is float64; the result should have the dtype of y.", "dtype")
def unpool_as_double(y, argmax, output_size):
    h, w = pair(output_size)
    if y.shape != argmax.shape or min(h, w) < 1 or argmax.min() < 0 or argmax.max() >= h * w:
        raise ValueError("these do not fit together")
    x = np.zeros((*y.shape[:2], h, w))
    for n, c, i, j in np.ndindex(y.shape):
        row, column = divmod(argmax[n, c, i, j], w)
        x[n, c, row, column] = y[n, c, i, j]
    return x


@max_unpool2d.misconception("The caller's argmax is changed: compute rows and columns in new arrays.", "care")
def unpool_in_place(y, argmax, output_size):
    h, w = pair(output_size)
    if y.shape != argmax.shape or min(h, w) < 1 or argmax.min() < 0 or argmax.max() >= h * w:
        raise ValueError("these do not fit together")
    x = np.zeros((*y.shape[:2], h, w), y.dtype)
    for n, c, i, j in np.ndindex(y.shape):
        row, column = divmod(argmax[n, c, i, j], w)
        x[n, c, row, column] = y[n, c, i, j]
    argmax %= w
    return x


@max_unpool2d.misconception(
    "Places outside the map are let through, and a negative one counts from the end; the statement asks for a ValueError.",
    "examples refusals",
)
def unpool_unchecked(y, argmax, output_size):
    h, w = pair(output_size)
    x = np.zeros((*y.shape[:2], h, w), y.dtype)
    for n, c, i, j in np.ndindex(y.shape):
        row, column = divmod(argmax[n, c, i, j], w)
        x[n, c, row, column] = y[n, c, i, j]
    return x
