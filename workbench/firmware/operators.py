"""The C calls of operators: one function a kind, and their table.

Layout: each function gives the lines of a step's body. `parameters`, `state`, `memory` and the buffers
`codes8`, `codes16` and `codes32` are locals of that body; kernels are in `runtime/`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from workbench.errors import WorkbenchError
from workbench.firmware.design import Firmware
from workbench.firmware.healer import abft_calls, constant, shape_name
from workbench.firmware.scratch import row_bytes
from workbench.integer.operators import Add, Concat, Conv, Embed, Operator, Rescale, Table
from workbench.integer.signals import Signal


@dataclass(frozen=True)
class Call:
    """One operator to be called.

    sources, target: its signals. x, y: where the first new row of each lies. name: the operator's, as a
    C identifier. checked: whether sums are compared with checksum rows, where there are some.
    """

    firmware: Firmware
    operator: Operator
    sources: tuple[Signal, ...]
    target: Signal
    x: list[str]
    y: str
    name: str
    checked: bool

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
        kinds = list(firmware.bounces)
        offset = sum(firmware.bounces[kind] for kind in kinds[: kinds.index(tensor)]) // 4
        bounce = f"model->bounce + {offset}u"
        return f"(const {kind} *)wb_gather(&memory, {plain}, sizeof {plain}, {bounce})"


def calls(firmware: Firmware, operator: Operator, *, checked: bool = True) -> list[str]:
    """The lines that compute an operator; WorkbenchError for one without a C kernel."""
    program = firmware.program
    sources, target = program.sources(operator), program.target(operator)
    emit = CALLS.get(type(operator))
    if emit is None:
        raise WorkbenchError(
            f"operator {operator.name} of the kind {operator.kind!r} has no C kernel; write one and enter "
            "its call in CALLS of workbench.firmware.operators"
        )
    call = Call(
        firmware,
        operator,
        sources,
        target,
        [address(firmware, source) for source in sources],
        address(firmware, target),
        firmware.operators.of(operator.name),
        checked,
    )
    return [f"/* {operator.name} */", *emit(call)]


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
        f"        {call.read('bias', 'int32_t')},\n"
        f"        {call.read('shift', 'int8_t')}, {history},\n"
        f"        {call.x[0]}, {call.y}"
    )
    if firmware.spare_bytes:
        first = f"parameters->weight_{call.name}"
        yield f"if (wb_moved_within(&memory, {first}, sizeof {first})) {{"
        yield f"    wb_conv_moved({arguments}, &moved_weights);"
        yield "} else {"
        yield f"    wb_conv({arguments});"
        yield "}"
        return
    for watched, area, unit in abft_calls(firmware):
        if call.checked and watched == conv.name:
            check = f"&{firmware.prefix}_parts_{area}[{unit}].check"
            yield f"if (wb_conv_checked({arguments}, {check}) &&"
            yield f"    wb_alarm(&memory, {area}u, {unit}u)) {{"
            yield f"    wb_conv_again({arguments}, {check});"
            yield "}"
            return
    yield f"wb_conv({arguments});"


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
        f"wb_rescale({call.x[0]}, {call.sources[0].bits}, *{call.read('shift', 'int8_t')}, {call.y}, "
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


def _shape(firmware: Firmware, conv: Operator) -> str:
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
            "y_bits": firmware.program.target(conv).bits,
            "low": conv.low,
            "high": conv.high,
        },
    )


# Constants in flash that a kernel takes besides its parameters.
CONSTANTS: dict[type[Operator], Callable[[Firmware, Operator], str]] = {Conv: _shape}
CALLS: dict[type[Operator], Callable[[Call], Iterator[str]]] = {
    Conv: _conv,
    Add: _add,
    Rescale: _rescale,
    Table: _table,
    Embed: _embed,
    Concat: _concat,
}
