"""Pictures of the criticality map and of the gain by protection.

Colours: dark is harmful, in a map that the colour-blind can read; white is no such bit.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, ListedColormap, LogNorm
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, PercentFormatter

from workbench.experiments.maps.criticality import Criticality
from workbench.experiments.maps.ranking import Ranking
from workbench.files import replacing

_LABELS = {
    "weight": "weights",
    "bias": "biases",
    "shift": "shifts",
    "table": "tables",
    "rows": "embed",
}
_DPI = 120
_LEAST_HARM, _LEAST_SHARE = 1e-7, 1e-4  # where the colours begin
_NEARLY_NOTHING = 1e-30  # below both, to be drawn as such
_NONE, _UNTRIED = "#e6e6e6", "#f4c7a1"
_COLUMN_INCHES, _ROW_INCHES = 0.07, 0.16
_HARM, _BROKEN = "#1f6f8b", "#b2452f"


def _label(tensor: str) -> str:
    """What a panel is called: that of a kind that has no plural here is its own name, in words."""
    return _LABELS.get(tensor, tensor.replace("_", " "))


def map_figure(criticality: Criticality) -> Figure:
    """The map of all parameters.

    Upper row: mean harm of a flip by operator and bit, a panel a kind of tensor, then by operator and
    channel over all bits. Lower row: the share of such trials that are broken.
    """
    operators, channels = criticality.channels(criticality.harm)
    tensors = criticality.tensors()
    widths = [criticality.by_operator(criticality.harm, tensor)[1].shape[1] for tensor in tensors]
    widths = [max(width, 8) for width in (*widths, channels.shape[1])]
    figure = Figure(
        figsize=(
            2.4 + _COLUMN_INCHES * sum(widths) + 0.25 * len(widths),
            1.8 + 2 * _ROW_INCHES * max(len(operators), 8),
        ),
        layout="constrained",
    )
    rows = figure.subplots(2, len(widths), sharey=True, squeeze=False, width_ratios=widths)
    for axes, values, title, least in (
        (rows[0], criticality.harm, f"mean harm of a flip\n({criticality.meaning})", _LEAST_HARM),
        (rows[1], criticality.broken, "share of flips that\nbreak the word", _LEAST_SHARE),
    ):
        norm = LogNorm(least, 1.0)
        for panel, tensor in zip(axes, tensors, strict=False):
            image = _tensor_panel(panel, criticality, values, tensor, operators, norm)
        shown = criticality.channels(values)[1]
        exists = criticality.channels(np.ones(len(values)))[1]
        image = _heat(axes[-1], shown, ~np.isnan(exists), norm)
        axes[0].set_yticks(range(len(operators)), operators, fontsize=7)
        figure.colorbar(image, ax=list(axes), label=title, extend="min", pad=0.01, aspect=30)
    for column, panel in enumerate(rows[0]):
        last = column == len(tensors)
        panel.set_title(
            "all parameters of a channel" if last else _label(tensors[column]), fontsize=10
        )
        rows[1][column].set_xlabel("channel" if last else "bit", fontsize=9)
    untried = np.isnan(criticality.harm).any()
    legend = [Patch(facecolor="white", edgecolor="0.6", label="no such bit")]
    legend.append(Patch(facecolor=_NONE, edgecolor="0.6", label="below the scale, zero included"))
    if untried:
        legend.append(Patch(facecolor=_UNTRIED, edgecolor="0.6", label="not tried"))
    figure.legend(handles=legend, loc="outside lower left", ncols=3, frameon=False, fontsize=9)
    size = criticality.image.layout.working_bytes
    figure.suptitle(
        f"{criticality.rows:,} single flips in {size:,} bytes; {criticality.about}", fontsize=11
    )
    return figure


def protection_figure(ranking: Ranking, share: float, about: str = "") -> Figure:
    """Harm and broken trials that remain against the protected share.

    share: the point to mark; WorkbenchError unless it is more than 0 and at most 1. about: what was
    tried, in words.
    """
    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    size = ranking.image.layout.working_bytes
    protected = np.arange(1, len(ranking.addresses) + 1) / size
    axes.semilogx(protected, ranking.harm_left[1:], color=_HARM, lw=2, label="harm")
    if ranking.broken.any():
        axes.semilogx(
            protected, ranking.broken_left[1:], color=_BROKEN, lw=2, ls="--", label="broken words"
        )
    x, left = ranking.count(share) / size, 1 - ranking.carried(share)
    caption = f"{100 * x:.2g} % of the bytes protected: {100 * left:.1f} % of the harm left"
    axes.plot(x, left, "o", color=_HARM, label=caption)
    axes.set_title(about, fontsize=9)
    axes.set_xlabel(f"protected share of the {size:,} bytes, worst first")
    axes.set_ylabel("remaining share, one flip at a time")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{100 * x:g}%"))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.set_xlim(1 / size, 1)
    axes.set_ylim(0, 1.02)
    axes.grid(color="0.9")
    axes.legend(frameon=False, loc="upper right")
    return figure


def save_figure(path: Path, figure: Figure) -> None:
    """Replace the PNG file `path`; WorkbenchError when it cannot be written."""
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=_DPI, format="png")


def _tensor_panel(
    axes: Axes,
    criticality: Criticality,
    values: np.ndarray,
    tensor: str,
    operators: list[str],
    norm: LogNorm,
) -> AxesImage:
    """One kind of tensor: operators downwards, bits from 0 on the left."""
    names, means = criticality.by_operator(values, tensor)
    _, ones = criticality.by_operator(np.ones(len(values)), tensor)
    shown = np.full((len(operators), means.shape[1]), np.nan)
    exists = np.zeros(shown.shape, bool)
    rows = [operators.index(name) for name in names]
    shown[rows], exists[rows] = means, ~np.isnan(ones)
    image = _heat(axes, shown, exists, norm)
    last = means.shape[1] - 1
    axes.set_xticks([*range(0, last, 8 if last > 15 else 4), last])
    return image


def _heat(axes: Axes, values: np.ndarray, exists: np.ndarray, norm: LogNorm) -> AxesImage:
    untried = np.where(exists & np.isnan(values), 1.0, np.nan)
    axes.imshow(untried, cmap=ListedColormap([_UNTRIED]), aspect="auto", interpolation="nearest")
    image = axes.imshow(
        np.where(values > 0, values, np.where(np.isnan(values), np.nan, _NEARLY_NOTHING)),
        cmap=_colours(), norm=norm, aspect="auto", interpolation="nearest",
    )  # fmt: skip
    axes.tick_params(labelsize=8, length=2)
    for side in axes.spines.values():
        side.set_color("0.7")
    return image


def _colours() -> Colormap:
    return colormaps["viridis_r"].with_extremes(under=_NONE, bad=(0.0, 0.0, 0.0, 0.0))
