"""How well a face follows held-out recordings, and other voices."""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from functools import partial
from typing import Any

import numpy as np

from workbench.audio.foreign_voices import LANGUAGES, foreign_recordings
from workbench.audio.phone_recogniser import PhoneRecogniser
from workbench.commands.common import chosen_voice
from workbench.commands.kept import Kept
from workbench.commands.progress import counted
from workbench.experiments.bench.visemes import Agreement, Seen, agreement
from workbench.experiments.voices.voice import open_voice
from workbench.files import write_text
from workbench.generators.generator_registry import generator_named
from workbench.generators.viseme.lessons import FETCHED, aligned, read_aligned

_GENERATOR = "viseme"
_FOREIGN = 30  # recordings of each other voice
_ENGLISH = "English"


def run(options: argparse.Namespace) -> None:
    """Measure and print."""
    if options.checkpoint:
        voices = {options.checkpoint.name: chosen_voice(options, usual=_GENERATOR)}
    else:
        kind = generator_named(_GENERATOR)
        voices = {name: open_voice(kind.checkpoint(name)) for name in kind.checkpoints}
    held_out = read_aligned(FETCHED, held_out=True)
    by_text = [Seen(each.sound, each.visemes) for each in held_out.values()]
    ears, first = PhoneRecogniser(), next(iter(voices))

    def by_ear() -> tuple[Agreement, float]:
        heard = {label: each.sound / 32768.0 for label, each in held_out.items()}
        seen = list(_by_ear(ears, heard))
        same = [
            np.mean(a.visemes[: len(b.visemes)] == b.visemes[: len(a.visemes)])
            for a, b in zip(by_text, seen, strict=True)
        ]
        return agreement(voices[first], seen), float(np.mean(same))

    def foreign(language: str) -> Agreement:
        return agreement(voices[first], _by_ear(ears, dict(foreign_recordings(language, _FOREIGN))))

    hashes = [voice.program.content_hash for voice in voices.values()]
    sounds = [hashlib.sha256(each.sound.tobytes()).hexdigest() for each in by_text]
    rows = []
    with (
        Kept("bench-visemes", hashes, sounds) as kept,
        counted(len(voices) + 1 + len(LANGUAGES), unit="row") as say,
    ):
        for name, voice in voices.items():
            say(name)
            made = kept.step(
                f"text-{name}", partial(agreement, voice, by_text), plain=asdict, again=_again
            )
            rows.append((f"{_ENGLISH}, held out", name, "text", made))
        say(f"{_ENGLISH} by a phone recogniser")
        made, same = kept.step(
            "phones",
            by_ear,
            plain=lambda pair: [asdict(pair[0]), pair[1]],
            again=lambda pair: (_again(pair[0]), pair[1]),
        )
        rows.append((f"{_ENGLISH}, held out", first, "phones", made))
        for language, title in LANGUAGES.items():
            say(title)
            made = kept.step(language, partial(foreign, language), plain=asdict, again=_again)
            rows.append((title, first, "phones", made))
    _print(rows)
    print(
        f"the phone recogniser itself agrees with the text in {same:.3f} of a held-out recording's frames"
    )
    if options.json:
        figures = [
            {"voice": voice, "checkpoint": name, "ruler": ruler, **asdict(made)}
            for voice, name, ruler, made in rows
        ]
        write_text(options.json, json.dumps(figures, indent=1) + "\n")


def _again(plain: dict[str, Any]) -> Agreement:
    return Agreement(**plain)


def _by_ear(ears: PhoneRecogniser, recordings: Mapping[str, np.ndarray]) -> Iterator[Seen]:
    for samples in recordings.values():
        each = aligned(samples, ears.phones(samples))
        yield Seen(each.sound, each.visemes)


def _print(rows: list[tuple[str, str, str, Agreement]]) -> None:
    print(
        f"{'voice':<19}{'checkpoint':<11}{'ruler':<7}{'recordings':>11}{'frames':>8}  "
        f"{'accuracy':<24}{'majority':>9}{'error':>7}  correlation of blendshapes"
    )
    for voice, name, ruler, made in rows:
        share = f"{made.accuracy:.3f} ({made.low:.3f} to {made.high:.3f})"
        shapes = ", ".join(
            f"{shape} {value:.2f} ({made.correlation_low[shape]:.2f} to {made.correlation_high[shape]:.2f})"
            for shape, value in made.correlation.items()
        )
        print(
            f"{voice:<19}{name:<11}{ruler:<7}{made.recordings:>11}{made.frames:>8,}  {share:<24}"
            f"{made.majority:>9.3f}{made.error:>7.3f}  {shapes}"
        )
