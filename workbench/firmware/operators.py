"""The C calls of operators: one function a kind, and their table.

Layout: each function gives the lines of a step's body. `parameters`, `state`, `memory` and the buffers
`codes8`, `codes16` and `codes32` are locals of that body; kernels are in `runtime/`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from workbench.errors import WorkbenchError
from workbench.firmware.design import Firmware, c_type
from workbench.firmware.scratch import row_bytes, work_bytes
from workbench.integer.operators import (
    Add,
    Blend,
    Concat,
    Conv,
    Embed,
    MelBands,
    Operator,
    PrunedConv,
    Rescale,
    Synthesis,
    Table,
)
from workbench.integer.operators.fourier import POINTS
from workbench.integer.signals import Signal

# Of the runtime.
HEADERS = ("wb_blend.h", "wb_blocks.h", "wb_melbands.h", "wb_pointwise.h", "wb_synthesis.h")


@dataclass(frozen=True)
class Call:
    """One operator to be called.

    sources, target: its signals. x, y: where the first new row of each lies. name: the operator's, as a
    C identifier. watched: lines of a monitor that computes a convolution and sees its sums, given the call and
    the arguments of the kernel; none for what it does not see.
    """

    firmware: Firmware
    operator: Operator
    sources: tuple[Signal, ...]
    target: Signal
    x: list[str]
    y: str
    name: str
    watched: Callable[[Call, str], list[str]] | None = None

    @property
    def count(self) -> int:
        """Codes of the target in a frame."""
        return self.target.rate * self.target.channels

    def read(self, tensor: str, kind: str) -> str:
        """A parameter as it is read: put together where parts of it may lie in spare pages."""
        firmware = self.firmware
        plain = f"parameters->{tensor}_{self.name}"
        if not firmware.spare_bytes:
            return plain
        bounce = firmware.bounce_of(tensor)
        return f"(const {kind} *)wb_gather(&memory, {plain}, sizeof {plain}, {bounce})"


def constant(kind: str, name: str, fields: Mapping[str, object]) -> str:
    """A `static const` struct with these fields."""
    lines = "\n".join(f"    .{field} = {value}," for field, value in fields.items())
    return f"static const {kind} {name} = {{\n{lines}\n}};\n"


def once(name: str, source: str) -> str:
    """Functions that several models of a translation unit may need; "" where there are none."""
    macro = f"WB_HAS_{name.upper()}"
    text = source.strip()
    return f"#ifndef {macro}\n#define {macro}\n{text}\n#endif\n" if text else ""


def shape_name(firmware: Firmware, operator: str) -> str:
    """The constant that describes a convolution."""
    return f"{firmware.prefix}_shape_{firmware.operators.of(operator)}"


def scratch_of(firmware: Firmware) -> str:
    """The signals of the frame in work, wherever the application has them, in C."""
    return f"{firmware.macro('scratch')}(model)"


def scratch_locals(firmware: Firmware) -> Iterator[str]:
    """The buffers that the operators of a step share."""
    used = firmware.scratch.offsets
    widths = {each.bits for each in firmware.program.signals if each.name in used}
    for bits in sorted(widths):
        yield f"{c_type(bits)} *const codes{bits} = {scratch_of(firmware)}.codes{bits};"


def calls(
    firmware: Firmware,
    operator: Operator,
    *,
    watched: Callable[[Call, str], list[str]] | None = None,
) -> list[str]:
    """The lines that compute an operator; WorkbenchError for one without a C kernel. watched: see `Call`."""
    emit = CALLS.get(type(operator))
    if emit is None:
        raise WorkbenchError(
            f"operator {operator.name} of the kind {operator.kind!r} has no C kernel; write one and enter "
            "its call in CALLS of workbench.firmware.operators"
        )
    return [f"/* {operator.name} */", *emit(call_of(firmware, operator, watched=watched))]


def call_of(
    firmware: Firmware,
    operator: Operator,
    *,
    watched: Callable[[Call, str], list[str]] | None = None,
) -> Call:
    """Names and addresses of an operator."""
    sources, target = firmware.program.sources(operator), firmware.program.target(operator)
    return Call(
        firmware,
        operator,
        sources,
        target,
        [address(firmware, source) for source in sources],
        address(firmware, target),
        firmware.operators.of(operator.name),
        watched,
    )


def constants(firmware: Firmware) -> Iterator[str]:
    """Definitions of what kernels take besides parameters."""
    for operator in firmware.program.operators:
        if type(operator) in CONSTANTS:
            yield CONSTANTS[type(operator)](firmware, operator)


def address(firmware: Firmware, signal: Signal) -> str:
    """Where the signal's first new row lies."""
    offset = firmware.scratch.offsets[signal.name] * 8 // signal.bits
    return f"codes{signal.bits} + {offset}" if offset else f"codes{signal.bits}"


def _conv(call: Call) -> Iterator[str]:
    firmware, conv = call.firmware, call.operator
    assert isinstance(conv, Conv)
    history = f"state->history_{call.name}" if conv.history else "NULL"
    arguments = (
        f"&{shape_name(firmware, conv.name)}, parameters->weight_{call.name},\n"
        f"        {call.read('bias', 'void')},\n"
        f"        {call.read('shift', 'int8_t')}, {history},\n"
        f"        {call.x[0]}, {call.y}, {_work(call)}"
    )
    if firmware.spare_bytes:
        first = f"parameters->weight_{call.name}"
        yield f"if (wb_moved_within(&memory, {first}, sizeof {first})) {{"
        yield f"    wb_conv_moved({arguments}, &moved_weights);"
        yield "} else {"
        yield f"    wb_conv({arguments});"
        yield "}"
        return
    lines = call.watched(call, arguments) if call.watched else []
    yield from lines or [f"wb_conv({arguments});"]


def _pruned(call: Call) -> Iterator[str]:
    firmware, conv = call.firmware, call.operator
    assert isinstance(conv, PrunedConv)
    history = f"state->history_{call.name}" if conv.history else "NULL"
    yield "{"
    yield "    const wb_blocks blocks = {"
    yield f"        .kept = parameters->kept_{call.name},"
    yield f"        .reserve = {firmware.prefix}_reserve.reserve_{call.name},"
    yield f"        .mask = (const unsigned char *){call.read('mask', 'int8_t')},"
    yield f"        .mode = {_single(call, 'mode')},"
    yield f"        .count = {conv.blocks}u,"
    yield f"        .kept_count = {conv.kept.shape[1]}u,"
    yield f"        .moved = {'&moved_kept' if firmware.spare_bytes else 'NULL'},"
    yield "    };"
    yield f"    wb_conv_blocks(&{shape_name(firmware, conv.name)}, &blocks,"
    yield f"        {call.read('bias', 'void')},"
    yield f"        {call.read('shift', 'int8_t')}, {history},"
    yield f"        {call.x[0]}, {call.y}, {_work(call)});"
    yield "}"


def _single(call: Call, tensor: str) -> str:
    """An int8 alone. Volatile: in flash a compiler knows its value, and an upset changes it all the same."""
    return f"*(const volatile int8_t *){call.read(tensor, 'int8_t')}"


def _work(call: Call) -> str:
    """Memory of the kernel's own, as words; NULL where it has none."""
    offset = call.firmware.scratch.work.get(call.operator.name)
    if offset is None:
        return "NULL"
    return f"(uint32_t *){scratch_of(call.firmware)}.codes32 + {offset // 4}"


def _add(call: Call) -> Iterator[str]:
    add, (a, b) = call.operator, call.sources
    assert isinstance(add, Add)
    yield (
        f"wb_add({call.x[0]}, {a.bits}, {call.x[1]}, {b.bits}, {call.y}, {call.target.bits}, "
        f"{call.count}, {add.low}, {add.high});"
    )


def _rescale(call: Call) -> Iterator[str]:
    rescale = call.operator
    assert isinstance(rescale, Rescale)
    yield (
        f"wb_rescale({call.x[0]}, {call.sources[0].bits}, {_single(call, 'shift')}, {call.y}, "
        f"{call.target.bits}, {call.count}, {rescale.low}, {rescale.high});"
    )


def _table(call: Call) -> Iterator[str]:
    table = call.read("table", "void")
    yield f"wb_table({call.x[0]}, {table}, {call.y}, {call.target.bits}, {call.count});"


def _embed(call: Call) -> Iterator[str]:
    target = call.target
    yield (
        f"wb_embed({call.x[0]}, {target.rate}, {call.read('rows', 'void')}, "
        f"{call.operator.index_rows()}, {row_bytes(target)}, {call.y});"
    )


def _concat(call: Call) -> Iterator[str]:
    column, stride = 0, row_bytes(call.target)
    for source, x in zip(call.sources, call.x, strict=True):
        width = row_bytes(source)
        yield f"wb_concat({x}, {width}, {call.y}, {stride}, {column}, {call.target.rate});"
        column += width


def _synthesis(call: Call) -> Iterator[str]:
    words = _work(call)
    codes = f"(int16_t *)({words} + {2 * POINTS})"
    yield "{"
    yield from _tables(call)
    yield "    const wb_synthesis_state past = {"
    for remembered in call.operator.state(call.sources):
        yield f"        .{remembered.name} = state->{remembered.name}_{call.name},"
    yield "    };"
    yield f"    const wb_synthesis_work work = {{{words}, {words} + {POINTS}, {codes}}};"
    yield f"    wb_synthesis(&tables, &past, {call.x[0]}, {call.y}, &work);"
    yield "}"


def _melbands(call: Call) -> Iterator[str]:
    words = _work(call)
    yield "{"
    yield from _tables(call)
    yield f"    const wb_melbands_work work = {{{words}, {words} + {POINTS}, {words} + {2 * POINTS}}};"
    yield f"    wb_melbands(&tables, state->past_{call.name}, {call.x[0]}, {call.y}, &work);"
    yield "}"


def _blend(call: Call) -> Iterator[str]:
    (source,), target = call.sources, call.target
    yield (
        f"wb_blend({call.x[0]}, {source.rate}, {source.channels}, {call.read('weight', 'int16_t')}, "
        f"{call.read('shapes', 'int8_t')}, {target.channels}, {call.y});"
    )


def _tables(call: Call) -> Iterator[str]:
    """The tables of an operator, as the struct that its kernel takes."""
    yield f"    const wb_{call.operator.kind}_tables tables = {{"
    for tensor in call.operator.PARAMETERS:
        kind = c_type(call.operator.parameter_bits(tensor))
        yield f"        .{tensor} = {call.read(tensor, kind)},"
    yield "    };"


def _shape_of_pruned(firmware: Firmware, conv: Operator) -> str:
    assert isinstance(conv, PrunedConv)
    work = work_bytes(conv, firmware.program.sources(conv)[0])
    return _shape(firmware, conv.dense, work=work)


def _shape(firmware: Firmware, conv: Operator, *, work: int | None = None) -> str:
    assert isinstance(conv, Conv)
    (source,) = firmware.program.sources(conv)
    return constant(
        "wb_conv_shape",
        shape_name(firmware, conv.name),
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
            "bias_bits": conv.parameter_bits("bias"),
            "y_bits": firmware.program.target(conv).bits,
            "low": conv.low,
            "high": conv.high,
            "work_bytes": work_bytes(conv, source) if work is None else work,
        },
    )


# Constants in flash that a kernel takes besides its parameters.
CONSTANTS: dict[type[Operator], Callable[[Firmware, Operator], str]] = {
    Conv: _shape,
    PrunedConv: _shape_of_pruned,
}
CALLS: dict[type[Operator], Callable[[Call], Iterator[str]]] = {
    Conv: _conv,
    PrunedConv: _pruned,
    Add: _add,
    Rescale: _rescale,
    Table: _table,
    Embed: _embed,
    Concat: _concat,
    Synthesis: _synthesis,
    MelBands: _melbands,
    Blend: _blend,
}
