"""nbgrader's autograde with the examiner in place of a kernel that is believed: same gradebook, deserved scores."""

import os

import pytest
from harness import ROOT

from course_utils.grading import classroom, demo, execute, sandbox
from course_utils.grading.pipeline import Course

A1 = "a1_convolution_arithmetic"
AFTER = ("IgnorePattern", "LimitOutput", "SaveAutoGrades", "AssignLatePenalties", "CheckCellMetadata")

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")]  # of nbgrader's own
if sandbox.problem() and not os.environ.get("CI"):
    pytest.skip(f"no sandbox here: {sandbox.problem()}", allow_module_level=True)


def test_autograde_with_the_examiner_gives_what_is_deserved(tmp_path, monkeypatch):
    wanted = ("hal", "ned", "kim")
    everybody = classroom.demo_class(A1)
    chosen = [member for member in everybody if member.id in wanted]
    monkeypatch.setattr(classroom, "demo_class", lambda _assignment: chosen)
    place = tmp_path / "class"
    demo.make_class(ROOT, place, A1)
    steps = ["course_utils.grading.execute.Examine", *(f"nbgrader.preprocessors.{name}" for name in AFTER)]
    config = place / "nbgrader_config.py"
    config.write_text(f"{config.read_text()}\nc.Autograde.autograde_preprocessors = {steps!r}\n")
    course = Course(place)
    try:
        failures = course.grade(A1, course.submitted(A1), lambda _student: None)
    finally:
        execute.close_warm_processes()
    assert failures == {}
    results = {result.student: result for result in course.results(A1, failures)}
    for member in chosen:
        own = {cell: points for cell, points in results[member.id].by_cell.items() if cell != "why_share"}
        if member.id == "ned":  # the cell that ends Python costs its own exercise, and no other
            assert [cell for cell, points in own.items() if not points] == [
                c for c in own if c.startswith("convolve1d")
            ]
        else:
            assert own == classroom.deserved(ROOT, A1, member)
    assert "groups is not looked at" in results["hal"].wrong["conv_params"]
    secret = place / execute.SECRET_FILE
    assert secret.stat().st_mode & 0o077 == 0
    assert execute.course_secret(place) == execute.course_secret(place)
