"""Fleets: events and the fault laboratory hear what the simulation frame by frame hears."""

import numpy as np
import pytest
from programs import random_inputs, random_program

from workbench.audio.scales import BY_SNR, QUALITIES
from workbench.errors import WorkbenchError
from workbench.experiments.fleets import fleet_run, lifetime
from workbench.experiments.fleets.device_sound import hear_device
from workbench.experiments.fleets.fleet_run import simulate_fleet
from workbench.experiments.fleets.workload import KINDS, Workload
from workbench.healing.log import Remedy
from workbench.healing.strategies.named import abft, nothing, scrub
from workbench.healing.strategies.strategy import Guard, Policy, Strategy
from workbench.integer.biases import with_wide_biases
from workbench.integer.reference import run
from workbench.memory.faults.arrivals import SECONDS_PER_DAY
from workbench.memory.faults.transients import Sites
from workbench.memory.watches.areas import Area

# One that the native engine runs, with histories, and harmed by most faults.
PROGRAM = with_wide_biases(random_program(36))
# Top bits of biases that reach sums whatever is said, one in each of the first operators with ABFT.
PROGRAM_BIAS = tuple(
    8 * place.start + 30
    for place in abft().image(PROGRAM).layout.places
    if place.section == "bias"
    and place.operator in {o.name for o in abft().image(PROGRAM).layout.watches[0].operators}
)
# Of different lengths, as texts of a voice that says any.
WORDS = {name: random_inputs(PROGRAM, seed, 10 + 3 * seed) for seed, name in enumerate("abc")}
AUDIBLE = QUALITIES.index("acceptable")
STRATEGIES = (nothing(), scrub("crc32", 1, unit_bytes=64), scrub("xor", 1, unit_bytes=32))
MOVING = Strategy(
    "moving", (Guard(Area("pq", unit_bytes=64, keep="ram"), 2, (Remedy.RELOCATE,)),), spare_pages=4
)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda s: s.name)
def test_both_ways_of_hearing_agree(kind: str, strategy, monkeypatch) -> None:
    faults = (f"poisson=12Hz,flash=1.0,of={KINDS[kind]}", "fluence=2e-4")
    workload = Workload(5, 9, faults, seed=3)
    fast = simulate_fleet(PROGRAM, WORDS, strategy, workload, jobs=1)
    monkeypatch.setattr(lifetime, "memory_tells_all", lambda device: False)
    slow = simulate_fleet(PROGRAM, WORDS, strategy, workload, jobs=1)
    assert fast.upsets.sum() > 10 and fast.harm.any()
    np.testing.assert_array_equal(fast.words, slow.words)
    np.testing.assert_array_equal(fast.detections, slow.detections)
    assert fast.words.sum(axis=1).tolist() == [9] * 5
    assert fast.detections.sum() == len(fast.detected)
    np.testing.assert_allclose(fast.harm, slow.harm, rtol=1e-12)
    np.testing.assert_array_equal(fast.upsets, slow.upsets)
    assert fast.wrong_samples == slow.wrong_samples
    assert fast.verdicts == slow.verdicts and fast.bits_left.tolist() == slow.bits_left.tolist()
    assert fast.hit == slow.hit and fast.oscillations == slow.oscillations
    assert fast.false_positives == slow.false_positives
    np.testing.assert_array_equal(np.sort(fast.detected), np.sort(slow.detected))
    np.testing.assert_array_equal(np.sort(fast.repaired), np.sort(slow.repaired))
    if strategy.heals and kind == "single":
        assert len(slow.repaired) > 0.4 * slow.hit and slow.repaired.max() > 12


def test_the_same_faults_strike_everybody_and_parts_do_not_matter(monkeypatch) -> None:
    one, two = (scrub(code, 2, unit_bytes=64).image(PROGRAM) for code in ("crc32", "dual-sum"))
    workload = Workload(3, 20, (f"poisson={1e-3 * SECONDS_PER_DAY}",), seed=1)
    stop = 8 * one.layout.sections["state"].stop
    for device in range(3):
        first, second = (
            [
                event
                for event in workload.events(Sites(i), range(3), frames=240).rows(3)[device]
                if event.position < stop
            ]
            for i in (one, two)
        )
        assert first == second and first
    whole = simulate_fleet(PROGRAM, WORDS, abft(), workload, jobs=1)
    monkeypatch.setattr(fleet_run, "_LEAST_DEVICES", 2)
    parts = simulate_fleet(PROGRAM, WORDS, abft(), workload, jobs=1)
    np.testing.assert_array_equal(whole.harm, parts.harm)
    assert whole.verdicts == parts.verdicts


def test_checksum_rows_put_right_within_the_frame() -> None:
    bias = f"bits={'+'.join(map(str, PROGRAM_BIAS))}"
    fleet = simulate_fleet(PROGRAM, WORDS, abft(), Workload(2, 3, bias), jobs=1)
    assert fleet.hit == 2 * len(PROGRAM_BIAS) and fleet.repaired.tolist() == [0] * fleet.hit
    assert not fleet.harm.any() and not fleet.bits_left.any()


@pytest.mark.parametrize("strategy", [STRATEGIES[1], abft()], ids=lambda s: s.name)
def test_any_word_of_any_device_can_be_heard(strategy) -> None:
    """All of them together have the harm that the fleet has."""
    workload = Workload(2, 6, ("poisson=30Hz", "fluence=1e-3"), seed=4)
    fleet = simulate_fleet(PROGRAM, WORDS, strategy, workload, jobs=1)
    audible = 0
    for device in range(2):
        harm = []
        for word in range(6):
            name, result = hear_device(PROGRAM, WORDS, strategy, workload, device=device, word=word)
            clean = run(PROGRAM, WORDS[name])[PROGRAM.output][0].astype(np.int64)
            error = (np.square(result.codes.astype(np.int64) - clean)).sum()
            harm.append(min(1.0, error / max(np.square(clean).sum(), 1)))
            if error and BY_SNR.quality(10 * np.log10(np.square(clean).sum() / error)) >= AUDIBLE:
                audible += next(iter(WORDS[name].values())).shape[1]
        assert np.mean(harm) == pytest.approx(fleet.harm[device], rel=1e-9)
    assert fleet.harm.any()
    assert fleet.audible_s == pytest.approx(audible / PROGRAM.frame_rate_hz)
    assert fleet.device_s == pytest.approx(2 * fleet.frames / PROGRAM.frame_rate_hz)
    for wrong in ({"device": 2, "word": 0}, {"device": 0, "word": 6}):
        with pytest.raises(WorkbenchError, match="in this workload; choose 0 to"):
            hear_device(PROGRAM, WORDS, strategy, workload, **wrong)


def test_all_memory_is_struck() -> None:
    """What a strategy adds, spare pages too, at the rate of the rest; a check in flash more rarely."""
    sites = Sites(MOVING.image(PROGRAM))
    layout, frames = sites.layout, 999_900
    fault = f"poisson={1e-4 * SECONDS_PER_DAY},flash=1.0"
    events = Workload(1, 1, (fault,)).events(sites, range(1), frames=frames)
    hits = events.position >> 3
    for section in layout.sections.values():
        if section.size_bytes:
            count = ((hits >= section.start) & (hits < section.stop)).sum()
            mean = 1e-4 * frames / PROGRAM.frame_rate_hz * 8 * section.size_bytes
            assert abs(count - mean) < 5 * mean**0.5, section.name


def test_pages_that_moved_are_followed() -> None:
    """Upsets in spare pages are found and put right like all others, and are no oscillations."""
    workload = Workload(4, 60, ("poisson=4Hz,of=stuck=1",), seed=2)
    fleet = simulate_fleet(PROGRAM, WORDS, MOVING, workload, jobs=1)
    assert len(fleet.repaired) > 5 and fleet.false_positives == 0
    flips = Workload(4, 60, ("poisson=4Hz",), seed=2)
    assert simulate_fleet(PROGRAM, WORDS, MOVING, flips, jobs=1).oscillations == 0


def test_a_remedy_of_what_was_wrong_is_no_false_one() -> None:
    workload = Workload(4, 20, ("poisson=12Hz",))
    fleet = simulate_fleet(PROGRAM, WORDS, STRATEGIES[1], workload, jobs=1)
    assert fleet.verdicts["healed"] > 10 and fleet.false_positives == 0


def test_what_was_never_healed_does_not_oscillate() -> None:
    """Entries of a guard that only tells, and those that a spent budget defers."""
    workload = Workload(2, 40, ("poisson=2Hz",), seed=1)
    for guard, policy in (
        (Guard(Area("crc32", unit_bytes=64), 4, ()), Policy()),
        (Guard(Area("crc32", unit_bytes=64), 4), Policy(heals=1, refill_frames=2**20)),
    ):
        fleet = simulate_fleet(PROGRAM, WORDS, Strategy("idle", (guard,), policy), workload, jobs=1)
        assert sum(fleet.verdicts.values()) > 10 and fleet.oscillations == 0


def test_nothing_happens_where_nothing_strikes() -> None:
    fleet = simulate_fleet(PROGRAM, WORDS, STRATEGIES[1], Workload(2, 50), jobs=1)
    assert fleet.availability == 1 and not fleet.harm.any() and not fleet.upsets.any()
    assert fleet.quality.tolist() == [100, 0, 0, 0, 0] and not any(fleet.verdicts.values())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"faults": ("brust=3",)}, "no fault model 'brust'; did you mean burst"),
        ({"faults": ("poisson=1Hz,of=brust=3",)}, "no fault model 'brust'; did you mean burst"),
        ({"devices": 0}, "devices cannot be 0"),
        ({"faults": ("poisson=-1Hz",)}, "'-1Hz' is no rate"),
        ({"faults": ("fluence=-1",)}, r"a fluence of -1\.0"),
        ({"faults": (3,)}, r"a fault of a workload is 3 \(int\); give a Plan or its text"),
        ({"faults": 3}, r"the faults of a workload is 3 \(int\)"),
    ],
)
def test_workloads_that_cannot_be_are_refused(change: dict, words: str) -> None:
    with pytest.raises(WorkbenchError, match=words):
        Workload(**{"devices": 1, "utterances": 1, **change})
