"""How far a measured error can be trusted: folds, the luck of the best, and what a number of seeds can show."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from math import comb

import numpy as np
from scipy import stats
from sklearn.model_selection import GridSearchCV, KFold, StratifiedKFold, cross_val_score
from sklearn.svm import SVC

from course_utils.data import digits


def _flat_digits() -> tuple[np.ndarray, np.ndarray]:
    """Return all 1,797 digits as rows of 64 numbers, and their labels."""
    data = digits()
    return np.concatenate([data.x_train, data.x_test]).reshape(-1, 64), np.concatenate([data.y_train, data.y_test])


def fold_errors(k: int, size: int, seed: int = 0) -> tuple[list[np.ndarray], np.ndarray]:
    """Cross-validate a support vector machine on `size` digits: which are held out in each fold, and per cent wrong.

    The digits are the same for every seed, the folds are not. Raises ValueError where k is not between 2 and `size`.
    """
    if not 2 <= k <= size:
        raise ValueError(f"{k} folds of {size} digits; it must be 2 to {size}")
    (x, y), folds = _flat_digits(), KFold(k, shuffle=True, random_state=seed)
    right = cross_val_score(SVC(C=10), x[:size], y[:size], cv=folds)
    return [held for _kept, held in folds.split(x[:size])], 100 * (1 - right)


@dataclass(frozen=True)
class FoldStudy:
    """Cross-validation many times: per cent wrong by the folds, what the folds say of their error, and the truth.

    `estimates` are means over the folds, `said` their standard deviation over the folds over √k, `true` the errors of a
    model that has learned from all, on digits that no fold has seen: float64 (draws,) each.
    """

    estimates: np.ndarray
    said: np.ndarray
    true: np.ndarray


def fold_study(
    folds: Sequence[int] = (2, 5, 10), size: int = 100, draws: int = 24, seed: int = 0
) -> dict[int, FoldStudy]:
    """Draw `size` digits many times; cross-validate a support vector machine on them with each number of folds.

    Raises ValueError where there is no draw, or folds are fewer than 2 or more than the digits.
    """
    if draws < 1 or not folds or min(folds) < 2 or max(folds) > size:
        raise ValueError(f"{draws} draws with {list(folds)} folds of {size}; give 1 draw or more, 2 to {size} folds")
    (x, y), rng, model = _flat_digits(), np.random.default_rng(seed), SVC(C=10)
    found: dict[int, list[tuple[float, float, float]]] = {k: [] for k in folds}
    for draw in range(draws):
        few, rest = np.split(rng.permutation(len(y)), [size])
        true = 100 * (1 - model.fit(x[few], y[few]).score(x[rest], y[rest]))
        for k in folds:
            wrong = 100 * (1 - cross_val_score(model, x[few], y[few], cv=KFold(k, shuffle=True, random_state=draw)))
            found[k].append((wrong.mean(), wrong.std(ddof=1) / k**0.5, true))
    return {k: FoldStudy(*np.array(rows).T) for k, rows in found.items()}


COIN_SETTINGS = {"C": [0.1, 10.0, 1000.0], "gamma": [0.02, 0.3, 5.0]}
"""The settings of the support vector machine that `coin_study` tries: three by three."""


def coin_study(draws: int = 12, size: int = 60, folds: int = 5, seed: int = 1) -> np.ndarray:
    """Label `size` digits by a coin and cross-validate nine settings of a machine: per cent wrong, float64 (draws, 9).

    Half of them are heads, in every fold. Nothing can be learned: the truth is 50 % for every setting. Raises
    ValueError where there is no draw.
    """
    if draws < 1 or not 2 <= folds <= size:
        raise ValueError(f"{draws} draws, {folds} folds of {size}; give 1 draw or more, and 2 to {size} folds")
    (x, _), rng = _flat_digits(), np.random.default_rng(seed)
    scores = []
    for draw in range(draws):
        few, coins = rng.permutation(len(x))[:size], rng.permutation(size) % 2
        search = GridSearchCV(
            SVC(), COIN_SETTINGS, cv=StratifiedKFold(folds, shuffle=True, random_state=draw), refit=False
        )
        scores.append(search.fit(x[few], coins).cv_results_["mean_test_score"])
    return 100 * (1 - np.array(scores))


def expected_least(values: np.ndarray, count: int) -> float:
    """Return the mean of the least of `count` values drawn from `values` without putting any back, over all draws.

    Raises ValueError where there are not so many.
    """
    total = len(values)
    if not 1 <= count <= total:
        raise ValueError(f"count is {count}; it must lie between 1 and the {total} values there are")
    chances = np.array([comb(total - 1 - place, count - 1) for place in range(total)]) / comb(total, count)
    return float(chances @ np.sort(values))


def power(difference: float, spread: float, seeds: int, level: float = 0.05) -> float:
    """Return how often a two-sided paired t-test over so many seeds finds a difference that is there.

    `spread` is the standard deviation of the paired differences, taken as normal. Raises ValueError for fewer than two
    seeds, no spread, or a level that is not between 0 and 1. Source: the noncentral t distribution, as in Cohen, 1988.
    """
    if seeds < 2 or spread <= 0 or not 0 < level < 1:
        raise ValueError(f"{seeds} seeds, spread {spread}, level {level}; give 2 seeds or more, and a spread above 0")
    edge, shift = stats.t.isf(level / 2, seeds - 1), abs(difference) / spread * seeds**0.5
    return float(stats.nct.sf(edge, seeds - 1, shift) + stats.nct.sf(edge, seeds - 1, -shift))


def seeds_needed(difference: float, spread: float, wanted: float = 0.8, most: int = 1000) -> int:
    """Return the least number of seeds with which the test of `power` finds the difference so often.

    Raises ValueError where it takes more than `most`.
    """
    if power(difference, spread, most) < wanted:
        raise ValueError(
            f"{most} seeds find a difference of {difference} among a spread of {spread} less often than wanted"
        )
    return bisect_left(range(most + 1), wanted, lo=2, key=lambda seeds: power(difference, spread, seeds))
