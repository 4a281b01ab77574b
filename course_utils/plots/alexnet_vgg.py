"""Figures of lecture 10: layers and their costs, towers, LRN's windows, ablations, invariance, probes, collectives."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, Rectangle
from torch import nn
from torch.nn import functional as F

from course_utils.arithmetic import LayerRow, layer_table
from course_utils.invariance import CHANGES, InvarianceCurves, changed
from course_utils.models.alexnet import build_alexnet
from course_utils.models.vgg import COLUMNS, build_vgg
from course_utils.parallel import collective, ring_steps, tower_crossings
from course_utils.plots import OKABE_ITO, Picture, new_figure, picture

NETS = ("AlexNet, two towers", "AlexNet, one tower", "AlexNet, torchvision", *(f"VGG {name}" for name in COLUMNS))
LRN_KINDS = ("across channels", "within a channel")
_COLOURS = ("blue", "vermillion", "green", "orange", "purple", "sky")
_MARKERS = "osD^vP"
_DASHES = ("-", "--", ":", "-.", (0, (5, 1, 1, 1)), (0, (1, 1)))


@cache
def net_rows(name: str) -> tuple[LayerRow, ...]:
    """Return the layers with weights of a net of NETS; raises ValueError where there is none of that name."""
    if name not in NETS:
        raise ValueError(f"no net {name!r}; there are {', '.join(NETS)}")
    net: nn.Module
    with torch.device("meta"):
        if name.startswith("VGG "):
            net, shape = build_vgg(name[4:]), (3, 224, 224)
        else:
            net = build_alexnet({"two towers": "paper"}.get(name[9:], name[9:]))
            shape = net.plan.image
    return tuple(row for row in layer_table(net, shape) if row.parameters)


def shares(rows: Sequence[LayerRow]) -> tuple[float, float]:
    """Return which shares of a net's parameters and of its MACs lie in its fully connected layers, in per cent."""
    dense = [row for row in rows if row.kind == "Linear"]
    return tuple(
        100 * sum(getattr(row, what) for row in dense) / sum(getattr(row, what) for row in rows)
        for what in ("parameters", "macs")
    )


def draw_net(name: str) -> Picture:
    """Draw parameters and MACs of each layer of a net of NETS; raises ValueError where there is none of that name."""
    rows = net_rows(name)
    figure, panels = new_figure(9.0, 1.3 + 0.19 * len(rows), 1, 2)
    places, totals = np.arange(len(rows)), []
    labels = [f"{'fc' if row.kind == 'Linear' else 'conv'}, {row.output_shape[0]}" for row in rows]
    for axes, what, unit, scale in (
        (panels[0], "parameters", "million parameters", 1e6),
        (panels[1], "macs", "million MACs", 1e6),
    ):
        for kind, colour, hatch in (("Conv2d", "blue", ".."), ("Linear", "vermillion", "//")):
            chosen = [place for place, row in zip(places, rows, strict=True) if row.kind == kind]
            sizes = [getattr(rows[place], what) / scale for place in chosen]
            label = "convolution" if kind == "Conv2d" else "fully connected"
            axes.barh(chosen, sizes, color=OKABE_ITO[colour], hatch=hatch, edgecolor="white", label=label)
        total = sum(getattr(row, what) for row in rows)
        totals.append(total)
        axes.set(xlabel=unit, title=f"{total:,} {'parameters' if what == 'parameters' else 'MACs'}")
        axes.set_yticks(places, labels, fontsize=8)
        axes.invert_yaxis()
    panels[0].legend(fontsize=8)
    of_parameters, of_macs = shares(rows)
    return picture(
        figure,
        f"{name}, layer by layer: {totals[0]:,} parameters, of which {of_parameters:.0f} % in fully connected layers, "
        f"and {totals[1]:,} MACs, of which {of_macs:.0f} %. The most parameters are in layer "
        f"{1 + int(np.argmax([row.parameters for row in rows]))} of {len(rows)}, the most MACs in layer "
        f"{1 + int(np.argmax([row.macs for row in rows]))}.",
    )


def draw_towers() -> Picture:
    """Draw AlexNet's two towers, one on each GPU, and what crosses between them before each layer."""
    with torch.device("meta"):
        net = build_alexnet("paper")
    crossings, rows = tower_crossings(net, net.plan.image), net_rows("AlexNet, two towers")
    figure, (axes,) = new_figure(9.0, 3.1)
    for place, (crossing, row) in enumerate(zip(crossings, rows, strict=True)):
        for tower in (0, 1):
            colour = OKABE_ITO["sky" if row.kind == "Conv2d" else "orange"]
            axes.add_patch(Rectangle((place - 0.32, tower - 0.17), 0.64, 0.34, fc=colour, ec="black"))
            shape = "×".join(map(str, (row.output_shape[0] // 2, *row.output_shape[1:])))
            axes.text(place, tower, f"{crossing.layer}\n{shape}", ha="center", va="center", fontsize=8)
            if place:
                axes.plot([place - 0.68, place - 0.32], [tower, tower], "-k", lw=1)
        if crossing.values:
            for tower in (0, 1):
                arrow: dict[str, Any] = {
                    "arrowstyle": "-|>",
                    "mutation_scale": 12,
                    "color": OKABE_ITO["vermillion"],
                    "lw": 1.6,
                }
                axes.add_patch(FancyArrowPatch((place - 0.64, tower), (place - 0.3, 0.85 - 0.7 * tower), **arrow))
            text = f"{crossing.values:,}"
            axes.text(place - 0.14, 0.5, text, ha="left", va="center", fontsize=9, color=OKABE_ITO["vermillion"])
    axes.text(-0.55, 1.33, "GPU 1", fontsize=10)
    axes.text(-0.55, -0.42, "GPU 0", fontsize=10)
    axes.set(xlim=(-0.7, len(rows) - 0.2), ylim=(-0.55, 1.5))
    axes.set_axis_off()
    said = ", ".join(f"{each.values:,} before {each.layer}" for each in crossings if each.values)
    return picture(
        figure,
        f"AlexNet's eight layers in two towers, half of the outputs on each GPU. Arrows cross from one to the other "
        f"only before four layers; numbers for each picture: {said}.",
    )


def lrn_maps() -> torch.Tensor:
    """Return the maps that LRN's figure shows: eight channels of 7×7, (1, 8, 7, 7), one of them much larger."""
    maps = torch.rand(1, 8, 7, 7, generator=torch.Generator().manual_seed(1), dtype=torch.float64).round(decimals=1)
    maps[0, 3] *= 10
    return maps


def draw_lrn(kind: str, channel: int, size: int) -> Picture:
    """Draw which values the normalisation of the middle of one of eight maps reads, and what becomes of it.

    k = 2, alpha = 0.1 for each square in the sum, beta = 0.75. Across channels it is torch's local_response_norm with
    alpha times `size`; within a channel a mean over a window takes the place of the sum. Raises ValueError for another
    kind, a channel that is not 0 to 7, or a size that is not odd and 1 to 7.
    """
    if kind not in LRN_KINDS or not 0 <= channel < 8 or size not in (1, 3, 5, 7):
        raise ValueError(
            f"kind {kind!r}, channel {channel}, size {size}: take one of {LRN_KINDS}, 0 to 7, and 1, 3, 5, 7"
        )
    maps, alpha = lrn_maps(), 0.1
    reads = np.zeros((8, 7, 7), dtype=bool)
    half = size // 2
    if kind == "across channels":
        reads[max(0, channel - half) : channel + half + 1, 3, 3] = True
        result = F.local_response_norm(maps, size, alpha=alpha * size, beta=0.75, k=2)
    else:
        reads[channel, 3 - half : 4 + half, 3 - half : 4 + half] = True
        sums = F.avg_pool2d(maps**2, size, stride=1, padding=half) * size**2
        result = maps / (2 + alpha * sums) ** 0.75
    before, after = maps[0, channel, 3, 3].item(), result[0, channel, 3, 3].item()
    figure, panels = new_figure(9.0, 1.9, 1, 8)
    for number, axes in enumerate(panels):
        axes.imshow(maps[0, number], cmap="cividis", vmin=0, vmax=maps.max().item())
        for row, column in np.argwhere(reads[number]):
            edge = Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, ec=OKABE_ITO["vermillion"], lw=1.6)
            axes.add_patch(edge)
        if number == channel:
            axes.plot(3, 3, "x", color="white", mew=2, ms=7)
        axes.set(xticks=[], yticks=[])
        axes.set_title(f"map {number}", fontsize=9)
    squares = float((maps[0].numpy()[reads] ** 2).sum())
    figure.suptitle(
        f"{kind}: reads {reads.sum()} values, sum of squares {squares:.2f}; {before:.1f} becomes {after:.3f}",
        fontsize=10,
    )
    return picture(
        figure,
        f"Eight maps of 7 by 7; map 3 is ten times brighter. Normalising {kind} over {size}, the middle of map "
        f"{channel} reads {reads.sum()} values in maps {', '.join(map(str, np.flatnonzero(reads.any(axis=(1, 2)))))}; "
        f"their squares add up to {squares:.2f}, and {before:.1f} becomes {after:.3f}.",
    )


def draw_ablation(errors: Mapping[str, Sequence[float]], gained: Mapping[str, float]) -> Picture:
    """Draw test errors in per cent for each variant and seed, beside the reported gains of the same variants.

    The first variant is the complete net; `gained` has percentage points for the others, in the same order.
    Raises ValueError where the two do not go together.
    """
    names = list(errors)
    if len(gained) != len(names) - 1 or any(len(each) < 2 for each in errors.values()):
        raise ValueError(f"{len(names)} variants and {len(gained)} gains; give one gain less, and two seeds or more")
    figure, (left, right) = new_figure(9.0, 3.2, 1, 2, width_ratios=[1.5, 1])
    means = [float(np.mean(each)) for each in errors.values()]
    for place, (mean, each) in enumerate(zip(means, errors.values(), strict=True)):
        left.barh(place, mean, color=OKABE_ITO["sky"], height=0.6)
        left.plot(each, [place] * len(each), "o", color="black", ms=5)
        left.text(max(each) + 1, place, f"{mean:.1f} ± {np.std(each, ddof=1):.1f}", va="center", fontsize=9)
    left.set_yticks(range(len(names)), names)
    left.set(
        xlabel="test error, % (dots: seeds)",
        title="computed: a small net, moved digits",
        xlim=(0, 1.3 * max(means) + 8),
    )
    values = [0.0, *gained.values()]
    right.barh(range(len(names)), values, color=OKABE_ITO["orange"], hatch="//", edgecolor="white", height=0.6)
    for place, value in enumerate(values):
        right.text(value + 0.015 * max(values), place, f"+{value:g}" if place else "0", va="center", fontsize=9)
    right.set_yticks(range(len(names)), [""] * len(names))
    right.set(xlabel="points of error gained", title="reported: ImageNet", xlim=(0, 1.25 * max(values)))
    left.invert_yaxis()
    right.invert_yaxis()
    said = "; ".join(f"{name} {mean:.1f} %" for name, mean in zip(names, means, strict=True))
    told = "; ".join(f"{name} {value:g}" for name, value in gained.items())
    return picture(figure, f"Mean test errors of variants of a small net: {said}. Reported points gained: {told}.")


def draw_invariance(curves: InvarianceCurves, image: torch.Tensor, label: int) -> Picture:
    """Draw one picture (1, C, side, side) under a change, feature distances by layer, and the true class's probability.

    `label` is the class of the picture. Raises ValueError where the curves do not have that class.
    """
    if label not in curves.classes:
        raise ValueError(f"no class {label} among {curves.classes.tolist()}")
    figure, axes = new_figure(9.0, 4.6, 2, 1, height_ratios=[1, 2.6])
    axes[0].set_axis_off()
    axes[1].set_axis_off()
    grid = axes[0].get_subplotspec().subgridspec(1, 7)  # type: ignore[union-attr]
    for place, value in enumerate(curves.values[np.linspace(0, len(curves.values) - 1, 7).round().astype(int)]):
        small = figure.add_subplot(grid[place])
        shades = (changed(image, curves.kind, float(value))[0, 0] * 5).round() / 5  # few shades make a small file
        small.imshow(shades.cpu(), cmap="cividis", vmin=0, vmax=1)
        small.set(xticks=[], yticks=[])
        small.set_title(f"{value:g}", fontsize=9)
    below = axes[1].get_subplotspec().subgridspec(1, 2)  # type: ignore[union-attr]
    left, right = figure.add_subplot(below[0]), figure.add_subplot(below[1])
    for (name, distance), colour, marker, dash in zip(
        curves.distances.items(), _COLOURS, _MARKERS, _DASHES, strict=False
    ):
        left.plot(
            curves.values,
            distance,
            marker=marker,
            ls=dash,
            color=OKABE_ITO[colour],
            ms=4,
            label=name.rpartition(".")[2],
        )
    left.axhline(1, color="0.6", lw=0.8)
    top = 1.35 * max(each.max() for each in curves.distances.values())
    left.set(ylabel="feature distance", ylim=(0, top), title="1 = two pictures of different classes")
    left.legend(fontsize=8, loc="upper center", ncols=2)
    mean = curves.probabilities.mean(axis=0)
    own = curves.probabilities[int(np.flatnonzero(curves.classes == label)[0])]
    right.plot(curves.values, mean, "-o", ms=4, color=OKABE_ITO["blue"], label="all classes")
    right.plot(curves.values, own, "--s", ms=4, color=OKABE_ITO["vermillion"], label=f"class {label}")
    right.set(ylabel="probability of the true class", ylim=(-0.03, 1.03), title="what the net says")
    right.legend(fontsize=8)
    for panel in (left, right):
        panel.set_xlabel(f"{curves.kind}: {CHANGES[curves.kind]}")
    ends = "; ".join(
        f"{name.rpartition('.')[2]} {each[0]:.2f} and {each[-1]:.2f}" for name, each in curves.distances.items()
    )
    return picture(
        figure,
        f"A digit {label} under {curves.kind}, and curves over it. Feature distances at {curves.values[0]:g} and at "
        f"{curves.values[-1]:g}: {ends}. The mean probability of the true class is largest, {mean.max():.2f}, at "
        f"{curves.values[int(mean.argmax())]:g}, and {mean[0]:.2f} and {mean[-1]:.2f} at the ends; class {label} has "
        f"{own[0]:.2f} and {own[-1]:.2f} there.",
    )


def draw_probes(results: Mapping[str, Mapping[str, np.ndarray]]) -> Picture:
    """Draw accuracy by layer, mean and spread over draws, for each net; layers must be the same for all.

    Raises ValueError where they are not.
    """
    orders = [list(each) for each in results.values()]
    if any(order != orders[0] for order in orders):
        raise ValueError(f"the nets have layers {orders}; they must be the same")
    figure, (axes,) = new_figure(8.4, 3.2)
    names, said = [name.rpartition(".")[2] for name in orders[0]], []
    for (net, scores), colour, marker, dash in zip(results.items(), _COLOURS, _MARKERS, _DASHES, strict=False):
        means = [float(each.mean()) for each in scores.values()]
        spread = [float(each.std(ddof=1)) for each in scores.values()]
        axes.errorbar(
            range(len(names)), means, spread, marker=marker, ls=dash, color=OKABE_ITO[colour], capsize=3, label=net
        )
        best = int(np.argmax(means))
        said.append(
            f"{net}: {means[0]:.0f} % from pixels, best {means[best]:.0f} % at {names[best]}, "
            f"{means[-1]:.0f} % at {names[-1]}"
        )
    axes.set_xticks(range(len(names)), names)
    axes.set(ylabel="test accuracy, %", xlabel="features of the linear classifier")
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    axes.grid(alpha=0.25)
    return picture(figure, f"Accuracy of a linear classifier on the features of each layer. {'; '.join(said)}.")


def _grid(axes: Axes, numbers: np.ndarray, most: int, title: str) -> None:
    """Draw workers' chunks, one column a worker: how many workers' numbers each holds."""
    axes.imshow(numbers.T, cmap="cividis", vmin=0, vmax=most)
    for (worker, chunk), number in np.ndenumerate(numbers):
        if number:
            colour = "white" if number < 0.6 * most else "black"
            axes.text(worker, chunk, f"{number}", ha="center", va="center", color=colour, fontsize=10)
    axes.set_xticks(range(len(numbers)), [f"worker {w}" for w in range(len(numbers))], fontsize=8)
    axes.set_yticks(range(numbers.shape[1]), [f"chunk {c}" for c in range(numbers.shape[1])], fontsize=8)
    axes.set_title(title, fontsize=10)
    axes.spines[:].set_visible(False)


def draw_ring(workers: int, step: int) -> Picture:
    """Draw a ring all-reduce after `step` of its 2 (workers - 1) steps: whose numbers are in which chunk, who sends.

    Raises ValueError where workers is not 2 to 8 or there is no such step.
    """
    if not 2 <= workers <= 8 or not 0 <= step <= 2 * (workers - 1):
        raise ValueError(f"{workers} workers, step {step}: take 2 to 8 workers, and steps 0 to 2 (workers - 1)")
    steps = list(ring_steps(np.ones((workers, workers, 1))))
    terms = steps[step - 1].terms if step else np.ones((workers, workers), dtype=int)
    figure, (axes,) = new_figure(min(9.0, 2.0 + 1.05 * workers), 1.4 + 0.5 * workers)
    name = steps[step - 1].phase if step else "start"
    _grid(axes, terms, workers, f"step {step} of {len(steps)}: {name}")
    if step:
        for giver, taker, chunk in steps[step - 1].sends:
            middle = (giver + 0.25, chunk), (giver + 0.75 if taker else giver + 0.55, chunk)
            arrow: dict[str, Any] = {
                "arrowstyle": "-|>",
                "mutation_scale": 12,
                "color": OKABE_ITO["vermillion"],
                "lw": 2,
            }
            axes.add_patch(FancyArrowPatch(*middle, **arrow))
    full = int((terms == workers).sum())
    sent = steps[step - 1].sent // 8 if step else 0
    return picture(
        figure,
        f"{workers} workers with {workers} chunks each after step {step} of {len(steps)} of a ring all-reduce "
        f"({name}): {full} of {workers**2} chunks hold the sum of all workers. Each worker has sent {sent} chunks.",
    )


def draw_collective(kind: str, workers: int = 4) -> Picture:
    """Draw what each worker holds before and after a collective.

    Raises ValueError as `collective` does, or where workers is not 2 to 8.
    """
    if not 2 <= workers <= 8:
        raise ValueError(f"{workers} workers; take 2 to 8")
    one_each = np.repeat(10 ** np.arange(workers), workers).reshape(workers, workers, 1)  # a decimal place a worker
    after = collective(kind, one_each)
    root_only = kind in ("broadcast", "scatter")
    own = kind in ("gather", "all-gather")
    figure, panels = new_figure(9.0, 0.9 + 0.34 * workers, 1, 2)
    start = np.arange(workers)[:, None] * np.ones(workers, dtype=int)
    told = []
    for axes, title in zip(panels, ("before", f"after {kind}"), strict=True):
        axes.set(xlim=(-0.5, workers - 0.5), ylim=(workers - 0.5, -0.5), title=title)
        axes.set_xticks(range(workers), [f"worker {w}" for w in range(workers)], fontsize=8)
        axes.set_yticks([])
    for worker in range(workers):
        for chunk in range(workers):
            if (not root_only or worker == 0) and (not own or chunk == worker):
                panels[0].text(worker, chunk, f"{'abcdefgh'[start[worker, chunk]]}{chunk}", ha="center", va="center")
        kept = after[worker].ravel()
        chunks = [worker] if kind in ("scatter", "reduce-scatter") else range(len(kept))
        for chunk, number in zip(chunks, kept, strict=True):
            letters = [letter for letter, digit in zip("abcdefgh", reversed(str(number)), strict=False) if digit == "1"]
            panels[1].text(
                worker,
                chunk,
                " + ".join(f"{x}{chunk}" for x in letters) if len(letters) < 4 else f"Σ{chunk}",
                ha="center",
                va="center",
            )
        told.append(f"worker {worker} {len(kept)}")
    return picture(
        figure,
        f"{workers} workers before and after {kind}. Chunks held afterwards: {', '.join(told)}; letters name the "
        "worker that a chunk comes from.",
    )
