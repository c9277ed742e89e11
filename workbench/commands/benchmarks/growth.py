"""How trials, memory and fleets grow: tables, three pictures and a file of figures."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from workbench.commands.common import chosen_voice
from workbench.commands.kept import Kept
from workbench.commands.progress import counted
from workbench.errors import WorkbenchError
from workbench.experiments.bench.growth import (
    BATCHES,
    CHANNELS,
    Fleets,
    Row,
    memory_by_batch,
    seconds_by_devices,
    trials_by_weights,
)
from workbench.experiments.provenance import inputs_digest, provenance
from workbench.experiments.threads import one_thread
from workbench.files import output_folder, write_text
from workbench.healing.strategies.variants import strategy_variants
from workbench.integer.native.build import kernels_here
from workbench.integer.native.instructions import processor_name

_STRATEGIES = ("none", "pq-scrub", "secded64-scrub", "abft-two-speeds")


def run(options: argparse.Namespace) -> None:
    """Measure, print, and write growth.json and the pictures into --out."""
    if not 0 < options.seconds < 3600:
        raise WorkbenchError(f"--seconds is {options.seconds:g}; choose a number above 0")
    out = output_folder(options.out)
    voice = chosen_voice(options)
    inputs = voice.all_inputs()
    variants = strategy_variants(list(_STRATEGIES), voice.program, inputs)
    fleets = Fleets(voice.program, inputs, [variant.strategy for variant in variants])
    here = (processor_name(), kernels_here())  # that the figures are of
    depends = (*here, options.seconds, voice.image().content_hash, inputs_digest(inputs))
    with (
        Kept("bench-growth", *depends) as kept,
        counted(len(CHANNELS) + len(BATCHES) + len(_STRATEGIES) + 1) as say,
        one_thread(),
    ):

        def step(name: str, make: Callable[[], list[Row]]) -> list[Row]:
            say(name)
            return kept.step(name, make)

        trials = trials_by_weights(step, seconds=options.seconds)
        memory = memory_by_batch(step, voice.image(), inputs[voice.usual[0]])
        times = seconds_by_devices(step, fleets)
        say("drawing")
        _draw(out, trials, memory, times)
    _print(trials, ("weights", "macs", "trials_per_s", "share_of_macs"))
    _print(memory, ("trials", "outcomes_bytes", "sounds_bytes"))
    _print(times, ("strategy", "devices", "cpu_s", "times_real_time"))
    report = {"trials by weights": trials, "memory by batch": memory, "time by devices": times}
    text = json.dumps({**report, **provenance()}, indent=1, allow_nan=False)
    for path in filter(None, (out / "growth.json", options.json)):
        write_text(path, text + "\n")
    print(f"growth.json and three pictures are in {out}")


def _draw(
    out: Path, trials: Sequence[Row], memory: Sequence[Row], times: Sequence[dict[str, Any]]
) -> None:
    from workbench.experiments.bench.growth_pictures import draw_growth, line

    draw_growth(
        out / "trials.png",
        {"": line(trials, "weights", "trials_per_s")},
        x="weights",
        y="trials per second of one core",
        title=f"single flips, {trials[0]['kernels']}",
    )
    parts = {"outcomes": "outcomes_bytes", "sounds": "sounds_bytes"}
    draw_growth(
        out / "memory.png",
        {name: line(memory, "trials", column) for name, column in parts.items()},
        x="trials of a batch",
        y="bytes",
        title="memory of a batch",
    )
    names = dict.fromkeys(row["strategy"] for row in times)
    draw_growth(
        out / "compare.png",
        {n: line([r for r in times if r["strategy"] == n], "devices", "cpu_s") for n in names},
        x="devices, 25 utterances each",
        y="processor time in s",
        title="a fleet of compare, one upset a second",
    )


def _print(rows: Sequence[dict[str, Any]], columns: Sequence[str]) -> None:
    print("".join(f"{name.replace('_', ' '):>18}" for name in columns))
    for row in rows:
        print("".join(f"{_cell(row.get(name)):>18}" for name in columns))


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.3g}" if value < 1000 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else str("-" if value is None else value)
