"""Explorers of lecture 15: starts and their hidden units, learning rates, a report, and the tree of what to do."""

from collections.abc import Mapping, Sequence

from course_utils.diagnostics import Report
from course_utils.plots import Picture
from course_utils.plots import debugging as plots
from course_utils.widgets.controls import choice, one_of, whole
from course_utils.widgets.explorer import Explorer


def start_explorer(reports: Mapping[str, Report]) -> Explorer:
    """Return the first weights and a layer over the hidden units of reports that `diagnose` made, by name of the start.

    A layer that a net does not have is refused.
    """

    def draw(start: str, layer: int) -> Picture:
        return plots.draw_layer(reports[start], layer)

    most = max(len(report.layers) for report in reports.values())
    return Explorer(draw, start=choice("first weights", list(reports)), layer=whole("activation", 1, 1, most))


def rate_explorer(losses: Mapping[float, Sequence[float]], chance: float) -> Explorer:
    """Return the rate over `draw_sweep` of these loss curves."""

    def draw(rate: float) -> Picture:
        return plots.draw_sweep(losses, rate, chance)

    options = [(f"{rate:g}", rate) for rate in losses]
    return Explorer(draw, rate=one_of("learning rate", options, options[len(options) // 2][1]))


def tree_explorer() -> Explorer:
    """Return the trouble and the answers to its questions over `draw_tree`."""

    def draw(trouble: str, first: str, second: str, third: str) -> Picture:
        return plots.draw_tree(trouble, (first, second, third))

    answers = {
        f"{name}": choice(f"answer to question {place}", ("yes", "no"))
        for place, name in enumerate(("first", "second", "third"), start=1)
    }
    return Explorer(draw, trouble=choice("trouble", list(plots.TREE)), **answers)
