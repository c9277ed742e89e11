"""Features of a frame of sound: its peak, DC, loudness, largest step, sign changes and clipped codes.

    peak       largest size of a code                  step      largest difference of two neighbours
    dc         size of the sum of codes                crossings pairs of neighbours of which one is negative
    loudness   sum of the sizes of codes               clipped   codes whose size is the largest that there is

Sizes are kept within the range of codes, so that those of -32768 and -32767 are the same. Neighbours are codes of one
frame, channels of a row one after the other.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from workbench.errors import WorkbenchError
from workbench.integer.program import Program
from workbench.integer.signals import Signal, code_range

FEATURES = ("peak", "dc", "loudness", "step", "crossings", "clipped")
_MOST_CODES = 2**16 - 1  # of a frame, whose sum then has room in 31 bits


def features_of(codes: np.ndarray, signal: Signal) -> np.ndarray:
    """FEATURES of each frame, int64 [frames, 6]; codes: of a signal, [frames * rate, channels]."""
    x = codes.astype(np.int64).reshape(-1, signal.rate * signal.channels)  # [frames, codes]
    most = code_range(signal.bits)[1]
    size, negative = np.minimum(np.abs(x), most), x < 0
    change = np.minimum(np.abs(np.diff(x, axis=1)), most)
    return np.stack(
        [
            size.max(axis=1),
            np.abs(x.sum(axis=1)),
            size.sum(axis=1),
            change.max(axis=1, initial=0),
            (negative[:, 1:] != negative[:, :-1]).sum(axis=1),
            (size == most).sum(axis=1),
        ],
        axis=1,
    )


def one_signal(name: str, signals: Sequence[str], program: Program) -> Signal:
    """The only signal that a monitor watches.

    name: of the monitor. Raises WorkbenchError for more than one, and for more codes a frame than sums have room for.
    """
    if len(signals) != 1:
        raise WorkbenchError(
            f"{name} watches one signal and {len(signals)} are named; leave out all but one"
        )
    signal = program.signal(signals[0])
    size = signal.rate * signal.channels
    if size > _MOST_CODES:
        raise WorkbenchError(
            f"{name} takes at most {_MOST_CODES:,} codes a frame and {signal.name} has {size:,}; watch another signal"
        )
    return signal
