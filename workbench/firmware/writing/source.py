"""The source of an exported model: parameters as constants, and one call for each operator."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

from workbench.firmware.design import Firmware
from workbench.firmware.guards.guard_registry import (
    after_frame,
    after_heal,
    after_operator,
    before_frame,
    headers,
    monitor_locals,
    watched_operator,
)
from workbench.firmware.operators import HEADERS, address, calls, constants, scratch_locals
from workbench.firmware.scratch import frame_bytes
from workbench.firmware.writing.blocks import definitions, histories_at
from workbench.firmware.writing.header import header, initialiser, signature
from workbench.firmware.writing.healer import healer
from workbench.firmware.writing.initialisers import members
from workbench.firmware.writing.versions import version_functions
from workbench.integer.operators import Conv, PrunedConv

_CONSTANT = re.compile(r"^static const (?:\w+ )+(\w+)(?:\[\d+\])* = \{", re.MULTILINE)


def model_sources(firmware: Firmware) -> dict[str, str]:
    """File name -> text of the two files that are the model."""
    return {
        f"{firmware.prefix}.h": header(firmware),
        f"{firmware.prefix}.c": _source(firmware),
    }


def _source(firmware: Firmware) -> str:
    parts = [
        "/* SPDX-License-Identifier: Apache-2.0 */",
        f"/* Program {firmware.program.name}, written by the workbench: "
        "do not edit, export again. */",
        f'#include "{firmware.prefix}.h"\n',
        "".join(
            f'#include "runtime/{name}"\n' for name in sorted({*HEADERS, *headers(), "wb_verify.h"})
        ),
        definitions(firmware),
        *_in_flash(firmware),
        *constants(firmware),
        *_healing(firmware),
        _size(firmware),
        _init(firmware),
        _reset(firmware),
        version_functions(firmware) if firmware.versions > 1 else "",
        _step(firmware),
        _log(firmware) if firmware.heals else "",
        _unprune(firmware) if firmware.switches else "",
    ]
    return "\n".join(part for part in parts if part)


def _in_flash(firmware: Firmware) -> list[str]:
    """Golden copy, parameters read where they lie, and checks, where no store has them; and weights in reserve."""
    name, here = firmware.prefix, firmware.versions == 1
    return [
        f"WB_FLASH {name}_{kind} {name}_{what} = {members(firmware, places)};\n"
        for kind, what, places in (
            *(("parameters", each, firmware.parameters()) for each in firmware.in_flash if here),
            ("checks", "check", firmware.checks() if here else []),
            ("reserves", "reserve", firmware.reserves()),
        )
        if places
    ]


def _size(firmware: Firmware) -> str:
    name = firmware.prefix
    return f"size_t {name}_size(void)\n{{\n    return sizeof({name}_instance);\n}}\n"


def _healing(firmware: Firmware) -> list[str]:
    """The healer, and all constants that it and the layers are described by, for `wb_verify`."""
    if not firmware.heals:
        return []
    text = healer(firmware)
    names = _CONSTANT.findall("\n".join([*constants(firmware), text]))
    rows = "\n".join(f"    {{&{name}, sizeof {name}}}," for name in names)
    return [
        text,
        f"static const wb_constant {firmware.prefix}_tables[{len(names)}] = {{\n{rows}\n}};\n",
    ]


def _log(firmware: Firmware) -> str:
    name = firmware.prefix
    declared = "\n".join(f"    {line}" for line in _healing_locals(firmware))
    follow = "    wb_follow_version(&memory);\n" * (firmware.versions > 1)
    return f"""int {name}_log_next(const {name}_instance *model, uint32_t *next, wb_log_entry *entry)
{{
    return wb_log_next(&model->log_head, model->log, {firmware.macro("log_entries")}, next, entry);
}}

void {name}_counts(const {name}_instance *model, wb_counts *counts)
{{
    wb_log_counts(&model->log_head, counts);
}}

wb_status {name}_verify({name}_instance *model, wb_verification *at, uint32_t most)
{{
{declared}

    wb_wake(&memory);
{follow}    return wb_verify(&memory, {name}_tables, sizeof {name}_tables / sizeof *{name}_tables, at, most);
}}
"""


def _unprune(firmware: Firmware) -> str:
    name = firmware.prefix
    declared = "\n".join(f"    {line}" for line in _healing_locals(firmware))
    return f"""int {name}_unprune({name}_instance *model, uint32_t layer, uint32_t frames)
{{
{declared}

    wb_wake(&memory);
    return wb_unprune_wanted(&memory, layer, frames);
}}
"""


def _init(firmware: Firmware) -> str:
    name = firmware.prefix
    lines = []
    flash = (
        f"&{name}_golden" if firmware.versions == 1 else "(const void *)(uintptr_t)memory.golden"
    )
    copy = f"    wb_copy(&{firmware.read_at}, {flash}, sizeof({name}_parameters));"
    if firmware.copies and firmware.versions == 1:
        lines.append(copy)
    opening = []
    if firmware.heals:
        low, high = firmware.build
        opening = [*(f"    {line}" for line in _healing_locals(firmware)), ""]
        parts = {
            "healer": firmware.variables,
            "ram_checks": firmware.ram_check_bytes,
            "spare": firmware.spare_bytes,
            "backoff": firmware.backoff_bytes,
        }
        lines += [
            *(
                f"    wb_zero(model->memory.{part}, sizeof model->memory.{part});"
                for part, size in parts.items()
                if size
            ),
            *([f"    {name}_versions(model, versions);"] if firmware.versions > 1 else []),
            "    wb_wake(&memory);",
            *(["    wb_follow_version(&memory);", copy] if firmware.versions > 1 else []),
            "    wb_boot_checks(&memory);",
            f"    wb_log_begin(&model->log_head, {low:#010x}u, {high:#010x}u);",
            f"    wb_note_tables(&memory, {name}_tables, sizeof {name}_tables / sizeof *{name}_tables);",
        ]
    lines.append(f"    {name}_reset(model);")
    body = "\n".join([*opening, *lines])
    return f"{initialiser(firmware)}\n{{\n{body}\n}}\n"


def _reset(firmware: Firmware) -> str:
    name = firmware.prefix
    line = (
        f"wb_zero(&{histories_at(firmware)}, sizeof {histories_at(firmware)});"
        if firmware.histories()
        else "(void)model; /* no operator looks back */"
    )
    return f"void {name}_reset({name}_instance *model)\n{{\n    {line}\n}}\n"


def _step(firmware: Firmware) -> str:
    program = firmware.program
    output = program.signal(program.output)
    lines = [*_locals(firmware), *monitor_locals(firmware), ""]
    watched = partial(watched_operator, firmware) if firmware.heals else None
    if firmware.heals:
        lines.append("wb_wake(&memory);")
        lines += ["wb_follow_version(&memory);"] * (firmware.versions > 1)
    for name in program.inputs:
        given = f"in_{firmware.inputs.of(name)}"
        signal = program.signal(name)
        lines.append(f"wb_copy({address(firmware, signal)}, {given}, {frame_bytes(signal)});")
    if firmware.heals:
        lines += before_frame(firmware)
    for operator in program.operators:
        lines += calls(firmware, operator, watched=watched)
        lines += after_operator(firmware, operator)
    lines.append(f"wb_copy(output, {address(firmware, output)}, {frame_bytes(output)});")
    if firmware.heals:
        lines += after_frame(firmware)
        lines += _healed(firmware)
    else:
        lines.append("return WB_OK;")
    body = "\n".join(f"    {line}" if line else "" for line in lines)
    return f"{signature(firmware)}\n{{\n{body}\n}}\n"


def _healed(firmware: Firmware) -> list[str]:
    """The end of a step of a healer, whose status it returns."""
    call, last = f"wb_heal(&memory, {int(firmware.strategy.scans)});", after_heal(firmware)
    return (
        [f"const wb_status status = {call}", *last, "return status;"]
        if last
        else [f"return {call}"]
    )


def _locals(firmware: Firmware) -> Iterator[str]:
    yield from scratch_locals(firmware)
    if firmware.parameters():
        kind = f"const {firmware.prefix}_parameters"
        if firmware.copies or not firmware.heals:
            yield f"{kind} *const parameters = &{firmware.read_at};"
        else:  # a compiler must not compute with what it believes to lie in flash
            yield f"{kind} *volatile const parameters_at = &{firmware.read_at};"
            yield f"{kind} *const parameters = parameters_at;"
    if firmware.heals:
        yield from _healing_locals(firmware)
    if firmware.spare_bytes and any(isinstance(o, Conv) for o in firmware.program.operators):
        yield _moved(firmware, "moved_weights", "weight")
    if firmware.spare_bytes and any(isinstance(o, PrunedConv) for o in firmware.program.operators):
        yield _moved(firmware, "moved_kept", "kept")
    if firmware.histories():
        yield f"{firmware.prefix}_state *const state = &{histories_at(firmware)};"


def _moved(firmware: Firmware, name: str, tensor: str) -> str:
    bounce = firmware.bounce_of(tensor)
    return f"const wb_moved_weights {name} = {{&memory, wb_gather, (void *)({bounce})}};"


def _healing_locals(firmware: Firmware) -> Iterator[str]:
    yield f"uint32_t healer_state[{firmware.variables // 3}] = {{0}};"
    yield "uint32_t found = WB_OK;"
    yield f"wb_moved moved[{max(1, firmware.layout.spare_pages)}];"
    made = f"wb_memory memory = {firmware.prefix}_memory_of(model, healer_state, moved, &found);"
    yield f"const {made}" if firmware.versions == 1 else made
    if firmware.versions > 1:
        yield "memory.self = &memory;"
