"""When each phone of a recording is said: forced alignment with the recogniser's acoustic model.

Reference: pocketsphinx, two passes, words and then the phones in them, at 100 frames a second.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np

from workbench.audio.recogniser import ENGLISH, decoder_of
from workbench.audio.speech_controls import HOP
from workbench.errors import WorkbenchError

SILENCE = "SIL"
_PADDING = 20  # frames of silence that the model wants at both ends
_PEAK, _NOISE = 0.7, 2e-3


class Aligner:
    """Aligns recordings with the phones of their words; needs pocketsphinx.

    Raises:
        WorkbenchError: pocketsphinx is missing.
    """

    def __init__(self) -> None:
        self._decoder = decoder_of(ENGLISH)
        self._words: dict[tuple[str, ...], str] = {}

    def align(
        self, samples: np.ndarray, words: Sequence[Sequence[str]]
    ) -> list[tuple[int | None, int, int]]:
        """Phones one after the other, from the first frame to the last.

        Args:
            samples: Float [samples] at 16 kHz, not silent.
            words: Phones of each word, in upper case without stress.

        Returns:
            (Number of the phone, counted through all words, None for silence; its first frame; how many frames).

        Raises:
            WorkbenchError: The recording does not say these words.
        """
        names = [self._name(tuple(word)) for word in words]
        pcm = _presented(samples)
        decoder = self._decoder
        try:
            decoder.set_align_text(" ".join(names))
            self._hear(pcm)
            decoder.set_alignment()
            self._hear(pcm)
            entries = [
                (word.name, [(phone.name, phone.start, phone.duration) for phone in word])
                for word in decoder.get_alignment()
            ]
        except RuntimeError as error:
            raise WorkbenchError(
                f"the recording cannot be aligned with its words ({error}); check its text"
            ) from error
        return _timeline(entries, words, 1 + len(samples) // HOP)

    def _name(self, phones: tuple[str, ...]) -> str:
        """The name of a word in the decoder's dictionary, which holds these phones."""
        if phones not in self._words:
            name = f"word{len(self._words)}"
            self._decoder.add_word(name, " ".join(phones), True)
            self._words[phones] = name
        return self._words[phones]

    def _hear(self, pcm: bytes) -> None:
        with warnings.catch_warnings():
            # Called unnecessary by the package, yet its noise tracker keeps the last sound's level.
            warnings.simplefilter("ignore", DeprecationWarning)
            self._decoder.start_stream()
        self._decoder.start_utt()
        self._decoder.process_raw(pcm, no_search=False, full_utt=True)
        self._decoder.end_utt()


def _timeline(
    entries: Sequence[tuple[str, list[tuple[str, int, int]]]],
    words: Sequence[Sequence[str]],
    frames: int,
) -> list[tuple[int | None, int, int]]:
    expected = [phone for word in words for phone in word]
    timeline: list[tuple[int | None, int, int]] = []
    count = 0
    for _, phones in entries:
        for name, start, duration in phones:
            said = name != SILENCE
            if said and (count >= len(expected) or name != expected[count]):
                raise WorkbenchError("the alignment has other phones than the text; check its text")
            first = min(max(start - _PADDING, 0), frames)
            last = min(max(start + duration - _PADDING, 0), frames)
            if said or last > first:
                timeline.append((count if said else None, first, last - first))
            count += said
    if count < len(expected):
        raise WorkbenchError("the alignment lacks phones of the text; check its text")
    return timeline


def _presented(samples: np.ndarray) -> bytes:
    """Little-endian int16 PCM: the peak at 0.7, with padding and a little noise."""
    signal = np.asarray(samples, np.float64) / np.abs(samples).max() * _PEAK
    signal = np.pad(signal, _PADDING * HOP)
    noise = np.random.Generator(np.random.PCG64(0)).standard_normal(len(signal))
    return bytes((np.clip(signal + _NOISE * noise, -1, 1) * 32767).astype("<i2").tobytes())
