"""What `autonomic` writes down while nothing is broken, and whether it ever heals: clean frames, and data that change."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from contextlib import suppress
from dataclasses import asdict
from functools import partial

from workbench.commands.common import chosen_voice
from workbench.commands.kept import Kept, kept_in
from workbench.commands.progress import doing
from workbench.errors import WorkbenchError
from workbench.experiments.estimates.statistics import mean_gap_interval
from workbench.experiments.monitors.calibration import FRAMES
from workbench.experiments.monitors.calm import Calm, calm_part, heals
from workbench.experiments.monitors.data_changes import changes_of
from workbench.experiments.monitors.watching_strategies import with_monitors
from workbench.experiments.voices.voice import Voice
from workbench.files import write_text
from workbench.healing.strategies.strategy import Strategy
from workbench.healing.strategies.watching import AUTONOMIC
from workbench.progress import progress_bar

_PART_FRAMES = 100_000  # of a device, before the next one starts
_CHANGED = 100  # of clean frames, for one of each change of the data
_LEARNED = 5  # frames that are lived through for one that monitors learn from
_LEAST_LEARNED = 10_000  # of those


def run(options: argparse.Namespace) -> None:
    """Let devices live through frames, kept in parts as they are done, and print what they wrote down."""
    if options.frames < 1:
        raise WorkbenchError(f"cannot live through {options.frames} frames; give at least 1")
    voice = chosen_voice(options)
    changes: tuple[str, ...] = ()
    with suppress(WorkbenchError):  # none are known for it
        changes = changes_of(voice.program)
    learned = max(_LEAST_LEARNED, min(FRAMES, options.frames // _LEARNED))
    with doing("calibrating the monitors"):
        (strategy,) = with_monitors(AUTONOMIC, voice, folder=kept_in("calibrated"), frames=learned)
    assert isinstance(strategy, Strategy)
    report = {}
    for change in ("", *changes):
        wanted = max(1, options.frames // _CHANGED) if change else options.frames
        frames, counts = _lived(voice, strategy, change, wanted)
        alarms, healed = sum(counts.values()), heals(counts)
        low, high = mean_gap_interval(alarms, frames)
        most = "no upper limit" if high is None else f"{high:,.0f}"
        print(
            f"{change or 'clean'}: {healed} heals in {frames:,} frames; {alarms} log entries, between two "
            f"{low:,.0f} to {most} frames (95 % interval)"
        )
        for text, count in sorted(counts.items()):
            print(f"  {count:>7,}  {text}")
        report[change or "clean"] = {"frames": frames, "heals": healed, "entries": dict(counts)}
    if options.json:
        write_text(options.json, json.dumps(report, indent=2) + "\n")


def _lived(voice: Voice, strategy: Strategy, change: str, wanted: int) -> tuple[int, Counter[str]]:
    """Frames, at least `wanted`, and what devices wrote down, each of which lives through a part."""
    total, counts, number = 0, Counter[str](), 0
    with (
        Kept("bench-calm", voice.program.content_hash, strategy, change) as kept,
        progress_bar(total=wanted, desc=change or "clean", unit="frame") as bar,
    ):
        while total < wanted:
            frames = min(_PART_FRAMES, wanted - total)
            part = kept.step(
                f"part-{number}-{frames}",
                partial(
                    calm_part,
                    voice,
                    strategy,
                    number,
                    frames=frames,
                    change=change,
                    progress=bar.update,
                ),
                plain=asdict,
                again=lambda plain: Calm(**plain),
            )
            total, number = total + part.frames, number + 1
            counts.update(part.entries)
            bar.update(total - bar.n)
    return total, counts
