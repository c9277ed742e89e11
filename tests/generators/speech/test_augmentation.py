"""Prompts that another voice says: their texts, their phones, and how they become those of one's own voice."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.audio.flite import Spoken, spoken
from workbench.audio.speech_analysis import FLOOR, controls_of
from workbench.errors import WorkbenchError
from workbench.experiments.bench.unseen_texts import never_learnt, unseen_words, words_of
from workbench.generators.speech import augmentation
from workbench.generators.speech.augmentation import FOLDER, augment, prompt_of, texts
from workbench.generators.speech.conversion import conversion
from workbench.generators.speech.phones import PAUSE
from workbench.generators.speech.prompts import Prompt, from_plain, is_held_out, plain, read_prompts
from workbench.generators.speech.timeline import Timeline


def _said(phones: str, seconds: float = 0.1) -> Spoken:
    names = tuple(phones.split())
    ends = tuple(seconds * (n + 1) for n in range(len(names)))
    t = np.arange(round(16_000 * (ends[-1] + 0.05))) / 16_000
    k = np.arange(1, 20)[:, None]
    voice = (np.sin(2 * np.pi * 150 * k * t) / k).sum(axis=0)
    return Spoken((0.1 * voice).astype(np.float32), names, ends)


def test_texts_are_drawn_by_their_seed_and_keep_words_out() -> None:
    first = list(islice(texts(1, without=()), 40))
    assert first == list(islice(texts(1, without=()), 40))
    assert first != list(islice(texts(2, without=()), 40))
    drawn = {word for text in first for word in words_of(text)}
    without = set(sorted(drawn - set(augmentation._FUNCTION_WORDS))[:20])
    others = islice(texts(1, without=without), 40)
    assert not without & {word for text in others for word in words_of(text)}


def test_what_judges_a_voice_is_never_learnt() -> None:
    assert set(unseen_words()[0]) <= never_learnt()
    assert "the" not in never_learnt()


def test_vowels_get_the_stress_of_the_lexicon_and_phones_their_frames() -> None:
    prompt = prompt_of(
        _said("pau ax b aw t dx ix pau"), ("AH0", "B", "AW1", "T", PAUSE, "T", "IH0"), controls_of
    )
    assert prompt is not None
    assert prompt.timeline.symbols == (PAUSE, "AH0", "B", "AW1", "T", "T", "IH0", PAUSE)
    assert prompt.timeline.durations == (10, 10, 10, 10, 10, 10, 10, 16)
    assert len(prompt.controls) == prompt.timeline.frames


def test_another_quality_of_a_vowel_keeps_its_stress() -> None:
    pronounced = ("S", "EH1", "V", "AH0", "N", "T", "IY1", "N", "S")
    prompt = prompt_of(_said("s ae v ax n t iy n s"), pronounced, controls_of)
    assert prompt is not None and prompt.timeline.symbols[1] == "AE1"


def test_another_pronunciation_is_no_prompt() -> None:
    assert prompt_of(_said("k ae t"), ("D", "AO1", "G", "Z"), controls_of) is None


@st.composite
def voices(draw: st.DrawFn) -> tuple[list[Prompt], list[Prompt]]:
    """Many frames of two voices, which say the same phones in their own way."""
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    both = []
    for _ in range(2):
        timeline = Timeline((PAUSE, "AH0", "S"), (400, 20_000, 20_000))
        controls = rng.normal(-5, 0.3, (timeline.frames, 38))
        controls += np.repeat(rng.normal(0, 1, (3, 38)), timeline.durations, axis=0)
        controls[:, 32:37] = np.repeat([[0.0], [0.9], [0.1]], timeline.durations, axis=0)
        controls[:, 37] = rng.normal(draw(st.floats(6.5, 8)), 0.1, timeline.frames)
        both.append([Prompt(timeline, controls.astype(np.float32))])
    return both[0], both[1]


@settings(max_examples=10)
@given(pair=voices())
def test_converted_phones_have_mean_deviation_and_pitch_of_ones_own(
    pair: tuple[list[Prompt], list[Prompt]],
) -> None:
    other, own = pair
    (converted,) = (conversion(other, own).converted(prompt) for prompt in other)
    assert converted.timeline == other[0].timeline
    inside = slice(500, 20_300)  # of "AH0"
    mine, made = own[0].controls[inside], converted.controls[inside]
    assert np.allclose(made[:, :32].mean(0), np.maximum(mine[:, :32], FLOOR).mean(0), atol=0.05)
    assert np.array_equal(made[:, 32:37], other[0].controls[inside, 32:37])
    assert made[:, 37].mean() == pytest.approx(mine[:, 37].mean(), abs=0.02)
    assert made[:, 37].std() == pytest.approx(mine[:, 37].std(), rel=0.05)


def test_prompts_of_another_voice_are_learnt_beside_ones_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(augmentation, "spoken", lambda text: _said("pau k ae t pau"))
    monkeypatch.setattr(augmentation, "phones_of", lambda text: ("K", "AE1", "T"))
    own = [prompt_of(_said("pau k ae t pau", 0.15), ("K", "AE1", "T"), controls_of)]
    seconds = augment(
        [each for each in own if each], tmp_path, without=(), analyse=controls_of, count=3
    )
    made = read_prompts(tmp_path, held_out=False)
    assert len(made) == 3
    assert all(label.startswith(FOLDER) and not is_held_out(label) for label in made)
    assert seconds == pytest.approx(sum(prompt.timeline.frames for prompt in made.values()) / 100)


def test_a_prompt_is_kept_without_rounding() -> None:
    prompt = prompt_of(_said("pau k ae t pau"), ("K", "AE1", "T"), controls_of)
    assert prompt is not None
    again = from_plain(json.loads(json.dumps(plain(prompt))))
    assert again.timeline == prompt.timeline
    assert np.array_equal(again.controls, prompt.controls)


def test_without_flite_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(WorkbenchError, match="apt-get install flite"):
        spoken("one")
