"""`workbench flip` and `workbench replay` with the shipped generator: heard, saved, and repeated."""

from pathlib import Path

import numpy as np
import pytest

from workbench.cli import main
from workbench.experiments.voices.voice import open_voice
from workbench.integer.reference import Stream
from workbench.memory.faults.bits import Flips
from workbench.memory.faults.plan import Plan
from workbench.memory.faults.transients import Sites
from workbench.memory.image import Image
from workbench.memory.trials.batches import run_trials

FILES = ("before.wav", "after.wav", "faulty.image")


def flip(out: Path, *arguments: str) -> int:
    return main(["flip", "challenge", "--out", str(out), *arguments])


def replay_line(text: str) -> str:
    return text.split("replay: ")[1].split("\n")[0]


def test_a_trial_replays_from_its_identifier(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second, third = tmp_path / "first", tmp_path / "second.wav", tmp_path / "third"
    assert flip(first, "--word", "7", "--flips", "40", "--seed", "9", "--section", "weights") == 0
    output = capsys.readouterr().out
    assert output.count(".weight[") == 10 and "and 30 more" in output
    replay = ["replay", replay_line(output), "--out", str(second)]
    assert main([*replay, "--events", str(tmp_path / "events.txt")]) == 0
    again = capsys.readouterr().out
    assert next(line for line in output.splitlines() if line.startswith("SNR")) in again
    assert second.read_bytes() == (first / "after.wav").read_bytes()
    # Every bit by name.
    sites = [line.split("\t")[1] for line in (first / "sites.txt").read_text().splitlines()]
    events = (tmp_path / "events.txt").read_text().splitlines()
    assert len(events) == 40
    for line, site in zip(events, sites, strict=True):
        assert line in again and line.startswith(f"frame 0: flip {site} (position ")
    # The saved image, loaded, sounds the same.
    assert flip(third, "--word", "7", "--image", str(first / "faulty.image")) == 0
    for name in FILES:
        assert (third / name).read_bytes() == (first / name).read_bytes()
    # A trial of another image is refused, and earlier results stay.
    capsys.readouterr()
    assert main([*replay, "--image", str(first / "faulty.image")]) == 2
    refused = capsys.readouterr().err
    assert "the trial belongs to image" in refused and refused.count("\n") == 1
    assert second.read_bytes() == (first / "after.wav").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--word", "zebra"], "zebra"),
        (["--flips", "100000000"], "do not fit"),
        (["--flips", "-1"], "cannot flip -1 bits"),
        (["--operator", "nobody"], "no operator 'nobody'"),
        (["--trial", "-1"], "run from 0"),
        (["--image", "missing.image"], "cannot read missing.image"),
        (["--checkpoint", "missing"], "no checkpoint in missing"),
    ],
)
def test_mistakes_are_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    assert flip(tmp_path, *arguments) == 2
    refused = capsys.readouterr().err
    assert words in refused and refused.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_it_says_what_the_bits_were_drawn_from(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert flip(tmp_path, "--flips", "1000") == 0
    candidates = len(open_voice().image().layout.positions())
    output = capsys.readouterr().out
    assert output.startswith(f"flipped: 1,000 of {candidates:,} bits of the working copy\n")
    narrow = ["--section", "weights", "--operator", "conv_in", "--bit", "7", "--flips", "2"]
    assert flip(tmp_path / "more", *narrow, "--image", str(tmp_path / "faulty.image")) == 0
    output = capsys.readouterr().out
    assert "bits of section weights in conv_in, bit 7 of each element; with earlier ones" in output


def test_a_word_may_be_named_as_it_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert flip(tmp_path, "--word", "seven") == 0
    assert ",utterance=7," in replay_line(capsys.readouterr().out)


def test_trials_of_the_shipped_generator_equal_the_reference() -> None:
    voice = open_voice()
    inputs = voice.inputs("4")
    state = Plan(Flips(60), 3, sections=("state", "bias"))
    for plan in (Plan(Flips(1), 3), Plan(Flips(100), 3), Plan(Flips(3000), 3), state):
        events = plan.events(Sites(voice.image()), np.arange(3))
        faults = [events.of_trials(n, n + 1).position for n in range(3)]
        for codes, positions in zip(run_trials(voice.image(), faults, inputs), faults, strict=True):
            faulty = voice.image().flip(positions)
            stream = Stream(faulty.to_program())
            stream.states = faulty.states()
            expected = stream.step(inputs)[voice.program.output][0]
            np.testing.assert_array_equal(codes, expected)


def test_every_flipped_bit_is_named_in_a_file(tmp_path: Path) -> None:
    assert main(["flip", "--flips", "30", "--out", str(tmp_path)]) == 0
    lines = (tmp_path / "sites.txt").read_text().splitlines()
    faulty = Image.load(tmp_path / "faulty.image")
    expected = [f"{position}\t{faulty.site(int(position))}" for position in faulty.flipped()]
    assert lines == expected and len(lines) == 30


def test_a_number_below_zero_and_a_bit_that_no_element_has_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words, said in (
        (["--flips", "-3"], "cannot flip -3 bits; ask for at least 0"),
        (["--bit", "99"], "no element there has a bit 99; elements have 4, 8, 16 or 32 bits"),
        (["--bit", "8", "--section", "weights"], "you can choose 0 to 7"),
        (
            ["--operator", "conv_in", "--section", "embed"],
            "conv_in has nothing in the section embed",
        ),
    ):
        assert main(["flip", *words, "--out", str(tmp_path / "new")]) == 2
        assert said in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_a_fault_is_for_other_commands(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["flip", "--fault", "ber=1e-5"])
    assert "`workbench heal --fault ber=1e-5`" in capsys.readouterr().err
