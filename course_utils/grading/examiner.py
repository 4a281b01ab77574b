"""Examine one facet of one exercise: fixed calls, then a sweep, and a failure told as its smallest example."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType

from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings

from course_utils.checks import CheckFailed, Outcome, call_text, describe, difference
from course_utils.grading.exercise import (
    Call,
    Exercise,
    Facet,
    Function,
    Judge,
    Misconception,
    expected_of,
    same_refusals,
)

SECONDS_A_FACET = 12.0
_FEWEST = 20
_COMPARED = 60


class ExerciseFailed(CheckFailed):
    """A hidden test that did not hold; its first line is the summary that the class table shows."""


class _Found(Exception):  # noqa: N818
    """A fault inside the sweep, for Hypothesis to shrink."""


class _OutOfTime(BaseException):
    """Ends a sweep at once; no `except Exception` on the way stops it."""


@dataclass(frozen=True)
class Answered:
    """A call, what it came to, and what was wrong with that."""

    asked: Call
    outcome: Outcome
    fault: str | None


class Sitting:
    """One student's function before one facet: what was called, what came back, what was wrong."""

    def __init__(self, exercise: Exercise, facet: Facet, function: Function) -> None:
        self.exercise, self.facet, self.function = exercise, facet, function
        self.seen: list[Answered] = []
        self.fault: Answered | None = None

    def ask(self, asked: Call) -> str | None:
        """Make one call; return its fault, if any, and keep it as the smallest so far."""
        answered = Answered(asked, *self.facet.judge(self.exercise, self.function, asked))
        self.seen.append(answered)
        if answered.fault:
            self.fault = answered
        return answered.fault

    def run(self, key: int, shrink: bool = True) -> None:
        """Make the fixed calls, then the sweep drawn from `key`, up to the first fault and its smallest form.

        Without `shrink` the first fault is kept as it is.
        """
        for asked in self.facet.always:
            if self.ask(asked):
                return
        if self.facet.sweep is None:
            return
        start = time.monotonic()
        swept = 0

        def one(asked: Call) -> None:
            nonlocal swept
            swept += 1
            fault = self.ask(asked)
            if self.seen[-1].outcome.error == "TooSlowError" or time.monotonic() - start > SECONDS_A_FACET:
                raise _OutOfTime
            if fault:
                raise _Found

        sweep = given(self.facet.sweep)(one)
        sweep = settings(
            max_examples=self.facet.examples,
            deadline=None,
            database=None,
            phases=[Phase.generate, Phase.shrink] if shrink else [Phase.generate],
            suppress_health_check=list(HealthCheck),
            verbosity=Verbosity.quiet,
            print_blob=False,
            report_multiple_bugs=False,
        )(sweep)
        try:
            seed(key)(sweep)()
        except _Found:
            return
        except _OutOfTime:
            if self.fault is None and swept < _FEWEST:
                last = self.seen[-1]
                slow = f"only {swept} calls fitted into {SECONDS_A_FACET:g} seconds."
                self.fault = Answered(last.asked, last.outcome, slow)


def examine(assignment: str, name: str, facet: str, function: Function) -> None:
    """Run one hidden facet of exercise `name` on a student's function; raise ExerciseFailed where it fails.

    Raises KeyError with the known names where the assignment has no such exercise or facet.
    """
    exercises = load_exercises(assignment)
    if name not in exercises or facet not in exercises[name].facets:
        known = ", ".join(f"{one}/{each}" for one, found in exercises.items() for each in found.facets)
        raise KeyError(f"{assignment} has no facet {name}/{facet}; it has {known}")
    exercise = exercises[name]
    sitting = Sitting(exercise, exercise.facets[facet], function)
    sitting.run(key_of(assignment, name, facet))
    if sitting.fault:
        raise ExerciseFailed(_report(sitting))


SECRET = b""


def key_of(*parts: str) -> int:
    """Return the seed of a sweep: the same for the same SECRET, assignment, exercise and facet."""
    return int.from_bytes(hashlib.sha256(SECRET + "/".join(parts).encode()).digest()[:8], "big")


def _report(sitting: Sitting) -> str:
    """Return the feedback on a fault: the misconception where one fits, the smallest call, where to read."""
    assert sitting.fault is not None
    asked, outcome, fault = sitting.fault.asked, sitting.fault.outcome, sitting.fault.fault or ""
    exercise = sitting.exercise
    refused = sitting.facet.judge is same_refusals
    named = name_misconception(sitting)
    lines = [f"{exercise.name}: {named}" if named else f"{exercise.name}: {fault.splitlines()[0]}"]
    lines.append(f"  {call_text(exercise.name, asked.args, asked.kwargs)}")
    if outcome.error is None and not refused:
        lines.append(f"    came back: {describe(outcome.value)}")
    lines.append(f"    {fault}")
    if refused:
        lines.append(f"    wanted:    a ValueError, because {asked.note}.")
    else:
        lines.append(f"    expected:  {describe(expected_of(exercise, asked))}")
        if asked.note:
            lines.append(f"    {asked.note}")
    lines.append(f"  Read again: {exercise.read}")
    return "\n".join(lines)


def name_misconception(sitting: Sitting) -> str | None:
    """Return the tutor's sentence of the misconception that answers as the student does, or None.

    It must agree on the fault, on the calls around it and on the facet's fixed calls; among several,
    the one that agrees most often on the fixed calls of the whole exercise is named.
    """
    exercise, function = sitting.exercise, sitting.function
    assert sitting.fault is not None
    if sitting.fault.outcome.error in ("NotImplementedError", "TooSlowError"):
        return None
    judge = sitting.facet.judge
    evidence = [sitting.fault, *sitting.seen[-_COMPARED:]]
    evidence += [Answered(asked, *judge(exercise, function, asked)) for asked in sitting.facet.always]
    fitting = [each for each in exercise.misconceptions if all(_alike(exercise, judge, each, one) for one in evidence)]
    if len(fitting) < 2:
        return fitting[0].says if fitting else None
    everything = [(facet.judge, asked) for facet in exercise.facets.values() for asked in facet.always]
    answers = [(judge, Answered(asked, *judge(exercise, function, asked))) for judge, asked in everything]
    return max(fitting, key=lambda each: sum(_alike(exercise, judge, each, one) for judge, one in answers)).says


def _alike(exercise: Exercise, judge: Judge, misconception: Misconception, answered: Answered) -> bool:
    """Return whether a misconception comes to the same, right or wrong, as the student did."""
    outcome, fault = judge(exercise, misconception.function, answered.asked)
    if (fault is None) != (answered.fault is None):
        return False
    if outcome.error or answered.outcome.error:
        return outcome.error == answered.outcome.error
    return difference(answered.outcome.value, outcome.value) is None


def course_root() -> Path:
    """Return the folder that holds `solutions/`: COURSE_ROOT where it is set, else the nearest one upwards.

    Raises FileNotFoundError that says what to set where there is none.
    """
    named = os.environ.get("COURSE_ROOT")
    places = [Path(named)] if named else [Path.cwd(), *Path.cwd().parents]
    for place in places:
        if (place / "solutions").is_dir():
            return place.resolve()
    raise FileNotFoundError(
        f"no folder solutions/ in {places[0]} or above it; run inside the course or set COURSE_ROOT"
    )


@cache
def load_examiner(assignment: str) -> ModuleType:
    """Return the examiner package of an assignment, from `solutions/<assignment>/examiner/`.

    Raises FileNotFoundError where the assignment has none.
    """
    folder = course_root() / "solutions" / assignment / "examiner"
    if not (folder / "__init__.py").is_file():
        known = sorted(path.parent.parent.name for path in folder.parent.parent.glob("*/examiner/__init__.py"))
        raise FileNotFoundError(
            f"no assignment {assignment!r} with an examiner; there are: {', '.join(known) or 'none'}"
        )
    name = f"examiner_of_{assignment}"
    spec = importlib.util.spec_from_file_location(
        name, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def load_exercises(assignment: str) -> dict[str, Exercise]:
    """Return the exercises of an assignment by name, in the order of the notebook."""
    return {exercise.name: exercise for exercise in load_examiner(assignment).EXERCISES}
