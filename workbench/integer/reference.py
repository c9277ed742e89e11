"""The plain reference executor: the oracle that every other home of the arithmetic is held to.

Read top to bottom in five minutes. NumPy int64 throughout, one operator a function, no cleverness.
Layout: activations [batch, time, channel].
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from workbench.errors import WorkbenchError, expect
from workbench.integer.program import (
    SHIFT_MAX,
    SHIFT_MIN,
    Add,
    Concat,
    Conv,
    Embed,
    Operator,
    Program,
    Rescale,
    Signal,
    Table,
    code_dtype,
    code_range,
)

Codes = dict[str, np.ndarray]


class Touch:
    """What may change values while a frame is computed; this one changes nothing."""

    def before(self, number: int, values: Codes) -> None:
        """Operator `number` is about to run on `values`, int64 codes by signal name, or all have run.

        It may change the arrays in place, within the widths of their signals.
        """

    def accumulator(self, number: int, sums: np.ndarray) -> None:
        """Convolution `number` has its `sums`, int32 range, int64 [batch, time, up, out]; likewise."""


class Stream:
    """A running program: feed it frames, it remembers what the next frames need.

    histories: for each convolution that looks back, its last input rows, int64 [batch, rows, in].
    """

    def __init__(self, program: Program, batch: int = 1) -> None:
        self.program = program
        self.histories: Codes = {
            operator.name: np.zeros((batch, operator.history, source.channels), np.int64)
            for operator, source in convolutions_with_history(program)
        }

    def step(self, inputs: Mapping[str, np.ndarray], touch: Touch | None = None) -> Codes:
        """Run whole frames of `inputs` ([batch, frames * rate, channels] integers, by signal name).

        touch: for transient faults. Returns the codes of every signal, each in its own dtype.
        Raises WorkbenchError when an input is missing, misshapen or out of range.
        """
        touch = touch or Touch()
        values: Codes = {
            name: codes.astype(np.int64)
            for name, codes in checked_inputs(self.program, inputs).items()
        }
        for number, operator in enumerate(self.program.operators):
            touch.before(number, values)
            sources = [values[name] for name in operator.sources]
            if isinstance(operator, Conv):
                sums = self._accumulate(operator, sources[0])
                touch.accumulator(number, sums)
                values[operator.target] = activate(operator, sums)
            else:
                values[operator.target] = _execute(operator, sources)
        touch.before(len(self.program.operators), values)
        return {
            name: codes.astype(code_dtype(self.program.signal(name).bits))
            for name, codes in values.items()
        }

    def _accumulate(self, conv: Conv, x: np.ndarray) -> np.ndarray:
        length = x.shape[1]
        if conv.history:
            x = np.concatenate([self.histories[conv.name], x], axis=1)
            self.histories[conv.name] = x[:, x.shape[1] - conv.history :]
        return accumulate(conv, x, length)


def _execute(operator: Operator, sources: list[np.ndarray]) -> np.ndarray:
    if isinstance(operator, Add):
        return np.clip(sources[0] + sources[1], operator.low, operator.high)
    if isinstance(operator, Rescale):
        return rescale(operator, sources[0])
    if isinstance(operator, Table):
        return operator.table.astype(np.int64)[sources[0] + 128]
    if isinstance(operator, Embed):
        index = np.clip(sources[0][:, :, 0], 0, len(operator.rows) - 1)
        return operator.rows.astype(np.int64)[index]
    if isinstance(operator, Concat):
        return np.concatenate(sources, axis=2)
    raise WorkbenchError(f"operator {operator.name}: unknown kind {operator.kind!r}")


def accumulate(conv: Conv, x: np.ndarray, length: int) -> np.ndarray:
    """Sums of int64 x [batch, history + length, in]: int64 [batch, length / stride, up, out].

    The bias is in them, and they are reduced to the range of int32.
    """
    batch = x.shape[0]
    weight = conv.weight.astype(np.int64)
    per_group = conv.out_channels // conv.groups
    fan_in = weight.shape[3]
    rows = []
    for u in range(conv.up):
        columns = []
        for g in range(conv.groups):
            accumulator = np.zeros((batch, length // conv.stride, per_group), np.int64)
            for j in range(conv.taps):
                first = j * conv.dilation
                seen = x[:, first : first + length : conv.stride, g * fan_in : (g + 1) * fan_in]
                # [batch, time, in / groups] @ [in / groups, out / groups]
                accumulator += seen @ weight[u, g * per_group : (g + 1) * per_group, j].T
            columns.append(accumulator)
        rows.append(np.concatenate(columns, axis=2))
    return wrap_int32(np.stack(rows, axis=2) + conv.bias.astype(np.int64))


def activate(conv: Conv, sums: np.ndarray) -> np.ndarray:
    """Codes int64 [batch, time * up, out] of the sums int64 [batch, time, up, out]."""
    y = np.clip(requantise(sums, conv.shift), conv.low, conv.high)
    return y.reshape(len(sums), -1, conv.out_channels)


def wrap_int32(x: np.ndarray) -> np.ndarray:
    """Reduce int64 values modulo 2**32 to -2**31 .. 2**31 - 1, as unsigned 32-bit sums do."""
    return (x + 2**31) % 2**32 - 2**31


def requantise(accumulator: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Shift right (floor) where `shift` is positive, left where negative; no rounding of its own."""
    shift = np.clip(shift.astype(np.int64), SHIFT_MIN, SHIFT_MAX)
    return (accumulator >> np.maximum(shift, 0)) << np.maximum(-shift, 0)


def rescale(operator: Rescale, x: np.ndarray) -> np.ndarray:
    """clamp((x + 2**(shift - 1)) >> shift): round half up, then clamp."""
    shift = np.clip(operator.shift.astype(np.int64), SHIFT_MIN, SHIFT_MAX)
    rounding = np.where(shift > 0, 1 << np.maximum(shift - 1, 0), 0)
    return np.clip(requantise(x + rounding, shift), operator.low, operator.high)


def run(program: Program, inputs: Mapping[str, np.ndarray]) -> Codes:
    """Run a whole utterance from silence; see `Stream.step` for shapes and errors."""
    expect(
        program, Program, "what is to be run", "a Program, as `program` of a voice or of lower(...)"
    )
    first = next(iter(checked_inputs(program, inputs).values()))
    return Stream(program, batch=len(first)).step(inputs)


def convolutions_with_history(program: Program) -> list[tuple[Conv, Signal]]:
    """The convolutions that carry rows from frame to frame, with their source signals."""
    return [
        (operator, program.sources(operator)[0])
        for operator in program.operators
        if isinstance(operator, Conv) and operator.history
    ]


def checked_inputs(program: Program, inputs: Mapping[str, np.ndarray]) -> Codes:
    """The program's inputs, each [batch, frames * rate, channels]; WorkbenchError when one is off."""
    expect(
        inputs,
        Mapping,
        f"what program {program.name} is to run on",
        "an array for each input, by name",
    )
    frames = set()
    for name in program.inputs:
        signal = program.signal(name)
        where = f"input {name!r} of program {program.name}"
        if name not in inputs:
            raise WorkbenchError(f"{where} is missing; give an array for each of {program.inputs}")
        x = np.asarray(inputs[name])
        shape_fits = x.ndim == 3 and x.shape[2] == signal.channels and x.shape[1] % signal.rate == 0
        if not shape_fits or not np.issubdtype(x.dtype, np.integer):
            raise WorkbenchError(
                f"{where} is {x.dtype} {list(x.shape)}; it takes integers "
                f"[batch, frames * {signal.rate}, {signal.channels}]"
            )
        low, high = code_range(signal.bits)
        if x.size and (x.min() < low or x.max() > high):
            raise WorkbenchError(f"{where} leaves its range {low}..{high}; clip it first")
        frames.add((x.shape[0], x.shape[1] // signal.rate))
    if len(frames) > 1:
        raise WorkbenchError(f"the inputs of program {program.name} differ in batch or length")
    return {name: np.asarray(inputs[name]) for name in program.inputs}


def one_utterance(program: Program, inputs: Mapping[str, np.ndarray]) -> Codes:
    """The same of a batch of one, which is all that fault trials take."""
    codes = checked_inputs(program, inputs)
    for name, x in codes.items():
        if len(x) != 1:
            raise WorkbenchError(
                f"input {name!r} of program {program.name} holds {len(x)} utterances; fault trials "
                "take one, as [1, rows, channels]"
            )
    return codes
