"""The shape of the network, and which shapes can be built."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from workbench.audio.recogniser import DIGIT_WORDS
from workbench.generators.speech.timeline import PHONES, PLACES

TRUNK_WEIGHT_BITS = (8, 4)
_MOST_CHANNELS, _MOST_BLOCKS, _MOST_DILATION = 1 << 10, 64, 1 << 10
_MOST_TEXTS = 1 << 10
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
    if name == "texts":
        texts = value if isinstance(value, tuple) else ()
        return all(isinstance(text, str) for text in texts) and (
            0 < len(texts) == len(set(texts)) <= _MOST_TEXTS
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


def least_bytes(config: SpeechConfig) -> int:
    """What embeddings and convolutions need at least, in float32."""
    wide = config.channels
    rows = 3 * len(PHONES) * config.phone_channels + 4 * PLACES * config.place_channels
    inputs = 3 * config.phone_channels + 4 * config.place_channels
    return 4 * (rows + 3 * inputs * wide + 4 * len(config.dilations) * wide * wide)
