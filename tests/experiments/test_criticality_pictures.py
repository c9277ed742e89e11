"""Pictures and tables of criticality and of the curve: their axes, their numbers, their files."""

import csv
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from fault_tables import table_of
from matplotlib.image import imread

from workbench.errors import WorkbenchError
from workbench.experiments.campaigns.trial_table import trial_table
from workbench.experiments.estimates.statistics import wilson
from workbench.experiments.maps.criticality import Criticality
from workbench.experiments.maps.map_pictures import map_figure, protection_figure, save_figure
from workbench.experiments.maps.quality_curve import curve_points
from workbench.experiments.maps.quality_curve_picture import curve_figure
from workbench.experiments.maps.ranking import Ranking
from workbench.experiments.maps.tables import (
    BYTE_COLUMNS,
    MAP_COLUMNS,
    write_bytes_ranked,
    write_map,
)
from workbench.experiments.voices.voice import open_voice
from workbench.memory.faults.bits import Flips
from workbench.memory.faults.plan import Plan
from workbench.memory.faults.transients import Sites
from workbench.memory.trials.laboratory import Laboratory

VOICE = open_voice()


@pytest.fixture(scope="module")
def criticality() -> Criticality:
    """From 3,000 real flips, of which some strata have none."""
    lab, plan = Laboratory(VOICE.image(), VOICE.inputs("3")), Plan(Flips(1), seed=3)
    some = np.arange(3000)
    table = trial_table(lab, Sites(VOICE.image()), utterance="3", plan=plan, indexes=some)
    return Criticality(VOICE.image(), table)


def rows_of(path: Path) -> list[dict[str, str]]:
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def test_the_map_has_a_panel_for_every_tensor_and_one_for_channels(
    criticality: Criticality, tmp_path: Path
) -> None:
    figure = map_figure(criticality)
    panels = [
        axes for axes in figure.axes if axes.images and axes.get_xlabel() in ("bit", "channel")
    ]
    titles = [axes.get_title() for axes in figure.axes[:5]]
    assert titles == ["weights", "biases", "shifts", "embed", "all parameters of a channel"]
    assert [axes.get_xlabel() for axes in panels] == ["bit"] * 4 + ["channel"]
    widths = [axes.images[1].get_array().shape[1] for axes in panels]
    assert widths == [8, 32, 8, 8, 64]
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert names[0] == "word" and names[-1] == "up2" and len(names) == 30
    save_figure(tmp_path / "map.png", figure)
    picture = imread(tmp_path / "map.png")
    assert min(picture.shape[:2]) > 800 and picture[..., :3].std() > 0.1


def test_the_protection_curve_falls_to_nothing(criticality: Criticality, tmp_path: Path) -> None:
    ranking = Ranking.of(criticality)
    figure = protection_figure(ranking, 0.003)
    (axes,) = figure.axes
    assert axes.get_xscale() == "log" and "90,208 bytes" in axes.get_xlabel()
    harm, broken, point = axes.lines
    for line in (harm, broken):
        y = line.get_ydata()
        assert (np.diff(y) <= 1e-12).all() and y[-1] == 0
    assert point.get_ydata()[0] == pytest.approx(1 - ranking.carried(0.003))
    assert point.get_xdata()[0] == pytest.approx(0.003, rel=0.01)
    with pytest.raises(WorkbenchError, match="cannot protect"):
        protection_figure(ranking, 0)
    with pytest.raises(WorkbenchError, match="cannot write"):
        save_figure(tmp_path, figure)


def test_tables_say_what_the_arrays_say(criticality: Criticality, tmp_path: Path) -> None:
    ranking = Ranking.of(criticality)
    write_bytes_ranked(tmp_path / "critical.csv", criticality, ranking, rows=50)
    rows = rows_of(tmp_path / "critical.csv")
    assert list(rows[0]) == list(BYTE_COLUMNS) and len(rows) == 50
    for row in (rows[0], rows[49]):
        index = tuple(int(each) for each in row["index"].split())
        position = VOICE.image().layout.position(
            row["operator"], row["tensor"], index, int(row["element_bit"])
        )
        assert position == 8 * int(row["address"])
        bits = [float(row[f"bit_{bit}"] or 0) for bit in range(8)]
        assert sum(bits) == pytest.approx(float(row["harm"]), rel=1e-4)
    assert float(rows[49]["harm_left"]) == pytest.approx(ranking.harm_left[50], rel=1e-4)

    write_map(tmp_path / "map.csv", criticality)
    rows = rows_of(tmp_path / "map.csv")
    assert list(rows[0]) == list(MAP_COLUMNS)
    chosen = [
        r for r in rows if (r["operator"], r["tensor"], r["channel"]) == ("up0", "weight", "7")
    ]
    detail = criticality.by_channel(criticality.harm, "up0", "weight")[7]
    assert [float(row["harm"]) for row in chosen] == pytest.approx(detail.tolist(), rel=1e-4)
    assert sum(int(row["tried"]) for row in rows) == (criticality.tried > 0).sum()


def test_a_curve_of_shares_and_snr() -> None:
    sweep = [
        (1e-3, "", table_of([0] * 4, [5.0, 5.0, 10.0, 20.0])),
        (1e-5, "", table_of([0] * 2, [np.inf, 30.0])),
        (1e-5, "", table_of([0] * 2, [np.inf, np.inf])),
        (1e-3, "hardened", table_of([0] * 2, [50.0, np.inf])),
    ]
    points = curve_points(sweep)
    assert [(p.rate, p.protection, p.trials) for p in points] == [
        (1e-5, "", 4), (1e-3, "", 4), (1e-3, "hardened", 2),
    ]  # fmt: skip
    assert [p.devices for p in points] == [4, 4, 2]  # different tables are of different devices
    np.testing.assert_allclose(points[0].shares, [0.75, 1, 1, 1])
    np.testing.assert_allclose(points[1].shares, [0, 0, 0.25, 0.5])
    np.testing.assert_allclose(points[1].snr_db, [5, 5, 5, 10, 20])
    assert points[0].snr_db[2] == np.inf
    assert (points[1].interval.low <= points[1].shares).all()
    assert (points[1].interval.high >= points[1].shares).all()
    shares, snr = curve_figure(points).axes
    assert snr.get_xscale() == "log" and "bit-error rate" in snr.get_xlabel()
    assert len(shares.lines) == 8  # four classes, with and without protection
    assert [text.get_text() for text in snr.get_legend().get_texts()] == [
        "no protection", "hardened",
    ]  # fmt: skip
    drawn = np.concatenate([line.get_ydata() for line in snr.lines[:2]])
    assert np.isfinite(drawn.astype(float)).all()


def test_more_words_of_the_same_devices_are_no_more_devices() -> None:
    one = table_of([0] * 40, [5.0, 15.0, 25.0, np.inf] * 10)
    (point,), (tenfold,) = (
        curve_points([(1e-3, "", pa.concat_tables([one] * n))]) for n in (1, 10)
    )
    assert (tenfold.trials, tenfold.devices) == (400, 40)
    np.testing.assert_allclose(tenfold.interval, wilson(40 * point.shares, 40))
    np.testing.assert_allclose(tenfold.interval, point.interval)


def test_curves_that_cannot_be() -> None:
    with pytest.raises(WorkbenchError, match="no trial at a bit-error rate"):
        curve_points([(1e-3, "", table_of([], []))])
    with pytest.raises(WorkbenchError, match="these results have 0"):
        curve_figure([])
    many = curve_points([(1e-3, str(n), table_of([0], [5.0])) for n in range(5)])
    with pytest.raises(WorkbenchError, match="these results have 5"):
        curve_figure(many)
