"""PyramidNet: a residual net that grows a little wider with every block, not in jumps.

Source: D. Han, J. Kim, J. Kim, "Deep pyramidal residual networks", CVPR 2017 (the additive form, for CIFAR).
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@dataclass(frozen=True)
class PyramidPlan:
    """Three stages of `blocks` blocks that add `alpha` channels in all to the first 16.

    `bottleneck` takes blocks of 1×1, 3×3, 1×1 with four times wider ends. 18 basic blocks a stage make 110 layers.
    Widths are rounded down, as the paper's formula says; with `nearest` as much of the code in use does.
    Raises ValueError for what is out of range.
    """

    alpha: int = 48
    blocks: int = 18
    bottleneck: bool = False
    nearest: bool = False
    in_channels: int = 3
    classes: int = 10

    def __post_init__(self) -> None:
        if self.alpha < 0 or min(self.blocks, self.in_channels, self.classes) < 1:
            raise ValueError(f"alpha of {self} must be 0 or more, blocks, in_channels and classes 1 or more")

    @property
    def widths(self) -> list[int]:
        """Width of each block: 16 + k · alpha / (3 · blocks) as a whole number (paper, eq. 2)."""
        total = 3 * self.blocks
        half = total if self.nearest else 0  # whole numbers throughout, so that nothing is lost by rounding
        return [16 + (2 * self.alpha * k + half) // (2 * total) for k in range(1, total + 1)]

    @property
    def layers(self) -> int:
        """Layers with weights on the longest path, the linear layer counted."""
        return 3 * self.blocks * (3 if self.bottleneck else 2) + 2


class PyramidBlock(nn.Module):
    """Norm, convolutions with norm and ReLU between them, norm; the shortcut has no weights, new channels get zeros."""

    def __init__(self, c_in: int, width: int, stride: int, bottleneck: bool) -> None:
        super().__init__()
        self.stride, self.c_out = stride, 4 * width if bottleneck else width
        kernels = ((1, 1), (3, stride), (1, 1)) if bottleneck else ((3, stride), (3, 1))
        widths = (c_in, width, width, self.c_out) if bottleneck else (c_in, width, width)
        layers: list[nn.Module] = [nn.BatchNorm2d(c_in)]
        for place, (kernel_size, step) in enumerate(kernels):
            a, b = widths[place], widths[place + 1]
            layers += [nn.ReLU()] if place else []
            layers += [nn.Conv2d(a, b, kernel_size, step, kernel_size // 2, bias=False), nn.BatchNorm2d(b)]
        self.residual = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, c_in, H, W) to (N, c_out, H / stride, W / stride)."""
        y = self.residual(x)
        short = F.avg_pool2d(x, self.stride) if self.stride > 1 else x
        return y + F.pad(short, (0, 0, 0, 0, 0, self.c_out - x.shape[1]))


class PyramidNet(nn.Module):
    """A 3×3 layer to 16 channels, the blocks of the plan, norm, ReLU, mean over places, linear layer."""

    def __init__(self, plan: PyramidPlan) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(plan.in_channels, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16))
        blocks: list[nn.Module] = []
        c_in = 16
        for place, width in enumerate(plan.widths):
            stride = 2 if place in (plan.blocks, 2 * plan.blocks) else 1
            block = PyramidBlock(c_in, width, stride, plan.bottleneck)
            blocks.append(block)
            c_in = block.c_out
        self.blocks = nn.Sequential(*blocks)
        self.norm = nn.BatchNorm2d(c_in)
        self.head = nn.Linear(c_in, plan.classes)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, in_channels, H, W), sides divisible by 4, to scores (N, classes)."""
        return self.head(torch.relu(self.norm(self.blocks(self.stem(x)))).mean(dim=(2, 3)))
