"""What a device with monitors writes down while nothing is broken: clean utterances, and data that changed.

Utterances in which no monitor raises an alarm change nothing but what monitors remember, which is brought up to date at once;
all others are lived through as any device does. Layout: a record (`experiments.records`) a part, with frames and
counts of log entries.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np

from workbench.errors import WorkbenchError
from workbench.experiments.monitors.data_changes import changed_inputs
from workbench.experiments.monitors.streams import CHECK, Stream
from workbench.experiments.parallel.task import code_here
from workbench.experiments.records import RecordFile
from workbench.experiments.voices.voice import Voice
from workbench.healing.devices.clean_run import clean_run
from workbench.healing.devices.correcting import Correcting
from workbench.healing.devices.device import Device
from workbench.healing.devices.device_run import DeviceRun
from workbench.healing.log import Remedy, in_words
from workbench.healing.strategies.strategy import Strategy
from workbench.integer.frames import frames_of
from workbench.memory.watches.behaviour import Behaviour

PART_FRAMES = 100_000  # of a device, before the next one starts
_SEED = 7_000_003  # of texts that nothing else draws
# What writes no byte of the network.
_HARMLESS = (Remedy.NONE, Remedy.RESET, Remedy.RECALIBRATE, Remedy.SCRUB)


class CalmDevice:
    """A device that nothing happens to."""

    def __init__(self, voice: Voice, strategy: Strategy) -> None:
        """Raises WorkbenchError for a strategy with monitors that see sums, not whole frames."""
        image = strategy.image(voice.program)
        self.device = Device(image, strategy, image.data)
        self._engine = frames_of(voice.program)
        self._run = DeviceRun(self.device, self._engine)
        self._correcting = Correcting(self.device.watches, self.device.data)
        self._monitors = [(n, w) for n, w in self.device.monitors if isinstance(w, Behaviour)]
        if len(self._monitors) < len(self.device.monitors) or not self._monitors:
            raise WorkbenchError(
                f"the strategy {strategy.name} has no monitors of behaviour, or others beside them; choose one "
                "with some, as autonomic"
            )
        self._needs = sorted({name for _, watch in self._monitors for name in watch.needs})

    def say(self, inputs: Mapping[str, np.ndarray]) -> int:
        """Live through an utterance, [1, frames * rate, channels] by name; its number of frames."""
        name = next(iter(inputs))
        frames = inputs[name].shape[1] // self._engine.program.signal(name).rate
        if not self._passes(inputs, frames):
            self._run.restart()
            self._run.run(clean_run(self._engine, dict(inputs)), {})
        return int(frames)

    def _passes(self, inputs: Mapping[str, np.ndarray], frames: int) -> bool:
        """Whether no alarm comes; then the utterance is over."""
        if self._correcting.active or self._correcting.changes:
            return False
        device, engine = self.device, self._engine
        given = {name: codes.astype(np.int32) for name, codes in inputs.items()}
        signals, _ = engine.step(given, engine.changed({}), engine.silence(), self._needs)
        seen = [(watch, watch.measures(device.data, signals)) for _, watch in self._monitors]
        if any(watch.first_alarm(device.data, measures) is not None for watch, measures in seen):
            return False
        for watch, measures in seen:
            watch.advance(device.data, measures)
        device.settle()
        device.wait(frames)
        return True


def entries_of(
    voice: Voice,
    strategy: Strategy,
    *,
    frames: int,
    change: str = "",
    folder: Path | None = None,
    progress: Callable[[int], object] = lambda frames: None,
) -> tuple[int, Counter[str]]:
    """Log entries of devices to which nothing happens.

    Args:
        voice: That speaks or hears.
        strategy: Of the devices, with calibrated monitors of behaviour.
        frames: At least so many in all, in parts of PART_FRAMES, each of a new device.
        change: Of the data, a name of `changes_of`; "" for clean ones.
        folder: Where finished parts are kept; None for nowhere.
        progress: Gets the frames of each utterance, or of a part that was kept.

    Returns:
        Frames, and how many entries said what, as "hidden-markers: momentary disturbance, left alone".
    """
    total, counts, number = 0, Counter[str](), 0
    while total < frames:
        wanted = min(PART_FRAMES, frames - total)
        key = f"{code_here().digest} {voice.program.content_hash} {strategy!r} {change} {number} {wanted}"
        file = RecordFile(folder, f"calm-{change or 'clean'}-{number}", key) if folder else None
        record = file.read() if file else None
        if record is None:
            record = _part(voice, strategy, change, number, wanted, progress)
            if file:
                with suppress(WorkbenchError):  # a full disk costs a repetition
                    file.write(record)
        else:
            progress(record["frames"])
        total += record["frames"]
        counts.update(record["entries"])
        number += 1
    return total, counts


def _part(
    voice: Voice,
    strategy: Strategy,
    change: str,
    number: int,
    frames: int,
    progress: Callable[[int], object],
) -> dict[str, object]:
    calm, done = CalmDevice(voice, strategy), 0
    rng = np.random.default_rng([number, 19])
    for text in Stream(voice, CHECK, 0, _SEED + number).texts():
        inputs = voice.generator.encode(voice.config, [text])
        if change:
            inputs = changed_inputs(voice.program, inputs, change, rng)
        lived = calm.say(inputs)
        done += lived
        progress(lived)
        if done >= frames:
            break
    entries = Counter(
        f"{strategy.areas[entry.area].code}: {in_words(entry.diagnosis)}, {in_words(entry.remedy)}"
        for entry in calm.device.log
    )
    return {"frames": done, "entries": dict(entries)}


def heals(counts: Mapping[str, int]) -> int:
    """How many of these entries wrote to the network, given what `entries_of` counted."""
    harmless = {in_words(remedy) for remedy in _HARMLESS}
    return sum(n for text, n in counts.items() if text.rsplit(", ", 1)[1] not in harmless)
