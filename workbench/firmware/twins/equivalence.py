"""Do the simulation and the device agree in samples, log and memory, and if not, on which smallest schedule?

A failing schedule is reduced until every upset in it is needed, and written in a form that
`workbench agree --schedule` reads. Layout: inputs [1, frames * rate, channels]; the histories are silenced half way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from workbench.errors import WorkbenchError, expect
from workbench.firmware.design import Firmware
from workbench.firmware.twins.twin import Machine, Twin, frames_of
from workbench.healing.simulation import SimulationResult, simulate_many
from workbench.memory.faults.events import CLEAR, FLIP, Event
from workbench.memory.image import Image
from workbench.memory.places import CHECK, GOLDEN, STATE

Schedule = tuple[Event, ...]
_TOGETHER = 16  # devices that are simulated at once
_UPSET = re.compile(r"([0-9]{1,40}):([0-9]{1,40})(?:=([01]?))?")
_MOST = 2**35 - 1  # bits of the address space of the cores


@dataclass(frozen=True)
class Difference:
    """The implementations differ on `upsets`, and agree when any one is left out. what: the first difference."""

    upsets: Schedule
    what: str


def first_difference(
    machine: Machine,
    firmware: Firmware,
    inputs: Mapping[str, np.ndarray],
    schedules: Sequence[Iterable[Event]],
    *,
    progress: Callable[[], object] = lambda: None,
) -> Difference | None:
    """Run all schedules on a device and in simulation; the first difference, reduced, or None.

    machine: that has `firmware` and may flip its flash. progress: called after each schedule.
    """
    listed = [tuple(schedule) for schedule in schedules]
    for first in range(0, len(listed), _TOGETHER):
        part = listed[first : first + _TOGETHER]
        for upsets, result in zip(part, _simulated(firmware, inputs, part), strict=True):
            what = _what_differs(machine, firmware, inputs, upsets, result)
            if what:
                return _reduced(machine, firmware, inputs, Difference(upsets, what))
            progress()
    return None


def random_schedule(
    image: Image, seed: int, *, frames: int, count: int, stuck: bool = False
) -> Schedule:
    """Upsets of all sections alike, some stuck if wanted, some twice, some in both copies of a place."""
    rng = np.random.default_rng([seed, 2])
    sections = [s for s in image.layout.sections.values() if s.size_bytes]
    upsets = []
    for _ in range(count if sections else 0):
        section = sections[rng.integers(len(sections))]
        frame = int(rng.integers(frames))
        position = int(rng.integers(8 * section.start, 8 * section.stop))
        cell = stuck and section.region == "sram" and section.name != STATE
        upsets.append(Event(frame, position))
        if rng.random() < 0.1:
            upsets.append(upsets[-1])
        elif cell and rng.random() < 0.3:
            upsets[-1] = Event(frame, position, CLEAR + int(rng.integers(2)))
        if rng.random() < 0.3 and section.name == GOLDEN:
            upsets.append(Event(int(rng.integers(frames)), position - 8 * section.start))
    return tuple(sorted(upsets))


def near_schedule(firmware: Firmware, seed: int, *, frames: int, stuck: bool = False) -> Schedule:
    """As `random_schedule`, and as many again where the guards look within these frames."""
    rng = np.random.default_rng([seed, 4])
    upsets = list(random_schedule(firmware.image, seed, frames=frames, count=6, stuck=stuck))
    for guard, watch in zip(firmware.strategy.guards, firmware.layout.watches, strict=True):
        checked = max(1, frames // guard.every_frames * guard.per_frame)
        for _ in range(3 if watch.units else 0):
            unit = int(rng.integers(min(watch.units, checked))) * guard.stride % watch.units
            where = np.arange(firmware.layout.working_bytes)[watch.addresses(unit)]
            if not where.size:  # of a monitor that points at no bytes, what it stores
                places = ((each.start, each.size_bytes) for each in watch.places)
                where = np.concatenate([start + np.arange(size) for start, size in places])
            for _ in range(int(rng.integers(1, 4))):
                position = 8 * int(rng.choice(where)) + int(rng.integers(8))
                upsets.append(Event(int(rng.integers(frames)), position))
    return tuple(sorted(upsets))


def schedule_text(upsets: Iterable[Event]) -> str:
    """For example "12:4711,30:99=1": bit 4711 flips at frame 12; from 30 on, bit 99 is stuck at 1."""
    return ",".join(
        f"{each.frame}:{each.position}" + (f"={each.stuck_at}" if each.stuck_at >= 0 else "")
        for each in upsets
    )


def schedule_of(text: str) -> Schedule:
    """The inverse; WorkbenchError for what is no schedule."""
    expect(text, str, "a schedule", 'text, as "12:4711,30:99=1"')
    upsets = []
    for part in filter(None, map(str.strip, text.split(","))):
        match = _UPSET.fullmatch(part)
        if match is None:
            raise WorkbenchError(
                f"{part!r:.60} is no upset; write FRAME:BIT for a flip, FRAME:BIT=1 for a stuck cell, "
                "and commas between them"
            )
        frame, position, stuck = match.groups()
        if max(int(frame), int(position)) > _MOST:
            raise WorkbenchError(
                f"the upset {part!r} lies outside of every run and image; write numbers up to {_MOST:,}"
            )
        upsets.append(Event(int(frame), int(position), CLEAR + int(stuck) if stuck else FLIP))
    return tuple(sorted(upsets))


def _simulated(
    firmware: Firmware,
    inputs: Mapping[str, np.ndarray],
    schedules: Sequence[Schedule],
) -> list[SimulationResult]:
    starts = _word_starts(firmware, inputs)
    return simulate_many(firmware.image, inputs, schedules, firmware.strategy, word_starts=starts)


def _word_starts(firmware: Firmware, inputs: Mapping[str, np.ndarray]) -> tuple[int, ...]:
    return (len(frames_of(firmware, inputs)) // 2,)


def _what_differs(
    machine: Machine,
    firmware: Firmware,
    inputs: Mapping[str, np.ndarray],
    upsets: Schedule,
    result: SimulationResult,
) -> str:
    """The first thing in which the device differs from its simulation, or nothing."""
    twin = Twin(machine, firmware)
    flash = 8 * firmware.layout.sections[GOLDEN].start
    try:
        codes = twin.run(inputs, upsets, word_starts=_word_starts(firmware, inputs))
        return _first_in_outputs(firmware, codes, twin, result)
    finally:  # flash outlives the twin
        twin.flip(upset.position for upset in upsets if upset.position >= flash)


def _first_in_outputs(
    firmware: Firmware, codes: np.ndarray, twin: Twin, result: SimulationResult
) -> str:
    for number, (device, simulated) in enumerate(zip(twin.log, result.log, strict=False)):
        if device != simulated:
            return f"log entry {number} is {device} on the device and {simulated} in the simulation"
    if len(twin.log) != len(result.log):
        return f"the device wrote {len(twin.log)} log entries and the simulation {len(result.log)}"
    if twin.repeats != result.repeats:
        return f"the device counted {twin.repeats} repeats and the simulation {result.repeats}"
    rows = np.flatnonzero((codes != result.codes).any(axis=1))
    if rows.size:
        return f"{rows.size} samples differ, the first {rows[0]}"
    layout = firmware.layout
    held = layout.size_bytes if firmware.heals else layout.sections[CHECK].start
    places = np.flatnonzero(twin.image().data[:held] != result.image.data[:held])
    return f"in the end, {layout.site(8 * int(places[0]))} differs" if places.size else ""


def _reduced(
    machine: Machine,
    firmware: Firmware,
    inputs: Mapping[str, np.ndarray],
    difference: Difference,
) -> Difference:
    """Leave out halves, then quarters, then single upsets, as long as the two still differ."""

    def differs(some: Schedule) -> str:
        (result,) = _simulated(firmware, inputs, [some])
        return _what_differs(machine, firmware, inputs, some, result)

    size = len(difference.upsets)
    while size:
        for first in range(0, len(difference.upsets), size):
            fewer = difference.upsets[:first] + difference.upsets[first + size :]
            what = differs(fewer)
            if what:
                difference = Difference(fewer, what)
                size = min(size, len(fewer))
                break
        else:
            size //= 2
    return difference
