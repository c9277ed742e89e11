"""Promise 2 on emulated Cortex-M0+ and M4, and what the emulator must not let pass."""

import numpy as np
import pytest
from batches import needs_emulator, random_firmwares, random_upsets
from programs import random_inputs, random_program
from thoroughness import cases

from workbench.errors import WorkbenchError
from workbench.firmware.boards import (
    BOARDS,
    CORES,
    USUAL_CORES,
    Core,
    boards_with,
)
from workbench.firmware.design import Firmware
from workbench.firmware.emulation import emulator
from workbench.firmware.emulation.emulate import MidFrameUpset, emulate, emulated_machine
from workbench.firmware.emulation.emulator import EmulatedMachine, Strike
from workbench.firmware.toolchain import build_folder, compile_device, package_texts
from workbench.firmware.twins.twin import Twin
from workbench.healing.log import Diagnosis, Remedy, Verdict
from workbench.healing.simulation import simulate
from workbench.healing.strategies.named import abft, scrub
from workbench.integer.operators import Rescale
from workbench.integer.program import Program
from workbench.integer.reference import run
from workbench.integer.signals import Signal
from workbench.memory.faults.events import Event
from workbench.memory.image import Image

pytestmark = needs_emulator

COUNT, FRAMES = cases(8, nightly=12), 10


@pytest.fixture(scope="module", params=CORES.values(), ids=CORES)
def chip(request: pytest.FixtureRequest) -> tuple[EmulatedMachine, list[Firmware]]:
    count = COUNT if request.param.name in USUAL_CORES else COUNT // 2
    firmwares = random_firmwares(41, count)
    return emulated_machine(firmwares, request.param), firmwares


def test_every_sample_is_equal(chip) -> None:
    machine, firmwares = chip
    for seed, firmware in enumerate(firmwares):
        inputs = random_inputs(firmware.program, seed, FRAMES)
        expected = run(firmware.program, inputs)[firmware.program.output][0]
        np.testing.assert_array_equal(Twin(machine, firmware).run(inputs), expected)


def test_device_and_simulation_log_the_same(chip) -> None:
    machine, firmwares = chip
    logged = 0
    for seed, firmware in enumerate(f for f in firmwares if f.weights == "ram"):
        inputs = random_inputs(firmware.program, seed, FRAMES)
        upsets = random_upsets(
            firmware.image, seed, frames=FRAMES, count=40, stuck=firmware.heals and seed % 2 == 0
        )
        result = simulate(firmware.image, inputs, upsets, firmware.strategy, word_starts=(4,))
        twin = Twin(machine, firmware)
        np.testing.assert_array_equal(twin.run(inputs, upsets, word_starts=(4,)), result.codes)
        assert twin.log == list(result.log)
        logged += len(twin.log)
        flash = 8 * firmware.layout.sections["golden"].start
        twin.flip(upset.position for upset in upsets if upset.position >= flash)
    assert logged > 1.5 * len(firmwares)


def test_instructions_are_counted(chip) -> None:
    """More frames' worth of work is more instructions, and the same work the same."""
    machine, firmwares = chip
    firmware = next(f for f in firmwares if f.heals)
    inputs = random_inputs(firmware.program, 1, 1)
    codes = {name: values[0] for name, values in inputs.items()}
    counts = []
    for _ in range(2):
        twin = Twin(machine, firmware)
        twin.step(codes)
        counts.append(machine.instructions)
        twin.reset()
        assert 0 < machine.instructions < counts[0]
    assert counts[0] == counts[1] > firmware.program.macs_per_frame()
    assert 0 < machine.stack_bytes < 2048


@pytest.fixture(scope="module")
def program():
    """Enough parameters for several pages."""
    return next(
        made
        for made in map(random_program, range(1000))
        if Image.of(made).layout.working_bytes > 400
    )


@pytest.mark.parametrize("core", CORES.values(), ids=CORES)
def test_a_flip_in_mid_frame_is_found_and_mended(core: Core, program) -> None:
    strategy = scrub("crc32", 8, unit_bytes=64)
    image = strategy.image(program)
    inputs = random_inputs(program, 3, 30)
    bit = 8 * 70 + 7  # page 1
    hits = [MidFrameUpset(10, 0.5, bit)]
    made = emulate(image, core, inputs, strategy=strategy, mid_frame=hits)
    (entry,) = made.log
    assert (entry.unit, entry.diagnosis, entry.verdict) == (1, Diagnosis.MEMORY, Verdict.HEALED)
    assert 10 <= entry.frame <= 10 + image.layout.watches[0].units // 8
    assert not (made.image.flipped() < 8 * image.layout.working_bytes).any()
    clean = emulate(image, core, inputs, strategy=strategy)
    until = 10 * program.signal(program.output).rate
    np.testing.assert_array_equal(made.codes[:until], clean.codes[:until])


def test_a_flip_in_mid_frame_comes_in_mid_frame() -> None:
    """A shift that is read early and one that is read late: only a flip before that is heard."""
    signals = tuple(Signal(f"s{n}", 8, 1, 200, 0) for n in range(3))
    shift = np.zeros(1, np.int8)
    steps = tuple(
        Rescale(f"op{n}", (f"s{n}",), f"s{n + 1}", shift.copy(), -128, 127) for n in range(2)
    )
    two = Program("two", ("s0",), "s2", 100.0, signals, steps)
    image = Image.of(two)
    first = image.layout.position("op0", "shift", (0,), 0)
    second = image.layout.position("op1", "shift", (0,), 0)
    inputs = {"s0": np.full((1, 200, 1), 64, np.int8)}

    def heard(share: float, bit: int) -> int:
        made = emulate(image, CORES["m4"], inputs, mid_frame=[MidFrameUpset(0, share, bit)])
        assert made.image.flipped().tolist()[:1] == [bit]
        return int(made.codes[-1, 0])

    assert heard(0.0, first) == heard(0.0, second) == 32  # one shift to the right: halved
    assert heard(0.5, second) == 32 and heard(0.5, first) == 64
    assert heard(1.0, first) == heard(1.0, second) == 64


def test_a_sum_that_goes_wrong_is_computed_again() -> None:
    """Bits of the stack flip while sums lie there; memory is well, so the operator is repeated."""
    program = next(
        p for p in map(random_program, range(99)) if Image.of(p).layout.working_bytes > 600
    )
    made = Firmware.of(abft().image(program), strategy=abft(), weights="ram", prefix="sums")
    machine = emulated_machine([made], CORES["m4"])
    inputs = {name: codes[0] for name, codes in random_inputs(program, 1, 1).items()}
    clean = Twin(machine, made).step(inputs)
    usual, stack = machine.instructions, machine.stack
    machine.limit = 20 * usual
    rng = np.random.default_rng(0)
    repeated = []
    registers, memory = machine._uc.context_save(), machine._ram.copy()
    for _ in range(1600):
        machine.strikes = []  # none of the last round while it is begun anew
        machine._uc.context_restore(registers)
        machine._ram[:] = memory
        twin = Twin(machine, made)
        at = int(rng.integers(len(stack)))
        machine.strikes = [
            Strike(int(rng.integers(usual)), stack[at : at + 1], int(rng.integers(8)))
        ]
        try:
            codes = twin.step(inputs)
        except (WorkbenchError, ValueError):
            # A pointer or a counter was hit: the chip faults, never comes back, or writes what no healer does.
            continue
        for entry in twin.log:
            assert (entry.diagnosis, entry.remedy) == (Diagnosis.COMPUTE, Remedy.REPEAT)
            assert entry.verdict == Verdict.HEALED
            repeated.append(np.array_equal(codes, clean))
    # Where a pointer was hit, sums of the wrong codes may come out right when they are repeated.
    assert sum(repeated) >= 10 and sum(repeated) >= 2 / 3 * len(repeated)


def test_flips_of_the_image_strike_before_the_first_frame(program) -> None:
    image = Image.of(program)
    rng = np.random.default_rng(2)
    damaged = image.flip(rng.integers(0, 8 * image.layout.working_bytes, 20))
    inputs = random_inputs(program, 3, 3)
    made = emulate(damaged, CORES["m0plus"], inputs)
    expected = run(damaged.to_program(), inputs)[program.output][0]
    np.testing.assert_array_equal(made.codes, expected)
    assert made.image.flipped().size >= damaged.flipped().size


def test_healing_costs_what_it_costs(program) -> None:
    strategy = scrub("crc32", 8, unit_bytes=64)
    image = strategy.image(program)
    inputs = random_inputs(program, 3, 2)
    for core in CORES.values():
        bare = emulate(image, core, inputs)
        healed = emulate(image, core, inputs, strategy=strategy)
        assert healed.flash_bytes > bare.flash_bytes + image.layout.sections["check"].size_bytes
        firmware = Firmware.of(image, strategy=strategy, weights="ram", prefix="model")
        assert healed.ram_bytes - bare.ram_bytes == (
            firmware.log_bytes + 4 * firmware.variables + firmware.backoff_bytes
        )
        instructions = healed.instructions_per_frame - bare.instructions_per_frame
        assert 5 < instructions / (8 * 64) < 20


@pytest.mark.parametrize("core", CORES.values(), ids=CORES)
@pytest.mark.parametrize("where", ["flash", "null"])
def test_writes_to_flash_and_null_fault(core: Core, where: str) -> None:
    target = "device_vectors" if where == "flash" else "(const device_vector *)0"
    startup = package_texts("device")["device/startup.c"].replace(
        "    for (;;) {\n    }",
        f"    *(volatile uint32_t *)(uintptr_t)({target}) = 1;\n    for (;;) {{\n    }}",
    )
    sources = {"startup.c": startup, "device.ld": package_texts("device")["device/device.ld"]}
    with build_folder(sources) as folder:
        elf = folder / "a.elf"
        compile_device(folder, elf, core=core, linker_script=folder / "device.ld")
        machine = EmulatedMachine(elf, core)
    with pytest.raises(WorkbenchError, match=r"(?i)faults in device_reset at 0x8.*write"):
        machine.call("device_reset")


def test_upsets_that_do_not_fit_are_refused(program) -> None:
    image, inputs = Image.of(program), random_inputs(program, 1, 2)
    flash = 8 * image.layout.sram_bytes
    for upsets, mid_frame in (
        ([Event(2, 0)], []),
        ([Event(0, 8 * image.layout.size_bytes)], []),
        ([], [MidFrameUpset(0, 1.5, 0)]),
        ([], [MidFrameUpset(0, 0.5, flash)]),
    ):
        with pytest.raises(WorkbenchError, match=r"outside of|mid-frame upsets hit RAM"):
            emulate(image, CORES["m4"], inputs, upsets=upsets, mid_frame=mid_frame)


def test_a_missing_emulator_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(WorkbenchError, match="not installed; get the emulator with the extra mcu"):
        emulator.component("unicorn_that_is_not_there")


def test_boards_and_cores() -> None:
    for core in CORES:
        assert boards_with(core)
    assert {board.core for board in BOARDS} == set(CORES)
    assert boards_with("m0plus")[0].instructions_per_frame(125.0) == 133e6 / 125
