"""Attacks on grading by what is handed in: notebooks, files, names, archives. A whole class of them is graded once.

Each has a deserved score, and beside them honest work keeps full marks. What student code does when it runs is in
test_attacks.py; here almost every submission answers one exercise of eleven rightly, and must get that and no more.
"""

import copy
import csv
import ctypes
import gzip
import hashlib
import html.parser
import io
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import tarfile
import tempfile
import time
import unicodedata
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from click.testing import CliRunner
from harness import ROOT, thin_pools

from course_utils.cli import main
from course_utils.grading import classroom, sandbox, work
from course_utils.grading.feedback import result_of
from course_utils.grading.intake import Collector, Intake
from course_utils.grading.pipeline import Course, read_graded

A1 = "a1_convolution_arithmetic"
FILE = f"{A1}.ipynb"
SECONDS = 600  # more than it ever takes: what hangs must not hang the tests

# nbgrader's own queries make SQLAlchemy warn.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")]
if sandbox.problem() and not os.environ.get("CI"):
    pytest.skip(f"no sandbox here: {sandbox.problem()}", allow_module_level=True)

RELEASED = classroom.read(ROOT / "assignments" / A1 / FILE)
SOLVED = classroom.read(classroom.assignment_notebook(ROOT, A1))
POINTS = {cell.grade_id: cell.points for cell in classroom.grade_cells(RELEASED)}
DESERVED = {"all": set(POINTS) - {"why_share"}, "few": {name for name in POINTS if "fc_params_" in name}, "none": set()}
EXERCISES = {name.partition("__")[0] for name in POINTS} - {"why_share"}

MARK = "alert(31337)"
HTML = f"<script>{MARK}</script><img src=x onerror={MARK}><a href='javascript:{MARK}'>x</a>"
ANSI = "\x1b[2J\x1b]0;owned\x07\x1b[31m"
CANARY = "canary"


def answers(*wanted):
    """Return the released notebook with these exercises answered rightly."""
    notebook = copy.deepcopy(RELEASED)
    for name in wanted:
        cell(notebook, name).source = classroom.strip_marks(cell(SOLVED, name).source)
    return notebook


def cell(notebook, grade_id):
    return next(each for each in notebook.cells if mark(each).get("grade_id") == grade_id)


def mark(each):
    return each["metadata"].get("nbgrader") or {}


def graded_by_tests(notebook):
    """Return the graded cells that no student may write in."""
    return [each for each in notebook.cells if mark(each).get("grade") and mark(each).get("locked")]


ALL, FEW = answers(*EXERCISES, "why_share"), answers("fc_params")


@dataclass(frozen=True)
class Attack:
    """A submission: who, how it is put into its folder, what of it is right, what the class is told about it.

    `again` says that nbgrader's own autograde grades it as well.
    """

    name: str
    put: Callable[[Path], None]
    keeps: str = "few"
    told: str = ""
    again: bool = False


def edited(name, edit, told="", keeps="few", again=False, base=None):
    """An attack that changes the notebook: `edit` gets it and changes it in place."""

    def put(folder):
        notebook = copy.deepcopy(base or (ALL if keeps == "all" else FEW))
        edit(notebook)
        (folder / FILE).write_text(with_odd_values(json.dumps(notebook)))

    return Attack(name, put, keeps, told, again)


ODD = {
    "@HUGE@": "1" + "0" * 5000,
    "@BIG@": "1" + "0" * 400,
    "@1E999@": "1e999",
    "@DEEP@": "[" * 100_000 + "]" * 100_000,
    "@NESTED@": "[" * 300 + "]" * 300,
}


def with_odd_values(text):
    for word, value in ODD.items():
        text = text.replace(f'"{word}"', value)
    return text


def damaged(name, change, told="", keeps="none", again=False):
    """An attack that changes the bytes of the file: `change` gets those of the notebook and returns others."""
    return Attack(
        name, lambda folder: (folder / FILE).write_bytes(change(json.dumps(FEW).encode())), keeps, told, again
    )


def placed(name, put, told="", keeps="none", again=False):
    """An attack by what lies where the notebook should be: `put` gets the folder."""
    return Attack(name, put, keeps, told, again)


def beside(name, put, **more):
    """An attack by what lies beside the notebook: `put` gets the folder."""

    def both(folder):
        (folder / FILE).write_text(json.dumps(FEW))
        put(folder)

    return Attack(name, both, **more)


# Marks, tags and places of cells.


def on_tests(**change):
    return lambda notebook: [mark(each).update(change) for each in graded_by_tests(notebook)]


def source_of_tests(source):
    def edit(notebook):
        for each in graded_by_tests(notebook):
            each.update(source=source)

    return edit


def retyped(kind):
    return lambda notebook: [each.update(cell_type=kind) for each in graded_by_tests(notebook)]


def deleted(notebook):
    notebook.cells = [each for each in notebook.cells if each not in graded_by_tests(notebook)]


def doubled(before, after):
    """Put copies of each test that hold nothing before it, after it, or at both places."""

    def edit(notebook):
        for each in graded_by_tests(notebook):
            place = notebook.cells.index(each)
            empty = {**copy.deepcopy(each), "source": "pass"}
            notebook.cells[place : place + 1] = [*[empty] * before, each, *[empty] * after]

    return edit


def split(notebook):
    for each in graded_by_tests(notebook):
        place, lines = notebook.cells.index(each), each.source.split("\n")
        halves = ["\n".join(lines[: len(lines) // 2]), "\n".join(lines[len(lines) // 2 :])]
        notebook.cells[place : place + 1] = [{**copy.deepcopy(each), "source": half} for half in halves]


def moved(notebook):
    """Put all tests to the top, where none of the answers has been run."""
    found = graded_by_tests(notebook)
    notebook.cells = found + [each for each in notebook.cells if each not in found]


def swapped_names(notebook):
    """Give each test the name of the one before it, so that right answers count for others."""
    found = graded_by_tests(notebook)
    for each, name in zip(found, [mark(each)["grade_id"] for each in [found[-1], *found[:-1]]], strict=True):
        mark(each)["grade_id"] = name


def one_name(notebook):
    for each in graded_by_tests(notebook):
        mark(each)["grade_id"] = "fc_params__examples"


def one_id(notebook):
    for each in notebook.cells:
        each["id"] = "fc-params-values"


def graded_answers(notebook):
    for each in notebook.cells:
        if mark(each).get("solution"):
            mark(each).update(grade=True, points=53, locked=True)


def more_grades(notebook):
    mine = {"grade_id": "mine", "grade": True, "points": 53, "locked": True, "solution": False, "schema_version": 3}
    for number in range(5):
        more = nbformat.v4.new_code_cell("53", metadata={"nbgrader": {**mine, "grade_id": f"mine{number}"}})
        notebook.cells.append(more)


def other_setup(notebook):
    """Make the set-up define checks that check nothing."""
    cell(notebook, "setup").source = "class checks:\n    gives = refuses = staticmethod(lambda *a, **k: None)\n"


def pasted(notebook):
    """Put every test into the answer above it, where it would have been passed, and hide the test itself."""
    for each in graded_by_tests(notebook):
        answer = cell(notebook, mark(each)["grade_id"].partition("__")[0])
        answer.source += f"\n\n{each.source}"
    deleted(notebook)


def forged_outputs(notebook):
    value = {"output_type": "execute_result", "data": {"text/plain": "53"}, "metadata": {}, "execution_count": 1}
    for each in notebook.cells:
        if each.cell_type == "code":
            each.update(outputs=[copy.deepcopy(value)], execution_count=1)
            each.metadata.update(
                score=53, nbgrader={**mark(each), "score": 53, "auto_score": 53, "comment": "Well done"}
            )


def forged_record(notebook):
    told = {"assignment": A1, "student": "forged_record", "work": "0" * 64, "tests": "0" * 64, "confined": True}
    notebook.metadata["course"] = {**told, "repairs": [], "lost": {}, "failure": "", "suspicions": []}
    for each in notebook.cells:
        each.metadata["course"] = {"kind": "", "failure": None, "finding": None, "score": 53}


def forged_failure(notebook):
    """Say that everything failed, with words that the feedback would show."""
    for each in notebook.cells:
        each.metadata["course"] = {"kind": "ExerciseFailed", "failure": HTML, "finding": {"exercise": HTML}}


def attachments(notebook):
    bundle = {"x.svg": {"image/svg+xml": HTML}, "x.html": {"text/html": HTML}, FILE: {"application/json": "{}"}}
    for each in notebook.cells:
        each["attachments"] = bundle


def kernel(name, **more):
    spec = {"name": name, "display_name": name, "argv": ["/bin/sh", "-c", f"touch {CANARY}"], "language": "bash"}
    return lambda notebook: notebook.metadata.update(kernelspec=spec, **more)


CHANGED, PUT_BACK = "locked and had been changed; the change was undone", "the cell was missing; it was put back"
TAGS = ["skip-execution", "raises-exception", "nbval-skip", "remove_cell"]
NOTEBOOKS = [
    edited("skip_tags", lambda notebook: [each.metadata.update(tags=TAGS) for each in notebook.cells],
           "tags were taken off (skip-execution", again=True),
    edited("points_raised", on_tests(points=1000), "marks had been changed (points)", again=True),
    edited("points_negative", on_tests(points=-5), "marks had been changed (points)"),
    edited("points_nan", on_tests(points=float("nan")), "NaN or Infinity", again=True),
    edited("points_infinite", on_tests(points="@1E999@"), "marks had been changed (points)"),
    edited("points_huge", on_tests(points="@BIG@"), "marks had been changed (points)"),
    edited("points_text", on_tests(points="53"), "marks had been changed (points)"),
    edited("points_list", on_tests(points=[53], grade=[1]), "marks had been changed (points, grade)"),
    edited("unlocked", on_tests(locked=False, grade=False), "marks had been changed (grade, locked)"),
    edited("tests_as_answers", on_tests(solution=True, locked=False), "marks had been changed (locked, solution)"),
    edited("tests_as_tasks", on_tests(task=True), "marks had been changed (task)"),
    edited("checksums", on_tests(checksum="0" * 32)),
    edited("schema_1", on_tests(schema_version=1), "marks were of another version"),
    edited("schema_99", on_tests(schema_version=99), "marks were of another version"),
    edited("schema_text", on_tests(schema_version={"a": []}), "marks were of another version"),
    edited("names_swapped", swapped_names, CHANGED),
    edited("names_of_another", one_name, "there more than once"),
    edited("names_of_no_text", on_tests(grade_id=[1, {}]), "lost its mark"),
    edited("ids_of_another", one_id, "no id or the id of another"),
    edited("answers_with_points", graded_answers, "marks had been changed"),
    edited("tests_of_ones_own", more_grades, "marks that this assignment does not have"),
    edited("tests_rewritten", source_of_tests("assert True\n53"), CHANGED, again=True),
    edited("tests_that_pass", source_of_tests("pass"), CHANGED),
    edited("tests_emptied", source_of_tests(""), CHANGED),
    edited("tests_no_text", source_of_tests(None), "held no text"),
    edited("tests_deleted", deleted, PUT_BACK, again=True),
    edited("tests_doubled_before", doubled(2, 0), "there more than once"),
    edited("tests_doubled_after", doubled(0, 2), "there more than once"),
    edited("tests_to_markdown", retyped("markdown"), "had become a markdown cell"),
    edited("tests_to_raw", retyped("raw"), "had become a raw cell"),
    edited("tests_to_nothing", retyped("heading<b>"), "had become a raw cell"),
    edited("tests_split", split, "there more than once"),
    edited("tests_moved", moved, "stood at another place"),
    edited("tests_pasted", pasted, PUT_BACK),
    edited("setup_rewritten", other_setup, CHANGED),
    edited("kernel_bash", kernel("bash"), "kernel was bash; it was graded with python3"),
    edited("kernel_path", kernel("/bin/sh"), "kernel was ?bin?sh", again=True),
    edited("kernel_above", kernel("../../../submitted/x"), "kernel was "),
    edited("kernel_other", kernel("ir", language_info={"name": "R", "nbconvert_exporter": "os"}), "language was R"),
    edited("kernel_html", kernel(HTML), "kernel was ?script?"),
    edited("kernel_list", kernel([1]), "kernel was ?1?"),
    edited("forged_outputs", forged_outputs),
    edited("forged_record", forged_record, again=True),
    edited("forged_failure", forged_failure),
    edited("forged_attachments", attachments),
]  # fmt: skip


# Files that are notebooks, not quite, or not at all.


def wrong_types(notebook):
    """Give every part of every cell but one answer a wrong type."""
    values = [None, 3, "x", [], {}, [[]], True, 1.5, {"nbgrader": [3]}]
    keys = ["metadata", "source", "cell_type", "id", "outputs", "attachments", "execution_count"]
    for place, each in enumerate(notebook.cells):
        if mark(each).get("grade_id") != "fc_params":
            each.update({key: values[(place + number) % len(values)] for number, key in enumerate(keys)})
    notebook.update(nbformat="4", nbformat_minor=[5], metadata=[])


def in_the_metadata(value):
    return lambda notebook: notebook.metadata.update(value=value, kernelspec={"name": value}, title=value)


def wide(notebook):
    notebook.cells += [{}] * 1_000_000


def zipped(members):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return packed.getvalue()


TOO_LARGE, NOT_JSON, NO_CELLS = "at most 20 are read", "not in the notebook format (JSON)", "it has no list of cells"
DAMAGED = [
    damaged("empty", lambda _: b"", "the file is empty", again=True),
    damaged("white_space", lambda _: b" \n" * 1000, "the file is empty"),
    damaged("truncated", lambda text: text[: len(text) // 2], "breaks off in the middle"),
    damaged("truncated_at_the_start", lambda text: text[100:], NOT_JSON),
    damaged("binary", lambda _: bytes(range(256)) * 1000, NOT_JSON),
    damaged("nulls", lambda _: bytes(1_000_000), "the file is empty"),
    damaged("null_between", lambda text: text.replace(b"}", b"}\0\0"), "null bytes", keeps="few"),
    damaged("utf_16", lambda text: text.decode().encode("utf-16"), "was written in UTF-16", keeps="few"),
    damaged("utf_32", lambda text: text.decode().encode("utf-32-be"), "was written in UTF-32", keeps="few"),
    damaged("byte_order_mark", lambda text: b"\xef\xbb\xbf" + text, "byte order mark", keeps="few"),
    damaged("latin_1", lambda text: text.replace(b"def fc_params", b"# caf\xe9\\ndef fc_params"), "no letters", "few"),
    damaged("deep", lambda _: b'{"cells": ' + b"[" * 100_000, "nested too deeply"),
    damaged("deep_and_closed", lambda _: ODD["@DEEP@"].encode(), "nested too deeply", again=True),
    edited("deep_inside", in_the_metadata("@DEEP@"), "nested too deeply", keeps="none", base=FEW),
    edited("nested_inside", in_the_metadata("@NESTED@"), "kernel was ????"),
    edited("wide", wide, f"{1_000_000 + len(RELEASED.cells):,} cells; those after the first 2,000 were left out"),
    damaged("large", lambda text: text + b" " * 25_000_000, TOO_LARGE, again=True),
    damaged("large_text", lambda text: text[:-1] + b', "x": "' + b"x" * 25_000_000 + b'"}', TOO_LARGE),
    damaged("keys_twice", lambda text: text[:-1] + b', "nbformat": 4, "metadata": {}}', "some values twice", "few"),
    damaged("cells_twice", lambda text: text[:-1] + b', "cells": []}', "no other cell has the answer"),
    edited("numbers_that_are_none", in_the_metadata(float("nan")), "NaN or Infinity"),
    edited("numbers_too_large", in_the_metadata("@1E999@"), "kernel was inf"),
    edited("numbers_too_long", in_the_metadata("@HUGE@"), NOT_JSON, keeps="none", base=FEW),
    edited("half_letters", in_the_metadata("\ud800"), "kernel was ?"),
    edited("half_letters_inside", lambda notebook: cell(notebook, "conv_macs").update(source="'\ud800\0'"),
           "Characters that no notebook can hold"),
    edited("wrong_types", wrong_types, "parts of the wrong type", again=True),
    edited("no_cells", lambda notebook: notebook.pop("cells"), NO_CELLS, keeps="none", base=FEW),
    edited("cells_of_a_dict", lambda notebook: notebook.update(cells={"0": {}}), NO_CELLS, keeps="none", base=FEW),
    damaged("a_number", lambda _: b"53", NO_CELLS),
    damaged("a_zip", lambda text: zipped([(FILE, text)]), NOT_JSON),
    damaged("a_pdf", lambda _: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj<<>>", NOT_JSON),
    damaged("a_page", lambda _: f"<!DOCTYPE html><html><body>{HTML}</body></html>".encode(), NOT_JSON),
    damaged("a_pickle", lambda _: b"cos\nsystem\n(S'touch canary'\ntR.", NOT_JSON),
]  # fmt: skip


# What lies in the place of the notebook, and beside it.


def link(target):
    return lambda folder: (folder / FILE).symlink_to(target)


def link_to_folder(folder, target):
    folder.rmdir()
    folder.symlink_to(target)


def student_link(folder):
    """Make the student's folder a link to that of an honest student."""
    shutil.rmtree(folder.parent)
    folder.parent.symlink_to("honest_first")


def sparse(folder):
    with (folder / FILE).open("wb") as file:
        file.truncate(10 << 30)


def plugged(path):
    """Put a socket at a path, which may be longer than what sockets take."""
    with tempfile.TemporaryDirectory() as short, socket.socket(socket.AF_UNIX) as server:
        server.bind(f"{short}/s")
        Path(f"{short}/s").rename(path)


def unreadable(folder):
    (folder / FILE).write_text(json.dumps(FEW))
    (folder / FILE).chmod(0)


def file_for_a_folder(make):
    def put(folder):
        folder.rmdir()
        make(folder)

    return put


def many_notebooks(folder):
    for number in range(3):
        (folder / f"answer {number}.ipynb").write_text(json.dumps(FEW))


ROOT_FROM_HERE = "../../.."
LINK, NO_FILE = "links are not followed", "is no file"
PLACES = [
    placed("link_to_passwd", link("/etc/passwd"), LINK),
    placed("link_to_solution", link(f"{ROOT_FROM_HERE}/solutions/{A1}/{FILE}"), LINK),
    placed("link_to_another", link(f"../../honest_first/{A1}/{FILE}"), LINK, again=True),
    placed("link_to_itself", link(FILE), LINK),
    placed("link_to_nothing", link("nothing"), LINK),
    placed("link_to_zeros", link("/dev/zero"), LINK),
    placed("link_of_the_student", student_link, LINK, again=True),
    placed("link_of_the_assignment", lambda folder: link_to_folder(folder, f"../honest_first/{A1}"), LINK),
    placed("link_to_solutions", lambda folder: link_to_folder(folder, f"../../solutions/{A1}"), LINK),
    placed("link_of_the_assignment_to_nothing", lambda folder: link_to_folder(folder, "nothing"), LINK),
    placed("pipe", lambda folder: os.mkfifo(folder / FILE), NO_FILE, again=True),
    placed("socket", lambda folder: plugged(folder / FILE), "No such device"),
    placed("folder", lambda folder: (folder / FILE).mkdir(), NO_FILE, again=True),
    placed("folder_that_is_a_pipe", file_for_a_folder(os.mkfifo), "Not a directory"),
    placed("folder_that_is_a_file", file_for_a_folder(lambda folder: folder.write_text("x")), "Not a directory"),
    placed("gradebook", lambda folder: (folder / FILE).hardlink_to(folder / ROOT_FROM_HERE / "gradebook.db"), NOT_JSON),
    placed("sparse", sparse, TOO_LARGE),
    placed("nothing", lambda folder: None, "was handed in"),
    placed("several", many_notebooks, "several notebooks"),
    placed("named_otherwise", lambda folder: (folder / f"{HTML[:40].replace('/', '')}\n{ANSI}.ipynb").write_text(
        json.dumps(FEW)), "The file was named ", keeps="few"),
]  # fmt: skip
if os.geteuid():  # who is root reads everything
    PLACES.append(placed("unreadable", unreadable, "Permission denied"))


def stamped(put):
    return lambda folder: put(folder / "timestamp.txt")


def sparse_stamp(path):
    with path.open("wb") as file:
        file.truncate(10 << 30)


PLANT = f"import os; open(os.path.expanduser('~/{CANARY}'), 'w')\n"
PLANTED = (
    "sitecustomize.py usercustomize.py numpy.py torch.py json.py course_utils.py nbgrader.py conftest.py x.pth "
    "nbgrader_config.py jupyter_config.py ipython_config.py .ipython/profile_default/startup/00-x.py "
    "solutions/a1_convolution_arithmetic/examiner/__init__.py examiner/__init__.py"
)


def planted(folder):
    """Put files beside the notebook that Python, nbgrader or IPython might run, and those that only get in the way."""
    for name in PLANTED.split():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(PLANT)
    (folder / "gradebook.db").symlink_to(f"{ROOT_FROM_HERE}/gradebook.db")
    (folder / "answers").symlink_to(f"{ROOT_FROM_HERE}/solutions")
    (folder / "loop").symlink_to(".")
    os.mkfifo(folder / "data.csv")
    plugged(folder / "s")
    for name in ("new\nline.csv", f"{HTML[:60].replace('/', '')}.png", f"{ANSI}.txt", "x" * 255, "-rf", b"\xff\xfe"):
        Path(os.fsdecode(os.fsencode(folder) + b"/" + os.fsencode(name))).touch()
    for number in range(2000):
        (folder / f"{number}.dat").touch()


BESIDE = [
    beside("planted", planted, again=True),
    beside("stamp_pipe", stamped(os.mkfifo), again=True),
    beside("stamp_zeros", stamped(lambda path: path.symlink_to("/dev/zero"))),
    beside("stamp_folder", stamped(lambda path: path.mkdir())),
    beside("stamp_no_time", stamped(lambda path: path.write_text(f"soon {HTML}")), again=True),
    beside("stamp_no_text", stamped(lambda path: path.write_bytes(b"\xff\xfe\0"))),
    beside("stamp_long", stamped(lambda path: path.write_text("1" * 30))),
    beside("stamp_sparse", stamped(sparse_stamp)),
    beside("stamp_empty", stamped(lambda path: path.touch())),
]


# Markup wherever a submission has words.


def markup(notebook):
    bundle = {"text/html": HTML, "application/javascript": MARK, "text/markdown": HTML, "image/svg+xml": HTML}
    outputs = [
        nbformat.v4.new_output("display_data", data=bundle),
        nbformat.v4.new_output("error", ename=HTML, evalue=ANSI + HTML, traceback=[ANSI + HTML]),
        nbformat.v4.new_output("stream", text=HTML),
    ]
    kernel(HTML)(notebook)
    notebook.metadata.update(title=HTML, authors=[{"name": HTML}])
    notebook.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": {"state": {"x": HTML}}}
    cell(notebook, "why_share").source = f"{HTML}\n\n[x](javascript:{MARK})"
    shows = f"print({HTML!r}, {ANSI!r})\nfrom IPython.display import HTML, display\ndisplay(HTML({HTML!r}))\n"
    cell(notebook, "conv_params").source = f"{shows}def conv_params(*a, **k):\n    raise KeyError({ANSI + HTML!r})"
    cell(notebook, "conv_macs").source = f"{shows}def conv_macs(*a, **k):\n    return {ANSI + HTML!r}"
    cell(notebook, "toeplitz1d").source = f"raise type({HTML!r}, (Exception,), {{}})({ANSI + HTML!r})"
    for each in notebook.cells:
        each.metadata["tags"] = [HTML]
        if each.cell_type == "code":
            each["outputs"] = outputs
    own = [nbformat.v4.new_markdown_cell(HTML), nbformat.v4.new_raw_cell(HTML), nbformat.v4.new_code_cell(shows)]
    notebook.cells += [{**each, "id": HTML} for each in own]


MARKUP = [edited("markup", markup, "tags were taken off (?script")]
HONEST = [
    edited(f"honest_{place}", lambda notebook: None, keeps="all", again=place == "first")
    for place in ("first", "mid", "last")
]

# Names of students: their folders lie in submitted/, and what is in them is right.

GOOD_NAMES = ["_", "Honest_first", "h\u043enest_first", "ann marie", "o.la@b-c", "\u540d\u524d", "x" * 121]
BAD_NAMES = [
    "-rf", "--force", "..x", "...", ".hidden", "~", "$(touch canary)", "`id`", ";id", "*", "[a-z]*", "{student_id}",
    "%s%n", "<img src=x onerror=alert(31337)>", "=cmd()", "=1+1", "+1", "@SUM(A1)", "'; DROP TABLE grade; --", '"a"',
    "new\nline", "tab\t", "\x1b[31mred", "\x07bell", "\u202eevil", "a\u200bb", "e\u0301", "x" * 200, " space",
    b"\xff\xfe", "[red]markup", "\\x", "a:b",
]  # fmt: skip
SHOWN = {  # names that a roster gives students, and what stands in a row of grades.csv
    "honest_mid": HTML,
    "skip_tags": "=HYPERLINK(1)",
    "points_raised": f"{ANSI}name\nline\r[bold]",
    "points_nan": "\u202egro.elpmaxe",
    "points_text": "\t=1",
    "points_list": "\r=1",
}

ATTACKS = [*HONEST[:1], *NOTEBOOKS, *DAMAGED, *HONEST[1:2], *PLACES, *BESIDE, *MARKUP, *HONEST[2:]]


@dataclass
class World:
    """The course after grading: what was printed, results by student, what its files were before and are now."""

    course: Course
    printed: str
    results: dict
    before: dict
    after: dict
    left: list
    outside: Path


def snapshot(place):
    """Return what lies in a folder: kind, mode, links' targets, and what is in files that are not too large to read."""
    found = {}
    for folder, folders, files in os.walk(place):
        for name in [*folders, *files]:
            path = Path(folder, name)
            about = path.lstat()
            if stat.S_ISLNK(about.st_mode):
                told = path.readlink()
            elif stat.S_ISREG(about.st_mode) and about.st_size < 50_000_000:
                told = hashlib.sha256(path.read_bytes()).hexdigest() if about.st_mode & 0o400 else ""
            else:
                told = about.st_size if stat.S_ISREG(about.st_mode) else ""
            found[str(path.relative_to(place))] = (about.st_mode, told)
    return found


def children():
    found = set()
    for thread in Path("/proc/self/task").iterdir():
        found |= set(map(int, (thread / "children").read_text().split()))
    return found


@pytest.fixture(scope="module", autouse=True)
def adopting():
    """Make what loses its parent a child of this process, where it can be seen."""
    adopt = ctypes.CDLL(None).prctl
    adopt(36, 1, 0, 0, 0)
    yield
    adopt(36, 0, 0, 0, 0)


class Running:
    """A command at work with a home and a folder for temporary files of its own."""

    def __init__(self, command, cwd, outside):
        self.outside, self.before = outside, children()
        for name in ("home", "tmp"):
            (outside / name).mkdir()
        known = {key: value for key, value in os.environ.items() if key != "COURSE_ROOT"}
        known |= {"HOME": str(outside / "home"), "TMPDIR": str(outside / "tmp")}
        with (outside / "printed").open("wb") as printed, (outside / "errors").open("wb") as errors:
            streams = {"stdin": subprocess.DEVNULL, "stdout": printed, "stderr": errors}
            self.process = subprocess.Popen(command, cwd=cwd, env=known, **streams)

    def ended(self, patience=5.0):
        """Return what was printed, the status, and the processes that are left behind, after some patience."""
        try:
            code = self.process.wait(SECONDS)
        finally:
            self.process.kill()
        until = time.monotonic() + patience
        while (left := children() - self.before) and time.monotonic() < until:
            for pid in left:
                os.waitpid(pid, os.WNOHANG)
            time.sleep(0.02)
        said = [(self.outside / name).read_text("utf-8", "surrogateescape") for name in ("printed", "errors")]
        return *said, code, [(pid, Path(f"/proc/{pid}/cmdline").read_text()) for pid in left]


def make_course(place):
    """Make a course folder in which the assignment is released and nothing is handed in."""
    (place / "solutions").mkdir(parents=True)
    shutil.copy(ROOT / "nbgrader_config.py", place)
    unwanted = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
    shutil.copytree(ROOT / "solutions" / A1, place / "solutions" / A1, ignore=unwanted)
    thin_pools(place, A1)
    course = Course(place)
    course.release(A1)
    work.course_secret(place)
    with course.gradebook as gradebook:
        for student, name in SHOWN.items():
            gradebook.update_or_create_student(student, first_name=name)
    return course


def hand_in(place, attacks):
    for attack in attacks:
        folder = place / "submitted" / attack.name / A1
        folder.mkdir(parents=True)
        attack.put(folder)


@pytest.fixture(scope="module")
def started(tmp_path_factory):
    """A course folder before anything is handed in, and beside it a spare one."""
    place = tmp_path_factory.mktemp("class") / "course"
    make_course(place)
    shutil.copytree(place, place.with_name("spare"))
    return place


@pytest.fixture(scope="module")
def by_nbgrader(started, tmp_path_factory):
    """A part of the class in the spare folder, what that holds, and nbgrader's own autograde at work on it."""
    place = started.with_name("spare")
    hand_in(place, [attack for attack in ATTACKS if attack.again])
    hand_in(place, [Attack(name, HONEST[0].put, "all") for name in ("ann marie", "new\nline", "\x1b[31mred")])
    before = snapshot(place)
    command = [sys.executable, "-m", "nbgrader", "autograde", A1]
    running = Running(command, place, tmp_path_factory.mktemp("outside"))
    yield place, before, running
    running.process.kill()
    running.process.wait()


@pytest.fixture(scope="module")
def world(started, by_nbgrader, tmp_path_factory):
    """The class, graded once by the command, as whoever looks at a submission in its folder would call it."""
    place, outside = started, tmp_path_factory.mktemp("outside")
    hand_in(place, ATTACKS)
    for name in [*GOOD_NAMES, *BAD_NAMES]:
        folder = os.fsencode(place / "submitted") + b"/" + os.fsencode(name) + b"/" + os.fsencode(A1)
        Path(os.fsdecode(folder)).mkdir(parents=True)
        Path(os.fsdecode(folder), FILE).write_text(json.dumps(ALL if name in GOOD_NAMES else FEW))
    archive_of(place)
    before = snapshot(place)
    command = [Path(sys.executable).parent / "course", "grade", "a1"]
    printed, errors, code, left = Running(command, place / "submitted" / "planted" / A1, outside).ended()
    assert code == 1, printed + errors  # not all could be graded: some names are no names
    assert errors == ""
    course = Course(place)
    results = {result.student: result for result in course.results(A1)}
    return World(course, printed, results, before, snapshot(place), left, outside)


# Archives, as learning platforms and students make them.


def zeros(count):
    return bytes(1_000_000) * count


def attempt(student, time, name):
    return f"{student}_attempt_2026-10-01-{time}_{name}"


def odd_zip():
    """Return a zip of members that are links, lead elsewhere, are locked or are packed in an odd way."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in (
            f"../../../../{CANARY}.ipynb",
            f"/tmp/{CANARY}.ipynb",
            f"..\\..\\{CANARY}.ipynb",
            f"C:\\{CANARY}.ipynb",
        ):
            archive.writestr(name, "{}")
        points = zipfile.ZipInfo("link.ipynb")
        points.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(points, f"{ROOT_FROM_HERE}/solutions/{A1}/{FILE}")
        archive.writestr("lzma.ipynb", "{}", zipfile.ZIP_LZMA)
        archive.writestr(f"__MACOSX/._{FILE}", b"\0\5\26\7")
        archive.writestr(f".ipynb_checkpoints/{A1}-checkpoint.ipynb", json.dumps(FEW))
        archive.writestr("sitecustomize.py", PLANT)
        archive.writestr(f"work/{FILE}", json.dumps(ALL))
    return packed.getvalue()


def odd_tar(mode="w:gz"):
    """Return a tar of members that are links, devices and pipes, and a notebook of mode 0 owned by another."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode=mode) as archive:
        kinds = {
            "s.ipynb": tarfile.SYMTYPE,
            "h.ipynb": tarfile.LNKTYPE,
            "p.ipynb": tarfile.FIFOTYPE,
            "c.ipynb": tarfile.CHRTYPE,
        }
        for name, kind in {**kinds, "up": tarfile.SYMTYPE}.items():
            part = tarfile.TarInfo(name)
            part.type, part.linkname = kind, ".." if name == "up" else f"../../solutions/{A1}/{FILE}"
            archive.addfile(part)
        for name in ("up/other.ipynb", f"../{CANARY}.ipynb", FILE):
            part = tarfile.TarInfo(name)
            part.size, part.mode, part.uid = len(json.dumps(ALL)), 0o4000, 12345
            archive.addfile(part, io.BytesIO(json.dumps(ALL).encode()))
    return packed.getvalue()


def tar_bomb():
    """Return a tar.gz of one notebook, a billion zeros long."""
    part = tarfile.TarInfo(FILE)
    part.size = 1_000_000_000
    return gzip.compress(part.tobuf()) + gzip.compress(zeros(10), 1) * 100


def nested(depth, data):
    for _ in range(depth):
        data = zipped([("x.zip", data)])
    return data


NOBODY = ["..", ".", "-rf", "", "=cmd()", "<script>", "a b", "$(id)", "new\nline", ANSI, "x/..".replace("/", "\\")]
HAND_INS = {  # by name: what the file holds
    attempt("twice", "10-45-00", FILE): json.dumps(FEW).encode(),
    attempt("twice", "11-05-59", "better.ipynb"): json.dumps(ALL).encode(),
    attempt("once", "23-59-59", FILE): json.dumps(ALL).encode(),
    attempt("late", "11-00-00", "work.zip"): zipped([(FILE, json.dumps(ALL))]),
    attempt("late", "10-59-59", FILE): json.dumps(FEW).encode(),
    attempt("thief", "10-00-00", "work.zip"): zipped([
        (FILE, json.dumps(FEW)),
        (f"once_attempt_2099-01-01-00-00-00_{FILE}", "{}"),
        (f"x/honest_zip_attempt_2099-01-01-00-00-00_a/{FILE}", "{}"),
    ]),
    attempt("odd_zip", "10-00-00", "work.zip"): odd_zip(),
    attempt("odd_tar", "10-00-00", "work.tar.gz"): odd_tar(),
    attempt("tar_bomb", "10-00-00", "work.tar.gz"): tar_bomb(),
    attempt("broken", "10-00-00", "work.zip"): zipped([(FILE, json.dumps(FEW))])[:-40],
    attempt("no_time", "99-99-99", FILE): json.dumps(FEW).encode(),
    f"endless_attempt_{'1' * 60}_{FILE}": json.dumps(FEW).encode(),
    **{attempt(name, "10-00-00", FILE): b"{}" for name in NOBODY},
    f"{HTML[:50].replace('/', '')}.ipynb": json.dumps(FEW).encode(),
    f"..\n{ANSI}.ipynb": json.dumps(FEW).encode(),
    "readme.txt": b"nothing to collect",
    "class.zip": zipped([
        (attempt("honest_zip", "10-30-00", FILE), json.dumps(ALL)),
        (attempt("inner", "10-30-00", "work.zip"), zipped([(FILE, json.dumps(ALL))])),
        (f"Jos\u0065\u0301_attempt_2026-10-01-10-30-00_{FILE}", json.dumps(ALL)),
        (attempt("z_bomb", "10-00-00", "work.zip"), zipped([(FILE, zeros(110))])),
        (attempt("z_deep", "10-00-00", "work.zip"), nested(6, zipped([(FILE, json.dumps(ALL))]))),
        (attempt("z_crowd", "10-00-00", "work.zip"), zipped([(f"{number}.ipynb", "") for number in range(3000)])),
    ]),
}  # fmt: skip
COLLECTED = {"twice": "all", "once": "all", "late": "all", "thief": "none", "odd_zip": "all", "odd_tar": "all"}
COLLECTED |= {"honest_zip": "all", "inner": "all", "Jos\u00e9": "all"}
REFUSED = {
    "tar_bomb": "refused tar_bomb_attempt_2026-10-01-10-00-00_work.tar.gz: it holds more than 100 MB",
    "broken": "work.zip: it cannot be read as an archive (BadZipFile)",
    "no_time": "the time in its name cannot be read",
    "endless": "the time in its name cannot be read",
    "z_bomb": f"left out {FILE} of class/z_bomb_attempt_2026-10-01-10-00-00_work: it holds more than 100 MB",
    "z_deep": "there are too many archives around it",
    "z_crowd": "it holds too many files",
    "canary": "its name leads out of the folder",
    "link": "it is a link or a pipe",
    "nobody": "no name says whose it is",
    "z_pipe": "it is no file",
    "z_lnk": "it is a link, and links are not followed",
}


def archive_of(place):
    archive = place / "downloaded" / A1 / "archive"
    archive.mkdir(parents=True)
    for name, data in HAND_INS.items():
        (archive / name).write_bytes(data)
    os.mkfifo(archive / attempt("z_pipe", "10-00-00", FILE))
    (archive / attempt("z_lnk", "10-00-00", FILE)).symlink_to(place / "solutions" / A1 / FILE)
    (archive / "folder").symlink_to(place / "solutions")


# The tests.


@pytest.fixture
def take(world, tmp_path):
    """Return what takes in files by name and content, and returns what was said and what was extracted."""
    pattern = world.course.config.FileNameCollectorPlugin.named_regexp

    def taken(**files):
        archive, extracted = tmp_path / "a1" / "archive", tmp_path / "a1" / "extracted"
        archive.mkdir(parents=True)
        for name, data in files.items():
            (archive / name).write_bytes(data)
        said = Intake(archive, extracted, Collector(named_regexp=pattern).owner).run()
        found = {str(path.relative_to(extracted)): path.read_bytes() for path in extracted.rglob("*") if path.is_file()}
        return said, found

    return taken


EVE = attempt("eve", "10-00-00", "work")


def patched(data, name, offset, value):
    """Return a zip with four bytes of every header of a member changed; `offset` is counted from the local header's."""
    for magic, shift in ((b"PK\3\4", 0), (b"PK\1\2", 2)):
        at = data.index(magic)
        place = at + offset + shift
        data = data[:place] + value.to_bytes(4, "little") + data[place + 4 :]
    return data


def huge_header(kind):
    """Return a tar.gz whose first header announces a text of a billion letters about what follows."""
    part = tarfile.TarInfo("x")
    part.type, part.size = kind, 1_000_000_000
    return gzip.compress(part.tobuf()) + gzip.compress(zeros(10), 1) * 20


ODD_ARCHIVES = {
    "lying": (patched(zipped([("x.ipynb", zeros(30))]), "x.ipynb", 22, 100), ".zip", "cannot be unpacked (BadZipFile)"),
    "damaged": (zipped([("x.ipynb", bytes(range(256)))]).replace(bytes(range(9)), bytes(9)), ".zip", "(BadZipFile)"),
    "locked": (patched(zipped([("x.ipynb", "{}")]), "x.ipynb", 6, 0x00080001), ".zip", "locked with a password"),
    "no_zip": (b"PK\3\4" + bytes(100), ".zip", "cannot be read as an archive (BadZipFile)"),
    "no_tar": (gzip.compress(b"x" * 1000), ".gz", "cannot be read as an archive (ReadError)"),
    "no_gzip": (b"\x1f\x8b" + bytes(100), ".tar.gz", "cannot be read as an archive"),
    "empty": (b"", ".zip", "cannot be read as an archive"),
    "pax": (huge_header(tarfile.XHDTYPE), ".tar.gz", "it holds more than 100 MB"),
    "gnu": (huge_header(tarfile.GNUTYPE_LONGNAME), ".tar.gz", "it holds more than 100 MB"),
}


@pytest.mark.parametrize("name", ODD_ARCHIVES)
def test_odd_archives_are_refused_with_a_reason(name, take):
    data, ending, told = ODD_ARCHIVES[name]
    said, found = take(**{EVE + ending: data})
    assert told in " ".join(said)
    assert found == {}


def test_names_in_archives_become_harmless_and_nothing_is_written_over(take):
    names = [
        "x.ipynb",
        "a/x.ipynb",
        "X.IPYNB",
        f"{HTML.replace('/', '')[:40]}.ipynb",
        f"{ANSI}.ipynb",
        "a\nb.ipynb",
        "y.ipynb/z.ipynb",
    ]
    names += ["y.ipynb", "\ud800.ipynb".encode("utf-8", "replace").decode(), "/".join("d" * 30) + "/deep.ipynb"]
    said, found = take(**{f"{EVE}.zip": zipped([(name, name) for name in names])})
    assert said == []
    assert sorted(found.values()) == sorted(name.encode() for name in names)
    assert all(re.fullmatch(r"[\w.@ -]+(/[\w.@ -]+)*\.ipynb", name) for name in found)
    assert {name.split("/")[0] for name in found} == {EVE}


def test_honest_archives_come_through_whole(take):
    notebook = json.dumps(ALL).encode()
    rolled = io.BytesIO()
    with tarfile.open(fileobj=rolled, mode="w") as archive:
        part = tarfile.TarInfo(f"work/{FILE}")
        part.size = len(notebook)
        archive.addfile(part, io.BytesIO(notebook))
    later = attempt("ann", "12-00-00", "x")
    said, found = take(
        **{f"{EVE}.tar": rolled.getvalue(), f"{later}.zip": zipped([("data.csv", "1"), (FILE, notebook)])}
    )
    assert said == []
    assert found == {f"{EVE}/work/{FILE}": notebook, f"{later}/{FILE}": notebook}


def test_times_in_names_are_read_to_the_second(world):
    stamps = {
        student: world.course.root / "submitted" / student / A1 / "timestamp.txt" for student in ("once", "twice")
    }
    assert {student: path.read_text() for student, path in stamps.items()} == {
        "once": "2026-10-01 23:59:59",
        "twice": "2026-10-01 11:05:59",
    }
    with world.course.gradebook as gradebook:
        assert str(gradebook.find_submission(A1, "once").timestamp) == "2026-10-01 23:59:59"


def words(printed):
    """Return what was printed without the lines of tables and the ends of lines."""
    return " ".join(re.sub("[\u2500-\u257f]", " ", printed).split())


def reasons(result):
    record = result.record
    return " ".join([*record.repairs, *record.lost.values(), record.failure]) if record else result.failure


@pytest.mark.parametrize("attack", [pytest.param(each, id=each.name) for each in ATTACKS])
def test_nobody_gets_more_than_is_deserved(attack, world):
    result = world.results[attack.name]
    got = {name for name, score in result.by_cell.items() if score}
    assert got == DESERVED[attack.keeps], (result.failure, result.record)
    assert all(result.by_cell[name] == POINTS[name] for name in got)
    assert result.maximum == 53
    assert result.by_hand == (["why_share"] if attack.keeps == "all" or attack.name == "markup" else [])
    assert not result.ungraded
    assert attack.told in reasons(result)
    page = result.feedback.read_text()
    assert html.escape(attack.told) in page, "the student is not told"


@pytest.mark.parametrize("name", [*GOOD_NAMES, *BAD_NAMES], ids=ascii)
def test_names_of_students(name, world):
    result = world.results[os.fsdecode(name)]
    if name in GOOD_NAMES:
        assert result.total == 49
        assert result.feedback.is_file()
    else:
        assert result.ungraded
        assert result.feedback is None
        assert "a student's id may hold letters" in words(world.printed)


@pytest.mark.parametrize("student", COLLECTED)
def test_archives_are_collected(student, world):
    result = world.results[student]
    assert {name for name, score in result.by_cell.items() if score} == DESERVED[COLLECTED[student]], reasons(result)


@pytest.mark.parametrize("student", REFUSED)
def test_archives_that_are_refused(student, world):
    assert student not in world.results
    assert REFUSED[student] in words(world.printed)
    kept = [
        path.name for path in (world.course.root / "downloaded" / A1).glob("*/*") if path.parent.name != "extracted"
    ]
    assert {re.sub(r"^2-", "", name) for name in kept} == {*HAND_INS, "folder", *(
        attempt(name, "10-00-00", FILE) for name in ("z_pipe", "z_lnk"))}, "something was lost"  # fmt: skip


def test_the_class_is_who_handed_in(world):
    expected = (
        {attack.name for attack in ATTACKS} | COLLECTED.keys() | {os.fsdecode(each) for each in GOOD_NAMES + BAD_NAMES}
    )
    assert set(world.results) == expected
    assert len(ATTACKS) > 100
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS)


def test_gradebook_holds_what_is_deserved_and_no_more(world):
    keeps = {attack.name: attack.keeps for attack in ATTACKS} | COLLECTED | dict.fromkeys(GOOD_NAMES, "all")
    expected = {
        (student, name, POINTS[name] if name in DESERVED[kept] else 0.0)
        for student, kept in keeps.items()
        for name in POINTS
    }
    with sqlite3.connect(world.course.root / "gradebook.db") as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        query = """SELECT student.id, base_cell.name, COALESCE(auto_score, 0), manual_score, extra_credit
            FROM grade JOIN submitted_notebook ON grade.notebook_id = submitted_notebook.id
            JOIN submitted_assignment ON submitted_notebook.assignment_id = submitted_assignment.id
            JOIN student ON submitted_assignment.student_id = student.id
            JOIN base_cell ON grade.cell_id = base_cell.id"""
        rows = database.execute(query).fetchall()
        students = {name for (name,) in database.execute("SELECT id FROM student")}
        assert database.execute("SELECT COUNT(*) FROM notebook").fetchone() == (1,)
    database.close()
    assert {row[:3] for row in rows} == expected
    assert len(rows) == len(expected)
    assert {row[3:] for row in rows} <= {(None, None), (None, 0.0)}
    assert students == set(keeps)


MADE = re.compile(
    rf"(autograded|feedback)(/[^/]+(/{A1}(/{A1}\.(ipynb|html))?)?)?|grades\.csv|class-report-{A1}\.html"
    rf"|downloaded/{A1}/(extracted|refused)(/.*)?|submitted/({'|'.join(COLLECTED)})(/.*)?", re.DOTALL
)  # fmt: skip


def test_nothing_else_is_made_or_changed(world):
    before, after = world.before, world.after
    assert [name for name in after.keys() - before.keys() if not MADE.fullmatch(name)] == []
    gone = before.keys() - after.keys()
    assert all(name.startswith(f"downloaded/{A1}/archive/") for name in gone)
    linked = {"gradebook.db", f"submitted/gradebook/{A1}/{FILE}"}  # one file under two names
    assert {name for name in before.keys() - gone if before[name] != after[name]} <= linked
    assert f"solutions/{A1}/{FILE}" in before
    assert ".course-secret" in before
    large = [name for name, (mode, _) in after.items() if name not in before and stat.S_ISREG(mode)]
    assert sum((world.course.root / name).stat().st_size for name in large) < 100_000_000
    assert all(stat.S_ISREG(mode) or stat.S_ISDIR(mode) for name, (mode, _) in after.items()
               if name not in before and "/refused/" not in name)  # fmt: skip


def test_nothing_of_the_students_is_copied_or_executed(world):
    for folder in (world.course.root / "autograded").glob("*/*"):
        assert [path.name for path in folder.iterdir()] == [FILE], folder
    assert not list(world.outside.rglob(f"*{CANARY}*"))
    assert not [name for name in world.after.keys() - world.before.keys() if CANARY in name and "/refused/" not in name]
    left = [path for path in (world.outside / "tmp").rglob("*") if path.is_file()]
    assert [path for path in left if path.parent.name != "dask-scratch-space"] == []  # it keeps its lock files


def test_nothing_is_left_running(world):
    assert world.left == []


def test_the_probes_find_what_there_is_to_find(world, tmp_path):
    """Control: what is left running is seen, and what is planted runs where Python looks for modules."""
    *_, left = Running(["sh", "-c", "sleep 60 & exit"], tmp_path, tmp_path).ended(patience=0.1)
    ((pid, command),) = left
    assert command == "sleep\x0060\0"
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    home = tmp_path / "home"
    folder = world.course.root / "submitted" / "planted" / A1
    environment = {**os.environ, "HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run([sys.executable, "-c", "import numpy"], cwd=folder, env=environment, check=True)
    assert (home / CANARY).exists()


def test_secrets_of_the_course_are_in_nothing_that_was_made(world):
    secret = (world.course.root / ".course-secret").read_text().strip()
    made = [name for name, (mode, _) in world.after.items() if name not in world.before and stat.S_ISREG(mode)]
    for name in made:
        data = (world.course.root / name).read_bytes()
        assert secret.encode() not in data, name
        assert b"root:x:0:0" not in data, name
        assert b"SQLite format" not in data, name
        assert b"examine(" not in data, name
    assert world.printed.count(secret) == 0


class Page(html.parser.HTMLParser):
    """A page's elements with their attributes, and its text."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.text = [], ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    def handle_decl(self, decl):
        self.elements.append((decl, {}))

    handle_comment = handle_pi = unknown_decl = handle_decl


INERT = (
    "html head meta title style body main header footer section article nav h1 h2 h3 h4 p a ul ol li dl dt dd table "
    "caption colgroup col thead tbody tfoot tr th td div span strong em b i bdi code pre small details summary abbr "
    "time figure figcaption aside progress meter br hr mark svg g rect line path circle text desc"
)


def pages(world):
    yield from (result.feedback for result in world.results.values() if result.feedback)
    yield world.course.root / f"class-report-{A1}.html"


def test_pages_hold_what_students_wrote_as_text_alone(world):
    seen = 0
    for path in pages(world):
        text = path.read_text()
        page = Page(text)
        assert {tag for tag, _ in page.elements} <= {*INERT.split(), "DOCTYPE html"}, path
        for tag, attributes in page.elements:
            assert not [name for name in attributes if name.startswith("on") or name in ("src", "srcdoc", "action")], (
                path
            )
            for name, value in attributes.items():
                assert MARK not in (value or ""), (path, tag, name)
            assert (attributes.get("href") or "#").startswith("#"), (path, attributes)
        policy = next(
            each["content"] for tag, each in page.elements if each.get("http-equiv") == "Content-Security-Policy"
        )
        assert "default-src 'none'" in policy
        assert unseen(text) == set(), path
        seen += page.text.count(MARK)
    assert seen > 20, "the markup should be shown as text"


def unseen(text):
    """Return the characters that nobody sees, or that turn text round."""
    turning = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    return {
        each for each in text if (unicodedata.category(each) in ("Cc", "Cs") and each not in "\n\t") or each in turning
    }


def test_the_autograded_notebooks_are_inert(world):
    for result in world.results.values():
        graded = read_graded(world.course.autograded(A1, result.student))
        if graded is None:
            assert result.ungraded
            continue
        nbformat.validate(graded)
        assert graded.metadata.keys() <= {"kernelspec", "language_info", "course"}
        assert graded.metadata.kernelspec == RELEASED.metadata.kernelspec
        assert graded.metadata.course.student == result.student
        for each in graded.cells:
            outputs = each.get("outputs", [])
            assert {output.output_type for output in outputs} <= {"stream", "error"}
            assert MARK not in each.id + json.dumps(each.metadata.get("tags", []))
            if each.cell_type != "code" and not mark(each).get("locked"):
                assert not re.search(r"<[a-zA-Z/!]|\]\(javascript", each.source)
            assert each.cell_type != "raw"


def test_the_table_of_grades_is_quoted_and_runs_nothing(world):
    text = (world.course.root / "grades.csv").read_text(encoding="utf-8")
    rows = list(csv.reader(io.StringIO(text)))
    assert len(rows) == len(world.results) + 1
    assert {len(row) for row in rows} == {len(rows[0])}
    for row in rows[1:]:
        for value in row:
            assert re.fullmatch(r"\d+\.\d+", value) or not re.match(r"\s*[=+\-@]", value), row
            assert unseen(value.replace("\n", "")) == set(), row
    by_student = {row[0]: row for row in rows[1:]}
    assert by_student["skip_tags"][1] == "'=HYPERLINK(1)"


def test_the_terminal_shows_text_alone(world):
    assert unseen(world.printed) == set()
    assert "Traceback" not in world.printed
    assert "[red]markup" in words(world.printed)
    tried = "looks like an attempt, and gained nothing: =HYPERLINK(1): tagged cells so that they would be skipped"
    assert tried in words(world.printed)
    assert "[U+001B][2J" in world.printed


def test_names_on_the_command_line_are_shown_as_text(by_nbgrader):
    place, *_ = by_nbgrader
    said = CliRunner().invoke(main, ["grade", "a1", "--root", str(place), "--student", "../x", "--student", ANSI])
    assert said.exit_code == 1
    assert "Error: ../x, [U+001B][2J" in said.output
    assert "handed in nothing; there are: " in said.output
    assert unseen(said.output) == set()


def test_what_is_graded_stands_when_it_is_graded_again(world):
    """What has not changed is not graded again, and hostile files are no change."""
    course = world.course
    ours = [name for name in course.submitted(A1) if name != "gradebook"]  # that file changes with the gradebook
    again = course.grade(A1, ours)
    assert again.graded == []
    assert set(again.kept) == {name for name in ours if not world.results[name].ungraded}
    assert set(again.failures) == {os.fsdecode(name) for name in BAD_NAMES}


def test_nbgrader_itself_gives_the_same_scores(by_nbgrader):
    """`nbgrader autograde` grades a part of the class, in one process."""
    place, before, running = by_nbgrader
    printed, errors, code, left = running.ended()
    said = printed + errors
    assert code == 0, said[-3000:]
    assert left == []
    with Course(place).book() as book:
        stored = book.scores(A1)
    chosen = [attack for attack in ATTACKS if attack.again]
    keeps = {attack.name: attack.keeps for attack in chosen} | {"ann marie": "all"}
    assert {student: {name for name, each in own.items() if each.score} for student, own in stored.items()} == {
        student: DESERVED[kept] for student, kept in keeps.items()
    }
    assert all(0 <= each.score <= each.most for own in stored.values() for each in own.values())
    after = snapshot(place)
    assert all(MADE.fullmatch(name) for name in after.keys() - before.keys())
    assert {name for name in before if before[name] != after.get(name)} == {"gradebook.db"}
    for student in keeps:
        graded = read_graded(Course(place).autograded(A1, student))
        told = reasons(result_of(graded, {}, student))
        assert next((attack.told for attack in chosen if attack.name == student), "") in told
        assert [path.name for path in (place / "autograded" / student / A1).iterdir()] == [FILE]
    assert "\x1b[31mred" not in said
    assert not list(running.outside.rglob(f"*{CANARY}*"))
