"""What papers report: complete, told as reported, and used somewhere."""

import pytest
from harness import ROOT

from course_utils import reported as module
from course_utils.reported import Reported, ReportedTable, reported, tables

PAGES = "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "lectures").glob("*.ipynb")))
MODULES = "".join(
    path.read_text() for room in ("plots", "widgets") for path in (ROOT / "course_utils" / room).glob("*.py")
)


@pytest.mark.parametrize("name", tables())
def test_every_figure_says_what_where_how_and_who(name):
    for figure in reported(name):
        assert all(str(getattr(figure, part)).strip() for part in ("name", "metric", "data", "protocol", "source"))
        assert isinstance(figure.value, (int, float))
        assert any(letter.isdigit() for letter in figure.source), "a source has a year"


@pytest.mark.parametrize("name", tables())
def test_every_table_is_shown_on_a_page(name):
    assert f'\\"{name}\\"' in PAGES or f'"{name}"' in MODULES


def test_a_table_says_that_it_is_reported_and_what_was_not_checked():
    table = ReportedTable(
        [Reported("net <b>", 1.5, "error %", "data", "one crop", "A. Author, 2020"),
         Reported("other", 2, "error %", "data", "ten crops", "B. Author, 2021", verified=True, note="mean of 3")]
    )  # fmt: skip
    page, text = table._repr_html_(), repr(table)
    assert "Reported, not computed here" in page
    assert "Reported, not computed here" in text
    assert "net &lt;b&gt;" in page
    assert page.count("not checked against the source") == text.count("not checked against the source") == 1
    assert "ten crops; mean of 3" in page


def test_bad_names_and_bad_files_are_refused(monkeypatch, tmp_path):
    with pytest.raises(ValueError, match="no reported table 'nonsense'; there are: "):
        reported("nonsense")
    folder = tmp_path / "reported_figures"
    folder.mkdir()
    monkeypatch.setattr(module.resources, "files", lambda _package: tmp_path)
    (folder / "a.toml").write_text("[[t]]\nname = 'x'\nfigure = 1\n")
    module._all.cache_clear()
    with pytest.raises(ValueError, match=r"a\.toml: \[\[t\]\] has \['figure'\]"):
        tables()
    row = "[[t]]\nname = 'x'\nvalue = 1\nmetric = 'm'\ndata = 'd'\nprotocol = 'p'\nsource = 's'\n"
    (folder / "a.toml").write_text(row)
    (folder / "b.toml").write_text(row)
    with pytest.raises(ValueError, match=r"b\.toml: the table 't' stands in another file"):
        tables()
    monkeypatch.undo()
    module._all.cache_clear()
