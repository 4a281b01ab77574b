"""The fully connected net for MNIST-1D: the oracle is a network of the examiner's own."""

from itertools import pairwise

import torch
import torch.nn.functional as F
from hypothesis import strategies as st
from torch import nn

from course_utils.grading.exercise import Call, Facet

from .building import judge_of, reports, scores, sizes
from .world import Work, refuses


def _shape(length=40, in_channels=1, hidden=(285, 135, 60), classes=10):
    return in_channels, length


def _network(length=40, in_channels=1, hidden=(285, 135, 60), classes=10):
    layers = [nn.Flatten()]
    for before, after in zip((in_channels * length, *hidden), hidden):
        layers += [nn.Linear(before, after), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear((in_channels * length, *hidden)[-1], classes))


@st.composite
def _sizes(draw):
    hidden = tuple(draw(st.lists(st.integers(1, 12), max_size=4)))
    return Call((draw(st.integers(1, 20)), draw(st.integers(1, 3)), hidden, draw(st.integers(1, 12))))


CALLS = (Call(()), Call((7, 2, (5, 3), 4)), Call((9, 3, (), 2)), Call((), {"hidden": (20,), "classes": 3}))

build_mnist1d_fc = Work(
    "build_mnist1d_fc",
    reports(_network, _shape),
    "lecture 08, section 08.11",
    {
        "counts": Facet(judge_of(_shape, sizes), CALLS, _sizes(), 10),
        "values": Facet(judge_of(_shape, scores), CALLS, _sizes(), 10),
        "refusals": Facet(refuses, (
            Call((0,), note="a signal of no values tells nothing"),
            Call((40, 0), note="there is no signal without a channel"),
            Call((), {"hidden": (5, 0)}, note="a hidden layer has no unit"),
            Call((), {"hidden": (-3, 5)}, note="a hidden layer has −3 units"),
            Call((), {"classes": 0}, note="there is no class to choose"),
        )),
    },
)  # fmt: skip


@build_mnist1d_fc.alternative
def fc_as_module(length=40, in_channels=1, hidden=(285, 135, 60), classes=10):
    widths = [length * in_channels, *hidden, classes]
    if length < 1 or in_channels < 1 or min(widths) < 1:
        raise ValueError("every size must be 1 or more")

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.linears = nn.ModuleList(map(nn.Linear, widths[:-1], widths[1:]))

        def forward(self, x):
            x = x.flatten(start_dim=1)
            for linear in self.linears[:-1]:
                x = F.relu(linear(x))
            return self.linears[-1](x)

    return Net()


@build_mnist1d_fc.alternative
def fc_lazily(length=40, in_channels=1, hidden=(285, 135, 60), classes=10):
    if not all(size >= 1 for size in (length, in_channels, classes, *hidden)):
        raise ValueError("every size must be 1 or more")
    model = nn.Sequential(nn.Flatten())
    for width in hidden:
        model.append(nn.LazyLinear(width)).append(nn.ReLU())
    model.append(nn.LazyLinear(classes))
    model(torch.zeros(1, in_channels, length))
    return model


@build_mnist1d_fc.alternative
def fc_then_cut(length=40, in_channels=1, hidden=(285, 135, 60), classes=10):
    layers, before = [nn.Flatten()], length * in_channels
    if length < 1 or in_channels < 1:
        raise ValueError("there is no input")
    for width in (*hidden, classes):
        if width < 1:
            raise ValueError(f"a layer of {width} units")
        layers += [nn.Linear(before, width), nn.ReLU()]
        before = width
    return nn.Sequential(*layers)[:-1]


@build_mnist1d_fc.misconception(
    "No nonlinearity stands between the layers: several linear maps in a row are one linear map.", "values"
)
def fc_linear(length=40, in_channels=1, hidden=(285, 135, 60), classes=10):
    widths = [length * in_channels, *hidden, classes]
    if length < 1 or in_channels < 1 or min(widths) < 1:
        raise ValueError("every size must be 1 or more")
    return nn.Sequential(nn.Flatten(), *map(nn.Linear, widths[:-1], widths[1:]))


@build_mnist1d_fc.misconception(
    "A ReLU follows the last layer too and cuts the negative scores off.", "examples values"
)
def fc_with_a_last_relu(length=40, in_channels=1, hidden=(285, 135, 60), classes=10):
    widths = [length * in_channels, *hidden, classes]
    if length < 1 or in_channels < 1 or min(widths) < 1:
        raise ValueError("every size must be 1 or more")
    layers = [nn.Flatten()]
    for before, after in pairwise(widths):
        layers += [nn.Linear(before, after), nn.ReLU()]
    return nn.Sequential(*layers)


@build_mnist1d_fc.misconception(
    "There is a softmax at the end. Return scores: the loss takes the softmax itself.", "examples values"
)
def fc_with_softmax(length=40, in_channels=1, hidden=(285, 135, 60), classes=10):
    widths = [length * in_channels, *hidden, classes]
    if length < 1 or in_channels < 1 or min(widths) < 1:
        raise ValueError("every size must be 1 or more")
    layers = [nn.Flatten()]
    for before, after in pairwise(widths):
        layers += [nn.Linear(before, after), nn.ReLU()]
    return nn.Sequential(*layers[:-1], nn.Softmax(dim=1))


@build_mnist1d_fc.misconception(
    "Biases are left out; every layer has one: 59,065 counts them.", "examples counts values"
)
def fc_without_bias(length=40, in_channels=1, hidden=(285, 135, 60), classes=10):
    widths = [length * in_channels, *hidden, classes]
    if length < 1 or in_channels < 1 or min(widths) < 1:
        raise ValueError("every size must be 1 or more")
    layers = [nn.Flatten()]
    for before, after in pairwise(widths):
        layers += [nn.Linear(before, after, bias=False), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


@build_mnist1d_fc.misconception(
    "The channels are not flattened with the values: the first layer has in_channels × length inputs.",
    "examples counts values",
)
def fc_for_one_channel(length=40, in_channels=1, hidden=(285, 135, 60), classes=10):
    widths = [length, *hidden, classes]
    if in_channels < 1 or min(widths) < 1:
        raise ValueError("every size must be 1 or more")
    layers = [nn.Flatten()]
    for before, after in pairwise(widths):
        layers += [nn.Linear(before, after), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


@build_mnist1d_fc.misconception(
    "The hidden layers are always 285, 135 and 60 wide; `hidden` says how many there are, and how wide.",
    "examples counts values refusals",
)
def fc_of_fixed_width(length=40, in_channels=1, hidden=(285, 135, 60), classes=10):
    widths = [length * in_channels, 285, 135, 60, classes]
    if length < 1 or in_channels < 1 or classes < 1:
        raise ValueError("every size must be 1 or more")
    layers = [nn.Flatten()]
    for before, after in pairwise(widths):
        layers += [nn.Linear(before, after), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


@build_mnist1d_fc.misconception(
    "Sizes below 1 are let through; the statement asks for a ValueError.", "examples refusals"
)
def fc_unchecked(length=40, in_channels=1, hidden=(285, 135, 60), classes=10):
    widths = [max(each, 1) for each in (length * in_channels, *hidden, classes)]
    layers = [nn.Flatten()]
    for before, after in pairwise(widths):
        layers += [nn.Linear(before, after), nn.ReLU()]
    return nn.Sequential(*layers[:-1])
