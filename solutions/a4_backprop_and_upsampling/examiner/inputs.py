"""What the sweeps of A4 draw: small arrays from one drawn seed, pairs, and calls spoilt in one argument."""

from dataclasses import replace

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from course_utils.checks import Outcome, failure
from course_utils.grading.exercise import Call

seeds = st.integers(0, 2**32 - 1)
few = st.integers(1, 3)


def pair(value):
    """Return (value, value) for an int and a pair as it is, as the notebook's set-up cell does."""
    return value if isinstance(value, tuple) else (value, value)


def generator(*key: int) -> np.random.Generator:
    """Return a generator that gives the same numbers for the same key."""
    return np.random.default_rng(key)


def whole(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Return floats that are whole numbers from -9 to 9, easy to read."""
    return rng.integers(-9, 10, shape).astype(float)


def differ(back: float, ahead: float) -> bool:
    """Return whether the two scalar products of an adjoint differ by more than rounding; not a number differs."""
    return not abs(back - ahead) <= 1e-6 * max(1.0, abs(back), abs(ahead))


def distinct(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Return floats of which no two are equal, so that no maximum ties; about half are negative."""
    size = int(np.prod(shape))
    return (rng.permutation(size) - size // 2).reshape(shape) / 2


def draw_pair(draw: DrawFn, sides: SearchStrategy[int]) -> tuple[int, int]:
    """Draw two sides, equal in about half of all cases."""
    first = draw(sides)
    return first, draw(st.one_of(st.just(first), sides))


def shortened(value: tuple[int, int]) -> int | tuple[int, int]:
    """Return a pair of equal sides as an int."""
    return value[0] if value[0] == value[1] else value


def single(*calls: Call) -> tuple[Call, ...]:
    """Return the same calls with every array in float32."""

    def small(value):
        return value.astype(np.float32) if isinstance(value, np.ndarray) and value.dtype.kind == "f" else value

    return tuple(Call(tuple(map(small, asked.args)), asked.kwargs, asked.note) for asked in calls)


def spoilt(asked: Call, **least: int) -> tuple[Call, ...]:
    """Return calls like `asked` with one argument too small: as an int, and on either side of a pair."""
    made = []
    for name, smallest in least.items():
        sides = ((smallest, low) for low in (smallest - 1, smallest - 2))
        pairs = [each for side in sides for each in (side, side[::-1])]
        for value in (smallest - 1, smallest - 2, *pairs):
            note = f"{name} is {value} and must be {smallest} or more"
            made.append(Call(asked.args, {**asked.kwargs, name: value}, note))
    return tuple(made)


def shape_fault(outcome: Outcome, expected: object) -> str | None:
    """Return what is wrong with an outcome apart from its numbers: an exception, a type, a shape."""

    def blank(value):
        if isinstance(value, (list, tuple)):
            return [blank(each) for each in value]
        return np.zeros_like(value) if isinstance(value, np.ndarray) else value

    return failure(replace(outcome, value=blank(outcome.value)), blank(expected))
