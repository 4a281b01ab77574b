"""Every assignment's made-up class, graded through sandbox and examiner: right, wrong and forged."""

import html
import os
from dataclasses import replace

import pytest
from harness import ROOT, names

from course_utils.grading import classroom, demo, sandbox, work
from course_utils.grading.pipeline import Crew

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")]  # of nbgrader's own
if sandbox.problem() and not os.environ.get("CI"):
    pytest.skip(f"no sandbox here: {sandbox.problem()}", allow_module_level=True)
GRADED_ELSEWHERE = {"a1_convolution_arithmetic"}  # by the command itself, in test_grading


def briefly(assignment):
    """Return the class; who answers something wrongly answers nothing else: others show what right answers get."""
    for member in classroom.load_examiner(assignment).CLASS:
        rest = dict.fromkeys(classroom.load_exercises(assignment))
        whole = member.alternative is not None or member.released
        yield member if whole else replace(member, answers={**rest, **member.answers})


@pytest.fixture(scope="module", params=sorted(set(names()) - GRADED_ELSEWHERE))
def graded(request, tmp_path_factory):
    """A class that has handed in an assignment, graded: its name, its members by id, its results by id."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(classroom, "demo_class", lambda assignment: list(briefly(assignment)))
        course, members = demo.make_class(ROOT, tmp_path_factory.mktemp("class") / "course", request.param)
    run = course.grade(request.param, course.submitted(request.param), Crew(workers=1))  # another desk costs seconds
    assert run.failures == {}
    results = {result.student: result for result in course.write_feedback(request.param, run.failures)}
    yield request.param, {member.id: member for member in members}, results
    work.close_desks()


def test_everybody_gets_what_they_deserve(graded):
    assignment, members, results = graded
    assert set(results) == set(members)
    by_hand = {
        cell.grade_id
        for cell in classroom.grade_cells(classroom.read(classroom.assignment_notebook(ROOT, assignment)))
        if cell.by_hand
    }
    for name, member in members.items():
        foretold = classroom.deserved(ROOT, assignment, member)
        assert foretold is not None, name
        assert {cell: points for cell, points in results[name].by_cell.items() if cell not in by_hand} == foretold, name


def test_class_is_of_all_kinds(graded):
    _, members, results = graded
    most = max(result.total for result in results.values())
    full = [name for name in members if results[name].total == most]
    assert len(full) >= 2
    assert any(members[name].alternative is not None for name in full)
    assert any(members[name].released and results[name].total == 0 for name in members)
    assert len({result.total for result in results.values()}) >= 5


def test_forgers_are_named_and_nobody_else(graded):
    _, members, results = graded
    forgers = {name for name, member in members.items() if member.story.startswith("forger")}
    assert len(forgers) >= 2
    assert {name for name in members if results[name].record.suspicions} == forgers


def test_wrong_answers_are_told_their_misconception(graded):
    assignment, members, results = graded
    exercises = {each.name: each for each in classroom.load_exercises(assignment).values()}
    for name, member in members.items():
        page = html.unescape(results[name].feedback.read_text(encoding="utf-8"))
        for asked, answer in member.answers.items():
            says = [each.says for each in exercises[asked].misconceptions if each.function is answer]
            assert all(said in page for said in says), (name, asked)
