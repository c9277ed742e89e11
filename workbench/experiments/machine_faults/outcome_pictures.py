"""A picture of a campaign of faults of the whole machine: what became of devices, by kind of fault.

Colours: from Okabe and Ito's set, which the colour-blind tell apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from workbench.experiments.machine_faults.outcomes import OUTCOMES, by_kind, shares
from workbench.files import replacing
from workbench.firmware.machine_faults.fault import KINDS

_COLOURS = ("#dddddd", "#009e73", "#f0e442", "#56b4e9", "#e69f00", "#cc79a7", "#d55e00")
_LEAST_TEXT = 0.04  # of a bar, that has room for its share


def draw_outcomes(path: Path, campaigns: Mapping[str, Sequence[dict[str, Any]]]) -> None:
    """Replace the PNG file `path`: for each kind of fault, a bar a device.

    campaigns: name of a device -> records of its faults.
    """
    groups = {name: by_kind(records) for name, records in campaigns.items()}
    kinds = [kind for kind in KINDS if any(kind in group for group in groups.values())]
    figure = Figure(figsize=(10, 0.38 * len(kinds) * len(campaigns) + 1.6), layout="constrained")
    axes = figure.subplots()
    labels: list[str] = []
    for kind in kinds:
        for name in (name for name, group in groups.items() if kind in group):
            left, row = 0.0, len(labels) + 0.6 * kinds.index(kind)
            share_of = shares(groups[name][kind])
            for outcome, colour in zip(OUTCOMES, _COLOURS, strict=True):
                width = share_of[outcome].value
                axes.barh(row, width, left=left, color=colour, label=None if labels else outcome)
                if width >= _LEAST_TEXT:
                    axes.text(
                        left + width / 2, row, f"{width:.0%}", ha="center", va="center", fontsize=8
                    )
                left += width
            axes.text(-0.01, row, f"{kind}, {name}", ha="right", va="center", fontsize=9)
            labels.append(name)
    axes.set_yticks([])
    axes.set_xlim(0, 1)
    axes.invert_yaxis()
    axes.xaxis.set_major_formatter("{x:.0%}")
    axes.set_xlabel("of the faults")
    figure.legend(loc="outside upper center", ncols=len(OUTCOMES), frameon=False)
    with replacing(path) as target, target.open("wb") as file:
        figure.savefig(file, format="png", dpi=150)
