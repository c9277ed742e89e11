"""Training for code words: what the network hears is what will be flashed, and it makes up for it."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from test_training import TINY, hums, tiny_task, weights_of

from workbench.cli import main
from workbench.errors import WorkbenchError
from workbench.generators.challenge import GENERATOR
from workbench.generators.challenge.network import Challenge
from workbench.generators.layers import tensor_value
from workbench.integer.lowered_generator import lower_generator
from workbench.integer.reference import run
from workbench.memory.codes.ecc import ECC
from workbench.memory.codes.in_place import in_place_program
from workbench.memory.image import Image
from workbench.training.checkpoint import load_checkpoint
from workbench.training.code_words import CodeWords
from workbench.training.task import Task, make_task
from workbench.training.train import train


@pytest.fixture(scope="module")
def finished(made_once) -> dict[int, Path]:
    """Folders of a trained model, by the bits of its trunk; that of 4 bits is hardly trained."""
    recipes = {8: replace(TINY, float_steps=30, qat_steps=10), 4: TINY}

    def trained(bits: int) -> Path:
        task = tiny_task(recipes[bits], settings={"trunk_weight_bits": bits})
        return made_once(f"trained-{bits}", lambda folder: train(task, folder))

    return {bits: trained(bits) for bits in recipes}


def model_of(folder: Path) -> Challenge:
    return load_checkpoint(folder)[0]


@pytest.mark.parametrize(
    ("bits", "code"),
    [(8, "in-place64"), (8, "in-place128"), (8, "in-place256"), (4, "in-place128")],
)
def test_what_is_heard_is_what_will_be_flashed(finished, bits: int, code: str) -> None:
    """Brevitas with the moves is the program whose weights were moved."""
    model = model_of(finished[bits])
    plain = lower_generator(GENERATOR, model).program
    words = CodeWords(GENERATOR, model, code)
    words.refresh()
    moved = in_place_program(plain, code)
    assert moved.content_hash != plain.content_hash
    image = Image.of(moved, areas=())
    section = image.layout.sections["weights"]
    whole = section.size_bytes // ECC[code].word_bytes * ECC[code].word_bytes
    weights = image.data[section.start : section.start + whole]
    assert not ECC[code].wrong(weights, np.zeros(0, np.uint8))
    with torch.no_grad():
        heard = tensor_value(model.double()(**GENERATOR.tensors(model.config, ["a"])))[0, 0].numpy()
    spoken = run(moved, GENERATOR.encode(model.config, ["a"]))[moved.output][0, :, 0]
    exponent = moved.signal(moved.output).exponent
    np.testing.assert_array_equal(np.ldexp(heard, -exponent), spoken)
    words.remove()
    assert set(model.state_dict()) == set(model_of(finished[bits]).state_dict())
    assert lower_generator(GENERATOR, model.float()).program.content_hash == plain.content_hash


def test_gradients_pass_the_moves(finished) -> None:
    model = model_of(finished[8]).train()
    CodeWords(GENERATOR, model, "in-place64").refresh()
    tensor_value(model(**GENERATOR.tensors(model.config, ["a", "b"]))).square().sum().backward()
    assert model.conv_in.weight.grad.abs().sum() > 0


def test_the_network_makes_up_for_code_words(finished, tmp_path: Path) -> None:
    """After training with them, moved weights are nearer to the recordings than before."""
    start = model_of(finished[8])
    task = tiny_task(
        replace(TINY, words_steps=41, rest_steps=9, words_rate=2e-3),
        code_words="in-place64",
        start=start,
    )
    losses: list[float] = []
    train(task, tmp_path / "words", on_step=lambda state: losses.append(state.losses[-1]))
    assert np.mean(losses[-10:]) < 0.95 * np.mean(losses[:10])


def _stoppable(finished: dict[int, Path]) -> Task:
    """Gradients are clipped in every step, so that whatever counts in their norm shows in the weights."""
    recipe = replace(TINY, words_steps=11, rest_steps=5, gradient_norm=0.1)
    return tiny_task(recipe, code_words="in-place64", start=model_of(finished[8]))


@pytest.fixture(scope="module")
def undisturbed(finished, made_once) -> Path:
    return made_once("undisturbed-words", lambda folder: train(_stoppable(finished), folder))


@pytest.mark.parametrize(
    ("stage", "step"), [("words", 9), pytest.param("rest", 2, marks=pytest.mark.torch_kernels)]
)
def test_a_stopped_run_ends_as_an_undisturbed_one(
    finished, undisturbed: Path, tmp_path: Path, stage: str, step: int
) -> None:
    """Stopped between two searches for code words, whose moves it has to remember."""

    def stop(state) -> None:
        if (state.stage, state.step) == (stage, step):
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("workbench.training.train.SAVE_EVERY_S", 0)
        train(_stoppable(finished), tmp_path, on_step=stop)
    train(_stoppable(finished), tmp_path)
    assert weights_of(tmp_path) == weights_of(undisturbed)
    metadata = json.loads((undisturbed / "model.json").read_text())
    assert metadata["code_words"] == "in-place64" and len(metadata["origin"]) == 64


def test_only_what_is_trained_counts_in_the_norm_of_gradients(
    finished, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Frozen weights keep no gradient of an earlier stage; a resumed run would not know of it."""
    clip, seen = torch.nn.utils.clip_grad_norm_, []

    def counting(parameters, norm: float) -> torch.Tensor:
        parameters = list(parameters)
        seen.append([each.requires_grad and each.grad is not None for each in parameters])
        return clip(parameters, norm)

    monkeypatch.setattr(torch.nn.utils, "clip_grad_norm_", counting)
    start = model_of(finished[8])
    recipe = replace(TINY, words_steps=2, rest_steps=2)
    model = train(tiny_task(recipe, code_words="in-place64", start=start), tmp_path)
    assert all(map(all, seen)) and len(seen) == 4
    assert len(seen[-1]) < len(seen[0]) == sum(each.requires_grad for each in model.parameters())


def test_what_does_not_go_together_is_refused(finished, tmp_path: Path, capsys) -> None:
    start = model_of(finished[8])
    with pytest.raises(WorkbenchError, match="words of 'crc32'; choose one of in-place64"):
        tiny_task(code_words="crc32")
    with pytest.raises(WorkbenchError, match="only for code words"):
        tiny_task(start=start)
    with pytest.raises(WorkbenchError, match="no recording of 'c'"):
        make_task(GENERATOR, hums("ab"), recipe=TINY, code_words="in-place64", start=start)
    assert main(["train", "--start", str(tmp_path / "none"), "--code-words", "in-place64"]) == 2
    assert "no checkpoint in" in capsys.readouterr().err
