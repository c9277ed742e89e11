"""Fade of the output: its arithmetic, and what is heard while a device is repaired."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import random_inputs, random_program, seeds

import workbench as wb
from workbench.errors import WorkbenchError
from workbench.healing.simulation import simulate
from workbench.healing.strategies.guard import Guard
from workbench.healing.strategies.strategy import Strategy
from workbench.integer.reference import run
from workbench.memory.faults.events import Event
from workbench.memory.image import Image
from workbench.memory.watches.areas import Area
from workbench.memory.watches.behaviour import HASH_DIGITS, BehaviourArea
from workbench.memory.watches.fade import FadeArea, FadeWatch

PROGRAM = next(
    program for program in map(random_program, range(99))
    if Image.of(program).layout.working_bytes > 200 and program.signal(program.output).bits == 16
)  # fmt: skip
INPUTS = random_inputs(PROGRAM, 3, 20)
PAGES = Guard(Area("crc32", unit_bytes=64), 64)


def fading(frames: int) -> Strategy:
    """All pages after every frame, and a fade."""
    return Strategy("fading", (PAGES, Guard(FadeArea("fade", frames=frames), ladder=())))


def _watch(frames: int) -> tuple[FadeWatch, np.ndarray]:
    image = fading(frames).image(PROGRAM)
    watch = image.layout.watches[1]
    assert isinstance(watch, FadeWatch)
    return watch, image.data.copy()


@settings(max_examples=30, deadline=None)
@given(seed=seeds, frames=st.integers(1, 9), flips=st.lists(st.integers(0, 47), max_size=1))
def test_it_rises_from_silence_to_full_loudness(seed: int, frames: int, flips: list[int]) -> None:
    """Never louder than it was, never softer than before, whatever one upset makes of the count."""
    watch, data = _watch(frames)
    place = watch.layout.place(watch.label, "left")
    rng = np.random.default_rng(seed)
    signal = PROGRAM.signal(PROGRAM.output)
    codes = rng.integers(-(2**15), 2**15, (signal.rate, signal.channels), dtype=np.int16)
    watch.begin(data)
    last = 0.0
    for count in range(frames):
        for bit in flips:
            data[place.start + bit // 8] ^= 1 << bit % 8
        left = watch.advance(data)
        assert left == frames - count
        for row in range(signal.rate):
            gain = (count * signal.rate + row) / (frames * signal.rate)
            heard = watch.faded(codes, left)[row].astype(np.float64)
            wanted, size = codes[row] * gain, np.abs(codes[row].astype(np.float64))
            assert (np.abs(heard - wanted) <= 1 + size * signal.rate * frames / 2**15).all()
            assert gain >= last
            last = gain
    assert watch.advance(data) == 0 and not watch.is_busy(data)


def watched(frames: int) -> Strategy:
    """Alarms where the output leaves its range in INPUTS; pages are compared then. frames: of a fade, 0 for none."""
    signal = PROGRAM.signal(PROGRAM.output)
    codes = run(PROGRAM, INPUTS)[PROGRAM.output][0].astype(int)
    area = BehaviourArea(
        "hidden-markers", program=PROGRAM.content_hash[:HASH_DIGITS], signals=(signal.name,),
        baseline=(*codes.min(axis=0).tolist(), *codes.max(axis=0).tolist(), 0), drift=0,
    )  # fmt: skip
    fade = (Guard(FadeArea("fade", frames=frames), ladder=()),) if frames else ()
    return Strategy(
        "watched", (Guard(area, ladder=()), Guard(Area("golden", unit_bytes=64), 0), *fade)
    )


def test_the_frame_of_an_alarm_is_silent_and_the_rest_as_it_was() -> None:
    """Nothing but loudness changes: log and memory are those without a fade; a scan that repairs silences nothing."""
    plain, strategy = watched(0), watched(4)
    rate, tried = PROGRAM.signal(PROGRAM.output).rate, 0
    for position in range(6, 8 * Image.of(PROGRAM).layout.working_bytes, 8):
        upsets = [Event(7, position)]
        without = simulate(plain.image(PROGRAM), INPUTS, upsets, plain)
        if [entry.frame for entry in without.log[:1]] != [7]:
            continue
        tried += 1
        faded = simulate(strategy.image(PROGRAM), INPUTS, upsets, strategy)
        assert faded.log == without.log
        first, last = 7 * rate, 11 * rate
        np.testing.assert_array_equal(faded.codes[:first], without.codes[:first])
        np.testing.assert_array_equal(faded.codes[last:], without.codes[last:])
        loud, soft = (np.abs(each.codes[first:last].astype(int)) for each in (without, faded))
        assert not faded.codes[first].any() and (soft <= loud + 1).all() and loud[0].any()
        if tried == 3:
            break
    assert tried == 3
    scanning = Strategy("scan", (PAGES, strategy.guards[-1]))
    repaired = simulate(scanning.image(PROGRAM), INPUTS, upsets, scanning)
    assert [entry.frame for entry in repaired.log] == [7] and repaired.codes[7 * rate].any()


def test_what_no_fade_can_be_is_refused() -> None:
    with pytest.raises(WorkbenchError, match="cannot take 0 frames; choose at least 1"):
        FadeArea("fade", frames=0)
    with pytest.raises(WorkbenchError, match="a fade has frames; write FadeArea"):
        Area("fade")
    with pytest.raises(WorkbenchError, match="a fade repairs nothing; write an empty ladder"):
        wb.guard("fade", frames=4)
    slow = Guard(FadeArea("fade", frames=2**15 + 1), ladder=())
    with pytest.raises(WorkbenchError, match=r"of .* samples is too slow; choose at most"):
        Strategy("slow", (PAGES, slow)).image(PROGRAM)
    made = wb.guard("fade", repair=[], frames=4)
    assert made == Guard(FadeArea("fade", frames=4), ladder=())
