"""Fleets of devices under faults, each healing itself: sound quality and latency of healing.

Memory is simulated by events, and only affected words are computed, by the fault laboratory; where a
healer depends on what is said (monitors, silenced histories), these words run frame by frame.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from workbench.experiments.campaigns.trial_table import QUALITIES, snr_quality
from workbench.experiments.fleets.affected import affected_words
from workbench.experiments.fleets.workload import Workload
from workbench.healing.device import Device
from workbench.healing.log import Verdict
from workbench.healing.memory_simulation import memory_changes, memory_tells_all
from workbench.healing.simulation import simulate_many
from workbench.healing.strategy import Strategy
from workbench.integer.program import Program
from workbench.integer.reference import Codes
from workbench.memory.faults.events import FLIP, Event, Events, sorted_events
from workbench.memory.image import Image
from workbench.memory.trials.laboratory import Laboratory

_MASKED = QUALITIES.index("masked")
_AUDIBLE = QUALITIES.index("acceptable")  # the first class in which a difference can be heard


@dataclass(frozen=True, eq=False)
class Fleet:
    """What became of the devices of a workload under one strategy.

    quality: int64 [5], words of all devices by class, as QUALITIES, by SNR to the clean sound. harm:
    float64 [devices], energy of the error over that of the clean sound, at most 1, mean over the words.
    wrong_samples: that differed. upsets: int64 [devices], events of all memory. hit: those of the working
    copies. detected, repaired: int64 [n], frames from an event of a working copy to the first entry about
    its unit (detection latency), and until its bit was right again; undetected and unrepaired ones are
    excluded. verdicts: entries by verdict. oscillations: entries about a unit that nothing had hit since
    it was last healed. false_positives: repairs of intact units. wrong_bits: of the working copies at
    the end.
    """

    strategy: Strategy
    workload: Workload
    quality: np.ndarray
    harm: np.ndarray
    wrong_samples: int
    upsets: np.ndarray
    hit: int
    detected: np.ndarray
    repaired: np.ndarray
    verdicts: dict[str, int]
    oscillations: int
    false_positives: int
    wrong_bits: int
    word_s: float

    @property
    def device_s(self) -> float:
        """Seconds that all devices ran, together."""
        return int(self.quality.sum()) * self.word_s

    @property
    def availability(self) -> float:
        """Share of the words in which nothing can be heard."""
        return float(self.quality[:_AUDIBLE].sum() / self.quality.sum())


@dataclass
class Tally:
    """What is counted while devices run, as in `Fleet`."""

    detected: list[int] = field(default_factory=list)
    repaired: list[int] = field(default_factory=list)
    verdicts: dict[str, int] = field(default_factory=lambda: {v.name.lower(): 0 for v in Verdict})
    quality: np.ndarray = field(default_factory=lambda: np.zeros(len(QUALITIES), np.int64))
    wrong_samples: int = 0
    hit: int = 0
    oscillations: int = 0
    false_positives: int = 0
    wrong_bits: int = 0


def word_frames(program: Program, inputs: Mapping[str, Codes]) -> int:
    """Of each word, which are all equally long."""
    name = program.inputs[0]
    return next(iter(inputs.values()))[name].shape[1] // program.signal(name).rate


def simulate_part(
    image: Image,
    inputs: dict[str, Codes],
    strategy: Strategy,
    script: np.ndarray,
    devices: range,
    events: Events,
) -> Part:
    """Simulate some devices of a fleet; `events` are numbered from the first of them."""
    return _Task(image, inputs, strategy, script, events.rows(len(devices))).run()


class Part(NamedTuple):
    """What became of some devices: harm and upsets as in `Fleet`, and the rest."""

    harm: np.ndarray
    upsets: np.ndarray
    tally: Tally


class _Task:
    def __init__(
        self,
        image: Image,
        inputs: dict[str, Codes],
        strategy: Strategy,
        script: np.ndarray,
        events: list[list[Event]],
    ) -> None:
        self.image, self.inputs, self.words = image, inputs, tuple(inputs)
        self.script, self.events = script, events
        self.frames = word_frames(image.program, inputs)
        self.devices = [Device(image, strategy, image.data) for _ in events]
        self.laboratories = [Laboratory(image, inputs[word]) for word in self.words]
        self.harm = np.zeros(len(events))
        self.tally = Tally()

    def run(self) -> Part:
        if memory_tells_all(self.devices[0]):
            self._by_memory()
        else:
            self._by_frame()
        words = len(self.script)
        tally = self.tally
        tally.quality[_MASKED] += len(self.devices) * words - int(tally.quality.sum())
        tally.false_positives = sum(device.false_positives for device in self.devices)
        tally.wrong_bits = sum(len(device.wrong) for device in self.devices)
        upsets = np.array([len(hits) for hits in self.events])
        return Part(self.harm / words, upsets, tally)

    def _heard(
        self, laboratory: Laboratory, device: np.ndarray, energy: np.ndarray, differing: np.ndarray
    ) -> None:
        """Affected words: energy of the error and samples that differ, [words]."""
        signal = laboratory.signal_energy
        with np.errstate(divide="ignore"):
            snr = 10 * np.log10(signal / energy.astype(np.float64))
        quality = np.where(energy > 0, snr_quality(snr), _MASKED)
        self.tally.quality += np.bincount(quality, minlength=len(QUALITIES))
        self.tally.wrong_samples += int(differing.sum())
        np.add.at(self.harm, device, np.minimum(1.0, energy / max(signal, 1)))

    def _by_memory(self) -> None:
        """Memory from the first frame to the last, then every affected word as one trial."""
        trials: list[list[tuple[int, np.ndarray, np.ndarray]]] = [[] for _ in self.words]
        for number, device in enumerate(self.devices):
            hits = self.events[number]
            result = memory_changes(device, hits, self.frames * len(self.script))
            self._count(device)
            for word, frame, position in affected_words(
                result.frame, result.position, self.frames, len(self.script), self.image
            ):
                trials[self.script[word]].append((number, frame, position))
        for laboratory, rows in zip(self.laboratories, trials, strict=True):
            if not rows:
                continue
            lengths = [len(row[1]) for row in rows]
            frame, position = (np.concatenate([row[n] for row in rows]) for n in (1, 2))
            events = sorted_events(
                np.repeat(np.arange(len(rows)), lengths), frame, position,
                np.full(len(frame), FLIP, np.uint8),
            )  # fmt: skip
            outcomes = laboratory.outcomes(events, len(rows))
            devices = np.array([row[0] for row in rows])
            self._heard(laboratory, devices, outcomes["error_energy"], outcomes["differing"])

    def _by_frame(self) -> None:
        """Word by word, the devices that something is wrong with together."""
        from workbench.integer.engine import Engine, unsupported  # needs torch

        program = self.image.program
        engine = None if unsupported(program) else Engine(program)
        pending = [list(hits) for hits in self.events]
        word = 0
        while word < len(self.script):
            stop = (word + 1) * self.frames
            active, schedules = [], []
            for number, device in enumerate(self.devices):
                now = [u for u in pending[number] if u.frame < stop]
                pending[number] = pending[number][len(now) :]
                affected = len(device.wrong) or any(device.suspect)
                if now or affected or device.may_alarm():
                    active.append(number)
                    schedules.append(now)
            # While nothing happens to anybody, time passes at once.
            following = word + 1
            if not active:
                coming = [hits[0].frame // self.frames for hits in pending if hits]
                following = min([*coming, len(self.script)])
            for number, device in enumerate(self.devices):
                if number not in active:
                    device.wait((following - word) * self.frames)
            if active:
                self._word(engine, word, active, schedules)
            word = following
        for device in self.devices:
            self._count(device)

    def _word(
        self, engine: Any, word: int, active: list[int], schedules: list[list[Event]]
    ) -> None:
        start, number = word * self.frames, int(self.script[word])
        laboratory = self.laboratories[number]
        devices = [self.devices[n] for n in active]
        results = simulate_many(
            self.image,
            self.inputs[self.words[number]],
            [[replace(e, frame=e.frame - start) for e in hits] for hits in schedules],
            devices[0].strategy,
            word_starts=(0,),
            engine=engine,
            devices=devices,
        )
        error = np.stack([result.codes for result in results]).astype(np.int64) - laboratory.clean
        self._heard(
            laboratory,
            np.array(active),
            (error**2).sum(axis=(1, 2)),
            error.any(axis=2).sum(axis=1),
        )

    def _count(self, device: Device) -> None:
        """Follow events to the log entries about them and to their repair."""
        tally, working = self.tally, 8 * self.image.layout.working_bytes
        entries: dict[tuple[int, int], list[tuple[int, Verdict]]] = {}
        for at, entry in zip(device.trace.written, device.log, strict=True):
            tally.verdicts[entry.verdict.name.lower()] += 1
            entries.setdefault((entry.area, entry.unit), []).append((at, entry.verdict))
        times: dict[int, list[int]] = {}
        for at, bit in zip(*(each.tolist() for each in device.trace.changes()), strict=True):
            times.setdefault(bit, []).append(at)
        hits: dict[tuple[int, int], list[int]] = {}
        for frame, position in device.trace.hits:
            address = np.array([position >> 3])
            units = [
                (number, unit)
                for number, (_, watch) in enumerate(device.guards)
                for unit in watch.units_in(address)
            ]
            for unit in units:
                hits.setdefault(unit, []).append(frame)
            if position >= working or frame not in times.get(position, []):
                continue
            tally.hit += 1
            seen = [at for unit in units for at, _ in entries.get(unit, []) if at >= frame]
            if seen:
                tally.detected.append(min(seen) - frame)
            # The bit became wrong then; checksum rows put it right within the same frame.
            later = times[position][times[position].index(frame) + 1 :]
            if later:
                tally.repaired.append(later[0] - frame)
        for unit, written in entries.items():
            times_hit = hits.get(unit, [])
            healed = -1
            for at, verdict in written:
                if healed >= 0 and not any(healed < h <= at for h in times_hit):
                    tally.oscillations += 1
                if verdict == Verdict.HEALED:
                    healed = at
