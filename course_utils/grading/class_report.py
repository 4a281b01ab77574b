"""The picture of a class: what was got, what was hard, what was misunderstood, and who needs a look, as one HTML page.

The page fetches nothing and runs nothing. Whatever comes from students is text.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import groupby

import jinja2
import numpy as np
from nbformat import NotebookNode

from course_utils.grading import class_statistics
from course_utils.grading.class_statistics import BINS, FEWEST, Board, items, spread, unwritten
from course_utils.grading.pages import points, template
from course_utils.grading.result import Grade, Result
from course_utils.grading.verdict import Suspicion
from course_utils.grading.wording import happened

LONG = 400  # characters shown of any one text

_ENDINGS = ("took too long", "the process ended")
_REASON = re.compile(r"^.*\b(?:is gone|StudentProcessError|TooSlowError): ")


@dataclass(frozen=True)
class Shared:
    """Something that several students have in common: what, where, who, and what to read about it."""

    what: str
    where: str
    who: list[str]
    read: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Row:
    """A student in the table of all: points by exercise as text, with how much of them was lost, from 0 to 10."""

    who: str
    points: Sequence[tuple[str, int | None]]
    total: str
    share: float
    named: bool


def said_in(notebook: NotebookNode) -> dict[str, str]:
    """Return what a released notebook calls itself, its exercises and their facets: headings and first comments."""
    said = {}
    for cell in notebook.cells:
        mark = cell.metadata.get("nbgrader", {})
        name, first = mark.get("grade_id", ""), cell.source.lstrip().partition("\n")[0]
        if cell.cell_type == "markdown" and not mark.get("grade") and first.startswith("#"):
            said[name.removesuffix("__statement")] = re.sub(r"^#+\s*(?:\d+\.\s+)?", "", first).strip()
        elif cell.cell_type == "code" and mark.get("grade") and first.startswith("#"):
            said[name] = re.sub(r"^#+\s*(?:[^:]*:\s*)?", "", first).strip(" .")
    return said


class _Class:
    """A class as the page shows it."""

    def __init__(self, results: Sequence[Result]) -> None:
        names = Counter(result.name or result.student for result in results)
        self.results = results
        self.graded = [result for result in results if not _failure(result)]
        self.labels = {
            id(each): name if names[name := each.name or each.student] < 2 else f"{name} ({each.student})"
            for each in results
        }

    def who(self, results: Iterable[Result]) -> list[str]:
        return sorted({self.labels[id(result)] for result in results}, key=str.casefold)

    def shared(self, told: Callable[[Result], Iterable[tuple[str, str, str]]], among: Sequence[Result]) -> list[Shared]:
        """Return what students have in common, the most frequent first; `told` gives (what, where, read)."""
        groups: dict[tuple[str, str], tuple[dict[int, Result], dict[str, None]]] = {}
        for result in among:
            for what, where, read in told(result):
                who, reads = groups.setdefault((what, where), ({}, {}))
                who[id(result)] = result
                reads |= {read: None} if read else {}
        found = [
            Shared(what, where, self.who(who.values()), list(reads)) for (what, where), (who, reads) in groups.items()
        ]
        return sorted(found, key=lambda each: -len(each.who))

    def rows(self, board: Board) -> list[Row]:
        """Return the students, the best first, with their points by exercise."""
        whole = board.shares(np.ones(len(board.cells), dtype=bool))
        shares = [(board.columns(name), board.shares(board.columns(name))) for name in board.exercises]
        rows = []
        for place, result in enumerate(self.graded):
            marks: list[tuple[str, int | None]] = []
            for columns, share in shares:
                if math.isnan(share[place]):
                    marks.append(("…", None))
                else:
                    lost = 10 * (1 - min(max(share[place], 0.0), 1.0))
                    marks.append((points(float(np.nansum(board.score[place, columns]))), math.ceil(lost - 1e-9)))
            score, most = (float(np.nansum(each[place])) for each in (board.score, board.most))
            total = f"{points(score)} of {points(most)}"
            named = bool(result.record and result.record.suspicions)
            rows.append(Row(self.labels[id(result)], marks, total, float(np.nan_to_num(whole[place])), named))
        return sorted(rows, key=lambda row: (-row.share, row.who.casefold()))

    def suspected(self) -> list[tuple[str, str, tuple[Suspicion, ...]]]:
        """Return who seems to have tried something, the score that their work has, what was tried and where."""
        found = [
            (self.labels[id(each)], f"{points(each.total)} of {points(each.maximum)}", each.record.suspicions)
            for each in self.results
            if each.record and each.record.suspicions
        ]
        return sorted(found, key=lambda each: each[0].casefold())


def _failure(result: Result) -> str:
    return result.failure or (result.record.failure if result.record else "")


def _misconceptions(result: Result) -> Iterable[tuple[str, str, str]]:
    for grade in result.grades:
        if grade.finding and grade.finding.misconception:
            yield grade.finding.misconception, grade.exercise, grade.finding.read


def _unexplained(result: Result) -> Iterable[tuple[str, str, str]]:
    """Yield the exercises that were answered wrongly in a way that has no name yet."""
    explained = {grade.exercise for grade in result.grades if grade.finding and grade.finding.misconception}
    for grade in result.grades:
        if grade.finding and grade.exercise not in explained and not _ended(grade) and not unwritten([grade]):
            yield happened(grade, True).partition(",")[0], grade.exercise, grade.finding.read


def _waiting(result: Result) -> Iterable[tuple[str, str, str]]:
    for grade in result.grades:
        if grade.waits:
            yield grade.grade_id, grade.exercise, ""


def _repairs(result: Result) -> Iterable[tuple[str, str, str]]:
    for repair in result.record.repairs if result.record else ():
        yield repair, "", ""


def _ended(grade: Grade) -> bool:
    return bool(grade.failure) and happened(grade, True).startswith(_ENDINGS)


def _endings(result: Result) -> Iterable[tuple[str, str, str]]:
    """Yield which exercises took too long or ended their process, and why."""
    none = True
    for grade in result.grades:
        if _ended(grade):
            none = False
            fault = (grade.finding.fault if grade.finding else grade.failure) or grade.kind
            yield _REASON.sub("", fault.splitlines()[0]), grade.exercise, ""
    if none and result.record and result.record.restarts:
        yield "a cell was given up and the process started again; what it should define was not there", "", ""


def _failures(result: Result) -> Iterable[tuple[str, str, str]]:
    if why := _failure(result):
        yield why, "nothing could be graded" if result.ungraded else "a zero, with the reason", ""


def _percent(value: float) -> str:
    return "–" if math.isnan(value) else f"{100 * value:.0f}\N{NO-BREAK SPACE}%"


def _signed(value: float) -> str:
    return f"{value:.2f}".replace("-", "\N{MINUS SIGN}")


def _owners(all_shared: Iterable[Shared]) -> int:
    return len({name for each in all_shared for name in each.who})


@cache
def _template() -> jinja2.Template:
    return template("class_report", LONG, fewest=FEWEST, percent=_percent, signed=_signed, owners=_owners)


def page(assignment: str, results: list[Result], said: Mapping[str, str] | None = None) -> str:
    """Return the report on a class: HTML that fetches nothing and runs nothing.

    `said` gives words for what grade ids name, as `said_in` reads them from the released notebook; without it the
    names stand alone. Points that wait for a reader, and submissions that could not be graded, are in no statistics.
    """
    said, group = said or {}, _Class(results)
    board = Board(group.graded)
    shares = board.shares(np.ones(len(board.cells), dtype=bool))
    counts = class_statistics.bins(shares)
    mosts = {float(total) for total in np.nansum(board.most, axis=1)}
    exercises = items(board, board.exercises, group.graded, said)
    parts = {name: said.get(name, name.partition("__")[2]) for name in board.cells if "__" in name}
    facets = items(board, parts, group.graded, parts)
    text = _template().render(
        assignment=assignment,
        title=said.get("title") or assignment,
        handed_in=len(results),
        spread=spread(shares),
        most=mosts.pop() if len(mosts) == 1 else None,
        bins=[(place * 100 // BINS, (place + 1) * 100 // BINS, count) for place, count in enumerate(counts)],
        ticks=class_statistics.ticks(max(counts)),
        exercises=exercises,
        facets=[(name, list(each)) for name, each in groupby(facets, lambda item: item.name.partition("__")[0])],
        titles={item.name: item.title for item in exercises},
        numbers={item.name: number for number, item in enumerate(exercises, 1)},
        rows=group.rows(board),
        misconceptions=group.shared(_misconceptions, group.graded),
        unexplained=group.shared(_unexplained, group.graded),
        waiting=group.shared(_waiting, group.graded),
        repairs=group.shared(_repairs, results),
        endings=group.shared(_endings, group.graded),
        failures=group.shared(_failures, results),
        suspected=group.suspected(),
        unconfined=group.who(each for each in results if each.record and not each.record.confined),
        unrecorded=group.who(each for each in group.graded if not each.record),
    )
    return f"{text.strip()}\n"
