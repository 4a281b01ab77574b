"""What the sweeps of A5 draw."""

import numpy as np
from hypothesis import strategies as st

seeds = st.integers(0, 2**31 - 1)
few = st.integers(1, 3)


def generator(*key: int) -> np.random.Generator:
    """Return a generator that gives the same numbers for the same key."""
    return np.random.default_rng(key)


def whole(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Return floats that are whole numbers from -9 to 9, easy to read."""
    return rng.integers(-9, 10, shape).astype(float)
