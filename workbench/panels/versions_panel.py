"""The panel of versions and modes: power that fails in an update, and a pruned voice that takes layers back.

It shows what `cut_update` and `in_mode` return, and decides nothing itself.
"""

from __future__ import annotations

from contextlib import suppress
from html import escape
from pathlib import Path
from types import NoneType
from typing import Any

import ipywidgets as widgets

from workbench.errors import WorkbenchError, expect
from workbench.experiments.updates.timeline import TEARS, Booted, cut_update, update_operations
from workbench.experiments.voices.modes import in_mode, refuse_unpruned
from workbench.experiments.voices.voice import Voice, open_voice
from workbench.files import exists
from workbench.panels.grid import WIDE, columns, framed
from workbench.panels.panel import Panel
from workbench.panels.player import Player
from workbench.panels.snippet import Snippet
from workbench.panels.status import Status
from workbench.panels.voices import utterance_control
from workbench.training.checkpoint_files import METADATA_FILE, read_metadata
from workbench.training.kept_blocks import PRUNED_SHARE

_OPTIONS: dict[str, Any] = {"style": {"description_width": "8rem"}, "layout": WIDE}
_USUAL, _SAFETY = "pruned", "safety"  # folders beside a shipped checkpoint
_SHARES = {0.25: "a quarter", 0.5: "half", 0.75: "three quarters"}
_COLOURS = {1: "#0072b2", 2: "#13703f"}  # of the version that boots


class VersionsPanel(Panel):
    """What boots after a power cut at each operation of an update; and, where pruned voices ship, their layers to switch on.

    voice: the one that ships unless another is given. Raises WorkbenchError when it cannot be opened; later errors are
    shown in the panel, in `status`.

    Attributes:
        booted: By operation and by what it had done when the power failed.
        pruned: The chosen pruned voice of this generator, None where none ships.
        safety: Its safety voice, likewise.
    """

    def __init__(self, voice: Voice | None = None) -> None:
        expect(voice, (Voice, NoneType), "the voice of a panel", "a Voice, as open_voice()")
        self.booted: dict[tuple[int, str], Booted] = {}
        self.cuts, self.figures = widgets.HTML(layout=WIDE), widgets.HTML(layout=WIDE)
        self.player, self.snippet = Player(), Snippet()
        self.sound = framed(self.player)
        self.status = Status((self.cuts, self.sound, self.figures))
        with self.status.shown("opening the voice"):
            self.voice = voice or open_voice()
            self._folders = pruned_beside(self.voice)
            usual = [label for label, path in self._folders.items() if path.name == _USUAL]
            self._chosen = next(iter([*usual, *self._folders]), None)
            self.pruned = open_voice(self._folders[self._chosen]) if self._chosen else None
            self.safety = _beside(self.voice, _SAFETY)
            self.controls: dict[str, widgets.Widget] = {
                "operation": widgets.IntSlider(
                    value=len(update_operations()) - 2, min=0, max=len(update_operations()) - 1,
                    description="Power fails in", continuous_update=False, **_OPTIONS,
                )
            }  # fmt: skip
            self.controls["operation"].observe(lambda _: self.update(), names="value")
            self.layers: dict[str, widgets.Checkbox] = {}
            super().__init__(
                [
                    widgets.HTML("<b>An update that loses power</b>"),
                    columns([self.controls["operation"]], "18rem"),
                    self.status,
                    self.cuts,
                    *self._of_modes(),
                    self.snippet,
                ]
            )
            self.update()

    def update(self) -> None:
        """Cut the power and speak as the controls say; what goes wrong becomes a sentence in `status`."""
        with self.status.working("cutting the power"):
            self._cut()
            if self.pruned is not None:
                self.status.tell("speaking with these layers")
                self._speak(self.pruned)
        self._show_code()

    def _of_modes(self) -> list[widgets.Widget]:
        """The controls and results of the pruned voice; none where there is none."""
        if self.pruned is None:
            return []
        self._boxes = columns([], "8rem")
        self._show_layers(self.pruned)
        self.controls["utterance"] = utterance_control(self.pruned, **_OPTIONS)
        self.controls["utterance"].observe(lambda _: self.update(), names="value")
        self.controls["pruned"] = widgets.Dropdown(
            options=list(self._folders), value=self._chosen, description="Left out", **_OPTIONS
        )
        self.controls["pruned"].observe(lambda _: self._choose(), names="value")
        return [
            widgets.HTML(
                "<b>Layers that come back</b>: blocks of their weights are left out; ticked, they are taken from flash again"
            ),
            columns([self.controls["pruned"], self.controls["utterance"]], "18rem"),
            self._boxes,
            self.sound,
            self.figures,
        ]

    def _choose(self) -> None:
        """Another pruned voice, with the same layers ticked as far as it has them."""
        with self.status.working("opening the voice"):
            self.pruned = open_voice(self._folders[self.controls["pruned"].value])
            self._show_layers(self.pruned)
        self.update()

    def _show_layers(self, pruned: Voice) -> None:
        ticked = self._ticked()
        self.layers = {
            name: widgets.Checkbox(
                value=name in ticked, description=name, indent=False, layout=WIDE
            )
            for name in refuse_unpruned(pruned.program)
        }
        for box in self.layers.values():
            box.observe(lambda _: self.update(), names="value")
        self._boxes.children = tuple(self.layers.values())

    def _cut(self) -> None:
        operations = update_operations()
        if not self.booted:  # the same for every device
            step = self.status.counting("cutting the power", len(operations) * len(TEARS))
            for number in range(len(operations)):
                for tear in TEARS:
                    self.booted[number, tear] = cut_update(number, tear)
                    step(None)
        self.cuts.value = _cuts_html(self.booted, self.controls["operation"].value)

    def _speak(self, pruned: Voice) -> None:
        word = self.controls["utterance"].value
        voices = {
            "pruned": pruned,
            "ticked layers back": in_mode(pruned, self._ticked()),
            "never pruned": self.voice,
            **({"safety voice": self.safety} if self.safety else {}),
        }
        self.player.show(
            {title: each.speak(word) for title, each in voices.items()}, pruned.sample_rate_hz
        )
        rows = "".join(
            f"<tr><td>{title}</td><td>{each.program.macs_per_frame():,}</td>"
            f"<td>{each.image().layout.working_bytes:,}</td></tr>"
            for title, each in voices.items()
        )
        self.figures.value = (
            '<table style="border-spacing: 1rem .1rem"><tr><td></td><th scope="col">multiply-accumulates a frame</th>'
            f'<th scope="col">bytes of working copy</th></tr>{rows}</table>'
        )

    def _ticked(self) -> list[str]:
        return [name for name, box in self.layers.items() if box.value]

    def _show_code(self) -> None:
        lines = [f"display(wb.update_cuts({self.controls['operation'].value}, tear=None))"]
        if self.pruned is not None:
            lines += [
                f"pruned = wb.load({str(self.pruned.folder)!r})",
                f"mode = wb.unpruned(pruned, {self._ticked()!r})",
                f"word = {self.controls['utterance'].value!r}",
                "wb.player({'pruned': pruned.speak(word), 'layers back': mode.speak(word)})",
            ]
        self.snippet.lines(lines)


def pruned_beside(voice: Voice) -> dict[str, Path]:
    """Folders of the pruned voices that ship with the generator, by the share of blocks that is left out, in words."""
    shares: dict[Path, float] = {}
    for name in voice.generator.checkpoints:
        with suppress(WorkbenchError):  # it does not ship here
            folder = voice.generator.checkpoint(name)
            shares[folder] = read_metadata(folder).get(PRUNED_SHARE, 0.0)
    found: dict[str, Path] = {}
    for folder, share in sorted(shares.items(), key=lambda each: each[1]):
        if share:
            words = f"{_SHARES.get(share, f'{share:.0%}')} of the blocks"
            found[f"{words} ({folder.name})" if words in found else words] = folder
    return found


def _beside(voice: Voice, name: str) -> Voice | None:
    """The voice in the folder `name` beside the one that ships with the generator."""
    try:
        folder = voice.generator.checkpoint().parent / name
    except WorkbenchError:
        return None
    return open_voice(folder) if exists(folder / METADATA_FILE) else None


def _cuts_html(booted: dict[tuple[int, str], Booted], chosen: int) -> str:
    """A row for all that an operation can have done, a column for each operation, and the chosen one in words."""
    operations = update_operations()

    def cell(number: int, tear: str) -> str:
        each = booted[number, tear]
        colour = _COLOURS[each.version] if each.whole and each.version in _COLOURS else "#b02a20"
        edge = (
            "outline: 3px solid var(--jp-ui-font-color1, CanvasText);" if number == chosen else ""
        )
        return (
            f'<td style="background: {colour}; color: #fff; text-align: center; width: 1.4rem; {edge}">'
            f"{each.version}</td>"
        )

    rows = "".join(
        f'<tr><th scope="row" style="text-align: left; font-weight: normal; padding-right: .6rem">{tear}</th>'
        + "".join(cell(number, tear) for number in range(len(operations)))
        + "</tr>"
        for tear in TEARS
    )
    boots = sorted({booted[chosen, tear].version for tear in TEARS})
    whole = all(each.whole for each in booted.values())
    takes = all(booted[chosen, tear].takes_update for tear in TEARS)
    versions = " or ".join(f"version {number}" for number in boots)
    return (
        f'<p role="status" class="outcome" style="margin: .2rem 0">Operation {chosen}, {escape(operations[chosen])}: '
        f"<b>{versions}</b> boots{', whole' if whole else ', DAMAGED'}{', and has version 2 or takes it' if takes else ''}.</p>"
        '<div style="overflow-x: auto"><table style="border-spacing: 2px; line-height: 1.4">'
        '<caption style="text-align: left; caption-side: bottom">The version that boots, by what the operation had done '
        "(rows) when the power failed in it (columns, in order of time)</caption>"
        f"{rows}</table></div>"
    )
