"""Devices that speak while upsets arrive and a healer works: equal inputs, upsets of their own.

Frame order: word start silences the histories; upsets flip their bits; the frame is computed, and
monitors see its sums and codes; the healer runs; its frame count grows. The clean run is computed once
for all, some frames at a time, and each device follows it or is computed itself; see `devices.device_run`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from workbench.errors import WorkbenchError, expect
from workbench.healing.devices.clean_run import clean_run, part_of
from workbench.healing.devices.device import Device
from workbench.healing.devices.device_run import DeviceRun, Witness
from workbench.healing.devices.schedules import arrivals_by_frame, checked_schedule
from workbench.healing.log import LogEntry, log_lines
from workbench.healing.strategies.strategy import Strategy
from workbench.integer.frames import Frames, State, frames_of
from workbench.integer.reference import checked_inputs
from workbench.memory.faults.events import Event
from workbench.memory.faults.transients import Sites
from workbench.memory.image import Image
from workbench.memory.tensors import write_tensor

# Of the clean run, whose states are remembered before each of them.
_FRAMES_AT_ONCE = 128


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
        """The sound, float32 [samples] in [-1, 1], or values [rows, channels]; see `Program.rendered`."""
        return self.image.program.rendered(self.codes)

    def lines(self) -> list[str]:
        """The log, one readable line an entry."""
        return log_lines(self.log, self.image.layout, frame_s=self.frame_s)

    def sites(self) -> tuple[str, ...]:
        """The logical names of the upsets' bits."""
        sites = Sites(self.image)
        return tuple(sites.site(upset.position) for upset in self.upsets)


def simulate(
    image: Image,
    inputs: Mapping[str, np.ndarray],
    upsets: Iterable[Event],
    strategy: Strategy,
    *,
    word_starts: Sequence[int] = (),
    witness: Witness | None = None,
) -> SimulationResult:
    """The simulation of one device; see `simulate_many`."""
    (result,) = simulate_many(
        image, inputs, [upsets], strategy, word_starts=word_starts, witness=witness
    )
    return result


def simulate_many(
    image: Image,
    inputs: Mapping[str, np.ndarray],
    schedules: Sequence[Iterable[Event]],
    strategy: Strategy,
    *,
    word_starts: Sequence[int] = (),
    devices: list[Device] | None = None,
    witness: Witness | None = None,
) -> list[SimulationResult]:
    """Simulate devices that hear the same inputs, each with its own events.

    image: what every device starts with, flips and all. inputs: [1, frames * rate, channels] by
    name. word_starts: frames before which all histories are silenced. devices: of an earlier simulation,
    which continue with a word, instead of new ones; their logs continue, too. witness: sees what monitors of behaviour
    take in, where no others are beside them. Raises WorkbenchError
    when an upset lies outside of the image or of the run, an input does not fit or there are no frames.
    """
    expect(image, Image, "the memory of a device", "an Image, as `strategy.image(program)`")
    expect(strategy, Strategy, "the healer", 'a Strategy, as named("crc-scrub")')
    expect(schedules, Sequence, "the list of schedules", "a list of upsets for each device")
    expect(word_starts, Iterable, "word_starts", "a list of frames")
    if not schedules:
        return []
    program = image.program
    inputs = checked_inputs(program, inputs)
    first = program.inputs[0]
    frames = inputs[first].shape[1] // program.signal(first).rate
    if not frames:
        raise WorkbenchError("there are no frames to live through; give longer inputs")
    checked = [checked_schedule(schedule) for schedule in schedules]
    arrivals = arrivals_by_frame(checked, image.layout, frames=frames)
    engine = frames_of(program)
    runs = [
        DeviceRun(device, engine, witness)
        for device in devices or _new_devices(image, strategy, len(checked))
    ]
    state = engine.silence()
    if not devices:  # a device that continues begins with a word, and so in silence
        for run in runs:
            run.flip_histories(_state_at_start(image), state)
    parts = []
    for start, stop in _stretches(frames, word_starts):
        if start in word_starts:
            state = engine.silence()
            for run in runs:
                run.restart()
        stretch = clean_run(engine, part_of(engine, inputs, start, stop), state)
        state = stretch.states[-1]
        now = {f - start: hits for f, hits in arrivals.items() if start <= f < stop}
        parts.append(
            [
                run.run(stretch, {f: hits[number] for f, hits in now.items()})
                for number, run in enumerate(runs)
            ]
        )
    return [
        SimulationResult(
            np.concatenate([part[number][0] for part in parts]),
            tuple(run.device.log),
            _image_now(image, run, state, engine),
            checked[number],
            np.concatenate([part[number][1] for part in parts]),
            run.device.repeats,
        )
        for number, run in enumerate(runs)
    ]


def _new_devices(image: Image, strategy: Strategy, count: int) -> list[Device]:
    clean = image.clean().data
    first = Device(image, strategy, clean)
    return [first, *(Device(image, strategy, clean, like=first) for _ in range(count - 1))]


def _stretches(frames: int, word_starts: Iterable[int]) -> Iterator[tuple[int, int]]:
    """(first frame, one past the last), in none of which a word starts but before its first."""
    starts = sorted({0, *(start for start in word_starts if 0 <= start < frames)})
    for start, stop in zip(starts, [*starts[1:], frames], strict=True):
        for first in range(start, stop, _FRAMES_AT_ONCE):
            yield first, min(first + _FRAMES_AT_ONCE, stop)


def _state_at_start(image: Image) -> np.ndarray:
    """Bits of the histories that are flipped in an image, int64."""
    state = image.layout.sections["state"]
    positions = image.flipped()
    return positions[(positions >= 8 * state.start) & (positions < 8 * state.stop)]


def _image_now(image: Image, run: DeviceRun, clean: State, engine: Frames) -> Image:
    """Every byte of a device, histories and all."""
    data = run.device.data
    for place in image.layout.places:
        if place.section == "state":
            state = engine.read_state(run.state(clean), place.operator, place.tensor)
            write_tensor(data, place, state)
    return Image(image.program, image.layout, run.device.physical())
