"""Promise 2 in C on this machine: all samples equal, also with damage in any section."""

import numpy as np
import pytest
from batches import needs_zig, random_firmwares
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import random_inputs, random_program, seeds, split_frames

from workbench import compilers
from workbench.errors import WorkbenchError
from workbench.firmware import toolchain
from workbench.firmware.design import Firmware
from workbench.firmware.twins.host import host_machine
from workbench.firmware.twins.twin import Machine, Twin
from workbench.healing.strategies.named import nothing
from workbench.integer.reference import Stream, run
from workbench.memory.image import Image, flip_bits
from workbench.memory.places import WORKING_SECTIONS
from workbench.memory.tensors import write_tensor

COUNT = 40


@pytest.fixture(scope="module")
def compiled() -> tuple[Machine, list[Firmware]]:
    firmwares = random_firmwares(11, COUNT, healers=False)  # that nothing is mended
    return host_machine(firmwares), firmwares


@settings(max_examples=150, deadline=None)
@given(number=st.integers(0, COUNT - 1), seed=seeds, frames=st.integers(1, 6))
def test_every_sample_is_equal(compiled, number: int, seed: int, frames: int) -> None:
    machine, firmwares = compiled
    program = firmwares[number].program
    inputs = random_inputs(program, seed, frames)
    expected = run(program, inputs)[program.output][0]
    np.testing.assert_array_equal(Twin(machine, firmwares[number]).run(inputs), expected)


@settings(max_examples=150, deadline=None)
@given(number=st.integers(0, COUNT - 1), seed=seeds, flips=st.integers(1, 60))
def test_damaged_parameters_mean_the_same(compiled, number: int, seed: int, flips: int) -> None:
    machine, firmwares = compiled
    firmware = firmwares[number]
    layout, program = firmware.layout, firmware.program
    if not layout.working_bytes:
        return
    rng = np.random.default_rng(seed)
    positions = rng.integers(0, 8 * layout.working_bytes, flips)
    inputs = random_inputs(program, seed, 1)
    damaged = firmware.image.flip(positions).to_program()
    twin = Twin(machine, firmware)
    # With weights in flash the golden copy is what is read.
    golden = 8 * layout.sections["golden"].start
    hit = positions + (0 if firmware.copies else golden)
    twin.flip(hit.tolist())
    try:
        np.testing.assert_array_equal(twin.run(inputs), run(damaged, inputs)[program.output][0])
    finally:
        if not firmware.copies:  # flash outlives the twin
            twin.flip(hit.tolist())


@settings(max_examples=100, deadline=None)
@given(number=st.integers(0, COUNT - 1), seed=seeds)
def test_damaged_histories_mean_the_same(compiled, number: int, seed: int) -> None:
    machine, firmwares = compiled
    firmware = firmwares[number]
    program, layout = firmware.program, firmware.layout
    state = layout.sections["state"]
    rng = np.random.default_rng(seed)
    inputs = random_inputs(program, seed, 5)
    twin, stream = Twin(machine, firmware), Stream(program)
    for frame in range(5):
        part = split_frames(program, inputs, frame, frame + 1)
        if state.size_bytes:
            positions = rng.integers(8 * state.start, 8 * state.stop, 10)
            data = twin.image().data.copy()
            flip_bits(data, positions)
            stream.states = Image(program, layout, data).states()
            twin.flip(positions.tolist())
        codes = twin.step({name: values[0] for name, values in part.items()})
        np.testing.assert_array_equal(codes, stream.step(part)[program.output][0])
        expected = twin.image().data.copy()
        for place in layout.places:
            if place.section == "state":
                write_tensor(expected, place, stream.states[place.operator, place.tensor][0])
        np.testing.assert_array_equal(twin.image().data, expected)


def test_the_batch_has_everything(compiled) -> None:
    """So that the tests above cannot pass for want of something to test."""
    programs = [firmware.program for firmware in compiled[1]]
    kinds = {operator.kind for program in programs for operator in program.operators}
    assert kinds == {"conv", "add", "rescale", "table", "embed", "concat"}
    convs = [o for program in programs for o in program.operators if o.kind == "conv"]
    assert {conv.weight_bits for conv in convs} == {4, 8}
    for varies in ("up", "taps", "dilation", "stride", "groups"):
        assert len({getattr(conv, varies) for conv in convs}) > 1, varies
    bits = {(p.sources(o)[0].bits, p.target(o).bits) for p in programs for o in p.operators}
    assert bits >= {(8, 8), (8, 16), (16, 8), (16, 16)}
    assert any(firmware.weights == "flash" for firmware in compiled[1])
    for section in (*WORKING_SECTIONS, "state"):
        assert any(f.layout.sections[section].size_bytes for f in compiled[1]), section


@needs_zig
def test_a_second_compiler_agrees(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toolchain, "host_compiler", compilers.zig_compiler)
    firmwares = random_firmwares(12, 5)
    machine = host_machine(firmwares)
    for seed, firmware in enumerate(firmwares):
        inputs = random_inputs(firmware.program, seed, 4)
        expected = run(firmware.program, inputs)[firmware.program.output][0]
        np.testing.assert_array_equal(Twin(machine, firmware).run(inputs), expected)


def test_no_compiler_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compilers.shutil, "which", lambda _: None)
    monkeypatch.setattr(compilers.importlib.util, "find_spec", lambda _: None)
    firmwares = random_firmwares(13, 1)
    with pytest.raises(WorkbenchError, match=r"no C compiler.*mcu"):
        host_machine(firmwares)
    with pytest.raises(WorkbenchError, match="extra mcu"):
        compilers.zig_compiler()


def test_what_the_compiler_refuses_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toolchain, "runtime_headers", lambda: {"runtime/wb_model.h": "#error no\n"})
    with pytest.raises(WorkbenchError, match=r"refuses the exported C.*#error no"):
        host_machine(random_firmwares(14, 1))


def test_a_big_endian_target_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    compiler = compilers.host_compiler()
    swapped = [*compiler, "-U__BYTE_ORDER__", "-D__BYTE_ORDER__=__ORDER_BIG_ENDIAN__"]
    monkeypatch.setattr(toolchain, "host_compiler", lambda: swapped)
    with pytest.raises(WorkbenchError, match="little endian"):
        host_machine(random_firmwares(14, 1))


@pytest.mark.parametrize("prefix", ["", "Model", "int", "wb_x", "9a", "a-b", "a" * 40])
def test_a_prefix_that_makes_no_names_is_refused(prefix: str) -> None:
    image = Image.of(random_program(1))
    with pytest.raises(WorkbenchError, match="prefix"):
        Firmware.of(image, strategy=nothing(), weights="ram", prefix=prefix)


def test_builds_leave_no_files(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toolchain.tempfile, "tempdir", str(tmp_path))
    host_machine(random_firmwares(15, 1))
    assert list(tmp_path.iterdir()) == []
