"""How a network that a student's function builds is judged: sizes, scores and gradients with given weights, fresh weights."""

import numpy as np
import torch

from course_utils.checks import call, failure
from course_utils.grading.bridge import kept
from course_utils.grading.exercise import Call, expected_of

from .world import seeded, tool

FRESH = "other weights each time, and the same ones after the same torch.manual_seed"


class Built:
    """What a network comes to: `parts` by what is asked of it. Shown by its count and shapes."""

    def __init__(self, parts):
        self.parts = parts

    def __repr__(self):
        total, shapes = self.parts[sizes]
        return f"{total:,} parameters, {', '.join(map(str, shapes))}"


def sizes(function, asked, _shape):
    """Return the number of parameters, and their shapes in the order in which they are registered."""
    shapes = [tuple(each.shape) for each in function(*asked.args, **asked.kwargs).parameters()]
    return [sum(int(np.prod(shape)) for shape in shapes), shapes]


def _filled(function, asked, shape):
    """Return a built model filled with given weights, two examples of `shape`, and their scores, left where they are."""
    model = function(*asked.args, **asked.kwargs)
    state, drawn = model.state_dict(), seeded(7)
    for name, value in state.items():
        fan = int(np.prod(value.shape[1:])) if len(value.shape) > 1 else 4
        state[name] = torch.randn(tuple(value.shape), generator=drawn) * (2 / fan) ** 0.5
    model.load_state_dict(state)
    x = torch.randn(2, *shape, generator=drawn)
    return model, x, kept(model)(x)


def scores(function, asked, shape):
    """Return the scores of two examples together, and of the second one alone."""
    model, x, both = _filled(function, asked, shape)
    return [both.detach().numpy(), model(x[1:]).detach().numpy()]


def gradients(function, asked, shape):
    """Return the norm of each parameter's gradient, for a given gradient of the scores; -1 where none arrives."""
    model, _, both = _filled(function, asked, shape)
    both.backward(torch.randn(tuple(both.shape), generator=seeded(8)))
    found = [each.grad for each in model.parameters()]
    return np.array([-1.0 if each is None else float(each.norm()) for each in found], np.float32)


def reports(maker, shape_of):
    """Return an oracle: what the examiner's own network comes to, for the arguments of the exercise's function."""

    def oracle(*args, **kwargs):
        asked, shape = Call(args, kwargs), shape_of(*args, **kwargs)
        return Built({taken: taken(maker, asked, shape) for taken in (sizes, scores, gradients)})

    return oracle


def judge_of(shape_of, taken):
    """Return a judge that compares one part of the report."""

    def judge(exercise, function, asked):
        outcome = call(taken, (function, asked, shape_of(*asked.args, **asked.kwargs)))
        fault = failure(outcome, expected_of(exercise, asked).parts[taken])
        if fault and outcome.error is None and taken is gradients and (outcome.value < 0).any():
            fault = f"no gradient reaches parameter {int(np.argmin(outcome.value))}. {fault}"
        return outcome, fault

    return judge


def fresh(_exercise, function, asked):
    """Judge whether weights are drawn anew from torch's generator, and every weight matrix varies."""

    def weights():
        model = function(*asked.args, **asked.kwargs)
        return [each.detach() for each in model.parameters()]

    def ask():
        library = tool(function, "torch")
        library.manual_seed(11)
        first, second = weights(), weights()
        library.manual_seed(11)
        third = weights()
        pairs = [(one, other) for one, other in zip(first, second) if one.numel() > 1]
        if any(torch.equal(*pair) for pair in pairs):
            return "the same weights in every network"
        if not all(torch.equal(*pair) for pair in zip(first, third)):
            return "other weights after the same torch.manual_seed"
        return FRESH

    outcome = call(ask)
    return outcome, failure(outcome, FRESH)
