"""Explorers of lecture 06: the commuting square, a bright pixel, what a step changes, uneven windows, discs."""

import ipywidgets

from course_utils.plots import pooling as plots
from course_utils.symmetry import BORDERS, KINDS, ROW_KINDS
from course_utils.widgets.explorer import Explorer

_STYLE = {"description_width": "9em"}
_WIDE = {"width": "30em"}


def _slider(value: int, least: int, most: int, name: str) -> ipywidgets.IntSlider:
    return ipywidgets.IntSlider(
        value, least, most, description=name, style=_STYLE, layout=_WIDE, continuous_update=False
    )


def _fine(value: float, most: float, step: float, name: str) -> ipywidgets.FloatSlider:
    return ipywidgets.FloatSlider(
        value, min=0, max=most, step=step, description=name, style=_STYLE, layout=_WIDE, continuous_update=False
    )


def _choice(options: tuple[str, ...], name: str) -> ipywidgets.Dropdown:
    return ipywidgets.Dropdown(options=options, description=name, style=_STYLE, layout=_WIDE)


def square_explorer() -> Explorer:
    """Return the kind of layer, its kernel_size, stride and border, and the step, over `draw_square`."""
    return Explorer(
        plots.draw_square,
        step=_slider(3, 0, 31, "move by"),
        stride=_slider(1, 1, 8, "stride"),
        kernel_size=_slider(3, 1, 9, "kernel_size"),
        border=_choice(BORDERS, "border"),
        kind=_choice(KINDS, "layer"),
    )


def spot_explorer() -> Explorer:
    """Return the place of a bright pixel and the window over `draw_spot`; windows that do not divide 12 are refused."""
    return Explorer(
        plots.draw_spot,
        row=_slider(2, 0, 11, "row"),
        column=_slider(3, 0, 11, "column"),
        kernel_size=_slider(2, 1, 12, "window"),
    )


def change_explorer() -> Explorer:
    """Return the kind of rows and the step over `draw_changes`."""
    return Explorer(plots.draw_changes, kind=_choice(ROW_KINDS, "picture"), step=_slider(1, 1, 8, "move by"))


def fractional_explorer() -> Explorer:
    """Return inputs, outputs, window and the random number over `draw_fractional`; what does not fit is refused."""
    return Explorer(
        plots.draw_fractional,
        n=_slider(24, 2, 32, "inputs"),
        outputs=_slider(17, 1, 32, "outputs"),
        kernel_size=_slider(2, 1, 6, "window"),
        sample=_fine(0.3, 0.99, 0.01, "random number u"),
    )


def disc_explorer() -> Explorer:
    """Return the radius over `draw_disc`."""
    return Explorer(plots.draw_disc, radius=_fine(2.0, 5.0, 0.1, "radius"))
