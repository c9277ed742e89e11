"""What the classes of damage mean to a listener: class by SNR against understood share and PESQ.

The classes are limits of the SNR to the clean voice; a word far below them can still be understood. Here a
sample of damaged words of every class is heard by the recogniser and by PESQ, which know nothing of the SNR.
Layout: a row a class, the best first, then rows of parts of the last one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np

from workbench.audio.metrics import CLASSES, DEGRADED_SNR_DB, class_in_words
from workbench.audio.recogniser import VARIANTS
from workbench.errors import WorkbenchError
from workbench.experiments.listening import Listener
from workbench.experiments.statistics import clustered, mean_interval
from workbench.experiments.threads import one_thread
from workbench.experiments.trial_table import QUALITIES, snr_quality
from workbench.experiments.voice import Voice
from workbench.memory.faults_bits import Flips
from workbench.memory.laboratory import Laboratory
from workbench.memory.plan import Plan
from workbench.memory.transients import Sites

FLIPS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000)
_TRIALS_A_SOUND = 4  # of each number of flips, so that every class fills
BROKEN_BANDS_DB = ((3.0, DEGRADED_SNR_DB), (-3.0, 3.0), (-np.inf, -3.0))
_BROKEN = CLASSES[-1]


@dataclass(frozen=True)
class ClassHeard:
    """What listeners made of the sounds of one class, or of a part of it.

    name: in words, with its limits. sounds: how many were heard. understood: share of their presentations, 0 to
    1, in which the recogniser understood the word; understood_low, understood_high: its 95 % interval,
    presentations of a sound counted as a cluster. pesq_nb: mean of the `pesq_sounds` that have a value, 1 to
    4.55, to the clean voice; pesq_low, pesq_high: Student's interval. None where there is no value.
    """

    name: str
    sounds: int
    understood: float | None
    understood_low: float | None
    understood_high: float | None
    pesq_sounds: int
    pesq_nb: float | None
    pesq_low: float | None
    pesq_high: float | None

    def figures(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)


class _Trial(NamedTuple):
    word: str
    plan: Plan
    number: int
    snr_db: float


def heard_classes(
    voice: Voice,
    *,
    sounds: int,
    seed: int = 0,
    progress: Callable[[str, int, int], None] | None = None,
) -> list[ClassHeard]:
    """Draw flips of the working copy, 1 to 2,000 at a time, until each class has `sounds` words; hear them.

    progress: is told what is being done, how much of it is done and how much there is. Returns the clean voice,
    the four classes and BROKEN_BANDS_DB of the last. A class that so many draws do not fill has fewer
    sounds. Raises WorkbenchError without the recogniser and for fewer than 2 sounds.
    """
    if sounds < 2:
        raise WorkbenchError(f"{sounds} sounds of a class show nothing; ask for at least 2")
    listener = Listener(voice.words)
    with one_thread():
        laboratories = {word: Laboratory(voice.image, voice.inputs(word)) for word in voice.words}
        chosen = _chosen(voice, laboratories, sounds=sounds, seed=seed, progress=progress)
        clean = {word: voice.program.sound(lab.clean) for word, lab in laboratories.items()}
        answers = [listener.hear([sound], sound, word) for word, sound in clean.items()]
        rows = [_row("undamaged", *np.concatenate(answers, axis=1))]
        snr_db, understood, pesq = np.full((3, len(chosen)), np.nan)
        for n, trial in enumerate(chosen):
            if progress:
                progress("listening", n, len(chosen))
            events = trial.plan.events(Sites(voice.image), np.array([trial.number]))
            codes = laboratories[trial.word].sounds(events, 1)[0]
            share, score = listener.hear(
                [voice.program.sound(codes)], clean[trial.word], trial.word
            )
            snr_db[n], understood[n], pesq[n] = trial.snr_db, share[0], score[0]
    for code, name in enumerate(QUALITIES[1:], 1):
        here = snr_quality(snr_db) == code
        rows.append(_row(class_in_words(name), understood[here], pesq[here]))
    for low, high in BROKEN_BANDS_DB:
        here = (snr_db >= low) & (snr_db < high)
        name = f"{low:g} to {high:g} dB" if np.isfinite(low) else f"below {high:g} dB"
        rows.append(_row(f"{_BROKEN}, {name}", understood[here], pesq[here]))
    return rows


def _chosen(
    voice: Voice,
    laboratories: dict[str, Laboratory],
    *,
    sounds: int,
    seed: int,
    progress: Callable[[str, int, int], None] | None,
) -> list[_Trial]:
    """The first `sounds` trials of every class, in turns of words and numbers of flips."""
    each = -(-_TRIALS_A_SOUND * sounds // len(voice.words))
    drawn: list[list[_Trial]] = []
    for number, word in enumerate(voice.words):
        for place, count in enumerate(FLIPS):
            if progress:
                progress("flipping", number * len(FLIPS) + place, len(voice.words) * len(FLIPS))
            drawn.append(list(_trials(voice, laboratories[word], word, count, seed, number, each)))
    filled = np.zeros(len(QUALITIES), np.int64)
    chosen = []
    for turn in zip(*drawn, strict=True):
        for trial in turn:
            code = int(snr_quality(np.array([trial.snr_db]))[0])
            if np.isfinite(trial.snr_db) and filled[code] < sounds:
                filled[code] += 1
                chosen.append(trial)
    return chosen


def _trials(
    voice: Voice,
    laboratory: Laboratory,
    word: str,
    count: int,
    seed: int,
    number: int,
    each: int,
) -> Iterator[_Trial]:
    """Other bits for every word: the trials of word number n begin at n times `each`."""
    plan = Plan(Flips(count), seed)
    indexes = np.arange(number * each, (number + 1) * each)
    outcomes = laboratory.outcomes(plan.events(Sites(voice.image), indexes), each)
    for index, snr_db in zip(indexes, laboratory.snr_db(outcomes), strict=True):
        yield _Trial(word, plan, int(index), float(snr_db))


def _row(name: str, understood: np.ndarray, pesq: np.ndarray) -> ClassHeard:
    """Shares float64 [n] of presentations and PESQ float64 [n], NaN where there is none."""
    known = pesq[~np.isnan(pesq)]
    share = low = high = None
    if len(understood):
        presentations = np.full(len(understood), len(VARIANTS))
        interval = clustered(np.rint(understood * presentations), presentations)
        share = float(understood.mean())
        low, high = float(interval.low), float(interval.high)
    pesq_low, pesq_high = mean_interval(known)
    mean = float(known.mean()) if len(known) else None
    return ClassHeard(
        name, len(understood), share, low, high, len(known), mean, pesq_low, pesq_high
    )
