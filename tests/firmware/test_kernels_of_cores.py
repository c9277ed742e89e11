"""Kernels of every core and compiler: all codes equal, at edges, odd sizes and under faults."""

import shutil

import numpy as np
import pytest
from batches import needs_emulator
from conv_chains import chain_firmwares, chain_inputs, wide_firmware
from cores import BUILDS, machine_of
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import seeds
from thoroughness import cases

from workbench.firmware.boards import CORES
from workbench.firmware.emulation.emulate import emulated_machine
from workbench.firmware.emulation.qemu import has_qemu, run_on_m55
from workbench.firmware.toolchain import GCC, ZIG
from workbench.firmware.twins.twin import Machine, Twin
from workbench.integer.reference import run

needs_qemu = pytest.mark.skipif(
    not has_qemu() or shutil.which("arm-none-eabi-gcc") is None,
    reason="qemu-system-arm or arm-none-eabi-gcc, which run and compile for a Cortex-M55, are not installed",
)
COUNT = cases(12, nightly=40)
FIRMWARES = [*chain_firmwares(0, COUNT), wide_firmware(COUNT)]
FRAMES = 3


@pytest.fixture(scope="module", params=BUILDS, ids=str)
def machine(request: pytest.FixtureRequest) -> Machine:
    return machine_of(request.param, FIRMWARES)


@needs_emulator
@settings(max_examples=cases(40, nightly=400), deadline=None)
@given(number=st.integers(0, COUNT), seed=seeds, flips=st.sampled_from([0, 0, 5, 60]))
def test_every_code_is_equal(machine: Machine, number: int, seed: int, flips: int) -> None:
    firmware = FIRMWARES[number]
    program = firmware.program
    bits = 8 * firmware.layout.working_bytes
    positions = np.random.default_rng(seed).integers(0, bits, flips)
    inputs = chain_inputs(program, seed, FRAMES)
    damaged = firmware.image.flip(positions).to_program()
    twin = Twin(machine, firmware)
    twin.flip(positions.tolist())
    np.testing.assert_array_equal(twin.run(inputs), run(damaged, inputs)[program.output][0])


@needs_emulator
@pytest.mark.parametrize("core", ["m0plus", "m4"])
def test_plain_kernels_are_equal(core: str) -> None:
    """What fits no family, and what a build may ask for."""
    machine = emulated_machine(FIRMWARES, CORES[core], compiler=ZIG, defines=["WB_PLAIN_KERNELS"])
    for seed, firmware in enumerate(FIRMWARES):
        inputs = chain_inputs(firmware.program, seed, FRAMES)
        expected = run(firmware.program, inputs)[firmware.program.output][0]
        np.testing.assert_array_equal(Twin(machine, firmware).run(inputs), expected)


def test_the_chains_reach_every_path() -> None:
    """So that the tests above cannot pass for want of something to test."""
    convs = [conv for firmware in FIRMWARES for conv in firmware.program.operators]
    for varies in ("up", "taps", "dilation", "stride", "groups", "weight_bits"):
        assert len({getattr(conv, varies) for conv in convs}) > 1, varies
    assert any(conv.weight.shape[3] == 1 and conv.taps > 8 for conv in convs)
    assert any(conv.weight.shape[3] == 1 and conv.taps <= 8 for conv in convs)
    assert any((conv.shift < 0).any() for conv in convs)
    assert any(conv.taps * conv.weight.shape[3] % 8 for conv in convs)


@needs_qemu
def test_every_code_is_equal_on_a_cortex_m55() -> None:
    """With vectors, in QEMU, by both compilers."""
    inputs = [chain_inputs(f.program, seed, FRAMES) for seed, f in enumerate(FIRMWARES)]
    for compiler in (ZIG, GCC):
        runs = run_on_m55(FIRMWARES, inputs, compiler=compiler)
        for firmware, codes, made in zip(FIRMWARES, inputs, runs, strict=True):
            expected = run(firmware.program, codes)[firmware.program.output][0]
            np.testing.assert_array_equal(made.codes, expected)
            assert (made.instructions > firmware.program.macs_per_frame() / 100).all()
