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
SELF_CHECK = "self-check"
KINDS = {"Explorer": "explorer", "LivePicture": "live picture", "TrainingMonitor": "monitor"}
every_lecture = pytest.mark.parametrize("name", LECTURES)


@pytest.fixture(scope="module")
def server(chromium, tmp_path_factory):
    with lab.jupyterlab(tmp_path_factory.mktemp("lab")) as running:
        yield running


@pytest.fixture(scope="module")
def window(chromium, server):
    with lab.open_lab(chromium, server) as page:
        yield page


@pytest.fixture
def open_page(window, server):
    """Return what opens a notebook; whatever is done with the page, it may ask nothing of another machine."""

    @contextmanager
    def opened(path):
        with lab.open_notebook(window, server, path) as page:
            yield page
        assert page.requested
        assert page.asked_elsewhere() == []

    return opened


def cells_of(path):
    return json.loads((lab.ROOT / path).read_text(encoding="utf-8"))["cells"]


def place_of(path, grade_id):
    marks = [cell["metadata"].get("nbgrader", {}).get("grade_id") for cell in cells_of(path)]
    return marks.index(grade_id)


def kinds_in(cell):
    """Count the Explorers, self-checks, live pictures and monitors among the outputs that a cell keeps."""
    plain = ["".join(out["data"]["text/plain"]) for out in cell.get("outputs", []) if WIDGET in out.get("data", {})]
    return Counter(KINDS.get(text.partition("(")[0], SELF_CHECK) for text in plain)


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


class Slices:
    """A lecture's code cells, and which of them a cell needs to have been run."""

    def __init__(self, name):
        self.cells = cells_of(f"lectures/{name}.ipynb")
        sources = {
            place: re.sub("^%.*", "", "".join(cell["source"]), flags=re.M)
            for place, cell in enumerate(self.cells)
            if cell["cell_type"] == "code"
        }
        self.trees = {place: ast.parse(source) for place, source in sources.items()}
        functions = [node for tree in self.trees.values() for node in tree.body if isinstance(node, ast.FunctionDef)]
        self.changed_by = {function.name: changed_in(function) for function in functions}

    def behind(self, asked):
        """Return the places of these cells and of all that make what they need."""
        needed, wanted = set(), set()
        for place in sorted(self.trees, reverse=True):
            reads, binds = names_in(self.trees[place])
            touched = binds | changed_in(self.trees[place]).union(*(self.changed_by.get(name, ()) for name in reads))
            if touched & wanted or place in asked:
                needed.add(place)
                wanted = (wanted - binds) | reads
        return needed

    def defines_only(self, place):
        """Return whether a cell takes no time: it imports, and defines functions and classes."""
        kinds = (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)
        return all(isinstance(node, kinds) for node in self.trees[place].body)


def cells_to_run(name):
    """Return the places of the cells that are run in the browser, and how many widgets of each kind they show.

    They are those of all that moves with what it needs, and the self-checks that need no more than is run anyway.
    The page is run whole, and its outputs compared, by nbval; what self-checks say is tested without a browser, too.
    """
    slices = Slices(name)
    shown = {place: kinds_in(slices.cells[place]) for place in slices.trees}
    asked = {place for place, kinds in shown.items() if kinds.keys() - {SELF_CHECK}}
    needed = slices.behind(asked)
    for place in (place for place, kinds in shown.items() if SELF_CHECK in kinds):
        own = slices.behind({place})
        if all(each in needed or each == place or slices.defines_only(each) for each in own):
            asked.add(place)
    return sorted(slices.behind(asked)), sum((shown[place] for place in asked), Counter())


def assert_readable(page):
    assert page.troubles() == []
    assert page.pictures_without_words() == 0
    assert page.broken_pictures() == []


def test_a_request_to_another_machine_is_noticed(chromium):
    with chromium.new_page() as tab:
        page = lab.NotebookPage(tab)
        tab.route("**/*", lambda route: route.abort())
        tab.evaluate("fetch('http://192.0.2.1/script.js').catch(() => 0)")
        tab.evaluate("fetch('http://127.0.0.1:9/script.js').catch(() => 0)")
        assert page.asked_elsewhere() == ["http://192.0.2.1/script.js"]


@every_lecture
def test_lecture_can_be_read_and_everything_moves(open_page, name, screenshots):
    kept = sum(map(kinds_in, cells_of(f"lectures/{name}.ipynb")), Counter())
    places, shown = cells_to_run(name)
    with open_page(f"lectures/{name}.ipynb") as page:
        assert page.panel.locator("img").count() > 0, "the notebook keeps no pictures: was it executed?"
        assert_readable(page)
        page.trust()
        page.wait_for_widgets(kept.total())
        assert (len(page.explorers), len(page.self_checks)) == (kept["explorer"], kept[SELF_CHECK])
        assert all(lab.face(explorer).locator("img").count() for explorer in page.explorers)
        assert_readable(page)
        if "COURSE_SCREENSHOTS" in os.environ:  # thirty pictures a page take seconds
            page.photograph(screenshots, name)
        page.run_cells(places)
        page.wait_for_widgets(shown.total())
        assert_readable(page)
        assert shown["explorer"] == kept["explorer"] == len(page.explorers)
        assert shown[SELF_CHECK] == len(page.self_checks) > 0
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
