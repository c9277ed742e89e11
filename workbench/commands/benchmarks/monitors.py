"""What calibrated monitors of behaviour find of single flips, and how soon."""

from __future__ import annotations

import argparse
import json

import numpy as np

from workbench.commands.common import chosen_voice
from workbench.commands.progress import doing
from workbench.errors import WorkbenchError
from workbench.experiments.estimates.statistics import wilson
from workbench.experiments.monitors.calibration import (
    FRAMES,
    MEAN_FRAMES,
    alarming_kinds,
    calibrate,
)
from workbench.experiments.monitors.detection import detect, rows_of, together
from workbench.files import write_text
from workbench.progress import progress_bar

_SOON_FRAMES = 45


def run(options: argparse.Namespace) -> None:
    """Calibrate every monitor, flip bits, and print what is found by class of the sound."""
    if options.trials < 1:
        raise WorkbenchError(f"cannot flip {options.trials} bits; give at least 1")
    voice = chosen_voice(options)
    with doing("calibrating the monitors"):
        made = [calibrate(voice, kind) for kind in alarming_kinds()]
    with progress_bar(total=options.trials, unit="flip") as bar:
        found = detect(
            voice, [each.area for each in made], trials=options.trials, progress=bar.update
        )
    report = []
    print(
        f"single flips in utterances of {voice.program.name} that no monitor has seen; limits for {MEAN_FRAMES:,.0f} "
        f"frames between false alarms, learned from {FRAMES:,}"
    )
    for number, each in enumerate(made):
        held_out = f"{each.alarms} false alarms in {each.frames:,} frames not seen"
        rows = _table(
            f"{each.area.code} ({held_out if each.endless else 'knows all utterances'})",
            rows_of(found, number, within=_SOON_FRAMES),
        )
        report.append(
            {
                "monitor": each.area.code,
                "rows": rows,
                "false_alarms": each.alarms,
                "frames": each.frames,
            }
        )
    rows = _table("all of them", rows_of(together(found), 0, within=_SOON_FRAMES))
    report.append({"monitor": "all", "rows": rows})
    print(
        "\nfound: share of the flips that raise an alarm within the utterance, by class of its sound "
        f"({voice.generator.scale.measure}); in "
        f"{_SOON_FRAMES}: within so many frames\nof the first that sounds otherwise; median: delay from there in frames, "
        "negative where the alarm comes before"
    )
    if options.json:
        write_text(options.json, json.dumps(report, indent=2) + "\n")


def _table(title: str, rows: list[dict[str, object]]) -> list[dict[str, object]]:
    print(f"\n{title}")
    print(f"{'':<32}{'flips':>7}{'found':>8}{'95 %':>14}{f'in {_SOON_FRAMES}':>8}{'median':>9}")
    for row in rows:
        _print(row)
    return rows


def _print(row: dict[str, object]) -> None:
    trials, found, soon = (int(str(row[key])) for key in ("trials", "found", "soon"))
    interval = wilson(np.array(found), np.array(trials))
    shares = f"{found / trials:>8.2f}" if trials else f"{'-':>8}"
    between = f"{float(interval.low):.2f} to {float(interval.high):.2f}"
    early = f"{soon / trials:>8.2f}" if trials else f"{'-':>8}"
    delay = "-" if row["median_delay_frames"] is None else f"{row['median_delay_frames']:g}"
    print(f"{row['of']!s:<32}{trials:>7,}{shares}{between:>14}{early}{delay:>9}")
