"""Parts of panels side by side, below each other where the page is narrow."""

from __future__ import annotations

from collections.abc import Sequence

import ipywidgets as widgets

WIDE = widgets.Layout(width="auto")


def columns(children: Sequence[widgets.Widget], smallest: str = "20rem") -> widgets.GridBox:
    """As many columns as fit, none narrower than `smallest`, a CSS length."""
    return widgets.GridBox(
        list(children),
        layout=widgets.Layout(
            grid_template_columns=f"repeat(auto-fit, minmax(min({smallest}, 100%), 1fr))",
            grid_gap="0.2rem 1.2rem",
            width="100%",
        ),
    )


def framed(widget: widgets.Widget) -> widgets.VBox:
    """A box that can be dimmed: what anywidget shows takes no notice of CSS classes that it gets later."""
    return widgets.VBox([widget])
