"""Strategies against the same faults, and one simulated device to be heard."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.errors import WorkbenchError, described, expect, nearest, whole_number
from workbench.experiments.fleets.comparison import (
    ENVIRONMENTS,
    Case,
    Environment,
    records_of,
    with_cost,
    with_differences,
    workload_of,
)
from workbench.experiments.fleets.comparison_rows import comparison_rows
from workbench.experiments.fleets.device_costs import device_costs
from workbench.experiments.fleets.healed_speech import HealedSpeech, healed_speech
from workbench.experiments.maps.worst_bits import worst_weights
from workbench.experiments.parallel.workers import Workers
from workbench.experiments.voices.voice import Voice
from workbench.face.shown import Pictures, html_table, need_pandas, text_table
from workbench.face.working import counting, working
from workbench.files import output_folder
from workbench.healing.strategy import Strategy
from workbench.healing.variants import StrategyVariant, strategy_variants
from workbench.memory.faults.plan import Plan

if TYPE_CHECKING:
    import pandas as pd

Faults = str | Plan | Iterable[str | Plan]


@dataclass(frozen=True, repr=False)
class Comparison:
    """What strategies let through and cost; a table in a notebook.

    Args:
        records: JSON-ready, one for each strategy and environment, with all figures.
        titles: Of environments, by name.
        missing: Why the cost of a strategy on a device is unknown, by its name.
    """

    records: list[dict[str, Any]]
    titles: dict[str, str]
    missing: dict[str, str] = field(default_factory=dict)

    def to_pandas(self) -> pd.DataFrame:
        """A row a record; needs pandas, from the extra `tables`."""
        need_pandas()
        import pandas as pd

        return pd.DataFrame(self.records)

    def draw_costs(self, path: Path | str) -> Pictures:
        """Write a PNG file: remaining harm over RAM, flash and instructions, in the first environment.

        Raises WorkbenchError where the costs of no strategy are known.
        """
        from workbench.experiments.fleets.pictures import draw_costs

        costly = [each for each in self._of(next(iter(self.titles))) if each["device"]]
        if not costly:
            raise WorkbenchError(
                "nothing is known of what these strategies cost; compare them with costs=True"
            )
        draw_costs(Path(path), costly)
        return _picture(path)

    def draw_harm(self, path: Path | str) -> Pictures:
        """Write a PNG file: harm by strategy and environment."""
        from workbench.experiments.fleets.pictures import draw_harm

        draw_harm(Path(path), self.records, self.titles)
        return _picture(path)

    def _of(self, environment: str) -> list[dict[str, Any]]:
        return [each for each in self.records if each["environment"] == environment]

    def _repr_html_(self) -> str:
        return "".join(
            html_table(comparison_rows(self._of(name)), caption=title)
            for name, title in self.titles.items()
        )

    def __repr__(self) -> str:
        return "\n\n".join(
            f"{title}\n{text_table(comparison_rows(self._of(name)))}"
            for name, title in self.titles.items()
        )


def compare(
    voice: Voice,
    strategies: Iterable[str | Strategy] | str | Strategy | None = None,
    faults: Faults = "single",
    *,
    devices: int = 20,
    words: int = 10,
    seed: int = 0,
    costs: bool = False,
    out: Path | str | None = None,
    jobs: int = -1,
    dask: str | None = None,
) -> Comparison:
    """Simulate fleets of devices under the same faults, each fleet with one strategy.

    Args:
        voice: That all devices have.
        strategies: Names, files or objects; None for all that suit the voice.
        faults: Environments of `workbench compare`, as "single", fault texts, as "ber=1e-5", or several.
        devices: Of each fleet.
        words: Utterances of each device.
        seed: Another one draws other faults.
        costs: Whether costs that the shipped table does not know are measured on an emulated core.
        out: Folder that keeps the records; one that was begun is resumed.
        jobs: Processes; -1 for one a core.
        dask: Address of a Dask scheduler, to use its workers instead.

    Raises:
        WorkbenchError: Something is unknown, a strategy does not suit the voice, or the cluster was lost.
    """
    expect(voice, Voice, "the voice of a comparison", 'a Voice, as wb.load("challenge")')
    environments = environments_of(faults)
    if whole_number(jobs, "the number of jobs") == 0:
        raise WorkbenchError("0 jobs cannot run anything; use 1 or more, or -1 for one a core")
    inputs = {word: voice.inputs(word) for word in voice.utterances}
    variants = strategy_variants(strategies, voice.program, inputs)
    folder = None if out is None else output_folder(out)
    with Workers(jobs, dask) as workers:
        worst = _worst(voice, environments, workers)
        cases = [
            Case(
                program, strategy, environment,
                workload_of(environment, devices=devices, words=words, seed=seed, worst=worst),
            )
            for environment in environments
            for _, strategy, program in variants
        ]  # fmt: skip
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
        records, missing = _with_costs(voice, variants, records, folder, jobs)
    return Comparison(records, {each.name: each.title for each in environments}, missing)


def simulate(
    voice: Voice,
    healer: str | Strategy = "none",
    faults: str | Plan = "single",
    *,
    words: int = 4,
    seed: int = 0,
) -> HealedSpeech:
    """Simulate one device that speaks while faults arrive and a healer works; `listen` shows it.

    Args:
        voice: Of the device.
        healer: A strategy, its name or its file.
        faults: One environment or fault, as of `compare`.
        words: How many utterances.
        seed: Another one draws other faults.

    Raises:
        WorkbenchError: As of `compare`.
    """
    expect(voice, Voice, "the voice of a device", 'a Voice, as wb.load("challenge")')
    (environment,) = environments_of([faults])
    worst = _worst(voice, [environment], Workers(1))
    workload = workload_of(environment, devices=1, words=words, seed=seed, worst=worst)
    return healed_speech(voice, workload, *voice.healer(healer))


def _picture(path: Path | str) -> Pictures:
    return Pictures(Path(path).parent, {}, (Path(path).name,))


def environments_of(faults: Faults) -> list[Environment]:
    """Environments by name or fault text, each once; WorkbenchError for what is neither."""
    if not isinstance(faults, str | Plan | Iterable):
        raise WorkbenchError(
            f'faults are {described(faults)}; give an environment, as "single", or a fault, as "ber=1e-5"'
        )
    given = [faults] if isinstance(faults, str | Plan) else faults
    environments = list(dict.fromkeys(_environment(each) for each in given))
    if not environments:
        raise WorkbenchError('no fault is given; name at least one, as "single" or "ber=1e-5"')
    return environments


def _environment(fault: str | Plan) -> Environment:
    expect(fault, (str, Plan), "a fault", 'an environment, as "single", or a text, as "ber=1e-5"')
    text = str(fault)
    if text in ENVIRONMENTS:
        return ENVIRONMENTS[text]
    if "=" not in text:
        raise WorkbenchError(
            f"there is no environment {text!r}, and a fault reads like ber=1e-5; {nearest(text, ENVIRONMENTS)}"
        )
    return Environment(text, text, text)


def _worst(voice: Voice, environments: Sequence[Environment], workers: Workers) -> tuple[int, ...]:
    """The bits that an attacker would choose, as many as needed."""
    most = max(environment.adversarial for environment in environments)
    if not most:
        return ()
    with counting("Looking for the worst bits", total=most, unit="bit") as bar:
        return worst_weights(
            voice.image(), {word: voice.inputs(word) for word in voice.utterances}, bits=most,
            workers=workers,
            progress=lambda _: bar.update() and None,
        )  # fmt: skip


def _with_costs(
    voice: Voice,
    variants: Sequence[StrategyVariant],
    records: list[dict[str, Any]],
    folder: Path | None,
    jobs: int,
) -> tuple[list[dict[str, Any]], dict[str, str]]:
    inputs = voice.inputs(voice.utterances[-1])
    with working("Measuring costs on an emulated Cortex-M4"):
        known = device_costs(variants, voice.program, inputs, folder=folder, jobs=jobs)
    missing = {name: cost for name, cost in known.items() if isinstance(cost, str)}
    return [with_cost(each, known[each["strategy"]]) for each in records], missing
