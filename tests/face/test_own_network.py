"""A network of one's own is a voice after it is lowered: attacked, healed and exported like others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import workbench as wb
from workbench.generators.layers import CausalConv1d, Precision, quantise, relu


@pytest.fixture(scope="module")
def lowered() -> Any:
    torch.manual_seed(0)
    p = Precision(8, 8)
    layers = (quantise(p), CausalConv1d(1, 8, 5, precision=p), relu(p), CausalConv1d(8, 1, 1, precision=p), quantise(p))  # fmt: skip
    net = torch.nn.Sequential(*layers)
    for _ in range(40):  # the quantisers find their ranges
        net(torch.randn(4, 1, 100))
    return wb.lower(net.eval(), {"input": wb.Samples(1)}, name="mine", input_rate_hz=8000.0)


@pytest.fixture(scope="module")
def voice(lowered: Any) -> wb.Voice:
    generator = torch.Generator().manual_seed(1)
    sounds = {name: torch.randn(1, 1, 64, generator=generator) for name in ("hum", "hiss")}
    return wb.voice_of(lowered, {name: {"input": sound} for name, sound in sounds.items()})


def test_it_speaks_and_is_damaged(voice: wb.Voice) -> None:
    assert voice.utterances == ("hum", "hiss") and voice.sample_rate_hz == 8000
    clean = voice.speak("hum")
    assert clean.sample_rate_hz == 8000 and len(clean) == 64
    assert not np.array_equal(
        clean, voice.speak("hum", voice.image().flip(tensor="weight", bits=6))
    )
    with pytest.raises(wb.WorkbenchError, match=r"cannot say 'hun'; did you mean hum\?"):
        voice.speak("hun")


def test_it_goes_through_experiments(voice: wb.Voice, tmp_path: Path) -> None:
    trials = wb.campaign(voice, "flips=2", trials=6, utterances="hum", jobs=1)
    assert len(trials) == 6 and set(trials.utterance) == {"hum"}
    table = wb.compare(voice, ["none", "crc-scrub"], devices=2, utterances=2, jobs=1)
    assert [each["strategy"] for each in table.records] == ["none", "crc-scrub"]
    made = wb.export(voice, "crc-scrub", tmp_path / "fw")
    assert made.vectors == ("hum", "hiss") and (tmp_path / "fw" / "model.h").exists()


@pytest.mark.parametrize(
    ("utterances", "words"),
    [
        ({}, "a voice has at least one utterance"),
        (["hum"], "the utterances of a voice is"),
        ({"hum": {}}, "program mine needs the input 'input' too"),
        ({3: {}}, "the name of an utterance is 3"),
    ],
)
def test_what_is_no_utterance_is_refused(lowered: Any, utterances: Any, words: str) -> None:
    with pytest.raises(wb.WorkbenchError, match=words):
        wb.voice_of(lowered, utterances)
    with pytest.raises(wb.WorkbenchError, match=r"give what wb\.lower"):
        wb.voice_of(lowered.program, utterances)
