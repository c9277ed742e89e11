"""What a campaign takes on a cluster: shards, time, traffic, disk and cost, from figures measured here.

The model is the slowest of four things that go on at once: workers compute, results cross the network
of the machine that writes, that machine's disk takes them, and scheduler and client handle tasks.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from workbench.errors import WorkbenchError
from workbench.experiments.campaigns.manifest import Campaign
from workbench.experiments.campaigns.worker import Work, run_shard
from workbench.experiments.threads import one_thread
from workbench.files import output_folder, write_bytes
from workbench.memory.faults.protection import ProtectionMask
from workbench.memory.image import Image

# As `workbench bench cluster` measures them; see docs/clusters.md.
TASKS_PER_S = 900.0  # that a scheduler handles on a core of its own, and the client as well
RESULT_BYTES_PER_S = 700e6  # that a scheduler passes on
TASK_BYTES = 2_500  # of a task between client and scheduler, besides its result
_PILOT_TRIALS = 16_384  # of a shard of the pilot, at most
_PILOT_SHARDS = 4  # spread over the trials of an utterance, which need not be alike
_WRITES = 4  # of a file as large as a shard
_MOST_WRITTEN = 1 << 25
_SECONDS_PER_HOUR = 3600


@dataclass(frozen=True)
class Pilot:
    """What was measured with a part of a campaign on one core.

    trials_per_s: of one core. bytes_per_trial: of a shard's file. work_bytes: that every worker gets
    once. disk_bytes_per_s: at which shards are written where the results are to go.
    """

    trials_per_s: float
    bytes_per_trial: float
    work_bytes: int
    disk_bytes_per_s: float


@dataclass(frozen=True)
class ClusterPlan:
    """What a whole campaign takes. Times in seconds, each as if the others took none; bytes of all shards."""

    trials: int
    cores: int
    shards: int
    trials_a_shard: int
    shard_s: float
    shard_bytes: float
    tasks_per_s: float
    bytes: float
    task_bytes: float
    work_bytes: float
    compute_s: float
    network_s: float
    disk_s: float
    scheduler_s: float
    core_hours: float
    cost: float

    @property
    def wall_s(self) -> float:
        """Until the last shard is written."""
        return max(self.compute_s, self.network_s, self.disk_s, self.scheduler_s) + self.shard_s

    @property
    def limit(self) -> str:
        """What decides how long it takes."""
        times = {
            "computing": self.compute_s,
            "the network": self.network_s,
            "the disk": self.disk_s,
            "the scheduler": self.scheduler_s,
        }
        return max(times, key=lambda name: times[name])

    def as_json(self) -> dict[str, Any]:
        """All figures."""
        return {**asdict(self), "wall_s": self.wall_s, "limit": self.limit}


def pilot_of(
    campaign: Campaign,
    image: Image,
    inputs: Mapping[str, Mapping[str, np.ndarray]],
    mask: ProtectionMask | None,
    folder: Path | str,
) -> Pilot:
    """Run some small shards of the first utterance in this process, and write files as large in `folder`.

    WorkbenchError as `run_shard` and for a full disk.
    """
    small = campaign.pilot(_PILOT_TRIALS)
    numbers = np.unique(np.linspace(0, small.shards_each - 1, _PILOT_SHARDS).astype(int)).tolist()
    work = Work.of(small, image, {word: dict(each) for word, each in inputs.items()}, mask)
    with one_thread():
        run_shard(work, 0)  # opens the image
        started = time.process_time()
        shards = {number: run_shard(work, number) for number in numbers}
        spent = time.process_time() - started
    trials = sum(len(small.shard(number).indexes) for number in numbers)
    size = sum(map(len, shards.values()))
    shard_bytes = min(int(campaign.trials_a_shard * size / trials), _MOST_WRITTEN)
    return Pilot(
        trials_per_s=trials / spent,
        bytes_per_trial=size / trials,
        work_bytes=len(work.image) + len(work.mask)
        + sum(array.nbytes for each in work.inputs.values() for array in each.values()),
        disk_bytes_per_s=_disk_bytes_per_s(Path(folder), bytes(shard_bytes)),
    )  # fmt: skip


def _disk_bytes_per_s(folder: Path, data: bytes) -> float:
    """At which files of this size are written, the fastest of a few, since other work disturbs."""
    rates = []
    with TemporaryDirectory(dir=output_folder(folder)) as trash:
        for number in range(_WRITES):
            began = time.perf_counter()
            write_bytes(Path(trash) / f"{number}.parquet", data)
            rates.append(len(data) / (time.perf_counter() - began))
    return max(rates)


def cluster_plan(
    campaign: Campaign, pilot: Pilot, *, cores: int, network_bits_per_s: float, core_hour: float
) -> ClusterPlan:
    """Reckon a campaign on so many cores.

    Args:
        campaign: What is run.
        pilot: What was measured of it.
        cores: Workers of one thread each.
        network_bits_per_s: Of the machine that writes.
        core_hour: Price of an hour of a core, in any currency.

    Raises:
        WorkbenchError: There are no cores or no network, or a negative price.
    """
    if cores < 1 or not network_bits_per_s > 0 or not core_hour >= 0:
        raise WorkbenchError(
            f"cannot plan for {cores} cores, a network of {network_bits_per_s:g} bit/s and a price of "
            f"{core_hour:g}; give at least 1 core, more than 0 bit/s and at least 0"
        )
    shard_s = campaign.trials_a_shard / pilot.trials_per_s
    rounds = -(-campaign.shards // cores)  # the last one may leave cores idle
    compute_s = min(rounds * shard_s, campaign.rows / pilot.trials_per_s / cores + shard_s)
    results = pilot.bytes_per_trial * campaign.rows
    task_bytes = float(TASK_BYTES * campaign.shards)
    return ClusterPlan(
        trials=campaign.rows,
        cores=cores,
        shards=campaign.shards,
        trials_a_shard=campaign.trials_a_shard,
        shard_s=shard_s,
        shard_bytes=pilot.bytes_per_trial * campaign.trials_a_shard,
        tasks_per_s=campaign.shards / compute_s,
        bytes=results,
        task_bytes=task_bytes,
        work_bytes=float(pilot.work_bytes * cores),
        compute_s=compute_s,
        network_s=8 * (results + task_bytes) / network_bits_per_s,
        disk_s=results / pilot.disk_bytes_per_s,
        scheduler_s=campaign.shards / TASKS_PER_S + results / RESULT_BYTES_PER_S,
        core_hours=campaign.rows / pilot.trials_per_s / _SECONDS_PER_HOUR,
        cost=campaign.rows / pilot.trials_per_s / _SECONDS_PER_HOUR * core_hour,
    )
