"""What a device with monitors writes down while nothing is broken: clean utterances, and data that changed.

Utterances in which no monitor raises an alarm change nothing but what monitors remember, which is brought up to date at once;
all others are lived through as any device does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from workbench.errors import WorkbenchError
from workbench.experiments.monitors.data_changes import changed_inputs
from workbench.experiments.monitors.streams import CHECK, Stream
from workbench.experiments.voices.voice import Voice
from workbench.healing.devices.clean_run import clean_run
from workbench.healing.devices.correcting import Correcting
from workbench.healing.devices.device import Device
from workbench.healing.devices.device_run import DeviceRun
from workbench.healing.log import Remedy, in_words
from workbench.healing.strategies.strategy import Strategy
from workbench.integer.frames import frames_of
from workbench.memory.watches.behaviour import Behaviour

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


@dataclass(frozen=True)
class Calm:
    """A part of a run in which nothing happens.

    Args:
        frames: How many.
        entries: How many log entries said what, as "hidden-markers: momentary disturbance, left alone".
    """

    frames: int
    entries: dict[str, int]


def calm_part(
    voice: Voice,
    strategy: Strategy,
    number: int,
    *,
    frames: int,
    change: str = "",
    progress: Callable[[int], object] = lambda frames: None,
) -> Calm:
    """What a new device writes down while nothing happens to it.

    Args:
        voice: That speaks or hears.
        strategy: Of the device, with calibrated monitors of behaviour.
        number: Of the part, by which utterances are drawn.
        frames: At least so many.
        change: Of the data, a name of `changes_of`; "" for clean ones.
        progress: Gets the frames of each utterance.
    """
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
    return Calm(done, dict(entries))


def heals(counts: Mapping[str, int]) -> int:
    """How many of these entries wrote to the network, given as of `Calm`."""
    harmless = {in_words(remedy) for remedy in _HARMLESS}
    return sum(n for text, n in counts.items() if text.rsplit(", ", 1)[1] not in harmless)
