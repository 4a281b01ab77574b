"""What goes wrong in finding a receptive field by trying."""

import numpy as np

from .fields import empirical_receptive_field


@empirical_receptive_field.misconception("The box ends one row and one column too late: bottom and right are the last that belong to it.",
                                         "examples values nonlinear untouched")  # fmt: skip
def field_ends_behind(f, x, position, delta=1.0):
    (c, i, j), before = position, f(x)
    sizes = zip(position, before.shape[1:])
    if len(x) != 1 or delta == 0 or any(not 0 <= place < size for place, size in sizes):
        raise ValueError("impossible arguments")
    after = f(x + delta * np.eye(x.size).reshape(-1, *x.shape[1:]))
    seen = np.argwhere((after[:, c, i, j] != before[0, c, i, j]).reshape(x.shape[1:]))
    if not len(seen):
        return 0, None
    (_, top, left), (_, bottom, right) = seen.min(axis=0), seen.max(axis=0)
    return len(seen), (top, left, bottom + 1, right + 1)


@empirical_receptive_field.misconception("Height and width of the box come back; the statement asks for its last row and last column.",
                                         "examples values nonlinear untouched")  # fmt: skip
def field_as_sizes(f, x, position, delta=1.0):
    (c, i, j), before = position, f(x)
    sizes = zip(position, before.shape[1:])
    if len(x) != 1 or delta == 0 or any(not 0 <= place < size for place, size in sizes):
        raise ValueError("impossible arguments")
    after = f(x + delta * np.eye(x.size).reshape(-1, *x.shape[1:]))
    seen = np.argwhere((after[:, c, i, j] != before[0, c, i, j]).reshape(x.shape[1:]))
    if not len(seen):
        return 0, None
    (_, top, left), (_, bottom, right) = seen.min(axis=0), seen.max(axis=0)
    return len(seen), (top, left, bottom - top + 1, right - left + 1)


@empirical_receptive_field.misconception("Rows and columns are exchanged in the box: it is (top, left, bottom, right).",
                                         "examples values nonlinear untouched")  # fmt: skip
def field_exchanged_axes(f, x, position, delta=1.0):
    (c, i, j), before = position, f(x)
    sizes = zip(position, before.shape[1:])
    if len(x) != 1 or delta == 0 or any(not 0 <= place < size for place, size in sizes):
        raise ValueError("impossible arguments")
    after = f(x + delta * np.eye(x.size).reshape(-1, *x.shape[1:]))
    seen = np.argwhere((after[:, c, i, j] != before[0, c, i, j]).reshape(x.shape[1:]))
    if not len(seen):
        return 0, None
    (_, top, left), (_, bottom, right) = seen.min(axis=0), seen.max(axis=0)
    return len(seen), (left, top, right, bottom)


@empirical_receptive_field.misconception("The count is the area of the box; dilation and crosses leave holes in it that have no say.",
                                         "examples values nonlinear untouched")  # fmt: skip
def field_area(f, x, position, delta=1.0):
    (c, i, j), before = position, f(x)
    sizes = zip(position, before.shape[1:])
    if len(x) != 1 or delta == 0 or any(not 0 <= place < size for place, size in sizes):
        raise ValueError("impossible arguments")
    after = f(x + delta * np.eye(x.size).reshape(-1, *x.shape[1:]))
    seen = np.argwhere((after[:, c, i, j] != before[0, c, i, j]).reshape(x.shape[1:]))
    if not len(seen):
        return 0, None
    (_, top, left), (_, bottom, right) = seen.min(axis=0), seen.max(axis=0)
    return (bottom - top + 1) * (right - left + 1), (top, left, bottom, right)


@empirical_receptive_field.misconception("Only inputs that make the output larger are counted; a change downwards is a change as well.",
                                         "examples values nonlinear untouched")  # fmt: skip
def field_of_increases(f, x, position, delta=1.0):
    (c, i, j), before = position, f(x)
    sizes = zip(position, before.shape[1:])
    if len(x) != 1 or delta == 0 or any(not 0 <= place < size for place, size in sizes):
        raise ValueError("impossible arguments")
    after = f(x + delta * np.eye(x.size).reshape(-1, *x.shape[1:]))
    seen = np.argwhere((after[:, c, i, j] > before[0, c, i, j]).reshape(x.shape[1:]))
    if not len(seen):
        return 0, None
    (_, top, left), (_, bottom, right) = seen.min(axis=0), seen.max(axis=0)
    return len(seen), (top, left, bottom, right)


@empirical_receptive_field.misconception("A change anywhere in the output counts; only the output at position is asked about.",
                                         "examples values nonlinear untouched")  # fmt: skip
def field_of_whole_output(f, x, position, delta=1.0):
    before = f(x)
    sizes = zip(position, before.shape[1:])
    if len(x) != 1 or delta == 0 or any(not 0 <= place < size for place, size in sizes):
        raise ValueError("impossible arguments")
    after = f(x + delta * np.eye(x.size).reshape(-1, *x.shape[1:]))
    seen = np.argwhere((after != before).any(axis=(1, 2, 3)).reshape(x.shape[1:]))
    if not len(seen):
        return 0, None
    (_, top, left), (_, bottom, right) = seen.min(axis=0), seen.max(axis=0)
    return len(seen), (top, left, bottom, right)


@empirical_receptive_field.misconception("The position's channel is not looked at: it is always channel 0 of the output.",
                                         "values untouched")  # fmt: skip
def field_of_channel_zero(f, x, position, delta=1.0):
    (_, i, j), before = position, f(x)
    sizes = zip(position, before.shape[1:])
    if len(x) != 1 or delta == 0 or any(not 0 <= place < size for place, size in sizes):
        raise ValueError("impossible arguments")
    after = f(x + delta * np.eye(x.size).reshape(-1, *x.shape[1:]))
    seen = np.argwhere((after[:, 0, i, j] != before[0, 0, i, j]).reshape(x.shape[1:]))
    if not len(seen):
        return 0, None
    (_, top, left), (_, bottom, right) = seen.min(axis=0), seen.max(axis=0)
    return len(seen), (top, left, bottom, right)


@empirical_receptive_field.misconception(
    "Only the first channel of x is nudged; every channel may have a say.", "values untouched"
)
def field_of_first_inputs(f, x, position, delta=1.0):
    (c, i, j), before = position, f(x)
    sizes = zip(position, before.shape[1:])
    if len(x) != 1 or delta == 0 or any(not 0 <= place < size for place, size in sizes):
        raise ValueError("impossible arguments")
    after = f(x + delta * np.eye(x.size)[: x[0, 0].size].reshape(-1, *x.shape[1:]))
    seen = np.argwhere((after[:, c, i, j] != before[0, c, i, j]).reshape((1, *x.shape[2:])))
    if not len(seen):
        return 0, None
    (_, top, left), (_, bottom, right) = seen.min(axis=0), seen.max(axis=0)
    return len(seen), (top, left, bottom, right)


@empirical_receptive_field.misconception("An empty image is nudged, not x; a net that is not linear may answer otherwise there.",
                                         "values nonlinear untouched")  # fmt: skip
def field_from_zero(f, x, position, delta=1.0):
    (c, i, j), before = position, f(0 * x)
    sizes = zip(position, before.shape[1:])
    if len(x) != 1 or delta == 0 or any(not 0 <= place < size for place, size in sizes):
        raise ValueError("impossible arguments")
    after = f(0 * x + delta * np.eye(x.size).reshape(-1, *x.shape[1:]))
    seen = np.argwhere((after[:, c, i, j] != before[0, c, i, j]).reshape(x.shape[1:]))
    if not len(seen):
        return 0, None
    (_, top, left), (_, bottom, right) = seen.min(axis=0), seen.max(axis=0)
    return len(seen), (top, left, bottom, right)


@empirical_receptive_field.misconception(
    "The inputs are set to delta; delta should be added to them.", "values nonlinear untouched"
)
def field_sets_pixels(f, x, position, delta=1.0):
    (c, i, j), before = position, f(x)
    sizes = zip(position, before.shape[1:])
    if len(x) != 1 or delta == 0 or any(not 0 <= place < size for place, size in sizes):
        raise ValueError("impossible arguments")
    after = f(np.where(np.eye(x.size).reshape(-1, *x.shape[1:]) > 0, delta, x))
    seen = np.argwhere((after[:, c, i, j] != before[0, c, i, j]).reshape(x.shape[1:]))
    if not len(seen):
        return 0, None
    (_, top, left), (_, bottom, right) = seen.min(axis=0), seen.max(axis=0)
    return len(seen), (top, left, bottom, right)


@empirical_receptive_field.misconception("delta is not looked at: the nudge is always 1.", "examples nonlinear")
def field_ignores_delta(f, x, position, delta=1.0):
    (c, i, j), before = position, f(x)
    sizes = zip(position, before.shape[1:])
    if len(x) != 1 or delta == 0 or any(not 0 <= place < size for place, size in sizes):
        raise ValueError("impossible arguments")
    after = f(x + np.eye(x.size).reshape(-1, *x.shape[1:]))
    seen = np.argwhere((after[:, c, i, j] != before[0, c, i, j]).reshape(x.shape[1:]))
    if not len(seen):
        return 0, None
    (_, top, left), (_, bottom, right) = seen.min(axis=0), seen.max(axis=0)
    return len(seen), (top, left, bottom, right)


@empirical_receptive_field.misconception("The nudges pile up: put each input back before the next one is nudged.",
                                         "examples values nonlinear untouched")  # fmt: skip
def field_nudges_pile_up(f, x, position, delta=1.0):
    (c, i, j), before = position, f(x)
    sizes = zip(position, before.shape[1:])
    if len(x) != 1 or delta == 0 or any(not 0 <= place < size for place, size in sizes):
        raise ValueError("impossible arguments")
    eye = np.eye(x.size).reshape(-1, *x.shape[1:])
    after = f(x + delta * eye.cumsum(axis=0))
    seen = np.argwhere((after[:, c, i, j] != before[0, c, i, j]).reshape(x.shape[1:]))
    if not len(seen):
        return 0, None
    (_, top, left), (_, bottom, right) = seen.min(axis=0), seen.max(axis=0)
    return len(seen), (top, left, bottom, right)


@empirical_receptive_field.misconception("Places are counted, and channels at one place only once; count every input x[0, c, i, j].",
                                         "values")  # fmt: skip
def field_counts_pixels(f, x, position, delta=1.0):
    (c, i, j), before = position, f(x)
    sizes = zip(position, before.shape[1:])
    if len(x) != 1 or delta == 0 or any(not 0 <= place < size for place, size in sizes):
        raise ValueError("impossible arguments")
    after = f(x + delta * np.eye(x.size).reshape(-1, *x.shape[1:]))
    seen = np.argwhere((after[:, c, i, j] != before[0, c, i, j]).reshape(x.shape[1:]))
    if not len(seen):
        return 0, None
    (_, top, left), (_, bottom, right) = seen.min(axis=0), seen.max(axis=0)
    return len(np.unique(seen[:, 1:], axis=0)), (top, left, bottom, right)


@empirical_receptive_field.misconception("A negative place counts from the end here, as NumPy does it; the statement asks for a ValueError.",
                                         "examples refusals")  # fmt: skip
def field_from_the_end(f, x, position, delta=1.0):
    (c, i, j), before = position, f(x)
    sizes = zip(position, before.shape[1:])
    if len(x) != 1 or delta == 0 or any(place >= size for place, size in sizes):
        raise ValueError("impossible arguments")
    after = f(x + delta * np.eye(x.size).reshape(-1, *x.shape[1:]))
    seen = np.argwhere((after[:, c, i, j] != before[0, c, i, j]).reshape(x.shape[1:]))
    if not len(seen):
        return 0, None
    (_, top, left), (_, bottom, right) = seen.min(axis=0), seen.max(axis=0)
    return len(seen), (top, left, bottom, right)


@empirical_receptive_field.misconception("Two images are let through, and so is a delta of 0; refuse both.", "refusals")
def field_of_two_images(f, x, position, delta=1.0):
    (c, i, j), before = position, f(x)
    sizes = zip(position, before.shape[1:])
    if any(not 0 <= place < size for place, size in sizes):
        raise ValueError("impossible arguments")
    after = f(x[:1] + delta * np.eye(x[0].size).reshape(-1, *x.shape[1:]))
    seen = np.argwhere((after[:, c, i, j] != before[0, c, i, j]).reshape(x.shape[1:]))
    if not len(seen):
        return 0, None
    (_, top, left), (_, bottom, right) = seen.min(axis=0), seen.max(axis=0)
    return len(seen), (top, left, bottom, right)


@empirical_receptive_field.misconception(
    "Where nothing changes, the box should be None and the count 0.", "examples values nonlinear"
)
def field_empty_box(f, x, position, delta=1.0):
    (c, i, j), before = position, f(x)
    sizes = zip(position, before.shape[1:])
    if len(x) != 1 or delta == 0 or any(not 0 <= place < size for place, size in sizes):
        raise ValueError("impossible arguments")
    after = f(x + delta * np.eye(x.size).reshape(-1, *x.shape[1:]))
    seen = np.argwhere((after[:, c, i, j] != before[0, c, i, j]).reshape(x.shape[1:]))
    if not len(seen):
        return 0, (0, 0, 0, 0)
    (_, top, left), (_, bottom, right) = seen.min(axis=0), seen.max(axis=0)
    return len(seen), (top, left, bottom, right)


@empirical_receptive_field.misconception("x is left nudged: work on a copy, or put each input back.", "untouched")
def field_in_place(f, x, position, delta=1.0):
    (c, i, j), before = position, f(x)
    sizes = zip(position, before.shape[1:])
    if len(x) != 1 or delta == 0 or any(not 0 <= place < size for place, size in sizes):
        raise ValueError("impossible arguments")
    after = f(x + delta * np.eye(x.size).reshape(-1, *x.shape[1:]))
    seen = np.argwhere((after[:, c, i, j] != before[0, c, i, j]).reshape(x.shape[1:]))
    if not len(seen):
        return 0, None
    x[0, 0, 0, 0] += delta
    (_, top, left), (_, bottom, right) = seen.min(axis=0), seen.max(axis=0)
    return len(seen), (top, left, bottom, right)


@empirical_receptive_field.misconception(
    "Places outside the output and nudges by 0 are let through; refuse them.", "examples refusals"
)
def field_unchecked(f, x, position, delta=1.0):
    before = f(x)[0]
    c, i, j = (place % size for place, size in zip(position, before.shape))
    after = f(x[:1] + delta * np.eye(x[0].size).reshape(-1, *x.shape[1:]))
    seen = np.argwhere((after[:, c, i, j] != before[c, i, j]).reshape(x.shape[1:]))
    if not len(seen):
        return 0, None
    (_, top, left), (_, bottom, right) = seen.min(axis=0), seen.max(axis=0)
    return len(seen), (top, left, bottom, right)


@empirical_receptive_field.misconception(
    "Where nothing changes there is no smallest row: return (0, None) before asking for it.",
    "examples values nonlinear",
)
def field_crashes_when_empty(f, x, position, delta=1.0):
    (c, i, j), before = position, f(x)
    sizes = zip(position, before.shape[1:])
    if len(x) != 1 or delta == 0 or any(not 0 <= place < size for place, size in sizes):
        raise ValueError("impossible arguments")
    after = f(x + delta * np.eye(x.size).reshape(-1, *x.shape[1:]))
    seen = np.argwhere((after[:, c, i, j] != before[0, c, i, j]).reshape(x.shape[1:]))
    (_, top, left), (_, bottom, right) = seen.min(axis=0), seen.max(axis=0)
    return len(seen), (top, left, bottom, right)
