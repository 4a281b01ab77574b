"""Simple mutations of every right answer: each is killed, or listed as equivalent with its reason.

Of the references all are judged, of the alternatives a third; `make mutants` judges all.
"""

import os
import sys
import zlib
from functools import cache

import pytest
from harness import find_all
from mutants import mutants

from course_utils import checks
from course_utils.grading.classroom import answer_source

ALL = os.environ.get("COURSE_MUTANTS") == "all"
ANSWERS = [
    pytest.param(assignment, exercise, answer, id=f"{exercise.name}-{getattr(answer, '__name__', 'reference')}")
    for assignment, exercise in find_all()
    for answer in (assignment.whole_reference(exercise), *exercise.alternatives)
]


@cache  # two tests want them, and making those of a long answer takes seconds
def mutants_of(source):
    return tuple(mutants(source))


@pytest.fixture(autouse=True)
def _endless_loops_end_soon(monkeypatch):
    monkeypatch.setattr(checks, "SECONDS_A_CALL", 0.5)
    for name, module in list(sys.modules.items()):
        if name.startswith("examiner_of_") and getattr(module, "SECONDS", 0) > 4:  # what trains is given more
            monkeypatch.setattr(module, "SECONDS", 4.0)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # an alarm in a destructor
@pytest.mark.slow
@pytest.mark.parametrize(("assignment", "exercise", "answer"), ANSWERS)
def test_mutants_are_killed(assignment, exercise, answer, record_property):
    made = mutants_of(answer_source(exercise, answer))
    assert made
    # Those listed as equivalent may live, and judging them takes longest: every facet to its end.
    to_kill = [(name, source) for name, source in made if name not in exercise.equivalent]
    if answer in exercise.alternatives and not ALL:
        to_kill = [(name, source) for name, source in to_kill if zlib.crc32(source.encode()) % 3 == 0]
    record_property("mutants", (exercise.name, len(made), len(to_kill)))
    unexplained = [name for name, source in to_kill if assignment.survives(exercise, source)]
    assert not unexplained, "\n".join(unexplained)


@pytest.mark.parametrize(("assignment", "exercise"), find_all(), ids=lambda value: getattr(value, "name", ""))
def test_equivalents_are_mutants_that_exist(assignment, exercise):
    answers = (assignment.whole_reference(exercise), *exercise.alternatives)
    names = {name for answer in answers for name, _source in mutants_of(answer_source(exercise, answer))}
    assert set(exercise.equivalent) <= names
    assert all(exercise.equivalent.values())
