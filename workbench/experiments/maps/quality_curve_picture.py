"""A picture of quality against bit-error rate.

Colours: Okabe and Ito's, safe for the colour-blind; the line's style shows the protection.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import PercentFormatter

from workbench.errors import WorkbenchError
from workbench.experiments.maps.quality_curve import AT_LEAST, CurvePoint

_COLOURS = ("#009e73", "#0072b2", "#e69f00", "#d55e00")
_WORDS = (
    "every sample equal",
    "transparent or better (≥ 28 dB)",
    "acceptable or better (≥ 19 dB)",
    "not broken (≥ 9 dB)",
)
_STYLES = ("-", "--", ":", "-.")
_SNR_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7")
_HEADROOM_DB = 6.0  # between the best finite SNR and where "no difference" is drawn
_BESIDE: dict[str, Any] = {
    "loc": "center left",
    "bbox_to_anchor": (1.0, 0.5),
    "frameon": False,
    "fontsize": 9,
}


def curve_figure(points: Sequence[CurvePoint]) -> Figure:
    """Shares of classes above, quantiles of SNR below, a style of line a protection.

    Raises WorkbenchError without points and for more than four protections.
    """
    kinds = list(dict.fromkeys(point.protection for point in points))
    if not 0 < len(kinds) <= len(_STYLES):
        raise WorkbenchError(
            f"a curve is drawn for one to {len(_STYLES)} protections and these results have "
            f"{len(kinds)}; name fewer folders"
        )
    figure = Figure(figsize=(10, 8), layout="constrained")
    shares, snr = figure.subplots(2, 1, sharex=True)
    top = _top_db(points)
    for number, kind in enumerate(kinds):
        chosen = [point for point in points if point.protection == kind]
        _draw_shares(shares, chosen, _STYLES[number])
        _draw_snr(snr, chosen, top, number, kind or "no protection")
    handles = [Line2D([], [], color=c, label=w) for c, w in zip(_COLOURS, _WORDS, strict=True)]
    if len(kinds) > 1:
        handles += [
            Line2D([], [], color="0.3", ls=style, label=kind or "no protection")
            for style, kind in zip(_STYLES, kinds, strict=False)
        ]
    shares.legend(handles=handles, **_BESIDE)
    shares.set_ylabel("share of trials\n(bands: 95 % intervals, clustered by device)")
    shares.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    shares.set_ylim(-0.02, 1.02)
    snr.set_ylabel("SNR in dB: median, with bands of\nhalf and of 90 % of the trials")
    snr.set_xlabel("bit-error rate (probability of each bit to be wrong)")
    snr.set_xscale("log")
    snr.legend(**_BESIDE)
    if any(np.isinf(point.snr_db).any() for point in points):
        snr.axhline(top, color="0.6", lw=0.8, ls=":")
        snr.annotate(
            "no difference", (1.0, top), (-4, -4), xycoords=("axes fraction", "data"),
            textcoords="offset points", ha="right", va="top", fontsize=9, color="0.35",
        )  # fmt: skip
    for axes in (shares, snr):
        axes.grid(color="0.92")
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def _draw_shares(axes: Axes, points: Sequence[CurvePoint], style: str) -> None:
    rates = [point.rate for point in points]
    for row, _ in enumerate(AT_LEAST):
        colour = _COLOURS[row]
        axes.plot(rates, [p.shares[row] for p in points], color=colour, ls=style, marker=".")
        low = [point.interval.low[row] for point in points]
        high = [point.interval.high[row] for point in points]
        axes.fill_between(rates, low, high, color=colour, alpha=0.15, lw=0)


def _draw_snr(
    axes: Axes, points: Sequence[CurvePoint], top: float, number: int, label: str
) -> None:
    rates = [point.rate for point in points]
    lowest, low, median, high, highest = np.minimum([p.snr_db for p in points], top).T
    colour = _SNR_COLOURS[number]
    axes.fill_between(rates, lowest, highest, color=colour, alpha=0.12, lw=0)
    axes.fill_between(rates, low, high, color=colour, alpha=0.25, lw=0)
    axes.plot(rates, median, color=colour, ls=_STYLES[number], marker=".", label=label)


def _top_db(points: Sequence[CurvePoint]) -> float:
    """Where "no difference" is drawn: above all that differs."""
    finite = np.concatenate([point.snr_db for point in points])
    finite = finite[np.isfinite(finite)]
    return float(finite.max(initial=0.0)) + _HEADROOM_DB
