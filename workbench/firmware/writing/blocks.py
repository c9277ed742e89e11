"""Memory of a model as C blocks that an application may place apart: working copy, histories and scratch.

Each block is a member of the instance, or a variable of its own where the macro PREFIX_BLOCK_APART is defined. What
stays in the memory struct is always one run of the image.
"""

from __future__ import annotations

from dataclasses import dataclass

from workbench.firmware.design import Firmware
from workbench.memory.places import STATE

_ONE = "of the one instance that there is"


@dataclass(frozen=True)
class Block:
    """name: in its macros and its variable. kind: of its type. inside: the member that it is else. remark: for its user."""

    name: str
    kind: str
    inside: str
    remark: str


def blocks_of(firmware: Firmware) -> list[Block]:
    """The blocks that a firmware has."""
    return [
        Block(
            "scratch",
            "scratch",
            "scratch",
            "all instances share it, so that no two steps may overlap",
        ),
        *(
            [Block("parameters", "parameters", "memory.parameters", _ONE)]
            if firmware.copies
            else []
        ),
        *([Block("histories", "state", "memory.state", _ONE)] if firmware.histories() else []),
    ]


def declarations(firmware: Firmware) -> str:
    """Blocks that lie apart, for the header."""
    name = firmware.prefix
    return "".join(
        f"""#ifdef {apart_macro(firmware, block.name)} /* a block of its own, to be placed apart; {block.remark} */
extern {name}_{block.kind} {name}_{block.name}_block;
#endif

"""
        for block in blocks_of(firmware)
    )


def definitions(firmware: Firmware) -> str:
    """Where each block lies, for the source: PREFIX_BLOCK(model)."""
    name = firmware.prefix
    return "".join(
        f"""#ifdef {apart_macro(firmware, block.name)}
{name}_{block.kind} {name}_{block.name}_block;
#define {firmware.macro(block.name)}(model) (*((void)(model), &{name}_{block.name}_block))
#else
#define {firmware.macro(block.name)}(model) (model)->{block.inside}
#endif
"""
        for block in blocks_of(firmware)
    )


def histories_at(firmware: Firmware) -> str:
    """Where the histories of `model` lie, in C."""
    return f"{firmware.macro('histories')}(model)"


def extent(firmware: Firmware) -> str:
    """Which run of the image the memory struct is: macros of its first address and its size.

    Histories lie behind the working copy, which cannot stay where they leave.
    """
    start, stop = firmware.memory_start, firmware.memory_start + firmware.memory_bytes
    apart = {}  # the last block first, since it takes the others along
    if firmware.histories():
        apart["histories"] = firmware.layout.sections[STATE].stop
    if firmware.copies:
        apart["parameters"] = firmware.layout.working_bytes
    text = ""
    if len(apart) == 2:
        parameters = apart_macro(firmware, "parameters")
        text = (
            f"#if defined {apart_macro(firmware, 'histories')} && !defined {parameters}\n"
            f"#define {parameters} /* they lie before the histories in the image */\n#endif\n"
        )
    for number, (name, first) in enumerate(apart.items()):
        text += f"#{'el' * (number > 0)}if defined {apart_macro(firmware, name)}\n{_run(firmware, first, stop)}"
    whole = _run(firmware, start, stop)
    return f"{text}#else\n{whole}#endif\n\n" if apart else f"{whole}\n"


def memory_struct_lines(firmware: Firmware) -> list[str]:
    """Members of the memory struct."""
    prefix = firmware.prefix
    blocks = {block.name: block for block in blocks_of(firmware)}
    lines = []
    for name in ("parameters", "histories"):
        if name in blocks:
            kind, member = blocks[name].kind, blocks[name].inside.removeprefix("memory.")
            lines += [
                f"#ifndef {apart_macro(firmware, name)}",
                f"    {prefix}_{kind} {member};",
                "#endif",
            ]
    rest = []
    if firmware.variables:
        rest.append(
            f"    uint32_t healer[{firmware.variables}]; /* its variables, three times each */"
        )
    if firmware.ram_check_bytes:
        rest.append(f"    uint8_t ram_checks[{firmware.ram_check_bytes}];")
    if firmware.spare_bytes:
        rest.append(f"    uint8_t spare[{firmware.spare_bytes}];")
    if firmware.backoff_bytes:
        rest.append(
            f"    uint8_t backoff[{firmware.backoff_bytes}]; /* of units that nothing helped, 4 bits each */"
        )
    if rest:
        return lines + rest
    # A struct has a member.
    if not lines:
        return ["    uint8_t nothing;"]
    outermost = "histories" if "histories" in blocks else "parameters"
    return [*lines, f"#ifdef {apart_macro(firmware, outermost)}", "    uint8_t nothing;", "#endif"]


def apart_macro(firmware: Firmware, name: str) -> str:
    """The macro that takes a block out of the instance."""
    return firmware.macro(f"{name}_apart")


def _run(firmware: Firmware, first: int, stop: int) -> str:
    return (
        f"#define {firmware.macro('memory_start')} {first}u\n"
        f"#define {firmware.macro('memory_bytes')} {stop - first}u\n"
    )
