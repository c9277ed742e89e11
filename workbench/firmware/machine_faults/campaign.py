"""What a fault of the whole machine does to a device that speaks, with a watchdog timer that restarts it.

A device begins each frame as the clean one did at that frame, is hit while it computes it, and goes on to the end of
the utterance, or until its memory is that of the clean device. Where a frame never ends, or the core faults, the watchdog
resets the device: RAM stays, `init` fills it anew, that frame is silent, and the next one follows.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from workbench.errors import WorkbenchError
from workbench.firmware.boards import Core
from workbench.firmware.emulation.emulate import device_file, firmware_for
from workbench.firmware.emulation.emulator import RAM_START
from workbench.firmware.machine_faults.fault import REGISTER, REPAIR, SKIP, MachineFault, Sites
from workbench.firmware.machine_faults.machine import Ending, StruckMachine
from workbench.firmware.twins.twin import Twin, frames_of
from workbench.healing.strategies.strategy import Strategy
from workbench.memory.image import Image
from workbench.memory.places import GOLDEN

PATIENCE = 3  # the watchdog waits for so many of the longest clean frames
_MOST_RESTARTS = 8
_WOUNDED_BIT = 6
_SETTLED_FRAMES = 8  # equal ones at the end show that a device has recovered


@dataclass(frozen=True, eq=False)
class Struck:
    """What became of a device.

    site: symbol of what was hit. function: that ran. stopped: how it stopped first, None where it never did.
    restarts: by the watchdog. recovered: whether it sounds as the clean device in the end. repairs: that its log has
    as healed. damaged: whether parameters or flash differ in the end. codes: of the output, [frames * rate, channels].
    expected: codes without the fault; of a fault during a repair, those of the device that repairs.
    """

    fault: MachineFault
    site: str
    function: str
    stopped: Ending | None
    restarts: int
    recovered: bool
    repairs: int
    damaged: bool
    codes: np.ndarray
    expected: np.ndarray


class StruckDevice:
    """A device that says an utterance as often as it is struck.

    clean: codes of the output without a fault, [frames * rate, channels]. sites: all that can be hit.
    """

    def __init__(
        self,
        image: Image,
        core: Core,
        inputs: Mapping[str, np.ndarray],
        *,
        strategy: Strategy,
        word_starts: Collection[int] = (),
    ) -> None:
        """Compile it, and let it speak once.

        Args:
            image: Clean, of `strategy`.
            core: One of `CORES`.
            inputs: Whole numbers [1, frames * rate, channels] by name.
            strategy: Of the healer.
            word_starts: Frames at which an utterance starts, from silence.

        Raises:
            WorkbenchError: Without compiler or emulator, or where the inputs do not fit.
        """
        firmware = firmware_for(image, strategy)
        with device_file([firmware], core) as elf:
            self._machine = StruckMachine(elf, core)
        self._twin = Twin(self._machine, firmware)
        self._frames = frames_of(firmware, inputs)
        self._starts = frozenset(word_starts)
        self._moments: list[np.ndarray] = []  # before each frame, and at the end
        self._wound: tuple[np.ndarray, np.ndarray] | None = None  # before a repair; all codes
        self.clean = np.empty(0)
        self.sites = self._speak()

    def strike(self, fault: MachineFault) -> Struck:
        """What a fault does; WorkbenchError where it cannot come in this utterance."""
        machine, rate = self._machine, len(self._twin.output)
        if not 0 <= fault.frame < len(self._frames):
            raise WorkbenchError(
                f"there is no frame {fault.frame}, as the utterance has {len(self._frames)}; choose a smaller one"
            )
        moment, expected = self._moments[fault.frame], self.clean
        if fault.kind == REPAIR and self._wound is not None:
            moment, expected = self._wound
        machine.take_back(moment)
        codes = expected.copy()
        restarts, stopped = 0, None
        for frame in range(fault.frame, len(self._frames)):
            rows = slice(frame * rate, (frame + 1) * rate)
            ending = self._frame(frame, fault if frame == fault.frame else None)
            if ending is Ending.RETURNED:
                codes[rows] = self._twin.output
            else:
                stopped = stopped or ending
                codes[rows] = 0
                restarts += 1
                if restarts > _MOST_RESTARTS or self._call("init") is not Ending.RETURNED:
                    codes[rows.start :] = 0
                    break
            if machine.flash_is_whole and self._as_clean(frame + 1):
                codes[rows.stop :] = self.clean[rows.stop :]
                break
        settled = _SETTLED_FRAMES * rate
        parameters = self._twin.firmware.layout.working_bytes
        return Struck(
            fault=fault,
            site=self._site(fault),
            function=machine.struck,
            stopped=stopped,
            restarts=restarts,
            recovered=bool((codes[-settled:] == expected[-settled:]).all()),
            repairs=self._twin.repairs,
            damaged=not (machine.flash_is_whole and self._as_clean(0, parameters)),
            codes=codes,
            expected=expected,
        )

    def _speak(self) -> Sites:
        machine = self._machine
        heard, counts = [], []
        for frame in range(len(self._frames)):
            self._moments.append(machine.moment())
            if self._frame(frame) is not Ending.RETURNED:
                raise WorkbenchError("the device does not run; please report it with the program")
            counts.append(machine.instructions)
            heard.append(self._twin.output.copy())
        self._moments.append(machine.moment())
        self.clean = np.concatenate(heard)
        machine.limit = PATIENCE * max(counts)
        return Sites(
            flash_bytes=machine.flash_bytes,
            ram_bytes=machine.ram_bytes,
            stack_bytes=machine.stack_bytes,
            registers=machine.registers,
            # Faults come early enough for a healer to find them.
            instructions=np.array(counts[: max(1, len(counts) // 2)], np.int64),
            repair=self._repair(counts) if self._twin.firmware.heals else None,
        )

    def _repair(self, counts: Sequence[int]) -> tuple[int, int, int] | None:
        """Let the device repair a bit of a weight, and keep the moment before it does; see `Sites.repair`.

        counts: instructions of clean frames.
        """
        machine, twin = self._machine, self._twin
        machine.take_back(self._moments[0])
        twin.flip([8 * (twin.firmware.layout.working_bytes // 4) + _WOUNDED_BIT])
        heard, repair, moment = [], None, self._moments[0]
        for frame, clean in enumerate(counts):
            before = moment if repair else machine.moment()
            if self._frame(frame) is not Ending.RETURNED:
                return None
            heard.append(twin.output.copy())
            if not repair and twin.repairs and machine.instructions > clean:
                repair, moment = (frame, clean, machine.instructions), before
        if repair:
            self._wound = moment, np.concatenate(heard)
        return repair

    def _frame(self, frame: int, fault: MachineFault | None = None) -> Ending:
        if frame in self._starts:
            ending = self._call("reset")
            if ending is not Ending.RETURNED:
                return ending
        for name, buffer in self._twin.inputs.items():
            buffer[:] = self._frames[frame][name]
        return self._call("step", fault)

    def _call(self, what: str, fault: MachineFault | None = None) -> Ending:
        return self._machine.run(f"{self._twin.firmware.prefix}_unit_{what}", fault)

    def _as_clean(self, frame: int, most: int | None = None) -> bool:
        """Whether RAM of the image, up to address `most`, is as in the clean device before `frame`."""
        for start, block in self._twin.memory.items():
            at = self._machine.address_of(block) - RAM_START
            if at >= 0:
                size = len(block) if most is None else max(0, min(len(block), most - start))
                if not np.array_equal(block[:size], self._moments[frame][at : at + size]):
                    return False
        return True

    def _site(self, fault: MachineFault) -> str:
        if fault.part == REGISTER:
            return f"register {fault.register}"
        if fault.part == SKIP:
            return self._machine.struck
        if fault.address >= RAM_START + self._machine.ram_bytes:
            return "stack"
        twin = self._twin
        for start, block in twin.memory.items():
            offset = fault.address - self._machine.address_of(block)
            if 0 <= offset < len(block):
                section = twin.firmware.layout.section_at(start + offset).name
                if section == GOLDEN:
                    of = twin.firmware.layout.section_at(offset).name
                    return f"golden copy of {of}"
                return section
        symbol = self._machine.symbol_at(fault.address)
        return "log and scratch" if symbol == f"{twin.firmware.prefix}_unit" else symbol
