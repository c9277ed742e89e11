"""Rows chosen by an index: embeddings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from workbench.integer.operators.operator import CHANNEL, OnSums, Operator
from workbench.integer.sections import EMBED
from workbench.integer.signals import Signal, code_dtype


@dataclass(frozen=True, eq=False, repr=False)
class Embed(Operator):
    """Look-up of a row by index, clamped to 0..rows - 1; rows: int8 or int16 [rows, channels]."""

    rows: np.ndarray

    PARAMETERS: ClassVar[Mapping[str, str]] = {"rows": EMBED}
    AXES: ClassVar[Mapping[str, tuple[str, ...]]] = {"rows": ("row", CHANNEL)}

    def index_rows(self) -> int:
        """The length of the table."""
        return len(self.rows)

    def check(self, sources: tuple[Signal, ...], target: Signal) -> None:
        """One index a row, and rows as wide as the target."""
        (source,) = sources
        self.need(source.bits == 32, "needs row indexes to look up")
        self.need(source.channels == 1 and source.rate == target.rate, "needs one index a row")
        self.need(target.bits in (8, 16), "writes a signal that is not 8 or 16 bits wide")
        fits = self.rows.ndim == 2 and len(self.rows) >= 1
        self.need(fits, "needs a table of at least one row")
        self.need_array("rows", code_dtype(target.bits), (len(self.rows), target.channels))

    def step(
        self, sources: Sequence[np.ndarray], state: dict[str, np.ndarray], on_sums: OnSums
    ) -> np.ndarray:
        """Clamp the index and look up."""
        index = np.clip(sources[0][:, :, 0], 0, len(self.rows) - 1)
        return self.rows.astype(np.int64)[index]
