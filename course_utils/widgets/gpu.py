"""Explorers of lecture 08, and the progress bar with its live curve."""

import time

import ipywidgets

from course_utils.plots import Picture
from course_utils.plots import gpu as figures
from course_utils.training import Recipe, TrainingRun
from course_utils.widgets.controls import choice, line, real, tick, whole
from course_utils.widgets.explorer import Explorer


def format_explorer() -> Explorer:
    """Return a line to type a number into, over `draw_formats`."""
    return Explorer(figures.draw_formats, value=line("number", "0.1"))


def queue_explorer() -> Explorer:
    """Return sliders for the number of kernels, the time to launch and to run one, over `draw_queue`."""
    return Explorer(
        figures.draw_queue,
        kernels=whole("kernels", 8, 1, 20),
        launch=real("to launch one, µs", 5, 1, 40, 1),
        run=real("to run one, µs", 20, 1, 100, 1),
        wait_each=tick("wait for each result before the next"),
    )


def pattern_explorer() -> Explorer:
    """Return sliders for the parts of the ConvNet pattern, over `draw_pattern`."""

    def draw(**parts: int | bool) -> Picture:
        return figures.draw_pattern(figures.Pattern(**parts))  # type: ignore[arg-type]

    return Explorer(
        draw,
        convs=whole("N: [CONV → RELU]", 2, 1, 3),
        pool=tick("POOL at the end of each block", True),
        blocks=whole("M: blocks", 3, 1, 5),
        hidden=whole("K: [FC → RELU]", 0, 0, 2),
        channels=whole("channels", 10, 1, 64),
        double=tick("twice the channels in each further block"),
        kernel_size=whole("kernel_size", 3, 1, 7, 2),
        side=whole("side of the picture", 32, 8, 64),
        units=whole("units of a hidden FC", 100, 10, 1000, 10),
    )


def slope_explorer() -> Explorer:
    """Return controls for the activation, its input and the depth of a net, over `draw_slopes`."""
    return Explorer(
        figures.draw_slopes,
        activation=choice("activation", tuple(figures.ACTIVATIONS)),
        x=real("input of the unit", 5.0, -8.0, 8.0, 0.5),
        depth=whole("layers", 10, 1, 30),
    )


class TrainingMonitor(ipywidgets.VBox):
    """A progress bar, and below it the run's curves; give it to a run as `watch`.

    To draw takes longer than many steps of a small net, so the curves are drawn at most once in `pause` seconds, and
    at the end. Its plain form never changes, so a page that shows one has the same outputs at each run.
    """

    def __init__(self, recipe: Recipe, name: str = "the net", pause: float = 2.0) -> None:
        self.name, self.pause, self._drawn = name, pause, -pause
        self.bar = ipywidgets.IntProgress(0, 0, recipe.steps, description="training", layout={"width": "32em"})
        self.label = ipywidgets.Label(f"step 0 of {recipe.steps}")
        self.output = ipywidgets.HTML()
        super().__init__([ipywidgets.HBox([self.bar, self.label]), self.output])

    def __repr__(self) -> str:
        """Return a constant: a widget's own form would carry the whole picture as text."""
        return "TrainingMonitor()"

    def __call__(self, run: TrainingRun) -> None:
        """Show where `run` stands."""
        self.bar.value = run.step
        self.label.value = f"step {run.step} of {run.recipe.steps}"
        if run.step < run.recipe.steps and time.monotonic() - self._drawn < self.pause:
            return
        self._drawn = time.monotonic()
        self.output.value = figures.draw_history({self.name: run.history}, run.recipe.steps)._repr_html_()
