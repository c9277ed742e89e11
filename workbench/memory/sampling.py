"""Which bits a trial flips: a pure function of a plan and a number, the same on every machine.

Reference: Philox, Salmon et al. 2011, https://doi.org/10.1145/2063384.2063405 (only its raw words
are used, which NumPy keeps stable); Bentley and Floyd 1987, https://doi.org/10.1145/30401.315746.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote, unquote

import numpy as np

from workbench.errors import WorkbenchError
from workbench.memory.image import Image
from workbench.memory.layout import SECTIONS, WORKING_SECTIONS, Layout

_HASH_DIGITS = 12


def counter_stream(label: str, index: int) -> np.random.Philox:
    """Random words number `index` of the family `label`; different streams never overlap.

    Raises WorkbenchError unless index is in 0 .. 2**64 - 1.
    """
    if not 0 <= index < 2**64:
        raise WorkbenchError(
            f"there is no trial or device number {index}; they run from 0 to 2**64 - 1"
        )
    key = int.from_bytes(hashlib.sha256(label.encode()).digest()[:16], "little")
    return np.random.Philox(key=key, counter=index << 128)


@dataclass(frozen=True)
class Plan:
    """How the bits of a trial are drawn: `flips` different ones, uniformly from those that match.

    sections: of the image, () for the working copy. operators: (), any. bits: of an element, 0 the
    lowest; () for all.
    """

    flips: int
    seed: int
    sections: tuple[str, ...] = ()
    operators: tuple[str, ...] = ()
    bits: tuple[int, ...] = ()

    def candidates(self, layout: Layout) -> np.ndarray:
        """Positions of the bits that match, ascending int64; padding never does.

        Raises WorkbenchError when a name is unknown or fewer than `flips` bits match.
        """
        known = {place.operator for place in layout.places}
        for kind, names, choice in (
            ("section", self.sections, set(SECTIONS)),
            ("operator", self.operators, known),
        ):
            for name in names:
                if name not in choice:
                    raise WorkbenchError(
                        f"the image has no {kind} {name!r}; it has {', '.join(sorted(choice))}"
                    )
        positions = layout.positions(
            self.sections or WORKING_SECTIONS, operators=self.operators, bits=self.bits
        )
        if self.flips < 0:
            raise WorkbenchError(f"cannot flip {self.flips} bits; ask for at least 0")
        if self.flips and not len(positions):
            raise WorkbenchError(self._why_nothing(layout))
        if self.flips > len(positions):
            raise WorkbenchError(
                f"{self.flips} flips do not fit in the {len(positions)} bits that match "
                f"{self}; ask for fewer or for more places"
            )
        return positions

    def _why_nothing(self, layout: Layout) -> str:
        """Which part of the plan leaves no bit to flip, and what could be asked for."""
        sections = self.sections or WORKING_SECTIONS
        owned = [
            place
            for place in layout.places
            if place.size_bytes and (not self.operators or place.operator in self.operators)
        ]
        places = [place for place in owned if place.section in sections]
        if not places:
            has = {place.section for place in owned}
            return (
                f"{' and '.join(self.operators) or 'the program'} has nothing in the section "
                f"{' or '.join(sections)}; it has {', '.join(s for s in SECTIONS if s in has)}"
            )
        widths = sorted({place.bits for place in places})
        return (
            f"no element there has a bit {' or '.join(map(str, self.bits))}; elements have 4, 8, 16 "
            f"or 32 bits, and there you can choose 0 to {widths[-1] - 1}"
        )

    def faults(self, layout: Layout, indexes: Iterable[int]) -> list[np.ndarray]:
        """The bit positions of each trial, ascending int64 [flips], all different."""
        candidates = self.candidates(layout)
        label = f"flips {self}"
        return [candidates[_sample(len(candidates), self.flips, label, i)] for i in indexes]

    def __str__(self) -> str:
        parts = {
            "flips": [str(self.flips)],
            "seed": [str(self.seed)],
            "section": self.sections,
            "operator": self.operators,
            "bit": [str(bit) for bit in self.bits],
        }
        return ",".join(f"{key}={_joined(values)}" for key, values in parts.items() if values)


@dataclass(frozen=True)
class TrialId:
    """All that is needed to repeat a trial against a named image, as one short string.

    image: first digits of the content hash. word: what is spoken. index: number of the trial.
    """

    image: str
    word: str
    plan: Plan
    index: int

    @classmethod
    def of(cls, image: Image, word: str, plan: Plan, index: int) -> TrialId:
        """The identifier of a trial on `image`."""
        return cls(image.content_hash[:_HASH_DIGITS], word, plan, index)

    @classmethod
    def parse(cls, text: str) -> TrialId:
        """Read `str(identifier)`; WorkbenchError when it is not one."""
        digits, *parts = text.strip().split(",")
        try:
            fields = dict(part.split("=", 1) for part in parts)
            plan = Plan(
                flips=int(fields.pop("flips")),
                seed=int(fields.pop("seed")),
                sections=_split(fields.pop("section", "")),
                operators=_split(fields.pop("operator", "")),
                bits=tuple(int(bit) for bit in _split(fields.pop("bit", ""))),
            )
            found = cls(digits, unquote(fields.pop("word")), plan, int(fields.pop("trial")))
        except (KeyError, ValueError) as error:
            raise WorkbenchError(_malformed(text)) from error
        if str(found) != text.strip() or len(digits) != _HASH_DIGITS or found.index < 0:
            raise WorkbenchError(_malformed(text))
        return found

    def check(self, image: Image) -> None:
        """Raise WorkbenchError unless this trial belongs to `image`."""
        if not image.content_hash.startswith(self.image):
            raise WorkbenchError(
                f"the trial belongs to image {self.image} and this one is "
                f"{image.content_hash[:_HASH_DIGITS]}; name the checkpoint or image it was made from"
            )

    def __str__(self) -> str:
        return f"{self.image},word={_joined([self.word])},{self.plan},trial={self.index}"


def _sample(size: int, count: int, label: str, index: int) -> np.ndarray:
    """`count` different numbers below `size`, ascending int64 (Floyd's algorithm)."""
    words = counter_stream(label, index).random_raw(count).tolist()
    chosen: set[int] = set()
    for last, word in zip(range(size - count, size), words, strict=True):
        drawn = word % (last + 1)
        chosen.add(last if drawn in chosen else drawn)
    return np.array(sorted(chosen), np.int64)


def _joined(values: Iterable[str]) -> str:
    return "+".join(quote(value, safe="") for value in values)


def _split(text: str) -> tuple[str, ...]:
    return tuple(unquote(value) for value in text.split("+")) if text else ()


def _malformed(text: str) -> str:
    return (
        f"{text!r} is not the identifier of a trial; copy the whole line that `workbench flip` "
        "printed after 'replay:'"
    )
