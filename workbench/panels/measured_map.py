"""A criticality map of a campaign that is run first, where that has not been done."""

from __future__ import annotations

from pathlib import Path

from workbench.experiments.campaigns.campaign_run import campaign_of, run_campaign
from workbench.experiments.campaigns.store import Store
from workbench.experiments.voices.voice import Voice
from workbench.memory.faults.plan import Plan
from workbench.panels.criticality_map import CriticalityMap
from workbench.panels.status import Status
from workbench.progress import bars_told_to

_TRIALS = 40_000  # of one utterance: ten seconds, as in notebook 02


def measured_map(voice: Voice, folder: Path) -> CriticalityMap:
    """The map of single flips in one utterance.

    Args:
        voice: That is hit.
        folder: Of the results; those that are there are not computed again.

    Raises:
        WorkbenchError: The folder has results of something else.
    """
    image, utterance = voice.image(), voice.usual[0]
    inputs = voice.all_inputs(utterance)
    campaign = campaign_of(
        image, inputs, Plan.parse("flips=1"), trials=_TRIALS, scale=voice.generator.scale
    )
    status = Status(())
    with (
        status.shown(f"flipping {_TRIALS:,} bits, one at a time"),
        bars_told_to(status.tell),
        Store(folder / f"flips of {utterance}", campaign) as store,
    ):
        run_campaign(store, image, inputs, jobs=1, progress=True)
    return CriticalityMap(voice, folder / f"flips of {utterance}")
