"""A small campaign on a random program; as a script, it runs one in a folder until it is killed.

`small_campaign.py FOLDER kill SEED` forks a process that runs it and dies after a random number
of shards, and so on until one reaches the end; prints how many died.
`small_campaign.py FOLDER hold` runs it with two workers, which stop before they hand over shard HELD.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from programs import random_inputs, random_program

from workbench.experiments.campaigns import campaign_run as campaign
from workbench.experiments.campaigns.campaign_run import campaign_of, run_campaign
from workbench.experiments.campaigns.manifest import Campaign
from workbench.experiments.campaigns.store import Store
from workbench.experiments.campaigns.worker import Work, run_shard
from workbench.memory.faults.plan import Plan
from workbench.memory.faults.protection import ProtectionMask
from workbench.memory.image import Image

PROGRAM = random_program(111, 8)  # of one channel; a third of its bits matter
IMAGE = Image.of(PROGRAM)
INPUTS = {word: random_inputs(PROGRAM, seed, 30) for seed, word in enumerate(("one", "two"))}
HELD = 20
_MOST_SHARDS = 3  # of one run
_MOST_CALLS = 20_000  # of functions after that: within the next shard or a little later


def small_campaign(
    plan: str = "each=flip",
    *,
    trials: int | None = 1500,
    cut: int = 50,
    log_mel: int = 0,
    mask: ProtectionMask | None = None,
) -> Campaign:
    made = campaign_of(IMAGE, INPUTS, Plan.parse(plan), trials=trials, log_mel=log_mel, mask=mask)
    return replace(made, trials_a_shard=cut)


def run_small(
    folder: Path | str,
    made: Campaign | None = None,
    *,
    jobs: int = 1,
    dask: str | None = None,
    part: tuple[int, int] = (1, 1),
    mask: ProtectionMask | None = None,
) -> Store:
    with Store(folder, made or small_campaign()) as store:
        run_campaign(store, IMAGE, INPUTS, jobs=jobs, dask=dask, part=part, mask=mask)
    return store


class _Dying(Store):
    """Its process ends without warning, soon after a number of shards."""

    shards, calls = 0, 0

    def add(self, number: int, data: bytes) -> None:
        super().add(number, data)
        self.shards -= 1
        if self.shards == 0:
            sys.setprofile(self._count)

    def _count(self, *_: object) -> None:
        """Called at every call and return, of C functions too, so between any two steps of a write."""
        self.calls -= 1
        if self.calls <= 0:
            os.kill(os.getpid(), signal.SIGKILL)


def _run_and_kill(folder: str, seed: int) -> int:
    rng = np.random.default_rng(seed)
    killed = 0
    while True:
        shards = int(rng.integers(1, _MOST_SHARDS + 1))
        calls = int(rng.integers(1, _MOST_CALLS))
        child = os.fork()
        if not child:
            with _Dying(folder, small_campaign()) as store:
                store.shards, store.calls = shards, calls
                run_campaign(store, IMAGE, INPUTS, jobs=1)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status):
            return killed if os.WEXITSTATUS(status) == 0 else -1
        killed += 1


def _held(work: Work, number: int) -> bytes:
    data = run_shard(work, number)
    while number >= HELD:
        time.sleep(0.1)
    return data


if __name__ == "__main__":
    if sys.argv[2] == "kill":
        print(_run_and_kill(sys.argv[1], int(sys.argv[3])))
    else:
        campaign.run_shard = _held
        run_small(sys.argv[1], jobs=2)
