"""Layers that kernels are measured on, as programs of one operator, and what other libraries need for them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workbench.integer.operators import Conv
from workbench.integer.program import Program
from workbench.integer.signals import Signal, code_dtype, code_range

_SEED = 1


@dataclass(frozen=True)
class Layer:
    """A convolution.

    name: for files and options. title: for people. rows: of the input in a frame. taps: of each phase, so that a
    transposed convolution has up * taps in all. bits: of weights. code_bits: of input and output codes.
    """

    name: str
    title: str
    channels: int
    columns: int
    rows: int = 1
    taps: int = 1
    dilation: int = 1
    up: int = 1
    groups: int = 1
    bits: int = 8
    code_bits: int = 8

    def program(self) -> Program:
        """With random weights and no ReLU; a frame is `rows` rows."""
        rng = np.random.default_rng([_SEED, self.channels, self.columns, self.taps])
        low, high = code_range(self.bits)
        shape = self.up, self.columns, self.taps, self.channels // self.groups
        clamp = code_range(self.code_bits)
        signals = (
            Signal("x", self.code_bits, self.channels, self.rows, -7),
            Signal("y", self.code_bits, self.columns, self.rows * self.up, -7),
        )
        conv = Conv(
            "layer", ("x",), "y",
            rng.integers(low, high + 1, shape).astype(np.int8),
            rng.integers(-(2**12), 2**12, self.columns).astype(np.int32),
            rng.integers(7, 11, self.columns).astype(np.int8),
            *clamp, self.bits, self.dilation, 1, self.groups,
        )  # fmt: skip
        return Program(self.name, ("x",), "y", 100.0, signals, (conv,))

    def inputs(self, frames: int, *, zeros: float = 0.0) -> dict[str, np.ndarray]:
        """Codes [1, frames * rows, channels], uniform; a share of `zeros` of them zero, as after a ReLU."""
        rng = np.random.default_rng([_SEED, self.rows])
        low, high = code_range(self.code_bits)
        codes = rng.integers(low, high + 1, (1, frames * self.rows, self.channels))
        codes[rng.random(codes.shape) < zeros] = 0
        return {"x": codes.astype(code_dtype(self.code_bits))}


LAYERS = {
    layer.name: layer
    for layer in (
        Layer("fc128", "fully connected 128->128", 128, 128),
        Layer("conv64", "conv 64->64 k3 T32", 64, 64, rows=32, taps=3),
        Layer("conv32d3", "conv 32->32 k3 d3 T128", 32, 32, rows=128, taps=3, dilation=3),
        Layer("pointwise64", "pointwise 64->64 T32", 64, 64, rows=32),
        Layer("transposed", "transposed 64->32 k8 s4 T32", 64, 32, rows=32, taps=2, up=4),
        Layer("depthwise", "depthwise 64 k7 T128", 64, 64, rows=128, taps=7, groups=64),
        Layer("pointwise16", "pointwise 16->16 T128", 16, 16, rows=128),
        Layer("fc128-int4", "fully connected 128->128, int4", 128, 128, bits=4),
        Layer("conv64-int4", "conv 64->64 k3 T32, int4", 64, 64, rows=32, taps=3, bits=4),
        Layer("conv16-int16", "conv 16->16 k3 T16, 16-bit codes", 16, 16, rows=16, taps=3, code_bits=16),
        Layer("last-int16", "transposed 16->1 k16 s8 T16, 16-bit codes", 16, 1, rows=16, taps=2, up=8, code_bits=16),
    )
}  # fmt: skip

# Instructions a multiply-accumulate of CMSIS-NN (int8 "s8" functions, int4 its "s4") with GCC 12 -O2 on the same
# layers, bias, requantisation and clamp included. On M0+ and M3 the better of it and the same loop in plain C.
_M4 = {
    "fc128": 2.34, "conv64": 1.93, "conv32d3": 2.27, "pointwise64": 2.17, "transposed": 2.99, "depthwise": 14.1,
    "fc128-int4": 4.36,
}  # fmt: skip
_M0PLUS = {
    "fc128": 6.25, "conv64": 6.69, "conv32d3": 7.44, "transposed": 8.24, "depthwise": 21.4,
}  # fmt: skip
_M3 = {
    "fc128": 3.73, "conv64": 2.82, "conv32d3": 3.18, "transposed": 4.20, "depthwise": 11.2,
}  # fmt: skip
_M55 = {
    "fc128": 0.268, "conv64": 0.267, "conv32d3": 0.348, "pointwise64": 0.367, "transposed": 0.447, "depthwise": 2.45,
    "fc128-int4": 0.511,
}  # fmt: skip
M55 = "m55"
PEERS: dict[str, dict[str, float]] = {
    "m0plus": _M0PLUS,
    "m3": _M3,
    "m4": _M4,
    "m7": _M4,
    "m33": _M4,
    M55: _M55,
}
