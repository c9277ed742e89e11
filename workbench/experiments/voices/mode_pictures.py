"""A picture of the modes of a pruned voice: what each costs in a frame, and how it sounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from workbench.experiments.voices.modes import DENSE, ORDINARY, PRUNED
from workbench.files import replacing

_NAMES = {PRUNED: "pruned", DENSE: "all un-pruned"}


def draw_modes(
    rows: Sequence[Mapping[str, Any]], measure: str, core: str | None, path: Path
) -> None:
    """Replace the PNG file `path`: figures of modes, as `mode_figures` gives them, two bars each.

    measure: of the left bars. core: whose mean instructions the right ones are; None for multiply-accumulates.
    """
    shown = [row for row in rows if row["mode"] != ORDINARY]
    names = [_NAMES.get(row["mode"], row["mode"]) for row in shown]
    colours = ["#d9730d" if row["mode"] in _NAMES else "#2f5d8a" for row in shown]
    quality = [row["quality"][measure] or 0.0 for row in shown]
    if core:
        cost = [row["instructions"][core]["mean"] for row in shown]
    else:
        cost = [row["macs_per_frame"] for row in shown]
    figure = Figure(figsize=(8, 0.28 * len(shown) + 1.2), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    what = f"instructions a frame, {core}" if core else "multiply-accumulates a frame"
    for axes, values, title in ((left, quality, measure), (right, cost, what)):
        axes.barh(names, values, color=colours)
        spread = max(values) - min(values) or 1.0
        axes.set_xlim(min(values) - spread, max(values) + spread / 8)
        axes.set_title(title, fontsize=10)
        axes.grid(axis="x", color="0.9")
        axes.set_axisbelow(True)
        axes.xaxis.set_major_locator(MaxNLocator(4))
        axes.xaxis.set_major_formatter("{x:,.0f}" if axes is right else "{x:g}")
    left.invert_yaxis()
    with replacing(path) as target, target.open("wb") as file:
        figure.savefig(file, format="png", dpi=120)
