"""What a campaign takes on a cluster: reckoned from a part of it, and held against a simulated cluster."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from small_campaign import IMAGE, INPUTS, small_campaign

from workbench.cli import main
from workbench.commands.benchmarks import cluster as command
from workbench.errors import WorkbenchError
from workbench.experiments.bench.cluster import Load, simulated_cluster
from workbench.experiments.campaigns import cluster_plan as cluster_plan_module
from workbench.experiments.campaigns.campaign_run import campaign_of
from workbench.experiments.campaigns.cluster_plan import (
    RESULT_BYTES_PER_S,
    TASK_BYTES,
    TASKS_PER_S,
    Pilot,
    cluster_plan,
    pilot_of,
)
from workbench.memory.faults.plan import Plan

# Of 20,000 shards of 500,000 trials for each of two words.
LARGE = campaign_of(IMAGE, INPUTS, Plan.parse("flips=1"), trials=5 * 10**9)
PILOT = Pilot(trials_per_s=25_000.0, bytes_per_trial=10.0, work_bytes=1000, disk_bytes_per_s=1e9)


def plan_of(pilot: Pilot = PILOT, **more: Any) -> Any:
    usual = {"cores": 1000, "network_bits_per_s": 1e9, "core_hour": 0.1}
    return cluster_plan(LARGE, pilot, **{**usual, **more})


def test_a_large_campaign_is_cut_into_few_shards() -> None:
    assert (LARGE.shards, LARGE.trials_a_shard) == (20_000, 500_000)
    many = campaign_of(IMAGE, INPUTS, Plan.parse("flips=30"), trials=5 * 10**9)
    assert many.trials_a_shard * 30 <= 1 << 20  # they are held in memory


def test_the_slowest_part_decides() -> None:
    plan = plan_of()
    assert plan.shard_s == 20.0 and plan.shard_bytes == 5e6
    assert plan.compute_s == pytest.approx(400.0) and plan.tasks_per_s == pytest.approx(50.0)
    assert plan.network_s == pytest.approx(8 * (1e11 + 20_000 * TASK_BYTES) / 1e9)
    assert plan.scheduler_s == pytest.approx(20_000 / TASKS_PER_S + 1e11 / RESULT_BYTES_PER_S)
    assert plan.disk_s == pytest.approx(100.0) and plan.work_bytes == 1e6
    assert plan.core_hours == pytest.approx(1e10 / 25_000 / 3600)
    assert plan.cost == pytest.approx(plan.core_hours * 0.1)
    assert plan.limit == "the network" and plan.wall_s == plan.network_s + 20.0
    assert plan_of(network_bits_per_s=1e12).limit == "computing"
    assert (
        plan_of(replace(PILOT, disk_bytes_per_s=1e7), network_bits_per_s=1e12).limit == "the disk"
    )
    assert plan_of(network_bits_per_s=1e12, cores=10**6).limit == "the scheduler"


@pytest.mark.parametrize("wrong", [{"cores": 0}, {"network_bits_per_s": 0.0}, {"core_hour": -1.0}])
def test_a_plan_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(WorkbenchError, match="cannot plan for"):
        plan_of(**wrong)


def test_a_part_is_measured_and_leaves_nothing(tmp_path: Path) -> None:
    pilot = pilot_of(small_campaign(), IMAGE, INPUTS, None, tmp_path / "out")
    assert pilot.trials_per_s > 0 and pilot.bytes_per_trial > 1 and pilot.disk_bytes_per_s > 0
    assert pilot.work_bytes > IMAGE.layout.size_bytes
    assert not list((tmp_path / "out").iterdir())


def test_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster_plan_module, "_PILOT_TRIALS", 200)
    words = [
        "campaign",
        "--fault",
        "flips=1",
        "--trials",
        "100000000",
        "--words",
        "3",
        "--plan",
        "1000",
    ]
    words += ["--out", str(tmp_path / "out"), "--json", str(tmp_path / "plan.json")]
    assert main(words) == 0
    said = capsys.readouterr().out
    (plan,) = json.loads((tmp_path / "plan.json").read_text())["plans"]
    assert plan["trials"] == 100_000_000 and f"{plan['shards']:,} of 65,536 trials" in said
    assert f"of which {plan['limit']} decides" in said and "on 1,000 cores" in said
    assert main([*words, "--plan", "0"]) == 2
    assert "cannot plan for 0 cores" in capsys.readouterr().err
    assert main(["campaign", "--fault", "flips=1", "--network", "10"]) == 2
    assert "--network belongs to a plan; add --plan CORES" in capsys.readouterr().err


def test_a_simulated_cluster(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "_TASK_S", 0.01)
    monkeypatch.setattr(command, "_ROUNDS", 3)
    monkeypatch.setattr(command, "EMPTY", Load(tasks=20, seconds=0, result_bytes=100))
    monkeypatch.setattr(command, "LARGE", Load(tasks=5, seconds=0, result_bytes=700_000))
    path = tmp_path / "rates.json"
    assert main(["bench", "cluster", "--workers", "3", "--json", str(path)]) == 0
    rates = json.loads(path.read_text())
    assert [each["load"]["tasks"] for each in rates.values()] == [20, 5, 9]
    empty = rates["empty tasks"]
    assert empty["received"] > 100 and 0 < empty["sent"] < 50_000 and empty["asked_per_s"] is None
    assert "3 simulated workers" in capsys.readouterr().out
    with pytest.raises(WorkbenchError, match="cannot simulate 0 workers"), simulated_cluster(0):
        pass
