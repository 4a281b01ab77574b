"""Figures of lecture 07: shared uses, routed gradients, finite differences, up-sampling, a training run."""

import itertools
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator
from torch.nn import functional as F

from course_utils.arithmetic import window_taps
from course_utils.plots.picture import OKABE_ITO, Picture, new_figure, picture

TARGETS = ("a weight", "an input", "the bias")
OPERATIONS = ("max", "mean")
# The worked example is the one of CS231n's notes on pooling; in the others the maximum is not unique.
PLANES = {
    "worked example": ((1, 1, 2, 4), (5, 6, 7, 8), (3, 2, 1, 0), (1, 2, 3, 4)),
    "flat patches": ((1, 1, 0, 0), (1, 1, 0, 0), (0, 0, 2, 2), (0, 0, 2, 2)),
    "two equal peaks": ((9, 0, 0, 9), (0, 0, 0, 0), (0, 9, 9, 0), (0, 0, 0, 0)),
}
_TAPS = ("blue", "vermillion", "green", "purple", "black")
_STYLES = ("-", "--", "-.", ":", "-")


def _bare(axes: Axes, title: str) -> None:
    axes.set_title(title, fontsize=10)
    axes.set(xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set_visible(False)


def _grid(axes: Axes, values: np.ndarray, texts: Sequence[Sequence[str]], title: str, low: float, high: float) -> None:
    """Draw a table of coloured cells with their texts; NaN is an empty white cell."""
    axes.imshow(values, cmap="cividis", vmin=low, vmax=high if high > low else low + 1)
    rows, columns = values.shape
    for row, column in np.ndindex(rows, columns):
        dark = values[row, column] < (low + high) / 2 or high <= low
        color = "white" if dark else "black"
        axes.text(column, row, texts[row][column], ha="center", va="center", fontsize=9, color=color)
    for edge in range(rows + 1):
        axes.axhline(edge - 0.5, color="white", lw=1)
    for edge in range(columns + 1):
        axes.axvline(edge - 0.5, color="white", lw=1)
    _bare(axes, title)


def _number(value: float) -> str:
    text = "" if np.isnan(value) else f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _uses(taps: np.ndarray, target: str, index: int, n: int) -> list[tuple[int, int]]:
    """Return the (output, tap) pairs that the gradient of the target sums over; the bias has tap -1."""
    outputs, kernel_size = taps.shape
    if target not in TARGETS:
        raise ValueError(f"no target {target!r}; there are {', '.join(TARGETS)}")
    if target == "the bias":
        return [(output, -1) for output in range(outputs)]
    count, name = (kernel_size, "weight") if target == "a weight" else (n, "input")
    if not 0 <= index < count:
        raise ValueError(f"there is no {name} {index}: they are numbered 0 to {count - 1}")
    if target == "a weight":
        return [(output, index) for output in range(outputs)]
    return [(int(output), int(tap)) for output, tap in np.argwhere(taps == index)]


def draw_uses(n: int, kernel_size: int, stride: int, target: str, index: int) -> Picture:
    """Draw a 1-D layer as a graph, with every use of one weight, one input or the bias, and the gradient as their sum.

    `target` is one of TARGETS. Raises ValueError as `window_taps` does, where the target does not exist, and for
    kernels of more than 5 taps.
    """
    if kernel_size > len(_TAPS):
        raise ValueError(f"kernel_size is {kernel_size}; this picture has lines for up to {len(_TAPS)} taps")
    taps = window_taps(n, kernel_size, stride)
    uses = _uses(taps, target, index, n)
    figure, [axes] = new_figure(9.0, 3.5)
    for (output, tap), source in np.ndenumerate(taps):
        mine = (output, tap) in uses
        line = {"color": OKABE_ITO[_TAPS[tap]], "ls": _STYLES[tap], "lw": 2.6} if mine else {"color": "0.8", "lw": 0.9}
        end = taps[output].mean()
        axes.plot([source, end], [1.0, 0.0], zorder=2 if mine else 1, **line)  # type: ignore[arg-type]
        if mine:
            place, high = (
                (0.5 * source + 0.5 * end, 0.5) if target == "a weight" else (0.35 * source + 0.65 * end, 0.35)
            )
            paper = {"facecolor": "white", "edgecolor": "none", "pad": 2.5}
            label = f"$w_{{{tap}}}$"
            axes.text(place, high, label, ha="center", va="center", color=line["color"], bbox=paper, zorder=3)
    touched = {int(taps[output, tap]) for output, tap in uses if tap >= 0}
    for place in range(n):
        face = OKABE_ITO["sky"] if place in touched else "white"
        axes.add_patch(Rectangle((place - 0.3, 0.9), 0.6, 0.2, facecolor=face, edgecolor="0.3", zorder=4))
        axes.text(place, 1.0, f"$x_{{{place}}}$", ha="center", va="center", zorder=5)
    for output, row in enumerate(taps):
        face = OKABE_ITO["orange"] if output in {use[0] for use in uses} else "white"
        axes.plot(row.mean(), 0, "o", markersize=24, markerfacecolor=face, markeredgecolor="0.3", zorder=4)
        axes.text(row.mean(), 0, f"$y_{{{output}}}$", ha="center", va="center", zorder=5)
        axes.text(row.mean(), -0.26, rf"$\delta_{{{output}}}$", ha="center", va="center")
    name = {"a weight": f"w_{{{index}}}", "an input": f"x_{{{index}}}", "the bias": "b"}[target]
    other = {"a weight": lambda o, t: f"x_{{{taps[o, t]}}}", "an input": lambda o, t: f"w_{{{t}}}"}
    terms = [rf"\delta_{{{o}}}" + (rf"\,{other[target](o, t)}" if target in other else "") for o, t in uses]
    total = " + ".join(terms) or "0"
    axes.set_title(rf"$\partial L/\partial {name} \;=\; {total}$", fontsize=12)
    axes.set(xlim=(-0.6, n - 0.4), ylim=(-0.4, 1.15))
    axes.set_axis_off()
    plain = total.replace(r"\delta", "delta").replace(r"\,", " ").replace("{", "").replace("}", "")
    what = "the bias" if target == "the bias" else f"{target.split()[1]} {index}"
    return picture(
        figure,
        f"A layer with {n} inputs, {kernel_size} taps, stride {stride} and {len(taps)} outputs as a graph. "
        f"Used {len(uses)} times is {what}; its gradient is the sum {plain}.",
    )


def draw_routing(
    plane: Sequence[Sequence[float]], kernel_size: int, stride: int, operation: str = "max", counted: bool = False
) -> Picture:
    """Draw a plane, its pooled values, and where torch sends the gradient; letters name the windows.

    The upstream gradient is 1 for every window, or 1, 2, 3, … where `counted`. Raises ValueError for an operation
    that is not one of OPERATIONS, for a plane that is no matrix, and as `window_taps` does.
    """
    x = torch.tensor(plane, dtype=torch.float64)
    if x.ndim != 2 or operation not in OPERATIONS:
        raise ValueError(f"give a matrix and one of {', '.join(OPERATIONS)}, not {x.ndim} axes and {operation!r}")
    down, across = (window_taps(size, kernel_size, stride) for size in x.shape)
    x.requires_grad_()
    pool = F.max_pool2d if operation == "max" else F.avg_pool2d
    y = pool(x[None, None], kernel_size, stride)[0, 0]
    delta = torch.ones_like(y)
    if counted:
        delta = torch.arange(1.0, y.numel() + 1, dtype=torch.float64).reshape(y.shape)
    y.backward(delta)
    letters = np.array([chr(ord("a") + k) for k in range(y.numel())]).reshape(y.shape)
    readers = [["" for _ in range(x.shape[1])] for _ in range(x.shape[0])]
    for (i, j), letter in np.ndenumerate(letters):
        [one] = torch.autograd.grad(pool(x[None, None], kernel_size, stride)[0, 0, i, j], x)
        for row, column in one.nonzero().tolist():
            readers[row][column] += str(letter)
    assert x.grad is not None
    values, pooled, grad = x.detach().numpy(), y.detach().numpy(), x.grad.numpy()
    figure, panels = new_figure(9.0, 3.4, 1, 3)
    low, high = float(values.min()), float(values.max())
    _grid(panels[0], values, [[_number(v) for v in row] for row in values], "input", low, high)
    for index, (rows, columns) in enumerate(itertools.product(down, across)):
        if index == 0 or stride >= kernel_size:
            corner = (columns[0] - 0.44, rows[0] - 0.44)
            side = kernel_size - 0.12
            panels[0].add_patch(Rectangle(corner, side, side, fill=False, ec=OKABE_ITO["vermillion"], lw=2.5, zorder=3))
    cells = [
        [f"{letter}: {_number(v)}\nδ = {_number(d)}" for letter, v, d in zip(*rows, strict=True)]
        for rows in zip(letters, pooled, delta.numpy(), strict=True)
    ]
    _grid(panels[1], pooled, cells, f"{operation} pool, {kernel_size}×{kernel_size}, stride {stride}", low, high)
    marks = [
        [f"{_number(v)}\n{who}" if who else "0" for v, who in zip(*rows, strict=True)]
        for rows in zip(grad, readers, strict=True)
    ]
    _grid(panels[2], grad, marks, "gradient of the input", 0.0, float(grad.max()))
    rows_said = "; ".join(" ".join(_number(v) or "0" for v in row) for row in grad)
    return picture(
        figure,
        f"{operation.capitalize()} pooling of a {x.shape[0]} by {x.shape[1]} input, window {kernel_size}, stride "
        f"{stride}, and its backward pass: {y.numel()} windows send a total of {_number(float(delta.sum()))}, and the "
        f"gradient of the input, row by row, is {rows_said}.",
    )


def draw_differences(
    steps: np.ndarray, errors: Mapping[str, np.ndarray], pairs: Sequence[tuple[float, float]], chosen: int
) -> Picture:
    """Draw the relative error of difference quotients against the step, and the two values that one of them subtracts.

    `errors` maps a name to one error a step; `pairs` holds the function's values on both sides; `chosen` picks a step.
    Raises ValueError where the lengths differ or `chosen` is no step.
    """
    if {len(pairs), *map(len, errors.values())} != {len(steps)} or not 0 <= chosen < len(steps):
        raise ValueError(f"{len(steps)} steps need as many errors and pairs, and a choice among them, not {chosen}")
    figure, (left, right) = new_figure(9.4, 3.7, 1, 2, width_ratios=[1.25, 1])
    said = []
    for (name, error), marker, style in zip(errors.items(), "osD^", ("-", "--", "-.", ":"), strict=False):
        shown = np.where(error > 0, error, np.nan)
        left.plot(steps, shown, style, marker=marker, markersize=4, label=name)
        best = int(np.nanargmin(shown))
        said.append(f"{name} is best at h = {steps[best]:.0e} with {shown[best]:.0e}")
    left.axvline(steps[chosen], color=OKABE_ITO["black"], lw=1)
    left.set(xscale="log", yscale="log", xlabel="step h", ylabel="relative error of the slope", ylim=(1e-13, 10))
    left.minorticks_off()
    left.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), fontsize=9, ncols=3, frameon=False)
    above, below = (f"{value:.17f}" for value in pairs[chosen])
    same = next((i for i, (a, b) in enumerate(zip(above, below, strict=True)) if a != b), len(above))
    for height, name, text in ((0.78, "L at +h", above), (0.62, "L at −h", below)):
        right.text(0.0, height, name, fontsize=9, va="center")
        mono = {"family": "DejaVu Sans Mono", "fontsize": 10, "va": "center"}
        right.text(0.24, height, text[:same], color="0.55", **mono)  # type: ignore[arg-type]
        rest = " " * same + text[same:]
        right.text(0.24, height, rest, color=OKABE_ITO["vermillion"], weight="bold", **mono)  # type: ignore[arg-type]
    right.text(0.0, 0.42, f"h = {steps[chosen]:.0e}", fontsize=10)
    right.text(0.0, 0.29, f"grey: {max(same - 2, 0)} equal decimals, lost in the subtraction", fontsize=9)
    right.text(0.0, 0.18, "coloured and bold: what the slope is made from", fontsize=9)
    right.set(xlim=(0, 1), ylim=(0.1, 0.95))
    right.set_axis_off()
    return picture(
        figure,
        f"Relative error of a slope by finite differences against the step h, both logarithmic: {'; '.join(said)}. "
        f"At h = {steps[chosen]:.0e} the two values that are subtracted agree in {max(same - 2, 0)} decimals.",
    )


def draw_grids(panels: Mapping[str, np.ndarray], numbers: bool = True, shared: bool = True) -> Picture:
    """Draw small arrays (H, W) side by side, with their numbers; `shared` gives all panels one scale of colours."""
    arrays = {name: np.asarray(values, dtype=float) for name, values in panels.items()}
    width = min(9.6, 2.4 * len(arrays))
    figure, axes = new_figure(width, min(2.9, width / len(arrays) + 0.6), 1, len(arrays))
    lows = [float(np.nanmin(values)) for values in arrays.values()]
    highs = [float(np.nanmax(values)) for values in arrays.values()]
    said = []
    for number, (ax, (name, values)) in enumerate(zip(axes, arrays.items(), strict=True)):
        low, high = (min(lows), max(highs)) if shared else (lows[number], highs[number])
        if numbers:
            _grid(ax, values, [[_number(v) for v in row] for row in values], name, low, high)
            rows = "; ".join(" ".join(_number(v) or "0" for v in row) for row in values)
        else:
            reach = high - low if high > low else 1.0
            # 24 steps are enough for the eye, and a third of the bytes.
            ax.imshow(np.round(23 * (values - low) / reach), cmap="cividis", vmin=0, vmax=23, interpolation="nearest")
            _bare(ax, name)
            rows = f"from {_number(lows[number])} to {_number(highs[number])}"
        said.append(f"{' '.join(name.split())}, {values.shape[0]} by {values.shape[1]}: {rows}")
    return picture(figure, f"{len(arrays)} arrays side by side. {'. '.join(said)}.")


def draw_linear(values: Sequence[float], scale: int) -> Picture:
    """Draw where linear up-sampling by a whole `scale` reads its input, for both meanings of `align_corners`.

    Raises ValueError where there are fewer than two values or `scale` is below 2.
    """
    if len(values) < 2 or scale < 2:
        raise ValueError(f"give at least two values and a scale of 2 or more, not {len(values)} and {scale}")
    n = len(values)
    signal = torch.tensor(values, dtype=torch.float64)[None, None]
    places = torch.arange(n, dtype=torch.float64)[None, None]
    figure, panels = new_figure(9.0, 3.0, 1, 2, sharey=True)
    said = []
    for ax, corners in zip(panels, (False, True), strict=True):
        made = F.interpolate(signal, scale_factor=scale, mode="linear", align_corners=corners)[0, 0].numpy()
        read = F.interpolate(places, scale_factor=scale, mode="linear", align_corners=corners)[0, 0].numpy()
        ax.plot(range(n), values, "s-", color=OKABE_ITO["sky"], markersize=11, label="input")
        ax.plot(read, made, "o", color=OKABE_ITO["vermillion"], markersize=6, label="output")
        ax.set(xlabel="place in the input", xticks=range(n), xlim=(-0.5, n - 0.5))
        ax.set_title(f"align_corners={corners}", fontsize=10)
        said.append(f"with align_corners={corners} the outputs are {', '.join(f'{v:.2f}' for v in made)}")
    panels[0].set_ylabel("value")
    panels[0].legend(loc="upper left", frameon=False)
    shown = ", ".join(f"{v:g}" for v in values)
    return picture(figure, f"Linear up-sampling of {shown} by {scale}: {'; '.join(said)}.")


def draw_transposed(matrix: np.ndarray) -> Picture:
    """Draw a matrix (outputs, inputs) and its transpose, and how many entries of each row and column are not zero."""
    figure, panels = new_figure(9.4, 4.0, 1, 2, width_ratios=[1.6, 1])
    said = []
    for ax, (name, values) in zip(panels, {"D": matrix, "D transposed": matrix.T}.items(), strict=True):
        shown = np.where(values != 0, values, np.nan)
        rows, columns = values.shape
        texts = [[_number(v) for v in row] for row in shown]
        _grid(ax, shown, texts, f"{name}: {columns} in, {rows} out", float(np.nanmin(shown)), float(np.nanmax(shown)))
        ax.add_patch(Rectangle((-0.5, -0.5), columns, rows, fill=False, ec="0.4", lw=1, clip_on=False))
        per_row, per_column = np.isfinite(shown).sum(axis=1), np.isfinite(shown).sum(axis=0)
        ax.set_yticks(range(rows), [str(count) for count in per_row])
        ax.set_xticks(range(columns), [str(count) for count in per_column])
        ax.tick_params(length=0, labelcolor=OKABE_ITO["vermillion"])
        ax.set(ylabel="entries in each row (an output)", xlabel="entries in each column (an input)")
        said.append(f"{name}, {rows} by {columns}, has {', '.join(map(str, per_row))} entries in its rows")
    return picture(figure, f"The matrix of a strided convolution beside its transpose. {'; '.join(said)}.")


def _span(counts: Iterable[int]) -> str:
    ordered = sorted(counts)
    return f"{ordered[0]}" if ordered[0] == ordered[-1] else f"{ordered[0]} to {ordered[-1]}"


def draw_overlap(kernel_size: int, stride: int, inputs: int) -> Picture:
    """Draw how many inputs of a transposed convolution write each output: along a line, and on a square.

    Raises ValueError where a number is below 1 or there would be more than 40 outputs.
    """
    if min(kernel_size, stride, inputs) < 1 or (inputs - 1) * stride + kernel_size > 40:
        raise ValueError(f"kernel_size {kernel_size}, stride {stride}, {inputs} inputs: not 1 to 40 outputs a side")
    line = F.conv_transpose1d(torch.ones(1, 1, inputs), torch.ones(1, 1, kernel_size), stride=stride)[0, 0]
    square = torch.ones(1, 1, inputs, inputs), torch.ones(1, 1, kernel_size, kernel_size)
    plane = F.conv_transpose2d(*square, stride=stride)[0, 0].int().numpy()
    counts = line.int().tolist()
    figure, (left, right) = new_figure(9.4, 3.8, 1, 2, width_ratios=[1.5, 1])
    for number in range(inputs):
        hatch, color = ("", "sky") if number % 2 else ("///", "orange")
        box = Rectangle(
            (number * stride - 0.5, number + 0.6), kernel_size, 0.8, fc=OKABE_ITO[color], ec="0.3", hatch=hatch
        )
        left.add_patch(box)
    for place, count in enumerate(counts):
        left.text(place, 0, str(count), ha="center", va="center", fontsize=10 if len(counts) < 20 else 7)
    left.set(xlim=(-0.8, len(counts) - 0.2), ylim=(inputs + 0.8, -0.7), xlabel="output")
    left.set_yticks(range(inputs + 1), ["written", *(f"input {number}" for number in range(inputs))])
    left.tick_params("y", labelsize=9 if inputs < 9 else 7)
    middle = counts[kernel_size - 1 : len(counts) - kernel_size + 1]
    inside = f": inside, written {_span(middle)} times" if middle else ""
    left.set_title(f"kernel_size={kernel_size}, stride={stride}{inside}", fontsize=10)
    right.imshow(plane, cmap="cividis", vmin=0, vmax=plane.max())
    if len(counts) <= 12:
        for (row, column), count in np.ndenumerate(plane):
            color = "white" if count < plane.max() / 2 else "black"
            right.text(column, row, str(count), ha="center", va="center", fontsize=8, color=color)
    _bare(right, f"the same on a square: {_span(plane.flat)} times")
    return picture(
        figure,
        f"A transposed convolution with kernel {kernel_size} and stride {stride} writes {len(counts)} outputs from "
        f"{inputs} inputs. Along a line they are written {', '.join(map(str, counts))} times, on a square "
        f"{_span(plane.flat)} times.",
    )


def draw_training(losses: Sequence[float], errors: Mapping[str, Sequence[float]], kernels: np.ndarray) -> Picture:
    """Draw a training run so far: the loss of each step, error rates after each epoch, and the kernels (C, k, k).

    Each value of `errors` holds one per cent an epoch, the first before any training.
    """
    figure, (left, middle, right) = new_figure(9.6, 3.1, 1, 3, width_ratios=[1.2, 1.2, 1])
    epochs = max(len(curve) for curve in errors.values()) - 1
    left.axhline(np.log(10), color="0.5", ls=":", lw=1)
    left.plot(np.arange(1, len(losses) + 1), losses, color=OKABE_ITO["sky"], lw=0.8)
    means = [float(np.mean(part)) for part in np.array_split(losses, epochs)] if epochs else []
    centres = (np.arange(epochs) + 0.5) * len(losses) / max(epochs, 1)
    left.plot(centres, means, "o-", color=OKABE_ITO["blue"], markersize=4)
    left.set(xlabel="step", ylabel="loss", title="loss (dotted: ln 10)", ylim=(0, 3), xlim=(0, max(len(losses), 1)))
    for (name, curve), style in zip(errors.items(), ("s--", "o-"), strict=False):
        middle.plot(curve, style, markersize=4, label=f"{name}: {curve[-1]:.1f} %")
    middle.set(xlabel="epoch", title="errors in per cent", ylim=(0, 30), xlim=(0, max(epochs, 1) + 0.3))
    middle.xaxis.set_major_locator(MaxNLocator(integer=True))
    middle.legend(frameon=False)
    for axes in (left, middle):
        axes.title.set_fontsize(10)
    _mosaic(right, kernels)
    said = ", ".join(f"{name} {curve[-1]:.1f} per cent wrong" for name, curve in errors.items())
    start = f"the loss starts at {losses[0]:.2f}" if len(losses) else "no step is made yet"
    end = f" and averages {means[-1]:.2f} over the last epoch" if means else ""
    return picture(
        figure, f"Training after {epochs} epochs: {start}{end}; {said}. Beside it the {len(kernels)} kernels."
    )


def _mosaic(axes: Axes, kernels: np.ndarray) -> None:
    count, side, _ = kernels.shape
    columns = int(np.ceil(np.sqrt(count)))
    sheet = np.full((-(-count // columns) * (side + 1) - 1, columns * (side + 1) - 1), np.nan)
    for number, kernel in enumerate(kernels):
        row, column = (side + 1) * (number // columns), (side + 1) * (number % columns)
        sheet[row : row + side, column : column + side] = kernel
    reach = float(np.abs(kernels).max())
    axes.imshow(sheet, cmap="cividis", vmin=-reach, vmax=reach)
    _bare(axes, f"{count} kernels, −{reach:.1f} … {reach:.1f}")
