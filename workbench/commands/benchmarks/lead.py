"""How long before the sound gets worse monitors of behaviour speak, while upsets accumulate."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from functools import partial

import numpy as np

from workbench.commands.common import calibrated_areas, chosen_voice
from workbench.commands.kept import Kept
from workbench.errors import WorkbenchError
from workbench.experiments.estimates.statistics import wilson
from workbench.experiments.monitors.calibration import MEAN_FRAMES, alarming_kinds
from workbench.experiments.monitors.lead_picture import draw_leads
from workbench.experiments.monitors.lead_time import (
    CLASSES,
    EVENTS,
    PERSISTENT,
    Life,
    groups_of,
    leads,
    live,
    survival,
)
from workbench.files import output_folder, write_text
from workbench.progress import progress_bar

_UTTERANCES = 120
_FRAMES = (0, 100, 1000, 10_000)
_EVENT_WORDS = {EVENTS[0]: "first utterance", EVENTS[1]: f"{PERSISTENT} utterances in a row"}


def run(options: argparse.Namespace) -> None:
    """Calibrate every monitor, let devices decay, draw, and print how early they were warned."""
    if options.trials < 1:
        raise WorkbenchError(f"cannot let {options.trials} devices decay; give at least 1")
    if not 0 < options.upsets <= 1000:
        raise WorkbenchError(
            f"cannot flip {options.upsets:g} bits an utterance; give more than 0 and at most 1,000"
        )
    voice = chosen_voice(options)
    folder = output_folder(options.out)
    areas = calibrated_areas(alarming_kinds(), voice)
    with (
        Kept("bench-lead", voice.program.content_hash, areas, options.upsets, options.seed) as kept,
        progress_bar(total=options.trials, unit="device") as bar,
    ):
        lived = []
        for device in range(options.trials):
            life = partial(
                live, voice, areas, device=device, upsets=options.upsets, utterances=_UTTERANCES, seed=options.seed,
            )  # fmt: skip
            lived.append(kept.step(f"device-{device}", life, plain=Life.plain, again=Life.of))
            bar.update()
    groups = groups_of(areas, voice.program.output)
    print(
        f"{options.trials} devices of {voice.program.name}, {options.upsets:g} upsets an utterance, each with inputs "
        f"of its own; limits for {MEAN_FRAMES:,.0f} frames between false alarms"
    )
    rows = []
    for which in EVENTS:
        for name, quality in CLASSES.items():
            rows += _table(lived, groups, which, name, quality)
    print(
        "\nshare of the devices with an alarm so many frames or more before the event, and 95 % interval; false: by "
        "alarms beside the clean run alone"
    )
    draw_leads(folder / "lead.png", lived, groups)
    print(f"the picture is {folder / 'lead.png'}")
    if options.json:
        report = {"rows": rows, "devices": [life.plain() for life in lived]}
        write_text(options.json, json.dumps(report, indent=2) + "\n")


def _table(
    lived: Sequence[Life], groups: dict[str, list[int]], which: str, name: str, quality: int
) -> list[dict[str, object]]:
    devices = leads(lived, [], which, quality).size
    print(f"\n{_EVENT_WORDS[which]} {_or_worse(name)}: {devices} devices")
    print(
        f"{'frames before':<20}" + "".join(f"{frames:>22,}" for frames in _FRAMES) + f"{'false':>8}"
    )
    rows = []
    for group, numbers in groups.items():
        found = leads(lived, numbers, which, quality)
        share = survival(found, _FRAMES)
        false = float(survival(leads(lived, numbers, which, quality, false=True), [0])[0])
        counts = np.round(np.nan_to_num(share) * devices)
        interval = wilson(counts, np.full(len(_FRAMES), devices))
        cells = [
            f"{value:>7.2f} ({low:.2f} to {high:.2f})" if devices else f"{'-':>22}"
            for value, low, high in zip(share, interval.low, interval.high, strict=True)
        ]
        print(f"{group:<20}" + "".join(f"{cell:>22}" for cell in cells) + f"{false:>8.2f}")
        rows.append(
            {
                "event": which, "class": name, "monitors": group, "devices": devices,
                "frames": list(_FRAMES), "warned": counts.astype(int).tolist(),
                "false_share": false if devices else None,
            }
        )  # fmt: skip
    return rows


def _or_worse(name: str) -> str:
    return name if name == list(CLASSES)[-1] else f"{name} or worse"
