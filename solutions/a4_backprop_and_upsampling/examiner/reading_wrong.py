"""What goes wrong when a net is trained on the digits."""

import numpy as np

from .reading import train_digits


@train_digits.misconception(
    "This is a linear model on the pixels; where the digit may stand anywhere, only shared weights and a maximum over all places help.",
    "examples values",
)
def train_linear(images, labels, held_out):
    if not len(images) or len(images) != len(labels) or images.shape[1:] != held_out.shape[1:]:
        raise ValueError("images, labels and held_out do not fit together")
    x, asked = images.reshape(len(images), -1), held_out.reshape(len(held_out), -1)
    w, b = np.zeros((x.shape[1], 10)), np.zeros(10)
    for _ in range(60):
        p = np.exp(x @ w + b)
        p = (p / p.sum(1, keepdims=True) - np.eye(10)[labels]) / len(x)
        w, b = w - 2.0 * x.T @ p, b - 2.0 * p.sum(0)
    return (asked @ w + b).argmax(1)


@train_digits.misconception(
    "The nearest training picture is looked up, pixel by pixel; most digits never stood at just this place. Train a ConvNet.",
    "examples values",
)
def train_nearest(images, labels, held_out):
    if not len(images) or len(images) != len(labels) or images.shape[1:] != held_out.shape[1:]:
        raise ValueError("images, labels and held_out do not fit together")
    x, asked = images.reshape(len(images), -1), held_out.reshape(len(held_out), -1)
    return labels[((x * x).sum(1) - 2 * asked @ x.T).argmin(1)]


@train_digits.misconception(
    "Nothing is trained: the net answers with the weights it was drawn with.", "examples values"
)
def train_nothing(images, labels, held_out):
    if not len(images) or len(images) != len(labels) or images.shape[1:] != held_out.shape[1:]:
        raise ValueError("images, labels and held_out do not fit together")
    seen, asked = (
        np.lib.stride_tricks.sliding_window_view(x[:, 0], (6, 6), (1, 2)).reshape(len(x), -1, 36)
        for x in (images, held_out)
    )
    rng = np.random.default_rng(0)
    w1, b1, w2, b2 = rng.normal(0, 0.25, (36, 24)), np.zeros(24), rng.normal(0, 0.1, (24, 10)), np.zeros(10)
    for _ in range(0):
        for batch in np.array_split(rng.permutation(len(labels)), -(-len(labels) // 50)):
            maps = seen[batch] @ w1 + b1
            winner = maps.argmax(1)
            top = np.maximum(maps.max(1), 0)
            p = np.exp(top @ w2 + b2)
            p /= p.sum(1, keepdims=True)
            p = (p - np.eye(10)[labels[batch]]) / len(batch)
            back = p @ w2.T * (top > 0)
            windows = np.take_along_axis(seen[batch], winner[:, :, None], 1)
            w1 = w1 - 0.3 * np.einsum("nf,nfk->kf", back, windows)
            b1, w2, b2 = b1 - 0.3 * back.sum(0), w2 - 0.3 * top.T @ p, b2 - 0.3 * p.sum(0)
    return (np.maximum((asked @ w1 + b1).max(1), 0) @ w2 + b2).argmax(1)


@train_digits.misconception(
    "The pictures are shuffled without their labels, so that labels and pictures do not belong together.",
    "examples values",
)
def train_on_shuffled_labels(images, labels, held_out):
    if not len(images) or len(images) != len(labels) or images.shape[1:] != held_out.shape[1:]:
        raise ValueError("images, labels and held_out do not fit together")
    seen, asked = (
        np.lib.stride_tricks.sliding_window_view(x[:, 0], (6, 6), (1, 2)).reshape(len(x), -1, 36)
        for x in (images, held_out)
    )
    rng = np.random.default_rng(0)
    w1, b1, w2, b2 = rng.normal(0, 0.25, (36, 24)), np.zeros(24), rng.normal(0, 0.1, (24, 10)), np.zeros(10)
    for _ in range(3):
        for batch in np.array_split(rng.permutation(len(labels)), -(-len(labels) // 50)):
            other = rng.permutation(batch)
            maps = seen[other] @ w1 + b1
            winner = maps.argmax(1)
            top = np.maximum(maps.max(1), 0)
            p = np.exp(top @ w2 + b2)
            p /= p.sum(1, keepdims=True)
            p = (p - np.eye(10)[labels[batch]]) / len(batch)
            back = p @ w2.T * (top > 0)
            windows = np.take_along_axis(seen[other], winner[:, :, None], 1)
            w1 = w1 - 0.3 * np.einsum("nf,nfk->kf", back, windows)
            b1, w2, b2 = b1 - 0.3 * back.sum(0), w2 - 0.3 * top.T @ p, b2 - 0.3 * p.sum(0)
    return (np.maximum((asked @ w1 + b1).max(1), 0) @ w2 + b2).argmax(1)


@train_digits.misconception("The steps go up the slope instead of down: subtract the gradient.", "examples values")
def train_uphill(images, labels, held_out):
    if not len(images) or len(images) != len(labels) or images.shape[1:] != held_out.shape[1:]:
        raise ValueError("images, labels and held_out do not fit together")
    seen, asked = (
        np.lib.stride_tricks.sliding_window_view(x[:, 0], (6, 6), (1, 2)).reshape(len(x), -1, 36)
        for x in (images, held_out)
    )
    rng = np.random.default_rng(0)
    w1, b1, w2, b2 = rng.normal(0, 0.25, (36, 24)), np.zeros(24), rng.normal(0, 0.1, (24, 10)), np.zeros(10)
    for _ in range(3):
        for batch in np.array_split(rng.permutation(len(labels)), -(-len(labels) // 50)):
            maps = seen[batch] @ w1 + b1
            winner = maps.argmax(1)
            top = np.maximum(maps.max(1), 0)
            p = np.exp(top @ w2 + b2)
            p /= p.sum(1, keepdims=True)
            p = (p - np.eye(10)[labels[batch]]) / len(batch)
            back = p @ w2.T * (top > 0)
            windows = np.take_along_axis(seen[batch], winner[:, :, None], 1)
            w1 = w1 - -0.003 * np.einsum("nf,nfk->kf", back, windows)
            b1, w2, b2 = b1 - -0.003 * back.sum(0), w2 - -0.003 * top.T @ p, b2 - -0.003 * p.sum(0)
    return (np.maximum((asked @ w1 + b1).max(1), 0) @ w2 + b2).argmax(1)


@train_digits.misconception(
    "The net sees every picture a few times only; it is still learning when the training ends. Train for more epochs, with momentum.",
    "examples values",
)
def train_once(images, labels, held_out):
    if not len(images) or len(images) != len(labels) or images.shape[1:] != held_out.shape[1:]:
        raise ValueError("images, labels and held_out do not fit together")
    seen, asked = (
        np.lib.stride_tricks.sliding_window_view(x[:, 0], (6, 6), (1, 2)).reshape(len(x), -1, 36)
        for x in (images, held_out)
    )
    rng = np.random.default_rng(0)
    w1, b1, w2, b2 = rng.normal(0, 0.25, (36, 24)), np.zeros(24), rng.normal(0, 0.1, (24, 10)), np.zeros(10)
    for _ in range(3):
        for batch in np.array_split(rng.permutation(len(labels)), -(-len(labels) // 50)):
            maps = seen[batch] @ w1 + b1
            winner = maps.argmax(1)
            top = np.maximum(maps.max(1), 0)
            p = np.exp(top @ w2 + b2)
            p /= p.sum(1, keepdims=True)
            p = (p - np.eye(10)[labels[batch]]) / len(batch)
            back = p @ w2.T * (top > 0)
            windows = np.take_along_axis(seen[batch], winner[:, :, None], 1)
            w1 = w1 - 0.3 * np.einsum("nf,nfk->kf", back, windows)
            b1, w2, b2 = b1 - 0.3 * back.sum(0), w2 - 0.3 * top.T @ p, b2 - 0.3 * p.sum(0)
    return (np.maximum((asked @ w1 + b1).max(1), 0) @ w2 + b2).argmax(1)


@train_digits.misconception("Every picture gets the most frequent label.", "examples values")
def train_most_frequent(images, labels, held_out):
    if not len(images) or len(images) != len(labels) or images.shape[1:] != held_out.shape[1:]:
        raise ValueError("images, labels and held_out do not fit together")
    return np.full(len(held_out), np.bincount(labels).argmax())


@train_digits.misconception("The training pictures are centred in place, so the caller's arrays are changed.", "care")
def train_changes_its_images(images, labels, held_out):
    if not len(images) or len(images) != len(labels) or images.shape[1:] != held_out.shape[1:]:
        raise ValueError("images, labels and held_out do not fit together")
    rng = np.random.default_rng(0)
    windows = np.lib.stride_tricks.sliding_window_view
    patches = windows(images[:, 0], (6, 6), (1, 2)).reshape(-1, 36).astype(float)
    patches = patches[patches.std(1) > 0.3]
    kernels = patches[rng.choice(len(patches), 200)]
    kernels -= kernels.mean(1, keepdims=True)
    known, asked = (
        np.hstack([(windows(x[:, 0], (6, 6), (1, 2)).reshape(len(x), -1, 36) @ kernels.T).max(1), np.ones((len(x), 1))])
        for x in (images, held_out)
    )
    weights = np.linalg.solve(known.T @ known + 3.0 * np.eye(201), known.T @ np.eye(10)[labels])
    images *= 0
    return (asked @ weights).argmax(1)


@train_digits.misconception(
    "The scores of all classes come back; one label for each picture is wanted: the class with the largest score.",
    "examples values care",
)
def train_gives_scores(images, labels, held_out):
    if not len(images) or len(images) != len(labels) or images.shape[1:] != held_out.shape[1:]:
        raise ValueError("images, labels and held_out do not fit together")
    rng = np.random.default_rng(0)
    windows = np.lib.stride_tricks.sliding_window_view
    patches = windows(images[:, 0], (6, 6), (1, 2)).reshape(-1, 36).astype(float)
    patches = patches[patches.std(1) > 0.3]
    kernels = patches[rng.choice(len(patches), 200)]
    kernels -= kernels.mean(1, keepdims=True)
    known, asked = (
        np.hstack([(windows(x[:, 0], (6, 6), (1, 2)).reshape(len(x), -1, 36) @ kernels.T).max(1), np.ones((len(x), 1))])
        for x in (images, held_out)
    )
    weights = np.linalg.solve(known.T @ known + 3.0 * np.eye(201), known.T @ np.eye(10)[labels])
    return asked @ weights


@train_digits.misconception(
    "Pictures, labels and sizes that do not fit together are let through; the statement asks for a ValueError.",
    "examples refusals",
)
def train_unchecked(images, labels, held_out):
    fewest = min(len(images), len(labels))
    if fewest == 0:
        return np.zeros(len(held_out), int)
    images, labels = images[:fewest], labels[:fewest]
    rng = np.random.default_rng(0)
    windows = np.lib.stride_tricks.sliding_window_view
    patches = windows(images[:, 0], (6, 6), (1, 2)).reshape(-1, 36).astype(float)
    patches = patches[patches.std(1) > 0.3]
    kernels = patches[rng.choice(len(patches), 200)]
    kernels -= kernels.mean(1, keepdims=True)
    known, asked = (
        np.hstack([(windows(x[:, 0], (6, 6), (1, 2)).reshape(len(x), -1, 36) @ kernels.T).max(1), np.ones((len(x), 1))])
        for x in (images, held_out)
    )
    weights = np.linalg.solve(known.T @ known + 3.0 * np.eye(201), known.T @ np.eye(10)[labels])
    return (asked @ weights).argmax(1)
