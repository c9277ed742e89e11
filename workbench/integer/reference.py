"""The plain reference executor: the oracle that every other implementation is held to.

NumPy int64 throughout; each operator's arithmetic is its `step` in `workbench.integer.operators`.
Layout: activations [batch, time, channel].
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np

from workbench.errors import WorkbenchError, expect
from workbench.integer.operators.operator import OnSums, Operator
from workbench.integer.program import Program
from workbench.integer.signals import code_dtype, code_range

Codes = dict[str, np.ndarray]


class Touch:
    """What may change values while a frame is computed; this one changes nothing."""

    def before(self, number: int, values: Codes) -> None:
        """Operator `number` is about to run on `values`, int64 codes by signal name, or all have run.

        It may change the arrays in place, within the widths of their signals.
        """

    def accumulator(self, number: int, sums: np.ndarray) -> None:
        """Operator `number` has its `sums`, int32 range, int64 [batch, *sums_shape]; likewise."""


class Stream:
    """A running program: feed it frames, it remembers what the next frames need.

    states: int64 [batch, *shape] by (operator, tensor), as `Program.states` names them.
    """

    def __init__(self, program: Program, batch: int = 1) -> None:
        self.program = program
        self.states = {
            (operator.name, tensor.name): np.zeros((batch, *tensor.shape), np.int64)
            for operator, tensor in program.states()
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
            on_sums = partial(touch.accumulator, number)
            values[operator.target] = self._execute(operator, sources, on_sums)
        touch.before(len(self.program.operators), values)
        return {
            name: codes.astype(code_dtype(self.program.signal(name).bits))
            for name, codes in values.items()
        }

    def _execute(
        self, operator: Operator, sources: list[np.ndarray], on_sums: OnSums
    ) -> np.ndarray:
        names = [tensor.name for tensor in operator.state(self.program.sources(operator))]
        state = {name: self.states[operator.name, name] for name in names}
        result = operator.step(sources, state, on_sums)
        self.states.update({(operator.name, name): state[name] for name in names})
        return result


def run(program: Program, inputs: Mapping[str, np.ndarray]) -> Codes:
    """Run a whole utterance from silence; see `Stream.step` for shapes and errors."""
    expect(
        program, Program, "what is to be run", "a Program, as `program` of a voice or of lower(...)"
    )
    first = next(iter(checked_inputs(program, inputs).values()))
    return Stream(program, batch=len(first)).step(inputs)


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


def inputs_of_trials(program: Program, inputs: Mapping[str, np.ndarray], trials: int) -> Codes:
    """The same, of one utterance for all trials or of one for each."""
    codes = checked_inputs(program, inputs)
    for name, x in codes.items():
        if len(x) not in (1, trials):
            raise WorkbenchError(
                f"input {name!r} is for {len(x)} trials and there are {trials}; give one for all or one each"
            )
    return codes


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
