"""Where nbgrader comes in: its own autograde, its API and Formgrader grade and give feedback by the course's means.

nbgrader_config.py calls `configure`. Autograde's exporter then reads what was handed in as bytes, has it graded by the
two processes, and hands nbgrader the graded notebook, whose scores nbgrader stores as ever.
"""

from __future__ import annotations

import copy
import hashlib
import os
import re
import stat
import textwrap
from datetime import datetime
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters import NotebookExporter
from nbgrader.converters.base import NbGraderException
from nbgrader.utils import parse_utc
from traitlets import Bool
from traitlets.config import Config

from course_utils.grading.marking import Job
from course_utils.grading.pieces import MEGABYTES
from course_utils.grading.sandbox import SandboxError, problem
from course_utils.grading.work import bundle_of, grade, submission_key

SANITIZERS: list[str] = []
GRADERS = ["nbgrader.preprocessors.SaveAutoGrades", "nbgrader.preprocessors.AssignLatePenalties"]
STUDENT = re.compile(r"\w[\w.@ -]{0,120}")
NO_NAME = (
    "a student's id may hold letters, digits and . _ @ - only, and begins with a letter or digit; "
    "rename the folder in submitted/"
)


def configure(config: Config) -> None:
    """Set nbgrader's configuration so that every way to grade goes through the sandbox and the examiner."""
    config.Autograde.exporter_class = "course_utils.grading.hooks.SubmissionExporter"
    config.Autograde.sanitize_preprocessors = SANITIZERS
    config.Autograde.autograde_preprocessors = GRADERS
    config.GenerateFeedback.exporter_class = "course_utils.grading.feedback_exporter.FeedbackExporter"
    config.ZipCollectApp.extractor_plugin = "course_utils.grading.intake.Extractor"
    config.ZipCollectApp.collector_plugin = "course_utils.grading.intake.Collector"
    # Formgrader finds score boxes by id, and a student's heading named like a cell would be found first.
    config.HTMLExporter.exclude_anchor_links = True


def job_of(root: Path, assignment: str, student: str, path: Path) -> Job:
    """Return the job that a handed-in file makes; links are not followed, and only plain files are read."""
    note, link = "", links_on_the_way(root, path.parent)
    data, missing = (None, link) if link else _read(path)
    if data is None and not link and not os.path.lexists(path):
        others = sorted(path.parent.glob("*.ipynb"))
        if len(others) == 1:
            data, missing = _read(others[0])
            note = f"The file was named {ascii(others[0].name)[1:-1][:80]}; it was read as {path.name}."
        elif others:
            missing = f"several notebooks were handed in, and none of them is named {path.name}"
    work = hashlib.sha256(data if data is not None else missing.encode()).hexdigest()
    return Job(student, data, submission_key(root, assignment, student, work), work, missing, note)


def _read(path: Path) -> tuple[bytes | None, str]:
    """Return a file's bytes, or why there are none."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        if path.is_symlink():
            return None, f"{path.name} is a link to somewhere else, and links are not followed"
        if isinstance(error, FileNotFoundError):
            return None, f"no file {path.name} was handed in"
        return None, f"{path.name} could not be read: {error.strerror}"
    try:
        about = os.fstat(handle)
        if not stat.S_ISREG(about.st_mode):
            return None, f"{path.name} is no file"
        if about.st_size > MEGABYTES * 1_000_000:
            size = f"{about.st_size / 1e6:,.0f} MB"
            return None, f"{path.name} has {size}, and at most {MEGABYTES} are read: clear its outputs"
        with os.fdopen(handle, "rb", closefd=False) as file:
            return file.read(MEGABYTES * 1_000_000), ""
    except OSError as error:
        return None, f"{path.name} could not be read: {error.strerror}"
    finally:
        os.close(handle)


def links_on_the_way(root: Path, path: Path) -> str:
    """Return why a path below `root` leads elsewhere, or nothing: below its first folder, no folder may be a link."""
    place, *parts = path.relative_to(root).parts
    for part in parts:
        place = f"{place}/{part}"
        if (root / place).is_symlink():
            return f"{place} is a link to somewhere else, and links are not followed"
    return ""


def handed_in_at(folder: Path) -> datetime | None:
    """Return the time in the `timestamp.txt` that nbgrader puts beside a submission, None where none can be read."""
    data, _ = _read(folder / "timestamp.txt")
    try:
        return parse_utc(data[:100].decode().strip()) if data else None
    except (ValueError, OverflowError, TypeError):
        return None


class SubmissionExporter(NotebookExporter):
    """Read a submission, whatever it is, as the graded notebook that it becomes."""

    unconfined = Bool(False, help="Grade without a sandbox: student code runs with your rights.").tag(config=True)

    def __init__(self, parent: Any = None, **kwargs: Any) -> None:
        super().__init__(parent=parent, **kwargs)
        if getattr(parent, "coursedir", None) is not None:
            self._demand_sandbox()
            # Nothing else that was handed in is copied or read: it may be a link, a pipe, or larger than the disk.
            parent.coursedir = copy.copy(parent.coursedir)
            parent.coursedir.ignore = [*parent.coursedir.ignore, "*"]
            parent.coursedir.get_existing_timestamp = lambda folder: handed_in_at(Path(folder))
            for place in [each for each in parent.assignments if not STUDENT.fullmatch(Path(each).parent.name)]:
                self.log.error("%s is left out: %s", ascii(place), NO_NAME)
                del parent.assignments[place]

    def _demand_sandbox(self) -> None:
        """Refuse now: nbgrader next removes what was graded before."""
        fault = None if self.unconfined else problem()
        if fault:
            why = textwrap.fill(refusal(SandboxError(fault)), 70)  # Formgrader shows no more of a line
            self.log.error(why)
            raise NbGraderException(why)

    def from_filename(self, filename: str, resources: Any = None, **kwargs: Any) -> Any:
        """Return the graded notebook of a submission; the second time, with its scores stored, as it is."""
        if not getattr(self.parent, "_sanitizing", False):
            return super().from_filename(filename, resources, **kwargs)
        about = resources["nbgrader"]
        assert self.parent is not None
        root = Path(self.parent.coursedir.root)
        released = root / self.parent.coursedir.release_directory / about["assignment"] / Path(filename).name
        bundle = bundle_of(root, about["assignment"], released)
        job = job_of(root, about["assignment"], about["student"], Path(filename))
        try:
            graded = grade(bundle, job, not self.unconfined)
        except SandboxError as error:
            raise NbGraderException(refusal(error)) from error
        if graded.failure:
            raise NbGraderException(graded.failure)
        return super().from_notebook_node(nbformat.v4.reads(graded.notebook), resources, **kwargs)


def refusal(error: SandboxError) -> str:
    """Return why nothing is graded without a sandbox, and what can be done."""
    return (
        f"nothing is graded without a sandbox: {error}. To grade people you trust without one, where their code can "
        "do whatever you can: course grade --unconfined, or nbgrader autograde --SubmissionExporter.unconfined=True"
    )
