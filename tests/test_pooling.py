"""Lecture 06 without a browser: symmetry.py against torch and SciPy, figures' numbers, explorers moved, quizzes."""

import math
import re
from fractions import Fraction

import numpy as np
import pytest
import torch
from pictures import answers_every_choice, move, right, small
from scipy import ndimage
from torch import nn
from torch.nn import functional as F

from course_utils import symmetry
from course_utils.plots import pooling as plots
from course_utils.symmetry import (
    commuting_square,
    disc,
    fractional_starts,
    pooled_rows,
    ring_layer,
    ring_signal,
    row_changes,
    rows_of,
    turned_change,
)
from course_utils.widgets import load_quizzes
from course_utils.widgets import pooling as explorers

GRID = np.array([[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]])
NOISE = np.random.default_rng(1).standard_normal((300, 901))


@pytest.mark.parametrize("kernel_size", [1, 2, 3, 5])
def test_ring_convolution_is_numpys_correlation_of_the_wrapped_signal(kernel_size):
    signal = ring_signal()
    layer = ring_layer("convolution", kernel_size, 1, "circular")
    weights = layer[1].weight.detach().numpy().ravel()
    wanted = [
        sum(w * signal[(i + q - (kernel_size - 1) // 2) % 32] for q, w in enumerate(weights))
        for i in range(len(signal))
    ]
    assert commuting_square(layer, signal, 0).output == pytest.approx(np.array(wanted))
    assert np.abs(weights).sum() == pytest.approx(1)


@pytest.mark.parametrize(
    ("kind", "by_scipy"), [("max pool", ndimage.maximum_filter1d), ("mean pool", ndimage.uniform_filter1d)]
)
def test_ring_pools_are_scipys_filters(kind, by_scipy):
    signal = ring_signal()
    wanted = by_scipy(signal, 3, mode="wrap")
    for stride in (1, 2, 4):
        output = commuting_square(ring_layer(kind, 3, stride, "circular"), signal, 0).output
        assert output == pytest.approx(wanted[::stride])


@pytest.mark.parametrize("kind", symmetry.KINDS)
@pytest.mark.parametrize("stride", [1, 2, 4])
def test_square_closes_exactly_for_multiples_of_the_stride(kind, stride):
    layer = ring_layer(kind, 3, stride, "circular")
    for step in range(32):
        square = commuting_square(layer, ring_signal(), step)
        assert square.broken().any() == (step % stride != 0)
        if step % stride == 0:
            assert square.output_step == step // stride
            assert np.array_equal(square.moved_output, np.roll(square.output, step // stride))
        assert np.array_equal(square.moved, np.roll(square.signal, step))


@pytest.mark.parametrize("step", [1, 3, 5, 16, 31])
def test_zero_borders_break_the_places_at_the_ends_and_where_the_ends_have_moved(step):
    square = commuting_square(ring_layer("convolution", 3, 1, "zeros"), ring_signal(), step)
    assert set(np.flatnonzero(square.broken())) == {0, 31, step % 32, (step - 1) % 32}


def test_depth_carries_the_border_inwards():
    for depth in (1, 2, 4, 8):
        layers = [ring_layer("convolution", 3, 1, "zeros") for _ in range(depth)]
        assert commuting_square(nn.Sequential(*layers), ring_signal(), 16).broken().sum() == 4 * depth


def test_best_move_of_the_output_is_the_closest_one():
    square = commuting_square(ring_layer("mean pool", 2, 2, "circular"), ring_signal(), 3)
    gaps = [np.abs(np.roll(square.output, places) - square.output_of_moved).sum() for places in range(16)]
    assert square.output_step == int(np.argmin(gaps))
    assert square.broken().all()


@pytest.mark.parametrize("k", [1, 2, 3, 7])
def test_pooled_rows_are_torchs_pools(k):
    pooled, rows = pooled_rows(NOISE, k), torch.tensor(NOISE)[:, None]
    assert np.array_equal(pooled["max"], F.max_pool1d(rows, k)[:, 0].numpy())
    assert np.allclose(pooled["mean"], F.avg_pool1d(rows, k)[:, 0].numpy(), rtol=1e-12)
    assert np.array_equal(pooled["sub-sample"], rows[:, 0, : 901 // k * k : k].numpy())


@pytest.mark.parametrize(("k", "d"), [(2, 1), (3, 1), (4, 1), (5, 2), (8, 3), (3, 3), (2, 5)])
def test_share_of_maxima_that_stay_is_k_minus_d_over_k_plus_d(k, d):
    change = row_changes(NOISE, k, d)
    assert change["max"].unchanged == pytest.approx(max(0, (k - d) / (k + d)), abs=0.01)
    assert change["mean"].unchanged == change["sub-sample"].unchanged == 0
    assert change["mean"].relative == pytest.approx(2 * min(1, d / k), abs=0.03)  # 2 (1 - overlap / k)
    assert change["sub-sample"].relative == pytest.approx(2, abs=0.03)


def test_curriculum_values_of_pooling_in_two_dimensions():
    noise = torch.tensor(np.random.default_rng(2).random((1, 1, 900, 901)))
    before, after = noise[..., :-1], noise[..., 1:]
    for k, share in ((2, 1 / 3), (3, 1 / 2), (4, 3 / 5)):
        equal = (F.max_pool2d(before, k) == F.max_pool2d(after, k)).double().mean().item()
        assert equal == pytest.approx(share, abs=0.01)
    for pool, wanted in ((F.max_pool2d, 1.25), (F.avg_pool2d, 1.0)):
        relative = (pool(before, 2) - pool(after, 2)).square().mean() / pool(before, 2).var()
        assert relative.item() == pytest.approx(wanted, abs=0.02)


def test_smooth_rows_keep_fewer_maxima_and_means_move_less():
    for kind in symmetry.ROW_KINDS:
        rows = rows_of(kind)
        assert rows.shape[0] == 400
        change = row_changes(rows, 2, 1)
        assert change["mean"].relative < change["max"].relative < change["sub-sample"].relative
        assert change["mean"].unchanged < change["max"].unchanged
    assert row_changes(rows_of("blurred noise"), 2, 1)["max"].unchanged < 0.25


@pytest.mark.parametrize("kernel_size", [1, 2, 3])
def test_fractional_starts_are_torchs(kernel_size):
    for n in (5, 8, 13, 24):
        for outputs in range(1, n - kernel_size + 2):
            for u in (0.0, 0.31, 0.99):
                ramp = torch.arange(float(n), dtype=torch.float64).expand(1, 1, n, n)
                samples = torch.full((1, 1, 2), u, dtype=torch.float64)
                pooled = F.fractional_max_pool2d(ramp, kernel_size, outputs, _random_samples=samples)
                starts = pooled[0, 0, 0].numpy() - (kernel_size - 1)
                assert np.array_equal(fractional_starts(n, outputs, kernel_size, u), starts)


@pytest.mark.parametrize(("radius", "cells"), [(0, 1), (1, 5), (1.5, 9), (2, 13), (2.5, 21), (2.9, 25), (3, 29)])
def test_discs_have_the_cells_that_lie_within_the_radius(radius, cells):
    mask = disc(radius)
    assert mask.sum() == cells
    assert mask.shape == (2 * math.floor(radius) + 1,) * 2
    middle = len(mask) // 2
    for (row, column), on in np.ndenumerate(mask):
        assert on == (math.hypot(row - middle, column - middle) <= radius)


def test_turning_changes_a_disc_less_than_a_square():
    square, round_one = (turned_change(cells, [15, 45, 90]) for cells in (np.ones((5, 5), bool), disc(2.5)))
    assert round_one[1] < square[1] / 10
    assert square[0] < square[1]
    assert square[2] == pytest.approx(0)
    assert round_one[2] == pytest.approx(0)
    assert turned_change(disc(2.9), [45]) == turned_change(np.ones((5, 5), bool), [45])
    assert turned_change(disc(0), [30]) == pytest.approx([0])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: commuting_square(nn.ReLU(), np.zeros((2, 2)), 1), r"shape \(2, 2\)"),
        (lambda: ring_layer("min pool", 2, 1, "zeros"), "no layer 'min pool'"),
        (lambda: ring_layer("max pool", 2, 1, "mirror"), "border 'mirror'"),
        (lambda: ring_layer("max pool", 0, 1, "zeros"), "kernel_size is 0"),
        (lambda: ring_layer("max pool", 2, 0, "zeros"), "stride 0"),
        (lambda: pooled_rows(np.zeros((2, 3)), 4), "no window of 4 fits"),
        (lambda: pooled_rows(np.zeros(6), 2), "no window of 2 fits"),
        (lambda: row_changes(np.zeros((2, 9)), 2, 1), "constant"),
        (lambda: row_changes(np.zeros((2, 3)), 2, 2), "leaves no window"),
        (lambda: row_changes(np.zeros((2, 3)), 2, -1), "step of -1"),
        (lambda: rows_of("sound"), "no rows of 'sound'"),
        (lambda: fractional_starts(5, 5, 2, 0.1), "do not fit into 5"),
        (lambda: fractional_starts(5, 2, 0, 0.1), "windows of 0"),
        (lambda: fractional_starts(5, 2, 2, 1.0), "sample is 1.0"),
        (lambda: disc(-1), "radius is -1"),
        (lambda: turned_change(np.ones((2, 2), bool), [45]), "square of odd side"),
        (lambda: turned_change(np.zeros((3, 3), bool), [45]), "at least one cell"),
        (lambda: plots.draw_pools(GRID, 3), "windows of 3 do not divide"),
        (lambda: plots.draw_spot(12, 0, 2), "row 12, column 0"),
        (lambda: plots.draw_spot(0, 0, 5), "windows of 5 do not divide 12"),
        (lambda: plots.draw_line_windows({"late": (np.array([3]), 3)}, 5), "leave the row of 5"),
    ],
)
def test_bad_input_is_refused_with_its_reason(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_pools_figure_says_torchs_numbers():
    alt = small(plots.draw_pools(GRID, 2)).alt
    assert "max [[6.0, 8.0], [3.0, 4.0]]; mean [[3.25, 5.25], [2.0, 2.0]]; sub-sample [[1.0, 2.0], [3.0, 1.0]]" in alt
    assert "max [[8.0]]; mean [[3.125]]" in small(plots.draw_pools(GRID, 4)).alt


@pytest.mark.parametrize(
    ("step", "stride", "border", "verdict"),
    [
        (3, 1, "circular", "agree at every place"),
        (3, 1, "zeros", "differ at places 0, 2, 3, 31."),
        (2, 2, "circular", "agree at every place"),
        (8, 8, "circular", "agree at every place"),
        (1, 8, "circular", "differ at places 0, 1, 2, 3."),
    ],
)
def test_square_figure_says_where_the_two_ways_differ(step, stride, border, verdict):
    alt = small(plots.draw_square(step, stride, 3, border)).alt
    assert verdict in alt
    assert f"moved by {step}" in alt


@pytest.mark.parametrize(
    ("place", "k", "maximum", "sample"),
    [
        ((2, 2), 2, "same", "same"),
        ((3, 3), 2, "same", "different"),
        ((2, 4), 2, "different", "different"),
        ((5, 5), 6, "same", "same"),
        ((5, 6), 6, "different", "same"),
        ((11, 11), 12, "same", "same"),
    ],
)
def test_spot_figure_says_which_pools_changed(place, k, maximum, sample):
    alt = small(plots.draw_spot(*place, k)).alt
    assert f"max {maximum}" in alt
    assert f"mean {maximum}" in alt
    assert f"sub-sample {sample}" in alt
    assert f"largest value {1 / k**2:.3g}" in alt


@pytest.mark.parametrize("kind", symmetry.ROW_KINDS)
def test_changes_figure_says_what_row_changes_found(kind):
    alt = small(plots.draw_changes(kind, 2)).alt
    for name, change in row_changes(rows_of(kind), 2, 2).items():
        assert f"{name} {change.unchanged:.2f} equal, squared change {change.relative:.2f}" in alt
    assert f"max {row_changes(rows_of(kind), 8, 2)['max'].unchanged:.2f} equal; squared changes" in alt


def test_window_figures_say_the_steps():
    alt = small(plots.draw_line_windows({"a": (np.arange(0, 8, 2), 3), "b": (np.array([0, 1]), 9)}, 10)).alt
    assert "a: 4 windows of 3, 2, 2, 2 apart; b: 2 windows of 9, 1 apart" in alt
    steps = np.diff(fractional_starts(12, 9, 2, 0.4))
    assert f"9 windows of 2, {', '.join(map(str, steps))} apart" in small(plots.draw_fractional(12, 9, 2, 0.4)).alt


@pytest.mark.parametrize("radius", [0, 2.5])
def test_disc_figure_says_cells_and_change(radius):
    alt = small(plots.draw_disc(radius)).alt
    assert f"holds {disc(radius).sum()} of {disc(radius).size} cells" in alt
    assert f"the disc's by {turned_change(disc(radius), [45])[0]:.3f}" in alt


def test_square_explorer_moves_to_its_ends():
    explorer = explorers.square_explorer()
    assert "agree at every place" in explorer.output.value
    assert "differ at places 0, 2, 3, 31" in move(explorer, border="zeros")
    assert "agree at every place" in move(explorer, border="circular", kind="max pool", kernel_size=2)
    assert "differ at places" in move(explorer, stride=8)
    assert "agree at every place" in move(explorer, step=24)
    assert "differ at places" in move(explorer, step=31, kernel_size=9)


def test_spot_explorer_moves_and_refuses_windows_that_do_not_divide():
    explorer = explorers.spot_explorer()
    assert "max same as before" in explorer.output.value
    assert "max different" in move(explorer, column=4)
    assert "windows of 5 do not divide 12" in move(explorer, kernel_size=5)
    assert "max same as before" in move(explorer, kernel_size=12, row=11, column=11)
    assert "<img" in move(explorer, kernel_size=1, row=0, column=0)


def test_change_explorer_moves():
    explorer = explorers.change_explorer()
    for kind in symmetry.ROW_KINDS:
        assert f"Rows of {kind} moved by 1" in move(explorer, kind=kind)
    assert "moved by 8" in move(explorer, step=8)


def test_fractional_explorer_moves_and_refuses_what_does_not_fit():
    explorer = explorers.fractional_explorer()
    before = explorer.output.value
    assert move(explorer, sample=0.8) != before
    assert "do not fit into 24 inputs" in move(explorer, outputs=24)
    assert "23 windows of 2" in move(explorer, outputs=23)
    assert "<img" in move(explorer, n=32, kernel_size=6, sample=0.99)
    assert "do not fit into 2 inputs" in move(explorer, n=2)
    assert "1 windows of 1" in move(explorer, kernel_size=1, outputs=1)


def test_disc_explorer_moves():
    explorer = explorers.disc_explorer()
    assert "13 of 25 cells" in explorer.output.value
    assert "21 of 25 cells" in move(explorer, radius=2.5)
    assert "1 of 1 cells" in move(explorer, radius=0.0)
    assert "29 of 49 cells" in move(explorer, radius=3.0)


def test_quizzes_with_a_number_have_the_one_that_is_computed():
    move_by_one = np.roll(np.eye(8), 1, axis=0)
    conditions = np.kron(np.eye(8), move_by_one.T) - np.kron(move_by_one, np.eye(8))
    assert right("L6.2") == str(64 - np.linalg.matrix_rank(conditions))
    layers = [ring_layer("max pool", 2, 2, "circular") for _ in range(3)]
    net = nn.Sequential(*layers)
    closed = [step for step in range(32) if not commuting_square(net, ring_signal(), step).broken().any()]
    assert closed == [0, 8, 16, 24]
    assert right("L6.1") == "For multiples of 8"
    noise = torch.tensor(np.random.default_rng(0).random((1, 1, 900, 901)))
    equal = (F.max_pool2d(noise[..., :-1], 3) == F.max_pool2d(noise[..., 1:], 3)).double().mean().item()
    assert float(Fraction(right("L6.3"))) == pytest.approx(equal, abs=0.01)


def test_quizzes_about_windows_have_the_right_answer():
    window = torch.zeros(1, 1, 4, 4)
    window[0, 0, 3, 1] = 1
    assert F.max_pool2d(window, 4).item() == 1
    assert str(F.avg_pool2d(window, 4).item()) in load_quizzes()["Q5"].because
    assert right("Q5").startswith("It dilutes")
    numbers = re.findall(r"(\d+) of 25 for radius 2, (\d+) for radius 2.5", load_quizzes()["Q7"].because)
    assert numbers == [(str(disc(2).sum()), str(disc(2.5).sum()))]
    assert right("Q7").startswith("−∞ outside for the maximum; 0 outside")
    assert right("Q8").startswith("So that one set of weights finds it everywhere")
    assert right("Q25").startswith("Yes, if the answers are pooled over a window")


@pytest.mark.parametrize("number", ["Q5", "Q7", "Q8", "Q25", "L6.1", "L6.2", "L6.3"])
def test_each_quiz_answers_every_choice(number):
    answers_every_choice(number)
