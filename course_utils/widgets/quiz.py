"""Self-checks: a question, its choices, and an answer that is settled by running something."""

import html
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import ipywidgets

from course_utils.plots import Picture

_FOLDER = Path(__file__).parent / "quizzes"


@dataclass(frozen=True)
class Quiz:
    """A question of the curriculum's part 3, as the TOML files in `quizzes/` hold it.

    `choices` are shown in order, `responses[i]` is what a reader hears who picks choice i,
    `answer` is the index of the right one and `because` the reason.
    """

    question: str
    choices: tuple[str, ...]
    responses: tuple[str, ...]
    answer: int
    because: str


@cache
def load_quizzes() -> dict[str, Quiz]:
    """Return every quiz by its curriculum number; raise ValueError naming the file and the fault."""
    quizzes: dict[str, Quiz] = {}
    for path in sorted(_FOLDER.glob("*.toml")):
        for number, entry in tomllib.loads(path.read_text(encoding="utf-8")).items():
            if number in quizzes:
                raise ValueError(f"{path.name}: quiz {number} stands twice")
            quiz = Quiz(
                question=entry["question"].strip(),
                choices=tuple(choice["text"] for choice in entry["choices"]),
                responses=tuple(choice["response"] for choice in entry["choices"]),
                answer=entry["answer"],
                because=entry["because"].strip(),
            )
            if not 0 <= quiz.answer < len(quiz.choices):
                raise ValueError(f"{path.name}: quiz {number} has answer {quiz.answer}, not a choice")
            quizzes[number] = quiz
    return quizzes


class SelfCheck(ipywidgets.VBox):
    """A self-check as shown; its plain form is the question."""

    def __init__(self, question: str, children: list[ipywidgets.Widget]) -> None:
        self.question = question
        super().__init__(children)

    def __repr__(self) -> str:
        """Return the question."""
        return self.question


def self_check(number: str, demonstration: Callable[[], Picture | str] | None = None) -> SelfCheck:
    """Return the self-check of quiz `number`.

    Picking a choice shows what is right or wrong about it. "Show the answer" reveals it with its
    reason, then runs `demonstration`, which returns the Picture or the text that settles the matter.
    Raises KeyError with the known numbers where `number` is none of them.
    """
    quizzes = load_quizzes()
    if number not in quizzes:
        raise KeyError(f"no quiz {number!r}; there are {', '.join(quizzes)}")
    quiz = quizzes[number]
    options = [(text, index) for index, text in enumerate(quiz.choices)]
    pick = ipywidgets.RadioButtons(options=options, value=None, layout={"width": "max-content"})
    reveal = ipywidgets.Button(description="Show the answer", icon="check", layout={"width": "max-content"})
    said = ipywidgets.HTML()
    shown = ipywidgets.HTML()

    def respond(_change: object) -> None:
        if pick.value is not None:
            verdict = "Yes." if pick.value == quiz.answer else "Not quite."
            said.value = f"<p><b>{verdict}</b> {html.escape(quiz.responses[pick.value])}</p>"

    def answer(_button: object) -> None:
        right = html.escape(quiz.choices[quiz.answer])
        text = f"<p><b>Answer:</b> {right}. {html.escape(quiz.because)}</p>"
        result = demonstration() if demonstration else ""
        if isinstance(result, Picture):
            text += result._repr_html_()
        elif result:
            text += f"<pre>{html.escape(result)}</pre>"
        shown.value = text

    pick.observe(respond, names="value")
    reveal.on_click(answer)
    question = ipywidgets.HTML(f"<p><b>Self-check {number}.</b> {html.escape(quiz.question)}</p>")
    return SelfCheck(quiz.question, [question, pick, said, reveal, shown])
