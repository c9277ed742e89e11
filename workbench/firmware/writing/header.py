"""The header of an exported model: sizes, the memory image as a typed struct, its functions."""

from __future__ import annotations

from workbench.firmware.design import RUNTIME_ABI, RUNTIME_VERSION, Firmware, c_type
from workbench.firmware.writing.blocks import (
    apart_macro,
    declarations,
    extent,
    memory_struct_lines,
)
from workbench.memory.places import CHECK, RESERVE, STATE, Place

_ALIGNMENT_BYTES = 4


def header(firmware: Firmware) -> str:
    """The text of PREFIX.h."""
    guard = firmware.macro("h")
    parts = [
        _opening(firmware),
        f"#ifndef {guard}\n#define {guard}\n",
        _includes(firmware),
        _constants(firmware),
        _block(firmware, firmware.parameters(), "parameters"),
        _block(firmware, firmware.reserves(), "reserves"),
        _block(firmware, firmware.checks(), "checks"),
        _block(firmware, firmware.histories(), "state"),
        _memory(firmware),
        _instance(firmware),
        _addresses(firmware),
        _flash(firmware),
        _functions(firmware),
        "#ifdef __cplusplus\n}\n#endif\n",
        "#endif",
    ]
    return "\n".join(part for part in parts if part) + "\n"


def signature(firmware: Firmware) -> str:
    """The declaration of the step function, without semicolon."""
    program = firmware.program
    inputs = "".join(
        f"const {c_type(program.signal(name).bits)} *in_{firmware.inputs.of(name)}, "
        for name in program.inputs
    )
    output = c_type(program.signal(program.output).bits)
    return f"wb_status {firmware.prefix}_step({firmware.prefix}_instance *model, {inputs}{output} *output)"


def initialiser(firmware: Firmware) -> str:
    """The declaration of the init function, without semicolon."""
    name, versions = firmware.prefix, ", uint32_t versions" * (firmware.versions > 1)
    return f"void {name}_init({name}_instance *model{versions})"


def init_call(firmware: Firmware, instance: str) -> str:
    """A call of the init function; where there are several versions, the slots in their order."""
    return f"{firmware.prefix}_init(&{instance}{', 0' * (firmware.versions > 1)})"


def _opening(firmware: Firmware) -> str:
    return f"""/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Program {firmware.program.name}, written by the workbench: do not edit, export again.
 * Names, numbers and weights of this model carry the licence of its training data and card.
 */"""


def _includes(firmware: Firmware) -> str:
    return '#include "runtime/wb_model.h"\n\n#ifdef __cplusplus\nextern "C" {\n#endif\n'


def _constants(firmware: Firmware) -> str:
    lines = [
        f'#define {firmware.macro("hash")} "{firmware.image.content_hash}"',
        *(
            [f'#define {firmware.macro("build")} "{firmware.build_name}" /* of its logs */']
            if firmware.heals
            else []
        ),
        f'#define {firmware.macro("version")} "{RUNTIME_VERSION}" /* of the runtime that it is written for */',
        f"#define {firmware.macro('abi')} {RUNTIME_ABI}",
        f"#define {firmware.macro('frames_per_second')} {firmware.program.frame_rate_hz!r}",
    ]
    lines += [
        f"#define {firmware.macro(name)} {size}u" for name, size in firmware.constants().items()
    ]
    return "\n".join(lines) + "\n\n" + extent(firmware) + _fits(firmware)


def _fits(firmware: Firmware) -> str:
    """Stops a compiler that finds another runtime than the one that the model is written for."""
    major, minor, _ = RUNTIME_VERSION.split(".")
    return (
        f"#if WB_ABI != {firmware.macro('abi')} || WB_VERSION_MAJOR != {major} || WB_VERSION_MINOR < {minor}\n"
        f'#error "runtime/ is of another export: this model needs the runtime {RUNTIME_VERSION}."\n#endif\n'
    )


def _members(firmware: Firmware, places: list[Place]) -> list[str]:
    lines, section = [], ""
    for place in places:
        if place.section != section:
            section = place.section
            lines.append(f"    /* {section} */")
        count = place.size_bytes * 8 // max(8, place.bits)
        shape = " ".join(str(size) for size in place.shape)
        packed = ", two codes a byte" if place.bits == 4 else ""
        lines.append(
            f"    {c_type(place.bits)} {firmware.member(place)}[{count}]; "
            f"/* {place.operator}: [{shape}]{packed} */"
        )
        padding = -place.size_bytes % _ALIGNMENT_BYTES
        if padding:
            lines.append(f"    uint8_t padding_{firmware.member(place)}[{padding}];")
    return lines


def _struct(lines: list[str], name: str, *, aligned: bool = False) -> str:
    """aligned: whether its bytes are also read as words, whatever its members are."""
    return "typedef struct {\n" + "\n".join(lines) + f"\n}} {'WB_ALIGNED ' * aligned}{name};\n"


def _block(firmware: Firmware, places: list[Place], name: str) -> str:
    """The structure of some places, "" where there are none."""
    if not places:
        return ""
    return _struct(_members(firmware, places), f"{firmware.prefix}_{name}", aligned=True)


def _memory(firmware: Firmware) -> str:
    start = firmware.macro("memory_start")
    return (
        f"/* The RAM part of the memory image: its byte n is image address {start} + n. */\n"
        + _struct(memory_struct_lines(firmware), f"{firmware.prefix}_memory")
    )


def _instance(firmware: Firmware) -> str:
    scratch = firmware.macro("scratch_bytes")
    lines = [f"    {firmware.prefix}_memory memory;"]
    if firmware.heals:
        lines += [
            "    wb_log_head log_head;",
            f"    wb_log_entry log[{firmware.macro('log_entries')}]; "
            "/* entry n is log[n % size] */",
        ]
    if firmware.bounce_bytes:
        lines.append(
            f"    uint32_t bounce[{firmware.bounce_bytes // 4}]; /* where moved bytes are put together */"
        )
    if firmware.self_test_bytes:
        lines.append(
            f"    {firmware.prefix}_state self_test; /* histories of a golden input; between steps, nothing */"
        )
    apart = apart_macro(firmware, "scratch")
    lines += [f"#ifndef {apart}", f"    {firmware.prefix}_scratch scratch;", "#endif"]
    union = f"""/* Signals of the frame in work; it holds nothing between steps. */
typedef union {{
    int8_t codes8[{scratch}];
    int16_t codes16[{scratch} / 2u];
    int32_t codes32[{scratch} / 4u];
}} {firmware.prefix}_scratch;

"""
    return (
        f"{union}{declarations(firmware)}/* Everything else that a running model needs; yours to place. */\n"
        + _struct(lines, f"{firmware.prefix}_instance")
    )


def _addresses(firmware: Firmware) -> str:
    prefix, start = firmware.prefix, firmware.macro("memory_start")
    size = firmware.macro("memory_bytes")
    checks: list[tuple[str, int | str, str]] = [
        (f"sizeof({prefix}_memory)", f"({size} ? {size} : 1u)", "memory")
    ]
    if firmware.parameters():
        checks.append((f"sizeof({prefix}_parameters)", firmware.layout.working_bytes, "parameters"))
    for place in firmware.parameters():
        member = firmware.member(place)
        checks.append((f"offsetof({prefix}_parameters, {member})", place.start, member))
    state = firmware.layout.sections[STATE]
    if firmware.histories():
        checks.append((f"sizeof({prefix}_state)", state.size_bytes, "state"))
    for place in firmware.histories():
        member = firmware.member(place)
        checks.append((f"{state.start}u + offsetof({prefix}_state, {member})", place.start, member))
    for part, section, there in (
        ("healer", "healer", firmware.variables),
        ("ram_checks", "ram_check", firmware.ram_check_bytes),
        ("spare", "spare", firmware.spare_bytes),
        ("backoff", "backoff", firmware.backoff_bytes),
    ):
        if there:
            there_at = firmware.layout.sections[section].start
            checks.append((f"{start} + offsetof({prefix}_memory, {part})", there_at, part))
    for block, section, places in (
        ("reserves", RESERVE, firmware.reserves()),
        ("checks", CHECK, firmware.checks()),
    ):
        flash = firmware.layout.sections[section].start
        for place in places:
            member = firmware.member(place)
            checks.append((f"offsetof({prefix}_{block}, {member})", place.start - flash, member))
    lines = [
        f"typedef char {prefix}_check_{name}[{actual} == {expected}{'u' if isinstance(expected, int) else ''} ? 1 : -1];"
        for actual, expected, name in checks
    ]
    return (
        "/* Compilation stops here where a compiler lays the structs out in another way. */\n"
        + "\n".join(lines)
        + "\n"
    )


def _flash(firmware: Firmware) -> str:
    lines = []
    if firmware.reserves():
        lines.append(f"extern WB_FLASH {firmware.prefix}_reserves {firmware.prefix}_reserve;")
    if firmware.versions > 1:
        return "".join(f"{line}\n" for line in lines) + _versions(firmware)
    for name in firmware.in_flash:
        lines.append(f"extern WB_FLASH {firmware.prefix}_parameters {firmware.prefix}_{name};")
    if firmware.checks():
        lines.append(f"extern WB_FLASH {firmware.prefix}_checks {firmware.prefix}_check;")
    return "/* What lies in flash. */\n" + "\n".join(lines) + "\n" if lines else ""


def _versions(firmware: Firmware) -> str:
    name = firmware.prefix
    product = ", ".join(f"0x{byte:02x}" for byte in firmware.product)
    return f"""/* A version of the parameters with its checks, as it lies in flash. */
typedef struct {{
    {name}_parameters golden;
    {name}_checks check;
}} {name}_version;

/* Of the versions that fit this firmware, for `wb_store_design`. */
#define {firmware.macro("product")} {{{product}}}

/* Yours to define: where a {name}_version begins in each slot of the store, that of the factory first. */
extern const WB_SLOT_BYTE *const {name}_slots[{firmware.versions}];

/* Rank of the version that runs: 0 for the one that was started; after a fall-back, start the device again soon. */
uint32_t {name}_rank(const {name}_instance *model);

/* Says anew which versions there are: call it as soon as an installation has begun to overwrite one of them. */
void {name}_versions({name}_instance *model, uint32_t versions);
"""


def _functions(firmware: Firmware) -> str:
    name = firmware.prefix
    heals = "Then the healer has its turn. " if firmware.heals else ""
    log = _LOG.format(name=name) if firmware.heals else ""
    unprune = _UNPRUNE.format(name=name) if firmware.switches else ""
    ranks = (
        " versions: which one, and which come after it, as `wb_store_versions` says; 0 for the slots in their order."
        if firmware.versions > 1
        else ""
    )
    return f"""/* Bytes of an instance, as the library was compiled; another than sizeof({name}_instance) is another header's. */
size_t {name}_size(void);

/* Call once before anything else: fills RAM from flash.{ranks} */
{initialiser(firmware)};

/* Silences the histories: call it before every new utterance. */
void {name}_reset({name}_instance *model);

/* Computes one frame. {heals}Sizes: the macros ..._CODES above. */
{signature(firmware)};
{log}{unprune}"""


_UNPRUNE = """
/*
 * Un-prunes a layer between two steps, whose number follows the order of the program, for as many frames as you say; its
 * guard of modes has a limit, and 0 prunes it. Returns 0 where there is no such layer or its reserve is damaged.
 */
int {name}_unprune({name}_instance *model, uint32_t layer, uint32_t frames);
"""
_LOG = """
/*
 * The log from the oldest entry on: begin with *next = 0 and call until it returns 0, now or after later steps. Where
 * *next jumps, entries were overwritten before they were read.
 */
int {name}_log_next(const {name}_instance *model, uint32_t *next, wb_log_entry *entry);

/*
 * Checks all that can be checked, `most` units in a call, at boot or when there is time: begin with *at all zero and call
 * until it does not return WB_BUSY. WB_OK: nothing is wrong; WB_DEGRADED: *at says what. It repairs nothing and writes
 * nothing down.
 */
wb_status {name}_verify({name}_instance *model, wb_verification *at, uint32_t most);

/* How much was found since RAM was last lost. */
void {name}_counts(const {name}_instance *model, wb_counts *counts);
"""
