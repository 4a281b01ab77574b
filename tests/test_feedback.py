"""Feedback pages: what a student is told, what is never shown, and that whatever a student writes is only text."""

import base64
import copy
import hashlib
import html
import html.parser
import os
import re
import sys
import time
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
from harness import ROOT
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nbformat import v4
from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from playwright.sync_api import Error as BrowserError
from traitlets.config import Config

from course_utils.grading.feedback import grades_of, page, result_of
from course_utils.grading.feedback_exporter import FeedbackExporter
from course_utils.grading.inert import inert
from course_utils.grading.verdict import CellVerdict, Finding, Record, put_verdict

A = "a9_areas"
A1 = ROOT / "assignments" / "a1_convolution_arithmetic" / "a1_convolution_arithmetic.ipynb"
RECORD = Record(A, "zoe", "digest", "digest")
HIDDEN = "the oracle says 4711"
FINDING = Finding(
    exercise="area",
    facet="values",
    summary="area: The sides are added, not multiplied.",
    misconception="The sides are added, not multiplied.",
    call="area(3, 5)",
    got="8",
    fault="they differ by -7.",
    expected="15",
    note="a side of 1 hides it",
    read="lecture 01, on areas",
)
TOLD = "area(2, 3)\n  came back: 5\n  expected:  6\n  they differ by -1.\n  Usual cause: two rows of three"
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")  # of nbgrader's own


def cell(kind, source, grade_id=None, points=None, **flags):
    made = v4.new_code_cell(source) if kind == "code" else v4.new_markdown_cell(source)
    if grade_id:
        flags = {"grade": points is not None, "solution": False, "locked": True, "task": False, **flags}
        made.metadata["nbgrader"] = {"grade_id": grade_id, "schema_version": 3, "cell_type": kind, **flags}
        if points is not None:
            made.metadata.nbgrader["points"] = points
    return made


def failed(notebook, grade_id, kind, failure, finding=None):
    """Write into a graded cell that it failed, as grading does."""
    found = at(notebook, grade_id)
    put_verdict(found, CellVerdict(found.id, "", failure, kind, finding))
    found.outputs = [v4.new_output("error", ename=kind, evalue=failure, traceback=failure.splitlines())]


def at(notebook, grade_id):
    return next(each for each in notebook.cells if each.metadata.get("nbgrader", {}).get("grade_id") == grade_id)


def graded(record=RECORD):
    """A graded notebook: two exercises with hidden facets, one read by hand, cells of the student's own."""
    answer = {"solution": True, "locked": False}
    notebook = v4.new_notebook(
        cells=[
            cell("markdown", "# A9. Areas\n\nMore words.", "title"),
            cell("code", "import numpy as np", "setup"),
            cell("code", "helper = 1"),
            cell("markdown", "## 1. The area\n\nWrite it.", "area__statement"),
            cell("code", "def area(a, b):\n    return a + b", "area", **answer),
            cell("code", "print(area(1, 2))"),
            cell("code", "checks.gives(6, area, 2, 3)", "area__examples", 1),
            cell("code", f"# {HIDDEN}", "area__values", 2),
            cell("code", f"# {HIDDEN}", "area__refusals", 1),
            cell("markdown", "## 2. The edge", "edge__statement"),
            cell("code", "def edge(a):\n    return 4 * a", "edge", **answer),
            cell("code", f"# {HIDDEN}", "edge__values", 2),
            cell("markdown", "## 3. In your own words", "why__statement"),
            cell("markdown", "Because **areas** are $a < b$.", "why", 4, **answer),
        ]
    )
    notebook.cells[5].outputs = [v4.new_output("stream", text="3\n")]
    at(notebook, "edge__values").outputs = [v4.new_output("stream", text=HIDDEN)]
    if record:
        record.put(notebook)
    return notebook


def scores(**changed):
    """Scores as a gradebook gives them, where the first exercise lost all, the second nothing."""
    known = {"area__examples": (0, 1), "area__values": (0, 2), "area__refusals": (1, 1), "edge__values": (2, 2)}
    found = {name: (*points, False, "") for name, points in known.items()}
    return {**found, "why": (None, 4, True, ""), **changed}


def wrong(record=RECORD):
    notebook = graded(record)
    failed(notebook, "area__examples", "CheckFailed", TOLD)
    failed(notebook, "area__values", "ExerciseFailed", HIDDEN, FINDING)
    return notebook


def rendered(notebook, given_scores=None, name="Zoë Ó", **changes):
    result = result_of(notebook, given_scores or scores(), "zoe", name)
    for key, value in changes.items():
        setattr(result, key, value)
    return page(notebook, result)


INLINE = ("a", "b", "bdi", "code", "span", "strong")


class Reader(html.parser.HTMLParser):
    """What a page shows as text, its elements with the names of their attributes, and what the folded parts hold."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.parts, self.elements, self.folded, self.depth = [], [], [], 0
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, tuple(sorted(name for name, _ in attrs))))
        self.depth += tag == "details"
        if tag not in INLINE:
            self.parts.append(" ")

    def handle_endtag(self, tag):
        self.depth -= tag == "details"
        if tag not in INLINE:
            self.parts.append(" ")

    def handle_data(self, data):
        self.parts.append(data)
        if self.depth:
            self.folded.append(data)


def words(notebook, *more, **changes):
    """The text of a page below its style."""
    text = re.sub(r"<style>.*?</style>", "", rendered(notebook, *more, **changes), flags=re.DOTALL)
    return " ".join("".join(Reader(text).parts).split())


# What is told.


def test_page_says_who_what_and_how_many_points():
    said = words(wrong())
    for text in ("A9. Areas", "Zoë Ó (zoe)", A, "3 of 10 points", "4 of the points wait for a reader"):
        assert text in said
    assert "1. The area ✗some points lost 1 / 4" in said
    assert "2. The edge ✓full marks 2 / 2" in said
    assert "3. In your own words …waits for a reader 0 / 4" in said


def test_a_finding_is_told_in_full():
    said = words(wrong())
    assert "✗values 0 / 2 a wrong answer ✓refusals 1 / 1 right" in said
    row = (
        "The likely reason The sides are added, not multiplied. Called area(3, 5) Came back 8 Difference they differ by"
    )
    assert f"{row} -7. Expected here 15 Note a side of 1 hides it." in said
    assert "Read again: lecture 01, on areas." in said
    assert "examples · as the cell in your notebook says area(2, 3) came back: 5 expected: 6" in said


def test_the_misconception_comes_first_and_is_said_once():
    notebook = wrong()
    other = replace(FINDING, facet="refusals", call="area(2, 9)", got="11", fault="they differ by -7.", expected="18")
    failed(notebook, "area__refusals", "ExerciseFailed", "", other)
    said = words(notebook)
    assert said.count("The sides are added") == 1
    assert said.count("Read again") == 1
    assert said.count("a side of 1 hides it") == 1, "what the calls have in common is said once"
    assert "values · refusals The likely reason" in said
    assert said.index("The likely reason") < said.index("as the cell in your notebook says")
    assert "The same in another call: refusals" in said
    assert "area(2, 9) Came back 11 Expected here 18" in said


def test_the_same_message_is_said_once_for_all_its_parts():
    notebook = graded()
    for facet in ("examples", "values", "refusals"):
        failed(notebook, f"area__{facet}", "NotDefined", "area: it was never defined; its cell raised an error")
    said = words(notebook)
    assert said.count("area was never defined; its cell raised an error.") == 1
    assert "examples · values · refusals area was never defined" in said
    assert said.count("not defined") == 3


def test_a_visible_test_that_makes_the_same_call_adds_only_what_is_new():
    notebook = wrong()
    failed(notebook, "area__examples", "CheckFailed", TOLD.replace("area(2, 3)", "area(3, 5)").replace("-1.", "-7."))
    said = words(notebook)
    assert "as the cell in your notebook says" not in said
    assert "examples · values The likely reason" in said
    assert "Usual cause two rows of three." in said
    assert said.count("area(3, 5)") == 1


def test_calls_that_raise_the_same_are_one_message():
    notebook = graded()
    raised = replace(FINDING, misconception="", got="", fault="it raised NameError: b\n    in area, line 2: return b")
    failed(notebook, "area__values", "ExerciseFailed", "", raised)
    failed(notebook, "area__refusals", "ExerciseFailed", "", replace(raised, facet="refusals", call="area(0, 0)"))
    said = words(notebook)
    assert said.count("it raised NameError: b. in area, line 2: return b") == 1
    assert "What happened it raised NameError" in said
    assert said.count("raised NameError") == 3, "twice in the table"


def test_a_test_that_failed_without_a_word_failed():
    notebook = graded()
    failed(notebook, "area__values", "CheckFailed", "")
    assert "✗values 0 / 2 a wrong answer" in words(notebook)
    assert grades_of(notebook, scores())[1].failure == "CheckFailed"


@pytest.mark.parametrize(
    ("fault", "state", "plain"),
    [
        (
            "it did not come back within 5 seconds.",
            "took too long",
            "within 5 seconds and was stopped: is there a loop",
        ),
        ("it raised TooSlowError: it did not come back within 1 seconds", "took too long", "within 1 second and was"),
        ("only 7 calls fitted into 12 seconds.", "took too long", "only 7 calls fitted into 12 seconds."),
        (
            "the student's process is gone: it crashed.",
            "the process ended",
            "the process that ran your code is gone: it cr",
        ),
        (
            "the student's process is gone: signal 9.",
            "the process ended",
            "the system ended the process that ran your co",
        ),
        ("came back with 3, but these arguments ask for a ValueError.", "not refused as asked", "came back with 3"),
        ("it is not written yet (it raised NotImplementedError).", "not written yet", "values Not written yet."),
        ("the call changed argument 0: it held 1.", "changed what it was given", "the call changed argument 0"),
        (
            "raised TypeError: x, but these arguments ask for a ValueError that says why.\n    in area, line 2: y",
            "raised TypeError in place of ValueError",
            "raised TypeError: x, but these arguments ask for a ValueError that says why. in area, line 2: y",
        ),
        (
            "raised StudentProcessError: it did not come back within 1 seconds\n    in call, line 76: self.ask(\n"
            "    in ask, line 7: raise, but these arguments ask for a ValueError that says why.",
            "took too long",
            "What happened it did not come back within 1 second and was stopped: is there a loop that never ends?",
        ),
    ],
)
def test_what_happened_is_told_in_plain_words(fault, state, plain):
    notebook = graded()
    failed(notebook, "area__values", "ExerciseFailed", "", replace(FINDING, misconception="", got="", fault=fault))
    said = words(notebook)
    assert f"✗values 0 / 2 {state}" in said
    assert plain in said
    for ours in ("StudentProcessError", "TooSlowError", "the student's process", "self.ask"):
        assert ours not in said


def test_a_process_that_ends_is_told_where_it_happened():
    notebook = graded(replace(RECORD, restarts=2))
    answer = at(notebook, "area")
    gone = "the student's process is gone: it ended Python (os._exit, or the like)"
    put_verdict(answer, CellVerdict(answer.id, "", f"this cell was given up: {gone}", "StudentProcessError"))
    said = words(notebook)
    assert "This cell was given up: the process that ran your code is gone: it ended Python" in said
    assert "ended or was stopped 2 times" in said
    for facet in ("examples", "values"):
        failed(notebook, f"area__{facet}", "StudentProcessError", gone)
    said = words(notebook)
    assert said.count("it ended Python") == 1, "what the tests say is not said again below the code"


def test_own_code_and_what_it_printed_or_raised():
    notebook = wrong()
    answer = at(notebook, "area")
    answer.outputs = [
        v4.new_output("stream", text="10 %\r20 %\rdone\n\x1b[31mred\x1b[0m"),
        v4.new_output("execute_result", data={"text/plain": "8"}),
        v4.new_output("display_data", data={"image/png": "AAAA"}),
    ]
    put_verdict(answer, CellVerdict(answer.id, "", "    in area, line 1: x\nNameError: x", "NameError"))
    said = words(notebook)
    assert "Your code 1 2 def area(a, b): return a + b done red8 [image/png: not shown]" in said
    assert "in area, line 1: x NameError: x" in said
    assert "20 %" not in said
    assert "A cell of your own 1 print(area(1, 2)) 3" in said
    assert "Other cells of your own A cell of your own 1 helper = 1" in said
    assert "import numpy" not in said, "the set-up is not the student's"


def test_full_marks_take_one_line():
    text = rendered(wrong())
    section = text[text.index('id="exercise-2"') : text.index('id="exercise-3"')]
    assert section.count("<details") == 1
    assert "<table" not in section
    assert "4 * a" in section[section.index("</summary>") :]
    outside = section[: section.index("<details")] + section[section.index("</details>") :]
    assert "".join(Reader(f"<x {outside}").parts).strip() == ""


def test_answers_in_words_are_shown_as_they_were_written():
    said = words(wrong())
    assert "Waits for a reader: 4 points are not given yet." in said
    assert "Your words Because **areas** are $a < b$." in said
    said = words(wrong(), scores(why=(3, 4, False, "Nearly: what of volumes?")))
    assert "Read by a person. From a reader Nearly: what of volumes?" in said
    assert "wait" not in said
    notebook = graded()
    at(notebook, "why").source = "YOUR ANSWER HERE"
    said = words(notebook, scores(why=(0, 4, False, "No response.")))
    assert "You wrote nothing here." in said
    assert "From a reader" not in said, "nbgrader wrote that, no reader"


def test_comments_stand_with_their_exercise_even_where_all_is_right():
    said = words(wrong(), scores(area=(0, 0, False, "Draw it."), edge=(0, 0, False, "Neat.")))
    assert said.index("From a reader Draw it.") > said.index("The likely reason")
    folded = Reader(rendered(wrong(), scores(edge=(0, 0, False, "Neat.")))).folded
    assert "From a reader Neat." in said
    assert not any("Neat." in part for part in folded)


def test_points_that_a_reader_set_are_said_to_be_so():
    changed = scores(area__values=(1.5, 2, False, ""), edge__values=(1, 2, False, ""), area__refusals=(1, 1, True, ""))
    said = words(wrong(), changed)
    assert "values 1.5 / 2 a wrong answer, points set by a reader" in said
    assert "values 1 / 2 points set by a reader" in said
    assert "…refusals 1 / 1 right; a reader will look again" in said


@pytest.mark.parametrize("score", [3, 0, 4])
def test_points_given_by_hand_stand_while_a_reader_looks_again(score):
    """Formgrader's own autograde button asks for another look at whatever a reader gave points to."""
    known = {"why": (score, 4, True, "Nearly."), "area__values": (1.5, 2, True, "")}
    said = words(wrong(), scores(**known))
    assert f"{4.5 + score:g} of 10 points" in said
    assert f"3. In your own words …a reader will look again {score} / 4" in said
    assert "Read by a person. A reader will look at it again; until then these points count." in said
    assert "From a reader Nearly." in said
    assert "…values 1.5 / 2 a wrong answer, points set by a reader; a reader will look again" in said
    assert "not given" not in said
    assert "can still be added" not in said
    waiting = re.findall(
        r'class="open" width="([^"]*)" height="1"/><rect class="got" width="([^"]*)"',
        rendered(wrong(), scores(**known)),
    )
    assert all(float(open_) == float(got) for open_, got in waiting), "no bar shows points that are not given"


def test_of_two_cells_read_by_hand_only_what_nobody_gave_is_open():
    notebook = wrong()
    notebook.cells.append(cell("markdown", "And volumes.", "why__more", 2, solution=True, locked=False))
    said = words(notebook, scores(why=(3, 4, True, ""), why__more=(None, 2, True, "")))
    assert "6 of 12 points" in said
    assert "2 of the points wait for a reader and can still be added." in said
    assert "3. In your own words …waits for a reader 3 / 6" in said
    assert "Waits for a reader: 2 points are not given yet." in said


def test_late_work_says_what_it_costs():
    said = words(wrong(), late_penalty=2.0)
    assert "1 of 10 points" in said
    assert "3 points, less 2 because the work came late." in said
    assert "0 of 10 points" in words(wrong(), late_penalty=9.0)


def test_repairs_losses_and_a_missing_sandbox_are_told_on_top():
    lost = {"area": "its cell is missing, and no other cell has the answer"}
    record = replace(RECORD, confined=False, repairs=("area: tags were taken off (x).",), lost=lost)
    notebook = graded(record)
    unwritten = replace(FINDING, fault="it is not written yet (it raised NotImplementedError).")
    failed(notebook, "area__values", "ExerciseFailed", "", unwritten)
    said = words(notebook)
    top = said[: said.index("1. The area ✗")]
    assert "Graded without a sandbox" in top
    assert "area: its cell is missing, and no other cell has the answer." in top
    assert "repaired before it was graded area: tags were taken off (x)." in top
    assert "Your answer was not found: see the top of the page." in said
    assert "Not written yet." not in said
    assert "sandbox" not in words(graded())


def test_a_file_that_is_no_notebook_says_so_and_nothing_more():
    notebook = graded(replace(RECORD, failure="the file is empty"))
    for name in ("area__examples", "area__values", "area__refusals", "edge__values"):
        failed(notebook, name, "NoNotebook", "the file is empty")
    nothing = {name: (0, most, False, "") for name, (_, most, *_) in scores().items()}
    said = words(notebook, nothing)
    assert said.count("the file is empty.") == 1
    assert "0 of 10 points" in said
    assert "Your code" not in said
    assert said.index("the file is empty") < said.index("1. The area")
    assert "Hand in the notebook" in said
    ours = words(graded(), failure="the examiner failed")
    assert "Nothing could be graded the examiner failed." in ours
    assert "Hand in the notebook" not in ours


# What is never shown.


def test_hidden_tests_stay_hidden():
    notebook = wrong()
    for facet, kind in (("values", "AssertionError"), ("refusals", "KeyError"), ("examples", "SyntaxError")):
        failed(notebook, f"area__{facet}", kind, f"{kind}: {HIDDEN}")
    text = rendered(notebook)
    assert HIDDEN not in text
    assert "stopped by AssertionError" in text
    failed(notebook, "area__values", "ExerciseFailed", f"area: 8 is wrong\n  {HIDDEN}")
    assert HIDDEN not in rendered(notebook)
    assert "8 is wrong." in words(notebook)
    assert HIDDEN not in rendered(graded(None))


def test_without_a_record_only_points_are_told():
    said = words(wrong(None))
    assert "Only points are known" in said
    assert "grade it again by course grade" in said
    assert "values 0 / 2 points lost; no reason was recorded" in said
    assert "The sides are added" not in said, "a reason without a record may be the student's own"
    assert "def area" in said
    somebody_else = words(wrong(replace(RECORD, student="yan")))
    assert "Only points are known" in somebody_else
    assert "The sides are added" not in somebody_else


def test_page_without_grades_is_a_page():
    said = words(v4.new_notebook(), {})
    assert "0 of 0 points" in said


# Whatever a student writes is text.

RUN = "top.ran=1;parent.ran=1;window.ran=1;fetch(`http://192.0.2.1/f`);alert(1)"
PAYLOADS = [
    f"<script>{RUN}</script>",
    f"</pre></code></details></section></main></body></html><script>{RUN}</script>",
    f"</title></style></textarea></noscript><script>{RUN}</script>",
    f"--><script>{RUN}</script><!--",
    f"]]><script>{RUN}</script><![CDATA[",
    f'<img src=x onerror="{RUN}">',
    "<img src=http://192.0.2.1/pixel.png>",
    f'<svg onload="{RUN}"><script>{RUN}</script><use href="http://192.0.2.1/s.svg#x"/></svg>',
    f"<iframe srcdoc=\"<script>{RUN}</script>\"></iframe><iframe src='javascript:parent.ran=1'></iframe>",
    "<iframe src=http://192.0.2.1/frame></iframe><object data=http://192.0.2.1/o></object><embed src=http://192.0.2.1/e>",
    "<style>@import 'http://192.0.2.1/s.css'; body{display:none}</style>",
    "<link rel=stylesheet href=http://192.0.2.1/l.css><link rel=prefetch href=http://192.0.2.1/p>",
    f'<a href="javascript:{RUN}" style="position:fixed;inset:0" autofocus onfocus="{RUN}">here</a>',
    "[here](javascript:alert(1)) ![x](http://192.0.2.1/m.png) <http://192.0.2.1/>",
    "<meta http-equiv=refresh content='0;url=http://192.0.2.1/'>",
    f"<form action=http://192.0.2.1/><input autofocus onfocus='{RUN}'><button>ok</button></form>",
    "<base href=http://192.0.2.1/>",
    f"<details open ontoggle='{RUN}'><summary>x</summary></details><video><source onerror='{RUN}'></video>",
    f"<body onload='{RUN}'><math><mtext><script>{RUN}</script></mtext></math><template>{RUN}</template>",
    r"$\href{javascript:alert(1)}{x}$ \(\unicode{x3c}\) $$\style{background:url(http://192.0.2.1/)}{x}$$",
    "&lt;script&gt;alert(1)&lt;/script&gt; &#60;img src=x onerror=alert(1)&#62; &amp;lt;b&amp;gt;",
    f'" onmouseover="{RUN}" autofocus onfocus="{RUN}" x="\' onfocus=\'{RUN}\' y=\'',
    "{{ 7*7 }} {{ cycler.__init__.__globals__ }} {% raw %} {# x #} ${7*7} <%= 7*7 %> #{7*7}",
    "javascript:alert(1)//http://192.0.2.1/",
    "\x00\x07\x1b]0;title\x07\u202etxt.exe\u2066\ud800 \ufeff",
]
HOSTILE = "\n".join(PAYLOADS)


def everywhere(text, spoil=lambda notebook: notebook):
    """A notebook and the arguments of `result_of`, with this text wherever one that a student chose may stand."""
    line = " ".join(text.split("\n"))
    record = Record(line, f"id {line}", "w", "t", False, (line, f"{line}."), {f"lost {line}": line}, "", 3)
    notebook = graded(None)
    for each in notebook.cells:
        if "grade_id" in each.metadata.get("nbgrader", {}):
            head, _, facet = each.metadata.nbgrader.grade_id.partition("__")
            each.metadata.nbgrader["grade_id"] = f"{head}{line.replace('_', '')}" + (f"__{facet}" if facet else "")
        if each.cell_type == "markdown":
            each.source = f"# {text}\n{text}"
        elif each.metadata.get("nbgrader", {}).get("grade"):
            continue
        else:
            each.source = f"x = 1\n{text}"
            each.outputs = [
                v4.new_output("stream", text=text),
                v4.new_output("display_data", data={"text/plain": text, "text/html": text}),
                v4.new_output("display_data", data={"text/html": text, f"{line}/x": text}),
                v4.new_output("error", ename=line, evalue=text, traceback=[text]),
            ]
    tests = [each for each in notebook.cells if "grade_id" in each.metadata.get("nbgrader", {})]
    by_facet = {each.metadata.nbgrader.grade_id.partition("__")[2]: each for each in tests}
    finding = Finding(*[f"{part} {text}" for part in Finding.__dataclass_fields__])
    put_verdict(by_facet["values"], CellVerdict("x", "", text, "ExerciseFailed", finding))
    put_verdict(by_facet["examples"], CellVerdict("x", "", text, "CheckFailed"))
    put_verdict(by_facet["refusals"], CellVerdict("x", "", text, line))
    record.put(notebook)
    known = {each.metadata.nbgrader.grade_id: (0, 1, False, text) for each in tests}
    return spoil(notebook), known, f"id {line}", f"name {line}"


def made_of(text, spoil=lambda notebook: notebook):
    notebook, *about = everywhere(text, spoil)
    return page(notebook, result_of(notebook, *about))


def without_record(notebook):
    notebook.metadata.pop("course")
    return notebook


@pytest.mark.parametrize("spoil", [lambda notebook: notebook, inert, without_record])
def test_hostile_text_makes_no_element_and_no_attribute(spoil):
    harmless = re.sub(r"[^\s]", "x", HOSTILE)
    hostile = made_of(HOSTILE, spoil)
    assert Reader(hostile).elements == Reader(made_of(harmless, spoil)).elements
    if spoil is not inert:
        assert all(
            payload in html.unescape(hostile) for payload in PAYLOADS if payload.isprintable() and "&" not in payload
        )
    assert "{{ 7*7 }}" in html.unescape(hostile)


def test_every_place_for_a_students_text_is_tried():
    shown = html.unescape(made_of("PAYLOAD"))
    for place in ("id PAYLOAD", "name PAYLOAD", "lost PAYLOAD", "areaPAYLOAD", "stopped by PAYLOAD", "x = 1\nPAYLOAD"):
        assert place in shown
    for part in ("misconception", "call", "got", "fault", "expected", "note", "read"):
        assert f"{part} PAYLOAD" in shown
    assert "summary PAYLOAD" not in shown, "the misconception says it"
    assert shown.count("PAYLOAD") > 50


def test_characters_that_mislead_are_spelt_out():
    text = made_of("a\u202eb\x00c\x07d\x9be\ud800f\u2066g")
    text.encode("utf-8")
    assert "a[U+202E]b[U+0000]c[U+0007]d[U+009B]e[U+D800]f[U+2066]g" in text
    assert not re.search("[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)


def test_page_fetches_nothing_and_allows_only_its_own_style():
    text = rendered(wrong())
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'" in text
    assert not re.search(r"https?:|//|url\(|@import", style)
    assert set(re.findall(r'(?:href|src)="([^"]*)"', text)) == {f"#exercise-{number}" for number in (1, 2, 3)}
    tags = {tag for tag, _ in Reader(text).elements}
    assert not tags & {"script", "link", "img", "iframe", "form", "object", "base"}
    assert text.startswith("<!DOCTYPE html>\n")
    assert text.endswith("</html>\n")


KEYS = [*Record.__dataclass_fields__, "kind", "failure", "finding", "cell", "x"]
junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(KEYS),
            inner,
            max_size=6,
        )
    ),
    max_leaves=12,
)


@settings(deadline=None, max_examples=150, suppress_health_check=list(HealthCheck))
@given(junk, junk, st.booleans())
def test_metadata_that_something_else_wrote_makes_a_page(of_notebook, of_cell, known):
    notebook = graded(None)
    notebook.metadata["course"] = of_notebook
    if known and isinstance(of_notebook, dict):
        notebook.metadata["course"] = {"assignment": A, "student": "zoe", "work": "", "tests": "", **of_notebook}
    for each in notebook.cells:
        each.metadata["course"] = of_cell
    assert "<main>" in rendered(nbformat.from_dict(notebook))


# What it costs.


def processor(work):
    start = time.process_time()
    work()
    return time.process_time() - start


def test_a_page_takes_milliseconds_not_seconds():
    notebook = nbformat.read(A1, as_version=4)
    replace(RECORD, assignment=A1.stem).put(notebook)
    given_scores = {}
    for each in notebook.cells:
        mark = each.metadata.nbgrader
        if mark.grade:
            given_scores[mark.grade_id] = (0, mark.points, False, "")
            finding = replace(FINDING, facet=mark.grade_id, misconception=mark.grade_id)
            put_verdict(each, CellVerdict(each.id, "", "x", "ExerciseFailed", finding))
        elif mark.solution:
            each.source += "\n    # a line of code that a student wrote" * 20
    made = page(notebook, result_of(notebook, given_scores))
    assert made.count("The likely reason") > 30
    assert (
        min(processor(lambda: page(notebook, result_of(notebook, given_scores))) for _ in range(5)) < 0.2
    )  # 5 ms on a quiet machine


@pytest.mark.parametrize(
    "text",
    [
        "a" * 20_000,
        "a." * 10_000,
        "it raised " * 2_000,
        " " * 20_000 + "x",
        "StudentProcessError: \n  in f, line 1:" * 800,
        "the student's process is gone: " * 700,
        "it did not come back within 1 " * 700,
        "\n" * 20_000,
        "\x1b[" * 10_000,
        "\x1b[" + "1" * 20_000,
        "x\r" * 10_000,
        "<&>\"'" * 4_000,
        "# " + " \t" * 10_000,
    ],
)
def test_no_text_makes_a_page_slow(text):
    assert processor(lambda: made_of(text)) < 5.0  # a pattern that goes wrong takes minutes


def test_very_long_answers_are_cut_and_say_so():
    notebook = wrong()
    at(notebook, "area").source = "x = 1\n" * 200_000
    at(notebook, "area").outputs = [v4.new_output("stream", text="y" * 1_000_000)]
    notebook.cells[6:6] = [cell("code", f"own_{number}") for number in range(300)]
    text = rendered(notebook)
    assert len(text) < 400_000
    assert "more characters]" in text
    assert "[Further cells of your own are not shown.]" in text


# Points from a mapping, and nbgrader's own way to the same page.


def test_grades_are_the_graded_cells_in_order():
    notebook = wrong()
    grades = grades_of(notebook, scores(area__refusals=(1.25, 1, True, "x")))
    assert [grade.grade_id for grade in grades] == [
        "area__examples",
        "area__values",
        "area__refusals",
        "edge__values",
        "why",
    ]
    assert [grade.by_hand for grade in grades] == [False, False, False, False, True]
    assert (grades[1].kind, grades[1].finding, grades[2].score, grades[2].waits) == (
        "ExerciseFailed",
        FINDING,
        1.25,
        True,
    )
    unknown = grades_of(notebook, {})
    assert [(grade.score, grade.most, grade.waits) for grade in unknown] == [
        (0, 1, False),
        (0, 2, False),
        (0, 1, False),
        (0, 2, False),
        (0, 4, True),
    ]
    result = result_of(notebook, scores(area=(0, 0, False, "Draw it."), edge=(0, 0, False, "No response.")))
    assert (result.student, result.name, result.comments) == ("zoe", "zoe", {"area": "Draw it."})
    assert result.record == RECORD
    assert result.wrong["area"] == FINDING.summary


def test_without_a_gradebook_the_exporter_takes_what_stands_in_the_cells():
    notebook = wrong()
    for name, (score, *_) in scores().items():
        if name != "why":
            at(notebook, name).metadata.nbgrader["score"] = score
    at(notebook, "area").metadata.nbgrader["comment"] = "Draw it."
    text, resources = FeedbackExporter().from_notebook_node(notebook)
    assert text == rendered(notebook, scores(area=(0, 0, False, "Draw it.")), name="zoe")
    assert resources["output_extension"] == ".html"


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """Return what makes a course folder with one graded submission in it, and gives feedback by nbgrader's API."""
    patch = pytest.MonkeyPatch()
    patch.setenv("PATH", os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])))

    def made(notebook, given_scores, student, name="", stock=False, late=None):
        place = tmp_path_factory.mktemp("course")
        config = Config()
        config.CourseDirectory.root = str(place)
        if not stock:
            config.GenerateFeedback.exporter_class = "course_utils.grading.feedback_exporter.FeedbackExporter"
        with Gradebook(f"sqlite:///{place}/gradebook.db") as book:
            book.add_assignment(A)
            book.add_notebook(A, A)
            for each in notebook.cells:
                mark = each.metadata.get("nbgrader", {})
                if mark.get("grade"):
                    of_cell = {"max_score": mark["points"], "cell_type": each.cell_type}
                    book.add_grade_cell(mark["grade_id"], A, A, **of_cell)
                if mark.get("solution"):
                    book.add_solution_cell(mark["grade_id"], A, A)
            book.add_student(student, first_name=name or None)
            paper = book.add_submission(A, student).notebooks[0]
            paper.late_submission_penalty = late
            for grade in paper.grades:
                score, _, grade.needs_manual_grade, _ = given_scores[grade.name]
                grade.manual_score = score if grade.name == "why" else None
                grade.auto_score = None if grade.name == "why" else score
            for comment in paper.comments:
                comment.manual_comment = given_scores.get(comment.name, ("",))[-1] or None
                comment.auto_comment = "No response."
            book.db.commit()
        path = place / "autograded" / student / A / f"{A}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_text(nbformat.writes(notebook), encoding="utf-8")
        done = NbGraderAPI(CourseDirectory(config=config), config=config).generate_feedback(A, student)
        assert done["success"], done
        return place / "feedback" / student / A / f"{A}.html"

    yield made
    patch.undo()


@pytest.mark.slow
@pytest.mark.parametrize("again", [False, True])
def test_nbgrader_gives_the_very_same_page(course, again):
    given_scores = scores(area=(0, 0, False, "Draw it."), why=(3, 4, again, "Nearly."))
    written = course(wrong(), given_scores, "zoe", "Zoë Ó", late=1.5)
    assert written.read_text(encoding="utf-8") == rendered(wrong(), given_scores, late_penalty=1.5)


@pytest.mark.slow
def test_nbgrader_gives_a_safe_page_of_what_it_graded_itself(course):
    notebook = wrong(None)
    at(notebook, "area").outputs = [v4.new_output("display_data", data={"text/html": PAYLOADS[0]})]
    text = course(notebook, scores(), "zoe").read_text(encoding="utf-8")
    assert "Only points are known" in text
    assert "[text/html: not shown]" in text
    assert HIDDEN not in text


# In a real browser.

SKELETON = "[...document.querySelectorAll('*')].map(e => [e.localName, ...[...e.attributes].map(a => a.name).sort()])"
ACTIVE = (
    "script, iframe, frame, object, embed, form, input, button, textarea, base, link, style, svg, math, img, image, "
    "video, audio, template, meta[http-equiv], a[href^='javascript:' i], a[href^='data:' i], [autofocus], [style]"
)
COUNT = f"all => [...document.querySelectorAll({ACTIVE!r})].map(e => e.localName + (e.getAttribute('style') || ''))"
# Whoever follows a link to another page decides to; one that runs something is no such link.
CLICK = """[...document.querySelectorAll('a[href]')]
    .filter(link => !['http:', 'https:', 'file:', 'mailto:'].includes(link.protocol)).forEach(link => link.click())"""


@pytest.fixture
def shown(chromium, tmp_path):
    """Return what opens a page from a file and tells what it did: what ran, what it asked for, its elements."""

    def opened(text):
        path = tmp_path / "page.html"
        path.write_text(text, encoding="utf-8", errors="surrogatepass")
        asked, ran = [], []
        with chromium.new_page() as tab:
            tab.on("request", lambda request: asked.append(request.url))
            tab.on("dialog", lambda dialog: (ran.append(dialog.message), dialog.dismiss()))
            tab.on("popup", lambda popup: ran.append(popup.url))
            tab.route(re.compile("^(?!file:)"), lambda route: route.abort())
            tab.goto(path.as_uri(), wait_until="load")
            tab.wait_for_timeout(300)
            try:
                tab.evaluate(CLICK)
                tab.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
                tab.wait_for_timeout(100)
                marked, skeleton, active = tab.evaluate("window.ran"), tab.evaluate(SKELETON), tab.evaluate(COUNT)
            except BrowserError:
                marked, skeleton, active = "it went to another page", [], []
        ran += [marked] if marked else []
        return ran, [url for url in asked if url.partition("#")[0] != path.as_uri()], skeleton, sorted(active)

    return opened


def uncovered(text):
    """The page without its policy, so that only the escaping stands between the text and the browser."""
    bare = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text)
    assert bare != text
    return bare


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("number", [0, 1, 2, 3, 5, 7, 8, 12, 15, 17, 18])
def test_what_runs_is_noticed(shown, number):
    ran, _, _, _ = shown(f"<!DOCTYPE html><title>x</title><body><p>{PAYLOADS[number]}</p>")
    assert ran


@pytest.mark.browser
@pytest.mark.slow
def test_what_is_asked_for_and_made_is_noticed(shown):
    for number in (6, 9, 10, 11, 14):
        _, asked, _, _ = shown(f"<!DOCTYPE html><title>x</title><body><p>{PAYLOADS[number]}</p>")
        assert any("192.0.2.1" in url for url in asked), PAYLOADS[number]
    _, _, _, made = shown(f"<!DOCTYPE html><title>x</title><body><p>{PAYLOADS[12]}{PAYLOADS[16]}</p>")
    assert "base" in made


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("spoil", [lambda notebook: notebook, inert, without_record])
def test_page_of_payloads_does_nothing(shown, spoil):
    calm = shown(made_of(re.sub(r"[^\s]", "x", HOSTILE), spoil))
    assert calm[:2] == ([], [])
    text = made_of(HOSTILE, spoil)
    assert shown(text) == calm
    bare = shown(uncovered(text))
    assert bare[:2] == ([], [])
    assert bare[2] == [each for each in calm[2] if each != ["meta", "content", "http-equiv"]]


ID = "<img src=x onerror=alert(1)>{{7*7}}"


def handed_in(text, student, tamed=inert):
    """A notebook of payloads as grading leaves it: inert, with the course's own marks on locked cells."""
    notebook = wrong(replace(RECORD, student=student, repairs=(text,)))
    for each in notebook.cells:
        mark = each.metadata.get("nbgrader", {})
        if mark.get("solution") or not mark:
            each.source = text
            if each.cell_type == "code":
                each.outputs = [
                    v4.new_output("stream", text=text),
                    v4.new_output("display_data", data={"text/html": text, "image/svg+xml": text, "text/plain": text}),
                    v4.new_output("display_data", data={"text/markdown": text, "application/javascript": RUN}),
                    v4.new_output("error", ename=text, evalue=text, traceback=[text]),
                ]
    failed(notebook, "area__values", "ExerciseFailed", text, replace(FINDING, got=text, misconception=text))
    notebook.cells += [v4.new_markdown_cell(each) for each in text.split("\n")] + [v4.new_raw_cell(text)]
    kept = copy.deepcopy(notebook.metadata)
    calm = tamed(notebook)
    calm.metadata.update(kept)
    return calm


@pytest.mark.browser
@pytest.mark.slow
def test_nbgraders_feedback_of_payloads_does_nothing(shown, course):
    written = course(
        handed_in(HOSTILE.replace("\ud800", ""), ID), scores(why=(None, 4, True, HOSTILE[:2_000])), ID, HOSTILE[:100]
    )
    text = written.read_text(encoding="utf-8")
    assert "[U+202E]" in text
    ran, asked, _, made = shown(uncovered(text))
    assert (ran, asked) == ([], [])
    assert set(made) == {"style", "svg"}


@pytest.mark.browser
@pytest.mark.slow
def test_stock_feedback_of_payloads_does_nothing_of_the_students(shown, course):
    """What is left of nbgrader's own template where somebody configures it back: its own scripts and no other."""
    readable = HOSTILE.replace("\ud800", "").replace("\x00", "")
    made = (handed_in("harmless", ID), handed_in(readable, ID), handed_in(readable, ID, copy.deepcopy))
    calm, hostile, untamed = (
        shown(course(notebook, scores(), ID, stock=True).read_text(encoding="utf-8")) for notebook in made
    )
    assert untamed[0], "what is not made inert runs there"
    assert calm[1], "nbgrader's template asks for MathJax"
    assert hostile[0] == calm[0] == []
    assert set(hostile[1]) == set(calm[1])
    assert hostile[3] == calm[3]
