"""What a class got: a table for the terminal and a CSV file that any spreadsheet reads."""

from __future__ import annotations

import csv
from pathlib import Path

from rich.table import Table

from course_utils.grading.pipeline import Result

SHORT = 46


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
        table.add_row(result.name, *cells, f"{result.total:g}/{result.maximum:g}", "\n".join(summary(result)))
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
        return [f"not graded: {result.failure}"]
    unwritten = [name for name, text in result.wrong.items() if "not written yet" in text]
    lines = [text for name, text in result.wrong.items() if name not in unwritten]
    if unwritten:
        count = len(unwritten)
        lines.append(f"not written yet: {', '.join(unwritten) if count < 4 else f'{count} exercises'}")
    return lines


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
            row = [result.student, _inert(result.name), assignment, *points, result.total, result.maximum]
            writer.writerow([*row, " ".join(result.by_hand), _inert(told)])


def _inert(text: str) -> str:
    return "'" + text if text.startswith(("=", "+", "-", "@", "\t")) else text
