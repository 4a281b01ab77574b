"""Explorers of lecture 06: the commuting square, a bright pixel, what a step changes, uneven windows, discs."""

from course_utils.plots import pooling as plots
from course_utils.symmetry import BORDERS, KINDS, ROW_KINDS
from course_utils.widgets.controls import choice, real, whole
from course_utils.widgets.explorer import Explorer


def square_explorer() -> Explorer:
    """Return the kind of layer, its kernel_size, stride and border, and the step, over `draw_square`."""
    return Explorer(
        plots.draw_square,
        step=whole("move by", 3, 0, 31),
        stride=whole("stride", 1, 1, 8),
        kernel_size=whole("kernel_size", 3, 1, 9),
        border=choice("border", BORDERS),
        kind=choice("layer", KINDS),
    )


def spot_explorer() -> Explorer:
    """Return the place of a bright pixel and the window over `draw_spot`; windows that do not divide 12 are refused."""
    return Explorer(
        plots.draw_spot,
        row=whole("row", 2, 0, 11),
        column=whole("column", 3, 0, 11),
        kernel_size=whole("window", 2, 1, 12),
    )


def change_explorer() -> Explorer:
    """Return the kind of rows and the step over `draw_changes`."""
    return Explorer(plots.draw_changes, kind=choice("picture", ROW_KINDS), step=whole("move by", 1, 1, 8))


def fractional_explorer() -> Explorer:
    """Return inputs, outputs, window and the random number over `draw_fractional`; what does not fit is refused."""
    return Explorer(
        plots.draw_fractional,
        n=whole("inputs", 24, 2, 32),
        outputs=whole("outputs", 17, 1, 32),
        kernel_size=whole("window", 2, 1, 6),
        sample=real("random number u", 0.3, 0.0, 0.99, 0.01),
    )


def disc_explorer() -> Explorer:
    """Return the radius over `draw_disc`."""
    return Explorer(plots.draw_disc, radius=real("radius", 2.0, 0.0, 5.0, 0.1))
