"""What a store of versions costs: instructions of a proof, erasures over ten years."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict

from workbench.commands.progress import counted
from workbench.experiments.bench.versions import proofs, wear
from workbench.experiments.voices.voice import open_voice
from workbench.files import write_text
from workbench.firmware.boards import CORES
from workbench.healing.strategies.named import VERSIONS, named
from workbench.memory.places import GOLDEN
from workbench.memory.places import VERSIONS as WAITING

_CORES, _STEP_BYTES = ("m0plus", "m4"), 1024
_YEARS, _RATE = 10, "low-earth-orbit"
_INSTALLATIONS = (12, 365)  # a year


def run(options: argparse.Namespace) -> None:
    """Measure and print."""
    program = open_voice().program
    sections = named(VERSIONS, program).layout(program).sections
    size = sections[WAITING].start - sections[GOLDEN].start
    with counted(len(_CORES) + len(_INSTALLATIONS), unit="case") as say:
        cores = [CORES[name] for name in _CORES]
        proved = list(proofs(cores, size, _STEP_BYTES, progress=say))
        worn = []
        for count in _INSTALLATIONS:
            say(f"{count} installations a year")
            worn.append(
                wear(years=_YEARS, installations_a_year=count, rate=_RATE, content_bits=8 * size)
            )
    print(f"a version of {size:,} bytes is proved whole by its tag, {_STEP_BYTES:,} bytes a call")
    print(f"{'core':<12}{'a byte':>8}{'in all':>12}{'worst call':>12}{'open':>9}{'stack':>7}")
    for each in proved:
        print(
            f"{CORES[each.core].title:<12}{each.per_byte:>8.1f}{each.instructions:>12,}{each.worst_step:>12,}"
            f"{each.opened:>9,}{each.stack_bytes:>7,}"
        )
    print(
        f"erasures in {_YEARS} years, a start a day, upsets of flash as in a {_RATE.replace('-', ' ')}; healing itself erases nothing"
    )
    print(
        f"{'installations':<15}{'records':>9}{'fell back':>11}{'journal sector':>16}{'at most':>9}{'slot':>7}{'at most':>9}"
    )
    for life in worn:
        print(
            f"{life.installations:<15,}{life.records:>9,}{life.fallen_back:>11,}{life.journal:>16,}{life.bound[0]:>9,}"
            f"{life.slot:>7,}{life.bound[1]:>9,}"
        )
    if options.json:
        report = {
            "proofs": [each.as_json() for each in proved],
            "wear": [asdict(each) for each in worn],
        }
        write_text(options.json, json.dumps(report, indent=2) + "\n")
