"""Hardware or data: what a device takes a disturbance for, with memory evidence and from behaviour alone.

A device says clean utterances, and in one of them something happens that it is not told: a bit of its working copy or of
what its monitors compare with flips, or two neighbouring ones, or a cell is stuck; a history flips in passing; or the data
change for good. Bits are drawn
until the monitors notice one. Two devices with the same monitors live through it, one whose alarms have pages compared
with the golden copy, and one that has nothing but its behaviour. What a log says within BOUND_FRAMES of its first alarm is the evidence, and `concluded` reads
it: no entry is written by this module.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from workbench.experiments.monitors.calibration import alarming_kinds
from workbench.experiments.monitors.data_changes import changed_inputs, changes_of
from workbench.experiments.monitors.streams import CHECK, Stream, laid_out
from workbench.experiments.voices.voice import Voice
from workbench.healing.log import Diagnosis, LogEntry, Remedy, Verdict
from workbench.healing.simulation import SimulationResult, simulate
from workbench.healing.strategies.fitted import fitted
from workbench.healing.strategies.guard import Guard
from workbench.healing.strategies.strategy import Strategy
from workbench.healing.strategies.watching import watched_by
from workbench.integer.frames import frames_of
from workbench.integer.reference import Codes
from workbench.memory.changes import parameter_changes
from workbench.memory.faults.events import CLEAR, SET, Event
from workbench.memory.image import Image
from workbench.memory.places import WORKING_SECTIONS
from workbench.memory.watches.behaviour import Behaviour, BehaviourKind
from workbench.memory.watches.behaviour_area import BehaviourArea

JUDGING = (
    "input-check",
    "input-rhythm",
    "input-voice",
    "hidden-markers",
    "sound-sanity",
)  # usual monitors
BOUND_FRAMES = 100  # of evidence, after the first alarm
UPSET, DOUBLE, STUCK, PASSING, BASELINE = HARDWARE = (
    "memory upset", "two bits of a byte", "stuck cell", "history in passing", "baseline or limit",
)  # fmt: skip
MEMORY, UNHEALABLE, CHECK_DAMAGED, MOMENTARY, DATA, NOTHING = ANSWERS = (
    "memory upset", "stuck cell", "damaged check", "momentary", "data", "nothing",
)  # fmt: skip
_BEFORE, _AFTER = 1, 3  # utterances
_HIGH = 6  # bit of each byte of a history, or of one of a baseline, that flips
_TRIES = 400  # upsets that are drawn until one is noticed
_TRIALS = 10_000_000  # of one seed, at most
_SEED = 6_000_003  # of texts that no calibration draws


@dataclass(frozen=True)
class Told:
    """One scenario.

    Args:
        truth: What happened, one of HARDWARE or a change of the data.
        with_memory, alone: What both devices took it for, of ANSWERS.
    """

    truth: str
    with_memory: str
    alone: str

    @property
    def is_data(self) -> bool:
        """Whether the data changed."""
        return self.truth not in HARDWARE


@dataclass(frozen=True, eq=False)
class Scenario:
    """What happens to two devices.

    Args:
        truth: One of HARDWARE or a change of the data.
        usual: Inputs of all utterances without a change, int32 [1, frames * rate, channels] by name.
        inputs: As they come; the same ones where the data do not change.
        starts: First frame of each utterance, and of what would be the next, int64 [utterances + 1].
        at: Frame in which memory is hit.
        drawn: Seed of what is hit.
    """

    truth: str
    usual: Codes
    inputs: Codes
    starts: np.ndarray
    at: int
    drawn: int

    def rows(self, rate: int) -> slice:
        """Of a signal with so many rows a frame, those of the utterance in which it begins."""
        first, last = self.starts[_BEFORE : _BEFORE + 2].tolist()
        return slice(first * rate, last * rate)

    def said(self, inputs: Codes) -> Codes:
        """The part of inputs that belongs to that utterance."""
        frames = int(self.starts[-1])
        return {
            name: codes[:, self.rows(codes.shape[1] // frames)] for name, codes in inputs.items()
        }


@dataclass(frozen=True, eq=False)
class Lived:
    """What came of a scenario on one device: its image, what hit it, and its sound and log."""

    image: Image
    events: list[Event]
    result: SimulationResult


def devices(areas: Sequence[BehaviourArea]) -> tuple[Strategy, Strategy]:
    """The strategy whose alarms have memory checked, and the one that has monitors alone."""
    monitors = [Guard(area, ladder=(Remedy.RESET,)) for area in areas]
    pages = watched_by(areas[-1]).guards[1:]
    return Strategy("with memory", (*monitors, *pages)), Strategy("alone", tuple(monitors))


class Scenarios:
    """What happens to devices, a trial after the other, each by a seed of its own."""

    def __init__(
        self,
        voice: Voice,
        areas: Sequence[BehaviourArea],
        seed: int = 0,
        progress: Callable[[], object] = lambda: None,
    ) -> None:
        """
        Args:
            voice: That speaks or hears.
            areas: Calibrated monitors, the check of the inputs first.
            seed: Of faults, changes and utterances.
            progress: Called after each scenario.
        """
        self._voice, self._seed, self._progress = voice, seed, progress
        self.kinds = [*HARDWARE, *changes_of(voice.program)]
        self._strategies = [fitted(each, voice.program) for each in devices(areas)]
        self._images = [each.image(voice.program) for each in self._strategies]
        self._noticed = _Noticed(voice, areas)

    def trial(self, number: int) -> list[Told]:
        """One scenario of each kind."""
        return [self.told(each) for each in self.drawn(number)]

    def told(self, scenario: Scenario) -> Told:
        """What both devices took one for."""
        answers = [
            concluded(lived.result.log, strategy)
            for lived, strategy in zip(self.lived(scenario), self._strategies, strict=True)
        ]
        self._progress()
        return Told(scenario.truth, *answers)

    def drawn(self, number: int) -> Iterator[Scenario]:
        """The scenarios of a trial, in the order of their kinds; nothing is simulated."""
        rng = np.random.default_rng([self._seed, number, 17])
        texts = Stream(self._voice, CHECK, 0, _SEED + self._seed * _TRIALS + number).texts()
        for truth in self.kinds:
            yield self._drawn(truth, rng, texts)

    def lived(self, scenario: Scenario) -> Iterator[Lived]:
        """The device with memory evidence, then the one that has its behaviour alone."""
        seed, truth = scenario.drawn, scenario.truth
        upset = 0
        if truth in (UPSET, DOUBLE, STUCK):
            upset = self._noticed(scenario.said(scenario.usual), np.random.default_rng(seed))
        for image, strategy in zip(self._images, self._strategies, strict=True):
            events = []
            if truth in HARDWARE:
                events = _events(truth, image, scenario.at, upset, np.random.default_rng(seed))
            starts = scenario.starts[1:-1].tolist()
            result = simulate(image, scenario.inputs, events, strategy, word_starts=starts)
            yield Lived(image, events, result)

    def _drawn(self, truth: str, rng: np.random.Generator, texts: Iterator[str]) -> Scenario:
        voice = self._voice
        usual = [_inputs(voice, next(texts)) for _ in range(_BEFORE + _AFTER)]
        changed = usual
        if truth not in HARDWARE:
            changed = [
                each if number < _BEFORE else changed_inputs(voice.program, each, truth, rng)
                for number, each in enumerate(usual)
            ]
        starts = np.cumsum([0, *(_frames(voice, each) for each in changed)])
        at = int(rng.integers(starts[_BEFORE], starts[_BEFORE + 1]))
        return Scenario(
            truth, _joined(usual), _joined(changed), starts, at, int(rng.integers(2**32))
        )


def concluded(log: Sequence[LogEntry], strategy: Strategy) -> str:
    """What a log says within BOUND_FRAMES of its first alarm, one of ANSWERS.

    Damaged memory that was found is one, and a stuck cell where it stays wrong. So is a monitor whose baseline disagrees with its seal. Else the check of the inputs
    decides: where it spoke, the data are other ones. Where it is silent, memory is taken for damaged if an alarm comes
    again after histories were reset, and nobody could look at it; what does not come again was momentary.
    """
    kinds = [area.kind for area in strategy.areas]
    # What guards wrote is behind the alarm of one.
    monitors = [e for e in log if isinstance(kinds[e.area], BehaviourKind)]
    if not monitors:
        return NOTHING
    within = [e for e in monitors if e.frame <= monitors[0].frame + BOUND_FRAMES]
    said = {e.diagnosis for e in within}
    if Diagnosis.MEMORY in said:
        verdicts = {e.verdict for e in within if e.diagnosis == Diagnosis.MEMORY}
        return UNHEALABLE if Verdict.UNHEALED in verdicts else MEMORY
    if Diagnosis.CHECK in said:
        return CHECK_DAMAGED
    if Diagnosis.DATA in said:
        return DATA
    looked = any(not kind.stream for kind in kinds)
    return MEMORY if Diagnosis.COMPUTE in said and not looked else MOMENTARY


def _inputs(voice: Voice, text: str) -> dict[str, np.ndarray]:
    return voice.generator.encode(voice.config, [text])


def _joined(utterances: Sequence[Codes]) -> Codes:
    return {
        name: np.concatenate([each[name] for each in utterances], axis=1) for name in utterances[0]
    }


def _frames(voice: Voice, inputs: dict[str, np.ndarray]) -> int:
    name = voice.program.inputs[0]
    return inputs[name].shape[1] // voice.program.signal(name).rate


class _Noticed:
    """Draws upsets, in all sections alike, until one raises an alarm in an utterance: most are never noticed."""

    def __init__(self, voice: Voice, areas: Sequence[BehaviourArea]) -> None:
        self._program, self._layout = voice.program, Image.of(voice.program).layout
        self._watches = [laid_out(voice, area) for area in areas if area.code in alarming_kinds()]
        names = (name for watch, _ in self._watches for name in watch.needs)
        self._names = sorted({self._program.output, *names})
        sizes = self._layout.sections
        self._sections = [name for name in WORKING_SECTIONS if sizes[name].size_bytes]

    def __call__(self, inputs: dict[str, np.ndarray], rng: np.random.Generator) -> int:
        """The bit of one of them; the last of _TRIES, where none was noticed."""
        engine, position = frames_of(self._program), 0
        for _ in range(_TRIES):
            section = self._sections[int(rng.integers(len(self._sections)))]
            position = int(rng.choice(self._layout.positions((section,))))
            changes = parameter_changes(self._program, self._layout, [np.array([position])])
            codes, _ = engine.step(inputs, engine.changed(changes), engine.silence(), self._names)
            if any(
                watch.first_alarm(data, watch.measures(data, codes)) is not None
                for watch, data in self._watches
            ):
                break
        return position


def _events(
    truth: str, image: Image, frame: int, upset: int, rng: np.random.Generator
) -> list[Event]:
    """Equal draws hit the same histories in images of both devices; upset: the bit of the working copy."""
    layout = image.layout
    if truth in (UPSET, DOUBLE):
        return [Event(frame, upset), Event(frame, upset ^ 1)][: 1 + (truth == DOUBLE)]
    if truth == STUCK:
        held = image.data[upset >> 3] >> (upset & 7) & 1
        return [Event(frame, upset, CLEAR if held else SET)]
    if truth == PASSING:
        histories = [place for place in layout.places if place.section == "state"]
        place = histories[int(rng.integers(len(histories)))]
        return [Event(frame, 8 * (place.start + at) + _HIGH) for at in range(place.size_bytes)]
    watches = [each for each in layout.watches if isinstance(each, Behaviour)]
    first, last = watches[int(rng.integers(len(watches)))].sealed()
    return [Event(frame, 8 * int(rng.integers(first, last)) + _HIGH)]
