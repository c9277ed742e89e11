"""The tables that `workbench compare` prints, and what a missing figure in them means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from workbench.experiments.fleets.comparison import REFERENCE, Environment
from workbench.experiments.fleets.comparison_rows import comparison_rows, meanings
from workbench.experiments.fleets.safety_voices import safety_lines

LEGEND = (
    f"harm: energy of the error over that of the voice; vs {REFERENCE}: harm against its, by device (95 % "
    "interval); broken, available: words below 9 dB, and without an audible error; latency: mean time from "
    "an upset to a log entry about its unit; repaired: share of those in the working copy; costs on an "
    "emulated Cortex-M4: instructions a frame, bytes of RAM and of flash for code and checks"
)


def print_environment(environment: Environment, records: Sequence[dict[str, Any]]) -> None:
    """A row a strategy, the least harm first."""
    print(f"\n{environment.title}: {records[0]['device_s']:,.0f} s of device time each")
    rows = comparison_rows(records)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for cells in rows:
        print("  ".join(map(str.ljust, cells, widths)).rstrip())
    for line in safety_lines(records):
        print(line)


def print_missing(records: Sequence[dict[str, Any]], unknown: Mapping[str, str]) -> None:
    """What "-" means in the tables; unknown: why a strategy's costs are, by its name."""
    if lines := meanings(records, unknown):
        print("\n".join(["", *lines]))
