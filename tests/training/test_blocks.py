"""Training in blocks: what the network hears in each mode is what will be flashed, and the reserve does no harm."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from test_training import TINY, tiny_task, weights_of

from workbench.cli import main
from workbench.errors import WorkbenchError
from workbench.experiments.voices import modes
from workbench.experiments.voices.mode_pictures import draw_modes
from workbench.experiments.voices.modes import in_mode, memory_figures, modes_of, restore_figures
from workbench.experiments.voices.quality import Quality
from workbench.experiments.voices.voice import open_voice
from workbench.generators.challenge import GENERATOR
from workbench.generators.challenge.network import Challenge
from workbench.generators.layers import tensor_value
from workbench.generators.recipe import with_steps
from workbench.integer.lowered_generator import lower_generator
from workbench.integer.operators import PrunedConv
from workbench.integer.pruning import prunable, pruned_program, with_dense
from workbench.integer.reference import run
from workbench.training.blocks import Blocks
from workbench.training.checkpoint import load_checkpoint
from workbench.training.checkpoint_files import read_metadata
from workbench.training.kept_blocks import masks_of
from workbench.training.stored_program import program_of
from workbench.training.task import Task
from workbench.training.train import PausedError, train

SHAPE = {"channels": (32, 16, 8), "trunk_dilations": (2,), "upper_dilations": (1,)}
STEPS = with_steps(replace(TINY, blocks_rate=0.03), (8, 4, 9, 6), blocks=True)


def blocks_task(recipe=STEPS, **changes: object) -> Task:
    return tiny_task(recipe, settings=SHAPE, prune_blocks=0.5, **changes)


@pytest.fixture(scope="module")
def finished(made_once) -> Path:
    return made_once("blocks", lambda folder: train(blocks_task(), folder))


def test_every_mode_is_what_the_network_computes(finished: Path) -> None:
    """Brevitas with blocks left out, layer by layer, is the integer program in that mode."""
    model = load_checkpoint(finished)[0]
    program = program_of(finished, read_metadata(finished))
    layers = prunable(program)
    assert {"conv_in", "trunk.0.conv", "up0"} <= set(layers)
    for seed in range(6):
        dense = {
            name: bool(np.random.default_rng([seed, n]).random() < seed / 5)
            for n, name in enumerate(layers)
        }
        expected = run(
            with_dense(program, [name for name in layers if dense[name]]),
            GENERATOR.encode(model.config, ["a"]),
        )[program.output][0, :, 0]
        np.testing.assert_array_equal(_heard(model, finished, program, dense), expected)


def _heard(model: Challenge, folder: Path, program, dense: dict[str, bool]) -> np.ndarray:
    """What Brevitas makes of "a", as codes."""
    kept = Blocks(model, 0.5)
    masks = masks_of(read_metadata(folder), "here")
    for name, layer in kept._layers.items():
        numbers = kept._numbers[name]
        bits = np.unpackbits(masks[name], axis=1, bitorder="little")[:, : numbers.shape[1]]
        mask = np.zeros(layer.weight.numel(), np.float32)
        mask[numbers] = bits[:, :, None]
        layer.kept_blocks.copy_(torch.from_numpy(mask.reshape(tuple(layer.weight.shape))))
    kept.choose(dense)
    double = model.double().eval()
    with torch.no_grad():
        heard = tensor_value(double(**GENERATOR.tensors(model.config, ["a"])))[0, 0].numpy()
    kept.remove()
    model.float()
    return np.ldexp(heard, -program.signal(program.output).exponent)


def test_half_of_the_blocks_of_every_four_rows_are_kept(finished: Path) -> None:
    program = program_of(finished, read_metadata(finished))
    convs = [o for o in program.operators if isinstance(o, PrunedConv)]
    for conv in convs:
        assert conv.blocks >= 8
        assert conv.kept.shape[1] == conv.blocks - conv.blocks // 2
        assert conv.mode[0] == 0
        assert conv.reserve.any()  # else all modes were one


def test_the_reserve_is_trained_alone(tmp_path: Path) -> None:
    """All that a pruned network computes with is what it was before the reserve had its turn."""
    states: dict[str, dict[str, torch.Tensor]] = {}
    out = tmp_path / "run"

    def stop(state) -> bool:
        return state.stage == "blocks" and state.step == STEPS.blocks_steps

    with pytest.raises(PausedError):
        train(blocks_task(), out, on_step=stop)
    from workbench.training.progress import load_progress

    states["before"] = load_progress(out, blocks_task().identity).weights
    model = train(blocks_task(), out)
    states["after"] = model.state_dict()
    masks = masks_of(read_metadata(out), "here")
    moved = 0
    for name, before in states["before"].items():
        if name.endswith(".kept_blocks"):
            continue
        after, kept = (
            states["after"][name],
            states["before"].get(name.replace(".weight", ".kept_blocks")),
        )
        if name.endswith(".weight") and name.removesuffix(".weight") in masks:
            assert kept is not None
            torch.testing.assert_close(before * kept, after * kept, rtol=0, atol=0)
            assert not (before * (1 - kept)).any()
            moved += int(((after * (1 - kept)) != 0).sum())
        else:
            torch.testing.assert_close(before, after, rtol=0, atol=0)
    assert moved


@pytest.mark.parametrize("stop_at", [14, 19, 23])
def test_a_stopped_run_goes_on_to_the_same_weights(
    tmp_path: Path, stop_at: int, finished: Path
) -> None:
    with pytest.raises(PausedError):
        train(blocks_task(), tmp_path, on_step=lambda state: len(state.losses) == stop_at)
    train(blocks_task(), tmp_path)
    assert weights_of(tmp_path) == weights_of(finished)
    assert read_metadata(tmp_path)["kept_blocks"] == read_metadata(finished)["kept_blocks"]


def test_a_finished_network_is_pruned(tmp_path: Path, made_once) -> None:
    dense = made_once("dense", lambda folder: train(tiny_task(STEPS, settings=SHAPE), folder))
    start = load_checkpoint(dense)[0]
    train(blocks_task(start=start), tmp_path / "pruned")
    metadata = read_metadata(tmp_path / "pruned")
    assert metadata["prune_blocks"] == 0.5 and metadata["origin"]
    plain = lower_generator(GENERATOR, load_checkpoint(tmp_path / "pruned")[0]).program
    program = program_of(tmp_path / "pruned", metadata)
    masks = masks_of(metadata, "here")
    assert pruned_program(plain, masks).content_hash == program.content_hash


def test_modes_and_their_figures(finished: Path) -> None:
    voice = open_voice(finished)
    modes = modes_of(voice.program)
    assert [mode.name for mode in modes][:1] == ["pruned"] and modes[-1].name == "ordinary"
    macs = {mode.name: mode.program.macs_per_frame() for mode in modes}
    assert macs["pruned"] < macs["conv_in"] < macs["all"] == macs["ordinary"]
    memory = memory_figures(voice.program)
    assert memory["modes"] == len(prunable(voice.program)) and memory["reserve"] > 0
    restored = restore_figures(voice.program)
    assert restored["unstructured"] > restored["aligned"] == 256
    assert (in_mode(voice, ["up0"]).speak("a") != voice.speak("a")).any()


def test_what_cannot_be_pruned_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WorkbenchError, match="no layer of this network can be pruned"):
        train(
            tiny_task(
                STEPS, settings={**SHAPE, "channels": (6, 6, 6), "embedding": 2}, prune_blocks=0.5
            ),
            tmp_path,
        )
    for share in (-0.1, 1.0):
        with pytest.raises(WorkbenchError, match="cannot be left out"):
            tiny_task(STEPS, prune_blocks=share)
    with pytest.raises(WorkbenchError, match="cannot be left out"):
        tiny_task(STEPS, prune_blocks=0.5, sparsity=0.5)
    with pytest.raises(WorkbenchError, match="is not pruned in blocks"):
        modes_of(
            lower_generator(
                GENERATOR, GENERATOR.network(blocks_task().config, quantised=True).eval()
            ).program
        )


def test_masks_that_cannot_be_read_are_one_sentence() -> None:
    for wrong in (7, {"conv_in": ["xy"]}, {"conv_in": [3]}):
        with pytest.raises(WorkbenchError, match="cannot be read"):
            masks_of({"kept_blocks": wrong}, "model.json")


def test_the_command_prints_every_mode(finished: Path, tmp_path: Path, capsys, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    nothing = Quality(None, None, None, None, {}, {})  # there is no recording of these hums
    monkeypatch.setattr(modes, "quality_of_voice", lambda _: nothing)
    figures = tmp_path / "modes.json"
    assert not main(["modes", "--checkpoint", str(finished), "--json", str(figures)])
    printed = capsys.readouterr().out
    rows = json.loads(figures.read_text())["modes"]
    assert [row["mode"] for row in rows] == [
        mode.name for mode in modes_of(open_voice(finished).program)
    ]
    assert all(row["mode"] in printed for row in rows)
    assert "bytes in reserve" in printed


def test_the_picture_has_a_point_for_each_mode(finished: Path, tmp_path: Path) -> None:
    rows = [
        {
            "mode": mode.name,
            "macs_per_frame": 100 + n,
            "quality": {"stoi": 0.9},
            "instructions": {"m4": {"mean": 7.0}},
        }
        for n, mode in enumerate(modes_of(open_voice(finished).program))
    ]
    for core in (None, "m4"):
        draw_modes(rows, "stoi", core, tmp_path / "modes.png")
        assert (tmp_path / "modes.png").read_bytes().startswith(b"\x89PNG")
