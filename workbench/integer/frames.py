"""Frames of devices, one device after the other: what engines for that have in common, and which one is used.

An engine keeps nothing between two calls: who runs a device holds its state, so that to go back, to leave
the clean run and to come back to it are assignments.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Protocol

import numpy as np

from workbench.errors import WorkbenchError
from workbench.integer.changes import Changes
from workbench.integer.native.build import kernels_asked_for, native_library
from workbench.integer.native.frames import NativeFrames
from workbench.integer.native.model import unsupported
from workbench.integer.program import Program
from workbench.integer.reference import Codes
from workbench.integer.reference_frames import ReferenceFrames

# Of an engine's own kind: what all operators remember, and the parameters of one device.
State = Any
Variant = Any


class Frames(Protocol):
    """An engine for one program; `ReferenceFrames` is the definition, and says what arguments are."""

    program: Program

    def silence(self) -> State:
        """The state in which everything is zero."""

    def changed(self, changes: Changes) -> Variant:
        """The parameters of one device."""

    def step(
        self,
        inputs: Mapping[str, np.ndarray],
        variant: Variant,
        state: State,
        recorded: Collection[str] | None = None,
    ) -> tuple[Codes, State]:
        """Run whole frames; the codes of the recorded signals, and the state afterwards."""

    def read_state(self, state: State, operator: str, tensor: str) -> np.ndarray:
        """What an operator remembers, int64 [*shape]."""

    def written(self, state: State, changes: Changes) -> State:
        """A state in which some elements have new values."""

    def same(self, state: State, other: State) -> bool:
        """Whether two states are equal."""


def frames_of(program: Program) -> Frames:
    """The native engine where it runs on this machine, else the plain reference."""
    if not unsupported(program):
        try:
            native_library(kernels_asked_for())
        except WorkbenchError:
            return ReferenceFrames(program)
        return NativeFrames(program)
    return ReferenceFrames(program)
