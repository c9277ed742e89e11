"""The player of several sounds: what it takes, and in a browser what it plays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from browsers import faultless_page
from widget_page import page_of

from workbench.errors import WorkbenchError
from workbench.panels.player import player

_RATE = 16_000
_TIME = np.arange(2 * _RATE) / _RATE
_SOUNDS = {
    "clean": 0.5 * np.sin(2 * np.pi * 440 * _TIME),
    "flipped": 0.5 * np.sin(2 * np.pi * 1000 * _TIME),
    "short": 0.25 * np.ones(_RATE),
}


def test_shorter_sounds_end_in_silence() -> None:
    widget = player(_SOUNDS, _RATE)
    assert widget.titles == list(_SOUNDS)
    lengths = {len(each) for each in widget._pcm}
    assert lengths == {2 * 2 * _RATE}
    short = np.frombuffer(widget._pcm[2], "<i2")
    assert (short[:_RATE] == round(0.25 * 32767)).all()
    assert not short[_RATE:].any()


def test_other_sounds_can_be_shown() -> None:
    widget = player(_SOUNDS, _RATE)
    widget.active, widget.loop_s = 2, [0.5, 1.0]
    widget.show({"one": np.zeros(100), "two": np.ones(10)}, 8_000)
    assert (widget.titles, widget.sample_rate_hz) == (["one", "two"], 8_000)
    assert widget.active == 1
    assert widget.loop_s == []
    assert widget._differences[0] == ""
    assert widget._differences[1].startswith("data:image/png;base64,")


def test_there_is_always_one_that_is_heard() -> None:
    widget = player(_SOUNDS, _RATE)
    widget.active = 7
    assert widget.active == 2
    widget.active = -1
    assert widget.active == 0


@pytest.mark.parametrize(
    "sounds", [{}, {"a": np.zeros(0)}, {"a": np.zeros((2, 9))}, {"a": np.array([0.0, np.nan])}]
)
def test_what_is_no_sound_is_told(sounds: dict[str, np.ndarray]) -> None:
    with pytest.raises(WorkbenchError, match="give"):
        player(sounds)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with faultless_page(tmp_path_factory.mktemp("profile"), width=900, height=700) as page:
        yield page


@pytest.fixture
def shown(page: Any) -> Any:
    page.set_content(page_of(player(_SOUNDS, _RATE)))
    page.get_by_role("radio").nth(2).wait_for()
    return page


def _model(page: Any, name: str) -> Any:
    return page.evaluate(f"model.get({name!r})")


def test_keys_choose_move_and_loop(shown: Any) -> None:
    names = shown.get_by_role("radio")
    assert [each.get_attribute("aria-checked") for each in names.all()] == [
        "true",
        "false",
        "false",
    ]
    names.first.focus()
    shown.keyboard.press("2")
    assert _model(shown, "active") == 1
    assert names.nth(1).get_attribute("aria-checked") == "true"
    shown.keyboard.press("ArrowDown")
    assert _model(shown, "active") == 2
    assert shown.evaluate("document.activeElement.textContent") == "3  short"
    shown.keyboard.press("Shift+ArrowRight")
    assert _model(shown, "position_s") == pytest.approx(0.5)
    shown.keyboard.press("[")
    shown.keyboard.press("Shift+ArrowRight")
    shown.keyboard.press("]")
    assert _model(shown, "loop_s") == pytest.approx([0.5, 1.0])
    shown.keyboard.press("l")
    assert _model(shown, "loop_s") == []
    slider = shown.get_by_role("slider").first
    assert slider.get_attribute("aria-valuetext") == "1.00 s"


def test_a_click_seeks_and_a_drag_marks_a_loop(shown: Any) -> None:
    box = shown.get_by_role("slider").nth(1).bounding_box()
    middle = box["y"] + box["height"] / 2
    shown.mouse.click(box["x"] + box["width"] / 4, middle)
    assert _model(shown, "position_s") == pytest.approx(0.5, abs=0.02)
    shown.mouse.move(box["x"] + 0.75 * box["width"], middle)
    shown.mouse.down()
    shown.mouse.move(box["x"] + 0.5 * box["width"], middle)
    shown.mouse.up()
    assert _model(shown, "loop_s") == pytest.approx([1.0, 1.5], abs=0.02)
    shown.get_by_role("button", name="No loop").click()
    assert _model(shown, "loop_s") == []


def test_differences_take_the_place_of_spectrograms(shown: Any) -> None:
    shown.get_by_role("button", name="Difference to clean").click()
    images = shown.locator(".picture img")
    assert images.nth(0).get_attribute("alt") == "Spectrogram of clean"
    assert images.nth(1).get_attribute("alt") == "Spectrum of flipped less that of clean"
    shown.get_by_role("button", name="Spectrograms").click()
    assert images.nth(1).get_attribute("alt") == "Spectrogram of flipped"


def test_it_plays_and_stops(shown: Any) -> None:
    shown.get_by_role("button", name="Play").click()
    shown.wait_for_function("model.get('position_s') > 0.2")
    shown.keyboard.press(" ")
    shown.get_by_role("button", name="Play").wait_for()
    at = _model(shown, "position_s")
    assert 0.2 < at <= 2


def test_python_lets_it_play(shown: Any) -> None:
    shown.evaluate("model.set('_cue', [1.5, 1])")
    assert shown.get_by_role("button", name="Pause").count() == 1
    assert float(shown.get_by_role("slider").first.get_attribute("aria-valuenow")) >= 1.5
    shown.get_by_role("button", name="Play").wait_for()  # it has come to its end


def test_python_moves_it(shown: Any) -> None:
    shown.evaluate("model.set('position_s', 1.25); model.set('active', 2)")
    assert shown.get_by_role("slider").first.get_attribute("aria-valuenow") == "1.25"
    assert shown.get_by_role("radio").nth(2).get_attribute("aria-checked") == "true"


def test_other_sounds_of_one_length_go_on_where_these_were(shown: Any) -> None:
    shown.evaluate("model.set('loop_s', [0.25, 1.5])")
    shown.get_by_role("button", name="Play").click()
    shown.wait_for_function("model.get('position_s') > 0.3")
    shown.evaluate("model.set('_pcm', [...model.get('_pcm')].reverse())")
    assert shown.get_by_role("button", name="Pause").count() == 1
    assert float(shown.get_by_role("slider").first.get_attribute("aria-valuenow")) > 0.3
    assert shown.locator(".loop").first.is_visible()
    shown.keyboard.press(" ")
    half = "model.get('_pcm').map((each) => new DataView(each.buffer, 0, 32000))"
    shown.evaluate(f"model.set('_pcm', {half})")
    assert shown.get_by_role("slider").first.get_attribute("aria-valuemax") == "1.00"
    assert shown.get_by_role("slider").first.get_attribute("aria-valuenow") == "0.00"
    assert not shown.locator(".loop").first.is_visible()


def test_switching_leaves_no_gap_and_keeps_the_position(shown: Any) -> None:
    """What reaches the loudspeaker, rendered offline: one sound, then the other, at the same place."""
    heard = np.array(
        shown.evaluate(
            """async () => {
              const deck = new Deck();
              deck.load(model.get("_pcm").slice(0, 2).map((view) => {
                const floats = new Float32Array(view.byteLength / 2);
                for (let i = 0; i < floats.length; i++) floats[i] = view.getInt16(2 * i, true) / 32767;
                return floats;
              }), 16000);
              const context = new OfflineAudioContext(1, 16000, 16000);
              context.resume = () => Promise.resolve();
              deck.context = context;
              deck.position = 0.25;
              deck.play();
              OfflineAudioContext.prototype.suspend.call(context, 0.512).then(() => {
                deck.hear(1);
                OfflineAudioContext.prototype.resume.call(context);
              });
              const buffer = await context.startRendering();
              return Array.from(buffer.getChannelData(0));
            }"""
        )
    )
    lead = round(0.02 * _RATE)
    start = round(0.25 * _RATE)
    switch = round(0.512 * _RATE)
    fade = round(0.01 * _RATE)
    clean, flipped = (
        each[start - lead : start - lead + len(heard)] for each in list(_SOUNDS.values())[:2]
    )
    assert not heard[:lead].any()
    np.testing.assert_allclose(heard[lead:switch], clean[lead:switch], atol=2e-4)
    np.testing.assert_allclose(heard[switch + fade :], flipped[switch + fade :], atol=2e-4)
    assert np.abs(np.diff(heard[switch - fade : switch + 2 * fade])).max() < 0.35
