"""The convolutional layer's backward pass: the oracle is torch's autograd. Its wrong answers are in layers_wrong."""

import numpy as np
import torch
import torch.nn.functional as F
from hypothesis import strategies as st

from course_utils.checks import difference
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


def _backward(dout, x, w, stride=1, padding=0):
    x, w = (torch.tensor(np.array(each), requires_grad=True) for each in (x, w))
    b = torch.zeros(len(w), dtype=w.dtype, requires_grad=True)
    F.conv2d(x, w, b, stride, padding).backward(torch.tensor(np.array(dout)))
    return x.grad.numpy(), w.grad.numpy(), b.grad.numpy()


def layer(seed, shape, kernel, stride=1, padding=0):
    """Return a call for a layer on x of `shape` (N, C, H, W), with `kernel` (F, kernel height, kernel width)."""
    rng = generator(seed)
    x, w = whole(rng, *shape), whole(rng, kernel[0], shape[1], *kernel[1:])
    sizes = zip(shape[2:], kernel[1:], pair(stride), pair(padding), strict=True)
    dout = whole(rng, shape[0], kernel[0], *((n + 2 * p - k) // s + 1 for n, k, s, p in sizes))
    options = {"stride": stride, "padding": padding}
    return Call((dout, x, w), {name: value for name, value in options.items() if value != (name == "stride")})


def linear_and_adjoint(exercise, function, asked):
    """Judge a backward pass by itself: linear in dout, and <backward(dout), v> = <dout, forward(v)> for every v."""
    outcome = call_copy(function, asked)
    (dout, x, w), options = asked.args, asked.kwargs
    fault = shape_fault(outcome, (x, w, dout[0, :, 0, 0]))
    if fault:
        return outcome, fault
    doubled = call_copy(function, Call((-2 * dout, x, w), options))
    if doubled.error or difference(doubled.value, tuple(-2 * each for each in outcome.value)):
        return outcome, "it is not linear in dout: −2 times dout does not give −2 times the three gradients."
    forward = {
        "dx": lambda v: F.conv2d(v, torch.tensor(w), None, **options),
        "dw": lambda v: F.conv2d(torch.tensor(x), v, None, **options),
        "db": lambda v: v[:, None, None] * torch.ones(dout.shape, dtype=v.dtype),
    }
    rng = generator(dout.size, x.size)
    for got, (name, layer_of) in zip(outcome.value, forward.items(), strict=True):
        for _ in range(3):
            v = whole(rng, *got.shape)
            back, ahead = float((got * v).sum()), float((dout * layer_of(torch.tensor(v)).numpy()).sum())
            if differ(back, ahead):
                told = f"⟨{name}, v⟩ is {back:g} and ⟨dout, forward(v)⟩ {ahead:g}"
                return outcome, f"{told}, for a v of whole numbers: they must be equal for every v."
    return outcome, None


@st.composite
def _layers(draw, strides, paddings):
    kernel, stride, padding = (draw_pair(draw, each) for each in (few, strides, paddings))
    shape = draw(st.integers(1, 2)), draw(st.integers(1, 2))
    for k, s, p in zip(kernel, stride, padding, strict=True):
        shape += (max(1, k - 2 * p + s * draw(st.integers(0, 2)) + draw(st.integers(0, s - 1))),)
    return layer(draw(seeds), shape, (draw(few), *kernel), shortened(stride), shortened(padding))


PLAIN, BY_ONE = layer(1, (2, 3, 4, 6), (4, 2, 3)), layer(2, (2, 3, 2, 4), (4, 1, 1))
REST, WIDE = layer(3, (2, 1, 6, 9), (2, 3, 2), 2), layer(4, (2, 2, 4, 3), (3, 2, 3), (2, 1), (1, 2))
FITTING = layer(5, (1, 2, 3, 4), (2, 2, 2))
NO_DOUT = "dout has shape {}, and the layer's output is (1, 2, 2, 3)"


def _refused(dout, channels=2):
    rng = generator(6)
    return whole(rng, *dout), FITTING.args[1], whole(rng, 2, channels, 2, 2)


conv2d_backward = Exercise(
    "conv2d_backward",
    _backward,
    "lecture 07, on the gradients of a convolution",
    {
        "values": Facet(same_values, (PLAIN, BY_ONE, layer(7, (3, 2, 5, 3), (1, 3, 3)), layer(8, (1, 1, 4, 2), (3, 2, 2))),
                        _layers(st.just(1), st.just(0)), 25),
        "options": Facet(same_values, (
            REST, WIDE, layer(9, (2, 3, 4, 5), (2, 3, 3), padding=1), layer(10, (2, 2, 7, 5), (3, 2, 3), stride=(3, 2)),
            layer(11, (2, 2, 3, 5), (3, 3, 2), padding=(2, 0)), layer(12, (2, 2, 5, 8), (3, 1, 1), stride=2),
            layer(13, (1, 2, 5, 4), (2, 2, 1), stride=(2, 3), padding=(0, 1)), layer(14, (2, 1, 2, 3), (2, 2, 3), padding=3),
        ), _layers(few, st.integers(0, 2)), 30),
        "adjoint": Facet(linear_and_adjoint, (PLAIN, WIDE, REST), _layers(few, st.integers(0, 2)), 20),
        "care": Facet(untouched, (PLAIN, REST, WIDE, *single(WIDE))),
        "dtype": Facet(same_dtype, (*single(PLAIN, WIDE), REST)),
        "refusals": Facet(same_refusals, (
            *spoilt(FITTING, stride=1, padding=0),
            Call(_refused((1, 2, 3, 3)), note=NO_DOUT.format("(1, 2, 3, 3)")),
            Call(_refused((1, 2, 2, 2)), note=NO_DOUT.format("(1, 2, 2, 2)")),
            Call(_refused((1, 3, 2, 3)), note=NO_DOUT.format("(1, 3, 2, 3)")),
            Call(_refused((1, 2, 3, 2)), note=NO_DOUT.format("(1, 2, 3, 2)")),
            Call(_refused((2, 1, 2, 3)), note=NO_DOUT.format("(2, 1, 2, 3)")),
            Call(_refused((2, 2, 2, 3)), note=NO_DOUT.format("(2, 2, 2, 3)")),
            Call(_refused((1, 2, 2, 3), 1), note="w reaches through one channel and x has two"),
            Call(_refused((1, 2, 2, 3), 3), note="w reaches through three channels and x has two"),
            Call((np.ones((1, 1, 1, 1)), np.ones((1, 1, 2, 3)), np.ones((1, 1, 3, 3))), note="no window fits into x"),
        )),
    },
)  # fmt: skip


@conv2d_backward.alternative
def backward_window_by_window(dout, x, w, stride=1, padding=0):
    (sh, sw), (ph, pw), (kh, kw) = pair(stride), pair(padding), w.shape[2:]
    if min(sh, sw) < 1 or min(ph, pw) < 0 or w.shape[1] != x.shape[1]:
        raise ValueError("stride, padding or channels do not fit")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    sizes = (padded.shape[2] - kh) // sh + 1, (padded.shape[3] - kw) // sw + 1
    if dout.shape != (len(x), len(w), *sizes):
        raise ValueError(f"dout has shape {dout.shape}")
    dpadded, dw = np.zeros_like(padded), np.zeros_like(w)
    for n, f, i, j in np.ndindex(dout.shape):
        window = (n, slice(None), slice(i * sh, i * sh + kh), slice(j * sw, j * sw + kw))
        dw[f] += dout[n, f, i, j] * padded[window]
        dpadded[window] += dout[n, f, i, j] * w[f]
    return dpadded[:, :, ph : ph + x.shape[2], pw : pw + x.shape[3]], dw, dout.sum(axis=(0, 2, 3))


@conv2d_backward.alternative
def backward_tap_by_tap(dout, x, w, stride=1, padding=0):
    (sh, sw), (ph, pw), (n, c, h, wide) = pair(stride), pair(padding), x.shape
    f, channels, kh, kw = w.shape
    if min(sh, sw) < 1 or min(ph, pw) < 0:
        raise ValueError("the stride must be 1 or more, the padding 0 or more")
    oh, ow = (h + 2 * ph - kh) // sh + 1, (wide + 2 * pw - kw) // sw + 1
    if channels != c or dout.shape != (n, f, oh, ow):
        raise ValueError("w or dout has the wrong shape")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    dpadded, dw = np.zeros_like(padded), np.empty_like(w)
    for p, q in np.ndindex(kh, kw):
        met = (..., slice(p, p + sh * oh, sh), slice(q, q + sw * ow, sw))
        dw[:, :, p, q] = np.einsum("nfij,ncij->fc", dout, padded[met])
        dpadded[met] += np.einsum("nfij,fc->ncij", dout, w[:, :, p, q])
    return dpadded[:, :, ph : ph + h, pw : pw + wide], dw, np.einsum("nfij->f", dout)


@conv2d_backward.alternative
def backward_by_full_convolution(dout, x, w, stride=1, padding=0):
    (sh, sw), (ph, pw), (kh, kw) = pair(stride), pair(padding), w.shape[2:]
    size = [0, 0]
    for axis, (s, p, k) in enumerate(((sh, ph, kh), (sw, pw, kw))):
        if s < 1 or p < 0:
            raise ValueError(f"no stride of {s} with a padding of {p}")
        size[axis] = len(range(0, x.shape[2 + axis] + 2 * p - k + 1, s))
    if list(dout.shape) != [len(x), len(w), *size] or w.shape[1] != x.shape[1]:
        raise ValueError("the shapes do not fit together")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    spread = np.zeros((len(x), len(w), padded.shape[2] + kh - 1, padded.shape[3] + kw - 1), x.dtype)
    middle = spread[:, :, kh - 1 :, kw - 1 :]
    middle[:, :, : size[0] * sh : sh, : size[1] * sw : sw] = dout
    look = np.lib.stride_tricks.sliding_window_view
    dx = np.einsum("nfijpq,fcpq->ncij", look(spread, (kh, kw), (2, 3)), w[:, :, ::-1, ::-1])
    met = look(padded, (kh, kw), (2, 3))[:, :, ::sh, ::sw]
    dw = np.einsum("nfij,ncijpq->fcpq", dout, met)
    return dx[:, :, ph : ph + x.shape[2], pw : pw + x.shape[3]], dw, dout.sum((0, 2, 3))


@conv2d_backward.alternative
def backward_by_columns(dout, x, w, stride=1, padding=0):
    (sh, sw), (ph, pw), (n, c, h, wide) = pair(stride), pair(padding), x.shape
    f, channels, kh, kw = w.shape
    if sh < 1 or sw < 1 or ph < 0 or pw < 0 or channels != c:
        raise ValueError("impossible arguments")
    rows = np.arange(0, h + 2 * ph - kh + 1, sh)[:, None] + np.arange(kh)
    columns = np.arange(0, wide + 2 * pw - kw + 1, sw)[:, None] + np.arange(kw)
    if dout.shape != (n, f, len(rows), len(columns)):
        raise ValueError(f"{dout.shape} is not the shape of the output")
    place = (slice(None), slice(None), rows[:, None, :, None], columns[None, :, None, :])
    met = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    seen = met[place].transpose(0, 2, 3, 1, 4, 5).reshape(dout.size // f, c * kh * kw)
    flat = dout.transpose(1, 0, 2, 3).reshape(f, dout.size // f)
    back = (flat.T @ w.reshape(f, c * kh * kw)).reshape(n, len(rows), len(columns), c, kh, kw)
    dpadded = np.zeros_like(met)
    np.add.at(dpadded, place, back.transpose(0, 3, 1, 2, 4, 5))
    return dpadded[:, :, ph : h + ph, pw : wide + pw], (flat @ seen).reshape(w.shape), flat.sum(axis=1)
