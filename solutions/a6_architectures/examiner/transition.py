"""The transition between dense blocks; the oracle is torchvision's."""
# ruff: noqa: D101, D102 - these are models and students' answers

import torch
import torch.nn.functional as F
from torch import nn
from torchvision.models.densenet import _Transition

from course_utils.grading.exercise import Call

from .judging import chosen, facets, modules, trial


def _layer(in_channels):
    return _Transition(in_channels, in_channels // 2)


def _layers(choose):
    channels = choose.upto(2, 7)
    shape = choose.upto(2, 3), channels, choose.upto(2, 7), choose.upto(2, 8)
    return trial((channels,), shape, choose.upto(0, 99), choose.one_of(False, True))


Transition = modules(
    "Transition",
    _layer,
    "lecture 11, section 11.9",
    facets=facets(
        (
            trial((6,), (2, 6, 4, 8)),
            trial((5,), (3, 5, 7, 3), 8, True),
            trial((2,), (1, 2, 5, 6), 9, True),
            trial((3,), (2, 3, 3, 9), 2),
        ),
        chosen(_layers),
        (
            Call((1,), note="one channel cannot be halved"),
            Call((0,), note="there is no channel"),
            Call((-4,), note="−4 channels are none"),
        ),
        "values",
        "gradients",
    ),
)


@Transition.alternative
class TransitionPooledFirst(nn.Module):
    def __init__(self, in_channels):
        super().__init__()
        half = in_channels // 2
        if half < 1:
            raise ValueError("nothing is left")
        self.norm, self.mix = nn.BatchNorm2d(in_channels), nn.Conv2d(in_channels, half, 1, bias=False)

    def forward(self, x):
        return self.mix(F.avg_pool2d(F.relu(self.norm(x)), 2))


@Transition.alternative
class TransitionAsLinear(nn.Module):
    def __init__(self, in_channels):
        super().__init__()
        if in_channels <= 1:
            raise ValueError("two channels at least")
        self.norm = nn.BatchNorm2d(in_channels)
        self.mix = nn.Linear(in_channels, in_channels // 2, bias=False)

    def forward(self, x):
        x = self.mix(self.norm(x).relu().movedim(1, 3)).movedim(3, 1)
        x = x[:, :, : x.shape[2] // 2 * 2, : x.shape[3] // 2 * 2]
        x = (x[:, :, ::2] + x[:, :, 1::2]) / 2
        return (x[..., ::2] + x[..., 1::2]) / 2


@Transition.alternative
class TransitionByGroups(nn.Module):
    def __init__(self, in_channels):
        super().__init__()
        if not in_channels >= 2:
            raise ValueError("too few channels")
        self.half = int(in_channels / 2)
        self.steps = nn.Sequential(
            nn.BatchNorm2d(in_channels), nn.ReLU(inplace=True), nn.Conv2d(in_channels, self.half, 1, bias=False)
        )

    def forward(self, x):
        quarter = torch.full((self.half, 1, 2, 2), 0.25, dtype=x.dtype)
        return F.conv2d(self.steps(x), quarter, None, 2, 0, 1, self.half)
