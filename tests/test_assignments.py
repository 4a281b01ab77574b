"""Every assignment's graders, proved against right and wrong answers. Finds the assignments by itself."""

import pytest
from harness import Assignment, find_all, names, parses

from course_utils.grading import sweep

ALL = find_all()
EXERCISES = [pytest.param(a, e, id=f"{a.name.split('_')[0]}-{e.name}") for a, e in ALL]
WRONG = [pytest.param(a, e, m, id=f"{e.name}-{m.function.__name__}") for a, e in ALL for m in e.misconceptions]
RIGHT = [pytest.param(a, e, f, id=f"{e.name}-{f.__name__}") for a, e in ALL for f in e.alternatives]


@pytest.fixture(autouse=True)
def _faults_need_not_be_smallest(monkeypatch):
    """To make the call that is told as small as can be takes half of the time; test_grading looks at that."""
    monkeypatch.setattr(sweep, "_SHRINKING", 12)


def test_there_is_an_assignment():
    assert names()
    assert all(Assignment(name).exercises for name in names())


@pytest.mark.slow
@pytest.mark.parametrize(("assignment", "exercise"), EXERCISES)
def test_reference_gets_full_marks(assignment, exercise):
    assert assignment.lost(exercise, assignment.reference[exercise.name]) == {}


@pytest.mark.parametrize(("assignment", "exercise"), EXERCISES)
def test_stub_gets_nothing(assignment, exercise):
    stub = f"def {exercise.name}(*args, **kwargs):\n    raise NotImplementedError()\n"
    told = assignment.lost(exercise, stub)
    cells = {cell.facet for cell in assignment.cells if cell.exercise == exercise.name}
    assert set(told) == cells
    assert cells >= {"examples", *exercise.facets}


@pytest.mark.slow
@pytest.mark.parametrize(("assignment", "exercise", "misconception"), WRONG)
def test_misconception_loses_its_cells_and_is_named(assignment, exercise, misconception):
    told = assignment.lost(exercise, misconception.function)
    assert set(told) == misconception.loses
    hidden = [text for facet, text in told.items() if facet != "examples"]
    assert hidden
    assert any(misconception.says in text for text in hidden), hidden[0]


@pytest.mark.slow
@pytest.mark.parametrize(("assignment", "exercise", "alternative"), RIGHT)
def test_alternative_keeps_everything(assignment, exercise, alternative):
    assert assignment.lost(exercise, alternative) == {}


@pytest.mark.parametrize(("assignment", "exercise"), EXERCISES)
def test_exercise_has_its_anatomy(assignment, exercise):
    assert len(exercise.misconceptions) >= 3
    assert len(exercise.alternatives) >= 2
    assert exercise.read.startswith("lecture ")
    cells = {cell.metadata.get("nbgrader", {}).get("grade_id"): cell for cell in assignment.notebook.cells}
    statement = cells[f"{exercise.name}__statement"].source
    assert statement.count("<details>") >= 2
    assert "minutes" in statement
    assert parses(assignment.reference[exercise.name])
