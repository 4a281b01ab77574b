"""What leaves the house: assignments/ without drift, and a zip that works where nothing else is."""

import filecmp
import json
import os
import shutil
import subprocess
import sys
import zipfile

import pytest
from harness import ROOT, names

from course_utils.grading import classroom, student_zip


@pytest.mark.parametrize("name", names())
def test_no_drift_between_assignments_and_solutions(name, tmp_path):
    made = student_zip.generate(ROOT, name, tmp_path)
    there = ROOT / "assignments" / name
    assert sorted(path.name for path in made.iterdir()) == sorted(
        path.name for path in there.iterdir() if path.is_file()
    )
    for path in made.iterdir():
        assert filecmp.cmp(path, there / path.name, shallow=False), f"{path.name} drifted: run make release and commit"


@pytest.mark.parametrize("name", names())
def test_release_holds_no_solution_and_no_hidden_test(name):
    text = (ROOT / "assignments" / name / f"{name}.ipynb").read_text()
    for secret in ("BEGIN SOLUTION", "BEGIN HIDDEN", "examine(", "course_utils.grading"):
        assert secret not in text
    cells = json.loads(text)["cells"]
    stubs = [cell for cell in cells if cell["metadata"].get("nbgrader", {}).get("solution")]
    assert stubs
    assert all("NotImplementedError" in "".join(c["source"]) for c in stubs if c["cell_type"] == "code")


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    """The students' zip, unpacked far from the course."""
    place = tmp_path_factory.mktemp("student")
    packed = student_zip.pack(ROOT, place / "student.zip")
    with zipfile.ZipFile(packed) as archive:
        archive.extractall(place)
    return place / student_zip.FOLDER


def test_zip_holds_what_a_student_needs_and_no_more(unpacked):
    inside = {path.relative_to(unpacked).parts[0] for path in unpacked.rglob("*") if path.is_file()}
    assert {"lectures", "assignments", "course_utils", "README.md", "Makefile"} <= inside
    assert not inside & {"solutions", "tests", "benchmarks", "nbgrader_config.py"}
    assert not (unpacked / "course_utils" / "grading").exists()
    assert len(list(unpacked.glob("lectures/*.ipynb"))) == len(list(ROOT.glob("lectures/*.ipynb")))


def test_zip_is_the_same_twice(tmp_path):
    one, two = (student_zip.pack(ROOT, tmp_path / name) for name in ("one.zip", "two.zip"))
    assert one.read_bytes() == two.read_bytes()


def bare(unpacked, *arguments):
    """Run Python with the unpacked course as its only course: an empty home, no COURSE_ROOT, no editable install."""
    home = unpacked.parent / "home"
    home.mkdir(exist_ok=True)
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "OMP_NUM_THREADS": "1", "PYTHONPATH": str(unpacked)}
    environment["MPLCONFIGDIR"] = str(home)
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=unpacked, env=environment, capture_output=True, text=True, timeout=300)


@pytest.mark.slow
def test_every_module_of_the_zip_imports_without_the_instructors_side(unpacked):
    script = (
        "import importlib, pkgutil, course_utils\n"
        "found = [m.name for m in pkgutil.walk_packages(course_utils.__path__, 'course_utils.')]\n"
        "[importlib.import_module(name) for name in found if not name.endswith('__main__')]\n"
        "print(course_utils.__file__, len(found), any('grading' in name for name in found))\n"
    )
    done = bare(unpacked, "-c", script)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(unpacked))
    assert done.stdout.split()[-1] == "False"


@pytest.mark.slow
def test_a_student_checks_a_notebook_with_the_zip_alone(unpacked):
    name = names()[0]
    notebook = unpacked / "assignments" / name / f"{name}.ipynb"
    done = bare(unpacked, "-m", "course_utils", "check", str(notebook))
    assert done.returncode == 1, done.stderr
    assert "not written yet" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr

    solved = classroom.read(classroom.assignment_notebook(ROOT, name))
    student = classroom.Student("a", "all right", {})
    right = classroom.submission(classroom.read(notebook), solved, name, student)
    path = shutil.copy(notebook, notebook.with_name("mine.ipynb"))
    path.write_text(json.dumps(right))
    done = bare(unpacked, "-m", "course_utils", "check", str(path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "11 of 11 visible tests hold" in done.stdout
    commands = bare(unpacked, "-m", "course_utils", "--help").stdout.partition("Commands:")[2]
    assert commands.split()[0] == "check"
    assert "grade" not in commands.split()


@pytest.mark.slow
def test_a_lecture_runs_from_the_zip_alone(unpacked):
    script = (
        "import sys, nbformat\nfrom nbclient import NotebookClient\n"
        "nb = nbformat.read(sys.argv[1], 4)\n"
        "NotebookClient(nb, timeout=120, resources={'metadata': {'path': 'lectures'}}).execute()\nprint('ran')\n"
    )
    page = sorted(unpacked.glob("lectures/*.ipynb"))[1]
    done = bare(unpacked, "-W", "ignore", "-c", script, str(page))
    assert done.returncode == 0, done.stderr[-2000:]
    assert "ran" in done.stdout
