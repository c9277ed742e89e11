"""A scheduler that is killed outright, with processes of its own: one sentence, and no row is lost or made twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow.compute as pc
import pytest
from programs import random_inputs, random_program
from small_campaign import IMAGE, INPUTS, run_small, small_campaign
from waiting import wait_until

from workbench.errors import WorkbenchError
from workbench.experiments.campaigns.campaign_run import run_campaign
from workbench.experiments.campaigns.store import Store, read_results
from workbench.experiments.fleets import fleet_run
from workbench.experiments.fleets.comparison import ENVIRONMENTS, Case, records_of
from workbench.experiments.fleets.workload import Workload
from workbench.experiments.parallel.workers import Workers
from workbench.healing.strategies.named import scrub

distributed = pytest.importorskip("distributed")

SENTENCE = r"^the cluster at .* was lost .*; what is finished is kept, so mend it and run the same"


class Processes:
    """`dask scheduler` and two `dask worker` on loopback, as somebody starts them in terminals."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.started: list[subprocess.Popen[bytes]] = []
        self.address = ""

    def start(self) -> str:
        """Start all of them, on the port of before where there was one; the address when the workers are there."""
        file = self.folder / f"scheduler-{len(self.started)}.json"
        port = self.address.rpartition(":")[2] or "0"
        words = ["--host", "127.0.0.1", "--port", port, "--no-dashboard", "--no-show"]
        scheduler = self._run("dask_scheduler", *words, "--scheduler-file", str(file))
        wait_until(lambda: file.exists() and file.read_text().endswith("}"), scheduler)
        self.address = json.loads(file.read_text())["address"]
        for _ in range(2):
            place = ["--local-directory", str(self.folder)]
            self._run("dask_worker", self.address, "--nthreads", "1", "--no-dashboard", *place)
        with distributed.Client(self.address, set_as_default=False) as client:
            client.wait_for_workers(2)
        return self.address

    def _run(self, module: str, *words: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.{module}", *words],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # a worker has a nanny, and both are to end
        )
        self.started.append(process)
        return process

    def kill_scheduler(self) -> None:
        """As the kernel does where memory is short: nobody is told."""
        scheduler = self.started[-3]
        scheduler.kill()
        scheduler.wait()

    def end(self) -> None:
        for process in self.started:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    made = Processes(tmp_path)
    try:
        yield made
    finally:
        made.end()


@pytest.mark.parametrize("restarted", [False, True], ids=["gone", "restarted at its port"])
def test_a_campaign_ends_with_a_sentence_and_goes_on(
    restarted: bool, processes: Processes, tmp_path: Path
) -> None:
    class Killing(Store):
        def add(self, number: int, data: bytes) -> None:
            super().add(number, data)
            if len(self.done) == 8:
                processes.kill_scheduler()
                if restarted:
                    processes.start()

    address, folder = processes.start(), tmp_path / "there"
    with Killing(folder, small_campaign()) as store, pytest.raises(WorkbenchError, match=SENTENCE):
        run_campaign(store, IMAGE, INPUTS, dask=address)
    kept = {path.name: path.read_bytes() for path in (folder / "shards").iterdir()}
    assert 8 <= len(kept) < small_campaign().shards
    run_small(folder, dask=processes.address if restarted else processes.start())
    rows = read_results(folder)
    assert kept.items() <= {p.name: p.read_bytes() for p in (folder / "shards").iterdir()}.items()
    run_small(tmp_path / "here")
    assert rows.equals(read_results(tmp_path / "here"))
    assert rows.num_rows == small_campaign().rows
    assert pc.count_distinct(rows["trial"]).as_py() == small_campaign().trials


def test_fleets_keep_their_parts(
    processes: Processes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fleet_run, "_LEAST_DEVICES", 2)
    program = random_program(36)
    words = {name: random_inputs(program, seed, 12) for seed, name in enumerate("abc")}
    workload = Workload(12, 5, ("poisson=12Hz",), seed=3)
    case = Case(program, scrub("crc32", 1, unit_bytes=64), ENVIRONMENTS["single"], workload)
    done: list[int] = []

    def kill_once(devices: int) -> None:
        done.append(devices)
        if len(done) == 2:
            processes.kill_scheduler()

    with (
        pytest.raises(WorkbenchError, match=SENTENCE),
        Workers(dask=processes.start()) as workers,
    ):
        list(records_of(tmp_path / "fleets", words, [case], workers, progress=kill_once))
    simulated: list[int] = []
    ((_, record),) = records_of(
        tmp_path / "fleets", words, [case], Workers(1), progress=simulated.append
    )
    assert (
        simulated[0] == sum(done) >= 4 and sum(simulated) == 12
    )  # the first call tells what was kept
    ((_, whole),) = records_of(None, words, [case], Workers(1))
    assert record == whole and whole["harm"] > 0
