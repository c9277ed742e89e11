"""Checksum rows of convolutions: what their sums must add up to.

Reference: algorithm-based fault tolerance, Huang and Abraham 1984,
https://doi.org/10.1109/TC.1984.1676475. Layout: see `pages`.
"""

from __future__ import annotations

import numpy as np

from workbench.integer.operators import Conv
from workbench.memory.places import Place, Places, Tensor
from workbench.memory.tensors import read_tensor, write_tensor
from workbench.memory.watches.areas import Area
from workbench.memory.watches.pages import Watch

# A checksum row is int16: so many columns of -128 still fit.
_MOST_COLUMNS = 255


class AbftWatch(Watch):
    """Weights and biases of convolutions; a unit is a convolution, its check a checksum row.

        rows[j, i] = sum over u and o of weight[u, o, j, i]
        total = up * sum over o of bias[o], modulo 2^32

    so that the sums of all accumulators at one position make rows . x + total, modulo 2^32. Grouped
    convolutions, whose rows would be as long as their weights, are not watched.
    """

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
            found.append(("check", (self.label, f"rows_{unit}", 16, conv.weight.shape[2:])))
            found.append(("check", (self.label, f"total_{unit}", 32, (1,))))
        return found

    def addresses(self, unit: int) -> np.ndarray:
        """Weights, then biases."""
        return np.concatenate([np.arange(*each) for each in self._ranges[unit]])

    def ranges(self, unit: int) -> list[tuple[int, int]]:
        """Weights, then biases."""
        return self._ranges[unit]

    def units_of(self, addresses: np.ndarray) -> np.ndarray:
        """By operator."""
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
        """By the tensor's name."""
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
        rows, total = self._signature(data, unit, golden=golden)
        kept = [
            read_tensor(data, self.layout.place(self.label, f"{name}_{unit}")).astype(np.int64)
            for name in ("rows", "total")
        ]
        return rows - kept[0], (total - int(kept[1][0])) % 2**32

    def sign(self, data: np.ndarray, unit: int) -> None:
        """Row and total."""
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
