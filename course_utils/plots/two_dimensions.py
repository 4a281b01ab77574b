"""Figures of lecture 03: windows over a grid, kernels on a photograph, random kernels, activations, the big matrix."""

from collections.abc import Callable

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from scipy.special import expit
from torch.nn import functional as F

from course_utils import filters
from course_utils.data import photograph
from course_utils.plots.picture import OKABE_ITO, Picture, new_figure, picture

GALLERY = ("blur", "blur / 8", "sharpen", "sharpen / 4", "edge", "Sobel", "Prewitt")
ACTIVATIONS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "ReLU": F.relu,
    "GELU": F.gelu,
}
RULES = ("sigmoid", "hard threshold", "ReLU")


def _bare(axes: Axes, title: str) -> None:
    axes.set_title(title, fontsize=10)
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)


def _levels(image: np.ndarray, low: float, high: float) -> np.ndarray:
    """Return the image clipped to low…high in 24 steps: enough for the eye, and a third of the bytes."""
    return np.round(23 * np.clip((image - low) / (high - low), 0, 1)) / 23


def _show_grey(axes: Axes, image: np.ndarray, low: float, high: float, title: str) -> None:
    axes.imshow(_levels(image, low, high), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    _bare(axes, title)


def _grid(axes: Axes, values: np.ndarray, texts: list[list[str]], title: str) -> None:
    """Draw a table of cells with their texts; NaN is an empty white cell."""
    rows, columns = values.shape
    low, high = (np.nanmin(values), np.nanmax(values)) if np.isfinite(values).any() else (0.0, 1.0)
    axes.imshow(values, cmap="cividis", vmin=low, vmax=high if high > low else low + 1)
    for row, column in np.ndindex(rows, columns):
        dark = values[row, column] < (low + high) / 2
        size = 11 if max(rows, columns) < 5 else 9
        axes.text(
            column, row, texts[row][column], ha="center", va="center", fontsize=size, color="white" if dark else "black"
        )
    for edge in range(rows + 1):
        axes.axhline(edge - 0.5, color="white", lw=1)
    for edge in range(columns + 1):
        axes.axvline(edge - 0.5, color="white", lw=1)
    _bare(axes, title)


def _frame(axes: Axes, row: float, column: float, height: int, width: int, colour: str, style: str = "-") -> None:
    box = Rectangle((column - 0.5, row - 0.5), width, height, fill=False, ec=OKABE_ITO[colour], lw=4, ls=style)
    box.set_clip_on(False)
    axes.add_patch(box)


def window_picture(window: int = 1, terms: int = 4, full: bool = False, turn: bool = True) -> Picture:
    """Draw one window of the worked example after its first `terms` products (1 to 4), with the running sum.

    The other arguments and the ValueErrors are those of `filters.worked_window`.
    """
    if not 1 <= terms <= 4:
        raise ValueError(f"terms is {terms}; a 2x2 kernel has the products 1 to 4")
    at = filters.worked_window(window, full, turn)
    image = np.array(filters.WORKED_IMAGE)
    padded = np.pad(image, 1) if full else image
    side = len(padded) - 1
    out = np.full((side, side), np.nan)
    for number in range(1, window):
        done = filters.worked_window(number, full, turn)
        out[done.row, done.column] = done.running_sums()[-1]
    sums = at.running_sums()
    out[at.row, at.column] = sums[terms - 1]
    figure, axes = new_figure(9.0, 3.6, 1, 3, width_ratios=[1.15, 0.8, 1.15])
    _grid(axes[0], padded, [[f"{v:g}" for v in row] for row in padded], "image, with its window")
    _frame(axes[0], at.row, at.column, 2, 2, "vermillion")
    _grid(axes[1], at.weights, [[f"{v:g}" for v in row] for row in at.weights], "kernel, turned" if turn else "kernel")
    p, q = divmod(terms - 1, 2)
    _frame(axes[0], at.row + p, at.column + q, 1, 1, "sky", "--")
    _frame(axes[1], p, q, 1, 1, "sky", "--")
    _grid(axes[2], out, [["" if np.isnan(v) else f"{v:g}" for v in row] for row in out], "output so far")
    _frame(axes[2], at.row, at.column, 1, 1, "vermillion")
    pairs = zip(at.weights.flat, at.values.flat, strict=True)
    products = [f"{w:g}·{x:g}" for w, x in pairs][:terms]
    line = f"{' + '.join(products)} = {sums[terms - 1]:g}"
    figure.suptitle(f"window {window} of {side * side}, product {terms} of 4:   {line}", fontsize=11)
    kind = "turned" if turn else "unturned"
    alt = (
        f"The 3 by 3 image{' with a border of zeros' if full else ''}, the {kind} 2 by 2 kernel and the output. "
        f"Window {window} lies at row {at.row + 1}, column {at.column + 1}; its running sum is {line}."
    )
    return picture(figure, alt)


def reads_picture(reads: dict[tuple[int, int], np.ndarray]) -> Picture:
    """Draw which inputs some hidden units read: `reads` maps a unit (row, column, from 1) to a bool (H, W) array."""
    figure, axes = new_figure(9.0, 2.9, 1, len(reads))
    said = []
    for ax, ((row, column), mask) in zip(axes, reads.items(), strict=True):
        height, width = mask.shape
        texts = [[f"$x_{{{i + 1}{j + 1}}}$" for j in range(width)] for i in range(height)]
        _grid(ax, np.where(mask, 1.0, 0.0), texts, f"$h_{{{row}{column}}}$ reads {mask.sum()} inputs")
        _frame(ax, row - 2, column - 2, 3, 3, "vermillion")
        for i, j in np.ndindex(3, 3):
            if not (0 <= row - 2 + i < height and 0 <= column - 2 + j < width):
                ax.text(column - 2 + j, row - 2 + i, "0", ha="center", va="center", fontsize=9)
        ax.set_xlim(-1.7, width + 0.7)
        ax.set_ylim(height + 0.7, -1.7)
        rows, columns = np.nonzero(mask)
        said.append(
            f"h_{row}{column} reads {mask.sum()} inputs, rows {rows.min() + 1} to {rows.max() + 1}, "
            f"columns {columns.min() + 1} to {columns.max() + 1}"
        )
    return picture(figure, f"A grid of inputs with the 3 by 3 window of some hidden units: {'; '.join(said)}.")


def channels_picture(in_channels: int = 3, out_channels: int = 4, kernel_size: int = 3) -> Picture:
    """Draw a layer as a table of kernel slices: a row for each output channel, a column for each input channel.

    Raises ValueError where a number is below 1 or more than 6 channels are asked for.
    """
    if not (1 <= in_channels <= 6 and 1 <= out_channels <= 6 and kernel_size >= 1):
        raise ValueError(f"draw 1 to 6 channels, not {in_channels} in and {out_channels} out, kernel {kernel_size}")
    figure, (ax,) = new_figure(8.0, 0.9 * out_channels + 1.3)
    colours = ("sky", "orange", "green", "purple", "yellow", "blue")
    for c in range(in_channels):
        ax.add_patch(Rectangle((1.5 * c, -1.4), 1.1, 0.8, fc=OKABE_ITO["black"], alpha=0.15, ec="black"))
        ax.text(1.5 * c + 0.55, -1.0, f"input\nchannel {c}", ha="center", va="center", fontsize=9)
    right = 1.5 * in_channels
    for o in range(out_channels):
        for c in range(in_channels):
            ax.add_patch(Rectangle((1.5 * c, 1.0 * o), 1.1, 0.7, fc=OKABE_ITO[colours[o]], alpha=0.45, ec="black"))
            ax.text(1.5 * c + 0.55, o + 0.35, f"w[{o}, {c}]\n{kernel_size}×{kernel_size}", ha="center", va="center")
            ax.text(1.5 * c + 1.3, o + 0.35, "+", ha="center", va="center", fontsize=13)
        ax.text(right + 0.3, o + 0.35, f"b[{o}]", ha="center", va="center")
        ax.annotate("", (right + 1.5, o + 0.35), (right + 0.7, o + 0.35), arrowprops={"arrowstyle": "->"})
        ax.add_patch(Rectangle((right + 1.6, o), 1.3, 0.7, fc=OKABE_ITO[colours[o]], alpha=0.45, ec="black"))
        ax.text(right + 2.25, o + 0.35, f"output\nchannel {o}", ha="center", va="center", fontsize=9)
    ax.set(xlim=(-0.1, right + 3.0), ylim=(out_channels, -1.5))
    _bare(ax, "each slice is applied to the input channel above it; a row is summed and gets one bias")
    slices, weights = in_channels * out_channels, in_channels * out_channels * kernel_size**2
    alt = (
        f"A table of {out_channels} rows and {in_channels} columns of kernel slices, {slices} in all with {weights} "
        f"weights. Each row is one kernel: its slices are summed over the input channels and get one bias."
    )
    return picture(figure, alt)


def gallery_picture(photo: str = "china", names: tuple[str, ...] = GALLERY, height: int = 72) -> Picture:
    """Draw a photograph and what classic kernels make of it, clipped to 0…255 as a camera would.

    Raises ValueError where `photograph` or `classic_kernel` does.
    """
    figure, axes = new_figure(9.6, 2.3 * ((len(names) + 4) // 4), (len(names) + 4) // 4, 4)
    _show_grey(axes[0], photograph(photo, height), 0, 255, "the photograph")
    said = []
    for ax, name in zip(axes[1:], names, strict=False):
        kernel = filters.classic_kernel(name)
        y = filters.photograph_response(photo, kernel, height)
        white = 100 * float(np.mean(y > 255))
        _show_grey(ax, y, 0, 255, f"{name}\nDC gain {filters.dc_gain(kernel):g}, {white:.0f}% too bright")
        said.append(f"{name}, DC gain {filters.dc_gain(kernel):g}, {white:.0f}% of the pixels above 255")
    for ax in axes[1 + len(names) :]:
        ax.set_visible(False)
    return picture(figure, f"The photograph {photo} and what kernels make of it, clipped to 0…255: {'; '.join(said)}.")


def kernel_picture(
    kernel: tuple[float, ...], photo: str = "china", divide: bool = False, turn: bool = False, height: int = 88
) -> Picture:
    """Draw a 3x3 kernel (nine weights, row by row), its response on a photograph and its gain at each frequency.

    `divide` brings the DC gain to 1 first and raises ValueError where it is 0; `turn` rotates by 180 degrees.
    """
    k = np.array(kernel, dtype=np.float64)
    if k.shape != (9,):
        raise ValueError(f"a 3x3 kernel has nine weights, not {k.size}")
    k = k.reshape(3, 3)
    total = filters.dc_gain(k)
    if divide:
        if abs(total) < 1e-12:
            raise ValueError("the DC gain of this kernel is 0: there is nothing to divide by")
        k = k / total
    k = k[::-1, ::-1] if turn else k
    y = filters.photograph_response(photo, k, height)
    figure, axes = new_figure(9.6, 2.75, 1, 4, width_ratios=[0.75, 1.3, 1.3, 0.95])
    _grid(axes[0], k, [[f"{v:.3g}" for v in row] for row in k], f"kernel, DC gain {filters.dc_gain(k):.3g}")
    low, high = 100 * np.mean(y < 0), 100 * np.mean(y > 255)
    _show_grey(axes[1], y, 0, 255, f"clipped to 0…255\n{low:.0f}% below, {high:.0f}% above")
    reach = max(float(np.abs(y).max()), 1e-9)
    _show_grey(axes[2], y, -reach, reach, f"the same, grey is 0\nblack −{reach:.0f}, white {reach:.0f}")
    gains = filters.gain_map(k)
    image = axes[3].imshow(gains, extent=(-1, 1, 1, -1), vmin=0, cmap="cividis")
    figure.colorbar(image, ax=axes[3], shrink=0.7)
    axes[3].set(title="gain by frequency", xlabel="across, in π", ylabel="down, in π")
    axes[3].title.set_fontsize(10)
    corner = round(filters.frequency_gain(k, np.pi, np.pi), 6)
    alt = (
        f"A kernel with rows {k.round(3).tolist()} on the photograph {photo}: DC gain {filters.dc_gain(k):.3g}, gain "
        f"{corner:.3g} on the finest checkerboard; {low:.0f}% of the responses are below 0 and {high:.0f}% above 255."
    )
    return picture(figure, alt)


def random_picture(
    rows: int = 3, columns: int = 3, seed: int = 0, photo: str = "china", law: str = "normal"
) -> Picture:
    """Draw what 16 random kernels make of a photograph; those that overshoot a step are marked.

    Raises ValueError as `filters.random_kernels` and `photograph` do.
    """
    kernels = filters.random_kernels(16, rows, columns, seed, law)
    flags = filters.overshoots(kernels)
    figure, axes = new_figure(8.4, 7.0, 4, 4)
    for ax, kernel, flag in zip(axes, kernels, flags, strict=True):
        y = filters.photograph_response(photo, kernel, 44)
        low, high = np.percentile(y, [1, 99])
        _show_grey(ax, y, low, max(high, low + 1e-9), "overshoots" if flag else "no overshoot")
        ax.title.set_color(OKABE_ITO["vermillion"] if flag else OKABE_ITO["blue"])
        ax.title.set_fontweight("bold" if flag else "normal")
    figure.suptitle(f"{flags.sum()} of 16 random {rows}×{columns} kernels overshoot a step", fontsize=11)
    where = [str(number + 1) for number in np.flatnonzero(flags)]
    alt = (
        f"The photograph {photo} after 16 random {rows} by {columns} kernels of draw {seed}. {flags.sum()} of them "
        f"overshoot a step and draw its edges: number {', '.join(where) if where else 'none'}."
    )
    return picture(figure, alt)


def overshoot_picture(widths: list[int], rates: list[float], kernels: np.ndarray) -> Picture:
    """Draw step responses of a few random kernels (count, rows, columns), and the measured share that overshoots."""
    figure, axes = new_figure(9.0, 3.2, 1, 2)
    flags = filters.overshoots(kernels)
    for number, (profile, flag) in enumerate(zip(filters.step_profiles(kernels), flags, strict=True)):
        line = np.concatenate([[0.0], profile, [profile[-1]]])
        colour, marker = ("vermillion", "^") if flag else ("blue", "o")
        label = f"{number + 1}: {'overshoots' if flag else 'stays between'}"
        axes[0].plot(line, marker=marker, color=OKABE_ITO[colour], ls="-" if flag else "--", label=label)
    axes[0].legend(fontsize=8)
    axes[0].set(xlabel="position across the step", ylabel="response", title="step responses")
    fine = np.linspace(1, max(widths) + 0.5, 100)
    axes[1].plot(fine, 1 - 1 / fine, color=OKABE_ITO["black"], lw=1, label="1 − 1/k")
    axes[1].plot(widths, rates, "s", color=OKABE_ITO["vermillion"], label="measured")
    for width, rate in zip(widths, rates, strict=True):
        axes[1].annotate(f"{rate:.3f}", (width, rate), (0, -16), textcoords="offset points", fontsize=9)
    axes[1].set(xlabel="kernel width k", ylabel="share of kernels", title="kernels that overshoot a step", ylim=(0, 1))
    axes[1].legend(loc="lower right")
    said = ", ".join(f"{rate:.3f} at width {width}" for width, rate in zip(widths, rates, strict=True))
    alt = (
        f"Left, step responses of {len(flags)} random kernels: {flags.sum()} leave the range of the flat sides. "
        f"Right, the share that does: {said}; all lie close to the curve 1 − 1/k."
    )
    return picture(figure, alt)


def detector_picture(
    threshold: float = 200.0,
    slope: float = 0.02,
    rule: str = "sigmoid",
    kernel: str = "Prewitt",
    photo: str = "china",
    height: int = 96,
) -> Picture:
    """Draw the response of a photograph to a kernel and what a threshold leaves of it.

    `rule` is one of RULES: the sigmoid of slope times (response − threshold), the same as a hard step, or a ReLU
    of response − threshold. Raises ValueError for a slope that is not positive, and for unknown names.
    """
    if slope <= 0:
        raise ValueError(f"slope is {slope}; a detector that fires on strong responses needs a slope above 0")
    if rule not in RULES:
        raise ValueError(f"no rule {rule!r}; there are {', '.join(RULES)}")
    y = filters.photograph_response(photo, filters.classic_kernel(kernel), height)
    over = y - threshold
    left = {"sigmoid": expit(slope * over), "hard threshold": 1.0 * (over > 0), "ReLU": np.maximum(over, 0)}[rule]
    share = 100 * float(np.mean(over > 0))
    figure, axes = new_figure(9.6, 2.9, 1, 3)
    _show_grey(axes[0], photograph(photo, height), 0, 255, "the photograph")
    _show_grey(axes[1], y, -400, 400, f"{kernel} response, grey is 0")
    _show_grey(axes[2], left, 0, max(1.0, float(left.max())), f"{rule} at {threshold:g}: {share:.1f}% above it")
    alt = (
        f"The photograph {photo}, its {kernel} response, and what the rule {rule} leaves at threshold {threshold:g}: "
        f"{share:.1f}% of the responses lie above it, the largest is {y.max():.0f}."
    )
    return picture(figure, alt)


def activations_picture() -> Picture:
    """Draw sigmoid, tanh, ReLU and GELU (left) and their gradients by autograd (right)."""
    figure, axes = new_figure(9.0, 3.3, 1, 2)
    said = []
    for (name, f), style in zip(ACTIVATIONS.items(), ("-", "--", "-.", ":"), strict=True):
        z = torch.linspace(-6, 6, 241, dtype=torch.float64, requires_grad=True)
        y = f(z)
        (gradient,) = torch.autograd.grad(y.sum(), z)
        axes[0].plot(z.detach(), y.detach(), style, lw=2, label=name)
        axes[1].plot(z.detach(), gradient, style, lw=2, label=name)
        said.append(f"{name} {gradient[220].item():.5f}")
    axes[0].set(title="value", xlabel="z", ylim=(-1.3, 3))
    axes[1].set(title="gradient", xlabel="z")
    axes[1].axvline(5, color=OKABE_ITO["black"], lw=0.8)
    axes[0].legend()
    return picture(
        figure,
        f"Four activation functions and their gradients. The gradients at 5 are {', '.join(said)}: "
        "sigmoid and tanh have gone flat, ReLU and GELU have not.",
    )


def matrix_picture(rows: list[str]) -> Picture:
    """Draw the matrix of a 3x3 convolution: `rows` holds the letters a to i, and a dot for each zero."""
    cells = np.array([[np.nan if mark == "." else ord(mark) - 96.0 for mark in row] for row in rows])
    figure, (ax,) = new_figure(5.6, 5.3)
    _grid(
        ax,
        cells,
        [[mark if mark != "." else "" for mark in row] for row in rows],
        "one row an output, one column an input",
    )
    for edge in (2.5, 5.5):
        ax.axhline(edge, color="black", lw=2)
        ax.axvline(edge, color="black", lw=2)
    labels = [f"{i + 1}{j + 1}" for i in range(3) for j in range(3)]
    ax.set_xticks(range(9), [f"$x_{{{label}}}$" for label in labels])
    ax.set_yticks(range(9), [f"$h_{{{label}}}$" for label in labels])
    ax.tick_params(length=0)
    filled = int(np.isfinite(cells).sum())
    alt = (
        f"A {len(rows)} by {len(rows[0])} matrix with {filled} weights and {cells.size - filled} zeros (white), in 3 "
        "by 3 blocks: the two corner blocks off the diagonal are empty, the blocks along each diagonal are equal."
    )
    return picture(figure, alt)
