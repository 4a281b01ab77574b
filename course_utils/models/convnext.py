"""ConvNeXt, and the road to it: one net with switches, from ResNet-50 to ConvNeXt-T.

Sources: Z. Liu and others, "A ConvNet for the 2020s", CVPR 2022, section 2; K. He and others, "Deep residual learning
for image recognition", 2016, for the start. Stochastic depth (`drop_path`) is torchvision's.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.ops import StochasticDepth


@dataclass(frozen=True)
class RoadPlan:
    """The sizes of a net, and which of ConvNeXt's changes it has; without any it is ResNet-50.

    `depths` and `widths` have one number a stage; `widths` are those of the 3×3 layers in a ResNet and of the
    blocks' ends in an inverted bottleneck. `layer_scale` is the first value of the learned scales, None for no scales.
    Raises ValueError where sizes do not fit together, or a change comes without the one it builds on.
    """

    depths: tuple[int, ...] = (3, 4, 6, 3)
    widths: tuple[int, ...] = (64, 128, 256, 512)
    in_channels: int = 3
    classes: int = 1000
    patch: int = 0  # 0: the 7×7 stem with a pool; 4: patches of 4×4
    depthwise: bool = False
    inverted: bool = False
    spatial_first: bool = False
    kernel_size: int = 3
    gelu: bool = False
    one_activation: bool = False
    one_norm: bool = False
    layer_norm: bool = False
    separate_downsampling: bool = False
    layer_scale: float | None = None
    last_norm: bool = False
    drop_path: float = 0.0

    def __post_init__(self) -> None:
        if not self.depths or len(self.depths) != len(self.widths) or min(self.depths + self.widths) < 1:
            raise ValueError(f"depths {self.depths} and widths {self.widths} must be as many, each 1 or more")
        if self.kernel_size % 2 == 0 or min(self.kernel_size, self.in_channels, self.classes) < 1 or self.patch < 0:
            raise ValueError(
                f"kernel_size {self.kernel_size} must be odd, in_channels {self.in_channels} and classes "
                f"{self.classes} 1 or more, patch {self.patch} 0 or more"
            )
        if not 0 <= self.drop_path < 1:
            raise ValueError(f"drop_path is {self.drop_path}; it must lie between 0 and 1, 1 excluded")
        needs = (
            ("one_activation", "spatial_first"),
            ("one_norm", "spatial_first"),
            ("separate_downsampling", "layer_norm"),
            ("separate_downsampling", "inverted"),
        )
        for change, base in needs:
            if getattr(self, change) and not getattr(self, base):
                raise ValueError(f"{change} builds on {base}, which is switched off")


class PixelNorm(nn.LayerNorm):
    """Layer norm over the channels of each pixel of (N, C, H, W): what ConvNeXt calls its LN."""

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, C, H, W), each pixel's C numbers with mean 0 and variance 1, then scaled and shifted."""
        x = F.layer_norm(x.permute(0, 2, 3, 1), self.normalized_shape, self.weight, self.bias, self.eps)
        return x.permute(0, 3, 1, 2)


def _norm(plan: RoadPlan, channels: int) -> nn.Module:
    return PixelNorm(channels, eps=1e-6) if plan.layer_norm else nn.BatchNorm2d(channels)


def _act(plan: RoadPlan) -> nn.Module:
    return nn.GELU() if plan.gelu else nn.ReLU()


def _conv(
    plan: RoadPlan, c_in: int, c_out: int, kernel_size: int, stride: int = 1, groups: int = 1, normed: bool = True
):
    """Return a convolution; it has no bias where a batch norm follows, which would take it out again."""
    bias = not normed or plan.layer_norm
    return nn.Conv2d(c_in, c_out, kernel_size, stride, kernel_size // 2, groups=groups, bias=bias)


class RoadBlock(nn.Module):
    """One residual block, with the changes of the plan: from ResNet's bottleneck to ConvNeXt's block."""

    def __init__(self, plan: RoadPlan, c_in: int, width: int, stride: int, drop_path: float) -> None:
        super().__init__()
        hidden, c_out = (4 * width, width) if plan.inverted else (width, 4 * width)
        spatial_width = c_in if plan.spatial_first else hidden
        groups = spatial_width if plan.depthwise else 1
        last_two_normed = not plan.one_norm
        spatial = _conv(
            plan, spatial_width, spatial_width if plan.spatial_first else hidden, plan.kernel_size, stride, groups
        )
        up = _conv(plan, c_in, hidden, 1, normed=last_two_normed)
        down = _conv(plan, hidden, c_out, 1, normed=last_two_normed)
        order = (spatial, up, down) if plan.spatial_first else (up, spatial, down)
        layers: list[nn.Module] = []
        for place, conv in enumerate(order):
            layers.append(conv)
            if place == 0 or not plan.one_norm:
                layers.append(_norm(plan, conv.out_channels))
            if place == 1 or (place == 0 and not plan.one_activation):
                layers.append(_act(plan))
        self.scale = None
        if plan.layer_scale is not None:
            self.scale = nn.Parameter(torch.full((c_out, 1, 1), plan.layer_scale))
        self.residual = nn.Sequential(*layers)
        self.drop = StochasticDepth(drop_path, "row")
        self.shortcut: nn.Module = nn.Identity()
        if stride > 1 or c_in != c_out:
            self.shortcut = nn.Sequential(_conv(plan, c_in, c_out, 1, stride), _norm(plan, c_out))
        self.last = nn.Identity() if plan.one_activation else _act(plan)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, C', H / stride, W / stride)."""
        y = self.residual(x)
        if self.scale is not None:
            y = self.scale * y
        return self.last(self.shortcut(x) + self.drop(y))


class RoadNet(nn.Module):
    """A net anywhere on the road from ResNet-50 to ConvNeXt: stem, stages, mean over places, linear layer."""

    def __init__(self, plan: RoadPlan) -> None:
        super().__init__()
        self.plan = plan
        total, done = sum(plan.depths), 0
        c_in = plan.widths[0]
        self.stem = self._stem(plan)
        stages = []
        for number, (depth, width) in enumerate(zip(plan.depths, plan.widths, strict=True)):
            c_out = width if plan.inverted else 4 * width
            layers: list[nn.Module] = []
            if number and plan.separate_downsampling:
                layers += [_norm(plan, c_in), nn.Conv2d(c_in, width, 2, stride=2)]
                c_in = width
            for place in range(depth):
                stride = 2 if number and place == 0 and not plan.separate_downsampling else 1
                layers.append(RoadBlock(plan, c_in, width, stride, plan.drop_path * done / max(total - 1, 1)))
                c_in, done = c_out, done + 1
            stages.append(nn.Sequential(*layers))
        self.stages = nn.Sequential(*stages)
        self.norm = _norm(plan, c_in) if plan.last_norm else nn.Identity()
        self.head = nn.Linear(c_in, plan.classes)
        for layer in self.modules():
            if isinstance(layer, (nn.Conv2d, nn.Linear)) and plan.layer_norm:
                nn.init.trunc_normal_(layer.weight, std=0.02)
                if layer.bias is not None:
                    nn.init.zeros_(layer.bias)
            elif isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")

    @staticmethod
    def _stem(plan: RoadPlan) -> nn.Sequential:
        width = plan.widths[0]
        if not plan.patch:
            conv = _conv(plan, plan.in_channels, width, 7, stride=2)
            return nn.Sequential(conv, _norm(plan, width), _act(plan), nn.MaxPool2d(3, 2, padding=1))
        patches = nn.Conv2d(plan.in_channels, width, plan.patch, stride=plan.patch, bias=plan.layer_norm)
        last = [] if plan.one_activation else [_act(plan)]
        return nn.Sequential(patches, _norm(plan, width), *last)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, in_channels, H, W) to scores (N, classes)."""
        x = self.stages(self.stem(x)).mean(dim=(2, 3), keepdim=True)
        return self.head(self.norm(x).flatten(1))


CHANGES: tuple[tuple[str, dict], ...] = (
    ("ResNet-50", {}),
    ("blocks 3, 3, 9, 3", {"depths": (3, 3, 9, 3)}),
    ("patches of 4×4", {"patch": 4}),
    ("depthwise", {"depthwise": True}),
    ("width 96", {"widths": (96, 192, 384, 768)}),
    ("inverted bottleneck", {"inverted": True}),
    ("depthwise first", {"spatial_first": True}),
    ("7×7 kernels", {"kernel_size": 7}),
    ("GELU", {"gelu": True}),
    ("one activation", {"one_activation": True}),
    ("one norm", {"one_norm": True}),
    ("layer norm", {"layer_norm": True}),
    ("separate down-sampling", {"separate_downsampling": True}),
    ("layer scale, last norm", {"layer_scale": 1e-6, "last_norm": True}),
)
"""The changes in the paper's order, and at the end two small ones that its text does not list as steps."""


def road() -> list[tuple[str, RoadPlan]]:
    """Return the plans of all steps from ResNet-50 to ConvNeXt-T, each with every change up to its own."""
    plans, plan = [], RoadPlan()
    for name, change in CHANGES:
        plan = replace(plan, **change)
        plans.append((name, plan))
    return plans


SIZES = {
    "T": ((3, 3, 9, 3), (96, 192, 384, 768)),
    "S": ((3, 3, 27, 3), (96, 192, 384, 768)),
    "B": ((3, 3, 27, 3), (128, 256, 512, 1024)),
    "L": ((3, 3, 27, 3), (192, 384, 768, 1536)),
}
"""Depths and widths of the published ConvNeXts (paper, section 3)."""


def convnext_plan(size: str = "T") -> RoadPlan:
    """Return the plan of ConvNeXt-T, -S, -B or -L; raises ValueError for another letter."""
    if size not in SIZES:
        raise ValueError(f"no ConvNeXt-{size}; there are {', '.join(SIZES)}")
    depths, widths = SIZES[size]
    return replace(road()[-1][1], depths=depths, widths=widths)


def small_convnext(classes: int = 10, widths: tuple[int, ...] = (16, 32), depth: int = 2) -> RoadNet:
    """Return a ConvNeXt that trains in seconds on grey pictures: patches of 2×2, 5×5 kernels, large layer scales.

    Maps (N, 1, H, W) to (N, classes). The scales begin at 1, not at 1e-6, and the weights as torch's layers do, not
    at a spread of 0.02, which suits widths of hundreds: so a few hundred steps of plain SGD are enough.
    """
    depths = (depth,) * len(widths)
    plan = replace(road()[-1][1], depths=depths, widths=widths, in_channels=1, classes=classes)
    net = RoadNet(replace(plan, patch=2, kernel_size=5, layer_scale=1.0))
    for layer in net.modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            layer.reset_parameters()
    return net
