"""How long before the sound gets worse each monitor speaks, while upsets accumulate and nothing heals.

A device says utterances of its own, one after the other. Before each of them a number of bits, Poisson distributed, flip
in its working copy, spread over all bits alike, and stay. Its monitors go on from utterance to utterance, and beside them
the same monitors see the clean run, which tells what false alarms alone would give.

Two events are looked back from: the first utterance of a class or worse, whether or not the next is better, and the first
of PERSISTENT in a row, which accumulation has brought about and not one text that a fault happens to hit. An upset comes
between utterances, so that the first frame of the utterance is the earliest at which the sound is worse: a lead is
never too long, and a monitor that speaks within that utterance has none.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from workbench.experiments.monitors.faulty import quality_of
from workbench.experiments.monitors.streams import CHECK, Stream, laid_out
from workbench.experiments.voices.voice import Voice
from workbench.integer.frames import frames_of
from workbench.memory.changes import parameter_changes
from workbench.memory.image import Image
from workbench.memory.watches.behaviour_area import BehaviourArea

PERSISTENT = 3  # utterances in a row
EVENTS = ("first", "lasting")
CLASSES = {"degraded": 3, "broken": 4}  # indexes of QUALITIES
_DEVICES = 10_000_000  # of one seed, at most
_SEED = 5_000_003  # of texts that neither calibration nor other benchmarks draw


@dataclass(frozen=True, eq=False)
class Life:
    """One device.

    Args:
        starts: First frame of each utterance, and of what would be the next, int64 [utterances + 1].
        qualities: Of each utterance, indexes of QUALITIES, int64 [utterances]; 0 where no sample differs.
        alarms: First frame in which each monitor raised an alarm; None for none.
        false: The same beside the clean run.
    """

    starts: np.ndarray
    qualities: np.ndarray
    alarms: tuple[int | None, ...]
    false: tuple[int | None, ...]

    def event(self, which: str, quality: int) -> int | None:
        """The frame that is looked back from; None where nothing of that class was said.

        Args:
            which: Of EVENTS.
            quality: Of that class or worse, an index of QUALITIES.
        """
        worse = self.qualities >= quality
        run = 1 if which == EVENTS[0] else PERSISTENT
        together = np.convolve(worse, np.ones(run, np.int64), mode="valid") == run
        found = np.flatnonzero(together)
        return int(self.starts[found[0]]) if found.size else None

    def plain(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "starts": self.starts.tolist(), "qualities": self.qualities.tolist(),
            "alarms": self.alarms, "false": self.false,
        }  # fmt: skip

    @classmethod
    def of(cls, plain: dict[str, Any]) -> Life:
        """The inverse of `plain`."""
        starts, qualities = (np.array(plain[name], np.int64) for name in ("starts", "qualities"))
        return cls(starts, qualities, tuple(plain["alarms"]), tuple(plain["false"]))


@dataclass(frozen=True, eq=False)
class Said:
    """An utterance of a device whose memory decays.

    Args:
        clean: Codes of the wanted signals without any upset, [frames * rate, channels] by name.
        codes: As they are.
        wrong: Bits of the working copy that are, sorted int64.
    """

    clean: Mapping[str, np.ndarray]
    codes: Mapping[str, np.ndarray]
    wrong: np.ndarray


def decaying(
    voice: Voice,
    signals: Collection[str],
    *,
    device: int,
    upsets: float,
    utterances: int,
    seed: int,
) -> Iterator[Said]:
    """The utterances of one device; arguments as of `live`, signals: whose codes are wanted, besides the output."""
    program, layout = voice.program, Image.of(voice.program).layout
    engine, names = frames_of(program), sorted({program.output, *signals})
    drawn = device + seed * _DEVICES
    rng = np.random.default_rng([drawn, 16])
    texts = Stream(voice, CHECK, 0, _SEED + drawn).texts()
    wrong = np.zeros(0, np.int64)
    for number in range(utterances):
        text = next(texts, None) or voice.utterances[number % len(voice.utterances)]
        hits = rng.integers(8 * layout.working_bytes, size=rng.poisson(upsets))
        for hit in hits:
            wrong = np.setxor1d(wrong, [hit])
        inputs = voice.generator.encode(voice.config, [text])
        clean, _ = engine.step(inputs, engine.changed({}), engine.silence(), names)
        changed = engine.changed(parameter_changes(program, layout, [wrong]))
        codes, _ = engine.step(inputs, changed, engine.silence(), names)
        yield Said(clean, codes, wrong)


def live(
    voice: Voice,
    areas: Sequence[BehaviourArea],
    *,
    device: int,
    upsets: float,
    utterances: int,
    seed: int = 0,
) -> Life:
    """The life of one device, as far as it is broken for good, or `utterances` were said.

    Args:
        voice: That speaks.
        areas: Calibrated monitors.
        device: Its number, which decides what it says and which bits flip.
        upsets: Before an utterance, on average.
        utterances: The most that it says.
        seed: Another one draws other upsets and utterances.
    """
    name, rate = voice.program.output, voice.program.signal(voice.program.output).rate
    watched = [(*laid_out(voice, area), laid_out(voice, area)[1]) for area in areas]
    signals = {name for watch, _, _ in watched for name in watch.needs}
    starts, qualities = [0], []
    alarms: list[int | None] = [None] * len(areas)
    false: list[int | None] = [None] * len(areas)
    for each in decaying(
        voice, signals, device=device, upsets=upsets, utterances=utterances, seed=seed
    ):
        for at, (watch, data, beside) in enumerate(watched):
            for seen, memory, first in ((each.codes, data, alarms), (each.clean, beside, false)):
                if first[at] is None:
                    measures = watch.measures(memory, seen)
                    alarm = watch.first_alarm(memory, measures)
                    watch.advance(memory, measures)
                    first[at] = None if alarm is None else starts[-1] + alarm
        output, said = each.clean[name], each.codes[name]
        same = np.array_equal(output, said)
        qualities.append(0 if same else quality_of(voice, output, said))
        starts.append(starts[-1] + len(output) // rate)
        if len(qualities) >= PERSISTENT and min(qualities[-PERSISTENT:]) >= max(CLASSES.values()):
            break
    return Life(np.array(starts), np.array(qualities), tuple(alarms), tuple(false))


def groups_of(areas: Sequence[BehaviourArea], output: str) -> dict[str, list[int]]:
    """Numbers of the monitors that a curve is of: those of hidden codes, those of the output, and each."""
    hidden = [n for n, area in enumerate(areas) if set(area.signals) != {output}]
    sound = [n for n in range(len(areas)) if n not in hidden]
    return {
        "hidden codes": hidden, "output alone": sound,
        **{area.code: [n] for n, area in enumerate(areas)},
    }  # fmt: skip


def leads(
    lived: Sequence[Life], monitors: Sequence[int], which: str, quality: int, *, false: bool = False
) -> np.ndarray:
    """Frames from the first alarm of any of some monitors until the event, of each device that had it.

    Args:
        lived: Devices.
        monitors: Their numbers.
        which: Of EVENTS.
        quality: An index of QUALITIES.
        false: Whether alarms beside the clean run are meant.

    Returns:
        float64 [devices]; -inf where no alarm came before the event, 0 where it came in the frame before.
    """
    found = []
    for life in lived:
        event = life.event(which, quality)
        if event is None:
            continue
        alarms = life.false if false else life.alarms
        raised = [alarm for n in monitors if (alarm := alarms[n]) is not None and alarm < event]
        found.append(float(event - 1 - min(raised)) if raised else -np.inf)
    return np.array(found)


def survival(found: np.ndarray, frames: Sequence[int] | np.ndarray) -> np.ndarray:
    """Share of the devices that had at least so many frames of warning, float64 [frames].

    >>> survival(np.array([0.0, 5.0, -np.inf, 9.0]), [0, 5, 6]).tolist()
    [0.75, 0.5, 0.25]
    """
    return np.array([(found >= least).mean() if found.size else np.nan for least in frames])
