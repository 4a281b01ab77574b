"""Every topic of the course's plan has its place: docs/coverage.toml names page, sections and words found there."""

import re
import tomllib

import nbformat
import pytest
from harness import ROOT

TOPICS = tomllib.loads((ROOT / "docs" / "coverage.toml").read_text(encoding="utf-8"))["topic"]
NUMBER_OF_TOPICS = 95


def sections_of(page):
    """Return the text of each numbered section of a lecture, code and its printed outputs included."""
    found, number = {}, ""
    for cell in nbformat.read(ROOT / "lectures" / f"{page}.ipynb", as_version=4).cells:
        for part in re.split(r"(?m)^(?=## )", cell.source) if cell.cell_type == "markdown" else [cell.source]:
            heading = re.match(r"## (\d+\.\d+|[A-Z]\w+)", part)
            number = heading[1] if heading else number
            found[number] = found.get(number, "") + part + "\n"
        for output in cell.get("outputs", []):
            found[number] += output.get("text", "") + output.get("data", {}).get("text/plain", "") + "\n"
    return found


def test_every_topic_has_one_entry():
    assert [topic["number"] for topic in TOPICS] == list(range(1, NUMBER_OF_TOPICS + 1))
    assert len({topic["title"] for topic in TOPICS}) == NUMBER_OF_TOPICS


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: str(topic["number"]))
def test_topic_is_where_it_is_said_to_be(topic):
    sections = sections_of(topic["page"])
    assert topic["sections"]
    assert topic["words"]
    assert set(topic["sections"]) <= set(sections)
    text = "\n".join(sections[number] for number in topic["sections"]).lower()
    missing = [word for word in topic["words"] if word.lower() not in text]
    assert not missing, f"{topic['title']}: not a word of {', '.join(missing)} in {', '.join(topic['sections'])}"
