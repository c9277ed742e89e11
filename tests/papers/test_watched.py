"""The experiment of monitors: what is calibrated is kept, whatever stops the rest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from workbench.experiments.monitors.calibration import Calibration
from workbench.experiments.voices.voice import Voice
from workbench.papers import calibrated
from workbench.papers.cell import Cell
from workbench.papers.paper import Paper
from workbench.papers.study import QUICK, study_of

WATCHED = """
title = "Watched"
question = "?"
[models]
int8 = "challenge"
[[data]]
name = "monitors"
kind = "behaviour"
monitors = ["sound-sanity", "hidden-markers"]
apart = ["1e3"]
frames = 4000
trials = 12
[[table]]
name = "all"
data = "monitors"
rows = "monitor"
columns = "measure"
keep = { measure = ["apart"] }
caption = "c"
"""


def test_an_interrupted_calibration_is_not_begun_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    right = calibrated.calibrate

    def stopped(voice: Voice, name: str, **options: Any) -> Calibration:
        asked.append(name)
        if len(asked) == 2:
            raise KeyboardInterrupt
        return right(voice, name, **options)

    def made() -> list[Cell]:
        study = study_of(WATCHED, "watched", tmp_path)
        return Paper(study, QUICK, tmp_path / "out", jobs=1).kinds["monitors"].cells()

    monkeypatch.setattr(calibrated, "calibrate", stopped)
    with pytest.raises(KeyboardInterrupt):
        made()
    cells = made()
    assert asked == ["sound-sanity", "hidden-markers", "hidden-markers"]
    assert made() == cells and len(asked) == 3
    found = [each for each in cells if each.measure == "found" and each.labels["class"] == "broken"]
    assert {each.labels["monitor"] for each in found} == {"sound-sanity", "hidden-markers"}
