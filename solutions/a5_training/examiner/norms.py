"""Local response normalisation: the oracle is torch's, with its α multiplied by the size of the window."""

import numpy as np
import torch
import torch.nn.functional as F
from hypothesis import strategies as st
from torch import nn

from course_utils.checks import call, failure
from course_utils.grading.bridge import kept
from course_utils.grading.exercise import Call, Facet, expected_of

from .inputs import few, seeds
from .world import Work, normal, plain, refuses, seeded, tool


def _normalised(x, size=5, alpha=1e-4, beta=0.75, k=2.0):
    x = plain(x)
    if not x.is_floating_point() or size % 2 == 0:
        raise ValueError("no such call should be asked")
    x.requires_grad_(True)
    y = F.local_response_norm(x, size, alpha * size, beta, k)
    y.backward(torch.randn(y.shape, generator=seeded(3), dtype=y.dtype))
    return [y.detach().numpy(), x.grad.numpy()]


def _array(value):
    """Return a tensor as an array, and anything else as it is."""
    return value.detach().numpy() if isinstance(value, torch.Tensor) else value


def values(exercise, function, asked):
    """Judge the tensor that comes back."""
    outcome = call(lambda: _array(call_through(function, asked)))
    return outcome, failure(outcome, expected_of(exercise, asked)[0])


def call_through(function, asked):
    """Call with plain copies of the tensors."""
    return function(*(plain(each) if isinstance(each, torch.Tensor) else each for each in asked.args), **asked.kwargs)


def gradient(exercise, function, asked):
    """Judge the gradient that autograd finds for x."""
    x, *rest = asked.args

    def ask():
        leaf = kept(tool(function, "torch").clone)(plain(x))
        leaf.requires_grad_(True)
        y = kept(function)(leaf, *rest, **asked.kwargs)
        y.backward(torch.randn(tuple(x.shape), generator=seeded(3), dtype=x.dtype))
        return [_array(leaf.grad)]

    outcome = call(ask)
    if "does not require grad" in outcome.message:
        return outcome, "the result does not know how it came from x: no gradient can flow back through it."
    return outcome, failure(outcome, expected_of(exercise, asked)[1:])


def care(exercise, function, asked):
    """Judge whether x is as it was, and the result has its dtype."""
    x = plain(asked.args[0])

    def ask():
        y = function(x, *asked.args[1:], **asked.kwargs)
        return [str(y.dtype), "x as it was" if torch.equal(x, plain(asked.args[0])) else "x changed"]

    outcome = call(ask)
    return outcome, failure(outcome, [str(x.dtype), "x as it was"])


def double(asked):
    """Return the same call with float64."""
    x = asked.args[0]
    wide = plain(x).double().as_subclass(type(x))
    wide.words = f"{x!r}.double()"
    return Call((wide, *asked.args[1:]), asked.kwargs)


def _call(seed, shape, **options):
    return Call((normal(seed, *shape),), options)


@st.composite
def _calls(draw):
    shape = draw(few), draw(st.integers(1, 8)), draw(few), draw(few)
    sizes = {"size": draw(st.sampled_from([1, 3, 5, 7, 9])), "alpha": draw(st.sampled_from([0.1, 0.5, 2.0]))}
    rest = {"beta": draw(st.sampled_from([0.5, 0.75, 1.0, 1.5])), "k": draw(st.sampled_from([0.5, 1.0, 2.0]))}
    return _call(draw(seeds), shape, **sizes, **rest)


DEEP = _call(1, (2, 7, 3, 2), size=3, alpha=0.5)
CALLS = (
    DEEP, _call(2, (1, 6, 2, 3), size=5, alpha=1.0, beta=0.5, k=1.0), _call(3, (3, 4, 1, 2), size=9, alpha=0.2),
    _call(4, (2, 3, 4, 2), size=1, alpha=2.0), _call(5, (1, 1, 2, 3), size=5, alpha=1.0),
    Call((normal(6, 1, 9, 2, 1, times=30),)),
)  # fmt: skip
X = DEEP.args[0]

local_response_norm = Work(
    "local_response_norm",
    _normalised,
    "lecture 10, section 10.3",
    {
        "values": Facet(values, CALLS, _calls(), 20),
        "gradient": Facet(gradient, CALLS[:3], _calls(), 6),
        "care": Facet(care, (DEEP, double(DEEP), CALLS[1])),
        "refusals": Facet(refuses, (
            Call((X, 4), note="size is 4: an even window has no middle channel"),
            Call((X,), {"size": 2}, note="size is 2: an even window has no middle channel"),
            Call((X, 0), note="a window of no channels is none"),
            Call((X, -3), note="size is −3"),
        )),
    },
)  # fmt: skip


@local_response_norm.alternative
def lrn_by_loops(x, size=5, alpha=1e-4, beta=0.75, k=2.0):
    if size <= 0 or size % 2 != 1:
        raise ValueError(f"size is {size}; an odd number is wanted")
    reach, channels = size // 2, x.shape[1]
    maps = []
    for c in range(channels):
        near = x[:, max(c - reach, 0) : c + reach + 1]
        maps.append(x[:, c] / (k + alpha * (near**2).sum(dim=1)) ** beta)
    return torch.stack(maps, dim=1)


@local_response_norm.alternative
def lrn_by_a_matrix(x, size=5, alpha=1e-4, beta=0.75, k=2.0):
    if size < 1 or not size & 1:
        raise ValueError("size must be odd")
    place = torch.arange(x.shape[1])
    near = ((place[:, None] - place).abs() <= size // 2).to(x.dtype)
    power = torch.einsum("cd,ndhw->nchw", near, x * x)
    return x * (k + alpha * power).pow(-beta)


@local_response_norm.alternative
def lrn_by_torch(x, size=5, alpha=1e-4, beta=0.75, k=2.0):
    if size not in range(1, size + 1, 2):
        raise ValueError("size must be odd and at least 1")
    return nn.LocalResponseNorm(size, alpha=alpha * size, beta=beta, k=k)(x)


@local_response_norm.alternative
def lrn_by_running_sums(x, size=5, alpha=1e-4, beta=0.75, k=2.0):
    if size < 1 or size % 2 == 0:
        raise ValueError("size must be odd and at least 1")
    reach, n = size // 2, x.shape[1]
    sums = F.pad(x.double() ** 2, (0, 0, 0, 0, 1, 0)).cumsum(dim=1)
    above = torch.arange(n).add(reach + 1).clamp(max=n)
    below = torch.arange(n).sub(reach).clamp(min=0)
    return (x / (k + alpha * (sums[:, above] - sums[:, below])) ** beta).to(x.dtype)


@local_response_norm.misconception(
    "α is divided by the size of the window, as torch.nn.LocalResponseNorm does; the paper does not divide it.",
    "examples values gradient",
)
def lrn_with_torchs_alpha(x, size=5, alpha=1e-4, beta=0.75, k=2.0):
    if size < 1 or size % 2 == 0:
        raise ValueError("size must be odd and at least 1")
    return F.local_response_norm(x, size, alpha, beta, k)


@local_response_norm.misconception(
    "The window reaches `size` channels to either side; it holds `size` channels, so it reaches size // 2.",
    "examples values gradient",
)
def lrn_twice_as_wide(x, size=5, alpha=1e-4, beta=0.75, k=2.0):
    if size < 1 or size % 2 == 0:
        raise ValueError("size must be odd and at least 1")
    maps = [(x[:, max(c - size, 0) : c + size + 1] ** 2).sum(1) for c in range(x.shape[1])]
    return x / (k + alpha * torch.stack(maps, 1)) ** beta


@local_response_norm.misconception(
    "The sum runs over neighbouring pixels of the same map; here it runs over neighbouring channels at the same pixel.",
    "examples values gradient",
)
def lrn_within_a_map(x, size=5, alpha=1e-4, beta=0.75, k=2.0):
    if size < 1 or size % 2 == 0:
        raise ValueError("size must be odd and at least 1")
    power = F.avg_pool2d(x**2, size, 1, size // 2, divisor_override=1)
    return x / (k + alpha * power) ** beta


@local_response_norm.misconception(
    "Beyond the last channel the window goes on with the first; there are no channels there, and nothing is added.",
    "examples values gradient",
)
def lrn_wrapped(x, size=5, alpha=1e-4, beta=0.75, k=2.0):
    if size < 1 or size % 2 == 0:
        raise ValueError("size must be odd and at least 1")
    power = sum(torch.roll(x**2, step, dims=1) for step in range(-(size // 2), size // 2 + 1))
    return x / (k + alpha * power) ** beta


@local_response_norm.misconception(
    "The window ends at the channel itself; it reaches size // 2 channels before and behind it.",
    "examples values gradient",
)
def lrn_one_sided(x, size=5, alpha=1e-4, beta=0.75, k=2.0):
    if size < 1 or size % 2 == 0:
        raise ValueError("size must be odd and at least 1")
    maps = [(x[:, max(c - size + 1, 0) : c + 1] ** 2).sum(1) for c in range(x.shape[1])]
    return x / (k + alpha * torch.stack(maps, 1)) ** beta


@local_response_norm.misconception(
    "k stands outside the power; the whole bracket (k + α Σ a²) is raised to β.", "examples values gradient"
)
def lrn_with_k_outside(x, size=5, alpha=1e-4, beta=0.75, k=2.0):
    if size < 1 or size % 2 == 0:
        raise ValueError("size must be odd and at least 1")
    reach = size // 2
    maps = [(x[:, max(c - reach, 0) : c + reach + 1] ** 2).sum(1) for c in range(x.shape[1])]
    return x / (k + (alpha * torch.stack(maps, 1)) ** beta)


@local_response_norm.misconception("The activities are summed without being squared.", "examples values gradient")
def lrn_of_magnitudes(x, size=5, alpha=1e-4, beta=0.75, k=2.0):
    if size < 1 or size % 2 == 0:
        raise ValueError("size must be odd and at least 1")
    reach = size // 2
    maps = [x[:, max(c - reach, 0) : c + reach + 1].abs().sum(1) for c in range(x.shape[1])]
    return x / (k + alpha * torch.stack(maps, 1)) ** beta


@local_response_norm.misconception(
    "The numbers leave torch on the way (NumPy, detach, no_grad), so no gradient flows back to x.", "examples gradient"
)
def lrn_through_numpy(x, size=5, alpha=1e-4, beta=0.75, k=2.0):
    if size < 1 or size % 2 == 0:
        raise ValueError("size must be odd and at least 1")
    reach, a = size // 2, x.detach().numpy()
    power = [(a[:, max(c - reach, 0) : c + reach + 1] ** 2).sum(1) for c in range(a.shape[1])]
    return torch.from_numpy((a / (k + alpha * np.stack(power, 1)) ** beta).astype(a.dtype))


@local_response_norm.misconception(
    "The denominator is computed without gradients, as if it were a constant; it depends on x as well.", "gradient"
)
def lrn_with_a_constant_denominator(x, size=5, alpha=1e-4, beta=0.75, k=2.0):
    if size < 1 or size % 2 == 0:
        raise ValueError("size must be odd and at least 1")
    reach, a = size // 2, x.detach()
    maps = [(a[:, max(c - reach, 0) : c + reach + 1] ** 2).sum(1) for c in range(x.shape[1])]
    return x / (k + alpha * torch.stack(maps, 1)) ** beta


@local_response_norm.misconception("The caller's x is squared in place.", "care")
def lrn_in_place(x, size=5, alpha=1e-4, beta=0.75, k=2.0):
    if size < 1 or size % 2 == 0:
        raise ValueError("size must be odd and at least 1")
    if x.requires_grad:
        return F.local_response_norm(x, size, alpha * size, beta, k)
    y = F.local_response_norm(x, size, alpha * size, beta, k)
    x *= x
    return y


@local_response_norm.misconception(
    "An even or empty window is let through; the statement asks for a ValueError.", "examples refusals"
)
def lrn_unchecked(x, size=5, alpha=1e-4, beta=0.75, k=2.0):
    reach = abs(size) // 2
    maps = [(x[:, max(c - reach, 0) : c + reach + 1] ** 2).sum(1) for c in range(x.shape[1])]
    return x / (k + alpha * torch.stack(maps, 1)) ** beta
