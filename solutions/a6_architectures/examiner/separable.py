"""The depthwise separable convolution; the oracle is made of torchvision's layers."""
# ruff: noqa: D101, D102 - these are models and students' answers

import torch
import torch.nn.functional as F
from torch import nn
from torchvision.ops.misc import Conv2dNormActivation

from course_utils.grading.exercise import Call

from .judging import chosen, facets, modules, trial


def _layer(in_channels, out_channels, kernel_size=3, stride=1):
    depthwise = Conv2dNormActivation(in_channels, in_channels, kernel_size, stride, groups=in_channels)
    return nn.Sequential(depthwise, Conv2dNormActivation(in_channels, out_channels, 1))


def _layers(choose):
    before, after, stride = choose.upto(1, 5), choose.upto(1, 5), choose.upto(1, 3)
    shape = choose.upto(2, 3), before, choose.upto(2, 7), choose.upto(3, 8)
    args = before, after, choose.one_of(3, 1, 5), stride
    return trial(args, shape, choose.upto(0, 99), choose.one_of(False, True))


DepthwiseSeparable = modules(
    "DepthwiseSeparable",
    _layer,
    "lecture 12, section 12.4",
    facets=facets(
        (
            trial((3, 5), (2, 3, 6, 4)),
            trial((4, 2, 5), (2, 4, 5, 7), 8, True),
            trial((2, 6, 3, 2), (3, 2, 7, 8), 9),
            trial((1, 1, 1, 1), (2, 1, 3, 5), 2, True),
            trial((5, 3), (2, 5, 8, 3), 4, True, stride=3),
            trial((3, 4), (6, 3, 7, 7), 18),  # some activations are above 6, in either mode
            trial((3, 4), (2, 3, 6, 5), 18, True),
        ),
        chosen(_layers),
        (
            Call((0, 4), note="there are no channels to read"),
            Call((4, 0), note="there are no channels to write"),
            Call((-2, 4), note="−2 channels are none"),
            Call((4, 6, 2), note="a kernel of 2 has no middle"),
            Call((4, 6, 0), note="a kernel of 0 sees nothing"),
            Call((4, 6, -1), note="a kernel of −1 is none"),
            Call((4, 6, 3, 0), note="a stride of 0 never moves on"),
        ),
        "parameters",
        "values",
        "gradients",
    ),
)


@DepthwiseSeparable.alternative
class SeparableByName(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size=3, stride=1):
        super().__init__()
        if in_channels < 1 or out_channels < 1 or stride < 1 or kernel_size not in range(1, kernel_size + 1, 2):
            raise ValueError("impossible sizes")
        half = (kernel_size - 1) // 2
        self.places = nn.Conv2d(in_channels, in_channels, kernel_size, stride, half, 1, in_channels, False)
        self.channels = nn.Conv2d(in_channels, out_channels, 1, bias=False)
        self.first, self.second = nn.BatchNorm2d(in_channels), nn.BatchNorm2d(out_channels)

    def forward(self, x):
        return F.relu(self.second(self.channels(F.relu(self.first(self.places(x))))))


@DepthwiseSeparable.alternative
class SeparableOfOneLoop(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size=3, stride=1):
        super().__init__()
        if any(each <= 0 for each in (in_channels, out_channels, kernel_size, stride)) or not kernel_size % 2:
            raise ValueError("counts from 1 on, and an odd kernel")
        depthwise = nn.Conv2d(
            in_channels, in_channels, kernel_size, stride, kernel_size // 2, groups=in_channels, bias=False
        )
        pointwise = nn.Conv2d(in_channels, out_channels, 1, bias=False)
        self.convs = nn.ModuleList([depthwise, pointwise])
        self.norms = nn.ModuleList([nn.BatchNorm2d(in_channels), nn.BatchNorm2d(out_channels)])

    def forward(self, x):
        for conv, norm in zip(self.convs, self.norms):
            x = norm(conv(x)).relu()
        return x


@DepthwiseSeparable.alternative
class SeparableWithALinear(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size=3, stride=1):
        super().__init__()
        sizes = in_channels, out_channels, stride, kernel_size, kernel_size % 2
        if min(sizes) < 1:
            raise ValueError(f"{sizes} do not make a layer")
        border = [kernel_size // 2] * 4
        self.each = nn.Conv2d(in_channels, in_channels, kernel_size, stride, groups=in_channels, bias=False)
        self.border, self.mix = nn.ZeroPad2d(border), nn.Linear(in_channels, out_channels, bias=False)
        self.a, self.b = nn.BatchNorm2d(in_channels), nn.BatchNorm2d(out_channels)

    def forward(self, x):
        seen = torch.relu(self.a(self.each(self.border(x))))
        return torch.relu(self.b(self.mix(seen.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)))
