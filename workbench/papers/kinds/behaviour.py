"""Monitors of behaviour: what they find of single flips, how soon, and how often they are wrong.

A number is derived again by saying the first of the faulty utterances anew before the monitors as they are kept, and
comparing every delay.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from workbench.audio.scales import QUALITIES
from workbench.errors import WorkbenchError
from workbench.experiments.estimates.statistics import wilson
from workbench.experiments.monitors.calibration import alarming_kinds
from workbench.experiments.monitors.detection import Found, detect
from workbench.experiments.monitors.false_alarms import FalseAlarms
from workbench.experiments.monitors.faulty import faulty_utterances, one_bit
from workbench.experiments.parallel.task import code_here
from workbench.experiments.records import RecordFile
from workbench.memory.watches.behaviour_area import BehaviourArea
from workbench.papers.calibrated import calibrated, checked_distance, monitor_of
from workbench.papers.cell import Cell, Measure
from workbench.papers.kind import Evidence, Example, Kind, named_in
from workbench.progress import progress_bar

_AGAIN = 24  # utterances that are said again
_HEARD = QUALITIES[1:]  # classes of utterances in which something differs


@dataclass(frozen=True)
class _Options:
    """monitors: () for all. apart: frames between two false alarms that each is calibrated for. frames: to learn from.
    trials: flips that are tried. within: frames, for the share that is found so soon."""

    monitors: tuple[str, ...] = ()
    apart: tuple[str, ...] = ("1e4", "1e6")
    frames: int = 200_000
    trials: int = 200
    within: int = 45


class Behaviour(Kind):
    """Every monitor, for every wanted distance between false alarms."""

    OPTIONS = _Options
    MEASURES: ClassVar[dict[str, Measure]] = {
        "found": Measure("found in the utterance", percent=True),
        "soon": Measure("found soon", percent=True),
        "delay": Measure("median delay", unit="frames"),
        "apart": Measure("frames between false alarms"),
    }
    options: _Options

    def check(self) -> None:
        """Read the distances, and refuse unknown monitors."""
        self.monitors = named_in(
            self.options.monitors, tuple(alarming_kinds()), "monitor of behaviour"
        )
        for text in self.options.apart:
            checked_distance(text, f"[[data]] {self.name}")
        if min(self.options.frames, self.options.trials) < 1:
            raise WorkbenchError(
                f"[[data]] {self.name} needs at least 1 frame and 1 trial; give more"
            )

    def run(self) -> None:
        """Calibrate and judge what is not kept."""
        for model in self.models:
            self._record(model)

    def cells(self) -> list[Cell]:
        """Of each model, monitor, distance and class of the sound, and of the distance that was reached."""
        cells: list[Cell] = []
        for model in self.models:
            record = self._record(model)
            found = [_found(each) for each in record["found"]]
            for number, made in enumerate(record["monitors"]):
                labels = {"model": model, "monitor": made["monitor"], "wanted": made["apart"]}
                cells += self._detection(labels, found, number)
                cells.append(self._distance(labels, made))
        return cells

    def example(self, cell: Cell) -> Example | None:
        """The first utterance of that class."""
        if "class" not in cell.labels:
            return None
        return self._examples[cell.labels["model"]].get(cell.labels["class"])

    def again(self, cell: Cell, rng: np.random.Generator) -> Evidence:
        """Say the first utterances again before the monitors as they were calibrated."""
        model = cell.labels["model"]
        voice, kept = self.models[model].voice, self._record(model)["found"]
        trials = min(_AGAIN, self.options.trials)
        areas = [monitor_of(each) for each in self._record(model)["monitors"]]
        plain = [_plain(each) for each in detect(voice, areas, trials=trials, seed=self.seed)]
        return Evidence(
            f"{len(plain)} of the first {trials} flips, which are heard, said again before every monitor",
            plain == kept[: len(plain)],
        )

    def methods(self) -> str:
        """What monitors learned from, and what they were judged on."""
        apart = ", ".join(self.options.apart)
        return (
            f"Monitors ({self.name}): {', '.join(self.monitors)}; each was calibrated on {self.options.frames:,} frames of "
            f"clean utterances for {apart} frames between false alarms, with a limit from as many others and a check on "
            f"as many again. They were judged on {self.options.trials:,} single flips, in all parts of the parameters alike, "
            "each in an utterance of its own that no monitor had seen; counted are those in which a sample differs. "
            f"Soon is within {self.options.within} frames of the first that sounds otherwise. Intervals are Wilson's, of the "
            "distance of false alarms Garwood's of as many independent ones as vary as much, with a confidence of 95 %."
        )

    def _detection(self, labels: dict[str, str], found: list[Found], number: int) -> list[Cell]:
        cells = []
        for quality in _HEARD:
            mine = [each.delays[number] for each in found if QUALITIES[each.quality] == quality]
            alarms = [delay for delay in mine if delay is not None]
            soon = sum(delay <= self.options.within for delay in alarms)
            origin = f"{len(mine)} {quality} utterances of {self.options.trials:,} flips of seed {self.seed}"
            where = {**labels, "class": quality}
            shares = {"found": len(alarms), "soon": soon}
            for name, count in shares.items():
                low, high = map(float, wilson(count, len(mine)))
                value = count / len(mine) if mine else None
                cells.append(Cell(where, name, value, low, high, len(mine), origin, by=("class",)))
            middle = float(np.median(alarms)) if alarms else None
            cells.append(
                Cell(where, "delay", middle, count=len(alarms), origin=origin, by=("class",))
            )
        return cells

    def _distance(self, labels: dict[str, str], made: dict[str, Any]) -> Cell:
        false = FalseAlarms.again(made["false"])
        alarms, frames = false.alarms, false.frames
        origin = f"{false} that the monitor had not seen"
        if not made["endless"]:
            return Cell(
                labels, "apart", None, origin="all that the generator can say", count=frames
            )
        low, high = false.apart()
        return Cell(labels, "apart", frames / alarms if alarms else None, low, high, frames, origin)

    @cached_property
    def _records(self) -> dict[str, dict[str, Any]]:
        return {}

    def _record(self, model: str) -> dict[str, Any]:
        """Monitors and what they found; all is kept."""
        if model not in self._records:
            voice = self.models[model].voice
            key = f"{code_here().digest} {voice.program.content_hash} {self.options} {self.seed}"
            wanted = [(name, text) for name in self.monitors for text in self.options.apart]
            monitors = calibrated(
                voice,
                wanted,
                self.site,
                frames=self.options.frames,
                seed=self.seed,
                title=self.name,
            )
            areas = [monitor_of(each) for each in monitors]
            file = RecordFile(self.site.folder, model, key)
            record = file.read()
            if record is None:
                record = {"found": self._detected(model, areas)}
                file.write(record)
            self._records[model] = {**record, "monitors": monitors}
        return self._records[model]

    def _detected(self, model: str, areas: list[BehaviourArea]) -> list[dict[str, Any]]:
        with progress_bar(total=self.options.trials, desc=self.name, unit="flip") as bar:
            found = detect(
                self.models[model].voice, areas, trials=self.options.trials, seed=self.seed,
                progress=bar.update,
            )  # fmt: skip
        return [_plain(each) for each in found]

    @cached_property
    def _examples(self) -> dict[str, dict[str, Example]]:
        return {model: self._heard(model) for model in self.models}

    def _heard(self, model: str) -> dict[str, Example]:
        """The first utterance of each class."""
        voice, examples = self.models[model].voice, dict[str, Example]()
        found = iter(self._record(model)["found"])
        wanted = {QUALITIES[each["quality"]] for each in self._record(model)["found"]}
        program = voice.program
        for number, each in enumerate(
            faulty_utterances(voice, (), draw=one_bit, trials=self.options.trials, seed=self.seed)
        ):
            if each.first is None:
                continue
            quality = QUALITIES[next(found)["quality"]]
            if quality not in examples:
                examples[quality] = Example(
                    f"flip {number} of {self.options.trials:,}, in the {each.section}; it sounds otherwise from frame "
                    f"{each.first} on",
                    (),
                    program.rendered(each.clean[program.output]),
                    program.rendered(each.codes[program.output]),
                    voice.sample_rate_hz,
                    f"workbench bench monitors {voice.generator.name}{self.models[model].option}",
                )
            if {*examples} == wanted:
                break
        return examples


def _found(plain: dict[str, Any]) -> Found:
    return Found(plain["section"], plain["quality"], tuple(plain["delays"]))


def _plain(found: Found) -> dict[str, Any]:
    return {**asdict(found), "delays": list(found.delays)}
