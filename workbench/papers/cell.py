"""The numbers of a paper: each with its interval, what it was computed from, and how it is written."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

NONE = "–"  # where there is no number
_DIGITS = 3  # significant, of every number
_SMALLEST = 5  # zeros behind the point, more of which are written as a power of ten


@dataclass(frozen=True)
class Measure:
    """What a number measures.

    Args:
        title: Of a column.
        percent: Whether it is a share, kept as 0 to 1 and written in per cent.
        unit: Behind a number that is no share; "" for none.
    """

    title: str
    percent: bool = False
    unit: str = ""


@dataclass(frozen=True)
class Cell:
    """One number.

    Args:
        labels: What it is of, by the name of each column: {"model": "int8", "section": "bias"}.
        measure: Key of the measures of its kind.
        value: None where there is no number, as for a latency where nothing was detected.
        low: Of its 95 % interval; None where there is none.
        high: Likewise.
        count: Trials, devices or words that it was computed from.
        origin: Those in words: plan, numbers, utterances, image.
        replay: What makes some of them again: identifiers of trials, or a call.
        by: The labels that tell it from numbers of larger groups of the same trials.
    """

    labels: dict[str, str]
    measure: str
    value: float | None
    low: float | None = None
    high: float | None = None
    count: int = 0
    origin: str = ""
    replay: tuple[str, ...] = ()
    by: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Its place among the numbers of its experiment: "section=bias, model=int8: broken"."""
        return (
            f"{', '.join(f'{name}={text}' for name, text in self.labels.items())}: {self.measure}"
        )

    def label(self, name: str) -> str:
        """One of its labels, "measure" among them; "" where it has none of that name."""
        return self.measure if name == "measure" else self.labels.get(name, "")


def figure_text(value: float | None, measure: Measure) -> str:
    """A number with three significant digits and without its unit."""
    if value is None or math.isnan(value):
        return NONE
    shown = 100 * value if measure.percent else value
    if shown == 0:
        return "0"
    # After rounding: 9.999 has two digits before the point.
    whole = int(f"{shown:.{_DIGITS - 1}e}".partition("e")[2]) + 1
    if whole >= _DIGITS:
        return f"{shown:,.0f}"
    return f"{shown:.{_DIGITS - whole}f}" if whole > -_SMALLEST else f"{shown:.{_DIGITS - 1}e}"


def with_interval(cell: Cell, measure: Measure) -> str:
    """A number with its interval where it has one: "0.183 (0.170 to 0.196)"."""
    text = figure_text(cell.value, measure)
    if cell.low is None or cell.high is None:
        return text
    return f"{text} ({figure_text(cell.low, measure)} to {figure_text(cell.high, measure)})"


def unit_of(measure: Measure) -> str:
    """What stands behind its numbers: "%", "dB", or ""."""
    return "%" if measure.percent else measure.unit


def headed(measure: Measure) -> str:
    """The title of a column of its numbers, with the unit."""
    unit = unit_of(measure)
    return f"{measure.title}, {unit}" if unit else measure.title


def plain(cell: Cell) -> Mapping[str, object]:
    """JSON-ready, numbers with 9 significant digits: more than any table shows, fewer than processors may differ in."""
    numbers = {name: _rounded(getattr(cell, name)) for name in ("value", "low", "high")}
    return {
        "labels": cell.labels, "measure": cell.measure, **numbers, "count": cell.count,
        "origin": cell.origin, "replay": list(cell.replay),
    }  # fmt: skip


def _rounded(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else float(f"{value:.9g}")
