"""Faults of the whole machine: they strike exactly where they should, and a device that is taken back is as before."""

from __future__ import annotations

import numpy as np
import pytest
from batches import needs_emulator
from programs import random_inputs, random_program

from workbench.errors import WorkbenchError
from workbench.firmware.boards import CORES, Core
from workbench.firmware.emulation.emulator import FLASH_START, RAM_START, STACK_TOP
from workbench.firmware.machine_faults.campaign import Struck, StruckDevice
from workbench.firmware.machine_faults.fault import (
    FLASH,
    KINDS,
    MEMORY,
    REGISTER,
    REPAIR,
    SKIP,
    STACK,
    MachineFault,
)
from workbench.firmware.machine_faults.machine import WATCHDOG, Ending, StruckMachine
from workbench.firmware.toolchain import build_folder, compile_device, package_texts
from workbench.healing.strategies.named import nothing, scrub
from workbench.memory.image import Image

pytestmark = needs_emulator

ARM = [core for core in CORES.values() if not core.risc_v]
# Loads what lies at `given`, adds 1, 2, 4 and 8 to it, and stores the sum, without a jump between.
_SUM_ON_ARM = (
    "ldr r0, [%0]\\n adds r0, #1\\n adds r0, #2\\n adds r0, #4\\n adds r0, #8\\n str r0, [%1]"
)
_SUM_ON_RISC_V = "lw t0, 0(%0)\\n addi t0, t0, 1\\n addi t0, t0, 2\\n addi t0, t0, 4\\n addi t0, t0, 8\\n sw t0, 0(%1)"
# Where r0 is 1: r1 = 2, r2 = 3; else r3 = 4. Then all three are stored.
_CONDITIONAL = (
    "movs r0, #1\\n movs r1, #0\\n movs r2, #0\\n movs r3, #0\\n cmp r0, #1\\n itte eq\\n moveq r1, #2\\n"
    " moveq r2, #3\\n movne r3, #4\\n str r1, [%1]\\n str r2, [%1, #4]\\n str r3, [%1, #8]"
)


def _machine(core: Core, code: str) -> StruckMachine:
    """A chip whose `device_reset` runs some C, with variables `given` and `made[3]`."""
    startup = (
        package_texts("device")["device/startup.c"]
        .replace(
            "void device_reset(void);",
            "void device_reset(void);\nvolatile uint32_t given, made[3];",
        )
        .replace(
            "    for (;;) {\n    }",
            f"    {code}",
        )
    )
    sources = {"startup.c": startup, "device.ld": package_texts("device")["device/device.ld"]}
    with build_folder(sources) as folder:
        elf = folder / "a.elf"
        compile_device(folder, elf, core=core, linker_script=folder / "device.ld")
        return StruckMachine(elf, core)


def _assembled(core: Core, assembly: str) -> StruckMachine:
    """A chip that runs some assembly; %0 is &given, %1 is made."""
    clobbered = '"t0"' if core.risc_v else '"r0", "r1", "r2", "r3", "cc"'
    return _machine(
        core, f'__asm__ volatile("{assembly}" : : "r"(&given), "r"(made) : {clobbered}, "memory");'
    )


def _first(machine: StruckMachine, core: Core) -> int:
    """Number of the instruction that loads `given`: the one before the first whose skipping changes the sum by 1."""
    for number in range(20):
        if _made(machine, MachineFault(SKIP, 0, number)) == [14, 0, 0]:
            return number - 1
    raise AssertionError("no instruction adds 1")


def _made(machine: StruckMachine, *faults: MachineFault | None) -> list[int]:
    machine.take_back(np.zeros(machine.ram_bytes, np.uint8))
    machine.run("device_reset", *(fault for fault in faults if fault))
    return machine.view("made", 12).view("<u4").tolist()


@pytest.fixture(scope="module", params=CORES.values(), ids=CORES)
def adder(request: pytest.FixtureRequest) -> tuple[StruckMachine, Core, int]:
    core = request.param
    machine = _assembled(core, _SUM_ON_RISC_V if core.risc_v else _SUM_ON_ARM)
    assert _made(machine, None) == [15, 0, 0]
    return machine, core, _first(machine, core)


def test_one_instruction_is_skipped(adder: tuple[StruckMachine, Core, int]) -> None:
    machine, _, load = adder
    sums = [_made(machine, MachineFault(SKIP, 0, load + n))[0] for n in range(1, 6)]
    assert sums == [14, 13, 11, 7, 0]
    assert _made(machine, None)[0] == 15


def test_a_register_flips_between_two_instructions(adder: tuple[StruckMachine, Core, int]) -> None:
    """Bit 0 of the sum before each addition: what was added before decides whether it falls or rises."""
    machine, core, load = adder
    name = "x5" if core.risc_v else "r0"
    faults = [MachineFault(REGISTER, 0, load + n, register=name) for n in range(1, 6)]
    assert [_made(machine, fault)[0] for fault in faults] == [16, 14, 14, 14, 14]
    assert machine.struck == "device_reset"


def test_memory_flips_before_or_after_it_is_read(adder: tuple[StruckMachine, Core, int]) -> None:
    machine, _, load = adder
    at = machine.address_of(machine.view("given", 4))
    before, after = (MachineFault(MEMORY, 0, load + n, address=at, bit=6) for n in (0, 1))
    assert _made(machine, before)[0] == 15 + 64
    assert _made(machine, after)[0] == 15
    assert machine.view("given", 1)[0] == 64


def test_flash_flips_for_good_until_it_is_taken_back(
    adder: tuple[StruckMachine, Core, int],
) -> None:
    """The second addition adds 10 in place of 2: bit 3 of its number."""
    machine, core, load = adder
    code = machine.view("device_reset", 64)
    pattern = [0x89, 0x02] if core.risc_v else [0x02, 0x30]
    places = [n for n in range(0, 60, 2) if code[n : n + 2].tolist() == pattern]
    (place,) = places
    bit = 5 if core.risc_v else 3
    # C.ADDI has bits 4 to 0 of its number in bits 6 to 2.
    address = machine.symbol("device_reset") + place
    assert _made(machine, MachineFault(FLASH, 0, load, address=address, bit=bit))[0] == 23
    assert not machine.flash_is_whole
    machine.run("device_reset")
    assert machine.view("made", 4).view("<u4")[0] == 23
    assert _made(machine, None)[0] == 15 and machine.flash_is_whole


def test_a_jump_into_nothing_is_a_crash(adder: tuple[StruckMachine, Core, int]) -> None:
    machine, _, load = adder
    machine.take_back(np.zeros(machine.ram_bytes, np.uint8))
    fault = MachineFault(REGISTER, 0, load + 2, register="pc", bit=29)
    assert machine.run("device_reset", fault) is Ending.CRASHED
    assert _made(machine, None)[0] == 15


def test_a_jump_back_is_taken(adder: tuple[StruckMachine, Core, int]) -> None:
    """The counter flips so that the addition before, or the one behind, is done again or left out."""
    machine, _, load = adder
    sums = {
        _made(machine, MachineFault(REGISTER, 0, load + n, register="pc", bit=1))[0]
        for n in (1, 2, 3, 4)
    }
    assert sums != {15}


def test_a_moment_that_does_not_come_is_refused(adder: tuple[StruckMachine, Core, int]) -> None:
    machine, _, _ = adder
    with pytest.raises(WorkbenchError, match=r"no instruction 9,999 in this frame"):
        machine.run("device_reset", MachineFault(SKIP, 0, 9999))


def test_conditional_instructions_are_skipped_one_by_one() -> None:
    machine = _assembled(CORES["m4"], _CONDITIONAL)
    assert _made(machine, None) == [2, 3, 0]
    made = [_made(machine, MachineFault(SKIP, 0, number)) for number in range(machine.instructions)]
    first = next(n for n, values in enumerate(made) if values == [0, 3, 0])
    assert made[first + 1] == [2, 0, 0]
    assert made[first - 1] == [2, 3, 4]  # without the IT instruction, the conditions are gone
    assert made[first + 2] == [2, 3, 0]  # which is not executed in any case
    for number in range(first - 1, first + 3):  # at the IT instruction, wherever it is asked for
        flags = MachineFault(REGISTER, 0, number, register="flags", bit=30)
        assert _made(machine, flags) == [0, 0, 4]
        counter = MachineFault(REGISTER, 0, number, register="pc", bit=29)
        machine.take_back(np.zeros(machine.ram_bytes, np.uint8))
        assert machine.run("device_reset", counter) is Ending.CRASHED


def test_several_faults_strike_in_one_call(adder: tuple[StruckMachine, Core, int]) -> None:
    """Additions of 2 and 8 are left out, and between them bit 0 of the sum 1 + 4 flips."""
    machine, core, load = adder
    skips = [MachineFault(SKIP, 0, load + n) for n in (2, 4)]
    register = MachineFault(REGISTER, 0, load + 4, register="x5" if core.risc_v else "r0", bit=0)
    assert _made(machine, *skips)[0] == 5
    assert _made(machine, skips[0], register)[0] == 4 + 8
    assert _made(machine, skips[0], register, skips[1])[0] == 4
    assert machine.struck == "device_reset"
    # What would come later than the call ends does not come; the first does.
    assert _made(machine, skips[0], MachineFault(SKIP, 0, 9999))[0] == 13
    assert _made(machine, None)[0] == 15


def test_what_is_executed_is_listed_and_can_be_skipped(
    adder: tuple[StruckMachine, Core, int],
) -> None:
    machine, _, load = adder
    machine.take_back(np.zeros(machine.ram_bytes, np.uint8))
    executed = machine.executed("device_reset", "device_reset")
    assert [number for number, _ in executed] == list(range(machine.instructions))
    addresses = [address for _, address in executed]
    assert addresses == sorted(addresses) and addresses[0] == machine.symbol("device_reset")
    sums = [_made(machine, MachineFault(SKIP, 0, number))[0] for number, _ in executed]
    assert sums[load + 1 : load + 6] == [14, 13, 11, 7, 0]


def _watched(core: Core, loop: str) -> StruckMachine:
    """A chip that asks for a watchdog of 1,000 instructions, starts it, feeds it twice, and loops."""
    return _machine(
        core,
        f"volatile uint32_t *const key = (volatile uint32_t *){WATCHDOG:#x}u; key[2] = 1000u; key[0] = 0xccccu; "
        "for (uint32_t i = 0; i < 200u; i++) { given = i; } key[0] = 0xaaaau; "
        f"for (uint32_t i = 0; i < 200u; i++) {{ given = i; }} key[0] = 0xaaaau; {loop}",
    )


@pytest.mark.parametrize("name", ["m0plus", "m4", "rv32imc"])
def test_a_watchdog_bites_who_does_not_feed_it(name: str) -> None:
    """It counts from its last food on, over calls, and is whole again after a reset."""
    core = CORES[name]
    machine = _watched(core, "for (;;) { made[0]++; }")
    assert machine.run("device_reset") is Ending.HUNG
    fed = machine.instructions - 1000
    # A turn of a loop is one to twelve instructions.
    assert 2 * 200 <= fed <= 2 * 200 * 12
    made = int(machine.view("made", 4).view("<u4")[0])
    assert 1000 / 12 < made <= 1000
    kind = _watched(core, "")
    assert kind.run("device_reset") is Ending.RETURNED
    assert 900 < kind._left <= 1000
    wrong = MachineFault(REGISTER, 0, 3, register="pc", bit=29)
    assert kind.run("device_reset", wrong) is Ending.CRASHED
    kind.restart()
    assert kind._left == 1000


@pytest.fixture(scope="module", params=["m0plus", "m4", "rv32imc"])
def device(request: pytest.FixtureRequest) -> StruckDevice:
    program = next(
        p for p in map(random_program, range(99)) if Image.of(p).layout.working_bytes > 600
    )
    strategy = scrub("crc32", 8, unit_bytes=64)
    return StruckDevice(
        strategy.image(program),
        CORES[request.param],
        random_inputs(program, 1, 24),
        strategy=strategy,
        word_starts=(0, 9),
    )


def _plain(struck: Struck) -> tuple[object, ...]:
    return (struck.site, struck.function, struck.stopped, struck.restarts, struck.recovered,
            struck.repairs, struck.damaged, struck.codes.tolist())  # fmt: skip


def test_a_device_that_is_taken_back_forgets(device: StruckDevice) -> None:
    """Faults of all kinds, in two orders, some of which crash or hang it: each does what it did before."""
    faults = [
        device.sites.draws(kind, seed=3, number=n, count=1 + n % 3)
        for n in range(20)
        for kind in KINDS
    ]
    once = [_plain(device.strike(*each)) for each in faults]
    again = [_plain(device.strike(*each)) for each in reversed(faults)]
    assert once == again[::-1]
    assert {ending for _, _, ending, *_ in once} >= {None, Ending.CRASHED}


def test_a_flipped_parameter_is_found_and_mended(device: StruckDevice) -> None:
    unit = device.sites.ram_bytes
    mended = 0
    for number in range(40):
        fault = device.sites.draw(MEMORY, seed=1, number=number)
        assert RAM_START <= fault.address < RAM_START + unit
        struck = device.strike(fault)
        if struck.site in ("weights", "bias", "shift"):
            assert struck.repairs == 1 and not struck.damaged and struck.stopped is None
            mended += 1
    assert mended


def test_the_watchdog_brings_a_device_back(device: StruckDevice) -> None:
    """What the stack pointer does to it is over after a reset; what flipped in code is not."""
    fault = MachineFault(REGISTER, 2, 5, register="x2" if _is_risc_v(device) else "sp", bit=31)
    struck = device.strike(fault)
    assert struck.stopped is Ending.CRASHED
    assert struck.restarts == 1 and struck.recovered and not struck.damaged
    rate = len(device.clean) // 24
    assert not struck.codes[2 * rate : 3 * rate].any()
    np.testing.assert_array_equal(struck.codes[: 2 * rate], device.clean[: 2 * rate])


def _is_risc_v(device: StruckDevice) -> bool:
    return any(register.name == "x2" for register in device.sites.registers)


def test_draws_are_everywhere_and_do_not_depend_on_others(device: StruckDevice) -> None:
    sites = device.sites
    for kind in (kind for kind in KINDS if kind != REPAIR):
        drawn = [sites.draw(kind, seed=0, number=n) for n in range(300)]
        assert drawn[7] == sites.draw(kind, seed=0, number=7) != sites.draw(kind, seed=1, number=7)
        assert {fault.frame for fault in drawn} == set(range(12))
        assert all(0 <= f.instruction < sites.instructions[f.frame] for f in drawn)
    three = sites.draws(SKIP, seed=0, number=7, count=3)
    assert sites.draw(SKIP, seed=0, number=7) in three and len(set(three)) == 3
    moments = [(fault.frame, fault.instruction) for fault in three]
    assert moments == sorted(moments)
    flash = [sites.draw(FLASH, seed=0, number=n).address - FLASH_START for n in range(300)]
    assert 0 <= min(flash) < 0.1 * sites.flash_bytes and 0.9 < max(flash) / sites.flash_bytes < 1
    names = {sites.draw(REGISTER, seed=0, number=n).register for n in range(3000)}
    assert names == {register.name for register in sites.registers}
    assert sites.draw(STACK, seed=0, number=0).address >= RAM_START + sites.ram_bytes


def test_faults_strike_while_a_weight_is_repaired(device: StruckDevice) -> None:
    """Whatever they do to it: a device that goes on, with whole memory, says in the end what it should."""
    assert device.sites.repair is not None
    frame, first, behind = device.sites.repair
    assert first > device.sites.instructions[0] // 2 and behind > first
    endings = set()
    for number in range(60):
        fault = device.sites.draw(REPAIR, seed=0, number=number)
        assert fault.frame == frame and first <= fault.instruction < behind
        assert fault.part in (MEMORY, REGISTER, SKIP)
        struck = device.strike(fault)
        endings.add((struck.stopped, struck.damaged))
        if struck.stopped is None and not struck.damaged:
            np.testing.assert_array_equal(struck.codes[-8:], struck.expected[-8:])
    assert (None, False) in endings
    # The deepest byte of the stack is free again before the last instruction: the repair is the expected one.
    deepest = STACK_TOP - device.sites.stack_bytes
    struck = device.strike(MachineFault(REPAIR, frame, behind - 1, address=deepest))
    np.testing.assert_array_equal(struck.codes, struck.expected)
    assert struck.repairs == 1 and not struck.damaged and struck.site == "stack"


def test_without_a_healer_damage_stays() -> None:
    program = random_program(3)
    device = StruckDevice(
        Image.of(program), CORES["m4"], random_inputs(program, 1, 12), strategy=nothing()
    )
    assert device.sites.repair is None
    fault = MachineFault(MEMORY, 0, 0, address=RAM_START)
    struck = device.strike(fault)
    assert struck.repairs == 0 and struck.damaged and struck.stopped is None
    with pytest.raises(WorkbenchError, match="no frame 12, as the utterance has 12"):
        device.strike(MachineFault(SKIP, 12, 0))
