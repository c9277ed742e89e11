"""A sweep of trainings, in slices of seconds that any worker takes up where another one stopped.

Layout: a folder for each variant, a checkpoint like any other. Between slices the parent writes its progress there,
so that a lost worker costs a slice, and a sweep that was killed goes on. The weights are those that
`workbench train` gives with one thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.errors import WorkbenchError
from workbench.experiments.parallel.workers import Workers
from workbench.files import is_file, output_folder, write_bytes
from workbench.generators.generator import Generator
from workbench.generators.recipe import Recipe
from workbench.training.checkpoint_files import (
    METADATA_FILE,
    PROGRAM_FILE,
    PROGRESS_FILE,
    read_metadata,
)
from workbench.training.curve import CURVE_FILE
from workbench.training.stored_program import program_of

if TYPE_CHECKING:
    from workbench.training.task import Task

SLICE_S = 15.0
# The metadata last: they say that a checkpoint is complete.
_FILES = ("model.safetensors", PROGRAM_FILE, CURVE_FILE, METADATA_FILE)


@dataclass(frozen=True)
class Variant:
    """One training of a sweep.

    name: of its folder. seed: of weights and batches. settings: of the generator's configuration.
    sparsity: share of the weights that become zero.
    """

    name: str
    seed: int = 0
    settings: Mapping[str, Any] = field(default_factory=dict)
    sparsity: float = 0.0


def sweep(
    generator: Generator,
    recordings: Mapping[str, np.ndarray],
    recipe: Recipe,
    variants: Sequence[Variant],
    out: Path | str,
    workers: Workers,
    *,
    device: str | None = None,
    progress: Callable[[int], object] = lambda _: None,
) -> dict[str, Exception]:
    """Train all variants, each into a folder of its name in `out`; returns the errors of those that failed.

    Args:
        generator: That is trained.
        recordings: Utterance -> float32 [samples].
        recipe: Of all of them.
        variants: With names of their own.
        out: Complete checkpoints in it are kept, begun ones continued.
        workers: Where slices run; open.
        device: As torch names it; None takes CUDA on workers that have it.
        progress: Gets numbers of steps that were done.

    Raises:
        WorkbenchError: As `Workers.each`, for a folder that cannot be written, and one that holds the checkpoint
            of another training.
    """
    folders = {each.name: output_folder(Path(out) / each.name) for each in variants}
    whole = steps_of(recipe)
    left = [each for each in variants if not is_file(folders[each.name] / METADATA_FILE)]
    for each in variants:
        if each not in left:
            _refuse_other(folders[each.name], _task(generator, recordings, recipe, each, device))
    progress(whole * (len(variants) - len(left)))
    done_steps = dict.fromkeys(folders, 0)
    failed: dict[str, Exception] = {}
    shared = workers.share((generator, dict(recordings), recipe))
    while left:
        calls = ((shared, each, device, _progress_in(folders[each.name]), SLICE_S) for each in left)
        finished = []
        for done in workers.each(train_slice, calls, count=len(left)):
            variant = left[done.number]
            if done.error is not None:
                failed[variant.name] = done.error
                finished.append(variant)
                continue
            steps, files = done.value
            _write(folders[variant.name], files)
            progress(steps - done_steps[variant.name])
            done_steps[variant.name] = steps
            if METADATA_FILE in files:
                finished.append(variant)
        left = [each for each in left if each not in finished]
    return failed


def steps_of(recipe: Recipe) -> int:
    """Steps of one training."""
    return recipe.float_steps + recipe.qat_steps


def train_slice(
    shared: tuple[Generator, dict[str, np.ndarray], Recipe],
    variant: Variant,
    device: str | None,
    progress: bytes,
    seconds: float,
) -> tuple[int, dict[str, bytes]]:
    """Train for some seconds: steps so far, and files: of the checkpoint or, before its end, of the progress.

    progress: file of an earlier slice, b"" for none. WorkbenchError as `make_task` and `train`.
    """
    from workbench.training.train import PausedError, train

    generator, recordings, recipe = shared
    task = _task(generator, recordings, recipe, variant, device)
    stop_at, steps = time.monotonic() + seconds, 0

    def pauses(state: Any) -> bool:
        nonlocal steps
        steps = len(state.losses)
        return time.monotonic() > stop_at

    with TemporaryDirectory() as name:
        folder = Path(name)
        if progress:
            write_bytes(folder / PROGRESS_FILE, progress)
        try:
            train(task, folder, on_step=pauses, show=False)
            with suppress(WorkbenchError):  # the checkpoint is there, and says it when it is used
                program_of(folder, read_metadata(folder))
            wanted = [name for name in _FILES if is_file(folder / name)]
            steps = steps_of(recipe)  # also where an earlier slice did the last of them
        except PausedError:
            wanted = [PROGRESS_FILE]
        return steps, {name: (folder / name).read_bytes() for name in wanted}


def sweep_table(variants: Sequence[Variant], out: Path | str) -> list[dict[str, Any]]:
    """A row for each complete checkpoint: what was varied, loss, zeros among its weights, bytes, seconds."""
    from workbench.integer.operators import Conv
    from workbench.memory.image import Image

    rows = []
    for variant in variants:
        folder = Path(out) / variant.name
        if not is_file(folder / METADATA_FILE):
            continue
        metadata = read_metadata(folder)
        program = program_of(folder, metadata)
        weights = [o.weight for o in program.operators if isinstance(o, Conv)]
        zeros = sum(int((weight == 0).sum()) for weight in weights)
        rows.append(
            {
                "checkpoint": str(folder),
                "seed": variant.seed,
                "settings": dict(variant.settings),
                "sparsity": variant.sparsity,
                "loss": metadata["losses"][-1],
                "zero_weights": zeros / max(1, sum(weight.size for weight in weights)),
                "parameter_bytes": Image.of(program).layout.working_bytes,
                "seconds": metadata["seconds"],
            }
        )
    return rows


def _task(
    generator: Generator,
    recordings: Mapping[str, np.ndarray],
    recipe: Recipe,
    variant: Variant,
    device: str | None,
) -> Task:
    from workbench.training.task import make_task

    return make_task(
        generator, recordings, recipe=recipe, seed=variant.seed, settings=variant.settings,
        device=device, sparsity=variant.sparsity,
    )  # fmt: skip


def _refuse_other(folder: Path, task: Task) -> None:
    """Raise WorkbenchError where the finished checkpoint in `folder` is not what the task makes."""
    if not task.made(read_metadata(folder)):
        raise WorkbenchError(
            f"{folder} holds a finished checkpoint with other data, seed or settings, or of another version of your "
            "generator; choose another --out or delete the folder"
        )


def _progress_in(folder: Path) -> bytes:
    path = folder / PROGRESS_FILE
    try:
        return path.read_bytes() if is_file(path) else b""
    except OSError as error:
        raise WorkbenchError(
            f"cannot read {path} ({error.strerror or error}); delete it to start this training anew"
        ) from error


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, data in files.items():
        write_bytes(folder / name, data)
    if METADATA_FILE in files:
        (folder / PROGRESS_FILE).unlink(missing_ok=True)
