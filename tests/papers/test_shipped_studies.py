"""The studies that ship, as quick runs: they are made whole, and numbers of each come out again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from workbench.cli import main
from workbench.papers.study import shipped_studies


@pytest.mark.parametrize("name", shipped_studies())
def test_a_quick_run_comes_out_again(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "paper")
    assert main(["paper", name, "--out", out, "--jobs", "1"]) == 0
    manifest = json.loads((tmp_path / "paper" / "manifest.json").read_text())
    assert manifest["budget"] == "quick" and manifest["numbers"] > 20
    assert main(["paper", name, "--out", out, "--jobs", "1", "--verify", "3"]) == 0
    assert capsys.readouterr().out.count("\nequal  ") == 3
