"""Calibration of the damage classes: class on a generator's scale against understood share and PESQ.

The classes are limits of the distance to the clean voice; a word a little below the last can still be understood. Here
a sample of damaged words of every class is heard by the recogniser and by PESQ, which know nothing of that distance.
Layout: a row a class, the best first, then rows of parts of the last one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from itertools import islice, pairwise, zip_longest
from typing import Any, NamedTuple

import numpy as np

from workbench.audio.recogniser import ENGLISH, Language
from workbench.audio.scales import CLASSES, QUALITIES, Scale
from workbench.errors import WorkbenchError, expect
from workbench.experiments.threads import one_thread
from workbench.experiments.voices.listening import HeardMeans, Listener, choices, heard_means
from workbench.experiments.voices.voice import Voice
from workbench.memory.faults.bits import Flips
from workbench.memory.faults.plan import Plan
from workbench.memory.faults.transients import Sites
from workbench.memory.trials.laboratory import Laboratory
from workbench.memory.trials.measured import measured

FLIPS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000)
_SOUNDS_A_STEP = 25  # three seconds of listening, and no more are lost where that is interrupted
_TRIALS_A_SOUND = 4  # of each number of flips, so that every class fills
_BELOW_LIMIT_DB = (0.0, 6.0, 12.0, np.inf)  # parts of the last class, from its limit downwards

Progress = Callable[[str, int, int], None]  # what is done, how much of it, of how much
Heard = list[tuple[float, float]]  # of sounds: understood share and PESQ, NaN where there is none
# Called with the name of a step and what hears its sounds; returns that, or what an earlier run heard.
Step = Callable[[str, Callable[[], Heard]], Heard]


@dataclass(frozen=True, kw_only=True)
class ClassHeard(HeardMeans):
    """What listeners made of the sounds of one class, or of a part of it: every sound a cluster, PESQ to the clean voice.

    name: in words, with its limits. left_out: word -> why no row has it.
    """

    name: str
    left_out: dict[str, str] = field(default_factory=dict)

    def figures(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {"name": self.name, **asdict(self)}


class _Trial(NamedTuple):
    word: str
    plan: Plan
    number: int
    fidelity_db: float


def heard_classes(
    voice: Voice,
    *,
    sounds: int,
    seed: int = 0,
    language: Language = ENGLISH,
    progress: Progress | None = None,
    step: Step | None = None,
) -> list[ClassHeard]:
    """Hear `sounds` damaged words of each class, drawn among random flips of the working copy, FLIPS at once.

    progress: called with (stage, done, total). step: by which the listener hears some sounds after the other.
    Returns the clean voice, the four classes and parts of the last. Words take turns in each class, but
    those that the recogniser does not know; a class of which too few are drawn has fewer sounds.
    Raises WorkbenchError without the recogniser, for fewer than 2 sounds and where no flip is heard.
    """
    expect(voice, Voice, "what is to be heard", "a Voice, as open_voice()")
    if sounds < 2:
        raise WorkbenchError(f"{sounds} sounds of a class show nothing; ask for at least 2")
    scale, progress = voice.generator.scale, progress or _silent
    pesq_too = any(measure.name == "pesq_nb" for measure in voice.generator.measures)
    answers = () if language.dictionary else choices(voice, voice.usual)
    listener = Listener(voice.usual, choices=answers, language=language, pesq=pesq_too)
    with one_thread():
        sites = Sites(voice.image())
        words = [word for word in voice.usual if word not in listener.left_out]
        laboratories = {word: Laboratory(voice.image(), voice.inputs(word)) for word in words}
        drawn = _drawn(laboratories, sites, sounds, seed, scale, progress)
        chosen = _chosen(drawn, sounds, np.random.default_rng(seed), scale)
        if not chosen:
            raise WorkbenchError(
                f"none of the flips drawn changed a sample of {len(words)} words; ask for more sounds"
            )
        clean = {word: voice.program.sound(lab.clean) for word, lab in laboratories.items()}
        undamaged = [listener.hear([sound], sound, word) for word, sound in clean.items()]
        heard: Heard = []

        def hear(trials: Sequence[_Trial], first: int) -> Heard:
            pairs: Heard = []
            for n, (word, plan, number, _) in enumerate(trials, first):
                progress("listening", n, len(chosen))
                codes = laboratories[word].sounds(plan.events(sites, np.array([number])), 1)[0]
                understood, pesq = listener.hear([voice.program.sound(codes)], clean[word], word)
                pairs.append((float(understood[0]), float(pesq[0])))
            return pairs

        for first in range(0, len(chosen), _SOUNDS_A_STEP):
            make = partial(hear, chosen[first : first + _SOUNDS_A_STEP], first)
            heard += step(f"sounds-{first}", make) if step else make()
    fidelity = np.array([trial.fidelity_db for trial in chosen])
    understood, pesq_nb = np.array(heard, np.float64).T
    code = scale.quality(fidelity)
    parts = [(scale.class_in_words(name), code == n) for n, name in enumerate(QUALITIES[1:], 1)]
    for near, far in pairwise(_BELOW_LIMIT_DB):
        high, low = scale.limits[-1] - near, scale.limits[-1] - far
        band = f"{low:g} to {high:g} dB" if np.isfinite(low) else f"below {high:g} dB"
        name = f"{CLASSES[-1]}, {scale.measure} {band}"
        parts.append((name, (fidelity >= low) & (fidelity < high)))
    rows = [
        _row("undamaged", *np.concatenate(undamaged, axis=1)),
        *(_row(name, understood[here], pesq_nb[here]) for name, here in parts),
    ]
    return [replace(row, left_out=dict(listener.left_out)) for row in rows]


def _drawn(
    laboratories: dict[str, Laboratory],
    sites: Sites,
    sounds: int,
    seed: int,
    scale: Scale,
    progress: Progress,
) -> list[_Trial]:
    """Trials of each word and number of flips, as many of each, other bits for every word."""
    each = -(-_TRIALS_A_SOUND * sounds // len(laboratories))
    drawn: list[_Trial] = []
    for number, (word, laboratory) in enumerate(laboratories.items()):
        numbers = np.arange(number * each, (number + 1) * each)
        for step, count in enumerate(FLIPS):
            progress("flipping", number * len(FLIPS) + step, len(laboratories) * len(FLIPS))
            plan = Plan(Flips(count), seed)
            made = measured(laboratory, plan.events(sites, numbers), each, scale=scale)
            differ = made.outcomes["first"] >= 0
            pairs = zip(numbers[differ].tolist(), made.fidelity_db[differ].tolist(), strict=True)
            drawn.extend(_Trial(word, plan, trial, fidelity) for trial, fidelity in pairs)
    return drawn


def _chosen(
    drawn: list[_Trial], sounds: int, random: np.random.Generator, scale: Scale
) -> list[_Trial]:
    """`sounds` trials of every class or all there are, words in turn.

    The order of words and of a word's trials is random in each class, so that a small sample prefers no
    word and no number of flips.
    """
    shuffled = [drawn[n] for n in random.permutation(len(drawn))]
    codes = scale.quality(np.array([trial.fidelity_db for trial in shuffled]))
    chosen: list[_Trial] = []
    for code in range(len(QUALITIES)):
        of_words: dict[str, list[_Trial]] = {}
        for trial, own in zip(shuffled, codes, strict=True):
            if own == code:
                of_words.setdefault(trial.word, []).append(trial)
        turns = zip_longest(*of_words.values())
        chosen += islice((trial for turn in turns for trial in turn if trial), sounds)
    return chosen


def _row(name: str, understood: np.ndarray, pesq: np.ndarray) -> ClassHeard:
    """Shares float64 [n] of presentations and PESQ float64 [n], NaN where there is none."""
    return ClassHeard(**vars(heard_means(understood, pesq, np.arange(len(understood)))), name=name)


def _silent(what: str, done: int, total: int) -> None:
    """Nobody wants to know."""
