"""How far a net's features and its answer move when its picture is shifted, scaled or turned.

After the study in Zeiler and Fergus, "Visualizing and understanding convolutional networks" (2014), section 4.1.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from course_utils.data import Split, digits
from course_utils.device import pick_device

CHANGES = {"shift": "pixels to the right", "scale": "times the size", "rotation": "degrees against the clock"}
SIDE, SIZE = 29, 16  # of the canvas, and of a digit on it


def moved(
    images: torch.Tensor,
    right: float | torch.Tensor = 0.0,
    down: float | torch.Tensor = 0.0,
    scale: float | torch.Tensor = 1.0,
    angle: float | torch.Tensor = 0.0,
) -> torch.Tensor:
    """Return pictures (N, C, H, W) scaled about their middle, turned by `angle` degrees, then shifted by pixels.

    Each amount is one number or a tensor (N,). The angle counts against the clock as one sees the picture. Values
    between pixels are interpolated linearly, zeros come in from outside; the dtype stays.
    Raises ValueError where the pictures are not square or a scale is not positive.
    """
    if images.ndim != 4 or images.shape[2] != images.shape[3]:
        raise ValueError(f"pictures have shape {tuple(images.shape)}; they must be (N, C, side, side)")
    count, _, side, _ = images.shape
    amounts = [torch.as_tensor(each, dtype=images.dtype, device=images.device) for each in (right, down, scale, angle)]
    x, y, factor, degrees = (each.expand(count) for each in amounts)
    if not (factor > 0).all():
        raise ValueError(f"the scale is {factor.min().item():g}; it must be positive")
    # affine_grid asks where each pixel of the result comes from: the inverse of the move, in units of half a side.
    cosine, sine = torch.cos(torch.deg2rad(degrees)) / factor, torch.sin(torch.deg2rad(degrees)) / factor
    x, y = 2 * x / side, 2 * y / side
    rows = [cosine, -sine, -cosine * x + sine * y, sine, cosine, -sine * x - cosine * y]
    grid = F.affine_grid(torch.stack(rows, dim=1).reshape(count, 2, 3), list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, align_corners=False)


def changed(images: torch.Tensor, kind: str, value: float) -> torch.Tensor:
    """Return pictures (N, C, side, side) changed in one way of CHANGES by `value`.

    Raises ValueError for another kind, and as `moved` does.
    """
    if kind not in CHANGES:
        raise ValueError(f"no change {kind!r}; there are {', '.join(CHANGES)}")
    return moved(images, **{{"shift": "right", "scale": "scale", "rotation": "angle"}[kind]: value})


def on_canvas(images: np.ndarray) -> torch.Tensor:
    """Return 8×8 digits (N, 1, 8, 8) enlarged to 16×16 in the middle of 29×29: float32 (N, 1, 29, 29)."""
    large = F.interpolate(torch.as_tensor(images), size=(SIZE, SIZE), mode="bilinear", align_corners=False)
    before = (SIDE - SIZE) // 2
    return F.pad(large, (before, SIDE - SIZE - before) * 2)


def moved_digits(copies: int = 2, shift: float = 4.0, scale: float = 1.2, angle: float = 15.0, seed: int = 0) -> Split:
    """Return the digits on a canvas of 29×29, each moved at random: training digits `copies` times, test digits once.

    Shifts go up to `shift` pixels along both axes, scales from 1 / `scale` to `scale`, angles up to `angle` degrees.
    All float32; the draws come from a generator of `seed`. Raises ValueError where `copies` is not 1 to 20.
    """
    if not 1 <= copies <= 20:
        raise ValueError(f"copies is {copies}; it must be 1 to 20")
    data, rng = digits(), np.random.default_rng(seed)

    def draw(images: np.ndarray) -> np.ndarray:
        x, y, s, a = rng.uniform(-1, 1, (4, len(images))).astype(np.float32)
        moves = [torch.tensor(each) for each in (shift * x, shift * y, scale**s, angle * a)]
        return moved(on_canvas(images), *moves).numpy()

    many = np.concatenate([data.x_train] * copies)
    return Split(draw(many), np.concatenate([data.y_train] * copies), draw(data.x_test), data.y_test)


@torch.no_grad()
def layer_features(model: nn.Module, x: np.ndarray | torch.Tensor, layers: Sequence[str]) -> dict[str, np.ndarray]:
    """Return what named layers of a net answer to pictures (N, C, H, W), flat: float (N, features) for each name.

    The model runs in evaluation mode on the course's device. Raises ValueError where it has no such layer.
    """
    known = dict(model.named_modules())
    missing = [name for name in layers if name not in known]
    if missing:
        raise ValueError(f"the net has no layer {', '.join(missing)}; it has {', '.join(filter(None, known))}")
    found: dict[str, np.ndarray] = {}

    def keep(name: str):
        def hook(_layer: nn.Module, _inputs: object, output: torch.Tensor) -> None:
            found[name] = output.flatten(1).cpu().numpy()

        return hook

    hooks = [known[name].register_forward_hook(keep(name)) for name in layers]
    try:
        device = pick_device()
        model.to(device).eval()(torch.as_tensor(x, device=device))
    finally:
        for hook in hooks:
            hook.remove()
    return found


@dataclass(frozen=True)
class InvarianceCurves:
    """What one kind of change does: `distances` (values,) for each layer, `probabilities` (classes, values).

    A distance of 0 is no change, 1 as far as two pictures of different classes lie apart in that layer on average.
    `probabilities` are those of the true class, averaged over the pictures of each class in `classes`.
    """

    kind: str
    values: np.ndarray
    distances: dict[str, np.ndarray]
    classes: np.ndarray
    probabilities: np.ndarray


def _apart(features: np.ndarray, labels: np.ndarray) -> float:
    """Return the mean distance of pictures of different classes."""
    squares = (features**2).sum(axis=1)
    distances = np.sqrt(np.maximum(squares[:, None] + squares - 2 * features @ features.T, 0))
    return float(distances[labels[:, None] != labels].mean())


def invariance_curves(
    model: nn.Module, x: torch.Tensor, y: np.ndarray, kind: str, values: Sequence[float], layers: Sequence[str]
) -> InvarianceCurves:
    """Return how far the features of `layers`, and the probability of the true class, move with a change.

    `x` is float32 (N, C, side, side), `y` int64 (N,). The distance of a layer is that between the features of a
    picture and of the changed picture, averaged over the pictures, divided by that of pictures of different classes.
    Raises ValueError where all pictures are of one class, and as `changed` and `layer_features` do.
    """
    if len(np.unique(y)) < 2:
        raise ValueError(f"all {len(y)} pictures are of one class; distances are measured against those of two or more")
    before = layer_features(model, x, layers)
    scales = {name: _apart(features.astype(np.float64), y) for name, features in before.items()}
    distances: dict[str, list[float]] = {name: [] for name in layers}
    classes, chances = np.unique(y), []
    for value in values:
        other = changed(x, kind, value)
        after = layer_features(model, other, [*layers, ""])
        for name in layers:
            gap = np.linalg.norm(after[name].astype(np.float64) - before[name], axis=1).mean()
            distances[name].append(gap / scales[name])
        scores = torch.as_tensor(after[""]).softmax(dim=1).numpy()[np.arange(len(y)), y]
        chances.append([scores[y == each].mean() for each in classes])
    found = {name: np.array(each) for name, each in distances.items()}
    return InvarianceCurves(kind, np.array(values, dtype=float), found, classes, np.array(chances).T)


def only_classes(data: Split, classes: Sequence[int]) -> Split:
    """Return the part of a data set whose labels are in `classes`, labelled 0, 1, … in that order.

    Raises ValueError where a class is asked for twice or has no example.
    """
    missing = [each for each in classes if not ((data.y_train == each).any() and (data.y_test == each).any())]
    if missing or len(set(classes)) != len(classes):
        raise ValueError(f"classes are {list(classes)}; each may stand once and needs examples, {missing} have none")
    place = {label: index for index, label in enumerate(classes)}

    def part(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        kept = np.isin(y, list(classes))
        return x[kept], np.array([place[label] for label in y[kept]], dtype=np.int64)

    return Split(*part(data.x_train, data.y_train), *part(data.x_test, data.y_test))


def layer_probes(
    model: nn.Module, data: Split, layers: Sequence[str], per_class: int, repeats: int = 5, seed: int = 0
) -> dict[str, np.ndarray]:
    """Return the test accuracy, in per cent, of a linear classifier on the frozen features of each layer.

    For each of `repeats` draws, `per_class` training pictures of each class are kept; features are standardised by
    them, and multinomial logistic regression learns from them. The result is float64 (repeats,) for each layer, and
    for "pixels", the picture itself. Raises ValueError where a class has too few pictures, and as `layer_features`.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    fewest = int(np.bincount(data.y_train).min())
    if not 1 <= per_class <= fewest:
        raise ValueError(f"per_class is {per_class}; the smallest class has {fewest} training pictures, give 1 to that")
    train, test = (layer_features(model, x, layers) for x in (data.x_train, data.x_test))
    train["pixels"], test["pixels"] = (x.reshape(len(x), -1) for x in (data.x_train, data.x_test))
    rng = np.random.default_rng(seed)
    found: dict[str, list[float]] = {name: [] for name in ("pixels", *layers)}
    for _ in range(repeats):
        groups = [np.flatnonzero(data.y_train == label) for label in np.unique(data.y_train)]
        kept = np.concatenate([rng.choice(group, per_class, replace=False) for group in groups])
        for name, scores in found.items():
            probe = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=300, tol=1e-3))
            probe.fit(train[name][kept], data.y_train[kept])
            scores.append(100 * float(probe.score(test[name], data.y_test)))
    return {name: np.array(scores) for name, scores in found.items()}
