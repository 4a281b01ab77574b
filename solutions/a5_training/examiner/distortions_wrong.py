"""What else goes wrong when pictures are distorted."""

import numpy as np

from .distortions import elastic_distort


@elastic_distort.misconception(
    "The Gaussian is narrower by √2: its exponent is −t² / (2σ²), not −t² / σ².", "examples values care"
)
def distort_half_variance(images, noise, alpha, sigma):
    n, _, h, w = images.shape
    if noise.shape != (n, 2, h, w) or sigma <= 0:
        raise ValueError("noise or sigma does not fit")
    reach = int(4 * sigma + 0.5)
    bell, moves = np.exp(-((np.arange(-reach, reach + 1) / sigma) ** 2)), noise
    for axis in (2, 3):
        moves = np.apply_along_axis(lambda a: np.convolve(a, bell / bell.sum())[reach : reach + len(a)], axis, moves)
    y = np.clip(np.arange(h)[:, None] + alpha * moves[:, 0], 0, h - 1)
    x = np.clip(np.arange(w) + alpha * moves[:, 1], 0, w - 1)
    rows = np.maximum(0, 1 - np.abs(y[..., None] - np.arange(h)))
    columns = np.maximum(0, 1 - np.abs(x[..., None] - np.arange(w)))
    return np.einsum("nijr,nijs,ncrs->ncij", rows, columns, images).astype(images.dtype)


@elastic_distort.misconception(
    "Places between pixels are rounded to the nearest pixel; mix the four neighbours (bilinear).",
    "examples values care",
)
def distort_nearest(images, noise, alpha, sigma):
    n, _, h, w = images.shape
    if noise.shape != (n, 2, h, w) or sigma <= 0:
        raise ValueError("noise or sigma does not fit")
    reach = int(4 * sigma + 0.5)
    bell, moves = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2), noise
    for axis in (2, 3):
        moves = np.apply_along_axis(lambda a: np.convolve(a, bell / bell.sum())[reach : reach + len(a)], axis, moves)
    y = np.clip(np.round(np.arange(h)[:, None] + alpha * moves[:, 0]), 0, h - 1)
    x = np.clip(np.round(np.arange(w) + alpha * moves[:, 1]), 0, w - 1)
    rows = np.maximum(0, 1 - np.abs(y[..., None] - np.arange(h)))
    columns = np.maximum(0, 1 - np.abs(x[..., None] - np.arange(w)))
    return np.einsum("nijr,nijs,ncrs->ncij", rows, columns, images).astype(images.dtype)


@elastic_distort.misconception("Places outside the picture read 0; hold them at the border.", "examples values care")
def distort_into_zeros(images, noise, alpha, sigma):
    n, _, h, w = images.shape
    if noise.shape != (n, 2, h, w) or sigma <= 0:
        raise ValueError("noise or sigma does not fit")
    reach = int(4 * sigma + 0.5)
    bell, moves = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2), noise
    for axis in (2, 3):
        moves = np.apply_along_axis(lambda a: np.convolve(a, bell / bell.sum())[reach : reach + len(a)], axis, moves)
    y, x = np.arange(h)[:, None] + alpha * moves[:, 0], np.arange(w) + alpha * moves[:, 1]
    rows = np.maximum(0, 1 - np.abs(y[..., None] - np.arange(h)))
    columns = np.maximum(0, 1 - np.abs(x[..., None] - np.arange(w)))
    return np.einsum("nijr,nijs,ncrs->ncij", rows, columns, images).astype(images.dtype)


@elastic_distort.misconception(
    "Places beyond the border come in again on the other side; hold them at the border.", "examples values care"
)
def distort_wrapped(images, noise, alpha, sigma):
    n, _, h, w = images.shape
    if noise.shape != (n, 2, h, w) or sigma <= 0:
        raise ValueError("noise or sigma does not fit")
    reach = int(4 * sigma + 0.5)
    bell, moves = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2), noise
    for axis in (2, 3):
        moves = np.apply_along_axis(lambda a: np.convolve(a, bell / bell.sum())[reach : reach + len(a)], axis, moves)
    parts = []
    for axis, side in ((0, h), (1, w)):
        place = np.arange(side).reshape((-1, 1) if axis == 0 else (1, -1)) + alpha * moves[:, axis]
        low, part = np.floor(place).astype(int), place - np.floor(place)
        parts.append(
            np.eye(side)[low % side] * (1 - part[..., None]) + np.eye(side)[(low + 1) % side] * part[..., None]
        )
    return np.einsum("nijr,nijs,ncrs->ncij", *parts, images).astype(images.dtype)


@elastic_distort.misconception("Every picture is distorted by the first field; each has its own.", "values care")
def distort_all_alike(images, noise, alpha, sigma):
    n, _, h, w = images.shape
    if noise.shape != (n, 2, h, w) or sigma <= 0:
        raise ValueError("noise or sigma does not fit")
    reach = int(4 * sigma + 0.5)
    bell, moves = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2), noise[:1]
    for axis in (2, 3):
        moves = np.apply_along_axis(lambda a: np.convolve(a, bell / bell.sum())[reach : reach + len(a)], axis, moves)
    y = np.clip(np.arange(h)[:, None] + alpha * moves[0, 0], 0, h - 1)
    x = np.clip(np.arange(w) + alpha * moves[0, 1], 0, w - 1)
    rows = np.maximum(0, 1 - np.abs(y[..., None] - np.arange(h)))
    columns = np.maximum(0, 1 - np.abs(x[..., None] - np.arange(w)))
    return np.einsum("ijr,ijs,ncrs->ncij", rows, columns, images).astype(images.dtype)


@elastic_distort.misconception(
    "The border's noise is repeated outside the picture while smoothing; there it counts as 0.", "examples values care"
)
def distort_smoothed_with_edges(images, noise, alpha, sigma):
    n, _, h, w = images.shape
    if noise.shape != (n, 2, h, w) or sigma <= 0:
        raise ValueError("noise or sigma does not fit")
    reach = int(4 * sigma + 0.5)
    bell = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    moves = np.pad(noise, ((0, 0), (0, 0), (reach, reach), (reach, reach)), mode="edge")
    for axis in (2, 3):
        moves = np.apply_along_axis(lambda a: np.convolve(a, bell / bell.sum(), "valid"), axis, moves)
    y = np.clip(np.arange(h)[:, None] + alpha * moves[:, 0], 0, h - 1)
    x = np.clip(np.arange(w) + alpha * moves[:, 1], 0, w - 1)
    rows = np.maximum(0, 1 - np.abs(y[..., None] - np.arange(h)))
    columns = np.maximum(0, 1 - np.abs(x[..., None] - np.arange(w)))
    return np.einsum("nijr,nijs,ncrs->ncij", rows, columns, images).astype(images.dtype)


@elastic_distort.misconception(
    "The result is float64 although the pictures are float32; it should have their dtype.", "dtype"
)
def distort_as_double(images, noise, alpha, sigma):
    n, _, h, w = images.shape
    if noise.shape != (n, 2, h, w) or sigma <= 0:
        raise ValueError("noise or sigma does not fit")
    reach = int(4 * sigma + 0.5)
    bell, moves = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2), noise
    for axis in (2, 3):
        moves = np.apply_along_axis(lambda a: np.convolve(a, bell / bell.sum())[reach : reach + len(a)], axis, moves)
    y = np.clip(np.arange(h)[:, None] + alpha * moves[:, 0], 0, h - 1)
    x = np.clip(np.arange(w) + alpha * moves[:, 1], 0, w - 1)
    rows = np.maximum(0, 1 - np.abs(y[..., None] - np.arange(h)))
    columns = np.maximum(0, 1 - np.abs(x[..., None] - np.arange(w)))
    return np.einsum("nijr,nijs,ncrs->ncij", rows, columns, images)


@elastic_distort.misconception("The caller's noise is multiplied by alpha in place.", "care")
def distort_in_place(images, noise, alpha, sigma):
    n, _, h, w = images.shape
    if noise.shape != (n, 2, h, w) or sigma <= 0:
        raise ValueError("noise or sigma does not fit")
    noise *= alpha
    reach = int(4 * sigma + 0.5)
    bell, moves = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2), noise
    for axis in (2, 3):
        moves = np.apply_along_axis(lambda a: np.convolve(a, bell / bell.sum())[reach : reach + len(a)], axis, moves)
    y = np.clip(np.arange(h)[:, None] + moves[:, 0], 0, h - 1)
    x = np.clip(np.arange(w) + moves[:, 1], 0, w - 1)
    rows = np.maximum(0, 1 - np.abs(y[..., None] - np.arange(h)))
    columns = np.maximum(0, 1 - np.abs(x[..., None] - np.arange(w)))
    return np.einsum("nijr,nijs,ncrs->ncij", rows, columns, images).astype(images.dtype)


@elastic_distort.misconception(
    "Noise of another shape, or a sigma of 0 and less, is let through; the statement asks for a ValueError.",
    "examples refusals",
)
def distort_unchecked(images, noise, alpha, sigma):
    n, _, h, w = images.shape
    noise, sigma = np.resize(noise, (n, 2, h, w)) if noise.shape != (n, 2, h, w) else noise, abs(sigma) or 1.0
    reach = int(4 * sigma + 0.5)
    bell, moves = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2), noise
    for axis in (2, 3):
        moves = np.apply_along_axis(lambda a: np.convolve(a, bell / bell.sum())[reach : reach + len(a)], axis, moves)
    y = np.clip(np.arange(h)[:, None] + alpha * moves[:, 0], 0, h - 1)
    x = np.clip(np.arange(w) + alpha * moves[:, 1], 0, w - 1)
    rows = np.maximum(0, 1 - np.abs(y[..., None] - np.arange(h)))
    columns = np.maximum(0, 1 - np.abs(x[..., None] - np.arange(w)))
    return np.einsum("nijr,nijs,ncrs->ncij", rows, columns, images).astype(images.dtype)
