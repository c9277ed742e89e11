"""`workbench replay`: any trial of any model, named event by event; mistakes in one sentence."""

from pathlib import Path

import numpy as np
import pytest

from workbench.audio.sound_files import wav_bytes
from workbench.cli import main
from workbench.experiments.voices.voice import open_voice
from workbench.memory.faults.plan import Plan, TrialId
from workbench.memory.faults.protection import ProtectionMask
from workbench.memory.faults.transients import Sites
from workbench.memory.trials.truth import play


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        ("transient=6,frames=96,seed=2", ["not stored", "accumulator[", "frame "]),
        (
            "each=set,frame=5,section=state",
            ["frame 5: stuck at 1", ".history[", "row 0, input 0"],
        ),
        ("stuck=3,at=0,section=table+shift+bias", ["stuck at 0", "address"]),
        ("arrive=low-earth-orbit,frames=96,speed=1e9", ["frame "]),
        ("mbu=4,section=golden", ["golden copy of ", "masked: every sample is the same"]),
        ("flips=0,seed=1", ["events: 0", "SNR inf dB"]),
    ],
)
def test_trials_of_every_kind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], plan: str, expected: list[str]
) -> None:
    image = open_voice().image()
    trial = TrialId.of(image, "5", Plan.parse(plan), 0)
    out = tmp_path / "x.wav"
    assert main(["replay", str(trial), "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert all(words in said for words in expected), said
    codes = play(image, open_voice().inputs("5"), trial.plan.events(Sites(image), np.array([0])))
    assert out.read_bytes() == wav_bytes(image.program.sound(codes))


def test_the_shipped_voice_is_found_by_the_memory_that_the_trial_hit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image = open_voice(generator="viseme").image()
    trial = TrialId.of(image, "5", Plan.parse("bits=77"), 0)
    assert main(["replay", str(trial), "--out", str(tmp_path / "x.csv")]) == 0
    assert "saying 'five'" in capsys.readouterr().out


def test_earlier_flips_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image = open_voice().image().flip([77, 78])
    image.save(tmp_path / "faulty.image")
    trial = TrialId.of(image, "5", Plan.parse("bits=77"), 0)
    faulty = ["--image", str(tmp_path / "faulty.image"), "--out", str(tmp_path / "x.wav")]
    assert main(["replay", str(trial), *faulty]) == 0
    assert "events: 1, after 2 bits that the image had flipped already" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("trial", "words"),
    [
        ("nonsense", "not the identifier of a trial"),
        ("", "not the identifier of a trial"),
        ("0123456789ab,word=3,flips=1,seed=1,plan=7,trial=0", "has the hash"),
        (str(TrialId("0123456789ab", "3", Plan.parse("flips=1"), 0)), "belongs to image"),
    ],
)
def test_mistakes_are_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], trial: str, words: str
) -> None:
    assert main(["replay", trial, "--out", str(tmp_path / "x.wav")]) == 2
    refused = capsys.readouterr().err
    assert words in refused and refused.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_word_it_cannot_say_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trial = TrialId.of(open_voice().image(), "zebra", Plan.parse("flips=1"), 0)
    assert main(["replay", str(trial), "--out", str(tmp_path / "x.wav")]) == 2
    assert "zebra" in capsys.readouterr().err


def test_a_trial_under_a_protection_mask(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image = open_voice().image()
    mask = ProtectionMask.of(image, np.arange(0, image.layout.working_bytes, 2))
    mask.save(tmp_path / "half.mask")
    plan = Plan.parse("ber=1e-4,seed=5")
    trial = str(TrialId.of(image, "5", plan, 0, mask=mask))
    assert TrialId.parse(trial).protection == mask.digest
    options = ["--out", str(tmp_path / "x.wav"), "--protect", str(tmp_path / "half.mask")]
    assert main(["replay", trial, *options]) == 0
    events = mask.drop(plan.events(Sites(image), np.array([0])))
    assert f"events: {len(events.position)}\n" in capsys.readouterr().out
    codes = play(image, open_voice().inputs("5"), events)
    assert (tmp_path / "x.wav").read_bytes() == wav_bytes(image.program.sound(codes))
    assert main(["replay", trial, *options[:2]]) == 2
    assert f"under the protection mask {mask.digest}" in capsys.readouterr().err
    assert main(["replay", str(TrialId.of(image, "5", plan, 0)), *options]) == 2
    assert "without a protection mask" in capsys.readouterr().err
