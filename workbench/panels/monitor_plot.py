"""What a monitor of behaviour made of each frame, and a histogram beside that of clean frames, as pictures in HTML.

Colours are of Okabe and Ito; shapes and words say the same.
"""

from __future__ import annotations

from html import escape

import numpy as np

from workbench.experiments.monitors.watched import Trace

_WIDTH, _HEIGHT = 1000, 120  # of the drawing, whatever its size on the page
_SUM, _LIMIT, _FAULT = "#0072b2", "#d55e00", "#cc79a7"
_SVG = (
    f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" preserveAspectRatio="none" role="img" aria-label="{{name}}" '
    f'fill="none" style="display: block; width: 100%; height: {{high}}">'
)
_FIXED = 'vector-effect="non-scaling-stroke"'
_SHOWN_ALARMS = 12


def sums_html(trace: Trace, *, frame_s: float, start: int | None, now: int) -> str:
    """Scores, sums and the limit over all frames, on one logarithmic scale, as wide as the timeline's axis.

    Args:
        trace: Of the monitor.
        frame_s: Duration of a frame in s.
        start: Frame in which things begin to happen; None where nothing does.
        now: Frame that is marked.
    """
    frames = len(trace.sums)
    most = np.log1p(max(int(trace.sums.max()), int(trace.scores.max()), int(trace.limits.max())))

    def path(values: np.ndarray) -> str:
        """One step a frame."""
        up = _HEIGHT - (_HEIGHT - 6) * np.log1p(np.maximum(values, 0)) / max(most, 1e-9)
        x = np.arange(frames + 1) * _WIDTH / frames
        steps = (
            f"L {x[n]:.1f} {y:.1f} L {x[n + 1]:.1f} {y:.1f}" for n, y in enumerate(up.tolist())
        )
        return "M" + " ".join(steps)[1:]

    def upright(frame: int, colour: str, dashes: str = "") -> str:
        at = (frame + 0.5) * _WIDTH / frames
        return (
            f'<line x1="{at:.1f}" x2="{at:.1f}" y1="0" y2="{_HEIGHT}" stroke="{colour}" '
            f'stroke-width="2" stroke-dasharray="{dashes}" {_FIXED}/>'
        )

    def line(values: np.ndarray, colour: str, width: float, dashes: str = "") -> str:
        return (
            f'<path d="{path(values)}" stroke="{colour}" stroke-width="{width}" '
            f'stroke-dasharray="{dashes}" {_FIXED}/>'
        )

    alarms = trace.alarms.tolist()
    times = ", ".join(f"{frame * frame_s:.2f} s" for frame in alarms[:_SHOWN_ALARMS])
    more = f" and {len(alarms) - _SHOWN_ALARMS} more" if len(alarms) > _SHOWN_ALARMS else ""
    several = "alarm" if len(alarms) == 1 else "alarms"
    told = f"{len(alarms)} {several}: {times}{more}" if alarms else "no alarm"
    name = f"Sum of {escape(trace.monitor)} over time, with its limit; {told}"
    marks = "".join(
        f'<span aria-hidden="true" style="position: absolute; left: {100 * (frame + 0.5) / frames:.2f}%; '
        f'transform: translateX(-50%); color: {_LIMIT}">▼</span>'
        for frame in alarms
    )
    begin = "" if start is None else upright(start, _FAULT, "6 4")
    return (
        f'<div class="outcome" role="status"><b>{escape(trace.monitor)}</b>: {told}</div>'
        f'<div style="padding: 0 8px"><div style="position: relative; height: 1.2em">{marks}</div>'
        + _SVG.format(name=name, high="8rem")
        + upright(now, "currentColor", "1 3")
        + begin
        + line(trace.scores, "currentColor", 0.6)
        + line(trace.sums, _SUM, 2)
        + line(trace.limits, _LIMIT, 2, "7 4")
        + "</svg></div>"
        '<div style="font-size: .85rem; color: var(--jp-ui-font-color2)">Blue: the sum. Orange, dashed: its limit. '
        f"Thin: the score of a frame. ▼: an alarm. {_begins(start)}Dotted: the marked moment. The scale is "
        "logarithmic.</div>"
    )


def _begins(start: int | None) -> str:
    return "" if start is None else "Pink, dashed: from here on something is wrong. "


def histogram_html(trace: Trace, frame: int, frame_s: float) -> str:
    """The histogram of a frame's class once the frame is counted, beside that of clean frames; "" where there is none."""
    if trace.seen is None or trace.usual is None:
        return ""
    seen, usual = trace.seen[frame], trace.usual[frame]
    most, bins = max(float(seen.max()), float(usual.max())), len(seen)
    wide = _WIDTH / bins

    def up(share: float) -> float:
        return _HEIGHT - (_HEIGHT - 4) * share / most

    bars = "".join(
        f'<rect x="{n * wide + 6:.1f}" y="{up(share):.1f}" width="{wide - 12:.1f}" '
        f'height="{_HEIGHT - up(share):.1f}" fill="{_SUM}" fill-opacity=".55"/>'
        for n, share in enumerate(seen.tolist())
    )
    steps = " ".join(
        f"L {n * wide:.1f} {up(share):.1f} L {(n + 1) * wide:.1f} {up(share):.1f}"
        for n, share in enumerate(usual.tolist())
    )
    told = (
        f"score {int(trace.scores[frame]):,}, sum {int(trace.sums[frame]):,}, "
        f"limit {int(trace.limits[frame]):,}"
    )
    name = f"Histogram of the last output codes at {frame * frame_s:.2f} s beside that of clean frames; {told}"
    return (
        f"<div><b>At {frame * frame_s:.2f} s</b>: {told}</div>"
        + _SVG.format(name=name, high="7rem")
        + bars
        + f'<path d="M{steps[1:]}" stroke="{_LIMIT}" stroke-width="2" {_FIXED}/></svg>'
        '<div style="font-size: .85rem; color: var(--jp-ui-font-color2)">Blue: output codes of the last frames in '
        "which the same is said, in 16 bins. Orange: of clean frames. Click on the timeline for another moment.</div>"
    )
