"""Named strategies on networks of any size: they make an image, heal, and are the same as on the device."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import random_inputs, random_program, seeds

from workbench.errors import WorkbenchError
from workbench.experiments.voices.voice import open_voice
from workbench.firmware.design import Firmware
from workbench.firmware.twins.equivalence import first_difference, near_schedule
from workbench.firmware.twins.host import host_machine
from workbench.healing.log import Remedy
from workbench.healing.simulation import simulate
from workbench.healing.strategies.fitted import fitted
from workbench.healing.strategies.named import NAMED, named
from workbench.healing.strategies.strategy import Guard, Strategy
from workbench.integer.operators import Conv
from workbench.integer.program import Program
from workbench.integer.signals import Signal
from workbench.memory.faults.events import Event
from workbench.memory.image import Image
from workbench.memory.watches.areas import Area
from workbench.training.checkpoint_files import shipped_checkpoint

# What no size can mend: nibbles have no neighbours, sums of groups are not watched, words of padding.
REFUSALS = (
    "4-bit values, which have no neighbours",
    "no convolution of one group",
    "too few elements to become code words",
)


def one_convolution(channels: int = 2) -> Program:
    """A single convolution with `channels` outputs of two taps of two inputs."""
    rng = np.random.default_rng(channels)
    weight = rng.integers(-128, 128, (1, channels, 2, 2)).astype(np.int8)
    bias, shift = np.arange(channels, dtype=np.int32), np.full(channels, 7, np.int8)
    conv = Conv("conv", ("in",), "out", weight, bias, shift, -128, 127, 8)
    signals = (Signal("in", 8, 2, 1, -7), Signal("out", 8, channels, 1, -7))
    return Program("one", ("in",), "out", 100.0, signals, (conv,))


TINY = one_convolution()


@pytest.mark.parametrize("checkpoint", ["seed0", "int4"])
def test_on_the_shipped_network_all_is_as_it_was(checkpoint: str) -> None:
    program = open_voice(shipped_checkpoint(checkpoint)).program
    for name in NAMED:
        assert named(name, program) == named(name)


def test_sizes_of_ones_own_are_not_touched() -> None:
    mine = Strategy("mine", (Guard(Area("crc32")),))
    with pytest.raises(WorkbenchError, match=r"a unit of 256 bytes is larger .* use at most"):
        mine.image(TINY)
    (guard,) = fitted(mine, TINY).guards
    assert guard.area.unit_bytes == Image.of(TINY, areas=()).layout.working_bytes // 8 * 8


@given(seed=seeds, operators=st.integers(1, 6))
@settings(max_examples=25)
def test_every_named_strategy_suits_any_network(seed: int, operators: int) -> None:
    program = random_program(seed, operators)
    if not Image.of(program, areas=()).layout.working_bytes:
        return
    for name in NAMED:
        strategy = named(name, program)
        assert strategy.name == name and len(strategy.guards) <= len(named(name).guards)
        try:
            image = strategy.image(program)
        except WorkbenchError as error:
            assert any(reason in str(error) for reason in REFUSALS), f"{name}: {error}"
            continue
        for guard, watch in zip(strategy.guards, image.layout.watches, strict=True):
            if guard.area.kind.divided or guard.area.kind.validates:
                assert 1 <= guard.per_frame <= max(1, watch.units)


def restores(strategy: Strategy) -> bool:
    """Whether single flips of weights come right again, by the look of it."""
    able = {Remedy.CORRECT, Remedy.RESTORE, Remedy.REBOOT}
    return all(set(guard.ladder) & able for guard in strategy.guards) and strategy.heals


@pytest.mark.parametrize("name", NAMED)
def test_every_named_strategy_heals_the_smallest_network(name: str) -> None:
    strategy = named(name, TINY)
    image = strategy.image(TINY)
    layout = image.layout
    weights = layout.sections["weights"]
    hits = [Event(1, 8 * weights.start + 6)]
    inputs = random_inputs(TINY, 3, 40)
    calm = simulate(image, inputs, (), strategy, word_starts=())
    assert calm.log == () and not calm.wrong_bits.any()
    result = simulate(image, inputs, hits, strategy, word_starts=())
    assert bool(result.log) == strategy.heals
    assert not (restores(strategy) and result.wrong_bits[-1])


def test_every_named_strategy_is_the_same_on_the_device() -> None:
    strategies = [named(name, TINY) for name in NAMED]
    firmwares = [
        Firmware.of(each.image(TINY), strategy=each, weights="ram", prefix=f"s{number}")
        for number, each in enumerate(strategies)
    ]
    machine, inputs = host_machine(firmwares), random_inputs(TINY, 5, 10)
    for firmware in firmwares:
        schedules = [near_schedule(firmware, n, frames=10, stuck=firmware.heals) for n in range(3)]
        difference = first_difference(machine, firmware, inputs, schedules)
        assert difference is None, f"{firmware.strategy.name}: {difference}"


def test_pages_that_move_stay_of_one_size() -> None:
    strategy = named("relocating", one_convolution(9))
    sizes = {guard.area.unit_bytes for guard in strategy.guards}
    assert len(sizes) == 1 and sizes < {8 * n for n in range(64)} and strategy.spare_pages == 4


def test_words_in_place_are_as_long_as_the_weights_allow() -> None:
    codes = [named("in-place256", one_convolution(n)).guards[0].area.code for n in (1, 4, 8)]
    assert codes == ["in-place64", "in-place128", "in-place256"]


@pytest.mark.parametrize(
    ("wrong", "near"),
    [("crc-scrb", "crc-scrub"), ("CRC_SCRUB", "crc-scrub"), ("two speeds", "two-speeds"),
     ("parity", "parity-zero"), ("pq_scrub ", "pq-scrub"), ("CRC", "crc-scrub"),
     ("SECDED64", "secded64-scrub")],
)  # fmt: skip
def test_a_misspelt_name_gets_the_nearest(wrong: str, near: str) -> None:
    with pytest.raises(WorkbenchError) as refusal:
        named(wrong)
    message = str(refusal.value)
    assert f"did you mean {near}? `workbench compare --list` shows all" in message
    assert sum(name in message for name in NAMED if name != near) <= 1


def test_a_name_like_none_is_answered_without_a_guess() -> None:
    with pytest.raises(WorkbenchError, match="no strategy 'xylophone'; `workbench compare --list`"):
        named("xylophone")
