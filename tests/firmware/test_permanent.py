"""The worst frame under a single permanent fault is what is said of it, wherever the fault is."""

import numpy as np
import pytest
from batches import needs_emulator

from workbench.experiments.voices.voice import open_voice
from workbench.firmware.boards import CORES
from workbench.firmware.emulation.emulate import emulate, emulated_machine, firmware_for
from workbench.firmware.twins.permanent import (
    FRAMES,
    cursors_at,
    permanent_faults,
    stuck_cell,
    worst_under_permanent_faults,
)
from workbench.firmware.twins.twin import Twin, frames_of
from workbench.healing.strategies.named import named, nothing
from workbench.memory.faults.events import Event

TRIES = 12


@needs_emulator
@pytest.mark.parametrize("name", ["pq-scrub", "abft-crc", "relocating"])
def test_no_random_permanent_fault_takes_longer(name: str) -> None:
    """Stuck cells of RAM and bits of flash anywhere; a fault also changes what the generator itself takes."""
    voice = open_voice()
    inputs = {key: codes[:, :6] for key, codes in voice.inputs("7").items()}
    strategy, core = named(name), CORES["m4"]
    bare = emulate(nothing().image(voice.program), core, inputs).instructions.tolist()
    firmware = firmware_for(strategy.image(voice.program), strategy)
    machine = emulated_machine([firmware], core)
    worst = worst_under_permanent_faults(machine, firmware, inputs, bare)
    layout, rng = firmware.layout, np.random.default_rng(3)
    flash = 8 * layout.sections["golden"].start
    sections = [s for s in layout.sections.values() if s.size_bytes and s.name != "state"]
    for number in range(TRIES):
        section = sections[number % len(sections)]
        position = int(rng.integers(8 * section.start, 8 * section.stop))
        fault = [stuck_cell(firmware, position) if position < flash else Event(0, position)]
        fault += [Event(0, position - flash)] * (section.name == "golden")
        twin = Twin(machine, firmware)
        twin.begin_frame(0, fault + cursors_at(firmware, {}, fault[-1].position >> 3), ())
        for codes, usual in zip(frames_of(firmware, inputs)[:FRAMES], bare, strict=False):
            twin.step(codes)
            assert machine.instructions - usual <= worst + 0.01 * usual, layout.site(position)
        twin.flip(u.position for u in fault if u.position >= flash)


def test_every_guard_is_tried() -> None:
    """Working copy, golden copy and check of a unit each, and all operators of checksum rows."""
    strategy = named("abft-crc")
    firmware = firmware_for(strategy.image(open_voice().program), strategy)
    faults = list(permanent_faults(firmware))
    sections = {firmware.layout.section_at(fault[0].position >> 3).name for fault in faults}
    assert {"weights", "bias", "check"} <= sections
    rows = {str(firmware.layout.site(fault[0].position)).split("[")[0] for fault in faults}
    watch = firmware.layout.watches[0]
    assert {f"{watch.label}.rows_{unit}" for unit in range(watch.units)} <= rows
