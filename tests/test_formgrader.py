"""Formgrader in a real browser: what a reader of submissions sees, presses and types after `course grade`."""

import csv
import json
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import browser as lab
import nbformat
import pytest
from harness import thin_pools
from nbconvert import HTMLExporter

from course_utils.grading import classroom, demo
from course_utils.grading.pipeline import Course, read_graded
from course_utils.grading.verdict import Record

pytestmark = [pytest.mark.browser, pytest.mark.slow]

A1 = "a1_convolution_arithmetic"
MATHJAX = "https://cdnjs.cloudflare.com/ajax/libs/mathjax/"
NO_MATHJAX = "MathJax is not defined"

STEAL = "window.stolen = (window.stolen || 0) + 1; alert('stolen')"
SCRIPT = f"<script>{STEAL}</script>"
IMAGE = f'<img src="nowhere" onerror="{STEAL}">'
VECTORS = f'<svg xmlns="http://www.w3.org/2000/svg" onload="{STEAL}"></svg>'
LINK = f"[a link](javascript:{STEAL})"
CAN_RUN = """() => [...document.querySelectorAll('#notebook-container *')].filter(part =>
    part.matches('script, style, img, svg, iframe, object, embed, form, link, meta')
    || [...part.attributes].some(each => each.name.startsWith('on') || /^\\s*(javascript|data):/i.test(each.value)))
    .map(part => part.outerHTML)"""
# Formgrader finds a cell's score box by the cell's name; a heading of that name would come first.
NAMESAKES = "# why_share\n\n# why_share-comment\n\n# fc_params__values\n"


def set_traps(text):
    """Put into a submission whatever runs in a browser that shows it as it is."""
    notebook = json.loads(text)
    shown = {"text/html": SCRIPT + IMAGE, "image/svg+xml": VECTORS, "application/javascript": STEAL}
    outputs = [{"output_type": "display_data", "data": {kind: data}, "metadata": {}} for kind, data in shown.items()]
    code = {"cell_type": "code", "source": f"# </pre>{SCRIPT}", "outputs": outputs, "execution_count": 1}
    words = {"cell_type": "markdown", "source": f"{NAMESAKES}\n{SCRIPT}\n\n{IMAGE} and {LINK}"}
    raw = {"cell_type": "raw", "source": SCRIPT}
    for cell in notebook["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == "why_share":
            cell["source"] = f"Because {IMAGE}\n\n{SCRIPT}"
    own = [{**cell, "id": f"own-{number}", "metadata": {}} for number, cell in enumerate((words, code, raw))]
    return json.dumps({**notebook, "cells": own + notebook["cells"]})


TRAPPER = classroom.Student(
    "eve",
    "traps for whoever reads it",
    {
        "fc_params": f"def fc_params(*args, **kwargs):\n    return {SCRIPT!r}\n",
        "conv_macs": f"""
from IPython.display import HTML, display

print({SCRIPT!r})
display(HTML({IMAGE!r}))

def conv_macs(*args, **kwargs):
    raise RuntimeError({IMAGE!r})
""",
    },
    damage=set_traps,
)


def course_grade(root, *options):
    """Run `course grade` on a course folder as an instructor does."""
    command = [sys.executable, "-m", "course_utils", "grade", "a1", "--root", str(root), *options]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr


def rows_of(root):
    """Return grades.csv as one row for each student."""
    with (root / "grades.csv").open(newline="", encoding="utf-8") as file:
        return {row["student_id"]: row for row in csv.DictReader(file)}


def shown_scores(root):
    """Return what Formgrader should show: what `course grade` wrote into grades.csv."""
    return {name: f"{float(row['total']):g} / {float(row['max_total']):g}" for name, row in rows_of(root).items()}


def grades_of(root, student):
    """Return a student's graded cells, from the gradebook and the graded notebook."""
    return next(result for result in Course(root).results(A1) if result.student == student).grades


def stored(root, student):
    """Return automatic and manual score of each graded cell in the gradebook."""
    with Course(root).gradebook as book:
        grades = book.find_submission_notebook(A1, A1, student).grades
        return {grade.name: (grade.auto_score, grade.manual_score) for grade in grades}


def spoil(root, student):
    """Take every automatic point out of the gradebook, so that only grading again can bring them back."""
    with Course(root).gradebook as book:
        for grade in book.find_submission_notebook(A1, A1, student).grades:
            grade.auto_score = None if grade.auto_score is None else 0.0
        book.db.commit()


def graded_notebook(root, student):
    """Return the graded notebook and its record, apart from the digest of all tests."""
    notebook = read_graded(Course(root).autograded(A1, student))
    record = Record.of(notebook)
    notebook.metadata.course.pop("tests")
    return notebook, (record.work, record.confined, record.suspicions)


def page_of(root, student):
    return root / "feedback" / student / A1 / f"{A1}.html"


@pytest.fixture(scope="module")
def root(tmp_path_factory, chromium):
    """Return a course folder that `course grade` has graded: one right, one wrong, one forged, one that ends Python."""
    place = tmp_path_factory.mktemp("class") / "course"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_ROOT", str(lab.ROOT))
        members = [member for member in classroom.demo_class(A1) if member.id in ("ada", "hal", "ned", "rex")]
        patch.setattr(classroom, "demo_class", lambda assignment: [*members, TRAPPER])
        demo.make_class(lab.ROOT, place, A1)
    thin_pools(place, A1)
    course_grade(place)
    assert len({row["total"] for row in rows_of(place).values()}) > 3, "equal scores would prove nothing"
    return place


@pytest.fixture(scope="module")
def server(root, tmp_path_factory):
    # Which course it is says the configuration, whatever the environment says.
    elsewhere = str(tmp_path_factory.mktemp("elsewhere"))
    with lab.serving(root, tmp_path_factory.mktemp("lab"), COURSE_ROOT=elsewhere) as running:
        yield running


class Formgrader:
    """Formgrader in a fresh browser profile that reaches no other machine, and what its pages tried."""

    def __init__(self, context, url):
        context.route(lambda address: not lab.is_local(address), lambda route: route.abort())
        context.set_default_timeout(60 * lab.SECOND)
        self.url, self.page = url, context.new_page()
        self.asked = lab.NotebookPage(self.page).asked_elsewhere
        self.errors, self.dialogs = [], []
        self.page.on("pageerror", lambda error: self.errors.append(error.message))
        self.page.on("dialog", self._dismiss)
        self.page.goto(f"{url}/formgrader?token={lab.TOKEN}")

    def _dismiss(self, dialog):
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    def submissions(self):
        """Show the list of submissions; return each student's score as it stands there."""
        self.page.goto(f"{self.url}/formgrader/manage_submissions/{A1}")
        self.page.locator("#main-table .student-id").first.wait_for()
        rows = self.page.locator("#main-table tr")
        names, scores = (rows.locator(each).all_inner_texts() for each in (".student-id", ".score"))
        return dict(zip(names, scores, strict=True))

    def row(self, student):
        """Return a student's row in the list of submissions."""
        return self.page.locator("#main-table tr").filter(has=self.page.locator(f".student-id:text-is('{student}')"))

    def press(self, student, button, picture=None):
        """Press a button in a student's row and return what Formgrader says when it is done."""
        self.row(student).locator(f".{button} a").click()
        said = self.page.locator(".modal")
        said.get_by_role("button", name="OK").wait_for(timeout=180 * lab.SECOND)
        text = said.inner_text()
        if picture:
            self.page.screenshot(path=picture, animations="disabled")
        said.get_by_role("button", name="OK").click()
        said.wait_for(state="detached")
        self.row(student).locator(".autograde a").wait_for()
        return text

    def read(self, student):
        """Open a student's submission in the grading view by the links that lead there."""
        self.submissions()
        self.row(student).locator(".student-name a").click()
        self.page.locator("#main-table a").first.click()
        self.page.wait_for_url("**/submissions/*/*")
        self.page.wait_for_function("() => formgrader.grades?.loaded && formgrader.comments?.loaded")

    def text(self):
        """Return what stands on the grading view's page."""
        return self.page.locator("#notebook-container").first.inner_text()

    def score_box(self, grade_id):
        return self.page.locator(f"input.score[id='{grade_id}']")

    def type_in(self, box, text):
        """Type into a box, leave it, and wait until the server has answered."""
        with self.page.expect_response(lambda answer: answer.request.method == "PUT") as answered:
            box.fill(text)
            box.press("Tab")
        assert answered.value.ok


@contextmanager
def formgrader_of(chromium, server):
    context = chromium.new_context(viewport={"width": 1300, "height": 1000}, reduced_motion="reduce")
    try:
        opened = Formgrader(context, server.url)
        yield opened
        assert opened.dialogs == []
        assert set(opened.errors) <= {NO_MATHJAX}
        assert all(address.startswith(MATHJAX) for address in opened.asked())
    finally:
        context.close()


@pytest.fixture
def formgrader(chromium, server):
    with formgrader_of(chromium, server) as opened:
        yield opened


def test_lists_show_the_scores_of_course_grade(formgrader, root, screenshots):
    assert formgrader.page.url.endswith("/manage_assignments")
    listed = formgrader.page.locator("#main-table tr").filter(has_text=A1)
    assert listed.locator(".num-submissions").inner_text() == str(len(rows_of(root)))
    formgrader.page.screenshot(path=screenshots / "formgrader_assignments.png")
    assert formgrader.submissions() == shown_scores(root)
    formgrader.page.screenshot(path=screenshots / "formgrader_submissions.png")
    assert formgrader.asked() == []
    assert formgrader.errors == []


def test_submission_is_read_with_its_scores_and_messages(formgrader, root, screenshots):
    formgrader.read("hal")
    grades = grades_of(root, "hal")
    assert any(grade.failure for grade in grades)
    boxes = {grade.grade_id: formgrader.score_box(grade.grade_id).get_attribute("placeholder") for grade in grades}
    assert boxes == {grade.grade_id: None if grade.by_hand else f"{grade.score:g}" for grade in grades}
    assert sum(float(score or 0) for score in boxes.values()) == float(rows_of(root)["hal"]["total"])
    seen = formgrader.text()
    for line in "\n".join(grade.failure for grade in grades).splitlines():
        assert line.strip() in seen
    notebook = nbformat.read(root / "submitted" / "hal" / A1 / f"{A1}.ipynb", 4)
    answers = [cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("solution")]
    for line in "\n".join(cell.source for cell in answers).splitlines():
        assert line.strip() in seen
    formgrader.page.screenshot(path=screenshots / "formgrader_hal.png", full_page=True)
    assert len(formgrader.asked()) == 1, "MathJax alone is wanted from elsewhere"


def test_traps_would_run_if_they_were_not_disarmed(chromium, root, tmp_path):
    page, _ = HTMLExporter(template_name="classic").from_filename(root / "submitted" / "eve" / A1 / f"{A1}.ipynb")
    (tmp_path / "as_handed_in.html").write_text(page, encoding="utf-8")
    with chromium.new_page() as tab:
        tab.route(lambda address: address.startswith("http"), lambda route: route.abort())
        tab.on("dialog", lambda dialog: dialog.dismiss())
        tab.goto((tmp_path / "as_handed_in.html").as_uri())
        tab.wait_for_function("() => window.stolen >= 6", timeout=20 * lab.SECOND)
        assert len(tab.evaluate(CAN_RUN)) > 6


def test_traps_are_text(formgrader, root, screenshots):
    formgrader.read("eve")
    assert formgrader.page.evaluate(CAN_RUN) == []
    formgrader.page.wait_for_load_state("networkidle")
    assert formgrader.page.evaluate("window.stolen") is None
    seen = formgrader.text()
    assert seen.count(SCRIPT.replace("<", "< ")) == 3  # in words, in the raw cell, in the answer that is read
    assert f"# </pre>{SCRIPT}" in seen
    outputs = formgrader.page.locator("#notebook-container .output").all_inner_texts()
    assert any(text.startswith(SCRIPT) for text in outputs), "what was printed"
    assert any(f"came back: {SCRIPT!r}" in text for text in outputs)
    assert any(f"RuntimeError: {IMAGE}" in text for text in outputs)
    formgrader.page.screenshot(path=screenshots / "formgrader_eve.png", full_page=True)


def test_points_of_a_reader_go_where_they_are_typed(formgrader, root):
    before = stored(root, "eve")
    formgrader.read("eve")
    formgrader.type_in(formgrader.score_box("why_share"), "2")
    formgrader.type_in(formgrader.page.locator("textarea[id='why_share-comment']"), "Words, please.")
    assert stored(root, "eve") == {**before, "why_share": (None, 2.0)}
    assert Course(root).book().comments(A1)["eve"] == {"why_share": "Words, please."}


@pytest.mark.parametrize("student", ["rex", "ned", "eve"])
def test_autograde_button_gives_the_same_score(formgrader, root, student):
    before, notebook = stored(root, student), graded_notebook(root, student)
    spoil(root, student)
    spoilt = formgrader.submissions()[student]
    said = formgrader.press(student, "autograde")
    assert "Successfully autograded" in said, said
    assert stored(root, student) == before
    assert graded_notebook(root, student) == notebook
    assert formgrader.row(student).locator(".score").inner_text() != spoilt
    assert formgrader.submissions()[student] == formgrader.row(student).locator(".score").inner_text()


def test_reader_has_the_last_word(chromium, formgrader, root, screenshots):
    comment = "One number is missing. <b>Count</b> the weights & say so."
    automatic = float(rows_of(root)["hal"]["total"])
    formgrader.read("hal")
    formgrader.type_in(formgrader.score_box("why_share"), "3")
    formgrader.type_in(formgrader.page.locator("textarea[id='why_share-comment']"), comment)
    formgrader.page.screenshot(path=screenshots / "formgrader_by_hand.png")
    formgrader.submissions()
    formgrader.press("hal", "autograde")
    assert formgrader.row("hal").locator(".score").inner_text() == f"{automatic + 3:g} / 53"
    page_of(root, "hal").unlink()
    said = formgrader.press("hal", "generate-feedback")
    assert "Successfully generated feedback" in said, said
    by_button = page_of(root, "hal").read_bytes()
    course_grade(root, "--force", "--student", "hal")
    assert page_of(root, "hal").read_bytes() == by_button
    row = rows_of(root)["hal"]
    assert (float(row["why_share"]), float(row["total"])) == (3, automatic + 3)
    assert formgrader.submissions() == shown_scores(root)
    with chromium.new_page() as tab:
        tab.goto(page_of(root, "hal").as_uri())
        said = tab.locator("body").inner_text()
        assert comment in said
        assert f"{automatic + 3:g}" in said
        assert "A reader will look at it again; until then these points count." in said, "nbgrader's button asks for it"
        tab.screenshot(path=screenshots / "formgrader_feedback.png", full_page=True)


def test_without_a_sandbox_nothing_is_graded_and_nothing_lost(chromium, root, tmp_path, screenshots):
    nothing = tmp_path / "nothing"
    nothing.mkdir()
    assert shutil.which("bwrap", path=Path(sys.executable).parent) is None
    before, notebook = stored(root, "ada"), graded_notebook(root, "ada")
    with lab.serving(root, tmp_path, PATH=str(nothing)) as server, formgrader_of(chromium, server) as formgrader:
        score = formgrader.submissions()["ada"]
        assert score == shown_scores(root)["ada"]
        said = " ".join(formgrader.press("ada", "autograde", screenshots / "formgrader_no_sandbox.png").split())
        assert "error autograding" in said
        assert "nothing is graded without a sandbox: bubblewrap is missing; install it" in said
        assert "apt install bubblewrap" in said
        assert formgrader.submissions()["ada"] == score
    assert stored(root, "ada") == before
    assert graded_notebook(root, "ada") == notebook
