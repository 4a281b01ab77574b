"""Things to move: ipywidgets over plots and arithmetic, one module a lecture.

Each widget is an `Explorer` around a function that returns a `Picture`, so that the part which
computes and draws is tested without a browser, and the same function draws the still figure.
"""

from course_utils.widgets.controls import choice, line, number, one_of, real, tick, whole
from course_utils.widgets.explorer import Explorer
from course_utils.widgets.quiz import Quiz, load_quizzes, self_check

__all__ = [
    "Explorer",
    "Quiz",
    "choice",
    "line",
    "load_quizzes",
    "number",
    "one_of",
    "real",
    "self_check",
    "tick",
    "whole",
]
