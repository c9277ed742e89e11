"""One experiment to listen to: flip bits, speak, let the healer work meanwhile or not, compare."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workbench.audio.metrics import SoundMetrics, measure
from workbench.experiments.flips import choose_flips
from workbench.experiments.voice import Voice


@dataclass(frozen=True)
class Damage:
    """What is done to the memory before a word is spoken.

    flips: how many bits, 0 for none. section, operator, bit: which may be hit; None is any of the
    working copy. pages_per_frame: how many the healer checks after each frame, 0 without a healer.
    """

    flips: int
    seed: int = 0
    section: str | None = None
    operator: str | None = None
    bit: int | None = None
    pages_per_frame: int = 0


@dataclass(frozen=True, eq=False)
class Heard:
    """What came of it.

    before, after: float32 [samples], clean and damaged. metrics: of `after` against `before`.
    sites: names of the flipped bits. pages_healed: in the course of the word. bits_left: wrong bits
    of the working copy after it.
    """

    before: np.ndarray
    after: np.ndarray
    metrics: SoundMetrics
    sites: tuple[str, ...]
    pages_healed: int
    bits_left: int
