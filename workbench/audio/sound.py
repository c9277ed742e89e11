"""Samples with their sample rate."""

from __future__ import annotations

from typing import Any

import numpy as np


class Sound(np.ndarray):
    """Samples float32 [samples] in [-1, 1], an ordinary array otherwise.

    sample_rate_hz: goes on to slices and results of arithmetic; None where it is not known.
    """

    sample_rate_hz: int | None

    @classmethod
    def of(cls, samples: np.ndarray, sample_rate_hz: int) -> Sound:
        """The same memory as `samples`, with its rate."""
        sound = samples.view(cls)
        sound.sample_rate_hz = sample_rate_hz
        return sound

    def __array_finalize__(self, source: Any) -> None:
        self.sample_rate_hz = getattr(source, "sample_rate_hz", None)
