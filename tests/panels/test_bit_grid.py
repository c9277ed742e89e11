"""The grid of bits: what it is told of a tensor, and in a browser what it names, flips and colours."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from browsers import faultless_page
from hypothesis import given
from hypothesis import strategies as st
from programs import random_program, seeds
from voices import voice
from widget_page import page_of

from workbench.memory.image import Image
from workbench.memory.places import WORKING_SECTIONS
from workbench.panels.bit_grid import UNKNOWN, BitGrid, elements_a_row, harm_codes


@given(seeds, st.data())
def test_its_bits_are_those_of_the_image(seed: int, data: st.DataObject) -> None:
    image = Image.of(random_program(seed))
    places = [place for place in image.layout.places if place.section in WORKING_SECTIONS]
    place = data.draw(st.sampled_from(places))
    grid = BitGrid()
    grid.show(image, place)
    bits = np.unpackbits(np.frombuffer(grid._clean, np.uint8), bitorder="little")
    first = np.frombuffer(grid._first, "<i4").astype(np.int64)
    assert len(first) == np.prod(grid.shape) and 1 <= grid.elements_a_row <= len(first)
    positions = (first[:, None] + np.arange(place.bits)).reshape(-1)
    stored = (image.data[positions >> 3] >> (positions & 7)) & 1
    np.testing.assert_array_equal(bits[: len(positions)], stored)
    number = data.draw(st.integers(0, len(positions) - 1))
    site = image.site(int(positions[number]))
    assert (site.operator, site.tensor) == (place.operator, place.tensor)
    assert site.bit == number % place.bits
    assert np.ravel_multi_index(site.index, place.shape) == number // place.bits


def test_harm_keeps_its_order() -> None:
    harm = np.array([0.0, 1e-9, 1e-5, 1e-3, 0.1, 1.0])
    codes = harm_codes(harm).astype(int)
    assert codes.tolist() == sorted(codes) and codes[0] == 0 and codes[1] == 1 and codes[-1] == 254


def test_a_vector_is_folded_and_a_matrix_is_not() -> None:
    layout = voice().image().layout
    assert elements_a_row(layout.place("up2", "bias")) < 64
    assert elements_a_row(layout.place("trunk.0.conv", "weight")) == 64


@pytest.fixture(scope="module")
def browsed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with faultless_page(tmp_path_factory.mktemp("profile"), width=900, height=700) as page:
        yield page


@pytest.fixture
def grid() -> BitGrid:
    made = BitGrid()
    image = voice().image()
    made.show(image, image.layout.place("up2", "weight"), flipped=[7])
    return made


@pytest.fixture
def shown(browsed: Any, grid: BitGrid) -> Any:
    browsed.set_content(page_of(grid))
    browsed.locator("canvas").wait_for()
    return browsed


def _told(page: Any) -> str:
    return str(page.locator(".told").inner_text())


def _described(bit: int, *flipped: int) -> str:
    """What must be told of a bit of up2.weight, from Python's side."""
    image = voice().image()
    place = image.layout.place("up2", "weight")
    first = image.layout.element_positions(place).reshape(-1)
    position = int(first[bit // 8]) + bit % 8
    after = image.flip([int(first[each // 8]) + each % 8 for each in flipped])
    site = image.site(position)
    old = int(image.data[site.address : site.address + 1].view(np.int8)[0])
    now = int(after.data[site.address : site.address + 1].view(np.int8)[0])
    changed = f"value {old}" if old == now else f"value {old}, now {now}"
    ended = "; flipped" if bit in flipped else ""
    return f"{site}; address {site.address}; {changed}{ended}; harm not measured"


def test_keys_move_name_and_flip(shown: Any) -> None:
    shown.locator("canvas").focus()
    shown.keyboard.press("ArrowRight")
    assert shown.evaluate("model.get('chosen')") == 15, "bit 0 is the last of its element"
    assert _told(shown) == _described(15)
    shown.keyboard.press("ArrowLeft")
    shown.keyboard.press("Shift+ArrowRight")
    assert shown.evaluate("model.get('chosen')") == 8
    shown.keyboard.press("Enter")
    assert shown.evaluate("model.get('flipped')") == [7, 8]
    assert _told(shown) == _described(8, 7, 8)
    shown.keyboard.press(" ")
    assert shown.evaluate("model.get('flipped')") == [7]
    assert _told(shown) == _described(8, 7)


def test_a_click_flips_the_bit_under_it_and_a_drag_does_not(shown: Any) -> None:
    box = shown.locator("canvas").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + 30
    shown.mouse.move(x, y)
    named = _told(shown)
    shown.mouse.click(x, y)
    (bit,) = set(shown.evaluate("model.get('flipped')")) - {7}
    assert named == _described(bit, 7) and _told(shown) == _described(bit, 7, bit)
    shown.get_by_role("button", name="Closer").click()
    shown.mouse.move(x, y)
    shown.mouse.down()
    shown.mouse.move(x + 50, y + 20)
    shown.mouse.up()
    assert shown.evaluate("model.get('flipped')") == sorted([7, bit])


def _pixels(page: Any) -> np.ndarray:
    """uint8 [colours, 3]: the different colours of the canvas."""
    data = page.evaluate(
        """() => { const c = document.querySelector("canvas");
        return Array.from(c.getContext("2d").getImageData(0, 0, c.width, c.height).data); }"""
    )
    return np.unique(np.array(data, np.uint8).reshape(-1, 4)[:, :3], axis=0)


def test_harm_gives_colours_and_words(shown: Any, grid: BitGrid) -> None:
    plain = _pixels(shown)
    assert not shown.locator(".scale").is_visible()
    grid.colour(np.array([0.0, 0.1, 1.0]))
    codes = np.frombuffer(grid._harm, np.uint8)
    assert (codes[3:] == UNKNOWN).all() and codes[:3].tolist() == [0, 203, 254]
    text = base64.b64encode(grid._harm).decode()
    shown.evaluate(f"model.set('_harm', bytes({text!r}))")
    assert shown.locator(".scale").is_visible()
    gained = {tuple(each) for each in _pixels(shown)} - {tuple(each) for each in plain}
    assert (0, 32, 77) in gained, "harmless is darkest"
    told = []
    for bit in range(4):
        shown.evaluate(f"model.set('chosen', {bit})")
        told.append(_told(shown).rpartition("; ")[2])
    assert told == ["harmless alone", "harm alone 10 %", "harm alone 100 %", "harm not measured"]


def test_another_tensor_takes_its_place(shown: Any, grid: BitGrid) -> None:
    image = voice().image()
    grid.show(image, image.layout.place("up2", "bias"))
    for name in ("width", "shape", "elements_a_row", "flipped", "name"):
        shown.evaluate("([name, value]) => model.set(name, value)", [name, getattr(grid, name)])
    assert shown.locator("canvas").get_attribute("aria-label").startswith("Bits of up2.bias")
