"""Configurations of generators as JSON has them, checked before anything is built from them."""

from __future__ import annotations

import dataclasses
import math
from typing import Any, Protocol

from workbench.errors import WorkbenchError

TRUNK_WEIGHT_BITS = (8, 4)
_MOST, _LONGEST, _MOST_LETTERS = 1 << 16, 1 << 16, 1 << 12
_MOST_CHANNELS, _MOST_BLOCKS, _MOST_DILATION = 1 << 10, 64, 1 << 10
_MOST_TEXTS = 1 << 10


class Configurable(Protocol):
    """What this needs of a `Generator`: its frozen configuration, and which values that may have."""

    @property
    def configuration(self) -> Any:
        """Class of its configurations."""

    def allows(self, field: str, value: Any) -> bool:
        """Whether a field may have a value."""


def configuration_of(generator: Configurable, plain: object, where: str) -> Any:
    """The configuration of `generator` that JSON data describes; where: begin of the message.

    Raises WorkbenchError naming the field that is missing, unknown or has an impossible value.
    """
    try:
        fields = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in plain.items()  # type: ignore[attr-defined]
        }
        config = generator.configuration(**fields)
    except (TypeError, ValueError, AttributeError, WorkbenchError) as error:
        raise WorkbenchError(f"{where}: bad configuration ({error})") from error
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        if not generator.allows(field.name, value):
            raise WorkbenchError(
                f"{where}: bad configuration ({field.name} is {repr(value)[:40]}); "
                "restore it or train again"
            )
    return config


def is_usual(value: object) -> bool:
    """Whether a value is a text, a finite number up to 65,536, or at most so many of these."""
    if isinstance(value, tuple):
        return len(value) <= _LONGEST and all(map(is_usual, value))
    if isinstance(value, str):
        return len(value) <= _MOST_LETTERS
    return isinstance(value, int | float) and math.isfinite(value) and abs(value) <= _MOST


def are_texts(value: object) -> bool:
    """Whether a value is one to 1,024 texts, none of them twice."""
    texts = value if isinstance(value, tuple) else ()
    return all(isinstance(text, str) for text in texts) and (
        0 < len(texts) == len(set(texts)) <= _MOST_TEXTS
    )


def is_size_of_trunk(name: str, value: object) -> bool:
    """Whether a trunk of dilated convolutions can be built with this value of the field `name`, and soon.

    trunk_weight_bits: 8 or 4. dilations: one to 64, of 1 to 1,024 frames each. Any other: channels, 1 to 1,024.
    """
    if name == "trunk_weight_bits":
        return type(value) is int and value in TRUNK_WEIGHT_BITS
    sizes = value if name == "dilations" else (value,)
    most = _MOST_DILATION if name == "dilations" else _MOST_CHANNELS
    return (
        isinstance(sizes, tuple)
        and 0 < len(sizes) <= _MOST_BLOCKS
        and all(type(size) is int and 1 <= size <= most for size in sizes)
    )
