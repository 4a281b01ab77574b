"""The cases of the clinic: one planted fault each, the hint that exposes it, and numbers for both."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch.nn import functional as F

from course_utils.clinic.recipe import Recipe, admit, error_of, treated
from course_utils.diagnostics import Report, diagnose

BRANCHES = ("diverges", "collapses", "under-performs")
Probe = Callable[[Recipe, int], float]


def _least_loss(recipe: Recipe, _seed: int) -> float:
    sure = torch.eye(10) if recipe.softmax else 30 * torch.eye(10)
    return float(F.cross_entropy(sure, torch.arange(10)))


@torch.no_grad()
def _spread(recipe: Recipe, seed: int) -> float:
    patient = treated(recipe, seed)[0]
    scores = patient.model.eval()(patient.validation[0][0])
    return float((F.normalize(scores) if recipe.task == "views" else scores).std(dim=0).mean())


@torch.no_grad()
def _found(recipe: Recipe, seed: int) -> float:
    patient = treated(recipe, seed)[0]
    [(x, y)] = patient.validation
    return 100 * float((patient.model.eval()(x[y == 1]).argmax(dim=1) == 1).float().mean())


def _training_error(recipe: Recipe, seed: int) -> float:
    patient = treated(recipe, seed)[0]
    parts = [torch.cat(each) for each in zip(*patient.batches, strict=True)]
    return error_of(replace(patient, validation=((parts[0], parts[1]),)))


def _mode_gap(recipe: Recipe, seed: int) -> float:
    patient = treated(recipe, seed)[0]
    return error_of(patient) - error_of(replace(patient, recipe=replace(recipe, calls_eval=True)))


@dataclass(frozen=True)
class Case:
    """One fault: the fields that it changes, those that the run has in any case, and the hint that exposes it.

    `sees` names the finding of `diagnose` that raises the alarm (check, place among its findings), if there is one.
    The hint's number is that finding's, or else that of `probe`.
    """

    name: str
    branch: str
    symptom: str
    hint: str
    fault: dict[str, Any]
    base: dict[str, Any] = field(default_factory=dict)
    sees: tuple[str, int] | None = None
    probe: Probe | None = None
    trained: bool = False

    def recipe(self, repaired: bool) -> Recipe:
        """Return the run with or without the fault."""
        return Recipe(**(self.base if repaired else self.base | self.fault))

    def examined(self, repaired: bool, seed: int = 0) -> Report:
        """Return what `diagnose` finds by the check that is named in `sees`; raise ValueError where there is none."""
        if self.sees is None:
            raise ValueError(f"{self.name!r} is not seen by diagnose: it has a probe of its own")
        recipe = self.recipe(repaired)
        patient = treated(recipe, seed)[0] if self.trained else admit(recipe, seed)
        given = {"loss": patient.loss, "optimizer": patient.optimizer, "step": patient.step}
        validation = patient.validation
        return diagnose(patient.model, patient.batches, **given, validation=validation, checks=[self.sees[0]], steps=50)  # type: ignore[arg-type]

    def number(self, repaired: bool, seed: int = 0) -> float:
        """Return the number that the hint looks at."""
        if self.probe is not None:
            return self.probe(self.recipe(repaired), seed)
        assert self.sees is not None
        return self.examined(repaired, seed).of(self.sees[0])[self.sees[1]].value


@dataclass(frozen=True)
class Outcome:
    """A case with and without its fault: errors in per cent, and the numbers of its hint."""

    case: Case
    error_broken: float
    error_repaired: float
    number_broken: float
    number_repaired: float


def treat(name: str, seed: int = 0) -> Outcome:
    """Run a case of CASES twice, broken and repaired; raise ValueError where there is no such case."""
    found = {case.name: case for case in CASES}
    if name not in found:
        raise ValueError(f"no case {name!r}; there are {', '.join(found)}")
    case = found[name]
    errors = [treated(case.recipe(repaired), seed)[2] for repaired in (False, True)]
    return Outcome(case, *errors, *(case.number(repaired, seed) for repaired in (False, True)))


CASES = (
    Case("rate too large", "diverges", "loss grows", "32 examples: last loss", {"rate": 5.0}, sees=("small batch", 0)),
    Case("sign of the loss", "diverges", "loss grows", "cosine of step and downhill", {"sign": -1.0}, sees=("step", 1)),
    Case(
        "gradients never cleared", "diverges", "loss wanders", "same batch again", {"clears": False}, sees=("step", 0)
    ),
    Case(
        "inputs not scaled",
        "diverges",
        "loss jumps, then stays",
        "spread of inputs",
        {"scale": 255.0},
        sees=("data", 1),
    ),
    Case(
        "first weights too large", "diverges", "first loss is huge", "first loss", {"start": "huge"}, sees=("loss", 2)
    ),
    Case("loss summed", "diverges", "loss grows", "loss of equal scores", {"reduction": "sum"}, sees=("loss", 0)),
    Case(
        "all units start equal",
        "collapses",
        "learns little",
        "mean |corr| of units",
        {"start": "equal"},
        sees=("units", 3),
    ),
    Case(
        "all weights start at 0",
        "collapses",
        "loss stays at ln 10",
        "tensors without gradient",
        {"start": "zero"},
        sees=("weights", 2),
    ),
    Case("units are dead", "collapses", "loss stays at ln 10", "dead units", {"start": "dead"}, sees=("units", 0)),
    Case(
        "(N, 1) minus (N,)",
        "collapses",
        "loss falls, then stays",
        "spread of scores",
        {"broadcasts": True},
        {"task": "half"},
        probe=_spread,
    ),
    Case(
        "one class is rare",
        "collapses",
        "loss falls to near 0",
        "% of eights found",
        {"balances": False},
        {"task": "rare", "balances": True},
        probe=_found,
    ),
    Case(
        "views without negatives",
        "collapses",
        "loss falls to 0",
        "spread of features",
        {"negatives": False},
        {"task": "views", "steps": 60},
        probe=_spread,
    ),
    Case(
        "softmax twice",
        "under-performs",
        "loss stays above 1.46",
        "least loss there is",
        {"softmax": True},
        sees=("outputs", 1),
        probe=_least_loss,
    ),
    Case(
        "labels shuffled in the loop",
        "under-performs",
        "loss stays near ln 10",
        "32 examples: last loss",
        {"shuffles": True},
        sees=("small batch", 0),
    ),
    Case(
        "layers in a plain list",
        "under-performs",
        "learns, but less",
        "stray weights",
        {"plain_list": True},
        sees=("weights", 0),
    ),
    Case(
        "batch mixed by a reshape",
        "under-performs",
        "learns little",
        "one example sees others",
        {"mixes": True},
        sees=("outputs", 0),
    ),
    Case(
        "kernel not turned",
        "under-performs",
        "hardly any",
        "gradient check",
        {"backward": "kernel not turned"},
        {"backward": "right"},
        sees=("gradients", 0),
    ),
    Case(
        "gradient one place off",
        "under-performs",
        "learns, but less",
        "gradient check",
        {"backward": "one place off"},
        {"backward": "right"},
        sees=("gradients", 0),
    ),
    Case(
        "eval() forgotten",
        "under-performs",
        "good in training, not in test",
        "error, train - eval mode",
        {"calls_eval": False},
        {"norm": True},
        probe=_mode_gap,
    ),
    Case(
        "test set scaled twice",
        "under-performs",
        "good in training, not in test",
        "spread, test / training",
        {"test_scale": 1 / 255},
        sees=("validation", 1),
    ),
    Case(
        "too few examples",
        "under-performs",
        "good in training, not in test",
        "gap of the errors",
        {"images": 30},
        {"images": 1200},
        sees=("validation", 0),
        trained=True,
    ),
    Case(
        "net too narrow",
        "under-performs",
        "training error stays",
        "training error, %",
        {"width": 1},
        probe=_training_error,
    ),
    Case(
        "six layers of sigmoids",
        "under-performs",
        "loss stays near ln 10",
        "gradient/weight, most/least",
        {"activation": "sigmoid", "norm": False},
        {"extra": 4, "norm": True},
        sees=("weights", 3),
    ),
    Case(
        "rate too small",
        "under-performs",
        "loss creeps",
        "32 examples: last loss",
        {"rate": 1e-5},
        sees=("small batch", 0),
    ),
)
