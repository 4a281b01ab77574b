"""What goes wrong in a dense block."""
# ruff: noqa: D101, D102 - these are models and students' answers

import torch
from torch import nn

from .dense import DenseBlock


@DenseBlock.misconception(
    "Only the new maps come back; the block's output holds its input as well, in front.",
    "examples values training gradients",
)
class DenseWithoutInput(nn.Module):
    def __init__(self, in_channels, growth, layers):
        super().__init__()
        if min(in_channels, growth, layers) < 1:
            raise ValueError(f"{in_channels=}, {growth=} and {layers=} must be 1 or more")
        self.layers = nn.ModuleList()
        for channels in range(in_channels, in_channels + growth * layers, growth):
            conv = nn.Conv2d(channels, growth, 3, padding=1, bias=False)
            self.layers.append(nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU(), conv))

    def forward(self, x):
        before = x.shape[1]
        for layer in self.layers:
            x = torch.cat([x, layer(x)], dim=1)
        return x[:, before:]


@DenseBlock.misconception(
    "The newest maps stand in front; they belong behind those that are there.",
    "examples values training gradients",
)
class DenseNewestFirst(nn.Module):
    def __init__(self, in_channels, growth, layers):
        super().__init__()
        if min(in_channels, growth, layers) < 1:
            raise ValueError(f"{in_channels=}, {growth=} and {layers=} must be 1 or more")
        self.layers = nn.ModuleList()
        for channels in range(in_channels, in_channels + growth * layers, growth):
            conv = nn.Conv2d(channels, growth, 3, padding=1, bias=False)
            self.layers.append(nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU(), conv))

    def forward(self, x):
        for layer in self.layers:
            x = torch.cat([layer(x), x], dim=1)
        return x


@DenseBlock.misconception(
    "The order is convolution, batch norm, ReLU; here it is batch norm, ReLU, convolution.",
    "examples parameters values training gradients",
)
class DenseConvFirst(nn.Module):
    def __init__(self, in_channels, growth, layers):
        super().__init__()
        if min(in_channels, growth, layers) < 1:
            raise ValueError(f"{in_channels=}, {growth=} and {layers=} must be 1 or more")
        self.layers = nn.ModuleList()
        for channels in range(in_channels, in_channels + growth * layers, growth):
            conv = nn.Conv2d(channels, growth, 3, padding=1, bias=False)
            self.layers.append(nn.Sequential(conv, nn.BatchNorm2d(growth), nn.ReLU()))

    def forward(self, x):
        for layer in self.layers:
            x = torch.cat([x, layer(x)], dim=1)
        return x


@DenseBlock.misconception(
    "Each layer reads only the maps of the one before it: that is a plain chain; it must read all maps so far.",
    "examples parameters values training gradients",
)
class DenseChain(nn.Module):
    def __init__(self, in_channels, growth, layers):
        super().__init__()
        if min(in_channels, growth, layers) < 1:
            raise ValueError(f"{in_channels=}, {growth=} and {layers=} must be 1 or more")
        self.layers = nn.ModuleList()
        for channels in [in_channels] + [growth] * (layers - 1):
            conv = nn.Conv2d(channels, growth, 3, padding=1, bias=False)
            self.layers.append(nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU(), conv))

    def forward(self, x):
        maps = [x]
        for layer in self.layers:
            maps.append(layer(maps[-1]))
        return torch.cat(maps, dim=1)


@DenseBlock.misconception(
    "The layers stand in a plain list, where parameters(), .double() and .to(device) do not find them: nn.ModuleList does.",
    "examples parameters values training gradients",
)
class DenseInAList(nn.Module):
    def __init__(self, in_channels, growth, layers):
        super().__init__()
        if min(in_channels, growth, layers) < 1:
            raise ValueError(f"{in_channels=}, {growth=} and {layers=} must be 1 or more")
        self.layers = []
        for channels in range(in_channels, in_channels + growth * layers, growth):
            conv = nn.Conv2d(channels, growth, 3, padding=1, bias=False)
            self.layers.append(nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU(), conv))

    def forward(self, x):
        for layer in self.layers:
            x = torch.cat([x, layer(x)], dim=1)
        return x


@DenseBlock.misconception(
    "The ReLU between batch norm and convolution is missing.",
    "examples values training gradients",
)
class DenseWithoutReLU(nn.Module):
    def __init__(self, in_channels, growth, layers):
        super().__init__()
        if min(in_channels, growth, layers) < 1:
            raise ValueError(f"{in_channels=}, {growth=} and {layers=} must be 1 or more")
        self.layers = nn.ModuleList()
        for channels in range(in_channels, in_channels + growth * layers, growth):
            conv = nn.Conv2d(channels, growth, 3, padding=1, bias=False)
            self.layers.append(nn.Sequential(nn.BatchNorm2d(channels), conv))

    def forward(self, x):
        for layer in self.layers:
            x = torch.cat([x, layer(x)], dim=1)
        return x


@DenseBlock.misconception(
    "The ReLU stands before the batch norm; the order is batch norm, ReLU, convolution.",
    "values training gradients",
)
class DenseReLUFirst(nn.Module):
    def __init__(self, in_channels, growth, layers):
        super().__init__()
        if min(in_channels, growth, layers) < 1:
            raise ValueError(f"{in_channels=}, {growth=} and {layers=} must be 1 or more")
        self.layers = nn.ModuleList()
        for channels in range(in_channels, in_channels + growth * layers, growth):
            conv = nn.Conv2d(channels, growth, 3, padding=1, bias=False)
            self.layers.append(nn.Sequential(nn.ReLU(), nn.BatchNorm2d(channels), conv))

    def forward(self, x):
        for layer in self.layers:
            x = torch.cat([x, layer(x)], dim=1)
        return x


@DenseBlock.misconception(
    "An in-place ReLU stands first and changes the maps that the block should pass on untouched.",
    "examples values training gradients",
)
class DenseReLUInPlace(nn.Module):
    def __init__(self, in_channels, growth, layers):
        super().__init__()
        if min(in_channels, growth, layers) < 1:
            raise ValueError(f"{in_channels=}, {growth=} and {layers=} must be 1 or more")
        self.layers = nn.ModuleList()
        for channels in range(in_channels, in_channels + growth * layers, growth):
            conv = nn.Conv2d(channels, growth, 3, padding=1, bias=False)
            self.layers.append(nn.Sequential(nn.ReLU(inplace=True), nn.BatchNorm2d(channels), conv))

    def forward(self, x):
        for layer in self.layers:
            x = torch.cat([x, layer(x)], dim=1)
        return x


@DenseBlock.misconception(
    "There is no batch norm in front of the convolutions.",
    "examples parameters values training gradients",
)
class DenseWithoutNorm(nn.Module):
    def __init__(self, in_channels, growth, layers):
        super().__init__()
        if min(in_channels, growth, layers) < 1:
            raise ValueError(f"{in_channels=}, {growth=} and {layers=} must be 1 or more")
        self.layers = nn.ModuleList()
        for channels in range(in_channels, in_channels + growth * layers, growth):
            conv = nn.Conv2d(channels, growth, 3, padding=1, bias=False)
            self.layers.append(nn.Sequential(nn.ReLU(), conv))

    def forward(self, x):
        for layer in self.layers:
            x = torch.cat([x, layer(x)], dim=1)
        return x


@DenseBlock.misconception(
    "The convolutions have a bias; the statement asks for none, since batch norms follow.",
    "examples parameters values training gradients",
)
class DenseWithBias(nn.Module):
    def __init__(self, in_channels, growth, layers):
        super().__init__()
        if min(in_channels, growth, layers) < 1:
            raise ValueError(f"{in_channels=}, {growth=} and {layers=} must be 1 or more")
        self.layers = nn.ModuleList()
        for channels in range(in_channels, in_channels + growth * layers, growth):
            conv = nn.Conv2d(channels, growth, 3, padding=1)
            self.layers.append(nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU(), conv))

    def forward(self, x):
        for layer in self.layers:
            x = torch.cat([x, layer(x)], dim=1)
        return x


@DenseBlock.misconception(
    "There is one layer too many or too few: the block adds exactly layers times growth channels.",
    "examples parameters values training gradients",
)
class DenseOnceMore(nn.Module):
    def __init__(self, in_channels, growth, layers):
        super().__init__()
        if min(in_channels, growth, layers) < 1:
            raise ValueError(f"{in_channels=}, {growth=} and {layers=} must be 1 or more")
        self.layers = nn.ModuleList()
        for channels in range(in_channels, in_channels + growth * layers + 1, growth):
            conv = nn.Conv2d(channels, growth, 3, padding=1, bias=False)
            self.layers.append(nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU(), conv))

    def forward(self, x):
        for layer in self.layers:
            x = torch.cat([x, layer(x)], dim=1)
        return x


@DenseBlock.misconception(
    "Counts below 1 are let through: with no layers the block would only copy.",
    "examples refusals",
)
class DenseUnchecked(nn.Module):
    def __init__(self, in_channels, growth, layers):
        super().__init__()
        self.layers = nn.ModuleList()
        for channels in range(in_channels, in_channels + growth * layers, growth):
            conv = nn.Conv2d(channels, growth, 3, padding=1, bias=False)
            self.layers.append(nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU(), conv))

    def forward(self, x):
        for layer in self.layers:
            x = torch.cat([x, layer(x)], dim=1)
        return x
