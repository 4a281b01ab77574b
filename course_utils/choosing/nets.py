"""Plain nets of chosen depth and width for the 8×8 digits, trained side by side: by seeds, or by learning rates.

Members are groups of channels that never meet, so each is trained as if it were alone.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from course_utils.arithmetic import layer_table
from course_utils.choosing.searches import Axis, Table
from course_utils.data import Split
from course_utils.device import pick_device

SHAPE = (1, 8, 8)
WIDEST = 1000


@dataclass(frozen=True)
class PlainPlan:
    """Sizes of nets for the 8×8 digits: `depth` layers of `width` channels with batch norm, a 2×2 max pool after one.

    `members` nets of these sizes stand side by side. Raises ValueError where a size is below 1, a kernel is even, or
    the pool would stand behind a layer that is not there.
    """

    depth: int
    width: int
    pool_after: int = 1
    kernel_size: int = 3
    members: int = 1

    def __post_init__(self) -> None:
        if min(self.depth, self.width, self.members, self.kernel_size) < 1 or not 1 <= self.pool_after <= self.depth:
            raise ValueError(f"{self}: sizes must be 1 or more, and pool_after must lie between 1 and the depth")
        if self.kernel_size % 2 == 0:
            raise ValueError(f"kernel_size is {self.kernel_size}; it must be odd, so that maps keep their size")


class PlainNets(nn.Module):
    """Nets of one plan as groups of channels that never meet: (N, members, 8, 8) to scores (N, members, 10).

    Member number s starts from weights of the seed `first_seed` + s, drawn as He and others (2015) propose.
    """

    def __init__(self, plan: PlainPlan, first_seed: int = 0) -> None:
        super().__init__()
        self.plan, groups, k = plan, plan.members, plan.kernel_size
        sizes = pairwise([groups] + [groups * plan.width] * plan.depth)
        self.layers = nn.ModuleList(nn.Conv2d(a, b, k, padding=k // 2, groups=groups, bias=False) for a, b in sizes)
        self.norms = nn.ModuleList(nn.BatchNorm2d(groups * plan.width) for _ in self.layers)
        self.pool = nn.MaxPool2d(2)
        self.head = nn.Conv2d(groups * plan.width, groups * 10, 1, groups=groups)
        if self.head.weight.device.type != "meta":
            self._begin(first_seed)

    @torch.no_grad()
    def _begin(self, first_seed: int) -> None:
        for member in range(self.plan.members):
            generator = torch.Generator().manual_seed(first_seed + member)
            for layer in (*self.layers, self.head):
                mine = layer.get_parameter("weight").chunk(self.plan.members)[member]
                mine.normal_(0, (2 / mine[0].numel()) ** 0.5, generator=generator)
        self.get_parameter("head.bias").zero_()

    def features(self, x: torch.Tensor) -> torch.Tensor:
        """Map (N, members, 8, 8) to what the head reads: the mean of each channel, (N, members * width, 1, 1)."""
        for number, (layer, norm) in enumerate(zip(self.layers, self.norms, strict=True), start=1):
            x = F.relu(norm(layer(x)))
            if number == self.plan.pool_after:
                x = self.pool(x)
        return x.mean(dim=(2, 3), keepdim=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (N, members, 8, 8) to scores (N, members, 10)."""
        return self.head(self.features(x)).flatten(1).unflatten(1, (-1, 10))


def plan_cost(plan: PlainPlan) -> tuple[int, int]:
    """Return the parameters and the MACs of one net of a plan, as `layer_table` counts them."""
    with torch.device("meta"):
        rows = layer_table(PlainNets(replace(plan, members=1)), SHAPE)
    return sum(row.parameters for row in rows), sum(row.macs for row in rows)


def equal_plans(parameters: int, depths: Sequence[int], members: int = 1, kernel_size: int = 3) -> list[PlainPlan]:
    """Return a plan for each depth, with the width that comes nearest to so many parameters.

    Raises ValueError where not even a width of 1 has so few, or one of 1,000 so many.
    """
    found = []
    for depth in depths:

        def count(width: int, depth: int = depth) -> int:
            with torch.device("meta"):
                net = PlainNets(PlainPlan(depth, width, kernel_size=kernel_size))
            return sum(weight.numel() for weight in net.parameters())

        if not count(1) <= parameters <= count(WIDEST):
            raise ValueError(f"{parameters} parameters in {depth} layers: it must be {count(1):,} to {count(WIDEST):,}")
        wide = bisect_left(range(WIDEST + 1), parameters, lo=1, key=count)
        width = min((max(1, wide - 1), wide), key=lambda each: abs(count(each) - parameters))
        found.append(PlainPlan(depth, width, kernel_size=kernel_size, members=members))
    return found


def _orders(plan: PlainPlan, count: int, steps: int, batch_size: int, first_seed: int) -> torch.Tensor:
    """Return which example each member sees: int64 (steps, batch_size, members)."""
    if steps < 1 or not 1 <= batch_size <= count:
        raise ValueError(
            f"steps is {steps} and batch_size {batch_size}; give 1 step or more, and 1 to {count} examples"
        )
    drawn = []
    for member in range(plan.members):
        rng = np.random.default_rng(first_seed + member)
        epochs = [rng.permutation(count) for _ in range(-(-steps * batch_size // count))]
        drawn.append(np.concatenate(epochs)[: steps * batch_size])
    return torch.as_tensor(np.stack(drawn, axis=1).reshape(steps, batch_size, -1), device=pick_device())


def _ready(nets: PlainNets) -> PlainNets:
    """Return the nets on the course's device, channels last: grouped layers of few channels run twice as fast so."""
    return nets.to(pick_device(), memory_format=torch.channels_last).train()  # type: ignore[call-overload]


def _loss(nets: PlainNets, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Return the sum over members of the mean cross-entropy; no weight is shared, so each goes its own way."""
    x = x.contiguous(memory_format=torch.channels_last)
    return F.cross_entropy(nets(x).flatten(0, 1), y.flatten(), reduction="sum") / len(x)


def trained_members(
    plan: PlainPlan, data: Split, *, steps: int = 120, lr: float = 0.04, batch_size: int = 32, first_seed: int = 0
) -> PlainNets:
    """Train all members of a plan by AdamW with one cycle of the learning rate; each has its own seed and batches.

    Raises ValueError where `steps` is below 1 or a batch is larger than the training part.
    """
    device = pick_device()
    nets = _ready(PlainNets(plan, first_seed))
    x, y = torch.as_tensor(data.x_train[:, 0], device=device), torch.as_tensor(data.y_train, device=device)
    orders = _orders(plan, len(y), steps, batch_size, first_seed)
    optimizer = torch.optim.AdamW(nets.parameters(), lr, foreach=True)
    cycle = torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps=steps)
    for batch in orders:
        optimizer.zero_grad()
        _loss(nets, x[batch], y[batch]).backward()
        optimizer.step()
        cycle.step()
    return nets


@torch.no_grad()
def errors_of_members(nets: PlainNets, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return how many per cent of pictures (N, 1, 8, 8) with labels (N,) each member misreads: float64 (members,)."""
    device = pick_device()
    seen = torch.as_tensor(x, device=device).expand(-1, nets.plan.members, -1, -1)
    guesses = nets.to(device).eval()(seen).argmax(dim=2).cpu().numpy()
    return 100 * (guesses != np.asarray(y)[:, None]).mean(axis=0)


def rate_table(
    data: Split,
    rates: Axis,
    decays: Axis,
    shape: tuple[int, int],
    *,
    steps: int = 100,
    plan: PlainPlan | None = None,
    batch_size: int = 32,
    seed: int = 0,
) -> Table:
    """Train a net for every pair of a learning rate and a weight decay; return the per cent of the test part it reads.

    All start from the same weights and see the same batches (SGD, momentum 0.9). `shape` says how many rates and
    decays. A net that diverges reads what it reads: about one digit in ten. Raises ValueError as `Table` and plans do.
    """
    plan = plan or PlainPlan(3, 6)
    device, members = pick_device(), shape[0] * shape[1]
    nets = _ready(PlainNets(replace(plan, members=members)))
    one = PlainNets(replace(plan, members=1), seed)
    pairs = np.stack(np.meshgrid(rates.ticks(shape[0]), decays.ticks(shape[1]), indexing="ij"), axis=-1)
    rate, decay = torch.as_tensor(pairs.reshape(-1, 2), dtype=torch.float32, device=device).T
    x, y = torch.as_tensor(data.x_train[:, 0], device=device), torch.as_tensor(data.y_train, device=device)
    orders = _orders(PlainPlan(1, 1), len(y), steps, batch_size, seed).expand(-1, -1, members)
    with torch.no_grad():
        for mine, start in zip(nets.parameters(), one.parameters(), strict=True):
            mine.copy_(start.repeat(members, *[1] * (start.ndim - 1)))
    speed = [torch.zeros_like(weight) for weight in nets.parameters()]
    for batch in orders:
        nets.zero_grad()
        _loss(nets, x[batch], y[batch]).backward()
        with torch.no_grad():
            for weight, moving in zip(nets.parameters(), speed, strict=True):
                spread = (-1, *[1] * (weight.ndim - 1))
                own_rate, own_decay = (v.repeat_interleave(len(weight) // members).view(spread) for v in (rate, decay))
                assert weight.grad is not None
                moving.mul_(0.9).add_(weight.grad).addcmul_(weight, own_decay)
                weight.sub_(own_rate * moving)
    right = 100 - errors_of_members(nets, data.x_test, data.y_test)
    return Table((rates, decays), right.reshape(shape))
