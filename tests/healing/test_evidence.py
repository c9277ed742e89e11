"""One damaged bit of what a healer keeps never costs a good weight, and one of a weight is always found."""

import numpy as np
import pytest

from workbench.experiments.voices.voice import open_voice
from workbench.healing.devices.device import Device
from workbench.healing.log import Diagnosis, Remedy, Verdict
from workbench.healing.overheads import overheads
from workbench.healing.strategies.strategy import Guard, Strategy
from workbench.healing.strategies.variants import NAMES, strategy_variant
from workbench.memory.image import Image
from workbench.memory.watches.areas import Area

HEALERS = [name for name in NAMES if name not in ("none", "range", "un-prune")]


@pytest.fixture(scope="module", params=HEALERS)
def prepared(request: pytest.FixtureRequest):
    voice = open_voice()
    strategy, program = strategy_variant(request.param, voice.program, {})
    image = strategy.image(program)
    return strategy, image, overheads(image.layout, strategy).frames_per_scan or 1


def live(strategy, image: Image, flips: list[int], frames: int) -> Device:
    device = Device(image, strategy, image.data)
    device.flip(flips)
    for _ in range(2):  # the second scan must find nothing more to do
        for _ in range(frames):
            device.heal()
    return device


def test_damage_of_what_checks_is_no_damage_of_what_is_checked(prepared) -> None:
    strategy, image, scan = prepared
    rng = np.random.default_rng(4)
    for name in ("healer", "ram_check", "golden", "check", "spare"):
        section = image.layout.sections[name]
        for _ in range(6 if section.size_bytes else 0):
            bit = int(rng.integers(8 * section.start, 8 * section.stop))
            device = live(strategy, image, [bit], scan)
            believes = strategy.name == "golden-scrub" and name == "golden"
            assert len(device.wrong) == device.false_positives == believes, image.site(bit)
            assert not any(
                entry.diagnosis == Diagnosis.MEMORY and strategy.name != "golden-scrub"
                for entry in device.log
            )


def test_every_single_flip_of_a_watched_bit_is_found(prepared) -> None:
    strategy, image, scan = prepared
    rng = np.random.default_rng(5)
    codes = {area.code for area in strategy.areas}
    if codes <= {"abft", "triple", "self-test"} or "radar" in codes:
        return  # what is said or heard, or which bytes, or which bits decide: see test_firmware_equals_simulation
    for bit in rng.integers(0, 8 * image.layout.working_bytes, 12).tolist():
        device = live(strategy, image, [bit], scan)
        if image.site(bit).operator:
            if not any(guard.ladder for guard in strategy.guards):
                assert [e.verdict for e in device.log] == [Verdict.UNHEALED], image.site(bit)
                continue
            assert any(e.verdict == Verdict.HEALED for e in device.log), image.site(bit)
            assert not any(device.suspect) and not device.false_positives


def test_four_flips_that_look_like_a_damaged_check_are_put_right() -> None:
    """They deceive P + Q alone; where there is a golden copy, it is asked as well."""
    program = open_voice().program
    flips = [32 * word for word in (253, 255, 223, 248)]
    for ladder, left in (((Remedy.CORRECT, Remedy.RESTORE), 0), ((Remedy.CORRECT, Remedy.ZERO), 4)):
        area = Area("pq", ("weights",), 1024, keep="ram")
        strategy = Strategy("one", (Guard(area, 4, ladder),))
        image = strategy.image(program)
        device = Device(image, strategy, image.data)
        device.flip(flips)
        watch = device.guards[0][1]
        assert watch.wrong(device.data, 0) and not watch.data_wrong(device.data, 0)
        for _ in range(100):
            device.heal()
        assert len(device.wrong) == left, ladder
        assert not any(device.suspect)
