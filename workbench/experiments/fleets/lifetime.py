"""Fleets of devices under faults, each healing itself: sound quality and latency of healing.

Memory is simulated by events, and only affected words are computed, by the fault laboratory; where a
healer depends on what is said (monitors, silenced histories), these words run frame by frame.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from workbench.audio.scales import QUALITIES, Scale, harm
from workbench.experiments.fleets.affected import affected_words
from workbench.experiments.fleets.drifts import given_inputs
from workbench.experiments.fleets.findings import Tally, count_findings
from workbench.experiments.fleets.spoken import Spoken, frames_of_each
from workbench.experiments.fleets.workload import Workload
from workbench.experiments.provenance import inputs_digest
from workbench.healing.devices.clean_run import CleanRun, clean_run
from workbench.healing.devices.device import Device
from workbench.healing.devices.device_run import DeviceRun
from workbench.healing.memory_simulation import memory_changes, memory_tells_all
from workbench.healing.safety_voice import SafetyRules, frames_of_safety
from workbench.healing.statuses import status_runs
from workbench.healing.strategies.strategy import Strategy
from workbench.integer.frames import frames_of
from workbench.integer.native.build import kernels_asked_for
from workbench.integer.reference import Codes
from workbench.memory.faults.events import FLIP, Event, Events, sorted_events
from workbench.memory.image import Image
from workbench.memory.trials.laboratory import Laboratory
from workbench.memory.trials.measured import compared, measured
from workbench.memory.trials.native_faults import FaultTranslator

_MASKED = QUALITIES.index("masked")
AUDIBLE = QUALITIES.index("acceptable")  # the first class in which a difference can be heard


@dataclass(frozen=True, eq=False)
class Fleet:
    """What became of the devices of a workload under one strategy.

    words: int64 [devices, 5], of each device by class, as QUALITIES, on the scale of the generator. harm:
    float64 [devices], of that scale, by the waveform energy of the error over that of the clean sound, at most 1,
    mean over the words.
    wrong_samples: that differed. upsets: int64 [devices], events of all memory. hit: those of the working
    copies. detected, repaired: int64 [n], frames from an event of a working copy to the first entry about
    its unit (detection latency), and until its bit was right again; undetected and unrepaired ones are
    excluded. detections: int64 [devices], how many of `detected` are of each, in order. verdicts: entries by verdict. oscillations: entries about a unit that nothing had hit since
    it was last healed. false_positives: repairs of intact units. bits_left: int64 [devices], wrong
    bits of the working copy at the end. audible_frames: of the words in which something can be heard, of all devices. frames: of each device.
    frame_s: of one of them. safety: float64 [devices, 3], frames in which a safety voice is heard, words in which it is not, and
    the sum of their harm; 0 where the strategy has none.
    """

    strategy: Strategy
    workload: Workload
    words: np.ndarray
    harm: np.ndarray
    wrong_samples: int
    upsets: np.ndarray
    hit: int
    detected: np.ndarray
    detections: np.ndarray
    repaired: np.ndarray
    verdicts: dict[str, int]
    oscillations: int
    false_positives: int
    bits_left: np.ndarray
    safety: np.ndarray
    audible_frames: int
    frames: int
    frame_s: float

    @property
    def quality(self) -> np.ndarray:
        """Words of all devices by class, int64 [5]."""
        return self.words.sum(axis=0)

    @property
    def device_s(self) -> float:
        """Seconds that all devices ran, together."""
        return len(self.harm) * self.frames * self.frame_s

    @property
    def audible_s(self) -> float:
        """Seconds of the words in which something can be heard."""
        return self.audible_frames * self.frame_s

    @property
    def availability(self) -> float:
        """Share of the words in which nothing can be heard."""
        return float(self.quality[:AUDIBLE].sum() / self.quality.sum())


def simulate_part(
    image: Image,
    inputs: dict[str, Codes],
    strategy: Strategy,
    script: np.ndarray,
    scale: Scale,
    drift: str,
    devices: range,
    events: Events,
) -> Part:
    """Simulate some devices of a fleet; `events` are numbered from the first of them. drift: as of `Workload`."""
    return _Task(image, inputs, strategy, script, scale, drift, events.rows(len(devices))).run()


class Part(NamedTuple):
    """What became of some devices: of each of them as in `Fleet`, and the rest of all together."""

    harm: np.ndarray
    upsets: np.ndarray
    words: np.ndarray
    detections: np.ndarray
    bits_left: np.ndarray
    safety: np.ndarray
    tally: Tally


def _laboratories(image: Image, inputs: dict[str, Codes]) -> list[Laboratory]:
    """One for each word. A thread keeps the last ones, for strategies of one program to share clean runs."""
    key = image.program.content_hash, inputs_digest(inputs), kernels_asked_for()
    kept: tuple[object, list[Laboratory]] | None = getattr(_kept, "laboratories", None)
    if kept is None or kept[0] != key:
        kept = _kept.laboratories = key, [Laboratory(image, each) for each in inputs.values()]
    return kept[1]


_kept = threading.local()


class _Task:
    def __init__(
        self,
        image: Image,
        inputs: dict[str, Codes],
        strategy: Strategy,
        script: np.ndarray,
        scale: Scale,
        drift: str,
        events: list[list[Event]],
    ) -> None:
        self.scale, self.drift = scale, drift
        self.image, self.inputs, self.words = image, inputs, tuple(inputs)
        self.spoken, self.events = Spoken.of(image.program, inputs, script), events
        self.frames = frames_of_each(image.program, inputs)  # of each word of the vocabulary
        first = Device(image, strategy, image.data)
        others = (Device(image, strategy, image.data, like=first) for _ in events[1:])
        self.devices = [first, *others]
        translators = {int(frames): FaultTranslator(image, int(frames)) for frames in self.frames}
        self.laboratories = [
            laboratory.of(translators[int(frames)])
            for laboratory, frames in zip(_laboratories(image, inputs), self.frames, strict=True)
        ]
        self.harm = np.zeros(len(events))
        self.safety = np.zeros((len(events), 3))
        self.harmed: list[tuple[int, int, float]] = []  # (device, word, harm)
        self.words_of = np.zeros((len(events), len(QUALITIES)), np.int64)
        self.detections = np.zeros(len(events), np.int64)
        self.tally = Tally()

    def run(self) -> Part:
        if memory_tells_all(self.devices[0]) and not self.drift:
            self._by_memory()
        else:
            self._by_frame()
        words = len(self.spoken)
        self.words_of[:, _MASKED] += words - self.words_of.sum(axis=1)
        self.tally.false_positives = sum(device.false_positives for device in self.devices)
        bits_left = np.array([len(device.wrong) for device in self.devices])
        upsets = np.array([len(hits) for hits in self.events])
        if second := self.devices[0].strategy.safety:
            self._second_voice(second.rules)
        return Part(
            self.harm / words, upsets, self.words_of, self.detections, bits_left, self.safety, self.tally
        )  # fmt: skip

    def _second_voice(self, rules: SafetyRules) -> None:
        """For how long it is heard, and what is left in the words in which it is not."""
        heard = []
        for number, device in enumerate(self.devices):
            runs = status_runs(device.trace, device.log, self.spoken.frames)
            heard.append(frames_of_safety(rules, runs, self.spoken.starts))
            self.safety[number, :2] = heard[-1].sum(), (heard[-1] == 0).sum()
        for number, word, harmed in self.harmed:
            self.safety[number, 2] += harmed if not heard[number][word] else 0.0

    def _heard(
        self,
        chosen: int,
        device: np.ndarray,
        word: np.ndarray,
        fidelity_db: np.ndarray,
        differing: np.ndarray,
    ) -> None:
        """Affected words, all of them word `chosen`: whose, which of theirs, fidelity, samples that differ, [words]."""
        quality = np.where(differing > 0, self.scale.quality(fidelity_db), _MASKED)
        np.add.at(self.words_of, (device, quality), 1)
        self.tally.wrong_samples += int(differing.sum())
        self.tally.audible_frames += int((quality >= AUDIBLE).sum() * self.frames[chosen])
        harmed = harm(fidelity_db)
        np.add.at(self.harm, device, harmed)
        self.harmed += zip(device.tolist(), word.tolist(), harmed.tolist(), strict=True)

    def _by_memory(self) -> None:
        """Memory from the first frame to the last, then every affected word as one trial.

        Words of a device that sound alike, as those do to which nothing happens any more, are one trial.
        """
        trials: list[dict[bytes, tuple[np.ndarray, np.ndarray]]] = [{} for _ in self.words]
        rows: list[list[tuple[int, int, bytes]]] = [[] for _ in self.words]
        for number, device in enumerate(self.devices):
            hits = self.events[number]
            result = memory_changes(device, hits, self.spoken.frames)
            self._count(number)
            for word, frame, position in affected_words(
                result.frame, result.position, self.spoken, self.image
            ):
                chosen = self.spoken.chosen[word]
                same = frame.tobytes() + position.tobytes()
                trials[chosen].setdefault(same, (frame, position))
                rows[chosen].append((number, word, same))
        for chosen, (different, heard) in enumerate(zip(trials, rows, strict=True)):
            if not heard:
                continue
            lengths = [len(frame) for frame, _ in different.values()]
            frame, position = map(np.concatenate, zip(*different.values(), strict=True))
            events = sorted_events(
                np.repeat(np.arange(len(lengths)), lengths), frame, position,
                np.full(len(frame), FLIP, np.uint8),
            )  # fmt: skip
            made = measured(self.laboratories[chosen], events, len(lengths), scale=self.scale)
            trial_of = {same: trial for trial, same in enumerate(different)}
            rows_of = [trial_of[same] for *_, same in heard]
            devices, words = (np.array([each[n] for each in heard]) for n in range(2))
            differing = made.outcomes["differing"][rows_of]
            self._heard(chosen, devices, words, made.fidelity_db[rows_of], differing)

    def _by_frame(self) -> None:
        """Device by device, the words in which something may happen frame by frame."""
        frames = frames_of(self.image.program)
        given = (
            given_inputs(self.image.program, each, self.drift) for each in self.inputs.values()
        )
        clean = [clean_run(frames, each) for each in given]
        for number, device in enumerate(self.devices):
            self._live(number, DeviceRun(device, frames), clean)
            self._count(number)

    def _live(self, number: int, run: DeviceRun, clean: Sequence[CleanRun]) -> None:
        device = run.device
        starts, events = self.spoken.starts, self.events[number]
        hits: dict[int, dict[int, list[Event]]] = {}
        during = self.spoken.during(np.array([event.frame for event in events], np.int64))
        for word, event in zip(during.tolist(), events, strict=True):
            hits.setdefault(word, {}).setdefault(event.frame - int(starts[word]), []).append(event)
        coming = [*sorted(hits), len(self.spoken)]
        word = 0
        while word < len(self.spoken):
            affected = len(device.wrong) or any(device.suspect) or device.may_alarm()
            affected = affected or device.fading.busy
            if word < coming[0] and not affected:  # time passes at once
                device.wait(int(starts[coming[0]] - starts[word]))
                for passed in range(word, coming[0]):
                    chosen = int(self.spoken.chosen[passed])
                    self._compare(number, passed, clean[chosen].codes, clean[chosen])
                word = coming[0]
                continue
            if word == coming[0]:
                coming.pop(0)
            run.restart()
            chosen = int(self.spoken.chosen[word])
            codes, _ = run.run(clean[chosen], hits.get(word, {}))
            self._compare(number, word, codes, clean[chosen])
            word += 1

    def _compare(self, number: int, word: int, codes: np.ndarray, clean: CleanRun) -> None:
        """What a device said in place of a word, whose clean run is as it should be unless the data changed."""
        if codes is not clean.codes or self.drift:
            chosen = int(self.spoken.chosen[word])
            made = compared(self.laboratories[chosen], codes[None], scale=self.scale)
            differing, whose = made.outcomes["differing"], (np.array([number]), np.array([word]))
            self._heard(chosen, *whose, made.fidelity_db, differing)

    def _count(self, number: int) -> None:
        before = len(self.tally.detected)
        count_findings(self.devices[number], self.tally)
        self.detections[number] = len(self.tally.detected) - before
