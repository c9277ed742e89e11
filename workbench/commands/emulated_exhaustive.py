"""`workbench emulate --exhaustive`: every instruction that a frame executes of some functions, left out in turn."""

from __future__ import annotations

import argparse
import json
from functools import partial
from typing import Any

from workbench.commands.attempts import Attempts
from workbench.commands.emulated_faults import (
    OUTCOMES_IN_WORDS,
    SHOWN_SITES,
    check_flips,
    in_words,
    print_sites,
    print_table,
    setup_of,
    words_of,
)
from workbench.commands.kept import Kept
from workbench.commands.progress import counted
from workbench.errors import WorkbenchError
from workbench.experiments.machine_faults.outcomes import (
    HARMFUL,
    OUTCOMES,
    shares,
    vulnerable_sites,
)
from workbench.experiments.machine_faults.worker import Setup, count_executed, skip_each
from workbench.experiments.parallel.workers import Workers
from workbench.experiments.provenance import inputs_digest
from workbench.experiments.voices.voice import Voice
from workbench.files import write_text
from workbench.firmware.boards import CORES
from workbench.firmware.machine_faults.fault import SKIP
from workbench.healing.strategies.named import CRC_SCRUB

_CORE = "m4"
_BATCH = 50
_MOST = 200_000  # instructions, some ten minutes
_Records = list[dict[str, Any]]


def run_exhaustive(voice: Voice, options: argparse.Namespace) -> None:
    """Leave out every instruction of the functions, print outcomes, the most vulnerable first; see `emulate.run`."""
    flips = check_flips(options)
    words = words_of(voice, options)
    setups = [
        setup_of(voice, name, core, words, options)
        for core in dict.fromkeys(options.core or [_CORE])
        for name in dict.fromkeys(options.strategy or [CRC_SCRUB])
    ]
    symbols = tuple(dict.fromkeys(options.exhaustive))
    devices: list[tuple[Setup, dict[str, _Records]]] = []
    attempts = Attempts()
    with (
        Kept(
            "emulate-exhaustive", inputs_digest({word: voice.inputs(word) for word in words})
        ) as kept,
        counted(len(setups) * len(symbols), unit="function") as say,
        Workers(options.jobs) as workers,
    ):
        for setup in setups:
            found: dict[str, _Records] = {}
            devices.append((setup, found))
            for symbol in symbols:
                say(f"{setup.strategy.name} on {CORES[setup.core].title}: {symbol}")
                found[symbol] = kept.step(
                    f"{setup.name}-{symbol}-{flips}",
                    partial(_skipped, workers, setup, symbol, flips),
                )
            if options.json:  # after every device, since the next may fail
                with attempts.step(f"{options.json}"):
                    write_text(options.json, _as_json(devices, words, flips))
    for setup, found in devices:
        _print(setup, found, flips)
    print(OUTCOMES_IN_WORDS.strip())
    attempts.finish("the figures are above")


def _skipped(workers: Workers, setup: Setup, symbol: str, flips: int) -> _Records:
    """Records of all instructions of a function, in their order."""
    count = count_executed(setup, symbol)
    if count > _MOST:
        raise WorkbenchError(
            f"a frame executes {count:,} instructions of {symbol}, more than {_MOST:,}; choose a smaller function"
        )
    starts = range(0, count, _BATCH)
    calls = ((setup, symbol, flips, at, at + _BATCH) for at in starts)
    done = {
        each.number: each.result() for each in workers.each(skip_each, calls, count=len(starts))
    }
    return [record for number in range(len(starts)) for record in done[number]]


def _as_json(
    devices: list[tuple[Setup, dict[str, _Records]]], words: tuple[str, ...], flips: int
) -> str:
    report = [
        {
            "core": setup.core,
            "strategy": setup.strategy.name,
            "functions": {
                symbol: {outcome: share._asdict() for outcome, share in shares(records).items()}
                for symbol, records in found.items()
            },
            "faults": [record for records in found.values() for record in records],
        }
        for setup, found in devices
    ]
    return json.dumps({"utterances": words, "flips": flips, "devices": report}, indent=1) + "\n"


def _print(setup: Setup, found: dict[str, _Records], flips: int) -> None:
    skipped = "every instruction" if flips == 1 else f"every {flips} instructions in a row"
    when = "the frame in which a weight is repaired" if setup.strategy.heals else "one frame"
    print(
        f"{CORES[setup.core].title}, {setup.strategy.name}: {skipped} that {when} executes of these functions, skipped "
        "in turn, each on a device of its own; in parentheses, intervals of 95 %, as if they were drawn"
    )
    ranked = sorted(
        found.items(),
        key=lambda each: -sum(r["outcome"] in HARMFUL for r in each[1]) / len(each[1]),
    )
    rows = [
        (symbol, f"{len(records):,}", *map(in_words, shares(records).values()))
        for symbol, records in ranked
    ]
    print_table([("", "executed", *OUTCOMES), *rows])
    starts = {symbol: min(record["address"] for record in records) for symbol, records in ranked}
    sites = vulnerable_sites(
        {**record, "kind": SKIP, "site": f"{symbol}+{record['address'] - starts[symbol]:#x}"}
        for symbol, records in ranked
        for record in records
    )
    if sites:
        print_sites(sites[:SHOWN_SITES])
