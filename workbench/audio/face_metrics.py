"""Distance of a face from the clean one: error, movement and jitter of blendshapes, and what it looks like.

All take float [frames, shapes], 0 to 1, at 100 frames a second, of equal length, test first.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from workbench.audio.scales import QUALITIES, ByError
from workbench.errors import WorkbenchError

# A shape that is further off than this, 50 ms long on average, is taken to be seen: a seventh of its way.
VISIBLE_ERROR = 0.15
_SEEN_FRAMES = 5
# What a face is called: at least this share of it is visibly wrong, and it moves or trembles by these factors.
WRONG_SHARE = 0.05
_FROZEN, _TREMBLING = 0.25, 2.0

# Measured over 300 trials of the shipped network, 1 to 100 flips: up to 0.02 no frame was visibly wrong, from 0.07 on always
# more than a twentieth of them, beyond 0.1 half.
BY_FACE = ByError(broken=0.1)

AS_CLEAN, WRONG, FROZEN, TREMBLING = "as clean", "wrong", "frozen", "trembling"
LOOKS = (AS_CLEAN, WRONG, FROZEN, TREMBLING)


@dataclass(frozen=True)
class FaceMetrics:
    """Of one face against the clean one.

    Args:
        error: Root mean square of the difference of a shape.
        wrong: Share of the frames that are visibly wrong, 0 to 1.
        movement: How far shapes move, over the clean one's; inf where that does not move.
        jitter: Likewise how much they tremble: the mean size of second differences.
        looks: One of LOOKS.
        quality: Class of damage, by the error alone.
        limit: What decided it.
    """

    error: float
    wrong: float
    movement: float
    jitter: float
    looks: str
    quality: str
    limit: str

    @property
    def in_words(self) -> str:
        """All of it in one line."""
        return (
            f"{self.looks}: visibly wrong {self.wrong:.1%} of the time, movement {self.movement:.2f} and jitter "
            f"{self.jitter:.2f} times the clean face's; error {self.error:.3f}, {self.quality} ({self.limit})"
        )


def visibly_wrong(test: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Frames in which a shape is further off than VISIBLE_ERROR, as a mean over 50 ms; bool [frames]."""
    test, reference = _pair(test, reference)
    window = np.ones(min(_SEEN_FRAMES, len(test)))
    error = np.abs(test - reference).max(axis=1)
    mean = np.convolve(error, window / len(window), mode="same")
    result: np.ndarray = mean > VISIBLE_ERROR
    return result


def measure_face(test: np.ndarray, reference: np.ndarray) -> FaceMetrics:
    """All of it.

    Raises:
        WorkbenchError: The faces differ in shape, or are empty.
    """
    test, reference = _pair(test, reference)
    wrong = float(visibly_wrong(test, reference).mean())
    movement = _ratio(*(np.abs(np.diff(x, axis=0)).sum() for x in (test, reference)))
    jitter = _ratio(*(np.abs(np.diff(x, 2, axis=0)).sum() for x in (test, reference)))
    looks = WRONG
    if wrong < WRONG_SHARE:
        looks = AS_CLEAN
    elif movement < _FROZEN:
        looks = FROZEN
    elif jitter > _TREMBLING:
        looks = TREMBLING
    error = float(np.sqrt(np.mean((test - reference) ** 2)))
    number = int(BY_FACE.quality(BY_FACE.fidelity_db(np.array(error)))) if error else 0
    quality = QUALITIES[number]
    return FaceMetrics(error, wrong, movement, jitter, looks, quality, BY_FACE.in_words[quality])


def _ratio(test: float, reference: float) -> float:
    if reference == 0:
        return 1.0 if test == 0 else math.inf
    return float(test / reference)


def _pair(test: np.ndarray, reference: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    pair = np.asarray(test, np.float64), np.asarray(reference, np.float64)
    if pair[0].shape != pair[1].shape or pair[0].ndim != 2 or not pair[0].size:
        raise WorkbenchError(
            f"faces of shapes {list(pair[0].shape)} and {list(pair[1].shape)} cannot be compared; give "
            "[frames, shapes] twice, as long"
        )
    return pair
