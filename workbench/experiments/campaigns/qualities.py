"""Classes of trials and words by what is heard, as numbers; without the tables that hold them."""

from __future__ import annotations

import numpy as np

from workbench.audio.metrics import (
    ACCEPTABLE_SNR_DB,
    CLASSES,
    DEGRADED_SNR_DB,
    MASKED,
    TRANSPARENT_SNR_DB,
)

QUALITIES = (MASKED, *CLASSES)


def snr_quality(snr_db: np.ndarray) -> np.ndarray:
    """Class by the SNR in dB alone, of trials that are not masked: index into QUALITIES, 1 to 4."""
    limits = (DEGRADED_SNR_DB, ACCEPTABLE_SNR_DB, TRANSPARENT_SNR_DB)
    return 4 - np.searchsorted(limits, snr_db, side="right")
