"""What grading finds out about a submission, as plain data that crosses processes and files as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from nbformat import NotebookNode


@dataclass(frozen=True)
class Finding:
    """What a hidden facet found wrong with an exercise.

    `summary` is one sentence; `misconception` the tutor's sentence where a known one gives the same wrong values;
    `call` what was called, `got` what came back, `fault` where that first differs, `expected` what was wanted at this
    call (for a call that should be refused: a ValueError and why), `note` what usually goes wrong there, `read` where
    the matter is taught. Parts that do not apply are empty.
    """

    exercise: str
    facet: str
    summary: str
    misconception: str = ""
    call: str = ""
    got: str = ""
    fault: str = ""
    expected: str = ""
    note: str = ""
    read: str = ""


@dataclass(frozen=True)
class CellVerdict:
    """What became of one cell: its text, why it failed (None where it held), and the name of what failed.

    `kind` is ExerciseFailed, CheckFailed, NotDefined, StudentProcessError or the name of another exception;
    `finding` is what a hidden facet found, where it was one.
    """

    cell: str
    text: str = ""
    failure: str | None = None
    kind: str = ""
    finding: Finding | None = None


@dataclass
class Verdict:
    """What became of a submission: a verdict for each code cell by its id, and how often its process was restarted."""

    cells: dict[str, CellVerdict] = field(default_factory=dict)
    restarts: int = 0

    def as_data(self) -> dict[str, Any]:
        """Return the verdict as what JSON can hold."""
        return asdict(self)

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Verdict:
        """Return the verdict that `as_data` gave."""
        cells = {}
        for name, cell in data["cells"].items():
            finding = Finding(**cell["finding"]) if cell["finding"] else None
            cells[name] = CellVerdict(**{**cell, "finding": finding})
        return cls(cells, data["restarts"])


@dataclass(frozen=True)
class Suspicion:
    """What looks like an attempt to get points or to see what is hidden: what was tried, where. It costs no points."""

    what: str
    where: str


@dataclass(frozen=True)
class Record:
    """What a graded notebook says of its grading, in `metadata.course`.

    `work` and `tests` are digests of what was handed in and of what it was graded with; `failure` says why nothing
    could be graded; `lost` gives the reason for each answer (by grade id) that was not found; `confined` is False where
    grading ran without a sandbox.
    """

    assignment: str
    student: str
    work: str
    tests: str
    confined: bool = True
    repairs: tuple[str, ...] = ()
    lost: dict[str, str] = field(default_factory=dict)
    failure: str = ""
    restarts: int = 0
    suspicions: tuple[Suspicion, ...] = ()

    def put(self, notebook: NotebookNode) -> None:
        """Write the record into a notebook."""
        notebook.metadata["course"] = NotebookNode(asdict(self))

    @classmethod
    def of(cls, notebook: NotebookNode) -> Record | None:
        """Return the record of a graded notebook, or None where it has none."""
        data = notebook.metadata.get("course")
        if not isinstance(data, dict) or not {"assignment", "student", "work", "tests"} <= data.keys():
            return None
        suspicions = tuple(Suspicion(**each) for each in data.get("suspicions", ()))
        known = {name: data[name] for name in cls.__dataclass_fields__ if name in data}
        return cls(**{**known, "repairs": tuple(data.get("repairs", ())), "suspicions": suspicions})


def put_verdict(cell: NotebookNode, verdict: CellVerdict) -> None:
    """Write why a cell failed into its metadata, as `metadata.course`; a cell that held gets none."""
    cell.metadata.pop("course", None)
    if verdict.failure is not None:
        finding = asdict(verdict.finding) if verdict.finding else None
        cell.metadata["course"] = NotebookNode(kind=verdict.kind, failure=verdict.failure, finding=finding)


def verdict_of(cell: NotebookNode) -> CellVerdict | None:
    """Return why a cell of a graded notebook failed, or None where it held."""
    data = cell.metadata.get("course")
    if not isinstance(data, dict):
        return None
    finding = Finding(**data["finding"]) if data.get("finding") else None
    return CellVerdict(cell.get("id", ""), "", data["failure"], data["kind"], finding)
