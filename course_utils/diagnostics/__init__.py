"""What to look at when a classifier does not learn: `diagnose(model, loader)` runs the checks and says what it saw.

Everything runs on copies. The model, its mode, its gradients, the optimiser and all random numbers stay as they were.
"""

import copy
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils.diagnostics import looking, trying
from course_utils.diagnostics.looking import first_filters
from course_utils.diagnostics.report import Activity, Filters, Finding, Report
from course_utils.diagnostics.subject import Loss, Step, Subject, undisturbed

__all__ = ["CHECKS", "Activity", "Filters", "Finding", "Report", "diagnose", "first_filters", "undisturbed"]

_RUN: dict[str, Callable[[Subject], Iterator[Finding]]] = {
    "data": looking.look_at_data,
    "outputs": looking.look_at_outputs,
    "loss": looking.look_at_loss,
    "weights": looking.look_at_weights,
    "units": looking.look_at_units,
    "gradients": trying.try_slopes,
    "step": trying.try_step,
    "small batch": trying.try_small_batch,
    "validation": trying.try_validation,
}
CHECKS = tuple(_RUN)


def diagnose(
    model: nn.Module,
    loader: Iterable[Any],
    *,
    loss: Loss = F.cross_entropy,
    optimizer: torch.optim.Optimizer | None = None,
    step: Step | None = None,
    validation: Iterable[Any] | None = None,
    checks: Sequence[str] = CHECKS,
    examples: int = 256,
    steps: int = 300,
    seed: int = 0,
) -> Report:
    """Examine a classifier, new or trained, and return a Report: print it to read it.

    `loader` yields (inputs (N, ...) float, labels (N,) whole numbers); its first `examples` examples are used, on the
    model's device. `loss(scores, labels)` is the one you train with, `optimizer` that of the model (without one: Adam
    with a rate of 0.003), and `step(model, optimizer, inputs, labels)` one step of your own training. It must train
    what it is given, for these are copies. `validation` is a second loader. `checks` picks some of CHECKS. The small
    batch is trained on for `steps` steps at most. What `step` or a loader changes beside its arguments is not put back.
    Raises ValueError where an argument is of another kind, a batch is not such a pair, a label is no class of the
    model's, the model cannot be copied, or `step` trains the model itself and not the copy.
    """
    if not isinstance(model, nn.Module) or isinstance(checks, str) or not set(checks) <= set(CHECKS):
        raise ValueError(
            f"model is a {type(model).__name__}, checks {checks!r}; give an nn.Module and some of {CHECKS}"
        )
    if examples < 2 or steps < 1 or not callable(loss):
        raise ValueError(f"examples is {examples}, steps {steps}, loss {loss!r}; give 2 or more, 1 or more, a function")
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    if not weights:
        raise ValueError("the model has no parameters that require a gradient; there is nothing to train")
    before = [(weight, weight._version, weight.grad) for weight in weights]
    with undisturbed(seed):
        x, y = _examples(loader, examples, weights[0], "loader")
        held = None if validation is None else _examples(validation, examples, weights[0], "validation")
        own = optimizer or torch.optim.Adam(weights, lr=0.003)
        try:
            copied, optimiser = copy.deepcopy((model, own))
        except (RuntimeError, TypeError) as error:
            raise ValueError(f"the model or its optimiser cannot be copied: {error}") from error
        classes = _classes(copy.deepcopy(copied).eval(), x, y)
        subject = Subject(copied, optimiser, x, y, loss, step or _plain(loss), classes, steps, seed, held)
        findings = [finding for name in CHECKS if name in checks for finding in _tried(name, subject)]
    if any(weight._version != version or weight.grad is not grad for weight, version, grad in before):
        model.load_state_dict(copied.state_dict())
        for weight, _, grad in before:
            weight.grad = grad
        raise ValueError("step changed the model itself; it must train the model and the optimizer that it is given")
    parts = tuple(subject.layers), tuple(subject.descent), tuple(subject.relative)
    return Report(tuple(findings), *parts, subject.chance, subject.filters, y[:128].cpu().numpy())


def _tried(name: str, subject: Subject) -> list[Finding]:
    """Return what a check finds; where the model cannot be run that way, a note with torch's own words."""
    torch.manual_seed(subject.seed)
    try:
        return list(_RUN[name](subject))
    except (RuntimeError, TypeError, IndexError) as error:
        words = (str(error).splitlines() or [type(error).__name__])[0][:150]
        return [Finding(name, "note", f"could not be checked: {words}", "a model that runs on copies and parts")]


def _examples(loader: Iterable[Any], count: int, weight: Tensor, name: str) -> tuple[Tensor, Tensor]:
    """Return the first examples of a loader, on the device of `weight`."""
    inputs: list[Tensor] = []
    labels: list[Tensor] = []
    if isinstance(loader, Tensor) or not isinstance(loader, Iterable):
        raise ValueError(f"{name} is a {type(loader).__name__}; it must yield pairs of (inputs, labels)")
    for batch in loader:
        if not isinstance(batch, (tuple, list)) or len(batch) != 2 or not all(isinstance(p, Tensor) for p in batch):
            raise ValueError(f"{name} gave a {type(batch).__name__}; each batch must be two tensors, inputs and labels")
        x, y = batch
        whole = not (y.is_floating_point() or y.is_complex() or y.dtype == torch.bool)
        if not whole or y.ndim != 1 or not x.is_floating_point() or x.ndim < 2 or len(x) != len(y):
            raise ValueError(
                f"{name} gave inputs {tuple(x.shape)} {x.dtype} and labels {tuple(y.shape)} {y.dtype}; "
                "wanted float inputs (N, ...) and whole class numbers (N,)"
            )
        inputs.append(x.detach())
        labels.append(y)
        if sum(map(len, labels)) >= count:
            break
    if sum(map(len, labels)) < 2:
        raise ValueError(f"{name} gave {sum(map(len, labels))} examples; at least 2 are needed")
    return torch.cat(inputs)[:count].to(weight.device), torch.cat(labels)[:count].to(weight.device).long()


def _classes(model: nn.Module, x: Tensor, y: Tensor) -> int:
    try:
        with torch.no_grad():
            scores = model(x[:2])
    except (RuntimeError, TypeError, IndexError) as error:
        raise ValueError(f"the model does not take inputs of shape {tuple(x[:2].shape)}: {error}") from error
    shape = tuple(scores.shape) if isinstance(scores, Tensor) else type(scores).__name__
    if not isinstance(scores, Tensor) or scores.ndim != 2 or len(scores) != 2 or scores.shape[1] < 2:
        raise ValueError(f"2 inputs give {shape}; a classifier gives scores (2, classes), of 2 classes or more")
    if int(y.min()) < 0 or int(y.max()) >= scores.shape[1]:
        raise ValueError(f"labels run from {int(y.min())} to {int(y.max())}, and the model has {shape[1]} classes")
    return scores.shape[1]


def _plain(loss: Loss) -> Step:
    def step(model: nn.Module, optimizer: Any, x: Tensor, y: Tensor) -> None:
        optimizer.zero_grad()
        loss(model(x), y).backward()
        optimizer.step()

    return step
