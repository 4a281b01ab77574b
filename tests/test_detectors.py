"""Scenes, windows and Gabor kernels of lecture 01, against direct loops."""

import numpy as np
import pytest

from course_utils import filters
from course_utils.detectors import scenes, units_see


def test_the_pattern_stands_where_it_is_said_to():
    pattern = np.arange(25.0).reshape(5, 5)
    images, places = scenes(pattern, 20, 4, np.random.default_rng(0), noise=0.0)
    assert places[:, 1].max() < 4
    for image, (row, column) in zip(images, places, strict=True):
        np.testing.assert_array_equal(image[row : row + 5, column : column + 5], pattern)
        assert image.sum() == pattern.sum()
        np.testing.assert_array_equal(units_see(image[None])[0, row, column], pattern.ravel())


def test_bad_scenes_are_told():
    with pytest.raises(ValueError, match=r"must be \(5, 5\)"):
        scenes(np.ones((3, 5)), 1, 1, np.random.default_rng(0))
    for columns in (0, 13):
        with pytest.raises(ValueError, match="between 1 and 12"):
            scenes(np.ones((5, 5)), 1, columns, np.random.default_rng(0))


def test_gabor_kernels_turn_and_answer_to_their_bar():
    upright = filters.gabor(0)
    np.testing.assert_allclose(upright, upright[::-1], atol=1e-12)
    np.testing.assert_allclose(filters.gabor(np.pi / 2), upright.T, atol=1e-12)
    assert upright[4, 4] == 1
    answers = [(upright * filters.bar(np.radians(angle))).sum() for angle in (0, 30, 60, 90)]
    assert answers == sorted(answers, reverse=True)
    np.testing.assert_allclose(filters.bar(0, shift=2)[:, 6], 1)
    with pytest.raises(ValueError, match="must be positive"):
        filters.gabor(0, side=0)
