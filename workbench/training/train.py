"""Train `challenge` on recordings: float, calibration of ranges, quantisation-aware.

Every step is a pure function of (state, seed, step), so that a run killed anywhere and started
again ends where an undisturbed one would.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from math import ceil, cos, pi
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from workbench.errors import WorkbenchError
from workbench.files import output_folder
from workbench.models.challenge import SAMPLE_RATE_HZ, Challenge, ChallengeConfig
from workbench.models.layers import tensor_value
from workbench.models.quantisers import CALIBRATION_STEPS
from workbench.training.checkpoint import save_checkpoint
from workbench.training.loss import WaveformLoss
from workbench.training.progress import TrainingState, load_progress, save_progress
from workbench.training.recipe import Recipe

LONGEST_WORD_S = 2.0
SAVE_EVERY_S = 20.0


@dataclass
class Task:
    """What is trained: recordings by word, padded to one length; seed; recipe; device."""

    config: ChallengeConfig
    targets: torch.Tensor  # float32 [words, samples]
    recipe: Recipe
    seed: int
    data: dict[str, Any] = field(default_factory=dict)
    device: str = "cpu"


def make_task(
    recordings: Mapping[str, np.ndarray],
    *,
    recipe: Recipe,
    seed: int = 0,
    trunk_weight_bits: int = 8,
    device: str | None = None,
) -> Task:
    """Shape the generator after `recordings` (word -> float32 [samples] at 16 kHz).

    Raises WorkbenchError when there is no recording or one is too long.
    """
    if not recordings:
        raise WorkbenchError("there is no recording to train on; name a folder with --data")
    for word, samples in recordings.items():
        if len(samples) > LONGEST_WORD_S * SAMPLE_RATE_HZ:
            raise WorkbenchError(
                f"recording {word!r} lasts {len(samples) / SAMPLE_RATE_HZ:.2f} s; challenge learns "
                f"words of at most {LONGEST_WORD_S:g} s, so trim it or leave it out"
            )
    config = ChallengeConfig(words=tuple(recordings), trunk_weight_bits=trunk_weight_bits)
    if recipe.channels:
        config = replace(config, channels=recipe.channels)
    longest = max(len(samples) for samples in recordings.values())
    frames = recipe.frames or ceil(longest / config.samples_per_frame)
    config = replace(config, frames=frames)
    targets = torch.zeros(len(recordings), frames * config.samples_per_frame)
    for row, samples in zip(targets, recordings.values(), strict=True):
        kept = torch.from_numpy(np.asarray(samples, np.float32))[: len(row)]
        row[: len(kept)] = kept
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    return Task(config, targets, recipe, seed, device=device)


def train(
    task: Task, out: Path | str, *, on_step: Callable[[TrainingState], None] | None = None
) -> Challenge:
    """Train to the end, resuming what lies in `out`; writes the checkpoint there and returns it.

    Raises WorkbenchError when `out` holds another run or cannot be written.
    """
    out = output_folder(out)
    torch.manual_seed(task.seed)
    identity = _identity(task)
    state = load_progress(out, identity) or TrainingState("float", 0, {}, {}, [])
    started = time.monotonic() - state.seconds
    if state.stage == "float":
        model = Challenge(task.config, quantised=False).to(task.device)
        _stage(task, model, state, out, identity, started, on_step)
        state = TrainingState("qat", 0, _cpu_state(model), {}, state.losses)
    model = Challenge(task.config, quantised=True).to(task.device)
    if state.step == 0:
        load_float_weights(model, state.model)
        calibrate(model, task)
        state.model = {}
    _stage(task, model, state, out, identity, started, on_step)
    story = {
        "recipe": asdict(task.recipe),
        "seed": task.seed,
        "data": task.data,
        "seconds": round(time.monotonic() - started, 1),
        "device": task.device,
        "torch": torch.__version__,
        "losses": thin(state.losses),
    }
    save_checkpoint(model.eval(), story, out)
    return model


def load_float_weights(model: Challenge, weights: dict[str, torch.Tensor]) -> None:
    """Copy float weights into a quantised model; only its scales may be missing from them."""
    keys = model.load_state_dict(weights, strict=False)
    strangers = [key for key in keys.missing_keys if not key.endswith("scaling_impl.value")]
    if strangers or keys.unexpected_keys:
        raise WorkbenchError(
            f"the float weights do not fit the quantised model: {strangers + keys.unexpected_keys}"
        )


@torch.no_grad()
def calibrate(model: Challenge, task: Task) -> None:
    """Let every activation quantiser see all words, then freeze its range into a parameter."""
    model.train()
    inputs = _indexes(model, task, list(range(len(task.targets))))
    for _ in range(CALIBRATION_STEPS + 1):
        model(**inputs)


def _stage(
    task: Task,
    model: Challenge,
    state: TrainingState,
    out: Path,
    identity: str,
    started: float,
    on_step: Callable[[TrainingState], None] | None,
) -> None:
    """Run the remaining steps of `state.stage`, saving progress now and then."""
    recipe = task.recipe
    quantised = state.stage == "qat"
    steps, rate = (
        (recipe.qat_steps, recipe.qat_rate)
        if quantised
        else (recipe.float_steps, recipe.float_rate)
    )
    optimiser = torch.optim.Adam(model.parameters(), lr=rate, betas=(0.8, 0.99))
    state.restore(model, optimiser)
    loss_of = WaveformLoss().to(task.device)
    targets = task.targets.to(task.device)
    model.train()
    saved = time.monotonic()
    with tqdm(
        total=steps, initial=state.step, desc="quantised" if quantised else "float", unit="step"
    ) as bar:
        while state.step < steps:
            optimiser.param_groups[0]["lr"] = rate * schedule(state.step, steps)
            chosen = batch_of(task, state.stage, state.step)
            output = tensor_value(model(**_indexes(model, task, chosen)))[:, 0]
            loss = loss_of(output, targets[chosen])
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), recipe.gradient_norm)
            optimiser.step()
            state.losses.append(round(loss.item(), 4))
            state.step += 1
            bar.update()
            bar.set_postfix(loss=f"{np.mean(state.losses[-50:]):.3f}", refresh=False)
            if on_step:
                on_step(state)
            if time.monotonic() - saved > SAVE_EVERY_S or state.step == steps:
                state.seconds = time.monotonic() - started
                state.capture(model, optimiser)
                save_progress(out, identity, state)
                saved = time.monotonic()


def schedule(step: int, steps: int) -> float:
    """Factor on the learning rate: 30 steps of warm-up, then half a cosine down to 2 %."""
    return min(1.0, (step + 1) / 30) * (0.49 * (1 + cos(pi * step / steps)) + 0.02)


def batch_of(task: Task, stage: str, step: int) -> list[int]:
    """The words of one step, a pure function of (seed, stage, step)."""
    generator = np.random.Generator(np.random.Philox(key=[task.seed, stage == "qat"], counter=step))
    count = len(task.targets)
    return sorted(int(i) for i in generator.permutation(count)[: task.recipe.batch])


def thin(losses: list[float], points: int = 200) -> list[float]:
    """Means of equal parts of a loss curve, at most `points` of them."""
    parts = np.array_split(np.asarray(losses), min(points, max(len(losses), 1)))
    return [round(float(part.mean()), 4) for part in parts if len(part)]


def _indexes(model: Challenge, task: Task, chosen: list[int]) -> dict[str, torch.Tensor]:
    streams = model.indexes([task.config.words[i] for i in chosen])
    return {
        name: torch.from_numpy(codes[:, :, 0]).long().to(task.device)
        for name, codes in streams.items()
    }


def _cpu_state(model: Challenge) -> dict[str, torch.Tensor]:
    return {name: tensor.detach().cpu().clone() for name, tensor in model.state_dict().items()}


def _identity(task: Task) -> str:
    """What must be equal for a run to be continued rather than refused."""
    data = [round(float(value), 6) for value in task.targets.abs().sum(dim=1)]
    return repr((asdict(task.config), asdict(task.recipe), task.seed, data))
