"""Figures of lecture 11: Inception modules, plain and residual nets in training and at the start, DenseNet."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, Rectangle
from matplotlib.ticker import MaxNLocator
from torch import nn

from course_utils.arithmetic import layer_table
from course_utils.landscape import Start
from course_utils.models.densenet import DensePlan
from course_utils.models.googlenet import InceptionModule, InceptionPlan
from course_utils.models.resnet import TABLE, costs
from course_utils.plots.picture import OKABE_ITO, Picture, new_figure, picture

_LOOKS = (("blue", "o", "-"), ("vermillion", "s", "--"), ("green", "^", "-."), ("purple", "D", ":"))
_BRANCHES = ("one", "three", "five", "pool")
_HATCHES = ("", "///", "...", "xxx", "\\\\")


def _short(count: float) -> str:
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return f"{count:.3g}"


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    axes.add_patch(FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=9, lw=0.9, color="0.45", zorder=1))


def _box(axes: Axes, centre: tuple[float, float], lines: Sequence[str], color: str, width: float = 1.7) -> None:
    x, y = centre
    axes.add_patch(Rectangle((x - width / 2, y - 0.36), width, 0.72, fc=color, ec="0.25", lw=1, zorder=2))
    axes.text(x, y, "\n".join(lines), ha="center", va="center", fontsize=8.5, zorder=3, linespacing=1.25)


def draw_module(plan: InceptionPlan, size: int = 28) -> Picture:
    """Draw an Inception module on maps of size×size as a graph, with channels, parameters and MACs of each layer.

    Raises ValueError where `size` is below 1.
    """
    if size < 1:
        raise ValueError(f"size is {size}; it must be 1 or more")
    with torch.device("meta"):
        module = InceptionModule(plan)
    rows = {row.name: row for row in layer_table(module, (plan.in_channels, size, size)) if row.kind != "ReLU"}
    parameters, macs = (sum(getattr(row, what) for row in rows.values()) for what in ("parameters", "macs"))
    figure, [axes] = new_figure(9.0, 4.5)
    said = []
    for column, branch in enumerate(_BRANCHES):
        layers = [row for name, row in rows.items() if name.split(".")[0] == branch]
        x, before = 2.0 * column, 0.36
        for row in layers:
            last = row is layers[-1]
            y = 2.6 if last else 1.3
            layer = module.get_submodule(row.name)
            kernel = layer.kernel_size[0] if isinstance(layer, nn.Conv2d) else 1
            name = "max pool 3×3" if row.kind == "MaxPool2d" else f"{kernel}×{kernel}"
            cost = [f"{_short(row.parameters)} par., {_short(row.macs)} MAC"] if row.parameters else []
            color = OKABE_ITO["sky"] if kernel > 1 else OKABE_ITO["yellow"] if row.parameters else "0.88"
            _box(axes, (x, y), [f"{name} → {row.output_shape[0]}", *cost], color)
            _arrow(axes, (3.0 + column - 1.5 if before < 0.5 else x, before), (x, y - 0.37))
            before = y + 0.36
        _arrow(axes, (x, before), (3.0 + 0.6 * (column - 1.5), 3.64))
        said.append(" then ".join(f"{row.output_shape[0]}" for row in layers if row.parameters) or "all that came in")
    _box(axes, (3.0, 0.0), [f"input: {plan.in_channels} channels of {size}×{size}"], "white", 3.6)
    _box(axes, (3.0, 4.0), [f"concatenated: {plan.out_channels} channels of {size}×{size}"], "white", 3.9)
    axes.set_title(f"{parameters:,} parameters, {macs:,} MACs", fontsize=11)
    axes.set(xlim=(-1.0, 7.0), ylim=(-0.45, 4.45))
    axes.set_axis_off()
    return picture(
        figure,
        f"An Inception module from {plan.in_channels} to {plan.out_channels} channels on {size} by {size} maps, four "
        f"branches side by side: 1×1 to {said[0]}; 3×3: {said[1]}; {plan.five_kernel}×{plan.five_kernel}: {said[2]}; "
        f"pool: {said[3]}. In all {parameters:,} parameters and {macs:,} MACs.",
    )


def draw_bars(rows: Mapping[str, Mapping[str, float]], unit: str) -> Picture:
    """Draw grouped horizontal bars: for each row a bar of each name, with its number."""
    names = list(next(iter(rows.values())))
    figure, [axes] = new_figure(8.6, 0.9 + 0.2 * (len(names) + 0.6) * len(rows))
    height = 0.8 / len(names)
    for index, name in enumerate(names):
        places = np.arange(len(rows)) + (index - (len(names) - 1) / 2) * height
        values = [row[name] for row in rows.values()]
        color = OKABE_ITO[_LOOKS[index % 4][0]]
        bars = axes.barh(places, values, height * 0.9, color=color, hatch=_HATCHES[index], ec="white", label=name)
        axes.bar_label(bars, [_short(value) for value in values], padding=3, fontsize=8.5)
    axes.set_yticks(range(len(rows)), list(rows))
    axes.invert_yaxis()
    axes.set(xlabel=unit)
    axes.xaxis.set_major_formatter(lambda value, _place: _short(value))
    axes.margins(x=0.12)
    if len(names) > 1:
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=len(names), frameon=False)
    said = "; ".join(f"{row}: " + ", ".join(f"{n} {_short(v)}" for n, v in v_.items()) for row, v_ in rows.items())
    return picture(figure, f"Bars of {unit} for {len(rows)} rows. {said}.")


def _lines(axes: Axes, x: Sequence[float] | np.ndarray, members: Mapping[str, np.ndarray], mark: bool) -> None:
    """Draw each name's curves (points, seeds) thin and their mean bold."""
    for (name, values), (color, marker, style) in zip(members.items(), _LOOKS, strict=False):
        if values.shape[1] > 1:
            axes.plot(x, values, color=OKABE_ITO[color], lw=0.7, alpha=0.55)
        mean = values.mean(axis=1)
        axes.plot(x, mean, style, marker=marker if mark else "", ms=4, color=OKABE_ITO[color], label=name, lw=1.8)


def draw_losses(panels: Mapping[str, Mapping[str, np.ndarray]], smooth: int = 5) -> Picture:
    """Draw loss curves in panels of one scale: each curve (steps, seeds), a mean over `smooth` steps, seeds thin."""
    figure, axes = new_figure(4.3 * len(panels), 3.1, 1, len(panels), sharey=True)
    said = []
    for panel, (title, curves) in zip(axes, panels.items(), strict=True):
        means = {}
        for name, losses in curves.items():
            blocks = losses[: len(losses) // smooth * smooth].reshape(-1, smooth, losses.shape[1])
            means[name] = blocks.mean(axis=1)
            said.append(f"{title} {name} ends near {means[name][-1].mean():.1f}")
        count = len(next(iter(means.values())))
        _lines(panel, smooth * (np.arange(count) + 0.5), means, mark=False)
        panel.axhline(np.log(10), color="0.6", ls=":", lw=1)
        panel.set(title=title, xlabel="step", ylim=(0, 3.6))
        panel.legend(frameon=False, loc="upper right")
    axes[0].set_ylabel("training loss (dotted: ln 10)")
    return picture(
        figure, f"Training loss against step, thin lines for seeds and bold for their mean: {'; '.join(said)}."
    )


def draw_depths(errors: Mapping[str, Mapping[int, Sequence[float]]]) -> Picture:
    """Draw the training error in per cent against depth: for each name a mark for every seed and a line of means."""
    figure, [axes] = new_figure(7.6, 3.4)
    said = []
    for shift, ((name, by_depth), (color, marker, style)) in enumerate(zip(errors.items(), _LOOKS, strict=False)):
        depths, means = list(by_depth), [float(np.mean(values)) for values in by_depth.values()]
        axes.plot(depths, means, style, color=OKABE_ITO[color], label=name)
        for depth, values in by_depth.items():
            places = depth + 0.5 * (shift - 0.5) + np.zeros(len(values))
            axes.plot(places, values, marker, ms=6, mfc="none", color=OKABE_ITO[color])
            said.append(f"{name} {depth}: {min(values):.0f} to {max(values):.0f}")
    axes.axhline(90, color="0.6", ls=":", lw=1)
    axes.set(xlabel="layers", ylabel="training error in % (dotted: chance)", ylim=(-3, 95))
    axes.set_xticks(sorted({depth for by_depth in errors.values() for depth in by_depth}))
    axes.legend(frameon=False, loc="center left")
    return picture(
        figure, f"Training error in per cent against the number of layers, a mark for each seed. {'; '.join(said)}."
    )


def draw_start(starts: Mapping[str, Start]) -> Picture:
    """Draw the norm of each layer's gradient and the size of its output, from the first layer to the last.

    Groups of a `Start` are drawn thin, their geometric mean bold, on logarithmic axes. Raises ValueError for more
    than four nets.
    """
    if len(starts) > len(_LOOKS):
        raise ValueError(f"{len(starts)} nets; this picture tells up to {len(_LOOKS)} apart")
    figure, panels = new_figure(9.4, 3.9, 1, 2)
    said = []
    for axes, what, title in zip(
        panels, ("gradients", "signals"), ("gradient norm", "size of the output"), strict=True
    ):
        for (name, start), (color, marker, style) in zip(starts.items(), _LOOKS, strict=False):
            values = getattr(start, what)
            layers = np.arange(1, len(values) + 1)
            bold = np.exp(np.log(np.maximum(values, 1e-300)).mean(axis=1))
            if values.shape[1] > 1:
                axes.plot(layers, values, color=OKABE_ITO[color], lw=0.6, alpha=0.5)
            every = max(len(values) // 6, 1)
            axes.plot(layers, bold, style, marker=marker, ms=4, markevery=every, color=OKABE_ITO[color], label=name)
            if what == "gradients":
                said.append(f"{name}: {bold[0]:.0e} in layer 1, {bold[-1]:.0e} in layer {len(bold)}")
        axes.set(yscale="log", xlabel="layer, counted from the input", title=f"{title}, layer by layer")
        low, high = (
            10.0 ** round_(np.log10(v)) for round_, v in zip((np.floor, np.ceil), axes.get_ylim(), strict=True)
        )
        axes.set_ylim(low, high)
        axes.minorticks_off()
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.title.set_fontsize(10)
    figure.legend(
        *panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize=9, frameon=False
    )
    return picture(figure, f"Norm of the gradient of each layer before training, by layer. {'; '.join(said)}.")


def draw_walks(steps: Sequence[float] | np.ndarray, walks: Mapping[str, np.ndarray]) -> Picture:
    """Draw the loss along lines through a point, a panel for each name, every line (lines, steps) by its own dashes."""
    figure, axes = new_figure(4.4 * len(walks), 3.0, 1, len(walks))
    said = []
    for panel, (name, losses) in zip(axes, walks.items(), strict=True):
        for line, (color, marker, style) in zip(losses, _LOOKS, strict=False):
            panel.plot(steps, line, style, marker=marker, ms=3, lw=1.2, color=OKABE_ITO[color])
        panel.axvline(0, color="0.7", lw=1, ls=":")
        panel.set(title=name, xlabel="step along a random direction", ylabel="loss")
        panel.title.set_fontsize(10)
        turns = ", ".join(str(_turns(line)) for line in losses)
        said.append(f"{name}: {turns} turns between {losses.min():.1f} and {losses.max():.1f}")
    return picture(
        figure,
        f"Loss along straight lines, steps {steps[0]:g} to {steps[-1]:g}, from the net's weights. {'; '.join(said)}.",
    )


def _turns(curve: np.ndarray) -> int:
    """Return how often a curve changes between up and down."""
    signs = np.sign(np.diff(curve))
    return int((signs[1:] * signs[:-1] < 0).sum())


def draw_surfaces(steps: Sequence[float] | np.ndarray, surfaces: Mapping[str, np.ndarray], row: int = -1) -> Picture:
    """Draw loss surfaces (steps, steps) as maps with contours of their own, and cuts along direction 1 on one scale.

    `row` picks the cut by its place in `steps`; -1 is the centre. Raises ValueError where a surface does not fit the
    steps or the row does not exist.
    """
    row = len(steps) // 2 if row == -1 else row
    if any(surface.shape != (len(steps), len(steps)) for surface in surfaces.values()) or not 0 <= row < len(steps):
        raise ValueError(
            f"{len(steps)} steps need surfaces of as many rows and columns, and a row among them, not {row}"
        )
    figure, axes = new_figure(2.9 * (len(surfaces) + 1), 3.0, 1, len(surfaces) + 1)
    said = []
    for panel, (name, surface), look in zip(axes, surfaces.items(), _LOOKS, strict=False):
        panel.contourf(steps, steps, surface.T, levels=9, cmap="cividis")
        lines = panel.contour(steps, steps, surface.T, levels=5, colors="white", linewidths=0.7)
        panel.clabel(lines, fontsize=7.5)
        color, marker, style = look
        panel.axhline(steps[row], color=OKABE_ITO[color], lw=1.6, ls=style)
        panel.set(
            title=f"{name}: {surface.min():.2f} to {surface.max():.2f}", xlabel="direction 1", ylabel="direction 2"
        )
        panel.title.set_fontsize(10)
        cut = surface[:, row]
        axes[-1].plot(steps, cut, style, marker=marker, ms=4, color=OKABE_ITO[color], label=name)
        said.append(
            f"{name}: from {surface.min():.1f} to {surface.max():.1f}, in the cut {cut.min():.1f} to {cut.max():.1f}"
        )
    top = max(float(surface.max()) for surface in surfaces.values())
    axes[-1].set(
        ylim=(0, top * 1.05), xlabel="direction 1", ylabel="loss", title=f"cut at direction 2 = {steps[row]:+.1f}"
    )
    axes[-1].title.set_fontsize(10)
    axes[-1].legend(frameon=False, fontsize=9)
    return picture(
        figure, f"Loss along two random directions, steps {steps[0]:g} to {steps[-1]:g}, and a cut. {'; '.join(said)}."
    )


def draw_resnet(depth: int, shortcut: str, late_stride: bool = True) -> Picture:
    """Draw where a ResNet's parameters and MACs are, for 224×224 pictures: stem, four stages, classifier.

    Arguments and errors are those of `models.resnet.ResNet`; "none" is the plain net.
    """
    parts = costs(depth, shortcut, late_stride)
    figure, panels = new_figure(9.2, 3.2, 1, 2, sharey=True)
    looks = (("orange", "", [part.parameters for part in parts]), ("sky", "///", [part.macs for part in parts]))
    totals = [sum(values) for *_, values in looks]
    for axes, (color, hatch, values), total, title in zip(
        panels, looks, totals, ("parameters", "multiply-accumulates"), strict=True
    ):
        bars = axes.barh(range(6), values, color=OKABE_ITO[color], ec="0.3", hatch=hatch)
        axes.bar_label(bars, [_short(value) for value in values], padding=3, fontsize=9)
        axes.set_title(f"{total:,} {title}", fontsize=10)
        axes.margins(x=0.2)
        axes.xaxis.set_major_formatter(lambda value, _place: _short(value))
        axes.tick_params("x", labelsize=8)
    repeats = ["", *(f" ({count} blocks)" for count in TABLE[depth][1]), ""]
    shapes = ["×".join(map(str, part.output_shape)) for part in parts]
    ticks = [f"{part.name}{often}\n{shape}" for part, often, shape in zip(parts, repeats, shapes, strict=True)]
    panels[0].set_yticks(range(6), ticks, fontsize=8.5)
    panels[0].invert_yaxis()
    kind = "plain net" if shortcut == "none" else f"ResNet with shortcuts {shortcut}"
    said = "; ".join(f"{part.name} {_short(part.parameters)} and {_short(part.macs)}" for part in parts)
    return picture(
        figure,
        f"A {kind}, of {depth} layers: {totals[0]:,} parameters and {totals[1]:,} multiply-accumulates for 224 by 224. "
        f"Parameters and MACs by part: {said}.",
    )


def draw_dense(plan: DensePlan) -> Picture:
    """Draw the channels of a DenseNet layer by layer: stairs inside a stage, a fall between two.

    Each layer makes as many new maps, drawn in colour; the grey part is handed through.
    """
    figure, [axes] = new_figure(9.0, 3.4)
    place, said, middles = 0, [], []
    for number, ((width, end, kept), layers) in enumerate(zip(plan.channels(), plan.stages, strict=True), start=1):
        places = np.arange(place, place + layers)
        there = width + plan.growth * np.arange(layers)
        axes.bar(places, there, width=1.0, color="0.82", ec="white", lw=0.3)
        axes.bar(places, plan.growth, width=1.0, bottom=there, color=OKABE_ITO["blue"], ec="white", lw=0.3)
        axes.text(place - 0.5, end * 1.03, f"{width} → {end}", ha="left", va="bottom", fontsize=9)
        place += layers
        middles.append(place - (layers + 1) / 2)
        said.append(f"stage {number}, {layers} layers, {width} to {end}")
        if number < len(plan.stages):
            axes.bar([place + 0.5], [kept], width=1.4, color=OKABE_ITO["orange"], hatch="///", ec="white")
            place += 2
    axes.set_xticks(middles, [f"stage {k}\n{layers} layers" for k, layers in enumerate(plan.stages, start=1)])
    axes.set(xlabel="dense layers in order (hatched: what is kept between two stages)", ylabel="channels")
    axes.margins(y=0.14)
    axes.set_title(
        f"{plan.depth} layers with weights; grey: handed through, blue: {plan.growth} new maps a layer", fontsize=10
    )
    return picture(
        figure, f"Channels of a DenseNet of {plan.depth} layers with growth {plan.growth}: {'; '.join(said)}."
    )
