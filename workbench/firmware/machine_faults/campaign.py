"""What faults of the whole machine do to a device that speaks, with a watchdog timer that restarts it.

A device begins each frame as the clean one did at that frame, is hit while it computes it, and goes on to the end of
the utterance, or until its memory is that of the clean device. It feeds the watchdog, by a store to its register, behind each
step and nowhere else. Where it does not come to that, or the core faults, the device is reset: RAM stays, `init` fills it
anew, that frame is silent, and the next one follows.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from workbench.errors import WorkbenchError, nearest
from workbench.firmware.boards import Core
from workbench.firmware.emulation.emulate import device_file, firmware_for
from workbench.firmware.emulation.emulator import RAM_START
from workbench.firmware.machine_faults.fault import REGISTER, REPAIR, SKIP, MachineFault, Sites
from workbench.firmware.machine_faults.machine import WATCHDOG, Ending, StruckMachine
from workbench.firmware.twins.twin import Twin, frames_of
from workbench.firmware.writing.unit import UNIT_WATCHDOG
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

    faults: by time. site: symbol of what the first hit. function: that ran. stopped: how it stopped first, None where it never did.
    restarts: by the watchdog. recovered: whether it sounds as the clean device in the end. repairs: that its log has
    as healed. damaged: whether parameters or flash differ in the end. codes: of the output, [frames * rate, channels].
    expected: codes without the fault; of a fault during a repair, those of the device that repairs.
    """

    faults: tuple[MachineFault, ...]
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
        with device_file([firmware], core, defines=[f"{UNIT_WATCHDOG}={WATCHDOG:#x}u"]) as elf:
            self._machine = StruckMachine(elf, core)
        self._twin = Twin(self._machine, firmware)
        self._frames = frames_of(firmware, inputs)
        self._starts = frozenset(word_starts)
        self._moments: list[np.ndarray] = []  # before each frame, and at the end
        self._wound: tuple[np.ndarray, np.ndarray] | None = None  # before a repair; all codes
        self.clean = np.empty(0)
        self.sites = self._speak()

    def strike(self, *faults: MachineFault) -> Struck:
        """What faults do, given by time; WorkbenchError where the first cannot come in this utterance."""
        machine, rate = self._machine, len(self._twin.output)
        first, last = faults[0].frame, faults[-1].frame
        if not 0 <= first <= last < len(self._frames):
            raise WorkbenchError(
                f"there is no frame {last}, as the utterance has {len(self._frames)}; choose a smaller one"
            )
        moment, expected = self._moments[first], self.clean
        if faults[0].kind == REPAIR and self._wound is not None:
            moment, expected = self._wound
        machine.take_back(moment)
        codes = expected.copy()
        restarts, stopped, function = 0, None, ""
        for frame in range(first, len(self._frames)):
            rows = slice(frame * rate, (frame + 1) * rate)
            now = [fault for fault in faults if fault.frame == frame]
            ending = self._frame(frame, *now, sure=frame == first)
            function = function or machine.struck
            if ending is Ending.RETURNED:
                codes[rows] = self._twin.output
            else:
                stopped = stopped or ending
                codes[rows] = 0
                restarts += 1
                machine.restart()
                if restarts > _MOST_RESTARTS or self._call("init") is not Ending.RETURNED:
                    codes[rows.start :] = 0
                    break
            if frame >= last and machine.flash_is_whole and self._as_clean(frame + 1):
                codes[rows.stop :] = self.clean[rows.stop :]
                break
        settled = _SETTLED_FRAMES * rate
        parameters = self._twin.firmware.layout.working_bytes
        return Struck(
            faults=faults,
            site=self._site(faults[0], function),
            function=function,
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
        machine.watch(PATIENCE * max(counts))
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

    def executed(self, symbol: str) -> list[tuple[MachineFault, int]]:
        """What can be skipped of the code behind a symbol in a frame, each with its address.

        Of the frame in which the healer repairs a weight; without one, of the frame in the middle of `sites.instructions`.

        Raises:
            WorkbenchError: The firmware has no such symbol, or that frame executes nothing of it.
        """
        machine, repair = self._machine, self.sites.repair
        kind = REPAIR if repair else SKIP
        frame = repair[0] if repair else len(self.sites.instructions) // 2
        moment = self._wound[0] if self._wound else self._moments[frame]
        if symbol not in machine.functions:
            raise WorkbenchError(
                f"the firmware has no function {symbol!r}; {nearest(symbol, machine.functions)}"
            )
        machine.take_back(moment)
        self._begin(frame)
        made = machine.executed(self._named("frame"), symbol)
        if not made:
            raise WorkbenchError(
                f"frame {frame} executes nothing of {symbol}; choose another function"
            )
        return [(MachineFault(kind, frame, number), address) for number, address in made]

    def _frame(self, frame: int, *faults: MachineFault, sure: bool = True) -> Ending:
        ending = self._begin(frame)
        return self._call("frame", *faults, sure=sure) if ending is Ending.RETURNED else ending

    def _begin(self, frame: int) -> Ending:
        """What comes before a frame: silence where an utterance starts, and inputs."""
        ending = self._call("reset") if frame in self._starts else Ending.RETURNED
        for name, buffer in self._twin.inputs.items():
            buffer[:] = self._frames[frame][name]
        return ending

    def _call(self, what: str, *faults: MachineFault, sure: bool = True) -> Ending:
        return self._machine.run(self._named(what), *faults, sure=sure)

    def _named(self, what: str) -> str:
        return f"{self._twin.firmware.prefix}_unit_{what}"

    def _as_clean(self, frame: int, most: int | None = None) -> bool:
        """Whether RAM of the image, up to address `most`, is as in the clean device before `frame`."""
        for start, block in self._twin.memory.items():
            at = self._machine.address_of(block) - RAM_START
            if at >= 0:
                size = len(block) if most is None else max(0, min(len(block), most - start))
                if not np.array_equal(block[:size], self._moments[frame][at : at + size]):
                    return False
        return True

    def _site(self, fault: MachineFault, function: str) -> str:
        if fault.part == REGISTER:
            return f"register {fault.register}"
        if fault.part == SKIP:
            return function
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
