"""Who is normalised with whom: the sets of elements of (N, C, H, W) that share one mean and one variance."""

from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from course_utils.models.convnext import PixelNorm

KINDS = ("batch", "layer", "instance", "group", "pixel")
"""BatchNorm2d, LayerNorm over (C, H, W), InstanceNorm2d, GroupNorm, and ConvNeXt's LayerNorm over C alone."""


def _checked(kind: str, shape: tuple[int, ...], groups: int) -> None:
    if kind not in KINDS:
        raise ValueError(f"no norm {kind!r}; there are {', '.join(KINDS)}")
    if len(shape) != 4 or min(shape) < 1:
        raise ValueError(f"shape is {shape}; it must be four numbers (N, C, H, W), each 1 or more")
    if groups < 1 or shape[1] % groups:
        raise ValueError(f"{groups} groups do not divide {shape[1]} channels")


def sharing_sets(kind: str, shape: tuple[int, int, int, int], groups: int = 1) -> np.ndarray:
    """Return a number for each element of (N, C, H, W), the same for those that share a mean and a variance.

    The result is int64 of `shape`, the sets numbered from 0. `groups` counts for "group" alone.
    Sources: Ioffe and Szegedy 2015 (batch), Ba and others 2016 (layer), Ulyanov and others 2016 (instance),
    Wu and He 2018 (group). Raises ValueError for another kind, shape, or number of groups.
    """
    _checked(kind, shape, groups)
    n, c, h, w = np.indices(shape)
    group = c // (shape[1] // groups)
    keys = {
        "batch": c,
        "layer": n,
        "instance": n * shape[1] + c,
        "group": n * groups + group,
        "pixel": (n * shape[2] + h) * shape[3] + w,
    }
    return keys[kind]


def torch_norm(kind: str, shape: tuple[int, int, int, int], groups: int = 1) -> nn.Module:
    """Return torch's layer of that kind for (N, C, H, W) in float64, in training mode, without scale and shift.

    Raises ValueError as `sharing_sets` does.
    """
    _checked(kind, shape, groups)
    channels = shape[1]
    build: dict[str, Callable[[], nn.Module]] = {
        "batch": lambda: nn.BatchNorm2d(channels, affine=False),
        "layer": lambda: nn.LayerNorm(shape[1:], elementwise_affine=False),
        "instance": lambda: nn.InstanceNorm2d(channels),
        "group": lambda: nn.GroupNorm(groups, channels, affine=False),
        "pixel": lambda: PixelNorm(channels, elementwise_affine=False),
    }
    return build[kind]().double()


def elements_read(layer: nn.Module, shape: tuple[int, int, int, int], at: tuple[int, int, int, int]) -> np.ndarray:
    """Return which inputs one output of `layer` depends on: bool (N, C, H, W), by the gradient at random inputs.

    `layer` computes in float64. Raises ValueError where `at` is no element of `shape`.
    """
    if len(at) != len(shape) or any(not 0 <= place < size for place, size in zip(at, shape, strict=True)):
        raise ValueError(f"{at} is no element of an array of shape {shape}")
    x = torch.rand(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0)).requires_grad_()
    layer(x)[at].backward()
    assert x.grad is not None
    return (x.grad != 0).numpy()
