"""Random translations: no oracle knows the draws, so what comes back is diagnosed, picture by picture."""

from itertools import product

import numpy as np
import torch
from hypothesis import strategies as st
from scipy.stats import chi2

from course_utils.checks import call, describe, failure
from course_utils.grading.exercise import Call, Exercise, Facet, call_copy, same_refusals

from .inputs import generator, seeds
from .world import seeded

SHIFTED = "every picture is shifted as a whole, zeros come in, and nothing moves too far"
EVEN = "every pair of shifts is as likely as every other, for each picture anew, and the seed decides"
MANY, RARE = 900, 1e-7


def _moved(images, down, right, how):
    """Return pictures that are moved, with what comes in at the border: "constant" (zeros), "edge" or "wrap"."""
    reach, (h, w) = max(abs(down), abs(right), 1), images.shape[2:]
    wide = np.pad(images, ((0, 0), (0, 0), (reach, reach), (reach, reach)), mode=how)
    return wide[:, :, reach - down : reach - down + h, reach - right : reach - right + w]


def _found(images, moved, most, how="constant"):
    """Return for each picture the shift (down, right) that explains it, as an index; -1 where none does."""
    found = np.full(len(images), -1)
    for number, (down, right) in enumerate(product(range(-most, most + 1), repeat=2)):
        same = (_moved(images, down, right, how) == moved).all(axis=(1, 2, 3))
        found[same & (found < 0)] = number
    return found


def _diagnosis(images, moved, most):
    """Return in words what happened to the pictures."""
    if not isinstance(moved, np.ndarray) or moved.shape != images.shape:
        return f"{describe(moved)} came back, and an array of shape {images.shape} was wanted"
    if (_found(images, moved, most) >= 0).all():
        return SHIFTED
    for how, words in (
        ("wrap", "what leaves the picture comes in on the other side"),
        ("edge", "the border is repeated"),
    ):
        if (_found(images, moved, most, how) >= 0).all():
            return words
    if (_found(images, moved, min(2 * most, min(images.shape[2:]))) >= 0).all():
        return f"some pictures move by more than {most}"
    return "some pictures are not what they were, moved by whole pixels with zeros coming in"


def shifted(_exercise, function, asked):
    """Judge whether every picture is a shifted copy of the one that came."""
    images, most, *_ = asked.args
    outcome = call_copy(function, asked)
    if outcome.error is None:
        outcome = call(_diagnosis, (images, outcome.value, most))
    fault = failure(outcome, SHIFTED)
    return outcome, fault and (f"{outcome.value}." if outcome.error is None else fault)


def _spread(function, most, seed):
    """Return in words how the shifts of many pictures are spread."""
    images = np.broadcast_to(np.arange(1.0, 31).reshape(1, 1, 5, 6), (MANY, 1, 5, 6)).copy()
    first, again, other = (_found(images, function(images.copy(), most, each), most) for each in (seed, seed, seed + 1))
    side = 2 * most + 1
    times = np.bincount(first[first >= 0], minlength=side * side)
    if (first < 0).any():
        return "not all pictures are shifted by whole pixels, with zeros"
    if not np.array_equal(first, again):
        return "the same seed gives other shifts each time"
    if (times > 0).sum() == 1:
        return "all pictures get the same shift"
    if np.array_equal(first, other):
        return "another seed gives the same shifts"
    down, right = first // side, first % side
    if np.array_equal(down, right):
        return "down and right are always equal"
    lines = [np.bincount(each, minlength=side) for each in (down, right)]
    for name, line in zip(("down", "right"), lines):
        missing = [str(step - most) for step in range(side) if not line[step]]
        if missing:
            return f"no picture moves {name} by {' or '.join(missing)}"
    expected = MANY / side**2
    uneven = ((times - expected) ** 2 / expected).sum() > chi2.isf(RARE, side**2 - 1)
    return "some shifts are far more frequent than others" if uneven else EVEN


def even(_exercise, function, asked):
    """Judge how the shifts of many pictures are spread; the call says how far, and the seed."""
    _, most, seed = asked.args
    outcome = call(_spread, (function, most, seed))
    fault = failure(outcome, EVEN)
    return outcome, fault and (f"of {MANY:,} pictures: {outcome.value}." if outcome.error is None else fault)


def care(_exercise, function, asked):
    """Judge whether the pictures are as they were, and the result has their dtype and is no view of them."""
    images = asked.args[0].copy()

    def ask():
        moved = function(images, *asked.args[1:])
        same = "pictures as they were" if np.array_equal(images, asked.args[0]) else "pictures changed"
        return [str(moved.dtype), same]

    outcome = call(ask)
    return outcome, failure(outcome, [str(images.dtype), "pictures as they were"])


def _expected(_images, _most, _seed):
    return f"{SHIFTED}; {EVEN}"


def _pictures(seed, *shape):
    return generator(seed).permutation(np.arange(1.0, np.prod(shape) + 1)).reshape(shape)


@st.composite
def _calls(draw):
    shape = draw(st.integers(1, 9)), draw(st.integers(1, 3)), draw(st.integers(2, 6)), draw(st.integers(2, 6))
    return Call((_pictures(draw(seeds), *shape), draw(st.integers(0, min(shape[2:]) - 1)), draw(seeds)))


def _many(most, seed):
    return Call((np.arange(1.0, 31).reshape(1, 1, 5, 6), most, seed))


SMALL = Call((_pictures(1, 8, 2, 4, 5), 2, 7))
CALLS = (SMALL, Call((_pictures(2, 9, 1, 3, 6), 1, 3)), Call((_pictures(3, 5, 3, 4, 2), 1, 0)),
         Call((_pictures(4, 3, 2, 3, 4), 0, 5)), Call((_pictures(6, 40, 1, 6, 4), 3, 9)))  # fmt: skip
IMAGES = SMALL.args[0]

random_translate = Exercise(
    "random_translate",
    _expected,
    "lecture 09, section 09.13",
    {
        "values": Facet(shifted, CALLS, _calls(), 20),
        "uniform": Facet(even, (_many(2, 5), _many(1, 0))),
        "care": Facet(care, (SMALL, Call((IMAGES.astype(np.float32), 2, 1)), Call((IMAGES, 0, 1)))),
        "refusals": Facet(same_refusals, (
            Call((IMAGES, -1, 0), note="most is −1"),
            Call((IMAGES, 4, 0), note="the pictures are 4 high: a shift by 4 would leave nothing of them"),
            Call((IMAGES[:, :, :, :2], 2, 0), note="the pictures are 2 wide: a shift by 2 would leave nothing of them"),
            Call((IMAGES, 9, 0), note="most is 9, and the pictures are 4 × 5"),
        )),
    },
)  # fmt: skip


@random_translate.alternative
def translate_by_padding(images, most, seed):
    n, _, h, w = images.shape
    if not 0 <= most < min(h, w):
        raise ValueError(f"most is {most}; it must lie between 0 and {min(h, w) - 1}")
    rng = np.random.default_rng(seed)
    wide = np.pad(images, ((0, 0), (0, 0), (most, most), (most, most)))
    corners = rng.integers(0, 2 * most, size=(n, 2), endpoint=True)
    return np.stack([each[:, top : top + h, left : left + w] for each, (top, left) in zip(wide, corners)])


@random_translate.alternative
def translate_by_slices(images, most, seed):
    h, w = images.shape[2:]
    if most < 0 or most >= h or most >= w:
        raise ValueError("most does not fit the pictures")
    rng = np.random.default_rng([3, seed])
    moved = np.zeros_like(images)
    for new, old in zip(moved, images):
        down, right = rng.integers(-most, most + 1, 2)
        to = slice(max(down, 0), h + min(down, 0)), slice(max(right, 0), w + min(right, 0))
        fro = slice(max(-down, 0), h + min(-down, 0)), slice(max(-right, 0), w + min(-right, 0))
        new[:, to[0], to[1]] = old[:, fro[0], fro[1]]
    return moved


@random_translate.alternative
def translate_by_matrices(images, most, seed):
    h, w = images.shape[2:]
    if min(most, h - 1 - most, w - 1 - most) < 0:
        raise ValueError("most does not fit the pictures")
    steps = torch.randint(-most, most + 1, (2, len(images)), generator=seeded(seed)).numpy()
    rows, columns = (
        np.stack([np.eye(side, k=-step, dtype=images.dtype) for step in part]) for side, part in zip((h, w), steps)
    )
    return np.einsum("nij,ncjk,nlk->ncil", rows, images, columns)


@random_translate.misconception(
    "The pictures are rolled: what leaves on one side comes in on the other. Zeros should come in.",
    "examples values uniform",
)
def translate_rolled(images, most, seed):
    n, _, h, w = images.shape
    if not 0 <= most < min(h, w):
        raise ValueError("most does not fit the pictures")
    steps = np.random.default_rng(seed).integers(-most, most + 1, (n, 2))
    return np.stack([np.roll(each, tuple(step), axis=(1, 2)) for each, step in zip(images, steps)])


@random_translate.misconception(
    "One shift is drawn for the whole batch; each picture should get its own.", "examples uniform"
)
def translate_all_alike(images, most, seed):
    h, w = images.shape[2:]
    if not 0 <= most < min(h, w):
        raise ValueError("most does not fit the pictures")
    wide = np.pad(images, ((0, 0), (0, 0), (most, most), (most, most)))
    top, left = np.random.default_rng(seed).integers(0, 2 * most + 1, 2)
    return wide[:, :, top : top + h, left : left + w].copy()


@random_translate.misconception(
    "The largest shift is never drawn: the upper end of rng.integers is left out unless you say endpoint=True.",
    "examples uniform",
)
def translate_without_the_last(images, most, seed):
    n, _, h, w = images.shape
    if not 0 <= most < min(h, w):
        raise ValueError("most does not fit the pictures")
    wide = np.pad(images, ((0, 0), (0, 0), (most, most), (most, most)))
    corners = np.random.default_rng(seed).integers(0, max(2 * most, 1), (n, 2))
    return np.stack([each[:, top : top + h, left : left + w] for each, (top, left) in zip(wide, corners)])


@random_translate.misconception("The pictures move to one side only: draw from −most to most.", "examples uniform")
def translate_one_way(images, most, seed):
    n, _, h, w = images.shape
    if not 0 <= most < min(h, w):
        raise ValueError("most does not fit the pictures")
    wide = np.pad(images, ((0, 0), (0, 0), (most, most), (most, most)))
    corners = np.random.default_rng(seed).integers(0, most + 1, (n, 2))
    return np.stack([each[:, top : top + h, left : left + w] for each, (top, left) in zip(wide, corners)])


@random_translate.misconception(
    "Down and right get the same number, so the pictures move along a diagonal only: draw two numbers for each.",
    "examples uniform",
)
def translate_diagonally(images, most, seed):
    n, _, h, w = images.shape
    if not 0 <= most < min(h, w):
        raise ValueError("most does not fit the pictures")
    wide = np.pad(images, ((0, 0), (0, 0), (most, most), (most, most)))
    corners = np.random.default_rng(seed).integers(0, 2 * most + 1, n)
    return np.stack([each[:, top : top + h, top : top + w] for each, top in zip(wide, corners)])


@random_translate.misconception(
    "The shifts are normal numbers, rounded and clipped, so that small ones come far too often; all should be equally likely.",
    "uniform",
)
def translate_normally(images, most, seed):
    n, _, h, w = images.shape
    if not 0 <= most < min(h, w):
        raise ValueError("most does not fit the pictures")
    wide = np.pad(images, ((0, 0), (0, 0), (most, most), (most, most)))
    corners = np.random.default_rng(seed).normal(most, 0.6 * most, (n, 2)).round().clip(0, 2 * most).astype(int)
    return np.stack([each[:, top : top + h, left : left + w] for each, (top, left) in zip(wide, corners)])


@random_translate.misconception(
    "The rows at the border are repeated instead of zeros coming in.", "examples values uniform"
)
def translate_with_edges(images, most, seed):
    n, _, h, w = images.shape
    if not 0 <= most < min(h, w):
        raise ValueError("most does not fit the pictures")
    wide = np.pad(images, ((0, 0), (0, 0), (most, most), (most, most)), mode="edge")
    corners = np.random.default_rng(seed).integers(0, 2 * most + 1, (n, 2))
    return np.stack([each[:, top : top + h, left : left + w] for each, (top, left) in zip(wide, corners)])


@random_translate.misconception(
    "The seed is not used, so nobody can repeat the result: draw from np.random.default_rng(seed).",
    "examples uniform",
)
def translate_unseeded(images, most, seed):
    n, _, h, w = images.shape
    if not 0 <= most < min(h, w):
        raise ValueError("most does not fit the pictures")
    wide = np.pad(images, ((0, 0), (0, 0), (most, most), (most, most)))
    corners = np.random.default_rng().integers(0, 2 * most + 1, (n, 2))
    return np.stack([each[:, top : top + h, left : left + w] for each, (top, left) in zip(wide, corners)])


@random_translate.misconception(
    "The generator always starts from the same number, whatever the seed: every epoch would see the same shifts.",
    "examples uniform",
)
def translate_with_a_fixed_seed(images, most, seed):
    n, _, h, w = images.shape
    if not 0 <= most < min(h, w):
        raise ValueError("most does not fit the pictures")
    wide = np.pad(images, ((0, 0), (0, 0), (most, most), (most, most)))
    corners = np.random.default_rng(0).integers(0, 2 * most + 1, (n, 2))
    return np.stack([each[:, top : top + h, left : left + w] for each, (top, left) in zip(wide, corners)])


@random_translate.misconception(
    "Each channel of a picture gets a shift of its own, which tears the colours apart: one shift for each picture.",
    "values",
)
def translate_channels_apart(images, most, seed):
    n, c, h, w = images.shape
    if not 0 <= most < min(h, w):
        raise ValueError("most does not fit the pictures")
    wide = np.pad(images, ((0, 0), (0, 0), (most, most), (most, most))).reshape(n * c, h + 2 * most, w + 2 * most)
    corners = np.random.default_rng(seed).integers(0, 2 * most + 1, (n * c, 2))
    cut = [each[top : top + h, left : left + w] for each, (top, left) in zip(wide, corners)]
    return np.stack(cut).reshape(images.shape)


@random_translate.misconception("The pictures are shifted in place; the caller still needs them.", "care")
def translate_in_place(images, most, seed):
    n, _, h, w = images.shape
    if not 0 <= most < min(h, w):
        raise ValueError("most does not fit the pictures")
    wide = np.pad(images, ((0, 0), (0, 0), (most, most), (most, most)))
    corners = np.random.default_rng(seed).integers(0, 2 * most + 1, (n, 2))
    for image, each, (top, left) in zip(images, wide, corners):
        image[...] = each[:, top : top + h, left : left + w]
    return images


@random_translate.misconception(
    "Shifts that leave nothing of a picture, or a negative `most`, are let through; the statement asks for a ValueError.",
    "examples refusals",
)
def translate_unchecked(images, most, seed):
    n, _, h, w = images.shape
    most = max(most, 0)
    wide = np.pad(images, ((0, 0), (0, 0), (most, most), (most, most)))
    corners = np.random.default_rng(seed).integers(0, 2 * most + 1, (n, 2))
    return np.stack([each[:, top : top + h, left : left + w] for each, (top, left) in zip(wide, corners)])
