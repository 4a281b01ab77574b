"""The gradient check: the oracle is the relative error of central differences."""

from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from course_utils.checks import failure
from course_utils.grading.exercise import Call, Exercise, Facet, call_copy, expected_of, same_refusals, untouched

from .differences import CUBE, CUBES, FLAT, LINEAR, MIXED, ROW, SQUARES, TABLE, central, points


def _relative_error(f, grad, x, eps=1e-5):
    seen = central(f, x, eps)
    larger = max(np.linalg.norm(grad), np.linalg.norm(seen))
    return float(np.linalg.norm(grad - seen) / larger) if larger > 0 else 0.0


@st.composite
def _claims(draw):
    f, x, eps = draw(points())
    grad = central(f, x, eps) * draw(st.sampled_from([1.0, -1.0, 0.5, 0.0, 3.0]))
    return Call((f, grad + draw(st.sampled_from([0.0, 0.0, 1.0, -0.5])), x), {"eps": eps})


def same_error(exercise, function, asked):
    """Judge a call by the oracle's value; nan, which equals nothing, is told by its name."""
    outcome = call_copy(function, asked)
    if isinstance(outcome.value, float) and np.isnan(outcome.value):
        return replace(outcome, value="nan"), "it is not a number: something was divided by zero."
    return outcome, failure(outcome, expected_of(exercise, asked))


RIGHT, HALF = central(MIXED, TABLE), central(SQUARES, ROW) / 2

gradient_check = Exercise(
    "gradient_check",
    _relative_error,
    "lecture 07, on testing a gradient",
    {
        "values": Facet(same_error, (
            Call((MIXED, RIGHT, TABLE)), Call((SQUARES, HALF, ROW)), Call((MIXED, RIGHT + 1.0, TABLE)),
            Call((FLAT, np.zeros(3), ROW), note="Both gradients are zero: the error is 0, not nan."),
            Call((FLAT, np.ones(3), ROW)), Call((SQUARES, -central(SQUARES, TABLE), TABLE), {"eps": 0.25}),
            Call((CUBES, central(CUBES, ROW), ROW), {"eps": 1.0}, "The step is the one asked for, not 1e-5."),
            Call((LINEAR, np.array([[1.0, 2.0, 3.0], [4.0, 4.0, 7.0]]), TABLE)),
            Call((SQUARES, 3.0 * central(SQUARES, CUBE), CUBE)),
        ), _claims(), 25),
        "care": Facet(untouched, (Call((SQUARES, HALF, ROW)), Call((MIXED, RIGHT + 1.0, TABLE, 0.5)))),
        "refusals": Facet(same_refusals, (
            Call((SQUARES, HALF, ROW), {"eps": -0.5}, "eps is −0.5 and must be above 0"),
            Call((SQUARES, HALF, TABLE), note="grad has shape (3,) and x (2, 3): subtracting them would stretch one of them"),
            Call((SQUARES, HALF[:, None], ROW), note="grad has shape (3, 1) and x (3,)"),
            Call((SQUARES, HALF[:1], ROW), note="grad has one element and x three"),
        )),
    },
)  # fmt: skip


@gradient_check.alternative
def check_by_norms(f, grad, x, eps=1e-5):
    if eps <= 0 or np.shape(grad) != x.shape:
        raise ValueError(f"eps must be above 0 and grad must have the shape of x, {x.shape}")
    seen = np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        step = np.zeros(x.shape)
        step[place] = eps
        seen[place] = (f(x + step) - f(x - step)) / (2 * eps)
    larger = max(np.linalg.norm(grad), np.linalg.norm(seen))
    return np.linalg.norm(seen - grad) / larger if larger else 0.0


@gradient_check.alternative
def check_by_dots(f, grad, x, eps=1e-5):
    if not eps > 0:
        raise ValueError("the step must be above 0")
    if grad.shape != x.shape:
        raise ValueError("the gradient must have the shape of x")
    steps = eps * np.eye(x.size)
    seen = np.array([f(x + s.reshape(x.shape)) - f(x - s.reshape(x.shape)) for s in steps]) / (2 * eps)
    told = np.ravel(grad)
    squared = max(told @ told, seen @ seen)
    return float(np.sqrt((told - seen) @ (told - seen) / squared)) if squared else 0.0


@gradient_check.alternative
def check_by_sums(f, grad, x, eps=1e-5):
    if eps <= 0:
        raise ValueError("eps must be above 0")
    if list(grad.shape) != list(x.shape):
        raise ValueError(f"shapes {grad.shape} and {x.shape} differ")
    off = told = seen = 0.0
    for place in np.ndindex(x.shape):
        above, below = x.copy(), x.copy()
        above[place] += eps
        below[place] -= eps
        slope = (f(above) - f(below)) / eps / 2.0
        off, told, seen = off + (slope - grad[place]) ** 2.0, told + grad[place] ** 2.0, seen + slope**2.0
    return 0.0 if off == 0 else np.sqrt(off / max(told, seen))


@gradient_check.misconception(
    "The distance is not divided by the larger norm: a large gradient then looks wrong, and a small wrong one right.",
    "examples values care",
)
def check_absolute(f, grad, x, eps=1e-5):
    if eps <= 0 or grad.shape != x.shape:
        raise ValueError("eps must be above 0, and grad must have the shape of x")
    seen = np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        step = np.zeros(x.shape)
        step[place] = eps
        seen[place] = (f(x + step) - f(x - step)) / (2 * eps)
    return float(np.linalg.norm(grad - seen))


@gradient_check.misconception(
    "The distance is divided by the sum of both norms; the statement asks for the larger of the two.",
    "examples values care",
)
def check_by_sum_of_norms(f, grad, x, eps=1e-5):
    if eps <= 0 or grad.shape != x.shape:
        raise ValueError("eps must be above 0, and grad must have the shape of x")
    seen = np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        step = np.zeros(x.shape)
        step[place] = eps
        seen[place] = (f(x + step) - f(x - step)) / (2 * eps)
    larger = np.linalg.norm(grad) + np.linalg.norm(seen)
    return float(np.linalg.norm(grad - seen) / larger) if larger > 0 else 0.0


@gradient_check.misconception(
    "The distance is divided by the norm of grad alone, which may be the smaller one, or zero.", "examples values care"
)
def check_by_own_norm(f, grad, x, eps=1e-5):
    if eps <= 0 or grad.shape != x.shape:
        raise ValueError("eps must be above 0, and grad must have the shape of x")
    seen = np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        step = np.zeros(x.shape)
        step[place] = eps
        seen[place] = (f(x + step) - f(x - step)) / (2 * eps)
    larger = np.linalg.norm(grad)
    return float(np.linalg.norm(grad - seen) / larger) if larger > 0 else 0.0


@gradient_check.misconception(
    "Two gradients of zero give 0 / 0, which is nan; they agree, so the error is 0.", "examples values"
)
def check_with_nan(f, grad, x, eps=1e-5):
    if eps <= 0 or grad.shape != x.shape:
        raise ValueError("eps must be above 0, and grad must have the shape of x")
    seen = np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        step = np.zeros(x.shape)
        step[place] = eps
        seen[place] = (f(x + step) - f(x - step)) / (2 * eps)
    larger = np.float64(max(np.linalg.norm(grad), np.linalg.norm(seen)))
    with np.errstate(all="ignore"):
        return float(np.linalg.norm(grad - seen) / larger)


@gradient_check.misconception(
    "The differences are added with their signs, so that errors up and down cancel; take a norm.",
    "examples values care",
)
def check_signed(f, grad, x, eps=1e-5):
    if eps <= 0 or grad.shape != x.shape:
        raise ValueError("eps must be above 0, and grad must have the shape of x")
    seen = np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        step = np.zeros(x.shape)
        step[place] = eps
        seen[place] = (f(x + step) - f(x - step)) / (2 * eps)
    larger = max(np.linalg.norm(grad), np.linalg.norm(seen))
    return float(abs((grad - seen).sum()) / larger) if larger > 0 else 0.0


@gradient_check.misconception(
    "This is the largest relative error of a single element; the statement asks for the norm over all of them.",
    "values care",
)
def check_each_element(f, grad, x, eps=1e-5):
    if eps <= 0 or grad.shape != x.shape:
        raise ValueError("eps must be above 0, and grad must have the shape of x")
    seen = np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        step = np.zeros(x.shape)
        step[place] = eps
        seen[place] = (f(x + step) - f(x - step)) / (2 * eps)
    larger = np.maximum(np.abs(grad), np.abs(seen))
    return float((np.abs(grad - seen) / np.maximum(larger, 1e-12)).max())


@gradient_check.misconception("True or False comes back; the error itself is wanted, a float.", "examples values care")
def check_as_verdict(f, grad, x, eps=1e-5):
    if eps <= 0 or grad.shape != x.shape:
        raise ValueError("eps must be above 0, and grad must have the shape of x")
    seen = np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        step = np.zeros(x.shape)
        step[place] = eps
        seen[place] = (f(x + step) - f(x - step)) / (2 * eps)
    larger = max(np.linalg.norm(grad), np.linalg.norm(seen))
    return bool(np.linalg.norm(grad - seen) <= 1e-6 * larger)


@gradient_check.misconception("The step is not handed on: whatever eps is, 1e-5 is used.", "values")
def check_step_fixed(f, grad, x, eps=1e-5):
    if eps <= 0 or grad.shape != x.shape:
        raise ValueError("eps must be above 0, and grad must have the shape of x")
    eps = 1e-5
    seen = np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        step = np.zeros(x.shape)
        step[place] = eps
        seen[place] = (f(x + step) - f(x - step)) / (2 * eps)
    larger = max(np.linalg.norm(grad), np.linalg.norm(seen))
    return float(np.linalg.norm(grad - seen) / larger) if larger > 0 else 0.0


@gradient_check.misconception(
    "The measured gradient is a one-sided difference; central ones are asked for.", "examples values care"
)
def check_one_sided(f, grad, x, eps=1e-5):
    if eps <= 0 or grad.shape != x.shape:
        raise ValueError("eps must be above 0, and grad must have the shape of x")
    seen = np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        step = np.zeros(x.shape)
        step[place] = eps
        seen[place] = (f(x + step) - f(x)) / eps
    larger = max(np.linalg.norm(grad), np.linalg.norm(seen))
    return float(np.linalg.norm(grad - seen) / larger) if larger > 0 else 0.0


@gradient_check.misconception("grad is subtracted from in place, so the caller's array is changed.", "care")
def check_in_place(f, grad, x, eps=1e-5):
    if eps <= 0 or grad.shape != x.shape:
        raise ValueError("eps must be above 0, and grad must have the shape of x")
    seen = np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        step = np.zeros(x.shape)
        step[place] = eps
        seen[place] = (f(x + step) - f(x - step)) / (2 * eps)
    larger = max(np.linalg.norm(grad), np.linalg.norm(seen))
    grad -= seen
    return float(np.linalg.norm(grad) / larger) if larger > 0 else 0.0


@gradient_check.misconception(
    "Bad arguments are let through: arrays of different shapes are subtracted all the same, because NumPy stretches one of them.",
    "examples refusals",
)
def check_unchecked(f, grad, x, eps=1e-5):
    seen = np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        step = np.zeros(x.shape)
        step[place] = eps
        seen[place] = (f(x + step) - f(x - step)) / (2 * eps)
    larger = max(np.linalg.norm(grad), np.linalg.norm(seen))
    return float(np.linalg.norm(grad - seen) / larger) if larger > 0 else 0.0
