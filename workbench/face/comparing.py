"""Strategies against the same faults, and one simulated device to be heard."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.errors import WorkbenchError, expect, whole_number
from workbench.experiments.fleets.comparison import (
    records_of,
    with_cost,
    with_differences,
    workload_of,
)
from workbench.experiments.fleets.comparison_rows import comparison_rows, meanings, strategy_notes
from workbench.experiments.fleets.device_costs import device_costs
from workbench.experiments.fleets.environments import (
    Faults,
    attacked_bits,
    cases_of,
    environments_of,
)
from workbench.experiments.fleets.healed_speech import HealedSpeech, healed_speech
from workbench.experiments.fleets.safety_voices import safety_lines, with_safety
from workbench.experiments.monitors.watching_strategies import with_monitors
from workbench.experiments.parallel.workers import Workers
from workbench.experiments.voices.voice import Voice
from workbench.face.shown import Pictures, html_table, need_pandas, text_table
from workbench.face.working import counting
from workbench.files import output_folder
from workbench.healing.strategies.strategy import Strategy
from workbench.healing.strategies.variants import StrategyVariant, strategy_variants
from workbench.integer.reference import Codes
from workbench.memory.faults.plan import Plan

if TYPE_CHECKING:
    import pandas as pd

_UNMEASURED = "compare with costs=True to measure it"


@dataclass(frozen=True, repr=False)
class Comparison:
    """What strategies let through and cost; a table in a notebook.

    Args:
        records: JSON-ready, one for each strategy and environment, with all figures.
        titles: Of environments, by name.
        missing: Why the cost of a strategy on a device is unknown, by its name.
        notes: Sentences about the strategies.
    """

    records: list[dict[str, Any]]
    titles: dict[str, str]
    missing: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def to_pandas(self) -> pd.DataFrame:
        """A row a record; needs pandas, from the extra `tables`."""
        need_pandas()
        import pandas as pd

        return pd.DataFrame(self.records)

    def draw_costs(self, path: Path | str) -> Pictures:
        """Write a PNG file: remaining harm over RAM, flash and instructions, in the first environment.

        Raises WorkbenchError where the costs of no strategy are known.
        """
        from workbench.experiments.fleets.comparison_pictures import draw_costs

        costly = [each for each in self._of(next(iter(self.titles))) if each["device"]]
        if not costly:
            raise WorkbenchError(
                "nothing is known of what these strategies cost; compare them with costs=True"
            )
        draw_costs(Path(path), costly)
        return _picture(path)

    def draw_harm(self, path: Path | str) -> Pictures:
        """Write a PNG file: harm by strategy and environment."""
        from workbench.experiments.fleets.comparison_pictures import draw_harm

        draw_harm(Path(path), self.records, self.titles)
        return _picture(path)

    def _of(self, environment: str) -> list[dict[str, Any]]:
        return [each for each in self.records if each["environment"] == environment]

    def _explained(self) -> list[str]:
        """What "-" means in the tables, and notes."""
        without = {r["strategy"]: _UNMEASURED for r in self.records if not r["device"]}
        lines = [*safety_lines(self.records), *meanings(self.records, {**without, **self.missing})]
        return [*lines, *self.notes]

    def _repr_html_(self) -> str:
        tables = "".join(
            html_table(comparison_rows(self._of(name)), caption=title)
            for name, title in self.titles.items()
        )
        return tables + "".join(f"<div>{escape(line)}</div>" for line in self._explained())

    def __repr__(self) -> str:
        tables = "\n\n".join(
            f"{title}\n{text_table(comparison_rows(self._of(name)))}"
            for name, title in self.titles.items()
        )
        return "\n\n".join(filter(None, [tables, "\n".join(self._explained())]))


def compare(
    voice: Voice,
    strategies: Iterable[str | Strategy] | str | Strategy | None = None,
    faults: Faults = "single",
    *,
    devices: int = 20,
    utterances: int = 10,
    say: Iterable[str] | str | None = None,
    seed: int = 0,
    costs: bool = False,
    out: Path | str | None = None,
    jobs: int = -1,
    dask: str | None = None,
    safety: Voice | None = None,
    over_budget: bool = False,
) -> Comparison:
    """Simulate fleets of devices under the same faults, each fleet with one strategy.

    Args:
        voice: That all devices have.
        strategies: Names, files or objects; None for all that suit the voice.
        faults: Environments of `workbench compare`, as "single", fault texts, as "ber=1e-5", or several.
        devices: Of each fleet.
        utterances: How many each device says.
        say: Utterances that devices say, drawn by the seed; None for the usual ones of the voice.
        seed: Another one draws other faults.
        costs: Whether costs that the shipped table does not know are measured on an emulated core.
        out: Folder that keeps the records; one that was begun is resumed.
        jobs: Processes; -1 for one a core.
        dask: Address of a Dask scheduler, to use its workers instead.
        safety: A far smaller voice of the same utterances, for "safety-voice" and "autonomic"; None for none.
        over_budget: Take it also where it has more of the bytes or of the work than a safety voice may.

    Raises:
        WorkbenchError: Something is unknown, a strategy does not suit the voice, or the cluster was lost.
    """
    expect(voice, Voice, "the voice of a comparison", 'a Voice, as wb.load("challenge")')
    environments = environments_of(faults)
    if whole_number(jobs, "the number of jobs") == 0:
        raise WorkbenchError("0 jobs cannot run anything; use 1 or more, or -1 for one a core")
    inputs = voice.all_inputs(say)
    folder = None if out is None else output_folder(out)
    if strategies is not None:
        strategies = with_monitors(strategies, voice, folder=folder)
    strategies = with_safety(strategies, voice, safety, over_budget=over_budget)
    variants = strategy_variants(strategies, voice.program, inputs)
    with Workers(jobs, dask) as workers:
        worst = attacked_bits(voice, inputs, environments, workers, show=_searching)
        cases = cases_of(
            environments, variants, devices=devices, utterances=utterances, seed=seed,
            worst=worst, scale=voice.generator.scale,
        )  # fmt: skip
        made: dict[int, dict[str, Any]] = {}
        with counting("Comparing", total=len(cases) * devices) as bar:
            for number, record in records_of(folder, inputs, cases, workers, progress=bar.update):
                if isinstance(record, Exception):
                    raise record
                made[number] = record
    records = [made[number] for number in sorted(made)]
    records = with_differences(records)
    missing: dict[str, str] = {}
    if costs:
        records, missing = _with_costs(voice, inputs, variants, records, folder, jobs)
    titles = {each.name: each.title for each in environments}
    notes = strategy_notes(variants, every=strategies is None)
    return Comparison(records, titles, missing, tuple(notes))


def simulate(
    voice: Voice,
    healer: str | Strategy = "none",
    faults: str | Plan = "single",
    *,
    utterances: int = 4,
    say: Iterable[str] | str | None = None,
    seed: int = 0,
) -> HealedSpeech:
    """Simulate one device that speaks while faults arrive and a healer works; `listen` shows it.

    Args:
        voice: Of the device.
        healer: A strategy, its name or its file.
        faults: One environment or fault, as of `compare`.
        utterances: How many it says.
        say: Among which, as of `compare`.
        seed: Another one draws other faults.

    Raises:
        WorkbenchError: As of `compare`.
    """
    expect(voice, Voice, "the voice of a device", 'a Voice, as wb.load("challenge")')
    (environment,) = environments_of([faults])
    inputs = voice.all_inputs(say)
    worst = attacked_bits(voice, inputs, [environment], Workers(1), show=_searching)
    workload = workload_of(environment, devices=1, utterances=utterances, seed=seed, worst=worst)
    strategy, program = voice.healer(*with_monitors(healer, voice))
    return healed_speech(voice, workload, strategy, program, say=tuple(inputs))


def _searching(most: int) -> AbstractContextManager[Any]:
    return counting(f"Looking for the {most} worst bits", total=most, unit="bit")


def _picture(path: Path | str) -> Pictures:
    return Pictures(Path(path).parent, {}, (Path(path).name,))


def _with_costs(
    voice: Voice,
    inputs: Mapping[str, Codes],
    variants: Sequence[StrategyVariant],
    records: list[dict[str, Any]],
    folder: Path | None,
    jobs: int,
) -> tuple[list[dict[str, Any]], dict[str, str]]:
    *_, last = inputs.values()
    what = "Measuring costs on an emulated Cortex-M4"
    with counting(what, total=len(variants), unit="strategy") as bar:
        known = device_costs(
            variants, voice.program, last, folder=folder, jobs=jobs,
            progress=lambda _: bar.update() and None,
        )  # fmt: skip
    missing = {name: cost for name, cost in known.items() if isinstance(cost, str)}
    return [with_cost(each, known[each["strategy"]]) for each in records], missing
