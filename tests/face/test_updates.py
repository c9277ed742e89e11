"""`wb.update_cuts`: wherever the power fails in an update, one of both versions boots, whole."""

from __future__ import annotations

import pytest

import workbench as wb
from workbench.experiments.updates.timeline import TEARS, update_operations
from workbench.versions.journal import Journal


def test_every_cut_boots_one_of_both_versions_and_the_last_decide() -> None:
    cuts = wb.update_cuts(tear=None)
    operations = update_operations()
    assert len(cuts.rows) == len(operations) * len(TEARS)
    assert all(row.whole and row.takes_update and row.starts == 1 for row in cuts.rows)
    assert {row.version for row in cuts.rows} == {1, 2}
    early = [row.version for row in cuts.rows if "journal" not in row.what]
    assert set(early) == {1}
    assert cuts.rows[-1].version == 2 and cuts.rows[-1].tear == "after"
    assert "version 2" in repr(cuts) and "<table" in cuts._repr_html_()


def test_a_store_that_remembers_in_ram_alone_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the test above can fail."""
    monkeypatch.setattr(Journal, "change", lambda self, state: setattr(self, "state", state))
    assert {row.version for row in wb.update_cuts().rows} == {0}


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({"at": 999}, "no operation 999 in this update; choose 0 to"),
        ({"at": 0, "tear": "weka"}, "did you mean weak"),
        ({"at": 0, "seed": 0}, "seed 0 cannot be"),
    ],
)
def test_what_cannot_be_cut_is_refused(arguments: dict, why: str) -> None:
    with pytest.raises(wb.WorkbenchError, match=why):
        wb.update_cuts(**arguments)
