"""What the checks of `diagnose` work on: copies of a model and its optimiser, some examples, a loss and a step."""

import copy
import math
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.dropout import _DropoutNd

from course_utils.diagnostics.report import Activity, Filters, Finding

Loss = Callable[[Tensor, Tensor], Tensor]
Step = Callable[[nn.Module, Any, Tensor, Tensor], object]


@dataclass
class Subject:
    """What the checks share, and what they put down for a figure."""

    model: nn.Module
    optimizer: Any
    x: Tensor
    y: Tensor
    loss: Loss
    step: Step
    classes: int
    steps: int
    seed: int
    validation: tuple[Tensor, Tensor] | None
    layers: list[Activity] = field(default_factory=list)
    descent: list[tuple[int, float]] = field(default_factory=list)
    relative: list[tuple[str, float]] = field(default_factory=list)
    filters: Filters | None = None

    def fresh(self) -> tuple[nn.Module, Any]:
        """Return copies that may be changed; the optimiser's holds the weights of the model's."""
        model, optimizer = copy.deepcopy((self.model, self.optimizer))
        model.zero_grad()
        return model, optimizer

    @property
    def chance(self) -> float:
        """The cross-entropy of equal scores."""
        return math.log(self.classes)


@contextmanager
def undisturbed(seed: int) -> Iterator[None]:
    """Seed Python, NumPy and torch for a while, and put all their states back at the end."""
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()  # noqa: NPY002
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else None
    mps = torch.mps.get_rng_state() if torch.backends.mps.is_available() else None
    try:
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002
        torch.manual_seed(seed)
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])  # noqa: NPY002
        torch.set_rng_state(states[2])
        if cuda is not None:
            torch.cuda.set_rng_state_all(cuda)
        if mps is not None:
            torch.mps.set_rng_state(mps)


def without_dropout(model: nn.Module) -> nn.Module:
    """Put a copy into train mode, so that norms use the batch, and every dropout of it into eval mode."""
    model.train()
    for part in model.modules():
        if isinstance(part, _DropoutNd):
            part.eval()
    return model


def judge(check: str, bad: bool, seen: str, wanted: str, advice: str, value: float, severity: str = "fault") -> Finding:
    """Return a finding of that severity where something is bad, else a fine one."""
    return Finding(check, severity if bad else "fine", seen, wanted, advice, float(value))


def some(names: Sequence[str]) -> str:
    """Return up to three names as text."""
    return ", ".join(names[:3]) + (", …" if len(names) > 3 else "") if names else "none"
