"""A running model behind its memory: the same driver for the host library and the emulated chip.

A machine gives two things: a call of a function without arguments, and a writable view of the memory
behind a symbol. Everything else follows from the memory image.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from enum import IntEnum
from typing import Protocol

import numpy as np

from workbench.errors import WorkbenchError
from workbench.firmware.design import LOG_HEAD_BYTES, Firmware
from workbench.firmware.writing.unit import input_buffer
from workbench.healing.log import Diagnosis, LogEntry, Remedy, Verdict
from workbench.healing.majority import majority
from workbench.integer.reference import checked_inputs
from workbench.integer.signals import code_dtype
from workbench.memory.faults.events import Event
from workbench.memory.image import Image, flip_bits
from workbench.memory.places import CHECK, GOLDEN, RESERVE, VERSIONS

LOG_DTYPE = np.dtype(
    [("frame", "<u4"), ("epoch", "<u2"), ("unit", "<u2"), ("area", "u1"), ("diagnosis", "u1"), ("remedy", "u1"),
     ("verdict", "u1")]
)  # fmt: skip


# Words before a log; see `runtime/wb_model.h`.
MARK, BUILD_LOW, BUILD_HIGH, COUNT, REPEATS, TABLES, WAITING, VERDICTS = range(8)


class Status(IntEnum):
    """What a step returns; see `wb_status` in `runtime/wb_model.h`."""

    OK = 0
    HEALED = 1
    DEGRADED = 2
    UNHEALABLE = 3
    BUSY = 4


class Machine(Protocol):
    """Something that runs compiled C."""

    def call(self, function: str) -> None:
        """Call a function that takes and returns nothing."""

    def view(self, symbol: str, size_bytes: int) -> np.ndarray:
        """Memory behind a symbol, uint8 [size_bytes], writable (flash too: an upset does not ask)."""

    def stick(self, byte: np.ndarray, bit: int, value: int) -> None:
        """From now on a bit of `byte`, uint8 [1], a view of memory, is always `value`."""

    def settle(self) -> None:
        """Force stuck cells to their value."""

    def unstick(self) -> None:
        """No cell is stuck any more; they keep what they hold."""


class Twin:
    """One model on a machine, just initialised.

    log: everything that its healer wrote so far. status: what the last step returned.
    """

    def __init__(self, machine: Machine, firmware: Firmware) -> None:
        self.machine = machine
        self.firmware = firmware
        self.log: list[LogEntry] = []
        name, program = firmware.prefix, firmware.program
        start = firmware.memory_start
        log_at = firmware.memory_bytes
        instance = machine.view(f"{name}_unit", log_at + firmware.log_bytes)
        # Image address of the first byte -> bytes that lie there.
        self._memory = {start: instance[:log_at]}
        for symbol, (address, size) in flash_symbols(firmware).items():
            self._memory[address] = machine.view(symbol, size)
        if firmware.heals:
            # Where RAM survives a reset, the log does: this device starts from cold.
            instance[log_at : log_at + LOG_HEAD_BYTES] = 0
            self._head = instance[log_at : log_at + LOG_HEAD_BYTES].view("<u4").reshape(-1, 3)
            self._log_ring = instance[log_at + LOG_HEAD_BYTES :].view(LOG_DTYPE)
        self._inputs = {
            given: _buffer(machine, firmware, input_buffer(firmware, given), given)
            for given in program.inputs
        }
        self._status = machine.view(f"{name}_unit_status", 4).view("<u4")
        self.status = Status.OK
        self._output = _buffer(machine, firmware, f"{name}_unit_output", program.output)
        machine.unstick()
        self._call("init")

    def reset(self) -> None:
        """Silence the histories."""
        self._call("reset")

    def flip(self, positions: Iterable[int]) -> None:
        """Invert bits of the image: RAM and flash alike.

        Bits of sections that this firmware does not have (the checks without a healer, the working
        copy with weights in flash) are left out. Raises WorkbenchError outside of the image.
        """
        for position in positions:
            memory, offset = self.locate(position // 8)
            if memory is not None:
                flip_bits(memory, [8 * offset + position % 8])
        self.machine.settle()

    def stick(self, position: int, value: int) -> None:
        """From now on a bit of the image is always `value`; WorkbenchError where there is none."""
        memory, offset = self.locate(position // 8)
        if memory is None:
            raise WorkbenchError(
                f"bit {position} cannot stick: this firmware does not have that part of the image"
            )
        self.machine.stick(memory[offset : offset + 1], position % 8, value)

    def locate(self, address: int) -> tuple[np.ndarray | None, int]:
        """The block of memory that holds an image address and the offset in it; None if none does."""
        self.firmware.layout.section_at(address)
        for start, memory in self._memory.items():
            if start <= address < start + len(memory):
                return memory, address - start
        return None, 0

    def step(self, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
        """Compute one frame: [rate, channels] codes of each input -> [rate, channels] of the output."""
        for name, buffer in self._inputs.items():
            buffer[:] = inputs[name]
        self._call("step")
        self.status = Status(int(self._status[0]))
        self._collect_log()
        return self._output.copy()

    def verify(self) -> tuple[Status, int]:
        """All that can be checked, three units at a time: what comes of it, and how many units are wrong.

        Of a device that heals.
        """
        self._call("verify")
        wrong, status = divmod(int(self._status[0]), 256)
        return Status(status), wrong

    def unprune(self, layer: int, frames: int) -> bool:
        """Un-prune a layer between two frames, for as many; whether that was done. Of a device with a guard of modes."""
        wanted = self.machine.view(f"{self.firmware.prefix}_unit_wanted", 8).view("<u4")
        wanted[:] = layer, frames
        self._call("unprune")
        return bool(wanted[0])

    def run(
        self,
        inputs: Mapping[str, np.ndarray],
        upsets: Iterable[Event] = (),
        *,
        word_starts: Collection[int] = (),
    ) -> np.ndarray:
        """Compute all frames in the frame order of `workbench.healing.simulation`.

        inputs: as `frames_of`. Returns the codes of the output, [frames * rate, channels].
        """
        heard = []
        for frame, codes in enumerate(frames_of(self.firmware, inputs)):
            self.begin_frame(frame, upsets, word_starts)
            heard.append(self.step(codes))
        return np.concatenate(heard)

    def begin_frame(
        self, frame: int, upsets: Iterable[Event], word_starts: Collection[int]
    ) -> None:
        """What happens before frame `frame` is computed: silence at a word start, then upsets."""
        if frame in word_starts:
            self.reset()
        now = [upset for upset in upsets if upset.frame == frame]
        self.flip(upset.position for upset in now if upset.stuck_at < 0)
        for upset in now:
            if upset.stuck_at >= 0:
                self.stick(upset.position, upset.stuck_at)

    @property
    def memory(self) -> dict[int, np.ndarray]:
        """Image address of the first byte -> bytes that lie there, uint8, writable."""
        return self._memory

    @property
    def inputs(self) -> dict[str, np.ndarray]:
        """The codes of one frame of each input, [rate, channels], writable."""
        return self._inputs

    @property
    def output(self) -> np.ndarray:
        """The codes of the last frame, [rate, channels]."""
        return self._output

    @property
    def repairs(self) -> int:
        """Entries with the verdict healed, as its healer counts them."""
        return self.log_word(VERDICTS) if self.firmware.heals else 0

    @property
    def repeats(self) -> int:
        """Findings of units that were reported already, as its healer counts them."""
        return self.log_word(REPEATS) if self.firmware.heals else 0

    def log_word(self, word: int) -> int:
        """A word before its log, as the majority of its three copies has it."""
        return majority(self._head[word])

    def log_bytes(self) -> bytes:
        """Head and ring of the log, as they lie in RAM; nothing without a healer."""
        firmware = self.firmware
        start = firmware.memory_bytes
        unit = self.machine.view(f"{firmware.prefix}_unit", start + firmware.log_bytes)
        return unit[start:].tobytes()

    def image(self) -> Image:
        """The present image; sections that this firmware lacks are as in the clean image."""
        data = self.firmware.image.data.copy()
        for start, memory in self._memory.items():
            data[start : start + len(memory)] = memory
        return Image(self.firmware.program, self.firmware.layout, data)

    def _call(self, what: str) -> None:
        self.machine.call(f"{self.firmware.prefix}_unit_{what}")

    def _collect_log(self) -> None:
        if not self.firmware.heals:
            return
        for number in range(len(self.log), self.log_word(COUNT)):
            entry = self._log_ring[number % len(self._log_ring)]
            self.log.append(log_entry(entry, self.firmware.strategy.frame_modulus))


def flash_symbols(firmware: Firmware) -> dict[str, tuple[int, int]]:
    """Image address of the first byte and size of what lies in flash, by symbol.

    Golden copy and checks or all versions, and weights in reserve.
    """
    name, sections = firmware.prefix, firmware.layout.sections
    golden, check, versions = (sections[each] for each in (GOLDEN, CHECK, VERSIONS))
    parts = {f"{name}_reserve": sections[RESERVE]} if firmware.reserves() else {}
    if firmware.versions > 1:
        whole = {f"{name}_kept": (golden.start, versions.stop - golden.start)}
        return whole | {symbol: (each.start, each.size_bytes) for symbol, each in parts.items()}
    size = firmware.layout.working_bytes
    symbols = {f"{name}_{block}": (first, size) for block, first in firmware.in_flash.items()}
    parts |= {f"{name}_check": check} if firmware.checks() else {}
    return symbols | {symbol: (each.start, each.size_bytes) for symbol, each in parts.items()}


def log_entry(stored: np.void, frame_modulus: int) -> LogEntry:
    """An entry of the ring, one of LOG_DTYPE; ValueError for what no healer writes."""
    return LogEntry(
        int(stored["epoch"]) * frame_modulus + int(stored["frame"]),
        int(stored["area"]),
        int(stored["unit"]),
        Diagnosis(int(stored["diagnosis"])),
        Remedy(int(stored["remedy"])),
        Verdict(int(stored["verdict"]) & 15),
        int(stored["verdict"]) >> 4,
    )


def frames_of(firmware: Firmware, inputs: Mapping[str, np.ndarray]) -> list[dict[str, np.ndarray]]:
    """Inputs [1, frames * rate, channels] by name, checked and cut into frames [rate, channels].

    Raises WorkbenchError when an input does not fit, or for no frames or several utterances.
    """
    program = firmware.program
    checked = checked_inputs(program, inputs)
    first = program.inputs[0]
    rates = {name: program.signal(name).rate for name in program.inputs}
    frames = checked[first].shape[1] // rates[first]
    if not frames or len(checked[first]) != 1:
        raise WorkbenchError(
            f"a device runs one utterance of at least one frame, and input {first!r} is "
            f"{list(checked[first].shape)}; give [1, frames * {rates[first]}, channels]"
        )
    return [
        {
            name: codes[0, frame * rates[name] : (frame + 1) * rates[name]]
            for name, codes in checked.items()
        }
        for frame in range(frames)
    ]


def _buffer(machine: Machine, firmware: Firmware, symbol: str, signal: str) -> np.ndarray:
    """The codes of one frame of `signal` that lie behind `symbol`, [rate, channels]."""
    described = firmware.program.signal(signal)
    dtype = code_dtype(described.bits).newbyteorder("<")
    shape = described.rate, described.channels
    return machine.view(symbol, int(np.prod(shape)) * dtype.itemsize).view(dtype).reshape(shape)
