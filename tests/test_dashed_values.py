"""Values that begin with a dash reach their options; what cannot be told from an option is said."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench import cli
from workbench.cli import COMMANDS, main


def _options(command: str) -> list[str]:
    """Those of a command that take one value, as its help shows them."""
    parser = cli._Parser()
    cli.importlib.import_module(f"workbench.commands.{command}").add_arguments(parser)
    return [
        name
        for name, action in parser._option_string_actions.items()
        if action.nargs is None and action.type in (None, Path) and not action.choices
    ]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_takes_a_value_with_a_dash(command: str) -> None:
    parser = cli._Parser()
    cli.importlib.import_module(f"workbench.commands.{command}").add_arguments(parser)
    for option in _options(command):
        for value in ("-1:3", "-x", "-x.json", "-1/3"):
            words = cli._with_dashed_values([command, option, value, "-h"], parser)
            assert words == [command, f"{option}={value}", "-h"]


def test_a_frame_before_the_first_is_heard_of_by_its_reader(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The schedule reaches what reads schedules, with and without the sign of equality."""
    for words in (["--schedule", "-3:x"], ["--schedule=-3:x"]):
        assert main(["agree", *words]) == 2
        said = capsys.readouterr().err
        assert "'-3:x'" in said and "expected one argument" not in said


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["flip", "--out", "--sede"], "write --out=--sede, did you mean --seed?"),
        (["flip", "--out", "--a b"], "write --out='--a b'"),
        (["flip", "--out", "--seed", "3"], "argument --out: expected one argument"),
        (["flip", "--out", "-h"], "argument --out: expected one argument"),
        (["log", "-x", "--folder", "a"], "unrecognized arguments: -x; write ./-x for a file"),
        (
            ["flip", "challenge", "-x"],
            "unrecognized arguments: -x; write ./-x for a file of that name",
        ),
    ],
)
def test_what_looks_like_an_option_is_said_to(
    words: list[str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(words)
    said = capsys.readouterr().err
    assert end.value.code == 2 and named in said and said.count("\n") == 1


def test_a_folder_with_a_dash_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["flip", "--flips", "0", "--out", "-x"]) == 0
    assert (tmp_path / "-x" / "after.wav").exists()


_OPTIONS, _VALUES = st.sampled_from(["--out", "--word", "--seed"]), ["-x", "-1:3", "a", "-", "3"]


@given(st.lists(st.tuples(_OPTIONS, st.sampled_from(_VALUES)) | st.just(("a", "--"))))
def test_all_words_stay_in_their_order(pairs: list[tuple[str, str]]) -> None:
    words = [word for pair in pairs for word in pair]
    parser = cli._Parser()
    for option in ("--out", "--word", "--seed"):
        parser.add_argument(option)
    joined = cli._with_dashed_values(words, parser)
    assert " ".join(joined).replace("=", " ").split() == " ".join(words).split()
