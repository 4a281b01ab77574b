"""What goes wrong in a depthwise separable convolution."""
# ruff: noqa: D101, D102 - these are models and students' answers

from torch import nn

from .separable import DepthwiseSeparable


@DepthwiseSeparable.misconception(
    "The first convolution mixes the channels: without groups=in_channels it is an ordinary one, in_channels times as large.",
    "examples parameters values gradients",
)
class SeparableDense(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size=3, stride=1):
        super().__init__()
        if min(in_channels, out_channels, kernel_size, stride) < 1 or kernel_size % 2 == 0:
            raise ValueError(f"{in_channels=}, {out_channels=}, {kernel_size=} (odd) and {stride=} must be 1 or more")
        each = {"kernel_size": kernel_size, "stride": stride, "padding": kernel_size // 2}
        self.layers = nn.Sequential(
            nn.Conv2d(in_channels, in_channels, **each, bias=False),
            nn.BatchNorm2d(in_channels),
            nn.ReLU(),
            nn.Conv2d(in_channels, out_channels, 1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(),
        )

    def forward(self, x):
        return self.layers(x)


@DepthwiseSeparable.misconception(
    "The stride stands in the 1 × 1 convolution, so three quarters of the depthwise outputs are thrown away.",
    "gradients",
)
class SeparableStrideLast(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size=3, stride=1):
        super().__init__()
        if min(in_channels, out_channels, kernel_size, stride) < 1 or kernel_size % 2 == 0:
            raise ValueError(f"{in_channels=}, {out_channels=}, {kernel_size=} (odd) and {stride=} must be 1 or more")
        each = {"kernel_size": kernel_size, "padding": kernel_size // 2, "groups": in_channels}
        self.layers = nn.Sequential(
            nn.Conv2d(in_channels, in_channels, **each, bias=False),
            nn.BatchNorm2d(in_channels),
            nn.ReLU(),
            nn.Conv2d(in_channels, out_channels, 1, stride, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(),
        )

    def forward(self, x):
        return self.layers(x)


@DepthwiseSeparable.misconception(
    "Batch norm and ReLU between the two convolutions are missing.",
    "examples parameters values gradients",
)
class SeparableWithoutMiddle(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size=3, stride=1):
        super().__init__()
        if min(in_channels, out_channels, kernel_size, stride) < 1 or kernel_size % 2 == 0:
            raise ValueError(f"{in_channels=}, {out_channels=}, {kernel_size=} (odd) and {stride=} must be 1 or more")
        each = {"kernel_size": kernel_size, "stride": stride, "padding": kernel_size // 2, "groups": in_channels}
        self.layers = nn.Sequential(
            nn.Conv2d(in_channels, in_channels, **each, bias=False),
            nn.Conv2d(in_channels, out_channels, 1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(),
        )

    def forward(self, x):
        return self.layers(x)


@DepthwiseSeparable.misconception(
    "There is no ReLU after the depthwise convolution.",
    "values gradients",
)
class SeparableLinearMiddle(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size=3, stride=1):
        super().__init__()
        if min(in_channels, out_channels, kernel_size, stride) < 1 or kernel_size % 2 == 0:
            raise ValueError(f"{in_channels=}, {out_channels=}, {kernel_size=} (odd) and {stride=} must be 1 or more")
        each = {"kernel_size": kernel_size, "stride": stride, "padding": kernel_size // 2, "groups": in_channels}
        self.layers = nn.Sequential(
            nn.Conv2d(in_channels, in_channels, **each, bias=False),
            nn.BatchNorm2d(in_channels),
            nn.Conv2d(in_channels, out_channels, 1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(),
        )

    def forward(self, x):
        return self.layers(x)


@DepthwiseSeparable.misconception(
    "There is no ReLU at the end.",
    "examples values gradients",
)
class SeparableLinearEnd(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size=3, stride=1):
        super().__init__()
        if min(in_channels, out_channels, kernel_size, stride) < 1 or kernel_size % 2 == 0:
            raise ValueError(f"{in_channels=}, {out_channels=}, {kernel_size=} (odd) and {stride=} must be 1 or more")
        each = {"kernel_size": kernel_size, "stride": stride, "padding": kernel_size // 2, "groups": in_channels}
        self.layers = nn.Sequential(
            nn.Conv2d(in_channels, in_channels, **each, bias=False),
            nn.BatchNorm2d(in_channels),
            nn.ReLU(),
            nn.Conv2d(in_channels, out_channels, 1, bias=False),
            nn.BatchNorm2d(out_channels),
        )

    def forward(self, x):
        return self.layers(x)


@DepthwiseSeparable.misconception(
    "The padding is 1 whatever the kernel is; kernel_size // 2 keeps the size.",
    "values gradients",
)
class SeparablePaddedByOne(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size=3, stride=1):
        super().__init__()
        if min(in_channels, out_channels, kernel_size, stride) < 1 or kernel_size % 2 == 0:
            raise ValueError(f"{in_channels=}, {out_channels=}, {kernel_size=} (odd) and {stride=} must be 1 or more")
        each = {"kernel_size": kernel_size, "stride": stride, "padding": 1, "groups": in_channels}
        self.layers = nn.Sequential(
            nn.Conv2d(in_channels, in_channels, **each, bias=False),
            nn.BatchNorm2d(in_channels),
            nn.ReLU(),
            nn.Conv2d(in_channels, out_channels, 1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(),
        )

    def forward(self, x):
        return self.layers(x)


@DepthwiseSeparable.misconception(
    "The 1 × 1 convolution stands first; then the depthwise one works on the wrong channels.",
    "examples parameters values gradients",
)
class SeparablePointwiseFirst(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size=3, stride=1):
        super().__init__()
        if min(in_channels, out_channels, kernel_size, stride) < 1 or kernel_size % 2 == 0:
            raise ValueError(f"{in_channels=}, {out_channels=}, {kernel_size=} (odd) and {stride=} must be 1 or more")
        each = {"kernel_size": kernel_size, "stride": stride, "padding": kernel_size // 2, "groups": out_channels}
        self.layers = nn.Sequential(
            nn.Conv2d(in_channels, out_channels, 1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(),
            nn.Conv2d(out_channels, out_channels, **each, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(),
        )

    def forward(self, x):
        return self.layers(x)


@DepthwiseSeparable.misconception(
    "The convolutions have a bias, which the batch norms subtract again.",
    "examples parameters values gradients",
)
class SeparableWithBias(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size=3, stride=1):
        super().__init__()
        if min(in_channels, out_channels, kernel_size, stride) < 1 or kernel_size % 2 == 0:
            raise ValueError(f"{in_channels=}, {out_channels=}, {kernel_size=} (odd) and {stride=} must be 1 or more")
        each = {"kernel_size": kernel_size, "stride": stride, "padding": kernel_size // 2, "groups": in_channels}
        self.layers = nn.Sequential(
            nn.Conv2d(in_channels, in_channels, **each),
            nn.BatchNorm2d(in_channels),
            nn.ReLU(),
            nn.Conv2d(in_channels, out_channels, 1),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(),
        )

    def forward(self, x):
        return self.layers(x)


@DepthwiseSeparable.misconception(
    "The second batch norm is missing; each of the two convolutions has one.",
    "examples parameters values gradients",
)
class SeparableOneNorm(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size=3, stride=1):
        super().__init__()
        if min(in_channels, out_channels, kernel_size, stride) < 1 or kernel_size % 2 == 0:
            raise ValueError(f"{in_channels=}, {out_channels=}, {kernel_size=} (odd) and {stride=} must be 1 or more")
        each = {"kernel_size": kernel_size, "stride": stride, "padding": kernel_size // 2, "groups": in_channels}
        self.layers = nn.Sequential(
            nn.Conv2d(in_channels, in_channels, **each, bias=False),
            nn.BatchNorm2d(in_channels),
            nn.ReLU(),
            nn.Conv2d(in_channels, out_channels, 1, bias=False),
            nn.ReLU(),
        )

    def forward(self, x):
        return self.layers(x)


@DepthwiseSeparable.misconception(
    "The ReLU is clipped at 6, as in MobileNet on phones; here it is a plain ReLU.",
    "values gradients",
)
class SeparableClipped(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size=3, stride=1):
        super().__init__()
        if min(in_channels, out_channels, kernel_size, stride) < 1 or kernel_size % 2 == 0:
            raise ValueError(f"{in_channels=}, {out_channels=}, {kernel_size=} (odd) and {stride=} must be 1 or more")
        each = {"kernel_size": kernel_size, "stride": stride, "padding": kernel_size // 2, "groups": in_channels}
        self.layers = nn.Sequential(
            nn.Conv2d(in_channels, in_channels, **each, bias=False),
            nn.BatchNorm2d(in_channels),
            nn.ReLU6(),
            nn.Conv2d(in_channels, out_channels, 1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU6(),
        )

    def forward(self, x):
        return self.layers(x)


@DepthwiseSeparable.misconception(
    "Even kernels and counts below 1 are let through.",
    "examples refusals",
)
class SeparableUnchecked(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size=3, stride=1):
        super().__init__()
        each = {"kernel_size": kernel_size, "stride": stride, "padding": kernel_size // 2, "groups": in_channels}
        self.layers = nn.Sequential(
            nn.Conv2d(in_channels, in_channels, **each, bias=False),
            nn.BatchNorm2d(in_channels),
            nn.ReLU(),
            nn.Conv2d(in_channels, out_channels, 1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(),
        )

    def forward(self, x):
        return self.layers(x)
