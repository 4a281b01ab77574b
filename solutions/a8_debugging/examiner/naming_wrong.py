"""Where a doctor goes wrong: symptoms taken for causes, and questions in the wrong order.

A part of the reference answer, in a cell of its own, is used as a student's copy of it would use it.
"""

import math

from .naming import name_the_bug
from .world import SETUP

early_signs = SETUP["early_signs"]


@name_the_bug.misconception(
    "Rows and columns are exchanged: a softmax before cross-entropy makes each example's scores, along dim=1, add up to 1.",
    "net",
)
def doctor_exchanges_the_axes(run):
    found = next((name for name, shown in early_signs(run) if shown), None)
    names = ("softmax before cross-entropy", "softmax over the batch")
    found = dict(zip(names, names[::-1])).get(found, found)
    (g1, g2), (c1, c2) = run["gradients"], run["changes"]
    lr = -(c1 * g1).sum() / (g1 * g1).sum()
    tests = {
        "optimizer of another model": not c1.any(),
        "wrong sign": lr < 0,
        "no zero_grad": (c2 + lr * g2).norm() > 0.5 * c1.norm(),
        "loss summed": run["losses"][0] > 5 * math.log(len(c1)),
        "learning rate too large": lr > 1,
        "dropout in training mode": not run["test"].equal(run["test_again"]),
        "batch norm in training mode": not run["test"][:5].allclose(run["test_few"], atol=1e-3),
    }
    return found or next((name for name, shown in tests.items() if shown), "healthy")


@name_the_bug.misconception(
    "Scores that depend on the neighbours are taken for batch norm before it is asked whether the same test gives the same twice: dropout does both.",
    "examples test",
)
def doctor_asks_for_batch_norm_first(run):
    found = next((name for name, shown in early_signs(run) if shown), None)
    (g1, g2), (c1, c2) = run["gradients"], run["changes"]
    lr = -(c1 * g1).sum() / (g1 * g1).sum()
    tests = {
        "optimizer of another model": not c1.any(),
        "wrong sign": lr < 0,
        "no zero_grad": (c2 + lr * g2).norm() > 0.5 * c1.norm(),
        "loss summed": run["losses"][0] > 5 * math.log(len(c1)),
        "learning rate too large": lr > 1,
        "batch norm in training mode": not run["test"][:5].allclose(run["test_few"], atol=1e-3),
        "dropout in training mode": not run["test"].equal(run["test_again"]),
    }
    return found or next((name for name, shown in tests.items() if shown), "healthy")


@name_the_bug.misconception(
    "A loss that grows is a symptom of many faults: ask for the sign of the step before you blame the learning rate.",
    "examples loop",
)
def doctor_blames_the_learning_rate(run):
    found = next((name for name, shown in early_signs(run) if shown), None)
    (g1, g2), (c1, c2) = run["gradients"], run["changes"]
    lr = -(c1 * g1).sum() / (g1 * g1).sum()
    tests = {
        "learning rate too large": not run["losses"][-1] < 1.5 * run["losses"][0],
        "optimizer of another model": not c1.any(),
        "wrong sign": lr < 0,
        "no zero_grad": (c2 + lr * g2).norm() > 0.5 * c1.norm(),
        "loss summed": run["losses"][0] > 5 * math.log(len(c1)),
        "dropout in training mode": not run["test"].equal(run["test_again"]),
        "batch norm in training mode": not run["test"][:5].allclose(run["test_few"], atol=1e-3),
    }
    return found or next((name for name, shown in tests.items() if shown), "healthy")


@name_the_bug.misconception(
    "The loss at the start is compared with ln 10, whatever the number of classes: without any knowledge it is ln C.",
    "examples data net loop test",
)
def doctor_who_knows_ln_ten(run):
    found = next((name for name, shown in early_signs(run) if shown), None)
    (g1, g2), (c1, c2) = run["gradients"], run["changes"]
    lr = -(c1 * g1).sum() / (g1 * g1).sum()
    tests = {
        "optimizer of another model": not c1.any(),
        "wrong sign": lr < 0,
        "no zero_grad": (c2 + lr * g2).norm() > 0.5 * c1.norm(),
        "loss summed": abs(run["losses"][0] - math.log(10)) > 0.3,
        "learning rate too large": lr > 1,
        "dropout in training mode": not run["test"].equal(run["test_again"]),
        "batch norm in training mode": not run["test"][:5].allclose(run["test_few"], atol=1e-3),
    }
    return found or next((name for name, shown in tests.items() if shown), "healthy")


@name_the_bug.misconception(
    "A unit that is silent for one example is taken for dead: dead is what is 0 for the whole batch.",
    "examples data net loop test",
)
def doctor_who_buries_the_living(run):
    found = next((name for name, shown in early_signs(run) if shown), None)
    silent = (run["hidden"] == 0).any(dim=0).float().mean() > 0.5
    found = found or ("dead ReLUs" if silent else None)
    (g1, g2), (c1, c2) = run["gradients"], run["changes"]
    lr = -(c1 * g1).sum() / (g1 * g1).sum()
    tests = {
        "optimizer of another model": not c1.any(),
        "wrong sign": lr < 0,
        "no zero_grad": (c2 + lr * g2).norm() > 0.5 * c1.norm(),
        "loss summed": run["losses"][0] > 5 * math.log(len(c1)),
        "learning rate too large": lr > 1,
        "dropout in training mode": not run["test"].equal(run["test_again"]),
        "batch norm in training mode": not run["test"][:5].allclose(run["test_few"], atol=1e-3),
    }
    return found or next((name for name, shown in tests.items() if shown), "healthy")
