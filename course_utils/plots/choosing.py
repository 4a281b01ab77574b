"""Figures of lecture 16: nets of equal size, folds, grid and random points, a search that learns, seeds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes

from course_utils.choosing.judging import FoldStudy, expected_least, fold_errors, power, seeds_needed
from course_utils.choosing.nets import PlainPlan, plan_cost
from course_utils.choosing.searches import Axis, Landscape, Table, follow_belief, lattice
from course_utils.plots import OKABE_ITO, Picture, new_figure, picture

LOOKS = {"grid": ("vermillion", "s", "-"), "random": ("blue", "o", "--"), "TPE": ("green", "D", ":")}


def _beside(axes: Axes, at: float, values: np.ndarray, colour: str, marker: str = "o") -> None:
    """Draw values as a column of dots with their mean as a bar."""
    places = at + np.linspace(-0.16, 0.16, len(values))
    axes.plot(places, values, marker, color=OKABE_ITO[colour], ms=5, alpha=0.7)
    axes.plot([at - 0.3, at + 0.3], [values.mean()] * 2, color="black", lw=2)


def draw_equal_nets(plans: Sequence[PlainPlan], errors: Sequence[np.ndarray]) -> Picture:
    """Draw the errors (members,) of each plan's nets, and the parameters and MACs of one of them.

    Raises ValueError where there is no plan, or not as many errors.
    """
    if not plans or len(plans) != len(errors):
        raise ValueError(f"{len(plans)} plans and {len(errors)} arrays of errors; give one or more, and as many")
    figure, (left, right) = new_figure(9.2, 3.4, 1, 2, width_ratios=[1.5, 1])
    costs, said = [plan_cost(plan) for plan in plans], []
    for at, (plan, found, (parameters, macs)) in enumerate(zip(plans, errors, costs, strict=True)):
        _beside(left, at, np.asarray(found), "blue")
        said.append(
            f"depth {plan.depth}, width {plan.width}, pool after {plan.pool_after}: {np.mean(found):.1f} % "
            f"({np.min(found):.1f} to {np.max(found):.1f}), {parameters:,} parameters, {macs:,} MACs"
        )
    names = [f"{plan.depth} × {plan.width}" for plan in plans]
    left.set_xticks(range(len(plans)), names)
    left.set(xlabel="layers × channels", ylabel="validation errors, %", ylim=(0, None))
    left.set_title("a dot a seed, a bar their mean", fontsize=10)
    rows = np.arange(len(plans))
    for shift, index, colour, hatch, label in ((-0.2, 0, "sky", "//", "parameters"), (0.2, 1, "orange", "..", "MACs")):
        values = [cost[index] for cost in costs]
        right.barh(rows + shift, values, 0.38, color=OKABE_ITO[colour], hatch=hatch, edgecolor="black", label=label)
        for row, value in zip(rows, values, strict=True):
            right.text(value * 1.08, row + shift, f"{value:,}", va="center", fontsize=8)
    right.set(xscale="log", xlim=(1e3, 60 * max(cost[1] for cost in costs)))
    right.set_yticks(rows, names)
    right.invert_yaxis()
    right.legend(loc="upper right", fontsize=8)
    return picture(figure, f"Errors of nets by depth and width, beside what they cost. {'; '.join(said)}.")


def draw_folds(k: int, size: int = 60, seed: int = 0) -> Picture:
    """Draw which of `size` digits are held out in each of k folds, and the error of each; raises as `fold_errors`."""
    held, wrong = fold_errors(k, size, seed)
    figure, (left, right) = new_figure(9.2, 1.2 + 0.24 * k, 1, 2, sharey=True, width_ratios=[2.4, 1])
    for row, mine in enumerate(held):
        left.broken_barh([(place, 1) for place in mine], (row - 0.4, 0.8), color=OKABE_ITO["orange"], ec="black")
        right.text(wrong[row] + 1, row, f"{wrong[row]:.0f} %", va="center", fontsize=8)
    left.set(xlim=(0, size), xlabel=f"digit, 0 to {size - 1}: held out where marked", ylabel="fold", yticks=range(k))
    left.invert_yaxis()
    right.barh(range(k), wrong, color=OKABE_ITO["sky"], edgecolor="black", hatch="//")
    right.axvline(wrong.mean(), color="black", lw=1.5)
    right.set(xlim=(0, max(30, 1.3 * wrong.max())), xlabel="errors on what was held out, %")
    middle, spread = wrong.mean(), wrong.std(ddof=1)
    left.set_title(f"{k} folds: mean {middle:.1f} %, standard deviation over the folds {spread:.1f}", fontsize=10)
    return picture(
        figure,
        f"{k} folds of {size} digits. Each digit is held out once. Errors from {wrong.min():.0f} to {wrong.max():.0f} "
        f"per cent, mean {middle:.1f}, standard deviation over the folds {spread:.1f}.",
    )


def draw_fold_study(study: Mapping[int, FoldStudy]) -> Picture:
    """Draw the estimates of each number of folds beside the true errors; raises ValueError where there are none."""
    if not study:
        raise ValueError("there is nothing to draw: give at least one number of folds")
    figure, [axes] = new_figure(8.2, 3.2)
    said = []
    for at, (k, found) in enumerate(study.items()):
        _beside(axes, at, found.estimates, "blue")
        said.append(f"{k} folds {found.estimates.mean():.1f} (spread {found.estimates.std():.1f})")
    true = next(iter(study.values())).true
    _beside(axes, len(study), true, "vermillion", "s")
    axes.set_xticks(range(len(study) + 1), [*(f"{k} folds" for k in study), "truth"])
    axes.set(ylabel="errors, %", title="a dot a draw of the digits, a bar the mean")
    return picture(
        figure,
        f"Cross-validated errors of {len(true)} draws, in per cent. {'; '.join(said)}; truth {true.mean():.1f} "
        f"(spread {true.std():.1f}).",
    )


def draw_luck(scores: np.ndarray) -> Picture:
    """Draw the lowest of 1, 2, … cross-validated errors of settings that can learn nothing; `scores` (draws, settings).

    Raises ValueError where `scores` is not two-dimensional.
    """
    if np.ndim(scores) != 2:
        raise ValueError(f"scores have the shape {np.shape(scores)}; it must be (draws, settings)")
    counts = list(range(1, scores.shape[1] + 1))
    lows = np.array([[expected_least(row, count) for count in counts] for row in scores])
    figure, [axes] = new_figure(8.0, 3.0)
    axes.fill_between(counts, *np.quantile(lows, [0.25, 0.75], axis=0), color=OKABE_ITO["sky"], alpha=0.4)
    axes.plot(counts, lows.mean(axis=0), "o-", color=OKABE_ITO["blue"], label="reported by the folds that chose")
    axes.axhline(50, color=OKABE_ITO["vermillion"], ls="--", label="truth: a coin")
    axes.set(xlabel="settings tried", ylabel="lowest error, %", xticks=counts, ylim=(None, 57))
    axes.legend(loc="upper right")
    said = ", ".join(f"{count}: {value:.0f} %" for count, value in zip(counts, lows.mean(axis=0), strict=True))
    return picture(figure, f"Lowest cross-validated error by the settings tried, while the truth is 50 %. {said}.")


def draw_contest(x: float, width: float, other: float, degrees: float, side: int = 5, seed: int = 0) -> Picture:
    """Draw side² grid points and as many random ones on a hill, and how often random points find more.

    The top is at (x, 0.5); `width` and `other` are the hill's widths. Raises ValueError as Landscape and `lattice` do.
    """
    land, grid = Landscape((x, 0.5), (width, other), degrees), lattice(side)
    cloud = np.random.default_rng(seed).random(grid.shape)
    heights = land.heights(lattice(120)).reshape(120, 120)
    best = {"grid": land.heights(grid).max(), "random": land.heights(cloud).max()}
    figure, panels = new_figure(8.6, 4.0, 1, 2, sharey=True)
    for axes, points, name in zip(panels, (grid, cloud), best, strict=True):
        axes.imshow(heights, extent=(0, 1, 0, 1), origin="lower", cmap="cividis", vmin=0, vmax=1)
        axes.plot(*points.T, LOOKS[name][1], color="white", mec="black", ms=6, clip_on=False)
        axes.set_title(f"{name}: best {best[name]:.3f}", fontsize=11)
        axes.set(xlabel="x", xticks=(0, 0.5, 1), yticks=(0, 0.5, 1))
    panels[0].set_ylabel("y")
    share = land.share_above(best["grid"])
    wins = 1 - (1 - share) ** len(grid)
    figure.suptitle(f"{share:.1%} of the square is above the grid's best: {len(grid)} random points win in {wins:.1%}")
    return picture(
        figure,
        f"A hill with its top at x = {x:g}. A grid of {side} by {side} finds {best['grid']:.3f}, these random points "
        f"{best['random']:.3f}. {share:.1%} of the square is higher than the grid's best, so {len(grid)} random points "
        f"win in {wins:.1%} of all draws.",
    )


def draw_samplers(best: Mapping[str, np.ndarray], ylabel: str) -> Picture:
    """Draw the best value so far of each sampler, (repeats, trials): median and middle half; raises for no sampler."""
    if not best or not set(best) <= set(LOOKS):
        raise ValueError(f"samplers are {list(best)}; give one or more of {', '.join(LOOKS)}")
    figure, [axes] = new_figure(8.0, 3.2)
    said = []
    for name, values in best.items():
        colour, marker, dashes = LOOKS[name]
        trials = np.arange(1, values.shape[1] + 1)
        low, middle, high = np.quantile(values, [0.25, 0.5, 0.75], axis=0)
        axes.fill_between(trials, low, high, color=OKABE_ITO[colour], alpha=0.18)
        axes.plot(trials, middle, dashes, marker=marker, ms=4, markevery=3, color=OKABE_ITO[colour], label=name)
        said.append(
            f"{name} {middle[0]:.3g} after 1, {middle[-1]:.3g} after {len(trials)} ({low[-1]:.3g} to {high[-1]:.3g})"
        )
    axes.set(xlabel="trials", ylabel=ylabel)
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    axes.grid(alpha=0.25)
    return picture(figure, f"Best so far of samplers, median of the repeats and middle half. {'; '.join(said)}.")


def draw_belief(values: Sequence[float] | np.ndarray, axis: Axis, trials: int, reach: float = 0.12) -> Picture:
    """Draw what a Bayesian search believes of a curve after some trials, and where it looks next.

    `values` stand at even steps of `axis`. Raises ValueError as `follow_belief` does.
    """
    belief = follow_belief(values, trials, reach)
    figure, (upper, lower) = new_figure(8.2, 4.2, 2, 1, sharex=True, height_ratios=[2.4, 1])
    ticks = axis.ticks(len(belief.places))
    upper.plot(ticks, belief.curve, ":", color="0.5", label="the curve, unknown to the search")
    upper.plot(ticks, belief.mean, "-", color=OKABE_ITO["blue"], label="believed")
    low, high = belief.mean - 2 * belief.spread, belief.mean + 2 * belief.spread
    upper.fill_between(ticks, low, high, color=OKABE_ITO["sky"], alpha=0.35, label="± 2 standard deviations")
    tried, following = belief.tried, belief.following
    upper.plot(ticks[tried], belief.curve[tried], "o", color="black", ms=6, label="tried")
    lower.plot(ticks, belief.gain, color=OKABE_ITO["vermillion"])
    lower.set(ylabel="expected\ngain", xlabel=axis.name, xscale="log" if axis.log else "linear", yticks=[])
    for panel in (upper, lower):
        panel.axvline(ticks[following], color=OKABE_ITO["vermillion"], ls="--", lw=1)
    upper.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=9)
    best, top = belief.curve[tried].max(), belief.curve.max()
    upper.set_title(
        f"{trials} trials: best {best:.1f}, top {top:.1f}; next {axis.name} {ticks[following]:.2g}", fontsize=11
    )
    return picture(
        figure,
        f"A Gaussian process after {trials} trials of {axis.name}: best found {best:.1f}, the top is {top:.1f}. The "
        f"expected gain is greatest at {ticks[following]:.2g}, where it looks next.",
    )


def draw_table(table: Table) -> Picture:
    """Draw a measured objective as a map, and how far its means move along either axis."""
    first, second = table.axes
    figure, (left, right) = new_figure(9.2, 3.4, 1, 2, width_ratios=[1.5, 1])
    image = left.imshow(table.values.T, origin="lower", aspect="auto", cmap="cividis", vmin=0, vmax=100)
    for place, axis, show in ((0, first, left.set_xticks), (1, second, left.set_yticks)):
        ticks = axis.ticks(table.values.shape[place])
        some = range(0, len(ticks), max(1, len(ticks) // 5))
        show(list(some), [f"{ticks[number]:.1g}" for number in some])
    left.set(xlabel=first.name, ylabel=second.name)
    figure.colorbar(image, ax=left, label="validation digits read, %")
    said = []
    for place, axis, colour, marker in ((0, first, "blue", "o-"), (1, second, "vermillion", "s--")):
        means = table.values.mean(axis=1 - place)
        right.plot(np.linspace(0, 1, len(means)), means, marker, color=OKABE_ITO[colour], ms=4, label=axis.name)
        said.append(f"mean by {axis.name} from {means.min():.0f} to {means.max():.0f} %")
    right.set(xlabel="place on the axis", ylabel="mean over the other axis, %", ylim=(0, 100))
    right.legend(loc="upper right")
    return picture(
        figure,
        f"Digits read by {first.name} and {second.name}, best {table.values.max():.1f} %; {'; '.join(said)}.",
    )


@dataclass(frozen=True)
class Rival:
    """A net's name and its errors, per cent (seeds,)."""

    name: str
    errors: np.ndarray


def draw_pairs(first: Rival, second: Rival) -> Picture:
    """Draw two nets' errors seed by seed, and their differences; raises ValueError where seeds are not as many."""
    if len(first.errors) != len(second.errors):
        raise ValueError(f"{len(first.errors)} and {len(second.errors)} seeds; pairs need as many of both")
    figure, (left, right) = new_figure(9.0, 3.2, 1, 2)
    for a, b in zip(first.errors, second.errors, strict=True):
        left.plot([0, 1], [a, b], "o-" if b < a else "s--", color=OKABE_ITO["blue" if b < a else "orange"], ms=5)
    left.set_xticks([0, 1], [first.name, second.name])
    left.set(ylabel="errors, %", xlim=(-0.3, 1.3), title="a line a seed")
    differences = second.errors - first.errors
    _beside(right, 0, differences, "blue")
    right.axhline(0, color="black", lw=0.8, ls=":")
    right.set(xlim=(-0.8, 0.8), xticks=[], ylabel="difference, points", title=f"mean {differences.mean():+.2f}")
    better = int((differences < 0).sum())
    return picture(
        figure,
        f"Errors seed by seed of {first.name} ({first.errors.mean():.1f} %) and {second.name} "
        f"({second.errors.mean():.1f} %): the second is better in {better} of {len(differences)}, on average by "
        f"{-differences.mean():.2f} points.",
    )


def draw_power(difference: float, spread: float, most: int = 40) -> Picture:
    """Draw how often a paired t-test finds a difference, by the number of seeds; raises ValueError as `power` does."""
    seeds = np.arange(2, most + 1)
    found = np.array([power(difference, spread, int(count)) for count in seeds])
    try:
        told = f"80 % takes {seeds_needed(difference, spread)} seeds"
    except ValueError:
        told = "80 % takes more than 1,000 seeds"
    figure, [axes] = new_figure(8.0, 3.0)
    axes.plot(seeds, 100 * found, "o-", ms=4, color=OKABE_ITO["blue"])
    axes.axhline(80, color="0.5", ls=":")
    axes.set(xlabel="seeds", ylabel="found, % of all tries", ylim=(0, 103), xlim=(0, most + 1))
    axes.set_title(f"difference {difference:g} points, spread {spread:g}: {told}", fontsize=11)
    some = [count for count in (3, 5, 10, 20, 40) if count <= most]
    said = ", ".join(f"{count} seeds {100 * found[count - 2]:.0f} %" for count in some)
    return picture(
        figure,
        f"How often a paired t-test finds a difference of {difference:g} points with a spread of {spread:g}: {said}. "
        f"{told}.",
    )


def draw_best_of(errors: np.ndarray, best_of: int) -> Picture:
    """Draw a net's errors over seeds, and the lowest of `best_of` of them on average; raises as `expected_least`."""
    counts = np.arange(1, len(errors) + 1)
    lows = np.array([expected_least(errors, int(count)) for count in counts])
    low = expected_least(errors, best_of)
    figure, (left, right) = new_figure(9.0, 2.9, 1, 2, sharey=True, width_ratios=[1, 1.8])
    _beside(left, 0, np.asarray(errors), "blue")
    left.set(xlim=(-0.7, 0.7), xticks=[], ylabel="errors, %", title="one net, all its seeds")
    right.plot(counts, lows, "s-", color=OKABE_ITO["vermillion"], ms=4)
    right.plot(best_of, low, "o", color="black", ms=9, mfc="none", mew=2)
    right.axhline(np.mean(errors), color="black", lw=1.5)
    right.set(
        xlabel="seeds of which the best is told", title=f"best of {best_of}: {low:.2f} %, mean {np.mean(errors):.2f} %"
    )
    return picture(
        figure,
        f"Errors of one net over {len(errors)} seeds, {np.min(errors):.2f} to {np.max(errors):.2f} per cent, mean "
        f"{np.mean(errors):.2f}. The best of {best_of} is {low:.2f} on average.",
    )
