"""Frames of one device after the other, in C: parameters may differ, histories are given and returned.

Equal to the plain reference on the changed program. Layout: a state holds the histories of all
convolutions in program order, each as its rows are stored in `native/sparse.h`, uint8 [bytes].
"""

from __future__ import annotations

import ctypes
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from workbench.errors import WorkbenchError
from workbench.integer.changes import Changes
from workbench.integer.native.build import kernels_asked_for, native_library
from workbench.integer.native.model import NativeModel, unsupported
from workbench.integer.native.trials import KIND_OF_FIELD
from workbench.integer.operators import Conv
from workbench.integer.program import Program
from workbench.integer.reference import Codes, checked_inputs
from workbench.integer.signals import code_dtype

# A parameter that differs: which element, and the value that a device holds.
EDIT = np.dtype([("operator", "<i4"), ("kind", "<i4"), ("element", "<i4"), ("value", "<i4")])
# Computed together: more fill the kernels' tiles, fewer stay in the nearest cache.
_FRAMES_AT_ONCE = 16


@dataclass(frozen=True)
class _History:
    """Where the history of a convolution lies in a state: rows of `stride` stored codes."""

    start: int
    rows: int
    stride: int
    channels: int
    dtype: np.dtype
    zero: int

    @property
    def stop(self) -> int:
        return self.start + self.rows * self.stride * self.dtype.itemsize


class NativeFrames:
    """A program prepared to run frames of any device; see `workbench.integer.frames`.

    kernels: given, see `native.build`, None for what $WORKBENCH_KERNELS says. Raises WorkbenchError for programs
    that the native engine cannot run, and without a C compiler.
    """

    def __init__(self, program: Program, *, kernels: str | None = None) -> None:
        reason = unsupported(program)
        if reason:
            raise WorkbenchError(f"the native engine cannot run {program.name}: {reason}")
        self.program = program
        self._stream = native_library(kernels or kernels_asked_for()).wb_stream
        room = {
            signal.name: np.zeros((1, _FRAMES_AT_ONCE * signal.rate, signal.channels), np.int64)
            for signal in program.signals
        }
        self._model = NativeModel(program, room)
        self._numbers = {operator.name: n for n, operator in enumerate(program.operators)}
        self._histories = self._placed_histories()

    def _placed_histories(self) -> dict[str, _History]:
        placed, start = {}, 0
        for operator in self.program.operators:
            if isinstance(operator, Conv) and operator.history:
                (source,) = self.program.sources(operator)
                dtype, zero = (np.uint8, 128) if source.bits == 8 else (np.int16, 0)
                history = _History(
                    start, operator.history, self._model.stride(source.name), source.channels,
                    np.dtype(dtype), zero,
                )  # fmt: skip
                placed[operator.name] = history
                start = history.stop
        return placed

    def silence(self) -> np.ndarray:
        """The state in which every history is zero."""
        size = max([0, *(history.stop for history in self._histories.values())])
        state = np.zeros(size, np.uint8)
        for history in self._histories.values():
            state[history.start : history.stop].view(history.dtype)[:] = history.zero
        return state

    def changed(self, changes: Changes) -> np.ndarray:
        """Parameters of one device, trial 0 of the changes, as EDIT [n]."""
        rows = [
            (self._numbers[operator], KIND_OF_FIELD[field], element, value)
            for (operator, field), change in changes.items()
            for element, value in zip(change.element.tolist(), change.value.tolist(), strict=True)
        ]
        return np.array(sorted(rows), EDIT)

    def step(
        self,
        inputs: Mapping[str, np.ndarray],
        edits: np.ndarray,
        state: np.ndarray,
        recorded: Collection[str] | None = None,
    ) -> tuple[Codes, np.ndarray]:
        """Run whole frames; see `ReferenceFrames.step`."""
        program = self.program
        given = {
            name: np.ascontiguousarray(codes[0], np.int32)
            for name, codes in checked_inputs(program, inputs).items()
        }
        first = program.inputs[0]
        frames = len(given[first]) // program.signal(first).rate
        after = state.copy()
        sent, received = (np.zeros(len(program.signals), np.uintp) for _ in range(2))
        made: Codes = {}
        for number, signal in enumerate(program.signals):
            if signal.name in given:
                sent[number] = given[signal.name].ctypes.data
            if recorded is None or signal.name in recorded:
                if signal.name in given:
                    made[signal.name] = given[signal.name].astype(code_dtype(signal.bits))
                else:
                    room = np.empty((frames * signal.rate, signal.channels), np.int16)
                    made[signal.name], received[number] = room, room.ctypes.data
        self._stream(
            ctypes.byref(self._model.struct),
            ctypes.c_int32(frames),
            ctypes.c_int32(_FRAMES_AT_ONCE),
            ctypes.c_void_p(sent.ctypes.data),
            ctypes.c_void_p(received.ctypes.data),
            ctypes.c_void_p(edits.ctypes.data),
            ctypes.c_int32(len(edits)),
            ctypes.c_void_p(after.ctypes.data),
        )
        dtypes = {signal.name: code_dtype(signal.bits) for signal in program.signals}
        return {name: codes.astype(dtypes[name], copy=False) for name, codes in made.items()}, after

    def read_state(self, state: np.ndarray, operator: str, tensor: str) -> np.ndarray:
        """int64 [*shape]."""
        history = self._histories[operator]
        rows = self._rows(state, history)[:, : history.channels]
        return rows.astype(np.int64) - history.zero

    def written(self, state: np.ndarray, changes: Changes) -> np.ndarray:
        """A state in which some elements, of trial 0 of the changes, have new values."""
        made = state.copy()
        for (operator, _), change in changes.items():
            history = self._histories[operator]
            row, channel = np.divmod(change.element, history.channels)
            self._rows(made, history)[row, channel] = change.value + history.zero
        return made

    def same(self, state: np.ndarray, other: np.ndarray) -> bool:
        """Whether two states are equal."""
        return bool(np.array_equal(state, other))

    @staticmethod
    def _rows(state: np.ndarray, history: _History) -> np.ndarray:
        rows = state[history.start : history.stop].view(history.dtype)
        return rows.reshape(history.rows, history.stride)
