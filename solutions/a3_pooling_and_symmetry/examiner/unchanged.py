"""How many maxima stay equal under a shift: the oracle pools both views by torch's max_pool2d."""

import numpy as np
import torch
import torch.nn.functional as F
from hypothesis import strategies as st

from course_utils.grading.exercise import Call, Exercise, Facet, same_refusals, same_values, untouched

from .inputs import image, int_or_pair, pair, seeds, tied


def _fraction_unchanged(x, kernel_size, stride=None, shift=(0, 1)):
    (dy, dx), wide = shift, torch.as_tensor(np.array(x, np.float64))
    height, width = x.shape[2:]
    before, after = wide[:, :, : height - dy, : width - dx], wide[:, :, dy:, dx:]
    equal = F.max_pool2d(before, kernel_size, stride) == F.max_pool2d(after, kernel_size, stride)
    return float(equal.double().mean())


@st.composite
def _moved(draw, options):
    kernel_size, found = draw(int_or_pair), draw(options)
    (dy, dx), (kh, kw) = found.get("shift", (0, 1)), pair(kernel_size)
    rows, columns = kh + dy + draw(st.integers(0, 3)), kw + dx + draw(st.integers(0, 3))
    make = draw(st.sampled_from([image, tied]))
    return Call(
        (make((draw(st.integers(1, 2)), draw(st.integers(1, 2)), rows, columns), draw(seeds)), kernel_size), found
    )


steps = st.integers(0, 2)
_options = st.fixed_dictionaries({}, optional={"stride": int_or_pair, "shift": st.tuples(steps, steps)})
LINE, X, ODD = image((1, 1, 3, 7), 11), image((2, 3, 6, 8), 12), image((2, 1, 7, 9), 13)
FLAT, NEAR = tied((2, 3, 6, 8), 14), 1 + 1e-10 * image((1, 2, 5, 8), 15)
SMOOTH = np.cumsum(np.abs(X), axis=3)

fraction_unchanged = Exercise(
    "fraction_unchanged",
    _fraction_unchanged,
    "lecture 06, on what survives a small move",
    {
        "values": Facet(same_values, (
            Call((LINE, (1, 2))), Call((LINE, 2)), Call((X, 2)), Call((X, 3)), Call((X, (3, 2))), Call((X, (2, 3))), Call((ODD, 4)),
            Call((FLAT, 2), note="Equal values count as equal, wherever they stand."),
            Call((NEAR, 2), note="Values that nearly agree are not equal."), Call((SMOOTH, 3)), Call((-X, 2)), Call((X, 1)),
            Call((np.ones((1, 2, 4, 5)), 2)),
        ), _moved(st.just({})), 30),
        "options": Facet(same_values, (
            Call((LINE, (1, 3)), {"stride": 1}), Call((LINE, 2), {"shift": (1, 0)}), Call((X, 3, 2)), Call((X, 3, (1, 2), (1, 2))),
            Call((ODD, 3), {"shift": (2, 1)}), Call((X, (3, 2)), {"shift": (1, 1)}), Call((X, 2), {"shift": (0, 0)}),
            Call((ODD, (2, 4), 2, (0, 3))), Call((ODD, (4, 2), 1, (3, 0))), Call((FLAT, 3, 1, (2, 2))), Call((FLAT, 2, 3)),
        ), _moved(_options), 30),
        "refusals": Facet(same_refusals, (
            *(Call((X, size), note=f"kernel_size is {size}") for size in (0, -1, (0, 2), (2, 0))),
            *(Call((X, 2, stride), note=f"stride is {stride}") for stride in (0, -2, (1, 0), (0, 1), (-1, 2), (2, -1))),
            *(Call((X, 2), {"shift": step}, f"shift is {step}") for step in ((-1, 0), (0, -1), (-2, 1), (1, -3))),
            *(Call((X, 1), {"shift": step}, f"shift is {step}") for step in ((-1, 0), (0, -1), (-1, -2))),
            Call((X, (7, 1)), {"shift": (-1, 0)}, "shift is (-1, 0)"), Call((X, (1, 9)), {"shift": (0, -1)}, "shift is (0, -1)"),
            Call((X, 2, (2, -1), (0, 2)), note="stride is (2, -1)"), Call((X, 2, (-1, 2), (2, 0)), note="stride is (-1, 2)"),
            Call((X, (1, 8)), note="with one column gone, 7 are left for windows of 8"),
            Call((X, (4, 1)), {"shift": (3, 0)}, "with three rows gone, 3 are left for windows of 4"),
            Call((X, 1), {"shift": (6, 0)}, "no row is left"), Call((X, 1), {"shift": (0, 9)}, "no column is left"),
            Call((X, (7, 1)), note="the window is larger than the image"),
        )),
        "untouched": Facet(untouched, (
            Call((LINE, 2)), Call((X, (3, 2), 1, (1, 1))), Call((FLAT.astype(np.float32), 2)),
        )),
    },
)  # fmt: skip


@fraction_unchanged.alternative
def fraction_by_windows(x, kernel_size, stride=None, shift=(0, 1)):
    (kh, kw), (sh, sw), (dy, dx) = pair(kernel_size), pair(kernel_size if stride is None else stride), shift
    rows, columns = x.shape[2] - dy - kh + 1, x.shape[3] - dx - kw + 1
    if min(kh, kw, sh, sw, rows, columns) < 1 or dy < 0 or dx < 0:
        raise ValueError(f"impossible: {kernel_size=}, {stride=}, {shift=}, x of shape {x.shape}")
    maxima = np.lib.stride_tricks.sliding_window_view(x, (kh, kw), axis=(2, 3)).max(axis=(4, 5))
    before, after = maxima[:, :, :rows:sh, :columns:sw], maxima[:, :, dy::sh, dx::sw]
    return np.mean(before == after)


@fraction_unchanged.alternative
def fraction_by_loops(x, kernel_size, stride=None, shift=(0, 1)):
    (kh, kw), (sh, sw), (dy, dx) = pair(kernel_size), pair(kernel_size if stride is None else stride), shift
    if kh < 1 or kw < 1 or sh < 1 or sw < 1 or dy < 0 or dx < 0:
        raise ValueError(f"impossible: {kernel_size=}, {stride=}, {shift=}")
    equal = []
    for top in range(0, x.shape[2] - dy - kh + 1, sh):
        for left in range(0, x.shape[3] - dx - kw + 1, sw):
            here = x[:, :, top : top + kh, left : left + kw].max(axis=(2, 3))
            there = x[:, :, top + dy : top + dy + kh, left + dx : left + dx + kw].max(axis=(2, 3))
            equal.append(here == there)
    if not equal:
        raise ValueError("no window fits into both views")
    return float(np.mean(equal))


@fraction_unchanged.alternative
def fraction_by_slices(x, kernel_size, stride=None, shift=(0, 1)):
    (kh, kw), (sh, sw), (dy, dx) = pair(kernel_size), pair(kernel_size if stride is None else stride), shift
    rows, columns = x.shape[2] - dy - kh + 1, x.shape[3] - dx - kw + 1
    if min(kh, kw, sh, sw, rows, columns) < 1 or min(shift) < 0:
        raise ValueError(f"impossible: {kernel_size=}, {stride=}, {shift=}, x of shape {x.shape}")

    def pooled(top, left):
        places = [(top + i, left + j) for i in range(kh) for j in range(kw)]
        return np.max([x[:, :, i : i + rows : sh, j : j + columns : sw] for i, j in places], axis=0)

    return float((pooled(0, 0) == pooled(dy, dx)).mean())
