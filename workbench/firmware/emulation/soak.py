"""A long run of a clean device on this machine: any detection is a false positive.

Words follow each other at random and histories go on from one to the next, as nobody resets them.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence

import numpy as np

from workbench.compilers import host_compiler
from workbench.errors import WorkbenchError
from workbench.firmware.design import RAM, Firmware, c_type
from workbench.firmware.toolchain import build_folder, run_compiler
from workbench.firmware.twins.twin import frames_of
from workbench.firmware.writing.header import init_call
from workbench.firmware.writing.initialisers import numbers
from workbench.firmware.writing.unit import linked_sources
from workbench.healing.strategies.strategy import Strategy
from workbench.integer.program import Program

_OPTIONS = ("-std=c99", "-O3", "-march=native")


def soak(
    program: Program,
    words: Sequence[Mapping[str, np.ndarray]],
    strategy: Strategy,
    frames: int,
    *,
    seed: int = 0,
) -> int:
    """Entries that the healer of a clean device writes in so many frames; none is right.

    words: inputs of each, [1, frames * rate, channels] by name. Raises WorkbenchError without a compiler
    and for a strategy that heals nothing.
    """
    firmware = Firmware.of(strategy.image(program), strategy=strategy, weights=RAM, prefix="model")
    if not firmware.heals:
        raise WorkbenchError(f"the strategy {strategy.name} has no healer that could be wrong")
    sources = {**linked_sources(firmware), "main.c": _main(firmware, words)}
    with build_folder(sources) as folder:
        binary = folder / "soak"
        run_compiler([*host_compiler(), *_OPTIONS], folder, binary)
        process = subprocess.run(
            [binary, str(frames), str(seed + 1)], capture_output=True, text=True
        )
    if process.returncode:
        raise WorkbenchError(
            f"the device stopped with status {process.returncode}; please report it"
        )
    return int(process.stdout)


def _main(firmware: Firmware, words: Sequence[Mapping[str, np.ndarray]]) -> str:
    program = firmware.program
    ends = np.cumsum([len(frames_of(firmware, word)) for word in words])
    tables, arguments = [], []
    for name in program.inputs:
        signal, given = program.signal(name), f"in_{firmware.inputs.of(name)}"
        values = np.concatenate([word[name].reshape(-1) for word in words])
        tables.append(
            f"static const {c_type(signal.bits)} {given}[{len(values)}] = {{\n{numbers(values)}\n}};\n"
        )
        arguments.append(f"{given} + frame * {signal.rate * signal.channels}u, ")
    output = program.signal(program.output)
    return f"""#include <stdio.h>
#include <stdlib.h>
#include "model.h"

/* The end of each word among the frames of all. */
static const uint32_t ends[{len(ends)}] = {{{", ".join(map(str, ends))}}};
{"".join(tables)}static model_instance device;
static {c_type(output.bits)} output[{output.rate * output.channels}];

int main(int count, char **given)
{{
    unsigned long left = count > 1 ? strtoul(given[1], NULL, 10) : 0;
    wb_counts counts;
    uint32_t state = count > 2 ? (uint32_t)strtoul(given[2], NULL, 10) : 1u;
    {init_call(firmware, "device")};
    while (left) {{
        uint32_t word;
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        word = state % {len(words)}u;
        for (uint32_t frame = word ? ends[word - 1] : 0; frame < ends[word] && left; frame++, left--) {{
            model_step(&device, {"".join(arguments)}output);
        }}
    }}
    model_counts(&device, &counts);
    printf("%lu\\n", (unsigned long)counts.written);
    return 0;
}}
"""
