"""The glossary: sorted, nothing twice, and each term stands in the section that its line names."""

import json
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "glossary.md"
LINE = re.compile(r"- \*\*(?P<term>.+?)\*\*: (?P<told>.+)\. \[(?P<label>.+)\]\(\.\./lectures/(?P<page>[\w]+)\.ipynb\)")
LATER = {"13_transfer_learning", "14_seeing_inside", "15_debugging", "16_choosing_and_what_is_unsolved"}
ENTRIES = [LINE.fullmatch(line) for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("- ")]


@cache
def sections(page):
    """Return the text of each section of a lecture, its code included, by its heading; "" is the whole page."""
    found, heading = {"": ""}, ""
    cells = json.loads((ROOT / "lectures" / f"{page}.ipynb").read_text(encoding="utf-8"))["cells"]
    for line in "\n".join("".join(cell["source"]) for cell in cells).splitlines():
        if line.startswith("## "):
            heading = line.removeprefix("## ")
            found[heading] = ""
        for each in {heading, ""}:
            found[each] += line + "\n"
    return found


def plain(text):
    return re.sub(r"[^a-z0-9]+", " ", text.casefold())


def test_every_line_is_a_term_with_its_lecture():
    assert None not in ENTRIES
    assert len(ENTRIES) > 120
    assert {entry["page"] for entry in ENTRIES} >= {path.stem for path in ROOT.glob("lectures/*.ipynb")}


def test_terms_are_sorted_under_their_letters_and_not_doubled():
    terms = [entry["term"] for entry in ENTRIES]
    assert terms == sorted(terms, key=str.casefold)
    assert [term for term, count in Counter(map(plain, terms)).items() if count > 1] == []
    letter, heads = "", []
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            letter = line.removeprefix("## ")
            heads.append(letter)
        if line.startswith("- "):
            assert line[4].upper() == letter, line
    assert heads == sorted(set(heads))


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["term"])
def test_the_section_exists_and_speaks_of_the_term(entry):
    page, label = entry["page"], entry["label"]
    assert label.removeprefix("lecture ")[:2] == page[:2]
    if not (ROOT / "lectures" / f"{page}.ipynb").exists():
        assert page in LATER
        pytest.skip(f"{page} is still to come")
    heading = "" if label.startswith("lecture ") else label
    assert heading in sections(page), f"{page} has no section {label!r}"
    text, words = plain(sections(page)[heading]), plain(entry["term"]).split()
    stems = [word[: max(4, len(word) - 3)] for word in words if word not in ("the", "of", "s")]
    assert all(stem in text for stem in stems), f"{label!r} does not speak of {entry['term']!r}"
