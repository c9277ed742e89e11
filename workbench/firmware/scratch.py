"""Allocation of scratch memory within a step: signals that are never needed at once share memory.

Reference: greedy placement by size, the largest first. Layout: a buffer holds free room for the
longest history of the operators that read it, then the signal's rows of one frame. An operator whose
kernel needs memory of its own has a buffer while it runs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from workbench.audio.hearing import BANDS
from workbench.integer.operators import Conv, MelBands, Operator, PrunedConv, Synthesis
from workbench.integer.operators.fourier import POINTS
from workbench.integer.operators.pruned import BLOCK_INPUTS
from workbench.integer.program import Program
from workbench.integer.signals import Signal

_ALIGNMENT_BYTES = 4
_MOST_CONV_BYTES = 8192  # longer windows are left to the plain kernel, which needs none
_SERIES_BYTES = 32  # behind a series of codes, so that words may be read beyond its end


def _of_synthesis(_: Operator, __: Signal) -> int:
    """Two words a point, two int16 a bin."""
    return 8 * POINTS + 4 * (POINTS // 2 + 1)


def _of_melbands(_: Operator, __: Signal) -> int:
    """Two words a point, a word a band."""
    return 8 * POINTS + 4 * BANDS


def _of_conv(conv: Operator, source: Signal) -> int:
    """8 bytes a code of a window: it is laid out, or listed, once for all rows of weights.

    Two lists, of the low and the high nibbles, are filled up to a multiple of four entries each. Depthwise, the
    memory also holds a channel's codes of a frame and before it as int16.
    """
    assert isinstance(conv, Conv)
    window = 8 * (conv.taps * conv.weight.shape[3] + 2 * 3)
    series = 2 * (source.rate + conv.history) + _SERIES_BYTES
    most = max(window, series) if conv.weight.shape[3] == 1 else window
    return most if most <= _MOST_CONV_BYTES else 0


def _of_pruned(conv: Operator, source: Signal) -> int:
    """A word for every 32 blocks, and one a block; before them, unless they are too many, 8 bytes a code of a window."""
    assert isinstance(conv, PrunedConv)
    laid = 8 * BLOCK_INPUTS * conv.blocks
    listed = 4 * (conv.blocks + -(-conv.blocks // 32))
    return laid + listed if laid <= _MOST_CONV_BYTES else listed


# Bytes that a kernel needs while it runs, besides its signals, by the operator and the first signal that it reads.
WORK_BYTES: dict[type[Operator], Callable[[Operator, Signal], int]] = {
    Conv: _of_conv,
    PrunedConv: _of_pruned,
    Synthesis: _of_synthesis,
    MelBands: _of_melbands,
}


def work_bytes(operator: Operator, source: Signal) -> int:
    """Of a kernel, besides its signals; 0 where it needs none."""
    ask = WORK_BYTES.get(type(operator))
    return ask(operator, source) if ask else 0


@dataclass(frozen=True)
class Scratch:
    """offsets: byte offset of each signal's first new row, by name. work: of the memory of each operator that
    needs some. size_bytes: of it all.
    """

    offsets: dict[str, int]
    work: dict[str, int]
    size_bytes: int


@dataclass(frozen=True)
class _Buffer:
    """name: of a signal, or of the operator whose work it is. first, last: operators between which it is
    needed, -1 for before the first.
    """

    name: str
    room_bytes: int
    size_bytes: int
    first: int
    last: int
    work: bool = False

    def meets(self, other: _Buffer) -> bool:
        return self.first <= other.last and other.first <= self.last


def row_bytes(signal: Signal) -> int:
    """Bytes of one row."""
    return signal.channels * signal.bits // 8


def frame_bytes(signal: Signal) -> int:
    """Bytes of the rows of one frame."""
    return signal.rate * row_bytes(signal)


def plan_scratch(program: Program) -> Scratch:
    """Give every signal a place."""
    placed: list[tuple[int, _Buffer]] = []
    for buffer in sorted(_buffers(program), key=lambda b: (-b.size_bytes, b.first, b.name)):
        start = 0
        for other_start, other in sorted(placed, key=lambda pair: pair[0]):
            free = start + buffer.size_bytes <= other_start
            if buffer.meets(other) and not free:
                start = max(start, other_start + other.size_bytes)
        placed.append((start, buffer))
    return Scratch(
        {buffer.name: start + buffer.room_bytes for start, buffer in placed if not buffer.work},
        {buffer.name: start for start, buffer in placed if buffer.work},
        max(start + buffer.size_bytes for start, buffer in placed),
    )


def _buffers(program: Program) -> list[_Buffer]:
    first = dict.fromkeys(program.inputs, -1)
    last = dict(first)
    room = dict.fromkeys(program.inputs, 0)
    for number, operator in enumerate(program.operators):
        for name in operator.sources:
            last[name] = number
            back = operator.rows_back() * row_bytes(program.signal(name))
            room[name] = max(room[name], _aligned(back))
        first[operator.target] = last[operator.target] = number
        room[operator.target] = 0
    last[program.output] = len(program.operators)
    work = []
    for number, operator in enumerate(program.operators):
        size = work_bytes(operator, program.sources(operator)[0])
        if size:
            work.append(_Buffer(operator.name, 0, _aligned(size), number, number, work=True))
    return work + [
        _Buffer(
            name,
            room[name],
            room[name] + _aligned(frame_bytes(program.signal(name))),
            first[name],
            last[name],
        )
        for name in first
    ]


def _aligned(size_bytes: int) -> int:
    return -(-size_bytes // _ALIGNMENT_BYTES) * _ALIGNMENT_BYTES
