"""Accessible names of a panel's sliders, for screen readers and tests."""

from __future__ import annotations

from importlib.resources import files

import ipywidgets as widgets
from IPython.display import Javascript

PANEL = "workbench-panel"  # CSS class of the panels whose handles are named


def named_handles() -> widgets.Output:
    """An invisible part of a panel with the CSS class PANEL that names the handles in the browser.

    Where a page runs no script, the sliders work without names.
    """
    script = files(__package__).joinpath("names.js").read_text(encoding="utf-8")
    part = widgets.Output(layout=widgets.Layout(display="none"))
    part.append_display_data(Javascript(script))
    return part
