"""Which device, how many threads, and every seed."""

import os
import platform
import random
from pathlib import Path

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


def synchronise(device: torch.device) -> None:
    """Wait until `device` has done everything that was asked of it; a CPU has, whenever a call returns."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def autocast(device: torch.device, precision: str) -> torch.autocast:
    """Return the context in which layers compute in `precision`: "float32" (as they are) or "bfloat16".

    In bfloat16, torch runs products and convolutions in 16 bits and keeps weights, sums over many numbers and losses
    in 32. Raises ValueError for another precision: float16 would need a scaled loss as well.
    """
    if precision not in ("float32", "bfloat16"):
        raise ValueError(f"precision is {precision!r}; it must be 'float32' or 'bfloat16'")
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=precision == "bfloat16")


def device_name(device: torch.device) -> str:
    """Return what the device calls itself, such as "NVIDIA H100" or the model name of the processor."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    if device.type == "mps":
        return f"Apple GPU of {platform.machine()}"
    listing = Path("/proc/cpuinfo")
    lines = listing.read_text(encoding="utf-8").splitlines() if listing.is_file() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()
