"""Checkpoints: what was saved comes back, what does not belong together is refused by name."""

import hashlib
import json
import shlex
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load, save
from voices import voice

from workbench.audio.metrics import MetricUnavailable
from workbench.cli import main
from workbench.errors import WorkbenchError
from workbench.experiments.voices.quality import (
    mean_quality,
    quality_of_recordings,
    quality_of_voice,
)
from workbench.experiments.voices.script import script_of
from workbench.generators.challenge import GENERATOR
from workbench.generators.challenge.configuration import ChallengeConfig
from workbench.generators.challenge.network import Challenge
from workbench.generators.layers import tensor_value
from workbench.integer.lowered_generator import lower_generator
from workbench.sealed import digest_of, write_sealed
from workbench.training.checkpoint import load_checkpoint, save_checkpoint
from workbench.training.checkpoint_files import read_metadata, record_measured, shipped_checkpoint
from workbench.training.float_twin import float_twin
from workbench.training.progress import PROGRESS_FILE
from workbench.training.train import calibrate

CONFIG = ChallengeConfig(
    words=("a", "b"), frames=8, channels=(8, 8, 4), trunk_dilations=(4,), upper_dilations=(1,)
)


def words_of(model: Challenge) -> torch.Tensor:
    with torch.no_grad():
        return tensor_value(model(**GENERATOR.tensors(model.config, model.config.words)))[:, 0]


def _save(folder: Path) -> None:
    torch.manual_seed(3)
    model = Challenge(CONFIG, quantised=True)
    calibrate(model, GENERATOR.tensors(model.config, model.config.words))
    save_checkpoint(GENERATOR, model.eval(), {"seed": 3}, folder)


@pytest.fixture
def saved(made_once, tmp_path: Path) -> Path:
    """A copy of its own; calibrating takes long."""
    return shutil.copytree(made_once("checkpoint", _save), tmp_path, dirs_exist_ok=True)


def test_it_speaks_the_same_after_loading(saved: Path) -> None:
    first, metadata = load_checkpoint(saved)
    second, _ = load_checkpoint(saved)
    assert first.config == CONFIG and metadata["seed"] == 3
    assert words_of(first).abs().max() > 0
    assert torch.equal(words_of(first), words_of(second))
    record_measured(saved, {"pesq_nb": 1.5})
    assert load_checkpoint(saved)[1]["measured"] == {"pesq_nb": 1.5}


def test_figures_do_not_replace_the_checkpoint(
    saved: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    metadata = saved / "model.json"
    before = metadata.read_text()
    assert main(["measure", "--checkpoint", str(saved), "--json", str(metadata)]) == 2
    assert "is part of the checkpoint" in capsys.readouterr().err
    assert metadata.read_text() == before


def edit(folder: Path, **changes: object) -> None:
    """Change the metadata and seal it again, as no accident does."""
    write_sealed(folder / "model.json", {**metadata_of(folder), **changes})


def metadata_of(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "model.json").read_text())


def meant(folder: Path, **changes: object) -> None:
    """Change the configuration, and all that proves it."""
    config = {**metadata_of(folder)["config"], **changes}
    digest = digest_of({"generator": "challenge", "config": config})
    weights = folder / "model.safetensors"
    weights.write_bytes(save(load(weights.read_bytes()), {"configuration_sha256": digest}))
    checksum = hashlib.sha256(weights.read_bytes()).hexdigest()
    edit(folder, config=config, weights_sha256=checksum)


def test_what_does_not_belong_together_is_refused(saved: Path, tmp_path: Path) -> None:
    weights = saved / "model.safetensors"
    whole = weights.read_bytes()
    for damaged in (whole[:-1], whole[:100], b"", whole[:-1] + bytes([whole[-1] ^ 1])):
        weights.write_bytes(damaged)
        with pytest.raises(WorkbenchError, match="checksum differs"):
            load_checkpoint(saved)
    weights.write_bytes(whole)
    edit(saved, format_version=3)
    with pytest.raises(WorkbenchError, match="format version 3"):
        load_checkpoint(saved)
    edit(saved, format_version=[])
    with pytest.raises(WorkbenchError, match=r"format version \[\]"):
        load_checkpoint(saved)
    edit(saved, generator=["piano"])
    with pytest.raises(WorkbenchError, match="does not describe"):
        read_metadata(saved)
    (saved / "model.json").write_text("{")
    with pytest.raises(WorkbenchError, match="not valid JSON"):
        read_metadata(saved)
    (saved / "model.json").write_text("[" * 100_000)
    with pytest.raises(WorkbenchError, match="not valid JSON"):
        read_metadata(saved)
    (saved / "model.json").write_text('{"a": ' + "[" * 40 + "]" * 40 + "}")
    with pytest.raises(WorkbenchError, match="nested more than 32 deep"):
        read_metadata(saved)
    with pytest.raises(WorkbenchError, match="no checkpoint in"):
        read_metadata(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"trunk_weight_bits": 8', '"trunk_weight_bits": 4'),
        ('"a",\n   "b"', '"b",\n   "a"'),
        ('"a"', '"c"'),
        ('   4\n  ],\n  "upper', '   5\n  ],\n  "upper'),
        ('"seed": 3', '"seed": 4'),
        ('"config": {', '"config": {"frames": 8,'),  # the same again, which changes nothing
    ],
)
def test_edited_metadata_are_refused(saved: Path, old: str, new: str) -> None:
    """Also where the weights would fit: another order of the words, dilations, weight bits."""
    path = saved / "model.json"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    if json.loads(path.read_text()) == json.loads(text):
        assert load_checkpoint(saved)[0].config == CONFIG
        return
    with pytest.raises(WorkbenchError, match=r"model\.json was edited since it was written"):
        load_checkpoint(saved)
    with pytest.raises(WorkbenchError, match="was edited"):
        record_measured(saved, {})
    write_sealed(path, json.loads(path.read_text()))
    if '"seed"' in old:  # tells how the weights came about, not what they mean
        return
    with pytest.raises(
        WorkbenchError, match=r"not the one that model\.safetensors .* trained with"
    ):
        load_checkpoint(saved)


def test_files_of_two_checkpoints_do_not_mix(saved: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    torch.manual_seed(4)
    model = Challenge(replace(CONFIG, words=("b", "a")), quantised=True)
    calibrate(model, GENERATOR.tensors(model.config, model.config.words))
    save_checkpoint(GENERATOR, model.eval(), {"seed": 3}, other)
    (other / "model.safetensors").write_bytes((saved / "model.safetensors").read_bytes())
    with pytest.raises(WorkbenchError, match="checksum differs"):
        load_checkpoint(other)


def test_reformatted_metadata_are_the_same(saved: Path) -> None:
    path = saved / "model.json"
    path.write_text(json.dumps(json.loads(path.read_text()), sort_keys=True))
    assert load_checkpoint(saved)[0].config == CONFIG


def test_weights_that_are_too_few_are_refused_before_memory_is_asked_for(saved: Path) -> None:
    meant(saved, frames=9)
    with pytest.raises(WorkbenchError, match=r"does not fit the configuration in .*size mismatch"):
        load_checkpoint(saved)
    meant(saved, frames=8, upsampling=[1024, 1024, 8], channels=[1024, 1024, 1024])
    with pytest.raises(WorkbenchError, match=r"does not fit the configuration .*it is too small"):
        load_checkpoint(saved)
    meant(saved, colour=1)
    with pytest.raises(WorkbenchError, match="bad configuration"):
        load_checkpoint(saved)


def earlier(folder: Path) -> None:
    """As the first format had it: the same without digests of the configuration."""
    weights = folder / "model.safetensors"
    weights.write_bytes(save(load(weights.read_bytes())))
    metadata = {key: value for key, value in metadata_of(folder).items() if key != "sha256"}
    checksum = hashlib.sha256(weights.read_bytes()).hexdigest()
    (folder / "model.json").write_text(
        json.dumps({**metadata, "format_version": 1, "weights_sha256": checksum})
    )


def test_a_checkpoint_of_the_first_format_is_sealed_on_request(
    saved: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program = lower_generator(GENERATOR, load_checkpoint(saved)[0]).program.content_hash
    metadata = metadata_of(saved)
    earlier(saved)
    with pytest.raises(WorkbenchError, match="workbench seal") as refusal:
        load_checkpoint(saved)
    words = shlex.split(str(refusal.value).split("`")[1])
    assert main(words[1:]) == 0
    assert program[:12] in capsys.readouterr().out
    sealed = metadata_of(saved)
    assert sealed.pop("program_sha256") == program
    assert sealed | {"sha256": ""} == metadata | {"sha256": ""}
    assert lower_generator(GENERATOR, load_checkpoint(saved)[0]).program.content_hash == program
    assert main(words[1:]) == 2
    assert "is under a digest already" in capsys.readouterr().err
    earlier(saved)
    weights = saved / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    assert main(words[1:]) == 2
    assert "checksum differs" in capsys.readouterr().err
    assert main(["seal", str(saved.parent / "nowhere")]) == 2
    assert "neither a checkpoint" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("frames", "x"), ("frames", 8.0), ("frames", 10**9), ("frames", True), ("embedding", 0),
        ("embedding", None), ("channels", [8]), ("channels", 8), ("channels", [8, 8, -4]),
        ("channels", [8, 8, "4"]), ("upsampling", [4]), ("trunk_dilations", [1, 0, 4]),
        ("trunk_dilations", 3), ("trunk_dilations", [1] * 65), ("upper_dilations", [[1], 3]), ("trunk_weight_bits", 5),
        ("trunk_weight_bits", [8]), ("words", None), ("words", "ab"), ("words", ["a", 1]),
        ("words", ["a", "a"]), ("words", []), ("words", [["a"], ["b"]]),
    ],
)  # fmt: skip
def test_an_impossible_configuration_is_refused_by_name(
    saved: Path, field: str, value: object
) -> None:
    meant(saved, **{field: value})
    with pytest.raises(WorkbenchError, match=rf"model\.json: bad configuration \({field} is "):
        load_checkpoint(saved)


def test_stages_of_two_numbers_are_refused(saved: Path) -> None:
    meant(saved, channels=[8, 8])
    with pytest.raises(
        WorkbenchError, match=r"bad configuration \(channels \[8, 8\] and upsampling .*stages"
    ):
        load_checkpoint(saved)


def test_a_word_that_was_not_taught_is_refused_by_name() -> None:
    with pytest.raises(WorkbenchError, match=r"cannot say 'c'; choose one of a, b$"):
        GENERATOR.encode(CONFIG, ["a", "c"])


def test_the_float_twin_is_close_and_not_the_same() -> None:
    model = voice().model
    quantised, plain = words_of(model), words_of(float_twin(GENERATOR, model))
    noise = (plain - quantised).square().mean()
    assert 5 < 10 * torch.log10(plain.square().mean() / noise) < 40


def test_a_training_that_is_not_finished_is_told_from_no_checkpoint(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / PROGRESS_FILE).write_bytes(b"")
    assert main(["measure", "--checkpoint", str(tmp_path)]) == 2
    message = capsys.readouterr().err
    assert f"the training in {tmp_path} is not finished" in message and "goes on" in message


def test_words_are_known_by_what_is_said() -> None:
    assert [voice().utterance(text) for text in ("7", "seven", "zebra")] == ["7", "7", "zebra"]
    for name, rows in voice().inputs("7").items():
        np.testing.assert_array_equal(voice().inputs("seven")[name], rows)
    assert script_of(voice(), ["three", "1"]).utterances == ("3", "1")
    with pytest.raises(WorkbenchError, match="cannot say 'zebra'"):
        voice().inputs("zebra")


def test_a_word_that_has_no_value_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def short(test: np.ndarray, reference: np.ndarray, **_: int) -> float:
        if np.array_equal(reference, voice().recording("4")):
            raise MetricUnavailable("it is too short")
        return 1.0

    def missing(test: np.ndarray, reference: np.ndarray, **_: int) -> float:
        raise MetricUnavailable("its package is missing")

    monkeypatch.setattr("workbench.experiments.voices.quality.pesq_nb", short)
    monkeypatch.setattr("workbench.experiments.voices.quality.stoi", missing)
    quality = quality_of_recordings(voice())
    assert (quality.pesq_nb, quality.stoi, quality.log_mel_db) == (1.0, None, 0.0)
    assert quality.left_out == {"pesq_nb": {"4": "it is too short"}}
    assert quality.absent["stoi"] == "its package is missing"
    assert main(["measure", "--checkpoint", str(shipped_checkpoint())]) == 0
    output = capsys.readouterr().out
    assert output.count("pesq_nb of seed0, recordings is without '4' (it is too short)\n") == 1
    assert "stoi has no value; its package is missing\n" in output


def test_recordings_of_other_words_are_asked_for_by_option() -> None:
    stranger = replace(voice(), recordings={"a": np.zeros(9, np.float32)})
    with pytest.raises(WorkbenchError, match=r"no recording of '3' among the 1 given; .*--data"):
        stranger.recording("3")


def test_the_shipped_voice_speaks_as_well_as_its_card_says() -> None:
    quality = quality_of_voice(voice())
    measured = voice().metadata["measured"]
    for name in ("recognised", "pesq_nb", "stoi", "log_mel_db"):
        if name not in quality.absent:  # floats may differ a little between machines
            assert getattr(quality, name) == pytest.approx(measured[name], rel=0.05), name
    real = quality_of_recordings(voice())
    assert real.log_mel_db == 0.0 < quality.log_mel_db <= 6.0
    assert mean_quality([quality, real]).log_mel_db == pytest.approx(quality.log_mel_db / 2)


@pytest.mark.parametrize("name", ["seed0", "seed1", "seed2", "int4"])
def test_every_shipped_checkpoint_loads_with_its_metadata(name: str) -> None:
    model, metadata = load_checkpoint(shipped_checkpoint(name))
    assert metadata["measured"]["pesq_nb"] > 2.3 and metadata["data"]["recordings"] == 10
    assert model.config.trunk_weight_bits == (4 if name == "int4" else 8)
    assert np.mean(metadata["losses"][-5:]) < np.mean(metadata["losses"][:5]) / 3
