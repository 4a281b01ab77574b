"""What goes wrong in pooling over discs."""

import numpy as np

from .discs import masked_pool2d
from .inputs import pair


@masked_pool2d.misconception("Cells outside the disc are set to 0, which is larger than any negative number; −∞ never wins.",
                             "examples values options turned")  # fmt: skip
def disc_zero_outside(x, radius, stride=1, mode="max"):
    (sh, sw), reach = pair(stride), int(radius)
    if radius < 0 or sh < 1 or sw < 1 or mode not in ("max", "mean"):
        raise ValueError("impossible arguments")
    i, j = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    on = i**2 + j**2 <= radius**2
    windows = np.lib.stride_tricks.sliding_window_view(x, on.shape, axis=(2, 3))[:, :, ::sh, ::sw]
    if mode == "max":
        return np.where(on, windows, 0).max(axis=(4, 5)).astype(x.dtype)
    return windows[..., on].mean(axis=4)


@masked_pool2d.misconception(
    "The mean is divided by the cells of the square; divide by those of the disc.",
    "examples mean options turned untouched",
)
def disc_mean_of_square(x, radius, stride=1, mode="max"):
    (sh, sw), reach = pair(stride), int(radius)
    if radius < 0 or sh < 1 or sw < 1 or mode not in ("max", "mean"):
        raise ValueError("impossible arguments")
    i, j = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    on = i**2 + j**2 <= radius**2
    windows = np.lib.stride_tricks.sliding_window_view(x, on.shape, axis=(2, 3))[:, :, ::sh, ::sw]
    if mode == "max":
        return windows[..., on].max(axis=4)
    return np.where(on, windows, 0).mean(axis=(4, 5), dtype=np.result_type(x, np.float32))


@masked_pool2d.misconception(
    "Cells at the distance of exactly the radius are left out: ≤, not <.", "examples values mean options untouched"
)
def disc_without_its_edge(x, radius, stride=1, mode="max"):
    (sh, sw), reach = pair(stride), int(radius)
    if radius < 0 or sh < 1 or sw < 1 or mode not in ("max", "mean"):
        raise ValueError("impossible arguments")
    i, j = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    on = i**2 + j**2 < max(radius, 0.1) ** 2
    windows = np.lib.stride_tricks.sliding_window_view(x, on.shape, axis=(2, 3))[:, :, ::sh, ::sw]
    return windows[..., on].max(axis=4) if mode == "max" else windows[..., on].mean(axis=4)


@masked_pool2d.misconception("The whole square counts: the mask is missing.", "examples values mean options untouched")
def disc_as_square(x, radius, stride=1, mode="max"):
    (sh, sw), reach = pair(stride), int(radius)
    if radius < 0 or sh < 1 or sw < 1 or mode not in ("max", "mean"):
        raise ValueError("impossible arguments")
    i, j = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    on = i**2 + j**2 >= 0
    windows = np.lib.stride_tricks.sliding_window_view(x, on.shape, axis=(2, 3))[:, :, ::sh, ::sw]
    return windows[..., on].max(axis=4) if mode == "max" else windows[..., on].mean(axis=4)


@masked_pool2d.misconception("Steps are counted, |i| + |j| ≤ r, which makes a diamond; the distance is √(i² + j²).",
                             "examples values mean options untouched")  # fmt: skip
def disc_as_diamond(x, radius, stride=1, mode="max"):
    (sh, sw), reach = pair(stride), int(radius)
    if radius < 0 or sh < 1 or sw < 1 or mode not in ("max", "mean"):
        raise ValueError("impossible arguments")
    i, j = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    on = abs(i) + abs(j) <= radius
    windows = np.lib.stride_tricks.sliding_window_view(x, on.shape, axis=(2, 3))[:, :, ::sh, ::sw]
    return windows[..., on].max(axis=4) if mode == "max" else windows[..., on].mean(axis=4)


@masked_pool2d.misconception(
    "i² + j² is compared with the radius; compare it with the radius squared.", "examples values mean options untouched"
)
def disc_radius_not_squared(x, radius, stride=1, mode="max"):
    (sh, sw), reach = pair(stride), int(radius)
    if radius < 0 or sh < 1 or sw < 1 or mode not in ("max", "mean"):
        raise ValueError("impossible arguments")
    i, j = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    on = i**2 + j**2 <= radius
    windows = np.lib.stride_tricks.sliding_window_view(x, on.shape, axis=(2, 3))[:, :, ::sh, ::sw]
    return windows[..., on].max(axis=4) if mode == "max" else windows[..., on].mean(axis=4)


@masked_pool2d.misconception("A fractional radius is rounded up to the window's reach: the disc is the same, but fewer windows fit.",
                             "examples values mean options turned untouched")  # fmt: skip
def disc_reach_rounded(x, radius, stride=1, mode="max"):
    (sh, sw), reach = pair(stride), int(np.ceil(radius))
    if radius < 0 or sh < 1 or sw < 1 or mode not in ("max", "mean"):
        raise ValueError("impossible arguments")
    i, j = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    on = i**2 + j**2 <= radius**2
    windows = np.lib.stride_tricks.sliding_window_view(x, on.shape, axis=(2, 3))[:, :, ::sh, ::sw]
    return windows[..., on].max(axis=4) if mode == "max" else windows[..., on].mean(axis=4)


@masked_pool2d.misconception("The disc stands around the window's first cell; it should stand around the middle.",
                             "examples values mean options turned untouched")  # fmt: skip
def disc_around_a_corner(x, radius, stride=1, mode="max"):
    (sh, sw), reach = pair(stride), int(radius)
    if radius < 0 or sh < 1 or sw < 1 or mode not in ("max", "mean"):
        raise ValueError("impossible arguments")
    i, j = np.mgrid[0 : 2 * reach + 1, 0 : 2 * reach + 1]
    on = i**2 + j**2 <= radius**2
    windows = np.lib.stride_tricks.sliding_window_view(x, on.shape, axis=(2, 3))[:, :, ::sh, ::sw]
    return windows[..., on].max(axis=4) if mode == "max" else windows[..., on].mean(axis=4)


@masked_pool2d.misconception("The stride is not looked at; windows start stride apart.", "examples options untouched")
def disc_without_stride(x, radius, stride=1, mode="max"):
    (sh, sw), reach = pair(stride), int(radius)
    if radius < 0 or sh < 1 or sw < 1 or mode not in ("max", "mean"):
        raise ValueError("impossible arguments")
    i, j = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    on = i**2 + j**2 <= radius**2
    windows = np.lib.stride_tricks.sliding_window_view(x, on.shape, axis=(2, 3))
    return windows[..., on].max(axis=4) if mode == "max" else windows[..., on].mean(axis=4)


@masked_pool2d.misconception("The pair of strides is read as (width, height); its order is (height, width).", "options")
def disc_stride_exchanged(x, radius, stride=1, mode="max"):
    (sw, sh), reach = pair(stride), int(radius)
    if radius < 0 or sh < 1 or sw < 1 or mode not in ("max", "mean"):
        raise ValueError("impossible arguments")
    i, j = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    on = i**2 + j**2 <= radius**2
    windows = np.lib.stride_tricks.sliding_window_view(x, on.shape, axis=(2, 3))[:, :, ::sh, ::sw]
    return windows[..., on].max(axis=4) if mode == "max" else windows[..., on].mean(axis=4)


@masked_pool2d.misconception("The border is padded, so the output has the input's size; only windows that lie inside count.",
                             "examples values mean options turned untouched")  # fmt: skip
def disc_padded(x, radius, stride=1, mode="max"):
    (sh, sw), reach = pair(stride), int(radius)
    if radius < 0 or sh < 1 or sw < 1 or mode not in ("max", "mean"):
        raise ValueError("impossible arguments")
    i, j = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    on = i**2 + j**2 <= radius**2
    if 2 * reach >= min(x.shape[2:]):
        raise ValueError("impossible arguments")
    x = np.pad(x, ((0, 0), (0, 0), (reach, reach), (reach, reach)))
    windows = np.lib.stride_tricks.sliding_window_view(x, on.shape, axis=(2, 3))[:, :, ::sh, ::sw]
    return windows[..., on].max(axis=4) if mode == "max" else windows[..., on].mean(axis=4)


@masked_pool2d.misconception(
    "The mode is not looked at: it is always the maximum that comes back.", "examples mean options untouched dtype"
)
def disc_always_max(x, radius, stride=1, mode="max"):
    (sh, sw), reach = pair(stride), int(radius)
    if radius < 0 or sh < 1 or sw < 1 or mode not in ("max", "mean"):
        raise ValueError("impossible arguments")
    i, j = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    on = i**2 + j**2 <= radius**2
    windows = np.lib.stride_tricks.sliding_window_view(x, on.shape, axis=(2, 3))[:, :, ::sh, ::sw]
    return windows[..., on].max(axis=4)


@masked_pool2d.misconception('An unknown mode passes for "mean"; refuse it.', "refusals")
def disc_any_mode(x, radius, stride=1, mode="max"):
    (sh, sw), reach = pair(stride), int(radius)
    if radius < 0 or sh < 1 or sw < 1:
        raise ValueError("impossible arguments")
    i, j = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    on = i**2 + j**2 <= radius**2
    windows = np.lib.stride_tricks.sliding_window_view(x, on.shape, axis=(2, 3))[:, :, ::sh, ::sw]
    return windows[..., on].max(axis=4) if mode == "max" else windows[..., on].mean(axis=4)


@masked_pool2d.misconception(
    "The disc is pooled over all channels together. Each channel stands for itself.", "values mean options untouched"
)
def disc_over_channels(x, radius, stride=1, mode="max"):
    (sh, sw), reach = pair(stride), int(radius)
    if radius < 0 or sh < 1 or sw < 1 or mode not in ("max", "mean"):
        raise ValueError("impossible arguments")
    i, j = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    on = i**2 + j**2 <= radius**2
    together = np.broadcast_to(getattr(x, mode)(axis=1, keepdims=True), x.shape)
    windows = np.lib.stride_tricks.sliding_window_view(together, on.shape, axis=(2, 3))[:, :, ::sh, ::sw]
    return windows[..., on].max(axis=4) if mode == "max" else windows[..., on].mean(axis=4)


@masked_pool2d.misconception("The maximum of whole numbers comes back as floats, as −∞ makes floats of them; give it x's dtype.",
                             "dtype")  # fmt: skip
def disc_makes_floats(x, radius, stride=1, mode="max"):
    (sh, sw), reach = pair(stride), int(radius)
    if radius < 0 or sh < 1 or sw < 1 or mode not in ("max", "mean"):
        raise ValueError("impossible arguments")
    i, j = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    on = i**2 + j**2 <= radius**2
    windows = np.lib.stride_tricks.sliding_window_view(x, on.shape, axis=(2, 3))[:, :, ::sh, ::sw]
    return (
        np.where(on, windows, np.float64(-np.inf)).max(axis=(4, 5)) if mode == "max" else windows[..., on].mean(axis=4)
    )


@masked_pool2d.misconception("x is written to: cells were masked in the image itself, not in a copy.", "untouched")
def disc_in_place(x, radius, stride=1, mode="max"):
    (sh, sw), reach = pair(stride), int(radius)
    if radius < 0 or sh < 1 or sw < 1 or mode not in ("max", "mean"):
        raise ValueError("impossible arguments")
    i, j = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    on = i**2 + j**2 <= radius**2
    windows = np.lib.stride_tricks.sliding_window_view(x, on.shape, axis=(2, 3))[:, :, ::sh, ::sw]
    kept, x[:, :, 0, 0] = windows.copy(), -99
    return kept[..., on].max(axis=4) if mode == "max" else kept[..., on].mean(axis=4)


@masked_pool2d.misconception("Impossible discs, strides and modes are let through; the statement asks for a ValueError.",
                             "examples refusals")  # fmt: skip
def disc_unchecked(x, radius, stride=1, mode="max"):
    (sh, sw), reach = pair(stride), int(abs(radius))
    i, j = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    on = i**2 + j**2 <= radius**2
    side = 2 * reach + 1
    x = np.pad(x, ((0, 0), (0, 0), (0, max(side - x.shape[2], 0)), (0, max(side - x.shape[3], 0))))
    windows = np.lib.stride_tricks.sliding_window_view(x, on.shape, axis=(2, 3))[:, :, :: sh or 1, :: sw or 1]
    return windows[..., on].mean(axis=4) if mode == "mean" else windows[..., on].max(axis=4)


@masked_pool2d.misconception("The window is multiplied by the mask: the zeros outside beat negative numbers, and count in the mean.",
                             "examples values mean options turned untouched")  # fmt: skip
def disc_times_mask(x, radius, stride=1, mode="max"):
    (sh, sw), reach = pair(stride), int(radius)
    if radius < 0 or sh < 1 or sw < 1 or mode not in ("max", "mean"):
        raise ValueError("impossible arguments")
    i, j = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    on = (i**2 + j**2 <= radius**2).astype(x.dtype)
    windows = np.lib.stride_tricks.sliding_window_view(x, on.shape, axis=(2, 3))[:, :, ::sh, ::sw] * on
    return windows.max(axis=(4, 5)) if mode == "max" else windows.mean(axis=(4, 5))
