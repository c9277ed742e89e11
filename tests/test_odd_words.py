"""A voice of awkward words, from a folder on: trained, flipped, replayed, healed, counted, measured."""

from __future__ import annotations

import json
import shlex
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.audio.sound_files import write_wav
from workbench.cli import _parse, main
from workbench.commands.common import words_of
from workbench.errors import WorkbenchError, WorkbenchWarning
from workbench.experiments.campaigns.store import open_results
from workbench.experiments.campaigns.summary import summary
from workbench.experiments.voices.voice import Voice, open_voice
from workbench.experiments.voices.word_lists import in_one_text, words_in

WORDS = ["über", "it's", "a,b", "two words", 'say "hi"', "back\\slash", "seven"]
NFD = unicodedata.normalize("NFD", "über")
ESCAPED = [in_one_text([word]) for word in WORDS]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """A checkpoint of WORDS and the folder that it learned, with names like options and blanks in them."""
    folder = tmp_path_factory.mktemp("odd words")
    data, checkpoint = folder / "-my words", folder / "-my voice"
    for number, word in enumerate([NFD, *WORDS[1:]]):
        tone = 0.3 * np.sin(2 * np.pi * 150 * (number + 1) * np.arange(8000) / 16_000)
        write_wav(data / f"{word}.wav", tone)
    (data / "notes.txt").write_text("not a sound")
    command = ["train", "challenge", f"--data={data.name}", "--preset", "tiny"]
    with pytest.MonkeyPatch.context() as patch:
        lines: list[str] = []
        patch.setattr("builtins.print", lambda *text, **_: lines.append(" ".join(map(str, text))))
        patch.chdir(folder)
        assert main([*command, f"--out={checkpoint.name}"]) == 0
    yield SimpleNamespace(data=data, checkpoint=checkpoint, lines=lines)


@pytest.fixture(scope="module")
def odd(trained: SimpleNamespace) -> Voice:
    with pytest.warns(WorkbenchWarning, match="not used in"):
        return open_voice(trained.checkpoint, trained.data)


@pytest.fixture(scope="module", autouse=True)
def opened_once(odd: Voice) -> Iterator[None]:
    """Opening a voice costs more than most of what is done with this one."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("common", "measure"):
            patch.setattr(f"workbench.commands.{name}.open_voice", lambda *_, **__: odd)
        yield


def test_training_names_what_it_does_not_use_and_how_to_go_on(trained: SimpleNamespace) -> None:
    assert any(
        "train: note: not used in" in line and "'notes.txt'" in line for line in trained.lines
    )
    hint = trained.lines[-1].split("`")[1]
    options = _parse(shlex.split(hint)[1:])
    assert (Path("-my voice"), Path("-my words")) == (options.checkpoint[0], options.data)


def test_the_words_are_kept_in_one_form(odd: Voice) -> None:
    assert sorted(odd.utterances) == sorted(WORDS)
    assert odd.utterance(NFD) == "über"
    assert np.array_equal(odd.speak(NFD), odd.speak("über"))


@pytest.mark.parametrize("word", [*WORDS, NFD])
def test_a_word_is_flipped_and_replayed(
    word: str, trained: SimpleNamespace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    of = ["--checkpoint", str(trained.checkpoint)]
    assert main(["flip", *of, "--word", word, "--out", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    identifier = said.split("replay: ")[1].split("\n")[0]
    assert shlex.split(identifier) == [identifier]  # a shell leaves it as it is
    assert main(["replay", identifier, *of, "--out", str(tmp_path / "again.wav")]) == 0
    assert repr(unicodedata.normalize("NFC", word)) in capsys.readouterr().out
    after = (tmp_path / "after.wav").read_bytes()
    assert (tmp_path / "again.wav").read_bytes() == after


def test_several_words_are_healed_in_their_order(trained: SimpleNamespace, tmp_path: Path) -> None:
    command = ["heal", "--checkpoint", str(trained.checkpoint), "--upsets", "2"]
    command += ["--words", ",".join(ESCAPED), "--words", NFD]
    assert main([*command, "--out", str(tmp_path)]) == 0
    figures = json.loads((tmp_path / "heal.json").read_text(encoding="utf-8"))
    assert [row["utterance"] for row in figures["utterances"]] == [*WORDS, "über"]


def test_a_campaign_counts_each_word_once(trained: SimpleNamespace, tmp_path: Path) -> None:
    command = ["campaign", "--checkpoint", str(trained.checkpoint), "--fault", "flips=1"]
    command += ["--trials", "3", "--jobs", "1", "--out", str(tmp_path / "re sults")]
    assert main([*command, "--words", rf"{NFD},a\,b", "--words", "über", "--words", "it's"]) == 0
    (figures,) = summary([open_results(tmp_path / "re sults")])
    assert list(figures["utterances"]) == ["über", "a,b", "it's"]
    assert figures["trials"] == 9


def test_a_campaign_listens_to_what_the_recogniser_knows(
    trained: SimpleNamespace, tmp_path: Path
) -> None:
    command = ["campaign", "--checkpoint", str(trained.checkpoint), "--fault", "flips=1"]
    command += ["--trials", "3", "--listen", "2", "--jobs", "1", "--words", "über,seven"]
    assert main([*command, "--out", str(tmp_path)]) == 0
    rows = open_results(tmp_path).table().to_pylist()
    assert {row["utterance"] for row in rows} == {"über", "seven"}
    assert {row["utterance"] for row in rows if row["recognised"] is not None} == {"seven"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["a,b"], r"--words takes 'a,b' for several words; write --words='a\,b' for the one"),
        (["uber"], "cannot say 'uber'; did you mean über?"),
        (["it's,,seven"], """--words "it's,,seven" has an empty word"""),
        (["seven", ""], "--words '' has an empty word"),
    ],
)
def test_a_word_that_is_not_meant_is_said(
    words: list[str], message: str, trained: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    options = [part for word in words for part in ("--words", word)]
    for command in (["heal"], ["campaign", "--fault", "flips=1"], ["estimate"], ["worst"]):
        assert main([*command, "--checkpoint", str(trained.checkpoint), *options]) == 2
        said = capsys.readouterr().err
        assert message in said and said.count("\n") == 1


@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=1), min_size=1))
def test_any_words_survive_the_escape(words: list[str]) -> None:
    speaker: Any = SimpleNamespace(utterances=tuple(words), utterance=lambda text: text)
    assert words_of([in_one_text(words)], speaker) == tuple(words)
    assert words_of([in_one_text([word]) for word in words], speaker) == tuple(words)


@given(st.lists(st.text(st.sampled_from("a\\,") | st.characters(codec="utf-8")), min_size=1))
def test_splitting_is_the_inverse_of_escaping(words: list[str]) -> None:
    assert words_in(in_one_text(words)) == words


@given(st.text(st.sampled_from("ab\\,"), min_size=1))
def test_what_is_written_as_it_is_means_the_word_or_gets_the_way_to_write_it(word: str) -> None:
    speaker: Any = SimpleNamespace(utterances=(word,), utterance=lambda text: text)
    try:
        assert words_of([word], speaker) == (word,)
    except WorkbenchError as error:
        if "has an empty word" in str(error):
            return
        (hint,) = shlex.split(str(error).partition("; write ")[2].removesuffix(" for the one"))
        assert words_of([hint.removeprefix("--words=")], speaker) == (word,)


def test_measure_leaves_out_what_a_measure_cannot_take(
    trained: SimpleNamespace,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "odd_metrics.py").write_text(
        "def peak(test, reference): return abs(test).max()\n"
        "def fussy(test, reference): raise ValueError('no\\nthanks')\n"
    )
    monkeypatch.chdir(tmp_path)
    command = ["measure", "--checkpoint", str(trained.checkpoint), "--data", str(trained.data)]
    command += ["--metric", "odd_metrics:peak", "--metric", "odd_metrics:fussy"]
    assert main([*command, "--json", "figures.json"]) == 0
    figures = json.loads((tmp_path / "figures.json").read_text())
    voice, recordings = figures["-my voice"], figures["recordings"]
    assert list(voice["per_word"]) == ["it's", "seven", "two words"]
    assert set(voice["left_out"]["recognised"]) == {"über", "a,b", 'say "hi"', "back\\slash"}
    assert voice["recognised"] == pytest.approx(np.mean(list(voice["per_word"].values())), abs=1e-4)
    assert (recordings["nearest"], recordings["mfcc_dtw"]) == (1.0, 0.0)
    assert voice["mfcc_dtw"] > 0 and 0 <= voice["nearest"] <= 1
    assert voice["own"]["peak"] > 0 and voice["own"]["fussy"] is None
    output = capsys.readouterr().out
    assert "recognised of -my voice, recordings is without 'a,b'" in output
    assert "fussy has no value; ValueError: no thanks\n" in output
    assert "peak" in output.splitlines()[0]


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        ("peak", "is not MODULE:FUNCTION"),
        ("no_such_module:peak", "cannot be imported (ModuleNotFoundError"),
        ("math:peak", "has no attribute 'peak'"),
        ("math:pi", "cannot be called"),
        ("workbench.audio.metrics:stoi", "there are two metrics called 'stoi'"),
    ],
)
def test_a_metric_that_cannot_be_used_is_said(
    metric: str, message: str, trained: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["measure", "--checkpoint", str(trained.checkpoint), "--data", str(trained.data)]
    assert main([*command, "--metric", metric]) == 2
    assert message in capsys.readouterr().err.splitlines()[-1]


def test_another_language_is_a_dictionary_away(
    trained: SimpleNamespace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "own.dict"
    own.write_text("über UW B ER\nback\\slash B AE K\n", encoding="utf-8")
    command = ["measure", "--checkpoint", str(trained.checkpoint), "--data", str(trained.data)]
    assert main([*command, "--dict", str(own), "--json", str(tmp_path / "figures.json")]) == 0
    figures = json.loads((tmp_path / "figures.json").read_text())["-my voice"]
    assert list(figures["per_word"]) == ["über"]
    assert "in the recogniser's grammar" in figures["left_out"]["recognised"]["back\\slash"]
    assert main([*command, "--hmm", str(tmp_path)]) == 2
    assert "pocketsphinx cannot load" in capsys.readouterr().err.splitlines()[-1]


def test_no_text_of_words_is_wrong_in_another_way() -> None:
    speaker: Any = SimpleNamespace(utterances=("a",), utterance=lambda text: text)
    for text in (",", "a,", ",a", "", r"a,,\,"):
        with pytest.raises(WorkbenchError, match="has an empty word"):
            words_of([text], speaker)
    assert words_of([r"a\b\\,\,"], speaker) == ("a\\b\\", ",")
