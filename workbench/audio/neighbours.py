"""Nearest-recording recognition in any language: MFCC and dynamic time warping.

Davis and Mermelstein 1980, https://doi.org/10.1109/TASSP.1980.1163420 (MFCC);
Sakoe and Chiba 1978, https://doi.org/10.1109/TASSP.1978.1163055 (warping, symmetric form, no slope
constraint).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from workbench.audio.features import MEL_BANDS, log_mel
from workbench.audio.sound_files import SAMPLE_RATE_HZ
from workbench.errors import WorkbenchError

COEFFICIENTS = 12  # from the first on; the zeroth is the level


def mfcc(samples: np.ndarray, sample_rate_hz: int = SAMPLE_RATE_HZ) -> np.ndarray:
    """Return mel-frequency cepstral coefficients 1 to 12, float64 [frames, 12], in dB.

    The orthonormal DCT-II of `log_mel` without its zeroth row, each coefficient's mean over the
    frames subtracted: neither level nor a fixed filter counts. Errors as `log_mel`.
    """
    cepstrum = log_mel(samples, sample_rate_hz).astype(np.float64) @ cepstral_basis()
    return np.asarray(cepstrum - cepstrum.mean(axis=0))


def cepstral_basis() -> np.ndarray:
    """Rows 1 to 12 of the orthonormal DCT-II, float64 [bands, 12]."""
    band = np.arange(MEL_BANDS) + 0.5
    order = np.arange(1, COEFFICIENTS + 1)
    basis: np.ndarray = np.sqrt(2 / MEL_BANDS) * np.cos(np.pi / MEL_BANDS * band[:, None] * order)
    return basis


def warped_distances(test: np.ndarray, references: Sequence[np.ndarray]) -> np.ndarray:
    """Return the distance of `test`, float [n, k], to each reference, float [m, k]: float64 [r].

    The least cost of a path from the first pair of frames to the last, a diagonal step counted
    twice, over n + m: a mean Euclidean distance of aligned frames. 0 for equal sounds.
    Raises WorkbenchError for a signal without frames.
    """
    lengths = np.array([len(reference) for reference in references], np.int64)
    if not len(test) or not len(lengths) or not lengths.all():
        raise WorkbenchError("there is nothing to compare; give sounds of at least one frame")
    cost = _costs(test, references, int(lengths.max()))  # [r, n, m], m of the longest
    rows, columns = cost.shape[1:]
    # By anti-diagonals: cell (i, d - i) needs the two diagonals before it alone. Row i is kept at
    # i + 1, so that the row before the first is infinitely expensive.
    before = last = np.full((len(references), rows + 1), np.inf)
    ends = np.empty(len(references))
    for diagonal in range(rows + columns - 1):
        first, stop = max(0, diagonal - columns + 1), min(rows, diagonal + 1)
        row = np.arange(first, stop)
        step = cost[:, row, diagonal - row]
        straight = np.minimum(last[:, row], last[:, row + 1]) + step
        slanted = (0.0 if diagonal == 0 else before[:, row]) + 2 * step
        now = np.full_like(last, np.inf)
        now[:, row + 1] = np.minimum(straight, slanted)
        before, last = last, now
        done = lengths + rows - 2 == diagonal
        ends[done] = now[done, rows]
    return ends / (rows + lengths)


def _costs(test: np.ndarray, references: Sequence[np.ndarray], longest: int) -> np.ndarray:
    """Euclidean distances of all pairs of frames, float64 [references, n, longest]; padded with 0."""
    cost = np.zeros((len(references), len(test), longest))
    for target, reference in zip(cost, references, strict=True):
        difference = test[:, None] - reference[None]  # [n, m, k]
        target[:, : len(reference)] = np.sqrt((difference**2).sum(axis=2))
    return cost
