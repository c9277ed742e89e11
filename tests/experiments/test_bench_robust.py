"""What bit errors do to voices: the figures of `bench robust` are those of the bytes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from workbench.audio.scales import harm
from workbench.cli import main
from workbench.experiments.bench import robust
from workbench.experiments.voices.quality import Quality
from workbench.experiments.voices.voice import open_voice
from workbench.generators.challenge import GENERATOR
from workbench.integer.reference import run
from workbench.memory.faults.plan import Plan
from workbench.memory.faults.transients import Sites
from workbench.memory.trials.truth import play

WORDS = ("7", "1")
TRIALS = 2


def test_harm_is_that_of_the_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(robust, "RATES", (1e-3,))
    quality = Quality(0.9, 1.5, None, 5.0, per_word={}, absent={})
    monkeypatch.setattr(robust, "quality_of_voice", lambda _: quality)
    monkeypatch.setattr(type(GENERATOR), "usual", lambda *_: WORDS)
    shutil.copytree(GENERATOR.checkpoint("safety"), tmp_path / "small")
    figures = tmp_path / "figures.json"
    words = ["bench", "robust", "--out", str(tmp_path), "--trials", str(TRIALS)]
    assert main([*words, "--json", str(figures)]) == 0
    (row,) = json.loads(figures.read_text())["voices"]
    image = open_voice(tmp_path / "small").image()
    sites, voice = Sites(image), open_voice(tmp_path / "small")
    for part, condition in robust.PARTS.items():
        plan, energies = Plan.parse(f"ber=0.001{condition}"), []
        for word in WORDS:
            inputs = voice.inputs(word)
            clean = run(image.program, inputs)[image.program.output][0].astype(float)
            for trial in range(TRIALS):
                hit = play(image, inputs, plan.events(sites, np.array([trial]))).astype(float)
                energies.append(((hit - clean) ** 2).sum() / (clean**2).sum())
        fidelity = -10 * np.log10(energies)
        assert row["harm"][part] == pytest.approx([harm(fidelity).mean()])
        assert row["broken"][part] == [np.mean(fidelity < 9)]
    assert row["quality"] == {"recognised": 0.9, "pesq_nb": 1.5}
    assert (tmp_path / "robust.png").read_bytes().startswith(b"\x89PNG")
    assert "\nsmall " in capsys.readouterr().out


def test_a_folder_without_checkpoints_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", "robust", "--out", str(tmp_path)]) == 2
    assert "no checkpoint in a folder" in capsys.readouterr().err
