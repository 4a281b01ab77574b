"""Repair a submitted notebook from the released one, and make a notebook inert before anyone looks at it.

A submission is bytes that anyone may have written. Only text is taken from it: `repair` builds a new notebook from the
released cells and puts the student's sources where a student may write. Nothing of the student's reaches a locked cell.
"""

from __future__ import annotations

import copy
import difflib
import re
from dataclasses import dataclass, field
from typing import Any

import nbformat
from nbformat import NotebookNode

from course_utils.grading.pieces import (
    _FLAGS,
    ALIKE,
    CELLS,
    _continues,
    _cut,
    _defined,
    _document,
    _is_open,
    _listed,
    _mark,
    _NoNotebookError,
    _Notes,
    _of,
    _Piece,
    _piece,
    _quoted,
    _raw_cells,
    _same,
    _title,
)


@dataclass(frozen=True)
class Repaired:
    """A submission as it can be graded, and what was done to it, in sentences for the student.

    `lost` gives the reason for each solution cell that could not be found. Where the file is no notebook, `failure`
    says why and `notebook` is the released one.
    """

    notebook: NotebookNode
    repairs: tuple[str, ...] = ()
    lost: dict[str, str] = field(default_factory=dict)
    failure: str = ""


class _Repair:
    """The matching of one submission's pieces with the released cells."""

    def __init__(self, document: dict[str, Any], released: NotebookNode, notes: _Notes) -> None:
        self.released, self.say = released, notes.say
        self.wanted = {_mark(cell)["grade_id"]: cell for cell in released.cells if _mark(cell).get("grade_id")}
        self.asked = {name: _defined(cell.source) for name, cell in self.wanted.items() if _mark(cell).get("solution")}
        self.found: dict[str, _Piece] = {}
        self.ids = {cell.get("id") for cell in self.wanted.values()}
        raws = _raw_cells(document)
        if len(raws) > CELLS:
            notes.say(f"The notebook has {len(raws):,} cells; those after the first {CELLS:,} were left out")
        if not all(isinstance(raw, dict) for raw in raws[:CELLS]):
            notes.say("Some entries of the list of cells were no cells; they were left out")
        good = [raw for raw in raws[:CELLS] if isinstance(raw, dict)]
        self.pieces = [_piece(place, raw, notes) for place, raw in enumerate(good)]

    def done(self, document: dict[str, Any]) -> tuple[NotebookNode, dict[str, str]]:
        self.check_head(document)
        for step in (self.join, self.by_mark, self.by_id, self.by_content, self.by_place, self.part):
            step()
        lost = self.check_cells()
        notebook = copy.deepcopy(self.released)
        notebook.update(cells=self.cells(), nbformat=4, nbformat_minor=5)
        return notebook, lost

    def free(self) -> list[_Piece]:
        taken = set(self.found.values())
        return [piece for piece in self.pieces if piece not in taken]

    def missing(self) -> dict[str, NotebookNode]:
        return {name: cell for name, cell in self.wanted.items() if name not in self.found}

    def check_head(self, document: dict[str, Any]) -> None:
        """Say what differs around the cells; all of it is taken from the released notebook."""
        version = document.get("nbformat"), document.get("nbformat_minor")
        if version != (4, 5):
            told = ".".join(_quoted(part) for part in version if part is not None) or "of no version"
            self.say(f"The file was in notebook format {told}; it was read as 4.5")
        for key, what in (("kernelspec", "kernel"), ("language_info", "language")):
            theirs = _of(dict, _of(dict, document.get("metadata")).get(key)).get("name")
            if (mine := self.released.metadata.get(key, {}).get("name")) not in (None, theirs):
                self.say(f"The notebook's {what} was {_quoted(theirs or 'not named')}; it was graded with {mine}")
        ids = [piece.id for piece in self.pieces]
        if version == (4, 5) and len(set(ids) - {""}) < len(ids):
            self.say("Some cells had no id or the id of another; they were given ids of their own")

    def join(self) -> None:
        """Put a function together that was cut in two."""
        kept: list[_Piece] = []
        for piece in self.pieces:
            marks = {piece.grade_id, kept[-1].grade_id} - {""} if kept else set()
            if len(marks) == 1 and marks <= self.asked.keys() and _continues(kept[-1], piece):
                kept[-1].source, kept[-1].mark = f"{kept[-1].text}\n{piece.text}", kept[-1].mark or piece.mark
                self.say("a function was cut in two cells; they were put together", self.wanted[marks.pop()])
            else:
                kept.append(piece)
        self.pieces = kept

    def by_mark(self) -> None:
        groups: dict[str, list[_Piece]] = {}
        for piece in self.pieces:
            if piece.grade_id in self.wanted:
                groups.setdefault(piece.grade_id, []).append(piece)
            elif any(piece.mark.get(flag) for flag in _FLAGS):
                self.say("Cells with marks that this assignment does not have were kept as cells of your own")
        for name, group in groups.items():
            self.choose(name, group)
        if self.wanted and not self.found:
            self.say("No cell carries a mark of this assignment: is this the right notebook?")

    def choose(self, name: str, group: list[_Piece]) -> None:
        """Take one of the pieces that claim to be a cell; others that the student changed become cells of their own."""
        cell, after = self.wanted[name], "it stands there once again, and a copy that you changed is a cell of your own"
        written = [piece for piece in group if piece.source is not None and not _same(piece.text, cell.source)]
        if _is_open(cell):
            names = self.asked.get(name, set())
            chosen = ([piece for piece in written if names & _defined(piece.text)] or written or group)[-1]
            others = [piece for piece in written if not _same(piece.text, chosen.text)]
            above = ["", *self.wanted]
            for piece in others:
                piece.below = name if piece.place > chosen.place else above[above.index(name) - 1]
            after = (
                "the last answer is graded, the others run beside it" if others else "the one you wrote in is graded"
            )
        else:
            chosen = next((piece for piece in group if piece not in written), group[0])
            others = [piece for piece in written if piece is not chosen]
        if len(group) > 1:
            self.say(f"the cell was there more than once; {after}", cell)
        self.found[name] = chosen
        self.pieces = [piece for piece in self.pieces if piece is chosen or piece in others or piece not in group]

    def recognise(self, name: str, group: list[_Piece]) -> None:
        self.choose(name, group)
        self.say("the cell had lost its mark and was recognised by its id, its text or its place", self.wanted[name])

    def by_id(self) -> None:
        for name, cell in self.missing().items():
            if group := [piece for piece in self.free() if piece.id and piece.id == cell.get("id")]:
                self.recognise(name, group[:1])

    def by_content(self) -> None:
        """Find locked cells by a text that no other cell has, and answers by the names that they define."""
        sources = [cell.source.strip() for cell in self.wanted.values()]
        held = {piece: (piece.text.strip(), _defined(piece.text)) for piece in self.free()}
        for name, cell in self.missing().items():
            free, source, asked = self.free(), cell.source.strip(), self.asked.get(name, set())
            unique = not _is_open(cell) and sources.count(source) == 1
            group = [piece for piece in free if (held[piece][0] == source if unique else asked & held[piece][1])]
            if group := group[:1] if unique else group:
                self.recognise(name, group)

    def by_place(self) -> None:
        """Find the rest between their neighbours: the same text, then nearly the same; for an answer in words, any."""
        order = list(self.wanted)
        missing = [(name, cell) for name, cell in self.missing().items() if not self.asked.get(name)]
        for name, cell in sorted(missing, key=lambda each: _is_open(each[1])):
            at = order.index(name)
            low = max((self.found[above].place for above in order[:at] if above in self.found), default=-1)
            below = [self.found[each].place for each in order[at:] if each in self.found]
            high = min((place for place in below if place > low), default=len(self.pieces) + CELLS)
            near = [each for each in self.free() if low < each.place < high and each.kind == cell.cell_type][:10]
            near = [each for each in near if _same(each.text, cell.source)] or near
            if near := near if _is_open(cell) else [each for each in near if _alike(each.text, cell.source)]:
                self.recognise(name, near[:1])

    def part(self) -> None:
        """Take answers out of the cells they were merged with or written in, and pasted tests out of answers."""
        for name, names in self.asked.items():
            mine, cell = self.found.get(name), self.wanted[name]
            absent, stub = mine is None or mine.source is None, mine is not None and _same(mine.text, cell.source)
            for other, donor in list(self.found.items()) if absent or stub else ():
                host = self.wanted[other]
                edited = not _is_open(host) and not _same(donor.text, host.source)
                if (edited or (absent and other in self.asked)) and (parts := _cut(donor.text, names)):
                    self.found[name] = _Piece(-1, cell.cell_type, parts[0], "", {}, [], {})
                    donor.source = donor.source if edited else parts[1]
                    self.say(f"your answer stood in the cell of {_title(host)} and was moved to its own", cell)
                    break
        graded = [cell for cell in self.wanted.values() if _mark(cell).get("grade") and not _is_open(cell)]
        tests = [cell.source.strip() for cell in graded if re.search(r"^[^#\s]", cell.source, re.MULTILINE)]
        for name in [name for name in self.asked if name in self.found]:
            for test in tests:
                padded = f"\n{self.found[name].text}\n"
                if f"\n{test}\n" in padded:
                    self.found[name].source = padded.replace(f"\n{test}\n", "\n").strip("\n")
                    self.say("a copy of a test stood in your answer; it was taken out", self.wanted[name])

    def check_cells(self) -> dict[str, str]:
        """Say what was missing, moved, retyped, retagged or changed; return the answers that are lost."""
        lost = {}
        for name, cell in self.wanted.items():
            piece = self.found.get(name)
            if name in self.asked and (piece is None or piece.source is None):
                why = "its cell holds no text" if piece else "its cell is missing"
                lost[name] = f"{why}, and no other cell has the answer"
                self.say("the answer was not found; its cell is as it was handed out", cell)
            elif piece is None:
                self.say("the cell was missing; it was put back", cell)
            if piece is None or piece.place < 0:
                continue
            if piece.kind != cell.cell_type:
                self.say(f"the cell had become a {piece.kind} cell; it is a {cell.cell_type} cell again", cell)
            if not _is_open(cell) and not _same(piece.text, cell.source):
                self.say("the cell is locked and had been changed; the change was undone", cell)
            if tags := [_quoted(tag) for tag in piece.tags if tag not in cell.metadata.get("tags", [])]:
                self.say(f"tags were taken off ({_listed(tags)})", cell)
            old = bool(piece.mark) and piece.mark.get("schema_version") != _mark(cell).get("schema_version")
            flags = [flag for flag in _FLAGS if piece.mark and (flag in piece.mark or not old)]
            if changed := [flag for flag in flags if piece.mark.get(flag) != _mark(cell).get(flag)]:
                self.say(f"nbgrader's marks had been changed ({', '.join(changed)}); they were put right", cell)
            if old:
                self.say("nbgrader's marks were of another version; they were put right", cell)
        placed = {piece.place: name for name in self.wanted if (piece := self.found.get(name)) and piece.place >= 0}
        runs: list[list[int]] = [[]]  # the longest rising run that ends at each place
        for place in placed:
            runs.append([*max((run for run in runs if not run or run[-1] < place), key=len), place])
        for place in [place for place in placed if place not in max(runs, key=len)]:
            self.say("the cell stood at another place; it was moved back", self.wanted[placed[place]])
        return lost

    def cells(self) -> list[NotebookNode]:
        """Return the released cells in their order, each followed by the student's own that stood below it."""
        names, above = {piece: name for name, piece in self.found.items()}, ""
        own: dict[str, list[_Piece]] = {"": [], **{name: [] for name in self.wanted}}
        for piece in self.pieces:
            above = names.get(piece, above)
            if piece not in names and piece.below is None:
                own[above].append(piece)
        for piece in [piece for piece in self.pieces if piece not in names and piece.below is not None]:
            own[piece.below or ""].append(piece)
        if any(piece.tags for pieces in own.values() for piece in pieces):
            self.say("Tags were taken off cells of your own")
        built = [self.plain(piece) for piece in own[""]]
        for name, cell in self.wanted.items():
            restored, mine = copy.deepcopy(cell), self.found.get(name)
            if cell.cell_type == "code":
                restored.update(outputs=[], execution_count=None)
            if _is_open(cell) and mine is not None and mine.source is not None:
                restored.source = mine.source
                restored.pop("attachments", None)
                if cell.cell_type == "markdown" and mine.pictures:
                    restored.attachments = nbformat.from_dict(mine.pictures)
            built += [restored, *(self.plain(piece) for piece in own[name])]
        return built

    def plain(self, piece: _Piece) -> NotebookNode:
        """Return a student's own cell: type, text and a good id, the same at every repair, and no more."""
        wish, count = piece.id, piece.place
        while wish in self.ids or not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", wish):
            wish, count = f"own-{count}", count + CELLS
        self.ids.add(wish)
        cell: dict[str, Any] = {"cell_type": piece.kind, "id": wish, "metadata": {}, "source": piece.text}
        cell |= {"outputs": [], "execution_count": None} if piece.kind == "code" else {}
        cell |= {"attachments": piece.pictures} if piece.kind == "markdown" and piece.pictures else {}
        return nbformat.from_dict(cell)


def _alike(one: str, other: str) -> bool:
    words, others = (re.findall(r"\w+|[^\w\s]", text[:4_000])[:200] for text in (one, other))
    matcher = difflib.SequenceMatcher(None, words, others, autojunk=False)
    return matcher.quick_ratio() > ALIKE and matcher.ratio() > ALIKE


def repair(data: bytes, released: NotebookNode) -> Repaired:
    """Return a submitted file as a notebook that can be graded; never raises, whatever the bytes are.

    `released` is the notebook as nbgrader generated it for students. Its cells with nbgrader's marks are there exactly
    once and in order; only those that a student may write in hold the student's text.
    """
    notes = _Notes()
    try:
        document = _document(data, notes)
        notebook, lost = _Repair(document, released, notes).done(document)
    except _NoNotebookError as problem:
        return Repaired(_Repair({"cells": []}, released, _Notes()).done({})[0], failure=str(problem))
    return Repaired(notebook, notes.sentences(), lost)
