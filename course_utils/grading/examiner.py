"""Examine one facet of one exercise, and tell a fault by its smallest example and its misconception."""

from __future__ import annotations

from course_utils.checks import CheckFailed, call_text, describe, difference
from course_utils.grading.exercise import Call, Exercise, Function, Judge, Misconception, expected_of, same_refusals
from course_utils.grading.loading import load_exercises
from course_utils.grading.sweep import Answered, Sitting, key_of
from course_utils.grading.verdict import Finding

_COMPARED = 60
_secret = b""
_shrunk: set[str] = set()


def begin(secret: bytes) -> None:
    """Begin with a submission: its calls are drawn from this secret."""
    global _secret
    _secret = secret
    _shrunk.clear()


class ExerciseFailed(CheckFailed):
    """A hidden test that did not hold; its first line is the summary that the class table shows."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(as_text(finding))
        self.finding = finding


def examine(assignment: str, name: str, facet: str, function: object) -> None:
    """Run one hidden facet of exercise `name` on a student's function; raise ExerciseFailed where it fails.

    Raises KeyError with the known names where the assignment has no such exercise or facet.
    """
    exercises = load_exercises(assignment)
    if name not in exercises or facet not in exercises[name].facets:
        known = ", ".join(f"{one}/{each}" for one, found in exercises.items() for each in found.facets)
        raise KeyError(f"{assignment} has no facet {name}/{facet}; it has {known}")
    exercise = exercises[name]
    sitting = Sitting(exercise, exercise.facets[facet], function)  # type: ignore[arg-type]
    # One smallest example says enough: other facets of the same exercise show the smallest call they met.
    sitting.run(key_of(_secret, assignment, name, facet), "ask" if f"{assignment}/{name}" in _shrunk else "shrink")
    if sitting.fault:
        _shrunk.add(f"{assignment}/{name}")
        raise ExerciseFailed(finding_of(sitting, facet))


def finding_of(sitting: Sitting, facet: str) -> Finding:
    """Return what is to be told of a fault: the misconception where one fits, the smallest call, where to read."""
    assert sitting.fault is not None
    asked, outcome, fault = sitting.fault.asked, sitting.fault.outcome, sitting.fault.fault or ""
    exercise = sitting.exercise
    refused = sitting.facet.judge is same_refusals
    named = name_misconception(sitting) or ""
    first = (fault.splitlines() or [""])[0]
    return Finding(
        exercise=exercise.name,
        facet=facet,
        summary=f"{exercise.name}: {named or first}",
        misconception=named,
        call=call_text(exercise.name, asked.args, asked.kwargs),
        got=describe(outcome.value) if outcome.error is None and not refused else "",
        fault=fault,
        expected=f"a ValueError, because {asked.note}." if refused else describe(expected_of(exercise, asked)),
        note="" if refused else asked.note,
        read=exercise.read,
    )


def as_text(finding: Finding) -> str:
    """Return a finding as lines of text."""
    lines = [finding.summary, f"  {finding.call}"]
    lines += [f"    came back: {finding.got}"] if finding.got else []
    lines += [f"    {finding.fault}", f"    expected:  {finding.expected}"]
    lines += [f"    {finding.note}"] if finding.note else []
    return "\n".join([*lines, f"  Read again: {finding.read}"])


def name_misconception(sitting: Sitting) -> str | None:
    """Return the tutor's sentence of the misconception that answers as the student does, or None.

    It must agree on the fault, on the calls around it and on the facet's fixed calls; among several,
    the one that agrees most often on the fixed calls of the whole exercise is named.
    """
    exercise, function = sitting.exercise, sitting.function
    assert sitting.fault is not None
    if sitting.fault.outcome.error in ("NotImplementedError", "TooSlowError", "StudentProcessError"):
        return None
    judge = sitting.facet.judge
    seen = {id(one.asked): one for one in sitting.seen}
    fixed = [seen.get(id(asked)) or _answered(exercise, judge, function, asked) for asked in sitting.facet.always]
    # The fixed calls come first: what a misconception answers there is known after the first time.
    evidence = {id(one.asked): one for one in (*fixed, *sitting.seen[-_COMPARED:], sitting.fault)}.values()
    exercise.know(sitting.facet, [one.asked for one in evidence])
    fitting = [each for each in exercise.misconceptions if all(_alike(exercise, judge, each, one) for one in evidence)]
    if len(fitting) < 2:
        return fitting[0].says if fitting else None
    everything = [(facet.judge, asked) for facet in exercise.facets.values() for asked in facet.always]
    answers = [(judge, _answered(exercise, judge, function, asked)) for judge, asked in everything]
    return max(fitting, key=lambda each: sum(_alike(exercise, judge, each, one) for judge, one in answers)).says


def _answered(exercise: Exercise, judge: Judge, function: Function, asked: Call) -> Answered:
    return Answered(asked, *judge(exercise, function, asked))


def _alike(exercise: Exercise, judge: Judge, misconception: Misconception, answered: Answered) -> bool:
    """Return whether a misconception comes to the same, right or wrong, as the student did."""
    outcome, fault = exercise.answer_of(misconception, judge, answered.asked)
    if (fault is None) != (answered.fault is None):
        return False
    if outcome.error or answered.outcome.error:
        return outcome.error == answered.outcome.error
    return difference(answered.outcome.value, outcome.value) is None
