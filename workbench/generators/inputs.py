"""What a network's inputs are, as lowering is told of them; needs no torch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RowIndexes:
    """An input of whole numbers [batch, time] that choose rows of embeddings."""

    rate: int = 1


@dataclass(frozen=True)
class Samples:
    """A float input, [batch, channels, time], or [batch, time, channels] where channels_last.

    It must meet a QuantIdentity first; the program takes the codes. rate: rows for every row of an
    input of rate 1.
    """

    channels: int
    channels_last: bool = False
    rate: int = 1
