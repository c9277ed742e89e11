"""How long before the sound gets worse monitors of behaviour speak, while upsets accumulate and nothing heals.

The devices of `workbench bench lead`. A number is derived again by letting the first utterances of one of its devices be
said anew, with all monitors.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any, ClassVar

import numpy as np

from workbench.audio.scales import QUALITIES
from workbench.errors import WorkbenchError
from workbench.experiments.estimates.statistics import wilson
from workbench.experiments.monitors.calibration import alarming_kinds
from workbench.experiments.monitors.lead_time import (
    CLASSES,
    EVENTS,
    PERSISTENT,
    Life,
    Said,
    decaying,
    groups_of,
    leads,
    live,
)
from workbench.experiments.parallel.task import code_here
from workbench.experiments.records import RecordFile
from workbench.memory.watches.behaviour_area import BehaviourArea
from workbench.papers.calibrated import calibrated, checked_distance, monitor_of
from workbench.papers.cell import Cell, Measure
from workbench.papers.kind import Evidence, Example, Kind, named_in
from workbench.progress import progress_bar

_AGAIN = 12  # utterances that are said again
_WARNED, _FALSE, _LEAD = "warned", "false", "lead"
_MOST_UPSETS = 1000


@dataclass(frozen=True)
class _Options:
    """monitors: () for all. apart: frames between two false alarms. frames: to learn from. devices: that decay. upsets:
    before an utterance, on average. utterances: the most that a device says. before: frames before the event."""

    monitors: tuple[str, ...] = ()
    apart: str = "1e6"
    frames: int = 200_000
    devices: int = 20
    upsets: float = 4.0
    utterances: int = 120
    before: tuple[str, ...] = ("0", "100", "1000", "10000")


class Lead(Kind):
    """Every monitor, and those of hidden codes and of the output together, before each event."""

    OPTIONS = _Options
    MEASURES: ClassVar[dict[str, Measure]] = {
        _WARNED: Measure("warned before", percent=True),
        _FALSE: Measure("by false alarms alone", percent=True),
        _LEAD: Measure("median lead of those warned", unit="frames"),
    }
    options: _Options

    def check(self) -> None:
        """Refuse unknown monitors and numbers that nothing can be done with."""
        where, options = f"[[data]] {self.name}", self.options
        self.monitors = named_in(options.monitors, alarming_kinds(), "monitor of behaviour")
        checked_distance(options.apart, where)
        if min(options.frames, options.devices, options.utterances) < 1:
            raise WorkbenchError(f"{where} needs at least 1 frame, device and utterance; give more")
        if not 0 < options.upsets <= _MOST_UPSETS:
            raise WorkbenchError(
                f"{where} wants {options.upsets:g} upsets an utterance; give more than 0 and at most {_MOST_UPSETS:,}"
            )
        for text in options.before:
            if not text.isascii() or not text.isdecimal():
                raise WorkbenchError(
                    f"{where} wants warnings {text!r} frames before; give whole numbers"
                )

    def run(self) -> None:
        """Calibrate, and let the devices decay that are not kept."""
        for model in self.models:
            self._lives(model)

    def cells(self) -> list[Cell]:
        """Of each model, group of monitors, event and class of the sound."""
        return [
            cell
            for model in self.models
            for which in EVENTS
            for quality in CLASSES
            for monitor in self._groups(model)
            for cell in self._of(
                {"model": model, "monitor": monitor, "event": which, "class": quality}
            )
        ]

    def example(self, cell: Cell) -> Example | None:
        """The utterance of the event, of the first device that is counted."""
        if not cell.replay:
            return None
        model = cell.labels["model"]
        number = int(cell.replay[0].split()[1])
        life = self._lives(model)[number]
        event = life.event(cell.labels["event"], CLASSES[cell.labels["class"]])
        voice, at = self.models[model].voice, life.starts.tolist().index(event)
        said = next(islice(self._decaying(model, number), at, None))
        alarms = [
            f"{name}: {'no alarm' if alarm is None else f'alarm in frame {alarm:,}'}"
            for name, alarm in zip(self.monitors, life.alarms, strict=True)
        ]
        program = voice.program
        return Example(
            f"device {number}: its utterance {at + 1}, {QUALITIES[life.qualities[at]]}, from frame {event:,} on",
            (f"{len(said.wrong):,} wrong bits", *alarms),
            program.rendered(said.clean[program.output]),
            program.rendered(said.codes[program.output]),
            voice.sample_rate_hz,
            f"workbench bench lead --generator {voice.generator.name}{self.models[model].option} --trials {number + 1} "
            f"--upsets {self.options.upsets:g} --seed {self.seed}",
        )

    def again(self, cell: Cell, rng: np.random.Generator) -> Evidence:
        """Say the first utterances of a device again; their classes and all alarms in them must be the same."""
        model = cell.labels["model"]
        had = [n for n, _ in self._had(cell.labels)]
        number = had[int(rng.integers(len(had)))]
        kept = self._lives(model)[number]
        utterances = min(_AGAIN, len(kept.qualities))
        made = self._live(model, number, utterances)
        what = (
            f"the first {utterances} utterances of device {number} said again before every monitor"
        )
        return Evidence(what, made.plain() == _beginning(kept, utterances).plain())

    def methods(self) -> str:
        """How devices decayed, and what is looked back from."""
        options = self.options
        return (
            f"Lead times ({self.name}): {options.devices:,} devices with {', '.join(self.monitors)}, calibrated on "
            f"{options.frames:,} frames for {options.apart} frames between false alarms, said at most {options.utterances:,} "
            f"utterances each, before which {options.upsets:g} bits of the working copy flipped on average and stayed (seed "
            f"{self.seed}). A device was warned where an alarm came so many frames or more before the first utterance "
            f"(first), or the first of {PERSISTENT} in a row (lasting), that was of a class or worse; false alarms are those "
            "of the same monitors beside the clean run. Intervals are Wilson's, with a confidence of 95 %."
        )

    def _of(self, labels: dict[str, str]) -> Iterator[Cell]:
        model, quality = labels["model"], CLASSES[labels["class"]]
        numbers = self._groups(model)[labels["monitor"]]
        had = self._had(labels)
        lived = [life for _, life in had]
        found = leads(lived, numbers, labels["event"], quality)
        false = leads(lived, numbers, labels["event"], quality, false=True)
        devices = [number for number, _ in had]
        for before in self.options.before:
            early = found >= int(before)
            yield self._share({**labels, "before": before}, _WARNED, early, devices, ("before",))
        yield self._share(labels, _FALSE, false >= 0, devices, ())
        warned = found[found >= 0]
        origin = f"{len(warned)} devices that were warned, of {len(devices)} that had the event"
        middle = float(np.median(warned)) if warned.size else None
        replay = self._named(devices, found >= 0) if warned.size else ()
        yield Cell(labels, _LEAD, middle, count=len(warned), origin=origin, replay=replay)

    def _share(
        self,
        labels: dict[str, str],
        measure: str,
        hits: np.ndarray,
        devices: Sequence[int],
        by: tuple[str, ...],
    ) -> Cell:
        if not devices:
            return Cell(labels, measure, None, by=by)
        count = int(hits.sum())
        low, high = map(float, wilson(count, len(devices)))
        origin = f"{count} of {len(devices)} devices that had the event, of {self.options.devices:,} of seed {self.seed}"
        replay = self._named(devices, hits)
        return Cell(
            labels, measure, count / len(devices), low, high, len(devices), origin, replay, by
        )

    def _named(self, devices: Sequence[int], hits: np.ndarray) -> tuple[str, ...]:
        """The first device that is counted, or where none is, the first of all."""
        return (f"device {devices[int(hits.argmax())]} of seed {self.seed}",)

    def _had(self, labels: dict[str, str]) -> list[tuple[int, Life]]:
        """Numbers and lives of the devices that had an event."""
        which, quality = labels["event"], CLASSES[labels["class"]]
        lives = enumerate(self._lives(labels["model"]))
        return [(n, life) for n, life in lives if life.event(which, quality) is not None]

    def _groups(self, model: str) -> dict[str, list[int]]:
        groups = groups_of(self._areas(model), self.models[model].voice.program.output)
        return {name: numbers for name, numbers in groups.items() if numbers}

    def _areas(self, model: str) -> list[BehaviourArea]:
        return [monitor_of(each) for each in self._monitors[model]]

    @cached_property
    def _monitors(self) -> dict[str, list[dict[str, Any]]]:
        return {
            model: calibrated(
                each.voice, [(name, self.options.apart) for name in self.monitors], self.site,
                frames=self.options.frames, seed=self.seed, title=self.name,
            )
            for model, each in self.models.items()
        }  # fmt: skip

    @cached_property
    def _lived(self) -> dict[str, list[Life]]:
        return {}

    def _lives(self, model: str) -> list[Life]:
        """Of all devices in order; each is kept as soon as it was lived."""
        if model not in self._lived:
            numbers = progress_bar(range(self.options.devices), desc=self.name, unit="device")
            self._lived[model] = [self._kept(model, number) for number in numbers]
        return self._lived[model]

    def _kept(self, model: str, device: int) -> Life:
        options, program = self.options, self.models[model].voice.program
        basis = f"{self.monitors} {options.apart} {options.frames} {options.upsets} {options.utterances}"
        key = f"{code_here().digest} {program.content_hash} {basis} {device} {self.seed}"
        file = RecordFile(self.site.folder, f"{model}-{device}", key)
        record = file.read()
        if record is None:
            record = self._live(model, device, options.utterances).plain()
            file.write(record)
        return Life.of(record)

    def _live(self, model: str, device: int, utterances: int) -> Life:
        return live(
            self.models[model].voice, self._areas(model), device=device, upsets=self.options.upsets,
            utterances=utterances, seed=self.seed,
        )  # fmt: skip

    def _decaying(self, model: str, device: int) -> Iterator[Said]:
        return decaying(
            self.models[model].voice, (), device=device, upsets=self.options.upsets,
            utterances=self.options.utterances, seed=self.seed,
        )  # fmt: skip


def _beginning(life: Life, utterances: int) -> Life:
    """What would be known of a device that had said no more."""
    end = int(life.starts[utterances])
    alarms, false = (
        tuple(frame if frame is not None and frame < end else None for frame in frames)
        for frames in (life.alarms, life.false)
    )
    return Life(life.starts[: utterances + 1], life.qualities[:utterances], alarms, false)
