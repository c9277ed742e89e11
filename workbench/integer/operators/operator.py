"""What every operator of an integer program declares, checks, remembers and computes.

A new operator is one file beside this one with a subclass of `Operator`, an entry in `OPERATORS`, a
call of its C kernel in `workbench.firmware.operators`, and a branch in each fast engine that is to run
it fast: the batched engine runs the `step` of operators that it has no kernel for, and trials of programs that the
native engine does not know go there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import ClassVar

import numpy as np

from workbench.errors import WorkbenchError
from workbench.integer.signals import Signal, code_range

CHANNEL = "channel"
# Called with int32 sums before they are requantised, int64 [batch, ...]; it may change them in place.
OnSums = Callable[[np.ndarray], None]


@dataclass(frozen=True)
class StateTensor:
    """What an operator remembers from frame to frame, zero in silence: signed `bits`-bit [*shape]."""

    name: str
    bits: int
    shape: tuple[int, ...]


@dataclass(frozen=True, eq=False, repr=False)
class Operator:
    """One step of a program: reads `sources`, writes the signal `target`.

    PARAMETERS: its array fields that live in the memory image, in image order, each with its section.
    AXES: what the indexes of its parameters, states and accumulators ("accumulator") count, for maps and
    traces; CHANNEL for channels of the target. SOURCES: how many signals it reads, None for any number but
    none.
    """

    name: str
    sources: tuple[str, ...]
    target: str

    PARAMETERS: ClassVar[Mapping[str, str]] = {}
    AXES: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    SOURCES: ClassVar[int | None] = 1

    @property
    def kind(self) -> str:
        """The operator's name in the file format and in the C runtime, e.g. "conv"."""
        return type(self).__name__.lower()

    def check(self, sources: tuple[Signal, ...], target: Signal) -> None:
        """Raise WorkbenchError unless shapes, widths, rates and ranges fit together."""
        raise NotImplementedError

    def step(
        self, sources: Sequence[np.ndarray], state: dict[str, np.ndarray], on_sums: OnSums
    ) -> np.ndarray:
        """Compute whole frames: the definition that every faster implementation is held to.

        Args:
            sources: int64 codes [batch, rows, channels] of each source.
            state: int64 [batch, *shape] by the names of `state`; replaced by what the next frame needs.
            on_sums: called once with the accumulators, where the operator has some.

        Returns:
            int64 codes [batch, rows, channels] of the target, within its width.
        """
        raise NotImplementedError

    def state(self, sources: tuple[Signal, ...]) -> tuple[StateTensor, ...]:
        """What it remembers from frame to frame, in image order."""
        return ()

    def sums_shape(self, source: Signal) -> tuple[int, ...] | None:
        """Shape of the accumulators of one frame without the batch; None for an operator without."""
        return None

    def parameter_bits(self, field: str) -> int:
        """Width in the image of an element of a parameter: 4, 8, 16 or 32 bits."""
        return 8 * int(getattr(self, field).dtype.itemsize)

    def parameter_rows(self, field: str) -> int:
        """Rows of a parameter that its kernel reads one after the other; 1 where it reads all at once."""
        return 1

    @property
    def shape_text(self) -> str:
        """Sizes of its parameters for people, "" where each has one element."""
        shapes = (getattr(self, field).shape for field in self.PARAMETERS)
        return ", ".join(" x ".join(map(str, shape)) for shape in shapes if set(shape) != {1})

    def accumulator_bound(self, source_bits: int) -> int | None:
        """Largest possible |accumulator| without faults; None for an operator without."""
        return None

    def macs_per_frame(self, source: Signal) -> int:
        """Multiply-accumulates of one frame."""
        return 0

    @property
    def clamps(self) -> bool:
        """Whether it clamps its codes to fields `low` to `high`, which may be narrowed."""
        return {"low", "high"} <= {field.name for field in fields(self)}

    def rows_back(self) -> int:
        """Rows before the newest that an output row may depend on through the state."""
        return 0

    def index_rows(self) -> int | None:
        """Of an operator that looks rows up: how many there are to choose from."""
        return None

    def __repr__(self) -> str:
        arrays = (f"{field} {_form(getattr(self, field))}" for field in self.PARAMETERS)
        return f"{type(self).__name__} {self.name!r}: " + ", ".join(
            [f"{' + '.join(self.sources)} -> {self.target}", *arrays]
        )

    def need(self, holds: bool, problem: str) -> None:
        """Raise WorkbenchError with the operator's name unless something holds."""
        if not holds:
            raise WorkbenchError(f"operator {self.name}: {problem}")

    def need_codes(self, sources: tuple[Signal, ...], target: Signal) -> None:
        """It reads and writes codes, no row indexes."""
        self.need(
            all(source.bits in (8, 16) for source in sources),
            "reads row indexes; only embed can",
        )
        self.need(target.bits in (8, 16), "writes a signal that is not 8 or 16 bits wide")

    def need_same_shape(self, source: Signal, target: Signal) -> None:
        """It writes as many rows and channels as it reads."""
        self.need(source.shape == target.shape, "keeps channels and rate")

    def need_one(self, sources: tuple[Signal, ...], *names: str) -> None:
        """All sources have one exponent, one rate, and so on."""
        for name in names:
            values = {getattr(source, name) for source in sources}
            self.need(len(values) == 1, f"needs sources of one {name}, got {sorted(values)}")

    def need_array(self, field: str, dtype: np.typing.DTypeLike, shape: tuple[int, ...]) -> None:
        """A parameter has this dtype and shape."""
        array = getattr(self, field)
        self.need(
            array.dtype == dtype and array.shape == shape,
            f"needs {field} as {np.dtype(dtype)} {list(shape)}, got {_form(array)}",
        )

    def need_clamp(self, clamp: tuple[int, int], target: Signal) -> None:
        """A clamp lies within the target's codes."""
        (first, last), (low, high) = clamp, code_range(target.bits)
        self.need(
            low <= first <= last <= high, f"clamps to {first}..{last}, outside of {low}..{high}"
        )


def _form(array: np.ndarray) -> str:
    return f"{array.dtype.name} {list(array.shape)}"
