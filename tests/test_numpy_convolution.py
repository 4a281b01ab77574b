"""Lecture 05 without a browser: the numbers that its figures show, its explorers moved, its quizzes."""

import re

import numpy as np
import pytest
import torch
from numpy.lib.stride_tricks import sliding_window_view
from pictures import answers_every_choice, move, right, small
from torch import nn
from torch.nn import functional as F

from course_utils.arithmetic import layer_table
from course_utils.plots import numpy_convolution as figures
from course_utils.widgets import load_quizzes
from course_utils.widgets import numpy_convolution as widgets

X = np.arange(24, dtype=np.int64).reshape(4, 6)


def test_loops_multiply_the_turns_that_python_takes():
    turns = {"n": 8, "o": 32, "i": 32, "j": 32, "c": 16, "p": 3, "q": 3}
    alt = small(figures.draw_loops(turns, {"all": "PPPPPPP", "rows": "PBBBBPB", "windows": "NNNNNNN"})).alt
    [row] = layer_table(nn.Conv2d(16, 32, 3, padding=1), (16, 32, 32))
    assert f"all: PPPPPPP, {8 * row.macs:,} turns in Python" in alt
    assert "rows: PBBBBPB, 24 turns" in alt
    assert "windows: NNNNNNN, no turns" in alt


@pytest.mark.parametrize("letters", ["PPP", "PPPP", "PX"])
def test_loops_refuse_runners_that_do_not_fit(letters):
    with pytest.raises(ValueError, match=f"has runners '{letters}'"):
        figures.draw_loops({"i": 2, "j": 3}, {"way": letters})


@pytest.mark.parametrize("name", [*widgets.VIEWS, "window"])
def test_view_says_what_numpy_says(name):
    view = widgets.VIEWS[name](X) if name in widgets.VIEWS else sliding_window_view(X, (3, 3))[1, 2]
    alt = small(figures.draw_view(X, view, name)).alt
    assert f"{name} has shape {view.shape} and strides {view.strides}" in alt
    visits = view.tolist() if view.ndim == 1 else [value for row in view.tolist() for value in row]
    assert f"It sees {len(set(visits))} of 24 stored numbers, in the order {', '.join(map(str, visits))};" in alt
    jumps = {int(jump) for jump in np.diff(visits)}
    assert {int(jump) for jump in re.search(r"jumps in memory are (.*)\.", alt).group(1).split(", ")} == jumps


@pytest.mark.parametrize(
    ("base", "view"),
    [
        (X + 1, X + 1),
        (X.T, X.T),
        (np.arange(24), np.arange(24)),
        (X, X.copy()),
        (X, sliding_window_view(X, (3, 3))),
    ],
)
def test_view_refuses_what_it_cannot_draw(base, view):
    with pytest.raises(ValueError, match="must "):
        figures.draw_view(base, view, "view")


def test_view_of_one_number_has_no_jumps():
    assert "the jumps in memory are none" in figures.draw_view(X, X[1:2, 1:2], "x[1:2, 1:2]").alt


@pytest.mark.parametrize(("c", "n", "k", "s"), [(2, 7, 3, 1), (4, 10, 5, 1), (1, 1, 1, 1), (3, 9, 2, 3), (2, 8, 3, 5)])
def test_window_matrix_is_that_of_torchs_unfold(c, n, k, s):
    signal = torch.arange(float(c * n)).reshape(1, c, 1, n)
    matrix = F.unfold(signal, (1, k), stride=(1, s))[0].T.int()
    alt = small(figures.draw_window_matrix(c, n, k, s)).alt
    assert f"has {len(matrix)} rows of {c * k} numbers" in alt
    assert f"{matrix.numel()} numbers, {matrix.numel() / (c * n):.2f} times as many" in alt
    assert f"The first row is {', '.join(map(str, matrix[0].tolist()))}." in alt


def test_window_matrix_refuses():
    with pytest.raises(ValueError, match="5 channels"):
        figures.draw_window_matrix(5, 7, 3)
    with pytest.raises(ValueError, match="does not fit"):
        figures.draw_window_matrix(2, 2, 3)


def test_pictures_too_large_to_read_are_refused():
    large = np.arange(900).reshape(30, 30)
    for draw, arguments in (
        (figures.draw_window_matrix, (4, 100, 3)),
        (figures.draw_row_products, (300, 400, 3)),
        (figures.draw_layouts, (64, 100, 100, 3, 0, 0)),
        (figures.draw_view, (large, large.T, "x.T")),
        (figures.draw_two_matrices, (large, large, "abc")),
    ):
        with pytest.raises(ValueError, match="too many for one picture"):
            draw(*arguments)


def test_two_matrices_count_bands_and_inputs():
    units = torch.eye(6)[:, None]
    weights = F.conv1d(units, torch.tensor([[[1.0, 2.0, 3.0]]]))[:, 0].T.int().numpy()
    alt = small(figures.draw_two_matrices(weights, sliding_window_view(np.arange(6), 3), "abc")).alt
    assert f"4 by 6 that holds the taps a, b, c in bands, {np.count_nonzero(weights)} of 24 entries" in alt
    assert "a matrix of 4 by 3 full of inputs, 6 different ones" in alt


@pytest.mark.parametrize(
    ("c", "k", "row", "column"), [(3, 3, 1, 2), (1, 3, 0, 0), (6, 2, 4, 6), (2, 6, 0, 2), (4, 1, 5, 7)]
)
def test_layouts_count_runs_by_the_gradient(c, k, row, column):
    x = torch.zeros(c, 6, 8, requires_grad=True)
    x[:, row : row + k, column : column + k].sum().backward()
    alt = small(figures.draw_layouts(c, 6, 8, k, row, column)).alt
    for name, order in (("first, C H W", (0, 1, 2)), ("last, H W C", (1, 2, 0))):
        read = x.grad.permute(order).reshape(-1).bool()
        starts = int((read & ~torch.cat([torch.tensor([False]), read[:-1]])).sum())
        assert f"channels {name} {starts} run" in alt
        assert (
            f"of {int(read.sum()) // starts}, from place {int(read.nonzero()[0])} to {int(read.nonzero()[-1])}" in alt
        )


@pytest.mark.parametrize(("row", "column"), [(4, 0), (0, 6), (-1, 0)])
def test_layouts_refuse_windows_outside(row, column):
    with pytest.raises(ValueError, match="leaves a picture of 6×8"):
        figures.draw_layouts(3, 6, 8, 3, row, column)


@pytest.mark.parametrize(("height", "width", "k"), [(5, 5, 3), (4, 6, 2), (3, 3, 3), (5, 4, 1)])
def test_row_products_name_blocks_that_give_the_layer(height, width, k):
    alt = small(figures.draw_row_products(height, width, k)).alt
    rng = np.random.default_rng(0)
    picture, kernel = rng.standard_normal((height, width)), rng.standard_normal((k, k))
    matrix = sliding_window_view(picture, k, axis=1).reshape(-1, k)
    starts = [int(start) for start in re.search(r"from row ([\d, ]+) on", alt).group(1).split(", ")]
    size = int(re.search(r"blocks of (\d+) matrix rows", alt).group(1))
    y = sum(matrix[start : start + size] @ row for start, row in zip(starts, kernel, strict=True))
    truth = F.conv2d(torch.tensor(picture)[None, None], torch.tensor(kernel)[None, None])
    np.testing.assert_allclose(y, truth.flatten().numpy())
    assert f"holds {matrix.size} numbers, the full matrix of windows {truth.numel() * k * k}" in alt


def test_curves_say_where_they_cross():
    curves = {
        "direct": {1: 1.0, 3: 9.0, 5: 25.0},
        "low": {1: 3.0, 3: 3.0, 5: 3.0},
        "high": dict.fromkeys((1, 3, 5), 99.0),
    }
    alt = small(figures.draw_curves(curves, "side", "cost")).alt
    assert "direct begins at 1 for 1. Compared with it: low is cheaper from 3 on; high is never cheaper" in alt


def test_needs_are_said_in_bytes():
    sizes = {"stored: input": 999, "im2col": 4_720_000, "none": 0, "weights": 161_100_000_000, "huge": 5 * 10**15}
    alt = small(figures.draw_needs(sizes, "a layer")).alt
    for said in (
        "input 999 B",
        "im2col 4.72 MB",
        "none 0 B",
        "weights 161 GB",
        "huge 5,000 TB".replace("5,000", "5e+03"),
    ):
        assert said in alt, alt


def test_timings_are_said_as_medians_and_sums():
    alt = small(figures.draw_ratios({"torch": [1, 0.9, 1.2], "loops": [9000, 8000, 12000]})).alt
    assert "torch 1 (0.9 to 1.2); loops 9,000 (8,000 to 12,000)" in alt
    alt = small(figures.draw_phases({"one": {"input": 0.5, "multiply": 1.25}, "two": {"output": 3.0}})).alt
    assert "one input 0.50, multiply 1.25; two output 3.00" in alt
    layers = {"full": {"MACs": 200, "numbers": 10}, "thin": {"MACs": 50, "numbers": 12}}
    assert "MACs: full 1.000, thin 0.250; numbers: full 1.000, thin 1.200" in small(figures.draw_shares(layers)).alt


def test_view_explorer_moves():
    explorer = widgets.view_explorer()
    assert "strides (8, 48)" in explorer.output.value
    for name in ("x[:, 2]", "np.broadcast_to(x[0], (3, 6))"):  # all of them are drawn above
        assert f"strides {widgets.VIEWS[name](X).strides}" in move(explorer, view=name)
    names = explorer.controls["view"].options
    assert "in the order 0, 1, 2, 6, 7, 8, 12, 13, 14" in move(explorer, view=names[-1])
    assert "in the order 9, 10, 11, 15, 16, 17, 21, 22, 23" in move(explorer, row=1, column=3)


def test_the_sliders_of_the_window_are_disabled_where_they_move_nothing():
    explorer = widgets.view_explorer()
    names = explorer.controls["view"].options
    for name in (*names, *names[::-1]):
        move(explorer, view=name)
        for slider in ("row", "column"):
            assert explorer.controls[slider].disabled == (name in widgets.VIEWS)


def test_window_matrix_explorer_moves_and_explains_the_impossible():
    explorer = widgets.window_matrix_explorer()
    assert "30 numbers, 2.14 times" in explorer.output.value
    assert "12 numbers, 0.86 times" in move(explorer, stride=3)
    assert "Not possible" in move(explorer, length=2)
    assert "<img" in move(explorer, channels=4, kernel_size=5, stride=1, length=10)


def test_layout_explorer_moves_and_explains_the_impossible():
    explorer = widgets.layout_explorer()
    assert "9 runs of 3" in explorer.output.value
    assert "leaves a picture" in move(explorer, row=5)
    assert "1 run of 1" in move(explorer, kernel_size=1, channels=1)


def test_memory_explorer_shows_what_needs_returns_and_its_refusals():
    seen = []

    def needs(images, channels, side, filters, kernel_size, padding):
        seen.append((images, channels, side, filters, kernel_size, padding))
        if kernel_size > side + 2 * padding:
            raise ValueError("does not fit")
        return {"stored: input": 4 * images * channels * side**2, "copy": 4 * channels * (side * kernel_size) ** 2}

    explorer = widgets.memory_explorer(needs)
    assert seen == [(8, 16, 32, 32, 3, 1)]
    assert "stored: input 524 kB, copy 590 kB" in explorer.output.value
    assert "(64, 16, 32, 32) · (32, 16, 3, 3), padding 1" in move(explorer, images=64)
    assert "does not fit" in move(explorer, side=1, padding=0)
    assert "<img" in move(explorer, channels=128, side=128, filters=128, kernel_size=11, padding=5, images=1)


def test_quizzes_have_the_answers_that_numpy_and_torch_give():
    quizzes = load_quizzes()
    windows = sliding_window_view(X, (3, 3))
    assert windows.shape == (2, 4, 3, 3)
    assert np.shares_memory(X, windows)
    assert right("L5.1") == f"None beyond the {X.nbytes} bytes of x"
    assert quizzes["L5.1"].choices[1].startswith(f"{windows.nbytes} bytes")
    mixed = sliding_window_view(np.arange(14).reshape(2, 7), 3, axis=1).reshape(5, 6)
    assert mixed[0].tolist() == [0, 1, 2, 1, 2, 3]  # two windows of channel 0
    assert "mix windows" in right("L5.2")
    numbers = (64 * 56 * 56) ** 2, F.unfold(torch.zeros(1, 64, 56, 56), 3, padding=1).numel()
    assert (
        right("L5.3")
        == f"That of the weights: some {numbers[0] / 1e9:.0f} billion numbers against {numbers[1] / 1e6:.1f} million"
    )
    [full] = layer_table(nn.Conv2d(64, 128, 3, padding=1, bias=False), (64, 28, 28))
    [deep] = layer_table(nn.Conv2d(64, 64, 3, padding=1, bias=False, groups=64), (64, 28, 28))
    assert full.macs == 128 * deep.macs
    touched = 28**2 * (64 + 128) + full.parameters, 28**2 * (64 + 64) + deep.parameters
    assert right("L5.4") == f"About {touched[0] / touched[1]:.1f} times less"
    assert all(f"{count:,} numbers" in quizzes["L5.4"].because for count in touched)


@pytest.mark.parametrize("number", ["L5.1", "L5.2", "L5.3", "L5.4"])
def test_each_quiz_answers_every_choice(number):
    answers_every_choice(number)
