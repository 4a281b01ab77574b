"""What an optimiser meets: the sizes of gradients and signals layer by layer, and the loss around a point.

Models may be groups of nets side by side (`models.resnet.SmallResNet`): each group is then measured by itself.
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F


@dataclass(frozen=True)
class Start:
    """What a first backward pass finds: float64 arrays (layers, groups), the layer next to the input first.

    `gradients` holds norms of the weights' gradients, `signals` root mean squares of what each layer puts out.
    """

    gradients: np.ndarray
    signals: np.ndarray

    @property
    def ratios(self) -> np.ndarray:
        """Gradient norm of the first layer over that of the last, for each group: float64 (groups,)."""
        return self.gradients[0] / self.gradients[-1]


def _losses(model: nn.Module, x: torch.Tensor, y: torch.Tensor, groups: int) -> torch.Tensor:
    """Return the mean cross-entropy of each group, (groups,); raises ValueError where the scores do not fit."""
    scores = model(x)
    if scores.ndim not in (2, 3) or scores.shape[0] != len(y) or (scores.ndim == 3) != (groups > 1):
        raise ValueError(f"scores of shape {tuple(scores.shape)} do not fit {len(y)} labels and {groups} groups")
    scores = scores.reshape(len(y), groups, -1)
    labels = y[:, None].expand(-1, groups)
    return F.cross_entropy(scores.flatten(0, 1), labels.flatten(), reduction="none").view(-1, groups).mean(dim=0)


def measure_start(model: nn.Module, x: torch.Tensor, y: torch.Tensor, groups: int = 1) -> Start:
    """Run one forward and one backward pass of cross-entropy, and measure every k×k convolution with k above 1.

    `x` is (N, C, H, W), `y` int64 (N,). A copy of the model is run in float64: in float32 the square of a
    gradient of 1e-23 is 0, and a small norm would come out as none. The model itself stays as it is.
    Raises ValueError where the model has no such layer, or where its scores do not fit labels and groups.
    """
    # Apple's GPUs have no float64.
    device = torch.device("cpu") if x.device.type == "mps" else x.device
    copy, x, y = deepcopy(model).to(device, torch.float64), x.to(device, torch.float64), y.to(device)
    layers = [layer for layer in copy.modules() if isinstance(layer, nn.Conv2d) and max(layer.kernel_size) > 1]
    if not layers:
        raise ValueError("the model has no convolution larger than 1×1 to measure")
    signals: list[np.ndarray] = []

    def measure(_layer: nn.Module, _inputs: object, output: torch.Tensor) -> None:
        each = output.detach().unflatten(1, (groups, -1)).square().mean(dim=(0, 2, 3, 4)).sqrt()
        signals.append(each.cpu().numpy())

    hooks = [layer.register_forward_hook(measure) for layer in layers]
    _losses(copy, x, y, groups).sum().backward()
    for hook in hooks:
        hook.remove()
    gradients = []
    for layer in layers:
        assert layer.weight.grad is not None
        gradients.append(layer.weight.grad.unflatten(0, (groups, -1)).flatten(1).norm(dim=1).cpu().numpy())
    return Start(np.stack(gradients), np.stack(signals))


def filter_directions(model: nn.Module, seed: int, count: int = 2) -> list[dict[str, torch.Tensor]]:
    """Return random directions in the space of a model's weights, filter-normalised.

    Every filter (and every row of a linear layer) of a direction has the norm of the model's own filter, so that a
    step of 1 moves each of them by its own length; biases and normalisation stay. The seed decides on any device
    alike. Source: Li and others, "Visualizing the loss landscape of neural nets", 2018, section 4.
    """
    generator = torch.Generator().manual_seed(seed)
    directions = []
    for _ in range(count):
        direction = {}
        for name, weight in model.named_parameters():
            if weight.ndim > 1:
                noise = torch.randn(weight.shape, generator=generator).to(weight)
                sizes = [part.flatten(1).norm(dim=1) for part in (weight.detach(), noise)]
                scale = (sizes[0] / sizes[1]).reshape(-1, *[1] * (weight.ndim - 1))
                direction[name] = noise * scale
        directions.append(direction)
    return directions


@torch.no_grad()
def loss_surface(
    model: nn.Module,
    x: torch.Tensor,
    y: torch.Tensor,
    directions: Sequence[Mapping[str, torch.Tensor]],
    steps: Sequence[float],
    groups: int = 1,
) -> np.ndarray:
    """Return the loss around the model's weights along one or two directions: float64 (groups, len(steps), …).

    Entry (g, i, j) is the loss of group g after steps[i] of the first direction and steps[j] of the second.
    The model itself stays as it is; it is run in the mode it is in. Raises ValueError where there is not one
    direction or two, where one has a name that the model lacks, or as `measure_start` does for groups.
    """
    if len(directions) not in (1, 2):
        raise ValueError(f"{len(directions)} directions; give one for a line or two for a surface")
    copy = deepcopy(model)
    weights = dict(copy.named_parameters())
    unknown = {name for direction in directions for name in direction} - set(weights)
    if unknown:
        raise ValueError(f"the model has no parameters {', '.join(sorted(unknown))}")
    centre = {name: weight.detach().clone() for name, weight in weights.items()}
    found = np.empty((groups, *[len(steps)] * len(directions)))
    for place in np.ndindex(*found.shape[1:]):
        for name, weight in weights.items():
            weight.copy_(centre[name])
            for step, direction in zip(place, directions, strict=True):
                if name in direction:
                    weight.add_(direction[name], alpha=float(steps[step]))
        found[(slice(None), *place)] = _losses(copy, x, y, groups).cpu().double().numpy()
    return found


def gradient_turns(
    model: nn.Module,
    x: torch.Tensor,
    y: torch.Tensor,
    direction: Mapping[str, torch.Tensor],
    steps: Sequence[float],
    groups: int = 1,
) -> np.ndarray:
    """Return the cosine between the gradient at the model's weights and after each step: float64 (groups, len(steps)).

    1 means that the slope still points where it did, 0 that it says nothing about the slope at the start. The
    gradient is that of all convolutions of a group. The model itself stays as it is. Raises ValueError as
    `loss_surface` does.
    """
    unknown = set(direction) - {name for name, _weight in model.named_parameters()}
    if unknown:
        raise ValueError(f"the model has no parameters {', '.join(sorted(unknown))}")
    found = []
    for step in (0.0, *steps):
        copy = deepcopy(model)
        with torch.no_grad():
            for name, weight in copy.named_parameters():
                if name in direction:
                    weight.add_(direction[name], alpha=float(step))
        _losses(copy, x, y, groups).sum().backward()
        kernels = [layer.weight for layer in copy.modules() if isinstance(layer, nn.Conv2d)]
        parts = [kernel.grad.unflatten(0, (groups, -1)).flatten(1) for kernel in kernels if kernel.grad is not None]
        found.append(torch.cat(parts, dim=1))
    centre, *moved = found
    return torch.stack([F.cosine_similarity(centre, other) for other in moved], dim=1).cpu().double().numpy()
