"""What strategies protect besides their weights: two wrong bits of a word do no harm, wherever they lie."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from voices import voice

from workbench.healing.devices.device import Device
from workbench.healing.log import Verdict
from workbench.healing.strategies.variants import strategy_variant

NAMES = ("parity-zero", "interpolate", "clip", "radar", "in-place64", "in-place256")


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_two_flips_of_one_word_and_its_check_are_repaired(name: str, data: st.DataObject) -> None:
    """An error-correcting code cannot tell where both lie; zeroing the word would destroy a sound bias."""
    strategy, program = strategy_variant(name, voice().program, {})
    image = strategy.image(program)
    rest = image.layout.watches[1]
    word = data.draw(st.integers(0, (rest.stop - rest.start) // 4 - 1))
    checks = image.layout.place(rest.label, "check").start
    bits = [8 * (rest.start + 4 * word) + bit for bit in range(32)]
    bits += [8 * (checks + word) + bit for bit in range(7)]
    hit = data.draw(st.lists(st.sampled_from(bits), min_size=2, max_size=2, unique=True))
    device = Device(image, strategy, image.data)
    device.flip(hit)
    device.wait(rest.units)
    assert not len(device.wrong)
    device.wait(8 * rest.units)  # a check that was hit as well is put right by later scans
    assert not len(device.wrong) and device.data[checks + word] == image.data[checks + word]
    assert device.log[-1].verdict == Verdict.HEALED
