"""A class at once: workers, schedulers, a run that is killed, a regrade, a reader's grades, no sandbox."""

import os
import shutil
import signal
import subprocess
import sys
import time

import distributed
import pytest
from click.testing import CliRunner
from harness import ROOT, thin_pools

from course_utils.cli import main
from course_utils.grading import classroom, demo, sandbox, work
from course_utils.grading.crowd import cores
from course_utils.grading.marking import as_file
from course_utils.grading.pipeline import Course, Crew, GradingError

A1 = "a1_convolution_arithmetic"
WANTED = ("ada", "hal", "kim", "ned", "sam", "uma")

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")]  # of nbgrader's own
if sandbox.problem() and not os.environ.get("CI"):
    pytest.skip(f"no sandbox here: {sandbox.problem()}", allow_module_level=True)


@pytest.fixture(scope="module")
def handed_in(tmp_path_factory):
    """A small class that has handed in and is not graded."""
    place = tmp_path_factory.mktemp("class") / "course"
    everybody = classroom.demo_class(A1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(classroom, "demo_class", lambda _: [each for each in everybody if each.id in WANTED])
        demo.make_class(ROOT, place, A1)
    thin_pools(place, A1)
    return place


@pytest.fixture(scope="module")
def graded(handed_in):
    """The class graded once on two workers, and what its files then held."""
    course = Course(handed_in)
    run = course.grade(A1, course.submitted(A1), Crew(workers=2))
    assert run.failures == {}
    assert sorted(each.student for each in run.graded) == sorted(WANTED)
    course.write_feedback(A1, run.failures)
    return course, files(course)


@pytest.fixture
def a_copy(graded, tmp_path):
    """A course folder of its own with the class graded."""
    place = tmp_path / "copy"
    shutil.copytree(graded[0].root, place)
    return Course(place)


@pytest.fixture(scope="module", autouse=True)
def _desks_closed():
    yield
    work.close_desks()


def files(course):
    return {student: course.autograded(A1, student).read_text() for student in course.submitted(A1)}


def points(course):
    return {result.student: result.by_cell for result in course.results(A1)}


def test_one_worker_and_eight_give_the_same_files(a_copy, graded):
    for workers in (1, 8):
        ticks = []
        run = a_copy.grade(A1, a_copy.submitted(A1), Crew(workers=workers), force=True, tick=ticks.append)
        assert (run.failures, run.kept, run.moved) == ({}, [], [])
        assert sorted(ticks) == sorted(WANTED)
        assert files(a_copy) == graded[1]
    assert cores() >= 1


def test_what_has_not_changed_is_left_alone(a_copy):
    stamps = {student: a_copy.autograded(A1, student).stat().st_mtime_ns for student in WANTED}
    run = a_copy.grade(A1, a_copy.submitted(A1))
    assert sorted(run.kept) == sorted(WANTED)
    assert run.graded == []
    assert {student: a_copy.autograded(A1, student).stat().st_mtime_ns for student in WANTED} == stamps


def test_a_run_that_is_killed_grades_what_is_missing_and_nothing_twice(handed_in, graded, tmp_path):
    place = tmp_path / "killed"
    shutil.copytree(handed_in, place, ignore=shutil.ignore_patterns("autograded", "feedback"))
    command = [sys.executable, "-m", "course_utils", "grade", "a1", "--root", str(place), "--workers", "1"]
    running = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, start_new_session=True)
    until = time.monotonic() + 240
    while len(list(place.glob(f"autograded/*/{A1}/*.ipynb"))) < 2 and time.monotonic() < until:
        assert running.poll() is None, "it ended before it could be killed"
        time.sleep(0.02)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    course = Course(place)
    done = [path.parent.parent.name for path in place.glob(f"autograded/*/{A1}/{A1}.ipynb")]
    assert 2 <= len(done) < len(WANTED)
    run = course.grade(A1, course.submitted(A1), Crew(workers=2))
    assert sorted(run.kept) == sorted(done)
    assert sorted(each.student for each in run.graded) == sorted(set(WANTED) - set(done))
    assert files(course) == graded[1]
    assert points(course) == points(graded[0])


def test_a_readers_grade_and_comment_survive(a_copy):
    with a_copy.gradebook as gradebook:
        grade = gradebook.find_grade("why_share", A1, A1, "ada")
        grade.manual_score, grade.needs_manual_grade = 3.5, False
        gradebook.find_comment("why_share", A1, A1, "ada").manual_comment = "Clear & <b>short</b>"
        gradebook.db.commit()
    run = a_copy.grade(A1, ["ada"], force=True)
    assert run.moved == []
    results = {result.student: result for result in a_copy.write_feedback(A1, run.failures)}
    assert results["ada"].by_cell["why_share"] == 3.5
    assert results["ada"].by_hand == []
    assert results["ada"].total == 52.5
    page = results["ada"].feedback.read_text()
    assert "Clear &amp; &lt;b&gt;short&lt;/b&gt;" in page


def test_changed_tests_show_which_scores_moved_and_why(a_copy):
    examiner = a_copy.root / "solutions" / A1 / "examiner" / "__init__.py"
    kinder = "from course_utils.grading.exercise import Call, Facet, same_values\n"
    kinder += 'fc_params.facets["values"] = Facet(same_values, (Call((3, 1)),))\n'
    examiner.write_text(examiner.read_text() + kinder)
    run = a_copy.grade(A1, a_copy.submitted(A1))
    assert run.kept == []
    moved = [(each.student, each.grade_id, each.before, each.why) for each in run.moved]
    assert moved == [("sam", "fc_params__values", 0.0, "the tests have changed")]
    said = CliRunner().invoke(main, ["grade", "a1", "--root", str(a_copy.root)])
    assert said.exit_code == 0, said.output
    assert "6 were graded before and have not changed" in said.output


def test_work_handed_in_anew_is_graded_again(a_copy):
    released = classroom.read(a_copy.released(A1))
    solved = classroom.read(classroom.assignment_notebook(ROOT, A1))
    better = classroom.submission(released, solved, A1, classroom.Student("kim", "", {}))
    (a_copy.root / "submitted" / "kim" / A1 / f"{A1}.ipynb").write_text(as_file(better))
    run = a_copy.grade(A1, a_copy.submitted(A1))
    assert [each.student for each in run.graded] == ["kim"]
    assert {each.why for each in run.moved} == {"handed in anew"}
    assert sum(each.after - each.before for each in run.moved) == 49


def test_a_cluster_of_two_processes_gives_the_same_files(a_copy, graded, tmp_path):
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    quiet = {"cwd": tmp_path, "env": environment, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    told = ["--scheduler-file", str(tmp_path / "scheduler.json"), "--no-dashboard"]
    dask = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", *told]
    worker = [sys.executable, "-m", "distributed.cli.dask_worker", "--nthreads", "1", "--no-nanny", *told]
    parts = [subprocess.Popen(each, **quiet) for each in (dask, worker, worker)]
    try:
        until = time.monotonic() + 90
        while not (tmp_path / "scheduler.json").exists() and time.monotonic() < until:
            time.sleep(0.1)
        with distributed.Client(scheduler_file=told[1], set_as_default=False) as client:
            client.wait_for_workers(2, timeout=90)
            address = client.scheduler.address
        run = a_copy.grade(A1, a_copy.submitted(A1), Crew(scheduler=address), force=True)
        assert run.failures == {}
        assert files(a_copy) == graded[1]
    finally:
        for part in reversed(parts):
            part.terminate()
            part.wait(20)


def test_a_scheduler_that_does_not_answer_is_named(a_copy, monkeypatch):
    monkeypatch.setattr("course_utils.grading.crowd.CONNECT_SECONDS", 1)
    with pytest.raises(GradingError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:9"):
        a_copy.grade(A1, ["ada"], Crew(scheduler="tcp://127.0.0.1:9"), force=True)


def test_without_a_sandbox_grading_refuses_and_says_what_to_install(a_copy, monkeypatch):
    work.close_desks()
    monkeypatch.setenv("PATH", str(a_copy.root))
    with pytest.raises(GradingError, match=r"apt install bubblewrap.*--unconfined"):
        a_copy.grade(A1, ["ada"], force=True)


def test_without_a_sandbox_everything_says_so(a_copy, monkeypatch):
    work.close_desks()
    monkeypatch.setenv("PATH", str(a_copy.root))
    said = CliRunner().invoke(main, ["grade", "a1", "--root", str(a_copy.root), "--student", "hal", "--unconfined"])
    assert said.exit_code == 0, said.output
    assert "Graded without a sandbox" in said.output
    result = next(each for each in a_copy.results(A1) if each.student == "hal")
    assert result.record.confined is False
    assert result.total == 41
    for page in (result.feedback, a_copy.root / f"class-report-{A1}.html"):
        assert "without a sandbox" in page.read_text(), page
    work.close_desks()


def test_an_examiner_that_is_gone_is_started_again(handed_in):
    course = Course(handed_in)
    desk = work.Desk(work.bundle_of(course.root, A1, course.released(A1)))
    try:
        job = course._job(A1, "hal")
        first = desk.grade(job)
        desk._host._process.kill()
        desk._host._process.wait()
        assert desk.grade(job).notebook == first.notebook != ""
    finally:
        desk.close()
