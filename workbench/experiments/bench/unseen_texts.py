"""Texts that the voice of `speech` never learned, by which its networks are judged."""

from __future__ import annotations

import zlib

from workbench.audio.resources import data_folder
from workbench.audio.transcripts import transcripts
from workbench.errors import WorkbenchError
from workbench.files import read_bytes
from workbench.generators.speech.prompts import is_held_out
from workbench.generators.speech.pronunciation import pronounced
from workbench.generators.speech.tokens import Manner

_LEARNT, _LEAST_LETTERS = 50, 3


def unseen_words() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Words that are in no transcript of the voice: those that are said, and others to mistake them for.

    Raises:
        WorkbenchError: The list that ships is missing.
    """
    said, _, others = _shipped("unseen-words.txt").partition("\n\n")
    return tuple(said.split()), tuple(others.split())


def unseen_sentences() -> tuple[str, ...]:
    """Sentences of everyday words, most of which are in no transcript; WorkbenchError where the list is missing."""
    return tuple(_shipped("unseen-sentences.txt").splitlines())


def held_out_prompts() -> dict[str, str]:
    """Label -> text of the recordings that no network learns."""
    return {label: text for label, text in transcripts().items() if is_held_out(label)}


def never_learnt() -> frozenset[str]:
    """Words of both lists that no transcript has: whoever makes texts to learn from leaves them out."""
    words = {*unseen_words()[0], *(word for text in unseen_sentences() for word in words_of(text))}
    return frozenset(words.difference(*map(words_of, transcripts().values())))


def learnt_words() -> dict[str, str]:
    """Word -> label of a recording that says nothing else, 50 of those that networks learn, chosen by their label."""
    single = {
        text.lower(): label
        for label, text in transcripts().items()
        if text.isalpha() and len(text) >= _LEAST_LETTERS and not is_held_out(label)
    }
    order = sorted(single, key=lambda word: zlib.crc32(single[word].encode()))
    return {word: single[word] for word in order[:_LEARNT]}


def words_of(text: str) -> tuple[str, ...]:
    """The words of a text as they are said: "seven" for "7", letters one by one."""
    words: list[str] = []
    for spoken in pronounced(text):
        if spoken.manner is Manner.LETTERS:
            words += list(spoken.text)
        elif spoken.manner is Manner.WORD:
            words.append(spoken.text)
    return tuple(words)


def _shipped(name: str) -> str:
    path = data_folder() / "pronunciations" / name
    try:
        return read_bytes(path).decode()
    except (OSError, ValueError) as error:
        raise WorkbenchError(
            f"cannot use the list {path} ({error}); clone the repository again"
        ) from error
