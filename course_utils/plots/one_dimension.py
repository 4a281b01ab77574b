"""Figures of lecture 02, one dimension: windows, flips, overlaps, banded matrices, channels."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from course_utils.arithmetic import window_taps
from course_utils.plots.picture import OKABE_ITO, Picture, new_figure, picture

SIGNAL = (1, 4, 2, 0, 3, 5, 1, 2)
KERNEL = (3, 2, -1)

# Shapes on the real line, zero left of 0; the second argument is their width.
SHAPES: dict[str, Callable[[np.ndarray, float], np.ndarray]] = {
    "box": lambda a, width: np.where((a >= 0) & (a < width), 1.0, 0.0),
    "ramp": lambda a, width: np.where((a >= 0) & (a < width), a / width, 0.0),
    "decay": lambda a, width: np.where(a >= 0, np.exp(-np.maximum(a, 0) / width), 0.0),
}
_STEP = 0.01
_LINES = (("blue", "-"), ("vermillion", "--"), ("green", ":"))


def _minus(number: float) -> str:
    """Return a number as it is printed in figures, with a true minus sign."""
    return f"{number + 0.0:g}".replace("-", "\N{MINUS SIGN}")


def _cell(axes: Axes, column: float, row: float, text: str, colour: str = "white", bold: bool = False) -> None:
    edge, width = (OKABE_ITO["black"], 2.2) if bold else ("#888888", 0.8)
    box = Rectangle((column, row), 0.94, 0.74, facecolor=colour, edgecolor=edge, linewidth=width, zorder=3 + bold)
    axes.add_patch(box)
    axes.text(column + 0.47, row + 0.36, text, ha="center", va="center", zorder=5, fontweight="bold" if bold else None)


def _bare(axes: Axes, columns: tuple[float, float], rows: tuple[float, float]) -> None:
    axes.set(xlim=columns, ylim=rows)
    axes.axis("off")


def one_position(
    position: int, flip: bool = False, signal: Sequence[float] = SIGNAL, kernel: Sequence[float] = KERNEL
) -> Picture:
    """Draw the one sum of products that gives the output at `position`, counted from 0.

    `kernel` has an odd number of taps and its middle lies on `position`; `flip` turns it round first, which
    makes a convolution of a cross-correlation. Raises ValueError where the window sticks out of the signal.
    """
    x, w = np.asarray(signal), np.asarray(kernel)
    half = len(w) // 2
    if len(w) % 2 == 0:
        raise ValueError(f"a kernel of {len(w)} taps has no middle; take an odd number")
    if not half <= position < len(x) - half:
        wanted = position - half if position < half else position + half
        raise ValueError(
            f"at place {position} the window asks for x[{wanted}], but the signal has places 0 to {len(x) - 1}"
        )
    taps = w[::-1] if flip else w
    window = x[position - half : position + half + 1]
    outputs = np.convolve(x, w, "valid") if flip else np.correlate(x, w, "valid")
    figure, (axes,) = new_figure(8.6, 3.4)
    _bare(axes, (-2.6, len(x) + 0.1), (-1.0, 4.4))
    rows = (("place", 3.75), ("signal x", 2.95), ("kernel, reversed" if flip else "kernel, as it is", 2.0))
    for label, row in (*rows, ("products", 1.05), ("output", 0.1)):
        axes.text(-0.15, row + 0.36, label, ha="right", va="center")
    for place, value in enumerate(x):
        inside = abs(place - position) <= half
        axes.text(place + 0.47, 4.1, str(place), ha="center", va="center", color="#555555")
        _cell(axes, place, 2.95, _minus(value), OKABE_ITO["sky"] if inside else "white", inside)
        if half <= place < len(x) - half:
            here = place == position
            _cell(axes, place, 0.1, _minus(outputs[place - half]), OKABE_ITO["yellow"] if here else "white", here)
    for offset, (tap, value) in enumerate(zip(taps, window, strict=True)):
        _cell(axes, position - half + offset, 2.0, _minus(tap), "#FFE2B3")
        _cell(axes, position - half + offset, 1.05, _minus(tap * value))
    terms = " + ".join(f"({_minus(tap)})·{_minus(value)}" for tap, value in zip(taps, window, strict=True))
    total = _minus(outputs[position - half])
    axes.text(-2.5, -0.6, f"place {position}:   {terms}  =  {total}", fontsize=12, va="center")
    how = "convolution, kernel reversed" if flip else "cross-correlation, kernel as it is"
    return picture(
        figure,
        f"One position of a {how}: at place {position} the window holds {window.tolist()}, the taps over it are "
        f"{taps.tolist()}, and the sum of products is {total}. All outputs: {outputs.tolist()}.",
    )


def flip_effect(signal: Sequence[float], kernels: Mapping[str, Sequence[float]]) -> Picture:
    """Draw, for each named kernel, the convolution and the cross-correlation of one signal, middle part.

    Raises ValueError where a kernel is longer than the signal.
    """
    for name, kernel in kernels.items():
        if len(kernel) > len(signal):
            raise ValueError(f"kernel {name!r} has {len(kernel)} taps, more than the signal's {len(signal)} places")
    figure, panels = new_figure(9.4, 2.9, 1, len(kernels), sharex=True)
    said = []
    for axes, (name, kernel) in zip(panels, kernels.items(), strict=True):
        flipped, plain = np.convolve(signal, kernel, "same"), np.correlate(signal, kernel, "same")
        gap = np.abs(flipped - plain).max()
        axes.step(range(len(signal)), signal, where="mid", color="#AAAAAA", linewidth=1.2, label="signal")
        axes.plot(flipped, "o-", label="convolution", markersize=7, markerfacecolor="none")
        axes.plot(plain, "x--", label="cross-correlation", markersize=7)
        axes.set_title(f"{name}: {', '.join(_minus(tap) for tap in kernel)}\nlargest difference {gap:g}", fontsize=10)
        axes.set(xlabel="place", xticks=range(0, len(signal), 2))
        said.append(f"{name} {list(kernel)}: {gap:g}")
    panels[0].set_ylabel("value")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3)
    return picture(
        figure,
        "Convolution (circles) and cross-correlation (crosses) of the same signal. "
        f"Largest difference between the two: {'; '.join(said)}.",
    )


def overlap(shift: float, f: str = "box", g: str = "ramp", width: float = 1.0, flip: bool = True) -> Picture:
    """Draw f(a), g moved to `shift`, their product, its area, and that area for every shift.

    `f` (of width 1) and `g` (of `width`) name SHAPES. With `flip` g is reversed, which makes the area
    the convolution s(t) = ∫ f(a) g(t − a) da; without, the cross-correlation ∫ f(a) g(a − t) da.
    Areas are sums over strips of width 0.01. Raises ValueError for an unknown shape or a width not above 0.
    """
    for name in (f, g):
        if name not in SHAPES:
            raise ValueError(f"no shape {name!r}; there are {', '.join(SHAPES)}")
    if width <= 0:
        raise ValueError(f"the width of g is {width:g}: a shape without width has no area to overlap with")
    a = np.arange(-6, 12, _STEP) + _STEP / 2
    fixed = SHAPES[f](a, 1.0)
    shifts = np.round(np.arange(-3, 5.01, 0.05), 2) + 0.0
    areas = np.array([np.sum(fixed * SHAPES[g](t - a if flip else a - t, width)) * _STEP for t in shifts])
    moved = SHAPES[g](shift - a if flip else a - shift, width)
    area = float(np.sum(fixed * moved) * _STEP)
    figure, (top, bottom) = new_figure(8.6, 4.6, 2, 1, sharex=True)
    top.plot(a, fixed, color=OKABE_ITO["blue"], label="f(a)")
    label = "g(t − a), reversed" if flip else "g(a − t), not reversed"
    top.plot(a, moved, "--", color=OKABE_ITO["vermillion"], label=label)
    filled = top.fill_between(a, fixed * moved, facecolor=OKABE_ITO["yellow"], edgecolor="#555555", label="product")
    filled.set(hatch="///", linewidth=0)
    top.set(xlim=(-3, 5), ylim=(0, 1.45), ylabel="value", title=f"t = {shift:g}: area under the product = {area:.3f}")
    top.legend(loc="upper center", ncols=3)
    bottom.plot(shifts, areas, color=OKABE_ITO["green"])
    bottom.plot([shift], [area], "o", color=OKABE_ITO["black"])
    bottom.vlines(shift, 0, area, color=OKABE_ITO["black"], linestyle=":")
    bottom.set(xlabel="a above, t below", ylabel="area at t", ylim=(0, max(1.15 * areas.max(), 0.1)))
    both = float(np.sum(np.minimum(fixed, moved)) * _STEP)
    return picture(
        figure,
        f"A {f} f of width 1 and a {'reversed ' if flip else ''}{g} g of width {width:g} moved to t = {shift:g}. "
        f"The area under their product is {area:.3f}; the region under both curves has area {both:.3f}. "
        f"Below, the area for every t: largest {areas.max():.3f}, at t = {shifts[areas.argmax()]:g}.",
    )


def learned_kernel(kernel: Sequence[float], layers: Mapping[str, Sequence[float]]) -> Picture:
    """Draw a known kernel and its reverse, and over them the weights that each named layer has learned.

    Raises ValueError where a layer has another number of taps.
    """
    known = np.asarray(kernel)
    figure, panels = new_figure(8.6, 3.2, 1, len(layers), sharey=True)
    said = []
    for axes, (name, weights) in zip(panels, layers.items(), strict=True):
        learned = np.asarray(weights)
        if learned.shape != known.shape:
            raise ValueError(f"{name!r} has {learned.size} taps and the kernel {known.size}")
        places = np.arange(len(known))
        axes.bar(places - 0.2, known, 0.38, color=OKABE_ITO["sky"], edgecolor="black", label="kernel of the target")
        axes.bar(places + 0.2, known[::-1], 0.38, color="white", edgecolor="black", hatch="//", label="its reverse")
        axes.plot(places, learned, "D", color=OKABE_ITO["vermillion"], markersize=8, label="learned weight")
        axes.axhline(0, color="black", linewidth=0.8)
        axes.set(title=name, xlabel="tap, as stored", xticks=places)
        away, back = np.abs(learned - known).max(), np.abs(learned - known[::-1]).max()
        said.append(f"{name}: farthest weight {away:.3f} from the kernel, {back:.3f} from its reverse")
    panels[0].set_ylabel("weight")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3)
    return picture(figure, f"Learned weights over the kernel {known.tolist()} and its reverse. {'; '.join(said)}.")


def _heat_map(axes: Axes, matrix: np.ndarray) -> None:
    """Draw a matrix: zeros white, all else in cividis with its number."""
    low, high = min(matrix.min(), 0), max(matrix.max(), 0.001)
    axes.imshow(np.ma.masked_equal(matrix, 0), vmin=low, vmax=high, aspect="equal", cmap="cividis")
    for (row, column), value in np.ndenumerate(matrix):
        dark = value != 0 and (value - low) / (high - low) < 0.55
        colour = "white" if dark else "#999999" if value == 0 else "black"
        axes.text(column, row, _minus(round(float(value), 2)), ha="center", va="center", color=colour, fontsize=9)
    axes.set(xticks=range(matrix.shape[1]), yticks=range(matrix.shape[0]), xlabel="input", ylabel="output")
    axes.set_xticks(np.arange(matrix.shape[1] + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(matrix.shape[0] + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="#CCCCCC", linewidth=0.6)
    axes.tick_params(which="both", length=0)
    axes.spines[:].set_visible(False)


def banded_matrix(
    left: float = 3.0, middle: float = 2.0, right: float = -1.0, stride: int = 1, n: int = 6, padding: int = 1
) -> Picture:
    """Draw a 1-D layer of three taps twice: as wires from inputs to outputs, and as a weight matrix.

    The matrix is what torch's `conv1d` makes of the `n` unit vectors, one column each; `padding` zeros stand
    on each side. Raises ValueError where the window does not fit, an argument is out of range or all taps are 0.
    """
    if left == middle == right == 0:
        raise ValueError("all three taps are 0, and so is every entry of the matrix; give one tap a weight")
    taps = window_taps(n, 3, stride, padding)
    kernel = torch.tensor([[[left, middle, right]]], dtype=torch.float64)
    units = torch.eye(n, dtype=torch.float64)[:, None]
    matrix = torch.nn.functional.conv1d(units, kernel, stride=stride, padding=padding)[:, 0].T.numpy()
    figure, (wires, heat) = new_figure(9.0, 3.9, 1, 2)
    for row, inputs in enumerate(taps):
        top = inputs[1]
        for tap, place in enumerate(inputs):
            if 0 <= place < n:
                colour, line = _LINES[tap]
                wires.plot([place, top], [0, 1], line, color=OKABE_ITO[colour], linewidth=1.8, zorder=1)
        wires.text(top, 1.07, str(row), ha="center", va="bottom")
    for tap, name in enumerate(("left tap", "middle tap", "right tap")):
        colour, line = _LINES[tap]
        value = _minus((left, middle, right)[tap])
        wires.plot([], [], line, color=OKABE_ITO[colour], linewidth=1.8, label=f"{name} {value}")
    wires.plot(taps[:, 1], np.ones(len(taps)), "o", color=OKABE_ITO["black"], markersize=9)
    wires.plot(range(n), np.zeros(n), "s", color=OKABE_ITO["black"], markersize=9)
    for place in range(n):
        wires.text(place, -0.09, str(place), ha="center", va="top")
    least, most = min(0, taps[:, 1].min()), max(n - 1, taps[:, 1].max())
    _bare(wires, (least - 0.6, most + 0.6), (-0.55, 1.3))
    wires.text((least + most) / 2, -0.26, "inputs (squares), outputs (circles)", ha="center", va="top", fontsize=9)
    wires.legend(loc="lower center", ncols=3, fontsize=9, columnspacing=1.0, handlelength=2.2)
    _heat_map(heat, matrix)
    full, distinct = np.count_nonzero(matrix), len(np.unique(matrix[matrix != 0]))
    rows = f"{matrix.shape[0]} × {matrix.shape[1]}"
    heat.set_title(f"{rows} = {matrix.size} entries, {full} not zero,\n{distinct} distinct values", fontsize=10)
    return picture(
        figure,
        f"A layer with taps {left:g}, {middle:g}, {right:g}, stride {stride}, padding {padding}, on {n} inputs, as "
        f"wires and as a {rows} matrix: {full} of {matrix.size} entries are not zero, with {distinct} distinct "
        "values; the non-zero entries form a band down the diagonal.",
    )


def matrix_pattern(matrix: np.ndarray, zoom: int = 24) -> Picture:
    """Draw a large weight matrix, zeros white, and its upper left corner of `zoom` rows and columns.

    Raises ValueError where `matrix` is not two-dimensional or `zoom` is not between 1 and its shorter side.
    """
    if matrix.ndim != 2:
        raise ValueError(f"a matrix has two axes, this has {matrix.ndim}")
    if not 1 <= zoom <= min(matrix.shape):
        raise ValueError(f"zoom is {zoom}; it must lie between 1 and {min(matrix.shape)}")
    figure, (whole, corner) = new_figure(8.2, 3.8, 1, 2)
    shown = np.ma.masked_equal(matrix, 0)
    look = {"vmin": matrix.min(), "vmax": matrix.max(), "cmap": "cividis", "interpolation": "nearest"}
    whole.imshow(shown, **look)
    whole.add_patch(Rectangle((-0.5, -0.5), zoom, zoom, fill=False, edgecolor=OKABE_ITO["vermillion"], linewidth=2))
    image = corner.imshow(shown[:zoom, :zoom], **look)
    figure.colorbar(image, ax=corner, shrink=0.8, label="weight")
    full, distinct = np.count_nonzero(matrix), len(np.unique(matrix[matrix != 0]))
    whole.set(xlabel="input", ylabel="output", title=f"{full:,} of {matrix.size:,} entries not zero")
    corner.set(xlabel="input", title="the framed corner")
    return picture(
        figure,
        f"A weight matrix of {matrix.shape[0]} × {matrix.shape[1]} entries, zeros white: {full:,} of {matrix.size:,} "
        f"are not zero, with {distinct:,} distinct values. Short bands repeat inside longer ones.",
    )


def channel_pairs(channels: int = 3) -> Picture:
    """Draw which kernel channel meets which input channel: as it should be, then with the index c − c′.

    With that index there is a panel for each c that pairs anything, 0 to 2·`channels` − 2.
    Raises ValueError where `channels` is not between 1 and 4.
    """
    if not 1 <= channels <= 4:
        raise ValueError(f"channels is {channels}; the picture holds 1 to 4")
    panels = {"right: c′ with c′": [(k, k) for k in range(channels)]}
    for c in range(2 * channels - 1):
        panels[f"printed, c = {c}"] = [(k, c - k) for k in range(channels) if 0 <= c - k < channels]
    figure, grid = new_figure(9.4, 2.4, 1, len(panels))
    for axes, (title, pairs) in zip(grid, panels.items(), strict=True):
        colour, line = ("green", "-") if title.startswith("right") else ("vermillion", "--")
        for k, j in pairs:
            axes.plot([0, 1], [-k, -j], line, color=OKABE_ITO[colour], linewidth=2)
        for k in range(channels):
            axes.plot([0], [-k], "o", [1], [-k], "s", color=OKABE_ITO["black"], markersize=9)
            axes.text(-0.2, -k, f"w{k}", ha="right", va="center")
            axes.text(1.2, -k, f"x{k}", ha="left", va="center")
        _bare(axes, (-0.75, 1.75), (-channels + 0.4, 0.6))
        axes.set_title(title, fontsize=10)
    lists = "; ".join(f"{title} pairs {pairs}" for title, pairs in panels.items())
    return picture(figure, f"Pairs (kernel channel, input channel) for {channels} channels. {lists}.")
