"""The plain reference behind the interface of `frames`: any operator, no compiler.

Layout: a state is int64 [1, *shape] by (operator, tensor), as of `reference.Stream`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from workbench.integer.changes import Changes
from workbench.integer.program import Program
from workbench.integer.reference import Stream

States = dict[tuple[str, str], np.ndarray]


class ReferenceFrames:
    """A program that runs frames of any device; see `workbench.integer.frames`."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def silence(self) -> States:
        """The state in which everything is zero."""
        return Stream(self.program).states

    def changed(self, changes: Changes) -> Program:
        """The program with the parameters of one device, trial 0 of the changes."""
        if not changes:
            return self.program
        arrays = {(o.name, field): array for o, field, array in self.program.parameters()}
        return self.program.with_parameters(_written(arrays, changes))

    def step(
        self,
        inputs: Mapping[str, np.ndarray],
        variant: Program,
        state: States,
        recorded: Collection[str] | None = None,
    ) -> tuple[Mapping[str, np.ndarray], States]:
        """Run whole frames.

        Args:
            inputs: As of `checked_inputs`, [1, frames * rate, channels] by name.
            variant: As of `changed`.
            state: Before the first frame; it stays as it is.
            recorded: Names of signals, None for all.

        Returns:
            Codes [frames * rate, channels] of the recorded signals, and the state after the last frame.
        """
        stream = Stream(variant)
        # An operator may change what it is given in place.
        stream.states = {name: rows.copy() for name, rows in state.items()}
        codes = stream.step(inputs)
        wanted = codes if recorded is None else recorded
        return {name: codes[name][0] for name in wanted}, stream.states

    def state_of(self, tensors: Mapping[tuple[str, str], np.ndarray]) -> States:
        """The state with these tensors, [*shape] each, which are all of the program."""
        return {name: values.astype(np.int64)[None] for name, values in tensors.items()}

    def read_state(self, state: States, operator: str, tensor: str) -> np.ndarray:
        """int64 [*shape]."""
        return state[operator, tensor][0]

    def written(self, state: States, changes: Changes) -> States:
        """A state in which some elements, of trial 0 of the changes, have new values."""
        return {**state, **_written(state, changes)}

    def same(self, state: States, other: States) -> bool:
        """Whether two states are equal."""
        return all(np.array_equal(rows, other[name]) for name, rows in state.items())


def _written(arrays: States, changes: Changes) -> States:
    made = {}
    for name, change in changes.items():
        made[name] = arrays[name].copy()
        made[name].reshape(-1)[change.element] = change.value
    return made
