"""The tables that `workbench compare` prints, and what a missing figure in them means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from workbench.experiments.fleets.comparison import REFERENCE, Environment
from workbench.experiments.fleets.comparison_rows import NONE, comparison_rows

LEGEND = (
    f"harm: energy of the error over that of the voice; vs {REFERENCE}: harm against its, by device (95 % "
    "interval); broken, available: words below 9 dB, and with nothing to be heard; found in: time from an "
    "upset to an entry about its unit; mended: bits right again; costs on an emulated Cortex-M4: "
    "instructions a frame, bytes of RAM and of flash for code and checks"
)


def print_environment(environment: Environment, records: Sequence[dict[str, Any]]) -> None:
    """A row a strategy, the least harm first."""
    print(f"\n{environment.title}: {records[0]['device_s']:,.0f} s of device time each")
    rows = comparison_rows(records)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for cells in rows:
        print("  ".join(map(str.ljust, cells, widths)).rstrip())


def print_missing(records: Sequence[dict[str, Any]], unknown: Mapping[str, str]) -> None:
    """What "-" means, for each column that has one. unknown: why a strategy's costs are, by its name."""
    differences = [record["difference"] for record in records]
    compared = [each for each in differences if each]
    columns = {
        f"vs {REFERENCE}": {
            "it is not among the strategies": None in differences,
            "one device tells nothing about others": any(each["low"] is None for each in compared),
            "the strategy itself, or no device differs": any(
                each["low"] == each["high"] == 0 for each in compared
            ),
        },
        "found in": {"nothing was found": any(r["detection_s"] is None for r in records)},
        "mended": {"no upset hit the working copy": any(not r["hit"] for r in records)},
        "instr., RAM, flash": {f"unknown, {_why(unknown)}": bool(unknown)},
    }
    lines = [
        f"  {column}: {'; '.join(meaning for meaning, holds in meanings.items() if holds)}"
        for column, meanings in columns.items()
        if any(meanings.values())
    ]
    if lines:
        print("\n".join([f'\n"{NONE}" means', *lines]))


def _why(unknown: Mapping[str, str]) -> str:
    reasons: dict[str, list[str]] = {}
    for name, reason in unknown.items():
        reasons.setdefault(reason, []).append(name)
    if len(reasons) == 1:
        return next(iter(reasons))
    return "; ".join(f"{', '.join(names)}: {reason}" for reason, names in reasons.items())
