"""How well voices say what they never learned, beside their float twin and the recordings."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from workbench.audio.recordings import ALIGNMENTS, load_recordings
from workbench.commands.common import chosen_voice
from workbench.commands.kept import Kept
from workbench.commands.progress import counted
from workbench.errors import WorkbenchError
from workbench.experiments.bench.intelligibility import TESTS, Count, Listeners, Speak, rate_of
from workbench.experiments.bench.likeness import Likeness, likeness
from workbench.experiments.bench.unseen_texts import (
    held_out_prompts,
    learnt_words,
)
from workbench.experiments.voices.voice import Voice, open_voice
from workbench.files import is_file, is_folder, write_text
from workbench.generators.generator_registry import generator_named
from workbench.generators.speech.alignments import Row, read_alignments

_GENERATOR, _ANY = "speech", "any text"
_FLOAT, _MEAN, _RECORDINGS = "float twin", "mean", "recordings"
_FETCHED = Path("out/recordings")
_OF_RECORDINGS = ("learnt", "prompts")  # tests whose texts the person said


def run(options: argparse.Namespace) -> None:
    """Measure and print."""
    voices = _voices(options)
    recordings, rows = _fetched()
    listeners = Listeners()
    first = next(iter(voices.values()))
    if first.generator.meant(first.config, _ANY) is None:
        raise WorkbenchError(
            f"the generator {first.generator.name} cannot say any text; this benchmark is for those like {_GENERATOR}"
        )
    speakers: dict[str, Speak] = {
        **{name: voice.speak for name, voice in voices.items()},
        _FLOAT: first.speak_in_float,
    }
    hashes = [voice.program.content_hash for voice in voices.values()]
    tests = {name: tuple(TESTS) for name in speakers}
    recorded = _recorded()
    if set(recorded.values()) <= set(recordings):
        speakers[_RECORDINGS] = lambda text: recordings[recorded[text]]
        tests[_RECORDINGS] = _OF_RECORDINGS
    aligned = [label for label in held_out_prompts() if label in recordings and label in rows]
    steps = sum(map(len, tests.values())) + bool(aligned)
    with (
        Kept("bench-speech", hashes, [recordings[each].tobytes()[:64] for each in aligned]) as kept,
        counted(steps, unit="test") as say,
    ):
        table: dict[str, dict[str, list[Count]]] = {}
        for name, speak in speakers.items():
            for test in tests[name]:
                say(f"{name}: {test}")
                made = kept.step(
                    f"{name} {test}".replace(" ", "-"),
                    partial(TESTS[test], listeners, speak),
                    plain=lambda counts: [asdict(each) for each in counts],
                    again=lambda plain: [Count(**each) for each in plain],
                )
                table.setdefault(name, {})[test] = made
        near: dict[str, list[Likeness]] = {}
        if aligned:
            say("distances to the recordings")
            for name, voice in voices.items():
                near[name] = [
                    likeness(voice.program, recordings[each], rows[each]) for each in aligned
                ]
        if len(voices) > 1:
            pooled = {
                test: [count for name in voices for count in table[name][test]] for test in TESTS
            }
            table = {**{name: table[name] for name in voices}, _MEAN: pooled, **table}
    _print(table, listeners.choices)
    for name, distances in near.items():
        print(
            f"{name}: to {len(aligned)} held-out recordings, with their durations, log-mel "
            f"{np.mean([each.log_mel_db for each in distances]):.1f} dB and MFCC-DTW "
            f"{np.mean([each.mfcc_dtw for each in distances]):.1f}"
        )
    if not aligned:
        print(
            "beside the recordings: `workbench data fetch`, `workbench data align`, and this again"
        )
    if options.json:
        figures: dict[str, Any] = {
            name: {test: asdict(rate_of(counts)) for test, counts in made_of.items()}
            for name, made_of in table.items()
        }
        figures |= {f"{name} to recordings": list(map(asdict, each)) for name, each in near.items()}
        write_text(options.json, json.dumps(figures, indent=1) + "\n")


def _recorded() -> dict[str, str]:
    """Text -> label of its recording, of all tests that have some."""
    return {**learnt_words(), **{text: label for label, text in held_out_prompts().items()}}


def _fetched() -> tuple[dict[str, np.ndarray], dict[str, list[Row]]]:
    """Recordings and alignments by label, as `workbench data` left them; empty where it did not."""
    if not is_folder(_FETCHED):
        return {}, {}
    aligned = is_file(_FETCHED / ALIGNMENTS)
    return load_recordings(_FETCHED), read_alignments(_FETCHED) if aligned else {}


def _voices(options: argparse.Namespace) -> dict[str, Voice]:
    """The one that is named, or all trainings that ship and differ in their seed alone."""
    if options.checkpoint:
        return {options.checkpoint.name: chosen_voice(options)}
    generator = generator_named(options.generator or _GENERATOR)
    return {name: open_voice(generator.checkpoint(name)) for name in generator.repeats}


def _print(table: Mapping[str, Mapping[str, list[Count]]], choices: int) -> None:
    texts = {test: len(counts) for test, counts in next(iter(table.values())).items()}
    heads = {
        "words": f"words wrong ({texts['words']}, among {choices:,})",
        "learnt": f"learnt words wrong ({texts['learnt']})",
        "sentences": f"sentences, word errors ({texts['sentences']})",
        "prompts": f"held-out prompts, word errors ({texts['prompts']})",
        "phones": "sentences, phone errors",
    }
    print("unseen texts and what a recogniser makes of them; 95 % intervals over texts")
    first = max(map(len, table))
    print("  ".join([" " * first, *heads.values()]))
    for name, tests in table.items():
        cells = [
            f"{_cell(tests[test]) if test in tests else '-':<{len(head)}}"
            for test, head in heads.items()
        ]
        print("  ".join([f"{name:<{first}}", *cells]).rstrip())


def _cell(counts: list[Count]) -> str:
    rate = rate_of(counts)
    interval = "" if rate.low is None else f" ({rate.low:.3f} to {rate.high:.3f})"
    return f"{rate.rate:.3f}{interval}"
