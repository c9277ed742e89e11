"""`workbench cuts`: cut the power of a device with a store of versions wherever it can be cut."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from functools import partial
from pathlib import Path

from workbench.commands.kept import Kept
from workbench.commands.progress import counted
from workbench.errors import WorkbenchError
from workbench.files import write_text
from workbench.firmware.power_cuts.campaign import Outcome, Scenario, cut_power, scenarios
from workbench.firmware.power_cuts.machines import Machine, MachineInC
from workbench.versions.store import Design

_SEEDS = 4
_KINDS = {"reads torn pieces": False, "refuses torn pieces": True}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare how thorough it is."""
    parser.add_argument(
        "--seeds", type=int, default=_SEEDS, metavar="N",
        help=f"random tears of each kind for every operation of flash ({_SEEDS}; 290 make a million cuts)",
    )  # fmt: skip
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here, too")


def run(options: argparse.Namespace) -> None:
    """Print a row for every operation; WorkbenchError where a promise is broken, with the cut that shows it."""
    if options.seeds < 0:
        raise WorkbenchError(f"--seeds is {options.seeds}; it must be 0 or more")
    every = [(kind, scenario) for scenario in scenarios() for kind in _KINDS]
    cuts: dict[str, int] = {}
    starts: dict[str, int] = {}
    with Kept("cuts", options.seeds) as kept, counted(len(every), unit="scenario") as say:
        for number, (kind, scenario) in enumerate(every):
            say(scenario.title)
            outcome = kept.step(
                str(number),
                partial(_cut, kind, scenario, options.seeds),
                plain=asdict,
                again=lambda plain: Outcome(**plain),
            )
            title = scenario.title
            cuts[title] = cuts.get(title, 0) + outcome.points
            starts[title] = max(starts.get(title, 0), outcome.boots)
    print(f"{'operation':<28}{'power cuts':>12}{'starts until a version runs':>30}")
    for title, count in cuts.items():
        print(f"{title:<28}{count:>12,}{starts[title]:>30}")
    print(
        f"{sum(cuts.values()):,} cuts, each second one with another cut in the recovery: every device runs one of its "
        "versions, whole, is as before the operation or after it, and takes the next version"
    )
    if options.json:
        rows = [{"operation": each, "cuts": cuts[each], "starts": starts[each]} for each in cuts]
        write_text(options.json, json.dumps(rows, indent=2) + "\n")


def _cut(kind: str, scenario: Scenario, seeds: int) -> Outcome:
    def make(design: Design, factory: bytes) -> Machine:
        return MachineInC(design, factory, corrects=_KINDS[kind])

    outcome = cut_power(make, scenario, seeds=seeds, most_broken=1)
    if outcome.broken:
        raise WorkbenchError(
            f"a promise of the store is broken on flash that {kind} ({outcome.broken[0]}); please report it"
        )
    return outcome
