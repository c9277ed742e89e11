"""Declarations of a network's inputs, for lowering; needs no torch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RowIndexes:
    """An input of whole numbers [batch, time] that choose rows of embeddings.

    Args:
        rate: Rows for every row of an input of rate 1.
    """

    rate: int = 1


@dataclass(frozen=True)
class Samples:
    """A float input, which must meet a QuantIdentity first; the program takes the codes.

    Args:
        channels: Of the input.
        channels_last: False for [batch, channels, time], True for [batch, time, channels].
        rate: Rows for every row of an input of rate 1.
    """

    channels: int
    channels_last: bool = False
    rate: int = 1
