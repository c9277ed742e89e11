"""Worst-case costs of a healer under one permanent fault: a stuck cell of RAM, a damaged bit of flash.

Layout: a fault is tried with the cursor of its guard at the unit, so that the first frame finds it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

import numpy as np

from workbench.firmware.design import Firmware
from workbench.firmware.twins.twin import Machine, Twin, frames_of
from workbench.healing.devices.variables import cursor_word
from workbench.healing.strategies.guard import Guard
from workbench.memory.faults.events import CLEAR, SET, Event
from workbench.memory.places import GOLDEN
from workbench.memory.watches.watch import Watch

FRAMES = 3  # the first finds the fault, the others show what it costs to live with it


class CountingMachine(Machine, Protocol):
    """A machine that counts the instructions of its last call."""

    instructions: int


def worst_under_permanent_faults(
    machine: CountingMachine,
    firmware: Firmware,
    inputs: Mapping[str, np.ndarray],
    bare: Sequence[int],
    *,
    progress: Callable[[], object] = lambda: None,
) -> int:
    """The most instructions that the healer takes in a frame, over all of `permanent_faults`.

    inputs: [1, frames * rate, channels] of at least FRAMES frames. bare: instructions of each of
    these frames without a healer. progress: called after each fault.
    """
    worst = 0
    flash = 8 * firmware.layout.sections[GOLDEN].start
    for fault in permanent_faults(firmware):
        twin = Twin(machine, firmware)
        twin.begin_frame(0, fault, ())
        for codes, usual in zip(frames_of(firmware, inputs)[:FRAMES], bare, strict=False):
            twin.step(codes)
            worst = max(worst, machine.instructions - usual)
        twin.flip(u.position for u in fault if u.position >= flash)  # flash outlives the twin
        progress()
    return worst


def permanent_faults(firmware: Firmware) -> Iterator[list[Event]]:
    """Upsets of frame 0: one fault each of the working copy, the check and the golden copy of a unit.

    Of pages, the first, one in the midst and the last, and one of every operator where pages may move;
    of monitors and golden inputs, what `Watch.telling_bits` says. All guards that watch the
    faulty byte look at it in this frame. Damage of the golden copy is that of before start-up, which
    the working copy has as well.
    """
    layout = firmware.layout
    golden = layout.sections[GOLDEN].start
    guards = list(zip(firmware.strategy.guards, layout.watches, strict=True))
    for number, (guard, watch) in enumerate(guards):
        for unit in _units(firmware, guard, watch):
            seen: list[Event] = []
            for position in watch.telling_bits(unit):
                seen = cursors_at(firmware, {number: unit}, position >> 3)
                if guard.area.kind.flash:
                    yield [Event(0, position), *seen]
                    continue
                yield [stuck_cell(firmware, position), *seen]
                yield [Event(0, position), Event(0, position + 8 * golden), *seen]
            for check in _checks_of(watch, unit):
                fault = stuck_cell(firmware, check) if check < 8 * golden else Event(0, check)
                yield [fault, *seen]


def _units(firmware: Firmware, guard: Guard, watch: Watch) -> list[int]:
    if guard.area.kind.stream:
        return list(range(watch.units))
    last = watch.units - 1
    units = {0, last // 2, last} - {-1}
    if any(action.moves for action in guard.actions):
        for place in firmware.parameters():
            middle = np.array([place.start + place.size_bytes // 2])
            inside = (middle >= watch.start) & (middle < watch.stop)
            units |= set(watch.units_of(middle[inside]).tolist())
    return sorted(units)


def stuck_cell(firmware: Firmware, position: int) -> Event:
    """A cell that holds the other value for ever."""
    value = int(firmware.image.data[position >> 3]) >> (position & 7) & 1
    return Event(0, position, CLEAR if value else SET)


def _checks_of(watch: Watch, unit: int) -> list[int]:
    """Bits of what is stored to check a unit: of the first and the last byte of each tensor."""
    positions = set()
    for place in watch.places:
        offsets = np.arange(place.size_bytes)
        inside = np.flatnonzero(
            np.broadcast_to(watch.units_checked(place, offsets) == unit, offsets.shape)
        )
        positions |= (
            {8 * (place.start + int(at)) for at in inside[[0, -1]]} if inside.size else set()
        )
    return sorted(positions)


def cursors_at(firmware: Firmware, units: dict[int, int], address: int) -> list[Event]:
    """Events that set all guards to the unit of `address`, one detection short of the policy's persistence.

    units: of guards whose unit is given.
    """
    place = firmware.layout.place("healer", "cursor")
    upsets: list[Event] = []
    for number, watch in enumerate(firmware.layout.watches):
        seen = watch.units_in(np.array([address]))
        unit = units.get(number, min(seen, default=0))
        word = cursor_word(unit, firmware.strategy.policy.persistence - 1)
        first = 8 * (place.start + 12 * number)
        upsets += [
            Event(0, first + 32 * copy + bit)
            for copy in range(3)
            for bit in range(32)
            if word >> bit & 1
        ]
    return upsets
