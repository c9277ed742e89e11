"""Quality of a voice over the bit-error rate: shares of classes and SNR, with bands.

Reference: intervals of clustered rows, see `statistics`; a trial does the same to the bits for every
word, as a device would. Layout: a point a rate and protection, lowest rate first.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from workbench.audio.scales import CLASSES, MASKED
from workbench.errors import WorkbenchError
from workbench.experiments.estimates.statistics import Interval, clustered

COLUMNS = ("trial", "snr_db", "quality")
# Each counts with those before it: "at least acceptable" and so on. All the others are broken.
AT_LEAST = (MASKED, *CLASSES[:-1])
SNR_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True)
class CurvePoint:
    """What came of the trials at one bit-error rate.

    rate: probability of a bit to be wrong. protection: of the bytes, in words, "" for none. trials:
    how many, a word each. devices: how many different draws of wrong bits. shares: those at least
    masked, transparent, acceptable, degraded, float64 [4]; interval: 95 % intervals of them. snr_db:
    quantiles SNR_QUANTILES, inf where nothing differs.
    """

    rate: float
    protection: str
    trials: int
    devices: int
    shares: np.ndarray
    interval: Interval
    snr_db: np.ndarray


def curve_points(sweep: Iterable[tuple[float, str, pa.Table]]) -> list[CurvePoint]:
    """Points of (rate, protection, table of results) in any order; equal ones are pooled.

    Tables have the columns COLUMNS. Rows of a table with the same trial are of one device, different
    tables are of different ones. Raises WorkbenchError for a table without rows.
    """
    groups: dict[tuple[str, float], list[pa.Table]] = {}
    for rate, protection, table in sweep:
        groups.setdefault((protection, rate), []).append(table)
    return [
        _point(rate, protection, groups[protection, rate]) for protection, rate in sorted(groups)
    ]


def _point(rate: float, protection: str, tables: list[pa.Table]) -> CurvePoint:
    trials = sum(len(table) for table in tables)
    if not trials:
        raise WorkbenchError(
            f"there is no trial at a bit-error rate of {rate:g}; run its campaign to the end"
        )
    by_device = np.concatenate([_by_device(table) for table in tables], axis=1)
    hits = np.cumsum(by_device, axis=0)
    at_least, rows = hits[:-1], hits[-1]
    snr = np.concatenate([table["snr_db"].to_numpy() for table in tables])
    return CurvePoint(
        rate,
        protection,
        trials,
        len(rows),
        at_least.sum(axis=1) / trials,
        clustered(at_least, rows),
        np.quantile(snr, SNR_QUANTILES, method="inverted_cdf"),
    )


def _by_device(table: pa.Table) -> np.ndarray:
    """How many rows of each class each device has, int64 [classes, devices]."""
    classes = (*AT_LEAST, CLASSES[-1])
    names = table["quality"].cast(pa.string())
    code = pc.index_in(names, value_set=pa.array(classes)).to_numpy()
    _, device = np.unique(table["trial"].to_numpy(), return_inverse=True)
    counts = np.zeros((len(classes), int(device.max(initial=-1)) + 1), np.int64)
    np.add.at(counts, (code, device), 1)
    return counts
