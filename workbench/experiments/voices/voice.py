"""A trained generator ready to be damaged: its program, clean memory image and recordings.

Opening one needs no torch where the program is stored beside the checkpoint; only `model` does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from workbench.audio.recordings import nfc
from workbench.errors import WorkbenchError, expect, nearest, whole_number
from workbench.files import path_of
from workbench.generators.generator import SOUND, Generator
from workbench.generators.generator_registry import DEFAULT, generator_named
from workbench.healing.strategies.named import NONE
from workbench.healing.strategies.strategy import Strategy
from workbench.healing.strategies.variants import strategy_variant
from workbench.integer.biases import with_wide_biases
from workbench.integer.program import Program
from workbench.integer.reference import run
from workbench.memory.faults.plan import HASH_DIGITS, Plan, TrialId
from workbench.memory.faults.protection import ProtectionMask
from workbench.memory.image import Image
from workbench.memory.sampling import no_such_number
from workbench.memory.watches.areas import KINDS, Kind
from workbench.training.checkpoint_files import (
    config_of,
    generator_of,
    read_metadata,
    refuse_other_generator,
)
from workbench.training.stored_program import program_of


@dataclass(frozen=True, eq=False, repr=False)
class Voice:
    """A trained generator and what it was taught with.

    Args:
        generator: What kind it is.
        config: Of the class `generator.configuration`.
        program: The lowered network.
        recordings: Utterance -> float32 [samples], of any length.
        metadata: Metadata of the checkpoint.
        folder: Of the checkpoint; None for a network of one's own.
    """

    generator: Generator
    config: Any
    program: Program
    recordings: Mapping[str, np.ndarray]
    metadata: dict[str, Any]
    folder: Path | None = None

    def image(self, healer: str | Strategy = NONE) -> Image:
        """The clean memory image of a device with this healer, made once for each.

        Args:
            healer: As of `healer`. With "none" there are the usual checks, which nobody reads.

        Raises:
            WorkbenchError: As of `healer`; also for a strategy that does not suit the program.
        """
        if healer == NONE:
            return self._default_image
        strategy, program = self.healer(healer)
        # A notebook may have registered a newer kind of guard under the same name.
        codes = [code for area in strategy.areas for code in (area.code, area.second) if code]
        kinds = [KINDS[code] for code in codes]
        key = f"{strategy!r} {program.content_hash} {[id(kind) for kind in kinds]}"
        if key not in self._images:
            image = strategy.image(program) if strategy.heals else Image.of(program)
            self._images[key] = image, kinds
        return self._images[key][0]

    @cached_property
    def _default_image(self) -> Image:
        return Image.of(self.program)

    @cached_property
    def _images(self) -> dict[str, tuple[Image, list[Kind]]]:
        """Images of healers; with their kinds, which live as long, an `id` means one kind alone."""
        return {}

    def healer(self, healer: str | Strategy) -> tuple[Strategy, Program]:
        """A strategy and the program that its device runs, which some strategies change.

        Args:
            healer: A name, whose sizes are fitted to the program, the file of a strategy, or a Strategy, as it is.

        Returns:
            The strategy, and the program.

        Raises:
            WorkbenchError: The name is unknown, or the file cannot be read.
        """
        return strategy_variant(healer, self.program, self.all_inputs())

    def trial(
        self,
        utterance: str,
        fault: Image | Plan | str,
        number: int = 0,
        *,
        mask: ProtectionMask | None = None,
    ) -> TrialId:
        """The identifier of a trial, for `workbench replay`.

        Args:
            utterance: That is said.
            fault: An image with drawn flips, which are the trial; or a plan or its text.
            number: Of the trial of a plan, from 0; it hits the default image.
            mask: Bytes to which nothing happens in that trial.

        Raises:
            WorkbenchError: The flips of the image were not drawn by `flip(count=...)`, or there is no such plan or trial.
        """
        expect(
            fault,
            (Image, Plan, str),
            "the fault of a trial",
            "an Image with drawn flips, or a plan's text",
        )
        meant = self.utterance(utterance)
        if not isinstance(fault, Image):
            plan = fault if isinstance(fault, Plan) else Plan.parse(fault)
            index = whole_number(number, "the number of a trial")
            if not 0 <= index < 2**64:
                raise no_such_number(index)
            return TrialId.of(self.image(), meant, plan, index, mask=mask)
        if fault.drawn is None:
            raise WorkbenchError(
                "the flips of this image are no trial; draw them, as in `voice.image().flip(count=3)`"
            )
        drawn = fault.drawn
        return TrialId(drawn.image[:HASH_DIGITS], meant, Plan.parse(drawn.plan), drawn.trial)

    @cached_property
    def model(self) -> Any:
        """The quantised network in evaluation mode, read from the checkpoint when it is first asked for."""
        from workbench.training.checkpoint import load_checkpoint

        if self.folder is None:
            raise WorkbenchError(
                "this voice has no checkpoint to read its network from; keep your own"
            )
        model, metadata = load_checkpoint(self.folder)
        if metadata["weights_sha256"] != self.metadata["weights_sha256"]:
            raise WorkbenchError(
                f"the checkpoint in {self.folder} is another one than when this voice was opened; open it "
                "again"
            )
        return model

    def __repr__(self) -> str:
        return f"Voice that says {', '.join(self.usual)} with {self.program!r}"

    @property
    def utterances(self) -> tuple[str, ...]:
        """What it was taught to say, in the order of its configuration."""
        return self.generator.utterances(self.config)

    @property
    def usual(self) -> tuple[str, ...]:
        """What an experiment says that names nothing."""
        return self.generator.usual(self.config)

    @property
    def frame_s(self) -> float:
        """Duration of a frame in seconds."""
        return 1.0 / self.program.frame_rate_hz

    @property
    def sample_rate_hz(self) -> int:
        """Samples of its sound in a second."""
        return round(self.program.sample_rate_hz)

    def frames(self, utterance: str) -> int:
        """Frames of an utterance."""
        name, codes = next(iter(self.inputs(utterance).items()))
        return codes.shape[1] // self.program.signal(name).rate

    def spoken(self, utterance: str) -> str:
        """The utterance as it is said: "seven" for "7"."""
        return self.generator.spoken(utterance)

    def utterance(self, text: str) -> str:
        """The utterance that `text` means, as "7" for "seven"; `text` itself where it means none."""
        expect(text, str, f"a {self.generator.noun}", f"text, as {self.utterances[0]!r}")
        meant = self.generator.meant(self.config, text)
        return text if meant is None else meant

    def inputs(self, utterance: str) -> dict[str, np.ndarray]:
        """Inputs of the program that make it say an utterance.

        Args:
            utterance: As it was taught, or a text that means it ("seven" for "7").

        Returns:
            int32 [1, rows, channels] by input name.

        Raises:
            WorkbenchError: It was not taught this utterance.
        """
        expect(utterance, str, f"a {self.generator.noun}", f"text, as {self.utterances[0]!r}")
        meant = self.generator.meant(self.config, utterance)
        if meant is None:
            near = nearest(utterance, self.utterances, also=map(self.spoken, self.utterances))
            if self.generator.output == SOUND:
                raise WorkbenchError(f"this generator cannot say {utterance!r}; {near}")
            raise WorkbenchError(f"there is no sound {utterance!r}; {near}, or name a WAV file")
        return self.generator.encode(self.config, [meant])

    def all_inputs(
        self, utterances: Iterable[str] | str | None = None
    ) -> dict[str, dict[str, np.ndarray]]:
        """As of `inputs`, of several utterances.

        Args:
            utterances: Each counts once; None for all of `self.usual`.

        Raises:
            WorkbenchError: As of `inputs`, and where there is none.
        """
        cure = f"a list of them, as {list(self.usual[:2])!r}"
        given = self.usual if utterances is None else utterances
        expect(given, Iterable, f"each {self.generator.noun} that is said", cure)
        meant = dict.fromkeys(map(self.utterance, [given] if isinstance(given, str) else given))
        if not meant:
            raise WorkbenchError(f"there is no {self.generator.noun} to say; give {cure}")
        return {utterance: self.inputs(utterance) for utterance in meant}

    def speak(self, utterance: str, image: Image | None = None) -> np.ndarray:
        """Say an utterance with the working copy of an image.

        It begins in silence: what the state section of the image holds is not heard.

        Args:
            utterance: As of `inputs`.
            image: The memory to speak from; None for the clean one.

        Returns:
            float32 [samples] in [-1, 1] at `sample_rate_hz`; of a face, float32 [frames, shapes].
        """
        if image is not None:
            expect(image, Image, "the memory to speak from", "an Image, as `voice.image()`")
        program = image.to_program() if image is not None else self.program
        return program.rendered(run(program, self.inputs(utterance))[program.output][0])

    def speak_in_float(self, utterance: str) -> np.ndarray:
        """`utterance` from the float twin, the same weights without quantisers: float32 [samples]."""
        from workbench.training.float_twin import float_output

        return float_output(self.generator, self.model, self.program, self.utterance(utterance))

    def recording(self, utterance: str) -> np.ndarray:
        """The recording of `utterance`, cut or padded with silence to the length of `speak(utterance)`."""
        named = {nfc(name): name for name in self.recordings}
        name = utterance if utterance in self.recordings else named.get(nfc(utterance))
        if name is None and utterance not in self.utterances:
            raise WorkbenchError(
                f"there is no recording of {utterance!r} to compare with; {nearest(utterance, self.utterances)}"
            )
        if name is None:
            raise WorkbenchError(
                f"there is no recording of {utterance!r} among the {len(self.recordings)} given; name the "
                "folder that the voice learned with --data"
            )
        samples = self.recordings[name]
        length = self.frames(utterance) * self.program.signal(self.program.output).rate
        return np.pad(samples, (0, max(0, length - len(samples))))[:length]


def open_voice(
    folder: Path | str | None = None,
    data: Path | str | None = None,
    *,
    generator: str | None = None,
    wide_biases: bool = False,
) -> Voice:
    """Open a trained generator.

    Args:
        folder: Of a checkpoint; None for the one that ships with `generator`.
        data: Folder of recordings; None for those that the generator ships or makes.
        generator: Name of a generator, by default that of the checkpoint, or the first that ships. With a folder,
            the checkpoint must be of this generator.
        wide_biases: Whether every bias has 4 bytes of memory, see `workbench.integer.biases`.

    Raises:
        WorkbenchError: The checkpoint or the recordings are missing or damaged, or of another generator.
    """
    for what, place in (("the folder of a checkpoint", folder), ("the folder of recordings", data)):
        if place is not None:
            expect(place, (str, PathLike), what, "its path, or nothing for the shipped one")
    if folder is None:
        folder = generator_named(generator or DEFAULT).checkpoint()
    place = path_of(folder, "the folder of a checkpoint")
    metadata = read_metadata(place)
    kind = generator_of(metadata, place)
    refuse_other_generator(generator, kind, place)
    config = config_of(kind, metadata, place)
    recordings = (
        _Recordings(lambda: kind.recordings(data)) if data is None else kind.recordings(data)
    )
    program = program_of(place, metadata)
    if wide_biases:
        program = with_wide_biases(program)
    return Voice(kind, config, program, recordings, metadata, place)


def need_sound(voice: Voice) -> None:
    """Raise WorkbenchError for a generator that makes no sound."""
    if voice.generator.output != SOUND:
        raise WorkbenchError(
            f"the generator {voice.generator.name} gives a {voice.generator.output} and no sound; see it with "
            f"`wb.avatar` or `workbench demo {voice.generator.name}`"
        )


class _Recordings(Mapping[str, np.ndarray]):
    """Recordings that are read when the first of them is asked for."""

    def __init__(self, read: Callable[[], dict[str, np.ndarray]]) -> None:
        self._read = read

    @cached_property
    def _all(self) -> dict[str, np.ndarray]:
        return self._read()

    def __getitem__(self, name: str) -> np.ndarray:
        return self._all[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)
