"""Repair of submissions: what is restored, what is kept, what is told; and notebooks that can be looked at safely."""

import copy
import html.parser
import json
import re
import warnings

import nbformat
import pytest
from harness import ROOT
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from nbconvert import HTMLExporter
from nbconvert.filters.markdown_mistune import markdown2html_mistune

from course_utils.grading import pieces as module
from course_utils.grading.classroom import read
from course_utils.grading.inert import inert
from course_utils.grading.repair import repair

A1 = "a1_convolution_arithmetic"
RELEASED = read(ROOT / "assignments" / A1 / f"{A1}.ipynb")
MARKS = {cell.metadata.nbgrader.grade_id: cell for cell in RELEASED.cells}
ASKED = [name for name, cell in MARKS.items() if cell.metadata.nbgrader.solution]
FAST = settings(deadline=None, max_examples=40, suppress_health_check=list(HealthCheck))


def grade_id(cell):
    return cell.get("metadata", {}).get("nbgrader", {}).get("grade_id")


def answer(name):
    return "Weights are shared: $w < w^2$." if name == "why_share" else f"def {name}(*args):\n    return {len(name)}"


def made():
    notebook = copy.deepcopy(RELEASED)
    for count, cell in enumerate(notebook.cells):
        if grade_id(cell) in ASKED:
            cell.source = answer(grade_id(cell))
        if cell.cell_type == "code":
            cell.execution_count = count
            cell.outputs = [nbformat.v4.new_output("stream", text="hello\n")]
        cell.metadata.update(execution={"iopub.status.busy": "2026-01-01"}, collapsed=True, trusted=True)
    notebook.metadata.language_info = nbformat.from_dict({"name": "python", "version": "3.13.1"})
    notebook.metadata.kernelspec.display_name = "Mine"
    notebook.cells.insert(4, nbformat.v4.new_code_cell("helper = 1", id="mine-1"))
    notebook.cells.insert(0, nbformat.v4.new_markdown_cell("My notes", id="mine-2"))
    return json.dumps(notebook)


ANSWERED = made()


def answered():
    """A student's notebook, right out of JupyterLab: every cell answered, run, with cells of their own."""
    return json.loads(ANSWERED, object_hook=nbformat.NotebookNode)


def at(notebook, name):
    return next(place for place, cell in enumerate(notebook["cells"]) if grade_id(cell) == name)


def packed(notebook):
    return json.dumps(notebook).encode()


def sources(notebook):
    return {grade_id(cell): cell.source for cell in notebook.cells if grade_id(cell)}


def own(notebook):
    return [cell.source for cell in notebook.cells if not grade_id(cell)]


def check(repaired):
    """What holds whatever was handed in."""
    notebook = repaired.notebook
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nbformat.validate(notebook)
    json.dumps(notebook, ensure_ascii=False, allow_nan=False).encode()
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert notebook.metadata == RELEASED.metadata
    marked = [cell for cell in notebook.cells if "nbgrader" in cell.metadata]
    assert [grade_id(cell) for cell in marked] == list(MARKS)
    for cell in marked:
        there = MARKS[grade_id(cell)]
        assert (cell.id, cell.cell_type, cell.metadata) == (there.id, there.cell_type, there.metadata)
        if grade_id(cell) not in ASKED:
            assert cell.source == there.source
            assert "attachments" not in cell
        if grade_id(cell) in repaired.lost:
            assert cell.source == there.source
    assert all(cell.metadata == {} for cell in notebook.cells if "nbgrader" not in cell.metadata)
    assert all(not cell.get("outputs") and not cell.get("execution_count") for cell in notebook.cells)
    assert all(each.endswith(".") and "\n" not in each and len(each) < 500 for each in repaired.repairs)
    return repaired


def repaired_from(edit):
    notebook = answered()
    edit(notebook)
    return check(repair(packed(notebook), RELEASED))


def told(repaired, words):
    assert any(words in each for each in repaired.repairs), repaired.repairs


def test_honest_submission_comes_through_untouched():
    notebook = answered()
    repaired = check(repair(packed(notebook), RELEASED))
    assert (repaired.repairs, repaired.lost, repaired.failure) == ((), {}, "")
    assert [cell.source for cell in repaired.notebook.cells] == [cell.source for cell in notebook.cells]
    assert [cell.id for cell in repaired.notebook.cells] == [cell.id for cell in notebook.cells]


def test_untouched_release_comes_through():
    text = nbformat.writes(RELEASED).encode()
    repaired = check(repair(text, RELEASED))
    assert (repaired.repairs, repaired.lost) == ((), {})
    assert repaired.notebook == RELEASED


def test_repair_is_the_same_twice_and_of_a_repaired_notebook():
    notebook = answered()
    del notebook.cells[7], notebook.cells[3]["id"]
    once, twice = (repair(packed(notebook), RELEASED) for _ in range(2))
    assert once == twice
    assert repair(packed(once.notebook), RELEASED).repairs == ()


def test_released_is_never_changed():
    before = copy.deepcopy(RELEASED)
    repair(packed(answered()), RELEASED).notebook.cells[0].metadata.clear()
    repair(b"", RELEASED).notebook.cells[0].metadata.clear()
    assert before == RELEASED


# Cells that are there too often, missing, elsewhere, or in pieces.


def copied(name, *texts):
    def edit(notebook):
        place = at(notebook, name)
        cells = [copy.deepcopy(notebook.cells[place]) for _ in texts]
        for number, (cell, text) in enumerate(zip(cells, texts, strict=True)):
            cell.update(source=text, id=f"copy-{number}")
        notebook.cells[place : place + 1] = cells

    return edit


STUB = MARKS["conv_macs"].source


@pytest.mark.parametrize("texts", [(answer("conv_macs"), STUB), (STUB, answer("conv_macs"), STUB)])
def test_of_copies_the_one_that_was_written_in_is_graded(texts):
    repaired = repaired_from(copied("conv_macs", *texts))
    assert sources(repaired.notebook)["conv_macs"] == answer("conv_macs")
    assert repaired.repairs == ("conv_macs: the cell was there more than once; the one you wrote in is graded.",)
    assert len(own(repaired.notebook)) == 2


def test_of_several_answers_the_last_is_graded_and_the_others_stand_above_it():
    first, last = "def conv_macs():\n    return 1", "def conv_macs():\n    return 2"
    repaired = repaired_from(copied("conv_macs", first, last))
    cells = repaired.notebook.cells
    place = at(repaired.notebook, "conv_macs")
    assert [cell.source for cell in cells[place - 1 : place + 1]] == [first, last]
    told(repaired, "conv_macs: the cell was there more than once; the last answer is graded")


def test_a_scratch_copy_is_not_taken_for_the_answer():
    repaired = repaired_from(copied("conv_macs", answer("conv_macs"), "conv_macs(1, 2)"))
    cells, place = repaired.notebook.cells, at(repaired.notebook, "conv_macs")
    assert [cell.source for cell in cells[place : place + 2]] == [answer("conv_macs"), "conv_macs(1, 2)"]


def test_two_copies_of_an_untouched_stub_are_one():
    repaired = repaired_from(copied("conv_macs", STUB, STUB))
    assert sources(repaired.notebook)["conv_macs"] == STUB
    assert len(own(repaired.notebook)) == 2


def test_a_copied_test_that_was_changed_is_a_cell_of_the_students_own():
    source = MARKS["conv_macs__examples"].source
    repaired = repaired_from(copied("conv_macs__examples", "print(1)", source, source))
    assert own(repaired.notebook).count("print(1)") == 1
    assert len(own(repaired.notebook)) == 3
    told(repaired, "conv_macs (examples): the cell was there more than once")


def test_missing_cells_are_put_back():
    def edit(notebook):
        for name in ("conv_macs", "conv_macs__values", "setup", "fc_params__statement"):
            del notebook.cells[at(notebook, name)]

    repaired = repaired_from(edit)
    assert repaired.lost == {"conv_macs": "its cell is missing, and no other cell has the answer"}
    told(repaired, "setup, fc_params (statement), conv_macs (values): the cell was missing; it was put back")
    told(repaired, "conv_macs: the answer was not found; its cell is as it was handed out")


def test_moved_cells_go_back_with_what_the_student_wrote_below():
    def edit(notebook):
        place = at(notebook, "conv_macs")
        moved = [notebook.cells.pop(place), nbformat.v4.new_code_cell("after = 1")]
        notebook.cells[1:1] = moved

    repaired = repaired_from(edit)
    assert repaired.repairs == ("conv_macs: the cell stood at another place; it was moved back.",)
    cells, place = repaired.notebook.cells, at(repaired.notebook, "conv_macs")
    assert [cell.source for cell in cells[place : place + 2]] == [answer("conv_macs"), "after = 1"]


def test_reversed_notebook_is_put_in_order():
    repaired = repaired_from(lambda notebook: notebook.cells.reverse())
    assert all(sources(repaired.notebook)[name] == answer(name) for name in ASKED)
    told(repaired, "the cell stood at another place")


@pytest.mark.parametrize(("name", "kind"), [("conv_macs", "markdown"), ("conv_macs", "raw"), ("why_share", "code")])
def test_retyped_cells(name, kind):
    repaired = repaired_from(lambda notebook: notebook.cells[at(notebook, name)].update(cell_type=kind))
    assert sources(repaired.notebook)[name] == answer(name)
    there = MARKS[name].cell_type
    assert repaired.repairs == (f"{name}: the cell had become a {kind} cell; it is a {there} cell again.",)


HALVES = "def conv_macs(n):\n    total = 0", "\n    for i in range(n):\n        total += i\n    return total"


@pytest.mark.parametrize("marks", [(True, True), (True, False), (False, True)])
def test_a_function_cut_in_two_is_put_together(marks):
    def edit(notebook):
        copied("conv_macs", *HALVES)(notebook)
        place = at(notebook, "conv_macs")
        for cell, marked in zip(notebook.cells[place : place + 2], marks, strict=True):
            if not marked:
                del cell.metadata["nbgrader"]

    repaired = repaired_from(edit)
    assert sources(repaired.notebook)["conv_macs"] == "\n".join(HALVES)
    assert repaired.repairs == ("conv_macs: a function was cut in two cells; they were put together.",)


def test_what_was_split_off_below_a_function_stays_below_it():
    def edit(notebook):
        rest = nbformat.v4.new_code_cell("TABLE = {1: 2}")
        notebook.cells.insert(at(notebook, "conv_macs") + 1, rest)

    repaired = repaired_from(edit)
    assert repaired.repairs == ()
    assert repaired.notebook.cells[at(repaired.notebook, "conv_macs") + 1].source == "TABLE = {1: 2}"


def test_a_helper_split_off_above_keeps_its_place_above():
    repaired = repaired_from(copied("conv_macs", "def helper():\n    return 1", answer("conv_macs")))
    cells, place = repaired.notebook.cells, at(repaired.notebook, "conv_macs")
    assert [cell.source for cell in cells[place - 1 : place + 1]] == [
        "def helper():\n    return 1",
        answer("conv_macs"),
    ]


MERGED = """%matplotlib inline
import functools

{one}

@functools.cache
def {two}(n):
    '''Text
at the margin.
'''
    return n

LAST = 1"""


@pytest.mark.parametrize(("host", "lost"), [("fc_params", "conv_params"), ("conv_params", "fc_params")])
def test_merged_answers_are_taken_apart(host, lost):
    def edit(notebook):
        notebook.cells[at(notebook, host)].source = MERGED.format(one=answer(host), two=lost)
        del notebook.cells[at(notebook, lost)]

    repaired = repaired_from(edit)
    there = sources(repaired.notebook)
    assert there[lost] == f"@functools.cache\ndef {lost}(n):\n    '''Text\nat the margin.\n'''\n    return n"
    assert f"def {lost}" not in there[host]
    assert answer(host) in there[host]
    assert "LAST = 1" in there[host]
    assert repaired.lost == {}
    assert repaired.repairs == (f"{lost}: your answer stood in the cell of {host} and was moved to its own.",)


def test_merged_answers_that_are_no_python_are_lost_with_a_reason():
    def edit(notebook):
        notebook.cells[at(notebook, "fc_params")].source = "def conv_params():\n    return (\n"
        del notebook.cells[at(notebook, "conv_params")]

    assert set(repaired_from(edit).lost) == {"conv_params"}


def test_an_answer_merged_with_its_test_is_freed_of_it():
    test = MARKS["conv_macs__examples"].source

    def edit(notebook):
        notebook.cells[at(notebook, "conv_macs")].source += f"\n\n{test}"
        del notebook.cells[at(notebook, "conv_macs__examples")]

    repaired = repaired_from(edit)
    assert sources(repaired.notebook)["conv_macs"] == answer("conv_macs")
    told(repaired, "conv_macs: a copy of a test stood in your answer; it was taken out")
    told(repaired, "conv_macs (examples): the cell was missing; it was put back")


@pytest.mark.parametrize("keep", [True, False])
def test_an_answer_written_in_a_locked_cell_is_moved_to_its_own(keep):
    def edit(notebook):
        notebook.cells[at(notebook, "conv_macs__examples")].source += "\n\n" + answer("conv_macs")
        if keep:
            notebook.cells[at(notebook, "conv_macs")].source = STUB
        else:
            del notebook.cells[at(notebook, "conv_macs")]

    repaired = repaired_from(edit)
    assert sources(repaired.notebook)["conv_macs"] == answer("conv_macs")
    told(repaired, "conv_macs: your answer stood in the cell of conv_macs (examples) and was moved to its own")
    told(repaired, "conv_macs (examples): the cell is locked and had been changed; the change was undone")


def test_a_changed_test_is_restored():
    def edit(notebook):
        notebook.cells[at(notebook, "conv_macs__values")].source = "pass"

    expected = "conv_macs (values): the cell is locked and had been changed; the change was undone."
    repaired = repaired_from(edit)
    assert repaired.repairs == (expected,)
    assert "pass" not in own(repaired.notebook)


def test_trailing_space_in_a_locked_cell_is_no_change():
    def edit(notebook):
        for cell in notebook.cells:
            cell.source = cell.source.replace("\n", "  \n") + "\n"

    assert repaired_from(edit).repairs == ()


# Marks, tags, ids, kernels, versions.


@pytest.mark.parametrize("tag", ["skip-execution", "nbval-skip", "hide", "<script>"])
@pytest.mark.parametrize("name", ["conv_macs__values", "conv_macs"])
def test_tags_are_taken_off(tag, name):
    repaired = repaired_from(lambda notebook: notebook.cells[at(notebook, name)].metadata.update(tags=[tag]))
    (sentence,) = repaired.repairs
    assert "tags were taken off" in sentence
    assert ("script" in tag) is ("?script?" in sentence)


def test_tags_of_the_students_own_cells():
    repaired = repaired_from(lambda notebook: notebook.cells[0].metadata.update(tags=["skip-execution"]))
    assert repaired.repairs == ("Tags were taken off cells of your own.",)


@pytest.mark.parametrize(
    "change",
    [{"points": 100}, {"grade": False}, {"locked": False}, {"solution": True}, {"task": True}, {"points": "x"}],
)
def test_changed_marks_are_put_right(change):
    repaired = repaired_from(
        lambda notebook: notebook.cells[at(notebook, "conv_macs__values")].metadata.nbgrader.update(change)
    )
    (name,) = change
    expected = f"conv_macs (values): nbgrader's marks had been changed ({name}); they were put right."
    assert repaired.repairs == (expected,)


@pytest.mark.parametrize("version", [0, 1, 2, 4, "3", None, [3]])
def test_marks_of_another_version(version):
    def edit(notebook):
        for cell in notebook.cells:
            if mark := cell.metadata.get("nbgrader"):
                mark["schema_version"] = version
                del mark["task"], mark["cell_type"]

    repaired = repaired_from(edit)
    (sentence,) = repaired.repairs
    assert sentence.startswith("title, setup, fc_params (statement), fc_params,")
    assert sentence.endswith("and 61 more: nbgrader's marks were of another version; they were put right.")
    assert all(sources(repaired.notebook)[name] == answer(name) for name in ASKED)


def test_foreign_marks():
    mark = {"grade_id": "forged", "grade": True, "points": 100, "locked": True, "solution": False, "schema_version": 3}
    repaired = repaired_from(lambda notebook: notebook.cells[0].metadata.update(nbgrader=mark))
    told(repaired, "Cells with marks that this assignment does not have were kept as cells of your own")


@pytest.mark.parametrize("ids", [True, False])
def test_cells_that_lost_their_marks(ids):
    def edit(notebook):
        for number, cell in enumerate(notebook.cells):
            cell.metadata.pop("nbgrader", None)
            cell.id = cell.id if ids else f"new-{number}"

    repaired = repaired_from(edit)
    assert repaired.lost == {}
    assert all(sources(repaired.notebook)[name] == answer(name) for name in ASKED)
    assert own(repaired.notebook) == ["My notes", "helper = 1"]
    told(repaired, "the cell had lost its mark and was recognised")
    told(repaired, "is this the right notebook?")


def test_a_changed_locked_cell_without_mark_is_recognised_by_its_place():
    def edit(notebook):
        cell = notebook.cells[at(notebook, "conv_macs__statement")]
        cell.update(source=cell.source + "\n\nMy remark.", id="new")
        del cell.metadata["nbgrader"]

    repaired = repaired_from(edit)
    told(repaired, "conv_macs (statement): the cell had lost its mark and was recognised")
    told(repaired, "conv_macs (statement): the cell is locked and had been changed; the change was undone")
    assert len(own(repaired.notebook)) == 2


def test_another_notebook_scores_nothing_and_says_so():
    other = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("print(1)")], metadata=RELEASED.metadata)
    repaired = check(repair(packed(other), RELEASED))
    assert set(repaired.lost) == set(ASKED)
    assert not repaired.failure
    told(repaired, "is this the right notebook?")


def test_cells_without_id_or_with_the_same():
    def edit(notebook):
        del notebook.cells[0]["id"], notebook.cells[9]["id"]
        for place in (3, 5, 7):
            notebook.cells[place].id = "conv-macs-values"

    repaired = repaired_from(edit)
    assert repaired.repairs == ("Some cells had no id or the id of another; they were given ids of their own.",)


@pytest.mark.parametrize("wish", ["", "a" * 65, "a b", "<b>", "conv-macs", "ä", 3, None])
def test_ids_that_no_cell_may_have(wish):
    repaired = repaired_from(lambda notebook: notebook.cells[0].update(id=wish))
    assert re.fullmatch("[a-z0-9-]+", repaired.notebook.cells[0].id)


def test_kernel_and_language_of_the_release():
    def edit(notebook):
        notebook.metadata = {"kernelspec": {"name": "evil<b>", "display_name": "x"}, "language_info": {"name": "R"}}

    repaired = repaired_from(edit)
    told(repaired, "The notebook's kernel was evil?b?; it was graded with python3.")
    told(repaired, "The notebook's language was R; it was graded with python.")


@pytest.mark.parametrize("metadata", [None, [], 3, {"kernelspec": []}, {}])
def test_notebook_metadata_of_the_wrong_kind(metadata):
    told(repaired_from(lambda notebook: notebook.update(metadata=metadata)), "The notebook's kernel was not named")


@pytest.mark.parametrize("minor", [0, 2, 4, 6, 99])
def test_other_minor_versions(minor):
    def edit(notebook):
        notebook.nbformat_minor = minor
        for cell in notebook.cells if minor < 5 else []:
            del cell["id"]

    assert repaired_from(edit).repairs == (f"The file was in notebook format 4.{minor}; it was read as 4.5.",)


@pytest.mark.parametrize("major", [2, 3])
def test_notebooks_of_before_version_4(major, caplog):
    old = nbformat.convert(answered(), major)
    repaired = check(repair(packed(old), RELEASED))
    told(repaired, f"The file was in notebook format {major}.0; it was read as 4.5")
    assert sources(repaired.notebook) == {**sources(RELEASED), **{name: answer(name) for name in ASKED}}
    assert own(repaired.notebook) == ["My notes", "helper = 1"]


def test_headings_of_version_3_are_the_markdown_that_nbformat_makes_of_them():
    old = nbformat.convert(answered(), 3)
    cell = nbformat.v3.new_heading_cell("A title\nin two lines", level=2)
    old.worksheets[0].cells.insert(0, cell)
    assert own(check(repair(packed(old), RELEASED)).notebook)[0] == "## A title in two lines"


# Wrong types, and files that are no notebooks.


def test_sources_as_lines():
    def edit(notebook):
        for cell in notebook.cells:
            cell.source = cell.source.splitlines(keepends=True)

    repaired = repaired_from(edit)
    assert repaired.repairs == ()
    assert sources(repaired.notebook)["conv_macs"] == answer("conv_macs")


@pytest.mark.parametrize("source", [3, None, {}, [1], ["a", None], True, 1.5, [["a"]]])
def test_sources_that_are_no_text(source):
    repaired = repaired_from(lambda notebook: notebook.cells[at(notebook, "conv_macs")].update(source=source))
    assert repaired.lost == {"conv_macs": "its cell holds no text, and no other cell has the answer"}
    told(repaired, "Some cells held no text; they count as empty")


WRONG = [None, 3, "x", [], {}, [3], True, 1.5, {"nbgrader": []}, {"nbgrader": {"grade_id": []}}, {"tags": {}}]
RIGHT = {"metadata": dict, "attachments": dict, "outputs": list, "cell_type": str, "id": str, "execution_count": object}


@pytest.mark.parametrize("key", RIGHT)
@pytest.mark.parametrize("value", WRONG)
def test_wrong_types_in_a_cell(key, value):
    def edit(notebook):
        for place in [at(notebook, name) for name in ("conv_macs", "conv_macs__values")]:
            notebook.cells[place][key] = value

    repaired = repaired_from(edit)
    assert sources(repaired.notebook)["conv_macs"] == answer("conv_macs")
    assert any("parts of the wrong type" in each for each in repaired.repairs) is not isinstance(value, RIGHT[key])


def test_entries_that_are_no_cells():
    repaired = repaired_from(lambda notebook: notebook.cells.extend([None, 3, "x", [], {}]))
    told(repaired, "Some entries of the list of cells were no cells")


FAILURES = {
    b"": "the file is empty",
    b" \n\t": "the file is empty",
    b"\0\0\0\0": "the file is empty",
    b"\xef\xbb\xbf": "the file is empty",
    b"hello": "not in the notebook format (JSON): line 1 cannot be read",
    b"%PDF-1.7 \x00\xff": "not in the notebook format (JSON)",
    b"3": "no list of cells",
    b"[]": "no list of cells",
    b"null": "no list of cells",
    b"{}": "no list of cells",
    b'{"cells": {}}': "no list of cells",
    b'{"cells": null, "worksheets": 3}': "no list of cells",
    b'{"cells": [' + b"1" * 5000 + b"]}": "not in the notebook format",
    b"[" * 100_000: "nested too deeply",
    b'{"cells": ' + b"[" * 100_000 + b"]" * 100_000 + b"}": "nested too deeply",
    b'{"metadata": ' * 100_000 + b"1" + b"}" * 100_000: "nested too deeply",
    packed(answered())[:-1000]: "the file breaks off in the middle",
    packed(answered())[:1000]: "the file breaks off in the middle",
}


@pytest.mark.parametrize("data", FAILURES, ids=range(len(FAILURES)))
def test_files_that_are_no_notebooks(data):
    repaired = check(repair(data, RELEASED))
    assert FAILURES[data] in repaired.failure
    assert repaired.notebook == RELEASED
    assert (repaired.repairs, repaired.lost) == ((), {})


def test_huge_files_and_many_cells():
    huge = packed(answered()) + b" " * module.MEGABYTES * 1_000_000
    assert "the file has 20 MB, and at most 20 are read" in check(repair(huge, RELEASED)).failure
    notebook = json.loads(packed(answered()))
    notebook["cells"] += [{"cell_type": "code"}] * 300_000
    repaired = check(repair(packed(notebook), RELEASED))
    told(repaired, "The notebook has 300,071 cells; those after the first 2,000 were left out")
    assert sources(repaired.notebook)["conv_macs"] == answer("conv_macs")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: b"\xef\xbb\xbf" + text, "byte order mark"),
        (lambda text: text.decode().encode("utf-16"), "The file was written in UTF-16; notebooks are in UTF-8"),
        (lambda text: text.decode().encode("utf-16-le"), "UTF-16-LE"),
        (lambda text: text.decode().encode("utf-32"), "UTF-32"),
        (lambda text: text + b"\0" * 100, "null bytes"),
        (lambda text: text.replace(b'"My notes"', b'"My \xff\xfe notes"'), "bytes that are no letters"),
        (lambda text: text.replace(b'"My notes"', b'"My \\ud800 \\u0000 notes"'), "Characters that no notebook can"),
        (lambda text: text.replace(b'"My notes"', b'"My\\r\\nnotes"'), "Line ends of another system"),
        (lambda text: text.replace(b"{", b'{"nbformat_minor": 5, ', 1), "gave some values twice"),
        (lambda text: text.replace(b'"collapsed": true', b'"collapsed": NaN', 1), "NaN or Infinity"),
        (lambda text: text.replace(b'"collapsed": true', b'"collapsed": -Infinity', 1), "NaN or Infinity"),
        (lambda text: text.replace(b'"collapsed": true', b'"collapsed": 1e999', 1), ""),
        (lambda text: text.replace(b'"My notes"', b'"My \t\n notes"'), ""),
        (lambda text: json.dumps(json.loads(text), indent=1).replace("\n", "\r\n").encode(), ""),
    ],
)
def test_damaged_text_that_can_be_read(change, words):
    repaired = check(repair(change(packed(answered())), RELEASED))
    assert repaired.failure == ""
    assert all(sources(repaired.notebook)[name] == answer(name) for name in ASKED)
    assert [words in each for each in repaired.repairs] == ([True] if words else [])


def test_windows_line_ends_in_every_cell():
    def edit(notebook):
        for cell in notebook.cells:
            cell.source = cell.source.replace("\n", "\r\n")

    repaired = repaired_from(edit)
    assert repaired.repairs == ("Line ends of another system were replaced.",)
    assert sources(repaired.notebook)["conv_macs"] == answer("conv_macs")


def test_code_that_no_parser_should_read():
    for source in ("(" * 50_000, "-" * 200_001, "def conv_macs():\n" + " " * 150_000, "'''", "\\", "\n" * 199_000):
        repaired = repaired_from(copied("conv_macs", "def conv_macs():\n    pass\n" + source, "    return 1" + source))
        assert not repaired.lost


def test_pictures_stay_where_an_answer_shows_them():
    bundle = {"a.png": {"image/png": "aGk=", "text/html": "<b>"}, "b.png": {"image/png": "aGk="}, "c": {"image/png": 3}}

    def edit(notebook):
        for name in ("why_share", "title", "conv_macs"):
            notebook.cells[at(notebook, name)].update(attachments=bundle)
        notebook.cells[at(notebook, "why_share")].source = "![x](attachment:a.png) ![y](attachment:c)"

    cell = repaired_from(edit).notebook.cells[-1]
    assert cell.attachments == {"a.png": {"image/png": "aGk="}}
    shown = inert(repaired_from(edit).notebook)
    assert "attachments" not in shown.cells[-1]
    BASIC.from_notebook_node(shown)


# Anything at all.

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
PLACE = st.integers(0, 80)
KEYS = st.sampled_from(["metadata", "source", "cell_type", "id", "outputs", "attachments"])
MARK = st.sampled_from(["nbgrader", "grade_id", "locked", "solution", "points", "schema_version"])
STEP = st.one_of(
    st.tuples(st.sampled_from(["flip", "delete", "double", "merge"]), PLACE, st.none()),
    st.tuples(st.sampled_from(["move", "swap", "mark"]), PLACE, PLACE),
    st.tuples(st.just("drop"), PLACE, KEYS | MARK),
    st.tuples(st.just("set"), PLACE, st.tuples(KEYS | MARK, JSON)),
    st.tuples(st.just("text"), PLACE, st.text(max_size=40) | st.sampled_from([answer(name) for name in ASKED])),
)


def mutate(cells, what, place, more):
    if not cells:
        return
    place %= len(cells)
    cell = cells[place]
    metadata = cell.get("metadata")
    mark = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    mark = mark if isinstance(mark, dict) else {}
    if what == "flip":
        cell["cell_type"] = {"code": "markdown", "markdown": "raw"}.get(str(cell.get("cell_type")), "code")
    elif what == "delete":
        del cells[place]
    elif what == "double":
        cells.insert(place, copy.deepcopy(cell))
    elif what == "merge" and place + 1 < len(cells):
        cell["source"] = f"{cell.get('source')}\n{cells.pop(place + 1).get('source')}"
    elif what == "move":
        cells.insert(more % len(cells), cells.pop(place))
    elif what == "swap":
        cell["source"], cells[more % len(cells)]["source"] = cells[more % len(cells)].get("source"), cell.get("source")
    elif what == "mark":
        cell["metadata"] = copy.deepcopy(cells[more % len(cells)].get("metadata"))
    elif what == "drop":
        for part in (cell, mark, metadata if isinstance(metadata, dict) else {}):
            part.pop(more, None)
    elif what == "set":
        (mark if more[0] in mark else cell)[more[0]] = copy.deepcopy(more[1])
    elif what == "text":
        cell["source"] = more


@FAST
@given(steps=st.lists(STEP, max_size=25))
def test_mutated_notebooks(steps):
    notebook = json.loads(packed(answered()))
    for step in steps:
        mutate(notebook["cells"], *step)
    repaired = check(repair(packed(notebook), RELEASED))
    assert not repaired.failure
    assert repair(packed(repaired.notebook), RELEASED).notebook == repaired.notebook


@FAST
@given(steps=st.lists(st.tuples(st.sampled_from(["delete", "double", "move", "flip"]), PLACE, PLACE), max_size=12))
def test_no_answer_is_lost_that_is_still_there(steps):
    notebook = json.loads(packed(answered()))
    for step in steps:
        mutate(notebook["cells"], *step)
    left = {grade_id(cell) for cell in notebook["cells"]} & set(ASKED)
    repaired = check(repair(packed(notebook), RELEASED))
    assert set(repaired.lost) == set(ASKED) - left
    assert all(sources(repaired.notebook)[name] == answer(name) for name in left)


@FAST
@given(data=st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
@example(data=b'{"cells": [{"source": "\\ud800"}], "nbformat": [], "nbformat_minor": {}}')
def test_any_bytes(data):
    check(repair(data, RELEASED))


@FAST
@given(edits=st.lists(st.tuples(st.integers(0), st.binary(max_size=3), st.integers(0, 3)), min_size=1, max_size=3))
def test_a_notebook_with_any_bytes_changed(edits):
    data = bytearray(packed(answered()))
    for place, new, length in edits:
        place %= len(data)
        data[place : place + length] = new
    check(repair(bytes(data), RELEASED))


@FAST
@given(document=st.dictionaries(st.sampled_from(["cells", "worksheets", "metadata", "nbformat"]), JSON))
def test_any_document(document):
    check(repair(packed(document), RELEASED))


# What is shown to others.

FORBIDDEN = re.compile(
    "script|style|iframe|frame|object|embed|applet|form|button|img|image|svg|math|link|meta|base|video|audio|source"
    "|template|details|marquee|textarea|select|body|html|head|foreignobject|animate|use|canvas|dialog|portal"
)
LOADS = ("src", "srcset", "srcdoc", "action", "formaction", "background", "data")
TEX = re.compile(r"\\(href|unicode|class|cssId|style|require|mmlToken|html\w*|[egx]?def|let|(re)?newcommand)\b")


class Page(html.parser.HTMLParser):
    """A page's elements, and what in them could run."""

    def __init__(self, text):
        super().__init__()
        self.bad, self.text = [], ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        attrs = {name: (value or "").strip() for name, value in attrs}
        if FORBIDDEN.fullmatch(tag) or (tag == "input" and attrs.get("type") != "checkbox"):
            self.bad.append(tag)
        for name, value in attrs.items():
            plain = re.sub(r"[\x00-\x20]", "", value).lower()
            if name.startswith("on") or name in LOADS:
                self.bad.append(name)
            if name == "style" and not re.fullmatch(r"text-align:\s*\w+;?", value):
                self.bad.append(f"style={value}")
            if name in ("href", "xlink:href") and not re.match(r"https?:|mailto:|[^:]*$|[^:]*[/?#]", plain):
                self.bad.append(f"{name}={value}")
            if name == "class" and {"mermaid", "jp-mermaid"} & set(value.lower().split()):
                self.bad.append("mermaid")

    def handle_decl(self, decl):
        self.bad.append(decl)

    def handle_comment(self, data):
        self.bad.append(data)

    def handle_data(self, data):
        self.text += data
        if TEX.search(data):
            self.bad.append(data)


PAYLOADS = [
    "<script>alert(1)</script>",
    "<ScRiPt\n>alert(1)</sCrIpT>",
    "x <script src=//evil.example/x.js></script>",
    "<style>body{display:none}</style>",
    "<iframe src='javascript:alert(1)'></iframe>",
    "<img src=x onerror=alert(1)>",
    "text <img src=x onerror=alert(1)//",
    "<svg/onload=alert(1)>",
    "<svg><animate onbegin=alert(1) attributeName=x></svg>",
    "<math href='javascript:alert(1)'>x</math>",
    "<details open ontoggle=alert(1)>",
    "<a href='javascript:alert(1)'>x</a>",
    "<form action=/api/shutdown method=post><input type=submit></form>",
    "<meta http-equiv=refresh content='0;url=//evil'>",
    "<base href=//evil>",
    "<!-- comment --><script>alert(1)</script>",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<?xml version='1.0'?><script/>",
    "<!DOCTYPE html>",
    "</div></div><script>alert(1)</script>",
    "$<script>alert(1)</script>$",
    "$$\n<img src=x onerror=alert(1)>\n$$",
    "\\begin{align}<script>alert(1)</script>\\end{align}",
    "`<script>`<script>alert(1)</script>`",
    "```\n</code></pre><script>alert(1)</script>\n```",
    "    </pre><script>alert(1)</script>",
    "```mermaid\n<img src=x onerror=alert(1)>\n```",
    '~~~ mermaid\ngraph TD\nclick A "javascript:alert(1)"\n~~~',
    "```\u00a0mermaid\n%%{init: {'securityLevel': 'loose'}}%%\n```",
    "> ```mermaid\n> x\n> ```",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x]( javascript:alert(1) )",
    "[x](\njavascript:alert(1))",
    "[x](<javascript:alert(1)>)",
    "[x](<java\tscript:alert(1)>)",
    "[x](<java" + "\t" * 3000 + "script:alert(1)>)",
    "[x](javascript&#58;alert(1))",
    "[x](javascript&colon;alert(1))",
    "[x](javascript&amp;colon;alert(1))",
    "[x](java&Tab;script:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](&amp;#106;avascript:alert(1))",
    "[x](javascript\\:alert(1))",
    "[x](vbscript:x) [y](data:text/html,<script>alert(1)</script>) [z](file:///etc/passwd)",
    "[x]: javascript:alert(1)\n\n[x]",
    "[x]:\n  javascript:alert(1)\n\n[x][x]",
    "> [x]:\n> javascript:alert(1)\n\n[x]",
    "[x]: <javascript:alert(1)>\n\n[x][] ![x]",
    "<javascript:alert(1)>",
    "![x](javascript:alert(1))",
    "![x](https://evil.example/track.png)",
    "![x](data:image/svg+xml;base64,AAAA)",
    "![x][y]\n\n[y]: https://evil.example/track.png",
    "![x](attachment:missing.png)",
    "[![x](javascript:alert(1))](javascript:alert(2))",
    '[x](https://a.example "onclick=alert(1)")',
    '[x](https://a.example"onmouseover="alert(1))',
    "[x](https://a.example 'a\" onclick=\"alert(1)')",
    "| a |\n|---|\n| <script>alert(1)</script> [x](javascript:alert(1)) |",
    "# <img src=x onerror=alert(1)>",
    "$\\href{javascript:alert(1)}{x}$",
    "$$\\unicode[x;onload=alert(1)]{65}$$",
    "$\\class{x}{y} \\cssId{x}{y} \\style{color:red}{x} \\require{html} \\htmlData{a=b}{c}$",
    "$\\mmlToken{mi}[href='javascript:alert(1)']{x}$",
    "$\\def\\x{\\href} \\let\\y\\href \\newcommand{\\z}{\\href} \\renewcommand{\\frac}{x} \\gdef\\a{b}$",
    "\\$\\\\href{javascript:alert(1)}{x}\\$",
    "&#36;&#92;href{javascript:alert(1)}{x}&#36;",
    "&dollar;&bsol;href{javascript:alert(1)}{x}&dollar;",
    "$\\hre&#102;{javascript:alert(1)}{x}$",
    "\\begin{equation}\\href{javascript:alert(1)}{x}\\end{equation}",
    "&#60;script&#62;alert(1)&#60;/script&#62;",
    "- [ ] <script>alert(1)</script>",
    "<b\0><scr\0ipt>",
    "\\<script>alert(1)\\</script>",
]


BASIC = HTMLExporter(template_name="basic", exclude_anchor_links=True)


def shown(*cells):
    """The page that nbconvert makes of cells of a student's own, made inert."""
    calm = inert(nbformat.v4.new_notebook(cells=list(cells)))
    nbformat.validate(calm)
    return BASIC.from_notebook_node(calm)[0]


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_no_payload_runs(payload):
    new = nbformat.v4
    assert Page(shown(new.new_markdown_cell(payload), new.new_raw_cell(payload))).bad == []
    code = Page(shown(new.new_code_cell(payload))).bad  # where mathematics is none
    assert [each for each in code if not TEX.search(each)] == []


def test_the_payloads_are_dangerous_unless_made_inert():
    pages = {payload: Page(markdown2html_mistune(payload.replace("attachment:", ""))) for payload in PAYLOADS}
    harmless = [payload for payload, page in pages.items() if not page.bad]
    assert len(harmless) < 16, harmless


WORDS = (
    "< > & &lt; &amp; &#60; &#106; &colon; &Tab; ! [ ] ( ) : \\ ` ``` ~~~ mermaid $ $$ \\( \\) \\\\ script /script img "
    "svg onerror=alert(1) href= javascript: data: https://a.example x y \" ' = - # * _ | / ? <!-- --> ]( ]: "
    "[x] \\href{ } \\begin{a} \\end{a} \\def def href"
)
SPACES = ["\n", "\n\n", " ", "\t", "    ", "\n> ", "\n- ", "\x0b", "\u00a0", "\u2028"]
FRAGMENTS = st.sampled_from([*WORDS.split(), *SPACES])


@settings(FAST, max_examples=400)
@given(parts=st.lists(FRAGMENTS, max_size=25))
def test_no_mixture_of_markup_runs(parts):
    cell = nbformat.v4.new_markdown_cell("".join(parts))
    raw = nbformat.v4.new_raw_cell("".join(parts))
    for calm in inert(nbformat.v4.new_notebook(cells=[cell, raw])).cells:
        bad = Page(markdown2html_mistune(calm.source)).bad
        assert bad == [], calm.source


@pytest.mark.parametrize(
    "source",
    [
        "# A title\n\nIn *italics*, **bold**, `code`; a [link](https://a.example/b?c=d#e), [mail](mailto:a@b.example).",
        "- one\n- two\n\n1. a\n2. b\n\n> quoted\n\n| a | b |\n|---|--:|\n| 1 | 2 |\n\n---",
        "The window $w < 3$ has $\\frac{a}{b} \\left( \\mathbf{x} \\right) \\leq \\theta$.",
        "$$\n\\sum_{i=0}^{n} w_i x_{n-i}\n$$\n\n\\begin{align} a &= b \\\\ c &= d \\end{align}",
        "`a[i] < b and c[j](x) <= 3 & 5` and\n\n```python\nif a < 3:\n    return x[1:3], 'C:'\n```\n",
        "3 < 5, a & b, R&D, &lt;b&gt;, caf\u00e9, [see below](#here), [page](../lectures/01.ipynb), <https://a.example>!",
        "Costs 5 $ or 6 $ and 2 * 3 * 4 [1]: that is it.",
    ],
)
def test_ordinary_markdown_survives(source):
    (cell,) = inert(nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(source)])).cells
    before, after = (markdown2html_mistune(text) for text in (source, cell.source))
    assert Page(after).text.replace(" ", "") == Page(before).text.replace(" ", "")
    assert [*re.findall(r"<\w+", before)] == [*re.findall(r"<\w+", after)]


def test_html_shows_as_text():
    page = Page(shown(nbformat.v4.new_markdown_cell("Shapes: <b>bold</b> and <script>alert(1)</script>")))
    assert "< b>bold< /b> and < script>alert(1)< /script>" in page.text


def test_locked_cells_keep_their_source():
    calm = inert(repair(packed(answered()), RELEASED).notebook)
    assert [cell.source for cell in calm.cells if grade_id(cell)][:3] == [cell.source for cell in RELEASED.cells][:3]
    assert any("<details>" in cell.source for cell in calm.cells)


def outputs():
    bundle = {"text/html": "<script>alert(1)</script>", "application/javascript": "alert(1)", "image/svg+xml": "<svg/>"}
    new = nbformat.v4.new_output
    return [
        new("stream", name="stderr", text="\x1b[31m<script>alert(1)</script>\x1b[0m" + "x" * 30_000),
        new("stream", name="<script>", text="</pre><img src=x onerror=alert(1)>"),
        new("display_data", data=bundle | {"text/plain": "<Figure>"}, metadata={"a": "b"}),
        new("display_data", data=bundle | {"text/markdown": "<script>"}),
        new("display_data", data={"text/latex": "$\\href{javascript:alert(1)}{x}$"}),
        new("execute_result", data=bundle | {"text/plain": "0.5"}, execution_count=3),
        new("error", ename="<b>", evalue="<script>alert(1)</script>", traceback=["<script>", "x" * 100_000]),
        *[new("stream", text="x")] * 200,
    ]


def test_outputs_become_plain_text():
    notebook = copy.deepcopy(RELEASED)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = outputs()
    notebook.metadata.widgets = {"application/vnd.jupyter.widget-state+json": {"state": {"x": "</script>"}}}
    before = copy.deepcopy(notebook)
    calm = inert(notebook)
    assert notebook == before
    nbformat.validate(calm)
    assert calm.metadata == RELEASED.metadata
    cell = calm.cells[at(calm, "conv_macs")]
    assert len(cell.outputs) == module.OUTPUTS + 1
    assert cell.outputs[-1].text == "[107 more outputs]\n"
    assert cell.outputs[0].text.startswith("<script>alert(1)</script>xxx")
    assert cell.outputs[0].text.endswith(" more characters]")
    assert cell.outputs[2].data == {"text/plain": "<Figure>"}
    assert cell.outputs[4].data == {"text/plain": "[text/latex: not shown]"}
    assert (cell.outputs[5].output_type, cell.outputs[5].data) == ("execute_result", {"text/plain": "0.5"})
    assert cell.outputs[6].traceback == ["<b>: <script>alert(1)</script>"]
    texts = re.findall(r'"(?:[^"\\]|\\.)*"', json.dumps([each.outputs for each in calm.cells if "outputs" in each]))
    assert max(map(len, texts)) <= module.TEXT + 10
    calm.cells = [cell]
    page = Page(BASIC.from_notebook_node(calm)[0])
    assert page.bad == []
    assert "<script>alert(1)</script>" in page.text


def test_whole_page_holds_no_element_of_the_students():
    notebook = answered()
    for payload in PAYLOADS:
        notebook.cells.append(nbformat.v4.new_markdown_cell(payload))
        notebook.cells.append(nbformat.v4.new_raw_cell(payload))
        notebook.cells.append(nbformat.v4.new_code_cell(payload, outputs=outputs()[:7]))
    notebook.cells[at(notebook, "why_share")].source = "\n\n".join(PAYLOADS)
    calm = inert(repair(packed(notebook), RELEASED).notebook)
    page, empty = (HTMLExporter().from_notebook_node(each)[0] for each in (calm, RELEASED))
    for element in ("script", "style", "iframe", "img", "svg", "meta", "base", "form", "details"):
        assert page.lower().count(f"<{element}") == empty.lower().count(f"<{element}"), element
