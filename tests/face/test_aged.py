"""A device's memory after years: one history, and what a healer leaves of it."""

from __future__ import annotations

from typing import Any

import pytest
from voices import voice

import workbench as wb
from workbench.errors import WorkbenchError


def test_a_device_has_one_history() -> None:
    young, old = (set(wb.aged(voice(), years=years).flipped().tolist()) for years in (0.5, 1))
    assert young < old
    assert old != set(wb.aged(voice(), years=1, seed=1).flipped().tolist())


def test_a_healer_works_meanwhile() -> None:
    image = wb.aged(voice(), "pq-scrub", years=0.5)
    wrong = image.flipped()
    assert not len(wrong[wrong < 8 * image.layout.working_bytes])
    assert image.layout.areas == voice().healer("pq-scrub")[0].areas
    assert len(wb.aged(voice(), years=0.5).flipped()) > 20


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"years": 0}, "cannot run 0 years"),
        ({"years": "2"}, "give a number"),
        ({"rate": "low-orbit"}, "low"),
        ({"healer": "abft"}, "depends on what is said"),
        ({"healer": "pq"}, "did you mean"),
        ({"seed": 1.5}, "whole number"),
    ],
)
def test_what_cannot_be_is_told(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(WorkbenchError, match=words):
        wb.aged(voice(), **wrong)
