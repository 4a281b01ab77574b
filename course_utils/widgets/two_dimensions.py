"""Explorers of lecture 03: a stepper, a kernel editor, a threshold, random kernels."""

import ipywidgets
import traitlets

from course_utils import filters
from course_utils.plots import two_dimensions as plots
from course_utils.widgets.explorer import Explorer

_LABEL = {"description_width": "9em"}
_WIDE = {"width": "32em"}
_PHOTOS = ("china", "flower")


class KernelGrid(ipywidgets.VBox, ipywidgets.ValueWidget):
    """An editable 3x3 kernel over a list of presets; `value` holds its nine weights row by row.

    Choosing a preset fills the cells and moves `value` once.
    """

    value = traitlets.Tuple()

    def __init__(self, preset: str = "Sobel") -> None:
        self.preset = ipywidgets.Dropdown(
            options=filters.KERNEL_NAMES, value=preset, description="Start from", style=_LABEL, layout=_WIDE
        )
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
            self.cells, layout={"grid_template_columns": "repeat(3, 6em)", "margin": "0 0 0 9.5em"}
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
        window=ipywidgets.IntSlider(value=1, min=1, max=16, description="Window", style=_LABEL, layout=_WIDE),
        terms=ipywidgets.IntSlider(value=1, min=1, max=4, description="Products so far", style=_LABEL, layout=_WIDE),
        full=ipywidgets.Checkbox(
            value=False, description="Border of zeros ('full', 16 windows)", indent=False, layout=_WIDE
        ),
        turn=ipywidgets.Checkbox(value=True, description="Turn the kernel (convolution)", indent=False, layout=_WIDE),
    )


def kernel_explorer() -> Explorer:
    """Edit a 3x3 kernel and see what it makes of a photograph."""
    return Explorer(
        plots.kernel_picture,
        kernel=KernelGrid(),
        photo=ipywidgets.Dropdown(options=_PHOTOS, description="Photograph", style=_LABEL, layout=_WIDE),
        divide=ipywidgets.Checkbox(value=False, description="Divide by the DC gain", indent=False, layout=_WIDE),
        turn=ipywidgets.Checkbox(value=False, description="Turn the kernel (convolution)", indent=False, layout=_WIDE),
    )


def random_explorer() -> Explorer:
    """Draw sixteen random kernels again and again: another seed, another size, another law."""
    return Explorer(
        plots.random_picture,
        rows=ipywidgets.IntSlider(value=1, min=1, max=11, description="Kernel rows", style=_LABEL, layout=_WIDE),
        columns=ipywidgets.IntSlider(value=2, min=1, max=11, description="Kernel columns", style=_LABEL, layout=_WIDE),
        seed=ipywidgets.IntText(value=1, description="Draw number", style=_LABEL, layout=_WIDE),
        law=ipywidgets.Dropdown(options=filters.LAWS, description="Weights drawn from", style=_LABEL, layout=_WIDE),
        photo=ipywidgets.Dropdown(options=_PHOTOS, description="Photograph", style=_LABEL, layout=_WIDE),
    )


def detector_explorer() -> Explorer:
    """Move the threshold of a detector over a photograph."""
    return Explorer(
        plots.detector_picture,
        threshold=ipywidgets.IntSlider(
            value=200,
            min=0,
            max=760,
            step=20,
            description="Threshold",
            style=_LABEL,
            layout=_WIDE,
            continuous_update=False,
        ),
        slope=ipywidgets.FloatSlider(
            value=0.02,
            min=0.0,
            max=0.1,
            step=0.01,
            description="Slope",
            style=_LABEL,
            layout=_WIDE,
            continuous_update=False,
        ),
        rule=ipywidgets.Dropdown(options=plots.RULES, description="Rule", style=_LABEL, layout=_WIDE),
        kernel=ipywidgets.Dropdown(
            options=("Prewitt", "Sobel", "edge"), value="Prewitt", description="Kernel", style=_LABEL, layout=_WIDE
        ),
        photo=ipywidgets.Dropdown(options=_PHOTOS, description="Photograph", style=_LABEL, layout=_WIDE),
    )
