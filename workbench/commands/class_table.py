"""The table of `workbench measure --classes`: what the classes of damage mean to a listener."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np

from workbench.audio.metrics import MetricUnavailable, pesq_nb
from workbench.audio.recogniser import VARIANTS, Language
from workbench.audio.scales import BY_SNR
from workbench.commands.kept import Kept
from workbench.commands.progress import staged
from workbench.experiments.campaigns.class_calibration import (
    FLIPS,
    ClassHeard,
    Heard,
    heard_classes,
)
from workbench.experiments.voices.quality import reasons_text
from workbench.experiments.voices.voice import Voice
from workbench.files import write_text

SOUNDS = 200  # of each class, by default


def print_classes(
    voice: Voice, kept: Kept, *, language: Language, sounds: int, path: Path | None
) -> None:
    """Hear `sounds` damaged words of every class, print the table, write it to `path` as JSON.

    kept: keeps what was heard, by all that it depends on. Raises WorkbenchError as `heard_classes`.
    """

    def step(name: str, make: Callable[[], Heard]) -> Heard:
        return kept.step(name, make, plain=_plain, again=_pairs)

    with kept, staged(unit="sound") as show:
        rows = heard_classes(voice, language=language, sounds=sounds, progress=show, step=step)
    scale = voice.generator.scale
    by = "SNR" if scale == BY_SNR else "the spectrum's distance"
    has_pesq = any(measure.name == "pesq_nb" for measure in voice.generator.measures)
    pesq = "PESQ-NB to the clean voice; " if has_pesq else ""
    print(
        f"classes of damage, by {by} to the clean voice alone, and what listeners make of them: "
        f"understood, of {len(VARIANTS)} presentations a sound, by a speech recogniser; {pesq}"
        f"95 % intervals; {FLIPS[0]} to {FLIPS[-1]:,} random flips of the working copy"
    )
    width = max(len(row.name) for row in rows)
    heading = f"{'class':<{width}}  {'sounds':>6}  {'understood':<26}"
    print(f"{heading}  PESQ-NB" if has_pesq else heading.rstrip())
    for row in rows:
        cells = f"{row.name:<{width}}  {row.sounds:>6}  {_understood(row):<26}"
        print(f"{cells}  {_pesq(row)}" if has_pesq else cells.rstrip())
    if rows[0].left_out:
        print(f"all rows are without {reasons_text(rows[0].left_out)}")
    for row in rows:
        if not row.sounds:
            print(f"{row.name}: none of the flips drawn damages a sound so; ask for more --sounds")
    silent = [row.name for row in rows if row.sounds and row.pesq_nb is None]
    if silent and has_pesq:
        reason = _absent() or f"PESQ refuses every sound of {', '.join(silent)}"
        print(f"PESQ-NB has no value; {reason}")
    if path:
        figures = {"voice": voice.image().content_hash, "classes": [row.figures() for row in rows]}
        write_text(path, json.dumps(figures, indent=1, allow_nan=False) + "\n")


def _plain(heard: Heard) -> list[list[float | None]]:
    """For JSON, which has no NaN."""
    return [[None if math.isnan(value) else value for value in pair] for pair in heard]


def _pairs(plain: list[list[float | None]]) -> Heard:
    return [
        (math.nan if understood is None else understood, math.nan if pesq is None else pesq)
        for understood, pesq in plain
    ]


def _understood(row: ClassHeard) -> str:
    if row.understood is None:
        return "-"
    return f"{row.understood:.1%} ({row.understood_low:.1%} to {row.understood_high:.1%})"


def _pesq(row: ClassHeard) -> str:
    if row.pesq_nb is None:
        return "-"
    interval = "" if row.pesq_low is None else f" ({row.pesq_low:.2f} to {row.pesq_high:.2f})"
    fewer = f", {row.pesq_sounds} sounds" if row.pesq_sounds < row.sounds else ""
    return f"{row.pesq_nb:.2f}{interval}{fewer}"


def _absent() -> str:
    """Why no sound has a PESQ here, "" where they can have one."""
    tone = np.sin(np.arange(16_000) / 5.0)
    try:
        pesq_nb(tone, tone)
    except MetricUnavailable as error:
        return str(error)
    return ""
