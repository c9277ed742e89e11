"""The healer of an exported model as C: a table of what is watched, made from the strategy.

Functions that nothing names are not linked. Layout: `runtime/wb_heal.h`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from workbench.firmware.design import Firmware
from workbench.healing.backoff import SUMS_SHIFT, scan_frames
from workbench.healing.evidence import Guards, facts, has_golden, proves_by_agreeing, rows_for
from workbench.healing.log import Remedy
from workbench.healing.scrub_schedule import looks_of
from workbench.healing.strategy import Guard
from workbench.memory.codes.ecc import InPlace, Secded
from workbench.memory.codes.signatures import Code
from workbench.memory.watches.areas import ABFT, GOLDEN, RADAR, RAM, SELF_TEST, TRIPLE
from workbench.memory.watches.pages import PageWatch, Watch
from workbench.memory.watches.self_test import SelfTestWatch
from workbench.memory.watches.sums import AbftWatch
from workbench.memory.watches.triple import TripleWatch

_RUNGS = {
    Remedy.RESTORE: "wb_restore",
    Remedy.CORRECT: "wb_correct",
    Remedy.ZERO: "wb_zero_unit",
    Remedy.INTERPOLATE: "wb_interpolate",
    Remedy.CLIP: "wb_clip",
    Remedy.REBOOT: "wb_reboot",
    Remedy.RELOCATE: "wb_relocate",
    Remedy.REPEAT: "NULL",
}


def constant(kind: str, name: str, fields: Mapping[str, object]) -> str:
    """A `static const` struct with these fields."""
    lines = "\n".join(f"    .{field} = {value}," for field, value in fields.items())
    return f"static const {kind} {name} = {{\n{lines}\n}};\n"


def healer(firmware: Firmware) -> str:
    """Codes, areas and plan, and the function that says where everything lies."""
    name = firmware.prefix
    pairs = list(zip(firmware.strategy.guards, firmware.layout.watches, strict=True))
    codes, tables = [], {}
    for number, (guard, watch) in enumerate(pairs):
        if isinstance(watch, PageWatch):
            codes.append(_code(name, f"code_{number}", watch.code, guard))
            if isinstance(watch.code, Secded):
                tables[watch.code.name] = _nibbles(name, watch.code)
            if watch.second:
                codes.append(_code(name, f"second_{number}", watch.second, guard))
    policy = firmware.strategy.policy
    codes_of = [area.code for area in firmware.strategy.areas]
    areas = ",\n".join(
        "    {\n" + "\n".join(f"        .{f} = {v}," for f, v in fields.items()) + "\n    }"
        for fields in (_area(firmware, n, *pair) for n, pair in enumerate(pairs))
    )
    plan = {
        "areas": f"{name}_areas",
        "validator": f"&{name}_areas[{codes_of.index(SELF_TEST)}]" if policy.validate else "NULL",
        "proofs": f"{name}_proofs",
        **(
            {"sums": f"&{name}_areas[{codes_of.index(ABFT)}]", "look_on": "wb_abft_look_on"}
            if ABFT in codes_of
            else {}
        ),
        "frames": firmware.macro("frame_modulus"),
        "area_count": f"{len(pairs)}u",
        "persistence": f"{policy.persistence}u",
        "cool_down_frames": f"{policy.cool_down_frames}u",
        "heals": f"{policy.heals}u",
        "refill_frames": f"{policy.refill_frames}u",
        "reset_histories": f"{int(policy.reset_histories)}u",
        "working_bytes": firmware.macro("parameter_bytes"),
        "state_bytes": f"{firmware.layout.sections['state'].size_bytes}u",
        "log_entries": firmware.macro("log_entries"),
        "spares": f"{firmware.layout.spare_pages}u",
        "spare_bytes": f"{firmware.layout.spare_bytes}u",
    }
    parts = [
        *tables.values(),
        *codes,
        *(_parts(firmware, n, watch) for n, (_, watch) in enumerate(pairs)),
        *(_ladder(name, n, guard) for n, (guard, _) in enumerate(pairs)),
        _proofs(name, pairs),
        f"static const wb_area {name}_areas[{len(pairs)}] = {{\n{areas}\n}};\n",
        constant("wb_heal_plan", f"{name}_heal_plan", plan),
        _memory(firmware),
    ]
    return "\n".join(part for part in parts if part)


def _proofs(prefix: str, guards: Guards) -> str:
    """What the witnesses prove, the table that the simulation has."""
    table = rows_for(guards)
    rows = "\n".join(
        f"    {{{int(counts)}u, {int(values)}u, WB_DIAGNOSIS_{diagnosis.name}}},"
        for counts, values, diagnosis in table
    )
    return f"static const wb_proof {prefix}_proofs[{len(table)}] = {{\n{rows}\n}};\n"


def _code(prefix: str, name: str, code: Code, guard: Guard) -> str:
    kind = code.name.replace("-", "_")
    fields: dict[str, object] = {}
    if isinstance(code, Secded):
        kind = "secded"
        fields |= {"part_wrong": "wb_secded_part_wrong", "part_bytes": f"{code.word_bytes}u"}
        fields["table"] = f"{prefix}_{code.name}"
    elif isinstance(code, InPlace):
        kind = "in_place"
        fields["part_bytes"] = f"{code.word_bytes}u"
    elif code.name == "parity":
        fields |= {"part_wrong": "wb_parity_part_wrong", "part_bytes": "1u"}
    fields["wrong"] = f"wb_{kind}_wrong"
    if guard.area.keep == RAM:  # a code that only reads need not know how to sign
        fields["sign"] = f"wb_{kind}_sign"
    if code.judges:
        fields["judge"] = f"wb_{kind}_judge"
    if code.sees_every_flip:
        fields["sees_every_flip"] = "1u"
    if code.corrects and Remedy.CORRECT in guard.ladder:
        fields["correct"] = f"wb_{kind}_correct"
    return constant("wb_code", f"{prefix}_{name}", fields)


def _nibbles(prefix: str, code: Secded) -> str:
    """What each value of each nibble of a word adds to the syndrome."""
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
    return (
        f"static const unsigned char {prefix}_{code.name}[{len(rows)}][16] = {{\n"
        + "\n".join(rows)
        + "\n};\n"
    )


def _ladder(prefix: str, number: int, guard: Guard) -> str:
    if not guard.ladder:
        return ""
    special = {
        (ABFT, Remedy.RESTORE): "wb_abft_restore",
        (TRIPLE, Remedy.CORRECT): "wb_triple_correct",
        (SELF_TEST, Remedy.RESTORE): "wb_restore_all",
    }
    lines = []
    for rung in guard.ladder:
        function = special.get((guard.area.code, rung), _RUNGS[rung])
        lines.append(f"    {{{function}, WB_REMEDY_{rung.name}}},")
    return (
        f"static const wb_rung {prefix}_ladder_{number}[{len(lines)}] = {{\n"
        + "\n".join(lines)
        + "\n};\n"
    )


def _area(firmware: Firmware, number: int, guard: Guard, watch: Watch) -> dict[str, object]:
    name, area = firmware.prefix, guard.area
    fields: dict[str, object] = {
        "start": f"{watch.start}u",
        "stop": f"{watch.stop}u",
        "unit_bytes": f"{area.unit_bytes}u",
        "units": f"{watch.units}u",
        "step": f"{watch.units if area.code == RADAR else 1}u",
        "per_frame": f"{0 if area.code == ABFT else looks_of(guard, watch.units)}u",
        "every_frames": f"{guard.every_frames}u",
        "stride": f"{guard.stride % watch.units if watch.units else 0}u",
        "facts": f"{int(facts(guard, watch))}u",
        "first_unit": f"{sum(w.units for w in firmware.layout.watches[:number])}u",
        "scan_frames": f"{max(1, scan_frames(guard, watch))}u",
        "backoff_shift": f"{SUMS_SHIFT if area.code == ABFT else 0}u",
    }
    reboots = any(Remedy.REBOOT in each.ladder for each in firmware.strategy.guards)
    if reboots and (isinstance(watch, PageWatch) or area.code == GOLDEN):
        fields["restore"] = "wb_restore"
    if guard.ladder:
        fields |= {"ladder": f"{name}_ladder_{number}", "rungs": f"{len(guard.ladder)}u"}
    if isinstance(watch, PageWatch):
        return fields | _page(firmware, number, guard, watch)
    if isinstance(watch, TripleWatch):
        fields |= {
            "wrong": "wb_triple_wrong",
            "witnesses": "wb_triple_says",
            "boot": "wb_triple_boot",
            "ram_check": f"{_ram_offset(firmware, watch, 'copies')}u",
            "parts": f"&{name}_parts_{number}",
        }
        return fields | ({"mend_check": "wb_triple_mend"} if guard.ladder else {})
    if isinstance(watch, AbftWatch):
        return fields | {
            "wrong": "wb_abft_wrong",
            "same": "wb_abft_same",
            "witnesses": "wb_abft_says" if _pages_prove(firmware) else "wb_golden_says",
            "parts": f"{name}_parts_{number}" if watch.units else "NULL",
        }
    if isinstance(watch, SelfTestWatch):
        return (
            fields
            | {
                "wrong": f"{name}_self_test",
                "same": "wb_all_same",
                "unit_bytes": f"{watch.stop}u",
            }
            | (
                {"witnesses": "wb_all_say" if _pages_prove(firmware) else "wb_golden_says"}
                if has_golden(guard)
                else {}
            )
        )
    assert area.code == GOLDEN
    return fields | {"wrong": "wb_golden_wrong"}


def _pages_prove(firmware: Firmware) -> bool:
    """Whether pages of some guard can show that what another guard takes for wrong is sound."""
    return any(isinstance(w, PageWatch) and proves_by_agreeing(w) for w in firmware.layout.watches)


def _page(firmware: Firmware, number: int, guard: Guard, watch: PageWatch) -> dict[str, object]:
    name, code, second = firmware.prefix, watch.code, watch.second
    writes = guard.area.keep == RAM
    fields: dict[str, object] = {
        "wrong": "wb_page_wrong",
        "code": f"&{name}_code_{number}",
        "check_bytes": f"{code.check_bytes(guard.area.unit_bytes)}u",
        "proves": f"{int(proves_by_agreeing(watch))}u",
    }
    if has_golden(guard):
        fields |= {"witnesses": "wb_page_and_golden_say", "same": "wb_page_same"}
    elif code.judges or second:
        fields["witnesses"] = "wb_page_says"
    if second:
        fields["second"] = f"&{name}_second_{number}"
        fields["second_bytes"] = f"{second.check_bytes(guard.area.unit_bytes)}u"
    for tensor, flash, ram in (
        ("check", "check", "ram_check"),
        ("second", "second_check", "ram_second"),
    ):
        if any(place.tensor == tensor for place in watch.places):
            if writes:
                fields[ram] = f"{_ram_offset(firmware, watch, tensor)}u"
            else:
                fields[flash] = f"(const wb_byte *){_flash(firmware, watch, tensor)}"
    if not watch.places:  # in place: nothing is stored, and nothing is read
        fields["check"] = f"(const wb_byte *)&{name}_golden"
    elif writes:
        fields["boot"] = "wb_sign"
        fields |= {"mend_check": "wb_resign"} if guard.ladder else {}
    return fields


def _ram_offset(firmware: Firmware, watch: Watch, tensor: str) -> int:
    place = firmware.layout.place(watch.label, tensor)
    return place.start - firmware.layout.sections["ram_check"].start


def _flash(firmware: Firmware, watch: Watch, tensor: str) -> str:
    return f"{firmware.prefix}_check.{firmware.member(firmware.layout.place(watch.label, tensor))}"


def _parts(firmware: Firmware, number: int, watch: Watch) -> str:
    name = firmware.prefix
    if isinstance(watch, TripleWatch):
        return constant(
            "wb_triple",
            f"{name}_parts_{number}",
            {
                "where": f"(const volatile uint32_t *){_flash(firmware, watch, 'where')}",
                "sums": f"(const volatile uint32_t *){_flash(firmware, watch, 'sums')}",
                "count": f"{len(watch.chosen)}u",
            },
        )
    if isinstance(watch, AbftWatch) and watch.units:
        lines = []
        for unit, conv in enumerate(watch.operators):
            weight, bias = (firmware.layout.place(conv.name, t) for t in ("weight", "bias"))
            lines.append(
                f"    {{&{shape_name(firmware, conv.name)},\n"
                f"     {{{_flash(firmware, watch, f'rows_{unit}')},\n"
                f"      {_flash(firmware, watch, f'total_{unit}')}}},\n"
                f"     {weight.start}u, {weight.size_bytes}u, {bias.start}u}},"
            )
        return (
            f"static const wb_abft_part {name}_parts_{number}[{watch.units}] = {{\n"
            + "\n".join(lines)
            + "\n};\n"
        )
    return ""


def shape_name(firmware: Firmware, operator: str) -> str:
    """The constant that describes a convolution."""
    return f"{firmware.prefix}_shape_{firmware.operators.of(operator)}"


def _memory(firmware: Firmware) -> str:
    name, spares = firmware.prefix, firmware.layout.spare_pages
    state = "(unsigned char *)&model->memory.state" if firmware.histories() else "NULL"
    checks = "model->memory.ram_checks" if firmware.ram_check_bytes else "NULL"
    spare = "model->memory.spare" if spares else "NULL"
    backoff = "model->memory.backoff" if firmware.backoff_bytes else "NULL"
    return f"""static inline wb_memory {name}_memory_of({name}_instance *model, uint32_t *state,
                                           wb_moved *moved)
{{
    const wb_memory memory = {{
        .plan = &{name}_heal_plan,
        .model = model,
        .working = (wb_byte *)&model->memory.parameters,
        .golden = (const wb_byte *)&{name}_golden,
        .histories = {state},
        .variables = model->memory.healer,
        .ram_checks = {checks},
        .spare = {spare},
        .backoff = {backoff},
        .state = state,
        .moved = moved,
        .head = &model->log_head,
        .log = model->log,
    }};
    return memory;
}}
"""


def abft_calls(firmware: Firmware) -> Iterator[tuple[str, int, int]]:
    """(operator, number of the area, unit) of every convolution whose sums are checked."""
    if firmware.heals:
        for number, watch in enumerate(firmware.layout.watches):
            if isinstance(watch, AbftWatch):
                for unit, conv in enumerate(watch.operators):
                    yield conv.name, number, unit
