"""A panel computes before it is shown: until then, its line alone stands below the cell and says what is done."""

from __future__ import annotations

from typing import Any

import pytest
from voices import voice

from workbench.errors import WorkbenchError
from workbench.panels import compare_healing, hear_flips, status
from workbench.panels.compare_healing import HealingPanel
from workbench.panels.hear_flips import FlipPanel


class _Cell:
    """What is displayed below a cell of a notebook."""

    def __init__(self) -> None:
        self.shown: Any = None
        self.seen: list[str] = []

    def display(self, shown: Any, *, display_id: bool) -> _Cell:
        self.shown = shown
        return self

    def update(self, shown: Any) -> None:
        self.shown = shown

    def look(self) -> None:
        self.seen.append(self.shown.value)


@pytest.fixture
def cell(monkeypatch: pytest.MonkeyPatch) -> _Cell:
    made = _Cell()
    monkeypatch.setattr(status, "in_notebook", lambda: True)
    monkeypatch.setattr(status, "display", made.display)
    return made


@pytest.mark.parametrize(
    ("kind", "module", "computes", "said"),
    [
        (HealingPanel, compare_healing, "healed_speech", "Simulating pq-scrub"),
        (FlipPanel, hear_flips, "hear", "from flipped memory"),
    ],
)
def test_the_line_is_shown_while_the_first_result_is_computed(
    kind: Any, module: Any, computes: str, said: str, cell: _Cell, monkeypatch: pytest.MonkeyPatch
) -> None:
    compute = getattr(module, computes)
    monkeypatch.setattr(compare_healing, "_WORDS", 1)
    monkeypatch.setattr(
        module, computes, lambda *args, **more: (cell.look(), compute(*args, **more))[1]
    )
    monkeypatch.setattr(module, "open_voice", lambda: (cell.look(), voice())[1])
    kind()
    assert "Opening the voice" in cell.seen[0] and "workbench-busy" in cell.seen[0]
    assert said in cell.seen[-1] and "workbench-busy" in cell.seen[-1]
    assert cell.shown.data == "", "the panel has the line from now on"


def test_the_line_goes_when_there_will_be_no_panel(
    cell: _Cell, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent() -> None:
        raise WorkbenchError("there is no checkpoint")

    monkeypatch.setattr(hear_flips, "open_voice", absent)
    with pytest.raises(WorkbenchError, match="no checkpoint"):
        FlipPanel()
    assert cell.shown.data == ""
