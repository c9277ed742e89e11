"""What calibrated monitors of behaviour find of single flips, how soon, and what they cost."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, replace
from functools import partial
from typing import Any

import numpy as np

from workbench.commands.common import chosen_voice
from workbench.commands.kept import Kept
from workbench.commands.progress import doing
from workbench.errors import WorkbenchError
from workbench.experiments.estimates.statistics import wilson
from workbench.experiments.monitors.calibration import (
    MEAN_FRAMES,
    Calibration,
    alarming_kinds,
    calibrate,
)
from workbench.experiments.monitors.detection import Found, detect, rows_of, together
from workbench.experiments.monitors.false_alarms import FalseAlarms
from workbench.experiments.monitors.frontier import (
    Price,
    level_row,
    levels_of,
    memory_check,
    prices,
    worse_row,
)
from workbench.experiments.monitors.golden_inputs import SELF_TEST, GoldenInputs
from workbench.experiments.monitors.watching_strategies import plain_area
from workbench.experiments.voices.voice import Voice
from workbench.files import write_text
from workbench.firmware.boards import CORES, USUAL_CORES
from workbench.healing.strategies.named import named
from workbench.memory.watches.areas import area_of
from workbench.memory.watches.behaviour_area import BehaviourArea
from workbench.progress import progress_bar

_SOON_FRAMES = 45


def run(options: argparse.Namespace) -> None:
    """Calibrate every monitor, flip bits, count instructions, and print what is found by class of the sound."""
    if options.trials < 1:
        raise WorkbenchError(f"cannot flip {options.trials} bits; give at least 1")
    voice = chosen_voice(options)
    cores = [CORES[name] for name in dict.fromkeys(options.core or USUAL_CORES)]
    with Kept(
        "bench-monitors", voice.program.content_hash, options.frames, options.trials, options.seed
    ) as kept:
        with doing("calibrating the monitors"):
            made = [_calibrated(kept, voice, kind, options.frames) for kind in alarming_kinds()]
        usual, flat = [each for each, *_ in made], [each for _, *levels in made for each in levels]
        with progress_bar(total=options.trials, unit="flip") as bar:
            found = kept.step(
                "flips",
                partial(
                    detect, voice, [each.area for each in (*usual, *flat)], trials=options.trials,
                    seed=options.seed, golden=GoldenInputs(voice), progress=bar.update,
                ),
                plain=lambda found: [asdict(each) for each in found],
                again=lambda plain: [Found(**{**e, "delays": tuple(e["delays"])}) for e in plain],
            )  # fmt: skip
        strategies = [
            *(each.strategy for each in usual),
            named(SELF_TEST, voice.program),
            memory_check(voice),
        ]
        with progress_bar(total=len(strategies) * len(cores), unit="run") as bar:
            costs = kept.step(
                "-".join(["prices", *(core.name for core in cores)]),
                partial(prices, voice, strategies, cores, bar.update),
                plain=lambda costs: [asdict(each) for each in costs],
                again=lambda plain: [Price(**each) for each in plain],
            )
    print(
        f"single flips in utterances of {voice.program.name} that no monitor has seen; limits for {MEAN_FRAMES:,.0f} "
        f"frames between false alarms, learned from {options.frames:,}"
    )
    report = [_monitor(each, found, number) for number, each in enumerate(usual)]
    alone = [replace(each, delays=each.delays[: len(usual)]) for each in found]
    rows = _table("all of them", rows_of(together(alone), 0, within=_SOON_FRAMES))
    report.append({"monitor": "all", "rows": rows})
    golden = [replace(each, delays=each.delays[-1:]) for each in found]
    title = f"{SELF_TEST} (golden inputs are computed again; no false alarms by construction)"
    rows = _table(title, rows_of(golden, 0, within=_SOON_FRAMES))
    report.append({"monitor": SELF_TEST, "rows": rows})
    print(
        "\nfound: share of the flips that raise an alarm within the utterance, by class of its sound "
        f"({voice.generator.scale.measure}); in "
        f"{_SOON_FRAMES}: within so many frames\nof the first that sounds otherwise; median: delay from there in frames, "
        "negative where the alarm comes before"
    )
    levels = [level_row(each, found, len(usual) + n) for n, each in enumerate(flat)]
    _print_levels(levels, 1000 / voice.program.frame_rate_hz)
    _print_prices(costs)
    if options.json:
        figures = {"monitors": report, "levels": levels, "prices": [asdict(each) for each in costs]}
        write_text(options.json, json.dumps(figures, indent=2) + "\n")
    if options.out:
        _draw(options, voice, levels, costs, worse_row(SELF_TEST, found, -1))


def _calibrated(kept: Kept, voice: Voice, kind: str, frames: int) -> list[Calibration]:
    """A monitor as it is calibrated usually, then for each of the levels; of what is kept, scores are left out."""

    def plain(made: list[Calibration]) -> list[dict[str, Any]]:
        return [
            {
                "area": plain_area(each.area), "mean_frames": each.mean_frames, "endless": each.endless,
                "false": each.false.plain(),
            }
            for each in made
        ]  # fmt: skip

    def again(plain: list[dict[str, Any]]) -> list[Calibration]:
        none = np.zeros(0, np.int64)
        made = []
        for each in plain:
            area, false = area_of(each["area"]), FalseAlarms.again(each["false"])
            assert isinstance(area, BehaviourArea)
            made.append(
                Calibration(area, voice, each["mean_frames"], each["endless"], false, none, none)
            )
        return made

    def calibration() -> list[Calibration]:
        made = calibrate(voice, kind, frames=frames)
        return [made, *levels_of(made)]

    return kept.step(kind, calibration, plain=plain, again=again)


def _monitor(made: Calibration, found: list[Found], number: int) -> dict[str, object]:
    held_out = f"{made.false} not seen"
    title = f"{made.area.code} ({held_out if made.endless else 'knows all utterances'})"
    rows = _table(title, rows_of(found, number, within=_SOON_FRAMES))
    return {
        "monitor": made.area.code,
        "rows": rows,
        "false_alarms": made.false.alarms,
        "events": made.false.events,
        "frames": made.false.frames,
    }


def _print_levels(levels: list[dict[str, Any]], milliseconds: float) -> None:
    print(
        f"\n{'degraded or broken':<16}{'wanted':>12}{'achieved':>26}{'alarms':>8}{'events':>8}{'limit':>8}{'found':>10}"
        f"{'median delay':>18}"
    )
    for row in levels:
        low, high = row["achieved"]
        between = "none by construction"
        if row["endless"]:
            between = f"{low:,.0f} to {'no limit' if high is None else f'{high:,.0f}'}"
        delay = row["median_delay_frames"]
        late = "-" if delay is None else f"{delay:g} = {delay * milliseconds:,.0f} ms"
        share = f"{row['found']}/{row['worse']}"
        print(
            f"{row['monitor']:<16}{row['mean_frames']:>14,.0f}{between:>26}{row['false_alarms']:>8,}{row['events']:>8,}"
            f"{row['limit']:>8,}{share:>10}{late:>18}"
        )


def _print_prices(costs: list[Price]) -> None:
    cores = list(costs[0].instructions)
    print(
        f"\n{'with healer':<16}{'flash':>8}{'RAM':>8}"
        + "".join(f"{f'instructions, {core}':>24}" for core in cores)
    )
    for each in costs:
        shares = "".join(
            f"{f'{each.instructions[core]:,.0f} ({each.instructions[core] / each.generator[core]:.1%})':>24}"
            for core in cores
        )
        scan = "" if each.scan_frames is None else f"   all of memory in {each.scan_frames} frames"
        print(f"{each.name:<16}{each.check_bytes:>8,}{each.ram_bytes:>8,}{shares}{scan}")


def _draw(
    options: argparse.Namespace,
    voice: Voice,
    levels: list[dict[str, Any]],
    costs: list[Price],
    tested: dict[str, Any],
) -> None:
    from workbench.experiments.monitors.frontier_picture import draw_frontier

    cores = list(costs[0].instructions)
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / "monitors.png"
    draw_frontier(
        path, levels, costs, tested,
        core="m4" if "m4" in cores else cores[-1],
        milliseconds=1000 / voice.program.frame_rate_hz,
        title=f"Monitors of behaviour on {voice.program.name}: single flips that degrade or break an utterance",
    )  # fmt: skip
    print(f"\nthe picture is {path}")


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
