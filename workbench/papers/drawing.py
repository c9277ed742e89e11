"""Figures of a paper, as matplotlib draws them; each mark knows the number that it shows.

Colours: Okabe and Ito's, which colour-blind people can tell apart. Layout: marks have the identifiers `n0`, `n1`, ... of
their numbers, for a page to find them in the SVG.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from workbench.errors import WorkbenchError, nearest
from workbench.papers.cell import Cell, Measure, headed
from workbench.papers.study import FigureSpec
from workbench.papers.tables import drawn_measures, shown_in

_COLOURS = (
    "#0072b2", "#d55e00", "#009e73", "#e69f00", "#cc79a7", "#56b4e9", "#5d5d5d", "#8a7500", "#000000", "#9ad9c2",
)  # fmt: skip
_BESIDE = 6  # series; the names of more stand beside the figure
_STYLES = ("-", "--", ":", "-.")
_MARKS = "osD^vPX*"
_SIZE = (7.0, 4.2)  # inches
# The same bytes from the same numbers.
_STEADY: Any = {"svg.hashsalt": "paper", "svg.fonttype": "none", "pdf.fonttype": 42}


@dataclass(frozen=True)
class _Drawing:
    spec: FigureSpec
    measures: Mapping[str, Measure]
    number_of: Callable[[Cell], str]

    def value(self, cell: Cell, which: str = "value") -> float:
        value = getattr(cell, which)
        scale = 100 if self.measures[cell.measure].percent else 1
        return float("nan") if value is None else scale * value

    def error(self, cell: Cell) -> np.ndarray | None:
        """How far the interval goes below and above, [2, 1]."""
        if cell.low is None or cell.high is None:
            return None
        value = self.value(cell)
        return np.maximum(
            [[value - self.value(cell, "low")], [self.value(cell, "high") - value]], 0
        )

    def title(self, text: str) -> str:
        return self.spec.titles.get(text, text)


def figure_of(
    spec: FigureSpec,
    cells: Sequence[Cell],
    measures: Mapping[str, Measure],
    number_of: Callable[[Cell], str],
) -> Figure:
    """Draw it.

    Args:
        spec: What is shown.
        cells: All numbers of the experiment.
        measures: Of its kind.
        number_of: The identifier of a number's mark.

    Raises:
        WorkbenchError: There is nothing to draw, no such kind of figure, or several numbers for one place.
    """
    check_figure(spec, measures)
    mine = shown_in(spec, cells)
    if not any(each.value is not None for each in mine):
        raise WorkbenchError(f"the figure {spec.name} shows no number; keep some of its labels")
    _check_places(spec, mine)
    figure = Figure(figsize=_SIZE, layout="constrained")
    axes = figure.subplots()
    drawing = _Drawing(spec, measures, number_of)
    if spec.kind == "map":  # as high as it has rows
        rows = len({each.label(spec.series) for each in mine})
        figure.set_size_inches(_SIZE[0], max(2.5, 0.28 * rows + 1.2))
    DRAWINGS[spec.kind](axes, drawing, mine)
    for axis in spec.log if spec.kind != "map" else ():  # of a map, the shades
        getattr(axes, f"set_{axis}scale")("log")
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def check_figure(spec: FigureSpec, measures: Mapping[str, Measure]) -> None:
    """Raise WorkbenchError where there is no such kind of figure, or its experiment does not measure what it draws."""
    if spec.kind not in DRAWINGS:
        raise WorkbenchError(
            f"{spec.name} is of the kind {spec.kind!r}; {nearest(spec.kind, DRAWINGS)}"
        )
    for name in drawn_measures(spec):
        if name not in measures:
            raise WorkbenchError(
                f"{spec.name} draws {name!r}, which is not measured; {nearest(name, measures)}"
            )


def _check_places(spec: FigureSpec, cells: Sequence[Cell]) -> None:
    """Raise WorkbenchError where one mark would hide another."""
    labels = (spec.series,) if spec.kind == "points" else (spec.x, spec.series)
    placed: dict[tuple[str, ...], Cell] = {}
    for cell in cells:
        place = cell.measure, *(cell.label(name) for name in labels)
        first = placed.setdefault(place, cell)
        if first is not cell:
            raise WorkbenchError(
                f"the figure {spec.name} has several numbers for one place, as {first.key} and {cell.key}; give it a "
                "series, or keep one value of every other label"
            )


def picture(figure: Figure, kind: str) -> bytes:
    """The bytes of a figure, "svg" or "pdf", the same ones for the same numbers."""
    file = io.BytesIO()
    metadata: dict[str, Any] = {"Date": None} if kind == "svg" else {"CreationDate": None}
    with rc_context(_STEADY):
        figure.savefig(file, format=kind, metadata=metadata)
    return file.getvalue()


def _bars(axes: Axes, drawing: _Drawing, cells: Sequence[Cell]) -> None:
    """A group of bars for each value of x, one of each series."""
    spec = drawing.spec
    groups = list(dict.fromkeys(cell.label(spec.x) for cell in cells))
    series = list(dict.fromkeys(cell.label(spec.series) for cell in cells))
    width = 0.8 / len(series)
    for cell in cells:
        which = series.index(cell.label(spec.series))
        at = groups.index(cell.label(spec.x)) + (which - (len(series) - 1) / 2) * width
        colour = _COLOURS[which % len(_COLOURS)]
        bar = axes.bar(at, drawing.value(cell), width, color=colour)[0]
        bar.set_gid(drawing.number_of(cell))
        if (error := drawing.error(cell)) is not None:
            axes.errorbar(at, drawing.value(cell), error, color="0.25", capsize=2, lw=1)
    axes.set_xticks(range(len(groups)), [drawing.title(group) for group in groups])
    if sum(map(len, groups)) > 60 or len(groups) > 10:
        _turn(axes)
    _finish(axes, drawing, series, "bar")


def _curve(axes: Axes, drawing: _Drawing, cells: Sequence[Cell]) -> None:
    """A line for each series over numbers, with the intervals as bands."""
    spec = drawing.spec
    series = list(dict.fromkeys(cell.label(spec.series) for cell in cells))
    for which, name in enumerate(series):
        mine = [cell for cell in cells if cell.label(spec.series) == name]
        try:
            mine.sort(key=lambda cell: float(cell.label(spec.x)))
        except ValueError:
            raise WorkbenchError(
                f"{spec.name} draws a curve over {spec.x}, whose values are no numbers; draw bars"
            ) from None
        x = [float(cell.label(spec.x)) for cell in mine]
        look: dict[str, Any] = {"color": _COLOURS[which % len(_COLOURS)]}
        axes.plot(
            x, [drawing.value(cell) for cell in mine], ls=_STYLES[which % len(_STYLES)], **look
        )
        low, high = ([drawing.value(cell, end) for cell in mine] for end in ("low", "high"))
        axes.fill_between(x, low, high, alpha=0.15, lw=0, **look)
        for at, cell in zip(x, mine, strict=True):
            mark = axes.plot(at, drawing.value(cell), _MARKS[which % len(_MARKS)], ms=5, **look)[0]
            mark.set_gid(drawing.number_of(cell))
    axes.set_xlabel(spec.x_title or spec.x)
    _finish(axes, drawing, series, "line")


def _map(axes: Axes, drawing: _Drawing, cells: Sequence[Cell]) -> None:
    """A field for each pair of x and series, its colour the number: darker by its square root, or by its logarithm."""
    spec = drawing.spec
    columns = _by_size(dict.fromkeys(cell.label(spec.x) for cell in cells))
    rows = list(dict.fromkeys(cell.label(spec.series) for cell in cells))
    values = np.array([drawing.value(cell) for cell in cells])
    if np.nanmin(values) < 0:
        raise WorkbenchError(f"{spec.name} is a map of {spec.y}, which can be negative; draw bars")
    shades, key = _shades(values, log="y" in spec.log)
    for cell, shade in zip(cells, shades.tolist(), strict=True):
        at = columns.index(cell.label(spec.x)), rows.index(cell.label(spec.series))
        field = axes.bar(at[0], 1, 1, at[1] - 0.5, color=_shade(shade), edgecolor="0.85", lw=0.4)[0]
        field.set_gid(drawing.number_of(cell))
    axes.set_xticks(range(len(columns)), [drawing.title(each) for each in columns])
    if sum(map(len, columns)) > 60:
        _turn(axes)
    axes.set_yticks(range(len(rows)), [drawing.title(each) for each in rows], fontsize=8)
    axes.set_xlim(-0.5, len(columns) - 0.5)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlabel(spec.x_title or spec.x)
    axes.set_title(f"{headed(drawing.measures[spec.y])}: {key}", fontsize=9, loc="left")


def _shades(values: np.ndarray, *, log: bool) -> tuple[np.ndarray, str]:
    """Lightness from 0 (black) to 1 for numbers from 0 on, of which some may be NaN; and what it means, in words."""
    most = float(np.nanmax(values)) or 1.0
    if not log or not (values > 0).any():
        shades = 1 - (values / most) ** 0.5
        return np.nan_to_num(shades, nan=1.0), f"white 0, black {most:.3g} (square root)"
    least = float(values[values > 0].min())
    decades = np.log(np.maximum(values, least) / least) / (np.log(most / least) or 1.0)
    # The least that is not 0 is told from white.
    shades = np.where(values > 0, 0.92 * (1 - decades), 1.0)
    return shades, f"white 0, lightest grey {least:.2g}, black {most:.3g} (logarithmic)"


def _points(axes: Axes, drawing: _Drawing, cells: Sequence[Cell]) -> None:
    """A point for each series, one measure over another; what is behind it are the numbers of y."""
    spec = drawing.spec
    at: dict[str, dict[str, Cell]] = {}
    for cell in cells:
        at.setdefault(cell.label(spec.series), {})[cell.measure] = cell
    for which, (name, pair) in enumerate(at.items()):
        if {spec.x, spec.y} - {*pair} or any(each.value is None for each in pair.values()):
            continue
        x, y = drawing.value(pair[spec.x]), drawing.value(pair[spec.y])
        mark = axes.plot(x, y, _MARKS[which % len(_MARKS)], color=_COLOURS[which % len(_COLOURS)])[
            0
        ]
        mark.set_gid(drawing.number_of(pair[spec.y]))
        right, up = (
            which % 4 < 2,
            which % 2 == 0,
        )  # neighbours in the list are often neighbours here
        axes.annotate(
            drawing.title(name), (x, y), (5 if right else -5, 3 if up else -9),
            textcoords="offset points", fontsize=7, ha="left" if right else "right",
        )  # fmt: skip
    axes.set_xlabel(headed(drawing.measures[spec.x]))
    axes.set_ylabel(headed(drawing.measures[spec.y]))
    axes.grid(color="0.92")


def _finish(axes: Axes, drawing: _Drawing, series: Sequence[str], kind: str) -> None:
    axes.set_ylabel(headed(drawing.measures[drawing.spec.y]))
    axes.grid(color="0.92", axis="y")
    axes.set_axisbelow(True)
    if len(series) < 2:
        return
    for which, name in enumerate(series):
        look: dict[str, Any] = {
            "color": _COLOURS[which % len(_COLOURS)],
            "label": drawing.title(name),
        }
        if kind == "bar":
            axes.bar(0, 0, **look)
        else:
            axes.plot([], [], _MARKS[which % len(_MARKS)], ls=_STYLES[which % len(_STYLES)], **look)
    beside: dict[str, Any] = {}
    if len(series) > _BESIDE:
        beside = {"loc": "upper left", "bbox_to_anchor": (1, 1)}
    axes.legend(frameon=False, fontsize=9, **beside)


def _turn(axes: Axes) -> None:
    """Names on the x axis that would hide each other."""
    for label in axes.get_xticklabels():
        label.set(rotation=60, ha="right", rotation_mode="anchor", fontsize=8)


def _by_size(values: Mapping[str, object]) -> list[str]:
    try:
        return sorted(values, key=float)
    except ValueError:
        return list(values)


def _shade(level: float) -> tuple[float, float, float]:
    return (level, level, level)


# Kind of figure -> what draws it.
DRAWINGS: dict[str, Callable[[Axes, _Drawing, Sequence[Cell]], None]] = {
    "bars": _bars,
    "curve": _curve,
    "map": _map,
    "points": _points,
}
