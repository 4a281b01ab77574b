"""What the sweeps of A1 draw: small sizes, ints or pairs, and calls spoilt in one argument."""

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from course_utils.grading.exercise import Call

count = st.integers(1, 12)
side = st.integers(1, 7)
int_or_pair = st.one_of(side, st.tuples(side, side))


def pair(value):
    """Return (value, value) for an int and a pair as it is, as the notebook's set-up cell does."""
    return value if isinstance(value, tuple) else (value, value)


def calls(*args: SearchStrategy, **kwargs: SearchStrategy) -> SearchStrategy[Call]:
    """Return a strategy for calls; a keyword is left out in about half of them, so that defaults are met too."""
    optional = st.fixed_dictionaries({}, optional=kwargs)
    return st.builds(Call, st.tuples(*args), optional)


def spoilt(valid: tuple, names: str, least: dict[str, int] | None = None) -> tuple[Call, ...]:
    """Return calls like `valid`, each with one argument below what it may be: one below, and far below.

    `names` are the arguments' names in order; `least` gives the smallest allowed value where it is not 1.
    Only positional arguments that are ints are spoilt.
    """
    made = []
    for index, name in enumerate(names.split()):
        smallest = (least or {}).get(name, 1)
        for value in (smallest - 1, smallest - 4):
            args = (*valid[:index], value, *valid[index + 1 :])
            made.append(Call(args, note=f"{name} is {value} and must be {smallest} or more"))
    return tuple(made)


def one_side_zero(valid: tuple, names: str) -> tuple[Call, ...]:
    """Return calls like `valid` whose first arguments, named in order, are pairs with a 0 on either side."""
    made = []
    for index, name in enumerate(names.split()):
        for sides in ((0, valid[index]), (valid[index], 0)):
            args = (*valid[:index], sides, *valid[index + 1 :])
            made.append(Call(args, note=f"one side of the {name} is 0"))
    return tuple(made)


def spoilt_keywords(args: tuple, **least: int) -> tuple[Call, ...]:
    """Return calls with `args` and one keyword below its smallest allowed value: one below, and far below."""
    return tuple(
        Call(args, {name: value}, f"{name} is {value} and must be {smallest} or more")
        for name, smallest in least.items()
        for value in (smallest - 1, smallest - 4)
    )
