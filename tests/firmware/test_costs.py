"""What strategies cost, measured; and that a clean device raises no alarm."""

import json
from dataclasses import asdict

import pytest
from batches import needs_emulator
from programs import random_inputs, random_program

from workbench.errors import WorkbenchError
from workbench.experiments.voices.voice import open_voice
from workbench.firmware.boards import CORES
from workbench.firmware.design import LOG_ENTRY_BYTES, LOG_HEAD_BYTES
from workbench.firmware.emulation.costs import (
    Cost,
    as_json,
    known_cost,
    measure_cost,
    shipped_costs,
)
from workbench.firmware.emulation.soak import soak
from workbench.healing.strategies.named import NAMED, abft, named, nothing, scrub
from workbench.healing.strategies.variants import NAMES, fitting
from workbench.memory.image import Image

PROGRAM = next(p for p in map(random_program, range(99)) if Image.of(p).layout.working_bytes > 600)


@needs_emulator
def test_more_looks_cost_more() -> None:
    inputs = random_inputs(PROGRAM, 1, 8)
    none, one, two = (
        measure_cost(PROGRAM, inputs, strategy, CORES["m4"])
        for strategy in (
            nothing(), scrub("crc32", 1, unit_bytes=64), scrub("crc32", 2, unit_bytes=64),
        )
    )  # fmt: skip
    assert none == Cost("none", "m4", none.firmware, 0.0, 0, none.worst_frame, 0, None, None, 0.0, None, 0, 0, 0,
                        none.stack_bytes, none.generator)  # fmt: skip
    assert 0 <= one.detection < one.finding == one.detection + one.remedy
    assert one.instructions <= one.step
    # At least the check of a page a look, and all of the page when it is restored.
    assert 4 <= one.flash_reads < two.flash_reads <= 2 * one.flash_reads and one.finding_reads >= 64
    assert 300 < one.instructions < two.instructions < 2 * one.instructions
    units = -(-Image.of(PROGRAM).layout.working_bytes // 64)
    assert one.check_bytes == two.check_bytes == 4 * units
    assert one.step < one.fault < one.worst_frame  # a page is found and restored, and no more
    backoff = -(-units // 8) * 4  # 4 bits each, in whole words
    assert (
        one.code_bytes > 1000
        and one.ram_bytes == LOG_HEAD_BYTES + 16 * LOG_ENTRY_BYTES + 60 + backoff
    )
    assert one.worst_frame > one.generator + one.instructions and one.finding > 0
    figures = json.loads(as_json([one, two], program=PROGRAM))
    assert figures["costs"] == [asdict(one), asdict(two)]


def test_the_shipped_table_is_complete_and_of_this_model() -> None:
    """Targets that the workbench states for `challenge` on a Cortex-M4."""
    costs = shipped_costs()
    program = open_voice().program
    assert set(costs) == {(name, core) for name in fitting(NAMES, program) for core in CORES}
    for name in NAMED:
        assert known_cost(program, named(name), "m4") == costs[name, "m4"]
    assert all(cost.step <= cost.fault for cost in costs.values() if cost.ram_bytes)
    pq, sums = costs["pq-scrub", "m4"], costs["abft", "m4"]
    # Status, counts and a log head of three copies took 1 KB; PREFIX_verify is 830 bytes more, where it is called.
    assert pq.instructions <= 2500 and pq.code_bytes <= 7424 and pq.ram_bytes <= 1024
    assert sums.share <= 0.075 and sums.code_bytes <= 9216 and sums.ram_bytes <= 1024
    weights = Image.of(program).layout.sections["weights"].size_bytes
    assert pq.check_bytes <= 0.01 * weights and sums.check_bytes <= 0.04 * weights


@pytest.mark.parametrize("strategy", [abft(), named("pq-scrub"), scrub("xor", 3, unit_bytes=32)],
                         ids=lambda s: s.name)  # fmt: skip
def test_a_clean_device_raises_no_alarm(strategy) -> None:
    program = PROGRAM if strategy.name != "pq-scrub" else _large()
    words = [random_inputs(program, seed, 4 + seed) for seed in range(3)]
    assert soak(program, words, strategy, 5_000, seed=2) == 0


def _large():
    return next(
        p for p in map(random_program, range(999)) if Image.of(p).layout.working_bytes > 1100
    )


def test_a_soak_needs_a_healer() -> None:
    words = [random_inputs(PROGRAM, seed, 5) for seed in range(2)]
    with pytest.raises(WorkbenchError, match="has no healer that could be wrong"):
        soak(PROGRAM, words, nothing(), 10)
