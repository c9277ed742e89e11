"""Simulation results against a plain oracle: samples, log and every byte at the end."""

import zlib

import numpy as np
import pytest
from healing_oracle import live_plainly
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import random_inputs, random_program, seeds

from workbench.errors import WorkbenchError
from workbench.healing.log import Diagnosis, LogEntry, Remedy, Verdict
from workbench.healing.simulation import simulate, simulate_many
from workbench.healing.strategies.named import nothing, scrub
from workbench.healing.strategies.strategy import Strategy
from workbench.memory.faults.events import Event
from workbench.memory.faults.transients import Sites
from workbench.memory.image import Image

looks = st.one_of(st.just(0), st.integers(1, 12))


def scrubber(pages: int, page_bytes: int) -> Strategy:
    """CRC-32 pages; no healer for none."""
    return scrub("crc32", pages, unit_bytes=page_bytes) if pages else nothing()


def random_schedule(image: Image, seed: int, frames: int, count: int) -> list[Event]:
    """Upsets spread evenly over the sections, some of them of the same bit in the same frame."""
    rng = np.random.default_rng([seed, 2])
    sections = [s for s in image.layout.sections.values() if s.size_bytes]
    upsets = []
    for _ in range(count):
        section = sections[rng.integers(len(sections))]
        position = int(rng.integers(8 * section.start, 8 * section.stop))
        upsets.append(Event(int(rng.integers(frames)), position))
        if rng.random() < 0.1:
            upsets.append(upsets[-1])
        if rng.random() < 0.3 and section.name == "golden":  # the working copy suffers as well
            twin = position - 8 * section.start
            upsets.append(Event(int(rng.integers(frames)), twin ^ int(rng.integers(2))))
    return sorted(upsets, key=lambda upset: upset.frame)


@settings(max_examples=70, deadline=None)
@given(
    seed=seeds,
    frames=st.integers(1, 14),
    count=st.integers(0, 12),
    pages=looks,
    page_bytes=st.sampled_from([8, 32, 256]),
    before=st.integers(0, 12),
)
def test_a_life_equals_the_oracle(
    seed: int, frames: int, count: int, pages: int, page_bytes: int, before: int
) -> None:
    program = random_program(seed)
    strategy = scrubber(pages, page_bytes)
    image = Image.of(program, page_bytes=page_bytes)
    rng = np.random.default_rng([seed, 3])
    image = image.flip([upset.position for upset in random_schedule(image, seed + 1, 1, before)])
    inputs = random_inputs(program, seed, frames)
    starts = sorted({int(n) for n in rng.integers(0, frames, rng.integers(0, 4))})
    upsets = random_schedule(image, seed, frames, count)
    codes, log, data = live_plainly(image, inputs, upsets, strategy, starts)
    result = simulate(image, inputs, upsets, strategy, word_starts=starts)
    np.testing.assert_array_equal(result.codes, codes)
    assert list(result.log) == log
    np.testing.assert_array_equal(result.image.data, data)
    assert result.wrong_bits[-1] == np.sum(result.image.flipped() < 8 * image.layout.working_bytes)


@settings(max_examples=20, deadline=None)
@given(seed=seeds, devices=st.integers(1, 5), pages=looks)
def test_a_fleet_is_its_devices(seed: int, devices: int, pages: int) -> None:
    program = random_program(seed)
    strategy = scrubber(pages, 32)
    image = Image.of(program, page_bytes=32)
    inputs = random_inputs(program, seed, 9)
    schedules = [random_schedule(image, seed + n, 9, 3) for n in range(devices)]
    results = simulate_many(image, inputs, schedules, strategy, word_starts=[0, 5])
    for schedule, result in zip(schedules, results, strict=True):
        alone = simulate(image, inputs, schedule, strategy, word_starts=[0, 5])
        np.testing.assert_array_equal(result.codes, alone.codes)
        np.testing.assert_array_equal(result.image.data, alone.image.data)
        np.testing.assert_array_equal(result.wrong_bits, alone.wrong_bits)
        assert result.log == alone.log


def _image_of_three_pages() -> Image:
    """Three or more, of 32 bytes."""
    for seed in range(100):
        image = Image.of(random_program(seed), page_bytes=32)
        if image.layout.pages >= 3:
            return image
    raise AssertionError("no program of three pages")


def test_each_diagnosis_has_its_remedy_and_verdict() -> None:
    image = _image_of_three_pages()
    layout = image.layout
    inputs = random_inputs(image.program, 0, 6)
    golden, check = layout.sections["golden"].start, layout.sections["check"].start
    scrub_all = scrubber(layout.pages, 32)
    memory, second = 8 * 0 + 3, 8 * 32 + 1
    for upsets, wanted in (
        ([Event(1, memory)], [LogEntry(1, 0, 0, Diagnosis.MEMORY, Remedy.RESTORE, Verdict.HEALED)]),
        (
            [Event(2, memory), Event(2, 8 * golden + 8 * 33)],
            [LogEntry(2, 0, 0, Diagnosis.MEMORY, Remedy.RESTORE, Verdict.HEALED)],
        ),
        (
            [Event(4, 8 * (check + 4) + 30)],
            [LogEntry(4, 0, 1, Diagnosis.CHECK, Remedy.NONE, Verdict.UNHEALED)],
        ),
        (
            [Event(5, second), Event(5, 8 * golden + second + 8)],
            [LogEntry(5, 0, 1, Diagnosis.GOLDEN, Remedy.NONE, Verdict.UNHEALED)],
        ),
        (
            [
                Event(5, second),
                Event(5, second + 1),
                Event(5, 8 * golden + second + 8),
                Event(5, 8 * golden + second + 9),
            ],
            [LogEntry(5, 0, 1, Diagnosis.AMBIGUOUS, Remedy.NONE, Verdict.UNHEALED)],
        ),
        # The check names itself: the golden copy may be taken, and the check stays as it is.
        (
            [Event(5, second), Event(5, 8 * (check + 4) + 30)],
            [LogEntry(5, 0, 1, Diagnosis.MEMORY, Remedy.RESTORE, Verdict.UNHEALED)],
        ),
        # The golden copy alone is never looked at while its page is well.
        ([Event(0, 8 * golden + second)], []),
    ):
        result = simulate(image, inputs, upsets, scrub_all)
        assert list(result.log) == wanted
        assert len(result.lines()) == len(wanted) and len(result.sites()) == len(upsets)


def test_the_state_of_the_image_is_where_a_life_begins() -> None:
    """Histories flipped beforehand are heard, unless a word starts; then even padding is zero."""
    image = next(
        image
        for image in map(Image.of, map(random_program, range(200)))
        if any(place.size_bytes % 4 for place in image.layout.places if place.section == "state")
    )
    state = image.layout.sections["state"]
    faulty = image.flip(np.arange(8 * state.start, 8 * state.stop))
    inputs = random_inputs(image.program, 0, 1)
    for starts in ([], [0]):
        codes, _, data = live_plainly(faulty, inputs, [], nothing(), starts)
        result = simulate(faulty, inputs, [], nothing(), word_starts=starts)
        np.testing.assert_array_equal(result.codes, codes)
        np.testing.assert_array_equal(result.image.data, data)


def test_the_golden_copy_is_what_a_page_is_restored_from() -> None:
    """A golden copy that was altered together with its check counts as the truth."""
    image = _image_of_three_pages()
    layout = image.layout
    golden, check = layout.sections["golden"].start, layout.sections["check"].start
    altered = image.flip([8 * golden + 77])
    page = altered.data[golden + layout.page(0).start : golden + layout.page(0).stop]
    new, old = zlib.crc32(page.tobytes()), int(image.data[check : check + 4].view("<u4")[0])
    altered = altered.flip([8 * check + bit for bit in range(32) if (new ^ old) >> bit & 1])
    result = simulate(altered, random_inputs(image.program, 0, 1), [], scrubber(1, 32))
    assert result.log == (LogEntry(0, 0, 0, Diagnosis.MEMORY, Remedy.RESTORE, Verdict.HEALED),)
    assert result.wrong_bits.tolist() == [1] and result.image.flipped()[0] == 77


def test_a_cursor_and_a_frame_count_gone_astray_do_no_harm() -> None:
    image = _image_of_three_pages()
    """Two of three copies must be hit for that; one is outvoted."""
    position = image.layout.position
    astray = [position("healer", "cursor", (0, copy), 31) for copy in (0, 2)]
    astray += [position("healer", "frame", (copy,), 31) for copy in (0, 1)]
    outvoted = Event(1, position("healer", "frame", (2,), 30))
    upsets = [Event(2, where) for where in astray] + [outvoted, Event(2, 5)]
    result = simulate(image, random_inputs(image.program, 0, 40), upsets, scrubber(1, 32))
    assert [entry.verdict for entry in result.log] == [Verdict.HEALED]
    assert 2**31 <= result.log[0].frame < 2**31 + 2**30
    assert not result.wrong_bits[-1] and result.wrong_bits[2] == 1


def test_what_does_not_fit_is_refused() -> None:
    image = _image_of_three_pages()
    inputs = random_inputs(image.program, 0, 3)
    with pytest.raises(WorkbenchError, match="lies outside of the image"):
        simulate(image, inputs, [Event(3, 0)], nothing())
    with pytest.raises(WorkbenchError, match="lies outside of the image"):
        simulate(image, inputs, [Event(0, Sites(image).size)], nothing())
    with pytest.raises(WorkbenchError, match="no frames"):
        simulate(image, random_inputs(image.program, 0, 0), [], nothing())
    assert simulate_many(image, inputs, [], nothing()) == []
