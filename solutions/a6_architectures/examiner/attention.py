"""Channel attention (squeeze and excitation; the oracle is torchvision's) and spatial attention."""
# ruff: noqa: D101, D102 - these are models and students' answers

import torch
import torch.nn.functional as F
from torch import nn
from torchvision.ops.misc import SqueezeExcitation

from course_utils.grading.exercise import Call

from .judging import chosen, facets, modules, trial


def _channels(channels, reduction=4):
    return SqueezeExcitation(channels, channels // reduction)


class _Spatial(nn.Module):
    def __init__(self, kernel_size=7):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1, 2, kernel_size, kernel_size))

    def forward(self, x):
        mean, (largest, _) = torch.mean(x, 1), torch.max(x, 1)
        gate = F.conv2d(torch.stack((mean, largest), 1), self.weight, padding="same")
        return x * gate.sigmoid()


def _channel_blocks(choose):
    channels = choose.upto(1, 7)
    shape = choose.upto(1, 3), channels, choose.upto(1, 5), choose.upto(1, 6)
    args = channels, choose.upto(1, channels)
    return trial(args, shape, choose.upto(0, 99), choose.one_of(False, True))


def _spatial_blocks(choose):
    shape = choose.upto(1, 3), choose.upto(1, 4), choose.upto(1, 6), choose.upto(1, 8)
    return trial((choose.one_of(1, 3, 5),), shape, choose.upto(0, 99), choose.one_of(False, True))


SEBlock = modules(
    "SEBlock",
    _channels,
    "lecture 12, section 12.1",
    facets=facets(
        (
            trial((6, 2), (2, 6, 5, 4)),
            trial((9,), (3, 9, 2, 7), 8, True),
            trial((1, 1), (2, 1, 3, 4), 9),
            trial((5, 5), (1, 5, 1, 6), 2, True),
            trial((7, 3), (2, 7, 4, 1), 3),
        ),
        chosen(_channel_blocks),
        (
            Call((3, 4), note="3 channels reduced by 4 leave none"),
            Call((3,), note="3 channels reduced by 4, the default, leave none"),
            Call((0, 1), note="there are no channels"),
            Call((4, 0), note="a reduction by 0 is none"),
            Call((4, -2), note="a reduction by −2 is none"),
        ),
        "values",
        "gradients",
    ),
)


SpatialAttention = modules(
    "SpatialAttention",
    _Spatial,
    "lecture 12, section 12.2",
    facets=facets(
        (
            trial((3,), (2, 4, 5, 6)),
            trial((), (1, 3, 9, 4), 8, True),
            trial((1,), (2, 2, 3, 7), 9),
            trial((5,), (3, 1, 4, 2), 2, True),
        ),
        chosen(_spatial_blocks),
        (
            Call((2,), note="a kernel of 2 has no middle"),
            Call((6,), note="a kernel of 6 has no middle"),
            Call((0,), note="a kernel of 0 sees nothing"),
            Call((-1,), note="a kernel of −1 is none"),
            Call((-3,), note="a kernel of −3 is none"),
        ),
        "values",
        "gradients",
    ),
)


@SEBlock.alternative
class SEOfConvolutions(nn.Module):
    def __init__(self, channels, reduction=4):
        super().__init__()
        if not 1 <= reduction <= channels:
            raise ValueError("reduction lies between 1 and the number of channels")
        few = channels // reduction
        steps = (
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(channels, few, 1),
            nn.ReLU(),
            nn.Conv2d(few, channels, 1),
            nn.Sigmoid(),
        )
        self.gate = nn.Sequential(*steps)

    def forward(self, x):
        return self.gate(x) * x


@SEBlock.alternative
class SESummed(nn.Module):
    def __init__(self, channels, reduction=4):
        super().__init__()
        if reduction <= 0 or channels // reduction == 0:
            raise ValueError(f"nothing is left of {channels} channels")
        self.layers = nn.ModuleList(
            [nn.Linear(channels, channels // reduction), nn.Linear(channels // reduction, channels)]
        )

    def forward(self, x):
        first, second = self.layers
        n, c, h, w = x.shape
        s = first(x.reshape(n, c, h * w).sum(dim=2) / (h * w)).clamp(min=0)
        return torch.einsum("nchw,nc->nchw", x, second(s).sigmoid())


@SEBlock.alternative
class SEChannelsLast(nn.Module):
    def __init__(self, channels, reduction=4):
        super().__init__()
        if min(channels, reduction) < 1 or reduction > channels:
            raise ValueError("channels and reduction do not fit")
        width = channels // reduction
        self.mlp = nn.Sequential(nn.Linear(channels, width), nn.ReLU(inplace=True), nn.Linear(width, channels))

    def forward(self, x):
        last = x.movedim(1, -1)
        gate = 1 / (1 + torch.exp(-self.mlp(last.mean((1, 2), keepdim=True))))
        return (last * gate).movedim(-1, 1)


@SpatialAttention.alternative
class SpatialStacked(nn.Module):
    def __init__(self, kernel_size=7):
        super().__init__()
        if kernel_size not in range(1, kernel_size + 1, 2):
            raise ValueError("odd kernels only")
        self.look = nn.Conv2d(2, 1, kernel_size, padding="same", bias=False)

    def forward(self, x):
        return self.look(torch.stack([x.mean(1), x.max(1).values], 1)).sigmoid().mul(x)


@SpatialAttention.alternative
class SpatialByPieces(nn.Module):
    def __init__(self, kernel_size=7):
        super().__init__()
        half, odd = divmod(kernel_size, 2)
        if not odd or half < 0:
            raise ValueError(f"a kernel of {kernel_size} has no middle")
        self.conv = nn.Conv2d(2, 1, (kernel_size, kernel_size), 1, (half, half), bias=False)

    def forward(self, x):
        _n, c, h, w = x.shape
        largest = F.adaptive_max_pool3d(x, (1, h, w))
        average = x.sum(1, keepdim=True) / c
        gate = 1 / (1 + torch.exp(-self.conv(torch.hstack((average, largest)))))
        return torch.einsum("nchw,nohw->nchw", x, gate)


@SpatialAttention.alternative
class SpatialFunctional(nn.Module):
    def __init__(self, kernel_size=7):
        super().__init__()
        if kernel_size <= 0 or not kernel_size % 2:
            raise ValueError("kernel_size is a positive odd number")
        self.net = nn.Sequential(nn.ZeroPad2d(kernel_size // 2), nn.Conv2d(2, 1, kernel_size, bias=False), nn.Sigmoid())

    def forward(self, x):
        last = x.permute(0, 2, 3, 1)
        pair = torch.stack([torch.mean(last, -1), torch.amax(last, -1)])
        return x * self.net(pair.transpose(0, 1))
