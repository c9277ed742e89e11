"""The sections of a memory image in which parameters of operators lie, in address order."""

WEIGHTS, BIAS, SHIFT, TABLE, EMBED = "weights", "bias", "shift", "table", "embed"
WORKING_SECTIONS = (WEIGHTS, BIAS, SHIFT, TABLE, EMBED)
