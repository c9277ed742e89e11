"""Random integer programs and inputs, for every test that compares two implementations of the arithmetic."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from workbench.integer.biases import narrow_bias
from workbench.integer.operators import (
    Add,
    Concat,
    Conv,
    Embed,
    Operator,
    PrunedConv,
    Rescale,
    Table,
)
from workbench.integer.program import Program
from workbench.integer.signals import Signal, code_dtype, code_range


class _Builder:
    """Grows a program operator by operator from a seeded generator."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.signals: list[Signal] = []
        self.operators: list[Operator] = []

    def signal(self, bits: int, channels: int, rate: int, exponent: int | None) -> Signal:
        made = Signal(f"s{len(self.signals)}", bits, channels, rate, exponent)
        self.signals.append(made)
        return made

    def label(self) -> str:
        return f"op{len(self.operators)}"

    def clamp(self, bits: int) -> tuple[int, int]:
        low, high = code_range(bits)
        kind = self.rng.integers(4)
        if kind == 0:
            return 0, high
        if kind == 1:
            a, b = sorted(int(v) for v in self.rng.integers(low, high + 1, 2))
            return a, b
        return low, high

    def codes(self, bits: int, shape: tuple[int, ...]) -> np.ndarray:
        low, high = code_range(bits)
        if self.rng.random() < 0.25:  # only the extremes
            values = self.rng.choice([low, high, 0, -1], size=shape)
        else:
            values = self.rng.integers(low, high + 1, size=shape)
        return values.astype(code_dtype(bits))

    def add_conv(self, x: Signal) -> Signal:
        rng = self.rng
        depthwise = x.channels > 1 and rng.random() < 0.25
        groups = x.channels if depthwise else int(rng.choice([1, 1, 1, _divisor(rng, x.channels)]))
        out = groups * int(rng.integers(1, 4)) if groups > 1 else int(rng.integers(1, 9))
        up = int(rng.choice([1, 1, 1, 2, 3, 4])) if x.rate <= 4 else 1
        stride = _divisor(rng, x.rate) if rng.random() < 0.3 else 1
        taps, dilation = int(rng.integers(1, 5)), int(rng.integers(1, 4))
        weight_bits, bits = int(rng.choice([8, 8, 4])), int(rng.choice([8, 8, 16]))
        low, high = self.clamp(bits)
        weight = self.codes(weight_bits, (up, out, taps, x.channels // groups))
        spread = 2 ** int(rng.integers(1, 31))
        bias = narrow_bias(rng.integers(-spread, spread, out))
        shift = rng.integers(-4, 16, out).astype(np.int8)
        if rng.random() < 0.1:
            shift = rng.integers(-128, 128, out).astype(np.int8)
        y = self.signal(bits, out, x.rate // stride * up, int(rng.integers(-9, 2)))
        self.operators.append(
            Conv(self.label(), (x.name,), y.name, weight, bias, shift, low, high,
                 weight_bits, dilation, stride, groups)
        )  # fmt: skip
        return y

    def add_pruned(self, x: Signal) -> Signal:
        """x: of channels in multiples of 8."""
        rng = self.rng
        up = int(rng.choice([1, 1, 2, 4]))
        out = int(rng.choice([1, 8] if up == 4 else [2, 8] if up == 2 else [4, 8, 8, 16]))
        stride = _divisor(rng, x.rate) if rng.random() < 0.3 else 1
        taps, dilation = int(rng.integers(1, 5)), int(rng.integers(1, 4))
        blocks, groups = taps * x.channels // 8, up * out // 4
        if blocks < 2:
            taps, blocks = 2, 2 * x.channels // 8
        kept = int(rng.integers(1, blocks))
        mask = np.zeros((groups, blocks), np.uint8)
        for row in mask:
            row[rng.choice(blocks, kept, replace=False)] = 1
        packed = np.packbits(mask, axis=1, bitorder="little").view(np.int8)
        if rng.random() < 0.2:  # any bits at all
            packed = self.codes(8, packed.shape)
        bits = int(rng.choice([8, 8, 16]))
        low, high = self.clamp(bits)
        bias = narrow_bias(rng.integers(-(1 << 14), 1 << 14, out))
        shift = rng.integers(-2, 16, out).astype(np.int8)
        y = self.signal(bits, out, x.rate // stride * up, int(rng.integers(-9, 2)))
        self.operators.append(
            PrunedConv(
                self.label(), (x.name,), y.name,
                kept=self.codes(8, (groups, kept, 4, 8)), mask=packed, bias=bias, shift=shift,
                mode=rng.choice([0, 0, 1, -7], 1).astype(np.int8),
                reserve=self.codes(8, (groups, blocks - kept, 4, 8)), low=low, high=high,
                up=up, taps=taps, dilation=dilation, stride=stride,
            )
        )  # fmt: skip
        return y

    def add_add(self, x: Signal, other: Signal) -> Signal:
        bits = int(self.rng.choice([8, 16]))
        low, high = self.clamp(bits)
        y = self.signal(bits, x.channels, x.rate, x.exponent)
        self.operators.append(Add(self.label(), (x.name, other.name), y.name, low, high))
        return y

    def add_concat(self, x: Signal, other: Signal) -> Signal:
        y = self.signal(x.bits, x.channels + other.channels, x.rate, x.exponent)
        self.operators.append(Concat(self.label(), (x.name, other.name), y.name))
        return y

    def add_rescale(self, x: Signal) -> Signal:
        bits = int(self.rng.choice([8, 16]))
        low, high = self.clamp(bits)
        shift = self.rng.integers(-8, 9, 1).astype(np.int8)
        y = self.signal(bits, x.channels, x.rate, int(self.rng.integers(-9, 2)))
        self.operators.append(Rescale(self.label(), (x.name,), y.name, shift, low, high))
        return y

    def add_table(self, x: Signal) -> Signal:
        bits = int(self.rng.choice([8, 16]))
        y = self.signal(bits, x.channels, x.rate, int(self.rng.integers(-9, 2)))
        self.operators.append(Table(self.label(), (x.name,), y.name, self.codes(bits, (256,))))
        return y

    def add_embed(self, index: Signal) -> Signal:
        bits, channels = int(self.rng.choice([8, 8, 16])), int(self.rng.integers(1, 7))
        rows = self.codes(bits, (int(self.rng.integers(1, 12)), channels))
        y = self.signal(bits, channels, index.rate, int(self.rng.integers(-9, 2)))
        self.operators.append(Embed(self.label(), (index.name,), y.name, rows))
        return y


def _divisor(rng: np.random.Generator, number: int) -> int:
    return int(rng.choice([d for d in range(1, number + 1) if number % d == 0]))


def random_program(seed: int, operators: int = 6) -> Program:
    """A random valid program: the same seed gives the same program."""
    build = _Builder(seed)
    rng = build.rng
    rate = int(rng.choice([1, 1, 2, 4]))
    inputs = [
        build.signal(32, 1, rate, None)
        if rng.random() < 0.4
        else build.signal(int(rng.choice([8, 16])), int(rng.integers(1, 7)), rate, -7)
        for _ in range(int(rng.integers(1, 3)))
    ]
    live = [build.add_embed(x) if x.bits == 32 else x for x in inputs]
    current = live[0]
    for _ in range(operators):
        mates = [s for s in live if s.exponent == current.exponent and s.rate == current.rate]
        alike = [s for s in mates if s.channels == current.channels]
        same_width = [s for s in mates if s.bits == current.bits]
        choice = rng.random()
        if choice < 0.5:
            current = build.add_conv(current)
        elif choice < 0.65 and alike:
            current = build.add_add(current, alike[int(rng.integers(len(alike)))])
        elif choice < 0.75 and same_width and current.channels <= 12:
            current = build.add_concat(current, same_width[int(rng.integers(len(same_width)))])
        elif choice < 0.85 and current.bits == 8:
            current = build.add_table(current)
        else:
            current = build.add_rescale(current)
        live.append(current)
        if rng.random() < 0.2:
            current = live[int(rng.integers(len(live)))]
    return Program(
        name=f"random{seed}",
        inputs=tuple(signal.name for signal in inputs),
        output=build.operators[-1].target if build.operators else inputs[0].name,
        frame_rate_hz=100.0,
        signals=tuple(build.signals),
        operators=tuple(build.operators),
    )


def random_inputs(
    program: Program, seed: int, frames: int, batch: int = 1
) -> dict[str, np.ndarray]:
    """Random codes for every input; row indexes also leave their table now and then."""
    rng = np.random.default_rng([seed, 1])
    inputs = {}
    for name in program.inputs:
        signal = program.signal(name)
        low, high = (-3, 15) if signal.bits == 32 else code_range(signal.bits)
        shape = (batch, frames * signal.rate, signal.channels)
        inputs[name] = rng.integers(low, high + 1, shape).astype(code_dtype(signal.bits))
    return inputs


def split_frames(
    program: Program, inputs: dict[str, np.ndarray], first: int, last: int
) -> dict[str, np.ndarray]:
    """The frames first..last - 1 of `inputs`."""
    return {
        name: codes[:, first * program.signal(name).rate : last * program.signal(name).rate]
        for name, codes in inputs.items()
    }


def random_pruned_program(seed: int, operators: int = 4) -> Program:
    """A random program in which pruned convolutions follow each other, with other operators between."""
    build = _Builder(seed)
    rng = build.rng
    rate, bits = int(rng.choice([1, 2, 4, 5])), int(rng.choice([8, 8, 16]))
    current = first = build.signal(bits, int(rng.choice([8, 16, 24])), rate, -7)
    for _ in range(operators):
        if current.channels % 8 == 0 and rng.random() < 0.75:
            current = build.add_pruned(current)
        elif rng.random() < 0.5:
            current = build.add_rescale(current)
        else:
            current = build.add_conv(current)
    if not any(isinstance(operator, PrunedConv) for operator in build.operators):
        return random_pruned_program(seed + 1, operators)
    return Program(
        f"pruned{seed}", (first.name,), current.name, 100.0, tuple(build.signals), tuple(build.operators)
    )  # fmt: skip


seeds = st.integers(min_value=0, max_value=2**32 - 1)


def wide_program(channels: int, out: int, *, taps: int = 2, up: int = 1, bits: int = 8) -> Program:
    """conv -> ReLU -> conv, a residual around it, and a last conv; `channels` go in, `out` between."""
    build = _Builder(channels + out)
    rng = build.rng

    def conv(x: Signal, channels: int, up: int, dilation: int) -> Signal:
        weight = build.codes(8, (up, channels, taps, x.channels))
        bias = narrow_bias(rng.integers(-1000, 1000, channels))
        shift = rng.integers(5, 12, channels).astype(np.int8)
        low, high = code_range(bits)
        y = build.signal(bits, channels, x.rate * up, -7)
        build.operators.append(
            Conv(
                build.label(), (x.name,), y.name, weight, bias, shift, low, high, dilation=dilation
            )
        )
        return y

    stream = conv(build.signal(8, channels, 1, -7), out, up, 1)
    inner = build.signal(bits, out, up, -7)
    build.operators.append(
        Rescale(build.label(), (stream.name,), inner.name, np.zeros(1, np.int8), 0, 127)
    )
    total = build.add_add(stream, conv(inner, out, 1, 3))
    conv(total, 1, 1, 1)
    return Program(
        f"wide{channels}x{out}", (build.signals[0].name,), build.signals[-1].name, 100.0,
        tuple(build.signals), tuple(build.operators),
    )  # fmt: skip
