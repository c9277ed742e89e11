"""A convolution some of whose blocks of weights are left out, or not, as a switch in memory says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar

import numpy as np

from workbench.integer.operators.conv import Conv
from workbench.integer.operators.operator import CHANNEL, OnSums, Operator, StateTensor
from workbench.integer.sections import BIAS, MODE, RESERVE, SHIFT, TABLE, WEIGHTS
from workbench.integer.signals import Signal

BLOCK_ROWS, BLOCK_INPUTS = 4, 8  # of a block: two words of weights for each of four sums
PRUNED, DENSE = 0, 1  # modes
LEAST_BLOCKS = 8  # of four rows: to leave some of fewer out saves few instructions


@dataclass(frozen=True, eq=False, repr=False)
class PrunedConv(Operator):
    """`Conv` with 8-bit weights in blocks of four rows and eight inputs, some kept and the others in reserve.

    Rows of weights are those of all phases, [up * out]; their inputs those of all taps, [taps * in]. Four rows make a
    group, eight inputs of one tap and a group a block. Bit b % 8 of byte b // 8 of a group's mask says whether block b
    is kept. From the first block on, what is kept takes the next weights of `kept`, and everything else those of
    `reserve`, which count only where the mode is not 0. Where a fault makes the mask ask for more than there are, the
    blocks too many count as not kept, or as zeros where the reserve has no more either. Everything else is as in `Conv`.

    kept: int8 [groups, kept blocks, 4 rows, 8 inputs]. reserve: the same of the other blocks, in flash.
    mask: int8 [groups, ceil(blocks / 8)]. mode: int8 [1], PRUNED or, where it is anything else, DENSE.
    bias, shift: [out], as of `Conv`.
    """

    kept: np.ndarray
    mask: np.ndarray
    bias: np.ndarray
    shift: np.ndarray
    mode: np.ndarray
    reserve: np.ndarray
    low: int
    high: int
    up: int = 1
    taps: int = 1
    dilation: int = 1
    stride: int = 1

    PARAMETERS: ClassVar[Mapping[str, str]] = {
        "kept": WEIGHTS,
        "mask": TABLE,
        "bias": BIAS,
        "shift": SHIFT,
        "mode": MODE,
        "reserve": RESERVE,
    }
    AXES: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "kept": ("group", "block", "row", "input"),
        "mask": ("group", "byte"),
        "reserve": ("group", "block", "row", "input"),
        **{name: Conv.AXES[name] for name in ("bias", "history", "accumulator")},
        "shift": (CHANNEL,),
    }

    @property
    def blocks(self) -> int:
        """Blocks of a group, kept or not."""
        return int(self.kept.shape[1] + self.reserve.shape[1])

    @property
    def fan_in(self) -> int:
        """Inputs of a tap: channels of the source."""
        return self.blocks * BLOCK_INPUTS // self.taps

    @property
    def out_channels(self) -> int:
        """Columns of one output row."""
        return int(self.bias.shape[0])

    @property
    def history(self) -> int:
        """Input rows that are carried from frame to frame."""
        return (self.taps - 1) * self.dilation

    @property
    def numbers(self) -> np.ndarray:
        """Which weights each block of the convolution has, int64 [groups, blocks].

        0 .. kept - 1: of `kept`; from there on those of `reserve`; -1: none.
        """
        kept = self.kept.shape[1]
        bits = np.unpackbits(self.mask.view(np.uint8), axis=1, bitorder="little")[:, : self.blocks]
        rank = np.cumsum(bits, axis=1)
        chosen = (bits == 1) & (rank <= kept)
        other = kept + np.cumsum(~chosen, axis=1) - 1
        return np.where(chosen, rank - 1, np.where(other < self.blocks, other, -1)).astype(np.int64)

    @property
    def places(self) -> np.ndarray:
        """Flat indexes into `dense.weight` of all kept and reserve weights, -1 for one that no block has.

        int64 [groups, kept + reserve blocks, 4, 8].
        """
        groups = len(self.kept)
        shape = (self.up, self.out_channels, self.taps, self.fan_in)
        grid = block_grid(np.arange(np.prod(shape)).reshape(shape))
        assert grid is not None
        found = np.full((groups, self.blocks + 1, BLOCK_ROWS, BLOCK_INPUTS), -1, np.int64)
        found[np.arange(groups)[:, None], self.numbers] = grid  # number -1: behind the last
        return found[:, : self.blocks]

    @cached_property
    def dense(self) -> Conv:
        """The convolution with the weights that it now computes with."""
        reserve = self.reserve if self.mode[0] else np.zeros_like(self.reserve)
        none = np.zeros_like(self.kept[:, :1])
        weights = np.concatenate([self.kept, reserve, none], axis=1)  # number -1: the last
        grid = weights[np.arange(len(weights))[:, None], self.numbers]  # [groups, blocks, 4, 8]
        shape = (self.up, self.out_channels, self.taps, self.fan_in)
        return Conv(
            self.name,
            self.sources,
            self.target,
            weight=grid.transpose(0, 2, 1, 3).reshape(shape),
            bias=self.bias,
            shift=self.shift,
            low=self.low,
            high=self.high,
            dilation=self.dilation,
            stride=self.stride,
        )

    def state(self, sources: tuple[Signal, ...]) -> tuple[StateTensor, ...]:
        """As of `Conv`."""
        return self.dense.state(sources)

    def rows_back(self) -> int:
        """As many as the history holds."""
        return self.history

    def sums_shape(self, source: Signal) -> tuple[int, ...]:
        """[positions, up, out]."""
        return source.rate // self.stride, self.up, self.out_channels

    def parameter_rows(self, field: str) -> int:
        """Kept blocks of a group at a time."""
        return len(self.kept) if field == "kept" else super().parameter_rows(field)

    @property
    def shape_text(self) -> str:
        """As of `Conv`, and how many of the blocks of four rows are kept."""
        return f"{self.dense.shape_text}, {self.kept.shape[1]} of {self.blocks} blocks"

    def macs_per_frame(self, source: Signal) -> int:
        """Every weight that counts, at every position."""
        size = self.kept.size + (self.reserve.size if self.mode[0] else 0)
        return int(size) * (source.rate // self.stride)

    def check(self, sources: tuple[Signal, ...], target: Signal) -> None:
        """Shapes of blocks and masks, then everything that a convolution checks."""
        for name in ("kept", "reserve", "mask", "mode"):
            array = getattr(self, name)
            self.need(array.dtype == np.int8 and array.size > 0, f"needs {name} as int8, not empty")
        self.need(
            self.kept.ndim == 4 and self.kept.shape[2:] == (BLOCK_ROWS, BLOCK_INPUTS),
            "needs kept blocks [groups, blocks, 4, 8]",
        )
        groups = len(self.kept)
        self.need(
            self.reserve.ndim == 4
            and (len(self.reserve), *self.reserve.shape[2:]) == (groups, BLOCK_ROWS, BLOCK_INPUTS),
            f"needs reserve blocks [{groups}, blocks, 4, 8]",
        )
        self.need_array("mask", np.int8, (groups, -(-self.blocks // 8)))
        self.need_array("mode", np.int8, (1,))
        self.need(min(self.up, self.taps) >= 1, "needs positive sizes")
        self.need(
            self.bias.ndim == 1 and self.up * len(self.bias) == groups * BLOCK_ROWS,
            f"has {groups} groups of {BLOCK_ROWS} rows for {self.up} phases of {len(self.bias)} channels",
        )
        self.need(
            self.blocks % self.taps == 0,
            f"has {self.blocks} blocks of {BLOCK_INPUTS} inputs, which {self.taps} taps cannot share",
        )
        self.dense.check(sources, target)

    def step(
        self, sources: Sequence[np.ndarray], state: dict[str, np.ndarray], on_sums: OnSums
    ) -> np.ndarray:
        """As the convolution with the weights that count now."""
        return self.dense.step(sources, state, on_sums)

    def accumulator_bound(self, source_bits: int) -> int:
        """The larger of both modes, with the mask as it is."""
        modes = (np.array([mode], np.int8) for mode in (PRUNED, DENSE))
        return max(replace(self, mode=mode).dense.accumulator_bound(source_bits) for mode in modes)


def block_grid(weight: np.ndarray) -> np.ndarray | None:
    """Weights [up, out, taps, in] as blocks [groups, blocks, 4 rows, 8 inputs]; None where they have none."""
    up, out, taps, fan_in = weight.shape
    if up * out % BLOCK_ROWS or fan_in % BLOCK_INPUTS:
        return None
    shape = up * out // BLOCK_ROWS, BLOCK_ROWS, taps * fan_in // BLOCK_INPUTS, BLOCK_INPUTS
    blocks = weight.reshape(shape)
    return blocks.transpose(0, 2, 1, 3)


def kept_of(blocks: int, share: float) -> int:
    """How many of the blocks of a group are kept when this share is left out; one at least."""
    return max(1, blocks - int(share * blocks))
