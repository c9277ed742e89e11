"""Sparse changes of single elements: the difference of a program's variants from the clean one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np


class Change(NamedTuple):
    """New values of some elements of one tensor: int64 [changes] each, no element of a trial twice.

    trial: which variant. element: flat index in C order. value: fits the tensor's width.
    """

    trial: np.ndarray
    element: np.ndarray
    value: np.ndarray


# (operator, parameter or state tensor) -> what differs from the clean program.
Changes = Mapping[tuple[str, str], Change]
