"""Programs of convolutions alone, of shapes that reach every path of the kernels, with values at the edges."""

import numpy as np

from workbench.firmware.design import RAM, Firmware
from workbench.healing.strategies.named import nothing
from workbench.integer.operators import Conv
from workbench.integer.program import Program
from workbench.integer.signals import Signal, code_range
from workbench.memory.image import Image

_ROWS = (1, 2, 3, 4, 5, 8, 9, 16)
_CHANNELS = (1, 2, 3, 4, 5, 7, 8, 9, 12, 16, 17, 24, 33)


def conv_chain(seed: int, length: int = 3) -> Program:
    """The same seed gives the same program."""
    rng = np.random.default_rng([seed, 77])
    bits = int(rng.choice([8, 16]))
    source = Signal("s0", bits, int(rng.choice(_CHANNELS)), int(rng.choice(_ROWS)), -7)
    signals, convs = [source], []
    for number in range(length):
        conv, target = _conv(rng, signals[-1], f"op{number}", f"s{number + 1}")
        signals.append(target)
        convs.append(conv)
    return Program(f"chain{seed}", ("s0",), signals[-1].name, 100.0, tuple(signals), tuple(convs))


def _conv(rng: np.random.Generator, x: Signal, name: str, target: str) -> tuple[Conv, Signal]:
    depthwise = rng.random() < 0.3
    divisors = [d for d in range(1, x.channels + 1) if x.channels % d == 0]
    groups = x.channels if depthwise else int(rng.choice([1, 1, 1, *divisors]))
    columns = groups * int(rng.choice([1, 1, 2, 3] if groups > 1 else _CHANNELS))
    columns = columns if columns <= 48 else groups
    up = int(rng.choice([1, 1, 2, 4])) if x.rate <= 4 else 1
    strides = [d for d in range(1, x.rate + 1) if x.rate % d == 0]
    stride = int(rng.choice(strides)) if rng.random() < 0.2 else 1
    taps, dilation = int(rng.integers(1, 10 if depthwise else 5)), int(rng.integers(1, 4))
    weight_bits, bits = int(rng.choice([8, 8, 4])), int(rng.choice([8, 8, 16]))
    edges = rng.random() < 0.3
    weight = _codes(rng, weight_bits, (up, columns, taps, x.channels // groups), edges)
    spread = 2**31 if edges else 2 ** int(rng.integers(4, 20))
    bias = rng.integers(-spread, spread, columns).astype(np.int32)
    shift = rng.integers(4, 14, columns) if rng.random() < 0.7 else rng.integers(-128, 128, columns)
    low, high = code_range(bits)
    kind = rng.integers(4)
    if kind == 0:
        low = 0
    elif kind == 1:
        low, high = sorted(int(value) for value in rng.integers(low, high + 1, 2))
    y = Signal(target, bits, columns, x.rate // stride * up, -7)
    conv = Conv(
        name, (x.name,), target, weight, bias, shift.astype(np.int8), low, high,
        weight_bits, dilation, stride, groups,
    )  # fmt: skip
    return conv, y


def _codes(rng: np.random.Generator, bits: int, shape: tuple[int, ...], edges: bool) -> np.ndarray:
    low, high = code_range(bits)
    codes = rng.choice([low, high], shape) if edges else rng.integers(low, high + 1, shape)
    return codes.astype(np.int8)


def wide_chain() -> Program:
    """A window beyond a kernel's own memory, many columns, and every shift that a byte can hold."""
    rng = np.random.default_rng(79)
    signals = tuple(
        Signal(f"s{n}", 8, channels, 1, -7) for n, channels in enumerate((400, 70, 256))
    )
    convs = (
        Conv(
            "op0", ("s0",), "s1", _codes(rng, 8, (1, 70, 3, 400), False),
            rng.integers(-(2**14), 2**14, 70).astype(np.int32), np.full(70, 12, np.int8), -128, 127, dilation=2,
        ),
        Conv(
            "op1", ("s1",), "s2", _codes(rng, 8, (1, 256, 1, 70), False),
            rng.integers(-(2**20), 2**20, 256).astype(np.int32), np.arange(-128, 128).astype(np.int8), -128, 127,
        ),
    )  # fmt: skip
    return Program("wide", ("s0",), "s2", 100.0, signals, convs)


def chain_inputs(program: Program, seed: int, frames: int) -> dict[str, np.ndarray]:
    """Random codes, a third of them zero; of every fourth seed the most negative alone."""
    rng = np.random.default_rng([seed, 78])
    signal = program.signal("s0")
    low, high = code_range(signal.bits)
    codes = rng.integers(low, high + 1, (1, frames * signal.rate, signal.channels))
    codes[rng.random(codes.shape) < 0.33] = 0
    if seed % 4 == 3:
        codes[:] = low
    return {"s0": codes.astype(np.int8 if signal.bits == 8 else np.int16)}


def chain_firmwares(seed: int, count: int) -> list[Firmware]:
    """Each with a prefix of its own, without healers."""
    return [_firmware(conv_chain(seed + number), number) for number in range(count)]


def wide_firmware(number: int) -> Firmware:
    """Of `wide_chain`; number: of its prefix."""
    return _firmware(wide_chain(), number)


def _firmware(program: Program, number: int) -> Firmware:
    image = Image.of(program, areas=())
    return Firmware.of(image, strategy=nothing(), weights=RAM, prefix=f"chain{number}")
