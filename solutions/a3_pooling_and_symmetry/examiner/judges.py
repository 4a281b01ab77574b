"""Judges of A3's own: what a pool or a shift should do to a moved, turned or mixed image, whatever its values."""

import numpy as np

from course_utils.checks import describe, difference, failure
from course_utils.grading.exercise import Call, call_copy, expected_of


def _asked(exercise, function, asked, images, options=()):
    """Return an outcome for each image, put in place of the call's own; and the first fault of form, if any.

    `options` replaces the arguments behind the image. A result must be an array of numbers like the oracle's.
    """
    outcomes = []
    for x in images:
        call = Call((x, *(options or asked.args[1:])), asked.kwargs)
        outcome = call_copy(function, call)
        outcomes.append(outcome)
        wanted = expected_of(exercise, call)
        fault = failure(outcome, wanted) if outcome.error else _form(outcome.value, wanted)
        if fault:
            return outcomes, fault
    return outcomes, None


def _form(got, wanted):
    """Return what is wrong with the shape of a result (or of each part), in words, or None."""
    if isinstance(wanted, tuple):
        if not isinstance(got, (tuple, list)) or len(got) != len(wanted):
            return difference(got, wanted)
        return next((fault for pair in zip(got, wanted, strict=True) if (fault := _form(*pair))), None)
    like = isinstance(got, np.ndarray) and got.shape == wanted.shape and got.dtype.kind in "fiu"
    return None if like else difference(got, wanted)


def same_y(exercise, function, asked):
    """Judge the first part of a pair by the oracle's: the maxima, wherever they stand."""
    return _same_part(exercise, function, asked, 0)


def same_argmax(exercise, function, asked):
    """Judge the second part of a pair by the oracle's: where the maxima stand."""
    return _same_part(exercise, function, asked, 1)


def _same_part(exercise, function, asked, part):
    outcome, wanted = call_copy(function, asked), expected_of(exercise, asked)
    is_pair = outcome.error is None and isinstance(outcome.value, (tuple, list)) and len(outcome.value) == 2
    fault = difference(outcome.value[part], wanted[part]) if is_pair else failure(outcome, wanted)
    return outcome, f"{('y', 'argmax')[part]}: {fault}" if is_pair and fault else fault


def follows_cuts(exercise, function, asked):
    """Judge a maximum pool by two properties: x at argmax is y, and cutting a stride off x cuts a place off y."""
    x = asked.args[0]
    rows, columns = asked.args[2]
    (whole, *rest), fault = _asked(exercise, function, asked, [x, x[:, :, rows:, columns:]])
    if fault:
        return (rest or [whole])[-1], fault
    (y, argmax), (y_cut, argmax_cut) = whole.value, rest[0].value
    plane = x.reshape(*x.shape[:2], -1)
    inside = bool(np.all((argmax >= 0) & (argmax < plane.shape[2]) & (argmax == np.floor(argmax))))
    at_argmax = [np.take_along_axis(p, a.astype(int).ravel(), 0) for p, a in _planes(plane, argmax)] if inside else []
    if not inside or not np.array_equal(np.concatenate(at_argmax), y.ravel()):
        return whole, "argmax should lead back to y: x at argmax, counted in the H · W plane, is not y."
    if not np.array_equal(y_cut, y[:, :, 1:, 1:]):
        return whole, (
            f"with {rows} rows and {columns} columns cut off the top and the left of x, y should lose its first row "
            "and column and keep the rest; it does not."
        )
    width, cut = x.shape[3], x.shape[3] - columns
    old, new = argmax[:, :, 1:, 1:], argmax_cut
    moved = np.array_equal(old // width - rows, new // cut) and np.array_equal(old % width - columns, new % cut)
    return whole, None if moved else "with x cut like that, argmax should point to the same pixels as before."


def _planes(plane, argmax):
    return [(plane[place], argmax[place]) for place in np.ndindex(plane.shape[:2])]


def is_linear(exercise, function, asked):
    """Judge a mean by two properties: it is linear, and where nothing is padded the mean of sevens is seven."""
    x = asked.args[0]
    y = x[..., ::-1, ::-1].copy()
    outcomes, fault = _asked(exercise, function, asked, [x, y, 2 * x - 3 * y, np.full_like(x, 7.0)])
    if fault:
        return outcomes[-1], fault
    of_x, of_y, of_sum, of_sevens = (outcome.value for outcome in outcomes)
    if not np.allclose(of_sum, 2 * of_x - 3 * of_y, atol=1e-4):
        return outcomes[0], "a mean is linear: f(2x − 3y) should be 2f(x) − 3f(y), here with x turned by 180° for y."
    if np.allclose(of_sevens, 7):
        return outcomes[0], None
    return outcomes[0], f"an image of sevens has the mean 7 in every window; here it became {describe(of_sevens)}."


def follows_turns(exercise, function, asked):
    """Judge a pool over discs by two properties: it follows turns and mirrors, and a constant image stays constant."""
    x = asked.args[0]
    changes = {
        "turned by 90°": lambda a: np.rot90(a, axes=(2, 3)),
        "mirrored": lambda a: a[..., ::-1],
        "transposed": lambda a: a.swapaxes(2, 3),
    }
    images = [np.ascontiguousarray(change(x)) for change in changes.values()]
    outcomes, fault = _asked(exercise, function, asked, [x, *images, np.full_like(x, -7.0)])
    if fault:
        return outcomes[-1], fault
    straight, *turned, constant = (outcome.value for outcome in outcomes)
    for (name, change), after in zip(changes.items(), turned, strict=True):
        if not np.allclose(after, change(straight)):
            return outcomes[0], f"a disc has no direction: with x {name}, the result should come out {name} as well."
    if np.allclose(constant, -7):
        return outcomes[0], None
    return outcomes[0], f"where every pixel is −7, every disc gives −7; here it became {describe(constant)}."


def moves_back(exercise, function, asked):
    """Judge a shift by two properties: on a ring the opposite step undoes it; with zeros it is the adjoint."""
    x, (dy, dx) = asked.args
    back, circular = (-dy, -dx), asked.kwargs.get("circular", False)
    (first, *_), fault = _asked(exercise, function, asked, [x])
    if fault:
        return first, fault
    y = first.value if circular else x[..., ::-1, ::-1].copy()
    (second, *_), fault = _asked(exercise, function, asked, [y], options=(back,))
    if fault:
        return second, fault
    if circular:
        undone = np.array_equal(second.value, x)
        return first, None if undone else f"on a ring the step {back} should undo this one; it does not."
    same = np.isclose(np.sum(first.value * y), np.sum(x * second.value)) and np.count_nonzero(first.value) == _left(
        x, dy, dx
    )
    return first, None if same else (
        f"shifting x by {(dy, dx)} and multiplying it with any y should give the same sum as x with y shifted by "
        f"{back}, and only what leaves the image is lost; that is not so here."
    )


def _left(x, dy, dx):
    """Return how many pixels of an image without zeros a step leaves in it."""
    n, c, height, width = x.shape
    return n * c * max(height - abs(dy), 0) * max(width - abs(dx), 0)
