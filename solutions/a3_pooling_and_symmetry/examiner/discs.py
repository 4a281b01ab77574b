"""Pooling over discs: the oracles are SciPy's maximum_filter with a footprint, and torch's conv2d."""

import numpy as np
import torch
import torch.nn.functional as F
from hypothesis import strategies as st
from scipy import ndimage

from course_utils.grading.exercise import Call, Exercise, Facet, same_dtype, same_refusals, same_values, untouched

from .inputs import image, images, int_or_pair, pair, seeds
from .judges import follows_turns


def _masked_pool2d(x, radius, stride=1, mode="max"):
    reach, (sh, sw) = int(radius), pair(stride)
    away = np.arange(-reach, reach + 1)
    disc = np.add.outer(away**2, away**2) <= radius**2
    wide, kept = x.astype(np.float64), slice(reach, -reach or None)
    if mode == "max":
        everywhere = ndimage.maximum_filter(wide, footprint=disc[None, None])[:, :, kept, kept]
        return everywhere[:, :, ::sh, ::sw].astype(x.dtype)
    kernel = torch.as_tensor(disc / disc.sum())[None, None]
    planes = torch.as_tensor(wide).reshape(-1, 1, *x.shape[2:])
    y = F.conv2d(planes, kernel, stride=(sh, sw)).numpy()
    return y.reshape(*x.shape[:2], *y.shape[2:]).astype(x.dtype if x.dtype.kind == "f" else np.float64)


radii = st.sampled_from([0, 0.5, 1, 1.25, 1.5, 1.75, 2, 2.25, 2.5])


@st.composite
def _discs(draw, modes, strides=None):
    radius = draw(radii)
    side = 2 * int(radius) + 1
    options = {} if strides is None else {"stride": draw(strides)}
    mode = draw(modes)
    return Call((draw(images(side, side, channels=2)), radius), options | ({"mode": mode} if mode else {}))


@st.composite
def _turning(draw):
    radius, seed = draw(radii), draw(seeds)
    side = 2 * int(radius) + 1
    x = image((1, draw(st.integers(1, 2)), side + draw(st.integers(0, 2)), side + draw(st.integers(0, 2))), seed)
    return Call((x, radius), {"mode": draw(st.sampled_from(["max", "mean"]))})


GRID, WIDE, TALL = image((1, 1, 4, 5), 7), image((2, 3, 6, 7), 8), image((1, 2, 9, 6), 9)
COLD = -np.abs(WIDE)

masked_pool2d = Exercise(
    "masked_pool2d",
    _masked_pool2d,
    "lecture 06, on round windows",
    {
        "values": Facet(same_values, (
            Call((GRID, 1)), Call((GRID, 1.5)), Call((COLD, 1), note="Every number is negative: 0 is no maximum."),
            Call((WIDE, 2)), Call((TALL, 2.5)), Call((COLD, 2.25)), Call((GRID, 0)), Call((GRID, 0.5)),
            Call((WIDE, 2.9), note="The disc of radius 2.9 is the whole square of 5 by 5."),
        ), _discs(st.none()), 30),
        "mean": Facet(same_values, (
            Call((GRID, 1), {"mode": "mean"}), Call((WIDE, 2), {"mode": "mean"}), Call((TALL, 2.5), {"mode": "mean"}),
            Call((COLD, 1.5), {"mode": "mean"}), Call((GRID, 0), {"mode": "mean"}),
        ), _discs(st.just("mean")), 30),
        "options": Facet(same_values, (
            Call((GRID, 1), {"stride": 2}), Call((WIDE, 1, (1, 3))), Call((TALL, 2, (2, 1))), Call((WIDE, 0, 3)),
            Call((WIDE, 1, 2), {"mode": "mean"}), Call((TALL, 1, (3, 2)), {"mode": "max"}),
        ), _discs(st.sampled_from([None, "max", "mean"]), int_or_pair), 30),
        "turned": Facet(follows_turns, (
            Call((GRID, 1)), Call((WIDE, 2)), Call((TALL, 2.5), {"mode": "mean"}), Call((COLD, 1.5)),
            Call((GRID, 1), {"mode": "mean"}),
        ), _turning(), 20),
        "refusals": Facet(same_refusals, (
            Call((WIDE, -1), note="radius is −1"), Call((WIDE, -0.5), note="radius is −0.5"),
            *(Call((WIDE, r), {"mode": "mean"}, f"radius is {r}") for r in (-2, -0.25)),
            *(Call((WIDE, 1, stride), note=f"stride is {stride}") for stride in (0, -1, (0, 1), (1, 0), (-1, 2), (2, -1))),
            *(Call((WIDE, 1), {"stride": 0, "mode": mode}, "stride is 0") for mode in ("max", "mean")),
            Call((GRID, 2), note="a window of 5 by 5 does not fit into 4 rows"),
            Call((np.ascontiguousarray(GRID.swapaxes(2, 3)), 2), note="a window of 5 by 5 does not fit into 4 columns"),
            Call((WIDE, 3.5), note="a window of 7 by 7 does not fit into 6 rows"),
            Call((WIDE, 1), {"mode": "min"}, '"min" is neither "max" nor "mean"'),
            Call((WIDE, 1), {"mode": "Mean"}, '"Mean" is neither "max" nor "mean"'),
        )),
        "untouched": Facet(untouched, (
            Call((GRID, 1)), Call((WIDE, 1.5, 2)), Call((TALL.astype(np.float32), 2), {"mode": "mean"}),
        )),
        "dtype": Facet(same_dtype, (
            Call((GRID.astype(np.float32), 1)), Call((WIDE, 2)), Call((WIDE.astype(np.int64), 1.5, 2)),
            Call((GRID.astype(np.float32), 1), {"mode": "mean"}), Call((WIDE.astype(np.int64), 1), {"mode": "mean"}),
        )),
    },
)  # fmt: skip


@masked_pool2d.alternative
def disc_by_loops(x, radius, stride=1, mode="max"):
    (sh, sw), side = pair(stride), 2 * int(radius) + 1
    if radius < 0 or sh < 1 or sw < 1 or side > x.shape[2] or side > x.shape[3] or mode not in ("max", "mean"):
        raise ValueError(f"impossible: {radius=}, {stride=}, {mode=}, an image of {x.shape[2:]}")
    rows = []
    for top in range(0, x.shape[2] - side + 1, sh):
        row = []
        for left in range(0, x.shape[3] - side + 1, sw):
            cells = []
            for i in range(side):
                for j in range(side):
                    if np.hypot(i - side // 2, j - side // 2) <= radius:
                        cells.append(x[:, :, top + i, left + j])
            row.append(np.max(cells, axis=0) if mode == "max" else np.mean(cells, axis=0))
        rows.append(row)
    return np.moveaxis(np.array(rows), (0, 1), (2, 3))


@masked_pool2d.alternative
def disc_by_moving(x, radius, stride=1, mode="max"):
    (sh, sw), reach = pair(stride), int(radius)
    height, width = x.shape[2] - 2 * reach, x.shape[3] - 2 * reach
    if radius < 0 or min(sh, sw, height, width) < 1 or mode not in ("max", "mean"):
        raise ValueError(f"impossible: {radius=}, {stride=}, {mode=}, an image of {x.shape[2:]}")
    away = range(-reach, reach + 1)
    steps = [(reach + i, reach + j) for i in away for j in away if i * i + j * j <= radius * radius]
    copies = [x[:, :, i : i + height : sh, j : j + width : sw] for i, j in steps]
    return np.max(copies, axis=0) if mode == "max" else np.mean(copies, axis=0)


@masked_pool2d.alternative
def disc_by_masked_array(x, radius, stride=1, mode="max"):
    side = 2 * int(radius) + 1
    if radius < 0 or min(pair(stride)) < 1 or side > min(x.shape[2:]) or mode not in ("max", "mean"):
        raise ValueError(f"impossible: {radius=}, {stride=}, {mode=}, an image of {x.shape[2:]}")
    squares = (np.arange(side) - side // 2) ** 2
    off = squares[:, None] + squares > radius**2
    windows = np.lib.stride_tricks.sliding_window_view(x, (side, side), axis=(2, 3))
    windows = windows[:, :, :: pair(stride)[0], :: pair(stride)[1]]
    masked = np.ma.array(windows, mask=np.broadcast_to(off, windows.shape))
    return (masked.max(axis=(4, 5)) if mode == "max" else masked.mean(axis=(4, 5))).data.astype(
        x.dtype if mode == "max" else np.result_type(x, np.float32)
    )
