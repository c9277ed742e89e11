"""The timeline in a browser: marks stand where they belong, a click and keys ask for the sound from there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from browsers import faultless_page
from widget_page import page_of

from workbench.panels.timeline import Timeline


@pytest.fixture(scope="module")
def browsed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with faultless_page(tmp_path_factory.mktemp("profile"), width=900, height=500) as page:
        yield page


@pytest.fixture
def shown(browsed: Any) -> Any:
    timeline = Timeline(
        seconds=4.0,
        words=[[0.0, "one"], [2.0, "two"]],
        rows=[
            {
                "title": "mine", "upsets": [1.0, 3.0], "wrong": [[1.0, 1], [2.0, 0]],
                "found": [[2.0, True, "healed: <pq>"], [3.0, False, "not healed"]], "left_out": 0,
            }
        ],
    )  # fmt: skip
    browsed.set_content(page_of(timeline))
    browsed.locator("svg text").first.wait_for()
    return browsed


def _share(page: Any, selector: str) -> float:
    """Where the middle of a mark stands between the ends of the axis."""
    box, axis = page.locator(selector).bounding_box(), page.locator("svg").bounding_box()
    return (box["x"] + box["width"] / 2 - axis["x"] - 8) / (axis["width"] - 16)


def test_marks_stand_where_they_belong(shown: Any) -> None:
    assert _share(shown, ".upset >> nth=0") == pytest.approx(0.25, abs=0.01)
    assert _share(shown, ".healed") == pytest.approx(0.5, abs=0.01)
    assert _share(shown, ".unhealed") == pytest.approx(0.75, abs=0.01)
    assert shown.locator(".healed title").text_content() == "healed: <pq>"
    name = shown.get_by_role("img").get_attribute("aria-label")
    assert name == "mine: 2 upsets, 1 healed, 1 found and not healed, at most 1 bit wrong"


def test_a_click_and_keys_ask_for_the_sound(shown: Any) -> None:
    axis = shown.locator("svg").bounding_box()
    shown.mouse.click(axis["x"] + axis["width"] / 2, axis["y"] + 30)
    assert shown.evaluate("model.get('cue')") == pytest.approx([2.0, 1], abs=0.01)
    assert shown.locator("[role=status]").inner_text() == "healed: <pq>"
    shown.locator("svg").focus()
    shown.keyboard.press("ArrowRight")
    assert shown.locator("svg").get_attribute("aria-valuetext") == "2.10 s"
    shown.keyboard.press("Enter")
    assert shown.evaluate("model.get('cue')") == pytest.approx([2.1, 2], abs=0.01)
    shown.evaluate("model.set('position_s', 3.5)")
    assert _share(shown, ".cursor") == pytest.approx(3.5 / 4, abs=0.01)
