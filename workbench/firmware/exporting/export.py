"""The exported folder: model, runtime, golden vectors, build lines, README."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template

from workbench.errors import WorkbenchError
from workbench.files import output_folder, write_text
from workbench.firmware.design import RAM, Firmware, c_type
from workbench.firmware.exporting.exported import STRATEGY_FILE, keep, refuse_foreign
from workbench.firmware.exporting.utterances import dictionary_sources, saying
from workbench.firmware.exporting.vectors import Inputs, vector_sources
from workbench.firmware.toolchain import package_texts, runtime_headers
from workbench.firmware.writing.source import model_sources
from workbench.generators.dictionary import Dictionary
from workbench.healing.overheads import overheads
from workbench.healing.strategies.named import nothing
from workbench.healing.strategies.strategy import Guard, Strategy
from workbench.integer.signals import Signal
from workbench.memory.image import Image
from workbench.memory.places import CHECK, HEALER, STATE

_TEMPLATES = "folder"
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


@dataclass(frozen=True)
class Feeding:
    """How to feed a model, for the README of its folder.

    frames: of an utterance. fill: lines of C that fill the arrays `in_...` of frame `frame`, which
    counts from 0. notes: Markdown that says what the inputs mean.
    """

    frames: int = 100
    fill: tuple[str, ...] = ("/* fill the inputs */",)
    notes: str = ""


def export(
    image: Image,
    folder: Path | str,
    *,
    vectors: Mapping[str, Inputs],
    strategy: Strategy | None = None,
    weights: str = RAM,
    prefix: str = "model",
    feeding: Feeding | None = None,
    dictionary: Dictionary | None = None,
) -> Firmware:
    """Write the firmware of a clean image to a folder; files with other names are left alone.

    Args:
        image: Of the device, without flips.
        folder: To write to; new, empty, or an earlier export.
        vectors: Title -> inputs of an utterance whose output is kept, [1, frames * rate, channels] by name; at least
            one.
        strategy: Of the healer; None for no healer.
        weights: "ram", or "flash" to read the parameters where they are stored.
        prefix: Of all names in C.
        feeding: What the README shows; None for a place to fill in.
        dictionary: What the firmware can say without a host; the first of its texts are the vectors.

    Raises:
        WorkbenchError: The parts do not go together, the folder cannot be written, or it has files and no earlier
            export.
    """
    if not vectors:
        raise WorkbenchError("firmware needs at least one golden vector; give inputs to run")
    firmware = Firmware.of(image, strategy=strategy or nothing(), weights=weights, prefix=prefix)
    texts = {
        **model_sources(firmware),
        **vector_sources(firmware, vectors, says=dictionary is not None),
        **(dictionary_sources(firmware, dictionary) if dictionary else {}),
        **runtime_headers(),
        **_templates(firmware, feeding or Feeding(), dictionary),
    }
    refuse_foreign(folder)
    target = output_folder(folder)
    for name, text in texts.items():
        write_text(target / name, text)
    if firmware.heals:
        keep(firmware, target)
    return firmware


def _templates(
    firmware: Firmware, feeding: Feeding, dictionary: Dictionary | None
) -> dict[str, str]:
    program, name = firmware.program, firmware.prefix
    arguments = [f"in_{firmware.inputs.of(given)}" for given in program.inputs]
    described = [program.signal(given) for given in program.inputs]
    output = program.signal(program.output)
    words = {
        "prefix": name,
        "program": program.name,
        "program_hash": program.content_hash,
        "frames_per_second": f"{program.frame_rate_hz:g}",
        "memory_start": firmware.macro("memory_start"),
        "frames": str(feeding.frames),
        "fill": "\n            ".join(feeding.fill),
        "notes": f"\n{feeding.notes.strip()}\n" if feeding.notes else "",
        "say": f" {name}_say.c" if dictionary else "",
        "say_files": f"| `{name}_say.h`, `{name}_say.c` | what the model can say without a host |\n"
        if dictionary
        else "",
        "saying": saying(firmware, dictionary) if dictionary else "",
        "arguments": "".join(f"{argument}, " for argument in arguments),
        "buffers": "".join(
            f"static {c_type(signal.bits)} {argument}[{firmware.macro(f'{argument}_codes')}];\n"
            for argument, signal in zip([*arguments, "output"], [*described, output], strict=True)
        ),
        "signals": "\n".join(
            _signal_row(argument, signal)
            for argument, signal in zip([*arguments, "output"], [*described, output], strict=True)
        ),
        "memory": "\n".join(
            f"| {what} | {where} | {size:,} |" for what, where, size in memory_table(firmware)
        ),
        "kept": f"| `{STRATEGY_FILE}`, `{name}.image` | for `workbench log`; not for the device |\n"
        * firmware.heals,
        "trial": _trial(firmware),
        "healing": _healing(firmware),
    }
    return {
        path.removeprefix(f"{_TEMPLATES}/"): Template(text).substitute(words)
        for path, text in package_texts(_TEMPLATES).items()
    }


def _signal_row(argument: str, signal: Signal) -> str:
    value = "row of a table" if signal.exponent is None else f"2^{signal.exponent}"
    return (
        f"| `{argument}` | `{c_type(signal.bits)}` | {signal.rate} | {signal.channels} | {value} |"
    )


def memory_table(firmware: Firmware) -> list[tuple[str, str, int]]:
    """(what, "flash" or "RAM", bytes) of everything but code and stack."""
    layout = firmware.layout
    rows = [
        ("parameters" + (", golden copy" if firmware.copies else ""), "flash", layout.working_bytes)
    ]
    if firmware.checks():
        rows.append(("check data", "flash", layout.sections[CHECK].size_bytes))
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


def _trial(firmware: Firmware) -> str:
    """Where to see what became of a flipped bit."""
    if not firmware.heals:
        return "Nothing mends it: this firmware has no healer."
    name, scan = firmware.prefix, overheads(firmware.layout, firmware.strategy).frames_per_scan
    if scan is None:
        return "The healer finds such a bit when it reaches a sum, and writes it down (see below)."
    return (
        f"Below `{firmware.macro('parameter_bytes')}` lie the parameters, in the order of "
        f"`{name}_parameters`: within {scan}\n"
        f"steps the healer finds such a bit and `{name}_device.log_head.count` grows (see below)."
    )


def _healing(firmware: Firmware) -> str:
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
Flash keeps the parameters in any case, since RAM is filled from them at the start; `RESTORE` uses that copy.

**Observing.** The log is a ring in `{name}_instance`: `count` of its `log_head` entries were ever written, entry n is
`log[n % {firmware.macro("log_entries")}]`, {firmware.log_entries} of them. One frame never writes more entries than fit. It outlives a reset
that keeps RAM: `init` empties it only if its head is damaged or was written by another build (this one is
`{firmware.macro("build")}`). The ring follows the head; with GDB, for instance,

    dump binary memory log.bin &{name}_device.log_head &{name}_device.log[{firmware.log_entries}]

writes them into a file (a dump of all of `{name}_device` does as well), and `workbench log log.bin --folder .`
prints them in words, with times and the names of tensors. The count of frames begins anew at
`{firmware.macro("frame_modulus")}`, after a year or so, and `epoch` counts how often it did. A unit that nothing
helps is written once, then tried again in every second, fourth, ... 64th scan; `repeats` of `log_head` counts
these tries. An entry holds frame, epoch, unit, area, and

| field | value | means |
|---|---|---|
| `diagnosis` | `WB_DIAGNOSIS_MEMORY` | the working copy was damaged |
| | `WB_DIAGNOSIS_CHECK` | the check is damaged, the unit is not |
| | `WB_DIAGNOSIS_GOLDEN` | the golden copy is damaged, and the working copy made from it |
| | `WB_DIAGNOSIS_PRESUMED` | nothing can tell; the working copy is taken for damaged |
| | `WB_DIAGNOSIS_AMBIGUOUS` | several explanations fit as well; nothing is done |
| | `WB_DIAGNOSIS_COMPUTE` | a sum was wrong and memory is not |
| | `WB_DIAGNOSIS_MOMENTARY` | a monitor raised an alarm and memory is sound |
| | `WB_DIAGNOSIS_DATA` | again, soon after: the inputs are unlike those that it learned from |
| `remedy` | `WB_REMEDY_...` | what was done, the last that was tried |
| `verdict` | `WB_VERDICT_HEALED`, `WB_VERDICT_UNHEALED` | whether unit and check agree now |
| | `WB_VERDICT_DEFERRED` | the budget of remedies is spent |
| | `WB_VERDICT_INVALID` | they agree, and a recorded frame still comes out wrong |"""


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
