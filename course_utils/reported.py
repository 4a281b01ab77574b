"""What papers report and no code here can recompute: each figure with its metric, data set, protocol and source."""

import html
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cache
from importlib import resources


@dataclass(frozen=True)
class Reported:
    """One figure as its source prints it; `verified` says whether the source was read to check it.

    `name` says what was measured, `metric` in which unit, `data` on which data set, `protocol` how (crops, scales,
    one net or several, which split), `note` what else a reader must know.
    """

    name: str
    value: float
    metric: str
    data: str
    protocol: str
    source: str
    verified: bool = False
    note: str = ""


class ReportedTable(tuple[Reported, ...]):
    """Reported figures; in a page they show as a table that says so."""

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{title}</th>" for title in ("what", "reported", "metric", "data", "protocol", "source"))
        rows = "".join(f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in _cells(row))}</tr>" for row in self)
        return f"<table><caption>Reported, not computed here</caption><tr>{head}</tr>{rows}</table>"

    def __repr__(self) -> str:
        lines = [" | ".join(_cells(row)) for row in self]
        return "\n".join(["Reported, not computed here: what | reported | metric | data | protocol | source", *lines])


def _cells(row: Reported) -> Sequence[str]:
    source = row.source if row.verified else f"{row.source} (not checked against the source)"
    protocol = f"{row.protocol}; {row.note}" if row.note else row.protocol
    return row.name, f"{row.value:g}", row.metric, row.data, protocol, source


@cache
def _all() -> dict[str, ReportedTable]:
    """Read every table of `reported_figures/*.toml`; a file's `[[table]]` is a list of figures."""
    wanted = {field.name for field in fields(Reported)}
    found: dict[str, ReportedTable] = {}
    folder = resources.files("course_utils") / "reported_figures"
    for path in sorted(folder.iterdir(), key=lambda each: each.name):
        if path.name.endswith(".toml"):
            for name, rows in tomllib.loads(path.read_text(encoding="utf-8")).items():
                if name in found:
                    raise ValueError(f"{path.name}: the table {name!r} stands in another file as well")
                unknown = {key for row in rows for key in row} - wanted
                if unknown:
                    raise ValueError(f"{path.name}: [[{name}]] has {sorted(unknown)}; a figure has {sorted(wanted)}")
                found[name] = ReportedTable(Reported(**row) for row in rows)
    return found


def reported(table: str) -> ReportedTable:
    """Return the reported figures of a table, such as "alexnet_ablations", in the order of their source.

    Raises ValueError with the known names where there is no such table.
    """
    if table not in _all():
        raise ValueError(f"no reported table {table!r}; there are: {', '.join(sorted(_all()))}")
    return _all()[table]


def tables() -> list[str]:
    """Return the names of all tables."""
    return sorted(_all())
