"""Receptive fields found by trying: the oracle nudges every input at once, as a batch in torch."""

import numpy as np
import torch
from hypothesis import strategies as st

from course_utils.grading.exercise import Call, Exercise, Facet, same_refusals, same_values, untouched

from .inputs import image, seeds
from .maps import CONSTANT, IDENTITY, MIXED, NEGATIVE_PART, PLUS, SUM, convolution, plain_pool, two_layers, window


def _empirical_receptive_field(f, x, position, delta=1.0):
    nudges = delta * torch.eye(x.size, dtype=torch.float64).reshape(-1, *x.shape[1:])
    place = (slice(None), *position)
    changed = f((torch.as_tensor(np.array(x)) + nudges).numpy())[place] != f(x)[place]
    _, rows, columns = np.nonzero(changed.reshape(x.shape[1:]))
    if not len(rows):
        return 0, None
    return len(rows), (int(rows.min()), int(columns.min()), int(rows.max()), int(columns.max()))


@st.composite
def _probes(draw, nonlinear=False):
    kernel_size, stride = (draw(st.integers(1, 3)), draw(st.integers(1, 3))), draw(st.integers(1, 2))
    dilation = 1 if nonlinear else draw(st.integers(1, 2))
    c, seed = draw(st.integers(1, 2)), draw(seeds)
    f = (
        plain_pool(kernel_size, stride)
        if nonlinear
        else window(seed, kernel_size, stride, dilation, (c, 2), draw(st.integers(1, c)))
    )
    spans = [dilation * (k - 1) + 1 for k in kernel_size]
    x = image((1, c, *(span + draw(st.integers(0, 2)) for span in spans)), draw(seeds))
    size = [(n - span) // stride for n, span in zip(x.shape[2:], spans, strict=True)]
    place = draw(st.integers(0, (c if nonlinear else 2) - 1)), *(draw(st.integers(0, most)) for most in size)
    return Call((f, x, place), {"delta": draw(st.sampled_from([2.5, -4.5, 20.0]))} if nonlinear else {})


X, TWO, LOW = image((1, 1, 5, 6), 21), image((1, 2, 5, 4), 22), -np.abs(image((1, 1, 4, 5), 23))
ZEROS, WIDE = np.zeros((1, 1, 5, 6)), image((1, 1, 7, 8), 24)
POOL, OUTSIDE = plain_pool(2, 2), "the output has no such place"

empirical_receptive_field = Exercise(
    "empirical_receptive_field",
    _empirical_receptive_field,
    "lecture 04, on receptive fields; lecture 06, on what else a pool does",
    {
        "values": Facet(same_values, (
            Call((window(1, (2, 3)), X, (0, 1, 2))), Call((window(2, (3, 2), 2), X, (0, 1, 0))),
            Call((window(3, (2, 3), 1, 2), X, (0, 2, 1)), note="Dilation leaves holes: the box is larger than the count."),
            Call((PLUS, X, (0, 0, 3))), Call((convolution(4), X, (0, 0, 0)), note="On a ring the corner sees all four corners."),
            Call((window(5, 2, 1, 1, (2, 2), 2), TWO, (1, 3, 2)), note="The groups do not see each other's channels."),
            Call((window(6, 2, 1, 1, (2, 3)), TWO, (2, 0, 1))), Call((IDENTITY, X, (0, 4, 2))), Call((IDENTITY, TWO, (1, 0, 3))),
            Call((MIXED, X, (1, 2, 1)), note="Channel 1 of the map sees six pixels, channel 0 one."), Call((MIXED, X, (0, 3, 3))),
            Call((SUM, TWO, (0, 0, 0))), Call((CONSTANT, X, (0, 1, 1)), note="No input has a say."),
            Call((two_layers(7), np.abs(WIDE), (0, 1, 1))),
        ), _probes(), 10),
        "nonlinear": Facet(same_values, (
            Call((POOL, ZEROS, (0, 1, 2))), Call((POOL, X, (0, 0, 1)), {"delta": 40.0}), Call((POOL, X, (0, 1, 0)), {"delta": -40.0}),
            Call((POOL, X, (0, 1, 2)), {"delta": 6.0}, "Only inputs that become the maximum, or were it, count."),
            Call((NEGATIVE_PART, X, (0, 2, 3)), {"delta": 0.5}), Call((NEGATIVE_PART, LOW, (0, 3, 1)), {"delta": -2.0}),
            Call((NEGATIVE_PART, -LOW, (0, 1, 4)), note="Here nothing changes."), Call((plain_pool(3, 1), LOW, (0, 0, 2)), {"delta": 9.5}),
        ), _probes(True), 8),
        "refusals": Facet(same_refusals, (
            *(Call((IDENTITY, TWO, place), note=OUTSIDE) for place in ((2, 0, 0), (0, 5, 0), (0, 0, 4), (0, 4, 4))),
            *(Call((IDENTITY, TWO, place), note="a place is counted from 0, never from the end")
              for place in ((-1, 0, 0), (0, -1, 0), (0, 0, -2))),
            Call((POOL, X, (0, 2, 0)), note=OUTSIDE), Call((POOL, X, (1, 0, 0)), note=OUTSIDE),
            *(Call((IDENTITY, image((2, 1, 3, width)), (0, 1, 0)), note="x holds two images") for width in (4, 1)),
            Call((IDENTITY, X, (0, 1, 1)), {"delta": 0.0}, "a nudge by 0 changes nothing"),
            Call((IDENTITY, X, (0, 1, 1), 0), note="a nudge by 0 changes nothing"),
        )),
        "untouched": Facet(untouched, (
            Call((window(1, (2, 3)), X, (0, 1, 2))), Call((PLUS, WIDE, (0, 3, 2))), Call((POOL, TWO, (1, 1, 0))),
        )),
    },
)  # fmt: skip


@empirical_receptive_field.alternative
def field_by_batch(f, x, position, delta=1.0):
    if len(x) != 1 or delta == 0:
        raise ValueError(f"x must hold one image and delta must not be 0: {x.shape}, {delta}")
    before = f(x)[0]
    if any(not 0 <= place < size for place, size in zip(position, before.shape)):
        raise ValueError(f"{position} is no place of an output of shape {before.shape}")
    nudged = x + delta * np.eye(x.size).reshape(x.size, *x.shape[1:])
    seen = np.flatnonzero(f(nudged)[:, position[0], position[1], position[2]] != before[tuple(position)])
    if not seen.size:
        return 0, None
    rows, columns = seen // x.shape[3] % x.shape[2], seen % x.shape[3]
    return seen.size, (rows.min(), columns.min(), rows.max(), columns.max())


@empirical_receptive_field.alternative
def field_by_loops(f, x, position, delta=1.0):
    channel, row, column = position
    before = f(x)
    if x.shape[0] != 1 or not delta or min(position) < 0:
        raise ValueError(f"impossible: {x.shape=}, {delta=}, {position=}")
    if channel >= before.shape[1] or row >= before.shape[2] or column >= before.shape[3]:
        raise ValueError(f"{position} is no place of an output of shape {before.shape}")
    count, box = 0, None
    for c in range(x.shape[1]):
        for i in range(x.shape[2]):
            for j in range(x.shape[3]):
                nudged = x.copy()
                nudged[0, c, i, j] += delta
                if f(nudged)[0, channel, row, column] != before[0, channel, row, column]:
                    top, left, bottom, right = box or (i, j, i, j)
                    count, box = count + 1, (min(top, i), min(left, j), max(bottom, i), max(right, j))
    return count, box


@empirical_receptive_field.alternative
def field_by_lines(f, x, position, delta=1.0):
    if x.shape[0] > 1 or delta == 0:
        raise ValueError(f"x must hold one image and delta must not be 0: {x.shape}, {delta}")
    before = f(x)[0]
    if not np.all((np.array(position) >= 0) & (np.array(position) < before.shape)):
        raise ValueError(f"{position} is no place of an output of shape {before.shape}")
    seen = np.zeros(x.shape[1:], bool)
    for c, i in np.ndindex(x.shape[1:3]):
        line = np.repeat(x, x.shape[3], axis=0)
        line[:, c, i] += delta * np.eye(x.shape[3])
        seen[c, i] = f(line)[(slice(None), *position)] != before[tuple(position)]
    if not seen.any():
        return 0, None
    rows, columns = np.flatnonzero(seen.any(axis=(0, 2))), np.flatnonzero(seen.any(axis=(0, 1)))
    return int(seen.sum()), (rows[0], columns[0], rows[-1], columns[-1])
