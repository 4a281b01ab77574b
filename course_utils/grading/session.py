"""Examine one submission: student cells in a confined process, locked cells here, as the instructor wrote them."""

from __future__ import annotations

import ast
import contextlib
import io
import random
import traceback

import numpy as np
from nbformat import NotebookNode

from course_utils.checks import CheckFailed
from course_utils.grading.bridge import Conversation, StudentProcessError, proxy
from course_utils.grading.sandbox import SandboxError
from course_utils.grading.verdict import CellVerdict, Verdict

NEWS = 20_000


def asked_names(solved: NotebookNode) -> list[str]:
    """Return the names that the reference answers define at their top level: what a student is asked for."""
    names: dict[str, None] = {}
    for cell in solved.cells:
        if cell.cell_type != "code" or not _mark(cell).get("solution"):
            continue
        for node in ast.parse(cell.source).body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                names[node.name] = None
            elif isinstance(node, (ast.Assign, ast.AnnAssign)):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                names |= {
                    each.id: None for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)
                }
    return list(names)


def sit(notebook: NotebookNode, solved: NotebookNode, conversation: Conversation) -> Verdict:
    """Run a repaired submission from top to bottom and judge its graded cells.

    `notebook` is the student's, with every locked cell restored from `solved`, the instructor's. Student cells run in
    the conversation's process and are never executed here; graded cells run here alone; locked set-up runs in both.
    """
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002 - locked cells may draw from it
    names = asked_names(solved)
    # What is locked or graded is for the instructor's notebook to say: a hidden test never runs over there.
    locked = {_mark(cell)["grade_id"]: cell for cell in solved.cells if _is_locked(cell)}
    space: dict = {"__name__": "__main__"}
    verdict = Verdict()
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        grade_id = _mark(cell).get("grade_id")
        known = locked.get(grade_id) if isinstance(grade_id, str) else None
        if known is not None and _mark(known).get("grade"):
            judged = _examine(cell.id, known.source, space, names, conversation)
        else:
            judged = _run(cell.id, cell.source if known is None else known.source, conversation, known is not None)
            if known is not None:
                exec(compile(known.source, f"<locked cell {grade_id}>", "exec"), space)
        before = verdict.cells.get(cell.id)
        if before is None or before.failure is None:  # a cell id that comes twice keeps its failure
            verdict.cells[cell.id] = judged
    if conversation.fault:
        raise SandboxError(f"the sandbox does not work: {conversation.fault}")
    verdict.restarts = conversation.restarts
    return verdict


def _mark(cell: NotebookNode) -> dict:
    """Return nbgrader's metadata of a cell, none where it is no mapping."""
    mark = cell.metadata.get("nbgrader")
    return mark if isinstance(mark, dict) else {}


def _is_locked(cell: NotebookNode) -> bool:
    """Return whether a cell of the instructor's notebook is set-up or a test: code that no student may edit."""
    mark = _mark(cell)
    return cell.cell_type == "code" and bool(mark.get("locked")) and not mark.get("solution")


def _run(cell: str, source: str, conversation: Conversation, locked: bool) -> CellVerdict:
    """Run a cell over there; whatever happens is text."""
    try:
        reply = conversation.run_cell(source, locked)
    except StudentProcessError as error:
        return CellVerdict(cell, "", f"this cell was given up: {error}", "StudentProcessError")
    raised = reply["error"]
    if raised is None:
        return CellVerdict(cell, reply["text"])
    told = "\n".join([*raised["frames"], f"{raised['name']}: {raised['message']}"])
    return CellVerdict(cell, reply["text"], told, raised["name"])


def _examine(cell: str, source: str, space: dict, names: list[str], conversation: Conversation) -> CellVerdict:
    """Run a locked test here, with proxies for the student's names."""
    said = io.StringIO()
    try:
        code = ast.parse(source)
        used = {node.id for node in ast.walk(code) if isinstance(node, ast.Name)}
        scope = {**space, **_present([name for name in names if name in used], conversation)}
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(io.StringIO()):
            exec(compile(code, "<graded cell>", "exec"), scope)
    except CheckFailed as error:
        finding = getattr(error, "finding", None)
        return CellVerdict(cell, said.getvalue()[:NEWS], str(error)[:NEWS], type(error).__name__, finding)
    except StudentProcessError as error:
        return CellVerdict(cell, said.getvalue()[:NEWS], str(error), "StudentProcessError")
    except NameError as error:
        missing = next((name for name in names if f"'{name}'" in str(error)), None)
        told = f"{missing}: it was never defined; its cell is missing or raised an error" if missing else str(error)
        return CellVerdict(cell, said.getvalue()[:NEWS], told, "NotDefined" if missing else "NameError")
    except Exception as error:
        told = traceback.format_exception_only(error)[-1].strip()
        return CellVerdict(cell, said.getvalue()[:NEWS], told[:NEWS], type(error).__name__)
    return CellVerdict(cell, said.getvalue()[:NEWS])


def _present(names: list[str], conversation: Conversation) -> dict:
    """Return the student's names as they now are: a proxy for what can be called, data for the rest."""
    found = {}
    for name, callable_ in conversation.kinds(names).items():
        found[name] = proxy(conversation, name) if callable_ else conversation.value(name)
    return found
