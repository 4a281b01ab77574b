"""Over-fitting a small batch: the oracle makes its own steps, without an optimizer."""

import copy
import math

import torch
import torch.nn.functional as F
from hypothesis import strategies as st
from torch import nn

from course_utils.grading.exercise import Call, Facet

from .world import Net, Work, array, by, classes, kept, layer, normal, plain, refuses, seeds


def _learned(model, x, y, *, lr=0.1, steps=200, wanted=0.01):
    net, losses = copy.deepcopy(model).train(), []
    for each in net.children():
        each.train(not isinstance(each, nn.Dropout))
    while True:
        loss = F.cross_entropy(net(plain(x)), plain(y))
        if not math.isfinite(loss.item()):
            return [False, len(losses), array(losses)]
        losses.append(loss.item())
        if losses[-1] <= wanted or len(losses) > steps:
            return [losses[-1] <= wanted, len(losses), array(losses)]
        slopes = torch.autograd.grad(loss, list(net.parameters()))
        with torch.no_grad():
            for weight, slope in zip(net.parameters(), slopes):
                weight -= lr * slope


def _asked(overfit, model, x, y, **options):
    reached, losses = overfit(model, x, y, **options)
    if not isinstance(losses, list) or not all(isinstance(each, float) for each in losses):
        raise TypeError("the losses are no list of floats")
    return [reached, len(losses), array(losses)]


def drawn(seed, number, kind="plain", most=3, training=True, **options):
    """Return a call: a small net, and examples for it."""
    middle = {"plain": (), "drop": (layer("Dropout", 0.4),), "norm": (layer("BatchNorm1d", 6),)}[kind]
    net = Net(layer("Linear", 4, 6), *middle, layer("Tanh"), layer("Linear", 6, most), seed=seed, training=training)
    return Call((net, normal(seed + 1, number, 4), classes(seed + 2, number, most)), options)


@st.composite
def _calls(draw):
    options = {"lr": draw(st.sampled_from([0.05, 0.2, 0.5])), "steps": draw(st.integers(1, 6))}
    options |= {"wanted": draw(st.sampled_from([0.3, 0.8, 1.0]))}
    kind, training = draw(st.sampled_from(["plain", "drop", "norm"])), draw(st.booleans())
    return drawn(draw(seeds), draw(st.integers(2, 7)), kind, draw(st.integers(2, 4)), training, **options)


PLAIN = drawn(1, 5, lr=0.3, steps=4)
FIXED = (PLAIN, drawn(2, 6, "drop", lr=0.5, steps=5), drawn(3, 6, "norm", training=False, lr=0.2, steps=3))
FIXED += (
    drawn(4, 4, lr=0.5, steps=25, wanted=0.6),
    drawn(5, 3, lr=0.5, steps=1, wanted=9.0),
    drawn(6, 2, lr=1e-3),
    drawn(10, 1, steps=2),
)
FIXED += (
    drawn(7, 5, lr=1e38, steps=9),
    drawn(8, 4, lr=0.5, steps=1),
    drawn(9, 4, "drop", lr=0.5, steps=20, wanted=0.5),
)
NET, X, Y = PLAIN.args

overfit_small_batch = Work(
    "overfit_small_batch",
    _learned,
    "lecture 15, section 15.2",
    {
        "values": Facet(by(_asked), FIXED, _calls(), 12),
        "kept": Facet(kept, (drawn(3, 6, "norm", lr=0.2, steps=3), drawn(2, 6, "drop", training=False, steps=2), drawn(1, 5))),
        "refusals": Facet(refuses, (
            Call((NET, X[:4], Y), note="there are 4 examples and 5 labels"),
            Call((NET, X, Y[:1]), note="there are 5 examples and 1 label"),
            Call((NET, X[:0], Y[:0]), note="there is no example"),
            Call((NET, X, Y), {"lr": 0.0}, note="steps of size 0 lead nowhere"),
            Call((NET, X, Y), {"lr": -0.1}, note="a negative lr leads uphill"),
            Call((NET, X, Y), {"steps": 0}, note="steps is 0"),
            Call((NET, X, Y), {"steps": -1}, note="steps is negative"),
            Call((NET, X, Y), {"wanted": 0.0}, note="no cross-entropy is 0"),
            Call((NET, X, Y), {"wanted": -0.5}, note="no cross-entropy is negative"),
        )),
    },
)  # fmt: skip


@overfit_small_batch.alternative
def overfit_step_by_step(model, x, y, *, lr=0.1, steps=200, wanted=0.01):
    if not 0 < len(x) == len(y) or lr <= 0 or steps <= 0 or wanted <= 0:
        raise ValueError("these arguments do not fit together")
    net = copy.deepcopy(model)
    net.train()
    for each in net.modules():
        if type(each) is nn.Dropout:
            each.p = 0.0
    weights = list(net.parameters())
    losses = [F.cross_entropy(net(x), y)]
    while losses[-1] > wanted and len(losses) <= steps:
        slopes = torch.autograd.grad(losses[-1], weights)
        with torch.no_grad():
            for weight, slope in zip(weights, slopes):
                weight -= lr * slope
        losses.append(F.cross_entropy(net(x), y))
    found = [loss.item() for loss in losses if loss.isfinite()]
    return len(found) == len(losses) and found[-1] <= wanted, found


@overfit_small_batch.alternative
def overfit_by_functions(model, x, y, *, lr=0.1, steps=200, wanted=0.01):
    if len(x) != len(y) or len(x) < 1 or steps < 1 or not (lr > 0 and wanted > 0):
        raise ValueError("these arguments do not fit together")
    net = copy.deepcopy(model).train()
    for each in net.modules():
        each.training = not isinstance(each, nn.Dropout)
    weights, losses = dict(net.named_parameters()), []
    for _ in range(steps + 1):
        loss = F.cross_entropy(torch.func.functional_call(net, weights, x), y)
        if not loss.isfinite():
            return False, losses
        losses.append(loss.item())
        if losses[-1] <= wanted:
            return True, losses
        slopes = torch.autograd.grad(loss, tuple(weights.values()))
        moved = zip(weights.items(), slopes)
        weights = {name: (each - lr * slope).detach().requires_grad_() for (name, each), slope in moved}
    return False, losses


@overfit_small_batch.alternative
def overfit_and_then_cut(model, x, y, *, lr=0.1, steps=200, wanted=0.01):
    if len(x) == 0 or len(y) - len(x) or lr <= 0 or steps <= 0 or wanted <= 0:
        raise ValueError("these arguments do not fit together")
    net = copy.deepcopy(model).train()
    [each.eval() for each in net.modules() if isinstance(each, nn.Dropout)]
    optimizer, losses = torch.optim.SGD(net.parameters(), lr), []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = nn.CrossEntropyLoss()(net(x), y)
        losses.append(loss.item())
        if loss.item() <= wanted:
            break
        loss.backward()
        optimizer.step()
    losses.append(F.cross_entropy(net(x), y).item())
    bad = [place for place, each in enumerate(losses) if not math.isfinite(each)]
    good = [place for place, each in enumerate(losses) if each <= wanted]
    if good:
        return True, losses[: good[0] + 1]
    return False, losses[: bad[0]] if bad else losses


@overfit_small_batch.misconception(
    "Dropout is on: its noise keeps the loss up, and a healthy net seems ill. Put every nn.Dropout into evaluation mode.",
    "examples values",
)
def overfit_with_dropout(model, x, y, *, lr=0.1, steps=200, wanted=0.01):
    if len(x) == 0 or len(x) != len(y) or min(lr, steps, wanted) <= 0:
        raise ValueError("these arguments do not fit together")
    torch.manual_seed(0)  # the same each time, so that feedback can recognise it
    net, losses = copy.deepcopy(model).train(), []
    optimizer = torch.optim.SGD(net.parameters(), lr=lr)
    for _ in range(steps + 1):
        loss = F.cross_entropy(net(x), y)
        if not loss.isfinite():
            break
        losses.append(loss.item())
        if loss <= wanted:
            return True, losses
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return False, losses


@overfit_small_batch.misconception(
    "All of the net is in evaluation mode: batch norm then uses statistics that belong to other data. Only dropout is switched off.",
    "values",
)
def overfit_in_eval_mode(model, x, y, *, lr=0.1, steps=200, wanted=0.01):
    if len(x) == 0 or len(x) != len(y) or min(lr, steps, wanted) <= 0:
        raise ValueError("these arguments do not fit together")
    net, losses = copy.deepcopy(model).eval(), []
    optimizer = torch.optim.SGD(net.parameters(), lr=lr)
    for _ in range(steps + 1):
        loss = F.cross_entropy(net(x), y)
        if not loss.isfinite():
            break
        losses.append(loss.item())
        if loss <= wanted:
            return True, losses
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return False, losses


@overfit_small_batch.misconception(
    "The gradients of all steps pile up: zero_grad() belongs into each step.",
    "examples values",
)
def overfit_without_zero_grad(model, x, y, *, lr=0.1, steps=200, wanted=0.01):
    if len(x) == 0 or len(x) != len(y) or min(lr, steps, wanted) <= 0:
        raise ValueError("these arguments do not fit together")
    net, losses = copy.deepcopy(model).train(), []
    for each in net.modules():
        if isinstance(each, nn.Dropout):
            each.eval()
    optimizer = torch.optim.SGD(net.parameters(), lr=lr)
    for _ in range(steps + 1):
        loss = F.cross_entropy(net(x), y)
        if not loss.isfinite():
            break
        losses.append(loss.item())
        if loss <= wanted:
            return True, losses
        loss.backward()
        optimizer.step()
    return False, losses


@overfit_small_batch.misconception(
    "It says that the loss is small although it is not: after so many steps without success the answer is False.",
    "examples values",
)
def overfit_always_reached(model, x, y, *, lr=0.1, steps=200, wanted=0.01):
    if len(x) == 0 or len(x) != len(y) or min(lr, steps, wanted) <= 0:
        raise ValueError("these arguments do not fit together")
    net, losses = copy.deepcopy(model).train(), []
    for each in net.modules():
        if isinstance(each, nn.Dropout):
            each.eval()
    optimizer = torch.optim.SGD(net.parameters(), lr=lr)
    for _ in range(steps + 1):
        loss = F.cross_entropy(net(x), y)
        if not loss.isfinite():
            return False, losses
        losses.append(loss.item())
        if loss <= wanted:
            break
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return losses[-1] < losses[0] or loss.item() <= wanted, losses


@overfit_small_batch.misconception(
    "The loss after the last step is not looked at: after 3 steps there are 4 losses, and the fourth may be small enough.",
    "examples values",
)
def overfit_one_loss_short(model, x, y, *, lr=0.1, steps=200, wanted=0.01):
    if len(x) == 0 or len(x) != len(y) or min(lr, steps, wanted) <= 0:
        raise ValueError("these arguments do not fit together")
    net, losses = copy.deepcopy(model).train(), []
    for each in net.modules():
        if isinstance(each, nn.Dropout):
            each.eval()
    optimizer = torch.optim.SGD(net.parameters(), lr=lr)
    for _ in range(steps):
        loss = F.cross_entropy(net(x), y)
        if not loss.isfinite():
            break
        losses.append(loss.item())
        if loss <= wanted:
            return True, losses
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return False, losses


@overfit_small_batch.misconception(
    "The model itself learns the batch by heart: after this it is worth nothing for what it was made for. Train a copy.",
    "examples kept",
)
def overfit_the_model_itself(model, x, y, *, lr=0.1, steps=200, wanted=0.01):
    if len(x) == 0 or len(x) != len(y) or min(lr, steps, wanted) <= 0:
        raise ValueError("these arguments do not fit together")
    net, losses = model.train(), []
    for each in net.modules():
        if isinstance(each, nn.Dropout):
            each.eval()
    optimizer = torch.optim.SGD(net.parameters(), lr=lr)
    for _ in range(steps + 1):
        loss = F.cross_entropy(net(x), y)
        if not loss.isfinite():
            break
        losses.append(loss.item())
        if loss <= wanted:
            return True, losses
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return False, losses


@overfit_small_batch.misconception(
    "The arguments are not checked: lengths that differ, no example, or a step, a number of steps or a goal of 0.",
    "examples refusals",
)
def overfit_unchecked(model, x, y, *, lr=0.1, steps=200, wanted=0.01):
    net, losses = copy.deepcopy(model).train(), []
    for each in net.modules():
        if isinstance(each, nn.Dropout):
            each.eval()
    n = min(len(x), len(y))
    for _ in range(steps + 1):
        loss = F.cross_entropy(net(x[:n]), y[:n])
        if not loss.isfinite():
            break
        losses.append(loss.item())
        if loss <= wanted:
            return True, losses
        slopes = torch.autograd.grad(loss, list(net.parameters()))
        with torch.no_grad():
            for weight, slope in zip(net.parameters(), slopes):
                weight -= lr * slope
    return False, losses
