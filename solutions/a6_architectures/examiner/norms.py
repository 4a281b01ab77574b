"""Normalisation over any axes; the oracles are torch's batch, instance, group and layer norms."""

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F

from course_utils.checks import call, failure
from course_utils.grading.exercise import Call, Facet, expected_of

from .judging import MadeExercise, Pieces, chosen, refuses
from .tools import drawn


@dataclass(frozen=True)
class Drawn:
    """A tensor that a call is made on, shown by the code that makes it."""

    seed: int
    shape: tuple[int, ...]
    single: bool = False
    lifted: float = 0.0

    def __repr__(self):
        text = f"drawn({self.seed}, {', '.join(map(str, self.shape))})"
        text += f" + {self.lifted:g}" if self.lifted else ""
        return f"({text}).float()" if self.single else text

    def made(self, _function=None):
        """Return it."""
        found = drawn(self.seed, *self.shape) + self.lifted
        return found.float() if self.single else found


def _by_torch(x, axes, eps=1e-5):
    x = x.made()
    places = sorted(axis % x.ndim for axis in axes)
    if x.ndim == 4 and places == [0, 2, 3]:
        return F.batch_norm(x, None, None, training=True, eps=eps).numpy()
    if x.ndim == 4 and places == [2, 3] and x.shape[2] * x.shape[3] > 1:
        return F.instance_norm(x, eps=eps).numpy()
    if x.ndim == 5 and places == [2, 3, 4]:
        return F.group_norm(x.flatten(1, 2), x.shape[1], eps=eps).reshape(x.shape).numpy()
    last = list(range(-len(places), 0))
    moved = x.movedim(places, last)
    return F.layer_norm(moved, moved.shape[-len(places) :], eps=eps).movedim(last, places).numpy()


def _on(function, asked, x):
    """Return what a call comes to with x for the first argument, a tensor as an array; and a fault of its type."""
    outcome = call(function, (x, *asked.args[1:]), asked.kwargs)
    if outcome.error or not torch.is_tensor(outcome.value):
        wrong = f"a tensor was wanted, and this is of type {type(outcome.value).__name__}."
        return outcome, None if outcome.error else wrong, False
    return replace(outcome, value=outcome.value.detach().numpy()), None, outcome.value.requires_grad


def same_tensor(exercise, function, asked):
    """Judge a call by the oracle's value."""
    outcome, fault, _ = _on(function, asked, asked.args[0].made())
    return outcome, fault or failure(outcome, expected_of(exercise, asked))


def takes_care(exercise, function, asked):
    """Judge a call by the oracle's value and dtype, by whether x stays, and by whether a gradient could flow."""
    x, expected = asked.args[0].made(), expected_of(exercise, asked)
    kept = x.clone()
    outcome, fault, _ = _on(function, asked, x)
    fault = fault or failure(outcome, expected)
    if fault:
        return outcome, fault
    other = torch.empty(*kept.shape, 2, dtype=kept.dtype)[..., 0].copy_(kept)  # every second number of a larger one
    again, fault, flows = _on(function, asked, other.requires_grad_())
    fault = fault or failure(again, expected)
    stays, dtype = torch.equal(x, kept), str(outcome.value.dtype)
    if dtype != str(expected.dtype):
        fault = f"the dtype is {dtype}; x has {expected.dtype}."
    elif not stays:
        fault = "the call changed x; the caller still needs it."
    elif fault is None and not flows:
        fault = "the result does not require a gradient although x does: it was cut off from x."
    pieces = [("output", outcome.value), ("dtype", dtype), ("x stays", stays), ("gradients flow", flows)]
    return replace(outcome, value=Pieces(pieces)), fault


def _norms(choose):
    shape = tuple(choose.upto(1, 4) for _ in range(choose.upto(1, 5)))
    places = [int(place) for place in choose.rng.permutation(len(shape))[: choose.upto(1, len(shape))]]
    axes = tuple(place - len(shape) * choose.upto(0, 1) for place in places)
    x = Drawn(choose.number % 100, shape, False, choose.one_of(0.0, 3.0))
    return Call((x, axes), {"eps": choose.one_of(1e-5, 0.1, 1e-3)})


MAPS, GROUPS, WIDE = Drawn(1, (3, 4, 2, 5)), Drawn(2, (2, 3, 2, 4, 5), False, 2.0), Drawn(3, (4, 3, 6), False, -1.0)

normalise = MadeExercise(
    "normalise",
    _by_torch,
    "lecture 12, section 12.3",
    {
        "values": Facet(
            same_tensor,
            (
                Call((MAPS, (0, 2, 3)), note="This is batch norm."),
                Call((MAPS, (1, 2, 3)), note="This is layer norm."),
                Call((MAPS, (2, 3)), note="This is instance norm."),
                Call((MAPS, (1,)), note="This is ConvNeXt's layer norm over the channels."),
                Call(
                    (GROUPS, (2, 3, 4), 0.01), note="This is group norm: x is (N, groups, channels of a group, H, W)."
                ),
                Call((WIDE, (-1,), 0.5)),
                Call((WIDE, (1, -3)), {"eps": 1e-3}, "The first and the second axis."),
                Call((Drawn(4, (1, 5)), (0,)), note="One element has no spread: the result is 0."),
                Call((Drawn(5, (6,)), (0,))),
            ),
            chosen(_norms),
            20,
        ),
        "care": Facet(
            takes_care,
            (
                Call((MAPS, (0, 2, 3))),
                Call((Drawn(6, (2, 3, 4), True), (2, 0), 0.25), note="float32 in, float32 out."),
                Call((WIDE, (1,))),
            ),
        ),
        "refusals": Facet(
            refuses,
            (
                Call((MAPS, ()), note="no axis is named"),
                Call((MAPS, (1, 1)), note="axis 1 is named twice"),
                Call((MAPS, (3, -1)), note="3 and −1 are the same axis of four"),
                Call((MAPS, (4,)), note="x has no axis 4"),
                Call((MAPS, (1, -5)), note="x has no axis −5"),
                Call((MAPS, (1,), 0), note="eps is 0"),
                Call((MAPS, (1,), -1e-5), note="eps is negative"),
            ),
        ),
    },
)


@normalise.alternative
def normalise_by_var_mean(x, axes, eps=1e-5):
    if len(axes) == 0 or not eps > 0:
        raise ValueError("give an axis, and an eps above 0")
    if any(axis not in range(-x.ndim, x.ndim) for axis in axes) or len({axis % x.ndim for axis in axes}) != len(axes):
        raise ValueError(f"{axes} are no different axes of {tuple(x.shape)}")
    variance, mean = torch.var_mean(x, dim=axes, correction=0, keepdim=True)
    return (x - mean) * torch.rsqrt(variance + eps)


@normalise.alternative
def normalise_by_sums(x, axes, eps=1e-5):
    if eps <= 0:
        raise ValueError("eps must be positive")
    try:
        number = x.sum(axes).numel()
        sums = x.sum(axes, keepdim=True)
    except (IndexError, RuntimeError) as error:
        raise ValueError(f"{axes} are no axes of x: {error}") from error
    if not axes:
        raise ValueError("no axes")
    each = x.numel() // number
    centred = x - sums / each
    return centred / (centred.square().sum(axes, keepdim=True) / each + eps) ** 0.5


@normalise.alternative
def normalise_as_a_layer(x, axes, eps=1e-5):
    here = [axis if axis >= 0 else axis + x.ndim for axis in axes]
    if sorted(here) != [place for place in range(x.ndim) if place in here] or here == [] or not eps > 0:
        raise ValueError(f"not with axes {axes} and eps {eps}")
    last = list(range(-len(here), 0))
    moved = x.movedim(here, last)
    return F.layer_norm(moved, moved.shape[-len(here) :], eps=eps).movedim(last, here)
