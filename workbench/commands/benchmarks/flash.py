"""Damage of flash that nothing needs yet: what is found of it, and within what time."""

from __future__ import annotations

import argparse
import json
from functools import partial

from workbench.commands.common import chosen_voice
from workbench.commands.kept import Kept
from workbench.commands.progress import counted
from workbench.errors import WorkbenchError
from workbench.experiments.bench.flash import Campaign, bench_flash
from workbench.files import write_text
from workbench.firmware.emulation.costs import fingerprint
from workbench.healing.strategies.fitted import fitted
from workbench.healing.strategies.flash_scrub import at_rate
from workbench.healing.strategies.named import crc_relocate, crc_report, crc_scrub
from workbench.healing.strategies.strategy import Strategy
from workbench.integer.program import Program

_RATES = (60, 600)  # pages an hour
_FLIPS = (1, 3)


def run(options: argparse.Namespace) -> None:
    """Flip bits of flash under each strategy and print a table."""
    if options.trials < 1:
        raise WorkbenchError(f"cannot flip {options.trials} bits; give at least 1")
    program = chosen_voice(options).program
    rows: list[tuple[str, Campaign]] = []
    cases = _cases(program)
    with (
        Kept("bench-flash", program.content_hash, options.trials) as kept,
        counted(len(cases) * len(_FLIPS), unit="campaign") as say,
    ):
        for where, strategy, in_flash in cases:
            for flips in _FLIPS:
                say(strategy.name)
                made = kept.step(
                    f"{fingerprint(program, strategy)}-{'flash' if in_flash else 'ram'}-{flips}",
                    partial(
                        bench_flash, program, strategy, trials=options.trials, flips=flips, in_flash=in_flash
                    ),
                    plain=lambda campaigns: [each.plain() for each in campaigns],
                    again=lambda plain: [Campaign.of(each) for each in plain],
                )  # fmt: skip
                rows += [(where, campaign) for campaign in made]
    hz = program.frame_rate_hz
    print(
        f"{'strategy':<24}{'pages an hour':<15}{'damaged':<9}{'bits':>4}{'found':>9}{'95 % interval':>17}"
        f"{'half within':>13}{'all within':>12}  diagnoses"
    )
    for where, each in rows:
        low, high = each.interval
        share = f"{len(each.frames) / each.trials:.1%}"
        times = [f"{each.hours(q, hz):.2f} h" if each.frames else "-" for q in (0.5, 1)]
        said = ", ".join(f"{count} {name}" for name, count in each.diagnoses.most_common())
        print(
            f"{each.strategy:<24}{where:<15}{each.part:<9}{each.flips:>4}{share:>9}{f'{low:.1%} - {high:.1%}':>17}"
            f"{times[0]:>13}{times[1]:>12}  {said or '-'}"
        )
    if options.json:
        report = [_record(where, each, hz) for where, each in rows]
        write_text(options.json, json.dumps(report, indent=2) + "\n")


def _cases(program: Program) -> list[tuple[str, Strategy, bool]]:
    """Pages an hour in words, strategy, and whether weights lie in flash."""
    hz, scrub = program.frame_rate_hz, fitted(crc_scrub(), program)
    cases: list[tuple[str, Strategy, bool]] = [("none of flash", scrub, False)]
    wanted = [(pages, scrub, False) for pages in _RATES]
    wanted += [
        (_RATES[-1], fitted(strategy, program), True) for strategy in (crc_report(), crc_relocate())
    ]
    for pages, strategy, in_flash in wanted:
        made = at_rate(strategy, in_flash=in_flash, pages_per_hour=pages, frame_rate_hz=hz)
        cases.append((f"{pages}", made, in_flash))
    return cases


def _record(where: str, each: Campaign, frame_rate_hz: float) -> dict[str, object]:
    low, high = each.interval
    return {
        "strategy": each.strategy,
        "pages_per_hour": where,
        "part": each.part,
        "flips": each.flips,
        "trials": each.trials,
        "found": len(each.frames),
        "low": low,
        "high": high,
        "hours": [each.hours(q, frame_rate_hz) for q in (0.5, 0.95, 1.0)] if each.frames else None,
        "diagnoses": dict(each.diagnoses),
    }
