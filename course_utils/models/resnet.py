"""Residual nets (He, Zhang, Ren, Sun, "Deep residual learning for image recognition", CVPR 2016) and their plain twins.

`ResNet` is the paper's Table 1, `SmallResNet` the net of its section 4.2 (depth 6n + 2), here for the 8×8 digits.
Blocks take a plan of their sizes. The letters A, B and C for the shortcuts are the paper's.
"""

from dataclasses import dataclass, replace
from itertools import pairwise, product

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from course_utils.arithmetic import LayerRow, layer_table
from course_utils.data import Split
from course_utils.device import pick_device

KINDS = ("plain", "residual")


@dataclass(frozen=True)
class BlockPlan:
    """Sizes of one block: channels that come in, width of its 3×3 layers, stride, and the kind of its shortcut.

    `shortcut` is "A" (what does not fit is padded with zeros), "B" (a 1×1 layer where it does not fit), "C" (a 1×1
    layer always) or "none". `late_stride` puts a bottleneck's stride on its 3×3 layer, as torchvision does; the
    paper has it on the first 1×1.
    """

    in_channels: int
    width: int
    stride: int = 1
    shortcut: str = "B"
    late_stride: bool = True


class PaddedShortcut(nn.Module):
    """Shortcut of option A: every `stride`-th pixel, and channels of zeros behind; no parameters."""

    def __init__(self, plan: BlockPlan, out_channels: int) -> None:
        super().__init__()
        self.stride, self.extra = plan.stride, out_channels - plan.in_channels

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (N, C, H, W) to (N, C + extra, H / stride, W / stride)."""
        return F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.extra))


def _convolution(in_channels: int, out_channels: int, kernel_size: int, stride: int = 1) -> list[nn.Module]:
    layer = nn.Conv2d(in_channels, out_channels, kernel_size, stride, kernel_size // 2, bias=False)
    return [layer, nn.BatchNorm2d(out_channels)]


def _shortcut(plan: BlockPlan, out_channels: int) -> nn.Module | None:
    """Return the shortcut of a block, None for a plain one; raises ValueError for an unknown kind."""
    if plan.shortcut not in ("A", "B", "C", "none"):
        raise ValueError(f"shortcut is {plan.shortcut!r}; it must be 'A', 'B', 'C' or 'none'")
    if plan.shortcut == "none":
        return None
    fits = plan.stride == 1 and plan.in_channels == out_channels
    if fits and plan.shortcut != "C":
        return nn.Identity()
    if plan.shortcut == "A":
        return PaddedShortcut(plan, out_channels)
    return nn.Sequential(*_convolution(plan.in_channels, out_channels, 1, plan.stride))


class _Block(nn.Module):
    """ReLU(layers(x) + shortcut(x)), or ReLU(layers(x)) without a shortcut."""

    def __init__(self, layers: list[nn.Module], shortcut: nn.Module | None) -> None:
        super().__init__()
        self.layers = nn.Sequential(*layers)
        self.shortcut = shortcut

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (N, in_channels, H, W) to (N, out_channels, H / stride, W / stride)."""
        y = self.layers(x)
        return F.relu(y if self.shortcut is None else y + self.shortcut(x))


class BasicBlock(_Block):
    """Two 3×3 layers of one width and a shortcut around them."""

    widening = 1

    def __init__(self, plan: BlockPlan) -> None:
        first = _convolution(plan.in_channels, plan.width, 3, plan.stride)
        layers = [*first, nn.ReLU(), *_convolution(plan.width, plan.width, 3)]
        super().__init__(layers, _shortcut(plan, plan.width))


class Bottleneck(_Block):
    """A 1×1 layer down to the width, a 3×3, a 1×1 up to four times the width, and a shortcut around the three."""

    widening = 4

    def __init__(self, plan: BlockPlan) -> None:
        early, late = (1, plan.stride) if plan.late_stride else (plan.stride, 1)
        layers = [
            *_convolution(plan.in_channels, plan.width, 1, early),
            nn.ReLU(),
            *_convolution(plan.width, plan.width, 3, late),
            nn.ReLU(),
            *_convolution(plan.width, 4 * plan.width, 1),
        ]
        super().__init__(layers, _shortcut(plan, 4 * plan.width))


TABLE: dict[int, tuple[type[BasicBlock] | type[Bottleneck], tuple[int, int, int, int]]] = {
    18: (BasicBlock, (2, 2, 2, 2)),
    34: (BasicBlock, (3, 4, 6, 3)),
    50: (Bottleneck, (3, 4, 6, 3)),
    101: (Bottleneck, (3, 4, 23, 3)),
    152: (Bottleneck, (3, 8, 36, 3)),
}
"""The paper's Table 1: the block and how often it stands in each of the four stages."""


class ResNet(nn.Module):
    """A net of the paper's Table 1 by its depth: (N, 3, H, W) to (N, classes).

    `shortcut` is "A", "B" or "C", or "none" for the plain net; `late_stride` is explained at `BlockPlan`.
    Raises ValueError for a depth that the table does not have, or another shortcut.
    """

    def __init__(self, depth: int, shortcut: str = "B", late_stride: bool = True, classes: int = 1000) -> None:
        if depth not in TABLE:
            raise ValueError(f"no ResNet of depth {depth}; there are {', '.join(map(str, TABLE))}")
        super().__init__()
        block, repeats = TABLE[depth]
        self.stem = nn.Sequential(*_convolution(3, 64, 7, 2), nn.ReLU(), nn.MaxPool2d(3, stride=2, padding=1))
        stages, channels = [], 64
        for stage, count in enumerate(repeats):
            width, blocks = 64 * 2**stage, []
            for number in range(count):
                stride = 2 if stage and not number else 1
                blocks.append(block(BlockPlan(channels, width, stride, shortcut, late_stride)))
                channels = block.widening * width
            stages.append(nn.Sequential(*blocks))
        self.stages = nn.Sequential(*stages)
        self.head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, classes))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (N, 3, H, W) to (N, classes)."""
        return self.head(self.stages(self.stem(x)))


@dataclass(frozen=True)
class SmallPlan:
    """Sizes of one or several nets of depth 6n + 2 for pictures of one channel, trained side by side.

    There is a member for each pair of a kind ("plain", "residual") and a seed. `start` is "he" or "torch" (what
    nn.Conv2d begins with). `branch` scales what a block adds to its input.
    """

    depth: int = 20
    width: int = 4
    kinds: tuple[str, ...] = ("residual",)
    seeds: tuple[int, ...] = (0,)
    normalise: bool = True
    start: str = "he"
    branch: float = 1.0

    def __post_init__(self) -> None:
        if self.depth < 8 or self.depth % 6 != 2:
            raise ValueError(f"depth is {self.depth}; it must be 6n + 2 with n of 1 or more: 8, 14, 20, …")
        if not set(self.kinds) <= set(KINDS) or not self.kinds or not self.seeds or self.width < 1:
            raise ValueError(
                f"{self}: give kinds out of {', '.join(KINDS)}, one seed or more, and a width of 1 or more"
            )
        if self.start not in ("he", "torch"):
            raise ValueError(f"start is {self.start!r}; it must be 'he' or 'torch'")

    @property
    def members(self) -> list[tuple[str, int]]:
        """The kind and the seed of every net, in the order of its channels."""
        return list(product(self.kinds, self.seeds))


class _SmallBlock(nn.Module):
    """Two grouped 3×3 layers; each member adds its input (option A) or not."""

    gates: torch.Tensor

    def __init__(self, plan: SmallPlan, in_width: int, out_width: int, stride: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *_grouped(plan, in_width, out_width, stride), nn.ReLU(), *_grouped(plan, out_width, out_width)
        )
        self.members, self.stride, self.extra, self.branch = (
            len(plan.members),
            stride,
            out_width - in_width,
            plan.branch,
        )
        gates = torch.tensor([float(kind == "residual") for kind, _seed in plan.members])
        self.register_buffer("gates", gates.repeat_interleave(out_width)[:, None, None], persistent=False)
        self.mixed = len(set(plan.kinds)) > 1
        self.residual = "residual" in plan.kinds

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.layers(x)
        if not self.residual:
            return F.relu(y)
        if self.stride > 1 or self.extra:
            thin = x[:, :, :: self.stride, :: self.stride].unflatten(1, (self.members, -1))
            x = F.pad(thin, (0, 0, 0, 0, 0, self.extra)).flatten(1, 2)
        y = y if self.branch == 1 else self.branch * y
        return F.relu(torch.addcmul(y, x, self.gates) if self.mixed else y + x)


def _grouped(plan: SmallPlan, in_width: int, out_width: int, stride: int = 1) -> list[nn.Module]:
    groups = len(plan.members)
    layer = nn.Conv2d(groups * in_width, groups * out_width, 3, stride, 1, groups=groups, bias=False)
    # No running averages: they would lag behind so short a training; every batch is measured by itself.
    return [layer, nn.BatchNorm2d(groups * out_width, track_running_stats=False)] if plan.normalise else [layer]


class SmallResNet(nn.Module):
    """One or several nets of 6n + 2 layers, as groups of channels that never meet: (N, members, H, W) to scores.

    A stem, then three stages of n blocks with width, 2 width and 4 width channels. With one member the scores are
    (N, 10), with several (N, members, 10). Members of one seed start from the same weights, whatever their kind.
    """

    def __init__(self, plan: SmallPlan) -> None:
        super().__init__()
        self.plan, groups = plan, len(plan.members)
        self.stem = nn.Sequential(*_grouped(plan, 1, plan.width), nn.ReLU())
        widths = [plan.width, *(plan.width * 2**stage for stage in range(3) for _ in range((plan.depth - 2) // 6))]
        strides = [1 if new == old else 2 for old, new in pairwise(widths)]
        self.blocks = nn.Sequential(
            *(_SmallBlock(plan, *pair, stride) for pair, stride in zip(pairwise(widths), strides, strict=True))
        )
        self.head = nn.Conv2d(groups * widths[-1], groups * 10, 1, groups=groups)
        self._begin()

    @torch.no_grad()
    def _begin(self) -> None:
        """Fill the weights, each member from a generator of its own seed."""
        for number, (_kind, seed) in enumerate(self.plan.members):
            generator = torch.Generator().manual_seed(seed)
            for layer in self.modules():
                if isinstance(layer, nn.Conv2d):
                    mine = layer.weight.chunk(len(self.plan.members))[number]
                    fan_in = mine[0].numel()
                    if self.plan.start == "he" and layer is not self.head:
                        mine.normal_(0, (2 / fan_in) ** 0.5, generator=generator)
                    else:  # the bound that nn.Conv2d and nn.Linear use
                        mine.uniform_(-(fan_in**-0.5), fan_in**-0.5, generator=generator)
        self.get_parameter("head.bias").zero_()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (N, members, H, W) to (N, 10), or (N, members, 10) where there are several."""
        maps = self.blocks(self.stem(x)).mean(dim=(2, 3), keepdim=True)
        scores = self.head(maps).flatten(1).unflatten(1, (-1, 10))
        return scores.squeeze(1)

    @torch.no_grad()
    def pick(self, *members: tuple[str, int]) -> "SmallResNet":
        """Return a net of some members alone, each given as (kind, seed), with copies of their weights.

        Raises ValueError where one is not there, or where they are not all pairs of their kinds and seeds.
        """
        kinds, seeds = (tuple(dict.fromkeys(part)) for part in zip(*members, strict=True))
        plan = replace(self.plan, kinds=kinds, seeds=seeds)
        if sorted(plan.members) != sorted(members) or not set(members) <= set(self.plan.members):
            raise ValueError(f"members {members} must be all pairs of some kinds and seeds of {self.plan.members}")
        picked = SmallResNet(plan)
        places = [self.plan.members.index(member) for member in plan.members]
        for new, old in zip(picked.parameters(), self.parameters(), strict=True):
            new.copy_(torch.cat([old.chunk(len(self.plan.members))[place] for place in places]))
        return picked.to(self.head.weight.device)

    @torch.no_grad()
    def with_idle_blocks(self, depth: int) -> "SmallResNet":
        """Return a deeper copy whose additional blocks add nothing to what they hand on, and that computes the same.

        Each stage gets more blocks behind its own; their last normalisation multiplies by 0. Raises ValueError where
        a member is plain (it has nothing to hand on), there is no normalisation, or `depth` is not larger.
        """
        if set(self.plan.kinds) != {"residual"} or not self.plan.normalise or depth <= self.plan.depth:
            raise ValueError(
                f"{depth} layers out of {self.plan}: it takes residual members, normalised, and more layers"
            )
        deeper = SmallResNet(replace(self.plan, depth=depth))
        old, new = len(self.blocks) // 3, len(deeper.blocks) // 3
        deeper.stem.load_state_dict(self.stem.state_dict())
        deeper.head.load_state_dict(self.head.state_dict())
        for stage in range(3):
            for number in range(new):
                block = deeper.blocks[stage * new + number]
                if number < old:
                    block.load_state_dict(self.blocks[stage * old + number].state_dict())
                else:
                    block.get_parameter("layers.4.weight").zero_()
        return deeper.to(self.head.weight.device)


def side_by_side(model: SmallResNet, x: np.ndarray) -> torch.Tensor:
    """Return pictures (N, 1, H, W) on the course's device, once for each member: (N, members, H, W)."""
    return torch.as_tensor(x, device=pick_device()).expand(-1, len(model.plan.members), -1, -1)


def fit_members(
    model: SmallResNet, data: Split, *, steps: int, lr: float, batch_size: int = 64, momentum: float = 0.0
) -> np.ndarray:
    """Train every member by SGD on batches of its own seed's order; return the losses, float64 (steps, members).

    The sum of the members' losses is followed; they share no weight, so each goes its own way. The model is moved
    to the course's device. Raises ValueError where `steps` or `batch_size` is below 1.
    """
    if steps < 1 or batch_size < 1:
        raise ValueError(f"steps is {steps} and batch_size {batch_size}; both must be 1 or more")
    device = pick_device()
    # Channels last: grouped layers of few channels run about twice as fast so on a CPU.
    model.to(device, memory_format=torch.channels_last).train()  # type: ignore[call-overload]
    x, y = torch.as_tensor(data.x_train[:, 0], device=device), torch.as_tensor(data.y_train, device=device)
    epochs = -(-steps * batch_size // len(y))
    orders = []
    for _kind, seed in model.plan.members:
        rng = np.random.default_rng(seed)
        orders.append(np.concatenate([rng.permutation(len(y)) for _ in range(epochs)])[: steps * batch_size])
    batches = torch.as_tensor(np.stack(orders, axis=1), device=device).split(batch_size)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=momentum, foreach=True)
    losses = []
    for batch in batches:
        optimizer.zero_grad()
        each = member_losses(model, x[batch].contiguous(memory_format=torch.channels_last), y[batch])
        each.sum().backward()
        optimizer.step()
        losses.append(each.detach())
    return torch.stack(losses).cpu().double().numpy()


def member_losses(model: SmallResNet, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Return each member's mean cross-entropy (members,) on pictures (N, members, H, W), labels (N, members)."""
    scores = model(x).reshape(-1, 10)
    return F.cross_entropy(scores, y.reshape(-1), reduction="none").view(len(x), -1).mean(dim=0)


@torch.no_grad()
def member_errors(model: SmallResNet, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return how many per cent of pictures (N, 1, H, W) each member labels wrongly: float64 (members,)."""
    device = pick_device()
    guesses = model.to(device)(side_by_side(model, x)).reshape(len(x), -1, 10).argmax(dim=2)
    return 100 * (guesses.cpu().numpy() != np.asarray(y)[:, None]).mean(axis=0)


def weight_layers(depth: int) -> int:
    """Return the layers with weights on the main path of a ResNet: stem, blocks, classifier."""
    with torch.device("meta"):
        net = ResNet(depth, shortcut="none")
    return sum(isinstance(layer, (nn.Conv2d, nn.Linear)) for layer in net.modules())


def costs(depth: int, shortcut: str = "B", late_stride: bool = True) -> list[LayerRow]:
    """Return what stem, stages and classifier of a ResNet cost at 224×224: a row for each, the sum of its layers.

    Arguments and errors are those of `ResNet`; "none" is the plain net.
    """
    with torch.device("meta"):
        net = ResNet(depth, shortcut, late_stride).eval()
    found: dict[str, LayerRow] = {}
    for row in layer_table(net, (3, 224, 224)):
        part = row.name.split(".")
        name = {"stem": "stem", "head": "classifier"}.get(part[0]) or f"stage {int(part[1]) + 1}"
        old = found.get(name, LayerRow(name, "part", (), 0, 0))
        found[name] = replace(
            old, output_shape=row.output_shape, parameters=old.parameters + row.parameters, macs=old.macs + row.macs
        )
    return list(found.values())
