"""Patients 1 and 8: loops that train a network; judged by what they report and by the weights that are left."""

import copy

import torch
import torch.nn.functional as F
from hypothesis import strategies as st
from torch import nn

from course_utils.grading.exercise import Call, Facet

from .world import Net, Work, array, by, classes, few, layer, normal, plain, seeds, weights


def one_step(model, x, y, lr):
    """Make one step without an optimizer; return the loss before it."""
    loss = F.cross_entropy(model(plain(x)), plain(y))
    slopes = torch.autograd.grad(loss, list(model.parameters()))
    with torch.no_grad():
        for weight, slope in zip(model.parameters(), slopes):
            weight -= lr * slope
    return loss.item()


def _trained(model, x, y, steps, lr=0.1):
    model = copy.deepcopy(model).train()
    losses = [one_step(model, x, y, lr) for _ in range(steps)]
    return [array(losses), *weights(model)]


def reported(train, model, *rest, **options):
    found = train(model, *rest, **options)
    if not isinstance(found, list):
        raise TypeError(f"a list was wanted, and this is of type {type(found).__name__}")
    return [array([float(each) for each in found]), *weights(model)]


def net_of(seed, features, units, most, norm=False, training=True, bent=True):
    """Return a small net, with batch norm or without."""
    between = (layer("BatchNorm1d", units),) if norm else ()
    bend = (layer("ReLU"),) if bent else ()
    layers = layer("Linear", features, units), *between, *bend, layer("Linear", units, most)
    return Net(*layers, seed=seed, training=training)


def first(seed, number, steps, norm=False, training=True, **options):
    """Return a call of patient 1."""
    net = net_of(seed, 3, 4, 3, norm, training)
    return Call((net, normal(seed + 1, number, 3), classes(seed + 2, number, 3), steps), options)


@st.composite
def _firsts(draw):
    options = {"lr": draw(st.sampled_from([0.02, 0.1, 0.4]))}
    return first(draw(seeds), draw(st.integers(2, 7)), draw(few), draw(st.booleans()), draw(st.booleans()), **options)


patient_1 = Work("patient_1", _trained, "lecture 15, section 15.13", {
    "values": Facet(by(reported), (first(1, 5, 3, lr=0.3), first(2, 4, 2), first(3, 6, 4, True, False), first(4, 3, 1)), _firsts(), 8),
})  # fmt: skip


@patient_1.alternative
def first_by_fresh_gradients(model, x, y, steps, lr=0.1):
    model.train()
    losses = []
    for _ in range(steps):
        loss = F.cross_entropy(model(x), y)
        slopes = torch.autograd.grad(loss, list(model.parameters()))
        for weight, slope in zip(model.parameters(), slopes):
            weight.data -= lr * slope
        losses.append(float(loss.detach()))
    return losses


@patient_1.alternative
def first_without_gradients_left(model, x, y, steps, lr=0.1):
    optimizer, losses = torch.optim.SGD(model.train().parameters(), lr=lr), []
    model.zero_grad()
    while len(losses) < steps:
        loss = nn.CrossEntropyLoss()(model(x), y)
        loss.backward()
        optimizer.step()
        for each in model.parameters():
            each.grad = None
        losses.append(loss.item())
    return losses


@patient_1.alternative
def first_with_a_new_optimizer(model, x, y, steps, lr=0.1):
    def one():
        model.train().zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        torch.optim.SGD(model.parameters(), lr).step()
        return loss.item()

    return [one() for _ in range(steps)]


@patient_1.misconception(
    "The gradients still pile up: each step uses those of all steps before. zero_grad() belongs into the loop.",
    "examples values",
)
def first_as_it_was(model, x, y, steps, lr=0.1):
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    optimizer.zero_grad()
    losses = []
    model.train()
    for _ in range(steps):
        loss = F.cross_entropy(model(x), y)
        losses.append(loss.item())
        loss.backward()
        optimizer.step()
    return losses


@patient_1.misconception(
    "The learning rate falls from step to step: that treats the symptom, and the gradients still pile up. Set them to zero in each step.",
    "examples values",
)
def first_with_a_falling_rate(model, x, y, steps, lr=0.1):
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    optimizer.zero_grad()
    losses = []
    model.train()
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = lr / (step + 1)
        loss = F.cross_entropy(model(x), y)
        losses.append(loss.item())
        loss.backward()
        optimizer.step()
    return losses


@patient_1.misconception(
    "zero_grad() between backward() and step() erases the gradient before it is used: nothing is learned.",
    "examples values",
)
def first_erased_too_late(model, x, y, steps, lr=0.1):
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    model.train()
    for _ in range(steps):
        loss = F.cross_entropy(model(x), y)
        losses.append(loss.item())
        loss.backward()
        optimizer.zero_grad()
        optimizer.step()
    return losses


def _moved(model, most, x, y, steps, lr=0.1):
    *body, head = copy.deepcopy(model)
    new = nn.Linear(head.in_features, most)
    new.load_state_dict({name: torch.zeros_like(each) for name, each in new.state_dict().items()})
    return _trained(nn.Sequential(*body, new), x, y, steps, lr)


def eighth(seed, most, number, steps, norm=False, training=True, bent=True, **options):
    """Return a call of patient 8."""
    net = net_of(seed, 3, 4, 5, norm, training, bent)
    return Call((net, most, normal(seed + 1, number, 3), classes(seed + 2, number, most), steps), options)


@st.composite
def _eighths(draw):
    options = {"lr": draw(st.sampled_from([0.02, 0.1, 0.4]))}
    sizes = draw(st.integers(2, 6)), draw(st.integers(3, 7)), draw(st.integers(2, 4))
    return eighth(draw(seeds), *sizes, draw(st.booleans()), draw(st.booleans()), **options)


patient_8 = Work("patient_8", _moved, "lecture 15, section 15.13", {
    "values": Facet(by(reported), (eighth(1, 3, 5, 4, lr=0.5), eighth(2, 6, 4, 3), eighth(3, 2, 6, 3, True, False), eighth(4, 5, 7, 3, bent=False, lr=0.4)), _eighths(), 8),
})  # fmt: skip


@patient_8.alternative
def eighth_adds_a_group(model, classes, x, y, steps, lr=0.1):
    optimizer = torch.optim.SGD(model[:-1].parameters(), lr=lr)
    head = nn.Linear(model[-1].in_features, classes)
    with torch.no_grad():
        for each in head.parameters():
            each.zero_()
    model[-1] = head
    optimizer.add_param_group({"params": list(head.parameters())})
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = nn.CrossEntropyLoss()(model.train()(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


@patient_8.alternative
def eighth_without_an_optimizer(model, classes, x, y, steps, lr=0.1):
    head = model[len(model) - 1]
    new = nn.Linear(head.weight.shape[1], classes)
    new.load_state_dict({"weight": torch.zeros(new.weight.shape), "bias": torch.zeros(classes)})
    setattr(model, list(dict(model.named_children()))[-1], new)
    losses = []
    model.train()
    for _ in range(steps):
        loss = F.cross_entropy(model(x), y)
        for weight, slope in zip(model.parameters(), torch.autograd.grad(loss, list(model.parameters()))):
            weight.data -= lr * slope
        losses.append(loss.item())
    return losses


@patient_8.alternative
def eighth_makes_the_optimizer_each_time(model, classes, x, y, steps, lr=0.1):
    model[-1] = nn.Linear(model[-1].in_features, classes).apply(lambda each: each.weight.data.zero_())
    model[-1].bias.data.fill_(0.0)
    losses = []
    for _ in range(steps):
        model.train().zero_grad()
        loss = -F.log_softmax(model(x), dim=1)[torch.arange(len(y)), y].mean()
        loss.backward()
        torch.optim.SGD(model.parameters(), lr).step()
        losses.append(loss.item())
    return losses


@patient_8.misconception(
    "The optimizer still holds the old head's parameters: it is made before the layer is replaced, and the new head never moves.",
    "examples values",
)
def eighth_as_it_was(model, classes, x, y, steps, lr=0.1):
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    model[-1] = nn.Linear(model[-1].in_features, classes)
    nn.init.zeros_(model[-1].weight)
    nn.init.zeros_(model[-1].bias)
    model.train()
    losses = []
    for _ in range(steps):
        loss = F.cross_entropy(model(x), y)
        losses.append(loss.item())
        model.zero_grad()
        loss.backward()
        optimizer.step()
    return losses


@patient_8.misconception(
    "Only the new head is trained now: hand all of model.parameters() to the optimizer, after the head has been replaced.",
    "examples values",
)
def eighth_head_only(model, classes, x, y, steps, lr=0.1):
    model[-1] = nn.Linear(model[-1].in_features, classes)
    nn.init.zeros_(model[-1].weight)
    nn.init.zeros_(model[-1].bias)
    optimizer = torch.optim.SGD(model[-1].parameters(), lr=lr)
    model.train()
    losses = []
    for _ in range(steps):
        loss = F.cross_entropy(model(x), y)
        losses.append(loss.item())
        model.zero_grad()
        loss.backward()
        optimizer.step()
    return losses


@patient_8.misconception(
    "The new head is trained under another name: the model itself keeps its old one. Put the new layer into model[-1].",
    "values",
)
def eighth_beside_the_model(model, classes, x, y, steps, lr=0.1):
    head = nn.Linear(model[-1].in_features, classes)
    nn.init.zeros_(head.weight)
    nn.init.zeros_(head.bias)
    optimizer = torch.optim.SGD([*model[:-1].parameters(), *head.parameters()], lr=lr)
    model.train()
    losses = []
    for _ in range(steps):
        loss = F.cross_entropy(head(model[:-1](x)), y)
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return losses
