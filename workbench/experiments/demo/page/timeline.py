"""The picture of a simulation under upsets: words, error of the sound, wrong bits, upsets and heals.

An inline SVG whose colours come from the page's style, so that it follows light and dark.
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from itertools import pairwise

import numpy as np

from workbench.experiments.demo.record import Simulation
from workbench.healing.log import Verdict, in_words

LEFT, RIGHT, WIDTH = 96, 16, 1000
_WORDS_TOP, _WORDS_HEIGHT = 8, 26
_LETTER_WIDTH = 7.8  # of a letter of the words, on average
_ERROR_TOP, _ERROR_HEIGHT = 68, 130
_BITS_TOP, _BITS_HEIGHT = 234, 96
_EVENTS_TOP, _EVENTS_STEP = 350, 26
_AXIS_TOP = 402
HEIGHT = 428
QUIETEST_DB, LOUDEST_DB = -60.0, 10.0


def timeline(simulation: Simulation) -> str:
    """The SVG element; its x axis runs from `LEFT` to `WIDTH - RIGHT` over the whole simulation."""
    draw = _Drawing(simulation)
    parts = [draw.words(), draw.error(), draw.bits(), draw.events(), draw.axis()]
    return (
        f'<svg class="timeline" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-labelledby="timeline-title timeline-desc" data-left="{LEFT}" '
        f'data-right="{WIDTH - RIGHT}"><title id="timeline-title">Upsets and heals over time</title>'
        f'<desc id="timeline-desc">{escape(description(simulation))}</desc>{"".join(parts)}'
        f'<line class="playhead" x1="{LEFT}" x2="{LEFT}" y1="4" y2="{_AXIS_TOP}"/></svg>'
    )


def description(simulation: Simulation) -> str:
    """The picture in words."""
    return (
        f"{len(simulation.words)} words in {simulation.frames * simulation.frame_s:.1f} seconds, {len(simulation.upsets)} "
        f"upsets. Without healing the wrong bits add up to {int(simulation.none.damaged_bits[-1])}; with "
        f"healing there are never more than {int(simulation.healed.damaged_bits.max())}, and "
        f"{int(simulation.healed.damaged_bits[-1])} at the end."
    )


class _Drawing:
    """The parts of the picture from top to bottom."""

    def __init__(self, simulation: Simulation) -> None:
        self.simulation = simulation
        self.seconds = simulation.frames * simulation.frame_s

    def x(self, second: float) -> float:
        return LEFT + (WIDTH - RIGHT - LEFT) * second / self.seconds

    def words(self) -> str:
        boxes = []
        bounds = pairwise([*self.simulation.starts, self.simulation.frames])
        for word, (start, stop) in zip(self.simulation.spoken, bounds, strict=True):
            left, right = (
                self.x(start * self.simulation.frame_s),
                self.x(stop * self.simulation.frame_s),
            )
            boxes.append(
                f'<rect class="word" x="{left + 1:.1f}" y="{_WORDS_TOP}" rx="4" '
                f'width="{right - left - 2:.1f}" height="{_WORDS_HEIGHT}"/>'
                f'<text class="spoken" x="{(left + right) / 2:.1f}" y="{_WORDS_TOP + 18}">'
                f"<title>{escape(word)}</title>{escape(_shortened(word, right - left))}</text>"
            )
        return _label(_WORDS_TOP + 18, "says") + "".join(boxes)

    def error(self) -> str:
        def y(level: float) -> float:
            share = (np.clip(level, QUIETEST_DB, LOUDEST_DB) - QUIETEST_DB) / (
                LOUDEST_DB - QUIETEST_DB
            )
            return _ERROR_TOP + _ERROR_HEIGHT * (1 - float(share))

        marks = {-60.0: "none", -40.0: "–40 dB", -20.0: "–20 dB", 0.0: "as loud"}
        grid = "".join(self._mark(y(level), text) for level, text in marks.items())
        lines = "".join(
            self._curve(course.error_db, y, name, base=_ERROR_TOP + _ERROR_HEIGHT)
            for name, course in (("none", self.simulation.none), ("healed", self.simulation.healed))
        )
        return (
            _heading(_ERROR_TOP, "Error of the sound, against the level of the clean voice")
            + grid
            + lines
        )

    def bits(self) -> str:
        top = max(int(self.simulation.none.damaged_bits.max(initial=0)), 1)

        def y(count: float) -> float:
            return _BITS_TOP + _BITS_HEIGHT * (1 - count / top)

        grid = self._mark(y(0), "0") + self._mark(y(top), str(top))
        lines = "".join(
            self._curve(course.damaged_bits, y, name, base=_BITS_TOP + _BITS_HEIGHT, step=True)
            for name, course in (("none", self.simulation.none), ("healed", self.simulation.healed))
        )
        return _heading(_BITS_TOP, "Wrong bits in the memory's working copy") + grid + lines

    def events(self) -> str:
        upsets = [self.x(frame * self.simulation.frame_s) for frame, _ in self.simulation.upsets]
        heals = [
            self.x((line.frame + 1) * self.simulation.frame_s)
            for line in self.simulation.log
            if line.verdict == in_words(Verdict.HEALED)
        ]
        rows = (("upset", "upsets", upsets), ("heal", "heals", heals))
        return "".join(
            _label(_EVENTS_TOP + _EVENTS_STEP * row + 12, label)
            + f'<path class="{name}" d="'
            + "".join(f"M{x:.1f} {_EVENTS_TOP + _EVENTS_STEP * row}v16" for x in places)
            + '"/>'
            for row, (name, label, places) in enumerate(rows)
        )

    def axis(self) -> str:
        ticks = "".join(
            f'<path class="tick" d="M{self.x(second):.1f} {_AXIS_TOP}v5"/>'
            f'<text class="unit" x="{self.x(second):.1f}" y="{_AXIS_TOP + 19}">{second} s</text>'
            for second in range(int(self.seconds) + 1)
        )
        return f'<path class="tick" d="M{LEFT} {_AXIS_TOP}H{WIDTH - RIGHT}"/>{ticks}'

    def _mark(self, y: float, text: str) -> str:
        return f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>' + _label(y + 4, text)

    def _curve(
        self,
        values: np.ndarray,
        y: Callable[[float], float],
        name: str,
        *,
        base: float,
        step: bool = False,
    ) -> str:
        """A line over the frames and the area below it; `step` keeps each value for its frame."""
        points = []
        for frame, value in enumerate(values):
            left = self.x(frame * self.simulation.frame_s)
            right = self.x((frame + 1) * self.simulation.frame_s)
            places = (left, right) if step else ((left + right) / 2,)
            points += [f"{place:.1f} {y(value):.1f}" for place in places]
        line = "M" + "L".join(points)
        first, last = points[0].split()[0], points[-1].split()[0]
        return (
            f'<path class="area {name}" d="{line}L{last} {base}L{first} {base}Z"/>'
            f'<path class="line {name}" d="{line}"/>'
        )


def _shortened(words: str, width: float) -> str:
    """As much of a text as a box of this width has room for."""
    room = max(1, int(width / _LETTER_WIDTH) - 1)
    return words if len(words) <= room else f"{words[: room - 1].rstrip()}…"


def _label(y: float, text: str) -> str:
    return f'<text class="label" x="{LEFT - 10}" y="{y:.1f}">{escape(text)}</text>'


def _heading(top: float, text: str) -> str:
    return f'<text class="heading" x="{LEFT}" y="{top - 8}">{escape(text)}</text>'
