"""Bundles: everything is in, nothing was changed, and the same folder gives the same bytes."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workbench.cli import main
from workbench.errors import WorkbenchError
from workbench.experiments.bundle import check, pack


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Results of several kinds, and what is none."""
    made = tmp_path / "results"
    (made / "shards").mkdir(parents=True)
    (made / "shards" / "0.parquet").write_bytes(os.urandom(5000))
    (made / "manifest.json").write_text("{}\n")
    (made / "ünder score.txt").write_text("sound\n" * 1000)
    (made / ".lock").write_text("")
    return made


def test_sha256sum_agrees(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bundle", str(folder)]) == 0
    path = tmp_path / "results.zip"
    assert f"workbench bundle --check {path}" in capsys.readouterr().out
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path / "there")
    there = tmp_path / "there" / "results"
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", "SHA256SUMS"],
        cwd=there,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(": OK") == 4
    assert (there / "shards" / "0.parquet").read_bytes() == (
        folder / "shards" / "0.parquet"
    ).read_bytes()
    assert not (there / ".lock").exists()
    assert main(["bundle", "--check", str(path)]) == 0
    assert "4 files, every one as its checksum says" in capsys.readouterr().out


def test_the_same_folder_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    made = []
    for number in range(2):
        os.utime(folder / "manifest.json", (number * 1e9, number * 1e9))
        pack(folder, tmp_path / f"{number}.zip")
        made.append((tmp_path / f"{number}.zip").read_bytes())
    assert made[0] == made[1]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.data())
def test_no_change_goes_unseen(folder: Path, tmp_path: Path, data: st.DataObject) -> None:
    """Any byte of any member, a member that is gone, and one that came."""
    path = tmp_path / "a.zip"
    pack(folder, path)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = data.draw(st.sampled_from(sorted(members)))
    what = data.draw(st.sampled_from(["change", "drop", "add"]))
    if what == "drop":
        del members[name]
    elif what == "add":
        members[f"{name}.more"] = b""
    else:
        at = data.draw(st.integers(0, len(members[name]) - 1))
        changed = bytearray(members[name])
        changed[at] ^= 1 << data.draw(st.integers(0, 7))
        members[name] = bytes(changed)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for each, contents in members.items():
            archive.writestr(each, contents)
    path.write_bytes(file.getvalue())
    with pytest.raises(WorkbenchError):
        check(path)


def test_a_line_of_the_list_ends_with_a_newline_alone(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    pack(folder, path)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, contents in members.items():
            listed = name.endswith("SHA256SUMS")
            archive.writestr(name, contents.replace(b"\n", b"\v", 1) if listed else contents)
    with pytest.raises(WorkbenchError):
        check(path)


@pytest.mark.parametrize("harm", ["cut", "text", "absent", "doubled"])
def test_what_is_no_bundle(
    folder: Path, tmp_path: Path, harm: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.zip"
    pack(folder, path)
    if harm == "cut":
        path.write_bytes(path.read_bytes()[:-40])
    elif harm == "text":
        path.write_text("no archive")
    elif harm == "absent":
        path.unlink()
    else:
        with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning):
            archive.writestr("results/manifest.json", "{}\n")
    assert main(["bundle", "--check", str(path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_what_cannot_be_packed(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    for words, said in (
        ([str(tmp_path / "none")], "there is no folder"),
        ([str(tmp_path / "empty")], "holds no results"),
    ):
        assert main(["bundle", *words]) == 2
        assert said in capsys.readouterr().err
    (folder / "link").symlink_to("/etc/passwd")
    assert main(["bundle", str(folder)]) == 2
    assert "is a link" in capsys.readouterr().err
    assert not list(tmp_path.glob("*.zip"))


def test_a_bundle_may_lie_in_its_folder_once(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inside = folder / "mine.zip"
    pack(folder, inside)
    before = hashlib.sha256(inside.read_bytes()).hexdigest()
    assert main(["bundle", str(folder), "--out", str(inside)]) == 2
    assert "lies in the folder that is packed" in capsys.readouterr().err
    assert hashlib.sha256(inside.read_bytes()).hexdigest() == before
