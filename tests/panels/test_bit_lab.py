"""The bit-flip lab: agrees with the trials, undoes, draws and searches bits, tells mistakes in words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from played import as_codes, codes
from snippets import ran
from voices import voice

from workbench.errors import WorkbenchError
from workbench.experiments.maps.bit_harm import AT_ONCE, harm_of_bits
from workbench.experiments.voices.faulty_speech import hear
from workbench.panels import bit_lab
from workbench.panels.bit_grid import UNKNOWN, harm_codes
from workbench.panels.bit_lab import BitLab


@pytest.fixture
def lab() -> BitLab:
    made = BitLab(voice())
    made.controls["operator"].value = "up2"
    return made


def test_a_bit_of_the_grid_is_that_of_the_image(lab: BitLab) -> None:
    lab.grid.flipped = [7, 100]  # as a click does
    place = voice().image().layout.place("up2", "weight")
    first = voice().image().layout.element_positions(place).reshape(-1)
    positions = (int(first[0]) + 7, int(first[12]) + 4)
    assert lab.flipped == tuple(sorted(positions))
    image = voice().image().flip(positions)
    sound = as_codes(voice().speak(lab.controls["word"].value, image))
    np.testing.assert_array_equal(codes(lab.outcome.player)["after"], sound)
    assert not np.array_equal(codes(lab.outcome.player)["before"], sound)
    assert str(image.site(positions[0])) in lab.outcome.sites.value
    assert (
        "wrong bits left 2" in lab.outcome.numbers.value
        and "understood" in lab.outcome.numbers.value
    )


def test_its_code_gives_what_it_shows(lab: BitLab) -> None:
    lab.grid.flipped = [7, 15]
    made, _ = ran(lab.snippet)
    np.testing.assert_array_equal(as_codes(made["heard"].after), codes(lab.outcome.player)["after"])
    lab.clear()
    made, _ = ran(lab.snippet)
    assert made["heard"].sites == ()


def test_flips_of_several_tensors_stay_and_are_undone(lab: BitLab) -> None:
    assert lab.buttons["undo"].disabled
    lab.grid.flipped = [3]
    lab.controls["tensor"].value = "bias"
    assert lab.grid.name == "up2.bias" and lab.grid.flipped == []
    lab.grid.flipped = [5, 6]
    assert len(lab.flipped) == 3
    lab.controls["operator"].value = "conv_in"
    lab.controls["operator"].value = "up2"
    assert lab.grid.name == "up2.bias" and lab.grid.flipped == [5, 6]
    lab.controls["tensor"].value = "weight"
    assert lab.grid.name == "up2.weight" and lab.grid.flipped == [3]
    lab.undo()
    assert lab.grid.flipped == [3] and len(lab.flipped) == 1
    lab.undo()
    assert lab.flipped == () and lab.grid.flipped == [] and lab.buttons["undo"].disabled
    lab.undo()
    assert "every sample equal" in lab.outcome.numbers.value


def test_random_flips_are_drawn_anew_and_cleared(lab: BitLab) -> None:
    lab.buttons["count"].value = 20
    lab.flip_random()
    first = set(lab.flipped)
    lab.flip_random()
    assert len(first) == 20 and first < set(lab.flipped) and len(lab.grid.flipped) > 30
    lab.clear()
    assert lab.flipped == () and "every sample equal" in lab.outcome.numbers.value
    lab.undo()
    assert first < set(lab.flipped)


def test_the_worst_bits_do_more_harm_than_any_other(lab: BitLab) -> None:
    lab.controls["tensor"].value = "bias"
    lab.buttons["count"].value = 2
    lab.flip_worst()
    assert len(lab.flipped) == 2
    image, word = voice().image(), lab.controls["word"].value
    positions = lab._positions()
    alone = harm_of_bits(image, voice().inputs(word), positions)
    assert lab.flipped[0] in positions[alone == alone.max()] or (
        lab.flipped[1] in positions[alone == alone.max()]
    )


def test_colours_are_the_harm_of_trials(lab: BitLab) -> None:
    lab.controls["tensor"].value = "bias"
    lab.colour()
    shown = np.frombuffer(lab.grid._harm, np.uint8)
    word, positions = lab.controls["word"].value, lab._positions()
    assert len(shown) == len(positions) and UNKNOWN not in shown
    for number in (0, len(positions) - 1, int(np.argmax(shown))):
        heard = hear(voice(), word, f"bits={positions[number]}")
        alone = np.array([min(1.0, 10 ** (-heard.metrics.snr_db / 10))])
        assert abs(int(harm_codes(alone)[0]) - int(shown[number])) <= 1
    lab.controls["tensor"].value = "weight"
    assert lab.grid._harm == b""
    lab.controls["tensor"].value = "bias"
    assert np.array_equal(np.frombuffer(lab.grid._harm, np.uint8), shown), "it is remembered"


def test_a_stop_leaves_what_is_known(lab: BitLab, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: Any, progress: Any, **__: Any) -> None:
        progress(np.full(10, 0.5))
        raise KeyboardInterrupt

    monkeypatch.setattr(bit_lab, "harm_of_bits", stopped)
    lab.colour()
    shown = np.frombuffer(lab.grid._harm, np.uint8)
    assert (shown[:10] < UNKNOWN).all() and (shown[10:] == UNKNOWN).all()
    assert "interrupted" in lab.status.value
    lab.grid.flipped = [1]
    assert "interrupted" not in lab.status.value


def test_what_goes_wrong_is_told_and_undone_work_stays(
    lab: BitLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.grid.flipped = [1]

    def refused(*_: Any, **__: Any) -> None:
        raise WorkbenchError("there is no such bit")

    with monkeypatch.context() as patch:
        patch.setattr(bit_lab, "hear", refused)
        lab.grid.flipped = [1, 2]
        assert "there is no such bit" in lab.status.value
    lab.undo()
    assert lab.grid.flipped == [1] and "no such bit" not in lab.status.value


def test_any_text_can_be_said(lab: BitLab) -> None:
    lab.controls["generator"].value = "speech"
    assert lab.flipped == () and lab.voice.generator.name == "speech"
    lab.controls["word"].value = "Take 2 pills"
    sound = as_codes(lab.voice.speak("Take 2 pills"))
    np.testing.assert_array_equal(codes(lab.outcome.player)["after"], sound)
    assert "Take 2 pills" in lab.snippet.code


def test_bits_of_a_face_are_seen(lab: BitLab) -> None:
    lab.controls["generator"].value = "viseme"
    assert "masked" in lab.outcome.numbers.value
    lab.controls["operator"].value = "blend"
    lab.controls["tensor"].value = "shapes"
    lab.colour()
    harm = np.frombuffer(lab.grid._harm, np.uint8)
    lab.grid.flipped = np.argsort(harm)[-5:].tolist()
    assert "healed: " in lab.outcome.numbers.value
    assert "masked" not in lab.outcome.numbers.value
    assert "blend.shapes" in lab.outcome.sites.value
    made, _ = ran(lab.snippet)
    assert made["faces"].html == lab.outcome.faces.value
    lab.clear()
    assert "masked" in lab.outcome.numbers.value


def test_harm_comes_in_parts() -> None:
    image, inputs = voice().image(), voice().inputs("1")
    positions = image.layout.positions(("weights",), operators=("conv_in",))[: AT_ONCE + 10]
    parts: list[int] = []
    harm = harm_of_bits(image, inputs, positions, progress=lambda known: parts.append(len(known)))
    assert parts == [AT_ONCE, AT_ONCE + 10] and ((harm >= 0) & (harm <= 1)).all()
    np.testing.assert_array_equal(harm[-10:], harm_of_bits(image, inputs, positions[-10:]))
