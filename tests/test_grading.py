"""Grading through nbgrader itself: a class of the demo, commands that say what is wrong, files that are written."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from click.testing import CliRunner
from harness import ROOT, names
from hypothesis import strategies as st

from course_utils.cli import main
from course_utils.grading import classroom, demo, examiner, loading, sandbox, sweep
from course_utils.grading.exercise import Call, Exercise, Facet, same_values, source_as
from course_utils.grading.pipeline import Course, GradingError
from course_utils.grading.report import summary, write_csv
from course_utils.grading.result import Grade, Result

A1 = "a1_convolution_arithmetic"
FORGERS = {"rex", "sam", "tia"}
needs_sandbox = pytest.mark.skipif(
    bool(sandbox.problem()) and not os.environ.get("CI"), reason=f"no sandbox here: {sandbox.problem()}"
)


@pytest.fixture(autouse=True)
def _in_the_course(monkeypatch):
    monkeypatch.setenv("COURSE_ROOT", str(ROOT))
    monkeypatch.chdir(ROOT)


def course(*arguments):
    return CliRunner().invoke(main, list(map(str, arguments)))


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """The demo class, graded once by the command itself in a process of its own."""
    place = tmp_path_factory.mktemp("class") / "demo"
    command = [sys.executable, "-m", "course_utils", "demo", "--folder", str(place)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1500)
    assert done.returncode == 0, done.stdout + done.stderr
    return place, done.stdout


@pytest.fixture(scope="module")
def demo_class(graded):
    """Return the members of the demo class and their results, by id."""
    results = {result.student: result for result in Course(graded[0]).results(A1)}
    return {member.id: member for member in classroom.demo_class(A1)}, results


@pytest.mark.slow
@needs_sandbox
def test_demo_class_gets_what_it_deserves(demo_class):
    members, results = demo_class
    assert set(results) == set(members)
    assert len(members) >= 20
    # Some right answers call a wrong one of the same student's, and fall with it.
    dependent = {"eva", "fay", "gus", "ola", "Núñez_Pía", "dan"}
    for name, member in members.items():
        foretold = classroom.deserved(ROOT, A1, member)
        own = {cell: points for cell, points in results[name].by_cell.items() if cell != "why_share"}
        assert set(own) == set(foretold)
        if name not in dependent:
            assert own == foretold, name
        assert all(own[cell] <= foretold[cell] for cell in own), name
    assert results["ned"].total == 43
    assert results["mia"].total == 44
    assert results["vic"].total == 49
    assert len(results["vic"].record.repairs) >= 4


@pytest.mark.slow
@needs_sandbox
def test_forgers_get_what_they_deserve_and_are_named(demo_class, graded):
    members, results = demo_class
    place, printed = graded
    for name in FORGERS:
        assert members[name].story.startswith("forger")
        assert results[name].total == sum(classroom.deserved(ROOT, A1, members[name]).values()) < 49
        assert results[name].record.suspicions
        line = next(line for line in printed.splitlines() if line.startswith("looks like") and f": {name}: " in line)
        assert results[name].record.suspicions[0].what in line
    honest = set(members) - FORGERS - {"ned"}
    assert not [name for name in honest if results[name].record.suspicions]
    report = (place / f"class-report-{A1}.html").read_text()
    for name in FORGERS:
        assert results[name].record.suspicions[0].what.split("(")[0].split("'")[0].strip() in report


@pytest.mark.slow
@needs_sandbox
def test_demo_prints_the_table_and_names_the_page(graded):
    place, printed = graded
    assert "what went wrong" in printed
    for words in (
        "ada",
        "53",
        "groups is not looked at",
        "it was never defined",
        "did not come back within",
        "not written yet",
        "breaks off in the middle",
    ):
        assert words in printed
    page = next(Path(line.removeprefix("Open ")) for line in printed.splitlines() if line.startswith("Open "))
    assert page.is_file()
    assert "Traceback" not in printed
    assert place.name in printed


@pytest.mark.slow
@needs_sandbox
def test_grades_csv_is_quoted_and_complete(graded):
    place, _ = graded
    with (place / "grades.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(classroom.demo_class(A1))
    assert {row["name"] for row in rows} >= {'Núñez, "Pía"', "ada"}
    ada = next(row for row in rows if row["student_id"] == "ada")
    assert float(ada["total"]) == 49
    assert ada["by_hand"] == "why_share"
    assert ada["what_went_wrong"] == ""


@pytest.mark.slow
@needs_sandbox
def test_feedback_names_the_misconception_and_shows_no_frame_of_ours(graded):
    place, _ = graded
    page = (place / "feedback" / "hal" / A1 / f"{A1}.html").read_text()
    assert "groups is not looked at" in page
    assert "Read again: lecture 04" in page
    assert "examiner.py" not in page
    assert "ExerciseFailed" not in page.replace("ExerciseFailed: ", "")


@pytest.mark.slow
@needs_sandbox
def test_grading_again_by_nbgrader_itself_gives_the_same_score(graded):
    place, _ = graded
    students = ("hal", "ned", "rex", "uma")
    before = {result.student: result.by_cell for result in Course(place).results(A1)}
    files = {name: Course(place).autograded(A1, name).read_text() for name in students}
    environment = {key: value for key, value in os.environ.items() if key != "COURSE_ROOT"}
    others = ",".join(sorted(set(before) - set(students)))
    command = [sys.executable, "-m", "nbgrader", "autograde", A1, "--force"]
    command.append(f"--CourseDirectory.student_id_exclude={others}")
    done = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    assert all(done.stderr.count(f"submitted/{name}/") for name in students)
    assert not any(done.stderr.count(f"submitted/{name}/") for name in others.split(","))
    for name in students:
        assert Course(place).autograded(A1, name).read_text() == files[name]
    after = {result.student: result.by_cell for result in Course(place).results(A1)}
    assert after == before


def test_demo_leaves_a_folder_of_somebody_else_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("four years")
    said = course("demo", "--folder", tmp_path)
    assert said.exit_code == 1
    assert "was not made by a demo" in said.output
    assert (tmp_path / "thesis.txt").read_text() == "four years"
    with pytest.raises(GradingError, match="not empty"):
        demo.make_class(ROOT, tmp_path, A1)


@pytest.mark.parametrize("command", [[], ["demo"], ["grade"], ["release"], ["check"]])
def test_every_command_has_help(command):
    said = course(*command, "--help")
    assert said.exit_code == 0
    assert "Usage" in said.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["grade", "a9"], "no assignment 'a9'; there are: a1_convolution_arithmetic"),
        (["demo", "zzz"], "no assignment 'zzz'"),
        (["release", "zzz"], "no assignment 'zzz'"),
        (["demo", "--students", "0"], "0 is not in the range"),
        (["check", "nowhere.ipynb"], "there is no file nowhere.ipynb"),
        (["check", "README.md"], "no notebook that can be read"),
        (["check", "lectures/03_two_dimensions.ipynb"], "holds no tests"),
        (["grade", "a1", "--root", "tests"], "no assignment 'a1'"),
        (["frobnicate"], "No such command"),
    ],
)
def test_wrong_arguments_get_one_clear_line(arguments, words):
    said = course(*arguments)
    assert said.exit_code != 0
    assert words in said.output
    assert "Traceback" not in said.output


def test_grade_says_when_nothing_was_handed_in(tmp_path):
    (tmp_path / "solutions" / A1).mkdir(parents=True)
    for part in ("nbgrader_config.py", f"solutions/{A1}/{A1}.ipynb"):
        (tmp_path / part).write_text((ROOT / part).read_text())
    said = course("grade", "a1", "--root", tmp_path)
    assert said.exit_code == 1
    assert "nothing was handed in" in said.output
    (tmp_path / "submitted" / "zoe" / A1).mkdir(parents=True)
    said = course("grade", "a1", "--root", tmp_path, "--student", "yan")
    assert "yan handed in nothing; there are: zoe" in said.output


def test_no_course_folder_is_said(tmp_path):
    with pytest.raises(GradingError, match="no course folder"):
        Course(tmp_path)
    with pytest.raises(FileNotFoundError, match="no assignment 'x'"):
        loading.load_examiner("x")
    with pytest.raises(KeyError, match="fc_params/values"):
        examiner.examine(A1, "fc_params", "nothing", abs)


def test_csv_takes_the_sting_out_of_formulas(tmp_path):
    grade = Grade("a__values", 1.0, 2.0, kind="CheckFailed", failure='+1, "quoted"\nline')
    result = Result("x", "=HYPERLINK(1)", [grade])
    write_csv(tmp_path / "grades.csv", "a1", [result])
    with (tmp_path / "grades.csv").open(newline="", encoding="utf-8") as file:
        row = next(csv.DictReader(file))
    assert row["name"].startswith("'=")
    assert row["what_went_wrong"].startswith("'+1")
    assert summary(Result("x", "x", failure="why")) == ["not graded: why"]


def test_submissions_are_made_as_described():
    released = classroom.read(ROOT / "assignments" / A1 / f"{A1}.ipynb")
    solved = classroom.read(classroom.assignment_notebook(ROOT, A1))
    for member in classroom.demo_class(A1):
        notebook = classroom.submission(released, solved, A1, member)
        nbformat.validate(notebook)
        assert "BEGIN SOLUTION" not in nbformat.writes(notebook)
        assert (notebook == released) is member.released
    with pytest.raises(KeyError, match="does not ask"):
        classroom.submission(released, solved, A1, classroom.Student("x", "", {"nothing": None}))
    with pytest.raises(FileNotFoundError, match="there are: a1"):
        classroom.assignment_notebook(ROOT, "a9")


def test_source_of_an_answer_is_renamed_and_undecorated():
    exercise = loading.load_exercises(A1)["fc_params"]
    source = source_as(exercise.misconceptions[0].function, "fc_params")
    assert source.startswith("def fc_params(in_features")
    assert source_as(Call, "Asked").startswith("class Asked:")
    with pytest.raises(ValueError, match="no plain function or class"):
        source_as(loading, "x")


def test_the_same_facet_is_examined_alike_each_time():
    exercise = loading.load_exercises(A1)["conv_params"]
    asked = []
    for _ in range(2):
        sitting = sweep.Sitting(exercise, exercise.facets["values"], exercise.oracle)
        sitting.run(sweep.key_of(b"", A1, "conv_params", "values"))
        asked.append([answered.asked for answered in sitting.seen])
    assert asked[0] == asked[1]
    assert len(asked[0]) > 50


def halves(number):
    if number % 4 == 3:
        raise ValueError("the oracle has no answer to this")
    return number / 2


def exercise_of(numbers):
    facet = Facet(same_values, (), st.sampled_from(numbers).map(lambda number: Call((number,))), 5)
    return Exercise("halve", halves, "lecture 01", {"values": facet})


def test_drawn_calls_that_the_oracle_cannot_answer_are_left_out():
    exercise = exercise_of(range(40))
    left_out = sweep.prepare(A1, {"halve": exercise}, b"some secret")
    [pool] = exercise.pools.values()
    assert {asked.args[0] % 4 for asked in pool} == {0, 1, 2}
    assert left_out[0] == "halve, values: ValueError: the oracle has no answer to this"
    assert all(id(asked) in exercise.known for asked in pool)


def test_an_oracle_that_mostly_fails_is_an_error():
    with pytest.raises(ValueError, match="no answer"):
        sweep.prepare(A1, {"halve": exercise_of([3, 7, 11, 2])}, b"some secret")


@pytest.mark.parametrize("secret", [b"", b"1", b"2"])
def test_the_fault_that_is_told_is_the_smallest(secret):
    drawn = st.integers(0, 1000).map(lambda number: Call((number,)))
    exercise = Exercise("double", lambda x: 2 * x, "lecture 01", {"values": Facet(same_values, (), drawn)})
    sitting = sweep.Sitting(exercise, exercise.facets["values"], lambda x: 2 * x if x < 17 else 2 * x + 1)
    sitting.run(sweep.key_of(secret, "values"))
    assert sitting.fault is not None
    assert sitting.fault.asked.args == (17,)


def test_misconceptions_are_asked_once_at_calls_that_stay():
    asked = []

    def doubled(number):
        asked.append(number)
        return 2 * number

    exercise = exercise_of(range(0, 40, 4))
    exercise.facets["values"] = Facet(same_values, (Call((8,)),), exercise.facets["values"].sweep, 5)
    exercise.misconception("A half is no double.", "values")(doubled)
    sweep.prepare(A1, {"halve": exercise}, b"")
    for last in (2, 6):
        sitting = sweep.Sitting(exercise, exercise.facets["values"], lambda number: 2 * number)
        sitting.run(sweep.key_of(b"", "values"), "ask")
        sitting.ask(Call((last,)))
        assert examiner.name_misconception(sitting) == "A half is no double."
    assert sorted(set(asked)) == sorted(asked)
    assert {2, 6, 8} <= set(asked)


def test_assignments_are_found_by_themselves():
    assert A1 in names()
