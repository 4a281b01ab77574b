"""Figures that an assignment's statement gives a student, computed anew: no cell of the notebook may show them."""

import ast

import numpy as np
import pytest
from harness import ROOT, Assignment
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from course_utils.grading.loading import load_examiner

A4 = "a4_backprop_and_upsampling"


def share_read(model, asked):
    images, labels, held_out = (each.reshape(len(each), -1) for each in asked.args)
    right = load_examiner(A4).train_digits.oracle(*asked.args)
    return float(np.mean(model.fit(images, labels.ravel()).predict(held_out) == right))


@pytest.mark.parametrize(
    ("words", "model", "least", "most"),
    [
        ("A linear model reads about a third", LogisticRegression(C=0.1, max_iter=200, tol=0.01), 0.27, 0.41),
        ("nearest\ntraining picture comes to about 85 %", KNeighborsClassifier(1), 0.80, 0.90),
    ],
)
def test_what_simpler_models_read_of_the_placed_digits(words, model, least, most):
    cells = Assignment(A4).notebook.cells
    statement = next(cell.source for cell in cells if cell.id and "A linear model reads" in cell.source)
    assert words in statement
    drawn = load_examiner(A4).reading.drawn
    shares = [share_read(model, drawn(seed)) for seed in (2001, 2002, 2003)]
    assert least < np.mean(shares) < most, shares


def functions_of(source):
    return {node.name: ast.unparse(node) for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)}


def test_a6_gives_students_the_tools_that_its_examiner_uses():
    given = functions_of("\n".join(Assignment("a6_architectures").setup))
    used = functions_of((ROOT / "solutions/a6_architectures/examiner/tools.py").read_text())
    both = set(given) & set(used)
    assert len(both) >= 3
    assert {name: given[name] for name in both} == {name: used[name] for name in both}
