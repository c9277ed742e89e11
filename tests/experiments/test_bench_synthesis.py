"""`workbench bench synthesis`: cores agree with the reference, and figures stay in their order of magnitude."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from workbench.cli import main
from workbench.commands.benchmarks import synthesis
from workbench.firmware.boards import CORES


def test_costs_of_two_cores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(synthesis, "CORES", {name: CORES[name] for name in ("m0plus", "m4")})
    main(["bench", "synthesis", "--json", str(tmp_path / "figures.json")])
    assert "every sample is that of the reference" in capsys.readouterr().out
    figures = json.loads((tmp_path / "figures.json").read_text())
    small, large = figures["cores"]
    assert (small["core"], large["core"]) == ("m0plus", "m4")
    assert 40_000 < large["unvoiced"] < large["voiced"] < large["most"] < 60_000
    assert large["most"] < small["voiced"] < small["most"] < 110_000
    assert figures["memory"] == {"table_bytes": 1804, "state_bytes": 652, "scratch_bytes": 2960}
