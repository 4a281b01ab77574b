"""Explorers of lecture 13: bend a glyph, choose what learns, compare two methods draw by draw, choose a backbone."""

from collections.abc import Mapping, Sequence

import numpy as np

from course_utils.plots import Picture
from course_utils.plots import transfer as plots
from course_utils.transfer import Tuning
from course_utils.widgets.controls import choice, one_of, real, tick, whole
from course_utils.widgets.explorer import Explorer

BACKBONES = (
    "alexnet", "vgg16", "resnet18", "resnet50", "wide_resnet101_2", "densenet121", "mobilenet_v3_small",
    "efficientnet_b1", "convnext_tiny", "vit_b_16", "vit_h_14",
)  # fmt: skip


def glyph_explorer() -> Explorer:
    """Return the character, the font, the strength and the seed over `draw_glyph`; what a font has not is refused."""
    return Explorer(
        plots.draw_glyph,
        character=choice("character", plots.ALPHABET, "S"),
        font=choice("font", plots.FONT_NAMES, "cmti10"),
        strength=real("strength", 1.0, 0.0, 3.0, 0.25),
        seed=whole("seed", 0, 0, 20),
    )


def stack_explorer() -> Explorer:
    """Return what stays, the rates, the kind of tuning and the classes over `draw_stack`; nonsense is refused."""
    rates = [(f"{rate:g}", rate) for rate in (0.0, 0.0001, 0.001, 0.01, 0.1, 1.0)]

    def draw(
        lowest: int, lr_old: float, lr_new: float, norms_only: bool, keep_head: bool, scratch: bool, classes: int
    ) -> Picture:
        return plots.draw_stack(Tuning(lowest, lr_old, lr_new, norms_only, keep_head, scratch), classes)

    return Explorer(
        draw,
        lowest=whole("stages that stay", 2, 0, 4),
        lr_old=one_of("rate of copied weights", rates, 0.01),
        lr_new=one_of("rate of new weights", rates, 0.1),
        norms_only=tick("of copied weights, only those of norms learn"),
        keep_head=tick("keep the source's head"),
        scratch=tick("from scratch"),
        classes=whole("classes of the target", 10, 2, 50),
    )


def paired_explorer(per_class: Sequence[int], curves: Mapping[str, np.ndarray]) -> Explorer:
    """Return the labels a class and two methods over `draw_paired`; raises ValueError where there is no curve."""
    if not curves:
        raise ValueError("there are no curves; give one for each method")
    names = list(curves)

    def draw(at: int, first: str, second: str) -> Picture:
        return plots.draw_paired(per_class, curves, at, first, second)

    counts = [(str(count), count) for count in per_class]
    return Explorer(
        draw,
        at=one_of("labels a class", counts, per_class[0]),
        first=choice("first", names),
        second=choice("second", names, names[-1]),
    )


def backbone_explorer() -> Explorer:
    """Return the net and the target's classes over `draw_backbone`."""
    return Explorer(
        plots.draw_backbone, name=choice("net", BACKBONES, "resnet18"), classes=whole("classes", 2, 2, 1000)
    )
