"""The closing task: train on scikit-learn's digits, and be judged on pictures that are drawn at grading time."""

from functools import cache

import numpy as np

from course_utils.checks import call, failure
from course_utils.data import digits
from course_utils.grading.exercise import Call, Exercise, Facet, call_copy, same_refusals

from .inputs import generator, seeds, shape_fault

WANTED, SECONDS = 0.9, 15.0  # the statement says ten seconds; a busy grader needs some more
TRAINING, HELD_OUT = 1400, 300
HEIGHT, WIDTH = 11, 14


@cache
def _all_digits() -> tuple[np.ndarray, np.ndarray, dict[bytes, int]]:
    """Return the 1,797 digits (N, 8, 8), their classes, and the class of each by its ink."""
    data = digits()
    images = np.concatenate([data.x_train, data.x_test])[:, 0]
    classes = np.concatenate([data.y_train, data.y_test])
    return images, classes, {_ink(image): int(each) for image, each in zip(images, classes, strict=True)}


def _ink(image: np.ndarray) -> bytes:
    """Return a digit without the black around it, wherever it stands."""
    rows, columns = (np.flatnonzero(image.any(axis=axis)) for axis in (1, 0))
    cut = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return bytes(cut.shape) + np.rint(cut * 16).astype(np.uint8).tobytes()


def drawn(seed: int, training: int = TRAINING, held_out: int = HELD_OUT) -> Call:
    """Return a call: digits split anew, each at a random place of a larger black picture, the classes renumbered."""
    rng = generator(seed)
    digit, classes, _ = _all_digits()
    chosen = rng.permutation(len(digit))[: training + held_out]
    images = np.zeros((len(chosen), 1, HEIGHT, WIDTH), np.float32)
    for image, which in zip(images, chosen, strict=True):
        top, left = rng.integers(HEIGHT - 7), rng.integers(WIDTH - 7)
        image[0, top : top + 8, left : left + 8] = digit[which]
    labels = rng.permutation(10)[classes[chosen]]
    return Call((images[:training], labels[:training], images[training:]))


def _true_labels(images, labels, held_out):
    known = _all_digits()[2]
    number = {known[_ink(image[0])]: label for image, label in zip(images, labels, strict=True)}
    return np.array([number[known[_ink(image[0])]] for image in held_out])


def reads_digits(exercise, function, asked):
    """Judge predicted labels by how many are right."""
    outcome = call_copy(function, asked, SECONDS)
    right = _true_labels(*asked.args)
    fault = _label_fault(outcome, right)
    if fault:
        return outcome, fault
    share = float(np.mean(outcome.value == right))
    if share >= WANTED:
        return outcome, None
    said = f"{share:.1%} of the {len(right)} held-out digits are read rightly, and {WANTED:.0%} are wanted."
    if (outcome.value == outcome.value[0]).all():
        return outcome, f"{said} All of them get the label {outcome.value[0]}."
    if share < 0.2:
        return outcome, f"{said} That is guessing: does the loss fall, and does each label stay with its picture?"
    return outcome, f"{said} {'A linear model comes as far.' if share < 0.5 else 'It learns, but not enough yet.'}"


def _label_fault(outcome, right):
    fault = shape_fault(outcome, right)
    if fault is None and outcome.value.dtype.kind not in "iu":
        fault = f"the labels have dtype {outcome.value.dtype}; whole numbers are wanted."
    return fault


def leaves_inputs(exercise, function, asked):
    """Judge a short training on strided views: whole-number labels, inputs as they were, the same labels twice."""
    views = tuple(np.repeat(value, 2, axis=0)[::2] for value in asked.args)
    outcome = call_copy(function, Call(views), SECONDS)
    kept = tuple(map(np.copy, asked.args))
    again = call(function, kept, {}, SECONDS)
    fault = _label_fault(outcome, np.zeros(len(asked.args[2]), int)) or failure(again, again.value)
    for name, now, was in zip(("images", "labels", "held_out"), kept, asked.args, strict=True):
        if fault is None and not np.array_equal(now, was):
            fault = f"the call changed {name}; the caller still needs it."
    if fault is None and not np.array_equal(outcome.value, again.value):
        fault = "two calls with the same pictures give different labels: seed your generator inside the function."
    return outcome, fault


SHORT = drawn(5, 120, 30)
IMAGES, LABELS, HELD = SHORT.args

train_digits = Exercise(
    "train_digits",
    _true_labels,
    "lecture 07, on training a net in NumPy",
    {
        "refusals": Facet(same_refusals, (
            Call((IMAGES, LABELS[:-1], HELD), note="there are 120 images and 119 labels"),
            Call((IMAGES[:5], LABELS, HELD), note="there are 5 images and 120 labels"),
            Call((IMAGES, LABELS, HELD[:, :, :, 1:]), note="held_out are 11 × 13 pictures, and images 11 × 14"),
            Call((IMAGES[:, :, 1:], LABELS, HELD), note="held_out are 11 × 14 pictures, and images 10 × 14"),
            Call((IMAGES[:0], LABELS[:0], HELD), note="there is nothing to learn from"),
        )),
        "care": Facet(leaves_inputs, (SHORT,)),
        "values": Facet(reads_digits, (), seeds.filter(lambda seed: seed > 999).map(drawn), 1),
    },
)  # fmt: skip


@train_digits.alternative
def train_by_gathering(images, labels, held_out):
    if not len(images) or len(images) != len(labels) or images.shape[1:] != held_out.shape[1:]:
        raise ValueError("images, labels and held_out do not fit together")
    seen, asked = (
        np.lib.stride_tricks.sliding_window_view(x[:, 0], (6, 6), (1, 2)).reshape(len(x), -1, 36)
        for x in (images, held_out)
    )
    rng = np.random.default_rng(0)
    w1, b1, w2, b2 = rng.normal(0, 0.25, (36, 40)), np.zeros(40), np.zeros((40, 10)), np.zeros(10)
    speed = [0.0] * 4
    for rate in np.linspace(0.2, 0.0, 8):
        for batch in np.array_split(rng.permutation(len(labels)), -(-len(labels) // 50)):
            maps = seen[batch] @ w1 + b1
            winner = maps.argmax(1)
            top = np.maximum(maps.max(1), 0)
            p = np.exp(top @ w2 + b2)
            p /= p.sum(1, keepdims=True)
            p -= np.eye(10)[labels[batch]]
            p /= len(batch)
            back = p @ w2.T * (top > 0)
            windows = np.take_along_axis(seen[batch], winner[:, :, None], 1)
            grads = np.einsum("nf,nfk->kf", back, windows), back.sum(0), top.T @ p, p.sum(0)
            speed = [0.9 * v - rate * g for v, g in zip(speed, grads)]
            w1, b1, w2, b2 = (value + v for value, v in zip((w1, b1, w2, b2), speed))
    return (np.maximum((asked @ w1 + b1).max(1), 0) @ w2 + b2).argmax(1)


@train_digits.alternative
def train_last_layer_only(images, labels, held_out):
    if not len(images) or len(images) != len(labels) or images.shape[1:] != held_out.shape[1:]:
        raise ValueError("images, labels and held_out do not fit together")
    rng = np.random.default_rng(0)
    windows = np.lib.stride_tricks.sliding_window_view
    patches = windows(images[:, 0], (6, 6), (1, 2)).reshape(-1, 36).astype(float)
    patches = patches[patches.std(1) > 0.3]
    kernels = patches[rng.choice(len(patches), 200)]
    kernels -= kernels.mean(1, keepdims=True)

    def features(x):
        maps = windows(x[:, 0], (6, 6), (1, 2)).reshape(len(x), -1, 36) @ kernels.T
        return np.hstack([maps.max(1), np.ones((len(x), 1))])

    known = features(images)
    ridge = known.T @ known + 3.0 * np.eye(201)
    return (features(held_out) @ np.linalg.solve(ridge, known.T @ np.eye(10)[labels])).argmax(1)


@train_digits.alternative
def train_on_frozen_kernels(images, labels, held_out):
    if not len(images) or len(images) != len(labels) or images.shape[1:] != held_out.shape[1:]:
        raise ValueError("images, labels and held_out do not fit together")
    rng = np.random.default_rng(0)
    (h, w), tops = images.shape[2:], []
    kernels = rng.normal(0, 1, (200, 25)).astype(images.dtype)
    for x in (images, held_out):
        columns = [x[:, 0, p : p + h - 4, q : q + w - 4].reshape(len(x), -1) for p, q in np.ndindex(5, 5)]
        tops.append(np.maximum(np.stack(columns, 2) @ kernels.T, 0).max(1))
    middle, spread = tops[0].mean(0), tops[0].std(0) + 0.1
    known, asked = ((top - middle) / spread for top in tops)
    weights = speed = np.zeros((200, 10))
    for _ in range(60):
        p = np.exp(known @ weights)
        slope = known.T @ (p / p.sum(1, keepdims=True) - np.eye(10)[labels]) / len(labels)
        speed = 0.9 * speed - 0.05 * (slope + 0.003 * weights)
        weights = weights + speed
    return (asked @ weights).argmax(1)
