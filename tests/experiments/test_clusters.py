"""Clusters: the results are those of this machine, and whatever is lost there costs no record and one sentence."""

from __future__ import annotations

import os
import signal
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from programs import random_inputs, random_program
from small_campaign import IMAGE, INPUTS, run_small, small_campaign

from workbench.errors import WorkbenchError
from workbench.experiments.campaigns.campaign_run import run_campaign
from workbench.experiments.campaigns.store import Store, read_results
from workbench.experiments.fleets.comparison import ENVIRONMENTS, Case, records_of
from workbench.experiments.fleets.workload import Workload
from workbench.experiments.maps.worst_bits import worst_bits
from workbench.experiments.parallel import cluster as cluster_module
from workbench.experiments.parallel.task import Code, code_here
from workbench.experiments.parallel.workers import Workers
from workbench.experiments.sweeps.sweep import Variant, sweep
from workbench.generators.challenge import GENERATOR
from workbench.healing.strategies.named import nothing, scrub

distributed = pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A scheduler and two worker processes, which come back when they are killed."""
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as started:
        yield started


@pytest.fixture
def address(cluster: Any) -> str:
    """Of the scheduler, when both workers are there."""
    with distributed.Client(cluster, set_as_default=False) as client:
        client.wait_for_workers(2)
    return str(cluster.scheduler_address)


@pytest.fixture
def in_process() -> Iterator[Any]:
    """A scheduler and a worker in this process, for what goes wrong before they matter."""
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address=":0"
    ) as started:
        yield started


def kill(cluster: Any) -> None:
    os.kill(next(iter(cluster.workers.values())).pid, signal.SIGKILL)


def test_a_campaign_loses_a_worker_and_no_row(cluster: Any, address: str, tmp_path: Path) -> None:
    class Killing(Store):
        def add(self, number: int, data: bytes) -> None:
            super().add(number, data)
            if len(self.done) == 8:
                kill(cluster)

    with Killing(tmp_path / "there", small_campaign()) as store:
        run_campaign(store, IMAGE, INPUTS, dask=address)
    run_small(tmp_path / "here")
    assert read_results(tmp_path / "there").equals(read_results(tmp_path / "here"))


def test_fleets_and_searches_are_those_of_this_machine(cluster: Any, address: str) -> None:
    program = random_program(36)
    words = {name: random_inputs(program, seed, 12) for seed, name in enumerate("abc")}
    workload = Workload(12, 5, ("poisson=12Hz", "fluence=2e-4"), seed=3)
    cases = [
        Case(program, strategy, ENVIRONMENTS["single"], workload)
        for strategy in (nothing(), scrub("crc32", 1, unit_bytes=64))
    ]
    candidates = IMAGE.layout.positions()

    def results(workers: Workers) -> tuple[Any, ...]:
        reported: list[int] = []
        records = dict(records_of(None, words, cases, workers, progress=reported.append))
        assert sum(reported) == 24
        worst = worst_bits(IMAGE, INPUTS, candidates, bits=2, workers=workers)
        return records[0], records[1], worst

    with Workers(dask=address) as workers:
        assert workers.cores == 2
        there = results(workers)
    here = results(Workers(1))
    assert here == there and here[0]["harm"] > 0


def test_trainings_are_those_of_this_machine(address: str, tmp_path: Path) -> None:
    hum = np.sin(np.arange(1500) / 20).astype(np.float32)
    variant, recipe = Variant("one", 1, sparsity=0.5), GENERATOR.presets["tiny"]
    made = []
    for place, dask in (("here", None), ("there", address)):
        with Workers(1, dask) as workers:
            assert not sweep(GENERATOR, {"a": hum}, recipe, [variant], tmp_path / place, workers)
        made.append((tmp_path / place / "one" / "model.safetensors").read_bytes())
    assert made[0] == made[1]


def test_a_case_that_fails_leaves_the_others(address: str) -> None:
    program = random_program(36)
    words = {"a": random_inputs(program, 1, 12)}
    wrong = Workload(1, 1, (f"bits={10**9}",))
    cases = [
        Case(program, nothing(), ENVIRONMENTS["single"], workload)
        for workload in (wrong, Workload(1, 1))
    ]
    with Workers(dask=address) as workers:
        records = dict(records_of(None, words, cases, workers))
    assert isinstance(records[0], WorkbenchError) and records[1]["harm"] == 0


def test_errors_of_tasks_come_back_with_what_happened(address: str) -> None:
    with Workers(dask=address) as workers:
        done = sorted(workers.each(int, [("3",), ("x",), (np.int64(4),)], count=3))
        assert [each.value for each in done] == [3, None, 4]
        with pytest.raises(ValueError, match="invalid literal") as caught:
            done[1].result()
        assert "Traceback" in caught.value.__notes__[0]


def test_a_scheduler_that_dies_costs_a_sentence_and_no_row(
    in_process: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster_module, "_CONNECT_S", 1)

    class Ending(Store):
        def add(self, number: int, data: bytes) -> None:
            super().add(number, data)
            if len(self.done) == 8:
                in_process.close()

    with (
        Ending(tmp_path, small_campaign()) as store,
        pytest.raises(WorkbenchError, match=r"was lost.*kept, so mend it and run the same command"),
    ):
        run_campaign(store, IMAGE, INPUTS, dask=in_process.scheduler_address)
    kept = {path.name for path in (tmp_path / "shards").iterdir()}
    assert 8 <= len(kept) < 60
    run_small(tmp_path)
    assert kept <= {path.name for path in (tmp_path / "shards").iterdir()}


def test_a_worker_of_another_version_is_one_sentence(
    in_process: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Other(cluster_module.Cluster):
        """This machine, with other code."""

        def _refuse_other_code(self) -> None:
            self.code = Code("9.9", code_here().digest[::-1])
            super()._refuse_other_code()

    monkeypatch.setattr(cluster_module, "Cluster", Other)
    sentence = (
        r"the worker inproc:.* runs another workbench \(.*\) than this machine \(9\.9, sources "
    )
    with pytest.raises(WorkbenchError, match=sentence):
        run_small(tmp_path, dask=in_process.scheduler_address)


def test_a_worker_of_another_version_may_join_later(in_process: Any, tmp_path: Path) -> None:
    with Workers(dask=in_process.scheduler_address) as workers:
        assert workers._cluster
        workers._cluster.code = Code("9.9", "")
        (done,) = workers.each(int, [("3",)], count=1)
        with pytest.raises(WorkbenchError, match="runs another workbench"):
            done.result()


def test_a_worker_without_a_package_is_one_sentence(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = types.ModuleType("only_here")
    exec("def twice(n):\n    return 2 * n\nclass Own:\n    pass", module.__dict__)
    monkeypatch.setitem(sys.modules, "only_here", module)
    with Workers(dask=address) as workers:
        for function, argument in ((module.__dict__["twice"], 1), (str, module.__dict__["Own"]())):
            (done,) = workers.each(function, [(argument,)], count=1)
            with pytest.raises(
                WorkbenchError, match=r"cannot open a task .*only_here.*install the same"
            ):
                done.result()


def test_a_cluster_without_workers_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster_module, "_WORKERS_S", 1)
    with (
        distributed.LocalCluster(n_workers=0, processes=False, dashboard_address=":0") as empty,
        pytest.raises(WorkbenchError, match=r"was lost or has no workers.*run the same command"),
    ):
        run_small(tmp_path, dask=empty.scheduler_address)


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nonsense://x", "no port"])
def test_no_scheduler_is_one_sentence(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster_module, "_CONNECT_S", 1)
    with pytest.raises(WorkbenchError, match="no Dask scheduler answers at"):
        run_small(tmp_path, dask=address)
