"""What the README of an exported folder says of layers that can be un-pruned."""

from __future__ import annotations

from workbench.firmware.design import Firmware
from workbench.integer.operators import PrunedConv


def modes(firmware: Firmware) -> str:
    """A section with how to switch them; "" where there is no such layer."""
    program = firmware.program
    layers = [each for each in program.operators if isinstance(each, PrunedConv)]
    if not layers:
        return ""
    rows = []
    for number, layer in enumerate(layers):
        (source,) = program.sources(layer)
        more = layer.reserve.size * (source.rate // layer.stride)
        rows.append(f"| {number} | `{layer.name}` | {more:,} |")
    table = "\n".join(rows)
    return f"""
## Modes

Of some layers a part of the weights is left out, and lies in reserve in flash. A layer that is un-pruned computes with its
reserve as well: the model sounds a little better, and a frame takes longer.

| number | layer | multiply-accumulates a frame more |
|---|---|---|
{table}

{_switch(firmware, layers[0].name)}
"""


def _switch(firmware: Firmware, layer: str) -> str:
    name = firmware.prefix
    mode = firmware.member(firmware.layout.place(layer, "mode"))
    if not firmware.copies:
        return "The parameters are read from flash, and modes with them: they stay as they are."
    if firmware.switches:
        first = f"""The healer un-prunes layers for a while where their weights are lost, and takes what else changes a mode for damage.
So ask it, between two steps:

```c
{name}_unprune(&{name}_device, 0, 100); /* layer 0, for 100 frames; 0 frames: pruned again */
```

It returns 0 where the reserve is damaged."""
    else:
        first = f"""A mode is a byte in RAM, which you may write between two steps; the next one computes with it, without a gap:

```c
{name}_device.memory.parameters.{mode}[0] = 1; /* 0: pruned again */
```"""
    return f"""{first}

`runtime/wb_room.h` decides which layers are un-pruned while there is room in the budget of a frame: give it what each takes
more on your core, and after each step what was left. It begins with how to use it."""
