"""Pictures of a comparison: remaining harm against costs in memory and time.

Colours: from Okabe and Ito's set, which the colour-blind tell apart.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from workbench.errors import WorkbenchError
from workbench.files import replacing
from workbench.firmware.emulation.emulate import MidFrameUpset
from workbench.memory.faults.events import Event

_LEAST_HARM = 1e-6  # drawn for none at all
_FRONT, _BEHIND = "#0072b2", "#999999"
_AXES = (
    ("RAM, bytes", lambda r: r["device"]["ram_bytes"]),
    ("flash for code and checks, bytes", lambda r: r["device"]["flash_bytes"]),
    ("instructions a clean frame, Cortex-M4", lambda r: r["device"]["instructions"]),
)


def draw_harm(path: Path, records: Sequence[dict[str, Any]], titles: dict[str, str]) -> None:
    """Replace the PNG file `path`: a row a strategy, a column an environment, mean harm in each."""
    strategies = list(dict.fromkeys(record["strategy"] for record in records))
    environments = [name for name in titles if any(r["environment"] == name for r in records)]
    harm = np.full((len(strategies), len(environments)), np.nan)
    for record in records:
        row, column = strategies.index(record["strategy"]), record["environment"]
        harm[row, environments.index(column)] = max(record["harm"], _LEAST_HARM)
    order = np.argsort(np.nanmean(np.log10(harm), axis=1))
    figure = Figure(
        figsize=(1.6 * len(environments) + 3.5, 0.36 * len(strategies) + 2), layout="constrained"
    )
    axes = figure.subplots()
    picture = axes.imshow(harm[order], norm=LogNorm(1e-5, 1.0), cmap="cividis_r", aspect="auto")
    for row, strategy in enumerate(order):
        for column in range(len(environments)):
            value = harm[strategy, column]
            if np.isfinite(value):
                colour = "white" if value > 3e-3 else "black"
                text = "0" if value <= _LEAST_HARM else f"{float(f'{100 * value:.2g}'):g} %"
                axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=8)
    axes.set_yticks(range(len(strategies)), [strategies[n] for n in order])
    axes.set_xticks(range(len(environments)), [_wrapped(titles[name]) for name in environments])
    axes.set_title(
        "energy of the error, share of the sound's (at most 1), mean over words and devices"
    )
    figure.colorbar(picture, ax=axes, label="harm")
    _save(figure, path)


def draw_costs(path: Path, records: Sequence[dict[str, Any]]) -> None:
    """Replace the PNG file `path`: harm of one environment against each cost, the best ones joined.

    Strategies are numbered from the least harm on; a list beside the picture tells their names.
    Raises WorkbenchError where no record has costs.
    """
    shown = sorted((r for r in records if r["device"]), key=lambda record: record["harm"])
    if not shown:
        raise WorkbenchError(
            "no record has costs that could be drawn; measure them with `measure_cost` and add them "
            "with `with_cost`"
        )
    height = max(5.5, 0.22 * len(shown) + 0.5)  # inches: the list of names has a line each
    figure = Figure(figsize=(15, height), layout="constrained")
    for axes, (title, cost) in zip(figure.subplots(1, len(_AXES), sharey=True), _AXES, strict=True):
        # On a logarithmic axis, nothing stands left of the least.
        nothing = 0.6 * min((cost(r) for r in shown if cost(r) > 0), default=1.0)
        points = [
            (max(nothing, cost(r)), max(r["harm"], _LEAST_HARM), str(number))
            for number, r in enumerate(shown, 1)
        ]
        front = pareto([(x, y) for x, y, _ in points])
        for number, (x, y, _) in enumerate(points):
            axes.plot(x, y, "o", color=_FRONT if number in front else _BEHIND)
        joined = sorted(points[number] for number in front)
        axes.step([p[0] for p in joined], [p[1] for p in joined], where="post", color=_FRONT, lw=1)
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlabel(f"{title} (0: leftmost)")
        axes.margins(x=0.2, y=0.1)
        _label(axes, points)
    figure.axes[0].set_ylabel("harm that is left")
    names = [f"{number}  {record['strategy']}" for number, record in enumerate(shown, 1)]
    none = [Line2D([], [], ls="") for _ in names]
    figure.legend(none, names, loc="outside right center", handlelength=0, frameon=False)
    _save(figure, path)


def _label(axes: Axes, points: Sequence[tuple[float, float, str]]) -> None:
    """Numbers beside their points, where there is room, with a line to those that are farther away."""
    taken: list[tuple[float, float]] = []
    for x, y, name in sorted(points):
        at_x, at_y = axes.transData.transform((x, y))
        for reach in range(1, 12):
            places = [(at_x + dx, at_y + dy * reach) for dy in (10, -10) for dx in (10, -10)]
            free = [
                p
                for p in places
                if all(abs(p[0] - q[0]) > 19 or abs(p[1] - q[1]) > 10 for q in taken)
            ]
            if free:
                break
        place = free[0] if free else places[0]
        taken.append(place)
        offset = (
            72 / axes.figure.dpi * (place[0] - at_x),
            72 / axes.figure.dpi * (place[1] - at_y),
        )
        axes.annotate(
            name, (x, y), xytext=offset, textcoords="offset points", fontsize=7, ha="center",
            va="center", arrowprops={"arrowstyle": "-", "lw": 0.4, "color": "0.5"} if reach > 1 else None,
        )  # fmt: skip


def pareto(points: Sequence[tuple[float, float]]) -> set[int]:
    """Numbers of the points that no other beats in one coordinate without losing in the other."""
    return {
        number
        for number, (x, y) in enumerate(points)
        if not any(a <= x and b <= y and (a, b) != (x, y) for a, b in points)
    }


class Timeline(Protocol):
    """A device over time."""

    @property
    def wrong_bits(self) -> np.ndarray:
        """Of the working copy, after each frame, int64 [frames]."""

    @property
    def upsets(self) -> Sequence[Event | MidFrameUpset]:
        """Each with its frame."""

    @property
    def frame_s(self) -> float:
        """Seconds of a frame."""


def draw_timelines(path: Path, results: Mapping[str, Timeline], word_starts: Sequence[int]) -> None:
    """Replace the PNG file `path`: wrong bits of one device over time, a row a strategy."""
    figure = Figure(figsize=(12, 0.55 * len(results) + 1.2), layout="constrained")
    rows = figure.subplots(len(results), 1, sharex=True, squeeze=False)[:, 0]
    for axes, (name, result) in zip(rows, results.items(), strict=True):
        time_s = np.arange(len(result.wrong_bits)) * result.frame_s
        axes.fill_between(time_s, result.wrong_bits, step="post", color="#d55e00", lw=0)
        for upset in result.upsets:
            axes.axvline(upset.frame * result.frame_s, color="0.3", lw=0.6, ymin=0.75)
        for start in word_starts:
            axes.axvline(start * result.frame_s, color="0.88", lw=0.8, zorder=0)
        axes.set_ylabel(name, rotation=0, ha="right", va="center", fontsize=8)
        top = max(1, int(result.wrong_bits.max()))
        axes.set_yticks([0, top])
        axes.set_ylim(0, top * 1.3)
        axes.tick_params(labelsize=7)
    rows[-1].set_xlabel(
        "time in s (grey: words; ticks: upsets; orange: wrong bits of the working copy)"
    )
    _save(figure, path)


def _wrapped(text: str) -> str:
    return "\n".join(textwrap.wrap(text, 16))


def _save(figure: Figure, path: Path) -> None:
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=120)
