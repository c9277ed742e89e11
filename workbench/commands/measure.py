"""`workbench measure`: how well trained generators speak, each and on average."""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from workbench.audio.recogniser import Language
from workbench.commands.class_table import SOUNDS, print_classes
from workbench.commands.common import STRATEGIES, add_generator, refuse_no_speech, strategy_text
from workbench.commands.kept import Kept
from workbench.commands.own_metrics import own_metrics
from workbench.commands.progress import counted
from workbench.errors import WorkbenchError
from workbench.experiments.provenance import inputs_digest
from workbench.experiments.voices.quality import (
    Metric,
    Quality,
    mean_quality,
    quality_of_recordings,
    quality_of_voice,
    reasons_text,
)
from workbench.experiments.voices.voice import Voice, open_voice
from workbench.files import is_folder, read_bytes, write_text
from workbench.generators.generator_registry import DEFAULT, generator_named
from workbench.healing.strategies.named import NONE
from workbench.healing.strategies.variants import strategy_variant
from workbench.own_code import own_digest
from workbench.training.checkpoint_files import record_measured, refuse_replacing

# What the recogniser needs for another language than US English, by pocketsphinx' own names.
_MODELS = {
    "hmm": "folder of the acoustic model of another language (US English)",
    "dict": "dictionary, a word as its file is named and its phones on each line (US English)",
    "lm": "n-gram model to follow (it chooses among the voice's words)",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the checkpoints and where the figures go."""
    add_generator(parser)
    parser.add_argument(
        "--checkpoint",
        type=Path,
        action="append",
        metavar="DIR",
        help="a trained checkpoint; may be given several times (the three training seeds that ship)",
    )
    parser.add_argument(
        "--data", type=Path, metavar="FOLDER", help="the recordings that it learned (those shipped)"
    )
    parser.add_argument(
        "--strategy", type=strategy_text, default=NONE, metavar="NAME|FILE",
        help=f"of a device under this one, whose weights may have moved for it ({NONE}): {STRATEGIES}",
    )  # fmt: skip
    parser.add_argument(
        "--metric", action="append", default=[], metavar="MODULE:FUNCTION",
        help="a metric of your own, called with a word's sound and its recording (arrays of samples, "
        "16 kHz) and returning a number; may be given again",
    )  # fmt: skip
    for name, what in _MODELS.items():
        parser.add_argument(
            f"--{name}", type=Path, metavar="DIR" if name == "hmm" else "FILE",
            help=f"pocketsphinx: {what}",
        )  # fmt: skip
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here as well")
    parser.add_argument(
        "--record", action="store_true", help="put the figures into each checkpoint's model.json"
    )
    parser.add_argument(
        "--classes",
        action="store_true",
        help="instead: what the classes of damage mean to a recogniser and, where it has a meaning, to PESQ",
    )
    parser.add_argument(
        "--sounds", type=int, default=SOUNDS, help=f"--classes: heard of each class ({SOUNDS})"
    )


def run(options: argparse.Namespace) -> None:
    """Measure, print a table, write what was asked for; WorkbenchError when it cannot."""
    if options.classes:
        _print_classes(options)
        return
    folders = list(dict.fromkeys(options.checkpoint or _shipped(options.generator)))
    for folder in folders if options.json else ():
        refuse_replacing(options.json, folder)
    if options.record and options.strategy != NONE:
        raise WorkbenchError(
            "--record keeps what a voice is without a strategy; leave one of both out"
        )
    voices = [_under(options.strategy, _opened(folder, options)) for folder in folders]
    language = Language(options.hmm, options.dict, options.lm)
    metrics = own_metrics(options.metric)
    with _kept(voices, language, metrics) as kept, counted(len(voices) + 1, unit="voice") as say:

        def measured(name: str, quality: Callable[..., Quality], voice: Voice) -> Quality:
            say(name)
            return kept.step(
                name, lambda: quality(voice, language=language, metrics=metrics),
                plain=dataclasses.asdict, again=lambda plain: Quality(**plain),
            )  # fmt: skip

        table = {
            name: measured(name, quality_of_voice, voice)
            for name, voice in zip(_labels(folders), voices, strict=True)
        }
        qualities = list(table.values())
        if len(qualities) > 1:
            table["mean"] = mean_quality(qualities)
        table["recordings"] = measured("recordings", quality_of_recordings, voices[0])
    measures = [measure.name for measure in voices[0].generator.measures]
    print(_table(table, [*measures, *metrics]))
    for row, quality in zip(_labels(folders), qualities, strict=True):
        for measure in voices[0].generator.measures:
            limit = measure.shortfall(quality.value(measure.name))
            if limit:
                print(f"{measure.name} of {row} falls short: a well trained generator has {limit}")
    absent = [part for quality in table.values() for part in quality.absent.items()]
    for name, reason in dict.fromkeys(absent):
        if name in measures or name in metrics:
            print(f"{name} has no value; {reason}")
    for name in (*measures, *metrics):
        reasons = {
            row: reasons_text(quality.left_out[name])
            for row, quality in table.items()
            if name in quality.left_out and row != "mean"
        }
        for reason in dict.fromkeys(reasons.values()):
            rows = ", ".join(row for row, why in reasons.items() if why == reason)
            print(f"{name} of {rows} is without {reason}")
    if options.json:
        figures = {name: quality.figures() for name, quality in table.items()}
        write_text(options.json, json.dumps(figures, indent=1) + "\n")
    if options.record:
        for folder, quality in zip(folders, qualities, strict=True):
            record_measured(folder, quality.figures())


def _kept(voices: Sequence[Voice], language: Language, metrics: Mapping[str, Metric]) -> Kept:
    """Voices that are measured; files of a language, and metrics and generators of one's own, count by what is in them."""
    spoken = [
        (voice.program.content_hash, inputs_digest(voice.all_inputs(voice.utterances)))
        for voice in voices
    ]
    heard = [
        hashlib.sha256(voice.recording(word).tobytes()).hexdigest()
        for voice in voices
        for word in voice.utterances
    ]
    own = own_digest([*metrics.values(), *(type(voice.generator) for voice in voices)])
    return Kept("measure", spoken, heard, language, _contents(language), [*metrics], own)


def _contents(language: Language) -> list[str]:
    """Digests of the files of a language."""
    return [_digest_below(path) for path in dataclasses.astuple(language) if path is not None]


def _digest_below(path: Path) -> str:
    """SHA-256 of a file, or of all files of a folder; what cannot be read counts as empty."""
    digest = hashlib.sha256()
    for file in sorted(path.rglob("*")) if is_folder(path) else [path]:
        with suppress(OSError):
            data = read_bytes(file)
            digest.update(f"{file} {len(data)} ".encode() + data)
    return digest.hexdigest()


def _print_classes(options: argparse.Namespace) -> None:
    if options.record or options.metric or len(options.checkpoint or ()) > 1:
        raise WorkbenchError(
            "--classes is about one voice, keeps nothing in its checkpoint and has its own measures; give "
            "one --checkpoint and leave out --record and --metric"
        )
    folder = options.checkpoint[0] if options.checkpoint else None
    opened = _opened(folder, options)
    refuse_no_speech(opened, "--classes")
    if options.json and opened.folder:
        refuse_replacing(options.json, opened.folder)
    voice = _under(options.strategy, opened)
    language = Language(options.hmm, options.dict, options.lm)
    depends = (inputs_digest(voice.all_inputs()), options.sounds, language, _contents(language))
    kept = Kept("measure-classes", voice.image().content_hash, *depends)
    print_classes(voice, kept, language=language, sounds=options.sounds, path=options.json)


def _shipped(generator: str | None) -> list[Path]:
    """The checkpoints that ship with the generator and differ in the training seed alone."""
    kind = generator_named(generator or DEFAULT)
    return [kind.checkpoint(name) for name in kind.repeats] or [kind.checkpoint()]


def _opened(folder: Path | None, options: argparse.Namespace) -> Voice:
    return open_voice(folder, options.data, generator=options.generator)


def _under(name: str, voice: Voice) -> Voice:
    """The voice with the program that a device under a strategy runs."""
    inputs = voice.all_inputs()
    strategy, program = strategy_variant(name, voice.program, inputs)
    return dataclasses.replace(voice, program=strategy.image(program).program)


def _labels(folders: list[Path]) -> list[str]:
    """Last parts of the paths, or all of them where two would be called the same."""
    names = [folder.name for folder in folders]
    return names if len(set(names)) == len(names) else [str(folder) for folder in folders]


def _table(rows: dict[str, Quality], columns: Sequence[str]) -> str:
    width = max(len(name) for name in rows)
    widths = [max(10, len(column)) for column in columns]
    lines = ["  ".join([" " * width, *map(str.rjust, columns, widths)])]
    for name, quality in rows.items():
        values = map(quality.value, columns)
        cells = ("-" if value is None else f"{value:.3f}" for value in values)
        lines.append("  ".join([name.ljust(width), *map(str.rjust, cells, widths)]))
    return "\n".join(lines)
