"""Sweeps: in slices, on any worker, every variant becomes what one undisturbed training gives."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from workbench.cli import main
from workbench.commands import train as train_command
from workbench.commands.train_sweep import variants_of
from workbench.errors import WorkbenchError
from workbench.experiments.parallel.workers import Workers
from workbench.experiments.sweeps import sweep as sweep_module
from workbench.experiments.sweeps.sweep import Variant, sweep, sweep_table
from workbench.generators.challenge import GENERATOR
from workbench.generators.challenge.recipe import PRESETS
from workbench.integer.operators import Conv
from workbench.training.checkpoint_files import PROGRESS_FILE, read_metadata
from workbench.training.pruning import prune
from workbench.training.stored_program import program_of
from workbench.training.task import make_task
from workbench.training.train import train

TINY = replace(PRESETS["tiny"], float_steps=2, qat_steps=2)
STEPS = TINY.float_steps + TINY.qat_steps
HUMS = {
    word: np.sin(np.arange(1500) / (20 + 9 * n)).astype(np.float32) for n, word in enumerate("ab")
}
SPARSE = Variant("sparse", 1, {"trunk_weight_bits": 4}, 0.5)
PLAIN = Variant("plain", 2)


def weights(folder: Path) -> bytes:
    return (folder / "model.safetensors").read_bytes()


def test_slices_end_where_one_training_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep_module, "SLICE_S", -1.0)  # a step each
    out, reported = tmp_path / "sweep", []
    with Workers(1) as workers:
        assert not sweep(GENERATOR, HUMS, TINY, [SPARSE], out, workers, progress=reported.append)
        assert sum(reported) == STEPS and max(reported) == 1
        task = make_task(
            GENERATOR,
            HUMS,
            recipe=TINY,
            seed=1,
            settings=SPARSE.settings,
            sparsity=0.5,
            device="cpu",
        )
        train(task, tmp_path / "alone", show=False)
        assert weights(out / "sparse") == weights(tmp_path / "alone")
        assert not (out / "sparse" / PROGRESS_FILE).exists()
        monkeypatch.setattr(sweep_module, "train_slice", pytest.fail)
        assert not sweep(GENERATOR, HUMS, TINY, [SPARSE], out, workers)  # it is there
        others = [
            replace(SPARSE, sparsity=0.0),
            replace(SPARSE, seed=2),
            replace(SPARSE, settings={}),
        ]
        for other, sounds in [
            *zip(others, [HUMS] * 3, strict=True),
            (SPARSE, {**HUMS, "c": HUMS["a"]}),
        ]:
            with pytest.raises(WorkbenchError, match="a finished checkpoint with other data, seed"):
                sweep(GENERATOR, sounds, TINY, [other], out, workers)
    (row,) = sweep_table([SPARSE], out)
    assert row["zero_weights"] > 0.4 and read_metadata(out / "sparse")["sparsity"] == 0.5


def test_an_interrupted_sweep_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep_module, "SLICE_S", -1.0)
    train_slice, slices = sweep_module.train_slice, []

    def interrupted(*arguments: Any) -> Any:
        slices.append(1)
        if len(slices) == 4:
            raise KeyboardInterrupt
        return train_slice(*arguments)

    with monkeypatch.context() as patch, Workers(1) as workers:
        patch.setattr(sweep_module, "train_slice", interrupted)
        with pytest.raises(KeyboardInterrupt):
            sweep(GENERATOR, HUMS, TINY, [PLAIN], tmp_path, workers)
    assert (tmp_path / "plain" / PROGRESS_FILE).exists()
    slices.clear()
    with Workers(1) as workers:
        monkeypatch.setattr(
            sweep_module, "train_slice", lambda *a: (slices.append(1), train_slice(*a))[1]
        )
        sweep(GENERATOR, HUMS, TINY, [PLAIN], tmp_path, workers)
    assert len(slices) == STEPS - 3 + 1  # and one in which all that is left is the checkpoint


def test_a_variant_that_fails_leaves_the_others(tmp_path: Path) -> None:
    wrong = Variant("wrong", settings={"trunk_weight_bits": 5})
    with Workers(1) as workers:
        failed = sweep(GENERATOR, HUMS, TINY, [wrong, PLAIN], tmp_path, workers)
    assert list(failed) == ["wrong"] and "trunk_weight_bits 5" in str(failed["wrong"])
    assert [row["seed"] for row in sweep_table([wrong, PLAIN], tmp_path)] == [2]


@settings(max_examples=20, deadline=None)
@given(share=st.floats(0, 0.99), outputs=st.integers(1, 9), inputs=st.integers(1, 9))
def test_pruning_takes_the_smallest(share: float, outputs: int, inputs: int) -> None:
    layer = nn.Linear(inputs, outputs)
    before = layer.weight.detach().clone().flatten().abs()
    prune(nn.Sequential(layer), share)
    left = layer.weight.detach().flatten().abs()
    count = int(share * len(before))
    assert int((left == 0).sum()) == count
    assert left.sum() == pytest.approx(float(before.sort().values[count:].sum()))
    assert (layer.bias != 0).any()


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["train", "challenge", "--preset", "tiny", "--jobs", "1"]
    out = ["--out", str(tmp_path / "out")]
    assert main([*words, "--seeds", "3", "--sparsity", "0,0.5", *out]) == 0
    said = capsys.readouterr().out
    rows = json.loads((tmp_path / "out" / "sweep.json").read_text())["trainings"]
    names = ["sparsity0", "sparsity0.5"]
    assert [Path(row["checkpoint"]).name for row in rows] == names
    assert all(name in said for name in names) and "measure them with `workbench measure" in said
    folder = tmp_path / "out" / names[1]
    program = program_of(folder, read_metadata(folder))
    convs = [each for each in program.operators if isinstance(each, Conv)]
    assert all(2 * (conv.weight == 0).sum() >= conv.weight.size - 1 for conv in convs)


def test_names_have_what_differs() -> None:
    def names(*words: str) -> list[str]:
        parser = argparse.ArgumentParser()
        train_command.add_arguments(parser)
        return [each.name for each in variants_of(parser.parse_args(words))]

    assert names() == names("--seed", "7", "--trunk-bits", "4") == [""]
    assert names("--seeds", "3..4", "--bits", "8,4") == [
        "seed3-bits8", "seed3-bits4", "seed4-bits8", "seed4-bits4"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("--seed", "1,1"), "no list of different whole numbers"),
        (("--seed", "a"), "no list of different whole numbers"),
        (("--sparsity", "0,x"), "no list of different shares"),
        (("--sparsity", "0,1"), "a share of 1 of the weights cannot be zero"),
        (("--trunk-bits", "8,5"), "cannot be built with trunk_weight_bits 5"),
        (("--seed", "0,1", "--code-words", "in-place64"), "no part of a sweep"),
        (
            ("--sparsity", "0.5", "--code-words", "in-place64"),
            "0 for weights that become code words",
        ),
    ],
)
def test_sweeps_that_cannot_be_are_one_sentence(
    words: tuple[str, ...], named: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        status = main(["train", "challenge", "--preset", "tiny", *words, "--out", str(tmp_path)])
    except SystemExit as error:  # of the parser
        status = int(error.code or 0)
    message = capsys.readouterr().err
    assert status == 2 and named in message and message.count("\n") == 1


def test_a_share_that_cannot_be_is_refused() -> None:
    with pytest.raises(WorkbenchError, match=r"a share of -0\.1"):
        make_task(GENERATOR, HUMS, recipe=TINY, sparsity=-0.1)


def _own(learnt: Callable[..., Any] | None = None) -> Any:
    """As a generator of a notebook, which is called like another and written anew."""
    body = {"__module__": "__main__", **({"loss": learnt} if learnt else {})}
    return type("Own", (type(GENERATOR),), body)()


def test_another_version_of_ones_own_generator_is_another_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def loss(self: Any, *arguments: Any) -> Any:
        return 2 * type(GENERATOR).loss(self, *arguments)

    monkeypatch.setattr(sweep_module, "SLICE_S", -1.0)  # a step each
    steps: list[int] = []

    def stop_at_two(count: int) -> None:
        steps.append(count)
        if sum(steps) >= 2:
            raise KeyboardInterrupt

    with Workers(1) as workers:
        with pytest.raises(KeyboardInterrupt):
            sweep(_own(), HUMS, TINY, [PLAIN], tmp_path, workers, progress=stop_at_two)
        failed = sweep(_own(loss), HUMS, TINY, [PLAIN], tmp_path, workers)
        assert "another version of your generator" in str(failed["plain"])
        assert not sweep(_own(), HUMS, TINY, [PLAIN], tmp_path, workers)
        with pytest.raises(WorkbenchError, match="another version of your generator"):
            sweep(_own(loss), HUMS, TINY, [PLAIN], tmp_path, workers)
        assert not sweep(_own(), HUMS, TINY, [PLAIN], tmp_path, workers)  # it is there
