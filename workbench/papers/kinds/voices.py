"""How well models speak when nothing is wrong: the measures of `workbench measure`, against their recordings.

A number is derived again by speaking and measuring anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from workbench.errors import WorkbenchError
from workbench.experiments.parallel.task import code_here
from workbench.experiments.records import RecordFile
from workbench.experiments.voices.quality import quality_of_voice
from workbench.generators.generator import SOUND
from workbench.papers.cell import Cell, Measure
from workbench.papers.kind import Evidence, Example, Kind

_BYTES, _MACS = "bytes", "macs"


@dataclass(frozen=True)
class _Options:
    """There are none."""


class Voices(Kind):
    """Quality and size of every model."""

    OPTIONS = _Options
    MEASURES: ClassVar[dict[str, Measure]] = {
        "recognised": Measure("understood by the recogniser", percent=True),
        "nearest": Measure("nearest to its own recording", percent=True),
        "mfcc_dtw": Measure("MFCC-DTW"),
        "pesq_nb": Measure("PESQ-NB"),
        "stoi": Measure("STOI"),
        "log_mel_db": Measure("log-mel distance", unit="dB"),
        _BYTES: Measure("memory of the working copy", unit="bytes"),
        _MACS: Measure("multiply-accumulates a frame"),
    }

    def check(self) -> None:
        """Refuse models that give no sound."""
        for model, each in self.models.items():
            if each.voice.generator.output != SOUND:
                raise WorkbenchError(
                    f"[[data]] {self.name} measures how models speak, and {model} gives a "
                    f'{each.voice.generator.output}; name its models, as models = ["int8"]'
                )

    def run(self) -> None:
        """Measure the models that are not kept."""
        for model in self.models:
            self._figures(model)

    def cells(self) -> list[Cell]:
        """Of each model."""
        cells = []
        for model, each in self.models.items():
            words = len(each.voice.utterances)
            figures = self._figures(model)
            sizes = {
                _BYTES: each.voice.image().layout.working_bytes,
                _MACS: each.voice.program.macs_per_frame(),
            }
            origin = f"{words} utterances of program {each.voice.program.content_hash[:12]} against their recordings"
            command = f"workbench measure {each.voice.generator.name}{each.option}"
            cells += [
                Cell(
                    {"model": model}, name, {**figures, **sizes}.get(name), count=words, origin=origin,
                    replay=(command,),
                )
                for name in self.MEASURES
            ]  # fmt: skip
        return cells

    def example(self, cell: Cell) -> Example | None:
        """The utterance that is understood least often, beside its recording."""
        each = self.models[cell.labels["model"]]
        heard = self._figures(cell.labels["model"])["per_word"]
        word = min(each.voice.utterances, key=lambda name: heard.get(name, 0.0))
        recording = np.asarray(each.voice.recording(word))
        return Example(
            f"{each.voice.spoken(word)!r}, understood in {100 * heard.get(word, 0.0):.0f} % of its presentations; beside "
            "it the recording that it was taught",
            (),
            recording,
            each.voice.speak(word),
            each.voice.sample_rate_hz,
            cell.replay[0],
        )

    def again(self, cell: Cell, rng: np.random.Generator) -> Evidence:
        """Measure the model again, once for all of its numbers."""
        model = cell.labels["model"]
        if model not in self._measured_again:
            self._measured_again[model] = quality_of_voice(self.models[model].voice).figures()
        again = self._measured_again[model]
        equal = (
            cell.measure not in again or again[cell.measure] == self._figures(model)[cell.measure]
        )
        return Evidence(f"{model} spoken and measured again", equal)

    def methods(self) -> str:
        """Words and measures."""
        words = sum(len(each.voice.utterances) for each in self.models.values())
        return (
            f"Quality ({self.name}): {len(self.models)} models, {words} utterances, compared with the recordings that they "
            "were trained on; understood is what a speech recogniser with a grammar of these words understands, with "
            "noise and padding of several kinds."
        )

    @cached_property
    def _measured_again(self) -> dict[str, dict[str, Any]]:
        return {}

    @cached_property
    def _known(self) -> dict[str, dict[str, Any]]:
        return {}

    def _figures(self, model: str) -> dict[str, Any]:
        if model not in self._known:
            voice = self.models[model].voice
            key = (
                f"{code_here().digest} {voice.program.content_hash} {_recordings(voice.recordings)}"
            )
            file = RecordFile(self.site.folder, model, key)
            figures = file.read()
            if figures is None:
                figures = quality_of_voice(voice).figures()
                file.write(figures)
            self._known[model] = figures
        return self._known[model]


def _recordings(recordings: Any) -> str:
    from workbench.experiments.provenance import inputs_digest

    return inputs_digest(
        {word: {"samples": np.round(32768 * samples)} for word, samples in recordings.items()}
    )
