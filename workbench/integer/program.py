"""An integer program: signals of int8 or int16 codes and the operators between them.

Layout: activations [batch, time, channel]; a code c of a signal with exponent e stands for the value
c * 2**e. Everything that does not fit together is refused when a program is made, by the name of its
operator or signal, so that no executor needs to check again.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np

from workbench.audio.sound import Sound
from workbench.errors import WorkbenchError, nearest
from workbench.integer.operators import Operator, StateTensor
from workbench.integer.signals import MOST_CHANNELS, MOST_EXPONENT, MOST_ROWS, Signal

# Names become file names, C identifiers and comments.
_NAME = re.compile(r"[A-Za-z0-9_.\-]{1,200}")


@dataclass(frozen=True, eq=False, repr=False)
class Program:
    """Operators in execution order over named signals.

    Args:
        name: For people, files and C.
        inputs: Names of the signals that a caller provides.
        output: Name of the signal that a caller receives.
        frame_rate_hz: Frames a second.
        signals: All of them.
        operators: In execution order.

    Raises:
        WorkbenchError: The parts do not fit together; the message names the operator.
    """

    name: str
    inputs: tuple[str, ...]
    output: str
    frame_rate_hz: float
    signals: tuple[Signal, ...]
    operators: tuple[Operator, ...]

    def __post_init__(self) -> None:
        _check(self)

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

    def sound(self, codes: np.ndarray) -> Sound:
        """Output codes as a sound.

        Args:
            codes: Whole numbers [samples, 1].

        Returns:
            float32 [samples] in [-1, 1]: code * 2**exponent, clipped.

        Raises:
            WorkbenchError: The output is not one channel of codes.
        """
        signal = self.signal(self.output)
        if signal.exponent is None or signal.channels != 1:
            raise WorkbenchError(
                f"the output {signal.name!r} of program {self.name} is not a sound of one channel"
            )
        values = np.ldexp(codes[:, 0].astype(np.float64), signal.exponent)
        samples = np.clip(values, -1.0, 1.0).astype(np.float32)
        return Sound.of(samples, round(self.sample_rate_hz))

    def rendered(self, codes: np.ndarray) -> np.ndarray:
        """Output codes as what they stand for.

        Args:
            codes: Whole numbers [rows, channels].

        Returns:
            A sound where the output has one channel, see `sound`; else float32 [rows, channels], code * 2**exponent.

        Raises:
            WorkbenchError: The output is row indexes.
        """
        signal = self.signal(self.output)
        if signal.channels == 1 or signal.exponent is None:
            return self.sound(codes)
        return np.ldexp(codes.astype(np.float32), signal.exponent)

    def parameters(self) -> Iterator[tuple[Operator, str, np.ndarray]]:
        """Every array in the memory image, as (operator, field, array)."""
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
            operator.macs_per_frame(self.sources(operator)[0]) for operator in self.operators
        )

    def states(self) -> Iterator[tuple[Operator, StateTensor]]:
        """What operators remember from frame to frame, in program order."""
        for operator in self.operators:
            for tensor in operator.state(self.sources(operator)):
                yield operator, tensor

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


def _check(program: Program) -> None:
    """Raise WorkbenchError unless names, shapes, widths, rates and ranges fit together."""
    where = f"program {program.name}"
    _check_name("program", program.name)
    names = [signal.name for signal in program.signals]
    _need(len(set(names)) == len(names), where, "two signals share a name")
    labels = [operator.name for operator in program.operators]
    _need(len(set(labels)) == len(labels), where, "two operators share a name")
    _need(0 < program.frame_rate_hz < math.inf, where, "the frame rate must be positive")
    for signal in program.signals:
        _check_signal(signal)
    written = set(program.inputs)
    for name in program.inputs:
        program.signal(name)
    for operator in program.operators:
        _check_name("operator", operator.name)
        count = len(operator.sources)
        fits = count == (operator.SOURCES or max(count, 1))
        operator.need(fits, f"cannot read {count} signals")
        for source in operator.sources:
            program.signal(source)
            operator.need(source in written, f"reads signal {source!r} before it is written")
        operator.need(operator.target not in written, f"writes signal {operator.target!r} again")
        operator.check(program.sources(operator), program.target(operator))
        written.add(operator.target)
    _need(program.output in written, where, "its output is never written")


def _check_signal(signal: Signal) -> None:
    _check_name("signal", signal.name)
    where = f"signal {signal.name}"
    _need(signal.bits in (8, 16, 32), where, f"has {signal.bits} bits; use 8, 16 or 32 (index)")
    _need((signal.bits == 32) == (signal.exponent is None), where, "only row indexes lack a scale")
    _need(
        1 <= signal.channels <= MOST_CHANNELS and 1 <= signal.rate <= MOST_ROWS,
        where,
        f"needs 1..{MOST_CHANNELS} channels and 1..{MOST_ROWS} rows a frame",
    )
    _need(
        signal.exponent is None or abs(signal.exponent) <= MOST_EXPONENT,
        where,
        f"needs an exponent between -{MOST_EXPONENT} and {MOST_EXPONENT}",
    )


def _check_name(kind: str, name: str) -> None:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise WorkbenchError(
            f"{kind} name {str(name)[:40]!r}: use 1 to 200 of A-Z, a-z, 0-9, point, hyphen, underscore"
        )


def _need(holds: bool, where: str, problem: str) -> None:
    if not holds:
        raise WorkbenchError(f"{where}: {problem}")
