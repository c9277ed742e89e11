"""The shape of the network, and which shapes can be built."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from workbench.audio.hearing import BANDS
from workbench.audio.mouth_shapes import VISEMES
from workbench.audio.recogniser import DIGIT_WORDS

TRUNK_WEIGHT_BITS = (8, 4)
LOOK_AHEAD = 4  # frames of 10 ms by which the mouth comes after the sound
_MOST_CHANNELS, _MOST_BLOCKS, _MOST_DILATION = 1 << 10, 64, 1 << 10
_MOST_SOUNDS = 1 << 10


@dataclass(frozen=True)
class VisemeConfig:
    """Shape of a `viseme` generator.

    sounds: what an experiment hears that names nothing.
    channels: of the convolutions. dilations: of those after the first. trunk_weight_bits: of these, 8 or 4.
    """

    sounds: tuple[str, ...] = tuple(DIGIT_WORDS)
    channels: int = 48
    dilations: tuple[int, ...] = (2, 4)
    trunk_weight_bits: int = 8


def is_possible(name: str, value: Any) -> bool:
    """Whether a network could be built with this value of the field `name`, and soon."""
    if name == "sounds":
        sounds = value if isinstance(value, tuple) else ()
        return all(isinstance(sound, str) for sound in sounds) and (
            0 < len(sounds) == len(set(sounds)) <= _MOST_SOUNDS
        )
    if name == "trunk_weight_bits":
        return type(value) is int and value in TRUNK_WEIGHT_BITS
    sizes = value if name == "dilations" else (value,)
    most = _MOST_DILATION if name == "dilations" else _MOST_CHANNELS
    return (
        isinstance(sizes, tuple)
        and 0 < len(sizes) <= _MOST_BLOCKS
        and all(type(size) is int and 1 <= size <= most for size in sizes)
    )


def least_bytes(config: VisemeConfig) -> int:
    """What convolutions need at least, in float32."""
    wide = config.channels
    return 4 * wide * (5 * BANDS + 3 * wide * len(config.dilations) + len(VISEMES))
