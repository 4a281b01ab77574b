"""Explorers of lecture 07, and the picture that changes while a net is trained."""

from collections.abc import Mapping, Sequence

import ipywidgets
import numpy as np

from course_utils.plots import Picture
from course_utils.plots import backprop as figures
from course_utils.widgets.controls import choice, one_of, tick, whole
from course_utils.widgets.explorer import Explorer


def uses_explorer() -> Explorer:
    """Return the explorer of shared uses: choose a layer, and one weight, one input or the bias of it."""
    return Explorer(
        figures.draw_uses,
        n=whole("inputs n", 6, 1, 10),
        kernel_size=whole("kernel_size", 3, 1, 5),
        stride=whole("stride", 1, 1, 4),
        target=choice("the gradient of", figures.TARGETS),
        index=whole("its number", 0, 0, 9),
    )


def routing_explorer() -> Explorer:
    """Return the explorer of a pool's backward pass: an input, a window, a stride, maximum or mean."""

    def draw(plane: str, kernel_size: int, stride: int, operation: str, counted: bool) -> Picture:
        return figures.draw_routing(figures.PLANES[plane], kernel_size, stride, operation, counted)

    return Explorer(
        draw,
        plane=choice("input", tuple(figures.PLANES)),
        kernel_size=whole("kernel_size", 3, 1, 4),
        stride=whole("stride", 1, 1, 4),
        operation=choice("operation", figures.OPERATIONS),
        counted=tick("upstream gradients 1, 2, 3, … instead of ones"),
    )


def difference_explorer(
    steps: np.ndarray, errors: Mapping[str, np.ndarray], pairs: Sequence[tuple[float, float]]
) -> Explorer:
    """Return a slider over `steps` for `draw_differences`; the arguments are those of that figure."""
    options = [(f"{step:.0e}", place) for place, step in enumerate(steps)]

    def draw(chosen: int) -> Picture:
        return figures.draw_differences(steps, errors, pairs, chosen)

    return Explorer(draw, chosen=one_of("step h", options, len(steps) // 2))


def overlap_explorer() -> Explorer:
    """Return the explorer of a transposed convolution's footprints: kernel, stride and number of inputs."""
    return Explorer(
        figures.draw_overlap,
        kernel_size=whole("kernel_size", 3, 1, 7),
        stride=whole("stride", 2, 1, 4),
        inputs=whole("inputs", 3, 1, 10),
    )


class LivePicture(ipywidgets.VBox):
    """A place in the page whose picture is changed by code that is still running.

    Its plain form never changes, so a page that shows one has the same outputs at each run.
    """

    def __init__(self, waiting: str = "The picture appears here.") -> None:
        self.output = ipywidgets.HTML(f"<p>{waiting}</p>")
        super().__init__([self.output])

    def __repr__(self) -> str:
        """Return a constant: a widget's own form would carry the whole picture as text."""
        return "LivePicture()"

    def show(self, shown: Picture) -> None:
        """Put `shown` in the place of what was there."""
        self.output.value = shown._repr_html_()
