"""`workbench emulate` with the shipped generator: figures, what it says of them, refusals."""

import json
import os
import shutil
from pathlib import Path

import pytest
from batches import needs_emulator
from voices import voice

from workbench.cli import main
from workbench.commands import emulated_faults
from workbench.experiments.machine_faults.outcomes import OUTCOMES
from workbench.firmware.design import LOG_ENTRIES, LOG_ENTRY_BYTES, LOG_HEAD_BYTES
from workbench.firmware.machine_faults.fault import KINDS
from workbench.generators.challenge import ChallengeGenerator
from workbench.integer.reference import run
from workbench.training.checkpoint_files import shipped_checkpoint


@needs_emulator
def test_emulate_challenge(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The shipped voice on both cores: every sample equal, flips in mid-frame report and mended."""
    figures = tmp_path / "figures.json"
    assert main(["emulate", "--word", "3", "--upsets", "4", "--json", str(figures)]) == 0
    output = capsys.readouterr().out
    assert "Raspberry Pi Pico" in output and "STM32F4DISCOVERY" in output
    report = json.loads(figures.read_text())
    assert [core["core"] for core in report["cores"]] == ["Cortex-M0+", "Cortex-M4"]
    rows = voice().model.config.frames * voice().model.config.samples_per_frame
    for core in report["cores"]:
        assert core["samples_equal"] == 2 * rows
        assert len(core["upsets"]) == 4 and core["wrong_bits_at_end"] == 0
        pages = {upset["position"] // 8 // 256 for upset in core["upsets"]}
        assert {entry["unit"] for entry in core["log"]} == pages
        assert all(entry["verdict"] == "HEALED" for entry in core["log"])
        assert core["healer"]["instructions_per_frame"] < 0.05 * core["instructions_per_frame"]
        sizes = [core["healer"][f"{part}_bytes"] for part in ("log", "variable", "backoff")]
        assert sizes[0] == LOG_HEAD_BYTES + LOG_ENTRIES * LOG_ENTRY_BYTES
        assert all(sizes) and core["healer"]["ram_bytes"] == sum(sizes)
        for board in core["boards"]:
            share = board["share_of_clock"]
            assert f"at least {share:.1%} of the clock" in output
            pace = "too slow" if share > 1 else f"no more than {1 / share:.2f} cycles"
            (line,) = [line for line in output.splitlines() if board["board"] in line]
            assert line.endswith(pace)
    log, variables, waiting = sizes
    assert (
        f"{sum(sizes)} bytes of RAM, {log} of them log, {variables} variables and {waiting} waiting times"
        in output
        and "before the healer came by" not in output
    )
    assert os.listdir(tmp_path) == ["figures.json"]


@needs_emulator
def test_emulate_says_why_bits_are_left(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One page a frame: a word is over long before all of them were seen."""
    figures = tmp_path / "figures.json"
    words = ["emulate", "--word", "7", "--core", "m4", "--pages", "1", "--json", str(figures)]
    assert main(words) == 0
    (core,) = json.loads(figures.read_text())["cores"]
    left = core["wrong_bits_at_end"]
    output = capsys.readouterr().out
    assert left > 0
    assert (
        f"{left} wrong bits left in the working copy: the run ended before the healer came by"
        in output
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--pages", "0"], "--pages is 0; it must be at least 1"),
        (["--upsets", "-1"], "--upsets is -1; it must be at least 0"),
        (["--seed", "-3"], "--seed is -3; it must be at least 0"),
        (["--upsets", "99999999"], "--upsets is 99,999,999 and the working copy has"),
        (["--costs", "--pages", "2"], "--pages has no meaning with --costs"),
        (["--soak", "9", "--core", "m4"], "--core has no meaning with --soak"),
        (["--log", "x"], "--log has no meaning here; leave it out; name one --core for one log"),
        (["--strategy", "abft", "--strategy", "none"], "a second --strategy has no meaning here"),
    ],
)
def test_emulate_names_the_wrong_option(
    capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    assert main(["emulate", *arguments]) == 2
    message = capsys.readouterr().err
    assert words in message and message.count("\n") == 1


@pytest.mark.parametrize("given", [True, False])
def test_emulate_does_not_write_over_its_checkpoint(
    given: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch
) -> None:
    checkpoint = tmp_path / "checkpoint"
    shutil.copytree(shipped_checkpoint(), checkpoint)
    before = (checkpoint / "model.json").read_bytes()
    monkeypatch.setattr(ChallengeGenerator, "checkpoint", lambda _: checkpoint)
    words = ["emulate", "--json", str(checkpoint / "model.json")]
    assert main([*words, *(["--checkpoint", str(checkpoint)] if given else [])]) == 2
    assert "is part of the checkpoint" in capsys.readouterr().err
    assert (checkpoint / "model.json").read_bytes() == before


@needs_emulator
def test_emulate_says_what_is_wrong(capsys: pytest.CaptureFixture[str], monkeypatch) -> None:
    assert main(["emulate", "--word", "eleven"]) == 2
    assert "cannot say 'eleven'" in capsys.readouterr().err
    monkeypatch.setattr("workbench.commands.emulated_core.run_program", lambda program, inputs: {
        program.output: _silence(program, inputs)
    })  # fmt: skip
    assert main(["emulate", "--word", "3", "--core", "m4"]) == 2
    assert "differs from the reference" in capsys.readouterr().err


def _silence(program, inputs):
    return run(program, inputs)[program.output] * 0


@needs_emulator
def test_faults_strike_the_running_firmware(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With and without healer, counted, drawn, and the same again from what an interrupted run kept."""
    figures, picture = tmp_path / "figures.json", tmp_path / "outcomes.png"
    words = ["emulate", "--faults", "8", "--word", "7", "--strategy", "pq-scrub", "--jobs", "1"]
    words += ["--json", str(figures), "--picture", str(picture)]
    healed = [0]

    def strike(setup, kind, seed, flips, numbers):
        if setup.strategy.heals and kind == "skip" and not healed[0]:
            healed[0] += 1
            raise KeyboardInterrupt
        return strike_again(setup, kind, seed, flips, numbers)

    strike_again = emulated_faults.strike
    monkeypatch.setattr(emulated_faults, "strike", strike)
    assert main(words) == 130
    assert "9 finished steps are kept" in capsys.readouterr().err
    struck = []

    def counted(setup, kind, seed, flips, numbers):
        struck.append((setup.strategy.name, kind))
        return strike_again(setup, kind, seed, flips, numbers)

    monkeypatch.setattr(emulated_faults, "strike", counted)
    assert main(words) == 0
    assert struck == [("pq-scrub", "skip"), ("pq-scrub", "repair")]
    output = capsys.readouterr().out
    assert "Cortex-M4: 8 faults of each kind" in output and "reset, then right" in output
    bare, healing = json.loads(figures.read_text())["devices"]
    assert (bare["strategy"], healing["strategy"]) == ("none", "pq-scrub")
    for device, kinds in ((bare, KINDS[:-1]), (healing, KINDS)):
        assert [fault["kind"] for fault in device["faults"]] == [k for k in kinds for _ in range(8)]
        assert list(device["kinds"]) == list(kinds)
        for kind in kinds:
            of_kind = [fault for fault in device["faults"] if fault["kind"] == kind]
            for outcome in OUTCOMES:
                share = device["kinds"][kind][outcome]
                assert share["hits"] == sum(fault["outcome"] == outcome for fault in of_kind)
                assert share["low"] <= share["hits"] / 8 <= share["high"]
    assert not bare["kinds"]["RAM"]["healed"]["hits"] and healing["kinds"]["RAM"]["healed"]["hits"]
    assert picture.read_bytes()[:4] == b"\x89PNG"


@needs_emulator
def test_every_instruction_of_a_function_is_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two in a row; what writes into the log is executed once in the frame in which a weight is repaired."""
    figures = tmp_path / "figures.json"
    words = ["emulate", "--word", "7", "--strategy", "pq-scrub", "--jobs", "1", "--flips", "2"]
    assert main([*words, "--exhaustive", "wb_log_add", "--json", str(figures)]) == 0
    output = capsys.readouterr().out
    assert "every 2 instructions in a row that the frame in which a weight is repaired" in output
    (device,) = json.loads(figures.read_text())["devices"]
    faults = device["faults"]
    assert len(faults) > 5 and [len(fault["more"]) for fault in faults] == [1] * (
        len(faults) - 1
    ) + [0]
    numbers = [fault["instruction"] for fault in faults]
    assert [fault["more"][0]["instruction"] for fault in faults[:-1]] == numbers[1:]
    assert {fault["function"] for fault in faults} == {"wb_log_add"}
    shown = device["functions"]["wb_log_add"]
    assert sum(shown[outcome]["hits"] for outcome in OUTCOMES) == len(faults)
    assert main([*words, "--exhaustive", "wb_log_ad"]) == 2
    assert "no function 'wb_log_ad'; did you mean wb_log_add?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--faults", "0"], "--faults is 0; strike at least 1 of each kind"),
        (["--faults", "--jobs", "0"], "--jobs is 0; it must be at least 1"),
        (["--faults", "3", "--soak", "3"], "--soak and --faults measure different things"),
        (["--faults", "--log", "x"], "--log has no meaning with --faults"),
        (
            ["--faults", "3", "--flips", "0"],
            "--flips is 0; let at least 1 fault strike each device",
        ),
        (["--flips", "2"], "--flips has no meaning here"),
        (
            ["--exhaustive", "wb_act", "--faults", "3"],
            "--faults and --exhaustive measure different things",
        ),
        (
            ["--exhaustive", "wb_act", "--picture", "x"],
            "--picture has no meaning with --exhaustive",
        ),
        (["--picture", "x.png"], "--picture has no meaning here; leave it out"),
        (["--costs", "--jobs", "2"], "--jobs has no meaning with --costs"),
        (["--faults", "3", "--word", "eleven"], "cannot say 'eleven'"),
    ],
)
def test_faults_name_the_wrong_option(
    capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    assert main(["emulate", *arguments]) == 2
    message = capsys.readouterr().err
    assert words in message and message.count("\n") == 1
