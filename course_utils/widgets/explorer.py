"""The one shape of every interactive figure: controls above, picture below."""

import html
from collections.abc import Callable

import ipywidgets

from course_utils.plots import Picture


class Explorer(ipywidgets.VBox):
    """Controls and the picture that `draw(**values)` makes of their values.

    `controls` maps the argument names of `draw` to ipywidgets with a `value`.
    A ValueError from `draw` is shown as text in place of the picture, so that
    an impossible setting explains itself; the last possible picture stays below it, faded, and nothing jumps.
    """

    def __init__(self, draw: Callable[..., Picture], **controls: ipywidgets.ValueWidget) -> None:
        self._draw = draw
        self.controls = controls
        self.output = ipywidgets.HTML()
        self._last = ""
        for control in controls.values():
            control.observe(self._update, names="value")
        self._update()
        super().__init__([ipywidgets.VBox(list(controls.values())), self.output])

    def __repr__(self) -> str:
        """Return the settings: a widget's own form would carry the whole picture as text."""
        return f"Explorer({', '.join(f'{name}={value!r}' for name, value in self.values().items())})"

    def values(self) -> dict[str, object]:
        """Return the present value of each control by its name."""
        return {name: control.value for name, control in self.controls.items()}

    def _update(self, _change: object = None) -> None:
        try:
            self._last = self._draw(**self.values())._repr_html_()
            self.output.value = self._last
        except ValueError as error:
            alert = f'<p role="alert"><b>Not possible:</b> {html.escape(str(error))} Before that:</p>'
            self.output.value = alert + f'<div style="opacity:0.5">{self._last}</div>'
