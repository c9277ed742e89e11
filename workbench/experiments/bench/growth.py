"""How speed and memory grow: trials with the weights, memory with the batch, fleets with the devices.

Times are of the processor, in one process, so that other work on the machine hardly shows. Memory is the
most that NumPy holds beyond what was there before, as `tracemalloc` counts it; a call in C takes no more.
Layout: rows are JSON-ready dictionaries.
"""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from workbench.experiments.bench.growing import grown_program, random_latents, weights_of
from workbench.experiments.fleets.comparison import ENVIRONMENTS, workload_of
from workbench.experiments.fleets.fleet_run import simulate_fleet
from workbench.healing.strategies.strategy import Strategy
from workbench.integer.program import Program
from workbench.integer.reference import Codes
from workbench.memory.faults.events import Events
from workbench.memory.faults.plan import Plan
from workbench.memory.faults.transients import Sites
from workbench.memory.image import Image
from workbench.memory.trials.laboratory import Laboratory

CHANNELS = (28, 44, 66, 92, 146, 206, 292, 380)  # 10 thousand to 2 million weights
BATCHES = (16, 64, 256, 1024, 4096, 16384)
SOUNDS = 1024  # the largest batch whose sounds are kept
DEVICES = (5, 10, 20, 40, 80)
ENVIRONMENT = "single"
_FRAMES = 32
_TRIALS_AT_ONCE = 512
_FLIP = Plan.parse("flips=1")

Row = dict[str, float | str]
# Called with the name of a step and what makes its rows; returns them, or those of an earlier run.
Step = Callable[[str, Callable[[], list[Row]]], list[Row]]


@dataclass(frozen=True)
class Fleets:
    """What the fleets of a benchmark are made of. inputs: of every utterance; all equally long."""

    program: Program
    inputs: dict[str, Codes]
    strategies: Sequence[Strategy]
    utterances: int = 25


def trials_by_weights(
    step: Step, *, channels: Sequence[int] = CHANNELS, seconds: float
) -> list[Row]:
    """Single flips of 32 frames of networks of one shape, for about `seconds` each."""
    rows = (step(f"{width} channels", partial(_trials, width, seconds)) for width in channels)
    return [row for (row,) in rows]


def memory_by_batch(
    step: Step,
    image: Image,
    inputs: Codes,
    *,
    batches: Sequence[int] = BATCHES,
) -> list[Row]:
    """Bytes that a batch of single flips takes: its outcomes and, up to SOUNDS, its sounds.

    inputs: of one utterance.
    """
    laboratory = Laboratory(image, inputs)
    laboratory.outcomes(_flips(laboratory, 1), 1)  # tables are made
    rows = (
        step(f"{batch} trials at once", partial(_memory, laboratory, batch)) for batch in batches
    )
    return [row for (row,) in rows]


def seconds_by_devices(
    step: Step, fleets: Fleets, *, devices: Sequence[int] = DEVICES
) -> list[Row]:
    """Processor time that fleets of growing size take under single upsets, one a second and device."""
    rows = []
    for strategy in fleets.strategies:
        rows += step(f"fleets of {strategy.name}", partial(_fleets, fleets, strategy, devices))
    return rows


def _trials(width: int, seconds: float) -> list[Row]:
    program = grown_program(width)
    laboratory = Laboratory(Image.of(program), random_latents(program, _FRAMES))
    events = _flips(laboratory, _TRIALS_AT_ONCE)
    laboratory.outcomes(events, _TRIALS_AT_ONCE)  # pages are touched, tables made
    trials, before, started = 0, laboratory.macs, time.process_time()
    while (passed := time.process_time() - started) < seconds or not trials:
        laboratory.outcomes(events, _TRIALS_AT_ONCE)
        trials += _TRIALS_AT_ONCE
    whole = program.macs_per_frame() * _FRAMES
    row: Row = {"weights": weights_of(program), "trials": trials, "trials_per_s": trials / passed}
    row |= {"macs": whole, "engine": laboratory.engine, "kernels": laboratory.kernels}
    if laboratory.macs is not None and before is not None:
        row["share_of_macs"] = (laboratory.macs - before) / trials / whole
    return [row]


def _memory(laboratory: Laboratory, batch: int) -> list[Row]:
    events = _flips(laboratory, batch)
    row: Row = {"trials": batch, "engine": laboratory.engine}
    row["outcomes_bytes"] = _most(lambda: laboratory.outcomes(events, batch))
    if batch <= SOUNDS:
        row["sounds_bytes"] = _most(lambda: laboratory.sounds(events, batch))
    return [row]


def _fleets(fleets: Fleets, strategy: Strategy, devices: Sequence[int]) -> list[Row]:
    rows: list[Row] = []
    for number, count in enumerate((1, *devices)):
        workload = workload_of(
            ENVIRONMENTS[ENVIRONMENT], devices=count, utterances=fleets.utterances, seed=0
        )
        started = time.process_time()
        fleet = simulate_fleet(fleets.program, fleets.inputs, strategy, workload, jobs=1)
        passed = time.process_time() - started
        if number:  # the first one makes clean runs, which are kept
            rows.append(
                {
                    "strategy": strategy.name,
                    "devices": count,
                    "cpu_s": passed,
                    "times_real_time": fleet.device_s / passed,
                }
            )
    return rows


def _flips(laboratory: Laboratory, trials: int) -> Events:
    return _FLIP.events(Sites(laboratory.image), np.arange(trials))


def _most(work: Callable[[], object]) -> int:
    """Bytes that `work` holds at most, beyond what was there before."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        work()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
