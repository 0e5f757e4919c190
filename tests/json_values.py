"""A Hypothesis strategy for any JSON value."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

json_values: SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)
