"""Some faults of one campaign, in a process of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from workbench.experiments.machine_faults.outcomes import outcome_of
from workbench.experiments.voices.outputs import compared
from workbench.experiments.voices.script import script_of
from workbench.experiments.voices.voice import Voice
from workbench.firmware.boards import CORES
from workbench.firmware.machine_faults.campaign import StruckDevice
from workbench.firmware.machine_faults.fault import REPAIR, MachineFault
from workbench.firmware.own_in_c import OwnInC
from workbench.healing.strategies.strategy import Strategy
from workbench.integer.program import Program
from workbench.memory.image import Image

# The last alone, since compiling takes longer than most faults.
_devices: dict[str, StruckDevice] = {}


@dataclass(frozen=True, eq=False)
class Setup:
    """A device that speaks. name: of all that decides what it does. words: that it says. own: C of the user's."""

    name: str
    voice: Voice
    program: Program
    strategy: Strategy
    words: tuple[str, ...]
    core: str
    own: OwnInC

    def device(self) -> StruckDevice:
        """It, compiled where this process did not have it last; raises as StruckDevice."""
        if self.name not in _devices:
            self.own.enter()
            script = script_of(self.voice, self.words)
            heals = self.strategy.heals
            image = self.strategy.image(self.program) if heals else Image.of(self.program)
            device = StruckDevice(
                image,
                CORES[self.core],
                script.inputs,
                strategy=self.strategy,
                word_starts=script.starts,
            )
            _devices.clear()
            _devices[self.name] = device
        return _devices[self.name]


def strike(
    setup: Setup, kind: str, seed: int, flips: int, numbers: Sequence[int]
) -> list[dict[str, Any]]:
    """A record for each device that `flips` faults strike, JSON-ready; WorkbenchError as `Setup.device`."""
    device = setup.device()
    if kind == REPAIR and device.sites.repair is None:
        return []
    return [
        {
            "number": number,
            **_struck(setup, device.sites.draws(kind, seed=seed, number=number, count=flips)),
        }
        for number in numbers
    ]


def skip_each(setup: Setup, symbol: str, flips: int, start: int, stop: int) -> list[dict[str, Any]]:
    """A record for each instruction from `start` to before `stop` of those that a frame executes behind a symbol.

    It is skipped, with flips - 1 of them that follow; see `StruckDevice.executed`. Raises as that and `Setup.device`.
    """
    executed = setup.device().executed(symbol)
    return [
        {
            **_struck(setup, [fault for fault, _ in executed[at : at + flips]]),
            "symbol": symbol,
            "address": executed[at][1],
        }
        for at in range(start, min(stop, len(executed)))
    ]


def count_executed(setup: Setup, symbol: str) -> int:
    """How many instructions there are for `skip_each`."""
    return len(setup.device().executed(symbol))


def _struck(setup: Setup, faults: Sequence[MachineFault]) -> dict[str, Any]:
    """A device struck once, JSON-ready: the first fault, the number of all, and what came of it."""
    program, struck = setup.voice.program, setup.device().strike(*faults)
    quality = ""
    if not np.array_equal(struck.codes, struck.expected):
        sound, expected = map(program.rendered, (struck.codes, struck.expected))
        quality = compared(sound, expected, setup.voice).quality
    return {
        **asdict(faults[0]),
        "more": [asdict(fault) for fault in faults[1:]],
        "site": struck.site,
        "function": struck.function,
        "outcome": outcome_of(struck, quality),
        "stopped": struck.stopped.value if struck.stopped else "",
        "quality": quality,
        "restarts": struck.restarts,
        "recovered": struck.recovered,
        "repairs": struck.repairs,
        "damaged": struck.damaged,
    }
