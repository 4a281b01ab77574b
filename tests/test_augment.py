"""Fields and the pictures they make: against SciPy's own transforms, by hand, and by statistics."""

import numpy as np
import pytest
from scipy import ndimage

from course_utils import augment
from course_utils.data import Split

PICTURES = np.random.default_rng(0).random((5, 2, 9, 9)).astype(np.float32)


def split(size, count=6):
    x = np.random.default_rng(1).random((count, 1, size, size)).astype(np.float32)
    return Split(x, np.arange(count), x[:3], np.arange(3), "made up")


def test_moves_are_those_of_slices_and_lose_what_leaves():
    down = augment.warped(PICTURES, augment.plane_field((9, 9), down=2, right=-1))
    wanted = np.zeros_like(PICTURES)
    wanted[:, :, 2:, :-1] = PICTURES[:, :, :-2, 1:]
    assert down.dtype == np.float32
    assert np.allclose(down, wanted, atol=1e-6)


@pytest.mark.parametrize("angle", [90, 180, -90])
def test_quarter_turns_are_those_of_numpy(angle):
    turned = augment.warped(PICTURES, augment.plane_field((9, 9), angle=angle))
    assert np.allclose(turned, np.rot90(PICTURES, angle // 90, axes=(2, 3)), atol=1e-5)


def test_mirroring_swaps_left_and_right_on_even_and_odd_sizes():
    for size in (8, 9):
        pictures = PICTURES[..., :size, :size]
        mirrored = augment.warped(pictures, augment.plane_field((size, size), mirrored=True))
        assert np.allclose(mirrored, pictures[..., ::-1], atol=1e-5)


@pytest.mark.parametrize(("angle", "scale"), [(20, 1.0), (0, 1.3), (-35, 0.7)])
def test_turns_and_sizes_are_those_of_scipy(angle, scale):
    picture = np.zeros((21, 21))
    picture[6:15, 8:12] = 1.0
    cos, sin = np.cos(np.radians(angle)) / scale, np.sin(np.radians(angle)) / scale
    back = np.array([[cos, sin], [-sin, cos]])
    wanted = ndimage.affine_transform(picture, back, offset=10 - back @ np.array([10, 10]), order=1)
    made = augment.warped(picture[None], augment.plane_field((21, 21), angle=angle, scale=scale))[0]
    assert np.allclose(made, wanted, atol=1e-12)
    assert (made.sum() > picture.sum()) == (scale > 1) or scale == 1


def test_the_steps_come_in_the_order_that_is_promised():
    at_once = augment.warped(PICTURES, augment.plane_field((9, 9), mirrored=True, angle=90, down=1))
    one_by_one = PICTURES
    for change in ({"mirrored": True}, {"angle": 90}, {"down": 1}):
        one_by_one = augment.warped(one_by_one, augment.plane_field((9, 9), **change))
    assert np.allclose(at_once, one_by_one, atol=1e-5)


def test_each_picture_may_have_a_field_of_its_own():
    fields = np.stack([augment.plane_field((9, 9), right=step) for step in range(5)], axis=1)
    many = augment.warped(PICTURES[:, 0], fields)
    for number in range(5):
        alone = augment.warped(PICTURES[number : number + 1, 0], fields[:, number])
        assert np.array_equal(many[number : number + 1], alone)
    crowd = np.tile(PICTURES[:, 0], (201, 1, 1))
    stepped = np.stack([augment.plane_field((9, 9), right=number % 2) for number in range(len(crowd))], axis=1)
    made = augment.warped(crowd, stepped)  # more than are done at once
    assert np.array_equal(made[::2], crowd[::2])
    assert np.allclose(made[1::2, :, 1:], crowd[1::2, :, :-1], atol=1e-6)
    between = augment.warped(PICTURES[:, :1], augment.plane_field((9, 9), right=0.25))
    wanted = 0.75 * PICTURES[:, :1, :, 4] + 0.25 * PICTURES[:, :1, :, 3]
    assert np.allclose(between[..., 4], wanted, atol=1e-6)


def test_random_fields_have_the_size_that_the_rule_says():
    for alpha, sigma in ((8, 1), (34, 4), (-20, 2.5)):
        field = augment.random_field((100, 40, 40), alpha, sigma, np.random.default_rng(0))
        assert field.shape == (2, 100, 40, 40)
        assert np.sqrt((field**2).mean()) == pytest.approx(augment.mean_displacement(alpha, sigma), rel=0.03)
    rough = augment.random_field((30, 40), 3, 0, np.random.default_rng(0))
    assert np.array_equal(rough, 3 * np.random.default_rng(0).uniform(-1, 1, (2, 30, 40)))
    border = augment.random_field((400, 12, 12), 5, 2, np.random.default_rng(0)).std(axis=(0, 1))
    assert border.max() / border.min() < 1.15, "no place moves less than another"


def test_what_is_turned_inside_out_is_found():
    assert augment.folded(augment.plane_field((20, 20), angle=30, scale=1.5)) == 0
    assert augment.folded(augment.plane_field((20, 20), mirrored=True)) == 1
    half = np.zeros((2, 20, 20))
    half[1, :, 10:] = -2 * (np.arange(10) + 0.5)  # the right half runs backwards
    assert augment.folded(half) == pytest.approx(0.5, abs=0.06)


def test_frames_enlarge_only_what_is_small():
    small = augment.framed(split(8), 16)
    assert small.x_train.shape == (6, 1, 16, 16)
    assert small.name == "made up"
    assert (small.x_train[..., :2] == 0).all()
    assert (small.x_train[..., 2, 2:14] > 0).any()
    ratio = small.x_train.sum(axis=(1, 2, 3)) / split(8).x_train.sum(axis=(1, 2, 3))
    assert ratio == pytest.approx(np.full(6, 1.5**2), rel=0.05)
    padded = augment.framed(split(28), 32)
    assert np.array_equal(padded.x_test[..., 2:30, 2:30], split(28).x_test)
    assert augment.framed(split(13), 16).x_test.shape == (3, 1, 16, 16), "an odd rest is shared out unevenly"
    large = split(20)
    assert augment.framed(large, 16) is large


def test_shifted_copies_are_five_times_as_many_and_leave_the_test_alone():
    data = split(8)
    made = augment.with_shifted_copies(data)
    assert made.x_train.shape == (30, 1, 8, 8)
    assert made.y_train.tolist() == data.y_train.tolist() * 5
    assert np.array_equal(made.x_train[:6], data.x_train)
    up = made.x_train[6:12]
    assert np.allclose(up[:, :, :-1], data.x_train[:, :, 1:], atol=1e-6)
    assert not up[:, :, -1].any()
    assert made.x_test is data.x_test


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: augment.random_field((8, 8), 1, -1, np.random.default_rng(0)), "sigma is -1"),
        (lambda: augment.random_field((8,), 1, 1, np.random.default_rng(0)), "shape"),
        (lambda: augment.mean_displacement(1, 0.5), "needs 1 or more"),
        (lambda: augment.plane_field((8, 8), scale=0), "above 0"),
        (lambda: augment.warped(PICTURES, np.zeros((2, 8, 9))), "do not go together"),
        (lambda: augment.warped(PICTURES, np.zeros((2, 4, 9, 9))), "do not go together"),
        (lambda: augment.warped(PICTURES[0, 0], np.zeros((2, 9, 9))), "do not go together"),
        (lambda: augment.folded(np.zeros((3, 9, 9))), r"must be \(2, H, W\)"),
        (lambda: augment.framed(split(8), 8, margin=4), "square, with room"),
    ],
)
def test_bad_input_is_told(call, message):
    with pytest.raises(ValueError, match=message):
        call()
