"""What the sweeps of A7 draw."""

from hypothesis import strategies as st

seeds = st.integers(0, 2**31 - 1)
few = st.integers(1, 3)
widths = st.lists(st.integers(1, 4), min_size=1, max_size=3).map(tuple)
