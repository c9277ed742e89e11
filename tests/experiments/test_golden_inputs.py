"""Golden inputs beside monitors: what they find, and in which frame, is what a device that heals writes down."""

import numpy as np
import pytest
from voices import voice

from workbench.experiments.monitors.detection import detect
from workbench.experiments.monitors.faulty import faulty_utterances, one_bit
from workbench.experiments.monitors.frontier import prices
from workbench.experiments.monitors.golden_inputs import GoldenInputs
from workbench.firmware.boards import CORES
from workbench.healing.devices.device import Device
from workbench.healing.strategies.named import named, self_test
from workbench.memory.image import Image


@pytest.mark.parametrize(("every_frames", "moments"), [(32, 4), (7, 3)])
def test_a_flip_is_found_in_the_frame_in_which_a_device_finds_it(
    every_frames: int, moments: int
) -> None:
    strategy = self_test(every_frames, moments=moments)
    golden = GoldenInputs(voice(), strategy)
    image = strategy.image(voice().program)
    rng = np.random.default_rng(5)
    bits = rng.choice(Image.of(voice().program).layout.positions(), 24).tolist()
    bits += image.layout.positions(("bias",), bits=(12,))[:4].tolist()  # which outputs show
    outcomes = set()
    for bit in bits:
        start, frames = int(rng.integers(400)), int(rng.integers(20, 300))
        device = Device(image, strategy, image.data)
        device.wait(start)
        device.flip([bit])
        for _ in range(frames):
            device.heal()
        alarm = golden.first_alarm([bit], start, frames)
        shown = golden.shown([bit])
        assert [entry.frame - start for entry in device.log][:1] == ([] if alarm is None else [alarm])  # fmt: skip
        if alarm is not None:
            look = (start + alarm) // every_frames
            assert (start + alarm) % every_frames == 0 and shown[look % moments]
        elif frames >= every_frames * moments:
            assert not any(shown)
        outcomes.add(None if alarm is None else any(shown) and not all(shown))
    assert {None, False} <= outcomes


def test_detection_has_golden_inputs_last_and_counts_from_what_is_heard() -> None:
    golden = GoldenInputs(voice())
    found = detect(voice(), [], trials=40, golden=golden)
    wanted, start = [], 0
    program = voice().program
    for each in faulty_utterances(voice(), (), draw=one_bit, trials=40, seed=0):
        frames = len(each.clean[program.output]) // program.signal(program.output).rate
        if each.first is not None:
            alarm = golden.first_alarm(each.bits.tolist(), start, frames)
            wanted.append((None if alarm is None else alarm - each.first,))
        start += frames
    assert [each.delays for each in found] == wanted
    assert None in {delays[0] for delays in wanted} and len({*wanted}) > 3


def test_instructions_are_of_whole_rounds_of_the_schedule() -> None:
    """One test in 32 frames; of 40 frames two have one."""
    strategies = [named("self-test", voice().program), self_test(1)]
    rare, often = prices(voice(), strategies, [CORES["m4"]], lambda: None)
    assert rare.scan_frames is None
    assert rare.instructions["m4"] == pytest.approx(often.instructions["m4"] / 32, rel=0.1)
