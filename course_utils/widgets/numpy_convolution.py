"""Explorers of lecture 05: views of an array, matrices of windows, memory layouts, memory needs."""

from collections.abc import Callable, Mapping

import ipywidgets
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from course_utils.plots import Picture
from course_utils.plots.numpy_convolution import draw_layouts, draw_needs, draw_view, draw_window_matrix
from course_utils.widgets.controls import choice, whole
from course_utils.widgets.explorer import Explorer

_WINDOW = "one 3×3 window"
# What each expression makes of the array x; the window is chosen by the two sliders.
VIEWS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "x": lambda x: x,
    "x.T": lambda x: x.T,
    "x[::2]": lambda x: x[::2],
    "x[:, ::2]": lambda x: x[:, ::2],
    "x[:, ::-1]": lambda x: x[:, ::-1],
    "x[:, 2]": lambda x: x[:, 2],
    "np.broadcast_to(x[0], (3, 6))": lambda x: np.broadcast_to(x[0], (3, 6)),
}


def view_explorer() -> Explorer:
    """Return a choice of views of a 4×6 array, one of them a window that two sliders move, over `draw_view`.

    The sliders are disabled where they would move nothing.
    """
    base = np.arange(24, dtype=np.int64).reshape(4, 6)

    def draw(view: str, row: int, column: int) -> Picture:
        if view == _WINDOW:
            return draw_view(base, sliding_window_view(base, (3, 3))[row, column], f"windows[{row}, {column}]")
        return draw_view(base, VIEWS[view](base), view)

    names = (*VIEWS, _WINDOW)
    view = choice("view", names, "x.T")
    row, column = whole("row of window", 0, 0, 1), whole("column of window", 0, 0, 3)
    for slider in (row, column):
        ipywidgets.dlink((view, "value"), (slider, "disabled"), lambda chosen: chosen != _WINDOW)
    return Explorer(draw, view=view, row=row, column=column)


def window_matrix_explorer() -> Explorer:
    """Return sliders for channels, length, kernel_size and stride over `draw_window_matrix`."""
    return Explorer(
        draw_window_matrix,
        channels=whole("channels", 2, 1, 4),
        length=whole("length", 7, 1, 10),
        kernel_size=whole("kernel_size", 3, 1, 5),
        stride=whole("stride", 1, 1, 5),
    )


def layout_explorer() -> Explorer:
    """Return sliders for the channels, the kernel and the place of a window in a 6×8 picture, over `draw_layouts`."""

    def draw(channels: int, kernel_size: int, row: int, column: int) -> Picture:
        return draw_layouts(channels, 6, 8, kernel_size, row, column)

    return Explorer(
        draw,
        channels=whole("channels", 3, 1, 6),
        kernel_size=whole("kernel_size", 3, 1, 6),
        row=whole("row of window", 1, 0, 5),
        column=whole("column of window", 2, 0, 7),
    )


def memory_explorer(needs: Callable[..., Mapping[str, int]]) -> Explorer:
    """Return sliders for the sizes of a layer over `draw_needs`.

    `needs(images, channels, side, filters, kernel_size, padding)` gives the bytes of each method by its name.
    """

    def draw(images: int, channels: int, side: int, filters: int, kernel_size: int, padding: int) -> Picture:
        title = f"({images}, {channels}, {side}, {side}) · ({filters}, {channels}, {kernel_size}, {kernel_size})"
        return draw_needs(
            needs(images, channels, side, filters, kernel_size, padding), f"{title}, padding {padding}, float32"
        )

    return Explorer(
        draw,
        images=whole("images N", 8, 1, 64),
        channels=whole("in_channels C", 16, 1, 128),
        side=whole("side H = W", 32, 1, 128),
        filters=whole("out_channels", 32, 1, 128),
        kernel_size=whole("kernel_size", 3, 1, 11),
        padding=whole("padding", 1, 0, 5),
    )
