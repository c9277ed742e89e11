"""What the network learns: pieces of the voice's recordings at several levels, and the viseme of each frame."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from workbench.audio.hearing import HOP
from workbench.audio.mouth_shapes import SILENCE, VISEME_OF
from workbench.audio.recordings import load_recordings
from workbench.audio.sound_files import pcm16
from workbench.errors import WorkbenchError
from workbench.generators.speech.alignments import Row, read_alignments
from workbench.generators.speech.phones import without_stress
from workbench.generators.speech.prompts import is_held_out
from workbench.generators.viseme.configuration import LOOK_AHEAD

CURE = "make them with `workbench data fetch` and `workbench data align`"
FETCHED = Path("out/recordings")  # where they go
FRAMES = 96  # of a piece
_OVERLAP = 16  # of its first frames, which lack their past: they are not learnt
_NEW = FRAMES - _OVERLAP
_GAINS = (1.0, 0.6, 0.35)  # so that loudness means nothing


@dataclass(frozen=True, eq=False)
class Aligned:
    """A recording with what is seen of it.

    Args:
        sound: int16 [frames * 160], silence at its end for the look-ahead.
        visemes: int64 [frames], what the mouth shows when the network has heard so many frames.
    """

    sound: np.ndarray
    visemes: np.ndarray


def read_aligned(folder: Path, *, held_out: bool) -> dict[str, Aligned]:
    """Aligned recordings by label, those that are learnt or those that only measure.

    Raises:
        WorkbenchError: There is none.
    """
    alignments = read_alignments(folder)
    recordings = load_recordings(folder)
    found = {
        label: aligned(recordings[label], rows)
        for label, rows in alignments.items()
        if label in recordings and is_held_out(label) == held_out
    }
    if not found:
        raise WorkbenchError(f"there are no aligned recordings in {folder}; {CURE}")
    return found


def aligned(samples: np.ndarray, rows: Sequence[Row]) -> Aligned:
    """A recording and its phones in time.

    Args:
        samples: float32 at 16 kHz.
        rows: See `speech.alignments`.
    """
    sound = padded(pcm16(samples))
    visemes = np.full(len(sound) // HOP, SILENCE)
    for symbol, start, frames in rows:
        (phone,) = without_stress((symbol,))
        first, stop = (max(frame, 0) + LOOK_AHEAD for frame in (start, start + frames))
        visemes[first:stop] = VISEME_OF.get(phone, SILENCE)  # marks are pauses
    return Aligned(sound, visemes)


def padded(codes: np.ndarray) -> np.ndarray:
    """int16 [samples] with silence up to a whole frame, and for the look-ahead behind it."""
    frames = -(-len(codes) // HOP) + LOOK_AHEAD
    return np.pad(codes, (0, frames * HOP - len(codes)))


def lessons_of(recordings: Iterable[Aligned]) -> tuple[np.ndarray, np.ndarray]:
    """Pieces of all recordings at all levels.

    Returns:
        Sound, int16 [pieces, 96 * 160, 1], and visemes, float32 [pieces, 96]; nan where nothing is to be learnt.
    """
    sounds, visemes = [], []
    for each in recordings:
        for start in range(0, max(len(each.visemes) - _OVERLAP, 1), _NEW):
            sounds.append(_piece(each.sound, start))
            wanted = np.full(FRAMES, np.nan, np.float32)
            known = each.visemes[start : start + FRAMES]
            wanted[: len(known)] = known
            if start:
                wanted[:_OVERLAP] = np.nan
            visemes.append(wanted)
    sound = np.stack(sounds)
    levels = [np.rint(gain * sound).astype(np.int16) for gain in _GAINS]
    return np.concatenate(levels)[:, :, None], np.tile(np.stack(visemes), (len(_GAINS), 1))


def _piece(sound: np.ndarray, start: int) -> np.ndarray:
    part = sound[start * HOP : (start + FRAMES) * HOP]
    return np.pad(part, (0, FRAMES * HOP - len(part)))
