"""Explorers of lecture 10: a net's layers, LRN's windows, invariance by kind and class, collectives, the ring."""

from collections.abc import Mapping

import numpy as np
import torch

from course_utils.invariance import InvarianceCurves
from course_utils.parallel import COLLECTIVES
from course_utils.plots import Picture
from course_utils.plots import alexnet_vgg as plots
from course_utils.widgets.controls import choice, one_of, whole
from course_utils.widgets.explorer import Explorer


def net_explorer() -> Explorer:
    """Return the net over `draw_net`."""
    return Explorer(plots.draw_net, name=choice("net", plots.NETS))


def lrn_explorer() -> Explorer:
    """Return the kind, the channel and the size of the window over `draw_lrn`."""
    sizes = [(str(size), size) for size in (1, 3, 5, 7)]
    return Explorer(
        plots.draw_lrn,
        kind=choice("normalise", plots.LRN_KINDS),
        channel=whole("map", 4, 0, 7),
        size=one_of("window n", sizes, 5),
    )


def invariance_explorer(curves: Mapping[str, InvarianceCurves], x: torch.Tensor, y: np.ndarray) -> Explorer:
    """Return the kind of change and the class over `draw_invariance`; `curves` are computed before, one for each kind.

    Of the pictures x (N, C, side, side) the first one of the class is shown. Raises ValueError where there is no curve.
    """
    if not curves:
        raise ValueError("there are no curves; give one for each kind of change")

    def draw(kind: str, label: int) -> Picture:
        shown = np.flatnonzero(y == label)
        if not len(shown):
            raise ValueError(f"there is no picture of class {label}")
        return plots.draw_invariance(curves[kind], x[shown[:1]], label)

    return Explorer(draw, kind=choice("change", list(curves)), label=whole("digit", 4, 0, 9))


def collective_explorer() -> Explorer:
    """Return the collective and the number of workers over `draw_collective`."""
    return Explorer(plots.draw_collective, kind=choice("collective", COLLECTIVES), workers=whole("workers", 4, 2, 6))


def ring_explorer() -> Explorer:
    """Return the number of workers and the step over `draw_ring`; steps beyond the last are refused."""
    return Explorer(plots.draw_ring, workers=whole("workers", 4, 2, 8), step=whole("step", 2, 0, 14))
