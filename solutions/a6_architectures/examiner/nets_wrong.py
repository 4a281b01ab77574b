"""What goes wrong when a net is built from a list."""

from torch import nn

from .nets import vgg


@vgg.misconception(
    "The convolutions have no padding, so each takes two rows and two columns away.",
    "examples values training gradients",
)
def vgg_unpadded(config, in_channels=3, classes=10, batch_norm=False):
    counts = [each for each in config if each != "M"]
    if not counts or any(isinstance(each, str) or each < 1 for each in [*counts, in_channels, classes]):
        raise ValueError(f"{config=}, {in_channels=}, {classes=}: counts of 1 or more and M are wanted")
    layers, channels = [], in_channels
    for each in config:
        if each == "M":
            layers.append(nn.MaxPool2d(2))
            continue
        layers.append(nn.Conv2d(channels, each, 3, bias=not batch_norm))
        if batch_norm:
            layers.append(nn.BatchNorm2d(each))
        layers.append(nn.ReLU())
        channels = each
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, classes))


@vgg.misconception(
    "There is no ReLU between the convolutions: the whole net is then nearly linear.",
    "examples values training gradients",
)
def vgg_without_relu(config, in_channels=3, classes=10, batch_norm=False):
    counts = [each for each in config if each != "M"]
    if not counts or any(isinstance(each, str) or each < 1 for each in [*counts, in_channels, classes]):
        raise ValueError(f"{config=}, {in_channels=}, {classes=}: counts of 1 or more and M are wanted")
    layers, channels = [], in_channels
    for each in config:
        if each == "M":
            layers.append(nn.MaxPool2d(2))
            continue
        layers.append(nn.Conv2d(channels, each, 3, padding=1, bias=not batch_norm))
        if batch_norm:
            layers.append(nn.BatchNorm2d(each))
        channels = each
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, classes))


@vgg.misconception(
    "The pooling moves on by one pixel (stride 1); M halves the map: MaxPool2d(2) moves by its window.",
    "examples values training gradients",
)
def vgg_pool_stride_one(config, in_channels=3, classes=10, batch_norm=False):
    counts = [each for each in config if each != "M"]
    if not counts or any(isinstance(each, str) or each < 1 for each in [*counts, in_channels, classes]):
        raise ValueError(f"{config=}, {in_channels=}, {classes=}: counts of 1 or more and M are wanted")
    layers, channels = [], in_channels
    for each in config:
        if each == "M":
            layers.append(nn.MaxPool2d(2, 1))
            continue
        layers.append(nn.Conv2d(channels, each, 3, padding=1, bias=not batch_norm))
        if batch_norm:
            layers.append(nn.BatchNorm2d(each))
        layers.append(nn.ReLU())
        channels = each
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, classes))


@vgg.misconception(
    "M stands for max-pooling; this takes means of the windows.",
    "examples values training gradients",
)
def vgg_pool_means(config, in_channels=3, classes=10, batch_norm=False):
    counts = [each for each in config if each != "M"]
    if not counts or any(isinstance(each, str) or each < 1 for each in [*counts, in_channels, classes]):
        raise ValueError(f"{config=}, {in_channels=}, {classes=}: counts of 1 or more and M are wanted")
    layers, channels = [], in_channels
    for each in config:
        if each == "M":
            layers.append(nn.AvgPool2d(2))
            continue
        layers.append(nn.Conv2d(channels, each, 3, padding=1, bias=not batch_norm))
        if batch_norm:
            layers.append(nn.BatchNorm2d(each))
        layers.append(nn.ReLU())
        channels = each
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, classes))


@vgg.misconception(
    "A rest of an odd map becomes a window of its own; M rounds down, as MaxPool2d does without ceil_mode.",
    "examples values training gradients",
)
def vgg_rounds_up(config, in_channels=3, classes=10, batch_norm=False):
    counts = [each for each in config if each != "M"]
    if not counts or any(isinstance(each, str) or each < 1 for each in [*counts, in_channels, classes]):
        raise ValueError(f"{config=}, {in_channels=}, {classes=}: counts of 1 or more and M are wanted")
    layers, channels = [], in_channels
    for each in config:
        if each == "M":
            layers.append(nn.MaxPool2d(2, ceil_mode=True))
            continue
        layers.append(nn.Conv2d(channels, each, 3, padding=1, bias=not batch_norm))
        if batch_norm:
            layers.append(nn.BatchNorm2d(each))
        layers.append(nn.ReLU())
        channels = each
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, classes))


@vgg.misconception(
    "A convolution right before a batch norm has a bias; the batch norm subtracts it again, so leave it out.",
    "examples parameters values training gradients",
)
def vgg_with_bias_too(config, in_channels=3, classes=10, batch_norm=False):
    counts = [each for each in config if each != "M"]
    if not counts or any(isinstance(each, str) or each < 1 for each in [*counts, in_channels, classes]):
        raise ValueError(f"{config=}, {in_channels=}, {classes=}: counts of 1 or more and M are wanted")
    layers, channels = [], in_channels
    for each in config:
        if each == "M":
            layers.append(nn.MaxPool2d(2))
            continue
        layers.append(nn.Conv2d(channels, each, 3, padding=1))
        if batch_norm:
            layers.append(nn.BatchNorm2d(each))
        layers.append(nn.ReLU())
        channels = each
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, classes))


@vgg.misconception(
    "Without batch norm the convolutions need their bias; only before a batch norm it is left out.",
    "examples parameters values training gradients",
)
def vgg_never_a_bias(config, in_channels=3, classes=10, batch_norm=False):
    counts = [each for each in config if each != "M"]
    if not counts or any(isinstance(each, str) or each < 1 for each in [*counts, in_channels, classes]):
        raise ValueError(f"{config=}, {in_channels=}, {classes=}: counts of 1 or more and M are wanted")
    layers, channels = [], in_channels
    for each in config:
        if each == "M":
            layers.append(nn.MaxPool2d(2))
            continue
        layers.append(nn.Conv2d(channels, each, 3, padding=1, bias=False))
        if batch_norm:
            layers.append(nn.BatchNorm2d(each))
        layers.append(nn.ReLU())
        channels = each
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, classes))


@vgg.misconception(
    "The batch norm stands behind the ReLU; the order is convolution, batch norm, ReLU.",
    "values training gradients",
)
def vgg_norm_after_relu(config, in_channels=3, classes=10, batch_norm=False):
    counts = [each for each in config if each != "M"]
    if not counts or any(isinstance(each, str) or each < 1 for each in [*counts, in_channels, classes]):
        raise ValueError(f"{config=}, {in_channels=}, {classes=}: counts of 1 or more and M are wanted")
    layers, channels = [], in_channels
    for each in config:
        if each == "M":
            layers.append(nn.MaxPool2d(2))
            continue
        layers.append(nn.Conv2d(channels, each, 3, padding=1, bias=not batch_norm))
        layers.append(nn.ReLU())
        if batch_norm:
            layers.append(nn.BatchNorm2d(each))
        channels = each
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, classes))


@vgg.misconception(
    "The net ends in a softmax; scores are wanted, because the cross-entropy has the softmax in it.",
    "examples values training gradients",
)
def vgg_softmax(config, in_channels=3, classes=10, batch_norm=False):
    counts = [each for each in config if each != "M"]
    if not counts or any(isinstance(each, str) or each < 1 for each in [*counts, in_channels, classes]):
        raise ValueError(f"{config=}, {in_channels=}, {classes=}: counts of 1 or more and M are wanted")
    layers, channels = [], in_channels
    for each in config:
        if each == "M":
            layers.append(nn.MaxPool2d(2))
            continue
        layers.append(nn.Conv2d(channels, each, 3, padding=1, bias=not batch_norm))
        if batch_norm:
            layers.append(nn.BatchNorm2d(each))
        layers.append(nn.ReLU())
        channels = each
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, classes), nn.Softmax(1))


@vgg.misconception(
    "The maximum of each map is taken at the end; global average pooling takes the mean.",
    "examples values training gradients",
)
def vgg_global_max(config, in_channels=3, classes=10, batch_norm=False):
    counts = [each for each in config if each != "M"]
    if not counts or any(isinstance(each, str) or each < 1 for each in [*counts, in_channels, classes]):
        raise ValueError(f"{config=}, {in_channels=}, {classes=}: counts of 1 or more and M are wanted")
    layers, channels = [], in_channels
    for each in config:
        if each == "M":
            layers.append(nn.MaxPool2d(2))
            continue
        layers.append(nn.Conv2d(channels, each, 3, padding=1, bias=not batch_norm))
        if batch_norm:
            layers.append(nn.BatchNorm2d(each))
        layers.append(nn.ReLU())
        channels = each
    return nn.Sequential(*layers, nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(channels, classes))


@vgg.misconception(
    "Bad lists are let through: count the convolutions, and look at each entry before you build.",
    "examples refusals",
)
def vgg_unchecked(config, in_channels=3, classes=10, batch_norm=False):
    layers, channels = [], in_channels
    for each in config:
        if each == "M":
            layers.append(nn.MaxPool2d(2))
            continue
        layers.append(nn.Conv2d(channels, each, 3, padding=1, bias=not batch_norm))
        if batch_norm:
            layers.append(nn.BatchNorm2d(each))
        layers.append(nn.ReLU())
        channels = each
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, classes))


@vgg.misconception(
    "The layers stand in a plain list, where neither parameters() nor .double() finds them: use nn.ModuleList or nn.Sequential.",
    "examples parameters values training gradients",
)
def vgg_in_a_plain_list(config, in_channels=3, classes=10, batch_norm=False):
    widths = [in_channels] + [each for each in config if each != "M"]
    if len(widths) == 1 or any(isinstance(each, str) or each < 1 for each in [*widths, classes]):
        raise ValueError("no channels, or no classes")

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.steps = self.make()
            self.head = nn.Linear(widths[-1], classes)

        def make(self):
            steps, before = [], in_channels
            for each in config:
                if each == "M":
                    steps.append(nn.MaxPool2d(2))
                else:
                    norm = [nn.BatchNorm2d(each)] if batch_norm else []
                    steps.append(nn.Sequential(nn.Conv2d(before, each, 3, 1, 1, bias=not batch_norm), *norm, nn.ReLU()))
                    before = each
            return steps

        def forward(self, x):
            for step in self.steps:
                x = step(x)
            return self.head(x.mean((2, 3)))

    return Net()


@vgg.misconception(
    "The layers are made in forward, anew in each call, with new random weights that nobody trains: make them in __init__.",
    "examples parameters values training gradients",
)
def vgg_made_in_forward(config, in_channels=3, classes=10, batch_norm=False):
    widths = [in_channels] + [each for each in config if each != "M"]
    if len(widths) == 1 or any(isinstance(each, str) or each < 1 for each in [*widths, classes]):
        raise ValueError("no channels, or no classes")

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.head = nn.Linear(widths[-1], classes)

        def make(self):
            steps, before = [], in_channels
            for each in config:
                if each == "M":
                    steps.append(nn.MaxPool2d(2))
                else:
                    norm = [nn.BatchNorm2d(each)] if batch_norm else []
                    steps.append(nn.Sequential(nn.Conv2d(before, each, 3, 1, 1, bias=not batch_norm), *norm, nn.ReLU()))
                    before = each
            return steps

        def forward(self, x):
            for step in self.make():
                x = step.to(x)(x)
            return self.head(x.mean((2, 3)))

    return Net()
