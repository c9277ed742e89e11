"""What `speech` learns: timelines, prompts made from aligned recordings, and pieces of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.audio.recordings import load_recordings
from workbench.audio.speech_analysis import controls_of
from workbench.errors import WorkbenchError
from workbench.generators.speech.alignments import Row
from workbench.generators.speech.durations import MARKS
from workbench.generators.speech.lessons import FRAMES, lessons_of
from workbench.generators.speech.phones import PAUSE
from workbench.generators.speech.prompts import (
    Prompt,
    is_held_out,
    make_prompts,
    prompt_file,
    read_prompts,
)
from workbench.generators.speech.timeline import (
    MARGIN_FRAMES,
    PHONES,
    PLACES,
    Timeline,
    timeline_of,
)

timelines = st.lists(
    st.tuples(st.sampled_from(PHONES), st.integers(1, 150)), min_size=1, max_size=12
).map(lambda parts: Timeline(tuple(a for a, _ in parts), tuple(b for _, b in parts)))


@settings(max_examples=25)
@given(timeline=timelines)
def test_rows_tell_every_frame_where_it_is(timeline: Timeline) -> None:
    rows = timeline.rows()
    frame = 0
    for at, (symbol, duration) in enumerate(zip(timeline.symbols, timeline.durations, strict=True)):
        for n in range(duration):
            assert PHONES[rows["phone"][frame]] == symbol
            before = timeline.symbols[at - 1] if at else PAUSE
            assert PHONES[rows["before"][frame]] == before
            assert rows["since"][frame] == min(n, PLACES - 1)
            assert rows["until"][frame] == min(duration - 1 - n, PLACES - 1)
            frame += 1
    assert {len(column) for column in rows.values()} == {timeline.frames}
    for name in ("begun", "left"):
        assert 0 <= rows[name].min() <= rows[name].max() < PLACES
    assert rows["begun"][0] == 0 == rows["left"][-1]


def test_a_text_lies_between_two_margins() -> None:
    timeline = timeline_of("Three, two.")
    assert timeline.symbols == (PAUSE, "TH", "R", "IY1", PAUSE, "T", "UW1", PAUSE)
    assert timeline.durations[0] == MARGIN_FRAMES == timeline.durations[-1]


ROWS: dict[str, list[Row]] = {
    "digits/1": [(PAUSE, -20, 21), ("W", 1, 19), ("AH1", 20, 20), ("N", 40, 28), (",", 68, 30)],
    "digits/11": [("IH0", 0, 9), ("L", 9, 9), ("EH1", 18, 12), ("V", 30, 8), ("AH0", 38, 6), ("N", 44, 9)],
}  # fmt: skip


@pytest.fixture(scope="module")
def recordings() -> dict[str, np.ndarray]:
    return load_recordings(prefix="digits/1")


@pytest.fixture(scope="module")
def prompts(tmp_path_factory: pytest.TempPathFactory, recordings: dict[str, np.ndarray]) -> Path:
    folder = tmp_path_factory.mktemp("prompts")
    assert list(make_prompts(recordings, ROWS, folder, analyse=controls_of)) == list(ROWS)
    return folder


def test_prompts_are_what_was_aligned(prompts: Path, recordings: dict[str, np.ndarray]) -> None:
    made = read_prompts(prompts, held_out=False)
    assert list(made) == list(ROWS)
    for label, prompt in made.items():
        frames = 1 + len(recordings[label]) // 160
        assert prompt.timeline.frames == frames == len(prompt.controls)
        symbols = [symbol for symbol in prompt.timeline.symbols if symbol != PAUSE]
        assert symbols == [symbol for symbol, _, _ in ROWS[label] if symbol not in MARKS]
    assert made["digits/1"].timeline.durations[0] == 1  # what precedes the recording is cut off
    assert made["digits/11"].timeline.symbols[-1] == PAUSE


def test_finished_prompts_are_not_made_again(
    prompts: Path, recordings: dict[str, np.ndarray]
) -> None:
    kept = prompt_file(prompts, "digits/1")
    before = kept.stat().st_mtime_ns
    prompt_file(prompts, "digits/11").write_bytes(b"half")
    assert list(make_prompts(recordings, ROWS, prompts, analyse=controls_of)) == list(ROWS)
    assert kept.stat().st_mtime_ns == before
    assert set(read_prompts(prompts, held_out=False)) == set(ROWS)


def test_a_folder_without_prompts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WorkbenchError, match="workbench data analyse"):
        read_prompts(tmp_path, held_out=False)


def test_no_single_word_is_held_out() -> None:
    labels = [f"prompt-{n}" for n in range(1000)]
    assert 50 < sum(map(is_held_out, labels)) < 120
    assert not any(is_held_out(f"digits/{label}") for label in labels)


def test_pieces_cover_a_prompt_once() -> None:
    timeline = Timeline(("S", "AH0", PAUSE), (50, 100, 30))
    controls = np.arange(180 * 38, dtype=np.float32).reshape(180, 38)
    rows, pieces = lessons_of([Prompt(timeline, controls)])
    assert pieces.shape == (len(rows["phone"]), 38, FRAMES)
    learnt = pieces[np.isfinite(pieces)]
    assert np.array_equal(np.sort(learnt), np.arange(180 * 38))
    assert all(column.shape == (len(pieces), FRAMES) for column in rows.values())
    whole = timeline.rows()["phone"]
    assert np.array_equal(rows["phone"][0], whole[:FRAMES])
    assert np.array_equal(rows["phone"][1], whole[64 : 64 + FRAMES])
