"""The lexicon says what its sources say; its rules say words that they have not seen."""

from __future__ import annotations

import hashlib
import re
import sys
from pathlib import Path

import pytest

from workbench.cli import main
from workbench.errors import WorkbenchError
from workbench.generators.speech import lexicon_sources
from workbench.generators.speech.letter_quality import edit_distance, measured
from workbench.generators.speech.lexicon import is_held_out, lexicon, read_lexicon
from workbench.generators.speech.lexicon_build import made_lexicon
from workbench.generators.speech.lexicon_sources import STRESS_PACKAGE, Sources, read_sources
from workbench.generators.speech.phones import SYMBOLS, is_vowel, without_stress
from workbench.generators.speech.possessive import with_s

# Consonants, vowels and consonants that are always said alike: rules can say words of them without a mistake.
_ONSETS = {"b": "B", "d": "D", "sh": "SH", "t": "T", "l": "L", "m": "M"}
_NUCLEI = {"a": "AE", "o": "AA", "ee": "IY", "u": "AH"}
_CODAS = {"n": "N", "x": "K S", "p": "P", "ck": "K"}
_STRESSED = {
    f"{a}{b}{c}{last}": [tuple(f"{_ONSETS[a]} {_NUCLEI[b]}1 {_CODAS[c]}{said}".split())]
    for a in _ONSETS
    for b in _NUCLEI
    for c in _CODAS
    for last, said in (("", ""), ("y", " IY0"), ("ing", " IH0 NG"))
}
_DICTIONARY = {word: without_stress(says[0]) for word, says in _STRESSED.items()}
SMALL = Sources(
    {
        **_DICTIONARY, "dan's": ("D", "AE", "N", "Z"), "dot's": ("D", "AA"), "b.": ("B", "IY"),
        "dadan": ("D", "AE", "D", "AE", "N"), "3d": ("D",), "up-to": ("AH", "P"), "mm": ("M",),
    },
    _STRESSED,
    {"a file": "00"},
)  # fmt: skip


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("lexicon") / "a.words"
    made_lexicon(SMALL).save(path)
    return path


def test_a_lexicon_says_what_its_sources_say(file: Path) -> None:
    words = read_lexicon(file)
    for word, (symbols,) in _STRESSED.items():
        assert words.symbols(word) == symbols
    assert words.sources == {"a file": "00"}
    left_out = {word for word in SMALL.dictionary if not words.has(word)}
    assert left_out == {"dan's", "3d", "up-to"}, "one follows a rule, two are not of letters"
    assert words.symbols("b.") == ("B", "IY1") and words.symbols("nowhere") is None
    assert words.symbols("mm") == ("M",)


def test_rules_say_words_that_they_were_not_learnt_from(file: Path) -> None:
    words = read_lexicon(file)
    assert words.held_out and all(map(is_held_out, words.held_out))
    quality = measured(words)
    assert quality.words == len(words.held_out)
    assert (quality.phone_error_rate, quality.words_right, quality.stress_right) == (0, 1, 1)
    assert words.rules.count < 60, "what a narrower context says needs no rule of its own"


def test_phones_are_counted_by_the_fewest_changes() -> None:
    assert edit_distance("kitten", "sitting") == 3
    assert edit_distance("", "ab") == edit_distance("ab", "") == 2


def test_the_shipped_rules_are_as_good_as_the_pages_say() -> None:
    quality = measured(lexicon())
    assert quality.words > 2_000
    assert quality.phone_error_rate < 0.105
    assert quality.words_right > 0.55 and quality.stress_right > 0.89


def test_every_shipped_word_can_be_said_and_has_its_stress() -> None:
    words = lexicon()
    for word in list(words.coded)[::7]:
        symbols = words.symbols(word)
        assert symbols and {*symbols} <= {*SYMBOLS}
        assert any(symbol.endswith("1") for symbol in symbols) == any(map(is_vowel, symbols))
    assert words.symbols("record") == ("R", "AH0", "K", "AO1", "R", "D")
    assert words.symbols("seven") == ("S", "EH1", "V", "AH0", "N")
    for letter in "abcdefghijklmnopqrstuvwxyz":
        assert words.has(f"{letter}.")


def test_the_shipped_lexicon_is_of_the_dictionary_that_is_installed() -> None:
    path = lexicon_sources._dictionary_file()
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert lexicon().sources[f"pocketsphinx {path.name}"] == digest


def test_possessives_end_as_their_words_ask() -> None:
    assert with_s(("K", "AE1", "T"))[-1] == "S"
    assert with_s(("D", "AO1", "G"))[-1] == "Z"
    assert with_s(("B", "AH1", "S"))[-2:] == ("IH0", "Z")
    assert with_s(("B", "AH", "S"))[-2:] == ("IH", "Z")


def test_sources_are_read_and_what_is_wrong_with_them_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stress = tmp_path / "stress.out"
    stress.write_text('MNCL\n("about" nil (((ax) 0) ((b aw t) 1)))\n("a" n (((ey) 1)))\n')
    plain = tmp_path / "plain.dict"
    plain.write_text("about AH B AW T\nabout(2) AH B\na AH\n")
    monkeypatch.setattr(lexicon_sources, "INSTALLED", stress)
    monkeypatch.setattr(lexicon_sources, "_dictionary_file", lambda: plain)
    sources = read_sources()
    assert sources.dictionary == {"about": ("AH", "B", "AW", "T"), "a": ("AH",)}
    assert sources.stressed == {"about": [("AH0", "B", "AW1", "T")], "a": [("EY1",)]}
    assert made_lexicon(sources).symbols("about") == ("AH0", "B", "AW1", "T")
    plain.write_text("about\n")
    with pytest.raises(WorkbenchError, match=r"plain\.dict has the line 'about'"):
        read_sources()
    plain.unlink()
    with pytest.raises(WorkbenchError, match=r"cannot read .*plain\.dict"):
        read_sources()
    plain.write_text("about AH B AW T\n")
    stress.write_text('("about" nil (((qq) 1)))\n')
    with pytest.raises(WorkbenchError, match="unknown phones for 'about'"):
        read_sources()
    monkeypatch.setattr(lexicon_sources, "INSTALLED", tmp_path / "nowhere")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(WorkbenchError, match=f"apt-get is missing.*{STRESS_PACKAGE}"):
        read_sources()


def test_without_pocketsphinx_making_it_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "pocketsphinx", None)
    assert main(["data", "pronunciations", "--out", str(tmp_path)]) == 2
    assert "[recogniser]" in capsys.readouterr().err
    assert main(["phones", "seven"]) == 0, "and what ships needs none of it"


def test_the_command_makes_the_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(lexicon_sources, "read_sources", lambda: SMALL)
    assert main(["data", "pronunciations", "--out", str(tmp_path / "new")]) == 0
    said = capsys.readouterr().out
    assert said.startswith("292 words and ") and "english.words" in said
    assert read_lexicon(tmp_path / "new" / "english.words") == made_lexicon(SMALL)


def test_the_command_that_says_phones(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["phones", "Brevitas: a CRC {HH AH1}"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("brevitas") and lines[0].endswith("(by rule)")
    assert lines[1].split() == [",", "SIL", "(pause)"]
    assert lines[-3].endswith("S IY1 AA1 R S IY1   (letters)")
    assert lines[-2].split() == ["HH", "AH1", "(by", "hand)"]
    assert lines[-1].endswith("1 of the words guessed by letter-to-sound rules")
    assert main(["phones", "--frames", "nine"]) == 0
    assert re.match(
        r"nine  N:\d+ AY1:\d+ N:\d+\n1 words, 3 phones, 0\.\d\d s;", capsys.readouterr().out
    )
    assert main(["phones", "--held-out"]) == 0
    assert "phone error rate 0.1" in capsys.readouterr().out
    for words in ([], ["seven", "--held-out"]):
        assert main(["phones", *words]) == 2
        assert "a text or --held-out" in capsys.readouterr().err
