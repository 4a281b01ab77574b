"""The net that reads bent letters and signs, its checkpoint, and its parts by name: the source of lecture 13."""

from collections import OrderedDict
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from course_utils.data import Split
from course_utils.device import pick_device
from course_utils.glyphs import CLASSES

STAGES = ("conv1", "conv2", "conv3", "fc4")
CHECKPOINTS = ("letters", "no_lookalikes")


@dataclass(frozen=True)
class LettersPlan:
    """Widths of the three convolutions and of the fully connected layer, and the number of classes.

    Raises ValueError where one of them is below 1.
    """

    widths: tuple[int, int, int] = (16, 32, 64)
    hidden: int = 64
    classes: int = len(CLASSES)

    def __post_init__(self) -> None:
        if min(*self.widths, self.hidden, self.classes) < 1:
            raise ValueError(f"{self}: every number must be 1 or more")


class LettersNet(nn.Module):
    """Three convolutions and two fully connected layers for pictures (N, 1, 8, 8): scores (N, classes).

    `stages` are conv1, conv2, conv3 and fc4, each with batch norm and ReLU; `head` is the last layer. Pools follow
    conv2 and conv3, so that fc4 reads 2×2 maps. Raises ValueError where `plan` is no LettersPlan.
    """

    def __init__(self, plan: LettersPlan) -> None:
        super().__init__()
        if not isinstance(plan, LettersPlan):
            raise ValueError(f"a plan is wanted, LettersPlan(...), not {plan!r}")
        self.plan = plan
        one, two, three = plan.widths
        parts = [
            nn.Sequential(*self._conv(1, one)),
            nn.Sequential(*self._conv(one, two), nn.MaxPool2d(2)),
            nn.Sequential(*self._conv(two, three), nn.MaxPool2d(2)),
            nn.Sequential(
                nn.Flatten(), nn.Linear(4 * three, plan.hidden, bias=False), nn.BatchNorm1d(plan.hidden), nn.ReLU()
            ),
        ]
        self.stages = nn.Sequential(OrderedDict(zip(STAGES, parts, strict=True)))
        self.head = nn.Linear(plan.hidden, plan.classes)

    @staticmethod
    def _conv(come: int, go: int) -> list[nn.Module]:
        return [nn.Conv2d(come, go, 3, padding=1, bias=False), nn.BatchNorm2d(go), nn.ReLU()]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the scores (N, classes) before any softmax."""
        return self.head(self.stages(x))


@dataclass(frozen=True)
class SourceRecipe:
    """How a source is trained: AdamW, a learning rate that rises to `lr` and falls again; ValueError below 1 step."""

    steps: int
    batch_size: int = 64
    lr: float = 0.01

    def __post_init__(self) -> None:
        if self.steps < 1 or self.batch_size < 1 or self.lr <= 0:
            raise ValueError(f"{self}: steps and batch_size must be 1 or more, lr above 0")


def trained_source(plan: LettersPlan, data: Split, recipe: SourceRecipe, seed: int = 0) -> LettersNet:
    """Return a net of that plan, trained on the training part of a source, in eval mode on the course's device.

    Raises ValueError where the data have labels beyond the plan's classes.
    """
    if data.y_train.max() >= plan.classes:
        raise ValueError(f"labels go to {data.y_train.max()}, but the plan has {plan.classes} classes")
    device, rng = pick_device(), np.random.default_rng(seed)
    torch.manual_seed(seed)
    net = LettersNet(plan).to(device).train()
    x, y = torch.as_tensor(data.x_train, device=device), torch.as_tensor(data.y_train, device=device)
    optimizer = torch.optim.AdamW(net.parameters(), recipe.lr, weight_decay=0.05)
    cycle = torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe.lr, total_steps=recipe.steps)
    order: list[np.ndarray] = []
    for _ in range(recipe.steps):
        if not order:
            batches = max(1, len(y) // recipe.batch_size)
            order = np.array_split(rng.permutation(len(y)), batches)
        batch = torch.as_tensor(order.pop(), device=device)
        optimizer.zero_grad()
        F.cross_entropy(net(x[batch]), y[batch]).backward()
        optimizer.step()
        cycle.step()
    return net.eval()


def checkpoint_path(name: str = "letters") -> Path:
    """Return where a checkpoint of the course lies; raises ValueError for a name that is not in CHECKPOINTS."""
    if name not in CHECKPOINTS:
        raise ValueError(f"no checkpoint {name!r}; there are {', '.join(CHECKPOINTS)}")
    return Path(str(resources.files("course_utils"))) / "checkpoints" / f"{name}.pt"


def load_letters(name: str = "letters", path: str | Path | None = None) -> LettersNet:
    """Return the net with the weights of a checkpoint, in eval mode, on the CPU; `path` names another file.

    Sizes are read off the weights. Raises ValueError where there is no such file or it holds other weights.
    """
    path = Path(path) if path else checkpoint_path(name)
    if not path.is_file():
        raise ValueError(f"there is no checkpoint {path.name}; python tools/train_letters.py makes it")
    weights = torch.load(path, map_location="cpu", weights_only=True)
    try:
        widths = tuple(len(weights[f"stages.{stage}.0.weight"]) for stage in STAGES[:3])
        classes, hidden = weights["head.weight"].shape
        net = LettersNet(LettersPlan(widths, hidden, classes))  # type: ignore[arg-type]
        net.load_state_dict(weights)
    except (KeyError, TypeError, RuntimeError, AttributeError) as error:
        raise ValueError(f"{path.name} does not hold the weights of a LettersNet: {error}") from error
    return net.eval()
