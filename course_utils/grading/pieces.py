"""Read a submitted notebook, which anyone may have written, into pieces of text and plain marks."""

from __future__ import annotations

import io
import json
import re
import tokenize
from dataclasses import dataclass
from typing import Any

from nbformat import NotebookNode

MEGABYTES = 20  # a larger file is not read
CELLS = 2_000  # cells after these are left out
CODE = 200_000  # characters; a longer cell is never cut or put together, and not shown in full
OUTPUTS, TEXT = 100, 20_000  # outputs shown for each cell, and characters of each
ALIKE = 0.75  # how much of a changed locked cell must be left for it to be recognised

_DEFINES = re.compile(r"^(?:(?:async[ \t]+)?def|class)[ \t]+(\w+)|^(\w+)[ \t]*(?::[^=\n]+)?=(?!=)", re.MULTILINE)
_FLAGS = ("points", "grade", "locked", "solution", "task")


class _NoNotebookError(ValueError):
    """The file cannot be read as a notebook; the message says why."""


@dataclass(eq=False)
class _Piece:
    """A cell as it was handed in, reduced to values whose types are certain; `source` is None where it held no text."""

    place: int
    kind: str
    source: str | None
    id: str
    mark: dict[str, Any]
    tags: list[str]
    pictures: dict[str, dict[str, str]]
    below: str | None = None  # the released cell that it has to stand below, where that is not the one above it

    @property
    def grade_id(self) -> str:
        return _of(str, self.mark.get("grade_id"))

    @property
    def text(self) -> str:
        return self.source or ""


class _Notes(dict[str, list[str]]):
    """What was repaired: each thing said once, with the cells it was done to."""

    def say(self, what: str, cell: NotebookNode | None = None) -> None:
        names = self.setdefault(what, [])
        if cell is not None and (name := _title(cell)) not in names:
            names.append(name)

    def sentences(self) -> tuple[str, ...]:
        return tuple(f"{_listed(names)}: {what}." if names else f"{what}." for what, names in self.items())


def _of(kind: type, value: Any) -> Any:
    """Return a value if it is of this type, else an empty one."""
    return value if isinstance(value, kind) else kind()


def _listed(names: list[str]) -> str:
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")


def _quoted(words: object) -> str:
    """Return the start of a text that the student chose, fit for a sentence."""
    return re.sub(r"[^\w .:+-]", "?", str(words)[:40], flags=re.ASCII)


def _mark(cell: NotebookNode) -> dict[str, Any]:
    return cell.metadata.get("nbgrader") or {}


def _title(cell: NotebookNode) -> str:
    """Return how a student knows a cell: by its exercise, and its part where it is not the answer."""
    exercise, _, part = _mark(cell)["grade_id"].partition("__")
    return f"{exercise} ({part})" if part else exercise


def _is_open(cell: NotebookNode) -> bool:
    """Return whether a student may write in a cell of the released or repaired notebook."""
    mark = _mark(cell)
    return bool(mark.get("solution")) or not (mark.get("locked") or mark.get("grade") or mark.get("task"))


def _same(one: str, other: str) -> bool:
    """Return whether two sources differ in trailing white space at most."""
    return [line.rstrip() for line in one.strip().split("\n")] == [line.rstrip() for line in other.strip().split("\n")]


def _clean(text: str) -> str:
    return re.sub("[\ud800-\udfff]", "\ufffd", text.replace("\0", ""))


def _defined(source: str) -> set[str]:
    return {one or other for one, other in _DEFINES.findall(source)}


def _document(data: bytes, notes: _Notes) -> dict[str, Any]:
    """Return the JSON object in a file; raise _NoNotebookError where there is none."""
    if len(data) > MEGABYTES * 1_000_000:
        raise _NoNotebookError(
            f"the file has {len(data) / 1e6:.0f} MB, and at most {MEGABYTES} are read: clear its outputs"
        )
    encoding = json.detect_encoding(data)
    told = {"The file began with a byte order mark; it was taken off": encoding == "utf-8-sig"}
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        text = data.decode(encoding, "replace")
        told["The file held bytes that are no letters; each was replaced by \ufffd"] = True
    told[f"The file was written in {encoding.upper()}; notebooks are in UTF-8"] = not encoding.startswith("utf-8")
    told["The file held null bytes; they were taken out"] = "\0" in text
    text = text.replace("\0", "").lstrip("\ufeff").strip()
    if not text:
        raise _NoNotebookError("the file is empty")

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            told["The file gave some values twice; the later ones were taken"] = True
        return found

    def constant(name: str) -> None:
        told["The file held NaN or Infinity, which no notebook may; they were left out"] = True

    try:
        document = json.loads(text, strict=False, object_pairs_hook=members, parse_constant=constant)
    except RecursionError:
        raise _NoNotebookError("the parts of the file are nested too deeply") from None
    except ValueError as problem:
        if text[0] == "{" and text[-1] != "}":
            raise _NoNotebookError("the file breaks off in the middle: save it and hand it in again") from None
        where = f": line {problem.lineno} cannot be read" if isinstance(problem, json.JSONDecodeError) else ""
        raise _NoNotebookError(f"the file is not in the notebook format (JSON){where}") from None
    for what in [what for what, holds in told.items() if holds]:
        notes.say(what)
    return _of(dict, document)


def _raw_cells(document: dict[str, Any]) -> list[Any]:
    """Return the cells of a notebook of any format version; before 4 they stood in worksheets."""
    if isinstance(document.get("cells"), list):
        return document["cells"]
    if not isinstance(document.get("worksheets"), list):
        raise _NoNotebookError("the file is JSON, but no notebook: it has no list of cells")
    return [cell for sheet in document["worksheets"] for cell in _of(list, _of(dict, sheet).get("cells"))]


def _piece(place: int, raw: dict[str, Any], notes: _Notes) -> _Piece:
    """Return a cell by its parts; a part of the wrong type counts as missing."""
    expected: dict[str, type] = {"metadata": dict, "attachments": dict, "outputs": list, "cell_type": str, "id": str}
    if any(not isinstance(raw.get(key, kind()), kind) for key, kind in expected.items()):
        notes.say("Some cells had parts of the wrong type; those parts were left out")
    kind = {"heading": "markdown", "html": "markdown"}.get(word := _of(str, raw.get("cell_type")), word)
    source = raw.get("source", raw.get("input"))
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = ("" if not source or source[0].endswith(("\n", "\r")) else "\n").join(source)
    if not isinstance(source, str):
        notes.say("Some cells held no text; they count as empty")
        source = None
    else:
        if "\r" in source:
            notes.say("Line ends of another system were replaced")
        if (cleaned := _clean(source)) != source:
            notes.say("Characters that no notebook can hold were taken out of some cells")
        source = cleaned.replace("\r\n", "\n").replace("\r", "\n")
        if word == "heading":
            source = "#" * min(max(_of(int, raw.get("level", 1)), 1), 6) + " " + source.replace("\n", " ")
    metadata = _of(dict, raw.get("metadata"))
    pictures = {
        _clean(name): found for name, each in _of(dict, raw.get("attachments")).items() if (found := _images(each))
    }
    return _Piece(
        place,
        kind if kind in ("code", "markdown") else "raw",
        source,
        _of(str, raw.get("id")),
        _of(dict, metadata.get("nbgrader")),
        [tag for tag in _of(list, metadata.get("tags")) if isinstance(tag, str)],
        {name: found for name, found in pictures.items() if f"attachment:{name}" in (source or "")},
    )


def _images(bundle: object) -> dict[str, str]:
    kept = {kind: _of(str, _of(dict, bundle).get(f"image/{kind}")) for kind in ("png", "jpeg", "gif")}
    return {f"image/{kind}": text for kind, text in kept.items() if re.fullmatch(r"[A-Za-z0-9+/=\s]+", text)}


def _statements(source: str) -> list[tuple[int, int]]:
    """Return first and last line (exclusive) of each statement at top level; none where the code cannot be read.

    Tokens do, and no code is nested too deeply for them, as it can be for a parser. A decorator counts as a statement.
    """
    starts, depth, fresh = [], 0, True
    code = re.sub(r"^[ \t]*[%!?].*$", "#", source, flags=re.MULTILINE)  # IPython's own commands
    try:
        for token in tokenize.generate_tokens(io.StringIO(code).readline):
            if token.type in (tokenize.INDENT, tokenize.DEDENT):
                depth += 1 if token.type == tokenize.INDENT else -1
            elif token.type == tokenize.NEWLINE:
                fresh = True
            elif fresh and token.type not in (tokenize.NL, tokenize.COMMENT, tokenize.ENDMARKER):
                fresh = False
                starts += [token.start[0] - 1] if depth == 0 else []
    except (tokenize.TokenError, SyntaxError):
        return []
    return list(zip(starts, [*starts[1:], source.count("\n") + 1], strict=True))


def _cut(source: str, names: set[str]) -> tuple[str, str] | None:
    """Return the statements that define the names, and the rest; None where they cannot be told apart."""
    if len(source) > CODE or not names & _defined(source):
        return None
    lines, taken, begin = source.split("\n"), set(), -1
    for first, last in _statements(source):
        begin = first if begin < 0 else begin
        if not lines[first].startswith("@"):  # a decorator goes with what follows
            taken |= set(range(begin, last)) if names & _defined(lines[first]) else set()
            begin = -1
    parts = ["\n".join(line for at, line in enumerate(lines) if (at in taken) is want) for want in (True, False)]
    return (parts[0].strip("\n"), parts[1].strip("\n")) if taken else None


def _continues(first: _Piece, second: _Piece) -> bool:
    """Return whether the second cell is the rest of a function that begins in the first, and nothing by itself."""
    if {first.kind, second.kind} != {"code"} or len(first.text) + len(second.text) > CODE:
        return False
    rest = re.match(r"\n*[ \t]", second.text) and re.search(r"^[ \t]+(return|yield)\b", second.text, re.MULTILINE)
    return bool(rest and _defined(first.text) and _statements(f"{first.text}\n{second.text}"))
