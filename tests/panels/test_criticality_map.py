"""The criticality map: sums of trials, its cells in a browser, and the bit that a cell stands for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browsers import faultless_page
from played import as_codes, codes
from voices import voice
from widget_page import page_of

import workbench as wb
from workbench.errors import WorkbenchError
from workbench.panels.bit_grid import UNKNOWN
from workbench.panels.criticality_map import CriticalityMap
from workbench.panels.heat_map import HeatMap

WORDS = ["3", "7"]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trials") / "flips"
    wb.campaign(voice(), "flips=1", trials=1500, utterances=WORDS, out=folder, jobs=1)
    return folder


@pytest.fixture(scope="module")
def shared(results: Path) -> CriticalityMap:
    return CriticalityMap(voice(), results)


def test_cells_are_the_means_of_the_trials(shared: CriticalityMap, results: Path) -> None:
    import pandas as pd

    trials = pd.read_parquet(results / "shards")
    trials["harm"] = np.minimum(1.0, 10 ** (-trials.snr_db.astype(float) / 10))
    bits = trials.groupby(["operator", "tensor", "bit", "position"], observed=True).harm.mean()
    cells = bits.groupby(level=[0, 1, 2], observed=True).agg(["mean", "size"])
    assert len(cells) == np.count_nonzero(shared.cells.tried)
    for row, place in enumerate(shared.cells.places):
        for bit in range(place.bits):
            if not shared.cells.tried[row, bit]:
                assert np.isnan(shared.cells.harm[row, bit])
                continue
            mean, count = cells.loc[(place.operator, place.tensor, bit)]
            assert shared.cells.harm[row, bit] == pytest.approx(mean, rel=1e-5)
            assert shared.cells.tried[row, bit] == count
            worst = bits.loc[(place.operator, place.tensor, bit)].idxmax()
            assert shared.cells.worst[row, bit] == worst


def test_a_cell_lets_its_worst_bit_be_heard(shared: CriticalityMap) -> None:
    cells, lab = shared.cells, shared.lab
    row, bit = np.unravel_index(np.nanargmax(cells.harm), cells.harm.shape)
    shared.map.chosen = [int(row), int(bit)]
    position = int(cells.worst[row, bit])
    assert lab.flipped == (position,)
    place = cells.places[row]
    assert (
        lab.grid.name == f"{place.operator}.{place.tensor}" and lab.grid.chosen % place.bits == bit
    )
    assert lab.grid.flipped == [lab.grid.chosen]
    word = lab.controls["word"].value
    assert word in WORDS
    sound = as_codes(voice().speak(word, voice().image().flip([position])))
    np.testing.assert_array_equal(codes(lab.outcome.player)["after"], sound)
    shown = np.frombuffer(lab.grid._harm, np.uint8)
    assert shown[lab.grid.chosen] != UNKNOWN and np.count_nonzero(shown != UNKNOWN) == sum(
        cells.tried[row]
    )
    lab.undo()
    assert lab.flipped == ()


def test_what_is_no_campaign_of_flips_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WorkbenchError, match="absent"):
        CriticalityMap(voice(), tmp_path / "absent")
    wb.campaign(voice(), "stuck=1", trials=10, utterances="3", out=tmp_path / "stuck", jobs=1)
    with pytest.raises(WorkbenchError, match="bits that flip"):
        CriticalityMap(voice(), tmp_path / "stuck")


@pytest.fixture(scope="module")
def browsed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with faultless_page(tmp_path_factory.mktemp("profile"), width=900, height=500) as page:
        yield page


def test_cells_are_chosen_by_click_and_key(browsed: Any) -> None:
    cells = HeatMap()
    harm = np.array([[0.0, 1.0], [0.1, np.nan]])
    cells.show(["a.weight", "b.<bias>"], ["0", "1"], harm, [["none", "all"], ["some", "no bit"]])
    browsed.set_content(page_of(cells))
    first = browsed.get_by_role("gridcell", name="none")
    first.wait_for()
    assert browsed.get_by_role("rowheader").all_inner_texts() == ["a.weight", "b.<bias>"]
    assert "0.001 %" in browsed.locator(".scale").inner_text()
    assert browsed.locator(".scale i").bounding_box()["width"] > 50
    browsed.get_by_role("gridcell", name="all").click()
    assert browsed.evaluate("model.get('chosen')") == [0, 1]
    colours = [
        browsed.get_by_role("gridcell", name=name).evaluate("e => e.style.background")
        for name in ("none", "all", "no bit")
    ]
    assert colours == ["rgb(0, 32, 77)", "rgb(255, 233, 69)", ""]
    browsed.get_by_role("gridcell", name="no bit").click()
    assert browsed.evaluate("model.get('chosen')") == [0, 1], "it is none"
    first.focus()
    browsed.keyboard.press("ArrowDown")
    assert browsed.locator(".told").inner_text() == "some"
    browsed.keyboard.press("Enter")
    assert browsed.evaluate("model.get('chosen')") == [1, 0]
    selected = browsed.locator("[aria-selected=true]")
    assert selected.count() == 1 and selected.get_attribute("aria-label") == "some"
