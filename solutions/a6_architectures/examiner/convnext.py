"""The ConvNeXt block; the oracle is torchvision's."""
# ruff: noqa: D101, D102 - these are models and students' answers

import torch
import torch.nn.functional as F
from torch import nn
from torchvision.models.convnext import CNBlock

from course_utils.grading.exercise import Call

from .judging import chosen, facets, modules, trial


def _block(channels, layer_scale=1e-6):
    return CNBlock(channels, layer_scale, 0.0)


def _blocks(choose):
    channels = choose.upto(1, 5)
    shape = choose.upto(1, 2), channels, choose.upto(1, 6), choose.upto(2, 9)
    return trial((channels,), shape, choose.upto(0, 99), choose.one_of(False, True))


ConvNeXtBlock = modules(
    "ConvNeXtBlock",
    _block,
    "lecture 12, section 12.7",
    facets=facets(
        (
            trial((3,), (2, 3, 8, 5)),
            trial((5, 0.5), (1, 5, 3, 9), 8, True),
            trial((1,), (2, 1, 4, 2), 9, layer_scale=2),
            trial((2, 0.0), (3, 2, 1, 7), 2, True),
        ),
        chosen(_blocks),
        (
            Call((0,), note="there are no channels"),
            Call((-3,), note="−3 channels are none"),
            Call((3, -0.5), note="the layer scale is negative"),
            Call((1,), {"layer_scale": -1e-6}, "the layer scale is negative"),
        ),
        "parameters",
        "values",
        "gradients",
    ),
)


@ConvNeXtBlock.alternative
class ConvNeXtOfConvolutions(nn.Module):
    def __init__(self, channels, layer_scale=1e-6):
        super().__init__()
        if not channels > 0 <= layer_scale:
            raise ValueError("no channels")
        self.see = nn.Conv2d(channels, channels, (7, 7), 1, "same", 1, channels)
        self.norm = nn.LayerNorm([channels], 1e-6)
        self.wide, self.narrow = nn.Conv2d(channels, 4 * channels, 1), nn.Conv2d(4 * channels, channels, 1)
        self.gamma = nn.Parameter(layer_scale * torch.ones(channels, 1, 1))

    def forward(self, x):
        y = self.norm(self.see(x).movedim(1, -1)).movedim(-1, 1)
        return x + self.gamma * self.narrow(F.gelu(self.wide(y)))


@ConvNeXtBlock.alternative
class ConvNeXtWithFirstChannels(nn.Module):
    def __init__(self, channels, layer_scale=1e-6):
        super().__init__()
        if channels <= 0 or layer_scale < 0:
            raise ValueError(f"{channels} channels, scaled by {layer_scale}?")
        self.steps = nn.ModuleList([nn.Conv2d(channels, channels, 7, groups=channels), nn.LayerNorm(channels)])
        self.steps.append(nn.Conv2d(channels, channels * 4, 1)).append(nn.Conv2d(channels * 4, channels, 1))
        self.layer_scale = nn.Parameter(torch.zeros(channels, 1, 1) + layer_scale)

    def forward(self, x):
        see, norm, up, down = self.steps
        y = see(F.pad(x, (3, 3, 3, 3)))
        y = y - y.mean(1, keepdim=True)
        y = y / torch.sqrt((y * y).mean(1, keepdim=True) + 1e-6)
        y = norm.weight[:, None, None] * y + norm.bias[:, None, None]
        return torch.addcmul(x, self.layer_scale, down(F.gelu(up(y))))


@ConvNeXtBlock.alternative
class ConvNeXtFlat(nn.Module):
    def __init__(self, channels, layer_scale=1e-6):
        super().__init__()
        if min(channels, 1) != 1 or min(layer_scale, 0) != 0:
            raise ValueError("at least one channel, and no negative scale")
        self.conv = nn.Conv2d(channels, channels, 7, 1, 3, groups=channels)
        self.each = nn.Sequential(
            nn.LayerNorm(channels, eps=1e-6),
            nn.Linear(channels, channels * 4),
            nn.GELU(),
            nn.Linear(channels * 4, channels),
        )
        self.s = nn.Parameter(torch.ones(channels))
        nn.init.constant_(self.s, layer_scale)

    def forward(self, x):
        pixels = self.conv(x).flatten(2).transpose(1, 2)
        return x + (self.each(pixels) * self.s).transpose(1, 2).reshape(x.shape)
