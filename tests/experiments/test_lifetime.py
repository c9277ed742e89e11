"""Fleets: events and the fault laboratory hear what the simulation frame by frame hears."""

import numpy as np
import pytest
from programs import random_inputs, random_program

from workbench.errors import WorkbenchError
from workbench.experiments import lifetime
from workbench.experiments.lifetime import fleet_life
from workbench.experiments.mission import KINDS, Mission
from workbench.healing.named import abft, nothing, scrub
from workbench.memory.image import Image

PROGRAM = next(
    p for p in map(random_program, range(99))
    if Image.of(p).layout.working_bytes > 600 and len(Image.of(p).histories()) > 1
)  # fmt: skip
WORDS = {name: random_inputs(PROGRAM, seed, 12) for seed, name in enumerate("abc")}
STRATEGIES = (nothing(), scrub("crc32", 2, unit_bytes=64), scrub("xor", 1, unit_bytes=32))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda s: s.name)
def test_both_ways_of_hearing_agree(kind: str, strategy, monkeypatch) -> None:
    bits = 8 * strategy.image(PROGRAM).layout.working_bytes
    mission = Mission(5, 9, 12.0 / bits, kind=kind, seed=3, start_rate=2e-4, flash=1.0)
    fast = fleet_life(PROGRAM, WORDS, strategy, mission, jobs=1)
    monkeypatch.setattr(lifetime, "lives_by_memory", lambda device: False)
    slow = fleet_life(PROGRAM, WORDS, strategy, mission, jobs=1)
    assert fast.upsets.sum() > 10 and fast.harm.any()
    np.testing.assert_array_equal(fast.quality, slow.quality)
    np.testing.assert_allclose(fast.harm, slow.harm, rtol=1e-12)
    np.testing.assert_array_equal(fast.upsets, slow.upsets)
    assert fast.wrong_samples == slow.wrong_samples
    assert fast.verdicts == slow.verdicts and fast.wrong_bits == slow.wrong_bits
    assert fast.struck == slow.struck and fast.oscillations == slow.oscillations
    assert fast.false_heals == slow.false_heals


def test_the_same_faults_strike_everybody_and_parts_do_not_matter(monkeypatch) -> None:
    one, two = (scrub(code, 2, unit_bytes=64).image(PROGRAM) for code in ("crc32", "dual-sum"))
    mission = Mission(3, 20, 1e-3, seed=1)
    stop = 8 * one.layout.sections["state"].stop
    for device in range(3):
        first, second = (
            [
                u
                for u in mission.upsets(i.layout, device, frames=240, frame_s=0.01)
                if u.position < stop
            ]
            for i in (one, two)
        )
        assert first == second and first
    whole = fleet_life(PROGRAM, WORDS, abft(), mission, jobs=1)
    monkeypatch.setattr(lifetime, "_DEVICES_A_TASK", 2)
    parts = fleet_life(PROGRAM, WORDS, abft(), mission, jobs=1)
    np.testing.assert_array_equal(whole.harm, parts.harm)
    assert whole.verdicts == parts.verdicts


def test_nothing_happens_where_nothing_strikes() -> None:
    fleet = fleet_life(PROGRAM, WORDS, STRATEGIES[1], Mission(2, 50, 0.0), jobs=1)
    assert fleet.availability == 1 and not fleet.harm.any() and not fleet.upsets.any()
    assert fleet.quality.tolist() == [100, 0, 0, 0, 0] and not any(fleet.verdicts.values())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kind": "rust"}, "no fault 'rust'; choose single, mbu, burst, stuck"),
        ({"devices": 0}, "devices cannot be 0"),
        ({"upsets_per_bit_s": -1.0}, "upsets_per_bit_s cannot be -1.0"),
    ],
)
def test_missions_that_cannot_be_are_refused(change: dict, words: str) -> None:
    with pytest.raises(WorkbenchError, match=words):
        Mission(**{"devices": 1, "words": 1, "upsets_per_bit_s": 0.0, **change})
