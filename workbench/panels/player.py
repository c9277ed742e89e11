"""Sounds on one time axis, with spectrograms in step, between which one switches while they play.

`player({"clean": ..., "flipped": ...})` in a cell shows it; in marimo as `mo.ui.anywidget(player(...))`. It needs no
server, and nothing else of the workbench.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import traitlets

from workbench.audio.sound_files import SAMPLE_RATE_HZ
from workbench.errors import WorkbenchError
from workbench.experiments.demo.page.data_uris import difference_uri, spectrogram_uri

_HERE = Path(__file__).parent
_FULL_SCALE = 32767


class Player(anywidget.AnyWidget):
    """A row of spectrogram and name for every sound, and the difference of each to the first one.

    Attributes:
        titles: Names of the sounds, the first being what others are compared with.
        sample_rate_hz: Of all of them.
        active: Which one is heard; changes without a gap while playing.
        position_s: Where the sound is, or where it starts next; while it plays, told four times a second.
        loop_s: Beginning and end of the stretch that is repeated; empty for none.
        difference: Whether differences to the first sound are shown in place of spectrograms.
    """

    _esm = _HERE / "player.js"
    _css = _HERE / "player.css"

    titles = traitlets.List(traitlets.Unicode()).tag(sync=True)
    sample_rate_hz = traitlets.Int(SAMPLE_RATE_HZ).tag(sync=True)
    active = traitlets.Int(0).tag(sync=True)
    position_s = traitlets.Float(0.0).tag(sync=True)
    loop_s = traitlets.List(traitlets.Float()).tag(sync=True)
    difference = traitlets.Bool(False).tag(sync=True)
    # Where to play from, and which cue it is.
    _cue = traitlets.List(traitlets.Float()).tag(sync=True)
    _pcm = traitlets.List(traitlets.Bytes()).tag(sync=True)  # int16, little endian
    _pictures = traitlets.List(traitlets.Unicode()).tag(sync=True)
    _differences = traitlets.List(traitlets.Unicode()).tag(sync=True)

    def play_from(self, seconds: float) -> None:
        """Play from there, once the page lets sounds play: when it was clicked on."""
        self._cue = [float(seconds), (self._cue[1] if self._cue else 0) + 1]

    @traitlets.validate("active")
    def _among_them(self, proposal: Any) -> int:
        return min(max(proposal["value"], 0), max(len(self.titles) - 1, 0))

    def show(self, sounds: Mapping[str, np.ndarray], sample_rate_hz: int) -> None:
        """Put other sounds in place of those that are shown; arguments and errors as of `player`.

        Where they last as long, it goes on playing at the same position and keeps its loop.
        """
        padded = _of_one_length(sounds)
        as_long = bool(self._pcm) and self.sample_rate_hz == sample_rate_hz
        as_long = as_long and len(self._pcm[0]) == 2 * len(padded[0])
        first = padded[0]
        pictures = [spectrogram_uri(each) for each in padded]
        differences = [difference_uri(each, first) for each in padded[1:]]
        with self.hold_sync():
            self.titles = list(sounds)
            self.sample_rate_hz = sample_rate_hz
            self._pcm = [_as_pcm(each) for each in padded]
            self._pictures, self._differences = pictures, ["", *differences]
            self.active = self.active
            if not as_long:
                self.loop_s, self.position_s = [], 0.0


def player(sounds: Mapping[str, np.ndarray], sample_rate_hz: int = SAMPLE_RATE_HZ) -> Player:
    """A widget that plays one of several sounds, and switches between them at the same position.

    Args:
        sounds: Name -> float [samples], full scale 1; shorter ones end in silence. The first is the one that others
            are compared with.
        sample_rate_hz: Of all of them.

    Raises:
        WorkbenchError: Without sounds, and for one that is empty, has channels or is not finite.
    """
    widget = Player()
    widget.show(sounds, sample_rate_hz)
    return widget


def _of_one_length(sounds: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    """float64 [samples], silence added to shorter ones."""
    if not sounds:
        raise WorkbenchError("a player needs at least one sound; give {name: samples}")
    arrays = {}
    for name, samples in sounds.items():
        array = np.asarray(samples, dtype=np.float64)
        if array.ndim != 1 or not array.size or not np.isfinite(array).all():
            raise WorkbenchError(
                f"the sound {name!r} has shape {list(array.shape)} or values that are not finite; "
                "give one channel of at least one finite sample"
            )
        arrays[name] = array
    longest = max(len(array) for array in arrays.values())
    return [np.pad(array, (0, longest - len(array))) for array in arrays.values()]


def _as_pcm(samples: np.ndarray) -> bytes:
    return np.rint(np.clip(samples, -1, 1) * _FULL_SCALE).astype("<i2").tobytes()
