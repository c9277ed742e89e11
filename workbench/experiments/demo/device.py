"""The demonstration's firmware on emulated cores: what it costs, and the same upsets on a device."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.errors import WorkbenchError
from workbench.experiments.demo.record import CoreRecord, DeviceRecord, Simulation
from workbench.experiments.demo.simulated import log_line
from workbench.experiments.voices.script import Script
from workbench.experiments.voices.voice import Voice
from workbench.firmware.boards import CORES, USUAL_CORES, Core, boards_with
from workbench.firmware.emulation.emulate import emulate
from workbench.healing.strategies.named import crc_scrub
from workbench.integer.reference import run
from workbench.memory.faults.events import Event

_SIMULATION_CORE = CORES["m4"]


def run_device(
    voice: Voice, word: str, script: Script, upsets: Sequence[Event], simulation: Simulation
) -> tuple[DeviceRecord | None, str]:
    """Compile the firmware, run `word` on each core, and run the upsets of `simulation` on one.

    Returns (device, "") or, where a compiler or the emulator is missing, (None, why).
    """
    try:
        cores = tuple(
            _cost(voice, word, CORES[name], simulation.pages_per_frame) for name in USUAL_CORES
        )
        emulated = emulate(
            voice.image(),
            _SIMULATION_CORE,
            script.inputs,
            strategy=crc_scrub(simulation.pages_per_frame),
            upsets=upsets,
            word_starts=script.starts,
        )
    except WorkbenchError as error:
        return None, str(error)
    samples = voice.program.sound(emulated.codes)
    device = DeviceRecord(
        cores=cores,
        core=_SIMULATION_CORE.title,
        log=tuple(log_line(entry, voice.image().layout) for entry in emulated.log),
        samples=len(samples),
        equal=int((samples == simulation.healed.samples).sum()),
    )
    return device, ""


def _cost(voice: Voice, word: str, chip: Core, pages_per_frame: int) -> CoreRecord:
    """Run `word` on one core, compare it with the reference, hold its costs against a board."""
    inputs = voice.inputs(word)
    bare, healing = (
        emulate(voice.image(), chip, inputs, strategy=strategy, word_starts=(0,))
        for strategy in (None, crc_scrub(pages_per_frame))
    )
    expected = run(voice.program, inputs)[voice.program.output][0]
    board = boards_with(chip.name)[0]
    budget = board.instructions_per_frame(voice.program.frame_rate_hz)
    return CoreRecord(
        core=chip.title,
        board=board.name,
        clock_hz=board.clock_hz,
        instructions_per_frame=healing.instructions_per_frame,
        healer_instructions=healing.instructions_per_frame - bare.instructions_per_frame,
        budget=budget,
        flash_bytes=healing.flash_bytes,
        flash_size_bytes=board.flash_bytes,
        ram_bytes=healing.ram_bytes + healing.stack_bytes,
        ram_size_bytes=board.ram_bytes,
        samples=healing.codes.size,
        equal=int((healing.codes == expected).sum()),
    )
