"""An integer program: signals of int8 or int16 codes and the six operators between them.

Reference: dyadic (power-of-two) requantisation, Jacob et al. 2018, https://arxiv.org/abs/1712.05877,
with every multiplier a shift. Layout: activations [batch, time, channel]; a code c of a signal with
exponent e stands for the value c * 2**e.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from workbench.errors import WorkbenchError, nearest

INT32_MIN, INT32_MAX = -(2**31), 2**31 - 1
# The field of a stored shift: whatever a fault makes of the byte is clamped to it before use.
SHIFT_MIN, SHIFT_MAX = -15, 31


def code_range(bits: int) -> tuple[int, int]:
    """Lowest and highest signed code of `bits` bits, e.g. (-128, 127)."""
    return -(1 << (bits - 1)), (1 << (bits - 1)) - 1


def code_dtype(bits: int) -> np.dtype:
    """The NumPy dtype that stores codes of 4, 8, 16 or 32 bits (4-bit codes are stored in int8)."""
    return np.dtype({4: np.int8, 8: np.int8, 16: np.int16, 32: np.int32}[bits])


@dataclass(frozen=True)
class Signal:
    """A stream of codes, `rate` rows of `channels` codes in every frame.

    bits: 8 or 16 for codes, 32 for row indexes (inputs of `Embed` only).
    exponent: value of one code step is 2**exponent; None for row indexes.
    """

    name: str
    bits: int
    channels: int
    rate: int
    exponent: int | None


@dataclass(frozen=True, eq=False, repr=False)
class Operator:
    """One step of a program: reads `sources`, writes the signal `target`.

    PARAMETERS names the array fields that live in the memory image, in image order.
    """

    name: str
    sources: tuple[str, ...]
    target: str

    PARAMETERS: ClassVar[tuple[str, ...]] = ()

    @property
    def kind(self) -> str:
        """The operator's name in the file format and in the C runtime, e.g. "conv"."""
        return type(self).__name__.lower()

    def __repr__(self) -> str:
        arrays = (f"{field} {_form(getattr(self, field))}" for field in self.PARAMETERS)
        return f"{type(self).__name__} {self.name!r}: " + ", ".join(
            [f"{' + '.join(self.sources)} -> {self.target}", *arrays]
        )


@dataclass(frozen=True, eq=False, repr=False)
class Conv(Operator):
    """Causal convolution; also linear (taps 1), depthwise (groups) and transposed (up > 1).

        acc[t, u, o] = bias[o] + sum_{j, i} weight[u, o, j, i] * x[t * stride - back(j), i]
        back(j) = (taps - 1 - j) * dilation
        y[t * up + u, o] = clamp(requantise(acc[t, u, o], shift[o]), low, high)

    weight: int8 [up, out, taps, in / groups], in -128..127, or -8..7 where weight_bits is 4;
        the last tap is the newest row, rows before the first are zero.
    bias: int32 [out], the rounding constant 2**(shift - 1) of a right shift already folded in.
    shift: int8 [out], clamped to SHIFT_MIN..SHIFT_MAX on use; right where positive. A left shift
        saturates at the clamp.
    acc wraps modulo 2**32 like unsigned arithmetic.
    """

    weight: np.ndarray
    bias: np.ndarray
    shift: np.ndarray
    low: int
    high: int
    weight_bits: int = 8
    dilation: int = 1
    stride: int = 1
    groups: int = 1

    PARAMETERS = ("weight", "bias", "shift")

    @property
    def up(self) -> int:
        """Output rows per input position (the stride of a transposed convolution)."""
        return self.weight.shape[0]

    @property
    def out_channels(self) -> int:
        """Columns of one output row."""
        return self.weight.shape[1]

    @property
    def taps(self) -> int:
        """Input rows that one output row sees."""
        return self.weight.shape[2]

    @property
    def history(self) -> int:
        """Input rows that are carried from frame to frame."""
        return (self.taps - 1) * self.dilation

    def macs_per_position(self) -> int:
        """Multiply-accumulates for one input position (all `up` output rows of it)."""
        return self.weight.size


@dataclass(frozen=True, eq=False, repr=False)
class Add(Operator):
    """Saturating addition of two signals of equal exponent: clamp(a + b, low, high)."""

    low: int
    high: int


@dataclass(frozen=True, eq=False, repr=False)
class Rescale(Operator):
    """Shift with rounding half up, then clamp: also ReLU (low = 0) and any change of width.

    shift: int8 [1], clamped to SHIFT_MIN..SHIFT_MAX on use; right where positive.
    """

    shift: np.ndarray
    low: int
    high: int

    PARAMETERS = ("shift",)


@dataclass(frozen=True, eq=False, repr=False)
class Table(Operator):
    """Look-up of an int8 code: y = table[x + 128]; table: int8 or int16 [256]."""

    table: np.ndarray

    PARAMETERS = ("table",)


@dataclass(frozen=True, eq=False, repr=False)
class Embed(Operator):
    """Look-up of a row by index, clamped to 0..rows - 1; rows: int8 or int16 [rows, channels]."""

    rows: np.ndarray

    PARAMETERS = ("rows",)


@dataclass(frozen=True, eq=False, repr=False)
class Concat(Operator):
    """Channels of all sources side by side; all have one exponent and one width."""


OPERATORS: dict[str, type[Operator]] = {
    kind.__name__.lower(): kind for kind in (Conv, Add, Rescale, Table, Embed, Concat)
}


@dataclass(frozen=True, eq=False, repr=False)
class Program:
    """Operators in execution order over named signals.

    Raises WorkbenchError, naming the operator, when the parts do not fit together.
    """

    name: str
    inputs: tuple[str, ...]
    output: str
    frame_rate_hz: float
    signals: tuple[Signal, ...]
    operators: tuple[Operator, ...]

    def __post_init__(self) -> None:
        from workbench.integer.validation import check_program

        check_program(self)

    @cached_property
    def _signals(self) -> dict[str, Signal]:
        return {signal.name: signal for signal in self.signals}

    def signal(self, name: str) -> Signal:
        """The signal called `name`; WorkbenchError when there is none."""
        try:
            return self._signals[name]
        except KeyError:
            raise WorkbenchError(
                f"program {self.name} has no signal {name!r}; {nearest(name, self._signals)}"
            ) from None

    def sources(self, operator: Operator) -> tuple[Signal, ...]:
        """The signals that `operator` reads."""
        return tuple(self.signal(name) for name in operator.sources)

    def target(self, operator: Operator) -> Signal:
        """The signal that `operator` writes."""
        return self.signal(operator.target)

    @property
    def sample_rate_hz(self) -> float:
        """Rows of the output signal per second."""
        return self.frame_rate_hz * self.signal(self.output).rate

    def sound(self, codes: np.ndarray) -> np.ndarray:
        """Output codes [samples, 1] as float32 [samples] in [-1, 1]: code * 2**exponent, clipped.

        Raises WorkbenchError when the output is not one channel of codes.
        """
        signal = self.signal(self.output)
        if signal.exponent is None or signal.channels != 1:
            raise WorkbenchError(
                f"the output {signal.name!r} of program {self.name} is not a sound of one channel"
            )
        values = np.ldexp(codes[:, 0].astype(np.float64), signal.exponent)
        return np.clip(values, -1.0, 1.0).astype(np.float32)

    def parameters(self) -> Iterator[tuple[Operator, str, np.ndarray]]:
        """Every array that lives in the memory image, as (operator, field, array)."""
        for operator in self.operators:
            for field in operator.PARAMETERS:
                yield operator, field, getattr(operator, field)

    def with_parameters(self, arrays: dict[tuple[str, str], np.ndarray]) -> Program:
        """The same program with some arrays replaced; keys are (operator name, field)."""
        changed: dict[str, dict[str, Any]] = {
            operator.name: {
                field: arrays[operator.name, field]
                for field in operator.PARAMETERS
                if (operator.name, field) in arrays
            }
            for operator in self.operators
        }
        operators = tuple(
            replace(operator, **changed[operator.name]) if changed[operator.name] else operator
            for operator in self.operators
        )
        return replace(self, operators=operators)

    def macs_per_frame(self) -> int:
        """Multiply-accumulates of one frame."""
        return sum(
            operator.macs_per_position() * self.target(operator).rate // operator.up
            for operator in self.operators
            if isinstance(operator, Conv)
        )

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 over structure and parameters, as 64 hexadecimal digits."""
        digest = hashlib.sha256(repr(structure(self)).encode())
        for operator, field, array in self.parameters():
            digest.update(f"{operator.name}.{field}{array.shape}{array.dtype.str}".encode())
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    def __repr__(self) -> str:
        kinds = Counter(operator.kind for operator in self.operators)
        size = sum(array.size for _, _, array in self.parameters())
        return (
            f"Program {self.name!r} ({self.content_hash[:12]}): "
            f"{', '.join(f'{count} {kind}' for kind, count in kinds.items()) or 'no operators'}, "
            f"{size:,} parameters\n"
            f"  {', '.join(_flow(self.signal(name)) for name in self.inputs)} -> "
            f"{_flow(self.signal(self.output))}\n"
            f"  {self.frame_rate_hz:g} frames a second, {self.macs_per_frame():,} multiply-accumulates each"
        )


def _flow(signal: Signal) -> str:
    """What a signal carries in a frame, in words."""
    if signal.exponent is None:
        return f"{signal.name} (row indexes)"
    return (
        f"{signal.name} (int{signal.bits} [{signal.rate}, {signal.channels}] a frame, "
        f"steps of 2**{signal.exponent})"
    )


def _form(array: np.ndarray) -> str:
    return f"{array.dtype.name} {list(array.shape)}"


def structure(program: Program) -> dict[str, object]:
    """Everything about a program but its arrays, as plain JSON-ready data."""
    return {
        "name": program.name,
        "inputs": list(program.inputs),
        "output": program.output,
        "frame_rate_hz": float(program.frame_rate_hz),
        "signals": [
            {field.name: getattr(signal, field.name) for field in fields(Signal)}
            for signal in program.signals
        ],
        "operators": [_operator_structure(operator) for operator in program.operators],
    }


def _operator_structure(operator: Operator) -> dict[str, object]:
    plain = {
        field.name: getattr(operator, field.name)
        for field in fields(operator)
        if field.name not in operator.PARAMETERS
    }
    return {"kind": operator.kind, **plain, "sources": list(operator.sources)}
