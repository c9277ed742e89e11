"""What lowering takes and gives: descriptions of inputs, and a program with its module's layers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from workbench.errors import WorkbenchError, expect
from workbench.integer.program import Program


@dataclass(frozen=True)
class LoweredInput:
    """How an input of the module becomes one of the program.

    exponent: of one code step, None for row indexes. low, high: the range of its codes.
    """

    exponent: int | None
    low: int
    high: int
    channels_last: bool


@dataclass(frozen=True)
class LoweredLayer:
    """One call of a layer, in the order of the forward pass.

    path: of the layer, "" for the module itself, which comes last. signal: the program's signal that
    holds its result exactly, None where there is none (an accumulator that waits for its quantiser).
    channels_last: axes of the result.
    """

    path: str
    signal: str | None
    channels_last: bool


@dataclass(frozen=True, repr=False)
class Lowered:
    """A program and how it belongs to its module: its inputs by name, its layers in order."""

    program: Program
    inputs: dict[str, LoweredInput]
    layers: tuple[LoweredLayer, ...]

    def codes(self, inputs: Mapping[str, Any]) -> dict[str, np.ndarray]:
        """Inputs of the module as inputs of the program.

        Args:
            inputs: Tensors or arrays by name; floats are rounded half up and clamped, as their quantiser does.

        Returns:
            Whole numbers [batch, time, channel] by name.

        Raises:
            WorkbenchError: An input is missing, misshapen or not finite.
        """
        expect(inputs, Mapping, "what the module takes", "a tensor or an array for each input name")
        missing = [name for name in self.inputs if name not in inputs]
        if missing:
            raise WorkbenchError(f"program {self.program.name} needs the input {missing[0]!r} too")
        return {
            name: _input_codes(_array(inputs[name], name), way, f"the input {name!r}")
            for name, way in self.inputs.items()
        }

    def __repr__(self) -> str:
        return f"Lowered from {len(self.layers) - 1} calls of layers: {self.program!r}"


def _array(values: Any, name: str) -> np.ndarray:
    """The values of an input; WorkbenchError for what is no array: ragged lists, sparse tensors."""
    try:
        if isinstance(values, torch.Tensor):
            return values.detach().cpu().numpy()
        return np.asarray(values)
    except (ValueError, TypeError, RuntimeError, OverflowError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise WorkbenchError(
            f"the input {name!r} is no array ({reason}); give a dense tensor, or an array of numbers"
        ) from error


def _input_codes(values: np.ndarray, way: LoweredInput, where: str) -> np.ndarray:
    if way.exponent is None:
        if values.ndim != 2 or values.dtype.kind not in "iu":
            raise WorkbenchError(f"{where} is {_form(values)}; give whole numbers [batch, time]")
        return values.astype(np.int32)[..., None]
    if values.ndim != 3 or values.dtype.kind not in "fiu":
        axes = "[batch, time, channels]" if way.channels_last else "[batch, channels, time]"
        raise WorkbenchError(f"{where} is {_form(values)}; give numbers {axes}")
    if not values.size:
        raise WorkbenchError(f"{where} is {_form(values)}, so it is empty; give at least one frame")
    if not np.isfinite(values).all():
        raise WorkbenchError(f"{where} has values that are nan or infinite; replace them")
    steps = np.floor(np.ldexp(values.astype(np.float64), -way.exponent) + 0.5)
    codes = np.clip(steps, way.low, way.high).astype(np.int64)
    return codes if way.channels_last else codes.transpose(0, 2, 1)


def _form(values: np.ndarray) -> str:
    return f"{values.dtype} {list(values.shape)}"
