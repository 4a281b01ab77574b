"""Checks that try: slopes by differences, one step, a small batch, other data. Each yields findings."""

import copy
import math
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd

from course_utils.diagnostics.report import Finding
from course_utils.diagnostics.subject import Subject, judge, some, without_dropout

_TENSORS = 16  # so many weights are tried at most: each costs two to six forward passes
_STEPS = (1e-5, 1e-6, 1e-7)


def try_slopes(subject: Subject) -> Iterator[Finding]:
    """Compare slopes by back-propagation with central differences in float64, along one direction a tensor."""
    device = torch.device("cpu") if subject.x.device.type == "mps" else subject.x.device
    model = without_dropout(subject.fresh()[0]).double().to(device)
    x, y = subject.x[:8].double().to(device), subject.y[:8].to(device)
    x = x + 0.05 * x.std() * torch.randn_like(x)  # away from ties of pools and kinks of ReLUs
    named = [(name, weight) for name, weight in model.named_parameters() if weight.requires_grad]
    with torch.no_grad():
        for _, weight in named:
            weight.add_((0.01 * weight.square().mean().sqrt() + 1e-3) * torch.randn_like(weight))

    def value() -> Tensor:
        torch.manual_seed(subject.seed)  # what the model draws is drawn alike each time
        return subject.loss(model(x), y)

    told = torch.autograd.grad(value(), [weight for _, weight in named], allow_unused=True)
    errors = {}
    for place in sorted({round(each) for each in np.linspace(0, len(named) - 1, _TENSORS)}):
        (name, weight), grad = named[place], told[place]
        away = torch.randn_like(weight) * (weight.detach().square().mean().sqrt() + 1e-3)
        slope, found = 0.0 if grad is None else float((grad * away).sum()), []
        with torch.no_grad():
            start = weight.clone()
            for h in _STEPS:
                ends = [float(value()) for side in (h, -h) if weight.copy_(start + side * away) is not None]
                seen = (ends[0] - ends[1]) / (2 * h)
                found.append(abs(seen - slope) / max(abs(seen), abs(slope), 1e-6))
                if found[-1] < 1e-5:
                    break
            weight.copy_(start)
        errors[name] = min(found)
    worst = max(errors, key=lambda name: errors[name])
    wrong = [name for name, error in errors.items() if not error < 1e-3]
    yield judge(
        "gradients",
        bool(wrong),
        f"back-propagation and differences disagree by {errors[worst]:.0e} at most ({worst})",
        "less than 0.001, relative",
        f"look at the backward passes between the loss and {some(wrong)}",
        errors[worst],
    )


def try_step(subject: Subject) -> Iterator[Finding]:
    """Take one step twice from the same weights; look at what is left of gradients, at the way, and at the mode."""
    model, optimizer = subject.fresh()
    x, y = subject.x[:32], subject.y[:32]
    start, modes = copy.deepcopy(model.train().state_dict()), []
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    before = [weight.detach().clone() for weight in weights]
    downhill = torch.autograd.grad(subject.loss(model(x), y), weights, allow_unused=True)
    hook = model.register_forward_hook(lambda part, _inputs, _output: modes.append(part.training))
    grads, moves = [], []
    for _ in range(2):
        model.load_state_dict(start)
        torch.manual_seed(subject.seed)
        subject.step(model, optimizer, x, y)
        grads.append([None if weight.grad is None else weight.grad.clone() for weight in weights])
        moves.append([(weight - old).detach() for weight, old in zip(weights, before, strict=True)])
    hook.remove()
    pairs = [(a, b) for a, b in zip(*grads, strict=True) if a is not None and b is not None]
    square = sum(float((a * a).sum()) for a, _ in pairs)
    ratio = sum(float((a * b).sum()) for a, b in pairs) / square if square > 0 else 1.0
    yield judge(
        "step",
        not abs(ratio - 1) < 0.5,
        f"the same batch has {ratio:.2f} times the gradient when it comes again",
        "1.00",
        "clear the gradients in every step: optimizer.zero_grad()",
        ratio,
    )
    ways = [(move, grad) for move, grad in zip(moves[0], downhill, strict=True) if grad is not None]
    lengths = [math.sqrt(sum(float(part.square().sum()) for part in parts)) for parts in zip(*ways, strict=True)]
    dot = -sum(float((move * grad).sum()) for move, grad in ways)
    cosine = dot / (lengths[0] * lengths[1]) if ways and min(lengths) > 0 else 0.0
    yield judge(
        "step",
        not cosine > 0,
        f"the step and the way downhill have the cosine {cosine:.2f}",
        "above 0 (1 for plain SGD)",
        "look for a sign, a rate of 0, a detached loss, or labels of other inputs",
        cosine,
    )
    minds = any(isinstance(part, (_BatchNorm, _DropoutNd)) for part in model.modules())
    yield judge(
        "step",
        minds and not all(modes),
        f"{modes.count(False)} of {len(modes)} forward passes ran in eval mode",
        "0 where there is dropout or batch norm",
        "call model.train() before training",
        modes.count(False),
        "warning",
    )


def try_small_batch(subject: Subject) -> Iterator[Finding]:
    """Train on 32 examples until they are known by heart."""
    model, optimizer = subject.fresh()
    x, y = subject.x[:32], subject.y[:32]
    known = now = 0.0
    for done in range(subject.steps + 1):
        if done % 10 == 0 or done == subject.steps:
            with torch.no_grad():
                scores = without_dropout(copy.deepcopy(model))(x)
            known, now = float((scores.argmax(dim=1) == y).float().mean()), float(subject.loss(scores, y))
            subject.descent.append((done, now))
            if not math.isfinite(now) or (known == 1 and now < 0.05 * subject.chance):
                break
        if done < subject.steps:
            subject.step(model.train(), optimizer, x, y)
    first, last = subject.descent[0][1], subject.descent[-1][1]
    half_way = math.isfinite(last) and last < 0.6 * first
    yield judge(
        "small batch",
        not (known == 1 and last < 0.25 * max(first, subject.chance)),
        f"after {subject.descent[-1][0]} steps on {len(y)} examples {known:.0%} are right, "
        f"the loss went from {first:.3g} to {last:.3g}",
        "all right, and a loss near 0",
        "look at the labels in the loop, the loss, the rate, the gradients" + (", or allow more steps" * half_way),
        last,
        "warning" if half_way else "fault",
    )


def try_validation(subject: Subject) -> Iterator[Finding]:
    """Compare the errors on the examples with those on a validation set, and how the two sets are scaled."""
    if subject.validation is None:
        return
    model, (x, y) = subject.fresh()[0].eval(), subject.validation
    with torch.no_grad():
        wrong = [100 * float((model(a).argmax(1) != b).float().mean()) for a, b in ((subject.x, subject.y), (x, y))]
    gap = wrong[1] - wrong[0]
    yield judge(
        "validation",
        gap > max(10, 150 / math.sqrt(len(y))),
        f"{wrong[0]:.1f} % wrong in training, {wrong[1]:.1f} % in validation",
        "a gap of a few points",
        "more data, augmentation, a smaller net; or prepare the inputs of both alike",
        gap,
        "warning",
    )
    ratio = float(x.std() / (subject.x.std() + 1e-12))
    yield judge(
        "validation",
        not 0.5 < ratio < 2,
        f"validation inputs vary {ratio:.3g} times as much as training inputs",
        "about as much",
        "prepare both in the same way, by the statistics of the training set",
        ratio,
    )
