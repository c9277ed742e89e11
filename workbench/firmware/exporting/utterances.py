"""The dictionary of an exported model in C: what it can say without a host."""

from __future__ import annotations

import zlib

import numpy as np

from workbench.errors import WorkbenchError
from workbench.firmware.design import Firmware, c_type
from workbench.firmware.writing.initialisers import numbers
from workbench.generators.dictionary import Dictionary

_USUAL_ROOM = 256
_SHOWN = 40  # utterances in the README
_ARRAYS = ("starts", "phone", "last", "before", "after", "syllables", "longer", "pauses")


def dictionary_sources(firmware: Firmware, dictionary: Dictionary) -> dict[str, str]:
    """File name -> text of PREFIX_say.h and PREFIX_say.c.

    Raises:
        WorkbenchError: The model has other inputs than the dictionary makes.
    """
    if set(firmware.program.inputs) != set(dictionary.inputs):
        raise WorkbenchError(
            f"the model has the inputs {', '.join(firmware.program.inputs)} and a dictionary makes "
            f"{', '.join(dictionary.inputs)}; export it without texts"
        )
    name = firmware.prefix
    return {
        f"{name}_say.h": _header(firmware, dictionary),
        f"{name}_say.c": _source(firmware, dictionary),
    }


def saying(firmware: Firmware, dictionary: Dictionary) -> str:
    """A section of the folder's README."""
    name, arguments = (
        firmware.prefix,
        ", ".join(f"in_{firmware.inputs.of(each)}" for each in firmware.program.inputs),
    )
    shown = "\n".join(
        f"| {number} | {_plain(text).replace('|', '/')} |"
        for number, text in enumerate(dictionary.texts[:_SHOWN])
    )
    more = len(dictionary.texts) - _SHOWN
    rest = f"\n{more:,} more are listed in `{name}_say.c`.\n" if more > 0 else ""
    return f"""
## Say it without a host

`{name}_say.h` makes the inputs of {len(dictionary.texts):,} utterances, which take {dictionary.size_bytes:,} bytes of flash: phones
of 6 bits; how long each lasts is computed here. In the example above

    static wb_speech speech;
    if ({name}_say(&speech, 0) == WB_SAY_OK) {{
        {name}_reset(&{name}_device);
        while ({name}_next(&speech, {arguments})) {{
            {name}_step(&{name}_device, {arguments}, output);
            /* play the output */
        }}
    }}

says utterance 0, and `{name}_say_more(&speech, 1)` before the first frame adds utterance 1 in the same breath, so that
words make sentences. A damaged dictionary is refused (`WB_SAY_DAMAGED`): a wrong word would be worse than none.

| index | says |
|---|---|
{shown}
{rest}"""


def _header(firmware: Firmware, dictionary: Dictionary) -> str:
    name, program = firmware.prefix, firmware.program
    inputs = [(f"in_{firmware.inputs.of(each)}", each) for each in program.inputs]
    arguments = "".join(
        f", {c_type(program.signal(given).bits)} *{argument}" for argument, given in inputs
    )
    fills = "".join(f"    {argument}[0] = rows.{given};\n" for argument, given in inputs)
    longest = int(np.diff(dictionary.starts.astype(np.int64)).max()) + 1
    room = f"#ifndef WB_SAY_MOST\n#define WB_SAY_MOST {longest}u\n#endif\n" * (
        longest > _USUAL_ROOM
    )
    return f"""/* SPDX-License-Identifier: Apache-2.0 */
/* What this model can say by itself; the texts are listed in {name}_say.c. */
#ifndef {firmware.macro("say_h")}
#define {firmware.macro("say_h")}

#include "{name}.h"
{room}#include "runtime/wb_say.h"

#define {firmware.macro("utterances")} {len(dictionary.texts)}u

extern const wb_dictionary {name}_dictionary;

/* Add utterance `index`, behind those that were added before; WB_SAY_OK, or why it cannot be said. */
static inline int {name}_say_more(wb_speech *speech, uint32_t index)
{{
    return wb_say_add(&{name}_dictionary, speech, index);
}}

/* Say utterance `index` in place of what was said; as {name}_say_more. */
static inline int {name}_say(wb_speech *speech, uint32_t index)
{{
    wb_say_begin(speech);
    return {name}_say_more(speech, index);
}}

/* The inputs of the next frame, for {name}_step; 0 where nothing is left to be said. */
static inline int {name}_next(wb_speech *speech{arguments})
{{
    wb_say_rows rows;
    if (!wb_say_next(&{name}_dictionary, speech, &rows)) {{
        return 0;
    }}
{fills}    return 1;
}}

#endif
"""


def _source(firmware: Firmware, dictionary: Dictionary) -> str:
    name = firmware.prefix
    crc = zlib.crc32(dictionary.codes.tobytes() + dictionary.starts.tobytes())
    arrays = "".join(
        f"static const {kind} {array}[{len(values)}] = {{\n{numbers(values)}\n}};\n"
        for array in ("codes", *_ARRAYS)
        for values in (getattr(dictionary, array),)
        for kind in ({"u1": "uint8_t", "u2": "uint16_t", "i2": "int16_t"}[values.dtype.str[1:]],)
    )
    listed = "".join(
        f" * {number}: {_plain(text)}\n" for number, text in enumerate(dictionary.texts)
    )
    fields = "".join(f"    .{array} = {array},\n" for array in ("codes", *_ARRAYS))
    return f"""/* SPDX-License-Identifier: Apache-2.0 */
#include "{name}_say.h"

/*
{listed} */
{arrays}
const wb_dictionary {name}_dictionary = {{
{fields}    .utterances = {len(dictionary.texts)}u,
    .crc = {crc}u,
    .mean = {dictionary.mean},
    .vowels = {dictionary.vowels}u,
}};
"""


def _plain(text: str) -> str:
    """A text in a comment, which it cannot end."""
    return "".join(
        each if " " <= each <= "~" else "?"
        for each in text.replace("*/", "* /").replace("/*", "/ *")
    )
