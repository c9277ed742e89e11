"""A C unit with one static model and its buffers, driven by an external caller.

The host twin and the emulator call its functions without arguments and read and write its memory.
"""

from __future__ import annotations

from collections.abc import Sequence

from workbench.firmware.design import Firmware, c_type
from workbench.firmware.writing.header import init_call
from workbench.firmware.writing.source import model_sources
from workbench.firmware.writing.versions import versions_source

# What the unit can do, each a function PREFIX_unit_CALL without arguments.
UNIT_CALLS = ("init", "reset", "step")
# Defined as the address of a watchdog's key, there is PREFIX_unit_frame too: a step, and then food for the watchdog.
UNIT_WATCHDOG = "WB_UNIT_WATCHDOG"


def unit_calls(firmware: Firmware) -> tuple[str, ...]:
    """What the unit of a firmware can do."""
    calls = (*UNIT_CALLS, "verify") if firmware.heals else UNIT_CALLS
    return (*calls, "unprune") if firmware.switches else calls


def unit(firmware: Firmware) -> str:
    """The text of PREFIX_unit.c."""
    name, program = firmware.prefix, firmware.program
    output = program.signal(program.output)
    buffers = "".join(
        f"{c_type(program.signal(given).bits)} {input_buffer(firmware, given)}"
        f"[{firmware.macro(f'in_{firmware.inputs.of(given)}_codes')}];\n"
        for given in program.inputs
    )
    declared = "".join(f"void {name}_unit_{call}(void);\n" for call in unit_calls(firmware))
    arguments = ", ".join(input_buffer(firmware, given) for given in program.inputs)
    verify = _VERIFY.format(name=name) if firmware.heals else ""
    unprune = _UNPRUNE.format(name=name) if firmware.switches else ""
    return f"""/* SPDX-License-Identifier: Apache-2.0 */
#include "{name}.h"

{name}_instance {name}_unit;
uint32_t {name}_unit_status;
{buffers}{c_type(output.bits)} {name}_unit_output[{firmware.macro("output_codes")}];

{declared}
void {name}_unit_init(void)
{{
    {init_call(firmware, f"{name}_unit")};
}}

void {name}_unit_reset(void)
{{
    {name}_reset(&{name}_unit);
}}

void {name}_unit_step(void)
{{
    {name}_unit_status = {name}_step(&{name}_unit, {arguments}, {name}_unit_output);
}}
{verify}{unprune}
#ifdef {UNIT_WATCHDOG}
void {name}_unit_frame(void);

void {name}_unit_frame(void)
{{
    {name}_unit_step();
    *(volatile uint32_t *){UNIT_WATCHDOG} = 0xaaaau;
}}
#endif
"""


_VERIFY = """
/* The status, and above its eight bits how many units are wrong. */
void {name}_unit_verify(void)
{{
    wb_verification at = {{0}};
    do {{
        {name}_unit_status = {name}_verify(&{name}_unit, &at, 3);
    }} while ({name}_unit_status == WB_BUSY);
    {name}_unit_status |= at.wrong << 8;
}}
"""


_UNPRUNE = """
uint32_t {name}_unit_wanted[2]; /* layer and frames, which it makes whether that was done */

void {name}_unit_unprune(void)
{{
    {name}_unit_wanted[0] = (uint32_t){name}_unprune(&{name}_unit, {name}_unit_wanted[0], {name}_unit_wanted[1]);
}}
"""


def unit_sources(firmwares: Sequence[Firmware]) -> dict[str, str]:
    """File name -> text of models with different prefixes, each with its unit."""
    sources: dict[str, str] = {}
    for firmware in firmwares:
        sources |= linked_sources(firmware)
        sources[f"{firmware.prefix}_unit.c"] = unit(firmware)
    return sources


def linked_sources(firmware: Firmware) -> dict[str, str]:
    """File name -> text of a model and of its versions, which an exported one has in a store."""
    return {**model_sources(firmware), **versions_source(firmware)}


def input_buffer(firmware: Firmware, name: str) -> str:
    """The symbol that holds a frame of the input `name`."""
    return f"{firmware.prefix}_unit_in_{firmware.inputs.of(name)}"
