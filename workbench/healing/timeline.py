"""Pictures of a simulation result: upsets and log entries over time, wrong bits, SNR of the sound."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from workbench.files import replacing
from workbench.healing.log import LogEntry, Verdict, in_words
from workbench.healing.simulation import SimulationResult

_WINDOW_FRAMES = 5
_BEST_DB = 60.0  # where the curve ends when nothing differs
_UNHEALED, _HEALED = "#b2452f", "#1f6f8b"
# As in `Verdict`.
_VERDICTS = (_HEALED, _UNHEALED, "#c99a2e", "#7d3c98")


def draw_timeline(
    path: Path,
    *,
    clean: SimulationResult,
    unhealed: SimulationResult,
    healed: SimulationResult,
    word_starts: tuple[int, ...],
) -> None:
    """Replace the PNG file `path`; WorkbenchError when it cannot be written.

    All three results are of the same inputs: without upsets, without a healer and with one.
    """
    figure = Figure(figsize=(11, 6.5), layout="constrained")
    events, wrong, ratio = figure.subplots(3, 1, sharex=True, height_ratios=[1, 2, 2])
    _draw_events(events, healed)
    time_s = np.arange(len(healed.wrong_bits)) * healed.frame_s
    for result, label, colour in (
        (unhealed, "without healer", _UNHEALED),
        (healed, "with healer", _HEALED),
    ):
        wrong.step(time_s, result.wrong_bits, color=colour, label=label, where="post")
        ratio.plot(time_s, snr_over_time(result, clean), color=colour, label=label)
    wrong.set_ylabel("wrong bits\nof the working copy")
    wrong.legend(loc="upper left", frameon=False)
    ratio.set_ylabel("SNR in dB\n(of the voice's mean power)")
    ratio.set_xlabel("time in s")
    for axes in (events, wrong, ratio):
        for start in word_starts:
            axes.axvline(start * healed.frame_s, color="0.85", zorder=0)
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=120)


def draw_log(path: Path, log: Sequence[LogEntry], areas: Sequence[str], *, frame_s: float) -> None:
    """Replace the PNG file `path`: a row for each watched area, a mark for each entry, by verdict."""
    figure = Figure(figsize=(11, 1.2 + 0.5 * len(areas)), layout="constrained")
    axes = figure.subplots()
    colours = dict(zip(Verdict, _VERDICTS, strict=True))
    for verdict, colour in colours.items():
        chosen = [entry for entry in log if entry.verdict == verdict]
        axes.plot(
            [entry.frame * frame_s for entry in chosen],
            [-entry.area for entry in chosen],
            "|", color=colour, ms=16, mew=1.5, label=in_words(verdict),
        )  # fmt: skip
    axes.set_yticks([-row for row in range(len(areas))], areas)
    axes.set_ylim(-len(areas) + 0.4, 0.6)
    axes.set_xlabel("time in s")
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=120)


def snr_over_time(result: SimulationResult, clean: SimulationResult) -> np.ndarray:
    """Mean power of the clean voice over that of the error around each frame, float64 [frames], dB.

    At most 60 dB, which stands for no difference.
    """
    expected = clean.samples().astype(np.float64)
    error = (result.samples() - expected) ** 2
    window = np.ones(_WINDOW_FRAMES) / _WINDOW_FRAMES
    smooth = np.convolve(
        error.reshape(len(result.wrong_bits), -1).mean(axis=1), window, mode="same"
    )
    power = max(float(np.mean(expected**2)), np.finfo(float).tiny)
    return 10 * np.log10(power / np.maximum(smooth, power * 10 ** (-_BEST_DB / 10)))


def _draw_events(axes: Axes, result: SimulationResult) -> None:
    rows = {"upsets": [upset.frame for upset in result.upsets]}
    for verdict in Verdict:
        # An upset can lead the healer's frame count astray; such entries have no place in time.
        rows[verdict.name.lower()] = [
            entry.frame
            for entry in result.log
            if entry.verdict == verdict and entry.frame < len(result.wrong_bits)
        ]
    for row, (colour, frames) in enumerate(zip(("0.3", *_VERDICTS), rows.values(), strict=True)):
        axes.plot(
            np.array(frames) * result.frame_s, np.full(len(frames), -row), "|", color=colour, ms=14
        )
    axes.set_yticks([-row for row in range(len(rows))], list(rows))
    axes.set_ylim(-len(rows) + 0.4, 0.6)
