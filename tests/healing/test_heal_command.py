"""`workbench heal` with the shipped generator: files, figures, refusals."""

import json
from contextlib import redirect_stderr
from pathlib import Path

import numpy as np
import pytest
from terminals import Terminal

from workbench.audio.metrics import snr_db
from workbench.audio.sound_files import read_audio
from workbench.cli import main
from workbench.experiments.voices.voice import open_voice
from workbench.healing.strategies.variants import strategy_variant
from workbench.integer.reference import run


def test_healing_is_heard_logged_and_drawn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["heal", "challenge", "--words", "3,1,4", "--upsets", "60", "--seed", "5"]
    with redirect_stderr(Terminal()) as terminal:
        assert main([*arguments, "--pages", "20", "--out", str(tmp_path)]) == 0
    shown = terminal.getvalue()
    for step in ("opening the voice", "without upsets", "without healer", "upsets and healer"):
        assert step in shown
    assert shown.endswith("\r")  # and nothing of it stays
    output = capsys.readouterr().out
    figures = json.loads((tmp_path / "heal.json").read_text())
    clean, unhealed, healed = (
        read_audio(tmp_path / f"{name}.wav") for name in ("clean", "unhealed", "healed")
    )
    assert snr_db(healed, clean) > snr_db(unhealed, clean) + 3
    assert [row["utterance"] for row in figures["utterances"]] == ["3", "1", "4"]
    parts = zip(figures["utterances"], *(np.split(x, 3) for x in (clean, unhealed)), strict=True)
    for row, expected, damaged in parts:
        assert row["unhealed"]["snr_db"] == pytest.approx(snr_db(damaged, expected), abs=0.2)
    hits = [upset for upset in figures["upsets"] if "." in upset["site"]]
    assert len(hits) == len(figures["upsets"]) > 20
    assert {entry["verdict"] for entry in figures["log"]} == {"HEALED"}
    assert len((tmp_path / "log.txt").read_text().splitlines()) == len(figures["log"]) > 10
    assert (tmp_path / "timeline.png").read_bytes().startswith(b"\x89PNG")
    for entry in figures["log"]:
        assert f"{entry['area']} {entry['unit']:>4} ({', '.join(entry['tensors'][:2])}" in output
    cost = figures["overheads"]
    assert f"takes {cost['golden_bytes'] + cost['check_bytes']:,} bytes of flash" in output
    assert (
        "its variables and checks, 240 of RAM (a device's code and log come on top: `workbench emulate"
        in output
    )


@pytest.mark.parametrize("name", ["in-place64", "range", "triple"])
def test_strategies_that_change_the_program_are_heard_as_they_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    arguments = ["heal", "challenge", "--words", "7", "--upsets", "0", "--strategy", name]
    assert main([*arguments, "--out", str(tmp_path)]) == 0
    assert "equal" in capsys.readouterr().out
    voice = open_voice()
    strategy, program = strategy_variant(
        name, voice.program, {w: voice.inputs(w) for w in voice.utterances}
    )
    program = strategy.image(program).program
    expected = run(program, voice.inputs("7"))[program.output][0, :, 0]
    heard = read_audio(tmp_path / "healed.wav")
    np.testing.assert_array_equal(np.round(heard * 32768), expected)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--words", "zebra"], "zebra"),
        (["--words", ","], "has an empty word"),
        (["--words", "3,1,,4"], "'3,1,,4' has an empty word"),
        (["--strategy", "none", "--pages", "3"], "--pages is for crc-scrub"),
        (["--pages", "0"], "at least 1"),
        (["--upsets", "-4"], "--upsets is -4; choose a number that is at least 0"),
        (["--rate", "nan"], "--rate is nan; choose a number"),
    ],
)
def test_mistakes_are_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    assert main(["heal", "challenge", "--out", str(tmp_path), *arguments]) == 2
    refused = capsys.readouterr().err
    assert words in refused and refused.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_without_a_healer_none_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["heal", "--words", "three", "--strategy", "none", "--out", str(tmp_path)]
    assert main(arguments) == 0
    output = capsys.readouterr().out
    (row,) = json.loads((tmp_path / "heal.json").read_text())["utterances"]
    assert row["utterance"] == "3"
    assert "healer:" not in output and "with healer" not in output and "without healer" in output
    fared = row["unhealed"]
    distance = f"log-mel {fared['log_mel_db']:.2f} dB: {fared['class']} ({fared['limit']})"
    assert f"3     SNR {fared['snr_db']:.1f} dB, {distance}\n" in output


@pytest.mark.parametrize(
    ("section", "pages", "why"),
    [("golden", "4", "until a page needs it"), ("check", "1", "when its page is scrubbed")],
)
def test_damage_to_flash_that_nobody_sees_is_explained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], section: str, pages: str, why: str
) -> None:
    arguments = ["heal", "--words", "3", "--section", section, "--pages", pages, "--upsets", "1"]
    assert main([*arguments, "--out", str(tmp_path)]) == 0
    figures = json.loads((tmp_path / "heal.json").read_text())
    assert figures["log"] == [] and figures["upsets"]
    output = capsys.readouterr().out
    assert "nothing found" in output and why in output


def test_rate_and_number_exclude_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["heal", "challenge", "--rate", "1", "--upsets", "1"])
    assert left.value.code == 2
    assert "not allowed with" in capsys.readouterr().err
