"""A clinic of training runs: each case is a tiny run with one planted fault, and the same run without it.

A run is described by data alone (a `Recipe`), so that a fault is a change of one or two of its fields.
"""

from course_utils.clinic.cases import BRANCHES, CASES, Case, Outcome, treat
from course_utils.clinic.recipe import BACKWARDS, STARTS, TASKS, Patient, Recipe, admit, error_of, treated
from course_utils.clinic.slopes import slope_errors
from course_utils.clinic.tree import TREE, Question, Trouble

__all__ = [
    "BACKWARDS",
    "BRANCHES",
    "CASES",
    "STARTS",
    "TASKS",
    "TREE",
    "Case",
    "Outcome",
    "Patient",
    "Question",
    "Recipe",
    "Trouble",
    "admit",
    "error_of",
    "slope_errors",
    "treat",
    "treated",
]
