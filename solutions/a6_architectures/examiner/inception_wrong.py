"""What goes wrong in an Inception block."""
# ruff: noqa: D101, D102 - these are models and students' answers

import torch
from torch import nn

from .inception import Inception


@Inception.misconception(
    "The branches are joined in another order than asked: 1 × 1, 3 × 3, 5 × 5, pooling.",
    "examples values gradients",
)
class InceptionPoolFirst(nn.Module):
    def __init__(self, in_channels, one, three, five, pool):
        super().__init__()
        if min(in_channels, one, *three, *five, pool) < 1:
            raise ValueError(f"all counts must be 1 or more, not {(in_channels, one, three, five, pool)}")

        def conv(before, after, size):
            return nn.Sequential(nn.Conv2d(before, after, size, padding=size // 2), nn.ReLU())

        self.branches = nn.ModuleList(
            [
                conv(in_channels, one, 1),
                nn.Sequential(conv(in_channels, three[0], 1), conv(*three, 3)),
                nn.Sequential(conv(in_channels, five[0], 1), conv(*five, 5)),
                nn.Sequential(nn.MaxPool2d(3, stride=1, padding=1), conv(in_channels, pool, 1)),
            ]
        )

    def forward(self, x):
        one, three, five, pool = (branch(x) for branch in self.branches)
        return torch.cat([one, pool, three, five], dim=1)


@Inception.misconception(
    "The branches are joined along the wrong axis ; channels are axis 1.",
    "examples values gradients",
)
class InceptionStacked(nn.Module):
    def __init__(self, in_channels, one, three, five, pool):
        super().__init__()
        if min(in_channels, one, *three, *five, pool) < 1:
            raise ValueError(f"all counts must be 1 or more, not {(in_channels, one, three, five, pool)}")

        def conv(before, after, size):
            return nn.Sequential(nn.Conv2d(before, after, size, padding=size // 2), nn.ReLU())

        self.branches = nn.ModuleList(
            [
                conv(in_channels, one, 1),
                nn.Sequential(conv(in_channels, three[0], 1), conv(*three, 3)),
                nn.Sequential(conv(in_channels, five[0], 1), conv(*five, 5)),
                nn.Sequential(nn.MaxPool2d(3, stride=1, padding=1), conv(in_channels, pool, 1)),
            ]
        )

    def forward(self, x):
        return torch.cat([branch(x) for branch in self.branches], dim=2)


@Inception.misconception(
    "The reductions have no ReLU; each convolution is followed by one.",
    "examples values gradients",
)
class InceptionLinearReduction(nn.Module):
    def __init__(self, in_channels, one, three, five, pool):
        super().__init__()
        if min(in_channels, one, *three, *five, pool) < 1:
            raise ValueError(f"all counts must be 1 or more, not {(in_channels, one, three, five, pool)}")

        def conv(before, after, size):
            return nn.Sequential(nn.Conv2d(before, after, size, padding=size // 2), nn.ReLU())

        self.branches = nn.ModuleList(
            [
                conv(in_channels, one, 1),
                nn.Sequential(nn.Conv2d(in_channels, three[0], 1), conv(*three, 3)),
                nn.Sequential(nn.Conv2d(in_channels, five[0], 1), conv(*five, 5)),
                nn.Sequential(nn.MaxPool2d(3, stride=1, padding=1), conv(in_channels, pool, 1)),
            ]
        )

    def forward(self, x):
        return torch.cat([branch(x) for branch in self.branches], dim=1)


@Inception.misconception(
    "The outputs of the branches have no ReLU; each convolution is followed by one.",
    "examples values gradients",
)
class InceptionFewReLUs(nn.Module):
    def __init__(self, in_channels, one, three, five, pool):
        super().__init__()
        if min(in_channels, one, *three, *five, pool) < 1:
            raise ValueError(f"all counts must be 1 or more, not {(in_channels, one, three, five, pool)}")

        def conv(before, after, size):
            return nn.Sequential(nn.Conv2d(before, after, size, padding=size // 2), nn.ReLU())

        self.branches = nn.ModuleList(
            [
                nn.Conv2d(in_channels, one, 1),
                nn.Sequential(conv(in_channels, three[0], 1), nn.Conv2d(*three, 3, padding=1)),
                nn.Sequential(conv(in_channels, five[0], 1), nn.Conv2d(*five, 5, padding=2)),
                nn.Sequential(nn.MaxPool2d(3, stride=1, padding=1), nn.Conv2d(in_channels, pool, 1)),
            ]
        )

    def forward(self, x):
        return torch.cat([branch(x) for branch in self.branches], dim=1)


@Inception.misconception(
    "The pooling branch takes means; it should take maxima.",
    "examples values gradients",
)
class InceptionMeans(nn.Module):
    def __init__(self, in_channels, one, three, five, pool):
        super().__init__()
        if min(in_channels, one, *three, *five, pool) < 1:
            raise ValueError(f"all counts must be 1 or more, not {(in_channels, one, three, five, pool)}")

        def conv(before, after, size):
            return nn.Sequential(nn.Conv2d(before, after, size, padding=size // 2), nn.ReLU())

        self.branches = nn.ModuleList(
            [
                conv(in_channels, one, 1),
                nn.Sequential(conv(in_channels, three[0], 1), conv(*three, 3)),
                nn.Sequential(conv(in_channels, five[0], 1), conv(*five, 5)),
                nn.Sequential(nn.AvgPool2d(3, stride=1, padding=1), conv(in_channels, pool, 1)),
            ]
        )

    def forward(self, x):
        return torch.cat([branch(x) for branch in self.branches], dim=1)


@Inception.misconception(
    "The map is padded with zeros before the maxima, so negative numbers at the border lose against them: let MaxPool2d pad.",
    "values gradients",
)
class InceptionZeroPooled(nn.Module):
    def __init__(self, in_channels, one, three, five, pool):
        super().__init__()
        if min(in_channels, one, *three, *five, pool) < 1:
            raise ValueError(f"all counts must be 1 or more, not {(in_channels, one, three, five, pool)}")

        def conv(before, after, size):
            return nn.Sequential(nn.Conv2d(before, after, size, padding=size // 2), nn.ReLU())

        self.branches = nn.ModuleList(
            [
                conv(in_channels, one, 1),
                nn.Sequential(conv(in_channels, three[0], 1), conv(*three, 3)),
                nn.Sequential(conv(in_channels, five[0], 1), conv(*five, 5)),
                nn.Sequential(nn.ZeroPad2d(1), nn.MaxPool2d(3, stride=1), conv(in_channels, pool, 1)),
            ]
        )

    def forward(self, x):
        return torch.cat([branch(x) for branch in self.branches], dim=1)


@Inception.misconception(
    "The projection stands before the pooling; pool first, then project.",
    "values gradients",
)
class InceptionPoolLast(nn.Module):
    def __init__(self, in_channels, one, three, five, pool):
        super().__init__()
        if min(in_channels, one, *three, *five, pool) < 1:
            raise ValueError(f"all counts must be 1 or more, not {(in_channels, one, three, five, pool)}")

        def conv(before, after, size):
            return nn.Sequential(nn.Conv2d(before, after, size, padding=size // 2), nn.ReLU())

        self.branches = nn.ModuleList(
            [
                conv(in_channels, one, 1),
                nn.Sequential(conv(in_channels, three[0], 1), conv(*three, 3)),
                nn.Sequential(conv(in_channels, five[0], 1), conv(*five, 5)),
                nn.Sequential(conv(in_channels, pool, 1), nn.MaxPool2d(3, stride=1, padding=1)),
            ]
        )

    def forward(self, x):
        return torch.cat([branch(x) for branch in self.branches], dim=1)


@Inception.misconception(
    "The 3 × 3 and 5 × 5 branches read all channels, without their 1 × 1 reductions: this is the naive block, which costs many times more.",
    "examples parameters values gradients",
)
class InceptionNaive(nn.Module):
    def __init__(self, in_channels, one, three, five, pool):
        super().__init__()
        if min(in_channels, one, *three, *five, pool) < 1:
            raise ValueError(f"all counts must be 1 or more, not {(in_channels, one, three, five, pool)}")

        def conv(before, after, size):
            return nn.Sequential(nn.Conv2d(before, after, size, padding=size // 2), nn.ReLU())

        self.branches = nn.ModuleList(
            [
                conv(in_channels, one, 1),
                conv(in_channels, three[1], 3),
                conv(in_channels, five[1], 5),
                nn.Sequential(nn.MaxPool2d(3, stride=1, padding=1), conv(in_channels, pool, 1)),
            ]
        )

    def forward(self, x):
        return torch.cat([branch(x) for branch in self.branches], dim=1)


@Inception.misconception(
    "The 5 × 5 branch has 3 × 3 kernels (as in some libraries); here it is 5 × 5.",
    "examples parameters values gradients",
)
class InceptionThreeForFive(nn.Module):
    def __init__(self, in_channels, one, three, five, pool):
        super().__init__()
        if min(in_channels, one, *three, *five, pool) < 1:
            raise ValueError(f"all counts must be 1 or more, not {(in_channels, one, three, five, pool)}")

        def conv(before, after, size):
            return nn.Sequential(nn.Conv2d(before, after, size, padding=size // 2), nn.ReLU())

        self.branches = nn.ModuleList(
            [
                conv(in_channels, one, 1),
                nn.Sequential(conv(in_channels, three[0], 1), conv(*three, 3)),
                nn.Sequential(conv(in_channels, five[0], 1), conv(*five, 3)),
                nn.Sequential(nn.MaxPool2d(3, stride=1, padding=1), conv(in_channels, pool, 1)),
            ]
        )

    def forward(self, x):
        return torch.cat([branch(x) for branch in self.branches], dim=1)


@Inception.misconception(
    "The branches stand in a plain list, where parameters() does not find them: nn.ModuleList is the list for modules.",
    "examples parameters values gradients",
)
class InceptionInAList(nn.Module):
    def __init__(self, in_channels, one, three, five, pool):
        super().__init__()
        if min(in_channels, one, *three, *five, pool) < 1:
            raise ValueError(f"all counts must be 1 or more, not {(in_channels, one, three, five, pool)}")

        def conv(before, after, size):
            return nn.Sequential(nn.Conv2d(before, after, size, padding=size // 2), nn.ReLU())

        self.branches = [
            conv(in_channels, one, 1),
            nn.Sequential(conv(in_channels, three[0], 1), conv(*three, 3)),
            nn.Sequential(conv(in_channels, five[0], 1), conv(*five, 5)),
            nn.Sequential(nn.MaxPool2d(3, stride=1, padding=1), conv(in_channels, pool, 1)),
        ]

    def forward(self, x):
        return torch.cat([branch(x) for branch in self.branches], dim=1)


@Inception.misconception(
    "Reduction and output of a pair are exchanged: the pair is (reduction, output).",
    "examples parameters values gradients",
)
class InceptionExchanged(nn.Module):
    def __init__(self, in_channels, one, three, five, pool):
        super().__init__()
        if min(in_channels, one, *three, *five, pool) < 1:
            raise ValueError(f"all counts must be 1 or more, not {(in_channels, one, three, five, pool)}")

        def conv(before, after, size):
            return nn.Sequential(nn.Conv2d(before, after, size, padding=size // 2), nn.ReLU())

        self.branches = nn.ModuleList(
            [
                conv(in_channels, one, 1),
                nn.Sequential(conv(in_channels, three[1], 1), conv(*three[::-1], 3)),
                nn.Sequential(conv(in_channels, five[1], 1), conv(*five[::-1], 5)),
                nn.Sequential(nn.MaxPool2d(3, stride=1, padding=1), conv(in_channels, pool, 1)),
            ]
        )

    def forward(self, x):
        return torch.cat([branch(x) for branch in self.branches], dim=1)


@Inception.misconception(
    "Counts below 1 are let through: PyTorch builds an empty layer without a word.",
    "examples refusals",
)
class InceptionUnchecked(nn.Module):
    def __init__(self, in_channels, one, three, five, pool):
        super().__init__()

        def conv(before, after, size):
            return nn.Sequential(nn.Conv2d(before, after, size, padding=size // 2), nn.ReLU())

        self.branches = nn.ModuleList(
            [
                conv(in_channels, one, 1),
                nn.Sequential(conv(in_channels, three[0], 1), conv(*three, 3)),
                nn.Sequential(conv(in_channels, five[0], 1), conv(*five, 5)),
                nn.Sequential(nn.MaxPool2d(3, stride=1, padding=1), conv(in_channels, pool, 1)),
            ]
        )

    def forward(self, x):
        return torch.cat([branch(x) for branch in self.branches], dim=1)
