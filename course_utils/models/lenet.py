"""LeNet-5 twice: as everybody builds it now (61,706 parameters), and as it was in 1998 (60,000).

Read it beside LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document recognition", 1998,
section II. The layers have the paper's names: C for convolutions, S for sub-sampling, F for fully connected.
"""

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

# Which of the six maps of S2 each of the sixteen maps of C3 reads: the paper's Table I, column by column.
C3_TABLE = (
    *((first, (first + 1) % 6, (first + 2) % 6) for first in range(6)),
    *(tuple((first + step) % 6 for step in range(4)) for first in range(6)),
    *((first, first + 1, (first + 3) % 6, (first + 4) % 6) for first in range(3)),
    tuple(range(6)),
)


@dataclass(frozen=True)
class LeNetPlan:
    """What builders of LeNet-5 choose: the unit, the pool of 2×2, the input's channels, the classes."""

    unit: type[nn.Module] = nn.Tanh
    pool: type[nn.Module] = nn.AvgPool2d
    channels: int = 1
    classes: int = 10


class LeNet5(nn.Module):
    """LeNet-5 as it is built now, for (N, channels, 32, 32): C3 reads all six maps of S2, the pools have no weights.

    61,706 parameters with one channel and ten classes. Raises ValueError where `plan` is no LeNetPlan.
    """

    def __init__(self, plan: LeNetPlan):
        super().__init__()
        if not isinstance(plan, LeNetPlan):
            raise ValueError(f"a plan is wanted, LeNetPlan(...), not {plan!r}")
        self.c1, self.s2 = nn.Conv2d(plan.channels, 6, 5), plan.pool(2)
        self.c3, self.s4 = nn.Conv2d(6, 16, 5), plan.pool(2)
        self.c5, self.f6 = nn.Linear(16 * 5 * 5, 120), nn.Linear(120, 84)
        self.output = nn.Linear(84, plan.classes)
        self.unit = plan.unit()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the scores (N, classes) before any softmax."""
        x = self.s2(self.unit(self.c1(x)))
        x = self.s4(self.unit(self.c3(x)))
        x = self.unit(self.c5(x.flatten(1)))
        return self.output(self.unit(self.f6(x)))


class Squash(nn.Module):
    """The paper's unit, 1.7159 tanh(2x/3): it maps 1 to 1 and -1 to -1, where it bends most."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the squashed values, of the shape of `x`."""
        return 1.7159 * torch.tanh(x * 2 / 3)


class Subsampling(nn.Module):
    """Sums over 2×2 places, times one trainable coefficient a map, plus one trainable bias a map."""

    def __init__(self, maps: int):
        super().__init__()
        self.coefficient, self.bias = nn.Parameter(torch.full((maps,), 0.25)), nn.Parameter(torch.zeros(maps))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (N, maps, H/2, W/2) from (N, maps, H, W)."""
        sums = 4 * F.avg_pool2d(x, 2)
        return sums * self.coefficient[:, None, None] + self.bias[:, None, None]


class TableConv2d(nn.Module):
    """A convolution whose output maps read only the input maps that a table names: one kernel for each entry."""

    links: torch.Tensor

    def __init__(self, table: tuple[tuple[int, ...], ...], in_channels: int, kernel_size: int):
        super().__init__()
        links = [(out, int(source)) for out, row in enumerate(table) for source in row]
        self.register_buffer("links", torch.tensor(links).T)
        self.full = (len(table), in_channels, kernel_size, kernel_size)
        self.weight = nn.Parameter(torch.empty(len(links), kernel_size, kernel_size))
        self.bias = nn.Parameter(torch.zeros(len(table)))
        # Each map has a number of inputs of its own: its weights are as large as torch would draw them.
        for weight, (out, _) in zip(self.weight, links, strict=True):
            nn.init.uniform_(weight, -1, 1)
            weight.data /= (len(table[out]) * kernel_size**2) ** 0.5

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (N, len(table), H - k + 1, W - k + 1) from (N, in_channels, H, W)."""
        dense = self.weight.new_zeros(self.full).index_put(tuple(self.links), self.weight)
        return F.conv2d(x, dense, self.bias)


class CodeDistance(nn.Module):
    """The fixed output layer: minus the squared distance of (N, 84) to the code of each class. Nothing is trained."""

    codes: torch.Tensor

    def __init__(self, codes: torch.Tensor):
        super().__init__()
        self.register_buffer("codes", codes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (N, classes); the largest, at most 0, belongs to the nearest code."""
        return -((x[:, None] - self.codes) ** 2).sum(dim=2)


class LeNet1998(nn.Module):
    """LeNet-5 as in the paper, for (N, 1, 32, 32): sparse C3, trainable sub-sampling, fixed codes for the classes.

    60,000 trainable parameters. `codes` is float (classes, 84), each entry -1 or 1, such as `segment_codes()`.
    Raises ValueError where the codes are not 84 long.
    """

    def __init__(self, codes: torch.Tensor):
        super().__init__()
        if codes.ndim != 2 or codes.shape[1] != 84:
            raise ValueError(f"codes have shape {tuple(codes.shape)}; F6 has 84 units, so (classes, 84) is wanted")
        self.c1, self.s2 = nn.Conv2d(1, 6, 5), Subsampling(6)
        self.c3, self.s4 = TableConv2d(C3_TABLE, 6, 5), Subsampling(16)
        self.c5, self.f6 = nn.Conv2d(16, 120, 5), nn.Linear(120, 84)
        self.output = CodeDistance(codes)
        self.squash = Squash()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (N, classes): minus the squared distances to the codes."""
        x = self.squash(self.s2(self.squash(self.c1(x))))
        x = self.squash(self.s4(self.squash(self.c3(x))))
        x = self.squash(self.c5(x)).flatten(1)
        return self.output(self.squash(self.f6(x)))


# The segments of a pocket calculator that each digit lights: top, upper left, upper right, middle, lower left,
# lower right, bottom.
_SEGMENTS = ("abcefg", "cf", "acdeg", "acdfg", "bcdf", "abdfg", "abdefg", "acf", "abcdefg", "abcdfg")
_PLACES = {
    "a": (slice(0, 2), slice(0, 7)),
    "b": (slice(0, 6), slice(0, 2)),
    "c": (slice(0, 6), slice(5, 7)),
    "d": (slice(5, 7), slice(0, 7)),
    "e": (slice(6, 12), slice(0, 2)),
    "f": (slice(6, 12), slice(5, 7)),
    "g": (slice(10, 12), slice(0, 7)),
}


def segment_codes() -> torch.Tensor:
    """Return a target for each digit, float32 (10, 84) of -1 and 1: drawn on 12×7 places as a pocket calculator does.

    The paper drew its characters on the same 7×12 places, in a typeface of its own.
    """
    codes = torch.full((10, 12, 7), -1.0)
    for digit, segments in enumerate(_SEGMENTS):
        for segment in segments:
            codes[(digit, *_PLACES[segment])] = 1.0
    return codes.flatten(1)
