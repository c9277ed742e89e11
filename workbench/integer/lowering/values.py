"""Exact values: what a tensor of the traced module represents during lowering.

A quantiser turns any of these into `Codes`, a signal of the program; until it arrives, the exact
value is kept in a form that needs no rounding. Layout of arrays: channels last.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from workbench.errors import WorkbenchError


@dataclass(frozen=True, eq=False)
class Codes:
    """A signal of the program: the value is code * 2**exponent.

    rate: rows for every row of an input of rate 1. low, high: no clean code lies outside.
    """

    label: str
    bits: int
    channels: int
    rate: Fraction
    exponent: int
    low: int
    high: int


@dataclass(frozen=True, eq=False)
class Indexes:
    """An input of row indexes, [batch, time]."""

    label: str
    rate: Fraction
    channels: int = 1


@dataclass(frozen=True, eq=False)
class Unquantised:
    """A float input that waits for its quantiser."""

    label: str
    channels: int
    rate: Fraction


@dataclass(frozen=True, eq=False)
class Accumulator:
    """A convolution that waits for its quantiser: int32 sums, channel o in steps of 2**exponents[o].

    weight: int64 [up, out, taps, in / groups]. bias: int64 [out]. relu: negative values become 0.
    """

    label: str
    source: Codes
    weight: np.ndarray
    bias: np.ndarray
    exponents: np.ndarray
    weight_bits: int
    dilation: int
    stride: int
    groups: int
    relu: bool = False

    @property
    def channels(self) -> int:
        """Output channels."""
        return self.weight.shape[1]

    @property
    def rate(self) -> Fraction:
        """Output rows for every row of an input of rate 1."""
        return self.source.rate * self.weight.shape[0] / self.stride


@dataclass(frozen=True, eq=False)
class Sum:
    """The exact sum of one or more signals; relu: negative values become 0."""

    label: str
    terms: tuple[Codes, ...]
    relu: bool = False

    @property
    def channels(self) -> int:
        """Channels of every term."""
        return self.terms[0].channels

    @property
    def rate(self) -> Fraction:
        """Rate of every term."""
        return self.terms[0].rate


@dataclass(frozen=True, eq=False)
class _OfSignal:
    """Something made from one signal that keeps its shape."""

    label: str
    source: Codes

    @property
    def channels(self) -> int:
        """Channels of the source."""
        return self.source.channels

    @property
    def rate(self) -> Fraction:
        """Rate of the source."""
        return self.source.rate


@dataclass(frozen=True, eq=False)
class Mapped(_OfSignal):
    """A function of an int8 signal: values[x + 128] for the code x; float64 [256]."""

    values: np.ndarray


@dataclass(frozen=True, eq=False)
class Padded(_OfSignal):
    """A signal with `rows` rows of zeros before its first, as a causal convolution wants it."""

    rows: int


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of an embedding chosen by an input; values: float64 [rows, channels]."""

    label: str
    source: Indexes
    values: np.ndarray

    @property
    def channels(self) -> int:
        """Width of a row."""
        return self.values.shape[1]

    @property
    def rate(self) -> Fraction:
        """Rate of the indexes."""
        return self.source.rate


@dataclass(frozen=True, eq=False)
class Cat:
    """Channels of all parts side by side."""

    label: str
    parts: tuple[Content, ...]

    @property
    def channels(self) -> int:
        """Channels of all parts together."""
        return sum(part.channels for part in self.parts)

    @property
    def rate(self) -> Fraction:
        """Rate of every part."""
        return self.parts[0].rate


Content = Codes | Indexes | Unquantised | Accumulator | Sum | Mapped | Rows | Cat | Padded


def refusal(where: str, problem: str) -> WorkbenchError:
    """The error to raise for what cannot be lowered exactly; where: the layer's path and class."""
    return WorkbenchError(f"cannot lower {where}: {problem}")


def power_of_two(scale: float, where: str, what: str) -> int:
    """The exponent e of a scale 2**e; WorkbenchError naming `where` when it is no power of two."""
    if not np.isfinite(scale):
        raise refusal(
            where,
            f"the scale of its {what} is {scale}; look for nan and infinite values in what it was "
            "trained with",
        )
    mantissa, exponent = np.frexp(scale)
    if mantissa != 0.5:
        raise refusal(
            where,
            f"the scale of its {what}, {scale:.6g}, is not a power of two; "
            "use the quantisers of workbench.generators.quantisers",
        )
    return int(exponent) - 1
