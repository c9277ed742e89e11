"""Hardware or data, and lead times, as experiments of a study: numbers from known lives, and what is derived again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from workbench.errors import WorkbenchError
from workbench.experiments.monitors.behaviour_diagnoses import (
    CHECK_DAMAGED,
    DATA,
    MEMORY,
    MOMENTARY,
    NOTHING,
    Told,
)
from workbench.experiments.monitors.lead_time import Life
from workbench.experiments.voices.voice import Voice, open_voice
from workbench.papers.cell import Cell
from workbench.papers.kind import Site
from workbench.papers.kinds.confusion import Confusion
from workbench.papers.kinds.lead import Lead
from workbench.papers.models import Model

_UPSET, _RHYTHM, _FROZEN = "memory upset", "another rhythm", "frozen stream"
_QUICK = {"frames": 3_000, "apart": "1e3"}


@pytest.fixture(scope="module")
def speech() -> Voice:
    return open_voice(generator="speech")


def _confusion(speech: Voice, folder: Path, **options: Any) -> Confusion:
    models = {"speech": Model("speech", speech, "")}
    return Confusion("told", {**_QUICK, **options}, models, 0, Site(folder / "told"))


def _lead(speech: Voice, folder: Path, **options: Any) -> Lead:
    models = {"speech": Model("speech", speech, "")}
    return Lead("early", {**_QUICK, **options}, models, 0, Site(folder / "early"))


def _by_key(cells: list[Cell]) -> dict[str, Cell]:
    return {cell.key: cell for cell in cells}


def test_confusions_are_counted_of_what_was_noticed(speech: Voice, tmp_path: Path) -> None:
    kind = _confusion(speech, tmp_path, trials=3, happened=[_UPSET, _RHYTHM, _FROZEN])
    kind._all_told["speech"] = [
        (0, Told(_UPSET, MEMORY, DATA)), (0, Told(_RHYTHM, MOMENTARY, MEMORY)), (0, Told(_FROZEN, DATA, DATA)),
        (1, Told(_UPSET, NOTHING, NOTHING)), (1, Told(_RHYTHM, DATA, DATA)), (1, Told(_FROZEN, DATA, DATA)),
        (2, Told(_UPSET, MEMORY, MEMORY)), (2, Told(_RHYTHM, NOTHING, NOTHING)), (2, Told(_FROZEN, DATA, NOTHING)),
    ]  # fmt: skip
    cells = _by_key(kind.cells())
    with_memory = {
        side: cells[f"model=speech, device=with memory, happened={side}: confused"]
        for side in ("hardware", "data")
    }
    alone = {
        side: cells[f"model=speech, device=alone, happened={side}: confused"]
        for side in ("hardware", "data")
    }
    assert [(c.value, c.count) for c in with_memory.values()] == [(0, 2), (1 / 5, 5)]
    assert [(c.value, c.count) for c in alone.values()] == [(1 / 2, 2), (1 / 4, 4)]
    assert with_memory["data"].replay == ("scenario 0 of seed 0",)
    shares = [c for c in cells.values() if c.measure == "taken"]
    assert len(shares) == 2 * 3 * 6 and sum(c.value or 0 for c in shares) == pytest.approx(2 * 3)
    third = cells[f"model=speech, device=alone, happened={_FROZEN}, taken={NOTHING}: taken"]
    assert third.value == pytest.approx(1 / 3) and third.replay == ("scenario 2 of seed 0",)


def test_a_scenario_that_was_kept_otherwise_is_found(speech: Voice, tmp_path: Path) -> None:
    kind = _confusion(
        speech, tmp_path, trials=1, happened=[_FROZEN], monitors=["input-check", "sound-sanity"]
    )
    cell = next(c for c in kind.cells() if c.value == 1 and c.measure == "taken")
    example, rng = kind.example(cell), np.random.default_rng(0)
    assert example is not None and example.clean is not None
    assert example.clean.shape == example.sound.shape != (0,)
    assert (example.clean != example.sound).any() and cell.labels["taken"] in example.caption
    assert kind.again(cell, rng).equal
    ((_, told),) = kind._all_told["speech"]
    kind._all_told["speech"] = [(0, replace(told, alone=CHECK_DAMAGED))]
    assert not kind.again(cell, rng).equal


def test_leads_are_of_the_devices_that_had_the_event(speech: Voice, tmp_path: Path) -> None:
    names = ["hidden-markers", "sound-sanity"]
    kind = _lead(speech, tmp_path, monitors=names, devices=3, before=["0", "20"])
    starts = 10 * np.arange(6)
    kind._lived["speech"] = [
        Life(starts, np.array([1, 1, 1, 1, 1]), (0, 0), (0, 0)),  # never
        Life(starts, np.array([0, 1, 3, 3, 3]), (5, None), (None, None)),  # event at 20, lead 14
        Life(starts, np.array([1, 1, 1, 3, 1]), (2, 35), (None, 3)),  # only once, at 30, lead 27
    ]
    cells = _by_key(kind.cells())

    def at(monitor: str, event: str, measure: str, before: str = "") -> Cell:
        where = f"model=speech, monitor={monitor}, event={event}, class=degraded"
        return cells[f"{where}{before and f', before={before}'}: {measure}"]

    assert [at("hidden codes", "first", "warned", n).value for n in ("0", "20")] == [1, 1 / 2]
    assert at("hidden codes", "lasting", "warned", "0").count == 1
    assert at("hidden-markers", "first", "lead").value == (14 + 27) / 2
    assert at("sound-sanity", "first", "lead").value is None
    assert at("sound-sanity", "first", "false").value == 1 / 2
    assert at("hidden codes", "first", "warned", "20").replay == ("device 2 of seed 0",)
    assert all(cell.value is None for key, cell in cells.items() if "class=broken" in key)


def test_a_device_that_was_kept_otherwise_is_found(speech: Voice, tmp_path: Path) -> None:
    options = {"monitors": ["sound-sanity"], "devices": 1, "upsets": 400.0, "utterances": 5}
    kind = _lead(speech, tmp_path, **options)
    cell = next(c for c in kind.cells() if c.measure == "warned" and c.value is not None)
    again, rng = _lead(speech, tmp_path, **options), np.random.default_rng(0)
    assert again.cells() == kind.cells() and again.again(cell, rng).equal  # from what was kept
    example = again.example(cell)
    assert example is not None and example.clean is not None
    assert (example.clean != example.sound).any() and "device 0: its utterance" in example.caption
    life = again._lived["speech"][0]
    again._lived["speech"] = [Life(life.starts, life.qualities, (3,), life.false)]
    assert not again.again(cell, rng).equal


@pytest.mark.parametrize(
    ("kind", "options", "said"),
    [
        (_confusion, {"apart": "often"}, "wants false alarms 'often' frames apart; give a number"),
        (_confusion, {"trials": 0}, "needs at least 1 frame and 1 trial"),
        (_confusion, {"happened": ["a thunderstorm"]}, "no kind of scenario 'a thunderstorm'"),
        (_confusion, {"monitors": ["input-voice"]}, "there is no monitor 'input-voice'"),
        (_lead, {"upsets": 0.0}, "wants 0 upsets an utterance; give more than 0"),
        (_lead, {"before": ["soon"]}, "warnings 'soon' frames before; give whole numbers"),
        (_lead, {"devices": 0}, "at least 1 frame, device and utterance"),
        (_lead, {"monitors": ["input-check"]}, "no monitor of behaviour 'input-check'"),
    ],
)
def test_what_cannot_be_is_one_sentence(
    speech: Voice, tmp_path: Path, kind: Any, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(WorkbenchError, match=said):
        kind(speech, tmp_path, **options)
