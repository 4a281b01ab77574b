"""From the bytes that were handed in to a graded notebook: repair, examine, make inert, write down what was found."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode, v4

from course_utils.grading import classroom, examiner
from course_utils.grading.bridge import Conversation
from course_utils.grading.inert import inert
from course_utils.grading.repair import repair
from course_utils.grading.sandbox import Door
from course_utils.grading.session import sit
from course_utils.grading.suspicion import suspicions
from course_utils.grading.verdict import CellVerdict, Record, Verdict, put_verdict

NO_NOTEBOOK = "NoNotebook"


@dataclass(frozen=True)
class Case:
    """An assignment as it is graded: its name, the released and the instructor's notebook, the digest of all tests."""

    assignment: str
    released: NotebookNode
    solved: NotebookNode
    tests: str


@dataclass(frozen=True)
class Job:
    """One submission: who handed it in, the file's bytes (None where there is no file, `missing` says why), its key.

    `work` is the digest of the bytes; `note` a repair made before the file was read, such as of its name.
    """

    student: str
    data: bytes | None
    key: bytes
    work: str
    missing: str = ""
    note: str = ""


def case_of(folder: Path, assignment: str, tests: str) -> Case:
    """Return the case in a folder that holds `released.ipynb` and `solutions/<assignment>/`."""
    solved = classroom.read(classroom.assignment_notebook(folder, assignment))
    return Case(assignment, classroom.read(folder / "released.ipynb"), solved, tests)


def mark(case: Case, job: Job, door: Door, confined: bool) -> NotebookNode:
    """Return the graded notebook of a submission."""
    repaired = repair(job.data or b"", case.released)
    failure = job.missing or repaired.failure
    notebook = repaired.notebook
    repairs = (job.note, *repaired.repairs) if job.note else repaired.repairs
    if failure:
        verdict = _all_zero(notebook, failure)
    else:
        examiner.begin(job.key)
        conversation = Conversation(door)
        try:
            verdict = sit(notebook, case.solved, conversation)
        finally:
            conversation.hang_up()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = outputs_of(verdict.cells[cell.id])
            cell.execution_count = None
    sources = [(_title(cell), cell.source) for cell in notebook.cells if cell.cell_type == "code" and not _locked(cell)]
    marked = inert(notebook)
    for cell in marked.cells:
        if cell.cell_type == "code":
            put_verdict(cell, verdict.cells[cell.id])
    Record(
        case.assignment,
        job.student,
        job.work,
        case.tests,
        confined,
        repairs,
        repaired.lost,
        failure,
        verdict.restarts,
        suspicions(sources, repairs, door.policy.hidden),
    ).put(marked)
    return marked


def _title(cell: NotebookNode) -> str:
    return str(cell.metadata.get("nbgrader", {}).get("grade_id") or "a cell of the student's own")


def _locked(cell: NotebookNode) -> bool:
    found = cell.metadata.get("nbgrader", {})
    return bool(found.get("locked")) and not found.get("solution")


def _all_zero(notebook: NotebookNode, why: str) -> Verdict:
    """Return a verdict that fails every graded cell for one reason."""
    verdict = Verdict()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            graded = cell.metadata.get("nbgrader", {}).get("grade")
            verdict.cells[cell.id] = CellVerdict(cell.id, "", why if graded else None, NO_NOTEBOOK if graded else "")
    return verdict


def outputs_of(verdict: CellVerdict) -> list[NotebookNode]:
    """Return a verdict as a cell's outputs, in plain text: what was printed, then what failed."""
    outputs = []
    if verdict.text:
        outputs.append(v4.new_output("stream", name="stdout", text=verdict.text))
    if verdict.failure is not None:
        lines = verdict.failure.splitlines() or [verdict.kind]
        outputs.append(v4.new_output("error", ename=verdict.kind, evalue=verdict.failure, traceback=lines))
    return outputs


def as_file(notebook: NotebookNode) -> str:
    """Return a notebook as the text of its file, as nbgrader writes it."""
    return nbformat.writes(notebook, version=4) + "\n"
