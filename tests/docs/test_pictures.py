"""The pictures of the concepts can be drawn again with the code as it is."""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib
import pytest
from pages import ROOT

sys.path.insert(0, str(ROOT / "docs" / "pictures"))

import draw


def test_all_are_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draw, "HERE", tmp_path)
    with matplotlib.rc_context():
        draw.main()
    stored = (ROOT / "docs" / "pictures").glob("*.svg")
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in stored}
