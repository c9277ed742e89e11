"""One word of one device of a mission, to be heard: what it said at any moment of its life.

Missions are pure functions of their seed, so that nothing has to be kept while a fleet lives.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from workbench.errors import WorkbenchError, expect
from workbench.experiments.fleets.lifetime import word_frames
from workbench.experiments.fleets.workload import Mission
from workbench.healing.device import Device
from workbench.healing.simulation import Life, simulate_many
from workbench.healing.strategy import Strategy
from workbench.healing.upsets import Upset
from workbench.integer.engine import Engine
from workbench.integer.program import Program
from workbench.integer.reference import Codes


def hear(
    program: Program,
    inputs: Mapping[str, Codes],
    strategy: Strategy,
    mission: Mission,
    *,
    device: int,
    word: int,
) -> tuple[str, Life]:
    """Which word it was, and its life while it was said, with the log from the device's first frame.

    inputs: as of `fleet_life`. device, word: counted from 0. Raises WorkbenchError outside of the mission.
    """
    expect(program, Program, "what speaks", "a Program, as `program` of a voice")
    expect(inputs, Mapping, "what it says", "the inputs of each word, by word")
    expect(strategy, Strategy, "the healer", 'a Strategy, as named("crc-scrub")')
    expect(mission, Mission, "the workload", "a Mission")
    for name, value, count in (("device", device, mission.devices), ("word", word, mission.words)):
        if not isinstance(value, int | np.integer) or not 0 <= value < count:
            raise WorkbenchError(
                f"there is no {name} {value!r} in this mission; choose 0 to {count - 1}"
            )
    image = strategy.image(program)
    script, names = mission.script(len(inputs)), tuple(inputs)
    frames = word_frames(program, inputs)
    upsets = mission.upsets(
        image.layout, device, frames=frames * mission.words, frame_s=1.0 / program.frame_rate_hz
    )
    engine, lived = Engine(image.program), Device(image, strategy, image.data)

    def say(number: int) -> Life:
        start = number * frames
        now = [
            Upset(u.frame - start, u.position, u.stuck)
            for u in upsets
            if start <= u.frame < start + frames
        ]
        (life,) = simulate_many(
            image, inputs[names[script[number]]], [now], strategy, word_starts=(0,), engine=engine,
            devices=[lived],
        )  # fmt: skip
        return life

    troubled = {upset.frame // frames for upset in upsets}
    for number in range(word):
        if number in troubled or len(lived.wrong) or any(lived.suspect):
            say(number)
        else:
            lived.wait(frames)
    return names[script[word]], say(word)
