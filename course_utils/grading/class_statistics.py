"""What a class's points say about the exercises: how hard each is, and how well it tells strong work from weak."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from course_utils.grading.result import Grade, Result
from course_utils.grading.wording import happened

FEWEST = 8  # submissions below which no discrimination is told
BINS = 10
_NORMAL = 1.959964  # 95 % of a normal distribution lie within so many standard deviations


@dataclass(frozen=True)
class Discrimination:
    """How well an exercise tells strong work from weak: a correlation and its 95 % interval, or `why` there is none."""

    r: float = math.nan
    low: float = math.nan
    high: float = math.nan
    why: str = ""

    @property
    def word(self) -> str:
        """Return the correlation in a word."""
        return next((word for limit, word in ((0, "negative"), (0.2, "weak"), (0.4, "fair")) if self.r < limit), "good")


@dataclass(frozen=True)
class Item:
    """An exercise, or one facet of it, over the class.

    `mean` is the mean share of its points, `full` the share of students with all of them, `count` how many students
    these are taken over, `unwritten` how many left it as it was handed out.
    """

    name: str
    title: str
    most: float
    count: int
    mean: float
    full: float
    unwritten: int
    discrimination: Discrimination


@dataclass(frozen=True)
class Spread:
    """Shares of points over the class, from 0 to 1: mean, median, standard deviation, quartiles, extremes."""

    count: int
    mean: float = math.nan
    median: float = math.nan
    deviation: float = math.nan
    quartiles: tuple[float, float] = (math.nan, math.nan)
    ends: tuple[float, float] = (math.nan, math.nan)
    full: int = 0


class Board:
    """The points of a class as arrays of shape (students, graded cells); NaN where nothing is judged yet."""

    def __init__(self, results: Sequence[Result]) -> None:
        cells = dict.fromkeys(grade.grade_id for result in results for grade in result.grades)
        self.cells = list(cells)
        self.exercises = list(dict.fromkeys(name.partition("__")[0] for name in cells))
        self.most = np.full((len(results), len(cells)), np.nan)
        self.score = self.most.copy()
        places = {name: place for place, name in enumerate(cells)}
        for row, result in enumerate(results):
            for grade in result.grades:
                if not grade.waits and math.isfinite(grade.score) and grade.most > 0:
                    self.most[row, places[grade.grade_id]] = grade.most
                    self.score[row, places[grade.grade_id]] = grade.score

    def columns(self, name: str) -> np.ndarray:
        """Return which cells belong to an exercise, or are the cell of this name: bool of shape (cells,)."""
        return np.array([cell == name or cell.startswith(f"{name}__") for cell in self.cells], dtype=bool)

    def shares(self, columns: np.ndarray) -> np.ndarray:
        """Return each student's share of these cells' points: float of shape (students,), NaN where none count."""
        most = np.nansum(self.most[:, columns], axis=1)
        score = np.nansum(self.score[:, columns], axis=1)
        return np.divide(score, most, out=np.full(len(most), np.nan), where=most > 0)


def spread(shares: np.ndarray) -> Spread:
    """Return mean, median, sample standard deviation, quartiles and extremes of shares; NaN does not count."""
    known = shares[~np.isnan(shares)]
    if not len(known):
        return Spread(0)
    low, first, middle, third, high = (float(each) for each in np.quantile(known, [0, 0.25, 0.5, 0.75, 1]))
    deviation = float(np.std(known, ddof=1)) if len(known) > 1 else math.nan
    full = int(np.count_nonzero(known >= 1 - 1e-9))
    return Spread(len(known), float(np.mean(known)), middle, deviation, (first, third), (low, high), full)


def discrimination(item: np.ndarray, rest: np.ndarray) -> Discrimination:
    """Return Pearson's correlation of an item's shares with those of the rest, with Fisher's 95 % interval.

    Both are float of shape (students,). Students with NaN in either do not count.
    """
    known = ~np.isnan(item) & ~np.isnan(rest)
    x, y = item[known], rest[known]
    if len(x) < FEWEST:
        return Discrimination(why="too few")
    if np.ptp(x) < 1e-9 or np.ptp(y) < 1e-9:
        return Discrimination(why="all alike")
    r = float(np.clip(np.corrcoef(x, y)[0, 1], -1, 1))
    centre, reach = math.atanh(max(min(r, 1 - 1e-12), -1 + 1e-12)), _NORMAL / math.sqrt(len(x) - 3)
    return Discrimination(r, math.tanh(centre - reach), math.tanh(centre + reach))


def items(board: Board, names: Iterable[str], results: Sequence[Result], said: Mapping[str, str]) -> list[Item]:
    """Return exercises or facets over the class, by name; the rest of one is all cells that are not its own."""
    found = []
    for name in names:
        own = board.columns(name)
        share, rest = board.shares(own), board.shares(~own)
        known = share[~np.isnan(share)]
        most = max((sum(each.most for each in _under(result, name)) for result in results), default=0.0)
        empty = sum(unwritten(_under(result, name)) for result in results)
        mean, full = (float(np.mean(each)) if len(known) else math.nan for each in (known, known >= 1 - 1e-9))
        title = said.get(name) or name
        found.append(Item(name, title, most, len(known), mean, full, empty, discrimination(share, rest)))
    return found


def _under(result: Result, name: str) -> list[Grade]:
    return [each for each in result.grades if each.grade_id == name or each.exercise == name]


def unwritten(grades: Sequence[Grade]) -> bool:
    """Return whether an answer was left as it was handed out: that is why all of these failed that did."""
    return any(each.failure for each in grades) and all(
        happened(each, True).startswith("not written yet") for each in grades if each.failure
    )


def bins(shares: np.ndarray) -> list[int]:
    """Return how many students have each tenth of the points; the last takes full marks too."""
    known = np.clip(shares[~np.isnan(shares)], 0, 1)
    places = np.minimum((known * BINS + 1e-9).astype(int), BINS - 1)
    return np.bincount(places, minlength=BINS).tolist()


def ticks(most: int) -> list[int]:
    """Return whole numbers up the axis of a histogram whose highest bar is `most`: from 0, in at most five steps."""
    most = max(most, 1)
    step = next(step for power in range(9) for step in (10**power, 2 * 10**power, 5 * 10**power) if most <= 5 * step)
    return list(range(0, most + step, step))
