"""Fault trials by sparse differences, in C: one utterance, thousands of faulty programs a second.

A trial equals the plain reference on the faulty program. What is recomputed are rows that can
differ from the clean run; an operator whose codes come out equal ends the matter there.
Layout: faults are one structured array for all trials, see `FAULT`.
"""

from __future__ import annotations

import ctypes
import math
import time
from collections import Counter
from collections.abc import Callable, Mapping

import numpy as np

from workbench.errors import WorkbenchError
from workbench.integer import reference, sections
from workbench.integer.native.build import kernels_of, native_library
from workbench.integer.native.instructions import kernels_asked_for
from workbench.integer.native.model import Layout, NativeModel, unsupported
from workbench.integer.program import Program
from workbench.integer.pruning import dense_program

# Kinds of faults, sorted as the faults of one operator have to be.
ACTIVATION, WEIGHT, BIAS, SHIFT, ENTRY, HISTORY, ACCUMULATOR = range(7)
# Of parameters: what a section holds.
KIND_OF_SECTION = {
    sections.WEIGHTS: WEIGHT, sections.BIAS: BIAS, sections.SHIFT: SHIFT,
    sections.TABLE: ENTRY, sections.EMBED: ENTRY,
}  # fmt: skip

# One fault: new bits = (old & keep) ^ flip, of one element.
#   operator: that owns the element, or before which an activation is hit; the number of operators
#       for what is hit after the last.
#   element: flat. Parameters: in C order. HISTORY: of the cells [history rows, channels], or of all that the operator
#       remembers. ACTIVATION: of the frame's codes [rate, channels]. ACCUMULATOR: of the frame's sums [positions, up,
#       out]. Tensors of one kind are counted end to end, see `first_elements`.
#   frame: parameters: from its first row on. HISTORY: before it. Others: in it.
#   signal: number of the signal whose codes an ACTIVATION is.
FAULT = np.dtype(
    [
        ("operator", "<i4"), ("kind", "<i4"), ("element", "<i4"), ("frame", "<i4"),
        ("keep", "<u4"), ("flip", "<u4"), ("signal", "<i4"),
    ]
)  # fmt: skip

# What came of one trial, in codes of the output.
#   reached: number of the last operator whose output differs, -1 if none does, REACHED_UNKNOWN
#       from an engine that does not tell.
#   first: first output row that differs, -1 if none. differing: how many rows do.
#   max_error: largest |difference| of codes. error_energy: sum of their squares.
OUTCOME = np.dtype(
    [
        ("reached", "<i4"), ("first", "<i4"), ("differing", "<i4"), ("max_error", "<i4"),
        ("error_energy", "<i8"),
    ]
)  # fmt: skip

REACHED_UNKNOWN = -2


def first_elements(program: Program) -> dict[tuple[str, str], int]:
    """By operator and tensor, the `element` of a FAULT at which each parameter and state begins."""
    first: dict[tuple[str, str], int] = {}
    for operator in program.operators:
        size: Counter[int] = Counter()  # so far, by kind
        for field, section in operator.PARAMETERS.items():
            kind = KIND_OF_SECTION[section]
            first[operator.name, field] = size[kind]
            size[kind] += int(getattr(operator, field).size)
        for tensor in operator.state(program.sources(operator)):
            first[operator.name, tensor.name] = size[HISTORY]
            size[HISTORY] += math.prod(tensor.shape)
    return first


_TRIALS_AT_ONCE = 4096  # between two looks at Ctrl-C
_PEAK_TIMES = 100
_DENSE_TIMES = 20


class SparseRun:
    """The clean run of one utterance, and trials that differ from it.

    inputs: one utterance, [1, frames * rate, channels] integers by name. clean: output codes [rows, channels].
    macs: multiply-accumulates that trials performed so far. kernels: given, see `native.instructions`, None for what
    $WORKBENCH_KERNELS says.
    Raises WorkbenchError for inputs that do not fit, for programs beyond its limits (`unsupported`
    says which), and without a C compiler.
    """

    def __init__(
        self, program: Program, inputs: Mapping[str, np.ndarray], *, kernels: str | None = None
    ) -> None:
        reason = unsupported(program)
        if reason:
            raise WorkbenchError(f"the native engine cannot run {program.name}: {reason}")
        program = dense_program(program)
        self._library = native_library(kernels or kernels_asked_for())
        values = reference.run(program, reference.one_utterance(program, inputs))
        self.clean = values[program.output][0]
        frames = len(self.clean) // program.signal(program.output).rate
        for signal in program.signals:  # those that no operator writes
            values.setdefault(
                signal.name, np.zeros((1, frames * signal.rate, signal.channels), np.int64)
            )
        self._model = NativeModel(program, values, Layout.of(self._library))
        self._check(program)

    @property
    def kernels(self) -> str:
        """What was compiled, e.g. "vnni", see `native.instructions`."""
        return kernels_of(self._library)

    @property
    def macs(self) -> int:
        """Multiply-accumulates performed by all trials so far, those of the clean run left out."""
        return int(self._model.struct.macs)

    def peak_gmacs_per_s(self, seconds: float) -> float:
        """What a plain product of matrices reaches with the same instructions, see `native/peak.c`.

        Args:
            seconds: How long to measure, in all.

        Returns:
            1e9 multiply-accumulates a second, of the fastest of many short runs.
        """
        multiply = self._library.wb_peak
        multiply.restype = ctypes.c_int64
        return _fastest(lambda: int(multiply(_PEAK_TIMES)), seconds)

    def dense_gmacs_per_s(self, seconds: float) -> float:
        """The same for the dense sums of this program's convolutions, all of them one after the other."""
        dense = self._library.wb_dense
        dense.restype = ctypes.c_int64
        model, operators = ctypes.byref(self._model.struct), range(self._model.struct.operators)
        return _fastest(lambda: sum(dense(model, i, _DENSE_TIMES) for i in operators), seconds)

    def outcomes(self, faults: np.ndarray, offsets: np.ndarray) -> np.ndarray:
        """OUTCOME [trials]. faults: FAULT [n], trial t has offsets[t] .. offsets[t + 1] - 1.

        The faults of a trial are sorted by operator, then kind; parameters of convolutions then by
        element and frame, all others by frame.
        """
        outcomes = np.zeros(len(offsets) - 1, OUTCOME)
        for start in range(0, len(outcomes), _TRIALS_AT_ONCE):
            self._run(faults, offsets, start, outcomes[start : start + _TRIALS_AT_ONCE], None)
        return outcomes

    def sounds(self, faults: np.ndarray, offsets: np.ndarray) -> np.ndarray:
        """Output codes int16 [trials, rows, channels]; arguments as `outcomes`."""
        trials = len(offsets) - 1
        sounds = np.zeros((trials, *self.clean.shape), np.int16)
        self._run(faults, offsets, 0, np.zeros(trials, OUTCOME), sounds)
        return sounds

    def _run(
        self,
        faults: np.ndarray,
        offsets: np.ndarray,
        start: int,
        outcomes: np.ndarray,
        sounds: np.ndarray | None,
    ) -> None:
        faults = np.ascontiguousarray(faults, FAULT)
        here = np.ascontiguousarray(offsets[start : start + len(outcomes) + 1], np.int64)
        failed = self._library.wb_trials(
            ctypes.byref(self._model.struct),
            here.ctypes.data_as(ctypes.c_void_p),
            faults.ctypes.data_as(ctypes.c_void_p),
            ctypes.c_int64(len(outcomes)),
            outcomes.ctypes.data_as(ctypes.c_void_p),
            None if sounds is None else sounds.ctypes.data_as(ctypes.c_void_p),
        )
        if failed:
            raise WorkbenchError("there is no memory for the faults of one trial; plan fewer flips")

    def _check(self, program: Program) -> None:
        wrong = self._library.wb_prepare(ctypes.byref(self._model.struct))
        if wrong >= 0:
            raise WorkbenchError(
                f"the native engine disagrees with the reference in {program.operators[wrong].name}"
                "; choose the engine torch, and please report this with the processor's name"
            )


def _fastest(multiply: Callable[[], int], seconds: float) -> float:
    """1e9 a second of what `multiply` says that it did, in the fastest of its runs within `seconds`."""
    best, end = 0.0, time.perf_counter() + seconds
    while not best or time.perf_counter() < end:
        started = time.perf_counter()
        done = multiply()
        best = max(best, done / (time.perf_counter() - started) / 1e9)
    return best
