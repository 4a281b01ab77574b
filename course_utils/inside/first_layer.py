"""First layers: Gabor fits with controls, gratings as physiologists show them, filters found without labels."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.ndimage import gaussian_filter

from course_utils.data import photograph
from course_utils.inside.units import maps_of


@dataclass(frozen=True)
class GaborFits:
    """The best Gabor function for each of n filters, after a least-squares fit.

    `shares` (n,) say which part of the filter's sum of squares it explains, 0…1; `angles` (n,) radians in 0…π (0:
    upright stripes), `frequencies` (n,) waves per pixel; `pictures` (n, side, side) are the fitted functions.
    """

    shares: np.ndarray
    angles: np.ndarray
    frequencies: np.ndarray
    pictures: np.ndarray


def _wave_pair(unknown: torch.Tensor, side: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return cosine and sine waves under a bell (n, starts, side², 2), and the angles and frequencies."""
    rows, columns = torch.meshgrid(*[torch.arange(side, dtype=torch.float64)] * 2, indexing="ij")
    angle = unknown[..., 0]
    # Each number keeps within what the filter's pixels can show.
    limits = [(0, side - 1), (0, side - 1), (0.02, 0.4), (0.8, side / 2), (0.8, side)]
    row, column, frequency, across, along = (
        low + (high - low) * torch.sigmoid(unknown[..., index + 1]) for index, (low, high) in enumerate(limits)
    )
    down, right = rows.ravel() - row[..., None], columns.ravel() - column[..., None]
    u = right * angle.cos()[..., None] + down * angle.sin()[..., None]
    v = down * angle.cos()[..., None] - right * angle.sin()[..., None]
    bell = torch.exp(-((u / across[..., None]) ** 2 + (v / along[..., None]) ** 2) / 2)
    phase = 2 * torch.pi * frequency[..., None] * u
    return torch.stack([bell * phase.cos(), bell * phase.sin()], dim=-1), angle, frequency


def fit_gabors(filters: np.ndarray, steps: int = 80) -> GaborFits:
    """Fit a Gabor function to each filter (n, side, side): wave, bell, place, phase and height, eight numbers.

    Phase and height follow by linear least squares; the other six by Adam, from twelve starts, all filters at once.
    Source of the model: Daugman, 1985; of such fits: Jones and Palmer, Journal of Neurophysiology 58, 1987.
    Raises ValueError where `filters` has another shape, or a filter is all 0.
    """
    filters = np.asarray(filters, dtype=np.float64)
    if (
        filters.ndim != 3
        or filters.shape[1] != filters.shape[2]
        or not filters.reshape(len(filters), -1).any(axis=1).all()
    ):
        raise ValueError(f"filters have shape {filters.shape}; wanted (n, side, side), none of them all 0")
    side = filters.shape[1]
    wanted = torch.tensor(filters.reshape(len(filters), 1, -1))
    starts = [(k * torch.pi / 6, 0, 0, t, 0, 0) for k in range(6) for t in (-1.0, 0.5)]
    unknown = torch.tensor(starts, dtype=torch.float64).repeat(len(filters), 1, 1).requires_grad_()
    optimizer = torch.optim.Adam([unknown], lr=0.1)

    def fitted() -> tuple[torch.Tensor, ...]:
        waves, *rest = _wave_pair(unknown, side)
        gram = waves.mT @ waves + 1e-9 * torch.eye(2, dtype=torch.float64)
        heights = torch.linalg.solve(gram, waves.mT @ wanted[..., None])
        picture = (waves @ heights)[..., 0]
        return 1 - ((picture - wanted) ** 2).sum(-1) / (wanted**2).sum(-1), picture, *rest

    for _ in range(steps):
        loss = -fitted()[0].sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        shares, pictures, angles, frequencies = fitted()
    best = shares.argmax(dim=1)
    each = torch.arange(len(filters))
    return GaborFits(
        shares[each, best].detach().numpy(),
        (angles[each, best] % torch.pi).detach().numpy(),
        frequencies[each, best].detach().numpy(),
        pictures[each, best].reshape(filters.shape).detach().numpy(),
    )


def noise_filters(count: int, side: int, blur: float = 0.0, seed: int = 0) -> np.ndarray:
    """Return random filters (count, side, side): noise, blurred by a Gaussian of `blur` pixels, with mean 0."""
    noise = np.random.default_rng(seed).standard_normal((count, side + 8, side + 8))
    smooth = gaussian_filter(noise, (0, blur, blur))[:, 4:-4, 4:-4]
    return smooth - smooth.mean(axis=(1, 2), keepdims=True)


def phases_drawn_anew(filters: np.ndarray, seed: int = 0) -> np.ndarray:
    """Return filters (n, side, side) with the amplitude of each wave in them kept and its phase drawn at random.

    They are as smooth as those given and mean nothing: the control that a fit has to beat.
    """
    noise = np.random.default_rng(seed).standard_normal(filters.shape)
    waves = np.exp(1j * np.angle(np.fft.rfft2(noise)))
    return np.fft.irfft2(np.abs(np.fft.rfft2(filters)) * waves, s=filters.shape[1:])


def gratings(angles: np.ndarray, phases: np.ndarray, frequency: float, side: int = 29) -> np.ndarray:
    """Return waves (angles, phases, side, side), float64 in 0…1; `frequency` is in waves per pixel, angle 0 upright."""
    rows, columns = np.mgrid[:side, :side] - (side - 1) / 2
    across = np.cos(angles)[:, None, None] * columns + np.sin(angles)[:, None, None] * rows
    return 0.5 + 0.5 * np.cos(2 * np.pi * frequency * across[:, None] + phases[:, None, None])


@dataclass(frozen=True)
class Tuning:
    """What the middle unit of each channel answers to gratings: `answers` (channels, angles, phases).

    `angles` are those of the gratings, in radians.
    """

    angles: np.ndarray
    answers: np.ndarray

    def selectivity(self) -> np.ndarray:
        """Return |Σ r exp(2iθ)| / Σ r for each channel: 1 answers to one angle only, 0 to all alike.

        Source: Mazurek and others, Frontiers in Neural Circuits 8, 2014. 0 where a channel never answers.
        """
        mean = self.answers.mean(axis=2)
        total = mean.sum(axis=1)
        length = np.abs((mean * np.exp(2j * self.angles)).sum(axis=1))
        return np.divide(length, total, out=np.zeros(len(mean)), where=total > 1e-6)

    def modulation(self) -> np.ndarray:
        """Return the first harmonic over the mean, F1/F0, as the wave moves, at each channel's best angle.

        Above 1 a cell is called simple, below 1 complex: Skottun and others, Vision Research 31, 1991. NaN where a
        channel never answers.
        """
        best = self.answers[np.arange(len(self.answers)), self.answers.mean(axis=2).argmax(axis=1)]
        waves, mean = np.abs(np.fft.rfft(best, axis=1)) / best.shape[1], best.mean(axis=1)
        return np.divide(2 * waves[:, 1], mean, out=np.full(len(best), np.nan), where=mean > 1e-6)


def tuning(net: Any, layer: str, frequency: float = 0.15, angles: int = 12, phases: int = 8) -> Tuning:
    """Show gratings to a net and return what the middle unit of each channel of a layer answers.

    Raises ValueError where there is no such layer, or fewer than 3 angles or phases.
    """
    if min(angles, phases) < 3:
        raise ValueError(f"angles is {angles} and phases {phases}; both must be 3 or more")
    turns, moves = np.arange(angles) * np.pi / angles, np.arange(phases) * 2 * np.pi / phases
    shown = gratings(turns, moves, frequency).reshape(-1, 1, 29, 29)
    maps = maps_of(net, shown, layer)
    middle = maps[:, :, maps.shape[2] // 2, maps.shape[3] // 2]
    return Tuning(turns, middle.reshape(angles, phases, -1).transpose(2, 0, 1))


def filters_without_labels(count: int = 16, side: int = 9, windows: int = 4000, seed: int = 0) -> np.ndarray:
    """Return filters (count, side, side) that two photographs are made of, found without labels, as in lecture 01.

    They are the independent components of `windows` windows, each brought to mean 0 and spread 1. Source: Bell and
    Sejnowski, Vision Research 37, 1997; the algorithm is scikit-learn's FastICA.
    Raises ValueError where a number is below 1 or there are fewer windows than filters.
    """
    from sklearn.decomposition import FastICA

    if min(count, side) < 1 or windows < count:
        raise ValueError(f"count is {count}, side {side}, windows {windows}; wanted 1 or more, and enough windows")
    rng, samples = np.random.default_rng(seed), []
    for name in ("china", "flower"):
        seen = np.lib.stride_tricks.sliding_window_view(photograph(name, 240), (side, side)).reshape(-1, side**2)
        samples.append(rng.choice(seen, windows // 2, replace=False))
    found = np.concatenate(samples)
    found = found - found.mean(axis=1, keepdims=True)
    found = found[found.std(axis=1) > 2]
    found /= found.std(axis=1, keepdims=True)
    ica = FastICA(count, whiten="unit-variance", max_iter=60, tol=1e-2, random_state=seed).fit(found)
    return ica.mixing_.T.reshape(count, side, side)


def alexnet_filters() -> np.ndarray | None:
    """Return torchvision's AlexNet kernels of conv1 (64, 3, 11, 11) where torch's cache holds its file, else None.

    Nothing is fetched.
    """
    from torchvision.models import AlexNet_Weights

    file = Path(torch.hub.get_dir()) / "checkpoints" / Path(AlexNet_Weights.DEFAULT.url).name
    if not file.is_file():
        return None
    return torch.load(file, map_location="cpu", weights_only=True)["features.0.weight"].numpy()
