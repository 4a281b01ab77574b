"""GoogLeNet (Szegedy and others, "Going deeper with convolutions", CVPR 2015), and the variant that torchvision ships.

Read it beside the paper's Table 1: `MODULES` is that table, column by column. Blocks take a plan of their sizes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import nn


@dataclass(frozen=True)
class InceptionPlan:
    """Channels of one module: what comes in, and what each of its four branches makes.

    `three_reduce`, `five_reduce` and `pool` are the 1×1 layers before the 3×3, before the 5×5 and after the pool;
    0 leaves that layer out, and the naive module has none of them. `five_kernel` is 5 in the paper, 3 in torchvision.
    """

    in_channels: int
    one: int
    three_reduce: int
    three: int
    five_reduce: int
    five: int
    pool: int
    five_kernel: int = 5

    def __post_init__(self) -> None:
        if min(self.in_channels, self.one, self.three, self.five) < 1:
            raise ValueError(f"{self}: in_channels, one, three and five must be 1 or more")
        if min(self.three_reduce, self.five_reduce, self.pool) < 0 or self.five_kernel not in (3, 5):
            raise ValueError(f"{self}: a 1×1 layer has 0 channels (left out) or more, and five_kernel is 3 or 5")

    @property
    def out_channels(self) -> int:
        """Channels after concatenation; a pool without a 1×1 layer keeps all that came in."""
        return self.one + self.three + self.five + (self.pool or self.in_channels)

    def naive(self) -> "InceptionPlan":
        """Return the same module without its 1×1 reductions."""
        return replace(self, three_reduce=0, five_reduce=0, pool=0)


# Table 1 of the paper: in_channels, #1×1, #3×3 reduce, #3×3, #5×5 reduce, #5×5, pool proj.
MODULES = {
    "3a": InceptionPlan(192, 64, 96, 128, 16, 32, 32),
    "3b": InceptionPlan(256, 128, 128, 192, 32, 96, 64),
    "4a": InceptionPlan(480, 192, 96, 208, 16, 48, 64),
    "4b": InceptionPlan(512, 160, 112, 224, 24, 64, 64),
    "4c": InceptionPlan(512, 128, 128, 256, 24, 64, 64),
    "4d": InceptionPlan(512, 112, 144, 288, 32, 64, 64),
    "4e": InceptionPlan(528, 256, 160, 320, 32, 128, 128),
    "5a": InceptionPlan(832, 256, 160, 320, 32, 128, 128),
    "5b": InceptionPlan(832, 384, 192, 384, 48, 128, 128),
}
SIZES = {"3": 28, "4": 14, "5": 7}
"""Height and width inside the modules of each stage, for a picture of 224×224."""


def _convolution(
    in_channels: int, out_channels: int, kernel_size: int, normalise: bool, stride: int = 1
) -> nn.Sequential:
    """Return convolution and ReLU; with batch normalisation in between, the bias is left to it."""
    layer = nn.Conv2d(in_channels, out_channels, kernel_size, stride, kernel_size // 2, bias=not normalise)
    between = [nn.BatchNorm2d(out_channels, eps=0.001)] if normalise else []
    return nn.Sequential(layer, *between, nn.ReLU())


class InceptionModule(nn.Module):
    """Four branches over one input, concatenated: (N, in_channels, H, W) to (N, out_channels, H, W)."""

    def __init__(self, plan: InceptionPlan, normalise: bool = False) -> None:
        super().__init__()

        def branch(reduce: int, out_channels: int, kernel_size: int) -> nn.Sequential:
            first = [_convolution(plan.in_channels, reduce, 1, normalise)] if reduce else []
            return nn.Sequential(*first, _convolution(reduce or plan.in_channels, out_channels, kernel_size, normalise))

        self.one = _convolution(plan.in_channels, plan.one, 1, normalise)
        self.three = branch(plan.three_reduce, plan.three, 3)
        self.five = branch(plan.five_reduce, plan.five, plan.five_kernel)
        project = [_convolution(plan.in_channels, plan.pool, 1, normalise)] if plan.pool else []
        self.pool = nn.Sequential(nn.MaxPool2d(3, stride=1, padding=1), *project)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (N, in_channels, H, W) to (N, out_channels, H, W)."""
        return torch.cat([self.one(x), self.three(x), self.five(x), self.pool(x)], dim=1)


class SideHead(nn.Module):
    """An auxiliary classifier on a map in the middle of the net, used while training: (N, C, H, W) to (N, classes)."""

    def __init__(self, in_channels: int, classes: int, normalise: bool) -> None:
        super().__init__()
        # The paper averages 5×5 windows with stride 3, 14×14 to 4×4; torchvision asks for 4×4 whatever comes in.
        self.pool = nn.AdaptiveAvgPool2d(4) if normalise else nn.AvgPool2d(5, stride=3)
        self.layers = nn.Sequential(_convolution(in_channels, 128, 1, normalise), nn.Flatten())
        self.classify = nn.Sequential(nn.Linear(2048, 1024), nn.ReLU(), nn.Dropout(0.7), nn.Linear(1024, classes))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (N, in_channels, H, W) to (N, classes)."""
        return self.classify(self.layers(self.pool(x)))


class GoogLeNet(nn.Module):
    """22 layers with parameters: three convolutions, nine modules of depth two, one fully connected layer.

    `variant` "paper" has biases, local response normalisation and 5×5 kernels. "torchvision" has batch normalisation,
    3×3 kernels in the 5×5 branch and a 2×2 pool before stage 5. With `side_heads`, training mode returns three
    outputs: the net's own, then those of the heads on 4a and 4d. Raises ValueError for another variant.
    """

    def __init__(self, variant: str = "paper", side_heads: bool = False, classes: int = 1000) -> None:
        if variant not in ("paper", "torchvision"):
            raise ValueError(f"variant is {variant!r}; it must be 'paper' or 'torchvision'")
        super().__init__()
        normalise = variant == "torchvision"
        kernel = 3 if normalise else 5

        def respond() -> list[nn.Module]:
            # The paper shows where these stand and not their constants: size 5 as AlexNet's, the rest as torch has it.
            return [] if normalise else [nn.LocalResponseNorm(5)]

        def pool(kernel_size: int = 3) -> nn.MaxPool2d:
            return nn.MaxPool2d(kernel_size, stride=2, ceil_mode=True)

        def modules(names: Sequence[str]) -> nn.Sequential:
            plans = {name: replace(MODULES[name], five_kernel=kernel) for name in names}
            return nn.Sequential(*(InceptionModule(plan, normalise) for plan in plans.values()))

        self.stem = nn.Sequential(
            _convolution(3, 64, 7, normalise, stride=2),
            pool(),
            *respond(),
            _convolution(64, 64, 1, normalise),
            _convolution(64, 192, 3, normalise),
            *respond(),
            pool(),
        )
        self.early = nn.Sequential(modules(["3a", "3b"]), pool(), modules(["4a"]))
        self.middle = modules(["4b", "4c", "4d"])
        self.late = nn.Sequential(modules(["4e"]), pool(2 if normalise else 3), modules(["5a", "5b"]))
        self.side_heads = nn.ModuleList(
            [SideHead(MODULES[name].out_channels, classes, normalise) for name in ("4a", "4d")] if side_heads else []
        )
        last = MODULES["5b"].out_channels
        dropout = nn.Dropout(0.2 if normalise else 0.4)
        self.head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), dropout, nn.Linear(last, classes))

    def forward(self, x: torch.Tensor) -> torch.Tensor | tuple[torch.Tensor, ...]:
        """Map (N, 3, H, W) to (N, classes), or to three of these while side heads are trained."""
        early = self.early(self.stem(x))
        middle = self.middle(early)
        scores = self.head(self.late(middle))
        if self.training and self.side_heads:
            return scores, self.side_heads[0](early), self.side_heads[1](middle)
        return scores
