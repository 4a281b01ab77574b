"""How a training is judged: its losses and weights, what it comes to when resumed, and what it leaves alone."""

import copy

import numpy as np
import torch

from course_utils.checks import Outcome, call, difference, failure
from course_utils.data import digits
from course_utils.grading.bridge import kept
from course_utils.grading.exercise import Call, expected_of

from .world import Net, itself, layer, lent, plain, remembered, told, tool, unexplained

WANTED = 0.8  # a right training comes to 87 to 95 per cent
_DIGITS = digits(test_size=1397)
PLAIN_DATA = (dict, list, tuple, str, bytes, int, float, bool, type(None), torch.Tensor, np.ndarray, np.generic)


def _array(value):
    return value.detach().numpy().astype(np.float32)


def _report(model, state):
    """Return losses and weights as arrays, from the model itself."""
    losses = state["losses"]
    if not isinstance(losses, list) or not all(isinstance(each, float) for each in losses):
        raise ValueError('state["losses"] is no list of floats')
    return [np.array(losses, np.float32), *(_array(value) for value in model.state_dict().values())]


def _rest(asked):
    """Return the arguments behind the model, tensors as plain copies."""
    _, x, y, *more = asked.args
    return [plain(x), plain(y), *more]


@remembered
def trained(exercise, function, asked):
    """Judge the losses, the model's weights, and those in the state."""
    model = lent(function, asked.args[0])

    def ask():
        state = function(model, *_rest(asked), **asked.kwargs)
        return [*_report(model, state), *(_array(value) for value in state["model"].values())]

    outcome = call(ask)
    expected = expected_of(exercise, asked)
    fault = failure(outcome, [*expected, *expected[1:]])
    if fault and outcome.error is None and difference(outcome.value[0], expected[0]) is None:
        fault = f"the losses are right, and the weights are not: {fault}"
    return outcome, fault


@remembered
def resumed(exercise, function, asked):
    """Judge a training in two parts by the same one at once; the state has to cross as plain data between them."""
    net, _, _, epochs = asked.args
    x, y, _ = _rest(asked)
    whole, first, second = (lent(function, net) for _ in range(3))

    def ask():
        straight = _report(whole, function(whole, x, y, epochs + 2, **asked.kwargs))
        state = copy.deepcopy(function(first, x, y, 2, **asked.kwargs))
        again = _report(second, function(second, x, y, epochs, state=state, **asked.kwargs))
        return [*straight, *again]

    outcome = call(ask)
    if outcome.error:
        return outcome, failure(outcome, None)
    half = len(outcome.value) // 2
    fault = difference(outcome.value[half:], outcome.value[:half])
    if fault:
        fault = f"2 and then {epochs} epochs, resumed, come to something else than {epochs + 2} at once: {fault}"
    return outcome, fault


def _strange(value, path="state"):
    """Return where a value holds something that is no plain data, or nothing."""
    if not isinstance(value, PLAIN_DATA):
        return f"{path} is a {type(value).__name__}"
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, (list, tuple)) else ()
    return next((found for key, each in inside if (found := _strange(each, f"{path}[{key!r}]"))), "")


@remembered
def alone(_exercise, function, asked):
    """Judge whether a state stays as it is: while its model is trained on, and while others resume from it."""
    net, x, y, _ = asked.args
    x, y = plain(x), plain(y)
    first, *others = (lent(function, net) for _ in range(3))
    options = asked.kwargs

    def look(state):
        return [np.array(state["losses"]), *(_array(value.clone()) for value in state["model"].values())]

    def ask():
        strange = _strange(function(lent(function, net), x, y, 1, **options))
        if strange:
            return [f"{strange}, which is no plain data"]
        state = kept(function)(first, x, y, 2, **options)
        before = look(state)
        function(first, x, y, 1, **options)
        if difference(look(state), before):
            return ["the state changes when its model is trained on"]
        runs = [_report(each, function(each, x, y, 1, state=state, **options)) for each in others]
        if difference(look(state), before):
            return ["the state changes when a training resumes from it"]
        if difference(runs[1], runs[0]):
            return ["two trainings that resume from one state come to different weights"]
        return ["alone"]

    outcome = call(ask)
    fault = failure(outcome, ["alone"])
    return outcome, fault and (f"{outcome.value[0]}." if outcome.error is None else fault)


@remembered
def far(_exercise, function, asked):
    """Judge a training on a pretended device by the same one on the CPU."""
    net, x, y, epochs = asked.args
    here, there = lent(function, net), lent(function, net)

    def ask():
        near = function(here, plain(x), plain(y), epochs, **asked.kwargs)
        away = tool(function, "elsewhere")
        state, devices = away(itself(function), there, plain(x), plain(y), epochs, **asked.kwargs)
        return [*devices, np.array(near["losses"], np.float32), np.array(state["losses"], np.float32)]

    outcome = call(ask)
    if " meets one on " in outcome.message:  # which operation met it tells what was left behind
        return Outcome(outcome.message), f"{outcome.message}."
    if outcome.error:
        return outcome, failure(outcome, None)
    *devices, near, away = outcome.value
    fault = difference([devices, away], [["meta"], near])
    return outcome, fault and f"on the pretended device: {fault}"


def reading(seed):
    """Return a call: a ConvNet, and 400 of scikit-learn's digits, the classes renumbered."""
    names = np.random.default_rng(seed).permutation(10)
    x, y = torch.tensor(_DIGITS.x_train), torch.tensor(names[_DIGITS.y_train])
    layers = layer("Conv2d", 1, 8, 3), layer("ReLU"), layer("MaxPool2d", 2), layer("Flatten"), layer("Linear", 72, 10)
    return Call((Net(*layers, seed=seed), told(x), told(y), 5), {"lr": 0.05, "batch_size": 16, "seed": seed})


@unexplained
def learns(_exercise, function, asked):
    """Judge a longer training by how many of the digits that it has not seen are read rightly."""
    model = lent(function, asked.args[0])
    x, y, epochs = _rest(asked)
    names = dict(zip(_DIGITS.y_train.tolist(), y.tolist()))
    right = np.array([names[each] for each in _DIGITS.y_test.tolist()])

    def ask():
        function(model, x, y, epochs, **asked.kwargs)
        model.eval()
        share = float((model(torch.tensor(_DIGITS.x_test)).argmax(1).numpy() == right).mean())
        return "it reads" if share >= WANTED else "it is guessing" if share < 0.3 else "it learns too little"

    outcome = call(ask)
    fault = failure(outcome, "it reads")
    if fault and outcome.error is None:
        fault = (
            f"{outcome.value}: after {epochs} epochs, {WANTED:.0%} of the digits that it has not seen should be right."
        )
    return outcome, fault
