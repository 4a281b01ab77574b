"""Convolution as a matrix: the oracle sends the unit vectors through torch's conv1d."""

import numpy as np
import torch
import torch.nn.functional as F
from hypothesis import strategies as st

from course_utils.grading.exercise import Call, Exercise, Facet, same_refusals, same_values

from .inputs import spoilt_keywords
from .signals import TOO_LONG, WIDE, W, arrays


def _matrix(w, n, stride=1, padding=0):
    identity = torch.eye(n, dtype=torch.float64)[:, None]
    weight = torch.as_tensor(np.array(w, dtype=np.float64))[None, None]
    return F.conv1d(identity, weight, stride=stride, padding=padding)[:, 0].T.numpy()


@st.composite
def _matrices(draw, strides, paddings):
    w, stride, padding = draw(arrays(1, 5)), draw(strides), draw(paddings)
    n = draw(st.integers(max(1, len(w) - 2 * padding), 9))
    return Call((w, n), {"stride": stride, "padding": padding})


toeplitz1d = Exercise(
    "toeplitz1d",
    _matrix,
    "lecture 02, on convolution as a banded matrix",
    {
        "values": Facet(same_values, (Call((W, 6)), Call((WIDE, 4)), Call((np.array([2.0]), 3))),
                        _matrices(st.just(1), st.just(0))),
        "options": Facet(same_values, (
            Call((W, 6), {"padding": 1}), Call((W, 7), {"stride": 2}), Call((WIDE, 6), {"stride": 3, "padding": 2}),
            Call((W, 1), {"padding": 1}), Call((np.array([2.0]), 3), {"stride": 2, "padding": 1}),
        ), _matrices(st.integers(1, 4), st.integers(0, 4))),
        "refusals": Facet(same_refusals, (
            *spoilt_keywords((W, 6), stride=1, padding=0),
            Call((W, 0), {"padding": 2}, "n is 0 and must be 1 or more"),
            Call((W, -1), {"padding": 3}, "n is −1 and must be 1 or more"),
            Call((WIDE, 3), note=TOO_LONG), Call((WIDE, 1), {"padding": 1}, TOO_LONG),
        )),
    },
)  # fmt: skip


@toeplitz1d.alternative
def matrix_by_slices(w, n, stride=1, padding=0):
    k = len(w)
    if n < 1 or stride < 1 or padding < 0 or n + 2 * padding < k:
        raise ValueError("no such matrix")
    rows = (n + 2 * padding - k) // stride + 1
    wide = np.zeros((rows, n + 2 * padding))
    for row in range(rows):
        wide[row, row * stride : row * stride + k] = w
    return wide[:, padding : padding + n]


@toeplitz1d.alternative
def matrix_by_unit_vectors(w, n, stride=1, padding=0):
    if n < 1 or stride < 1 or padding < 0:
        raise ValueError("n and stride must be 1 or more, padding 0 or more")
    if n + 2 * padding < len(w):
        raise ValueError("the kernel is longer than the padded signal")
    columns = []
    for unit in np.eye(n):
        columns.append(np.correlate(np.pad(unit, padding), w, "valid")[::stride])
    return np.stack(columns, axis=1)


@toeplitz1d.misconception("The kernel is flipped in the rows: the product gives a convolution, not a cross-correlation.",
                          "examples values options")  # fmt: skip
def matrix_flipped(w, n, stride=1, padding=0):
    if n < 1 or stride < 1 or padding < 0 or n + 2 * padding < len(w):
        raise ValueError("impossible arguments")
    rows = [np.correlate(np.pad(unit, padding), w[::-1], "valid")[::stride] for unit in np.eye(n)]
    return np.stack(rows, axis=1)


@toeplitz1d.misconception("The matrix is transposed: it has a row for each output and a column for each input.",
                          "examples values options")  # fmt: skip
def matrix_transposed(w, n, stride=1, padding=0):
    if n < 1 or stride < 1 or padding < 0 or n + 2 * padding < len(w):
        raise ValueError("impossible arguments")
    return np.stack([np.correlate(np.pad(unit, padding), w, "valid")[::stride] for unit in np.eye(n)])


@toeplitz1d.misconception("The stride is not looked at: each row starts stride columns after the one before.",
                          "examples options")  # fmt: skip
def matrix_without_stride(w, n, stride=1, padding=0):
    if n < 1 or stride < 1 or padding < 0 or n + 2 * padding < len(w):
        raise ValueError("impossible arguments")
    rows = [np.correlate(np.pad(unit, padding), w, "valid") for unit in np.eye(n)]
    return np.stack(rows, axis=1)


@toeplitz1d.misconception("The columns of the padding are kept; zeros need no columns, the matrix acts on n inputs.",
                          "examples options")  # fmt: skip
def matrix_with_padding_columns(w, n, stride=1, padding=0):
    if n < 1 or stride < 1 or padding < 0 or n + 2 * padding < len(w):
        raise ValueError("impossible arguments")
    return np.stack([np.correlate(unit, w, "valid")[::stride] for unit in np.eye(n + 2 * padding)], axis=1)


@toeplitz1d.misconception("The rows wrap around the ends; that is circular padding. Outside the signal there are zeros.",
                          "examples values options")  # fmt: skip
def matrix_circular(w, n, stride=1, padding=0):
    if n < 1 or stride < 1 or padding < 0 or n + 2 * padding < len(w):
        raise ValueError("impossible arguments")
    matrix = np.zeros((n, n))
    for row in range(n):
        for tap, weight in enumerate(w):
            matrix[row, (row + tap - padding) % n] += weight
    return matrix[::stride]


@toeplitz1d.misconception("Impossible arguments are let through; the statement asks for a ValueError.", "refusals")
def matrix_unchecked(w, n, stride=1, padding=0):
    columns = []
    for unit in np.eye(max(n, 1)):
        padded = np.concatenate([np.zeros(max(padding, 0)), unit, np.zeros(max(padding, 0))])
        columns.append([padded[i : i + len(w)] @ w for i in range(0, len(padded) - len(w) + 1, max(stride, 1))])
    return np.array(columns).T
