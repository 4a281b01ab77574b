"""One student's feedback as a page of its own: points, what went wrong and why, where to read again.

The page is made from a graded notebook and a `Result`. Whatever comes from the student is text, and nothing of a hidden
test is shown but what its `Finding` says.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import jinja2
from nbformat import NotebookNode

from course_utils.grading.pages import template
from course_utils.grading.result import Grade, Result
from course_utils.grading.verdict import CellVerdict, Record, verdict_of
from course_utils.grading.wording import GIVEN_UP, Message, happened, messages, plainly, uncoloured

CODE, SAID, PARTS = 20_000, 4_000, 60  # characters shown of a cell, of what it printed; cells shown for an exercise
UNANSWERED = ("", "YOUR ANSWER HERE", "No response.")  # what nbgrader writes, for a student or a reader

Scores = Mapping[str, tuple[float | None, float, bool, str]]


@dataclass(frozen=True)
class _Own:
    """A cell of the student's own: what it says, what it printed, what it raised; `named` where it is the answer."""

    named: bool
    kind: str
    source: str
    printed: str
    raised: str

    @property
    def numbers(self) -> str:
        """Return the numbers of the lines, one below the other."""
        return "\n".join(map(str, range(1, self.source.count("\n") + 2)))


@dataclass(frozen=True)
class _Exercise:
    """An exercise as the page shows it: `rows` are (part, grade, what happened)."""

    name: str
    title: str
    grades: list[Grade]
    rows: list[tuple[str, Grade, str]]
    messages: list[Message]
    reads: list[str]
    own: list[_Own]
    comments: list[str]
    lost: str

    @property
    def score(self) -> float:
        """Return the points."""
        return sum(grade.score for grade in self.grades)

    @property
    def most(self) -> float:
        """Return the most that could be had."""
        return sum(grade.most for grade in self.grades)

    @property
    def waits(self) -> bool:
        """Return whether a reader has yet to look."""
        return any(grade.waits for grade in self.grades)

    @property
    def open(self) -> float:
        """Return the points that nobody has given yet."""
        return sum(grade.most for grade in self.grades if grade.waits and not grade.given)

    @property
    def full(self) -> bool:
        """Return whether there is nothing to say but that it is right."""
        return self.score >= self.most and not self.waits and not self.by_hand

    @property
    def by_hand(self) -> bool:
        """Return whether a reader gives all its points."""
        return all(grade.by_hand for grade in self.grades)


def grades_of(notebook: NotebookNode, scores: Scores) -> list[Grade]:
    """Return the graded cells of a graded notebook in order, with their scores.

    `scores` gives (score, most, whether a reader has yet to look, comment) by grade id; the score is None where nobody
    has given one. A cell that it does not name has no points yet.
    """
    grades, recorded = [], _record(notebook) is not None
    for cell in notebook.cells:
        mark = _mark(cell)
        name, points = mark.get("grade_id"), mark.get("points")
        if not isinstance(name, str) or not (mark.get("grade") or mark.get("task")):
            continue
        by_hand = bool(mark.get("solution") or mark.get("task"))
        unread = (None, points if isinstance(points, (int, float)) else 0.0, by_hand, "")
        score, most, waits, _ = scores.get(name, unread)
        found = _verdict(cell) if recorded and not by_hand else None
        why = (found.kind, found.failure or found.kind or "it failed", found.finding) if found else ("", "", None)
        grades.append(Grade(name, float(score or 0.0), float(most), bool(waits), by_hand, *why, score is not None))
    return grades


def result_of(notebook: NotebookNode, scores: Scores, student: str = "", name: str = "") -> Result:
    """Return what a student got, from a graded notebook and `scores` as `grades_of` takes them.

    Comments in `scores` may belong to answers without points of their own too. A record that names another student
    than `student` is none of this notebook's.
    """
    record, grades = _record(notebook), grades_of(notebook, scores)
    if record and student and record.student != student:
        record, grades = None, [replace(grade, kind="", failure="", finding=None) for grade in grades]
    student = student or (record.student if record else "")
    comments = {each: said for each, (*_, said) in scores.items() if said and said not in UNANSWERED}
    return Result(student, name or student, grades, record, comments, record.failure if record else "")


def page(notebook: NotebookNode, result: Result, assignment: str = "") -> str:
    """Return the feedback page of one student: HTML that fetches nothing and runs nothing.

    `notebook` is the graded one; `assignment` is needed only where no record in it says which one it is.
    """
    failure = result.failure or (result.record.failure if result.record else "")
    exercises, others = _exercises(notebook, result)
    waiting = sum(each.open for each in exercises)
    assignment = assignment or (result.record.assignment if result.record else "")
    text = _template().render(
        assignment=assignment,
        title=_heading(notebook, "title") or assignment or "Feedback",
        result=result,
        record=result.record,
        failure=failure,
        exercises=exercises,
        others=others,
        waiting=waiting,
        counted=max(result.total - result.late_penalty, 0.0) if result.late_penalty else result.total,
    )
    return f"{text.strip()}\n"


@cache
def _template() -> jinja2.Template:
    return template("feedback", share=_share, ended=_ended)


def _share(part: float, whole: float) -> float:
    """Return a part as per cent of the whole, from 0 to 100."""
    share = 100 * part / whole if whole else 0.0
    return round(min(max(share, 0.0), 100.0), 1) if math.isfinite(share) else 0.0


def _ended(text: str) -> str:
    """Return text with a full stop after its only line. It may begin with a name, so no letter is made a capital."""
    return text if not text or "\n" in text or text.endswith((".", "?", "!", ":", "…")) else f"{text}."


def _cut(text: object, most: int) -> str:
    text = text if isinstance(text, str) else ""
    return text if len(text) <= most else f"{text[:most]}\n[{len(text) - most:,} more characters]"


def _mark(cell: NotebookNode) -> Mapping[str, Any]:
    mark = cell.metadata.get("nbgrader")
    return mark if isinstance(mark, dict) else {}


def _verdict(cell: NotebookNode) -> CellVerdict | None:
    """Return why a cell failed; None where it held, and where something else than the course wrote its metadata."""
    try:
        found = verdict_of(cell)
    except (KeyError, TypeError, AttributeError):
        return None
    texts = [found.kind, found.failure, *(vars(found.finding).values() if found.finding else ())] if found else []
    return found if all(isinstance(text, str) for text in texts) else None


def _record(notebook: NotebookNode) -> Record | None:
    """Return a notebook's record; None where it has none, and where something else than the course wrote it."""
    try:
        record = Record.of(notebook)
        if record is None:
            return None
        texts = [
            record.assignment,
            record.student,
            record.failure,
            *record.repairs,
            *record.lost,
            *record.lost.values(),
        ]
    except (TypeError, ValueError, AttributeError):
        return None
    return record if all(isinstance(text, str) for text in texts) and isinstance(record.restarts, int) else None


def _heading(notebook: NotebookNode, grade_id: str) -> str:
    """Return the first heading of a markdown cell, by its grade id."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and _mark(cell).get("grade_id") == grade_id:
            found = re.search(r"^#{1,6}[ \t]+(.{1,200})", cell.source, re.MULTILINE)
            return found[1].strip() if found else ""
    return ""


def _exercises(notebook: NotebookNode, result: Result) -> tuple[list[_Exercise], list[_Own]]:
    """Return the exercises in order, and the student's own code that belongs to none of them."""
    grades: dict[str, list[Grade]] = {}
    for grade in result.grades:
        grades.setdefault(grade.exercise, []).append(grade)
    own: dict[str, list[_Own]] = {name: [] for name in grades}
    others: list[_Own] = []
    above = ""
    for cell in notebook.cells:
        mark = _mark(cell)
        name = mark.get("grade_id")
        if isinstance(name, str):
            above = name.partition("__")[0]
        if mark and not mark.get("solution"):
            continue
        found = own.get(above, others)
        if not cell.source.strip() or (found is others and cell.cell_type != "code"):
            continue
        if len(found) < PARTS:
            found.append(_own(cell, bool(mark)))
        elif len(found) == PARTS:
            found.append(_Own(False, "words", "[Further cells of your own are not shown.]", "", ""))
    lost: dict[str, str] = {}
    for name, why in result.record.lost.items() if result.record else ():
        lost.setdefault(name.partition("__")[0], why)
    comments: dict[str, list[str]] = {}
    for name, said in result.comments.items():
        comments.setdefault(name.partition("__")[0], []).append(said)
    exercises = []
    for name, group in grades.items():
        told = messages([grade for grade in group if grade.failure], name in lost)
        exercises.append(
            _Exercise(
                name,
                _heading(notebook, f"{name}__statement") or name,
                group,
                [(grade.facet or "answer", grade, happened(grade, result.record is not None)) for grade in group],
                told,
                list(dict.fromkeys(grade.finding.read for grade in group if grade.finding and grade.finding.read)),
                [_without(cell, {each.says for each in told}) for cell in own[name]],
                comments.get(name, []),
                lost.get(name, ""),
            )
        )
    return exercises, others


def _without(cell: _Own, said: set[str]) -> _Own:
    """Return a cell without the reason why it was given up, where the tests say that already."""
    return replace(cell, raised="") if cell.raised.removeprefix(GIVEN_UP) in said else cell


def _own(cell: NotebookNode, named: bool) -> _Own:
    """Return a student's cell as text."""
    printed, raised = [], ""
    verdict = _verdict(cell)
    for output in cell.get("outputs", [])[:PARTS]:
        kind = output.get("output_type")
        if kind == "error":
            name, value = str(output.get("ename", "")), str(output.get("evalue", ""))
            raised = value if name in value else f"{name}: {value}"
        elif kind == "stream":
            printed.append(_settled(str(output.get("text", ""))))
        else:
            data = output.get("data")
            data = data if isinstance(data, dict) else {}
            printed.append(str(data.get("text/plain", f"[{', '.join(map(str, data))}: not shown]")) + "\n")
    raised = plainly(((verdict.failure if verdict else "") or raised)[:CODE])
    source = cell.source.replace("\r\n", "\n").replace("\r", "\n")
    return _Own(
        named,
        "code" if cell.cell_type == "code" else "words",
        "" if source.strip() in UNANSWERED else _cut(source.rstrip(), CODE),
        _cut(uncoloured("".join(printed)).rstrip(), SAID),
        _cut(raised, SAID),
    )


def _settled(text: str) -> str:
    """Return what a terminal would show in the end of lines that were written again and again."""
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))
