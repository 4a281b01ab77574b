"""Explorers of lecture 14: feature maps, squares that hide, methods and classes, pairs of units."""

from typing import Any

import numpy as np

from course_utils.inside import METHODS, maps_of, occlusion
from course_utils.plots import Picture
from course_utils.plots import inside as plots
from course_utils.widgets.controls import choice, real, whole
from course_utils.widgets.explorer import Explorer

LAYERS = ("conv1", "relu1", "pool1", "conv2", "relu2", "pool2", "conv3", "relu3")


def hook_explorer(net: Any, x: np.ndarray) -> Explorer:
    """Return the picture and the layer over `draw_maps`, for pictures `x` (N, 1, 29, 29)."""

    def draw(number: int, layer: str) -> Picture:
        return plots.draw_maps(x[number, 0], maps_of(net, x[number : number + 1], layer)[0], layer)

    return Explorer(draw, number=whole("picture", 0, 0, len(x) - 1), layer=choice("layer", LAYERS, "relu1"))


def occlusion_explorer(net: Any, x: np.ndarray, labels: np.ndarray) -> Explorer:
    """Return the picture, the square's side, its step and its grey over `occlusion`; what does not fit is refused."""

    def draw(number: int, size: int, step: int, fill: float) -> Picture:
        one = slice(number, number + 1)
        shown = occlusion(net, x[one], labels[one], size, step, fill)[0]
        return plots.draw_explanations([(f"class {labels[number]}", x[number, 0], {"drop of the score": shown})])

    return Explorer(
        draw,
        number=whole("picture", 0, 0, len(x) - 1),
        size=whole("side of the square", 5, 1, 13, 2),
        step=whole("step", 3, 1, 6),
        fill=real("grey of the square", 0.0, 0.0, 1.0, 0.25),
    )


def method_explorer(net: Any, x: np.ndarray) -> Explorer:
    """Return the picture and the class asked about over all METHODS."""

    def draw(number: int, label: int) -> Picture:
        one, asked = x[number : number + 1], np.array([label])
        maps = {name: method(net, one, asked)[0] for name, method in METHODS.items()}
        return plots.draw_explanations([(f"for class {label}", x[number, 0], maps)])

    return Explorer(draw, number=whole("picture", 0, 0, len(x) - 1), label=whole("class asked about", 3, 0, 9))


def pair_explorer(features: np.ndarray, labels: np.ndarray, one: int, other: int) -> Explorer:
    """Return two units and two classes over `draw_pair`; `features` is (N, units)."""

    def draw(one: int, other: int, first: int, second: int) -> Picture:
        return plots.draw_pair(features, labels, one, other, [first, second])

    last = features.shape[1] - 1
    return Explorer(
        draw,
        one=whole("unit across", one, 0, last),
        other=whole("unit up", other, 0, last),
        first=whole("digit", 3, 0, 9),
        second=whole("other digit", 8, 0, 9),
    )
