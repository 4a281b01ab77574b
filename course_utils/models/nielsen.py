"""Nielsen's ladder of nets for MNIST, and the run that climbs it: each rung changes one thing of the rung before.

Read it beside M. Nielsen, Neural Networks and Deep Learning, 2015, chapter 6. His nets are made for 28×28 pictures;
here the same nets take any square picture that leaves them at least one place after the last pool.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from scipy import stats
from torch import nn

from course_utils.data import Split
from course_utils.device import pick_device

UNITS: dict[str, type[nn.Module]] = {"sigmoid": nn.Sigmoid, "tanh": nn.Tanh, "ReLU": nn.ReLU, "GELU": nn.GELU}
# With these gains Glorot's random weights keep gradients at a steady size, as long as sums are near 0, where a sigmoid
# has the slope 1/4 and tanh 1; the other two switch about half of the signal off. (Glorot and Bengio, 2010; He and
# others, 2015.) Nielsen drew his weights otherwise, and trained far longer.
GAINS = {"sigmoid": 4.0, "tanh": 1.0, "ReLU": 2**0.5, "GELU": 2**0.5}
KERNEL_SIZE = 5


@dataclass(frozen=True)
class Rung:
    """One step of the ladder: a net and what it is trained on.

    `maps` holds the output channels of each 5×5 convolution (a 2×2 max pool and the unit follow each, in this order:
    four times less work, and the same result for a unit that only rises), `hidden` the widths of the hidden fully
    connected layers, `unit` a name in UNITS, `dropout` the share dropped before each fully connected
    layer, `shifted` whether copies shifted by one pixel join the training set.
    """

    name: str
    maps: tuple[int, ...]
    hidden: tuple[int, ...]
    unit: str = "sigmoid"
    dropout: float = 0.0
    shifted: bool = False


LADDER = (
    Rung("no convolution", (), (100,)),
    Rung("one convolution", (20,), (100,)),
    Rung("two convolutions", (20, 40), (100,)),
    Rung("ReLU", (20, 40), (100,), "ReLU"),
    Rung("shifted copies", (20, 40), (100,), "ReLU", shifted=True),
    Rung("second hidden layer", (20, 40), (100, 100), "ReLU", shifted=True),
    Rung("two of 1,000, dropout", (20, 40), (1000, 1000), "ReLU", 0.5, True),
)


class LadderNet(nn.Module):
    """The net of a rung for (N, channels, side, side) pictures: convolutions in `features`, the rest in `head`.

    Biases start at 0, weights as Glorot drew them, with the gain of the unit. Raises ValueError where the unit is
    unknown or the picture too small for the rung's convolutions.
    """

    def __init__(self, rung: Rung, side: int = 28, channels: int = 1, classes: int = 10):
        super().__init__()
        if rung.unit not in UNITS:
            raise ValueError(f"no unit {rung.unit!r}; there are {', '.join(UNITS)}")
        self.rung, left = rung, side
        features: list[nn.Module] = []
        for maps in rung.maps:
            left = (left - KERNEL_SIZE + 1) // 2
            if left < 1:
                raise ValueError(
                    f"a picture of {side}×{side} is too small for {len(rung.maps)} convolutions with pools"
                )
            features += [nn.Conv2d(channels, maps, KERNEL_SIZE), nn.MaxPool2d(2), UNITS[rung.unit]()]
            channels = maps
        widths = (channels * left**2, *rung.hidden)
        head: list[nn.Module] = []
        for wide, narrow in zip(widths, rung.hidden, strict=False):
            head += [*self._drop(), nn.Linear(wide, narrow), UNITS[rung.unit]()]
        self.features = nn.Sequential(*features)
        self.head = nn.Sequential(nn.Flatten(), *head, *self._drop(), nn.Linear(widths[-1], classes))
        start(self, rung.unit)

    def _drop(self) -> list[nn.Module]:
        """Return the dropout before a layer; none where nothing is dropped, for even that takes time."""
        return [nn.Dropout(self.rung.dropout)] if self.rung.dropout else []

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the scores (N, classes) before any softmax."""
        return self.head(self.features(x))


def start(net: nn.Module, unit: str) -> None:
    """Draw the weights of `net` anew, in place, for hidden units of a kind in UNITS; the last layer has the gain 1."""
    layers = [layer for layer in net.modules() if isinstance(layer, (nn.Conv2d, nn.Linear))]
    for layer in layers:
        nn.init.xavier_normal_(layer.weight, 1.0 if layer is layers[-1] else GAINS[unit])
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)


@dataclass(frozen=True)
class Recipe:
    """How a net is trained by SGD: `steps` of `batch_size` pictures, looked at `looks` times on the way.

    The learning rate stays as it is, or falls along a line to 0 where `falling`.
    """

    steps: int
    lr: float
    batch_size: int = 50
    momentum: float = 0.9
    weight_decay: float = 0.0
    looks: int = 1
    falling: bool = False


@dataclass(frozen=True)
class Run:
    """What was seen on the way: the loss of each step, and at each look which pictures were misread.

    `losses` is float64 (steps,), `at` the steps of the looks (looks,), `wrong[name]` bool (looks, N).
    """

    losses: np.ndarray
    at: np.ndarray
    wrong: Mapping[str, np.ndarray]

    def errors(self, name: str) -> np.ndarray:
        """Return the per cent misread at each look, float64 (looks,)."""
        return 100.0 * self.wrong[name].mean(axis=1)


Change = Callable[[np.ndarray, np.random.Generator], np.ndarray]


@torch.no_grad()
def misread(net: nn.Module, x: np.ndarray, y: np.ndarray, batch_size: int = 1000) -> np.ndarray:
    """Return which pictures (N, C, H, W) the net, in eval mode, labels otherwise than `y`: bool (N,)."""
    device, training = pick_device(), net.training
    net.to(device).eval()
    said = [net(torch.as_tensor(part, device=device)).argmax(dim=1).cpu().numpy() for part in _parts(x, batch_size)]
    net.train(training)
    return np.concatenate(said) != y


def _parts(x: np.ndarray, size: int) -> list[np.ndarray]:
    return [x[start : start + size] for start in range(0, len(x), size)]


def followed(
    net: nn.Module,
    data: Split,
    recipe: Recipe,
    watched: Mapping[str, tuple[np.ndarray, np.ndarray]],
    seed: int = 0,
    change: Change | None = None,
) -> Run:
    """Fit `net` in place on the training part of `data`, look at the `watched` (pictures, labels), tell what was seen.

    `change(batch, rng)` may distort a batch (n, C, H, W) before it is used. Raises ValueError where the recipe asks
    for less than one step, picture or look, or for more looks than steps.
    """
    if min(recipe.steps, recipe.batch_size, recipe.looks) < 1 or recipe.looks > recipe.steps:
        raise ValueError(f"{recipe} does not work: a step, a picture and a look at least, and no more looks than steps")
    device, rng = pick_device(), np.random.default_rng(seed)
    torch.manual_seed(seed)  # for dropout
    net.to(device).train()
    optimizer = torch.optim.SGD(
        net.parameters(), lr=recipe.lr, momentum=recipe.momentum, weight_decay=recipe.weight_decay
    )
    at = np.linspace(0, recipe.steps, recipe.looks + 1).round().astype(int)[1:]
    losses: list[float] = []
    seen: dict[str, list[np.ndarray]] = {name: [] for name in watched}
    order = np.empty(0, dtype=int)
    for step in range(1, recipe.steps + 1):
        if len(order) < recipe.batch_size:
            order = np.concatenate([order, rng.permutation(len(data.y_train))])
        batch, order = order[: recipe.batch_size], order[recipe.batch_size :]
        x = data.x_train[batch] if change is None else change(data.x_train[batch], rng)
        if recipe.falling:
            optimizer.param_groups[0]["lr"] = recipe.lr * (1 - (step - 1) / recipe.steps)
        optimizer.zero_grad()
        scores = net(torch.as_tensor(x, device=device))
        loss = nn.functional.cross_entropy(scores, torch.as_tensor(data.y_train[batch], device=device))
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        if step in at:
            for name, (pictures, labels) in watched.items():
                seen[name].append(misread(net, pictures, labels))
    return Run(np.array(losses), at, {name: np.array(looks) for name, looks in seen.items()})


def chance_of_gap(accuracy: float, gap: float, count: int) -> float:
    """Return how often two nets of one true accuracy differ by `gap` or more, each on `count` pictures of its own.

    `accuracy` and `gap` are in per cent. Exact: both numbers of errors are binomial. Raises ValueError where
    `accuracy` is no per cent, `gap` is negative or there is no picture.
    """
    if not 0 <= accuracy <= 100 or gap < 0 or count < 1:
        raise ValueError(f"accuracy {accuracy} %, gap {gap} points, {count} pictures: give 0…100, 0 or more, 1 or more")
    steps = int(np.ceil(gap * count / 100 - 1e-9))
    spread = np.sqrt(count * accuracy / 100 * (1 - accuracy / 100))
    middle, reach = count * (1 - accuracy / 100), 12 * spread + 40
    errors = np.arange(max(0, int(middle - reach)), min(count, int(middle + reach)) + 1)
    if steps == 0:
        return 1.0
    wrong = stats.binom(count, 1 - accuracy / 100)
    nearer = wrong.cdf(errors + steps - 1) - wrong.cdf(errors - steps)  # the other net is less than `steps` away
    return float(np.clip(wrong.pmf(errors) @ (1 - nearer), 0.0, 1.0))
