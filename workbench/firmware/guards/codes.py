"""Page codes in C: which functions of the runtime are theirs, and constants that these need.

A code of one's own is an entry of CODES: its functions have the shape that `runtime/wb_check.h` asks for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from workbench.errors import WorkbenchError
from workbench.firmware.operators import constant
from workbench.healing.strategies.guard import Guard
from workbench.memory.codes.ecc import InPlace, Secded
from workbench.memory.codes.signatures import (
    Code,
    Crc16,
    Crc32,
    DualSum,
    Parity,
    PlusQ,
    Radar,
    Xor,
)
from workbench.memory.watches.areas import RAM


@dataclass(frozen=True)
class CodeInC:
    """A code in C.

    Attributes:
        stem: Of its functions wb_STEM_wrong, _sign, _judge and _correct, as far as the code has them.
        fields: Further fields of its `wb_code`, given the prefix of the model and the code.
        table: (name, text) of a constant of that prefix and code; ("", "") for none.
        source: C of its functions, where the runtime does not have them.
    """

    stem: str
    fields: Callable[[str, Code], Mapping[str, object]] = field(default=lambda prefix, code: {})
    table: Callable[[str, Code], tuple[str, str]] = field(default=lambda prefix, code: ("", ""))
    source: str = ""


def code_in_c(code: Code) -> CodeInC:
    """The entry of a code; WorkbenchError for one that has none."""
    entry = CODES.get(type(code))
    if entry is None:
        raise WorkbenchError(
            f"the code {code.name} has no C; write its functions and enter them in CODES of "
            "workbench.firmware.guards.codes"
        )
    return entry


def code_constant(prefix: str, name: str, code: Code, guard: Guard) -> str:
    """The `wb_code` of a guard; functions that nothing names are not linked."""
    entry = code_in_c(code)
    fields = dict(entry.fields(prefix, code))
    fields["wrong"] = f"wb_{entry.stem}_wrong"
    if guard.area.keep == RAM:  # a code that only reads need not know how to sign
        fields["sign"] = f"wb_{entry.stem}_sign"
    if code.judges:
        fields["judge"] = f"wb_{entry.stem}_judge"
    if code.sees_every_flip:
        fields["sees_every_flip"] = "1u"
    if code.corrects and any(action.corrects for action in guard.actions):
        fields["correct"] = f"wb_{entry.stem}_correct"
    return constant("wb_code", f"{prefix}_{name}", fields)


def _secded(prefix: str, code: Code) -> Mapping[str, object]:
    assert isinstance(code, Secded)
    return {
        "part_wrong": "wb_secded_part_wrong",
        "part_bytes": f"{code.word_bytes}u",
        "table": f"{prefix}_{code.name}",
    }


def _in_place(prefix: str, code: Code) -> Mapping[str, object]:
    assert isinstance(code, InPlace)
    return {"part_bytes": f"{code.word_bytes}u"}


def _nibbles(prefix: str, code: Code) -> tuple[str, str]:
    """What each value of each nibble of a word adds to the syndrome."""
    assert isinstance(code, Secded)
    rows = []
    for start in range(0, len(code.columns), 4):
        columns = [int(column) for column in code.columns[start : start + 4]]
        values = []
        for nibble in range(16):
            total = 0
            for bit, column in enumerate(columns):
                total ^= column if nibble >> bit & 1 else 0
            values.append(f"{total}")
        rows.append("    {" + ", ".join(values) + "},")
    text = (
        f"static const unsigned char {prefix}_{code.name}[{len(rows)}][16] = {{\n"
        + "\n".join(rows)
        + "\n};\n"
    )
    return code.name, text


CODES: dict[type[Code], CodeInC] = {
    Xor: CodeInC("xor"),
    DualSum: CodeInC("dual_sum"),
    Crc16: CodeInC("crc16"),
    Crc32: CodeInC("crc32"),
    PlusQ: CodeInC("pq"),
    Parity: CodeInC(
        "parity",
        lambda prefix, code: {"part_wrong": "wb_parity_part_wrong", "part_bytes": "1u"},
    ),
    Radar: CodeInC("radar"),
    Secded: CodeInC("secded", _secded, _nibbles),
    InPlace: CodeInC("in_place", _in_place),
}
