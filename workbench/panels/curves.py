"""Loss over steps of several trainings as one picture, in HTML; colours and dashes tell them apart."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

import numpy as np

_WIDTH, _HEIGHT = 640, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 110, 12, 40
_POINTS = 200  # of a curve: means of equal parts
_LINES = (
    ("#0072b2", ""),
    ("#d55e00", "7 3"),
    ("#009e73", "2 3"),
    ("#cc79a7", "9 3 2 3"),
)  # of Okabe and Ito


def curves_html(losses: Mapping[str, Sequence[float]], float_steps: int, steps: int) -> str:
    """The picture.

    Args:
        losses: By name, of every step so far.
        float_steps: After which quantisation begins.
        steps: Of a whole training.
    """
    shown = {name: each for name, each in losses.items() if len(each)}
    if not shown:
        return "<p>Nothing has been trained yet.</p>"
    curves = {name: _thinned(each) for name, each in shown.items()}
    values = np.concatenate([loss for _, loss in curves.values()])
    low, high = math.log(values.min()), math.log(max(values.max(), values.min() * 1.1))
    last = max(steps, *(len(each) for each in shown.values()))

    def across(step: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * step / last

    def up(loss: float) -> float:
        return (
            _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * (math.log(loss) - low) / (high - low)
        )

    lines, labels = [], []
    for number, (name, (step, loss)) in enumerate(curves.items()):
        colour, dashes = _LINES[number % len(_LINES)]
        points = " ".join(f"{across(x):.1f},{up(y):.1f}" for x, y in zip(step, loss, strict=True))
        lines.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dashes}"/>'
        )
        at = _TOP + 14 + 18 * number
        labels.append(
            f'<line x1="{_WIDTH - _RIGHT + 12}" x2="{_WIDTH - _RIGHT + 40}" y1="{at - 4}" y2="{at - 4}" '
            f'stroke="{colour}" stroke-width="2" stroke-dasharray="{dashes}"/>'
            f'<text x="{_WIDTH - _RIGHT + 46}" y="{at}">{escape(name)}</text>'
        )
    told = "; ".join(
        f"{escape(name)} {loss[-1]:.3f} after {len(shown[name]):,} steps"
        for name, (_, loss) in curves.items()
    )
    border = across(float_steps)
    return f"""<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="Loss: {told}" fill="currentColor"
style="width: 100%; max-width: 46rem; font-size: 12px; color: var(--jp-ui-font-color1)">
<line x1="{border:.1f}" x2="{border:.1f}" y1="{_TOP}" y2="{_HEIGHT - _BOTTOM}" stroke="currentColor" stroke-opacity=".35"/>
<text x="{border - 6:.1f}" y="{_TOP + 12}" text-anchor="end">float</text>
<text x="{border + 6:.1f}" y="{_TOP + 12}">quantised</text>
<path d="M {_LEFT} {_TOP} V {_HEIGHT - _BOTTOM} H {_WIDTH - _RIGHT}" fill="none" stroke="currentColor"/>
<text x="{_LEFT - 6}" y="{_TOP + 10}" text-anchor="end">{math.exp(high):.2f}</text>
<text x="{_LEFT - 6}" y="{_HEIGHT - _BOTTOM}" text-anchor="end">{math.exp(low):.2f}</text>
<text x="{_LEFT}" y="{_HEIGHT - 8}">step 0 to {last:,}; loss, logarithmic</text>{"".join(lines)}{"".join(labels)}</svg>"""


def _thinned(losses: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """Steps and mean losses of equal parts, float64 [points] each."""
    parts = np.array_split(np.asarray(losses, float), min(_POINTS, len(losses)))
    ends = np.cumsum([len(part) for part in parts])
    return ends.astype(float), np.array([max(part.mean(), 1e-6) for part in parts])
