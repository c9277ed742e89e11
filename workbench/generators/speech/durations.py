"""How long each phone of a text lasts: a sum of effects on the logarithm of its duration.

The effects are those of the phone, of standing at the end of a phrase, of the phones beside it, and of how many
syllables follow in the phrase (phrases slow down towards their end). All are integers in 1/64 octave, so that
durations are the same on every machine. The idea is Klatt's (1979, "Synthesis by rule of segmental durations in
English sentences"); the values are learnt by `duration_fit`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from pathlib import Path

from workbench.audio.resources import data_folder
from workbench.errors import WorkbenchError
from workbench.generators.speech.phones import PAUSE, is_vowel
from workbench.generators.speech.pronunciation import SpokenWord
from workbench.generators.speech.tokens import Manner
from workbench.sealed import read_sealed, write_sealed

OCTAVE = 64  # of duration
SHORTEST, LONGEST = 2, 60  # frames of 10 ms of a phone
MOST_SYLLABLES = 3  # that are counted after a phone
MARKS = (",", ".", PAUSE)
_MOST = 10 * OCTAVE  # of an effect in a file, and frames of a pause


@dataclass(frozen=True)
class Place:
    """All that decides a duration.

    Args:
        symbol: The phone with its stress.
        before: The one before it; "SIL" at the beginning of a phrase.
        after: The one after it; "SIL" at the end of a phrase.
        syllables: How many vowels follow in the phrase, 0 to 3; more count as 3.
    """

    symbol: str
    before: str
    after: str
    syllables: int


@dataclass(frozen=True)
class Durations:
    """Effects on the duration of a phone, in 1/64 octave; what is not listed has none.

    Args:
        mean: Of one frame of 10 ms, to which all others are added.
        phone: By symbol.
        last: By symbol, at the end of a phrase.
        before: By the symbol before.
        after: By the symbol after.
        syllables: By how many follow, 0 to 3.
        pauses: Frames of a pause by its mark.
    """

    mean: int
    phone: Mapping[str, int]
    last: Mapping[str, int]
    before: Mapping[str, int]
    after: Mapping[str, int]
    syllables: Mapping[str, int]
    pauses: Mapping[str, int]

    def frames(self, place: Place) -> int:
        """Frames of 10 ms, 2 to 60."""
        total = self.mean + sum(
            getattr(self, effect).get(value, 0) for effect, value in effects_of(place)
        )
        return min(LONGEST, max(SHORTEST, round(2 ** (total / OCTAVE))))

    def timed(self, words: Sequence[SpokenWord]) -> list[tuple[str, int]]:
        """Symbols and frames of a text, as `pronounced` gives it, without silence at its ends."""
        symbols = [
            word.text if word.manner is Manner.PAUSE else symbol
            for word in words
            for symbol in word.symbols
        ]
        places = iter(places_of(symbols))
        return [
            (PAUSE, self.pauses[symbol]) if symbol in MARKS else (symbol, self.frames(next(places)))
            for symbol in symbols
        ]

    def save(self, path: Path) -> None:
        """Write the file; WorkbenchError where that is not possible."""
        write_sealed(path, asdict(self))


def places_of(symbols: Sequence[str]) -> list[Place]:
    """The place of each phone; "SIL" and the marks "," and "." end a phrase and have none."""
    plain = [PAUSE, *(PAUSE if symbol in MARKS else symbol for symbol in symbols), PAUSE]
    places: list[Place] = []
    syllables = 0
    for at in range(len(plain) - 2, 0, -1):
        symbol = plain[at]
        if symbol == PAUSE:
            syllables = 0
        else:
            counted = min(syllables, MOST_SYLLABLES)
            places.append(Place(symbol, plain[at - 1], plain[at + 1], counted))
            syllables += is_vowel(symbol)
    return places[::-1]


def effects_of(place: Place) -> list[tuple[str, str]]:
    """Which effects of `Durations` a place has: their names and keys."""
    effects = [
        ("phone", place.symbol),
        ("before", place.before),
        ("after", place.after),
        ("syllables", str(place.syllables)),
    ]
    return [*effects, ("last", place.symbol)] if place.after == PAUSE else effects


@lru_cache(maxsize=1)
def durations() -> Durations:
    """Those that ship, read once."""
    return read_durations(durations_file())


def durations_file() -> Path:
    """Where they ship."""
    return data_folder() / "pronunciations" / "durations.json"


def read_durations(path: Path) -> Durations:
    """The durations in a file.

    Raises:
        WorkbenchError: It is missing, or was edited.
    """
    cure = "make it again with `workbench data durations`"
    try:
        contents = read_sealed(path, cure)
        effects = {
            field.name: {str(key): _whole(value) for key, value in contents[field.name].items()}
            for field in fields(Durations)
            if field.name != "mean"
        }
        result = Durations(mean=_whole(contents["mean"]), **effects)
        if set(result.pauses) != set(MARKS) or min(result.pauses.values()) < 1:
            raise ValueError("a pause has no duration")
    except OSError as error:
        raise WorkbenchError(f"cannot read {path} ({error.strerror or error}); {cure}") from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise WorkbenchError(f"{path} holds no durations ({error}); {cure}") from error
    return result


def _whole(value: object) -> int:
    if not isinstance(value, int) or abs(value) > _MOST:
        raise ValueError(f"{str(value)[:20]!r} is no effect on a duration")
    return value
