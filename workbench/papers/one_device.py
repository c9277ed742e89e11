"""One device of a fleet simulated alone, frame by frame, and what a fleet's record keeps of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np

from workbench.audio.scales import QUALITIES, harm
from workbench.experiments.fleets.comparison import Case
from workbench.experiments.fleets.findings import Tally, count_findings
from workbench.experiments.threads import one_thread
from workbench.experiments.voices.script import Script, script_of
from workbench.experiments.voices.voice import Voice
from workbench.healing.devices.device import Device
from workbench.healing.simulation import SimulationResult, simulate, simulate_many
from workbench.healing.strategies.named import nothing
from workbench.integer.reference import Codes
from workbench.memory.faults.transients import Sites
from workbench.memory.image import Image
from workbench.memory.trials.laboratory import Laboratory
from workbench.memory.trials.measured import compared

_CLOSE = 1e-8  # records keep nine digits of a device's harm


@dataclass(frozen=True, eq=False)
class OneDevice:
    """A device and what it was to say.

    Args:
        case: The fleet.
        inputs: Of every word that may be said.
        script: What it was to say.
        device: Its memory and its trace at the end.
        result: What it said.
        clean: What one without a fault says.
    """

    case: Case
    inputs: dict[str, Codes]
    script: Script
    device: Device
    result: SimulationResult
    clean: SimulationResult

    def rows(self, word: int) -> slice:
        """Of the output, what belongs to a word."""
        ends = [*self.script.starts, self.script.frames]
        rate = self.case.program.signal(self.case.program.output).rate
        return slice(ends[word] * rate, ends[word + 1] * rate)

    @cached_property
    def fidelity_db(self) -> np.ndarray:
        """Of each word, on the scale of its model, float64 [words]; infinite where nothing differs."""
        laboratory = cache(lambda word: Laboratory(Image.of(self.case.program), self.inputs[word]))
        fidelity = np.full(len(self.script.utterances), np.inf)
        for number, word in enumerate(self.script.utterances):
            codes = self.result.codes[self.rows(number)]
            if (codes != self.clean.codes[self.rows(number)]).any():
                made = compared(laboratory(word), codes[None], scale=self.case.scale)
                fidelity[number] = made.fidelity_db[0]
        return fidelity

    @property
    def harm(self) -> np.ndarray:
        """Of each word, float64 [words]."""
        return harm(self.fidelity_db)

    def is_in(self, record: dict[str, Any], number: int) -> bool:
        """Whether the record of a fleet has the same harm, classes, latencies and wrong bits of its device `number`."""
        quality = np.where(np.isinf(self.fidelity_db), 0, self.case.scale.quality(self.fidelity_db))
        tally = Tally()
        count_findings(self.device, tally)
        mine = (
            np.bincount(quality, minlength=len(QUALITIES)).tolist(),
            [len(tally.detected), sum(tally.detected)],
            int(self.result.wrong_bits[-1]),
        )
        kept = (
            record["words_of_devices"][number],
            record["detected_of_devices"][number],
            record["bits_left_of_devices"][number],
        )
        close = abs(float(self.harm.mean()) - record["harm_of_devices"][number]) < _CLOSE
        return close and mine == kept


def one_device(voice: Voice, case: Case, inputs: dict[str, Codes], number: int) -> OneDevice:
    """Simulate device `number` of a fleet; inputs: of every word that may be said."""
    image = case.strategy.image(case.program)
    words = [list(inputs)[word] for word in case.workload.script(len(inputs))]
    script = script_of(voice, words)
    events = case.workload.events(Sites(image), range(number, number + 1), frames=script.frames)
    device = Device(image, case.strategy, image.data)
    with one_thread():
        (result,) = simulate_many(
            image,
            case.workload.given(image.program, script.inputs, script.starts),
            events.rows(1),
            case.strategy,
            word_starts=script.starts,
            devices=[device],
        )
        clean = simulate(
            Image.of(image.program), script.inputs, (), nothing(), word_starts=script.starts
        )
    return OneDevice(case, inputs, script, device, result, clean)
