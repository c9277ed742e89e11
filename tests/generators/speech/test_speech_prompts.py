"""What `speech` learns: timelines, durations, prompts made from recordings, and pieces of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.audio.recordings import load_recordings
from workbench.cli import main
from workbench.errors import WorkbenchError
from workbench.generators.speech.durations import (
    EFFECTS,
    MARGIN_FRAMES,
    PAUSE_FRAMES,
    duration_error,
    learnt_effects,
    timed,
)
from workbench.generators.speech.lessons import FRAMES, lessons_of
from workbench.generators.speech.phones import PAUSE
from workbench.generators.speech.prompts import Prompt, make_prompts, prompt_file, read_prompts
from workbench.generators.speech.pronunciation import phones_of
from workbench.generators.speech.timeline import PHONES, PLACES, Timeline
from workbench.generators.speech.transcripts import transcripts

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


def test_durations_are_learnt() -> None:
    long, short = ("AA1", 24), ("T", 6)
    words = [(long, short), (short, long), (long, long, short), (short, short, long)] * 20
    examples = [Timeline(tuple(s for s, _ in w), tuple(d for _, d in w)) for w in words]
    effects = learnt_effects(examples)
    assert len(effects) == EFFECTS
    assert duration_error(examples, effects) < 0.1
    timeline = timed(("AA1", "T", PAUSE, "T"), effects)
    assert timeline.symbols == (PAUSE, "AA1", "T", PAUSE, "T", PAUSE)
    assert timeline.durations[0] == MARGIN_FRAMES == timeline.durations[-1]
    assert timeline.durations[3] == PAUSE_FRAMES
    assert abs(timeline.durations[1] - 24) <= 4


def test_any_effects_give_possible_durations() -> None:
    for effect in (-4096, 4096):
        durations = timed(("S", "AH0"), (effect,) * EFFECTS).durations
        assert all(1 <= each <= 100 for each in durations)


def test_every_transcript_can_be_pronounced_and_some_are_held_out() -> None:
    table = transcripts()
    assert table["digits/7"].text == "seven"
    held_out = [label for label, each in table.items() if each.held_out]
    assert 20 <= len(held_out) < len(table) / 10
    for transcript in table.values():
        assert phones_of(transcript.text)


@pytest.fixture(scope="module")
def prompts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prompts")
    recordings = load_recordings(prefix="digits/1")
    chosen = {label: recordings[label] for label in ("digits/1", "digits/11")}
    assert list(make_prompts(chosen, folder)) == [("digits/1", None), ("digits/11", None)]
    return folder


def test_prompts_are_what_recordings_say(prompts: Path) -> None:
    made = read_prompts(prompts, held_out=False)
    symbols = tuple(s for s in made["digits/11"].timeline.symbols if s != PAUSE)
    assert symbols == ("IH0", "L", "EH1", "V", "AH0", "N")
    (samples,) = load_recordings(prefix="digits/11").values()
    assert len(made["digits/11"].controls) == made["digits/11"].timeline.frames
    assert made["digits/11"].timeline.frames == 1 + len(samples) // 160


def test_finished_prompts_are_not_made_again(prompts: Path) -> None:
    recordings = load_recordings(prefix="digits/1")
    kept = prompt_file(prompts, "digits/1")
    before = kept.stat().st_mtime_ns
    prompt_file(prompts, "digits/11").write_bytes(b"half")
    chosen = {label: recordings[label] for label in ("digits/1", "digits/11")}
    assert all(error is None for _, error in make_prompts(chosen, prompts))
    assert kept.stat().st_mtime_ns == before
    assert set(read_prompts(prompts, held_out=False)) == {"digits/1", "digits/11"}


def test_a_recording_of_something_else_is_left_out(tmp_path: Path) -> None:
    chosen = {"digits/hundred": load_recordings(prefix="digits/1")["digits/1"][:1600]}
    ((label, error),) = make_prompts(chosen, tmp_path)
    assert label == "digits/hundred"
    assert isinstance(error, WorkbenchError)
    with pytest.raises(WorkbenchError, match="workbench data align"):
        read_prompts(tmp_path, held_out=False)


def test_pieces_cover_a_prompt_once() -> None:
    timeline = Timeline(("S", "AH0", PAUSE), (50, 100, 30))
    controls = np.arange(180 * 38, dtype=np.float32).reshape(180, 38)
    rows, pieces = lessons_of([Prompt("x", timeline, controls)])
    assert pieces.shape == (len(rows["phone"]), 38, FRAMES)
    learnt = pieces[np.isfinite(pieces)]
    assert np.array_equal(np.sort(learnt), np.arange(180 * 38))
    assert all(column.shape == (len(pieces), FRAMES) for column in rows.values())
    whole = timeline.rows()["phone"]
    assert np.array_equal(rows["phone"][0], whole[:FRAMES])
    assert np.array_equal(rows["phone"][1], whole[64 : 64 + FRAMES])


def test_the_command_refuses_folders_without_the_voice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["data", "align", "--data", str(tmp_path / "none")]) != 0
    assert "workbench data fetch" in capsys.readouterr().err
