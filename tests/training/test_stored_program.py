"""The program beside a checkpoint is the one that its weights lower to, or it is made again."""

import json
import shutil
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from workbench.container import read_container, write_container
from workbench.errors import WorkbenchError, WorkbenchWarning
from workbench.experiments.voices.voice import open_voice
from workbench.generators.challenge import GENERATOR
from workbench.integer.lowered_generator import lower_generator
from workbench.integer.program import Program
from workbench.integer.pruning import pruned_program
from workbench.integer.storage import program_header, program_payload
from workbench.training import stored_program
from workbench.training.checkpoint import load_checkpoint
from workbench.training.checkpoint_files import read_metadata
from workbench.training.kept_blocks import masks_of
from workbench.training.stored_program import program_of

PROGRAM, METADATA = "program.wbp", "model.json"


def fresh(folder: Path) -> Program:
    model, metadata = load_checkpoint(folder)
    return pruned_program(
        lower_generator(GENERATOR, model).program, masks_of(metadata, str(folder))
    )


@pytest.mark.parametrize("name", GENERATOR.checkpoints)
def test_what_ships_is_a_fresh_lowering(name: str) -> None:
    folder = GENERATOR.checkpoint(name)
    stored = open_voice(folder).program
    lowered = fresh(folder)
    assert program_header(stored) == program_header(lowered)
    assert program_payload(stored) == program_payload(lowered)


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    return shutil.copytree(GENERATOR.checkpoint(), tmp_path / "copy")


@pytest.fixture(autouse=True)
def lowered(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Folders that were lowered, which takes the program of the first checkpoint here: it is quick."""
    known, folders = open_voice().program, []

    class Lowered:
        program = known

    def lower_once(*_: object, check: bool) -> Any:
        assert check
        folders.append(Path())
        return Lowered

    monkeypatch.setattr("workbench.integer.lowered_generator.lower_generator", lower_once)
    return folders


def other(folder: Path) -> None:
    shutil.copy(GENERATOR.checkpoint("seed1") / PROGRAM, folder / PROGRAM)


def changed(at: float) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        data = bytearray((folder / PROGRAM).read_bytes())
        data[int(at * (len(data) - 1))] ^= 1
        (folder / PROGRAM).write_bytes(data)

    return change


def rewritten(folder: Path, edit: Callable[[dict[str, Any], bytearray], None]) -> None:
    """Change header and payload, and put both under a digest again, as no accident does."""
    header, payload = read_container(folder / PROGRAM, kind="lowered")
    data = bytearray(payload)
    edit(header, data)
    write_container(folder / PROGRAM, kind="lowered", header=header, payload=bytes(data))


def forged(folder: Path) -> None:
    """Another program, whole in itself, that claims to come from these weights."""
    theirs, payload = read_container(GENERATOR.checkpoint("seed1") / PROGRAM, kind="lowered")

    def edit(header: dict[str, Any], data: bytearray) -> None:
        header["program"] = theirs["program"]
        data[:] = payload

    rewritten(folder, edit)


def edited(folder: Path) -> None:
    rewritten(folder, lambda _, data: data.__setitem__(100, data[100] ^ 1))


def of_no_checkpoint(folder: Path) -> None:
    rewritten(folder, lambda header, _: header.pop("lowered_from"))


@pytest.mark.parametrize(
    "damage",
    [changed(0.0), changed(0.001), changed(0.5), changed(1.0), other, forged, edited, of_no_checkpoint,
     lambda folder: (folder / PROGRAM).write_bytes(b"")],
    ids=["magic", "header", "payload", "digest", "exchanged", "forged", "edited", "nameless", "empty"],
)  # fmt: skip
def test_a_wrong_program_is_made_again(
    damage: Callable[[Path], None], copied: Path, lowered: list[Path]
) -> None:
    whole = (copied / PROGRAM).read_bytes()
    damage(copied)
    with pytest.warns(WorkbenchWarning, match=r"program\.wbp.*it is made again"):
        assert open_voice(copied).program.content_hash == open_voice().program.content_hash
    assert len(lowered) == 1
    assert (copied / PROGRAM).read_bytes() == whole
    open_voice(copied)
    assert len(lowered) == 1


def test_a_missing_program_and_one_of_another_version_are_made_without_a_word(
    copied: Path, lowered: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, metadata = (copied / PROGRAM).read_bytes(), (copied / METADATA).read_text()
    (copied / PROGRAM).unlink()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        open_voice(copied)
        assert (copied / PROGRAM).read_bytes() == whole
        rewritten(copied, lambda header, _: header["lowered_from"].update(lowering=0))
        open_voice(copied)
        assert (copied / PROGRAM).read_bytes() == whole
        # A folder that cannot be written is as good.
        (copied / PROGRAM).unlink()
        monkeypatch.setattr(stored_program, "write_container", refuse)
        assert open_voice(copied).speak("7").any()
    assert len(lowered) == 3
    assert not (copied / PROGRAM).exists()
    assert (copied / METADATA).read_text() == metadata


def refuse(*_: object, **__: object) -> None:
    raise WorkbenchError("cannot write")


def test_metadata_without_a_program_gets_it_and_keeps_the_rest(
    copied: Path, lowered: list[Path]
) -> None:
    """As checkpoints of earlier versions are: a stored program is not believed without it."""
    metadata = read_metadata(copied)
    without = {key: value for key, value in metadata.items() if key != "program_sha256"}
    stored_program.write_sealed(copied / METADATA, without)
    forged(copied)
    assert program_of(copied, read_metadata(copied)).content_hash == metadata["program_sha256"]
    assert read_metadata(copied) == metadata
    assert len(lowered) == 1


def test_another_lowering_than_before_is_said(copied: Path, lowered: list[Path]) -> None:
    metadata = read_metadata(copied)
    stored_program.write_sealed(copied / METADATA, {**metadata, "program_sha256": "0" * 64})
    with pytest.warns(WorkbenchWarning) as said:
        open_voice(copied)
    assert [("lowers to another program" in str(each.message)) for each in said] == [False, True]
    assert read_metadata(copied) == metadata


def test_weights_of_another_checkpoint_are_refused_whatever_is_stored(copied: Path) -> None:
    weights = "model.safetensors"
    shutil.copy(GENERATOR.checkpoint("seed1") / weights, copied / weights)
    with pytest.raises(WorkbenchError, match="checksum differs"):
        open_voice(copied)


def test_a_network_that_was_exchanged_since_is_not_the_voices(copied: Path) -> None:
    voice = open_voice(copied)
    shutil.copytree(GENERATOR.checkpoint("seed1"), copied, dirs_exist_ok=True)
    with pytest.raises(WorkbenchError, match="is another one than when this voice was opened"):
        _ = voice.model


def test_opening_and_speaking_need_no_torch() -> None:
    code = """
import json, sys
from workbench.generators.generator_registry import generator_named, names
from workbench.experiments.voices.voice import open_voice
voice = open_voice()
voice.speak("7"), voice.recording("7"), voice.image(), repr(voice), names()
print(json.dumps([name for name in ("torch", "brevitas") if name in sys.modules]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []


def test_the_voice_has_its_network_when_asked(copied: Path) -> None:
    voice = open_voice(copied)
    np.testing.assert_array_equal(
        voice.generator.tensors(voice.config, ["7"])["word"].numpy(),
        voice.inputs("7")["word"][..., 0],
    )
    assert voice.model.config == voice.config
