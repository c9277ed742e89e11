"""Faulty utterances: one fault each, in all sections of memory alike, said beside the clean run of the same text."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from workbench.audio.scales import BySpectrum
from workbench.audio.spectral_distance import SpectralDistance
from workbench.experiments.monitors.streams import CHECK, LEARN, Stream
from workbench.experiments.voices.voice import Voice
from workbench.integer.frames import frames_of
from workbench.memory.changes import parameter_changes
from workbench.memory.image import Image
from workbench.memory.places import WORKING_SECTIONS
from workbench.progress import progress_bar

_JUDGED = 1_000_003  # seed of utterances that no calibration of a small seed draws
_TRAINED_ON = 2_000_003
_TRIED = 4_000  # faults of a byte, at most
_ENOUGH = 160  # utterances that are heard to be faulty: no more faults are tried
_DEGRADED = 3  # index of QUALITIES

# Given a generator of random numbers and the bits of a section, int64, those that a fault inverts.
Draw = Callable[[np.random.Generator, np.ndarray], np.ndarray]


@dataclass(frozen=True, eq=False)
class Faulty:
    """An utterance that a fault may have changed.

    Args:
        section: In which bits were inverted before it.
        bits: Their positions in the image of the program alone, int64.
        clean: Codes of the output and of the wanted signals without the fault, [frames * rate, channels] by name.
        codes: The same with it.
        first: Frame in which the output differs first, None where it never does.
    """

    section: str
    bits: np.ndarray
    clean: Mapping[str, np.ndarray]
    codes: Mapping[str, np.ndarray]
    first: int | None


def one_bit(rng: np.random.Generator, bits: np.ndarray) -> np.ndarray:
    """A single bit."""
    return rng.choice(bits, 1)


def bits_of_a_byte(rng: np.random.Generator, bits: np.ndarray) -> np.ndarray:
    """Two bits or more of one byte: the faults that a watchdog learns from, and is not judged on."""
    address = int(rng.choice(bits)) >> 3
    inside = bits[bits >> 3 == address]
    return rng.choice(inside, min(len(inside), int(rng.integers(2, 9))), replace=False)


def faulty_utterances(
    voice: Voice,
    signals: Collection[str],
    *,
    draw: Draw,
    trials: int,
    seed: int,
    purpose: int = CHECK,
    progress: Callable[[], object] = lambda: None,
) -> Iterator[Faulty]:
    """The utterances of so many trials, one each.

    Args:
        voice: That speaks.
        signals: Whose codes are wanted, besides the output.
        draw: What a fault is.
        trials: Faults that are tried.
        seed: Of faults and utterances.
        purpose: LEARN, LIMIT or CHECK.
        progress: Called after each trial.
    """
    program, layout = voice.program, Image.of(voice.program).layout
    engine, rate = frames_of(program), program.signal(program.output).rate
    names = sorted({program.output, *signals})
    sections = [name for name in WORKING_SECTIONS if layout.sections[name].size_bytes]
    bits = {name: layout.positions((name,)) for name in sections}
    rng = np.random.default_rng([seed, 15])
    base = _JUDGED if purpose == CHECK else _TRAINED_ON
    texts = Stream(voice, purpose, 0, base + seed).texts()
    for number in range(trials):
        text = next(texts, None) or voice.utterances[number % len(voice.utterances)]
        section = sections[number % len(sections)]
        hit = draw(rng, bits[section])
        inputs = voice.generator.encode(voice.config, [text])
        clean, _ = engine.step(inputs, engine.changed({}), engine.silence(), names)
        changed = engine.changed(parameter_changes(program, layout, [hit]))
        codes, _ = engine.step(inputs, changed, engine.silence(), names)
        progress()
        differs = codes[program.output] != clean[program.output]  # [frames * rate, channels]
        frames = np.flatnonzero(differs.reshape(len(differs) // rate, -1).any(axis=1))
        yield Faulty(section, hit, clean, codes, int(frames[0]) if frames.size else None)


def quality_of(voice: Voice, clean: np.ndarray, codes: np.ndarray) -> int:
    """Class of what differs, on the scale of the generator; an index of QUALITIES.

    Args:
        voice: That said it.
        clean: Codes of its output without a fault, [frames * rate, channels].
        codes: Its codes with one.
    """
    scale, program = voice.generator.scale, voice.program
    if isinstance(scale, BySpectrum):
        distance = SpectralDistance(program.sound(clean), round(program.sample_rate_hz))
        fidelity = scale.fidelity_db(*distance.of(program.sound(codes)[None]))
    else:
        sound = clean.astype(np.float64)
        fidelity = 10 * np.log10((sound**2).sum() / ((codes - sound) ** 2).sum())
    return int(scale.quality(np.atleast_1d(fidelity))[0])


def lessons(
    voice: Voice, signals: Collection[str], seed: int
) -> Iterator[Mapping[str, np.ndarray]]:
    """Codes of faulty utterances that are degraded or broken, from the first frame that sounds otherwise.

    Args:
        voice: That is to be watched.
        signals: Of which codes are wanted.
        seed: Of faults and utterances.
    """
    found, program = 0, voice.program
    with progress_bar(total=_TRIED, desc="learning what faults are like", unit="fault") as bar:
        for each in faulty_utterances(
            voice, signals, draw=bits_of_a_byte, trials=_TRIED, seed=seed, purpose=LEARN,
            progress=bar.update,
        ):  # fmt: skip
            output = program.output
            if (
                each.first is None
                or quality_of(voice, each.clean[output], each.codes[output]) < _DEGRADED
            ):
                continue
            yield {n: each.codes[n][each.first * program.signal(n).rate :] for n in signals}
            found += 1
            if found == _ENOUGH:
                return
