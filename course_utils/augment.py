"""Other pictures of the same thing: fields that say where each pixel reads, and the pictures that come of them.

A displacement field is (2, H, W) for all pictures, or (2, N, H, W) for one each: how far down and how far right of its
own place, in pixels, each pixel of the result reads. So content moves *against* the field.
"""

import numpy as np
import torch
from scipy import ndimage
from torch.nn import functional as F

from course_utils.data import Split

_AT_ONCE = 1000  # pictures: the coordinates of 50,000 would fill gigabytes


def random_field(shape: tuple[int, ...], alpha: float, sigma: float, rng: np.random.Generator) -> np.ndarray:
    """Return smooth random displacements, float64 (2, *shape): noise in -1…1, smoothed by `sigma`, times `alpha`.

    `shape` is (H, W) or (N, H, W). Smoothing is by a Gaussian, with the picture's ends joined, so that no border is
    quieter than the middle. Source: Simard, Steinkraus and Platt, "Best practices for convolutional
    neural networks", 2003. Raises ValueError where `sigma` is negative or `shape` has neither two nor three axes.
    """
    if sigma < 0 or len(shape) not in (2, 3):
        raise ValueError(f"sigma is {sigma} and shape {shape}; sigma must be 0 or more, shape (H, W) or (N, H, W)")
    noise = rng.uniform(-1.0, 1.0, (2, *shape))
    return alpha * ndimage.gaussian_filter(noise, sigma, mode="wrap", axes=(-2, -1))


def mean_displacement(alpha: float, sigma: float) -> float:
    """Return how far `random_field` moves a pixel along one axis (root mean square), for `sigma` of 1 or more.

    Noise in -1…1 has the variance 1/3, and a plane Gaussian mean of white noise keeps 1/(4 pi sigma²) of it.
    Raises ValueError where `sigma` is below 1: then the Gaussian is no smooth curve on the pixel grid.
    """
    if sigma < 1:
        raise ValueError(f"sigma is {sigma}; this formula needs 1 or more")
    return abs(alpha) / (2.0 * sigma * float(np.sqrt(3.0 * np.pi)))


def plane_field(
    shape: tuple[int, int],
    *,
    down: float = 0.0,
    right: float = 0.0,
    angle: float = 0.0,
    scale: float = 1.0,
    mirrored: bool = False,
) -> np.ndarray:
    """Return the field, float64 (2, H, W), that mirrors, enlarges, turns and then moves a picture about its middle.

    `angle` is in degrees and counter-clockwise, `down` and `right` are pixels; mirroring swaps left and right.
    Raises ValueError where `scale` is not above 0.
    """
    if scale <= 0:
        raise ValueError(f"scale is {scale}; it must be above 0")
    height, width = shape
    rows, columns = np.mgrid[:height, :width].astype(float)
    middle_row, middle_column = (height - 1) / 2, (width - 1) / 2
    y, x = rows - middle_row - down, columns - middle_column - right
    cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    # Each pixel asks where it came from, so the steps are undone, the last one first.
    old_y, old_x = (cos * y + sin * x) / scale, (-sin * y + cos * x) / scale
    if mirrored:
        old_x = -old_x
    return np.stack([old_y + middle_row - rows, old_x + middle_column - columns])


def warped(images: np.ndarray, field: np.ndarray) -> np.ndarray:
    """Return what the images show where `field` sends each pixel to read: same shape and dtype as `images`.

    `images` is (N, H, W) or (N, C, H, W). Between pixels the reading is bilinear, outside the picture it is 0.
    Raises ValueError where the field does not fit the images.
    """
    height, width = images.shape[-2:]
    if images.ndim not in (3, 4) or field.shape not in ((2, height, width), (2, len(images), height, width)):
        raise ValueError(
            f"images {images.shape} and a field {field.shape} do not go together; give (N, H, W) or (N, C, H, W) "
            "and (2, H, W) or (2, N, H, W)"
        )
    fields = np.broadcast_to(field if field.ndim == 4 else field[:, None], (2, len(images), height, width))
    planes = images.reshape(len(images), -1, height, width)
    made = np.empty_like(planes)
    for start in range(0, len(images), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        grid = np.mgrid[:height, :width][:, None] + fields[:, part]
        number = np.broadcast_to(np.arange(grid.shape[1])[:, None, None], grid.shape[1:])
        for channel in range(planes.shape[1]):
            made[part, channel] = ndimage.map_coordinates(planes[part, channel], [number, *grid], order=1)
    return made.reshape(images.shape)


def folded(field: np.ndarray) -> float:
    """Return the share of pixels where a field (2, H, W) turns the picture inside out.

    There the determinant of the map's derivative, by central differences, is 0 or less: two places read the same one.
    Raises ValueError where the field has another shape.
    """
    if field.ndim != 3 or len(field) != 2:
        raise ValueError(f"the field has shape {field.shape}; it must be (2, H, W)")
    (yy, yx), (xy, xx) = (np.gradient(part) for part in field)
    return float(np.mean((1 + yy) * (1 + xx) - yx * xy <= 0))


def framed(split: Split, side: int, margin: int = 2) -> Split:
    """Return the split with every picture smaller than `side` enlarged (bilinear) and framed by zeros to `side`.

    Each edge gets `margin` zeros if the picture leaves room for it. Pictures that have the size, or more, stay as they
    are. Raises ValueError where pictures are not square or the margin leaves nothing.
    """
    height, width = split.x_train.shape[-2:]
    if height != width or margin < 0 or 2 * margin >= side:
        raise ValueError(f"pictures of {height}×{width}, side {side}, margin {margin}: they must be square, with room")
    if height >= side:
        return split
    inner = max(side - 2 * margin, height)
    before = (side - inner) // 2
    edges = (before, side - inner - before) * 2

    def frame(x: np.ndarray) -> np.ndarray:
        large = torch.as_tensor(x)
        if inner > height:
            large = F.interpolate(large, size=(inner, inner), mode="bilinear", align_corners=False)
        return F.pad(large, edges).numpy()

    return Split(frame(split.x_train), split.y_train, frame(split.x_test), split.y_test, split.name)


def with_shifted_copies(split: Split) -> Split:
    """Return the split with four more copies of its training part: moved by one pixel up, down, left and right.

    What leaves the picture is lost, and zeros come in: the expansion of Nielsen's chapter 6, 50,000 to 250,000.
    """
    count, *shape = split.x_train.shape
    moves = ((0, 0), (-1, 0), (1, 0), (0, -1), (0, 1))
    copies = np.empty((len(moves), count, *shape), dtype=split.x_train.dtype)
    for copy, (down, right) in zip(copies, moves, strict=True):
        copy[...] = warped(split.x_train, plane_field(split.x_train.shape[-2:], down=down, right=right))
    x = copies.reshape(len(moves) * count, *shape)
    return Split(x, np.tile(split.y_train, len(moves)), split.x_test, split.y_test, split.name)
