"""What the classes of damage mean to a listener: class by SNR against understood share and PESQ.

The classes are limits of the SNR to the clean voice; a word a little below the last can still be understood. Here a
sample of damaged words of every class is heard by the recogniser and by PESQ, which know nothing of the SNR.
Layout: a row a class, the best first, then rows of parts of the last one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np

from workbench.audio.metrics import CLASSES, DEGRADED_SNR_DB, class_in_words
from workbench.audio.recogniser import ENGLISH, VARIANTS, Language
from workbench.errors import WorkbenchError, expect
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

Progress = Callable[[str, int, int], None]  # what is done, how much of it, of how much


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
    language: Language = ENGLISH,
    progress: Progress | None = None,
) -> list[ClassHeard]:
    """Hear `sounds` damaged words of each class, drawn among random flips of the working copy, FLIPS at once.

    progress: is told what is being done, how much of it is done and how much there is. Returns the clean voice,
    the four classes and BROKEN_BANDS_DB of the last. A class of which too few are drawn has fewer sounds.
    Raises WorkbenchError without the recogniser, for fewer than 2 sounds and where no flip is heard.
    """
    expect(voice, Voice, "what is to be heard", "a Voice, as open_voice()")
    if sounds < 2:
        raise WorkbenchError(f"{sounds} sounds of a class show nothing; ask for at least 2")
    listener, progress = Listener(voice.words, language=language), progress or _silent
    with one_thread():
        sites = Sites(voice.image)
        laboratories = {word: Laboratory(voice.image, voice.inputs(word)) for word in voice.words}
        chosen = _chosen(_drawn(laboratories, sites, sounds, seed, progress), sounds)
        if not chosen:
            raise WorkbenchError(
                f"none of the flips drawn changed a sample of {len(voice.words)} words; ask for more sounds"
            )
        clean = {word: voice.program.sound(lab.clean) for word, lab in laboratories.items()}
        undamaged = [listener.hear([sound], sound, word) for word, sound in clean.items()]
        heard = []  # [sounds], pairs of understood share and PESQ, float64 [1] each
        for n, (word, plan, number, _) in enumerate(chosen):
            progress("listening", n, len(chosen))
            codes = laboratories[word].sounds(plan.events(sites, np.array([number])), 1)[0]
            heard.append(listener.hear([voice.program.sound(codes)], clean[word], word))
    snr_db = np.array([trial.snr_db for trial in chosen])
    understood, pesq = np.concatenate(heard, axis=1)
    code = snr_quality(snr_db)
    parts = [(class_in_words(name), code == n) for n, name in enumerate(QUALITIES[1:], 1)]
    for low, high in BROKEN_BANDS_DB:
        band = f"{low:g} to {high:g} dB" if np.isfinite(low) else f"below {high:g} dB"
        parts.append((f"{CLASSES[-1]}, {band}", (snr_db >= low) & (snr_db < high)))
    return [
        _row("undamaged", *np.concatenate(undamaged, axis=1)),
        *(_row(name, understood[here], pesq[here]) for name, here in parts),
    ]


def _drawn(
    laboratories: dict[str, Laboratory], sites: Sites, sounds: int, seed: int, progress: Progress
) -> list[list[_Trial]]:
    """A list of trials for each word and number of flips, other bits for every word."""
    each = -(-_TRIALS_A_SOUND * sounds // len(laboratories))
    drawn: list[list[_Trial]] = []
    for number, (word, laboratory) in enumerate(laboratories.items()):
        numbers = np.arange(number * each, (number + 1) * each)
        for count in FLIPS:
            progress("flipping", len(drawn), len(laboratories) * len(FLIPS))
            plan = Plan(Flips(count), seed)
            snr_db = laboratory.snr_db(laboratory.outcomes(plan.events(sites, numbers), each))
            pairs = zip(numbers.tolist(), snr_db.tolist(), strict=True)
            drawn.append([_Trial(word, plan, trial, ratio) for trial, ratio in pairs])
    return drawn


def _chosen(drawn: list[list[_Trial]], sounds: int) -> list[_Trial]:
    """The first `sounds` trials of every class, one of each list in turn; none that changed nothing."""
    filled = dict.fromkeys(range(len(QUALITIES)), 0)
    chosen = []
    for trial in (trial for turn in zip(*drawn, strict=True) for trial in turn):
        code = int(snr_quality(np.array([trial.snr_db]))[0])
        if np.isfinite(trial.snr_db) and filled[code] < sounds:
            filled[code] += 1
            chosen.append(trial)
    return chosen


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


def _silent(what: str, done: int, total: int) -> None:
    """Nobody wants to know."""
