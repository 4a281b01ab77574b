"""Functions from images to maps that are handed to a student's function, which calls them back: torch's layers."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from .inputs import pair


@dataclass(frozen=True)
class Map:
    """A function from (N, C, H, W) to (N, C', H', W') with a name that a reader understands."""

    name: str
    apply: Callable[[torch.Tensor], torch.Tensor]

    def __call__(self, x):
        """Return the map as a float64 array; raise ValueError for what is no batch of images."""
        x = np.asarray(x)
        if x.ndim != 4:
            raise ValueError(f"f takes images (N, C, H, W); it was given an array of shape {x.shape}")
        return self.apply(torch.as_tensor(np.array(x, dtype=np.float64))).numpy()

    def __repr__(self):
        return f"<{self.name}>"


def _ring(x, kernel_size, mode="circular"):
    """Return x with a border for windows of `kernel_size`: as many windows as pixels."""
    (kh, kw) = pair(kernel_size)
    return F.pad(x, ((kw - 1) // 2, kw // 2, (kh - 1) // 2, kh // 2), mode=mode)


def _weights(seed, *shape):
    """Return whole numbers from −3 to 3 without 0, so that sums of them are exact."""
    rng = np.random.default_rng(seed)
    return torch.as_tensor(rng.integers(1, 4, shape) * rng.choice([-1.0, 1.0], shape))


def convolution(seed=0, kernel_size=3, stride=1, channels=(1, 1), border="circular"):
    """Return a convolution that keeps the size, but for its stride; beyond the border lies a ring or zeros."""
    w = _weights(seed, channels[1], channels[0], *pair(kernel_size))
    mode = "circular" if border == "circular" else "constant"
    name = f"convolution {'×'.join(map(str, pair(kernel_size)))}, stride {stride}, border {border}"
    return Map(name, lambda x: F.conv2d(_ring(x, kernel_size, mode), w, stride=stride))


def pool(kernel_size=2, stride=1):
    """Return a max pool on a ring."""
    name = f"max pool {kernel_size}, stride {stride}, border circular"
    return Map(name, lambda x: F.max_pool2d(_ring(x, kernel_size), kernel_size, stride))


def window(seed=0, kernel_size=3, stride=1, dilation=1, channels=(1, 1), groups=1):
    """Return a convolution without padding."""
    w = _weights(seed, channels[1], channels[0] // groups, *pair(kernel_size))
    name = f"convolution {'×'.join(map(str, pair(kernel_size)))}, stride {stride}, dilation {dilation}, no padding"
    return Map(name, lambda x: F.conv2d(x, w, stride=stride, dilation=dilation, groups=groups))


def plain_pool(kernel_size=2, stride=2):
    """Return a max pool without padding."""
    return Map(f"max pool {kernel_size}, stride {stride}", lambda x: F.max_pool2d(x, kernel_size, stride))


def two_layers(seed=0):
    """Return two convolutions 3×3, the second with stride 2, with a ReLU between."""
    one, two = _weights(seed, 2, 1, 3, 3), _weights(seed + 1, 1, 2, 3, 3)
    name = "convolution 3×3, ReLU, convolution 3×3 with stride 2"
    return Map(name, lambda x: F.conv2d(F.relu(F.conv2d(x, one)), two, stride=2))


CROSS = torch.tensor([[0.0, 1, 0], [1, -4, 1], [0, 1, 0]], dtype=torch.float64)[None, None]
IDENTITY = Map("identity", lambda x: x)
NEGATIVE_PART = Map("smallest of x and 0", lambda x: -F.relu(-x))
OWN_BIAS = Map("a number of its own added at each place",
               lambda x: x + torch.arange(x.shape[2] * x.shape[3], dtype=x.dtype).reshape(x.shape[2:]) % 5)  # fmt: skip
TWICE = Map("every pixel doubled in height and width", lambda x: x.repeat_interleave(2, 2).repeat_interleave(2, 3))
MIRROR = Map("mirror", lambda x: x.flip(3))
CONSTANT = Map("always seven", lambda x: 0 * x[:, :1] + 7)
GLOBAL = Map("maximum over the whole image", lambda x: x.amax(dim=(2, 3), keepdim=True))
PLUS = Map("convolution with a cross of five weights", lambda x: F.conv2d(x, CROSS))
SUM = Map("sum over the whole image", lambda x: x.sum(dim=(1, 2, 3), keepdim=True))
MIXED = Map("two channels: every pixel as it is, and the sum of 2×3 pixels",
            lambda x: torch.cat([x[:, :, :-1, :-2], F.conv2d(x, torch.ones(1, 1, 2, 3, dtype=x.dtype))], dim=1))  # fmt: skip
