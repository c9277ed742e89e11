"""What monitors cost and find at several mean times between false alarms, with a check of memory beside them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from workbench.errors import WorkbenchError
from workbench.experiments.monitors.calibration import Calibration
from workbench.experiments.monitors.detection import Found
from workbench.experiments.voices.voice import Voice
from workbench.firmware.boards import Core
from workbench.firmware.emulation.costs import bare_run, mean_of_frames
from workbench.firmware.emulation.emulate import emulate
from workbench.healing.overheads import overheads
from workbench.healing.strategies.named import named
from workbench.healing.strategies.strategy import Strategy

LEVELS = (1e4, 1e5, 1e6)  # frames between two false alarms
MEMORY_CHECK = "crc-scrub"
_WORSE = 3  # degraded, an index of QUALITIES
_FRAMES = 40  # that instructions are counted in


@dataclass(frozen=True)
class Price:
    """What a strategy takes beyond the bare generator.

    Args:
        name: Of the strategy.
        instructions: Of a clean frame, mean, by core.
        generator: Instructions of a frame without it, likewise.
        check_bytes: Of flash, baselines and checks.
        ram_bytes: With the healer's variables.
        scan_frames: Until all of memory was looked at; None where no memory is looked at unless asked.
    """

    name: str
    instructions: dict[str, float]
    generator: dict[str, float]
    check_bytes: int
    ram_bytes: int
    scan_frames: int | None


def prices(
    voice: Voice,
    strategies: Sequence[Strategy],
    cores: Sequence[Core],
    progress: Callable[[], object],
) -> list[Price]:
    """Instructions on emulated cores, over some frames of the usual utterance; progress: called after each run."""
    inputs = voice.inputs(voice.usual[0])
    frames = {
        name: codes[:, : _FRAMES * voice.program.signal(name).rate]
        for name, codes in inputs.items()
    }
    counted: list[dict[str, float]] = [{} for _ in strategies]
    bare = {}
    for core in cores:
        alone = bare_run(voice.program, frames, core)
        bare[core.name] = alone.instructions_per_frame
        for strategy, of_core in zip(strategies, counted, strict=True):
            run = emulate(strategy.image(voice.program), core, frames, strategy=strategy)
            beside = run.instructions - alone.instructions
            of_core[core.name] = mean_of_frames(_whole_rounds(beside, strategy), strategy)
            progress()
    made = []
    for strategy, of_core in zip(strategies, counted, strict=True):
        stored = overheads(strategy.layout(voice.program), strategy)
        made.append(
            Price(
                strategy.name,
                of_core,
                bare,
                stored.check_bytes,
                stored.ram_bytes,
                stored.frames_per_scan if stored.bytes_per_frame else None,
            )
        )
    return made


def _whole_rounds(beside: np.ndarray, strategy: Strategy) -> np.ndarray:
    """Without the frames at the end in which a guard that looks every so many frames would look once too often."""
    rounds = math.lcm(*(guard.every_frames for guard in strategy.guards))
    return beside[: len(beside) // rounds * rounds or None]


def memory_check(voice: Voice) -> Strategy:
    """The check of memory that monitors are compared with."""
    return named(MEMORY_CHECK, voice.program)


def levels_of(made: Calibration) -> list[Calibration]:
    """A monitor calibrated for each of LEVELS that its frames suffice for; as it is where it never alarms falsely."""
    found = []
    for mean_frames in LEVELS if made.endless else (made.mean_frames,):
        try:
            found.append(made.at(mean_frames))
        except WorkbenchError:  # too few frames for alarms as rare
            continue
    return found


def level_row(made: Calibration, found: Sequence[Found], number: int) -> dict[str, object]:
    """What monitor `number` of the trials finds of the degraded and broken, and how often it is wrong."""
    return {
        **worse_row(made.area.code, found, number),
        "mean_frames": made.mean_frames,
        "limit": made.area.limit,
        "false_alarms": made.false.alarms,
        "events": made.false.events,
        "frames": made.false.frames,
        "endless": made.endless,
        "achieved": list(made.false.apart()),
    }


def worse_row(name: str, found: Sequence[Found], number: int) -> dict[str, object]:
    """How many of the degraded and broken are found, and how late. number: of the delays."""
    delays = [each.delays[number] for each in found if each.quality >= _WORSE]
    alarms = [delay for delay in delays if delay is not None]
    return {
        "monitor": name,
        "worse": len(delays),
        "found": len(alarms),
        "median_delay_frames": float(np.median(alarms)) if alarms else None,
    }
