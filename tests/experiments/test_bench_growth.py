"""`bench growth`: its networks, its figures, and the files that it writes; sizes of one's own keep it small."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from voices import voice

from workbench.cli import main
from workbench.commands import kept
from workbench.commands.benchmarks import growth as command
from workbench.experiments.bench import growth
from workbench.experiments.bench.growing import grown_program, random_latents, weights_of
from workbench.experiments.bench.growth import CHANNELS
from workbench.integer.operators import Conv
from workbench.integer.reference import run


def test_networks_grow_from_ten_thousand_to_two_million_weights_and_are_alive() -> None:
    small, large = (grown_program(channels) for channels in (CHANNELS[0], CHANNELS[-1]))
    assert weights_of(small) == pytest.approx(1e4, rel=0.2)
    assert weights_of(large) == pytest.approx(2e6, rel=0.2)
    codes = run(small, random_latents(small, 8))
    for operator in small.operators:
        if isinstance(operator, Conv):  # neither silent nor always at the limits
            used = codes[operator.target]
            assert (
                used.std() > 8 and np.mean((used == operator.low) | (used == operator.high)) < 0.3
            )


def _noted(measured: list[str], function: Callable[..., Any], *arguments: Any) -> Any:
    """The function's value, its name noted; the sixth call of all is interrupted."""
    measured.append(function.__name__)
    if len(measured) == 6:
        raise KeyboardInterrupt
    return function(*arguments)


@pytest.mark.usefixtures("rough_pictures")
def test_figures_and_pictures_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    voice()
    for name, sizes in (
        ("trials_by_weights", {"channels": (8, 12)}),
        ("memory_by_batch", {"batches": (4, 64)}),
        ("seconds_by_devices", {"devices": (1, 2)}),
    ):
        monkeypatch.setattr(command, name, partial(getattr(command, name), **sizes))
    monkeypatch.setattr(command, "_STRATEGIES", ("none", "pq-scrub"))
    monkeypatch.setattr(kept, "ROOT", tmp_path / "kept")
    measured: list[str] = []
    for name in ("_trials", "_memory", "_fleets"):
        monkeypatch.setattr(growth, name, partial(_noted, measured, getattr(growth, name)))
    words = ["bench", "growth", "--seconds", "0.001", "--out", str(tmp_path)]
    assert main(words) == 130 and len(measured) == 6  # two of each; interrupted in the last one
    assert main(words) == 0 and measured[6:] == ["_fleets"]
    figures = json.loads((tmp_path / "growth.json").read_text())
    trials, memory = figures["trials by weights"], figures["memory by batch"]
    assert [row["weights"] for row in trials] == sorted(row["weights"] for row in trials)
    assert all(row["trials_per_s"] > 0 for row in trials)
    small, large = (row["sounds_bytes"] for row in memory)
    samples = voice().frames(voice().utterances[0]) * voice().program.signal("up2").rate
    assert small >= 4 * 2 * samples and large >= 16 * small * 0.5
    times = figures["time by devices"]
    assert [(row["strategy"], row["devices"]) for row in times] == [
        ("none", 1), ("none", 2), ("pq-scrub", 1), ("pq-scrub", 2),
    ]  # fmt: skip
    for name in ("trials.png", "memory.png", "compare.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")
    assert "pq-scrub" in capsys.readouterr().out
    assert main(["bench", "growth", "--seconds", "0", "--out", str(tmp_path)]) == 2
