"""Training a generator in a notebook, to the voice that it becomes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workbench.errors import WorkbenchError, expect, whole_number
from workbench.experiments.voices.voice import Voice, open_voice
from workbench.files import exists, path_of
from workbench.generators.generator_registry import generator_named
from workbench.generators.recipe import with_steps
from workbench.training.checkpoint_files import METADATA_FILE


def train(
    generator: str,
    out: Path | str,
    *,
    data: Path | str | None = None,
    preset: str = "default",
    seed: int = 0,
    settings: Mapping[str, Any] | None = None,
    device: str | None = None,
    bit_errors: float = 0.0,
    clip: float = 0.0,
    steps: tuple[int, int] | None = None,
    sparsity: float = 0.0,
) -> Voice:
    """Train a generator in float, then quantisation-aware, lower it with proof, and open it.

    Args:
        generator: Its name; `register` makes one of your own known.
        out: Folder of the checkpoint; a training that was interrupted there goes on.
        data: Folder of recordings; None for what the generator ships or makes.
        preset: Name of one of its recipes.
        seed: Of weights and batches.
        settings: Fields of its configuration that are to have these values.
        device: "cpu" or "cuda"; None for cuda where there is one.
        bit_errors: Probability with which bits of the weights flip in every quantised step, so that it learns to bear it.
        clip: Limit of the weights of convolutions; 0 for none.
        steps: Of the float and the quantised stage, instead of those of the preset.
        sparsity: Share of the weights of every layer, the smallest, that become zero and stay so, 0 to less than 1.

    Raises:
        WorkbenchError: There is no such generator, preset, setting or device, a number cannot be, recordings are missing or too long,
            the folder holds a finished checkpoint or another training, or the training diverges.
    """
    expect(generator, str, "the generator to train", "its name; wb.register makes your own known")
    expect(preset, str, "the preset of a training", 'a name, as "default"')
    expect(settings, (Mapping, type(None)), "settings of a training", 'as {"frames": 24}')
    kind, folder = generator_named(generator), path_of(out, "the folder of a checkpoint")
    recipe, number = kind.recipe(preset), whole_number(seed, "the seed of a training")
    if steps is not None:
        recipe = with_steps(recipe, steps)
    if exists(folder / METADATA_FILE):
        raise WorkbenchError(
            f"{folder} holds a finished checkpoint already; open it with wb.load, or name another folder"
        )
    from workbench.training.hardening import Hardening
    from workbench.training.task import make_task
    from workbench.training.train import train as run

    recordings = kind.training_set(data)
    task = make_task(
        kind, recordings, recipe=recipe, seed=number, settings=settings, device=device,
        sparsity=sparsity, hardening=Hardening(bit_errors, clip),
    )  # fmt: skip
    run(task, folder)
    return open_voice(folder, data)
