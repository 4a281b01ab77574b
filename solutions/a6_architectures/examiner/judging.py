"""How a module of a student's is judged: by its parameters, and by what it computes when it is filled like the oracle.

Names are the student's own affair. Parameters are told apart by the last part of their names and by their shapes
without sizes of 1, so that a linear layer and a 1 × 1 convolution are the same.
"""

import copy
import re
from collections import Counter
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from hypothesis import strategies as st

from course_utils.checks import call, describe, difference, failure, refusal_failure
from course_utils.grading.bridge import beside
from course_utils.grading.exercise import Call, Exercise, Facet

from . import tools


@dataclass(frozen=True)
class Trial(Call):
    """A module to construct, and what to run it on: `what` is parameters, values, training or gradients."""

    shape: tuple[int, ...] = ()
    seed: int = 0
    training: bool = False
    what: str = "values"


class Pieces(list):
    """What came of a trial: (label, array, number or list) in order. Shown by its main piece."""

    def __repr__(self):
        shown = [f"{label}: {describe(value)}" for label, value in self if label in ("output", "parameters", "MACs")]
        return shown[-1] if shown else super().__repr__()


def neighbour(function, name):
    """Return a tool of the set-up cells where a student's function lives: in their process, or in this one."""
    return beside(function, name, getattr(tools, name))


def _label(kind, shape):
    sizes = tuple(size for size in shape if size > 1)
    return f"{kind} {sizes}"


def _taken(module, asked, probe=tools.probe):
    """Return the pieces of one module, got by `probe`, which lives where it does."""
    if asked.what == "parameters":
        named = [(tools.kind_of(name), each.detach()) for name, each in module.named_parameters()]
        pieces = [("parameters", sorted(_label(kind, each.shape) for kind, each in named))]
        pieces += [("trained", all(each.requires_grad for each in module.parameters()))]
        fresh = [each.numpy().ravel().astype(float) for kind, each in named if kind == "parameter"]
        return Pieces(pieces + [("initial value", each) for each in fresh])
    backward = asked.what == "gradients"
    found = probe(module, asked.seed, asked.shape, asked.training, backward)
    labels = [_label(*each) for each in found["parameters"]]
    pieces = [("parameters", sorted(labels)), ("same", found["same"]), ("dtype", str(found["y"].dtype))]
    pieces += [("output", found["y"])]
    if asked.what != "values":
        pieces += sorted(((_label(kind, each.shape), each.ravel()) for kind, each in found["statistics"]), key=_first)
    if backward:
        pieces += [("gradient of x", _array(found["dx"]))]
        of = sorted(zip(labels, found["gradients"]), key=_first)
        pieces += [(f"gradient of {label}", _array(each, True)) for label, each in of]
    return Pieces(pieces)


def _first(pair):
    return pair[0]


def _array(gradient, flat=False):
    if gradient is None:
        return None
    found = gradient.detach().numpy()
    return found.reshape([size for size in found.shape if size > 1]) if flat else found


def _matched(got, expected):
    """Return the pieces in the order of the expected ones; those of the same label, nearest first."""
    if [label for label, _ in got] != [label for label, _ in expected]:
        return got
    left, matched = list(got), []
    for label, wanted in expected:
        mine = [place for place, (name, _) in enumerate(left) if name == label]
        best = min(mine, key=lambda place: _distance(left[place][1], wanted)) if len(mine) > 1 else mine[0]
        matched.append(left.pop(best))
    return Pieces(matched)


def _distance(mine, theirs):
    if mine is None or np.shape(mine) != np.shape(theirs):
        return np.inf
    return float(np.nan_to_num(np.abs(mine - theirs).sum(), nan=np.inf))


def _fault(got, expected):
    """Return the first fault of the pieces in words, or None."""
    for (label, mine), (_, theirs) in zip(got, expected):
        if label == "parameters" and mine != theirs:
            return _parameter_fault(mine, theirs)
        if label == "trained" and not mine:
            return "a parameter does not require a gradient, so it would never be trained."
        if label == "same" and not mine:
            return "a second call on the same x gives another output, or the call changed x itself."
        if label == "dtype" and mine != theirs:
            return f"the output is of {mine}, although the module and x are of {theirs}."
        if mine is None and label.startswith("gradient"):
            return f"the {label} is None: nothing of the output's gradient reaches it."
        fault = difference(mine, theirs)
        if fault:
            return f"{label}: {fault}"
    return None if len(got) == len(expected) else "it keeps other running statistics than wanted."


def _parameter_fault(mine, theirs):
    def total(labels):
        return sum(int(np.prod([int(size) for size in re.findall(r"\d+", label)])) for label in labels)

    parts = [f"it has {total(mine):,} parameters, and {total(theirs):,} were wanted"]
    for word, more in (("missing", Counter(theirs) - Counter(mine)), ("too many", Counter(mine) - Counter(theirs))):
        if more:
            parts.append(f"{word}: " + ", ".join(f"{n} × {label}" if n > 1 else label for label, n in more.items()))
    return "; ".join(parts) + " (sizes of 1 left out)."


def same_module(exercise, function, asked):
    """Judge a module by what the oracle's module comes to when both are filled with the same numbers."""
    key = id(function), id(asked)
    if key not in exercise.remembered:
        judged = _judge(exercise, function, asked)
        if not any(each.function is function for each in exercise.misconceptions):
            return judged
        exercise.remembered[key] = asked, judged  # a misconception is compared with many answers
    return exercise.remembered[key][1]


def _judge(exercise, function, asked):
    def run(*args, **kwargs):
        module = function(*args, **kwargs)
        if not hasattr(module, "named_parameters"):
            return Said(f"an object of type {type(module).__name__}")
        return _taken(module, asked, neighbour(function, "probe"))

    outcome = call(run, *copy.deepcopy((asked.args, asked.kwargs)))
    expected = exercise.expected(asked)
    if outcome.error:
        return outcome, failure(outcome, expected)
    if isinstance(outcome.value, Said):
        return outcome, "an nn.Module was wanted, and this has no parameters() to ask for."
    got = _matched(outcome.value, expected)
    fault = _fault(got, expected)
    if got[0] != expected[0] or (got[1][0] == "same" and not got[1][1]):
        got = Pieces(got[:2])  # the rest means nothing, and may be different each time
    return replace(outcome, value=got), fault


@dataclass
class ModuleExercise(Exercise):
    """An exercise whose answer makes an nn.Module; `build` makes the oracle's."""

    build: object = None
    remembered: dict = field(default_factory=dict)

    def expected(self, asked):
        """Return the oracle's pieces for a trial."""
        noted = self.known.get(id(asked))
        return noted[1] if noted else _taken(self.build(*asked.args, **asked.kwargs), asked)

    def know(self, facet, calls):
        """Note the oracle's pieces for trials that will be judged more than once."""
        for asked in calls:
            refused = facet.judge is refuses
            self.known[id(asked)] = asked, Said("a ValueError that says why.") if refused else self.expected(asked)


class Said(str):
    """Words in place of a value, shown without quotation marks."""

    __slots__ = ()
    __repr__ = str.__str__


class MadeExercise(Exercise):
    """An exercise on arguments that are made where the student's function lives: each has a method `made`."""

    def know(self, facet, calls):
        """Note the oracle's values; for calls that should raise, the words for that."""
        for asked in calls:
            if facet.judge is refuses:
                self.known[id(asked)] = asked, Said("a ValueError that says why.")
            elif id(asked) not in self.known:
                self.known[id(asked)] = asked, self.oracle(*asked.args, **asked.kwargs)


def made(function, asked):
    """Return a call's arguments, with those made that have to be."""
    return tuple(each.made(function) if hasattr(each, "made") else each for each in asked.args)


def refuses(_exercise, function, asked):
    """Judge a call that should raise a ValueError."""
    outcome = call(lambda: function(*made(function, asked), **asked.kwargs))
    if outcome.error is None and not isinstance(outcome.value, (int, float)):  # nothing more of it matters
        outcome = replace(outcome, value=Said("a tensor" if torch.is_tensor(outcome.value) else "a module"))
    return outcome, refusal_failure(outcome)


class Chooser:
    """Choose sizes by one number: the smaller it is, the smaller they are, so that a fault is made smaller quickly."""

    def __init__(self, number):
        self.number, self.rng = number, np.random.default_rng(number)

    def upto(self, low, high):
        """Return an integer from low to high."""
        return low + int(self.rng.integers(0, min(high - low, self.number // 3) + 1))

    def one_of(self, *values):
        """Return one of the values, the first for small numbers."""
        return values[self.upto(0, len(values) - 1)]


def chosen(make):
    """Return the strategy of make(chooser) for drawn choosers."""
    return st.integers(0, 9999).map(lambda number: make(Chooser(number)))


def trial(args, shape, seed=7, training=False, **kwargs):
    """Return a trial of the module made from these arguments, on x of this shape."""
    return Trial(tuple(args), kwargs, shape=shape, seed=seed, training=training)


def _asking(what, asked):
    drawn = f"drawn({asked.seed}, {', '.join(map(str, asked.shape))})"
    mode = "training" if asked.training else "evaluation"
    note = (
        ""
        if what == "parameters"
        else f"x is {drawn}; the module is filled by fill(module, {asked.seed}), mode: {mode}."
    )
    return replace(asked, what=what, note=note)


def facets(fixed, sweep, refused, *whats):
    """Return the facets of a module: fixed trials and drawn ones asked for each of `whats`, and what is refused."""
    found = {}
    for what in whats:
        # Where running statistics are kept, outputs are asked in evaluation mode, statistics in training, gradients in both.
        forced = {"values": False, "training": True}.get(what)
        if what == "parameters":
            found[what] = Facet(same_module, tuple(_asking(what, each) for each in fixed))
            continue
        modes = [each if forced is None else replace(each, training=forced) for each in fixed]
        drawn = sweep.map(lambda each, forced=forced: each if forced is None else replace(each, training=forced))
        found[what] = Facet(
            same_module,
            tuple(_asking(what, each) for each in modes),
            drawn.map(lambda each, what=what: _asking(what, each)),
            8,
        )
    found["refusals"] = Facet(refuses, tuple(refused))
    return found


def modules(name, build, read, **found):
    """Return the exercise of that name; the oracle that is shown where nothing else is known lists its parameters."""

    def listed(*args, **kwargs):
        return _taken(build(*args, **kwargs), Trial(args, kwargs, what="parameters"))[0][1]

    return ModuleExercise(name, listed, read, found["facets"], build=build)
