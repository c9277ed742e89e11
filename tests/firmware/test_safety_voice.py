"""A safety voice: C and Python agree on what is heard, whatever upsets do to the switch, and a fade has no step."""

from __future__ import annotations

import ctypes
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import WorkbenchError
from workbench.experiments.voices.voice import open_voice
from workbench.firmware.boards import CORES
from workbench.firmware.emulation.emulate import emulate
from workbench.firmware.toolchain import WARNINGS, build_folder, compile_shared
from workbench.generators.challenge import GENERATOR
from workbench.generators.challenge.configuration import ChallengeConfig
from workbench.generators.challenge.recipe import PRESETS
from workbench.healing.safety_voice import (
    SHARE,
    Heard,
    SafetyRules,
    Switch,
    mixed,
    refuse_over_budget,
)
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
