"""What start-up makes of a device's memory, whatever its flash holds: `init` of the C runtime.

Layout: the working copy becomes the golden copy, histories and the healer's variables zero, checks in
RAM those of the working copy.
"""

from __future__ import annotations

from workbench.memory.image import Image
from workbench.memory.places import SRAM_SECTIONS
from workbench.memory.watches.areas import RAM
from workbench.memory.watches.triple import TripleWatch


def booted(image: Image) -> Image:
    """The image of a device that starts with the flash of `image`, damage and all."""
    layout, data = image.layout, image.data.copy()
    golden = layout.sections["golden"]
    data[: layout.working_bytes] = data[golden.start : golden.stop]
    for name in SRAM_SECTIONS:
        section = layout.sections[name]
        if section.start >= layout.working_bytes:
            data[section.start : section.stop] = 0
    for area, watch in zip(layout.areas, layout.watches, strict=False):
        for unit in range(watch.units):
            if isinstance(watch, TripleWatch):
                watch.copy(data, unit)
            elif area.keep == RAM:
                watch.sign(data, unit)
    return Image(image.program, layout, data)
