"""One way to make a figure: screen resolution, alternative text, colours that survive colour blindness."""

import base64
import html
import io
from dataclasses import dataclass

import matplotlib as mpl
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

# Okabe and Ito, Color Universal Design (2008): eight colours that stay apart for every kind of colour vision.
OKABE_ITO = {
    "black": "#000000",
    "orange": "#E69F00",
    "sky": "#56B4E9",
    "green": "#009E73",
    "yellow": "#F0E442",
    "blue": "#0072B2",
    "vermillion": "#D55E00",
    "purple": "#CC79A7",
}

_STYLE = {
    "axes.prop_cycle": cycler(color=[OKABE_ITO[name] for name in ("blue", "vermillion", "green", "orange", "purple")]),
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": False,
    "font.size": 10.0,
    "image.cmap": "cividis",
    "image.interpolation": "nearest",
    "legend.frameon": False,
}
_DPI = 90


@dataclass(frozen=True, repr=False)
class Picture:
    """A rendered figure: `png` holds the bytes, `alt` the words for whoever cannot see it."""

    png: bytes
    alt: str

    def _repr_html_(self) -> str:
        """Return an `<img>` element: JupyterLab gives a bare image/png output no alternative text."""
        data = base64.b64encode(self.png).decode()
        alt = html.escape(self.alt, quote=True)
        return f'<img src="data:image/png;base64,{data}" alt="{alt}" style="max-width:100%">'

    def __repr__(self) -> str:
        """Return the alternative text, which is the plain form of the output."""
        return self.alt


def new_figure(
    width: float, height: float, rows: int = 1, columns: int = 1, **grid: object
) -> tuple[Figure, list[Axes]]:
    """Return a figure in the course's style and its axes as a flat list, row by row.

    `width` and `height` are in inches; `grid` goes to `Figure.subplots`.
    The figure is never registered with pyplot, so nothing needs to be closed.
    """
    with mpl.rc_context(_STYLE):  # type: ignore[arg-type]
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(figure)
        figure.get_layout_engine().set(h_pad=0.1)  # type: ignore[union-attr, call-arg]
        axes = figure.subplots(rows, columns, squeeze=False, **grid)  # type: ignore[call-overload]
    return figure, list(axes.flat)


def picture(figure: Figure, alt: str) -> Picture:
    """Render a figure as a Picture.

    Raises ValueError where `alt` says less than a sentence: a reader who cannot see needs what the picture shows.
    """
    if len(alt.split()) < 5:
        raise ValueError(f"alternative text says too little: {alt!r}; name what is drawn and what it shows")
    buffer = io.BytesIO()
    with mpl.rc_context(_STYLE):  # type: ignore[arg-type]
        figure.savefig(buffer, format="png", dpi=_DPI)
    return Picture(buffer.getvalue(), alt)
