"""Figures of "Why convolution?": counts on a log scale, wirings, detectors under shift, volumes, a timeline."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Polygon, Rectangle
from scipy.signal import correlate2d
from torch import nn

from course_utils.arithmetic import layer_table
from course_utils.plots.picture import OKABE_ITO, Picture, new_figure, picture

# How the three wirings look everywhere on the page: colour and hatching together.
_LOOK = {"full": ("vermillion", ""), "local": ("orange", "//"), "shared": ("blue", "..")}
_MARKERS = "osD^vPX"
_DASHES = ("-", "--", ":", "-.", (0, (5, 1, 1, 1)))


def _bars(ax: Axes, rows: Sequence[tuple[str, float, str]]) -> None:
    for place, (_, count, kind) in enumerate(rows):
        colour, hatch = _LOOK[kind]
        ax.barh(place, count, color=OKABE_ITO[colour], hatch=hatch, edgecolor="white", height=0.7)
        ax.text(count * 1.4, place, f"{count:,.0f}", va="center")
    ax.set_xscale("log")
    ax.set_xlim(1, max(count for _, count, _ in rows) * 3e3)
    ax.set_yticks(range(len(rows)), [label for label, _, _ in rows])
    ax.invert_yaxis()
    ax.set_xlabel("parameters (each grid line: a thousand times more)")
    ax.set_xticks([10.0**power for power in range(0, 16, 3) if 10.0**power <= ax.get_xlim()[1]])
    ax.grid(axis="x", alpha=0.3)


def count_bars(rows: Sequence[tuple[str, float, str]], title: str) -> Picture:
    """Return horizontal bars on a log scale for `rows` of (label, count, "full" | "local" | "shared").

    Raises ValueError where there is no row, a count is below 1 or a kind is unknown.
    """
    if not rows:
        raise ValueError("there is nothing to draw: give at least one row")
    for label, count, kind in rows:
        if count < 1 or kind not in _LOOK:
            raise ValueError(
                f"{label!r} has count {count} and kind {kind!r}; counts are 1 or more, kinds {list(_LOOK)}"
            )
    figure, (ax,) = new_figure(8.6, 0.8 + 0.34 * len(rows))
    _bars(ax, rows)
    ax.set_title(title, loc="left")
    said = "; ".join(f"{label}: {count:,.0f}" for label, count, _ in rows)
    return picture(figure, f"Bars on a log scale. {title}. {said}.")


def parameters(side: int, channels: int, hidden: int, window: int) -> Picture:
    """Return the counts of three layers of `hidden` units on a (channels, side, side) image: full, local, shared.

    The shared layer has as many maps as it takes to hold that many units, one unit a pixel. Every number is
    read off a torch module on the meta device, biases included. Raises ValueError where the window does not
    fit or an argument is below 1.
    """
    for name, value in (("side", side), ("channels", channels), ("hidden", hidden), ("window", window)):
        if value < 1:
            raise ValueError(f"{name} is {value}; it must be 1 or more")
    if window > side:
        raise ValueError(f"a window of {window} x {window} does not fit into an image of {side} x {side}")
    maps = ceil(hidden / side**2)
    full = nn.Linear(channels * side**2, hidden, device="meta")
    one_unit = nn.Linear(channels * window**2, 1, device="meta")
    shared = nn.Conv2d(channels, maps, window, device="meta")
    one, *counts = [sum(p.numel() for p in layer.parameters()) for layer in (one_unit, full, shared)]
    rows = [
        ("every pixel to every unit", counts[0], "full"),
        (f"own {window} x {window} window each", hidden * one, "local"),
        (f"one window shared, {maps} map{'s' * (maps > 1)}", counts[1], "shared"),
    ]
    figure, (ax,) = new_figure(8.6, 2.2)
    _bars(ax, rows)
    gigabytes = counts[0] * 4 / 1e9
    note = f"{side} x {side} x {channels} inputs, {hidden:,} units; the full layer needs {gigabytes:,.2f} GB in float32"
    ax.set_title(note, loc="left")
    said = "; ".join(f"{label}: {count:,}" for label, count, _ in rows)
    return picture(figure, f"Parameters of three layers on a log scale. {note}. {said}.")


def wirings() -> Picture:
    """Return six inputs and six units joined in three ways, with the connections and weights counted."""
    figure, axes = new_figure(7.6, 2.4, 1, 3)
    units = range(6)
    told = []
    styles = [("blue", "-"), ("vermillion", "--"), ("green", ":")]
    kinds = (("full", 6, False), ("local", 1, False), ("local and shared", 1, True))
    for ax, (title, reach, tied) in zip(axes, kinds, strict=True):
        joins = [(i, j) for j in units for i in units if abs(i - j) <= reach]
        for i, j in joins:
            colour, style = styles[i - j + 1] if tied else ("black", "-")
            ax.plot([i, j], [0, 1], style, color=OKABE_ITO[colour], lw=2.0 if tied else 1.0, zorder=1)
        for height, name in ((0, "o"), (1, "s")):
            ax.scatter(units, [height] * 6, s=90, marker=name, color="white", edgecolors="black", zorder=2)
        weights = len({i - j for i, j in joins}) if tied else len(joins)
        ax.set_title(f"{title}\n{len(joins)} connections, {weights} weights")
        ax.text(-0.6, 0.0, "x", ha="right", va="center")
        ax.text(-0.6, 1.0, "h", ha="right", va="center")
        ax.set_axis_off()
        told.append(f"{title}: {len(joins)} connections, {weights} weights")
    return picture(
        figure, f"Six inputs below, six units above, joined in three ways. {'; '.join(told)}; same style, same weight."
    )


def curves(
    x: Sequence[float] | np.ndarray,
    series: Mapping[str, Sequence[float] | np.ndarray],
    labels: tuple[str, str],
    alt: str,
    log_x: bool = False,
) -> Picture:
    """Return one line for each entry of `series` over `x`, told apart by colour, marker and dashes.

    `labels` are those of the two axes; `alt` says what is seen, the ends of each line are added to it.
    Raises ValueError where a line has not as many points as `x`.
    """
    (figure, (ax,)), ends = new_figure(8.0, 3.2), []
    for index, (name, y) in enumerate(series.items()):
        if len(y) != len(x):
            raise ValueError(f"{name!r} has {len(y)} points and x has {len(x)}; they must agree")
        size = max(4, 9 - 2 * index)  # it falls: where lines coincide, both are seen
        ax.plot(x, y, linestyle=_DASHES[index % 5], marker=_MARKERS[index % 7], ms=size, label=name)
        ends.append(f"{name} from {y[0]:.2f} to {y[-1]:.2f}")
    if log_x:
        ax.set_xscale("log")
        ax.set_xticks(x, [f"{value:g}" for value in x])
        ax.minorticks_off()
    elif all(value == round(value) for value in x):
        ax.locator_params("x", integer=True)
    ax.set(xlabel=labels[0], ylabel=labels[1])
    ax.grid(alpha=0.25)
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    return picture(figure, f"{alt} Lines: {'; '.join(ends)}.")


def image_rows(
    rows: Mapping[str, Sequence[np.ndarray] | np.ndarray],
    alt: str,
    symmetric: bool = False,
    titles: Sequence[str] = (),
) -> Picture:
    """Return a row of small images (each 2-D) for every entry, its name at the left, `titles` above the columns.

    Images of a column share one scale; with `symmetric` each has its own, with 0 in the middle.
    Raises ValueError where the rows are empty or of unequal length.
    """
    lengths = {len(images) for images in rows.values()}
    if len(lengths) != 1 or 0 in lengths:
        raise ValueError(f"rows have lengths {sorted(lengths)}; each needs the same number of images, at least one")
    count = lengths.pop()
    figure, axes = new_figure(
        min(9.0, 1.7 + (1.5 if titles else 0.85) * count), (1.2 if titles else 0.2) + 0.88 * len(rows), len(rows), count
    )
    for index, (name, images) in enumerate(rows.items()):
        for column, image in enumerate(images):
            ax = axes[index * count + column]
            top = float(np.abs(image).max())
            column_values = np.concatenate([np.ravel(each[column]) for each in rows.values()])
            low, high = (-top, top) if symmetric else (column_values.min(), column_values.max())
            ax.imshow(image, cmap="cividis", vmin=low, vmax=high)
            ax.set(xticks=[], yticks=[])
            ax.spines[:].set_visible(False)
            if titles and index == 0:
                ax.set_title(titles[column])
            if column == 0:
                ax.set_ylabel(name, rotation=0, ha="right", va="center")
    return picture(figure, alt)


def hit_maps(local: np.ndarray, shared: np.ndarray, seen: int) -> Picture:
    """Return two heat-maps of hit rates (rows, columns) in 0…1, the pattern seen in the first `seen` columns only.

    Raises ValueError where the shapes differ or `seen` lies outside the map.
    """
    if local.shape != shared.shape or not 0 < seen < local.shape[1]:
        raise ValueError(f"maps of shapes {local.shape} and {shared.shape} with {seen} seen columns do not go together")
    figure, axes = new_figure(8.4, 3.4, 1, 2)
    told = []
    for ax, (name, rates) in zip(
        axes, (("each place its own weights", local), ("shared weights", shared)), strict=True
    ):
        image = ax.imshow(rates, cmap="cividis", vmin=0, vmax=1)
        ax.axvline(seen - 0.5, color="white", ls="--", lw=2)
        known, new = 100 * rates[:, :seen].mean(), 100 * rates[:, seen:].mean()
        ax.set_title(f"{name}\nseen: {known:.0f} % found | unseen: {new:.0f} % found")
        ax.set(xlabel="column of the pattern", ylabel="row of the pattern")
        ax.set(xticks=range(0, rates.shape[1], 2), yticks=range(0, rates.shape[0], 2))
        told.append(f"{name}: {known:.0f} % found left of the line, {new:.0f} % right of it")
    figure.colorbar(image, ax=axes, label="share found")
    return picture(
        figure, f"Two heat-maps of where a pattern is found; training showed it left of the line. {'; '.join(told)}."
    )


def shifted(pattern: np.ndarray, local: np.ndarray, shared: np.ndarray, row: int, column: int) -> Picture:
    """Return a noisy scene with the pattern at (row, column) and what two sets of detectors answer.

    `pattern` and `shared` are (k, k), `local` is (places, places, k, k): a detector of its own for each place.
    Raises ValueError where the pattern would leave the scene.
    """
    places, k = len(local), len(pattern)
    if not (0 <= row < places and 0 <= column < places):
        raise ValueError(f"a {k} x {k} pattern at row {row}, column {column} leaves the scene; use 0 to {places - 1}")
    side = places + k - 1
    scene = np.random.default_rng(0).normal(0.0, 0.4, (side, side))
    scene[row : row + k, column : column + k] += pattern
    patches = np.lib.stride_tricks.sliding_window_view(scene, (k, k))
    answers = {
        "own weights": np.einsum("rcij,rcij->rc", patches, local),
        "shared weights": correlate2d(scene, shared, mode="valid"),
    }
    brightest = max(answer.max() for answer in answers.values())
    figure, axes = new_figure(9.0, 3.3, 1, 3)
    axes[0].imshow(scene, cmap="Greys")
    axes[0].add_patch(Rectangle((column - 0.5, row - 0.5), k, k, fill=False, ec=OKABE_ITO["vermillion"], lw=2))
    axes[0].set_title("scene: pattern in the box")
    told = []
    for ax, (name, answer) in zip(axes[1:], answers.items(), strict=True):
        top = np.unravel_index(answer.argmax(), answer.shape)
        ax.imshow(answer, cmap="cividis", vmin=0, vmax=brightest)
        ax.plot(column, row, "s", ms=15, mfc="none", mec="white", mew=2)
        ax.plot(top[1], top[0], "x", ms=9, mec=OKABE_ITO["vermillion"], mew=2.5)
        found = "found" if top == (row, column) else "missed"
        ax.set_title(f"{name}: {found}\nlargest answer {answer.max():.2f}")
        told.append(f"{name}: {found}, the answer there is {answer[row, column]:.2f}")
    for ax in axes:
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
    return picture(
        figure,
        f"A pattern at row {row}, column {column} of a noisy scene. {'; '.join(told)}. Square: truth; cross: top.",
    )


def _box(ax: Axes, left: float, bottom: float, width: float, height: float, deep: float, colour: str) -> None:
    dx, dy = 0.5 * deep, 0.35 * deep
    faces = (
        [(0, 0), (width, 0), (width, height), (0, height)],
        [(0, height), (width, height), (width + dx, height + dy), (dx, height + dy)],
        [(width, 0), (width + dx, dy), (width + dx, height + dy), (width, height)],
    )
    for face, alpha in zip(faces, (0.55, 0.35, 0.75), strict=True):
        points = [(left + x, bottom + y) for x, y in face]
        ax.add_patch(Polygon(points, closed=True, fc=OKABE_ITO[colour], ec="black", lw=0.8, alpha=alpha))


def volumes(side: int, channels: int, window: int, maps: int) -> Picture:
    """Return a (channels, side, side) input, one window through its whole depth, and the stack of `maps` it makes.

    Stride 1, no padding; every number is measured on a torch layer. Raises ValueError where the window does not fit.
    """
    if not 1 <= window <= side:
        raise ValueError(f"a window of {window} x {window} does not fit into {side} x {side}")
    row = layer_table(nn.Conv2d(channels, maps, window), (channels, side, side))[0]
    neurons, out = int(np.prod(row.output_shape)), row.output_shape[-1]
    one = layer_table(nn.Conv2d(channels, 1, window), (channels, side, side))[0].parameters
    figure, (ax,) = new_figure(8.6, 3.4)
    high, part = 3.0 * out / side, max(3.0 * window / side, 0.12)
    thick, deep = 0.25 + 0.05 * channels, 0.25 + 0.05 * maps
    _box(ax, 0, 0, 3, 3, thick, "sky")
    _box(ax, 1.0 * (3 - part) / 2, 3 - part, part, part, thick, "vermillion")
    start, cell = 6.4, max(high / out, 0.12)
    _box(ax, start, 0, high, high, deep, "yellow")
    _box(ax, start + (high - cell) / 2, high - cell, cell, cell, deep, "vermillion")
    ax.annotate("", (start - 0.2, 1.9), (4.6, 1.9), arrowprops={"arrowstyle": "->", "lw": 2})
    ax.text(0, -0.35, f"input {channels} x {side} x {side}\nwindow {channels} x {window} x {window}", va="top")
    ax.text(start, -0.35, f"output {maps} x {out} x {out}\ndepth column: {maps} units, one window", va="top")
    ax.text(5.3, 2.1, f"{maps} filter{'s' * (maps > 1)}", ha="center")
    ax.set_title(
        f"{neurons:,} units; own weights each: {neurons * one:,} parameters; shared: {row.parameters:,}", loc="left"
    )
    ax.set(xlim=(-0.2, 11.2), ylim=(-1.3, 4.6), aspect="equal")
    ax.set_axis_off()
    return picture(
        figure,
        f"A block {channels} x {side} x {side} becomes a block {maps} x {out} x {out}; a {window} x {window} window "
        f"through the whole depth feeds a column of {maps} units. {neurons:,} units, {one} parameters each: "
        f"{neurons * one:,} if each has its own, {row.parameters:,} shared.",
    )


def shuffle_result(errors: Mapping[str, tuple[float, float]], examples: int) -> Picture:
    """Return test errors in per cent, in order and shuffled, of each net, with 95 % bars for `examples` test examples.

    The bars are 1.96 binomial standard errors. Raises ValueError where an error is not between 0 and 100.
    """
    figure, (ax,) = new_figure(7.0, 3.2)
    told = []
    for index, (name, pair) in enumerate(errors.items()):
        if not all(0 <= error <= 100 for error in pair):
            raise ValueError(f"{name!r} has errors {pair}; they are per cents, 0 to 100")
        bars = [196 * (error / 100 * (1 - error / 100) / examples) ** 0.5 for error in pair]
        ax.errorbar(
            (0, 1), pair, yerr=bars, marker=_MARKERS[index], ms=8, ls=_DASHES[index], lw=2, capsize=4, label=name
        )
        told.append(f"{name}: {pair[0]:.0f} % in order, {pair[1]:.0f} % shuffled")
    ax.set_xticks((0, 1), ["positions in order", "positions shuffled"])
    ax.set(xlim=(-0.3, 1.3), ylim=(0, None), ylabel="test error, %")
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    return picture(figure, f"Test error before and after shuffling the positions. {'; '.join(told)}.")


@dataclass(frozen=True)
class Event:
    """A dated entry of the timeline: `lane` is one of LANES, `reference` names authors and work."""

    year: int
    lane: str
    what: str
    reference: str


LANES = {"brain": ("green", "o"), "by hand": ("orange", "s"), "learned": ("blue", "D"), "data": ("purple", "^")}


def timeline(events: Sequence[Event], title: str) -> Picture:
    """Return one row for each event, by year, with its lane as colour and marker.

    Raises ValueError where there is no event, a lane is unknown or the years are out of order.
    """
    years = [event.year for event in events]
    if not years or years != sorted(years) or any(event.lane not in LANES for event in events):
        raise ValueError(f"give at least one event, in the order of years, with lanes among {list(LANES)}")
    figure, (ax,) = new_figure(9.0, 1.0 + 0.27 * len(events))
    middle = (years[0] + years[-1]) / 2
    reach = max(years[-1] - years[0], 1)
    for place, event in enumerate(events):
        colour, marker = LANES[event.lane]
        ax.plot(event.year, place, marker, color=OKABE_ITO[colour], ms=8)
        right = event.year <= middle
        text = f"{event.year}  {event.what}" if right else f"{event.what}  {event.year}"
        x = event.year + (0.015 if right else -0.015) * reach
        ax.text(x, place, text, ha="left" if right else "right", va="center", fontsize=9)
    lanes = dict.fromkeys(event.lane for event in events)
    for lane in lanes:
        ax.plot([], [], LANES[lane][1], color=OKABE_ITO[LANES[lane][0]], ms=8, label=lane)
    if len(lanes) > 1:
        ax.legend(loc="lower center", ncols=4, bbox_to_anchor=(0.5, 1.0), frameon=False)
    ax.set_xlim(years[0] - 0.03 * reach, years[-1] + 0.03 * reach)
    ax.invert_yaxis()
    ax.set(yticks=[], xlabel=title)
    ax.spines["left"].set_visible(False)
    ax.grid(axis="x", alpha=0.25)
    return picture(figure, f"{title}. {'; '.join(f'{event.year} {event.what}' for event in events)}.")


HISTORY = tuple(
    Event(*entry)
    for entry in (
        (1959, "brain", "cells of the cat's visual cortex answer to edges", "Hubel and Wiesel, J. Physiol. 148"),
        (1961, "brain", "detectors as a code with little redundancy", "Barlow, in Sensory Communication"),
        (1980, "learned", "Neocognitron: local, shared, pooled; no gradients", "Fukushima, Biol. Cybernetics 36"),
        (1981, "brain", "Nobel prize for Hubel and Wiesel (with Sperry)", "Nobel Foundation, Physiology or Medicine"),
        (1985, "brain", "Gabor functions describe simple cells", "Daugman, J. Opt. Soc. Am. A 2"),
        (1986, "by hand", "Canny's edge detector", "Canny, IEEE PAMI 8"),
        (1989, "learned", "convolutional net trained by back-propagation", "LeCun et al., Neural Computation 1"),
        (1998, "learned", "LeNet-5 reads bank cheques", "LeCun, Bottou, Bengio, Haffner, Proc. IEEE 86"),
        (1999, "by hand", "SIFT: histograms of gradient directions", "Lowe, ICCV; journal 2004"),
        (2001, "by hand", "GIST: the energy of Gabor filters over a scene", "Oliva and Torralba, IJCV 42"),
        (2005, "by hand", "HOG: gradient directions for pedestrians", "Dalal and Triggs, CVPR"),
        (2009, "data", "ImageNet", "Deng et al., CVPR"),
        (2010, "data", "the first ImageNet challenge (ILSVRC)", "Russakovsky et al., IJCV 115, 2015"),
        (2012, "learned", "AlexNet wins the challenge", "Krizhevsky, Sutskever, Hinton, NIPS"),
        (2014, "learned", "VGG and GoogLeNet", "Simonyan and Zisserman; Szegedy et al."),
        (2015, "learned", "ResNet: 152 layers", "He, Zhang, Ren, Sun, arXiv; CVPR 2016"),
        (2022, "learned", "ConvNeXt", "Liu et al., CVPR"),
    )
)
APPLICATIONS = tuple(
    Event(year, "learned", what, reference)
    for year, what, reference in (
        (2010, "segmenting neurons", "Turaga et al., Neural Computation 22"),
        (2011, "traffic signs, nets of two scales", "Sermanet and LeCun, IJCNN"),
        (2011, "traffic signs, a committee", "Ciresan et al., IJCNN"),
        (2012, "digits and characters: MCDNN", "Ciresan, Meier, Schmidhuber, CVPR"),
        (2012, "scene segmentation", "Farabet et al., ICML; PAMI 2013"),
        (2012, "classification and retrieval", "Krizhevsky, Sutskever, Hinton, NIPS"),
        (2013, "mitosis in breast tissue", "Ciresan et al., MICCAI"),
        (2013, "house numbers: DropConnect", "Wan et al., ICML"),
        (2013, "pedestrians", "Sermanet et al., CVPR"),
        (2013, "detection as regression", "Szegedy, Toshev, Erhan, NIPS"),
        (2013, "Atari games", "Mnih et al., arXiv 1312.5602"),
        (2014, "street numbers from photographs", "Goodfellow et al., ICLR"),
        (2014, "words in scenes", "Jaderberg et al., ECCV"),
        (2014, "detection: OverFeat", "Sermanet et al., ICLR"),
        (2014, "detection: R-CNN", "Girshick et al., CVPR"),
        (2014, "human pose", "Toshev and Szegedy, CVPR"),
        (2014, "sentiment of texts", "Denil et al., arXiv 1406.3830"),
        (2015, "captions", "Vinyals et al., CVPR"),
        (2015, "self-driving: Tegra X1 boards", "NVIDIA, announcement at CES"),
        (2015, "DeepDream pictures", "Mordvintsev, Olah, Tyka, Google Research blog"),
        (2015, "detection: Faster R-CNN", "Ren et al., NIPS"),
    )
)
