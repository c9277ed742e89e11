"""A strategy of one's own goes wherever a name goes: a file, an exported folder's file, an object."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from voices import voice

from workbench.audio.sound_files import read_audio
from workbench.cli import main
from workbench.errors import WorkbenchError
from workbench.experiments.fleets.comparison_rows import strategy_notes
from workbench.experiments.fleets.safety_voices import SAFETY_VOICE
from workbench.experiments.monitors.watching_strategies import watching_names
from workbench.experiments.voices.faulty_speech import hear
from workbench.healing.log import Remedy
from workbench.healing.strategies.named import crc_scrub, in_place, named
from workbench.healing.strategies.strategy import Guard, Strategy
from workbench.healing.strategies.strategy_file import save_strategy
from workbench.healing.strategies.variants import (
    NAMES,
    StrategyVariant,
    file_stem,
    strategy_variant,
    strategy_variants,
)
from workbench.memory.faults.bits import Bits, Flips
from workbench.memory.faults.plan import Plan
from workbench.memory.watches.areas import Area

MINE = Strategy(
    "mine", (Guard(Area("pq", ("weights",), 512), 2, (Remedy.CORRECT, Remedy.RESTORE)),)
)


@pytest.fixture
def mine(tmp_path: Path) -> str:
    save_strategy(MINE, tmp_path / "mine.json")
    return str(tmp_path / "mine.json")


def test_names_files_and_objects(mine: str) -> None:
    program = voice().program
    assert strategy_variant(mine, program, {}) == (MINE, program)
    assert strategy_variant(MINE, program, {}) == (MINE, program)
    variants = strategy_variants(["none", mine, MINE, "none"], program, {})
    assert [each.strategy.name for each in variants] == ["none", "mine"]
    assert [each.asked for each in variants] == ["none", mine]


def test_one_strategy_need_not_be_a_list_and_other_things_get_a_sentence() -> None:
    program = voice().program
    assert [each.strategy for each in strategy_variants(MINE, program, {})] == [MINE]
    for wrong in (3, Area("crc32"), None):
        with pytest.raises(WorkbenchError, match="give a Strategy, a name or a file"):
            strategy_variants([wrong], program, {})


def test_two_strategies_of_one_name_are_told_apart(tmp_path: Path) -> None:
    program = voice().program
    path = str(tmp_path / "fast.json")
    save_strategy(crc_scrub(16), path)
    variants = strategy_variants([path, "crc-scrub", crc_scrub(8), crc_scrub(9)], program, {})
    names = [each.strategy.name for each in variants]
    assert names == [f"crc-scrub ({path})", "crc-scrub", "crc-scrub 2", "crc-scrub 3"]
    assert [each.strategy.guards[0].per_frame for each in variants] == [16, 4, 8, 9]
    save_strategy(named("crc-scrub"), path)  # the very same: what it is called is right
    assert [each.strategy.name for each in strategy_variants([path], program, {})] == ["crc-scrub"]


@pytest.mark.parametrize("name", ["clean", "Range", "a/b", "../up", ".", "x" * 300])
def test_no_name_leads_astray(name: str) -> None:
    """Sounds are called after strategies: in the folder, each its own, and not the clean one."""
    own = [replace(MINE, name=name), replace(MINE, name=name, source="other")]
    variants = strategy_variants([*own, "none"], voice().program, {})
    stems = [file_stem(each.strategy.name).lower() for each in variants]
    assert len(set(stems)) == 3 and not {"clean", "range"} & set(stems)
    for stem in stems:
        assert Path(stem).name == stem and not stem.startswith(".") and len(stem) < 100


def test_what_does_not_suit_the_network_is_told_before_any_work() -> None:
    big = Strategy("big", (Guard(Area("crc32", unit_bytes=2**20)),))
    with pytest.raises(WorkbenchError, match=r"big does not suit this network: a unit of 1048576"):
        strategy_variants(["none", big], voice().program, {})


def run(*words: object) -> int:
    return main([str(word) for word in words])


def test_every_command_takes_the_file(
    mine: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("heal", "--words", "3", "--upsets", 20, "--strategy", mine, "--section", "weights",
               "--out", tmp_path / "heal") == 0  # fmt: skip
    figures = json.loads((tmp_path / "heal" / "heal.json").read_text())
    assert figures["strategy"]["name"] == "mine"
    assert {entry["area"] for entry in figures["log"]} == {"pq_0"}
    assert len(read_audio(tmp_path / "heal" / "healed.wav")) == 12_288
    assert run("export", "--strategy", mine, "--out", tmp_path / "firmware") == 0
    assert "strategy mine" in capsys.readouterr().out

    exported = tmp_path / "firmware" / "strategy.json"
    assert run("agree", "--strategy", exported, "--schedules", 1, "--frames", 2) == 0
    assert "1 strategy on host" in capsys.readouterr().out
    assert run("emulate", "--soak", 20, "--strategy", mine) == 0
    assert "mine: 0 entries in 20 clean frames" in capsys.readouterr().out
    assert run("lifetime", "--devices", 1, "--words", 3, "--rate", "0.2", "--strategy", mine,
               "--hear", "0:2", "--out", tmp_path / "then.wav") == 0  # fmt: skip
    assert len(read_audio(tmp_path / "then.wav")) == 12_288
    assert run("compare", "--list", "--strategy", mine, "--strategy", "crc-scrub") == 0
    lines = capsys.readouterr().out.splitlines()[-2:]
    assert lines[0].endswith(" pq of 512 bytes over weights, 2 a frame: correct, restore")
    (tmp_path / "log.bin").write_bytes(b"")
    assert run("log", tmp_path / "log.bin", "--strategy", mine) == 2
    assert "log.bin" in capsys.readouterr().err  # what is amiss is the log


def test_compare_lists_all_and_says_which_do_not_fit(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("compare", "--list", "--checkpoint", "data/checkpoints/challenge/int4") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [*NAMES, *watching_names(), SAFETY_VOICE]
    unfit = [line.split()[0] for line in lines if "(not for this network: " in line]
    assert unfit == ["interpolate", "clip", "un-prune"]
    fit = [name for name in NAMES if name not in unfit]
    variants = [StrategyVariant(name, replace(MINE, name=name), voice().program) for name in fit]
    left_out = "left out, since they do not suit this network: interpolate, clip, un-prune"
    assert strategy_notes(variants, every=True) == [left_out]
    (note,) = strategy_notes([StrategyVariant("x/mine.json", MINE, voice().program)], every=False)
    assert note.startswith("mine is x/mine.json: pq of 512 bytes over weights")


@pytest.mark.parametrize(
    ("command", "more"),
    [("heal", ()), ("export", ("--out", "x")), ("agree", ()), ("emulate", ()), ("lifetime", ()),
     ("compare", ()), ("measure", ()), ("log", ("f",))],
)  # fmt: skip
def test_every_command_knows_what_was_meant(
    command: str, more: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        run(command, *more, "--strategy", "crc-scrb")
    message = capsys.readouterr().err
    assert ended.value.code == 2 and message.count("\n") == 1
    assert "no strategy 'crc-scrb'; did you mean crc-scrub? `workbench compare --list`" in message
    assert "pq-scrub" not in message


@pytest.mark.parametrize("text", ["missing.json", "out/none", "{}"])
def test_a_file_that_is_none_is_named(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if text == "{}":
        (tmp_path / "empty").write_text("{}")
        text = "empty"
    assert run("heal", "--strategy", text) == 2
    message = capsys.readouterr().err
    assert message.count("\n") == 1 and text in message


def test_a_strategy_of_ones_own_is_heard() -> None:
    layout = MINE.image(voice().program).layout
    weight, bias = (8 * layout.sections[name].start + 30 for name in ("weights", "bias"))
    mended = hear(voice(), "7", Plan(Bits((weight,))), healer=MINE)
    assert mended.pages_healed == 1 and mended.bits_left == 0
    unseen = hear(voice(), "7", Plan(Bits((bias,))), healer=MINE)
    assert unseen.pages_healed == 0 and unseen.bits_left == 1
    np.testing.assert_array_equal(mended.before, hear(voice(), "7", Plan(Bits((bias,)))).before)
    moved = hear(voice(), "7", Plan(Flips(0)), healer=in_place())
    np.testing.assert_array_equal(moved.before, moved.after)
    assert not np.array_equal(moved.before, mended.before)
    with pytest.raises(WorkbenchError, match="pages_per_frame is for crc-scrub"):
        hear(voice(), "7", Plan(Bits((weight,))), healer=MINE, pages_per_frame=4)


def test_the_panel_has_it() -> None:
    from workbench.panels.compare_healing import HealingPanel

    panel = HealingPanel(voice(), strategies=[MINE, crc_scrub(16)])
    options = panel.controls["two"].options
    assert {"mine", "crc-scrub", "crc-scrub 2"} <= set(options)
    assert panel.controls["two"].value == "mine"
    assert re.search(r"\bmine\b", panel.sides[1].value)
    panel.controls["one"].value = "crc-scrub 2"
    assert "crc-scrub 2" in panel.sides[0].value
