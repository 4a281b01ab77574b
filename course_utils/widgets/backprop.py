"""Explorers of lecture 07, and the picture that changes while a net is trained."""

from collections.abc import Mapping, Sequence

import ipywidgets
import numpy as np

from course_utils.plots import Picture
from course_utils.plots import backprop as figures
from course_utils.widgets.explorer import Explorer

_LABEL = {"description_width": "9em"}
_WIDE = {"width": "30em"}


def _whole(name: str, value: int, least: int, most: int) -> ipywidgets.IntSlider:
    return ipywidgets.IntSlider(
        value, least, most, description=name, style=_LABEL, layout=_WIDE, continuous_update=False
    )


def _choice(name: str, options: Sequence[str]) -> ipywidgets.Dropdown:
    return ipywidgets.Dropdown(options=options, description=name, style=_LABEL, layout=_WIDE)


def uses_explorer() -> Explorer:
    """Return the explorer of shared uses: choose a layer, and one weight, one input or the bias of it."""
    return Explorer(
        figures.draw_uses,
        n=_whole("inputs n", 6, 1, 10),
        kernel_size=_whole("kernel_size", 3, 1, 5),
        stride=_whole("stride", 1, 1, 4),
        target=_choice("the gradient of", figures.TARGETS),
        index=_whole("its number", 0, 0, 9),
    )


def routing_explorer() -> Explorer:
    """Return the explorer of a pool's backward pass: an input, a window, a stride, maximum or mean."""

    def draw(plane: str, kernel_size: int, stride: int, operation: str, counted: bool) -> Picture:
        return figures.draw_routing(figures.PLANES[plane], kernel_size, stride, operation, counted)

    return Explorer(
        draw,
        plane=_choice("input", tuple(figures.PLANES)),
        kernel_size=_whole("kernel_size", 3, 1, 4),
        stride=_whole("stride", 1, 1, 4),
        operation=_choice("operation", figures.OPERATIONS),
        counted=ipywidgets.Checkbox(
            value=False, description="upstream gradients 1, 2, 3, … instead of ones", indent=False, layout=_WIDE
        ),
    )


def difference_explorer(
    steps: np.ndarray, errors: Mapping[str, np.ndarray], pairs: Sequence[tuple[float, float]]
) -> Explorer:
    """Return a slider over `steps` for `draw_differences`; the arguments are those of that figure."""
    step = ipywidgets.SelectionSlider(
        options=[(f"{step:.0e}", place) for place, step in enumerate(steps)],
        value=len(steps) // 2,
        description="step h",
        style=_LABEL,
        layout=_WIDE,
        continuous_update=False,
    )

    def draw(chosen: int) -> Picture:
        return figures.draw_differences(steps, errors, pairs, chosen)

    return Explorer(draw, chosen=step)


def overlap_explorer() -> Explorer:
    """Return the explorer of a transposed convolution's footprints: kernel, stride and number of inputs."""
    return Explorer(
        figures.draw_overlap,
        kernel_size=_whole("kernel_size", 3, 1, 7),
        stride=_whole("stride", 2, 1, 4),
        inputs=_whole("inputs", 3, 1, 10),
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
