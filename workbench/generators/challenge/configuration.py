"""The shape of the network, and which shapes can be built."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

from workbench.generators.configuration import TRUNK_WEIGHT_BITS

# What keeps a damaged configuration from asking for more memory than there is.
_MOST_FRAMES, _MOST_CHANNELS, _MOST_BLOCKS = 1 << 16, 1 << 10, 64
# Fields of several numbers -> how many; None for any.
_SEVERAL = {"channels": 3, "upsampling": 3, "trunk_dilations": None, "upper_dilations": None}


@dataclass(frozen=True)
class ChallengeConfig:
    """Shape of a `challenge` generator.

    words: labels of the recordings, in embedding order. frames: length of every word, 8 ms each.
    channels, upsampling: of the three stages. trunk_weight_bits: 8, or 4 to halve the largest part.
    """

    words: tuple[str, ...]
    frames: int = 112
    embedding: int = 16
    channels: tuple[int, int, int] = (64, 32, 16)
    upsampling: tuple[int, int, int] = (4, 4, 8)
    trunk_dilations: tuple[int, ...] = (1, 2, 4)
    upper_dilations: tuple[int, ...] = (1, 3)
    trunk_weight_bits: int = 8

    @property
    def samples_per_frame(self) -> int:
        """Output samples of one frame."""
        return prod(self.upsampling)


def is_possible(name: str, value: Any) -> bool:
    """Whether a network could be built with this value of the field `name`, and soon."""
    if name == "words":
        words = value if isinstance(value, tuple) else ()
        return all(isinstance(word, str) for word in words) and 0 < len(words) == len(set(words))
    if name == "trunk_weight_bits":
        return type(value) is int and value in TRUNK_WEIGHT_BITS
    sizes = value if name in _SEVERAL else (value,)
    if not isinstance(sizes, tuple) or _SEVERAL.get(name) not in (None, len(sizes)):
        return False
    most = _MOST_FRAMES if name == "frames" else _MOST_CHANNELS
    return len(sizes) <= _MOST_BLOCKS and all(
        type(size) is int and 1 <= size <= most for size in sizes
    )


def least_bytes(config: ChallengeConfig) -> int:
    """What embeddings and the convolutions between the stages need at least, in float32."""
    (c0, c1, c2), (u0, u1, u2) = config.channels, config.upsampling
    rows = len(config.words) + config.frames + 2 * 3 * c0
    return 4 * (rows * config.embedding + 2 * (u0 * c0 * c1 + u1 * c1 * c2 + u2 * c2))
