"""`workbench lower challenge` from a checkpoint to two files and a table, and what it refuses."""

from __future__ import annotations

from contextlib import redirect_stderr
from pathlib import Path

import pytest
from interrupts import interrupted_at
from random_modules import tiny_challenge
from terminals import Terminal

from workbench.cli import main
from workbench.commands import kept
from workbench.commands import lower as lower_command
from workbench.generators.challenge import GENERATOR
from workbench.integer.lowered_generator import lower_generator
from workbench.integer.storage import load_program
from workbench.memory.image import Image
from workbench.training.checkpoint import load_checkpoint, save_checkpoint


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checkpoint")
    save_checkpoint(GENERATOR, tiny_challenge(4), {}, folder)
    return folder


def _lower(checkpoint: Path, out: Path) -> int:
    return main(["lower", "challenge", "--checkpoint", str(checkpoint), "--out", str(out)])


def test_program_image_and_table(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with redirect_stderr(Terminal()) as terminal:
        assert _lower(checkpoint, tmp_path / "new" / "c.program") == 0
    shown = terminal.getvalue()
    for step in ("loading PyTorch", "reading the checkpoint", "lowering", "comparing '"):
        assert step in shown
    assert shown.endswith("\r")  # and nothing of it stays
    model, _ = load_checkpoint(checkpoint)
    program = lower_generator(GENERATOR, model).program
    assert load_program(tmp_path / "new" / "c.program").content_hash == program.content_hash
    image = Image.load(tmp_path / "new" / "c.image")
    assert image.content_hash == Image.of(program).content_hash
    printed = capsys.readouterr().out
    for operator in program.operators:
        assert f"\n{operator.name} " in printed
    assert "what Brevitas computes, in every layer" in printed
    total = next(line for line in printed.splitlines() if line.startswith("total"))
    assert f"{program.macs_per_frame():,}" in total


def test_refusals_leave_earlier_files_alone(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "c.program"
    out.write_text("earlier")
    for folder, target, words in [
        (tmp_path / "nothing", out, "no checkpoint in"),
        (checkpoint, tmp_path / "c.program" / "below.program", "cannot write"),
        (checkpoint, tmp_path / "c.image", "is the name of the image"),
        (checkpoint, Path("."), "is a folder"),
        (checkpoint, checkpoint / "model.safetensors", "is part of the checkpoint"),
    ]:
        assert _lower(folder, target) == 2
        assert words in capsys.readouterr().err
    assert out.read_text() == "earlier"
    assert list(tmp_path.iterdir()) == [out]


def test_lowering_goes_on(
    checkpoint: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(kept, "ROOT", tmp_path / "kept")
    out = tmp_path / "c.program"
    calls = interrupted_at(monkeypatch, lower_command, "_compared", 2)
    assert (
        _lower(checkpoint, out) == 130 and "1 finished step is kept in" in capsys.readouterr().err
    )
    utterances = len(GENERATOR.utterances(load_checkpoint(checkpoint)[0].config))
    assert _lower(checkpoint, out) == 0 and len(calls) == 1 + utterances
    resumed = capsys.readouterr().out
    assert _lower(checkpoint, out) == 0 and capsys.readouterr().out == resumed  # all of it anew
    assert len(calls) == 1 + 2 * utterances
