"""Golden vectors in C: inputs, the output that the reference computes, and a program that compares."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from workbench.firmware.design import Firmware, c_type
from workbench.firmware.exporting.versions import check_slots
from workbench.firmware.twins.twin import frames_of
from workbench.firmware.writing.header import init_call
from workbench.firmware.writing.initialisers import numbers
from workbench.integer.reference import run
from workbench.integer.signals import Signal

Inputs = Mapping[str, np.ndarray]
CHECK_FOLDER = "check"  # apart from what the device needs, which build systems compile all of


def vector_sources(
    firmware: Firmware, vectors: Mapping[str, Inputs], *, says: bool = False
) -> dict[str, str]:
    """File name -> text.

    vectors: title -> inputs of one utterance, [1, frames * rate, channels]. says: whether the first utterances of the
    model's dictionary are these, so that what it makes of them can be compared.
    """
    name = firmware.prefix
    return {
        f"{CHECK_FOLDER}/{name}_vectors.h": _header(firmware, len(vectors)),
        f"{CHECK_FOLDER}/{name}_vectors.c": _source(firmware, vectors),
        f"{CHECK_FOLDER}/{name}_check.c": _check(firmware, says=says),
    }


def _header(firmware: Firmware, count: int) -> str:
    name = firmware.prefix
    inputs = "".join(
        f"    const {c_type(signal.bits)} *{_member(firmware, signal)};\n"
        for signal in _input_signals(firmware)
    )
    output = c_type(firmware.program.signal(firmware.program.output).bits)
    return f"""/* SPDX-License-Identifier: Apache-2.0 */
/* Golden vectors: each starts after {name}_reset and must give `output`, code for code. */
#ifndef {firmware.macro("vectors_h")}
#define {firmware.macro("vectors_h")}

#include <stdint.h>

#define {firmware.macro("vectors")} {count}u

typedef struct {{
    const char *title;
    uint32_t frames;
{inputs}    const {output} *output;
}} {name}_vector;

extern const {name}_vector {name}_vectors[{firmware.macro("vectors")}];

#endif
"""


def _source(firmware: Firmware, vectors: Mapping[str, Inputs]) -> str:
    name, program = firmware.prefix, firmware.program
    arrays, entries = [], []
    for number, (title, inputs) in enumerate(vectors.items()):
        frames = len(frames_of(firmware, inputs))
        codes = {
            _member(firmware, signal): (signal, inputs[signal.name][0])
            for signal in _input_signals(firmware)
        }
        output = program.signal(program.output)
        codes["output"] = output, run(program, inputs)[program.output][0]
        fields = [f'.title = "{_escaped(title)}"', f".frames = {frames}"]
        for member, (signal, values) in codes.items():
            array = f"{member}_{number}"
            arrays.append(
                f"static const {c_type(signal.bits)} {array}[{values.size}] = {{\n"
                f"{numbers(values)}\n}};\n"
            )
            fields.append(f".{member} = {array}")
        entries.append("    {" + ", ".join(fields) + "},")
    return (
        "/* SPDX-License-Identifier: Apache-2.0 */\n"
        f"/* Made by the workbench's plain reference executor from program\n"
        f" * {program.content_hash}. */\n"
        f'#include "{name}_vectors.h"\n\n'
        + "\n".join(arrays)
        + f"\nconst {name}_vector {name}_vectors[{firmware.macro('vectors')}] = {{\n"
        + "\n".join(entries)
        + "\n};\n"
    )


def _check(firmware: Firmware, *, says: bool) -> str:
    name = firmware.prefix
    arguments = "".join(
        f"vector->{_member(firmware, signal)} + frame * {firmware.macro(_codes(firmware, signal))}, "
        for signal in _input_signals(firmware)
    )
    output = c_type(firmware.program.signal(firmware.program.output).bits)
    codes = firmware.macro("output_codes")
    included, spelling, compared = _spelt(firmware) if says else ("", "", "")
    return f"""/* SPDX-License-Identifier: Apache-2.0 */
/* Runs every golden vector on this machine and says how many codes differ. */
#include <stdio.h>

#include "{name}.h"
#include "{name}_vectors.h"
{included}{check_slots(firmware)}
static {name}_instance {name}_device;
static {output} output[{codes}];

static unsigned long differing(const {name}_vector *vector)
{{
    unsigned long count = 0;
    {name}_reset(&{name}_device);
    for (uint32_t frame = 0; frame < vector->frames; frame++) {{
        {name}_step(&{name}_device, {arguments}output);
        for (uint32_t i = 0; i < {codes}; i++) {{
            count += output[i] != vector->output[frame * {codes} + i];
        }}
    }}
    return count;
}}

{spelling}int main(void)
{{
    unsigned long all = 0;
    {init_call(firmware, f"{name}_device")};
    for (uint32_t i = 0; i < {firmware.macro("vectors")}; i++) {{
        const unsigned long count = differing(&{name}_vectors[i]);
        printf("%s: %lu codes differ\\n", {name}_vectors[i].title, count);
        all += count;
{compared}    }}
    puts(all ? "NOT equal" : "all equal");
    return all ? 1 : 0;
}}
"""


def _spelt(firmware: Firmware) -> tuple[str, str, str]:
    """Of the check: what it includes, how it compares what the dictionary says, and when."""
    name = firmware.prefix
    members = [_member(firmware, signal) for signal in _input_signals(firmware)]
    buffers = "".join(
        f"    {c_type(signal.bits)} {_member(firmware, signal)}[1];\n"
        for signal in _input_signals(firmware)
    )
    differs = "".join(f"\n            + ({each}[0] != vector->{each}[frame])" for each in members)
    spelling = f"""/* Inputs of utterance `index` of the dictionary that are not those of the vector. */
static unsigned long misspelt(const {name}_vector *vector, uint32_t index)
{{
    wb_speech speech;
{buffers}    unsigned long count = {name}_say(&speech, index) != WB_SAY_OK;
    uint32_t frame = 0;
    for (; {name}_next(&speech, {", ".join(members)}); frame++) {{
        if (frame < vector->frames) {{
            count += 0ul{differs};
        }}
    }}
    return count + (frame != vector->frames);
}}

"""
    compared = f"""        const unsigned long inputs = misspelt(&{name}_vectors[i], i);
        printf("%s: %lu inputs of say() differ\\n", {name}_vectors[i].title, inputs);
        all += inputs;
"""
    return f'#include "{name}_say.h"\n', spelling, compared


def _input_signals(firmware: Firmware) -> list[Signal]:
    return [firmware.program.signal(name) for name in firmware.program.inputs]


def _member(firmware: Firmware, signal: Signal) -> str:
    return f"in_{firmware.inputs.of(signal.name)}"


def _codes(firmware: Firmware, signal: Signal) -> str:
    return f"{_member(firmware, signal)}_codes"


def _escaped(title: str) -> str:
    plain = title.encode("ascii", "replace").decode()
    return plain.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ").replace("?", "\\?")
