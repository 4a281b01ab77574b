"""Run an assignment's graded cells on named answers, in this process: milliseconds instead of a kernel's seconds."""

import ast
from functools import lru_cache
from pathlib import Path
from types import CodeType

from course_utils.grading import classroom, examiner, loading, sweep
from course_utils.grading.exercise import Exercise

ROOT = Path(__file__).resolve().parent.parent


@lru_cache(maxsize=512)  # set-up, references and tests run again for every mutant: compiling them took a quarter of it
def compiled(source: str) -> CodeType:
    """Return a cell's code."""
    return compile(source, "<cell>", "exec")


class Assignment:
    """An assignment found under solutions/, with what its cells need to run."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._prepared: set[str] = set()
        self.notebook = classroom.read(classroom.assignment_notebook(ROOT, name))
        self.exercises = loading.load_exercises(name)
        self.cells = [cell for cell in classroom.grade_cells(self.notebook) if not cell.by_hand]
        marks = [(cell, cell.metadata.get("nbgrader", {})) for cell in self.notebook.cells if cell.cell_type == "code"]
        self.setup = [cell.source for cell, mark in marks if not mark.get("solution") and not mark.get("grade")]
        self.reference = {
            mark["grade_id"]: classroom.strip_marks(cell.source) for cell, mark in marks if mark["solution"]
        }

    def whole_reference(self, exercise: Exercise) -> str:
        """Return the reference answer with its parts, where the notebook gives them a cell of their own."""
        names = (f"{exercise.name}_parts", exercise.name)
        return "\n\n\n".join(self.reference[name] for name in names if name in self.reference)

    def _prepare(self, exercise: Exercise) -> None:
        """Draw the exercise's pools and note the oracle's values, as grading does, once."""
        if exercise.name not in self._prepared:
            self._prepared.add(exercise.name)
            assert sweep.prepare(self.name, {exercise.name: exercise}, b"") == []

    def namespace(self, exercise: Exercise, answer: classroom.Answer) -> dict:
        """Return what a kernel would hold: the set-up, right answers to all else, and this answer."""
        self._prepare(exercise)
        space: dict = {"__name__": "__main__"}
        for source in [*self.setup, *self.reference.values(), classroom.answer_source(exercise, answer)]:
            exec(compiled(source), space)
        return space

    def lost(self, exercise: Exercise, answer: classroom.Answer) -> dict[str, str]:
        """Return the facets of an exercise that an answer loses, with what the student is told."""
        space = self.namespace(exercise, answer)
        examiner.begin(b"")
        told = {}
        for cell in self.cells:
            if cell.exercise == exercise.name:
                try:
                    exec(compiled(cell.source), dict(space))
                except Exception as error:
                    told[cell.facet] = str(error)
        return told

    def answers(self, exercise: Exercise, function: object) -> bool:
        """Return whether a function is a full answer to an exercise's hidden facets; nothing is shrunk or explained."""
        for name, facet in exercise.facets.items():
            sitting = sweep.Sitting(exercise, facet, function)
            sitting.run(sweep.key_of(b"", self.name, exercise.name, name), then="stop")
            if sitting.fault:
                return False
        return True

    def survives(self, exercise: Exercise, source: str) -> bool:
        """Return whether a mutated answer keeps every cell; nothing is shrunk or explained."""
        space = self.namespace(exercise, source)
        own = [cell.source for cell in self.cells if cell.grade_id == f"{exercise.name}__examples"]
        return self.answers(exercise, space[exercise.name]) and not any(self._fails(source, space) for source in own)

    @staticmethod
    def _fails(source: str, space: dict) -> bool:
        try:
            exec(compiled(source), dict(space))
        except Exception:
            return True
        return False


def names() -> list[str]:
    """Return every assignment's name."""
    return classroom.assignments(ROOT)


def find_all() -> list[tuple[Assignment, Exercise]]:
    """Return every exercise of every assignment."""
    found = [Assignment(name) for name in names()]
    return [(assignment, exercise) for assignment in found for exercise in assignment.exercises.values()]


def thin_pools(place: Path, assignment: str) -> None:
    """Have an assignment's examiner in a course folder draw few calls: what is tested there is not the examiner.

    To draw them all takes most of the time in which a grading process starts, and every process draws its own.
    """
    added = """
from dataclasses import replace

for exercise in EXERCISES:
    exercise.facets = {name: replace(facet, examples=5) for name, facet in exercise.facets.items()}
"""
    examiner = place / "solutions" / assignment / "examiner" / "__init__.py"
    examiner.write_text(examiner.read_text(encoding="utf-8") + added, encoding="utf-8")


def parses(source: str) -> bool:
    """Return whether source is valid Python."""
    try:
        ast.parse(source)
    except SyntaxError:
        return False
    return True
