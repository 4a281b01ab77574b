"""Scenes in which a small pattern stands somewhere, and the windows through which detectors look for it."""

import numpy as np

SIDE, WINDOW = 16, 5
PLACES = SIDE - WINDOW + 1


def scenes(
    pattern: np.ndarray, count: int, columns: int, rng: np.random.Generator, noise: float = 0.5
) -> tuple[np.ndarray, np.ndarray]:
    """Return noisy scenes (count, 16, 16) float64, and the row and column where the pattern stands in each (count, 2).

    `pattern` is (5, 5); it stands in any row and in one of the first `columns` of the 12 columns where it fits.
    Raises ValueError where the pattern has another shape or `columns` is not between 1 and 12.
    """
    if pattern.shape != (WINDOW, WINDOW):
        raise ValueError(f"the pattern has shape {pattern.shape}; it must be ({WINDOW}, {WINDOW})")
    if not 1 <= columns <= PLACES:
        raise ValueError(f"columns is {columns}; it must lie between 1 and {PLACES}")
    images = rng.normal(0.0, noise, (count, SIDE, SIDE))
    places = np.stack([rng.integers(PLACES, size=count), rng.integers(columns, size=count)], axis=1)
    for image, (row, column) in zip(images, places, strict=True):
        image[row : row + WINDOW, column : column + WINDOW] += pattern
    return images, places


def units_see(images: np.ndarray) -> np.ndarray:
    """Return what each of the 12 × 12 units of a scene (count, 16, 16) sees: its flat window, (count, 12, 12, 25)."""
    windows = np.lib.stride_tricks.sliding_window_view(images, (WINDOW, WINDOW), axis=(1, 2))
    return windows.reshape(len(images), PLACES, PLACES, WINDOW * WINDOW)
