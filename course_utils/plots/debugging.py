"""Figures of lecture 15: hidden units, filters, sweeps, what `diagnose` saw, the clinic, and the tree of what to do."""

import math
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, Rectangle

from course_utils.clinic import BRANCHES, TREE, Outcome
from course_utils.diagnostics import Activity, Filters, Report, diagnose
from course_utils.plots.picture import OKABE_ITO, Picture, new_figure, picture

_LOOKS = (("blue", "o", "-"), ("vermillion", "s", "--"), ("green", "^", "-."), ("purple", "D", ":"))


def _told(layer: Activity) -> str:
    correlation = "none left" if math.isnan(layer.correlation) else f"{layer.correlation:.2f}"
    return f"{layer.dead:.0%} dead, mean |corr| {correlation}, variance {layer.variance:.2g}"


def _heat(axes: Axes, layer: Activity, order: np.ndarray, most: int) -> Any:
    """Draw units × samples, each unit divided by its largest absolute value; a dead unit is 0 throughout."""
    matrix = layer.matrix[:most, order]
    matrix = matrix / np.maximum(np.abs(matrix).max(axis=1, keepdims=True), 1e-12)
    image = axes.imshow(matrix, aspect="auto", vmin=min(0.0, float(matrix.min())), vmax=1, cmap="cividis")
    axes.set(xticks=[], yticks=[])
    return image


def draw_units(layers: Mapping[str, Activity], labels: np.ndarray, most: int = 32) -> Picture:
    """Draw the hidden units × samples of each entry, at most `most` units, samples in order of their labels (N,).

    Raises ValueError where there are none, or the labels are not as many as the samples.
    """
    wrong = [name for name, layer in layers.items() if layer.matrix.shape[1] != len(labels)]
    if not layers or wrong:
        raise ValueError(
            f"{len(layers)} layers, {len(labels)} labels; {wrong or 'one layer'} must have as many samples"
        )
    columns = min(3, len(layers))
    rows = -(-len(layers) // columns)
    figure, panels = new_figure(3.3 * columns, 0.4 + 2.1 * rows, rows, columns)
    order, said = np.argsort(labels, kind="stable"), []
    for axes, (name, layer) in zip(panels, layers.items(), strict=False):
        _heat(axes, layer, order, most)
        axes.set_title(f"{name}\n{_told(layer)}", fontsize=8.5)
        said.append(f"{name}: {_told(layer)}")
    for axes in panels[len(layers) :]:
        axes.set_axis_off()
    panels[0].set(xlabel="sample, by label", ylabel="unit")
    return picture(figure, f"Heat maps of hidden units by samples, bright where a unit is on. {'; '.join(said)}.")


def draw_filters(rows: Mapping[str, Filters]) -> Picture:
    """Draw first-layer kernels, a row for each entry; raises ValueError where the rows are of unequal length."""
    counts = {len(each.kernels) for each in rows.values()}
    if len(counts) != 1:
        raise ValueError(f"rows have {sorted(counts)} kernels; each row needs the same number")
    count, said = counts.pop(), []
    figure, panels = new_figure(2.6 + 0.62 * count, 0.3 + 0.72 * len(rows), len(rows), count)
    for row, (name, each) in enumerate(rows.items()):
        top = float(np.abs(each.kernels).max()) + 1e-12
        for column, kernel in enumerate(each.kernels):
            axes = panels[row * count + column]
            axes.imshow(kernel, cmap="cividis", vmin=-top, vmax=top)
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set_visible(False)
        words = f"smoothness {each.smoothness:.2f}, |cosine| {each.cosine:.2f}"
        panels[row * count].set_ylabel(f"{name}\n{words}", rotation=0, ha="right", va="center", fontsize=8.5)
        said.append(f"{name}: {words}")
    return picture(figure, f"{count} first-layer kernels in each of {len(rows)} rows. {'; '.join(said)}.")


def draw_v(steps: Sequence[float] | np.ndarray, errors: Mapping[str, Sequence[float] | np.ndarray]) -> Picture:
    """Draw relative errors of slopes against the step h, both logarithmic, one line for each entry.

    Raises ValueError where a line has not as many points as there are steps.
    """
    figure, [axes] = new_figure(7.6, 3.4)
    said = []
    for (name, values), (colour, marker, style) in zip(errors.items(), _LOOKS, strict=False):
        if len(values) != len(steps):
            raise ValueError(f"{name!r} has {len(values)} points for {len(steps)} steps; they must agree")
        shown = np.maximum(np.asarray(values, dtype=float), 1e-13)
        axes.plot(steps, shown, style, marker=marker, ms=4, color=OKABE_ITO[colour], label=name)
        best = int(np.argmin(shown))
        said.append(f"{name} is best at h = {steps[best]:.0e} with 1e{math.floor(math.log10(shown[best]))}")
    axes.set(xscale="log", yscale="log", xlabel="step h", ylabel="relative error of the slope")
    axes.minorticks_off()
    axes.grid(alpha=0.25)
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return picture(figure, f"Relative error of slopes of a whole net against the step h: {'; '.join(said)}.")


def draw_sweep(losses: Mapping[float, Sequence[float]], chosen: float, chance: float) -> Picture:
    """Draw the loss curves of several rates, one in front, and beside them the last loss of each.

    `chance` is the loss of a guess. Raises ValueError where `chosen` is no rate.
    """
    if chosen not in losses:
        raise ValueError(f"there is no run with rate {chosen}; there are {', '.join(f'{rate:g}' for rate in losses)}")
    top = 3 * chance
    figure, (left, right) = new_figure(9.0, 3.3, 1, 2, width_ratios=[1.5, 1])
    for rate, values in losses.items():
        front = rate == chosen
        clipped = np.clip(np.nan_to_num(values, nan=1e9, posinf=1e9), 1e-4, 2 * top)
        left.plot(clipped, color=OKABE_ITO["blue"] if front else "0.8", lw=2 if front else 1, zorder=3 if front else 1)
    for axes in (left, right):
        axes.axhline(chance, color=OKABE_ITO["vermillion"], ls="--", lw=1)
        axes.set_ylim(0, top)
    left.text(0, chance, " a guess", va="bottom", color=OKABE_ITO["vermillion"])
    left.set(xlabel="step", ylabel="loss", title=f"rate {chosen:g}")
    ends = {rate: float(np.mean(values[-10:])) for rate, values in losses.items()}
    shown = [min(end, top) if math.isfinite(end) else top for end in ends.values()]
    right.plot(list(ends), shown, "o-", color="0.4")
    right.plot([chosen], [shown[list(ends).index(chosen)]], "s", ms=10, mfc="none", mec=OKABE_ITO["blue"], mew=2)
    right.set(xscale="log", xlabel="rate", title="mean of the last ten losses")
    said = ", ".join(
        f"{rate:g} {'no number' if not math.isfinite(end) else f'{end:.2g}'}" for rate, end in ends.items()
    )
    return picture(
        figure,
        f"Loss by step for {len(losses)} learning rates, {chosen:g} in front, and the mean of the last ten losses by "
        f"rate: {said}. A guess has {chance:.2f}.",
    )


def draw_stories(errors: Mapping[str, np.ndarray], every: int) -> Picture:
    """Draw training and validation error (2, looks) of each entry in a panel, a look each `every` steps.

    Raises ValueError where there are none, or an entry has another shape.
    """
    wrong = [name for name, values in errors.items() if np.ndim(values) != 2 or len(values) != 2]
    if not errors or wrong:
        raise ValueError(f"{len(errors)} entries, {wrong or 'none'} of a wrong shape; each must be (2, looks)")
    figure, panels = new_figure(2.4 * len(errors), 2.7, 1, len(errors), sharey=True)
    said = []
    for axes, (name, values) in zip(panels, errors.items(), strict=True):
        for part, line, (colour, marker, style) in zip(("training", "validation"), values, _LOOKS, strict=False):
            axes.plot(
                every * np.arange(len(line)), line, style, marker=marker, ms=4, color=OKABE_ITO[colour], label=part
            )
        axes.axhline(90, color="0.6", ls=":", lw=1)
        axes.set(title=name, xlabel="step", ylim=(-2, 102))
        axes.title.set_fontsize(10)
        said.append(f"{name}: training {values[0][-1]:.0f} %, validation {values[1][-1]:.0f} %")
    panels[0].set_ylabel("per cent wrong")
    panels[0].legend(fontsize=8.5)
    return picture(figure, f"Errors by step, a guess has 90 %. At the end {'; '.join(said)}.")


@dataclass(frozen=True)
class Width:
    """A net of some width: its parameters, MACs and errors in per cent."""

    width: int
    parameters: int
    macs: int
    training: float
    test: float


def draw_widths(nets: Sequence[Width]) -> Picture:
    """Draw training and test error against the parameters; raises ValueError for fewer than two nets."""
    if len(nets) < 2:
        raise ValueError(f"{len(nets)} nets make no curve; give two or more")
    figure, [axes] = new_figure(7.6, 3.4)
    x = [net.parameters for net in nets]
    for name, (colour, marker, style) in zip(("training", "test"), _LOOKS, strict=False):
        y = [getattr(net, name) for net in nets]
        axes.plot(x, y, style, marker=marker, color=OKABE_ITO[colour], label=f"{name} error")
    axes.set(xscale="log", ylabel="per cent wrong", ylim=(0, None), xlabel="parameters (width, MACs)")
    axes.set_xticks(x, [f"{net.parameters:,}\n({net.width}, {net.macs:,})" for net in nets], fontsize=8)
    axes.minorticks_off()
    axes.legend()
    said = "; ".join(
        f"width {net.width}: {net.parameters:,} parameters, {net.macs:,} MACs, {net.training:.0f} and {net.test:.0f} %"
        for net in nets
    )
    return picture(figure, f"Training and test error against parameters on a logarithmic axis. {said}.")


def draw_report(report: Report) -> Picture:
    """Draw what `diagnose` saw: findings by check, hidden units by layer, the small batch, gradients by layer.

    Raises ValueError for a report without findings.
    """
    if not report.findings:
        raise ValueError("the report has no findings; run at least one check")
    figure, panels = new_figure(9.4, 5.4, 2, 2)
    _draw_findings(panels[0], report)
    _draw_layers(panels[1], report)
    if report.descent:
        steps, values = zip(*report.descent, strict=True)
        panels[2].plot(steps, values, "o-", ms=4)
        panels[2].axhline(report.chance_loss, color=OKABE_ITO["vermillion"], ls="--", lw=1)
        panels[2].text(steps[-1], report.chance_loss, "a guess", ha="right", va="bottom", color=OKABE_ITO["vermillion"])
        panels[2].set(xlabel="step", ylabel="loss", ylim=(0, None))
    if report.relative_gradients:
        names, sizes = zip(*report.relative_gradients, strict=True)
        panels[3].plot(np.maximum(sizes, 1e-12), range(len(names)), "D", color=OKABE_ITO["green"])
        shown = [name if len(names) <= 12 or not k % (len(names) // 8) else "" for k, name in enumerate(names)]
        panels[3].set(xscale="log", yticks=range(len(names)), yticklabels=shown, xlabel="gradient / weight")
        low, high = (math.log10(max(size, 1e-12)) for size in (min(sizes), max(sizes)))
        panels[3].set_xlim(10.0 ** math.floor(low - 0.1), 10.0 ** math.ceil(high + 0.1))
        panels[3].minorticks_off()
        panels[3].tick_params("y", labelsize=7.5)
        panels[3].invert_yaxis()
    titles = ("findings", "hidden units, by activation", "32 examples by heart", "does the gradient reach all layers?")
    for axes, title, has in zip(
        panels, titles, (1, report.layers, report.descent, report.relative_gradients), strict=True
    ):
        axes.set_title(title if has else f"{title}: not looked at", fontsize=10)
        if not has:
            axes.set_axis_off()
    alarms = "; ".join(f"{each.check}: {each.seen}" for each in report.alarms) or "none"
    return picture(figure, f"Four panels of what diagnose saw: {len(report.findings)} findings, alarms: {alarms}.")


_SIGNS = {"fine": ("o", "green"), "note": ("D", "sky"), "warning": ("^", "orange"), "fault": ("X", "vermillion")}


def _draw_findings(axes: Axes, report: Report) -> None:
    checks = list(dict.fromkeys(finding.check for finding in report.findings))
    for severity, (marker, colour) in _SIGNS.items():
        mine = [(report.of(f.check).index(f), checks.index(f.check)) for f in report.findings if f.severity == severity]
        if mine:
            axes.plot(
                *zip(*mine, strict=True), marker, ms=9, color=OKABE_ITO[colour], label=f"{severity} ({len(mine)})"
            )
    axes.set(yticks=range(len(checks)), yticklabels=checks, xticks=[], xlim=(-0.5, 7.5))
    axes.set_ylim(len(checks) - 0.5, -0.5)
    axes.legend(loc="center right", fontsize=8.5)


def _draw_layers(axes: Axes, report: Report) -> None:
    places = np.arange(len(report.layers))
    for (sign, words), (colour, marker, style) in zip(
        {"dead": "dead", "constant": "ignore the sample", "correlation": "mean |corr|"}.items(), _LOOKS, strict=False
    ):
        values = [getattr(layer, sign) for layer in report.layers]
        axes.plot(places + 1, values, style, marker=marker, ms=5, color=OKABE_ITO[colour], label=words)
    axes.set(ylim=(-0.05, 1.05), xlabel="activation")
    axes.locator_params("x", integer=True)
    if report.layers:
        axes.legend(fontsize=8.5, loc="upper left")


def examine(model: Any, loader: Any, **options: Any) -> Picture:
    """Run `diagnose`, print what it saw in plain words, and return the picture; arguments and errors are its own."""
    report = diagnose(model, loader, **options)
    print(report)
    return draw_report(report)


def draw_layer(report: Report, layer: int) -> Picture:
    """Draw the units × samples of one activation of a report, counted from 1; raises ValueError where there is none."""
    if not 1 <= layer <= len(report.layers) or report.labels is None:
        raise ValueError(f"the report has {len(report.layers)} activations; there is no number {layer}")
    each = report.layers[layer - 1]
    figure, [axes] = new_figure(8.4, 2.9)
    image = _heat(axes, each, np.argsort(report.labels, kind="stable"), 64)
    axes.set(xlabel=f"{len(report.labels)} samples, in order of their labels", ylabel="unit")
    axes.set_title(f"activation {layer}: {_told(each)}", fontsize=10)
    figure.colorbar(image, ax=axes)
    return picture(figure, f"Heat map of {len(each.matrix)} units of activation {layer} by samples: {_told(each)}.")


def draw_clinic(outcomes: Sequence[Outcome]) -> Picture:
    """Draw the error of every case with its fault and without; raises ValueError where there are none."""
    if not outcomes:
        raise ValueError("there are no cases to draw; give at least one")
    ordered = sorted(outcomes, key=lambda each: (BRANCHES.index(each.case.branch), -each.error_broken))
    figure, [axes] = new_figure(8.6, 0.9 + 0.24 * len(ordered))
    for place, each in enumerate(ordered):
        axes.plot([each.error_repaired, each.error_broken], [place, place], color="0.75", lw=2, zorder=1)
    rows = range(len(ordered))
    axes.plot([e.error_broken for e in ordered], rows, "X", color=OKABE_ITO["vermillion"], ms=8, label="broken")
    axes.plot([e.error_repaired for e in ordered], rows, "o", color=OKABE_ITO["green"], ms=7, label="repaired")
    for branch in BRANCHES:
        mine = [place for place, each in enumerate(ordered) if each.case.branch == branch]
        if mine:
            axes.axhline(mine[-1] + 0.5, color="0.85", lw=0.8)
            axes.text(101, mine[0], branch, va="center", fontsize=9)
    axes.set_yticks(rows, [each.case.name for each in ordered], fontsize=8.5)
    axes.set(
        xlim=(0, 118),
        ylim=(len(ordered) - 0.5, -0.5),
        xlabel="per cent of the test set wrong",
        xticks=range(0, 101, 20),
    )
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    said = "; ".join(f"{e.case.name} {e.error_broken:.0f} and {e.error_repaired:.0f} %" for e in ordered)
    return picture(figure, f"Test errors of {len(ordered)} cases, broken and repaired: {said}.")


def _box(axes: Axes, x: float, y: float, width: float, text: str, reached: bool, colour: str) -> None:
    face = OKABE_ITO[colour] if reached else "0.97"
    axes.add_patch(
        Rectangle((x, y - 0.3), width, 0.6, fc=face, ec="black" if reached else "0.7", lw=2 if reached else 0.8)
    )
    shown = "\n".join(textwrap.wrap(text, round(width * 11.5)))
    axes.text(x + width / 2, y, shown, ha="center", va="center", fontsize=9, color="black" if reached else "0.5")


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float], words: str, reached: bool) -> None:
    colour = "black" if reached else "0.7"
    axes.add_patch(
        FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=12, lw=2 if reached else 0.8, color=colour)
    )
    aside, up = (0.12, 0.02) if start[0] == end[0] else (-0.1, 0.12)
    middle = (start[0] + end[0]) / 2 + aside, (start[1] + end[1]) / 2 + up
    axes.text(*middle, words, va="center", fontsize=9, color=colour)


def draw_tree(trouble: str, answers: Sequence[str]) -> Picture:
    """Draw the questions of a trouble and the way that the answers ("yes" or "no") take through them.

    Raises ValueError for another trouble, another answer, or as many answers as there are not questions.
    """
    branch = TREE.get(trouble)
    if branch is None:
        raise ValueError(f"no trouble {trouble!r}; there are {', '.join(TREE)}")
    if len(answers) != len(branch.questions) or not set(answers) <= {"yes", "no"}:
        raise ValueError(f"answers are {list(answers)}; give {len(branch.questions)} of 'yes' and 'no'")
    figure, [axes] = new_figure(9.0, 4.3)
    reached, said = True, []
    count = len(branch.questions)
    for place, (question, answer) in enumerate(zip(branch.questions, answers, strict=True)):
        y, out = count - place, reached and answer == question.leaves
        _box(axes, 0, y, 3.4, f"{place + 1}. {question.ask}", reached, "sky")
        _box(axes, 4.6, y, 4.4, f"{question.todo} ({question.where})", out, "orange")
        _arrow(axes, (3.4, y), (4.6, y), question.leaves, out)
        other = "no" if question.leaves == "yes" else "yes"
        _arrow(axes, (1.7, y - 0.3), (1.7, y - 0.7), other, reached and not out)
        if reached:
            said.append(f"{question.ask} {answer}")
        if out:
            said.append(f"so: {question.todo} ({question.where})")
        reached = reached and not out
    _box(axes, 0, 0, 9.0, f"{branch.todo} ({branch.where})", reached, "orange")
    said += [f"so: {branch.todo} ({branch.where})"] if reached else []
    axes.set_title(f"When {trouble}", fontsize=11)
    axes.set(xlim=(-0.1, 9.1), ylim=(-0.45, count + 0.45))
    axes.set_axis_off()
    return picture(figure, f"A decision tree for the case that {trouble}, with the way taken: {' – '.join(said)}.")
