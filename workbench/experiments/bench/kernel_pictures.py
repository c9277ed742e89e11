"""A picture of `bench kernels`: bars of instructions a multiply-accumulate, a row of layers for each core."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from textwrap import fill

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from workbench.experiments.bench.kernel_layers import LAYERS
from workbench.experiments.bench.kernels import PLAIN, TUNED, Measurement
from workbench.files import replacing
from workbench.firmware.boards import CORES

_COLOURS = {"these kernels": "#1f6f8b", "CMSIS-NN": "#c99a2e", "plain C": "#b9b9b9"}
_WIDTH = 0.26
_MOST = 8.0  # taller bars are cut; their figure stands beside them


def draw_kernels(path: Path, rows: Sequence[Measurement], cores: Sequence[str]) -> None:
    """Replace the PNG file `path`: of these cores, with the first compiler that was measured."""
    first = rows[0].compiler
    chosen = [row for row in rows if row.compiler == first]
    figure = Figure(figsize=(9.0, 2.3 * len(cores)), layout="constrained")
    grid = figure.subplots(len(cores), 1, sharex=True, squeeze=False)
    for axes, core in zip(grid[:, 0], cores, strict=True):
        _draw_core(axes, [row for row in chosen if row.core == core])
        axes.set_title(CORES[core].title, fontsize=10, loc="left")
    handles, names = grid[0, 0].get_legend_handles_labels()
    figure.legend(handles, names, frameon=False, fontsize=9, ncols=3, loc="outside upper right")
    figure.supylabel("instructions a multiply-accumulate", fontsize=9)
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=120)


def _draw_core(axes: Axes, rows: Sequence[Measurement]) -> None:
    layers = list(dict.fromkeys(row.layer for row in rows))
    by = {(row.layer, row.kernels): row for row in rows}
    for place, (name, colour) in enumerate(_COLOURS.items()):
        for number, layer in enumerate(layers):
            value = {
                "these kernels": by[layer, TUNED].instructions_per_mac,
                "plain C": by[layer, PLAIN].instructions_per_mac,
                "CMSIS-NN": by[layer, TUNED].peer,
            }[name]
            if value is None:
                continue
            x, height = number + (place - 1) * _WIDTH, min(value, _MOST)
            label = name if number == 0 else None
            axes.bar(x, height, _WIDTH, color=colour, label=label)
            axes.annotate(
                f"{value:.1f}" if value >= 10 else f"{value:.2f}", (x, height), (0, 1),
                textcoords="offset points", ha="center", fontsize=5.5,
            )  # fmt: skip
    titles = [fill(LAYERS[layer].title, 12) for layer in layers]
    axes.set_xticks(range(len(layers)), titles, fontsize=7)
    axes.set_ylim(0, 1.12 * min(_MOST, max(row.instructions_per_mac for row in rows)))
    axes.spines[["top", "right"]].set_visible(False)
