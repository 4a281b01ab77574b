"""Figures of lecture 14: filters and their fits, feature maps, patches, explanations, pictures units like best."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from course_utils.inside import TAG, Atlas, GaborFits, Patches, Tuning
from course_utils.plots import OKABE_ITO, Picture, new_figure, picture

_SHADES = mpl.colormaps["cividis"].resampled(24)  # few enough that a picture stays small as a file
_MARKS = "o^sDvPX*<>"
_DASHES = ("-", "--", ":", "-.", (0, (5, 1, 1, 1)), (0, (1, 2)))


def _bare(axes: Axes, title: str = "", size: float = 9) -> None:
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    axes.set_title(title, fontsize=size)


def _image(axes: Axes, image: np.ndarray, title: str = "", signed: bool = False, size: float = 9) -> None:
    """Draw an image on a scale of its own; a signed one has 0 in the middle."""
    top = float(np.abs(image).max()) or 1.0
    low, high = (-top, top) if signed else (float(image.min()), float(image.max()) or 1.0)
    axes.imshow(image, interpolation="nearest", cmap=_SHADES, vmin=low, vmax=high)
    _bare(axes, title, size)


def _frame(axes: Axes) -> None:
    """Draw the border of the planted mark."""
    rows, columns = TAG
    corner = columns.start - 1.0, rows.start - 1.0
    width, height = columns.stop - columns.start + 1, rows.stop - rows.start + 1
    axes.add_patch(Rectangle(corner, width, height, fill=False, ec=OKABE_ITO["vermillion"], lw=1.5))


def draw_filters(rows: Mapping[str, np.ndarray], shares: Mapping[str, np.ndarray] | None = None) -> Picture:
    """Draw filters (n, side, side) of each row, 0 in the middle of the scale; `shares` (n,) are written above them.

    Raises ValueError where the rows are empty or of unequal length.
    """
    lengths = {len(filters) for filters in rows.values()}
    if len(lengths) != 1 or 0 in lengths:
        raise ValueError(f"rows have lengths {sorted(lengths)}; each needs the same number of filters, at least one")
    count, said = lengths.pop(), []
    height = 0.98 if shares else 0.82
    figure, panels = new_figure(1.5 + 0.68 * count, 0.2 + height * len(rows), len(rows), count)
    for index, (name, filters) in enumerate(rows.items()):
        own = (shares or {}).get(name)
        for column, each in enumerate(filters):
            title = "" if own is None else f"{own[column]:.2f}"
            _image(panels[index * count + column], each, title, signed=True, size=8)
        panels[index * count].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9)
        said.append(f"{name}: {count}" if own is None else f"{name}: median {np.median(own):.2f}")
    what = "" if shares is None else " with the share that a Gabor function explains above each"
    return picture(figure, f"Rows of filters as small images{what}. {'; '.join(said)}.")


def draw_fits(filters: np.ndarray, fits: GaborFits, count: int = 8) -> Picture:
    """Draw the `count` filters that are fitted best above their Gabor functions."""
    order = np.argsort(-fits.shares)[:count]
    figure, panels = new_figure(1.2 + 0.95 * len(order), 2.9, 2, len(order))
    for column, index in enumerate(order):
        _image(panels[column], filters[index], f"{fits.shares[index]:.2f}", signed=True)
        degrees = np.degrees(fits.angles[index])
        _image(panels[len(order) + column], fits.pictures[index], f"{degrees:.0f}°", signed=True)
    for row, name in enumerate(("filter", "Gabor fit")):
        panels[row * len(order)].set_ylabel(name, rotation=0, ha="right", va="center")
    best = ", ".join(f"{fits.shares[i]:.2f} at {np.degrees(fits.angles[i]):.0f}°" for i in order)
    return picture(figure, f"Filters above the Gabor functions fitted to them; shares explained and angles: {best}.")


def draw_shares(groups: Mapping[str, np.ndarray]) -> Picture:
    """Draw, for each group, the share of each filter that a Gabor function explains, and the median as a line."""
    figure, [axes] = new_figure(8.2, 0.9 + 0.42 * len(groups))
    said = []
    for row, (name, shares) in enumerate(groups.items()):
        axes.plot(shares, np.full(len(shares), row), _MARKS[row], ms=6, alpha=0.6, mec="black", mew=0.5)
        axes.plot([np.median(shares)] * 2, [row - 0.35, row + 0.35], color="black", lw=2.5)
        said.append(f"{name}: median {np.median(shares):.2f}, from {shares.min():.2f} to {shares.max():.2f}")
    axes.set(xlim=(0, 1.02), xlabel="share explained by the best Gabor function (line: median)")
    axes.set_yticks(range(len(groups)), list(groups))
    axes.invert_yaxis()
    return picture(figure, f"Points on lines: how much of each filter a Gabor function explains. {'; '.join(said)}.")


def draw_tuning(curves: Mapping[str, Tuning], unit: Mapping[str, int]) -> Picture:
    """Draw for each entry one unit's mean answer by angle (left) and its answer by phase at the best angle (right)."""
    figure, (left, right) = new_figure(9.0, 3.1, 1, 2)
    said = []
    for row, (name, each) in enumerate(curves.items()):
        chosen = each.answers[unit[name]]
        by_angle = chosen.mean(axis=1)
        best = int(by_angle.argmax())
        look: dict[str, Any] = {"marker": _MARKS[row], "ls": _DASHES[row], "label": name}
        left.plot(np.degrees(each.angles), by_angle / (by_angle.max() or 1), **look)
        moved = chosen[best]
        right.plot(np.arange(len(moved)) * 360 / len(moved), moved / (moved.max() or 1), **look)
        said.append(
            f"{name}: selectivity {each.selectivity()[unit[name]]:.2f}, F1/F0 {each.modulation()[unit[name]]:.2f}"
        )
    left.set(xlabel="angle of the grating, degrees", ylabel="answer / largest", ylim=(0, 1.05))
    right.set(xlabel="phase of the grating, degrees", ylim=(0, 1.05))
    right.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return picture(figure, f"Answers to gratings by angle and by phase. {'; '.join(said)}.")


def draw_maps(image: np.ndarray, maps: np.ndarray, layer: str) -> Picture:
    """Draw a picture (H, W) and the maps (channels, rows, columns) of a layer, all on one scale."""
    columns = 8
    rows = -(-len(maps) // columns)
    figure, panels = new_figure(9.0, 0.5 + 1.12 * rows, rows, columns + 1)
    top = float(maps.max()) or 1.0
    low = min(0.0, float(maps.min()))
    for place, axes in enumerate(panels):
        row, column = divmod(place, columns + 1)
        channel = row * columns + column - 1
        if place == 0:
            _image(axes, image, "input")
        elif column and channel < len(maps):
            axes.imshow(maps[channel], interpolation="nearest", cmap=_SHADES, vmin=low, vmax=top)
            _bare(axes, f"{channel}: {maps[channel].max():.1f}", 8)
        else:
            axes.set_axis_off()
    silent = int((maps.max(axis=(1, 2)) <= 0).sum())
    zero = float((maps == 0).mean())
    shape = "×".join(map(str, maps.shape[1:]))
    return picture(
        figure,
        f"A digit and the {len(maps)} maps of {layer}, {shape} each, with their largest answers: from "
        f"{maps.min():.1f} to {maps.max():.1f}; {silent} silent, {zero:.0%} of all values are 0.",
    )


def draw_patches(units: Mapping[str, Patches], projections: Mapping[str, np.ndarray] | None = None) -> Picture:
    """Draw a row of top windows for each unit and, where given, under it what `project_down` made of each."""
    count = len(next(iter(units.values())).windows)
    double = 2 if projections else 1
    figure, panels = new_figure(1.4 + 0.8 * count, 0.2 + 0.95 * len(units) * double, len(units) * double, count)
    said = []
    for index, (name, each) in enumerate(units.items()):
        first = index * double * count
        for column, window in enumerate(each.windows):
            _image(panels[first + column], window, f"{each.answers[column]:.1f}", size=8)
            if projections:
                _image(panels[first + count + column], projections[name][column], signed=True)
        panels[first].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9)
        if projections:
            panels[first + count].set_ylabel("DeconvNet", rotation=0, ha="right", va="center", fontsize=9)
        said.append(f"{name} from {each.answers[0]:.1f} to {each.answers[-1]:.1f}")
    below = ", each above what DeconvNet carries back to the pixels" if projections else ""
    return picture(figure, f"The {count} windows with the largest answers, a row a unit{below}: {'; '.join(said)}.")


def draw_explanations(rows: Sequence[tuple[str, np.ndarray, Mapping[str, np.ndarray]]], mark: bool = False) -> Picture:
    """Draw for each row (name, picture (H, W), {method: map (H, W)}) the picture and its maps, each on its own scale.

    `mark` frames the place of the planted mark. Raises ValueError where the rows have not the same methods.
    """
    methods = list(rows[0][2]) if rows else []
    if not methods or any(list(maps) != methods for _, _, maps in rows):
        raise ValueError("there must be at least one row and one method, and the same methods in each row")
    figure, panels = new_figure(1.3 + 1.15 * (len(methods) + 1), 0.4 + 1.25 * len(rows), len(rows), len(methods) + 1)
    said = []
    for index, (name, image, maps) in enumerate(rows):
        own = panels[index * (len(methods) + 1) : (index + 1) * (len(methods) + 1)]
        _image(own[0], image, "picture" if index == 0 else "")
        own[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9)
        for axes, (method, each) in zip(own[1:], maps.items(), strict=True):
            _image(axes, each, method if index == 0 else "", signed=bool(each.min() < 0))
        for axes in own if mark else []:
            _frame(axes)
        tops = ", ".join(
            f"{method} at row {np.argmax(each) // each.shape[1]}, column {np.argmax(each) % each.shape[1]}"
            for method, each in maps.items()
        )
        said.append(f"{name}: largest by {tops}")
    return picture(figure, f"Pictures and what methods mark in them. {'; '.join(said)}.")


def draw_found(shares: Mapping[str, tuple[float, float]], area: float) -> Picture:
    """Draw for each method the mean share of its map on the mark: (net that uses the mark, net that never saw it).

    `area` is the share of the picture that counts as the mark: what a map without any preference would get.
    """
    figure, [axes] = new_figure(8.4, 0.9 + 0.45 * len(shares))
    for side, (colour, hatch, name) in enumerate((("blue", "", "uses the mark"), ("orange", "//", "never saw it"))):
        places = np.arange(len(shares)) + 0.2 * (2 * side - 1)
        values = [pair[side] for pair in shares.values()]
        axes.barh(places, values, 0.38, color=OKABE_ITO[colour], hatch=hatch, edgecolor="black", label=name)
    axes.axvline(area, color="black", ls="--", label="its share of the area")
    axes.set_yticks(range(len(shares)), list(shares))
    axes.invert_yaxis()
    axes.set(xlim=(0, 1), xlabel="share of the explanation on the mark")
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    said = "; ".join(f"{name} {pair[0]:.0%} and {pair[1]:.0%}" for name, pair in shares.items())
    return picture(
        figure, f"Share on the mark, for a net that uses it and one that never saw it: {said}; area {area:.0%}."
    )


def draw_shuffles(curves: Mapping[str, Sequence[float]], steps: Sequence[str]) -> Picture:
    """Draw the rank correlation of each method's maps with those of the trained net, after each of `steps`."""
    figure, [axes] = new_figure(8.6, 3.6)
    for row, (name, values) in enumerate(curves.items()):
        axes.plot(range(len(steps)), values, marker=_MARKS[row], ls=_DASHES[row % 6], label=name)
    axes.set_xticks(range(len(steps)), list(steps))
    axes.axhline(0, color="0.6", lw=0.8)
    axes.set(ylim=(-0.35, 1.05), ylabel="rank correlation", xlabel="layers with shuffled weights")
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    said = "; ".join(f"{name} ends at {values[-1]:.2f}" for name, values in curves.items())
    return picture(figure, f"Rank correlation with the trained net's maps while layers are shuffled. {said}.")


def draw_wishes(rows: Mapping[str, Mapping[str, np.ndarray]]) -> Picture:
    """Draw rows of pictures (H, W), each with its own caption; all from black (0) to white (1)."""
    count = max(len(each) for each in rows.values())
    figure, panels = new_figure(1.3 + 0.95 * count, 0.3 + 1.2 * len(rows), len(rows), count)
    for index, (name, images) in enumerate(rows.items()):
        own = panels[index * count : (index + 1) * count]
        for axes in own:
            axes.set_axis_off()
        for axes, (caption, image) in zip(own, images.items(), strict=False):
            axes.set_axis_on()
            axes.imshow(image, interpolation="nearest", cmap=_SHADES, vmin=0, vmax=1)
            _bare(axes, caption, 8)
        own[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9)
    said = "; ".join(f"{name}: {', '.join(images)}" for name, images in rows.items())
    return picture(figure, f"Rows of pictures with captions, found by gradient ascent or from the data. {said}.")


def draw_pair(features: np.ndarray, labels: np.ndarray, one: int, other: int, shown: Sequence[int]) -> Picture:
    """Draw pictures as points by the answers of two units; the classes `shown` have markers of their own.

    `features` is (N, units), `labels` (N,). Raises ValueError where a class has no picture.
    """
    if missing := set(shown) - set(labels.tolist()):
        raise ValueError(f"there is no picture of class {', '.join(map(str, sorted(missing)))}")
    figure, [axes] = new_figure(6.6, 4.0)
    rest = ~np.isin(labels, shown)
    axes.plot(*features[rest][:, [one, other]].T, ".", color="0.8", ms=4, label="other digits")
    colours = ("blue", "vermillion", "green", "purple")
    for row, label in enumerate(shown):
        mine = features[labels == label]
        look: dict[str, Any] = {"color": OKABE_ITO[colours[row % 4]], "mec": "black", "mew": 0.4, "ms": 6, "ls": ""}
        axes.plot(mine[:, one], mine[:, other], marker=_MARKS[row], label=f"{label}", **look)
    axes.set(xlabel=f"unit {one}", ylabel=f"unit {other}")
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    told = "; ".join(
        f"{label}s at {features[labels == label][:, one].mean():.2f}, {features[labels == label][:, other].mean():.2f}"
        for label in shown
    )
    link = np.corrcoef(features[:, one], features[:, other])[0, 1] if one != other else 1.0
    return picture(figure, f"Test digits by the answers of units {one} and {other}, correlated by {link:.2f}. {told}.")


def draw_atlas(atlas: Atlas, wishes: np.ndarray) -> Picture:
    """Draw an atlas twice: the mean of what is seen in each cell (left), and the wish (n, H, W) for it (right)."""
    cells = int(atlas.at.max()) + 1
    figure, panels = new_figure(9.2, 4.6, 1, 2)
    side = atlas.windows.shape[1]
    edge = (wishes.shape[1] - side) // 2
    for axes, images, title in (
        (panels[0], atlas.windows, "mean of the windows in the cell"),
        (
            panels[1],
            wishes[:, edge : edge + side, edge : edge + side],
            "what excites the cell's mean activation",
        ),
    ):
        sheet = np.ones(((side + 2) * cells, (side + 2) * cells))
        for (row, column), image, vote in zip(atlas.at, images, atlas.votes, strict=True):
            top, left = row * (side + 2), column * (side + 2)
            sheet[top : top + side, left : left + side] = image
            axes.text(
                left + 1, top + 1, f"{vote}", color="white", fontsize=7, va="top", bbox={"fc": "black", "pad": 0.8}
            )
        axes.imshow(sheet, interpolation="nearest", cmap=_SHADES, vmin=0, vmax=1)
        _bare(axes, title, 10)
    classes = ", ".join(f"{label} in {count}" for label, count in enumerate(np.bincount(atlas.votes)) if count)
    return picture(
        figure,
        f"An atlas of {len(atlas.at)} cells of {atlas.counts.sum()} places, as mean windows and as optimised pictures, "
        f"each with the class that the head reads from it: class {classes} cells.",
    )
