"""Sounds that the network hears: shipped recordings by name, a minute of them, or a file of one's own."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np

from workbench.audio.hearing import SAMPLE_RATE_HZ
from workbench.audio.recordings import SUFFIXES, load_recordings
from workbench.audio.sound_files import pcm16, read_audio
from workbench.errors import WorkbenchError, nearest

MINUTE = "minute"
MINUTE_S = 60
_PARTS = (0, 1, 2), (3,), (4,)  # fifths of the recordings that a seed draws from
_MOST_JOINED = 6  # sounds of one text
AND = "+"  # between sounds that are heard one after the other


def is_file_name(text: str) -> bool:
    """Whether a text names the file of a sound."""
    return Path(text).suffix.lower() in SUFFIXES


def known_name(text: str) -> str | None:
    """The name of shipped sounds, "7" being short for "digits/7", with AND between several; None for others."""
    parts = text.split(AND)
    return text if all(part == MINUTE or _label(part) in _shipped() for part in parts) else None


def codes_of(name: str) -> np.ndarray:
    """Samples int16 of a sound.

    Args:
        name: Of shipped ones, or of a file at 16 kHz in one channel, up to 30 s.

    Raises:
        WorkbenchError: There is no such sound, or the file cannot be heard: see `read_audio`.
    """
    if is_file_name(name):
        return pcm16(read_audio(name))
    return np.concatenate([_codes_of_one(part) for part in name.split(AND)])


def any_sounds(seed: int) -> Iterator[str]:
    """Names of shipped sounds without end, drawn by a seed; seeds that differ modulo 3 have no recording in common.

    >>> from itertools import islice
    >>> first, second = ({part for text in islice(any_sounds(seed), 50) for part in text.split(AND)} for seed in (0, 1))
    >>> len(first & second)
    0
    """
    rng = np.random.default_rng([seed, 15])
    parts = _PARTS[seed % len(_PARTS)]
    labels = [label for label in sorted(_shipped()) if zlib.crc32(label.encode()) % 5 in parts]
    while True:
        chosen = rng.integers(len(labels), size=int(rng.integers(1, _MOST_JOINED + 1)))
        yield AND.join(labels[at] for at in chosen)


def _codes_of_one(name: str) -> np.ndarray:
    if name == MINUTE:
        joined = np.concatenate([pcm16(each) for each in _shipped().values()])
        return joined[: MINUTE_S * SAMPLE_RATE_HZ]
    if _label(name) not in _shipped():
        raise WorkbenchError(
            f"there is no sound {name!r}; {nearest(name, (*_shipped(), MINUTE))}, or name a WAV file"
        )
    return pcm16(_shipped()[_label(name)])


def _label(name: str) -> str:
    return name if name in _shipped() else f"digits/{name}"


@cache
def _shipped() -> dict[str, np.ndarray]:
    return load_recordings()
