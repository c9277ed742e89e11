"""Costs of the strategies of a comparison on a device: from the shipped table, from disk, or measured.

Layout: a measured cost is stored as a record, like those of fleets, named by all that it depends on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from workbench.errors import reason_of
from workbench.experiments.fleets.comparison import CORE
from workbench.experiments.parallel.task import code_here
from workbench.experiments.parallel.workers import Workers
from workbench.experiments.provenance import inputs_digest
from workbench.experiments.records import RecordFile
from workbench.firmware.boards import CORES
from workbench.firmware.emulation.costs import Cost, bare_run, fingerprint, known_cost, measure_cost
from workbench.firmware.emulation.emulate import EmulatedRun
from workbench.firmware.own_in_c import OwnInC
from workbench.healing.strategies.variants import StrategyVariant
from workbench.integer.program import Program

COST_FRAMES = 32  # of one word, that are measured


def cost_frames(program: Program, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The first COST_FRAMES frames of an utterance; inputs: [1, frames * rate, channels] by name."""
    return {
        name: codes[:, : COST_FRAMES * program.signal(name).rate] for name, codes in inputs.items()
    }


def device_costs(
    variants: Sequence[StrategyVariant],
    program: Program,
    inputs: Mapping[str, np.ndarray],
    *,
    folder: Path | None = None,
    jobs: int = -1,
    progress: Callable[[str], None] | None = None,
) -> dict[str, Cost | str]:
    """By name of the strategy: its cost on CORE, or why that is unknown.

    program: the generator without a healer. inputs: of one word, [1, frames * rate, channels] by name,
    of which the first COST_FRAMES are measured. folder: of the comparison, None to keep nothing. jobs:
    processes, -1 for one a core. progress: called with the name of each strategy after its measurement.
    """
    frames = cost_frames(program, inputs)
    cost_of: dict[str, Cost | str] = {}
    missing: list[StrategyVariant] = []
    for variant in variants:
        cost = known_cost(variant.program, variant.strategy, CORE) or _stored(
            folder, variant, frames
        )
        if cost:
            cost_of[variant.strategy.name] = cost
        else:
            missing.append(variant)
    if missing:
        cost_of |= _measured(missing, program, frames, folder, jobs, progress)
    return cost_of


def _measured(
    variants: Sequence[StrategyVariant],
    program: Program,
    frames: Mapping[str, np.ndarray],
    folder: Path | None,
    jobs: int,
    progress: Callable[[str], None] | None,
) -> dict[str, Cost | str]:
    cost_of: dict[str, Cost | str] = {}
    try:
        bare = bare_run(program, frames, CORES[CORE])
        calls = (
            (variant, OwnInC.of(variant.program, variant.strategy), frames, bare)
            for variant in variants
        )
        for done in Workers(jobs).each(_measure, calls, count=len(variants)):
            variant, cost = variants[done.number], done.result()
            cost_of[variant.strategy.name] = cost
            file = _file(folder, variant, frames)
            if file and isinstance(cost, Cost):
                file.write(asdict(cost))
            if progress:
                progress(variant.strategy.name)
    except Exception as error:  # without costs, the figures of fleets must still be written
        return {variant.strategy.name: reason_of(error) for variant in variants} | cost_of
    return cost_of


def _measure(
    variant: StrategyVariant,
    own: OwnInC,
    frames: Mapping[str, np.ndarray],
    bare: EmulatedRun,
) -> Cost | str:
    try:
        own.enter()
        return measure_cost(variant.program, frames, variant.strategy, CORES[CORE], bare=bare)
    except Exception as error:  # of compiler or emulator; the others go on
        return reason_of(error)


def _stored(
    folder: Path | None, variant: StrategyVariant, frames: Mapping[str, np.ndarray]
) -> Cost | None:
    file = _file(folder, variant, frames)
    record = file.read() if file else None
    try:
        return Cost(**record) if record else None
    except TypeError:  # of another workbench
        return None


def _file(
    folder: Path | None, variant: StrategyVariant, frames: Mapping[str, np.ndarray]
) -> RecordFile | None:
    if folder is None:
        return None
    firmware = fingerprint(variant.program, variant.strategy)
    key = f"cost {code_here().digest} {CORE} {firmware} {inputs_digest({'': frames})}"
    return RecordFile(folder, f"{variant.strategy.name}-cost", key)
