"""What goes wrong when a training is resumed, or the model is on another device."""

import copy

import torch
import torch.nn.functional as F

from .training import train
from .world import seeded


@train.misconception(
    "The state of the generator is not in the state, so a resumed training begins again with the first epoch's order.",
    "examples resume",
)
def train_forgets_the_generator(model, x, y, epochs, *, lr=0.1, momentum=0.9, batch_size=32, seed=0, state=None):
    if len(x) == 0 or len(x) != len(y) or epochs < 1 or batch_size < 1 or lr <= 0:
        raise ValueError("these arguments do not fit together")
    device, generator, losses = next(model.parameters()).device, seeded(seed), []
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=momentum)
    if state is not None:
        state = copy.deepcopy(state)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
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
    parts = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
    return copy.deepcopy({**parts, "losses": losses})


@train.misconception(
    "The state of the optimizer is not in the state, so a resumed training begins without momentum.",
    "examples resume",
)
def train_forgets_the_optimizer(model, x, y, epochs, *, lr=0.1, momentum=0.9, batch_size=32, seed=0, state=None):
    if len(x) == 0 or len(x) != len(y) or epochs < 1 or batch_size < 1 or lr <= 0:
        raise ValueError("these arguments do not fit together")
    device, generator, losses = next(model.parameters()).device, seeded(seed), []
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=momentum)
    if state is not None:
        state = copy.deepcopy(state)
        model.load_state_dict(state["model"])
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
    parts = {"model": model.state_dict(), "generator": generator.get_state()}
    return copy.deepcopy({**parts, "losses": losses})


@train.misconception(
    "A resumed training gives the losses of its own epochs only; the list goes on with those of the state.",
    "examples resume",
)
def train_forgets_the_losses(model, x, y, epochs, *, lr=0.1, momentum=0.9, batch_size=32, seed=0, state=None):
    if len(x) == 0 or len(x) != len(y) or epochs < 1 or batch_size < 1 or lr <= 0:
        raise ValueError("these arguments do not fit together")
    device, generator, losses = next(model.parameters()).device, seeded(seed), []
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=momentum)
    if state is not None:
        state = copy.deepcopy(state)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        generator.set_state(state["generator"])
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
    "epochs counts further epochs; here a resumed training stops when it has so many in all.",
    "examples resume",
)
def train_counts_from_the_beginning(model, x, y, epochs, *, lr=0.1, momentum=0.9, batch_size=32, seed=0, state=None):
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
    for _ in range(len(losses), epochs):
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
    "The state is never used: a training that is handed one begins anew.",
    "examples resume",
)
def train_ignores_the_state(model, x, y, epochs, *, lr=0.1, momentum=0.9, batch_size=32, seed=0, state=None):
    if len(x) == 0 or len(x) != len(y) or epochs < 1 or batch_size < 1 or lr <= 0:
        raise ValueError("these arguments do not fit together")
    device, generator, losses = next(model.parameters()).device, seeded(seed), []
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=momentum)
    if state is not None and epochs < 0:
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
    "The state holds the model's own tensors, not copies: when the model is trained on, the saved weights change too. Clone them.",
    "alone",
)
def train_gives_views(model, x, y, epochs, *, lr=0.1, momentum=0.9, batch_size=32, seed=0, state=None):
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
        losses.append(total / len(x))
    parts = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "generator": generator.get_state()}
    return {**parts, "losses": list(losses)}


@train.misconception(
    "The given state is changed: the optimizer trains on in its tensors, and the list of losses grows. Copy it first.",
    "alone",
)
def train_changes_the_given_state(model, x, y, epochs, *, lr=0.1, momentum=0.9, batch_size=32, seed=0, state=None):
    if len(x) == 0 or len(x) != len(y) or epochs < 1 or batch_size < 1 or lr <= 0:
        raise ValueError("these arguments do not fit together")
    device, generator, losses = next(model.parameters()).device, seeded(seed), []
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=momentum)
    if state is not None:
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
    "The state holds the optimizer itself: an object, no plain data. Store its state_dict().",
    "alone",
)
def train_keeps_the_optimizer_itself(model, x, y, epochs, *, lr=0.1, momentum=0.9, batch_size=32, seed=0, state=None):
    if len(x) == 0 or len(x) != len(y) or epochs < 1 or batch_size < 1 or lr <= 0:
        raise ValueError("these arguments do not fit together")
    device, generator, losses = next(model.parameters()).device, seeded(seed), []
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=momentum)
    if state is not None:
        state = copy.deepcopy(state)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"].state_dict())
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
    parts = {"model": model.state_dict(), "optimizer": optimizer, "generator": generator.get_state()}
    return copy.deepcopy({**parts, "losses": losses})


@train.misconception(
    "The batches stay on the CPU while the model is on another device: send them to the device of its parameters.",
    "device",
)
def train_device_left_behind(model, x, y, epochs, *, lr=0.1, momentum=0.9, batch_size=32, seed=0, state=None):
    if len(x) == 0 or len(x) != len(y) or epochs < 1 or batch_size < 1 or lr <= 0:
        raise ValueError("these arguments do not fit together")
    generator, losses = seeded(seed), []
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
            loss = F.cross_entropy(model(x[batch]), y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(batch)
        losses.append(total / len(x))
    parts = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "generator": generator.get_state()}
    return copy.deepcopy({**parts, "losses": losses})


@train.misconception(
    "The examples are sent to the model's device, and the labels are left behind on the CPU.",
    "device",
)
def train_labels_left_behind(model, x, y, epochs, *, lr=0.1, momentum=0.9, batch_size=32, seed=0, state=None):
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
            loss = F.cross_entropy(model(x[batch].to(device)), y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(batch)
        losses.append(total / len(x))
    parts = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "generator": generator.get_state()}
    return copy.deepcopy({**parts, "losses": losses})


@train.misconception(
    "The model is moved to another device, although the caller has chosen one: send the batches to the model instead.",
    "device",
)
def train_moves_the_model(model, x, y, epochs, *, lr=0.1, momentum=0.9, batch_size=32, seed=0, state=None):
    if len(x) == 0 or len(x) != len(y) or epochs < 1 or batch_size < 1 or lr <= 0:
        raise ValueError("these arguments do not fit together")
    device, generator, losses = torch.device("cuda" if torch.cuda.is_available() else "cpu"), seeded(seed), []
    model.to(device)
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
        losses.append(total / len(x))
    parts = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "generator": generator.get_state()}
    return copy.deepcopy({**parts, "losses": losses})


@train.misconception(
    "Examples and labels of different number, or sizes below 1, are let through; the statement asks for a ValueError.",
    "examples refusals",
)
def train_unchecked(model, x, y, epochs, *, lr=0.1, momentum=0.9, batch_size=32, seed=0, state=None):
    fewest, batch_size, lr = min(len(x), len(y)), max(batch_size, 1), abs(lr) or 0.1
    x, y = x[:fewest], y[:fewest]
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
        losses.append(total / max(len(x), 1))
    parts = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "generator": generator.get_state()}
    return copy.deepcopy({**parts, "losses": losses})
