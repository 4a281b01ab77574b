"""Figures of lecture 12: gates, who is normalised with whom, blocks, the road to ConvNeXt, accuracy against cost."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.patches import Rectangle
from torch import nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from course_utils.arithmetic import layer_table
from course_utils.models.fractalnet import FractalPlan
from course_utils.models.mobilenet import block_zoo
from course_utils.models.squeeze_excitation import SEPlan, gate_weights
from course_utils.norms import KINDS, sharing_sets
from course_utils.plots import OKABE_ITO, Picture, new_figure, picture

TITLES = {
    "batch": "batch norm",
    "layer": "layer norm (C, H, W)",
    "instance": "instance norm",
    "group": "group norm",
    "pixel": "ConvNeXt's LN (C)",
}


def _cells(axes: Axes, corners: np.ndarray, along: np.ndarray, down: np.ndarray, marked: np.ndarray) -> None:
    """Draw cells of one shape at `corners` (n, 2); those that are `marked`, bool (n,), get a colour and hatching."""
    shape = np.array([np.zeros(2), along, along + down, down])
    for on, face, hatch in ((False, "0.97", ""), (True, OKABE_ITO["orange"], "////")):
        cells = corners[marked == on][:, None] + shape
        axes.add_collection(PolyCollection(cells, facecolor=face, hatch=hatch, edgecolor="0.35", lw=0.6))


def _face(axes: Axes, corner: np.ndarray, along: np.ndarray, down: np.ndarray, marked: np.ndarray) -> None:
    """Draw the cells of one face of a cube; `marked` is bool (rows down, columns along)."""
    rows, columns = np.indices(marked.shape).reshape(2, -1, 1)
    _cells(axes, corner + columns * along + rows * down, along, down, marked.ravel())


def draw_cubes(shape: tuple[int, int, int, int] = (4, 6, 2, 2), groups: int = 2) -> Picture:
    """Draw (N, C, H·W) as a cube for each of the five norms, with all that share statistics with its front corner.

    The corner is the last channel of the first picture, at its first pixel. Raises ValueError as `sharing_sets` does.
    """
    pictures, channels, height, width = shape
    figure, panels = new_figure(9.4, 2.1, 1, len(KINDS))
    said = []
    right, down, back = np.array([1.0, 0.0]), np.array([0.0, -1.0]), np.array([0.55, 0.45])
    for axes, kind in zip(panels, KINDS, strict=True):
        sets = sharing_sets(kind, shape, groups).reshape(pictures, channels, height * width)
        marked = sets == sets[0, -1, 0]
        _face(axes, np.zeros(2), right, down, marked[0].T)
        _face(axes, pictures * back, right, -back, marked[::-1, :, 0])
        _face(axes, channels * right, back, down, marked[:, -1, :].T)
        axes.plot(channels - 0.5, -0.5, "o", color="black", ms=5)
        name = TITLES[kind] + (f", {groups} groups" if kind == "group" else "")
        axes.set_title(f"{name}\n{marked.sum()} of {marked.size} share", fontsize=9)
        axes.text(channels / 2, -height * width - 0.9, "C", ha="center")
        axes.text(-0.7, -height * width / 2, "H·W", ha="center", va="center", rotation=90)
        axes.text(channels + 1.9, -height * width - 0.1, "N", ha="center")
        axes.set(xlim=(-1.3, channels + 3.2), ylim=(-height * width - 1.6, 2.4), aspect="equal")
        axes.set_axis_off()
        said.append(f"{name}: {marked.sum()} of {marked.size}")
    return picture(
        figure,
        f"Five cubes of {pictures} pictures, {channels} channels and {height * width} pixels. Hatched is what shares a "
        f"mean and a variance with the dot. {'; '.join(said)}.",
    )


def draw_sharing(
    kind: str, n: int, c: int, groups: int = 2, shape: tuple[int, int, int, int] = (4, 8, 3, 3)
) -> Picture:
    """Draw every element of (N, C, H, W), a tile for each picture and channel, and who shares statistics with one.

    The one is the middle pixel of channel `c` of picture `n`. Raises ValueError as `sharing_sets` does, and where
    there is no such channel or picture.
    """
    pictures, channels, height, width = shape
    sets = sharing_sets(kind, shape, groups)
    if not (0 <= n < pictures and 0 <= c < channels):
        raise ValueError(f"there is no channel {c} of picture {n}: they end at {channels - 1} and {pictures - 1}")
    marked = sets == sets[n, c, height // 2, width // 2]
    figure, [axes] = new_figure(8.4, 3.9)
    number, channel, row, column = np.indices(shape).reshape(4, -1)
    corners = np.stack([channel * (width + 0.6) + column, -number * (height + 0.6) - row], axis=1)
    _cells(axes, corners, np.array([1.0, 0.0]), np.array([0.0, -1.0]), marked.ravel())
    centre = c * (width + 0.6) + width // 2 + 0.5, -n * (height + 0.6) - height // 2 - 0.5
    axes.plot(*centre, "o", color="black", ms=7)
    for j in range(channels):
        axes.text(j * (width + 0.6) + width / 2, 0.3, f"channel {j}", ha="center", fontsize=9)
    for i in range(pictures):
        axes.text(-0.4, -i * (height + 0.6) - height / 2, f"picture {i}", ha="right", va="center", fontsize=9)
    name = TITLES[kind] + (f", {groups} groups" if kind == "group" else "")
    told = f"{marked.sum()} of {marked.size} elements share one mean; {len(np.unique(sets))} means in all"
    axes.set_title(f"{name}: {told}", fontsize=11)
    axes.set(xlim=(-3.6, channels * (width + 0.6)), ylim=(-pictures * (height + 0.6), 1.3))
    axes.set_axis_off()
    return picture(
        figure,
        f"Tiles of {pictures} pictures by {channels} channels, {height} by {width} pixels each. {name}, seen from "
        f"picture {n}, channel {c}: {told}.",
    )


def draw_gate_cost(reduction: int, bias: bool = False) -> Picture:
    """Draw how many weights the gates of SE-ResNet-50 have in each stage; raises ValueError as GatePlan does."""
    counts = gate_weights(SEPlan(reduction=reduction, bias=bias))
    names = [f"stage {i + 1}: {n} gates, {256 * 2**i:,} channels" for i, n in enumerate(SEPlan().depths)]
    figure, [axes] = new_figure(8.4, 2.2)
    axes.barh(names, counts, color=OKABE_ITO["sky"], edgecolor="black", hatch="//")
    for place, count in enumerate(counts):
        axes.text(count, place, f" {count:,}", va="center")
    axes.invert_yaxis()
    axes.set(xlim=(0, 1.25 * max(counts)), xlabel="weights", xticks=[])
    share = max(counts) / sum(counts)
    axes.set_title(f"r = {reduction}: {sum(counts):,} weights of gates", fontsize=11)
    said = "; ".join(f"{name}: {count:,}" for name, count in zip(names, counts, strict=True))
    return picture(
        figure,
        f"Bars of the weights of SE gates at r = {reduction}. {said}. In all {sum(counts):,}, {share:.0%} in one.",
    )


def draw_class_gates(gates: Sequence[np.ndarray], labels: np.ndarray, names: Sequence[str]) -> Picture:
    """Draw, for each entry (N, C) of `gates`, the mean gate of each class and channel, channels in order of their mean.

    `labels` is (N,). Raises ValueError where the names or labels are not as many.
    """
    if len(gates) != len(names) or any(len(each) != len(labels) for each in gates):
        raise ValueError(f"{len(gates)} arrays of gates need as many names, and {len(labels)} rows each")
    figure, panels = new_figure(9.0, 3.0, 1, len(gates))
    said, classes = [], np.unique(labels)
    for axes, each, name in zip(panels, gates, names, strict=True):
        table = np.array([each[labels == k].mean(axis=0) for k in classes])
        table = table[:, np.argsort(table.mean(axis=0))]
        image = axes.imshow(table, cmap="cividis", vmin=0, vmax=1, aspect="auto")
        axes.set(xlabel="channel, in order of its mean", ylabel="digit", yticks=range(len(classes)))
        axes.set_title(f"{name}\nfrom {table.min():.2f} to {table.max():.2f}", fontsize=10)
        said.append(f"{name}: class means from {table.min():.2f} to {table.max():.2f}")
    figure.colorbar(image, ax=panels, label="mean gate")
    return picture(figure, f"Mean gates by digit and channel, one panel a block. {'; '.join(said)}.")


def draw_blocks(channels: int, side: int, kernel_size: int = 3, groups: int = 4, expansion: int = 4) -> Picture:
    """Draw parameters and MACs of eight blocks on (channels, side, side); raises ValueError as `block_zoo` does."""
    with torch.device("meta"):
        zoo = block_zoo(channels, kernel_size, groups, expansion)
    tables = {name: layer_table(block, (channels, side, side)) for name, block in zoo.items()}
    weights = [sum(row.parameters for row in rows) for rows in tables.values()]
    macs = [sum(row.macs for row in rows) for rows in tables.values()]
    figure, (left, right) = new_figure(9.2, 3.4, 1, 2, sharey=True)
    said = []
    for axes, counts, what, colour, hatch in (
        (left, weights, "weights", "sky", "//"),
        (right, macs, "MACs", "orange", ".."),
    ):
        axes.barh(list(tables), counts, color=OKABE_ITO[colour], edgecolor="black", hatch=hatch)
        for place, count in enumerate(counts):
            axes.text(count, place, f" {count:,}", va="center", fontsize=9)
        axes.set(xlim=(0, 1.45 * max(counts)), xticks=[], title=what)
        said.append(f"{what}: {', '.join(f'{name} {count:,}' for name, count in zip(tables, counts, strict=True))}")
    left.invert_yaxis()
    figure.suptitle(f"{channels} channels of {side}×{side}, kernels of {kernel_size}×{kernel_size}", fontsize=11)
    return picture(
        figure,
        f"Bars for eight blocks on {channels} channels of {side} by {side}, kernel_size {kernel_size}, {groups} "
        f"groups, expansion {expansion}. {'. '.join(said)}.",
    )


def draw_fractal(columns: int) -> Picture:
    """Draw the layers and joins of a fractal block; raises ValueError for a number of columns that is not 1 to 5."""
    if not 1 <= columns <= 5:
        raise ValueError(f"columns is {columns}; this picture has room for 1 to 5")
    rows = FractalPlan(columns=columns).rows
    figure, [axes] = new_figure(1.6 + 1.3 * columns, 1.2 + 0.42 * rows)
    for column in range(columns):
        span = rows >> column
        for layer in range(2**column):
            middle = layer * span + span / 2
            axes.plot([column, column], [layer * span, (layer + 1) * span], color="0.4", lw=1, zorder=1)
            axes.add_patch(
                Rectangle((column - 0.3, middle - 0.22), 0.6, 0.44, fc=OKABE_ITO["sky"], ec="black", zorder=2)
            )
            axes.text(column, middle, "3×3", ha="center", va="center", fontsize=8, zorder=3)
    joins = 0
    for row in range(1, rows + 1):
        ready = [column for column in range(columns) if row % (rows >> column) == 0]
        if len(ready) > 1:
            joins += 1
            axes.plot([ready[0] - 0.35, ready[-1] + 0.35], [row, row], color=OKABE_ITO["vermillion"], lw=4, zorder=4)
    axes.plot([-0.35, columns - 0.65], [0, 0], color="black", lw=4)
    axes.set(xlim=(-0.7, columns - 0.3), ylim=(rows + 0.4, -0.4), yticks=[], xticks=range(columns))
    axes.set_xticklabels([f"{2**column}" for column in range(columns)])
    axes.set_xlabel("layers of the column; thick lines: mean")
    axes.spines[:].set_visible(False)
    return picture(
        figure,
        f"A fractal block of {columns} columns with {2**columns - 1} layers and {joins} joins, drawn as thick lines "
        f"where columns meet and their mean goes on. The shortest way through has 1 layer, the longest {rows}.",
    )


@dataclass(frozen=True)
class RoadStop:
    """A step on the road to ConvNeXt: its computed parameters and MACs, and the accuracy reported for it, if any."""

    name: str
    parameters: int
    macs: int
    reported: float | None = None


def draw_road(stops: Sequence[RoadStop]) -> Picture:
    """Draw the computed costs and the reported accuracies of the steps; raises ValueError where there are none."""
    if not stops:
        raise ValueError("there are no steps to draw; give at least one")
    figure, (left, right) = new_figure(9.2, 5.0, 1, 2, sharey=True, width_ratios=[1.5, 1])
    places = range(len(stops))
    left.barh(places, [stop.macs / 1e9 for stop in stops], color=OKABE_ITO["sky"], edgecolor="black", hatch="//")
    for place, stop in enumerate(stops):
        left.text(
            stop.macs / 1e9, place, f" {stop.macs / 1e9:.2f} G, {stop.parameters / 1e6:.2f} M", va="center", fontsize=9
        )
    left.set_yticks(places, [stop.name for stop in stops])
    left.set(xlim=(0, 8.4), xlabel="computed: MACs (bars, G), parameters (M)")
    known = [(place, stop.reported) for place, stop in enumerate(stops) if stop.reported is not None]
    right.plot([value for _, value in known], [place for place, _ in known], "o-", color=OKABE_ITO["vermillion"])
    for place, value in known:
        right.text(value - 0.12, place + 0.25, f"{value:.1f}", ha="right", va="center", fontsize=9)
    right.set(xlabel="reported: top-1 accuracy, %", xlim=(78, 83))
    left.invert_yaxis()
    said = "; ".join(f"{stop.name} {stop.macs / 1e9:.2f} G, {stop.parameters / 1e6:.2f} M" for stop in stops)
    ends = f", reported accuracy from {known[0][1]:g} to {known[-1][1]:g} %" if known else ""
    return picture(figure, f"Steps from ResNet-50 to ConvNeXt-T with computed MACs and parameters: {said}{ends}.")


@dataclass(frozen=True)
class Published:
    """One entry of torchvision's list of weights: parameters in millions, MACs in milliards, top-1 accuracy in %."""

    net: str
    recipe: str
    parameters: float
    macs: float
    accuracy: float

    @property
    def family(self) -> str:
        """The name up to its size: "resnet" for resnet50, "vgg" for vgg16_bn."""
        found = re.match(r"(wide_resnet|efficientnet_v2|swin_v2|mobilenet_v\d|regnet_[xy]|[a-z]+)", self.net)
        return found[0] if found else self.net


def draw_accuracy_cost(entries: Sequence[Published], cost: str = "MACs", family: str = "resnet") -> Picture:
    """Draw accuracy against "MACs" or "parameters" for all entries, one family in front, the best at each cost joined.

    Of the family, entries of one net with another recipe hang on a line. Raises ValueError for another cost or family.
    """
    field = {"MACs": "macs", "parameters": "parameters"}.get(cost)
    mine = [entry for entry in entries if entry.family == family]
    if field is None or not mine:
        raise ValueError(f"no cost {cost!r} or no family {family!r} among {sorted({e.family for e in entries})}")
    figure, [axes] = new_figure(8.6, 4.3)
    points = sorted((getattr(entry, field), entry.accuracy) for entry in entries)
    axes.plot(*zip(*points, strict=True), "o", color="0.75", ms=5, label="all")
    front = [point for place, point in enumerate(points) if point[1] > max([0.0, *(p[1] for p in points[:place])])]
    axes.plot(*zip(*front, strict=True), ":", color="black", lw=1.2, label="best so far")
    for net in dict.fromkeys(entry.net for entry in mine):
        pair = sorted((getattr(e, field), e.accuracy) for e in mine if e.net == net)
        axes.plot(*zip(*pair, strict=True), "s-", color=OKABE_ITO["blue"], ms=7, lw=1.5)
        axes.annotate(net, pair[0], xytext=(4, -12), textcoords="offset points", fontsize=8)
    axes.plot([], [], "s-", color=OKABE_ITO["blue"], label=family)
    unit = "G" if cost == "MACs" else "M"
    axes.set(xscale="log", xlabel=f"{cost}, {unit}", ylabel="top-1 accuracy, %")
    axes.legend(loc="lower right", frameon=False)
    axes.grid(alpha=0.25)
    said = "; ".join(f"{e.net} {e.recipe} {getattr(e, field):.3g} {unit} {e.accuracy:.1f} %" for e in mine)
    return picture(
        figure,
        f"{len(entries)} published sets of weights, accuracy against {cost} on a log scale; {len(front)} are best at "
        f"their cost, from {front[0][1]:.1f} to {front[-1][1]:.1f} %. In front: {said}.",
    )


class _Attention(nn.Module):
    """Self-attention without heads on (N, places, C): three maps, all pairs of places, one map."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.inwards = nn.Linear(channels, 3 * channels, bias=False)
        self.outwards = nn.Linear(channels, channels, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        query, key, value = self.inwards(x).chunk(3, dim=-1)
        return self.outwards(F.softmax(query @ key.transpose(1, 2), dim=-1) @ value)


def mixing_macs(side: int, channels: int) -> dict[str, int]:
    """Return the MACs of four layers that mix places, on (channels, side, side), by torch's own counter.

    Raises ValueError where a size is below 1.
    """
    if side < 1 or channels < 1:
        raise ValueError(f"side is {side} and channels {channels}; both must be 1 or more")
    with torch.device("meta"):
        places = torch.empty(1, side * side, channels)
        maps = torch.empty(1, channels, side, side)
        layers = {
            "attention, all places": (_Attention(channels), places),
            "attention in windows of 7×7": (_Attention(channels), places.new_empty(1, 49, channels)),
            "convolution 3×3": (nn.Conv2d(channels, channels, 3, padding=1, bias=False), maps),
            "depthwise 7×7, then 1×1": (
                nn.Sequential(
                    nn.Conv2d(channels, channels, 7, padding=3, groups=channels, bias=False),
                    nn.Conv2d(channels, channels, 1, bias=False),
                ),
                maps,
            ),
        }
    counts = {}
    for name, (layer, x) in layers.items():
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            layer(x)
        counts[name] = counter.get_total_flops() // 2
    counts["attention in windows of 7×7"] = round(counts["attention in windows of 7×7"] * side * side / 49)
    return counts


SIDES = (7, 14, 28, 56, 112, 224)


def draw_attention_cost(channels: int) -> Picture:
    """Draw the MACs of four layers against the side of the map; raises ValueError as `mixing_macs` does."""
    found = {side: mixing_macs(side, channels) for side in SIDES}
    figure, [axes] = new_figure(8.6, 3.8)
    said = []
    looks = ("o-", "vermillion"), ("^--", "orange"), ("s-", "blue"), ("D:", "green")
    for name, (look, colour) in zip(found[SIDES[0]], looks, strict=True):
        counts = [found[side][name] for side in SIDES]
        axes.plot(SIDES, counts, look, color=OKABE_ITO[colour], label=name)
        said.append(f"{name} from {counts[0] / 1e6:,.1f} M to {counts[-1] / 1e6:,.1f} M")
    axes.set(xscale="log", yscale="log", xlabel="side of the map, places", ylabel="MACs of one layer")
    axes.set_xticks(SIDES, [str(side) for side in SIDES])
    axes.minorticks_off()
    axes.grid(alpha=0.25)
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    axes.set_title(f"{channels} channels: equal to the 3×3 layer at {2.5 * channels:,.0f} places", fontsize=11)
    return picture(
        figure,
        f"MACs of four layers on {channels} channels against the side of the map, 7 to 224, both on log scales. "
        f"{'; '.join(said)}. Attention on all places overtakes the 3 by 3 layer at {2.5 * channels:,.0f} places.",
    )
