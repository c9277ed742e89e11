"""Utterances that lie on a device beside its model: phones, which its firmware turns into inputs by itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

CODE_BITS = 6
MOST_CODES = (1 << 16) - 1  # of all utterances together


@dataclass(frozen=True, eq=False)
class Dictionary:
    """What `runtime/wb_say.h` reads.

    Args:
        texts: What each utterance says.
        codes: uint8 [n], phones of all utterances one after the other, 6 bits each.
        starts: uint16 [utterances + 1], how many codes come before each, and before the end.
        phone, last, before, after: int16 [rows], effects on the logarithm of a duration by row of the phone.
        syllables: int16 [4], by how many follow in the phrase.
        mean: To which effects are added.
        longer: int16 [58], the sums from which on a phone lasts 3, 4, ... 60 frames.
        pauses: uint8 [4], frames of a pause in braces, at a comma, at a full stop, and of the margin.
        vowels: Rows from 1 to here are vowels.
        inputs: Input of the program for each of before, phone, after, since, until, begun, left.
    """

    texts: tuple[str, ...]
    codes: np.ndarray
    starts: np.ndarray
    phone: np.ndarray
    last: np.ndarray
    before: np.ndarray
    after: np.ndarray
    syllables: np.ndarray
    mean: int
    longer: np.ndarray
    pauses: np.ndarray
    vowels: int
    inputs: tuple[str, ...]

    @property
    def size_bytes(self) -> int:
        """In flash: utterances with their starts, and the effects."""
        return sum(
            each.nbytes
            for each in (
                self.codes, self.starts, self.phone, self.last, self.before, self.after, self.syllables,
                self.longer, self.pauses,
            )
        )  # fmt: skip


def packed(codes: np.ndarray) -> np.ndarray:
    """Codes of 6 bits, uint8 [n], without gaps, the lowest bit first: uint8 [ceil(6 n / 8)]."""
    bits = np.unpackbits(codes.astype(np.uint8)[:, None], axis=1, bitorder="little")[:, :CODE_BITS]
    return np.packbits(bits.reshape(-1), bitorder="little")
