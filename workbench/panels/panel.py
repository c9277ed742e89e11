"""What all panels share: parts below each other, a look, and accessible names of sliders for screen readers and tests."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files

import ipywidgets as widgets
from IPython.display import Javascript

PANEL = "workbench-panel"  # CSS class of the panels whose handles are named


class Panel(widgets.VBox):
    """Parts below each other, and an invisible one with the style and a script that names the handles of sliders.

    Where a page runs no script, the sliders work without names.
    """

    def __init__(self, parts: Sequence[widgets.Widget]) -> None:
        hidden = widgets.Layout(display="none")
        style = widgets.HTML(f"<style>{_text('panel.css')}</style>", layout=hidden)
        names = widgets.Output(layout=hidden)
        names.append_display_data(Javascript(_text("names.js")))
        super().__init__([*parts, style, names], layout=widgets.Layout(max_width="64rem"))
        self.add_class(PANEL)


def _text(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
