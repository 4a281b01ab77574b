"""The sliders, lists and boxes of every Explorer, all of one look; the picture changes when a slider is let go."""

from collections.abc import Sequence
from typing import Any

import ipywidgets

STYLE = {"description_width": "11em"}
WIDE = {"width": "32em"}
_LOOK: dict[str, Any] = {"style": STYLE, "layout": WIDE}


def whole(name: str, value: int, least: int, most: int, step: int = 1) -> ipywidgets.IntSlider:
    """Return a slider over whole numbers from `least` to `most`."""
    return ipywidgets.IntSlider(value, least, most, step, description=name, continuous_update=False, **_LOOK)


def real(name: str, value: float, least: float, most: float, step: float) -> ipywidgets.FloatSlider:
    """Return a slider from `least` to `most` in steps of `step`."""
    return ipywidgets.FloatSlider(
        value, min=least, max=most, step=step, description=name, continuous_update=False, **_LOOK
    )


def one_of(name: str, options: Sequence[tuple[str, Any]], value: Any) -> ipywidgets.SelectionSlider:
    """Return a slider over named values: `options` are (what stands there, value)."""
    return ipywidgets.SelectionSlider(options=options, value=value, description=name, continuous_update=False, **_LOOK)


def choice(name: str, options: Sequence[str], value: str | None = None) -> ipywidgets.Dropdown:
    """Return a list to choose from; it begins with `value`, or else with the first option."""
    return ipywidgets.Dropdown(options=options, value=value or options[0], description=name, **_LOOK)


def tick(name: str, value: bool = False) -> ipywidgets.Checkbox:
    """Return a box to tick."""
    return ipywidgets.Checkbox(value=value, description=name, indent=False, layout=WIDE)


def line(name: str, value: str) -> ipywidgets.Text:
    """Return a line of text to edit; it counts when the reader leaves it or presses Enter."""
    return ipywidgets.Text(value, description=name, continuous_update=False, **_LOOK)


def number(name: str, value: int) -> ipywidgets.IntText:
    """Return a whole number to edit, without limits."""
    return ipywidgets.IntText(value=value, description=name, **_LOOK)
