"""The residual block; the oracle is torchvision's."""
# ruff: noqa: D101, D102 - these are models and students' answers

import torch
import torch.nn.functional as F
from torch import nn
from torchvision.models.resnet import BasicBlock

from course_utils.grading.exercise import Call

from .judging import chosen, facets, modules, trial


def _block(in_channels, out_channels, stride=1):
    if stride == 1 and in_channels == out_channels:
        return BasicBlock(in_channels, out_channels)
    conv = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)
    return BasicBlock(in_channels, out_channels, stride, nn.Sequential(conv, nn.BatchNorm2d(out_channels)))


def _blocks(choose):
    before = choose.upto(1, 4)
    after, stride = choose.one_of(before, choose.upto(1, 4)), choose.upto(1, 3)
    shape = choose.upto(2, 3), before, choose.upto(2, 7), choose.upto(3, 8)
    return trial((before, after, stride), shape, choose.upto(0, 99), choose.one_of(False, True))


ResidualBlock = modules(
    "ResidualBlock",
    _block,
    "lecture 11, section 11.4",
    facets=facets(
        (
            trial((3, 3), (2, 3, 5, 4)),
            trial((2, 5), (2, 2, 3, 6), 8, True),
            trial((4, 4, 2), (2, 4, 5, 8), 9),
            trial((3, 2, 3), (3, 3, 7, 5), 3, True),
            trial((1, 1), (2, 1, 4, 3), 2, True),
            trial((3, 4), (1, 3, 6, 5), 4, stride=2),
        ),
        chosen(_blocks),
        (
            Call((0, 4), note="there are no channels to read"),
            Call((4, 0), note="there are no channels to write"),
            Call((-2, 4), note="−2 channels are none"),
            Call((4, 4, 0), note="a stride of 0 never moves on"),
            Call((4, 6, -1), note="a stride of −1 goes backwards"),
        ),
        "parameters",
        "values",
        "training",
        "gradients",
    ),
)


@ResidualBlock.alternative
class ResidualByName(nn.Module):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        for each in (in_channels, out_channels, stride):
            if each <= 0:
                raise ValueError("channels and stride must be positive")
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.down = None
        if (stride, out_channels) != (1, in_channels):
            self.down = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)
            self.bn3 = nn.BatchNorm2d(out_channels)

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)), inplace=True)))
        y += x if self.down is None else self.bn3(self.down(x))
        return F.relu(y)


@ResidualBlock.alternative
class ResidualOfLayers(nn.Module):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        if in_channels < 1 or out_channels < 1 or stride < 1:
            raise ValueError("too small")

        def layer(before, size, step):
            conv = nn.Conv2d(before, out_channels, size, step, "valid" if size == 1 else 1, bias=False)
            return nn.Sequential(conv, nn.BatchNorm2d(out_channels))

        self.layers = nn.ModuleList([layer(in_channels, 3, stride), layer(out_channels, 3, 1)])
        if in_channels != out_channels or stride != 1:
            self.layers.append(layer(in_channels, 1, stride))

    def forward(self, x):
        first, second, *shortcut = self.layers
        for each in shortcut:
            return torch.clamp(second(first(x).relu()) + each(x), min=0)
        return torch.clamp(second(first(x).relu()) + x, min=0)


@ResidualBlock.alternative
class ResidualByHand(nn.Module):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        if not (in_channels >= 1 and out_channels >= 1 and stride >= 1):
            raise ValueError("channels and stride begin at 1")
        self.stride, same = stride, stride == 1 and in_channels == out_channels
        self.a = nn.Conv2d(in_channels, out_channels, 3, bias=False)
        self.b = nn.Conv2d(out_channels, out_channels, 3, bias=False)
        self.c = None if same else nn.Conv2d(in_channels, out_channels, 1, bias=False)
        self.norms = nn.ModuleList([nn.BatchNorm2d(out_channels) for _ in range(2 if same else 3)])

    def forward(self, x):
        y = F.conv2d(F.pad(x, (1, 1, 1, 1)), self.a.weight, None, self.stride)
        y = self.norms[1](self.b(F.pad(F.relu(self.norms[0](y)), (1, 1, 1, 1))))
        if self.c is not None:
            x = self.norms[2](self.c(x[:, :, :: self.stride, :: self.stride]))
        return F.relu(x + y)
