"""Gates: squeeze-and-excitation for channels, its sibling for places, and ResNets that carry them.

Sources: J. Hu and others, "Squeeze-and-excitation networks", CVPR 2018; S. Woo and others, "CBAM: convolutional block
attention module", ECCV 2018, section 3, for the spatial gate.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class GatePlan:
    """A gate on `channels` channels whose middle layer has channels // reduction units, with or without biases.

    Raises ValueError where the middle layer would have no unit.
    """

    channels: int
    reduction: int = 16
    bias: bool = False

    def __post_init__(self) -> None:
        if self.reduction < 1 or self.channels < self.reduction:
            raise ValueError(
                f"{self.channels} channels reduced {self.reduction} times leave no unit; take 1 to {self.channels}"
            )


class ChannelGate(nn.Module):
    """Squeeze each map to its mean, and give each channel a factor between 0 and 1 (paper, section 3)."""

    def __init__(self, plan: GatePlan) -> None:
        super().__init__()
        middle = plan.channels // plan.reduction
        self.reduce = nn.Linear(plan.channels, middle, bias=plan.bias)
        self.expand = nn.Linear(middle, plan.channels, bias=plan.bias)

    def gates(self, x: Tensor) -> Tensor:
        """Return the factors (N, C) for maps (N, C, H, W)."""
        return torch.sigmoid(self.expand(torch.relu(self.reduce(x.mean(dim=(2, 3))))))

    def forward(self, x: Tensor) -> Tensor:
        """Return the maps (N, C, H, W), each multiplied by its factor."""
        return x * self.gates(x)[:, :, None, None]


@dataclass(frozen=True)
class PlacePlan:
    """A gate on places, with a kernel of odd `kernel_size`; raises ValueError for an even one."""

    kernel_size: int = 7
    bias: bool = False

    def __post_init__(self) -> None:
        if self.kernel_size < 1 or self.kernel_size % 2 == 0:
            raise ValueError(f"kernel_size is {self.kernel_size}; it must be odd, so that the map keeps its size")


class PlaceGate(nn.Module):
    """Squeeze the channels to their mean and maximum, and give each place a factor between 0 and 1 (CBAM, eq. 3)."""

    def __init__(self, plan: PlacePlan) -> None:
        super().__init__()
        self.look = nn.Conv2d(2, 1, plan.kernel_size, padding=plan.kernel_size // 2, bias=plan.bias)

    def gates(self, x: Tensor) -> Tensor:
        """Return the factors (N, 1, H, W) for maps (N, C, H, W)."""
        return torch.sigmoid(self.look(torch.cat([x.mean(1, keepdim=True), x.amax(1, keepdim=True)], dim=1)))

    def forward(self, x: Tensor) -> Tensor:
        """Return the maps (N, C, H, W), each place multiplied by its factor."""
        return x * self.gates(x)


@dataclass(frozen=True)
class SEPlan:
    """A ResNet of bottlenecks; `reduction` None leaves the gates out, and `bias` is that of the gates.

    Raises ValueError where a stage has no block.
    """

    depths: tuple[int, ...] = (3, 4, 6, 3)
    reduction: int | None = 16
    bias: bool = False
    classes: int = 1000

    def __post_init__(self) -> None:
        if not self.depths or min(self.depths) < 1 or self.classes < 1:
            raise ValueError(f"depths {self.depths} and classes {self.classes} must be 1 or more")


class SEBottleneck(nn.Module):
    """ResNet's bottleneck (stride in its 3×3 layer), with a gate before the addition."""

    def __init__(self, plan: SEPlan, c_in: int, width: int, stride: int) -> None:
        super().__init__()
        c_out = 4 * width
        self.residual = nn.Sequential(
            nn.Conv2d(c_in, width, 1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, c_out, 1, bias=False),
            nn.BatchNorm2d(c_out),
        )
        self.gate: nn.Module = nn.Identity()
        if plan.reduction is not None:
            self.gate = ChannelGate(GatePlan(c_out, plan.reduction, plan.bias))
        self.shortcut: nn.Module = nn.Identity()
        if stride > 1 or c_in != c_out:
            self.shortcut = nn.Sequential(nn.Conv2d(c_in, c_out, 1, stride, bias=False), nn.BatchNorm2d(c_out))

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, 4 · width, H / stride, W / stride)."""
        return torch.relu(self.shortcut(x) + self.gate(self.residual(x)))


class SEResNet(nn.Module):
    """ResNet-50 with squeeze-and-excitation in every block; other depths by the plan."""

    def __init__(self, plan: SEPlan) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False),
            nn.BatchNorm2d(64),
            nn.ReLU(),
            nn.MaxPool2d(3, stride=2, padding=1),
        )
        blocks: list[nn.Module] = []
        c_in = 64
        for stage, depth in enumerate(plan.depths):
            for place in range(depth):
                blocks.append(SEBottleneck(plan, c_in, 64 * 2**stage, 2 if stage and not place else 1))
                c_in = 4 * 64 * 2**stage
        self.blocks = nn.Sequential(*blocks)
        self.head = nn.Linear(c_in, plan.classes)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, 3, H, W) to scores (N, classes)."""
        return self.head(self.blocks(self.stem(x)).mean(dim=(2, 3)))


GATES = ("none", "channel", "place")


@dataclass(frozen=True)
class SmallGatedPlan:
    """A small residual net for grey pictures, with one of GATES in every block; raises ValueError for others."""

    gate: str = "channel"
    widths: tuple[int, ...] = (16, 32)
    depth: int = 2
    reduction: int = 4
    classes: int = 10

    def __post_init__(self) -> None:
        if self.gate not in GATES:
            raise ValueError(f"no gate {self.gate!r}; there are {', '.join(GATES)}")
        if not self.widths or min(self.widths) < 1 or self.depth < 1 or self.classes < 1:
            raise ValueError(f"widths {self.widths}, depth {self.depth} and classes {self.classes} must be 1 or more")


class SmallGatedBlock(nn.Module):
    """Two 3×3 layers, a gate, and a shortcut."""

    def __init__(self, plan: SmallGatedPlan, c_in: int, c_out: int, stride: int) -> None:
        super().__init__()
        self.residual = nn.Sequential(
            nn.Conv2d(c_in, c_out, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(c_out),
            nn.ReLU(),
            nn.Conv2d(c_out, c_out, 3, padding=1, bias=False),
            nn.BatchNorm2d(c_out),
        )
        self.gate: nn.Module = nn.Identity()
        if plan.gate == "channel":
            self.gate = ChannelGate(GatePlan(c_out, plan.reduction))
        if plan.gate == "place":
            self.gate = PlaceGate(PlacePlan())
        self.shortcut: nn.Module = nn.Identity()
        if stride > 1 or c_in != c_out:
            self.shortcut = nn.Sequential(nn.Conv2d(c_in, c_out, 1, stride, bias=False), nn.BatchNorm2d(c_out))

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, C', H / stride, W / stride)."""
        return torch.relu(self.shortcut(x) + self.gate(self.residual(x)))


class SmallGatedNet(nn.Module):
    """A residual net that trains in seconds: a 3×3 stem, `depth` blocks a width, stride 2 between widths."""

    def __init__(self, plan: SmallGatedPlan) -> None:
        super().__init__()
        c_in = plan.widths[0]
        self.stem = nn.Sequential(nn.Conv2d(1, c_in, 3, padding=1, bias=False), nn.BatchNorm2d(c_in), nn.ReLU())
        blocks: list[nn.Module] = []
        for number, width in enumerate(plan.widths):
            for place in range(plan.depth):
                blocks.append(SmallGatedBlock(plan, c_in, width, 2 if number and not place else 1))
                c_in = width
        self.blocks = nn.Sequential(*blocks)
        self.head = nn.Linear(c_in, plan.classes)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, 1, H, W) to scores (N, classes)."""
        return self.head(self.blocks(self.stem(x)).mean(dim=(2, 3)))

    @torch.no_grad()
    def all_gates(self, x: Tensor) -> list[Tensor]:
        """Return what the gate of each block gives for (N, 1, H, W): (N, C) or (N, 1, H, W), in order."""
        found: list[Tensor] = []
        x = self.stem(x)
        for block in self.blocks:
            assert isinstance(block, SmallGatedBlock)
            if isinstance(block.gate, (ChannelGate, PlaceGate)):
                found.append(block.gate.gates(block.residual(x)))
            x = block(x)
        return found


def gate_weights(plan: SEPlan) -> list[int]:
    """Return how many weights the gates of each stage have, read off the modules; [0, …] without gates."""
    counts = []
    for stage, depth in enumerate(plan.depths):
        channels = 4 * 64 * 2**stage
        weights = 0
        if plan.reduction is not None:
            with torch.device("meta"):
                gate = ChannelGate(GatePlan(channels, plan.reduction, plan.bias))
            weights = sum(parameter.numel() for parameter in gate.parameters())
        counts.append(depth * weights)
    return counts
