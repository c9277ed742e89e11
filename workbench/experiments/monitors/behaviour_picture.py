"""A picture of `bench behaviour`: confusion matrices side by side, shares of each row."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from workbench.files import replacing

_DARK = 0.55  # share above which a number is written in white

Matrix = Mapping[str, Mapping[str, int]]  # scenarios by what happened and what it was taken for


def draw_matrices(path: Path, matrices: Mapping[str, Matrix]) -> None:
    """Replace the PNG file `path`.

    Args:
        path: Of the picture.
        matrices: By their titles, all with the same rows and columns.
    """
    first = next(iter(matrices.values()))
    truths = list(first)
    answers = list(next(iter(first.values())))
    figure = Figure(
        figsize=(5.0 * len(matrices) + 1.5, 0.45 * len(truths) + 1.6), layout="constrained"
    )
    grid = figure.subplots(1, len(matrices), squeeze=False, sharey=True)[0]
    for axes, (title, matrix) in zip(grid, matrices.items(), strict=True):
        counts = np.array([[matrix[truth][answer] for answer in answers] for truth in truths])
        shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
        for row, column in np.ndindex(counts.shape):
            if counts[row, column]:
                colour = "white" if shares[row, column] > _DARK else "black"
                axes.text(
                    column, row, f"{counts[row, column]:,}", ha="center", va="center", color=colour, fontsize=9,
                )  # fmt: skip
        axes.set_title(title, fontsize=10, loc="left")
        axes.set_xticks(range(len(answers)), answers, fontsize=9, rotation=20, ha="right")
        axes.set_yticks(range(len(truths)), truths, fontsize=9)
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
    figure.supxlabel("what the device took it for", fontsize=9)
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=120)
