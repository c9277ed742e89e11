"""Long commands: steps that are counted, and those that an interrupt leaves for the next time."""

from __future__ import annotations

import contextlib
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from interrupts import interrupted_at
from programs import random_inputs, random_program
from terminals import Terminal

from workbench.audio.recogniser import Language
from workbench.cli import main
from workbench.commands import agree as agree_command
from workbench.commands import emulate as emulate_command
from workbench.commands import kept as kept_module
from workbench.commands import measure as measure_command
from workbench.commands.kept import Kept
from workbench.commands.own_metrics import own_metrics
from workbench.commands.progress import counted, staged
from workbench.experiments.fleets import comparison, fleet_run
from workbench.experiments.maps import worst_bits as worst_module
from workbench.experiments.maps.worst_bits import worst_bits
from workbench.memory.image import Image

GUARD = """
name = "mine"

[[guard]]
code = "crc32"
unit_bytes = 64
"""

LIFETIME = [
    "lifetime",
    "--fault",
    "poisson=1Hz",
    "--devices",
    "12",
    "--utterances",
    "2",
    "--jobs",
    "1",
]
LIFETIME += ["--strategy", "crc-scrub"]


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(kept_module, "ROOT", tmp_path / "out")
    return tmp_path / "out"


def squares(kept: Kept, upto: int, made: list[int]) -> list[int]:
    def square(n: int) -> Callable[[], int]:
        return lambda: (made.append(n), n * n)[1]

    return [kept.step(f"step {n}", square(n), plain=str, again=int) for n in range(upto)]


def test_steps_stay_after_an_interrupt_and_go_at_the_end(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made: list[int] = []
    with pytest.raises(KeyboardInterrupt), Kept("squares", 1) as kept:
        squares(kept, 3, made)
        raise KeyboardInterrupt
    said = capsys.readouterr().err
    assert (
        said
        == f"3 finished steps are kept in {root / 'squares'}; the same command goes on from there\n"
    )
    with Kept("squares", 2) as kept:  # of something else
        squares(kept, 1, made)
    assert made == [0, 1, 2, 0]
    with Kept("squares", 1) as kept:
        assert squares(kept, 5, made) == [0, 1, 4, 9, 16]
    assert made == [0, 1, 2, 0, 3, 4] and not list(root.rglob("*.json"))
    assert not (root / "squares").exists()


def test_a_step_of_other_sources_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    with pytest.raises(KeyboardInterrupt), Kept("squares") as kept:
        squares(kept, 2, made)
        raise KeyboardInterrupt
    there = kept_module.code_here()
    monkeypatch.setattr(kept_module, "code_here", lambda: there._replace(digest="other"))
    with Kept("squares") as kept:
        squares(kept, 2, made)
    assert made == [0, 1, 0, 1]


def test_a_folder_that_cannot_be_written_costs_nothing(root: Path) -> None:
    root.write_text("a file")
    made: list[int] = []
    with Kept("squares") as kept:
        assert squares(kept, 2, made) == [0, 1]


def test_counted_steps_have_a_rate_and_a_remaining_time() -> None:
    with contextlib.redirect_stderr(Terminal()) as terminal, counted(3, unit="core") as say:
        for name in ("m0+", "m4", "m33"):
            say(name)
    shown = terminal.getvalue()
    assert "m0+:   0%" in shown and "m33:  67%" in shown and "2/3 [" in shown
    assert "core/s" in shown or "s/core" in shown


def test_work_that_knows_its_steps_shows_each_stage_with_a_rate_of_its_own() -> None:
    with contextlib.redirect_stderr(Terminal()) as terminal, staged(unit="sound") as show:
        for done in range(3):
            show("flipping", done, 3)
        show("listening", 0, 8)
        show("listening", 4, 8)
    shown = terminal.getvalue()
    assert "flipping:   0%" in shown and " 2/3 [" in shown
    assert "listening:   0%" in shown and " 4/8 [" in shown and "sound" in shown


def test_a_measurement_goes_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["measure", "--metric", "numpy:size", "--json"]
    monkeypatch.setattr(measure_command, "own_metrics", lambda names: {"loud": loudness})
    monkeypatch.setattr("workbench.generators.challenge.generator.ChallengeGenerator.measures", ())
    calls = interrupted_at(monkeypatch, measure_command, "quality_of_voice", 2)
    assert main([*words, str(tmp_path / "one.json")]) == 130
    assert "1 finished step is kept in" in capsys.readouterr().err
    assert main([*words, str(tmp_path / "one.json")]) == 0
    assert calls == [1, 2, 3, 4]  # the first of three voices was not measured again
    assert main([*words, str(tmp_path / "two.json")]) == 0
    assert (tmp_path / "one.json").read_text() == (tmp_path / "two.json").read_text()


def test_a_measurement_depends_on_what_is_in_the_files_that_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    model, dictionary, module = (
        tmp_path / name for name in ("hmm/mdef", "own.dict", "kept_mine.py")
    )
    model.parent.mkdir()
    language = Language(acoustic_model=model.parent, dictionary=dictionary)
    function = "def loud(sound, _): return 1.0\n"
    module.write_text(function)
    keys = []
    for path in (None, model, dictionary, module):
        if path:
            path.write_text(function.replace("1.0", "sound[-1]"))
        monkeypatch.delitem(sys.modules, "kept_mine", raising=False)
        metrics = own_metrics(["kept_mine:loud"])
        again = [measure_command._kept([], language, metrics)._key for _ in range(2)]
        assert again[0] == again[1] and " at 0x" not in again[0]
        keys.append(again[0])
    assert len(set(keys)) == len(keys)


def loudness(sound: Any, _: Any) -> float:
    return float(abs(sound).max())


def test_agreement_goes_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [
        "agree",
        "--schedules",
        "1",
        "--frames",
        "2",
        "--strategy",
        "none",
        "--strategy",
        "crc-scrub",
    ]
    calls = interrupted_at(monkeypatch, agree_command, "first_difference", 2)
    assert main(words) == 130
    assert main(words) == 0
    assert calls == [1, 2, 3]
    assert "2 simulations of 2 frames agree" in capsys.readouterr().out


def test_an_emulation_goes_on_with_the_strategy_that_is_in_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    mine, figures = tmp_path / "mine.toml", tmp_path / "figures.json"
    words = ["emulate", "--word", "7", "--strategy", str(mine), "--json", str(figures)]

    def core(voice: Any, said: Any, core: Any, options: Any, *_: Any) -> dict[str, Any]:
        if options.log:
            options.log.write_text("a log")
        return {"core": core.name, "strategy": mine.read_text()}

    monkeypatch.setattr(emulate_command, "on_core", core)
    monkeypatch.setattr(emulate_command, "print_figures", lambda _: None)
    calls = interrupted_at(monkeypatch, emulate_command, "on_core", 2)
    mine.write_text(GUARD)
    assert main(words) == 130
    mine.write_text(GUARD.replace("64", "32"))
    assert main([*words, "--core", "m0plus"]) == 0 and len(calls) == 3
    assert json.loads(figures.read_text())["cores"] == [
        {"core": "m0plus", "strategy": mine.read_text()}
    ]
    mine.write_text(GUARD)
    log = ["--log", str(tmp_path / "log")]
    assert main([*words, "--core", "m0plus", *log]) == 0 and len(calls) == 4  # a kept one has none
    assert (tmp_path / "log").read_text() == "a log"
    assert main(words) == 0 and len(calls) == 5  # the first core is kept


def test_a_lifetime_goes_on(
    root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [*LIFETIME, "--json"]
    monkeypatch.setattr(fleet_run, "_LEAST_DEVICES", 4)
    assert main([*words, str(tmp_path / "whole.json")]) == 0
    calls = interrupted_at(monkeypatch, fleet_run, "simulate_part", 3)
    assert main([*words, str(tmp_path / "resumed.json")]) == 130
    assert f"8 devices are kept in {root / 'lifetime'}; the same command" in capsys.readouterr().err
    assert main([*words, str(tmp_path / "resumed.json")]) == 0
    assert calls == [1, 2, 3, 4] and "8 devices are in" in capsys.readouterr().out
    whole, resumed = (
        json.loads((tmp_path / f"{name}.json").read_text()) for name in ("whole", "resumed")
    )
    for name in ("wall_s", "factor"):
        del whole[name], resumed[name]
    assert whole == resumed and whole["upsets"] and not (root / "lifetime").exists()


def test_parts_of_a_fleet_are_of_the_same_sources_and_those_that_the_disk_took(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(fleet_run, "_LEAST_DEVICES", 4)
    calls = interrupted_at(monkeypatch, fleet_run, "simulate_part", 3)
    assert main(LIFETIME) == 130
    there = comparison.code_here()
    monkeypatch.setattr(comparison, "code_here", lambda: there._replace(digest="other"))
    assert main(LIFETIME) == 0 and calls == [1, 2, 3, 4, 5, 6]
    shutil.rmtree(root)
    root.write_text("a file")
    monkeypatch.undo()
    monkeypatch.setattr(kept_module, "ROOT", root)
    capsys.readouterr()
    interrupted_at(monkeypatch, fleet_run, "simulate_part", 2)
    assert main(LIFETIME) == 130
    assert f"0 devices are kept in {root / 'lifetime'}" in capsys.readouterr().err


def test_a_search_for_the_worst_bits_goes_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = random_program(36)
    image = Image.of(program)
    words = {name: random_inputs(program, seed, 4) for seed, name in enumerate("ab")}
    candidates = image.layout.positions()[:500]

    def search(bits: int, folder: Path | None) -> list[Any]:
        return worst_bits(image, words, candidates, bits=bits, seed=3, folder=folder)

    whole = search(3, None)
    calls = interrupted_at(monkeypatch, worst_module._Search, "step", 2)
    with pytest.raises(KeyboardInterrupt):
        search(3, tmp_path)
    assert search(3, tmp_path) == whole and calls == [1, 2, 3, 4]
    assert search(2, tmp_path) == whole[:2] and search(3, tmp_path) == whole
    assert calls == [1, 2, 3, 4]
