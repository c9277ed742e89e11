"""Frames of devices, one device after the other: what engines for that have in common, and which one is used.

An engine keeps nothing between two calls: who runs a device holds its state, so that to go back, to leave
the clean run and to come back to it are assignments.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Any, Protocol

import numpy as np

from workbench.errors import WorkbenchError
from workbench.integer.changes import Changes
from workbench.integer.native.build import kernels_asked_for
from workbench.integer.native.frames import NativeFrames
from workbench.integer.native.model import unsupported
from workbench.integer.program import Program
from workbench.integer.reference_frames import ReferenceFrames

_MOST_KEPT = 4

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
    ) -> tuple[Mapping[str, np.ndarray], State]:
        """Run whole frames; the codes of the recorded signals, and the state afterwards."""

    def state_of(self, tensors: Mapping[tuple[str, str], np.ndarray]) -> State:
        """The state with these tensors, which are all of the program."""

    def read_state(self, state: State, operator: str, tensor: str) -> np.ndarray:
        """What an operator remembers, int64 [*shape]."""

    def written(self, state: State, changes: Changes) -> State:
        """A state in which some elements have new values."""

    def same(self, state: State, other: State) -> bool:
        """Whether two states are equal."""


def frames_of(program: Program) -> Frames:
    """The native engine where it runs on this machine, else the plain reference.

    Each thread keeps those of its last few programs, since an engine takes a while to prepare and is not for two
    threads at once.
    """
    engines: OrderedDict[str, Frames] | None = getattr(_kept, "engines", None)
    if engines is None:
        engines = _kept.engines = OrderedDict()
    name = f"{kernels_asked_for()} {program.content_hash}"
    if name not in engines:
        engines[name] = _made(program)
        if len(engines) > _MOST_KEPT:
            engines.popitem(last=False)
    engines.move_to_end(name)
    return engines[name]


def _made(program: Program) -> Frames:
    if not unsupported(program):
        with suppress(WorkbenchError):  # there is no compiler
            return NativeFrames(program)
    return ReferenceFrames(program)


_kept = threading.local()
