"""What the README of an exported folder says of memory and of its healer."""

from __future__ import annotations

from workbench.firmware.design import Firmware
from workbench.firmware.exporting.versions import version_bytes
from workbench.healing.overheads import overheads
from workbench.healing.strategies.strategy import Guard
from workbench.memory.places import CHECK, HEALER, RESERVE, STATE

_HEALER_ROWS = (
    "the healer's variables",
    "check data that is signed anew",
    "spare pages",
    "waiting times of damaged units",
    "room to put moved bytes together",
    "histories of the self-test",
)
_EVIDENCE = """Who is wrong, memory or check, is decided by evidence (the code itself, a second check, or the golden
copy), so that a damaged check does not destroy good weights."""
_BELIEF = """Where there is no second evidence, a check or golden copy that disagrees is believed: damage of it can
destroy a good weight."""


def memory_table(firmware: Firmware) -> list[tuple[str, str, int]]:
    """(what, "flash" or "RAM", bytes) of everything but code and stack."""
    layout = firmware.layout
    rows = [
        ("parameters" + (", golden copy" if firmware.copies else ""), "flash", layout.working_bytes)
    ]
    if len(firmware.in_flash) > 1:
        rows.append(("parameters, second copy", "flash", layout.working_bytes))
    if firmware.versions > 1:
        size = firmware.versions * version_bytes(firmware)
        rows = [(f"{firmware.versions} versions: golden copies, checks", "flash", size)]
    elif firmware.checks():
        rows.append(("check data", "flash", layout.sections[CHECK].size_bytes))
    if firmware.reserves():
        size = layout.sections[RESERVE].size_bytes
        rows.append(("weights in reserve, of un-pruned layers", "flash", size))
    if firmware.copies:
        rows.append(("parameters, working copy", "RAM", layout.working_bytes))
    rows.append(("histories", "RAM", layout.sections[STATE].size_bytes))
    if firmware.heals:
        rows.append(("the healer's variables", "RAM", layout.sections[HEALER].size_bytes))
        if firmware.ram_check_bytes:
            rows.append(("check data that is signed anew", "RAM", firmware.ram_check_bytes))
        if firmware.spare_bytes:
            rows.append(("spare pages", "RAM", firmware.spare_bytes))
            rows.append(("room to put moved bytes together", "RAM", firmware.bounce_bytes))
        rows.append(("waiting times of damaged units", "RAM", firmware.backoff_bytes))
        if firmware.self_test_bytes:
            rows.append(("histories of the self-test", "RAM", firmware.self_test_bytes))
        rows.append(("log", "RAM", firmware.log_bytes))
    return [*rows, ("scratch for the frame in work", "RAM", firmware.scratch.size_bytes)]


def trial(firmware: Firmware) -> str:
    """Where to see what became of a flipped bit."""
    if not firmware.heals:
        return "Nothing mends it: this firmware has no healer."
    name, scan = firmware.prefix, overheads(firmware.layout, firmware.strategy).frames_per_scan
    if not firmware.copies:
        return "The parameters lie in flash, where the healer looks at them (see below); nothing in RAM needs mending."
    if scan is None:
        return "The healer finds such a bit when it reaches a sum, and writes it down (see below)."
    return (
        f"Below `{firmware.macro('parameter_bytes')}` lie the parameters, in the order of "
        f"`{name}_parameters`: within {scan}\n"
        f"steps the healer finds such a bit and `{name}_step` returns `WB_HEALED` (see below)."
    )


def healing(firmware: Firmware) -> str:
    """What it does, what it takes, what an application learns of it, and how to read its log."""
    if not firmware.heals:
        where = "" if firmware.copies else " The parameters are read where they lie, in flash."
        return (
            f"Left out: no code, no checks.{where} To have it, export with "
            "`--strategy crc-scrub --weights ram`."
        )
    name, strategy = firmware.prefix, firmware.strategy
    cost = overheads(firmware.layout, strategy)
    areas = "\n".join(
        f"| {number} | {watch.label.rsplit('_', 1)[0]} | {watch.units} of "
        f"{guard.area.kind.unit_text(guard.area)} | {_schedule(guard)} | "
        f"{', then '.join(f'`{rung.name}`' for rung in guard.ladder) or 'nothing'} |"
        for number, (guard, watch) in enumerate(
            zip(strategy.guards, firmware.layout.watches, strict=True)
        )
    )
    policy = strategy.policy
    persistent = f" {policy.persistence} times in a row" if policy.persistence > 1 else ""
    rest = f"then the healer rests for {policy.cool_down_frames} frames; " * (
        policy.cool_down_frames > 0
    )
    ram = sum(size for what, where, size in memory_table(firmware) if what in _HEALER_ROWS)
    code = strategy.guards[0].area.code
    judged = all(_has_evidence(guard) for guard in strategy.guards)
    limit = (
        f"at most {policy.heals} remedies, a new one granted every {policy.refill_frames} frames"
        if policy.heals
        else "no limit to the number of remedies"
    )
    tested = ""
    if firmware.self_test:
        tested = (
            "\nThe self-test computes a recorded frame again, within a frame of its own: leave the core room "
            "for twice the work"
            + (
                ", or more after a remedy, which counts only if that frame comes out right."
                if policy.validate
                else "."
            )
        )
    return f"""Strategy `{strategy.name}`{f" ({strategy.source})" if strategy.source else ""}. After every frame the healer works:

| area | code | units | checks | remedies |
|---|---|---|---|---|
{areas}

A unit that disagrees with its check{persistent} is diagnosed; remedies are tried from the left until
one helps; {rest}{limit}.{tested}
{_EVIDENCE if judged else _BELIEF}
The healer's own variables exist three times, and the majority counts. Beside its code it takes
{cost.check_bytes:,} bytes of flash for checks, {ram:,} bytes of RAM, and {firmware.log_bytes} for its log.

**Choosing.** `workbench compare` holds all strategies against the same faults, with what each costs, and
`workbench compare --list` says what each does; `workbench emulate --costs` measures instructions and bytes
for each core, and the worst frame, since a remedy takes longer than a check. Export again with `--strategy NAME`;
`--board` and `--budget` refuse what is too large or too slow. How many units are checked after a frame (`per_frame` of
a guard; `--pages N` for crc-scrub) sets the detection latency and what a frame costs; larger pages (`unit_bytes`) need
less memory for checks and more time for each. Compose a strategy of your own in Python with
`wb.guard("{code}", unit_bytes=512, per_frame=2)`; `wb.save_strategy` makes a file of it, which `--strategy` takes like
a name.
{_flash(firmware)}

**Asking.** `{name}_step` returns the worst that the healer knows when the frame is done:

| status | means | what an application may do |
|---|---|---|
| `WB_OK` | nothing is known to be wrong | play |
| `WB_HEALED` | damage was found in this step, and all of it is repaired; the frame may have been computed with it | play, or fade |
| `WB_DEGRADED` | damage is known that is not repaired: a remedy is deferred, or nothing helped and it is tried again more and more rarely; or a monitor raised an alarm and memory is sound, or flash is damaged and RAM is not | warn, write flash anew, switch to what needs less |
| `WB_UNHEALABLE` | found in this step, and nothing helps; later steps return `WB_DEGRADED` | report, restart, service |

`{name}_counts` gives how many entries of each verdict there were since RAM was last lost, and `repeats`; none goes back
or wraps. `{name}_log_next` gives the entries one by one, the oldest first:

    uint32_t next = 0; /* yours to keep */
    wb_log_entry entry;
    while ({name}_log_next(&{name}_device, &next, &entry)) {{ /* ... */ }}

Compiled with `-D{firmware.macro("on_entry")}=my_function`, `{name}.c` calls your `void my_function({name}_instance *, const
wb_log_entry *)` within the step for each entry as it is written. It is a macro because a pointer to it in RAM could be damaged.

**Observing.** The log is a ring of {firmware.log_entries} entries in `{name}_instance`. One frame never writes more than fit. It outlives a reset
that keeps RAM: `init` empties it only if it was written by another build (this one is
`{firmware.macro("build")}`). What stands before it, its count among it, exists three times like the healer's variables. With
GDB, for instance,

    dump binary memory log.bin &{name}_device.log_head &{name}_device.log[{firmware.log_entries}]

writes both into a file (a dump of all of `{name}_device` does as well), and `workbench log log.bin --folder .`
prints them in words, with times and the names of tensors. The count of frames begins anew at
`{firmware.macro("frame_modulus")}`, after a year or so, and `epoch` counts how often it did. A unit that nothing
helps is written once, then tried again in every second, fourth, ... 64th scan, which `repeats` counts.
An entry holds frame, epoch, unit, area, and

| field | value | means |
|---|---|---|
| `diagnosis` | `WB_DIAGNOSIS_MEMORY` | the working copy was damaged |
| | `WB_DIAGNOSIS_CHECK` | the check is damaged, the unit is not |
| | `WB_DIAGNOSIS_GOLDEN` | the golden copy is damaged, and the working copy made from it |
| | `WB_DIAGNOSIS_PRESUMED` | nothing can tell; the working copy is taken for damaged |
| | `WB_DIAGNOSIS_AMBIGUOUS` | several explanations fit as well; nothing is done{", but to fall back where that helps" * (firmware.versions > 1)} |
| | `WB_DIAGNOSIS_COMPUTE` | a sum was wrong and memory is not, or a monitor was alarmed again while the inputs are known ones |
| | `WB_DIAGNOSIS_MOMENTARY` | a monitor raised an alarm and memory is sound |
| | `WB_DIAGNOSIS_LATENT` | the golden copy is damaged, which nothing needed yet; the working copy is right |
| | `WB_DIAGNOSIS_DATA` | again, soon after: the inputs are unlike those that it learned from |
| `remedy` | `WB_REMEDY_...` | what was done, the last that was tried |
| `verdict` | `WB_VERDICT_HEALED`, `WB_VERDICT_UNHEALED` | whether unit and check agree now |
| | `WB_VERDICT_DEFERRED` | the budget of remedies is spent |
| | `WB_VERDICT_INVALID` | they agree, and a recorded frame still comes out wrong |"""


def _flash(firmware: Firmware) -> str:
    """What is known of damage of flash, and what is not guarded."""
    name = firmware.prefix
    looks = any(guard.area.kind.flash for guard in firmware.strategy.guards)
    if not firmware.copies:
        latent = "The parameters are read where they lie, in flash: pages that no spare one replaces are reported, and are yours to write anew."
    elif looks:
        latent = (
            "Flash is looked through as the table says, so that a damaged golden copy (`WB_DIAGNOSIS_LATENT`) or check is "
            "known before it is needed; to write it anew is the application's."
        )
    else:
        latent = (
            f"A damaged golden copy shows only when it is needed, or when `{name}_verify` looks; export with "
            "`--flash-pages N` to have N pages of flash checked in an hour."
        )
    kept = "Flash keeps the parameters in any case, since RAM is filled from them at the start; `RESTORE` uses that copy. "
    return f"""{kept * firmware.copies}{latent}

**Verifying.** At boot, or when there is time, in steps of as many units as you like:

    wb_verification at = {{0}};
    wb_status status;
    do {{
        status = {name}_verify(&{name}_device, &at, 4); /* feed a watchdog between the steps */
    }} while (status == WB_BUSY); /* WB_OK, or WB_DEGRADED: at.wrong units, at.tables */

| what | is guarded by |
|---|---|
| parameters, checks in RAM, spare pages | the areas above, as often as they say |
| the healer's variables, what stands before the log | three copies, of which the majority counts |
| golden copy, checks and tables in flash | `{name}_verify`{", and the area `flash`" if looks else ""} |
| shapes of layers, the plan of the healer with its function pointers | `{name}_verify`, against what `init` found: damage since then; a pointer that was hit before it is checked may crash |
| histories, scratch | nothing: their damage passes, or a monitor of behaviour sees it |
| machine code, the stack, registers, the vector table | nothing here: a watchdog, your boot loader's checksum, the core's own error correction |"""


def _has_evidence(guard: Guard) -> bool:
    """Whether a guard can distinguish a damaged unit from a damaged check."""
    return guard.golden_is_witness or guard.area.kind.judges(guard.area)


def _schedule(guard: Guard) -> str:
    if guard.area.kind.stream:
        return guard.area.kind.sees
    if not guard.scans:
        return "when a monitor raises an alarm"
    order = f", in steps of {guard.stride}" if guard.stride > 1 else ""
    if guard.every_frames > 1:
        return f"{guard.per_frame} every {guard.every_frames} frames{order}"
    return f"{guard.per_frame} a frame{order}"
