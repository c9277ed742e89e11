"""Frames of one device after the other, in C: parameters may differ, histories are given and returned.

Equal to the plain reference on the changed program. Layout: a state holds what all operators remember, in
program order, a history as its rows are stored in `native/sparse.h`, uint8 [bytes].
"""

from __future__ import annotations

import ctypes
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from workbench.errors import WorkbenchError
from workbench.integer.changes import Changes
from workbench.integer.native.build import kernels_asked_for, native_library
from workbench.integer.native.model import Layout, NativeModel, unsupported
from workbench.integer.native.trials import KIND_OF_SECTION, first_elements
from workbench.integer.operators import Conv
from workbench.integer.program import Program
from workbench.integer.pruned_changes import dense_changes
from workbench.integer.pruning import dense_program
from workbench.integer.reference import Codes
from workbench.integer.signals import Signal, code_dtype

# A parameter that differs: which element, and the value that a device holds.
EDIT = np.dtype([("operator", "<i4"), ("kind", "<i4"), ("element", "<i4"), ("value", "<i4")])
# Computed together: more fill the kernels' tiles, fewer stay in the nearest cache.
_FRAMES_AT_ONCE = 16
_MOST_PLANS = 256


@dataclass(frozen=True)
class _Place:
    """Where what an operator remembers lies in a state: rows of `stride` stored codes, `channels` of them in use."""

    start: int
    shape: tuple[int, ...]
    rows: int
    stride: int
    channels: int
    dtype: np.dtype

    @property
    def stop(self) -> int:
        return self.start + self.rows * self.stride * self.dtype.itemsize

    def codes(self, state: np.ndarray) -> np.ndarray:
        """[rows, channels] of a state, a view."""
        rows = state[self.start : self.stop].view(self.dtype)
        return rows.reshape(self.rows, self.stride)[:, : self.channels]


@dataclass(frozen=True, eq=False)
class _Plan:
    """places: first element in `size` codes, by name. offsets, given: of C's pointers, by number of the signal."""

    frames: int
    size: int
    offsets: np.ndarray
    given: np.ndarray
    places: dict[str, tuple[int, Signal]]


class _Recorded(Mapping[str, np.ndarray]):
    """Codes of the recorded signals, [frames * rate, channels], made when they are asked for."""

    def __init__(self, plan: _Plan, room: np.ndarray, given: Codes) -> None:
        self._plan, self._room, self._given = plan, room, given

    def __getitem__(self, name: str) -> np.ndarray:
        first, signal = self._plan.places[name]
        rows = self._plan.frames * signal.rate
        codes = self._given.get(name)
        if codes is None:
            codes = self._room[first : first + rows * signal.channels]
        return codes.reshape(rows, signal.channels).astype(code_dtype(signal.bits), copy=False)

    def __iter__(self) -> Iterator[str]:
        return iter(self._plan.places)

    def __len__(self) -> int:
        return len(self._plan.places)


class NativeFrames:
    """A program prepared to run frames of any device; see `workbench.integer.frames`.

    kernels: given, see `native.instructions`, None for what $WORKBENCH_KERNELS says. Raises WorkbenchError for programs
    that the native engine cannot run, and without a C compiler.
    """

    def __init__(self, program: Program, *, kernels: str | None = None) -> None:
        reason = unsupported(program)
        if reason:
            raise WorkbenchError(f"the native engine cannot run {program.name}: {reason}")
        self.program = program
        self._running = dense_program(program)
        library = native_library(kernels or kernels_asked_for())
        self._stream = library.wb_stream
        integer, pointer = ctypes.c_int32, ctypes.c_void_p
        self._stream.argtypes = (pointer, integer, integer, *(pointer,) * 3, integer, pointer)
        self._stream.restype = None
        room = {
            signal.name: np.zeros((1, _FRAMES_AT_ONCE * signal.rate, signal.channels), np.int64)
            for signal in program.signals
        }
        self._model = NativeModel(self._running, room, Layout.of(library))
        self._model_pointer = ctypes.byref(self._model.struct)
        self._numbers = {operator.name: n for n, operator in enumerate(program.operators)}
        self._signals = {signal.name: n for n, signal in enumerate(program.signals)}
        self._first_rate = program.signal(program.inputs[0]).rate
        self._plans: dict[tuple[int, tuple[str, ...] | None], _Plan] = {}
        first = first_elements(self._running)
        self._kinds = {
            (operator.name, field): (KIND_OF_SECTION[section], first[operator.name, field])
            for operator in self._running.operators
            for field, section in operator.PARAMETERS.items()
        }  # of each parameter, with its first element
        self._places = self._placed()

    def _placed(self) -> dict[tuple[str, str], _Place]:
        placed, start = {}, 0
        for operator, tensor in self._running.states():
            (source,) = self.program.sources(operator)
            is_history = isinstance(operator, Conv)
            stride, channels = (
                (self._model.stride(source.name), source.channels) if is_history else (1, 1)
            )
            place = _Place(
                start, tensor.shape, tensor.shape[0], stride, channels, code_dtype(tensor.bits)
            )
            placed[operator.name, tensor.name] = place
            start = place.stop
        return placed

    def silence(self) -> np.ndarray:
        """The state in which everything is zero."""
        return np.zeros(max([0, *(each.stop for each in self._places.values())]), np.uint8)

    def changed(self, changes: Changes) -> np.ndarray:
        """Parameters of one device, trial 0 of the changes, as EDIT [n]."""
        rows = [
            (self._numbers[operator], kind, first + element, value)
            for (operator, field), change in dense_changes(self.program, changes).items()
            for kind, first in [self._kinds[operator, field]]
            for element, value in zip(change.element.tolist(), change.value.tolist(), strict=True)
        ]
        return np.array(sorted(rows), EDIT)

    def step(
        self,
        inputs: Mapping[str, np.ndarray],
        variant: np.ndarray,
        state: np.ndarray,
        recorded: Collection[str] | None = None,
    ) -> tuple[Mapping[str, np.ndarray], np.ndarray]:
        """Run whole frames; see `ReferenceFrames.step`."""
        given = {n: np.ascontiguousarray(inputs[n][0], np.int32) for n in self.program.inputs}
        frames = len(next(iter(given.values()))) // self._first_rate
        plan = self._plan_of(frames, None if recorded is None else tuple(recorded))
        after, room = state.copy(), np.empty(plan.size, np.int16)
        sent = np.zeros(len(self.program.signals), np.uintp)
        for name, codes in given.items():
            sent[self._signals[name]] = codes.ctypes.data
        received = plan.offsets + plan.given * room.ctypes.data
        self._stream(
            self._model_pointer,
            frames,
            _FRAMES_AT_ONCE,
            sent.ctypes.data,
            received.ctypes.data,
            variant.ctypes.data,
            len(variant),
            after.ctypes.data,
        )
        return _Recorded(plan, room, given), after

    def _plan_of(self, frames: int, recorded: tuple[str, ...] | None) -> _Plan:
        """Where codes of recorded signals go; `room` for them lies in one piece."""
        key = frames, recorded
        if key not in self._plans:
            signals = self.program.signals
            offsets, is_given = (np.zeros(len(signals), np.uintp) for _ in range(2))
            places: dict[str, tuple[int, Signal]] = {}
            size = 0
            for number, signal in enumerate(signals):
                if recorded is None or signal.name in recorded:
                    places[signal.name] = size, signal
                    if signal.name not in self.program.inputs:
                        offsets[number], is_given[number] = 2 * size, 1
                        size += frames * signal.rate * signal.channels
            if len(self._plans) > _MOST_PLANS:
                self._plans.clear()
            self._plans[key] = _Plan(frames, size, offsets, is_given, places)
        return self._plans[key]

    def state_of(self, tensors: Mapping[tuple[str, str], np.ndarray]) -> np.ndarray:
        """The state with these tensors, [*shape] each, which are all of the program."""
        state = self.silence()
        for name, values in tensors.items():
            codes = self._places[name].codes(state)
            codes[:] = values.reshape(codes.shape)
        return state

    def read_state(self, state: np.ndarray, operator: str, tensor: str) -> np.ndarray:
        """int64 [*shape]."""
        place = self._places[operator, tensor]
        return place.codes(state).astype(np.int64).reshape(place.shape)

    def written(self, state: np.ndarray, changes: Changes) -> np.ndarray:
        """A state in which some elements, of trial 0 of the changes, have new values."""
        made = state.copy()
        for name, change in changes.items():
            place = self._places[name]
            row, channel = np.divmod(change.element, place.channels)
            place.codes(made)[row, channel] = change.value
        return made

    def same(self, state: np.ndarray, other: np.ndarray) -> bool:
        """Whether two states are equal."""
        return bool(np.array_equal(state, other))
