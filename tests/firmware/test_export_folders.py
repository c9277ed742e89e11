"""What an exported folder may replace, and what is refused before anything is written."""

import shutil
from pathlib import Path

import pytest
from programs import random_inputs, random_program

from workbench.cli import main
from workbench.errors import WorkbenchError
from workbench.firmware.boards import BOARDS
from workbench.firmware.exporting.export import export
from workbench.healing.strategies.named import crc_scrub
from workbench.healing.strategies.strategy import Strategy
from workbench.memory.image import Image

needs_make = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


@pytest.mark.parametrize("own", ["README.md", "Makefile", "notes/x.txt", "model.h"])
def test_a_folder_with_own_files_is_refused_and_left_alone(
    own: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program = random_program(3)
    vectors = {"one": random_inputs(program, 1, 2)}
    path = tmp_path / own
    path.parent.mkdir(exist_ok=True)
    path.write_text("mine")
    with pytest.raises(WorkbenchError, match=r"no earlier export .* empty or a new folder"):
        export(Image.of(program), tmp_path, vectors=vectors)
    assert main(["export", "challenge", "--out", str(tmp_path)]) == 2
    message = capsys.readouterr().err
    assert message.count("\n") == 1 and "--out" in message and str(tmp_path) in message
    assert [file.read_text() for file in tmp_path.rglob("*") if file.is_file()] == ["mine"]


@pytest.mark.parametrize("strategy", [None, crc_scrub(1)])
def test_an_earlier_export_may_be_replaced(strategy: Strategy | None, tmp_path: Path) -> None:
    program = random_program(3)
    vectors = {"one": random_inputs(program, 1, 2)}
    (tmp_path / ".gitignore").write_text("*.o")
    export(Image.of(program), tmp_path, vectors=vectors)
    (tmp_path / "notes.txt").write_text("mine")
    image = strategy.image(program) if strategy else Image.of(program)
    export(image, tmp_path, vectors=vectors, strategy=strategy, prefix="other")
    assert (tmp_path / "other.h").exists() and (tmp_path / "notes.txt").read_text() == "mine"
    (tmp_path / "README.md").write_text("mine now")
    with pytest.raises(WorkbenchError, match="no earlier export"):
        export(Image.of(program), tmp_path, vectors=vectors)
    assert (tmp_path / "README.md").read_text() == "mine now"


def test_what_an_earlier_export_left_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["export", "speech", "--say", "one", "--out", str(tmp_path), "--prefix"]
    assert main([*words, "old"]) == 0
    before = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert "earlier export" not in capsys.readouterr().out
    assert main([*words, "new", "--strategy", "none"]) == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "earlier export" in line]
    old = {name for name in before if "old" in name} | {"strategy.json"}
    assert set(line.partition(": ")[0].split(", ")) == old and len(old) == 9
    assert all((tmp_path / name).exists() for name in old)


def test_a_budget_below_nothing_is_refused_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.commands.common.open_voice", lambda *_: pytest.fail("read"))
    out = ["--out", str(tmp_path), "--board", BOARDS[0].name]
    assert main(["export", "challenge", *out, "--budget", "-5"]) == 2
    assert "--budget is -5 instructions; give at least 0" in capsys.readouterr().err
