"""The sections of a memory image in which parameters of operators lie, in address order.

WORKING_SECTIONS: what guards watch and faults hit unless they name others. MODE: switches in RAM, which change while a
program runs and have a golden copy, but no checks. RESERVE: in flash alone.
"""

WEIGHTS, BIAS, SHIFT, TABLE, EMBED = "weights", "bias", "shift", "table", "embed"
MODE, RESERVE = "mode", "reserve"
WORKING_SECTIONS = (WEIGHTS, BIAS, SHIFT, TABLE, EMBED)
COPIED_SECTIONS = (*WORKING_SECTIONS, MODE)  # the working copy in RAM
PARAMETER_SECTIONS = (*COPIED_SECTIONS, RESERVE)
