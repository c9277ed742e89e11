"""A disk that is full: one sentence at the end, and the figures are told before it."""

from __future__ import annotations

import errno
import resource
from pathlib import Path

import pytest
import torch
from voices import voice

from workbench.cli import main
from workbench.errors import WorkbenchError
from workbench.training.progress import PROGRESS_FILE, TrainingState, load_progress, save_progress

FULL = "No space left on device"


def no_space(path: Path) -> None:
    raise OSError(errno.ENOSPC, FULL)


@pytest.mark.parametrize(
    ("words", "figure", "lost"),
    [
        (["lifetime", "--devices", "1", "--strategy", "none"], "upsets", "all.json"),
        (["compare", "--devices", "1", "--strategy", "none", "--environment", "single"],
         "single upsets", "none-single-"),
        (["emulate", "--word", "3", "--core", "m4", "--upsets", "1", "--log", "heal.log"],
         "samples, with and without healer", "heal.log"),
    ],
    ids=["lifetime", "compare", "emulate"],
)  # fmt: skip
def test_figures_are_told_although_no_file_can_be_written(
    words: list[str], figure: str, lost: str, tmp_path: Path,
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("workbench.commands.common.open_voice", lambda *_, **__: voice())
    monkeypatch.setattr("workbench.files._sync", no_space)
    monkeypatch.chdir(tmp_path)
    words = [*words, "--json", "all.json"]
    words += [] if words[0] == "emulate" else ["--words", "1", "--jobs", "1"]
    assert main(words) == 2
    captured = capsys.readouterr()
    assert figure in captured.out
    assert captured.err.count("\n") == 1 and captured.err.count("cannot write all.json") == 1
    assert FULL in captured.err and lost in captured.err and "the figures are above" in captured.err
    assert not list(tmp_path.glob("*.json")) and not list(tmp_path.glob("*.log"))


def test_training_says_that_its_progress_cannot_be_written(tmp_path: Path) -> None:
    weights = {"layer.weight": torch.zeros(500)}
    state = TrainingState("float", 1, weights, {}, [0.5])
    save_progress(tmp_path, "task", state)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        with pytest.raises(
            WorkbenchError, match=f"cannot write .*{PROGRESS_FILE}.*free some space"
        ):
            save_progress(tmp_path, "task", TrainingState("float", 2, weights, {}, [0.5, 0.4]))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert [path.name for path in tmp_path.iterdir()] == [PROGRESS_FILE]
    progress = load_progress(tmp_path, "task")
    assert progress is not None and progress.step == 1
