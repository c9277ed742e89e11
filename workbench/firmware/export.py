"""The folder that a firmware engineer gets: model, runtime, golden vectors, build lines, README."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template

from workbench.errors import WorkbenchError
from workbench.files import output_folder, write_text
from workbench.firmware.plan import RAM, Firmware, c_type
from workbench.firmware.source import model_sources
from workbench.firmware.toolchain import package_texts, runtime_headers
from workbench.firmware.vectors import Inputs, vector_sources
from workbench.healing.strategy import NONE, Strategy, overheads
from workbench.integer.program import Signal
from workbench.memory.image import Image

_TEMPLATES = "folder"


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
) -> Firmware:
    """Write the firmware of a clean image to `folder`; files with other names are left alone.

    vectors: title -> inputs of an utterance whose output is kept, [1, frames * rate, channels] by
    name; at least one. strategy: none when left out. weights: "ram", or "flash" to read the
    parameters where they are stored. prefix: of all names in C. feeding: what the README shows;
    when left out, a place to fill in. Raises WorkbenchError when the parts do not go together or
    the folder cannot be written.
    """
    if not vectors:
        raise WorkbenchError("firmware needs at least one golden vector; give inputs to run")
    firmware = Firmware.of(
        image, strategy=strategy or Strategy(NONE), weights=weights, prefix=prefix
    )
    texts = {
        **model_sources(firmware),
        **vector_sources(firmware, vectors),
        **runtime_headers(),
        **_templates(firmware, feeding or Feeding()),
    }
    target = output_folder(folder)
    for name, text in texts.items():
        write_text(target / name, text)
    return firmware


def _templates(firmware: Firmware, feeding: Feeding) -> dict[str, str]:
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
    if firmware.heals:
        rows.append(("CRC-32 of every page", "flash", layout.sections["check"].size_bytes))
    if firmware.copies:
        rows.append(("parameters, working copy", "RAM", layout.working_bytes))
    rows += [
        ("histories", "RAM", layout.sections["state"].size_bytes),
        ("frame count and cursor", "RAM", layout.sections["healer"].size_bytes),
    ]
    if firmware.heals:
        rows.append(("log", "RAM", firmware.log_bytes))
    return [*rows, ("scratch for the frame in work", "RAM", firmware.scratch.size_bytes)]


def _trial(firmware: Firmware) -> str:
    """Where to see what became of a flipped bit."""
    if not firmware.heals:
        return "Nothing mends it: this firmware has no healer."
    name, scan = firmware.prefix, overheads(firmware.layout, firmware.strategy).frames_per_scan
    return (
        f"Below `{firmware.macro('parameter_bytes')}` lie the parameters, in the order of "
        f"`{name}_parameters`: within {scan}\n"
        f"steps the healer finds such a bit and `{name}_device.log_count` grows (see below)."
    )


def _healing(firmware: Firmware) -> str:
    if not firmware.heals:
        where = "" if firmware.copies else " The parameters are read where they lie, in flash."
        return (
            f"Left out: no code, no checks.{where} To have it, export with "
            "`--strategy crc-scrub --weights ram`."
        )
    name = firmware.prefix
    cost = overheads(firmware.layout, firmware.strategy)
    check_bytes = firmware.layout.sections["check"].size_bytes
    return f"""After every frame the healer compares the CRC-32 of {cost.pages_per_frame} pages of {firmware.layout.page_bytes} bytes with the stored one, so that
every page is seen within {cost.frames_per_scan} frames. A page that differs is restored from the golden copy where that
agrees with the stored CRC-32. Beside its code it takes {check_bytes:,} bytes of flash for the CRC-32s (the
golden copy is there without it, too: `init` reads it), {cost.ram_bytes} bytes of RAM for its variables and
{firmware.log_bytes} for its log. `workbench emulate --pages {cost.pages_per_frame}` tells what it costs in instructions.

The log is a ring in `{name}_instance`: `log_count` entries were written since `init`, entry n is
`log[n % {firmware.macro("log_entries")}]`. One frame never writes more entries than fit; read them between
steps. An entry holds the frame, the page, and

| field | value | means |
|---|---|---|
| `diagnosis` | `WB_DIAGNOSIS_MEMORY` | the working copy was damaged |
| | `WB_DIAGNOSIS_CHECK` | the stored CRC-32 is damaged, the page is not |
| | `WB_DIAGNOSIS_AMBIGUOUS` | golden copy and CRC-32 disagree: at least one of both is damaged |
| `remedy` | `WB_REMEDY_RESTORE`, `WB_REMEDY_NONE` | what was done |
| `verdict` | `WB_VERDICT_HEALED`, `WB_VERDICT_UNHEALED` | whether page and CRC-32 agree now |

To know what a page holds, look up address page * {firmware.macro("page_bytes")} in `{name}_parameters`."""
