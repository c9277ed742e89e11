"""Sorting by several columns: NumPy's order, whether they fit one number or not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.memory.ordering import stable_order


@given(
    widths=st.lists(st.integers(0, 40), min_size=1, max_size=4),
    count=st.integers(0, 50),
    seed=st.integers(0, 2**32 - 1),
)
def test_the_order_is_that_of_numpy(widths: list[int], count: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    columns = [rng.integers(0, 2**width, count) for width in widths]
    columns[0][count // 2 :] = columns[0][: count - count // 2]  # some alike
    np.testing.assert_array_equal(stable_order(*columns), np.lexsort(columns[::-1]))


@pytest.mark.parametrize("dtype", [np.int32, np.int64])
def test_numbers_of_any_type(dtype: type) -> None:
    column = np.array([3, 1, 2**31 - 1, 1], dtype)
    assert stable_order(column, column).tolist() == [1, 3, 0, 2]
