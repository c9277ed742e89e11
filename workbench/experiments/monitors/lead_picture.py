"""A picture of `bench lead`: survival curves of the warning that monitors give, and of what false alarms alone would give.

Colours: Okabe and Ito's, safe for the colour-blind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from workbench.experiments.estimates.statistics import wilson
from workbench.experiments.monitors.lead_time import CLASSES, EVENTS, Life, leads, survival
from workbench.files import replacing

_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#999999")
_TITLES = {
    EVENTS[0]: "before the first utterance that is {}",
    EVENTS[1]: "before three in a row are {}",
}
_POINTS = 200
_TOGETHER = 2  # groups that stand before single monitors: they have bands, of 95 %
_MARGIN = 1.05  # of the longest warning, where the axis ends


def draw_leads(path: Path, lived: Sequence[Life], groups: Mapping[str, Sequence[int]]) -> None:
    """Replace the PNG file `path`.

    Args:
        path: Of the picture.
        lived: Devices.
        groups: Numbers of the monitors that a curve is of, by its name.
    """
    figure = Figure(figsize=(10.0, 7.0), layout="constrained")
    grid = figure.subplots(len(EVENTS), len(CLASSES), sharey=True)
    for row, which in zip(grid, EVENTS, strict=True):
        for axes, (name, quality) in zip(row, CLASSES.items(), strict=True):
            _draw(axes, lived, groups, which, quality)
            axes.set_title(
                _TITLES[which].format(name if name == list(CLASSES)[-1] else f"{name} or worse"),
                fontsize=10,
                loc="left",
            )
    for axes in grid[-1]:
        axes.set_xlabel("frames of warning", fontsize=9)
    figure.supylabel("share of the devices with an alarm so early", fontsize=9)
    handles, names = grid[0, 0].get_legend_handles_labels()
    dotted = Line2D([], [], color="0.3", linestyle=":", linewidth=1)
    figure.legend(
        [*handles, dotted],
        [*names, "by false alarms alone"],
        frameon=False,
        fontsize=9,
        ncols=4,
        loc="outside lower center",
    )
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=120)


def _draw(
    axes: Axes, lived: Sequence[Life], groups: Mapping[str, Sequence[int]], which: str, quality: int
) -> None:
    found = {name: leads(lived, numbers, which, quality) for name, numbers in groups.items()}
    longest = max([100.0, *(float(each.max(initial=0)) for each in found.values())])
    frames = np.linspace(0, longest * _MARGIN, _POINTS)
    single = list(groups)[_TOGETHER:]
    for colour, (name, numbers) in zip(_COLOURS, groups.items(), strict=False):
        share = survival(found[name], frames)
        together = name not in single
        axes.plot(frames, share, color=colour, label=name, linewidth=2.2 if together else 1.1)
        devices = found[name].size
        if devices and together:
            interval = wilson(np.round(share * devices), np.full(len(share), devices))
            axes.fill_between(
                frames, interval.low, interval.high, color=colour, alpha=0.12, linewidth=0
            )
        alone = survival(leads(lived, numbers, which, quality, false=True), frames)
        axes.plot(frames, alone, color=colour, linestyle=":", linewidth=1)
    devices = next(iter(found.values())).size
    axes.set_ylim(0, 1.02)
    axes.annotate(
        f"{devices} devices", (0.98, 0.95), xycoords="axes fraction", ha="right", fontsize=9
    )
    axes.spines[["top", "right"]].set_visible(False)
