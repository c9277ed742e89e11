"""Promise 4: the C runtime and the Python simulation give the same samples, log and memory."""

import numpy as np
import pytest
from batches import random_firmwares, random_upsets
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import random_inputs, random_program, seeds
from thoroughness import cases

from workbench.firmware.design import Firmware
from workbench.firmware.twins.equivalence import first_difference
from workbench.firmware.twins.host import host_machine
from workbench.firmware.twins.twin import Machine, Twin
from workbench.healing.devices.boot import booted
from workbench.healing.log import Diagnosis, Remedy, Verdict
from workbench.healing.simulation import simulate, simulate_many
from workbench.healing.strategies.named import scrub
from workbench.healing.strategies.strategy import Guard, Policy, Strategy
from workbench.memory.faults.events import CLEAR, Event
from workbench.memory.image import Image
from workbench.memory.watches.areas import KINDS, Area

COUNT, FRAMES = cases(100, nightly=200), 16


@pytest.fixture(scope="module")
def compiled() -> tuple[Machine, list[Firmware]]:
    firmwares = [f for f in random_firmwares(23, COUNT) if f.weights == "ram"]
    return host_machine(firmwares), firmwares


@settings(max_examples=80, deadline=None)
@given(data=st.data(), seed=seeds, count=st.integers(0, 80), stuck=st.booleans())
def test_same_samples_same_log_same_bytes(
    compiled, data, seed: int, count: int, stuck: bool
) -> None:
    machine, firmwares = compiled
    firmware = firmwares[data.draw(st.integers(0, len(firmwares) - 1), label="program")]
    image = firmware.image
    upsets = random_upsets(image, seed, frames=FRAMES, count=count, stuck=stuck and firmware.heals)
    starts = data.draw(st.sets(st.integers(0, FRAMES - 1), max_size=3), label="word starts")
    inputs = random_inputs(firmware.program, seed, FRAMES)
    result = simulate(image, inputs, upsets, firmware.strategy, word_starts=sorted(starts))
    twin = Twin(machine, firmware)
    try:
        codes = twin.run(inputs, upsets, word_starts=starts)
        np.testing.assert_array_equal(codes, result.codes)
        assert (twin.log, twin.repeats) == (list(result.log), result.repeats)
        held = image.layout.size_bytes if firmware.heals else image.layout.sections["check"].start
        np.testing.assert_array_equal(twin.image().data[:held], result.image.data[:held])
    finally:  # flash outlives the twin
        flash = 8 * image.layout.sections["golden"].start
        twin.flip(upset.position for upset in upsets if upset.position >= flash)


def test_every_diagnosis_is_made(compiled) -> None:
    """So that the test above cannot pass for want of something to diagnose."""
    machine, firmwares = compiled
    diagnoses, codes, repeats = set(), set(), 0
    for seed, firmware in enumerate(firmwares):
        upsets = random_upsets(firmware.image, seed, frames=FRAMES, count=60)
        twin = Twin(machine, firmware)
        twin.run(random_inputs(firmware.program, seed, FRAMES), upsets)
        flash = 8 * firmware.layout.sections["golden"].start
        twin.flip(upset.position for upset in upsets if upset.position >= flash)
        diagnoses |= {repr(part) for e in twin.log for part in (e.diagnosis, e.remedy, e.verdict)}
        codes |= {firmware.strategy.areas[entry.area].code for entry in twin.log}
        repeats += twin.repeats
    # Without a transient fault no sum is wrong while memory is well, and few remedies are refuted.
    rare = {repr(Diagnosis.COMPUTE), repr(Remedy.REPEAT), repr(Verdict.INVALID)}
    # test_behaviour_in_c.py has what follows an alarm, test_versions_in_c.py several versions, test_modes_in_c.py modes.
    elsewhere = {Diagnosis.DATA, Diagnosis.MOMENTARY, Remedy.SCRUB, Remedy.RESET, Remedy.FALL_BACK}
    elsewhere |= {Remedy.UNPRUNE, Remedy.RECALIBRATE}
    parts = {repr(part) for part in [*Diagnosis, *Remedy, *Verdict] if part not in elsewhere}
    assert parts - rare <= diagnoses
    anywhere = {n for n, kind in KINDS.items() if not (kind.asks or kind.fades or kind.switches)}
    assert codes == anywhere and repeats


def test_the_log_wraps_and_nothing_is_lost() -> None:
    program = next(p for p in map(random_program, range(99)) if Image.of(p).layout.pages > 3)
    strategy = scrub("crc32", 4, unit_bytes=64)
    firmware = Firmware.of(
        strategy.image(program), strategy=strategy, weights="ram", prefix="wraps"
    )
    frames = 200
    bits = np.random.default_rng(5).integers(0, 8 * firmware.layout.working_bytes, frames)
    upsets = [Event(frame, int(bit)) for frame, bit in enumerate(bits)]
    inputs = random_inputs(firmware.program, 1, frames)
    twin = Twin(host_machine([firmware]), firmware)
    twin.run(inputs, upsets)
    assert twin.log == list(simulate(firmware.image, inputs, upsets, firmware.strategy).log)
    assert len(twin.log) > 2 * firmware.log_entries


def test_a_remedy_is_refuted_by_golden_inputs_in_both_implementations() -> None:
    """Three flips that SECDED takes for one elsewhere; random schedules rarely meet them."""
    program = next(p for p in map(random_program, range(99)) if len(_biases(p)) > 8)
    words = Guard(Area("secded64", ("bias",), 8, keep="ram"), 64, (Remedy.CORRECT,))
    tests = Guard(Area("self-test", moments=3), ladder=(), every_frames=50)
    strategy = Strategy("careful", (words, tests), Policy(validate=True))
    firmware = Firmware.of(
        strategy.image(program), strategy=strategy, weights="ram", prefix="careful"
    )
    bias = 8 * firmware.layout.sections["bias"].start
    schedules = [
        [Event(2, bias + first + bit) for bit in (12, 13, 15)]
        for first in range(0, 8 * len(_biases(program)) - 63, 64)
    ]
    inputs = random_inputs(program, 1, FRAMES)
    assert first_difference(host_machine([firmware]), firmware, inputs, schedules) is None
    results = simulate_many(firmware.image, inputs, schedules, strategy)
    assert any(entry.verdict == Verdict.INVALID for result in results for entry in result.log)


def _biases(program):
    image = Image.of(program)
    bias = image.layout.sections["bias"]
    return image.data[bias.start : bias.stop]


def _once(guards: tuple[Guard, ...], policy: Policy, prefix: str, spare_pages: int = 0) -> Firmware:
    program = next(
        p
        for p in map(random_program, range(400))
        if Image.of(p).layout.sections["weights"].size_bytes > 200
    )
    strategy = Strategy(prefix, guards, policy, spare_pages=spare_pages)
    return Firmware.of(strategy.image(program), strategy=strategy, weights="ram", prefix=prefix)


def test_what_random_faults_seldom_meet() -> None:
    """Cases in which the implementations differed or could differ, too rare for random schedules."""
    four = Area("pq", ("weights",), 136, keep="ram")
    page = Area("crc32", ("weights",), 32, keep="ram")
    golden = Guard(Area("self-test", moments=2), 1, (), every_frames=50)
    words = Guard(Area("in-place64", ("weights",), 64, second="crc32"), 1, ())
    firmwares = [
        _once((Guard(four, 4, (Remedy.CORRECT, Remedy.RESTORE)),), Policy(), "deceived"),
        _once(
            (Guard(page, 4, (Remedy.RESTORE, Remedy.ZERO)), golden),
            Policy(validate=True),
            "refuted",
        ),
        _once(
            (Guard(Area("crc32", ("weights",), 64), 8, (Remedy.RELOCATE,)),), Policy(), "stuck", 2
        ),
        _once((words, Guard(Area("flash", unit_bytes=8), 1, ())), Policy(), "blind"),
    ]
    layouts = {firmware.prefix: firmware.layout for firmware in firmwares}
    bias = layouts["refuted"].sections["bias"]
    entry = layouts["stuck"].place("healer", "map").start
    total = layouts["blind"].place("flash_1", "sum").start
    schedules = {
        # P' = 0 and one bit of Q', as a damaged check would have it.
        "deceived": [Event(0, 32 * word) for word in (1, 26, 31, 33)],
        # The page is restored, and golden inputs fail all the same.
        "refuted": [Event(0, 31), *(Event(0, 8 * at + 7) for at in range(bias.start + 3, bias.stop, 4))],
        # Two copies of an entry of the map hold a bit that is written, and lose it.
        "stuck": [Event(0, 8 * (entry + 4 * copy), CLEAR) for copy in range(2)] + [Event(0, 5)],
        # A sum of flash is damaged; words in place, which do not see all bytes, are no witness.
        "blind": [Event(0, 8 * total)],
    }  # fmt: skip
    machine = host_machine(firmwares)
    for firmware in firmwares:
        inputs = random_inputs(firmware.program, 1, FRAMES)
        upsets = schedules[firmware.prefix]
        assert simulate(firmware.image, inputs, upsets, firmware.strategy).log
        assert first_difference(machine, firmware, inputs, [upsets]) is None, firmware.prefix


def test_damage_from_before_start_up_and_a_count_near_its_wrap() -> None:
    """Golden copy and checks are hit before `init`; then the frame counter is 15 frames before its end."""
    guards = (
        Guard(Area("crc32", ("weights",), 32), 8, every_frames=3),
        Guard(Area("pq", ("bias",), 16), 2, (Remedy.CORRECT, Remedy.RESTORE)),
    )
    firmware = _once(guards, Policy(heals=3, refill_frames=5), "old")
    image, modulus = firmware.image, firmware.strategy.frame_modulus
    place = image.layout.place("healer", "frame")
    near = [
        Event(0, 8 * (place.start + 4 * copy) + bit)
        for copy in range(3)
        for bit in range(32)
        if (modulus - 15) >> bit & 1
    ]
    machine, frames = host_machine([firmware]), 40
    inputs = random_inputs(firmware.program, 1, frames)
    rng, said = np.random.default_rng(8), set()
    for _ in range(12):
        golden, check = (image.layout.sections[name] for name in ("golden", "check"))
        before = [int(rng.integers(8 * s.start, 8 * s.stop)) for s in (golden, golden, check)]
        later = rng.integers(0, 8 * image.layout.working_bytes, 9).tolist()
        upsets = near + [Event(int(rng.integers(frames)), bit) for bit in later]
        Twin(machine, firmware).flip(before)
        twin = Twin(machine, firmware)  # starts with that flash
        codes = twin.run(inputs, upsets)
        result = simulate(booted(image.flip(before)), inputs, upsets, firmware.strategy)
        assert (twin.log, twin.repeats) == (list(result.log), result.repeats)
        np.testing.assert_array_equal(codes, result.codes)
        np.testing.assert_array_equal(twin.image().data, result.image.data)
        twin.flip(before)
        said |= {(entry.diagnosis, entry.frame >= modulus) for entry in twin.log}
    assert {(Diagnosis.GOLDEN, True), (Diagnosis.MEMORY, True)} <= said
    assert any(not beyond for _, beyond in said)


def test_pages_that_overlap_clear_the_same_bytes_in_both() -> None:
    """A page straddles what a guard before it watches, whose check is damaged beside a golden input's sum."""
    guards = (
        Guard(Area("crc32", ("bias",), 8), 4, ()),
        Guard(Area("crc32", unit_bytes=64), 4, ()),
        Guard(Area("self-test", moments=2), 1, (Remedy.RESTORE,)),
    )
    firmware = _once(guards, Policy(), "straddle")
    layout = firmware.layout
    check = 8 * layout.place(layout.watches[0].label, "check").start
    total = 8 * layout.place(layout.watches[2].label, "sum").start
    golden = 8 * layout.sections["golden"].start
    units = layout.watches[0].units
    schedules = [
        [Event(0, check + 3 + 32 * page), Event(0, total + 1), *far]
        for page in (*range(8), *range(units - 8, units))  # of the 64 bytes at either end
        for far in ([], [Event(0, golden + 77)])
    ]
    inputs = random_inputs(firmware.program, 1, FRAMES)
    assert first_difference(host_machine([firmware]), firmware, inputs, schedules) is None
