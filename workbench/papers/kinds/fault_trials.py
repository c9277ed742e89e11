"""Fault trials: shares of classes of quality and mean harm, by model, fault and place.

Intervals take the words of a trial together, since they meet the same fault; exhaustive trials have none. A number is
derived again by playing some of its trials on the plain reference, which shares no code with the engines.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import numpy as np

from workbench.audio.scales import QUALITIES, harm
from workbench.errors import WorkbenchError
from workbench.experiments.campaigns.campaign_run import campaign_of, run_campaign
from workbench.experiments.campaigns.manifest import Campaign
from workbench.experiments.campaigns.store import Store, open_results
from workbench.experiments.estimates.statistics import clustered, mean_interval
from workbench.experiments.voices.voice import Voice
from workbench.memory.faults.plan import HASH_DIGITS, Plan, TrialId
from workbench.memory.faults.transients import Sites
from workbench.memory.trials.laboratory import Laboratory
from workbench.memory.trials.measured import compared
from workbench.memory.trials.truth import play, spoken
from workbench.papers.cell import Cell, Measure
from workbench.papers.kind import Evidence, Example, Kind, named_in
from workbench.papers.trial_rows import PLACES, TrialRows, read_rows

_PLAYED = 3  # trials of a number that are played again
_EVENTS_SHOWN = 12
_HARM = "harm"


@dataclass(frozen=True)
class _Options:
    """faults: plans. by: groups of trials that get numbers of their own, each by one or several places of the first
    event of a trial, of PLACES: "section bit"; "" for all trials together. trials: of each utterance, 0 for
    all that there are. utterances: () for the usual ones."""

    faults: tuple[str, ...]
    by: tuple[str, ...] = ("",)
    trials: int = 0
    utterances: tuple[str, ...] = ()


class FaultTrials(Kind):
    """Trials of fault models for every utterance."""

    OPTIONS = _Options
    MEASURES: ClassVar[dict[str, Measure]] = {
        **{name: Measure(name, percent=True) for name in QUALITIES},
        _HARM: Measure("mean harm", percent=True),
    }
    options: _Options

    def check(self) -> None:
        """Read the plans, and refuse places that trials have not."""
        for grouping in self.options.by:
            named_in(grouping.split(), PLACES, "place of a fault")
        if self.options.trials < 0:
            raise WorkbenchError(
                f"[[data]] {self.name} wants {self.options.trials} trials; give 0 for all that there are, or more"
            )
        if not self.options.faults:
            raise WorkbenchError(f'[[data]] {self.name} has no faults; give one, as ["flips=1"]')
        self.campaigns = {
            (model, fault): self._campaign(each.voice, fault)
            for model, each in self.models.items()
            for fault in self.options.faults
        }

    def run(self) -> None:
        """Run the campaigns, each in a folder of its own."""
        for (model, fault), campaign in self.campaigns.items():
            voice = self.models[model].voice
            inputs = voice.all_inputs(self.options.utterances or None)
            with Store(self._folder(model, fault), campaign) as store:
                run_campaign(
                    store, voice.image(), inputs,
                    jobs=self.site.jobs, dask=self.site.dask, progress=True,
                )  # fmt: skip

    def cells(self) -> list[Cell]:
        """Of each model, fault and group: shares of the classes, and harm."""
        return [
            cell
            for (model, fault), rows in self._rows.items()
            for grouping in self.options.by
            for labels, where in rows.groups(grouping)
            for cell in self._of_group(
                model, fault, rows, where, dict(zip(grouping.split(), labels, strict=True))
            )
        ]

    def example(self, cell: Cell) -> Example | None:
        """The trial that the number names first, on the plain reference."""
        if not cell.replay:
            return None
        trial, voice = TrialId.parse(cell.replay[0]), self.models[cell.labels["model"]].voice
        sites = Sites(voice.image())
        events = trial.events(sites)
        lines = [
            f"frame {frame}: {sites.site(position)}"
            for frame, position in zip(events.frame.tolist(), events.position.tolist(), strict=True)
        ]
        more = len(lines) - _EVENTS_SHOWN
        program = voice.program
        inputs = voice.inputs(trial.utterance)
        return Example(
            f"{trial.utterance!r} after trial {trial.index:,} of {trial.plan}",
            (*lines[:_EVENTS_SHOWN], *([f"and {more:,} more"] if more > 0 else [])),
            program.rendered(self._clean(cell.labels["model"], trial.utterance)),
            program.rendered(play(voice.image(), inputs, events)),
            voice.sample_rate_hz,
            f"workbench replay {trial}{self.models[cell.labels['model']].option}",
        )

    def again(self, cell: Cell, rng: np.random.Generator) -> Evidence:
        """Play some trials of its group, and compare samples, energy of the error and class."""
        model, fault = cell.labels["model"], cell.labels["fault"]
        rows = self._rows[model, fault]
        where = rows.members(cell.by, [cell.labels[name] for name in cell.by])
        chosen = rng.choice(where, min(_PLAYED, len(where)), replace=False)
        equal = all(self._plays_the_same(model, rows, int(row)) for row in chosen)
        numbers = ", ".join(str(rows.identifier(int(row))) for row in chosen)
        return Evidence(f"played on the plain reference: {numbers}", equal)

    def methods(self) -> str:
        """Trials, population, utterances and what a class is."""
        drawn: dict[str, list[str]] = {}
        for (model, fault), campaign in self.campaigns.items():
            drawn.setdefault(_drawn(campaign), []).append(f"{fault} of {model}")
        parts = [f"{', '.join(faults)}: {how}" for how, faults in drawn.items()]
        rows = sum(campaign.rows for campaign in self.campaigns.values())
        scales = {each.voice.generator.scale.measure for each in self.models.values()}
        voice = next(iter(self.models.values())).voice
        limits = "; ".join(
            f"{name}: {limit}" for name, limit in voice.generator.scale.in_words.items()
        )
        return (
            f"Fault trials ({self.name}): {'; '.join(parts)}; {rows:,} trials in all. Every output was compared with that of the undamaged "
            f"program, sample by sample, and classed by {' and '.join(sorted(scales))} ({limits}). Intervals have a "
            "confidence of 95 % and take the utterances of one fault together; shares over all faults that exist "
            "are exact and have none."
        )

    def _campaign(self, voice: Voice, fault: str) -> Campaign:
        plan = Plan.parse(fault, seed=self.seed)
        return campaign_of(
            voice.image(), voice.all_inputs(self.options.utterances or None), plan,
            trials=self._trials(plan, voice), scale=voice.generator.scale,
        )  # fmt: skip

    def _trials(self, plan: Plan, voice: Voice) -> int | None:
        size = plan.size(Sites(voice.image()))
        if size is None and not self.options.trials:
            raise WorkbenchError(
                f"[[data]] {self.name} wants all trials of {plan}, of which there is no end; give their number as trials"
            )
        if not self.options.trials:
            return None
        return self.options.trials if size is None else min(size, self.options.trials)

    def _folder(self, model: str, fault: str) -> Path:
        return self.site.folder / f"{model}-{Plan.parse(fault, seed=self.seed).hash}"

    @cached_property
    def _rows(self) -> dict[tuple[str, str], TrialRows]:
        return {
            (model, fault): read_rows(
                open_results(self._folder(model, fault)),
                self.models[model].voice,
                self.options.by,
            )
            for model, fault in self.campaigns
        }

    def _of_group(
        self, model: str, fault: str, rows: TrialRows, where: np.ndarray, places: dict[str, str]
    ) -> Iterator[Cell]:
        campaign = rows.results.campaign
        labels = {
            "model": model, "fault": fault, "size": fault.partition(",")[0].rpartition("=")[2],
            **places,
        }  # fmt: skip
        quality, trial = rows.quality[where], rows.trial[where]
        fidelity = rows.fidelity_db[where]
        _, cluster = np.unique(trial, return_inverse=True)
        faults = int(cluster.max()) + 1
        hits = np.bincount(quality * faults + cluster, minlength=len(QUALITIES) * faults)
        hits = hits.reshape(len(QUALITIES), faults)
        drawn = campaign.population is None
        interval = clustered(hits, hits.sum(axis=0))
        origin = (
            f"{len(where):,} trials of {rows.results.plan} for {len(campaign.utterances)} utterances, image "
            f"{campaign.image[:HASH_DIGITS]}"
        )
        for number, name in enumerate(QUALITIES):
            mine = np.flatnonzero(quality == number)
            heard = mine if number else mine[:0]  # nothing can be heard of what is masked
            order = heard[np.lexsort((rows.utterance[where][heard], trial[heard], fidelity[heard]))]
            shown = order[len(order) // 2 :][:1]
            yield Cell(
                labels, name, len(mine) / len(where),
                float(interval.low[number]) if drawn else None,
                float(interval.high[number]) if drawn else None,
                len(where), origin,
                tuple(str(rows.identifier(int(where[each]))) for each in shown),
                tuple(places),
            )  # fmt: skip
        harms = harm(fidelity)
        low, high = mean_interval(harms, clusters=trial) if drawn else (None, None)
        worst = int(where[np.lexsort((rows.utterance[where], trial, fidelity))[0]])
        yield Cell(
            labels, _HARM, float(harms.mean()), None if low is None else max(low, 0.0), high,
            len(where), origin, (str(rows.identifier(worst)),), tuple(places),
        )  # fmt: skip

    def _plays_the_same(self, model: str, rows: TrialRows, row: int) -> bool:
        trial, voice = rows.identifier(row), self.models[model].voice
        inputs = voice.inputs(trial.utterance)
        events = trial.events(Sites(voice.image()))
        codes = play(voice.image(), inputs, events)
        error = codes.astype(np.int64) - self._clean(model, trial.utterance)
        differs = np.flatnonzero(error.any(axis=1))
        first = int(differs[0]) if len(differs) else -1
        measured = (
            first,
            len(differs),
            int((error**2).sum()),
            self._class(voice, inputs, codes, first),
        )
        kept = (rows.first[row], rows.differing[row], rows.error[row], rows.quality[row])
        return measured == tuple(map(int, kept))

    def _clean(self, model: str, utterance: str) -> np.ndarray:
        """Codes of an utterance without a fault, on the plain reference, spoken once."""
        place = model, utterance
        if place not in self._spoken:
            voice = self.models[model].voice
            self._spoken[place] = spoken(voice.image(), voice.inputs(utterance))
        return self._spoken[place]

    @cached_property
    def _spoken(self) -> dict[tuple[str, str], np.ndarray]:
        return {}

    def _class(
        self, voice: Voice, inputs: dict[str, np.ndarray], codes: np.ndarray, first: int
    ) -> int:
        if first < 0:
            return 0
        scale = voice.generator.scale
        measured = compared(Laboratory(voice.image(), inputs), codes[None], scale=scale)
        return int(scale.quality(measured.fidelity_db)[0])


def _drawn(campaign: Campaign) -> str:
    """How many faults, of how many, and in how many utterances each."""
    if campaign.population is None:
        which = f"{campaign.trials:,} drawn at random"
    elif campaign.trials == campaign.population:
        which = f"all {campaign.population:,} that there are"
    else:
        which = f"the first {campaign.trials:,} of {campaign.population:,}"
    return f"{which}, each in {len(campaign.utterances)} utterances"
