"""What leaves the house: generated assignments, and the zip that students unpack."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from pathlib import Path

from course_utils.grading.pipeline import Course

# Everything a student has; what is not named here does not leave the house.
PARTS = (
    "README.md",
    "LICENSE",
    "LICENSE-TEXT",
    "CITATION.cff",
    "Makefile",
    "environment.yml",
    "pyproject.toml",
    "requirements.lock",
    "tools/setup_environment.py",
    "docs",
    "lectures",
    "assignments",
    "course_utils",
)
LEFT_OUT = {"grading", "__pycache__", ".ipynb_checkpoints"}
FOLDER = "convnets-computed"


def generate(root: Path, assignment: str, into: Path | None = None) -> Path:
    """Generate the student's folder of an assignment with nbgrader, by way of a scratch course; return its place.

    The scratch course keeps the instructor's gradebook out of it, so that a changed or added test is no error.
    `into` is the folder that holds assignments, `assignments/` of the course by default.
    """
    target = (into or root / "assignments") / assignment
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        shutil.copy(root / "nbgrader_config.py", place)
        shutil.copytree(root / "solutions" / assignment, place / "solutions" / assignment)
        made = Course(place).release(assignment)
        shutil.rmtree(target, ignore_errors=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(made, target)
    return target


def files(root: Path) -> list[Path]:
    """Return every file of a student's copy, relative to the course folder, sorted."""
    found = []
    for part in PARTS:
        path = root / part
        inside = [path] if path.is_file() else path.rglob("*")
        found += [each.relative_to(root) for each in inside if each.is_file()]
    return sorted(each for each in found if not LEFT_OUT & set(each.parts))


def pack(root: Path, path: Path) -> Path:
    """Write the zip; the same files give the same bytes. Return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for each in files(root):
            entry = zipfile.ZipInfo(f"{FOLDER}/{each.as_posix()}", (2026, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, (root / each).read_bytes())
    return path
