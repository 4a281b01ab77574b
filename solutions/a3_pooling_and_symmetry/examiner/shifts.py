"""Shifts: the oracles are torch's roll, and torch's pad, which crops where it is given a negative number."""

import numpy as np
import torch
import torch.nn.functional as F
from hypothesis import strategies as st

from course_utils.grading.exercise import Call, Exercise, Facet, same_dtype, same_refusals, same_values, untouched

from .inputs import IMAGE, ODD, SMALL, images
from .judges import moves_back


def _shift(x, step, circular=False):
    if circular:
        return torch.as_tensor(np.array(x)).roll(step, (2, 3)).numpy()
    dy, dx = (int(np.clip(d, -size, size)) for d, size in zip(step, x.shape[2:], strict=True))
    return F.pad(torch.as_tensor(np.array(x)), (dx, -dx, dy, -dy)).numpy()


@st.composite
def _shifts(draw, circular=None, most=8):
    steps = st.integers(-most, most)
    options = {} if circular is None else {"circular": draw(circular)}
    return Call((draw(images(1, 1, channels=2)), (draw(steps), draw(steps))), options)


RING = {"circular": True}

shift = Exercise(
    "shift",
    _shift,
    "lecture 06, on what a move of the input does",
    {
        "values": Facet(same_values, (
            Call((SMALL, (0, 1))), Call((SMALL, (1, 0))), Call((IMAGE, (1, 2))), Call((IMAGE, (-2, 3))),
            Call((IMAGE, (2, -1))), Call((ODD, (-1, -3))), Call((IMAGE, (0, 0))), Call((ODD, (6, 0)), note="Nothing is left."),
            Call((ODD, (0, -5)), note="Nothing is left."), Call((ODD, (-8, 1))), Call((ODD, (2, 9))),
            Call((ODD, (1, -7))), Call((ODD, (7, 2))), Call((IMAGE, (1, 2)), {"circular": False}),
        ), _shifts(), 30),
        "circular": Facet(same_values, (
            Call((SMALL, (0, 1)), RING), Call((SMALL, (1, 0)), RING), Call((IMAGE, (-2, 3)), RING),
            Call((IMAGE, (2, -1)), RING), Call((ODD, (0, 0)), RING), Call((ODD, (6, 5)), RING), Call((ODD, (13, -11)), RING),
            Call((ODD, (-7, 6)), RING),
        ), _shifts(st.just(True), 15), 30),
        "adjoint": Facet(moves_back, (
            Call((SMALL, (0, 1))), Call((IMAGE, (1, 2))), Call((ODD, (-2, 3))), Call((IMAGE, (2, -1)), RING),
            Call((ODD, (-3, -4)), RING), Call((SMALL, (9, 1))),
        ), _shifts(st.booleans()), 20),
        "refusals": Facet(same_refusals, (
            Call((SMALL[0], (1, 1)), note="x has three axes, not four"), Call((SMALL[0, 0], (1, 1)), note="x has two axes"),
            Call((SMALL[0], (0, 0)), RING, "x has three axes, not four"), Call((SMALL[None], (1, 1)), note="x has five axes"),
            Call((SMALL[None], (1, 1)), RING, "x has five axes"), Call((SMALL[0], (9, 9)), note="x has three axes"),
        )),
        "untouched": Facet(untouched, (
            Call((SMALL, (0, 1))), Call((IMAGE, (-2, 3))), Call((IMAGE, (0, 0))), Call((ODD.astype(np.float32), (1, -1)), RING),
        )),
        "dtype": Facet(same_dtype, (
            Call((SMALL.astype(np.float32), (1, 0))), Call((SMALL, (1, 2))), Call((IMAGE.astype(np.int64), (0, 2))),
            Call((IMAGE.astype(np.float32), (1, 2)), RING), Call((ODD.astype(np.int64), (1, 2)), RING),
            Call((ODD.astype(np.float32), (9, 2))),
        )),
    },
)  # fmt: skip


@shift.alternative
def shift_by_loops(x, step, circular=False):
    if x.ndim != 4:
        raise ValueError(f"x has {x.ndim} axes; it must be (N, C, H, W)")
    height, width = x.shape[2:]
    y = np.zeros(x.shape, x.dtype)
    for i in range(height):
        for j in range(width):
            row, column = i - step[0], j - step[1]
            if circular:
                row, column = row % height, column % width
            if 0 <= row < height and 0 <= column < width:
                y[:, :, i, j] = x[:, :, row, column]
    return y


@shift.alternative
def shift_by_padding(x, step, circular=False):
    if x.ndim != 4:
        raise ValueError(f"x has {x.ndim} axes; it must be (N, C, H, W)")
    for axis, places in zip((2, 3), step):
        size = x.shape[axis]
        if circular:
            x = np.concatenate([x, x], axis).take(range(-places % size, -places % size + size), axis)
        else:
            ends = [(abs(places), abs(places)) if each == axis else (0, 0) for each in range(4)]
            x = np.pad(x, ends).take(range(abs(places) - places, abs(places) - places + size), axis)
    return x


@shift.alternative
def shift_by_matrices(x, step, circular=False):
    if len(x.shape) != 4:
        raise ValueError(f"x has shape {x.shape}; it must be (N, C, H, W)")

    def matrix(size, places):
        distance = np.arange(size)[:, None] - np.arange(size) - places
        return (distance % size == 0 if circular else distance == 0).astype(x.dtype)

    return matrix(x.shape[2], step[0]) @ x @ matrix(x.shape[3], step[1]).T


@shift.misconception(
    "The image goes the wrong way: a positive dy is down, a positive dx to the right.",
    "examples values circular untouched",
)
def shift_wrong_way(x, step, circular=False):
    if x.ndim != 4:
        raise ValueError("x must be (N, C, H, W)")
    rows, columns = np.arange(x.shape[2])[:, None] + step[0], np.arange(x.shape[3]) + step[1]
    if circular:
        return x[:, :, rows % x.shape[2], columns % x.shape[3]]
    inside = (rows >= 0) & (rows < x.shape[2]) & (columns >= 0) & (columns < x.shape[3])
    return np.where(inside, x[:, :, rows % x.shape[2], columns % x.shape[3]], x.dtype.type(0))


@shift.misconception(
    "dy and dx are exchanged: the step is (down, right).", "examples values circular adjoint untouched"
)
def shift_exchanged(x, step, circular=False):
    if x.ndim != 4:
        raise ValueError("x must be (N, C, H, W)")
    rows, columns = np.arange(x.shape[2])[:, None] - step[1], np.arange(x.shape[3]) - step[0]
    inside = (rows >= 0) & (rows < x.shape[2]) & (columns >= 0) & (columns < x.shape[3]) | circular
    return np.where(inside, x[:, :, rows % x.shape[2], columns % x.shape[3]], x.dtype.type(0))


@shift.misconception(
    "What leaves the image comes back on the other side; without circular=True zeros come in.",
    "examples values adjoint untouched",
)
def shift_always_circular(x, step, circular=False):
    if x.ndim != 4:
        raise ValueError("x must be (N, C, H, W)")
    return np.roll(x, step, axis=(2, 3))


@shift.misconception("circular is not looked at: on a ring nothing is lost.", "examples circular adjoint untouched")
def shift_never_circular(x, step, circular=False):
    if x.ndim != 4:
        raise ValueError("x must be (N, C, H, W)")
    rows, columns = np.arange(x.shape[2])[:, None] - step[0], np.arange(x.shape[3]) - step[1]
    inside = (rows >= 0) & (rows < x.shape[2]) & (columns >= 0) & (columns < x.shape[3])
    return np.where(inside, x[:, :, rows % x.shape[2], columns % x.shape[3]], x.dtype.type(0))


@shift.misconception("The border is repeated into the gap; zeros should come in.", "examples values adjoint untouched")
def shift_repeats_border(x, step, circular=False):
    if x.ndim != 4:
        raise ValueError("x must be (N, C, H, W)")
    if circular:
        return np.roll(x, step, axis=(2, 3))
    rows, columns = np.arange(x.shape[2])[:, None] - step[0], np.arange(x.shape[3]) - step[1]
    return x[:, :, rows.clip(0, x.shape[2] - 1), columns.clip(0, x.shape[3] - 1)]


@shift.misconception(
    "A step of 0 empties the image: the slice [:-0] holds nothing. Write [: size - step].",
    "examples values adjoint untouched",
)
def shift_empty_at_zero(x, step, circular=False):
    if x.ndim != 4:
        raise ValueError("x must be (N, C, H, W)")
    if circular:
        return np.roll(x, step, axis=(2, 3))
    y, (dy, dx) = np.zeros_like(x), step
    rows = (slice(dy, None), slice(None, -dy)) if dy >= 0 else (slice(None, dy), slice(-dy, None))
    columns = (slice(dx, None), slice(None, -dx)) if dx >= 0 else (slice(None, dx), slice(-dx, None))
    if y[:, :, rows[0], columns[0]].shape == x[:, :, rows[1], columns[1]].shape:
        y[:, :, rows[0], columns[0]] = x[:, :, rows[1], columns[1]]
    return y


@shift.misconception(
    "Negative steps are taken for 0: they move the image up and to the left.",
    "examples values circular adjoint untouched",
)
def shift_no_negatives(x, step, circular=False):
    if x.ndim != 4:
        raise ValueError("x must be (N, C, H, W)")
    dy, dx = max(step[0], 0), max(step[1], 0)
    if circular:
        return np.roll(x, (dy, dx), axis=(2, 3))
    return np.pad(x, ((0, 0), (0, 0), (dy, 0), (dx, 0)))[:, :, : x.shape[2], : x.shape[3]]


@shift.misconception(
    "A step longer than the image brings pixels back: it should leave zeros alone, not start again.",
    "examples values adjoint",
)
def shift_long_steps_wrap(x, step, circular=False):
    if x.ndim != 4:
        raise ValueError("x must be (N, C, H, W)")
    if circular:
        return np.roll(x, step, axis=(2, 3))
    dy, dx = int(np.fmod(step[0], x.shape[2])), int(np.fmod(step[1], x.shape[3]))
    rows, columns = np.arange(x.shape[2])[:, None] - dy, np.arange(x.shape[3]) - dx
    inside = (rows >= 0) & (rows < x.shape[2]) & (columns >= 0) & (columns < x.shape[3])
    return np.where(inside, x[:, :, rows % x.shape[2], columns % x.shape[3]], x.dtype.type(0))


@shift.misconception(
    "The pixels wander from row to row: all axes were rolled as one. Name the axes, axis=(2, 3).",
    "examples circular untouched",
)
def shift_flattened(x, step, circular=False):
    if x.ndim != 4:
        raise ValueError("x must be (N, C, H, W)")
    if circular:
        return np.roll(x, step[0] * x.shape[3] + step[1])
    rows, columns = np.arange(x.shape[2])[:, None] - step[0], np.arange(x.shape[3]) - step[1]
    inside = (rows >= 0) & (rows < x.shape[2]) & (columns >= 0) & (columns < x.shape[3])
    return np.where(inside, x[:, :, rows % x.shape[2], columns % x.shape[3]], x.dtype.type(0))


@shift.misconception("x itself is shifted; the caller still needs it. Fill a new array.", "untouched")
def shift_in_place(x, step, circular=False):
    if x.ndim != 4:
        raise ValueError("x must be (N, C, H, W)")
    x[...] = np.roll(x, step, axis=(2, 3))
    if circular:
        return x
    rows, columns = np.arange(x.shape[2])[:, None] - step[0], np.arange(x.shape[3]) - step[1]
    x *= (rows >= 0) & (rows < x.shape[2]) & (columns >= 0) & (columns < x.shape[3])
    return x


@shift.misconception("The result is float64 whatever x is: np.zeros needs x.dtype, or take np.zeros_like(x).", "dtype")
def shift_in_float64(x, step, circular=False):
    if x.ndim != 4:
        raise ValueError("x must be (N, C, H, W)")
    rows, columns = np.arange(x.shape[2])[:, None] - step[0], np.arange(x.shape[3]) - step[1]
    inside = (rows >= 0) & (rows < x.shape[2]) & (columns >= 0) & (columns < x.shape[3]) | circular
    return np.where(inside, x[:, :, rows % x.shape[2], columns % x.shape[3]], np.float64(0))


@shift.misconception("Images without four axes are let through: refuse what is not (N, C, H, W).", "examples refusals")
def shift_any_axes(x, step, circular=False):
    rows, columns = np.arange(x.shape[-2])[:, None] - step[0], np.arange(x.shape[-1]) - step[1]
    inside = (rows >= 0) & (rows < x.shape[-2]) & (columns >= 0) & (columns < x.shape[-1]) | circular
    return np.where(inside, x[..., rows % x.shape[-2], columns % x.shape[-1]], x.dtype.type(0))
