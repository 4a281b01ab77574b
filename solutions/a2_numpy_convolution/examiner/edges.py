"""Edges: the oracle is SciPy's Sobel filter, along each axis."""

import numpy as np
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view
from scipy import ndimage

from course_utils.grading.exercise import Call, Exercise, Facet, same_refusals, untouched

from .inputs import numbers, seeds
from .judges import same_edges, turned_edges


def _edges(x):
    x = np.array(x, np.float64)
    down, right = (ndimage.sobel(x, axis, mode="nearest") / 8 for axis in (0, 1))
    return np.hypot(right, down), np.arctan2(down, right)


@st.composite
def _pictures(draw):
    return Call((numbers(draw(seeds), draw(st.integers(1, 6)), draw(st.integers(1, 6))),))


X, NOISE = numbers(1, 5, 7), np.random.default_rng(2).standard_normal((6, 4)).round(3)
STEP = np.repeat([[9.0, 9.0, 0.0, 0.0, 0.0]], 3, axis=0)

edge_detector = Exercise(
    "edge_detector",
    _edges,
    "lecture 03, on reading a small kernel and on the detector",
    {
        "values": Facet(same_edges, (
            Call((X,)), Call((NOISE,)), Call((STEP,), note="A step down to the right: direction π or −π, the same."),
            Call((STEP.T.copy(),)), Call((X[:1],)), Call((X[:, :1],)), Call((X[:1, :1],)), Call((NOISE.astype(np.float32),)),
            Call((np.full((3, 4), 7.0),), note="A plain picture has no edge, up to its border."),
        ), _pictures(), 25),
        "turns": Facet(turned_edges, (Call((X,)), Call((NOISE,))), _pictures(), 15),
        "refusals": Facet(same_refusals, (
            Call((X[0],), note="x has 1 axis, not 2"), Call((X[None],), note="x has 3 axes, not 2"),
            Call((X[None, None],), note="x has 4 axes, not 2"), Call((X[:0],), note="x has no rows"),
            Call((X[:, :0],), note="x has no columns"),
        )),
        "untouched": Facet(untouched, (Call((NOISE,)), Call((NOISE[1:, 1:] * 3,)))),
    },
)  # fmt: skip


@edge_detector.alternative
def edges_by_slices(x):
    if x.ndim != 2:
        raise ValueError(f"x has {x.ndim} axes, and 2 are wanted")
    p = np.pad(x, 1, mode="edge")
    along, across = p[:-2] + 2 * p[1:-1] + p[2:], p[:, :-2] + 2 * p[:, 1:-1] + p[:, 2:]
    right, down = (along[:, 2:] - along[:, :-2]) / 8, (across[2:] - across[:-2]) / 8
    return np.sqrt(right**2 + down**2), np.arctan2(down, right)


@edge_detector.alternative
def edges_by_windows(x):
    sobel = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]) / 8
    # NumPy raises ValueError itself: where there is no pixel to repeat, and where the axes are not two.
    windows = sliding_window_view(np.pad(x, 1, mode="edge"), (3, 3))
    edge = (windows * (sobel + 1j * sobel.T)).sum(axis=(2, 3))
    return np.abs(edge), np.angle(edge)


@edge_detector.alternative
def edges_by_loops(x):
    height, width = x.shape
    if height < 1 or width < 1:
        raise ValueError("x has no pixel")
    magnitude, direction = np.zeros(x.shape), np.zeros(x.shape)
    for i, j in np.ndindex(height, width):
        above, below = max(i - 1, 0), min(i + 1, height - 1)
        left, to_right = max(j - 1, 0), min(j + 1, width - 1)
        right = sum(weight * (x[r, to_right] - x[r, left]) for r, weight in ((above, 1), (i, 2), (below, 1))) / 8
        down = sum(weight * (x[below, c] - x[above, c]) for c, weight in ((left, 1), (j, 2), (to_right, 1))) / 8
        magnitude[i, j], direction[i, j] = np.hypot(right, down), np.arctan2(down, right)
    return magnitude, direction


@edge_detector.misconception(
    "The kernels are flipped, so the direction points the other way, from bright to dark. Use a cross-correlation, "
    "or turn the kernels before you convolve.",
    "examples values untouched",
)
def edges_flipped(x):
    if x.ndim != 2:
        raise ValueError("x needs two axes")
    p = np.pad(x, 1, mode="edge")
    along, across = p[:-2] + 2 * p[1:-1] + p[2:], p[:, :-2] + 2 * p[:, 1:-1] + p[:, 2:]
    right, down = (along[:, :-2] - along[:, 2:]) / 8, (across[:-2] - across[2:]) / 8
    return np.hypot(right, down), np.arctan2(down, right)


@edge_detector.misconception("The two arguments of arctan2 are exchanged: it takes the downward one first.",
                             "examples values turns untouched")  # fmt: skip
def edges_arctan2_exchanged(x):
    if x.ndim != 2:
        raise ValueError("x needs two axes")
    p = np.pad(x, 1, mode="edge")
    along, across = p[:-2] + 2 * p[1:-1] + p[2:], p[:, :-2] + 2 * p[:, 1:-1] + p[:, 2:]
    right, down = (along[:, 2:] - along[:, :-2]) / 8, (across[2:] - across[:-2]) / 8
    return np.hypot(right, down), np.arctan2(right, down)


@edge_detector.misconception("The downward direction is counted upwards: rows are numbered from the top, so down is positive.",
                             "examples values turns untouched")  # fmt: skip
def edges_upwards(x):
    if x.ndim != 2:
        raise ValueError("x needs two axes")
    p = np.pad(x, 1, mode="edge")
    along, across = p[:-2] + 2 * p[1:-1] + p[2:], p[:, :-2] + 2 * p[:, 1:-1] + p[:, 2:]
    right, down = (along[:, 2:] - along[:, :-2]) / 8, (across[:-2] - across[2:]) / 8
    return np.hypot(right, down), np.arctan2(down, right)


@edge_detector.misconception("arctan(down / right) knows no left and right: use arctan2(down, right), which does.",
                             "values turns untouched")  # fmt: skip
def edges_arctan(x):
    if x.ndim != 2:
        raise ValueError("x needs two axes")
    p = np.pad(x, 1, mode="edge")
    along, across = p[:-2] + 2 * p[1:-1] + p[2:], p[:, :-2] + 2 * p[:, 1:-1] + p[:, 2:]
    right, down = (along[:, 2:] - along[:, :-2]) / 8, (across[2:] - across[:-2]) / 8
    return np.hypot(right, down), np.arctan(down / np.where(right == 0, 1e-12, right))


@edge_detector.misconception("The direction is in degrees; radians are wanted.", "examples values turns untouched")
def edges_in_degrees(x):
    if x.ndim != 2:
        raise ValueError("x needs two axes")
    p = np.pad(x, 1, mode="edge")
    along, across = p[:-2] + 2 * p[1:-1] + p[2:], p[:, :-2] + 2 * p[:, 1:-1] + p[:, 2:]
    right, down = (along[:, 2:] - along[:, :-2]) / 8, (across[2:] - across[:-2]) / 8
    return np.hypot(right, down), np.degrees(np.arctan2(down, right))


@edge_detector.misconception("The kernels are not divided by 8, so every magnitude is eight times too large.",
                             "examples values untouched")  # fmt: skip
def edges_undivided(x):
    if x.ndim != 2:
        raise ValueError("x needs two axes")
    p = np.pad(x, 1, mode="edge")
    along, across = p[:-2] + 2 * p[1:-1] + p[2:], p[:, :-2] + 2 * p[:, 1:-1] + p[:, 2:]
    right, down = along[:, 2:] - along[:, :-2], across[2:] - across[:-2]
    return np.hypot(right, down), np.arctan2(down, right)


@edge_detector.misconception("|right| + |down| is not the length of the arrow: that is √(right² + down²).",
                             "examples values untouched")  # fmt: skip
def edges_summed(x):
    if x.ndim != 2:
        raise ValueError("x needs two axes")
    p = np.pad(x, 1, mode="edge")
    along, across = p[:-2] + 2 * p[1:-1] + p[2:], p[:, :-2] + 2 * p[:, 1:-1] + p[:, 2:]
    right, down = (along[:, 2:] - along[:, :-2]) / 8, (across[2:] - across[:-2]) / 8
    return np.abs(right) + np.abs(down), np.arctan2(down, right)


@edge_detector.misconception(
    "The root is missing: the magnitude is √(right² + down²).", "examples values turns untouched"
)
def edges_squared(x):
    if x.ndim != 2:
        raise ValueError("x needs two axes")
    p = np.pad(x, 1, mode="edge")
    along, across = p[:-2] + 2 * p[1:-1] + p[2:], p[:, :-2] + 2 * p[:, 1:-1] + p[:, 2:]
    right, down = (along[:, 2:] - along[:, :-2]) / 8, (across[2:] - across[:-2]) / 8
    return right**2 + down**2, np.arctan2(down, right)


@edge_detector.misconception("The border is padded with zeros, so the frame of the picture shows up as an edge.",
                             "examples values turns untouched")  # fmt: skip
def edges_zero_padded(x):
    if x.ndim != 2 or not x.size:
        raise ValueError("x needs two axes")
    p = np.pad(x, 1)
    along, across = p[:-2] + 2 * p[1:-1] + p[2:], p[:, :-2] + 2 * p[:, 1:-1] + p[:, 2:]
    right, down = (along[:, 2:] - along[:, :-2]) / 8, (across[2:] - across[:-2]) / 8
    return np.hypot(right, down), np.arctan2(down, right)


@edge_detector.misconception("The weights along the edge are 1, 1, 1: those are Prewitt's. Sobel's are 1, 2, 1.",
                             "examples values untouched")  # fmt: skip
def edges_prewitt(x):
    if x.ndim != 2:
        raise ValueError("x needs two axes")
    p = np.pad(x, 1, mode="edge")
    along, across = p[:-2] + p[1:-1] + p[2:], p[:, :-2] + p[:, 1:-1] + p[:, 2:]
    right, down = (along[:, 2:] - along[:, :-2]) / 6, (across[2:] - across[:-2]) / 6
    return np.hypot(right, down), np.arctan2(down, right)


@edge_detector.misconception("The picture has shrunk by two rows and two columns: repeat its border pixels first.",
                             "examples values turns untouched")  # fmt: skip
def edges_shrunk(x):
    if x.ndim != 2 or not x.size:
        raise ValueError("x needs two axes")
    p = np.pad(x, 1, mode="edge")
    along, across = p[:-2] + 2 * p[1:-1] + p[2:], p[:, :-2] + 2 * p[:, 1:-1] + p[:, 2:]
    right, down = (along[:, 2:] - along[:, :-2]) / 8, (across[2:] - across[:-2]) / 8
    return np.hypot(right, down)[1:-1, 1:-1], np.arctan2(down, right)[1:-1, 1:-1]


@edge_detector.misconception("Anything with an edge is taken; the statement asks for a ValueError unless x has two axes.",
                             "examples refusals")  # fmt: skip
def edges_unchecked(x):
    x = x.reshape(-1, x.shape[-1])
    p = np.pad(x, 1, mode="edge" if x.size else "constant")
    along, across = p[:-2] + 2 * p[1:-1] + p[2:], p[:, :-2] + 2 * p[:, 1:-1] + p[:, 2:]
    right, down = (along[:, 2:] - along[:, :-2]) / 8, (across[2:] - across[:-2]) / 8
    return np.hypot(right, down), np.arctan2(down, right)
