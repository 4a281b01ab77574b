"""What a class got: a table for the terminal and a CSV file that any spreadsheet reads."""

from __future__ import annotations

import csv
import re
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from course_utils.grading.pipeline import Moved
from course_utils.grading.result import Result

_UNSEEN = re.compile("[\0-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def visible(text: str) -> str:
    """Return text on one line, in which characters that steer a terminal or turn text round are spelt out."""
    return _UNSEEN.sub(lambda found: f"[U+{ord(found[0]):04X}]", re.sub(r"[\t\n]+", " ", text))


def class_table(assignment: str, results: list[Result]) -> Table:
    """Return the class as a table: student, points by exercise, total, what went wrong."""
    table = Table(title=assignment, show_lines=True)
    table.add_column("student", overflow="fold", max_width=14)
    exercises = list(results[0].most) if results else []
    for number, _name in enumerate(exercises, 1):
        table.add_column(f"{number}", justify="right", no_wrap=True)
    table.add_column("total", justify="right", no_wrap=True)
    table.add_column("what went wrong", overflow="fold", min_width=30)
    for result in results:
        cells = [_points(result, name) for name in exercises]
        told = "\n".join(map(visible, summary(result)))
        table.add_row(escape(visible(result.name)), *cells, f"{result.total:g}/{result.maximum:g}", escape(told))
    return table


def legend(results: list[Result]) -> str:
    """Return which number stands for which exercise."""
    exercises = list(results[0].most) if results else []
    return "   ".join(f"{number} {name}" for number, name in enumerate(exercises, 1))


def _points(result: Result, exercise: str) -> str:
    if any(cell.partition("__")[0] == exercise for cell in result.by_hand):
        return "?"
    return f"{result.points[exercise]:g}"


def summary(result: Result) -> list[str]:
    """Return what went wrong, one line for each exercise, or the reason why nothing could be graded."""
    if result.failure:
        return [f"{'not graded' if result.ungraded else 'nothing to grade'}: {result.failure}"]
    unwritten = [name for name, text in result.wrong.items() if "not written yet" in text]
    lines = [text for name, text in result.wrong.items() if name not in unwritten]
    if unwritten:
        count = len(unwritten)
        lines.append(f"not written yet: {', '.join(unwritten) if count < 4 else f'{count} exercises'}")
    return lines


def moved_table(moved: list[Moved], results: dict[str, Result]) -> Table:
    """Return the scores that grading again changed: from and to, why it was graded again, what is wrong now."""
    table = Table(title="scores that moved", show_lines=False)
    for name in ("student", "cell", "from", "to", "graded again because", "now"):
        table.add_column(name, overflow="fold")
    for each in moved:
        result = results[each.student]
        now = {grade.grade_id: grade for grade in result.grades}[each.grade_id]
        told = (now.finding.summary if now.finding else now.failure).splitlines()
        row = (
            result.name,
            each.grade_id,
            f"{each.before:g}",
            f"{each.after:g}",
            each.why,
            told[0] if told else "right",
        )
        table.add_row(*(escape(visible(each)) for each in row))
    return table


def write_csv(path: Path, assignment: str, results: list[Result]) -> None:
    """Write one row for each student: id, name, points by exercise, total, maximum, and what went wrong.

    Every text is quoted. A text that a spreadsheet would take for a formula is preceded by an apostrophe.
    """
    exercises = list(results[0].most) if results else []
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_NONNUMERIC)
        head = ["student_id", "name", "assignment", *exercises, "total", "max_total", "by_hand", "what_went_wrong"]
        writer.writerow(head)
        for result in results:
            points = [result.points[name] for name in exercises]
            told = "; ".join(summary(result))
            row = [_inert(result.student), _inert(result.name), assignment, *points, result.total, result.maximum]
            writer.writerow([*row, " ".join(result.by_hand), _inert(told)])


def _inert(text: str) -> str:
    text = visible(text)
    return "'" + text if text.lstrip().startswith(("=", "+", "-", "@")) else text
