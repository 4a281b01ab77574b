"""What goes wrong in a transfer as a whole."""

import copy

import torch
import torch.nn.functional as F
from torch import nn

from .whole import transfer


@transfer.misconception(
    "The weights are drawn anew and trained from scratch: 18 pictures are too few for that. Copy what was learnt.",
    "examples reads",
)
def transfer_from_scratch(model, x, y, classes, seed=0):
    if not 0 < len(x) == len(y) or classes < 2 or y.min() < 0 or y.max() >= classes:
        raise ValueError("these pictures and labels do not fit together")
    torch.manual_seed(seed)
    new = copy.deepcopy(model).eval().requires_grad_(True)
    new.head = nn.Linear(new.head.in_features, classes)
    for each in new.modules():
        if hasattr(each, "reset_parameters"):
            each.reset_parameters()
    optimizer = torch.optim.Adam(new.train().parameters(), lr=0.01, weight_decay=0.01)
    for _ in range(30):
        optimizer.zero_grad()
        F.cross_entropy(new(x), y).backward()
        optimizer.step()
    return new


@transfer.misconception(
    "The old head is kept: it has the classes of another task. Replace it by one with as many classes as the new task has.",
    "examples reads",
)
def transfer_with_the_old_head(model, x, y, classes, seed=0):
    if not 0 < len(x) == len(y) or classes < 2 or y.min() < 0 or y.max() >= classes:
        raise ValueError("these pictures and labels do not fit together")
    torch.manual_seed(seed)
    new = copy.deepcopy(model).eval().requires_grad_(True)
    with torch.no_grad():
        features = new[:-1](x)
    optimizer = torch.optim.Adam(new.head.parameters(), lr=0.02, weight_decay=0.01)
    for _ in range(100):
        optimizer.zero_grad()
        F.cross_entropy(new.head(features), y).backward()
        optimizer.step()
    return new


@transfer.misconception(
    "The optimizer is made before the head is replaced, so it trains the old one, and the new head stays as it was drawn.",
    "examples reads",
)
def transfer_optimizer_too_early(model, x, y, classes, seed=0):
    if not 0 < len(x) == len(y) or classes < 2 or y.min() < 0 or y.max() >= classes:
        raise ValueError("these pictures and labels do not fit together")
    torch.manual_seed(seed)
    new = copy.deepcopy(model).eval().requires_grad_(True)
    with torch.no_grad():
        features = new[:-1](x)
    optimizer = torch.optim.Adam(new.head.parameters(), lr=0.02, weight_decay=0.01)
    new.head = nn.Linear(new.head.in_features, classes)
    for _ in range(100):
        optimizer.zero_grad()
        F.cross_entropy(new.head(features), y).backward()
        optimizer.step()
    return new


@transfer.misconception(
    "All layers learn at a rate that is right for none: what was learnt is destroyed. Freeze the copied layers, or give them a rate of their own, a tenth or less.",
    "examples reads",
)
def transfer_too_bold(model, x, y, classes, seed=0):
    if not 0 < len(x) == len(y) or classes < 2 or y.min() < 0 or y.max() >= classes:
        raise ValueError("these pictures and labels do not fit together")
    torch.manual_seed(seed)
    new = copy.deepcopy(model).eval().requires_grad_(True)
    new.head = nn.Linear(new.head.in_features, classes)
    optimizer = torch.optim.Adam(new.parameters(), lr=0.5)
    for _ in range(20):
        optimizer.zero_grad()
        F.cross_entropy(new(x), y).backward()
        optimizer.step()
    return new


@transfer.misconception(
    "The model that was handed over is changed: copy it first, and train the copy.",
    "examples apart",
)
def transfer_in_place(model, x, y, classes, seed=0):
    if not 0 < len(x) == len(y) or classes < 2 or y.min() < 0 or y.max() >= classes:
        raise ValueError("these pictures and labels do not fit together")
    torch.manual_seed(seed)
    new = model.eval().requires_grad_(True)
    new.head = nn.Linear(new.head.in_features, classes)
    with torch.no_grad():
        features = new[:-1](x)
    optimizer = torch.optim.Adam(new.head.parameters(), lr=0.02, weight_decay=0.01)
    for _ in range(100):
        optimizer.zero_grad()
        F.cross_entropy(new.head(features), y).backward()
        optimizer.step()
    return new


@transfer.misconception(
    "The new network has the old one's layers themselves: whoever trains it later changes the old one. Copy them.",
    "apart",
)
def transfer_sharing_layers(model, x, y, classes, seed=0):
    if not 0 < len(x) == len(y) or classes < 2 or y.min() < 0 or y.max() >= classes:
        raise ValueError("these pictures and labels do not fit together")
    torch.manual_seed(seed)
    new = nn.Sequential()
    for name, layer in model.named_children():
        new.add_module(name, layer)
    modes = [each.training for each in model.modules()]
    new.eval()
    new.head = nn.Linear(new.head.in_features, classes)
    with torch.no_grad():
        features = new[:-1](x)
    for each, mode in zip(model.modules(), modes):
        each.training = mode
    optimizer = torch.optim.Adam(new.head.parameters(), lr=0.02, weight_decay=0.01)
    for _ in range(100):
        optimizer.zero_grad()
        F.cross_entropy(new.head(features), y).backward()
        optimizer.step()
    return new


@transfer.misconception(
    "Nothing is done with the seed: each call draws another head, and nobody can repeat the result.",
    "examples again",
)
def transfer_without_a_seed(model, x, y, classes, seed=0):
    if not 0 < len(x) == len(y) or classes < 2 or y.min() < 0 or y.max() >= classes:
        raise ValueError("these pictures and labels do not fit together")
    torch.seed()
    new = copy.deepcopy(model).eval().requires_grad_(True)
    new.head = nn.Linear(new.head.in_features, classes)
    with torch.no_grad():
        features = new[:-1](x)
    optimizer = torch.optim.Adam(new.head.parameters(), lr=0.02, weight_decay=0.01)
    for _ in range(100):
        optimizer.zero_grad()
        F.cross_entropy(new.head(features), y).backward()
        optimizer.step()
    return new


@transfer.misconception(
    "Pictures, labels and classes that do not fit are taken, or end in an exception of another kind: raise ValueError.",
    "examples refusals",
)
def transfer_unchecked(model, x, y, classes, seed=0):
    number = min(len(x), len(y))
    x, y = x[:number], y[:number].clamp(0, classes - 1)
    torch.manual_seed(seed)
    new = copy.deepcopy(model).eval().requires_grad_(True)
    new.head = nn.Linear(new.head.in_features, classes)
    with torch.no_grad():
        features = new[:-1](x)
    optimizer = torch.optim.Adam(new.head.parameters(), lr=0.02, weight_decay=0.01)
    for _ in range(100):
        optimizer.zero_grad()
        F.cross_entropy(new.head(features), y).backward()
        optimizer.step()
    return new
