"""The shape of the network, and which shapes can be built."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from workbench.audio.recogniser import DIGIT_WORDS
from workbench.generators.configuration import are_texts, is_size_of_trunk
from workbench.generators.speech.timeline import PHONES, PLACES

DIGITS = tuple(DIGIT_WORDS.values())
# What an experiment says that names nothing: short and long, all words in the dictionary of the recogniser.
USUAL = (
    "seven",
    "zero four two nine",
    "all is well",
    "call for help",
    "the battery is low",
    "your heart rate is seventy two",
    "turn left after fifty meters",
    "blood pressure one hundred and twenty over eighty",
)


@dataclass(frozen=True)
class SpeechConfig:
    """Shape of a `speech` generator.

    texts: whose quality is measured. An experiment that names nothing says them where they are not the ten digits.
    phone_channels, place_channels: width of the embeddings. channels: of the convolutions. dilations: of the residual
    blocks. trunk_weight_bits: 8, or 4 to halve the largest part.
    """

    texts: tuple[str, ...] = DIGITS
    phone_channels: int = 16
    place_channels: int = 4
    channels: int = 96
    dilations: tuple[int, ...] = (1, 2, 4)
    trunk_weight_bits: int = 8


def is_possible(name: str, value: Any) -> bool:
    """Whether a network could be built with this value of the field `name`, and soon."""
    return are_texts(value) if name == "texts" else is_size_of_trunk(name, value)


def least_bytes(config: SpeechConfig) -> int:
    """What embeddings and convolutions need at least, in float32."""
    wide = config.channels
    rows = 3 * len(PHONES) * config.phone_channels + 4 * PLACES * config.place_channels
    inputs = 3 * config.phone_channels + 4 * config.place_channels
    return 4 * (rows + 3 * inputs * wide + 4 * len(config.dilations) * wide * wide)
