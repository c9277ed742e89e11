"""Healing strategies under the same faults: what is left, how soon it is found, and what it costs.

A number is derived again by simulating one of its devices alone, frame by frame, with its healer's log, where the fleet
jumped from event to event; all that the record has of that device is compared.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from workbench.audio.scales import BROKEN, QUALITIES
from workbench.errors import WorkbenchError
from workbench.experiments.estimates.statistics import clustered, mean_interval
from workbench.experiments.fleets.comparison import CORE, ENVIRONMENTS, REFERENCE, Case, records_of
from workbench.experiments.fleets.device_costs import device_costs
from workbench.experiments.fleets.environments import attacked_bits, cases_of, environments_of
from workbench.experiments.fleets.lifetime import AUDIBLE
from workbench.experiments.parallel.workers import Workers
from workbench.experiments.voices.voice import Voice
from workbench.firmware.boards import CORES
from workbench.firmware.emulation.costs import Cost
from workbench.papers.cell import Cell, Measure
from workbench.papers.emulated import emulated_again
from workbench.papers.kind import Evidence, Example, Kind
from workbench.papers.one_device import OneDevice, one_device
from workbench.papers.variants import variants_by_model
from workbench.progress import progress_bar

_HARM, _DIFFERENCE = "harm", "difference"
_LINES = 12
# Measure -> fields of `Cost` that are added up.
_COSTS = {
    "instructions": ("instructions",),
    "ram": ("ram_bytes",),
    "flash": ("code_bytes", "check_bytes"),
}


@dataclass(frozen=True)
class _Options:
    """strategies, environments: () for all that fit. devices: of each fleet. words: that each device says."""

    strategies: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    devices: int = 10
    words: int = 10


@dataclass(frozen=True, eq=False)
class _Fleet:
    model: str
    case: Case
    inputs: dict[str, dict[str, np.ndarray]]


class Strategies(Kind):
    """Fleets of devices, one with each strategy in each environment."""

    OPTIONS = _Options
    MEASURES: ClassVar[dict[str, Measure]] = {
        _HARM: Measure("harm", percent=True),
        _DIFFERENCE: Measure(f"harm beyond {REFERENCE}", percent=True),
        "broken": Measure("words below the last limit", percent=True),
        "unheard": Measure("words without an audible error", percent=True),
        "latency": Measure("mean detection latency", unit="s"),
        "left": Measure("wrong bits left"),
        "instructions": Measure("instructions a frame"),
        "ram": Measure("RAM", unit="bytes"),
        "flash": Measure("flash for code and checks", unit="bytes"),
    }
    options: _Options

    def check(self) -> None:
        """Prepare strategies and environments."""
        self.environments = environments_of(self.options.environments or ENVIRONMENTS)
        for name in ("devices", "words"):
            if getattr(self.options, name) < 1:
                raise WorkbenchError(
                    f"[[data]] {self.name} has {name} = {getattr(self.options, name)}; give at least 1"
                )
        self.variants = variants_by_model(self.options.strategies, self.models, self.site.folder)

    def run(self) -> None:
        """Simulate the fleets that are not kept."""
        total = len(self._fleets) * self.options.devices
        with (
            Workers(self.site.jobs, self.site.dask) as workers,
            progress_bar(total=total, unit="device", desc=self.name) as bar,
        ):
            for model in self.models:
                self._records_of(model, workers, progress=bar.update)

    def cells(self) -> list[Cell]:
        """Of each strategy in each environment."""
        return [
            cell
            for fleet, record in zip(self._fleets, self._records, strict=True)
            for cell in self._of(fleet, record)
        ]

    def example(self, cell: Cell) -> Example | None:
        """The worst word of the worst device, the same for all numbers of a fleet."""
        fleet, record = self._found(cell)
        place = tuple(cell.labels.values())
        if place not in self._examples:
            self._examples[place] = self._worst_word(fleet, record, cell.labels)
        return self._examples[place]

    def _worst_word(self, fleet: _Fleet, record: dict[str, Any], labels: dict[str, str]) -> Example:
        device = int(np.argmax(record["harm_of_devices"]))
        alone = self._alone(fleet, device)
        word = int(alone.harm.argmax())
        result, said = alone.result, alone.script.utterances[word]
        log = result.lines()
        more = [f"and {len(log) - _LINES:,} more entries"] if len(log) > _LINES else []
        return Example(
            f"device {device} of {self.options.devices}, {len(result.upsets):,} upsets: its word {word + 1}, "
            f"{said!r}",
            (*log[:_LINES], *more) or ("the healer found nothing",),
            alone.clean.samples()[alone.rows(word)],
            result.samples()[alone.rows(word)],
            self.models[fleet.model].voice.sample_rate_hz,
            f"workbench compare{self.models[fleet.model].option} --strategy {labels['strategy']} --environment "
            f"{labels['environment']} --devices {self.options.devices} --words {self.options.words} --seed {self.seed}",
        )

    def again(self, cell: Cell, rng: np.random.Generator) -> Evidence:
        """Simulate one of its devices alone, and compare all that is kept of it; of a cost, emulate the core again.

        Of a difference, the same device with the other strategy as well.
        """
        fleet, record = self._found(cell)
        if cell.measure in _COSTS:
            return self._emulated_again(cell)
        device = int(rng.integers(self.options.devices))
        strategies = [cell.labels["strategy"]]
        equal = self._alone(fleet, device).is_in(record, device)
        if cell.measure == _DIFFERENCE:
            strategies.append(REFERENCE)
            other, its_record = self._found_with(cell, REFERENCE)
            equal = equal and self._alone(other, device).is_in(its_record, device)
        what = (
            f"device {device} with {' and with '.join(strategies)} in {cell.labels['environment']} simulated alone: harm, "
            "classes of its words, latencies, wrong bits"
        )
        return Evidence(what, equal)

    def methods(self) -> str:
        """Fleets, faults, and what harm is."""
        names = {
            strategy.name for variants in self.variants.values() for _, strategy, _ in variants
        }
        faults = "; ".join(f"{each.name}: {each.title}" for each in self.environments)
        fleets = len(self._fleets)
        return (
            f"Strategies ({self.name}): {len(names)} strategies met the same faults in {len(self.environments)} "
            f"environments ({faults}), each in a fleet of {self.options.devices} devices that say {self.options.words} "
            f"utterances each, {fleets * self.options.devices:,} devices in all (seed {self.seed}). Harm is the energy of "
            "the error over that of the clean sound, at most 1, the mean over utterances; its intervals are Student's "
            "over devices, those of shares of utterances Wilson's at the effective number of utterances, with a "
            "confidence of 95 %. Costs were counted on an emulated Cortex-M4, beyond the bare "
            "generator."
        )

    @cached_property
    def _examples(self) -> dict[tuple[str, ...], Example]:
        """By labels, those that were made."""
        return {}

    @cached_property
    def _fleets(self) -> list[_Fleet]:
        fleets = []
        for model, each in self.models.items():
            voice, inputs = each.voice, each.voice.all_inputs()
            worst = self._worst(model, voice)
            cases = cases_of(
                self.environments, self.variants[model], devices=self.options.devices,
                utterances=self.options.words, seed=self.seed, worst=worst, scale=voice.generator.scale,
            )  # fmt: skip
            fleets += [_Fleet(model, case, inputs) for case in cases]
        return fleets

    def _worst(self, model: str, voice: Voice) -> tuple[int, ...]:
        with Workers(self.site.jobs, self.site.dask) as workers:
            return attacked_bits(
                voice, voice.all_inputs(), self.environments, workers, folder=self._folder(model),
                show=lambda most: progress_bar(total=most, unit="bit", desc="worst bits"),
            )  # fmt: skip

    def _folder(self, model: str) -> Path:
        return self.site.folder / model

    @cached_property
    def _records(self) -> list[dict[str, Any]]:
        """Of all fleets in order; those that are kept are read, any other is simulated."""
        with Workers(1) as workers:
            return [each for model in self.models for each in self._records_of(model, workers)]

    def _records_of(
        self, model: str, workers: Workers, progress: Callable[[int], object] | None = None
    ) -> list[dict[str, Any]]:
        """Of the fleets of one model, in order."""
        mine = [fleet for fleet in self._fleets if fleet.model == model]
        found: dict[int, dict[str, Any]] = {}
        for number, record in records_of(
            self._folder(model),
            mine[0].inputs,
            [each.case for each in mine],
            workers,
            progress=progress,
        ):
            if isinstance(record, Exception):
                raise record
            found[number] = record
        return [found[number] for number in range(len(mine))]

    @cached_property
    def _costs(self) -> dict[tuple[str, str], Cost]:
        """Of each model and strategy, where the device can be emulated."""
        costs: dict[tuple[str, str], Cost] = {}
        for model, each in self.models.items():
            *_, last = each.voice.all_inputs().values()
            known = device_costs(
                self.variants[model],
                each.voice.program,
                last,
                folder=self._folder(model),
                jobs=self.site.jobs,
            )
            costs |= {(model, name): cost for name, cost in known.items() if isinstance(cost, Cost)}
        return costs

    def _of(self, fleet: _Fleet, record: dict[str, Any]) -> list[Cell]:
        case = fleet.case
        labels = {
            "model": fleet.model, "environment": case.environment.name, "strategy": case.strategy.name,
        }  # fmt: skip
        harms = np.array(record["harm_of_devices"])
        low, high = _interval(harms)
        reference = self._reference(fleet)
        pairs = None if reference is None else harms - reference
        below = (None, None) if pairs is None else _interval(pairs)
        words = np.array(record["words_of_devices"])
        cost = self._costs.get((fleet.model, case.strategy.name))
        values: dict[str, tuple[float | None, float | None, float | None]] = {
            _HARM: (float(harms.mean()), None if low is None else max(low, 0.0), high),
            _DIFFERENCE: (None if pairs is None else float(pairs.mean()), *below),
            "broken": _share(words, slice(QUALITIES.index(BROKEN), None)),
            "unheard": _share(words, slice(AUDIBLE)),
            "latency": (record["detection_s"], None, None),
            "left": (record["wrong_bits_left"], None, None),
            **{name: (_added(cost, fields), None, None) for name, fields in _COSTS.items()},
        }
        origin = (
            f"{record['devices']} devices, {record['upsets']:,} upsets in {record['device_s']:,.0f} s; faults "
            f"{' and '.join(record['faults'])}; seed {self.seed}"
        )
        devices = (f"device {int(harms.argmax())} of seed {self.seed}",)
        return [
            Cell(labels, name, *value, count=record["devices"], origin=origin, replay=devices)
            for name, value in values.items()
        ]

    def _reference(self, fleet: _Fleet) -> np.ndarray | None:
        for each, record in zip(self._fleets, self._records, strict=True):
            same = each.model == fleet.model and each.case.environment == fleet.case.environment
            if same and each.case.strategy.name == REFERENCE:
                return np.array(record["harm_of_devices"])
        return None

    def _emulated_again(self, cell: Cell) -> Evidence:
        model, strategy = cell.labels["model"], cell.labels["strategy"]
        variant = next(each for each in self.variants[model] if each.strategy.name == strategy)
        made = emulated_again(self.models[model].voice, variant, CORES[CORE])
        value = sum(made[field] for field in _COSTS[cell.measure])
        return Evidence(f"{strategy} emulated again on {CORES[CORE].title}", value == cell.value)

    def _found(self, cell: Cell) -> tuple[_Fleet, dict[str, Any]]:
        return self._found_with(cell, cell.labels["strategy"])

    def _found_with(self, cell: Cell, strategy: str) -> tuple[_Fleet, dict[str, Any]]:
        wanted = cell.labels["model"], cell.labels["environment"], strategy
        for fleet, record in zip(self._fleets, self._records, strict=True):
            case = fleet.case
            if (fleet.model, case.environment.name, case.strategy.name) == wanted:
                return fleet, record
        raise WorkbenchError(f"[[data]] {self.name} has no {cell.key}; run the study again")

    def _alone(self, fleet: _Fleet, device: int) -> OneDevice:
        return one_device(self.models[fleet.model].voice, fleet.case, fleet.inputs, device)


def _added(cost: Cost | None, fields: Sequence[str]) -> float | None:
    return None if cost is None else sum(getattr(cost, field) for field in fields)


def _interval(values: np.ndarray) -> tuple[float | None, float | None]:
    """Of the mean of devices; none where all are equal, which says nothing of how far others may be."""
    return mean_interval(values) if np.ptp(values) else (None, None)


def _share(words: np.ndarray, classes: slice) -> tuple[float, float, float]:
    """Share of the words in some classes, with its interval over devices; words: int64 [devices, 5]."""
    hits, rows = words[:, classes].sum(axis=1), words.sum(axis=1)
    interval = clustered(hits, rows)
    return float(hits.sum() / rows.sum()), float(interval.low), float(interval.high)
