"""Explorers of lecture 16: folds, grid and random points, a search that learns, seeds and what they can show."""

from collections.abc import Sequence

import numpy as np

from course_utils.choosing.searches import Axis
from course_utils.plots import Picture
from course_utils.plots import choosing as plots
from course_utils.widgets.controls import real, whole
from course_utils.widgets.explorer import Explorer


def fold_explorer() -> Explorer:
    """Return the number of folds and how they are shuffled over `draw_folds`."""
    return Explorer(plots.draw_folds, k=whole("folds k", 5, 2, 15), seed=whole("shuffle", 0, 0, 20))


def contest_explorer() -> Explorer:
    """Return the hill, its turn, the side of the grid and the draw of the random points over `draw_contest`."""
    return Explorer(
        plots.draw_contest,
        x=real("top at x", 0.4, 0.0, 1.0, 0.01),
        width=real("width", 0.05, 0.02, 0.5, 0.01),
        other=real("width across", 3.0, 0.1, 3.0, 0.1),
        degrees=whole("turned by, degrees", 0, 0, 90, 5),
        side=whole("side of the grid", 5, 2, 9),
        seed=whole("draw", 0, 0, 30),
    )


def belief_explorer(values: Sequence[float] | np.ndarray, axis: Axis) -> Explorer:
    """Return the number of trials and the reach of the process over `draw_belief` of a curve."""

    def draw(trials: int, reach: float) -> Picture:
        return plots.draw_belief(values, axis, trials, reach)

    return Explorer(draw, trials=whole("trials", 3, 2, 12), reach=real("reach", 0.12, 0.03, 0.4, 0.01))


def power_explorer() -> Explorer:
    """Return the difference and the spread over `draw_power`."""
    return Explorer(
        plots.draw_power,
        difference=real("difference, points", 0.5, 0.1, 3.0, 0.1),
        spread=real("spread of differences", 0.8, 0.1, 3.0, 0.1),
    )


def best_of_explorer(errors: np.ndarray) -> Explorer:
    """Return of how many seeds the best is told, over `draw_best_of` of these errors (seeds,)."""

    def draw(best_of: int) -> Picture:
        return plots.draw_best_of(errors, best_of)

    return Explorer(draw, best_of=whole("best of", 1, 1, len(errors)))
