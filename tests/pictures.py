"""What the tests of every lecture ask of a picture, of an Explorer that is moved, and of a self-check."""

import html
import re

from course_utils.plots import Picture
from course_utils.widgets import Explorer, load_quizzes, self_check

LIMIT = 80_000  # bytes of a picture


def small(shown: Picture, words: int = 12) -> Picture:
    """Return the picture; raise AssertionError where it is none, too large, or described in less than so many words."""
    assert isinstance(shown, Picture)
    assert shown.png.startswith(b"\x89PNG")
    assert len(shown.png) < LIMIT
    assert len(shown.alt.split()) >= words
    return shown


def move(explorer: Explorer, **values: object) -> str:
    """Set controls and return what the explorer shows then."""
    for name, value in values.items():
        explorer.controls[name].value = value
        assert explorer.controls[name].value == value, f"the control cuts {name} off"
    return explorer.output.value


def refused(explorer: Explorer) -> bool:
    """Return whether the explorer says that its setting is impossible."""
    return 'role="alert"' in explorer.output.value


def alt_of(explorer: Explorer) -> str:
    """Return the words of the picture that an explorer shows, the last possible one included."""
    return html.unescape(re.search(r'alt="([^"]*)"', explorer.output.value).group(1))


def right(number: str) -> str:
    """Return the right choice of a quiz."""
    quiz = load_quizzes()[number]
    return quiz.choices[quiz.answer]


def answers_every_choice(number: str, choices: int = 4, words: int = 1) -> None:
    """Take a self-check of so many choices: each is answered in words of its own, and the end is settled."""
    quiz = load_quizzes()[number]
    assert len(set(quiz.choices)) == len(set(quiz.responses)) == len(quiz.choices) == choices
    assert all(len(response.split()) >= words for response in quiz.responses)
    box = self_check(number, lambda: "it is settled")
    assert quiz.question in repr(box)
    _, pick, said, reveal, shown = box.children
    for index in range(choices):
        pick.value = index
        assert ("<b>Yes.</b>" in said.value) == (index == quiz.answer)
    reveal.click()
    assert "it is settled" in shown.value
    assert html.escape(quiz.choices[quiz.answer]) in shown.value
