"""Explorers of lecture 12: gates, who is normalised with whom, blocks, fractals, accuracy against cost, attention."""

from collections.abc import Sequence

from course_utils.norms import KINDS
from course_utils.plots import Picture
from course_utils.plots import modern as plots
from course_utils.widgets.controls import choice, one_of, tick, whole
from course_utils.widgets.explorer import Explorer


def gate_cost_explorer() -> Explorer:
    """Return the reduction and the biases of SE-ResNet-50's gates over `draw_gate_cost`."""
    powers = [(str(2**power), 2**power) for power in range(9)]
    return Explorer(plots.draw_gate_cost, reduction=one_of("reduction r", powers, 16), bias=tick("with biases"))


def sharing_explorer() -> Explorer:
    """Return the norm, a picture, a channel and the groups over `draw_sharing`; unequal groups are refused."""
    return Explorer(
        plots.draw_sharing,
        kind=choice("norm", KINDS),
        n=whole("picture", 1, 0, 3),
        c=whole("channel", 5, 0, 7),
        groups=whole("groups", 2, 1, 8),
    )


def block_explorer() -> Explorer:
    """Return channels, side, kernel, groups and expansion over `draw_blocks`; what does not divide is refused."""
    return Explorer(
        plots.draw_blocks,
        channels=whole("channels", 64, 16, 512, 16),
        side=whole("side of the map", 28, 7, 112, 7),
        kernel_size=whole("kernel_size", 3, 1, 11, 2),
        groups=whole("groups", 4, 1, 16),
        expansion=whole("expansion", 4, 1, 8),
    )


def accuracy_explorer(entries: Sequence[plots.Published]) -> Explorer:
    """Return the cost and the family in front over `draw_accuracy_cost` of these entries."""

    def draw(cost: str, family: str) -> Picture:
        return plots.draw_accuracy_cost(entries, cost, family)

    families = sorted({entry.family for entry in entries})
    return Explorer(draw, cost=choice("cost", ("MACs", "parameters")), family=choice("family", families, "resnet"))


def attention_explorer() -> Explorer:
    """Return the channels over `draw_attention_cost`."""
    return Explorer(plots.draw_attention_cost, channels=whole("channels", 64, 16, 1024, 16))
