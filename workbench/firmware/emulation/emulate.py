"""One run of an emulated device: its output codes, its log and its costs.

Layout: codes [frames * rate, channels]; costs in instructions, which Unicorn counts exactly, and not
in cycles, of which a real core needs more.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from workbench.errors import WorkbenchError
from workbench.firmware.boards import Core
from workbench.firmware.design import RAM, Firmware
from workbench.firmware.emulation.emulator import EmulatedMachine, Strike
from workbench.firmware.toolchain import ZIG, build_folder, compile_device, package_texts
from workbench.firmware.twins.twin import Twin, flash_symbols, frames_of
from workbench.firmware.writing.unit import unit_calls, unit_sources
from workbench.healing.log import LogEntry
from workbench.healing.strategies.named import nothing
from workbench.healing.strategies.strategy import Strategy
from workbench.memory.faults.events import Event
from workbench.memory.image import Image

_PREFIX = "model"


@dataclass(frozen=True, order=True)
class MidFrameUpset:
    """A bit of RAM flips while a frame is computed.

    share: of the frame's instructions that are done by then, 0 to 1. position: 8 * address + bit.
    """

    frame: int
    share: float
    position: int


@dataclass(frozen=True, eq=False)
class EmulatedRun:
    """codes: of the output. log: what the device wrote. image: every byte at the end.

    instructions: int64 [frames], the healer's included. flash_reads: bytes of golden copy and checks, int64
    [frames], where the machine counts them, else 0. flash_bytes: code and constants. ram_bytes:
    everything but the stack. stack_bytes: the deepest that it was. log_bytes: the log as it lies in RAM.
    wrong_bits: of the working copy after each frame, int64 [frames].
    """

    core: Core
    codes: np.ndarray
    log: tuple[LogEntry, ...]
    image: Image
    instructions: np.ndarray
    flash_reads: np.ndarray
    flash_bytes: int
    ram_bytes: int
    stack_bytes: int
    log_bytes: bytes
    wrong_bits: np.ndarray

    @property
    def instructions_per_frame(self) -> float:
        """On average."""
        return float(self.instructions.mean())


def emulate(
    image: Image,
    core: Core,
    inputs: Mapping[str, np.ndarray],
    *,
    strategy: Strategy | None = None,
    upsets: Iterable[Event] = (),
    mid_frame: Iterable[MidFrameUpset] = (),
    word_starts: Collection[int] = (),
    weights: str = RAM,
    machine: EmulatedMachine | None = None,
) -> EmulatedRun:
    """Compile an image for a core, run all frames of an utterance and measure.

    Args:
        image: Flips that it holds happen before the first frame.
        core: One of `CORES`.
        inputs: Whole numbers [1, frames * rate, channels] by name.
        strategy: Whose image it is; None for no healer.
        upsets: At frame starts, in RAM or flash. With weights in flash, a compiler may have put a tiny tensor into its
            code, where no upset finds it.
        mid_frame: In RAM, while a frame is computed.
        word_starts: Frames at which an utterance starts, from silence.
        weights: "ram" or "flash".
        machine: Made by `machine_for` of the same, with its flash as it was, to save compiling it again.

    Raises:
        WorkbenchError: There is no compiler or emulator, or inputs or upsets do not fit.
    """
    firmware = firmware_for(image, strategy or nothing(), weights)
    frames = frames_of(firmware, inputs)
    upsets, mid_frame = tuple(upsets), tuple(mid_frame)
    _check_upsets(firmware, len(frames), upsets, mid_frame)
    machine = machine or emulated_machine([firmware], core)
    if mid_frame:  # a rehearsal tells how many instructions the first frame takes
        Twin(machine, firmware).step(frames[0])
    usual = machine.instructions
    twin = Twin(machine, firmware)
    twin.flip(int(position) for position in image.flipped())
    heard, counts, reads = [], [], []
    wrong = np.zeros(len(frames), np.int64)
    for frame, codes in enumerate(frames):
        twin.begin_frame(frame, upsets, word_starts)
        machine.strikes = _strikes(twin, usual, [hit for hit in mid_frame if hit.frame == frame])
        heard.append(twin.step(codes))
        usual = machine.instructions
        counts.append(usual)
        reads.append(machine.flash_reads)
        if upsets or mid_frame or len(image.flipped()):
            wrong[frame] = (twin.image().flipped() < 8 * firmware.layout.working_bytes).sum()
    return EmulatedRun(
        core=core,
        codes=np.concatenate(heard),
        log=tuple(twin.log),
        image=twin.image(),
        instructions=np.array(counts, np.int64),
        flash_reads=np.array(reads, np.int64),
        flash_bytes=machine.flash_bytes,
        ram_bytes=machine.ram_bytes,
        stack_bytes=machine.stack_bytes,
        log_bytes=twin.log_bytes(),
        wrong_bits=wrong,
    )


def machine_for(image: Image, core: Core, *, strategy: Strategy) -> EmulatedMachine:
    """A chip that counts reads of golden copy and checks, on which `emulate` may run `image` more than once.

    Raises as `emulated_machine`.
    """
    return emulated_machine([firmware_for(image, strategy)], core, count_reads=True)


def firmware_for(image: Image, strategy: Strategy, weights: str = RAM) -> Firmware:
    """What `emulate` compiles, from the clean image of the same program."""
    return Firmware.of(image.clean(), strategy=strategy, weights=weights, prefix=_PREFIX)


def emulated_machine(
    firmwares: Sequence[Firmware],
    core: Core,
    *,
    count_reads: bool = False,
    compiler: str = ZIG,
    defines: Sequence[str] = (),
) -> EmulatedMachine:
    """Compile models with different prefixes for `core` and load them into one emulated chip.

    count_reads: of golden copy and checks, which takes three times as long. compiler, defines: see
    `compile_device`. No file stays behind. Raises WorkbenchError without compiler or emulator.
    """
    with device_file(firmwares, core, compiler=compiler, defines=defines) as elf:
        counted = _in_flash(firmwares) if count_reads else {}
        return EmulatedMachine(elf, core, counted=counted)


@contextmanager
def device_file(
    firmwares: Sequence[Firmware], core: Core, *, compiler: str = ZIG, defines: Sequence[str] = ()
) -> Iterator[Path]:
    """The ELF file of models with different prefixes while the block runs; raises as `emulated_machine`."""
    device = package_texts("device")
    symbols = " ".join(name for firmware in firmwares for name in _looked_at(firmware))
    sources = {
        **unit_sources(firmwares),
        "wb_startup.c": device["device/startup.c"],
        "wb_memory.c": device["device/memory.c"],
        "device.ld": f"{device['device/device.ld']}EXTERN({symbols})\n",
    }
    with build_folder(sources) as folder:
        elf = folder / "firmware.elf"
        compile_device(
            folder,
            elf,
            core=core,
            linker_script=folder / "device.ld",
            compiler=compiler,
            defines=defines,
        )
        yield elf


def _in_flash(firmwares: Sequence[Firmware]) -> dict[str, int]:
    """Symbol and size of every golden copy, of all checks and reserves."""
    symbols = {name: at for firmware in firmwares for name, at in flash_symbols(firmware).items()}
    return {name: size for name, (_, size) in symbols.items()}


def _looked_at(firmware: Firmware) -> list[str]:
    """Symbols that the emulator asks for, which the linker must not drop."""
    names = [f"unit_{call}" for call in (*unit_calls(firmware), "frame")]
    return [*(f"{firmware.prefix}_{name}" for name in names), *_in_flash([firmware])]


def _check_upsets(
    firmware: Firmware,
    frames: int,
    upsets: Sequence[Event],
    mid_frame: Sequence[MidFrameUpset],
) -> None:
    bits = 8 * firmware.layout.size_bytes
    sram = range(8 * firmware.memory_start, 8 * (firmware.memory_start + firmware.memory_bytes))
    everything: list[Event | MidFrameUpset] = [*upsets, *mid_frame]
    for hit in everything:
        if not (0 <= hit.frame < frames and 0 <= hit.position < bits):
            raise WorkbenchError(
                f"the upset of bit {hit.position} at frame {hit.frame} lies outside of the image of "
                f"{bits} bits or the run of {frames} frames"
            )
        if isinstance(hit, MidFrameUpset) and not (hit.position in sram and 0 <= hit.share <= 1):
            raise WorkbenchError(
                f"bit {hit.position} cannot flip at {hit.share} of a frame: mid-frame upsets hit "
                f"RAM, bits {sram.start}..{sram.stop - 1}, at a share of 0 to 1"
            )


def _strikes(twin: Twin, instructions: int, hits: Sequence[MidFrameUpset]) -> list[Strike]:
    strikes = []
    for hit in hits:
        memory, offset = twin.locate(hit.position // 8)
        assert memory is not None  # it lies in RAM
        after = round(hit.share * instructions)
        strikes.append(Strike(after, memory[offset : offset + 1], hit.position % 8))
    return strikes
