"""A function of an int8 code, as a lookup table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from workbench.integer.operators.operator import OnSums, Operator
from workbench.integer.sections import TABLE
from workbench.integer.signals import Signal, code_dtype


@dataclass(frozen=True, eq=False, repr=False)
class Table(Operator):
    """Look-up of an int8 code: y = table[x + 128]; table: int8 or int16 [256]."""

    table: np.ndarray

    PARAMETERS: ClassVar[Mapping[str, str]] = {"table": TABLE}
    AXES: ClassVar[Mapping[str, tuple[str, ...]]] = {"table": ("entry",)}

    def check(self, sources: tuple[Signal, ...], target: Signal) -> None:
        """An entry for every int8 code, as wide as the target."""
        self.need_codes(sources, target)
        self.need(sources[0].bits == 8, "looks up int8 codes only")
        self.need_same_shape(sources[0], target)
        self.need_array("table", code_dtype(target.bits), (256,))

    def step(
        self, sources: Sequence[np.ndarray], state: dict[str, np.ndarray], on_sums: OnSums
    ) -> np.ndarray:
        """Look up."""
        return self.table.astype(np.int64)[sources[0] + 128]
