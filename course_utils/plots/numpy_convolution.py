"""Figures of lecture 05: loops, arrays in memory, matrices of windows and of weights, costs of each method."""

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Arc, Rectangle

from course_utils.arithmetic import window_taps
from course_utils.plots import OKABE_ITO, Picture, new_figure, picture

RUNNERS = {"P": "Python", "N": "NumPy's own loops", "B": "a matrix product", "F": "a Fourier transform"}
_RUNNER_COLOURS = {"P": "vermillion", "N": "yellow", "B": "sky", "F": "purple"}
_TINTS = ("#BFE0F5", "#F8DFA8", "#B5E0D0", "#EDD3E2")  # pale blue, orange, green, purple: one for each channel
_MOST = 400
_PAPER = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}
_PHASES = {"input": ("sky", ""), "weights": ("orange", "///"), "multiply": ("blue", ".."), "output": ("green", "xx")}


def _cells(
    axes: Axes, texts: np.ndarray, faces: np.ndarray, left: float = 0, top: float = 0, size: float = 9, wide: float = 1
) -> None:
    """Draw a matrix of texts as boxes `wide` by 1, its top left corner at (left, top); y grows downwards."""
    for (row, column), text in np.ndenumerate(texts):
        box = (left + wide * column, top + row)
        axes.add_patch(
            Rectangle(box, wide, 1, facecolor=str(faces[row, column]), edgecolor="0.35", linewidth=0.7, zorder=2)
        )
        axes.text(
            box[0] + wide / 2, box[1] + 0.52, str(text), ha="center", va="center_baseline", fontsize=size, zorder=3
        )


def _drawable(count: int) -> None:
    """Raise ValueError where a figure would have more boxes with a number than anyone can read."""
    if count > _MOST:
        raise ValueError(f"{count:,} numbers are too many for one picture; draw at most {_MOST}")


def _bare(axes: Axes, width: float, height: float, title: str = "") -> None:
    axes.set(xlim=(-0.3, width + 0.3), ylim=(height + 0.3, -0.3), aspect="equal")
    axes.set_axis_off()
    axes.set_title(title, fontsize=10)


def draw_loops(turns: Mapping[str, int], methods: Mapping[str, str]) -> Picture:
    """Draw who runs each loop of a layer, one row for each method.

    `turns` maps a loop's name to how often it turns; `methods` maps a name to one letter of RUNNERS for each loop.
    Raises ValueError where a method has another number of letters, or one that is no runner.
    """
    for name, letters in methods.items():
        if len(letters) != len(turns) or set(letters) - set(RUNNERS):
            raise ValueError(f"{name!r} has runners {letters!r}; give {len(turns)} letters of {', '.join(RUNNERS)}")
    figure, [axes] = new_figure(9.2, 1.35 + 0.36 * len(methods))
    marks = np.array([list(row) for row in methods.values()])
    _cells(axes, marks, np.vectorize(lambda mark: OKABE_ITO[_RUNNER_COLOURS[mark]])(marks), size=11, wide=1.8)
    said = []
    for row, (name, runners) in enumerate(methods.items()):
        python = [count for count, mark in zip(turns.values(), runners, strict=True) if mark == "P"]
        by_python = f"{np.prod(python, dtype=np.int64):,}" if python else "no"
        axes.text(-0.2, row + 0.5, name, ha="right", va="center", fontsize=10)
        axes.text(1.8 * len(turns) + 0.3, row + 0.5, by_python.replace("no", "none"), va="center", fontsize=10)
        said.append(f"{name}: {runners}, {by_python} turns in Python")
    for column, (loop, count) in enumerate(turns.items()):
        axes.text(1.8 * column + 0.9, -0.15, f"{loop}\n{count:,}", ha="center", va="bottom", fontsize=9)
    axes.text(1.8 * len(turns) + 0.3, -0.15, "turns in\nPython", va="bottom", fontsize=9)
    key = ",  ".join(f"{mark} {who}" for mark, who in RUNNERS.items() if (marks == mark).any())
    axes.text(0.9 * len(turns), len(methods) + 0.25, key, ha="center", va="top", fontsize=9)
    axes.set(xlim=(-6.5, 1.8 * len(turns) + 3.2), ylim=(len(methods) + 0.9, -1.3))
    axes.set_axis_off()
    return picture(
        figure,
        f"Who runs each of {len(turns)} loops ({', '.join(f'{loop} {count:,}' for loop, count in turns.items())}), a "
        f"letter for each: {key}. {'; '.join(said)}.",
    )


def draw_view(base: np.ndarray, view: np.ndarray, name: str) -> Picture:
    """Draw a view of a small array: what it sees, and the jumps through memory when it is read in order.

    `base` is a contiguous matrix that holds 0, 1, 2, …, so that each number is its own place in memory.
    Raises ValueError where it is not, or is too large, or where `view` has not one or two axes, or is no view of it.
    """
    if base.ndim != 2 or not base.flags.c_contiguous or not np.array_equal(base.ravel(), np.arange(base.size)):
        raise ValueError("base must be a contiguous matrix that holds 0, 1, 2, … in order")
    if view.ndim not in (1, 2) or not np.shares_memory(base, view):
        raise ValueError(f"{name} must be a view of the base with one or two axes")
    _drawable(base.size + view.size)
    visits = [int(place) for place in view.ravel()]
    seen = np.isin(base, visits)
    rows = np.atleast_2d(view)
    tall, size = max(len(base), len(rows)), base.size
    figure, [axes] = new_figure(8.8, 2.2 + 0.31 * tall)
    faces = np.where(seen, _TINTS[0], "white")
    _cells(axes, base, faces, 2, 0)
    _cells(axes, rows, np.full(rows.shape, _TINTS[0]), size - 2 - rows.shape[1], 0)
    strip = tall + 3.6
    _cells(axes, base.reshape(1, -1), faces.reshape(1, -1), 0, strip)
    for start, end in itertools.pairwise(visits):
        jump = end - start
        high = 0.6 + 2.2 * min(abs(jump), 20) / 20
        colour, style = ("blue", "-") if jump > 0 else ("vermillion", "--")
        axes.add_patch(
            Arc(
                ((start + end + 1) / 2, strip), abs(jump), 2 * high, theta1=180, theta2=360,
                color=OKABE_ITO[colour], linestyle=style, linewidth=1.1,
            )
        )  # fmt: skip
    axes.text(2 + base.shape[1] / 2, -0.2, "the array x", ha="center", va="bottom", fontsize=10)
    title = f"{name}: shape {view.shape}, strides {view.strides}"
    axes.text(size - 1, -0.2, title, ha="right", va="bottom", fontsize=10)
    axes.text(size / 2, strip + 1.2, "memory, one box a number; forward jumps solid, backward jumps dashed",
              ha="center", va="top", fontsize=9)  # fmt: skip
    axes.set(xlim=(-0.3, size + 0.3), ylim=(strip + 2.2, -1.2))
    axes.set_axis_off()
    jumps = sorted({end - start for start, end in itertools.pairwise(visits)})
    return picture(
        figure,
        f"{name} has shape {view.shape} and strides {view.strides}. It sees {int(seen.sum())} of {size} stored "
        f"numbers, in the order {', '.join(map(str, visits))}; "
        f"the jumps in memory are {', '.join(map(str, jumps)) or 'none'}.",
    )


def draw_window_matrix(channels: int, length: int, kernel_size: int, stride: int = 1) -> Picture:
    """Draw a signal of some channels and the matrix of its windows, one row for each place, channel by channel.

    The numbers are 0, 1, 2, … through the signal. Raises ValueError as `window_taps` does, beyond four channels, and
    where the picture would be too large.
    """
    if not 1 <= channels <= len(_TINTS):
        raise ValueError(f"the signal has {channels} channels; 1 to {len(_TINTS)} can be drawn")
    taps = window_taps(length, kernel_size, stride)
    _drawable(channels * (length + taps.size))
    owner = np.repeat(np.arange(channels), kernel_size)
    matrix = owner * length + np.tile(taps, channels)
    figure, panels = new_figure(
        9.2, 0.9 + 0.3 * max(channels, len(matrix)), 1, 2, width_ratios=[length, matrix.shape[1]]
    )
    tints = np.array(_TINTS)
    signal = np.arange(channels * length).reshape(channels, length)
    _cells(panels[0], signal, np.repeat(tints[:channels], length).reshape(signal.shape))
    _cells(panels[1], matrix, np.tile(tints[owner], (len(matrix), 1)))
    _bare(panels[0], length, len(matrix), f"signal: {channels} channels × {length}")
    _bare(panels[1], matrix.shape[1], len(matrix), f"windows: {len(matrix)} places × ({channels} · {kernel_size})")
    ratio = matrix.size / signal.size
    return picture(
        figure,
        f"A signal of {channels} channels and {length} places holds {signal.size} numbers. Its matrix of windows, "
        f"{kernel_size} wide and {stride} apart, has {len(matrix)} rows of {matrix.shape[1]} numbers, channel after "
        f"channel: {matrix.size} numbers, {ratio:.2f} times as many. "
        f"The first row is {', '.join(map(str, matrix[0]))}.",
    )


def draw_two_matrices(weights: np.ndarray, windows: np.ndarray, kernel: Sequence[str]) -> Picture:
    """Draw one convolution as a matrix of weights times the signal, and as a matrix of windows times the kernel.

    `weights` (outputs, inputs) holds in each entry the number of a tap from 1, or 0; `windows` (outputs, taps) holds
    the number of an input; `kernel` names the taps.
    """
    figure, panels = new_figure(
        9.2, 0.8 + 0.32 * max(weights.shape), 1, 2, width_ratios=[weights.shape[1] + 2, windows.shape[1] + 2]
    )
    _drawable(weights.size + windows.size)
    names = np.array(["", *kernel])
    tints = np.array(["white", *_TINTS])
    inputs = np.array([[f"$x_{{{number}}}$"] for number in range(weights.shape[1])])
    _cells(panels[0], names[weights], tints[weights])
    _cells(panels[0], inputs, np.full(inputs.shape, "white"), weights.shape[1] + 1)
    _cells(panels[1], inputs[windows, 0], np.full(windows.shape, "white"))
    column = names[1:, None]
    _cells(panels[1], column, tints[1 : len(kernel) + 1, None], windows.shape[1] + 1)
    tall = max(weights.shape)
    _bare(panels[0], weights.shape[1] + 2, tall, "matrix of weights × signal")
    _bare(panels[1], windows.shape[1] + 2, tall, "matrix of windows × kernel")
    filled = int((weights > 0).sum())
    return picture(
        figure,
        f"The same {len(weights)} outputs as two products. Left, a matrix of {weights.shape[0]} by {weights.shape[1]} "
        f"that holds the taps {', '.join(kernel)} in bands, {filled} of {weights.size} entries, times the signal. "
        f"Right, a matrix of {windows.shape[0]} by {windows.shape[1]} full of inputs, {len(np.unique(windows))} "
        f"different ones, times the kernel.",
    )


def draw_layouts(channels: int, height: int, width: int, kernel_size: int, row: int, column: int) -> Picture:
    """Draw which places in memory one window reads, with the channels first (C H W) and with the channels last (H W C).

    Raises ValueError where the window does not lie inside the picture, or the picture is too large to draw.
    """
    if not (0 <= row <= height - kernel_size and 0 <= column <= width - kernel_size):
        raise ValueError(
            f"a window of {kernel_size}×{kernel_size} at row {row}, column {column} "
            f"leaves a picture of {height}×{width}"
        )
    _drawable(channels * height * width)
    down, across = slice(row, row + kernel_size), slice(column, column + kernel_size)
    places = np.arange(channels * height * width)
    reads = {
        "channels first, C H W": places.reshape(channels, height, width)[:, down, across],
        "channels last, H W C": places.reshape(height, width, channels)[down, across],
    }
    figure, panels = new_figure(9.2, 2.5, 2, 1)
    said = []
    for axes, (name, read) in zip(panels, reads.items(), strict=True):
        flat = np.sort(read.ravel())
        runs = np.split(flat, np.flatnonzero(np.diff(flat) > 1) + 1)
        axes.add_patch(Rectangle((0, 0), len(places), 1, facecolor="white", edgecolor="0.4"))
        for run in runs:
            axes.add_patch(
                Rectangle((run[0], 0), len(run), 1, facecolor=OKABE_ITO["blue"], edgecolor="white", linewidth=1.0)
            )
        longest = max(map(len, runs))
        words = f"{len(runs)} runs of {longest}" if len(runs) > 1 else f"1 run of {longest}"
        axes.set_title(f"{name}: {words} numbers", fontsize=10)
        axes.set(xlim=(-0.5, len(places) + 0.5), ylim=(-0.1, 1.1), yticks=[])
        axes.spines["left"].set_visible(False)
        said.append(f"{name} {words}, from place {flat[0]} to {flat[-1]}")
    panels[1].set_xlabel("place in memory")
    return picture(
        figure,
        f"The {flat.size} numbers that a window of {kernel_size} by {kernel_size} reads at row {row}, column {column} "
        f"of a picture of {channels} channels, {height} by {width}: {'; '.join(said)}.",
    )


def draw_row_products(height: int, width: int, kernel_size: int) -> Picture:
    """Draw the windows along the rows of a one-channel picture, and the blocks of them that each kernel row multiplies.

    The numbers are 0, 1, 2, … through the picture. Raises ValueError as `window_taps` does for either side,
    and where the picture would be too large.
    """
    taps, down = window_taps(width, kernel_size), len(window_taps(height, kernel_size))
    _drawable(height * (width + taps.size))
    matrix = (np.arange(height)[:, None, None] * width + taps).reshape(-1, kernel_size)
    across, tall = len(taps), len(matrix)
    figure, [axes] = new_figure(8.6, 0.9 + 0.27 * tall)
    tints = np.array(_TINTS)
    rows = np.arange(height) % 2  # every second picture row is tinted, to find it again in the matrix
    picture_faces = np.repeat(np.where(rows, tints[0], "white"), width).reshape(height, width)
    _cells(axes, np.arange(height * width).reshape(height, width), picture_faces, 0, (tall - height) / 2, 8)
    matrix_faces = np.repeat(np.where(rows, tints[0], "white"), across * kernel_size).reshape(matrix.shape)
    _cells(axes, matrix, matrix_faces, width + 4, 0, 8)
    for block in range(kernel_size):
        top, bottom, line = across * block, across * (block + down), width + kernel_size + 5 + 1.9 * block
        axes.plot([line, line], [top + 0.1, bottom - 0.1], color=OKABE_ITO["black"], linewidth=2)
        axes.plot([line - 0.2, line + 0.2], [top + 0.1] * 2, color=OKABE_ITO["black"], linewidth=2)
        axes.plot([line - 0.2, line + 0.2], [bottom - 0.1] * 2, color=OKABE_ITO["black"], linewidth=2)
        axes.text(line + 0.25, top + 0.2, f"p = {block}", fontsize=9, va="top")
    axes.text(width / 2, (tall - height) / 2 - 0.3, f"picture, {height}×{width}", ha="center", va="bottom", fontsize=10)
    axes.text(
        width + 4 + kernel_size / 2,
        -0.3,
        f"windows along rows, {tall}×{kernel_size}",
        ha="center",
        va="bottom",
        fontsize=10,
    )
    text = f"block p, {across * down} matrix rows,\ntimes row p of the kernel;\nadd the {kernel_size} products"
    axes.text(width + kernel_size + 5 + 1.9 * kernel_size, tall / 2, text, va="center", fontsize=10)
    axes.set(xlim=(-0.3, width + kernel_size + 14 + 1.9 * kernel_size), ylim=(tall + 0.3, -1.4), aspect="equal")
    axes.set_axis_off()
    full = across * down * kernel_size**2
    starts = ", ".join(str(across * block) for block in range(kernel_size))
    return picture(
        figure,
        f"A picture of {height} by {width} and its windows along rows, a matrix of {tall} by {kernel_size} numbers. "
        f"{kernel_size} overlapping blocks of {across * down} matrix rows, from row {starts} on, are multiplied by one "
        f"kernel row each and added. The matrix holds {matrix.size} numbers, the full matrix of windows {full}.",
    )


def draw_curves(curves: Mapping[str, Mapping[int, float]], x: str, y: str) -> Picture:
    """Draw a few curves over the side of a kernel on a logarithmic axis, and say where each crosses the first one."""
    figure, [axes] = new_figure(7.5, 3.5)
    first = next(iter(curves.values()))
    said = []
    for (name, curve), marker, line in zip(curves.items(), "osD^", ("-", "--", ":", "-."), strict=False):
        axes.plot(list(curve), list(curve.values()), line, marker=marker, markersize=4, label=name)
        below = [side for side in curve if curve[side] < first[side]]
        if curve is not first:
            said.append(f"{name} is cheaper from {below[0]} on" if below else f"{name} is never cheaper")
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.set(xlabel=x, ylabel=y)
    axes.legend(frameon=False, fontsize=9)
    start, name = min(first), next(iter(curves))
    return picture(
        figure, f"{y} over {x}. {name} begins at {first[start]:g} for {start}. Compared with it: {'; '.join(said)}."
    )


def _bytes(count: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:,.3g} TB"


def draw_needs(needs: Mapping[str, int], layer: str) -> Picture:
    """Draw the memory that each method needs, in bytes, on a logarithmic axis; `layer` is the title."""
    figure, [axes] = new_figure(8.6, 0.9 + 0.36 * len(needs))
    names, values = list(needs), [max(1, value) for value in needs.values()]
    stored = [name.startswith("stored") for name in names]
    bars = axes.barh(names, values, color=[OKABE_ITO["green" if own else "blue"] for own in stored])
    for bar, own in zip(bars, stored, strict=True):
        bar.set(hatch="///" if own else "", edgecolor="white")
    axes.bar_label(bars, [_bytes(value) for value in needs.values()], padding=4, fontsize=9)
    axes.set(xscale="log", xlabel="bytes, logarithmic", xlim=(min(values) / 3, max(values) * 30))
    axes.invert_yaxis()
    axes.set_title(layer, fontsize=10)
    said = ", ".join(f"{name} {_bytes(value)}" for name, value in needs.items())
    return picture(figure, f"Memory for {layer}, on a logarithmic axis: {said}.")


def _short(ratio: float) -> str:
    return f"{ratio:,.0f}" if ratio >= 100 else f"{ratio:.3g}"


def draw_ratios(samples: Mapping[str, Sequence[float]]) -> Picture:
    """Draw how many times torch's time each method took: the median and the spread of its samples."""
    figure, [axes] = new_figure(8.6, 1.0 + 0.36 * len(samples))
    axes.axvline(1, color=OKABE_ITO["black"], linestyle="--", linewidth=1)
    said = []
    for row, (name, ratios) in enumerate(samples.items()):
        middle, least, most = float(np.median(ratios)), min(ratios), max(ratios)
        axes.plot([least, most], [row, row], color=OKABE_ITO["sky"], linewidth=6, solid_capstyle="butt")
        axes.plot(middle, row, "D", color=OKABE_ITO["blue"], markersize=6)
        axes.text(1.25 * most, row, _short(middle), va="center", fontsize=9)
        said.append(f"{name} {_short(middle)} ({_short(least)} to {_short(most)})")
    axes.set(xscale="log", yticks=range(len(samples)), yticklabels=list(samples))
    axes.set_ylim(-0.6, len(samples) - 0.4)
    axes.set_xlim(right=6 * max(max(ratios) for ratios in samples.values()))
    axes.set_xlabel("times torch's time, logarithmic (dashed: torch itself)")
    axes.invert_yaxis()
    return picture(figure, f"Processor time of each method over torch's, median and spread: {'; '.join(said)}.")


def draw_phases(phases: Mapping[str, Mapping[str, float]]) -> Picture:
    """Draw what each method spends its time on, as a stack of bars in units of torch's whole time.

    Each inner mapping has some of the keys input, weights, multiply, output.
    """
    figure, [axes] = new_figure(8.6, 1.3 + 0.42 * len(phases))
    left = np.zeros(len(phases))
    for part, (colour, hatch) in _PHASES.items():
        spent = np.array([steps.get(part, 0.0) for steps in phases.values()])
        if spent.any():
            axes.barh(
                list(phases), spent, left=left, color=OKABE_ITO[colour], hatch=hatch, edgecolor="white", label=part
            )
        left += spent
    for row, total in enumerate(left):
        axes.text(total + 0.01 * left.max(), row, f"{total:.2f}", va="center", fontsize=9, bbox=_PAPER)
    axes.axvline(1, color=OKABE_ITO["black"], linestyle="--", linewidth=1)
    axes.set(xlabel="times torch's time (dashed: torch itself)", xlim=(0, 1.12 * max(1, left.max())))
    axes.invert_yaxis()
    figure.legend(loc="outside upper center", ncols=4, frameon=False, fontsize=9)
    said = "; ".join(
        f"{name} {', '.join(f'{part} {time:.2f}' for part, time in steps.items())}" for name, steps in phases.items()
    )
    return picture(figure, f"Where the time goes, in units of torch's whole time: {said}.")


def draw_shares(layers: Mapping[str, Mapping[str, float]]) -> Picture:
    """Draw several quantities of each layer, each as a share of the first layer's."""
    figure, [axes] = new_figure(8.6, 1.2 + 0.62 * len(layers))
    first = next(iter(layers.values()))
    tall = 0.8 / len(first)
    said = []
    for number, (what, colour, hatch) in enumerate(
        zip(first, ("blue", "orange", "green"), ("", "///", ".."), strict=False)
    ):
        shares = [layer[what] / first[what] for layer in layers.values()]
        places = np.arange(len(layers)) + tall * (number - (len(first) - 1) / 2)
        bars = axes.barh(
            places, shares, 0.92 * tall, color=OKABE_ITO[colour], hatch=hatch, edgecolor="white", label=what
        )
        axes.bar_label(bars, [f"{share:.3f}" for share in shares], padding=3, fontsize=9)
        said.append(f"{what}: {', '.join(f'{name} {share:.3f}' for name, share in zip(layers, shares, strict=True))}")
    axes.set(yticks=range(len(layers)), yticklabels=list(layers))
    axes.set_xlim(0, 1.12 * max(max(layer[what] / first[what] for what in first) for layer in layers.values()))
    axes.set_xlabel(f"share of the first layer, {next(iter(layers))}")
    axes.invert_yaxis()
    figure.legend(loc="outside upper center", ncols=3, frameon=False, fontsize=9)
    return picture(figure, f"What layers cost, as shares of {next(iter(layers))}. {'; '.join(said)}.")
