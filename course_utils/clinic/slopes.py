"""How far back-propagation through a patient's net is from differences, for many steps h: the V."""

from collections.abc import Sequence

import numpy as np
import torch

from course_utils.clinic.recipe import Recipe, admit
from course_utils.device import pick_device
from course_utils.diagnostics import undisturbed

_DIRECTIONS = 4


def slope_errors(
    recipe: Recipe, steps: Sequence[float] | np.ndarray, part: str = "", precision: str = "float64", seed: int = 0
) -> np.ndarray:
    """Return the relative error of a slope for each step h: float64 (steps,).

    The slope is that of the loss on eight examples, along random directions of all weights whose name begins with
    `part`; the error is the worst of four directions, for a single one may hide a fault. Weights and inputs are moved a
    little first, off ties and kinks. `precision` is "float32" or "float64". Raises ValueError for another precision, or
    where no weight has such a name.
    """
    if precision not in ("float32", "float64"):
        raise ValueError(f"precision is {precision!r}; it must be 'float32' or 'float64'")
    patient, kind = admit(recipe, seed), getattr(torch, precision)
    device = torch.device("cpu") if pick_device().type == "mps" else pick_device()  # Apple's GPUs have no float64
    model, (x, y) = patient.model.to(device, kind), (part.to(device) for part in patient.batches[0])
    weights = [weight for name, weight in model.named_parameters() if name.startswith(part)]
    if not weights:
        names = ", ".join(name for name, _ in model.named_parameters())
        raise ValueError(f"no weight has a name that begins with {part!r}; there are {names}")
    with undisturbed(seed), torch.no_grad():
        x = (x[:8] + 0.02 * torch.randn_like(x[:8])).to(kind)
        for weight in model.parameters():
            weight.add_(0.02 * torch.randn(weight.shape).to(weight))
        start = [weight.clone() for weight in weights]
        ways = [[0.1 * torch.randn(weight.shape).to(weight) for weight in weights] for _ in range(_DIRECTIONS)]
    told = torch.autograd.grad(patient.loss(model(x), y[:8]), weights)

    @torch.no_grad()
    def error(way: list[torch.Tensor], h: float) -> float:
        ends = []
        for side in (h, -h):
            for weight, old, move in zip(weights, start, way, strict=True):
                weight.copy_(old + side * move)
            ends.append(float(patient.loss(model(x), y[:8])))
        slope, seen = sum(float((g * w).sum()) for g, w in zip(told, way, strict=True)), (ends[0] - ends[1]) / (2 * h)
        return abs(seen - slope) / max(abs(seen), abs(slope), 1e-12)

    return np.array([max(error(way, h) for way in ways) for h in steps])
