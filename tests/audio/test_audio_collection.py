"""Rebuilding from the Debian package gives the recordings that are shipped, sample for sample."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from workbench.audio import collection, voice_package
from workbench.audio.recordings import check_recordings, read_checksums
from workbench.audio.resources import recordings_folder
from workbench.audio.voice_package import INSTALLED, PACKAGE, read_manifest
from workbench.cli import main
from workbench.errors import WorkbenchError

needs_package = pytest.mark.skipif(
    not INSTALLED.is_dir() or shutil.which("ffmpeg") is None,
    reason=f"needs the Debian packages {PACKAGE} and ffmpeg",
)


@needs_package
def test_rebuilding_gives_the_same_samples(tmp_path: Path) -> None:
    made = collection.build(INSTALLED, tmp_path)
    assert (made.recordings, made.left_out) == (182, {})
    shipped = read_checksums(recordings_folder())["recordings"]
    rebuilt = read_checksums(tmp_path)["recordings"]
    assert list(rebuilt) == list(shipped)
    for label, entry in rebuilt.items():
        assert entry["pcm_sha256"] == shipped[label]["pcm_sha256"]
    assert check_recordings(tmp_path) == 182


@needs_package
def test_what_is_there_already_is_left_alone(tmp_path: Path) -> None:
    shutil.copytree(recordings_folder() / "phonetic", tmp_path / "phonetic")
    damaged = tmp_path / "phonetic" / "a_p.flac"
    damaged.write_bytes(b"damaged")
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.flac")}
    collection.build(INSTALLED, tmp_path, groups=("phonetic",))
    changed = [path for path, time in before.items() if path.stat().st_mtime_ns != time]
    assert changed == [damaged]


@needs_package
def test_a_wrong_source_stops_before_the_first_file(tmp_path: Path) -> None:
    voice = tmp_path / "voice"
    shutil.copytree(INSTALLED / "phonetic", voice / "phonetic")
    (voice / "phonetic" / "b_p.g722").write_bytes(b"other")
    with pytest.raises(WorkbenchError, match=r"b_p\.g722 is not the file of"):
        collection.build(voice, tmp_path / "out", groups=("phonetic",))
    (voice / "phonetic" / "b_p.g722").unlink()
    with pytest.raises(WorkbenchError, match=r"b_p\.g722 is missing"):
        collection.build(voice, tmp_path / "out", groups=("phonetic",))
    assert list((tmp_path / "out").iterdir()) == []


def test_the_manifest_covers_what_is_shipped() -> None:
    manifest = read_manifest()
    assert len(manifest) == 568
    shipped = read_checksums(recordings_folder())["recordings"]
    assert {f"{label}.g722" for label in shipped} <= set(manifest)
    assert all(len(digest) == 64 for digest in manifest.values())


def test_without_the_package_the_command_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(voice_package, "INSTALLED", tmp_path / "nowhere")
    assert main(["data", "build", "--out", str(tmp_path / "out")]) == 2
    assert f"apt-get install {PACKAGE}" in capsys.readouterr().err
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["data", "fetch", "--out", str(tmp_path / "out")]) == 2
    assert "apt-get is missing" in capsys.readouterr().err


@pytest.mark.parametrize(("status", "message"), [(1, "no such package"), (0, "left 0 packages")])
def test_a_download_that_fails_leaves_nothing(
    status: int,
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    program = tmp_path / "apt-get"
    program.write_text(f"#!/bin/sh\necho no such package >&2\nexit {status}\n")
    program.chmod(0o755)
    monkeypatch.setattr(voice_package, "INSTALLED", tmp_path / "nowhere")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["data", "fetch", "--out", str(tmp_path / "out")]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@needs_package
def test_fetch_leaves_out_what_cannot_be_loaded(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ("added.g722", "demo-instruct.g722", "silence/1.g722")
    few = {name: digest for name, digest in read_manifest().items() if name in names}
    monkeypatch.setattr(collection, "read_manifest", lambda: few)
    assert main(["data", "fetch", "--out", str(tmp_path)]) == 0
    output = capsys.readouterr().out
    assert output.startswith("1 recordings")
    assert "left out demo-instruct: lasts" in output
    assert "left out silence/1: no speech" in output
    assert check_recordings(tmp_path) == 1


@given(st.integers(0, 3000), st.integers(200, 3000), st.integers(0, 3000), st.integers(200, 32767))
def test_trimming_keeps_the_loud_part_and_the_margins(
    before: int, loud: int, after: int, level: int
) -> None:
    samples = np.concatenate([np.zeros(before), np.full(loud, level), np.zeros(after)])
    trimmed = collection.trim(samples.astype(np.int16))
    assert np.count_nonzero(trimmed) == loud
    first = int(np.flatnonzero(trimmed)[0])
    last = len(trimmed) - first - loud
    assert min(before, 480) <= first <= min(before, 480 + 80)
    assert min(after, 959) <= last <= min(after, 960 + 80)


@given(hnp.arrays(np.int16, st.integers(1, 2000)))
def test_trimming_never_invents(samples: np.ndarray) -> None:
    trimmed = collection.trim(samples)
    assert 0 < len(trimmed) <= len(samples)
    assert samples.tobytes().find(trimmed.tobytes()) >= 0
