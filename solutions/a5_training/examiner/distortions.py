"""Elastic distortion: the oracle is SciPy's gaussian_filter and map_coordinates."""

import numpy as np
import torch
import torch.nn.functional as F
from hypothesis import strategies as st
from scipy import ndimage

from course_utils.grading.exercise import Call, Exercise, Facet, same_dtype, same_refusals, same_values, untouched

from .inputs import few, generator, seeds, whole


def _distorted(images, noise, alpha, sigma):
    result, places = np.empty(images.shape, images.dtype), np.indices(images.shape[2:]).astype(float)
    for number, field in enumerate(noise):
        smooth = [ndimage.gaussian_filter(part.astype(float), sigma, mode="constant", truncate=4.0) for part in field]
        for channel in range(images.shape[1]):
            read = ndimage.map_coordinates(
                images[number, channel].astype(float), places + alpha * np.stack(smooth), order=1, mode="nearest"
            )
            result[number, channel] = read
    return result


def _call(seed, shape, alpha, sigma):
    rng = generator(seed)
    return Call((whole(rng, *shape), rng.uniform(-1, 1, (shape[0], 2, *shape[2:])).round(2), alpha, sigma))


@st.composite
def _calls(draw):
    shape = draw(few), draw(few), draw(st.integers(1, 6)), draw(st.integers(1, 7))
    alpha = draw(st.sampled_from([1.0, 3.0, -2.0, 8.0, 0.5]))
    return _call(draw(seeds), shape, alpha, draw(st.sampled_from([0.4, 0.5, 0.7, 1.0, 1.3, 2.0])))


SMALL, WIDE = _call(1, (2, 3, 4, 5), 4.0, 1.0), _call(2, (2, 2, 3, 7), 2.0, 0.5)
LARGE = _call(3, (1, 2, 5, 4), 20.0, 1.5)
X, NOISE = SMALL.args[:2]


def _single(asked):
    images, noise, *rest = asked.args
    return Call((images.astype(np.float32), noise.astype(np.float32), *rest))


elastic_distort = Exercise(
    "elastic_distort",
    _distorted,
    "lecture 09, section 09.14",
    {
        "values": Facet(same_values, (
            SMALL, WIDE, LARGE, _call(4, (3, 1, 6, 3), -3.0, 0.7), _call(5, (1, 1, 1, 6), 2.0, 2.0),
            Call((whole(generator(6), 2, 2, 4, 5), np.ones((2, 2, 4, 5)), 1.5, 1.0)),
            Call((whole(generator(7), 2, 1, 3, 4), np.ones((2, 2, 3, 4)), 0.0, 0.8)),
        ), _calls(), 20),
        "care": Facet(untouched, (SMALL, WIDE)),
        "dtype": Facet(same_dtype, (_single(SMALL), SMALL)),
        "refusals": Facet(same_refusals, (
            Call((X, NOISE[:1], 1.0, 1.0), note="there are two pictures and one field"),
            Call((X, NOISE[:, :1], 1.0, 1.0), note="noise has shape (2, 1, 4, 5): the columns' part is missing"),
            Call((X, NOISE[:, :, :, 1:], 1.0, 1.0), note="noise is 4 × 4, and the pictures are 4 × 5"),
            Call((X, NOISE.swapaxes(2, 3), 1.0, 1.0), note="noise is 5 × 4, and the pictures are 4 × 5"),
            Call((X, NOISE, 1.0, 0.0), note="sigma is 0"),
            Call((X, NOISE, 1.0, -1.0), note="sigma is −1"),
        )),
    },
)  # fmt: skip


@elastic_distort.alternative
def distort_by_matrices(images, noise, alpha, sigma):
    n, _, h, w = images.shape
    if noise.shape != (n, 2, h, w) or sigma <= 0:
        raise ValueError("noise or sigma does not fit")
    radius, sides = int(4 * sigma + 0.5), []
    for side in (h, w):
        apart = np.abs(np.arange(side)[:, None] - np.arange(side))
        scale = np.exp(-((np.arange(-radius, radius + 1) / sigma) ** 2) / 2).sum()
        sides.append(np.where(apart <= radius, np.exp(-((apart / sigma) ** 2) / 2), 0) / scale)
    moves = alpha * np.einsum("ij,najk,lk->nail", sides[0], noise, sides[1])
    weights = []
    for axis, side in ((2, h), (3, w)):
        start = np.arange(side).reshape((-1, 1) if axis == 2 else (1, -1))
        place = np.clip(start + moves[:, axis - 2], 0, side - 1)
        weights.append(np.maximum(0, 1 - np.abs(place[..., None] - np.arange(side))))
    return np.einsum("nijr,nijs,ncrs->ncij", *weights, images).astype(images.dtype)


@elastic_distort.alternative
def distort_by_torch(images, noise, alpha, sigma):
    n, _, h, w = images.shape
    if sigma <= 0 or noise.shape != (n, 2, h, w):
        raise ValueError("noise or sigma does not fit")
    reach = int(4.0 * sigma + 0.5)
    bell = torch.exp(-(torch.arange(-reach, reach + 1, dtype=torch.float64) ** 2) / (2 * sigma**2))
    bell = bell / bell.sum()
    field = torch.tensor(noise, dtype=torch.float64).reshape(2 * n, 1, h, w)
    field = F.conv2d(
        F.conv2d(field, bell.view(1, 1, -1, 1), padding=(reach, 0)), bell.view(1, 1, 1, -1), padding=(0, reach)
    )
    down, right = (alpha * field.view(n, 2, h, w)).unbind(dim=1)
    y = (torch.arange(h)[:, None] + down) / max(h - 1, 1) * 2 - 1
    x = (torch.arange(w) + right) / max(w - 1, 1) * 2 - 1
    options = {"mode": "bilinear", "padding_mode": "border", "align_corners": True}
    return (
        F.grid_sample(torch.tensor(images).double(), torch.stack([x, y], dim=-1), **options)
        .numpy()
        .astype(images.dtype)
    )


@elastic_distort.alternative
def distort_pixel_by_pixel(images, noise, alpha, sigma):
    (n, _, h, w), reach = images.shape, int(4 * sigma + 0.5)
    if sigma <= 0:
        raise ValueError(f"sigma is {sigma}")
    if noise.shape != (n, 2, h, w):
        raise ValueError(f"noise has shape {noise.shape}")
    bell = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    bell /= bell.sum()
    moves = noise
    for axis in (2, 3):
        moves = np.apply_along_axis(lambda line: np.convolve(line, bell)[reach : reach + len(line)], axis, moves)
    result = np.empty_like(images)
    for number, i, j in np.ndindex(n, h, w):
        y = min(max(i + alpha * moves[number, 0, i, j], 0), h - 1)
        x = min(max(j + alpha * moves[number, 1, i, j], 0), w - 1)
        top, left = int(y), int(x)
        low, right = min(top + 1, h - 1), min(left + 1, w - 1)
        rows = images[number][:, [top, low]] * np.array([[1 - y + top], [y - top]])
        result[number, :, i, j] = (rows[:, :, left] * (1 - x + left) + rows[:, :, right] * (x - left)).sum(axis=1)
    return result


@elastic_distort.misconception(
    "Rows and columns are exchanged: noise[:, 0] moves down, along axis 2, and noise[:, 1] to the right.",
    "examples values care",
)
def distort_axes_exchanged(images, noise, alpha, sigma):
    n, _, h, w = images.shape
    if noise.shape != (n, 2, h, w) or sigma <= 0:
        raise ValueError("noise or sigma does not fit")
    reach = int(4 * sigma + 0.5)
    bell = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    moves = noise[:, ::-1]
    for axis in (2, 3):
        moves = np.apply_along_axis(lambda a: np.convolve(a, bell / bell.sum())[reach : reach + len(a)], axis, moves)
    y = np.clip(np.arange(h)[:, None] + alpha * moves[:, 0], 0, h - 1)
    x = np.clip(np.arange(w) + alpha * moves[:, 1], 0, w - 1)
    rows = np.maximum(0, 1 - np.abs(y[..., None] - np.arange(h)))
    columns = np.maximum(0, 1 - np.abs(x[..., None] - np.arange(w)))
    return np.einsum("nijr,nijs,ncrs->ncij", rows, columns, images).astype(images.dtype)


@elastic_distort.misconception(
    "Only the rows are moved; a field has two parts, one for each axis.", "examples values care"
)
def distort_one_axis(images, noise, alpha, sigma):
    n, _, h, w = images.shape
    if noise.shape != (n, 2, h, w) or sigma <= 0:
        raise ValueError("noise or sigma does not fit")
    reach = int(4 * sigma + 0.5)
    bell, moves = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2), noise
    for axis in (2, 3):
        moves = np.apply_along_axis(lambda a: np.convolve(a, bell / bell.sum())[reach : reach + len(a)], axis, moves)
    y = np.clip(np.arange(h)[:, None] + alpha * moves[:, 0], 0, h - 1)
    rows = np.maximum(0, 1 - np.abs(y[..., None] - np.arange(h)))
    return np.einsum("nijr,ncrj->ncij", rows, images).astype(images.dtype)


@elastic_distort.misconception(
    "The sign is turned: the result at (i, j) is what the picture shows at i + u, j + v.", "examples values care"
)
def distort_backwards(images, noise, alpha, sigma):
    n, _, h, w = images.shape
    if noise.shape != (n, 2, h, w) or sigma <= 0:
        raise ValueError("noise or sigma does not fit")
    reach = int(4 * sigma + 0.5)
    bell, moves = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2), -noise
    for axis in (2, 3):
        moves = np.apply_along_axis(lambda a: np.convolve(a, bell / bell.sum())[reach : reach + len(a)], axis, moves)
    y = np.clip(np.arange(h)[:, None] + alpha * moves[:, 0], 0, h - 1)
    x = np.clip(np.arange(w) + alpha * moves[:, 1], 0, w - 1)
    rows = np.maximum(0, 1 - np.abs(y[..., None] - np.arange(h)))
    columns = np.maximum(0, 1 - np.abs(x[..., None] - np.arange(w)))
    return np.einsum("nijr,nijs,ncrs->ncij", rows, columns, images).astype(images.dtype)


@elastic_distort.misconception(
    "The noise is used as it is: without smoothing, neighbouring pixels fly apart.", "examples values care"
)
def distort_without_smoothing(images, noise, alpha, sigma):
    n, _, h, w = images.shape
    if noise.shape != (n, 2, h, w) or sigma <= 0:
        raise ValueError("noise or sigma does not fit")
    y = np.clip(np.arange(h)[:, None] + alpha * noise[:, 0], 0, h - 1)
    x = np.clip(np.arange(w) + alpha * noise[:, 1], 0, w - 1)
    rows = np.maximum(0, 1 - np.abs(y[..., None] - np.arange(h)))
    columns = np.maximum(0, 1 - np.abs(x[..., None] - np.arange(w)))
    return np.einsum("nijr,nijs,ncrs->ncij", rows, columns, images).astype(images.dtype)


@elastic_distort.misconception(
    "The Gaussian's weights do not add up to 1: divide by their sum, or alpha means something else for every sigma.",
    "examples values care",
)
def distort_not_normalised(images, noise, alpha, sigma):
    n, _, h, w = images.shape
    if noise.shape != (n, 2, h, w) or sigma <= 0:
        raise ValueError("noise or sigma does not fit")
    reach = int(4 * sigma + 0.5)
    bell, moves = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2), noise
    for axis in (2, 3):
        moves = np.apply_along_axis(lambda a: np.convolve(a, bell)[reach : reach + len(a)], axis, moves)
    y = np.clip(np.arange(h)[:, None] + alpha * moves[:, 0], 0, h - 1)
    x = np.clip(np.arange(w) + alpha * moves[:, 1], 0, w - 1)
    rows = np.maximum(0, 1 - np.abs(y[..., None] - np.arange(h)))
    columns = np.maximum(0, 1 - np.abs(x[..., None] - np.arange(w)))
    return np.einsum("nijr,nijs,ncrs->ncij", rows, columns, images).astype(images.dtype)
