"""Explorers of lecture 03: a stepper, a kernel editor, a threshold, random kernels."""

import ipywidgets
import traitlets

from course_utils import filters
from course_utils.plots import two_dimensions as plots
from course_utils.widgets.controls import choice, number, real, tick, whole
from course_utils.widgets.explorer import Explorer

_PHOTOS = ("china", "flower")


class KernelGrid(ipywidgets.VBox, ipywidgets.ValueWidget):
    """An editable 3x3 kernel over a list of presets; `value` holds its nine weights row by row.

    Choosing a preset fills the cells and moves `value` once.
    """

    value = traitlets.Tuple()

    def __init__(self, preset: str = "Sobel") -> None:
        self.preset = choice("Start from", filters.KERNEL_NAMES, preset)
        self.cells = [
            ipywidgets.FloatText(
                step=0.25,
                layout={"width": "5.5em"},
                description=f"row {row + 1}, column {column + 1}",
                style={"description_width": "0"},
            )
            for row in range(3)
            for column in range(3)
        ]
        self._filling = False
        grid = ipywidgets.GridBox(
            self.cells, layout={"grid_template_columns": "repeat(3, 6em)", "margin": "0 0 0 11.3em"}
        )
        super().__init__([self.preset, grid])
        self._fill()
        self.preset.observe(self._fill, names="value")
        for cell in self.cells:
            cell.observe(self._read, names="value")

    def _fill(self, _change: object = None) -> None:
        self._filling = True
        for cell, weight in zip(self.cells, filters.classic_kernel(self.preset.value).flat, strict=True):
            cell.value = float(weight)
        self._filling = False
        self._read()

    def _read(self, _change: object = None) -> None:
        if not self._filling:
            self.value = tuple(cell.value for cell in self.cells)


def window_explorer() -> Explorer:
    """Step through the worked example: each window, each product, with or without the border and the turn."""
    return Explorer(
        plots.window_picture,
        window=whole("Window", 1, 1, 16),
        terms=whole("Products so far", 1, 1, 4),
        full=tick("Border of zeros ('full', 16 windows)"),
        turn=tick("Turn the kernel (convolution)", True),
    )


def kernel_explorer() -> Explorer:
    """Edit a 3x3 kernel and see what it makes of a photograph."""
    return Explorer(
        plots.kernel_picture,
        kernel=KernelGrid(),
        photo=choice("Photograph", _PHOTOS),
        divide=tick("Divide by the DC gain"),
        turn=tick("Turn the kernel (convolution)"),
    )


def random_explorer() -> Explorer:
    """Draw sixteen random kernels again and again: another seed, another size, another law."""
    return Explorer(
        plots.random_picture,
        rows=whole("Kernel rows", 1, 1, 11),
        columns=whole("Kernel columns", 2, 1, 11),
        seed=number("Draw number", 1),
        law=choice("Weights drawn from", filters.LAWS),
        photo=choice("Photograph", _PHOTOS),
    )


def detector_explorer() -> Explorer:
    """Move the threshold of a detector over a photograph."""
    return Explorer(
        plots.detector_picture,
        threshold=whole("Threshold", 200, 0, 760, 20),
        slope=real("Slope", 0.02, 0.0, 0.1, 0.01),
        rule=choice("Rule", plots.RULES),
        kernel=choice("Kernel", ("Prewitt", "Sobel", "edge"), "Prewitt"),
        photo=choice("Photograph", _PHOTOS),
    )
