"""The pages in a real JupyterLab and a real browser: what a reader sees, moves and is told."""

import ast
import dis
import json
import os
import re
from collections import Counter
from contextlib import contextmanager

import browser as lab
import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LECTURES = sorted(path.stem for path in (lab.ROOT / "lectures").glob("*.ipynb"))
A1 = "assignments/a1_convolution_arithmetic/a1_convolution_arithmetic.ipynb"
WIDGET = "application/vnd.jupyter.widget-view+json"
KINDS = {"Explorer": "explorer", "LivePicture": "live picture", "TrainingMonitor": "monitor"}
every_lecture = pytest.mark.parametrize("name", LECTURES)


@pytest.fixture(scope="module")
def server(chromium, tmp_path_factory):
    with lab.jupyterlab(tmp_path_factory.mktemp("lab")) as running:
        yield running


@pytest.fixture
def open_page(chromium, server):
    """Return what opens a notebook; whatever is done with the page, it may ask nothing of another machine."""

    @contextmanager
    def opened(path):
        with lab.open_notebook(chromium, server, path) as page:
            yield page
            assert page.requested
            assert page.asked_elsewhere() == []

    return opened


def cells_of(path):
    return json.loads((lab.ROOT / path).read_text(encoding="utf-8"))["cells"]


def place_of(path, grade_id):
    marks = [cell["metadata"].get("nbgrader", {}).get("grade_id") for cell in cells_of(path)]
    return marks.index(grade_id)


def widgets_kept(name):
    """Count the Explorers, self-checks and live pictures among the outputs that the notebook keeps."""
    outputs = [out for cell in cells_of(f"lectures/{name}.ipynb") for out in cell.get("outputs", [])]
    plain = ["".join(out["data"]["text/plain"]) for out in outputs if WIDGET in out.get("data", {})]
    return Counter(KINDS.get(text.partition("(")[0], "self-check") for text in plain)


def changed_in(tree):
    """Return the names whose items or attributes are assigned to."""
    stores = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute | ast.Subscript)]
    bases = [node.value for node in stores if isinstance(node.ctx, ast.Store)]
    return {each.id for base in bases for each in ast.walk(base) if isinstance(each, ast.Name)}


def names_in(tree):
    """Return the names that a cell asks of the cells before it, and those that it binds."""
    reads, binds = set(), set()
    codes = [compile(tree, "cell", "exec")]
    for code in codes:  # of what is defined inside, too
        codes += [inner for inner in code.co_consts if isinstance(inner, type(code))]
        for step in dis.get_instructions(code):
            if step.opname in ("LOAD_NAME", "LOAD_GLOBAL") and step.argval not in binds:
                reads.add(step.argval)
            elif step.opname == "STORE_NAME" and code is codes[0]:
                binds.add(step.argval)
    return reads, binds


def cells_behind_widgets(name):
    """Return the places of the cells that show something to move, and of those that make what these need.

    The page is run whole, and its outputs compared, by nbval; to run it twice would be half the time of all tests.
    """
    cells = cells_of(f"lectures/{name}.ipynb")
    places = [place for place, cell in enumerate(cells) if cell["cell_type"] == "code"]
    trees = {place: ast.parse(re.sub("^%.*", "", "".join(cells[place]["source"]), flags=re.M)) for place in places}
    functions = [node for tree in trees.values() for node in tree.body if isinstance(node, ast.FunctionDef)]
    changed_by = {function.name: changed_in(function) for function in functions}
    needed, wanted = [], set()
    for place in reversed(places):
        reads, binds = names_in(trees[place])
        touched = binds | changed_in(trees[place]).union(*(changed_by.get(name, ()) for name in reads))
        if touched & wanted or any(WIDGET in out.get("data", {}) for out in cells[place]["outputs"]):
            needed.append(place)
            wanted = (wanted - binds) | reads
    return needed[::-1]


def assert_readable(page):
    assert page.troubles() == []
    assert page.pictures_without_words() == 0
    assert page.broken_pictures() == []


def test_a_request_to_another_machine_is_noticed(chromium):
    with chromium.new_page() as tab:
        page = lab.NotebookPage(tab, "")
        tab.route("**/*", lambda route: route.abort())
        tab.evaluate("fetch('http://192.0.2.1/script.js').catch(() => 0)")
        tab.evaluate("fetch('http://127.0.0.1:9/script.js').catch(() => 0)")
        assert page.asked_elsewhere() == ["http://192.0.2.1/script.js"]


@every_lecture
def test_lecture_can_be_read_and_everything_moves(open_page, name, screenshots):
    kept = widgets_kept(name)
    with open_page(f"lectures/{name}.ipynb") as page:
        assert page.panel.locator("img").count() > 0, "the notebook keeps no pictures: was it executed?"
        assert_readable(page)
        page.trust()
        page.wait_for_widgets(kept.total())
        assert (len(page.explorers), len(page.self_checks)) == (kept["explorer"], kept["self-check"])
        assert all(lab.face(explorer).locator("img").count() for explorer in page.explorers)
        assert_readable(page)
        if "COURSE_SCREENSHOTS" in os.environ:  # thirty pictures a page take seconds
            page.photograph(screenshots, name)
        page.run_cells(cells_behind_widgets(name))
        page.wait_for_widgets(kept.total())
        assert_readable(page)
        for explorer in page.explorers:
            lab.move_by_keyboard(explorer)
        for self_check in page.self_checks:
            lab.take_self_check(self_check)
        assert_readable(page)


def test_wrong_answer_is_explained_and_validate_names_it(open_page, screenshots):
    with open_page(A1) as page:
        page.rewrite(
            place_of(A1, "fc_params"),
            "def fc_params(in_features, out_features, bias=True):\n    return in_features * out_features\n",
        )
        examples = place_of(A1, "fc_params__examples")
        page.run_to(examples)
        said = page.cell(examples).locator(".jp-OutputArea").inner_text()
        assert "came back" in said
        assert "expected" in said
        assert "Traceback" not in said
        page.photograph(screenshots, "a1")
        verdict = page.validate()
        page.page.screenshot(path=screenshots / "a1_validate.png")
        assert "fail" in verdict.lower()
