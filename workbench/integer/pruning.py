"""Programs whose convolutions can leave blocks of weights out: made from dense ones, and switched."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np

from workbench.errors import WorkbenchError, nearest
from workbench.integer.operators import Conv, Operator, PrunedConv
from workbench.integer.operators.pruned import BLOCK_INPUTS, BLOCK_ROWS, DENSE, PRUNED, block_grid
from workbench.integer.program import Program


def pruned_program(program: Program, masks: Mapping[str, np.ndarray]) -> Program:
    """The same program with some convolutions pruned in blocks.

    Args:
        program: Whose convolutions have all their weights.
        masks: By the name of a convolution, uint8 [groups, bytes]: which blocks of each group of four rows are kept,
            as many of each, see `operators.pruned`.

    Raises:
        WorkbenchError: A mask is of another program, or the convolution has no such blocks.
    """
    operators = {operator.name: operator for operator in program.operators}
    made: dict[str, Operator] = {}
    for name, mask in masks.items():
        if not isinstance(operators.get(name), Conv):
            raise WorkbenchError(
                f"the masks are of another program: {program.name} has no convolution {name!r}; "
                f"{nearest(name, operators)}"
            )
        conv = operators[name]
        assert isinstance(conv, Conv)
        made[name] = _pruned(conv, mask)
    return replace(program, operators=tuple(made.get(o.name, o) for o in program.operators))


def _pruned(conv: Conv, mask: np.ndarray) -> PrunedConv:
    grid = block_grid(conv.weight) if conv.groups == 1 and conv.weight_bits == 8 else None
    if grid is None:
        raise WorkbenchError(
            f"operator {conv.name} cannot be pruned in blocks; it needs 8-bit weights, one group, rows in "
            f"multiples of {BLOCK_ROWS} and inputs in multiples of {BLOCK_INPUTS}"
        )
    groups, blocks = grid.shape[:2]
    if mask.shape != (groups, -(-blocks // 8)):
        raise WorkbenchError(
            f"the mask of {conv.name} is {list(mask.shape)} where {groups} groups of {blocks} blocks need "
            f"[{groups}, {-(-blocks // 8)}]; it is of another program"
        )
    bits = np.unpackbits(mask, axis=1, bitorder="little")
    counts = bits[:, :blocks].sum(axis=1)
    if (counts != counts[0]).any() or not 0 < counts[0] < blocks or bits[:, blocks:].any():
        raise WorkbenchError(
            f"the mask of {conv.name} does not keep as many of the {blocks} blocks of every group, one at least and "
            "not all; it is damaged, or of another program"
        )
    chosen = bits[:, :blocks] == 1
    kept, reserve = (
        grid[each].reshape(groups, -1, BLOCK_ROWS, BLOCK_INPUTS).astype(np.int8)
        for each in (chosen, ~chosen)
    )
    return PrunedConv(
        conv.name,
        conv.sources,
        conv.target,
        kept=kept,
        mask=mask.view(np.int8),
        bias=conv.bias,
        shift=conv.shift,
        mode=np.array([PRUNED], np.int8),
        reserve=reserve,
        low=conv.low,
        high=conv.high,
        up=conv.up,
        taps=conv.taps,
        dilation=conv.dilation,
        stride=conv.stride,
    )


def prunable(program: Program) -> tuple[str, ...]:
    """Names of the layers that are pruned or can be un-pruned, in program order."""
    return tuple(o.name for o in program.operators if isinstance(o, PrunedConv))


def with_dense(program: Program, layers: Collection[str]) -> Program:
    """The same program in which exactly these layers are un-pruned; WorkbenchError for a name that is none."""
    known = prunable(program)
    for name in layers:
        if name not in known:
            raise WorkbenchError(
                f"program {program.name} has no pruned layer {name!r}; "
                + (nearest(name, known) if known else "train one with --prune-blocks")
            )
    modes = {
        (name, "mode"): np.array([DENSE if name in layers else PRUNED], np.int8) for name in known
    }
    return program.with_parameters(modes)


def dense_program(program: Program) -> Program:
    """The same program with each pruned convolution as an ordinary one, as its mode, mask and weights are now."""
    return replace(
        program,
        operators=tuple(o.dense if isinstance(o, PrunedConv) else o for o in program.operators),
    )
