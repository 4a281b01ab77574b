"""Explorers of lecture 02, one dimension."""

import ipywidgets

from course_utils.plots import one_dimension as figures
from course_utils.widgets.explorer import Explorer

_WIDE = {"width": "28em"}
_LABEL = {"description_width": "8em"}


def _whole(value: int, low: int, high: int, description: str) -> ipywidgets.IntSlider:
    return ipywidgets.IntSlider(
        value=value, min=low, max=high, description=description, layout=_WIDE, style=_LABEL, continuous_update=False
    )


def _real(value: float, low: float, high: float, step: float, description: str) -> ipywidgets.FloatSlider:
    return ipywidgets.FloatSlider(
        value=value,
        min=low,
        max=high,
        step=step,
        description=description,
        layout=_WIDE,
        style=_LABEL,
        continuous_update=False,
    )


def one_position() -> Explorer:
    """Return the explorer of a single output: move the window, and turn the kernel round or not."""
    return Explorer(
        figures.one_position,
        position=_whole(3, 0, len(figures.SIGNAL) - 1, "place"),
        flip=ipywidgets.Checkbox(value=False, description="reverse the kernel (convolution)", indent=False),
    )


def overlap() -> Explorer:
    """Return the explorer of the overlap area: choose two shapes, move one over the other."""
    names = list(figures.SHAPES)
    return Explorer(
        figures.overlap,
        f=ipywidgets.Dropdown(options=names, value="box", description="f (fixed)", style=_LABEL),
        g=ipywidgets.Dropdown(options=names, value="ramp", description="g (moving)", style=_LABEL),
        width=_real(1.0, 0.0, 3.0, 0.1, "width of g"),
        shift=_real(0.6, -3.0, 5.0, 0.1, "t"),
        flip=ipywidgets.Checkbox(value=True, description="reverse g (convolution)", indent=False),
    )


def banded_matrix() -> Explorer:
    """Return the kernel editor: three taps, stride, inputs and padding, and the matrix that they make."""
    return Explorer(
        figures.banded_matrix,
        left=_real(3.0, -3.0, 3.0, 0.5, "left tap"),
        middle=_real(2.0, -3.0, 3.0, 0.5, "middle tap"),
        right=_real(-1.0, -3.0, 3.0, 0.5, "right tap"),
        stride=_whole(1, 1, 4, "stride"),
        n=_whole(6, 1, 10, "inputs"),
        padding=_whole(1, 0, 2, "padding"),
    )
