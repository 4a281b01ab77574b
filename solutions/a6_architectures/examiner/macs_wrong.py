"""What goes wrong when multiply-accumulates are counted."""

import torch
from torch import nn

from .macs import count_macs


@count_macs.misconception(
    "Multiplications and additions are counted apart: that is FLOPs, twice as many. One MAC is one of each.",
    "examples values care",
)
def count_flops(model, input_shape):
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
        for each, mode in modes:
            each.training = mode
    return 2 * sum(counts)


@count_macs.misconception(
    "The biases are counted; adding a bias is no multiply-accumulate.",
    "examples values care",
)
def count_bias(model, input_shape):
    if len(input_shape) < 1 or min(input_shape) < 1:
        raise ValueError(f"{input_shape=} must hold sizes of 1 or more")
    counts, modes = [], [(each, each.training) for each in model.modules()]

    def note(layer, _inputs, output):
        if isinstance(layer, nn.Conv2d):
            counts.append(output.numel() * (layer.weight[0].numel() + (layer.bias is not None)))
        elif isinstance(layer, nn.Linear):
            counts.append(output.numel() * (layer.in_features + 1))

    hooks = [each.register_forward_hook(note) for each in model.modules()]
    like = next(model.parameters(), torch.zeros(1))
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
    "The count is for a batch of several; input_shape has no batch axis, and the count is for one example.",
    "examples values care",
)
def count_batch(model, input_shape):
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
            model.eval()(torch.zeros(3, *input_shape, dtype=like.dtype, device=like.device))
    finally:
        for hook in hooks:
            hook.remove()
        for each, mode in modes:
            each.training = mode
    return sum(counts)


@count_macs.misconception(
    "A convolution with groups is counted as if each output read all channels; it reads in_channels / groups.",
    "examples values",
)
def count_without_groups(model, input_shape):
    if len(input_shape) < 1 or min(input_shape) < 1:
        raise ValueError(f"{input_shape=} must hold sizes of 1 or more")
    counts, modes = [], [(each, each.training) for each in model.modules()]

    def note(layer, _inputs, output):
        if isinstance(layer, nn.Conv2d):
            counts.append(output.numel() * layer.weight[0, 0].numel() * layer.in_channels)
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
        for each, mode in modes:
            each.training = mode
    return sum(counts)


@count_macs.misconception(
    "The places of the input are counted; a kernel stands once for each place of the output.",
    "examples values care",
)
def count_input_places(model, input_shape):
    if len(input_shape) < 1 or min(input_shape) < 1:
        raise ValueError(f"{input_shape=} must hold sizes of 1 or more")
    counts, modes = [], [(each, each.training) for each in model.modules()]

    def note(layer, _inputs, output):
        if isinstance(layer, nn.Conv2d):
            counts.append(_inputs[0][0, 0].numel() * layer.weight.numel())
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
        for each, mode in modes:
            each.training = mode
    return sum(counts)


@count_macs.misconception(
    "The window is forgotten: each output of a convolution reads kernel height times kernel width numbers of each channel.",
    "examples values care",
)
def count_without_window(model, input_shape):
    if len(input_shape) < 1 or min(input_shape) < 1:
        raise ValueError(f"{input_shape=} must hold sizes of 1 or more")
    counts, modes = [], [(each, each.training) for each in model.modules()]

    def note(layer, _inputs, output):
        if isinstance(layer, nn.Conv2d):
            counts.append(output.numel() * len(layer.weight[0]))
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
        for each, mode in modes:
            each.training = mode
    return sum(counts)


@count_macs.misconception(
    "These are the weights, not the multiplications: a convolution uses each weight once for every place.",
    "examples values care",
)
def count_parameters(model, input_shape):
    if len(input_shape) < 1 or min(input_shape) < 1:
        raise ValueError(f"{input_shape=} must hold sizes of 1 or more")
    counts, modes = [], [(each, each.training) for each in model.modules()]

    def note(layer, _inputs, output):
        if isinstance(layer, nn.Conv2d):
            counts.append(layer.weight.numel())
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
        for each, mode in modes:
            each.training = mode
    return sum(counts)


@count_macs.misconception(
    "A linear layer on (…, in_features) works at every place; it is counted for one.",
    "values",
)
def count_linear_once(model, input_shape):
    if len(input_shape) < 1 or min(input_shape) < 1:
        raise ValueError(f"{input_shape=} must hold sizes of 1 or more")
    counts, modes = [], [(each, each.training) for each in model.modules()]

    def note(layer, _inputs, output):
        if isinstance(layer, nn.Conv2d):
            counts.append(output.numel() * layer.weight[0].numel())
        elif isinstance(layer, nn.Linear):
            counts.append(layer.weight.numel())

    hooks = [each.register_forward_hook(note) for each in model.modules()]
    like = next(model.parameters(), torch.zeros(1))
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
    "A layer that is used twice is counted once: count in each call of the hook, not once for each layer.",
    "values care",
)
def count_shared_once(model, input_shape):
    if len(input_shape) < 1 or min(input_shape) < 1:
        raise ValueError(f"{input_shape=} must hold sizes of 1 or more")
    counts, modes = [], [(each, each.training) for each in model.modules()]

    def note(layer, _inputs, output):
        if isinstance(layer, nn.Conv2d):
            counts.append((layer, output.numel() * layer.weight[0].numel()))
        elif isinstance(layer, nn.Linear):
            counts.append((layer, output.numel() * layer.in_features))

    hooks = [each.register_forward_hook(note) for each in model.modules()]
    like = next(model.parameters(), torch.zeros(1))
    try:
        with torch.no_grad():
            model.eval()(torch.zeros(1, *input_shape, dtype=like.dtype, device=like.device))
    finally:
        for hook in hooks:
            hook.remove()
        for each, mode in modes:
            each.training = mode
    return sum(dict(counts).values())


@count_macs.misconception(
    "The linear layers are not counted; they multiply as well.",
    "examples values care",
)
def count_linears_only(model, input_shape):
    if len(input_shape) < 1 or min(input_shape) < 1:
        raise ValueError(f"{input_shape=} must hold sizes of 1 or more")
    counts, modes = [], [(each, each.training) for each in model.modules()]

    def note(layer, _inputs, output):
        if isinstance(layer, nn.Conv2d):
            counts.append(output.numel() * layer.weight[0].numel())

    hooks = [each.register_forward_hook(note) for each in model.modules()]
    like = next(model.parameters(), torch.zeros(1))
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
    "torch's FLOP counter also counts matrix products that are no layer's; the statement asks for nn.Conv2d and nn.Linear alone.",
    "values care",
)
def count_all_products(model, input_shape):
    from torch.utils.flop_counter import FlopCounterMode

    if len(input_shape) < 1 or min(input_shape) < 1:
        raise ValueError(f"{input_shape=} must hold sizes of 1 or more")
    modes = [(each, each.training) for each in model.modules()]
    like = next(model.parameters(), torch.zeros(1))
    try:
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            model.eval()(torch.zeros(1, *input_shape, dtype=like.dtype, device=like.device))
    finally:
        for each, mode in modes:
            each.training = mode
    return counter.get_total_flops() // 2
