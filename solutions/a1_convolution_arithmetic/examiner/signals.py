"""Signals: the oracles are torch's conv1d and SciPy's convolve."""

import numpy as np
import torch
import torch.nn.functional as F
from hypothesis import strategies as st
from scipy import signal

from course_utils.grading.exercise import Call, Exercise, Facet, same_refusals, same_values, untouched

from .inputs import spoilt_keywords

X, W = np.array([3.0, -1.0, 4.0, 1.0, -5.0, 9.0, 2.0]), np.array([2.0, -1.0, 0.5])
WIDE = np.array([1.0, -2.0, 3.0, 0.5])


@st.composite
def arrays(draw, least, most):
    """Draw a float64 array whose elements all differ from 0 and shrink to small whole numbers."""
    length = draw(st.integers(least, most))
    scale = draw(st.sampled_from([1.0, -1.0, 0.25]))
    start = draw(st.integers(0, 5))
    return scale * (np.arange(length) + 1.0 + np.roll(np.arange(length) % 3, start))


def _correlate(x, w, stride=1, padding=0, dilation=1):
    x, w = (torch.as_tensor(np.array(each, dtype=np.float64))[None, None] for each in (x, w))
    return F.conv1d(x, w, stride=stride, padding=padding, dilation=dilation)[0, 0].numpy()


@st.composite
def _correlations(draw, strides, paddings, dilations):
    w = draw(arrays(1, 5))
    stride, padding, dilation = draw(strides), draw(paddings), draw(dilations)
    x = draw(arrays(max(1, dilation * (len(w) - 1) + 1 - 2 * padding), 14))
    return Call((x, w), {"stride": stride, "padding": padding, "dilation": dilation})


TOO_LONG = "the kernel spans more positions than the padded signal has"

cross_correlate1d = Exercise(
    "cross_correlate1d",
    _correlate,
    "lecture 02, on convolution and cross-correlation",
    {
        "values": Facet(same_values, (Call((X, W)), Call((X, WIDE)), Call((X, X)), Call((X, np.array([2.0])))),
                        st.builds(lambda w, x: Call((x, w)), arrays(1, 5), arrays(5, 14))),
        "options": Facet(same_values, (
            Call((X, W), {"stride": 2}), Call((X, WIDE), {"stride": 2}), Call((X, W), {"padding": 2}),
            Call((X, W), {"dilation": 2}), Call((X, WIDE), {"stride": 3, "padding": 1, "dilation": 2}),
            Call((np.array([5.0]), W), {"padding": 1}), Call((X, np.array([2.0])), {"stride": 3, "padding": 2}),
        ), _correlations(st.integers(1, 4), st.integers(0, 3), st.integers(1, 3))),
        "care": Facet(untouched, (
            Call((X, W), {"padding": 1}), Call((X.astype(np.float32), W.astype(np.float32)), {"stride": 2}),
        )),
        "refusals": Facet(same_refusals, (
            *spoilt_keywords((X, W), stride=1, padding=0, dilation=1),
            Call((W, X), note=TOO_LONG), Call((W, WIDE), note=TOO_LONG),
            Call((WIDE, W), {"dilation": 2}, TOO_LONG), Call((X[:1], WIDE), {"padding": 1}, TOO_LONG),
        )),
    },
)  # fmt: skip


@cross_correlate1d.alternative
def correlate_by_loops(x, w, stride=1, padding=0, dilation=1):
    if stride < 1 or dilation < 1 or padding < 0:
        raise ValueError("stride and dilation must be 1 or more, padding 0 or more")
    padded = [0.0] * padding + [float(value) for value in x] + [0.0] * padding
    results = []
    start = 0
    while start + dilation * (len(w) - 1) < len(padded):
        total = 0.0
        for tap in range(len(w)):
            total += padded[start + tap * dilation] * float(w[tap])
        results.append(total)
        start += stride
    if not results:
        raise ValueError("the kernel is longer than the padded signal")
    return np.array(results)


@cross_correlate1d.alternative
def correlate_by_windows(x, w, stride=1, padding=0, dilation=1):
    if min(stride, dilation) < 1 or padding < 0:
        raise ValueError("stride and dilation must be 1 or more, padding 0 or more")
    padded = np.pad(x, padding)
    span = dilation * (len(w) - 1) + 1
    if span > len(padded):
        raise ValueError(f"the kernel spans {span} positions, the padded signal has {len(padded)}")
    windows = np.lib.stride_tricks.sliding_window_view(padded, span)
    return windows[::stride, ::dilation] @ w


@cross_correlate1d.alternative
def correlate_by_numpy(x, w, stride=1, padding=0, dilation=1):
    if min(stride, dilation) < 1 or padding < 0:
        raise ValueError("stride and dilation must be 1 or more, padding 0 or more")
    spread = np.zeros(dilation * (len(w) - 1) + 1)
    spread[::dilation] = w
    padded = np.concatenate([np.zeros(padding), x, np.zeros(padding)])
    if len(spread) > len(padded):
        raise ValueError("the kernel is longer than the padded signal")
    return np.correlate(padded, spread, "valid")[::stride]


@cross_correlate1d.misconception(
    "The kernel is flipped: that is true convolution. Cross-correlation slides the kernel as it stands.",
    "examples values options care",
)
def correlate_flipped(x, w, stride=1, padding=0, dilation=1):
    span = dilation * (len(w) - 1) + 1
    if min(stride, dilation) < 1 or padding < 0 or span > len(x) + 2 * padding:
        raise ValueError("impossible arguments")
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(x, padding), span)
    return windows[::stride, ::dilation] @ w[::-1]


@cross_correlate1d.misconception("Padding is put on one side only; it belongs on both.", "examples options care")
def correlate_padded_once(x, w, stride=1, padding=0, dilation=1):
    span = dilation * (len(w) - 1) + 1
    if min(stride, dilation) < 1 or padding < 0 or span > len(x) + 2 * padding:
        raise ValueError("impossible arguments")
    padded = np.concatenate([x, np.zeros(2 * padding)])
    return np.lib.stride_tricks.sliding_window_view(padded, span)[::stride, ::dilation] @ w


@cross_correlate1d.misconception(
    "The signal is repeated at the ends; the padding should be zeros.", "examples options care"
)
def correlate_edge_padding(x, w, stride=1, padding=0, dilation=1):
    span = dilation * (len(w) - 1) + 1
    if min(stride, dilation) < 1 or padding < 0 or span > len(x) + 2 * padding:
        raise ValueError("impossible arguments")
    padded = np.pad(x, padding, mode="edge")
    return np.lib.stride_tricks.sliding_window_view(padded, span)[::stride, ::dilation] @ w


@cross_correlate1d.misconception("The padded signal is made and then not used.", "examples options refusals care")
def correlate_unpadded(x, w, stride=1, padding=0, dilation=1):
    span = dilation * (len(w) - 1) + 1
    if min(stride, dilation) < 1 or span > len(x):
        raise ValueError("impossible arguments")
    return np.lib.stride_tricks.sliding_window_view(x, span)[::stride, ::dilation] @ w


@cross_correlate1d.misconception("The stride is left out of the window's start.", "options care")
def correlate_without_stride(x, w, stride=1, padding=0, dilation=1):
    span = dilation * (len(w) - 1) + 1
    if min(stride, dilation) < 1 or padding < 0 or span > len(x) + 2 * padding:
        raise ValueError("impossible arguments")
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(x, padding), span)[:, ::dilation]
    return windows[: len(windows[::stride])] @ w


@cross_correlate1d.misconception("Dilation is not looked at: the taps lie side by side.", "options refusals")
def correlate_undilated(x, w, stride=1, padding=0, dilation=1):
    if min(stride, dilation) < 1 or padding < 0 or len(w) > len(x) + 2 * padding:
        raise ValueError("impossible arguments")
    return np.lib.stride_tricks.sliding_window_view(np.pad(x, padding), len(w))[::stride] @ w


@cross_correlate1d.misconception(
    "The last window is skipped: the loop ends one step early.", "examples values options care"
)
def correlate_last_skipped(x, w, stride=1, padding=0, dilation=1):
    span = dilation * (len(w) - 1) + 1
    if min(stride, dilation) < 1 or padding < 0 or span > len(x) + 2 * padding:
        raise ValueError("impossible arguments")
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(x, padding), span)
    return (windows[::stride, ::dilation] @ w)[:-1]


@cross_correlate1d.misconception(
    "The products are averaged; a window's products are added up.", "examples values options care"
)
def correlate_averaged(x, w, stride=1, padding=0, dilation=1):
    span = dilation * (len(w) - 1) + 1
    if min(stride, dilation) < 1 or padding < 0 or span > len(x) + 2 * padding:
        raise ValueError("impossible arguments")
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(x, padding), span)
    return (windows[::stride, ::dilation] * w).mean(axis=1)


@cross_correlate1d.misconception("The input is changed: work on a copy, the caller still needs the signal.", "care")
def correlate_in_place(x, w, stride=1, padding=0, dilation=1):
    span = dilation * (len(w) - 1) + 1
    if min(stride, dilation) < 1 or padding < 0 or span > len(x) + 2 * padding:
        raise ValueError("impossible arguments")
    result = np.lib.stride_tricks.sliding_window_view(np.pad(x, padding), span)[::stride, ::dilation] @ w
    x *= 0
    return result


@cross_correlate1d.misconception(
    "Impossible arguments are let through; the statement asks for a ValueError.", "refusals"
)
def correlate_unchecked(x, w, stride=1, padding=0, dilation=1):
    padded = np.concatenate([np.zeros(max(padding, 0)), x, np.zeros(max(padding, 0))])
    starts = range(0, len(padded) - dilation * (len(w) - 1), stride or 1)
    return np.array([padded[i : i + dilation * (len(w) - 1) + 1 : dilation or 1] @ w for i in starts])


def _convolve(x, w, mode="full"):
    return signal.convolve(np.array(x, np.float64), np.array(w, np.float64), mode, method="direct")


modes = st.sampled_from(["full", "same", "valid"])

convolve1d = Exercise(
    "convolve1d",
    _convolve,
    "lecture 02, on the flip and on the three modes",
    {
        "values": Facet(same_values, (Call((X, W)), Call((X, WIDE)), Call((X, X)), Call((X, np.array([2.0])))),
                        st.builds(lambda w, x: Call((x, w)), arrays(1, 5), arrays(5, 12))),
        "modes": Facet(same_values, (
            Call((X, W), {"mode": "valid"}), Call((X, W), {"mode": "same"}),
            Call((X, WIDE), {"mode": "same"}, "An even kernel: the statement says which side loses one more."),
            Call((X, WIDE), {"mode": "valid"}), Call((X, np.array([2.0])), {"mode": "same"}),
            Call((X, X), {"mode": "same"}), Call((X, X), {"mode": "valid"}),
        ), st.builds(lambda w, x, mode: Call((x, w, mode)), arrays(1, 5), arrays(5, 12), modes)),
        "care": Facet(untouched, (Call((X, W)), Call((X, WIDE, "same")), Call((X, W, "valid")))),
        "refusals": Facet(same_refusals, (
            Call((X, W, "circular"), note='"circular" is none of "full", "same", "valid"'),
            Call((X, W), {"mode": "Full"}, '"Full" is none of "full", "same", "valid"'),
            *(Call((W, WIDE, mode), note="w has 4 values and x only 3") for mode in ("full", "same", "valid")),
        )),
    },
)  # fmt: skip


@convolve1d.alternative
def convolve_by_numpy(x, w, mode="full"):
    if mode not in ("full", "same", "valid"):
        raise ValueError(f"no mode {mode!r}")
    if len(w) > len(x):
        raise ValueError("w must not be longer than x")
    return np.convolve(x, w, mode)


@convolve1d.alternative
def convolve_by_adding_copies(x, w, mode="full"):
    n, k = len(x), len(w)
    if k > n:
        raise ValueError(f"the kernel has {k} values and the signal only {n}")
    full = np.zeros(n + k - 1)
    for shift, weight in enumerate(w):
        full[shift : shift + n] += weight * x
    crops = {"full": full, "same": full[(k - 1) // 2 :][:n], "valid": full[k - 1 : n]}
    if mode not in crops:
        raise ValueError(f"mode {mode!r} is none of {list(crops)}")
    return crops[mode]


@convolve1d.alternative
def convolve_by_fourier(x, w, mode="full"):
    if mode not in ("full", "same", "valid") or len(w) > len(x):
        raise ValueError("the mode is unknown or w is longer than x")
    length = len(x) + len(w) - 1
    full = np.fft.irfft(np.fft.rfft(x, length) * np.fft.rfft(w, length), length)
    start = {"full": 0, "same": (len(w) - 1) // 2, "valid": len(w) - 1}[mode]
    size = {"full": length, "same": len(x), "valid": len(x) - len(w) + 1}[mode]
    return full[start : start + size]


@convolve1d.misconception("The kernel is not flipped: this is cross-correlation.", "examples values modes care")
def convolve_unflipped(x, w, mode="full"):
    if mode not in ("full", "same", "valid") or len(w) > len(x):
        raise ValueError("impossible arguments")
    return np.convolve(x, w[::-1], mode)


@convolve1d.misconception(
    "Both the kernel and the signal are flipped, so the result comes out backwards. Flip one of them.",
    "examples values modes care",
)
def convolve_both_flipped(x, w, mode="full"):
    if mode not in ("full", "same", "valid") or len(w) > len(x):
        raise ValueError("impossible arguments")
    return np.convolve(x[::-1], w[::-1], mode)


@convolve1d.misconception("The mode is not looked at.", "examples modes care refusals")
def convolve_always_full(x, w, mode="full"):
    if len(w) > len(x):
        raise ValueError("impossible arguments")
    return np.convolve(x, w)


@convolve1d.misconception('An unknown mode is taken for "full"; it should be refused.', "refusals")
def convolve_any_mode(x, w, mode="full"):
    if len(w) > len(x):
        raise ValueError("impossible arguments")
    return np.convolve(x, w, mode if mode in ("same", "valid") else "full")


@convolve1d.misconception(
    '"same" starts one value too late for even kernels: it begins at (k − 1) // 2 of the full result, not at k // 2.',
    "modes care",
)
def convolve_same_late(x, w, mode="full"):
    if mode not in ("full", "same", "valid") or len(w) > len(x):
        raise ValueError("impossible arguments")
    full = np.convolve(x, w)
    return full[len(w) // 2 :][: len(x)] if mode == "same" else np.convolve(x, w, mode)


@convolve1d.misconception(
    '"same" keeps the first len(x) values; it should keep the middle ones.', "examples modes care"
)
def convolve_same_from_start(x, w, mode="full"):
    if mode not in ("full", "same", "valid") or len(w) > len(x):
        raise ValueError("impossible arguments")
    return np.convolve(x, w)[: len(x)] if mode == "same" else np.convolve(x, w, mode)


@convolve1d.misconception(
    "A kernel longer than the signal is let through; the statement asks for a ValueError.", "refusals"
)
def convolve_long_kernel(x, w, mode="full"):
    if mode not in ("full", "same", "valid"):
        raise ValueError("unknown mode")
    return np.convolve(x, w, mode)


@convolve1d.misconception("The kernel is flipped in place, so the caller's array is changed.", "care")
def convolve_in_place(x, w, mode="full"):
    if mode not in ("full", "same", "valid") or len(w) > len(x):
        raise ValueError("impossible arguments")
    result = np.convolve(x, w, mode)
    w[:] = w[::-1].copy()
    return result
