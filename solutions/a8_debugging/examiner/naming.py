"""The doctor: runs with a fault that is drawn, made by the ward's own cells; the oracle knows which fault it was."""

import math

import numpy as np
import torch
from hypothesis import strategies as st

from course_utils.checks import failure
from course_utils.grading.exercise import Call, Facet, call_copy, expected_of

from .world import FAULTS, Work, remembered, run_of, seeds

EACH = 2  # of the seeds that are always asked


class Named(str):
    """The name of a fault, shown as a student would write it."""

    __slots__ = ()


@remembered
def named(exercise, function, asked):
    """Judge the name that a run gets."""
    outcome = call_copy(function, asked)
    expected = expected_of(exercise, asked)
    fault = failure(outcome, expected)
    if fault and outcome.error is None:
        known = [each for some in FAULTS.values() for each in some] + ["healthy"]
        words = "" if outcome.value in known else " (which is no name of FAULTS)"
        fault = f"the fault is “{expected}”, and this says “{outcome.value}”{words}."
    return outcome, fault


def facet(part):
    """Return a facet: each fault of one part, and healthy runs; then such runs with other seeds."""
    names = [*FAULTS[part], "healthy"]
    always = tuple(Call((run_of(name, 100 * seed + 7),)) for seed in range(EACH) for name in names)
    sweep = st.tuples(st.sampled_from(names), seeds).map(lambda pair: Call((run_of(*pair),)))
    return Facet(named, always, sweep, 8)


name_the_bug = Work(
    "name_the_bug", lambda run: run.fault, "lecture 15, section 15.8", {part: facet(part) for part in FAULTS}
)


@name_the_bug.alternative
def doctor_with_many_questions(run):
    due, labels, c = (run["file_x"][run["rows"]] - 128) / 64, run["file_y"][run["rows"]], run["scores"].shape[1]
    (g1, g2), (c1, c2) = ([each.flatten() for each in run[name]] for name in ("gradients", "changes"))
    rate = -(c1 @ g1) / (g1 @ g1).clamp(min=1e-30)
    softmax = [bool((run["scores"].sum(axis) - 1).abs().max() < 1e-3) for axis in (0, 1)]
    living = run["hidden"].sum(dim=0).count_nonzero().item()

    def questions():
        yield "labels off by one", not ((run["y"] - labels - 1) % c).any()
        yield "labels shuffled", (run["y"] - labels).any()
        yield "inputs not normalised", run["x"].std() > 10.0
        yield "images transposed", (run["x"] - due).abs().max() > 1e-3
        yield "data changed in place", (run["x_later"] - due).abs().mean() > 0.1
        yield "one class rules", run["file_y"].bincount(minlength=c).double().std() > 35.0
        yield "softmax over the batch", softmax[0]
        yield "softmax before cross-entropy", softmax[1]
        yield "layer not registered", not [name for name in run["parameters"] if name.startswith("body")]
        yield "no non-linearity", (run["hidden"] != run["hidden"].clamp(min=0.0)).any()
        yield "dead ReLUs", living < 0.5 * run["hidden"].shape[1]
        yield "constant initialisation", run["hidden"].std(dim=1).max() < 1e-3
        yield "gradient cut", run["body_gradient"] < 1e-12
        yield "optimizer of another model", not c1.any()
        yield "wrong sign", rate < 0.0
        yield "loss summed", run["losses"][0] > 9.0 * math.log(c)
        yield "no zero_grad", (c2 + rate * (g1 + g2)).norm() < 0.1 * c1.norm()
        yield "learning rate too large", rate > 2.0
        yield "dropout in training mode", (run["test"] != run["test_again"]).any()
        yield "batch norm in training mode", (run["test"][:5] - run["test_few"]).abs().max() > 1e-3

    return next((name for name, yes in questions() if yes), "healthy")


@name_the_bug.alternative
def doctor_in_numpy(run):
    run = {name: each.numpy() if torch.is_tensor(each) else each for name, each in run.items()}
    raw, y, h, found = run["file_x"][run["rows"]], run["file_y"][run["rows"]], run["hidden"], []

    def alike(a, b):
        return bool(np.allclose(a, b, atol=1e-3))

    def note(name, positive):
        found.extend([name] * bool(positive))

    note("labels off by one", alike(run["y"], (y + 1) % run["scores"].shape[1]))
    note("labels shuffled", not alike(run["y"], y))
    note("inputs not normalised", alike(run["x"], raw))
    note("images transposed", not alike(run["x"], raw / 64 - 2))
    note("data changed in place", not alike(run["x_later"], run["x"]))
    note("one class rules", np.bincount(run["file_y"]).max() > 85.0)
    note("softmax before cross-entropy", alike(run["scores"].sum(1), 1.0))
    note("softmax over the batch", alike(run["scores"].sum(0), 1.0))
    note("layer not registered", "body.weight" not in run["parameters"])
    note("no non-linearity", not alike(h, np.abs(h)))
    note("dead ReLUs", np.median(h.max(axis=0)) < 1e-9)
    note("constant initialisation", alike(h, h.mean(axis=1, keepdims=True)))
    note("gradient cut", not run["body_gradient"])
    (g1, g2), (c1, c2) = ([each.double().numpy() for each in run[name]] for name in ("gradients", "changes"))
    rate = -np.vdot(c1, g1) / np.vdot(g1, g1)
    note("optimizer of another model", not c1.any())
    note("wrong sign", rate < 0.0)
    note("loss summed", run["losses"][0] > 9.0 * np.log(len(c1)))
    note("no zero_grad", np.linalg.norm(c2 + rate * g2) > 0.5 * np.linalg.norm(c1))
    note("learning rate too large", rate > 1.0)
    note("dropout in training mode", not np.array_equal(run["test"], run["test_again"]))
    note("batch norm in training mode", not alike(run["test"][:5], run["test_few"]))
    return [*found, "healthy"][0]


@name_the_bug.alternative
def doctor_who_walks_a_tree(run):
    def near(a, b):
        return a.shape == b.shape and bool(((a - b).abs() < 1e-3).all())

    rows, c = run["rows"], run["scores"].shape[1]
    x, y = (run["file_x"][rows] - 128) / 64, run["file_y"][rows]
    if not near(run["y"].double(), y.double()):
        return "labels off by one" if near((run["y"] - 1) % c, y) else "labels shuffled"
    if not near(run["x"], x):
        return "images transposed" if near(run["x"], x.transpose(1, 2)) else "inputs not normalised"
    if not near(run["x_later"], x):
        return "data changed in place"
    if (run["file_y"] == run["file_y"].mode().values).double().mean() > 0.75:
        return "one class rules"
    hidden, scores = run["hidden"], run["scores"]
    if near(scores.sum(1), torch.ones(len(y))):
        return "softmax before cross-entropy"
    if near(scores.sum(0), torch.ones(c)):
        return "softmax over the batch"
    if not any(name.startswith("body") for name in run["parameters"]):
        return "layer not registered"
    if not near(hidden, hidden.abs()):
        return "no non-linearity"
    if (hidden.count_nonzero(dim=0) == 0).double().mean() > 0.5:
        return "dead ReLUs"
    if near(hidden, hidden.mean(dim=1, keepdim=True).expand_as(hidden)):
        return "constant initialisation"
    if run["body_gradient"] < 1e-12:
        return "gradient cut"
    (g1, g2), (c1, c2), losses = run["gradients"], run["changes"], run["losses"]
    if c1.abs().sum() == 0:
        return "optimizer of another model"
    ratio = (c1 / g1)[g1.abs() > 0.5 * g1.abs().max()].mean()
    if ratio > 0.0:
        return "wrong sign"
    if losses[0] > 9.0 * math.log(c):
        return "loss summed"
    if ratio < -2.0:
        return "learning rate too large"
    if (c2 - ratio * g2).norm() > 0.5 * c1.norm():
        return "no zero_grad"
    if not near(run["test"], run["test_again"]):
        return "dropout in training mode"
    return "healthy" if near(run["test"][:5], run["test_few"]) else "batch norm in training mode"
