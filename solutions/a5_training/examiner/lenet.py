"""LeNet-5: the oracle is a network of the examiner's own, filled with the same weights."""

import math
from itertools import pairwise

import torch
import torch.nn.functional as F
from hypothesis import strategies as st
from torch import nn

from course_utils.grading.exercise import Call, Facet

from .building import gradients, judge_of, reports, scores, sizes
from .world import Work, refuses


def _sides(size):
    return size if isinstance(size, tuple) else (size, size)


def _shape(in_channels=1, classes=10, size=28):
    return in_channels, *_sides(size)


def _network(in_channels=1, classes=10, size=28):
    height, width = (((side // 2) - 4) // 2 for side in _sides(size))
    return nn.Sequential(
        nn.Conv2d(in_channels, 6, 5, padding=2), nn.Tanh(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.Tanh(),
        nn.AvgPool2d(2), nn.Flatten(), nn.Linear(16 * height * width, 120), nn.Tanh(), nn.Linear(120, 84), nn.Tanh(),
        nn.Linear(84, classes),
    )  # fmt: skip


@st.composite
def _sizes(draw):
    side = st.integers(12, 24)
    height = draw(side)
    width = draw(st.one_of(st.just(height), side))
    return Call((draw(st.integers(1, 3)), draw(st.integers(1, 12)), height if height == width else (height, width)))


DEFAULT, WIDE = Call(()), Call((3, 4, (13, 19)))
CALLS = (DEFAULT, WIDE, Call((), {"size": 12}), Call((2, 7), {"size": (18, 14)}))

lenet5 = Work(
    "lenet5",
    reports(_network, _shape),
    "lecture 09, sections 09.1 and 09.2",
    {
        "counts": Facet(judge_of(_shape, sizes), CALLS, _sizes(), 6),
        "values": Facet(judge_of(_shape, scores), CALLS, _sizes(), 6),
        "gradients": Facet(judge_of(_shape, gradients), (DEFAULT, WIDE), _sizes(), 4),
        "refusals": Facet(refuses, (
            Call((1, 10, 11), note="11 becomes 5 by pooling, 1 by the second convolution, and then nothing is left"),
            Call((1, 10, (11, 28)), note="nothing is left of a height of 11"),
            Call((1, 10, (28, 11)), note="nothing is left of a width of 11"),
            Call((1, 10, 0), note="the picture has no size"),
            Call((0,), note="there is no picture without a channel"),
            Call((1, 0), note="there is no class to choose"),
        )),
    },
)  # fmt: skip


@lenet5.alternative
def lenet_as_module(in_channels=1, classes=10, size=28):
    sides = size if isinstance(size, tuple) else (size, size)
    if in_channels < 1 or classes < 1 or any(side < 12 for side in sides):
        raise ValueError("these sizes leave nothing")

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.c1, self.c3 = nn.Conv2d(in_channels, 6, 5, padding="same"), nn.Conv2d(6, 16, 5)
            left = 16 * math.prod((side // 2 - 4) // 2 for side in sides)
            self.c5, self.f6, self.last = nn.Linear(left, 120), nn.Linear(120, 84), nn.Linear(84, classes)

        def forward(self, x):
            for conv in (self.c1, self.c3):
                x = F.avg_pool2d(torch.tanh(conv(x)), 2)
            x = self.f6(self.c5(x.flatten(1)).tanh()).tanh()
            return self.last(x)

    return Net()


@lenet5.alternative
def lenet_lazily(in_channels=1, classes=10, size=28):
    height, width = size if isinstance(size, tuple) else (size, size)
    if not (in_channels > 0 and classes > 0 and height >= 12 and width >= 12):
        raise ValueError("the sizes do not fit")
    layers = [nn.LazyConv2d(6, 5, padding=2), nn.Tanh(), nn.AvgPool2d(2), nn.LazyConv2d(16, 5), nn.Tanh()]
    layers += [nn.AvgPool2d(2), nn.Flatten(), nn.LazyLinear(120), nn.Tanh(), nn.LazyLinear(84), nn.Tanh()]
    model = nn.Sequential(*layers, nn.LazyLinear(classes))
    model(torch.zeros(1, in_channels, height, width))
    return model


@lenet5.alternative
def lenet_in_a_loop(in_channels=1, classes=10, size=28):
    height, width = size if isinstance(size, tuple) else (size, size)
    rows, columns = (height // 2 - 4) // 2, (width // 2 - 4) // 2
    if min(in_channels, classes, rows, columns) < 1:
        raise ValueError("the sizes do not fit")
    pool = nn.AvgPool2d(2)
    front = [nn.Conv2d(in_channels, 6, 5, 1, 2), nn.Tanh(), pool, nn.Conv2d(6, 16, 5), nn.Tanh(), pool, nn.Flatten()]
    widths = [16 * rows * columns, 120, 84, classes]
    for before, after in pairwise(widths):
        front += [nn.Linear(before, after), nn.Tanh()]
    return nn.Sequential(*front[:-1])


@lenet5.misconception(
    "The first convolution is not padded; 28 × 28 pictures need padding=2, as if they were 32 × 32.",
    "examples counts values gradients refusals",
)
def lenet_without_padding(in_channels=1, classes=10, size=28):
    height, width = size if isinstance(size, tuple) else (size, size)
    rows, columns = (max(((side - 4) // 2 - 4) // 2, 1) for side in (height, width))
    if min(in_channels, classes) < 1:
        raise ValueError("the sizes do not fit")
    layers = [nn.Conv2d(in_channels, 6, 5), nn.Tanh(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.Tanh()]
    layers += [nn.AvgPool2d(2), nn.Flatten(), nn.Linear(16 * rows * columns, 120), nn.Tanh(), nn.Linear(120, 84)]
    return nn.Sequential(*layers, nn.Tanh(), nn.Linear(84, classes))


@lenet5.misconception("The maps are pooled by their maxima; LeNet-5 takes means.", "values gradients")
def lenet_with_max_pooling(in_channels=1, classes=10, size=28):
    height, width = size if isinstance(size, tuple) else (size, size)
    rows, columns = ((side // 2 - 4) // 2 for side in (height, width))
    if min(in_channels, classes, rows, columns) < 1:
        raise ValueError("the sizes do not fit")
    layers = [nn.Conv2d(in_channels, 6, 5, padding=2), nn.Tanh(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.Tanh()]
    layers += [nn.MaxPool2d(2), nn.Flatten(), nn.Linear(16 * rows * columns, 120), nn.Tanh(), nn.Linear(120, 84)]
    return nn.Sequential(*layers, nn.Tanh(), nn.Linear(84, classes))


@lenet5.misconception("ReLU stands where the statement asks for the tanh of 1998.", "examples values gradients")
def lenet_with_relu(in_channels=1, classes=10, size=28):
    height, width = size if isinstance(size, tuple) else (size, size)
    rows, columns = ((side // 2 - 4) // 2 for side in (height, width))
    if min(in_channels, classes, rows, columns) < 1:
        raise ValueError("the sizes do not fit")
    layers = [nn.Conv2d(in_channels, 6, 5, padding=2), nn.ReLU(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU()]
    layers += [nn.AvgPool2d(2), nn.Flatten(), nn.Linear(16 * rows * columns, 120), nn.ReLU(), nn.Linear(120, 84)]
    return nn.Sequential(*layers, nn.ReLU(), nn.Linear(84, classes))


@lenet5.misconception(
    "The maps are pooled before the tanh; with means the order makes a difference: first the nonlinearity.",
    "values gradients",
)
def lenet_pooled_first(in_channels=1, classes=10, size=28):
    height, width = size if isinstance(size, tuple) else (size, size)
    rows, columns = ((side // 2 - 4) // 2 for side in (height, width))
    if min(in_channels, classes, rows, columns) < 1:
        raise ValueError("the sizes do not fit")
    layers = [nn.Conv2d(in_channels, 6, 5, padding=2), nn.AvgPool2d(2), nn.Tanh(), nn.Conv2d(6, 16, 5)]
    layers += [nn.AvgPool2d(2), nn.Tanh(), nn.Flatten(), nn.Linear(16 * rows * columns, 120), nn.Tanh()]
    return nn.Sequential(*layers, nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, classes))


@lenet5.misconception(
    "A tanh follows the last layer and holds the scores between −1 and 1: the last layer has no nonlinearity.",
    "examples values gradients",
)
def lenet_with_a_last_tanh(in_channels=1, classes=10, size=28):
    height, width = size if isinstance(size, tuple) else (size, size)
    rows, columns = ((side // 2 - 4) // 2 for side in (height, width))
    if min(in_channels, classes, rows, columns) < 1:
        raise ValueError("the sizes do not fit")
    layers = [nn.Conv2d(in_channels, 6, 5, padding=2), nn.Tanh(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.Tanh()]
    layers += [nn.AvgPool2d(2), nn.Flatten(), nn.Linear(16 * rows * columns, 120), nn.Tanh(), nn.Linear(120, 84)]
    return nn.Sequential(*layers, nn.Tanh(), nn.Linear(84, classes), nn.Tanh())


@lenet5.misconception(
    "The first linear layer always has 400 inputs; how many there are depends on the size of the picture.",
    "examples counts values gradients",
)
def lenet_of_fixed_size(in_channels=1, classes=10, size=28):
    height, width = size if isinstance(size, tuple) else (size, size)
    if min(in_channels, classes) < 1 or min(height, width) < 12:
        raise ValueError("the sizes do not fit")
    layers = [nn.Conv2d(in_channels, 6, 5, padding=2), nn.Tanh(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.Tanh()]
    layers += [nn.AvgPool2d(2), nn.Flatten(), nn.Linear(400, 120), nn.Tanh(), nn.Linear(120, 84), nn.Tanh()]
    return nn.Sequential(*layers, nn.Linear(84, classes))


@lenet5.misconception(
    "The width is taken as the height: with pictures that are not square the two differ.",
    "examples counts values gradients refusals",
)
def lenet_for_squares(in_channels=1, classes=10, size=28):
    side = size[0] if isinstance(size, tuple) else size
    left = (side // 2 - 4) // 2
    if min(in_channels, classes, left) < 1:
        raise ValueError("the sizes do not fit")
    layers = [nn.Conv2d(in_channels, 6, 5, padding=2), nn.Tanh(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.Tanh()]
    layers += [nn.AvgPool2d(2), nn.Flatten(), nn.Linear(16 * left * left, 120), nn.Tanh(), nn.Linear(120, 84)]
    return nn.Sequential(*layers, nn.Tanh(), nn.Linear(84, classes))


@lenet5.misconception(
    "Pictures of which nothing is left are let through; the statement asks for a ValueError.", "examples refusals"
)
def lenet_unchecked(in_channels=1, classes=10, size=28):
    height, width = size if isinstance(size, tuple) else (size, size)
    rows, columns = (max((side // 2 - 4) // 2, 1) for side in (height, width))
    classes = max(classes, 1)
    layers = [nn.Conv2d(max(in_channels, 1), 6, 5, padding=2), nn.Tanh(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5)]
    layers += [nn.Tanh(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(16 * rows * columns, 120), nn.Tanh()]
    return nn.Sequential(*layers, nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, classes))
