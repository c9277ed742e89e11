"""Fault campaigns: all trials of a plan for all words, in shards, on the cores here or on a cluster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from workbench.audio.recogniser import answers
from workbench.audio.scales import BY_SNR, BySpectrum, Scale, scale_text
from workbench.errors import WorkbenchError, expect, whole_number
from workbench.experiments.campaigns.manifest import BY_SPECTRUM_VERSION, FORMAT_VERSION, Campaign
from workbench.experiments.campaigns.store import Store
from workbench.experiments.campaigns.worker import Work, run_shard
from workbench.experiments.parallel.workers import Workers
from workbench.experiments.provenance import inputs_digest
from workbench.experiments.voices.listening import Listener
from workbench.memory.faults.plan import Plan
from workbench.memory.faults.protection import ProtectionMask
from workbench.memory.faults.transients import Sites
from workbench.memory.image import Image
from workbench.own_code import own_digest
from workbench.progress import progress_bar

EVENTS_A_SHARD = 65_536  # about, which take a few seconds
_LEAST_TRIALS = 1024  # in a shard, unless there are too few for all cores
_MOST_SHARDS_OF_FEW = 32
_MOST_SHARDS = 20_000  # more files than that are slow to go through, and more tasks to hand out
_MOST_TRIALS = 1 << 20  # in a shard, which is held in memory
_PILOTS = 64  # trials whose events are counted to cut shards


def campaign_of(
    image: Image,
    inputs: Mapping[str, Mapping[str, np.ndarray]],
    plan: Plan,
    *,
    trials: int | None = None,
    log_mel: int = 0,
    listen: int = 0,
    choices: Sequence[str] = (),
    mask: ProtectionMask | None = None,
    scale: Scale = BY_SNR,
) -> Campaign:
    """The campaign of some trials of a plan for each utterance.

    Args:
        image: What is hit.
        inputs: Of each utterance.
        plan: Which trials there are.
        trials: Of each utterance; None for all that there are.
        log_mel: Of about how many trials of each utterance the log-mel distance is measured, masked ones among them.
        listen: Likewise for the recogniser's answer and PESQ.
        choices: What the recogniser may answer, see `listening.choices`.
        mask: Bytes to which nothing happens.
        scale: That classes go by; by the spectrum, the log-mel distance is measured in every trial.

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
    by_default = tuple(answers(inputs).values())
    by_spectrum = isinstance(scale, BySpectrum)
    if log_mel or listen or by_spectrum:
        image.program.sound(np.zeros((1, 1), np.int16))  # for its refusal
    if listen:
        Listener(tuple(inputs), choices=choices)  # likewise
    if mask:
        mask.check(image)
    pilots = plan.events(sites, np.arange(min(trials, _PILOTS)))
    events = max(1.0, len(pilots.trial) / min(trials, _PILOTS))
    cut = max(_LEAST_TRIALS, int(EVENTS_A_SHARD / events))
    many = min(-(-trials * len(inputs) // _MOST_SHARDS), int(_MOST_TRIALS / events))
    few = -(-trials * len(inputs) // _MOST_SHARDS_OF_FEW)
    return Campaign(
        plan=str(plan),
        image=image.content_hash,
        program=image.program.content_hash,
        utterances=tuple(inputs),
        inputs=inputs_digest(inputs),
        trials=trials,
        trials_a_shard=max(1, min(max(cut, many), few, trials)),
        population=size,
        log_mel=0 if by_spectrum else log_mel,
        listen=listen,
        choices=tuple(choices) if listen and tuple(choices) != by_default else (),
        protection=mask.digest if mask else "",
        own_code=own_digest([plan.model, *map(type, image.program.operators)]),
        scale=scale_text(scale),
        format=BY_SPECTRUM_VERSION if scale != BY_SNR else FORMAT_VERSION,
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
    device: str | None = None,
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
        device: "cpu" or "cuda" computes trials on torch there; None by the native engine where it can run.
        progress: Whether to show a bar on a terminal.

    Raises:
        WorkbenchError: Impossible jobs, parts or addresses, a worker that dies or runs other code, or a full disk. What was written
            by then stays.
    """
    campaign = store.campaign
    workers = Workers(jobs, dask)
    mine = part_of(campaign, part)
    missing = [number for number in mine if number not in store.done]
    if not missing:
        return
    sizes = {number: len(campaign.shard(number).indexes) for number in mine}
    with (
        workers,
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
        work = workers.share(
            Work.of(campaign, image, {w: dict(each) for w, each in inputs.items()}, mask, device)
        )
        calls = ((work, number) for number in missing)
        for done in workers.each(run_shard, calls, count=len(missing)):
            number = missing[done.number]
            store.add(number, done.result())
            bar.update(sizes[number])


def check_device(device: str | None, dask: str | None) -> None:
    """Refuse a device that this machine has not, before a folder is claimed; that of a worker shows when it computes."""
    if device and dask is None:
        from workbench.integer.engine import checked_device  # torch is slow to import

        checked_device(device)


def part_of(campaign: Campaign, part: tuple[int, int]) -> list[int]:
    """Numbers of the shards of part (i, n); WorkbenchError when there is no such part."""
    which, parts = part
    if not 1 <= which <= parts:
        raise WorkbenchError(
            f"there is no part {which} of {parts}; use 1/{max(1, parts)} and so on"
        )
    return list(range(which - 1, campaign.shards, parts))
