"""Forced alignment: when each phone of known words is heard, found by pocketsphinx's acoustic model.

Huggins-Daines et al. 2006, https://doi.org/10.1109/ICASSP.2006.1659988; US English, frames of 10 ms.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from workbench.audio.recogniser import Variant, decode, decoder_of, presented
from workbench.audio.sound_files import SAMPLE_RATE_HZ
from workbench.errors import WorkbenchError

FRAME_RATE_HZ = 100
# The model expects silence before the first phone.
_PRESENTED = Variant(padding_s=0.2, noise_rms=1e-4, seed=0)
_PADDING_FRAMES = round(_PRESENTED.padding_s * FRAME_RATE_HZ)


@dataclass(frozen=True)
class TimedWord:
    """A word, or a silence, in a recording.

    Args:
        word: Index of the word; None for a silence.
        start: Frame of 10 ms in which it begins; below 0 for what precedes the recording.
        frames: Frames of each of its phones; one number for a silence.
    """

    word: int | None
    start: int
    frames: tuple[int, ...]


class Aligner:
    """Aligns recordings with the phones of their words; WorkbenchError where pocketsphinx is not installed."""

    def __init__(self) -> None:
        self._decoder = decoder_of()
        self._names: dict[tuple[str, ...], str] = {}

    def align(self, samples: np.ndarray, words: Sequence[Sequence[str]]) -> list[TimedWord]:
        """When the phones of some words are heard, with the silences between.

        Args:
            samples: float [samples] at 16 kHz.
            words: ARPAbet phones, without stress, of one word after the other; at least one.

        Raises:
            WorkbenchError: No path leads through the words: the recording says others, or is no signal.
        """
        decoder, pcm = self._decoder, presented(samples, _PRESENTED)
        names = [self._name(tuple(word)) for word in words]
        try:
            decoder.set_align_text(" ".join(names))
            decode(decoder, pcm)
            decoder.set_alignment()  # the words were found; now the phones within them
            decode(decoder, pcm)
            timed = list(_timed(decoder.get_alignment() or (), names))
        except RuntimeError as error:
            timed, reason = [], str(error)
        else:
            reason = "it ends before the last word"
        if [each.word for each in timed if each.word is not None] != list(range(len(names))):
            raise WorkbenchError(
                f"a recording of {len(samples) / SAMPLE_RATE_HZ:.2f} s cannot be aligned with its text, "
                f"{len(names)} words long ({reason}); check that it says these"
            )
        return timed

    def _name(self, phones: tuple[str, ...]) -> str:
        """A word of the decoder's dictionary that is pronounced so and in no other way."""
        if phones not in self._names:
            name = f"word-{len(self._names)}"
            self._decoder.add_word(name, " ".join(phones), True)
            self._names[phones] = name
        return self._names[phones]


def _timed(alignment: object, names: Sequence[str]) -> Iterator[TimedWord]:
    number = 0
    for entry in alignment:  # type: ignore[attr-defined]
        start = entry.start - _PADDING_FRAMES
        if number < len(names) and entry.name == names[number]:
            yield TimedWord(number, start, tuple(phone.duration for phone in entry))
            number += 1
        else:
            yield TimedWord(None, start, (entry.duration,))
