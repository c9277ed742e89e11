"""More prompts than there are recordings: random words, said by flite in another voice.

Recordings of telephone prompts have few of the sequences of phones that a language has. Another voice says as many as
one likes; `conversion` brings its controls near to those of the voice that is learnt.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from difflib import SequenceMatcher
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np

from workbench.audio.alignment import FRAME_RATE_HZ
from workbench.audio.flite import Spoken, spoken
from workbench.files import output_folder
from workbench.generators.speech.conversion import conversion
from workbench.generators.speech.lexicon import can_be_learnt, lexicon
from workbench.generators.speech.phones import PAUSE, SYMBOLS, is_vowel, without_stress
from workbench.generators.speech.prompts import Analyse, Prompt, prompt_file, save_prompt
from workbench.generators.speech.pronunciation import phones_of
from workbench.generators.speech.timeline import Timeline

FOLDER = "augmented"  # within that of the other prompts
TEXTS = 700  # three quarters of an hour
_SEED = 1
# Said without stress between other words.
_FUNCTION_WORDS = (
    "the", "a", "of", "and", "to", "in", "is", "for", "on", "with", "at", "by", "from", "as", "it", "that", "was",
    "are", "be", "this", "his", "her", "their", "or", "an", "will", "can", "not",
)  # fmt: skip
_COUNTS = (1, 2, 3, 5, 6, 7, 8, 9)  # of words in a text, beside those
_FUNCTION, _COMMA = 0.35, 0.1  # shares of the words of longer texts: one before, a pause behind
_LONGER = 3
_ALIKE = 0.88  # least share of phones that both pronounce alike
# Phones that flite tells apart and the lexicon does not.
_UNSTRESSED = {"ax": "AH0", "ix": "IH0", "axr": "ER0", "dx": "T", "el": "L", "em": "M", "en": "N", "pau": PAUSE}  # fmt: skip

Step = Callable[[str, Callable[[], Prompt | None]], Prompt | None]


def texts(seed: int, *, without: Container[str]) -> Iterator[str]:
    """Texts without end: one to nine words of the lexicon, function words and commas between them.

    Args:
        seed: Equal ones draw equal texts.
        without: Words that are never drawn.
    """
    rng = np.random.default_rng([seed, 16])
    words = sorted(word for word in filter(can_be_learnt, lexicon().coded) if word not in without)
    while True:
        count = _COUNTS[rng.integers(len(_COUNTS))]
        said = []
        for _ in range(count):
            chance, comma = rng.random(2)
            if count >= _LONGER and chance < _FUNCTION:
                said.append(_FUNCTION_WORDS[rng.integers(len(_FUNCTION_WORDS))])
            mark = "," if count > _LONGER and comma < _COMMA else ""
            said.append(words[rng.integers(len(words))] + mark)
        yield " ".join(said).rstrip(",")


def augment(
    own: Sequence[Prompt],
    folder: Path,
    *,
    without: Container[str],
    analyse: Analyse,
    step: Step = lambda text, make: make(),
    count: int = TEXTS,
) -> float:
    """Write prompts of random texts beside those of recordings, in place of earlier ones.

    Args:
        own: Prompts of the voice that is learnt.
        folder: Theirs.
        without: Words that no text has.
        analyse: What a sound is made of.
        step: Called with each text and what makes its prompt, which it calls unless it kept the prompt.
        count: How many texts; one that flite pronounces otherwise than the lexicon is replaced.

    Returns:
        Seconds that all of them last.

    Raises:
        WorkbenchError: flite is missing, or the folder cannot be written.
    """
    said = list(islice(_said(without, analyse, step), count))
    convert = conversion(said, own)
    output_folder(folder / FOLDER)
    for number, prompt in enumerate(said):
        path = prompt_file(folder, f"{FOLDER}/{number:04}")
        save_prompt(convert.converted(prompt), path, "augmentation")
    return sum(prompt.timeline.frames for prompt in said) / FRAME_RATE_HZ


def _said(without: Container[str], analyse: Analyse, step: Step) -> Iterator[Prompt]:
    for text in texts(_SEED, without=without):
        prompt = step(text, partial(_prompt, text, analyse))
        if prompt:
            yield prompt


def _prompt(text: str, analyse: Analyse) -> Prompt | None:
    return prompt_of(spoken(text), phones_of(text), analyse)


def prompt_of(said: Spoken, pronounced: Sequence[str], analyse: Analyse) -> Prompt | None:
    """A prompt with flite's phones and their durations; None where the lexicon has too many others.

    Args:
        said: What flite said.
        pronounced: The same text by the lexicon, whose stress the vowels get.
        analyse: What a sound is made of.
    """
    symbols = _with_stress(said.phones, [each for each in pronounced if each != PAUSE])
    if symbols is None:
        return None
    controls = analyse(said.samples)
    ends = np.minimum(np.rint(np.array(said.ends_s) * FRAME_RATE_HZ).astype(int), len(controls))
    ends[-1] = len(controls)
    durations = np.diff(ends, prepend=0)
    parts = [(symbol, int(n)) for symbol, n in zip(symbols, durations, strict=True) if n > 0]
    timeline = Timeline(tuple(symbol for symbol, _ in parts), tuple(n for _, n in parts))
    return Prompt(timeline, controls)


def _with_stress(phones: Sequence[str], pronounced: Sequence[str]) -> list[str] | None:
    symbols = [_UNSTRESSED.get(phone, phone.upper()) for phone in phones]
    at = [number for number, symbol in enumerate(symbols) if symbol != PAUSE]
    heard = without_stress([symbols[number] for number in at])
    match = SequenceMatcher(None, heard, without_stress(pronounced), autojunk=False)
    if match.ratio() < _ALIKE:
        return None
    for _, first, last, start, stop in match.get_opcodes():
        # What is replaced one by one is the same vowel in another quality.
        others = pronounced[start:stop] if last - first == stop - start else [""] * (last - first)
        for number, other in zip(at[first:last], others, strict=True):
            if is_vowel(symbols[number]) and symbols[number] not in SYMBOLS:
                stressed = is_vowel(other) and other.endswith("1")
                symbols[number] += "1" if stressed else "0"
    return symbols if set(symbols) <= {*SYMBOLS, PAUSE} else None
