"""What goes wrong in a ConvNeXt block."""
# ruff: noqa: D101, D102 - these are models and students' answers

import torch
import torch.nn.functional as F
from torch import nn

from .convnext import ConvNeXtBlock


@ConvNeXtBlock.misconception(
    "The layer norm takes mean and variance over channels, height and width together; it is over the channels at each place.",
    "values gradients",
)
class ConvNeXtNormOverAll(nn.Module):
    def __init__(self, channels, layer_scale=1e-6):
        super().__init__()
        if channels < 1 or layer_scale < 0:
            raise ValueError(f"{channels=} must be 1 or more, {layer_scale=} not negative")
        self.depthwise = nn.Conv2d(channels, channels, 7, padding=3, groups=channels)
        self.norm = nn.LayerNorm(channels, eps=1e-6)
        self.mlp = nn.Sequential(nn.Linear(channels, 4 * channels), nn.GELU(), nn.Linear(4 * channels, channels))
        self.scale = nn.Parameter(torch.full((channels,), float(layer_scale)))

    def forward(self, x):
        y = self.depthwise(x).permute(0, 2, 3, 1)  # N, H, W, C
        y = F.layer_norm(y, y.shape[1:], eps=1e-6) * self.norm.weight + self.norm.bias
        y = self.scale * self.mlp(y)
        return x + y.permute(0, 3, 1, 2)


@ConvNeXtBlock.misconception(
    "The layer norm runs over height and width, not over the channels: LayerNorm works on the last axes, so bring the channels there.",
    "values gradients",
)
class ConvNeXtNormOverPlaces(nn.Module):
    def __init__(self, channels, layer_scale=1e-6):
        super().__init__()
        if channels < 1 or layer_scale < 0:
            raise ValueError(f"{channels=} must be 1 or more, {layer_scale=} not negative")
        self.depthwise = nn.Conv2d(channels, channels, 7, padding=3, groups=channels)
        self.norm = nn.LayerNorm(channels, eps=1e-6)
        self.mlp = nn.Sequential(nn.Linear(channels, 4 * channels), nn.GELU(), nn.Linear(4 * channels, channels))
        self.scale = nn.Parameter(torch.full((channels,), float(layer_scale)))

    def forward(self, x):
        y = self.depthwise(x).permute(0, 2, 3, 1)  # N, H, W, C
        y = F.instance_norm(y.permute(0, 3, 1, 2), eps=1e-6).permute(0, 2, 3, 1) * self.norm.weight + self.norm.bias
        y = self.scale * self.mlp(y)
        return x + y.permute(0, 3, 1, 2)


@ConvNeXtBlock.misconception(
    "There is a batch norm in place of the layer norm; ConvNeXt took it out.",
    "values gradients",
)
class ConvNeXtBatchNorm(nn.Module):
    def __init__(self, channels, layer_scale=1e-6):
        super().__init__()
        if channels < 1 or layer_scale < 0:
            raise ValueError(f"{channels=} must be 1 or more, {layer_scale=} not negative")
        self.depthwise = nn.Conv2d(channels, channels, 7, padding=3, groups=channels)
        self.norm = nn.BatchNorm2d(channels, eps=1e-6)
        self.mlp = nn.Sequential(nn.Linear(channels, 4 * channels), nn.GELU(), nn.Linear(4 * channels, channels))
        self.scale = nn.Parameter(torch.full((channels,), float(layer_scale)))

    def forward(self, x):
        y = self.depthwise(x).permute(0, 2, 3, 1)  # N, H, W, C
        y = self.scale * self.mlp(self.norm(y.permute(0, 3, 1, 2)).permute(0, 2, 3, 1))
        return x + y.permute(0, 3, 1, 2)


@ConvNeXtBlock.misconception(
    "The layer norm stands before the depthwise convolution; it comes after it.",
    "values gradients",
)
class ConvNeXtNormFirst(nn.Module):
    def __init__(self, channels, layer_scale=1e-6):
        super().__init__()
        if channels < 1 or layer_scale < 0:
            raise ValueError(f"{channels=} must be 1 or more, {layer_scale=} not negative")
        self.depthwise = nn.Conv2d(channels, channels, 7, padding=3, groups=channels)
        self.norm = nn.LayerNorm(channels, eps=1e-6)
        self.mlp = nn.Sequential(nn.Linear(channels, 4 * channels), nn.GELU(), nn.Linear(4 * channels, channels))
        self.scale = nn.Parameter(torch.full((channels,), float(layer_scale)))

    def forward(self, x):
        y = self.depthwise(self.norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        y = self.scale * self.mlp(y)
        return x + y.permute(0, 3, 1, 2)


@ConvNeXtBlock.misconception(
    "The GELU stands after the second linear layer; it belongs between the two.",
    "examples values gradients",
)
class ConvNeXtGELULast(nn.Module):
    def __init__(self, channels, layer_scale=1e-6):
        super().__init__()
        if channels < 1 or layer_scale < 0:
            raise ValueError(f"{channels=} must be 1 or more, {layer_scale=} not negative")
        self.depthwise = nn.Conv2d(channels, channels, 7, padding=3, groups=channels)
        self.norm = nn.LayerNorm(channels, eps=1e-6)
        self.mlp = nn.Sequential(nn.Linear(channels, 4 * channels), nn.Linear(4 * channels, channels), nn.GELU())
        self.scale = nn.Parameter(torch.full((channels,), float(layer_scale)))

    def forward(self, x):
        y = self.depthwise(x).permute(0, 2, 3, 1)  # N, H, W, C
        y = self.scale * self.mlp(self.norm(y))
        return x + y.permute(0, 3, 1, 2)


@ConvNeXtBlock.misconception(
    "There is no activation at all between the linear layers.",
    "values gradients",
)
class ConvNeXtWithoutGELU(nn.Module):
    def __init__(self, channels, layer_scale=1e-6):
        super().__init__()
        if channels < 1 or layer_scale < 0:
            raise ValueError(f"{channels=} must be 1 or more, {layer_scale=} not negative")
        self.depthwise = nn.Conv2d(channels, channels, 7, padding=3, groups=channels)
        self.norm = nn.LayerNorm(channels, eps=1e-6)
        self.mlp = nn.Sequential(nn.Linear(channels, 4 * channels), nn.Linear(4 * channels, channels))
        self.scale = nn.Parameter(torch.full((channels,), float(layer_scale)))

    def forward(self, x):
        y = self.depthwise(x).permute(0, 2, 3, 1)  # N, H, W, C
        y = self.scale * self.mlp(self.norm(y))
        return x + y.permute(0, 3, 1, 2)


@ConvNeXtBlock.misconception(
    "The activation is a ReLU; ConvNeXt uses GELU.",
    "values gradients",
)
class ConvNeXtReLU(nn.Module):
    def __init__(self, channels, layer_scale=1e-6):
        super().__init__()
        if channels < 1 or layer_scale < 0:
            raise ValueError(f"{channels=} must be 1 or more, {layer_scale=} not negative")
        self.depthwise = nn.Conv2d(channels, channels, 7, padding=3, groups=channels)
        self.norm = nn.LayerNorm(channels, eps=1e-6)
        self.mlp = nn.Sequential(nn.Linear(channels, 4 * channels), nn.ReLU(), nn.Linear(4 * channels, channels))
        self.scale = nn.Parameter(torch.full((channels,), float(layer_scale)))

    def forward(self, x):
        y = self.depthwise(x).permute(0, 2, 3, 1)  # N, H, W, C
        y = self.scale * self.mlp(self.norm(y))
        return x + y.permute(0, 3, 1, 2)


@ConvNeXtBlock.misconception(
    "The GELU is the approximation by tanh; nn.GELU() without arguments is the exact one.",
    "values gradients",
)
class ConvNeXtTanhGELU(nn.Module):
    def __init__(self, channels, layer_scale=1e-6):
        super().__init__()
        if channels < 1 or layer_scale < 0:
            raise ValueError(f"{channels=} must be 1 or more, {layer_scale=} not negative")
        self.depthwise = nn.Conv2d(channels, channels, 7, padding=3, groups=channels)
        self.norm = nn.LayerNorm(channels, eps=1e-6)
        self.mlp = nn.Sequential(nn.Linear(channels, 4 * channels), nn.GELU("tanh"), nn.Linear(4 * channels, channels))
        self.scale = nn.Parameter(torch.full((channels,), float(layer_scale)))

    def forward(self, x):
        y = self.depthwise(x).permute(0, 2, 3, 1)  # N, H, W, C
        y = self.scale * self.mlp(self.norm(y))
        return x + y.permute(0, 3, 1, 2)


@ConvNeXtBlock.misconception(
    "The layer norm has PyTorch's eps of 1e-5; the statement asks for 1e-6.",
    "values gradients",
)
class ConvNeXtEpsilon(nn.Module):
    def __init__(self, channels, layer_scale=1e-6):
        super().__init__()
        if channels < 1 or layer_scale < 0:
            raise ValueError(f"{channels=} must be 1 or more, {layer_scale=} not negative")
        self.depthwise = nn.Conv2d(channels, channels, 7, padding=3, groups=channels)
        self.norm = nn.LayerNorm(channels)
        self.mlp = nn.Sequential(nn.Linear(channels, 4 * channels), nn.GELU(), nn.Linear(4 * channels, channels))
        self.scale = nn.Parameter(torch.full((channels,), float(layer_scale)))

    def forward(self, x):
        y = self.depthwise(x).permute(0, 2, 3, 1)  # N, H, W, C
        y = self.scale * self.mlp(self.norm(y))
        return x + y.permute(0, 3, 1, 2)


@ConvNeXtBlock.misconception(
    "The layer scale is missing, or is no nn.Parameter and so never trained: it has one number for each channel.",
    "examples parameters values gradients",
)
class ConvNeXtWithoutScale(nn.Module):
    def __init__(self, channels, layer_scale=1e-6):
        super().__init__()
        if channels < 1 or layer_scale < 0:
            raise ValueError(f"{channels=} must be 1 or more, {layer_scale=} not negative")
        self.depthwise = nn.Conv2d(channels, channels, 7, padding=3, groups=channels)
        self.norm = nn.LayerNorm(channels, eps=1e-6)
        self.mlp = nn.Sequential(nn.Linear(channels, 4 * channels), nn.GELU(), nn.Linear(4 * channels, channels))

    def forward(self, x):
        y = self.depthwise(x).permute(0, 2, 3, 1)  # N, H, W, C
        y = self.mlp(self.norm(y))
        return x + y.permute(0, 3, 1, 2)


@ConvNeXtBlock.misconception(
    "The layer scale begins at 1 whatever was asked for; its initial value is the argument layer_scale.",
    "examples parameters",
)
class ConvNeXtScaleOfOnes(nn.Module):
    def __init__(self, channels, layer_scale=1e-6):
        super().__init__()
        if channels < 1 or layer_scale < 0:
            raise ValueError(f"{channels=} must be 1 or more, {layer_scale=} not negative")
        self.depthwise = nn.Conv2d(channels, channels, 7, padding=3, groups=channels)
        self.norm = nn.LayerNorm(channels, eps=1e-6)
        self.mlp = nn.Sequential(nn.Linear(channels, 4 * channels), nn.GELU(), nn.Linear(4 * channels, channels))
        self.scale = nn.Parameter(torch.full((channels,), 1.0))

    def forward(self, x):
        y = self.depthwise(x).permute(0, 2, 3, 1)  # N, H, W, C
        y = self.scale * self.mlp(self.norm(y))
        return x + y.permute(0, 3, 1, 2)


@ConvNeXtBlock.misconception(
    "The input is not added to what the branch gives.",
    "examples values gradients",
)
class ConvNeXtWithoutShortcut(nn.Module):
    def __init__(self, channels, layer_scale=1e-6):
        super().__init__()
        if channels < 1 or layer_scale < 0:
            raise ValueError(f"{channels=} must be 1 or more, {layer_scale=} not negative")
        self.depthwise = nn.Conv2d(channels, channels, 7, padding=3, groups=channels)
        self.norm = nn.LayerNorm(channels, eps=1e-6)
        self.mlp = nn.Sequential(nn.Linear(channels, 4 * channels), nn.GELU(), nn.Linear(4 * channels, channels))
        self.scale = nn.Parameter(torch.full((channels,), float(layer_scale)))

    def forward(self, x):
        y = self.depthwise(x).permute(0, 2, 3, 1)  # N, H, W, C
        y = self.scale * self.mlp(self.norm(y))
        return y.permute(0, 3, 1, 2)


@ConvNeXtBlock.misconception(
    "The output of the depthwise convolution is added, not the block's input.",
    "examples values gradients",
)
class ConvNeXtLateShortcut(nn.Module):
    def __init__(self, channels, layer_scale=1e-6):
        super().__init__()
        if channels < 1 or layer_scale < 0:
            raise ValueError(f"{channels=} must be 1 or more, {layer_scale=} not negative")
        self.depthwise = nn.Conv2d(channels, channels, 7, padding=3, groups=channels)
        self.norm = nn.LayerNorm(channels, eps=1e-6)
        self.mlp = nn.Sequential(nn.Linear(channels, 4 * channels), nn.GELU(), nn.Linear(4 * channels, channels))
        self.scale = nn.Parameter(torch.full((channels,), float(layer_scale)))

    def forward(self, x):
        x = self.depthwise(x)
        y = x.permute(0, 2, 3, 1)  # N, H, W, C
        y = self.scale * self.mlp(self.norm(y))
        return x + y.permute(0, 3, 1, 2)


@ConvNeXtBlock.misconception(
    "The 7 × 7 convolution mixes the channels: groups=channels is missing.",
    "examples parameters values gradients",
)
class ConvNeXtDense(nn.Module):
    def __init__(self, channels, layer_scale=1e-6):
        super().__init__()
        if channels < 1 or layer_scale < 0:
            raise ValueError(f"{channels=} must be 1 or more, {layer_scale=} not negative")
        self.depthwise = nn.Conv2d(channels, channels, 7, padding=3)
        self.norm = nn.LayerNorm(channels, eps=1e-6)
        self.mlp = nn.Sequential(nn.Linear(channels, 4 * channels), nn.GELU(), nn.Linear(4 * channels, channels))
        self.scale = nn.Parameter(torch.full((channels,), float(layer_scale)))

    def forward(self, x):
        y = self.depthwise(x).permute(0, 2, 3, 1)  # N, H, W, C
        y = self.scale * self.mlp(self.norm(y))
        return x + y.permute(0, 3, 1, 2)


@ConvNeXtBlock.misconception(
    "The hidden layer is twice as wide as the block; it is four times as wide.",
    "examples parameters values gradients",
)
class ConvNeXtTwice(nn.Module):
    def __init__(self, channels, layer_scale=1e-6):
        super().__init__()
        if channels < 1 or layer_scale < 0:
            raise ValueError(f"{channels=} must be 1 or more, {layer_scale=} not negative")
        self.depthwise = nn.Conv2d(channels, channels, 7, padding=3, groups=channels)
        self.norm = nn.LayerNorm(channels, eps=1e-6)
        self.mlp = nn.Sequential(nn.Linear(channels, 2 * channels), nn.GELU(), nn.Linear(2 * channels, channels))
        self.scale = nn.Parameter(torch.full((channels,), float(layer_scale)))

    def forward(self, x):
        y = self.depthwise(x).permute(0, 2, 3, 1)  # N, H, W, C
        y = self.scale * self.mlp(self.norm(y))
        return x + y.permute(0, 3, 1, 2)


@ConvNeXtBlock.misconception(
    "A negative layer scale is let through (a count below 1 torch refuses itself).",
    "examples refusals",
)
class ConvNeXtUnchecked(nn.Module):
    def __init__(self, channels, layer_scale=1e-6):
        super().__init__()
        self.depthwise = nn.Conv2d(channels, channels, 7, padding=3, groups=channels)
        self.norm = nn.LayerNorm(channels, eps=1e-6)
        self.mlp = nn.Sequential(nn.Linear(channels, 4 * channels), nn.GELU(), nn.Linear(4 * channels, channels))
        self.scale = nn.Parameter(torch.full((channels,), float(layer_scale)))

    def forward(self, x):
        y = self.depthwise(x).permute(0, 2, 3, 1)  # N, H, W, C
        y = self.scale * self.mlp(self.norm(y))
        return x + y.permute(0, 3, 1, 2)
