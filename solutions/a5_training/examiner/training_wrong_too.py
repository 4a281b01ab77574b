"""What goes wrong within an epoch of training: batches, modes, optimizers."""

import copy

import torch
import torch.nn.functional as F

from .training import train
from .world import seeded


@train.misconception(
    "The examples come in the same order in every epoch: draw a permutation.",
    "examples values",
)
def train_without_shuffling(model, x, y, epochs, *, lr=0.1, momentum=0.9, batch_size=32, seed=0, state=None):
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
        for batch in torch.arange(len(x)).split(batch_size):
            loss = F.cross_entropy(model(x[batch].to(device)), y[batch].to(device))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(batch)
        losses.append(total / len(x))
    parts = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "generator": generator.get_state()}
    return copy.deepcopy({**parts, "losses": losses})


@train.misconception(
    "The generator starts anew in each epoch, so all epochs have the same order: make it once, before the loop.",
    "examples values",
)
def train_reseeded_each_epoch(model, x, y, epochs, *, lr=0.1, momentum=0.9, batch_size=32, seed=0, state=None):
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
        total, generator = 0.0, seeded(seed)
        for batch in torch.randperm(len(x), generator=generator).split(batch_size):
            loss = F.cross_entropy(model(x[batch].to(device)), y[batch].to(device))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(batch)
        losses.append(total / len(x))
    parts = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "generator": generator.get_state()}
    return copy.deepcopy({**parts, "losses": losses})


@train.misconception(
    "The model trains in the mode in which it came; in evaluation mode batch normalisation and dropout do not train: call model.train().",
    "values",
)
def train_in_the_mode_it_came(model, x, y, epochs, *, lr=0.1, momentum=0.9, batch_size=32, seed=0, state=None):
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
    for _ in range(epochs):
        total = 0.0
        for batch in torch.randperm(len(x), generator=generator).split(batch_size):
            loss = F.cross_entropy(model(x[batch].to(device)), y[batch].to(device))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(batch)
        losses.append(total / len(x))
    parts = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "generator": generator.get_state()}
    return copy.deepcopy({**parts, "losses": losses})


@train.misconception(
    "The momentum is left out: hand it to the optimizer.",
    "examples values learns",
)
def train_without_momentum(model, x, y, epochs, *, lr=0.1, momentum=0.9, batch_size=32, seed=0, state=None):
    if len(x) == 0 or len(x) != len(y) or epochs < 1 or batch_size < 1 or lr <= 0:
        raise ValueError("these arguments do not fit together")
    device, generator, losses = next(model.parameters()).device, seeded(seed), []
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
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
        losses.append(total / len(x))
    parts = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "generator": generator.get_state()}
    return copy.deepcopy({**parts, "losses": losses})


@train.misconception(
    "The optimizer is Adam; the statement asks for SGD with momentum.",
    "examples values",
)
def train_with_adam(model, x, y, epochs, *, lr=0.1, momentum=0.9, batch_size=32, seed=0, state=None):
    if len(x) == 0 or len(x) != len(y) or epochs < 1 or batch_size < 1 or lr <= 0:
        raise ValueError("these arguments do not fit together")
    device, generator, losses = next(model.parameters()).device, seeded(seed), []
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
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
        losses.append(total / len(x))
    parts = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "generator": generator.get_state()}
    return copy.deepcopy({**parts, "losses": losses})


@train.misconception(
    "The loss of the last batch stands for the whole epoch; it is the mean over all its examples.",
    "examples values",
)
def train_last_batch_loss(model, x, y, epochs, *, lr=0.1, momentum=0.9, batch_size=32, seed=0, state=None):
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
            total = loss.item() * len(x)
        losses.append(total / len(x))
    parts = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "generator": generator.get_state()}
    return copy.deepcopy({**parts, "losses": losses})
