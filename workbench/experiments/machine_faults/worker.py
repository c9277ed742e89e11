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
from workbench.firmware.machine_faults.fault import REPAIR
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


def strike(setup: Setup, kind: str, seed: int, numbers: Sequence[int]) -> list[dict[str, Any]]:
    """A record for each fault, JSON-ready; WorkbenchError as `Setup.device`."""
    device = setup.device()
    program = setup.voice.program
    records: list[dict[str, Any]] = []
    if kind == REPAIR and device.sites.repair is None:
        return records
    for number in numbers:
        struck = device.strike(device.sites.draw(kind, seed=seed, number=number))
        quality = ""
        if not np.array_equal(struck.codes, struck.expected):
            sound, expected = map(program.rendered, (struck.codes, struck.expected))
            quality = compared(sound, expected, setup.voice).quality
        records.append(
            {
                **asdict(struck.fault),
                "number": number,
                "site": struck.site,
                "function": struck.function,
                "outcome": outcome_of(struck, quality),
                "quality": quality,
                "restarts": struck.restarts,
                "recovered": struck.recovered,
                "repairs": struck.repairs,
                "damaged": struck.damaged,
            }
        )
    return records
