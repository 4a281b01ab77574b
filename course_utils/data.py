"""Every data set behind one call, none of them fetched from a network."""

from dataclasses import dataclass
from functools import cache

import numpy as np


@dataclass(frozen=True)
class Split:
    """A data set cut in two: float32 inputs (N, C, ...), int64 labels (N,)."""

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


@cache
def mnist1d() -> Split:
    """Return MNIST-1D, made from its published recipe: 4,000 and 1,000 signals of shape (1, 40).

    Source: Greydanus and Kobak, "Scaling down deep learning with MNIST-1D", ICML 2024. The package's
    own recipe reseeds NumPy's global generator; its state is put back here.
    """
    from mnist1d.data import get_dataset_args, make_dataset

    state = np.random.get_state()  # noqa: NPY002
    try:
        made = make_dataset(get_dataset_args())
    finally:
        np.random.set_state(state)  # noqa: NPY002
    return Split(
        made["x"][:, None].astype(np.float32),
        made["y"].astype(np.int64),
        made["x_test"][:, None].astype(np.float32),
        made["y_test"].astype(np.int64),
    )


def digits(test_size: int = 597, seed: int = 0) -> Split:
    """Return scikit-learn's 1,797 handwritten digits as (N, 1, 8, 8) in 0…1, split by `seed`.

    Source: Alpaydin and Kaynak, UCI "Optical Recognition of Handwritten Digits", 1998.
    Raises ValueError where `test_size` leaves either part empty.
    """
    from sklearn.datasets import load_digits

    bunch = load_digits()
    images = (bunch.images / 16.0).astype(np.float32)[:, None]
    if not 0 < test_size < len(images):
        raise ValueError(f"test_size is {test_size}; it must lie between 1 and {len(images) - 1}")
    order = np.random.default_rng(seed).permutation(len(images))
    train, test = order[test_size:], order[:test_size]
    labels = bunch.target.astype(np.int64)
    return Split(images[train], labels[train], images[test], labels[test])


def photograph(name: str = "china", height: int = 160) -> np.ndarray:
    """Return one of scikit-learn's two photographs in grey, float64 in 0…255, `height` rows.

    `name` is "china" (a temple) or "flower". Grey is 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601).
    Raises ValueError for another name or a height that is not between 8 and 427.
    """
    return photograph_rgb(name, height) @ np.array([0.299, 0.587, 0.114])


def photograph_rgb(name: str = "china", height: int = 160) -> np.ndarray:
    """Return one of scikit-learn's two photographs as (height, width, 3), float64 in 0…255.

    Shrunk by averaging over boxes, so nothing aliases. Raises ValueError as `photograph` does.
    """
    from PIL import Image
    from sklearn.datasets import load_sample_image

    if name not in ("china", "flower"):
        raise ValueError(f"no photograph {name!r}; there are 'china' and 'flower'")
    if not 8 <= height <= 427:
        raise ValueError(f"height is {height}; it must lie between 8 and 427")
    image = Image.fromarray(load_sample_image(f"{name}.jpg"))
    width = round(image.width * height / image.height)
    return np.asarray(image.resize((width, height), Image.Resampling.BOX), dtype=np.float64)
