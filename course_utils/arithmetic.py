"""Sizes, parameters and operations, read off real layers and real windows rather than typed.

Nothing here answers an exercise: what an assignment asks for as a formula stands here as a
measurement of a module, or as the list of inputs that a window touches.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn


@dataclass(frozen=True)
class LayerRow:
    """One layer of a table: `macs` are the multiply-accumulates of one input, biases not counted."""

    name: str
    kind: str
    output_shape: tuple[int, ...]
    parameters: int
    macs: int


def layer_table(model: nn.Module, input_shape: tuple[int, ...]) -> list[LayerRow]:
    """Return a row for each leaf layer of `model`, in the order of its forward pass.

    `input_shape` is without the batch axis. Everything runs on torch's "meta" device, where a
    tensor has a shape and no memory, so a layer of a trillion weights costs nothing to measure.
    MACs of convolutions and linear layers are outputs times weights per output.
    Raises ValueError where the model does not take that shape.
    """
    rows: list[LayerRow] = []

    def measure(name: str):
        def hook(layer: nn.Module, _inputs: object, output: torch.Tensor) -> None:
            shape = tuple(output.shape[1:])
            own = list(layer.parameters(recurse=False))
            counts = isinstance(layer, (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.Linear))
            weight: Any = getattr(layer, "weight", None)
            macs = output[0].numel() * weight[0].numel() if counts else 0
            rows.append(LayerRow(name, type(layer).__name__, shape, sum(p.numel() for p in own), macs))

        return hook

    leaves = [(name, layer) for name, layer in model.named_modules() if not list(layer.children())]
    hooks = [layer.register_forward_hook(measure(name or "0")) for name, layer in leaves]
    weights = {key: torch.empty_like(value, device="meta") for key, value in model.state_dict().items()}
    try:
        torch.func.functional_call(model, weights, (torch.empty(1, *input_shape, device="meta"),))
    except RuntimeError as error:
        raise ValueError(f"the model does not take an input of shape {input_shape}: {error}") from error
    finally:
        for hook in hooks:
            hook.remove()
    return rows


def window_taps(n: int, kernel_size: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> np.ndarray:
    """Return which inputs each output reads: int64 (outputs, kernel_size), one row for each output.

    Entries below 0 or from n on lie in the padding. The windows are laid down one after the other,
    as long as they fit. Raises ValueError where an argument is out of range or no window fits.
    """
    for name, value, least in (
        ("n", n, 1),
        ("kernel_size", kernel_size, 1),
        ("stride", stride, 1),
        ("padding", padding, 0),
        ("dilation", dilation, 1),
    ):
        if value < least:
            raise ValueError(f"{name} is {value}; it must be {least} or more")
    offsets = dilation * np.arange(kernel_size)
    starts = np.arange(-padding, n + padding - offsets[-1], stride)
    if not len(starts):
        raise ValueError(
            f"a window that spans {offsets[-1] + 1} positions does not fit into {n + 2 * padding} "
            f"({n} inputs and {padding} of padding on each side)"
        )
    return starts[:, None] + offsets


def touched_inputs(model: nn.Module, input_shape: tuple[int, ...], unit: tuple[int, ...]) -> np.ndarray:
    """Return which inputs change one output: a bool array of `input_shape`, by the gradient.

    `unit` indexes one element of the output, both shapes without the batch axis. The model is run in float64
    on random inputs; average several models or use positive weights where a gradient may vanish by chance.
    Raises ValueError where the output has no such element.
    """
    x = torch.rand(1, *input_shape, dtype=torch.float64, requires_grad=True)
    y = model.double()(x)[0]
    if len(unit) != y.ndim or any(not -size <= index < size for index, size in zip(unit, y.shape, strict=True)):
        raise ValueError(f"unit {unit} is no element of an output of shape {tuple(y.shape)}")
    y[unit].backward()
    assert x.grad is not None
    return (x.grad[0] != 0).numpy()
