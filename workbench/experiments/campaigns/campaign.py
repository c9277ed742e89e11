"""Fault campaigns: all trials of a plan for all words, in shards, on the cores here or on a cluster.

One joblib body for both. The parent alone writes, so that workers need no disk in common.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager

import numpy as np

from workbench.errors import WorkbenchError, expect, reason_of, whole_number
from workbench.experiments.campaigns.manifest import Campaign
from workbench.experiments.campaigns.store import Store
from workbench.experiments.campaigns.worker import Work, run_shard
from workbench.experiments.provenance import inputs_digest
from workbench.experiments.voices.listening import Listener
from workbench.memory.faults.plan import Plan
from workbench.memory.faults.protection import ProtectionMask
from workbench.memory.faults.transients import Sites
from workbench.memory.image import Image
from workbench.progress import progress_bar

EVENTS_A_SHARD = 65_536  # about, which take a few seconds
_LEAST_TRIALS = 1024  # in a shard, unless there are too few for all cores
_MOST_SHARDS_OF_FEW = 32
_PILOTS = 64  # trials whose events are counted to cut shards
_CONNECT_S = 10  # to a scheduler
_WORKERS_S = 10  # until the first worker is there


def campaign_of(
    image: Image,
    inputs: Mapping[str, Mapping[str, np.ndarray]],
    plan: Plan,
    *,
    trials: int | None = None,
    log_mel: int = 0,
    listen: int = 0,
    mask: ProtectionMask | None = None,
) -> Campaign:
    """The campaign of some trials of a plan for each utterance.

    Args:
        image: What is hit.
        inputs: Of each utterance.
        plan: Which trials there are.
        trials: Of each utterance; None for all that there are.
        log_mel: Of about how many trials of each utterance the log-mel distance is measured, masked ones among them.
        listen: Likewise for the recogniser's answer and PESQ.
        mask: Bytes to which nothing happens.

    Raises:
        WorkbenchError: There are no such trials, nothing to happen or to say, or plan or mask do not fit the image.
    """
    expect(image, Image, "what a campaign is to damage", "an Image, as `voice.image()`")
    expect(inputs, Mapping, "what is said", "the inputs of each word, by word")
    expect(plan, Plan, "what is to happen", 'a Plan, as Plan.parse("flips=3")')
    if plan.model.idle:
        raise WorkbenchError(f"in the plan {plan} nothing happens; ask for at least 1 bit")
    sites = Sites(image)
    size = plan.size(sites)
    trials = size if trials is None else trials
    if trials is None:
        raise WorkbenchError(f"the plan {plan} has no end; say how many trials with --trials")
    trials = whole_number(trials, "the number of trials")
    log_mel, listen = (whole_number(each, "how many are measured") for each in (log_mel, listen))
    if trials < 1 or not inputs:
        raise WorkbenchError("a campaign needs at least one trial and one word; give more of them")
    if size is not None and trials > size:
        raise WorkbenchError(
            f"there are no {trials:,} trials of {plan}, only {size:,}; ask for fewer or leave out "
            "--trials for all of them"
        )
    for what, count in (("the log-mel distance", log_mel), ("what is heard", listen)):
        if not 0 <= count <= trials:
            raise WorkbenchError(
                f"{what} cannot be measured in {count:,} of {trials:,} trials; "
                "choose 0 or more, and no more than there are"
            )
    if log_mel or listen:
        image.program.sound(np.zeros((1, 1), np.int16))  # for its refusal
    if listen:
        Listener(tuple(inputs))  # likewise
    if mask:
        mask.check(image)
    pilots = plan.events(sites, np.arange(min(trials, _PILOTS)))
    events = max(1.0, len(pilots.trial) / min(trials, _PILOTS))
    cut = max(_LEAST_TRIALS, int(EVENTS_A_SHARD / events))
    few = -(-trials * len(inputs) // _MOST_SHARDS_OF_FEW)
    return Campaign(
        plan=str(plan),
        image=image.content_hash,
        program=image.program.content_hash,
        utterances=tuple(inputs),
        inputs=inputs_digest(inputs),
        trials=trials,
        trials_a_shard=max(1, min(cut, few, trials)),
        population=size,
        log_mel=log_mel,
        listen=listen,
        protection=mask.digest if mask else "",
    )


def run_campaign(
    store: Store,
    image: Image,
    inputs: Mapping[str, Mapping[str, np.ndarray]],
    *,
    mask: ProtectionMask | None = None,
    jobs: int | None = None,
    dask: str | None = None,
    part: tuple[int, int] = (1, 1),
    progress: bool = False,
) -> None:
    """Run what a store does not have yet of its campaign.

    Args:
        store: Of the campaign that was made of the same arguments.
        image: What is hit.
        inputs: Of each utterance.
        mask: Bytes to which nothing happens.
        jobs: Processes; None for one a core.
        dask: Address of a scheduler, to use its workers instead.
        part: (i, n): only each n-th shard, from the i-th on.
        progress: Whether to show a bar on a terminal.

    Raises:
        WorkbenchError: Impossible jobs, parts or addresses, a worker that dies, or a full disk. What was written
            by then stays.
    """
    import joblib

    if jobs is not None and whole_number(jobs, "the number of jobs") < 1:
        raise WorkbenchError(f"{jobs} jobs cannot run anything; use 1 or more")
    campaign = store.campaign
    mine = part_of(campaign, part)
    missing = [number for number in mine if number not in store.done]
    if not missing:
        return
    work = Work.of(campaign, image, {w: dict(each) for w, each in inputs.items()}, mask)
    sizes = {number: len(campaign.shard(number).indexes) for number in mine}
    with (
        _workers(min(jobs or joblib.cpu_count(), len(missing)), dask),
        progress_bar(
            desc="trials",
            total=sum(sizes.values()),
            initial=sum(sizes.values()) - sum(sizes[number] for number in missing),
            unit="trial",
            unit_scale=True,
            leave=True,
            disable=None if progress else True,
        ) as bar,
    ):
        parent = os.getpid() if dask is None else None
        parallel = joblib.Parallel(return_as="generator_unordered", batch_size=1)
        calls = (joblib.delayed(run_shard)(work, number, parent) for number in missing)
        with closing(parallel(calls)) as finished:
            for number, data in finished:
                store.add(number, data)
                bar.update(sizes[number])


def part_of(campaign: Campaign, part: tuple[int, int]) -> list[int]:
    """Numbers of the shards of part (i, n); WorkbenchError when there is no such part."""
    which, parts = part
    if not 1 <= which <= parts:
        raise WorkbenchError(
            f"there is no part {which} of {parts}; use 1/{max(1, parts)} and so on"
        )
    return list(range(which - 1, campaign.shards, parts))


@contextmanager
def _workers(jobs: int, dask: str | None) -> Iterator[None]:
    """Let joblib use local processes or a cluster; a lost worker becomes a one-sentence error."""
    import joblib
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    if dask is not None:
        with _cluster(dask):
            yield
        return
    try:
        with joblib.parallel_config(backend="loky", n_jobs=jobs):
            yield
    except TerminatedWorkerError as error:
        raise WorkbenchError(
            "a worker process was killed, often for want of memory; what is finished is kept, so run "
            "the same command again, perhaps with fewer --jobs"
        ) from error


@contextmanager
def _cluster(address: str) -> Iterator[None]:
    import joblib

    try:
        import distributed
    except ImportError as error:
        raise WorkbenchError(
            "--dask needs the package distributed; install the extra with "
            '`pip install "self-healing-audio-workbench[cluster]"`'
        ) from error
    # It logs the pages of traceback that a sentence stands for below.
    log = logging.getLogger("distributed")
    level = log.level
    log.setLevel(logging.CRITICAL + 1)
    try:
        try:
            client = distributed.Client(address, timeout=_CONNECT_S)
        except (OSError, ValueError, TypeError) as error:
            raise WorkbenchError(
                f"no Dask scheduler answers at {address} ({reason_of(error, brief=True)}); start one with "
                "`dask scheduler` and give the address that it prints"
            ) from error
        with client, joblib.parallel_config(backend="dask", wait_for_workers_timeout=_WORKERS_S):
            yield
    except (distributed.CancelledError, distributed.KilledWorker, TimeoutError) as error:
        raise WorkbenchError(
            f"the cluster at {address} was lost or has no workers ({reason_of(error, brief=True)}); what is "
            "finished is kept, so mend it and run the same command again"
        ) from error
    finally:
        log.setLevel(level)
