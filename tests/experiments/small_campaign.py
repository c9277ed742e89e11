"""A small campaign on a random program; as a script, it runs one in a folder until it is killed.

`small_campaign.py FOLDER JOBS` runs it. `small_campaign.py FOLDER kill SEED` forks a process that runs
it, kills that after a random time, and so on until one reaches the end; prints how many were killed.
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

from workbench.experiments.campaign import campaign_of, run_campaign
from workbench.experiments.store import Store
from workbench.experiments.store_manifest import Campaign
from workbench.memory.image import Image
from workbench.memory.plan import Plan
from workbench.memory.protection import ProtectionMask

PROGRAM = random_program(111, 8)  # of one channel; a third of its bits matter
IMAGE = Image.of(PROGRAM)
INPUTS = {word: random_inputs(PROGRAM, seed, 30) for seed, word in enumerate(("one", "two"))}
_LONGEST_LIFE_S = 0.1  # of the first process; each may live a little longer, so that one arrives
_GROWTH = 1.1


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
    campaign: Campaign | None = None,
    *,
    jobs: int = 1,
    dask: str | None = None,
    part: tuple[int, int] = (1, 1),
    mask: ProtectionMask | None = None,
) -> Store:
    with Store(folder, campaign or small_campaign()) as store:
        run_campaign(store, IMAGE, INPUTS, jobs=jobs, dask=dask, part=part, mask=mask)
    return store


def _run_and_kill(folder: str, seed: int) -> int:
    rng = np.random.default_rng(seed)
    killed = 0
    while True:
        child = os.fork()
        if not child:
            run_small(folder)
            os._exit(0)
        time.sleep(rng.random() * _LONGEST_LIFE_S * _GROWTH**killed)
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status):
            return killed if os.WEXITSTATUS(status) == 0 else -1
        killed += 1


if __name__ == "__main__":
    if sys.argv[2] == "kill":
        print(_run_and_kill(sys.argv[1], int(sys.argv[3])))
    else:
        run_small(sys.argv[1], jobs=int(sys.argv[2]))
