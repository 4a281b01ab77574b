"""AlexNet, to be read beside Krizhevsky, Sutskever and Hinton (2012): two towers, torchvision's net, a small one."""

from collections import OrderedDict
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from course_utils.arithmetic import layer_table
from course_utils.device import pick_device

LAYERS = ("conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc7", "fc8")


@dataclass(frozen=True)
class AlexNetPlan:
    """What distinguishes one AlexNet from another; the defaults are those of the paper.

    `groups` of 2 are the two towers: each half of the output channels reads one half of the input channels. The first
    and the third layer read everything. Pools stand after conv1, conv2 and conv5; they step by 2, so a `pool_size`
    of 3 overlaps and one of 2 does not. `lrn` normalises after conv1 and conv2, with the paper's k = 2, n = 5,
    α = 1e-4, β = 0.75. `batch_norm` normalises before every ReLU, which is younger than AlexNet and makes small nets
    train in a hundred steps. `without` names layers to leave out, of conv2 to fc7. `fixed_map` puts an adaptive mean
    pool before fc6, so that pictures of other sizes can be read. `drop_first` puts dropout before fc6 and fc7.
    """

    image: tuple[int, int, int] = (3, 227, 227)
    channels: tuple[int, int, int, int, int] = (96, 256, 384, 384, 256)
    groups: tuple[int, int, int, int, int] = (1, 2, 1, 2, 2)
    kernels: tuple[int, int, int, int, int] = (11, 5, 3, 3, 3)
    first_stride: int = 4
    first_padding: int = 0
    hidden: int = 4096
    classes: int = 1000
    lrn: bool = True
    batch_norm: bool = False
    pool_size: int = 3
    dropout: float = 0.5
    drop_first: bool = False
    fixed_map: int | None = None
    without: tuple[str, ...] = ()


VERSIONS = {
    "paper": AlexNetPlan(),
    "one tower": AlexNetPlan(groups=(1, 1, 1, 1, 1)),
    "torchvision": AlexNetPlan(
        image=(3, 224, 224),
        channels=(64, 192, 384, 256, 256),
        groups=(1, 1, 1, 1, 1),
        first_padding=2,
        lrn=False,
        drop_first=True,
        fixed_map=6,
    ),
    "small": AlexNetPlan(
        image=(1, 29, 29),
        channels=(8, 16, 24, 24, 16),
        kernels=(5, 3, 3, 3, 3),
        first_stride=2,
        first_padding=2,
        hidden=48,
        classes=10,
        lrn=False,
        batch_norm=True,
        dropout=0.0,
    ),
}


class AlexNet(nn.Module):
    """AlexNet after a plan: (N, C, H, W) float to scores (N, classes).

    Its layers are named as in the paper's figures: features.conv1, features.pool1, …, classifier.fc8.
    Raises ValueError where the plan leaves out a layer that cannot go, or its image is too small for its pools.
    """

    def __init__(self, plan: AlexNetPlan) -> None:
        super().__init__()
        wrong = [name for name in plan.without if name not in LAYERS[1:-1]]
        if wrong:
            raise ValueError(f"cannot leave out {', '.join(wrong)}; one can leave out {', '.join(LAYERS[1:-1])}")
        self.plan = plan
        self.features = nn.Sequential(OrderedDict(self._convolutions()))
        self.classifier = nn.Sequential(OrderedDict(self._fully_connected(self._flat_size())))

    def _convolutions(self) -> list[tuple[str, nn.Module]]:
        plan, arriving = self.plan, self.plan.image[0]
        layers: list[tuple[str, nn.Module]] = []
        for place, (channels, groups, kernel) in enumerate(
            zip(plan.channels, plan.groups, plan.kernels, strict=True), start=1
        ):
            if f"conv{place}" not in plan.without:
                stride, padding = (plan.first_stride, plan.first_padding) if place == 1 else (1, kernel // 2)
                layers.append((f"conv{place}", nn.Conv2d(arriving, channels, kernel, stride, padding, groups=groups)))
                layers += [(f"batch{place}", nn.BatchNorm2d(channels))] * plan.batch_norm
                layers.append((f"relu{place}", nn.ReLU()))
                arriving = channels
                if plan.lrn and place <= 2:
                    # torch divides alpha by the size of the window, the paper does not.
                    layers.append((f"norm{place}", nn.LocalResponseNorm(5, alpha=5 * 1e-4, beta=0.75, k=2)))
            if place in (1, 2, 5):
                layers.append((f"pool{place}", nn.MaxPool2d(plan.pool_size, stride=2)))
        if plan.fixed_map:
            layers.append(("mean", nn.AdaptiveAvgPool2d(plan.fixed_map)))
        return layers

    def _flat_size(self) -> int:
        try:
            return int(np.prod(layer_table(self.features, self.plan.image)[-1].output_shape))
        except ValueError as error:
            raise ValueError(f"the picture of {self.plan.image} is too small for this plan: {error}") from error

    def _fully_connected(self, arriving: int) -> list[tuple[str, nn.Module]]:
        plan = self.plan
        layers: list[tuple[str, nn.Module]] = [("flatten", nn.Flatten())]
        for name in ("fc6", "fc7"):
            if name not in plan.without:
                place, drop = name[2], nn.Dropout(plan.dropout)
                layers += [(f"drop{place}", drop)] * plan.drop_first
                layers.append((name, nn.Linear(arriving, plan.hidden)))
                layers += [(f"batch{place}", nn.BatchNorm1d(plan.hidden))] * plan.batch_norm
                layers.append((f"relu{place}", nn.ReLU()))
                layers += [(f"drop{place}", drop)] * (not plan.drop_first)
                arriving = plan.hidden
        return [*layers, ("fc8", nn.Linear(arriving, plan.classes))]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the scores, (N, classes)."""
        return self.classifier(self.features(x))


def build_alexnet(version: str = "paper", **changes: object) -> AlexNet:
    """Return an AlexNet: one of VERSIONS, with fields of its plan changed, such as `lrn=False` or `without=("fc7",)`.

    "paper" has two towers, "one tower" the same widths without groups, "torchvision" the widths of Krizhevsky (2014)
    that torchvision took over, "small" 8 to 24 channels for grey pictures of 29×29, to be trained in seconds.
    Raises ValueError where there is no such version or no such field.
    """
    if version not in VERSIONS:
        raise ValueError(f"no AlexNet {version!r}; there are {', '.join(VERSIONS)}")
    unknown = set(changes) - set(AlexNetPlan.__dataclass_fields__)
    if unknown:
        raise ValueError(
            f"a plan has no {', '.join(sorted(unknown))}; it has {', '.join(AlexNetPlan.__dataclass_fields__)}"
        )
    return AlexNet(replace(VERSIONS[version], **changes))  # type: ignore[arg-type]


def train_small(net: nn.Module, x: np.ndarray, y: np.ndarray, steps: int = 100, seed: int = 0) -> None:
    """Train a net in place on pictures x (N, C, H, W) float32 and labels y (N,) int64, by Adam.

    Batches of 64 are drawn without replacement, epoch by epoch, from a generator of `seed`; the learning rate falls
    from 0.005 to 0 over the second half of the steps. The net is moved to the course's device.
    Raises ValueError where `steps` is below 1 or the lengths differ.
    """
    if steps < 1 or len(x) != len(y):
        raise ValueError(f"steps is {steps}, pictures {len(x)}, labels {len(y)}; give 1 step or more, as many labels")
    device, rng = pick_device(), np.random.default_rng(seed)
    # Channels last: a quarter of the time less on a CPU.
    net.to(device, memory_format=torch.channels_last).train()  # type: ignore[call-overload]
    pictures, labels = torch.as_tensor(x, device=device), torch.as_tensor(y, device=device)
    pictures = pictures.contiguous(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.005, fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: min(1.0, 2 * (1 - step / steps)))
    batches: list[torch.Tensor] = []
    for _ in range(steps):
        batches = batches or list(torch.as_tensor(rng.permutation(len(y)), device=device).split(64))
        batch = batches.pop()
        optimizer.zero_grad()
        F.cross_entropy(net(pictures[batch]), labels[batch]).backward()
        optimizer.step()
        schedule.step()
