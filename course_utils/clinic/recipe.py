"""The runs of the clinic: a net, its data, its loss and its step, all made from a `Recipe`, which is data alone."""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn import grad as gradients_of

from course_utils.data import digits
from course_utils.device import pick_device
from course_utils.diagnostics import undisturbed
from course_utils.diagnostics.subject import Step

STARTS = ("He", "zero", "equal", "huge", "dead")
TASKS = ("ten", "half", "rare", "views")
BACKWARDS = ("autograd", "right", "kernel not turned", "one place off")


@dataclass(frozen=True)
class Recipe:
    """All that a run depends on; the defaults are healthy.

    `task` is one of TASKS: ten digits; "is it below 5?" with the squared error; "is it an 8?" with few eights; two
    noisy views of a digit that shall get like features. `start` is one of STARTS, `backward` one of BACKWARDS: whose
    backward pass the second convolution has. `scale` and `test_scale` multiply all inputs, and those of the test set.
    Raises ValueError where a name is unknown or a number below 1.
    """

    task: str = "ten"
    images: int = 400
    steps: int = 100
    batch_size: int = 32
    rate: float = 0.05
    width: int = 8
    kernel_size: int = 3
    activation: str = "relu"
    extra: int = 0
    start: str = "He"
    norm: bool = False
    backward: str = "autograd"
    scale: float = 1.0
    test_scale: float = 1.0
    sign: float = 1.0
    reduction: str = "mean"
    clears: bool = True
    shuffles: bool = False
    softmax: bool = False
    plain_list: bool = False
    mixes: bool = False
    broadcasts: bool = False
    balances: bool = False
    negatives: bool = True
    calls_eval: bool = True

    def __post_init__(self) -> None:
        for name, known in (("task", TASKS), ("start", STARTS), ("backward", BACKWARDS)):
            if getattr(self, name) not in known:
                raise ValueError(f"{name} is {getattr(self, name)!r}; there are {', '.join(known)}")
        if min(self.images, self.steps, self.batch_size, self.width) < 1 or self.extra < 0:
            raise ValueError("images, steps, batch_size and width must be 1 or more, extra 0 or more")

    @property
    def outputs(self) -> int:
        """How many scores the net has."""
        return {"ten": 10, "half": 1, "rare": 2, "views": 16}[self.task]


class _OwnConvolution(torch.autograd.Function):
    """A 3×3 layer with padding 1 whose backward pass is written by hand, with or without a slip."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, slip: str) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.slip = slip
        return F.conv2d(x, weight, padding=1)

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor, Tensor, None]:
        x, weight = ctx.saved_tensors
        back = weight.flip(2, 3) if ctx.slip == "kernel not turned" else weight
        of_weight = gradients_of.conv2d_weight(x, weight.shape, upstream[0], padding=1)
        if ctx.slip == "one place off":
            of_weight = of_weight.roll(1, dims=3)
        return F.conv_transpose2d(upstream[0], back, padding=1), of_weight, None


class _Hand(nn.Conv2d):
    """A convolution that is asked for its own backward pass."""

    slip = "right"

    def forward(self, x: Tensor) -> Tensor:
        return _OwnConvolution.apply(x, self.weight, self.slip) + self.bias[:, None, None]  # type: ignore[index]


class _Reader(nn.Module):
    """Two convolutions with pools (and more without), and a linear layer: (N, 1, 8, 8) to scores."""

    def __init__(self, recipe: Recipe) -> None:
        super().__init__()
        self.recipe, w, k = recipe, recipe.width, recipe.kernel_size
        unit = {"relu": nn.ReLU, "sigmoid": nn.Sigmoid}[recipe.activation]
        second = (nn.Conv2d if recipe.backward == "autograd" else _Hand)(w, 2 * w, 3, padding=1)
        if isinstance(second, _Hand):
            second.slip = recipe.backward

        def after(channels: int) -> list[nn.Module]:
            return [*([nn.BatchNorm2d(channels)] if recipe.norm else []), unit()]

        layers: list[nn.Module] = [nn.Conv2d(1, w, k, padding=k // 2), *after(w), nn.MaxPool2d(2)]
        layers += [second, *after(2 * w), nn.MaxPool2d(2)]
        for _ in range(recipe.extra):
            layers += [nn.Conv2d(2 * w, 2 * w, 3, padding=1), *after(2 * w)]
        self.layers: Any = layers if recipe.plain_list else nn.Sequential(*layers)
        self.head = nn.Linear(8 * w, recipe.outputs)
        _start([layer for layer in layers if isinstance(layer, nn.Conv2d)], self.head, recipe.start)

    def forward(self, x: Tensor) -> Tensor:
        count = len(x)
        for layer in self.layers:
            x = layer(x)
        if self.recipe.mixes:
            x = x.transpose(0, 1).contiguous()  # the channels first, and then as if they were not
        scores: Tensor = self.head(x.reshape(count, -1))
        return scores.softmax(dim=1) if self.recipe.softmax else scores


@torch.no_grad()
def _start(convolutions: Sequence[nn.Conv2d], head: nn.Linear, start: str) -> None:
    nn.init.zeros_(head.bias)
    for layer in convolutions:
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        assert layer.bias is not None
        nn.init.zeros_(layer.bias)
        if start == "dead":
            nn.init.constant_(layer.bias, -6.0)
    for part in (*(layer.weight for layer in convolutions), head.weight):
        if start in ("zero", "equal"):
            nn.init.constant_(part, 0.0 if start == "zero" else 1 / part[0].numel())
        elif start == "huge":
            part.mul_(5)


@dataclass(frozen=True)
class Patient:
    """A run that is ready to begin: `diagnose` takes all of it."""

    recipe: Recipe
    model: nn.Module
    optimizer: torch.optim.Optimizer
    loss: Callable[[Tensor, Tensor], Tensor]
    step: Step
    batches: tuple[tuple[Tensor, Tensor], ...]
    validation: tuple[tuple[Tensor, Tensor], ...]
    seed: int = 0

    def run(self) -> list[float]:
        """Train the model in place to the end of the recipe; return the loss of each step."""
        with undisturbed(self.seed):
            todo = self.batches[: self.recipe.steps]
            return [float(self.step(self.model.train(), self.optimizer, *batch)) for batch in todo]  # type: ignore[arg-type]


def _labels(task: str, y: np.ndarray) -> np.ndarray:
    return {"half": (y < 5), "rare": (y == 8)}.get(task, y).astype(np.int64)


@cache
def _data(recipe: Recipe) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return training images and labels, test images and labels; of the rare class only twelve are for training."""
    data = digits()
    x, y = data.x_train, data.y_train
    if recipe.task == "rare":
        eights = np.flatnonzero(y == 8)
        keep = np.ones(len(y), dtype=bool)
        keep[eights[12:]] = False
        x, y = (
            np.concatenate([x[eights[:12]], x[keep & (y != 8)]]),
            np.concatenate([y[eights[:12]], y[keep & (y != 8)]]),
        )
    x, y = x[: recipe.images], _labels(recipe.task, y[: recipe.images])
    test = data.x_test[:400] * recipe.scale * recipe.test_scale
    return x * recipe.scale, y, test, _labels(recipe.task, data.y_test[:400])


def _loss(recipe: Recipe) -> Callable[[Tensor, Tensor], Tensor]:
    if recipe.task == "half" and recipe.broadcasts:
        return lambda scores, y: (scores - y).square().mean()  # (N, 1) minus (N,) is (N, N)
    if recipe.task == "half":
        return lambda scores, y: (scores[:, 0] - y).square().mean()
    return lambda scores, y: F.cross_entropy(scores, y, reduction=recipe.reduction)


def _views(recipe: Recipe, model: nn.Module, x: Tensor) -> Tensor:
    """Return the loss of two noisy views of each image: like features, and with `negatives` unlike those of others."""
    one, two = (F.normalize(model(x + 0.2 * torch.randn_like(x))) for _ in range(2))
    if not recipe.negatives:
        return (one - two).square().sum(dim=1).mean()
    return F.cross_entropy(one @ two.T / 0.2, torch.arange(len(x), device=x.device))


def _step(recipe: Recipe, loss: Callable[[Tensor, Tensor], Tensor]) -> Step:
    def step(model: nn.Module, optimizer: Any, x: Tensor, y: Tensor) -> Tensor:
        if recipe.clears:
            optimizer.zero_grad()
        if recipe.shuffles:
            y = y[torch.randperm(len(y)).to(y.device)]
        value = _views(recipe, model, x) if recipe.task == "views" else loss(model(x), y)
        (recipe.sign * value).backward()
        optimizer.step()
        return value.detach()

    return step


def admit(recipe: Recipe, seed: int = 0) -> Patient:
    """Return a run by its recipe, with weights and order of examples drawn from `seed`, on the course's device."""
    device = pick_device()
    x, y, test, test_labels = _data(recipe)
    rng = np.random.default_rng(seed)
    if recipe.balances:  # each class as often as any other, whatever their sizes
        share = 1 / (np.bincount(y)[y] * len(np.unique(y)))
        order = rng.choice(len(y), recipe.steps * recipe.batch_size, p=share)
    else:
        rounds = recipe.steps * recipe.batch_size // len(y) + 2
        order = np.concatenate([rng.permutation(len(y)) for _ in range(rounds)])
    with undisturbed(seed):
        model = _Reader(recipe)
    for layer in model.layers:
        layer.to(device)
    model.to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=recipe.rate, momentum=0.9)
    images, labels = (torch.as_tensor(part, device=device) for part in (x, y))
    chunks = torch.as_tensor(order, device=device).split(recipe.batch_size)
    held = torch.as_tensor(test, device=device), torch.as_tensor(test_labels, device=device)
    loss = _loss(recipe)
    batches = tuple((images[chunk], labels[chunk]) for chunk in chunks)
    return Patient(recipe, model, optimizer, loss, _step(recipe, loss), batches, (held,), seed)


@torch.no_grad()
def error_of(patient: Patient) -> float:
    """Return how many per cent of the test set a patient gets wrong, by the rules of its task.

    For rare eights it is the mean over both classes; for views, the nearest training image by features is asked.
    Without `calls_eval` the net stays in train mode, and is asked about one class after the other, as from folders.
    """
    recipe, [(x, y)] = patient.recipe, patient.validation
    model = copy.deepcopy(patient.model).train(not recipe.calls_eval)  # in train mode norms take notes
    groups = [y == k for k in y.unique()] if not recipe.calls_eval else [torch.ones_like(y, dtype=torch.bool)]
    scores = torch.zeros(len(y), recipe.outputs, device=y.device)
    for group in groups:
        scores[group] = model(x[group])
    if recipe.task == "half":
        wrong = (scores[:, 0] > 0.5).long() != y
    elif recipe.task == "views":
        images, labels = (torch.cat(parts) for parts in zip(*patient.batches, strict=True))
        known = F.normalize(model(images))
        wrong = labels[(F.normalize(scores) @ known.T).argmax(dim=1)] != y
    else:
        wrong = scores.argmax(dim=1) != y
    if recipe.task == "rare":
        return 50 * sum(float(wrong[y == k].float().mean()) for k in (0, 1))
    return 100 * float(wrong.float().mean())


@cache
def treated(recipe: Recipe, seed: int = 0) -> tuple[Patient, tuple[float, ...], float]:
    """Return the patient after its run, the loss of each step, and the error: see `error_of`."""
    patient = admit(recipe, seed)
    return patient, tuple(patient.run()), error_of(patient)
