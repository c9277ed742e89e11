"""Two exported folders in one program, with a linker script that includes what they say of memory."""

import re
import subprocess
from pathlib import Path

import pytest
from batches import needs_emulator, random_firmwares
from programs import random_inputs, random_program, random_pruned_program

from workbench.cli import main
from workbench.compilers import host_compiler, zig_compiler
from workbench.errors import WorkbenchError
from workbench.firmware.boards import CORES
from workbench.firmware.design import FLASH, RAM
from workbench.firmware.emulation.emulator import EmulatedMachine
from workbench.firmware.exporting.export import export
from workbench.firmware.toolchain import WARNINGS, package_texts, zig_target
from workbench.healing.strategies.fitted import fitted
from workbench.healing.strategies.named import (
    crc_relocate,
    crc_report,
    crc_scrub,
    nothing,
    versions,
)
from workbench.healing.strategies.strategy import Strategy
from workbench.memory.image import Image

PROGRAMS = [p for p in map(random_program, range(99)) if Image.of(p).layout.working_bytes > 600]
# The application's own: three kinds of RAM, and the models' sections where their memory.ld put them.
LINKER = """
MEMORY
{
    FLASH (rx) : ORIGIN = 0x08000000, LENGTH = 2M
    RAM (rw) : ORIGIN = 0x20000000, LENGTH = 256K
    TCM (rw) : ORIGIN = 0x20040000, LENGTH = 64K
    CCM (rw) : ORIGIN = 0x20060000, LENGTH = 64K
}
ENTRY(compare_all)
SECTIONS
{
    .fast (NOLOAD) : { *(.bss.second_scratch_block) *(.bss.first_histories_block) } > TCM
    .slow (NOLOAD) : { *(.bss.first_parameters_block) *(.bss.second_parameters_block) } > CCM
    INCLUDE one/memory.ld
    INCLUDE two/memory.ld
    .text : { KEEP(*(.text.compare_all)) *(.text*) *(.rodata*) } > FLASH
    .ARM.exidx : { *(.ARM.exidx*) } > FLASH
    .data : { *(.data*) } > RAM AT > FLASH
    .bss (NOLOAD) : { *(.bss*) *(COMMON) } > RAM
}
"""
APPLICATION = """#include "{name}.h"
#include "{name}_vectors.h"

static {name}_instance {name}_device;
uint32_t {name}_differ(void);

uint32_t {name}_differ(void)
{{
    static {kind} output[{macro}_OUTPUT_CODES];
    const {name}_vector *const vector = &{name}_vectors[0];
    uint32_t count = 0;
    {name}_init(&{name}_device);
    for (uint32_t frame = 0; frame < vector->frames; frame++) {{
        count += {name}_step(&{name}_device, {arguments}output);
        for (uint32_t i = 0; i < {macro}_OUTPUT_CODES; i++) {{
            count += output[i] != vector->output[frame * {macro}_OUTPUT_CODES + i];
        }}
    }}
    return count;
}}
"""
RUN = """#include <stdint.h>
uint32_t first_differ(void);
uint32_t second_differ(void);
void compare_all(void);
uint32_t differing = 99;

void compare_all(void)
{
    differing = first_differ() + second_differ() + first_differ();
}
"""


def _exported(folder: Path, prefix: str, number: int, strategy: Strategy) -> str:
    """The folder, and a C file that compares the model with its first golden vector."""
    program = PROGRAMS[number]
    inputs = random_inputs(program, number, 9)
    made = export(
        strategy.image(program), folder, vectors={"one": inputs}, strategy=strategy, prefix=prefix
    )
    arguments = "".join(
        f"vector->in_{made.inputs.of(name)} + "
        f"frame * {prefix.upper()}_IN_{made.inputs.of(name).upper()}_CODES, "
        for name in program.inputs
    )
    kind = {8: "int8_t", 16: "int16_t"}[program.signal(program.output).bits]
    return APPLICATION.format(name=prefix, macro=prefix.upper(), kind=kind, arguments=arguments)


@needs_emulator
def test_two_models_link_into_one_program(tmp_path: Path) -> None:
    texts = {
        "first_main.c": _exported(tmp_path / "one", "first", 0, crc_scrub(2)),
        "second_main.c": _exported(tmp_path / "two", "second", 1, nothing()),
        "run.c": RUN,
        "memory.c": package_texts("device")["device/memory.c"],
        "own.ld": LINKER,
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    core, elf = CORES["m4"], tmp_path / "both.elf"
    sources = [
        *(str(path) for path in sorted(tmp_path.glob("*.c"))),
        *(f"one/{part}.c" for part in ("first", "check/first_vectors")),
        *(f"two/{part}.c" for part in ("second", "check/second_vectors")),
    ]
    done = subprocess.run(
        [*zig_compiler(), *zig_target(core), *core.options, "-ffreestanding", "-ffunction-sections",
         "-fdata-sections", "-DSECOND_SCRATCH_APART", "-DSECOND_PARAMETERS_APART", "-DFIRST_HISTORIES_APART", "-fno-sanitize=all",
         *WARNINGS, "-Ione", "-Itwo", "-Ione/check", "-Itwo/check", *sources, "-T", "own.ld",
         "-o", str(elf)],
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    machine = EmulatedMachine(elf, core)
    machine.call("compare_all")
    assert machine.view("differing", 4).view("<u4")[0] == 0
    assert machine.symbol("second_scratch_block") == 0x20040000
    assert machine.symbol("first_device") < 0x20040000
    assert "first_scratch_block" not in machine._symbols
    assert 0x20040000 < machine.symbol("first_histories_block") < 0x20060000
    assert machine.symbol("first_parameters_block") == 0x20060000
    assert machine.symbol("second_parameters_block") > 0x20060000
    assert "second_histories_block" not in machine._symbols


def test_whatever_lies_apart_the_rest_is_a_run_of_the_image(tmp_path: Path) -> None:
    """The header's own checks of addresses, with each block that there may be outside of the instance."""
    for firmware in random_firmwares(7, 5):
        folder = tmp_path / firmware.image.content_hash[:8] / firmware.weights
        export(
            firmware.image, folder, vectors={"one": random_inputs(firmware.program, 0, 2)},
            strategy=firmware.strategy, weights=firmware.weights,
        )  # fmt: skip
        for block in ("SCRATCH", "PARAMETERS", "HISTORIES"):
            done = subprocess.run(
                [*host_compiler(), *WARNINGS, "-fsyntax-only", f"-DMODEL_{block}_APART", "model.c"],
                cwd=folder, capture_output=True, text=True,
            )  # fmt: skip
            assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("strategy", "weights"),
    [
        (nothing(), RAM), (nothing(), FLASH), (crc_scrub(2), RAM), (crc_report(), FLASH),
        (crc_relocate(), FLASH), (versions(), RAM),
    ],
)  # fmt: skip
def test_memory_ld_names_all_that_lies_in_flash_as_one_block(
    tmp_path: Path, strategy: Strategy, weights: str
) -> None:
    pruned = [random_pruned_program(3)] * (strategy.versions == 1)
    for number, program in enumerate([PROGRAMS[0], *pruned]):
        folder, suited = tmp_path / str(number), fitted(strategy, program)
        vectors = {"one": random_inputs(program, 0, 2)}
        export(suited.image(program), folder, vectors=vectors, strategy=suited, weights=weights)
        named = re.findall(r"\.rodata\.(\w+)\)", (folder / "memory.ld").read_text())
        source = (folder / "model.c").read_text()
        assert sorted(named) == sorted(re.findall(r"^WB_FLASH \w+ (\w+) = ", source, re.MULTILINE))


def test_a_prefix_is_an_option_and_a_bad_one_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["export", "viseme", "--out", str(tmp_path / "out"), "--prefix"]
    assert main([*words, "mouth"]) == 0
    assert "mouth_step(&mouth_device" in (tmp_path / "out" / "README.md").read_text()
    assert (tmp_path / "out" / "mouth.c").exists()
    for prefix in ("Mouth", "wb", "wb_mouth"):
        assert main([*words, prefix]) == 2
        assert f"the prefix {prefix!r} does not make C names" in capsys.readouterr().err
    with pytest.raises(WorkbenchError, match="the prefix of a firmware"):
        export(Image.of(PROGRAMS[0]), tmp_path, vectors={"one": {}}, prefix=3)  # type: ignore[arg-type]
