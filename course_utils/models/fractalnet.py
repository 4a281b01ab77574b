"""FractalNet: very deep without shortcuts, by columns that fold into each other.

Source: G. Larsson, M. Maire, G. Shakhnarovich, "FractalNet: ultra-deep neural networks without residuals", ICLR 2017.
The dropout of the paper's CIFAR nets is left out; drop-path is here.
"""

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class FractalPlan:
    """Columns of each block, width of each block, input channels and classes; `local_drop` is drop-path's rate.

    The published CIFAR net of 20 layers has 3 columns in 5 blocks. Raises ValueError for what is out of range.
    """

    columns: int = 3
    widths: tuple[int, ...] = (64, 128, 256, 512, 512)
    in_channels: int = 3
    classes: int = 10
    local_drop: float = 0.15

    def __post_init__(self) -> None:
        if not self.widths or min(self.columns, self.in_channels, self.classes, *self.widths) < 1:
            raise ValueError(f"columns, widths, in_channels and classes of {self} must be 1 or more")
        if not 0 <= self.local_drop < 1:
            raise ValueError(f"local_drop is {self.local_drop}; it must lie between 0 and 1, 1 excluded")

    @property
    def rows(self) -> int:
        """Layers of the deepest column of a block."""
        return 2 ** (self.columns - 1)


def _layer(c_in: int, c_out: int) -> nn.Sequential:
    conv = nn.Conv2d(c_in, c_out, 3, padding=1, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(c_out), nn.ReLU())


class FractalBlock(nn.Module):
    """Columns 0, 1, 2, … of 1, 2, 4, … layers; wherever several columns have finished a layer, their mean goes on."""

    def __init__(self, plan: FractalPlan, c_in: int, c_out: int) -> None:
        super().__init__()
        self.plan = plan
        self.columns = nn.ModuleList(
            nn.ModuleList(_layer(c_out if place else c_in, c_out) for place in range(2**column))
            for column in range(plan.columns)
        )

    def _join(self, ends: list[Tensor]) -> Tensor:
        """Return the mean of what arrives; in training each arrival is dropped at times, but never all."""
        if self.training and len(ends) > 1 and self.plan.local_drop > 0:
            kept = [end for end in ends if torch.rand(()) >= self.plan.local_drop]
            ends = kept or [ends[int(torch.randint(len(ends), ()))]]
        return torch.stack(ends).mean(dim=0)

    def forward(self, x: Tensor, only: int | None = None) -> Tensor:
        """Map (N, c_in, H, W) to (N, c_out, H, W), by all columns or, with `only`, by one."""
        if only is not None:
            return nn.Sequential(*self.columns[only])(x)  # type: ignore[misc]
        inputs = [x] * self.plan.columns
        for row in range(1, self.plan.rows + 1):
            ready = [c for c in range(self.plan.columns) if row % (self.plan.rows >> c) == 0]
            ends = [self.columns[c][row // (self.plan.rows >> c) - 1](inputs[c]) for c in ready]  # type: ignore[index]
            x = self._join(ends)
            for column in ready:
                inputs[column] = x
        return x


class FractalNet(nn.Module):
    """Fractal blocks with a 2×2 max pool after each, and a linear layer; for pictures of 32×32 with five blocks."""

    def __init__(self, plan: FractalPlan) -> None:
        super().__init__()
        widths = (plan.in_channels, *plan.widths)
        self.blocks = nn.ModuleList(FractalBlock(plan, a, b) for a, b in pairwise(widths))
        self.head = nn.Linear(plan.widths[-1], plan.classes)

    def forward(self, x: Tensor, only: int | None = None) -> Tensor:
        """Map (N, in_channels, H, W) to scores (N, classes); `only` runs one column of every block (global drop-path).

        Raises ValueError where there is no such column.
        """
        columns = len(self.blocks[0].columns)  # type: ignore[arg-type]
        if only is not None and not 0 <= only < columns:
            raise ValueError(f"there is no column {only}; they are numbered 0 to {columns - 1}")
        for block in self.blocks:
            x = nn.functional.max_pool2d(block(x, only), 2)
        return self.head(x.mean(dim=(2, 3)))
