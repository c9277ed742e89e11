"""How the quality of a voice falls with the bit-error rate: shares of classes and SNR, with bands.

Reference: Wilson's intervals for shares, see `statistics`. Layout: a point a rate and protection,
lowest rate first.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from workbench.audio.metrics import CLASSES
from workbench.errors import WorkbenchError
from workbench.experiments.statistics import CONFIDENCE, Interval, wilson

MASKED = "masked"
# Each counts with those before it: "at least acceptable" and so on. All the others are broken.
AT_LEAST = (MASKED, *CLASSES[:-1])
SNR_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True)
class CurvePoint:
    """What came of the trials at one bit-error rate.

    rate: probability of a bit to be wrong. protection: of the bytes, in words, "" for none. trials:
    how many. shares: those at least masked, transparent, acceptable, degraded, float64 [4]; interval:
    95 % Wilson intervals of them. snr_db: quantiles SNR_QUANTILES, inf where nothing differs.
    """

    rate: float
    protection: str
    trials: int
    shares: np.ndarray
    interval: Interval
    snr_db: np.ndarray


def curve_points(sweep: Iterable[tuple[float, str, pa.Table]]) -> list[CurvePoint]:
    """Points of (rate, protection, table of results) in any order; equal ones are pooled.

    Tables have the columns snr_db and quality. Raises WorkbenchError for a table without rows.
    """
    groups: dict[tuple[str, float], list[pa.Table]] = {}
    for rate, protection, table in sweep:
        groups.setdefault((protection, rate), []).append(table.select(["snr_db", "quality"]))
    return [
        _point(rate, protection, pa.concat_tables(groups[protection, rate]))
        for protection, rate in sorted(groups)
    ]


def _point(rate: float, protection: str, table: pa.Table) -> CurvePoint:
    trials = len(table)
    if not trials:
        raise WorkbenchError(
            f"there is no trial at a bit-error rate of {rate:g}; run its campaign to the end"
        )
    counts = {
        each["values"]: each["counts"] for each in table["quality"].value_counts().to_pylist()
    }
    hits = np.cumsum([counts.get(name, 0) for name in AT_LEAST])
    snr = np.quantile(table["snr_db"].to_numpy(), SNR_QUANTILES, method="inverted_cdf")
    return CurvePoint(
        rate, protection, trials, hits / trials, wilson(hits, trials, CONFIDENCE), snr
    )
