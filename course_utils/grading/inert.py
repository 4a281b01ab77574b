"""Make a notebook inert: nothing of a submission can run in the browser of whoever looks at it."""

from __future__ import annotations

import copy
import html
import html.entities
import re
from typing import Any

import nbformat
from nbformat import NotebookNode

from course_utils.grading.pieces import CODE, OUTPUTS, TEXT, _clean, _is_open, _of

# Commands that make links, styles or scripts of mathematics, and those that change what others on the page mean.
_TEX = (
    r"href|url|unicode|class|cssId|style|require|mmlToken|bbox|data|html\w*|includegraphics|[gex]?def|let"
    r"|(?:re)?new(?:command|environment)|providecommand|Newextarrow|DeclareMathOperator"
)
_ASCII = "|".join(name for name, value in html.entities.html5.items() if re.search(r"[^<>&\"'\x80-\U0010ffff]", value))
_TAMED = [
    (re.compile(r"<(https?://[^\s<>]+)>"), r"\1"),  # is a link without the brackets too
    (re.compile(r"<(?=[A-Za-z/!?])"), "< "),
    (re.compile(r"!(?=\[)"), "! "),
    (re.compile(rf"&(?=#[0-9xX]|(?:{_ASCII}))"), "& "),
    (re.compile(rf"\\(?={_TEX})"), r"\\ "),
    (re.compile(r"((?:```|~~~)[^\S\n]*)(?=mermaid)", re.IGNORECASE), r"\1text "),
]
_LINK = re.compile(r"\](?=[(:][\s>]*(?:<([^>]{0,400})|([^\s)]{0,400})))")


def _unlinked(match: re.Match[str]) -> str:
    """Return the end of a link's text, apart from the address where that could run."""
    address = match[1] or match[2] or ""
    long, before = len(address) == 400, ""
    while address != before:  # names of characters can be nested
        before, address = address, re.sub(r"[\x00-\x20\\<>]", "", html.unescape(address))
    return "] " if long or re.match(r"(?!(?:https?|mailto):)[^/?#]*:", address, re.IGNORECASE) else "]"


def _tame(source: str) -> str:
    """Return markdown in which nothing can run, whatever reads it; a space here and there is all that it costs."""
    source = _LINK.sub(_unlinked, source)
    for pattern, instead in _TAMED:
        source = pattern.sub(instead, source)
    return source


def _capped(text: object, most: int = TEXT) -> str:
    text = "".join(text) if isinstance(text, list) else _of(str, text)
    text = _clean(re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text))
    return text if len(text) <= most else f"{text[: most - 40]}\n[{len(text) - most + 40} more characters]"


def _shown(output: NotebookNode) -> dict[str, Any]:
    """Return an output as plain text."""
    kind, data = output.get("output_type"), _of(dict, output.get("data"))
    if kind == "stream":
        return {"output_type": kind, "name": _capped(output.get("name")), "text": _capped(output.get("text"))}
    if kind == "error":
        name, value = _capped(output.get("ename")), _capped(output.get("evalue"))
        return {"output_type": kind, "ename": name, "evalue": value, "traceback": [_capped(f"{name}: {value}")]}
    text = data.get("text/plain", f"[{', '.join(map(str, data))}: not shown]")
    shown = {"output_type": "display_data", "data": {"text/plain": _capped(text)}, "metadata": {}}
    result = {"output_type": kind, "execution_count": output.get("execution_count")}
    return shown | result if kind == "execute_result" else shown


def inert(notebook: NotebookNode) -> NotebookNode:
    """Return a repaired notebook in which nothing of the student's can run in the browser of whoever opens it.

    Outputs become plain text. In cells that are not locked, HTML shows as text, pictures become links, links lead to
    http, https, mailto or nearby only, raw cells become quoted text. Locked cells keep their source, code cells too.
    """
    calm = copy.deepcopy(notebook)
    calm.metadata.pop("widgets", None)
    left = 5 * CODE  # of all that is not code: to tame millions of brackets takes minutes
    for cell in calm.cells:
        if cell.cell_type == "code":
            more = len(cell.outputs) - OUTPUTS
            cell.outputs = nbformat.from_dict([_shown(output) for output in cell.outputs[:OUTPUTS]])
            if more > 0:
                cell.outputs += [nbformat.v4.new_output("stream", text=f"[{more} more outputs]\n")]
        if not _is_open(cell):
            continue
        cell.pop("attachments", None)
        if cell.cell_type != "code":
            cell.source = _tame(_capped(cell.source, min(CODE, max(left, 100))))
            left -= len(cell.source)
        if cell.cell_type == "raw":
            fence = "`" * max(3, 1 + max(map(len, re.findall("`+", cell.source)), default=0))
            cell.update(cell_type="markdown", metadata=NotebookNode(), source=f"{fence}text\n{cell.source}\n{fence}")
    return calm
