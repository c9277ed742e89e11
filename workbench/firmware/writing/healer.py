"""The healer of an exported model as C: a table of what is watched, made from the strategy.

Functions that nothing names are not linked. Layout: `runtime/wb_plan.h`; what each kind of guard adds is
in `workbench.firmware.guards`.
"""

from __future__ import annotations

from workbench.firmware.design import Firmware
from workbench.firmware.guards.guard_registry import guarded
from workbench.firmware.guards.in_c import Guarded, InC
from workbench.firmware.operators import constant, once
from workbench.firmware.remedies_in_c import number_in_c, remedy_in_c
from workbench.firmware.writing.blocks import histories_at
from workbench.healing.devices.backoff import scan_frames, shift_of
from workbench.healing.devices.evidence import Guards, facts, rows_for
from workbench.healing.devices.scrub_schedule import looks_of
from workbench.healing.remedies import REMEDIES


def healer(firmware: Firmware) -> str:
    """Codes, areas and plan, and the function that says where everything lies."""
    name, pairs = firmware.prefix, guarded(firmware)
    tables = {key: text for entry, each in pairs for key, text in entry.tables(each).items()}
    functions = dict.fromkeys(entry.functions(each) for entry, each in pairs)
    areas = ",\n".join(
        "    {\n" + "\n".join(f"        .{f} = {v}," for f, v in fields.items()) + "\n    }"
        for fields in (_area(*pair) for pair in pairs)
    )
    parts = [
        *functions,
        *_remedies(firmware),
        *tables.values(),
        *(code for entry, each in pairs for code in entry.codes(each)),
        *(entry.parts(each) for entry, each in pairs),
        *(_ladder(*pair) for pair in pairs),
        _proofs(name, firmware.guards),
        f"static const wb_area {name}_areas[{len(pairs)}] = {{\n{areas}\n}};\n",
        _tell(firmware),
        constant("wb_heal_plan", f"{name}_heal_plan", _plan(firmware)),
        _memory(firmware),
    ]
    return "\n".join(part for part in parts if part)


def _plan(firmware: Firmware) -> dict[str, object]:
    name, policy, strategy = firmware.prefix, firmware.strategy.policy, firmware.strategy
    monitors = [n for n, guard in enumerate(strategy.guards) if guard.area.kind.stream]
    sums: dict[str, object] = {}
    if monitors:
        look_on = "wb_look_on" if len(monitors) == 1 else "wb_look_on_all"
        sums = {"monitor": f"&{name}_areas[{monitors[0]}]", "look_on": look_on}
    return {
        "areas": f"{name}_areas",
        "validator": f"&{name}_areas[{strategy.validator}]" if policy.validate else "NULL",
        "tell": f"{name.upper()}_TELL",
        "proofs": f"{name}_proofs",
        **_fade(firmware),
        **sums,
        "frames": firmware.macro("frame_modulus"),
        "area_count": f"{len(strategy.guards)}u",
        "persistence": f"{policy.persistence}u",
        "cool_down_frames": f"{policy.cool_down_frames}u",
        "heals": f"{policy.heals}u",
        "refill_frames": f"{policy.refill_frames}u",
        "reset_histories": f"{int(policy.reset_histories)}u",
        "working_bytes": firmware.macro("parameter_bytes"),
        "state_bytes": f"{firmware.layout.sections['state'].size_bytes}u",
        "backoff_bytes": f"{firmware.backoff_bytes}u",
        "log_entries": firmware.macro("log_entries"),
        "spares": f"{firmware.layout.spare_pages}u",
        "spare_bytes": f"{firmware.layout.spare_bytes}u",
        "more": f"{firmware.layout.spare_pages + (firmware.versions > 1)}u",
        "versions": f"{firmware.versions}u",
        "slots": f"{name}_slots" if firmware.versions > 1 else "NULL",
    }


def _tell(firmware: Firmware) -> str:
    """Of an application that wants to hear of each entry; a macro, since a pointer in RAM could be damaged."""
    name = firmware.prefix
    macro = firmware.macro("on_entry")
    return f"""#ifdef {macro} /* the name of a function of yours */
void {macro}({name}_instance *model, const wb_log_entry *entry);

WB_COLD static void {name}_tell(const wb_memory *memory, const wb_log_entry *entry)
{{
    {macro}(({name}_instance *)memory->model, entry);
}}
#define {firmware.macro("tell")} {name}_tell
#else
#define {firmware.macro("tell")} NULL
#endif
"""


def _fade(firmware: Firmware) -> dict[str, object]:
    for number, (guard, _) in enumerate(firmware.guards):
        if guard.area.kind.fades:
            return {"fade": f"&{firmware.prefix}_areas[{number}]"}
    return {}


def _proofs(prefix: str, guards: Guards) -> str:
    """What the witnesses prove, the table that the simulation has."""
    table = rows_for(guards)
    rows = "\n".join(
        f"    {{{int(counts)}u, {int(values)}u, WB_DIAGNOSIS_{diagnosis.name}}},"
        for counts, values, diagnosis in table
    )
    return f"static const wb_proof {prefix}_proofs[{len(table)}] = {{\n{rows}\n}};\n"


def _remedies(firmware: Firmware) -> list[str]:
    """C of remedies that the runtime does not have."""
    rungs = dict.fromkeys(rung for guard in firmware.strategy.guards for rung in guard.ladder)
    entries = map(remedy_in_c, rungs)
    return [once(entry.function, entry.source) for entry in entries]


def _ladder(entry: InC, each: Guarded) -> str:
    ladder = each.guard.ladder
    if not ladder:
        return ""
    functions = [entry.remedies.get(rung) or remedy_in_c(rung).function for rung in ladder]
    lines = [
        f"    {{{function}, {number_in_c(rung)}, {int(REMEDIES[rung].falls_back)}}},"
        for function, rung in zip(functions, ladder, strict=True)
    ]
    return (
        f"static const wb_rung {each.prefix}_ladder_{each.number}[{len(lines)}] = {{\n"
        + "\n".join(lines)
        + "\n};\n"
    )


def _area(entry: InC, each: Guarded) -> dict[str, object]:
    firmware, number, guard, watch = each.firmware, each.number, each.guard, each.watch
    kind = guard.area.kind
    fields: dict[str, object] = {
        "start": f"{watch.start}u",
        "stop": f"{watch.stop}u",
        "unit_bytes": f"{guard.area.unit_bytes}u",
        "units": f"{watch.units}u",
        "step": f"{watch.units if kind.interleaved else 1}u",
        "per_frame": f"{0 if kind.stream else looks_of(guard, watch.units)}u",
        "every_frames": f"{guard.every_frames}u",
        "stride": f"{guard.stride % watch.units if watch.units else 0}u",
        "facts": f"{int(facts(guard, watch))}u",
        "first_unit": f"{sum(w.units for w in firmware.layout.watches[:number])}u",
        "scan_frames": f"{max(1, scan_frames(guard, watch))}u",
        "backoff_shift": f"{shift_of(guard)}u",
    }
    restarts = any(action.restarts for each in firmware.strategy.guards for action in each.actions)
    if restarts and kind.divided:
        fields["restore"] = "wb_restore"
    if guard.ladder:
        fields |= {"ladder": f"{each.prefix}_ladder_{number}", "rungs": f"{len(guard.ladder)}u"}
    return fields | entry.fields(each)


def _memory(firmware: Firmware) -> str:
    name, spares = firmware.prefix, firmware.layout.spare_pages
    state = f"(unsigned char *)&{histories_at(firmware)}" if firmware.histories() else "NULL"
    checks = "model->memory.ram_checks" if firmware.ram_check_bytes else "NULL"
    spare = "model->memory.spare" if spares else "NULL"
    backoff = "model->memory.backoff" if firmware.backoff_bytes else "NULL"
    golden = f"(const wb_byte *)&{name}_golden" if "golden" in firmware.in_flash else "NULL"
    if firmware.versions > 1:
        golden = f"{name}_slots[0]"
    return f"""static inline wb_memory {name}_memory_of({name}_instance *model, uint32_t *state,
                                           wb_moved *moved, uint32_t *found)
{{
    const wb_memory memory = {{
        .plan = &{name}_heal_plan,
        .model = model,
        .working = (wb_byte *)&{firmware.read_at},
        .golden = {golden},
        .histories = {state},
        .variables = model->memory.healer,
        .ram_checks = {checks},
        .spare = {spare},
        .backoff = {backoff},
        .state = state,
        .moved = moved,
        .head = &model->log_head,
        .found = found,
        .log = model->log,
    }};
    return memory;
}}
"""
