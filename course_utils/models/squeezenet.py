"""SqueezeNet, versions 1.0 and 1.1: AlexNet's accuracy with few parameters.

Source: F. Iandola and others, "SqueezeNet: AlexNet-level accuracy with 50x fewer parameters and <0.5MB model size",
arXiv 1602.07360, 2016, Table 1; version 1.1 is the authors' later, cheaper layout.
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class FirePlan:
    """A fire module: c_in channels squeezed to `squeeze`, expanded by `expand` 1×1 and as many 3×3 kernels.

    Raises ValueError for what is below 1.
    """

    c_in: int
    squeeze: int
    expand: int

    def __post_init__(self) -> None:
        if min(self.c_in, self.squeeze, self.expand) < 1:
            raise ValueError(f"every number of {self} must be 1 or more")


class FireModule(nn.Module):
    """Squeeze by 1×1 kernels, expand by 1×1 and by 3×3 kernels side by side, each with a ReLU."""

    def __init__(self, plan: FirePlan) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(plan.c_in, plan.squeeze, 1)
        self.expand_1 = nn.Conv2d(plan.squeeze, plan.expand, 1)
        self.expand_3 = nn.Conv2d(plan.squeeze, plan.expand, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, c_in, H, W) to (N, 2 · expand, H, W)."""
        x = torch.relu(self.squeeze(x))
        return torch.relu(torch.cat([self.expand_1(x), self.expand_3(x)], dim=1))


class SqueezeNet(nn.Module):
    """A stem, eight fire modules with three pools, and a 1×1 layer whose maps are the classes."""

    LAYOUTS: ClassVar = {"1.0": (96, 7, (2, 6)), "1.1": (64, 3, (1, 3))}  # stem channels, kernel; pools after fires
    FIRES: ClassVar = ((16, 64), (16, 64), (32, 128), (32, 128), (48, 192), (48, 192), (64, 256), (64, 256))

    def __init__(self, version: str = "1.0", classes: int = 1000) -> None:
        super().__init__()
        if version not in self.LAYOUTS:
            raise ValueError(f"no SqueezeNet {version!r}; there are {', '.join(self.LAYOUTS)}")
        c_in, kernel_size, pools = self.LAYOUTS[version]
        layers: list[nn.Module] = [nn.Conv2d(3, c_in, kernel_size, stride=2), nn.ReLU(), _pool()]
        for number, (squeeze, expand) in enumerate(self.FIRES):
            layers.append(FireModule(FirePlan(c_in, squeeze, expand)))
            c_in = 2 * expand
            layers += [_pool()] if number in pools else []
        self.features = nn.Sequential(*layers)
        self.head = nn.Sequential(nn.Dropout(0.5), nn.Conv2d(c_in, classes, 1), nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, 3, H, W) to scores (N, classes)."""
        return self.head(self.features(x)).mean(dim=(2, 3))


def _pool() -> nn.MaxPool2d:
    return nn.MaxPool2d(3, stride=2, ceil_mode=True)
