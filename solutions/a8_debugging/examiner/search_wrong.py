"""What goes wrong in a random search: how settings are drawn, and which of them comes back."""

import math

import numpy as np

from .search import random_search


@random_search.misconception(
    '"log" is drawn evenly from low to high: nine of ten rates then lie in the largest power of ten. Draw the logarithm, and take exp of it.',
    "examples draws",
)
def search_linear(score, space, n, seed=0):
    ranges = [each for each in space.values() if not isinstance(each, list)]
    wrong = any(low > high or (kind == "log" and low <= 0) for kind, low, high in ranges)
    if n < 1 or not space or [] in space.values() or wrong:
        raise ValueError("this cannot be drawn")
    rng = np.random.default_rng(seed)

    def drawn(kind, low, high):
        return int(rng.integers(low, high + 1)) if kind == "whole" else rng.uniform(low, high)

    best, most = None, -math.inf
    for _ in range(n):
        settings = {
            name: each[rng.integers(len(each))] if isinstance(each, list) else drawn(*each)
            for name, each in space.items()
        }
        value = score(settings)
        if best is None or value > most or math.isnan(most):
            best, most = settings, value
    return best, most


@random_search.misconception(
    "A generator with the same seed is made for each trial, so all trials are the same one: make it once, before the loop.",
    "examples best draws",
)
def search_one_trial_again_and_again(score, space, n, seed=0):
    ranges = [each for each in space.values() if not isinstance(each, list)]
    wrong = any(low > high or (kind == "log" and low <= 0) for kind, low, high in ranges)
    if n < 1 or not space or [] in space.values() or wrong:
        raise ValueError("this cannot be drawn")

    def drawn(rng, kind, low, high):
        if kind == "log":
            return math.exp(rng.uniform(math.log(low), math.log(high)))
        return rng.uniform(low, high) if kind == "uniform" else int(rng.integers(low, high + 1))

    best, most = None, -math.inf
    for _ in range(n):
        rng = np.random.default_rng(seed)
        settings = {
            name: each[rng.integers(len(each))] if isinstance(each, list) else drawn(rng, *each)
            for name, each in space.items()
        }
        value = score(settings)
        if best is None or value > most or math.isnan(most):
            best, most = settings, value
    return best, most


@random_search.misconception(
    "Each setting has a generator of its own with the same seed, so all of them move together: one generator draws everything.",
    "draws",
)
def search_one_seed_for_all(score, space, n, seed=0):
    ranges = [each for each in space.values() if not isinstance(each, list)]
    wrong = any(low > high or (kind == "log" and low <= 0) for kind, low, high in ranges)
    if n < 1 or not space or [] in space.values() or wrong:
        raise ValueError("this cannot be drawn")
    generators = {name: np.random.default_rng(seed) for name in space}

    def drawn(rng, kind, low, high):
        share = rng.random()
        if kind == "log":
            return low * (high / low) ** share
        return low + (high - low) * share if kind == "uniform" else low + int(share * (high - low + 1))

    best, most = None, -math.inf
    for _ in range(n):
        settings = {
            name: each[int(generators[name].random() * len(each))]
            if isinstance(each, list)
            else drawn(generators[name], *each)
            for name, each in space.items()
        }
        value = score(settings)
        if best is None or value > most or math.isnan(most):
            best, most = settings, value
    return best, most


@random_search.misconception(
    "The last trial comes back instead of the best: one dict is filled anew each time, and the best settings change with it.",
    "examples best",
)
def search_one_dict(score, space, n, seed=0):
    ranges = [each for each in space.values() if not isinstance(each, list)]
    wrong = any(low > high or (kind == "log" and low <= 0) for kind, low, high in ranges)
    if n < 1 or not space or [] in space.values() or wrong:
        raise ValueError("this cannot be drawn")
    rng = np.random.default_rng(seed)

    def drawn(kind, low, high):
        if kind == "log":
            return math.exp(rng.uniform(math.log(low), math.log(high)))
        return rng.uniform(low, high) if kind == "uniform" else int(rng.integers(low, high + 1))

    best, most, settings = None, -math.inf, {}
    for _ in range(n):
        for name, each in space.items():
            settings[name] = each[rng.integers(len(each))] if isinstance(each, list) else drawn(*each)
        value = score(settings)
        if best is None or value > most or math.isnan(most):
            best, most = settings, value
    return best, most


@random_search.misconception(
    "A run that ended in nan counts as the best: every comparison with nan is False. Ask math.isnan first.",
    "examples best",
)
def search_nan_wins(score, space, n, seed=0):
    ranges = [each for each in space.values() if not isinstance(each, list)]
    wrong = any(low > high or (kind == "log" and low <= 0) for kind, low, high in ranges)
    if n < 1 or not space or [] in space.values() or wrong:
        raise ValueError("this cannot be drawn")
    rng = np.random.default_rng(seed)

    def drawn(kind, low, high):
        if kind == "log":
            return math.exp(rng.uniform(math.log(low), math.log(high)))
        return rng.uniform(low, high) if kind == "uniform" else int(rng.integers(low, high + 1))

    best, most = None, -math.inf
    for _ in range(n):
        settings = {
            name: each[rng.integers(len(each))] if isinstance(each, list) else drawn(*each)
            for name, each in space.items()
        }
        value = score(settings)
        if best is None or not value <= most:
            best, most = settings, value
    return best, most


@random_search.misconception(
    "high is never drawn for whole numbers: rng.integers(low, high) ends one before it.",
    "examples draws",
)
def search_without_high(score, space, n, seed=0):
    ranges = [each for each in space.values() if not isinstance(each, list)]
    wrong = any(low > high or (kind == "log" and low <= 0) for kind, low, high in ranges)
    if n < 1 or not space or [] in space.values() or wrong:
        raise ValueError("this cannot be drawn")
    rng = np.random.default_rng(seed)

    def drawn(kind, low, high):
        if kind == "log":
            return math.exp(rng.uniform(math.log(low), math.log(high)))
        return rng.uniform(low, high) if kind == "uniform" else int(rng.integers(low, max(high, low + 1)))

    best, most = None, -math.inf
    for _ in range(n):
        settings = {
            name: each[rng.integers(len(each))] if isinstance(each, list) else drawn(*each)
            for name, each in space.items()
        }
        value = score(settings)
        if best is None or value > most or math.isnan(most):
            best, most = settings, value
    return best, most


@random_search.misconception(
    "np.random.seed sets the generator that everybody shares: whoever draws next gets other numbers. Make one of your own by np.random.default_rng(seed).",
    "seeds",
)
def search_with_the_global_generator(score, space, n, seed=0):
    ranges = [each for each in space.values() if not isinstance(each, list)]
    wrong = any(low > high or (kind == "log" and low <= 0) for kind, low, high in ranges)
    if n < 1 or not space or [] in space.values() or wrong:
        raise ValueError("this cannot be drawn")
    np.random.seed(seed)  # noqa: NPY002
    rng = np.random.mtrand._rand

    def drawn(kind, low, high):
        if kind == "log":
            return math.exp(rng.uniform(math.log(low), math.log(high)))
        return rng.uniform(low, high) if kind == "uniform" else int(rng.randint(low, high + 1))

    best, most = None, -math.inf
    for _ in range(n):
        settings = {
            name: each[rng.randint(len(each))] if isinstance(each, list) else drawn(*each)
            for name, each in space.items()
        }
        value = score(settings)
        if best is None or value > most or math.isnan(most):
            best, most = settings, value
    return best, most


@random_search.misconception(
    "What cannot be drawn is not refused before the search begins: n, an empty space or list, low above high, the logarithm of 0.",
    "examples refusals",
)
def search_unchecked(score, space, n, seed=0):
    rng = np.random.default_rng(seed)

    def drawn(kind, low, high):
        if kind == "log" and low > 0:
            return math.exp(rng.uniform(math.log(low), math.log(max(low, high))))
        return rng.uniform(low, high) if kind != "whole" else int(rng.integers(low, max(low, high) + 1))

    best, most = None, -math.inf
    for _ in range(n):
        settings = {
            name: (each[rng.integers(len(each))] if each else None) if isinstance(each, list) else drawn(*each)
            for name, each in space.items()
        }
        value = score(settings)
        if best is None or value > most or math.isnan(most):
            best, most = settings, value
    return best, most
