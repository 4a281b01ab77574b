"""Which device, how many threads, and every seed."""

import os
import random

import numpy as np
import torch


def pick_device() -> torch.device:
    """Return the device the course computes on: a GPU where there is one, else the CPU.

    The environment variable COURSE_DEVICE ("cpu", "cuda", "cuda:1", "mps") overrides the choice.
    Raises ValueError where it names a device that torch does not know.
    """
    wanted = os.environ.get("COURSE_DEVICE")
    if wanted:
        try:
            return torch.device(wanted)
        except RuntimeError as error:
            raise ValueError(
                f"COURSE_DEVICE is {wanted!r}, which torch does not know; use cpu, cuda, cuda:N or mps"
            ) from error
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def seed_everything(seed: int) -> np.random.Generator:
    """Seed Python, NumPy and torch, and return a NumPy generator of the same seed for new code."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - libraries still draw from it
    torch.manual_seed(seed)
    return np.random.default_rng(seed)


def one_thread() -> None:
    """Bind torch to one thread: sums then come out in one order, whatever machine a page runs on."""
    torch.set_num_threads(1)
