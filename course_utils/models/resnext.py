"""ResNeXt: a ResNet whose 3×3 layers work in groups.

Source: S. Xie and others, "Aggregated residual transformations for deep neural networks", CVPR 2017 (arXiv 2016).
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class ResNeXtPlan:
    """`groups` paths of `group_width` channels in the first stage, twice as wide in each later one.

    1 group of 64 is ResNet-50, 32 groups of 4 are ResNeXt-50 32×4d. Raises ValueError for what is below 1.
    """

    depths: tuple[int, ...] = (3, 4, 6, 3)
    groups: int = 32
    group_width: int = 4
    classes: int = 1000

    def __post_init__(self) -> None:
        if not self.depths or min(*self.depths, self.groups, self.group_width, self.classes) < 1:
            raise ValueError(f"every number of {self} must be 1 or more")


class GroupedBottleneck(nn.Module):
    """1×1 down, 3×3 in groups, 1×1 up, added to a shortcut (paper, figure 3c)."""

    def __init__(self, plan: ResNeXtPlan, c_in: int, stage: int, stride: int) -> None:
        super().__init__()
        width, c_out = plan.groups * plan.group_width * 2**stage, 256 * 2**stage
        self.residual = nn.Sequential(
            nn.Conv2d(c_in, width, 1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, stride, padding=1, groups=plan.groups, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, c_out, 1, bias=False),
            nn.BatchNorm2d(c_out),
        )
        self.shortcut: nn.Module = nn.Identity()
        if stride > 1 or c_in != c_out:
            self.shortcut = nn.Sequential(nn.Conv2d(c_in, c_out, 1, stride, bias=False), nn.BatchNorm2d(c_out))

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, C', H / stride, W / stride)."""
        return torch.relu(self.shortcut(x) + self.residual(x))


class ResNeXt(nn.Module):
    """ResNet's stem, grouped bottlenecks, mean over places, linear layer."""

    def __init__(self, plan: ResNeXtPlan) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False),
            nn.BatchNorm2d(64),
            nn.ReLU(),
            nn.MaxPool2d(3, stride=2, padding=1),
        )
        blocks: list[nn.Module] = []
        c_in = 64
        for stage, depth in enumerate(plan.depths):
            for place in range(depth):
                blocks.append(GroupedBottleneck(plan, c_in, stage, 2 if stage and not place else 1))
                c_in = 256 * 2**stage
        self.blocks = nn.Sequential(*blocks)
        self.head = nn.Linear(c_in, plan.classes)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, 3, H, W) to scores (N, classes)."""
        return self.head(self.blocks(self.stem(x)).mean(dim=(2, 3)))
