"""Average pooling: the oracle is torch's avg_pool2d in float64."""

import numpy as np
import torch
import torch.nn.functional as F
from hypothesis import strategies as st

from course_utils.grading.exercise import Call, Exercise, Facet, same_dtype, same_refusals, same_values, untouched

from .inputs import IMAGE, ODD, SMALL, bad_windows, image, images, int_or_pair, pair, pools, seeds, sides
from .judges import is_linear


def _avg_pool2d(x, kernel_size, stride=None, padding=0, count_include_pad=True):
    wide = torch.as_tensor(x.astype(np.float64))
    y = F.avg_pool2d(wide, kernel_size, stride, padding, count_include_pad=count_include_pad).numpy()
    return y.astype(x.dtype if x.dtype.kind == "f" else np.float64)


@st.composite
def _padded(draw):
    kernel_size = draw(int_or_pair)
    kh, kw = pair(kernel_size)
    padding = draw(st.integers(0, kh // 2)), draw(st.integers(0, kw // 2))
    options = {"padding": padding[0] if padding[0] == padding[1] else padding}
    options |= draw(st.fixed_dictionaries({}, optional={"stride": int_or_pair, "count_include_pad": st.booleans()}))
    return Call((draw(images(kh, kw, channels=2)), kernel_size), options)


@st.composite
def _inside(draw):
    kernel_size = draw(sides), draw(sides)
    x = image((draw(sides), 1, kernel_size[0] + draw(sides), kernel_size[1] + draw(sides)), draw(seeds))
    return Call((x, kernel_size, draw(int_or_pair)))


PADDED = "each side is padded by at most half of the kernel"

avg_pool2d = Exercise(
    "avg_pool2d",
    _avg_pool2d,
    "lecture 06, on pooling, and on what happens at the end of a row",
    {
        "values": Facet(same_values, (
            Call((SMALL, (1, 2))), Call((SMALL, 2)), Call((IMAGE, (2, 3))), Call((IMAGE, (3, 2))), Call((ODD, (2, 3))),
            Call((IMAGE, 3)), Call((IMAGE, 1)), Call((IMAGE, (5, 7))),
        ), pools(), 30),
        "options": Facet(same_values, (
            Call((SMALL, (1, 2), 1)), Call((IMAGE, 3, 2), note="The windows overlap."), Call((IMAGE, (2, 3), (2, 1))),
            Call((ODD, (3, 2), (2, 3)), note="The last row does not fit a window."), Call((ODD, 1, 2)),
            Call((IMAGE, 2, 3), note="The windows leave gaps."), Call((IMAGE, (3, 1), (1, 2))),
        ), pools(strides=int_or_pair), 30),
        "padding": Facet(same_values, (
            Call((SMALL, 2), {"padding": 1}), Call((SMALL, 2), {"padding": 1, "count_include_pad": False}),
            Call((IMAGE, 3, 2), {"padding": 1}), Call((IMAGE, (2, 5), (2, 3)), {"padding": (1, 2)}),
            Call((ODD, (4, 3), 1), {"padding": (2, 1)}), Call((ODD, (4, 2), 2), {"padding": (0, 1)}),
            Call((IMAGE, 3, 2), {"padding": 1, "count_include_pad": False}),
            Call((IMAGE, (2, 5), (2, 3)), {"padding": (1, 2), "count_include_pad": False}),
            Call((ODD, (4, 3), 1), {"padding": (2, 0), "count_include_pad": False}),
            Call((image((1, 2, 2, 3), 4), (4, 5)), {"padding": (1, 1)}, "The window is larger than the image without its padding."),
        ), _padded(), 30),
        "linear": Facet(is_linear, (
            Call((SMALL, (1, 2))), Call((SMALL, 2, 1)), Call((IMAGE, (2, 3))), Call((IMAGE, 3, 2)), Call((ODD, (3, 2), (2, 1))),
        ), _inside(), 20),
        "refusals": Facet(same_refusals, (
            *bad_windows(image((2, 3, 3, 4))),
            Call((IMAGE, 2), {"padding": -1}, "padding is below 0"),
            Call((IMAGE, 4), {"padding": (0, -1)}, "padding is below 0 at the sides"),
            Call((IMAGE, 4), {"padding": (-1, 0)}, "padding is below 0 at the top"),
            Call((IMAGE, 2, 1), {"padding": (-1, 0)}, "padding is below 0 at the top"),
            Call((IMAGE, 3), {"padding": 2}, PADDED), Call((IMAGE, 1), {"padding": 1}, PADDED),
            Call((IMAGE, (4, 3)), {"padding": (1, 2)}, PADDED), Call((IMAGE, (3, 4)), {"padding": (2, 1)}, PADDED),
            Call((image((1, 1, 3, 9)), 6), {"padding": 1}, "the window is larger than the image with its padding"),
            Call((image((1, 1, 9, 3)), 6), {"padding": 1}, "the window is larger than the image with its padding"),
        )),
        "untouched": Facet(untouched, (
            Call((SMALL, 2)), Call((IMAGE, (2, 3), 1)), Call((ODD.astype(np.float32), (3, 2), (2, 1), 1)),
        )),
        "dtype": Facet(same_dtype, (
            Call((SMALL.astype(np.float32), 2)), Call((SMALL, 2)), Call((IMAGE.astype(np.int64), 3, 2)),
            Call((ODD.astype(np.float32), (2, 3), 1, 1)),
            Call((ODD.astype(np.float32), 3), {"padding": 1, "count_include_pad": False}),
        )),
    },
)  # fmt: skip


@avg_pool2d.alternative
def avg_by_loops(x, kernel_size, stride=None, padding=0, count_include_pad=True):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    (ph, pw), (n, c, height, width) = pair(padding), x.shape
    if min(kh, kw, sh, sw) < 1 or ph < 0 or pw < 0 or 2 * ph > kh or 2 * pw > kw:
        raise ValueError(f"impossible: {kernel_size=}, {stride=}, {padding=}")
    rows, columns = range(-ph, height + ph - kh + 1, sh), range(-pw, width + pw - kw + 1, sw)
    if not rows or not columns:
        raise ValueError(f"a window of {kernel_size} does not fit")
    y = np.empty((n, c, len(rows), len(columns)), np.result_type(x, np.float32))
    for i, top in enumerate(rows):
        for j, left in enumerate(columns):
            window = x[:, :, max(top, 0) : top + kh, max(left, 0) : left + kw]
            cells = kh * kw if count_include_pad else window.shape[2] * window.shape[3]
            y[:, :, i, j] = window.sum(axis=(2, 3)) / cells
    return y


@avg_pool2d.alternative
def avg_by_running_sums(x, kernel_size, stride=None, padding=0, count_include_pad=True):
    (kh, kw), (sh, sw), (ph, pw) = pair(kernel_size), pair(kernel_size if stride is None else stride), pair(padding)
    if min(kh, kw, sh, sw) < 1 or not 0 <= 2 * ph <= kh or not 0 <= 2 * pw <= kw:
        raise ValueError(f"impossible: {kernel_size=}, {stride=}, {padding=}")
    if kh > x.shape[2] + 2 * ph or kw > x.shape[3] + 2 * pw:
        raise ValueError(f"a window of {kernel_size} does not fit")

    def sums(image):
        total = np.pad(image, ((0, 0), (0, 0), (ph + 1, ph), (pw + 1, pw))).cumsum(axis=2).cumsum(axis=3)
        tall = total[:, :, kh:] - total[:, :, :-kh]
        return (tall[..., kw:] - tall[..., :-kw])[:, :, ::sh, ::sw]

    cells = kh * kw if count_include_pad else sums(np.ones(x.shape))
    return (sums(x) / cells).astype(np.result_type(x, np.float32))


@avg_pool2d.alternative
def avg_by_two_products(x, kernel_size, stride=None, padding=0, count_include_pad=True):
    sides = zip(pair(kernel_size), pair(kernel_size if stride is None else stride), pair(padding), x.shape[2:])
    factors = []
    for k, s, p, size in sides:
        if k < 1 or s < 1 or p < 0 or 2 * p > k or k > size + 2 * p:
            raise ValueError(f"no windows of {k} with stride {s} and padding {p} in {size}")
        starts = np.arange(-p, size + p - k + 1, s)[:, None]
        inside = (starts <= np.arange(size)) & (np.arange(size) < starts + k)
        factors.append(inside / (k if count_include_pad else inside.sum(axis=1, keepdims=True)))
    return (factors[0] @ x @ factors[1].T).astype(np.result_type(x, np.float32))
