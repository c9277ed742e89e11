"""Error-correcting words: SECDED beside the data, and extended Hamming words within the data itself.

References: Hsiao 1970, https://doi.org/10.1147/rd.144.0395 (odd-weight columns); Hamming 1950. The
in-place words are ours, after the zero-space protection of Guan et al. 2019,
https://arxiv.org/abs/1910.14479: there, check bits replace bits that small weights do not need and
every read decodes; here the weights themselves are code words, and are read as they are. Layout: see
`signatures`; bit b of byte i is bit 8 * i + b of a word.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np

from workbench.memory.codes.signatures import Code, Judgement


class _Words(Code):
    """Words of `word_bytes`, each with its own syndrome: the XOR of the columns of its wrong bits."""

    judges = True
    corrects = True

    def __init__(self, word_bytes: int, columns: np.ndarray) -> None:
        self.word_bytes = word_bytes
        self.columns = columns.astype(np.uint16)
        bits = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1, bitorder="little")
        by_byte = self.columns.reshape(word_bytes, 1, 8)
        # Syndrome that a byte of this value gives at each place in the word.
        self._tables = np.bitwise_xor.reduce(np.where(bits, by_byte, 0), axis=2)
        self._bit_of = {int(column): bit for bit, column in enumerate(self.columns)}

    def _sums(self, data: np.ndarray) -> np.ndarray:
        """Uint16 [words]; what is missing of the last word counts as zero."""
        missing = -len(data) % self.word_bytes
        whole = np.concatenate([data, np.zeros(missing, np.uint8)]) if missing else data
        words = whole.reshape(-1, self.word_bytes)
        return np.bitwise_xor.reduce(self._tables[np.arange(self.word_bytes), words], axis=1)

    def syndromes(self, data: np.ndarray, check: np.ndarray) -> np.ndarray:
        """Uint16 [words], zero where all is well."""
        raise NotImplementedError

    def wrong(self, data: np.ndarray, check: np.ndarray) -> bool:
        """Whether a word is none."""
        return bool(self.syndromes(data, check).any())

    def located(self, data: np.ndarray, check: np.ndarray) -> np.ndarray:
        """Bytes of the words that are wrong."""
        return np.repeat(self.syndromes(data, check) != 0, self.word_bytes)[: len(data)]

    def correct(self, data: np.ndarray, check: np.ndarray) -> None:
        """The bit that a syndrome names; what names none stays."""
        syndromes = self.syndromes(data, check)
        for word in np.flatnonzero(syndromes):
            self._correct_word(data, check, int(word), int(syndromes[word]))

    def _correct_word(self, data: np.ndarray, check: np.ndarray, word: int, syndrome: int) -> None:
        bit = self._bit_of.get(syndrome)
        if bit is not None and self.word_bytes * word + bit // 8 < len(data):
            data[self.word_bytes * word + bit // 8] ^= 1 << bit % 8


class Secded(_Words):
    """SECDED with the check bits in a byte of their own: (72,64) and, with 7 of 8 bits, (39,32)."""

    def __init__(self, word_bytes: int, check_bits: int) -> None:
        super().__init__(word_bytes, hsiao_columns(8 * word_bytes, check_bits))
        self.name = f"secded{8 * word_bytes}"
        self._check_bits = check_bits

    def check_bytes(self, unit_bytes: int) -> int:
        """A byte a word."""
        return -(-unit_bytes // self.word_bytes)

    def sign(self, data: np.ndarray) -> np.ndarray:
        """The XOR of the columns of all ones."""
        return self._sums(data).astype(np.uint8)

    def syndromes(self, data: np.ndarray, check: np.ndarray) -> np.ndarray:
        """What data and check byte do not agree on; the 8th bit of a 7-bit check counts as damage."""
        return self._sums(data) ^ check

    def judge(self, data: np.ndarray, check: np.ndarray) -> Judgement:
        """By each wrong word: one bit of its check byte, one of its data, or neither (two flips)."""
        syndromes = self.syndromes(data, check)
        several = syndromes[(syndromes & (syndromes - 1)) != 0]
        if not several.size:
            return Judgement.CLEARS
        return Judgement.BLAMES if np.isin(several, self.columns).all() else Judgement.UNSURE

    def _correct_word(self, data: np.ndarray, check: np.ndarray, word: int, syndrome: int) -> None:
        if syndrome & (syndrome - 1) == 0:
            check[word] ^= syndrome
        else:
            super()._correct_word(data, check, word, syndrome)


class InPlace(_Words):
    """Extended Hamming words without any check beside them: a clean word has the syndrome zero.

    Columns are the numbers 0 .. bits - 1, with a further bit set for overall parity, so that two
    flips are never taken for one. Bit b of byte k has the number 8 k + (b ^ s(k)), where the bits of
    s(k) are k0 k1, k1 k2 and k0 k2: the columns of the lowest bits alone then span everything, and
    any word is near a code word. word_bytes: a power of two, 8 to 32. Bytes beyond the last whole word
    are not watched.
    """

    sees_every_flip = False

    def __init__(self, word_bytes: int) -> None:
        bits = 8 * word_bytes
        byte, bit = np.divmod(np.arange(bits), 8)
        k0, k1, k2 = byte & 1, byte >> 1 & 1, byte >> 2 & 1
        turned = (k0 & k1) | (k1 & k2) << 1 | (k0 & k2) << 2
        super().__init__(word_bytes, bits | 8 * byte | (bit ^ turned))
        self.name = f"in-place{bits}"
        self.syndrome_bits = bits.bit_length()

    def check_bytes(self, unit_bytes: int) -> int:
        """None: that is the point."""
        return 0

    def sign(self, data: np.ndarray) -> np.ndarray:
        """Uint8 [0]."""
        return np.zeros(0, np.uint8)

    def syndromes(self, data: np.ndarray, check: np.ndarray) -> np.ndarray:
        """Of whole words; zero for what is left."""
        whole = len(data) // self.word_bytes * self.word_bytes
        checks = np.zeros(-(-len(data) // self.word_bytes), np.uint16)
        checks[: whole // self.word_bytes] = self._sums(data[:whole])
        return checks

    def judge(self, data: np.ndarray, check: np.ndarray) -> Judgement:
        """Always the data: there is nothing else."""
        return Judgement.BLAMES


def hsiao_columns(data_bits: int, check_bits: int) -> np.ndarray:
    """Different columns of odd weight, three ones or more, the lightest first: uint16 [data_bits].

    Columns of weight one are those of the check bits; sums of two odd columns are even, so that two
    flips are never taken for one.
    """
    columns = [
        sum(1 << bit for bit in chosen)
        for weight in range(3, check_bits + 1, 2)
        for chosen in combinations(range(check_bits), weight)
    ]
    return np.array(columns[:data_bits], np.uint16)


ECC: dict[str, _Words] = {
    code.name: code for code in (Secded(8, 8), Secded(4, 7), InPlace(8), InPlace(16), InPlace(32))
}
IN_PLACE = tuple(name for name, code in ECC.items() if isinstance(code, InPlace))
