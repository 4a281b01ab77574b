"""What goes wrong in a residual block."""
# ruff: noqa: D101, D102 - these are models and students' answers

import torch
from torch import nn

from .residual import ResidualBlock


@ResidualBlock.misconception(
    "The last ReLU comes before the addition, so the block can only add, never take away: add first, then ReLU.",
    "examples values training gradients",
)
class ResidualReLUFirst(nn.Module):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        if min(in_channels, out_channels, stride) < 1:
            raise ValueError(f"{in_channels=}, {out_channels=} and {stride=} must be 1 or more")
        self.residual = nn.Sequential(
            nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(),
            nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
        )
        self.shortcut = nn.Identity()
        if stride > 1 or in_channels != out_channels:
            projection = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)
            self.shortcut = nn.Sequential(projection, nn.BatchNorm2d(out_channels))

    def forward(self, x):
        return self.shortcut(x) + torch.relu(self.residual(x))


@ResidualBlock.misconception(
    "There is a ReLU before the addition and one after it; only the second one is wanted.",
    "examples values training gradients",
)
class ResidualReLUTwice(nn.Module):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        if min(in_channels, out_channels, stride) < 1:
            raise ValueError(f"{in_channels=}, {out_channels=} and {stride=} must be 1 or more")
        self.residual = nn.Sequential(
            nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(),
            nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
        )
        self.shortcut = nn.Identity()
        if stride > 1 or in_channels != out_channels:
            projection = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)
            self.shortcut = nn.Sequential(projection, nn.BatchNorm2d(out_channels))

    def forward(self, x):
        return torch.relu(self.shortcut(x) + torch.relu(self.residual(x)))


@ResidualBlock.misconception(
    "There is no ReLU after the addition.",
    "examples values training gradients",
)
class ResidualWithoutLastReLU(nn.Module):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        if min(in_channels, out_channels, stride) < 1:
            raise ValueError(f"{in_channels=}, {out_channels=} and {stride=} must be 1 or more")
        self.residual = nn.Sequential(
            nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(),
            nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
        )
        self.shortcut = nn.Identity()
        if stride > 1 or in_channels != out_channels:
            projection = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)
            self.shortcut = nn.Sequential(projection, nn.BatchNorm2d(out_channels))

    def forward(self, x):
        return self.shortcut(x) + self.residual(x)


@ResidualBlock.misconception(
    "There is no ReLU between the two convolutions.",
    "values training gradients",
)
class ResidualWithoutMiddleReLU(nn.Module):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        if min(in_channels, out_channels, stride) < 1:
            raise ValueError(f"{in_channels=}, {out_channels=} and {stride=} must be 1 or more")
        self.residual = nn.Sequential(
            nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
        )
        self.shortcut = nn.Identity()
        if stride > 1 or in_channels != out_channels:
            projection = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)
            self.shortcut = nn.Sequential(projection, nn.BatchNorm2d(out_channels))

    def forward(self, x):
        return torch.relu(self.shortcut(x) + self.residual(x))


@ResidualBlock.misconception(
    "The input is never added: this is a plain block.",
    "examples values training gradients",
)
class ResidualWithoutShortcut(nn.Module):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        if min(in_channels, out_channels, stride) < 1:
            raise ValueError(f"{in_channels=}, {out_channels=} and {stride=} must be 1 or more")
        self.residual = nn.Sequential(
            nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(),
            nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
        )
        self.shortcut = nn.Identity()
        if stride > 1 or in_channels != out_channels:
            projection = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)
            self.shortcut = nn.Sequential(projection, nn.BatchNorm2d(out_channels))

    def forward(self, x):
        return torch.relu(self.residual(x))


@ResidualBlock.misconception(
    "The projection has no batch norm; the sum then adds numbers of two scales.",
    "examples parameters values training gradients",
)
class ResidualBareProjection(nn.Module):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        if min(in_channels, out_channels, stride) < 1:
            raise ValueError(f"{in_channels=}, {out_channels=} and {stride=} must be 1 or more")
        self.residual = nn.Sequential(
            nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(),
            nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
        )
        self.shortcut = nn.Identity()
        if stride > 1 or in_channels != out_channels:
            projection = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)
            self.shortcut = projection

    def forward(self, x):
        return torch.relu(self.shortcut(x) + self.residual(x))


@ResidualBlock.misconception(
    "The convolutions have a bias, which the batch norm after them subtracts again: bias=False.",
    "examples parameters values training gradients",
)
class ResidualWithBias(nn.Module):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        if min(in_channels, out_channels, stride) < 1:
            raise ValueError(f"{in_channels=}, {out_channels=} and {stride=} must be 1 or more")
        self.residual = nn.Sequential(
            nn.Conv2d(in_channels, out_channels, 3, stride, padding=1),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(),
            nn.Conv2d(out_channels, out_channels, 3, padding=1),
            nn.BatchNorm2d(out_channels),
        )
        self.shortcut = nn.Identity()
        if stride > 1 or in_channels != out_channels:
            projection = nn.Conv2d(in_channels, out_channels, 1, stride)
            self.shortcut = nn.Sequential(projection, nn.BatchNorm2d(out_channels))

    def forward(self, x):
        return torch.relu(self.shortcut(x) + self.residual(x))


@ResidualBlock.misconception(
    "One batch norm is used in two places: they share scale, shift and running statistics, and each spoils the other's.",
    "examples parameters values training gradients",
)
class ResidualSharedNorm(nn.Module):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        if min(in_channels, out_channels, stride) < 1:
            raise ValueError(f"{in_channels=}, {out_channels=} and {stride=} must be 1 or more")
        norm = nn.BatchNorm2d(out_channels)
        self.residual = nn.Sequential(
            nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False),
            norm,
            nn.ReLU(),
            nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False),
            norm,
        )
        self.shortcut = nn.Identity()
        if stride > 1 or in_channels != out_channels:
            projection = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)
            self.shortcut = nn.Sequential(projection, nn.BatchNorm2d(out_channels))

    def forward(self, x):
        return torch.relu(self.shortcut(x) + self.residual(x))


@ResidualBlock.misconception(
    "There is a projection also where shape and channels stay: the shortcut must then be x itself.",
    "examples parameters values training gradients",
)
class ResidualAlwaysProjected(nn.Module):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        if min(in_channels, out_channels, stride) < 1:
            raise ValueError(f"{in_channels=}, {out_channels=} and {stride=} must be 1 or more")
        self.residual = nn.Sequential(
            nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(),
            nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
        )
        projection = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)
        self.shortcut = nn.Sequential(projection, nn.BatchNorm2d(out_channels))

    def forward(self, x):
        return torch.relu(self.shortcut(x) + self.residual(x))
