"""What a healer takes in a frame while one permanent fault stays: a stuck cell of RAM, a damaged bit of flash.

Layout: a fault is tried with the cursor of its guard at the unit, so that the first frame finds it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

import numpy as np

from workbench.firmware.plan import Firmware
from workbench.firmware.twin import Machine, Twin, frames_of
from workbench.healing.strategy import Policy
from workbench.healing.upsets import Upset
from workbench.healing.variables import cursor_word
from workbench.memory.areas import ABFT
from workbench.memory.layout import Layout
from workbench.memory.watch import Watch
from workbench.memory.watch_sums import AbftWatch

FRAMES = 3  # the first finds the fault, the others show what it costs to live with it


class CountingMachine(Machine, Protocol):
    """A machine that counts the instructions of its last call."""

    instructions: int


def worst_under_permanent_faults(
    machine: CountingMachine,
    firmware: Firmware,
    inputs: Mapping[str, np.ndarray],
    bare: Sequence[int],
) -> int:
    """The most instructions that the healer takes in a frame, over all of `permanent_faults`.

    inputs: [1, frames * rate, channels] of at least FRAMES frames. bare: instructions of each of
    these frames without a healer.
    """
    worst = 0
    flash = 8 * firmware.layout.sections["golden"].start
    for fault in permanent_faults(firmware):
        twin = Twin(machine, firmware)
        twin.begin_frame(0, fault, ())
        for codes, usual in zip(frames_of(firmware, inputs)[:FRAMES], bare, strict=False):
            twin.step(codes)
            worst = max(worst, machine.instructions - usual)
        twin.flip(u.position for u in fault if u.position >= flash)  # flash outlives the twin
    return worst


def permanent_faults(firmware: Firmware) -> Iterator[list[Upset]]:
    """Upsets of frame 0: one fault each of the working copy, the check and the golden copy of a unit.

    Of pages, the first, one in the midst and the last; of checksum rows, every operator; units of one
    guard are alike otherwise. Damage of the golden copy is that of before start-up, which RAM has too.
    """
    layout, policy = firmware.layout, firmware.strategy.policy
    golden = layout.sections["golden"].start
    for number, (guard, watch) in enumerate(
        zip(firmware.strategy.guards, layout.watches, strict=True)
    ):
        last = watch.units - 1
        few = sorted({0, last // 2, last} - {-1})
        for unit in range(watch.units) if guard.area.code == ABFT else few:
            at_unit = _cursor_at(layout, policy, number, unit)
            where = np.arange(layout.working_bytes)[watch.addresses(unit)]
            first = 8 * int(where[0]) + 6  # a bit that even RADAR's signatures see
            if isinstance(watch, AbftWatch):
                yield [Upset(0, first), *at_unit]
            else:
                yield [_stuck(firmware, first), *at_unit]
            yield [Upset(0, first), Upset(0, first + 8 * golden), *at_unit]
            check = _check_of(watch, unit)
            if check is not None:
                yield [Upset(0, check), *at_unit]


def _stuck(firmware: Firmware, position: int) -> Upset:
    """A cell that holds the other value for ever."""
    value = int(firmware.image.data[position >> 3]) >> (position & 7) & 1
    return Upset(0, position, 1 - value)


def _check_of(watch: Watch, unit: int) -> int | None:
    """A bit of what is stored to check a unit; of RAM it flips, and is signed anew."""
    for place in watch.places:
        offsets = np.arange(place.size_bytes)
        inside = np.flatnonzero(
            np.broadcast_to(watch.units_checked(place, offsets) == unit, offsets.shape)
        )
        if inside.size:
            return 8 * (place.start + int(inside[0]))
    return None


def _cursor_at(layout: Layout, policy: Policy, number: int, unit: int) -> list[Upset]:
    """The cursor of a guard is at a unit that was found wrong as often as its policy asks, less once."""
    place = layout.place("healer", "cursor")
    word = cursor_word(unit, policy.persistence - 1)
    bits = [bit for bit in range(32) if word >> bit & 1]
    first = 8 * (place.start + 12 * number)
    return [Upset(0, first + 32 * copy + bit) for copy in range(3) for bit in bits]
