"""What a reader moves in "Why convolution?": sizes of a layer, a shifted pattern, a stack of filters."""

from functools import partial

import numpy as np

from course_utils.plots import motivation as plots
from course_utils.widgets.controls import whole
from course_utils.widgets.explorer import Explorer


def parameter_explorer() -> Explorer:
    """Return sliders for image side, channels, hidden units and window over `plots.parameters`."""
    return Explorer(
        plots.parameters,
        side=whole("image side", 200, 2, 1000),
        channels=whole("channels", 1, 1, 16),
        hidden=whole("hidden units", 40_000, 500, 1_000_000, step=500),
        window=whole("window side", 10, 1, 32),
    )


def shift_explorer(pattern: np.ndarray, local: np.ndarray, shared: np.ndarray) -> Explorer:
    """Return sliders that move `pattern` over a scene, under two sets of detectors; shapes as in `plots.shifted`.

    The sliders go further than the pattern fits, so that the edge of the scene can be felt.
    """
    places = len(local)
    return Explorer(
        partial(plots.shifted, pattern, local, shared),
        row=whole("row", 3, 0, places + 1),
        column=whole("column", 2, 0, places + 1),
    )


def volume_explorer() -> Explorer:
    """Return sliders for input side, channels, window and number of filters over `plots.volumes`."""
    return Explorer(
        plots.volumes,
        side=whole("input side", 32, 4, 64),
        channels=whole("in_channels", 3, 1, 16),
        window=whole("window side", 5, 1, 11),
        maps=whole("filters (out_channels)", 5, 1, 32),
    )
