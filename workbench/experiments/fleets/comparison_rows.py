"""The figures of a comparison as text, for a terminal or a notebook: rows, and what explains them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from workbench.experiments.fleets.comparison import REFERENCE
from workbench.healing.strategies.strategy_file import summary
from workbench.healing.strategies.variants import NAMES, StrategyVariant

NONE = "-"  # where there is no figure
HEAD = (
    "strategy", "harm", f"vs {REFERENCE}", "broken", "available", "latency", "repaired", "instr.",
    "RAM", "flash",
)  # fmt: skip


def comparison_rows(records: Sequence[dict[str, Any]]) -> list[tuple[str, ...]]:
    """HEAD and a row a strategy, the least harm first; records: of one environment."""
    return [HEAD, *(_row(record) for record in sorted(records, key=lambda each: each["harm"]))]


def meanings(records: Sequence[dict[str, Any]], unknown: Mapping[str, str]) -> list[str]:
    """What "-" means, a line for each column that has one; [] for none.

    unknown: why the costs of strategies are unknown, by their names.
    """
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
        "latency": {"nothing was detected": any(r["detection_s"] is None for r in records)},
        "repaired": {"no upset hit the working copy": any(not r["hit"] for r in records)},
        "instr., RAM, flash": {f"unknown, {_why(unknown)}": bool(unknown)},
    }
    lines = [
        f"  {column}: {'; '.join(meaning for meaning, holds in meanings.items() if holds)}"
        for column, meanings in columns.items()
        if any(meanings.values())
    ]
    return [f'"{NONE}" means', *lines] if lines else []


def strategy_notes(variants: Sequence[StrategyVariant], *, every: bool) -> list[str]:
    """What strategies do that are called by another name than they were given by.

    every: whether all that have a name were asked for; then also which do not suit the network.
    """
    lines = [
        f"{strategy.name} is {asked}: {summary(strategy)}"
        for asked, strategy, _ in variants
        if asked != strategy.name
    ]
    left_out = set(NAMES) - {variant.asked for variant in variants} if every else ()
    if left_out:
        names = ", ".join(name for name in NAMES if name in left_out)
        lines.append(f"left out, since they do not suit this network: {names}")
    return lines


def _why(unknown: Mapping[str, str]) -> str:
    reasons: dict[str, list[str]] = {}
    for name, reason in unknown.items():
        reasons.setdefault(reason, []).append(name)
    if len(reasons) == 1:
        return next(iter(reasons))
    return "; ".join(f"{', '.join(names)}: {reason}" for reason, names in reasons.items())


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
