"""Training with bit errors and clipped weights: what flips, what stays, and what a checkpoint says of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from test_training import TINY, tiny_task, weights_of

from workbench.cli import main
from workbench.errors import WorkbenchError
from workbench.experiments.voices.voice import open_voice
from workbench.generators.challenge import GENERATOR
from workbench.generators.layers import tensor_value
from workbench.integer.operators import Conv
from workbench.training.checkpoint import load_checkpoint
from workbench.training.checkpoint_files import read_metadata
from workbench.training.hardening import BitErrors, Hardening, clip_weights, flipped
from workbench.training.task import Task, make_task
from workbench.training.train import train


@given(
    codes=st.lists(st.integers(-128, 127), min_size=1, max_size=20),
    masks=st.lists(st.integers(0, 255), min_size=20, max_size=20),
)
def test_flips_are_those_of_bytes(codes: list[int], masks: list[int]) -> None:
    expected = np.array(codes, np.int8).view(np.uint8) ^ np.array(masks[: len(codes)], np.uint8)
    made = flipped(torch.tensor(codes), torch.tensor(masks[: len(codes)]), 8)
    assert made.tolist() == expected.view(np.int8).tolist()


def test_of_packed_codes_only_their_four_bits_flip() -> None:
    assert flipped(torch.tensor([7, -8, 0]), torch.tensor([15, 8, 8]), 4).tolist() == [-8, 0, -8]


def _with(hardening: Hardening) -> Task:
    return tiny_task(TINY, hardening=hardening)


def test_errors_are_heard_while_struck_and_leave_the_weights_alone() -> None:
    task = tiny_task(TINY)
    torch.manual_seed(1)
    model = task.generator.network(task.config, quantised=True)
    for _ in range(400):  # ranges are found
        model(**task.inputs)
    model.eval()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    clean = tensor_value(model(**task.inputs))
    errors = BitErrors(model, 0.05, seed=3)
    heard = []
    for step in (0, 0, 1):
        with errors.struck(step):
            heard.append(tensor_value(model(**task.inputs)))
    assert torch.equal(heard[0], heard[1]) and not torch.equal(heard[0], heard[2])
    assert not torch.equal(heard[0], clean)
    assert torch.equal(tensor_value(model(**task.inputs)), clean)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    with errors.struck(0):
        tensor_value(model(**task.inputs)).abs().mean().backward()
    assert all(p.grad is not None for n, p in model.named_parameters() if n.endswith("up2.weight"))


def test_the_share_of_flipped_bits_is_what_was_asked_for() -> None:
    task = tiny_task(TINY)
    model = task.generator.network(task.config, quantised=True)
    errors = BitErrors(model, 0.02, seed=0)
    count = [0, 0]

    def see(_: object, __: object, quantised: object) -> None:
        seen.append(torch.round(quantised.value / quantised.scale).to(torch.int64))

    quantisers = [m.weight_quant for m in model.modules() if hasattr(m, "weight_quant")]
    for step in range(20):
        runs: list[list[torch.Tensor]] = []
        for strikes in (False, True):
            seen: list[torch.Tensor] = []
            with errors.struck(step):
                hooks = [
                    each.register_forward_hook(see, prepend=not strikes) for each in quantisers
                ]
                with torch.no_grad():
                    model.eval()(**task.inputs)
                for hook in hooks:
                    hook.remove()
            runs.append(seen)
        for one, other in zip(*runs, strict=True):
            differs = np.bitwise_xor(one.numpy(), other.numpy()) & 255
            count[0] += int(sum(int(x).bit_count() for x in differs.reshape(-1)))
            count[1] += 8 * one.numel()
    assert 0.018 < count[0] / count[1] < 0.022


def test_a_hardened_training_says_so_and_is_another(tmp_path: Path) -> None:
    plain, hard = tiny_task(TINY), _with(Hardening(bit_errors=0.01, clip=0.05))
    train(plain, tmp_path / "plain", show=False)
    model = train(hard, tmp_path / "hard", show=False)
    again = train(hard, tmp_path / "again", show=False)
    metadata = read_metadata(tmp_path / "hard")
    assert metadata["hardening"] == {"bit_errors": 0.01, "clip": 0.05}
    assert "hardening" not in read_metadata(tmp_path / "plain")
    assert hard.made(metadata) and not plain.made(metadata)
    largest = max(
        m.weight.abs().max().item() for m in model.modules() if isinstance(m, torch.nn.Conv1d)
    )
    assert 0 < largest <= 0.05 + 1e-7
    assert weights_of(tmp_path / "hard") == weights_of(tmp_path / "again")
    assert weights_of(tmp_path / "hard") != weights_of(tmp_path / "plain")
    assert model.state_dict().keys() == again.state_dict().keys()


def test_a_finished_voice_learns_to_bear_errors(tmp_path: Path) -> None:
    """Of no stage but the quantised one, from the weights that it has."""
    train(tiny_task(TINY), tmp_path / "plain", show=False)
    start = load_checkpoint(tmp_path / "plain")[0]
    task = tiny_task(TINY, hardening=Hardening(bit_errors=0.01, clip=0.05), start=start)
    train(task, tmp_path / "hard", show=False)
    metadata = read_metadata(tmp_path / "hard")
    assert metadata["origin"] == task.origin != "" and task.made(metadata)
    assert len(metadata["losses"]) == TINY.qat_steps
    idle = replace(TINY, qat_steps=1, qat_rate=0.0)
    train(
        tiny_task(idle, hardening=Hardening(clip=1e3), start=start), tmp_path / "same", show=False
    )
    same = load_checkpoint(tmp_path / "same")[0].state_dict()
    assert all(torch.equal(tensor, same[name]) for name, tensor in start.state_dict().items())


def test_clipping_leaves_biases_and_embeddings_alone() -> None:
    task = tiny_task(TINY)
    model = task.generator.network(task.config, quantised=False)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.fill_(2.0)
    clip_weights(model, 0.5)
    clipped = {name: bool((p == 0.5).all()) for name, p in model.named_parameters()}
    assert clipped["conv_in.weight"] and clipped["up0.weight"]
    assert not clipped["word.weight"] and not clipped["conv_in.bias"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--bit-errors", "0.7"], "bits cannot flip with the probability 0.7"),
        (["--clip", "-1"], "weights cannot be clipped at -1"),
        (["--clip", "0.1", "--seed", "0,1"], "no part of a sweep"),
        (["--steps", "0,3"], "cannot have 0 steps"),
        (["--steps", "1,2,3"], "give two whole numbers"),
        (["--steps", "1,2,3,4"], "or four where blocks are left out"),
        (["--steps", "1,2,3", "--prune-blocks", "0.5"], "give two whole numbers"),
        (["--clip", "0.1", "--code-words", "in-place64"], "off their code words"),
    ],
)
def test_what_cannot_be_is_refused(
    words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["train", "challenge", "--preset", "tiny", "--out", str(tmp_path / "x"), *words]
    assert main(arguments) == 2
    assert said in capsys.readouterr().err


def test_the_refusal_names_both() -> None:
    task = tiny_task(TINY)
    with pytest.raises(WorkbenchError, match="one of the two"):
        make_task(
            task.generator, task.generator.training_set(None), recipe=TINY, code_words="in-place64",
            hardening=Hardening(clip=0.1),
        )  # fmt: skip


@pytest.mark.parametrize("name", ["seed0", "safety"])
def test_stored_weights_leave_no_power_of_two_to_scale_them_by(name: str) -> None:
    """The largest code of every row has its highest bit set: twice as large would not fit a byte."""
    program = open_voice(GENERATOR.checkpoint(name)).program
    for operator in program.operators:
        if isinstance(operator, Conv):
            largest = np.abs(operator.weight.astype(int)).max(axis=(0, 2, 3))
            assert (2 * largest > 127).all(), operator.name
