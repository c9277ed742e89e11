"""The shape of the network, and which shapes can be built."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from workbench.audio.hearing import BANDS
from workbench.audio.mouth_shapes import VISEMES
from workbench.audio.recogniser import DIGIT_WORDS
from workbench.generators.configuration import are_texts, is_size_of_trunk

LOOK_AHEAD = 4  # frames of 10 ms by which the mouth comes after the sound


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
    return are_texts(value) if name == "sounds" else is_size_of_trunk(name, value)


def least_bytes(config: VisemeConfig) -> int:
    """What convolutions need at least, in float32."""
    wide = config.channels
    return 4 * wide * (5 * BANDS + 3 * wide * len(config.dilations) + len(VISEMES))
