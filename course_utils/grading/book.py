"""The one writer of nbgrader's gradebook: a submission's rows in one transaction, a class's scores in two queries.

What is stored is what nbgrader's own autograde stores for the same graded notebook, so that Formgrader, feedback and
export go on working. What a human reader gave is never touched: updates name the automatic columns alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from nbformat import NotebookNode
from nbgrader import utils
from nbgrader.api import (
    Assignment,
    BaseCell,
    Comment,
    Grade,
    Gradebook,
    GradeCell,
    Notebook,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
    TaskCell,
    new_uuid,
)
from nbgrader.preprocessors import AssignLatePenalties
from sqlalchemy import Connection, and_, bindparam, case, false, func, insert, make_url, select, true, update
from sqlalchemy.exc import SQLAlchemyError
from traitlets.config import Config

_LOCKED_SECONDS = 30
_UNANSWERED = "No response."
_CELL, _GRADE, _COMMENT = BaseCell.__table__, Grade.__table__, Comment.__table__
_GRADE_CELL, _TASK_CELL = GradeCell.__table__, TaskCell.__table__
_HANDED_IN, _PAPER = SubmittedAssignment.__table__, SubmittedNotebook.__table__


class BookError(Exception):
    """Why the gradebook could not be read or written, and what to do about it, in one line."""


@dataclass(frozen=True)
class Score:
    """One graded cell of a student's, as nbgrader counts it: `score` of `most` points.

    `auto` is what the tests gave and `manual` what a reader gave (None where there is none); a reader's counts.
    `waits` is True where a reader has yet to look; `comment` is what nbgrader shows, a reader's before its own.
    """

    score: float
    most: float
    auto: float | None = None
    manual: float | None = None
    extra_credit: float | None = None
    waits: bool = False
    comment: str = ""


@dataclass(frozen=True)
class _Shape:
    """An assignment as the gradebook knows it: graded cells as name -> (id, points), commented cells as name -> id."""

    assignment: str
    id: str
    notebook: str
    due: datetime | None
    graded: dict[str, tuple[str, float]]
    commented: dict[str, str]


@dataclass(frozen=True)
class _Paper:
    """A submission's rows: its own id, its notebook's, and when it came (in UTC) and was due."""

    id: str
    notebook: str
    handed_in_at: datetime | None
    due: datetime | None

    @property
    def seconds_late(self) -> float:
        if self.handed_in_at is None or self.due is None:
            return 0.0
        return max(0.0, (self.handed_in_at - self.due).total_seconds())


class Book:
    """nbgrader's gradebook, open for a whole class; use it in a `with` block.

    `config` is the course's, for the late penalty and for `Autograde.create_student`. Raises BookError where the
    database cannot be opened. SQLite waits for another writer; every database that nbgrader takes will do.
    """

    def __init__(self, db_url: str, course_id: str, config: Config | None = None) -> None:
        config = config or Config()
        self._create_students = bool(config.get("Autograde", {}).get("create_student", True))
        self._late = AssignLatePenalties(config=config)
        self._late.init_plugin()
        try:
            url = make_url(db_url)
            self._is_sqlite = url.get_backend_name() == "sqlite"
            if self._is_sqlite and "timeout" not in url.query:
                url = url.update_query_dict({"timeout": str(_LOCKED_SECONDS)})
            self._gradebook = Gradebook(url, course_id)
        except ImportError as error:
            advice = "for PostgreSQL: pip install 'convnets-computed[postgres]'"
            raise BookError(f"db_url asks for {error.name}, which is not installed; {advice}") from error
        except (SQLAlchemyError, OSError) as error:
            raise BookError(f"the gradebook could not be opened: {_reason(error)}; see db_url in the config") from error

    def __enter__(self) -> Book:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections to the database."""
        self._gradebook.close()

    def write(
        self, assignment: str, student: str, notebook: NotebookNode, handed_in_at: datetime | None, review: bool
    ) -> None:
        """Store what a graded notebook says, as nbgrader's autograde would, or nothing at all.

        `handed_in_at` may have a time zone; without one it is UTC; None leaves what is stored. A cell with a manual
        score asks for a reader only where `review` is true (the work or its automatic score changed), or still does.
        Raises BookError where assignment, student or a cell is unknown, or a score is not between 0 and its most.
        """
        with self._transaction(assignment, student) as connection:
            shape = _shape(connection, assignment, alone=True)
            scores, comments = _read(notebook, shape, student)
            paper = self._paper(connection, shape, student, handed_in_at)
            _put_grades(connection, paper, scores, true() if review else _GRADE.c.needs_manual_grade)
            _put_comments(connection, paper, comments)
            self._penalise(connection, paper, student, shape)

    def zero(self, assignment: str, student: str, handed_in_at: datetime | None = None) -> None:
        """Store that nothing usable was handed in: every automatic score is 0, and no cell waits for a reader.

        What a reader gave stays and still counts. Raises BookError as `write` does.
        """
        with self._transaction(assignment, student) as connection:
            shape = _shape(connection, assignment, alone=True)
            paper = self._paper(connection, shape, student, handed_in_at)
            _put_grades(connection, paper, {cell: 0.0 for cell, _ in shape.graded.values()}, false())
            _put_comments(connection, paper, dict.fromkeys(shape.commented.values()))
            self._penalise(connection, paper, student, shape)

    def scores(self, assignment: str) -> dict[str, dict[str, Score]]:
        """Return, for each student who has a submission in the gradebook, the Score of every graded cell by grade id.

        Raises BookError where the assignment is unknown.
        """
        found: dict[str, dict[str, Score]] = {}
        most = func.coalesce(_GRADE_CELL.c.max_score, _TASK_CELL.c.max_score)
        marks = (Grade.score, most, Grade.auto_score, Grade.manual_score, Grade.extra_credit, Grade.needs_manual_grade)
        with self._reading() as connection:
            query = _of_class(assignment, Grade, *marks)
            query = query.outerjoin(_GRADE_CELL, _GRADE_CELL.c.id == _CELL.c.id)
            for student, name, *row in connection.execute(query.outerjoin(_TASK_CELL, _TASK_CELL.c.id == _CELL.c.id)):
                found.setdefault(student, {})[name] = Score(*row)
            if not found:
                _shape(connection, assignment)
            for student, name, comment in connection.execute(_of_class(assignment, Comment, Comment.comment)):
                if comment and name in found.get(student, {}):
                    found[student][name] = replace(found[student][name], comment=comment)
        return found

    def comments(self, assignment: str) -> dict[str, dict[str, str]]:
        """Return what human readers wrote: for each student, by the grade id of an answer, graded or not."""
        found: dict[str, dict[str, str]] = {}
        with self._reading() as connection:
            query = _of_class(assignment, Comment, Comment.manual_comment)
            for student, name, comment in connection.execute(query):
                if comment:
                    found.setdefault(student, {})[name] = comment
            if not found:
                _shape(connection, assignment)
        return found

    def names(self) -> dict[str, str]:
        """Return the name to show of every student in the gradebook, by id: first and last name, or else the id."""
        with self._reading() as connection:
            rows = connection.execute(select(Student.id, Student.first_name, Student.last_name).order_by(Student.id))
            return {student: " ".join(part for part in parts if part) or student for student, *parts in rows}

    @contextmanager
    def _transaction(self, assignment: str, student: str) -> Iterator[Connection]:
        _check_id(student)
        try:
            with self._gradebook.engine.begin() as connection:
                if self._is_sqlite:
                    # Else what is read is not yet part of the transaction: SQLite has no lock for one row.
                    connection.exec_driver_sql("BEGIN IMMEDIATE")
                yield connection
        except SQLAlchemyError as error:
            advice = "nothing of it was stored; grade it again when the gradebook can be written"
            raise BookError(f"{assignment} of {student} could not be stored: {_reason(error)}; {advice}") from error

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        try:
            with self._gradebook.engine.connect() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise BookError(f"the gradebook could not be read: {_reason(error)}") from error

    def _paper(self, connection: Connection, shape: _Shape, student: str, handed_in_at: datetime | None) -> _Paper:
        """Return a student's submission, made where it is new, with its time stamp brought up to date."""
        query = (
            select(Student.id, _HANDED_IN.c.id, _PAPER.c.id, _HANDED_IN.c.timestamp, _HANDED_IN.c.extension)
            .select_from(Student.__table__)
            .outerjoin(_HANDED_IN, and_(_HANDED_IN.c.student_id == Student.id, _HANDED_IN.c.assignment_id == shape.id))
            .outerjoin(_PAPER, and_(_PAPER.c.assignment_id == _HANDED_IN.c.id, _PAPER.c.notebook_id == shape.notebook))
            .where(Student.id == student)
        )
        row = connection.execute(query).first()
        known, paper, notebook, stored, extension = row or (None, None, None, None, None)
        stamp = utils.parse_utc(handed_in_at) if handed_in_at else stored
        if known is None:
            if not self._create_students:
                raise BookError(f"no student {student} in the gradebook; run: nbgrader db student add {student}")
            connection.execute(insert(Student.__table__).values(id=student))
        if paper is None:
            paper = new_uuid()
            new = {"id": paper, "assignment_id": shape.id, "student_id": student, "timestamp": stamp}
            connection.execute(insert(_HANDED_IN).values(**new))
        elif stamp != stored:
            connection.execute(update(_HANDED_IN).where(_HANDED_IN.c.id == paper).values(timestamp=stamp))
        if notebook is None:
            notebook = new_uuid()
            new = {"id": notebook, "assignment_id": paper, "notebook_id": shape.notebook}
            connection.execute(insert(_PAPER).values(**new))
        due = shape.due + extension if shape.due and extension else shape.due
        return _Paper(paper, notebook, stamp, due)

    def _penalise(self, connection: Connection, paper: _Paper, student: str, shape: _Shape) -> None:
        """Store the penalty that the configured plugin asks for, none where the work was in time."""
        if not self._late.enabled:
            return
        penalty = None
        if paper.seconds_late > 0:
            own = _rows_of(_GRADE, paper, [cell for cell, _ in shape.graded.values()])
            score = connection.execute(select(func.coalesce(func.sum(Grade.score), 0.0)).where(own)).scalar_one()
            penalty = self._late.plugin_inst.late_submission_penalty(student, score, paper.seconds_late)
            if penalty is not None:
                penalty = self._late._check_late_penalty(SimpleNamespace(score=score), penalty)
        row = update(_PAPER).where(_PAPER.c.id == paper.notebook)
        connection.execute(row.values(late_submission_penalty=penalty))


def _reason(error: Exception) -> str:
    """Return the first line of what the database said."""
    said = str(getattr(error, "orig", None) or error).strip()
    return said.splitlines()[0] if said else type(error).__name__


def _check_id(student: str) -> None:
    """Raise BookError where a student's id is one that a database cannot hold or a terminal should not print."""
    longest = Student.__table__.c.id.type.length
    if not student.strip() or not student.isprintable() or len(student) > longest:
        raise BookError(
            f"{student[:longest]!a} cannot be a student's id: 1 to {longest} characters that can be printed; "
            "rename the folder in submitted/"
        )


def _shape(connection: Connection, assignment: str, alone: bool = False) -> _Shape:
    """Return an assignment's cells; raise BookError where the gradebook does not know it.

    `alone` makes other books wait to write this assignment until the transaction ends.
    """
    query = (
        select(Assignment.id, Assignment.duedate, Notebook.id, Notebook.name, _CELL.c.id, _CELL.c.name, _CELL.c.type)
        .add_columns(func.coalesce(_GRADE_CELL.c.max_score, _TASK_CELL.c.max_score))
        .select_from(Assignment.__table__)
        .outerjoin(Notebook.__table__, Notebook.assignment_id == Assignment.id)
        .outerjoin(_CELL, _CELL.c.notebook_id == Notebook.id)
        .outerjoin(_GRADE_CELL, _GRADE_CELL.c.id == _CELL.c.id)
        .outerjoin(_TASK_CELL, _TASK_CELL.c.id == _CELL.c.id)
        .where(Assignment.name == assignment)
    )
    if alone:
        query = query.with_for_update(of=Assignment.__table__, key_share=True)
    rows = connection.execute(query).all()
    notebooks = sorted({row[3] for row in rows if row[3]})
    if not notebooks:
        raise BookError(f"the gradebook knows no assignment {assignment!r}; run: course release {assignment}")
    if notebooks != [assignment]:
        raise BookError(f"{assignment} must be one notebook of that name; the gradebook has {', '.join(notebooks)}")
    graded = {name: (cell, most) for *_, cell, name, kind, most in rows if kind in ("GradeCell", "TaskCell")}
    commented = {name: cell for *_, cell, name, kind, _ in rows if kind in ("SolutionCell", "TaskCell")}
    return _Shape(assignment, rows[0][0], rows[0][2], rows[0][1], graded, commented)


def _read(notebook: NotebookNode, shape: _Shape, student: str) -> tuple[dict[str, float | None], dict[str, str | None]]:
    """Return, by cell id, the automatic score of each graded cell and the automatic comment of each answer.

    Raises BookError where the notebook's cells are not the gradebook's, or a score is not between 0 and its most.
    """
    scores: dict[str, float | None] = {}
    comments: dict[str, str | None] = {}
    graded: list[str] = []
    commented: list[str] = []
    for cell in notebook.cells:
        name, task = cell.metadata.get("nbgrader", {}).get("grade_id"), utils.is_task(cell)
        if utils.is_grade(cell) or task:
            graded.append(name)
            if name in shape.graded:
                scores[shape.graded[name][0]] = _auto_score(cell, shape.graded[name][1], student)
        if utils.is_solution(cell) or task:
            commented.append(name)
            if name in shape.commented:
                same = cell.metadata.nbgrader.get("checksum") == utils.compute_checksum(cell)
                comments[shape.commented[name]] = _UNANSWERED if same and not task else None
    if Counter(graded) != Counter(shape.graded.keys()) or Counter(commented) != Counter(shape.commented.keys()):
        wrong = set(graded) ^ set(shape.graded) | set(commented) ^ set(shape.commented)
        which = ", ".join(sorted(map(str, wrong))) or "one is there twice"
        raise BookError(
            f"the graded notebook of {student} has other cells than the gradebook ({which}); "
            f"run: course release {shape.assignment}, and grade again"
        )
    return scores, comments


def _auto_score(cell: NotebookNode, most: float, student: str) -> float | None:
    """Return a cell's automatic score by nbgrader's own rule, None where a reader decides."""
    if utils.is_task(cell):
        return None
    name = cell.metadata.nbgrader["grade_id"]
    try:
        score, points = utils.determine_grade(cell)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BookError(f"{name} of {student} has no score that can be stored: {error}") from error
    if points != most:
        raise BookError(
            f"{name} of {student} was graded for {points:g} points, the gradebook has {most:g}; release and grade again"
        )
    if score is not None and not 0 <= score <= most:
        raise BookError(f"{name} of {student} scored {score}, which is not between 0 and {most:g}")
    return score


def _put_grades(connection: Connection, paper: _Paper, scores: dict[str, float | None], asks_again: Any) -> None:
    """Store automatic scores by cell id; `asks_again` is whether a cell with a manual score waits for a reader."""
    rows = [{"cell": cell, "score": score, "waits": score is None} for cell, score in scores.items()]
    # The database decides, so that nothing is lost of a reader who writes a score at this moment.
    waits = case((_GRADE.c.manual_score.is_(None), bindparam("waits")), else_=asks_again)
    change = {"auto_score": bindparam("score"), "needs_manual_grade": waits}
    add: dict[str, Any] = {"auto_score": bindparam("score"), "needs_manual_grade": bindparam("waits")}
    _put(connection, _GRADE, paper, rows, change, add)


def _put_comments(connection: Connection, paper: _Paper, comments: dict[str, str | None]) -> None:
    """Store automatic comments by cell id."""
    columns: dict[str, Any] = {"auto_comment": bindparam("text")}
    rows = [{"cell": cell, "text": text} for cell, text in comments.items()]
    _put(connection, _COMMENT, paper, rows, columns, columns)


def _put(connection: Connection, table: Any, paper: _Paper, rows: list[dict[str, Any]], change: Any, add: Any) -> None:
    """Set the columns of `change` in the rows of cells that a submission has already, and add the others by `add`."""
    own = _rows_of(table, paper, [row["cell"] for row in rows])
    there = set(connection.execute(select(table.c.cell_id).where(own)).scalars())
    changed = [row for row in rows if row["cell"] in there]
    added = [{**row, "new": new_uuid()} for row in rows if row["cell"] not in there]
    if changed:
        this = and_(table.c.notebook_id == paper.notebook, table.c.cell_id == bindparam("cell"))
        connection.execute(update(table).where(this).values(**change), changed)
    if added:
        keys = {"id": bindparam("new"), "notebook_id": paper.notebook, "cell_id": bindparam("cell")}
        connection.execute(insert(table).values(**keys, **add), added)


def _rows_of(table: Any, paper: _Paper, cells: list[str]) -> Any:
    """Return the condition for a submission's rows; by cell, because the table's only index begins with the cell."""
    return and_(table.c.cell_id.in_(cells), table.c.notebook_id == paper.notebook)


def _of_class(assignment: str, table: Any, *columns: Any) -> Any:
    """Return the query for a class's grades or comments: student id, cell name, and these columns."""
    return (
        select(SubmittedAssignment.student_id, _CELL.c.name, *columns)
        .select_from(table.__table__)
        .join(_CELL, _CELL.c.id == table.cell_id)
        .join(_PAPER, _PAPER.c.id == table.notebook_id)
        .join(_HANDED_IN, _HANDED_IN.c.id == _PAPER.c.assignment_id)
        .join(Assignment.__table__, Assignment.id == _HANDED_IN.c.assignment_id)
        .where(Assignment.name == assignment)
        .order_by(SubmittedAssignment.student_id, _CELL.c.name)
    )
