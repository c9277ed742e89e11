"""Many random programs as firmware, compiled in one go, each with its own prefix."""

import numpy as np
from emulators import needs_emulator as needs_emulator
from emulators import needs_zig as needs_zig
from listeners import listener
from programs import random_program
from random_strategies import random_strategy

from workbench.experiments.bench.synthesis import synthesiser
from workbench.firmware.design import Firmware
from workbench.firmware.twins.equivalence import random_schedule
from workbench.healing.log import Remedy
from workbench.healing.strategies.guard import Guard
from workbench.healing.strategies.named import nothing, self_test
from workbench.healing.strategies.strategy import Strategy
from workbench.integer.program import Program
from workbench.memory.faults.events import Event
from workbench.memory.image import Image
from workbench.memory.watches.areas import Area


def random_firmwares(seed: int, count: int, *, healers: bool = True) -> list[Firmware]:
    """Firmware of random programs and strategies: one in four without healer, one in eight with weights in flash."""
    rng = np.random.default_rng([seed, 3])
    made = []
    for number in range(count):
        heals = number % 4 != 0
        program = random_program(int(rng.integers(2**32)), operators=int(rng.integers(1, 9)))
        heals = healers and heals and Image.of(program).layout.working_bytes > 0
        strategy = random_strategy(int(rng.integers(2**32)), program) if heals else nothing()
        image = strategy.image(program)
        weights = "flash" if number % 8 == 4 else "ram"
        made.append(
            Firmware.of(image, strategy=strategy, weights=weights, prefix=f"p{seed}_{number}")
        )
    return made


def synthesising_firmwares() -> list[Firmware]:
    """Firmware of a synthesiser: in RAM, in flash, with pages that may move, and with golden inputs."""
    return _four(synthesiser(), "voice")


def listening_firmwares() -> list[Firmware]:
    """The same of a program that hears: a front end, a convolution and a blend."""
    return _four(listener(), "ear")


def _four(program: Program, prefix: str) -> list[Firmware]:
    ladder = Remedy.CORRECT, Remedy.RESTORE, Remedy.RELOCATE
    moving = Strategy("moving", (Guard(Area("pq", ("table",), 128), 2, ladder),), spare_pages=4)
    wanted = (nothing(), "ram"), (nothing(), "flash"), (moving, "ram"), (self_test(4), "ram")
    return [
        Firmware.of(
            strategy.image(program), strategy=strategy, weights=weights, prefix=f"{prefix}{number}"
        )
        for number, (strategy, weights) in enumerate(wanted)
    ]


def random_upsets(
    image: Image, seed: int, *, frames: int, count: int, stuck: bool = False
) -> list[Event]:
    """See `random_schedule`."""
    return list(random_schedule(image, seed, frames=frames, count=count, stuck=stuck))
