"""The plain reference behind the interface of `EngineStream`: variants of a program, one by one.

For one variant it is faster than a batch, takes any operator, and needs no torch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from workbench.integer.changes import Changes
from workbench.integer.program import Program
from workbench.integer.reference import Codes, Stream, inputs_of_trials

States = list[dict[tuple[str, str], np.ndarray]]


class ReferenceStream:
    """Variants of `program` that advance together; see `EngineStream` for shapes and errors."""

    def __init__(self, program: Program, trials: int = 1) -> None:
        self.program = program
        self._streams = [Stream(program) for _ in range(trials)]
        self._changes: Changes = {}

    def reset(self) -> None:
        """Every state of every trial becomes zero."""
        self.silence(range(len(self._streams)))

    def silence(self, trials: Iterable[int]) -> None:
        """Every state of these trials becomes zero."""
        for trial in trials:
            stream = self._streams[trial]
            stream.states = {name: np.zeros_like(x) for name, x in stream.states.items()}

    def step(self, inputs: Mapping[str, np.ndarray], changes: Changes) -> np.ndarray:
        """Run whole frames; codes of the output, [trials, frames * rate, channels]."""
        return self.signals(inputs, changes)[self.program.output]

    def signals(self, inputs: Mapping[str, np.ndarray], changes: Changes) -> Codes:
        """As `step`, but the codes of all signals, each [trials, frames * rate, channels]."""
        if changes is not self._changes:
            self._changes = changes
            for trial, stream in enumerate(self._streams):
                stream.program = _changed(self.program, changes, trial)
        given = inputs_of_trials(self.program, inputs, len(self._streams))
        values = [
            stream.step(
                {name: x[trial : trial + 1] if len(x) > 1 else x for name, x in given.items()}
            )
            for trial, stream in enumerate(self._streams)
        ]
        return {name: np.concatenate([each[name] for each in values]) for name in values[0]}

    def snapshot(self) -> Any:
        """What all trials remember, to be given to `restore`."""
        return [_copies(stream.states) for stream in self._streams]

    def restore(self, states: Any) -> None:
        """Go back to what was remembered."""
        for stream, saved in zip(self._streams, states, strict=True):
            stream.states = _copies(saved)

    def read_state(
        self, operator: str, tensor: str, trial: int, *, states: States | None = None
    ) -> np.ndarray:
        """A state of one trial, now or of a snapshot: int64 [*shape]."""
        saved = self._streams[trial].states if states is None else states[trial]
        return saved[operator, tensor][0]

    def write_states(self, changes: Changes) -> None:
        """Put new values into states, by (operator, tensor)."""
        for name, change in changes.items():
            for trial, element, value in zip(*change, strict=True):
                stream = self._streams[trial]
                state = stream.states[name].copy()
                state.reshape(-1)[element] = value
                stream.states[name] = state


def _copies(states: Mapping[tuple[str, str], np.ndarray]) -> dict[tuple[str, str], np.ndarray]:
    """States of their own: an operator may change the arrays that it is given."""
    return {name: state.copy() for name, state in states.items()}


def _changed(program: Program, changes: Changes, trial: int) -> Program:
    arrays = {(operator.name, field): array for operator, field, array in program.parameters()}
    new = {}
    for name, change in changes.items():
        own = change.trial == trial
        if own.any():
            new[name] = arrays[name].copy()
            new[name].reshape(-1)[change.element[own]] = change.value[own]
    return program.with_parameters(new) if new else program
