"""Transposed convolution: the oracle is torch's. Its wrong answers are in transposed_wrong."""

import numpy as np
import torch
import torch.nn.functional as F
from hypothesis import strategies as st

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

from .inputs import differ, draw_pair, few, generator, pair, seeds, shape_fault, shortened, single, spoilt, whole


def _transposed(x, w, stride=1, padding=0, output_padding=0):
    x, w = (torch.tensor(np.array(each)) for each in (x, w))
    return F.conv_transpose2d(x, w, None, stride, padding, output_padding).numpy()


def _stamps(seed, shape, kernel, **options):
    """Return a call on x of `shape` (N, C, H, W), with `kernel` (F, kernel height, kernel width)."""
    rng = generator(seed)
    return Call((whole(rng, *shape), whole(rng, shape[1], *kernel)), options)


def _adjoint(exercise, function, asked):
    """Judge by <transposed(x), v> = <x, forward(v)> for every v, where forward is the convolution with the same w."""
    outcome = call_copy(function, asked)
    (x, w), options = asked.args, asked.kwargs
    forward = {name: value for name, value in options.items() if name != "output_padding"}
    sizes = zip(*(pair(options.get(name, 0)) for name in ("padding", "output_padding")), strict=True)
    sides = zip(x.shape[2:], w.shape[2:], pair(options.get("stride", 1)), sizes, strict=True)
    stand_in = np.zeros((len(x), w.shape[1], *((n - 1) * s + k - 2 * p + more for n, k, s, (p, more) in sides)))
    fault = shape_fault(outcome, stand_in)
    if fault:
        return outcome, fault
    rng = generator(x.size, w.size)
    for _ in range(4):
        v = whole(rng, *stand_in.shape)
        ahead = (F.conv2d(torch.tensor(v), torch.tensor(w), None, **forward).numpy() * x).sum()
        back = (v * outcome.value).sum()
        if differ(back, ahead):
            told = f"⟨result, v⟩ is {back:g} and ⟨x, conv2d(v, w)⟩ {ahead:g}, for a v of whole numbers"
            return outcome, f"{told}: they must be equal for every v, or the matrix is not the transposed one."
    return outcome, None


@st.composite
def _drawn(draw, strides, paddings):
    kernel, stride, padding = (draw_pair(draw, each) for each in (few, strides, paddings))
    more = tuple(draw(st.integers(0, s - 1)) for s in stride)
    shape = draw(st.integers(1, 2)), draw(st.integers(1, 2))
    for k, s, p in zip(kernel, stride, padding, strict=True):
        shape += (max(draw(st.integers(1, 3)), -(-(2 * p - k + 1) // s) + 1),)
    options = {"stride": shortened(stride), "padding": shortened(padding), "output_padding": shortened(more)}
    usual = {"stride": 1, "padding": 0, "output_padding": 0}
    kept = {name: value for name, value in options.items() if value != usual[name]}
    return _stamps(draw(seeds), shape, (draw(few), *kernel), **kept)


PLAIN, STRIDED = _stamps(1, (2, 3, 2, 4), (2, 2, 3)), _stamps(2, (2, 2, 2, 3), (3, 3, 2), stride=2)
CROPPED = _stamps(3, (2, 2, 3, 2), (3, 3, 3), stride=(2, 3), padding=(1, 0), output_padding=(1, 2))
BOTH = _stamps(4, (1, 2, 2, 3), (1, 3, 4), stride=(3, 2), padding=(1, 2), output_padding=(2, 1))
FITTING, TINY = _stamps(5, (1, 2, 3, 4), (3, 2, 2), stride=2), _stamps(6, (1, 2, 1, 3), (2, 2, 3))
THIN = _stamps(15, (1, 2, 3, 1), (2, 3, 2))
MORE = "output_padding is {} and the stride {}: it must be smaller, on both axes"

conv_transpose2d = Exercise(
    "conv_transpose2d",
    _transposed,
    "lecture 07, on transposed convolution",
    {
        "values": Facet(same_values, (PLAIN, _stamps(7, (3, 2, 4, 2), (1, 1, 1)), _stamps(8, (1, 1, 3, 2), (2, 3, 1))),
                        _drawn(st.just(1), st.just(0)), 25),
        "options": Facet(same_values, (
            STRIDED, CROPPED, BOTH, _stamps(9, (2, 3, 3, 4), (2, 3, 3), padding=1), _stamps(10, (2, 2, 2, 3), (3, 1, 2), stride=3),
            _stamps(11, (1, 2, 3, 2), (2, 2, 2), stride=2, output_padding=1), _stamps(12, (2, 2, 4, 5), (3, 3, 2), padding=(2, 1)),
            _stamps(13, (2, 1, 2, 3), (2, 2, 3), stride=(1, 2), output_padding=(0, 1)),
            _stamps(14, (1, 2, 5, 4), (2, 2, 2), stride=2, padding=4, output_padding=1),
        ), _drawn(few, st.integers(0, 2)), 30),
        "adjoint": Facet(_adjoint, (PLAIN, STRIDED, CROPPED), _drawn(few, st.integers(0, 2)), 20),
        "care": Facet(untouched, (PLAIN, CROPPED, *single(STRIDED))),
        "dtype": Facet(same_dtype, (*single(PLAIN, CROPPED), STRIDED)),
        "refusals": Facet(same_refusals, (
            *spoilt(Call(FITTING.args), stride=1), *spoilt(FITTING, padding=0, output_padding=0),
            Call(FITTING.args, {"output_padding": 1}, MORE.format(1, 1)),
            Call(FITTING.args, {"stride": 2, "output_padding": 2}, MORE.format(2, 2)),
            Call(FITTING.args, {"stride": (3, 2), "output_padding": 2}, MORE.format(2, "(3, 2)")),
            Call(FITTING.args, {"stride": (2, 3), "output_padding": (2, 1)}, MORE.format("(2, 1)", "(2, 3)")),
            Call((FITTING.args[0], FITTING.args[1][:1]), {"stride": 2}, "w starts from one channel and x has two"),
            Call((FITTING.args[0], np.ones((3, 2, 2, 2))), {"stride": 2}, "w starts from three channels and x has two"),
            Call(TINY.args, {"padding": 1}, "nothing is left: the output's height would be 0"),
            Call(TINY.args, {"padding": (0, 3)}, "nothing is left: the output's width would be −1"),
            Call(THIN.args, {"padding": (0, 1)}, "nothing is left: the output's width would be 0"),
            Call(TINY.args, {"stride": 2, "output_padding": (-1, 0)}, "output_padding is (−1, 0) and must be 0 or more"),
            Call(THIN.args, {"stride": 2, "output_padding": (0, -1)}, "output_padding is (0, −1) and must be 0 or more"),
        )),
    },
)  # fmt: skip


@conv_transpose2d.alternative
def transposed_by_matmul(x, w, stride=1, padding=0, output_padding=0):
    (sh, sw), (ph, pw), (mh, mw) = pair(stride), pair(padding), pair(output_padding)
    (n, c, h, wide), (wc, f, kh, kw) = x.shape, w.shape
    if min(ph, pw, mh, mw) < 0 or mh >= sh or mw >= sw or wc != c:
        raise ValueError("stride, padding, output_padding or channels do not fit")
    oh, ow = (h - 1) * sh - 2 * ph + kh + mh, (wide - 1) * sw - 2 * pw + kw + mw
    if oh < 1 or ow < 1:
        raise ValueError("nothing is left of the output")
    full = np.zeros((n, f, oh + 2 * ph, ow + 2 * pw), x.dtype)
    for p, q in np.ndindex(kh, kw):
        full[:, :, p : p + h * sh : sh, q : q + wide * sw : sw] += np.einsum("nchw,cf->nfhw", x, w[:, :, p, q])
    return full[:, :, ph : ph + oh, pw : pw + ow]


@conv_transpose2d.alternative
def transposed_by_spreading(x, w, stride=1, padding=0, output_padding=0):
    steps, pads, mores = pair(stride), pair(padding), pair(output_padding)
    size, taps = x.shape[:2], w.shape[2:]
    for n, k, s, p, more in zip(x.shape[2:], taps, steps, pads, mores):
        size += ((n - 1) * s + k - 2 * p + more,)
        if p < 0 or not 0 <= more < s or size[-1] < 1:
            raise ValueError(f"stride {s}, padding {p} and output_padding {more} do not go together")
    if len(w) != x.shape[1]:
        raise ValueError("w does not start from the channels of x")
    spread = np.zeros((*size[:2], size[2] + 2 * pads[0] + taps[0] - 1, size[3] + 2 * pads[1] + taps[1] - 1), x.dtype)
    inner = spread[:, :, taps[0] - 1 : 1 - taps[0] or None, taps[1] - 1 : 1 - taps[1] or None]
    inner[:, :, :: steps[0], :: steps[1]][:, :, : x.shape[2], : x.shape[3]] = x
    seen = np.lib.stride_tricks.sliding_window_view(spread, taps, (2, 3))
    made = np.einsum("nchwpq,cfpq->nfhw", seen, w[:, :, ::-1, ::-1])
    return made[:, :, pads[0] : pads[0] + size[2], pads[1] : pads[1] + size[3]]


@conv_transpose2d.alternative
def transposed_by_fourier(x, w, stride=1, padding=0, output_padding=0):
    (sh, sw), (ph, pw), (mh, mw) = pair(stride), pair(padding), pair(output_padding)
    if ph < 0 or pw < 0 or not 0 <= mh < sh or not 0 <= mw < sw:
        raise ValueError("padding must be 0 or more, output_padding from 0 to stride - 1")
    if w.shape[0] != x.shape[1]:
        raise ValueError("the channels of x and w differ")
    spread = np.zeros((*x.shape[:2], x.shape[2] * sh, x.shape[3] * sw))
    spread[:, :, ::sh, ::sw] = x
    oh = (x.shape[2] - 1) * sh - 2 * ph + w.shape[2] + mh
    ow = (x.shape[3] - 1) * sw - 2 * pw + w.shape[3] + mw
    if oh < 1 or ow < 1:
        raise ValueError("no output is left")
    size = spread.shape[2] + w.shape[2], spread.shape[3] + w.shape[3]
    waves = np.einsum("nchw,cfhw->nfhw", np.fft.rfft2(spread, size), np.fft.rfft2(w, size))
    made = np.fft.irfft2(waves, size)
    return made[:, :, ph : ph + oh, pw : pw + ow].astype(x.dtype)
