"""The Inception block with reductions; the oracle computes each branch with torch's functions."""
# ruff: noqa: D101, D102 - these are models and students' answers

import torch
import torch.nn.functional as F
from torch import nn

from course_utils.grading.exercise import Call

from .judging import chosen, facets, modules, trial


class _Block(nn.Module):
    def __init__(self, in_channels, one, three, five, pool):
        super().__init__()
        self.one, self.pool = nn.Conv2d(in_channels, one, 1), nn.Conv2d(in_channels, pool, 1)
        self.reduce3, self.three = nn.Conv2d(in_channels, three[0], 1), nn.Conv2d(*three, 3)
        self.reduce5, self.five = nn.Conv2d(in_channels, five[0], 1), nn.Conv2d(*five, 5)

    def forward(self, x):
        three, five = (F.relu(reduce(x)) for reduce in (self.reduce3, self.reduce5))
        three = F.conv2d(three, self.three.weight, self.three.bias, padding=1)
        five = F.conv2d(five, self.five.weight, self.five.bias, padding=2)
        pool = self.pool(F.max_pool2d(x, 3, stride=1, padding=1))
        return F.relu(torch.cat((self.one(x), three, five, pool), dim=1))


def _blocks(choose):
    one, r3, c3, r5, c5, pool, channels = (choose.upto(1, 4) for _ in range(7))
    shape = choose.upto(1, 2), channels, choose.upto(1, 6), choose.upto(1, 7)
    return trial((channels, one, (r3, c3), (r5, c5), pool), shape, choose.upto(0, 99), choose.one_of(False, True))


def _refused(note, *args):
    return Call(args, note=note)


Inception = modules(
    "Inception",
    _Block,
    "lecture 11, section 11.1",
    facets=facets(
        (
            trial((3, 4, (2, 6), (1, 5), 7), (2, 3, 5, 6)),
            trial((2, 1, (3, 4), (4, 3), 5), (1, 2, 4, 9), 8),
            trial((5, 2, (3, 2), (2, 4), 1), (3, 5, 1, 3), 9, True),
            trial((1, 1, (1, 1), (1, 1), 1), (1, 1, 6, 4), 3),
            trial((4, 6, (5, 8), (3, 2), 4), (1, 4, 7, 5), 2, True),
        ),
        chosen(_blocks),
        (
            _refused("there are no channels to read", 0, 4, (2, 6), (1, 5), 3),
            _refused("the 1 × 1 branch gives no channel", 3, 0, (2, 6), (1, 5), 3),
            _refused("the reduction before the 3 × 3 gives no channel", 3, 4, (0, 6), (1, 5), 3),
            _refused("the 3 × 3 branch gives no channel", 3, 4, (2, 0), (1, 5), 3),
            _refused("the reduction before the 5 × 5 gives no channel", 3, 4, (2, 6), (0, 5), 3),
            _refused("the 5 × 5 branch gives −5 channels", 3, 4, (2, 6), (1, -5), 3),
            _refused("the pooling branch gives no channel", 3, 4, (2, 6), (1, 5), 0),
        ),
        "parameters",
        "values",
        "gradients",
    ),
)


@Inception.alternative
class InceptionByName(nn.Module):
    def __init__(self, in_channels, one, three, five, pool):
        super().__init__()
        if any(each <= 0 for each in (in_channels, one, *three, *five, pool)):
            raise ValueError("all channel counts must be positive")
        self.a = nn.Conv2d(in_channels, one, 1)
        self.b1, self.b2 = nn.Conv2d(in_channels, three[0], 1), nn.Conv2d(three[0], three[1], 3, padding=1)
        self.c1, self.c2 = nn.Conv2d(in_channels, five[0], 1), nn.Conv2d(five[0], five[1], 5, padding=2)
        self.d = nn.Conv2d(in_channels, pool, 1)

    def forward(self, x):
        parts = [self.a(x), self.b2(self.b1(x).relu()), self.c2(self.c1(x).relu())]
        parts.append(self.d(F.max_pool2d(x, 3, 1, 1)))
        return F.relu(torch.cat(parts, 1))


@Inception.alternative
class InceptionInPlace(nn.Module):
    def __init__(self, in_channels, one, three, five, pool):
        super().__init__()
        counts = [in_channels, one, three[0], three[1], five[0], five[1], pool]
        if sorted(counts)[0] < 1:
            raise ValueError(f"there is a count below 1 in {counts}")

        def steps(*sizes):
            made = []
            for before, after, size in sizes:
                made += [nn.Conv2d(before, after, (size, size), 1, "same"), nn.ReLU(inplace=True)]
            return nn.Sequential(*made)

        self.parts = nn.ModuleDict()
        self.parts["1"] = steps((in_channels, one, 1))
        self.parts["3"] = steps((in_channels, three[0], 1), (*three, 3))
        self.parts["5"] = steps((in_channels, five[0], 1), (*five, 5))
        self.parts["pool"] = steps((in_channels, pool, 1))
        self.largest = nn.MaxPool2d(3, 1, 1)

    def forward(self, x):
        return torch.hstack([part(self.largest(x) if name == "pool" else x) for name, part in self.parts.items()])


@Inception.alternative
class InceptionIntoRoom(nn.Module):
    def __init__(self, in_channels, one, three, five, pool):
        super().__init__()
        (r3, c3), (r5, c5) = three, five
        if not (in_channels > 0 < one and min(r3, c3, r5, c5) > 0 < pool):
            raise ValueError("a branch without channels is none")
        sizes = [
            (in_channels, r3, 1),
            (in_channels, r5, 1),
            (in_channels, one, 1),
            (r3, c3, 3),
            (r5, c5, 5),
            (in_channels, pool, 1),
        ]
        self.convs = nn.ModuleList(nn.Conv2d(a, b, k, padding=(k - 1) // 2) for a, b, k in sizes)

    def forward(self, x):
        r3, r5, one, three, five, pool = self.convs
        fed = [x, torch.relu(r3(x)), torch.relu(r5(x)), F.max_pool2d(F.pad(x, (1, 1, 1, 1), value=-torch.inf), 3, 1)]
        y = [torch.relu(conv(each)) for conv, each in zip((one, three, five, pool), fed)]
        return torch.concat(y, 1)
