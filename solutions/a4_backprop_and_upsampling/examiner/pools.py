"""Max pooling backwards: the oracle is torch's autograd; ties are judged by SciPy's non-negative least squares."""

import numpy as np
import torch
import torch.nn.functional as F
from hypothesis import strategies as st
from scipy.optimize import nnls

from course_utils.grading.exercise import (
    Call,
    Exercise,
    Facet,
    call_copy,
    same_dtype,
    same_refusals,
    same_values,
    untouched,
)

from .inputs import distinct, draw_pair, few, generator, pair, seeds, shape_fault, shortened, single, spoilt, whole


def _backward(dout, x, kernel_size, stride=None):
    x = torch.tensor(np.array(x), requires_grad=True)
    F.max_pool2d(x, kernel_size, stride).backward(torch.tensor(np.array(dout)))
    return x.grad.numpy()


def sizes_of(shape, kernel_size, stride=None):
    """Return the height and width of the pooled map."""
    sides = zip(shape[-2:], pair(kernel_size), pair(kernel_size if stride is None else stride), strict=True)
    return tuple((n - k) // s + 1 for n, k, s in sides)


def pooled(seed, shape, kernel_size, stride=None, values=distinct):
    """Return a call for a pool on x of `shape` (N, C, H, W); `values` draws x."""
    rng = generator(seed)
    dout = whole(rng, *shape[:2], *sizes_of(shape, kernel_size, stride))
    dout[dout == 0] = 4
    return Call((dout, values(rng, *shape), kernel_size), {} if stride is None else {"stride": stride})


def levels(rng, *shape):
    """Return floats that are 0, 1 or 2, so that maxima tie."""
    return rng.integers(0, 3, shape).astype(float)


@st.composite
def pool_shapes(draw, overlap=True):
    """Draw the arguments of `pooled`: seed, shape, kernel_size, stride or None."""
    kernel = draw_pair(draw, few)
    stride = draw_pair(draw, few) if overlap and draw(st.booleans()) else None
    shape = draw(st.integers(1, 2)), draw(st.integers(1, 2))
    for k, s in zip(kernel, stride or kernel, strict=True):
        shape += (k + s * draw(st.integers(0, 2)) + draw(st.integers(0, s - 1)),)
    return draw(seeds), shape, shortened(kernel), stride and shortened(stride)


def shared_among_maxima(exercise, function, asked):
    """Judge a call whose maxima tie: each window's gradient goes to its maxima alone, in parts that add up to it."""
    outcome = call_copy(function, asked)
    (dout, x, kernel_size), stride = asked.args, asked.kwargs.get("stride")
    fault = shape_fault(outcome, x)
    if fault:
        return outcome, fault
    for n, c in np.ndindex(x.shape[:2]):
        fault = _map_fault(outcome.value[n, c], dout[n, c], x[n, c], kernel_size, stride)
        if fault:
            return outcome, f"in map ({n}, {c}) {fault}"
    return outcome, None


def _map_fault(dx, dout, x, kernel_size, stride):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    parts = []  # (window, place) for each of a window's maxima
    for window, (i, j) in enumerate(np.ndindex(dout.shape)):
        seen = x[i * sh : i * sh + kh, j * sw : j * sw + kw]
        places = np.argwhere(seen == seen.max()) + np.array([i * sh, j * sw])
        parts += [(window, row * x.shape[1] + column) for row, column in places.tolist()]
    idle = np.setdiff1d(np.flatnonzero(dx), [place for _, place in parts])
    if len(idle):
        row, column = divmod(int(idle[0]), x.shape[1])
        return f"place ({row}, {column}) is no window's maximum and gets {dx[row, column]:g}; it should get 0."
    if not abs(dx.sum() - dout.sum()) <= 1e-6 * np.abs(dout).sum():
        return f"the gradients sum to {dx.sum():g}, and dout sums to {dout.sum():g}."
    system = np.zeros((dx.size + dout.size, len(parts)))
    for number, (window, place) in enumerate(parts):
        system[place, number], system[dx.size + window, number] = dout.flat[window], 1
    off = nnls(system, np.append(dx, np.ones(dout.size)))[1]
    return "no way to share each window's dout among its maxima gives these sums." if off > 1e-6 else None


PLAIN, OVER = pooled(1, (2, 3, 4, 6), 2), pooled(2, (2, 2, 5, 7), 3, 2)
WINDOW, REST = pooled(3, (2, 2, 4, 7), (2, 3), (1, 2)), pooled(4, (2, 2, 5, 8), (2, 3))
X = PLAIN.args[1]
FITTING = pooled(5, (1, 1, 3, 4), 2, 1)
TIED = np.array([[[[3.0, 3.0, 1.0, 5.0], [1.0, 3.0, 5.0, 5.0]]]])
NO_DOUT = "dout has shape {}, and the pooled map is (2, 3, 2, 3)"

max_pool2d_backward = Exercise(
    "max_pool2d_backward",
    _backward,
    "lecture 07, on the gradient of a maximum",
    {
        "values": Facet(same_values, (PLAIN, pooled(6, (2, 2, 3, 4), (1, 2)), pooled(7, (1, 2, 6, 3), 3), REST,
                                      pooled(16, (2, 1, 6, 4), (3, 2))),
                        pool_shapes(overlap=False).map(lambda drawn: pooled(*drawn)), 25),
        "options": Facet(same_values, (
            OVER, WINDOW, pooled(8, (2, 2, 4, 5), (3, 2), 1), pooled(9, (2, 1, 6, 7), 1, 2), pooled(10, (1, 2, 7, 8), 2, (3, 4)),
            pooled(11, (2, 2, 6, 4), (2, 3), (2, 1)), pooled(12, (1, 2, 5, 5), (4, 3), (1, 2)),
        ), pool_shapes().map(lambda drawn: pooled(*drawn)), 30),
        "ties": Facet(shared_among_maxima, (
            Call((np.array([[[[2.0, -6.0]]]]), TIED, 2)), Call((np.array([[[[2.0, 7.0, -6.0]]]]), TIED, 2), {"stride": 1}),
            Call((np.full((1, 2, 1, 2), 3.0), np.zeros((1, 2, 2, 4)), 2)), pooled(13, (2, 2, 4, 6), (2, 3), values=levels),
            pooled(14, (2, 1, 4, 5), 3, 1, levels), PLAIN,
        ), pool_shapes().map(lambda drawn: pooled(*drawn, levels)), 25),
        "care": Facet(untouched, (PLAIN, OVER, WINDOW, *single(OVER))),
        "dtype": Facet(same_dtype, (*single(PLAIN, WINDOW), REST)),
        "refusals": Facet(same_refusals, (
            *spoilt(FITTING, stride=1),
            *(Call((np.ones((1, 1, *sizes_of((3, 4), size, 1))), FITTING.args[1], size), {"stride": 1},
                   f"kernel_size is {size} and must be 1 or more") for size in (0, -1, (2, 0), (0, 2), (-1, 2))),
            Call((PLAIN.args[0][:, :, :, :2], X, 2), note=NO_DOUT.format("(2, 3, 2, 2)")),
            Call((PLAIN.args[0][:, :, :1], X, 2), note=NO_DOUT.format("(2, 3, 1, 3)")),
            Call((PLAIN.args[0].swapaxes(2, 3), X, 2), note=NO_DOUT.format("(2, 3, 3, 2)")),
            Call((PLAIN.args[0].swapaxes(0, 1), X, 2), note=NO_DOUT.format("(3, 2, 2, 3)")),
            Call((PLAIN.args[0][:, :2], X, 2), note=NO_DOUT.format("(2, 2, 2, 3)")),
            Call((PLAIN.args[0][:1], X, 2), note=NO_DOUT.format("(1, 3, 2, 3)")),
            Call((whole(generator(15), 2, 3, 3, 3), X, 2), note=NO_DOUT.format("(2, 3, 3, 3)")),
            Call((np.ones((2, 3, 1, 1)), X, (5, 2)), {"stride": (1, 5)}, "the window is higher than x"),
            Call((np.ones((2, 3, 1, 1)), X, (2, 7)), {"stride": (3, 1)}, "the window is wider than x"),
        )),
    },
)  # fmt: skip


@max_pool2d_backward.alternative
def max_backward_split_by_loops(dout, x, kernel_size, stride=None):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    n, c, h, wide = x.shape
    if min(kh, kw, sh, sw) < 1 or kh > h or kw > wide:
        raise ValueError("the window must have sides of 1 or more and fit into x")
    if dout.shape != (n, c, (h - kh) // sh + 1, (wide - kw) // sw + 1):
        raise ValueError(f"dout has shape {dout.shape}")
    dx = np.zeros_like(x)
    for i, j in np.ndindex(dout.shape[2:]):
        place = (..., slice(i * sh, i * sh + kh), slice(j * sw, j * sw + kw))
        won = x[place] == x[place].max(axis=(2, 3), keepdims=True)
        dx[place] += dout[:, :, i, j, None, None] * won / won.sum(axis=(2, 3), keepdims=True)
    return dx


@max_pool2d_backward.alternative
def max_backward_by_windows(dout, x, kernel_size, stride=None):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    if kh < 1 or kw < 1 or sh < 1 or sw < 1:
        raise ValueError("kernel_size and stride must be 1 or more")
    if kh > x.shape[2] or kw > x.shape[3]:
        raise ValueError("the window is larger than x")
    seen = np.lib.stride_tricks.sliding_window_view(x, (kh, kw), (2, 3))[:, :, ::sh, ::sw]
    if dout.shape != seen.shape[:4]:
        raise ValueError(f"dout should have shape {seen.shape[:4]}")
    row, column = np.divmod(seen.reshape(*dout.shape, kh * kw).argmax(axis=4), kw)
    n, c, i, j = np.indices(dout.shape)
    dx = np.zeros(x.shape, dout.dtype)
    np.add.at(dx, (n, c, i * sh + row, j * sw + column), dout)
    return dx


@max_pool2d_backward.alternative
def max_backward_last_winner(dout, x, kernel_size, stride=None):
    kernel = pair(kernel_size)
    step = kernel if stride is None else pair(stride)
    for n, k, s in zip(x.shape[2:], kernel, step):
        if s < 1 or not 1 <= k <= n:
            raise ValueError(f"a window of {k} with stride {s} does not fit into {n}")
    starts = [range(0, n - k + 1, s) for n, k, s in zip(x.shape[2:], kernel, step)]
    if dout.shape != (*x.shape[:2], len(starts[0]), len(starts[1])):
        raise ValueError("dout has not the shape of the pooled map")
    dx = np.zeros_like(x)
    for n, c, i, j in np.ndindex(dout.shape):
        top, left = starts[0][i], starts[1][j]
        window = x[n, c, top : top + kernel[0], left : left + kernel[1]]
        row, column = np.argwhere(window == window.max())[-1]
        dx[n, c, top + row, left + column] += dout[n, c, i, j]
    return dx
