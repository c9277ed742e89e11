"""Initialisers of C: integers as lines, and what an image holds as the members of a struct."""

from __future__ import annotations

import numpy as np

from workbench.firmware.design import Firmware
from workbench.integer.signals import INT32_MIN
from workbench.memory.places import Place

_WIDTH = 100


def numbers(values: np.ndarray, *, indent: str = "    ") -> str:
    """Integers as lines of a C initialiser."""
    lines, line = [], indent
    for value in values.reshape(-1).tolist():
        word = "INT32_MIN," if value == INT32_MIN else f"{value},"
        if len(line) + len(word) >= _WIDTH:
            lines.append(line.rstrip())
            line = indent
        line += word + " "
    return "\n".join([*lines, line.rstrip()])


def members(firmware: Firmware, places: list[Place]) -> str:
    """An initialiser of the struct that has these places, with what the image holds there."""
    lines = "\n".join(
        f"    .{firmware.member(place)} = {{\n"
        f"{numbers(_stored(firmware, place), indent='        ')}\n    }},"
        for place in places
    )
    return f"{{\n{lines}\n}}"


def _stored(firmware: Firmware, place: Place) -> np.ndarray:
    """The tensor as its C type has it; packed codes as bytes."""
    stored = firmware.image.data[place.start : place.start + place.size_bytes]
    return stored if place.bits == 4 else np.ascontiguousarray(stored).view(place.dtype)
