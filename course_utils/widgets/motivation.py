"""What a reader moves in "Why convolution?": sizes of a layer, a shifted pattern, a stack of filters."""

from functools import partial

import numpy as np
from ipywidgets import IntSlider

from course_utils.plots import motivation as plots
from course_utils.widgets.explorer import Explorer

_STYLE = {"description_width": "11em"}


def _slider(value: int, least: int, most: int, name: str, step: int = 1) -> IntSlider:
    return IntSlider(value, least, most, step, description=name, style=_STYLE, layout={"width": "30em"})


def parameter_explorer() -> Explorer:
    """Return sliders for image side, channels, hidden units and window over `plots.parameters`."""
    return Explorer(
        plots.parameters,
        side=_slider(200, 2, 1000, "image side"),
        channels=_slider(1, 1, 16, "channels"),
        hidden=_slider(40_000, 500, 1_000_000, "hidden units", step=500),
        window=_slider(10, 1, 32, "window side"),
    )


def shift_explorer(pattern: np.ndarray, local: np.ndarray, shared: np.ndarray) -> Explorer:
    """Return sliders that move `pattern` over a scene, under two sets of detectors; shapes as in `plots.shifted`.

    The sliders go further than the pattern fits, so that the edge of the scene can be felt.
    """
    places = len(local)
    return Explorer(
        partial(plots.shifted, pattern, local, shared),
        row=_slider(3, 0, places + 1, "row"),
        column=_slider(2, 0, places + 1, "column"),
    )


def volume_explorer() -> Explorer:
    """Return sliders for input side, channels, window and number of filters over `plots.volumes`."""
    return Explorer(
        plots.volumes,
        side=_slider(32, 4, 64, "input side"),
        channels=_slider(3, 1, 16, "in_channels"),
        window=_slider(5, 1, 11, "window side"),
        maps=_slider(5, 1, 32, "filters (out_channels)"),
    )
