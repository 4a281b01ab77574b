"""What goes wrong when multiply-accumulates are counted: what is left behind, and checks."""

import torch
from torch import nn

from .macs import count_macs


@count_macs.misconception(
    "The hooks stay on the model, and count on with every later call: keep what register_forward_hook returns, and remove() it.",
    "examples care",
)
def count_hooks_left(model, input_shape):
    if len(input_shape) < 1 or min(input_shape) < 1:
        raise ValueError(f"{input_shape=} must hold sizes of 1 or more")
    counts, modes = [], [(each, each.training) for each in model.modules()]

    def note(layer, _inputs, output):
        if isinstance(layer, nn.Conv2d):
            counts.append(output.numel() * layer.weight[0].numel())
        elif isinstance(layer, nn.Linear):
            counts.append(output.numel() * layer.in_features)

    hooks = [each.register_forward_hook(note) for each in model.modules()]
    like = next(model.parameters(), torch.zeros(1))
    try:
        with torch.no_grad():
            model.eval()(torch.zeros(1, *input_shape, dtype=like.dtype, device=like.device))
    finally:
        hooks.clear()
        for each, mode in modes:
            each.training = mode
    return sum(counts)


@count_macs.misconception(
    "Where the model raises, the hooks stay on it: remove them in a finally.",
    "care",
)
def count_hooks_left_after_errors(model, input_shape):
    if len(input_shape) < 1 or min(input_shape) < 1:
        raise ValueError(f"{input_shape=} must hold sizes of 1 or more")
    counts, modes = [], [(each, each.training) for each in model.modules()]

    def note(layer, _inputs, output):
        if isinstance(layer, nn.Conv2d):
            counts.append(output.numel() * layer.weight[0].numel())
        elif isinstance(layer, nn.Linear):
            counts.append(output.numel() * layer.in_features)

    hooks = [each.register_forward_hook(note) for each in model.modules()]
    like = next(model.parameters(), torch.zeros(1))
    model.eval()
    with torch.no_grad():
        model(torch.zeros(1, *input_shape, dtype=like.dtype, device=like.device))
    for hook in hooks:
        hook.remove()
    for each, mode in modes:
        each.training = mode
    return sum(counts)


@count_macs.misconception(
    "The model is in evaluation mode afterwards; it was in training mode before.",
    "examples care",
)
def count_leaves_eval(model, input_shape):
    if len(input_shape) < 1 or min(input_shape) < 1:
        raise ValueError(f"{input_shape=} must hold sizes of 1 or more")
    counts, modes = [], [(each, each.training) for each in model.modules()]

    def note(layer, _inputs, output):
        if isinstance(layer, nn.Conv2d):
            counts.append(output.numel() * layer.weight[0].numel())
        elif isinstance(layer, nn.Linear):
            counts.append(output.numel() * layer.in_features)

    hooks = [each.register_forward_hook(note) for each in model.modules()]
    like = next(model.parameters(), torch.zeros(1))
    try:
        with torch.no_grad():
            model.eval()(torch.zeros(1, *input_shape, dtype=like.dtype, device=like.device))
    finally:
        for hook in hooks:
            hook.remove()
        modes.clear()
    return sum(counts)


@count_macs.misconception(
    "Afterwards the whole model is in training mode, also the parts that were frozen in evaluation mode: remember each module's own mode.",
    "care",
)
def count_trains_all(model, input_shape):
    if len(input_shape) < 1 or min(input_shape) < 1:
        raise ValueError(f"{input_shape=} must hold sizes of 1 or more")
    counts, modes = [], [(each, each.training) for each in model.modules()]

    def note(layer, _inputs, output):
        if isinstance(layer, nn.Conv2d):
            counts.append(output.numel() * layer.weight[0].numel())
        elif isinstance(layer, nn.Linear):
            counts.append(output.numel() * layer.in_features)

    hooks = [each.register_forward_hook(note) for each in model.modules()]
    like = next(model.parameters(), torch.zeros(1))
    try:
        with torch.no_grad():
            model.eval()(torch.zeros(1, *input_shape, dtype=like.dtype, device=like.device))
    finally:
        for hook in hooks:
            hook.remove()
        model.train(modes[0][1])
    return sum(counts)


@count_macs.misconception(
    "The model runs in training mode: batch norms count this input among their statistics, and refuse a single number. Run it in evaluation mode.",
    "examples values care",
)
def count_while_training(model, input_shape):
    if len(input_shape) < 1 or min(input_shape) < 1:
        raise ValueError(f"{input_shape=} must hold sizes of 1 or more")
    counts, modes = [], [(each, each.training) for each in model.modules()]

    def note(layer, _inputs, output):
        if isinstance(layer, nn.Conv2d):
            counts.append(output.numel() * layer.weight[0].numel())
        elif isinstance(layer, nn.Linear):
            counts.append(output.numel() * layer.in_features)

    hooks = [each.register_forward_hook(note) for each in model.modules()]
    like = next(model.parameters(), torch.zeros(1))
    try:
        with torch.no_grad():
            model(torch.zeros(1, *input_shape, dtype=like.dtype, device=like.device))
    finally:
        for hook in hooks:
            hook.remove()
        for each, mode in modes:
            each.training = mode
    return sum(counts)


@count_macs.misconception(
    "The input is always float32; a model in float64 wants its own dtype.",
    "values care",
)
def count_in_float32(model, input_shape):
    if len(input_shape) < 1 or min(input_shape) < 1:
        raise ValueError(f"{input_shape=} must hold sizes of 1 or more")
    counts, modes = [], [(each, each.training) for each in model.modules()]

    def note(layer, _inputs, output):
        if isinstance(layer, nn.Conv2d):
            counts.append(output.numel() * layer.weight[0].numel())
        elif isinstance(layer, nn.Linear):
            counts.append(output.numel() * layer.in_features)

    hooks = [each.register_forward_hook(note) for each in model.modules()]
    like = next(model.parameters(), torch.zeros(1))
    try:
        with torch.no_grad():
            model.eval()(torch.zeros(1, *input_shape, device=like.device))
    finally:
        for hook in hooks:
            hook.remove()
        for each, mode in modes:
            each.training = mode
    return sum(counts)


@count_macs.misconception(
    "A model without parameters raises StopIteration; its count is 0.",
    "values",
)
def count_needs_parameters(model, input_shape):
    if len(input_shape) < 1 or min(input_shape) < 1:
        raise ValueError(f"{input_shape=} must hold sizes of 1 or more")
    counts, modes = [], [(each, each.training) for each in model.modules()]

    def note(layer, _inputs, output):
        if isinstance(layer, nn.Conv2d):
            counts.append(output.numel() * layer.weight[0].numel())
        elif isinstance(layer, nn.Linear):
            counts.append(output.numel() * layer.in_features)

    hooks = [each.register_forward_hook(note) for each in model.modules()]
    like = next(model.parameters())
    try:
        with torch.no_grad():
            model.eval()(torch.zeros(1, *input_shape, dtype=like.dtype, device=like.device))
    finally:
        for hook in hooks:
            hook.remove()
        for each, mode in modes:
            each.training = mode
    return sum(counts)


@count_macs.misconception(
    "Shapes without axes, or with sizes below 1, are let through; torch then raises an error of its own, or counts nothing.",
    "examples refusals",
)
def count_unchecked(model, input_shape):
    counts, modes = [], [(each, each.training) for each in model.modules()]

    def note(layer, _inputs, output):
        if isinstance(layer, nn.Conv2d):
            counts.append(output.numel() * layer.weight[0].numel())
        elif isinstance(layer, nn.Linear):
            counts.append(output.numel() * layer.in_features)

    hooks = [each.register_forward_hook(note) for each in model.modules()]
    like = next(model.parameters(), torch.zeros(1))
    try:
        with torch.no_grad():
            model.eval()(torch.zeros(1, *(max(size, 0) for size in input_shape), dtype=like.dtype, device=like.device))
    finally:
        for hook in hooks:
            hook.remove()
        for each, mode in modes:
            each.training = mode
    return sum(counts)
