"""A safety voice: C and Python agree on what is heard, whatever upsets do to the switch, and a fade has no step."""

from __future__ import annotations

import ctypes
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from batches import random_firmwares, random_upsets
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import random_inputs

from workbench.errors import WorkbenchError
from workbench.experiments.voices.voice import open_voice
from workbench.firmware.boards import CORES
from workbench.firmware.emulation.emulate import emulate
from workbench.firmware.toolchain import WARNINGS, build_folder, compile_shared
from workbench.firmware.twins.host import host_machine
from workbench.firmware.twins.twin import Twin, frames_of
from workbench.generators.challenge import GENERATOR
from workbench.generators.challenge.configuration import ChallengeConfig
from workbench.generators.challenge.recipe import PRESETS
from workbench.healing.devices.device import Device
from workbench.healing.safety_voice import (
    SHARE,
    Heard,
    SafetyRules,
    Switch,
    frames_of_safety,
    mixed,
    refuse_over_budget,
)
from workbench.healing.simulation import simulate_many
from workbench.healing.statuses import status_runs
from workbench.integer.lowered_generator import lower_generator
from workbench.integer.program import Program
from workbench.memory.image import Image
from workbench.memory.layout import Layout
from workbench.training.train import calibrate

_SOURCE = """#include "runtime/wb_safety.h"

wb_safety state;
uint32_t next_heard(uint32_t patience, uint32_t recovery, uint32_t status);
void begin(void);
void mix(uint32_t heard, const int16_t *voice, const int16_t *safety, int16_t *output, uint32_t count);

uint32_t next_heard(uint32_t patience, uint32_t recovery, uint32_t status)
{
    const wb_safety_rules rules = {patience, recovery};
    return (uint32_t)wb_safety_next(&state, &rules, (wb_status)status);
}

void begin(void)
{
    wb_safety_begin(&state);
}

void mix(uint32_t heard, const int16_t *voice, const int16_t *safety, int16_t *output, uint32_t count)
{
    wb_safety_mix((wb_heard)heard, voice, safety, output, count);
}
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    target: Path = tmp_path_factory.mktemp("safety") / "safety.so"
    with build_folder({"safety.c": _SOURCE}) as folder:
        compile_shared(folder, target, options=WARNINGS)
    return ctypes.CDLL(str(target))


@settings(max_examples=80, deadline=None)
@given(
    patience=st.integers(1, 6),
    recovery=st.integers(1, 6),
    frames=st.lists(
        st.tuples(
            st.sampled_from([0, 0, 0, 1, 2, 2, 3]),
            st.lists(st.tuples(st.integers(0, 2), st.integers(0, 31)), max_size=2),
        ),
        max_size=60,
    ),
)
def test_both_switch_alike_under_upsets(
    library: ctypes.CDLL, patience: int, recovery: int, frames: list
) -> None:
    copies = (ctypes.c_uint32 * 3).in_dll(library, "state")
    switch = Switch(SafetyRules(patience, recovery))
    library.begin()
    for status, upsets in frames:
        for copy, bit in upsets:
            copies[copy] ^= 1 << bit
            switch.copies[copy] ^= np.uint32(1 << bit)
        assert library.next_heard(patience, recovery, status) == switch.next(status)
        assert list(copies) == switch.copies.tolist()


@settings(deadline=None)
@given(
    seed=st.integers(0, 2**32),
    count=st.sampled_from([1, 2, 7, 128, 160]),
    heard=st.sampled_from(Heard),
)
def test_both_mix_alike(library: ctypes.CDLL, seed: int, count: int, heard: Heard) -> None:
    rng = np.random.default_rng(seed)
    voice, safety = rng.integers(-32768, 32768, (2, count)).astype(np.int16)
    output = np.zeros(count, np.int16)
    pointer = ctypes.POINTER(ctypes.c_int16)
    library.mix(
        int(heard), *(each.ctypes.data_as(pointer) for each in (voice, safety, output)), count
    )
    np.testing.assert_array_equal(output, mixed(heard, voice, safety))


_RUNS = st.lists(st.tuples(st.integers(0, 3), st.integers(1, 9)), max_size=12)


@given(patience=st.integers(1, 6), recovery=st.integers(1, 6), runs=_RUNS, seed=st.integers(0, 99))
def test_many_frames_at_once_are_heard_as_one_by_one(
    patience: int, recovery: int, runs: list[tuple[int, int]], seed: int
) -> None:
    """And utterances have as many frames of the safety voice as are heard in them."""
    rules = SafetyRules(patience, recovery)
    single, many = Switch(rules), Switch(rules)
    expected = [single.next(status) for status, count in runs for _ in range(count)]
    made = [
        heard
        for status, count in runs
        for heard, lasts in many.run(status, count)
        for _ in range(lasts)
    ]
    assert made == expected and many.copies.tolist() == single.copies.tolist()
    cuts = np.random.default_rng(seed).integers(0, len(expected) + 1, 3)
    starts = np.array([0, *sorted(cuts.tolist()), len(expected)])
    other = np.array([heard != Heard.VOICE for heard in expected], bool)
    counted = [int(other[first:last].sum()) for first, last in pairwise(starts.tolist())]
    assert frames_of_safety(rules, runs, starts).tolist() == counted


def test_both_hear_the_same_of_a_device() -> None:
    """What the steps of the C return is what the log and the waiting units of the simulation say, and so is what is heard."""
    firmwares = [f for f in random_firmwares(41, 8) if f.weights == "ram" and f.heals]
    machine, rules, seen = host_machine(firmwares), SafetyRules(2, 3), set()
    for number, firmware in enumerate(firmwares):
        image, frames = firmware.image, 24
        waits = image.layout.sections["backoff"]  # an upset of these bits is believed by neither
        upsets = [
            upset
            for upset in random_upsets(image, number, frames=frames, count=40)
            if not waits.start <= upset.position // 8 < waits.stop
        ]
        inputs = random_inputs(firmware.program, number, frames)
        device = Device(image, firmware.strategy, image.data)
        simulate_many(image, inputs, [upsets], firmware.strategy, devices=[device])
        runs = status_runs(device.trace, device.log, frames)
        twin, statuses = Twin(machine, firmware), []
        for frame, codes in enumerate(frames_of(firmware, inputs)):
            twin.begin_frame(frame, upsets, ())
            twin.step(codes)
            statuses.append(int(twin.status))
        twin.flip(
            u.position for u in upsets if u.position >= 8 * image.layout.sections["golden"].start
        )
        assert [int(status) for status, count in runs for _ in range(count)] == statuses
        switch = Switch(rules)
        other = sum(switch.next(status) != Heard.VOICE for status in statuses)
        assert frames_of_safety(rules, runs, np.array([0, frames])).tolist() == [other]
        seen |= {*statuses, other > 0}
    assert seen == {0, 1, 2, 3}


def test_what_is_heard_when() -> None:
    switch = Switch(SafetyRules(patience=3, recovery=2))
    statuses = [0, 2, 2, 0, 2, 2, 2, 2, 0, 2, 0, 1, 0, 3, 3, 0, 0]
    made = [switch.next(status).name for status in statuses]
    assert made == [
        "VOICE", "VOICE", "VOICE", "VOICE", "VOICE", "VOICE", "TO_SAFETY", "SAFETY", "SAFETY", "SAFETY",
        "SAFETY", "TO_VOICE", "VOICE", "TO_SAFETY", "SAFETY", "SAFETY", "TO_VOICE",
    ]  # fmt: skip


def test_a_fade_has_no_step() -> None:
    """The same tone in both, with opposite sign: no two samples that follow differ by more than the tone and the fade do."""
    time = np.arange(3 * 128)
    tone = np.round(20000 * np.sin(2 * np.pi * time / 100)).astype(np.int16)
    parts = [
        mixed(heard, tone[128 * n : 128 * (n + 1)], -tone[128 * n : 128 * (n + 1)])
        for n, heard in enumerate((Heard.VOICE, Heard.TO_SAFETY, Heard.SAFETY))
    ]
    sound = np.concatenate(parts).astype(int)
    assert (
        np.abs(np.diff(sound)).max()
        <= np.abs(np.diff(tone.astype(int))).max() + 2 * 20000 / 128 + 2
    )
    assert sound[-1] == -int(tone[-1]) and sound[0] == int(tone[0])


@pytest.mark.parametrize("rules", [(0, 1), (1, 0), (1, 2**15 + 1), (True, 1)])
def test_rules_that_cannot_be_are_refused(rules: tuple[int, int]) -> None:
    with pytest.raises(WorkbenchError, match="safety voice is"):
        SafetyRules(*rules)


def _lowered(**shape: object) -> Program:
    config = ChallengeConfig(tuple("0123456789"), **shape)  # type: ignore[arg-type]
    torch.manual_seed(0)
    model = GENERATOR.network(config, quantised=True)
    rows = GENERATOR.encode(config, ("0", "1"))
    calibrate(
        model,
        {name: torch.from_numpy(each[..., 0].astype(np.int64)) for name, each in rows.items()},
    )
    return lower_generator(GENERATOR, model.eval()).program


def test_a_small_voice_is_within_its_budget_and_others_are_refused() -> None:
    voice = open_voice().program
    safety = _lowered(frames=96, **PRESETS["safety"].shape)
    refuse_over_budget(voice, safety)
    size = Layout(safety, areas=()).working_bytes
    assert size <= SHARE * Layout(voice, areas=()).working_bytes
    with pytest.raises(WorkbenchError, match="bytes of parameters and 15% of the voice are"):
        refuse_over_budget(voice, voice)
    with pytest.raises(WorkbenchError, match="other inputs or frames"):
        refuse_over_budget(voice, open_voice(generator="viseme").program)


def test_a_small_voice_takes_few_instructions() -> None:
    """Of an emulated Cortex-M4; both voices say the same frames."""
    voice = open_voice()
    frames = {name: rows[:, :16] for name, rows in voice.inputs("7").items()}
    safety = _lowered(frames=96, **PRESETS["safety"].shape)
    whole, part = (
        emulate(Image.of(program), CORES["m4"], frames).instructions_per_frame
        for program in (voice.program, safety)
    )
    assert part <= SHARE * whole
