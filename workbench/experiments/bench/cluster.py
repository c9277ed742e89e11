"""How many tasks a Dask scheduler and the client hand out, with many simulated workers on this machine.

A simulated worker is a real one of Dask that sleeps instead of computing: many of them fit into a
process, talk to the scheduler like those of another machine, and take hardly any processor time.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from workbench.errors import WorkbenchError
from workbench.experiments.bench.counting_relay import CountingRelay
from workbench.experiments.parallel.workers import Workers

_HOSTS = 2  # processes that simulate workers
_START_S = 120  # until all of them are there
_POLL_S = 0.1
_GOLDEN = 0.618034


@dataclass(frozen=True)
class Load:
    """What is asked of the cluster. tasks: how many. seconds: that they take on average. result_bytes: of each."""

    tasks: int
    seconds: float
    result_bytes: int


@dataclass(frozen=True)
class Rates:
    """What a load took.

    tasks_per_s: that came back, in wall time. asked_per_s: what the workers could do at most, inf for tasks that take no time.
    client_cpu_s, scheduler_cpu_s: processor time of a task. sent, received: bytes of a task between
    client and scheduler, its result among them; None where they were not counted.
    """

    load: Load
    workers: int
    tasks_per_s: float
    asked_per_s: float
    client_cpu_s: float
    scheduler_cpu_s: float
    sent: float | None = None
    received: float | None = None

    def as_json(self) -> dict[str, Any]:
        """All figures; JSON has no infinity, so `asked_per_s` is null without a limit."""
        asked = None if self.load.seconds == 0 else self.asked_per_s
        return {**asdict(self), "asked_per_s": asked}

    @property
    def most_per_s(self) -> float:
        """Tasks a second that the busier of client and scheduler could handle on a core of its own."""
        return 1 / max(self.client_cpu_s, self.scheduler_cpu_s)


class SimulatedCluster:
    """A scheduler in a process of its own, and simulated workers in a few others.

    Attributes:
        address: Of the scheduler.
        workers: How many there are.
    """

    def __init__(self, address: str, workers: int) -> None:
        self.address, self.workers = address, workers

    def run(
        self,
        load: Load,
        *,
        count_bytes: bool = False,
        progress: Callable[[int], object] = lambda _: None,
    ) -> Rates:
        """Let the workers do a load; WorkbenchError where the cluster is lost.

        count_bytes: let all traffic of the client pass through a relay that counts it. progress: gets the
        number of tasks that came back.
        """
        import distributed

        # Tasks of different lengths, or all workers would wait for the scheduler at one moment.
        lengths = (load.seconds * (0.5 + (_GOLDEN * n) % 1) for n in range(load.tasks))
        calls = ((length, load.result_bytes) for length in lengths)
        relay = CountingRelay(self.address) if count_bytes else None
        try:
            with (
                distributed.Client(self.address, set_as_default=False) as client,
                Workers(dask=relay.address if relay else self.address) as workers,
            ):
                before = relay.counted() if relay else (0, 0)
                scheduler_before = client.run_on_scheduler(time.process_time)
                client_before = time.process_time()
                started = time.perf_counter()
                for done in workers.each(sleeping, calls, count=load.tasks):
                    done.result()
                    progress(1)
                wall_s = time.perf_counter() - started
                client_s = time.process_time() - client_before
                scheduler_s = client.run_on_scheduler(time.process_time) - scheduler_before
                after = relay.counted() if relay else (0, 0)
        finally:
            if relay:
                relay.close()
        sent, received = ((b - a) / load.tasks for a, b in zip(before, after, strict=True))
        return Rates(
            load=load,
            workers=self.workers,
            tasks_per_s=load.tasks / wall_s,
            asked_per_s=self.workers / load.seconds if load.seconds else float("inf"),
            client_cpu_s=client_s / load.tasks,
            scheduler_cpu_s=scheduler_s / load.tasks,
            sent=sent if relay else None,
            received=received if relay else None,
        )


@contextmanager
def simulated_cluster(
    workers: int, *, progress: Callable[[str], object] = lambda _: None
) -> Iterator[SimulatedCluster]:
    """Start a scheduler and so many workers; they end with the block.

    Raises WorkbenchError without the package distributed, for fewer than 1, and when they do not come up.
    """
    try:
        import distributed
    except ImportError as error:
        raise WorkbenchError(
            "the benchmark of a cluster needs the package distributed; install the extra with "
            '`pip install "self-healing-audio-workbench[cluster]"`'
        ) from error
    if workers < 1:
        raise WorkbenchError(f"cannot simulate {workers} workers; give at least 1")
    hosts = min(_HOSTS, workers)
    running: list[subprocess.Popen[bytes]] = []
    with TemporaryDirectory() as folder:
        try:
            progress("starting a scheduler")
            file = Path(folder) / "scheduler.json"
            module = "workbench.experiments.bench.simulated_workers"
            running.append(_started(module, "scheduler", str(file)))
            address = _address_in(file, running)
            for number in range(hosts):
                share = workers // hosts + (number < workers % hosts)
                running.append(_started(module, "workers", address, str(share)))
            with distributed.Client(address, set_as_default=False) as client:
                started = time.monotonic()
                while (there := len(client.nthreads())) < workers:
                    progress(f"{there:,} of {workers:,} simulated workers are there")
                    _refuse_ended(running)
                    if time.monotonic() - started > _START_S:
                        raise WorkbenchError(
                            f"only {there} of {workers} simulated workers came up in {_START_S} s; ask for "
                            "fewer"
                        )
                    time.sleep(_POLL_S)
            yield SimulatedCluster(address, workers)
        finally:
            for process in reversed(running):
                process.terminate()
            for process in running:
                process.wait()


def sleeping(seconds: float, result_bytes: int) -> bytes:
    """What a simulated worker does: wait, and return so many bytes."""
    time.sleep(seconds)
    return bytes(result_bytes)


def _started(module: str, *words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", module, *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _address_in(file: Path, running: list[subprocess.Popen[bytes]]) -> str:
    """The address that a scheduler writes into a file when it is there."""
    while not file.exists():
        _refuse_ended(running)
        time.sleep(_POLL_S)
    address: str = json.loads(file.read_text())["address"]
    return address


def _refuse_ended(running: list[subprocess.Popen[bytes]]) -> None:
    if any(process.poll() is not None for process in running):
        raise WorkbenchError(
            "a process of the simulated cluster ended by itself; check that ports on 127.0.0.1 may be used"
        )
