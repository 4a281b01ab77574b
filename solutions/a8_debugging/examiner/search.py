"""Random search: judged by the settings that are tried, which the examiner sees when it is asked for their score."""

import copy
import math
import random

import numpy as np
import torch
from hypothesis import strategies as st

from course_utils.checks import call, failure
from course_utils.grading.exercise import Call, Facet, expected_of

from .world import Said, Work, refuses, remembered, seeds, tool

MANY = 300
FAR = 0.16  # a right sample of 300 is as far off once in a million times
SPACE = {
    "lr": ("log", 1e-4, 1.0),
    "width": ("whole", 3, 6),
    "p": ("uniform", 0.2, 0.5),
    "norm": ["batch", "layer", "none"],
}


class Scores:
    """A score function that gives these numbers, one after the other, and remembers what it was asked."""

    __name__ = "score"

    def __init__(self, values):
        self.values, self.tried = list(values), []

    def __call__(self, settings):
        """Note the settings, and give the next number."""
        self.tried.append(dict(settings))
        return float(self.values[min(len(self.tried), len(self.values)) - 1])

    def __deepcopy__(self, memo):
        return Scores(self.values)

    def __repr__(self):
        same = len(set(map(str, self.values))) == 1
        return (
            "a score that is always 0"
            if same
            else f"a score that gives {', '.join(f'{each:g}' for each in self.values)}"
        )


def _best(score, space, n, seed=0):
    numbers = [value for value in score.values if not math.isnan(value)]
    return [n, score.values.index(max(numbers)), max(numbers)]


def _run(function, asked, **options):
    """Return what a search tried, and what it returned."""
    score, space, n = copy.deepcopy(asked.args)
    settings, value = function(score, space, n, **(asked.kwargs | options))
    return score.tried, settings, value


@remembered
def best(exercise, function, asked):
    """Judge which trial is returned: the number of trials, the number of the best one, its score."""

    def ask():
        tried, settings, value = _run(function, asked)
        names = list(asked.args[1])
        if any(list(each) != names and sorted(each) != sorted(names) for each in tried):
            return [f"trials with the names {sorted(tried[0])}"]
        place = next((i for i, each in enumerate(tried) if each == settings), -1)
        return [len(tried), place, "nan" if math.isnan(value) else float(value)]

    outcome = call(ask)
    fault = failure(outcome, expected_of(exercise, asked))
    if fault and outcome.error is None and len(outcome.value) == 3:
        n, place, value = outcome.value
        which = "settings that were never tried" if place < 0 else f"the settings of trial {place}"
        fault = f"after {n} trials, counted from 0, {which} came back, with the score {value}."
    return outcome, fault


def _share(setting, value):
    """Return where a value lies in its range, from 0 to 1, as it should be spread evenly; or what is wrong with it."""
    kind, low, high = setting
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        return f"a {type(value).__name__} is tried"
    if not low <= value <= high + 1e-12 * abs(high):  # exp(log(high)) may be a little above
        return f"{value:g} is tried, outside of {low:g} to {high:g}"
    if kind == "whole":
        return f"{value!r} is tried, and a whole number was wanted" if int(value) != value else value
    if kind == "log":
        return math.log(value / low) / math.log(high / low)
    return (value - low) / (high - low)


def _uneven(shares, steps=0):
    """Return how far shares are from an even spread: the largest difference of the two distributions."""
    if steps:
        counts = np.bincount(shares, minlength=steps) / len(shares)
        return np.abs(np.cumsum(counts) - np.arange(1, steps + 1) / steps).max() + 9 * (counts.min() == 0)
    shares = np.sort(shares)
    return max(
        (np.arange(1, len(shares) + 1) / len(shares) - shares).max(),
        (shares - np.arange(len(shares)) / len(shares)).max(),
    )


def _spread(space, tried):
    """Return what is wrong with how settings were drawn, in words."""
    faults, ranks = [], {}
    for name, setting in space.items():
        values = [each[name] for each in tried]
        if isinstance(setting, list):
            strange = next(
                (each for each in values if not any(type(each) is type(one) and each == one for one in setting)), None
            )
            if strange is not None:
                return [f"{name}: a {type(strange).__name__} is tried that is no member of the list"]
            ranks[name] = np.array([setting.index(each) for each in values])
            far = _uneven(ranks[name], len(setting))
        else:
            shares = [_share(setting, value) for value in values]
            wrong = next((each for each in shares if isinstance(each, str)), None)
            if wrong:
                return [f"{name}: {wrong}"]
            _, low, high = setting
            ranks[name] = np.array(shares) - (low if setting[0] == "whole" else 0)
            whole = setting[0] == "whole"
            far = _uneven(ranks[name].astype(int) if whole else ranks[name], high - low + 1 if whole else 0)
            if not whole and (len(set(shares)) < len(shares) - 3 or max(min(shares), 1 - max(shares)) > 0.045):
                far = 1.0  # the same values again, or none near an end
        faults += [f"{name}: not spread as {setting if isinstance(setting, list) else setting[0]} asks"] * bool(
            far > FAR
        )
    return faults or _together(ranks)


def _together(ranks):
    """Return which settings are not drawn independently, in words."""
    names, faults = list(ranks), []
    for i, name in enumerate(names):
        one = ranks[name]
        pairs = [(f"{name} and {other}", one, ranks[other]) for other in names[:i]]
        pairs += [(f"{name} in one trial and in the next", one[:-1], one[1:])]
        faults += [f"{what} are not drawn independently" for what, a, b in pairs if abs(np.corrcoef(a, b)[0, 1]) > 0.3]
    return faults


@remembered
def draws(_exercise, function, asked):
    """Judge how settings are spread over their ranges, and whether they are independent."""
    outcome = call(lambda: _spread(asked.args[1], _run(function, asked)[0]))
    fault = failure(outcome, [])
    return outcome, f"{outcome.value[0]}." if fault and outcome.error is None else fault


@remembered
def again(_exercise, function, asked):
    """Judge whether the same seed gives the same trials, and whether global generators are left alone."""
    dice = tool(function, "dice")

    def ask():
        before = dice()
        runs, states = [], []
        for seed in (3, 3, 4, 5):
            runs.append(_run(function, asked, seed=seed)[0])
            states.append(dice())
        words = {
            "the same seed gives other trials": runs[0] != runs[1],
            "another seed gives the same trials": runs[0] == runs[2] or runs[2] == runs[3],
            "a global generator is not what it was": any(each != before for each in states),
        }
        return [each for each, so in words.items() if so]

    outcome = call(ask)
    fault = failure(outcome, [])
    return outcome, f"{outcome.value[0]}." if fault and outcome.error is None else fault


class Search(Work):
    """The exercise; what is wanted of draws and seeds is told in words."""

    def know(self, facet, calls):
        """Note what is wanted."""
        words = {draws: "even spreads, drawn independently.", again: "trials that the seed, and it alone, decides."}
        if facet.judge in words:
            self.known |= {id(asked): (asked, Said(words[facet.judge])) for asked in calls}
        else:
            super().know(facet, calls)


def asking(values, space=SPACE, **options):
    """Return a call whose trials get these scores."""
    return Call((Scores(values), space, len(values)), options)


@st.composite
def _scores(draw):
    values = draw(st.lists(st.sampled_from([0.1, 0.5, -0.5, -2.0, 0.9, math.nan]), min_size=1, max_size=8))
    return asking([*values, draw(st.sampled_from([0.1, -3.0]))], seed=draw(seeds))


@st.composite
def _spaces(draw):
    low, wide = draw(st.sampled_from([1e-5, 1e-3, 0.01])), draw(st.sampled_from([100.0, 1000.0]))
    first, more = draw(st.integers(-3, 5)), draw(st.integers(1, 4))
    space = {
        "a": ("uniform", -1.0, 3.0),
        "b": ("log", low, low * wide),
        "c": ("whole", first, first + more),
        "d": list("xyz"),
    }
    return asking([0.0] * MANY, {name: space[name] for name in draw(st.permutations(list(space)))}, seed=draw(seeds))


EVEN = asking([0.0] * MANY, seed=1)
TWO = {"a": ("uniform", -2.0, 2.0), "b": ("uniform", 0.0, 1.0)}
BELOW_ZERO = {"a": ("uniform", -2.0, -1.0), "c": ("whole", -3, -2)}
ONE = {"only": ("log", 2.0, 2.0), "some": ("whole", 4, 4), "same": ("uniform", 0.5, 0.5), "left": ["x"]}

random_search = Search(
    "random_search",
    _best,
    "lecture 16, section 16.4",
    {
        "best": Facet(best, (
            asking([0.2, 0.7, 0.4, 0.7, 0.1], seed=2),
            asking([math.nan, 0.1, math.nan, 0.3, math.nan], seed=3),
            asking([-3.0, -1.0, -2.0]),
            asking([0.5]),
            asking([0.0], ONE),
            asking([0.1, 0.8, 0.3], {"lr": ("log", 0.01, 0.1)}),
        ), _scores(), 10),
        "draws": Facet(draws, (EVEN, asking([0.0] * MANY, TWO), asking([0.0] * MANY, BELOW_ZERO)), _spaces(), 2),
        "seeds": Facet(again, (asking([0.1, 0.9, 0.4]),)),
        "refusals": Facet(refuses, (
            Call((Scores([1.0]), SPACE, 0), note="n is 0"),
            Call((Scores([1.0]), SPACE, -2), note="n is negative"),
            Call((Scores([1.0]), {}, 3), note="the space is empty"),
            Call((Scores([1.0]), {"a": ("uniform", 2.0, 1.0)}, 3), note="low is above high"),
            Call((Scores([1.0]), {"b": ["x"], "a": ("whole", 5, 4)}, 3), note="low is above high"),
            Call((Scores([1.0]), {"a": ("log", 0.0, 1.0)}, 3), note="0 has no logarithm"),
            Call((Scores([1.0]), {"a": ("log", -1.0, 1.0)}, 3), note="−1 has no logarithm"),
            Call((Scores([1.0]), {"a": ("whole", 1, 4), "b": []}, 3), note="an empty list has no member"),
        )),
    },
)  # fmt: skip


@random_search.alternative
def search_by_torch(score, space, n, seed=0):
    generator = torch.Generator().manual_seed(seed)
    for each in space.values():
        if not each or (isinstance(each, tuple) and (each[1] > each[2] or (each[0] == "log" and each[1] <= 0))):
            raise ValueError("this cannot be drawn")
    if not space or n <= 0:
        raise ValueError("nothing to try")

    def one(each):
        if isinstance(each, list):
            return each[torch.randint(len(each), (), generator=generator)]
        kind, low, high = each
        if kind == "whole":
            return torch.randint(low, high + 1, (), generator=generator).item()
        share = torch.rand((), generator=generator, dtype=torch.float64).item()
        return low * (high / low) ** share if kind == "log" else low + (high - low) * share

    trials = [{name: one(each) for name, each in space.items()} for _ in range(n)]
    values = [score(dict(each)) for each in trials]
    order = [place for place in range(n) if values[place] == values[place]]
    best = max(order, key=lambda place: values[place])
    return trials[best], values[best]


@random_search.alternative
def search_column_by_column(score, space, n, seed=0):
    rng, columns = np.random.default_rng([seed, 8]), {}
    if n < 1 or len(space) < 1:
        raise ValueError("nothing to try")
    for name, each in space.items():
        if isinstance(each, list):
            if len(each) == 0:
                raise ValueError(f"{name} has no member")
            columns[name] = [each[place] for place in rng.integers(len(each), size=n)]
            continue
        kind, low, high = each
        if high < low or (kind == "log" and not low > 0):
            raise ValueError(f"{name} has no range")
        if kind == "whole":
            columns[name] = rng.integers(low, high, size=n, endpoint=True).tolist()
        else:
            ends = np.log([low, high]) if kind == "log" else (low, high)
            drawn = rng.uniform(*ends, size=n)
            columns[name] = np.clip(np.exp(drawn) if kind == "log" else drawn, low, high).tolist()
    trials = [dict(zip(columns, row)) for row in zip(*columns.values())]
    values = np.array([score(each) for each in trials], dtype=float)
    best = int(np.nanargmax(values))
    return trials[best], float(values[best])


@random_search.alternative
def search_by_pythons_dice(score, space, n, seed=0):
    dice = random.Random(seed)
    if n <= 0 or not space:
        raise ValueError("nothing to try")

    def choose(setting):
        if isinstance(setting, list):
            return dice.choice(setting)
        kind, low, high = setting
        if kind == "whole":
            return dice.randint(low, high)
        return math.exp(dice.uniform(math.log(low), math.log(high))) if kind == "log" else dice.uniform(low, high)

    for setting in space.values():
        if setting == [] or (isinstance(setting, tuple) and setting[1] > setting[2]):
            raise ValueError("this cannot be drawn")
        if setting[0] == "log" and isinstance(setting, tuple) and setting[1] <= 0:
            raise ValueError("this has no logarithm")
    tried = []
    for trial in range(n):
        settings = {name: choose(setting) for name, setting in space.items()}
        value = score(settings)
        tried.append((not math.isnan(value), 0.0 if math.isnan(value) else value, -trial, settings))
    _, value, _, settings = max(tried, key=lambda each: each[:3])
    return settings, value
