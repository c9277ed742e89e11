"""Devices that speak while upsets arrive and a healer works, over the batched engine.

Frame order: word start silences the histories; upsets flip their bits; the frame is computed, and
monitors see its sums and codes; the healer runs; its frame count grows. Between two events memory is constant, so all frames until the
next one run at once. A fleet is the batch: one device a trial, equal inputs, own upsets.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.errors import WorkbenchError, expect
from workbench.healing.device import Device
from workbench.healing.log import LogEntry, log_lines
from workbench.healing.schedules import arrivals_by_frame, checked_schedule
from workbench.healing.strategy import Strategy
from workbench.integer.changes import Change
from workbench.integer.program import Program
from workbench.integer.reference import Codes, checked_inputs
from workbench.integer.reference_stream import ReferenceStream
from workbench.memory.changes import flipped_values, flips_by_tensor, parameter_changes
from workbench.memory.faults.events import Event
from workbench.memory.image import Image
from workbench.memory.tensors import write_tensor
from workbench.memory.watches.monitor import Frame

if TYPE_CHECKING:
    from workbench.integer.engine import Engine, EngineStream

# Frames times devices that run together: bounds the memory that activations take.
_FRAMES_AT_ONCE = 512


@dataclass(frozen=True, eq=False)
class SimulationResult:
    """What became of one device.

    codes: of the output, [frames * rate, channels]. log: the healer's findings, in order.
    image: every byte at the end. upsets: what happened to it, in order of arrival.
    wrong_bits: int64 [frames], bits of the working copy that were wrong after each frame.
    repeats: findings of units that were reported already, which the log does not have.
    """

    codes: np.ndarray
    log: tuple[LogEntry, ...]
    image: Image
    upsets: tuple[Event, ...]
    wrong_bits: np.ndarray
    repeats: int

    @property
    def frame_s(self) -> float:
        """Duration of a frame in seconds."""
        return 1.0 / self.image.program.frame_rate_hz

    def samples(self) -> np.ndarray:
        """The sound, float32 [samples] in [-1, 1]; WorkbenchError when the output is none."""
        return self.image.program.sound(self.codes)

    def lines(self) -> list[str]:
        """The log, one readable line an entry."""
        return log_lines(self.log, self.image.layout, frame_s=self.frame_s)

    def sites(self) -> tuple[str, ...]:
        """The logical names of the upsets' bits."""
        return tuple(str(self.image.site(upset.position)) for upset in self.upsets)


def simulate(
    image: Image,
    inputs: Mapping[str, np.ndarray],
    upsets: Iterable[Event],
    strategy: Strategy,
    *,
    word_starts: Sequence[int] = (),
    engine: Engine | None = None,
) -> SimulationResult:
    """The simulation of one device; see `simulate_many`."""
    (result,) = simulate_many(
        image, inputs, [upsets], strategy, word_starts=word_starts, engine=engine
    )
    return result


def simulate_many(
    image: Image,
    inputs: Mapping[str, np.ndarray],
    schedules: Sequence[Iterable[Event]],
    strategy: Strategy,
    *,
    word_starts: Sequence[int] = (),
    engine: Engine | None = None,
    devices: list[Device] | None = None,
) -> list[SimulationResult]:
    """Simulate devices that hear the same inputs, each with its own events.

    image: what every device starts with, flips and all. inputs: [1, frames * rate, channels] by
    name. word_starts: frames before which all histories are silenced. engine: of `image.program`; None
    for one that is made, or the plain reference for a single device, which is faster. devices: of an earlier simulation, which continue with a word, instead of new ones; their
    logs continue, too. Raises WorkbenchError when an upset lies outside of the image or of the run, an
    input does not fit or there are no frames.
    """
    expect(image, Image, "the memory of a device", "an Image, as `strategy.image(program)`")
    expect(strategy, Strategy, "the healer", 'a Strategy, as named("crc-scrub")')
    if engine is not None:
        from workbench.integer.engine import Engine

        expect(engine, Engine, "the engine", "Engine(image.program), or nothing")
    expect(schedules, Sequence, "the list of schedules", "a list of upsets for each device")
    expect(word_starts, Iterable, "word_starts", "a list of frames")
    if not schedules:
        return []
    return _Fleet(image, inputs, schedules, strategy, word_starts, engine, devices).live()


def _stream(
    program: Program, devices: int, engine: Engine | None
) -> EngineStream | ReferenceStream:
    if engine is None and devices == 1:
        return ReferenceStream(program)
    from workbench.integer.engine import Engine, unsupported  # needs torch

    if engine is None and unsupported(program):
        return ReferenceStream(program, devices)
    return (engine or Engine(program)).stream(devices)


class _Fleet:
    """The state of a run. `done` frames are computed; memory is as it is at frame `done`."""

    def __init__(
        self,
        image: Image,
        inputs: Mapping[str, np.ndarray],
        schedules: Sequence[Iterable[Event]],
        strategy: Strategy,
        word_starts: Sequence[int],
        engine: Engine | None,
        devices: list[Device] | None = None,
    ) -> None:
        if engine and engine.program.content_hash != image.program.content_hash:
            raise WorkbenchError(
                "the engine was made for another program than the image, whose weights a strategy may "
                "have moved; make it with Engine(image.program)"
            )
        self.image = image
        self.program = image.program
        self.strategy = strategy
        self.inputs: Codes = checked_inputs(self.program, inputs)
        self.rates = {name: self.program.signal(name).rate for name in self.program.inputs}
        first = self.program.inputs[0]
        self.frames = self.inputs[first].shape[1] // self.rates[first]
        if not self.frames:
            raise WorkbenchError("there are no frames to live through; give longer inputs")
        self.word_starts = frozenset(word_starts)
        self.schedules = [checked_schedule(schedule) for schedule in schedules]
        self.arrivals = arrivals_by_frame(self.schedules, image.layout, frames=self.frames)
        self.devices = devices or self._new_devices()
        self.stream = _stream(self.program, len(schedules), engine)
        self.codes: list[np.ndarray] = []
        self.wrong_bits = np.zeros((len(schedules), self.frames), np.int64)
        self.done = 0
        if not devices:  # a device that continues begins with a word, and so in silence
            self._flip_histories(self._state_at_start())
        self._memory_changed()

    def _new_devices(self) -> list[Device]:
        clean = self.image.clean().data
        return [Device(self.image, self.strategy, clean) for _ in self.schedules]

    def live(self) -> list[SimulationResult]:
        for frame in range(self.frames):
            if frame in self.word_starts:
                self._compute_until(frame)
                self.stream.reset()
                for device in self.devices:
                    device.silence()
            if frame in self.arrivals:
                self._compute_until(frame)
                self._strike(self.arrivals[frame])
            if any(device.may_alarm() for device in self.devices):
                self._compute_until(frame)
                self._compute_watched(frame)
            mended = [device.heal() for device in self.devices]
            if any(mended):
                self._compute_until(frame + 1)
                self._memory_changed()
            self._silence([n for n, device in enumerate(self.devices) if device.silenced], frame)
            self.wrong_bits[:, frame] = [len(device.wrong) for device in self.devices]
        self._compute_until(self.frames)
        return [self._result(number) for number in range(len(self.devices))]

    def _strike(self, arrivals: list[list[Event]]) -> None:
        flips = [[hit.position for hit in hits if hit.stuck_at < 0] for hits in arrivals]
        hit = False
        for device, hits, upsets in zip(self.devices, flips, arrivals, strict=True):
            hit |= bool(hits) and device.flip(hits)
            for upset in upsets:
                hit |= upset.stuck_at >= 0 and device.stick(upset.position, upset.stuck_at)
        if hit:
            self._memory_changed()
        self._flip_histories([np.array(hits, np.int64) for hits in flips])

    def _memory_changed(self) -> None:
        """Frames from now on are computed from the working copies as they are."""
        wrong = [device.wrong for device in self.devices]
        self.changes = parameter_changes(self.program, self.image.layout, wrong)

    def _compute_until(self, frame: int) -> None:
        """Compute the frames before `frame` with memory as it was since `done`."""
        at_once = max(1, _FRAMES_AT_ONCE // len(self.devices))
        for first in range(self.done, frame, at_once):
            last = min(first + at_once, frame)
            part = {
                name: codes[:, first * self.rates[name] : last * self.rates[name]]
                for name, codes in self.inputs.items()
            }
            self.codes.append(self.stream.step(part, self.changes))
        self.done = frame

    def _compute_watched(self, frame: int) -> None:
        """Compute one frame that the monitors of some devices have to see."""
        part = {
            name: codes[:, frame * self.rates[name] : (frame + 1) * self.rates[name]]
            for name, codes in self.inputs.items()
        }
        before = self.stream.snapshot()
        reported: set[tuple[int, int, int]] = set()
        while True:
            self.stream.restore(before)
            signals = self.stream.signals(part, self.changes)
            frames = [self._frame(number, signals, before) for number in range(len(self.devices))]
            repeats = [self._alarmed(*each, reported) for each in enumerate(frames)]
            if not any(repeats):
                break
            self._memory_changed()
        for device, seen in zip(self.devices, frames, strict=True):
            for monitor, _ in device.monitors:
                device.observe(monitor, seen)
        self.codes.append(signals[self.program.output])
        self.done = frame + 1
        self._memory_changed()

    def _alarmed(self, number: int, frame: Frame, reported: set[tuple[int, int, int]]) -> bool:
        """Follow the alarms of a device within a frame; tell whether that is to be computed again.

        reported: (device, monitor, unit) of those that were followed in this frame already.
        """
        device = self.devices[number]
        for monitor, watch in device.monitors:
            for unit in watch.while_computed(device.data, frame, device.suspect[monitor]):
                if (number, monitor, unit) not in reported:
                    reported.add((number, monitor, unit))
                    if device.alarm(monitor, unit):
                        return True  # what follows is computed again
        return False

    def _frame(self, number: int, signals: Codes, before: Any) -> Frame:
        """What the monitors of a device see of a frame; before: the states when it began."""

        def past(operator: str, tensor: str) -> np.ndarray:
            return self.stream.read_state(operator, tensor, number, states=before)

        return Frame({name: codes[number] for name, codes in signals.items()}, past)

    def _silence(self, numbers: list[int], frame: int) -> None:
        if numbers:
            self._compute_until(frame + 1)
            self.stream.silence(numbers)
            for number in numbers:
                self.devices[number].silence()
                self.devices[number].silenced = False

    def _state_at_start(self) -> list[np.ndarray]:
        state = self.image.layout.sections["state"]
        positions = self.image.flipped()
        inside = positions[(positions >= 8 * state.start) & (positions < 8 * state.stop)]
        return [inside for _ in self.devices]

    def _flip_histories(self, faults: Sequence[np.ndarray]) -> None:
        changes = {}
        for place, flips in flips_by_tensor(self.image.layout, faults):
            if place.section == "state":
                name = place.operator, place.tensor
                rows = [self.stream.read_state(*name, t).reshape(-1) for t in flips.trial]
                old = np.array([row[e] for row, e in zip(rows, flips.element, strict=True)])
                value = flipped_values(old, flips.mask, place.bits)
                changes[name] = Change(flips.trial, flips.element, value)
        self.stream.write_states(changes)

    def _result(self, number: int) -> SimulationResult:
        device = self.devices[number]
        for place in self.image.layout.places:
            if place.section == "state":
                state = self.stream.read_state(place.operator, place.tensor, number)
                write_tensor(device.data, place, state)
        codes = np.concatenate([part[number] for part in self.codes])
        image = Image(self.program, self.image.layout, device.physical())
        return SimulationResult(
            codes,
            tuple(device.log),
            image,
            self.schedules[number],
            self.wrong_bits[number],
            device.repeats,
        )
