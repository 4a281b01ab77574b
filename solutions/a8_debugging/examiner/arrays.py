"""Patients 5, 6 and 7: data on their way to the net, as arrays."""

import numpy as np
import torch
from hypothesis import strategies as st

from course_utils.grading.exercise import Call, Exercise, Facet, same_values, untouched

from .world import few, seeds


def _batches(x, y, batch_size, seed):
    order = np.arange(len(x))
    np.random.default_rng(seed).shuffle(order)
    cuts = range(batch_size, len(x), batch_size)
    return [(np.take(x, part, axis=0), np.take(y, part)) for part in np.split(order, cuts)]


def examples(seed, number, batch_size, *shape, most=4):
    """Return a call of patient 5."""
    rng = np.random.default_rng([seed, 5])
    return Call((rng.normal(size=(number, *shape)).round(2), rng.integers(most, size=number), batch_size, seed))


@st.composite
def _examples(draw):
    shape = draw(st.lists(few, max_size=2))
    return examples(draw(st.integers(0, 999)), draw(st.integers(4, 9)), draw(st.integers(1, 6)), *shape)


patient_5 = Exercise("patient_5", _batches, "lecture 15, section 15.13", {
    "values": Facet(same_values, (examples(1, 7, 3, 2), examples(2, 6, 2, 2, 3), examples(3, 5, 9), examples(4, 4, 1, 3)), _examples(), 12),
})  # fmt: skip


@patient_5.alternative
def fifth_two_equal_generators(x, y, batch_size, seed):
    x, y = np.random.default_rng(seed).permutation(x), np.random.default_rng(seed).permutation(y)
    return [(x[i : i + batch_size], y[i : i + batch_size]) for i in range(0, len(x), batch_size)]


@patient_5.alternative
def fifth_with_pairs(x, y, batch_size, seed):
    pairs = [(x[i], y[i]) for i in np.random.default_rng(seed).permutation(len(x))]
    found = []
    while pairs:
        part, pairs = pairs[:batch_size], pairs[batch_size:]
        found.append((np.array([each for each, _ in part]), np.array([label for _, label in part])))
    return found


@patient_5.alternative
def fifth_by_array_split(x, y, batch_size, seed):
    order = np.random.default_rng(seed).permutation(len(y))
    x, y = np.take(x, order, 0), y.take(order)
    cuts = np.arange(batch_size, len(y), batch_size)
    return list(zip(np.split(x, cuts), np.split(y, cuts)))


@patient_5.misconception(
    "Pictures and labels are still drawn in two orders: draw one, and index both with it.",
    "examples values",
)
def fifth_as_it_was(x, y, batch_size, seed):
    rng = np.random.default_rng(seed)
    x, y = rng.permutation(x), rng.permutation(y)
    return [(x[i : i + batch_size], y[i : i + batch_size]) for i in range(0, len(x), batch_size)]


@patient_5.misconception(
    "Nothing is shuffled any more: the order of the file, class after class perhaps, is the order of training.",
    "examples values",
)
def fifth_not_shuffled(x, y, batch_size, seed):
    return [(x[i : i + batch_size], y[i : i + batch_size]) for i in range(0, len(x), batch_size)]


@patient_5.misconception(
    "The last batch is missing where it is smaller than the others: its examples would never be learned.",
    "examples values",
)
def fifth_drops_the_last(x, y, batch_size, seed):
    order = np.random.default_rng(seed).permutation(len(x))
    parts = [order[i : i + batch_size] for i in range(0, len(x) - batch_size + 1, batch_size)]
    return [(x[part], y[part]) for part in parts]


@patient_5.misconception(
    "The order sorts the examples back: position order[i] gets example i, where position i should get example order[i].",
    "examples values",
)
def fifth_the_other_way_round(x, y, batch_size, seed):
    order = np.argsort(np.random.default_rng(seed).permutation(len(x)))
    parts = [order[i : i + batch_size] for i in range(0, len(x), batch_size)]
    return [(x[part], y[part]) for part in parts]


def _turned(images):
    return np.stack([images[..., channel] for channel in range(images.shape[3])], axis=1) / 255.0


def photos(seed, *shape, kind=np.uint8):
    """Return a call of patient 6."""
    return Call((np.random.default_rng(seed).integers(0, 256, shape).astype(kind),))


@st.composite
def _photos(draw):
    shape = draw(few), draw(st.integers(1, 4)), draw(st.integers(1, 5)), draw(st.integers(1, 4))
    return photos(draw(seeds), *shape, kind=draw(st.sampled_from([np.uint8, np.float64])))


patient_6 = Exercise("patient_6", _turned, "lecture 15, section 15.13", {
    "values": Facet(same_values, (photos(1, 2, 4, 5, 3), photos(2, 1, 3, 3, 3, kind=np.float64), photos(3, 3, 2, 4, 1)), _photos(), 10),
})  # fmt: skip


@patient_6.alternative
def sixth_by_moveaxis(images):
    return np.moveaxis(images, -1, 1).astype(np.float32) / 255


@patient_6.alternative
def sixth_in_torch(images):
    return (torch.tensor(images).permute(0, 3, 1, 2).double() / 255).contiguous().numpy()


@patient_6.alternative
def sixth_channel_by_channel(images):
    n, h, w, c = images.shape
    found = np.empty((n, c, h, w))
    for channel in range(c):
        found[:, channel] = images[:, :, :, channel] / 255
    return found


@patient_6.misconception(
    "reshape still cuts the numbers anew, pixel by pixel: the channels lie last, and their axis has to be moved.",
    "examples values",
)
def sixth_as_it_was(images):
    n, h, w, c = images.shape
    return images.reshape(n, c, h, w) / 255


@patient_6.misconception(
    "The pictures lie on their side: rows and columns have changed places. Move the channels, and keep height before width.",
    "examples values",
)
def sixth_on_its_side(images):
    return images.transpose(0, 3, 2, 1) / 255


@patient_6.misconception(
    "Each picture is divided by its own largest number: a dark picture is no longer dark. Divide by 255.",
    "values",
)
def sixth_divided_by_the_largest(images):
    largest = images.max(axis=(1, 2, 3), keepdims=True).astype(float)
    return np.moveaxis(images / np.maximum(largest, 1), -1, 1)


def _standardised(train, test):
    table = np.concatenate([train, test])
    found = [(column - np.mean(column[: len(train)])) / np.sqrt(np.var(column[: len(train)])) for column in table.T]
    return tuple(np.split(np.stack(found, axis=1), [len(train)]))


def features(seed, number, held, width):
    """Return a call of patient 7."""
    rng = np.random.default_rng([seed, 7])
    middle, spread = rng.normal(0, 5, width), rng.uniform(0.5, 4, width)
    train, test = (middle + spread * rng.normal(size=(rows, width)) for rows in (number, held))
    return Call((train.round(2), (test + 1).round(2)))


@st.composite
def _features(draw):
    return features(draw(seeds), draw(st.integers(3, 7)), draw(few), draw(few))


FEATURES = (features(1, 4, 3, 2), features(2, 6, 1, 3), features(3, 3, 5, 1))
patient_7 = Exercise("patient_7", _standardised, "lecture 15, section 15.13", {
    "values": Facet(same_values, FEATURES, _features(), 10),
    "untouched": Facet(untouched, FEATURES, _features(), 4),
})  # fmt: skip


@patient_7.alternative
def seventh_on_copies(train, test):
    test = (test - train.mean(axis=0)) / train.std(axis=0)
    train = train.copy()
    train -= train.mean(axis=0)
    train /= train.std(axis=0)
    return train, test


@patient_7.alternative
def seventh_by_a_function(train, test):
    def fit(table):
        center = table.sum(0) / len(table)
        width = np.sqrt(((table - center) ** 2).sum(0) / len(table))
        return lambda other: (other - center) / width

    scale = fit(train)
    return scale(train), scale(test)


@patient_7.alternative
def seventh_column_by_column(train, test):
    first, second = np.zeros(train.shape), np.zeros(test.shape)
    for j in range(train.shape[1]):
        mean, std = np.mean(train[:, j]), np.std(train[:, j])
        first[:, j] = (train[:, j] - mean) / std
        second[:, j] = (test[:, j] - mean) / std
    return first, second


@patient_7.misconception(
    "train is still changed in place; after that its mean is 0 and its standard deviation 1, and test comes out as it went in.",
    "examples values untouched",
)
def seventh_as_it_was(train, test):
    train -= train.mean(axis=0)
    train /= train.std(axis=0)
    test = (test - train.mean(axis=0)) / train.std(axis=0)
    return train, test


@patient_7.misconception(
    "The values are right, but train and test are overwritten: the caller's data are no longer what they were.",
    "examples untouched",
)
def seventh_statistics_first(train, test):
    mean, std = train.mean(axis=0), train.std(axis=0)
    train -= mean
    train /= std
    test -= mean
    test /= std
    return train, test


@patient_7.misconception(
    "test is standardised by statistics of its own: then the net sees other numbers for the same thing. Use those of train.",
    "examples values untouched",
)
def seventh_own_statistics(train, test):
    std = np.where(test.std(axis=0) > 0, test.std(axis=0), 1)
    return (train - train.mean(axis=0)) / train.std(axis=0), (test - test.mean(axis=0)) / std


@patient_7.misconception(
    "One mean and one standard deviation are taken of all features together: take them feature by feature, along axis 0.",
    "examples values untouched",
)
def seventh_all_features_together(train, test):
    return (train - train.mean()) / train.std(), (test - train.mean()) / train.std()
