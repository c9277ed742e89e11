"""Versions of the parameters as C: the type is in the model's header, where they lie is said by whoever links it."""

from __future__ import annotations

from workbench.firmware.design import Firmware
from workbench.firmware.writing.initialisers import members


def versions_source(firmware: Firmware) -> dict[str, str]:
    """File name -> text, for tests and emulation: the same weights in every slot; nothing where there is one version."""
    if firmware.versions == 1:
        return {}
    name, count = firmware.prefix, firmware.versions
    each = ",\n".join([_version(firmware)] * count)
    places = ", ".join(f"(const WB_SLOT_BYTE *)&{name}_kept[{slot}]" for slot in range(count))
    text = (
        f"{_opening(firmware)}\nWB_FLASH {name}_version {name}_kept[{count}] = {{\n{each}\n}};\n\n"
        f"const WB_SLOT_BYTE *const {name}_slots[{count}] = {{{places}}};\n"
    )
    return {f"{name}_versions.c": text}


def shipped_source(firmware: Firmware) -> dict[str, str]:
    """File name -> text, for an exported folder: the version that it was exported with."""
    name = firmware.prefix
    return {
        f"{name}_shipped.c": f"{_opening(firmware)}\nconst {name}_version {name}_shipped = {_version(firmware)};\n"
    }


def version_functions(firmware: Firmware) -> str:
    """Of the model: which version runs, and which there are."""
    name = firmware.prefix
    majority = f"wb_majority(model->memory.healer + {_word(firmware)})"
    return f"""uint32_t {name}_rank(const {name}_instance *model)
{{
    return wb_at_most({majority} & 3u, {firmware.versions - 1}u);
}}

void {name}_versions({name}_instance *model, uint32_t versions)
{{
    const uint32_t word = (versions & ~3u) | {name}_rank(model);
    for (uint32_t copy = 0; copy < 3; copy++) {{
        model->memory.healer[{_word(firmware)} + copy] = word;
    }}
}}
"""


def _word(firmware: Firmware) -> int:
    """Where the three copies of the variable begin, the last of the healer's."""
    return firmware.variables - 3


def _opening(firmware: Firmware) -> str:
    return (
        "/* SPDX-License-Identifier: Apache-2.0 */\n"
        f"/* Parameters of program {firmware.program.name}, written by the workbench. */\n"
        f'#include "{firmware.prefix}.h"\n'
    )


def _version(firmware: Firmware) -> str:
    golden, check = (
        members(firmware, places) for places in (firmware.parameters(), firmware.checks())
    )
    return f"{{ .golden = {golden}, .check = {check} }}"
