"""Harm that is left over what a strategy costs, for all that were run: a picture and a table as HTML.

Both take their colours from JupyterLab's theme; strategies that no other beats are squares and joined.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

from workbench.experiments.fleets.comparison_pictures import pareto

_LEAST_HARM = 1e-7  # drawn for none at all
_WIDTH, _HEIGHT = 640, 300
_LEFT, _BOTTOM, _TOP, _RIGHT = 64, 44, 14, 120
Cost = Callable[[Mapping[str, Any]], float | None]
COSTS: dict[str, Cost] = {
    "memory: RAM and flash for checks, bytes": lambda record: (
        record["memory"]["ram_bytes"] + record["memory"]["check_bytes"]
    ),
    "bytes that are checked a frame": lambda record: record["memory"]["bytes_per_frame"],
    "instructions a frame, Cortex-M4": lambda record: (
        record["device"] and record["device"]["instructions"]
    ),
}


def pareto_html(records: Sequence[Mapping[str, Any]], cost_name: str) -> str:
    """The picture and the table; "" without records.

    Args:
        records: Of strategies in one environment, as a comparison has them.
        cost_name: Of COSTS.
    """
    if not records:
        return ""
    cost = COSTS[cost_name]
    shown = sorted(records, key=lambda record: record["harm"])
    points = [
        (max(value, 1.0), max(record["harm"], _LEAST_HARM), record["strategy"])
        for record in shown
        if (value := cost(record)) is not None
    ]
    front = {points[number][2] for number in pareto([(x, y) for x, y, _ in points])}
    return _picture(points, front, cost_name) + _table(shown, front, cost)


def _picture(points: Sequence[tuple[float, float, str]], front: set[str], cost_name: str) -> str:
    if not points:
        return (
            "<p>Nothing is known of what these cost; tick “measure instructions” and run them.</p>"
        )
    across = _axis([x for x, _, _ in points], _LEFT, _WIDTH - _RIGHT)
    up = _axis([y for _, y, _ in points], _HEIGHT - _BOTTOM, _TOP)
    marks: list[str] = []
    taken: list[tuple[float, float]] = []
    for x, y, name in sorted(points):
        at_x, at_y = across(x), up(y)
        label_y = at_y - 9  # above the line that joins the best
        while any(
            abs(label_y - other) < 13 and abs(at_x - beside) < 110 for beside, other in taken
        ):
            label_y -= 13
        taken.append((at_x, label_y))
        shape = (
            f'<rect x="{at_x - 5:.1f}" y="{at_y - 5:.1f}" width="10" height="10" fill="#0072b2"/>'
            if name in front
            else f'<circle cx="{at_x:.1f}" cy="{at_y:.1f}" r="4.5" fill="none" stroke="currentColor"/>'
        )
        marks.append(f'{shape}<text x="{at_x + 9:.1f}" y="{label_y + 4:.1f}">{escape(name)}</text>')
    joined = [(across(x), up(y)) for x, y, name in sorted(points) if name in front]
    path = "".join(
        f" H {x:.1f} V {y:.1f}" if number else f"M {x:.1f} {y:.1f}"
        for number, (x, y) in enumerate(joined)
    )
    ticks = "".join(_ticks_up(points, up)) + "".join(_ticks_across(points, across))
    best = ", ".join(escape(name) for name in sorted(front))
    return f"""<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="Harm that is left over {escape(cost_name)};
not beaten: {best}" style="width: 100%; max-width: 46rem; font-size: 12px; color: var(--jp-ui-font-color1)"
fill="currentColor"><path d="{path}" fill="none" stroke="#0072b2" stroke-width="1.5"/>{ticks}{"".join(marks)}
<text x="{_LEFT}" y="{_HEIGHT - 6}">{escape(cost_name)} (1: none)</text>
<text transform="translate(12 {_HEIGHT / 2 + 40}) rotate(-90)">harm that is left</text></svg>"""


def _axis(values: Sequence[float], low: float, high: float) -> Callable[[float], float]:
    """A logarithmic axis over these values, from pixel `low` to `high`, whole decades."""
    first = math.floor(math.log10(min(values)))
    last = max(first + 1, math.ceil(math.log10(max(values))))
    return lambda value: low + (high - low) * (math.log10(value) - first) / (last - first)


def _ticks_up(
    points: Sequence[tuple[float, float, str]], up: Callable[[float], float]
) -> list[str]:
    return [
        f'<line x1="{_LEFT - 4}" x2="{_WIDTH - _RIGHT}" y1="{up(10.0**power):.1f}" y2="{up(10.0**power):.1f}" '
        f'stroke="currentColor" stroke-opacity=".2"/><text x="{_LEFT - 8}" y="{up(10.0**power) + 4:.1f}" '
        f'text-anchor="end">{_percent(power)}</text>'
        for power in _powers([y for _, y, _ in points])
    ]


def _ticks_across(
    points: Sequence[tuple[float, float, str]], across: Callable[[float], float]
) -> list[str]:
    return [
        f'<line x1="{across(10.0**power):.1f}" x2="{across(10.0**power):.1f}" y1="{_TOP}" '
        f'y2="{_HEIGHT - _BOTTOM + 4}" stroke="currentColor" stroke-opacity=".2"/>'
        f'<text x="{across(10.0**power):.1f}" y="{_HEIGHT - _BOTTOM + 18}" text-anchor="middle">'
        f"{10**power:,}</text>"
        for power in _powers([x for x, _, _ in points])
    ]


def _powers(values: Sequence[float]) -> range:
    first = math.floor(math.log10(min(values)))
    return range(first, max(first + 1, math.ceil(math.log10(max(values)))) + 1)


def _percent(power: int) -> str:
    return f"{100 * 10.0**power:g} %" if power >= -6 else "0"


def _table(records: Sequence[Mapping[str, Any]], front: set[str], cost: Cost) -> str:
    rows = "".join(
        f'<tr><td style="text-align: left">{"■ " if record["strategy"] in front else ""}'
        f"{escape(record['strategy'])}</td><td>{100 * record['harm']:.3g} %</td>"
        f"<td>{100 * record['availability']:.1f} %</td><td>{_number(cost(record))}</td></tr>"
        for record in records
    )
    head = '<tr><th style="text-align: left">strategy</th><th>harm</th><th>available</th><th>cost</th></tr>'
    return f"<table>{head}{rows}</table><p>■: no other has both less harm and less cost.</p>"


def _number(value: float | None) -> str:
    return "not measured" if value is None else f"{value:,.0f}"
