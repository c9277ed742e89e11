"""A generator from outside of the package goes through every command, as the ones that ship do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from face_example import run_example, same_trial
from tones import RATE_HZ, SAMPLES_A_FRAME, Tones, TonesConfig

import workbench as wb
from workbench.audio.sound_files import read_audio, write_wav
from workbench.cli import main
from workbench.errors import WorkbenchError
from workbench.experiments.voices.voice import Voice, open_voice
from workbench.generators import generator_registry as registry
from workbench.generators.generator_registry import generator_named, names

HERE = Path(__file__).parent
pytestmark = pytest.mark.usefixtures("registered")
needs_emulator = pytest.mark.skipif(
    not find_spec("unicorn") or not find_spec("ziglang"), reason="needs the extra mcu"
)


@pytest.fixture(scope="module")
def voice(folder: Path) -> Voice:
    return open_voice(folder)


def test_it_is_trained_and_lowered_exactly(
    of: list[str], voice: Voice, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert voice.utterances == ("low", "middle", "high") and voice.program.name == "tones"
    assert voice.sample_rate_hz == RATE_HZ
    assert len(voice.speak("low")) == 24 * SAMPLES_A_FRAME == 24 * voice.frame_s * RATE_HZ
    assert not np.array_equal(voice.speak("low"), voice.speak("high"))
    losses = voice.metadata["losses"]
    assert np.mean(losses[-5:]) < np.mean(losses[:5]) / 2
    assert main(["lower", *of, "--out", str(tmp_path / "t.program")]) == 0
    assert "5,760 codes of 3 tones are what Brevitas computes" in capsys.readouterr().out


def test_it_is_measured_by_its_own_measures(
    of: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["measure", *of, "--json", str(tmp_path / "m.json")]) == 0
    said = capsys.readouterr().out
    assert said.split()[:2] == ["nearest", "log_mel_db"] and "pesq" not in said
    figures = json.loads((tmp_path / "m.json").read_text())
    assert figures["recordings"]["nearest"] == 1.0 and figures["recordings"]["log_mel_db"] == 0.0
    assert figures["checkpoint"]["pesq_nb"] is figures["checkpoint"]["recognised"] is None
    assert ("log_mel_db of checkpoint falls short" in said) == (
        figures["checkpoint"]["log_mel_db"] > 20
    )
    for command in (["measure", *of, "--classes"], ["campaign", *of, "--fault", "flips=1", "--listen", "1"]):  # fmt: skip
        assert main(command) == 2
        assert "the generator tones makes no speech" in capsys.readouterr().err


def test_it_is_flipped_and_replayed(
    of: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["flip", *of, "--word", "a high tone", "--flips", "5", "--out", str(tmp_path)]) == 0
    identifier = capsys.readouterr().out.split("replay: ")[1].split("\n")[0]
    again = tmp_path / "again.wav"
    assert main(["replay", identifier, *of[1:], "--out", str(again)]) == 0
    assert "saying 'a high tone'" in capsys.readouterr().out
    assert again.read_bytes() == (tmp_path / "after.wav").read_bytes()
    assert len(read_audio(again, sample_rate_hz=RATE_HZ)) == 24 * SAMPLES_A_FRAME
    assert main(["flip", *of, "--word", "hihg", "--out", str(tmp_path)]) == 2
    assert "cannot say 'hihg'; did you mean high?" in capsys.readouterr().err


@pytest.mark.usefixtures("rough_pictures")
def test_it_is_attacked_and_mapped(
    of: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, few = tmp_path / "campaign", ["--words", "low"]
    campaign = ["campaign", *of, *few, "--exhaustive", "--log-mel", "2", "--jobs", "1"]
    assert main([*campaign, "--out", str(out)]) == 0
    assert "20,248 trials" in capsys.readouterr().out
    assert main(["map", str(out), *of[1:], "--out", str(tmp_path / "map")]) == 0
    assert main(["estimate", *of, *few, "--half-width", "0.02"]) == 0
    assert (
        main(["worst", *of, *few, "--bits", "1", "--jobs", "1", "--out", str(tmp_path / "worst")])
        == 0
    )
    assert "'a low tone': SNR" in capsys.readouterr().out


def test_it_is_healed_compared_and_lives(
    of: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["heal", *of, "--words", "low,high", "--out", str(tmp_path / "heal")]) == 0
    heal = json.loads((tmp_path / "heal" / "heal.json").read_text())
    assert [row["utterance"] for row in heal["utterances"]] == ["low", "high"] and heal["log"]
    sound = read_audio(tmp_path / "heal" / "healed.wav", sample_rate_hz=RATE_HZ)
    assert len(sound) == 48 * SAMPLES_A_FRAME
    fleet = ["--devices", "2", "--jobs", "1"]
    live = ["lifetime", *of, *fleet, "--words", "4", "--strategy", "none", "--speed", "1e6"]
    assert main(live) == 0
    assert "upsets" in capsys.readouterr().out


@needs_emulator
def test_it_is_compared_and_runs_on_an_emulated_core(
    of: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    compare = [
        "compare",
        *of,
        "--devices",
        "2",
        "--words",
        "3",
        "--environment",
        "single",
        "--jobs",
        "1",
    ]
    compare += [
        "--strategy",
        "none",
        "--strategy",
        "crc-scrub",
        "--out",
        str(tmp_path / "compared"),
    ]
    assert main(compare) == 0
    assert main(["emulate", *of, "--core", "m4", "--word", "low", "--upsets", "1"]) == 0
    assert "equal to the reference" in capsys.readouterr().out


@needs_emulator
def test_it_is_exported_and_agrees(
    of: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", *of, "--out", str(tmp_path / "firmware")]) == 0
    readme = (tmp_path / "firmware" / "README.md").read_text()
    assert "in_pitch[0] = 2; /* which tone: see the table below */" in readme
    assert "in_age[0] = (int32_t)frame;" in readme and "| 1 | a middle tone |" in readme
    assert "32 samples of sound at 8,000 Hz" in readme
    assert main(["agree", *of, "--strategy", "crc-scrub", "--schedules", "1", "--frames", "4"]) == 0
    assert "agree in every sample" in capsys.readouterr().out


def test_it_goes_through_the_public_face(folder: Path, tmp_path: Path) -> None:
    assert "tones" in wb.generator_names()
    voice = wb.load(folder)
    assert voice.image(healer="none") is voice.image()
    run_example(voice, tmp_path, utterance="a high tone", operator="up", board=None)
    same_trial(voice, "low")
    with pytest.raises(wb.WorkbenchError, match="the generator tones ships no checkpoint"):
        wb.load("tones")


def test_the_name_on_the_command_line_is_used(
    of: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["flip", "challenge", *of[1:], "--out", str(tmp_path)]) == 2
    assert "is of the generator tones, not of challenge" in capsys.readouterr().err
    assert main(["flip", "tones"]) == 2
    assert "the generator tones ships no checkpoint" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["flip", "tonse"])
    assert "there is no generator 'tonse'; did you mean tones?" in capsys.readouterr().err
    assert main(["train", "tones", "--trunk-bits", "4", "--out", str(tmp_path / "t")]) == 2
    assert "the generator tones has no trunk_weight_bits" in capsys.readouterr().err
    assert main(["train", "tones", "--preset", "long", "--out", str(tmp_path / "t")]) == 2
    assert "the generator tones has no preset 'long'" in capsys.readouterr().err


def test_fields_of_its_configuration_can_be_chosen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["train", "tones", "--preset", "tiny", "--out", str(tmp_path / "c")]
    assert main([*command, "--set", "channels=4", "--set", "frames=6"]) == 0
    assert open_voice(tmp_path / "c").config == TonesConfig(("low", "middle", "high"), 6, 4)
    for wrong, message in (
        (["frames"], "is not FIELD=VALUE"),
        (["frames=six"], "is not FIELD=VALUE"),
        (["frames=6", "frames=7"], "each field once"),
        (["frame=6"], "the generator tones has no frame; did you mean frames?"),
        (['frames="6"'], "cannot be built with frames '6'"),
        (['names=["low", "deep"]'], "there is no recording of 'deep'"),
        (["frames=1e9"], "cannot be built with frames 1000000000.0"),
    ):
        options = [part for text in wrong for part in ("--set", text)]
        assert main([*command, *options]) == 2
        assert message in capsys.readouterr().err


def test_a_checkpoint_of_a_generator_that_is_not_registered_is_told(
    of: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(registry, "_registered", {})
    for command in (
        ["measure"],
        ["lower"],
        ["flip"],
        ["heal"],
        ["train", "--code-words", "in-place64"],
    ):
        option = "--start" if command[0] == "train" else "--checkpoint"
        assert main([*command, option, of[2]]) == 2
        said = capsys.readouterr().err
        assert "of the generator 'tones', which is not registered here" in said
        assert said.count("\n") == 1


def _site(folder: Path, entry: str) -> dict[str, str]:
    """An environment in which the package of an entry point is installed."""
    info = folder / "tones-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tones\nVersion: 1\n")
    (info / "entry_points.txt").write_text(f"[{registry.GROUP}]\n{entry}\n")
    paths = [str(folder), str(HERE), str(HERE.parents[1])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def test_an_entry_point_is_enough(folder: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "workbench", "flip", "tones", "--checkpoint", str(folder)]
    environment = _site(tmp_path / "site", "tones = tones:Tones")
    done = subprocess.run(
        [*command, "--out", str(tmp_path)], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "before.wav").exists()


def test_an_entry_point_that_cannot_be_used_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _site(tmp_path, "broken = no_such_module:Tones\npi = math:pi\nother = tones:Tones")
    monkeypatch.syspath_prepend(tmp_path)
    assert {"challenge", "tones", "broken", "pi", "other"} <= set(names())
    assert generator_named("tones").name == "tones"
    with pytest.raises(
        WorkbenchError, match=r"'broken' .*cannot be imported \(ModuleNotFoundError"
    ):
        generator_named("broken")
    for name in ("pi", "other"):
        with pytest.raises(WorkbenchError, match="is no Generator of this name"):
            generator_named(name)


def test_naming_and_encoding_need_no_torch() -> None:
    code = """
import sys
from workbench.generators.generator_registry import generator_named, names, register
from tones import Tones, TonesConfig
tones = register(Tones())
tones.encode(TonesConfig(("low",)), ["low"]), names(), generator_named("challenge")
sys.exit("torch" in sys.modules)
"""
    paths = os.pathsep.join([str(HERE), str(HERE.parents[1])])
    environment = {**os.environ, "PYTHONPATH": paths}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)


def test_a_folder_of_its_own_rate_is_learned(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tone = np.sin(np.arange(24 * SAMPLES_A_FRAME) / 3)
    for name in ("one", "two"):
        write_wav(tmp_path / "mine" / f"{name}.wav", tone, RATE_HZ)
    command = ["train", "tones", "--preset", "tiny", "--data", str(tmp_path / "mine")]
    assert main([*command, "--out", str(tmp_path / "c")]) == 0
    assert open_voice(tmp_path / "c", tmp_path / "mine").utterances == ("one", "two")
    write_wav(tmp_path / "mine" / "three.wav", tone, 16_000)
    assert main([*command, "--out", str(tmp_path / "d")]) == 2
    assert "three.wav is sampled at 16000 Hz" in capsys.readouterr().err


def test_a_rate_that_the_network_does_not_have_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Tones, "sample_rate_hz", 16_000)
    assert main(["lower", "tones", "--checkpoint", str(folder)]) == 2
    assert "gives 8,000 samples a second and the generator says 16,000" in capsys.readouterr().err


def test_panels_work_with_it(voice: Voice) -> None:
    from workbench.panels.compare_healing import HealingPanel
    from workbench.panels.hear_flips import FlipPanel

    panel = FlipPanel(voice)
    assert panel.controls["word"].description == "Tone"
    assert panel.outcome.player.sample_rate_hz == HealingPanel(voice).player.sample_rate_hz == 8_000
    assert "heard = wb.hear(voice, 'low', " in panel.snippet.code
