"""The shape of the network, and which shapes can be built."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

from workbench.errors import WorkbenchError
from workbench.generators.configuration import TRUNK_WEIGHT_BITS

# What keeps a damaged configuration from asking for more memory than there is.
_MOST_FRAMES, _MOST_CHANNELS, _MOST_BLOCKS = 1 << 16, 1 << 10, 64
# Fields of several numbers -> how many.
_SEVERAL = {
    "channels": (2, 3),
    "upsampling": (2, 3),
    "trunk_dilations": range(_MOST_BLOCKS + 1),
    "upper_dilations": range(_MOST_BLOCKS + 1),
}


@dataclass(frozen=True)
class ChallengeConfig:
    """Shape of a `challenge` generator.

    words: labels of the recordings, in embedding order. frames: length of every word, 8 ms each.
    channels, upsampling: of the stages, as many of both: three, or two for a small voice. trunk_weight_bits: 8, or 4 to
    halve the largest part. learned_positions: whether the table of positions is trained, too. Raises WorkbenchError
    where stages differ.
    """

    words: tuple[str, ...]
    frames: int = 112
    embedding: int = 16
    channels: tuple[int, ...] = (64, 32, 16)
    upsampling: tuple[int, ...] = (4, 4, 8)
    trunk_dilations: tuple[int, ...] = (1, 2, 4)
    upper_dilations: tuple[int, ...] = (1, 3)
    trunk_weight_bits: int = 8
    learned_positions: bool = False

    def __post_init__(self) -> None:
        stages = {name: getattr(self, name) for name in ("channels", "upsampling")}
        known = all(is_possible(name, value) for name, value in stages.items())
        if known and len(self.channels) != len(self.upsampling):
            each = " and ".join(f"{name} {list(value)}" for name, value in stages.items())
            raise WorkbenchError(f"{each} are not of as many stages; give both two or three values")

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
    if name == "learned_positions":
        return isinstance(value, bool)
    sizes = value if name in _SEVERAL else (value,)
    if not isinstance(sizes, tuple) or len(sizes) not in _SEVERAL.get(name, (1,)):
        return False
    most = _MOST_FRAMES if name == "frames" else _MOST_CHANNELS
    return all(type(size) is int and 1 <= size <= most for size in sizes)


def least_bytes(config: ChallengeConfig) -> int:
    """What embeddings and the convolutions between the stages need at least, in float32."""
    widths = (*config.channels, 1)
    rows = len(config.words) + config.frames + 2 * 3 * widths[0]
    ups = sum(
        up * fan_in * out
        for up, fan_in, out in zip(config.upsampling, widths, widths[1:], strict=False)
    )
    return 4 * (rows * config.embedding + 2 * ups)
