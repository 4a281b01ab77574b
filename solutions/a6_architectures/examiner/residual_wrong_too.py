"""What goes wrong in a residual block: the projection, strides and checks."""
# ruff: noqa: D101, D102 - these are models and students' answers

import torch
from torch import nn

from .residual import ResidualBlock


@ResidualBlock.misconception(
    "There is a projection only where the channels change; a stride changes the shape as well.",
    "examples parameters values training gradients",
)
class ResidualProjectedForChannels(nn.Module):
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
        if in_channels != out_channels:
            projection = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)
            self.shortcut = nn.Sequential(projection, nn.BatchNorm2d(out_channels))

    def forward(self, x):
        return torch.relu(self.shortcut(x) + self.residual(x))


@ResidualBlock.misconception(
    "The stride stands in the second convolution; it belongs to the first, so that the second works on the smaller map.",
    "values training gradients",
)
class ResidualStrideInSecond(nn.Module):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        if min(in_channels, out_channels, stride) < 1:
            raise ValueError(f"{in_channels=}, {out_channels=} and {stride=} must be 1 or more")
        self.residual = nn.Sequential(
            nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(),
            nn.Conv2d(out_channels, out_channels, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
        )
        self.shortcut = nn.Identity()
        if stride > 1 or in_channels != out_channels:
            projection = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)
            self.shortcut = nn.Sequential(projection, nn.BatchNorm2d(out_channels))

    def forward(self, x):
        return torch.relu(self.shortcut(x) + self.residual(x))


@ResidualBlock.misconception(
    "The projection reads means of windows; a 1 × 1 convolution with the stride reads every second pixel.",
    "values training gradients",
)
class ResidualPooledProjection(nn.Module):
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
            projection = nn.Conv2d(in_channels, out_channels, 1, bias=False)
            self.shortcut = nn.Sequential(
                nn.AvgPool2d(stride, ceil_mode=True), projection, nn.BatchNorm2d(out_channels)
            )

    def forward(self, x):
        return torch.relu(self.shortcut(x) + self.residual(x))


@ResidualBlock.misconception(
    "The first ReLU works in place on x itself, so the shortcut and the caller get what is left of x.",
    "values training gradients",
)
class ResidualChangesItsInput(nn.Module):
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
        x = torch.relu_(x)
        return torch.relu(self.shortcut(x) + self.residual(x))


@ResidualBlock.misconception(
    "The batch norms keep no running statistics, so evaluation depends on the batch: leave track_running_stats as it is.",
    "values training gradients",
)
class ResidualWithoutMemory(nn.Module):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        if min(in_channels, out_channels, stride) < 1:
            raise ValueError(f"{in_channels=}, {out_channels=} and {stride=} must be 1 or more")
        self.residual = nn.Sequential(
            nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(out_channels, track_running_stats=False),
            nn.ReLU(),
            nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(out_channels, track_running_stats=False),
        )
        self.shortcut = nn.Identity()
        if stride > 1 or in_channels != out_channels:
            projection = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)
            self.shortcut = nn.Sequential(projection, nn.BatchNorm2d(out_channels, track_running_stats=False))

    def forward(self, x):
        return torch.relu(self.shortcut(x) + self.residual(x))


@ResidualBlock.misconception(
    "Counts and strides below 1 are let through, and fail only later, or never.",
    "examples refusals",
)
class ResidualUnchecked(nn.Module):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
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
        return torch.relu(self.shortcut(x) + self.residual(x))
