"""Texts of a user's own in every command that lets a voice speak, of different lengths."""

from __future__ import annotations

from pathlib import Path

import pytest

import workbench as wb
from workbench.audio.recogniser import Recogniser
from workbench.audio.sound_files import read_audio
from workbench.audio.speech_controls import HOP
from workbench.cli import main
from workbench.experiments.campaigns.store import open_results
from workbench.experiments.fleets.workload import Workload
from workbench.experiments.voices.voice import Voice, open_voice
from workbench.generators.speech import GENERATOR
from workbench.generators.speech.configuration import DIGITS, USUAL, SpeechConfig

TEXTS = ("no", "one, two")


@pytest.fixture(scope="module")
def voice() -> Voice:
    return open_voice(generator="speech")


def test_an_experiment_that_names_nothing_says_more_than_digits(voice: Voice) -> None:
    assert voice.usual == USUAL
    assert tuple(voice.all_inputs()) == USUAL
    assert len({voice.frames(text) for text in USUAL}) > 4
    assert Recogniser(USUAL).words == USUAL, "all in its dictionary"
    own = SpeechConfig(texts=("hello",))
    assert GENERATOR.usual(own) == GENERATOR.utterances(own) == ("hello",)
    assert GENERATOR.utterances(SpeechConfig()) == DIGITS


def test_a_fleet_says_texts_of_any_length(
    voice: Voice, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = ["--say", TEXTS[0], "--say", TEXTS[1], "--devices", "1", "--utterances", "3"]
    faults = ["--fault", "bits=7", "--strategy", "crc-scrub", "--jobs", "1"]
    chosen = Workload(1, 3).script(2)
    assert len(set(chosen.tolist())) == 2
    sound = tmp_path / "heard.wav"
    main(["lifetime", "speech", *said, *faults, "--hear", "0:2", "--out", str(sound)])
    assert f"says {TEXTS[chosen[2]]!r}" in capsys.readouterr().out
    assert len(read_audio(sound)) == HOP * voice.frames(TEXTS[chosen[2]])


def test_the_face_takes_texts(voice: Voice) -> None:
    healed = wb.simulate(voice, "crc-scrub", "bits=7", utterances=2, say="no")
    assert healed.script.utterances == ("no", "no")
    compared = wb.compare(
        voice, ["none"], "bits=7", devices=2, utterances=3, say=[*TEXTS, "no"], jobs=1
    )
    chosen = Workload(2, 3).script(len(TEXTS))
    assert compared.records[0]["frames"] == 2 * sum(voice.frames(TEXTS[n]) for n in chosen)
    with pytest.raises(wb.WorkbenchError, match="there is no text to say; give a list of them"):
        wb.simulate(voice, say=[])


def test_a_comma_in_a_text_is_no_end_of_it(tmp_path: Path) -> None:
    folder = tmp_path / "campaign"
    main([
        "campaign", "speech", "--say", TEXTS[1], "--fault", "flips=1", "--trials", "2",
        "--jobs", "1", "--out", str(folder),
    ])  # fmt: skip
    assert open_results(folder).table(["utterance"])["utterance"].to_pylist() == [TEXTS[1]] * 2


def test_phones_can_be_given_by_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["flip", "speech", "--phones", "N OW1", "--flips", "1", "--out", "by-hand"]) == 0
    assert main(["flip", "speech", "--say", "no", "--flips", "1", "--out", "text"]) == 0
    sounds = [read_audio(tmp_path / folder / "before.wav") for folder in ("by-hand", "text")]
    assert (sounds[0] == sounds[1]).all()
    for command in ("flip", "lifetime"):
        assert main([command, "speech", "--phones", "N OW QQ"]) == 2
        assert "there is no phone 'QQ'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("...", "can be said"),
        ("здравствуй", "only letters of English"),
        ("say {XX}", "there is no phone 'XX'"),
        ("again " * 700, "about two minutes of speech; split it"),
    ],
)
@pytest.mark.parametrize(
    "command",
    [
        "agree", "campaign --fault flips=1", "compare", "demo", "emulate", "estimate", "flip", "heal", "lifetime",
        "worst",
    ],
)  # fmt: skip
def test_what_cannot_be_said_is_refused_in_a_sentence(
    command: str, text: str, why: str, capsys: pytest.CaptureFixture[str], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    name, *options = command.split()
    assert main([name, "speech", "--say", text, *options])
    lines = capsys.readouterr().err.strip().splitlines()
    assert why in lines[-1]
    assert not any("Traceback" in line for line in lines)
