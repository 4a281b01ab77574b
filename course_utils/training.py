"""Fit a net and measure it: `fit` for a page's small nets, `TrainingRun` for runs to watch, stop and take up again."""

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.progress import Progress
from torch import nn

from course_utils.data import Split
from course_utils.device import autocast, pick_device


def fit(
    model: nn.Module, data: Split, *, steps: int, lr: float, batch_size: int = 100, momentum: float = 0.9, seed: int = 0
) -> list[float]:
    """Train `model` in place on the training part by SGD with cross-entropy; return the loss of each step.

    Batches are drawn without replacement, epoch by epoch, from a generator of `seed`.
    The model is moved to the course's device. Raises ValueError where `steps` or `batch_size` is below 1.
    """
    if steps < 1 or batch_size < 1:
        raise ValueError(f"steps is {steps} and batch_size {batch_size}; both must be 1 or more")
    device = pick_device()
    model.to(device).train()
    x = torch.as_tensor(data.x_train, device=device)
    y = torch.as_tensor(data.y_train, device=device)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=momentum)
    rng = np.random.default_rng(seed)
    losses: list[float] = []
    while len(losses) < steps:
        order = torch.as_tensor(rng.permutation(len(y)), device=device)
        for batch in order.split(batch_size)[: steps - len(losses)]:
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x[batch]), y[batch])
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    return losses


@torch.no_grad()
def error_percent(model: nn.Module, x: np.ndarray, y: np.ndarray) -> float:
    """Return how many per cent of `x` (N, C, ...) the model labels otherwise than `y` (N,)."""
    device = pick_device()
    model.to(device).eval()
    predicted = model(torch.as_tensor(x, device=device)).argmax(dim=1).cpu().numpy()
    return 100.0 * float(np.mean(predicted != y))


@dataclass(frozen=True)
class Recipe:
    """How a net is trained: what stays the same over a whole run.

    `decay` is "none" (the rate stays) or "linear" (it falls along a straight line to 0 at `steps`); `precision` is
    "float32" or "bfloat16" (see `device.autocast`). Raises ValueError where a value is out of range.
    """

    steps: int
    lr: float
    batch_size: int = 100
    momentum: float = 0.9
    weight_decay: float = 0.0
    decay: str = "none"
    precision: str = "float32"
    seed: int = 0

    def __post_init__(self) -> None:
        if self.steps < 1 or self.batch_size < 1:
            raise ValueError(f"steps is {self.steps} and batch_size {self.batch_size}; both must be 1 or more")
        if self.decay not in ("none", "linear"):
            raise ValueError(f"decay is {self.decay!r}; it must be 'none' or 'linear'")
        autocast(torch.device("cpu"), self.precision)

    def rate(self, step: int) -> float:
        """Return the learning rate of a step, counted from 0."""
        return self.lr * (1 - step / self.steps) if self.decay == "linear" else self.lr


@dataclass
class History:
    """What a run has seen: the loss of each step, and (step, per cent wrong) for each part of the data."""

    losses: list[float] = field(default_factory=list)
    errors: dict[str, list[tuple[int, float]]] = field(default_factory=lambda: {"training": [], "test": []})


Watch = Callable[["TrainingRun"], object]


class TrainingRun:
    """A net on its way through a recipe, which can stop at any step, be saved, and go on as if nothing had been.

    The order of the examples in an epoch is drawn from the recipe's seed and the epoch's number, so a step number says
    which batch comes next. What layers such as dropout draw comes from a stream of the run's own: other code that draws
    random numbers does not disturb it. On one CPU with one number of threads, a resumed run gives the same bits.
    """

    def __init__(self, model: nn.Module, data: Split, recipe: Recipe) -> None:
        self.device = pick_device()
        self.model, self.data, self.recipe = model.to(self.device), data, recipe
        self.optimizer = torch.optim.SGD(
            model.parameters(), lr=recipe.lr, momentum=recipe.momentum, weight_decay=recipe.weight_decay
        )
        self.step = 0
        self.history = History()
        self._x = torch.as_tensor(data.x_train, device=self.device)
        self._y = torch.as_tensor(data.y_train, device=self.device)
        with _randomness(self.device):
            torch.manual_seed(recipe.seed)
            self._random = _random_state(self.device)

    def advance(self, to: int | None = None, *, every: int = 100, watch: Watch | None = None) -> History:
        """Train until step `to` (without it, to the end of the recipe), and return the history.

        At each `every` steps, counted from the run's start, and at `to`, the errors on both parts of the data are
        measured and `watch(run)` is called. Raises ValueError where `to` is not ahead or lies beyond the recipe.
        """
        to = self.recipe.steps if to is None else to
        if not self.step < to <= self.recipe.steps or every < 1:
            raise ValueError(
                f"to is {to} and every {every}; the run stands at step {self.step} of {self.recipe.steps}, "
                "and every must be 1 or more"
            )
        while self.step < to:
            self._train(min(to, (self.step // every + 1) * every))
            for part, x, y in (
                ("training", self.data.x_train, self.data.y_train),
                ("test", self.data.x_test, self.data.y_test),
            ):
                self.history.errors[part].append((self.step, error_percent(self.model, x, y)))
            if watch:
                watch(self)
        return self.history

    def _train(self, stop: int) -> None:
        """Train until step `stop`; the losses stay on the device until then, so that it need not be waited for."""
        self.model.train()
        losses = []
        with _randomness(self.device):
            _set_random_state(self.device, self._random)
            while self.step < stop:
                for group in self.optimizer.param_groups:
                    group["lr"] = self.recipe.rate(self.step)
                batch = self._batch()
                self.optimizer.zero_grad()
                with autocast(self.device, self.recipe.precision):
                    loss = nn.functional.cross_entropy(self.model(self._x[batch]), self._y[batch])
                loss.backward()
                self.optimizer.step()
                losses.append(loss.detach())
                self.step += 1
            self._random = _random_state(self.device)
        self.history.losses += torch.stack(losses).tolist()

    def _batch(self) -> torch.Tensor:
        """Return the numbers of the examples of the next step."""
        size = self.recipe.batch_size
        epoch, place = divmod(self.step, -(-len(self._y) // size))
        if place == 0 or not hasattr(self, "_order"):
            order = np.random.default_rng((self.recipe.seed, epoch)).permutation(len(self._y))
            self._order = torch.as_tensor(order, device=self.device)
        return self._order[place * size : (place + 1) * size]

    def state(self) -> dict[str, Any]:
        """Return a copy of all that the run needs to go on, as plain data and tensors on the CPU."""
        return {
            "recipe": asdict(self.recipe),
            "step": self.step,
            "model": _on_cpu(dict(self.model.state_dict())),
            "optimizer": _on_cpu(self.optimizer.state_dict()),
            "random": {name: value.clone() for name, value in self._random.items()},
            "history": asdict(self.history),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Put the run where `state` left it.

        Raises ValueError where it is no state of a run, belongs to another recipe, or to another net.
        """
        wanted = {"recipe", "step", "model", "optimizer", "random", "history"}
        if not isinstance(state, dict) or set(state) != wanted:
            raise ValueError(f"this is no state of a training run: it must be a dict of {', '.join(sorted(wanted))}")
        if state["recipe"] != asdict(self.recipe):
            other = {key: value for key, value in state["recipe"].items() if value != asdict(self.recipe).get(key)}
            raise ValueError(f"the state belongs to another recipe, with {other}")
        try:
            self.model.load_state_dict(state["model"])
            self.optimizer.load_state_dict(copy.deepcopy(state["optimizer"]))
        except (RuntimeError, ValueError) as error:
            raise ValueError(f"the state belongs to another net: {error}") from error
        self.step = state["step"]
        self._random = {name: value.clone() for name, value in state["random"].items()}
        self.history = History(**copy.deepcopy(state["history"]))
        if hasattr(self, "_order"):
            del self._order

    def save(self, path: str | Path) -> None:
        """Write the state to a file; a crash on the way leaves the file that was there before."""
        path = Path(path)
        scratch = path.with_name(path.name + ".new")
        torch.save(self.state(), scratch)
        scratch.replace(path)

    def load(self, path: str | Path) -> None:
        """Go on from a file that `save` wrote; it is read as data, nothing in it is run. Raises as `restore` does."""
        self.restore(torch.load(path, map_location="cpu", weights_only=True))


def _on_cpu(value: Any) -> Any:
    """Return a copy of tensors in dicts and lists, with every tensor on the CPU."""
    if isinstance(value, torch.Tensor):
        return value.detach().cpu().clone()
    if isinstance(value, dict):
        return {key: _on_cpu(each) for key, each in value.items()}
    return [_on_cpu(each) for each in value] if isinstance(value, list) else value


def _random_state(device: torch.device) -> dict[str, torch.Tensor]:
    state = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        state["cuda"] = torch.cuda.get_rng_state(device)
    if device.type == "mps":
        state["mps"] = torch.mps.get_rng_state()
    return state


def _set_random_state(device: torch.device, state: dict[str, torch.Tensor]) -> None:
    torch.set_rng_state(state["cpu"])
    if device.type == "cuda" and "cuda" in state:
        torch.cuda.set_rng_state(state["cuda"], device)
    if device.type == "mps" and "mps" in state:
        torch.mps.set_rng_state(state["mps"])


@contextmanager
def _randomness(device: torch.device) -> Iterator[None]:
    """Leave torch's random numbers as they were found."""
    before = _random_state(device)
    try:
        yield
    finally:
        _set_random_state(device, before)


@contextmanager
def progress_bar(recipe: Recipe, console: Console | None = None) -> Iterator[Watch]:
    """Show a bar with the time left on standard error, and give the `watch` that moves it."""
    with Progress(console=console or Console(stderr=True)) as progress:
        bar = progress.add_task("training", total=recipe.steps)

        def watch(run: TrainingRun) -> None:
            shown = ", ".join(f"{part} {seen[-1][1]:.1f} %" for part, seen in run.history.errors.items())
            progress.update(bar, completed=run.step, description=f"errors: {shown}")

        yield watch


def gradient_norms(model: nn.Module, x: torch.Tensor, y: torch.Tensor) -> dict[str, float]:
    """Return the Frobenius norm of the gradient of each weight (biases left out) by its name, from the input on.

    The loss is the mean cross-entropy of `model(x)` (N, classes) with `y` (N,). Gradients of the model stay untouched.
    """
    weights = {name: weight for name, weight in model.named_parameters() if weight.ndim > 1}
    loss = nn.functional.cross_entropy(model(x), y)
    found = torch.autograd.grad(loss, list(weights.values()))
    return {name: float(grad.norm()) for name, grad in zip(weights, found, strict=True)}
