"""Whether a device takes a fault for a fault and a change of the data for one, with memory evidence and from behaviour alone."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

import numpy as np

from workbench.commands.common import calibrated_areas, chosen_voice
from workbench.commands.kept import Kept
from workbench.errors import WorkbenchError
from workbench.experiments.estimates.statistics import wilson
from workbench.experiments.monitors.behaviour_diagnoses import (
    ANSWERS,
    BOUND_FRAMES,
    DATA,
    JUDGING,
    NOTHING,
    Scenarios,
    Told,
)
from workbench.experiments.monitors.behaviour_picture import draw_matrices
from workbench.experiments.monitors.calibration import MEAN_FRAMES, monitor_kinds
from workbench.experiments.monitors.data_changes import changes_of
from workbench.files import output_folder, write_text
from workbench.progress import progress_bar

_DEVICES = {"with_memory": "with memory evidence", "alone": "from behaviour alone"}


def run(options: argparse.Namespace) -> None:
    """Calibrate, let things happen to devices, and print and draw what they took them for."""
    trials = options.trials
    if trials < 1:
        raise WorkbenchError(f"cannot judge {trials} scenarios of a kind; give at least 1")
    voice = chosen_voice(options)
    generator = options.generator or voice.generator.name
    kinds = 3 + len(changes_of(voice.program))
    folder = output_folder(options.out)
    suited = monitor_kinds(voice.program)
    areas = calibrated_areas([name for name in JUDGING if name in suited], voice)
    with (
        Kept("bench-behaviour", voice.program.content_hash, areas, options.seed) as kept,
        progress_bar(total=trials * kinds, unit="scenario") as bar,
    ):
        scenarios = Scenarios(voice, areas, options.seed, bar.update)
        told = [
            each
            for number in range(trials)
            for each in kept.step(
                f"trial-{number}", partial(scenarios.trial, number), plain=_plain, again=_again
            )
        ]
    print(
        f"{', '.join(area.code for area in areas)} of {voice.program.name}, limits for {MEAN_FRAMES:,.0f} frames between false alarms; "
        f"what the log says within {BOUND_FRAMES} frames of the first alarm"
    )
    report: dict[str, object] = {}
    for field, title in _DEVICES.items():
        print(f"\n{title:<24}" + "".join(f"{answer:>15}" for answer in ANSWERS))
        counts = matrix(told, field)
        for truth, row in counts.items():
            print(f"{truth:<24}" + "".join(f"{row[answer]:>15,}" for answer in ANSWERS))
        confused = {
            "hardware called data": _share(told, field, is_data=False),
            "data called hardware": _share(told, field, is_data=True),
        }
        for name, (hits, of) in confused.items():
            print(f"{name}, of those that raised an alarm: {_text(hits, of)}")
        report[field] = {"matrix": counts, "confused": confused}
    draw_matrices(
        folder / f"behaviour-{generator}.png",
        {title: matrix(told, field) for field, title in _DEVICES.items()},
    )
    print(f"\nthe picture is {folder / f'behaviour-{generator}.png'}")
    if options.json:
        write_text(options.json, json.dumps(report, indent=2) + "\n")


def _plain(told: Sequence[Told]) -> list[dict[str, Any]]:
    return [asdict(each) for each in told]


def _again(plain: list[dict[str, Any]]) -> list[Told]:
    return [Told(**each) for each in plain]


def matrix(told: Sequence[Told], field: str) -> dict[str, dict[str, int]]:
    """Scenarios by what happened and what a device took it for; field: of `Told`."""
    rows: dict[str, dict[str, int]] = {}
    for each in told:
        row = rows.setdefault(each.truth, dict.fromkeys(ANSWERS, 0))
        row[getattr(each, field)] += 1
    return rows


def _share(told: Sequence[Told], field: str, *, is_data: bool) -> tuple[int, int]:
    """How many were taken for the other, and how many raised an alarm at all."""
    answers = [getattr(each, field) for each in told if each.is_data == is_data]
    alarmed = [answer for answer in answers if answer != NOTHING]
    return sum((answer == DATA) != is_data for answer in alarmed), len(alarmed)


def _text(hits: int, of: int) -> str:
    if not of:
        return "-"
    interval = wilson(np.array(hits), np.array(of))
    return (
        f"{hits} of {of}, {hits / of:.1%} ({float(interval.low):.1%} to {float(interval.high):.1%})"
    )
