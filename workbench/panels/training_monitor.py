"""The training monitor: variants of a voice side by side, with live curves and sounds, stopped and resumed at will.

Each variant is trained in a folder of its own by `workbench.training`; the panel only watches.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from html import escape
from pathlib import Path
from typing import Any

import ipywidgets as widgets
import numpy as np

from workbench.audio.sound_metrics import measure
from workbench.errors import WorkbenchError, expect
from workbench.experiments.voices.voice import Voice, open_voice
from workbench.files import exists, output_folder
from workbench.generators.generator import SOUND, Generator
from workbench.generators.generator_registry import generator_named
from workbench.generators.recipe import with_steps
from workbench.panels.curves import curves_html
from workbench.panels.grid import WIDE, columns, framed
from workbench.panels.panel import Panel
from workbench.panels.player import Player
from workbench.panels.snippet import Snippet
from workbench.panels.status import Status
from workbench.training.checkpoint_files import METADATA_FILE

_OPTIONS: dict[str, Any] = {"style": {"description_width": "5.5rem"}, "layout": WIDE}
_BITS = "trunk_weight_bits"  # of configurations that know 8 and 4
_FLOAT, _TWIN = "float", "int8"  # what is shown beside the variants, and whose float twin it is
_DRAW_EVERY_S, _HEAR_EVERY_S = 0.5, 4.0


@dataclass(frozen=True)
class TrainedVariant:
    """A way to train a voice.

    Args:
        settings: Fields of its configuration that are to have these values.
        sparsity: Share of the weights of every layer that becomes zero.
    """

    settings: Mapping[str, Any] = field(default_factory=dict)
    sparsity: float = 0.0


class TrainingMonitor(Panel):
    """A list of variants, their curves, a player of the recording and of what each says by now, and their figures.

    Beside the finished 8-bit variant stands its float twin: the same weights without quantisers.

    generator: name of one that makes sound. out: folder; every variant gets one below it, and one that was begun there
    goes on. data: folder of recordings; None for those that the generator ships. preset, seed: as of `train`. steps: of
    the float and the quantised stage, instead of those of the preset. Raises WorkbenchError for what is unknown; later
    errors are shown in the panel, in `status`.
    """

    def __init__(
        self,
        generator: str = "challenge",
        out: Path | str = "results/voices",
        *,
        data: Path | str | None = None,
        preset: str = "default",
        seed: int = 0,
        steps: tuple[int, int] | None = None,
    ) -> None:
        expect(generator, str, "the generator to train", "its name, as 'challenge'")
        self.generator = generator_named(generator)
        if self.generator.output != SOUND:
            raise WorkbenchError(
                f"the generator {generator} makes no sound to listen to; use wb.train"
            )
        self.out, self.data, self.preset, self.seed = output_folder(out), data, preset, seed
        self.steps = steps
        recipe = self.generator.recipe(preset)
        if steps is not None:
            recipe = with_steps(recipe, steps)
        self.recipe = recipe
        self.variants = variants_of(self.generator)
        self.losses: dict[str, list[float]] = {name: [] for name in self.variants}
        self.sounds: dict[str, np.ndarray] = {}
        self.voices: dict[str, Voice] = {}
        self._drawn = self._heard = 0.0
        self.curves, self.figures = widgets.HTML(layout=WIDE), widgets.HTML(layout=WIDE)
        self.player, self.snippet = Player(), Snippet()
        self.sound = framed(self.player)
        self.status = Status((), go_on="press Train to go on from there")
        with self.status.shown("reading the recordings"):
            self.recordings = self.generator.training_set(data)
            self.controls = self._controls()
            self.train_button = widgets.Button(
                description="Train",
                button_style="primary",
                tooltip="Begin, or go on where it was stopped",
            )
            self.train_button.on_click(lambda _: self.train())
            super().__init__(
                [
                    columns(list(self.controls.values()), "17rem"),
                    self.train_button,
                    self.status,
                    self.curves,
                    self.sound,
                    self.figures,
                    self.snippet,
                ]
            )
            for name in self.variants:
                self._open_finished(name)
            self._show()

    @property
    def variant(self) -> str:
        """Name of the one that is chosen."""
        return str(self.controls["variant"].value)

    def folder(self, name: str) -> Path:
        """Where a variant is trained."""
        return self.out / name

    def train(self) -> None:
        """Train the chosen variant to its end, or until it is stopped; the next call goes on from there."""
        name = self.variant
        with self.status.working(f"training {name}; stop when you like, it goes on from there"):
            if name in self.voices:
                raise WorkbenchError(
                    f"{name} is trained to its end; choose another variant, or delete {self.folder(name)}"
                )
            self._train(name)
            self._open_finished(name)
        self._show()

    def _train(self, name: str) -> None:
        from workbench.training.preview import preview
        from workbench.training.task import make_task
        from workbench.training.train import train

        chosen = self.variants[name]
        task = make_task(
            self.generator, self.recordings, recipe=self.recipe, seed=self.seed,
            settings=chosen.settings, sparsity=chosen.sparsity,
        )  # fmt: skip
        total = self.recipe.float_steps + self.recipe.qat_steps

        def step(state: Any) -> None:
            self.losses[name] = state.losses
            now = time.monotonic()
            if now - self._heard > _HEAR_EVERY_S:
                self._heard = now
                sound = preview(task, state, self.controls["word"].value)
                if sound is not None:
                    self.sounds[name] = sound
                    self._play()
            if now - self._drawn > _DRAW_EVERY_S:
                self._drawn = now
                self.status.tell(f"training {name}: step {len(state.losses):,} of {total:,}")
                self._draw()

        train(task, self.folder(name), on_step=step, show=False)

    def _open_finished(self, name: str) -> None:
        """Take what a finished training has left."""
        if not exists(self.folder(name) / METADATA_FILE):
            return
        voice = open_voice(self.folder(name), self.data)
        self.voices[name] = voice
        self.losses[name] = self.losses[name] or list(voice.metadata["losses"])

    def _show(self, _: Any = None) -> None:
        """All that follows from the controls and what is trained."""
        word = self.controls["word"].value
        for name, voice in self.voices.items():
            speakers = {_FLOAT: voice.speak_in_float} if name == _TWIN else {}
            for title, speak in {name: voice.speak, **speakers}.items():
                self.sounds.pop(title, None)
                if word in voice.utterances or voice.generator.says_any_text:
                    self.sounds[title] = speak(word)
        self._draw()
        self._play()
        self.snippet.lines(self._code())

    def _draw(self) -> None:
        total = self.recipe.float_steps + self.recipe.qat_steps
        self.curves.value = curves_html(self.losses, self.recipe.float_steps, total)
        rows = "".join(self._row(name) for name in self._titles())
        head = "".join(
            f"<th>{each}</th>" for each in ("steps", "loss", "SNR", "log-mel", "parameters")
        )
        self.figures.value = f"<table><tr><th>variant</th>{head}</tr>{rows}</table>"

    def _titles(self) -> list[str]:
        """The variants, behind the float twin where there is one."""
        return [_FLOAT] * (_TWIN in self.voices) + list(self.variants)

    def _row(self, name: str) -> str:
        sound, recorded = self.sounds.get(name), self._recorded()
        voice = self.voices.get(_TWIN if name == _FLOAT else name)
        if name == _FLOAT and voice:
            losses = self.losses[_TWIN][: self.recipe.float_steps]
            size = 4 * sum(
                array.size for _, kind, array in voice.program.parameters() if kind != "shift"
            )
        else:
            losses = self.losses[name]
            size = voice.image().layout.working_bytes if voice else 0
        metrics = None
        if sound is not None and recorded is not None:
            length = len(sound)
            padded = np.pad(recorded, (0, max(0, length - len(recorded))))[:length]
            metrics = measure(
                sound, padded, sample_rate_hz=self.generator.sample_rate_hz, perceptual=False,
                scale=self.generator.scale,
            )  # fmt: skip
        cells = [
            f"{len(losses):,}" if voice is None else "finished",
            f"{np.mean(losses[-50:]):.3f}" if losses else "",
            f"{metrics.snr_db:.1f} dB" if metrics else "",
            f"{metrics.log_mel_db:.1f} dB" if metrics else "",
            f"{size:,} bytes" if voice else "",
        ]
        told = "".join(f"<td>{cell}</td>" for cell in cells)
        return f'<tr><td style="text-align: left">{escape(name)}</td>{told}</tr>'

    def _play(self) -> None:
        recorded = self._recorded()
        sounds = {} if recorded is None else {"recording": recorded}
        sounds |= {name: self.sounds[name] for name in self._titles() if name in self.sounds}
        if sounds:
            self.player.show(sounds, self.generator.sample_rate_hz)

    def _recorded(self) -> np.ndarray | None:
        """The recording of the word, where it was learnt from one."""
        found = self.recordings.get(self.controls["word"].value)
        return found if isinstance(found, np.ndarray) and found.ndim == 1 else None

    def _controls(self) -> dict[str, widgets.Widget]:
        words = list(self.recordings)
        made = {
            "variant": widgets.Dropdown(
                options=list(self.variants), description="Variant", **_OPTIONS
            ),
            "word": widgets.Dropdown(
                options=[(self.generator.spoken(word), word) for word in words],
                description=self.generator.noun.capitalize(), **_OPTIONS,
            ),
        }  # fmt: skip
        for control in made.values():
            control.observe(self._show, names="value")
        return made

    def _code(self) -> list[str]:
        chosen = self.variants[self.variant]
        words = [repr(self.generator.name), repr(str(self.folder(self.variant)))]
        for name, value, usual in (
            ("data", None if self.data is None else str(self.data), None),
            ("preset", self.preset, "default"),
            ("seed", self.seed, 0),
            ("steps", self.steps, None),
            ("settings", dict(chosen.settings), {}),
            ("sparsity", chosen.sparsity, 0.0),
        ):
            if value != usual:
                words.append(f"{name}={value!r}")
        return [f"voice = wb.train({', '.join(words)})"]


def variants_of(generator: Generator) -> dict[str, TrainedVariant]:
    """What a generator can be trained as, by name: in 8 bits, in 4 where its configuration knows them, and pruned."""
    variants = {"int8": TrainedVariant()}
    if _BITS in (each.name for each in fields(generator.configuration)):
        variants["int4"] = TrainedVariant(settings={_BITS: 4})
    return {**variants, "pruned": TrainedVariant(sparsity=0.5)}
