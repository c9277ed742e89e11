"""Who looks at an avatar: nothing is wrong with the clean one, much with a damaged one, and healing spares it."""

from __future__ import annotations

import pytest
from voices import voice

import workbench as wb
from workbench.cli import main
from workbench.experiments.applications.avatar import TALK_S_A_MONTH, WRONG, Viewer


def test_a_damaged_face_is_wrong_for_seconds_a_month(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["users", "avatar", "--upsets", "100", "--devices", "2"]
    assert main(words) == 0
    said = capsys.readouterr().out
    experienced = wb.users("avatar", upsets=[100], devices=2)
    clean, _, bare, healed = experienced.rows
    assert clean.shares[WRONG] == healed.shares[WRONG] == 0
    assert 0.05 < bare.shares[WRONG] < 1
    assert f"100 upsets, none: {bare.shares[WRONG] * TALK_S_A_MONTH:,.0f} s" in said


def test_a_voice_has_no_face_to_look_at() -> None:
    with pytest.raises(wb.WorkbenchError, match="challenge shapes no face"):
        Viewer(voice())
