"""A made-up class in a folder of its own: released, handed in, ready to be collected and graded."""

from __future__ import annotations

import shutil
from pathlib import Path

import nbformat

from course_utils.grading import classroom
from course_utils.grading.pipeline import Course, GradingError

_MARK = ".made-by-course-demo"


def make_class(
    root: Path, place: Path, assignment: str, most: int | None = None
) -> tuple[Course, list[classroom.Student]]:
    """Make a course folder in `place` with the demo class's submissions collected; return it and the class.

    Raises GradingError where `place` holds something that no demo made: nothing of the user's is deleted.
    """
    if place.exists() and any(place.iterdir()) and not (place / _MARK).exists():
        raise GradingError(f"{place} is not empty and was not made by a demo; name another folder with --folder")
    shutil.rmtree(place, ignore_errors=True)
    (place / "solutions").mkdir(parents=True)
    (place / _MARK).touch()
    shutil.copy(root / "nbgrader_config.py", place)
    unwanted = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
    shutil.copytree(root / "solutions" / assignment, place / "solutions" / assignment, ignore=unwanted)
    course = Course(place)
    released = classroom.read(course.release(assignment) / f"{assignment}.ipynb")
    members = classroom.demo_class(assignment)[:most]
    _hand_in(course, assignment, released, members)
    course.collect(assignment)
    with course.gradebook as gradebook:
        for member in members:
            gradebook.update_or_create_student(member.id, first_name=member.name)
    return course, members


def _hand_in(
    course: Course, assignment: str, released: nbformat.NotebookNode, members: list[classroom.Student]
) -> None:
    """Write each member's notebook where a learning platform's download would be put."""
    archive = course.root / "downloaded" / assignment / "archive"
    archive.mkdir(parents=True)
    solved = classroom.read(classroom.assignment_notebook(course.root, assignment))
    for minute, member in enumerate(members):
        notebook = classroom.submission(released, solved, assignment, member)
        at = f"2026-10-01-{10 + minute // 60:02d}-{minute % 60:02d}-00"
        name = f"{member.id}_attempt_{at}_{assignment}.ipynb"
        text = nbformat.writes(notebook) + "\n"
        (archive / name).write_text(member.damage(text) if member.damage else text, encoding="utf-8")
