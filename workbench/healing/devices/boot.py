"""What start-up makes of a device's memory, whatever its flash holds: `init` of the C runtime.

Layout: the working copy becomes the golden copy, histories and the healer's variables zero, checks in
RAM those of the working copy.
"""

from __future__ import annotations

from workbench.memory.image import Image
from workbench.memory.places import GOLDEN, SRAM_SECTIONS


def booted(image: Image) -> Image:
    """The image of a device that starts with the flash of `image`, damage and all."""
    layout, data = image.layout, image.data.copy()
    golden = layout.sections[GOLDEN]
    data[: layout.working_bytes] = data[golden.start : golden.stop]
    for name in SRAM_SECTIONS:
        section = layout.sections[name]
        if section.start >= layout.working_bytes:
            data[section.start : section.stop] = 0
    for watch in layout.watches:
        for unit in range(watch.units):
            watch.start_up(data, unit)
    return Image(image.program, layout, data)
