"""How far a function is from following a shift: the oracle rolls torch's tensors."""

import numpy as np
import torch
from hypothesis import strategies as st

from course_utils.grading.exercise import Call, Exercise, Facet, same_refusals, same_values, untouched

from .inputs import image, seeds
from .maps import GLOBAL, IDENTITY, MIRROR, OWN_BIAS, TWICE, convolution, pool, window


def _equivariance_error(f, x, shift):
    y, after = torch.as_tensor(f(x)), torch.as_tensor(f(torch.as_tensor(np.array(x)).roll(shift, (2, 3)).numpy()))
    moved = [int(d * small / large) for d, small, large in zip(shift, y.shape[2:], x.shape[2:], strict=True)]
    return float((after - y.roll(moved, (2, 3))).abs().max())


@st.composite
def _measures(draw, strided):
    sh, sw = (draw(st.integers(1, 3)), draw(st.integers(1, 2))) if strided else (1, 1)
    c = draw(st.integers(1, 2))
    x = image((draw(st.integers(1, 2)), c, sh * draw(st.integers(2, 3)), sw * draw(st.integers(2, 4))), draw(seeds))
    kernel_size, seed = draw(st.sampled_from([1, 2, 3, (1, 3), (3, 2)])), draw(seeds)
    border = draw(st.sampled_from(["circular", "zeros"]))
    made = [convolution(seed, kernel_size, (sh, sw), (c, 3 - c), border), pool(kernel_size, (sh, sw))]
    f = draw(st.sampled_from(made if strided else [*made, OWN_BIAS, MIRROR]))
    return Call((f, x, (sh * draw(st.integers(-3, 3)), sw * draw(st.integers(-3, 3)))))


SMALL, X, TWO = image((1, 1, 3, 4), 3), image((2, 2, 4, 6), 4), image((1, 1, 6, 4), 5)
ZEROS = convolution(3, border="zeros", channels=(2, 3))
HALF, TALL = convolution(4, 3, 2, (2, 1)), convolution(5, (3, 2), (3, 1), border="zeros")
FRACTION = "the output would have to move by a part of a pixel"

equivariance_error = Exercise(
    "equivariance_error",
    _equivariance_error,
    "lecture 06, on the commuting square and on what breaks it",
    {
        "values": Facet(same_values, (
            Call((OWN_BIAS, SMALL, (0, 1))), Call((MIRROR, SMALL, (0, 1))), Call((IDENTITY, X, (1, 2))),
            Call((convolution(1), SMALL, (1, 2)), note="On a ring a convolution follows every shift."),
            Call((ZEROS, X, (1, 0)), note="The zeros beyond the border break the square."),
            Call((ZEROS, X, (0, -1))), Call((ZEROS, X, (2, 3))), Call((pool(2), X, (3, -2))), Call((OWN_BIAS, TWO, (5, 9))),
            Call((MIRROR, X, (1, 0))), Call((OWN_BIAS, X, (0, 0))), Call((MIRROR, X, (-2, -1))),
        ), _measures(False), 20),
        "strides": Facet(same_values, (
            Call((HALF, X, (2, -4)), note="With stride 2, two steps of the input are one of the output."),
            Call((TALL, TWO, (3, 1))), Call((TALL, TWO, (-6, 3))), Call((pool(2, 2), X, (2, 2))), Call((pool(3, 2), X, (0, 2))),
            Call((TWICE, X, (1, -2)), note="The output is twice as large, so it moves twice as far."), Call((GLOBAL, X, (4, 6))),
            Call((convolution(6, 3, (1, 3), (2, 2), "zeros"), X, (1, 3))),
        ), _measures(True), 20),
        "refusals": Facet(same_refusals, (
            Call((HALF, X, (1, 0)), note=FRACTION), Call((HALF, X, (0, 1)), note=FRACTION), Call((HALF, X, (-1, 2)), note=FRACTION),
            Call((HALF, X, (2, 3)), note=FRACTION), Call((TALL, TWO, (4, 1)), note=FRACTION),
            Call((pool(2, (1, 3)), X, (3, 2)), note=FRACTION), Call((window(2), TWO, (1, 0)), note=FRACTION),
            Call((window(2), TWO, (0, 1)), note=FRACTION), Call((GLOBAL, X, (2, 6)), note=FRACTION),
            Call((GLOBAL, X, (4, 3)), note=FRACTION),
        )),
        "untouched": Facet(untouched, (
            Call((OWN_BIAS, SMALL, (0, 1))), Call((ZEROS, X, (1, 2))), Call((HALF, X, (2, 0))),
        )),
    },
)  # fmt: skip


@equivariance_error.alternative
def error_by_indices(f, x, shift):
    def moved(a, dy, dx):
        rows, columns = np.arange(a.shape[2]) - dy, np.arange(a.shape[3]) - dx
        return a[:, :, rows[:, None] % a.shape[2], columns % a.shape[3]]

    y = f(x)
    steps = [d * after / before for d, after, before in zip(shift, y.shape[2:], x.shape[2:])]
    if any(step != round(step) for step in steps):
        raise ValueError(f"a shift by {shift} would move the output by {steps}")
    return np.abs(f(moved(x, *shift)) - moved(y, *map(round, steps))).max()


@equivariance_error.alternative
def error_by_moving_back(f, x, shift):
    y = f(x)
    down, down_rest = divmod(shift[0] * y.shape[2], x.shape[2])
    right, right_rest = divmod(shift[1] * y.shape[3], x.shape[3])
    if down_rest or right_rest:
        raise ValueError(f"no place of the output answers to a shift by {shift}")
    back = np.roll(f(np.roll(np.roll(x, shift[0], axis=2), shift[1], axis=3)), (-down, -right), axis=(2, 3))
    return max(np.max(back - y), np.max(y - back))


@equivariance_error.alternative
def error_by_pixels(f, x, shift):
    y, (dy, dx) = f(x), shift
    moved = np.empty_like(x)
    for i, j in np.ndindex(x.shape[2:]):
        moved[:, :, (i + dy) % x.shape[2], (j + dx) % x.shape[3]] = x[:, :, i, j]
    after, worst = f(moved), 0.0
    if dy * y.shape[2] % x.shape[2] or dx * y.shape[3] % x.shape[3]:
        raise ValueError(f"the output cannot move along with a shift by {shift}")
    for i, j in np.ndindex(y.shape[2:]):
        row = (i + dy * y.shape[2] // x.shape[2]) % y.shape[2]
        column = (j + dx * y.shape[3] // x.shape[3]) % y.shape[3]
        worst = max(worst, np.abs(after[:, :, row, column] - y[:, :, i, j]).max())
    return worst


@equivariance_error.misconception(
    "f(x) is compared as it stands, which measures invariance; for equivariance the output moves along.",
    "examples values strides untouched",
)
def error_of_invariance(f, x, shift):
    y = f(x)
    if shift[0] * y.shape[2] % x.shape[2] or shift[1] * y.shape[3] % x.shape[3]:
        raise ValueError("impossible shift")
    return float(np.abs(f(np.roll(x, shift, axis=(2, 3))) - y).max())


@equivariance_error.misconception(
    "The output moves as far as the input; behind a stride it moves H′/H times as far.",
    "examples strides refusals untouched",
)
def error_same_step(f, x, shift):
    return float(np.abs(f(np.roll(x, shift, axis=(2, 3))) - np.roll(f(x), shift, axis=(2, 3))).max())


@equivariance_error.misconception(
    "A part of a pixel is cut off: where the output cannot move along, the statement asks for a ValueError.",
    "examples refusals",
)
def error_rounded(f, x, shift):
    y = f(x)
    steps = [d * after // before for d, after, before in zip(shift, y.shape[2:], x.shape[2:])]
    return float(np.abs(f(np.roll(x, shift, axis=(2, 3))) - np.roll(y, steps, axis=(2, 3))).max())


@equivariance_error.misconception(
    "The rows' ratio serves for the columns too: the strides of the two axes may differ.", "examples strides"
)
def error_one_ratio(f, x, shift):
    y = f(x)
    if shift[0] * y.shape[2] % x.shape[2] or shift[1] * y.shape[3] % x.shape[3]:
        raise ValueError("impossible shift")
    steps = [d * y.shape[2] // x.shape[2] for d in shift]
    return float(np.abs(f(np.roll(x, shift, axis=(2, 3))) - np.roll(y, steps, axis=(2, 3))).max())


@equivariance_error.misconception(
    "dy and dx are exchanged: the shift is (down, right).", "examples values strides untouched"
)
def error_exchanged(f, x, shift):
    y, (dx, dy) = f(x), shift
    if shift[0] * y.shape[2] % x.shape[2] or shift[1] * y.shape[3] % x.shape[3]:
        raise ValueError("impossible shift")
    steps = dy * y.shape[2] // x.shape[2], dx * y.shape[3] // x.shape[3]
    return float(np.abs(f(np.roll(x, (dy, dx), axis=(2, 3))) - np.roll(y, steps, axis=(2, 3))).max())


@equivariance_error.misconception(
    "The output is moved the other way; it should go where the input goes.", "examples values strides untouched"
)
def error_other_way(f, x, shift):
    y, (dy, dx) = f(x), shift
    if dy * y.shape[2] % x.shape[2] or dx * y.shape[3] % x.shape[3]:
        raise ValueError("impossible shift")
    steps = -dy * y.shape[2] // x.shape[2], -dx * y.shape[3] // x.shape[3]
    return float(np.abs(f(np.roll(x, shift, axis=(2, 3))) - np.roll(y, steps, axis=(2, 3))).max())


@equivariance_error.misconception(
    "The mean of the differences comes back; the statement asks for the largest.", "values strides untouched"
)
def error_as_mean(f, x, shift):
    y, (dy, dx) = f(x), shift
    if dy * y.shape[2] % x.shape[2] or dx * y.shape[3] % x.shape[3]:
        raise ValueError("impossible shift")
    steps = dy * y.shape[2] // x.shape[2], dx * y.shape[3] // x.shape[3]
    return float(np.abs(f(np.roll(x, shift, axis=(2, 3))) - np.roll(y, steps, axis=(2, 3))).mean())


@equivariance_error.misconception(
    "The differences are added up; the statement asks for the largest.", "examples values strides untouched"
)
def error_as_sum(f, x, shift):
    y, (dy, dx) = f(x), shift
    if dy * y.shape[2] % x.shape[2] or dx * y.shape[3] % x.shape[3]:
        raise ValueError("impossible shift")
    steps = dy * y.shape[2] // x.shape[2], dx * y.shape[3] // x.shape[3]
    return float(np.abs(f(np.roll(x, shift, axis=(2, 3))) - np.roll(y, steps, axis=(2, 3))).sum())


@equivariance_error.misconception(
    "Differences below zero are forgotten: take their absolute values before the maximum.", "values strides untouched"
)
def error_without_abs(f, x, shift):
    y, (dy, dx) = f(x), shift
    if dy * y.shape[2] % x.shape[2] or dx * y.shape[3] % x.shape[3]:
        raise ValueError("impossible shift")
    steps = dy * y.shape[2] // x.shape[2], dx * y.shape[3] // x.shape[3]
    return float((f(np.roll(x, shift, axis=(2, 3))) - np.roll(y, steps, axis=(2, 3))).max())


@equivariance_error.misconception(
    "np.roll without axis moves pixels from row to row; say axis=(2, 3).", "examples values strides untouched"
)
def error_flattened(f, x, shift):
    y, (dy, dx) = f(x), shift
    if dy * y.shape[2] % x.shape[2] or dx * y.shape[3] % x.shape[3]:
        raise ValueError("impossible shift")
    down, right = dy * y.shape[2] // x.shape[2], dx * y.shape[3] // x.shape[3]
    return float(np.abs(f(np.roll(x, dy * x.shape[3] + dx)) - np.roll(y, down * y.shape[3] + right)).max())


@equivariance_error.misconception("Zeros come in where the ring should close: pixels that leave come back on the other side.",
                                  "examples values strides untouched")  # fmt: skip
def error_with_zeros(f, x, shift):
    def moved(a, dy, dx):
        rows, columns = np.arange(a.shape[2])[:, None] - dy, np.arange(a.shape[3]) - dx
        inside = (rows >= 0) & (rows < a.shape[2]) & (columns >= 0) & (columns < a.shape[3])
        return np.where(inside, a[:, :, rows % a.shape[2], columns % a.shape[3]], 0.0)

    y, (dy, dx) = f(x), shift
    if dy * y.shape[2] % x.shape[2] or dx * y.shape[3] % x.shape[3]:
        raise ValueError("impossible shift")
    steps = dy * y.shape[2] // x.shape[2], dx * y.shape[3] // x.shape[3]
    return float(np.abs(f(moved(x, dy, dx)) - moved(y, *steps)).max())


@equivariance_error.misconception("x is rolled in place; the caller still needs it as it was.", "examples untouched")
def error_in_place(f, x, shift):
    y, (dy, dx) = f(x), shift
    if dy * y.shape[2] % x.shape[2] or dx * y.shape[3] % x.shape[3]:
        raise ValueError("impossible shift")
    steps = dy * y.shape[2] // x.shape[2], dx * y.shape[3] // x.shape[3]
    x[...] = np.roll(x, shift, axis=(2, 3))
    return float(np.abs(f(x) - np.roll(y, steps, axis=(2, 3))).max())
