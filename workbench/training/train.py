"""Train a generator on recordings: float, calibration of ranges, quantisation-aware, then code words or blocks.

Every step is a pure function of (state, seed, step), so that a run killed anywhere and started
again ends with the same weights, bit for bit, as an undisturbed one: on the same processor, with the
same PyTorch and number of threads, which all decide how sums are rounded. It loses what it did since
it last saved, 2 seconds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import cos, pi
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from workbench.errors import WorkbenchError
from workbench.files import exists, output_folder
from workbench.generators.layers import tensor_value
from workbench.generators.mel_loss import MelLoss
from workbench.generators.quantisers import CALIBRATION_STEPS
from workbench.progress import progress_bar
from workbench.training.blocks import Blocks
from workbench.training.checkpoint import save_checkpoint
from workbench.training.checkpoint_files import METADATA_FILE, PROGRESS_FILE
from workbench.training.code_words import CodeWords
from workbench.training.curve import CURVE_FILE, write_loss_curve
from workbench.training.hardening import BitErrors, clip_weights
from workbench.training.kept_blocks import KEPT_BLOCKS, masks_as_texts
from workbench.training.progress import (
    TrainingState,
    copied_weights,
    load_progress,
    save_progress,
)
from workbench.training.pruning import Zeros, prune
from workbench.training.stages import BLOCKS, FLOAT, QAT, RESERVE, REST, STAGES, WORDS
from workbench.training.task import Task

SAVE_EVERY_S = 2.0
_CALIBRATING = 256  # lessons from which activation quantisers learn their ranges


class PausedError(Exception):
    """A training that stopped where it was asked to; its progress is saved."""


def train(
    task: Task,
    out: Path | str,
    *,
    on_step: Callable[[TrainingState], object] | None = None,
    show: bool = True,
) -> Any:
    """Train to the end, continuing what lies in `out`; write checkpoint and loss curve, return the network.

    on_step: called after every step with the state so far; the training pauses where it returns True. show:
    whether to show a bar for each stage. Raises WorkbenchError when `out` holds a finished checkpoint or
    another run, cannot be written, or the training diverges, and PausedError.
    """
    out = output_folder(out)
    if exists(out / METADATA_FILE):
        raise WorkbenchError(
            f"{out} holds a finished checkpoint already; choose another --out or delete the folder"
        )
    torch.manual_seed(task.seed)
    state = load_progress(out, task.identity) or _beginning(task)
    run = _Run(task, out, time.monotonic() - state.seconds, on_step, show)
    if state.stage == FLOAT:
        model = task.generator.network(task.config, quantised=False).to(task.device)
        run.stage(model, state)
        state = TrainingState(QAT, 0, copied_weights(model), {}, state.losses)
    model = task.generator.network(task.config, quantised=True).to(task.device)
    if state.stage == QAT:
        if state.step == 0 and not task.start:
            load_float_weights(model, state.weights)
            prune(model, task.sparsity)
            calibrate(model, {name: each[:_CALIBRATING] for name, each in task.inputs.items()})
            state.weights = {}
        run.stage(model, state)
        if task.code_words:
            state = TrainingState(WORDS, 0, copied_weights(model), {}, state.losses)
        if task.prune_blocks:
            state = TrainingState(BLOCKS, 0, copied_weights(model), {}, state.losses)
    masks: dict[str, Any] = {}
    if state.stage in (BLOCKS, RESERVE):
        state, masks = _prune(run, model, state)
    if state.stage in (WORDS, REST):
        words = CodeWords(task.generator, model, task.code_words)
    if state.stage == WORDS:
        # The moves, which are none, at the beginning of the stage.
        state.weights = {**copied_weights(model), **state.weights}
        run.stage(model, state, words)
        state = TrainingState(REST, 0, copied_weights(model), {}, state.losses)
    if state.stage == REST:
        words.freeze()
        run.stage(model, state, words)
        words.remove()
    float_steps = 0 if task.start else task.recipe.float_steps
    save_checkpoint(task.generator, model.eval(), {**run.metadata(state), **masks}, out)
    write_loss_curve(state.losses, float_steps, out / CURVE_FILE)
    (out / PROGRESS_FILE).unlink(missing_ok=True)
    return model


def _beginning(task: Task) -> TrainingState:
    if task.start is None:
        return TrainingState(FLOAT, 0, {}, {}, [])
    stage = BLOCKS if task.prune_blocks else WORDS if task.code_words else QAT
    return TrainingState(stage, 0, copied_weights(task.start), {}, [])


def _prune(
    run: _Run, model: nn.Module, state: TrainingState
) -> tuple[TrainingState, dict[str, Any]]:
    """Run the stages in which blocks are left out; which are kept, for the checkpoint's metadata."""
    blocks = Blocks(model, run.task.prune_blocks)
    if state.stage == BLOCKS:
        # All blocks, at the beginning of the stage.
        state.weights = {**copied_weights(model), **state.weights}
        run.stage(model, state, blocks=blocks)
        state = TrainingState(RESERVE, 0, copied_weights(model), {}, state.losses)
    state.restore_weights(model)
    state.weights = {}  # Brevitas would make new parameters of them, which are not frozen
    blocks.freeze()
    run.stage(model, state, blocks=blocks)
    masks = masks_as_texts(blocks.masks())
    blocks.remove()
    return state, {KEPT_BLOCKS: masks}


def load_float_weights(model: nn.Module, weights: dict[str, torch.Tensor]) -> None:
    """Copy float weights into a quantised model; only its scales may be missing from them."""
    keys = model.load_state_dict(weights, strict=False)
    strangers = [key for key in keys.missing_keys if not key.endswith("scaling_impl.value")]
    if strangers or keys.unexpected_keys:
        raise WorkbenchError(
            f"the float weights do not fit the quantised model: {strangers + keys.unexpected_keys}"
        )


@torch.no_grad()
def calibrate(model: nn.Module, inputs: Mapping[str, torch.Tensor]) -> None:
    """Let every activation quantiser see these inputs, then freeze its range into a parameter."""
    model.train()
    for _ in range(CALIBRATION_STEPS + 1):
        model(**inputs)


@dataclass
class _Run:
    """A training run that is going on; started: on the monotonic clock, earlier runs included."""

    task: Task
    out: Path
    started: float
    on_step: Callable[[TrainingState], object] | None
    show: bool

    def stage(
        self,
        model: nn.Module,
        state: TrainingState,
        moves: CodeWords | None = None,
        blocks: Blocks | None = None,
    ) -> None:
        """Run the remaining steps of `state.stage`, saving progress now and then."""
        recipe = self.task.recipe
        stage = STAGES[state.stage]
        steps, rate = stage.steps_of(recipe), stage.rate_of(recipe)
        state.restore_weights(model)
        trained = [each for each in model.parameters() if each.requires_grad]
        optimiser = torch.optim.Adam(trained, lr=rate, betas=(0.8, 0.99))
        state.restore_moments(model, optimiser)
        zeros = Zeros(model) if self.task.sparsity else None
        hard = self.task.hardening
        struck = state.stage == QAT and hard.bit_errors
        errors = BitErrors(model, hard.bit_errors, self.task.seed) if struck else None
        loss_of = MelLoss() if recipe.mel_loss else self.task.generator.loss()
        loss_of = loss_of.to(self.task.device)
        inputs, targets = self.task.inputs, self.task.targets.to(self.task.device)
        model.train()
        saved = time.monotonic()
        with progress_bar(
            total=steps,
            initial=state.step,
            desc=stage.title,
            unit="step",
            leave=True,
            disable=not self.show,
        ) as bar:
            while state.step < steps:
                if moves and state.step % (stage.refresh or steps) == 0:
                    moves.refresh()
                if blocks:
                    blocks.before(self.task.seed, state.step, steps)
                optimiser.param_groups[0]["lr"] = rate * schedule(state.step, steps)
                chosen = batch_of(self.task, state.stage, state.step)
                batch = {name: tensor[chosen] for name, tensor in inputs.items()}
                output = tensor_value(model(**batch)).squeeze(1)
                loss = loss_of(output, targets[chosen])
                if errors:
                    with errors.struck(state.step):
                        output = tensor_value(model(**batch)).squeeze(1)
                    loss = (loss + loss_of(output, targets[chosen])) / 2
                # Of frozen parameters too: what an earlier stage left there would count in the norm.
                model.zero_grad()
                loss.backward()
                norm = torch.nn.utils.clip_grad_norm_(trained, recipe.gradient_norm)
                _refuse_divergence(norm, state)
                optimiser.step()
                if zeros:
                    zeros.keep()
                if hard.clip:
                    clip_weights(model, hard.clip)
                if blocks:
                    blocks.after()
                state.losses.append(round(loss.item(), 4))
                state.step += 1
                bar.update()
                bar.set_postfix(loss=f"{np.mean(state.losses[-50:]):.3f}", refresh=False)
                if time.monotonic() - saved > SAVE_EVERY_S or state.step == steps:
                    self._save(model, optimiser, state)
                    saved = time.monotonic()
                if self.on_step and self.on_step(state) is True:
                    self._save(model, optimiser, state)
                    raise PausedError

    def _save(
        self, model: nn.Module, optimiser: torch.optim.Optimizer, state: TrainingState
    ) -> None:
        state.seconds = time.monotonic() - self.started
        state.capture(model, optimiser)
        save_progress(self.out, self.task.identity, state)

    def metadata(self, state: TrainingState) -> dict[str, Any]:
        """How the checkpoint was made."""
        return {
            **self.task.causes,
            "seconds": round(time.monotonic() - self.started, 1),
            "device": self.task.device,
            "torch": torch.__version__,
            "losses": thin(state.losses),
        }


def schedule(step: int, steps: int) -> float:
    """Factor on the learning rate: 30 steps of warm-up, then half a cosine down to 2 %."""
    return min(1.0, (step + 1) / 30) * (0.49 * (1 + cos(pi * step / steps)) + 0.02)


def batch_of(task: Task, stage: str, step: int) -> list[int]:
    """Rows of the targets for one step, a pure function of (seed, stage, step)."""
    key = [task.seed, list(STAGES).index(stage)]
    generator = np.random.Generator(np.random.Philox(key=key, counter=step))
    count = len(task.targets)
    return sorted(int(i) for i in generator.permutation(count)[: task.recipe.batch])


def _refuse_divergence(norm: torch.Tensor, state: TrainingState) -> None:
    """Stop before a gradient that is no number makes the weights none: they would be saved."""
    if not norm.isfinite():
        raise WorkbenchError(
            f"training diverged at step {state.step + 1} of the {state.stage} stage (its gradient is "
            f"{norm.item()}); choose another --seed, or lower rates in the recipe, and another --out"
        )


def thin(losses: list[float], points: int = 200) -> list[float]:
    """Means of equal parts of a loss curve, at most `points` of them."""
    parts = np.array_split(np.asarray(losses), min(points, max(len(losses), 1)))
    return [round(float(part.mean()), 4) for part in parts if len(part)]
