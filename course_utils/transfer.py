"""Transfer as whole experiments: frozen features and a classifier from outside, tuning by a plan, near and far targets.

A source net h_S knows a task S; a target task T has few labels. `Features` and `probe_curve` leave the net as it is.
`tuned` goes on training it, by a `Tuning`. All draws of labels come from seeds, so that methods meet the same ones.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC
from torch import nn
from torch.nn import functional as F
from torchvision.datasets import ImageFolder
from torchvision.models import ResNet18_Weights, get_model, get_model_weights
from torchvision.models.feature_extraction import create_feature_extractor

from course_utils.data import Split
from course_utils.device import pick_device
from course_utils.models.letters import STAGES, LettersNet
from course_utils.training import error_percent

PHOTOGRAPHS_VARIABLE = "COURSE_PHOTOGRAPHS"
PIXELS = "pixels"
_NEW_WEIGHTS = 10_000
# Classifiers from outside. Each is given rows whose mean length is 1, so that one penalty suits every layer.
PROBES: dict[str, Callable[[], Any]] = {
    "logistic regression": lambda: LogisticRegression(C=100.0, tol=1e-3, max_iter=2000),
    "linear SVM": lambda: SVC(kernel="linear", C=100.0),
    "RBF SVM": lambda: SVC(C=10.0, gamma="scale"),
    "nearest neighbour": lambda: KNeighborsClassifier(1),
}


def few_labels(data: Split, per_class: int, seed: int) -> Split:
    """Return the data set with `per_class` training pictures of each class, drawn by `seed`; the test part is whole.

    Raises ValueError where a class has fewer, or `per_class` is below 1.
    """
    classes, counts = np.unique(data.y_train, return_counts=True)
    if not 1 <= per_class <= counts.min():
        raise ValueError(f"per_class is {per_class}; the rarest class has {counts.min()} pictures to draw from")
    rng = np.random.default_rng(seed)
    kept = [rng.choice(np.flatnonzero(data.y_train == each), per_class, replace=False) for each in classes]
    at = rng.permutation(np.concatenate(kept))
    return Split(data.x_train[at], data.y_train[at], data.x_test, data.y_test, data.name)


# ---------------------------------------------------------------- sources without labels, targets near and far


def turned_quarters(x: np.ndarray, seed: int = 0) -> Split:
    """Return a task that needs no labels: each picture (N, C, n, n) turned by 0 to 3 quarters, and how many these were.

    Source: Gidaris, Singh and Komodakis, "Unsupervised representation learning by predicting image rotations", 2018.
    Raises ValueError where pictures are not square.
    """
    if x.ndim != 4 or x.shape[-1] != x.shape[-2]:
        raise ValueError(f"pictures have shape {x.shape}; they must be (N, C, n, n)")
    labels = np.random.default_rng(seed).integers(0, 4, len(x))
    turned = np.stack([np.rot90(each, k, axes=(1, 2)) for each, k in zip(x, labels, strict=True)])
    return Split(turned, labels, turned[:0], labels[:0], "quarters")


def scrambled(data: Split, seed: int = 0) -> Split:
    """Return the data set with the pixels of every picture in another order, the same for all: near no picture."""
    order = np.random.default_rng(seed).permutation(int(np.prod(data.x_train.shape[1:])))
    parts = [part.reshape(len(part), -1)[:, order].reshape(part.shape) for part in (data.x_train, data.x_test)]
    return Split(parts[0], data.y_train, parts[1], data.y_test, f"{data.name}, scrambled")


def negative(data: Split) -> Split:
    """Return the data set with 1 - x in place of x: black on white."""
    return Split(1 - data.x_train, data.y_train, 1 - data.x_test, data.y_test, f"{data.name}, negative")


def shrunk(data: Split, side: int = 8) -> Split:
    """Return square pictures framed by zeros to a multiple of `side` and averaged down to it, as the digits were.

    Raises ValueError where the pictures are smaller.
    """
    size = data.x_train.shape[-1]
    if size < side:
        raise ValueError(f"pictures of {size}×{size} cannot be shrunk to {side}×{side}")
    factor = -(-size // side)
    room = factor * side - size
    frame = (room // 2, room - room // 2) * 2

    def mean(x: np.ndarray) -> np.ndarray:
        return F.avg_pool2d(F.pad(torch.as_tensor(x), frame), factor).numpy()

    return Split(mean(data.x_train), data.y_train, mean(data.x_test), data.y_test, data.name)


# ---------------------------------------------------------------- a net as it is


@dataclass(frozen=True)
class Features:
    """What layers of a frozen net answer to a data set: `layers[name]` is (training rows, test rows), float32 (N, K).

    The layer "pixels" is the pictures themselves.
    """

    data: Split
    layers: dict[str, tuple[np.ndarray, np.ndarray]]

    @classmethod
    def of(cls, net: nn.Module, data: Split, nodes: Mapping[str, str] | None = None, cells: int = 4) -> "Features":
        """Ask the net in eval mode, without gradients; `nodes` maps torchvision's node names to names of layers.

        Maps of more than `cells`×`cells` places are averaged down to that. Without `nodes` the stages of a LettersNet
        are asked. Raises ValueError where the net has no such node.
        """
        wanted = dict(nodes or {f"stages.{stage}": stage for stage in STAGES})
        device = pick_device()
        net = net.to(device).eval()
        try:
            asked = create_feature_extractor(net, return_nodes=wanted)
        except ValueError as error:
            raise ValueError(f"the net has not all of the nodes {list(wanted)}: {error}") from error
        layers = {PIXELS: (data.x_train.reshape(len(data.x_train), -1), data.x_test.reshape(len(data.x_test), -1))}
        found = [cls._answers(asked, part, device, cells) for part in (data.x_train, data.x_test)]
        return cls(data, layers | {name: (found[0][name], found[1][name]) for name in wanted.values()})

    @staticmethod
    def _answers(asked: nn.Module, x: np.ndarray, device: torch.device, cells: int) -> dict[str, np.ndarray]:
        parts: dict[str, list[torch.Tensor]] = {}
        with torch.no_grad():
            for batch in torch.as_tensor(x).split(256):
                for name, answer in asked(batch.to(device)).items():
                    if answer.ndim == 4 and max(answer.shape[-2:]) > cells:
                        answer = F.adaptive_avg_pool2d(answer, cells)
                    parts.setdefault(name, []).append(answer.flatten(1).cpu())
        return {name: torch.cat(answers).numpy() for name, answers in parts.items()}


def probe_curve(
    features: Features,
    layer: str,
    per_class: Sequence[int],
    draws: int = 5,
    probe: str = "logistic regression",
    first: int = 0,
) -> np.ndarray:
    """Return per cent right on the test part, (len(per_class), draws), of a classifier on one layer's frozen features.

    Draw k sees the labels that `few_labels` picks with the seed `first` + k. Raises ValueError for an unknown layer or
    probe, and as `few_labels` does.
    """
    if layer not in features.layers or probe not in PROBES or draws < 1:
        raise ValueError(f"layer {layer!r}, probe {probe!r}, {draws} draws: {list(features.layers)}, {list(PROBES)}")
    train, test = features.layers[layer]
    y_train, y_test = features.data.y_train, features.data.y_test
    rows = Split(train, y_train, test, y_test)
    found = np.empty((len(per_class), draws))
    for line, count in enumerate(per_class):
        for draw in range(draws):
            few = few_labels(rows, count, first + draw)
            length = float(np.linalg.norm(few.x_train, axis=1).mean()) or 1.0
            said = PROBES[probe]().fit(few.x_train / length, few.y_train).predict(test / length)
            found[line, draw] = 100 * np.mean(said == y_test)
    return found


# ---------------------------------------------------------------- a net that goes on learning


@dataclass(frozen=True)
class Tuning:
    """How a copied net goes on learning.

    `lowest` is the first stage that learns: 0 (conv1) to 3 (fc4), 4 for the head alone; what lies below stays as it is.
    `lr_old` is the learning rate of copied weights, `lr_new` of new ones. With `norms_only`, of the copied weights only
    the scales and shifts of batch norms learn. `keep_head` takes the source's head along; `scratch` takes nothing
    along: all weights are new, and norms use their batch. Copied norms keep the means that they came with.
    Raises ValueError where a value is out of range, or parts exclude each other.
    """

    lowest: int = 0
    lr_old: float = 0.003
    lr_new: float = 0.03
    norms_only: bool = False
    keep_head: bool = False
    scratch: bool = False
    steps: int = 50
    batch_size: int = 32

    def __post_init__(self) -> None:
        if not 0 <= self.lowest <= len(STAGES) or self.steps < 1 or self.batch_size < 2:
            raise ValueError(
                f"lowest is {self.lowest}, steps {self.steps}, batch_size {self.batch_size}; lowest must be "
                f"0 to {len(STAGES)}, steps 1 or more, batch_size 2 or more"
            )
        if min(self.lr_old, self.lr_new) < 0:
            raise ValueError(f"learning rates are {self.lr_old} and {self.lr_new}; they must be 0 or more")
        if self.scratch and (self.keep_head or self.norms_only or self.lowest):
            raise ValueError("a net from scratch has nothing to keep: leave lowest, norms_only and keep_head alone")


@dataclass(frozen=True)
class Outcome:
    """What a tuning gave: per cent right on the test part, the last loss, what changed, how many numbers learned.

    `change[stage]` is the length of the change of the stage's kernels over their length before.
    """

    percent: float
    loss: float
    learned: int
    change: dict[str, float] = field(default_factory=dict)


def tuned(plan: Tuning, source: LettersNet, data: Split, seed: int = 0) -> Outcome:
    """Copy a source, train the copy on all labels of the training part by the plan, and test it.

    Cross-entropy, SGD with momentum 0.9, rates that fall along a line to 0; `seed` gives new weights and batches.
    Raises ValueError where a head is to be kept that has too few classes.
    """
    device, classes = pick_device(), int(data.y_train.max()) + 1
    # Never the seed that a source began with: its features have grown around its own first head, which fits them still.
    torch.manual_seed(_NEW_WEIGHTS + seed)
    net = LettersNet(replace(source.plan, classes=classes)).to(device).eval()
    if not plan.scratch:
        net.stages.load_state_dict(source.stages.state_dict())
    if plan.keep_head:
        if source.plan.classes < classes:
            raise ValueError(f"the source's head has {source.plan.classes} classes, the target {classes}")
        kept = {name: value[:classes] for name, value in source.head.state_dict().items()}
        net.head.load_state_dict(kept)
    before = [stage.detach().clone() for stage in _kernels(net)]
    net.to(memory_format=torch.channels_last)
    fixed, moving = net.stages[: plan.lowest], nn.Sequential(*net.stages[plan.lowest :], net.head)
    with torch.no_grad():
        x = fixed(torch.as_tensor(data.x_train, device=device))
    if plan.scratch:
        moving.train()
    groups = _groups(plan, net)
    loss = _descend(plan, moving, x, torch.as_tensor(data.y_train, device=device), groups, seed)
    change = [float((now - old).norm() / old.norm()) for now, old in zip(_kernels(net), before, strict=True)]
    return Outcome(
        100 - error_percent(net, data.x_test, data.y_test),
        loss,
        sum(weights.numel() for group in groups for weights in group["params"]),
        dict(zip(STAGES, change, strict=True)),
    )


def _kernels(net: LettersNet) -> list[torch.Tensor]:
    """Return the kernels of the convolutions and the matrix of fc4."""
    layers = [layer for layer in net.stages.modules() if isinstance(layer, (nn.Conv2d, nn.Linear))]
    return [layer.weight.detach() for layer in layers]


def _groups(plan: Tuning, net: LettersNet) -> list[dict[str, Any]]:
    """Return what learns at which rate, as torch's optimisers want it; what is in no group stays."""
    layers = net.stages[plan.lowest :].modules()
    norms = (nn.BatchNorm1d, nn.BatchNorm2d)
    copied = [
        weights
        for layer in layers
        for weights in layer.parameters(recurse=False)
        if isinstance(layer, norms) or not plan.norms_only
    ]
    old = plan.lr_new if plan.scratch else plan.lr_old
    new = plan.lr_old if plan.keep_head else plan.lr_new
    return [{"params": copied, "lr": old}, {"params": list(net.head.parameters()), "lr": new}]


def _descend(
    plan: Tuning, net: nn.Module, x: torch.Tensor, y: torch.Tensor, groups: list[dict[str, Any]], seed: int
) -> float:
    """Train what `groups` name; return the loss of the last step, infinite where training ran away."""
    rng, size = np.random.default_rng(seed), min(plan.batch_size, len(y))
    learning = [group for group in groups if group["params"] and group["lr"] > 0]
    if not learning:
        raise ValueError("nothing learns: give a learning rate above 0")
    optimizer = torch.optim.SGD(learning, momentum=0.9, fused=True)
    falling = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / plan.steps)
    value = float("inf")
    for _ in range(plan.steps):
        batch = torch.as_tensor(rng.choice(len(y), size, replace=False), device=y.device)
        optimizer.zero_grad()
        loss = F.cross_entropy(net(x[batch]), y[batch])
        value = loss.item()
        if not np.isfinite(value) or value > 1e4:
            return float("inf")
        loss.backward()
        optimizer.step()
        falling.step()
    return value


def tuning_curve(
    plan: Tuning, source: LettersNet, data: Split, per_class: Sequence[int], draws: int = 3, first: int = 0
) -> list[list[Outcome]]:
    """Return the outcomes of `tuned`, a row for each entry of `per_class`, on the labels that `probe_curve` draws.

    Raises ValueError as `few_labels` and `tuned` do.
    """
    return [
        [tuned(plan, source, few_labels(data, count, seed), seed) for seed in range(first, first + draws)]
        for count in per_class
    ]


def percents(outcomes: Sequence[Sequence[Outcome]]) -> np.ndarray:
    """Return the per cents of a table of outcomes as an array (rows, draws)."""
    return np.array([[outcome.percent for outcome in row] for row in outcomes])


# ---------------------------------------------------------------- real photographs, where their files are at hand


def photographs(folder: str | Path | None = None, side: int = 128) -> Split | None:
    """Return a set of photographs, read by torchvision's ImageFolder, or None where no folder is named.

    `folder`, or else the environment variable COURSE_PHOTOGRAPHS, holds `train` and `val`, each with a folder for each
    class. Pictures are cut square, (N, 3, side, side), with the mean and spread that torchvision's weights ask for.
    Raises ValueError where the folder does not look so.
    """
    folder = folder or os.environ.get(PHOTOGRAPHS_VARIABLE)
    if not folder:
        return None
    prepare = ResNet18_Weights.DEFAULT.transforms(crop_size=side, resize_size=side)
    planes, labels = [], []
    for part in ("train", "val"):
        try:
            images = ImageFolder(str(Path(folder) / part), prepare)
        except FileNotFoundError as error:
            raise ValueError(
                f"{folder} must hold train/ and val/, each with a folder of pictures for each class: {error}"
            ) from error
        planes.append(torch.stack([image for image, _ in images]).numpy())
        labels.append(np.array(images.targets, dtype=np.int64))
    return Split(planes[0], labels[0], planes[1], labels[1], ", ".join(images.classes))


def published_net(name: str = "resnet18", download: bool = False) -> nn.Module:
    """Return a net of torchvision with its default weights, from torch's own cache of downloads.

    `download` lets torchvision fetch them. Raises ValueError where they are not there and may not be fetched.
    """
    weights = get_model_weights(name).DEFAULT
    file = Path(torch.hub.get_dir()) / "checkpoints" / Path(weights.url).name
    if not download and not file.is_file():
        raise ValueError(f"{file.name} is not in {file.parent}; download=True lets torchvision fetch it")
    return get_model(name, weights=weights).eval()


@dataclass(frozen=True)
class Backbone:
    """A net of torchvision as a source: its last layer's name and inputs, parameters below it, published weights.

    `published` has a row for each set of weights: its name, top-1 accuracy in per cent, size of its file in MB.
    """

    name: str
    head: str
    features: int
    trunk: int
    published: tuple[tuple[str, float, float], ...]

    @classmethod
    def of(cls, name: str) -> "Backbone":
        """Read it off torchvision's lists, without weights; raises ValueError for a net without one linear head."""
        with torch.device("meta"):
            net = get_model(name, weights=None)
        width = {part: getattr(layer, "out_features", 0) for part, layer in net.named_modules()}
        heads = [part for part in width if width[part] == 1000]
        if len(heads) != 1:
            raise ValueError(f"{name} has {len(heads)} linear layers to 1,000 classes; one is wanted")
        head = net.get_submodule(heads[0])
        trunk = sum(p.numel() for p in net.parameters()) - sum(p.numel() for p in head.parameters())
        rows = [(each.name, each.meta) for each in get_model_weights(name)]
        published = [
            (what, float(meta["_metrics"]["ImageNet-1K"]["acc@1"]), float(meta["_file_size"])) for what, meta in rows
        ]
        return cls(name, heads[0], int(head.in_features), trunk, tuple(published))
