"""The comparison: pairs, fronts, records that are found again, and the command from end to end."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.audio.sound_files import read_audio
from workbench.cli import main
from workbench.errors import WorkbenchError
from workbench.experiments.fleets import comparison as compare
from workbench.experiments.fleets.comparison import ENVIRONMENTS, with_differences, workload_of
from workbench.experiments.fleets.comparison_pictures import pareto
from workbench.experiments.fleets.fleet_run import FleetRun
from workbench.experiments.parallel.workers import Workers
from workbench.experiments.voices.voice import open_voice
from workbench.firmware.emulation.costs import known_cost
from workbench.healing.strategies.named import named
from workbench.healing.strategies.restriction import restricted_program
from workbench.healing.strategies.strategy import Guard, Strategy
from workbench.healing.strategies.variants import NAMES, strategy_variant
from workbench.integer.reference import run
from workbench.memory.faults.protection import ProtectionMask
from workbench.memory.image import Image
from workbench.memory.watches.areas import Area
from workbench.training.checkpoint_files import shipped_checkpoint

POINTS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=20)


@given(points=POINTS)
def test_the_front_is_what_nobody_beats(points: list[tuple[float, float]]) -> None:
    front = pareto(points)
    for number, (x, y) in enumerate(points):
        beaten = any(a <= x and b <= y and (a < x or b < y) for a, b in points)
        assert (number in front) != beaten


def test_differences_are_paired_by_device() -> None:
    def record(name: str, harm: list[float]) -> dict:
        return {"strategy": name, "environment": "single", "harm_of_devices": harm}

    noise = np.random.default_rng(1).random(50)
    records = [record("crc-scrub", noise.tolist()), record("other", (noise + 0.01).tolist())]
    own, other = (each["difference"] for each in with_differences(records))
    assert own == {"mean": 0, "low": 0, "high": 0}
    assert other["low"] == pytest.approx(0.01) == other["high"]  # though devices differ by far more
    assert with_differences(records[1:])[0]["difference"] is None


def test_one_device_tells_nothing_about_others() -> None:
    pair = [
        {"strategy": name, "environment": "single", "harm_of_devices": [harm]}
        for name, harm in (("crc-scrub", 0.1), ("other", 0.3))
    ]
    difference = with_differences(pair)[1]["difference"]
    assert (
        difference["mean"] == pytest.approx(0.2) and difference["low"] is difference["high"] is None
    )


def test_an_attack_needs_its_bits() -> None:
    with pytest.raises(WorkbenchError, match="needs 5 bits and has 2; look for them"):
        workload_of(ENVIRONMENTS["adversarial"], devices=1, utterances=1, seed=0, worst=(1, 2))


def test_range_restriction_is_not_heard_while_all_is_well() -> None:
    voice = open_voice()
    inputs = [voice.inputs(word) for word in voice.utterances[:2]]
    narrow = restricted_program(voice.program, inputs)
    assert narrow.content_hash != voice.program.content_hash
    for word in inputs:
        made, expected = (run(p, word)[p.output] for p in (narrow, voice.program))
        np.testing.assert_array_equal(made, expected)


def test_strategy_variants_and_masks(tmp_path: Path) -> None:
    voice = open_voice()
    ProtectionMask.of(voice.image(), np.array([5, 90_000])).save(tmp_path / "two.mask")
    strategy, program = strategy_variant("triple", voice.program, {}, tmp_path / "two.mask")
    assert strategy.areas[0].addresses == (5, 90_000) and program is voice.program
    by_bias, _ = strategy_variant("triple", voice.program, {})
    image = Image.of(voice.program)
    names = {image.site(8 * a).tensor for a in by_bias.areas[0].addresses}
    assert names == {"bias"}
    with pytest.raises(WorkbenchError, match="no strategy 'hope'"):
        strategy_variant("hope", voice.program, {})


def test_compare_goes_on_where_it_was(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    words = ["compare", "challenge", "--devices", "2", "--words", "3", "--out", str(tmp_path),
             "--jobs", "1", "--environment", "single", "--environment", "ber",
             "--json", str(tmp_path / "all.json")]  # fmt: skip
    for name in ("none", "crc-scrub", "abft", "in-place64", "range"):
        words += ["--strategy", name]
    assert main(words) == 0
    output = capsys.readouterr().out
    records = json.loads((tmp_path / "all.json").read_text())
    assert len(records) == 10
    names = [path.name for path in (tmp_path / "records").iterdir()]
    assert sum(name.split("-")[-2] in ("single", "ber") for name in names) == 10
    by_name = {(r["strategy"], r["environment"]): r for r in records}
    assert by_name["crc-scrub", "ber"]["harm"] < by_name["none", "ber"]["harm"]
    assert by_name["none", "single"]["device"]["instructions"] == 0
    assert by_name["abft", "ber"]["verdicts"]["healed"] > 10
    assert by_name["in-place64", "single"]["memory"]["check_bytes"] == 0
    for record in records:
        assert sum(record["quality"].values()) == pytest.approx(1)
        assert record["device_s"] == pytest.approx(2 * 3 * 0.768)
    assert len(re.findall(r"^none ", output, re.MULTILINE)) == 2
    for name in ("harm", "costs", "timelines"):
        assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    clean, healed = (read_audio(tmp_path / f"{name}.wav") for name in ("clean", "crc-scrub"))
    assert len(clean) == len(healed) == 3 * 12_288

    request.getfixturevalue("rough_pictures")
    torn = next((tmp_path / "records").glob("none-single-*"))
    torn.write_text(torn.read_text()[:99])  # it alone is simulated again
    simulate_fleets = compare.simulate_fleets

    def of_one(runs: list[FleetRun], workers: Workers, **more: Any) -> Any:
        assert [run.strategy.name for run in runs] == ["none"]
        return simulate_fleets(runs, workers, **more)

    monkeypatch.setattr(compare, "simulate_fleets", of_one)
    assert main(words) == 0
    assert json.loads((tmp_path / "all.json").read_text()) == records


def test_costs_are_those_of_the_very_firmware() -> None:
    voice = open_voice()
    assert known_cost(voice.program, named("crc-scrub"), "m4").strategy == "crc-scrub"
    other = Strategy("crc-scrub", (Guard(Area("crc32", unit_bytes=64)),))
    assert known_cost(voice.program, other, "m4") is None
    int4 = open_voice(shipped_checkpoint("int4"))
    assert known_cost(int4.program, named("crc-scrub"), "m4") is None


def test_lifetime_tells_years(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["lifetime", "challenge", "--devices", "2", "--days", "20", "--jobs", "1",
             "--json", str(tmp_path / "l.json")]  # fmt: skip
    assert main(words) == 0
    output, record = capsys.readouterr().out, json.loads((tmp_path / "l.json").read_text())
    assert "device-years a second" in output and "single faults (low-earth-orbit): " in output
    assert record["device_s"] == pytest.approx(2 * 20 * 86_400, rel=1e-4)
    assert record["upsets"] > 0 and record["wrong_bits_left"] == 0 and record["availability"] > 0.99
    frames, samples = record["detection_frames"], record["detection_samples"]
    assert samples == pytest.approx(128 * frames) == pytest.approx(16_000 * record["detection_s"])
    cost = known_cost(open_voice().program, named("pq-scrub"), "m4")
    assert record["frames"] == pytest.approx(record["device_s"] * 125)
    assert record["spent"]["instructions"] >= round(cost.instructions * record["frames"])
    assert "healing took" in output


def test_a_word_of_a_life_is_heard(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "then.wav"
    words = ["lifetime", "--devices", "2", "--words", "30", "--rate", "0.2", "--hear", "1:29"]
    assert main([*words, "--out", str(out)]) == 0
    output = capsys.readouterr().out
    assert len(read_audio(out)) == 12_288
    assert re.search(r"device 1 says '\d' as its word 29, with \d+ bits wrong", output)
    assert "memory upset, " in output
    for wrong, sentence in (("1", "write DEVICE:WORD"), ("2:0", "no device 2 in this workload")):
        assert main([*words[:-1], wrong]) == 2
        assert sentence in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["compare", "--devices", "0"], "--devices is 0; it must be at least 1"),
        (["lifetime", "--speed", "0"], "--speed is 0"),
        (["lifetime", "--rate", "often"], "'often' is no rate of upsets"),
        (["lifetime", "--words", "0"], "utterances cannot be 0"),
        (["lifetime", "--days", "nan"], "--days is nan"),
        (["lifetime", "--days", "-3"], "--days is -3"),
        (["lifetime", "--jobs", "0"], "--jobs is 0; it must be at least 1"),
        (["compare", "--jobs", "-2"], "--jobs is -2"),
    ],
)
def test_mistakes_are_one_sentence(
    words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    message = capsys.readouterr().err
    assert sentence in message and message.count("\n") == 1


def test_names_are_known() -> None:
    assert len(NAMES) >= 14
