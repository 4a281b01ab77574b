"""What units of a net answer, to which windows of a picture, and to which picture they would answer most."""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from course_utils.data import Split
from course_utils.device import pick_device

Pictures = np.ndarray | torch.Tensor


class Reader(nn.Module):
    """A small net to look into: pictures (N, 1, side, side) to scores (N, classes), float32.

    Three convolutions with ReLU, of `widths` channels, two max pools, the mean of each of the last maps, and one linear
    layer. The first kernels are `first` × `first`: large enough to be looked at.
    """

    def __init__(self, widths: tuple[int, int, int] = (12, 16, 32), first: int = 7, classes: int = 10) -> None:
        super().__init__()
        one, two, three = widths
        layers: list[tuple[str, nn.Module]] = [("conv1", nn.Conv2d(1, one, first, padding=first // 2))]
        layers += [("relu1", nn.ReLU()), ("pool1", nn.MaxPool2d(2))]
        layers += [("conv2", nn.Conv2d(one, two, 3, padding=1)), ("relu2", nn.ReLU()), ("pool2", nn.MaxPool2d(2))]
        layers += [("conv3", nn.Conv2d(two, three, 3, padding=1)), ("relu3", nn.ReLU())]
        self.features = nn.Sequential(OrderedDict(layers))
        self.head = nn.Linear(three, classes)
        for index, layer in enumerate(self.features):
            if isinstance(layer, nn.Conv2d):  # the means at the end are small: begin with answers that are not
                nn.init.kaiming_normal_(layer.weight)
                if layer.bias is not None:
                    nn.init.zeros_(layer.bias)
                with torch.no_grad():
                    layer.weight *= 1.5 if index else 0.45  # little noise in the kernels that are looked at

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the scores (N, classes)."""
        return self.head(self.features(x).mean(dim=(2, 3)))


def teach(data: Split, steps: int = 250, rate: float = 0.02, decay: float = 0.5, seed: int = 0) -> Reader:
    """Return a `Reader` that learned the training part of `data`, by AdamW with one cycle of the learning rate.

    Weights of which the loss makes no use fade, by weight `decay`: what is left is there for a reason.
    Raises ValueError where `steps` is below 10.
    """
    if steps < 10:
        raise ValueError(f"steps is {steps}; it must be 10 or more")
    device, rng = pick_device(), np.random.default_rng(seed)
    torch.manual_seed(seed)
    net = Reader().to(device)
    x, y = (torch.as_tensor(part, device=device) for part in (data.x_train, data.y_train))
    optimizer = torch.optim.AdamW(net.parameters(), rate, weight_decay=decay)
    cycle = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps)
    for _ in range(steps):
        batch = torch.as_tensor(rng.choice(len(y), 64, replace=False), device=device)
        optimizer.zero_grad()
        F.cross_entropy(net(x[batch]), y[batch]).backward()
        optimizer.step()
        cycle.step()
    return net.eval()


def on_device(net: nn.Module, x: Pictures) -> torch.Tensor:
    """Return pictures on the net's device, in the dtype of its weights."""
    weight = next(net.parameters())
    x = torch.as_tensor(x, dtype=weight.dtype, device=weight.device)
    if x.ndim != 4:
        raise ValueError(f"pictures have shape {tuple(x.shape)}; they must be (N, C, H, W)")
    return x


def layer_index(net: Any, layer: str) -> int:
    """Return the place of a layer of `net.features`; raise ValueError where there is none of that name."""
    names = [name for name, _ in net.features.named_children()]
    if layer not in names:
        raise ValueError(f"the net has no layer {layer!r}; it has {', '.join(names)}")
    return names.index(layer)


def up_to(net: Any, layer: str) -> nn.Sequential:
    """Return the part of `net.features` from the input up to and with `layer`, weights shared with the net.

    Raises ValueError where there is no such layer.
    """
    return net.features[: layer_index(net, layer) + 1]


@contextmanager
def listening(net: Any, layers: Sequence[str]) -> Iterator[dict[str, torch.Tensor]]:
    """Give a dict that holds, after each call of the net in this block, what the named layers answered.

    The hooks are gone afterwards, whatever happened. Raises ValueError where there is no such layer.
    """
    heard: dict[str, torch.Tensor] = {}

    def listen(name: str) -> Any:
        def hook(_layer: nn.Module, _inputs: object, output: torch.Tensor) -> None:
            heard[name] = output

        return net.features[layer_index(net, name)].register_forward_hook(hook)

    hooks = [listen(name) for name in layers]
    try:
        yield heard
    finally:
        for hook in hooks:
            hook.remove()


@torch.no_grad()
def maps_of(net: Any, x: Pictures, layer: str) -> np.ndarray:
    """Return the feature maps (N, channels, rows, columns) of one layer; raises ValueError as `listening` does."""
    with listening(net, [layer]) as heard:
        net(on_device(net, x))
    return heard[layer].cpu().numpy()


@dataclass(frozen=True)
class Window:
    """What the units of a layer see: windows of `size`, `step` apart, the first from pixel `start` on."""

    size: int
    step: int
    start: int


def window_of(net: Any, layer: str) -> Window:
    """Return what the units of `layer` see of a picture, in pixels; raises ValueError where there is no such layer."""
    size, step, start = 1, 1, 0
    for part in up_to(net, layer):
        if isinstance(part, (nn.Conv2d, nn.MaxPool2d)):
            kernel, stride, padding = (
                each[0] if isinstance(each, tuple) else each for each in (part.kernel_size, part.stride, part.padding)
            )
            size, start, step = size + (int(kernel) - 1) * step, start - int(padding) * step, step * int(stride)
    return Window(size, step, start)


def cut_windows(net: Any, layer: str, images: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Return what units of `layer` at `places` (N, 2) see of images (N, H, W): (N, size, size), zeros outside."""
    window = window_of(net, layer)
    size = window.size
    padded = np.pad(images, ((0, 0), (size, size), (size, size)))
    corners = np.asarray(places) * window.step + window.start + size
    cut = [image[r : r + size, c : c + size] for image, (r, c) in zip(padded, corners, strict=True)]
    return np.stack(cut)


@dataclass(frozen=True)
class Patches:
    """The windows to which a unit answers most, at most one a picture, the largest answer first.

    `pictures` (n,) are the numbers of the pictures, `places` (n, 2) row and column in the map, `answers` (n,) float,
    `windows` (n, size, size) what the unit sees there.
    """

    pictures: np.ndarray
    places: np.ndarray
    answers: np.ndarray
    windows: np.ndarray


def top_patches(net: Any, x: Pictures, layer: str, unit: int, count: int = 9) -> Patches:
    """Return the `count` windows of pictures (N, 1, H, W) to which one channel of a layer answers most.

    Source: Zeiler and Fergus, ECCV 2014, figure 2. Raises ValueError where there is no such layer or channel, or
    where `count` is not 1 to N.
    """
    x, maps = on_device(net, x), maps_of(net, x, layer)
    if not (0 <= unit < maps.shape[1] and 1 <= count <= len(x)):
        raise ValueError(f"unit is {unit} of {maps.shape[1]} and count {count} of {len(x)} pictures; both must exist")
    flat = maps[:, unit].reshape(len(maps), -1)
    order = np.argsort(-flat.max(axis=1), kind="stable")[:count]
    places = np.stack(np.unravel_index(flat[order].argmax(axis=1), maps.shape[2:]), axis=1)
    windows = cut_windows(net, layer, x[order, 0].cpu().numpy(), places)
    return Patches(order, places, flat[order].max(axis=1), windows)


def purity(values: np.ndarray, labels: np.ndarray, count: int = 9) -> np.ndarray:
    """Return for each column of `values` (N, columns) the share of the commonest label among its `count` largest.

    `labels` is int (N,). Raises ValueError where N is below `count` or differs from the number of labels.
    """
    if len(values) != len(labels) or len(values) < count:
        raise ValueError(f"{len(values)} rows and {len(labels)} labels; they must be as many, and at least {count}")
    top = labels[np.argsort(-values, axis=0, kind="stable")[:count]]
    return np.array([np.bincount(column).max() / count for column in top.T])


@torch.no_grad()
def pair_ablations(net: Any, x: Pictures, y: np.ndarray) -> np.ndarray:
    """Return the per cent wrong when the means of last maps i and j are put to their average: float (units, units).

    The diagonal is one unit alone. `x` is (N, 1, H, W), `y` int (N,).
    """
    features = net.features(on_device(net, x)).mean(dim=(2, 3))
    lost = (features - features.mean(dim=0))[:, :, None] * net.head.weight.T  # (N, units, classes)
    both = lost[:, :, None] + lost[:, None]
    each = torch.arange(lost.shape[1], device=lost.device)
    both[:, each, each] = lost
    truth = torch.as_tensor(y, device=features.device)
    wrong = (net.head(features)[:, None, None] - both).argmax(dim=3) != truth[:, None, None]
    return 100 * wrong.double().mean(dim=0).cpu().numpy()


def maximise(
    aim: Callable[[torch.Tensor], torch.Tensor],
    count: int = 1,
    *,
    waves: bool = True,
    steps: int = 60,
    rate: float = 0.05,
    ink: float = 0.0,
    jitter: int = 1,
    side: int = 29,
    seed: int = 0,
) -> np.ndarray:
    """Return pictures, float32 (count, side, side) in 0…1, that make `aim` large: (count, 1, side, side) to (count,).

    Gradient ascent by Adam from noise. The unknowns are pixels, or, with `waves`, the amplitudes of waves, long
    ones scaled up (as Olah and others do, Distill 2017). `ink` is the price of the mean brightness; in each step the
    picture is moved by up to `jitter` pixels. Raises ValueError where `count` or `steps` is below 1.
    """
    if count < 1 or steps < 1:
        raise ValueError(f"count is {count} and steps {steps}; both must be 1 or more")
    device, random = pick_device(), torch.Generator().manual_seed(seed)
    shape = (count, 1, side, side // 2 + 1, 2) if waves else (count, 1, side, side)
    unknown = ((0.01 if waves else 0.1) * torch.randn(shape, generator=random)).to(device).requires_grad_()
    down, across = torch.fft.fftfreq(side, device=device)[:, None], torch.fft.rfftfreq(side, device=device)
    scale = 6 / (down**2 + across**2).sqrt().clamp(min=1 / side) ** 1.5  # long waves are cheap, short ones dear

    def picture() -> torch.Tensor:
        if not waves:
            return torch.sigmoid(unknown - 1)
        return torch.sigmoid(torch.fft.irfft2(torch.view_as_complex(unknown) * scale, s=(side, side)) - 1)

    optimizer = torch.optim.Adam([unknown], lr=rate)
    for _ in range(steps):
        moves = torch.randint(-jitter, jitter + 1, (2,), generator=random).tolist()
        shown = picture()
        loss = ink * shown.mean() * count - aim(shown.roll(moves, dims=(2, 3))).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return picture()[:, 0].detach().cpu().numpy()


@dataclass(frozen=True)
class Atlas:
    """Cells of a map of activations, `at` (n, 2) row and column; each stands for the places that fell into it.

    `counts` (n,), `directions` (n, channels) their mean activation, `votes` (n,) the class that the head reads from it,
    `windows` (n, size, size) the mean of what these places see.
    """

    at: np.ndarray
    counts: np.ndarray
    directions: np.ndarray
    votes: np.ndarray
    windows: np.ndarray


def atlas(net: Any, x: Pictures, layer: str = "relu3", cells: int = 6, least: int = 5, seed: int = 0) -> Atlas:
    """Return an activation atlas of a layer: one place of each picture, laid out in two dimensions, cut into cells.

    The two dimensions are the first principal components, by rank, so that the cells fill. Cells of fewer than `least`
    places are left out. Source: Carter and others, Distill 2019, who use UMAP on a million places.
    Raises ValueError as `listening` does, and where no cell is full enough.
    """
    maps, rng = maps_of(net, x, layer), np.random.default_rng(seed)
    strength = maps.sum(axis=1).reshape(len(maps), -1).astype(np.float64) + 1e-12
    drawn = [rng.choice(each.size, p=each / each.sum()) for each in strength]  # more often where there is more
    places = np.stack(np.unravel_index(drawn, maps.shape[2:]), axis=1)
    found = maps[np.arange(len(maps)), :, places[:, 0], places[:, 1]]
    centred = found - found.mean(axis=0)
    flat = centred @ np.linalg.svd(centred, full_matrices=False)[2][:2].T
    cell = flat.argsort(axis=0).argsort(axis=0) * cells // len(flat)
    seen = cut_windows(net, layer, on_device(net, x)[:, 0].cpu().numpy(), places)
    at, member, counts = np.unique(cell, axis=0, return_inverse=True, return_counts=True)
    kept = [index for index, count in enumerate(counts) if count >= least]
    if not kept:
        raise ValueError(f"no cell holds {least} of the {len(flat)} places; take fewer cells or more pictures")
    means = np.stack([found[member.ravel() == index].mean(axis=0) for index in kept])
    weight = net.head.weight.detach().cpu().numpy()
    windows = np.stack([seen[member.ravel() == index].mean(axis=0) for index in kept])
    return Atlas(at[kept], counts[kept], means, (means @ weight.T).argmax(axis=1), windows)
