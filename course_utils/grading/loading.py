"""Find the course folder, and load an assignment's examiner and its policy from its solutions."""

from __future__ import annotations

import importlib.util
import os
import sys
import tomllib
from dataclasses import fields
from functools import cache
from pathlib import Path
from types import ModuleType

from course_utils.grading.exercise import Exercise
from course_utils.grading.sandbox import Limits, Policy

HANDED_IN = ("submitted", "downloaded", "autograded", "feedback")


def course_root() -> Path:
    """Return the folder that holds `solutions/`: COURSE_ROOT where it is set, else the nearest one upwards.

    A folder in what students handed in is none, whatever it holds.
    Raises FileNotFoundError that says what to set where there is none.
    """
    named = os.environ.get("COURSE_ROOT")
    places = [Path(named)] if named else [Path.cwd(), *Path.cwd().parents]
    for place in places:
        if _is_course(place) and (named or not _is_handed_in(place)):
            return place.resolve()
    raise FileNotFoundError(
        f"no folder solutions/ in {places[0]} or above it; run inside the course or set COURSE_ROOT"
    )


def _is_course(place: Path) -> bool:
    return (place / "solutions").is_dir()


def _is_handed_in(place: Path) -> bool:
    return any(_is_course(root) and place.relative_to(root).parts[0] in HANDED_IN for root in place.parents)


@cache
def load_examiner(assignment: str) -> ModuleType:
    """Return the examiner package of an assignment, from `solutions/<assignment>/examiner/`.

    Raises FileNotFoundError where the assignment has none.
    """
    folder = course_root() / "solutions" / assignment / "examiner"
    if not (folder / "__init__.py").is_file():
        known = sorted(path.parent.parent.name for path in folder.parent.parent.glob("*/examiner/__init__.py"))
        raise FileNotFoundError(
            f"no assignment {assignment!r} with an examiner; there are: {', '.join(known) or 'none'}"
        )
    name = f"examiner_of_{assignment}"
    spec = importlib.util.spec_from_file_location(
        name, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def load_exercises(assignment: str) -> dict[str, Exercise]:
    """Return the exercises of an assignment by name, in the order of the notebook."""
    return {exercise.name: exercise for exercise in load_examiner(assignment).EXERCISES}


def policy_of(root: Path, assignment: str) -> Policy:
    """Return how an assignment wants its student process confined: `solutions/<assignment>/policy.toml`, if any.

    `hidden` lists packages; the table `limits` sets any of Limits' fields. Raises ValueError with the known names
    where the file says something else.
    """
    path = root / "solutions" / assignment / "policy.toml"
    if not path.is_file():
        return Policy()
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path.name} of {assignment} is not TOML: {error}") from error
    limits, hidden = said.pop("limits", {}), said.pop("hidden", [])
    known: dict[str, type] = {each.name: type(getattr(Limits, each.name)) for each in fields(Limits)}
    wrong = [*said, *(name for name, value in limits.items() if name not in known or not _is_limit(value))]
    if wrong or not isinstance(hidden, list) or not all(isinstance(name, str) for name in hidden):
        what = ", ".join(wrong) or "hidden"
        raise ValueError(
            f"policy.toml of {assignment}: {what} cannot be read; it may hold hidden = [packages] and [limits] "
            f"with positive numbers for {', '.join(known)}"
        )
    return Policy(Limits(**{name: known[name](value) for name, value in limits.items()}), tuple(hidden))


def _is_limit(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0
