"""The panel of notebook 04: a voice and its healer on a board, measured, damaged, and as a folder to download.

It shows what `workbench.experiments.emulations.board_runs` returns and decides nothing itself.
"""

from __future__ import annotations

import base64
import io
import zipfile
from collections.abc import Sequence
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory
from types import NoneType
from typing import Any

import ipywidgets as widgets

from workbench.errors import expect
from workbench.experiments.emulations.board_runs import RUNS, run_on_board
from workbench.experiments.monitors.watching_strategies import with_monitors
from workbench.experiments.voices.firmware_folder import write_firmware
from workbench.experiments.voices.voice import Voice, open_voice
from workbench.firmware.boards import BOARDS
from workbench.firmware.design import RAM
from workbench.firmware.names import PREFIX
from workbench.generators.generator import FACE
from workbench.healing.strategies.strategy import Strategy
from workbench.healing.strategies.variants import NAMES, fitting, strategy_variants
from workbench.panels.board_views import bars, log_list
from workbench.panels.grid import WIDE, columns, framed
from workbench.panels.panel import Panel
from workbench.panels.player import Player
from workbench.panels.snippet import Snippet
from workbench.panels.status import Status
from workbench.panels.timeline import Timeline

_UPSETS = (0, 1, 2, 5, 10, 20, 50, 100, 200, 500)


class FirmwarePanel(Panel):
    """Controls, bars of what the board has, sounds, log and timeline of the emulated device, and its folder as a ZIP.

    voice: the one that ships unless another is given. strategies: of one's own, to choose beside the
    named ones, the first of them to begin with. Raises WorkbenchError when the voice cannot be opened
    and for strategies that do not suit it; later errors are shown in the panel, in `status`.
    """

    def __init__(self, voice: Voice | None = None, strategies: Sequence[Strategy] = ()) -> None:
        expect(voice, (Voice, NoneType), "the voice of a panel", "a Voice, as open_voice()")
        self.bars, self.entries = widgets.HTML(layout=WIDE), widgets.HTML(layout=WIDE)
        self.download = widgets.HTML()
        self.player, self.timeline, self.snippet = Player(), Timeline(), Snippet()
        self.timeline.follow(self.player)
        self.sound, self.life = framed(self.player), framed(self.timeline)
        self.status = Status((self.bars, self.sound, self.entries, self.life))
        with self.status.shown("opening the voice"):
            self.voice = voice or open_voice()
            variants = strategy_variants(strategies, self.voice.program, self.voice.all_inputs())
            self.own = {variant.strategy.name: variant.strategy for variant in variants}
            self.controls = _controls(self.voice, tuple(self.own))
            for control in self.controls.values():
                control.observe(self._changed, names="value")
            self.button = widgets.Button(
                description="Generate firmware", icon="download", layout=WIDE
            )
            self.button.on_click(self._clicked)
            heard = [self.sound] if self.voice.generator.output != FACE else []
            super().__init__(
                [
                    columns(list(self.controls.values())),
                    self.status,
                    self.bars,
                    *heard,
                    self.life,
                    self.entries,
                    widgets.HBox([self.button, self.download]),
                    self.snippet,
                ]
            )
            self.update()

    def update(self) -> None:
        """Emulate what is chosen and show it; an error becomes a sentence in `status`."""
        chosen = {name: control.value for name, control in self.controls.items()}
        self.download.value = ""  # it was of other settings
        with self.status.working(f"emulating {chosen['healer']} on {chosen['board']}"):
            healer = self._healer()
            board = next(each for each in BOARDS if each.name == chosen["board"])
            strategy, program = self.voice.healer(healer)
            done = 0

            def told(what: str) -> None:
                nonlocal done
                done += 1
                self.status.tell(f"{what}: {done} of {RUNS}")

            run = run_on_board(
                self.voice, board, strategy, program,
                utterance=chosen["utterance"], upsets=chosen["upsets"], seed=chosen["seed"],
                progress=told,
            )  # fmt: skip
            self.bars.value, self.entries.value = bars(run), log_list(run)
            word = self.voice.spoken(chosen["utterance"])
            self.timeline.show({strategy.name: run}, {0.0: word})
            if self.voice.generator.output != FACE:
                rendered = self.voice.program.rendered
                sounds = {
                    "clean": rendered(run.clean.codes),
                    "under upsets": rendered(run.damaged.codes),
                }
                self.player.show(sounds, self.voice.sample_rate_hz)
            self.snippet.show(self.voice, self._lines(chosen))

    def generate(self) -> None:
        """Write the firmware that is chosen, and offer it as a link; an error becomes a sentence in `status`."""
        name = f"{self.voice.generator.name}-{self.controls['healer'].value}"
        with self.status.working("writing the firmware and its golden vectors"):
            archive = _zipped(self.voice, self._healer(), name)
            self.download.value = _link(f"{name}.zip", archive)

    def _healer(self) -> str | Strategy:
        name = self.controls["healer"].value
        (healer,) = with_monitors(self.own.get(name, name), self.voice)
        return healer

    def _lines(self, chosen: dict[str, Any]) -> list[str]:
        healer, board = chosen["healer"], chosen["board"]
        mine = [f"# {healer!r}: a strategy of yours; give the object in place of its name"]
        return [
            *mine * (healer in self.own),
            f"device = wb.emulate(voice, {healer!r}, {board!r}, utterance={chosen['utterance']!r},",
            f"                    upsets={chosen['upsets']}, seed={chosen['seed']})",
            "display(device)",
            f"wb.export(voice, {healer!r}, 'out/firmware', board={board!r})",
        ]

    def _changed(self, _: Any) -> None:
        self.update()

    def _clicked(self, _: Any) -> None:
        self.generate()


def _controls(voice: Voice, own: Sequence[str]) -> dict[str, widgets.Widget]:
    """The controls by name, in the order in which they are shown. own: names of the user's strategies."""
    names = [*fitting(NAMES, voice.program)]
    names += [name for name in own if name not in names]
    options = {"style": {"description_width": "8rem"}, "layout": WIDE}
    return {
        "board": widgets.Dropdown(
            options=[each.name for each in BOARDS], value="STM32F4DISCOVERY", description="Board",
            **options,
        ),
        "healer": widgets.Dropdown(
            options=names, value=next(iter(own), "pq-scrub"), description="Healer", **options
        ),
        "utterance": widgets.Dropdown(
            options=[(voice.spoken(each), each) for each in voice.usual],
            description=voice.generator.noun.capitalize(),
            **options,
        ),
        "upsets": widgets.SelectionSlider(
            options=_UPSETS, value=20, description="Upsets", continuous_update=False, **options
        ),
        "seed": widgets.IntSlider(
            min=0, max=99, description="Seed", continuous_update=False, **options
        ),
    }  # fmt: skip


def _zipped(voice: Voice, healer: str | Strategy, name: str) -> bytes:
    """The exported folder as a ZIP file, in a folder of this name; the same bytes every time."""
    kept = io.BytesIO()
    with TemporaryDirectory() as place:
        folder = Path(place) / name
        write_firmware(voice, healer, folder, weights=RAM, prefix=PREFIX)
        with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(path for path in folder.rglob("*") if path.is_file()):
                entry = zipfile.ZipInfo(path.relative_to(place).as_posix())
                archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)
    return kept.getvalue()


def _link(name: str, archive: bytes) -> str:
    data = base64.b64encode(archive).decode()
    return (
        f'<a class="workbench-download" style="color: var(--jp-content-link-color); text-decoration: underline; '
        f'margin-left: 1rem" download="{escape(name)}" href="data:application/zip;base64,{data}">'
        f"Download {escape(name)} ({len(archive) / 1e6:.1f} MB)</a>"
    )
