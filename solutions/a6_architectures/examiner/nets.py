"""A net in the manner of VGG from a list; the oracle follows the list with torch's functions."""

from itertools import pairwise

import torch.nn.functional as F
from torch import nn

from course_utils.grading.exercise import Call

from .judging import chosen, facets, modules, trial


class _Net(nn.Module):
    def __init__(self, config, in_channels=3, classes=10, batch_norm=False):
        super().__init__()
        self.config = config
        widths = [in_channels, *(each for each in config if each != "M")]
        self.convs = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1, bias=not batch_norm) for a, b in pairwise(widths))
        self.norms = nn.ModuleList(nn.BatchNorm2d(b) if batch_norm else nn.Identity() for b in widths[1:])
        self.last = nn.Linear(widths[-1], classes)

    def forward(self, x):
        steps = zip(self.convs, self.norms)
        for each in self.config:
            if each == "M":
                x = F.max_pool2d(x, 2)
            else:
                conv, norm = next(steps)
                x = F.relu(norm(conv(x)))
        return self.last(x.mean(dim=(2, 3)))


def _nets(choose):
    config = [choose.upto(1, 5) for _ in range(choose.upto(1, 3))]
    for _ in range(choose.upto(0, 2)):
        config.insert(choose.upto(0, len(config)), "M")
    channels, classes = choose.upto(1, 3), choose.upto(1, 4)
    shape = choose.upto(2, 3), channels, choose.upto(4, 8), choose.upto(5, 9)
    return trial(
        (config, channels, classes, choose.one_of(False, True)), shape, choose.upto(0, 99), choose.one_of(False, True)
    )


def _refused(note, *args, **kwargs):
    return Call(args, kwargs, note)


vgg = modules(
    "vgg",
    _Net,
    "lecture 10, section 10.11",
    facets=facets(
        (
            trial(([3, "M", 5, 4, "M"], 2, 6), (2, 2, 9, 7)),
            trial(([4, "M", 6, 5], 2, 3), (3, 2, 7, 10), 8, True, batch_norm=True),
            trial(([1], 1, 1), (1, 1, 3, 5), 9),
            trial(([5],), (1, 3, 5, 4), 3),
            trial((["M", 4, "M", 3], 2, 5, True), (2, 2, 9, 6), 4),
            trial(([2, 6, "M", "M"], 1, 2, True), (2, 1, 5, 11), 5, True),
        ),
        chosen(_nets),
        (
            _refused("the list is empty", []),
            _refused("the list holds no convolution", ["M", "M"]),
            _refused("0 channels are none", [4, 0]),
            _refused("−3 channels are none", [-3, "M"], 2),
            _refused("A is no layer that a list can name", [4, "A"]),
            _refused("max is no layer that a list can name", ["max", 4]),
            _refused("there are no channels to begin with", [4], 0),
            _refused("there are no classes", [4], 3, 0),
            _refused("there are −1 classes", [4], classes=-1),
        ),
        "parameters",
        "values",
        "training",
        "gradients",
    ),
)


@vgg.alternative
def vgg_of_layers_by_name(config, in_channels=3, classes=10, batch_norm=False):
    net, before = nn.Sequential(), in_channels
    if classes < 1 or before < 1:
        raise ValueError("there must be a channel and a class")
    for place, each in enumerate(config):
        if isinstance(each, int) and each > 0:
            net.add_module(f"conv{place}", nn.Conv2d(before, each, (3, 3), padding="same", bias=not batch_norm))
            net.add_module(f"norm{place}", nn.BatchNorm2d(each) if batch_norm else nn.Identity())
            net.add_module(f"relu{place}", nn.ReLU(inplace=True))
            before = each
        elif each == "M":
            net.add_module(f"pool{place}", nn.MaxPool2d(kernel_size=2, stride=2))
        else:
            raise ValueError(f"what is {each!r}?")
    if all(each == "M" for each in config):
        raise ValueError("no convolution at all")
    net.add_module("mean", nn.AdaptiveAvgPool2d((1, 1)))
    net.add_module("flat", nn.Flatten())
    net.add_module("classes", nn.Linear(before, classes))
    return net


@vgg.alternative
def vgg_as_a_class(config, in_channels=3, classes=10, batch_norm=False):
    widths = [in_channels] + [each for each in config if each != "M"]
    if len(widths) == 1 or classes < 1:
        raise ValueError("no layers, or no classes")
    if not all(type(each) is int and each > 0 for each in widths):
        raise ValueError(f"channels are whole numbers from 1 on, not {widths}")

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.convs, self.norms = nn.ModuleList(), nn.ModuleList()
            for place, b in enumerate(widths[1:]):
                self.convs.append(nn.Conv2d(widths[place], b, 3, 1, 1, bias=not batch_norm))
                self.norms.append(nn.BatchNorm2d(b) if batch_norm else nn.Identity())
            self.head = nn.Linear(widths[-1], classes)

        def forward(self, x):
            steps = iter(zip(self.convs, self.norms))
            for each in config:
                if each == "M":
                    x = F.max_pool2d(x, 2)
                else:
                    conv, norm = next(steps)
                    x = F.relu(norm(conv(x)))
            return self.head(x.mean((2, 3)))

    return Net()


@vgg.alternative
def vgg_by_stages(config, in_channels=3, classes=10, batch_norm=False):
    def convolution(a, b):
        conv = nn.Conv2d(a, b, kernel_size=3, padding=1, bias=not batch_norm)
        return nn.Sequential(conv, nn.BatchNorm2d(b), nn.ReLU()) if batch_norm else nn.Sequential(conv, nn.ReLU())

    stages, channels = [], in_channels
    for each in config:
        if each == "M":
            stages += [nn.MaxPool2d(2, 2)]
        elif isinstance(each, str) or min(each, channels) < 1:
            raise ValueError("config holds M and numbers from 1 on")
        else:
            stages += [convolution(channels, each)]
            channels = each
    if classes < 1 or not any(isinstance(stage, nn.Sequential) for stage in stages):
        raise ValueError("a net needs a class and a convolution")
    return nn.Sequential(*stages, nn.AdaptiveAvgPool2d(1), nn.Flatten(1), nn.Linear(channels, classes))
