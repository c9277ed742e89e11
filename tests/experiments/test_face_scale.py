"""Classes of damaged faces: by the error of the shapes, in campaigns as in a single comparison."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import workbench as wb
from workbench.audio.face_metrics import BY_FACE, measure_face
from workbench.audio.scales import QUALITIES, ByError, scale_of_text, scale_text
from workbench.cli import main
from workbench.errors import WorkbenchError
from workbench.experiments.campaigns.trial_table import trial_table
from workbench.experiments.voices.voice import open_voice
from workbench.memory.faults.plan import Plan
from workbench.memory.faults.transients import Sites
from workbench.memory.trials.laboratory import Laboratory


def test_limits_are_a_quarter_a_half_and_all_of_the_error() -> None:
    scale = ByError(broken=0.1)
    errors = np.array([0.01, 0.0249, 0.0251, 0.0499, 0.0501, 0.0999, 0.1001, 1.0])
    names = [QUALITIES[n] for n in scale.quality(scale.fidelity_db(errors))]
    assert names == [name for name in QUALITIES[1:] for _ in range(2)]
    assert np.isinf(scale.fidelity_db(np.zeros(1))).all()
    assert scale.in_words["broken"] == "error > 0.1"
    assert scale_of_text(scale_text(scale)) == scale
    for text in ("error=", "error=-1", "error=x", "error=0.1,log_mel=1"):
        with pytest.raises(WorkbenchError):
            scale_of_text(text)


def test_a_trial_has_the_class_of_its_face() -> None:
    face = open_voice(generator="viseme")
    image, inputs = face.image(), face.inputs("3")
    laboratory, plan = Laboratory(image, inputs), Plan.parse("flips=20")
    numbers = np.arange(12)
    table = trial_table(
        laboratory, Sites(image), utterance="3", plan=plan, indexes=numbers, scale=BY_FACE
    )
    clean = np.ldexp(laboratory.clean.astype(float), -7)
    sounds = laboratory.sounds(plan.events(Sites(image), numbers), len(numbers))
    metrics = [measure_face(np.ldexp(codes.astype(float), -7), clean) for codes in sounds]
    assert table["quality"].to_pylist() == [each.quality for each in metrics]
    np.testing.assert_allclose(
        table["fidelity_db"].to_numpy(),
        BY_FACE.fidelity_db(np.array([each.error for each in metrics])),
        rtol=1e-5,
    )
    assert len({each.quality for each in metrics}) > 1


def test_a_campaign_of_faces_is_kept_summed_up_and_mapped(tmp_path: Path, capsys) -> None:
    words = ["campaign", "viseme", "--fault", "flips=1", "--trials", "40", "--words", "3"]
    assert main([*words, "--out", str(tmp_path / "c"), "--jobs", "1"]) == 0
    said = capsys.readouterr().out
    assert "broken (error > 0.1)" in said
    assert "lowest fidelity" in said
    results = wb.summary(tmp_path / "c")
    assert results is not None
    folder = str(open_voice(generator="viseme").folder)
    asked = ["map", str(tmp_path / "c"), "--checkpoint", folder, "--out", str(tmp_path / "m")]
    assert main(asked) == 0
    assert "broken: error > 0.1" in capsys.readouterr().out


def test_what_asks_a_recogniser_is_refused(tmp_path: Path, capsys) -> None:
    words = ["campaign", "viseme", "--fault", "flips=2", "--trials", "2", "--words", "3"]
    assert main([*words, "--log-mel", "1", "--out", str(tmp_path)]) != 0
    assert "is not a sound" in capsys.readouterr().err
