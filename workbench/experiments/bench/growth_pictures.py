"""Pictures of growth: both axes logarithmic, so that a straight line is a power."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from workbench.files import replacing

_COLOURS = ("#1f6f8b", "#b2452f", "#c99a2e", "#7d3c98")
_UNITS = ((1e9, "G"), (1e6, "M"), (1e3, "k"))


def draw_growth(
    path: Path, lines: dict[str, list[tuple[float, float]]], *, x: str, y: str, title: str
) -> None:
    """Replace the PNG file `path`: lines of (x, y) by their names."""
    figure = Figure(figsize=(6.2, 4.2), layout="constrained")
    axes = figure.subplots()
    for (name, points), colour in zip(lines.items(), _COLOURS * len(lines), strict=False):
        xs, ys = zip(*points, strict=True)
        axes.plot(xs, ys, "o-", color=colour, ms=4, lw=1.4, label=name)
    axes.set(xscale="log", yscale="log", xlabel=x, ylabel=y, title=title)
    _plain_numbers(axes)
    axes.grid(True, which="major", color="0.9")
    if len(lines) > 1:
        axes.legend(frameon=False, fontsize=9)
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=120)


def line(rows: Sequence[dict[str, Any]], x: str, y: str) -> list[tuple[float, float]]:
    """The points of the rows that have both."""
    return [(row[x], row[y]) for row in rows if x in row and y in row]


def _plain_numbers(axes: Axes) -> None:
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter(FuncFormatter(lambda value, _: _short(value)))
        axis.set_minor_formatter(NullFormatter())


def _short(value: float) -> str:
    """A number as labels have it, as 20k."""
    for size, unit in _UNITS:
        if value >= size:
            return f"{value / size:g}{unit}"
    return f"{value:g}"
