"""Tables of results as a campaign writes them, made by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from workbench.audio.scales import BY_SNR, QUALITIES


def quality_codes(snr_db: np.ndarray) -> np.ndarray:
    """Index into QUALITIES by SNR alone."""
    limits = BY_SNR.limits[::-1]
    return np.where(np.isinf(snr_db), 0, 4 - np.searchsorted(limits, snr_db, side="right"))


def table_of(
    position: Sequence[int] | np.ndarray,
    snr_db: Sequence[float] | np.ndarray,
    events: Sequence[int] | np.ndarray | None = None,
) -> pa.Table:
    """A row a trial, one word, of a single event unless told otherwise."""
    snr = np.asarray(snr_db, np.float32)
    codes = pa.array(quality_codes(snr), pa.int32())
    return pa.table(
        {
            "events": np.ones(len(snr), np.int32)
            if events is None
            else np.asarray(events, np.int32),
            "position": np.asarray(position, np.int64),
            "snr_db": snr,
            "quality": pa.DictionaryArray.from_arrays(codes, list(QUALITIES)),
            "trial": np.arange(len(snr)),
        }
    )
