"""Shapes of a face from scores of classes: the mean of the classes' shapes, weighted by their probabilities."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from workbench.integer.operators.operator import OnSums, Operator
from workbench.integer.sections import TABLE
from workbench.integer.signals import Signal

_DIFFERENCES = 256
_MOST_CLASSES = 256  # so that no sum of products leaves 32 bits


@dataclass(frozen=True, eq=False, repr=False)
class Blend(Operator):
    """A row of scores -> a row of shapes.

        w[c] = weight[max(x) - x[c]]
        y[s] = sum over c of w[c] shapes[c][s] / sum over c of w[c], rounded half away from zero

    weight: int16 Q0.15 [256], by how far a score lies below the highest; negative ones count as 0.
    shapes: int8 [classes, shapes], in steps of the target. Where all weights are 0, so is the result.
    """

    weight: np.ndarray
    shapes: np.ndarray

    PARAMETERS: ClassVar[Mapping[str, str]] = {"weight": TABLE, "shapes": TABLE}
    AXES: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "weight": ("difference",),
        "shapes": ("class", "channel"),
    }

    @classmethod
    def softmax(
        cls, name: str, source: str, target: str, *, exponent: int, shapes: np.ndarray
    ) -> Blend:
        """Scores that are logarithms of probabilities, up to a constant.

        Args:
            name: Of the operator.
            source: Name of the signal of scores.
            target: Name of the signal of shapes.
            exponent: A step of the scores is 2**exponent.
            shapes: int8 [classes, shapes].
        """
        below = np.arange(_DIFFERENCES) * math.ldexp(1.0, exponent)
        weight = np.rint(32767 * np.exp(-below)).astype(np.int16)
        return cls(name, (source,), target, weight=weight, shapes=shapes)

    def check(self, sources: tuple[Signal, ...], target: Signal) -> None:
        """A shape for every class; int8 on both sides."""
        self.need_codes(sources, target)
        (source,) = sources
        self.need(source.bits == target.bits == 8, "reads and writes int8 codes only")
        self.need(source.rate == target.rate, "keeps the rate")
        self.need(source.channels <= _MOST_CLASSES, f"knows {_MOST_CLASSES} classes at most")
        self.need_array("weight", np.int16, (_DIFFERENCES,))
        self.need_array("shapes", np.int8, (source.channels, target.channels))

    def step(
        self, sources: Sequence[np.ndarray], state: dict[str, np.ndarray], on_sums: OnSums
    ) -> np.ndarray:
        """Look up, add, divide."""
        (x,) = sources  # [batch, rows, classes]
        weights = np.maximum(self.weight.astype(np.int64), 0)[x.max(axis=2, keepdims=True) - x]
        sums = weights @ self.shapes.astype(np.int64)  # [batch, rows, shapes]
        total = np.maximum(weights.sum(axis=2, keepdims=True), 1)
        result: np.ndarray = np.sign(sums) * ((abs(sums) + (total >> 1)) // total)
        return result
