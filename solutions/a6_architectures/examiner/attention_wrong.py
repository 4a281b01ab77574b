"""What goes wrong in channel attention and in spatial attention."""
# ruff: noqa: D101, D102 - these are models and students' answers

import torch
from torch import nn

from .attention import SEBlock, SpatialAttention


@SEBlock.misconception(
    "The gate is not squashed: without the sigmoid it can be negative or huge.",
    "examples values gradients",
)
class SEWithoutSigmoid(nn.Module):
    def __init__(self, channels, reduction=4):
        super().__init__()
        if reduction < 1 or channels < reduction:
            raise ValueError(f"{channels} channels cannot be reduced by {reduction}")
        hidden = channels // reduction
        self.squeeze, self.excite = nn.Linear(channels, hidden), nn.Linear(hidden, channels)

    def forward(self, x):
        means = x.mean(dim=(2, 3))
        gate = self.excite(torch.relu(self.squeeze(means)))
        return x * gate[:, :, None, None]


@SEBlock.misconception(
    "The squeeze takes the maximum of each map; it is the mean.",
    "examples values gradients",
)
class SEMax(nn.Module):
    def __init__(self, channels, reduction=4):
        super().__init__()
        if reduction < 1 or channels < reduction:
            raise ValueError(f"{channels} channels cannot be reduced by {reduction}")
        hidden = channels // reduction
        self.squeeze, self.excite = nn.Linear(channels, hidden), nn.Linear(hidden, channels)

    def forward(self, x):
        means = x.amax(dim=(2, 3))
        gate = torch.sigmoid(self.excite(torch.relu(self.squeeze(means))))
        return x * gate[:, :, None, None]


@SEBlock.misconception(
    "The gate is a softmax over channels, so that the channels compete; each has a sigmoid of its own.",
    "examples values gradients",
)
class SESoftmax(nn.Module):
    def __init__(self, channels, reduction=4):
        super().__init__()
        if reduction < 1 or channels < reduction:
            raise ValueError(f"{channels} channels cannot be reduced by {reduction}")
        hidden = channels // reduction
        self.squeeze, self.excite = nn.Linear(channels, hidden), nn.Linear(hidden, channels)

    def forward(self, x):
        means = x.mean(dim=(2, 3))
        gate = torch.softmax(self.excite(torch.relu(self.squeeze(means))), dim=1)
        return x * gate[:, :, None, None]


@SEBlock.misconception(
    "The gate alone comes back; it should scale x.",
    "examples values gradients",
)
class SEGateAlone(nn.Module):
    def __init__(self, channels, reduction=4):
        super().__init__()
        if reduction < 1 or channels < reduction:
            raise ValueError(f"{channels} channels cannot be reduced by {reduction}")
        hidden = channels // reduction
        self.squeeze, self.excite = nn.Linear(channels, hidden), nn.Linear(hidden, channels)

    def forward(self, x):
        means = x.mean(dim=(2, 3))
        gate = torch.sigmoid(self.excite(torch.relu(self.squeeze(means))))
        return gate[:, :, None, None].expand(x.shape)


@SEBlock.misconception(
    "The gate is added to x; it multiplies.",
    "examples values gradients",
)
class SEAdded(nn.Module):
    def __init__(self, channels, reduction=4):
        super().__init__()
        if reduction < 1 or channels < reduction:
            raise ValueError(f"{channels} channels cannot be reduced by {reduction}")
        hidden = channels // reduction
        self.squeeze, self.excite = nn.Linear(channels, hidden), nn.Linear(hidden, channels)

    def forward(self, x):
        means = x.mean(dim=(2, 3))
        gate = torch.sigmoid(self.excite(torch.relu(self.squeeze(means))))
        return x + gate[:, :, None, None]


@SEBlock.misconception(
    "There is no ReLU between the two layers, so both together are one linear layer.",
    "values gradients",
)
class SEWithoutReLU(nn.Module):
    def __init__(self, channels, reduction=4):
        super().__init__()
        if reduction < 1 or channels < reduction:
            raise ValueError(f"{channels} channels cannot be reduced by {reduction}")
        hidden = channels // reduction
        self.squeeze, self.excite = nn.Linear(channels, hidden), nn.Linear(hidden, channels)

    def forward(self, x):
        means = x.mean(dim=(2, 3))
        gate = torch.sigmoid(self.excite(self.squeeze(means)))
        return x * gate[:, :, None, None]


@SEBlock.misconception(
    "Sigmoid and ReLU are exchanged: the ReLU stands between the layers, the sigmoid at the end.",
    "examples values gradients",
)
class SEReLULast(nn.Module):
    def __init__(self, channels, reduction=4):
        super().__init__()
        if reduction < 1 or channels < reduction:
            raise ValueError(f"{channels} channels cannot be reduced by {reduction}")
        hidden = channels // reduction
        self.squeeze, self.excite = nn.Linear(channels, hidden), nn.Linear(hidden, channels)

    def forward(self, x):
        means = x.mean(dim=(2, 3))
        gate = torch.relu(self.excite(torch.sigmoid(self.squeeze(means))))
        return x * gate[:, :, None, None]


@SEBlock.misconception(
    "The mean is taken over the batch too, so pictures look at each other: only height and width are squeezed.",
    "values gradients",
)
class SEOverBatch(nn.Module):
    def __init__(self, channels, reduction=4):
        super().__init__()
        if reduction < 1 or channels < reduction:
            raise ValueError(f"{channels} channels cannot be reduced by {reduction}")
        hidden = channels // reduction
        self.squeeze, self.excite = nn.Linear(channels, hidden), nn.Linear(hidden, channels)

    def forward(self, x):
        means = x.mean(dim=(0, 2, 3), keepdim=True)[:, :, 0, 0].expand(x.shape[:2])
        gate = torch.sigmoid(self.excite(torch.relu(self.squeeze(means))))
        return x * gate[:, :, None, None]


@SEBlock.misconception(
    "The two layers have no bias; nn.Linear has one unless it is told otherwise.",
    "examples values gradients",
)
class SEWithoutBias(nn.Module):
    def __init__(self, channels, reduction=4):
        super().__init__()
        if reduction < 1 or channels < reduction:
            raise ValueError(f"{channels} channels cannot be reduced by {reduction}")
        hidden = channels // reduction
        self.squeeze, self.excite = nn.Linear(channels, hidden, bias=False), nn.Linear(hidden, channels, bias=False)

    def forward(self, x):
        means = x.mean(dim=(2, 3))
        gate = torch.sigmoid(self.excite(torch.relu(self.squeeze(means))))
        return x * gate[:, :, None, None]


@SEBlock.misconception(
    "x itself is multiplied in place: the caller, and a shortcut around the block, still need it.",
    "values gradients",
)
class SEInPlace(nn.Module):
    def __init__(self, channels, reduction=4):
        super().__init__()
        if reduction < 1 or channels < reduction:
            raise ValueError(f"{channels} channels cannot be reduced by {reduction}")
        hidden = channels // reduction
        self.squeeze, self.excite = nn.Linear(channels, hidden), nn.Linear(hidden, channels)

    def forward(self, x):
        means = x.mean(dim=(2, 3))
        gate = torch.sigmoid(self.excite(torch.relu(self.squeeze(means))))
        return x.mul_(gate[:, :, None, None])


@SEBlock.misconception(
    "A reduction that leaves no hidden unit is let through.",
    "examples refusals",
)
class SEUnchecked(nn.Module):
    def __init__(self, channels, reduction=4):
        super().__init__()
        hidden = int(channels / max(reduction, 0.5))
        self.squeeze, self.excite = nn.Linear(channels, hidden), nn.Linear(hidden, channels)

    def forward(self, x):
        means = x.mean(dim=(2, 3))
        gate = torch.sigmoid(self.excite(torch.relu(self.squeeze(means))))
        return x * gate[:, :, None, None]


@SpatialAttention.misconception(
    "The two maps are joined in the other order: the mean first, then the maximum.",
    "values gradients",
)
class SpatialMaxFirst(nn.Module):
    def __init__(self, kernel_size=7):
        super().__init__()
        if kernel_size < 1 or kernel_size % 2 == 0:
            raise ValueError(f"{kernel_size=} must be odd, 1 or more")
        self.conv = nn.Conv2d(2, 1, kernel_size, padding=kernel_size // 2, bias=False)

    def forward(self, x):
        seen = torch.cat([x.amax(dim=1, keepdim=True), x.mean(dim=1, keepdim=True)], dim=1)
        return x * torch.sigmoid(self.conv(seen))


@SpatialAttention.misconception(
    "The attention map is not squashed: the sigmoid is missing.",
    "examples values gradients",
)
class SpatialWithoutSigmoid(nn.Module):
    def __init__(self, kernel_size=7):
        super().__init__()
        if kernel_size < 1 or kernel_size % 2 == 0:
            raise ValueError(f"{kernel_size=} must be odd, 1 or more")
        self.conv = nn.Conv2d(2, 1, kernel_size, padding=kernel_size // 2, bias=False)

    def forward(self, x):
        seen = torch.cat([x.mean(dim=1, keepdim=True), x.amax(dim=1, keepdim=True)], dim=1)
        return x * self.conv(seen)


@SpatialAttention.misconception(
    "The attention map alone comes back; it should scale x.",
    "examples values gradients",
)
class SpatialMapAlone(nn.Module):
    def __init__(self, kernel_size=7):
        super().__init__()
        if kernel_size < 1 or kernel_size % 2 == 0:
            raise ValueError(f"{kernel_size=} must be odd, 1 or more")
        self.conv = nn.Conv2d(2, 1, kernel_size, padding=kernel_size // 2, bias=False)

    def forward(self, x):
        seen = torch.cat([x.mean(dim=1, keepdim=True), x.amax(dim=1, keepdim=True)], dim=1)
        return torch.sigmoid(self.conv(seen))


@SpatialAttention.misconception(
    "A softmax over the positions makes them share one; each position has a sigmoid of its own.",
    "examples values gradients",
)
class SpatialSoftmax(nn.Module):
    def __init__(self, kernel_size=7):
        super().__init__()
        if kernel_size < 1 or kernel_size % 2 == 0:
            raise ValueError(f"{kernel_size=} must be odd, 1 or more")
        self.conv = nn.Conv2d(2, 1, kernel_size, padding=kernel_size // 2, bias=False)

    def forward(self, x):
        seen = torch.cat([x.mean(dim=1, keepdim=True), x.amax(dim=1, keepdim=True)], dim=1)
        return x * torch.softmax(self.conv(seen).flatten(2), 2).reshape(x.shape[0], 1, *x.shape[2:])


@SpatialAttention.misconception(
    "Mean and maximum are taken over height and width: that is channel attention; take them over the channels, axis 1.",
    "examples values gradients",
)
class SpatialOverPositions(nn.Module):
    def __init__(self, kernel_size=7):
        super().__init__()
        if kernel_size < 1 or kernel_size % 2 == 0:
            raise ValueError(f"{kernel_size=} must be odd, 1 or more")
        self.conv = nn.Conv2d(2, 1, kernel_size, padding=kernel_size // 2, bias=False)

    def forward(self, x):
        seen = torch.cat(
            [
                x.mean(dim=(1, 2, 3), keepdim=True).expand(-1, 1, *x.shape[2:]),
                x.amax(dim=(1, 2, 3), keepdim=True).expand(-1, 1, *x.shape[2:]),
            ],
            dim=1,
        )
        return x * torch.sigmoid(self.conv(seen))


@SpatialAttention.misconception(
    "The channels are added up; the mean divides by their number.",
    "examples values gradients",
)
class SpatialSum(nn.Module):
    def __init__(self, kernel_size=7):
        super().__init__()
        if kernel_size < 1 or kernel_size % 2 == 0:
            raise ValueError(f"{kernel_size=} must be odd, 1 or more")
        self.conv = nn.Conv2d(2, 1, kernel_size, padding=kernel_size // 2, bias=False)

    def forward(self, x):
        seen = torch.cat([x.sum(dim=1, keepdim=True), x.amax(dim=1, keepdim=True)], dim=1)
        return x * torch.sigmoid(self.conv(seen))


@SpatialAttention.misconception(
    "The convolution has a bias; the statement asks for none.",
    "examples values gradients",
)
class SpatialWithBias(nn.Module):
    def __init__(self, kernel_size=7):
        super().__init__()
        if kernel_size < 1 or kernel_size % 2 == 0:
            raise ValueError(f"{kernel_size=} must be odd, 1 or more")
        self.conv = nn.Conv2d(2, 1, kernel_size, padding=kernel_size // 2)

    def forward(self, x):
        seen = torch.cat([x.mean(dim=1, keepdim=True), x.amax(dim=1, keepdim=True)], dim=1)
        return x * torch.sigmoid(self.conv(seen))


@SpatialAttention.misconception(
    "The maximum is taken of absolute values; the largest number is wanted, sign and all.",
    "examples values gradients",
)
class SpatialLargestMagnitude(nn.Module):
    def __init__(self, kernel_size=7):
        super().__init__()
        if kernel_size < 1 or kernel_size % 2 == 0:
            raise ValueError(f"{kernel_size=} must be odd, 1 or more")
        self.conv = nn.Conv2d(2, 1, kernel_size, padding=kernel_size // 2, bias=False)

    def forward(self, x):
        seen = torch.cat([x.mean(dim=1, keepdim=True), x.abs().amax(dim=1, keepdim=True)], dim=1)
        return x * torch.sigmoid(self.conv(seen))


@SpatialAttention.misconception(
    "The attention is added to x; it multiplies.",
    "examples values gradients",
)
class SpatialAdded(nn.Module):
    def __init__(self, kernel_size=7):
        super().__init__()
        if kernel_size < 1 or kernel_size % 2 == 0:
            raise ValueError(f"{kernel_size=} must be odd, 1 or more")
        self.conv = nn.Conv2d(2, 1, kernel_size, padding=kernel_size // 2, bias=False)

    def forward(self, x):
        seen = torch.cat([x.mean(dim=1, keepdim=True), x.amax(dim=1, keepdim=True)], dim=1)
        return x + torch.sigmoid(self.conv(seen))


@SpatialAttention.misconception(
    "Even kernels are let through; they have no middle, and padding cannot keep the size.",
    "examples refusals",
)
class SpatialUnchecked(nn.Module):
    def __init__(self, kernel_size=7):
        super().__init__()
        self.conv = nn.Conv2d(2, 1, kernel_size, padding=kernel_size // 2, bias=False)

    def forward(self, x):
        seen = torch.cat([x.mean(dim=1, keepdim=True), x.amax(dim=1, keepdim=True)], dim=1)
        return x * torch.sigmoid(self.conv(seen))
