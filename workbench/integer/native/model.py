"""A program and its clean run in the memory layout of the C in `native/sparse.h`."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from workbench.integer.operators import (
    Add,
    Blend,
    Concat,
    Conv,
    Embed,
    MelBands,
    Rescale,
    Synthesis,
    Table,
)
from workbench.integer.operators.synthesis import FADE, HOP, POINTS
from workbench.integer.program import Program
from workbench.integer.pruning import dense_program
from workbench.integer.signals import SHIFT_MAX, SHIFT_MIN, Signal

_KINDS = (
    Conv,
    Add,
    Rescale,
    Table,
    Embed,
    Concat,
    Synthesis,
    MelBands,
    Blend,
)  # in the order of the C enumeration
_CACHE_LINE = 64  # bytes
_VECTOR = 16  # columns that are computed together
_AT_ONCE = 64  # columns whose sums become codes together
_MASK = 32  # words of a row whose bits make one number
_SEEN = 64  # words of a position whose bits do
_CLEAN_LOW = 2**31 - 1
_PERIOD_BYTES = 4 * POINTS + 2 * (HOP + FADE)

_int, _pointer = ctypes.c_int32, ctypes.c_void_p


def _struct(name: str, integers: str, pointers: str, more: str = "") -> type[ctypes.Structure]:
    fields: list[tuple[str, Any]] = [(field, _int) for field in integers.split()]
    fields += [(field, _pointer) for field in pointers.split()]
    fields += [(field, _int) for field in more.split()]
    return type(name, (ctypes.Structure,), {"_fields_": fields})


_Signal = _struct(
    "_Signal",
    "bits channels stride words spread pad rows rate last_use sink",
    "clean now",
    "low high",
)
_Operator = _struct(
    "_Operator",
    "kind target source other sources clamp_low clamp_high up out taps fan_in groups dilation "
    "stride weight_bits bias_bits fold history rows_seen apart advance rows_made columns padded positions "
    "per_frame any_left entries width wide_entries",
    "concat weight bias shift offset_weights packed base right left operand_of_word clean_sums clean_entry entry "
    "clean_period now_period clean_words",
)


class _Model(ctypes.Structure):
    _fields_ = (
        ("signals", _int), ("operators", _int), ("output", _int), ("most_columns", _int),
        ("most_positions", _int), ("changes_per_dot", _int), ("saturated", _int), ("depth", _int), ("signal", _pointer), ("operator_", _pointer),
        ("macs", ctypes.c_int64), ("column_of_slot", _pointer), ("slot_of_column", _pointer),
        ("column_sums", _pointer), ("column_shift", _pointer), ("shift_changed", _pointer),
        ("special", _pointer), ("sums", _pointer), ("codes", _pointer), ("other", _pointer),
        ("operand", _pointer * 2), ("operand_made", _pointer), ("row_words", _pointer), ("differ", _pointer), ("found_low", _int),
        ("found_high", _int), ("coded", _int), ("found", _int), ("unkept", _int), ("seen", _pointer),
    )  # fmt: skip


def unsupported(program: Program) -> str | None:
    """Why the native engine cannot run `program`, of which it knows the dense one, or None."""
    for operator in dense_program(program).operators:
        if type(operator) not in _KINDS:
            return f"{operator.name} is of the kind {operator.kind!r}"
    if program.signal(program.output).bits == 32:
        return "its output is a row index"
    return None


class Layout(NamedTuple):
    """How a library wants its arrays.

    as_bytes: dot products read codes of 8 bits as bytes, else as int16. excess: added to each such byte.
    tile: most positions that are computed at once. vector: bytes. changes_per_dot: when
    parameters are changed in place, see `convolve.h`. offset: what differences of codes of 8 bits, as bytes, have
    their weights made unsigned by, 0 where they are multiplied as codes are; see `positions.h`.
    """

    as_bytes: int
    excess: int
    tile: int
    vector: int
    changes_per_dot: int
    offset: int

    @classmethod
    def of(cls, library: ctypes.CDLL) -> Layout:
        """What the library says."""
        numbers = (_int * len(cls._fields))()
        library.wb_layout(numbers)
        return cls(*numbers)

    def lanes(self, bits: int) -> int:
        """Codes of a word of 4 bytes, as dot products read them."""
        return {8: 4 if self.as_bytes else 2, 16: 2, 32: 1}[bits]

    def difference_lanes(self, bits: int) -> int:
        """Differences of codes of a word of 4 bytes."""
        return 4 if self.offset and bits == 8 else self.lanes(bits)


class NativeModel:
    """Owner of all arrays behind `struct`; values: clean codes [1, rows, channels] by signal."""

    def __init__(self, program: Program, values: Mapping[str, np.ndarray], layout: Layout) -> None:
        self._buffers: list[np.ndarray] = []
        self._program = program
        self._layout = layout
        self._numbers = {signal.name: i for i, signal in enumerate(program.signals)}
        signals = [self._signal(signal, values[signal.name][0]) for signal in program.signals]
        operators = [
            self._operator(operator, len(values[operator.sources[0]][0]))
            for operator in program.operators
        ]
        columns = max([1, *(operator.padded for operator in operators)])
        positions = max([1, *(operator.positions for operator in operators)])
        channels = max(signal.channels for signal in signals)
        rows = [signal.pad + signal.rows + self._slack(signal.stride) for signal in signals]
        words = [count * signal.words for count, signal in zip(rows, signals, strict=True)]
        masks = [
            count * -(-signal.spread // _MASK) for count, signal in zip(rows, signals, strict=True)
        ]
        seen = [
            op.positions * -(-op.rows_seen * signals[op.source].spread // _SEEN) for op in operators
        ]
        self._signals = (_Signal * len(signals))(*signals)
        self._operators = (_Operator * max(1, len(operators)))(*operators)
        self.struct = _Model(
            signals=len(signals),
            operators=len(operators),
            output=self._numbers[program.output],
            most_columns=columns,
            most_positions=positions,
            signal=ctypes.cast(self._signals, ctypes.c_void_p),
            operator_=ctypes.cast(self._operators, ctypes.c_void_p),
            macs=0,
            changes_per_dot=layout.changes_per_dot,
            column_of_slot=self._array(np.zeros(columns, np.int32)),
            slot_of_column=self._array(np.full(columns, -1, np.int32)),
            column_sums=self._array(np.zeros((columns, positions), np.int32)),
            column_shift=self._array(np.zeros((columns, positions), np.int8)),
            shift_changed=self._array(np.zeros(columns, np.uint8)),
            special=self._array(np.zeros(positions, np.uint8)),
            sums=self._array(np.zeros((layout.tile, columns), np.int32)),
            codes=self._array(np.zeros(max(columns, channels), np.int32)),
            other=self._array(np.zeros(channels, np.int32)),
            operand=(_pointer * 2)(
                *(self._array(np.zeros(4 * max(words) + _CACHE_LINE, np.uint8)) for _ in range(2))
            ),
            operand_made=self._array(np.zeros(4 * max(words) + _CACHE_LINE, np.uint8)),
            row_words=self._array(np.zeros(max(masks), np.uint32)),
            differ=self._array(np.zeros(max(words) // 8 + 2 * _CACHE_LINE, np.uint8)),
            found=-1,
            unkept=-1,
            seen=self._array(np.zeros(max([1, *seen]), np.uint64)),
        )

    def stride(self, signal: str) -> int:
        """Stored codes of a row of a signal."""
        return int(self._signals[self._numbers[signal]].stride)

    def _array(self, array: np.ndarray) -> int:
        """The address of a contiguous copy that exists as long as this object.

        It begins a cache line, or every load of a whole vector would touch two.
        """
        room = np.empty(array.nbytes + _CACHE_LINE, np.uint8)
        skip = -room.ctypes.data % _CACHE_LINE
        copy = room[skip : skip + array.nbytes]
        copy[:] = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
        self._buffers.append(room)
        return copy.ctypes.data

    def _signal(self, signal: Signal, codes: np.ndarray) -> ctypes.Structure:
        program = self._program
        readers = [i for i, op in enumerate(program.operators) if signal.name in op.sources]
        is_output = signal.name == program.output
        sink = is_output and not readers
        lanes = self._layout.difference_lanes(signal.bits)
        spread = -(-signal.channels // lanes)
        words = spread * lanes // self._layout.lanes(signal.bits)
        stride = signal.channels if sink else spread * lanes
        looks_back = [op.history for op in map(program.operators.__getitem__, readers)
                      if isinstance(op, Conv)]  # fmt: skip
        size = {8: 1, 16: 2, 32: 4}[signal.bits]
        whole = _CACHE_LINE // math.gcd(_CACHE_LINE, stride * size)  # rows that end with a line
        pad = -(-max([0, *looks_back]) // whole) * whole
        dtype = {8: np.int8, 16: np.int16, 32: np.int32}[signal.bits]
        rows = np.zeros((pad + len(codes) + self._slack(stride), stride), dtype)
        rows[pad : pad + len(codes), : signal.channels] = codes
        skip = pad * stride * rows.itemsize
        return _Signal(
            bits=signal.bits,
            channels=signal.channels,
            stride=stride,
            words=words,
            spread=spread,
            pad=pad,
            rows=len(codes),
            rate=signal.rate,
            last_use=len(program.operators) if is_output else max([-1, *readers]),
            sink=sink,
            clean=self._array(rows) + skip,
            now=self._array(rows) + skip,
            low=_CLEAN_LOW,
            high=0,
        )

    def _slack(self, stride: int) -> int:
        """Rows behind the last: what a tile or a vector reads beyond it."""
        steps = [conv.stride for conv in self._program.operators if isinstance(conv, Conv)]
        return self._layout.tile * _VECTOR * max([1, *steps]) + -(-self._layout.vector // stride)

    def _operator(self, operator: Any, source_rows: int) -> ctypes.Structure:
        sources = [self._numbers[name] for name in operator.sources]
        made = _Operator(
            kind=_KINDS.index(type(operator)),
            target=self._numbers[operator.target],
            source=sources[0],
            other=sources[-1],
        )
        if isinstance(operator, Conv | Add | Rescale):
            made.clamp_low, made.clamp_high = operator.low, operator.high
        if isinstance(operator, Conv):
            self._conv(made, operator, source_rows)
        elif isinstance(operator, Rescale):
            made.shift = self._array(operator.shift)
        elif isinstance(operator, Concat):
            made.sources, made.concat = len(sources), self._array(np.array(sources, np.int32))
        elif isinstance(operator, Table | Embed | Synthesis | MelBands | Blend):
            arrays = [getattr(operator, field) for field in operator.PARAMETERS]
            made.width = arrays[0].shape[1] if isinstance(operator, Embed) else 1
            made.wide_entries = sum(array.size for array in arrays if array.dtype == np.int16)
            entries = np.concatenate([array.ravel() for array in arrays]).astype(np.int16)
            made.entries = len(entries) // made.width
            made.clean_entry, made.entry = self._array(entries), self._array(entries)
        if isinstance(operator, Synthesis):
            silence_and_frames = np.zeros((source_rows + 1, _PERIOD_BYTES), np.uint8)
            made.clean_period = self._array(silence_and_frames)
            made.now_period = self._array(silence_and_frames)
            made.clean_words = self._array(np.zeros((source_rows + 1, 3), np.uint32))
        return made

    def _conv(self, made: Any, conv: Conv, source_rows: int) -> None:
        source = self._program.sources(conv)[0]
        up, out, taps, fan_in = conv.weight.shape
        made.up, made.out, made.taps, made.fan_in = up, out, taps, fan_in
        made.groups, made.dilation, made.stride = conv.groups, conv.dilation, conv.stride
        made.weight_bits, made.history = conv.weight_bits, conv.history
        per_frame = source.rate // conv.stride
        fold = _fold(up * out, per_frame, conv)
        made.fold, made.apart, made.advance = fold, conv.dilation, conv.stride * fold
        made.rows_seen, made.rows_made = taps + (fold - 1) * conv.stride, up * fold
        made.per_frame = per_frame // fold
        made.positions = source_rows // made.advance
        made.columns = columns = fold * up * out
        made.padded = padded = -(-columns // _VECTOR) * _VECTOR
        dense = _dense_weights(conv, source.channels)  # [up, out, taps, channels]
        folded = np.zeros((fold, up, out, made.rows_seen, source.channels), np.int64)
        for k in range(fold):
            folded[k, :, :, k * conv.stride : k * conv.stride + taps] = dense
        lanes = self._layout.lanes(source.bits)
        dtype = np.int8 if lanes == 4 else np.int16
        spread_lanes = self._layout.difference_lanes(source.bits)
        spread = -(-source.channels // spread_lanes)
        words = spread * spread_lanes // lanes
        weights = np.zeros((made.rows_seen, words * lanes, padded), np.int64)
        weights[:, : source.channels, :columns] = folded.reshape(
            columns, made.rows_seen, -1
        ).transpose(1, 2, 0)
        packed = weights.reshape(made.rows_seen, words, lanes, padded).transpose(0, 1, 3, 2)
        if self._layout.offset and source.bits == 8:
            offset = weights.reshape(made.rows_seen, spread, 4, padded).transpose(0, 1, 3, 2)
            made.offset_weights = self._array((offset + self._layout.offset).astype(np.uint8))
        base, excess = np.zeros((2, padded), np.int64)
        if lanes == 4:
            excess[:columns] = self._layout.excess * folded.sum(axis=(3, 4)).ravel()
        base[:columns] = np.tile(conv.bias, made.rows_made)
        shift = np.zeros(padded, np.int32)
        shift[:columns] = np.tile(np.clip(conv.shift, SHIFT_MIN, SHIFT_MAX), made.rows_made)
        made.any_left = bool((shift < 0).any())
        made.weight = self._array(conv.weight)
        made.bias, made.bias_bits = (
            self._array(conv.bias.astype(np.int32)),
            conv.parameter_bits("bias"),
        )
        made.shift, made.packed = self._array(conv.shift), self._array(packed.astype(dtype))
        made.base = self._array((base - excess).astype(np.int32))  # modulo 2**32
        repeated = np.tile(shift, -(-_AT_ONCE // padded))
        made.right = self._array(np.maximum(repeated, 0))
        made.left = self._array(np.maximum(-repeated, 0))
        row, word = np.indices((made.rows_seen, spread)).reshape(2, -1)
        offsets = 4 * (row * made.apart * spread + word)
        made.operand_of_word = self._array(offsets.astype(np.int32))
        made.clean_sums = self._array(
            np.zeros((made.positions + self._layout.tile, padded), np.int32)
        )


def _fold(columns: int, per_frame: int, conv: Conv) -> int:
    """How many positions fill a vector with their columns, 1 where they cannot be neighbours."""
    fold = _VECTOR // columns if columns <= _VECTOR else 1
    exact = fold * columns == _VECTOR and per_frame % fold == 0
    return fold if exact and conv.dilation == 1 else 1


def _dense_weights(conv: Conv, channels: int) -> np.ndarray:
    """Weights [up, out, taps, channels] with zeros between the groups."""
    up, out, taps, fan_in = conv.weight.shape
    dense = np.zeros((up, out, taps, channels), np.int64)
    per_group = out // conv.groups
    for group in range(conv.groups):
        rows = slice(group * per_group, (group + 1) * per_group)
        dense[:, rows, :, group * fan_in : (group + 1) * fan_in] = conv.weight[:, rows]
    return dense
