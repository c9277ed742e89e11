"""Training: what a killed run leaves, what is refused, and that learning happens at all."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from workbench.cli import main
from workbench.errors import WorkbenchError
from workbench.generators.challenge import GENERATOR
from workbench.generators.challenge.recipe import PRESETS
from workbench.generators.recipe import Recipe
from workbench.training.checkpoint import load_checkpoint
from workbench.training.progress import PROGRESS_FILE, TrainingState
from workbench.training.task import Task, make_task
from workbench.training.train import batch_of, schedule, thin, train

TINY = PRESETS["tiny"]
# A block at every rate; what a training costs is the number of layers.
SHALLOW: dict[str, object] = {
    "channels": (8, 8, 8),
    "trunk_dilations": (2,),
    "upper_dilations": (1,),
}


def hums(words: str = "abc", samples: int = 1500) -> dict[str, np.ndarray]:
    t = np.arange(samples) / 16_000
    return {
        word: (0.3 * np.sin(2 * np.pi * 200 * (n + 1) * t)).astype(np.float32)
        for n, word in enumerate(words)
    }


def tiny_task(
    recipe: Recipe = TINY, *, settings: Mapping[str, object] | None = None, **changes: object
) -> Task:
    shape = {**SHALLOW, **(settings or {})}
    return make_task(GENERATOR, hums(), recipe=recipe, settings=shape, device="cpu", **changes)  # type: ignore[arg-type]


def weights_of(folder: Path) -> bytes:
    return (folder / "model.safetensors").read_bytes()


def test_it_learns(tmp_path: Path) -> None:
    losses: list[float] = []
    recipe = replace(TINY, float_steps=60, qat_steps=20)
    train(tiny_task(recipe), tmp_path, on_step=lambda state: losses.append(state.losses[-1]))
    assert len(losses) == 80
    assert np.mean(losses[50:60]) < 0.8 * np.mean(losses[:5])
    assert np.mean(losses[-10:]) < 0.8 * np.mean(losses[:5])


CLIPPED = replace(TINY, gradient_norm=0.1)  # always, so that whatever counts in the norm shows


@pytest.fixture(scope="module")
def finished(made_once) -> Path:
    return made_once("undisturbed", lambda folder: train(tiny_task(CLIPPED), folder))


@pytest.fixture(scope="module")
def undisturbed(finished: Path) -> bytes:
    return weights_of(finished)


@pytest.mark.parametrize("stop_at", [2, 6, pytest.param(8, marks=pytest.mark.torch_kernels)])
def test_a_stopped_run_goes_on_to_the_same_weights(
    tmp_path: Path, stop_at: int, undisturbed: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.training.train.SAVE_EVERY_S", -1.0)

    def stop(state: TrainingState) -> None:
        if len(state.losses) == stop_at:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(tiny_task(CLIPPED), tmp_path, on_step=stop)
    assert (tmp_path / PROGRESS_FILE).exists()
    steps: list[int] = []
    train(tiny_task(CLIPPED), tmp_path, on_step=lambda state: steps.append(len(state.losses)))
    assert steps == list(range(stop_at + 1, 11))
    assert weights_of(tmp_path) == undisturbed
    assert not (tmp_path / PROGRESS_FILE).exists()


def test_a_really_killed_run_goes_on_to_the_same_weights(
    tmp_path: Path, undisturbed: bytes
) -> None:
    script = (
        "import sys\n"
        "sys.path.insert(0, sys.argv[2])\n"
        "from test_training import *\n"
        "import workbench.training.train as t; t.SAVE_EVERY_S = -1.0\n"
        "train(tiny_task(CLIPPED), sys.argv[1],\n"
        "      on_step=lambda state: (print(len(state.losses), flush=True),\n"
        "                             len(state.losses) == 9 and signal.pause()))\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path), str(Path(__file__).parent)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as running:
        assert running.stdout is not None
        for line in running.stdout:
            if int(line) >= 7:
                time.sleep(0.01)  # somewhere in the middle of a step or of saving it
                os.kill(running.pid, signal.SIGKILL)
                break
    steps: list[int] = []
    train(tiny_task(CLIPPED), tmp_path, on_step=lambda state: steps.append(len(state.losses)))
    assert 7 < steps[0] <= 10
    assert weights_of(tmp_path) == undisturbed


def test_seeds_make_different_voices_and_one_seed_the_same(
    tmp_path: Path, undisturbed: bytes
) -> None:
    for seed in (0, 2):
        train(tiny_task(CLIPPED, seed=seed), tmp_path / str(seed))
    assert weights_of(tmp_path / "0") == undisturbed != weights_of(tmp_path / "2")


def test_another_task_does_not_take_over_a_folder(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("workbench.training.train.SAVE_EVERY_S", -1.0)

    def stop(state: TrainingState) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(tiny_task(), tmp_path, on_step=stop)
    before = (tmp_path / PROGRESS_FILE).read_bytes()
    with pytest.raises(WorkbenchError, match="another --out"):
        train(tiny_task(seed=9), tmp_path)
    assert (tmp_path / PROGRESS_FILE).read_bytes() == before
    for damaged in (
        before[: len(before) // 2],
        before[:-2] + bytes([before[-2] ^ 1]) + before[-1:],
    ):
        (tmp_path / PROGRESS_FILE).write_bytes(damaged)
        with pytest.raises(WorkbenchError, match="is damaged"):
            train(tiny_task(), tmp_path)


def test_a_finished_checkpoint_is_not_trained_over(tmp_path: Path, finished: Path) -> None:
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    before = weights_of(tmp_path)
    with pytest.raises(WorkbenchError, match="finished checkpoint"):
        train(tiny_task(seed=3), tmp_path)
    assert weights_of(tmp_path) == before


def test_recordings_that_do_not_fit_are_refused_by_name() -> None:
    with pytest.raises(WorkbenchError, match="no recording"):
        make_task(GENERATOR, {}, recipe=TINY)
    with pytest.raises(WorkbenchError, match=r"'long' lasts 2\.50 s"):
        make_task(GENERATOR, {"long": np.zeros(40_000, np.float32)}, recipe=TINY)
    with pytest.raises(WorkbenchError, match="cannot train on 'moon'"):
        make_task(GENERATOR, hums(), recipe=TINY, device="moon")
    with pytest.raises(WorkbenchError, match="cannot train on 'meta'"):
        make_task(GENERATOR, hums(), recipe=TINY, device="meta")
    for seed in (-1, 2**64):
        with pytest.raises(WorkbenchError, match=f"there is no seed {seed}"):
            make_task(GENERATOR, hums(), recipe=TINY, seed=seed, device="cpu")


@pytest.mark.parametrize(("stage", "rate"), [("float", "float_rate"), ("qat", "qat_rate")])
def test_a_run_that_diverges_leaves_no_checkpoint(tmp_path: Path, stage: str, rate: str) -> None:
    recipe = replace(TINY, **{rate: 1e30})
    with pytest.raises(WorkbenchError, match=rf"diverged at step \d of the {stage} stage"):
        train(tiny_task(recipe), tmp_path)
    assert not (tmp_path / "model.json").exists()


def test_batches_and_rates_depend_on_seed_stage_and_step_alone() -> None:
    task = make_task(GENERATOR, hums("abcdefghij"), recipe=TINY, seed=5, device="cpu")
    drawn = [batch_of(task, stage, step) for stage in ("float", "qat") for step in range(20)]
    assert drawn == [
        batch_of(task, stage, step) for stage in ("float", "qat") for step in range(20)
    ]
    assert len({tuple(batch) for batch in drawn}) > 20
    assert all(len(set(batch)) == TINY.batch for batch in drawn)
    rates = [schedule(step, 1000) for step in range(1000)]
    assert rates[0] == pytest.approx(1 / 30) and max(rates) == pytest.approx(1.0, abs=0.01)
    assert rates[-1] == pytest.approx(0.02, abs=0.001)


def test_thin_keeps_the_mean() -> None:
    assert thin([1.0, 3.0], points=1) == [2.0]
    assert thin([]) == []
    assert len(thin([0.5] * 999)) == 200


def write_hums(folder: Path) -> None:
    from workbench.audio.sound_files import write_wav

    folder.mkdir()
    for word, samples in hums().items():
        write_wav(folder / f"{word}.wav", samples)


def test_the_command_trains_a_folder_of_recordings(tmp_path: Path, capsys) -> None:
    write_hums(tmp_path / "mine")
    command = ["train", "challenge", "--data", str(tmp_path / "mine"), "--preset", "tiny"]
    out = tmp_path / "out"
    assert main([*command, "--out", str(out), "--trunk-bits", "4"]) == 0
    model, metadata = load_checkpoint(out)
    assert model.config.words == ("a", "b", "c") and model.config.trunk_weight_bits == 4
    assert metadata["data"]["recordings"] == 3 and len(metadata["losses"]) == 10
    assert f"--data {tmp_path / 'mine'}" in capsys.readouterr().out
    assert (out / "loss.png").read_bytes().startswith(b"\x89PNG")
    assert str(tmp_path) not in json.dumps(metadata)
    capsys.readouterr()
    assert main([*command, "--out", str(out)]) == 2
    assert "finished checkpoint" in capsys.readouterr().err


@pytest.mark.usefixtures("interruptible")
def test_the_command_says_how_to_go_on_after_an_interrupt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_hums(tmp_path / "mine")
    out = tmp_path / "out"
    command = ["train", "--data", str(tmp_path / "mine"), "--preset", "tiny", "--out", str(out)]
    drawn: list[tuple[str, int]] = []

    def interrupted(task: Task, stage: str, step: int) -> list[int]:
        drawn.append((stage, step))
        if len(drawn) == 4:
            signal.raise_signal(signal.SIGINT)
        return batch_of(task, stage, step)

    monkeypatch.setattr("workbench.training.train.SAVE_EVERY_S", -1.0)
    monkeypatch.setattr("workbench.training.train.batch_of", interrupted)
    assert main(command) == 130
    assert f"progress is saved in {out}" in capsys.readouterr().err
    assert main(command) == 0
    steps = [("float", step) for step in range(6)] + [("qat", step) for step in range(4)]
    assert drawn == [*steps[:4], *steps[3:]]


def test_the_command_refuses_what_cannot_be_trained(tmp_path: Path, capsys) -> None:
    from workbench.audio.sound_files import write_wav

    write_hums(tmp_path / "mine")
    write_wav(tmp_path / "mine" / "slow.wav", np.full(4000, 0.1, np.float32), 8000)
    command = ["train", "challenge", "--preset", "tiny", "--out", str(tmp_path / "out")]
    assert main([*command, "--data", str(tmp_path / "mine")]) == 2
    assert "slow.wav is sampled at 8000 Hz" in capsys.readouterr().err
    assert main([*command, "--data", str(tmp_path / "nowhere")]) == 2
    assert "there is no folder" in capsys.readouterr().err
    (tmp_path / "file").write_text("")
    assert main(["train", "challenge", "--preset", "tiny", "--out", str(tmp_path / "file")]) == 2
    assert "cannot write to the folder" in capsys.readouterr().err
    for wrong in (["--preset", "huge"], ["--trunk-bits", "5"], ["--speed", "1"]):
        try:
            assert main(["train", "challenge", *wrong]) == 2
        except SystemExit as stopped:
            assert stopped.code == 2
