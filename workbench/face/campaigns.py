"""Fault campaigns from Python: run them, sum them up, and make maps and curves of them."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from workbench.errors import WorkbenchError, WorkbenchWarning, expect
from workbench.experiments.campaigns.campaign_run import campaign_of, check_device, run_campaign
from workbench.experiments.campaigns.shards import Damage
from workbench.experiments.campaigns.store import Store, open_results
from workbench.experiments.campaigns.summary import summary as figures_of
from workbench.experiments.voices.listening import choices
from workbench.experiments.voices.voice import Voice
from workbench.face.shown import Shown, html_table, need_pandas, text_table
from workbench.face.working import working
from workbench.files import path_of
from workbench.memory.faults.plan import Plan
from workbench.memory.faults.protection import ProtectionMask
from workbench.memory.faults.transients import Sites
from workbench.memory.image import Image

if TYPE_CHECKING:
    import pandas as pd

Fault = Plan | str
_FEW = 50_000  # trials that are done before other processes have started
_LONGEST_NAME = 100  # of a folder of a sweep
TRIALS = 10_000  # of a plan without an end, unless told otherwise


def campaign(
    voice: Voice,
    fault: Fault | Iterable[Fault],
    *,
    trials: int | None = None,
    utterances: Iterable[str] | str | None = None,
    out: Path | str | None = None,
    image: Image | None = None,
    mask: ProtectionMask | None = None,
    log_mel: int = 0,
    listen: int = 0,
    jobs: int | None = None,
    dask: str | None = None,
    device: str | None = None,
) -> pd.DataFrame:
    """Trials of a fault model for each utterance, a row a trial; columns as of `trial_table.SCHEMA`.

    Args:
        voice: That is hit.
        fault: A plan or its text, as "flips=3" or "ber=1e-5,seed=1,section=bias". Several make a sweep, with a column
            `plan`, in folders below `out`.
        trials: Of each utterance; None for 10,000, or all that there are.
        utterances: None for the usual ones of the voice.
        out: Folder that keeps the results; one that was begun is resumed.
        image: What is hit; None for the default image.
        mask: Bytes to which nothing happens.
        log_mel: Of about how many trials of an utterance the log-mel distance is measured.
        listen: About how many trials of an utterance are heard by a recogniser and PESQ.
        jobs: Processes; None for one a core where that pays.
        dask: Address of a Dask scheduler, to use its workers instead.
        device: "cpu" or "cuda": where torch computes the trials; None for the native engine where it can run. Results
            are equal, but torch does not know `reached`.

    Raises:
        WorkbenchError: There is no pandas, the arguments do not go together, the folder has other results, or the
            cluster was lost.
    """
    expect(voice, Voice, "the voice of a campaign", 'a Voice, as wb.load("challenge")')
    need_pandas()
    check_device(device, dask)
    import pandas as pd

    image = voice.image() if image is None else image
    inputs = voice.all_inputs(utterances)
    plans, sites = plans_of(fault), Sites(image)
    todo = [
        campaign_of(
            image, inputs, plan, trials=trials_of(plan, sites, trials), log_mel=log_mel,
            listen=listen, choices=choices(voice, inputs), mask=mask, scale=voice.generator.scale,
        )
        for plan in plans
    ]  # fmt: skip
    tables = []
    with _folder(out) as folder, working(f"{sum(each.rows for each in todo):,} trials"):
        for each, place in zip(todo, folders_of(folder, plans), strict=True):
            few = jobs is None and each.rows <= _FEW
            with Store(place, each) as store:
                _warn_of(store.damaged)
                run_campaign(
                    store,
                    image,
                    inputs,
                    mask=mask,
                    jobs=1 if few else jobs,
                    dask=dask,
                    device=device,
                    progress=True,
                )
            tables.append(open_results(place).table().to_pandas())
    if len(tables) == 1:
        return tables[0]
    named = [table.assign(plan=str(plan)) for table, plan in zip(tables, plans, strict=True)]
    return pd.concat(named, ignore_index=True)


def trials_of(plan: Plan, sites: Sites, asked: int | None) -> int | None:
    """Trials of each utterance: as asked for, else all that there are (None), or TRIALS where there is no end."""
    return TRIALS if asked is None and plan.size(sites) is None else asked


def folders_of(out: Path, plans: Sequence[Plan]) -> list[Path]:
    """`out` itself for one plan, folders below it named by their models for several."""
    if len(plans) == 1:
        return [out]
    names = [str(plan.model) for plan in plans]
    if len(set(names)) < len(names):
        names = [str(plan) for plan in plans]
    return [out / _folder_name(name, plan) for name, plan in zip(names, plans, strict=True)]


def _folder_name(text: str, plan: Plan) -> str:
    """A name that any file system takes, of the text of a plan; a long one ends with the plan's hash."""
    name = text.replace(",", " ").replace(":", " ").replace("/", "%2F")
    return name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]} {plan.hash}"


def summary(folder: Path | str) -> Shown:
    """Shares of each class of quality, with intervals, of the results in a folder; see `workbench campaign`.

    Args:
        folder: That a campaign wrote.

    Raises:
        WorkbenchError: The folder has no results, or damaged ones.
    """
    (figures,) = figures_of([open_results(folder, whole=False)])
    rows = [("quality", "trials", "share", "95 % interval")]
    for name, each in figures["quality"].items():
        interval = "" if each["low"] is None else f"{each['low']:.2%} to {each['high']:.2%}"
        rows.append(
            (
                f"{name} ({figures['limits'][name]})",
                f"{each['count']:,}",
                f"{each['share']:.2%}",
                interval,
            )
        )
    title = f"{figures['plan']}: {figures['trials']:,} trials"
    return Shown(html_table(rows, caption=title), f"{title}\n{text_table(rows)}")


def plans_of(fault: Fault | Iterable[Fault]) -> list[Plan]:
    """The plans of a campaign or a sweep, each once; WorkbenchError for none, or one twice."""
    cure = 'a plan or its text, as "flips=3", or a list of them'
    expect(fault, (str, Plan, Iterable), "the fault of a campaign", cure)
    plans = []
    for each in [fault] if isinstance(fault, str | Plan) else fault:
        expect(each, (str, Plan), "a fault of a campaign", cure)
        plans.append(each if isinstance(each, Plan) else Plan.parse(each))
    if not plans or len(set(map(str, plans))) < len(plans):
        raise WorkbenchError("a campaign has no fault, or the same one twice; give each once")
    return plans


def _warn_of(damaged: Iterable[Damage]) -> None:
    for damage in damaged:
        warnings.warn(
            f"the shard {damage.path.name} {damage.why}; it was moved aside and is done again",
            WorkbenchWarning,
            stacklevel=3,
        )


@contextmanager
def _folder(out: Path | str | None) -> Iterator[Path]:
    """`out`, or a folder that is gone afterwards."""
    if out is not None:
        yield path_of(out, "the folder of results")
        return
    with TemporaryDirectory(prefix="workbench-campaign-") as folder:
        yield Path(folder)
