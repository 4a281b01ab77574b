"""DenseNet (Huang, Liu, van der Maaten, Weinberger, CVPR 2017): 121, 169, 201, 161, and a small one for the digits.

Read it beside the paper's Table 1: `PLANS` is that table. Blocks take a plan of their sizes.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import nn


@dataclass(frozen=True)
class DensePlan:
    """What a DenseNet is made of: layers in each stage, the growth k of each layer, and the channels of the stem.

    A layer squeezes its input to `squeeze` · k channels by a 1×1 before its 3×3. Between stages `keep` of the
    channels stay. `small` replaces the stem for 224×224 (7×7, stride 2, pool) by one 3×3 layer.
    """

    stages: tuple[int, ...]
    growth: int = 32
    stem: int = 64
    squeeze: int = 4
    keep: float = 0.5
    in_channels: int = 3
    small: bool = False

    def __post_init__(self) -> None:
        whole = (*self.stages, self.growth, self.stem, self.squeeze, self.in_channels)
        if not self.stages or min(whole) < 1 or not 0 < self.keep <= 1:
            raise ValueError(f"{self}: every number must be 1 or more, and keep above 0 and at most 1")

    @property
    def depth(self) -> int:
        """Layers with weights: two in each dense layer, the stem, one between stages, the classifier."""
        return 2 * sum(self.stages) + len(self.stages) + 1

    def channels(self) -> Iterator[tuple[int, int, int]]:
        """Yield for each stage the channels that enter it, that it ends with, and that are handed on."""
        width = self.stem
        for number, layers in enumerate(self.stages):
            end = width + layers * self.growth
            kept = end if number == len(self.stages) - 1 else int(end * self.keep)
            yield width, end, kept
            width = kept


PLANS = {
    121: DensePlan((6, 12, 24, 16)),
    169: DensePlan((6, 12, 32, 32)),
    201: DensePlan((6, 12, 48, 32)),
    161: DensePlan((6, 12, 36, 24), growth=48, stem=96),
}
DIGITS = DensePlan((4, 4), growth=8, stem=16, in_channels=1, small=True)


def _ready(channels: int) -> list[nn.Module]:
    """Return what stands before a convolution here, not after it: normalisation and ReLU."""
    return [nn.BatchNorm2d(channels), nn.ReLU()]


class DenseLayer(nn.Module):
    """Layer `number` of a stage that `width` channels enter: makes k maps from all that is there, and keeps all.

    (N, width + number · k, H, W) to (N, width + (number + 1) · k, H, W).
    """

    def __init__(self, plan: DensePlan, width: int, number: int) -> None:
        super().__init__()
        there, narrow = width + number * plan.growth, plan.squeeze * plan.growth
        self.layers = nn.Sequential(
            *_ready(there),
            nn.Conv2d(there, narrow, 1, bias=False),
            *_ready(narrow),
            nn.Conv2d(narrow, plan.growth, 3, padding=1, bias=False),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the input with k new maps behind it."""
        return torch.cat([x, self.layers(x)], dim=1)


class Shrink(nn.Sequential):
    """What stands between two stages: a 1×1 layer to fewer channels, then means over 2×2: half the height and width."""

    def __init__(self, ends: tuple[int, int]) -> None:
        before, after = ends
        super().__init__(*_ready(before), nn.Conv2d(before, after, 1, bias=False), nn.AvgPool2d(2))


class DenseNet(nn.Module):
    """A DenseNet by its plan: (N, in_channels, H, W) to (N, classes)."""

    def __init__(self, plan: DensePlan, classes: int = 1000) -> None:
        super().__init__()
        self.plan = plan
        if plan.small:
            self.stem = nn.Sequential(nn.Conv2d(plan.in_channels, plan.stem, 3, padding=1, bias=False))
        else:
            self.stem = nn.Sequential(
                nn.Conv2d(plan.in_channels, plan.stem, 7, stride=2, padding=3, bias=False),
                *_ready(plan.stem),
                nn.MaxPool2d(3, stride=2, padding=1),
            )
        parts: list[nn.Module] = []
        for (width, end, kept), layers in zip(plan.channels(), plan.stages, strict=True):
            parts.append(nn.Sequential(*(DenseLayer(plan, width, number) for number in range(layers))))
            if len(parts) < 2 * len(plan.stages) - 1:
                parts.append(Shrink((end, kept)))
        self.stages = nn.Sequential(*parts)
        self.head = nn.Sequential(*_ready(end), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(end, classes))
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (N, in_channels, H, W) to (N, classes)."""
        return self.head(self.stages(self.stem(x)))


def build_densenet(depth: int, classes: int = 1000) -> DenseNet:
    """Return DenseNet-121, 169, 201 or 161; raises ValueError for another depth."""
    if depth not in PLANS:
        raise ValueError(f"no DenseNet of depth {depth}; there are {', '.join(map(str, PLANS))}")
    return DenseNet(PLANS[depth], classes)
