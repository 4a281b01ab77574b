"""Accuracy: the oracle is one pass over all examples in evaluation mode."""

import copy

import numpy as np
import torch
from hypothesis import strategies as st

from course_utils.checks import call, failure
from course_utils.grading.exercise import Call, Facet, expected_of

from .inputs import few, seeds
from .world import Net, Work, itself, layer, lent, normal, plain, refuses, seeded, told, tool


def _share(model, x, y, batch_size=100):
    with torch.no_grad():
        return float((copy.deepcopy(model).eval()(plain(x)).argmax(1) == plain(y)).double().mean())


def drawn(seed, number, features, most, batch_size, training=True):
    """Return a call: a net with batch normalisation, and labels of which it gets about half right."""
    layers = layer("Log"), layer("Conv1d", features, 5, 2), layer("BatchNorm1d", 5), layer("ReLU"), layer("Flatten")
    net = Net(*layers, layer("Linear", 15, most), seed=seed, training=training)
    x, generator = normal(seed, number, features, 4), seeded(seed + 1)
    right = copy.deepcopy(net).eval()(plain(x)).argmax(1)
    hit = torch.rand(number, generator=generator) < 0.6
    y = torch.where(hit, right, torch.randint(most, (number,), generator=generator))
    return Call((net, x, told(y), batch_size))


@st.composite
def _calls(draw):
    number, batch_size = draw(st.integers(1, 13)), draw(st.integers(1, 15))
    return drawn(draw(seeds), number, draw(few), draw(st.integers(2, 4)), batch_size, draw(st.booleans()))


def modes(exercise, function, asked):
    """Judge whether the model has its mode, and its running statistics, after the call as before."""
    net, *rest = asked.args
    model = lent(function, net)
    before = {key: value.clone() for key, value in model.state_dict().items()}

    def ask():
        function(model, *map(plain, rest[:2]), *rest[2:])
        after = model.state_dict()
        same = all(torch.equal(value, after[key]) for key, value in before.items())
        return [("train" if model.training else "eval") + " mode", "same buffers" if same else "changed buffers"]

    outcome = call(ask)
    fault = failure(outcome, [("train" if net.training else "eval") + " mode", "same buffers"])
    if fault and outcome.error is None:
        fault = f"the model came in {'train' if net.training else 'eval'} mode; it is left in {' with '.join(outcome.value)}."
    return outcome, fault


def frugal(exercise, function, asked):
    """Judge which batches pass through the model, and that no gradients are recorded."""
    net, x, y, *rest = asked.args
    model, batch_size = lent(function, net), rest[0] if rest else 100

    def ask():
        function(model, plain(x), plain(y), *rest)
        seen = model[0].seen
        sizes = [number for number, _ in seen]
        return [sum(sizes), max(sizes), any(flag for _, flag in seen)]

    outcome = call(ask)
    fault = failure(outcome, [len(x), min(batch_size, len(x)), False])
    if fault and outcome.error is None:
        total, most, recorded = outcome.value
        fault = f"{total} of {len(x)} examples pass the model, at most {most} at a time, batch_size being {batch_size}"
        fault += ", and gradients are recorded." if recorded else ", without gradients."
    return outcome, fault


def far(exercise, function, asked):
    """Judge a call with the model on a pretended device, and the examples on the CPU."""
    net, x, y, batch_size = asked.args
    model = lent(function, net)

    def ask():
        away = tool(function, "elsewhere")
        share, devices = away(itself(function), model, plain(x), plain(y), batch_size)
        return [share, *devices]

    outcome = call(ask)
    return outcome, failure(outcome, [expected_of(exercise, asked), "meta"])


def share(exercise, function, asked):
    """Judge the number that comes back."""
    model = lent(function, asked.args[0])
    outcome = call(function, (model, *map(plain, asked.args[1:3]), *asked.args[3:]), asked.kwargs)
    return outcome, failure(outcome, expected_of(exercise, asked))


FULL, REST = drawn(1, 12, 3, 3, 4), drawn(2, 13, 2, 4, 5, training=False)
CALLS = (FULL, REST, drawn(3, 7, 3, 2, 3), drawn(4, 5, 2, 3, 1), drawn(5, 6, 2, 3, 50, False), drawn(8, 1, 3, 3, 2))
NET, X, Y, _ = FULL.args
DEFAULT = Call(drawn(9, 230, 1, 3, 100).args[:3])

accuracy = Work(
    "accuracy",
    _share,
    "lecture 08, section 08.9",
    {
        "values": Facet(share, CALLS, _calls(), 10),
        "modes": Facet(modes, CALLS[:4], _calls(), 6),
        "frugal": Facet(frugal, (*CALLS, DEFAULT), _calls(), 6),
        "device": Facet(far, CALLS[:3]),
        "refusals": Facet(refuses, (
            Call((NET, X, Y[:-1]), note="there are 12 examples and 11 labels"),
            Call((NET, X[:5], Y), note="there are 5 examples and 12 labels"),
            Call((NET, X[:0], Y[:0]), note="there is no example"),
            Call((NET, X, Y, 0), note="a batch of 0 examples gets nowhere"),
            Call((NET, X, Y, -3), note="batch_size is −3"),
        )),
    },
)  # fmt: skip


@accuracy.alternative
def accuracy_by_a_loader(model, x, y, batch_size=100):
    if not 0 < len(x) == len(y) or batch_size <= 0:
        raise ValueError(f"{len(x)} examples, {len(y)} labels, {batch_size=}")
    before, right = model.training, 0
    where = next(model.parameters()).device
    with torch.inference_mode():
        model.eval()
        for part, labels in torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), batch_size):
            right += int((model(part.to(where)).argmax(1) == labels.to(where)).sum())
        model.train(before)
    return right / len(y)


@accuracy.alternative
def accuracy_of_all_predictions(model, x, y, batch_size=100):
    if len(x) < 1 or len(x) != len(y) or batch_size < 1:
        raise ValueError("the examples, the labels and batch_size do not fit")
    was_training, device = model.training, next(iter(model.parameters())).device
    model.train(False)
    predicted = []
    for start in range(0, len(x), batch_size):
        with torch.no_grad():
            predicted.append(model(x[start : start + batch_size].to(device)).max(dim=1).indices.cpu())
    if was_training:
        model.train()
    return (torch.cat(predicted) == y.cpu()).double().mean().item()


@accuracy.alternative
def accuracy_in_numpy(model, x, y, batch_size=100):
    n = len(x)
    if n == 0 or n != len(y) or batch_size < 1:
        raise ValueError("nothing to count")
    mode, device, hits = model.training, next(model.parameters()).device, []
    model.eval()
    for rows in torch.arange(n).split(batch_size):
        with torch.no_grad():
            scores = model(x[rows].to(device)).cpu().numpy()
        hits.extend(scores.argmax(axis=1) == y[rows].numpy())
    model.train(mode)
    return float(np.mean(hits))
