"""Lecture 07 without a browser: the numbers that its figures show, its explorers moved, its quizzes."""

import re

import numpy as np
import pytest
import torch
from pictures import answers_every_choice, move, right, small
from torch.nn import functional as F

from course_utils.plots import OKABE_ITO, new_figure, picture
from course_utils.plots import backprop as figures
from course_utils.widgets import backprop as widgets
from course_utils.widgets import load_quizzes

STEPS = np.array([1e-1, 1e-3, 1e-5, 1e-7, 1e-9])
ERRORS = {"central": np.array([1e-2, 1e-6, 1e-10, 1e-8, 1e-6]), "forward": np.array([1e-1, 1e-3, 1e-5, 1e-7, 0.0])}
PAIRS = [(0.5 + h, 0.5 - h) for h in STEPS]


@pytest.mark.parametrize(
    ("n", "kernel_size", "stride", "target", "index"),
    [
        (6, 3, 1, "a weight", 1),
        (6, 3, 1, "an input", 3),
        (8, 3, 2, "an input", 4),
        (10, 5, 1, "a weight", 4),
        (10, 5, 3, "an input", 5),
        (7, 2, 2, "the bias", 0),
    ],
)
def test_the_sum_of_uses_is_the_gradient_of_torch(n, kernel_size, stride, target, index):
    rng = np.random.default_rng(n + index)
    x, w = (torch.tensor(rng.standard_normal(size), requires_grad=True) for size in (n, kernel_size))
    b = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    y = F.conv1d(x[None, None], w[None, None], b, stride=stride)[0, 0]
    delta = torch.tensor(rng.standard_normal(len(y)))
    y.backward(delta)
    alt = small(figures.draw_uses(n, kernel_size, stride, target, index)).alt
    total = 0.0
    for term in re.search(r"is the sum (.*)\.$", alt).group(1).split(" + "):
        parts = re.findall(r"(delta|x|w)_(\d+)", term)
        total += np.prod([{"delta": delta, "x": x, "w": w}[name][int(number)].item() for name, number in parts])
    wanted = {"a weight": w.grad[index % kernel_size], "an input": x.grad[index], "the bias": b.grad[0]}[target]
    assert total == pytest.approx(wanted.item(), abs=1e-12)
    assert f"and {len(y)} outputs" in alt


def test_an_input_that_no_window_reads_has_no_use():
    assert "Used 0 times is input 7; its gradient is the sum 0." in figures.draw_uses(8, 3, 2, "an input", 7).alt


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((6, 3, 1, "a weight", 3), "no weight 3"),
        ((6, 3, 1, "an input", 6), "no input 6"),
        ((6, 3, 1, "an output", 0), "no target"),
        ((6, 6, 1, "a weight", 0), "up to 5 taps"),
        ((2, 3, 1, "a weight", 0), "does not fit"),
    ],
)
def test_uses_refuses_what_does_not_exist(arguments, message):
    with pytest.raises(ValueError, match=message):
        figures.draw_uses(*arguments)


def routed_by_hand(plane, k, s, operation, counted):
    """Walk over the windows: an independent second opinion on what torch did."""
    x = np.array(plane, dtype=float)
    grad, number = np.zeros_like(x), 0
    for i in range(0, x.shape[0] - k + 1, s):
        for j in range(0, x.shape[1] - k + 1, s):
            number += 1
            delta, window = number if counted else 1, x[i : i + k, j : j + k]
            if operation == "mean":
                grad[i : i + k, j : j + k] += delta / k**2
            else:
                row, column = divmod(int(window.argmax()), k)
                grad[i + row, j + column] += delta
    return grad


@pytest.mark.parametrize(
    ("plane", "k", "s", "operation"),
    [
        ("worked example", 3, 1, "max"),
        ("worked example", 2, 1, "mean"),
        ("worked example", 3, 2, "max"),
        ("flat patches", 2, 2, "max"),
        ("flat patches", 3, 1, "mean"),
        ("two equal peaks", 4, 1, "max"),
        ("two equal peaks", 3, 1, "max"),
        ("two equal peaks", 1, 3, "max"),
        ("flat patches", 1, 1, "max"),
    ],
)
def test_routing_sends_what_a_walk_over_the_windows_sends(plane, k, s, operation):
    counted = k != 2
    alt = small(figures.draw_routing(figures.PLANES[plane], k, s, operation, counted)).alt
    rows = re.search(r"row by row, is (.*)\.$", alt).group(1).split("; ")
    shown = np.array([[float(value) for value in row.split()] for row in rows])
    wanted = routed_by_hand(figures.PLANES[plane], k, s, operation, counted)
    assert np.abs(shown - wanted).max() < 0.005 + 1e-9
    assert np.count_nonzero(wanted) == np.count_nonzero(shown)


def test_routing_of_the_worked_example_is_what_the_sources_say():
    plane = figures.PLANES["worked example"]
    assert "0 0 0 0; 0 1 0 1; 1 0 0 0; 0 0 0 1." in figures.draw_routing(plane, 2, 2).alt
    assert "; ".join(["0.25 0.25 0.25 0.25"] * 4) in figures.draw_routing(plane, 2, 2, "mean").alt
    for arguments in ((plane, 5, 1), (plane, 2, 2, "median"), (plane[0], 1, 1)):
        with pytest.raises(ValueError, match=r"give a matrix|does not fit"):
            figures.draw_routing(*arguments)


def test_differences_say_the_best_step_and_the_digits_that_cancel():
    shown = small(figures.draw_differences(STEPS, ERRORS, PAIRS, 3))
    assert "central is best at h = 1e-05 with 1e-10" in shown.alt
    assert "forward is best at h = 1e-07 with 1e-07" in shown.alt, "an error of 0 cannot stand on a logarithmic axis"
    assert "subtracted agree in 0 decimals" in shown.alt  # 0.5000001 and 0.4999999
    near = [(0.123456789, 0.123456123)] * 5
    assert "agree in 6 decimals" in figures.draw_differences(STEPS, ERRORS, near, 0).alt
    for pairs, chosen in ((PAIRS[:-1], 0), (PAIRS, 5), (PAIRS, -1)):
        with pytest.raises(ValueError, match="5 steps need"):
            figures.draw_differences(STEPS, ERRORS, pairs, chosen)


def test_grids_say_every_number_or_their_range():
    panels = {"first\nof two": np.array([[1.0, -0.001], [np.nan, 1.256]]), "flat": np.full((2, 3), 7.0)}
    alt = small(figures.draw_grids(panels)).alt
    assert "first of two, 2 by 2: 1 0; 0 1.26" in alt
    assert "flat, 2 by 3: 7 7 7; 7 7 7" in alt
    noise = np.random.default_rng(0).uniform(0, 255, (64, 64))
    noise[0, 0], noise[0, 1] = 0, 255
    alt = small(figures.draw_grids(dict.fromkeys("abcde", noise) | {"flat": noise * 0}, numbers=False)).alt
    assert "a, 64 by 64: from 0 to 255" in alt
    assert "flat, 64 by 64: from 0 to 0" in alt
    small(figures.draw_grids(panels, shared=False))


@pytest.mark.parametrize(("values", "scale"), [([1, 2, 4, 3], 2), ([1.0, 2.0], 2), ([5, -1, 2, 2, 7], 3)])
def test_linear_up_sampling_reads_where_the_two_conventions_say(values, scale):
    alt = small(figures.draw_linear(values, scale)).alt
    n = len(values)
    centres = (np.arange(scale * n) + 0.5) / scale - 0.5  # each pixel is cut into `scale` parts
    corners = np.linspace(0, n - 1, scale * n)
    for name, places in (("False", centres), ("True", corners)):
        shown = [
            float(v)
            for v in re.search(rf"align_corners={name} the outputs are ([^;a-z]*)", alt).group(1)[:-1].split(", ")
        ]
        assert shown == pytest.approx(np.interp(places, range(n), values).tolist(), abs=0.0051)
    for bad in (([1], 2), ([1, 2], 1)):
        with pytest.raises(ValueError, match="at least two values"):
            figures.draw_linear(*bad)


def test_transposed_counts_the_entries_of_both_matrices():
    taps = torch.tensor([[[0.5, 1, -0.25]]])
    matrix = F.conv1d(torch.eye(8)[:, None], taps, stride=2, padding=1)[:, 0].T.numpy()
    alt = small(figures.draw_transposed(matrix)).alt
    assert "D, 4 by 8, has 2, 3, 3, 3 entries in its rows" in alt
    assert "D transposed, 8 by 4, has 1, 2, 1, 2, 1, 2, 1, 1 entries in its rows" in alt
    up = F.conv_transpose1d(torch.eye(4)[:, None], taps, stride=2, padding=1, output_padding=1)[:, 0]
    assert np.array_equal(matrix, up.numpy())


@pytest.mark.parametrize(("kernel_size", "stride", "inputs"), [(3, 2, 3), (7, 4, 9), (1, 1, 1), (2, 4, 5)])
def test_overlap_counts_the_stamps_on_each_output(kernel_size, stride, inputs):
    starts = np.zeros((inputs - 1) * stride + 1)
    starts[::stride] = 1
    counts = np.convolve(starts, np.ones(kernel_size)).astype(int)
    alt = small(figures.draw_overlap(kernel_size, stride, inputs)).alt
    assert f"written {', '.join(map(str, counts))} times" in alt
    low, high = counts.min() ** 2, counts.max() ** 2
    assert f"on a square {low} to {high} times" in alt or (low == high and f"on a square {low} times" in alt)


@pytest.mark.parametrize("numbers", [(0, 2, 3), (3, 0, 3), (3, 2, 0), (7, 4, 10)])
def test_overlap_refuses_sizes_that_cannot_be_drawn(numbers):
    with pytest.raises(ValueError, match="not 1 to 40 outputs"):
        figures.draw_overlap(*numbers)


def test_training_says_how_far_it_came():
    kernels = np.random.default_rng(0).standard_normal((16, 3, 3))
    start = small(figures.draw_training([], {"training": [90.0], "test": [91.25]}, kernels)).alt
    assert "after 0 epochs: no step is made yet; training 90.0 per cent wrong, test 91.2 per cent" in start
    losses = [2.5, 1.5, 0.5, 0.3]
    alt = small(figures.draw_training(losses, {"training": [90.0, 5, 1], "test": [91.0, 7, 3.25]}, kernels[:5])).alt
    assert "after 2 epochs: the loss starts at 2.50 and averages 0.40 over the last epoch" in alt
    assert "test 3.2 per cent wrong. Beside it the 5 kernels" in alt


def test_uses_explorer_moves_and_explains_the_impossible():
    explorer = widgets.uses_explorer()
    assert "delta_0 x_0 + delta_1 x_1 + delta_2 x_2 + delta_3 x_3" in explorer.output.value
    assert "delta_0 w_0." in move(explorer, target="an input")
    assert "Not possible" in move(explorer, index=9)
    assert "there is no input 9" in explorer.output.value
    assert "<img" in move(explorer, n=10, kernel_size=5, stride=4)
    assert "Used 2 times is the bias" in move(explorer, target="the bias")
    assert "does not fit" in move(explorer, n=1)


def test_routing_explorer_moves_to_its_ends():
    explorer = widgets.routing_explorer()
    assert "0 0 2 2" in explorer.output.value
    assert "send a total of 10" in move(explorer, counted=True)
    for plane, k in zip(figures.PLANES, (1, 3, 4), strict=True):
        assert "Not possible" not in move(explorer, plane=plane, kernel_size=k, operation="mean", stride=4)
    assert "send a total of 1," in explorer.output.value


def test_difference_explorer_moves_to_both_ends():
    explorer = widgets.difference_explorer(STEPS, ERRORS, PAIRS)
    assert "At h = 1e-05" in explorer.output.value
    for place in (0, len(STEPS) - 1):
        assert f"At h = {STEPS[place]:.0e}" in move(explorer, chosen=place)


def test_overlap_explorer_moves_and_explains_the_impossible():
    explorer = widgets.overlap_explorer()
    assert "written 1, 1, 2, 1, 2, 1, 1 times" in explorer.output.value
    assert "written 1, 1, 2, 2, 2, 2, 1, 1 times" in move(explorer, kernel_size=4)
    assert "Not possible" in move(explorer, inputs=10, kernel_size=7, stride=4)
    assert "<img" in move(explorer, inputs=9)


def test_live_picture_changes_what_is_shown_and_not_its_plain_form():
    live = widgets.LivePicture("Wait.")
    before = repr(live)
    assert "Wait." in live.output.value
    figure, [axes] = new_figure(1, 1)
    axes.plot([0, 1], color=OKABE_ITO["blue"])
    live.show(picture(figure, "A line that goes up from nothing to one."))
    assert "goes up from nothing" in live.output.value
    assert repr(live) == before == "LivePicture()"


def test_quizzes_have_the_answers_that_are_computed():
    windows = F.conv1d(torch.zeros(1, 1, 9), torch.zeros(1, 1, 3), stride=2).shape[-1]
    assert right("L7.1") == f"{ {4: 'Four'}[windows] }, one for each window"
    x = torch.tensor([1.0, 5, 2, 4], requires_grad=True)
    F.max_pool1d(x[None, None], 3, stride=1)[0, 0].backward(torch.tensor([5.0, -2]))
    assert right("Q6") == f"{x.grad[1]:g}, their sum"
    assert right("L7.4") == f"{-np.log(0.1):.1f}"
    even = []
    for text in load_quizzes()["L7.3"].choices:
        kernel_size, stride = map(int, re.findall(r"\d+", text))
        made = F.conv_transpose1d(torch.ones(1, 1, 9), torch.ones(1, 1, kernel_size), stride=stride)[0, 0]
        if len(made[kernel_size - 1 : -kernel_size + 1].unique()) == 1:
            even.append(text)
    assert even == [right("L7.3")]


def test_the_step_of_the_quiz_is_the_best_of_its_choices():
    def error(h):
        return abs((np.exp(1 + h) - np.exp(1 - h)) / (2 * h) - np.e) / np.e

    steps = [float(text) for text in load_quizzes()["L7.2"].choices if re.fullmatch(r"[0-9.]+", text)]
    assert len(steps) == 3
    assert min(steps, key=error) == float(right("L7.2"))
    assert error(1e-17) == 1.0, "and as small as possible gives nothing at all"


@pytest.mark.parametrize("number", ["L7.1", "Q6", "L7.2", "L7.3", "L7.4"])
def test_each_quiz_answers_every_choice(number):
    answers_every_choice(number)
