"""Figures of lecture 09: where a net's weights and work are, units, chance, ladders, warped digits."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from course_utils.arithmetic import LayerRow
from course_utils.augment import folded, plane_field, random_field, warped
from course_utils.models.nielsen import UNITS, chance_of_gap
from course_utils.plots.picture import OKABE_ITO, Picture, new_figure, picture

_LOOKS = (("-", "o"), ("--", "s"), ("-.", "^"), (":", "D"), ("-", "v"), ("--", "P"), ("-.", "X"))
_COLOURS = ("blue", "vermillion", "green", "orange", "purple", "black", "sky")


def _bare(axes: Axes, title: str) -> None:
    axes.set_title(title, fontsize=10)
    axes.set(xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set_visible(False)


def _show(axes: Axes, image: np.ndarray, title: str) -> None:
    # 24 shades are enough for the eye, and make a smaller file.
    axes.imshow(np.round(23 * image), cmap="cividis", vmin=0, vmax=23, interpolation="nearest")
    _bare(axes, title)


def draw_budget(rows: Sequence[LayerRow]) -> Picture:
    """Draw two bars for each layer that has parameters: its parameters, and its multiply-accumulates for one picture.

    `rows` come from `layer_table`. Raises ValueError where no layer has both.
    """
    kept = [row for row in rows if row.parameters and row.macs]
    if not kept:
        raise ValueError(f"none of the {len(rows)} rows has parameters and multiply-accumulates")
    figure, panels = new_figure(9.2, 0.9 + 0.42 * len(kept), 1, 2, sharey=True)
    names = [f"{row.name} ({'conv' if 'Conv' in row.kind else 'full'})" for row in kept]
    said = []
    for axes, (title, counts) in zip(
        panels,
        {"parameters": [r.parameters for r in kept], "multiply-accumulates": [r.macs for r in kept]}.items(),
        strict=True,
    ):
        bars = axes.barh(names, counts, color=[OKABE_ITO["blue" if "conv" in name else "orange"] for name in names])
        for bar, name in zip(bars, names, strict=True):
            bar.set_hatch("" if "conv" in name else "///")
        axes.bar_label(bars, [f"{count:,}" for count in counts], padding=4, fontsize=9)
        axes.set(xlim=(0, 1.3 * max(counts)), xticks=[])
        axes.set_title(f"{title}: {sum(counts):,} in all", fontsize=10)
        shares = ", ".join(f"{name} {count:,}" for name, count in zip(names, counts, strict=True))
        said.append(f"{title}: {shares}, {sum(counts):,} in all")
    panels[0].invert_yaxis()
    return picture(figure, f"Bars for the layers of a net. {'; '.join(said)}.")


def draw_links(table: Sequence[Sequence[int]], sources: int) -> Picture:
    """Draw which of `sources` maps each row of `table` reads, as a grid with one column for each row.

    Raises ValueError where the table names a map that does not exist.
    """
    reads = np.zeros((sources, len(table)))
    for column, row in enumerate(table):
        if not all(0 <= source < sources for source in row):
            raise ValueError(f"map {column} reads {tuple(row)}; there are maps 0 to {sources - 1}")
        reads[list(row), column] = 1
    figure, [axes] = new_figure(min(9.2, 1.2 + 0.42 * len(table)), 1.1 + 0.36 * sources)
    for (source, column), on in np.ndenumerate(reads):
        face = OKABE_ITO["blue"] if on else "white"
        axes.add_patch(Rectangle((column - 0.5, source - 0.5), 1, 1, facecolor=face, edgecolor="0.6"))
        if on:
            axes.text(column, source, "×", ha="center", va="center", color="white", fontsize=11)
    axes.set(xlim=(-0.5, len(table) - 0.5), ylim=(sources - 0.5, -0.5), xlabel="map of C3", ylabel="map of S2")
    axes.set(xticks=range(len(table)), yticks=range(sources), aspect="equal")
    axes.tick_params(length=0)
    per_row = reads.sum(axis=1).astype(int)
    return picture(
        figure,
        f"A grid of {sources} by {len(table)} cells says which maps are read: {int(reads.sum())} of {reads.size} are "
        f"marked. The columns hold {', '.join(str(len(row)) for row in table)} marks, the rows "
        f"{', '.join(map(str, per_row))}.",
    )


def draw_units(x: float) -> Picture:
    """Draw the units of the ladder between -6 and 6 and their slopes, by autograd, with their slopes at `x` in words.

    Raises ValueError where `x` is not in -6…6.
    """
    if not -6 <= x <= 6:
        raise ValueError(f"x is {x}; the picture shows -6 to 6")
    places = torch.cat([torch.linspace(-6, 6, 241), torch.tensor([x])]).double()
    figure, panels = new_figure(9.4, 3.4, 1, 2)
    said = []
    for (name, kind), colour, (style, _) in zip(UNITS.items(), _COLOURS, _LOOKS, strict=False):
        inputs = places.clone().requires_grad_()
        values = kind()(inputs)
        [slopes] = torch.autograd.grad(values.sum(), inputs)
        shown = values.detach().numpy(), slopes.numpy()
        text = f"{name}: {shown[1][-1]:.2g}"
        for axes, curve in zip(panels, shown, strict=True):
            axes.plot(places[:-1].numpy(), curve[:-1], style, color=OKABE_ITO[colour], lw=2, label=text)
            axes.plot(x, curve[-1], "o", color=OKABE_ITO[colour], ms=6, clip_on=False)
        said.append(f"{name} {shown[0][-1]:.4f} with slope {shown[1][-1]:.5f}")
    for axes in panels:
        axes.axvline(x, color="0.7", lw=1, zorder=0)
        axes.set(xlabel="x", xlim=(-6, 6))
    panels[0].set(ylim=(-1.2, 6.2))
    panels[0].set_title("value", fontsize=10)
    panels[1].set_title("slope", fontsize=10)
    panels[1].legend(title=f"slope at x = {x:g}", loc="center left", bbox_to_anchor=(1.0, 0.5))
    return picture(figure, f"Four units and their slopes from -6 to 6. At x = {x:g}: {', '.join(said)}.")


def draw_panels(
    panels: Mapping[str, Mapping[str, Sequence[float]]],
    x: Sequence[float],
    labels: tuple[str, str],
    log: bool = False,
    form: str = ".2f",
) -> Picture:
    """Draw the same lines in several panels with one scale: `panels` maps a title to {name: values over x}.

    `labels` name the axes, `form` is how the words give the first and last values. Raises ValueError where a line has
    another length than `x`.
    """
    lengths = {len(line) for lines in panels.values() for line in lines.values()}
    if lengths != {len(x)}:
        raise ValueError(f"lines have {sorted(lengths)} values and x has {len(x)}; they must be as many")
    figure, axes = new_figure(9.4, 3.3, 1, len(panels), sharey=True)
    said = []
    for ax, (title, lines) in zip(axes, panels.items(), strict=True):
        for (name, line), colour, (style, marker) in zip(lines.items(), _COLOURS, _LOOKS, strict=False):
            every = max(1, len(x) // 12)
            ax.plot(x, line, style, marker=marker, ms=5, markevery=every, color=OKABE_ITO[colour], label=name)
        ends = ", ".join(f"{name} {line[0]:{form}} to {line[-1]:{form}}" for name, line in lines.items())
        said.append(f"{title}: {ends}")
        ax.set_title(title, fontsize=10)
        ax.set_xlabel(labels[0])
        ax.grid(alpha=0.25)
        if log:
            ax.set_yscale("log")
    if all(float(value).is_integer() for value in x) and len(x) < 12:
        for ax in axes:
            ax.set_xticks(list(x))
    axes[0].set_ylabel(labels[1])
    axes[-1].legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return picture(figure, f"{labels[1]} over {labels[0]}. {'; '.join(said)}.")


def draw_errors(errors: Mapping[str, float], count: int, marks: Mapping[str, float] | None = None) -> Picture:
    """Draw error rates in per cent with bars of 1.96 binomial standard errors of `count` pictures.

    `marks` are vertical lines with a name. Raises ValueError where an error is no per cent.
    """
    if not all(0 <= error <= 100 for error in errors.values()):
        raise ValueError(f"errors are per cents, 0 to 100, not {dict(errors)}")
    figure, [axes] = new_figure(8.6, 1.3 + 0.36 * len(errors))
    said = []
    for place, (name, error) in enumerate(errors.items()):
        bar = 196 * (error / 100 * (1 - error / 100) / count) ** 0.5
        axes.errorbar(error, place, xerr=bar, fmt="o", color=OKABE_ITO["blue"], capsize=4, lw=2)
        said.append(f"{name} {error:.2f} ± {bar:.2f}")
    top = len(errors) - 1
    for (name, value), colour, (style, _) in zip((marks or {}).items(), _COLOURS[1:], _LOOKS[1:], strict=False):
        axes.axvline(value, color=OKABE_ITO[colour], ls=style, lw=1.5, label=f"{name}: {value:.2f} %")
        said.append(f"a line at {value:.2f}: {name}")
    axes.set_yticks(range(top + 1), list(errors))
    axes.set(ylim=(top + 0.5, -0.5), xlabel=f"errors on {count:,} test pictures, % (bars: 1.96 standard errors)")
    axes.grid(axis="x", alpha=0.25)
    if marks:
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return picture(figure, f"Error rates in per cent on {count:,} pictures. {'; '.join(said)}.")


def draw_chance(first: float, second: float, count: int) -> Picture:
    """Draw two accuracies in per cent, measured on `count` pictures each, with bars of 1.96 standard errors.

    In words: how often two nets that are equally good differ as much. Raises ValueError where an accuracy is no per
    cent or `count` is below 1.
    """
    if not (0 <= first <= 100 and 0 <= second <= 100) or count < 1:
        raise ValueError(
            f"accuracies {first} and {second} on {count} pictures: give 0 to 100 %, and a picture at least"
        )
    figure, [axes] = new_figure(8.6, 2.2)
    said = []
    for place, (name, value) in enumerate({"first net": first, "second net": second}.items()):
        bar = 196 * (value / 100 * (1 - value / 100) / count) ** 0.5
        axes.errorbar(value, place, xerr=bar, fmt="os"[place], capsize=5, lw=2.5, ms=7)
        axes.annotate(f"{value:.2f} ± {bar:.2f} %", (value, place), (0, 9), textcoords="offset points", ha="center")
        said.append(f"{name} {value:.2f} ± {bar:.2f}")
    chance = chance_of_gap((first + second) / 2, abs(first - second), count)
    axes.set_yticks([0, 1], ["first net", "second net"])
    axes.set(ylim=(1.6, -0.7), xlabel="accuracy, %")
    axes.margins(x=0.15)
    axes.set_title(
        f"{count:,} test pictures each: two equally good nets differ so much in {chance:.0%} of such pairs", fontsize=10
    )
    return picture(
        figure,
        f"Two accuracies on {count:,} pictures with bars: {', '.join(said)} per cent. Two equally good nets would "
        f"differ by as much or more in {chance:.0%} of all pairs.",
    )


def draw_epochs(curves: Mapping[str, np.ndarray], x: Sequence[float], chosen: Mapping[str, int]) -> Picture:
    """Draw error curves in per cent over steps, with a mark where each of `chosen` (what chose it, index) stops.

    The marks stand on every curve. Raises ValueError where an index is outside the curves.
    """
    if any(not 0 <= index < len(x) for index in chosen.values()):
        raise ValueError(f"choices {dict(chosen)} must be indices below {len(x)}")
    figure, [axes] = new_figure(8.8, 3.4)
    for (name, curve), colour, (style, _) in zip(curves.items(), _COLOURS, _LOOKS, strict=False):
        axes.plot(x, curve, style, color=OKABE_ITO[colour], lw=1.8, label=name)
    said = []
    for (what, index), marker in zip(chosen.items(), ("o", "s"), strict=False):
        values = [curve[index] for curve in curves.values()]
        axes.plot([x[index]] * len(values), values, marker, ms=9, mfc="none", mec="black", label=f"best by {what}")
        parts = ", ".join(f"{name} {value:.1f}" for name, value in zip(curves, values, strict=True))
        said.append(f"the best by {what} is step {x[index]:g} with {parts}")
    axes.set(xlabel="step", ylabel="errors, %")
    axes.set_ylim(0, None)
    axes.grid(alpha=0.25)
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return picture(figure, f"Errors in per cent over {len(x)} looks: {'; '.join(said)}.")


def draw_readings(read: Mapping[str, np.ndarray], labels: np.ndarray) -> Picture:
    """Draw for each change and each digit how often it is still read as itself, and as what it is read most often.

    `read` maps a change to the labels (N,) that were read. Raises ValueError where lengths differ.
    """
    if any(len(said) != len(labels) for said in read.values()):
        raise ValueError(f"{len(labels)} labels need as many readings")
    classes = np.unique(labels)
    shares = np.array([[100 * np.mean(said[labels == c] == c) for c in classes] for said in read.values()])
    figure, [axes] = new_figure(8.8, 1.0 + 0.42 * len(read))
    axes.imshow(shares, cmap="cividis", vmin=0, vmax=100, aspect="auto")
    told = []
    for row, (change, said) in enumerate(read.items()):
        others = []
        for column, c in enumerate(classes):
            most = int(np.bincount(said[labels == c], minlength=int(classes.max()) + 1).argmax())
            share = shares[row, column]
            text = f"{share:.0f}" if most == c else f"{share:.0f} → {most}"
            axes.text(column, row, text, ha="center", va="center", color="white" if share < 55 else "black", fontsize=9)
            others += [] if most == c else [f"{c} as {most}"]
        told.append(f"{change}: {shares[row].mean():.0f} on average{', read ' + ', '.join(others) if others else ''}")
    axes.set_xticks(range(len(classes)), [str(c) for c in classes])
    axes.set_yticks(range(len(read)), list(read))
    axes.set_xlabel("digit: per cent still read as itself → what it is mostly read as, where that is another")
    axes.tick_params(length=0)
    return picture(figure, f"Per cent of changed digits that are still read right. {'; '.join(told)}.")


def draw_elastic(image: np.ndarray, alpha: float, sigma: float, seed: int = 0) -> Picture:
    """Draw a picture (H, W) in 0…1, the random field of `alpha` and `sigma` on it, a grid in its grip, and the result.

    Raises ValueError as `random_field` does, and where the image is not two-dimensional.
    """
    if image.ndim != 2:
        raise ValueError(f"the image has shape {image.shape}; it must be (H, W)")
    height, width = image.shape
    field = random_field((height, width), alpha, sigma, np.random.default_rng(seed))
    figure, (left, middle, right) = new_figure(8.2, 3.2, 1, 3)
    size, share = float(np.sqrt((field**2).mean())), folded(field)
    _show(left, image, "where each pixel reads")
    step = max(1, height // 8)  # more arrows and lines say no more, and make the file large
    rows, columns = np.mgrid[step // 2 : height : step, step // 2 : width : step]
    down, across = field[:, step // 2 :: step, step // 2 :: step]
    arrows = {
        "angles": "xy",
        "scale_units": "xy",
        "scale": 1,
        "width": 0.008,
        "color": OKABE_ITO["orange"],
        "antialiased": False,
    }
    left.quiver(columns, rows, across, down, **arrows)  # type: ignore[arg-type]
    places = np.mgrid[:height, :width] + field
    for lines in (places.transpose(1, 2, 0), places.transpose(2, 1, 0)):
        for line in lines[:: step - 1 or 1]:
            middle.plot(line[:, 1], line[:, 0], color=OKABE_ITO["blue"], lw=1, antialiased=False)
    middle.set(xlim=(-3, width + 2), ylim=(height + 2, -3), aspect="equal")
    _bare(middle, f"the places read; folded: {share:.1%}")
    _show(right, warped(image[None], field)[0], f"result, α = {alpha:g}, σ = {sigma:g}")
    left.set_xlabel(f"r.m.s. along an axis: {size:.2f} pixels", fontsize=9)
    return picture(
        figure,
        f"A {height} by {width} picture under a random field with alpha {alpha:g} and sigma {sigma:g}: pixels read "
        f"{size:.2f} pixels away along each axis (root mean square), {share:.1%} of the grid is folded over.",
    )


def draw_changed(
    image: np.ndarray,
    read: Callable[[np.ndarray], str],
    down: float = 0.0,
    right: float = 0.0,
    angle: float = 0.0,
    scale: float = 1.0,
    mirrored: bool = False,
    gain: float = 1.0,
) -> Picture:
    """Draw a picture (H, W) in 0…1 before and after a change of plane and brightness, and what `read` says of both.

    Raises ValueError as `plane_field` does, and where the image is not two-dimensional.
    """
    if image.ndim != 2:
        raise ValueError(f"the image has shape {image.shape}; it must be (H, W)")
    field = plane_field(image.shape, down=down, right=right, angle=angle, scale=scale, mirrored=mirrored)
    changed = np.clip(gain * warped(image[None], field)[0], 0, 1)
    figure, panels = new_figure(5.6, 3.0, 1, 2)
    before, after = read(image), read(changed)
    _show(panels[0], image, f"before: read as {before}")
    _show(panels[1], changed, f"after: read as {after}")
    what = f"down {down:g}, right {right:g}, turned {angle:g} degrees, scale {scale:g}, gain {gain:g}"
    return picture(
        figure,
        f"A digit before and after a change ({what}{', mirrored' if mirrored else ''}). Before, it is read "
        f"as {before}; now as {after}.",
    )
