"""The dense block; the oracle collects all maps in a list."""
# ruff: noqa: D101, D102 - these are models and students' answers

import torch
import torch.nn.functional as F
from torch import nn

from course_utils.grading.exercise import Call

from .judging import chosen, facets, modules, trial


class _Block(nn.Module):
    def __init__(self, in_channels, growth, layers):
        super().__init__()
        sizes = range(in_channels, in_channels + layers * growth, growth)
        self.norms = nn.ModuleList(nn.BatchNorm2d(size) for size in sizes)
        self.convs = nn.ModuleList(nn.Conv2d(size, growth, 3, padding=1, bias=False) for size in sizes)

    def forward(self, x):
        maps = [x]
        for norm, conv in zip(self.norms, self.convs):
            maps.append(conv(torch.relu(norm(torch.cat(maps, dim=1)))))
        return torch.cat(maps, dim=1)


def _blocks(choose):
    channels, growth, layers = (choose.upto(1, each) for each in (4, 3, 3))
    shape = choose.upto(2, 3), channels, choose.upto(1, 5), choose.upto(2, 6)
    return trial((channels, growth, layers), shape, choose.upto(0, 99), choose.one_of(False, True))


DenseBlock = modules(
    "DenseBlock",
    _Block,
    "lecture 11, section 11.9",
    facets=facets(
        (
            trial((3, 2, 3), (2, 3, 5, 4)),
            trial((2, 3, 2), (3, 2, 3, 7), 8, True),
            trial((1, 1, 1), (2, 1, 4, 3), 9, True),
            trial((5, 2, 4), (1, 5, 2, 5), 2),
        ),
        chosen(_blocks),
        (
            Call((0, 4, 2), note="there are no channels to read"),
            Call((3, 0, 2), note="a growth of 0 adds nothing"),
            Call((3, -2, 2), note="a growth of −2 is none"),
            Call((3, 2, 0), note="a block without layers is none"),
            Call((3, 2, -1), note="−1 layers are none"),
        ),
        "parameters",
        "values",
        "training",
        "gradients",
    ),
)


@DenseBlock.alternative
class DenseOfAllSoFar(nn.Module):
    def __init__(self, in_channels, growth, layers):
        super().__init__()
        if in_channels < 1 or growth < 1 or layers < 1:
            raise ValueError("all three counts begin at 1")
        sizes = [in_channels + growth * place for place in range(layers)]
        self.norms = nn.ModuleList([nn.BatchNorm2d(size) for size in sizes])
        self.convs = nn.ModuleList([nn.Conv2d(size, growth, 3, 1, 1, bias=False) for size in sizes])

    def forward(self, x):
        maps = [x]
        for norm, conv in zip(self.norms, self.convs):
            maps += [conv(F.relu(norm(torch.cat(maps, 1))))]
        return torch.cat(maps, 1)


@DenseBlock.alternative
class DenseNested(nn.Module):
    def __init__(self, in_channels, growth, layers):
        super().__init__()
        if not (in_channels > 0 < growth and layers > 0):
            raise ValueError("a dense block needs channels, growth and layers")

        class Grow(nn.Module):
            def __init__(self, channels):
                super().__init__()
                self.norm = nn.BatchNorm2d(channels)
                self.conv = nn.Conv2d(channels, growth, (3, 3), padding="same", bias=False)

            def forward(self, x):
                return torch.hstack([x, self.conv(F.relu(self.norm(x), inplace=True))])

        self.all = nn.Sequential(*(Grow(in_channels + place * growth) for place in range(layers)))

    def forward(self, x):
        return self.all(x)


@DenseBlock.alternative
class DenseByName(nn.Module):
    def __init__(self, in_channels, growth, layers):
        super().__init__()
        if any(each <= 0 for each in (in_channels, growth, layers)):
            raise ValueError("counts must be positive")
        self.number = layers
        while layers:
            layers -= 1
            channels = in_channels + layers * growth
            steps = nn.BatchNorm2d(channels), nn.ReLU(), nn.Conv2d(channels, growth, 3, padding=(1, 1), bias=False)
            self.add_module(f"layer{layers}", nn.Sequential(*steps))

    def forward(self, x):
        room = [x]
        for place in range(self.number):
            room.append(getattr(self, f"layer{place}")(torch.concat(room, axis=1)))
        return torch.concat(room, axis=1)
