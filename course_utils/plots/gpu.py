"""Figures of lecture 08: number formats, a device's queue, ratios of times, the ConvNet pattern, slopes, runs."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator
from torch import nn

from course_utils.arithmetic import layer_table
from course_utils.plots.picture import OKABE_ITO, Picture, new_figure, picture
from course_utils.timing import OperatorShare, Ratio, queue_times
from course_utils.training import History, gradient_norms

# Bits of the exponent and of the fraction; one bit before them is the sign.
FORMATS: dict[str, tuple[torch.dtype, torch.dtype, int, int]] = {
    "float32": (torch.float32, torch.int32, 8, 23),
    "bfloat16": (torch.bfloat16, torch.int16, 8, 7),
    "float16": (torch.float16, torch.int16, 5, 10),
}
ACTIVATIONS: dict[str, type[nn.Module]] = {
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "ReLU": nn.ReLU,
    "GELU": nn.GELU,
}


def stored(value: float, name: str) -> tuple[str, float]:
    """Return the bits of `value` in a format of FORMATS, as text of 0 and 1, and the number that they stand for."""
    dtype, whole, exponent, fraction = FORMATS[name]
    kept = torch.tensor(value, dtype=torch.float64).to(dtype)
    length = 1 + exponent + fraction
    return format(int(kept.view(whole)) % 2**length, f"0{length}b"), float(kept)


def draw_formats(value: float | str) -> Picture:
    """Draw the bits that each format of FORMATS keeps of one number, with what they stand for and the relative error.

    `value` may be a text. Raises ValueError where it is no number.
    """
    number = float(value)
    figure, [axes] = new_figure(9.6, 2.2)
    colors = (OKABE_ITO["purple"], OKABE_ITO["orange"], OKABE_ITO["sky"])
    said = []
    for row, (name, (_dtype, _whole, exponent, _fraction)) in enumerate(FORMATS.items()):
        bits, kept = stored(number, name)
        for place, bit in enumerate(bits):
            part = 0 if place == 0 else 1 if place <= exponent else 2
            axes.add_patch(Rectangle((place, -row - 0.36), 1, 0.72, facecolor=colors[part], edgecolor="white"))
            axes.text(place + 0.5, -row, bit, ha="center", va="center", fontsize=9)
        error = abs(kept - number) / abs(number) if number and math.isfinite(kept) else float(kept != number)
        off = f"off by {error:.1e}" if math.isfinite(kept) and error else "exact" if kept == number else "out of range"
        axes.text(-0.4, -row, name, ha="right", va="center")
        axes.text(len(bits) + 0.4, -row, f"{kept:.9g}, {off}", va="center", fontsize=9)
        said.append(f"{name} keeps {kept:.9g} ({off})")
    for place, (word, color) in enumerate(zip(("sign", "exponent", "fraction"), colors, strict=True)):
        axes.add_patch(Rectangle((5 * place, 0.72), 0.8, 0.45, facecolor=color))
        axes.text(5 * place + 1.1, 0.94, word, va="center", fontsize=9)
    axes.set(xlim=(-5, 46), ylim=(-2.5, 1.3))
    axes.set_axis_off()
    return picture(figure, f"The bits of {number:.9g} in {len(FORMATS)} formats: {'; '.join(said)}.")


def draw_queue(kernels: int, launch: float, run: float, wait_each: bool) -> Picture:
    """Draw what a processor and a device do while kernels are launched and run; arguments as in `queue_times`."""
    host, device = queue_times(kernels, launch, run, wait_each)
    asked, done = host[-1][1], device[-1][1]
    figure, [axes] = new_figure(9.4, 2.4)
    for height, spans, color in ((1.0, host, "orange"), (0.0, device, "sky")):
        for number, (start, end) in enumerate(spans, start=1):
            box = Rectangle(
                (start, height - 0.32), max(end - start, done / 400), 0.64, facecolor=OKABE_ITO[color], edgecolor="0.3"
            )
            axes.add_patch(box)
            if end - start > done / 40:
                axes.text((start + end) / 2, height, str(number), ha="center", va="center", fontsize=8)
    axes.axvline(asked, color=OKABE_ITO["vermillion"], ls="--")
    axes.axvline(done, color=OKABE_ITO["black"])
    busy = kernels * run / done if done else 0.0
    axes.set(yticks=[0, 1], yticklabels=["device runs", "processor launches"], ylim=(-0.5, 1.5))
    axes.set(xlim=(0, max(done, 1e-9) * 1.02), xlabel="time, in microseconds")
    axes.set_title(
        f"the clock without waiting: {asked:g} (dashed); with waiting: {done:g}; the device is busy {busy:.0%}",
        fontsize=10,
    )
    return picture(
        figure,
        f"{kernels} kernels, {launch:g} microseconds to launch one and {run:g} to run one: a clock that does not wait "
        f"says {asked:g}, one that waits {done:g}. The device is busy for {busy:.0%} of the time.",
    )


def draw_ratios(found: Sequence[Ratio], unit: str, title: str = "") -> Picture:
    """Draw times in units of the job `unit`: the median as a dot, the middle half of the rounds as a line."""
    if unit not in [each.name for each in found]:
        raise ValueError(f"no job {unit!r} among {', '.join(each.name for each in found)}")
    figure, [axes] = new_figure(8.4, 0.8 + 0.34 * len(found))
    axes.axvline(1, color="0.6", lw=1)
    for row, each in enumerate(found):
        axes.plot([each.low, each.high], [-row, -row], color=OKABE_ITO["blue"], lw=2)
        axes.plot(each.median, -row, "o", color=OKABE_ITO["black"] if each.name == unit else OKABE_ITO["blue"])
        axes.annotate(f"{each.median:.2f}", (each.high, -row), (8, 0), textcoords="offset points", va="center")
    axes.set(yticks=[-row for row in range(len(found))], yticklabels=[each.name for each in found])
    axes.set(
        ylim=(0.6 - len(found), 0.4),
        xlim=(0, 1.15 * max(each.high for each in found)),
        xlabel=f"time, in units of: {unit}",
        title=title,
    )
    said = ", ".join(f"{each.name} {each.median:.2f}" for each in found)
    return picture(figure, f"Times in units of {unit}, medians over several rounds: {said}.")


def draw_operators(found: Sequence[OperatorShare], most: int = 7) -> Picture:
    """Draw the operators of a profile with the largest shares of the time, and the rest as one bar."""
    shown, rest = list(found[:most]), sum(each.share for each in found[most:])
    figure, [axes] = new_figure(8.4, 0.8 + 0.3 * (len(shown) + 1))
    names = [
        each.name.removeprefix("aten::").replace("autograd::engine::evaluate_function: ", "around ") for each in shown
    ]
    names = [f"{name}, {each.calls} a step" for name, each in zip(names, shown, strict=True)]
    names.append(f"{max(len(found) - most, 0)} others")
    shares = [100 * each.share for each in shown] + [100 * rest]
    places = -np.arange(len(shares))
    axes.barh(places, shares, color=[OKABE_ITO["blue"]] * len(shown) + ["0.7"])
    for place, share in zip(places, shares, strict=True):
        axes.annotate(f"{share:.0f} %", (share, place), (5, 0), textcoords="offset points", va="center", fontsize=9)
    axes.set(yticks=places, yticklabels=names, xlabel="share of the time, per cent", xlim=(0, 1.15 * max(shares)))
    said = ", ".join(f"{name}: {share:.0f} per cent" for name, share in zip(names, shares, strict=True))
    return picture(figure, f"Where the time of a step goes, by operator: {said}.")


@dataclass(frozen=True)
class Pattern:
    """INPUT → [[CONV → RELU]*convs → POOL?]*blocks → [FC → RELU]*hidden → FC, on pictures of 3 channels."""

    convs: int = 2
    blocks: int = 3
    hidden: int = 0
    pool: bool = True
    channels: int = 10
    double: bool = False
    kernel_size: int = 3
    side: int = 32
    units: int = 100
    classes: int = 10

    def __str__(self) -> str:
        """Return the pattern as it is usually written."""
        inner = f"[CONV → RELU]*{self.convs}" + (" → POOL" if self.pool else "")
        return f"INPUT → [{inner}]*{self.blocks} → [FC → RELU]*{self.hidden} → FC"


def pattern_net(pattern: Pattern) -> nn.Sequential:
    """Return the net of a pattern: convolutions of stride 1 that keep the size, 2×2 max pools of stride 2.

    With `double`, each block after the first has twice the channels of the one before. Raises ValueError where a number
    is out of range, the kernel has no middle, or a pool meets a map of less than 2×2.
    """
    least = {"convs": 0, "blocks": 0, "hidden": 0, "channels": 1, "kernel_size": 1, "side": 1, "units": 1, "classes": 1}
    for name, low in least.items():
        if getattr(pattern, name) < low:
            raise ValueError(f"{name} is {getattr(pattern, name)}; it must be {low} or more")
    if pattern.kernel_size % 2 == 0:
        raise ValueError(f"kernel_size is {pattern.kernel_size}; only an odd one keeps the size with equal padding")
    layers: list[nn.Module] = []
    wide, side = 3, pattern.side
    for block in range(pattern.blocks):
        own = pattern.channels * (2**block if pattern.double else 1)
        for _ in range(pattern.convs):
            layers += [nn.Conv2d(wide, own, pattern.kernel_size, padding=pattern.kernel_size // 2), nn.ReLU()]
            wide = own
        if pattern.pool:
            if side < 2:
                raise ValueError(f"the pool of block {block + 1} meets a map of {side}×{side}: use fewer blocks")
            layers.append(nn.MaxPool2d(2))
            side //= 2
    layers.append(nn.Flatten())
    wide *= side * side
    for _ in range(pattern.hidden):
        layers += [nn.Linear(wide, pattern.units), nn.ReLU()]
        wide = pattern.units
    return nn.Sequential(*layers, nn.Linear(wide, pattern.classes))


def _short(count: float) -> str:
    for limit, sign in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if count >= limit:
            return f"{count / limit:.3g} {sign}"
    return f"{count:.0f}"


def draw_pattern(pattern: Pattern) -> Picture:
    """Draw the net of a pattern: its blocks of activations, and the parameters and MACs of each layer.

    Raises ValueError as `pattern_net` does.
    """
    with torch.device("meta"):
        net = pattern_net(pattern)
    rows = [row for row in layer_table(net, (3, pattern.side, pattern.side)) if row.kind not in ("ReLU", "Flatten")]
    shapes = [(3, pattern.side, pattern.side), *(row.output_shape for row in rows)]
    names = ["input", *({"Conv2d": "conv", "MaxPool2d": "pool", "Linear": "FC"}[row.kind] for row in rows)]
    figure, (top, middle, low) = new_figure(9.6, 4.6, 3, 1, height_ratios=[1.25, 1, 1], sharex=True)
    for place, (name, shape) in enumerate(zip(names, shapes, strict=True)):
        side = shape[1] if len(shape) == 3 else 1
        high = 0.12 + 0.88 * side / pattern.side
        width = 0.2 + 0.65 * min(1.0, math.log2(shape[0] + 1) / 9)
        color = {"input": "0.8", "conv": OKABE_ITO["sky"], "pool": OKABE_ITO["orange"], "FC": OKABE_ITO["purple"]}[name]
        top.add_patch(Rectangle((place - width / 2, -high / 2), width, high, facecolor=color, edgecolor="0.3"))
        words = f"{shape[0]}\n{side}×{side}" if len(shape) == 3 else str(shape[0])
        top.text(place, -0.58, words, ha="center", va="top", fontsize=7)
        top.text(place, 0.55, name, ha="center", va="bottom", fontsize=8)
    top.set(ylim=(-1.0, 0.75), xlim=(-0.6, len(names) - 0.4))
    top.set_axis_off()
    totals = {"parameters": [row.parameters for row in rows], "MACs": [row.macs for row in rows]}
    for axes, (name, counts), color in zip((middle, low), totals.items(), ("blue", "green"), strict=True):
        _count_bars(axes, counts, name, OKABE_ITO[color])
    weights, macs = (sum(counts) for counts in totals.values())
    figure.suptitle(f"{pattern}:  {weights:,} parameters, {_short(macs)} MACs", fontsize=10)
    head = sum(row.parameters for row in rows if row.kind == "Linear")
    return picture(
        figure,
        f"{pattern} on 3×{pattern.side}×{pattern.side}: {len(rows)} layers with {weights:,} parameters, {head:,} of "
        f"them in fully connected layers, and {macs:,} MACs; the last map is "
        f"{'×'.join(map(str, [shape for shape in shapes if len(shape) == 3][-1]))}.",
    )


def _count_bars(axes: Axes, counts: Sequence[int], name: str, color: str) -> None:
    places = np.arange(1, len(counts) + 1)
    axes.bar(places, counts, color=color, width=0.7)
    for place, count in zip(places, counts, strict=True):
        if count:
            axes.annotate(_short(count), (place, count), (0, 2), textcoords="offset points", ha="center", fontsize=7)
    axes.set(ylabel=name, xticks=[], yticks=[], ylim=(0, 1.25 * max(counts)))


def draw_slopes(activation: str, x: float, depth: int) -> Picture:
    """Draw an activation with its slope at `x`, and the gradients of each layer of a random net that is `depth` deep.

    The net has `depth` layers of 64 units and an output layer, biases 0, weights uniform as He for ReLU and GELU and
    as Glorot for sigmoid and tanh. Raises ValueError for another activation or a depth below 1.
    """
    if activation not in ACTIVATIONS or depth < 1:
        raise ValueError(f"{activation!r} at depth {depth}; give one of {', '.join(ACTIVATIONS)} and 1 or more layers")
    figure, (left, right) = new_figure(9.4, 3.2, 1, 2, width_ratios=[1, 1.2])
    z = torch.linspace(-8, 8, 401)
    values, slopes = _with_slope(activation, z)
    _, [at] = _with_slope(activation, torch.tensor([x]))
    left.plot(z, values, label=activation)
    left.plot(z, slopes, "--", label="its slope")
    left.plot(x, at, "o", color=OKABE_ITO["black"])
    left.set(ylim=(-1.2, 2.2), xlabel="input of the unit", title=f"slope at {x:g}: {at:.2g}")
    left.legend(loc="upper left", frameon=False)
    norms = {name: _gradients(name, depth) for name in dict.fromkeys((activation, "ReLU"))}
    for (name, values_), style in zip(norms.items(), ("o-", "s--"), strict=False):
        right.plot(np.arange(1, depth + 2), values_, style, markersize=4, label=name)
    right.set(yscale="log", xlabel="layer, from the input on", ylabel="size of its gradient")
    right.xaxis.set_major_locator(MaxNLocator(integer=True))
    right.legend(frameon=False)
    for axes in (left, right):
        axes.title.set_fontsize(10)
    said = "; ".join(f"{name}: first layer {v[0]:.1e}, last {v[-1]:.1e}" for name, v in norms.items())
    return picture(
        figure,
        f"The {activation} unit and its slope, which is {at:.2g} at {x:g}. Gradients in a random net of {depth} layers "
        f"and an output layer: {said}.",
    )


def _with_slope(activation: str, z: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    z = z.double().requires_grad_()
    y = ACTIVATIONS[activation]()(z)
    y.sum().backward()
    assert z.grad is not None
    return y.detach().numpy(), z.grad.numpy()


def _gradients(activation: str, depth: int, width: int = 64) -> list[float]:
    """Return the gradient norms of a random fully connected net, in float64 so that nothing underflows."""
    generator = torch.Generator().manual_seed(0)
    layers: list[nn.Module] = []
    for number in range(depth + 1):
        layer = nn.Linear(width, 10 if number == depth else width).double()
        reach = math.sqrt((6 if activation in ("ReLU", "GELU") else 3) / width)
        with torch.no_grad():
            layer.weight.uniform_(-reach, reach, generator=generator)
            layer.bias.zero_()
        layers += [layer] if number == depth else [layer, ACTIVATIONS[activation]()]
    x = torch.randn(32, width, generator=generator, dtype=torch.float64)
    y = torch.randint(10, (32,), generator=generator)
    return list(gradient_norms(nn.Sequential(*layers), x, y).values())


def draw_history(runs: Mapping[str, History], steps: int) -> Picture:
    """Draw training runs: the loss, averaged over 25 steps, and the errors on both parts of the data.

    `steps` is the length of the horizontal axis. Raises ValueError where there is no run.
    """
    if not runs:
        raise ValueError("no run to draw; give one or more by name")
    figure, (left, right) = new_figure(9.6, 3.4, 1, 2)
    said = []
    for (name, history), color, mark in zip(
        runs.items(), ("blue", "vermillion", "green", "black"), "osD^", strict=False
    ):
        losses = np.array(history.losses)
        parts = np.array_split(losses, max(1, len(losses) // 25)) if len(losses) else []
        ends = np.cumsum([len(part) for part in parts])
        line: dict[str, Any] = {"color": OKABE_ITO[color], "lw": 1.3}
        left.plot(ends, [part.mean() for part in parts], "-", marker=mark, markevery=6, markersize=4, **line)
        for part_name, style in (("test", "-"), ("training", "--")):
            seen = history.errors[part_name]
            last = f"{seen[-1][1]:.1f}" if seen else "not yet measured"
            right.plot(*zip(*seen, strict=True) if seen else ([], []), style, marker=mark, markersize=4, **line)
            right.plot([], [], style, marker=mark, markersize=4, label=f"{name}, {part_name}: {last} %", **line)
            said.append(f"{name}, {part_name} part {last} per cent wrong")
    left.set(xlabel="step", ylabel="loss", xlim=(0, steps), ylim=(0, None))
    right.set(xlabel="step", ylabel="errors in per cent", xlim=(0, steps), ylim=(0, 100 if len(runs) > 2 else 80))
    right.legend(fontsize=8, loc="upper right", frameon=False)
    done = max(len(history.losses) for history in runs.values())
    return picture(figure, f"Training after {done} of {steps} steps: {'; '.join(said)}.")
