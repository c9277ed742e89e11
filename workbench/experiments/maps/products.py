"""Products of a fault campaign: the criticality map with a protection mask, or a quality curve.

Layout: files in one folder; the figures are returned as JSON-ready values, shares 0 to 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa

from workbench.experiments.maps.criticality import Criticality
from workbench.experiments.maps.quality_curve import (
    AT_LEAST,
    SNR_QUANTILES,
    CurvePoint,
    curve_points,
)
from workbench.experiments.maps.ranking import Ranking
from workbench.experiments.maps.tables import write_bytes_ranked, write_map
from workbench.memory.image import Image

if TYPE_CHECKING:  # pictures take longer to import than figures to compute
    from matplotlib.figure import Figure

MAP_FILES = ("map.png", "map.csv", "critical.csv", "protection.png", "protection.mask")
CURVE_FILES = ("curve.png",)
_RANKED_BYTES = 1000  # at least so many, where so many do harm


class Products(NamedTuple):
    """figures: JSON-ready values. pictures: file name -> function that draws it."""

    figures: dict[str, Any]
    pictures: dict[str, Callable[[], Figure]]

    def draw(self, out: Path) -> None:
        """Write all pictures to the folder `out`; WorkbenchError where they cannot be written."""
        for name in self.pictures:
            self.draw_one(name, out)

    def draw_one(self, name: str, out: Path) -> None:
        """Write one of them."""
        from workbench.experiments.maps.map_pictures import save_figure

        save_figure(out / name, self.pictures[name]())


def map_products(
    out: Path, image: Image, table: pa.Table, *, share: float, protection: str = ""
) -> Products:
    """Write tables and mask of MAP_FILES to the folder `out` from trials of single events.

    share: of the bytes that the new mask protects, more than 0 to 1; at most those of which anything
    is known. protection: digest of the mask that the trials ran under. Raises WorkbenchError for a
    table that is no such table, another share, and files that cannot be written.
    """
    from workbench.experiments.maps.map_pictures import map_figure, protection_figure

    criticality = Criticality(image, table, protection=protection)
    ranking = Ranking.of(criticality)
    mask = ranking.protect(share)
    write_map(out / "map.csv", criticality)
    rows = max(_RANKED_BYTES, len(mask.addresses))
    write_bytes_ranked(out / "critical.csv", criticality, ranking, rows=rows)
    mask.save(out / "protection.mask")
    figures = {
        "trials": criticality.rows,
        "left_out": criticality.left_out,
        "coverage": criticality.coverage,
        "whole": criticality.whole,
        "about": criticality.about,
        "protection": protection,
        "share": mask.share,
        "bytes": len(mask.addresses),
        "known_bytes": len(ranking.addresses),
        "harm_carried": ranking.carried(share),
        "broken_carried": ranking.broken_carried(share),
        "mean_harm": float(np.nanmean(criticality.harm[criticality.bits.place >= 0])),
        "mask": mask.digest,
        "tensors": mask.names(image),
        "worst": [byte_name(image, int(address)) for address in ranking.addresses[:10]],
    }
    pictures = {
        "map.png": lambda: map_figure(criticality),
        "protection.png": lambda: protection_figure(ranking, share, criticality.about),
    }
    return Products(figures, pictures)


def curve_products(sweep: Iterable[tuple[float, str, pa.Table]]) -> Products:
    """Of CURVE_FILES, from (bit-error rate, protection, results) of campaigns.

    Raises WorkbenchError for campaigns without trials, and too many kinds when it is drawn.
    """
    from workbench.experiments.maps.quality_curve_picture import curve_figure

    points = curve_points(sweep)
    figures = {"points": [_row(point) for point in points]}
    return Products(figures, {"curve.png": lambda: curve_figure(points)})


def byte_name(image: Image, address: int) -> str:
    """A byte by what is in it: "up0.bias[3] bits 16 to 23", two 4-bit elements by the first."""
    low, high = image.site(8 * address), image.site(8 * address + 7)
    name = str(low).rpartition(" bit ")[0] or str(low)
    same = (low.operator, low.tensor, low.index) == (high.operator, high.tensor, high.index)
    return f"{name} bits {low.bit} to {high.bit}" if same and low.operator else name


def _row(point: CurvePoint) -> dict[str, Any]:
    """JSON has no infinity: a quantile of the SNR where nothing differs is None."""
    low, high = point.interval
    return {
        "rate": point.rate,
        "protection": point.protection,
        "trials": point.trials,
        "devices": point.devices,
        "at_least": {
            name: {"share": share, "low": float(low[n]), "high": float(high[n])}
            for n, (name, share) in enumerate(zip(AT_LEAST, point.shares.tolist(), strict=True))
        },
        "snr_db": {
            f"{quantile:g}": None if value == float("inf") else float(value)
            for quantile, value in zip(SNR_QUANTILES, point.snr_db, strict=True)
        },
    }
