"""The shipped recordings are the ones that were shipped; a researcher's folder is read as it is."""

from __future__ import annotations

import json
import os
import shutil
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from workbench.audio import recordings, resources
from workbench.audio.recordings import (
    check_recordings,
    find_recordings,
    load_recordings,
    natural_order,
    read_checksums,
)
from workbench.audio.sound_files import write_wav
from workbench.cli import main
from workbench.errors import WorkbenchError, WorkbenchWarning

NOISE = np.random.default_rng(0).uniform(-0.5, 0.5, 2000).astype(np.float32)


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of the shipped digits that stands in for the shipped recordings."""
    source, folder = resources.recordings_folder(), tmp_path / "recordings"
    shutil.copytree(source / "digits", folder / "digits")
    checksums = read_checksums(source)
    checksums["recordings"] = {
        label: entry
        for label, entry in checksums["recordings"].items()
        if label.startswith("digits/")
    }
    (folder / "checksums.json").write_text(json.dumps(checksums))
    monkeypatch.setattr(recordings, "recordings_folder", lambda: folder)
    return folder


def test_the_shipped_recordings_are_whole() -> None:
    assert check_recordings() == 182
    assert main(["data", "check"]) == 0


def test_the_shipped_voice() -> None:
    voice = load_recordings()
    assert len(voice) == 182
    assert list(voice)[:12] == [f"digits/{number}" for number in range(12)]
    assert sum(map(len, voice.values())) / 16_000 == pytest.approx(147.2, abs=0.05)
    for samples in voice.values():
        assert samples.dtype == np.float32
        assert samples.ndim == 1
        assert 0.01 < np.abs(samples).max() <= 1


def test_a_prefix_chooses() -> None:
    assert len(load_recordings(prefix="phonetic/")) == 27
    with pytest.raises(WorkbenchError, match="no label that begins with 'phonetics/'"):
        load_recordings(prefix="phonetics/")


def _flip(path: Path, position: int) -> None:
    data = bytearray(path.read_bytes())
    data[position] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("position", [0, 60, 5000, -1])
def test_a_flipped_bit_is_found(copy: Path, position: int) -> None:
    assert check_recordings(copy) == 94
    _flip(copy / "digits" / "3.flac", position)
    with pytest.raises(WorkbenchError, match=r"digits/3\.flac"):
        check_recordings(copy)


def test_the_command_says_which_file_changed(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["data", "check", "--out", str(copy)]) == 0
    _flip(copy / "digits" / "3.flac", 5000)
    assert main(["data", "check", "--out", str(copy)]) == 2
    assert "digits/3.flac" in capsys.readouterr().err


def test_loading_refuses_another_sound(copy: Path) -> None:
    shutil.copy(copy / "digits" / "4.flac", copy / "digits" / "3.flac")
    with pytest.raises(WorkbenchError, match=r"digits/3\.flac .*`workbench data build`"):
        load_recordings()
    assert len(load_recordings(prefix="digits/4")) == 2


def test_a_missing_or_added_file_is_found(copy: Path) -> None:
    (copy / "digits" / "3.flac").rename(copy / "digits" / "three.flac")
    with pytest.raises(WorkbenchError, match="digits/3 is missing"):
        check_recordings(copy)
    with pytest.raises(WorkbenchError, match="not one of the shipped recordings"):
        load_recordings()


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "{}", "[" * 100_000, '{"sample_rate_hz": 8000, "recordings": {}}',
        '{"sample_rate_hz": 16000, "recordings": ["digits/0"]}',
        '{"sample_rate_hz": 16000, "recordings": {"digits/0": {"samples": 1}}}',
    ],
)  # fmt: skip
def test_damaged_checksums_are_refused(copy: Path, text: str) -> None:
    (copy / "checksums.json").write_text(text)
    with pytest.raises(WorkbenchError, match=r"checksums\.json"):
        check_recordings(copy)


def test_a_folder_of_ones_own(tmp_path: Path) -> None:
    for name in ("kick.wav", "deep/snare.WAV", "take10.wav", "take9.wav"):
        write_wav(tmp_path / name, NOISE)
    (tmp_path / "notes.txt").write_text("not a sound")
    (tmp_path / ".hidden.wav").write_text("not a sound")
    with pytest.warns(WorkbenchWarning, match=r"not used in .*: 'notes\.txt'; recordings end in"):
        own = load_recordings(tmp_path)
    assert list(own) == ["deep/snare", "kick", "take9", "take10"]
    assert np.allclose(own["kick"], NOISE, atol=2**-15)


def test_two_files_of_one_label_are_refused(tmp_path: Path) -> None:
    write_wav(tmp_path / "kick.wav", NOISE)
    (tmp_path / "kick.flac").write_bytes(b"")
    with pytest.raises(WorkbenchError, match=r"kick\.flac and .*kick\.wav"):
        load_recordings(tmp_path)


def test_unused_files_are_named_even_where_nothing_can_be_read(tmp_path: Path) -> None:
    for number in range(12):
        (tmp_path / f"song{number:02}.mp3").write_bytes(b"")
    (tmp_path / "kick.wav").mkdir()
    with (
        pytest.warns(WorkbenchWarning, match=r"'kick\.wav', 'song00\.mp3'.* and 3 more"),
        pytest.raises(WorkbenchError, match="has no recording"),
    ):
        load_recordings(tmp_path)


def test_a_folder_of_recordings_alone_is_read_without_a_word(
    tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    write_wav(tmp_path / "deep" / "kick.wav", NOISE)
    (tmp_path / "checksums.json").write_text("{}")
    (tmp_path / ".DS_Store").write_bytes(b"")
    load_recordings(tmp_path)
    load_recordings(prefix="digits/7")
    assert not recwarn.list


def test_names_are_read_and_asked_for_in_one_form_of_unicode(tmp_path: Path) -> None:
    for form, folder in (("NFC", "one"), ("NFD", "other")):
        write_wav(tmp_path / folder / unicodedata.normalize(form, "über.wav"), NOISE)
        label = f"{folder}/{unicodedata.normalize('NFC', 'über')}"
        for asked in ("NFC", "NFD"):
            prefix = unicodedata.normalize(asked, label)
            assert list(load_recordings(tmp_path, prefix=prefix)) == [label]
    shutil.copy(*(tmp_path / "one" / unicodedata.normalize(f, "über.wav") for f in ("NFC", "NFD")))
    if len(list((tmp_path / "one").iterdir())) == 2:  # some file systems take them for one name
        with pytest.raises(WorkbenchError, match="would both be called"):
            find_recordings(tmp_path)


@pytest.mark.parametrize("name", [b"\xff.wav", b"two\nlines.wav"])
def test_a_name_that_is_no_plain_text_is_refused(tmp_path: Path, name: bytes) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
    try:
        path.write_bytes(b"")
    except OSError:
        pytest.skip("this file system takes no such names")
    with pytest.raises(WorkbenchError, match="is no plain text; rename"):
        load_recordings(tmp_path)


def test_an_empty_or_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WorkbenchError, match="has no recording"):
        load_recordings(tmp_path)
    with pytest.raises(WorkbenchError, match="there is no folder"):
        find_recordings(tmp_path / "nowhere")


@given(st.lists(st.integers(0, 10**6)))
def test_numbers_are_ordered_by_value(numbers: list[int]) -> None:
    labels = sorted((f"take{number}" for number in numbers), key=natural_order)
    assert [int(label[4:]) for label in labels] == sorted(numbers)


@given(st.lists(st.text(max_size=8)))
@example(["\u0663", "a", "1"])  # a digit, but none of 0 to 9
def test_any_labels_can_be_ordered(labels: list[str]) -> None:
    assert sorted(sorted(labels, key=natural_order)) == sorted(labels)


def test_missing_data_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "_PACKAGE", tmp_path / "workbench")
    with pytest.raises(WorkbenchError, match="data folder is missing"):
        resources.data_folder()
    (tmp_path / "workbench" / "data" / "recordings").mkdir(parents=True)
    assert resources.data_folder() == tmp_path / "workbench" / "data"
