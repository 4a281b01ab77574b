"""Lecture 02: what its figures, explorers and self-checks show, against independent sources."""

import ast
import re

import numpy as np
import pytest
import torch
from pictures import answers_every_choice, move, small
from scipy import integrate, linalg, signal

from course_utils.plots import one_dimension as figures
from course_utils.widgets import load_quizzes
from course_utils.widgets import one_dimension as explorers

QUIZZES = {"L2.1": 1, "L2.2": 2, "L2.3": 1, "L2.4": 1, "Q2": 2}


def numbers_after(words: str, text: str) -> float:
    found = re.search(re.escape(words) + r" (-?[\d.,]*\d)", text)
    assert found, f"{words!r} is not in {text!r}"
    return float(found[1].replace(",", ""))


class TestOnePosition:
    @pytest.mark.parametrize("flip", [False, True])
    @pytest.mark.parametrize("position", [1, 3, 6])
    def test_sum_is_the_one_torch_and_scipy_give(self, position, flip):
        shown = figures.one_position(position, flip)
        kernel = figures.KERNEL[::-1] if flip else figures.KERNEL
        signal_t, kernel_t = (torch.tensor([[values]], dtype=torch.float64) for values in (figures.SIGNAL, kernel))
        expected = torch.nn.functional.conv1d(signal_t, kernel_t)[0, 0].tolist()
        said = shown.alt.replace("\N{MINUS SIGN}", "-")
        assert numbers_after("sum of products is", said) == expected[position - 1]
        assert ast.literal_eval(said.split("All outputs: ")[1].rstrip(".")) == expected
        small(shown)

    def test_five_taps(self):
        shown = figures.one_position(2, False, [1, 0, 2, 0, 3], [1, 10, 100, 1000, 10000])
        assert numbers_after("sum of products is", shown.alt) == 30201

    @pytest.mark.parametrize(("position", "wanted"), [(0, -1), (7, 8), (-3, -4)])
    def test_window_outside_says_which_input_is_missing(self, position, wanted):
        with pytest.raises(ValueError, match=re.escape(f"x[{wanted}]")):
            figures.one_position(position)

    def test_even_kernel_is_refused(self):
        with pytest.raises(ValueError, match="no middle"):
            figures.one_position(3, kernel=(1, 2))


class TestFlipEffect:
    def test_differences_match_scipy(self):
        kernels = {"symmetric": (1, 2, 1), "antisymmetric": (1, 0, -1), "lopsided": (3, 2, -1)}
        pulse = [0, 0, 0, 0, 1, 1, 1, 1, 1, 0, 0, 0, 0]
        shown = figures.flip_effect(pulse, kernels)
        for name, kernel in kernels.items():
            convolved = signal.convolve(pulse, kernel, "same")
            gap = np.abs(convolved - signal.correlate(pulse, kernel, "same")).max()
            assert numbers_after(f"{name} {list(kernel)}:", shown.alt.replace("; ", " ; ")) == gap
        small(shown)

    def test_kernel_longer_than_signal_is_refused(self):
        with pytest.raises(ValueError, match="4 taps, more than the signal's 3"):
            figures.flip_effect([1, 2, 3], {"long": (1, 2, 3, 4)})


def shape(name: str, a: float, width: float) -> float:
    if a < 0 or (name != "decay" and a >= width):
        return 0.0
    return {"box": 1.0, "ramp": a / width, "decay": float(np.exp(-a / width))}[name]


class TestOverlap:
    @pytest.mark.parametrize(
        ("f", "g", "width", "t", "flip"),
        [
            ("box", "box", 1.0, 1.7, True),
            ("box", "ramp", 1.0, 0.6, True),
            ("box", "ramp", 1.0, -0.4, False),
            ("ramp", "decay", 0.5, 1.0, True),
            ("ramp", "decay", 0.5, 0.6, False),
            ("decay", "ramp", 2.0, 1.7, True),
        ],
    )
    def test_area_matches_quadrature(self, f, g, width, t, flip):
        points = sorted({p for p in (0.0, 1.0, t, t - width, t + width) if -5 < p < 11})
        exact = integrate.quad(
            lambda a: shape(f, a, 1.0) * shape(g, t - a if flip else a - t, width), -5, 11, points=points, limit=200
        )[0]
        shown = figures.overlap(t, f, g, width, flip)
        assert numbers_after("area under their product is", shown.alt) == pytest.approx(exact, abs=2e-3)
        small(shown)

    def test_two_boxes_make_a_triangle(self):
        for t, area in ((0.3, 0.3), (1.0, 1.0), (1.4, 0.6)):
            assert numbers_after("product is", figures.overlap(t, "box", "box").alt) == pytest.approx(area, abs=1e-3)

    def test_product_is_not_the_common_region(self):
        alt = figures.overlap(1.0, "ramp", "ramp").alt
        assert numbers_after("product is", alt) == pytest.approx(1 / 6, abs=1e-3)
        assert numbers_after("both curves has area", alt) == pytest.approx(1 / 4, abs=1e-3)

    def test_bad_settings_are_named(self):
        with pytest.raises(ValueError, match="no shape 'star'; there are box, ramp, decay"):
            figures.overlap(0.0, f="star")
        with pytest.raises(ValueError, match="width of g is 0"):
            figures.overlap(0.0, width=0.0)


class TestLearnedKernel:
    def test_distances(self):
        shown = figures.learned_kernel([1.0, 2.0, 4.0], {"here": [4.0, 2.0, 1.0], "there": [1.0, 2.0, 3.5]})
        assert "here: farthest weight 3.000 from the kernel, 0.000 from its reverse" in shown.alt
        assert "there: farthest weight 0.500 from the kernel, 3.000 from its reverse" in shown.alt
        small(shown)

    def test_other_length_is_refused(self):
        with pytest.raises(ValueError, match="2 taps and the kernel 3"):
            figures.learned_kernel([1, 2, 3], {"short": [1, 2]})


class TestBandedMatrix:
    def test_sixteen_of_36(self):
        shown = figures.banded_matrix()
        assert "16 of 36 entries are not zero, with 3 distinct values" in shown.alt
        small(shown)

    @pytest.mark.parametrize(("stride", "padding"), [(1, 0), (2, 1), (3, 2), (2, 0)])
    def test_count_matches_scipy(self, stride, padding):
        whole = linalg.convolution_matrix([-1, 2, 3], 7 + 2 * padding, "valid")[::stride]
        matrix = whole[:, padding : whole.shape[1] - padding]
        shown = figures.banded_matrix(3, 2, -1, stride, 7, padding)
        assert f"a {matrix.shape[0]} × 7 matrix: {np.count_nonzero(matrix)} of {matrix.size} entries" in shown.alt

    def test_equal_taps_are_one_value(self):
        assert "with 1 distinct values" in figures.banded_matrix(2, 2, 2).alt
        assert "6 of 36 entries are not zero" in figures.banded_matrix(0, -2.5, 0).alt

    def test_largest_setting_stays_small(self):
        small(figures.banded_matrix(-2.5, -1.5, -0.5, 1, 10, 2))

    def test_bad_settings_are_named(self):
        with pytest.raises(ValueError, match="does not fit"):
            figures.banded_matrix(n=1, padding=0)
        with pytest.raises(ValueError, match="stride is 0"):
            figures.banded_matrix(stride=0)
        with pytest.raises(ValueError, match="all three taps are 0"):
            figures.banded_matrix(0, 0, 0)


class TestMatrixPattern:
    def test_two_dimensional_layer_as_a_matrix(self):
        torch.manual_seed(7)
        layer = torch.nn.Conv2d(3, 4, 3, padding=1, bias=False)
        with torch.no_grad():
            matrix = layer(torch.eye(192).view(192, 3, 8, 8)).flatten(1).T.numpy()
        shown = figures.matrix_pattern(matrix)
        assert "256 × 192 entries" in shown.alt
        assert "5,808 of 49,152 are not zero, with 108 distinct values" in shown.alt
        small(shown)

    def test_bad_input_is_named(self):
        with pytest.raises(ValueError, match="two axes, this has 1"):
            figures.matrix_pattern(np.ones(4))
        with pytest.raises(ValueError, match="between 1 and 3"):
            figures.matrix_pattern(np.ones((3, 5)), zoom=4)


class TestChannelPairs:
    @pytest.mark.parametrize("channels", [1, 2, 3, 4])
    def test_pairs_are_those_of_a_full_convolution(self, channels):
        shown = figures.channel_pairs(channels)
        lengths = np.convolve(np.ones(channels), np.ones(channels))
        pairs = [ast.literal_eval(found) for found in re.findall(r"pairs (\[.*?\])", shown.alt)]
        assert pairs[0] == [(k, k) for k in range(channels)]
        assert [len(panel) for panel in pairs[1:]] == lengths.tolist()
        assert all(k + j == c for c, panel in enumerate(pairs[1:]) for k, j in panel)
        small(shown)

    def test_too_many_are_refused(self):
        with pytest.raises(ValueError, match="1 to 4"):
            figures.channel_pairs(5)


class TestExplorers:
    @pytest.mark.parametrize(
        ("make", "good", "impossible", "reason"),
        [
            (
                explorers.one_position,
                [{"position": 1}, {"position": 6}, {"flip": True}],
                {"position": 7},
                "asks for x[8]",
            ),
            (
                explorers.overlap,
                [{"shift": 5.0}, {"f": "decay"}, {"flip": False}],
                {"width": 0.0},
                "without width",
            ),
            (
                explorers.banded_matrix,
                [{"stride": 4}, {"left": -3.0}, {"n": 1}],
                {"n": 1, "padding": 0, "stride": 1},
                "does not fit",
            ),
        ],
    )
    def test_moves_refuses_and_comes_back(self, make, good, impossible, reason):
        explorer = make()
        start = explorer.output.value
        assert start.startswith("<img")
        pictures = {start}
        for values in good:
            assert move(explorer, **values).startswith("<img")
            pictures.add(explorer.output.value)
        assert len(pictures) == len(good) + 1
        assert "Not possible" in move(explorer, **impossible)
        assert reason in explorer.output.value
        assert move(explorer, **make().values()) == start

    @pytest.mark.slow
    @pytest.mark.parametrize("make", [explorers.one_position, explorers.overlap, explorers.banded_matrix])
    def test_every_extreme_draws_or_explains(self, make):
        for name, control in make().controls.items():
            for end in ("min", "max"):
                if hasattr(control, end):
                    assert move(make(), **{name: getattr(control, end)}).startswith(("<img", '<p role="alert">'))


class TestQuizzes:
    @pytest.mark.parametrize("number", QUIZZES)
    def test_right_index_and_a_response_to_each_choice(self, number):
        assert load_quizzes()[number].answer == QUIZZES[number]
        answers_every_choice(number, words=6)

    def test_l21_reversed_kernel(self):
        x, w = np.array([1.0, 4, 2, 0, 3]), np.array([3.0, 2, -1])
        given = {0: (x, w), 1: (x, w[::-1]), 2: (x[::-1], w[::-1]), 3: (x, -w)}
        true = signal.convolve(x, w, "valid")
        right = [i for i, (a, b) in given.items() if np.array_equal(signal.correlate(a, b, "valid"), true)]
        assert right == [QUIZZES["L2.1"]]

    def test_l22_exchange_reverses(self):
        choices = load_quizzes()["L2.2"].choices
        a, b = np.array([4, 9, 2, 7]), np.array([1])
        exchanged = ", ".join(str(value) for value in signal.correlate(b, a, "full"))
        assert choices.index(exchanged) == QUIZZES["L2.2"]

    def test_l23_counts(self):
        matrix = linalg.convolution_matrix([3, 2, -1], 100, "same")
        assert load_quizzes()["L2.3"].choices.index(str(np.count_nonzero(matrix))) == QUIZZES["L2.3"]

    def test_l24_taps(self):
        taps = len(signal.convolve([3, 2, -1], [1, -2, 4]))
        assert load_quizzes()["L2.4"].choices.index(str(taps)) == QUIZZES["L2.4"]
