"""Environments of a comparison in which memory checks see nothing, or nothing of the network is damaged."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import random_inputs, random_program, seeds

from workbench.errors import WorkbenchError
from workbench.experiments.fleets import lifetime
from workbench.experiments.fleets.comparison import ENVIRONMENTS, workload_of
from workbench.experiments.fleets.device_sound import hear_device
from workbench.experiments.fleets.drifts import DRIFTS, given_inputs
from workbench.experiments.fleets.fleet_run import simulate_fleet
from workbench.experiments.fleets.workload import Workload
from workbench.experiments.voices.script import script_of
from workbench.experiments.voices.voice import open_voice
from workbench.healing.strategies.named import nothing, scrub
from workbench.integer import reference
from workbench.integer.program import Program
from workbench.integer.reference import Codes
from workbench.memory.codes.signatures import SIGNATURES
from workbench.memory.faults.plan import Plan
from workbench.memory.faults.transients import ACTIVATIONS, Sites
from workbench.memory.faults.unseen import unseen_bits
from workbench.memory.image import Image


def _said(program: Program, inputs: Codes) -> np.ndarray:
    return reference.run(program, inputs)[program.output][0]


def _hears(program: Program) -> bool:
    """Whether what it says depends on what it is given, however that changes."""
    if Image.of(program).layout.working_bytes < 600 or len(Image.of(program).states()) < 2:
        return False
    inputs = random_inputs(program, 0, 12)
    changed = (given_inputs(program, inputs, drift) for drift in DRIFTS)
    return all((_said(program, inputs) != _said(program, each)).mean() > 0.3 for each in changed)


PROGRAM = next(filter(_hears, map(random_program, range(999))))
WORDS = {name: random_inputs(PROGRAM, seed, 12) for seed, name in enumerate("abc")}
STRATEGIES = {"none": nothing(), "crc": scrub("crc32", 2, unit_bytes=64)}


def denser(name: str) -> Workload:
    """An environment with forty times as many arrivals, since the program is small."""
    environment = ENVIRONMENTS[name]
    dense = replace(environment, upsets_per_s=40 * environment.upsets_per_s)
    return workload_of(dense, devices=4, utterances=6, seed=3)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("name", ["histories", "transients", "unseen", "healers"])
def test_memory_alone_tells_what_frames_tell(
    name: str, strategy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trials of the fault laboratory, and devices that are computed frame by frame."""
    workload = denser(name)
    quick = simulate_fleet(PROGRAM, WORDS, STRATEGIES[strategy], workload, jobs=1)
    monkeypatch.setattr(lifetime, "memory_tells_all", lambda device: False)
    plain = simulate_fleet(PROGRAM, WORDS, STRATEGIES[strategy], workload, jobs=1)
    assert quick.upsets.tolist() == plain.upsets.tolist()
    assert quick.wrong_samples == plain.wrong_samples and quick.verdicts == plain.verdicts
    np.testing.assert_allclose(quick.harm, plain.harm, rtol=0, atol=1e-12)
    assert quick.upsets.sum() > 0
    if name == "healers" and strategy == "none":
        assert not quick.wrong_samples
    if name in ("histories", "transients"):
        assert quick.wrong_samples and not quick.hit and not any(quick.verdicts.values())


def test_checks_by_crc_do_not_see_what_they_cannot() -> None:
    workload = denser("unseen")
    blind = simulate_fleet(PROGRAM, WORDS, scrub("crc32", 9, unit_bytes=256), workload, jobs=1)
    other = simulate_fleet(PROGRAM, WORDS, scrub("xor", 9, unit_bytes=256), workload, jobs=1)
    assert blind.hit == other.hit > 0
    assert len(other.repaired) > 0.9 * other.hit and len(blind.repaired) < 0.1 * blind.hit
    assert blind.harm.mean() > other.harm.mean()


@settings(max_examples=40, deadline=None)
@given(
    seed=seeds, code=st.sampled_from(["parity", "xor", "crc16", "crc32"]), size=st.integers(8, 300)
)
def test_an_unseen_change_leaves_every_check_of_its_code(seed: int, code: str, size: int) -> None:
    """At any byte of a unit of any length, whatever is stored there."""
    rng = np.random.default_rng(seed)
    data = rng.integers(0, 256, size, dtype=np.uint8)
    bits = unseen_bits(code)
    first = int(rng.integers(0, size - bits[-1] // 8))
    changed = data.copy()
    for bit in bits.tolist():
        changed[first + bit // 8] ^= 1 << bit % 8
    sign = SIGNATURES[code].sign
    assert sign(changed).tobytes() == sign(data).tobytes() and (changed != data).any()
    others = [name for name in ("parity", "xor", "crc16", "crc32") if name != code]
    seen = [
        SIGNATURES[n].sign(changed).tobytes() != SIGNATURES[n].sign(data).tobytes() for n in others
    ]
    assert any(seen)


def test_an_unseen_change_lies_whole_in_its_section() -> None:
    sites = Sites(Image.of(PROGRAM))
    for section in ("weights", "bias"):
        plan = Plan.parse(f"unseen=crc32,section={section}")
        events = plan.events(sites, np.arange(300))
        assert (np.bincount(events.trial) == len(unseen_bits("crc32"))).all()
        assert sites.layout.sections[section].has(events.position).all()
    with pytest.raises(
        WorkbenchError, match="no known change that 'crc23' does not see; did you mean"
    ):
        Plan.parse("unseen=crc23")


def test_particles_in_passing_are_drawn_by_themselves() -> None:
    """Those of memory stay the same when codes in passing are hit as well."""
    sites = Sites(Image.of(PROGRAM))
    both = Plan.parse("poisson=900Hz,section=weights+activations", frames=50)
    alone = Plan.parse("poisson=900Hz,section=weights", frames=50)
    drawn = both.events(sites, np.arange(3))
    stored = drawn.position < sites.transients.first
    assert 0 < stored.sum() < len(stored)
    for column, expected in zip(drawn, alone.events(sites, np.arange(3)), strict=True):
        np.testing.assert_array_equal(column[stored], expected)
    number, _, _ = sites.transients.locate(drawn.position[~stored])
    assert {sites.transients.places[n].section for n in number} == {ACTIVATIONS}


@pytest.mark.parametrize("drift", DRIFTS)
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_other_data_are_compared_with_what_should_have_been_said(drift: str, strategy: str) -> None:
    workload = Workload(2, 5, drift=drift)
    fleet = simulate_fleet(PROGRAM, WORDS, STRATEGIES[strategy], workload, jobs=1)
    said = [tuple(WORDS.values())[n] for n in workload.script(len(WORDS))]
    wrong = [
        (_said(PROGRAM, inputs) != _said(PROGRAM, given_inputs(PROGRAM, inputs, drift))).any(axis=1)
        for inputs in said
    ]
    assert fleet.wrong_samples == 2 * np.sum(wrong) > 0
    assert not any(fleet.verdicts.values()) and not fleet.upsets.any()
    assert fleet.quality.sum() == 10 and fleet.harm.min() > 0
    name, result = hear_device(PROGRAM, WORDS, STRATEGIES[strategy], workload, device=1, word=4)
    expected = _said(PROGRAM, given_inputs(PROGRAM, WORDS[name], drift))
    np.testing.assert_array_equal(result.codes, expected)


def test_data_change_in_ways_that_are_known() -> None:
    with pytest.raises(
        WorkbenchError, match="data cannot change by 'stalld'; did you mean stalled"
    ):
        Workload(1, 1, drift="stalld")


@pytest.mark.parametrize("drift", DRIFTS)
def test_words_of_a_script_change_each_on_its_own(drift: str) -> None:
    voice = open_voice(generator="speech")
    script = script_of(voice, ["seven", "three", "zero"])
    assert any(start % 32 for start in script.starts)  # no multiple of what stalls together
    alone = [given_inputs(voice.program, voice.inputs(word), drift) for word in script.utterances]
    made = Workload(1, 1, (), 0, drift).given(voice.program, script.inputs, script.starts)
    for name, codes in made.items():
        assert (codes == np.concatenate([word[name] for word in alone], axis=1)).all()
