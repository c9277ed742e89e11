"""From exact values to operators: what each value becomes once its quantiser is known.

Reference: dyadic requantisation, see `workbench.integer.program`. Every function here either keeps
the value exactly or refuses by name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from workbench.integer.biases import narrow_bias
from workbench.integer.lowering.quantisers import Quantiser
from workbench.integer.lowering.requantise import requantised
from workbench.integer.lowering.values import (
    Accumulator,
    Cat,
    Codes,
    Content,
    Indexes,
    Mapped,
    Rows,
    Sum,
    Unquantised,
    refusal,
)
from workbench.integer.operators import Add, Concat, Conv, Embed, Operator, Rescale, Table
from workbench.integer.signals import SHIFT_MAX, SHIFT_MIN, code_dtype, code_range

_INT8_CODES = np.arange(-128, 128)


class Emitter:
    """Collects the operators and signals of one program.

    operators: in execution order. signals: every `Codes` and `Indexes`, inputs included.
    inputs: the quantiser of each float input, by its name. reserved: names of the program's inputs,
    which no other signal may take.
    """

    def __init__(self, reserved: Iterable[str]) -> None:
        self.reserved = set(reserved)
        self.operators: list[Operator] = []
        self.signals: list[Codes | Indexes] = []
        self.inputs: dict[str, Quantiser] = {}
        self._exact: dict[int, tuple[Content, Codes]] = {}  # exact values that got a signal

    def add_indexes(self, label: str, rate: Fraction) -> Indexes:
        """Declare an input of row indexes."""
        self.signals.append(Indexes(label, rate))
        return Indexes(label, rate)

    def quantise(self, value: Content, quantiser: Quantiser, where: str, label: str) -> Codes:
        """The signal that `quantiser` makes of `value`; where and label: of the quantiser."""
        if isinstance(value, Cat):
            parts = [self.quantise(part, quantiser, where, part.label) for part in value.parts]
            return self._concat(parts, where, value.label)
        if isinstance(value, Unquantised):
            return self._input(value, quantiser, where)
        if quantiser.function:
            value = self.apply(value, lambda x: x, where, label)
        if isinstance(value, Mapped | Rows):
            return self._look_up(value, quantiser)
        if isinstance(value, Accumulator):
            return self._conv(value, quantiser, where)
        if isinstance(value, Codes):
            value = Sum(label, (value,))
        if isinstance(value, Sum):
            return self._quantised_sum(value, quantiser, where)
        raise refusal(
            where, f"it cannot quantise {value.label}; pad in front of a convolution only"
        )

    def codes(self, value: Content, where: str) -> Codes:
        """The signal that holds `value` exactly, for a layer that takes codes."""
        if isinstance(value, Codes):
            return value
        if id(value) in self._exact:
            return self._exact[id(value)][1]
        if isinstance(value, Cat):
            parts = [self.codes(part, where) for part in value.parts]
            made = self._concat(parts, where, value.label)
        elif isinstance(value, Sum):
            made = self._exact_sum(value, where)
        else:
            raise refusal(where, f"{value.label} is not quantised; put a QuantIdentity behind it")
        self._exact[id(value)] = (value, made)  # the value is kept so that its id stays its own
        return made

    def realised(self, value: Content) -> Codes | None:
        """The signal that holds `value` exactly, if the program has one."""
        if isinstance(value, Codes):
            return value
        return self._exact[id(value)][1] if id(value) in self._exact else None

    def apply(
        self, value: Content, function: Callable[[np.ndarray], np.ndarray], where: str, label: str
    ) -> Content:
        """An elementwise function (float64 arrays of any shape) of `value`, exact until quantised."""
        if isinstance(value, Cat):
            parts = tuple(self.apply(part, function, where, label) for part in value.parts)
            return replace(value, parts=parts)
        if isinstance(value, Mapped | Rows):
            return replace(value, values=_applied(function, value.values, where))
        source = self.codes(value, where)
        if source.bits != 8:
            raise refusal(
                where, f"a function of {source.label} needs 8-bit codes; quantise it first"
            )
        values = np.ldexp(_INT8_CODES.astype(float), source.exponent)
        return Mapped(label, source, _applied(function, values, where))

    def relu(self, value: Content, where: str, label: str) -> Content:
        """max(value, 0)."""
        if isinstance(value, Cat):
            return replace(
                value, parts=tuple(self.relu(part, where, label) for part in value.parts)
            )
        if isinstance(value, Codes):
            return Sum(label, (value,), relu=True)
        if isinstance(value, Sum | Accumulator):
            return replace(value, relu=True)
        return self.apply(value, lambda x: np.maximum(x, 0.0), where, label)

    def add(self, values: list[Content], where: str, label: str) -> Sum:
        """The exact sum of signals and of sums of signals."""
        terms: list[Codes] = []
        for value in values:
            if isinstance(value, Accumulator):
                raise refusal(
                    where, f"it adds the unquantised {value.label}; quantise it before adding"
                )
            terms += value.terms if isinstance(value, Sum) and not value.relu else (
                self.codes(value, where),
            )  # fmt: skip
        if len({(term.channels, term.rate) for term in terms}) > 1:
            raise refusal(where, "it adds tensors of different shapes")
        return Sum(label, tuple(terms))

    def _input(self, value: Unquantised, quantiser: Quantiser, where: str) -> Codes:
        earlier = self.inputs.get(value.label)
        if earlier is not None or quantiser.function:
            raise refusal(
                where, f"the input {value.label} must meet exactly one QuantIdentity, once"
            )
        self.inputs[value.label] = quantiser
        low, high = code_range(quantiser.bits)
        codes = Codes(
            value.label, quantiser.bits, value.channels, value.rate, quantiser.exponent, low, high
        )
        self.signals.append(codes)
        return codes

    def _look_up(self, value: Mapped | Rows, quantiser: Quantiser) -> Codes:
        codes = quantiser.codes(value.values)
        low, high = int(codes.min()), int(codes.max())
        label = value.label if isinstance(value, Mapped) else f"{value.label}.rows"
        target = self._target(value, label, quantiser.bits, quantiser.exponent, low, high)
        stored = codes.astype(code_dtype(quantiser.bits))
        name = self._name(value.label)
        sources = (value.source.label,)
        self.operators.append(
            Table(name, sources, target.label, stored)
            if isinstance(value, Mapped)
            else Embed(name, sources, target.label, stored)
        )
        return target

    def _conv(self, value: Accumulator, quantiser: Quantiser, where: str) -> Codes:
        low, high = _clamp(quantiser, value.relu)
        weight, bias, shift = requantised(value, quantiser, where)
        target = self._target(value, value.label, quantiser.bits, quantiser.exponent, low, high)
        self.operators.append(
            Conv(
                self._name(value.label),
                (value.source.label,),
                target.label,
                weight=weight.astype(np.int8),
                bias=narrow_bias(bias),
                shift=shift.astype(np.int8),
                low=low,
                high=high,
                weight_bits=value.weight_bits,
                dilation=value.dilation,
                stride=value.stride,
                groups=value.groups,
            )
        )
        return target

    def _quantised_sum(self, value: Sum, quantiser: Quantiser, where: str) -> Codes:
        low, high = _clamp(quantiser, value.relu)
        *first, last = self._aligned(value.terms, where)
        if not first or last.exponent != quantiser.exponent:
            total = self._wide_sum([*first, last], value.label, where)
            return self._rescale(total, value.label, quantiser.bits, quantiser.exponent, low, high)
        partial = self._wide_sum(first, value.label, where)
        target = self._target(value, value.label, quantiser.bits, quantiser.exponent, low, high)
        self.operators.append(
            Add(self._name(value.label), (partial.label, last.label), target.label, low, high)
        )
        return target

    def _exact_sum(self, value: Sum, where: str) -> Codes:
        total = self._wide_sum(self._aligned(value.terms, where), value.label, where)
        if not value.relu:
            return total
        low, high = max(total.low, 0), max(total.high, 0)
        return self._rescale(total, value.label, total.bits, total.exponent, low, high)

    def _wide_sum(self, terms: list[Codes], label: str, where: str) -> Codes:
        """The exact sum of terms of one exponent."""
        total = terms[0]
        for term in terms[1:]:
            total = self._wide_add(total, term, label, where)
        return total

    def _wide_add(self, a: Codes, b: Codes, label: str, where: str) -> Codes:
        low, high = a.low + b.low, a.high + b.high
        if _width(low, high) > 16:
            raise refusal(where, f"the sum {label} needs more than 16 bits; quantise it first")
        target = self._target(a, f"{label}.wide", 16, a.exponent, low, high)
        self.operators.append(
            Add(self._name(f"{label}.wide"), (a.label, b.label), target.label, low, high)
        )
        return target

    def _aligned(self, signals: Sequence[Codes], where: str) -> list[Codes]:
        """The same values, all at the finest exponent among them."""
        finest = min(signal.exponent for signal in signals)
        return [self._refined(signal, finest, signal.bits, where) for signal in signals]

    def _refined(self, signal: Codes, exponent: int, bits: int, where: str) -> Codes:
        """The same values in finer steps and at least `bits` bits."""
        factor = 1 << (signal.exponent - exponent)
        low, high = signal.low * factor, signal.high * factor
        bits = max(bits, signal.bits, 8 if _width(low, high) <= 8 else 16)
        if _width(low, high) > 16:
            raise refusal(
                where,
                f"{signal.label} does not fit 16 bits at the scale of what it joins; "
                "give both one quantiser",
            )
        if (exponent, bits) == (signal.exponent, signal.bits):
            return signal
        return self._rescale(signal, f"{signal.label}.fine", bits, exponent, low, high)

    def _concat(self, parts: list[Codes], where: str, label: str) -> Codes:
        finest = min(part.exponent for part in parts)
        fine = [self._refined(part, finest, part.bits, where) for part in parts]
        bits = max(part.bits for part in fine)
        fine = [self._refined(part, finest, bits, where) for part in fine]
        low, high = min(part.low for part in fine), max(part.high for part in fine)
        joined = Cat(label, tuple(fine))
        target = self._target(joined, label, bits, finest, low, high)
        sources = tuple(part.label for part in fine)
        self.operators.append(Concat(self._name(label), sources, target.label))
        return target

    def _rescale(
        self, source: Codes, label: str, bits: int, exponent: int, low: int, high: int
    ) -> Codes:
        target = self._target(source, label, bits, exponent, low, high)
        # Beyond the field nothing changes: 31 to the right leaves 0, 15 to the left saturates.
        shift = np.clip([exponent - source.exponent], SHIFT_MIN, SHIFT_MAX).astype(np.int8)
        self.operators.append(
            Rescale(self._name(label), (source.label,), target.label, shift, low, high)
        )
        return target

    def _target(
        self, like: Content, label: str, bits: int, exponent: int, low: int, high: int
    ) -> Codes:
        taken = self.reserved | {signal.label for signal in self.signals}
        codes = Codes(_free(label, taken), bits, like.channels, like.rate, exponent, low, high)
        self.signals.append(codes)
        return codes

    def _name(self, label: str) -> str:
        return _free(label, {operator.name for operator in self.operators})


def _applied(
    function: Callable[[np.ndarray], np.ndarray], values: np.ndarray, where: str
) -> np.ndarray:
    """An elementwise function of float64 values of any shape; WorkbenchError for what is none."""
    try:
        outputs = function(values)
    except Exception as error:  # of what a user gave it
        raise refusal(where, "it fails on plain values; check its other arguments") from error
    if outputs.shape != values.shape:
        raise refusal(where, "it does not act on each value alone; use elementwise functions")
    return outputs


def _clamp(quantiser: Quantiser, relu: bool) -> tuple[int, int]:
    low, high = quantiser.low, quantiser.high
    return (max(low, 0), max(high, 0)) if relu else (low, high)


def _width(low: int, high: int) -> int:
    """Bits of the narrowest signed code that holds low..high."""
    return max(low.bit_length() if low >= 0 else (~low).bit_length(), high.bit_length()) + 1


def _free(label: str, taken: set[str]) -> str:
    """`label` in characters that names may have, or the first of label_2, label_3, ... not taken."""
    label = re.sub(r"[^A-Za-z0-9_.]", "_", label)
    name, number = label, 2
    while name in taken:
        name, number = f"{label}_{number}", number + 1
    return name
