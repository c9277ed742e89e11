"""The lines of a demonstration's stages."""

from __future__ import annotations

import pytest

from workbench.experiments.demo import stages as module
from workbench.experiments.demo.stages import Stages


def test_lines_tell_what_was_done_and_what_is_left(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    stages = Stages((1, 3, 4))
    for what, seconds in (("one", 10.0), ("two", 20.0), ("three", 44.0)):
        with stages.stage(what):
            now[0] += seconds
    assert capsys.readouterr().err.splitlines() == [
        "[1/3] one ... 10.0 s",
        "[2/3] two (about 70 s left) ... 20.0 s",
        "[3/3] three (about 30 s left) ... 44.0 s",
    ]


def test_a_stage_that_fails_is_stopped(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="no"), Stages((1,)).stage("one"):
        raise ValueError("no")
    assert capsys.readouterr().err == "[1/1] one ... stopped\n"
