"""Checks that look: at the data, the scores, the loss, the weights, the hidden units. Each yields findings."""

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from course_utils.diagnostics.report import Activity, Filters, Finding
from course_utils.diagnostics.subject import Subject, judge, some, without_dropout


def look_at_data(subject: Subject) -> Iterator[Finding]:
    """Look at the size of the inputs, the share of each class, and whether inputs and labels belong together."""
    x, y = subject.x, subject.y
    broken = int((~torch.isfinite(x)).sum())
    yield judge(
        "data",
        broken > 0,
        f"{broken} input values are not finite",
        "finite inputs",
        "look for a division by 0, an empty file, a missing value",
        broken,
    )
    mean, std = float(x.mean()), float(x.std())
    yield judge(
        "data",
        not (0.01 <= std <= 20 and abs(mean) <= 20 * std),
        f"inputs have mean {mean:.3g} and standard deviation {std:.3g}",
        "a standard deviation near 1, and a mean that is not far larger",
        "scale the inputs once, in the same way for training and test",
        std,
        "warning",
    )
    counts = torch.bincount(y, minlength=subject.classes)
    most = float(counts.max()) / len(y)
    yield judge(
        "data",
        most > max(0.5, 1.6 / subject.classes),
        f"{most:.0%} of {len(y)} labels are class {int(counts.argmax())}",
        "classes of like size, in mixed order",
        "shuffle the loader; weigh the classes; measure the error of each class",
        most,
        "warning",
    )
    if len(y) >= 64:
        flat = x.flatten(1).float()
        distance = torch.cdist(flat, flat).fill_diagonal_(math.inf)
        share = float((y[distance.argmin(dim=1)] == y).float().mean())
        chance = float((counts / len(y)).square().sum())
        yield judge(
            "data",
            most <= 0.5 and share < chance + 2 * math.sqrt(chance * (1 - chance) / len(y)),
            f"the nearest other input has the same label in {share:.0%} of cases, by chance {chance:.0%}",
            "more often than by chance",
            "look at inputs beside their labels: were they shuffled apart?",
            share,
            "warning",
        )


@torch.no_grad()
def look_at_outputs(subject: Subject) -> Iterator[Finding]:
    """Look whether examples see each other, what ends the net, and whether the scores depend on the input."""
    model, x = subject.fresh()[0].eval(), subject.x
    scores = model(x)
    size = float(scores.abs().max()) + 1e-12
    half = len(x) // 2
    leak = float((model(x[:half]) - scores[:half]).abs().max()) / size
    yield judge(
        "outputs",
        not leak < 1e-3,
        f"scores move by {leak:.1%} of their size when other examples leave the batch",
        "0: in eval mode examples do not see each other",
        "look for a view, a reshape or a mean over the wrong axis",
        leak,
    )
    low, off = float(scores.min()), float((scores.sum(dim=1) - 1).abs().max())
    kind = "probabilities: they sum to 1" if off < 1e-4 else "never negative"
    yield judge(
        "outputs",
        low >= 0 and size > 1e-12,
        f"scores are {kind if low >= 0 else 'any numbers'}",
        "any numbers, of both signs",
        "take softmax, sigmoid or ReLU off the last layer: cross-entropy has its own softmax",
        low,
    )
    spread = float(scores.std(dim=0).mean()) / size
    yield judge(
        "outputs",
        not spread > 1e-4,
        f"from input to input the scores vary by {spread:.1%} of their size",
        "far more than 0",
        "follow one input through the layers: where does it stop to matter? (see units)",
        spread,
    )


def _kind_of_loss(equal: float, chance: float, count: int) -> str:
    """Return what a loss looks like that takes `equal` for equal scores, "" for a mean cross-entropy."""
    near = 0.02 * chance
    if abs(equal - chance) < near:
        return ""
    if abs(equal / count - chance) < near:
        return "summed over the batch"
    if abs(equal * count - chance) < near:
        return "averaged twice"
    return "meant for log-probabilities" if equal == 0 else "no cross-entropy"


def look_at_loss(subject: Subject) -> Iterator[Finding]:
    """Look at what the loss takes for equal, right and wrong scores, and for those of the model."""
    y, chance = subject.y, subject.chance
    target = nn.functional.one_hot(y, subject.classes).to(subject.x.dtype)
    equal = float(subject.loss(torch.zeros_like(target), y))
    kind = _kind_of_loss(equal, chance, len(y))
    yield judge(
        "loss",
        bool(kind),
        f"equal scores cost {equal:.4f}, and ln {subject.classes} is {chance:.4f}" + (f": {kind}" if kind else ""),
        "ln (number of classes), the mean over the batch",
        "read the arguments of your loss: reduction, and scores or log-probabilities",
        equal,
        "note" if kind == "no cross-entropy" else "fault",
    )
    sizes = (1, 2, 5, 10, 20)
    right = min(float(subject.loss(size * target, y)) for size in sizes)
    wrong = min(float(subject.loss(-size * target, y)) for size in sizes)
    yield judge(
        "loss",
        wrong <= right or right > 0.4 * abs(equal),
        f"sure and right scores cost {right:.4f}, wrong ones {wrong:.4f}",
        "near 0 for right ones, more for wrong ones",
        "look for a sign, or for a softmax before a loss that has its own",
        right,
        "fault" if equal else "note",
    )
    with torch.no_grad():
        scores = without_dropout(subject.fresh()[0])(subject.x)
    now, known = float(subject.loss(scores, y)), float((scores.argmax(dim=1) == y).float().mean())
    yield judge(
        "loss",
        not now < 2 * abs(equal) + 1e-6,
        f"the model's loss is {now:.4g}, with {known:.0%} of the labels right",
        f"at the start about {equal:.4g}, later less",
        "make the first weights, or the inputs, smaller; look for NaN",
        now,
    )


def _stray_weights(model: nn.Module) -> int:
    """Return how many weights sit in layers that a list, tuple or dict holds and the model does not know of."""
    known = {id(part) for part in model.modules()}
    found: dict[int, int] = {}
    for part in model.modules():
        for value in vars(part).values():
            inside = value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else ()
            layers = [each for each in inside if isinstance(each, nn.Module) and id(each) not in known]
            found |= {id(weight): weight.numel() for layer in layers for weight in layer.parameters()}
    return sum(found.values())


def first_filters(model: nn.Module) -> Filters | None:
    """Return the kernels of the first convolution that is larger than 1×1, None where a model has none.

    `smoothness` is the sum of products of neighbouring weights over that of squares, each per pair.
    """
    sizes = ((part, part.weight.detach().float()) for part in model.modules() if isinstance(part, nn.Conv2d))
    found = next((weight for _, weight in sizes if min(weight.shape[2:]) > 1), None)
    if found is None:
        return None
    kernels = found.mean(dim=1)
    rows, columns = kernels[:, 1:] * kernels[:, :-1], kernels[:, :, 1:] * kernels[:, :, :-1]
    pairs = float(rows.sum() + columns.sum()) / (rows.numel() + columns.numel())
    units = nn.functional.normalize(kernels.flatten(1))
    count = len(units)
    cosine = float((units @ units.T).abs().sum() - count) / max(count * (count - 1), 1)
    return Filters(kernels.cpu().numpy(), pairs / max(float(kernels.square().mean()), 1e-20), cosine)


def look_at_weights(subject: Subject) -> Iterator[Finding]:
    """Look whether every weight is known, is in the optimiser and gets a gradient, and whether units start equal."""
    model, optimizer = subject.fresh()
    named = {name: weight for name, weight in model.named_parameters() if weight.requires_grad}
    lost = _stray_weights(model)
    yield judge(
        "weights",
        lost > 0,
        f"{lost:,} weights sit in plain lists, where no optimiser finds them",
        "0",
        "use nn.ModuleList, nn.ModuleDict or nn.Sequential",
        lost,
    )
    held = {id(weight) for group in optimizer.param_groups for weight in group["params"]}
    missed = [name for name, weight in named.items() if id(weight) not in held]
    foreign = len(held - {id(weight) for weight in model.parameters()})
    yield judge(
        "weights",
        bool(missed) or foreign > 0,
        f"the optimiser lacks {len(missed)} of {len(named)} tensors ({some(missed)}) and holds {foreign} others",
        "all of the model's and no others",
        "make the optimiser after the model is whole; freeze by requires_grad = False",
        len(missed) + foreign,
    )
    subject.loss(without_dropout(model)(subject.x), subject.y).backward()
    grads = {name: 0.0 if w.grad is None else float(w.grad.norm()) for name, w in named.items()}
    still = [name for name, size in grads.items() if size == 0 or not math.isfinite(size)]
    yield judge(
        "weights",
        bool(still),
        f"{len(still)} of {len(named)} tensors get no finite gradient other than 0 ({some(still)})",
        "0 of them",
        "look for detach, .data, no_grad, dead units, and layers that forward does not use",
        len(still),
    )
    wide = {name: weight for name, weight in named.items() if weight.ndim > 1}
    subject.relative += [(name, grads[name] / max(float(w.detach().norm()), 1e-12)) for name, w in wide.items()]
    sizes = [size for _, size in subject.relative if 0 < size < math.inf] or [1.0]
    apart = max(sizes) / min(sizes)
    yield judge(
        "weights",
        apart > 1e4,
        f"gradient over weight differs by a factor of {apart:.2g} from layer to layer",
        "less than 10,000",
        "ReLU for sigmoid, normalisation, shortcuts, other first weights",
        apart,
        "warning",
    )
    subject.filters = first_filters(model)
    equal = [name for name, w in wide.items() if min(len(w), w[0].numel()) > 1 and torch.equal(w, w[:1].expand_as(w))]
    yield judge(
        "weights",
        bool(equal),
        f"{len(equal)} of {len(wide)} layers have units with equal weights ({some(equal)})",
        "0: equal units stay equal",
        "draw the first weights at random",
        len(equal),
        "warning",
    )


_BOUNDED: dict[Any, tuple[int, int]] = {torch.sigmoid: (0, 1), Tensor.sigmoid: (0, 1)}
_BOUNDED |= {torch.tanh: (-1, 1), Tensor.tanh: (-1, 1)}
_ACTIVATIONS = {F.relu, torch.relu, torch.relu_, Tensor.relu, Tensor.relu_, F.relu6, F.leaky_relu, F.elu, F.selu}
_ACTIVATIONS |= {F.gelu, F.silu, F.mish, F.softplus, F.hardtanh, F.hardswish, *_BOUNDED}


class _Listener(TorchFunctionMode):
    """Hears every activation while it is on, be it a layer of torch's or a function call."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[Activity] = []

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if func in _ACTIVATIONS and result.ndim >= 2:
            self.heard.append(_activity(f"activation {len(self.heard) + 1}", result.detach().float(), func))
        return result


def _activity(name: str, values: Tensor, func: Any) -> Activity:
    values = values.flatten(2) if values.ndim > 2 else values[:, :, None]
    means = values.mean(dim=2).T
    dead = (values == 0).all(dim=2).all(dim=0)
    still = means.std(dim=1) <= 1e-3 * values.square().mean(dim=(0, 2)).sqrt()
    low, high = _BOUNDED.get(func, (-math.inf, math.inf))
    full = (values < low + 0.02) | (values > high - 0.02)
    moving, mean = means[~still], math.nan
    if len(moving) > 1:
        count = len(moving)
        mean = float(torch.corrcoef(moving).abs().sum() - count) / (count * (count - 1))
    return Activity(
        name,
        means.cpu().numpy(),
        dead=float(dead.float().mean()),
        saturated=float(full.float().mean()),
        constant=float((still & ~dead).float().mean()),
        correlation=mean,
        variance=float(means.var(dim=1).mean()),
    )


_SIGNS = (
    ("dead", "{:.0%} of its units are 0 for every sample", 0.6, "a smaller rate, other biases, leaky units"),
    ("saturated", "{:.0%} of its values are at an end of sigmoid or tanh", 0.6, "smaller first weights, scaled inputs"),
    ("constant", "{:.0%} of its units ignore the sample", 0.6, "other first weights, normalisation"),
    ("correlation", "the mean |correlation| of its units is {:.2f}", 0.97, "random first weights; another target"),
)


def look_at_units(subject: Subject) -> Iterator[Finding]:
    """Look at the hidden units of every activation on up to 128 samples; of each sign the worst layer is told."""
    listener = _Listener()
    model = without_dropout(subject.fresh()[0])
    with torch.no_grad(), listener:
        model(subject.x[:128])
    subject.layers += listener.heard
    for sign, words, limit, advice in _SIGNS:
        told = [(value, each.name) for each in listener.heard if not math.isnan(value := getattr(each, sign))]
        if told:
            most, where = max(told)
            seen, wanted = f"{where}: {words.format(most)}", f"less than {limit:g} in all {len(told)} layers"
            yield judge("units", most > limit, seen, wanted, advice, most, "fault" if most > 0.95 else "warning")
    if not listener.heard:
        yield Finding("units", "note", "no activation of torch's was called", "hidden units that bend")
