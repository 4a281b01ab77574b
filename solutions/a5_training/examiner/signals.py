"""The ConvNet for MNIST-1D: the oracle is a network of the examiner's own, filled with the same weights."""

import torch
from hypothesis import strategies as st
from torch import nn

from course_utils.grading.exercise import Call, Facet

from .building import fresh, gradients, judge_of, reports, scores, sizes
from .world import Work, refuses


def _shape(length=40, in_channels=1, channels=(15, 15, 15), classes=10):
    return in_channels, length


def _network(length=40, in_channels=1, channels=(15, 15, 15), classes=10):
    layers = []
    for before, after in zip((in_channels, *channels), channels):
        layers += [nn.Conv1d(before, after, 3, 2), nn.ReLU()]
        length = (length - 1) // 2
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(channels[-1] * length, classes))


@st.composite
def _sizes(draw):
    channels = tuple(draw(st.lists(st.integers(1, 9), min_size=1, max_size=4)))
    length = draw(st.integers(2 ** (len(channels) + 1) - 1, 45))
    return Call((length, draw(st.integers(1, 3)), channels, draw(st.integers(1, 12))))


DEFAULT, OTHER = Call(()), Call((33, 2, (5, 3), 4))
CALLS = (DEFAULT, OTHER, Call((), {"classes": 3}), Call((15,), {"channels": (4, 6, 5)}), Call((16, 3, (7,), 2)))

build_mnist1d_cnn = Work(
    "build_mnist1d_cnn",
    reports(_network, _shape),
    "lecture 08, section 08.11",
    {
        "counts": Facet(judge_of(_shape, sizes), CALLS, _sizes(), 10),
        "values": Facet(judge_of(_shape, scores), CALLS, _sizes(), 10),
        "gradients": Facet(judge_of(_shape, gradients), CALLS[:3], _sizes(), 6),
        "fresh": Facet(fresh, (DEFAULT, OTHER)),
        "refusals": Facet(refuses, (
            Call((14,), note="14 values become 6, 2, and then none"),
            Call((2, 1, (4,), 3), note="a kernel of 3 does not fit into 2 values"),
            Call((6, 1, (4, 5), 3), note="6 values become 2, and then none"),
            Call((40, 0), note="there is no signal without a channel"),
            Call((40, 0, (5,)), note="there is no signal without a channel"),
            Call((), {"channels": (15, 0, 15)}, note="a layer has no channel"),
            Call((), {"channels": (15, 15, -1)}, note="a layer has −1 channels"),
            Call((), {"classes": 0}, note="there is no class to choose"),
        )),
    },
)  # fmt: skip


@build_mnist1d_cnn.alternative
def cnn_as_module(length=40, in_channels=1, channels=(15, 15, 15), classes=10):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            steps = zip((in_channels, *channels[:-1]), channels)
            self.convs = nn.ModuleList(nn.Conv1d(one, two, 3, stride=2) for one, two in steps)
            left = length
            for _ in channels:
                left = (left - 3) // 2 + 1
            self.last = nn.Linear(channels[-1] * left, classes)

        def forward(self, x):
            for conv in self.convs:
                x = conv(x).relu()
            return self.last(x.reshape(len(x), -1))

    if length < 2 ** (len(channels) + 1) - 1 or min((in_channels, classes, *channels)) < 1:
        raise ValueError("these sizes leave nothing")
    return Net()


@build_mnist1d_cnn.alternative
def cnn_by_a_dry_run(length=40, in_channels=1, channels=(15, 15, 15), classes=10):
    if in_channels < 1 or classes < 1 or any(each < 1 for each in channels):
        raise ValueError("every size must be 1 or more")
    if length < 2 * 2 ** len(channels) - 1:
        raise ValueError(f"{length} values are too few for {len(channels)} layers")
    layers = []
    for after in channels:
        layers += [nn.LazyConv1d(after, 3, 2), nn.ReLU()]
    model = nn.Sequential(*layers, nn.Flatten(), nn.LazyLinear(classes))
    model(torch.zeros(1, in_channels, length))
    return model


@build_mnist1d_cnn.alternative
def cnn_from_the_end(length=40, in_channels=1, channels=(15, 15, 15), classes=10):
    *front, last = channels
    if min(classes, last) < 1 or (not front and in_channels < 1):
        raise ValueError("every size must be 1 or more")
    before = front[-1] if front else in_channels
    for _ in front:
        length = (length - 1) // 2
    if length < 3:
        raise ValueError("no place is left for the last layer")
    model, width = nn.Sequential(), in_channels
    for after in front:
        if min(width, after) < 1:
            raise ValueError("every size must be 1 or more")
        model.append(nn.Conv1d(width, after, kernel_size=3, stride=2)).append(nn.ReLU())
        width = after
    model.extend([nn.Conv1d(before, last, 3, 2), nn.ReLU(), nn.Flatten()])
    return model.append(nn.Linear(last * ((length - 1) // 2), classes))


@build_mnist1d_cnn.misconception(
    "The convolutions are padded; without padding 40 values become 19, 9, 4, and the net has 2,050 parameters, not 2,200.",
    "examples counts values gradients refusals",
)
def cnn_padded(length=40, in_channels=1, channels=(15, 15, 15), classes=10):
    if min(in_channels, classes, *channels) < 1:
        raise ValueError("every size must be 1 or more")
    layers, before = [], in_channels
    for after in channels:
        layers += [nn.Conv1d(before, after, 3, 2, padding=1), nn.ReLU()]
        before, length = after, (length + 1) // 2
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(before * length, classes))


@build_mnist1d_cnn.misconception(
    "The stride is left at 1: each layer should halve the signal with stride=2.", "examples counts values gradients"
)
def cnn_without_stride(length=40, in_channels=1, channels=(15, 15, 15), classes=10):
    if min(in_channels, classes, *channels) < 1 or length < 2 ** (len(channels) + 1) - 1:
        raise ValueError("every size must be 1 or more")
    layers, before = [], in_channels
    for after in channels:
        layers += [nn.Conv1d(before, after, 3), nn.ReLU()]
        before, length = after, length - 2
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(before * length, classes))


@build_mnist1d_cnn.misconception(
    "No nonlinearity stands between the layers, so the whole net is one linear map: put a ReLU after each convolution.",
    "values gradients",
)
def cnn_linear(length=40, in_channels=1, channels=(15, 15, 15), classes=10):
    if min(in_channels, classes, *channels) < 1 or length < 2 ** (len(channels) + 1) - 1:
        raise ValueError("every size must be 1 or more")
    layers, before = [], in_channels
    for after in channels:
        layers += [nn.Conv1d(before, after, 3, 2)]
        before, length = after, (length - 1) // 2
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(before * length, classes))


@build_mnist1d_cnn.misconception(
    "A softmax stands at the end. Return the scores: cross_entropy takes the softmax itself, and two of them learn badly.",
    "examples values gradients",
)
def cnn_with_softmax(length=40, in_channels=1, channels=(15, 15, 15), classes=10):
    if min(in_channels, classes, *channels) < 1 or length < 2 ** (len(channels) + 1) - 1:
        raise ValueError("every size must be 1 or more")
    layers, before = [], in_channels
    for after in channels:
        layers += [nn.Conv1d(before, after, 3, 2), nn.ReLU()]
        before, length = after, (length - 1) // 2
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(before * length, classes), nn.Softmax(dim=1))


@build_mnist1d_cnn.misconception(
    "The last layer's scores go through a ReLU too; scores may be negative.", "examples values gradients"
)
def cnn_with_a_last_relu(length=40, in_channels=1, channels=(15, 15, 15), classes=10):
    if min(in_channels, classes, *channels) < 1 or length < 2 ** (len(channels) + 1) - 1:
        raise ValueError("every size must be 1 or more")
    layers, before = [], in_channels
    for after in channels:
        layers += [nn.Conv1d(before, after, 3, 2), nn.ReLU()]
        before, length = after, (length - 1) // 2
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(before * length, classes), nn.ReLU())


@build_mnist1d_cnn.misconception(
    "The layers stand in a Python list, so the model does not know them and nothing of them is trained: use nn.ModuleList.",
    "examples counts values gradients",
)
def cnn_in_a_list(length=40, in_channels=1, channels=(15, 15, 15), classes=10):
    if min(in_channels, classes, *channels) < 1 or length < 2 ** (len(channels) + 1) - 1:
        raise ValueError("every size must be 1 or more")

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            steps = zip((in_channels, *channels[:-1]), channels)
            self.convs = [nn.Conv1d(one, two, 3, 2) for one, two in steps]
            self.last = nn.Linear(channels[-1] * ((length + 1) // 2 ** len(channels) - 1), classes)

        def forward(self, x):
            for conv in self.convs:
                x = conv(x).relu()
            return self.last(x.flatten(1))

    return Net()


@build_mnist1d_cnn.misconception(
    "The network is that of the default sizes, whatever is asked: use the arguments.",
    "examples counts values gradients refusals",
)
def cnn_of_fixed_size(length=40, in_channels=1, channels=(15, 15, 15), classes=10):
    layers = [nn.Conv1d(1, 15, 3, 2), nn.ReLU(), nn.Conv1d(15, 15, 3, 2), nn.ReLU(), nn.Conv1d(15, 15, 3, 2)]
    return nn.Sequential(*layers, nn.ReLU(), nn.Flatten(), nn.Linear(60, 10))


@build_mnist1d_cnn.misconception(
    "A seed is set inside the function, so every network begins with the same weights, and the caller's random numbers with it.",
    "fresh",
)
def cnn_seeded_inside(length=40, in_channels=1, channels=(15, 15, 15), classes=10):
    if min(in_channels, classes, *channels) < 1 or length < 2 ** (len(channels) + 1) - 1:
        raise ValueError("every size must be 1 or more")
    torch.manual_seed(0)
    layers, before = [], in_channels
    for after in channels:
        layers += [nn.Conv1d(before, after, 3, 2), nn.ReLU()]
        before, length = after, (length - 1) // 2
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(before * length, classes))


@build_mnist1d_cnn.misconception(
    "The features are detached on their way to the last layer, so no gradient reaches the convolutions.", "gradients"
)
def cnn_detached(length=40, in_channels=1, channels=(15, 15, 15), classes=10):
    if min(in_channels, classes, *channels) < 1 or length < 2 ** (len(channels) + 1) - 1:
        raise ValueError("every size must be 1 or more")

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            steps = zip((in_channels, *channels[:-1]), channels)
            self.convs = nn.ModuleList(nn.Conv1d(one, two, 3, 2) for one, two in steps)
            self.last = nn.Linear(channels[-1] * ((length + 1) // 2 ** len(channels) - 1), classes)

        def forward(self, x):
            for conv in self.convs:
                x = conv(x).relu()
            return self.last(x.detach().flatten(1))

    return Net()


@build_mnist1d_cnn.misconception(
    "Sizes that leave no signal, or no channel, are let through; the statement asks for a ValueError.",
    "examples refusals",
)
def cnn_unchecked(length=40, in_channels=1, channels=(15, 15, 15), classes=10):
    layers, before = [], max(in_channels, 1)
    for after in channels:
        layers += [nn.Conv1d(before, max(after, 1), 3, 2), nn.ReLU()]
        before, length = max(after, 1), (length - 1) // 2
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(before * max(length, 1), max(classes, 1)))
