"""Xception: Inception taken to its end, one 3×3 kernel for each channel.

Source: F. Chollet, "Xception: deep learning with depthwise separable convolutions", CVPR 2017, figure 5.
"""

from dataclasses import dataclass
from itertools import pairwise

from torch import Tensor, nn


@dataclass(frozen=True)
class XceptionPlan:
    """How often the middle block repeats, and the classes; raises ValueError for less than 0 blocks or 1 class."""

    middle: int = 8
    classes: int = 1000

    def __post_init__(self) -> None:
        if self.middle < 0 or self.classes < 1:
            raise ValueError(f"middle is {self.middle} and classes {self.classes}; take 0 or more, and 1 or more")


def _separable(c_in: int, c_out: int) -> list[nn.Module]:
    """Return depthwise 3×3, then 1×1, with nothing between them, and a norm."""
    depthwise = nn.Conv2d(c_in, c_in, 3, padding=1, groups=c_in, bias=False)
    return [depthwise, nn.Conv2d(c_in, c_out, 1, bias=False), nn.BatchNorm2d(c_out)]


class XceptionBlock(nn.Module):
    """ReLU and separable layers of the given widths, then a pool where it shrinks; a shortcut beside them."""

    def __init__(self, widths: tuple[int, ...], shrink: bool = True, first_relu: bool = True) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for c_in, c_out in pairwise(widths):
            layers += [nn.ReLU(), *_separable(c_in, c_out)] if layers or first_relu else _separable(c_in, c_out)
        self.residual = nn.Sequential(*layers, *([nn.MaxPool2d(3, 2, padding=1)] if shrink else []))
        self.shortcut: nn.Module = nn.Identity()
        if shrink:
            conv = nn.Conv2d(widths[0], widths[-1], 1, stride=2, bias=False)
            self.shortcut = nn.Sequential(conv, nn.BatchNorm2d(widths[-1]))

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, C', H', W'), half as high and wide where the block shrinks."""
        return self.shortcut(x) + self.residual(x)


class Xception(nn.Module):
    """Entry, middle and exit flow; made for pictures of 299×299."""

    def __init__(self, plan: XceptionPlan) -> None:
        super().__init__()
        entry = [nn.Conv2d(3, 32, 3, stride=2, bias=False), nn.BatchNorm2d(32), nn.ReLU()]
        entry += [nn.Conv2d(32, 64, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU()]
        self.entry = nn.Sequential(
            *entry,
            XceptionBlock((64, 128, 128), first_relu=False),
            XceptionBlock((128, 256, 256)),
            XceptionBlock((256, 728, 728)),
        )
        self.middle = nn.Sequential(*(XceptionBlock((728,) * 4, shrink=False) for _ in range(plan.middle)))
        self.exit = nn.Sequential(
            XceptionBlock((728, 728, 1024)), *_separable(1024, 1536), nn.ReLU(), *_separable(1536, 2048), nn.ReLU()
        )
        self.head = nn.Linear(2048, plan.classes)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, 3, H, W) to scores (N, classes)."""
        return self.head(self.exit(self.middle(self.entry(x))).mean(dim=(2, 3)))
