"""Explorers of lecture 04: output size, bottleneck, channel mixing, receptive field."""

from collections.abc import Mapping

import numpy as np

from course_utils.plots import Picture
from course_utils.plots.sizes import draw_bottleneck, draw_channel_mixing, draw_receptive_field, draw_windows
from course_utils.widgets.controls import line, whole
from course_utils.widgets.explorer import Explorer


def output_size_explorer() -> Explorer:
    """Return sliders for n, kernel_size, stride, padding and dilation over `draw_windows`."""
    return Explorer(
        draw_windows,
        n=whole("inputs n", 6, 1, 24),
        kernel_size=whole("kernel_size", 3, 1, 9),
        stride=whole("stride", 2, 1, 6),
        padding=whole("padding", 0, 0, 4),
        dilation=whole("dilation", 1, 1, 4),
    )


def bottleneck_explorer(errors: Mapping[str, np.ndarray]) -> Explorer:
    """Return a slider for the width of the bottleneck; `errors` maps names to `rank_errors` of 192 channels."""

    def draw(reduction: int) -> Picture:
        return draw_bottleneck(reduction, errors)

    return Explorer(draw, reduction=whole("bottleneck r", 16, 1, 192))


def channel_explorer() -> Explorer:
    """Return sliders for channels, kernel size and groups; groups that do not divide the channels are refused."""
    return Explorer(
        draw_channel_mixing,
        in_channels=whole("in_channels", 16, 1, 64),
        out_channels=whole("out_channels", 32, 1, 64),
        kernel_size=whole("kernel_size", 3, 1, 7),
        groups=whole("groups", 4, 1, 64),
    )


def parse_layers(kernel_sizes: str, strides: str, dilations: str) -> list[tuple[int, int, int]]:
    """Return the layers that three lists of whole numbers describe, as (kernel_size, stride, dilation).

    Numbers stand between spaces or commas. Raises ValueError where one is no whole number, where the
    lists differ in length, or where there are no layers or more than six.
    """
    lists: dict[str, list[int]] = {}
    for name, text in (("kernel sizes", kernel_sizes), ("strides", strides), ("dilations", dilations)):
        try:
            lists[name] = [int(word) for word in text.replace(",", " ").split()]
        except ValueError as error:
            raise ValueError(f"{name}: {text!r} holds something that is no whole number") from error
    lengths = {name: len(values) for name, values in lists.items()}
    if len(set(lengths.values())) != 1:
        raise ValueError(
            "each list needs one number for each layer: " + ", ".join(f"{n} {k}" for k, n in lengths.items())
        )
    if not 1 <= lengths["strides"] <= 6:
        raise ValueError(f"there are {lengths['strides']} layers; draw 1 to 6")
    return list(zip(*lists.values(), strict=True))


def receptive_field_explorer() -> Explorer:
    """Return lists of kernel sizes, strides and dilations, an input length and a unit, over `draw_receptive_field`."""

    def draw(kernel_sizes: str, strides: str, dilations: str, n: int, unit: int) -> Picture:
        return draw_receptive_field(parse_layers(kernel_sizes, strides, dilations), n, unit)

    return Explorer(
        draw,
        kernel_sizes=line("kernel sizes", "3 3 3 3"),
        strides=line("strides", "1 1 2 1"),
        dilations=line("dilations", "1 1 1 1"),
        n=whole("inputs n", 21, 1, 40),
        unit=whole("unit", 2, 0, 39),
    )
