"""The loss of a training run as a picture."""

from __future__ import annotations

from pathlib import Path

from workbench.files import replacing

CURVE_FILE = "loss.png"
_WINDOW = 50  # steps that are averaged: single batches scatter


def write_loss_curve(losses: list[float], float_steps: int, path: Path) -> None:
    """Draw the losses of all steps, averaged over 50, as a PNG; each stage has its own colour.

    float_steps: how many of the steps came before quantisation. Raises WorkbenchError when the
    file cannot be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 3.2), layout="constrained")
    axes = figure.add_subplot()
    for first, last, name in (
        (0, float_steps, "float"),
        (float_steps, len(losses), "quantisation-aware"),
    ):
        points = [
            (first + at + 1, sum(part) / len(part))
            for at in range(0, last - first, _stride(len(losses)))
            for part in (losses[max(first, first + at + 1 - _WINDOW) : first + at + 1],)
        ]
        axes.plot(*zip(*points, strict=True), label=name)
    axes.set(xlabel="step", ylabel=f"loss, mean of {_WINDOW} steps")
    axes.grid(alpha=0.3)
    axes.legend()
    with replacing(path) as temporary:
        FigureCanvasAgg(figure).print_png(str(temporary))


def _stride(steps: int) -> int:
    """Draw at most about a thousand points."""
    return max(1, steps // 1000)
