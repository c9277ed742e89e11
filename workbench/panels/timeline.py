"""What happened to devices while they spoke, along the sound: upsets, findings of the healer, wrong bits.

A click anywhere asks for the sound from there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import anywidget
import numpy as np
import traitlets

from workbench.experiments.fleets.comparison_pictures import Timeline as WrongBits
from workbench.healing.log import LogEntry, Verdict, in_words
from workbench.panels.player import Player

_HERE = Path(__file__).parent
MOST_MARKS = 2000  # of a row: more would be a bar without gaps


class DeviceTrace(WrongBits, Protocol):
    """What happened to a device, simulated or emulated, and what its healer wrote down."""

    @property
    def log(self) -> Sequence[LogEntry]:
        """The healer's findings, in order."""

    def lines(self) -> list[str]:
        """The log, one readable line an entry."""


class Timeline(anywidget.AnyWidget):
    """Rows of marks over one axis of time.

    Attributes:
        seconds: How long the axis is.
        words: When each word begins, and what it is.
        rows: A dictionary for each device: `title`; `upsets`, times in s; `found`, time, verdict and words of each
            entry of its log; `wrong`, time and wrong bits of the working copy at every change.
        cue: What a click asked for: a time in s, and how many clicks there were.
        position_s: Where the sound is.
    """

    _esm = _HERE / "timeline.js"
    _css = _HERE / "timeline.css"

    seconds = traitlets.Float(1.0).tag(sync=True)
    words: traitlets.List[list[object]] = traitlets.List().tag(sync=True)
    rows = traitlets.List(traitlets.Dict()).tag(sync=True)
    cue = traitlets.List(traitlets.Float()).tag(sync=True)
    position_s = traitlets.Float(0.0).tag(sync=True)

    def show(self, results: Mapping[str, DeviceTrace], words: Mapping[float, str]) -> None:
        """Show devices that said the same.

        Args:
            results: By title; at least one.
            words: When each begins, in s, and what it is.
        """
        first = next(iter(results.values()))
        with self.hold_sync():
            self.seconds = len(first.wrong_bits) * first.frame_s
            self.words = [[start, word] for start, word in words.items()]
            self.rows = [_row(title, result) for title, result in results.items()]
            self.position_s = 0.0

    def follow(self, player: Player) -> None:
        """Let a click play the sound from there, and the mark show where it is."""
        self.observe(lambda change: player.play_from(change["new"][0]), names="cue")
        player.observe(
            lambda change: self.set_trait("position_s", change["new"]), names="position_s"
        )


def _row(title: str, result: DeviceTrace) -> dict[str, object]:
    frame_s, frames = result.frame_s, len(result.wrong_bits)
    # An upset can lead the healer's count of frames astray; such entries have no place in time.
    entries = [
        (entry.frame * frame_s, entry.verdict, line)
        for entry, line in zip(result.log, result.lines(), strict=True)
        if entry.frame < frames
    ]
    changes = np.flatnonzero(np.diff(result.wrong_bits, prepend=0))
    return {
        "title": title,
        "upsets": [upset.frame * frame_s for upset in result.upsets[:MOST_MARKS]],
        "found": [
            [at, verdict == Verdict.HEALED, f"{in_words(verdict)}: {' '.join(line.split())}"]
            for at, verdict, line in entries[:MOST_MARKS]
        ],
        "wrong": [[int(frame) * frame_s, int(result.wrong_bits[frame])] for frame in changes],
        "left_out": max(0, len(result.upsets) - MOST_MARKS) + max(0, len(entries) - MOST_MARKS),
    }
