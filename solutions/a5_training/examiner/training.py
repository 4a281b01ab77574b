"""Training: the oracle is the examiner's own loop, in the order of batches that the statement fixes."""

import copy

import numpy as np
import torch
import torch.nn.functional as F
from hypothesis import strategies as st
from torch import nn

from course_utils.grading.exercise import Call, Facet

from .inputs import few, seeds
from .training_judges import alone, far, learns, reading, resumed, trained
from .world import Net, Work, classes, layer, normal, plain, refuses, seeded


def _trained(model, x, y, epochs, *, lr=0.1, momentum=0.9, batch_size=32, seed=0):
    model, x, y = copy.deepcopy(model), plain(x), plain(y)
    if len(x) != len(y) or epochs < 1:
        raise ValueError("no such call should be asked")
    generator, losses = seeded(seed), []
    speeds = [torch.zeros_like(each) for each in model.parameters()]
    model.train()
    for _ in range(epochs):
        total = 0.0
        for batch in torch.randperm(len(x), generator=generator).split(batch_size):
            loss = F.cross_entropy(model(x[batch]), y[batch])
            slopes = torch.autograd.grad(loss, list(model.parameters()))
            with torch.no_grad():
                for weight, speed, slope in zip(model.parameters(), speeds, slopes):
                    weight -= lr * speed.mul_(momentum).add_(slope)
            total += loss.item() * len(batch)
        losses.append(total / len(x))
    weights = {key: value.numpy() for key, value in model.state_dict().items()}
    return [np.array(losses, np.float32), *(each.astype(np.float32) for each in weights.values())]


def drawn(key, number, epochs, features=2, most=3, norm=False, training=True, **options):
    """Return a call: a small ConvNet, with batch normalisation or without, and examples for it."""
    between = (layer("BatchNorm1d", 4),) if norm else ()
    layers = layer("Conv1d", features, 4, 2), *between, layer("ReLU"), layer("Flatten"), layer("Linear", 12, most)
    net = Net(*layers, seed=key, training=training)
    return Call((net, normal(key, number, features, 4), classes(key, number, most), epochs), options)


@st.composite
def _calls(draw):
    options = {"lr": draw(st.sampled_from([0.02, 0.05, 0.1])), "momentum": draw(st.sampled_from([0.0, 0.5, 0.9]))}
    options |= {"batch_size": draw(st.integers(2, 6)), "seed": draw(seeds)}
    shape = {"features": draw(few), "most": draw(st.integers(2, 4)), "norm": draw(st.booleans())}
    return drawn(
        draw(seeds), draw(st.integers(2, 8)), draw(st.integers(1, 2)), training=draw(st.booleans()), **shape, **options
    )


PLAIN = drawn(1, 7, 2, lr=0.05, momentum=0.9, batch_size=3, seed=5)
NORMED = drawn(2, 10, 3, features=3, most=4, norm=True, training=False, lr=0.1, momentum=0.5, batch_size=4, seed=1)
CALLS = (PLAIN, NORMED, drawn(3, 11, 1, batch_size=5), drawn(4, 6, 2, momentum=0.0, batch_size=20), drawn(5, 40, 2))
CALLS += (drawn(9, 3, 1, batch_size=1), drawn(10, 1, 2, norm=True, batch_size=4))
LONG = drawn(6, 9, 3, norm=True, lr=0.05, momentum=0.9, batch_size=4, seed=3)
ONCE = drawn(7, 7, 1, norm=True, momentum=0.5, batch_size=4, seed=2)
NET, X, Y, _ = PLAIN.args

train = Work(
    "train",
    _trained,
    "lecture 08, section 08.9",
    {
        "values": Facet(trained, CALLS, _calls(), 8),
        "resume": Facet(resumed, (LONG, ONCE), _calls(), 3),
        "alone": Facet(alone, (LONG, PLAIN)),
        "device": Facet(far, (ONCE, drawn(8, 5, 1, batch_size=3))),
        "refusals": Facet(refuses, (
            Call((NET, X, Y[:-1], 1), note="there are 7 examples and 6 labels"),
            Call((NET, X[:4], Y, 1), note="there are 4 examples and 7 labels"),
            Call((NET, X[:0], Y[:0], 1), note="there is nothing to learn from"),
            Call((NET, X, Y, 0), note="epochs is 0"),
            Call((NET, X, Y, -2), note="epochs is −2"),
            Call((NET, X, Y, 1), {"batch_size": 0}, note="a batch of 0 examples gets nowhere"),
            Call((NET, X, Y, 1), {"batch_size": -4}, note="batch_size is −4"),
            Call((NET, X, Y, 1), {"lr": 0.0}, note="steps of size 0 lead nowhere"),
            Call((NET, X, Y, 1), {"lr": -0.1}, note="a negative lr leads uphill"),
        )),
        "learns": Facet(learns, (), seeds.map(reading), 1),
    },
)  # fmt: skip


@train.alternative
def train_without_an_optimizer(model, x, y, epochs, *, lr=0.1, momentum=0.9, batch_size=32, seed=0, state=None):
    if not 0 < len(x) == len(y) or epochs <= 0 or batch_size <= 0 or lr <= 0:
        raise ValueError("these arguments do not fit together")
    weights = list(model.parameters())
    device, speeds, generator, losses = weights[0].device, [torch.zeros_like(w) for w in weights], seeded(seed), []
    if state:
        model.load_state_dict(state["model"])
        speeds = [speed.clone() for speed in state["speeds"]]
        generator.set_state(state["generator"])
        losses += state["losses"]
    model.train()
    for _ in range(epochs):
        parts, sizes = [], []
        for batch in torch.randperm(len(x), generator=generator).split(batch_size):
            loss = F.cross_entropy(model(x[batch].to(device)), y[batch].to(device))
            slopes = torch.autograd.grad(loss, weights)
            with torch.no_grad():
                for i, w in enumerate(weights):
                    speeds[i] = momentum * speeds[i] + slopes[i]
                    w -= lr * speeds[i]
            parts.append(loss.item())
            sizes.append(len(batch))
        losses.append(float(np.average(parts, weights=sizes)))
    kept = {name: value.clone() for name, value in model.state_dict().items()}
    return {"model": kept, "speeds": speeds, "generator": generator.get_state(), "losses": losses}


@train.alternative
def train_replaying_the_orders(model, x, y, epochs, *, lr=0.1, momentum=0.9, batch_size=32, seed=0, state=None):
    if len(x) != len(y) or min(len(x), epochs, batch_size) < 1 or lr <= 0:
        raise ValueError("these arguments do not fit together")
    device = next(model.parameters()).device
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=momentum)
    past = [] if state is None else list(state["losses"])
    if past:
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(copy.deepcopy(state["optimizer"]))
    generator = seeded(seed)
    orders = [torch.randperm(len(x), generator=generator) for _ in range(len(past) + epochs)]
    model.train()
    x, y = x.to(device), y.to(device)
    for order in orders[len(past) :]:
        total = torch.zeros((), device=device)
        for batch in order.split(batch_size):
            optimizer.zero_grad()
            loss = nn.CrossEntropyLoss(reduction="sum")(model(x[batch]), y[batch])
            (loss / len(batch)).backward()
            optimizer.step()
            total += loss.detach()
        past.append(total.item() / len(x))
    return copy.deepcopy({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "losses": past})


@train.alternative
def train_with_a_sampler(model, x, y, epochs, *, lr=0.1, momentum=0.9, batch_size=32, seed=0, state=None):
    if len(x) == 0 or len(y) - len(x) or epochs < 1 or batch_size < 1 or not lr > 0:
        raise ValueError("these arguments do not fit together")
    generator, losses = torch.Generator(), []
    generator.manual_seed(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr, momentum)
    if state is not None:
        numbers, buffers = state["more"]
        generator.set_state(numbers)
        model.load_state_dict(state["model"])
        losses = [*state["losses"]]
        for weight, buffer in zip(model.parameters(), buffers):
            optimizer.state[weight]["momentum_buffer"] = None if buffer is None else buffer.clone()
    for _ in range(epochs):
        total = 0
        for rows in torch.utils.data.BatchSampler(torch.randperm(len(x), generator=generator), batch_size, False):
            model.train().zero_grad()
            some, labels = (part[torch.stack(rows)].to(next(model.parameters()).device) for part in (x, y))
            loss = -F.log_softmax(model(some), dim=1)[torch.arange(len(rows)), labels].mean()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(rows) / len(x)
        losses.append(total)
    buffers = [optimizer.state[weight].get("momentum_buffer") for weight in model.parameters()]
    buffers = [None if buffer is None else buffer.clone() for buffer in buffers]
    copies = {name: value.detach().clone() for name, value in model.state_dict().items()}
    return {"model": copies, "losses": losses, "more": (generator.get_state(), buffers)}
