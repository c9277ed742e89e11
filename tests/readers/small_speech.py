"""Small valid files of `speech`, and what is read of them."""

from __future__ import annotations

from pathlib import Path

from workbench.generators.speech.alignments import save_alignments
from workbench.generators.speech.durations import durations, read_durations
from workbench.generators.speech.lexicon import read_lexicon
from workbench.generators.speech.lexicon_build import made_lexicon
from workbench.generators.speech.lexicon_sources import Sources
from workbench.generators.speech.phones import without_stress
from workbench.generators.speech.pronunciation import pronounced


def write_lexicon(folder: Path) -> None:
    phones, stressed = {"b.": ("B", "IY")}, {}
    for word, *symbols in (
        ("bee", "B", "IY1"),
        ("beet", "B", "IY1", "T"),
        ("b's", "B", "IY1", "Z"),
    ):
        phones[word], stressed[word] = without_stress(symbols), [tuple(symbols)]
    made_lexicon(Sources(phones, stressed, {"a": "0"})).save(folder / "a.words")


def lexicon_in(folder: Path) -> object:
    words = read_lexicon(folder / "a.words")
    said = {word: words.symbols(word) for word in words.coded}
    return said, words.rules.pronounce("beets"), words.held_out, sorted(words.sources.items())


def durations_in(folder: Path) -> object:
    read = read_durations(folder / "a.json")
    return read, read.timed(pronounced("nine, four"))


def write_durations(folder: Path) -> None:
    durations().save(folder / "a.json")


def write_alignments(folder: Path) -> None:
    save_alignments(folder, {"a": [("SIL", -20, 20), ("AH0", 0, 5)]})


def write_transcripts(folder: Path) -> None:
    (folder / "a.txt").write_text("; remark\na/b: One [1].\n")
