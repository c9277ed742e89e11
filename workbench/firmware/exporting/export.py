"""The exported folder: model, runtime, golden vectors, build lines, README."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template

from workbench.errors import WorkbenchError
from workbench.files import output_folder, write_text
from workbench.firmware.design import RAM, RUNTIME_VERSION, Firmware, c_type
from workbench.firmware.exporting.exported import STRATEGY_FILE, keep, refuse_foreign
from workbench.firmware.exporting.healing_notes import healing, memory_table, trial
from workbench.firmware.exporting.mode_notes import modes
from workbench.firmware.exporting.store import export_store
from workbench.firmware.exporting.utterances import dictionary_sources, saying
from workbench.firmware.exporting.vectors import Inputs, vector_sources
from workbench.firmware.exporting.versions import check_slots, readme
from workbench.firmware.names import PREFIX
from workbench.firmware.toolchain import package_texts, runtime_headers
from workbench.firmware.writing.header import init_call
from workbench.firmware.writing.source import model_sources
from workbench.firmware.writing.versions import shipped_source
from workbench.generators.dictionary import Dictionary
from workbench.healing.strategies.named import nothing
from workbench.healing.strategies.strategy import Strategy
from workbench.integer.signals import Signal
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
    prefix: str = PREFIX,
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
        **(shipped_source(firmware) if firmware.versions > 1 else {}),
        **runtime_headers(),
        **_templates(firmware, feeding or Feeding(), dictionary),
    }
    refuse_foreign(folder)
    target = output_folder(folder)
    for name, text in texts.items():
        write_text(target / name, text)
    if firmware.versions > 1:
        export_store(target)
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
        "hash": firmware.macro("hash"),
        "memory_start": firmware.macro("memory_start"),
        "frames": str(feeding.frames),
        "fill": "\n            ".join(feeding.fill),
        "dma_fill": "\n    ".join(feeding.fill),
        "arduino_fill": "\n        ".join(feeding.fill),
        **_packaged(firmware, [f"{name}.c", *([f"{name}_say.c"] if dictionary else [])]),
        "example_init": init_call(firmware, f"{name}_device"),
        "example_slots": check_slots(firmware),
        "notes": f"\n{feeding.notes.strip()}\n" if feeding.notes else "",
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
        "trial": trial(firmware),
        "healing": healing(firmware) + readme(firmware),
        "modes": modes(firmware),
        "init": init_call(firmware, f"{name}_device").replace(", 0", ", wb_store_versions(&store)"),
        "flash": "".join(f"    *(.rodata.{name}_{part})\n" for part in _flash_parts(firmware)),
    }
    return {
        path.removeprefix(f"{_TEMPLATES}/"): Template(text).substitute(words)
        for path, text in package_texts(_TEMPLATES).items()
    }


def _packaged(firmware: Firmware, sources: Sequence[str]) -> dict[str, str]:
    """What build systems ask for. sources: C files of the device."""
    program = firmware.program
    plain = re.sub(r"[^\w .+-]", "-", program.name)  # in JSON, YAML, Kconfig and properties alike
    compiled = [*sources, *([f"{firmware.prefix}_shipped.c"] if firmware.versions > 1 else [])]
    heals = f", with the healer {firmware.strategy.name}" if firmware.heals else ""
    return {
        "sources": " ".join(compiled),
        "source_names": " and ".join(f"`{name}`" for name in sources),
        "zephyr_sources": " ".join(f"../{name}" for name in compiled),
        "filters": ", ".join(f'"+<{name}>"' for name in compiled),
        "option": f"WB_{firmware.prefix}".upper(),
        "macro": firmware.prefix.upper(),
        "output_type": c_type(program.signal(program.output).bits),
        "version": RUNTIME_VERSION,
        "sentence": re.sub(
            r"[^\w .,+-]", "-", f"Generator {plain} in exact integer arithmetic{heals}"
        ),
    }


def _signal_row(argument: str, signal: Signal) -> str:
    value = "row of a table" if signal.exponent is None else f"2^{signal.exponent}"
    return (
        f"| `{argument}` | `{c_type(signal.bits)}` | {signal.rate} | {signal.channels} | {value} |"
    )


def _flash_parts(firmware: Firmware) -> list[str]:
    """Constants that a linker script can name; versions lie where the store has them."""
    parts = [*firmware.in_flash, *["check"] * bool(firmware.checks())]
    return [*(parts if firmware.versions == 1 else ()), *["reserve"] * bool(firmware.reserves())]
