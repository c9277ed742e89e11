"""Tables of a paper: numbers of an experiment by rows and columns, as CSV and LaTeX."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from workbench.errors import WorkbenchError, nearest
from workbench.papers.cell import NONE, Cell, Measure, figure_text, headed, with_interval
from workbench.papers.study import FigureSpec, TableSpec

_MEASURE = "measure"
_ESCAPED = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{",
    "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "–": "--", "≥": r"$\geq$", "<": r"\textless{}",
    ">": r"\textgreater{}",
}  # fmt: skip


@dataclass(frozen=True)
class Table:
    """What is shown where.

    Args:
        spec: Of the study.
        rows: Values of the label that heads the rows, in order.
        columns: Likewise.
        cells: By row and column; a place may have none.
        measures: Of the experiment.
    """

    spec: TableSpec
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: Mapping[tuple[str, str], Cell]
    measures: Mapping[str, Measure]

    @property
    def head(self) -> tuple[str, ...]:
        """Titles of the columns, that of the rows first."""
        return (self._title(self.spec.rows), *map(self.title, self.columns))

    def title(self, value: str) -> str:
        """What stands for a value of rows or columns."""
        if value in self.spec.titles:
            return self.spec.titles[value]
        heads = _MEASURE in (self.spec.rows, self.spec.columns)
        return headed(self.measures[value]) if heads and value in self.measures else value

    def text(self, row: str, column: str) -> str:
        """A number as it is shown."""
        cell = self.cells.get((row, column))
        if cell is None:
            return NONE
        measure = self.measures[cell.measure]
        return (
            with_interval(cell, measure)
            if self.spec.intervals
            else figure_text(cell.value, measure)
        )

    def _title(self, label: str) -> str:
        return self.spec.titles.get(label, "" if label == _MEASURE else label)


def chosen(
    cells: Sequence[Cell], keep: Mapping[str, tuple[str, ...]], labels: Sequence[str], where: str
) -> list[Cell]:
    """The numbers that a table or a figure shows.

    Args:
        cells: All of the experiment.
        keep: Label -> values, which give the order.
        labels: That the table shows; a number has all of them, and is of no smaller group than they and `keep` tell.
        where: Begins the sentence of what is wrong, as the name of the table.

    Raises:
        WorkbenchError: No number has a label, or one of the values.
    """
    known_labels = {**dict.fromkeys(name for cell in cells for name in cell.labels), _MEASURE: None}
    for name in (*labels, *keep):
        if name not in known_labels:
            raise WorkbenchError(
                f"{where} wants {name!r}, a label that no number has; {nearest(name, known_labels)}"
            )
    cells = [
        cell
        for cell in cells
        if {*cell.by} <= {*labels, *keep} and all(cell.label(name) for name in (*labels, *keep))
    ]
    for label, values in keep.items():
        known = dict.fromkeys(cell.label(label) for cell in cells)
        for value in values:
            if value not in known:
                raise WorkbenchError(
                    f"{where} keeps {label} {value!r}, which no number has; {nearest(value, known)}"
                )
    kept = [cell for cell in cells if all(cell.label(name) in keep[name] for name in keep)]
    return sorted(kept, key=lambda cell: [keep[name].index(cell.label(name)) for name in keep])


def shown_in(spec: FigureSpec, cells: Sequence[Cell]) -> list[Cell]:
    """The numbers that a figure shows, in its order."""
    axis = () if spec.kind == "points" else (spec.x,)
    labels = (*axis, *((spec.series,) if spec.series else ()))
    return [
        each
        for each in chosen(cells, spec.keep, labels, spec.name)
        if each.measure in drawn_measures(spec)
    ]


def drawn_measures(spec: FigureSpec) -> tuple[str, ...]:
    """The measures that a figure draws."""
    return (spec.x, spec.y) if spec.kind == "points" else (spec.y,)


def table_of(spec: TableSpec, cells: Sequence[Cell], measures: Mapping[str, Measure]) -> Table:
    """Put numbers in their places.

    Args:
        spec: Which, and where.
        cells: All of the experiment.
        measures: Of its kind.

    Raises:
        WorkbenchError: There is nothing to show, or several numbers for one place.
    """
    mine = chosen(cells, spec.keep, (spec.rows, spec.columns), spec.name)
    if not mine:
        raise WorkbenchError(f"the table {spec.name} shows no number; keep some of its labels")
    placed: dict[tuple[str, str], Cell] = {}
    for cell in mine:
        place = cell.label(spec.rows), cell.label(spec.columns)
        if place in placed:
            raise WorkbenchError(
                f"the table {spec.name} has several numbers for {' and '.join(place)}, as {placed[place].key} and "
                f"{cell.key}; keep one value of every other label"
            )
        placed[place] = cell
    rows, columns = (tuple(dict.fromkeys(place[axis] for place in placed)) for axis in (0, 1))
    return Table(spec, _ordered(rows, spec, 0), _ordered(columns, spec, 1), placed, measures)


def _ordered(values: tuple[str, ...], spec: TableSpec, axis: int) -> tuple[str, ...]:
    """As `keep` names them; else numbers by size, and texts as they came."""
    label = (spec.rows, spec.columns)[axis]
    if label in spec.keep:
        return tuple(value for value in spec.keep[label] if value in values)
    try:
        return tuple(sorted(values, key=float))
    except ValueError:
        return values


def csv_text(table: Table) -> str:
    """A line a row; three columns for each number that may have an interval: value, low, high."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    parts = ("", " low", " high") if table.spec.intervals else ("",)
    head, *columns = table.head
    writer.writerow([head, *(f"{column}{part}" for column in columns for part in parts)])
    for row in table.rows:
        line = [table.title(row)]
        for column in table.columns:
            cell = table.cells.get((row, column))
            values = (None,) * 3 if cell is None else (cell.value, cell.low, cell.high)
            line += [_plain(value, cell, table) for value in values[: len(parts)]]
        writer.writerow(line)
    return text.getvalue()


def _plain(value: float | None, cell: Cell | None, table: Table) -> str:
    if value is None or cell is None:
        return ""
    if table.measures[cell.measure].percent:
        return f"{100 * value:.6g}"
    return f"{value:.9g}"  # counts in full


def latex_text(table: Table, *, note: str) -> str:
    """A floating table with the rules of booktabs. note: a comment above it."""
    lines = [
        f"% {note}",
        r"\begin{table}",
        rf"\caption{{{latex(table.spec.caption)}}}",
        rf"\label{{tab:{table.spec.name}}}",
        rf"\begin{{tabular}}{{l{'r' * len(table.columns)}}}",
        r"\toprule",
        " & ".join(map(latex, table.head)) + r" \\",
        r"\midrule",
    ]
    for row in table.rows:
        texts = [table.title(row), *(table.text(row, column) for column in table.columns)]
        lines.append(" & ".join(map(latex, texts)) + r" \\")
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", r"\end{table}", ""])


def latex(text: str) -> str:
    """Text as LaTeX source."""
    return "".join(_ESCAPED.get(sign, sign) for sign in text)
