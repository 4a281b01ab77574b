"""Training the norms alone: the oracle's loop takes the gradients of a list of parameters, picked by their modules' types."""

import copy

import numpy as np
import torch
import torch.nn.functional as F
from hypothesis import strategies as st

from course_utils.grading.exercise import Call, Facet

from .inputs import few, seeds
from .world import SETUP, Aspect, Model, Pieces, Work, given, labels, names, normal, refuses, small, tool

NORM_LAYERS = SETUP["NORM_LAYERS"]


def _trained(model, x, y, steps, *, lr=0.1, head=None):
    twin = copy.deepcopy(model).train().requires_grad_(True)
    places = [name for name, each in twin.named_modules() if "Norm" in type(each).__name__]
    places += [] if head is None else [head]
    found = {name: each for place in places for name, each in twin.get_submodule(place).named_parameters(place)}
    losses = []
    for _ in range(steps):
        loss = F.cross_entropy(twin(x), y)
        for each, slope in zip(found.values(), torch.autograd.grad(loss, list(found.values()))):
            each.data.add_(slope, alpha=-lr)
        losses.append(loss.item())
    model.load_state_dict(twin.state_dict())
    return losses


def _losses(found):
    if not isinstance(found, list) or not all(isinstance(each, float) for each in found):
        raise TypeError("the result is no list of floats")
    return np.array(found, np.float32)


@Aspect
def trained(function, asked):
    """Look at the losses, at what has moved, and at all numbers."""
    net, *rest = given(function, asked)
    look = tool(function, "look")
    before = look(net)
    losses = _losses(function(net, *rest, **asked.kwargs))
    after = look(net)
    numbers = [value.numpy().astype(np.float32).ravel() for value in after["numbers"].values()]
    moves = names(tool(function, "moved")(before, after))
    return Pieces([("what moves", moves), ("losses", losses), ("numbers", np.concatenate(numbers))])


@Aspect
def careful(function, asked):
    """Look at what requires a gradient, at modes, and at gradients, after the call."""
    net, *rest = given(function, asked)
    function(net, *rest, **asked.kwargs)
    after = tool(function, "look")(net)
    return Pieces([
        ("requires a gradient", names(after["trained"])), ("in training mode", names(after["training"])),
        ("has a gradient", names(after["gradients"])), ("the model itself", "training" if net.training is True else "evaluation"),
    ])  # fmt: skip


def drawn(seed, steps, number=6, wide=(2, 3), channels=1, classes=3, prepared=(), lr=0.1, head=None, **options):
    """Return a call: a small network without dropout, and examples for it."""
    place = {"head": head} if head and "." in head else {}
    net = small(seed, wide, channels, classes, drop=0.0, prepared=prepared, **place, **options)
    named = {"head": head} if head else {}
    return Call((net, normal(seed, number, channels, 5, 4), labels(seed, number, classes), steps), {"lr": lr, **named})


FROZEN = [("", "requires_grad_", False)]
MIXED = [("block1", "requires_grad_", False), ("block2", "eval"), ("head", "eval")]


@st.composite
def _calls(draw, head=False, prepared=()):
    sizes = {"number": draw(st.integers(4, 8)), "channels": draw(few), "classes": draw(st.integers(2, 4))}
    sizes |= {
        "wide": tuple(draw(st.lists(few, min_size=1, max_size=2))),
        "lr": draw(st.sampled_from([0.02, 0.05, 0.1])),
    }
    options = {"norm": draw(st.sampled_from(["batch", "group", "instance"])), "skip": draw(st.booleans())}
    if head:
        sizes["head"] = draw(st.sampled_from(["head", "top.1"]))
    return drawn(draw(seeds), draw(st.integers(1, 3)), prepared=prepared, **sizes, **options)


PLAIN = drawn(1, 3)
NET, X, Y, _ = PLAIN.args

train_norms_only = Work(
    "train_norms_only",
    _trained,
    "lecture 13",
    {
        "refusals": Facet(refuses, (
            Call((Model("conv_net", 1, norm="none"), X, Y, 1), note="the model has no normalisation layer"),
            Call((NET, X, Y[:-1], 1), note="there are 6 examples and 5 labels"),
            Call((NET, X[:4], Y, 1), note="there are 4 examples and 6 labels"),
            Call((NET, X[:0], Y[:0], 1), note="there is nothing to learn from"),
            Call((NET, X, Y, 0), note="no step is made"),
            Call((NET, X, Y, -2), note="steps is −2"),
            Call((NET, X, Y, 1), {"lr": 0.0}, note="steps of size 0 lead nowhere"),
            Call((NET, X, Y, 1), {"lr": -0.1}, note="a negative lr leads uphill"),
            Call((NET, X, Y, 1), {"head": "top"}, note="the model has no module top"),
        )),
        "values": Facet(trained, (
            PLAIN, drawn(2, 2, 5, (3, 2), 2, 4, prepared=[("", "eval")]), drawn(3, 4, 7, (2,), norm="instance"),
            drawn(4, 1, 8, (3, 3), skip=True, norm="group", lr=0.05), Call(drawn(5, 2).args), drawn(20, 2, 1),
        ), _calls(), 8),
        "head": Facet(trained, (
            drawn(6, 3, head="head"), drawn(7, 2, 7, (3, 2), 2, 4, head="top.1", lr=0.05), drawn(8, 1, norm="group", head="head"),
        ), _calls(head=True), 6),
        "frozen": Facet(trained, (
            drawn(9, 2, prepared=FROZEN), drawn(10, 3, prepared=[*FROZEN, ("", "eval")], norm="group", head="head"),
            drawn(11, 2, prepared=MIXED, head="head"),
        ), _calls(head=True, prepared=FROZEN), 4),
        "care": Facet(careful, (
            drawn(12, 2), drawn(13, 1, prepared=[("", "eval")], head="head"), drawn(14, 2, prepared=FROZEN, norm="instance"),
            drawn(15, 1, prepared=MIXED),
        )),
    },
)  # fmt: skip


@train_norms_only.alternative
def norms_by_an_optimizer(model, x, y, steps, *, lr=0.1, head=None):
    norms = {name for name, each in model.named_modules() if isinstance(each, NORM_LAYERS)}
    known = [name for name, _ in model.named_modules()]
    if not norms or head not in [None, *known] or len(x) != len(y) or min(len(x), steps) < 1 or not lr > 0:
        raise ValueError("these arguments do not fit together")
    chosen = [*norms] if head is None else [*norms, head]
    flags = {each: each.requires_grad for each in model.parameters()}
    grads = {each: each.grad for each in flags}
    modes = {each: each.training for each in model.modules()}
    mine = [each for place in chosen for each in model.get_submodule(place).parameters()]
    for each in flags:
        each.requires_grad = any(each is other for other in mine)
    optimizer, losses = torch.optim.SGD(mine, lr), []
    model.train()
    for _ in range(steps):
        optimizer.zero_grad()
        loss = torch.nn.CrossEntropyLoss()(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    for each in flags:
        each.requires_grad, each.grad = flags[each], grads[each]
    for each in modes:
        each.training = modes[each]
    return losses


@train_norms_only.alternative
def norms_of_a_copy(model, x, y, steps, *, lr=0.1, head=None):
    twin = copy.deepcopy(model).train()
    chosen = [each for each in twin.modules() if isinstance(each, NORM_LAYERS)]
    if not chosen or steps <= 0 or lr <= 0 or not len(x) or len(x) - len(y):
        raise ValueError("nothing can be trained so")
    if head is not None:
        try:
            chosen.append(twin.get_submodule(head))
        except AttributeError:
            raise ValueError(f"there is no {head}") from None
    weights = [each.requires_grad_() for module in chosen for each in module._parameters.values()]
    losses = []
    for _ in range(steps):
        loss = F.nll_loss(twin(x).log_softmax(dim=1), y)
        slopes = torch.autograd.grad(loss, weights)
        losses.append(loss.item())
        for weight, slope in zip(weights, slopes):
            weight.data = weight.data - lr * slope
    model.load_state_dict(twin.state_dict())
    return losses


@train_norms_only.alternative
def norms_by_a_function_of_them(model, x, y, steps, *, lr=0.1, head=None):
    modes = {name: each.training for name, each in model.named_modules()}
    places = [name for name, each in model.named_modules() if isinstance(each, NORM_LAYERS)]
    if not places or not (head is None or head in modes) or len(x) == 0 or len(x) != len(y) or steps < 1 or lr <= 0:
        raise ValueError(f"{head=}, {len(x)=}, {len(y)=}, {steps=}, {lr=}")
    if head is not None:
        places = [*places, head]
    names = [name for name, _ in model.named_parameters() if name.rpartition(".")[0] in places]
    old, losses = dict(model.named_parameters()), []
    model.train()
    for _ in range(steps):
        now = {name: old[name].detach().clone().requires_grad_() for name in names}
        loss = F.cross_entropy(torch.func.functional_call(model, now, (x,)), y)
        slopes = torch.autograd.grad(loss, list(now.values()))
        losses += [loss.item()]
        for name, slope in zip(names, slopes):
            old[name].data.copy_(now[name].detach() - lr * slope)
    for name, each in model.named_modules():
        each.training = modes[name]
    return losses
