"""Explorers of lecture 11: build an Inception module, a ResNet and a DenseNet; choose how a deep net starts."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from course_utils.data import Split
from course_utils.device import pick_device
from course_utils.landscape import measure_start
from course_utils.models.densenet import PLANS, DensePlan
from course_utils.models.googlenet import MODULES, InceptionPlan
from course_utils.models.resnet import KINDS, TABLE, SmallPlan, SmallResNet, side_by_side
from course_utils.plots import Picture
from course_utils.plots import depth as figures
from course_utils.widgets.controls import choice, one_of, real, tick, whole
from course_utils.widgets.explorer import Explorer

SHORTCUTS = {"B: 1×1 layers where the size changes": "B", "A: zeros where the size changes": "A"} | {
    "C: 1×1 layers everywhere": "C",
    "none: the plain net": "none",
}


def module_explorer(start: str = "3a") -> Explorer:
    """Return the block builder: every width of an Inception module, the size of its maps, with or without 1×1 layers.

    It begins with the module `start` of GoogLeNet's table.
    """
    plan = MODULES[start]

    def draw(naive: bool, size: int, **widths: int) -> Picture:
        built = InceptionPlan(**widths)
        return figures.draw_module(built.naive() if naive else built, size)

    return Explorer(
        draw,
        in_channels=whole("channels that come in", plan.in_channels, 16, 1024, 16),
        one=whole("1×1 branch", plan.one, 16, 512, 16),
        three_reduce=whole("1×1 before the 3×3", plan.three_reduce, 0, 256, 16),
        three=whole("3×3 branch", plan.three, 16, 512, 16),
        five_reduce=whole("1×1 before the 5×5", plan.five_reduce, 0, 128, 8),
        five=whole("5×5 branch", plan.five, 16, 256, 16),
        pool=whole("1×1 after the pool", plan.pool, 0, 256, 16),
        size=whole("height and width", 28, 7, 56, 7),
        naive=tick("naive: no 1×1 layers before or after other layers"),
    )


def start_explorer(data: Split, pictures: int = 32, width: int = 4) -> Explorer:
    """Return the explorer of a deep net before training: depth, kind, first weights, normalisation, scaled branches."""
    labels = torch.as_tensor(data.y_train[:pictures], device=pick_device())

    def draw(depth: int, kind: str, start: str, normalise: bool, scaled: bool) -> Picture:
        blocks = (depth - 2) / 2
        branch = blocks**-0.5 if scaled else 1.0
        plan = SmallPlan(depth, width, (kind,), (0, 1), normalise, start, branch)
        net = SmallResNet(plan).to(pick_device())
        found = measure_start(net, side_by_side(net, data.x_train[:pictures]), labels, groups=2)
        name = f"{kind}, {depth} layers, first layer over last {np.exp(np.log(found.ratios).mean()):.2g}"
        return figures.draw_start({name: found})

    return Explorer(
        draw,
        depth=whole("layers", 20, 8, 80, 6),
        kind=choice("kind", KINDS),
        start=choice("first weights", ("he", "torch")),
        normalise=tick("batch normalisation", True),
        scaled=tick("what a block adds is divided by √(number of blocks)"),
    )


def surface_explorer(steps: Sequence[float] | np.ndarray, surfaces: Mapping[str, np.ndarray]) -> Explorer:
    """Return a slider over the cuts of loss surfaces; the arguments are those of `figures.draw_surfaces`."""
    options = [(f"{step:+.1f}", place) for place, step in enumerate(steps)]

    def draw(row: int) -> Picture:
        return figures.draw_surfaces(steps, surfaces, row)

    return Explorer(draw, row=one_of("cut at direction 2", options, len(steps) // 2))


def resnet_explorer() -> Explorer:
    """Return the explorer of the ImageNet nets: depth, shortcut, and where a bottleneck has its stride."""

    def draw(depth: int, shortcut: str, late_stride: bool) -> Picture:
        return figures.draw_resnet(depth, SHORTCUTS[shortcut], late_stride)

    return Explorer(
        draw,
        depth=one_of("layers", [(str(depth), depth) for depth in TABLE], 34),
        shortcut=choice("shortcut", tuple(SHORTCUTS)),
        late_stride=tick("a bottleneck's stride on its 3×3 layer (torchvision)", True),
    )


def dense_explorer() -> Explorer:
    """Return the explorer of DenseNet's channels: the stages of a published net, growth, stem, what is kept."""

    def draw(stages: str, growth: int, stem: int, keep: float) -> Picture:
        return figures.draw_dense(DensePlan(PLANS[int(stages)].stages, growth, stem, keep=keep))

    return Explorer(
        draw,
        stages=choice("stages of DenseNet-", [str(depth) for depth in PLANS]),
        growth=whole("growth k", 32, 4, 64, 4),
        stem=whole("channels of the stem", 64, 16, 128, 16),
        keep=real("kept between stages", 0.5, 0.1, 1.0, 0.1),
    )
