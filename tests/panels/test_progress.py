"""The line of a long step: what is done, then how long it took, or that it stopped."""

from __future__ import annotations

from typing import Any

import pytest

from workbench.panels import progress
from workbench.panels.progress import doing


class _Line:
    def __init__(self) -> None:
        self.texts: list[str] = []

    def update(self, shown: Any) -> None:
        self.texts.append(shown.data)


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch) -> _Line:
    made = _Line()

    def display(shown: Any, *, display_id: bool) -> _Line:
        made.update(shown)
        return made

    monkeypatch.setattr(progress, "display", display)
    return made


def test_it_tells_the_step_and_its_time(line: _Line) -> None:
    with doing("opening <a voice>"):
        assert line.texts == ['<div role="status">opening &lt;a voice&gt; …</div>']
    assert len(line.texts) == 2 and line.texts[1].endswith(" s</div>")


def test_a_step_that_fails_is_not_done(line: _Line) -> None:
    with pytest.raises(ValueError, match="no"), doing("opening"):
        raise ValueError("no")
    assert line.texts[-1] == '<div role="status">opening: stopped</div>'


def test_outside_of_a_notebook_nothing_breaks() -> None:
    with doing("opening"):
        pass
