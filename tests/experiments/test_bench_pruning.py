"""What pruning saves: the programs are pruned as they say, and figures are those of the emulated core."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from workbench.cli import main
from workbench.commands.benchmarks import pruning as command
from workbench.errors import WorkbenchError
from workbench.experiments.bench import pruning
from workbench.experiments.bench.kernel_layers import LAYERS
from workbench.experiments.bench.pruning import Savings, pruned_at_random
from workbench.experiments.voices.quality import Quality
from workbench.generators.challenge import GENERATOR
from workbench.integer.operators import PrunedConv
from workbench.integer.operators.pruned import block_grid

QUALITY = Quality(recognised=0.9, pesq_nb=1.5, stoi=None, log_mel_db=5.0, per_word={}, absent={})


@pytest.mark.parametrize("share", [0.25, 0.5, 0.75])
def test_every_four_rows_lose_their_share_and_nothing_else_changes(share: float) -> None:
    program = LAYERS["conv64"].program()
    (conv,), (pruned,) = program.operators, pruned_at_random(program, share).operators
    assert isinstance(pruned, PrunedConv)
    assert pruned.kept.shape[1] == 24 - int(24 * share)
    before, after = block_grid(conv.weight), block_grid(pruned.dense.weight)
    gone = (after == 0).all(axis=(2, 3))
    assert (gone.sum(axis=1) == int(24 * share)).all()
    assert len(np.unique(gone, axis=0)) > 1
    assert (np.where(gone[:, :, None, None], 0, before) == after).all()


def test_what_has_too_few_blocks_is_refused() -> None:
    with pytest.raises(WorkbenchError, match="can be pruned in blocks"):
        pruned_at_random(LAYERS["pointwise16"].program(), 0.5)


def test_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "PRUNED_LAYERS", ("fc128",))
    monkeypatch.setattr(pruning, "SHARES", (0.5, 0.75))
    monkeypatch.setattr(command, "SHARES", (0.5, 0.75))
    monkeypatch.setattr(command, "quality_of_voice", lambda _: QUALITY)
    measured = command.savings  # of the layer; of networks it is as of layers, and slow
    network = Savings("network", (300, 200, 100), (400.0, 300.0, 200.0))
    monkeypatch.setattr(
        command, "savings", lambda *given, **least: network if least else measured(*given)
    )
    shutil.copytree(GENERATOR.checkpoint("safety"), tmp_path / "small")
    words = ["bench", "pruning", "--checkpoint", str(tmp_path / "small"), "--out", str(tmp_path)]
    assert main([*words, "--json", str(tmp_path / "figures.json")]) == 0
    figures = json.loads((tmp_path / "figures.json").read_text())
    layer, *networks = figures["rows"]
    assert layer["macs"] == [128 * 128, 128 * 64, 128 * 32]
    assert layer["times_fewer"][0] > 1.6 and layer["times_fewer"][1] > 2
    assert [each["times_fewer"] for each in networks] == 2 * [[400 / 300, 2.0]]
    assert network.line == pytest.approx((100, 1))
    assert 0 < figures["voices"][0]["instructions"] < 60_000
    assert figures["voices"][0]["pesq_nb"] == 1.5
    assert (tmp_path / "pruning.png").stat().st_size > 10_000
    assert "left out" in capsys.readouterr().out
