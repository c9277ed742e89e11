"""The README of an exported folder says how to switch every layer that can be un-pruned."""

from __future__ import annotations

import pytest
from programs import random_program, random_pruned_program
from random_strategies import unpruning

from workbench.firmware.design import Firmware
from workbench.firmware.exporting.mode_notes import modes
from workbench.firmware.writing.header import header
from workbench.healing.strategies.fitted import fitted
from workbench.healing.strategies.named import crc_scrub, nothing
from workbench.healing.strategies.strategy import Strategy
from workbench.integer.program import Program
from workbench.integer.pruning import prunable, with_dense
from workbench.memory.image import Image


def _firmware(program: Program, strategy: Strategy, weights: str = "ram") -> Firmware:
    strategy = fitted(strategy, program)
    image = strategy.image(program)
    return Firmware.of(image, strategy=strategy, weights=weights, prefix="voice")


@pytest.mark.parametrize("seed", [500, 501])
def test_every_layer_stands_there(seed: int) -> None:
    program = random_pruned_program(seed)
    layers = prunable(program)
    base = with_dense(program, ()).macs_per_frame()
    firmware = _firmware(program, crc_scrub(1))
    text = modes(firmware)
    for number, layer in enumerate(layers):
        more = with_dense(program, (layer,)).macs_per_frame() - base
        assert f"| {number} | `{layer}` | {more:,} |" in text
    member = text.split("voice_device.memory.parameters.")[1].split("[0]")[0]
    assert f" {member}[1]" in header(firmware)


def test_how_depends_on_healer_and_memory() -> None:
    program = random_pruned_program(500)
    guarded = _firmware(program, unpruning(0, fitted(crc_scrub(1), program), program))
    assert "voice_unprune(&voice_device, 0, 100)" in modes(guarded)
    assert "int voice_unprune(" in header(guarded)
    firmware = _firmware(program, crc_scrub(1))
    assert "voice_unprune" not in modes(firmware) + header(firmware)
    in_flash = Firmware.of(Image.of(program), strategy=nothing(), weights="flash", prefix="voice")
    assert "stay as they are" in modes(in_flash)
    assert not modes(_firmware(random_program(3), crc_scrub(1)))
