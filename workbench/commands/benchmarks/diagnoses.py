"""Correctness of the healers' logs."""

from __future__ import annotations

import argparse
import json
from functools import partial

from workbench.commands.common import chosen_voice
from workbench.commands.kept import Kept
from workbench.commands.progress import counted
from workbench.errors import WorkbenchError
from workbench.experiments.bench.diagnoses import COLUMNS, Score, bench_diagnoses, confusion
from workbench.experiments.threads import one_thread
from workbench.files import write_text
from workbench.firmware.emulation.costs import fingerprint
from workbench.healing.strategies.strategy import Strategy
from workbench.healing.strategies.variants import strategy_variants
from workbench.integer.program import Program


def run(options: argparse.Namespace) -> None:
    """Measure and print."""
    trials = options.trials
    if trials < 1:
        raise WorkbenchError(f"cannot judge {trials} faults; give at least 1")
    voice = chosen_voice(options)
    inputs = voice.all_inputs()
    chosen = strategy_variants(options.strategy, voice.program, inputs)
    chosen = [each for each in chosen if options.strategy or each.strategy.heals]
    with (
        Kept("bench-diagnoses", voice.program.content_hash, trials) as kept,
        counted(len(chosen), unit="strategy") as say,
        one_thread(),
    ):
        scores = []
        for _, strategy, _ in chosen:
            say(strategy.name)
            scores.append(
                kept.step(
                    f"{strategy.name}-{fingerprint(voice.program, strategy)}",
                    partial(_scored, voice.program, strategy, trials),
                    plain=Score.plain, again=Score.of,
                )
            )  # fmt: skip
    width = max(len(score.strategy) for score in scores) + 2
    print(
        f"{'strategy':<{width}}{'trials':>7}{'entries':>9}{'right':>7}{'open':>6}{'wrong':>7}{'spoilt':>8}{'most':>6}"
    )
    for score in scores:
        print(
            f"{score.strategy:<{width}}{score.trials:>7}{score.entries:>9,}{score.right:>7,}{score.open:>6,}"
            f"{score.wrong:>7,}{score.spoilt:>8}{score.most_entries:>6}"
        )
    print(
        "open: entries that claim nothing; spoilt: trials in which right bytes became wrong; most: entries "
        "of one unit in six minutes\nfirst diagnosis of each trial, by what was hit:"
    )
    rows = confusion(scores)
    print(f"{'':<48}" + "".join(f"{name:>10}" for name in COLUMNS))
    for hit, row in rows.items():
        print(f"{hit:<48}" + "".join(f"{row[name]:>10,}" for name in COLUMNS))
    if options.json:
        report = {"strategies": [score.as_json() for score in scores], "confusion": rows}
        write_text(options.json, json.dumps(report, indent=2) + "\n")


def _scored(program: Program, strategy: Strategy, trials: int) -> Score:
    (score,) = bench_diagnoses(program, [strategy], trials=trials)
    return score
