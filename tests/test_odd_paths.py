"""Names that no file can have, that are too long, or that lead in a circle: one sentence, whoever reads or writes."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from workbench import cli
from workbench.audio.recordings import check_recordings, find_recordings
from workbench.audio.sound_files import read_audio
from workbench.errors import WorkbenchError
from workbench.experiments.campaigns.manifest import Campaign, seal_manifest
from workbench.experiments.campaigns.store import Store, merge, open_results
from workbench.files import output_folder, path_of, refuse_unwritable, write_bytes
from workbench.firmware.exporting.exported import exported_firmware
from workbench.healing.strategies.strategy_file import load_strategy
from workbench.integer.storage import load_program
from workbench.memory.faults.protection import ProtectionMask
from workbench.memory.image import Image
from workbench.training.checkpoint import load_checkpoint, seal_checkpoint
from workbench.training.checkpoint_files import read_metadata, refuse_replacing
from workbench.training.progress import load_progress

READERS: dict[str, Callable[[Any], object]] = {
    "image": Image.load,
    "mask": ProtectionMask.load,
    "program": load_program,
    "checkpoint": load_checkpoint,
    "metadata": read_metadata,
    "unsealed checkpoint": seal_checkpoint,
    "strategy": load_strategy,
    "exported folder": exported_firmware,
    "results": open_results,
    "manifest": seal_manifest,
    "parts of results": lambda path: merge([path], "merged"),
    "recordings": find_recordings,
    "checked recordings": check_recordings,
    "sound": read_audio,
}
WRITERS: dict[str, Callable[[Any], object]] = {
    "file": lambda path: write_bytes(path, b""),
    "folder": output_folder,
    "merged results": lambda path: merge(["parts"], path),
}
NAMES = {
    "nul": "a\0b",
    "surrogate": "a\ud800",
    "long": 300 * "x",
    "in a circle": "circle",
    "below a circle": "circle/x",
    "below a file": "file/x",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    os.symlink("circle", "circle")
    Path("file").write_bytes(b"")
    return tmp_path


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("reader", READERS)
def test_odd_names_are_read_by_nobody(reader: str, name: str, folder: Path) -> None:
    with pytest.raises(WorkbenchError):
        READERS[reader](NAMES[name])


@pytest.mark.parametrize("name", ["nul", "surrogate", "long", "below a circle", "below a file"])
@pytest.mark.parametrize("writer", WRITERS)
def test_odd_names_are_written_by_nobody(writer: str, name: str, folder: Path) -> None:
    with pytest.raises(WorkbenchError):
        WRITERS[writer](NAMES[name])


def test_impossible_names_are_quoted() -> None:
    with pytest.raises(WorkbenchError, match=r"an image cannot be called 'a\\x00b'; leave out"):
        path_of("a\0b", "an image")
    assert path_of("\udcff") == Path("\udcff")  # how Python reads a byte that is no UTF-8


def test_no_training_goes_on_under_a_name_that_is_too_long(folder: Path) -> None:
    assert load_progress(Path(300 * "x"), "any") is None


@pytest.mark.parametrize("name", ["long", "in a circle"])
def test_what_leads_nowhere_is_no_part_of_a_checkpoint(name: str, folder: Path) -> None:
    refuse_replacing(Path(NAMES[name]), folder)
    Path("model.json").write_text("{}")
    with pytest.raises(WorkbenchError, match="part of the checkpoint"):
        refuse_replacing(Path("../") / folder.name / "model.json", folder)


def test_a_lock_that_cannot_be_opened_is_named(folder: Path) -> None:
    campaign = Campaign("flips=2,seed=1", "0" * 64, "1" * 64, ("one",), "2" * 64, 12, 12)
    (folder / ".lock").mkdir()
    with pytest.raises(
        WorkbenchError, match=r"cannot write .*\.lock \(Is a directory\); remove it"
    ):
        Store(folder, campaign)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            PermissionError(13, "Permission denied", "x.bin"),
            "cannot use x.bin (Permission denied); ",
        ),
        (OSError(28, "No space left on device"), "cannot go on (No space left on device); "),
    ],
)
def test_what_the_file_system_refuses_is_a_sentence(
    error: OSError, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(_: object) -> int:
        raise error

    monkeypatch.setattr(cli, "_run", refused)
    monkeypatch.setattr(cli, "_discard_output", lambda: None)  # pytest's own is needed yet
    assert cli.main(["seal", "x"]) == 2
    assert capsys.readouterr().err == f"workbench: {words}check names, permissions and space\n"


class _Full(io.StringIO):
    def flush(self) -> None:
        raise OSError(28, "No space left on device")


def test_an_output_that_is_full_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli, "_run", lambda _: 0)
    monkeypatch.setattr(sys, "stdout", _Full())
    assert cli.main(["seal", "x"]) == 2
    assert "cannot go on (No space left on device)" in capsys.readouterr().err


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_names_that_the_terminal_cannot_show_are_printed_escaped(
    encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(screen, encoding, errors="strict"))
    monkeypatch.setattr(cli, "_run", lambda _: print("\udcfe.program") or 0)
    assert cli.main(["seal", "x"]) == 0
    assert screen.getvalue() == b"\\udcfe.program\n"


def test_a_pipe_is_written_to_and_stays_a_pipe(tmp_path: Path) -> None:
    """As /dev/stdout, /dev/null and a shell's >(command), which must never become a file."""
    pipe = tmp_path / "pipe.json"
    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    refuse_unwritable(pipe)
    write_bytes(pipe, b"figures")
    assert os.read(reading, 100) == b"figures"
    os.close(reading)
    assert pipe.is_fifo()
    assert list(tmp_path.iterdir()) == [pipe]


def test_a_device_that_is_full_is_a_sentence() -> None:
    with pytest.raises(WorkbenchError, match=r"cannot write /dev/full \(No space left on device\)"):
        write_bytes("/dev/full", b"figures")
    assert Path("/dev/full").is_char_device()
