"""The kernels of 64-bit ARM are the truth as well: compiled by zig, run by qemu-aarch64."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from emulated import PROCESSORS, QEMU, EmulatedEngine, compile_driver
from hypothesis import HealthCheck, given, settings
from listeners import listening_case
from programs import random_inputs, seeds, wide_program
from speaking_programs import speaking_case
from trial_cases import FRAMES, random_case, random_events

from workbench.memory.faults.events import Events
from workbench.memory.faults.transients import Sites
from workbench.memory.image import Image
from workbench.memory.trials.laboratory import Laboratory

pytestmark = pytest.mark.skipif(
    shutil.which(QEMU) is None, reason=f"{QEMU}, which runs the kernels of ARM, is not installed"
)


@pytest.fixture(scope="module", params=PROCESSORS)
def engine(request: pytest.FixtureRequest, made_once) -> EmulatedEngine:  # type: ignore[no-untyped-def]
    folder = made_once(
        f"native-{request.param}", lambda folder: compile_driver(folder, request.param)
    )
    return EmulatedEngine(Path(folder) / "driver", request.param)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(seed=seeds)
def test_the_kernels_of_arm_are_the_truth(engine: EmulatedEngine, seed: int) -> None:
    _check(engine, *random_case(seed))


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(seed=seeds)
def test_operators_with_tables_are_the_truth(engine: EmulatedEngine, seed: int) -> None:
    _check(engine, *(speaking_case if seed % 2 else listening_case)(seed, FRAMES))


@pytest.mark.parametrize(("channels", "out"), [(300, 33), (2, 1025)])
def test_rows_and_columns_of_any_number(engine: EmulatedEngine, channels: int, out: int) -> None:
    image = Image.of(wide_program(channels, out))
    events = random_events(Sites(image), np.random.default_rng(out), 3)
    _check(engine, image, random_inputs(image.program, 1, FRAMES), events, 3)


def _check(
    engine: EmulatedEngine,
    image: Image,
    inputs: dict[str, np.ndarray],
    events: Events,
    trials: int,
) -> None:
    lab = Laboratory(image, inputs, engine="native", kernels="plain")
    for faults, offsets in lab._translator.parts(events, trials):
        wrong, outcomes, sounds = engine.trials(image.program, lab.inputs, faults, offsets)
        assert wrong == -1, "the clean run is the reference's"
        np.testing.assert_array_equal(outcomes, lab.outcomes(events, trials))
        np.testing.assert_array_equal(sounds, lab.sounds(events, trials))
