"""Upsets that arrive over time: which bit flips before which frame.

Reference: single-event upsets as a Poisson process; rates are in `workbench.memory.faults.arrivals`. Every
schedule is a pure function of its seed and the number of the device.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from workbench.errors import WorkbenchError
from workbench.memory.sampling import counter_stream

_MOST_UPSETS = 1e7  # in one run; more would be noise, and a slip in the units of the rate


@dataclass(frozen=True, order=True)
class Upset:
    """One bit flips at the start of a frame. position: 8 * address + bit of the image.

    stuck: -1 for a flip; 0 or 1 where the cell holds this value from then on.
    """

    frame: int
    position: int
    stuck: int = -1


def poisson_upsets(
    candidates: np.ndarray, *, frames: int, mean_upsets: float, seed: int, device: int = 0
) -> tuple[Upset, ...]:
    """A Poisson process over `frames` frames in which any candidate may be hit, also again.

    candidates: bit positions int64 [bits]. mean_upsets: expected number over all frames. Sorted by
    arrival. Raises WorkbenchError when there is nothing to hit or the mean is not in 0 .. 1e7.
    """
    if not 0 <= mean_upsets <= _MOST_UPSETS or frames < 1 or not len(candidates):
        raise WorkbenchError(
            f"cannot schedule {mean_upsets} upsets in {len(candidates)} bits over {frames} frames; "
            f"give a mean of 0 to {_MOST_UPSETS:.0e}, some bits and some frames"
        )
    if mean_upsets == 0:
        return ()
    words = counter_stream(f"poisson upsets,seed={seed}", device)
    mean_gap_frames = frames / mean_upsets
    upsets: list[Upset] = []
    time_frames = 0.0
    while True:
        uniform, chosen = (int(word) for word in words.random_raw(2))
        # Exponential gap by inversion; 53 bits of the word, never zero.
        time_frames -= mean_gap_frames * math.log(((uniform >> 11) + 1) * 2.0**-53)
        if time_frames >= frames:
            return tuple(upsets)
        upsets.append(Upset(int(time_frames), int(candidates[chosen % len(candidates)])))
