"""What a student is told: each kind of failure, word by word where the words matter."""

import gc
import time

import numpy as np
import pytest

from course_utils import checks
from course_utils.checks import CheckFailed, Outcome, call, difference, gives, refuses


def told(function, *args, **kwargs):
    with pytest.raises(CheckFailed) as caught:
        function(*args, **kwargs)
    return str(caught.value)


def add(a, b=1):
    return a + b


def test_right_values_pass():
    gives(3, add, 1, 2)
    gives(3, add, 1, b=2)
    gives(0.3, add, 0.1, 0.2)
    gives(np.array([2.0, 3.0]), add, np.array([1.0, 2.0]))
    gives([(1, 2)], lambda: [(1, 2)])
    gives(None, lambda: None)


def test_wrong_value_tells_call_value_expectation_and_cause():
    text = told(gives, 4, add, 1, b=2, usual="b is added twice")
    assert text.splitlines()[0] == "add(1, b=2)"
    assert "came back: 3" in text
    assert "expected:  4" in text
    assert "differ by -1" in text
    assert "Usual cause: b is added twice" in text


def test_first_difference_of_arrays_is_named():
    text = told(gives, np.array([1.0, 2.0, 5.0]), add, np.array([0.0, 2.0, 3.0]))
    assert "2 of 3 elements differ, first at index 1: 3 instead of 2." in text
    assert "shape is (2,), and (3,) was wanted" in told(gives, np.zeros(3), add, np.zeros(2))
    assert "NumPy array was wanted, and this is of type list" in told(gives, np.zeros(1), lambda: [0.0])
    assert "dtype is object" in told(gives, np.zeros(1), lambda: np.array([None]))
    assert difference(np.array([[1.0, 9.0]]), np.array([[1.0, 2.0]])).endswith("index (0, 1): 9 instead of 2.")
    assert difference(np.array([np.nan]), np.array([1.0]))


def test_counts_must_be_whole_numbers():
    assert "a count is a whole number" in told(gives, 3, lambda: 3.0)
    assert "type bool" in told(gives, 1, lambda: True)
    assert "type str" in told(gives, 1, lambda: "1")
    gives(3, lambda: np.int64(3))


def test_nan_and_infinity_are_wanted_where_they_are_expected():
    odd = np.array([np.nan, np.inf, -np.inf, 1.0])
    assert difference(odd.copy(), odd) is None
    assert difference(float("nan"), float("nan")) is None
    assert "1 of 4 elements differ, first at index 3" in difference(np.array([np.nan, np.inf, -np.inf, 2.0]), odd)
    assert "first at index 0" in difference(np.array([1.0, np.inf, -np.inf, 1.0]), odd)
    assert difference(1.0, float("nan"))


def test_arrays_of_bool_are_compared():
    mask = np.array([True, False])
    assert difference(mask.copy(), mask) is None
    assert difference(~mask, mask) == "2 of 2 elements differ, first at index 0: False instead of True."
    assert "bool was wanted" in difference(mask.astype(int), mask)
    assert "numbers were wanted" in difference(mask, mask.astype(int))


def test_sequences_name_the_first_element_that_differs():
    assert "element 1 is (3, 2) instead of (3, 4)" in told(gives, [(1, 2), (3, 4)], lambda: [(1, 2), (3, 2)])
    assert "2 elements, and 1 were wanted" in told(gives, [1], lambda: [1, 2])
    assert "list was wanted" in told(gives, [1], lambda: 1)


def test_float32_is_allowed_its_rounding():
    exact = np.linspace(0.1, 1.0, 7)
    assert difference(exact.astype(np.float32), exact) is None
    assert difference(exact + 1e-5, exact)
    assert difference(exact.astype(np.float32) + 1e-3, exact)


def test_exceptions_come_with_the_students_own_lines():
    def divide(x):
        return x / 0

    text = told(gives, 1, divide, 3)
    assert "it raised ZeroDivisionError: division by zero" in text
    assert "return x / 0" in text
    assert "checks.py" not in text


def test_unwritten_exercise_is_said_to_be_unwritten():
    def stub(x):
        raise NotImplementedError

    assert "not written yet" in told(gives, 1, stub, 3)


def test_refusals():
    def good(n):
        raise ValueError(f"n is {n}")

    def silent(n):
        raise ValueError

    def other(n):
        raise TypeError("no")

    class NarrowError(ValueError):
        pass

    def narrow(n):
        raise NarrowError("n")

    refuses(good, 0, because="n must be 1")
    refuses(narrow, 0, because="n must be 1")
    assert "It should refuse: n must be 1." in told(refuses, abs, 0, because="n must be 1")
    assert "without a message" in told(refuses, silent, 0, because="n must be 1")
    assert "raised TypeError: no" in told(refuses, other, 0, because="n must be 1")


def test_a_loop_that_never_ends_is_stopped(monkeypatch):
    monkeypatch.setattr(checks, "SECONDS_A_CALL", 0.2)

    def endless():
        while True:
            try:
                time.sleep(0.01)
            except Exception:
                continue

    start = time.monotonic()
    outcome = call(endless)
    assert outcome.error == "TooSlowError"
    assert time.monotonic() - start < 5
    assert "did not come back within 0.2 seconds" in told(gives, 1, endless)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_alarm_that_a_destructor_swallows_rings_again(monkeypatch):
    monkeypatch.setattr(checks, "SECONDS_A_CALL", 0.1)

    class Endless:
        def __del__(self):
            while True:
                pass

    def deaf_at_first():
        Endless()
        while True:
            pass

    assert call(deaf_at_first).error == "TooSlowError"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_alarm_that_rings_while_garbage_is_collected_rings_again(monkeypatch):
    monkeypatch.setattr(checks, "SECONDS_A_CALL", 0.1)
    phases = []

    def slow(phase, _info):
        end = time.monotonic() + 0.2
        while time.monotonic() < end:
            pass
        phases.append(phase)

    def deaf_at_first():
        gc.collect()
        while True:
            pass

    gc.callbacks.append(slow)
    try:
        assert call(deaf_at_first).error == "TooSlowError"
    finally:
        gc.callbacks.remove(slow)
    assert phases == ["start", "stop"]


def test_arguments_are_copied():
    mine = np.ones(3)

    def spoil(x):
        x *= 0
        return x

    gives(np.zeros(3), spoil, mine)
    assert mine.sum() == 3


def test_jupyter_shows_no_traceback():
    assert CheckFailed("line one\nline two")._render_traceback_() == ["line one\nline two"]


def test_long_values_are_cut():
    assert len(checks.describe(list(range(10_000)))) < 140
    assert len(checks.describe(np.arange(10_000.0))) < 300
    assert checks.call_text("f", (np.zeros((9, 9)),), {}) == "f(an array of shape (9, 9))"
    assert checks.call_text("f", (np.array([1.5]),), {"k": 2}) == "f(np.array([1.5]), k=2)"
    assert Outcome().error is None
