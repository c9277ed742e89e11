"""The interface of a generator: everything in which one network that makes sound differs from another.

Importing this module, a generator and its `encode` needs no torch; `network`, `loss`, `tensors` and `lessons` do.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from itertools import cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from workbench.audio.recordings import load_words, nfc
from workbench.audio.scales import BY_SNR, Scale
from workbench.audio.sound_files import SAMPLE_RATE_HZ
from workbench.errors import WorkbenchError, nearest
from workbench.generators.configuration import is_usual
from workbench.generators.dictionary import Dictionary
from workbench.generators.inputs import RowIndexes, Samples
from workbench.generators.recipe import PRESETS, Recipe

if TYPE_CHECKING:
    import torch
    from torch import nn


SOUND, FACE = "sound", "face"  # what generators give


@dataclass(frozen=True)
class Measure:
    """A measure of quality, and what a well trained generator reaches in it.

    Args:
        name: In `experiments.voices.quality`.
        at_least: Lower limit of the mean; None for no limit.
        at_most: Upper limit of the mean; None for no limit.
    """

    name: str
    at_least: float | None = None
    at_most: float | None = None

    def shortfall(self, value: float | None) -> str:
        """The limit that `value` misses, in words; "" where it misses none or there is no value."""
        if value is not None and self.at_least is not None and value < self.at_least:
            return f"at least {self.at_least:g}"
        if value is not None and self.at_most is not None and value > self.at_most:
            return f"at most {self.at_most:g}"
        return ""


class Generator(ABC):
    """One kind of network that makes sound; a subclass defines what is particular to it.

    Attributes:
        name: In commands, checkpoints and programs.
        noun: What an utterance is called, e.g. "word".
        configuration: A frozen dataclass; its fields are JSON-ready, lists being tuples.
        presets: Recipes by name, "default" among them.
        measures: Those that have a meaning here.
        checkpoints: Names of those that ship, the default first.
        repeats: Names of those that differ in the training seed alone.
        sample_rate_hz: Of recordings and output.
        spoken_language: Whether a speech recogniser can understand it.
        says_any_text: Whether utterances are whatever a user writes.
        scale: What classes of damage go by: the waveform, or the spectrum where noise and phase may differ unheard.
        output: What it gives: SOUND, or FACE for blendshapes in step with a sound.
        delay_s: By how much a face comes after its sound.
        front_end: Kind of the operator that makes what the network takes of the program's input; "" where that is the
            same. Then `encode`, `tensors` and `lessons` are about that input.
        back_end: Kind of the operator that makes the output of what the network gives; "" where that is the same.
    """

    name: ClassVar[str]
    noun: ClassVar[str] = "utterance"
    configuration: ClassVar[type[Any]]
    presets: ClassVar[Mapping[str, Recipe]] = PRESETS
    measures: ClassVar[tuple[Measure, ...]] = (
        Measure("nearest"),
        Measure("mfcc_dtw"),
        Measure("log_mel_db"),
    )
    checkpoints: ClassVar[tuple[str, ...]] = ()
    repeats: ClassVar[tuple[str, ...]] = ()
    sample_rate_hz: ClassVar[int] = SAMPLE_RATE_HZ
    spoken_language: ClassVar[bool] = False
    says_any_text: ClassVar[bool] = False
    scale: ClassVar[Scale] = BY_SNR
    output: ClassVar[str] = SOUND
    delay_s: ClassVar[float] = 0.0
    front_end: ClassVar[str] = ""
    back_end: ClassVar[str] = ""

    # -- what it can say ----------------------------------------------------------------------

    @abstractmethod
    def utterances(self, config: Any) -> tuple[str, ...]:
        """What it was trained on, each once."""

    @abstractmethod
    def encode(self, config: Any, utterances: Sequence[str]) -> dict[str, np.ndarray]:
        """Input codes of some utterances, computed with NumPy alone.

        Args:
            config: Of the network.
            utterances: As `meant` gives them, of one length.

        Returns:
            int32 [len(utterances), rows, channels] by input name.
        """

    def usual(self, config: Any) -> tuple[str, ...]:
        """The utterances of an experiment that names none; by default all `utterances`."""
        return self.utterances(config)

    def spoken(self, utterance: str) -> str:
        """How an utterance sounds, in words: "seven" for "7"."""
        return utterance

    def meant(self, config: Any, text: str) -> str | None:
        """The utterance that a text means.

        The default knows `utterances`, by name or as they are spoken, compared in Unicode's form NFC. A generator of
        any text returns the text.

        Returns:
            The utterance; None where the text means none.
        """
        known = self.utterances(config)
        if text in known:
            return text
        by_sound = {nfc(self.spoken(each)): each for each in known}
        return {**by_sound, **{nfc(each): each for each in known}}.get(nfc(text))

    def heard_as(self, utterance: str) -> str:
        """What a speech recogniser answers that understands an utterance: its words."""
        return self.spoken(utterance)

    def dictionary(self, config: Any, utterances: Sequence[str]) -> Dictionary | None:
        """What lets an exported model say utterances without a host.

        Returns:
            None where a firmware feeds the inputs itself.
        """
        return None

    def script(self, config: Any) -> tuple[str, ...]:
        """Utterances that a demonstration lets it make one after the other: eight, in turns."""
        return tuple(islice(cycle(self.usual(config)), 8))

    def drawn(self, config: Any, seed: int) -> Iterator[str] | None:
        """Utterances without end, drawn by a seed, that monitors are calibrated on.

        Returns:
            None where `utterances` are all that it can say.
        """
        return None

    # -- data, configuration and training -----------------------------------------------------

    def recipe(self, preset: str) -> Recipe:
        """The recipe called `preset`; WorkbenchError where there is none."""
        if preset not in self.presets:
            raise WorkbenchError(
                f"the generator {self.name} has no preset {preset!r}; {nearest(preset, self.presets)}"
            )
        return self.presets[preset]

    def recordings(self, folder: Path | str | None) -> dict[str, np.ndarray]:
        """Utterance -> float32 [samples], from `folder` or, without one, what the generator ships or makes."""
        if folder is None:
            raise WorkbenchError(
                f"the generator {self.name} ships no recordings; name a folder of your own with --data"
            )
        return load_words(folder, sample_rate_hz=self.sample_rate_hz)

    def training_set(self, folder: Path | str | None) -> Mapping[str, Any]:
        """What a new training learns, by name: those of `recordings`, or what `lessons` takes in their place."""
        return self.recordings(folder)

    @abstractmethod
    def configure(
        self, recordings: Mapping[str, Any], recipe: Recipe, settings: Mapping[str, Any]
    ) -> Any:
        """The configuration for some recordings.

        Args:
            recordings: As `training_set` gives them, by default utterance -> float32 [samples].
            recipe: How it will be trained.
            settings: Fields of the configuration that the user chose.

        Raises:
            WorkbenchError: There is a recording that it cannot learn.
        """

    def learnt(self, config: Any, recordings: Mapping[str, Any]) -> tuple[str, ...]:
        """Names of the recordings that a training needs; by default all `utterances`."""
        return self.utterances(config)

    def targets(self, config: Any, recordings: Mapping[str, np.ndarray]) -> np.ndarray:
        """What the network is to give for each of `utterances`.

        Returns:
            float32 [utterances, ...]; by default the recordings [utterances, samples], cut or padded with silence to
            `samples`.
        """
        names, length = self.utterances(config), self.samples(config)
        padded = np.zeros((len(names), length), np.float32)
        for row, name in zip(padded, names, strict=True):
            heard = np.asarray(recordings[name], np.float32)[:length]
            row[: len(heard)] = heard
        return padded

    @abstractmethod
    def samples(self, config: Any) -> int:
        """Output samples of the longest of `utterances`."""

    def allows(self, field: str, value: Any) -> bool:
        """Whether a configuration could have this value; a damaged one must not exhaust memory.

        Here: a text, a number up to 65,536 or some of these, of the type that the field's default has.
        """
        default = next(
            (each.default for each in fields(self.configuration) if each.name == field), None
        )
        kinds = None if default in (None, MISSING) else type(default)
        return is_usual(value) and kinds in (None, type(value))

    def least_bytes(self, config: Any) -> int:
        """Size that the weights of this configuration have at least, checked before they are allocated."""
        return 0

    # -- the network (needs torch) ------------------------------------------------------------

    @abstractmethod
    def network(self, config: Any, *, quantised: bool) -> nn.Module:
        """The network with fresh weights and `config` as its attribute `config`.

        Args:
            config: Of the network.
            quantised: False for the same in float, with the same names of weights.

        Returns:
            A module whose forward takes what `tensors` gives and returns [batch, channels, samples], or what the back
            end reads.
        """

    def loss(self) -> nn.Module:
        """Loss of (output, targets), each [batch, samples] where the output has one channel."""
        from workbench.generators.loss import WaveformLoss

        return WaveformLoss()

    def tensors(self, config: Any, utterances: Sequence[str]) -> dict[str, torch.Tensor]:
        """What `encode` gives, as the network's forward takes it.

        Returns:
            A tensor by argument; by default row indexes, int64 [len(utterances), rows]. With a front end, codes of the
            program's input, [len(utterances), rows, channels].
        """
        import torch

        codes = self.encode(config, utterances)
        if self.front_end:
            return {name: torch.from_numpy(rows) for name, rows in codes.items()}
        return {name: torch.from_numpy(rows[:, :, 0]).long() for name, rows in codes.items()}

    def lessons(
        self, config: Any, recordings: Mapping[str, Any]
    ) -> tuple[dict[str, torch.Tensor], np.ndarray]:
        """What a training goes through.

        Args:
            config: Of the network.
            recordings: Those that `learnt` names.

        Returns:
            Arguments of the network's forward, [lessons, ...] each, and what it is to give, float32 [lessons, ...]; by
            default `tensors` and `targets` of all utterances.
        """
        return self.tensors(config, self.utterances(config)), self.targets(config, recordings)

    # -- lowering -----------------------------------------------------------------------------

    def inputs(self, config: Any) -> dict[str, RowIndexes | Samples]:
        """The arguments of the network's forward; here: row indexes."""
        names = self.encode(config, self.utterances(config)[:1])
        return {name: RowIndexes() for name in names}

    @abstractmethod
    def input_rate_hz(self, config: Any) -> float:
        """Rows a second of an input of rate 1."""

    # -- what ships ---------------------------------------------------------------------------

    def checkpoint(self, name: str | None = None) -> Path:
        """The folder of a checkpoint that ships, by default the first."""
        raise WorkbenchError(
            f"the generator {self.name} ships no checkpoint; train one with `workbench train {self.name} "
            "--out DIR` and name it with --checkpoint DIR"
        )

    def card(self) -> str:
        """Its card in Markdown: data, licences, measured quality, intended use; "" for none."""
        return ""

    def __repr__(self) -> str:
        return f"Generator {self.name}"
