"""The source of an exported model: parameters as constants, and one call for each operator."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from workbench.errors import WorkbenchError
from workbench.firmware.header import header, signature
from workbench.firmware.plan import Firmware, c_type
from workbench.firmware.scratch import frame_bytes, row_bytes
from workbench.integer.program import (
    INT32_MIN,
    Add,
    Concat,
    Conv,
    Embed,
    Operator,
    Rescale,
    Signal,
    Table,
)
from workbench.memory.layout import Place

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
    convs = [operator for operator in firmware.program.operators if isinstance(operator, Conv)]
    parts = [
        "/* SPDX-License-Identifier: Apache-2.0 */",
        f"/* Program {firmware.program.name}, written by the workbench: "
        "do not edit, export again. */",
        f'#include "{firmware.prefix}.h"\n',
        '#include "runtime/wb_conv.h"\n#include "runtime/wb_pointwise.h"\n',
        _golden(firmware),
        _check(firmware),
        *(_shape(firmware, conv) for conv in convs),
        _init(firmware),
        _reset(firmware),
        _step(firmware),
    ]
    return "\n".join(part for part in parts if part)


def _golden(firmware: Firmware) -> str:
    places = firmware.parameters()
    if not places:
        return ""
    members = "\n".join(
        f"    .{firmware.member(place)} = {{\n"
        f"{numbers(_stored(firmware, place), indent='        ')}\n    }},"
        for place in places
    )
    return f"WB_FLASH {firmware.prefix}_parameters {firmware.prefix}_golden = {{\n{members}\n}};\n"


def _stored(firmware: Firmware, place: Place) -> np.ndarray:
    """The tensor as its C type has it; packed codes as bytes."""
    stored = firmware.image.data[place.start : place.start + place.size_bytes]
    return stored if place.bits == 4 else np.ascontiguousarray(stored).view(place.dtype)


def _check(firmware: Firmware) -> str:
    if not firmware.heals:
        return ""
    section = firmware.layout.sections["check"]
    stored = firmware.image.data[section.start : section.stop].copy().view("<u4").tolist()
    lines = "\n".join(f"    {word:#010x}u," for word in stored)
    pages = firmware.macro("pages")
    plan = {
        "golden": f"(const volatile unsigned char *)&{firmware.prefix}_golden",
        "check": f"{firmware.prefix}_check",
        "bytes": firmware.macro("parameter_bytes"),
        "page_bytes": firmware.macro("page_bytes"),
        "pages": pages,
        "pages_per_frame": firmware.macro("pages_per_frame"),
        "log_entries": firmware.macro("log_entries"),
    }
    return (
        f"/* CRC-32 of every page. */\n"
        f"WB_FLASH uint32_t {firmware.prefix}_check[{pages}] = {{\n{lines}\n}};\n\n"
        + _constant("wb_scrub_plan", "scrubber", plan)
    )


def _shape(firmware: Firmware, conv: Conv) -> str:
    (source,) = firmware.program.sources(conv)
    return _constant(
        "wb_conv_shape",
        _shape_name(firmware, conv),
        {
            "rows": source.rate,
            "channels": source.channels,
            "columns": conv.out_channels,
            "taps": conv.taps,
            "dilation": conv.dilation,
            "stride": conv.stride,
            "fan_in": conv.weight.shape[3],
            "group_columns": conv.out_channels // conv.groups,
            "up": conv.up,
            "x_bits": source.bits,
            "weight_bits": conv.weight_bits,
            "y_bits": firmware.program.target(conv).bits,
            "low": conv.low,
            "high": conv.high,
        },
    )


def _shape_name(firmware: Firmware, conv: Conv) -> str:
    return f"{firmware.prefix}_shape_{firmware.operators.of(conv.name)}"


def _constant(kind: str, name: str, fields: Mapping[str, object]) -> str:
    lines = "\n".join(f"    .{field} = {value}," for field, value in fields.items())
    return f"static const {kind} {name} = {{\n{lines}\n}};\n"


def _init(firmware: Firmware) -> str:
    name = firmware.prefix
    lines = []
    if firmware.copies:
        lines.append(
            f"    wb_copy(&model->memory.parameters, &{name}_golden, sizeof {name}_golden);"
        )
    lines += ["    model->memory.healer.frame = 0;", "    model->memory.healer.cursor = 0;"]
    if firmware.heals:
        lines.append("    model->log_count = 0;")
    lines.append(f"    {name}_reset(model);")
    return f"void {name}_init({name}_instance *model)\n{{\n" + "\n".join(lines) + "\n}\n"


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
    lines = [*_locals(firmware), ""]
    for name in program.inputs:
        given = f"in_{firmware.inputs.of(name)}"
        signal = program.signal(name)
        lines.append(f"wb_copy({_at(firmware, signal)}, {given}, {frame_bytes(signal)});")
    for operator in program.operators:
        lines += _calls(firmware, operator)
    lines.append(f"wb_copy(output, {_at(firmware, output)}, {frame_bytes(output)});")
    if firmware.heals:
        lines += [
            "wb_scrub(&scrubber, &model->memory.parameters, &model->memory.healer, model->log,",
            "         &model->log_count);",
        ]
    lines.append("model->memory.healer.frame++;")
    body = "\n".join(f"    {line}" if line else "" for line in lines)
    return f"{signature(firmware)}\n{{\n{body}\n}}\n"


def _locals(firmware: Firmware) -> Iterator[str]:
    kinds = {signal.bits for signal in firmware.program.signals if _used(firmware, signal)}
    for bits in sorted(kinds):
        yield f"{c_type(bits)} *const codes{bits} = model->scratch.codes{bits};"
    if firmware.parameters():
        where = "model->memory.parameters" if firmware.copies else f"{firmware.prefix}_golden"
        yield f"const {firmware.prefix}_parameters *const parameters = &{where};"
    if firmware.histories():
        yield f"{firmware.prefix}_state *const state = &model->memory.state;"


def _used(firmware: Firmware, signal: Signal) -> bool:
    return signal.name in firmware.scratch.offsets


def _at(firmware: Firmware, signal: Signal) -> str:
    """Where the signal's first new row lies."""
    offset = firmware.scratch.offsets[signal.name] * 8 // signal.bits
    return f"codes{signal.bits} + {offset}" if offset else f"codes{signal.bits}"


def _calls(firmware: Firmware, operator: Operator) -> list[str]:
    program = firmware.program
    sources, target = program.sources(operator), program.target(operator)
    x, y = [_at(firmware, source) for source in sources], _at(firmware, target)
    name = firmware.operators.of(operator.name)
    count = target.rate * target.channels
    comment = f"/* {operator.name} */"
    if isinstance(operator, Conv):
        history = f"state->history_{name}" if operator.history else "NULL"
        return [
            comment,
            f"wb_conv(&{_shape_name(firmware, operator)}, parameters->weight_{name},",
            f"        parameters->bias_{name}, parameters->shift_{name}, {history},",
            f"        {x[0]}, {y});",
        ]
    if isinstance(operator, Add):
        return [
            comment,
            f"wb_add({x[0]}, {sources[0].bits}, {x[1]}, {sources[1].bits}, {y}, {target.bits}, "
            f"{count}, {operator.low}, {operator.high});",
        ]
    if isinstance(operator, Rescale):
        return [
            comment,
            f"wb_rescale({x[0]}, {sources[0].bits}, parameters->shift_{name}[0], {y}, "
            f"{target.bits}, {count}, {operator.low}, {operator.high});",
        ]
    if isinstance(operator, Table):
        return [
            comment,
            f"wb_table({x[0]}, parameters->table_{name}, {y}, {target.bits}, {count});",
        ]
    if isinstance(operator, Embed):
        return [
            comment,
            f"wb_embed({x[0]}, {target.rate}, parameters->rows_{name}, {len(operator.rows)}, "
            f"{row_bytes(target)}, {y});",
        ]
    if isinstance(operator, Concat):
        return [comment, *_concat(sources, target, x, y)]
    raise WorkbenchError(f"operator {operator.name} of kind {operator.kind} has no C kernel")


def _concat(sources: tuple[Signal, ...], target: Signal, x: list[str], y: str) -> Iterator[str]:
    column = 0
    for source, place in zip(sources, x, strict=True):
        width = row_bytes(source)
        yield f"wb_concat({place}, {width}, {y}, {row_bytes(target)}, {column}, {target.rate});"
        column += width
