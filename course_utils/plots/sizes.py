"""Figures of lecture 04: windows on a line and on a grid, costs of layers, receptive fields."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.patches import Rectangle
from matplotlib.ticker import PercentFormatter
from torch import nn

from course_utils.arithmetic import (
    LayerRow,
    Layers,
    channel_links,
    cone,
    five_by_five_branch,
    layer_table,
    times_read,
    window_taps,
)
from course_utils.plots import OKABE_ITO, Picture, new_figure, picture

_PALE = "#E8E8E8"
_MARKERS = "osD^vP"


def _plural(count: int, word: str) -> str:
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"


def draw_windows(n: int, kernel_size: int, stride: int, padding: int, dilation: int) -> Picture:
    """Draw n inputs, their padding, and below them every window that fits, one row for each output.

    Inputs that no window reads are crossed out. Raises ValueError as `window_taps` does.
    """
    taps = window_taps(n, kernel_size, stride, padding, dilation)
    missed = np.flatnonzero(times_read(n, kernel_size, stride, padding, dilation) == 0)
    size = min(10.0, 260 / (n + 2 * padding))
    figure, [axes] = new_figure(8.5, min(7.5, 1.1 + 0.25 * (1 + len(taps))))
    for place in range(-padding, n + padding):
        outside = not 0 <= place < n
        lost = place in missed
        face = "white" if outside else OKABE_ITO["orange"] if lost else OKABE_ITO["sky"]
        hatch = "////" if outside else None
        box = Rectangle((place - 0.46, -0.42), 0.92, 0.84, facecolor=face, edgecolor="0.4", hatch=hatch, linewidth=0.8)
        axes.add_patch(box)
        label = "" if outside else "×" if lost else str(place)
        paper = {"facecolor": "white", "edgecolor": "none", "pad": 0.6} if outside else None
        axes.text(place, 0, label, ha="center", va="center", fontsize=size, bbox=paper)
    for output, row in enumerate(taps, start=1):
        axes.plot(row, np.full(len(row), -output), "-s", color=OKABE_ITO["blue"], markersize=0.7 * size, linewidth=1.2)
        axes.text(n + padding - 0.2, -output, f"output {output - 1}", va="center", fontsize=min(9, size + 1))
    axes.set(xlim=(-padding - 0.7, n + padding + 0.12 * (n + 2 * padding) + 0.6), ylim=(-len(taps) - 0.7, 0.7))
    axes.set_axis_off()
    read = n - len(missed)
    axes.set_title(
        f"kernel_size={kernel_size}, stride={stride}, padding={padding}, dilation={dilation}: "
        f"{_plural(len(taps), 'output')}, {read} of {_plural(n, 'input')} read",
        fontsize=10,
    )
    lost_text = f"no window reads input {', '.join(map(str, missed))}" if len(missed) else "every input is read"
    return picture(
        figure,
        f"{_plural(n, 'input')} in a row, {_plural(padding, 'zero')} of padding on each side, and below them "
        f"{_plural(len(taps), 'window')} of {kernel_size} taps, {stride} apart, dilation {dilation}; {lost_text}.",
    )


def draw_coverage(cases: Mapping[str, tuple[int, int, int, int, int]]) -> Picture:
    """Draw, for square pictures, how many windows read each pixel; the padding is hatched.

    `cases` maps a title to (n, kernel_size, stride, padding, dilation), the same along both axes.
    """
    figure, panels = new_figure(3.0 * len(cases), 3.4, 1, len(cases))
    said = []
    for axes, (title, (n, k, s, p, d)) in zip(panels, cases.items(), strict=True):
        line = times_read(n, k, s, p, d)
        counts = np.outer(line, line)
        axes.add_patch(
            Rectangle((-p - 0.5, -p - 0.5), n + 2 * p, n + 2 * p, facecolor="white", edgecolor="0.5", hatch="///")
        )
        axes.imshow(counts, vmin=0, vmax=counts.max(), cmap="cividis", zorder=2)
        for (row, column), count in np.ndenumerate(counts):
            dark = count < 0.55 * counts.max()
            text = "×" if count == 0 else str(count)
            axes.text(
                column, row, text, ha="center", va="center", color="white" if dark else "black", fontsize=9, zorder=3
            )
        outputs = len(window_taps(n, k, s, p, d))
        missed = int((counts == 0).sum())
        axes.set_title(f"{title}\n{n}×{n} → {outputs}×{outputs}, {missed} missed", fontsize=10)
        axes.set(xlim=(-p - 0.6, n + p - 0.4), ylim=(n + p - 0.4, -p - 0.6))
        axes.set_axis_off()
        said.append(
            f"{title}: {n} by {n} pixels give {outputs} by {outputs} outputs, each pixel is read by "
            f"{counts.min()} to {counts.max()} windows and {missed} by none"
        )
    return picture(figure, f"How many windows read each pixel. {'; '.join(said)}.")


def draw_kernel_costs(single: Mapping[int, int], stacked: Mapping[int, int]) -> Picture:
    """Draw the weights of one large kernel and of a stack of 3×3 kernels against what both see.

    Both map the side of the receptive field to the weights for each pair of channels.
    """
    figure, [axes] = new_figure(6.5, 3.2)
    for data, marker, line, name in ((single, "s", "-", "one kernel"), (stacked, "o", "--", "a stack of 3×3 kernels")):
        axes.plot(list(data), list(data.values()), line, marker=marker, label=name)
        side = list(data)[-1]
        axes.annotate(f"{data[side]}", (side, data[side]), textcoords="offset points", xytext=(-8, 7), ha="right")
    axes.set(xlabel="side of the receptive field (pixels)", ylabel="weights per pair of channels", xticks=list(single))
    axes.legend(frameon=False)
    pairs = ", ".join(f"{single[side]} against {stacked[side]} at {side}" for side in stacked)
    return picture(figure, f"Weights of one kernel against those of a stack of 3×3 kernels that sees as much: {pairs}.")


def draw_budget(named: Mapping[str, LayerRow]) -> Picture:
    """Draw each layer's share of all parameters and of all MACs; `named` maps its name to its row."""
    names, rows = list(named), list(named.values())
    figure, [axes] = new_figure(7, 0.9 + 0.55 * len(rows))
    said = []
    for offset, field, hatch, color in ((-0.2, "parameters", "", "blue"), (0.2, "macs", "////", "orange")):
        values = np.array([getattr(row, field) for row in rows], dtype=float)
        shares = values / values.sum()
        name = "MACs" if field == "macs" else field
        places = np.arange(len(rows)) + offset
        bars = axes.barh(places, shares, 0.38, color=OKABE_ITO[color], hatch=hatch, edgecolor="white", label=name)
        axes.bar_label(bars, [f"{share:.1%}" for share in shares], padding=3, fontsize=9)
        said.append(f"{name}: " + ", ".join(f"{layer} {share:.1%}" for layer, share in zip(names, shares, strict=True)))
    axes.set(yticks=np.arange(len(rows)), yticklabels=names, xlabel="share of the whole net")
    axes.xaxis.set_major_formatter(PercentFormatter(1.0))
    axes.set_xlim(0, 1)
    axes.invert_yaxis()
    axes.legend(loc="lower right", frameon=False)
    return picture(figure, f"Where a net keeps its parameters and where it spends its work. {'; '.join(said)}.")


def draw_bottleneck(reduction: int, errors: Mapping[str, np.ndarray]) -> Picture:
    """Draw what a 1×1 bottleneck of `reduction` channels costs beside what it can lose.

    The branch is `five_by_five_branch` on 28×28; `errors` maps a name to `rank_errors` of 192 channels.
    Raises ValueError where `reduction` is outside 1 … 192.
    """
    if not 1 <= reduction <= 192:
        raise ValueError(f"the bottleneck has {reduction} channels; it must have 1 to 192")

    def millions(middle: int | None = None) -> float:
        return sum(row.macs for row in layer_table(five_by_five_branch(middle), (192, 28, 28))) / 1e6

    widths = np.array([1, *range(16, 193, 16)])
    direct, chosen = millions(), millions(reduction)
    figure, (left, right) = new_figure(9, 3.4, 1, 2)
    left.plot(widths, [millions(int(width)) for width in widths], color=OKABE_ITO["blue"], label="1×1, then 5×5")
    left.axhline(direct, color=OKABE_ITO["vermillion"], linestyle="--", label=f"5×5 alone: {direct:.1f} M")
    left.plot(reduction, chosen, "o", color=OKABE_ITO["black"], markersize=8)
    left.set(xlabel="channels r of the bottleneck", ylabel="million MACs", ylim=(0, 165), xlim=(0, 195))
    left.set_title(f"cost at r = {reduction}: {chosen:.2f} M, {direct / chosen:.2f}× less", fontsize=10)
    left.legend(loc="lower right", frameon=False)
    said = []
    for (name, curve), line in zip(errors.items(), ("-", "--", ":"), strict=False):
        right.plot(curve, line, label=f"{name}: {curve[reduction]:.0%}")
        right.plot(reduction, curve[reduction], "o", color=OKABE_ITO["black"], markersize=6)
        said.append(f"{name} {curve[reduction]:.1%}")
    right.set(
        xlabel="channels r of the bottleneck", ylabel="part that cannot be rebuilt", ylim=(0, 1.02), xlim=(0, 195)
    )
    right.yaxis.set_major_formatter(PercentFormatter(1.0))
    right.set_title(f"loss at r = {reduction}", fontsize=10)
    right.legend(frameon=False)
    return picture(
        figure,
        f"Left: a bottleneck of {reduction} channels costs {chosen:.2f} million MACs, the 5×5 layer alone "
        f"{direct:.2f}, a factor of {direct / chosen:.2f}. Right: lost at rank {reduction}: {', '.join(said)}.",
    )


def draw_channel_mixing(in_channels: int, out_channels: int, kernel_size: int, groups: int) -> Picture:
    """Draw which input channel each output channel reads, and what the layers weigh, without biases.

    Three layers: full, grouped, and separable (one kernel for each channel, then 1×1).
    Raises ValueError where `groups` does not divide both numbers of channels.
    """
    k, one_each = kernel_size, nn.Conv2d(in_channels, in_channels, kernel_size, groups=in_channels, bias=False)
    layers = {
        "full": nn.Conv2d(in_channels, out_channels, k, bias=False),
        f"groups={groups}": nn.Conv2d(in_channels, out_channels, k, groups=groups, bias=False),
        "depthwise": one_each,
        "then 1×1": nn.Conv2d(in_channels, out_channels, 1, bias=False),
    }
    weights = {name: layer.weight.numel() for name, layer in layers.items()}
    figure, panels = new_figure(9.5, 2.9, 1, 5, width_ratios=[1, 1, 1, 1, 1.7])
    for axes, (name, layer) in zip(panels, layers.items(), strict=False):
        links = channel_links(layer, in_channels, kernel_size)
        axes.imshow(links, vmin=0, vmax=1, cmap="Greys", aspect="auto", extent=(0, in_channels, len(links), 0))
        for spine in axes.spines.values():
            spine.set_visible(True)
        axes.set(xticks=[0, in_channels], yticks=[0, len(links)], xlabel="input channel")
        axes.set_title(f"{name}\n{weights[name]:,} weights", fontsize=9)
    panels[0].set_ylabel("output channel")
    totals = {name: weights[name] for name in list(layers)[:2]}
    totals["separable"] = weights["depthwise"] + weights["then 1×1"]
    colors = [OKABE_ITO[name] for name in ("vermillion", "orange", "blue")]
    bars = panels[4].bar(list(totals), list(totals.values()), color=colors)
    for bar, hatch in zip(bars, ("", "///", "..."), strict=True):
        bar.set(hatch=hatch, edgecolor="white")
    panels[4].bar_label(bars, [f"{count:,}" for count in totals.values()], fontsize=9)
    panels[4].set(ylim=(0, 1.15 * max(totals.values())), yticks=[])
    panels[4].tick_params("x", labelsize=9)
    panels[4].set_title("weights in all", fontsize=9)
    ratio, grouped = totals["full"] / totals["separable"], totals[f"groups={groups}"]
    return picture(
        figure,
        f"Which of {in_channels} input channels each output channel reads, kernel {k} by {k}: all of them in the full "
        f"layer ({totals['full']:,} weights), blocks in {groups} groups ({grouped:,}), its own in the "
        f"depthwise step, all of them in the 1×1 step; both steps together have {totals['separable']:,} weights, "
        f"{ratio:.2f} times fewer than the full layer.",
    )


def _row(axes: Axes, height: float, places: np.ndarray, marked: np.ndarray) -> None:
    for place, on in zip(places, marked, strict=True):
        face, edge = (OKABE_ITO["sky"], OKABE_ITO["black"]) if on else (_PALE, "0.7")
        wide = 1.4 if on else 0.6  # a thick dark edge tells it too, not the colour alone
        box = Rectangle(
            (place - 0.38, height - 0.16), 0.76, 0.32, facecolor=face, edgecolor=edge, linewidth=wide, zorder=2
        )
        axes.add_patch(box)


def draw_receptive_field(layers: Layers, n: int, unit: int = 0) -> Picture:
    """Draw a stack of layers over n inputs, and everything that one unit of the last layer depends on.

    Raises ValueError as `cone` does.
    """
    marks = cone(n, layers, unit)
    figure, [axes] = new_figure(9, 1.0 + 0.62 * len(marks))
    places = np.arange(n, dtype=float)
    _row(axes, 0, places, marks[0])
    sees = [1]
    for level, (k, s, d) in enumerate(layers, start=1):
        taps = window_taps(len(places), k, s, 0, d)
        centres = places[taps].mean(axis=1)
        parents = np.flatnonzero(marks[level])
        lines = [
            [(centres[parent], level - 0.16), (places[child], level - 0.84)]
            for parent in parents
            for child in taps[parent]
        ]
        axes.add_collection(LineCollection(lines, color=OKABE_ITO["blue"], linewidth=0.9, antialiased=n < 30))
        _row(axes, level, centres, marks[level])
        seen = np.flatnonzero(cone(n, layers[:level], 0)[0])
        sees.append(int(seen[-1] - seen[0] + 1))
        axes.text(-1.2, level, f"layer {level}: k={k}, s={s}, d={d}", ha="right", va="center", fontsize=9)
        axes.text(n + 0.2, level, f"spans {_plural(sees[-1], 'input')}", va="center", fontsize=9)
        places = centres
    axes.text(-1.2, 0, f"{n} inputs", ha="right", va="center", fontsize=9)
    axes.text(n + 0.2, 0, f"{int(marks[0].sum())} read", va="center", fontsize=9)
    axes.set(xlim=(-0.27 * n - 1.5, 1.17 * n + 1), ylim=(-0.4, len(marks) - 0.5))
    axes.set_axis_off()
    axes.set_title(f"unit {unit} of the last layer reads {int(marks[0].sum())} of {n} inputs", fontsize=10)
    spans = ", ".join(map(str, sees[1:]))
    return picture(
        figure,
        f"A stack of {_plural(len(layers), 'layer')} over {n} inputs; units of the layers span {spans} inputs. "
        f"Unit {unit} of the last layer reads {int(marks[0].sum())} inputs, "
        f"through {', '.join(str(int(mark.sum())) for mark in marks[1:])} units of the layers.",
    )


def draw_growth(curves: Mapping[str, Sequence[int]]) -> Picture:
    """Draw how the receptive field grows from layer to layer; each curve is a net, the axis logarithmic.

    Up to six curves are told apart; further ones are left out.
    """
    figure, [axes] = new_figure(7.5, 3.8)
    colors = [OKABE_ITO[color] for color in ("blue", "vermillion", "green", "orange", "purple", "black")]
    for (name, sizes), marker, color, line in zip(curves.items(), _MARKERS, colors, ("-", "--") * 3, strict=False):
        depth = range(1, len(sizes) + 1)
        axes.plot(depth, sizes, line, marker=marker, color=color, markersize=5, label=f"{name}: {sizes[-1]}")
    axes.set_yscale("log", base=2)
    axes.yaxis.set_major_formatter("{x:.0f}")
    longest = max(map(len, curves.values()))
    axes.set_xticks(range(1, longest + 1))
    axes.set(xlabel="layers, pools counted", ylabel="receptive field (pixels)")
    axes.legend(loc="lower right", fontsize=9, frameon=False)
    said = "; ".join(f"{name} {', '.join(map(str, sizes))}" for name, sizes in curves.items())
    return picture(figure, f"Receptive field after each layer, on a logarithmic axis. {said}.")


def draw_touched(maps: Mapping[str, np.ndarray]) -> Picture:
    """Draw which pixels one unit reads, for several nets side by side; each map is a bool array (H, W)."""
    figure, panels = new_figure(3.0 * len(maps), 3.2, 1, len(maps))
    said = []
    for axes, (name, read) in zip(panels, maps.items(), strict=True):
        axes.imshow(read, vmin=0, vmax=1, cmap="cividis")
        rows, columns = np.nonzero(read)
        side = rows.max() - rows.min() + 1
        axes.plot(columns, rows, ".", color=OKABE_ITO["black"], markersize=2)
        axes.set_title(f"{name}\n{len(rows)} of {side}×{side} pixels read", fontsize=10)
        axes.set(xticks=[], yticks=[])
        said.append(f"{name}: {len(rows)} of {side * side} pixels of its field")
    return picture(figure, f"Pixels that one unit reads. {'; '.join(said)}.")
