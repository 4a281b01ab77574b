"""Explorers of lecture 02, one dimension."""

from course_utils.plots import one_dimension as figures
from course_utils.widgets.controls import choice, real, tick, whole
from course_utils.widgets.explorer import Explorer


def one_position() -> Explorer:
    """Return the explorer of a single output: move the window, and turn the kernel round or not."""
    return Explorer(
        figures.one_position,
        position=whole("place", 3, 0, len(figures.SIGNAL) - 1),
        flip=tick("reverse the kernel (convolution)"),
    )


def overlap() -> Explorer:
    """Return the explorer of the overlap area: choose two shapes, move one over the other."""
    names = list(figures.SHAPES)
    return Explorer(
        figures.overlap,
        f=choice("f (fixed)", names, "box"),
        g=choice("g (moving)", names, "ramp"),
        width=real("width of g", 1.0, 0.0, 3.0, 0.1),
        shift=real("t", 0.6, -3.0, 5.0, 0.1),
        flip=tick("reverse g (convolution)", True),
    )


def banded_matrix() -> Explorer:
    """Return the kernel editor: three taps, stride, inputs and padding, and the matrix that they make."""
    return Explorer(
        figures.banded_matrix,
        left=real("left tap", 3.0, -3.0, 3.0, 0.5),
        middle=real("middle tap", 2.0, -3.0, 3.0, 0.5),
        right=real("right tap", -1.0, -3.0, 3.0, 0.5),
        stride=whole("stride", 1, 1, 4),
        n=whole("inputs", 6, 1, 10),
        padding=whole("padding", 1, 0, 2),
    )
