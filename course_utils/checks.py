"""What the visible tests of an exercise call: each failure says what was called, what came back and why.

The instructor's examiner uses the same comparison, so a test means the same wherever it runs.
"""

import _weakrefset
import copy
import gc
import linecache
import signal
import threading
import traceback
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from numbers import Integral, Real
from types import FrameType
from typing import Any

import numpy as np

SECONDS_A_CALL = 5.0
_AGAIN = 0.2  # seconds until an alarm that was not heard rings again
_LONGEST = 60
_WEAK = (weakref.__file__, _weakrefset.__file__)
_GIVEN_UP = ("TooSlowError", "StudentProcessError")  # no exception of the answer's own


class CheckFailed(AssertionError):  # noqa: N818 - the name a student reads
    """An exercise's check that did not hold; Jupyter shows its message and no traceback."""

    def _render_traceback_(self) -> list[str]:
        """Return what IPython prints in place of a traceback."""
        return [str(self)]


class TooSlowError(BaseException):
    """Raised inside a call that outlasts its time; no `except Exception` of a student's catches it."""


@dataclass(frozen=True)
class Outcome:
    """What a call came to: a value, or the name, words and place of the exception that it raised."""

    value: Any = None
    error: str | None = None
    message: str = ""
    where: str = ""
    ancestry: tuple[str, ...] = ()


def call(
    function: Callable[..., Any],
    args: tuple = (),
    kwargs: dict[str, Any] | None = None,
    seconds: float | None = None,
) -> Outcome:
    """Call `function` for at most `seconds`, SECONDS_A_CALL where none are given, and return what it came to."""
    seconds = SECONDS_A_CALL if seconds is None else seconds
    try:
        with time_limit(seconds):
            return Outcome(function(*args, **(kwargs or {})))
    except TooSlowError:
        return Outcome(error="TooSlowError", message=f"it did not come back within {seconds:g} seconds")
    except Exception as error:
        return raised(error)


def raised(error: Exception) -> Outcome:
    """Return what a call came to that raised `error`."""
    ancestry = tuple(kind.__name__ for kind in type(error).__mro__)
    return Outcome(None, type(error).__name__, str(error), _own_frames(error), ancestry)


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise TooSlowError in the block after `seconds`, where the platform has an alarm and this is the main thread.

    Python swallows what is raised in a destructor and the like; so the alarm rings again until the block ends.
    """
    possible = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
    if not possible:
        yield
        return

    def stop(_number: int, frame: FrameType | None) -> None:
        if not _would_be_swallowed(frame):
            raise TooSlowError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _would_be_swallowed(frame: FrameType | None) -> bool:
    """Return whether a frame, or one that called it, is a callback of the garbage collector or of a weak reference."""
    callbacks = [getattr(callback, "__code__", None) for callback in gc.callbacks]
    while frame is not None and frame.f_code not in callbacks and frame.f_code.co_filename not in _WEAK:
        frame = frame.f_back
    return frame is not None


def _own_frames(error: BaseException) -> str:
    """Return the frames of the traceback below the checks themselves, as `line N: code`, innermost last.

    An exception that comes from another process brings its frames along, in `student_frames`.
    """
    brought = getattr(error, "student_frames", None)
    if brought is not None:
        return "\n".join(brought)
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename != __file__]
    lines = []
    for frame in frames[-4:]:
        code = (frame.line or linecache.getline(frame.filename, frame.lineno or 0)).strip()
        lines.append(f"    in {frame.name}, line {frame.lineno}: {code}")
    return "\n".join(lines)


def gives(expected: Any, function: Callable[..., Any], /, *args: Any, usual: str = "", **kwargs: Any) -> None:
    """Check that `function(*args, **kwargs)` returns `expected`; raise CheckFailed that explains where it does not.

    `usual` is the sentence on what usually causes this failure. Floats may differ by rounding.
    """
    name = getattr(function, "__name__", "the function")
    outcome = call(function, *copy.deepcopy((args, kwargs)))
    fault = failure(outcome, expected)
    if fault:
        raise CheckFailed(explain(call_text(name, args, kwargs), outcome, fault, expected, usual))


def refuses(function: Callable[..., Any], /, *args: Any, because: str, **kwargs: Any) -> None:
    """Check that `function(*args, **kwargs)` raises a ValueError with a message; `because` says why it should."""
    name = getattr(function, "__name__", "the function")
    outcome = call(function, *copy.deepcopy((args, kwargs)))
    fault = refusal_failure(outcome)
    if fault:
        raise CheckFailed(f"{call_text(name, args, kwargs)}\n  {fault}\n  It should refuse: {because}.")


def refusal_failure(outcome: Outcome) -> str | None:
    """Return what is wrong with the outcome of a call that should raise a ValueError, or None."""
    if outcome.error in _GIVEN_UP:
        return f"{outcome.message}, but these arguments ask for a ValueError."
    if outcome.error is None:
        return f"came back with {describe(outcome.value)}, but these arguments ask for a ValueError."
    if "ValueError" not in outcome.ancestry:
        wanted = "but these arguments ask for a ValueError that says why."
        return _with_frames(f"raised {_named(outcome)}, {wanted}", outcome)
    if not outcome.message.strip():
        return "raised a ValueError without a message: say what came and what was wanted."
    return None


def failure(outcome: Outcome, expected: Any) -> str | None:
    """Return what is wrong with an outcome where `expected` was wanted, or None."""
    if outcome.error == "NotImplementedError":
        return "it is not written yet (it raised NotImplementedError)."
    if outcome.error in _GIVEN_UP:
        return f"{outcome.message}."
    if outcome.error:
        return _with_frames(f"it raised {_named(outcome)}", outcome)
    return difference(outcome.value, expected)


def _named(outcome: Outcome) -> str:
    return f"{outcome.error}: {outcome.message}" if outcome.message else str(outcome.error)


def _with_frames(text: str, outcome: Outcome) -> str:
    return f"{text}\n{outcome.where}" if outcome.where else text


def explain(called: str, outcome: Outcome, fault: str, expected: Any, usual: str = "") -> str:
    """Return the whole message of a failed check, one fact a line."""
    lines = [called]
    if outcome.error:
        lines += [f"  {fault}", f"  expected:  {describe(expected)}"]
    else:
        lines += [f"  came back: {describe(outcome.value)}", f"  expected:  {describe(expected)}", f"  {fault}"]
    if usual:
        lines.append(f"  Usual cause: {usual}")
    return "\n".join(lines)


def difference(got: Any, expected: Any) -> str | None:
    """Return the first difference between two plain values in words, or None where they agree.

    Plain values are numbers, strings, None, arrays, and lists, tuples and dicts of these. Integers must
    be integers (NumPy's too); floats agree within 1e-6, or 1e-4 where either side is float32.
    """
    if isinstance(expected, np.ndarray):
        return _array_difference(got, expected)
    if isinstance(expected, (list, tuple)):
        return _sequence_difference(got, expected)
    if isinstance(expected, bool) or expected is None or isinstance(expected, str):
        same = type(got) is type(expected) and got == expected
        return None if same else "they are not the same."
    return _number_difference(got, expected)


def _number_difference(got: Any, expected: Any) -> str | None:
    if isinstance(got, bool) or not isinstance(got, Real):
        return f"a number was wanted, and this is of type {type(got).__name__}."
    if isinstance(expected, Integral):
        if not isinstance(got, Integral):
            return (
                f"the type is {type(got).__name__}, but a count is a whole number: an int (// divides without a rest)."
            )
        return None if int(got) == int(expected) else f"they differ by {int(got) - int(expected):+,}."
    close = np.isclose(float(got), float(expected), rtol=1e-6, atol=1e-9, equal_nan=True)
    return None if close else "they are not equal, nor equal up to rounding."


def _sequence_difference(got: Any, expected: list | tuple) -> str | None:
    kind = type(expected).__name__
    if not isinstance(got, (list, tuple)):
        return f"a {kind} was wanted, and this is of type {type(got).__name__}."
    if len(got) != len(expected):
        return f"it has {len(got)} elements, and {len(expected)} were wanted."
    for index, (mine, theirs) in enumerate(zip(got, expected, strict=True)):
        fault = difference(mine, theirs)
        if fault:
            return f"element {index} is {describe(mine)} instead of {describe(theirs)}: {fault}"
    return None


def _array_difference(got: Any, expected: np.ndarray) -> str | None:
    if not isinstance(got, np.ndarray):
        return f"a NumPy array was wanted, and this is of type {type(got).__name__}."
    if got.shape != expected.shape:
        return f"the shape is {got.shape}, and {expected.shape} was wanted."
    if expected.dtype.kind == "b":
        if got.dtype.kind != "b":
            return f"the dtype is {got.dtype}, and bool was wanted."
        return _elements(got != expected, got, expected, "")
    if got.dtype.kind not in "fiu":
        return f"the dtype is {got.dtype}, and numbers were wanted."
    single = np.float32 in (got.dtype, expected.dtype)
    tolerance = 1e-4 if single else 1e-6
    scale = float(np.max(np.abs(expected), where=np.isfinite(expected), initial=1e-3))
    close = np.isclose(got, expected, rtol=tolerance, atol=tolerance * scale, equal_nan=True)
    return _elements(~close, got, expected, ".6g")


def _elements(wrong: np.ndarray, got: np.ndarray, expected: np.ndarray, form: str) -> str | None:
    """Return where elements are wrong, or None where none is."""
    if not wrong.any():
        return None
    first = tuple(int(index) for index in np.argwhere(wrong)[0])
    place = first[0] if len(first) == 1 else first
    return (
        f"{int(wrong.sum())} of {wrong.size} elements differ, first at index {place}: "
        f"{got[first]:{form}} instead of {expected[first]:{form}}."
    )


def describe(value: Any) -> str:
    """Return a value in one short line."""
    if isinstance(value, np.ndarray):
        text = np.array2string(value, precision=4, separator=", ", threshold=24, edgeitems=3).replace("\n", "")
        text = " ".join(text.split())
        dtype = "" if value.dtype == np.float64 else f", dtype {value.dtype}"
        shape = f"array{value.shape}{dtype}".replace(",)", ")")
        return f"{shape} {text if len(text) <= 3 * _LONGEST else text[: 3 * _LONGEST] + ' …'}"
    if callable(value) and hasattr(value, "__name__"):
        return str(value.__name__)
    if isinstance(value, (list, tuple)) and any(isinstance(each, np.ndarray) for each in value):
        text = ", ".join(describe(each) for each in value)
        return f"[{text}]" if isinstance(value, list) else f"({text})"
    text = repr(value.item() if isinstance(value, np.generic) else value)
    return text if len(text) <= 2 * _LONGEST else text[: 2 * _LONGEST] + " …"


def call_text(name: str, args: tuple, kwargs: dict[str, Any]) -> str:
    """Return a call as its caller would write it, arrays as np.array([...])."""
    parts = [_argument(value) for value in args]
    parts += [f"{key}={_argument(value)}" for key, value in kwargs.items()]
    return f"{name}({', '.join(parts)})"


def _argument(value: Any) -> str:
    if isinstance(value, np.ndarray):
        if value.size > 24:
            return f"an array of shape {value.shape}"
        dtype = "" if value.dtype in (np.float64, np.int64) else f", dtype=np.{value.dtype}"
        return f"np.array({value.tolist()}{dtype})"
    return describe(value)
