"""The picture of monitors: what they find against how rare false alarms are, and how late against instructions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from workbench.experiments.monitors.frontier import Price
from workbench.files import replacing

_COLOURS = ("#1f6f8b", "#b2452f", "#c99a2e", "#7d3c98", "#3f7f4f", "#777777", "#d27ba5", "#2b2b6e")
_MARKERS = "os^DvpPX"


def draw_frontier(
    path: Path,
    rows: Sequence[dict[str, Any]],
    prices: Sequence[Price],
    tested: dict[str, Any],
    *,
    core: str,
    milliseconds: float,
    title: str,
) -> None:
    """Replace the PNG file `path`.

    Args:
        path: Of the picture.
        rows: As of `level_row`.
        prices: Of the monitors by their names, of the self-test and of a check of memory.
        tested: What the self-test finds, as of `worse_row`.
        core: Whose instructions are drawn.
        milliseconds: Of a frame.
        title: Above both.
    """
    figure = Figure(figsize=(10.4, 5.0), layout="constrained")
    left, right = figure.subplots(1, 2)
    cost = {each.name: each for each in prices}
    names = list(dict.fromkeys(str(row["monitor"]) for row in rows))
    for name, colour, marker in zip(names, _COLOURS * 9, _MARKERS * 9, strict=False):
        own = [row for row in rows if row["monitor"] == name]
        gaps = [
            row["frames"] / row["false_alarms"] if row["false_alarms"] else row["achieved"][0]
            for row in own
        ]
        shares = [row["found"] / max(row["worse"], 1) for row in own]
        left.plot(gaps, shares, marker=marker, color=colour, label=name, lw=1.3, ms=6)
        for row, gap, share in zip(own, gaps, shares, strict=True):
            if not row["false_alarms"]:  # at least as rare
                left.annotate(
                    "",
                    (gap * 1.9, share),
                    (gap, share),
                    arrowprops={"arrowstyle": "->", "color": colour},
                )
            if row["median_delay_frames"] is not None:
                last = row is own[-1]
                right.scatter(
                    cost[name].instructions[core], max(row["median_delay_frames"], 0),
                    s=40 + 260 * share, marker=marker, color=colour, alpha=0.9 if last else 0.35, lw=0,
                )  # fmt: skip
    certain = [(each, 1.0, each.scan_frames / 2, "--") for each in prices if each.scan_frames]
    if tested["median_delay_frames"] is not None:
        share, delay = tested["found"] / tested["worse"], max(tested["median_delay_frames"], 0)
        certain.append((cost[tested["monitor"]], share, delay, ":"))
    for each, share, delay, line in certain:
        left.axhline(share, color="0.3", ls=line, lw=1.2, label=f"{each.name}, no false alarms")
        right.scatter(
            each.instructions[core], delay, s=40 + 260 * share, marker="*", color="0.2", lw=0
        )
        right.annotate(
            each.name,
            (each.instructions[core], delay),
            (0, 12),
            textcoords="offset points",
            ha="center",
            fontsize=8,
        )
    left.set(
        xscale="log",
        ylim=(-0.03, 1.06),
        xlabel="frames between two false alarms, achieved on frames not seen",
        ylabel="found within the utterance: degraded or broken flips",
    )
    right.set(
        yscale="symlog",
        ylim=(-0.5, None),
        xlabel=f"instructions a frame on {core}",
        ylabel=f"median delay, frames of {milliseconds:g} ms",
    )
    right.set_xlim(0, None)
    right.set_title("area: share found; faint: 10 and 100 times as many false alarms", fontsize=9)
    left.xaxis.set_minor_formatter(NullFormatter())
    for axes in (left, right):
        axes.grid(True, color="0.92")
        axes.set_axisbelow(True)
    figure.legend(
        *left.get_legend_handles_labels(),
        loc="outside lower center",
        ncols=4,
        frameon=False,
        fontsize=8,
    )
    figure.suptitle(title, fontsize=10)
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=120)
