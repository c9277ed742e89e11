"""The sound of one word of one device of a fleet.

Workloads are pure functions of their seed, so that nothing is stored during the simulation of a fleet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from workbench.errors import WorkbenchError, expect
from workbench.experiments.fleets.spoken import Spoken
from workbench.experiments.fleets.workload import Workload
from workbench.healing.devices.device import Device
from workbench.healing.simulation import SimulationResult, simulate_many
from workbench.healing.strategies.strategy import Strategy
from workbench.integer.program import Program
from workbench.integer.reference import Codes
from workbench.memory.faults.transients import Sites


def hear_device(
    program: Program,
    inputs: Mapping[str, Codes],
    strategy: Strategy,
    workload: Workload,
    *,
    device: int,
    word: int,
) -> tuple[str, SimulationResult]:
    """Which word it was, and the simulation of it, with the log from the device's first frame.

    inputs: as of `simulate_fleet`. device, word: counted from 0. Raises WorkbenchError outside of the workload.
    """
    expect(program, Program, "what speaks", "a Program, as `program` of a voice")
    expect(inputs, Mapping, "what it says", "the inputs of each word, by word")
    expect(strategy, Strategy, "the healer", 'a Strategy, as named("crc-scrub")')
    expect(workload, Workload, "the workload", "a Workload")
    for name, value, count in (
        ("device", device, workload.devices),
        ("word", word, workload.utterances),
    ):
        if not isinstance(value, int | np.integer) or not 0 <= value < count:
            raise WorkbenchError(
                f"there is no {name} {value!r} in this workload; choose 0 to {count - 1}"
            )
    image = strategy.image(program)
    spoken, names = Spoken.of(program, inputs, workload.script(len(inputs))), tuple(inputs)
    devices = range(device, device + 1)
    (events,) = workload.events(Sites(image), devices, frames=spoken.frames).rows(1)
    simulated = Device(image, strategy, image.data)

    def say(number: int) -> SimulationResult:
        start, end = spoken.starts[number : number + 2].tolist()
        now = [
            replace(event, frame=event.frame - start)
            for event in events
            if start <= event.frame < end
        ]
        given = workload.given(program, inputs[names[spoken.chosen[number]]])
        (result,) = simulate_many(
            image, given, [now], strategy, word_starts=(0,), devices=[simulated]
        )
        return result

    affected = {*spoken.during(np.array([event.frame for event in events], np.int64)).tolist()}
    for number in range(word):
        wrong = len(simulated.wrong) or any(simulated.suspect)
        if number in affected or wrong or simulated.may_alarm() or simulated.fading.busy:
            say(number)
        else:
            simulated.wait(int(spoken.starts[number + 1] - spoken.starts[number]))
    return names[spoken.chosen[word]], say(word)
