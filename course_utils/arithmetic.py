"""Sizes, parameters and operations, read off real layers and real windows rather than typed.

Nothing here answers an exercise: what an assignment asks for as a formula stands here as a
measurement of a module, or as the list of inputs that a window touches.
"""

import functools
import itertools
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

Layers = Sequence[tuple[int, int, int]]
"""A stack of layers without padding: (kernel_size, stride, dilation) for each, from the input on."""


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
    short_cuts = [layer for _, layer in leaves if isinstance(layer, _KEEP_SHAPE)]
    hooks = [layer.register_forward_hook(measure(name or "0")) for name, layer in leaves]
    dtype = next((weight.dtype for weight in model.parameters()), torch.float32)
    weights = {key: torch.empty_like(value, device="meta") for key, value in model.state_dict().items()}
    try:
        for layer in short_cuts:
            vars(layer)["forward"] = functools.partial(_hand_on, layer)
        torch.func.functional_call(model, weights, (torch.empty(1, *input_shape, device="meta", dtype=dtype),))
    except RuntimeError as error:
        raise ValueError(f"the model does not take an input of shape {input_shape}: {error}") from error
    finally:
        for hook in hooks:
            hook.remove()
        for layer in short_cuts:
            vars(layer).pop("forward", None)
    return rows


# torch finds the shape of what these return in Python, in 1 to 3 ms each: half the time of a deep net's table.
_KEEP_SHAPE = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.ReLU, nn.ReLU6, nn.SiLU, nn.GELU)


def _hand_on(layer: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """Return what came in: the layer's output has its shape."""
    channels = getattr(layer, "num_features", None)
    if channels is not None and x.shape[1] != channels:
        raise RuntimeError(f"{type(layer).__name__} of {channels} channels was given {x.shape[1]}")
    return x


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


def times_read(n: int, kernel_size: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> np.ndarray:
    """Return how many windows read each of the n inputs: int64 (n,), 0 where an input is missed.

    Raises ValueError as `window_taps` does.
    """
    taps = window_taps(n, kernel_size, stride, padding, dilation)
    return np.bincount(taps[(taps >= 0) & (taps < n)], minlength=n)


@dataclass(frozen=True)
class SizeSurvey:
    """What `survey_sizes` found: how many settings fit, how many do not, and how often two sides disagreed."""

    fit: int
    do_not_fit: int
    torch_disagrees: int
    bracket_broken: int


def survey_sizes(
    sizes: Sequence[int],
    kernels: Sequence[int],
    strides: Sequence[int],
    paddings: Sequence[int],
    dilations: Sequence[int],
) -> SizeSurvey:
    """Compare the windows that fit with torch's conv1d, over every combination of the arguments.

    `torch_disagrees` counts settings where the number of windows is not the length of torch's output,
    or where one refuses and the other does not. `bracket_broken` counts settings where the last window
    does not fit into the padded input, or where one more stride would fit as well.
    """
    fit = do_not_fit = disagrees = broken = 0
    for n, k, s, p, d in itertools.product(sizes, kernels, strides, paddings, dilations):
        signal, weight = torch.empty(1, 1, n, device="meta"), torch.empty(1, 1, k, device="meta")
        try:
            of_torch = nn.functional.conv1d(signal, weight, stride=s, padding=p, dilation=d).shape[-1]
        except RuntimeError:
            of_torch = None
        try:
            last = window_taps(n, k, s, p, d)[-1, -1] + p
        except ValueError:
            do_not_fit += 1
            disagrees += of_torch is not None
            continue
        fit += 1
        disagrees += len(window_taps(n, k, s, p, d)) != of_torch
        broken += not last < n + 2 * p <= last + s
    return SizeSurvey(fit, do_not_fit, disagrees, broken)


def positive_stack(layers: Layers, dimensions: int = 1) -> nn.Sequential:
    """Return a stack of one-channel convolutions whose weights are all 1 / their number.

    The (kernel_size, stride, dilation) of a pooling layer may stand for it: it reads the same window.
    With positive weights nothing can cancel, so a gradient is 0 only where nothing is read.
    Raises ValueError where `layers` is empty or `dimensions` is not 1 or 2.
    """
    if not layers or dimensions not in (1, 2):
        raise ValueError(
            f"{len(layers)} layers in {dimensions} dimensions; give one layer or more, in 1 or 2 dimensions"
        )
    kind = nn.Conv1d if dimensions == 1 else nn.Conv2d
    stack = nn.Sequential(*(kind(1, 1, k, stride=s, dilation=d, bias=False) for k, s, d in layers))
    for weight in stack.parameters():
        nn.init.constant_(weight, 1 / weight.numel())
    return stack


def cone(n: int, layers: Layers, unit: int) -> list[np.ndarray]:
    """Return what one unit of the last layer depends on: a bool array for each level, the input first.

    `n` is the length of the input, the last array marks the unit itself. Found by following windows
    back, with no formula. Raises ValueError where a layer does not fit or the unit does not exist.
    """
    levels = [n]
    windows = []
    for number, (k, s, d) in enumerate(layers, start=1):
        try:
            windows.append(window_taps(levels[-1], k, s, 0, d))
        except ValueError as error:
            raise ValueError(f"layer {number} of {len(layers)}: {error}") from error
        levels.append(len(windows[-1]))
    if not 0 <= unit < levels[-1]:
        raise ValueError(f"unit {unit} does not exist: the last layer has {levels[-1]} units, counted from 0")
    marks = [np.arange(levels[-1]) == unit]
    for taps, length in zip(reversed(windows), reversed(levels[:-1]), strict=True):
        below = np.zeros(length, dtype=bool)
        below[taps[marks[0]]] = True
        marks.insert(0, below)
    return marks


def touched_inputs(model: nn.Module, input_shape: tuple[int, ...], unit: tuple[int, ...]) -> np.ndarray:
    """Return which inputs change one output: a bool array of `input_shape`, by the gradient.

    `unit` indexes one element of the output, both shapes without the batch axis. A copy of the model is run
    in float64 on random inputs; average several models or use positive weights where a gradient may vanish by
    chance. Raises ValueError where the output has no such element.
    """
    x = torch.rand(1, *input_shape, dtype=torch.float64, requires_grad=True)
    y = deepcopy(model).double()(x)[0]
    if len(unit) != y.ndim or any(not -size <= index < size for index, size in zip(unit, y.shape, strict=True)):
        raise ValueError(f"unit {unit} is no element of an output of shape {tuple(y.shape)}")
    y[unit].backward()
    assert x.grad is not None
    return (x.grad[0] != 0).numpy()


def channel_links(model: nn.Module, in_channels: int, size: int = 9) -> np.ndarray:
    """Return which output channels read which input channels: bool (out_channels, in_channels).

    `model` maps (N, in_channels, size, size) to (N, out_channels, H, W). A copy with every weight at 1 is
    fed one channel at a time. Raises ValueError where the model does not take that shape.
    """
    copy = deepcopy(model).double()
    for weight in copy.parameters():
        nn.init.ones_(weight)
    one_at_a_time = torch.cat([torch.zeros(1, in_channels), torch.eye(in_channels)]).double()
    try:
        with torch.no_grad():
            answers = copy(one_at_a_time[:, :, None, None].expand(-1, -1, size, size)).sum(dim=(2, 3))
    except RuntimeError as error:
        raise ValueError(f"the model does not take {in_channels} channels of {size} by {size}: {error}") from error
    return (answers[1:] != answers[0]).T.numpy()


def five_by_five_branch(middle: int | None = None) -> nn.Sequential:
    """Return a 5×5 layer from 192 to 32 channels that keeps the size, without biases.

    With `middle`, a 1×1 layer first reduces the 192 channels to that many. The sizes are those of the
    5×5 branch of Inception (3a), Szegedy et al. 2015, Table 1. Raises ValueError where `middle` is below 1.
    """
    if middle is None:
        return nn.Sequential(nn.Conv2d(192, 32, 5, padding=2, bias=False))
    if middle < 1:
        raise ValueError(f"middle is {middle}; it must be 1 or more channels")
    return nn.Sequential(nn.Conv2d(192, middle, 1, bias=False), nn.Conv2d(middle, 32, 5, padding=2, bias=False))


def rank_errors(channels: np.ndarray) -> np.ndarray:
    """Return what is lost when C channels are rebuilt from the best r mixtures of them, for r = 0 … C.

    `channels` is (C, positions). The result is float64 (C + 1,): Frobenius norm of the rest over that of
    `channels`, from 1 down to 0. Source: Eckart and Young, 1936: the singular values beyond the first r are the rest.
    Raises ValueError where `channels` is not two-dimensional or is zero everywhere.
    """
    if channels.ndim != 2 or not channels.any():
        raise ValueError(f"channels has shape {channels.shape}; it must be (C, positions), with a value that is not 0")
    energy = np.zeros(channels.shape[0] + 1)
    values = np.linalg.svd(channels, compute_uv=False)
    energy[: len(values)] = np.cumsum(values[::-1] ** 2)[::-1]
    return np.sqrt(energy / energy[0])
