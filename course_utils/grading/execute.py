"""nbgrader's execution step, replaced: student cells in the sandbox, locked cells by the examiner.

`nbgrader autograde`, its API and Formgrader all come through here by way of nbgrader_config.py, so every way to grade
gives the same score. Only what the examiner found is written into a graded cell's outputs.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode, v4
from nbgrader.preprocessors import NbGraderPreprocessor

from course_utils.grading import classroom
from course_utils.grading.examiner import course_root, load_examiner
from course_utils.grading.sandbox import Policy, Warm
from course_utils.grading.session import CellVerdict, examine_apart

SECRET_FILE = ".course-secret"


def course_secret(root: Path) -> bytes:
    """Return the secret that test inputs are drawn from; made at the first grading, readable by its owner alone."""
    path = root / SECRET_FILE
    if not path.exists():
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_hex(32))
    return path.read_text().strip().encode()


def submission_key(root: Path, assignment: str, student: str, notebook: NotebookNode) -> bytes:
    """Return the key of a submission: nobody can foresee it, and grading the same submission again repeats it."""
    work = "\0".join(cell.source for cell in notebook.cells)
    parts = (assignment, student, hashlib.sha256(work.encode("utf-8", "replace")).hexdigest())
    return hmac.new(course_secret(root), "\0".join(parts).encode(), "sha256").digest()


def policy_of(assignment: str) -> Policy:
    """Return how an assignment's examiner wants its student process confined."""
    return getattr(load_examiner(assignment), "POLICY", Policy())


_WARM: dict[Policy, Warm] = {}


def warm_process(policy: Policy) -> Warm:
    """Return the warm process of a policy; one serves all submissions that this process grades."""
    if policy not in _WARM:
        _WARM[policy] = Warm(policy)
    return _WARM[policy]


def close_warm_processes() -> None:
    """End all warm processes; the next submission starts another."""
    while _WARM:
        _WARM.popitem()[1].close()


def outputs_of(verdict: CellVerdict) -> list[NotebookNode]:
    """Return a verdict as a cell's outputs, in plain text: what was printed, then what failed."""
    outputs = []
    if verdict.text:
        outputs.append(v4.new_output("stream", name="stdout", text=verdict.text))
    if verdict.failure is not None:
        lines = verdict.failure.splitlines() or [verdict.kind]
        outputs.append(v4.new_output("error", ename=verdict.kind, evalue=verdict.failure, traceback=lines))
    return outputs


class Examine(NbGraderPreprocessor):
    """Grade a notebook with the examiner and the sandbox in place of a kernel that is believed."""

    def preprocess(self, nb: NotebookNode, resources: ResourcesDict) -> tuple[NotebookNode, ResourcesDict]:
        """Return the notebook with the outputs that the examiner gives its cells."""
        assignment, student = resources["nbgrader"]["assignment"], resources["nbgrader"]["student"]
        root = course_root()
        solved = classroom.read(classroom.assignment_notebook(root, assignment))
        key = submission_key(root, assignment, student, nb)
        verdict = examine_apart(nb, solved, warm_process(policy_of(assignment)), root, key)
        for cell in nb.cells:
            if cell.cell_type == "code":
                cell.outputs = outputs_of(verdict.cells[cell.id])
                cell.execution_count = None
        return nb, resources
