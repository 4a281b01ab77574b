"""What the feedback page and the class report have in common: templates that show text only, and points in words."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

TEMPLATES = Path(__file__).parent / "templates"

_UNSEEN = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_SPELT = {number: f"[U+{number:04X}]" for number in range(0xE000) if _UNSEEN.match(chr(number))}


def points(value: float) -> str:
    """Return points without digits that say nothing."""
    return f"{round(value, 2):g}"


def template(name: str, most: int | None = None, **words: Callable | str | int) -> jinja2.Template:
    """Return the template `name`.html.j2 with the styles page.css and `name`.css in it and `points` as a filter.

    Functions among `words` are its other filters, all else is there by its name. Whatever is put in is text, with all
    characters spelt out that hide or turn text, and cut after `most` characters.
    """

    def shown(value: Any) -> Any:
        if not isinstance(value, str) or isinstance(value, Markup):
            return value
        value = value if most is None or len(value) <= most else f"{value[:most]}…"
        return value.translate(_SPELT) if _UNSEEN.search(value) else value

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=shown,
    )
    style = "".join((TEMPLATES / f"{each}.css").read_text(encoding="utf-8") for each in ("page", name))
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    environment.globals.update(style=Markup(style), style_digest=digest)
    environment.filters["points"] = points
    for word, meaning in words.items():
        (environment.filters if callable(meaning) else environment.globals)[word] = meaning
    return environment.get_template(f"{name}.html.j2")
