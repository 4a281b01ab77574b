"""Judges of A2's own: whether Python loops where NumPy should, the laws of a layer, and edges with their directions."""

import numpy as np

from course_utils.checks import describe, difference, failure
from course_utils.grading.exercise import Call, call_copy, expected_of

LOOPS = {
    "images": "This looks like a loop over the images: a million of them take a million turns of Python. "
    "Let NumPy take the whole batch at once; the same goes for channels and filters.",
    "channels": "This looks like a loop over the channels: sum over them inside one product (or keep them, depthwise).",
    "filters": "This looks like a loop over the filters: one matrix product gives the maps of all filters at once.",
    "numbers": "This looks like loops over single numbers: images, channels and filters belong into one product.",
}


FEW = 1_000


def quick(exercise, function, asked):
    """Judge a call with very many images, channels or filters of one pixel by its time, then by the oracle's value.

    A few of them come first: an answer that is wrong, or goes through all pairs of channels, could take hours.
    """
    few = Call(
        tuple(None if each is None else each[:FEW, :FEW] if each.ndim > 1 else each[:FEW] for each in asked.args)
    )
    outcome = call_copy(function, few)
    fault = failure(outcome, exercise.oracle(*few.args))
    if fault:
        return outcome, f"with only {FEW:,} of them: {fault}"
    if any(function is each.function for each in exercise.misconceptions):
        return outcome, None  # our own loops, asked whether a student answers as they do: nobody need wait for them
    outcome = call_copy(function, asked)
    fault = failure(outcome, expected_of(exercise, asked))
    late = outcome.error in ("TooSlowError", "StudentProcessError") and "did not come back" in outcome.message
    return outcome, f"{LOOPS[_many(asked)]}\n    {fault}" if late else fault


def _many(asked):
    """Return what there is very much of in a call."""
    x, w = asked.args[:2]
    counts = {"images": len(x), "channels": x.shape[1], "filters": len(w)}
    most = max(counts, key=counts.get)
    return most if counts[most] > 10_000 else "numbers"


def lawful(exercise, function, asked):
    """Judge a layer without padding and bias by three laws: linear in x, linear in w, and cropping x shifts y."""
    (x, w), kwargs = asked.args, asked.kwargs
    outcome = call_copy(function, asked)
    expected = expected_of(exercise, asked)
    if outcome.error or not isinstance(outcome.value, np.ndarray) or outcome.value.ndim != 4:
        return outcome, failure(outcome, expected) or "an array with four axes was wanted."
    y = outcome.value
    if not y.any() and expected.any():
        return outcome, "every number of the output is zero."
    down, across = kwargs.get("stride", (1, 1))
    other, turned = x[::-1, :, ::-1] + 1.0, w[..., ::-1] - 2.0
    laws = [
        ("not linear in x: conv2d(u + 2·v, w) is not conv2d(u, w) + 2·conv2d(v, w)",
         (x + 2 * other, w), lambda z: y + 2 * z, (other, w)),
        ("not linear in w: conv2d(x, u + 2·v) is not conv2d(x, u) + 2·conv2d(x, v)",
         (x, w + 2 * turned), lambda z: y + 2 * z, (x, turned)),
    ]  # fmt: skip
    if y.shape[2] > 1:
        laws.append(("not the same at every row: without its first rows, as many as the stride, x should give y "
                     "without its first row", (x[:, :, down:], w), lambda _: y[:, :, 1:], None))  # fmt: skip
    if y.shape[3] > 1:
        laws.append(("not the same at every column: without its first columns, as many as the stride, x should give y "
                     "without its first column", (x[..., across:], w), lambda _: y[..., 1:], None))  # fmt: skip
    for law, args, combine, also in laws:
        fault = _broken(function, kwargs, args, combine, also)
        if fault:
            return outcome, f"{law}: {fault}"
    return outcome, None


def _broken(function, kwargs, args, combine, also):
    """Return how a call differs from what a law makes of another call, or None."""
    made = call_copy(function, Call(args, kwargs))
    more = call_copy(function, Call(also, kwargs)) if also else made
    for each in (made, more):
        if each.error or not isinstance(each.value, np.ndarray):
            return f"one of these calls came to {each.error or describe(each.value)}."
    try:
        wanted = combine(more.value)
    except ValueError:
        return f"the shapes are {made.value.shape} and {more.value.shape}."
    return difference(made.value, wanted)


def same_edges(exercise, function, asked):
    """Judge magnitudes by the oracle; directions too, on the circle, and only where there is an edge."""
    outcome = call_copy(function, asked)
    expected = expected_of(exercise, asked)
    return outcome, failure(outcome, expected) if outcome.error else edge_fault(outcome.value, expected)


def edge_fault(got, expected):
    """Return how two pairs of magnitude and direction differ, in words, or None."""
    if not isinstance(got, (tuple, list)) or len(got) != 2:
        return f"a pair (magnitude, direction) was wanted, and this is {describe(got)}."
    for name, mine, theirs in zip(("magnitude", "direction"), got, expected, strict=True):
        fault = difference(mine, theirs)
        if fault and (name == "magnitude" or not isinstance(mine, np.ndarray) or mine.shape != theirs.shape):
            return f"the {name}: {fault}"
    direction = got[1]
    if direction.dtype.kind not in "fiu" or not np.isfinite(direction).all() or np.abs(direction).max() > np.pi + 1e-6:
        return (
            "the direction: it must be a number from −π to π everywhere, also where there is no edge (0 / 0 is none)."
        )
    off = np.abs(np.exp(1j * direction) - np.exp(1j * expected[1])) * (expected[0] > 1e-6)
    if off.max() < 1e-4:
        return None
    first = tuple(int(index) for index in np.argwhere(off >= 1e-4)[0])
    return f"the direction at {first} is {direction[first]:.6g} instead of {expected[1][first]:.6g}."


def _is_pair_of_arrays(value, shape):
    """Return whether a value is a pair of arrays of finite numbers of a shape."""
    return (
        isinstance(value, (tuple, list))
        and len(value) == 2
        and all(
            isinstance(each, np.ndarray)
            and each.shape == shape
            and each.dtype.kind in "fiu"
            and np.isfinite(each).all()
            for each in value
        )
    )


def turned_edges(exercise, function, asked):
    """Judge by what a quarter turn of the picture, a brighter light and more contrast should do to the edges."""
    (x,) = asked.args
    outcome = call_copy(function, asked)
    expected = expected_of(exercise, asked)
    if outcome.error:
        return outcome, failure(outcome, expected)
    if not _is_pair_of_arrays(outcome.value, x.shape):
        return outcome, edge_fault(outcome.value, expected)
    magnitude, direction = outcome.value
    if not magnitude.any() and expected[0].any():
        return outcome, "every magnitude is zero."
    quarter = np.rot90(magnitude), np.angle(np.exp(1j * (np.rot90(direction) - np.pi / 2)))
    laws = [
        ("a quarter turn of the picture, to the left, should turn the magnitudes and take π/2 from every direction",
         np.rot90(x), quarter),
        ("a brighter picture, x + 5, has the same edges", x + 5, (magnitude, direction)),
        ("a picture of twice the contrast, 2·x, has edges twice as strong", 2 * x, (2 * magnitude, direction)),
    ]  # fmt: skip
    for law, picture, wanted in laws:
        made = call_copy(function, Call((picture,)))
        fault = failure(made, wanted) if made.error else edge_fault(made.value, wanted)
        if fault:
            return outcome, f"{law}; {fault}"
    return outcome, None
