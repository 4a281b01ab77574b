"""Explorers of lecture 09: a unit's slope, two accuracies and chance, a changed digit, an elastic one."""

from collections.abc import Callable, Mapping

import numpy as np

from course_utils.plots import Picture
from course_utils.plots import first_networks as figures
from course_utils.widgets.controls import choice, one_of, real, tick, whole
from course_utils.widgets.explorer import Explorer


def units_explorer() -> Explorer:
    """Return a slider for the place x over `draw_units`."""
    return Explorer(figures.draw_units, x=real("x", 5.0, -6.0, 6.0, 0.1))


def chance_explorer() -> Explorer:
    """Return two accuracies and the number of test pictures over `draw_chance`."""
    counts = [(f"{count:,}", count) for count in (100, 597, 1_000, 10_000, 50_000, 100_000)]
    return Explorer(
        figures.draw_chance,
        first=real("first net, % right", 99.37, 95.0, 100.0, 0.01),
        second=real("second net, % right", 99.43, 95.0, 100.0, 0.01),
        count=one_of("test pictures", counts, 10_000),
    )


def change_explorer(images: Mapping[str, np.ndarray], read: Callable[[np.ndarray], str]) -> Explorer:
    """Return one of `images` (each (H, W)) and every plane change over `draw_changed`; `read` says what it sees."""

    def draw(name: str, **change: float) -> Picture:
        return figures.draw_changed(images[name], read, **change)  # type: ignore[arg-type]

    return Explorer(
        draw,
        name=choice("digit", tuple(images)),
        down=real("down", 0.0, -4.0, 4.0, 0.5),
        right=real("right", 0.0, -4.0, 4.0, 0.5),
        angle=whole("angle, degrees", 180, -180, 180, 5),
        scale=real("scale", 1.0, 0.5, 1.5, 0.05),
        mirrored=tick("mirrored"),
        gain=real("brightness, times", 1.0, 0.2, 2.0, 0.1),
    )


def elastic_explorer(images: Mapping[str, np.ndarray]) -> Explorer:
    """Return a picture of `images` (each (H, W)), alpha, sigma and the seed over `draw_elastic`."""

    def draw(name: str, alpha: float, sigma: float, seed: int) -> Picture:
        return figures.draw_elastic(images[name], alpha, sigma, seed)

    return Explorer(
        draw,
        name=choice("digit", tuple(images)),
        alpha=real("alpha", 34.0, 0.0, 120.0, 1.0),
        sigma=real("sigma", 4.0, 0.5, 12.0, 0.5),
        seed=whole("seed", 0, 0, 9),
    )
