"""Hardware or data: what devices take a disturbance for, with memory evidence and from behaviour alone.

The scenarios of `workbench bench behaviour`. A number is derived again by living through one of its scenarios anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from workbench.errors import WorkbenchError
from workbench.experiments.estimates.statistics import wilson
from workbench.experiments.monitors.behaviour_diagnoses import (
    ANSWERS,
    BOUND_FRAMES,
    DATA,
    HARDWARE,
    JUDGING,
    NOTHING,
    Lived,
    Scenario,
    Scenarios,
    Told,
)
from workbench.experiments.monitors.calibration import monitor_kinds
from workbench.experiments.monitors.data_changes import changes_of
from workbench.experiments.parallel.task import code_here
from workbench.experiments.records import RecordFile
from workbench.memory.faults.transients import Sites
from workbench.memory.trials.truth import spoken
from workbench.papers.calibrated import calibrated, checked_distance, monitor_of
from workbench.papers.cell import Cell, Measure
from workbench.papers.kind import Evidence, Example, Kind, named_in
from workbench.progress import progress_bar

_DEVICES = ("with memory", "alone")  # in the order of `Scenarios.lived`
_SIDES = ("hardware", "data")
_TAKEN, _CONFUSED = "taken", "confused"
_LINES = 8


@dataclass(frozen=True)
class _Options:
    """monitors: () for the usual ones that suit, judges of inputs first. apart: frames between two false alarms. frames: to
    learn from. trials: scenarios of each kind. happened: kinds, () for all."""

    monitors: tuple[str, ...] = ()
    apart: str = "1e6"
    frames: int = 200_000
    trials: int = 20
    happened: tuple[str, ...] = ()


class Confusion(Kind):
    """Every kind of scenario, on two devices with the same monitors."""

    OPTIONS = _Options
    MEASURES: ClassVar[dict[str, Measure]] = {
        _TAKEN: Measure("taken for it", percent=True),
        _CONFUSED: Measure("taken for the other, of those noticed", percent=True),
    }
    options: _Options

    def check(self) -> None:
        """Find monitors and kinds of scenarios, and refuse unknown ones."""
        where = f"[[data]] {self.name}"
        checked_distance(self.options.apart, where)
        if min(self.options.frames, self.options.trials) < 1:
            raise WorkbenchError(f"{where} needs at least 1 frame and 1 trial; give more")
        self.monitors, self.happened = {}, {}
        for model, each in self.models.items():
            program = each.voice.program
            suited = monitor_kinds(program)
            usual = [name for name in JUDGING if name in suited]
            self.monitors[model] = named_in(self.options.monitors or usual, suited, "monitor")
            kinds = (*HARDWARE, *changes_of(program))
            self.happened[model] = named_in(self.options.happened, kinds, "kind of scenario")

    def run(self) -> None:
        """Calibrate, and let happen what is not kept."""
        for model in self.models:
            self._told(model)

    def cells(self) -> list[Cell]:
        """Of each model and device: what each kind of scenario was taken for, and both confusions."""
        return [
            cell
            for model in self.models
            for device in _DEVICES
            for cell in (*self._taken(model, device), *self._confused(model, device))
        ]

    def example(self, cell: Cell) -> Example | None:
        """The first scenario that the number counts."""
        if not cell.value:
            return None
        model, device = cell.labels["model"], cell.labels["device"]
        number, told = next(
            (number, told)
            for number, told in self._counted(cell)
            if _is_hit(cell, told, _answer(told, device))
        )
        place = model, number, told.truth
        if place not in self._lives:  # of both devices, for all numbers that it is behind
            scenario = self._scenario(*place)
            self._lives[place] = scenario, [*self._scenarios(model).lived(scenario)]
        scenario, lives = self._lives[place]
        lived = lives[_DEVICES.index(device)]
        return self._heard(model, number, scenario, lived, _answer(told, device))

    def again(self, cell: Cell, rng: np.random.Generator) -> Evidence:
        """Live through one of its scenarios again; both devices must take it for the same."""
        model = cell.labels["model"]
        scenarios = [*self._counted(cell)]
        number, told = scenarios[int(rng.integers(len(scenarios)))]
        made = self._scenarios(model).told(self._scenario(model, number, told.truth))
        return Evidence(f"scenario {number} of {told.truth!r} lived through again", made == told)

    def methods(self) -> str:
        """What devices compare with, what happened to them, and what a confusion is."""
        model = next(iter(self.models))
        return (
            f"Hardware or data ({self.name}): devices with {', '.join(self.monitors[model])}, calibrated on "
            f"{self.options.frames:,} frames for {self.options.apart} frames between false alarms, met {self.options.trials:,} "
            f"scenarios of each kind ({', '.join(self.happened[model])}), seed {self.seed}. Bits of memory were drawn until a "
            "monitor noticed one. One device has memory compared with the golden copy after an alarm, the other has its "
            f"behaviour alone; counted is what a log says within {BOUND_FRAMES} frames of its first alarm. A confusion is "
            "hardware called data, or data called anything else, of those scenarios that raised an alarm. Intervals are "
            "Wilson's, with a confidence of 95 %."
        )

    def _taken(self, model: str, device: str) -> Iterator[Cell]:
        for truth in self.happened[model]:
            for answer in ANSWERS:
                labels = {"model": model, "device": device, "happened": truth, "taken": answer}
                yield self._share(labels, _TAKEN, ("happened", "taken"))

    def _confused(self, model: str, device: str) -> Iterator[Cell]:
        for side in _SIDES:
            yield self._share({"model": model, "device": device, "happened": side}, _CONFUSED, ())

    def _share(self, labels: dict[str, str], measure: str, by: tuple[str, ...]) -> Cell:
        empty = Cell(labels, measure, None, by=by)
        scenarios = [*self._counted(empty)]
        hits = [n for n, told in scenarios if _is_hit(empty, told, _answer(told, labels["device"]))]
        if not scenarios:
            return empty
        low, high = map(float, wilson(len(hits), len(scenarios)))
        truths = dict.fromkeys(told.truth for _, told in scenarios)
        return Cell(
            labels, measure, len(hits) / len(scenarios), low, high, len(scenarios),
            f"{len(hits)} of {len(scenarios)} scenarios ({', '.join(truths)}) of seed {self.seed}",
            tuple(f"scenario {number} of seed {self.seed}" for number in hits[:1]), by,
        )  # fmt: skip

    def _counted(self, cell: Cell) -> Iterator[tuple[int, Told]]:
        """Numbers of the trials that a number is a share of, and what was told in them."""
        happened, device = cell.labels["happened"], cell.labels["device"]
        for number, told in self._told(cell.labels["model"]):
            if cell.measure == _TAKEN:
                if told.truth == happened:
                    yield number, told
            elif _SIDES[told.is_data] == happened and _answer(told, device) != NOTHING:
                yield number, told

    def _heard(
        self, model: str, number: int, scenario: Scenario, lived: Lived, answer: str
    ) -> Example:
        voice = self.models[model].voice
        program, result = voice.program, lived.result
        sites = Sites(lived.image)
        events = [f"frame {each.frame}: {sites.site(each.position)}" for each in lived.events]
        lines = [*events, *(f"log: {line}" for line in result.lines())]
        more = [f"and {len(lines) - _LINES:,} more lines"] if len(lines) > _LINES else []
        rows = scenario.rows(program.signal(program.output).rate)
        return Example(
            f"scenario {number}: {scenario.truth}, taken for {answer}; the utterance in which it begins",
            (*lines[:_LINES], *more) or ("nothing was logged",),
            program.rendered(spoken(lived.image, scenario.said(scenario.usual))),
            program.rendered(result.codes[rows]),
            voice.sample_rate_hz,
            f"workbench bench behaviour --generator {voice.generator.name}{self.models[model].option} "
            f"--trials {number + 1} --seed {self.seed}",
        )

    def _scenario(self, model: str, number: int, truth: str) -> Scenario:
        return next(e for e in self._scenarios(model).drawn(number) if e.truth == truth)

    @cached_property
    def _lives(self) -> dict[tuple[str, int, str], tuple[Scenario, list[Lived]]]:
        return {}

    @cached_property
    def _made(self) -> dict[str, Scenarios]:
        return {}

    def _scenarios(self, model: str) -> Scenarios:
        if model not in self._made:
            voice = self.models[model].voice
            areas = [monitor_of(each) for each in self._monitors(model)]
            self._made[model] = Scenarios(voice, areas, self.seed)
        return self._made[model]

    def _monitors(self, model: str) -> list[dict[str, Any]]:
        return calibrated(
            self.models[model].voice,
            [(name, self.options.apart) for name in self.monitors[model]],
            self.site, frames=self.options.frames, seed=self.seed, title=self.name,
        )  # fmt: skip

    @cached_property
    def _all_told(self) -> dict[str, list[tuple[int, Told]]]:
        return {}

    def _told(self, model: str) -> list[tuple[int, Told]]:
        """Numbers of the trials and what was told; each trial is kept as soon as it was lived through."""
        if model not in self._all_told:
            numbers = progress_bar(range(self.options.trials), desc=self.name, unit="trial")
            self._all_told[model] = [
                (number, told) for number in numbers for told in self._trial(model, number)
            ]
        return self._all_told[model]

    def _trial(self, model: str, number: int) -> list[Told]:
        program = self.models[model].voice.program
        basis = f"{self.monitors[model]} {self.options.apart} {self.options.frames} {self.happened[model]}"
        key = f"{code_here().digest} {program.content_hash} {basis} {number} {self.seed}"
        file = RecordFile(self.site.folder, f"{model}-{number}", key)
        record = file.read()
        if record is None:
            scenarios = self._scenarios(model)
            told = [
                scenarios.told(each)
                for each in scenarios.drawn(number)
                if each.truth in self.happened[model]
            ]
            record = {"told": [asdict(each) for each in told]}
            file.write(record)
        return [Told(**each) for each in record["told"]]


def _answer(told: Told, device: str) -> str:
    return told.with_memory if device == _DEVICES[0] else told.alone


def _is_hit(cell: Cell, told: Told, answer: str) -> bool:
    """Whether a scenario that a number is a share of is counted in it."""
    if cell.measure == _TAKEN:
        return answer == cell.labels["taken"]
    return (answer == DATA) != told.is_data
