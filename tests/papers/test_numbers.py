"""Numbers as they are written, and their places in tables."""

from __future__ import annotations

import csv
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import WorkbenchError
from workbench.papers.cell import NONE, Cell, Measure, figure_text, with_interval
from workbench.papers.drawing import figure_of
from workbench.papers.study import FigureSpec, TableSpec
from workbench.papers.tables import csv_text, latex_text, table_of

SHARE, COUNT = Measure("share", percent=True), Measure("count", unit="bytes")
MEASURES = {"share": SHARE, "count": COUNT}


@pytest.mark.parametrize(
    ("value", "measure", "text"),
    [
        (0.5, SHARE, "50.0"), (1.0, SHARE, "100"), (0.0, SHARE, "0"), (0.00012345, SHARE, "0.0123"),
        (0.0999999, SHARE, "10.0"), (1e-9, SHARE, "1.00e-07"), (None, SHARE, NONE), (float("nan"), COUNT, NONE),
        (12345.6, COUNT, "12,346"), (12345678.0, COUNT, "12,345,678"), (-0.25, COUNT, "-0.250"), (99.96, COUNT, "100"),
    ],
)  # fmt: skip
def test_three_digits_count(value: float | None, measure: Measure, text: str) -> None:
    assert figure_text(value, measure) == text


@given(st.floats(1e-5, 1e9))
def test_a_text_is_the_number_to_three_digits(value: float) -> None:
    shown = float(figure_text(value, COUNT).replace(",", ""))
    assert shown == pytest.approx(value, rel=5.0001e-3)


def test_an_interval_stands_behind_its_number() -> None:
    cell = Cell({}, "share", 0.25, 0.2, 0.3)
    assert with_interval(cell, SHARE) == "25.0 (20.0 to 30.0)"
    assert with_interval(replace(cell, low=None), SHARE) == "25.0"


def cells() -> list[Cell]:
    """Shares by model and size, larger groups among them."""
    small = [
        Cell({"model": m, "size": s, "bit": b}, "share", v / 100, by=("bit",))
        for v, (m, s, b) in enumerate(
            (m, s, b) for m in ("a", "b") for s in ("10", "9") for b in ("0", "1")
        )
    ]
    large = [
        Cell({"model": m, "size": s}, "share", 0.5, 0.4, 0.6)
        for m in ("a", "b")
        for s in ("10", "9")
    ]
    return [*small, *large]


def spec(**options: object) -> TableSpec:
    given = {
        "name": "t",
        "data": "d",
        "rows": "size",
        "columns": "model",
        "caption": "50 % & more",
        **options,
    }
    return TableSpec(**given)  # type: ignore[arg-type]


def test_numbers_of_smaller_groups_stay_out() -> None:
    table = table_of(spec(), cells(), MEASURES)
    assert table.rows == ("9", "10") and table.columns == ("a", "b")
    assert {cell.value for cell in table.cells.values()} == {0.5}
    finer = table_of(spec(rows="bit", keep={"size": ("9",)}), cells(), MEASURES)
    assert finer.rows == ("0", "1") and finer.text("1", "b") == "7.00"


def test_csv_is_read_back() -> None:
    table = table_of(spec(keep={"model": ("b", "a")}), cells(), MEASURES)
    head, *rows = csv.reader(csv_text(table).splitlines())
    assert head == ["size", "b", "b low", "b high", "a", "a low", "a high"]
    assert rows == [[size, "50", "40", "60", "50", "40", "60"] for size in ("9", "10")]


def test_latex_keeps_its_signs() -> None:
    text = latex_text(table_of(spec(), cells(), MEASURES), note="made")
    assert r"\caption{50 \% \& more}" in text and r"50.0 (40.0 to 60.0) \\" in text
    assert text.count("&") == text.count(r"\&") + 2 * 3  # between the columns alone


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"rows": "bits"}, "wants 'bits', a label that no number has; did you mean bit?"),
        ({"keep": {"model": ("c",)}}, "keeps model 'c', which no number has"),
        ({"columns": "measure"}, "several numbers for 10 and share"),
        ({"rows": "model", "columns": "measure", "keep": {"size": ("11",)}}, "keeps size '11'"),
    ],
)  # fmt: skip
def test_what_a_table_cannot_show(options: dict[str, object], said: str) -> None:
    with pytest.raises(WorkbenchError) as caught:
        table_of(spec(**options), cells(), MEASURES)
    assert said in str(caught.value)


def figure(**options: object) -> FigureSpec:
    given = {"name": "f", "data": "d", "kind": "bars", "x": "size", "y": "share", "caption": "c"}
    return FigureSpec(**{**given, **options})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "hides", [{}, {"kind": "curve"}, {"kind": "map"}, {"kind": "points", "x": "share"}]
)
def test_no_mark_hides_another(hides: dict[str, object]) -> None:
    with pytest.raises(WorkbenchError, match="has several numbers for one place"):
        figure_of(figure(**hides), cells(), MEASURES, lambda cell: cell.key)
    shown = figure(**{"kind": "map", **hides, "series": "model", "keep": {"size": ("9",)}})
    figure_of(shown, cells(), MEASURES, lambda cell: cell.key)


def test_a_map_has_no_negative_numbers() -> None:
    below = [Cell({"size": "9", "model": "a"}, "share", -0.5)]
    with pytest.raises(WorkbenchError, match="which can be negative; draw bars"):
        figure_of(figure(kind="map"), below, MEASURES, lambda cell: cell.key)
