"""What judges and answers of A7 share: the notebook's set-up cells, networks made on either side, and judges of aspects."""

import copy
import json
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from course_utils.checks import call, describe, difference, failure, refusal_failure
from course_utils.grading.bridge import beside
from course_utils.grading.exercise import Exercise

_NOTEBOOK = Path(__file__).parent.parent / "a7_transfer.ipynb"
SETUP: dict = {"__name__": "setup"}
for _cell in json.loads(_NOTEBOOK.read_text(encoding="utf-8"))["cells"]:
    if _cell["metadata"].get("nbgrader", {}).get("grade_id", "").startswith("setup"):
        exec(compile("".join(_cell["source"]), "<set-up cell>", "exec"), SETUP)
seeded = SETUP["seeded"]


def tool(function, name):
    """Return what the set-up cells define as `name`, where a student's function lives."""
    return beside(function, name, SETUP[name])


class Model:
    """A network that is made where a student's function lives; shown by the code that makes it.

    Each of `prepared` is (name of a module, its method, arguments): what is done to the network before it is used.
    """

    def __init__(self, kind, *args, prepared=(), **options):
        self.kind, self.args, self.options, self.prepared = kind, args, options, prepared

    def __repr__(self):
        inside = [*map(repr, self.args), *(f"{key}={value!r}" for key, value in self.options.items())]
        return f"{self.kind}({', '.join(inside)})"

    def made(self, function):
        """Return it, made where the function lives."""
        net = tool(function, self.kind)(*self.args, **self.options)
        for place, method, *args in self.prepared:
            getattr(net.get_submodule(place), method)(*args)
        return net


def small(seed, *args, prepared=(), **options):
    """Return the description of a small network."""
    return Model("small_net", seed, *args, prepared=prepared, **options)


class Drawn(torch.Tensor):
    """A tensor that says in a line what it is; its copies are plain tensors."""

    __torch_function__ = torch._C._disabled_torch_function_impl

    def __deepcopy__(self, memo):
        return self.detach().clone().as_subclass(torch.Tensor)

    def __repr__(self):
        words = getattr(self, "words", "")
        return words or f"torch.tensor({self.as_subclass(torch.Tensor).tolist()})"


def normal(seed, *shape):
    """Return normal numbers that say how they were drawn."""
    made = torch.randn(shape, generator=seeded(seed)).as_subclass(Drawn)
    made.words = f"torch.randn({', '.join(map(str, shape))}, generator=seeded({seed}))"
    return made


def told(tensor):
    """Return a small tensor that shows its values."""
    return tensor.as_subclass(Drawn)


def labels(seed, number, most):
    """Return `number` labels below `most`; as many of the classes as there is room for occur."""
    found = torch.cat([torch.arange(most), torch.randint(most, (number,), generator=seeded(seed))])[:number]
    return told(found[torch.randperm(number, generator=seeded(seed))])


def plain(value):
    """Return a drawn tensor as an ordinary one, and a copy of anything else."""
    return copy.deepcopy(value)


def given(function, asked):
    """Return a call's arguments, with networks made where the function lives, and copies of the rest."""
    return [each.made(function) if hasattr(each, "made") else plain(each) for each in asked.args]


class Said(str):
    """Words in place of a value, shown without quotation marks."""

    __slots__ = ()
    __repr__ = str.__str__


class Pieces(list):
    """What came of a call: (label, value) in order, each value an array, a text, a truth or a list of names."""

    def __repr__(self):
        return "; ".join(f"{label}: {describe(value)}" for label, value in self)


def names(found):
    """Return names in the order of the alphabet, as text."""
    return sorted(map(str, found))


def _names_fault(mine, theirs):
    parts = [("too many", [each for each in mine if each not in theirs])]
    parts += [("missing", [each for each in theirs if each not in mine])]
    told = [f"{word}: {', '.join(some[:4])}{' …' * (len(some) > 4)}" for word, some in parts if some]
    return "; ".join(told) or difference(mine, theirs)


def fault_of(got, expected):
    """Return the first fault of the pieces in words, or None."""
    for (label, mine), (_, theirs) in zip(got, expected):
        both = isinstance(mine, list) and all(isinstance(each, str) for each in [*mine, *theirs])
        if isinstance(mine, str) and isinstance(theirs, str) and mine != theirs:
            return f"{label}: {mine}{getattr(mine, 'more', '')}"
        fault = _names_fault(mine, theirs) if both else difference(mine, theirs)
        if fault:
            return f"{label}: {fault}"
    return difference(got, expected)


@dataclass(eq=False)
class Aspect:
    """A judge: what `take(function, asked)` makes of a student's function has to be what it makes of the oracle."""

    take: object
    seconds: float | None = None

    def __post_init__(self):
        self.noted = {}

    def __call__(self, exercise, function, asked):
        """Judge one call; what the known wrong answers come to is remembered, for each feedback asks all of them."""
        if all(each.function is not function for each in exercise.misconceptions):
            return self._judged(exercise, function, asked)
        key = function, id(asked)
        if key not in self.noted:
            self.noted[key] = asked, self._judged(exercise, function, asked)  # the call is kept: its id stays its own
        return self.noted[key][1]

    def _judged(self, exercise, function, asked):
        outcome = call(self.take, (function, asked), seconds=self.seconds)
        expected = self.expected(exercise, asked)
        return outcome, failure(outcome, None) if outcome.error else fault_of(outcome.value, expected)

    def expected(self, exercise, asked):
        """Return the oracle's pieces, noted for whoever asks next."""
        if id(asked) not in exercise.known:
            exercise.known[id(asked)] = asked, self.take(exercise.oracle, asked)
        return exercise.known[id(asked)][1]


def refuses(_exercise, function, asked):
    """Judge a call that should raise a ValueError; what comes back instead matters only as being there."""
    outcome = call(lambda: function(*given(function, asked), **asked.kwargs))
    return replace(outcome, value=None if outcome.error else Said("something")), refusal_failure(outcome)


class Work(Exercise):
    """An exercise on networks and tensors, each facet of which looks at one aspect."""

    def know(self, facet, calls):
        """Note the oracle's pieces; for calls that should raise, the words for that."""
        for asked in calls:
            if isinstance(facet.judge, Aspect):
                facet.judge.expected(self, asked)
            else:
                self.known[id(asked)] = asked, Said("a ValueError that says why.")
