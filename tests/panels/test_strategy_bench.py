"""The strategy bench: what is composed is what runs, reasons of what does not fit, files, runs in one picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from played import as_codes, codes
from snippets import ran
from voices import voice

import workbench as wb
from workbench.errors import WorkbenchError
from workbench.experiments.fleets.comparison import ENVIRONMENTS
from workbench.healing.strategies.strategy_file import load_strategy
from workbench.panels import strategy_bench, strategy_form
from workbench.panels.pareto import COSTS, pareto_html
from workbench.panels.strategy_bench import StrategyBench
from workbench.progress import progress_bar

MINE = wb.Strategy(
    "mine",
    [
        wb.guard("pq", "weights", repair=["correct", "restore"], unit_bytes=512, stride=3),
        wb.guard("secded32", "bias", "shift", "table", "embed", repair="correct", keep="ram"),
    ],
    wb.Policy(cool_down_frames=2),
)


@pytest.fixture(scope="module")
def shared() -> StrategyBench:
    bench = StrategyBench(voice(), [MINE])
    bench.controls["devices"].value, bench.controls["words"].value = 2, 2
    return bench


@pytest.fixture
def bench(shared: StrategyBench) -> StrategyBench:
    shared.form.start.value = "crc-scrub"
    shared.form.start.value = "mine"
    shared.controls["kind"].value = "single"
    return shared


def test_it_begins_with_ones_own_and_loses_nothing(bench: StrategyBench) -> None:
    strategy, program = bench.form.made()
    assert strategy == MINE and program is voice().program
    assert not bench.form.problem and not bench.run_button.disabled


def test_every_named_strategy_comes_back_as_it_is(bench: StrategyBench) -> None:
    for name in bench.form.start.options[1:]:
        if name.startswith("in-place"):
            continue  # their code words take seconds to be found, and other tests have them
        bench.form.start.value = name
        made, _ = bench.form.made()
        named, _ = voice().healer(name)
        assert (made.guards, made.policy, made.spare_pages) == (
            named.guards, named.policy, named.spare_pages,
        ), name  # fmt: skip


def test_what_does_not_fit_is_told_with_the_reason(bench: StrategyBench) -> None:
    first, _ = bench.form.guards.children
    first.controls["repair"].value = "zero"
    assert "has to be signed anew" in bench.form.problem and bench.run_button.disabled
    assert bench.form.problem.split(";")[0][:40] in bench.form.message.value
    before = bench.snippet.code
    first.controls["repair"].value = "restore"
    assert not bench.form.problem and bench.snippet.code != before
    for box in first.sections.values():
        box.value = False
    assert "tick at least one" in bench.form.problem
    first.controls["repair"].value = "no such thing"
    bench.form._remove(first)
    assert not bench.form.problem and len(bench.form.guards.children) == 1


def test_every_kind_of_part_can_be_added_or_says_why_not(bench: StrategyBench) -> None:
    for code in bench.form.part.options:
        bench.form.guards.children = ()
        bench.form.part.value = code
        bench.form.add_part()
        rows = bench.form.guards.children
        told = bench.form.message.value + bench.form.status.value
        assert ("alert" in told) != (not bench.form.problem and len(rows) == 1)
        assert not rows or rows[0].made().area.code == code


def test_a_monitor_that_is_stopped_is_not_added(
    bench: StrategyBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    bench.form.status.observe(lambda change: told.append(change["new"]), names="value")

    def calibrated(*_: object) -> None:
        for _ in progress_bar(range(9), desc="learning"):
            pass
        raise KeyboardInterrupt

    monkeypatch.setattr(strategy_form, "calibrate", calibrated)
    before = bench.form.made()
    bench.form.part.value = "kl-watch"
    bench.form.add_part()
    assert any("Calibrating kl-watch, learning: " in each for each in told)
    assert "interrupted" in bench.form.status.value and bench.form.made() == before


def test_it_shows_what_becomes_of_the_device(bench: StrategyBench) -> None:
    bench.run()
    assert "alert" not in bench.status.value
    made, _ = ran(bench.snippet)
    heard = codes(bench.player)
    assert list(heard) == ["clean", "no healer", "mine"]
    np.testing.assert_array_equal(as_codes(made["device"].samples), heard["mine"])
    none, mine = bench.timeline.rows
    assert none["title"] == "no healer" and none["found"] == []
    result = made["device"].result
    assert [at for at, *_ in mine["found"]] == [e.frame * result.frame_s for e in result.log]
    assert len(mine["upsets"]) == len(result.upsets)
    assert mine["wrong"][-1][1] == int(result.wrong_bits[-1])
    records = {record["strategy"]: record for record in made["table"].records}
    for name in ("none", "mine"):
        mine_too = bench._runs[bench._setting()][name]
        assert mine_too["harm_of_devices"] == records[name]["harm_of_devices"]
        assert f"{100 * records[name]['harm']:.3g} %" in bench.plot.value


def test_runs_of_one_setting_stand_in_one_picture(bench: StrategyBench) -> None:
    bench.run()
    bench.form.start.value = "crc-scrub"
    bench.run()
    assert all(f"{name}</td>" in bench.plot.value for name in ("none", "mine", "my crc-scrub"))
    bench.controls["seed"].value = 5
    assert bench.plot.value == ""
    bench.controls["seed"].value = 0
    assert "my crc-scrub" in bench.plot.value
    bench.controls["cost"].value = "instructions a frame, Cortex-M4"
    assert "not measured" in bench.plot.value
    bench.controls["cost"].value = next(iter(COSTS))


def test_environments_without_a_rate(bench: StrategyBench) -> None:
    bench.controls["kind"].value = "ber"
    assert bench.controls["rate"].disabled and "'ber'" in bench.snippet.code
    bench.run()
    assert "alert" not in bench.status.value
    assert set(dict(bench.controls["kind"].options).values()) == set(ENVIRONMENTS)


def test_a_strategy_is_saved_and_opened(bench: StrategyBench, tmp_path: Path) -> None:
    bench.form.file.value = str(tmp_path / "new" / "mine.toml")
    bench.form.save_file()
    assert load_strategy(bench.form.file.value) == MINE
    bench.form.start.value = "crc-scrub"
    bench.form.open_file()
    assert bench.form.made()[0] == MINE
    bench.form.file.value = str(tmp_path / "absent.toml")
    bench.form.open_file()
    assert "absent.toml" in bench.form.message.value and bench.form.made()[0] == MINE
    bench.form.file.value = str(tmp_path / "new" / "mine.toml" / "below.toml")
    bench.form.save_file()
    assert "alert" in bench.form.message.value


def test_a_click_plays_from_there(bench: StrategyBench) -> None:
    bench.timeline.cue = [0.5, 1.0]
    assert bench.player._cue[0] == 0.5
    bench.timeline.cue = [0.5, 2.0]
    assert bench.player._cue[1] == 2
    bench.player.position_s = 0.75
    assert bench.timeline.position_s == 0.75


def test_a_stop_keeps_what_ran_before(
    bench: StrategyBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.run()
    before = bench.plot.value

    def stopped(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(strategy_bench, "records_of", stopped)
        bench.run()
    assert "interrupted" in bench.status.value and bench.plot.value == before


def test_costs_are_measured_on_request(
    bench: StrategyBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(strategy_bench, "device_costs", lambda *_, **__: {"mine": "no compiler"})
    bench.controls["costs"].value = True
    bench.run()
    bench.controls["costs"].value = False
    assert "could not be measured: no compiler" in bench.status.value


def test_the_best_are_joined() -> None:
    def record(name: str, harm: float, ram: int) -> dict[str, Any]:
        memory = {"ram_bytes": ram, "check_bytes": 0, "bytes_per_frame": 0}
        return {
            "strategy": name,
            "harm": harm,
            "availability": 0.5,
            "memory": memory,
            "device": None,
        }

    records = [record("a", 0.1, 0), record("<b>", 0.0, 100), record("c", 0.2, 200)]
    html = pareto_html(records, next(iter(COSTS)))
    assert "■ a<" in html and "■ &lt;b&gt;<" in html and "■ c<" not in html
    assert html.count("<rect") == 2 and html.count("<circle") == 1
    assert "Nothing is known" in pareto_html(records, "instructions a frame, Cortex-M4")
    assert pareto_html([], next(iter(COSTS))) == ""


@pytest.mark.parametrize("strategies", ["crc-scrub", 3, ["crc-scrub"]])
def test_what_it_offers_are_strategies(strategies: Any) -> None:
    with pytest.raises(WorkbenchError, match="panel"):
        StrategyBench(voice(), strategies)
