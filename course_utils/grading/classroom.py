"""Assignments as notebooks: their graded cells, and submissions made from named answers."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from course_utils.grading.exercise import Exercise, source_as
from course_utils.grading.loading import load_examiner, load_exercises

Answer = str | Callable[..., Any] | None


@dataclass(frozen=True)
class Student:
    """A member of a made-up class: what is handed in for which exercise; the rest is answered rightly.

    An answer is a function of the examiner's, text for the cell, or None: the cell stays as it was released.
    `alternative` takes the answers from the examiner's alternatives of that index instead of the reference;
    `released` hands in the notebook untouched. `loses` names the exercises that answers given as text lose whole,
    where that can be foretold. `damage` is done to the text of the file before it is handed in.
    """

    name: str
    story: str
    answers: Mapping[str, Answer]
    alternative: int | None = None
    released: bool = False
    loses: str | None = None
    damage: Callable[[str], str] | None = None

    @property
    def id(self) -> str:
        """Return the name as it can stand in a folder's name: letters, digits, and _ for all else."""
        return re.sub(r"\W+", "_", self.name).strip("_")


def skip_and_raise(text: str) -> str:
    """Return a notebook's text with every test tagged so that stock nbgrader skips it, and its points raised."""
    notebook = json.loads(text)
    for cell in notebook["cells"]:
        if "__" in cell["metadata"].get("nbgrader", {}).get("grade_id", ""):
            cell["metadata"]["tags"] = ["skip-execution"]
            cell["metadata"]["nbgrader"]["points"] = 100
    return json.dumps(notebook)


@dataclass(frozen=True)
class GradeCell:
    """A graded cell of the instructor's notebook; `exercise` and `facet` are the two halves of its grade id."""

    grade_id: str
    points: float
    source: str
    by_hand: bool
    exercise: str = field(init=False)
    facet: str = field(init=False)

    def __post_init__(self) -> None:
        exercise, _, facet = self.grade_id.partition("__")
        object.__setattr__(self, "exercise", exercise)
        object.__setattr__(self, "facet", facet)


def assignment_notebook(root: Path, assignment: str) -> Path:
    """Return the instructor's notebook of an assignment; raise FileNotFoundError naming those there are."""
    path = root / "solutions" / assignment / f"{assignment}.ipynb"
    if not path.is_file():
        known = ", ".join(assignments(root)) or "none"
        raise FileNotFoundError(f"no assignment {assignment!r} in {root / 'solutions'}; there are: {known}")
    return path


def assignments(root: Path) -> list[str]:
    """Return the names of all assignments: folders of `solutions/` that hold a notebook of their own name."""
    return sorted(path.parent.name for path in (root / "solutions").glob("*/*.ipynb") if path.stem == path.parent.name)


def grade_cells(notebook: NotebookNode) -> list[GradeCell]:
    """Return the graded cells of a notebook in order."""
    cells = []
    for cell in notebook.cells:
        mark = cell.metadata.get("nbgrader", {})
        if mark.get("grade"):
            cells.append(GradeCell(mark["grade_id"], mark["points"], cell.source, bool(mark.get("solution"))))
    return cells


def answer_source(exercise: Exercise, answer: Answer) -> str:
    """Return the code of an answer: text as it is, a function by its source under the exercise's name."""
    if answer is None:
        return f"def {exercise.name}(*args, **kwargs):\n    raise NotImplementedError()\n"
    return answer if isinstance(answer, str) else source_as(answer, exercise.name)


def submission(released: NotebookNode, solved: NotebookNode, assignment: str, student: Student) -> NotebookNode:
    """Return the notebook that a made-up student hands in.

    `released` is what students get, `solved` the instructor's notebook, from which the reference is taken.
    Raises KeyError where the student answers an exercise that is none of the assignment's.
    """
    notebook = copy.deepcopy(released)
    if student.released:
        return notebook
    exercises = load_exercises(assignment)
    unknown = set(student.answers) - set(exercises)
    if unknown:
        raise KeyError(f"{student.name} answers {sorted(unknown)}, which {assignment} does not ask")
    reference = {cell.metadata.get("nbgrader", {}).get("grade_id"): cell.source for cell in solved.cells}
    for cell in notebook.cells:
        mark = cell.metadata.get("nbgrader", {})
        name = mark.get("grade_id")
        if not mark.get("solution"):
            continue
        if name in student.answers and student.answers[name] is None:
            continue
        if name in student.answers:
            cell.source = answer_source(exercises[name], student.answers[name])
        elif name in exercises and student.alternative is not None:
            alternatives = exercises[name].alternatives
            cell.source = answer_source(exercises[name], alternatives[student.alternative % len(alternatives)])
        else:
            cell.source = strip_marks(reference[name])
    return notebook


def strip_marks(source: str) -> str:
    """Return an instructor's solution cell without nbgrader's BEGIN and END lines."""
    return "\n".join(line for line in source.splitlines() if "### BEGIN" not in line and "### END" not in line)


def demo_class(assignment: str) -> list[Student]:
    """Return the made-up class that an assignment's examiner describes."""
    return load_examiner(assignment).CLASS


def deserved(root: Path, assignment: str, student: Student) -> dict[str, float] | None:
    """Return what a member of the demo class deserves, by grade id, where misconceptions say so; else None.

    Cells graded by hand are left out. An answer that is plain text cannot be foretold where `loses` says nothing: None.
    """
    cells = [cell for cell in grade_cells(nbformat.read(assignment_notebook(root, assignment), 4)) if not cell.by_hand]
    if student.released:
        return {cell.grade_id: 0.0 for cell in cells}
    if student.loses is None and any(isinstance(answer, str) for answer in student.answers.values()):
        return None
    whole = [cell.exercise for cell in cells] if student.loses == "everything" else (student.loses or "").split()
    exercises = load_exercises(assignment)
    lost: set[tuple[str, str]] = set()
    for name, answer in student.answers.items():
        facets = [each.loses for each in exercises[name].misconceptions if each.function is answer]
        facets += [frozenset(["examples", *exercises[name].facets])] if answer is None else []
        lost |= {(name, facet) for losses in facets for facet in losses}
    gone = {cell.grade_id for cell in cells if cell.exercise in whole or (cell.exercise, cell.facet) in lost}
    return {cell.grade_id: 0.0 if cell.grade_id in gone else cell.points for cell in cells}


def read(path: Path) -> NotebookNode:
    """Return a notebook in nbformat 4."""
    return nbformat.read(path, as_version=4)
