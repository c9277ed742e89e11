"""Layers for a network of one's own, which `lower` knows: `wb.layers.CausalConv1d`."""

from workbench.generators.layers import (
    FLOAT,
    CausalConv1d,
    CausalConvTranspose1d,
    Precision,
    ResidualBlock,
    quantise,
    relu,
    tensor_value,
)

__all__ = [
    "FLOAT",
    "CausalConv1d",
    "CausalConvTranspose1d",
    "Precision",
    "ResidualBlock",
    "quantise",
    "relu",
    "tensor_value",
]
