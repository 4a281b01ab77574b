"""On which pixels an answer rests, by several methods, and two tests of such explanations."""

from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any

import numpy as np
import torch
from scipy.stats import rankdata
from torch import nn
from torch.nn import functional as F

from course_utils.inside.units import Pictures, layer_index, listening, maps_of, on_device, up_to

RULES = ("gradient", "DeconvNet", "guided")
TAG = (slice(1, 6), slice(1, 6))  # the rows and columns of the planted mark
SHUFFLED = ("head", "conv3", "conv2", "conv1")  # from the scores down


def _score(net: Any, x: torch.Tensor, labels: np.ndarray) -> torch.Tensor:
    """Return the score of one class for each picture, (N,)."""
    return net(x).gather(1, torch.as_tensor(labels, device=x.device)[:, None])[:, 0]


def _gradient(net: Any, x: Pictures, labels: np.ndarray) -> torch.Tensor:
    x = on_device(net, x).clone().requires_grad_()
    return torch.autograd.grad(_score(net, x, labels).sum(), x)[0]


def saliency(net: Any, x: Pictures, labels: np.ndarray) -> np.ndarray:
    """Return |d score / d pixel|, the largest over channels: (N, C, H, W) to float (N, H, W).

    `labels` int (N,) are the classes whose scores are asked about. Source: Simonyan, Vedaldi, Zisserman, 2014.
    """
    return _gradient(net, x, labels).abs().amax(dim=1).cpu().numpy()


def gradient_times_input(net: Any, x: Pictures, labels: np.ndarray) -> np.ndarray:
    """Return pixel times gradient, summed over channels: float (N, H, W). Source: Shrikumar and others, 2016."""
    return (_gradient(net, x, labels) * on_device(net, x)).sum(dim=1).cpu().numpy()


@torch.no_grad()
def occlusion(net: Any, x: Pictures, labels: np.ndarray, size: int = 5, step: int = 3, fill: float = 0.0) -> np.ndarray:
    """Return by how much the score falls when a square is painted over: float (N, H, W).

    The square has `size` pixels a side, moves by `step` and has the grey value `fill`. Each pixel gets the mean over
    all squares that cover it. Source: Zeiler and Fergus, ECCV 2014, section 4.2.
    Raises ValueError where squares and steps do not end at the border, or leave gaps.
    """
    x = on_device(net, x)
    count, _, rows, columns = x.shape
    if not (0 < step <= size <= min(rows, columns)) or (rows - size) % step or (columns - size) % step:
        raise ValueError(f"squares of {size} in steps of {step} do not fit a picture of {rows}×{columns} to its border")
    before = _score(net, x, labels)
    drops = x.new_zeros(count, 1, (rows - size) // step + 1, (columns - size) // step + 1)
    for row, column in np.ndindex(drops.shape[2:]):
        covered = x.clone()
        covered[:, :, row * step : row * step + size, column * step : column * step + size] = fill
        drops[:, 0, row, column] = before - _score(net, covered, labels)
    square = x.new_ones(1, 1, size, size)
    spread = [F.conv_transpose2d(each, square, stride=step) for each in (drops, torch.ones_like(drops))]
    return (spread[0] / spread[1])[:, 0].cpu().numpy()


def coarse_cam(net: Any, x: Pictures, labels: np.ndarray, layer: str = "relu3") -> np.ndarray:
    """Return Grad-CAM before it is enlarged: float (N, rows, columns) of the layer.

    Each map counts with the mean of its gradient; what speaks against the class is cut off by a ReLU.
    Source: Selvaraju and others, ICCV 2017. Raises ValueError where there is no such layer.
    """
    with listening(net, [layer]) as heard:
        score = _score(net, on_device(net, x), labels).sum()
    (slope,) = torch.autograd.grad(score, heard[layer])
    return (slope.mean(dim=(2, 3), keepdim=True) * heard[layer]).sum(dim=1).relu().detach().cpu().numpy()


def grad_cam(net: Any, x: Pictures, labels: np.ndarray, layer: str = "relu3") -> np.ndarray:
    """Return `coarse_cam` enlarged to the size of the pictures, bilinearly: float (N, H, W)."""
    coarse = torch.as_tensor(coarse_cam(net, x, labels, layer))[:, None]
    return F.interpolate(coarse, size=tuple(x.shape[2:]), mode="bilinear", align_corners=False)[:, 0].numpy()


@torch.no_grad()
def project_down(net: Any, x: Pictures, layer: str, signal: torch.Tensor, rule: str = "DeconvNet") -> np.ndarray:
    """Carry a signal (N, channels, rows, columns) at the output of `layer` back to the pixels: float (N, C, H, W).

    Convolutions go back with their own kernels, transposed. Max pools put each value where the maximum was. The `rule`
    says what a ReLU lets through: "gradient" where its input was positive, "DeconvNet" positive signals, "guided" only
    what passes both. Sources: Zeiler and Fergus, 2014; Springenberg and others, 2015.
    Raises ValueError for another rule or layer, and for a layer that it cannot undo.
    """
    if rule not in RULES:
        raise ValueError(f"no rule {rule!r}; there are {', '.join(RULES)}")
    above = on_device(net, x)
    way: list[tuple[Any, torch.Tensor, Any]] = []
    for part in up_to(net, layer):  # up: remember what went in, and where the maxima were
        if isinstance(part, nn.MaxPool2d):
            below, (above, where) = above, F.max_pool2d(above, part.kernel_size, part.stride, return_indices=True)
        else:
            below, where, above = above, None, part(above)
        way.append((part, below, where))
    for part, below, where in reversed(way):
        kind = type(part)
        if kind is nn.Conv2d:
            signal = F.conv_transpose2d(signal, part.weight, stride=part.stride, padding=part.padding)
        elif kind is nn.MaxPool2d:
            signal = F.max_unpool2d(signal, where, part.kernel_size, part.stride, output_size=list(below.shape))
        elif kind is nn.ReLU:
            signal = signal if rule == "gradient" else signal.relu()
            signal = signal if rule == "DeconvNet" else signal * (below > 0)
        else:
            raise ValueError(f"no way back through {type(part).__name__}; a convolution, ReLU or max pool was wanted")
    return signal.cpu().numpy()


def unit_signal(net: Any, x: Pictures, layer: str, unit: int, places: np.ndarray) -> torch.Tensor:
    """Return the answers of `layer` with all but one of each picture put to 0: that of `unit` at `places` (N, 2)."""
    maps = torch.as_tensor(maps_of(net, x, layer))
    alone, each = torch.zeros_like(maps), np.arange(len(maps))
    alone[each, unit, places[:, 0], places[:, 1]] = maps[each, unit, places[:, 0], places[:, 1]]
    return alone.to(next(net.parameters()).device)


def _from_class(net: Any, x: Pictures, labels: np.ndarray, rule: str) -> np.ndarray:
    """Carry the score of a class down: its head's weights, spread over the places of the last maps."""
    last = [name for name, _ in net.features.named_children()][-1]
    maps = torch.as_tensor(maps_of(net, x, last), device=next(net.parameters()).device)
    weights = net.head.weight.detach()[torch.as_tensor(labels, device=maps.device)]
    signal = (weights / maps[0, 0].numel())[:, :, None, None].expand_as(maps)
    return np.abs(project_down(net, x, last, signal, rule)).max(axis=1)


def deconvnet(net: Any, x: Pictures, labels: np.ndarray) -> np.ndarray:
    """Return |score of a class carried down by `project_down`|, rule "DeconvNet": float (N, H, W)."""
    return _from_class(net, x, labels, "DeconvNet")


def guided(net: Any, x: Pictures, labels: np.ndarray) -> np.ndarray:
    """Return |score of a class carried down by `project_down`|, rule "guided": float (N, H, W)."""
    return _from_class(net, x, labels, "guided")


Method = Callable[[Any, Pictures, np.ndarray], np.ndarray]
METHODS: dict[str, Method] = {
    "occlusion": occlusion,
    "saliency": saliency,
    "gradient × input": gradient_times_input,
    "Grad-CAM": grad_cam,
    "DeconvNet": deconvnet,
    "guided": guided,
}


def tagged(images: np.ndarray) -> np.ndarray:
    """Return copies of pictures (N, 1, H, W) with the mark: a white frame of 5×5 in the upper left corner."""
    marked = np.array(images, copy=True)
    marked[:, :, *TAG] = 1
    marked[:, :, 2:5, 2:5] = 0
    return marked


def found_tag(maps: np.ndarray, margin: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Return for maps (N, H, W) which share of the positive mass lies on the mark, and whether its maximum does.

    `margin` pixels around the mark count as on it. An empty map has a share of 0 and misses.
    """
    inside = np.zeros(maps.shape[1:], dtype=bool)
    inside[tuple(slice(max(0, each.start - margin), each.stop + margin) for each in TAG)] = True
    positive = np.maximum(maps, 0).reshape(len(maps), -1)
    total = positive.sum(axis=1)
    share = np.divide(positive[:, inside.ravel()].sum(axis=1), total, out=np.zeros(len(maps)), where=total > 0)
    return share, inside.ravel()[positive.argmax(axis=1)] & (total > 0)


def shuffled(net: Any, layers: Sequence[str], seed: int = 0) -> Any:
    """Return a copy of a net with the weights of some of SHUFFLED in random order, each layer within itself.

    The values, so their mean and spread, stay as they were. Raises ValueError for another layer.
    """
    if unknown := set(layers) - set(SHUFFLED):
        raise ValueError(f"no layers {sorted(unknown)} to shuffle; there are {', '.join(SHUFFLED)}")
    other, rng = deepcopy(net), np.random.default_rng(seed)
    with torch.no_grad():
        for name in layers:
            layer = other.head if name == "head" else other.features[layer_index(other, name)]
            for weight in layer.parameters():
                order = torch.as_tensor(rng.permutation(weight.numel()), device=weight.device)
                weight.copy_(weight.flatten()[order].reshape(weight.shape))
    return other


def agreement(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return Spearman's rank correlation of maps (N, H, W), one number a picture; 0 where a map is constant.

    Source: the sanity check of Adebayo and others, NeurIPS 2018. Raises ValueError where the shapes differ.
    """
    if one.shape != other.shape:
        raise ValueError(f"maps have shapes {one.shape} and {other.shape}; they must be the same")
    ranks = [rankdata(each.reshape(len(each), -1), axis=1) for each in (one, other)]
    first, second = (each - each.mean(axis=1, keepdims=True) for each in ranks)
    length = np.sqrt((first**2).sum(axis=1) * (second**2).sum(axis=1))
    return np.divide((first * second).sum(axis=1), length, out=np.zeros(len(one)), where=length > 0)
