"""A course folder: release, collect, grade a class, give feedback. All that is graded stays inside the folder."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderAPI, ZipCollectApp
from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import capture_log, temp_attrs
from sqlalchemy.exc import SAWarning
from traitlets.config import Config, PyFileConfigLoader

from course_utils.grading import feedback, intake
from course_utils.grading.book import Book, BookError
from course_utils.grading.crowd import crowd, grade_all
from course_utils.grading.hooks import NO_NAME, STUDENT, handed_in_at, job_of, refusal
from course_utils.grading.marking import Job
from course_utils.grading.result import Result
from course_utils.grading.sandbox import SandboxError
from course_utils.grading.verdict import Record, verdict_of
from course_utils.grading.work import Bundle, Graded, bundle_of

# nbgrader's own queries make SQLAlchemy warn; nobody at the terminal can do anything about it.
warnings.filterwarnings("ignore", category=SAWarning, module=r"nbgrader\..*")
logging.getLogger("distributed").setLevel(logging.ERROR)

RELEASED = ".course-released.json"
_SILENT = {"handlers": {"console": {"level": "CRITICAL"}}}  # what nbgrader logs is read, not shown


class GradingError(Exception):
    """Something that stops grading, said in one line for the person at the terminal."""


@dataclass(frozen=True)
class Crew:
    """Who grades: a Dask scheduler's address or None for this machine, how many at once, with a sandbox or without."""

    scheduler: str | None = None
    workers: int | None = None
    confined: bool = True


@dataclass(frozen=True)
class Moved:
    """A score that grading again changed: whose, which cell, from and to, and why it was graded again."""

    student: str
    grade_id: str
    before: float
    after: float
    why: str


@dataclass
class GradingRun:
    """What came of grading a class: failures by student, who was graded now, whose grading stood, scores that moved."""

    failures: dict[str, str] = field(default_factory=dict)
    graded: list[Graded] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    moved: list[Moved] = field(default_factory=list)


@contextmanager
def _course_root_is(root: Path) -> Iterator[None]:
    """Let everything in the block find the examiners of this course folder."""
    before = os.environ.get("COURSE_ROOT")
    os.environ["COURSE_ROOT"] = str(root)
    try:
        yield
    finally:
        os.environ.pop("COURSE_ROOT")
        if before is not None:
            os.environ["COURSE_ROOT"] = before


class Course:
    """A course folder, nbgrader's API on it, and its gradebook."""

    def __init__(self, root: Path, db_url: str = "") -> None:
        self.root = root.resolve()
        config_file = self.root / "nbgrader_config.py"
        if not config_file.is_file():
            raise GradingError(f"{self.root} is no course folder: it has no nbgrader_config.py")
        with _course_root_is(self.root):
            self.config: Config = PyFileConfigLoader(config_file.name, path=str(self.root)).load_config()
        if db_url:
            self.config.CourseDirectory.db_url = db_url
        self.api = NbGraderAPI(CourseDirectory(config=self.config), config=self.config)
        self.api.log_level = "ERROR"

    @property
    def gradebook(self) -> Gradebook:
        """Return an open gradebook of nbgrader's; use it in a `with` block."""
        return Gradebook(self.api.coursedir.db_url, self.api.coursedir.course_id)

    def book(self) -> Book:
        """Return the gradebook as grading writes it; use it in a `with` block. Raises GradingError."""
        try:
            return Book(self.api.coursedir.db_url, self.api.coursedir.course_id, self.config)
        except BookError as error:
            raise GradingError(str(error)) from error

    def release(self, assignment: str) -> Path:
        """Generate what students open from the instructor's notebook; return its folder.

        Raises GradingError with nbgrader's last line where the notebook is at fault.
        """
        done = self.api.generate_assignment(assignment, force=True, create=True)
        if not done["success"]:
            raise GradingError(f"{assignment} could not be released: {_last_line(done)}")
        self._note_release(assignment)
        return self.root / self.api.coursedir.release_directory / assignment

    def released(self, assignment: str) -> Path:
        """Return the notebook that students were given; generated anew only where the instructor's has changed."""
        path = self.root / self.api.coursedir.release_directory / assignment / f"{assignment}.ipynb"
        if not path.is_file() or self._releases().get(assignment) != self._release_mark(assignment):
            self.release(assignment)
        return path

    def _release_mark(self, assignment: str) -> str:
        notebook = self.root / "solutions" / assignment / f"{assignment}.ipynb"
        return hashlib.sha256(notebook.read_bytes() + self.api.coursedir.db_url.encode()).hexdigest()

    def _releases(self) -> dict[str, str]:
        try:
            return dict(json.loads((self.root / RELEASED).read_text()))
        except (OSError, ValueError, TypeError):
            return {}

    def _note_release(self, assignment: str) -> None:
        notes = {**self._releases(), assignment: self._release_mark(assignment)}
        _write(self.root / RELEASED, json.dumps(notes, indent=1) + "\n")

    def collect(self, assignment: str) -> list[str]:
        """Copy the notebooks of `downloaded/<assignment>/archive/` to `submitted/`, by nbgrader's zip_collect.

        Returns a sentence for each file that was refused; it lies in `downloaded/<assignment>/refused/`.
        """
        with temp_attrs(self.api.coursedir, assignment_id=assignment):
            app = ZipCollectApp(coursedir=self.api.coursedir, parent=self.api, log_level="WARN", logging_config=_SILENT)
            app.force = True
            done = capture_log(app)
        log = str(done.get("log", ""))
        if not done["success"]:
            raise GradingError(f"the submissions could not be collected: {_last_words(log or done['error'])}")
        return intake.sentences(log)

    def submitted(self, assignment: str) -> list[str]:
        """Return the ids of the students who handed something in."""
        folder = self.root / self.api.coursedir.submitted_directory
        there = folder.iterdir() if folder.is_dir() else ()
        return sorted(path.name for path in there if os.path.lexists(path / assignment))

    def grade(
        self,
        assignment: str,
        students: list[str],
        crew: Crew | None = None,
        force: bool = False,
        tick: Callable[[str], None] = lambda student: None,
    ) -> GradingRun:
        """Grade what is not graded yet, or all with `force`; call `tick` after each. One bad submission stops no other.

        A submission is graded again where it, or anything it was graded with, has changed. Raises GradingError where
        no sandbox can be had, or the scheduler or the gradebook cannot be reached.
        """
        crew = crew or Crew()
        done = GradingRun()
        with _course_root_is(self.root), self.book() as book:
            try:
                bundle = bundle_of(self.root, assignment, self.released(assignment))
                asked: dict[str, str] = {}
                for student in students:
                    why = self._why_grade(student, bundle, crew, force, done)
                    if why:
                        asked[student] = why
                    else:
                        tick(student)
                if not asked:
                    return done
                jobs = (partial(self._job, assignment, student) for student in asked)
                with crowd(crew.scheduler, crew.workers) as client:
                    for graded in grade_all(client, bundle, jobs, crew.confined):
                        self._keep(book, assignment, graded, asked[graded.student], done)
                        tick(graded.student)
            except SandboxError as error:
                raise GradingError(refusal(error)) from error
            except (BookError, ConnectionError, ValueError) as error:
                raise GradingError(str(error)) from error
        return done

    def _job(self, assignment: str, student: str) -> Job:
        return job_of(self.root, assignment, student, self._handed_in(assignment, student))

    def _handed_in(self, assignment: str, student: str) -> Path:
        return self.root / self.api.coursedir.submitted_directory / student / assignment / f"{assignment}.ipynb"

    def autograded(self, assignment: str, student: str) -> Path:
        """Return where a student's graded notebook lies."""
        return self.root / self.api.coursedir.autograded_directory / student / assignment / f"{assignment}.ipynb"

    def _why_grade(self, student: str, bundle: Bundle, crew: Crew, force: bool, done: GradingRun) -> str:
        """Return why a submission is to be graded, or nothing where its grading stands or it cannot be."""
        if not STUDENT.fullmatch(student):
            done.failures[student] = NO_NAME
            return ""
        before = read_graded(self.autograded(bundle.assignment, student))
        record = Record.of(before) if before else None
        if record is None:
            return "not graded before"
        if record.work != self._job(bundle.assignment, student).work:
            return "handed in anew"
        if record.tests != bundle.tests:
            return "the tests have changed"
        if record.confined != crew.confined:
            return "graded without a sandbox before" if crew.confined else "graded in a sandbox before"
        if force:
            return "asked for"
        done.kept.append(student)
        return ""

    def _keep(self, book: Book, assignment: str, graded: Graded, why: str, done: GradingRun) -> None:
        """Store one graded submission: first its scores, then the notebook, whose presence says that it is done."""
        student = graded.student
        if graded.failure:
            done.failures[student] = graded.failure
            return
        path = self.autograded(assignment, student)
        before, after = read_graded(path), nbformat.v4.reads(graded.notebook)
        old, new = scores_of(before) if before else {}, scores_of(after)
        moved = [
            Moved(student, name, old[name], new[name], why) for name in new if name in old and old[name] != new[name]
        ]
        record = Record.of(before) if before else None
        review = record is None or record.work != graded.work or bool(moved)
        try:
            book.write(assignment, student, after, handed_in_at(self._handed_in(assignment, student).parent), review)
        except BookError as error:
            done.failures[student] = str(error)
            return
        _write(path, graded.notebook)
        done.moved += moved
        done.graded.append(graded)

    def results(self, assignment: str, failures: dict[str, str] | None = None) -> list[Result]:
        """Return a Result for each student who handed in, from the gradebook and the graded notebooks."""
        return [result for result, _ in self._results(assignment, failures or {})]

    def _results(self, assignment: str, failures: dict[str, str]) -> Iterator[tuple[Result, NotebookNode | None]]:
        with self.book() as book:
            scores, comments, names = book.scores(assignment), book.comments(assignment), book.names()
        with self.gradebook as gradebook:
            submissions = gradebook.assignment_submissions(assignment)
            late = {each.student_id: each.late_submission_penalty or 0.0 for each in submissions}
        empty = nbformat.read(self.released(assignment), 4)
        for student in self.submitted(assignment):
            own = scores.get(student, {})
            given = {
                name: None if each.auto is None and each.manual is None else each.score for name, each in own.items()
            }
            known = {name: (given[name], each.most, each.waits, "") for name, each in own.items()}
            said = {name: (0.0, 0.0, False, text) for name, text in comments.get(student, {}).items()}
            with_comments = {name: (*known[name][:3], said[name][3]) if name in said else known[name] for name in known}
            notebook = read_graded(self.autograded(assignment, student))
            failure = failures.get(student, "" if notebook else "it has not been graded")
            result = feedback.result_of(
                notebook or empty, {**said, **with_comments}, student, names.get(student, student)
            )
            result.failure = failure or result.failure
            result.late_penalty = late.get(student, 0.0)
            page = self._page(assignment, student)
            result.feedback = page if page.is_file() else None
            yield result, notebook

    def _page(self, assignment: str, student: str) -> Path:
        return self.root / self.api.coursedir.feedback_directory / student / assignment / f"{assignment}.html"

    def write_feedback(self, assignment: str, failures: dict[str, str]) -> list[Result]:
        """Write every student's feedback page as the gradebook now stands; return the results."""
        results = []
        for result, notebook in self._results(assignment, failures):
            if notebook is not None:
                result.feedback = self._page(assignment, result.student)
                _write(result.feedback, feedback.page(notebook, result, assignment))
            results.append(result)
        return results


def read_graded(path: Path) -> NotebookNode | None:
    """Return a graded notebook, or None where there is none that the course wrote."""
    try:
        notebook = nbformat.v4.reads(path.read_text(encoding="utf-8"))  # the course wrote it: no need to validate
        return notebook if Record.of(notebook) else None
    except (OSError, ValueError, AttributeError, TypeError):
        return None


def scores_of(notebook: NotebookNode) -> dict[str, float]:
    """Return what the tests gave each cell of a graded notebook, by grade id."""
    found = {}
    for cell in notebook.cells:
        mark = cell.metadata.get("nbgrader", {})
        if mark.get("grade") and not mark.get("solution"):
            found[mark["grade_id"]] = 0.0 if verdict_of(cell) else float(mark["points"])
    return found


def _write(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=".", delete=False, encoding="utf-8") as file:
        file.write(text)
    Path(file.name).chmod(0o644)
    Path(file.name).replace(path)


def _last_words(log: str) -> str:
    lines = [re.sub(r"^\[[^]]*\]\s*", "", line).strip() for line in log.splitlines() if line.strip()]
    return lines[-1] if lines else "no reason was given"


def _last_line(done: dict) -> str:
    return _last_words(str(done.get("error") or done.get("log") or ""))
