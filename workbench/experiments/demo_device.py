"""The demonstration's firmware on emulated cores: what it costs, and the same life on a device."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from workbench.errors import WorkbenchError
from workbench.experiments.demo_life import Script, log_line
from workbench.experiments.demo_record import Core, Device, Life
from workbench.experiments.voice import Voice
from workbench.firmware.boards import CORES, boards_with
from workbench.firmware.boards import Core as Chip
from workbench.firmware.emulator import EmulatedMachine
from workbench.firmware.plan import RAM, Firmware
from workbench.firmware.source import model_sources
from workbench.firmware.toolchain import build_folder, compile_device, package_texts
from workbench.firmware.twin import Twin
from workbench.firmware.unit import unit
from workbench.healing.strategy import CRC_SCRUB, Strategy
from workbench.healing.upsets import Upset
from workbench.integer.reference import run
from workbench.memory.trials import sound_of

_LIFE_CORE = "m4"


class Meter:
    """A machine that notes the instructions of each frame. frames: int, one a call of `step`."""

    def __init__(self, machine: EmulatedMachine) -> None:
        self.machine = machine
        self.frames: list[int] = []

    def call(self, function: str) -> None:
        """As the machine's; see `workbench.firmware.twin.Machine`."""
        self.machine.call(function)
        if function.endswith("_step"):
            self.frames.append(self.machine.instructions)

    def view(self, symbol: str, size_bytes: int) -> np.ndarray:
        """As the machine's."""
        return self.machine.view(symbol, size_bytes)


def run_device(
    voice: Voice, word: str, script: Script, upsets: Sequence[Upset], life: Life
) -> tuple[Device | None, str]:
    """Compile the firmware, let each core say `word`, and let one live through `life`.

    Returns (device, "") or, where a compiler or the emulator is missing, (None, why).
    """
    strategy = Strategy(CRC_SCRUB, life.pages_per_frame)
    firmware = Firmware.of(voice.image, strategy=strategy, weights=RAM, prefix="challenge")
    try:
        cores = tuple(_cost(voice, word, firmware, chip) for chip in CORES.values())
        twin = Twin(_machine(firmware, CORES[_LIFE_CORE]), firmware)
        codes = twin.run(script.inputs, upsets, word_starts=script.starts)
    except WorkbenchError as error:
        return None, str(error)
    samples = sound_of(voice.program, codes)
    device = Device(
        cores=cores,
        core=CORES[_LIFE_CORE].title,
        log=tuple(log_line(entry, firmware.layout) for entry in twin.log),
        samples=len(samples),
        equal=int((samples == life.healed.samples).sum()),
    )
    return device, ""


def _cost(voice: Voice, word: str, firmware: Firmware, chip: Chip) -> Core:
    """Run `word` on one core, compare it with the reference, hold its costs against a board."""
    inputs = voice.inputs(word)
    machine = _machine(firmware, chip)
    meter = Meter(machine)
    codes = Twin(meter, firmware).run(inputs, word_starts=(0,))
    expected = run(voice.program, inputs)[voice.program.output][0]
    board = boards_with(chip.name)[0]
    mean = float(np.mean(meter.frames))
    budget = board.instructions_per_frame(voice.program.frame_rate_hz)
    return Core(
        core=chip.title,
        board=board.name,
        clock_hz=board.clock_hz,
        instructions_per_frame=mean,
        budget=budget,
        flash_bytes=machine.flash_bytes,
        flash_size_bytes=board.flash_bytes,
        ram_bytes=machine.ram_bytes + machine.stack_bytes,
        ram_size_bytes=board.ram_bytes,
        real_time=max(meter.frames) <= budget,
        samples=codes.size,
        equal=int((codes == expected).sum()),
    )


def _machine(firmware: Firmware, chip: Chip) -> EmulatedMachine:
    """Compile and load; no file stays behind."""
    name = firmware.prefix
    calls = ", ".join(f"{name}_unit_{call}" for call in ("init", "reset", "step"))
    kept = "".join(f"void {call}(void);\n" for call in calls.split(", "))
    device = package_texts("device")
    sources = {
        **model_sources(firmware),
        f"{name}_unit.c": unit(firmware),
        "startup.c": device["device/startup.c"],
        "device.ld": device["device/device.ld"],
        "kept.c": f'{kept}__attribute__((section(".vectors"), used))\n'
        f"void (*const kept[3])(void) = {{{calls}}};\n",
    }
    with build_folder(sources) as folder:
        elf = folder / "firmware.elf"
        compile_device(folder, elf, core=chip, linker_script=folder / "device.ld")
        return EmulatedMachine(elf, chip)
