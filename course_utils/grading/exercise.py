"""How an assignment's examiner describes an exercise: oracle, facets, misconceptions, alternatives."""

from __future__ import annotations

import ast
import copy
import inspect
import textwrap
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from hypothesis.strategies import SearchStrategy

from course_utils.checks import Outcome, call, describe, failure, raised, refusal_failure

Function = Callable[..., Any]
Judge = Callable[["Exercise", Function, "Call"], tuple[Outcome, str | None]]


@dataclass(frozen=True)
class Call:
    """The arguments of one call; `note` says why it should be refused, or what usually goes wrong there."""

    args: tuple
    kwargs: dict[str, Any] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True)
class Facet:
    """What one hidden test cell asks: a judge, the calls that are always made, and a sweep of others."""

    judge: Judge
    always: tuple[Call, ...] = ()
    sweep: SearchStrategy[Call] | None = None
    examples: int = 50


@dataclass(frozen=True)
class Misconception:
    """A wrong answer that people really give: code, a tutor's sentence, and the facets that it loses."""

    function: Function
    says: str
    loses: frozenset[str]


@dataclass
class Exercise:
    """One function that a student is asked to write.

    `oracle` gives the right value by means of a library; `read` says where the matter is taught.
    `equivalent` maps a mutant of the reference answer, as the mutation harness names it, to the reason
    why it is right all the same. `pools` and `known` hold what grading prepares: calls by facet, and oracle values;
    `answered` what misconceptions came to at calls that stay.
    """

    name: str
    oracle: Function
    read: str
    facets: dict[str, Facet]
    misconceptions: list[Misconception] = field(default_factory=list)
    alternatives: list[Function] = field(default_factory=list)
    equivalent: dict[str, str] = field(default_factory=dict)
    pools: dict[int, list[Call]] = field(default_factory=dict)
    known: dict[int, tuple[Call, Any]] = field(default_factory=dict)
    answered: dict[tuple[int, Judge, int], tuple[Call, Outcome, str | None]] = field(default_factory=dict)

    def know(self, facet: Facet, calls: Iterable[Call]) -> None:
        """Note the oracle's value for calls that will be judged more than once; a facet of refusals has none."""
        if facet.judge is not same_refusals:
            new = [asked for asked in calls if id(asked) not in self.known]
            self.known |= {id(asked): (asked, self.oracle(*asked.args, **asked.kwargs)) for asked in new}

    def answer_of(self, misconception: Misconception, judge: Judge, asked: Call) -> tuple[Outcome, str | None]:
        """Return what a misconception comes to at a call; it is asked once where the call is fixed or of a pool."""
        key = (id(misconception), judge, id(asked))
        if key not in self.answered:
            outcome, fault = judge(self, misconception.function, asked)
            staying = (one for each in self.facets.values() for one in (*each.always, *self.pools.get(id(each), ())))
            if not any(asked is one for one in staying):
                return outcome, fault
            self.answered[key] = (asked, outcome, fault)  # with the call, so that no other gets its id
        return self.answered[key][1:]

    def misconception(self, says: str, loses: str) -> Callable[[Function], Function]:
        """Return a decorator that adds a misconception; `loses` names its facets, separated by spaces.

        The function must be self-contained: its source becomes a student's cell in tests and in the demo.
        """

        def add(function: Function) -> Function:
            self.misconceptions.append(Misconception(function, says, frozenset(loses.split())))
            return function

        return add

    def alternative(self, function: Function) -> Function:
        """Add a differently built right answer; it must be self-contained as well."""
        self.alternatives.append(function)
        return function


@dataclass(frozen=True)
class Replayed:
    """A value that came back, or an exception that was raised, when many calls were asked at once."""

    answer: Any

    def __call__(self, *_args: Any, **_kwargs: Any) -> Any:
        """Give the answer, as the function would."""
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def call_copy(function: Function, asked: Call, seconds: float | None = None) -> Outcome:
    """Make a call on copies of its arguments, so that no answer can change what the next one is asked."""
    if isinstance(function, Replayed):  # nothing is called, so nothing can change
        return raised(function.answer) if isinstance(function.answer, Exception) else Outcome(function.answer)
    args, kwargs = copy.deepcopy((asked.args, asked.kwargs))
    return call(function, args, kwargs, seconds)


def same_values(exercise: Exercise, function: Function, asked: Call) -> tuple[Outcome, str | None]:
    """Judge a call by the oracle's value."""
    outcome = call_copy(function, asked)
    return outcome, failure(outcome, expected_of(exercise, asked))


def same_refusals(_exercise: Exercise, function: Function, asked: Call) -> tuple[Outcome, str | None]:
    """Judge a call that should raise a ValueError."""
    outcome = call_copy(function, asked)
    return outcome, refusal_failure(outcome)


def asks_plainly(judge: Judge) -> bool:
    """Return whether a judge makes its call with the very arguments asked, so that many can be asked at once."""
    return judge in (same_values, same_refusals, same_dtype)


def untouched(exercise: Exercise, function: Function, asked: Call) -> tuple[Outcome, str | None]:
    """Judge a call on strided views of the arrays by the oracle's value, and by whether they come back unchanged."""
    views = tuple(_strided(value) for value in asked.args)
    outcome = call(function, views, asked.kwargs)
    fault = failure(outcome, expected_of(exercise, asked))
    if fault is None:
        for place, (view, original) in enumerate(zip(views, asked.args, strict=True)):
            if isinstance(original, np.ndarray) and not np.array_equal(view, original):
                fault = f"the call changed argument {place}: it held {describe(original)}, and now {describe(view)}."
    return outcome, fault


def _strided(value: Any) -> Any:
    """Return an array as every second element, along every axis, of a larger one; anything else as it is."""
    if not isinstance(value, np.ndarray):
        return value
    larger = np.full([2 * size for size in value.shape], 99, dtype=value.dtype)
    view = larger[(slice(None, None, 2),) * value.ndim]
    view[...] = value
    return view


def same_dtype(exercise: Exercise, function: Function, asked: Call) -> tuple[Outcome, str | None]:
    """Judge a call by the dtypes of the arrays that it returns, and by nothing else of them."""
    outcome = call_copy(function, asked)
    expected = expected_of(exercise, asked)
    fault = failure(outcome, expected) if outcome.error else _dtype_fault(outcome.value, expected)
    return outcome, fault


def _dtype_fault(got: Any, expected: Any) -> str | None:
    """Return the first array whose dtype is not that of its counterpart, in words, or None."""
    if isinstance(expected, (list, tuple)):
        if not isinstance(got, (list, tuple)) or len(got) != len(expected):
            return f"a {type(expected).__name__} of {len(expected)} was wanted, and this is {describe(got)}."
        faults = (_dtype_fault(mine, theirs) for mine, theirs in zip(got, expected, strict=True))
        return next((fault for fault in faults if fault), None)
    if not isinstance(expected, np.ndarray):
        return None
    if not isinstance(got, np.ndarray):
        return f"a NumPy array was wanted, and this is of type {type(got).__name__}."
    return None if got.dtype == expected.dtype else f"the dtype is {got.dtype}, and {expected.dtype} was wanted."


def expected_of(exercise: Exercise, asked: Call) -> Any:
    """Return the oracle's value for a call."""
    noted = exercise.known.get(id(asked))
    return noted[1] if noted else exercise.oracle(*asked.args, **asked.kwargs)


def source_as(function: Function, name: str) -> str:
    """Return the source of a self-contained function or class without its decorators, renamed to `name`."""
    source = textwrap.dedent(inspect.getsource(function))
    tree = ast.parse(source)
    definition = tree.body[0]
    if not isinstance(definition, (ast.FunctionDef, ast.ClassDef)):
        raise ValueError(f"{function!r} is no plain function or class, so it cannot stand in a student's cell")
    lines = source.splitlines()[definition.lineno - 1 :]
    kind = "class" if isinstance(definition, ast.ClassDef) else "def"
    lines[0] = lines[0].replace(f"{kind} {definition.name}", f"{kind} {name}", 1)
    return "\n".join(lines) + "\n"
