"""What goes wrong in a transition."""
# ruff: noqa: D101, D102 - these are models and students' answers

from torch import nn

from .transition import Transition


@Transition.misconception(
    "The channels are not halved: the 1 × 1 convolution leads to in_channels // 2.",
    "examples values gradients",
)
class TransitionAllChannels(nn.Module):
    def __init__(self, in_channels):
        super().__init__()
        if in_channels < 2:
            raise ValueError(f"{in_channels} channels cannot be halved")
        self.layers = nn.Sequential(
            nn.BatchNorm2d(in_channels),
            nn.ReLU(),
            nn.Conv2d(in_channels, in_channels, 1, bias=False),
            nn.AvgPool2d(2),
        )

    def forward(self, x):
        return self.layers(x)


@Transition.misconception(
    "Half of an odd number is rounded up; // rounds down.",
    "values gradients",
)
class TransitionRoundsUp(nn.Module):
    def __init__(self, in_channels):
        super().__init__()
        if in_channels < 2:
            raise ValueError(f"{in_channels} channels cannot be halved")
        self.layers = nn.Sequential(
            nn.BatchNorm2d(in_channels),
            nn.ReLU(),
            nn.Conv2d(in_channels, (in_channels + 1) // 2, 1, bias=False),
            nn.AvgPool2d(2),
        )

    def forward(self, x):
        return self.layers(x)


@Transition.misconception(
    "The windows give their maximum; the transition takes means.",
    "examples values gradients",
)
class TransitionMax(nn.Module):
    def __init__(self, in_channels):
        super().__init__()
        if in_channels < 2:
            raise ValueError(f"{in_channels} channels cannot be halved")
        self.layers = nn.Sequential(
            nn.BatchNorm2d(in_channels),
            nn.ReLU(),
            nn.Conv2d(in_channels, in_channels // 2, 1, bias=False),
            nn.MaxPool2d(2),
        )

    def forward(self, x):
        return self.layers(x)


@Transition.misconception(
    "Height and width stay: the mean over windows of 2 × 2 is missing.",
    "examples values gradients",
)
class TransitionUnpooled(nn.Module):
    def __init__(self, in_channels):
        super().__init__()
        if in_channels < 2:
            raise ValueError(f"{in_channels} channels cannot be halved")
        self.layers = nn.Sequential(
            nn.BatchNorm2d(in_channels),
            nn.ReLU(),
            nn.Conv2d(in_channels, in_channels // 2, 1, bias=False),
        )

    def forward(self, x):
        return self.layers(x)


@Transition.misconception(
    "A rest of an odd map becomes a window of its own; the size is rounded down.",
    "examples values gradients",
)
class TransitionCeil(nn.Module):
    def __init__(self, in_channels):
        super().__init__()
        if in_channels < 2:
            raise ValueError(f"{in_channels} channels cannot be halved")
        self.layers = nn.Sequential(
            nn.BatchNorm2d(in_channels),
            nn.ReLU(),
            nn.Conv2d(in_channels, in_channels // 2, 1, bias=False),
            nn.AvgPool2d(2, ceil_mode=True),
        )

    def forward(self, x):
        return self.layers(x)


@Transition.misconception(
    "The convolution has a stride of 2 in place of the mean: three pixels of four are never looked at.",
    "examples values gradients",
)
class TransitionStrided(nn.Module):
    def __init__(self, in_channels):
        super().__init__()
        if in_channels < 2:
            raise ValueError(f"{in_channels} channels cannot be halved")
        self.layers = nn.Sequential(
            nn.BatchNorm2d(in_channels),
            nn.ReLU(),
            nn.Conv2d(in_channels, in_channels // 2, 1, 2, bias=False),
        )

    def forward(self, x):
        return self.layers(x)


@Transition.misconception(
    "The convolution stands first; the order is batch norm, ReLU, convolution, mean.",
    "examples values gradients",
)
class TransitionConvFirst(nn.Module):
    def __init__(self, in_channels):
        super().__init__()
        if in_channels < 2:
            raise ValueError(f"{in_channels} channels cannot be halved")
        self.layers = nn.Sequential(
            nn.Conv2d(in_channels, in_channels // 2, 1, bias=False),
            nn.BatchNorm2d(in_channels // 2),
            nn.ReLU(),
            nn.AvgPool2d(2),
        )

    def forward(self, x):
        return self.layers(x)


@Transition.misconception(
    "The ReLU after the batch norm is missing.",
    "examples values gradients",
)
class TransitionWithoutReLU(nn.Module):
    def __init__(self, in_channels):
        super().__init__()
        if in_channels < 2:
            raise ValueError(f"{in_channels} channels cannot be halved")
        self.layers = nn.Sequential(
            nn.BatchNorm2d(in_channels),
            nn.Conv2d(in_channels, in_channels // 2, 1, bias=False),
            nn.AvgPool2d(2),
        )

    def forward(self, x):
        return self.layers(x)


@Transition.misconception(
    "The 1 × 1 convolution has a bias; none is asked for.",
    "examples values gradients",
)
class TransitionWithBias(nn.Module):
    def __init__(self, in_channels):
        super().__init__()
        if in_channels < 2:
            raise ValueError(f"{in_channels} channels cannot be halved")
        self.layers = nn.Sequential(
            nn.BatchNorm2d(in_channels),
            nn.ReLU(),
            nn.Conv2d(in_channels, in_channels // 2, 1),
            nn.AvgPool2d(2),
        )

    def forward(self, x):
        return self.layers(x)


@Transition.misconception(
    "The batch norm in front is missing.",
    "examples values gradients",
)
class TransitionWithoutNorm(nn.Module):
    def __init__(self, in_channels):
        super().__init__()
        if in_channels < 2:
            raise ValueError(f"{in_channels} channels cannot be halved")
        self.layers = nn.Sequential(
            nn.ReLU(),
            nn.Conv2d(in_channels, in_channels // 2, 1, bias=False),
            nn.AvgPool2d(2),
        )

    def forward(self, x):
        return self.layers(x)


@Transition.misconception(
    "One channel, or none, cannot be halved, and is let through.",
    "examples refusals",
)
class TransitionUnchecked(nn.Module):
    def __init__(self, in_channels):
        super().__init__()
        self.layers = nn.Sequential(
            nn.BatchNorm2d(in_channels),
            nn.ReLU(),
            nn.Conv2d(in_channels, in_channels // 2, 1, bias=False),
            nn.AvgPool2d(2),
        )

    def forward(self, x):
        return self.layers(x)
