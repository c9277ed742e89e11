"""`workbench bench kernels`: every code is that of the reference, and no core falls back behind other libraries."""

import json
from pathlib import Path

import pytest

from workbench.cli import main
from workbench.commands.benchmarks import kernels
from workbench.experiments.bench.kernel_layers import LAYERS, M55, PEERS
from workbench.firmware.boards import CORES

_QUICK = ("fc128", "depthwise", "fc128-int4", "last-int16")


@pytest.mark.parametrize("core", ["m0plus", "m3", "m4"])
def test_figures(
    core: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(kernels, "CORES", {core: CORES[core]})
    monkeypatch.setattr(kernels, "LAYERS", {name: LAYERS[name] for name in _QUICK})
    main(["bench", "kernels", "--json", str(tmp_path / "figures.json"), "--out", str(tmp_path)])
    assert (tmp_path / "kernels.png").stat().st_size > 10_000
    assert "every code is that of the reference" in capsys.readouterr().out
    rows = json.loads((tmp_path / "figures.json").read_text())
    assert {row["kernels"] for row in rows} == {"tuned", "plain"}
    assert {row["layer"] for row in rows} == set(_QUICK)
    for row in rows:
        assert row["peer"] == PEERS[row["core"]].get(row["layer"])
        if row["core"] == M55:  # where QEMU is installed
            assert row["instructions_per_mac"] > 0.1 and row["cycles_per_mac"] is None
            continue
        assert row["cycles_per_mac"] > row["instructions_per_mac"] > 0.5
        if row["kernels"] == "tuned" and row["peer"]:
            assert row["instructions_per_mac"] < row["peer"], row
        if row["kernels"] == "tuned" and core != "m4" and row["layer"] == "fc128":
            assert row["after_relu"] < row["instructions_per_mac"]
