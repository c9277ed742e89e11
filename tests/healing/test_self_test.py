"""Golden inputs: what they see, whom they take for damaged, and remedies that they refute."""

from itertools import combinations

import numpy as np
from hypothesis import given
from programs import random_program, seeds
from voices import voice

from workbench.experiments.bench.codes import seen_by_golden_inputs
from workbench.healing.devices.device import Device
from workbench.healing.log import Diagnosis, LogEntry, Remedy, Verdict
from workbench.healing.strategies.strategy import Guard, Policy, Strategy
from workbench.integer.reference import Stream
from workbench.memory.image import Image
from workbench.memory.watches.areas import CODES, Area

TEST = Guard(Area("self-test", moments=2), 2, (Remedy.RESTORE,), every_frames=3)
WORDS = Guard(Area("secded64", ("bias",), 8, keep="ram"), 64, (Remedy.CORRECT,))
VOICES = [
    p for p in map(random_program, range(60)) if Image.of(p).layout.sections["bias"].size_bytes > 8
]


def heal(strategy: Strategy, image: Image, flips: list[int], frames: int = 6) -> Device:
    device = Device(image, strategy, image.data)
    device.flip(flips)
    for _ in range(frames):
        device.heal()
    return device


@given(seeds)
def test_a_moment_is_what_the_reference_computes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    program = random_program(seed)
    image = Strategy("test", (TEST,)).image(program)
    if not image.layout.watches:
        return
    watch = image.layout.watches[0]
    faulty = image.flip(rng.choice(8 * image.layout.working_bytes, 2, replace=False))
    for unit in range(watch.units):
        outcomes = []
        for each in (image.program, faulty.to_program()):
            stream = Stream(each)
            stream.states = {
                name: watch.stored(image.data, f"history_{n}")[unit].astype(np.int64)[None]
                for n, name in enumerate(stream.states)
            }
            given = {
                name: watch.stored(image.data, f"input_{n}")[unit].astype(np.int64)[None]
                for n, name in enumerate(program.inputs)
            }
            outcomes.append([stream.step(given)[program.output], *stream.states.values()])
        same = all(np.array_equal(a, b) for a, b in zip(*outcomes, strict=True))
        assert watch.wrong(faulty.data, unit) != same
        assert not watch.wrong(faulty.data, unit, golden=True)


@given(seeds)
def test_what_a_golden_input_shows_is_restored_and_what_it_says_wrongly_is_not(seed: int) -> None:
    image = Strategy("test", (TEST,)).image(random_program(seed))
    if not image.layout.watches:
        return
    rng = np.random.default_rng(seed)
    bit = int(rng.integers(8 * image.layout.working_bytes))
    device = heal(Strategy("test", (TEST,)), image, [bit])
    shown = any(image.layout.watches[0].wrong(image.flip([bit]).data, unit) for unit in range(2))
    assert len(device.wrong) == (0 if shown else 1)
    assert [e.remedy for e in device.log] == [Remedy.RESTORE] * shown
    kept = image.layout.place("self-test_0", "sum")
    device = heal(Strategy("test", (TEST,)), image, [8 * kept.start + 5, bit])
    assert device.log[0].diagnosis == Diagnosis.AMBIGUOUS  # golden copy and memory differ
    device = heal(Strategy("test", (TEST,)), image, [8 * kept.start + 5])
    # A golden copy that was damaged before start-up would look the same.
    assert {(e.diagnosis, e.remedy) for e in device.log} == {(Diagnosis.AMBIGUOUS, Remedy.NONE)}


def test_a_miscorrection_is_refuted_and_the_next_rung_tried() -> None:
    """Three flips in a word look like one elsewhere; the code is content, golden inputs are not."""
    columns = [int(column) for column in CODES["secded64"].columns]
    three = next(t for t in combinations(range(12, 32), 3) if _sum(columns, t) in columns)
    observer = Guard(TEST.area, 2, ())
    refuted = 0
    for program in VOICES:
        image = Strategy("any", (WORDS, observer)).image(program)
        flips = [8 * image.layout.sections["bias"].start + bit for bit in three]
        believed = heal(Strategy("careless", (WORDS, observer)), image, flips, 1)
        assert believed.log[0].verdict == Verdict.HEALED
        assert len(believed.wrong) == 4
        restores = Guard(WORDS.area, 64, (Remedy.CORRECT, Remedy.RESTORE))
        asks = heal(Strategy("asks the golden copy", (restores, observer)), image, flips, 1)
        assert asks.log == [LogEntry(0, 0, 0, Diagnosis.MEMORY, Remedy.RESTORE, Verdict.HEALED)]
        assert not len(asks.wrong)
        careful = Strategy("careful", (WORDS, observer), Policy(validate=True))
        device = heal(careful, image, flips, 1)
        if len(believed.log) == 1:  # no golden input shows it
            assert device.log == believed.log
            continue
        assert device.log[0].verdict == Verdict.INVALID
        zeroes = Guard(WORDS.area, 64, (Remedy.CORRECT, Remedy.ZERO))
        next_rung = Strategy("next rung", (zeroes, observer), Policy(validate=True))
        assert heal(next_rung, image, flips, 1).log[0].remedy == Remedy.ZERO
        refuted += 1
    assert refuted > 3


def _sum(columns: list[int], bits: tuple[int, ...]) -> int:
    total = 0
    for bit in bits:
        total ^= columns[bit]
    return total


def test_more_moments_see_more() -> None:
    one, four = (seen_by_golden_inputs(voice().image(), moments, trials=25) for moments in (1, 4))
    assert one.keys() == four.keys() == {"weights", "bias", "shift", "embed"}
    assert all(one[section] <= four[section] for section in one)
    assert one["bias"] < four["bias"] and four["bias"] > 0.3
