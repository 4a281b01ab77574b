"""What goes wrong within an epoch of training: gradients, losses."""

import copy

import torch
import torch.nn.functional as F

from .training import train
from .world import seeded


@train.misconception(
    "The gradients are never set to zero, so each step adds those of all steps before: call optimizer.zero_grad().",
    "examples values resume learns",
)
def train_without_zero_grad(model, x, y, epochs, *, lr=0.1, momentum=0.9, batch_size=32, seed=0, state=None):
    if len(x) == 0 or len(x) != len(y) or epochs < 1 or batch_size < 1 or lr <= 0:
        raise ValueError("these arguments do not fit together")
    device, generator, losses = next(model.parameters()).device, seeded(seed), []
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=momentum)
    if state is not None:
        state = copy.deepcopy(state)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        generator.set_state(state["generator"])
        losses = state["losses"]
    model.train()
    for _ in range(epochs):
        total = 0.0
        for batch in torch.randperm(len(x), generator=generator).split(batch_size):
            loss = F.cross_entropy(model(x[batch].to(device)), y[batch].to(device))
            loss.backward()
            optimizer.step()
            total += loss.item() * len(batch)
        losses.append(total / len(x))
    parts = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "generator": generator.get_state()}
    return copy.deepcopy({**parts, "losses": losses})


@train.misconception(
    "A softmax stands before cross_entropy, which takes one itself: hand it the scores.",
    "examples values learns",
)
def train_with_softmax(model, x, y, epochs, *, lr=0.1, momentum=0.9, batch_size=32, seed=0, state=None):
    if len(x) == 0 or len(x) != len(y) or epochs < 1 or batch_size < 1 or lr <= 0:
        raise ValueError("these arguments do not fit together")
    device, generator, losses = next(model.parameters()).device, seeded(seed), []
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=momentum)
    if state is not None:
        state = copy.deepcopy(state)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        generator.set_state(state["generator"])
        losses = state["losses"]
    model.train()
    for _ in range(epochs):
        total = 0.0
        for batch in torch.randperm(len(x), generator=generator).split(batch_size):
            loss = F.cross_entropy(model(x[batch].to(device)).softmax(dim=1), y[batch].to(device))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(batch)
        losses.append(total / len(x))
    parts = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "generator": generator.get_state()}
    return copy.deepcopy({**parts, "losses": losses})


@train.misconception(
    "The losses of the batches are averaged, so an example in a short last batch counts for more: weigh each batch by its size.",
    "examples values",
)
def train_mean_of_batches(model, x, y, epochs, *, lr=0.1, momentum=0.9, batch_size=32, seed=0, state=None):
    if len(x) == 0 or len(x) != len(y) or epochs < 1 or batch_size < 1 or lr <= 0:
        raise ValueError("these arguments do not fit together")
    device, generator, losses = next(model.parameters()).device, seeded(seed), []
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=momentum)
    if state is not None:
        state = copy.deepcopy(state)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        generator.set_state(state["generator"])
        losses = state["losses"]
    model.train()
    for _ in range(epochs):
        total = 0.0
        for batch in torch.randperm(len(x), generator=generator).split(batch_size):
            loss = F.cross_entropy(model(x[batch].to(device)), y[batch].to(device))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
        losses.append(total / -(-len(x) // batch_size))
    parts = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "generator": generator.get_state()}
    return copy.deepcopy({**parts, "losses": losses})


@train.misconception(
    "The loss is divided twice: cross_entropy gives a mean already; multiply it by the batch's size before you divide by len(x).",
    "examples values",
)
def train_loss_divided_twice(model, x, y, epochs, *, lr=0.1, momentum=0.9, batch_size=32, seed=0, state=None):
    if len(x) == 0 or len(x) != len(y) or epochs < 1 or batch_size < 1 or lr <= 0:
        raise ValueError("these arguments do not fit together")
    device, generator, losses = next(model.parameters()).device, seeded(seed), []
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=momentum)
    if state is not None:
        state = copy.deepcopy(state)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        generator.set_state(state["generator"])
        losses = state["losses"]
    model.train()
    for _ in range(epochs):
        total = 0.0
        for batch in torch.randperm(len(x), generator=generator).split(batch_size):
            loss = F.cross_entropy(model(x[batch].to(device)), y[batch].to(device))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
        losses.append(total / len(x))
    parts = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "generator": generator.get_state()}
    return copy.deepcopy({**parts, "losses": losses})


@train.misconception(
    "The losses are summed over the examples; the mean of an epoch is wanted.",
    "examples values",
)
def train_loss_summed(model, x, y, epochs, *, lr=0.1, momentum=0.9, batch_size=32, seed=0, state=None):
    if len(x) == 0 or len(x) != len(y) or epochs < 1 or batch_size < 1 or lr <= 0:
        raise ValueError("these arguments do not fit together")
    device, generator, losses = next(model.parameters()).device, seeded(seed), []
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=momentum)
    if state is not None:
        state = copy.deepcopy(state)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        generator.set_state(state["generator"])
        losses = state["losses"]
    model.train()
    for _ in range(epochs):
        total = 0.0
        for batch in torch.randperm(len(x), generator=generator).split(batch_size):
            loss = F.cross_entropy(model(x[batch].to(device)), y[batch].to(device))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(batch)
        losses.append(total)
    parts = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "generator": generator.get_state()}
    return copy.deepcopy({**parts, "losses": losses})


@train.misconception(
    "The steps follow the summed loss of a batch; with the mean a step does not depend on the batch's size.",
    "examples values learns",
)
def train_steps_on_sums(model, x, y, epochs, *, lr=0.1, momentum=0.9, batch_size=32, seed=0, state=None):
    if len(x) == 0 or len(x) != len(y) or epochs < 1 or batch_size < 1 or lr <= 0:
        raise ValueError("these arguments do not fit together")
    device, generator, losses = next(model.parameters()).device, seeded(seed), []
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=momentum)
    if state is not None:
        state = copy.deepcopy(state)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        generator.set_state(state["generator"])
        losses = state["losses"]
    model.train()
    for _ in range(epochs):
        total = 0.0
        for batch in torch.randperm(len(x), generator=generator).split(batch_size):
            loss = F.cross_entropy(model(x[batch].to(device)), y[batch].to(device))
            optimizer.zero_grad()
            (loss * len(batch)).backward()
            optimizer.step()
            total += loss.item() * len(batch)
        losses.append(total / len(x))
    parts = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "generator": generator.get_state()}
    return copy.deepcopy({**parts, "losses": losses})


@train.misconception(
    "The last, shorter batch is dropped; its examples are to be learnt too.",
    "examples values",
)
def train_drops_the_rest(model, x, y, epochs, *, lr=0.1, momentum=0.9, batch_size=32, seed=0, state=None):
    if len(x) == 0 or len(x) != len(y) or epochs < 1 or batch_size < 1 or lr <= 0:
        raise ValueError("these arguments do not fit together")
    device, generator, losses = next(model.parameters()).device, seeded(seed), []
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=momentum)
    if state is not None:
        state = copy.deepcopy(state)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        generator.set_state(state["generator"])
        losses = state["losses"]
    model.train()
    for _ in range(epochs):
        total = 0.0
        order = torch.randperm(len(x), generator=generator)
        size = min(batch_size, len(x))
        for batch in order[: len(x) // size * size].split(size):
            loss = F.cross_entropy(model(x[batch].to(device)), y[batch].to(device))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(batch)
        losses.append(total / len(x))
    parts = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "generator": generator.get_state()}
    return copy.deepcopy({**parts, "losses": losses})
