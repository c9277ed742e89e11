"""`workbench emulate --faults`: bits of memory, registers and instructions of a device that speaks."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from functools import partial
from typing import Any

from workbench.commands.attempts import Attempts
from workbench.commands.common import check_jobs, strategy_of
from workbench.commands.kept import Kept
from workbench.commands.progress import counted
from workbench.errors import WorkbenchError
from workbench.experiments.machine_faults.outcomes import (
    OUTCOMES,
    Share,
    Site,
    by_kind,
    shares,
    vulnerable_sites,
)
from workbench.experiments.machine_faults.worker import Setup, strike
from workbench.experiments.parallel.workers import Workers
from workbench.experiments.provenance import inputs_digest
from workbench.experiments.voices.voice import Voice
from workbench.files import write_text
from workbench.firmware.boards import CORES
from workbench.firmware.emulation.costs import fingerprint
from workbench.firmware.machine_faults.fault import KINDS, REPAIR
from workbench.firmware.own_in_c import OwnInC
from workbench.healing.strategies.named import CRC_SCRUB, NONE

USUAL_FAULTS = 200
_CORE = "m4"
_STEP, _BATCH = 100, 25  # faults that are kept together, and that a process takes at a time
SHOWN_SITES = 12
OUTCOMES_IN_WORDS = (
    "masked: no sample differs. healed: repaired, and no bit is wrong any more. degraded: some sample differs. "
    "reset, then right: a frame never ended or the core faulted, the watchdog timer reset the device, and in the end it "
    "sounds as without the fault. wrong sound: the utterance is broken. hang, crash: so, and no reset helped. "
)
REPAIR_IN_WORDS = (
    "repair: a bit of stack or register, or an instruction, while the healer repairs a weight."
)
_WORDS = 2  # by default: the second leaves a healer time for what struck in the first


def run_faults(voice: Voice, options: argparse.Namespace) -> None:
    """Strike every device, print a table of outcomes and the most vulnerable sites; see `emulate.run`."""
    if options.faults < 1:
        raise WorkbenchError(f"--faults is {options.faults}; strike at least 1 of each kind")
    flips = check_flips(options)
    words = words_of(voice, options)
    setups = [
        setup_of(voice, name, core, words, options)
        for core in dict.fromkeys(options.core or [_CORE])
        for name in dict.fromkeys([NONE, *(options.strategy or [CRC_SCRUB])])
    ]
    campaigns: dict[str, dict[str, list[dict[str, Any]]]] = {}
    attempts = Attempts()
    steps = [(kind, at) for kind in KINDS for at in range(0, options.faults, _STEP)]
    count = sum(len(steps) - len(steps) // len(KINDS) * (not s.strategy.heals) for s in setups)
    with (
        Kept("emulate-faults", inputs_digest({word: voice.inputs(word) for word in words})) as kept,
        counted(count, unit=f"{_STEP} faults") as say,
        Workers(options.jobs) as workers,
    ):
        for setup in setups:
            records: list[dict[str, Any]] = []
            for kind, start in steps:
                if kind == REPAIR and not setup.strategy.heals:
                    continue
                say(f"{setup.strategy.name} on {CORES[setup.core].title}: {kind}")
                numbers = range(start, min(options.faults, start + _STEP))
                records += kept.step(
                    f"{setup.name}-{kind}-{options.seed}-{flips}-{start}-{len(numbers)}",
                    partial(_struck, workers, setup, kind, options.seed, flips, numbers),
                )
            campaigns.setdefault(setup.core, {})[setup.strategy.name] = records
            if options.json:  # after every device, since the next may fail
                with attempts.step(f"{options.json}"):
                    write_text(options.json, _as_json(campaigns, words, options.seed, flips))
    for core, devices in campaigns.items():
        _print(core, devices, options.faults, flips)
    if options.picture:
        from workbench.experiments.machine_faults.outcome_pictures import draw_outcomes

        title = (lambda core, name: name) if len(campaigns) == 1 else "{1} on {0}".format
        with attempts.step(f"{options.picture}"):
            draw_outcomes(
                options.picture,
                {
                    title(core, name): records
                    for core, devices in campaigns.items()
                    for name, records in devices.items()
                },
            )
    attempts.finish("the figures are above")


def check_flips(options: argparse.Namespace) -> int:
    """--flips, 1 where it is left out; WorkbenchError for it or --jobs below 1."""
    check_jobs(options.jobs)
    flips = 1 if options.flips is None else int(options.flips)
    if flips < 1:
        raise WorkbenchError(f"--flips is {flips}; let at least 1 fault strike each device")
    return flips


def words_of(voice: Voice, options: argparse.Namespace) -> tuple[str, ...]:
    """What the devices say."""
    return tuple(voice.utterance(word) for word in options.word or voice.usual[:_WORDS])


def setup_of(
    voice: Voice, name: str, core: str, words: tuple[str, ...], options: argparse.Namespace
) -> Setup:
    """A device that `options` ask for."""
    strategy, program = strategy_of(name, None if name == NONE else options.pages, voice)
    named = f"{core}-{strategy.name}-{fingerprint(program, strategy)}"
    return Setup(named, voice, program, strategy, words, core, OwnInC.of(program, strategy))


def _struck(
    workers: Workers, setup: Setup, kind: str, seed: int, flips: int, numbers: Sequence[int]
) -> list[dict[str, Any]]:
    """Records of some faults, by their number."""
    batches = [numbers[at : at + _BATCH] for at in range(0, len(numbers), _BATCH)]
    calls = ((setup, kind, seed, flips, batch) for batch in batches)
    done = {each.number: each.result() for each in workers.each(strike, calls, count=len(batches))}
    return [record for number in range(len(batches)) for record in done[number]]


def _as_json(
    campaigns: dict[str, dict[str, list[dict[str, Any]]]],
    words: tuple[str, ...],
    seed: int,
    flips: int,
) -> str:
    report = [
        {
            "core": core,
            "strategy": name,
            "kinds": {
                kind: {outcome: share._asdict() for outcome, share in shares(of_kind).items()}
                for kind, of_kind in by_kind(records).items()
            },
            "sites": [
                {**each._asdict(), "harmful": each.harmful._asdict()}
                for each in vulnerable_sites(records)
            ],
            "faults": records,
        }
        for core, devices in campaigns.items()
        for name, records in devices.items()
        if records
    ]
    return (
        json.dumps({"utterances": words, "seed": seed, "flips": flips, "devices": report}, indent=1)
        + "\n"
    )


def _print(core: str, devices: dict[str, list[dict[str, Any]]], faults: int, flips: int) -> None:
    each = "each" if flips == 1 else f"{flips} together"
    print(
        f"{CORES[core].title}: {faults * flips:,} faults of each kind, {each} on a device of its own, at any instruction "
        "of the first half of the run; in parentheses, intervals of 95 %"
    )
    for name, records in devices.items():
        print(f"{name}")
        rows = [
            (kind, *map(in_words, shares(found).values()))
            for kind, found in by_kind(records).items()
        ]
        print_table([("", *OUTCOMES), *rows])
        sites = vulnerable_sites(records)
        if sites:
            print_sites(sites[:SHOWN_SITES])
    print(OUTCOMES_IN_WORDS + REPAIR_IN_WORDS)


def print_sites(sites: Sequence[Site]) -> None:
    """The most vulnerable sites."""
    print(
        "  most vulnerable: faults there, of which harmful (reset, wrong sound, hang or crash), of which no reset helps"
    )
    print_table(
        [
            (
                each.site,
                f"({each.kind})",
                str(each.harmful.faults),
                in_words(each.harmful),
                str(each.lasting),
            )
            for each in sites
        ]
    )


def in_words(share: Share) -> str:
    """Percent, with its interval."""
    return f"{100 * share.value:.1f} % ({100 * share.low:.1f} to {100 * share.high:.1f})"


def print_table(rows: Sequence[tuple[str, ...]]) -> None:
    """Columns under each other."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for cells in rows:
        first, *others = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        print("  " + "  ".join([first, *others]).rstrip())
