"""The source of an exported model: parameters as constants, and one call for each operator."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from workbench.firmware.design import Firmware
from workbench.firmware.guards.guard_registry import (
    after_frame,
    after_operator,
    headers,
    monitor_locals,
    watched_operator,
)
from workbench.firmware.operators import HEADERS, address, calls, constants, scratch_locals
from workbench.firmware.scratch import frame_bytes
from workbench.firmware.writing.header import header, signature
from workbench.firmware.writing.healer import healer
from workbench.integer.operators import Conv
from workbench.integer.signals import INT32_MIN
from workbench.memory.places import Place

_WIDTH = 100


def model_sources(firmware: Firmware) -> dict[str, str]:
    """File name -> text of the two files that are the model."""
    return {
        f"{firmware.prefix}.h": header(firmware),
        f"{firmware.prefix}.c": _source(firmware),
    }


def numbers(values: np.ndarray, *, indent: str = "    ") -> str:
    """Integers as lines of a C initialiser."""
    lines, line = [], indent
    for value in values.reshape(-1).tolist():
        word = "INT32_MIN," if value == INT32_MIN else f"{value},"
        if len(line) + len(word) >= _WIDTH:
            lines.append(line.rstrip())
            line = indent
        line += word + " "
    return "\n".join([*lines, line.rstrip()])


def _source(firmware: Firmware) -> str:
    parts = [
        "/* SPDX-License-Identifier: Apache-2.0 */",
        f"/* Program {firmware.program.name}, written by the workbench: "
        "do not edit, export again. */",
        f'#include "{firmware.prefix}.h"\n',
        "".join(f'#include "runtime/{name}"\n' for name in sorted({*HEADERS, *headers()})),
        _golden(firmware),
        _check(firmware),
        *constants(firmware),
        healer(firmware) if firmware.heals else "",
        _size(firmware),
        _init(firmware),
        _reset(firmware),
        _step(firmware),
        _log(firmware) if firmware.heals else "",
    ]
    return "\n".join(part for part in parts if part)


def _golden(firmware: Firmware) -> str:
    return _in_flash(firmware, firmware.parameters(), "parameters", "golden")


def _in_flash(firmware: Firmware, places: list[Place], kind: str, name: str) -> str:
    if not places:
        return ""
    members = "\n".join(
        f"    .{firmware.member(place)} = {{\n"
        f"{numbers(_stored(firmware, place), indent='        ')}\n    }},"
        for place in places
    )
    return f"WB_FLASH {firmware.prefix}_{kind} {firmware.prefix}_{name} = {{\n{members}\n}};\n"


def _stored(firmware: Firmware, place: Place) -> np.ndarray:
    """The tensor as its C type has it; packed codes as bytes."""
    stored = firmware.image.data[place.start : place.start + place.size_bytes]
    return stored if place.bits == 4 else np.ascontiguousarray(stored).view(place.dtype)


def _check(firmware: Firmware) -> str:
    return _in_flash(firmware, firmware.checks(), "checks", "check")


def _size(firmware: Firmware) -> str:
    name = firmware.prefix
    return f"size_t {name}_size(void)\n{{\n    return sizeof({name}_instance);\n}}\n"


def _log(firmware: Firmware) -> str:
    name = firmware.prefix
    return f"""int {name}_log_next(const {name}_instance *model, uint32_t *next, wb_log_entry *entry)
{{
    return wb_log_next(&model->log_head, model->log, {firmware.macro("log_entries")}, next, entry);
}}

void {name}_counts(const {name}_instance *model, wb_counts *counts)
{{
    wb_log_counts(&model->log_head, counts);
}}
"""


def _init(firmware: Firmware) -> str:
    name = firmware.prefix
    lines = []
    if firmware.copies:
        lines.append(
            f"    wb_copy(&model->memory.parameters, &{name}_golden, sizeof {name}_golden);"
        )
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
            "    wb_wake(&memory);",
            "    wb_boot_checks(&memory);",
            f"    wb_log_begin(&model->log_head, {low:#010x}u, {high:#010x}u);",
        ]
    lines.append(f"    {name}_reset(model);")
    body = "\n".join([*opening, *lines])
    return f"void {name}_init({name}_instance *model)\n{{\n{body}\n}}\n"


def _reset(firmware: Firmware) -> str:
    name = firmware.prefix
    line = (
        "wb_zero(&model->memory.state, sizeof model->memory.state);"
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
    for name in program.inputs:
        given = f"in_{firmware.inputs.of(name)}"
        signal = program.signal(name)
        lines.append(f"wb_copy({address(firmware, signal)}, {given}, {frame_bytes(signal)});")
    for operator in program.operators:
        lines += calls(firmware, operator, watched=watched)
        lines += after_operator(firmware, operator)
    lines.append(f"wb_copy(output, {address(firmware, output)}, {frame_bytes(output)});")
    if firmware.heals:
        lines += after_frame(firmware)
        lines.append(f"return wb_heal(&memory, {int(firmware.strategy.scans)});")
    else:
        lines.append("return WB_OK;")
    body = "\n".join(f"    {line}" if line else "" for line in lines)
    return f"{signature(firmware)}\n{{\n{body}\n}}\n"


def _locals(firmware: Firmware) -> Iterator[str]:
    yield from scratch_locals(firmware)
    if firmware.parameters():
        where = "model->memory.parameters" if firmware.copies else f"{firmware.prefix}_golden"
        yield f"const {firmware.prefix}_parameters *const parameters = &{where};"
    if firmware.heals:
        yield from _healing_locals(firmware)
    if firmware.spare_bytes and any(isinstance(o, Conv) for o in firmware.program.operators):
        yield "const wb_moved_weights moved_weights = {&memory, wb_gather, (void *)model->bounce};"
    if firmware.histories():
        yield f"{firmware.prefix}_state *const state = &model->memory.state;"


def _healing_locals(firmware: Firmware) -> Iterator[str]:
    yield f"uint32_t healer_state[{firmware.variables // 3}] = {{0}};"
    yield "uint32_t found = WB_OK;"
    yield f"wb_moved moved[{max(1, firmware.layout.spare_pages)}];"
    yield f"const wb_memory memory = {firmware.prefix}_memory_of(model, healer_state, moved, &found);"
