"""A shift with rounding: changes of scale and width, and ReLU."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from workbench.integer.operators.operator import OnSums, Operator
from workbench.integer.operators.shifts import requantise
from workbench.integer.sections import SHIFT
from workbench.integer.signals import SHIFT_MAX, SHIFT_MIN, Signal


@dataclass(frozen=True, eq=False, repr=False)
class Rescale(Operator):
    """Shift with rounding half up, then clamp: also ReLU (low = 0) and any change of width.

        y = clamp((x + 2**(shift - 1)) >> shift, low, high)

    shift: int8 [1], clamped to SHIFT_MIN..SHIFT_MAX on use; right where positive.
    """

    shift: np.ndarray
    low: int
    high: int

    PARAMETERS: ClassVar[Mapping[str, str]] = {"shift": SHIFT}

    def check(self, sources: tuple[Signal, ...], target: Signal) -> None:
        """The shape stays; there is one shift."""
        self.need_codes(sources, target)
        self.need_same_shape(sources[0], target)
        self.need_array("shift", np.int8, (1,))
        self.need_clamp((self.low, self.high), target)

    def step(
        self, sources: Sequence[np.ndarray], state: dict[str, np.ndarray], on_sums: OnSums
    ) -> np.ndarray:
        """Add half a step, shift, clamp."""
        shift = np.clip(self.shift.astype(np.int64), SHIFT_MIN, SHIFT_MAX)
        rounding = np.where(shift > 0, 1 << np.maximum(shift - 1, 0), 0)
        return np.clip(requantise(sources[0] + rounding, shift), self.low, self.high)
