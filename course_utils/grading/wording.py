"""What became of a graded cell, in words for the student: short for a table, and in full, the same thing only once.

Of a hidden test nothing is told but its `Finding`; what a visible test says is told as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from course_utils.grading.result import Grade
from course_utils.grading.verdict import Finding

GIVEN_UP = "This cell was given up: "
_AGAIN = "; a reader will look again"
_DIFFERENCE, _HAPPENED = "Difference", "What happened"

_COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_LATE = re.compile(
    r"did not come back within|used up its [\d.,]+ seconds|seconds of processor time|calls fitted into [\d.]+ seconds"
)
_RAISED = re.compile(r"it raised (?:[\w.]{0,80}\.)?(\w{1,80})")
_PLAINLY = [
    (re.compile("^this cell was given up: "), GIVEN_UP),
    (re.compile(r"^(\w{1,80}): it was never defined"), r"\1 was never defined"),
    # Where the process ended, the frames are the grader's own.
    (re.compile(r"(StudentProcessError: [^\n]*)(?:\n[ \t]+in \w+, line \d+:[^\n]*)+"), r"\1"),
    (re.compile(r"^([ \t]*)(?:(?:it )?raised )?[\w.]{0,80}(?:StudentProcess|TooSlow)Error: ", re.MULTILINE), r"\1"),
    (re.compile(r"(it did not come back within [\d.]+? seconds(?: either)?)\.?$", re.MULTILINE),
     r"\1 and was stopped: is there a loop that never ends?"),
    (re.compile(r"(?<![\d.])1 seconds"), "1 second"),
    (re.compile("the student's process is gone: signal "), "the system ended the process that ran your code: signal "),
    (re.compile("the student's process is gone: "), "the process that ran your code is gone: "),
    (re.compile("the student's process "), "the process that ran your code "),
]  # fmt: skip


@dataclass
class Message:
    """What is told once of the parts of an exercise.

    `misconception` is a tutor's sentence, `says` a sentence of ours, `text` what a test says by itself. `calls` shows
    it: for each part that adds something, rows of (label, text, whether it is "code" or "text").
    """

    says: str = ""
    misconception: str = ""
    text: str = ""
    facets: list[str] = field(default_factory=list)
    calls: list[tuple[str, list[tuple[str, str, str]]]] = field(default_factory=list)


def uncoloured(text: str) -> str:
    """Return text without the codes that colour it in a terminal."""
    return _COLOURS.sub("", text)


def plainly(text: str, exercise: str = "") -> str:
    """Return what failed in plain words, without our classes, and without the exercise's name in front."""
    text = uncoloured(text).removeprefix(f"{exercise}: ")
    for pattern, instead in _PLAINLY:
        text = pattern.sub(instead, text)
    return text


def happened(grade: Grade, recorded: bool) -> str:
    """Return in a few words what became of one part of an exercise; `recorded` where reasons are known."""
    if grade.waits:
        return happened(replace(grade, waits=False), recorded) + _AGAIN if grade.given else "waits for a reader"
    if grade.by_hand:
        return "read by a person"
    if grade.failure:
        return _what_failed(grade) + (", points set by a reader" if grade.score > 0 else "")
    if grade.score >= grade.most:
        return "right"
    return "points set by a reader" if recorded else "points lost; no reason was recorded"


def messages(failed: list[Grade], lost: bool) -> list[Message]:
    """Return what is told of the parts of one exercise that failed; `lost` where its answer was not found."""
    told: dict[tuple[str, str], Message] = {}
    for grade in sorted(failed, key=lambda grade: grade.finding is None):
        finding = grade.finding
        if _is_unwritten(grade):
            if lost:
                continue
            message = told.setdefault(("unwritten", ""), Message("Not written yet."))
        elif finding:
            same = plainly(finding.fault) if _is_event(finding.fault) else finding.call + finding.fault
            message = told.setdefault(("finding", finding.misconception or same), Message())
            message.misconception = finding.misconception
            _add_call(message, grade, finding)
        elif grade.kind == "CheckFailed":
            text = plainly(grade.failure)
            message = _the_same(text, told.values()) or told.setdefault(("check", text), Message(text=text))
        else:
            says = _ending(grade)
            message = told.setdefault(("ending", says), Message(says))
        message.facets.append(grade.facet)
    order = [grade.facet for grade in failed]
    for message in told.values():
        message.facets.sort(key=order.index)
    return sorted(told.values(), key=lambda message: (not message.misconception, order.index(message.facets[0])))


def _the_same(text: str, told: Iterable[Message]) -> Message | None:
    """Return the message that shows the call of a visible test already, with what only the test adds, or None."""
    first, _, rest = text.partition("\n")
    for message in told:
        for _, rows in message.calls:
            faults = [row[1] for row in rows if row[0] in (_DIFFERENCE, _HAPPENED)]
            if rows[0][1] == first and faults and faults[0] in rest:
                usual = re.search(r"^ *Usual cause: (.+)$", rest, re.MULTILINE)
                rows += [("Usual cause", usual[1], "text")] if usual else []
                return message
    return None


def _fault(grade: Grade) -> str:
    return grade.finding.fault if grade.finding else grade.failure


def _is_event(fault: str) -> bool:
    """Return whether a call did not end with a value."""
    return bool(_RAISED.match(fault) or _LATE.search(fault) or "the student's process" in fault)


def _is_unwritten(grade: Grade) -> bool:
    fault = _fault(grade)
    return "it is not written yet" in fault or fault.startswith("raised NotImplementedError")


def _what_failed(grade: Grade) -> str:
    fault = _fault(grade)
    raised = _RAISED.search(fault)
    if _is_unwritten(grade):
        return "not written yet"
    if _LATE.search(fault):
        return "took too long"
    if grade.kind == "StudentProcessError" or "the student's process" in fault:
        return "the process ended"
    if raised:
        return f"raised {raised[1]}"
    if found := re.match(r"raised (\w{1,80})", fault):
        return f"raised {found[1]} in place of ValueError"
    if "these arguments ask for a ValueError" in fault or "ValueError without a message" in fault:
        return "not refused as asked"
    if "changed argument" in fault:
        return "changed what it was given"
    if grade.kind == "NotDefined":
        return "not defined"
    return "a wrong answer" if grade.kind in ("CheckFailed", "ExerciseFailed") else f"stopped by {grade.kind}"


def _ending(grade: Grade) -> str:
    """Return what is told of a test that ended otherwise; the words of an error in a hidden test are kept back."""
    if grade.kind in ("NotDefined", "StudentProcessError", "ExerciseFailed"):
        text = plainly(grade.failure, "" if grade.kind == "NotDefined" else grade.exercise)
        return text.split("\n")[0] if grade.kind == "ExerciseFailed" else text
    return f"The test was stopped by {grade.kind}. Whoever teaches you can see more of it."


def _add_call(message: Message, grade: Grade, finding: Finding) -> None:
    """Add a call to a message, without the rows that an earlier call has too."""
    before = {row for _, rows in message.calls for row in rows}
    rows = [
        ("Called", finding.call, "code"),
        ("Came back", finding.got, "code"),
        (_DIFFERENCE if finding.got else _HAPPENED, plainly(finding.fault, grade.exercise), "text"),
        ("Expected here", finding.expected, "text" if finding.expected.startswith("a ValueError") else "code"),
        ("Note", finding.note, "text"),
    ]
    fresh = [row for row in rows if row[1] and row not in before]
    if fresh:
        message.calls.append((grade.facet, fresh))
