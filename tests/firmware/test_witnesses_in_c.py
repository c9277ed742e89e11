"""What one guard is asked by another, and what a golden copy confirms, in C as in the simulation."""

import numpy as np
from batches import random_upsets
from programs import random_inputs, random_program
from twins import assert_same

from workbench.firmware.design import Firmware
from workbench.firmware.twins.host import host_machine
from workbench.healing.log import Diagnosis, Remedy, Verdict
from workbench.healing.simulation import simulate
from workbench.healing.strategies.strategy import Guard, Strategy
from workbench.memory.faults.events import FLIP, Event
from workbench.memory.image import Image
from workbench.memory.watches.areas import Area

PROGRAM = next(
    p
    for p in map(random_program, range(99))
    if Image.of(p).layout.sections["weights"].size_bytes > 300
)
LADDER = (Remedy.CORRECT, Remedy.RESTORE)
COMPARES = Guard(Area("golden", unit_bytes=64), 9)
CORRECTS = [Guard(Area(c, ("weights",), 64, keep=k), 9, LADDER) for c, k in (("pq", "flash"), ("secded64", "ram"))]  # fmt: skip
WORDS = Guard(Area("in-place128", ("weights",), 64), 9, LADDER)
OTHERS = [
    Guard(Area("xor", unit_bytes=32, keep="ram"), 1, ()),
    Guard(Area("radar", unit_bytes=16, keep="ram"), 1, ()),
    Guard(Area("crc32", ("weights",), 256), 1, ()),
    Guard(Area("flash", unit_bytes=64), 1, ()),
]
FLIPS = {"pq": (4, 64 + 5), "secded64": (12, 14, 29), "in-place128": (1, 3, 9)}
FRAMES = 12


def test_both_ask_the_same_witnesses() -> None:
    strategies = [
        *(Strategy(f"asks {n}", (COMPARES, other)) for n, other in enumerate(OTHERS)),
        *(Strategy(f"confirms {n}", (guard,)) for n, guard in enumerate([*CORRECTS, WORDS])),
    ]
    firmwares = [
        Firmware.of(
            each.image(PROGRAM), strategy=each, weights="ram", prefix=each.name.replace(" ", "_")
        )
        for each in strategies
    ]
    machine, said, remedies = host_machine(firmwares), set(), set()
    for each in firmwares:
        golden = each.layout.sections["golden"]
        copies = [Event(1, 8 * (golden.start + at) + 7, FLIP) for at in (3, 40)]
        flips = FLIPS.get(each.strategy.guards[0].area.code, (7,))
        schedules = [copies, [Event(2, at, FLIP) for at in flips], [*copies, Event(1, 8 * 3, FLIP)]]
        schedules += [random_upsets(each.image, seed, frames=FRAMES, count=9) for seed in range(3)]
        for number, upsets in enumerate(schedules):
            inputs = random_inputs(PROGRAM, number, FRAMES)
            result = simulate(each.image, inputs, upsets, each.strategy)
            assert_same(machine, each, inputs, upsets, result)
            said |= {(each.strategy.name, entry.diagnosis) for entry in result.log}
            if number == 1:
                remedies |= {(each.strategy.name, e.remedy, e.verdict) for e in result.log}
                np.testing.assert_array_equal(
                    each.image.data[: each.layout.working_bytes],
                    result.image.data[: each.layout.working_bytes],
                )
    assert {(f"asks {n}", Diagnosis.LATENT) for n in range(4)} <= said
    assert {(f"confirms {n}", Remedy.RESTORE, Verdict.HEALED) for n in range(3)} <= remedies
