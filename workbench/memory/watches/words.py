"""Words in place: weights that are code words themselves, with nothing stored beside them."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.errors import WorkbenchError
from workbench.integer.program import Program
from workbench.integer.sections import WEIGHTS
from workbench.memory.codes.ecc import InPlace
from workbench.memory.codes.in_place import in_place_program
from workbench.memory.watches.areas import KINDS, Area
from workbench.memory.watches.pages import Pages


@dataclass(frozen=True)
class WordsInPlace(Pages):
    """Pages of whole words of an in-place code."""

    @property
    def word_bytes(self) -> int:
        """Bytes of a code word."""
        assert isinstance(self.code, InPlace)
        return self.code.word_bytes

    @property
    def least_unit(self) -> int:
        """A code word."""
        return self.word_bytes

    def check(self, area: Area) -> None:
        """Units are whole words of weights."""
        if area.sections != (WEIGHTS,):
            raise WorkbenchError(
                f"{self.name} moves the lowest bits of what it watches, which only weights bear; "
                "write sections=('weights',), and guard the rest with another code"
            )
        if area.unit_bytes % self.word_bytes:
            raise WorkbenchError(
                f"units of {area.unit_bytes:,} bytes cut the words of {self.name}; use a multiple of "
                f"{self.word_bytes}"
            )

    def prepared(self, program: Program) -> Program:
        """With every weight moved to the nearest code word."""
        assert isinstance(self.code, InPlace)
        return in_place_program(program, self.code)

    def fitted_code(self, size: int) -> str:
        """With the longest words that `size` bytes have room for, or the shortest."""
        if size >= self.word_bytes:
            return self.name
        kinds = [kind for kind in KINDS.values() if isinstance(kind, WordsInPlace)]
        kinds.sort(key=lambda kind: kind.word_bytes)
        return [kinds[0], *(kind for kind in kinds if kind.word_bytes <= size)][-1].name
