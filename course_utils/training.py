"""Fit a net and measure it; no more than the pages need."""

import numpy as np
import torch
from torch import nn

from course_utils.data import Split
from course_utils.device import pick_device


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
