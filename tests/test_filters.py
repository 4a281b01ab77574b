"""Kernels and what they do, against SciPy, FFT and counting."""

import numpy as np
import pytest
from scipy import signal

from course_utils import filters
from course_utils.data import photograph

NAMED = filters.KERNEL_NAMES


@pytest.mark.parametrize(
    ("name", "total", "corner"),
    [("blur", 8, 0), ("sharpen", 4, 12), ("edge", 0, 8), ("Sobel", 0, 0), ("Prewitt", 0, 0), ("identity", 1, 1)],
)
def test_gains_of_classic_kernels(name: str, total: float, corner: float) -> None:
    kernel = filters.classic_kernel(name)
    assert filters.dc_gain(kernel) == total
    assert filters.frequency_gain(kernel, np.pi, np.pi) == pytest.approx(corner, abs=1e-12)
    flat = signal.correlate2d(np.ones((5, 5)), kernel, mode="valid")
    assert np.allclose(flat, total)


@pytest.mark.parametrize(("name", "factor"), [("blur", 8), ("sharpen", 4)])
def test_normalised_kernels_keep_brightness(name: str, factor: int) -> None:
    normalised = filters.classic_kernel(f"{name} / {factor}")
    assert filters.dc_gain(normalised) == 1
    assert np.array_equal(normalised * factor, filters.classic_kernel(name))


def test_prewitt_and_sobel_have_rank_one_and_turn_their_sign() -> None:
    for name in ("Sobel", "Prewitt"):
        kernel = filters.classic_kernel(name)
        assert np.linalg.matrix_rank(kernel) == 1
        assert np.array_equal(kernel[::-1, ::-1], -kernel)


def test_a_kernel_is_handed_out_as_a_copy() -> None:
    filters.classic_kernel("edge")[:] = 7
    assert filters.dc_gain(filters.classic_kernel("edge")) == 0


@pytest.mark.parametrize("name", NAMED)
def test_gain_map_is_the_fourier_transform(name: str) -> None:
    kernel = filters.classic_kernel(name)
    grid = filters.gain_map(kernel, points=17)
    by_fft = np.abs(np.fft.fftshift(np.fft.fft2(kernel, s=(16, 16))))
    assert np.allclose(grid[:-1, :-1], by_fft)
    assert grid[8, 8] == pytest.approx(abs(filters.dc_gain(kernel)))
    assert grid[0, 12] == pytest.approx(filters.frequency_gain(kernel, -np.pi, np.pi / 2))


@pytest.mark.parametrize("name", ["china", "flower"])
def test_photograph_response_is_a_cross_correlation(name: str) -> None:
    kernel = filters.classic_kernel("Sobel")
    image = photograph(name, 40)
    wanted = signal.convolve2d(image, kernel[::-1, ::-1], mode="valid")
    assert np.allclose(filters.photograph_response(name, kernel, 40), wanted)


@pytest.mark.parametrize("law", filters.LAWS)
def test_overshoot_rate_is_one_minus_one_over_k(law: str) -> None:
    for k in (2, 3, 5, 7, 11):
        rate = filters.overshoots(filters.random_kernels(10_000, 2, k, seed=k, law=law)).mean()
        assert rate == pytest.approx(1 - 1 / k, abs=0.02)


@pytest.mark.parametrize("k", [1, 2, 3, 4, 5, 6])
def test_exact_count_of_overshoots(k: int) -> None:
    sizes = list(np.random.default_rng(k).uniform(0.1, 3.0, k))
    some, every = filters.overshoot_share_exact(sizes)
    assert some * k == every * (k - 1)


def test_step_profile_is_a_response_to_a_step() -> None:
    kernel = filters.random_kernels(1, 3, 5, seed=1)[0]
    step = np.zeros((3, 10))
    step[:, 5:] = 1.0
    wanted = signal.correlate2d(step, kernel, mode="valid")[0]
    assert np.allclose(filters.step_profiles(kernel[None])[0], wanted)


def test_overshoots_of_known_kernels() -> None:
    known = np.stack([filters.classic_kernel(name) for name in ("blur", "sharpen", "edge", "Sobel")])
    assert filters.overshoots(known).tolist() == [False, True, True, True]


def test_random_kernels_repeat_with_their_seed() -> None:
    first, again = (filters.random_kernels(3, 2, 4, seed=5) for _ in range(2))
    assert first.shape == (3, 2, 4)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, filters.random_kernels(3, 2, 4, seed=6))


@pytest.mark.parametrize("ruler", ["spread", "range"])
def test_edge_strength_ignores_contrast(ruler: str) -> None:
    image = photograph("china", 30)
    assert filters.edge_strength(3 * image + 7, ruler) == pytest.approx(filters.edge_strength(image, ruler))
    stripes = np.tile([0.0, 1.0], (4, 3))
    assert filters.edge_strength(stripes, ruler) == pytest.approx(2.0 if ruler == "spread" else 1.0)


def test_worked_windows_are_the_convolution() -> None:
    image, kernel = np.array(filters.WORKED_IMAGE), np.array(filters.WORKED_KERNEL)
    for full, mode in ((False, "valid"), (True, "full")):
        for turn, function in ((True, signal.convolve2d), (False, signal.correlate2d)):
            wanted = function(image, kernel, mode=mode)
            for number in range(wanted.size):
                at = filters.worked_window(number + 1, full, turn)
                assert at.running_sums()[-1] == wanted[at.row, at.column]
    assert [filters.worked_window(n).running_sums()[-1] for n in (1, 2, 3, 4)] == [45, 110, 40, 40]
    assert filters.worked_window(2).running_sums() == [80, 100, 110, 110]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: filters.classic_kernel("Canny"), "no kernel 'Canny'"),
        (lambda: filters.dc_gain(np.ones(3)), "two axes"),
        (lambda: filters.dc_gain(np.ones((0, 3))), "at least one weight"),
        (lambda: filters.frequency_gain(np.full((2, 2), np.nan), 0, 0), "finite"),
        (lambda: filters.gain_map(np.ones((3, 3)), points=2), "points is 2"),
        (lambda: filters.photograph_response("cat", np.ones((3, 3))), "no photograph"),
        (lambda: filters.photograph_response("china", np.ones((9, 9)), 8), "does not fit"),
        (lambda: filters.random_kernels(0, 3, 3), "count is 0"),
        (lambda: filters.random_kernels(1, 3, 0), "columns is 0"),
        (lambda: filters.random_kernels(1, 3, 3, seed=-1), "seed is -1"),
        (lambda: filters.random_kernels(1, 3, 3, law="poisson"), "no law"),
        (lambda: filters.step_profiles(np.ones((3, 3))), "axes"),
        (lambda: filters.overshoots(np.ones(3)), "axes"),
        (lambda: filters.overshoot_share_exact([]), "one to seven"),
        (lambda: filters.overshoot_share_exact([1.0, 0.0]), "positive"),
        (lambda: filters.overshoot_share_exact([1.0] * 8), "one to seven"),
        (lambda: filters.edge_strength(np.ones((3, 3))), "constant"),
        (lambda: filters.edge_strength(np.eye(3), "metre"), "no ruler"),
        (lambda: filters.worked_window(5), "no window 5"),
        (lambda: filters.worked_window(0, full=True), "no window 0"),
    ],
)
def test_bad_input_is_named(call, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()
