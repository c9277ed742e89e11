"""Recordings are aligned with what they say, and phones of a text last as they do there."""

from __future__ import annotations

import shutil
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from interrupts import interrupted_at

from workbench.audio.recordings import load_recordings
from workbench.audio.resources import recordings_folder
from workbench.audio.transcripts import transcripts
from workbench.cli import main
from workbench.commands import data as data_command
from workbench.commands import kept
from workbench.errors import WorkbenchError
from workbench.generators.speech import alignments
from workbench.generators.speech.alignments import Row, align_all, read_alignments, save_alignments
from workbench.generators.speech.duration_fit import fit_durations
from workbench.generators.speech.durations import (
    LONGEST,
    SHORTEST,
    Place,
    durations,
    places_of,
    read_durations,
)
from workbench.generators.speech.phones import PAUSE, SYMBOLS
from workbench.generators.speech.pronunciation import phones_of, pronounced


def test_transcripts_are_of_the_recordings() -> None:
    texts = transcripts()
    assert texts["digits/7"].lower().strip(".") == "seven"
    assert texts["letters/dollar"] == "dollar", "without its remark"
    assert "beep" not in texts and "pound" in texts["dictate/enter_filename"]
    assert len(texts) > 540
    shipped = load_recordings()
    assert len(shipped.keys() & texts.keys()) > 175
    assert all(phones_of(text) for text in texts.values())


def test_transcripts_that_are_missing_are_named(tmp_path: Path) -> None:
    with pytest.raises(WorkbenchError, match=r"a\.txt.*clone the repository again"):
        transcripts(tmp_path / "a.txt")


@pytest.fixture(scope="module")
def digits() -> tuple[dict[str, np.ndarray], dict[str, list[Row]], dict[str, str]]:
    """Some digits, aligned with what they say; the one called "wrong" with another text."""
    texts = transcripts()
    waves = {
        f"digits/{digit}": load_recordings(prefix=f"digits/{digit}")[f"digits/{digit}"]
        for digit in "37"
    }
    long = np.concatenate([waves["digits/3"], np.zeros(8_000, np.float32), waves["digits/7"]])
    recordings = {**waves, "two": long, "wrong": waves["digits/3"], "untold": long}
    said = {**texts, "two": "Three, seven.", "wrong": "to establish a sales partnership press one"}
    return (recordings, *align_all(recordings, said))


def test_phones_are_found_where_they_are_heard(digits: tuple) -> None:
    recordings, aligned, _ = digits
    assert [symbol for symbol, _, _ in aligned["two"]] == [
        PAUSE, "TH", "R", "IY1", ",", "S", "EH1", "V", "AH0", "N", PAUSE,
    ]  # fmt: skip
    for label in ("digits/3", "digits/7", "two"):
        rows = aligned[label]
        for (_, start, frames), (_, following, _) in pairwise(rows):
            assert start + frames == following and frames > 0
        assert abs(rows[-1][1] * 160 - len(recordings[label])) < 3_200
    pause = next(row for row in aligned["two"] if row[0] == ",")
    begin = len(recordings["digits/3"]) / 160
    assert abs(pause[1] + pause[2] / 2 - (begin + 25)) < 15, "in the middle of half a second"


def test_a_recording_that_says_something_else_is_left_out_with_the_reason(digits: tuple) -> None:
    _, aligned, left_out = digits
    assert set(left_out) == {"wrong"} and "untold" not in aligned
    assert "cannot be aligned with its text, 7 words long" in left_out["wrong"]


def test_alignments_are_kept_and_what_is_no_file_of_them_is_refused(
    digits: tuple, tmp_path: Path
) -> None:
    _, aligned, _ = digits
    path = save_alignments(tmp_path, aligned)
    assert read_alignments(tmp_path) == aligned
    path.write_text(path.read_text().replace('"IY1"', '"IY0"', 1))
    with pytest.raises(WorkbenchError, match="was edited"):
        read_alignments(tmp_path)
    with pytest.raises(WorkbenchError, match="workbench data align"):
        read_alignments(tmp_path / "nowhere")


def test_places_are_counted_from_the_end_of_the_phrase() -> None:
    places = places_of(["HH", "AH0", "L", "OW1", ",", "AY1"])
    assert places[0] == Place("HH", PAUSE, "AH0", 2)
    assert places[3] == Place("OW1", "L", PAUSE, 0)
    assert places[4] == Place("AY1", PAUSE, PAUSE, 0)
    assert places_of([]) == places_of([PAUSE]) == []


def _made_up() -> dict[str, list[Row]]:
    """Utterances whose durations follow a rule: vowels last 8 frames, others 4, twice as long at the end."""
    rng = np.random.default_rng(0)
    alignments = {}
    for number in range(60):
        symbols = [SYMBOLS[at] for at in rng.integers(0, len(SYMBOLS), 12)]
        lengths = [
            (8 if symbol[-1] in "01" else 4) * (1 + (at == 11)) for at, symbol in enumerate(symbols)
        ]
        rows = [
            (PAUSE, 0, 30),
            *((s, 0, n) for s, n in zip(symbols, lengths, strict=True)),
            (",", 0, 15),
        ]
        alignments[str(number)] = [*rows, ("AH0", 0, 16), (PAUSE, 0, 9)]
    return alignments


def test_a_rule_of_durations_is_learnt(tmp_path: Path) -> None:
    fit = fit_durations(_made_up())
    assert fit.error < 0.6 < fit.error_of_means and fit.correlation > 0.97
    assert fit.durations.pauses == {",": 15, ".": 20, PAUSE: 20}
    fit.durations.save(tmp_path / "a.json")
    assert read_durations(tmp_path / "a.json") == fit.durations
    with pytest.raises(WorkbenchError, match="too few"):
        fit_durations({"1": [("AH0", 0, 3)]})


def test_more_utterances_teach_phones_and_no_pauses() -> None:
    slower = [
        [(symbol, start, frames * 4) for symbol, start, frames in rows]
        for rows in _made_up().values()
    ]
    place = Place("AH0", "T", "T", 0)
    alone, beside = fit_durations(_made_up()), fit_durations(_made_up(), slower)
    between = beside.durations.frames(place) / alone.durations.frames(place)
    assert 1.5 < between < 3, "about twice, halfway on the logarithm"
    assert beside.durations.pauses == alone.durations.pauses


def test_the_command_learns_from_what_was_aligned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(data_command, "_FETCHED", tmp_path)
    monkeypatch.setattr(data_command, "_PROMPTS", tmp_path)
    assert main(["data", "align", "--out", str(tmp_path / "none")]) == 2
    assert "workbench data fetch" in capsys.readouterr().err
    assert main(["data", "durations", "--out", str(tmp_path)]) == 2
    assert "workbench data align" in capsys.readouterr().err
    save_alignments(tmp_path, _made_up())
    assert main(["data", "durations", "--out", str(tmp_path)]) == 0
    assert "mean error 0." in capsys.readouterr().out
    assert read_durations(tmp_path / "durations.json").pauses[","] == 15


@given(st.lists(st.sampled_from([*SYMBOLS, PAUSE, ",", "."]), max_size=12))
@settings(max_examples=40)
def test_any_phones_have_a_duration(symbols: list[str]) -> None:
    lengths = [durations().frames(place) for place in places_of(symbols)]
    assert all(SHORTEST <= frames <= LONGEST for frames in lengths)


def test_texts_are_timed() -> None:
    words = pronounced("seven, nine. {HH SIL AH}")
    timed = durations().timed(words)
    symbols = [symbol for word in words for symbol in word.symbols]
    assert [symbol for symbol, _ in timed] == symbols
    assert timed[5] == (PAUSE, durations().pauses[","])
    long, short = (
        durations().timed(pronounced("nine")),
        durations().timed(pronounced("nine people")),
    )
    assert long[1][1] > short[1][1], "phrases slow down towards their end"


def test_the_command_aligns_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "digits").mkdir()
    shutil.copy(recordings_folder() / "digits" / "7.flac", tmp_path / "digits")
    for _ in range(2):  # what it leaves there is known the next time
        assert main(["data", "align", "--out", str(tmp_path)]) == 0
        said = capsys.readouterr()
        assert said.out.startswith("1 recordings aligned, 7 phones and silences in ")
        assert not said.err
    assert [symbol for symbol, _, _ in read_alignments(tmp_path)["digits/7"]][1:3] == ["S", "EH1"]


def test_an_interrupted_alignment_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(kept, "ROOT", tmp_path / "out")
    for folder in ("once", "twice"):
        (tmp_path / folder / "digits").mkdir(parents=True)
        for digit in "37":
            source = recordings_folder() / "digits" / f"{digit}.flac"
            shutil.copy(source, tmp_path / folder / "digits")
    assert main(["data", "align", "--out", str(tmp_path / "once")]) == 0
    calls = interrupted_at(monkeypatch, alignments, "_rows", 2)
    assert main(["data", "align", "--out", str(tmp_path / "twice")]) == 130
    assert "1 finished step is kept in" in capsys.readouterr().err
    assert main(["data", "align", "--out", str(tmp_path / "twice")]) == 0 and len(calls) == 3
    assert read_alignments(tmp_path / "twice") == read_alignments(tmp_path / "once")
