"""How many bytes a bias has in memory: the fewest that hold all biases of its operator, 2 or 4.

What no value needs cannot be hit: the two high bytes of a bias that fits 16 bits are copies of its sign, and a fault
in one of them adds up to 2**31 to a sum. The dtype of `Conv.bias` is the width, so that it is part of the program,
its file and its hash, and a faulty value is read as it is stored, sign extended.
"""

from __future__ import annotations

import numpy as np

from workbench.integer.operators import Conv, PrunedConv
from workbench.integer.program import Program
from workbench.integer.signals import code_range


def narrow_bias(bias: np.ndarray) -> np.ndarray:
    """Biases of one operator, whole numbers [out], as int16 where all of them fit, else as int32."""
    low, high = code_range(16)
    fits = bool(((bias >= low) & (bias <= high)).all())
    return bias.astype(np.int16 if fits else np.int32)


def with_wide_biases(program: Program) -> Program:
    """The same program with 4 bytes a bias, to measure what narrow ones are worth.

    Its samples are equal, its image, hash and bits are not.
    """
    return program.with_parameters(
        {
            (operator.name, "bias"): operator.bias.astype(np.int32)
            for operator in program.operators
            if isinstance(operator, Conv | PrunedConv)
        }
    )
