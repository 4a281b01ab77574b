"""Ask a student's function the calls of one facet: fixed ones, then some of its pool, up to the first fault.

A pool is drawn by Hypothesis once, with the oracle's values beside it; each submission's key picks its calls from it.
So a right answer costs calls and comparisons alone. Hypothesis runs on a student's function only to shrink a fault.
"""

from __future__ import annotations

import contextlib
import hashlib
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

import numpy as np
from hypothesis import HealthCheck, Phase, Verbosity, errors, given, seed, settings
from hypothesis.strategies import SearchStrategy

from course_utils.checks import SECONDS_A_CALL, Outcome
from course_utils.grading.exercise import Call, Exercise, Facet, Function, Replayed, asks_plainly

SECONDS_A_FACET = 12.0
POOL = 2  # a pool holds so many times the calls that a submission is asked
_FEWEST = 20
_SHRINKING = 200  # calls spent on making a fault smaller
_HOPELESS = ("NotImplementedError", "TooSlowError", "StudentProcessError")  # no smaller call would tell more
_AFTER = 20  # calls made after a fault, so that a misconception shows itself


class _Found(Exception):  # noqa: N818
    """A fault inside the sweep, for Hypothesis to shrink."""


class _Enough(BaseException):
    """Ends a sweep at once; no `except Exception` on the way stops it."""


@dataclass(frozen=True)
class Answered:
    """A call, what it came to, and what was wrong with that."""

    asked: Call
    outcome: Outcome
    fault: str | None


def key_of(secret: bytes, *parts: str) -> int:
    """Return the seed of a draw: the same for the same secret, assignment, exercise and facet."""
    return int.from_bytes(hashlib.sha256(secret + "/".join(parts).encode()).digest()[:8], "big")


def _hypothesis(
    function: Callable[[Call], None], calls: SearchStrategy[Call], key: int, most: int, *also: Phase
) -> None:
    """Run `function` on drawn calls; the same calls for the same key."""
    drawn = settings(
        max_examples=most,
        deadline=None,
        database=None,
        phases=[Phase.generate, *also],
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
        print_blob=False,
        report_multiple_bugs=False,
    )(given(calls)(function))
    seed(key)(drawn)()


def draw(calls: SearchStrategy[Call], count: int, key: int) -> list[Call]:
    """Return up to `count` calls from a strategy (fewer where it has no more), the smallest first."""
    found: list[Call] = []
    _hypothesis(lambda asked: found.append(asked), calls, key, count)
    return sorted(found, key=_size)


def _size(value: Any) -> float:
    """Return how hard a call is to read: its numbers and their sizes."""
    if isinstance(value, Call):
        return _size(value.args) + _size(list(value.kwargs.values()))
    if isinstance(value, np.ndarray):
        return value.size + min(float(np.abs(value).sum()), 1e9) / 100 if value.dtype.kind in "fiub" else value.size
    if isinstance(value, (list, tuple)):
        return sum(_size(each) + 1 for each in value)
    return min(abs(float(value)), 1e9) if isinstance(value, (int, float)) else 1.0


class Sitting:
    """One student's function before one facet: what was called, what came back, what was wrong."""

    def __init__(self, exercise: Exercise, facet: Facet, function: Function) -> None:
        self.exercise, self.facet, self.function = exercise, facet, function
        self.seen: list[Answered] = []
        self.fault: Answered | None = None

    def ask(self, asked: Call, function: Function | None = None) -> str | None:
        """Make one call; return its fault, if any, and keep it as the smallest so far."""
        answered = Answered(asked, *self.facet.judge(self.exercise, function or self.function, asked))
        self.seen.append(answered)
        if answered.fault:
            self.fault = answered
        return answered.fault

    def run(self, key: int, then: Literal["shrink", "ask", "stop"] = "shrink") -> None:
        """Make the fixed calls, then those that `key` picks, the smallest first, up to the first fault.

        Hypothesis then looks for a smaller one; or ("ask") some more calls are made, so that a misconception shows
        itself; or that is all ("stop").
        """
        start = time.monotonic()
        fewest = len(self.facet.always) + min(_FEWEST, self.facet.examples)
        calls = self._calls(key)
        for number, (asked, answer) in enumerate(calls):
            fault = self.ask(asked, answer)
            late = time.monotonic() - start > SECONDS_A_FACET
            if fault and (
                late or then == "stop" or self.facet.sweep is None or self.seen[-1].outcome.error in _HOPELESS
            ):
                return
            if fault:
                self._explore(calls, key if then == "shrink" else None, start + SECONDS_A_FACET)
                return
            if late and self.facet.sweep is not None and number + 1 < fewest:
                slow = f"only {number + 1} calls fitted into {SECONDS_A_FACET:g} seconds."
                self.fault = Answered(asked, self.seen[-1].outcome, slow)
            if late:
                return

    def _calls(self, key: int) -> Iterator[tuple[Call, Function | None]]:
        """Yield the calls to make, each with a function that has its answer already where many were asked at once."""
        many = getattr(self.function, "many", None)
        fixed = self.facet.always
        if many is None or not asks_plainly(self.facet.judge):
            yield from ((asked, None) for asked in fixed)
            if self.facet.sweep is not None:
                yield from ((asked, None) for asked in self.pick(key))
            return
        calls = [*fixed, *(self.pick(key) if self.facet.sweep is not None else ())]
        answers = None
        if not any(callable(value) for asked in calls for value in (*asked.args, *asked.kwargs.values())):
            answers = many([(asked.args, asked.kwargs) for asked in calls], SECONDS_A_CALL)
        for number, asked in enumerate(calls):
            yield asked, None if answers is None else Replayed(answers[number])

    def pick(self, key: int) -> list[Call]:
        """Return the calls of a key: some of the pool where there is one, else drawn for it."""
        assert self.facet.sweep is not None
        pool = self.exercise.pools.get(id(self.facet))
        if pool is None:
            return draw(self.facet.sweep, self.facet.examples, key)
        count = min(self.facet.examples, len(pool))
        return [pool[place] for place in sorted(random.Random(key).sample(range(len(pool)), count))]

    def _explore(self, more: Iterator[tuple[Call, Function | None]], key: int | None, until: float) -> None:
        """Make a fault smaller, or, without a key, only ask a little more; keep the smallest fault."""
        first = self.fault
        assert first is not None
        if key is None:
            for asked, answer in islice(more, _AFTER):
                if time.monotonic() > until or self.seen[-1].outcome.error in _HOPELESS:
                    break
                self.ask(asked, answer)
            self.fault = first
            return
        begun = len(self.seen)

        def one(asked: Call) -> None:
            fault = self.ask(asked)
            slow = self.seen[-1].outcome.error in _HOPELESS or time.monotonic() > until
            if slow or len(self.seen) - begun > _SHRINKING:
                raise _Enough
            if fault:
                raise _Found

        assert self.facet.sweep is not None
        # An answer that differs from call to call is flaky to Hypothesis, and wrong all the same.
        with contextlib.suppress(_Found, _Enough, errors.Flaky):
            _hypothesis(one, self.facet.sweep, key, self.facet.examples, Phase.shrink)
        if self.fault is None or _size(self.fault.asked) > _size(first.asked):
            self.fault = first


def prepare(assignment: str, exercises: dict[str, Exercise], secret: bytes) -> list[str]:
    """Draw the pool of each facet's sweep from the secret, and note the oracle's value for every call of it.

    A drawn call that the oracle itself cannot answer is left out, so that grading starts whatever the secret is; the
    words for each are returned. Raises what the oracle raises at a fixed call, or where more than half of a pool fails.
    """
    left_out: list[str] = []
    for exercise in exercises.values():
        for name, facet in exercise.facets.items():
            exercise.know(facet, facet.always)
            if facet.sweep is None:
                continue
            drawn = draw(facet.sweep, POOL * facet.examples, key_of(secret, assignment, exercise.name, name))
            pool, errors = [], []
            for asked in drawn:
                try:
                    exercise.know(facet, [asked])
                    pool.append(asked)
                except Exception as error:
                    errors.append(error)
                    left_out.append(f"{exercise.name}, {name}: {type(error).__name__}: {error}")
            if len(errors) > len(pool):
                raise errors[0]
            exercise.pools[id(facet)] = pool
    return left_out
