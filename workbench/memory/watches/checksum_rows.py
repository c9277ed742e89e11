"""Checksum rows of convolutions: what their sums must add up to.

Reference: algorithm-based fault tolerance, Huang and Abraham 1984,
https://doi.org/10.1109/TC.1984.1676475. Layout: see `watch`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from workbench.errors import WorkbenchError
from workbench.integer.operators import Conv
from workbench.integer.sections import BIAS
from workbench.memory.places import CHECK, Place, Places, Tensor
from workbench.memory.tensors import read_tensor, write_tensor
from workbench.memory.watches.areas import Area
from workbench.memory.watches.monitor import Frame, Monitor, MonitorKind

# A checksum row is int16: so many columns of -128 still fit.
_MOST_COLUMNS = 255


class ChecksumWatch(Monitor):
    """Weights and biases of convolutions; a unit is a convolution, its check a checksum row.

        rows[j, i] = sum over u and o of weight[u, o, j, i]
        total = up * sum over o of bias[o], modulo 2^32

    so that the sums of all accumulators at one position make rows . x + total, modulo 2^32. Grouped
    convolutions, whose rows would be as long as their weights, are not watched.
    """

    asks_pages: ClassVar[bool] = True

    def __init__(self, area: Area, layout: Places, label: str) -> None:
        super().__init__(area, layout, label)
        self.operators = [
            operator
            for operator in layout.program.operators
            if isinstance(operator, Conv)
            and operator.groups == 1
            and area.columns <= operator.up * operator.out_channels <= _MOST_COLUMNS
        ]
        self.units = len(self.operators)
        self.start, self.stop = 0, layout.working_bytes
        # The bytes that the last difference of a unit was made of, and that difference: a unit that
        # nothing helps is asked for it in every frame.
        self._known: dict[int, tuple[bytes, tuple[np.ndarray, int]]] = {}
        self._ranges = [
            [
                (place.start, place.start + place.size_bytes)
                for place in layout.places  # weights come before biases
                if place.operator == operator.name and place.tensor in ("weight", "bias")
            ]
            for operator in self.operators
        ]

    def tensors(self) -> list[tuple[str, Tensor]]:
        """`rows_n`, int16 [taps, in], and `total_n`, int32 [1], of unit n."""
        found: list[tuple[str, Tensor]] = []
        for unit, conv in enumerate(self.operators):
            found.append((CHECK, (self.label, f"rows_{unit}", 16, conv.weight.shape[2:])))
            found.append((CHECK, (self.label, f"total_{unit}", 32, (1,))))
        return found

    def addresses(self, unit: int) -> np.ndarray:
        """The weights, then the biases, of an operator."""
        return np.concatenate([np.arange(*each) for each in self._ranges[unit]])

    def ranges(self, unit: int) -> list[tuple[int, int]]:
        """The weights, then the biases, of an operator."""
        return self._ranges[unit]

    def units_of(self, addresses: np.ndarray) -> np.ndarray:
        """The operators of the bytes."""
        return np.array(
            [
                unit
                for unit, ranges in enumerate(self._ranges)
                for start, stop in ranges
                if ((addresses >= start) & (addresses < stop)).any()
            ],
            np.int64,
        )

    def units_checked(self, place: Place, offset: np.ndarray) -> np.ndarray:
        """The operator whose number the tensor's name ends with."""
        return np.array([int(place.tensor.split("_")[1])])

    def wrong(self, data: np.ndarray, unit: int, *, golden: bool = False) -> bool:
        """Whether row and total are those of the weights and biases."""
        rows, total = self.difference(data, unit, golden=golden)
        return bool(rows.any() or total)

    def difference(
        self, data: np.ndarray, unit: int, *, golden: bool = False
    ) -> tuple[np.ndarray, int]:
        """Rows int64 [taps, in] and total of the bytes as they are, less the stored ones.

        The sums of a position are wrong by rows . x + total, modulo 2^32.
        """
        kept = [self.layout.place(self.label, f"{name}_{unit}") for name in ("rows", "total")]
        start = self.layout.sections["golden"].start if golden else 0
        ranges = [(start + first, start + last) for first, last in self._ranges[unit]]
        ranges += [(place.start, place.start + place.size_bytes) for place in kept]
        read = b"".join(data[first:last].tobytes() for first, last in ranges)
        known = self._known.get(unit)
        if known is None or known[0] != read:
            rows, total = self._signature(data, unit, golden=golden)
            stored = [read_tensor(data, place).astype(np.int64) for place in kept]
            difference = rows - stored[0], (total - int(stored[1][0])) % 2**32
            known = self._known[unit] = read, difference
        return known[1]

    def sign(self, data: np.ndarray, unit: int) -> None:
        """Store row and total of a unit."""
        rows, total = self._signature(data, unit)
        write_tensor(data, self.layout.place(self.label, f"rows_{unit}"), rows)
        signed = np.array([(total + 2**31) % 2**32 - 2**31])
        write_tensor(data, self.layout.place(self.label, f"total_{unit}"), signed)

    def _signature(
        self, data: np.ndarray, unit: int, *, golden: bool = False
    ) -> tuple[np.ndarray, int]:
        conv = self.operators[unit]
        weight, bias = (
            read_tensor(data, self.layout.place(conv.name, tensor, golden=golden)).astype(np.int64)
            for tensor in ("weight", "bias")
        )
        return weight.sum(axis=(0, 1)), int(bias.sum()) * conv.up

    def may_alarm(self, suspects: Collection[int]) -> bool:
        """Sums are right as long as rows and totals are those of the weights and biases."""
        return bool(suspects)

    def while_computed(
        self, data: np.ndarray, frame: Frame, suspects: Collection[int]
    ) -> list[int]:
        """Convolutions whose sums are wrong at some position of the frame."""
        units = []
        for unit in sorted(suspects):
            conv = self.operators[unit]
            x = frame.signals[conv.sources[0]].astype(np.int64)
            if conv.history:
                x = np.concatenate([frame.past(conv.name, "history"), x])
            if sums_differ(conv, x, *self.difference(data, unit)):
                units.append(unit)
        return units

    def telling_bits(self, unit: int) -> list[int]:
        """Bit 12 of each bias, which every sum shows."""
        return [
            8 * place.start + 12
            for place in self.layout.places
            if place.section == BIAS and place.operator == self.operators[unit].name
        ]


def sums_differ(conv: Conv, x: np.ndarray, rows: np.ndarray, total: int) -> bool:
    """Whether a checksum row that is off by `rows` and `total` shows in some sum of one frame.

    x: int64 [history + rows of the frame, channels]. rows, total: as `ChecksumWatch.difference`.
    """
    length = len(x) - conv.history
    wrong = np.full(length // conv.stride, total, np.int64)
    for tap in range(conv.taps):
        first = tap * conv.dilation
        wrong += x[first : first + length : conv.stride] @ rows[tap]
    return bool((wrong % 2**32).any())


@dataclass(frozen=True)
class Sums(MonitorKind):
    """Checksum rows compare the accumulator sums of convolutions."""

    watch: ClassVar = ChecksumWatch
    fields: ClassVar[tuple[str, ...]] = ("columns",)
    repeats: ClassVar[bool] = True
    sees: ClassVar[str] = "every sum, as it arises"
    remedies: ClassVar[tuple[str, ...] | None] = ("RESTORE", "REPEAT")
    ladder_rule: ClassVar[str] = "abft can RESTORE its operator and REPEAT it, nothing else"

    def check(self, area: Area) -> None:
        """The number of columns has two bytes."""
        if not 1 <= area.columns < 2**16:
            raise WorkbenchError(
                f"{self.name} cannot watch convolutions with {area.columns} columns; choose at least 1"
            )

    def check_units(self, watch: ChecksumWatch) -> None:
        """Some convolution must be watched where there are any."""
        if not watch.units and any(isinstance(o, Conv) for o in watch.layout.program.operators):
            raise WorkbenchError(
                f"{self.name} would watch nothing: no convolution of one group has {watch.area.columns} "
                "columns; choose fewer columns, or pages"
            )

    def golden_is_witness(self, *, read: bool) -> bool:
        """The golden copy is always asked."""
        return True

    def judges(self, area: Area) -> bool:
        """With the golden copy, which it always asks."""
        return True

    def unit_text(self, area: Area) -> str:
        """A unit is a convolution."""
        return "one operator"
