"""The project's own rules: names in step, arrows in one direction, no answer within a student's reach."""

import ast
import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import nbformat
import pytest
import torch
import yaml
from harness import ROOT, find_all
from torch import nn

import course_utils
from course_utils import checks

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCK = (ROOT / "requirements.lock").read_text()
# What each room may import of ours; the order is that of CONTRIBUTING.md and arrows never run up.
CORE = {
    "arithmetic",
    "filters",
    "detectors",
    "symmetry",
    "data",
    "device",
    "training",
    "timing",
    "augment",
    "invariance",
    "parallel",
    "landscape",
    "norms",
    "glyphs",
    "transfer",
    "inside",
    "clinic",
    "choosing",
    "models",
    "diagnostics",
    "reported",
}
MAY_IMPORT = {
    "plots": CORE | {"plots"},
    "widgets": CORE | {"plots", "widgets"},
    "checks": set(),
    "selfcheck": {"checks"},
    "cli": {"selfcheck"},
    "__main__": {"cli"},
    "grading": {"checks", "grading"},
} | dict.fromkeys(CORE, CORE)
NOTEBOOKS = sorted(ROOT.glob("lectures/*.ipynb")) + sorted(ROOT.glob("solutions/*/*.ipynb"))


def requirements(lines):
    return {re.split(r"[<>=!~ \[;]", line)[0].lower(): line for line in lines}


def test_environment_yml_is_in_step_with_pyproject():
    listed = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    plain = [line for line in listed if isinstance(line, str)]
    from_pip = next(line["pip"] for line in listed if isinstance(line, dict))
    conda = requirements([*plain, *(line for line in from_pip if not line.startswith("-"))])
    wanted = requirements([*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["grading"]])
    everything = requirements([*wanted.values(), *PROJECT["optional-dependencies"]["dev"]])
    assert wanted.items() <= conda.items()
    assert {name: line for name, line in conda.items() if name not in ("python", "pip")}.items() <= everything.items()
    assert {"jupyterlab", "nbgrader", "torch", "torchvision", "matplotlib", "ipywidgets", "nbval"} <= set(conda)


def test_lock_file_has_hashes_and_no_addresses():
    pins = re.findall(r"^([a-z0-9-]+)==", LOCK, re.MULTILINE)
    assert len(pins) > 100
    assert LOCK.count("--hash=sha256:") >= len(pins)
    assert "://" not in LOCK
    extras = PROJECT["optional-dependencies"].values()
    everything = [*PROJECT["dependencies"], *(line for extra in extras for line in extra)]
    assert set(requirements(everything)) <= set(pins)


def test_no_registry_host_is_named_anywhere():
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    hosts = re.compile("|".join(("pypi" + r"\.org", "pythonhosted" + r"\.org", "anaconda" + r"\.org/")))
    texts = [ROOT / name for name in tracked if name and not name.endswith((".png", ".ipynb"))]
    assert [path.name for path in texts if path.is_file() and hosts.search(path.read_text(errors="replace"))] == []


def room(path):
    return path.relative_to(ROOT / "course_utils").parts[0].removesuffix(".py")


def imports(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("course_utils"):
            parts = node.module.split(".")
            yield from [parts[1]] if len(parts) > 1 else [alias.name for alias in node.names]
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[1] for alias in node.names if alias.name.startswith("course_utils."))


@pytest.mark.parametrize("path", sorted((ROOT / "course_utils").rglob("*.py")), ids=lambda path: str(path.name))
def test_arrows_run_one_way_and_modules_are_short(path):
    assert len(path.read_text().splitlines()) <= 400
    if path.parent.name != "course_utils" or path.stem != "__init__":
        assert set(imports(path)) <= MAY_IMPORT[room(path)], "see the rooms in CONTRIBUTING.md"


def test_only_grading_knows_nbgrader_and_kernels():
    outside = [path for path in (ROOT / "course_utils").rglob("*.py") if room(path) != "grading"]
    known = re.compile(r"^\s*(?:import|from) (?:nbgrader|jupyter_client|nbclient)", re.MULTILINE)
    assert [path.name for path in outside if known.search(path.read_text())] == []


def student_modules():
    for found in pkgutil.walk_packages(course_utils.__path__, "course_utils."):
        if not found.name.startswith("course_utils.grading"):
            yield importlib.import_module(found.name)


def public_functions():
    seen = {}
    for module in student_modules():
        for name, value in vars(module).items():
            ours = getattr(value, "__module__", "").startswith("course_utils")
            # What draws (mypy holds it to its word) answers nothing, and takes long to draw what exercises are asked.
            returns = getattr(value, "__annotations__", {}).get("return")
            draws = getattr(returns, "__name__", returns) in ("Picture", "Explorer", "LivePicture")
            builds = inspect.isclass(value) and issubclass(value, nn.Module)
            if (inspect.isfunction(value) or builds) and ours and not name.startswith("_") and not draws:
                seen[value.__module__, name] = value
    return seen


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # an alarm in a destructor
@pytest.mark.slow
@pytest.mark.parametrize(("assignment", "exercise"), find_all(), ids=lambda value: getattr(value, "name", ""))
def test_no_answer_is_importable_from_what_a_student_has(assignment, exercise, monkeypatch):
    space = assignment.namespace(exercise, assignment.reference[exercise.name])
    # The reference is right, and what takes long to make is made before the clock runs.
    assert assignment.answers(exercise, space[exercise.name])
    monkeypatch.setattr(checks, "SECONDS_A_CALL", 0.5)  # some functions take long over what they were not made for
    found = public_functions()
    assert exercise.name not in {name for _module, name in found}
    if assignment.name[:2] in ("a1", "a2", "a3", "a4"):  # these ask for numbers, and a net is none: spare its building
        found = {where: each for where, each in found.items() if ".models." not in where[0]}
    answering = []
    for where, function in found.items():
        torch.set_grad_enabled(True)  # an alarm in the midst of no_grad() leaves gradients off
        if assignment.answers(exercise, function):
            answering.append(where)
    assert not answering


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_cells_are_short_and_end_without_semicolons(path):
    cells = [cell for cell in nbformat.read(path, 4).cells if cell.cell_type == "code"]
    code = [cell.source for cell in cells]
    lengths = [len(source.splitlines()) for source in code]
    assert max(lengths) <= 25
    # A solved assignment's answers are whole functions; what a student opens is shorter.
    assert sum(lengths) / len(lengths) <= (8 if path.parent.name == "lectures" else 10)
    assert not [source for source in code if source.rstrip().endswith(";")]


@pytest.mark.parametrize(
    "path", [path for path in NOTEBOOKS if path.parent.name == "lectures"], ids=lambda path: path.stem
)
def test_lecture_has_its_parts(path):
    text = "\n".join(cell.source for cell in nbformat.read(path, 4).cells if cell.cell_type == "markdown")
    for part in (
        "**In this lecture**",
        "**Builds on",
        "**Time",
        "## Summary",
        "## References",
        "**Often printed:**",
    ):
        assert part in text, part
    cells = nbformat.read(path, 4).cells
    assert not [output for cell in cells for output in cell.get("outputs", []) if output.output_type == "error"]
    assert path.stat().st_size < 4_000_000


SCOPES = (ast.FunctionDef, ast.Lambda, ast.ClassDef, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def names_given(tree):
    """Return the names that a cell gives a meaning to, for all cells that follow."""
    given, todo = set(), list(tree.body)
    while todo:
        node = todo.pop()
        given |= {node.id} if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) else set()
        given |= {node.name} if isinstance(node, (ast.FunctionDef, ast.ClassDef)) else set()
        todo += [] if isinstance(node, SCOPES) else ast.iter_child_nodes(node)
    return given


def names_asked(node, known, seen=()):
    """Return the names of the page that a function asks for when it is called, by way of other functions too."""
    inside = [part for each in (node.body if isinstance(node.body, list) else [node.body]) for part in ast.walk(each)]
    own = {part.arg for part in ast.walk(node) if isinstance(part, ast.arg)}
    own |= {part.id for part in inside if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)}
    asked = {part.id for part in inside if isinstance(part, ast.Name)} - own
    further = [names_asked(known[name], known, (*seen, name)) for name in asked & set(known) - set(seen)]
    return asked.union(*further)


@pytest.mark.parametrize(
    "path", [path for path in NOTEBOOKS if path.parent.name == "lectures"], ids=lambda path: path.stem
)
def test_what_settles_a_self_check_says_the_same_when_the_whole_page_has_run(path):
    trees = [ast.parse(cell.source) for cell in nbformat.read(path, 4).cells if cell.cell_type == "code"]
    known = {
        node.name: node for tree in trees for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))
    }
    checks = 0
    for number, tree in enumerate(trees):
        later = set().union(*map(names_given, trees[number + 1 :]))
        for call in ast.walk(tree):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "self_check":
                settles = known[call.args[1].id] if isinstance(call.args[1], ast.Name) else call.args[1]
                assert not names_asked(settles, known) & later, f"{ast.unparse(call)} asks for names that change later"
                checks += 1
    assert checks > 3


def test_python_of_this_run_is_supported():
    assert sys.version_info >= tuple(map(int, PROJECT["requires-python"].removeprefix(">=").split(".")))


def test_every_script_has_a_docstring():
    scripts = [path for folder in ("tools", "benchmarks") for path in Path(ROOT / folder).glob("*.py")]
    assert [path.name for path in scripts if not ast.get_docstring(ast.parse(path.read_text()))] == []
