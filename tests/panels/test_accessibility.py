"""axe-core finds nothing serious in the widgets that draw themselves."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import anywidget
import numpy as np
import pytest
from browsers import browser
from voices import voice
from widget_page import page_of

from workbench.panels.bit_grid import BitGrid
from workbench.panels.heat_map import HeatMap
from workbench.panels.player import player
from workbench.panels.snippet import Snippet
from workbench.panels.timeline import Timeline

_AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")


def _grid() -> BitGrid:
    made, image = BitGrid(), voice().image()
    made.show(image, image.layout.place("up2", "weight"), flipped=[7])
    made.colour(np.linspace(0, 1, 100))
    return made


def _heat() -> HeatMap:
    made = HeatMap()
    harm = np.array([[0.0, 1.0], [0.1, np.nan]])
    made.show(["a", "b"], ["0", "1"], harm, [["none", "all"], ["some", "no bit"]])
    return made


def _timeline() -> Timeline:
    row = {"title": "mine", "upsets": [0.5], "found": [[0.6, True, "healed"]], "wrong": [[0.5, 1]]}
    return Timeline(seconds=1.0, words=[[0.0, "one"]], rows=[{**row, "left_out": 0}])


WIDGETS = {
    "player": lambda: player({"clean": np.ones(1600) / 2, "flipped": np.zeros(1600)}),
    "grid": _grid,
    "heat map": _heat,
    "timeline": _timeline,
    "snippet": lambda: Snippet(code="import workbench as wb"),
}


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with browser(tmp_path_factory.mktemp("profile"), width=900, height=700) as context:
        yield context.new_page()


@pytest.mark.parametrize("name", WIDGETS)
def test_nothing_serious_is_found(page: Any, name: str) -> None:
    widget: anywidget.AnyWidget = WIDGETS[name]()
    page.set_content(page_of(widget))
    page.wait_for_function("document.querySelector('#place').children.length > 0")
    page.evaluate(_AXE)
    found = page.evaluate("() => axe.run('#place')")
    assert found["passes"], "it has looked"
    serious = [
        (each["id"], each["help"], [node["html"] for node in each["nodes"]])
        for each in found["violations"]
        if each["impact"] in ("serious", "critical")
    ]
    assert not serious


def test_it_would_find_something(page: Any) -> None:
    page.set_content("<main id='place'><img src=''><button></button></main>")
    page.evaluate(_AXE)
    found = page.evaluate("() => axe.run('#place')")
    assert {"image-alt", "button-name"} <= {each["id"] for each in found["violations"]}
