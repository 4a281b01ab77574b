"""What goes wrong when layers are taken away."""

import copy

import torch
from torch import nn

from .ablation import ablate


@ablate.misconception(
    "The layers that stay are the old model's own, not copies: training one network changes the other. Use copy.deepcopy.",
    "apart",
)
def ablate_shares_layers(model, names, input_shape):
    known = [name for name, _ in model.named_children()]
    if not set(names) < set(known):
        raise ValueError("these layers cannot be taken away")
    new, x = nn.Sequential(), torch.zeros(1, *input_shape)
    for name, layer in model.named_children():
        if name not in names:
            if isinstance(layer, nn.Conv2d) and layer.in_channels != x.shape[1]:
                options = layer.kernel_size, layer.stride, layer.padding, layer.dilation
                layer = nn.Conv2d(x.shape[1], layer.out_channels, *options, bias=layer.bias is not None)
            if isinstance(layer, nn.Linear) and layer.in_features != x.shape[1]:
                layer = nn.Linear(x.shape[1], layer.out_features, layer.bias is not None)
            x = layer(x).detach()
            new.add_module(name, layer)
    return new


@ablate.misconception(
    "The layers are taken out of the model that was handed over; return a new one.",
    "apart",
)
def ablate_in_place(model, names, input_shape):
    known = [name for name, _ in model.named_children()]
    if not set(names) < set(known):
        raise ValueError("these layers cannot be taken away")
    new, x = model, torch.zeros(1, *input_shape)
    for name in names:
        delattr(model, name)
    for name, layer in list(model.named_children()):
        if name not in names:
            if isinstance(layer, nn.Conv2d) and layer.in_channels != x.shape[1]:
                options = layer.kernel_size, layer.stride, layer.padding, layer.dilation
                layer = nn.Conv2d(x.shape[1], layer.out_channels, *options, bias=layer.bias is not None)
            if isinstance(layer, nn.Linear) and layer.in_features != x.shape[1]:
                layer = nn.Linear(x.shape[1], layer.out_features, layer.bias is not None)
            x = layer(x).detach()
            setattr(new, name, layer)
    return new


@ablate.misconception(
    "All layers are drawn anew; one whose input is as before keeps its weights.",
    "examples values",
)
def ablate_draws_all_anew(model, names, input_shape):
    known = [name for name, _ in model.named_children()]
    if not set(names) < set(known):
        raise ValueError("these layers cannot be taken away")
    new, x = nn.Sequential(), torch.zeros(1, *input_shape)
    for name, layer in model.named_children():
        if name not in names:
            layer = copy.deepcopy(layer)
            if isinstance(layer, nn.Conv2d):
                options = layer.kernel_size, layer.stride, layer.padding, layer.dilation
                layer = nn.Conv2d(x.shape[1], layer.out_channels, *options, bias=layer.bias is not None)
            if isinstance(layer, nn.Linear):
                layer = nn.Linear(x.shape[1], layer.out_features, layer.bias is not None)
            x = layer(x).detach()
            new.add_module(name, layer)
    return new


@ablate.misconception(
    "Layers keep their old sizes; where the one before is gone, in_channels or in_features no longer fit.",
    "examples values",
)
def ablate_keeps_the_sizes(model, names, input_shape):
    known = [name for name, _ in model.named_children()]
    if not set(names) < set(known):
        raise ValueError("these layers cannot be taken away")
    new, x = nn.Sequential(), torch.zeros(1, *input_shape)
    for name, layer in model.named_children():
        if name not in names:
            layer = copy.deepcopy(layer)
            if isinstance(layer, nn.Conv2d) and layer.in_channels < 0:
                options = layer.kernel_size, layer.stride, layer.padding, layer.dilation
                layer = nn.Conv2d(x.shape[1], layer.out_channels, *options, bias=layer.bias is not None)
            if isinstance(layer, nn.Linear) and layer.in_features < 0:
                layer = nn.Linear(x.shape[1], layer.out_features, layer.bias is not None)
            new.add_module(name, layer)
    return new


@ablate.misconception(
    "A mended convolution loses its stride, padding or dilation: take them from the old one.",
    "examples values",
)
def ablate_forgets_the_options(model, names, input_shape):
    known = [name for name, _ in model.named_children()]
    if not set(names) < set(known):
        raise ValueError("these layers cannot be taken away")
    new, x = nn.Sequential(), torch.zeros(1, *input_shape)
    for name, layer in model.named_children():
        if name not in names:
            layer = copy.deepcopy(layer)
            if isinstance(layer, nn.Conv2d) and layer.in_channels != x.shape[1]:
                options = (layer.kernel_size,)
                layer = nn.Conv2d(x.shape[1], layer.out_channels, *options, bias=layer.bias is not None)
            if isinstance(layer, nn.Linear) and layer.in_features != x.shape[1]:
                layer = nn.Linear(x.shape[1], layer.out_features, layer.bias is not None)
            x = layer(x).detach()
            new.add_module(name, layer)
    return new


@ablate.misconception(
    "A mended layer gets a bias although the old one has none.",
    "values",
)
def ablate_gives_every_layer_a_bias(model, names, input_shape):
    known = [name for name, _ in model.named_children()]
    if not set(names) < set(known):
        raise ValueError("these layers cannot be taken away")
    new, x = nn.Sequential(), torch.zeros(1, *input_shape)
    for name, layer in model.named_children():
        if name not in names:
            layer = copy.deepcopy(layer)
            if isinstance(layer, nn.Conv2d) and layer.in_channels != x.shape[1]:
                options = layer.kernel_size, layer.stride, layer.padding, layer.dilation
                layer = nn.Conv2d(x.shape[1], layer.out_channels, *options)
            if isinstance(layer, nn.Linear) and layer.in_features != x.shape[1]:
                layer = nn.Linear(x.shape[1], layer.out_features)
            x = layer(x).detach()
            new.add_module(name, layer)
    return new


@ablate.misconception(
    "The layers that stay lose their names: keep them, so that weights can be told apart.",
    "examples values",
)
def ablate_renumbers(model, names, input_shape):
    known = [name for name, _ in model.named_children()]
    if not set(names) < set(known):
        raise ValueError("these layers cannot be taken away")
    new, x = nn.Sequential(), torch.zeros(1, *input_shape)
    for name, layer in model.named_children():
        if name not in names:
            layer = copy.deepcopy(layer)
            if isinstance(layer, nn.Conv2d) and layer.in_channels != x.shape[1]:
                options = layer.kernel_size, layer.stride, layer.padding, layer.dilation
                layer = nn.Conv2d(x.shape[1], layer.out_channels, *options, bias=layer.bias is not None)
            if isinstance(layer, nn.Linear) and layer.in_features != x.shape[1]:
                layer = nn.Linear(x.shape[1], layer.out_features, layer.bias is not None)
            x = layer(x).detach()
            new.append(layer)
    return new


@ablate.misconception(
    "Linear layers are not mended: without a layer before them, in_features changes too.",
    "examples values",
)
def ablate_mends_convolutions_only(model, names, input_shape):
    known = [name for name, _ in model.named_children()]
    if not set(names) < set(known):
        raise ValueError("these layers cannot be taken away")
    new, x = nn.Sequential(), torch.zeros(1, *input_shape)
    for name, layer in model.named_children():
        if name not in names:
            layer = copy.deepcopy(layer)
            if isinstance(layer, nn.Conv2d) and layer.in_channels != x.shape[1]:
                options = layer.kernel_size, layer.stride, layer.padding, layer.dilation
                layer = nn.Conv2d(x.shape[1], layer.out_channels, *options, bias=layer.bias is not None)
            if isinstance(layer, nn.Linear) and layer.in_features < 0:
                layer = nn.Linear(x.shape[1], layer.out_features, layer.bias is not None)
            x = (
                layer(x).detach()
                if not isinstance(layer, nn.Linear) or layer.in_features == x.shape[1]
                else x[:, :1].expand(-1, layer.out_features)
            )
            new.add_module(name, layer)
    return new


@ablate.misconception(
    "The model is put into evaluation mode for a dry run, and left there.",
    "apart",
)
def ablate_leaves_eval(model, names, input_shape):
    known = [name for name, _ in model.named_children()]
    if not set(names) < set(known):
        raise ValueError("these layers cannot be taken away")
    model.eval()
    new, x = nn.Sequential(), torch.zeros(1, *input_shape)
    for name, layer in model.named_children():
        if name not in names:
            layer = copy.deepcopy(layer)
            if isinstance(layer, nn.Conv2d) and layer.in_channels != x.shape[1]:
                options = layer.kernel_size, layer.stride, layer.padding, layer.dilation
                layer = nn.Conv2d(x.shape[1], layer.out_channels, *options, bias=layer.bias is not None)
            if isinstance(layer, nn.Linear) and layer.in_features != x.shape[1]:
                layer = nn.Linear(x.shape[1], layer.out_features, layer.bias is not None)
            x = layer(x).detach()
            new.add_module(name, layer)
    return new


@ablate.misconception(
    "Names that are no layers, or all of them, are let through; the statement asks for a ValueError.",
    "examples refusals",
)
def ablate_unchecked(model, names, input_shape):
    new, x = nn.Sequential(), torch.zeros(1, *input_shape)
    for name, layer in model.named_children():
        if name not in names:
            layer = copy.deepcopy(layer)
            if isinstance(layer, nn.Conv2d) and layer.in_channels != x.shape[1]:
                options = layer.kernel_size, layer.stride, layer.padding, layer.dilation
                layer = nn.Conv2d(x.shape[1], layer.out_channels, *options, bias=layer.bias is not None)
            if isinstance(layer, nn.Linear) and layer.in_features != x.shape[1]:
                layer = nn.Linear(x.shape[1], layer.out_features, layer.bias is not None)
            x = layer(x).detach()
            new.add_module(name, layer)
    return new
