"""Grid, random and Bayesian search on the same budget; what is searched is a `Surface`, and more is better."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
import optuna
from scipy import stats
from scipy.interpolate import RegularGridInterpolator
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF


@dataclass(frozen=True)
class Axis:
    """One hyper-parameter: its name, its range, and whether equal steps are equal ratios."""

    name: str
    low: float
    high: float
    log: bool = False

    def at(self, places: np.ndarray) -> np.ndarray:
        """Return the values at places from 0 (low) to 1 (high); the reverse of `place`."""
        if not self.log:
            return self.low + (self.high - self.low) * places
        return np.exp(np.log(self.low) + (np.log(self.high) - np.log(self.low)) * places).clip(self.low, self.high)

    def ticks(self, count: int) -> np.ndarray:
        """Return so many values from low to high, evenly spaced on the axis."""
        return self.at(np.linspace(0, 1, count))

    def place(self, value: float) -> float:
        """Return where a value stands on the axis, from 0 (low) to 1 (high); raises ValueError where it is outside."""
        if not self.low <= value <= self.high:
            raise ValueError(f"{self.name} is {value}; it must lie between {self.low} and {self.high}")
        low, high, at = np.log([self.low, self.high, value]) if self.log else (self.low, self.high, value)
        return float((at - low) / (high - low))


class Surface(Protocol):
    """Something to search: two axes, and a value at each point, of which more is better."""

    @property
    def axes(self) -> tuple[Axis, Axis]:
        """The two hyper-parameters."""

    def value(self, first: float, second: float) -> float:
        """Return how good a point is."""


@dataclass(frozen=True)
class Landscape:
    """A hill on the unit square: 1 at its `top`, exp(−u²/w₁² − v²/w₂²) at distances u and v along two directions.

    The directions are the axes turned by `degrees`. Raises ValueError where a width is not positive.
    """

    top: tuple[float, float] = (0.4, 0.5)
    widths: tuple[float, float] = (0.0515, 5.0)
    degrees: float = 0.0

    def __post_init__(self) -> None:
        if min(self.widths) <= 0:
            raise ValueError(f"widths are {self.widths}; both must be above 0")

    @property
    def axes(self) -> tuple[Axis, Axis]:
        """Two axes from 0 to 1."""
        return Axis("x", 0.0, 1.0), Axis("y", 0.0, 1.0)

    def heights(self, points: np.ndarray, tops: np.ndarray | None = None) -> np.ndarray:
        """Return the heights at points (..., 2), float64 (...); with `tops`, of hills that stand there."""
        away = points - (np.array(self.top) if tops is None else tops)
        cosine, sine = np.cos(np.radians(self.degrees)), np.sin(np.radians(self.degrees))
        turned = away @ np.array([[cosine, -sine], [sine, cosine]])
        return np.exp(-((turned / np.array(self.widths)) ** 2).sum(axis=-1))

    def value(self, first: float, second: float) -> float:
        """Return the height at one point."""
        return float(self.heights(np.array([first, second])))

    def share_above(self, level: float, cells: int = 500) -> float:
        """Return which share of the square is higher than `level`, by the midpoints of `cells` by `cells` squares."""
        return float((self.heights(lattice(cells)) > level).mean())


@dataclass(frozen=True)
class Contest:
    """Best heights of a grid, of as many random points, and of a Latin hypercube: float64 (repeats,) each."""

    grid: np.ndarray
    random: np.ndarray
    latin: np.ndarray

    @property
    def random_wins(self) -> float:
        """The share of the repeats in which random points found a greater height than the grid."""
        return float((self.random > self.grid).mean())


def middles(side: int) -> np.ndarray:
    """Return the middles of `side` equal parts of 0…1: float64 (side,); raises ValueError where `side` is below 2."""
    if side < 2:
        raise ValueError(f"side is {side}; a grid has 2 values or more on each axis")
    return (np.arange(side) + 0.5) / side


def lattice(side: int) -> np.ndarray:
    """Return a grid on the unit square, the middles of its cells: float64 (side², 2); raises as `middles` does."""
    return np.stack(np.meshgrid(middles(side), middles(side)), axis=-1).reshape(-1, 2)


def hold_contest(land: Landscape, side: int = 5, repeats: int = 2000, seed: int = 0, anywhere: bool = False) -> Contest:
    """Let a grid of side², as many random points, and a Latin hypercube of as many look for the top, many times.

    With `anywhere` the top is drawn anew for each repeat, anywhere in the square. Raises ValueError as `lattice` does,
    and for no repeats. Source of the question: Bergstra and Bengio, JMLR 13, 2012.
    """
    if repeats < 1:
        raise ValueError(f"repeats is {repeats}; it must be 1 or more")
    grid, rng = lattice(side), np.random.default_rng(seed)
    tops = rng.random((repeats, 1, 2)) if anywhere else np.broadcast_to(np.array(land.top), (repeats, 1, 2))
    clouds = rng.random((repeats, side**2, 2))
    rows = rng.permuted(np.broadcast_to(np.arange(side**2)[:, None], clouds.shape), axis=1)  # each row of a column once
    cubes = (rows + rng.random(clouds.shape)) / side**2
    return Contest(*(land.heights(points, tops).max(axis=1) for points in (grid[None], clouds, cubes)))


@dataclass(frozen=True)
class Table:
    """A measured objective: values (n, m) at the ticks of two axes, read between them along straight lines."""

    axes: tuple[Axis, Axis]
    values: np.ndarray

    @cached_property
    def _between(self) -> RegularGridInterpolator:
        return RegularGridInterpolator([np.linspace(0, 1, count) for count in self.values.shape], self.values)

    def value(self, first: float, second: float) -> float:
        """Return the value at one point; raises ValueError where it lies outside."""
        places = [axis.place(each) for axis, each in zip(self.axes, (first, second), strict=True)]
        return float(self._between(places)[0])


def compare_samplers(surface: Surface, side: int = 5, repeats: int = 20, seed: int = 0) -> dict[str, np.ndarray]:
    """Give Optuna's grid, random and TPE samplers side² trials each: best value so far, float64 (repeats, side²).

    TPE is the tree-structured Parzen estimator (Bergstra and others, NIPS 2011), Optuna's own Bayesian search; its
    first ten trials are random. Raises ValueError where `side` is below 2 or there are no repeats.
    """
    if repeats < 1:
        raise ValueError(f"repeats is {repeats}; it must be 1 or more")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    grid = {axis.name: axis.at(middles(side)).tolist() for axis in surface.axes}

    def objective(trial: optuna.Trial) -> float:
        first, second = (trial.suggest_float(axis.name, axis.low, axis.high, log=axis.log) for axis in surface.axes)
        return surface.value(first, second)

    best: dict[str, list[np.ndarray]] = {"grid": [], "random": [], "TPE": []}
    for number in range(seed, seed + repeats):
        samplers = optuna.samplers
        for name, sampler in (
            ("grid", samplers.GridSampler(grid, seed=number)),
            ("random", samplers.RandomSampler(seed=number)),
            ("TPE", samplers.TPESampler(seed=number)),
        ):
            study = optuna.create_study(direction="maximize", sampler=sampler)
            study.optimize(objective, n_trials=side**2)
            best[name].append(np.maximum.accumulate(np.array([trial.value for trial in study.trials], dtype=float)))
    return {name: np.array(values) for name, values in best.items()}


@dataclass(frozen=True)
class Belief:
    """What a Bayesian search knows of a curve on 0…1 after some trials, at each of `places`; and where it looks next.

    `tried` are indices of places. `mean` and `spread` are the Gaussian process's, `gain` is the expected improvement.
    """

    places: np.ndarray
    curve: np.ndarray
    tried: list[int]
    mean: np.ndarray
    spread: np.ndarray
    gain: np.ndarray

    @property
    def following(self) -> int:
        """The index of the place with the greatest expected improvement."""
        return int(self.gain.argmax())


def follow_belief(values: Sequence[float] | np.ndarray, trials: int, reach: float = 0.12) -> Belief:
    """Search a curve, given by its values at even steps, by a Gaussian process and expected improvement.

    The first two trials stand at a fifth and at four fifths. `reach` is the length over which the process expects
    values to be alike. Raises ValueError for fewer than two trials or values. Source: Jones and others, 1998.
    """
    if trials < 2 or len(values) < 2 or reach <= 0:
        raise ValueError(f"{trials} trials on {len(values)} values, reach {reach}; give two or more, a reach above 0")
    places = np.linspace(0, 1, 201)
    curve = np.interp(places, np.linspace(0, 1, len(values)), values)
    tried = [40, 160]
    while True:
        process = GaussianProcessRegressor(RBF(reach), alpha=1e-4, optimizer=None, normalize_y=True)
        process.fit(places[tried, None], curve[tried])
        mean, spread = process.predict(places[:, None], return_std=True)
        z = (mean - curve[tried].max()) / spread
        gain = spread * (z * stats.norm.cdf(z) + stats.norm.pdf(z))
        gain[tried] = 0
        belief = Belief(places, curve, tried, mean, spread, gain)
        if len(tried) >= trials:
            return belief
        tried = [*tried, belief.following]
