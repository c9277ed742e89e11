"""The exported store of versions compiles as its README says, for this machine and for a microcontroller."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from workbench.compilers import zig_compiler
from workbench.firmware.boards import CORES
from workbench.firmware.exporting.store import STORE, export_store
from workbench.firmware.toolchain import (
    WARNINGS,
    build_folder,
    compile_shared,
    package_texts,
    run_compiler,
    zig_target,
)

_PROVIDED = """#include "store/wb_store.h"
int my_read(void *context, uint32_t address, uint8_t *bytes, uint32_t count);
int my_program(void *context, uint32_t address, const uint8_t *bytes, uint32_t count);
int my_erase(void *context, uint32_t address);
int my_begin(void *context);
void my_end(void *context);
static const wb_flash my_flash = {my_read, my_program, my_erase, my_begin, my_end, 0};
extern const uint8_t my_key[WB_KEY_BYTES];
"""
_USED = """    return address && wb_store_confirm(&store) == WB_STORE_OK && wb_store_install(&store, my_key) &&
           wb_store_write(&store, my_key, 1) && wb_store_commit(&store, 64) && wb_store_reset(&store) &&
           wb_store_roll_back(&store) && wb_store_history(&store, 0, &record);
"""


def _as_its_readme_says() -> str:
    text = package_texts(STORE)[f"{STORE}/README.md"]
    design, start = re.findall(r"```c\n(.*?)```", text, re.DOTALL)
    return f"{_PROVIDED}{design}int start(void);\nint start(void)\n{{\nwb_record record;\n{start}{_USED}}}\n"


def test_it_compiles_for_this_machine() -> None:
    with build_folder({"start.c": _as_its_readme_says(), **package_texts(STORE)}) as folder:
        compile_shared(folder, folder / "start.so", options=WARNINGS)


@pytest.mark.parametrize("core", ["m0plus", "m4", "rv32imc"])
def test_it_compiles_for_a_microcontroller(core: str) -> None:
    command = [
        *zig_compiler(), *zig_target(CORES[core]),
        *CORES[core].options, "-ffreestanding", "-c", *WARNINGS,
    ]  # fmt: skip
    with build_folder({"start.c": _as_its_readme_says(), **package_texts(STORE)}) as folder:
        run_compiler(command, folder, folder / "start.o")
        assert (folder / "start.o").stat().st_size


def test_every_status_is_explained() -> None:
    text = package_texts(STORE)[f"{STORE}/README.md"]
    header = package_texts(STORE)[f"{STORE}/wb_store.h"]
    named = set(re.findall(r"WB_STORE_([A-Z_]+)[,=\s]", header.split("wb_store_status;")[0]))
    silent = {"OK", "BUSY", "H", "FLASH_FAILED", "REFUSED", "NOTHING_TO_CONFIRM", "NOTHING_BEFORE"}
    assert {
        each for each in named - silent if f"`{each}`" not in text and each not in text
    } == set()


def test_export_writes_it(tmp_path: Path) -> None:
    export_store(tmp_path)
    assert {path.name for path in (tmp_path / STORE).iterdir()} == {
        name.partition("/")[2] for name in package_texts(STORE)
    }
