"""Fleets as tasks: parts of their devices, which workers simulate, and what becomes of them together.

Layout: a part that is kept is a record (`experiments.records`) with the fields of `lifetime.Part`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from functools import cached_property
from typing import Any

import numpy as np

from workbench.audio.scales import BY_SNR, Scale
from workbench.errors import WorkbenchError
from workbench.experiments.fleets.findings import Tally
from workbench.experiments.fleets.lifetime import Fleet, Part, simulate_part
from workbench.experiments.fleets.spoken import Spoken
from workbench.experiments.fleets.workload import Workload
from workbench.experiments.parallel.workers import Workers
from workbench.experiments.records import RecordFile
from workbench.healing.strategies.strategy import Strategy
from workbench.integer.program import Program
from workbench.integer.reference import Codes
from workbench.memory.faults.transients import Sites
from workbench.memory.image import Image

# Devices of a part: few enough for many workers, and enough for a batch.
_LEAST_DEVICES, _MOST_DEVICES = 10, 25
_ARRAYS = tuple(name for name in Part._fields if name != "tally")
_PARTS = 8  # of a fleet, unless they became too small or too large


class FleetRun:
    """The devices of a workload under one strategy, in parts.

    Attributes:
        parts: Devices of each part, in order.
        done: Finished parts by number.
        kept: Numbers of those that are in files.
    """

    def __init__(
        self,
        program: Program,
        inputs: dict[str, Codes],
        strategy: Strategy,
        workload: Workload,
        *,
        scale: Scale = BY_SNR,
        file_of: Callable[[range], RecordFile] | None = None,
    ) -> None:
        """Cut the fleet into parts, always in the same way.

        inputs: of every word that may be said, [1, frames * rate, channels] by name. scale: of damage.
        file_of: where a part is kept, so that a run that was killed goes on with the others.
        """
        self.program, self.inputs = program, inputs
        self.strategy, self.workload, self.scale = strategy, workload, scale
        most = min(max(-(-workload.devices // _PARTS), _LEAST_DEVICES), _MOST_DEVICES)
        self.parts = [
            range(first, min(first + most, workload.devices))
            for first in range(0, workload.devices, most)
        ]
        self.files = [file_of(devices) for devices in self.parts] if file_of else []
        kept = ((number, _part_in(file)) for number, file in enumerate(self.files))
        self.done = {number: part for number, part in kept if part is not None}
        self.kept = set(self.done)

    @cached_property
    def image(self) -> Image:
        """The memory of a device; WorkbenchError where the strategy does not suit the program."""
        return self.strategy.image(self.program)

    @cached_property
    def sites(self) -> Sites:
        """Of the image."""
        return Sites(self.image)

    @cached_property
    def spoken(self) -> Spoken:
        """What every device says."""
        return Spoken.of(self.program, self.inputs, self.workload.script(len(self.inputs)))

    @property
    def missing(self) -> list[int]:
        """Numbers of the parts that are not done."""
        return [number for number in range(len(self.parts)) if number not in self.done]

    def shared(self, workers: Workers) -> tuple[Any, ...]:
        """What all parts need; sent once to each worker where there are more parts than workers."""
        common = (
            self.image, self.inputs, self.strategy, self.spoken.chosen, self.scale,
            self.workload.drift,
        )  # fmt: skip
        many = len(self.missing) > workers.cores
        return tuple(map(workers.share, common)) if many else common

    def call(self, number: int, shared: tuple[Any, ...]) -> tuple[Any, ...]:
        """The arguments of `simulate_part`; WorkbenchError for faults that do not fit the memory.

        Events are drawn here, so that workers need no fault models, which may be those of a notebook.
        """
        devices = self.parts[number]
        events = self.workload.events(self.sites, devices, frames=self.spoken.frames)
        return (*shared, devices, events)

    def add(self, number: int, part: Part) -> None:
        """Take a finished part, and keep it where the disk lets it."""
        self.done[number] = part
        if self.files:
            with suppress(WorkbenchError):  # a full disk costs a repetition, and no figures
                self.files[number].write(_plain(part))
                self.kept.add(number)

    def forget_parts(self) -> None:
        """Remove the files of the parts, once what they make together is kept or shown."""
        for file in self.files:
            file.forget()

    def fleet(self) -> Fleet:
        """All parts together."""
        parts = [self.done[number] for number in range(len(self.parts))]
        tallies = [part.tally for part in parts]
        return Fleet(
            strategy=self.strategy,
            workload=self.workload,
            harm=np.concatenate([part.harm for part in parts]),
            upsets=np.concatenate([part.upsets for part in parts]),
            words=np.concatenate([part.words for part in parts]),
            wrong_samples=sum(t.wrong_samples for t in tallies),
            hit=sum(t.hit for t in tallies),
            detected=np.array([n for t in tallies for n in t.detected], np.int64),
            detections=np.concatenate([part.detections for part in parts]),
            repaired=np.array([n for t in tallies for n in t.repaired], np.int64),
            verdicts={v: sum(t.verdicts[v] for t in tallies) for v in tallies[0].verdicts},
            oscillations=sum(t.oscillations for t in tallies),
            false_positives=sum(t.false_positives for t in tallies),
            safety=np.concatenate([part.safety for part in parts]),
            bits_left=np.concatenate([part.bits_left for part in parts]),
            audible_frames=sum(t.audible_frames for t in tallies),
            frames=self.spoken.frames,
            frame_s=1.0 / self.program.frame_rate_hz,
        )


def simulate_fleets(
    runs: Sequence[FleetRun],
    workers: Workers,
    *,
    progress: Callable[[int], object] | None = None,
) -> Iterator[tuple[int, Fleet | Exception]]:
    """Run all parts of all fleets; yields (number of the run, its fleet) when that is complete.

    A run that fails is yielded once with its error, and the others go on. progress: gets the number of
    devices that are done, also those that were kept.

    Raises:
        WorkbenchError: As `Workers.each`.
    """
    failed: dict[int, Exception] = {}
    tasks: list[tuple[int, int]] = []  # (run, part) of every call
    report = progress or (lambda devices: None)

    def calls() -> Iterator[tuple[Any, ...]]:
        for number, run in enumerate(runs):
            shared: tuple[Any, ...] = ()
            for part in run.missing:
                if number in failed:
                    break
                try:
                    shared = shared or run.shared(workers)
                    call = run.call(part, shared)
                except Exception as error:
                    failed[number] = error
                    break
                tasks.append((number, part))
                yield call

    open_runs = set(range(len(runs)))

    def ended() -> Iterator[tuple[int, Fleet | Exception]]:
        for number in sorted(open_runs):
            if number in failed:
                open_runs.remove(number)
                yield number, failed[number]
            elif not runs[number].missing:
                open_runs.remove(number)
                yield number, runs[number].fleet()

    for run in runs:
        if run.done:
            report(sum(len(run.parts[part]) for part in run.done))
    yield from ended()
    count = sum(len(run.missing) for run in runs)
    for done in workers.each(simulate_part, calls(), count=count):
        number, part = tasks[done.number]
        if done.error is not None:
            failed.setdefault(number, done.error)
        else:
            runs[number].add(part, done.value)
            report(len(runs[number].parts[part]))
        yield from ended()
    yield from ended()


def simulate_fleet(
    program: Program,
    inputs: dict[str, Codes],
    strategy: Strategy,
    workload: Workload,
    *,
    scale: Scale = BY_SNR,
    jobs: int = -1,
    progress: Callable[[int], object] | None = None,
) -> Fleet:
    """Run the devices of a workload on this machine; see `FleetRun` and `simulate_fleets`.

    scale: of damage. jobs: processes, -1 for one a core.
    """
    with Workers(jobs) as workers:
        run = FleetRun(program, inputs, strategy, workload, scale=scale)
        ((_, fleet),) = simulate_fleets([run], workers, progress=progress)
    if isinstance(fleet, Exception):
        raise fleet
    return fleet


def _plain(part: Part) -> dict[str, Any]:
    arrays = {name: getattr(part, name).tolist() for name in _ARRAYS}
    return {**arrays, "tally": asdict(part.tally)}


def _part_in(file: RecordFile) -> Part | None:
    """The part that is kept in a file, None where there is none."""
    record = file.read()
    if record is None:
        return None
    arrays = {name: np.array(record[name]) for name in _ARRAYS}
    return Part(**arrays, tally=Tally(**record["tally"]))
