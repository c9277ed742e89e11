"""The figures of a comparison as rows of text, for a terminal or a notebook."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from workbench.experiments.fleets.comparison import REFERENCE

NONE = "-"  # where there is no figure
HEAD = (
    "strategy", "harm", f"vs {REFERENCE}", "broken", "available", "found in", "mended", "instr.",
    "RAM", "flash",
)  # fmt: skip


def comparison_rows(records: Sequence[dict[str, Any]]) -> list[tuple[str, ...]]:
    """HEAD and a row a strategy, the least harm first; records: of one environment."""
    return [HEAD, *(_row(record) for record in sorted(records, key=lambda each: each["harm"]))]


def _row(record: dict[str, Any]) -> tuple[str, ...]:
    device, hit = record["device"], record["hit"]
    return (
        record["strategy"],
        f"{100 * record['harm']:.3g} %",
        _difference(record["difference"]),
        f"{100 * record['quality']['broken']:.1f} %",
        f"{100 * record['availability']:.1f} %",
        f"{record['detection_s']:.2f} s" if record["detection_s"] is not None else NONE,
        f"{100 * record['repaired'] / hit:.0f} %" if hit else NONE,
        f"{device['instructions']:,.0f}" if device else NONE,
        f"{device['ram_bytes']:,}" if device else NONE,
        f"{device['flash_bytes']:,}" if device else NONE,
    )


def _difference(difference: dict[str, float | None] | None) -> str:
    low, high = (difference["low"], difference["high"]) if difference else (None, None)
    if low is None or high is None or low == high == 0:
        return NONE
    return f"{100 * low:+.3g} to {100 * high:+.3g} %"
