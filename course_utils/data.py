"""Every data set behind one call, none of them fetched from a network unless an argument asks for it."""

import os
import warnings
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

FOLDER_VARIABLE = "COURSE_DATA"
NAMES = ("MNIST", "FashionMNIST", "CIFAR10")


@dataclass(frozen=True)
class Split:
    """A data set cut in two: float32 inputs (N, C, ...), int64 labels (N,); `name` says which, where that is open."""

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    name: str = ""


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


def pictures(name: str = "MNIST", folder: str | Path | None = None, download: bool = False) -> Split:
    """Return a data set of torchvision's where its files are at hand, else scikit-learn's digits: see `Split.name`.

    `name` is one of NAMES. Its files are looked for, by torchvision's own class, in `folder` or else in the folder that
    the environment variable COURSE_DATA names; `download` lets that class fetch what is missing ("data" is the folder
    where none is named). Pictures are float32 (N, C, H, W) in 0…1, labels int64.
    Warns where the folder of COURSE_DATA does not hold the set.
    Raises ValueError for another name, where `folder` does not hold the set, and where COURSE_DATA is no folder.
    """
    if name not in NAMES:
        raise ValueError(f"no data set {name!r}; there are {', '.join(NAMES)}")
    wanted = os.environ.get(FOLDER_VARIABLE)
    if folder is None and wanted and not download and not Path(wanted).is_dir():
        raise ValueError(f"{FOLDER_VARIABLE} is {wanted!r}, which is no folder; name the one that holds {name}")
    root = folder or wanted or ("data" if download else None)
    if root is not None:
        from torchvision import datasets

        kind = getattr(datasets, name)
        try:
            return _split(kind(root, train=True, download=download), kind(root, train=False, download=download), name)
        except RuntimeError as error:  # what torchvision says where files are missing or damaged
            lacking = f"{root} does not hold {name}, unpacked, in torchvision's own folders"
            if folder is not None or download:
                raise ValueError(f"{lacking}; download=True fetches it") from error
            warnings.warn(f"{FOLDER_VARIABLE}: {lacking}; scikit-learn's digits stand in for it", stacklevel=2)
    small = digits()
    return Split(small.x_train, small.y_train, small.x_test, small.y_test, "digits")


def _split(train, test, name: str) -> Split:
    """Return two of torchvision's data sets, whose `data` are bytes (N, H, W) or (N, H, W, C), as a Split."""
    planes = []
    for part in (train, test):
        pixels = np.asarray(part.data)
        pixels = pixels[:, None] if pixels.ndim == 3 else pixels.transpose(0, 3, 1, 2)
        planes.append(np.ascontiguousarray(pixels, dtype=np.float32) / 255)
    labels = [np.asarray(part.targets, dtype=np.int64) for part in (train, test)]
    return Split(planes[0], labels[0], planes[1], labels[1], name)


def held_out(data: Split, size: int, seed: int = 0) -> Split:
    """Return the training part of `data` cut in two by `seed`: what is left to train on, and `size` to validate with.

    The validation set stands where a Split has its test set. The test set of `data` is not in the result.
    Raises ValueError where `size` leaves either part empty.
    """
    count = len(data.y_train)
    if not 0 < size < count:
        raise ValueError(f"size is {size}; it must lie between 1 and {count - 1}")
    order = np.random.default_rng(seed).permutation(count)
    kept, out = order[size:], order[:size]
    return Split(data.x_train[kept], data.y_train[kept], data.x_train[out], data.y_train[out], data.name)


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
