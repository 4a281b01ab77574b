"""Figures of lecture 13: bent glyphs, curves with their spread, what learns and what stays, grids of rates."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.patches import Rectangle

from course_utils.glyphs import CLASSES, FONTS, Distortion, GlyphPlan, drawings, outline
from course_utils.models.letters import STAGES, LettersNet, LettersPlan
from course_utils.plots import OKABE_ITO, Picture, new_figure, picture
from course_utils.transfer import Backbone, Tuning

_COLOURS = ("blue", "vermillion", "green", "orange", "purple", "sky")
_MARKERS = "osD^vX"
_HATCHES = ("//", "..", "xx", "\\\\", "--", "++")
_DASHES = ("-", "--", ":", "-.", (0, (5, 1, 1, 1)), (0, (1, 1)))


def draw_glyph(character: str = "R", font: str = "DejaVuSerif", strength: float = 1.0, seed: int = 0) -> Picture:
    """Draw a glyph as its font has it, and six distortions of it: at 32 pixels above, as the net sees them below.

    `strength` multiplies the course's distortion. Raises ValueError as `outline` and `Distortion` do.
    """
    first = outline(character, font)
    bent = Distortion().times(strength)
    rows = [
        drawings(GlyphPlan((font,), (character,), bent, side), np.zeros(6, dtype=int), seed)[:, 0] for side in (32, 8)
    ]
    figure, axes = new_figure(8.6, 2.7, 2, 7)
    for place, axis in enumerate(axes):
        row, column = divmod(place, 7)
        axis.set(xticks=[], yticks=[])
        axis.spines[:].set_visible(False)
        if column:
            axis.imshow(rows[row][column - 1], cmap="cividis", vmin=0, vmax=1)
        elif row == 0:
            axis.imshow(first, cmap="cividis", vmin=0, vmax=1)
            axis.set_title("the font's", fontsize=10)
    axes[7].text(0.5, 0.5, "8×8:", ha="center", va="center")
    figure.suptitle(f"{character} of {font}, distortion times {strength:g}", fontsize=11)
    return picture(
        figure,
        f"The glyph {character} of the font {font}, and six random distortions of it at strength {strength:g}, once at "
        f"32×32 pixels and once at 8×8, which is all that the net gets to see. Nothing else of the font is used.",
    )


def draw_spread(
    x: Sequence[float | str], curves: Mapping[str, np.ndarray], labels: tuple[str, str], title: str = ""
) -> Picture:
    """Draw the mean of each curve, an array (len(x), draws), with bars of one standard deviation over the draws.

    `x` stands at equal distances. Raises ValueError where an array has another number of rows.
    """
    figure, [axes] = new_figure(8.6, 3.8)
    said, places = [], np.arange(len(x))
    for number, (name, values) in enumerate(curves.items()):
        if values.ndim != 2 or len(values) != len(x):
            raise ValueError(f"{name!r} has shape {values.shape}; it must be ({len(x)}, draws)")
        mean, spread = values.mean(axis=1), _spread(values)
        aside = (number - (len(curves) - 1) / 2) * 0.05
        look: dict[str, Any] = {
            "color": OKABE_ITO[_COLOURS[number % 6]],
            "ls": _DASHES[number % 6],
            "marker": _MARKERS[number % 6],
        }
        axes.errorbar(places + aside, mean, yerr=spread, capsize=3, ms=6, lw=1.5, label=name, **look)
        ends = f"from {mean[0]:.1f} ± {spread[0]:.1f} to {mean[-1]:.1f} ± {spread[-1]:.1f}"
        said.append(f"{name} {ends}")
    axes.set_xticks(places, [f"{each:g}" if not isinstance(each, str) else each for each in x])
    axes.set(xlabel=labels[0], ylabel=labels[1])
    axes.grid(alpha=0.25)
    axes.set_title(title, fontsize=11)
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    return picture(figure, f"{title or labels[1]} against {labels[0]}, means and spread. {'; '.join(said)}.")


def _spread(values: np.ndarray) -> np.ndarray:
    """Return the standard deviation of each row, 0 where there is one value."""
    return values.std(axis=1, ddof=1) if values.shape[1] > 1 else np.zeros(len(values))


def draw_bars(groups: Mapping[str, Mapping[str, Sequence[float] | np.ndarray]], what: str, title: str = "") -> Picture:
    """Draw a group of bars for each outer entry and a bar for each inner one: the mean of its values, and their spread.

    Raises ValueError where groups have not the same inner entries.
    """
    inner = list(next(iter(groups.values()), {}))
    if not inner or any(list(each) != inner for each in groups.values()):
        raise ValueError(f"each group must have the same bars, at least one; the first has {inner}")
    figure, [axes] = new_figure(8.6, 3.3)
    width, said = 0.8 / len(inner), []
    for number, name in enumerate(inner):
        rows = [np.atleast_1d(np.asarray(group[name], dtype=float)) for group in groups.values()]
        means, spreads = [row.mean() for row in rows], [float(_spread(row[None])[0]) for row in rows]
        at = np.arange(len(groups)) + (number - (len(inner) - 1) / 2) * width
        look: dict[str, Any] = {
            "color": OKABE_ITO[_COLOURS[number % 6]],
            "hatch": _HATCHES[number % 6],
            "edgecolor": "white",
        }
        axes.bar(at, means, width, yerr=spreads if any(spreads) else None, capsize=3, label=name, **look)
        form = "{:.0f}" if max(means) >= 10 else "{:.2f}"
        for place, mean, spread in zip(at, means, spreads, strict=True):
            axes.text(place, mean + spread, form.format(mean), ha="center", va="bottom", fontsize=8)
        said += [f"{group}, {name}: {form.format(mean)}" for group, mean in zip(groups, means, strict=True)]
    axes.set_xticks(range(len(groups)), list(groups))
    axes.set_ylabel(what)
    axes.set_title(title, fontsize=11)
    axes.margins(y=0.12)
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    return picture(figure, f"{title or 'Bars'} ({what}). {'; '.join(said)}.")


def draw_rates(old: Sequence[float], new: Sequence[float], percent: np.ndarray) -> Picture:
    """Draw per cent right (len(old), len(new)) over the rates of copied and of new weights, each cell with its number.

    Raises ValueError where the shapes do not go together.
    """
    if percent.shape != (len(old), len(new)):
        raise ValueError(f"percent has shape {percent.shape}; it must be ({len(old)}, {len(new)})")
    figure, [axes] = new_figure(6.4, 3.6)
    image = axes.imshow(percent, cmap="cividis", vmin=0, vmax=100, aspect="auto")
    for row in range(len(old)):
        for column in range(len(new)):
            dark = percent[row, column] < 55
            axes.text(
                column, row, f"{percent[row, column]:.0f}", ha="center", va="center", color="white" if dark else "black"
            )
    axes.set_xticks(range(len(new)), [f"{rate:g}" for rate in new])
    axes.set_yticks(range(len(old)), [f"{rate:g}" for rate in old])
    axes.set(xlabel="learning rate of the new head", ylabel="rate of copied layers")
    figure.colorbar(image, ax=axes, label="% right")
    row, column = divmod(int(percent.argmax()), len(new))
    lines = "; ".join(
        f"copied {rate:g}: {', '.join(f'{value:.0f}' for value in values)}"
        for rate, values in zip(old, percent, strict=True)
    )
    return picture(
        figure,
        f"Grid of per cent right, rates of the new head {', '.join(f'{rate:g}' for rate in new)} from left to right. "
        f"{lines}. Best: {percent[row, column]:.0f} at copied {old[row]:g}, new {new[column]:g}.",
    )


def draw_stack(plan: Tuning, classes: int = 10) -> Picture:
    """Draw the letters' net, layer by layer, with what learns under a plan, at which rate, and how many numbers it has.

    Raises ValueError as `Tuning` and `LettersPlan` do.
    """
    net = LettersNet(LettersPlan(classes=classes))
    figure, [axes] = new_figure(8.2, 3.4)
    parts = [*((stage, part) for stage, part in net.stages.named_children()), ("head", net.head)]
    learned = total = 0
    for place, (name, part) in enumerate(parts):
        sizes = [p.numel() for p in part.parameters()]
        total += sum(sizes)
        head = name == "head"
        moves = sizes if head or place >= plan.lowest else []
        if plan.norms_only and moves and not head:
            moves = sizes[1:]
        rate = plan.lr_new if plan.scratch or (head and not plan.keep_head) else plan.lr_old
        moving = sum(moves) if rate > 0 else 0
        learned += moving
        colour = "orange" if moving == sum(sizes) else "yellow" if moving else "sky"
        hatch = "" if moving == sum(sizes) else "//" if moving else "xx"
        axes.add_patch(Rectangle((0, place), 3, 0.8, fc=OKABE_ITO[colour], ec="black", hatch=hatch))
        axes.text(1.5, place + 0.4, name, ha="center", va="center", bbox={"fc": "white", "ec": "none", "pad": 1.5})
        start = "new" if plan.scratch or (head and not plan.keep_head) else "copied"
        does = f"{moving:,} of {sum(sizes):,} learn, rate {rate:g}" if moving else f"all {sum(sizes):,} stay"
        axes.text(3.2, place + 0.4, f"{start}; {does}", va="center")
    axes.set(xlim=(-0.1, 8.5), ylim=(-0.1, len(parts)))
    axes.set_axis_off()
    axes.set_title(f"{learned:,} of {total:,} numbers learn", fontsize=11)
    rule = "from scratch" if plan.scratch else "only norms learn" if plan.norms_only else f"first {plan.lowest} stay"
    return picture(
        figure,
        f"The net's five parts from {STAGES[0]} at the bottom to the head, {classes} classes; {rule}: {learned:,} of "
        f"{total:,} numbers learn, copied ones at rate {plan.lr_old:g}, new ones at rate {plan.lr_new:g}.",
    )


def draw_paired(
    per_class: Sequence[int], curves: Mapping[str, np.ndarray], at: int, first: str, second: str
) -> Picture:
    """Draw every draw of two curves (len(per_class), draws) at `at` labels a class: a line joins equal labels.

    Raises ValueError where there is no such curve, or it was not measured there.
    """
    if at not in per_class or first not in curves or second not in curves:
        raise ValueError(f"at {at}: {first!r}, {second!r}; there are {list(per_class)} and {', '.join(curves)}")
    row = list(per_class).index(at)
    left, right = curves[first][row], curves[second][row]
    draws = min(len(left), len(right))
    left, right = left[:draws], right[:draws]
    wins = int((left > right).sum())
    figure, [axes] = new_figure(7.6, 3.4)
    axes.plot([0, 1], [left, right], "-", color="0.6", lw=1, zorder=1)
    for place, values, colour, marker in ((0, left, "blue", "o"), (1, right, "vermillion", "s")):
        axes.plot([place] * draws, values, marker, color=OKABE_ITO[colour], ms=7, zorder=2)
    axes.set_xticks((0, 1), (first, second))
    axes.set(xlim=(-0.6, 1.6), ylabel="% right")
    axes.grid(axis="y", alpha=0.25)
    gap = float((left - right).mean())
    axes.set_title(
        f"{at} label{'s' * (at > 1)} a class: {first} ahead in {wins} of {draws} draws, by {gap:+.1f} points",
        fontsize=11,
    )
    return picture(
        figure,
        f"Two columns of dots, joined where both saw the same {at} labels a class. {first}: {left.mean():.1f} on "
        f"average, {second}: {right.mean():.1f}; the first is ahead in {wins} of {draws} draws, by {gap:+.1f} points.",
    )


def draw_backbone(name: str, classes: int = 2) -> Picture:
    """Draw what a net of torchvision brings along and what a target of so many classes adds to it.

    Raises ValueError as `Backbone.of` does, and where `classes` is below 2.
    """
    if classes < 2:
        raise ValueError(f"classes is {classes}; it must be 2 or more")
    net = Backbone.of(name)
    new = (net.features + 1) * classes
    figure, [axes] = new_figure(8.4, 2.2)
    rows = ((f"copied, below {net.head}", net.trunk, "sky", "xx"), (f"new, {classes} classes", new, "orange", ""))
    for place, (_, count, colour, hatch) in enumerate(rows):
        axes.barh(place, count, color=OKABE_ITO[colour], hatch=hatch, edgecolor="black", height=0.7)
        axes.text(count * 1.3, place, f"{count:,}", va="center")
    axes.set_yticks((0, 1), [label for label, *_ in rows])
    axes.set(xscale="log", xlim=(100, 3e10), xlabel="parameters, log scale")
    axes.invert_yaxis()
    told = ", ".join(f"{what} {accuracy:.1f} % ({size:.0f} MB)" for what, accuracy, size in net.published)
    axes.set_title(f"{name}, {net.features:,} features\n{told.replace('IMAGENET1K_', '')}", fontsize=10)
    return picture(
        figure,
        f"Two bars for {name}: {net.trunk:,} parameters are copied, {new:,} are new in a head of {classes} classes on "
        f"{net.features:,} features. Published weights: {told}.",
    )


ALPHABET = tuple(sorted("".join(CLASSES)))
FONT_NAMES = tuple(FONTS)
