"""A picture of the modes of a pruned voice: what each costs in a frame, and how it sounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from workbench.experiments.voices.modes import DENSE, ORDINARY, PRUNED
from workbench.files import replacing

_NAMES = {PRUNED: "pruned", DENSE: "all un-pruned"}


def draw_modes(
    rows: Sequence[Mapping[str, Any]], measure: str, core: str | None, path: Path
) -> None:
    """Replace the PNG file `path`: figures of modes, as `mode_figures` gives them, with one point each.

    measure: on the vertical axis. core: whose mean instructions are on the horizontal one; None for
    multiply-accumulates.
    """
    figure = Figure(figsize=(7.5, 4.2), layout="constrained")
    axes = figure.subplots()
    for row in rows:
        y = row["quality"][measure]
        if row["mode"] == ORDINARY or y is None:
            continue
        x = row["instructions"][core]["mean"] if core else row["macs_per_frame"]
        whole = row["mode"] in _NAMES
        axes.scatter([x], [y], color="#d9730d" if whole else "#2f5d8a", s=50 if whole else 25)
        axes.annotate(
            _NAMES.get(row["mode"], row["mode"]), (x, y), xytext=(4, 4), textcoords="offset points",
            fontsize=10 if whole else 7,
        )  # fmt: skip
    axes.set_xlabel(f"instructions a frame on {core}" if core else "multiply-accumulates a frame")
    axes.set_ylabel(measure)
    axes.grid(alpha=0.3)
    with replacing(path) as target, target.open("wb") as file:
        figure.savefig(file, format="png", dpi=120)
