"""MobileNet, versions 1 and 2: nets of depthwise separable convolutions.

Sources: A. Howard and others, "MobileNets", arXiv 1704.04861, 2017, Table 1; M. Sandler and others, "MobileNetV2:
inverted residuals and linear bottlenecks", CVPR 2018, Table 2.
"""

from dataclasses import dataclass

from torch import Tensor, nn


@dataclass(frozen=True)
class MobilePlan:
    """The width of a MobileNet (1.0 is the published one), and its classes.

    Raises ValueError for what is not positive.
    """

    width: float = 1.0
    classes: int = 1000
    in_channels: int = 3

    def __post_init__(self) -> None:
        if self.width <= 0 or self.classes < 1 or self.in_channels < 1:
            raise ValueError(
                f"width {self.width} must be positive, classes {self.classes} and in_channels {self.in_channels} "
                "1 or more"
            )

    def scaled(self, channels: int) -> int:
        """Return `channels` times the width, rounded to a multiple of 8 that is not 10 % too small."""
        wanted = channels * self.width
        rounded = max(8, int(wanted + 4) // 8 * 8)
        return rounded + 8 if rounded < 0.9 * wanted else rounded


def _layer(c_in: int, c_out: int, kernel_size: int, stride: int, groups: int, last: nn.Module | None) -> nn.Sequential:
    conv = nn.Conv2d(c_in, c_out, kernel_size, stride, kernel_size // 2, groups=groups, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(c_out), *([last] if last else []))


def _thin_pair(c_in: int, c_out: int, stride: int) -> nn.Sequential:
    """Return version 1's step (N, c_in, H, W) to (N, c_out, H', W'): depthwise 3×3 and 1×1, each with norm and ReLU."""
    return nn.Sequential(_layer(c_in, c_in, 3, stride, c_in, nn.ReLU()), _layer(c_in, c_out, 1, 1, 1, nn.ReLU()))


V1_STEPS = (
    (64, 1),
    (128, 2),
    (128, 1),
    (256, 2),
    (256, 1),
    (512, 2),
    *((512, 1),) * 5,
    (1024, 2),
    (1024, 1),
)
"""Output channels and stride of version 1's thirteen steps."""


class MobileNetV1(nn.Module):
    """One full 3×3 layer, thirteen thin pairs, mean over places, linear layer."""

    def __init__(self, plan: MobilePlan) -> None:
        super().__init__()
        c_in = plan.scaled(32)
        layers = [_layer(plan.in_channels, c_in, 3, 2, 1, nn.ReLU())]
        for channels, stride in V1_STEPS:
            layers.append(_thin_pair(c_in, plan.scaled(channels), stride))
            c_in = plan.scaled(channels)
        self.features = nn.Sequential(*layers)
        self.head = nn.Linear(c_in, plan.classes)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, in_channels, H, W) to scores (N, classes)."""
        return self.head(self.features(x).mean(dim=(2, 3)))


class InvertedResidual(nn.Module):
    """Version 2's block: 1×1 up, depthwise 3×3, 1×1 down without an activation; a shortcut between the thin ends."""

    def __init__(self, c_in: int, c_out: int, stride: int, expansion: int) -> None:
        super().__init__()
        hidden = c_in * expansion
        up = [_layer(c_in, hidden, 1, 1, 1, nn.ReLU6())] if expansion > 1 else []
        depthwise = _layer(hidden, hidden, 3, stride, hidden, nn.ReLU6())
        self.residual = nn.Sequential(*up, depthwise, _layer(hidden, c_out, 1, 1, 1, None))
        self.adds = stride == 1 and c_in == c_out

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, c_in, H, W) to (N, c_out, H / stride, W / stride)."""
        return x + self.residual(x) if self.adds else self.residual(x)


V2_STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
"""Expansion, output channels, number of blocks and first stride of version 2's stages."""


class MobileNetV2(nn.Module):
    """A 3×3 layer, seventeen inverted residuals, a 1×1 layer to 1,280 channels, mean over places, linear layer."""

    def __init__(self, plan: MobilePlan) -> None:
        super().__init__()
        c_in = plan.scaled(32)
        layers: list[nn.Module] = [_layer(plan.in_channels, c_in, 3, 2, 1, nn.ReLU6())]
        for expansion, channels, blocks, stride in V2_STAGES:
            for place in range(blocks):
                c_out = plan.scaled(channels)
                layers.append(InvertedResidual(c_in, c_out, 1 if place else stride, expansion))
                c_in = c_out
        last = max(1280, plan.scaled(1280))  # narrow nets keep a wide last layer
        layers.append(_layer(c_in, last, 1, 1, 1, nn.ReLU6()))
        self.features = nn.Sequential(*layers)
        self.head = nn.Sequential(nn.Dropout(0.2), nn.Linear(last, plan.classes))

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, in_channels, H, W) to scores (N, classes)."""
        return self.head(self.features(x).mean(dim=(2, 3)))


def block_zoo(channels: int, kernel_size: int = 3, groups: int = 4, expansion: int = 4) -> dict[str, nn.Sequential]:
    """Return eight ways to map (N, channels, H, W) to the same shape, as convolutions alone, none with biases.

    They are built on the device in force, so that `torch.device("meta")` makes them cost nothing. Raises ValueError
    where `channels` is no multiple of `groups` and of `expansion`, or the kernel is even.
    """
    if min(channels, kernel_size, groups, expansion) < 1 or channels % groups or channels % expansion:
        raise ValueError(f"{channels} channels are no multiple of {groups} groups and of {expansion} (expansion)")
    if kernel_size % 2 == 0:
        raise ValueError(f"kernel_size is {kernel_size}; it must be odd, so that the map keeps its size")
    thin, wide = channels // expansion, channels * expansion

    def conv(c_in: int, c_out: int, size: int, parts: int = 1) -> nn.Conv2d:
        return nn.Conv2d(c_in, c_out, size, padding=size // 2, groups=parts, bias=False)

    k = kernel_size
    parts = groups if thin % groups == 0 else thin
    return {
        "full": nn.Sequential(conv(channels, channels, k)),
        "grouped": nn.Sequential(conv(channels, channels, k, groups)),
        "depthwise": nn.Sequential(conv(channels, channels, k, channels)),
        "separable (MobileNet, Xception)": nn.Sequential(
            conv(channels, channels, k, channels), conv(channels, channels, 1)
        ),
        "bottleneck (ResNet)": nn.Sequential(conv(channels, thin, 1), conv(thin, thin, k), conv(thin, channels, 1)),
        "grouped bottleneck (ResNeXt)": nn.Sequential(
            conv(channels, thin, 1), conv(thin, thin, k, parts), conv(thin, channels, 1)
        ),
        "inverted (MobileNetV2)": nn.Sequential(
            conv(channels, wide, 1), conv(wide, wide, k, wide), conv(wide, channels, 1)
        ),
        "depthwise first (ConvNeXt)": nn.Sequential(
            conv(channels, channels, k, channels), conv(channels, wide, 1), conv(wide, channels, 1)
        ),
    }
