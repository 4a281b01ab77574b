"""Release, collect, grade and give feedback by nbgrader's own API, with one course folder behind it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.apps import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from sqlalchemy.exc import SAWarning
from traitlets.config import Config, PyFileConfigLoader

from course_utils.checks import CheckFailed
from course_utils.grading.examiner import ExerciseFailed

# nbgrader's own queries make SQLAlchemy warn; nobody at the terminal can do anything about it.
warnings.filterwarnings("ignore", category=SAWarning, module=r"nbgrader\..*")

OWN_ERRORS = (CheckFailed.__name__, ExerciseFailed.__name__)


class GradingError(Exception):
    """Something that stops grading, said in one line for the person at the terminal."""


@dataclass
class Result:
    """What one student got: points by exercise, what went wrong, and what waits for a reader."""

    student: str
    name: str
    points: dict[str, float] = field(default_factory=dict)
    most: dict[str, float] = field(default_factory=dict)
    by_cell: dict[str, float] = field(default_factory=dict)
    wrong: dict[str, str] = field(default_factory=dict)
    by_hand: list[str] = field(default_factory=list)
    failure: str = ""
    feedback: Path | None = None

    @property
    def total(self) -> float:
        """Return the points over all exercises."""
        return sum(self.points.values())

    @property
    def maximum(self) -> float:
        """Return the most that could be had, cells graded by hand included."""
        return sum(self.most.values())


@contextmanager
def _course_root_is(root: Path) -> Iterator[None]:
    """Let kernels started in the block find the examiner of this course folder."""
    before = os.environ.get("COURSE_ROOT")
    os.environ["COURSE_ROOT"] = str(root)
    try:
        yield
    finally:
        os.environ.pop("COURSE_ROOT")
        if before is not None:
            os.environ["COURSE_ROOT"] = before


class Course:
    """A course folder, and nbgrader's API on it. Everything that is graded stays inside the folder."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        config_file = self.root / "nbgrader_config.py"
        if not config_file.is_file():
            raise GradingError(f"{self.root} is no course folder: it has no nbgrader_config.py")
        with _course_root_is(self.root):
            self.config: Config = PyFileConfigLoader(config_file.name, path=str(self.root)).load_config()
        self.api = NbGraderAPI(CourseDirectory(config=self.config), config=self.config)
        self.api.log_level = "ERROR"

    @property
    def gradebook(self) -> Gradebook:
        """Return an open gradebook; use it in a `with` block."""
        return Gradebook(self.api.coursedir.db_url, self.api.coursedir.course_id)

    def release(self, assignment: str) -> Path:
        """Generate what students open from the instructor's notebook; return its folder.

        Raises GradingError with nbgrader's last line where the notebook is at fault.
        """
        done = self.api.generate_assignment(assignment, force=True, create=True)
        if not done["success"]:
            raise GradingError(f"{assignment} could not be released: {_last_line(done)}")
        return self.root / self.api.coursedir.release_directory / assignment

    def collect(self, assignment: str) -> None:
        """Move `downloaded/<assignment>/archive/*.ipynb` or `*.zip` to `submitted/`, by nbgrader's zip_collect."""
        command = [sys.executable, "-m", "nbgrader", "zip_collect", assignment, "--force", "--log-level=WARN"]
        done = subprocess.run(command, cwd=self.root, capture_output=True, text=True)
        if done.returncode:
            raise GradingError(f"the submissions could not be collected: {_last_words(done.stderr)}")

    def submitted(self, assignment: str) -> list[str]:
        """Return the ids of the students who handed something in."""
        folder = self.root / self.api.coursedir.submitted_directory
        return sorted(path.parent.name for path in folder.glob(f"*/{assignment}") if path.is_dir())

    def grade(self, assignment: str, students: list[str], tick: Callable[[str], None]) -> dict[str, str]:
        """Autograde and write feedback for each student; call `tick` after each.

        Returns, by student, why a submission could not be graded. One bad submission stops no other.
        """
        failures = {}
        for student in students:
            with _course_root_is(self.root):
                done = self.api.autograde(assignment, student, force=True, create=True)
            if done["success"]:
                self.api.generate_feedback(assignment, student, force=True)
            else:
                failures[student] = _plain_reason(done)
            tick(student)
        return failures

    def results(self, assignment: str, failures: dict[str, str]) -> list[Result]:
        """Return a Result for each student who handed in, from the gradebook and the autograded notebooks."""
        with self.gradebook as gradebook:
            return [
                self._result(gradebook, assignment, who, failures.get(who, "")) for who in self.submitted(assignment)
            ]

    def _result(self, gradebook: Gradebook, assignment: str, student: str, failure: str) -> Result:
        try:
            entry = gradebook.find_student(student)
            name = " ".join(part for part in (entry.first_name, entry.last_name) if part) or student
        except MissingEntry:
            name = student
        result = Result(student, name, failure=failure)
        for cell in gradebook.find_assignment(assignment).notebooks[0].grade_cells:
            exercise = cell.name.partition("__")[0]
            result.most[exercise] = result.most.get(exercise, 0.0) + cell.max_score
            result.points.setdefault(exercise, 0.0)
        if failure:
            return result
        submission = gradebook.find_submission(assignment, student)
        for grade in (grade for notebook in submission.notebooks for grade in notebook.grades):
            exercise = grade.name.partition("__")[0]
            result.points[exercise] += grade.score
            result.by_cell[grade.name] = grade.score
            if grade.needs_manual_grade:
                result.by_hand.append(grade.name)
        result.wrong = self._what_went_wrong(assignment, student)
        page = self.root / self.api.coursedir.feedback_directory / student / assignment / f"{assignment}.html"
        result.feedback = page if page.is_file() else None
        return result

    def _what_went_wrong(self, assignment: str, student: str) -> dict[str, str]:
        """Return the first line of what each failed exercise was told, by the hidden tests where they failed."""
        path = self.root / self.api.coursedir.autograded_directory / student / assignment / f"{assignment}.ipynb"
        said: dict[str, str] = {}
        told_by_examiner = set()
        for cell in nbformat.read(path, as_version=4).cells:
            mark = cell.metadata.get("nbgrader", {})
            errors = [output for output in cell.get("outputs", []) if output.output_type == "error"]
            if not mark.get("grade") or not errors:
                continue
            exercise = mark["grade_id"].partition("__")[0]
            error = errors[0]
            text = error.evalue if error.ename in OWN_ERRORS else f"{exercise}: {error.ename}: {error.evalue}"
            if error.ename == "NameError" and f"'{exercise}'" in error.evalue:
                text = f"{exercise}: it was never defined; its cell is missing or raised an error"
            examined = error.ename == ExerciseFailed.__name__
            if exercise not in said or (examined and exercise not in told_by_examiner):
                said[exercise] = text.splitlines()[0] if text else error.ename
            if examined:
                told_by_examiner.add(exercise)
        return said


def _last_words(log: str) -> str:
    lines = [re.sub(r"^\[[^]]*\]\s*", "", line).strip() for line in log.splitlines() if line.strip()]
    return lines[-1] if lines else "no reason was given"


def _last_line(done: dict) -> str:
    return _last_words(str(done.get("error") or done.get("log") or ""))


def _plain_reason(done: dict) -> str:
    """Return in one sentence why nbgrader gave up on a submission."""
    text = f"{done.get('log') or ''}\n{done.get('error') or ''}"
    if "DeadKernelError" in text or "Kernel died" in text:
        return "the kernel died while a cell ran, so nothing after it could be tested"
    errors = re.findall(r"^(?:\w+\.)*(\w+(?:Error|Exception): .+)$", text, re.MULTILINE)
    told = [error for error in errors if not error.startswith("NbGraderException")]
    return told[-1] if told else _last_line(done)
